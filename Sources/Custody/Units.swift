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
            try acting {
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
            return try declare(entry, name, id, parent, &declared, &drafts)
        }
        if let code = entry.code {
            let holders =
                try Self.held(catalog.units(code: code).map(\.declaration), on: entry.validFrom)
                + Self.held(declared.filter { $0.code == code }, on: entry.validFrom)
            if let holder = holders.first {
                guard holder.name == name, holder.kind == entry.kind else {
                    return .refused("on \(entry.validFrom) the code \(code) is \(holder.name)'s (\(holder.unit))")
                }
                return .known(holder.unit)
            }
        }
        return try declare(entry, name, .random(), parent, &declared, &drafts)
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

    /// Those of these declarations that hold on a day.
    private static func held(_ declarations: [UnitDeclaration], on day: CalendarDate) -> [UnitDeclaration] {
        declarations.filter { $0.validFrom <= day && $0.validUntil.map { day <= $0 } ?? true }
    }

    /// The unit that a code names on a day, or an id, or the beginning of one. A code alone never names a unit.
    func unit(_ reference: String, on day: CalendarDate, alsoAmong declared: [UnitDeclaration] = []) throws -> UnitID {
        let holders = Set(
            Self.held(try catalog.units(code: reference).map(\.declaration) + declared.filter { $0.code == reference }, on: day).map(\.unit))
        if holders.count > 1 { throw ArchiveError.ambiguous("unit of \(day)", reference, holders.map(\.text).sorted()) }
        if let holder = holders.first { return holder }
        if let new = declared.first(where: { $0.unit.text == reference }) { return new.unit }
        guard reference.hasPrefix(UnitID.prefix) else { throw ArchiveError.notFound("unit of \(day)", reference) }
        return try resolve(reference, as: UnitID.self, "unit")
    }

    /// Records that a unit became another; all or none. Codes name units of the day before (`from`) and of the day itself (`to`).
    public func succeedUnits(
        _ links: [(from: String, to: String?, kind: SuccessionKind, isWhole: Bool, effectiveOn: CalendarDate, legalBasis: String?)],
        by actor: Actor
    ) async throws -> [UnitSuccession] {
        try await blocking.run { [self] in
            try acting {
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
                    if try catalog.successions(from, isForward: true).contains(where: { $0.succession == succession }) { continue }
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
            let id = try unit(reference, on: day ?? now().date)
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
        Self.held(try catalog.unit(unit).map(\.declaration), on: day).last?.name ?? unit.text
    }
}
