internal import CLinux
internal import Glibc

/// A system call that failed.
public struct SystemCallError: Error, Equatable, CustomStringConvertible {
    public let call: SystemCall
    public let errno: Int32

    public init(call: SystemCall, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// The system's words for the cause, e.g. `No space left on device`.
    public var description: String { String(cString: strerror(errno)) }

    public var isMissing: Bool { errno == ENOENT }
    public var isExisting: Bool { errno == EEXIST }
    /// A symbolic link stood where none is followed, or a name where a folder was needed.
    public var isLink: Bool { errno == ELOOP || errno == ENOTDIR || errno == ENXIO }
    public var isFolder: Bool { errno == EISDIR }
    public var isUnsupported: Bool { errno == EINVAL || errno == ENOSYS }
    public var isDiskFull: Bool { errno == ENOSPC || errno == EDQUOT }
}

/// The calls that the vault makes, as a test names the one that shall fail.
public enum SystemCall: String, Sendable, CaseIterable {
    case open, create, read, write, synchronize, synchronizeFileSystem, changeMode, rename, unlink, makeFolder, status
    case list, lock, freeSpace, touch
}

/// Every system call of the vault, and the only place where it meets the operating system.
///
/// `fault` is the seam for tests: it sees each call before it is made and may answer an errno instead.
public struct SystemCalls: Sendable {
    private let fault: (@Sendable (SystemCall) -> Int32?)?

    /// The operating system.
    public static let linux = SystemCalls(fault: nil)

    /// The operating system, but each call for which `fault` answers an errno fails with it and is not made.
    public init(fault: (@Sendable (SystemCall) -> Int32?)?) {
        self.fault = fault
    }

    private func check<Result: SignedInteger>(
        _ call: SystemCall, _ perform: () -> Result
    ) throws(SystemCallError) -> Result {
        while true {
            var cause = fault?(call) ?? 0
            if cause == 0 {
                let result = perform()
                if result >= 0 { return result }
                cause = errno
            }
            // Never after fsync: its retry may report a success that is none.
            if cause == EINTR, call != .synchronize, call != .synchronizeFileSystem { continue }
            throw SystemCallError(call: call, errno: cause)
        }
    }

    // MARK: Descriptors

    /// Opens a file or folder for reading, relative to `folder`; a symbolic link at the end of `path` is followed only
    /// when asked. Never waits for the other end of a pipe.
    func open(
        _ path: [UInt8], in folder: Descriptor? = nil, isFolder: Bool = false, followsLink: Bool = false
    ) throws(SystemCallError) -> Descriptor {
        var flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        if isFolder { flags |= O_DIRECTORY }
        if !followsLink { flags |= O_NOFOLLOW }
        return Descriptor(
            try check(.open) { path.withCString { openat(folder?.number ?? AT_FDCWD, $0, flags) } })
    }

    /// Creates a file for writing that must not exist yet, mode 0600.
    func create(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        return Descriptor(try check(.create) { name.withCString { openat(folder.number, $0, flags, 0o600) } })
    }

