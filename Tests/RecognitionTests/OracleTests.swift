import Evidence
import Foundation
import Recognition
import Testing

/// SplitMix64: the same dossiers again for the same seed.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    /// A dossier: one in two of somebody who may well be recognised, the others with whatever can be wrong.
    mutating func assessment(_ indicators: [Indicator]) -> Assessment {
        let isOrderly = below(2) == 0
        var assessment = Assessment(scores: [:], evidenced: [])
        for indicator in indicators {
            if below(isOrderly ? 100 : 3) != 0 || isOrderly && !indicator.isQuantifiable { assessment.evidenced.insert(indicator.code) }
            if below(isOrderly ? 200 : 15) == 0 { continue }
            let halves = isOrderly ? 2 * (5 + below(6)) + (below(100) == 0 ? 1 : 0) : below(28) - 3
            assessment.scores[indicator.code] = Score(points: Points(halves: halves), isPartial: below(isOrderly ? 20 : 4) == 0)
        }
        return assessment
    }
}

@Suite("Second opinion")
struct OracleTests {
    static let count = 100_000

    @Test("The Python oracle, written from the rules' text, judges 100,000 random dossiers alike", arguments: Shipped.rules)
    func agrees(name: String) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("verdicts under \(name): seed \(seed)")
        let criteria = try Shipped.criteria()
        let rules = try Shipped.rules(name)
        let folder = FileManager.default.temporaryDirectory.appending(path: "verdicts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "dossiers")
        let output = folder.appending(path: "verdicts")
        try Data(criteria.tree.json.utf8).write(to: folder.appending(path: "criteria.json"))
        try Data(rules.tree.json.utf8).write(to: folder.appending(path: "rules.json"))

        var numbers = SeededNumbers(seed: seed)
        let indicators = criteria.indicators
        let dossiers = (0..<Self.count).map { _ in numbers.assessment(indicators) }
        try Data(dossiers.map { Self.line($0, rules: name) }.joined().utf8).write(to: input)
        try Data().write(to: output)

        let oracle = Process()
        oracle.executableURL = URL(filePath: "/usr/bin/env")
        oracle.arguments =
            ["python3", Shipped.root.appending(path: "Tests/Oracle/verdict_oracle.py").path]
            + ["criteria.json", "rules.json"].map { folder.appending(path: $0).path }
        oracle.standardInput = try FileHandle(forReadingFrom: input)
        oracle.standardOutput = try FileHandle(forWritingTo: output)
        try oracle.run()
        var recognised = 0
        var unmet: Set<RuleName> = []
        let verdicts = dossiers.map { dossier in
            let verdict = rules.verdict(on: dossier, under: criteria)
            if verdict.isRecognised { recognised += 1 }
            let reasons = verdict.unmet
            for reason in reasons { unmet.insert(reason.rule) }
            return Self.line(verdict, unmet: reasons)
        }
        oracle.waitUntilExit()
        #expect(oracle.terminationStatus == 0)

        let opinions = try Data(contentsOf: output)
        if opinions != Data(verdicts.joined().utf8) {
            let lines = String(decoding: opinions, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == Self.count)
            for (index, (ours, theirs)) in zip(verdicts, lines).enumerated().filter({ $1.0 != $1.1 + "\n" }).prefix(5) {
                Issue.record("seed \(seed), dossier \(index): ours \(ours), the oracle's \(theirs)")
            }
        }
        // Otherwise the dossiers would not show much.
        #expect(recognised > Self.count / 100 && recognised < Self.count * 9 / 10, "\(recognised) recognised")
        #expect(unmet.isSuperset(of: [.complete, .scale, .halves, .floor, .threshold]))
    }

    static func line(_ assessment: Assessment, rules: String) -> String {
        let scores = assessment.scores.map { "\"\($0.key.text)\":{\"halves\":\($0.value.points.halves),\"partial\":\($0.value.isPartial)}" }
        let evidenced = assessment.evidenced.map { "\"\($0.text)\"" }
        return "{\"rules\":\"\(rules)\",\"scores\":{\(scores.joined(separator: ","))},\"evidenced\":[\(evidenced.joined(separator: ","))]}\n"
    }

    static func line(_ verdict: Verdict, unmet: [Reason]) -> String {
        let ids = unmet.map { "\"\($0.id)\"" }.sorted().joined(separator: ",")
        return "{\"recognised\":\(verdict.isRecognised),\"total_halves\":\(verdict.total.halves),\"unmet\":[\(ids)]}\n"
    }
}
