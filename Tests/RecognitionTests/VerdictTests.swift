import Evidence
import Foundation
import Recognition
import Testing

@Suite("Verdicts")
struct VerdictTests {
    /// Scores in the order of A1…C2, by their text: `8`, `7.5`, `3p` for one in part, `-` for none. Evidence for all but those named.
    static func assessment(_ scores: String, without: Set<String> = []) throws -> Assessment {
        let criteria = try Shipped.criteria()
        var assessment = Assessment(scores: [:], evidenced: [])
        let words = scores.split(separator: " ")
        try #require(words.count == criteria.indicators.count)
        for (indicator, word) in zip(criteria.indicators, words) {
            if !without.contains(indicator.code.text) { assessment.evidenced.insert(indicator.code) }
            if word == "-" { continue }
            let isPartial = word.hasSuffix("p")
            assessment.scores[indicator.code] = Score(points: try #require(Points(isPartial ? word.dropLast() : word)), isPartial: isPartial)
        }
        return assessment
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let rules: String
        let scores: String
        var without: Set<String> = []
        let total: String
        let unmet: [String]
        var testDescription: String { "\(rules): \(scores)" }
    }

    static let cases: [Case] = [
        // "từ 80 điểm trở lên, trong đó không có chỉ số nào điểm dưới 5" (Lạng Sơn II.2.b)
        Case(rules: "lang-son-agency", scores: "8 8 8 8 8 8 8 8 8 8", total: "80", unmet: []),
        Case(rules: "lang-son-agency", scores: "8 8 8 8 8 8 8 8 8 7", total: "79", unmet: ["threshold"]),
        Case(rules: "lang-son-agency", scores: "10 10 10 10 10 10 10 5 5 5", total: "85", unmet: []),
        Case(rules: "lang-son-agency", scores: "10 10 10 10 10 4 10 10 10 10", total: "94", unmet: ["floor:B2"]),
        Case(rules: "lang-son-agency", scores: "8 8 8 8 8 4 8 8 4 8", total: "72", unmet: ["floor:B2", "floor:C1", "threshold"]),
        // "từ 1 đến 10"
        Case(rules: "lang-son-agency", scores: "10 10 10 10 10 0 10 10 10 10", total: "90", unmet: ["scale:B2", "floor:B2"]),
        Case(rules: "lang-son-agency", scores: "11 10 10 10 10 10 10 10 10 10", total: "101", unmet: ["scale:A1"]),
        Case(rules: "lang-son-agency", scores: "10 10 10 10 10 - 10 10 10 10", total: "90", unmet: ["complete:B2", "floor:B2"]),
        // The plan of Lạng Sơn takes nothing away without evidence, and leaves 1–10 free in part.
        Case(rules: "lang-son-agency", scores: "8 8 8 8 8 8 8 8 8 8", without: ["A1", "B2"], total: "80", unmet: []),
        Case(rules: "lang-son-agency", scores: "10 10 10 10 10 3p 10 10 10 10", total: "93", unmet: ["floor:B2"]),
        // No plan allows half points.
        Case(rules: "lang-son-agency", scores: "9 9 9 9 9 9 9 9 9 7.5", total: "88.5", unmet: ["halves:C2"]),

        // "không có kê khai, minh chứng (đối với các chỉ số có thể định lượng) thì không cho điểm" (Tân Thạnh II.3)
        Case(
            rules: "tan-thanh-ward", scores: "9 9 9 9 9 9 9 9 9 9", without: ["B2"], total: "81", unmet: ["evidence:B2", "floor:B2"]),
        Case(rules: "tan-thanh-ward", scores: "9 9 9 9 9 0 9 9 9 9", without: ["B2"], total: "81", unmet: ["floor:B2"]),
        // … only for those: thinking and friendliness need none.
        Case(rules: "tan-thanh-ward", scores: "8 8 8 8 8 8 8 8 8 8", without: ["B4", "C1"], total: "80", unmet: []),
        // "tuy có thực hiện nhưng không đầy đủ thì cho từ 5 điểm trở lên"
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 5p 10 10 10 5p", total: "90", unmet: []),
        Case(
            rules: "tan-thanh-ward", scores: "10 10 10 10 10 4p 10 10 10 10", total: "94", unmet: ["partial:B2", "floor:B2"]),
        // With evidence of what can be measured 1–4 cannot be reached, marked as partial or not; a 0 can.
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 4 10 10 10 10", total: "94", unmet: ["partial:B2", "floor:B2"]),
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 0 10 10 10 10", total: "90", unmet: ["floor:B2"]),
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 10 10 4 10 10", total: "94", unmet: ["floor:B4"]),
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 10 10 4p 10 10", total: "94", unmet: ["partial:B4", "floor:B4"]),
        // Without evidence that rule alone decides.
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 0p 10 10 10 10", without: ["B2"], total: "90", unmet: ["floor:B2"]),
        Case(rules: "tan-thanh-ward", scores: "10 10 10 10 10 3p 10 10 10 10", without: ["B2"], total: "90", unmet: ["evidence:B2", "floor:B2"]),
        Case(rules: "tan-thanh-ward", scores: "8 8 8 8 8 8 8 8 8 7", total: "79", unmet: ["threshold"]),

        // "phải đạt từ 70 điểm trở lên và không có chỉ số nào đạt dưới 5 điểm" (Trà Vinh, 2021)
        Case(rules: "pilot-2021", scores: "7 7 7 7 7 7 7 7 7 7", total: "70", unmet: []),
        Case(rules: "pilot-2021", scores: "7 7 7 7 7 7 7 7 7 6", total: "69", unmet: ["threshold"]),
        Case(rules: "pilot-2021", scores: "8 8 8 8 8 4 8 8 8 8", total: "76", unmet: ["floor:B2"]),
    ]

    @Test("A dossier is recognised exactly when no rule is unmet", arguments: cases)
    func judges(_ given: Case) throws {
        let verdict = try Shipped.rules(given.rules).verdict(
            on: try Self.assessment(given.scores, without: given.without), under: try Shipped.criteria())
        #expect(verdict.unmet.map(\.id) == given.unmet)
        #expect(verdict.isRecognised == given.unmet.isEmpty)
        #expect(verdict.total.description == given.total)
        #expect(verdict.counted.values.reduce(.zero, +) == verdict.total)
        #expect(verdict.counted.count == 10)
        #expect(verdict.grade == nil)
    }

    @Test("The threshold was 70 in 2021 and is 80 now: the same scores, another verdict")
    func thresholdChanged() throws {
        let assessment = try Self.assessment("7 7 7 7 7 8 8 8 8 8")
        let criteria = try Shipped.criteria()
        #expect(try Shipped.rules("pilot-2021").verdict(on: assessment, under: criteria).isRecognised)
        #expect(try !Shipped.rules("tan-thanh-ward").verdict(on: assessment, under: criteria).isRecognised)
    }

    @Test("Reasons come in the order of the indicators, met and unmet, each with an id of its own")
    func ordersReasons() throws {
        let verdict = try Shipped.rules("tan-thanh-ward").verdict(
            on: try Self.assessment("9 9 9 9 9 9 9 9 9 9"), under: try Shipped.criteria())
        #expect(
            verdict.reasons.prefix(7).map(\.id) == [
                "complete:A1", "scale:A1", "halves:A1", "evidence:A1", "partial:A1", "floor:A1", "complete:A2",
            ])
        #expect(verdict.reasons.last?.id == "threshold")
        #expect(Set(verdict.reasons.map(\.id)).count == verdict.reasons.count)
    }

