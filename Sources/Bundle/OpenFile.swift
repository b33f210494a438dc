internal import CLinux
internal import Glibc

/// The system's words for the cause, e.g. `No space left on device`.
func systemMessage(_ cause: Int32) -> String { String(cString: strerror(cause)) }

/// An open file or folder, closed with its last reference, and the system calls on it. `path` is what errors call it.
final class OpenFile {
    let number: Int32
    let path: String

    private init(_ number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    // A failing close loses nothing here: what had to be on disk was synchronized before.
    deinit { close(number) }

    /// What stands behind a descriptor.
    struct Status: Equatable {
        enum Kind { case file, folder, link, other }
        let kind: Kind
        let size: Int64
        /// The times of the last change of content and of status, in nanoseconds.
        let changed: [Int]

        init(_ status: stat) {
            kind =
                switch status.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .folder
                case S_IFLNK: .link
                default: .other
                }
            size = Int64(status.st_size)
            changed = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    private static func check<Result: SignedInteger>(
        _ act: String, _ object: String, retries: Bool = true, _ call: () -> Result
    ) throws(BundleFileError) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let cause = errno
            if cause == EINTR, retries { continue }
            throw .system(act: act, object: object, errno: cause)
        }
    }

    // MARK: Opening and making

    /// Opens for reading. Never waits for the other end of a pipe.
    convenience init(reading path: String, isFolder: Bool = false) throws(BundleFileError) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (isFolder ? O_DIRECTORY : 0)
        self.init(try Self.check("open", path) { open(path, flags) }, path: path)
    }

    /// Opens what has this name in the folder, and nothing that a symbolic link points to.
    convenience init(reading name: [UInt8], in folder: OpenFile, isFolder: Bool = false) throws(BundleFileError) {
        let path = folder.path + "/" + text(name)
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | (isFolder ? O_DIRECTORY : 0)
        self.init(try Self.check("open", path) { withCString(name) { openat(folder.number, $0, flags) } }, path: path)
    }

    /// Creates a file in the folder that must not exist yet.
    convenience init(creating name: String, in folder: OpenFile) throws(BundleFileError) {
        let path = folder.path + "/" + name
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        self.init(try Self.check("create", path) { openat(folder.number, name, flags, 0o644) }, path: path)
    }

    /// Makes a folder in the folder that must not exist yet, and opens it.
    convenience init(makingFolder name: String, in folder: OpenFile) throws(BundleFileError) {
        _ = try Self.check("make folder", folder.path + "/" + name) { mkdirat(folder.number, name, 0o755) }
        try self.init(reading: Array(name.utf8), in: folder, isFolder: true)
    }

    // MARK: Reading and writing

    /// Reads until `buffer` is full or the file ends; answers how many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(BundleFileError) -> Int {
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let position = off_t(offset) + count
            let got = try Self.check("read", path) { pread(number, rest.baseAddress, rest.count, position) }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(BundleFileError) {
        var count = 0
        while count < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
            let position = off_t(offset) + count
            count += try Self.check("write", path) { pwrite(number, rest.baseAddress, rest.count, position) }
        }
    }

    /// fsync: the file, or the names in the folder, are on disk when it returns. Never tried again: a retry may report a
    /// success that is none.
    func synchronize() throws(BundleFileError) {
        _ = try Self.check("make durable", path, retries: false) { fsync(number) }
    }

    /// Has the kernel begin to write these bytes to the disk, so that the sync at the end waits less. A hint: it makes nothing
    /// durable, and its failure changes nothing.
    func beginWriting(from offset: Int64, count: Int64) {
        _ = sync_file_range(number, Int(offset), Int(count), UInt32(CLINUX_SYNC_FILE_RANGE_WRITE))
    }

    /// Tells the kernel that the file will be read once from beginning to end. A hint: its failure changes nothing.
    func adviseSequential() { posix_fadvise(number, 0, 0, POSIX_FADV_SEQUENTIAL) }

    func status() throws(BundleFileError) -> Status {
        var status = stat()
        _ = try Self.check("look at", path) { fstat(number, &status) }
        return Status(status)
    }

    // MARK: Names in a folder

    /// What has this name in the folder, without following a link; `nil` when nothing has.
    func status(of name: [UInt8]) throws(BundleFileError) -> Status? {
        var status = stat()
        do throws(BundleFileError) {
            _ = try Self.check("look at", path + "/" + text(name)) {
                withCString(name) { fstatat(number, $0, &status, AT_SYMLINK_NOFOLLOW) }
            }
            return Status(status)
        } catch .system(_, _, ENOENT) {
            return nil
        }
    }

    /// The names in the folder, without `.` and `..`, in no order.
    func names() throws(BundleFileError) -> [[UInt8]] {
        // A descriptor of its own, because a stream takes it over and moves its position.
        let own = try Self.check("list", path) { openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(own) else {
            let cause = errno
            close(own)
            throw .system(act: "list", object: path, errno: cause)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system(act: "list", object: path, errno: errno) }
        return names
    }

    /// Gives what is called `name` the name `newName` in this folder, never replacing: the error has EEXIST then.
    func rename(_ name: String, to newName: String) throws(BundleFileError) {
        _ = try Self.check("name", path + "/" + newName) {
            renameat2(number, name, number, newName, UInt32(CLINUX_RENAME_NOREPLACE))
        }
    }

    /// A second name for a file, never replacing: the error has EEXIST then.
    func link(_ name: String, to newName: String) throws(BundleFileError) {
        _ = try Self.check("name", path + "/" + newName) { linkat(number, name, number, newName, 0) }
    }

    func remove(_ name: String, isFolder: Bool = false) throws(BundleFileError) {
        _ = try Self.check("remove", path + "/" + name) { unlinkat(number, name, isFolder ? AT_REMOVEDIR : 0) }
    }
}

