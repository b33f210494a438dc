import Custody
import Evidence
import Recognition
import Testing

@Suite("Random lives of dossiers", .serialized, .timeLimit(.minutes(10)))
struct RandomLifeTests {
    /// What was shown of a dossier when a record was the newest.
    private struct Moment {
        let newest: Int
        let dossier: DossierID
        let stage: DossierStage
        let scores: [ScoreKind: [IndicatorCode: Score]]
        let citations: [String]

        init(_ ward: TestWard, _ dossier: DossierID) async throws {
            let account = try await ward.account(dossier)
            newest = try await ward.records() - 1
            self.dossier = dossier
            stage = account.dossier.stage
            scores = account.scores
            citations = account.citations.map { "\($0.id) \($0.verification)" }
        }

        func expectIsShown(_ ward: TestWard, _ comment: Comment) async throws {
            let history = try await ward.archive.history(dossier.text, asOf: newest, by: officer(.inspector))
            #expect(history.stage == stage && history.scores == scores, comment)
            #expect(history.citations.map { "\($0.id) \($0.verification)" } == citations, comment)
        }
    }

    private static func happen(
        to dossier: DossierID, _ citizen: Citizen, _ items: [EvidenceID], _ ward: TestWard, _ generator: inout SeededGenerator
    ) async throws {
        let next = try await ward.account(dossier).next
        // Backwards as often as needed to come to all stages, and no more.
        let onward = next.filter { [.declare, .submit, .review, .appraise, .confirm, .propose, .recognise, .object, .reopen].contains($0.act) }
        let acts = (Int.random(in: 0..<20, using: &generator) < 18 && !onward.isEmpty ? onward : next).map(\.act)
        let act = try #require(acts.randomElement(using: &generator))
        if act == .submit {
            for indicator in indicators {
                let item = try #require(items.randomElement(using: &generator))
                do { try await ward.cite(dossier, indicator.text, item, citizen, reaffirms: true) } catch is ArchiveError {
                    // because it may be cited there already, or count no more
                }
            }
        }
        let given = scores(Int.random(in: 7...10, using: &generator), ["C1": Int.random(in: 4...10, using: &generator)])
        do { try await ward.take(act, dossier, citizen, given) } catch is ArchiveError {
            // because points may lack their evidence by now
        }
        if Int.random(in: 0..<12, using: &generator) == 0 {
            let state = try #require([VerificationState.inReview, .inReview, .inReview, .needsMore].randomElement(using: &generator))
            try await ward.archive.verifyEvidence(
                try #require(items.randomElement(using: &generator)).text, state, reason: "xem lại", role: .inspector, by: officer(.inspector))
        }
    }

    @Test func `whatever happens to dossiers, history, replay and rebuilt views agree with what was shown`() async throws {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        let what: Comment = "seed \(generator.seed)"
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            var items: [EvidenceID] = []
            for _ in 0..<3 { items.append(try await ward.proof(of: citizen)) }
            let dossiers = [
                try await ward.open(citizen, cycle: 2025), try await ward.open(citizen, cycle: 2026, rules: "lang-son-agency"),
            ]
            var moments: [Moment] = []
            for step in 0..<100 {
                let dossier = dossiers[step % 2]
                try await Self.happen(to: dossier, citizen, items, ward, &generator)
                moments.append(try await Moment(ward, dossier))
            }
            var decided = 0
            for isRebuilt in [false, true] {
                if isRebuilt { try await ward.archive.rebuild() }
                for moment in moments { try await moment.expectIsShown(ward, what) }
                for dossier in dossiers {
                    let account = try await ward.account(dossier)
                    #expect(account.titles.filter { !$0.isRevoked && !$0.isReplaced }.count <= 1, what)
                    for title in account.titles {
                        let replay = try await ward.archive.replay(title.id.text, by: officer(.inspector))
                        #expect(replay.map(\.isSame) == [true], what)
                        guard case .title(let trace) = try await ward.archive.traceTitle(title.id.text, by: officer(.inspector)) else { continue }
                        #expect(trace.verdict.isRecognised && trace.indicators.allSatisfy { $0.scoreRecord != nil }, what)
                        decided += 1
                    }
                }
                #expect(try await ward.archive.verified().findings.isEmpty, what)
            }
            print("\(decided) traces")
        }
    }
}
