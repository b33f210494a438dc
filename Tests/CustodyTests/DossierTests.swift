import Custody
import Evidence
import Recognition
import Testing

@Suite("Dossiers", .serialized, .timeLimit(.minutes(10)))
struct DossierTests {
    // MARK: The table of transitions, on real dossiers

    /// The shortest way from the registration to every state that there is.
    private static func paths(of life: DossierLife) -> [(state: DossierLife.State, path: [DossierLife.Transition])] {
        var found: [(DossierLife.State, [DossierLife.Transition])] = [(.registered, [])]
        var seen: Set<DossierLife.State> = [.registered]
        var place = 0
        while place < found.count {
            let (state, path) = found[place]
            for transition in life.transitions where transition.from == state && seen.insert(transition.to).inserted {
                found.append((transition.to, path + [transition]))
            }
            place += 1
        }
        return found
    }

    /// Tries an act in a role, as this account, with nothing else wrong.
    private static func attempt(
        _ act: DossierAct, _ role: Role, _ dossier: DossierID, _ ward: TestWard, by actor: Actor
    ) async throws {
        switch act {
        case .recognise, .refuse: _ = try await ward.archive.decide([dossier.text], by: ward.document(), role: role, by: actor)
        case .revoke:
            guard let title = try await ward.account(dossier).titles.last else { throw Unexpected("no title") }
            _ = try await ward.archive.revoke(title.id.text, reason: "thử", legalBasis: "thử", role: role, by: actor)
        default:
            try await ward.step(act, dossier, role, reason: "thử", review: act == .review ? ward.review() : nil, by: actor)
        }
    }

