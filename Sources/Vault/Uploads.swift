public import Evidence
internal import Synchronization

/// Files that arrive in pieces: `uploads/<name>`, mode 0600, until they have all of their bytes and become objects.
///
/// How many bytes of each are on disk is remembered elsewhere, after ``UploadFile/synchronize()``; what a file has behind them is
/// of no account.
public final class UploadFolder: Sendable {
    let system: SystemCalls
    let store: ObjectStore
    let folder: Descriptor

    /// Opens the folder, making it where it is not there.
    init(in archive: Descriptor, of store: ObjectStore, system: SystemCalls) throws(SystemCallError) {
        let name = Array("uploads".utf8)
        if try !system.exists(name, in: archive) {
            try system.makeFolder(name, in: archive)
            try system.synchronize(archive)
        }
        self.system = system
        self.store = store
        folder = try system.open(name, in: archive, isFolder: true)
    }

    /// Makes an empty file; when it returns, its name is on disk.
    public func create(_ name: String) throws(VaultError) {
        guard !store.hasStopped.withLock({ $0 }) else { throw .stopped }
        _ = try attempt("begin upload", name) { try system.create(Array(name.utf8), in: folder) }
        try store.synchronize("the folder of uploads") { try system.synchronize(folder) }
    }

    /// Opens a file to write to it.
    public func open(_ name: String) throws(VaultError) -> UploadFile {
        guard !store.hasStopped.withLock({ $0 }) else { throw .stopped }
        let file = try attempt("open upload", name) { try system.openToWrite(Array(name.utf8), in: folder) }
        return UploadFile(name: name, file: file, of: self)
    }

    /// Removes a file. That it is not there is no error.
    public func remove(_ name: String) throws(VaultError) {
        try attempt("remove upload", name) {
            if try system.exists(Array(name.utf8), in: folder) { try system.unlink(Array(name.utf8), in: folder) }
        }
    }

    /// How many bytes a file has; `nil` where it is not there.
    public func size(of name: String) throws(VaultError) -> Int64? {
        try attempt("look at upload", name) {
            guard try system.exists(Array(name.utf8), in: folder) else { return nil }
            return try system.status(of: try system.open(Array(name.utf8), in: folder)).size
        }
    }

    /// Removes everything that is not of these names.
    public func removeAll(but names: Set<String>) throws(VaultError) {
        try attempt("remove", "what is nobody's upload") {
            for name in try system.names(in: folder) where !names.contains(displayName(name)) { try removeForeign(name) }
        }
    }

    private func removeForeign(_ name: [UInt8]) throws(SystemCallError) {
        do throws(SystemCallError) {
            try system.unlink(name, in: folder)
        } catch  where error.isFolder {
            // Nothing of ours; out of the way, and not lost.
            let trash = try system.open(Array("trash".utf8), in: store.root, isFolder: true)
            try system.rename(name, in: folder, to: randomPartName(), in: trash)
        }
    }

    /// Reads a file that has all of its bytes, digesting them. Sealing it moves it to the objects.
    ///
    /// - Throws: ``VaultError/changedWhileRead(object:)`` where it has another size.
    public func stage(_ name: String, size: Int64) throws(VaultError) -> StagedObject {
        guard !store.hasStopped.withLock({ $0 }) else { throw .stopped }
        let file = try attempt("read upload", name) { try system.open(Array(name.utf8), in: folder) }
        let (description, pieces) = try store.digest(file, size: size, name: name)
        if try attempt("store", name, { try store.isPresent(description) }) {
            return StagedObject(part: [], description: description, pieces: pieces, isPresent: true)
        }
        try attempt("store", name) { try system.changeMode(file, to: 0o400) }
        return StagedObject(part: Array(name.utf8), description: description, pieces: pieces, isPresent: false, uploads: folder)
    }
}

/// The file of an upload, open to write to it. One at a time writes.
public final class UploadFile: Sendable {
    private let name: String
    private let file: Descriptor
    private let folder: UploadFolder

    init(name: String, file: Descriptor, of folder: UploadFolder) {
        self.name = name
        self.file = file
        self.folder = folder
    }

    /// Writes bytes; they are not durable yet.
    public func write(_ bytes: [UInt8], at offset: Int64) throws(VaultError) {
        try attempt("store upload", name) { try folder.system.write(file, bytes, at: offset) }
    }

    /// Makes what was written durable. An error is final, for this process.
    public func synchronize() throws(VaultError) {
        guard !folder.store.hasStopped.withLock({ $0 }) else { throw .stopped }
        try folder.store.synchronize("upload \(name)") { try folder.system.synchronizeData(file) }
    }

