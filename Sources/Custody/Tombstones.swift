internal import Catalog
internal import Evidence
internal import Foundation
internal import Ledger
internal import Vault

/// A tombstone of an erasure, and what it is about.
typealias Tombstone = (erasure: Erasure, subjects: [String])

/// One erasure, divided by whom it is about: nobody's bundle has more of it than what is about its own people and dossiers.
private struct Division {
    struct Part {
        var items: [EvidenceID] = []
        var objects: [Digest] = []
        var redactions: [Redaction] = []
        /// Of the redacted records.
        var subjects: [String] = []
    }

    /// By whom or what each part is about; what is the erased person's own stands before all others.
    var parts: [String: Part] = [:]
    var partOf: [EvidenceID: String] = [:]

    static let own = ""
}

extension Archive {
    /// Records an erasure, after its list was found fit to be written. What is left to do is ``finishErasures(elsewhere:progress:)``'s.
    ///
    /// - Returns: the first tombstone.
    func apply(
        _ draft: ErasureDraft, _ grounds: ErasureGrounds, takesShared: Bool, list: String, by actor: Actor, _ refuse: (String) -> ArchiveError
    ) throws -> Int {
        // Whoever finishes it may stand in another folder.
        let list = URL(fileURLWithPath: list).standardizedFileURL.path
        let tombstones = try tombstones(of: draft, grounds)
        do {
            try LineFile(path: list).prepare()
        } catch {
            throw refuse("its line cannot be written into the erasure list: \(error); name another one with --list")
        }
        return try catalog.erase(tombstones, takesShared: takesShared, list: list, by: actor, at: now()).lowerBound
    }

    /// Divides what is erased: the person and what is theirs only; the items of each other person; and the records about each other
    /// dossier, person or item that are redacted.
    private func tombstones(of draft: ErasureDraft, _ grounds: ErasureGrounds) throws -> [Tombstone] {
        var division = Division()
        if draft.person != nil { division.parts[Division.own] = Division.Part() }
        for item in draft.items.sorted(by: { $0.text < $1.text }) {
            let part = try part(ofItem: item, draft)
            division.partOf[item] = part
            division.parts[part, default: Division.Part()].items.append(item)
        }
        for (number, erased) in draft.bodies.sorted(by: { $0.key < $1.key }) {
            let key = try self.part(ofRecordAbout: erased.subjects, draft, division)
            var part = division.parts[key] ?? Division.Part()
            part.redactions.append(Redaction(record: number, kind: erased.kind, body: RecordForm.bodyBytes(erased.body)))
            for subject in erased.subjects where !part.subjects.contains(subject) { part.subjects.append(subject) }
            division.parts[key] = part
        }
        let keys = division.parts.keys.sorted()
        for (object, place) in try places(of: draft, division, keys) { division.parts[keys[place]]?.objects.append(object) }
        return keys.compactMap { key in
            guard let part = division.parts[key] else { return nil }
            let person = key == Division.own ? draft.person : nil
            let erasure = Erasure(
                person: person, items: part.items, objects: part.objects.sorted(), redactions: part.redactions, reason: grounds.reason,
                legalBasis: grounds.legalBasis, role: grounds.role)
            let erased = [person?.text].compactMap(\.self) + part.items.map(\.text)
            return (erasure, erased.isEmpty ? part.subjects : erased)
        }
    }

    /// Whose item it is, and whose dossiers use it: a part of its own where that is more than one person, or nobody.
    private func part(ofItem id: EvidenceID, _ draft: ErasureDraft) throws -> String {
        let people = try people(touchedBy: id)
        if let person = draft.person, people.isSubset(of: [person]) { return Division.own }
        guard let only = people.first, people.count == 1 else { return id.text }
        return only.text
    }

    private func people(touchedBy item: EvidenceID) throws -> Set<PersonID> {
        try uses(of: item).people.union([catalog.item(item)?.metadata.person].compactMap(\.self))
    }

    /// What a record is about first of all: a dossier, a person, an item.
    private func part(ofRecordAbout subjects: [String], _ draft: ErasureDraft, _ division: Division) throws -> String {
        let ranks = [DossierID.prefix, PersonID.prefix, EvidenceID.prefix]
        func rank(_ subject: String) -> Int { ranks.firstIndex { subject.hasPrefix($0) } ?? ranks.count }
        guard let subject = subjects.min(by: { rank($0) < rank($1) }) else { return id.text }
        if draft.own.contains(subject) { return Division.own }
        guard let item = EvidenceID(subject) else { return subject }
        if let part = division.partOf[item] { return part }
        if let person = draft.person, try people(touchedBy: item) == [person] { return Division.own }
        return subject
    }

    /// In which of the parts each object goes: in the last that has something which needs it, so that at no tombstone what is not
    /// erased yet lacks it.
    private func places(of draft: ErasureDraft, _ division: Division, _ keys: [String]) throws -> [Digest: Int] {
        let places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        var found = Dictionary(uniqueKeysWithValues: draft.objects.map { ($0, 0) })
        func put(_ object: Digest, _ place: Int) -> Bool {
            guard let before = found[object], before < place else { return false }
            found[object] = place
            return true
        }
        for (item, part) in division.partOf {
            let place = places[part] ?? 0
            if let view = try catalog.item(item) { _ = put(view.object, place) }
            for citation in try catalog.citations(ofItem: item) { if let text = citation.text { _ = put(text, place) } }
        }
        var texts: [(object: Digest, text: Digest)] = []
        for object in draft.objects {
            for (_, _, body) in try catalog.extractions(of: object) {
                if case .objectExtracted(_, let finding) = body, let text = finding.text { texts.append((object, text.digest)) }
            }
        }
        // A text may be somebody's file that has a text itself.
        var isMoving = true
        while isMoving {
            isMoving = false
            for (object, text) in texts where put(text, found[object] ?? 0) { isMoving = true }
        }
        return found
    }
}
