public import Evidence
internal import Synchronization

/// Keeps objects: whole files, named by the SHA-256 of their bytes, immutable, durable.
///
/// Layout under the archive's folder, all on one file system (see `Storage/README.md`):
///
///     objects/sha256/00…ff/<64 hex>   mode 0400
///     staging/<random>.part           emptied when the store is opened
///     quarantine/<64 hex>.<random>    what was found damaged; never deleted by the program
///
/// Storing is two steps, so that many files can share the cost of one sync: ``stage(file:)`` writes and digests,
/// ``seal(_:)`` makes durable. The system calls of sealing one file are
///
///     fsync(staging/x.part), renameat2(NOREPLACE) to objects/sha256/ab/…, fsync(objects/sha256/ab)
///
/// and of many: syncfs, the renames, syncfs. Nothing here is called on the cooperative thread pool.
public final class ObjectStore: Sendable {
    /// Bytes that deposits leave free, so that ledger, index and access log can still be written on a full disk.
    public static let freeSpaceFloor: Int64 = 8 << 20

    /// How many files are worth one syncfs instead of an fsync each.
    private static let bulk = 8

    let system: SystemCalls
    let root: Descriptor
    let objects: Descriptor
    let staging: Descriptor
    let quarantine: Descriptor
    let hasStopped = Mutex(false)
    /// Whether a sync failed, so that nothing is acknowledged any more.
    public var isStopped: Bool { hasStopped.withLock { $0 } }
    /// Held while what stands under a digest changes, so that a check does not move away what a deposit just put there.
    let placing = Mutex(())

    /// Makes the folders of an empty store under `archive` and syncs them, so that no deposit ever has to.
    static func create(in archive: Descriptor, system: SystemCalls) throws(SystemCallError) {
        for name in ["objects", "staging", "quarantine", "trash"] { try system.makeFolder(Array(name.utf8), in: archive) }
        let objects = try system.open(Array("objects".utf8), in: archive, isFolder: true)
        try system.makeFolder(Array("sha256".utf8), in: objects)
        let fanOut = try system.open(Array("sha256".utf8), in: objects, isFolder: true)
        for byte in UInt8.min...UInt8.max { try system.makeFolder(hexadecimal(byte), in: fanOut) }
        try system.synchronize(fanOut)
        try system.synchronize(objects)
        try system.synchronize(archive)
    }

    /// Opens the store and removes what interrupted deposits left in `staging/`. The caller holds the archive's lock.
    init(in archive: Descriptor, system: SystemCalls) throws(SystemCallError) {
        self.system = system
        root = archive
        objects = try system.open(Array("objects/sha256".utf8), in: archive, isFolder: true)
        staging = try system.open(Array("staging".utf8), in: archive, isFolder: true)
        quarantine = try system.open(Array("quarantine".utf8), in: archive, isFolder: true)
        for name in try system.names(in: staging) {
            do throws(SystemCallError) {
                try system.unlink(name, in: staging)
            } catch  where error.isFolder {
                // Nothing of ours; out of the way, and not lost.
                let trash = try system.open(Array("trash".utf8), in: archive, isFolder: true)
                try system.rename(name, in: staging, to: randomPartName(), in: trash)
            }
        }
    }

    // MARK: Storing

    /// Copies the file at `path` into staging, digesting as it goes: memory does not grow with the file.
    ///
    /// When it returns the bytes are in staging and not yet durable; or the object is there already, in which case its
    /// bytes were read again and are right.
    /// - Throws: ``VaultError``; nothing stays in staging then.
    public func stage(file path: [UInt8]) throws(VaultError) -> StagedObject {
        let name = displayName(path)
        let source = try attempt("read", name) {
            try system.open(path, followsLink: true)
        }
        let before = try attempt("read", name) { try system.status(of: source) }
        guard before.isRegularFile else { throw .notAFile(object: name) }
        guard before.size > 0 else { throw .emptyFile(object: name) }
        system.adviseSequential(source)
        let staged = try stage(name: name, size: before.size) { (buffer, offset) throws(SystemCallError) in
            try system.read(source, into: buffer, at: offset)
        }
        let after = try attempt("read", name) { try system.status(of: source) }
        guard after.isUnchanged(since: before), staged.description.size == after.size else {
            discard(staged)
            throw .changedWhileRead(object: name)
        }
        return staged
    }

