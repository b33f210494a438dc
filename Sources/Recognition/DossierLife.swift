public import Evidence

/// The life of a dossier, from registration to decision and after it, as one table of transitions.
///
/// The steps between submission and decision are the review track of the rule set; all else is the same for every dossier:
/// - A dossier goes back for a supplement by whoever would act next, and is declared again.
/// - A withdrawn dossier may be declared again: a person has one dossier a cycle, and nobody is locked out by a withdrawal.
///   Once a decision stands, it is too late to withdraw: there is the objection.
/// - Cited evidence that changed before the decision opens the review again, whoever brought the new bytes, and so does an objection or appeal that is granted.
///   What was decided before stands meanwhile, until a new decision or a revocation.
/// - A recognition, a refusal and a revocation can each be objected to, by others too, and more than once. An appeal needs an
///   objection that was upheld before it.
/// - A recognition that stands can be revoked wherever its dossier is, or a dossier that nobody submits again would keep it.
public struct DossierLife: Sendable {
    /// Where a dossier is.
    public struct State: Sendable, Hashable {
        public let stage: DossierStage
        /// What the decision that stands says; `nil` when none stands, because there was none yet or it was revoked. An objection
        /// that is upheld returns there: to recognised, refused, or (`nil`) revoked.
        public let wasRecognised: Bool?
        /// Whether an objection to what was decided last was upheld, so that it can be appealed.
        public let isUpheld: Bool

        public init(stage: DossierStage, wasRecognised: Bool? = nil, isUpheld: Bool = false) {
            self.stage = stage
            self.wasRecognised = wasRecognised
            self.isUpheld = isUpheld
        }

        /// Where every dossier begins.
        public static let registered = State(stage: .registered)
    }

    /// A row of the table: in state `from`, each of `roles` may take `act`, and then the dossier is in state `to`.
    public struct Transition: Sendable, Hashable {
        public let from: State
        public let act: DossierAct
        public let roles: Set<Role>
        public let to: State
    }

    /// Every transition there is, at most one for a state and an act; what is not here is refused. Every state in it can be reached.
    public let transitions: [Transition]
    private let transitionsFrom: [State: [Transition]]

    /// - Parameter track: the steps in their order. The last is written as `recognise` and stands for `recognise` and `refuse`.
    /// - Throws: when the track is not one: it is empty, has an act that is no step, an act twice, steps out of the order review,
    ///   appraise, confirm, propose, recognise, a step for a role that takes none, or does not begin with review and end with
    ///   recognise.
    public init(track: [TrackStep]) throws(LifeError) {
        try Self.check(track)
        transitions = Self.table(of: track)
        transitionsFrom = Dictionary(grouping: transitions, by: \.from)
    }

    /// The state after `act` by `role`.
    /// - Throws: ``LifeError/impossible(act:role:from:possible:)``, which says what is possible instead.
    public func state(after act: DossierAct, by role: Role, from state: State) throws(LifeError) -> State {
        let possible = transitionsFrom[state] ?? []
        guard let transition = possible.first(where: { $0.act == act && $0.roles.contains(role) }) else {
            throw .impossible(act: act, role: role, from: state, possible: possible)
        }
        return transition.to
    }

    /// The acts that `role` may take now, for menus and messages, in the order of the table.
    public func acts(for role: Role, from state: State) -> [DossierAct] {
        (transitionsFrom[state] ?? []).filter { $0.roles.contains(role) }.map(\.act)
    }

    // MARK: Four eyes and reasons

