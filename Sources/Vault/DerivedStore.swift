public import Evidence
internal import Synchronization

/// Keeps what was made of objects and can be made again, page images above all, so that it is not made for everyone who looks.
///
/// Each is a file `derived/<2 hex>/<64 hex of the object>.<name>`: the SHA-256 of its bytes, then the bytes. Nothing here is durable
/// and nothing is believed: a file whose bytes are not what they were is thrown away. The folder may be deleted at any time.
public final class DerivedStore: Sendable {
    /// Bytes of files that are kept; beyond, those go that were not used for longest.
    public static let sizeLimit: Int64 = 2 << 30
    /// Bytes that what is derived leaves free on the disk.
    public static let freeSpaceFloor: Int64 = 256 << 20
    /// What a file takes at least, however short it is.
    private static let block: Int64 = 4 << 10
    /// Bytes of the largest file; a longer one is nothing of ours.
    private static let longest = 64 << 20
    /// Names that a crash left behind end so.
    private static let partial = Array(".part".utf8)

    private let system: SystemCalls
    private let root: Descriptor
    private let state = Mutex(State())
    /// Held by the one who goes through all files. Who keeps or erases something does not wait for it.
    private let walk = Mutex(())

    private struct State {
        /// Bytes of all files when they were counted; `nil` where that says nothing any more.
        var counted: Int64?
        /// What came since the counting began, so that it may be in the count as well: rather more than there is.
        var since: Int64 = 0
        /// Files that are written, and of which object; they are not what a crash left behind.
        var written: [[UInt8]: Digest] = [:]

        var total: Int64? { counted.map { $0 + since } }
    }

    /// Bytes that are written and have no name yet. Has to be placed or discarded.
    public struct Prepared: Sendable {
        fileprivate let folder: Descriptor
        fileprivate let part: [UInt8]
        fileprivate let name: [UInt8]
        fileprivate let size: Int64
        fileprivate let what: String
    }

    private static let folderName = Array("derived".utf8)

    init(in archive: Descriptor, system: SystemCalls) {
        self.system = system
        root = archive
    }

    /// What is kept of an object under a name; `nil` where it is not, or is not what it was.
    ///
    /// - Parameter name: lower-case ASCII letters, digits, dots and dashes.
    public func bytes(of object: Digest, named name: String) throws(VaultError) -> [UInt8]? {
        let fileName = Self.fileName(object, name)
        return try attempt("read", "the derived file \(name) of \(object)") {
            guard let folder = try folder(of: object, makes: false), let file = try open(fileName, in: folder) else { return nil }
            if let bytes = try contents(of: file) {
                try system.touch(file)
                return bytes
            }
            let size = try remove(fileName, in: folder)
            state.withLock { $0.since -= size }
            return nil
        }
    }

    /// Keeps bytes of an object under a name, in the place of what is there. Nothing is kept where the disk is nearly full.
    ///
    /// - Parameter limit: bytes of all files.
    public func keep(_ bytes: [UInt8], of object: Digest, named name: String, limit: Int64 = DerivedStore.sizeLimit) throws(VaultError) {
        guard let prepared = try prepare(bytes, of: object, named: name, limit: limit) else { return }
        try place(prepared)
        try trim(to: limit)
    }

    /// Writes bytes that may be kept; `nil` where the disk is nearly full or they are too many. Takes the time that writing takes.
    public func prepare(
        _ bytes: [UInt8], of object: Digest, named name: String, limit: Int64 = DerivedStore.sizeLimit
    ) throws(VaultError) -> Prepared? {
        let (fileName, what) = (Self.fileName(object, name), "the derived file \(name) of \(object)")
        return try attempt("keep", what) {
            let size = Self.taken(Int64(bytes.count + Digest.byteCount))
            guard size <= min(limit, Int64(Self.longest)), try system.freeSpace(of: root) >= size + Self.freeSpaceFloor,
                let folder = try folder(of: object, makes: true)
            else { return nil }
            let prepared = Prepared(folder: folder, part: randomPartName(), name: fileName, size: size, what: what)
            state.withLock { $0.written[prepared.part] = object }
            do {
                let file = try system.create(prepared.part, in: folder)
                try system.write(file, Digest(of: bytes).bytes)
                try system.write(file, bytes)
                try system.touch(file)
            } catch {
                discard(prepared)
                throw error
            }
            return prepared
        }
    }

    /// Keeps what was prepared, in the place of what is there; not where an erasure, or whoever emptied the folder, took it meanwhile.
    /// It is no more than a new name, for which nobody who holds something has to fear.
    public func place(_ prepared: Prepared) throws(VaultError) {
        try attempt("keep", prepared.what) {
            do throws(SystemCallError) {
                try state.withLock { state throws(SystemCallError) in
                    let replaced =
                        try system.exists(prepared.name, in: prepared.folder)
                        ? try system.status(of: prepared.name, in: prepared.folder).size : 0
                    try system.replace(prepared.part, in: prepared.folder, as: prepared.name)
                    state.written[prepared.part] = nil
                    state.since += prepared.size - Self.taken(replaced)
                }
            } catch {
                discard(prepared)
                if !error.isMissing { throw error }
            }
        }
    }

    /// Forgets what was prepared.
    public func discard(_ prepared: Prepared) {
        // An error that brought us here is the one to tell; what is left is removed when files are counted next.
        do { try system.unlink(prepared.part, in: prepared.folder) } catch {}
        state.withLock { $0.written[prepared.part] = nil }
    }

