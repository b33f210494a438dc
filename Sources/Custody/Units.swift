internal import Catalog
public import Evidence

/// A unit to declare. Others of the same import may be its parent, by code.
public struct UnitEntry: Sendable {
    public let name: String
    public let code: String?
    public let kind: UnitKind
    /// Code or id of the unit above it.
    public let parent: String?
    public let validFrom: CalendarDate
    public let validUntil: CalendarDate?
    public let legalBasis: String?
    /// Another name or code of this unit, from `validFrom` on, instead of a new unit.
    public let unit: String?

    public init(
        name: String, code: String?, kind: UnitKind, parent: String? = nil, validFrom: CalendarDate, validUntil: CalendarDate? = nil,
        legalBasis: String? = nil, unit: String? = nil
    ) {
        self.name = name
        self.code = code
        self.kind = kind
        self.parent = parent
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.legalBasis = legalBasis
        self.unit = unit
    }
}

/// What became of an entry, or would.
public enum UnitOutcome: Sendable {
    case declared(UnitID)
    case known(UnitID)
    case refused(String)
}

/// A unit with all that it was called and what became of it.
public struct UnitAccount: Sendable {
    public let id: UnitID
    /// By the day from which it held; of two for one day, the later record holds.
    public let names: [UnitDeclaration]
    public let predecessors: [UnitSuccession]
    public let successors: [UnitSuccession]
}

extension Archive {
    /// Declares units; with `applies` false it only says what it would do. Entries that are refused do not keep the others out.
    public func declareUnits(_ entries: [UnitEntry], applies: Bool = true, by actor: Actor) async throws -> [UnitOutcome] {
        try await blocking.run { [self] in
            try permit(.govern, "declare units", by: actor)
            return try acting {
                var drafts: [(RecordBody, [any OpaqueIdentifier])] = []
                var declared: [UnitDeclaration] = []
                var outcomes: [UnitOutcome] = []
                for entry in entries {
                    do {
                        outcomes.append(try outcome(of: entry, &declared, &drafts))
                    } catch let error as ArchiveError {
                        outcomes.append(.refused(error.description))
                    }
                }
                if applies, !drafts.isEmpty { try record(drafts, by: actor) }
                return outcomes
            }
        }
    }

    private func outcome(
        of entry: UnitEntry, _ declared: inout [UnitDeclaration], _ drafts: inout [(RecordBody, [any OpaqueIdentifier])]
    ) throws -> UnitOutcome {
        let name = try Self.line(entry.name, "name")
        if let until = entry.validUntil, until < entry.validFrom {
            return .refused("it ends (\(until)) before it begins (\(entry.validFrom))")
        }
        let parent = try entry.parent.map { reference in
            try unit(reference, on: entry.validFrom, alsoAmong: declared)
        }
        if let reference = entry.unit {
            let id = try unit(reference, on: entry.validFrom, alsoAmong: declared)
            guard parent != id else { return .refused("a unit is not its own parent") }
            if let holder = try holder(of: entry, alsoAmong: declared), holder.unit != id { return Self.taken(entry, by: holder) }
            return try declare(entry, name, id, parent, &declared, &drafts)
        }
        if let holder = try holder(of: entry, alsoAmong: declared) {
            guard holder.name == name, holder.kind == entry.kind else { return Self.taken(entry, by: holder) }
            return .known(holder.unit)
        }
        return try declare(entry, name, .random(), parent, &declared, &drafts)
    }

    /// Who has the code of an entry on the day from which it is to hold.
    private func holder(of entry: UnitEntry, alsoAmong declared: [UnitDeclaration]) throws -> UnitDeclaration? {
        try entry.code.flatMap { try holders(of: $0, on: entry.validFrom, alsoAmong: declared).first }
    }

    private static func taken(_ entry: UnitEntry, by holder: UnitDeclaration) -> UnitOutcome {
        .refused("on \(entry.validFrom) the code \(holder.code ?? "") is \(holder.name)'s (\(holder.unit))")
    }

    private func declare(
        _ entry: UnitEntry, _ name: String, _ id: UnitID, _ parent: UnitID?, _ declared: inout [UnitDeclaration],
        _ drafts: inout [(RecordBody, [any OpaqueIdentifier])]
    ) throws -> UnitOutcome {
        let declaration = UnitDeclaration(
            unit: id, name: name, code: entry.code, kind: entry.kind, parent: parent, validFrom: entry.validFrom,
            validUntil: entry.validUntil, legalBasis: try entry.legalBasis.map { try Self.line($0, "legal basis") })
        if try catalog.unit(id).contains(where: { $0.declaration == declaration }) { return .known(id) }
        declared.append(declaration)
        drafts.append((.unitDeclared(declaration), [id]))
        return .declared(id)
    }

