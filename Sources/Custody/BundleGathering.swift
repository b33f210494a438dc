internal import Bundle
internal import Catalog
internal import Evidence
internal import Ledger

/// Finds what belongs into a bundle, as of a size of the ledger.
struct BundleGathering {
    /// What was found.
    struct Gathered {
        let records: [BundleContents.Record]
        let access: [BundleContents.Record]
        let rules: Set<Digest>
        let files: [Digest: EnclosedFile]
        let objects: [Digest: ObjectDescription]
    }

    /// An item with its object, as ``LedgerSnapshot/evidence(_:)`` answers.
    private typealias Item = (object: ObjectView, deposited: (record: Int, at: Timestamp), erased: Int?)

    let size: Int
    let withheld: Set<Digest>
    let refuse: (String) -> ArchiveError
    private var numbers: Set<Int> = [0]
    private var subjects: Set<String> = []
    /// Whether any of the records erased something.
    private var hasErasures = false

    init(size: Int, withheld: Set<Digest>, refuse: @escaping (String) -> ArchiveError) {
        self.size = size
        self.withheld = withheld
        self.refuse = refuse
    }

    private static let ofDossier: Set<RecordKind> = [
        .dossierOpened, .dossierStepped, .evidenceCited, .citationWithdrawn, .scoresGiven, .dossierDecided, .titleRevoked,
    ]
    private static let ofItem: Set<RecordKind> = [
        .evidenceDeposited, .evidenceDescribed, .objectExtracted, .objectDamaged, .objectRestored, .evidenceVerified, .evidenceSuperseded,
        .dataErased,
    ]

    // MARK: The titles

    mutating func add(_ scope: BundleScope, _ catalog: Catalog) throws {
        for kind in [RecordKind.keyRotated, .archiveRestored] { numbers.formUnion(try catalog.milestones(kind).filter { $0 < size }) }
        switch scope {
        case .list(let unit, let cycle):
            var dossiers: Set<DossierID> = []
            var after: Int64 = 0
            while case let page = try catalog.dossiers(cycle: cycle, unit: unit, after: after, within: .everything, limit: 500), let last = page.last
            {
                for view in page where try catalog.decisions(about: view.id).contains(where: { $0.title != nil && $0.record < size }) {
                    dossiers.insert(view.id)
                }
                after = last.key
            }
            guard !dossiers.isEmpty else { throw refuse("no title was given there before the checkpoint of \(size) records") }
            for dossier in dossiers { try add(dossier, catalog) }
        case .title(let title):
            subjects.insert(title.text)
            guard let decision = try catalog.decision(giving: title), decision.record < size else {
                throw refuse("it was given after the checkpoint of \(size) records; take a newer checkpoint")
            }
            guard case .honourGranted(let grant) = try catalog.record(decision.record).body else {
                if let dossier = decision.dossier { try add(dossier, catalog) }
                return
            }
            numbers.insert(decision.record)
            numbers.formUnion(try catalog.numbers(about: title.text, before: size, of: [.titleRevoked]))
            try add(grant.person, catalog)
            for base in grant.titles { if let dossier = try catalog.decision(giving: base)?.dossier { try add(dossier, catalog) } }
        }
    }

    private mutating func add(_ dossier: DossierID, _ catalog: Catalog) throws {
        subjects.insert(dossier.text)
        numbers.formUnion(try catalog.numbers(about: dossier.text, before: size, of: Self.ofDossier))
        guard let view = try catalog.dossier(dossier) else { return }
        subjects.formUnion(try catalog.decisions(about: dossier).compactMap { $0.title?.text })
        try add(view.person, catalog)
        numbers.formUnion(try catalog.unit(view.unit).map(\.record).filter { $0 < size })
    }

    private mutating func add(_ person: PersonID, _ catalog: Catalog) throws {
        subjects.insert(person.text)
        let declared = try catalog.numbers(about: person.text, before: size, of: [.personDeclared])
        numbers.formUnion(declared.suffix(1))
    }

    // MARK: What they rest on

    mutating func gather(
        for scope: BundleScope, at checkpoint: Checkpoint, _ access: Checkpoint, _ snapshot: LedgerSnapshot
    ) throws -> Gathered {
        try addRedactors(of: numbers, snapshot)
        let opened = try snapshot.records(numbers.sorted())
        let needs: (items: [EvidenceReference], texts: [Digest: Set<Digest>], rules: Set<Digest>)
        do {
            needs = try BundleContents.needs(of: scope, records: opened, checkpoint: checkpoint)
        } catch {
            throw refuse("\(error.reason); it was given after the checkpoint of \(size) records")
        }
        if let other = withheld.subtracting(needs.items.map(\.object)).first {
            throw refuse("object \(other) of what is to be withheld is none of the titles' evidence")
        }
        var found: [Digest: [Item]] = [:]
        for reference in needs.items {
            guard let evidence = try snapshot.evidence(reference.item), evidence.object.description.digest == reference.object else {
                throw refuse("item \(reference.item) with object \(reference.object) is not known")
            }
            found[reference.object, default: []].append(evidence)
            try add(reference, evidence.object, snapshot)
        }
        var objects: [Digest: ObjectDescription] = [:]
        let files = try files(found, &objects, snapshot)
        for (text, sources) in needs.texts where sources.contains(where: { files[$0]?.state == .enclosed }) {
            guard let object = try snapshot.object(text), object.erasedRecord == nil else { throw refuse("text \(text) is not there") }
            objects[text] = object.description
        }
        for digest in needs.rules { if let number = try snapshot.importRecord(ofRules: digest) { try add([number], snapshot) } }
        return Gathered(
            records: try records(snapshot), access: try accessEntries(upTo: access, snapshot), rules: needs.rules, files: files, objects: objects)
    }