    @Test(
        "in every state every act that the table does not have is refused, and so is every account that may not; nothing is recorded",
        arguments: ["tan-thanh-ward", "lang-son-agency"])
    func illegal(rules: String) async throws {
        try await TestPlace().ward { ward in
            let imported = try await ward.archive.rules()
            guard case .ruleSet(let set)? = imported.first(where: { $0.document.code == rules })?.document else { throw Unexpected(rules) }
            let life = try DossierLife(track: set.track.value)
            let paths = Self.paths(of: life)
            #expect(Set(paths.map(\.state)) == Set(life.transitions.flatMap { [$0.from, $0.to] }))
            var seen: Set<DossierLife.State> = []
            var refusals = 0
            for (target, path) in paths.reversed() where !seen.contains(target) {
                let citizen = try await ward.citizen()
                let dossier = try await ward.open(citizen, rules: rules)
                let item = try await ward.proof(of: citizen)
                var state = DossierLife.State.registered
                for (place, transition) in path.enumerated() {
                    if seen.insert(state).inserted { refusals += try await Self.refusals(in: state, of: life, dossier, citizen, ward) }
                    if transition.act == .submit, try await ward.account(dossier).citations.isEmpty {
                        for indicator in indicators { try await ward.cite(dossier, indicator.text, item, citizen) }
                    }
                    // What is proposed makes the decision that comes next.
                    let isRefused = path[place...].first { [.recognise, .refuse].contains($0.act) }?.act == .refuse
                    try await ward.take(transition.act, dossier, citizen, isRefused ? scores(9, ["C1": 4]) : scores(9))
                    state = transition.to
                    #expect(try await ward.stage(dossier) == state.stage)
                }
                if seen.insert(state).inserted { refusals += try await Self.refusals(in: state, of: life, dossier, citizen, ward) }
            }
            #expect(seen == Set(paths.map(\.state)))
            print("\(rules): \(seen.count) states, \(refusals) refusals")
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    private static func refusals(
        in state: DossierLife.State, of life: DossierLife, _ dossier: DossierID, _ citizen: Citizen, _ ward: TestWard
    ) async throws -> Int {
        let records = try await ward.records()
        let possible = life.transitions.filter { $0.from == state }
        #expect(try await ward.account(dossier).next.map(\.act) == possible.map(\.act), "\(state)")
        let hasTitle = try await !ward.account(dossier).titles.isEmpty
        let citizens: [Role] = [.citizen, .assistant]
        let citizenActs: [DossierAct] = [.declare, .submit, .withdraw, .object, .appeal]
        var refusals = 0
        func expectRefusal(_ act: DossierAct, _ role: Role, by actor: Actor, _ isRight: (any Error) -> Bool) async throws {
            refusals += 1
            do {
                try await attempt(act, role, dossier, ward, by: actor)
                Issue.record("\(act) as \(role) by \(actor.principal) in \(state) was not refused")
            } catch {
                #expect(isRight(error), "\(act) as \(role) by \(actor.principal) in \(state): \(error)")
            }
        }
        for act in DossierAct.allCases where act != .revoke || hasTitle {
            // One operation recognises or refuses, as the verdict is.
            let same: [DossierAct] = [.recognise, .refuse].contains(act) ? [.recognise, .refuse] : [act]
            let roles = possible.filter { same.contains($0.act) }.reduce(into: Set<Role>()) { $0.formUnion($1.roles) }
            for role in Role.allCases {
                let rightful = role == .citizen ? citizen.actor : officer(role)
                guard roles.contains(role) else {
                    try await expectRefusal(act, role, by: rightful) { error in
                        if case LifeError.impossible = error { true } else { error is ArchiveError }
                    }
                    continue
                }
                if !citizenActs.contains(act) || !citizens.contains(role) {
                    try await expectRefusal(act, role, by: citizen.actor) { error in
                        if case LifeError.ownDossier = error { true } else { false }
                    }
                }
                if role == .citizen, act != .reopen {
                    try await expectRefusal(act, role, by: officer(.assistant)) { "\($0)".contains("is not the citizen") }
                }
                if [.recognise, .refuse, .uphold, .revoke].contains(act) {
                    try await expectRefusal(act, role, by: officer(.reviewer)) { error in
                        if case LifeError.decidesOwnScores = error { true } else { false }
                    }
                }
                // Nor does who decided decide whether that was right.
                if act == .uphold {
                    try await expectRefusal(act, role, by: officer(.authority)) { error in
                        if case LifeError.decidesOwnScores = error { true } else { false }
                    }
                }
            }
        }
        #expect(try await ward.records() == records, "\(state)")
        #expect(try await ward.stage(dossier) == state.stage)
        return refusals
    }

    // MARK: Who acts

    @Test func `an assistant acts under their own name, and it shows`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen(hasAccount: false)
            let item = try await ward.proof(of: citizen)
            let dossier = try await ward.archive.openDossier(
                person: citizen.id.text, cycle: 2026, unit: "20335", rules: "tan-thanh-ward", criteria: "framework", role: .assistant,
                by: officer(.assistant)
            ).id
            #expect(try await ward.account(dossier).dossier.unit == ward.unit)
            try await ward.step(.declare, dossier, .assistant, by: officer(.assistant))
            for indicator in indicators {
                _ = try await ward.archive.cite(dossier.text, indicator, item: item.text, role: .assistant, by: officer(.assistant))
            }
            try await ward.archive.score(dossier.text, .selfScore, scores(9), role: .assistant, by: officer(.assistant))
            try await ward.step(.submit, dossier, .assistant, by: officer(.assistant))
            let stages = try await ward.account(dossier).stages
            #expect(stages.map(\.stage) == [.registered, .declaring, .submitted])
            #expect(stages.allSatisfy { $0.role == .assistant && $0.account == "assistant-1" })
            #expect(stages.map(\.until) == [stages[1].record, stages[2].record, nil])
            let entries = try await ward.archive.history(dossier.text, by: officer(.inspector)).entries
            #expect(entries.count == 14 && entries.allSatisfy { $0.actor == officer(.assistant) && $0.text.contains("by assistant") })
        }
    }

