internal import Catalog
public import Evidence

/// A role that an account has, or had.
public struct GrantAccount: Sendable {
    public let id: GrantID
    public let role: Role
    /// `nil`: everywhere.
    public let unit: UnitID?
    public let validFrom: CalendarDate
    public let validUntil: CalendarDate?
    /// The records that gave it and took it back.
    public let record: Int
    public let withdrawnRecord: Int?
    /// Whether it holds today.
    public let isInForce: Bool
}

/// An account with its roles. Who it is of, the archive does not say.
public struct AccountAccount: Sendable {
    public let account: String
    public let isOpen: Bool
    /// The record that opened it last.
    public let openedRecord: Int
    public let closedRecord: Int?
    /// People whose own account it is.
    public let people: [PersonID]
    /// Oldest first.
    public let grants: [GrantAccount]
    /// What was done last to how it signs in, newest first; `nil` where accounts are only listed.
    public let signInChanges: [SignInChangeAccount]?
}

/// Something that was done to how an account signs in.
public struct SignInChangeAccount: Sendable {
    public let act: SignInAct
    public let time: Timestamp
    /// By whom.
    public let actor: Actor
    public let record: Int
}

extension Archive {
    /// Opens an account: whoever has its secret may sign in. One that was closed is opened again, with the grants that it had.
    /// - Returns: the record.
    @discardableResult
    public func openAccount(_ account: String, reason: String? = nil, by actor: Actor) async throws -> Int {
        try await blocking.run { [self] in
            try acting {
                let act = "open account \(account)"
                guard Actor.isAccount(account) else {
                    throw ArchiveError.refused(
                        act: act, reason: "an account is no name but lower-case letters, digits and . - _, such as officer-17")
                }
                let known = try catalog.account(account)
                if known == nil {
                    guard try isAdministrator(actor) else { throw try refusal(act, .administer, [id.text], by: actor) }
                } else {
                    try permitAdministering(account, act, by: actor)
                }
                guard known?.isOpen != true else { throw ArchiveError.refused(act: act, reason: "it is open") }
                // What was open when it was closed stays closed.
                if known != nil { try catalog.endSignIns(of: account) }
                let opening = AccountOpening(account: account, reason: try reason.map { try Self.line($0, "reason") })
                return try append(.accountOpened(opening), about: account, [], by: actor)
            }
        }
    }

    /// Closes an account: from then on it may do nothing, whatever its sessions and tokens say.
    /// - Returns: the record.
    @discardableResult
    public func closeAccount(_ account: String, reason: String, by actor: Actor) async throws -> Int {
        try await blocking.run { [self] in
            try acting {
                let act = "close account \(account)"
                let known = try seenAccount(account, by: actor)
                try permitAdministering(account, act, by: actor)
                guard known.isOpen else { throw ArchiveError.refused(act: act, reason: "it is closed, by record \(known.closedRecord ?? 0)") }
                let closing = AccountClosing(account: account, reason: try Self.line(reason, "reason"))
                return try append(.accountClosed(closing), about: account, [], by: actor)
            }
        }
    }

