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
    /// The format that this version writes and reads.
    public static let format = 1

    /// What an archive is opened for.
    public enum Purpose: Sendable {
        /// To be used: refused where a tree went backwards, or the key that signs is not there.
        case use
        /// Only to be looked at by ``verify(_:by:report:progress:)``: also where a tree went backwards.
        case verification
        /// To begin with another key where the one that signed is lost.
        case newKey
    }

    /// Names this archive for ever.
    public let id: ArchiveID
    let folder: ArchiveFolder
    /// What format.json says.
    let identity: Identity
    let catalog: Catalog
    /// Signs checkpoints; `nil` where the archive is not open for use.
    let signing: CheckpointSigning?
    private let growth: Growth
    let blocking = BlockingWork()
    let searches = SharedWork<SearchQuestion, SearchAnswer>()
    let signedIn = KnownSecrets()
    /// Path of `minhchung-extract`.
    let worker: String
    let now: @Sendable () -> Timestamp
    let pageImages = PageImageDesk()
    private let index = Mutex<SearchIndex?>(nil)
    /// Held from what an act looks at until it is recorded.
    let turn = Mutex(())
    /// Deposits that wait for their turn.
    let waitingDeposits = Mutex<[DepositRequest]>([])
    /// What uploads may take.
    public let uploadLimits: UploadLimits
    /// Uploads that somebody writes to or finishes now.
    let uploadsInHand = Mutex<Set<UploadID>>([])
    /// What is to come beside uploads.
    let room = RoomReckoning()
    /// Where bundles are composed that are sent.
    let bundles = BundleDesk()
    /// Reads what was uploaded.
    let reading = BackgroundReading()
    /// Rule documents that were read; their digests pin every word.
    let ruleCache = Mutex<[Digest: RuleDocument]>([:])

    var objects: ObjectStore { folder.objects }
    /// By which the key of personal numbers is known, as format.json has it.
    var personKeyFingerprint: String { identity.personKeyFingerprint }

    private init(
        identity: Identity, folder: ArchiveFolder, catalog: Catalog, signing: CheckpointSigning?, growth: Growth, worker: String,
        uploadLimits: UploadLimits, now: @escaping @Sendable () -> Timestamp
    ) {
        id = identity.archive
        self.identity = identity
        self.folder = folder
        self.catalog = catalog
        self.signing = signing
        self.growth = growth
        self.worker = worker
        self.uploadLimits = uploadLimits
        self.now = now
    }

    // The threads that sign and read end with the archive, also where nobody closed it.
    deinit {
        growth.close()
        reading.stop()
    }

    /// The key under which personal numbers are kept, 32 random bytes.
    static let personKey = "person-number.key"
    static let personKeySize = 32

    /// The time of the machine's clock.
    public static let systemTime: @Sendable () -> Timestamp = {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Makes an empty archive at `path`, which must not exist or be an empty folder, and opens it. Its first checkpoints are signed.
    ///
    /// - Parameters:
    ///   - worker: path of the program `minhchung-extract`.
    ///   - holder: what others are told who find the archive in use.
    ///   - uploadLimits: what uploads may take.
    public static func create(
        at path: String, by actor: Actor, worker: String, holder: String, uploadLimits: UploadLimits = UploadLimits(),
        now: @escaping @Sendable () -> Timestamp = Archive.systemTime
    ) async throws -> Archive {
        try await BlockingWork().run {
            let folder = try ArchiveFolder.create(at: path, holder: holder)
            let growth = Growth()
            let catalog = try Catalog(in: path, creates: true, grew: growth.tell, makeRoom: folder.releaseReserve)
            let id = ArchiveID.random()
            try catalog.append(
                [Catalog.Draft(.archiveCreated(archive: id, format: format), subjects: [id.text])], by: actor, at: now())
            let key = (0..<Self.personKeySize / 8).flatMap { _ in withUnsafeBytes(of: UInt64.random(in: 0...UInt64.max)) { Array($0) } }
            let signer = NoteSigner(name: LogOrigin.keyName(of: id), key: .random())
            let identity = Identity(
                archive: id, created: now().description, epoch: 1, publicKey: signer.verifier.text,
                personKeyFingerprint: PersonalNumber.fingerprint(of: key))
            try folder.writeKey(personKey, key)
            try folder.writeKey(signingKey, keyFile(signer))
            let signing = CheckpointSigning(id, epoch: 1, signer: signer, catalog: catalog, growth: growth, now: now)
            try signing.sign()
            // Last of all: without format.json there is no archive, so an interrupted `init` leaves none.
            try folder.writeFormat(identity.bytes)
            return Archive(
                identity: identity, folder: folder, catalog: catalog, signing: signing, growth: growth, worker: worker,
                uploadLimits: uploadLimits, now: now)
        }
    }

    /// Opens and holds the archive at `path`. An erasure that was cut off is finished.
    public static func open(
        at path: String, for purpose: Purpose = .use, worker: String, holder: String, uploadLimits: UploadLimits = UploadLimits(),
        now: @escaping @Sendable () -> Timestamp = Archive.systemTime
    ) async throws -> Archive {
        try await BlockingWork().run {
            let (folder, description) = try ArchiveFolder.open(at: path, holder: holder)
            let identity = try Identity(in: description, path: path)
            let growth = Growth()
            let catalog = try Catalog(in: path, grew: growth.tell, makeRoom: folder.releaseReserve)
            // The ledger has to be this archive's: a file from elsewhere would take its deposits.
            if purpose != .verification || catalog.isReadable(record: 0) {
                guard catalog.recordTree.size > 0, case .archiveCreated(identity.archive, _) = try catalog.record(0).body else {
                    throw ArchiveError.format(path: path, reason: "its ledger is not that of archive \(identity.archive); restore it from a backup")
                }
            }
            if let damage = catalog.damage, damage.isSetback, purpose != .verification { throw damage }
            var signing: CheckpointSigning?
            if purpose != .verification {
                let known = try knownKeys(catalog, identity, path: "\(path)/keys/\(signingKey)").ledgerKeys
                for newest in try catalog.newestCheckpoints() where !LedgerKey.haveSigned(newest, known) {
                    throw CatalogError.checkpointForged(tree: newest.checkpoint.origin.tree, size: newest.checkpoint.size)
                }
            }
            if purpose == .use {
                signing = CheckpointSigning(
                    identity.archive, epoch: try catalog.epoch(), signer: try signer(in: folder, catalog, identity), catalog: catalog,
                    growth: growth, now: now)
            }
            let archive = Archive(
                identity: identity, folder: folder, catalog: catalog, signing: signing, growth: growth, worker: worker,
                uploadLimits: uploadLimits, now: now)
            if purpose == .use {
                try catalog.forgetInterrupted()
                try archive.settleUploads()
                try archive.finishErasures()
            }
            return archive
        }
    }

    /// Ends the reading of what was uploaded, signs what is not signed yet and closes the databases. The archive is released with the last reference to it.
    public func close() async throws {
        try await blocking.run { [self] in
            reading.stop()
            reading.waitForEnd()
            folder.keepReserve()
            defer { index.withLock { $0 = nil } }
            pageImages.close()
            // A ledger whose nodes are damaged is not signed on.
            let signed = Result { if catalog.damage == nil { try signing?.close() } }
            growth.close()
            let closing = Result { try index.withLock { try $0?.close() } }
            try catalog.close()
            try closing.get()
            try signed.get()
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
