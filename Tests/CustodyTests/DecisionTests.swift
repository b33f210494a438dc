import Custody
import Evidence
import Recognition
import Testing

@Suite("Decisions", .serialized, .timeLimit(.minutes(10)))
struct DecisionTests {
    /// A dossier that is proposed with these scores.
    private static func proposed(
        _ ward: TestWard, _ citizen: Citizen, _ given: [IndicatorCode: Score] = scores(9), cycle: Int = 2026, rules: String = "tan-thanh-ward"
    ) async throws -> DossierID {
        let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen), cycle: cycle, rules: rules)
        try await ward.advance(dossier, citizen, to: .proposed, given)
        return dossier
    }

    @Test func `one document decides about three people, each by the rules`() async throws {
        try await TestPlace().ward { ward in
            var citizens: [Citizen] = []
            for group in ["farmer", "worker", "intellectual"] { citizens.append(try await ward.citizen(group: group)) }
            let dossiers = [
                try await Self.proposed(ward, citizens[0]), try await Self.proposed(ward, citizens[1], scores(9, ["C1": 4])),
                try await Self.proposed(ward, citizens[2], scores(8)),
            ]
            let before = try await ward.records()
            let scan = try await ward.archive.deposit(try ward.place.source("decision.txt", "QUYẾT ĐỊNH")).onlyItem()
            // Naming a dossier twice decides about it once.
            let outcomes = try await ward.archive.decide(
                (dossiers + [dossiers[0]]).map(\.text), by: ward.document("31", scan: scan), role: .authority, by: officer(.authority))
            #expect(outcomes.map(\.dossier) == dossiers && outcomes.map(\.person) == citizens.map(\.id))
            #expect(outcomes.map { $0.title != nil } == [true, false, true] && Set(outcomes.map(\.decision)).count == 1)
            #expect(outcomes.map(\.record) == [before + 1, before + 2, before + 3])
            #expect(outcomes.map(\.verdict.total) == [Points(90), Points(85), Points(80)])
            #expect(try await ward.stage(dossiers[1]) == .refused)

            // Refused on the floor with a total over 80, with the reason and its source.
            let unmet = outcomes[1].verdict.unmet
            #expect(unmet.map(\.id) == ["floor:C1"] && unmet.map(\.statement) == ["C1 = 4 < 5"])
            #expect(try #require(unmet.first?.description).contains("trong đó không có chỉ số nào dưới 5 điểm"))

            let replays = try await ward.archive.replay(outcomes[0].decision.text, by: officer(.inspector))
            #expect(replays.count == 3 && replays.allSatisfy(\.isSame))
            for (replay, citizen) in zip(replays, citizens) {
                let decision = replay.decision
                #expect(decision.person == citizen.id && decision.unit == ward.unit && decision.cycle == 2026)
                #expect(decision.document.codeNumber == "31" && decision.document.signer == "Chủ tịch")
                #expect(decision.document.authority == "UBND phường" && decision.document.scan?.item == scan)
                #expect(decision.scores.count == 10 && decision.citations.count == 10)
                #expect(decision.reviewers == ["appraiser-1", "confirmer-1", "reviewer-1"] && decision.role == .authority)
            }
            #expect(replays.map(\.decision.group) == ["farmer", "worker", "intellectual"])
            #expect(replays[1].decision.unmet == ["floor:C1"] && replays[1].decision.title == nil)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `all are decided or none, and who is in the way is told`() async throws {
        try await TestPlace().ward { ward in
            let (ready, early) = (try await ward.citizen(), try await ward.citizen())
            let proposed = try await Self.proposed(ward, ready)
            let confirmed = try await ward.declared(early, try await ward.proof(of: early))
            try await ward.advance(confirmed, early, to: .confirmed)
            let unknown = DossierID(unchecked: "do-0000000000000000")
            for (dossiers, reason) in [
                ([proposed, confirmed], "the dossier is confirmed"), ([], "no dossier is named"),
                ([proposed, unknown], "cannot find dossier \(unknown)"),
            ] {
                let error = try await ward.refused { _ = try await ward.decide(dossiers, by: ward.document()) }
                #expect(error.contains(reason), "\(error)")
            }
            for (role, account, reason) in [
                (Role.reviewer, Role.reviewer, "as reviewer"), (.appraiser, .appraiser, "as appraiser"), (.citizen, .citizen, "as citizen"),
                (.authority, .reviewer, "account reviewer-1 scored this dossier"),
                (.authority, .appraiser, "account appraiser-1 scored this dossier"),
            ] {
                let error = try await ward.refused { _ = try await ward.decide([proposed], by: ward.document(), role, officer(account)) }
                #expect(error.contains(reason), "\(error)")
            }
        }
    }

    @Test func `a decision document has a number, a date that may be, and a scan that is there`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (proposed, other) = (try await Self.proposed(ward, citizen), try await Self.proposed(ward, try await ward.citizen()))
            for (document, reason) in [
                (try ward.document(""), "number is empty"), (try ward.document(" "), "number is empty"),
                (try ward.document(signer: " "), "signer is empty"), (try ward.document(authority: " "), "authority is empty"),
                (try ward.document(issuedOn: "2026-11-22"), "2026-11-22 is not yet"),
                (try ward.document(issuedOn: "2026-11-18"), "it is dated 2026-11-18, before the collective review of \(proposed) on 2026-11-19"),
                (try ward.document(issuedOn: "2025-12-31"), "it is dated 2025-12-31, before"),
                (try ward.document(scan: EvidenceID(unchecked: "ev-0000000000000000")), "cannot find evidence item ev-0000000000000000"),
            ] {
                let error = try await ward.refused { _ = try await ward.decide([proposed], by: document) }
                #expect(error.contains(reason), "\(error)")
            }
            let first = try #require(try await ward.decide(proposed, by: ward.document("7")).first)
            // The same number of another day is another document.
            let second = try #require(try await ward.decide(other, by: ward.document("7", issuedOn: "2026-11-19")).first)
            #expect(first.decision != second.decision)
            // A day begins at midnight in Việt Nam, at 17:00 UTC.
            let third = try await Self.proposed(ward, try await ward.citizen())
            ward.place.clock.advance(minutes: 10 * 60)
            #expect(try await ward.decide(third, by: ward.document(issuedOn: "2026-11-22")).first?.title != nil)
        }
    }

    @Test func `a preview says what would be decided, and records nothing`() async throws {
        try await TestPlace().ward { ward in
            let (one, two) = (try await ward.citizen(), try await ward.citizen())
            let dossiers = [try await Self.proposed(ward, one), try await Self.proposed(ward, two, scores(9, ["C1": 4]))]
            func decide(_ role: Role = .authority, applies: Bool) async throws -> [DecisionOutcome] {
                try await ward.archive.decide(
                    dossiers.map(\.text), by: ward.document("7"), applies: applies, role: role, by: officer(role))
            }
            let before = try await ward.records()
            let preview = try await decide(applies: false)
            #expect(try await ward.records() == before)
            #expect(preview.allSatisfy { $0.record == nil } && preview.map { $0.title != nil } == [true, false])
            #expect(try await ward.stage(dossiers[0]) == .proposed)
            // What would be refused is refused in the preview as well.
            #expect(try await ward.refused { _ = try await decide(.reviewer, applies: false) }.contains("as reviewer"))
            let outcomes = try await decide(applies: true)
            #expect(outcomes.map(\.verdict) == preview.map(\.verdict) && outcomes.map(\.record) == [before, before + 1])
        }
    }

    @Test func `evidence that fell after the proposal stops the decision of all, and what needs none is decided`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, other) = (try await ward.citizen(), try await ward.citizen())
            let (item, weak, friendly) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.declared(citizen, item, ["B2": weak, "C1": friendly])
            try await ward.advance(dossier, citizen, to: .proposed, scores(10))
            let fine = try await Self.proposed(ward, other)
            // C1 cannot be measured: its points hold without evidence.
            for item in [weak, friendly] {
                try await ward.archive.verifyEvidence(item.text, .rejected, reason: "giả", role: .inspector, by: officer(.inspector))
            }
            for applies in [true, false] {
                let error = try await ward.refused {
                    _ = try await ward.archive.decide(
                        [fine.text, dossier.text], by: ward.document(), applies: applies, role: .authority, by: officer(.authority))
                }
                #expect(error.contains("since it was proposed, evidence of \(dossier) fell: B2 = 10 without evidence"), "\(error)")
                #expect(error.hasSuffix("return it, or have it scored anew") && !error.contains("C1"))
            }
            for dossier in [fine, dossier] { #expect(try await ward.stage(dossier) == .proposed) }
            // Somebody looks again and takes it back: then it is decided, and the decision keeps what was known of each proof.
            try await ward.archive.verifyEvidence(weak.text, .verified, method: .originalSeen, role: .inspector, by: officer(.inspector))
            let outcome = try #require(try await ward.decide(dossier).first)
            #expect(outcome.title != nil && outcome.verdict.total == Points(100))
            let replay = try #require(try await ward.archive.replay(dossier.text, by: officer(.inspector)).first)
            #expect(replay.isSame && replay.decision.citations.filter { $0.verification == .rejected }.map(\.indicator.text) == ["C1"])
        }
    }

    @Test func `a dossier is reviewed anew only with scores that were given anew`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: .proposed)
            try await ward.step(.reopen, dossier, .reviewer, reason: "có bằng chứng mới", by: officer(.reviewer))
            #expect(try await ward.account(dossier).scores.count == 4, "they are there still")
            let steps: [(DossierAct, Role, ScoreKind)] = [
                (.review, .reviewer, .collective), (.appraise, .appraiser, .appraised), (.propose, .appraiser, .final),
            ]
            for (act, role, kind) in steps {
                if act == .propose { try await ward.step(.confirm, dossier, .confirmer, by: officer(.confirmer)) }
                func step() async throws { try await ward.step(act, dossier, role, review: act == .review ? ward.review() : nil, by: officer(role)) }
                #expect(try await ward.refused(step).contains("\(kind.rawValue) scores are missing for A1, A2, A3, A4, B1, B2, B3, B4, C1, C2"))
                try await ward.archive.score(dossier.text, kind, scores(8), role: role, by: officer(role))
                try await step()
            }
            // Returned and submitted again, the self-scores hold, and those of the review do not.
            try await ward.take(.returnForSupplement, dossier, citizen)
            try await ward.take(.declare, dossier, citizen)
            try await ward.step(.submit, dossier, .citizen, by: citizen.actor)
            let review = try await ward.refused { try await ward.step(.review, dossier, .reviewer, review: ward.review(), by: officer(.reviewer)) }
            #expect(review.contains("collective scores are missing for A1"))
            try await ward.advance(dossier, citizen, to: .proposed, scores(9))
            #expect(try await ward.decide(dossier).first?.verdict.total == Points(90))
        }
    }

    // MARK: After the decision

    @Test func `a title is revoked once, by the authority, with the document that says so`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let outcome = try await ward.decided(citizen, try await ward.proof(of: citizen))
            let title = try #require(outcome.title)
            func revoke(
                _ reason: String = "khai không đúng", _ basis: String = "12/QĐ-UBND", _ role: Role = .authority, by actor: Actor = officer(.authority)
            )
                async throws -> TitleSummary
            { try await ward.archive.revoke(title.text, reason: reason, legalBasis: basis, role: role, by: actor).title }
            #expect(try await ward.refused { _ = try await revoke(" ") }.contains("reason is empty"))
            #expect(try await ward.refused { _ = try await revoke("x", "") }.contains("legal basis is empty"))
            #expect(try await ward.refused { _ = try await revoke("x", "y", .reviewer, by: officer(.reviewer)) }.contains("cannot revoke"))
            #expect(try await ward.refused { _ = try await revoke(by: officer(.reviewer)) }.contains("scored this dossier"))
            #expect(try await ward.refused { _ = try await revoke(by: citizen.actor) }.contains("own dossier"))
            let revoked = try await revoke()
            #expect(revoked.id == title && revoked.isRevoked && !revoked.isReplaced)
            #expect(try await ward.stage(outcome.dossier) == .revoked)
            #expect(try await ward.refused { _ = try await revoke() }.contains("it was revoked already"))
            #expect(
                try await ward.refused {
                    _ = try await ward.archive.revoke("ti-0000000000000000", reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
                }.contains("cannot find title ti-0000000000000000"))
            // What was decided stays what it was.
            #expect(try await ward.archive.replay(title.text, by: officer(.inspector)).first?.isSame == true)
        }
    }

    @Test func `an objection is upheld, appealed, granted, and a second decision ends what the first gave`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let first = try await ward.decided(citizen, try await ward.proof(of: citizen), scored: scores(9, ["C1": 4]))
            let dossier = first.dossier
            #expect(first.title == nil)
            for act in [DossierAct.object, .uphold, .appeal, .uphold, .object, .reopen] { try await ward.take(act, dossier, citizen) }
            try await ward.advance(dossier, citizen, to: .proposed, scores(9))
            let second = try #require(try await ward.decide(dossier).first)
            let title = try #require(second.title)
            // Somebody else objects to the recognition; the new review finds less.
            try await ward.step(.object, dossier, .reviewer, reason: "khai thiếu", by: officer(.reviewer))
            try await ward.take(.reopen, dossier, citizen)
            #expect(try await ward.account(dossier).titles.map(\.isReplaced) == [false], "it stands until another decision")
            try await ward.advance(dossier, citizen, to: .proposed, scores(7))
            let third = try #require(try await ward.decide(dossier).first)
            #expect(third.title == nil && third.verdict.unmet.map(\.id) == ["threshold"])
            let titles = try await ward.account(dossier).titles
            #expect(titles.map(\.id) == [title] && titles.map(\.isRevoked) == [false] && titles.map(\.isReplaced) == [true])
            let revoked = try await ward.refused {
                _ = try await ward.archive.revoke(title.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            }
            #expect(revoked.hasSuffix("a later decision took its place"))
            let replays = try await ward.archive.replay(dossier.text, by: officer(.inspector))
            #expect(replays.map(\.record) == [third.record] && replays.allSatisfy(\.isSame))
            #expect(try await ward.archive.replay(title.text, by: officer(.inspector)).first?.decision.total == Points(90))
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `what was reopened takes a new document`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: .proposed)
            let paper = try ward.document()
            let first = try #require(try await ward.decide([dossier], by: paper).first)
            for act in [DossierAct.object, .reopen] { try await ward.take(act, dossier, citizen) }
            try await ward.advance(dossier, citizen, to: .proposed)
            #expect(try await ward.refused { _ = try await ward.decide([dossier], by: paper) }.contains("decided about \(dossier) before"))
            #expect(try await ward.account(dossier).titles.map(\.id) == [first.title])
            #expect(try await ward.decide(dossier).first?.title != nil)
        }
    }

    // MARK: Rules that change

    @Test func `rules of a later version bind new dossiers only`() async throws {
        try await TestPlace().ward { ward in
            let (early, late) = (try await ward.citizen(), try await ward.citizen())
            let decided = try await ward.decided(early, try await ward.proof(of: early), cycle: 2025, scored: scores(8))
            let open = try await Self.proposed(ward, late, scores(8))

            let (name, text) = try shippedRules("tan-thanh-ward")
            let newer = text.replacing("\nversion: 1\n", with: "\nversion: 2\n").replacing(
                "\nthreshold:\n  value: 80\n", with: "\nthreshold:\n  value: 90\n")
            let same = text.replacing("\nthreshold:\n  value: 80\n", with: "\nthreshold:\n  value: 90\n")
            try #require(newer != text && same != text)
            // Another text under the same version is refused; the same text again is known.
            let twice = try await ward.refused { _ = try await ward.archive.importRules([(name, same)], by: officer(.administrator)) }
            #expect(twice.contains("there is another document of this code and version; give it a higher version"))
            let before = try await ward.records()
            #expect(try await ward.archive.importRules([(name, text)], by: officer(.administrator)).map(\.isNew) == [false])
            #expect(try await ward.records() == before)
            #expect(try await ward.archive.importRules([(name, newer)], by: officer(.administrator)).map(\.isNew) == [true])

            #expect(try await ward.archive.replay(decided.dossier.text, by: officer(.inspector)).allSatisfy(\.isSame))
            #expect(try await ward.decide(open).first?.title != nil)
            // What is opened now, is bound to the new one; and to the old one where that is asked for.
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let new = try await ward.decided(citizen, item, cycle: 2026, scored: scores(8))
            #expect(new.title == nil && new.verdict.unmet.map(\.id) == ["threshold"])
            let old = try await ward.decided(citizen, item, cycle: 2025, rules: "tan-thanh-ward@1", scored: scores(8))
            #expect(old.title != nil)
        }
    }

    @Test func `a document with mistakes, or one of two, imports nothing`() async throws {
        try await TestPlace().archive { archive in
            let good = try shippedRules("framework")
            let before = try await archive.status().records
            await #expect(throws: RuleMistakes.self) {
                try await archive.importRules([good, ("bad", "kind: rule-set\n\tcode: x\n")], by: officer(.administrator))
            }
            #expect(try await archive.status().records == before)
            #expect(try await archive.rules().isEmpty)
            #expect(try await archive.importRules([good], by: officer(.administrator)).map(\.isNew) == [true])
            // Two of one code and version in one import are one too many, whether they say the same or not.
            let rules = try shippedRules("tan-thanh-ward")
            let other = (rules.name, rules.text.replacing("từ 80 điểm trở lên", with: "từ tám mươi điểm trở lên"))
            for pair in [[rules, rules], [rules, other]] {
                let records = try await archive.status().records
                do {
                    _ = try await archive.importRules(pair, by: officer(.administrator))
                    Issue.record("two documents of one version were taken")
                } catch { #expect("\(error)".hasSuffix("two of the documents have this code and version"), "\(error)") }
                #expect(try await archive.status().records == records)
            }
            let known = try #require(try await archive.rules().first)
            #expect(known.document.code == "framework" && known.document.version == 1)
        }
    }
}