    /// Stages bytes that are in memory.
    public func stage(bytes: [UInt8], name: String) throws(VaultError) -> StagedObject {
        guard !bytes.isEmpty else { throw .emptyFile(object: name) }
        return try stage(name: name, size: Int64(bytes.count)) { (buffer, offset) throws(SystemCallError) in
            let count = min(buffer.count, bytes.count - Int(offset))
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + count])) }
            return count
        }
    }

    private func stage(
        name: String, size: Int64,
        read: (UnsafeMutableRawBufferPointer, Int64) throws(SystemCallError) -> Int
    ) throws(VaultError) -> StagedObject {
        guard !hasStopped.withLock({ $0 }) else { throw .stopped }
        if size <= Self.inMemory {
            // Digested first: what is there already costs no file that is made and removed again.
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 1, alignment: 4096)
            defer { buffer.deallocate() }
            let count = try attempt("read", name) { try read(buffer, 0) }
            guard count == Int(size) else { throw .changedWhileRead(object: name) }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let (description, pieces) = Self.describe(bytes)
            if try attempt("store", name, { try isPresent(description) }) {
                return StagedObject(part: [], description: description, pieces: pieces, isPresent: true)
            }
            return try staging(name: name, size: size) { (file) throws(VaultError) in
                try attempt("store", name) { try system.write(file, bytes) }
                return (description, pieces)
            }
        }
        let staged = try staging(name: name, size: size) { (file) throws(VaultError) in
            try copy(name: name, size: size, to: file, read: read)
        }
        guard try attempt("store", name, { try isPresent(staged.description) }) else { return staged }
        discard(staged)
        return StagedObject(part: [], description: staged.description, pieces: staged.pieces, isPresent: true)
    }

    /// Files up to this size are read whole before anything is written.
    private static let inMemory: Int64 = 4 << 20

    private static func describe(_ bytes: UnsafeRawBufferPointer) -> (ObjectDescription, [Digest]) {
        var whole = DigestHasher()
        whole.update(bytes)
        let digest = whole.finalize()
        var pieces = PieceDigests()
        // An object of one piece has its own digest as that piece's: one hash instead of two for most files.
        if bytes.count > pieceSize { pieces.update(bytes) }
        let list = bytes.count > pieceSize ? pieces.finalize() : [digest]
        let description = ObjectDescription(
            digest: digest, size: Int64(bytes.count), pieceListDigest: PieceDigests.listDigest(list))
        return (description, list)
    }

    /// Makes a file in staging and has `write` fill it; nothing stays when that fails.
    private func staging(
        name: String, size: Int64, write: (Descriptor) throws(VaultError) -> (ObjectDescription, [Digest])
    ) throws(VaultError) -> StagedObject {
        let free = try attempt("store", name) { try system.freeSpace(of: staging) }
        let needed = size + Self.freeSpaceFloor
        guard free >= needed else { throw .tooLittleSpace(object: name, free: free, needed: needed) }
        let part = randomPartName()
        let file = try attempt("store", name) { try system.create(part, in: staging) }
        do {
            let (description, pieces) = try write(file)
            try attempt("store", name) { try system.changeMode(file, to: 0o400) }
            system.beginWriting(file)
            return StagedObject(part: part, description: description, pieces: pieces, isPresent: false)
        } catch {
            removePart(part)
            throw error
        }
    }

    private func copy(
        name: String, size: Int64, to file: Descriptor,
        read: (UnsafeMutableRawBufferPointer, Int64) throws(SystemCallError) -> Int
    ) throws(VaultError) -> (ObjectDescription, [Digest]) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        var whole = DigestHasher()
        var pieces = PieceDigests()
        var offset: Int64 = 0
        while true {
            let count = try attempt("read", name) { try read(buffer, offset) }
            if count == 0 { break }
            // Longer than it was: the caller sees that it changed. Going on could go on for ever.
            guard offset + Int64(count) <= size else { throw .changedWhileRead(object: name) }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            whole.update(bytes)
            pieces.update(bytes)
            try attempt("store", name) { try system.write(file, bytes) }
            offset += Int64(count)
            if offset == size, count < buffer.count { break }
        }
        let digest = whole.finalize()
        let list = pieces.finalize()
        let description = ObjectDescription(digest: digest, size: offset, pieceListDigest: PieceDigests.listDigest(list))
        return (description, list)
    }

    /// Whether the object is there and right. What is there and wrong counts as absent: sealing will replace it.
    func isPresent(_ description: ObjectDescription) throws(SystemCallError) -> Bool {
        let shard = try self.shard(of: description.digest)
        guard try system.exists(Array(description.digest.hex.utf8), in: shard) else { return false }
        return damage(of: description.digest, size: description.size) == nil
    }

    /// Forgets a staged object. The file of an upload stays: it is the upload's.
    public func discard(_ staged: StagedObject) {
        if !staged.isPresent, staged.uploads == nil { removePart(staged.part) }
    }

    func removePart(_ part: [UInt8]) {
        // A leftover is removed when the store is opened next; the error that brought us here is the one to tell.
        do { try system.unlink(part, in: staging) } catch {}
    }

    /// Makes staged objects durable: when it returns, each is under its digest and survives power loss.
    ///
    /// An object that was there already is kept, after its bytes were read again; if they had changed, what was there
    /// goes to quarantine and ours takes its place. The folder is synced in every case, since another writer's rename
    /// may not be durable yet.
    /// - Returns: what happened to each, in the order given; those that were refused are not stored, and the others are.
    /// - Throws: ``VaultError``; then none may be acknowledged, and after a failed sync nothing more is stored.
    public func seal(_ staged: [StagedObject]) throws(VaultError) -> [SealOutcome] {
        guard !staged.isEmpty else { return [] }
        guard !hasStopped.withLock({ $0 }) else { throw .stopped }
        let parts = staged.filter { !$0.isPresent }
        let isBulk = staged.count > Self.bulk
        if isBulk {
            try synchronize("the staged files") { try system.synchronizeFileSystem(of: root) }
        } else {
            for part in parts {
                let file = try attempt("store", part.digest.hex) {
                    try system.open(part.part, in: place(of: part))
                }
                try synchronize(part.digest.hex) { try system.synchronize(file) }
            }
        }
        var outcomes: [SealOutcome] = []
        var shards: [UInt8: Descriptor] = [:]
        for object in staged {
            let first = object.digest.withUnsafeBytes { $0[0] }
            let shard: Descriptor
            if let open = shards[first] {
                shard = open
            } else {
                shard = try attempt("store", object.digest.hex) { try self.shard(of: object.digest) }
                shards[first] = shard
            }
            outcomes.append(try placing.withLock { (_) throws(VaultError) in try install(object, in: shard) })
        }
        if isBulk {
            try synchronize("the stored files") { try system.synchronizeFileSystem(of: root) }
        } else {
            for shard in shards.values {
                try synchronize("the folder of objects") { try system.synchronize(shard) }
            }
        }
        return outcomes
    }

    /// The folder that its file is in.
    private func place(of object: StagedObject) -> Descriptor { object.uploads ?? staging }

    private func install(_ object: StagedObject, in shard: Descriptor) throws(VaultError) -> SealOutcome {
        if object.isPresent {
            // It was read when it was staged, and nothing is left to put in its place.
            let isThere = try attempt("store", object.digest.hex) {
                try system.exists(Array(object.digest.hex.utf8), in: shard)
            }
            return isThere ? .alreadyStored : .refused(.missing)
        }
        let name = Array(object.digest.hex.utf8)
        do {
            try system.rename(object.part, in: place(of: object), to: name, in: shard)
            return .stored
        } catch  where error.isExisting {
            guard let damage = damage(of: object.digest, size: object.description.size) else {
                try attempt("store", object.digest.hex) {
                    try system.unlink(object.part, in: place(of: object))
                }
                return .alreadyStored
            }
            // What cannot be read may be the only copy of right bytes behind a failing cable: it stays.
            if case .unreadable = damage {
                discard(object)
                return .refused(damage)
            }
            try replace(object, in: shard)
            return .replacedDamaged(damage)
        } catch {
            throw .system(act: "store", object: object.digest.hex, error)
        }
    }

    /// Puts a staged object in the place of a damaged one, which goes to quarantine. Our bytes take its name there first and
    /// then the two are swapped in one step: at no moment nothing stands under the digest, nor the damaged bytes in staging,
    /// which is emptied.
    private func replace(_ object: StagedObject, in shard: Descriptor) throws(VaultError) {
        let name = Array(object.digest.hex.utf8)
        let found = quarantineName(object.digest)
        try attempt("store", object.digest.hex) {
            try system.rename(object.part, in: place(of: object), to: found, in: quarantine)
            do throws(SystemCallError) {
                try system.exchange(found, in: quarantine, with: name, in: shard)
            } catch  where error.isUnsupported {
                // A file system that cannot swap.
                try system.rename(name, in: shard, to: quarantineName(object.digest), in: quarantine)
                try system.rename(found, in: quarantine, to: name, in: shard)
            }
        }
        try synchronize("the quarantine") {
            try system.synchronize(quarantine)
            try system.synchronize(shard)
        }
    }

    /// Runs a sync; an error of it is final, because a second try may succeed without the bytes being on disk.
    func synchronize(_ object: String, _ body: () throws -> Void) throws(VaultError) {
        do throws(VaultError) {
            try attempt("make durable", object, body)
        } catch {
            hasStopped.withLock { $0 = true }
            throw error
        }
    }

    // MARK: Reading

    /// Opens an object whose pieces are checked as they are read.
    ///
    /// - Parameter pieces: the digests of its 1 MiB pieces, already held against the record.
    /// - Throws: ``VaultError/damaged(_:_:)`` when it is not there, not a file, or of another size.
    public func open(_ description: ObjectDescription, pieces: [Digest]) throws(VaultError) -> StoredObject {
        do {
            let file = try openObject(description.digest)
            let size = try system.status(of: file).size
            guard size == description.size else {
                throw Damage.sizeDiffers(expected: description.size, found: size)
            }
            return StoredObject(description: description, pieces: pieces, file: file, system: system)
        } catch let damage as Damage {
            throw .damaged(description.digest, damage)
        } catch let error as SystemCallError {
            throw .damaged(description.digest, .unreadable(error))
        } catch {
            throw .damaged(description.digest, .missing)
        }
    }

    /// The object's file; never through a link, never anything but a regular file.
    func openObject(_ digest: Digest) throws -> Descriptor {
        let file: Descriptor
        do {
            file = try system.open(Array(digest.hex.utf8), in: try shard(of: digest))
        } catch {
            if error.isMissing { throw Damage.missing }
            if error.isLink { throw Damage.notAFile }
            throw error
        }
        guard try system.status(of: file).isRegularFile else { throw Damage.notAFile }
        return file
    }

    func shard(of digest: Digest) throws(SystemCallError) -> Descriptor {
        try system.open(hexadecimal(digest.withUnsafeBytes { $0[0] }), in: objects, isFolder: true)
    }
}