    /// Opens a file that is there for writing anywhere in it.
    func openToWrite(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor {
        let flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        return Descriptor(try check(.open) { name.withCString { openat(folder.number, $0, flags) } })
    }

    /// Opens a file to read it and to write at its end, making it when it is not there, mode 0600.
    func openToAppend(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY
        return Descriptor(try check(.create) { name.withCString { openat(folder.number, $0, flags, 0o600) } })
    }

    /// Removes everything in a folder, folders in it as well.
    func removeAll(in folder: Descriptor) throws(SystemCallError) {
        for name in try names(in: folder) {
            do throws(SystemCallError) {
                try unlink(name, in: folder)
            } catch  where error.isFolder {
                try removeAll(in: try open(name, in: folder, isFolder: true))
                try removeFolder(name, in: folder)
            }
        }
    }

    /// Reads until `buffer` is full or the file ends; answers how many bytes were read.
    func read(_ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError) -> Int {
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let position = off_t(offset) + count
            let got = try check(.read) { pread(file.number, rest.baseAddress, rest.count, position) }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// Writes all of `buffer` at the descriptor's position.
    func write(_ file: Descriptor, _ buffer: UnsafeRawBufferPointer) throws(SystemCallError) {
        var count = 0
        while count < buffer.count {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[count...])
            count += try check(.write) { Glibc.write(file.number, rest.baseAddress, rest.count) }
        }
    }

    func write(_ file: Descriptor, _ bytes: [UInt8]) throws(SystemCallError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(SystemCallError) in try write(file, buffer) }
        }
        try result.get()
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ file: Descriptor, _ bytes: [UInt8], at offset: Int64) throws(SystemCallError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let position = off_t(offset) + bytes.count - rest.count
            rest = rest.dropFirst(try writeSome(of: rest, to: file, at: position))
        }
    }

    private func writeSome(of bytes: ArraySlice<UInt8>, to file: Descriptor, at position: off_t) throws(SystemCallError) -> Int {
        try check(.write) { bytes.withUnsafeBytes { pwrite(file.number, $0.baseAddress, $0.count, position) } }
    }

    /// Takes so many bytes of the disk for the file, whatever is written to it.
    func allocate(_ file: Descriptor, size: Int64) throws(SystemCallError) {
        _ = try check(.write) {
            let cause = posix_fallocate(file.number, 0, off_t(size))
            if cause != 0 { errno = cause }
            return cause == 0 ? 0 : -1
        }
    }

    /// fdatasync: the bytes of the file, and how many there are, are on disk when it returns. An error is final for the file.
    func synchronizeData(_ file: Descriptor) throws(SystemCallError) {
        _ = try check(.synchronize) { fdatasync(file.number) }
    }

    /// fsync: the file, or the names in the folder, are on disk when it returns. An error is final for the file.
    func synchronize(_ file: Descriptor) throws(SystemCallError) {
        _ = try check(.synchronize) { fsync(file.number) }
    }

    /// syncfs: everything written to the file system of `folder` before is on disk when it returns.
    func synchronizeFileSystem(of folder: Descriptor) throws(SystemCallError) {
        _ = try check(.synchronizeFileSystem) { syncfs(folder.number) }
    }

    func changeMode(_ file: Descriptor, to mode: UInt32) throws(SystemCallError) {
        _ = try check(.changeMode) { fchmod(file.number, mode) }
    }

    func truncate(_ file: Descriptor, to size: Int64 = 0) throws(SystemCallError) {
        _ = try check(.write) { ftruncate(file.number, off_t(size)) }
    }

    /// Notes that the file was used now, in its time of change.
    func touch(_ file: Descriptor) throws(SystemCallError) {
        // Asked of the clock: the system's own note of now is coarser than two uses are apart.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        _ = try check(.touch) { futimens(file.number, [now, now]) }
    }

    /// Has the kernel begin to write the file to the disk, so that the sync which follows waits less. A hint: it makes nothing
    /// durable, and its failure changes nothing.
    func beginWriting(_ file: Descriptor) {
        _ = sync_file_range(file.number, 0, 0, UInt32(CLINUX_SYNC_FILE_RANGE_WRITE))
    }

    /// Tells the kernel that the file will be read once from beginning to end. A hint: its failure changes nothing.
    func adviseSequential(_ file: Descriptor) {
        posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    // MARK: Names

    /// What stands behind a descriptor or a name.
    struct Status {
        let isRegularFile: Bool
        let isFolder: Bool
        let size: Int64
        let changed: timespec
        let changedStatus: timespec

        init(_ status: stat) {
            isRegularFile = status.st_mode & S_IFMT == S_IFREG
            isFolder = status.st_mode & S_IFMT == S_IFDIR
            size = Int64(status.st_size)
            changed = status.st_mtim
            changedStatus = status.st_ctim
        }

        func isChangedBefore(_ other: Status) -> Bool {
            (changed.tv_sec, changed.tv_nsec) < (other.changed.tv_sec, other.changed.tv_nsec)
        }

        func isUnchanged(since earlier: Status) -> Bool {
            size == earlier.size && changed.tv_sec == earlier.changed.tv_sec && changed.tv_nsec == earlier.changed.tv_nsec
                && changedStatus.tv_sec == earlier.changedStatus.tv_sec && changedStatus.tv_nsec == earlier.changedStatus.tv_nsec
        }
    }

    func status(of file: Descriptor) throws(SystemCallError) -> Status {
        var status = stat()
        _ = try check(.status) { fstat(file.number, &status) }
        return Status(status)
    }

    /// What has this name; a link is not followed.
    func status(of name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Status {
        var status = stat()
        _ = try check(.status) { name.withCString { fstatat(folder.number, $0, &status, AT_SYMLINK_NOFOLLOW) } }
        return Status(status)
    }

    /// Whether anything, be it a broken link, has this name.
    func exists(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Bool {
        var status = stat()
        do {
            _ = try check(.status) { name.withCString { fstatat(folder.number, $0, &status, AT_SYMLINK_NOFOLLOW) } }
            return true
        } catch  where error.isMissing {
            return false
        }
    }

    /// Renames without ever replacing: EEXIST when the new name is taken.
    func rename(
        _ name: [UInt8], in folder: Descriptor, to newName: [UInt8], in newFolder: Descriptor
    ) throws(SystemCallError) {
        try rename(name, in: folder, to: newName, in: newFolder, CLINUX_RENAME_NOREPLACE)
    }

    /// Swaps two names in one step; both have to be there.
    func exchange(
        _ name: [UInt8], in folder: Descriptor, with other: [UInt8], in otherFolder: Descriptor
    ) throws(SystemCallError) {
        try rename(name, in: folder, to: other, in: otherFolder, CLINUX_RENAME_EXCHANGE)
    }

    private func rename(
        _ name: [UInt8], in folder: Descriptor, to newName: [UInt8], in newFolder: Descriptor, _ flag: some BinaryInteger
    ) throws(SystemCallError) {
        _ = try check(.rename) {
            name.withCString { old in
                newName.withCString { new in renameat2(folder.number, old, newFolder.number, new, UInt32(flag)) }
            }
        }
    }

    /// Renames, replacing what has the new name in one step.
    func replace(
        _ name: [UInt8], in folder: Descriptor, as newName: [UInt8]
    ) throws(SystemCallError) {
        _ = try check(.rename) {
            name.withCString { old in newName.withCString { new in renameat(folder.number, old, folder.number, new) } }
        }
    }

    func unlink(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) {
        _ = try check(.unlink) { name.withCString { unlinkat(folder.number, $0, 0) } }
    }

    /// Removes a folder that is empty.
    func removeFolder(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) {
        _ = try check(.unlink) { name.withCString { unlinkat(folder.number, $0, AT_REMOVEDIR) } }
    }

    /// Makes a folder, mode 0700; one that is there already is left as it is.
    func makeFolder(_ name: [UInt8], in folder: Descriptor? = nil) throws(SystemCallError) {
        do {
            _ = try check(.makeFolder) { name.withCString { mkdirat(folder?.number ?? AT_FDCWD, $0, 0o700) } }
        } catch  where error.isExisting {}
    }

    /// The names in a folder, without `.` and `..`, in no order.
    func names(in folder: Descriptor) throws(SystemCallError) -> [[UInt8]] {
        // A descriptor of its own, because a stream takes it over and moves its position.
        let own = try check(.list) { openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(own) else {
            let cause = errno
            close(own)
            throw SystemCallError(call: .list, errno: cause)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw SystemCallError(call: .list, errno: errno) }
        return names
    }

    /// Bytes that an ordinary user may still write to the file system of `folder`.
    func freeSpace(of folder: Descriptor) throws(SystemCallError) -> Int64 {
        var status = statvfs()
        _ = try check(.freeSpace) { fstatvfs(folder.number, &status) }
        return Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// Opens the lock file and takes its lock without waiting; `nil` when another process holds it.
    func lock(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor? {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        return try lock(try check(.lock) { name.withCString { openat(folder.number, $0, flags, 0o600) } }, LOCK_EX)
    }

    /// Takes the lock of a file that is there for one of many who read, without waiting; `nil` when somebody writes.
    func lockToRead(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor? {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        return try lock(try check(.open) { name.withCString { openat(folder.number, $0, flags) } }, LOCK_SH)
    }

    private func lock(_ number: Int32, _ kind: Int32) throws(SystemCallError) -> Descriptor? {
        do {
            _ = try check(.lock) { flock(number, kind | LOCK_NB) }
            return Descriptor(number, isLocked: true)
        } catch {
            close(number)
            guard error.errno == EWOULDBLOCK else { throw error }
            return nil
        }
    }

    /// A file whole.
    func contents(of name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> [UInt8] {
        let file = try open(name, in: folder)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(try status(of: file).size), alignment: 16)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try read(file, into: buffer, at: 0))])
    }
}

/// An open file descriptor, closed with its last reference.
public final class Descriptor: Sendable {
    /// The number, valid as long as this object lives.
    public let number: Int32

    private let isLocked: Bool

    /// Takes the descriptor over, with the lock that it may have.
    init(_ number: Int32, isLocked: Bool = false) {
        self.number = number
        self.isLocked = isLocked
    }

    deinit {
        // A process that is just being started has a copy of every descriptor until it runs its program, and the lock would last as long.
        if isLocked { flock(number, LOCK_UN) }
        // A failing close loses nothing here: what had to be on disk was synchronized before.
        close(number)
    }
}

extension [UInt8] {
    /// Calls `body` with the bytes and a zero behind them, as C wants a name: whatever bytes they are, UTF-8 or not.
    fileprivate func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        // Proof for `!`: the buffer has at least the zero.
        (self + [0]).withUnsafeBufferPointer { body(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self)) }
    }
}
