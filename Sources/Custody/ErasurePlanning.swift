internal import Catalog
internal import Evidence
internal import Ledger
internal import VietnameseText

/// A record whose body is to be erased, and what is left of it.
struct ErasedBody {
    let kind: RecordKind
    /// What the record is about.
    let subjects: [String]
    let body: RecordBody

    init(_ header: RecordHeader, _ body: RecordBody) { self.init(header.subjects, body) }

    init(_ subjects: [String], _ body: RecordBody) {
        kind = body.kind
        self.subjects = subjects
        self.body = body
    }
}

/// What is gathered before it is erased.
struct ErasureDraft {
    var person: PersonID?
    /// The person, their dossiers and titles: what is about these only is theirs.
    var own: Set<String> = []
    var items: Set<EvidenceID> = []
    var bodies: [Int: ErasedBody] = [:]
    var objects: Set<Digest> = []
    var shared: [ErasurePlan.Shared] = []
    var left: [Int] = []
    var namesakes: [PersonID] = []
}

/// By which words a text is known to name the person, and what is theirs.
struct NamedPerson {
    let names: Set<String>
    let folded: [String]
    let dossiers: [DossierID]

    func isNamed(in text: String) -> Bool {
        let words = " " + Tokens.of(SearchForm.folded(text)).joined(separator: " ") + " "
        return folded.contains { words.contains(" \($0) ") }
    }
}

/// What an item is used for: cited, as minutes, as the scan of a decision; also where that holds no longer.
struct ItemUses {
    var dossiers: Set<DossierID> = []
    /// Whose these dossiers are, and whom the decisions are about.
    var people: Set<PersonID> = []
    var isMinutes = false
    var isScan = false

    /// In a word, for whoever is asked what becomes of it.
    var noun: String { isMinutes ? "minutes" : isScan ? "decision" : dossiers.isEmpty ? "another's item" : "evidence of others" }
}

extension Archive {
    /// Told while the ledger is read: what is being done, how much of it is done, and how much there is.
    typealias StageProgress = (_ stage: String, _ done: Int, _ total: Int) -> Void

    /// What an erasure of a person or of items takes.
    func draft(
        of person: PersonID?, items: [EvidenceID], _ grounds: ErasureGrounds, takesShared: Bool, _ refuse: (String) -> ArchiveError,
        _ progress: StageProgress
    ) throws -> ErasureDraft {
        var draft = ErasureDraft()
        draft.items = Set(items)
        if let person { try plan(person, &draft, grounds, takesShared: takesShared, refuse, progress) }
        try plan(items: &draft, refuse)
        try planTombstones(&draft)
        return draft
    }

    /// The person themselves: whether they may be erased, and the bodies of their own records.
    func planOwn(
        _ id: PersonID, _ draft: inout ErasureDraft, _ grounds: ErasureGrounds, papers: inout Set<EvidenceID>, _ refuse: (String) -> ArchiveError
    ) throws -> NamedPerson {
        guard let person = try catalog.person(id) else { throw ArchiveError.notFound("person", id.text) }
        guard person.erasedRecord == nil else { throw refuse("it was erased already, by record \(person.erasedRecord ?? 0)") }
        try checkHold(on: id.text, refuse)
        draft.person = id
        let names = try Set(
            catalog.records(about: id.text).compactMap { if case .personDeclared(let declared) = $0.body { declared.name } else { nil } })
        let folded = names.map { Tokens.of(SearchForm.folded($0)).joined(separator: " ") }.filter { !$0.isEmpty }
        draft.namesakes = try Set(
            names.flatMap { try catalog.people(nameBeginning: $0, within: .everything, limit: 1000) }.filter { other in
                other.id != id && folded.contains(Tokens.of(SearchForm.folded(other.name)).joined(separator: " "))
            }.map(\.id)
        ).sorted { $0.text < $1.text }
        let dossiers = try catalog.dossiers(of: id).map(\.id)
        for dossier in dossiers { try checkHold(on: dossier.text, refuse) }
        let titles = try catalog.decisions(about: id).compactMap { $0.title?.text }
        draft.own = Set([id.text] + dossiers.map(\.text) + titles)
        let named = NamedPerson(names: names, folded: folded, dossiers: dossiers)
        guard !named.isNamed(in: grounds.reason), !named.isNamed(in: grounds.legalBasis) else {
            throw refuse("the reason or the legal basis names the person, and both stay for ever")
        }
        for subject in draft.own.sorted() {
            for (header, body) in try catalog.records(about: subject) {
                if let redacted = body.redacted { draft.bodies[header.number] = ErasedBody(header, redacted) }
                if case .dossierStepped(let step) = body, let minutes = step.review?.minutes?.item { papers.insert(minutes) }
                if let scan = body.document?.scan?.item { papers.insert(scan) }
            }
        }
        return named
    }

