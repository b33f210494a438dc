internal import Catalog
public import Evidence
internal import Foundation
internal import Ledger
internal import Vault
internal import VietnameseText

/// What an erasure removes, and what it touches: shown before it is done.
public struct ErasurePlan: Sendable {
    /// An item that goes.
    public struct Item: Sendable {
        public let id: EvidenceID
        public let title: String?
        public let object: Digest
        /// Whether the bytes go: no other item has them.
        public let takesObject: Bool
        /// Dossiers that cite it, or whose minutes it is.
        public let dossiers: [DossierID]
        /// Titles that rest on it and stand.
        public let titles: [TitleID]
    }

    /// Something that is about others as well and names the person.
    public enum Shared: Sendable {
        case item(EvidenceID, title: String?, of: String)
        case record(Int, kind: RecordKind)
    }

    public let person: PersonID?
    public let items: [Item]
    /// What names the person and is about others too.
    public let shared: [Shared]
    /// Whether that goes as well; `nil` where nobody has said, or there is nothing of the kind.
    public let takesShared: Bool?
    /// What names the person and stays: decisions are alike in all their records.
    public let left: [Int]
    /// Registered people of the same name: what is theirs stays.
    public let namesakes: [PersonID]
    /// Records of which the body goes.
    public let bodies: [Int]
    public let objects: [Digest]
    public let bytes: Int64
    /// The tombstone; `nil` where nothing was erased.
    public let record: Int?
}

/// Why and by what right something is erased.
public struct ErasureGrounds: Sendable {
    public let reason: String
    public let legalBasis: String
    public let role: Role

    public init(reason: String, legalBasis: String, role: Role) {
        self.reason = reason
        self.legalBasis = legalBasis
        self.role = role
    }
}

extension Archive {
    /// Where erasures are listed, so that a restored backup can be made to forget again: beside the archive, outside of it and of its
    /// backups.
    public static func erasureList(beside archive: String) -> String {
        var path = archive
        while path.hasSuffix("/"), path.utf8.count > 1 { path.removeLast() }
        return path + ".erasures"
    }

    /// Erases a person or items, with all that is personal of them in records, texts, search index and databases. What rests on them
    /// stays checkable by digest, and every proof still verifies.
    ///
    /// - Parameters:
    ///   - references: one person, or items.
    ///   - takesShared: whether what is about others too and names the person goes as well; it has to be said where there is
    ///     something of the kind.
    ///   - applies: without it, nothing is done and the plan is answered.
    ///   - list: the path of the erasure list; see ``erasureList(beside:)``.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` for a legal hold, a wrong role, and where it was erased already.
    public func erase(
        _ references: [String], grounds: ErasureGrounds, takesShared: Bool? = nil, applies: Bool, list: String? = nil, by actor: Actor,
        progress: @escaping @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) async throws -> ErasurePlan {
        try await blocking.run { [self] in
            try acting {
                let act = "erase \(references.joined(separator: ", "))"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard [.authority, .administrator].contains(grounds.role) else {
                    throw refuse("an authority or an administrator erases, not \(grounds.role.rawValue)")
                }
                let people = references.filter { $0.lowercased().hasPrefix(PersonID.prefix) }
                guard people.isEmpty || references.count == 1, !references.isEmpty else { throw refuse("name one person, or items") }
                try followIndex()
                var draft = ErasureDraft()
                if let reference = people.first {
                    let id = try resolve(reference, as: PersonID.self, "person")
                    try plan(id, &draft, grounds, takesShared: takesShared ?? false, refuse)
                } else {
                    for id in try references.map(resolve) { draft.items.insert(id) }
                }
                try plan(items: &draft, refuse)
                let grounds = ErasureGrounds(
                    reason: try Self.line(grounds.reason, "reason"), legalBasis: try Self.line(grounds.legalBasis, "legal basis"),
                    role: grounds.role)
                let hasChoice = takesShared != nil || draft.shared.isEmpty
                if applies, !hasChoice {
                    throw refuse(
                        "\(draft.shared.count) items or records about others name the person too; say what becomes of them: "
                            + "--shared erase or --shared keep")
                }
                var record: Int?
                if applies {
                    record = try apply(
                        draft, grounds, takesShared: takesShared ?? false, list: list ?? Self.erasureList(beside: folder.path), by: actor)
                    try finishErasures(progress: progress)
                } else {
                    let shown = draft.items.map(\.text).sorted()
                    if let person = draft.person { try catalog.appendAccess(.personViewed, to: [person.text], by: actor, at: now()) }
                    if !shown.isEmpty { try catalog.appendAccess(.listed, to: shown, by: actor, at: now()) }
                }
                return try planned(draft, takesShared: hasChoice ? takesShared : nil, record: record)
            }
        }
    }

