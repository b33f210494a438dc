internal import Catalog
public import Evidence

/// Legal holds: what is held is not erased.
extension Archive {
    /// Refuses where a subject is held.
    func checkHold(on subject: String, _ refuse: (String) -> ArchiveError) throws {
        guard let hold = try catalog.hold(on: subject) else { return }
        throw refuse(
            "\(subject) is under a legal hold, record \(hold.record): \(hold.reason) [\(hold.legalBasis)]; release it first: minhchung hold release")
    }

    /// Refuses where an item is held, or whose it is, or a dossier that uses it, or whose that is.
    func checkHolds(onItem item: ItemView, _ uses: ItemUses, _ refuse: (String) -> ArchiveError) throws {
        let people = uses.people.union([item.metadata.person].compactMap(\.self))
        for subject in [item.id.text] + (people.map(\.text) + uses.dossiers.map(\.text)).sorted() { try checkHold(on: subject, refuse) }
    }

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
                let id = try heldSubject(reference, grounds.role, by: actor)
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

    private func heldSubject(_ reference: String, _ role: Role, by actor: Actor) throws -> any OpaqueIdentifier {
        let text = reference.lowercased()
        if text.hasPrefix(PersonID.prefix) { return try resolve(reference, as: PersonID.self, "person", to: .act(role), by: actor) }
        if text.hasPrefix(DossierID.prefix) { return try resolve(reference, as: DossierID.self, "dossier", to: .act(role), by: actor) }
        return try resolve(reference, to: .act(role), by: actor)
    }

    /// The holds that hold, by subject.
    public func holds(by actor: Actor) async throws -> [(subject: String, record: Int, reason: String, legalBasis: String)] {
        try await blocking.run { [self] in
            try permit(.inspect, "list the holds", by: actor)
            return try catalog.holds().map { ($0.subject, $0.record, $0.reason, $0.legalBasis) }
        }
    }
}
