internal import Catalog
public import Evidence
internal import Foundation
internal import Vault

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
    /// The tombstone, the first where there are several; `nil` where nothing was erased.
    public let record: Int?
    /// Erasures that were recorded and of which something is left to do.
    public let unfinished: [UnfinishedErasure]
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
    ///   - list: the path of the erasure list; see ``erasureList(beside:)``. Where it is given, what earlier erasures could not write
    ///     into theirs goes there too.
    ///   - progress: what is being done, how much of it is done, and how much there is.
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
                let grounds = ErasureGrounds(
                    reason: try Self.line(grounds.reason, "reason"), legalBasis: try Self.line(grounds.legalBasis, "legal basis"),
                    role: grounds.role)
                let person = try people.first.map { try resolve($0, as: PersonID.self, "person", to: .act(grounds.role), by: actor) }
                let draft = try draft(
                    of: person, items: person == nil ? references.map { try resolve($0, to: .act(grounds.role), by: actor) } : [], grounds,
                    takesShared: takesShared ?? false, refuse, progress)
                let hasChoice = takesShared != nil || draft.shared.isEmpty
                if applies, !hasChoice {
                    throw refuse(
                        "\(draft.shared.count) items or records about others name the person too; say what becomes of them: "
                            + "--shared erase or --shared keep")
                }
                var record: Int?
                if applies {
                    let account = try draft.person.flatMap { try catalog.person($0)?.account }
                    record = try apply(
                        draft, grounds, takesShared: takesShared ?? false, list: list ?? Self.erasureList(beside: folder.path), by: actor, refuse)
                    // What the person was uploading without a word whose it is; what names them goes with what is left to finish.
                    for upload in try account.map({ try catalog.uploads(of: $0) }) ?? [] where upload.metadata.map({ $0.person == nil }) ?? false {
                        try remove(upload)
                    }
                } else {
                    let shown = draft.items.map(\.text).sorted()
                    if let person = draft.person { try catalog.appendAccess(.personViewed, to: [person.text], by: actor, at: now()) }
                    if !shown.isEmpty { try catalog.appendAccess(.listed, to: shown, by: actor, at: now()) }
                }
                let unfinished =
                    applies || list != nil ? try finishErasures(elsewhere: list, progress: progress) : try unfinishedErasures()
                return try planned(draft, takesShared: hasChoice ? takesShared : nil, record: record, unfinished)
            }
        }
    }

    private func planned(_ draft: ErasureDraft, takesShared: Bool?, record: Int?, _ unfinished: [UnfinishedErasure]) throws -> ErasurePlan {
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
            bodies: draft.bodies.keys.sorted(), objects: draft.objects.sorted(), bytes: bytes, record: record,
            unfinished: unfinished)
    }
}
