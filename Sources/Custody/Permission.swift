internal import Catalog
public import Evidence

/// What somebody may be allowed to do.
public enum Permission: Sendable, Hashable {
    /// See evidence, people, dossiers, titles, and what is derived of them.
    case read
    /// Hand in evidence and say what it is.
    case submit
    /// Act on a dossier, its evidence or its title in this role.
    case act(Role)
    /// Declare people.
    case register
    /// See whether other people have the same proof.
    case compare
    /// Take a title's evidence out of the archive.
    case bundle
    /// See who saw what, and look at the ledger itself.
    case inspect
    /// Declare units and import rules.
    case govern
    /// Open accounts and give roles: no evidence is seen for that.
    case administer
    /// Look after the archive.
    case maintain

    /// Who has it, where they have their role.
    var roles: Set<Role> {
        switch self {
        case .read: [.assistant, .reviewer, .appraiser, .confirmer, .authority, .inspector]
        case .submit, .register: [.assistant]
        case .act(let role): role == .citizen ? [] : [role]
        case .compare: [.reviewer, .appraiser, .confirmer, .authority, .inspector]
        case .bundle: [.authority, .inspector]
        case .inspect: [.inspector]
        case .govern, .administer, .maintain: [.administrator]
        }
    }

    /// Whether everybody has it for what is their own. A person's account is its citizen without any grant.
    var isForOwn: Bool {
        switch self {
        case .read, .submit, .inspect, .act(.citizen): true
        case .act, .register, .compare, .bundle, .govern, .administer, .maintain: false
        }
    }

    /// Whether it takes in what oneself handed in and nobody is declared the holder of, such as the minutes of a review.
    var isForDeposits: Bool {
        switch self {
        case .read, .submit, .act: true
        case .register, .compare, .bundle, .inspect, .govern, .administer, .maintain: false
        }
    }
}

extension Archive {
    /// What `actor` may do `permission` to. The one place that decides; every query and every act asks it.
    ///
    /// The operator at the console holds the disk in hand and may do everything, in whosever name. All others have what is their own, and
    /// what their grants of this day give them in units and all that is below these; an account that is not open has nothing.
    func reach(of actor: Actor, to permission: Permission) throws -> Reach {
        if actor.isConsole { return .everything }
        guard actor.actingAs == nil, try catalog.account(actor.account)?.isOpen == true else {
            return Reach(account: "", people: [], units: [])
        }
        let day = now().dateInVietnam
        let roles = permission.roles
        let grants = try catalog.grants(to: actor.account).filter { roles.contains($0.role) && $0.holds(on: day) }
        var units: Set<UnitID> = []
        for grant in grants {
            guard let unit = grant.unit else { return .everything }
            if !units.contains(unit) { units.formUnion(try catalog.units(under: unit, on: day)) }
        }
        return Reach(
            account: permission.isForDeposits ? actor.account : "",
            people: permission.isForOwn ? try catalog.people(account: actor.account).map(\.id) : [], units: units)
    }

    /// Returns when `actor` may do this everywhere.
    func permit(_ permission: Permission, _ act: String, by actor: Actor) throws {
        guard try reach(of: actor, to: permission).isEverything else { throw try refusal(act, permission, [id.text], by: actor) }
    }

    /// Returns when `actor` may do this in a unit.
    func permit(_ permission: Permission, in unit: UnitID, _ act: String, by actor: Actor) throws {
        guard try reach(of: actor, to: permission).includes(unit) else { throw try refusal(act, permission, [unit.text], by: actor) }
    }

    /// Returns when `actor` may do this to an item that they see.
    func permit(_ permission: Permission, to item: EvidenceID, _ act: String, by actor: Actor) throws {
        guard try catalog.item(item, within: reach(of: actor, to: permission)) != nil else {
            throw try refusal(act, permission, [item.text], by: actor)
        }
    }

    /// Returns when `actor` may do this to a person, a dossier, a title or a citation that they see.
    func permit<ID: OpaqueIdentifier>(_ permission: Permission, to id: ID, _ act: String, by actor: Actor) throws {
        guard try catalog.ids(ID.self, prefix: id.text, within: reach(of: actor, to: permission), limit: 1).first == id else {
            throw try refusal(act, permission, [id.text], by: actor)
        }
    }

    /// The error for what is not permitted, once it is in the access log.
    func refusal(_ act: String, _ permission: Permission, _ subjects: [String], by actor: Actor) throws -> ArchiveError {
        try catalog.appendAccess(.refused, to: subjects, by: actor, at: now())
        let roles = Role.allCases.filter { permission.roles.contains($0) }.map(\.rawValue)
        return .notPermitted(
            act: act, reason: roles.isEmpty ? "it is not your own" : "it takes the role \(roles.joined(separator: " or ")) there")
    }

    /// Records that somebody asked for what is not there, or is hidden from them; the answer is the same. The operator sees everything:
    /// what is not there for them was not refused.
    ///
    /// - Parameter hidden: what it would have been.
    func recordHidden(_ hidden: [String], by actor: Actor) throws {
        if actor.isConsole { return }
        try catalog.appendAccess(.refused, to: hidden.isEmpty ? [id.text] : hidden, by: actor, at: now())
    }

    /// Records that a request was refused for how it was sent, whatever its account may do: a token that allows less, or another site that
    /// may have asked.
    public func recordRefusal(by actor: Actor) async throws {
        try await blocking.run { [self] in try catalog.appendAccess(.refused, to: [id.text], by: actor, at: now()) }
    }
}