    /// Returns when this account may take `act` in `role` as far as separation of duties goes; whether the stage allows the act is
    /// not looked at.
    ///
    /// Nobody acts on their own dossier but for its citizen, and who scored it neither decides on it nor on an objection to that.
    /// To reopen is free to who scored: it decides nothing, and who sees changed evidence first is often the one who scored it.
    /// - Parameters:
    ///   - ownAccounts: the person's own account and every account that acted as citizen on the dossier.
    ///   - scoredBy: every account that scored the dossier, other than as its citizen.
    /// - Throws: ``LifeError/ownDossier(act:role:account:)`` or ``LifeError/decidesOwnScores(act:account:)``.
    public static func checkSeparation(
        act: DossierAct, role: Role, account: String, ownAccounts: Set<String>, scoredBy: Set<String>
    ) throws(LifeError) {
        if ownAccounts.contains(account), !citizenActs.contains(act) || !citizenRoles.contains(role) {
            throw .ownDossier(act: act, role: role, account: account)
        }
        if scoredBy.contains(account), [.recognise, .refuse, .uphold, .revoke].contains(act) {
            throw .decidesOwnScores(act: act, account: account)
        }
    }

    /// Whether the record of `act` must say why: all that does not go straight on must, so that the citizen, and whoever is asked
    /// next, can answer it; a withdrawal too, because an assistant may enter it. A refusal need not, because its decision lists
    /// every rule that is not met.
    public static func requiresReason(_ act: DossierAct) -> Bool {
        switch act {
        case .returnForSupplement, .withdraw, .object, .appeal, .uphold, .reopen, .revoke: true
        case .declare, .submit, .review, .appraise, .confirm, .propose, .recognise, .refuse: false
        }
    }

    private static let citizenActs: Set<DossierAct> = [.declare, .submit, .withdraw, .object, .appeal]
    /// The citizen, and the assistant who enters for them.
    private static let citizenRoles: Set<Role> = [.citizen, .assistant]

    // MARK: The table

    /// The steps that a track may have, in their order, and the stage after each.
    private static let steps: [(act: DossierAct, stage: DossierStage)] = [
        (.review, .reviewed), (.appraise, .appraised), (.confirm, .confirmed), (.propose, .proposed), (.recognise, .recognised),
    ]

    private static func check(_ track: [TrackStep]) throws(LifeError) {
        guard let first = track.first, let last = track.last else { throw .emptyTrack }
        var passed: [DossierAct] = []
        for step in track {
            guard let place = steps.firstIndex(where: { $0.act == step.act }) else { throw .noStep(step.act) }
            guard !passed.contains(step.act) else { throw .stepTwice(step.act) }
            if let later = passed.first(where: { act in steps[place...].contains { $0.act == act } }) {
                throw .stepTooLate(step.act, after: later)
            }
            guard [.reviewer, .appraiser, .confirmer, .authority].contains(step.role) else {
                throw .noStepForRole(step.act, step.role)
            }
            passed.append(step.act)
        }
        guard first.act == .review else { throw .stepMissing(.review) }
        guard last.act == .recognise else { throw .stepMissing(.recognise) }
    }

    private static func table(of track: [TrackStep]) -> [Transition] {
        var table: [Transition] = []
        func add(_ act: DossierAct, by roles: Set<Role>, from: State, to: State) {
            table.append(Transition(from: from, act: act, roles: roles, to: to))
        }

        let withdrawn = State(stage: .withdrawn)
        let declaring = State(stage: .declaring)
        add(.declare, by: citizenRoles, from: .registered, to: declaring)
        add(.declare, by: citizenRoles, from: withdrawn, to: declaring)

        let standings: [(wasRecognised: Bool?, decided: DossierStage)] = [(nil, .revoked), (true, .recognised), (false, .refused)]
        for (wasRecognised, decided) in standings {
            func at(_ stage: DossierStage, isUpheld: Bool = false) -> State {
                State(stage: stage, wasRecognised: wasRecognised, isUpheld: isUpheld)
            }

            add(.declare, by: citizenRoles, from: at(.returned), to: at(.declaring))
            add(.submit, by: citizenRoles, from: at(.declaring), to: at(.submitted))

            var stage = DossierStage.submitted
            for (act, next) in steps {
                guard let role = track.first(where: { $0.act == act })?.role else { continue }
                if act == .recognise {
                    add(.recognise, by: [role], from: at(stage), to: State(stage: .recognised, wasRecognised: true))
                    add(.refuse, by: [role], from: at(stage), to: State(stage: .refused, wasRecognised: false))
                } else {
                    add(act, by: [role], from: at(stage), to: at(next))
                }
                add(.returnForSupplement, by: [role], from: at(stage), to: at(.returned))
                if stage != .submitted { add(.reopen, by: citizenRoles.union([.reviewer, .appraiser]), from: at(stage), to: at(.submitted)) }
                stage = next
            }

            for isUpheld in [false, true] {
                let objected = at(.objected, isUpheld: isUpheld)
                add(.object, by: citizenRoles.union([.reviewer]), from: at(decided, isUpheld: isUpheld), to: objected)
                add(.uphold, by: [.authority], from: objected, to: at(decided, isUpheld: true))
                add(.reopen, by: [.authority], from: objected, to: at(.submitted))
            }
            let appealed = at(.appealed, isUpheld: true)
            add(.appeal, by: citizenRoles, from: at(decided, isUpheld: true), to: appealed)
            add(.uphold, by: [.authority], from: appealed, to: at(decided, isUpheld: true))
            add(.reopen, by: [.authority], from: appealed, to: at(.submitted))
        }

        let noMoreWithdrawn: Set<DossierStage> = [.withdrawn, .revoked, .objected, .appealed]
        var visited: Set<State> = []
        for state in table.map(\.from) where visited.insert(state).inserted {
            if state.wasRecognised == true {
                add(.revoke, by: [.authority], from: state, to: State(stage: .revoked))
            } else if state.wasRecognised == nil, !noMoreWithdrawn.contains(state.stage) {
                add(.withdraw, by: citizenRoles, from: state, to: withdrawn)
            }
        }
        return table
    }
}