    /// What a unit is called on a day: of all that holds then, what began last, and of two from one day, the later record. `nil`
    /// also where all of it was merged into another by then, or it was abolished.
    func called(_ unit: UnitID, on day: CalendarDate, alsoAmong declared: [UnitDeclaration] = []) throws -> UnitDeclaration? {
        let hasEnded = try catalog.successions(unit, isForward: true).map(\.succession)
            .contains { [.merge, .abolish].contains($0.kind) && $0.isWhole && $0.effectiveOn <= day }
        let begun = try (catalog.unit(unit).map(\.declaration) + declared.filter { $0.unit == unit }).filter { $0.validFrom <= day }
        let first = begun.map(\.validFrom).max()
        guard !hasEnded, let last = begun.last(where: { $0.validFrom == first }), last.validUntil.map({ day <= $0 }) ?? true else { return nil }
        return last
    }

    /// The units that have a code on a day; one that is called otherwise by then has it no more.
    private func holders(of code: String, on day: CalendarDate, alsoAmong declared: [UnitDeclaration]) throws -> [UnitDeclaration] {
        let units = Set(try (catalog.units(code: code).map(\.declaration) + declared.filter { $0.code == code }).map(\.unit))
        return try units.sorted { $0.text < $1.text }.compactMap { try called($0, on: day, alsoAmong: declared) }.filter { $0.code == code }
    }

    /// The unit that a code names on a day, or an id, or the beginning of one. A code alone never names a unit.
    func unit(_ reference: String, on day: CalendarDate, alsoAmong declared: [UnitDeclaration] = []) throws -> UnitID {
        let holders = try holders(of: reference, on: day, alsoAmong: declared).map(\.unit)
        if holders.count > 1 { throw ArchiveError.ambiguous("unit of \(day)", reference, holders.map(\.text)) }
        if let holder = holders.first { return holder }
        if let new = declared.first(where: { $0.unit.text == reference }) { return new.unit }
        guard reference.hasPrefix(UnitID.prefix) else { throw ArchiveError.notFound("unit of \(day)", reference) }
        return try resolve(reference, as: UnitID.self, "unit", within: .everything)
    }

    /// Records that a unit became another; all or none. Codes name units of the day before (`from`) and of the day itself (`to`).
    public func succeedUnits(
        _ links: [(from: String, to: String?, kind: SuccessionKind, isWhole: Bool, effectiveOn: CalendarDate, legalBasis: String?)],
        by actor: Actor
    ) async throws -> [UnitSuccession] {
        try await blocking.run { [self] in
            try permit(.govern, "record what became of units", by: actor)
            return try acting {
                var drafts: [(RecordBody, [any OpaqueIdentifier])] = []
                var successions: [UnitSuccession] = []
                for link in links {
                    let act = "record what became of unit \(link.from)"
                    let from = try unit(link.from, on: link.effectiveOn.dayBefore)
                    let to = try link.to.map { try unit($0, on: link.effectiveOn) }
                    guard (to == nil) == (link.kind == .abolish) else {
                        throw ArchiveError.refused(act: act, reason: "\(link.kind.rawValue) \(to == nil ? "needs" : "has no") successor")
                    }
                    guard from != to || [.rename, .retype].contains(link.kind) else {
                        throw ArchiveError.refused(act: act, reason: "it cannot become itself by \(link.kind.rawValue)")
                    }
                    let succession = UnitSuccession(
                        from: from, to: to, kind: link.kind, isWhole: link.isWhole, effectiveOn: link.effectiveOn,
                        legalBasis: try link.legalBasis.map { try Self.line($0, "legal basis") })
                    let known = try catalog.successions(from, isForward: true).map(\.succession) + successions.filter { $0.from == from }
                    if known.contains(succession) { continue }
                    if succession.isWhole, known.contains(where: { $0.isWhole && $0.effectiveOn == succession.effectiveOn }) {
                        throw ArchiveError.refused(act: act, reason: "all of it went elsewhere on \(succession.effectiveOn) already")
                    }
                    let back = try to.map { try catalog.successions($0, isForward: true).map(\.succession) } ?? []
                    if let to, back.contains(where: { $0.to == from && $0.effectiveOn == link.effectiveOn }) {
                        throw ArchiveError.refused(act: act, reason: "\(to) became \(from) on that day")
                    }
                    successions.append(succession)
                    drafts.append((.unitSucceeded(succession), to.map { [from, $0] } ?? [from]))
                }
                if !drafts.isEmpty { try record(drafts, by: actor) }
                return successions
            }
        }
    }

    /// A unit, by id or by the code that it has on a day.
    public func unit(_ reference: String, on day: CalendarDate? = nil) async throws -> UnitAccount {
        try await blocking.run { [self] in
            let id = try unit(reference, on: day ?? now().dateInVietnam)
            return UnitAccount(
                id: id, names: try catalog.unit(id).map(\.declaration),
                predecessors: try catalog.successions(id, isForward: false).map(\.succession),
                successors: try catalog.successions(id, isForward: true).map(\.succession))
        }
    }

    /// Units as declared, in the order of their ids, after one that was listed.
    public func units(after: UnitID? = nil, limit: Int = 100) async throws -> [UnitDeclaration] {
        try await blocking.run { [self] in try catalog.units(after: after?.text ?? "", limit: limit).map(\.declaration) }
    }

    /// What a unit was called on a day; its id where it had no name then.
    func name(of unit: UnitID, on day: CalendarDate) throws -> String {
        try called(unit, on: day)?.name ?? unit.text
    }
}