    /// Gives an account a role, in a unit and all below it or, without one, everywhere.
    ///
    /// - Parameters:
    ///   - unit: by id or by the code that it has today.
    ///   - legalBasis: the decision that it rests on.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` also for one's own account: nobody gives themselves a role.
    public func grantRole(
        _ role: Role, to account: String, unit: String?, from: CalendarDate? = nil, until: CalendarDate? = nil, legalBasis: String? = nil,
        by actor: Actor
    ) async throws -> GrantAccount {
        try await blocking.run { [self] in
            try acting {
                let act = "give \(account) the role \(role.rawValue)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                let day = now().dateInVietnam
                _ = try seenAccount(account, by: actor)
                let id = try unit.map { try self.unit($0, on: day) }
                if let id { try permit(.administer, in: id, act, by: actor) } else { try permit(.administer, "\(act) everywhere", by: actor) }
                guard actor.principal != account else { throw refuse("nobody gives themselves a role; let somebody else do it") }
                guard role != .citizen else {
                    throw refuse("a citizen needs none: whose account stands in a person's declaration is that person; see minhchung person")
                }
                let from = from ?? day
                if let until, until < from { throw refuse("\(until) is before \(from)") }
                let grant = RoleGrant(
                    grant: .random(), account: account, role: role, unit: id, validFrom: from, validUntil: until,
                    legalBasis: try legalBasis.map { try Self.line($0, "legal basis") })
                let held = try catalog.grants(to: account).filter { $0.span.to == nil }
                if let same = held.first(where: { $0.role == role && $0.unit == id && $0.validFrom == from && $0.validUntil == until }) {
                    throw refuse("it has it already, by \(same.id)")
                }
                try append(.roleGranted(grant), about: account, [grant.grant.text] + (id.map { [$0.text] } ?? []), by: actor)
                guard let given = try catalog.grant(grant.grant) else { throw ArchiveError.notFound("grant", grant.grant.text) }
                return GrantAccount(given, on: day)
            }
        }
    }

    /// Takes a role back.
    public func withdrawRole(_ reference: String, reason: String, by actor: Actor) async throws -> GrantAccount {
        try await blocking.run { [self] in
            try acting {
                let reach = try reach(of: actor, to: .administer)
                // The beginning of an id would tell of grants elsewhere, if only that there are several.
                guard reach.isEverything || GrantID(reference) != nil else {
                    try recordHidden([], by: actor)
                    throw ArchiveError.notFound("grant", reference)
                }
                let id = try resolve(reference, as: GrantID.self, "grant", within: .everything) { _ in try recordHidden([], by: actor) }
                guard let grant = try catalog.grant(id), reach.isEverything || grant.unit.map(reach.includes) == true else {
                    try recordHidden([id.text], by: actor)
                    throw ArchiveError.notFound("grant", reference)
                }
                let act = "withdraw \(id)"
                guard grant.span.to == nil else { throw ArchiveError.refused(act: act, reason: "it was withdrawn, by record \(grant.span.to ?? 0)") }
                let withdrawal = RoleWithdrawal(grant: id, account: grant.account, reason: try Self.line(reason, "reason"))
                try append(.roleWithdrawn(withdrawal), about: grant.account, [id.text] + (grant.unit.map { [$0.text] } ?? []), by: actor)
                guard let withdrawn = try catalog.grant(id) else { throw ArchiveError.notFound("grant", id.text) }
                return GrantAccount(withdrawn, on: now().dateInVietnam)
            }
        }
    }

    /// An account: one's own, or one that one administers.
    public func account(_ account: String, by actor: Actor) async throws -> AccountAccount {
        try await blocking.run { [self] in
            let view = try seenAccount(account, by: actor)
            return try self.account(of: view, signInChanges: signInChanges(of: view.account, limit: Self.changeLimit))
        }
    }

    /// So many of the changes to how an account signs in are told with it.
    private static let changeLimit = 20

    /// Accounts that one administers, by name, after one that was listed.
    public func accounts(after: String = "", limit: Int = 50, by actor: Actor) async throws -> [AccountAccount] {
        try await blocking.run { [self] in
            let reach = try reach(of: actor, to: .administer)
            guard try isAdministrator(actor) else { throw try refusal("list accounts", .administer, [id.text], by: actor) }
            var found: [AccountAccount] = []
            var last = after
            while found.count < limit, case let page = try catalog.accounts(after: last, limit: limit), let end = page.last {
                let seen = try page.filter { try isAdministered($0, within: reach, by: actor) }
                found += try seen.prefix(limit - found.count).map { try self.account(of: $0) }
                last = end.account
            }
            return found
        }
    }

    // MARK: Who sees which account