    /// Removes what was not used for longest where files have more bytes than `limit`. Takes the time that going through all of them takes.
    public func trim(to limit: Int64 = DerivedStore.sizeLimit) throws(VaultError) {
        try attempt("trim", "derived") {
            if let total = state.withLock({ $0.total }), total <= limit { return }
            // Who goes through them now sees to it for both.
            _ = try walk.withLockIfAvailable { _ in
                state.withLock { $0.since = 0 }
                let files = try files().sorted { $0.status.isChangedBefore($1.status) }
                var left = files.reduce(0) { $0 + Self.taken($1.status.size) }
                if left > limit {
                    for file in files where left > limit / 10 * 9 {
                        _ = try remove(file.name, in: file.folder)
                        left -= Self.taken(file.status.size)
                    }
                }
                state.withLock { [left] in $0.counted = left }
            }
        }
    }

    /// Removes all that is kept of an object. When it returns, the names are gone from the disk.
    public func erase(_ object: Digest) throws(VaultError) {
        try attempt("erase", "what is derived of \(object)") {
            guard let folder = try folder(of: object, makes: false) else { return }
            let prefix = Array("\(object.hex).".utf8)
            // Whose a file is that a crash left behind is not known; what is written now is.
            let others = state.withLock { $0.written.filter { $0.value != object } }
            for name in try system.names(in: folder) where name.starts(with: prefix) || Self.isPartial(name) && others[name] == nil {
                _ = try remove(name, in: folder)
            }
            try system.synchronize(folder)
            state.withLock { $0.counted = nil }
        }
    }

    /// Removes everything.
    public func removeAll() throws(VaultError) {
        try attempt("empty", "derived") {
            try walk.withLock { _ in
                state.withLock { $0.counted = nil }
                guard try system.exists(Self.folderName, in: root) else { return }
                try system.removeAll(in: try system.open(Self.folderName, in: root, isFolder: true))
            }
        }
    }

    // MARK: Files

    private static func fileName(_ object: Digest, _ name: String) -> [UInt8] {
        let allowed = Array("abcdefghijklmnopqrstuvwxyz0123456789.-".utf8)
        precondition(!name.isEmpty && name.utf8.count < 128 && name.utf8.allSatisfy(allowed.contains), "a name for a derived file")
        return Array("\(object.hex).\(name)".utf8)
    }

    private static func taken(_ size: Int64) -> Int64 { (size + block - 1) / block * block }

    private static func isPartial(_ name: [UInt8]) -> Bool { name.count > partial.count && name.suffix(partial.count).elementsEqual(partial) }

    /// The folder that an object's files are in; `nil` where it is not there and not to be made.
    private func folder(of object: Digest, makes: Bool) throws(SystemCallError) -> Descriptor? {
        let shard = hexadecimal(object.withUnsafeBytes { $0[0] })
        if makes { try system.makeFolder(Self.folderName, in: root) }
        do throws(SystemCallError) {
            let all = try system.open(Self.folderName, in: root, isFolder: true)
            if makes { try system.makeFolder(shard, in: all) }
            return try system.open(shard, in: all, isFolder: true)
        } catch  where error.isMissing && !makes {
            return nil
        }
    }

    /// The file of a name; `nil` where there is none.
    private func open(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Descriptor? {
        do throws(SystemCallError) {
            return try system.open(name, in: folder)
        } catch  where error.isMissing || error.isLink {
            return nil
        }
    }

    /// The bytes behind their digest; `nil` where they are not those that were written.
    private func contents(of file: Descriptor) throws(SystemCallError) -> [UInt8]? {
        let status = try system.status(of: file)
        guard status.isRegularFile, status.size >= Digest.byteCount, status.size <= Self.longest else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(status.size), alignment: 16)
        defer { buffer.deallocate() }
        let count = try system.read(file, into: buffer, at: 0)
        guard count == buffer.count, let digest = Digest(bytes: Array(buffer[..<Digest.byteCount])) else { return nil }
        let bytes = Array(buffer[Digest.byteCount...])
        return Digest(of: bytes) == digest ? bytes : nil
    }

    /// Removes a file that may be missing, and says what it took.
    private func remove(_ name: [UInt8], in folder: Descriptor) throws(SystemCallError) -> Int64 {
        do throws(SystemCallError) {
            let size = Self.taken(try system.status(of: name, in: folder).size)
            try system.unlink(name, in: folder)
            return size
        } catch  where error.isMissing {
            return 0
        }
    }

    private struct File {
        let folder: Descriptor
        let name: [UInt8]
        let status: SystemCalls.Status
    }

    /// All files, without those that a crash left behind, which are removed.
    private func files() throws(SystemCallError) -> [File] {
        guard try system.exists(Self.folderName, in: root) else { return [] }
        let all = try system.open(Self.folderName, in: root, isFolder: true)
        var files: [File] = []
        for shard in try system.names(in: all) {
            let folder: Descriptor
            do throws(SystemCallError) { folder = try system.open(shard, in: all, isFolder: true) } catch  where error.isLink { continue }
            for name in try system.names(in: folder) {
                if state.withLock({ $0.written[name] != nil }) { continue }
                if Self.isPartial(name) {
                    _ = try remove(name, in: folder)
                } else {
                    // What is kept and erased meanwhile is not waited for.
                    do throws(SystemCallError) {
                        files.append(File(folder: folder, name: name, status: try system.status(of: name, in: folder)))
                    } catch  where error.isMissing {}
                }
            }
        }
        return files
    }
}