/// Why a track is none, or an act on a dossier is refused.
public enum LifeError: Error, Sendable, Equatable, CustomStringConvertible {
    case emptyTrack
    case noStep(DossierAct)
    case stepTwice(DossierAct)
    case stepTooLate(DossierAct, after: DossierAct)
    case stepMissing(DossierAct)
    case noStepForRole(DossierAct, Role)
    /// With every transition that is possible from there.
    case impossible(act: DossierAct, role: Role, from: DossierLife.State, possible: [DossierLife.Transition])
    /// Somebody would act on their own dossier in an office.
    case ownDossier(act: DossierAct, role: Role, account: String)
    /// Who scored would decide.
    case decidesOwnScores(act: DossierAct, account: String)

    public var description: String {
        switch self {
        case .emptyTrack: "cannot use the track: it has no step; begin with review and end with recognise"
        case .noStep(let act):
            "cannot use the track: \(act.rawValue) is no step; steps are review, appraise, confirm, propose, recognise"
        case .stepTwice(let act): "cannot use the track: the step \(act.rawValue) is there twice; keep one"
        case .stepTooLate(let act, let later):
            "cannot use the track: \(act.rawValue) comes after \(later.rawValue); put it before"
        case .stepMissing(let act): "cannot use the track: the step \(act.rawValue) is missing; add it"
        case .noStepForRole(let act, let role):
            "cannot use the track: \(act.rawValue) is given to \(role.rawValue); give it to reviewer, appraiser, confirmer or authority"
        case .impossible(let act, let role, let state, let possible):
            // The role is to blame only where the act itself is possible.
            "cannot \(act.rawValue)\(possible.contains { $0.act == act } ? " as \(role.rawValue)" : ""): "
                + "the dossier is \(state.stage.rawValue); possible now: \(Self.list(possible))"
        case .ownDossier(let act, let role, let account):
            "cannot \(act.rawValue) as \(role.rawValue): it is account \(account)'s own dossier, and nobody reviews their own; "
                + "let somebody else act"
        case .decidesOwnScores(let act, let account):
            "cannot \(act.rawValue): account \(account) scored this dossier, and who scores does not decide; let somebody else decide"
        }
    }

    private static func list(_ possible: [DossierLife.Transition]) -> String {
        if possible.isEmpty { return "nothing on this track" }
        return possible.map { transition in
            let roles = Role.allCases.filter(transition.roles.contains).map(\.rawValue)
            return "\(transition.act.rawValue) (\(roles.joined(separator: ", ")))"
        }.joined(separator: ", ")
    }
}