    /// How an account stands among the subjects of a record: no id has a colon.
    static func subject(_ account: String) -> String { "account:\(account)" }

    @discardableResult
    private func append(_ body: RecordBody, about account: String, _ subjects: [String], by actor: Actor) throws -> Int {
        try catalog.append([Catalog.Draft(body, subjects: [Self.subject(account)] + subjects)], by: actor, at: now()).lowerBound
    }

    private func isAdministrator(_ actor: Actor) throws -> Bool {
        let reach = try reach(of: actor, to: .administer)
        return reach.isEverything || !reach.isEmpty
    }

    /// Whether an account is one of those within reach: a role of it is; or it never had one, and is that of people there, or of nobody
    /// and was opened by this actor.
    private func isAdministered(_ account: AccountView, within reach: Reach, by actor: Actor) throws -> Bool {
        if reach.isEverything { return true }
        if reach.isEmpty { return false }
        let grants = try catalog.grants(to: account.account)
        if grants.isEmpty { return try isUnclaimed(account, within: reach, by: actor) }
        return grants.contains { $0.unit.map(reach.includes) == true }
    }

    /// Whether an account without roles is this actor's to administer: else every unit could take over what another has just opened.
    private func isUnclaimed(_ account: AccountView, within reach: Reach, by actor: Actor) throws -> Bool {
        if try !catalog.people(account: account.account).isEmpty { return try isOfPeople(account.account, within: reach) }
        return try catalog.record(account.openedRecord).header.actor.principal == actor.principal
    }

    /// Whether all people whose own account it is are registered within reach: a citizen's is no account that every unit may take over.
    private func isOfPeople(_ account: String, within reach: Reach) throws -> Bool {
        try catalog.people(account: account).allSatisfy { $0.unit.map(reach.includes) == true }
    }

    func seenAccount(_ account: String, by actor: Actor) throws -> AccountView {
        let known = Actor.isAccount(account) ? try catalog.account(account) : nil
        guard let known, try account == actor.account || isAdministered(known, within: reach(of: actor, to: .administer), by: actor) else {
            try recordHidden(known == nil ? [] : [Self.subject(account)], by: actor)
            throw ArchiveError.notFound("account", account)
        }
        return known
    }

    /// Who closes an account takes all its roles: it needs them all within reach.
    func permitAdministering(_ account: String, _ act: String, by actor: Actor) throws {
        let reach = try reach(of: actor, to: .administer)
        let grants = try catalog.grants(to: account)
        let held = grants.filter { $0.span.to == nil }
        // One that has lost all its roles is still of the units where it had them.
        let counted = held.isEmpty ? grants : held
        let isClaimed = try !counted.isEmpty || catalog.account(account).map { try isUnclaimed($0, within: reach, by: actor) } ?? false
        guard
            try reach.isEverything
                || !reach.isEmpty && isClaimed && counted.allSatisfy({ $0.unit.map(reach.includes) == true }) && isOfPeople(account, within: reach),
            actor.principal != account
        else { throw try refusal(act, .administer, [Self.subject(account)], by: actor) }
    }

    private func account(of view: AccountView, signInChanges: [SignInChangeAccount]? = nil) throws -> AccountAccount {
        let day = now().dateInVietnam
        return AccountAccount(
            account: view.account, isOpen: view.isOpen, openedRecord: view.openedRecord, closedRecord: view.closedRecord,
            people: try catalog.people(account: view.account).map(\.id),
            grants: try catalog.grants(to: view.account).map { GrantAccount($0, on: day) }, signInChanges: signInChanges)
    }
}

extension GrantAccount {
    init(_ view: GrantView, on day: CalendarDate) {
        self.init(
            id: view.id, role: view.role, unit: view.unit, validFrom: view.validFrom, validUntil: view.validUntil, record: view.span.from,
            withdrawnRecord: view.span.to, isInForce: view.holds(on: day))
    }
}
