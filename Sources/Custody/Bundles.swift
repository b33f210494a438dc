internal import Bundle
internal import Catalog
public import Evidence
internal import Foundation
public import Ledger
internal import Vault

/// What a bundle is to hold.
public struct BundleRequest: Sendable {
    /// Whose decision: a title or an honour, or all titles of a unit in a cycle.
    public enum Subject: Sendable {
        case title(String)
        case list(unit: String, cycle: Int)
    }

    public let subject: Subject
    /// The size of the checkpoint that it is made at; the newest where none is given.
    public let checkpoint: Int?
    /// Items whose bytes are left out; they are listed by digest.
    public let withheld: [String]
    /// Sizes of the tree of records that somebody saw, and that it is to be shown to continue.
    public let since: [Int]

    /// The same of the access log.
    public let sinceAccess: [Int]

    public init(subject: Subject, checkpoint: Int? = nil, withheld: [String] = [], since: [Int] = [], sinceAccess: [Int] = []) {
        self.subject = subject
        self.checkpoint = checkpoint
        self.withheld = withheld
        self.since = since
        self.sinceAccess = sinceAccess
    }
}

/// A bundle that was written.
public struct BundleSummary: Sendable {
    public let name: String
    public let checkpoint: SignedCheckpoint
    public let titles: [TitleID]
    public let records: Int
    /// Enclosed evidence.
    public let files: Int
    public let bytes: Int64
    public let withheld: [Digest]
    public let erased: [Digest]
}

extension Archive {
    /// Writes the bundle of a title, or of all titles of a unit in a cycle, to a new file or folder. That it leaves the archive is in the
    /// access log before its first byte is written. When it returns the bundle is on disk; when it throws there is none.
    ///
    /// - Parameters:
    ///   - path: of the ZIP file, or of the folder.
    ///   - progress: bytes of evidence that were copied, and how many there are.
    public func writeBundle(
        _ request: BundleRequest, to path: String, asFolder: Bool = false, by actor: Actor,
        progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) async throws -> BundleSummary {
        try await blocking.run { [self] in try composeBundle(request, to: path, asFolder: asFolder, by: actor, progress) }
    }

    /// Writes a bundle, on a thread that may block for long.
    ///
    /// - Parameter takesRoom: it is written to the archive's own disk, where others have taken room.
    /// - Throws: ``BundleError/tooLittleSpace(free:needed:)`` before anything is written.
    func composeBundle(
        _ request: BundleRequest, to path: String, asFolder: Bool = false, takesRoom: Bool = false, by actor: Actor,
        _ progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void
    ) throws -> BundleSummary {
        let act = "bundle \(request.name)"
        guard let signing else { throw ArchiveError.refused(act: act, reason: "the archive is not open for use") }
        try signing.sign()
        let contents = try contents(of: request, signer: signing.signer, act, by: actor)
        let bundle: CheckedBundle
        do { bundle = try contents.checked() } catch {
            throw ArchiveError.refused(
                act: act, reason: "nobody could verify it: \(error); nothing was written, see minhchung verify, and report this")
        }
        let taken = takesRoom ? try takeRoom(Self.size(of: bundle, contents)) { BundleError.tooLittleSpace(free: $0, needed: $1) } : nil
        let sink: any BundleSink = asFolder ? try FolderWriter(path: path) : try ZIPWriter(path: path)
        do {
            let told: @Sendable (Int64, Int64) -> Void = { done, total in
                taken?.keep(total - done + Self.sizeOfTexts)
                progress(done, total)
            }
            try read(bundle.objects, told) { copy in
                let composed = try BlockingWork.meanwhile({ try bundle.page() }) { page in
                    try catalog.appendAccess(.bundled, to: Self.subjects(of: contents), by: actor, at: now())
                    return try bundle.composed(by: signing.signer, page: page)
                }
                try composed.write(to: sink, folder: asFolder ? "" : contents.name + "/", copy: copy)
            }
            try sink.finish()
        } catch {
            sink.discard()
            guard let finding = error as? BundleFinding else { throw error }
            throw ArchiveError.refused(act: act, reason: "\(finding)")
        }
        let enclosed = contents.files.filter { $0.value.state == .enclosed }.keys
        return BundleSummary(
            name: contents.name, checkpoint: contents.checkpoint, titles: try titles(in: contents.scope), records: contents.records.count,
            files: enclosed.count, bytes: enclosed.reduce(0) { $0 + (contents.objects[$1]?.size ?? 0) },
            withheld: contents.files.filter { $0.value.state == .withheld }.keys.sorted(),
            erased: contents.files.filter { $0.value.state == .erased }.keys.sorted())
    }