    private mutating func add(_ reference: EvidenceReference, _ object: ObjectView, _ snapshot: LedgerSnapshot) throws {
        let item = reference.item.text
        subjects.insert(item)
        var added: Set<Int> = []
        for (number, kind) in try snapshot.numbers(about: item, before: size, of: Self.ofItem) {
            // Not what was erased of others' records about it: each is added with the record that it redacts.
            if kind == .dataErased, case .dataErased(let erasure) = try snapshot.body(of: number), !erasure.items.contains(reference.item) {
                continue
            }
            hasErasures = hasErasures || kind == .dataErased
            added.insert(number)
        }
        // The extraction may be recorded under another item of the same object.
        if let extraction = try snapshot.extraction(of: object, before: size) { added.insert(extraction) }
        try add(added, snapshot)
    }

    /// Adds records, and those that say what is left of the ones whose body was erased, and of these.
    private mutating func add(_ added: Set<Int>, _ snapshot: LedgerSnapshot) throws {
        let new = added.filter { !numbers.contains($0) }
        numbers.formUnion(new)
        try addRedactors(of: new, snapshot)
    }

    private mutating func addRedactors(of added: Set<Int>, _ snapshot: LedgerSnapshot) throws {
        var unseen = added
        while !unseen.isEmpty {
            var found: Set<Int> = []
            for number in unseen.sorted() {
                guard let redactor = try snapshot.redactor(of: number) else { continue }
                guard redactor < size else { throw refuse("record \(number) was erased since, by record \(redactor); take a newer checkpoint") }
                found.insert(redactor)
            }
            hasErasures = hasErasures || !found.isEmpty
            unseen = found.filter { !numbers.contains($0) }
            numbers.formUnion(found)
        }
    }

    // MARK: Files

    private mutating func files(
        _ found: [Digest: [Item]], _ objects: inout [Digest: ObjectDescription], _ snapshot: LedgerSnapshot
    ) throws -> [Digest: EnclosedFile] {
        let erased = try erasedObjects(snapshot)
        var files: [Digest: EnclosedFile] = [:]
        for (object, items) in found.sorted(by: { $0.key < $1.key }) {
            files[object] = try file(items[0].object, items, erased, &objects, snapshot)
        }
        return files
    }

    private mutating func file(
        _ view: ObjectView, _ items: [Item], _ erased: Set<Digest>, _ objects: inout [Digest: ObjectDescription], _ snapshot: LedgerSnapshot
    ) throws -> EnclosedFile {
        let object = view.description.digest
        let erasures = items.map(\.erased)
        if let last = ([view.erasedRecord] + erasures).compactMap(\.self).max(), last >= size {
            throw refuse("object \(object) was erased since, by record \(last); take a newer checkpoint")
        }
        // Bytes that somebody else has are not shown through an item that was erased.
        let isGone = view.erasedRecord != nil || erasures.allSatisfy { $0 != nil }
        if isGone, erased.contains(object) { return EnclosedFile(state: .erased, checked: nil) }
        // The last time that it was read whole: a check, or the deposit of one of the items.
        var checked = try snapshot.fixity(of: view, before: size).map { (at: $0.at, record: $0.record) }
        for deposit in items.map(\.deposited) where deposit.record < size {
            // By number, because the clock may have been put back.
            if checked.map({ $0.record < deposit.record }) ?? true { checked = (deposit.at, deposit.record) }
        }
        if let checked { try add([checked.record], snapshot) }
        if isGone || withheld.contains(object) { return EnclosedFile(state: .withheld, checked: checked) }
        if view.isDamaged { throw refuse("object \(object) is damaged; see minhchung verify, or withhold its item") }
        objects[object] = view.description
        return EnclosedFile(state: .enclosed, checked: checked)
    }

    /// Objects whose bytes were erased, as the records of the bundle say, and that none of them brings back.
    private func erasedObjects(_ snapshot: LedgerSnapshot) throws -> Set<Digest> {
        guard hasErasures else { return [] }
        var objects: Set<Digest> = []
        for number in numbers.sorted() {
            switch try snapshot.body(of: number) {
            case .dataErased(let erasure): objects.formUnion(erasure.objects)
            case .evidenceDeposited(let deposit): objects.remove(deposit.object.digest)
            default: continue
            }
        }
        return objects
    }

    // MARK: With their proofs

    private func records(_ snapshot: LedgerSnapshot) throws -> [BundleContents.Record] {
        try snapshot.records(numbers.sorted()).map { record in
            BundleContents.Record(record, path: try snapshot.inclusionPath(.records, of: record.header.number, size: size) ?? [])
        }
    }

    private func accessEntries(upTo checkpoint: Checkpoint, _ snapshot: LedgerSnapshot) throws -> [BundleContents.Record] {
        try snapshot.accessNumbers(about: subjects.sorted(), before: checkpoint.size).compactMap { number in
            guard let entry = try snapshot.accessEntry(number) else { return nil }
            let copy = RecordCopy(header: entry.bytes, disclosed: nil)
            return BundleContents.Record(
                OpenedRecord(copy: copy, header: entry.header, body: nil, members: [:]),
                path: try snapshot.inclusionPath(.access, of: number, size: checkpoint.size) ?? [])
        }
    }
}