    /// Forgets what stands behind the first `size` bytes.
    public func truncate(to size: Int64) throws(VaultError) {
        try attempt("cut upload", name) { try folder.system.truncate(file, to: size) }
    }
}

/// Bytes that arrive one after the other and go into staging, digested on the way.
public final class IncomingFile: Sendable {
    private struct State {
        var whole = DigestHasher()
        var pieces = PieceDigests()
        var size: Int64 = 0
    }

    private let name: String
    private let part: [UInt8]
    private let file: Descriptor
    private let store: ObjectStore
    private let state = Mutex(State())

    /// Bytes after which it is looked whether there is room for more.
    private static let interval: Int64 = 8 << 20

    init(name: String, part: [UInt8], file: Descriptor, of store: ObjectStore) {
        self.name = name
        self.part = part
        self.file = file
        self.store = store
    }

    /// Takes the next bytes. One call at a time.
    public func append(_ bytes: [UInt8]) throws(VaultError) {
        let size = state.withLock { state in
            bytes.withUnsafeBytes {
                state.whole.update($0)
                state.pieces.update($0)
            }
            defer { state.size += Int64(bytes.count) }
            return state.size
        }
        if size / Self.interval != (size + Int64(bytes.count)) / Self.interval { try store.checkSpace(for: 0, name: name) }
        try attempt("store", name) { try store.system.write(file, bytes) }
    }

    /// How many bytes came.
    public var size: Int64 { state.withLock(\.size) }

    /// All bytes have come: what they are. Has to be sealed or discarded.
    public func finish() throws(VaultError) -> StagedObject {
        let (digest, list, size) = state.withLock { ($0.whole.finalize(), $0.pieces.finalize(), $0.size) }
        do throws(VaultError) {
            guard size > 0 else { throw VaultError.emptyFile(object: name) }
            let description = ObjectDescription(digest: digest, size: size, pieceListDigest: PieceDigests.listDigest(list))
            let isPresent = try attempt("store", name) {
                try store.system.changeMode(file, to: 0o400)
                return try store.isPresent(description)
            }
            if isPresent { discard() } else { store.system.beginWriting(file) }
            return StagedObject(part: isPresent ? [] : part, description: description, pieces: list, isPresent: isPresent)
        } catch {
            discard()
            throw error
        }
    }

    /// Forgets all of it.
    public func discard() { store.removePart(part) }
}

extension ObjectStore {
    /// Begins to take bytes into staging.
    ///
    /// - Parameters:
    ///   - name: for errors.
    ///   - size: how many bytes are to be expected, as far as that is known.
    public func receive(_ name: String, size: Int64 = 0) throws(VaultError) -> IncomingFile {
        guard !hasStopped.withLock({ $0 }) else { throw .stopped }
        try checkSpace(for: size, name: name)
        let part = randomPartName()
        return IncomingFile(name: name, part: part, file: try attempt("store", name) { try system.create(part, in: staging) }, of: self)
    }

    func checkSpace(for size: Int64, name: String) throws(VaultError) {
        let free = try attempt("store", name) { try system.freeSpace(of: staging) }
        let needed = size + Self.freeSpaceFloor
        guard free >= needed else { throw .tooLittleSpace(object: name, free: free, needed: needed) }
    }

    /// An object that is there, once more; `nil` where it is not there or has other bytes.
    public func stage(stored digest: Digest, size: Int64) throws(VaultError) -> StagedObject? {
        guard damage(of: digest, size: size) == nil else { return nil }
        let file = try attempt("read object", digest.hex) { try openObject(digest) }
        let (description, pieces) = try self.digest(file, size: size, name: digest.hex)
        return description.digest == digest ? StagedObject(part: [], description: description, pieces: pieces, isPresent: true) : nil
    }

    func digest(_ file: Descriptor, size: Int64, name: String) throws(VaultError) -> (ObjectDescription, [Digest]) {
        guard try attempt("read", name, { try system.status(of: file).size }) == size else { throw .changedWhileRead(object: name) }
        system.adviseSequential(file)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(max(size, 1), Int64(pieceSize))), alignment: 4096)
        defer { buffer.deallocate() }
        var whole = DigestHasher()
        var pieces = PieceDigests()
        var offset: Int64 = 0
        while offset < size {
            let position = offset
            let count = try attempt("read", name) { try system.read(file, into: buffer, at: position) }
            guard count > 0 else { throw .changedWhileRead(object: name) }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            whole.update(bytes)
            pieces.update(bytes)
            offset += Int64(count)
        }
        let list = pieces.finalize()
        return (
            ObjectDescription(digest: whole.finalize(), size: size, pieceListDigest: PieceDigests.listDigest(list)), list
        )
    }
}