    @Test func `the first account that acts as the citizen is the citizen's, where none was registered`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen(hasAccount: false)
            let dossier = try await ward.open(citizen)
            let other = Actor.console(user: "lan", actingAs: "somebody")
            let error = try await ward.refused { try await ward.step(.declare, dossier, .citizen, by: other) }
            #expect(error.contains("somebody is not the citizen") && error.contains("--role assistant"))
            try await ward.take(.declare, dossier, citizen)
        }
    }

    @Test func `an account that was ever the person's stays theirs`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let dossier = try await ward.declared(citizen, item)
            try await ward.advance(dossier, citizen, to: .submitted)
            func declare(_ account: String) async throws {
                let entry = PersonEntry(
                    name: "Người \(citizen.actor.principal)", birthYear: 1980, account: account, person: citizen.id)
                let outcomes = try await ward.archive.registerPeople([entry], by: officer(.administrator))
                guard case .changed(citizen.id)? = outcomes.first else { throw Unexpected("\(outcomes)") }
            }
            // An office of their own, declared as theirs for a while.
            try await declare("reviewer-2")
            try await declare("person-x")
            for account in [citizen.actor.principal, "reviewer-2", "person-x"] {
                let actor = Actor.console(user: "lan", actingAs: account)
                let scored = try await ward.refused {
                    try await ward.archive.score(dossier.text, .collective, scores(10), role: .reviewer, by: actor)
                }
                #expect(scored.contains("nobody scores their own dossier as reviewer"), "\(account): \(scored)")
                let returned = try await ward.refused { try await ward.step(.returnForSupplement, dossier, .reviewer, reason: "x", by: actor) }
                #expect(returned.contains("account \(account)'s own dossier"), "\(returned)")
                let verified = try await ward.refused {
                    try await ward.archive.verifyEvidence(item.text, .verified, method: .originalSeen, role: .reviewer, by: actor)
                }
                #expect(verified.contains("own"), "\(verified)")
            }
            // Before any dossier cites it, too.
            let fresh = try await ward.proof(of: citizen)
            let verified = try await ward.refused {
                try await ward.archive.verifyEvidence(
                    fresh.text, .verified, method: .originalSeen, role: .reviewer, by: .console(user: "lan", actingAs: "reviewer-2"))
            }
            #expect(verified.contains("it is reviewer-2's own"), "\(verified)")
        }
    }

    // MARK: What a step needs

    @Test func `several dossiers take a step together, or none does`() async throws {
        try await TestPlace().ward { ward in
            let (one, two) = (try await ward.citizen(), try await ward.citizen())
            let (first, second) = (try await ward.open(one), try await ward.open(two))
            try await ward.take(.declare, second, two)
            func declare() async throws -> [DossierSummary] {
                try await ward.archive.step(
                    [first.text, second.text, first.text], .declare, role: .assistant, reason: nil, by: officer(.assistant))
            }
            #expect(try await ward.refused { _ = try await declare() }.contains("cannot declare: the dossier is declaring"))
            #expect(try await ward.stage(first) == .registered)
            try await ward.take(.withdraw, second, two)
            let before = try await ward.records()
            let taken = try await declare()
            #expect(taken.map(\.id) == [first, second] && taken.allSatisfy { $0.stage == .declaring })
            #expect(try await ward.records() == before + 2)
            #expect(try await ward.archive.step([], .declare, role: .assistant, reason: nil, by: officer(.assistant)).isEmpty)
        }
    }

    @Test func `what goes back, or against somebody, needs a reason`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: .submitted)
            for reason in [nil, "", "  ", "thiếu\nminh chứng"] {
                let error = try await ward.refused {
                    try await ward.step(.returnForSupplement, dossier, .reviewer, reason: reason, by: officer(.reviewer))
                }
                #expect(error.contains("reason"), "\(error)")
            }
            try await ward.step(.returnForSupplement, dossier, .reviewer, reason: " thiếu  minh chứng", by: officer(.reviewer))
            let last = try #require(try await ward.archive.history(dossier.text, by: officer(.inspector)).entries.last)
            #expect(last.text == "return by reviewer, submitted → returned: thiếu minh chứng")
        }
    }

    @Test func `a collective review keeps who took part, the votes and the minutes, and is refused where they cannot be`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: .submitted)
            try await ward.archive.score(dossier.text, .collective, scores(9), role: .reviewer, by: officer(.reviewer))
            func review(_ entry: Archive.ReviewEntry?) async throws {
                try await ward.step(.review, dossier, .reviewer, review: entry, by: officer(.reviewer))
            }
            func entry(_ votesFor: Int, _ votesAgainst: Int, people: Int = 2, on date: String = TestWard.heldOn, minutes: String? = nil) throws
                -> Archive.ReviewEntry
            {
                Archive.ReviewEntry(
                    heldOn: try day(date), participants: (0..<people).map { "Người \($0)" }, votesFor: votesFor, votesAgainst: votesAgainst,
                    minutes: minutes ?? ward.minutes.text)
            }
            for (held, reason) in [
                (nil, "needs its date, participants, votes and minutes"), (try entry(2, 1), "more votes than participants"),
                (try entry(.max, .max), "more votes than participants"),
                (try entry(-1, 1), "votes"), (try entry(0, 0, people: 0), "none took part"), (try entry(1, 1, on: "2026-11-22"), "is not yet"),
                (try entry(1, 1, on: "2025-12-31"), "2025-12-31 is before the cycle 2026 began"),
                (try entry(1, 1, minutes: "ev-0000000000000000"), "cannot find evidence item ev-0000000000000000"),
            ] as [(Archive.ReviewEntry?, String)] {
                let error = try await ward.refused { try await review(held) }
                #expect(error.contains(reason), "\(error)")
            }
            let misplaced = try await ward.refused {
                try await ward.step(.returnForSupplement, dossier, .reviewer, reason: "x", review: ward.review(), by: officer(.reviewer))
            }
            #expect(misplaced.contains("only a review has votes"))
            try await review(try entry(1, 1))
            let last = try #require(try await ward.archive.history(dossier.text, by: officer(.inspector)).entries.last)
            #expect(last.text == "review by reviewer, submitted → reviewed; 1 of 2 for, 1 against, on 2026-11-19")
        }
    }

    @Test func `decisions and revocations are no steps`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: .proposed)
            for act in [DossierAct.recognise, .refuse, .revoke] {
                let error = try await ward.refused {
                    try await ward.step(act, dossier, .authority, reason: "x", by: officer(.authority))
                }
                #expect(error.contains("that takes a document"))
            }
        }
    }

    @Test func `dossiers are listed by cycle, unit and stage, page by page`() async throws {
        try await TestPlace().ward { ward in
            var opened: [DossierID] = []
            for place in 0..<5 {
                let citizen = try await ward.citizen()
                let dossier = try await ward.open(citizen, unit: place % 2 == 0 ? ward.unit : ward.otherUnit)
                if place == 4 { try await ward.take(.declare, dossier, citizen) }
                opened.append(dossier)
            }
            func list(_ unit: String? = nil, _ stage: DossierStage? = nil, after: DossierID? = nil, limit: Int = 50) async throws -> [DossierID] {
                try await ward.archive.dossiers(cycle: 2026, unit: unit, stage: stage, after: after, limit: limit, by: officer(.inspector)).map(\.id)
            }
            #expect(try await list() == opened)
            #expect(try await list("20335") == [opened[0], opened[2], opened[4]])
            #expect(try await list(nil, .registered) == Array(opened[..<4]))
            #expect(try await list("20335", .declaring) == [opened[4]])
            #expect(try await list(limit: 2) == Array(opened[..<2]))
            #expect(try await list(after: opened[1], limit: 2) == Array(opened[2..<4]))
            #expect(try await ward.archive.dossiers(cycle: 2025, by: officer(.inspector)).isEmpty)
        }
    }
}