/// What sealing did with a staged object.
public enum SealOutcome: Sendable, Equatable {
    case stored
    /// It was there, and its bytes are right.
    case alreadyStored
    /// What was there had changed and is in quarantine now.
    case replacedDamaged(Damage)
    /// It was not stored: what stands in its place cannot be read, or went away after it was staged.
    case refused(Damage)
}

/// Bytes in staging, or of an upload that has all of its bytes, on their way to become an object. Whoever staged them seals or
/// discards them, once.
public struct StagedObject: Sendable {
    public let description: ObjectDescription
    /// The digests of its 1 MiB pieces.
    public let pieces: [Digest]
    let part: [UInt8]
    /// The folder that `part` is in where that is not staging.
    let uploads: Descriptor?
    /// The object was in the store already, was read again and is right; nothing stands in staging.
    public let isPresent: Bool

    public var digest: Digest { description.digest }

    init(part: [UInt8], description: ObjectDescription, pieces: [Digest], isPresent: Bool, uploads: Descriptor? = nil) {
        self.part = part
        self.uploads = uploads
        self.description = description
        self.pieces = pieces
        self.isPresent = isPresent
    }
}

/// Runs system calls for one act and names act and object when one fails.
func attempt<Value>(_ act: String, _ object: String, _ body: () throws -> Value) throws(VaultError) -> Value {
    do {
        return try body()
    } catch let error as VaultError {
        throw error
    } catch let error as SystemCallError {
        throw .system(act: act, object: object, error)
    } catch {
        throw .other(act: act, object: object, error)
    }
}

func randomPartName() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return Array("\(String(generator.next() as UInt64, radix: 16)).part".utf8)
}
