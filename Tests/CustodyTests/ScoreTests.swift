import Custody
import Evidence
import Recognition
import Testing

@Suite("Scores", .serialized, .timeLimit(.minutes(10)))
struct ScoreTests {
    @Test func `the kinds of scores are kept apart, and what was given before stays`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.archive.score(dossier.text, .selfScore, scores(10), role: .citizen, by: citizen.actor)
            let first = try await ward.records() - 1
            try await ward.archive.score(
                dossier.text, .selfScore, ["A1": 8].reduce(into: [:]) { $0[try code($1.key)] = Score(points: Points($1.value)) }, role: .citizen,
                by: citizen.actor)
            try await ward.advance(dossier, citizen, to: .submitted, scores(7))
            try await ward.advance(dossier, citizen, to: .reviewed, scores(8))
            try await ward.advance(dossier, citizen, to: .appraised, scores(9))
            try await ward.advance(dossier, citizen, to: .proposed, scores(10, ["B4": 6]))
            let given = try await ward.account(dossier).scores
            #expect(given == [.selfScore: scores(7), .collective: scores(8), .appraised: scores(9), .final: scores(10, ["B4": 6])])
            #expect(try await ward.archive.history(dossier.text, asOf: first, by: officer(.inspector)).scores == [.selfScore: scores(10)])
            #expect(
                try await ward.archive.history(dossier.text, asOf: first + 1, by: officer(.inspector)).scores == [.selfScore: scores(10, ["A1": 8])])
            // The verdict by any of them, and by the furthest where none is named.
            for (kind, total) in [(ScoreKind.selfScore, 70), (.collective, 80), (.appraised, 90), (.final, 96)] {
                let answer = try await ward.archive.verdict(of: dossier.text, by: kind, by: officer(.inspector))
                #expect(answer.verdict.total == Points(total) && answer.kind == kind && answer.verdict.isRecognised == (total >= 80))
            }
            #expect(try await ward.archive.verdict(of: dossier.text, by: nil, by: citizen.actor).kind == .final)
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let rules: String
        let indicator: String
        let score: Score
        let cites: Bool
        let words: String
        var testDescription: String { "\(rules): \(words)" }
        init(_ rules: String, _ indicator: String, _ score: Score, cites: Bool, _ words: String) {
            (self.rules, self.indicator, self.score, self.cites, self.words) = (rules, indicator, score, cites, words)
        }
    }

    @Test(
        "a score that a rule refuses is refused with its words, and nothing is recorded",
        arguments: [
            Refusal("tan-thanh-ward", "A1", Score(points: Points(7)), cites: false, "không có kê khai, minh chứng"),
            Refusal("tan-thanh-ward", "A1", Score(points: Points(3)), cites: true, "tuy có thực hiện nhưng không đầy đủ thì cho từ 5 điểm trở lên"),
            Refusal("tan-thanh-ward", "C1", Score(points: Points(3), isPartial: true), cites: false, "cho từ 5 điểm trở lên"),
            Refusal("tan-thanh-ward", "A1", Score(points: Points(11)), cites: true, "A1 = 11 > 10"),
            Refusal("tan-thanh-ward", "A1", Score(points: Points(halves: 15)), cites: true, "A1 = 7.5 is not whole"),
            Refusal("tan-thanh-ward", "C1", Score(points: Points(halves: -2)), cites: true, "C1 = -1 < 0"),
            Refusal("lang-son-agency", "A1", Score(points: Points(0)), cites: true, "mỗi chỉ số đánh giá cho điểm từ 1 đến 10"),
            Refusal("lang-son-agency", "C1", Score(points: Points(11)), cites: true, "mỗi chỉ số đánh giá cho điểm từ 1 đến 10"),
            Refusal("lang-son-agency", "A1", Score(points: Points(halves: 15)), cites: true, "A1 = 7.5 is not whole"),
            Refusal("tan-thanh-ward", "D1", Score(points: Points(7)), cites: false, "framework has no indicator D1"),
        ])
    func refusal(_ refusal: Refusal) async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await CitationTests.declaring(ward, rules: refusal.rules)
            if refusal.cites { try await ward.cite(dossier, refusal.indicator, try await ward.proof(of: citizen), citizen) }
            // One that may be given does not help the other.
            let given = [try code(refusal.indicator): refusal.score, try code("B4"): Score(points: Points(6))]
            let error = try await ward.refused {
                try await ward.archive.score(dossier.text, .selfScore, given, role: .citizen, by: citizen.actor)
            }
            #expect(error.hasPrefix("cannot give \(dossier) self scores: ") && error.contains(refusal.words), "\(error)")
            #expect(!error.contains("B4"))
        }
    }

    @Test func `every mistake of a sheet is told at once`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await CitationTests.declaring(ward)
            let error = try await ward.refused {
                try await ward.archive.score(dossier.text, .selfScore, scores(7), role: .citizen, by: citizen.actor)
            }
            for indicator in indicators {
                #expect(error.contains("\(indicator) = 7 without evidence") == !["B4", "C1"].contains(indicator.text), "\(error)")
            }
            #expect(
                try await ward.refused { try await ward.archive.score(dossier.text, .selfScore, [:], role: .citizen, by: citizen.actor) }.contains(
                    "there is none"))
        }
    }

    /// What refuses scores of a kind in this role, by this account.
    private static func refusal(
        of kind: ScoreKind, by role: Role, _ actor: Actor, _ dossier: DossierID, _ ward: TestWard
    ) async throws -> String {
        try await ward.refused { try await ward.archive.score(dossier.text, kind, scores(9), role: role, by: actor) }
    }

    /// When and by whom scores of a kind are given.
    private static let scoring: [(kind: ScoreKind, roles: [Role], stages: [DossierStage])] = [
        (.selfScore, [.citizen, .assistant], [.declaring]), (.collective, [.reviewer], [.submitted]), (.appraised, [.appraiser], [.reviewed]),
        (.final, [.reviewer, .appraiser, .confirmer], [.reviewed, .appraised, .confirmed]),
    ]

    @Test(
        "scores are given by who may, while they may, and by nobody to themselves",
        arguments: [DossierStage.declaring, .submitted, .reviewed, .appraised, .confirmed, .proposed])
    func whoScores(stage: DossierStage) async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: stage)
            for (kind, roles, stages) in Self.scoring {
                for role in Role.allCases {
                    let isCitizens = role == .citizen || role == .assistant
                    let rightful = role == .citizen ? citizen.actor : officer(role)
                    if !roles.contains(role) {
                        let error = try await Self.refusal(of: kind, by: role, rightful, dossier, ward)
                        #expect(error.contains("not by \(role.rawValue)"), "\(kind)")
                    } else if !stages.contains(stage) {
                        let error = try await Self.refusal(of: kind, by: role, rightful, dossier, ward)
                        #expect(error.contains("the dossier is \(stage.rawValue); they are given while it is "), "\(kind)")
                    } else if isCitizens {
                        let error = try await Self.refusal(of: kind, by: .citizen, officer(.assistant), dossier, ward)
                        #expect(error.contains("assistant-1 is not the citizen"))
                    } else {
                        let error = try await Self.refusal(of: kind, by: role, citizen.actor, dossier, ward)
                        #expect(error.contains("nobody scores their own dossier as \(role.rawValue)"))
                    }
                }
            }
        }
    }

    @Test(
        "missing scores stop the act that rests on them",
        arguments: [
            (DossierAct.submit, DossierStage.declaring, ScoreKind.selfScore), (.review, .submitted, .collective), (.appraise, .reviewed, .appraised),
            (.propose, .confirmed, .final),
        ])
    func missing(act: DossierAct, stage: DossierStage, kind: ScoreKind) async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
            try await ward.advance(dossier, citizen, to: stage)
            let role = try #require(try await ward.account(dossier).next.first { $0.act == act }?.roles.last { $0 != .assistant })
            let actor = role == .citizen ? citizen.actor : officer(role)
            func step() async throws {
                try await ward.step(act, dossier, role, review: act == .review ? ward.review() : nil, by: actor)
            }
            #expect(try await ward.refused(step).contains("\(kind.rawValue) scores are missing for A1, A2, A3, A4, B1, B2, B3, B4, C1, C2"))
            var most = scores(9)
            most[try code("B2")] = nil
            try await ward.archive.score(dossier.text, kind, most, role: role, by: actor)
            #expect(try await ward.refused(step).hasSuffix("\(kind.rawValue) scores are missing for B2"))
            try await ward.archive.score(dossier.text, kind, scores(9), role: role, by: actor)
            try await step()
        }
    }
}
