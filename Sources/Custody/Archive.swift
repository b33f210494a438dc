internal import Catalog
public import Evidence
internal import Extraction
internal import Foundation
internal import Ledger
internal import Recognition
internal import Synchronization
internal import Vault

/// An archive of evidence, and every operation on it.
///
/// One process holds it at a time. Each operation takes the person who acts. The methods are asynchronous and may be
/// called at once from many tasks.
public final class Archive: Sendable {
    /// The format that this version writes; versions before 1 may change without notice.
    public static let format = 0

    /// Names this archive for ever.
    public let id: ArchiveID
    let folder: ArchiveFolder
    /// By which the key of personal numbers is known, as format.json has it.
    let personKeyFingerprint: String
    let catalog: Catalog
    let blocking = BlockingWork()
    /// Path of `minhchung-extract`.
    let worker: String
    let now: @Sendable () -> Timestamp
    private let index = Mutex<SearchIndex?>(nil)
    /// Held from what an act looks at until it is recorded.
    let turn = Mutex(())
    /// Rule documents that were read; their digests pin every word.
    let ruleCache = Mutex<[Digest: RuleDocument]>([:])

    var objects: ObjectStore { folder.objects }

    private init(
        id: ArchiveID, personKeyFingerprint: String, folder: ArchiveFolder, catalog: Catalog, worker: String,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.id = id
        self.personKeyFingerprint = personKeyFingerprint
        self.folder = folder
        self.catalog = catalog
        self.worker = worker
        self.now = now
    }

    /// The key under which personal numbers are kept, 32 random bytes.
    static let personKey = "person-number.key"
    static let personKeySize = 32

    /// The time of the machine's clock.
    public static let systemTime: @Sendable () -> Timestamp = {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Makes an empty archive at `path`, which must not exist or be an empty folder, and opens it.
    ///
    /// - Parameters:
    ///   - worker: path of the program `minhchung-extract`.
    ///   - holder: what others are told who find the archive in use.
    public static func create(
        at path: String, by actor: Actor, worker: String, holder: String,
        now: @escaping @Sendable () -> Timestamp = Archive.systemTime
    ) async throws -> Archive {
        try await BlockingWork().run {
            let folder = try ArchiveFolder.create(at: path, holder: holder)
            let catalog = try Catalog(in: path, creates: true)
            let id = ArchiveID.random()
            try catalog.append(
                [Catalog.Draft(.archiveCreated(archive: id, format: format), subjects: [id.text])], by: actor, at: now())
            let key = (0..<Self.personKeySize / 8).flatMap { _ in withUnsafeBytes(of: UInt64.random(in: 0...UInt64.max)) { Array($0) } }
            let fingerprint = PersonalNumber.fingerprint(of: key)
            let description = JSON.object([
                "archive": .string(id.text), "person_number_key": .string(fingerprint), "created": .string(now().description), "epoch": .integer(1),
                "format": .integer(Int64(format)), "hash": .string("sha256"), "piece_size": .integer(Int64(pieceSize)),
            ])
            try folder.writeKey(personKey, key)
            // Last of all: without format.json there is no archive, so an interrupted `init` leaves none.
            try folder.writeFormat(description.canonicalBytes + [UInt8(ascii: "\n")])
            return Archive(id: id, personKeyFingerprint: fingerprint, folder: folder, catalog: catalog, worker: worker, now: now)
        }
    }

    /// Opens and holds the archive at `path`.
    public static func open(
        at path: String, worker: String, holder: String, now: @escaping @Sendable () -> Timestamp = Archive.systemTime
    ) async throws -> Archive {
        try await BlockingWork().run {
            let (folder, description) = try ArchiveFolder.open(at: path, holder: holder)
            let (id, fingerprint) = try identity(in: description, path: path)
            let catalog = try Catalog(in: path)
            // The ledger has to be this archive's: a file from elsewhere would take its deposits.
            guard catalog.recordTree.size > 0, case .archiveCreated(id, _) = try catalog.record(0).body else {
                throw ArchiveError.format(path: path, reason: "its ledger is not that of archive \(id); restore it from a backup")
            }
            return Archive(id: id, personKeyFingerprint: fingerprint, folder: folder, catalog: catalog, worker: worker, now: now)
        }
    }

    private static func identity(in description: [UInt8], path: String) throws -> (ArchiveID, personKeyFingerprint: String) {
        guard case .object(let members)? = try? JSON(parsing: description) else {  // because the next line says what is wrong
            throw ArchiveError.format(path: path, reason: "format.json is not readable; restore it from a backup")
        }
        guard case .integer(let found)? = members["format"], found == Int64(format) else {
            throw ArchiveError.format(
                path: path, reason: "its format is not \(format), the one that this version of minhchung knows")
        }
        guard case .string(let text)? = members["archive"], let id = ArchiveID(text) else {
            throw ArchiveError.format(path: path, reason: "format.json names no archive; restore it from a backup")
        }
        guard case .string(let fingerprint)? = members["person_number_key"] else {
            throw ArchiveError.format(path: path, reason: "format.json does not know its key; restore it from a backup")
        }
        return (id, fingerprint)
    }

    /// Closes the databases. The archive is released with the last reference to it.
    public func close() async throws {
        try await blocking.run { [self] in
            defer { index.withLock { $0 = nil } }
            let closing = Result { try index.withLock { try $0?.close() } }
            try catalog.close()
            try closing.get()
        }
    }

    // MARK: Search index

    /// The search index, opened when it is first needed.
    func searchIndex() throws -> SearchIndex {
        try index.withLock { index in
            if let index { return index }
            let opened = try SearchIndex(in: folder.path)
            index = opened
            return opened
        }
    }

    /// Replaces the index by an empty one.
    func dropSearchIndex() throws {
        try index.withLock { index in
            try index?.close()
            index = nil
            try SearchIndex.delete(in: folder.path)
        }
    }

    /// Folds what was recorded into the search index.
    ///
    /// - Parameters:
    ///   - limit: only what was recorded before this record.
    ///   - texts: text objects whose bytes are at hand; others are read from the vault.
    func followIndex(
        upTo limit: Int? = nil, texts: [Digest: [UInt8]] = [:],
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws {
        try searchIndex().follow(
            catalog, upTo: limit,
            text: { object in
                // because a damaged text is `verify`'s to report; here its item is found by its metadata.
                texts[object.digest] ?? (try? self.bytes(of: object))
            },
            progress: progress)
    }

    /// Why the search index could not be brought up to date, `nil` when it was. Trouble with the index never stops a
    /// deposit: evidence and records are safe, and the index is folded again from them.
    func indexFailure(_ follow: () throws -> Void) -> String? {
        do {
            try follow()
            return nil
        } catch {
            return "\(error); run minhchung rebuild"
        }
    }

    // MARK: Objects

    /// The whole of a small object, checked.
    func bytes(of object: ObjectDescription) throws -> [UInt8] {
        try objects.open(object, pieces: try catalog.pieces(of: object)).bytes(0..<object.size)
    }
}