    private func plan(
        _ id: PersonID, _ draft: inout ErasureDraft, _ grounds: ErasureGrounds, takesShared: Bool, _ refuse: (String) -> ArchiveError,
        _ progress: StageProgress
    ) throws {
        var papers: Set<EvidenceID> = []
        let named = try planOwn(id, &draft, grounds, papers: &papers, refuse)
        var theirs = try Set(catalog.items(of: id).map(\.id))
        for dossier in named.dossiers { theirs.formUnion(try catalog.citations(of: dossier).map(\.evidence.item)) }
        // Other items that name the person: as holder, in their metadata or in their text.
        let naming = try named.names.flatMap { try searchIndex().items(naming: $0) }
        for item in theirs.union(papers).union(naming).sorted(by: { $0.text < $1.text }) {
            guard let view = try catalog.item(item), view.erasedRecord == nil else { continue }
            let uses = try uses(of: item)
            let isHolders = view.metadata.holder.map { named.folded.contains(Tokens.of(SearchForm.folded($0)).joined(separator: " ")) } ?? false
            if let owner = view.metadata.person, draft.namesakes.contains(owner) { continue }
            // What somebody else's dossier rests on is theirs as well, whoever handed it in.
            let isOthers = !uses.people.isSubset(of: [id]) || view.metadata.person.map { $0 != id } ?? false
            if !isOthers, theirs.contains(item) {
                draft.items.insert(item)
            } else if !isOthers, isHolders || uses.isMinutes || uses.isScan {
                if draft.namesakes.isEmpty || !isHolders { draft.items.insert(item) }
            } else {
                draft.shared.append(.item(item, title: view.metadata.title ?? view.metadata.fileName, of: uses.noun))
                if takesShared { draft.items.insert(item) }
            }
        }
        try planMentions(&draft, takesShared: takesShared, named.isNamed(in:), refuse, progress)
    }

    /// What an item is used for.
    func uses(of item: EvidenceID) throws -> ItemUses {
        var uses = ItemUses()
        let (minutesOf, scanOf) = try papers(resting: item)
        uses.isMinutes = !minutesOf.isEmpty
        uses.isScan = !scanOf.isEmpty
        uses.dossiers = try Set(catalog.citations(ofItem: item).map(\.dossier) + minutesOf)
        for decision in scanOf {
            for view in try catalog.decisions(in: decision, limit: Int.max) {
                uses.people.insert(view.person)
                if let dossier = view.dossier { uses.dossiers.insert(dossier) }
            }
        }
        for dossier in uses.dossiers { if let view = try catalog.dossier(dossier) { uses.people.insert(view.person) } }
        return uses
    }

    /// Kinds of records about an item that say more than what is about the item.
    private static let ofMore: Set<RecordKind> = [.dossierStepped, .dossierDecided, .honourGranted, .objectExtracted, .dataErased]

    /// Records about others that name the person.
    func planMentions(
        _ draft: inout ErasureDraft, takesShared: Bool, _ isNamed: (String) -> Bool, _ refuse: (String) -> ArchiveError, _ progress: StageProgress
    ) throws {
        let (items, namesakes) = (Set(draft.items.map(\.text)), Set(draft.namesakes.map(\.text)))
        let total = catalog.recordTree.size
        try catalog.forEachRecord { header, body in
            if header.number % 500 == 0 { progress("looking through the records", header.number, total) }
            let current = draft.bodies[header.number]?.body ?? body
            // Most bodies do not have the words at all, and need not be taken apart.
            guard isNamed(String(decoding: RecordForm.bodyBytes(current), as: UTF8.self)) else { return }
            if header.subjects.contains(where: items.contains), !Self.ofMore.contains(body.kind), current.redacted != nil { return }
            if header.subjects.contains(where: namesakes.contains) { return }
            let isOwn = header.subjects.contains(where: draft.own.contains)
            // Another's own name, which has all words of this one's: nobody else is erased with the person.
            if case .personDeclared = body, !isOwn { return }
            guard let redacted = current.redacted(where: isNamed) else {
                draft.left.append(header.number)
                return
            }
            if !isOwn { draft.shared.append(.record(header.number, kind: body.kind)) }
            guard isOwn || takesShared else { return }
            if !isOwn { for subject in header.subjects { try checkHold(on: subject, refuse) } }
            draft.bodies[header.number] = ErasedBody(header, redacted)
        }
    }

    /// The items that are erased: whether they may be, the bodies of their records, and the objects that nobody else needs.
    func plan(items draft: inout ErasureDraft, _ refuse: (String) -> ArchiveError) throws {
        for id in draft.items.sorted(by: { $0.text < $1.text }) {
            guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(id.text) }
            guard item.erasedRecord == nil else { throw refuse("\(id) was erased already, by record \(item.erasedRecord ?? 0)") }
            try checkHolds(onItem: item, uses(of: id), refuse)
            for (header, body) in try catalog.records(about: id.text) where !Self.ofMore.contains(body.kind) {
                let current = draft.bodies[header.number]?.body ?? body
                if let redacted = current.redacted { draft.bodies[header.number] = ErasedBody(header, redacted) }
            }
            draft.objects.insert(item.object)
        }
        for object in draft.objects where try catalog.isNeeded(object, besides: draft.items, and: draft.objects) { draft.objects.remove(object) }
        for object in draft.objects.sorted() {
            for (number, subjects, body) in try catalog.extractions(of: object) {
                let current = draft.bodies[number]?.body ?? body
                if let redacted = current.redacted { draft.bodies[number] = ErasedBody(subjects, redacted) }
                guard case .objectExtracted(_, let finding) = body, let text = finding.text else { continue }
                if try !catalog.isNeeded(text.digest, besides: draft.items, and: draft.objects) { draft.objects.insert(text.digest) }
            }
        }
    }

    /// Earlier erasures that have a redaction of what is redacted anew, or of one of these: they say no more of it than the new one.
    func planTombstones(_ draft: inout ErasureDraft) throws {
        guard !draft.bodies.isEmpty else { return }
        for number in try catalog.tombstones() {
            let (header, body) = try catalog.record(number)
            let bodies = draft.bodies
            guard case .dataErased(let erasure) = bodies[number]?.body ?? body,
                let changed = erasure.redacted(anew: { bodies[$0]?.body })
            else { continue }
            draft.bodies[number] = ErasedBody(header, .dataErased(changed))
        }
    }
}