/// Calls `body` with the bytes and a zero behind them, as C wants a name: whatever bytes they are, UTF-8 or not.
private func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    // Proof for `!`: the buffer has at least the zero.
    (bytes + [0]).withUnsafeBufferPointer { body(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self)) }
}

/// The place of a bundle that is being written: under a name of its own beside the one that it will have.
struct NewPlace {
    let folder: OpenFile
    let name: String
    let part: String
    let path: String

    /// - Throws: ``BundleFileError/exists(path:)`` when something has this name, be it a broken link.
    init(_ path: String) throws(BundleFileError) {
        var bytes = path.utf8[...]
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        name = text(slash.map { bytes[bytes.index(after: $0)...] } ?? bytes)
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(0) else {
            throw .system(act: "write", object: path, errno: EINVAL)
        }
        let parent = slash.map { $0 == bytes.startIndex ? "/" : text(bytes[..<$0]) } ?? "."
        folder = try OpenFile(reading: parent, isFolder: true)
        guard try folder.status(of: Array(name.utf8)) == nil else { throw .exists(path: path) }
        part = "\(name).\(String(UInt32.random(in: .min ... .max), radix: 36)).part"
        self.path = path
    }

    /// Gives the finished part its name and makes that durable. The part itself was synchronized by the caller.
    func install(isFolder: Bool) throws(BundleFileError) {
        do throws(BundleFileError) {
            try folder.rename(part, to: name)
        } catch .system(_, _, EEXIST) {
            throw .exists(path: path)
        } catch .system(let act, let object, let cause) where cause == EINVAL || cause == ENOSYS {
            // This file system cannot rename without replacing. A file can be linked instead, a folder cannot.
            guard !isFolder else { throw .system(act: act, object: object, errno: cause) }
            do throws(BundleFileError) { try folder.link(part, to: name) } catch .system(_, _, EEXIST) { throw .exists(path: path) }
            try folder.remove(part)
        }
        try folder.synchronize()
    }
}