    /// Bytes of what a bundle has beside evidence, for its room: the page, the texts and proofs; and of each record.
    private static let sizeOfTexts: Int64 = 8 << 20
    private static let sizeOfRecord: Int64 = 8 << 10

    private static func size(of bundle: CheckedBundle, _ contents: BundleContents) -> Int64 {
        bundle.objects.reduce(sizeOfTexts) { $0 + $1.size } + Int64(contents.records.count) * sizeOfRecord
    }

    /// What the access log says that was shown.
    private static func subjects(of contents: BundleContents) -> [String] {
        Set(contents.records.flatMap(\.opened.header.subjects)).filter { subject in
            [TitleID.prefix, PersonID.prefix, EvidenceID.prefix, DossierID.prefix].contains { subject.hasPrefix($0) }
        }.sorted()
    }

    /// A part of an object, after it was held against its digest.
    private typealias Piece = (object: Digest, bytes: [UInt8], isLast: Bool)

    /// Reads objects on a thread of its own while `body` runs. Reading and digesting keep one core busy, and what `body` does another.
    ///
    /// - Parameter body: gets a function which hands over the bytes of an object; to be asked for all that are wanted, each once, in
    ///   their order.
    private func read(
        _ wanted: [ObjectDescription], _ progress: @escaping (Int64, Int64) -> Void,
        _ body: (_ copy: @escaping (ObjectDescription, (UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws -> Void
    ) throws {
        let total = wanted.reduce(0) { $0 + $1.size }
        var done: Int64 = 0
        try BlockingWork.ahead(capacity: Self.batchesAhead) { [self] (put: ([Piece]) -> Bool) in
            var (batch, size): ([Piece], Int) = ([], 0)
            for object in wanted {
                let stored = try objects.open(object, pieces: try catalog.pieces(of: object))
                for index in 0..<stored.pieceCount {
                    let bytes = try stored.piece(index)
                    if size + bytes.count > Self.batchSize {
                        guard put(batch) else { return }
                        (batch, size) = ([], 0)
                    }
                    batch.append((object.digest, bytes, index == stored.pieceCount - 1))
                    size += bytes.count
                }
            }
            _ = put(batch)
        } consume: { next in
            var batch: ArraySlice<Piece> = []
            try body { object, write in
                while true {
                    if batch.isEmpty { batch = try next()?[...] ?? [] }
                    guard let piece = batch.popFirst(), piece.object == object.digest else {
                        preconditionFailure("objects are written in another order than they are read")
                    }
                    try piece.bytes.withUnsafeBytes { try write($0) }
                    done += Int64(piece.bytes.count)
                    progress(done, total)
                    if piece.isLast { return }
                }
            }
        }
    }

    /// What is read at once: a piece of a large object, or many small objects.
    private static let batchSize = 1 << 20
    /// How many batches are read ahead: small evidence is read while the page is made, and memory stays small.
    private static let batchesAhead = 16

    // MARK: What belongs into it

    private func scope(of request: BundleRequest, _ act: String, by actor: Actor) throws -> BundleScope {
        switch request.subject {
        case .title(let reference): return .title(try resolve(reference, as: TitleID.self, "title", to: .bundle, by: actor))
        case .list(let unit, let cycle):
            let day = CalendarDate(year: cycle, month: 12, day: 31) ?? now().date
            let unit = try self.unit(unit, on: day)
            try permit(.bundle, in: unit, act, by: actor)
            return .list(unit: unit, cycle: cycle)
        }
    }

    private func titles(in scope: BundleScope) throws -> [TitleID] {
        switch scope {
        case .title(let title): return [title]
        case .list(let unit, let cycle): return try decisions(in: unit, cycle).compactMap(\.title).sorted { $0.text < $1.text }
        }
    }

    private func decisions(in unit: UnitID, _ cycle: Int) throws -> [DecisionView] {
        var found: [DecisionView] = []
        var after: Int64 = 0
        while case let dossiers = try catalog.dossiers(cycle: cycle, unit: unit, after: after, within: .everything, limit: 500),
            let last = dossiers.last
        {
            for dossier in dossiers { found += try catalog.decisions(about: dossier.id).filter { $0.title != nil } }
            after = last.key
        }
        return found
    }

    private func contents(of request: BundleRequest, signer: NoteSigner, _ act: String, by actor: Actor) throws -> BundleContents {
        func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
        let scope = try scope(of: request, act, by: actor)
        let (checkpoint, access) = try checkpoints(request.checkpoint, signer, refuse)
        let size = checkpoint.checkpoint.size
        let withheld = Set(try request.withheld.map { try evidence($0, by: actor).object })
        var gathering = BundleGathering(size: size, withheld: withheld, refuse: refuse)
        try gathering.add(scope, catalog)
        let gathered = try catalog.snapshot(to: act) { snapshot in
            try gathering.gather(for: scope, at: checkpoint.checkpoint, access.checkpoint, snapshot)
        }
        var rules: [Digest: [UInt8]] = [:]
        for digest in gathered.rules {
            guard let found = try catalog.ruleDocument(digest) else { throw ArchiveError.notFound("rule document", digest.hex) }
            rules[digest] = try bytes(of: found.object)
        }
        return BundleContents(
            scope: scope, checkpoint: checkpoint.signed, accessCheckpoint: access.signed, signedAt: checkpoint.signedAt,
            stamp: checkpoint.stamp, records: gathered.records, access: gathered.access, rules: rules, files: gathered.files,
            objects: gathered.objects, consistency: try consistency(checkpoint, access, request, refuse))
    }

    /// The checkpoint of records that a bundle is made at, and the last one of the access log that was signed not after it.
    private func checkpoints(
        _ size: Int?, _ signer: NoteSigner, _ refuse: (String) -> ArchiveError
    ) throws -> (records: StoredCheckpoint, access: StoredCheckpoint) {
        let found = try size.map { try catalog.checkpoint(.records, size: $0) } ?? catalog.checkpoint(.records)
        guard let records = found else {
            throw refuse(
                size.map { "there is no checkpoint of \($0) records any more; without --checkpoint the newest is taken" } ?? "nothing was signed yet")
        }
        guard let paired = records.accessSize, let access = try catalog.checkpoint(.access, size: paired) else {
            throw refuse("the access log was not signed yet")
        }
        // What is signed by the key of now has to be what the archive has signed, and what its trees are.
        let keys = try knownKeys().ledgerKeys
        for stored in [records, access] {
            let checkpoint = stored.checkpoint
            guard LedgerKey.haveSigned(stored.signed, keys), try catalog.root(checkpoint.origin.tree, size: checkpoint.size) == checkpoint.root else {
                throw refuse(
                    "the checkpoint of \(checkpoint.size) \(checkpoint.origin.tree.noun) is not what the archive signed; see minhchung verify")
            }
        }
        // What an earlier key has signed is signed again, so that one key verifies the whole bundle.
        return (records.signed(by: signer), access.signed(by: signer))
    }

    /// That both trees continue what witnesses saw last, and the sizes that were asked for.
    private func consistency(
        _ records: StoredCheckpoint, _ access: StoredCheckpoint, _ request: BundleRequest, _ refuse: (String) -> ArchiveError
    ) throws -> [ConsistencyProof] {
        var proofs: [ConsistencyProof] = []
        for (tree, checkpoint, asked) in [(LogTree.records, records, request.since), (.access, access, request.sinceAccess)] {
            let size = checkpoint.checkpoint.size
            let seen = try catalog.lastCosigned(tree, upTo: size).map(\.checkpoint.size)
            for old in Set(seen + asked).sorted() where old != size && old > 0 {
                guard old < size, let path = try catalog.consistencyPath(tree, from: old, to: size) else {
                    throw refuse("\(old) is more than the \(size) \(tree.noun) of the checkpoint")
                }
                proofs.append(ConsistencyProof(oldSize: old, path: path, checkpoint: checkpoint.signed))
            }
        }
        return proofs
    }
}

extension BundleRequest {
    fileprivate var name: String {
        switch subject {
        case .title(let title): title
        case .list(let unit, let cycle): "\(unit) \(cycle)"
        }
    }
}
