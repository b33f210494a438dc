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
        try await blocking.run { [self] in
            let act = "bundle \(request.name)"
            guard let signing else { throw ArchiveError.refused(act: act, reason: "the archive is not open for use") }
            try signing.sign()
            let contents = try contents(of: request, signer: signing.signer, act)
            do { try contents.check() } catch {
                throw ArchiveError.refused(
                    act: act, reason: "nobody could verify it: \(error); nothing was written, see minhchung verify, and report this")
            }
            let sink: any BundleSink = asFolder ? try FolderWriter(path: path) : try ZIPWriter(path: path)
            do {
                let subjects = try Set(contents.records.flatMap { try RecordForm.header($0.copy.header).subjects }).filter { subject in
                    [TitleID.prefix, PersonID.prefix, EvidenceID.prefix, DossierID.prefix].contains { subject.hasPrefix($0) }
                }
                try catalog.appendAccess(.bundled, to: subjects.sorted(), by: actor, at: now())
                try write(contents, to: sink, folder: asFolder ? "" : contents.name + "/", signer: signing.signer, progress: progress)
                try sink.finish()
            } catch {
                sink.discard()
                throw error
            }
            let enclosed = contents.files.filter { $0.value.state == .enclosed }.keys
            return BundleSummary(
                name: contents.name, checkpoint: contents.checkpoint, titles: try titles(of: request), records: contents.records.count,
                files: enclosed.count, bytes: enclosed.reduce(0) { $0 + (contents.objects[$1]?.size ?? 0) },
                withheld: contents.files.filter { $0.value.state == .withheld }.keys.sorted(),
                erased: contents.files.filter { $0.value.state == .erased }.keys.sorted())
        }
    }

    private func write(
        _ contents: BundleContents, to sink: some BundleSink, folder: String, signer: NoteSigner, progress: (Int64, Int64) -> Void
    ) throws {
        let total = contents.objects.values.reduce(0) { $0 + $1.size }
        var done: Int64 = 0
        try contents.write(to: sink, folder: folder, signer: signer) { object, write in
            let stored = try objects.open(object, pieces: try catalog.pieces(of: object))
            for index in 0..<stored.pieceCount {
                let piece = try stored.piece(index)
                try piece.withUnsafeBytes { try write($0) }
                done += Int64(piece.count)
                progress(done, total)
            }
        }
    }

    // MARK: What belongs into it

    private func scope(of request: BundleRequest) throws -> BundleScope {
        switch request.subject {
        case .title(let reference): return .title(try resolve(reference, as: TitleID.self, "title"))
        case .list(let unit, let cycle):
            let day = CalendarDate(year: cycle, month: 12, day: 31) ?? now().date
            return .list(unit: try self.unit(unit, on: day), cycle: cycle)
        }
    }

    private func titles(of request: BundleRequest) throws -> [TitleID] {
        switch try scope(of: request) {
        case .title(let title): return [title]
        case .list(let unit, let cycle): return try decisions(in: unit, cycle).compactMap(\.title).sorted { $0.text < $1.text }
        }
    }

    private func decisions(in unit: UnitID, _ cycle: Int) throws -> [DecisionView] {
        var found: [DecisionView] = []
        var after: Int64 = 0
        while case let dossiers = try catalog.dossiers(cycle: cycle, unit: unit, after: after, limit: 500), let last = dossiers.last {
            for dossier in dossiers { found += try catalog.decisions(about: dossier.id).filter { $0.title != nil } }
            after = last.key
        }
        return found
    }

    private func contents(of request: BundleRequest, signer: NoteSigner, _ act: String) throws -> BundleContents {
        func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
        let scope = try scope(of: request)
        let (checkpoint, access) = try checkpoints(request.checkpoint, signer, refuse)
        let size = checkpoint.checkpoint.size
        var gathering = BundleGathering(archive: self, size: size)
        try gathering.add(scope, refuse)
        try gathering.addRedactors(refuse)
        let copies = try gathering.copies()
        let needs: (items: [EvidenceReference], texts: [Digest: Set<Digest>], rules: Set<Digest>)
        do {
            needs = try BundleContents.needs(of: scope, records: copies, checkpoint: checkpoint.checkpoint)
        } catch {
            throw refuse("\(error.reason); it was given after the checkpoint of \(size) records")
        }
        let withheld = Set(try request.withheld.map { try evidence($0).object })
        if let other = withheld.subtracting(needs.items.map(\.object)).first {
            throw refuse("object \(other) of what is to be withheld is none of the titles' evidence")
        }
        var files: [Digest: EnclosedFile] = [:]
        var objects: [Digest: ObjectDescription] = [:]
        for reference in needs.items {
            try gathering.add(reference)
        }
        try gathering.addRedactors(refuse)
        for reference in needs.items where files[reference.object] == nil {
            files[reference.object] = try file(reference.object, needs.items, withheld, &gathering, &objects, refuse)
        }
        for (text, sources) in needs.texts where sources.contains(where: { files[$0]?.state == .enclosed }) {
            guard let object = try catalog.object(text), object.erasedRecord == nil else { throw refuse("text \(text) is not there") }
            objects[text] = object.description
        }
        var rules: [Digest: [UInt8]] = [:]
        for digest in needs.rules {
            guard let found = try catalog.ruleDocument(digest) else { throw ArchiveError.notFound("rule document", digest.hex) }
            rules[digest] = try bytes(of: found.object)
            if let number = try catalog.importRecord(ofRules: digest) { gathering.numbers.insert(number) }
        }
        try gathering.addRedactors(refuse)
        return BundleContents(
            scope: scope, checkpoint: checkpoint.signed, accessCheckpoint: access.signed, signedAt: checkpoint.signedAt,
            stamp: checkpoint.stamp, records: try gathering.records(), access: try gathering.accessEntries(upTo: access.checkpoint),
            rules: rules, files: files, objects: objects, consistency: try consistency(checkpoint, access, request, refuse))
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

    private func file(
        _ object: Digest, _ items: [EvidenceReference], _ withheld: Set<Digest>, _ gathering: inout BundleGathering,
        _ objects: inout [Digest: ObjectDescription], _ refuse: (String) -> ArchiveError
    ) throws -> EnclosedFile {
        guard let view = try catalog.object(object) else { throw refuse("object \(object) is not known") }
        let erasures = try items.filter { $0.object == object }.map { try catalog.item($0.item)?.erasedRecord }
        if let erased = ([view.erasedRecord] + erasures).compactMap(\.self).max(), erased >= gathering.size {
            throw refuse("object \(object) was erased since, by record \(erased); take a newer checkpoint")
        }
        // Bytes that somebody else has are not shown through an item that was erased.
        let isGone = view.erasedRecord != nil || erasures.allSatisfy { $0 != nil }
        if isGone, try gathering.isErased(object) { return EnclosedFile(state: .erased, checked: nil) }
        // The last time that it was read whole: a check, or the deposit of one of the items.
        var checked = try catalog.fixity(of: object, before: gathering.size).map { (at: $0.at, record: $0.record) }
        for item in items where item.object == object {
            guard let deposit = try catalog.item(item.item)?.depositRecord, deposit < gathering.size else { continue }
            // By number, because the clock may have been put back.
            if checked.map({ $0.record < deposit }) ?? true { checked = (try catalog.record(deposit).header.time, deposit) }
        }
        if let checked { gathering.numbers.insert(checked.record) }
        if isGone || withheld.contains(object) { return EnclosedFile(state: .withheld, checked: checked) }
        if view.isDamaged { throw refuse("object \(object) is damaged; see minhchung verify, or withhold its item") }
        objects[object] = view.description
        return EnclosedFile(state: .enclosed, checked: checked)
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

/// Finds the records of a bundle, as of a size of the ledger.
private struct BundleGathering {
    let archive: Archive
    let size: Int
    var numbers: Set<Int> = [0]
    private var subjects: Set<String> = []

    init(archive: Archive, size: Int) {
        self.archive = archive
        self.size = size
    }

    private var catalog: Catalog { archive.catalog }

    private static let ofDossier: Set<RecordKind> = [
        .dossierOpened, .dossierStepped, .evidenceCited, .citationWithdrawn, .scoresGiven, .dossierDecided, .titleRevoked,
    ]
    private static let ofItem: Set<RecordKind> = [
        .evidenceDeposited, .evidenceDescribed, .objectExtracted, .objectDamaged, .objectRestored, .evidenceVerified, .evidenceSuperseded,
    ]

    mutating func add(_ scope: BundleScope, _ refuse: (String) -> ArchiveError) throws {
        for kind in [RecordKind.keyRotated, .archiveRestored] { numbers.formUnion(try catalog.milestones(kind).filter { $0 < size }) }
        switch scope {
        case .list(let unit, let cycle):
            var dossiers: Set<DossierID> = []
            var after: Int64 = 0
            while case let page = try catalog.dossiers(cycle: cycle, unit: unit, after: after, limit: 500), let last = page.last {
                for view in page where try catalog.decisions(about: view.id).contains(where: { $0.title != nil && $0.record < size }) {
                    dossiers.insert(view.id)
                }
                after = last.key
            }
            guard !dossiers.isEmpty else { throw refuse("no title was given there before the checkpoint of \(size) records") }
            for dossier in dossiers { try add(dossier) }
        case .title(let title):
            subjects.insert(title.text)
            guard let decision = try catalog.decision(giving: title), decision.record < size else {
                throw refuse("it was given after the checkpoint of \(size) records; take a newer checkpoint")
            }
            guard case .honourGranted(let grant) = try catalog.record(decision.record).body else {
                if let dossier = decision.dossier { try add(dossier) }
                return
            }
            numbers.insert(decision.record)
            numbers.formUnion(try catalog.numbers(about: title.text, before: size, of: [.titleRevoked]))
            try add(grant.person)
            for base in grant.titles { if let dossier = try catalog.decision(giving: base)?.dossier { try add(dossier) } }
        }
    }

    private mutating func add(_ dossier: DossierID) throws {
        subjects.insert(dossier.text)
        numbers.formUnion(try catalog.numbers(about: dossier.text, before: size, of: Self.ofDossier))
        guard let view = try catalog.dossier(dossier) else { return }
        subjects.formUnion(try catalog.decisions(about: dossier).compactMap { $0.title?.text })
        try add(view.person)
        numbers.formUnion(try catalog.unit(view.unit).map(\.record).filter { $0 < size })
    }

    private mutating func add(_ person: PersonID) throws {
        subjects.insert(person.text)
        let declared = try catalog.numbers(about: person.text, before: size, of: [.personDeclared])
        numbers.formUnion(declared.suffix(1))
    }

    mutating func add(_ reference: EvidenceReference) throws {
        subjects.insert(reference.item.text)
        numbers.formUnion(try catalog.numbers(about: reference.item.text, before: size, of: Self.ofItem))
        // Not what was erased of others' records about it: each is added with the record that it redacts.
        for number in try catalog.numbers(about: reference.item.text, before: size, of: [.dataErased]) {
            if case .dataErased(let erasure) = try catalog.record(number).body, erasure.items.contains(reference.item) { numbers.insert(number) }
        }
        // The extraction may be recorded under another item of the same object.
        if let last = try catalog.extractions(of: reference.object).last(where: { $0.number < size }) { numbers.insert(last.number) }
    }

    /// Adds the records that say what is left of those whose body was erased, and of these.
    mutating func addRedactors(_ refuse: (String) -> ArchiveError) throws {
        var unseen = numbers
        while !unseen.isEmpty {
            var found: Set<Int> = []
            for number in unseen.sorted() {
                guard let redactor = try catalog.redactor(of: number) else { continue }
                guard redactor < size else { throw refuse("record \(number) was erased since, by record \(redactor); take a newer checkpoint") }
                found.insert(redactor)
            }
            unseen = found.subtracting(numbers)
            numbers.formUnion(found)
        }
    }

    /// Whether the records of the bundle say that the object's bytes were erased, and none of them brings it back.
    func isErased(_ object: Digest) throws -> Bool {
        var isErased = false
        for number in numbers.sorted() {
            switch try catalog.record(number).body {
            case .dataErased(let erasure) where erasure.objects.contains(object): isErased = true
            case .evidenceDeposited(let deposit) where deposit.object.digest == object: isErased = false
            default: continue
            }
        }
        return isErased
    }

    func copies() throws -> [RecordCopy] { try numbers.sorted().map { try catalog.copy(ofRecord: $0) } }

    func records() throws -> [BundleContents.Record] {
        try numbers.sorted().map { number in
            BundleContents.Record(
                copy: try catalog.copy(ofRecord: number), path: try catalog.inclusionPath(.records, of: number, size: size) ?? [])
        }
    }

    func accessEntries(upTo checkpoint: Checkpoint) throws -> [BundleContents.Record] {
        try catalog.accessNumbers(about: subjects.sorted(), before: checkpoint.size).compactMap { number in
            guard let entry = try catalog.accessEntry(number) else { return nil }
            return BundleContents.Record(
                copy: RecordCopy(header: entry.bytes, disclosed: nil),
                path: try catalog.inclusionPath(.access, of: number, size: checkpoint.size) ?? [])
        }
    }
}