    @Test("A reason says what was given, what the rule asks, and where that is written")
    func statements() throws {
        let verdict = try Shipped.rules("tan-thanh-ward").verdict(
            on: try Self.assessment("11 4p 4 9.5 9 9 9 9 9 -", without: ["B2"]), under: try Shipped.criteria())
        #expect(
            verdict.unmet.map(\.statement) == [
                "A1 = 11 > 10", "A2 = 4 in part < 5", "A2 = 4 < 5", "A3 = 4 more than 0 but < 5", "A3 = 4 < 5", "A4 = 9.5 is not whole",
                "B2 = 9 without evidence counts 0", "B2 = 0 < 5", "C2 has no score", "C2 = 0 < 5", "total 64.5 < 80",
            ])
        #expect(
            verdict.unmet.last?.description
                == "total 64.5 < 80 [Kế hoạch triển khai thực hiện mô hình “công dân học tập” trên địa bàn phường Tân Thạnh, UBND phường Tân Thạnh, II.3: "
                + "“từ 80 điểm trở lên (trong đó không có chỉ số nào dưới 5 điểm) thì được công nhận là công dân học tập”]")
    }

    @Test("xếp loại: a grade goes to whoever is recognised, the highest that the total reaches", arguments: [("8", "Đạt"), ("9", "Tốt"), ("7", nil)])
    func grades(points: String, grade: String?) throws {
        let grades = "\ngrades: [{name: Đạt, from: 80, source: plan, quote: a}, {name: Tốt, from: 90, source: plan, quote: b}]\n"
        let rules = try Shipped.rules(reading: try Shipped.text("lang-son-agency") + grades)
        let scores = Array(repeating: points, count: 10).joined(separator: " ")
        #expect(rules.verdict(on: try Self.assessment(scores), under: try Shipped.criteria()).grade == grade)
    }

    @Test("Scores of another criteria set count for nothing, and no number is too large to judge")
    func strangeScores() throws {
        let rules = try Shipped.rules("lang-son-agency")
        let criteria = try Shipped.criteria()
        var assessment = try Self.assessment("8 8 8 8 8 8 8 8 8 8")
        assessment.scores[try #require(IndicatorCode("D1"))] = Score(points: Points(10))
        #expect(rules.verdict(on: assessment, under: criteria).total == Points(80))
        for halves in [Int.max, Int.min] {
            for indicator in criteria.indicators { assessment.scores[indicator.code] = Score(points: Points(halves: halves)) }
            #expect(!rules.verdict(on: assessment, under: criteria).isRecognised)
        }
    }

    // MARK: Single scores

    /// Points of 0…10 that an indicator may be given.
    static let legal: [(rules: String, indicator: String, isPartial: Bool, hasEvidence: Bool, points: [Int])] = [
        ("lang-son-agency", "B2", false, true, Array(1...10)), ("lang-son-agency", "B2", true, false, Array(1...10)),
        ("lang-son-agency", "B4", false, false, Array(1...10)),
        ("tan-thanh-ward", "B2", false, true, [0] + Array(5...10)), ("tan-thanh-ward", "B2", true, true, Array(5...10)),
        ("tan-thanh-ward", "B2", false, false, [0]), ("tan-thanh-ward", "B2", true, false, [0]),
        ("tan-thanh-ward", "B4", false, false, Array(0...10)), ("tan-thanh-ward", "B4", false, true, Array(0...10)),
        ("tan-thanh-ward", "B4", true, false, Array(5...10)), ("pilot-2021", "B2", true, true, Array(0...10)),
    ]

    @Test("Exactly the scores of the scale, with evidence where it is needed, may be given", arguments: legal)
    func refuses(rules: String, indicator: String, isPartial: Bool, hasEvidence: Bool, points: [Int]) throws {
        let set = try Shipped.rules(rules)
        let indicator = try #require(IndicatorCode(indicator).flatMap(try Shipped.criteria().indicator))
        let allowed = (-3...25).filter {
            set.refusal(of: Score(points: Points(halves: $0), isPartial: isPartial), for: indicator, hasEvidence: hasEvidence) == nil
        }
        #expect(allowed == points.map { 2 * $0 })
    }

    @Test("A refusal is in the words of the rule")
    func refusalWords() throws {
        let indicator = try #require(IndicatorCode("B2").flatMap(try Shipped.criteria().indicator))
        let refusal = try Shipped.rules("tan-thanh-ward").refusal(of: Score(points: Points(8)), for: indicator, hasEvidence: false)
        #expect(refusal?.id == "evidence:B2")
        #expect(refusal?.provenance?.quote == "không có kê khai, minh chứng (đối với các chỉ số có thể định lượng) thì không cho điểm")
    }

    @Test("Where half points are allowed they count, and an indicator may have a maximum of its own")
    func halvesAndMaximum() throws {
        let rules = try Shipped.rules(reading: try Shipped.text("lang-son-agency").replacing("value: false", with: "value: true"))
        let criteria = try Shipped.criteria(
            reading: try Shipped.text("framework").replacing(
                "Công nghệ thông tin\"\n        quantifiable: true\n        maximum: 10",
                with: "Công nghệ thông tin\"\n        quantifiable: true\n        maximum: 7.5"))
        let verdict = rules.verdict(on: try Self.assessment("8.5 8 8 8 8 8 8 8 8 8"), under: criteria)
        #expect(verdict.unmet.map(\.statement) == ["B1 = 8 > 7.5"])
        #expect(verdict.unmet.first?.provenance?.title.contains("khuyenhoc.daklak.gov.vn") == true)
        #expect(rules.verdict(on: try Self.assessment("8.5 8 8 8 7.5 8 8 8 8 8"), under: criteria).isRecognised)
    }

    // MARK: Five years running

    @Test(
        "5 năm liền: five consecutive years that end with the last",
        arguments: [
            ([2021, 2022, 2023, 2024, 2025], 2021...2025), ([2020, 2021, 2022, 2023, 2024, 2025], 2021...2025),
            ([2025, 2023, 2021, 2024, 2022, 2022], 2021...2025), ([2021, 2022, 2024, 2025, 2026], nil), ([2022, 2023, 2024, 2025], nil),
            ([2016, 2017, 2018, 2019, 2020, 2022], nil), ([], nil), ([Int.min, Int.max], nil), ([Int.min], nil),
        ] as [([Int], ClosedRange<Int>?)])
    func honour(years: [Int], run: ClosedRange<Int>?) throws {
        #expect(try Shipped.rules("tan-thanh-ward").honourRun(in: years) == run)
    }

    @Test("Without an honour in the rules no years make one")
    func noHonour() throws {
        let text = try Shipped.text("lang-son-agency").split(separator: "honour:")
        let rest = try #require(text.last?.split(separator: "track:").last)
        #expect(try Shipped.rules(reading: text[0] + "track:" + rest).honourRun(in: Array(2000...2030)) == nil)
    }

    // MARK: Properties

    @Test("More points never lose recognition, the total is what counts, and whatever is unmet is the cause", arguments: Shipped.rules)
    func properties(name: String) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("properties under \(name): seed \(seed)")
        var numbers = SeededNumbers(seed: seed)
        let criteria = try Shipped.criteria()
        let indicators = criteria.indicators
        let rules = try Shipped.rules(name)
        for _ in 0..<2000 {
            var assessment = numbers.assessment(indicators)
            let verdict = rules.verdict(on: assessment, under: criteria)
            let comment: Comment = "seed \(seed)"
            #expect(verdict == rules.verdict(on: assessment, under: criteria), comment)
            #expect(verdict.counted.values.reduce(.zero, +) == verdict.total, comment)
            #expect(verdict.isRecognised == verdict.unmet.isEmpty, comment)
            // An unmet rule of one score is why it may not be given; the first of them is what a refusal names.
            for indicator in indicators {
                guard let score = assessment.scores[indicator.code] else { continue }
                let refusal = rules.refusal(of: score, for: indicator, hasEvidence: assessment.evidenced.contains(indicator.code))
                let causes = verdict.unmet.filter { $0.indicator == indicator.code && $0.rule != .floor }
                #expect(causes.first == refusal, comment)
            }
            guard verdict.isRecognised else { continue }
            let raised = indicators[numbers.below(indicators.count)]
            let points = assessment.scores[raised.code]?.points ?? .zero
            guard points < raised.maximum else { continue }
            assessment.scores[raised.code] = Score(points: points + Points(1))
            let better = rules.verdict(on: assessment, under: criteria)
            #expect(better.isRecognised && better.total == verdict.total + Points(1), comment)
        }
    }
}