    /// What is gathered before it is erased.
    struct ErasureDraft {
        var person: PersonID?
        var items: Set<EvidenceID> = []
        var bodies: [Int: (kind: RecordKind, body: RecordBody)] = [:]
        var objects: Set<Digest> = []
        var shared: [ErasurePlan.Shared] = []
        var left: [Int] = []
        var namesakes: [PersonID] = []
    }

    // MARK: What goes

    /// By which words a text is known to name the person.
    struct NamedPerson {
        let names: Set<String>
        let folded: [String]
        /// The person and their dossiers: what is about these only is theirs.
        let own: Set<String>
        let dossiers: [DossierID]

        func isNamed(in text: String) -> Bool {
            let words = " " + Tokens.of(SearchForm.folded(text)).joined(separator: " ") + " "
            return folded.contains { words.contains(" \($0) ") }
        }
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
            names.flatMap { try catalog.people(nameBeginning: $0, limit: 1000) }.filter { other in
                other.id != id && folded.contains(Tokens.of(SearchForm.folded(other.name)).joined(separator: " "))
            }.map(\.id)
        ).sorted { $0.text < $1.text }
        let dossiers = try catalog.dossiers(of: id).map(\.id)
        for dossier in dossiers { try checkHold(on: dossier.text, refuse) }
        let named = NamedPerson(names: names, folded: folded, own: Set([id.text] + dossiers.map(\.text)), dossiers: dossiers)
        guard !named.isNamed(in: grounds.reason), !named.isNamed(in: grounds.legalBasis) else {
            throw refuse("the reason or the legal basis names the person, and both stay for ever")
        }
        for subject in named.own.sorted() {
            for (header, body) in try catalog.records(about: subject) {
                if let redacted = body.redacted { draft.bodies[header.number] = (body.kind, redacted) }
                if case .dossierStepped(let step) = body, let minutes = step.review?.minutes?.item { papers.insert(minutes) }
                if let scan = body.document?.scan?.item { papers.insert(scan) }
            }
        }
        return named
    }

    private func plan(
        _ id: PersonID, _ draft: inout ErasureDraft, _ grounds: ErasureGrounds, takesShared: Bool, _ refuse: (String) -> ArchiveError
    ) throws {
        var papers: Set<EvidenceID> = []
        let named = try planOwn(id, &draft, grounds, papers: &papers, refuse)
        draft.items.formUnion(try catalog.items(of: id).filter { $0.erasedRecord == nil }.map(\.id))
        for dossier in named.dossiers {
            for citation in try catalog.citations(of: dossier) {
                if try catalog.item(citation.evidence.item)?.erasedRecord == nil { draft.items.insert(citation.evidence.item) }
            }
        }
        // Other items that name the person: as holder, in their metadata or in their text.
        let naming = try named.names.flatMap { try searchIndex().items(naming: $0) }
        for item in papers.union(naming).subtracting(draft.items).sorted(by: { $0.text < $1.text }) {
            guard let view = try catalog.item(item), view.erasedRecord == nil else { continue }
            let (minutesOf, scanOf) = try self.papers(resting: item)
            let users = try Set(minutesOf.map(\.text) + catalog.citations(ofItem: item).map(\.dossier.text))
            let others = try scanOf.contains { try catalog.decisions(in: $0, limit: 2).contains { $0.person != id } }
            let isHolders = view.metadata.holder.map { named.folded.contains(Tokens.of(SearchForm.folded($0)).joined(separator: " ")) } ?? false
            if let owner = view.metadata.person, draft.namesakes.contains(owner) { continue }
            if users.isSubset(of: named.own), !others, isHolders || !minutesOf.isEmpty || !scanOf.isEmpty {
                if draft.namesakes.isEmpty || !isHolders { draft.items.insert(item) }
                continue
            }
            let use = !minutesOf.isEmpty ? "minutes" : !scanOf.isEmpty ? "decision" : "another's item"
            draft.shared.append(.item(item, title: view.metadata.title ?? view.metadata.fileName, of: use))
            if takesShared { draft.items.insert(item) }
        }
        try planMentions(&draft, own: named.own, takesShared: takesShared, named.isNamed(in:))
    }

    /// Records about others that name the person.
    func planMentions(
        _ draft: inout ErasureDraft, own: Set<String>, takesShared: Bool, _ isNamed: (String) -> Bool
    ) throws {
        let (items, namesakes) = (Set(draft.items.map(\.text)), Set(draft.namesakes.map(\.text)))
        try catalog.forEachRecord { header, body in
            let bytes = RecordForm.bodyBytes(draft.bodies[header.number]?.body ?? body)
            // Most bodies do not have the words at all, and need not be taken apart.
            guard isNamed(String(decoding: bytes, as: UTF8.self)) else { return }
            let current = draft.bodies[header.number]?.body ?? body
            if header.subjects.contains(where: items.contains), current.redacted != nil { return }
            if header.subjects.contains(where: namesakes.contains) { return }
            let isOwn = header.subjects.contains(where: own.contains)
            // Another's own name, which has all words of this one's: nobody else is erased with the person.
            if case .personDeclared = body, !isOwn { return }
            guard let redacted = current.redacted(where: isNamed) else {
                draft.left.append(header.number)
                return
            }
            if !isOwn { draft.shared.append(.record(header.number, kind: body.kind)) }
            if isOwn || takesShared { draft.bodies[header.number] = (body.kind, redacted) }
        }
    }

    func plan(items draft: inout ErasureDraft, _ refuse: (String) -> ArchiveError) throws {
        for id in draft.items.sorted(by: { $0.text < $1.text }) {
            guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(id.text) }
            guard item.erasedRecord == nil else { throw refuse("\(id) was erased already, by record \(item.erasedRecord ?? 0)") }
            try checkHold(on: id.text, refuse)
            if let person = item.metadata.person { try checkHold(on: person.text, refuse) }
            for citation in try catalog.citations(ofItem: id) { try checkHold(on: citation.dossier.text, refuse) }
            for dossier in try papers(resting: id).minutesOf { try checkHold(on: dossier.text, refuse) }
            for (header, body) in try catalog.records(about: id.text) {
                // What else is in a step or a decision is about the dossier.
                if [.dossierStepped, .dossierDecided, .honourGranted, .objectExtracted].contains(body.kind) { continue }
                let current = draft.bodies[header.number]?.body ?? body
                if let redacted = current.redacted { draft.bodies[header.number] = (body.kind, redacted) }
            }
            draft.objects.insert(item.object)
        }
        for object in draft.objects where try catalog.isNeeded(object, besides: draft.items, and: draft.objects) { draft.objects.remove(object) }
        for object in draft.objects.sorted() {
            for (number, body) in try catalog.extractions(of: object) {
                if let redacted = body.redacted { draft.bodies[number] = (body.kind, redacted) }
                guard case .objectExtracted(_, let finding) = body, let text = finding.text else { continue }
                if try !catalog.isNeeded(text.digest, besides: draft.items, and: draft.objects) { draft.objects.insert(text.digest) }
            }
        }
    }

    private func checkHold(on subject: String, _ refuse: (String) -> ArchiveError) throws {
        guard let hold = try catalog.hold(on: subject) else { return }
        throw refuse(
            "\(subject) is under a legal hold, record \(hold.record): \(hold.reason) [\(hold.legalBasis)]; release it first: minhchung hold release")
    }

    private func planned(_ draft: ErasureDraft, takesShared: Bool?, record: Int?) throws -> ErasurePlan {
        var bytes: Int64 = 0
        for object in draft.objects { bytes += try catalog.object(object)?.description.size ?? 0 }
        let items = try draft.items.sorted { $0.text < $1.text }.compactMap { id -> ErasurePlan.Item? in
            guard let item = try catalog.item(id) else { return nil }
            let dossiers = try Set(catalog.citations(ofItem: id).filter { $0.span.to == nil }.map(\.dossier) + papers(resting: id).minutesOf)
            let titles = try dossiers.flatMap { try catalog.decisions(about: $0).filter(\.stands).compactMap(\.title) }
            return ErasurePlan.Item(
                id: id, title: record == nil ? item.metadata.title ?? item.metadata.fileName : nil, object: item.object,
                takesObject: draft.objects.contains(item.object), dossiers: dossiers.sorted { $0.text < $1.text },
                titles: titles.sorted { $0.text < $1.text })
        }
        return ErasurePlan(
            person: draft.person, items: items, shared: draft.shared, takesShared: takesShared, left: draft.left, namesakes: draft.namesakes,
            bodies: draft.bodies.keys.sorted(), objects: draft.objects.sorted(), bytes: bytes, record: record)
    }

    // MARK: Doing it

    func apply(_ draft: ErasureDraft, _ grounds: ErasureGrounds, takesShared: Bool, list: String, by actor: Actor) throws -> Int {
        let erasure = Erasure(
            person: draft.person, items: draft.items.sorted { $0.text < $1.text }, objects: draft.objects.sorted(),
            redactions: draft.bodies.sorted { $0.key < $1.key }.map {
                Redaction(record: $0.key, kind: $0.value.kind, body: RecordForm.bodyBytes($0.value.body))
            }, reason: grounds.reason, legalBasis: grounds.legalBasis, role: grounds.role)
        let subjects = [draft.person?.text].compactMap(\.self) + erasure.items.map(\.text)
        // Whoever finishes it may stand in another folder.
        let list = URL(fileURLWithPath: list).standardizedFileURL.path
        return try catalog.erase(erasure, takesShared: takesShared, subjects: subjects, list: list, by: actor, at: now())
    }

    /// Removes what recorded erasures left on the disk: objects, index, old pages of the databases. Each step may be done twice, so an
    /// erasure that was cut off is finished by whoever opens the archive next.
    func finishErasures(progress: (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }) throws {
        let pending = try catalog.erasuresToFinish()
        guard !pending.isEmpty else { return }
        for (number, list, takesShared) in pending {
            let (header, body) = try catalog.record(number)
            guard case .dataErased(let erasure) = body else { continue }
            for (index, object) in erasure.objects.enumerated() {
                progress("erasing", index, erasure.objects.count)
                if try catalog.object(object)?.erasedRecord != nil { try objects.erase(object) }
            }
            try catalog.forgetChecks(of: erasure.objects)
            let listing = ErasureListing(erasure, takesShared: takesShared, header, of: id)
            let file = LineFile(path: list)
            if try !Self.listings(in: file).contains(where: { $0.covers(listing) }) { try file.append(listing.line) }
        }
        try objects.emptyTrash()
        progress("rewriting the databases", 0, 1)
        try catalog.compact()
        try dropSearchIndex()
        for (number, _, _) in pending { try catalog.finishErasure(number) }
        // The index is only derived: where it cannot be folded now, the next search does.
        _ = indexFailure { try followIndex { progress("indexing", $0, $1) } }
    }

    // MARK: Holds

    /// Places a legal hold on an item, a person or a dossier: it is not erased until the hold is released.
    public func placeHold(_ reference: String, grounds: ErasureGrounds, by actor: Actor) async throws -> Int {
        try await hold(reference, grounds, places: true, by: actor)
    }

    /// Releases a legal hold.
    public func releaseHold(_ reference: String, grounds: ErasureGrounds, by actor: Actor) async throws -> Int {
        try await hold(reference, grounds, places: false, by: actor)
    }

    private func hold(_ reference: String, _ grounds: ErasureGrounds, places: Bool, by actor: Actor) async throws -> Int {
        try await blocking.run { [self] in
            try acting {
                let act = places ? "hold \(reference)" : "release \(reference)"
                guard [.authority, .inspector, .administrator].contains(grounds.role) else {
                    throw ArchiveError.refused(
                        act: act, reason: "an authority, an inspector or an administrator does, not \(grounds.role.rawValue)")
                }
                let id = try heldSubject(reference)
                let existing = try catalog.hold(on: id.text)
                guard (existing == nil) == places else {
                    throw ArchiveError.refused(act: act, reason: places ? "it is held already, by record \(existing?.record ?? 0)" : "it is not held")
                }
                let hold = LegalHold(
                    subject: id.text, reason: try Self.line(grounds.reason, "reason"),
                    legalBasis: try Self.line(grounds.legalBasis, "legal basis"), role: grounds.role)
                return try record([(places ? .holdPlaced(hold) : .holdReleased(hold), [id])], by: actor).lowerBound
            }
        }
    }

    private func heldSubject(_ reference: String) throws -> any OpaqueIdentifier {
        let text = reference.lowercased()
        if text.hasPrefix(PersonID.prefix) { return try resolve(reference, as: PersonID.self, "person") }
        if text.hasPrefix(DossierID.prefix) { return try resolve(reference, as: DossierID.self, "dossier") }
        return try resolve(reference)
    }

    /// The holds that hold, by subject.
    public func holds() async throws -> [(subject: String, record: Int, reason: String, legalBasis: String)] {
        try await blocking.run { [self] in try catalog.holds().map { ($0.subject, $0.record, $0.reason, $0.legalBasis) } }
    }
}
