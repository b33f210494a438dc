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
    /// Bytes of all files; `nil` while nobody has counted. Held while files come and go.
    private let total = Mutex<Int64?>(nil)

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
            try total.withLock { total in try remove(fileName, in: folder, &total) }
            return nil
        }
    }

    /// Keeps bytes of an object under a name, in the place of what is there. Nothing is kept where the disk is nearly full.
    ///
    /// - Parameter limit: bytes of all files.
    public func keep(_ bytes: [UInt8], of object: Digest, named name: String, limit: Int64 = DerivedStore.sizeLimit) throws(VaultError) {
        let fileName = Self.fileName(object, name)
        try attempt("keep", "the derived file \(name) of \(object)") {
            let size = Self.taken(Int64(bytes.count + Digest.byteCount))
            guard size <= min(limit, Int64(Self.longest)), try system.freeSpace(of: root) >= size + Self.freeSpaceFloor else { return }
            try total.withLock { total in
                if total == nil { total = try count() }
                guard let folder = try folder(of: object, makes: true) else { return }
                let part = randomPartName()
                do {
                    let file = try system.create(part, in: folder)
                    try system.write(file, Digest(of: bytes).bytes)
                    try system.write(file, bytes)
                    try system.touch(file)
                    let replaced = try system.exists(fileName, in: folder) ? try system.status(of: fileName, in: folder).size : 0
                    try system.replace(part, in: folder, as: fileName)
                    total = total.map { $0 + size - Self.taken(replaced) }
                } catch {
                    // The error that brought us here is the one to tell; what is left is removed when files are counted next.
                    do { try system.unlink(part, in: folder) } catch {}
                    throw error
                }
                if let now = total, now > limit { total = try trim(to: limit / 10 * 9) }
            }
        }
    }

    /// Removes all that is kept of an object. When it returns, the names are gone from the disk.
    public func erase(_ object: Digest) throws(VaultError) {
        try attempt("erase", "what is derived of \(object)") {
            try total.withLock { total in
                guard let folder = try folder(of: object, makes: false) else { return }
                let prefix = Array("\(object.hex).".utf8)
                // Whose a file is that a crash left behind is not known.
                for name in try system.names(in: folder) where name.starts(with: prefix) || Self.isPartial(name) {
                    try system.unlink(name, in: folder)
                }
                try system.synchronize(folder)
                total = nil
            }
        }
    }

    /// Removes everything.
    public func removeAll() throws(VaultError) {
        try attempt("empty", "derived") {
            try total.withLock { total in
                total = nil
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

    /// Removes a file that may be missing.
    private func remove(_ name: [UInt8], in folder: Descriptor, _ total: inout Int64?) throws(SystemCallError) {
        do throws(SystemCallError) {
            let size = Self.taken(try system.status(of: name, in: folder).size)
            try system.unlink(name, in: folder)
            total = total.map { $0 - size }
        } catch  where error.isMissing {}
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
                if Self.isPartial(name) {
                    try system.unlink(name, in: folder)
                } else {
                    files.append(File(folder: folder, name: name, status: try system.status(of: name, in: folder)))
                }
            }
        }
        return files
    }

    private func count() throws(SystemCallError) -> Int64 {
        try files().reduce(0) { $0 + Self.taken($1.status.size) }
    }

    /// Removes what was not used for longest. Returns the size of what is left.
    private func trim(to size: Int64) throws(SystemCallError) -> Int64 {
        let files = try files().sorted { $0.status.isChangedBefore($1.status) }
        var left = files.reduce(0) { $0 + Self.taken($1.status.size) }
        for file in files {
            guard left > size else { break }
            try system.unlink(file.name, in: file.folder)
            left -= Self.taken(file.status.size)
        }
        return left
    }
}
