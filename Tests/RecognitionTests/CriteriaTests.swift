import Evidence
import Foundation
import Recognition
import Testing

/// The documents in `Storage/Criteria`.
enum Shipped {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let rules = ["lang-son-agency", "tan-thanh-ward", "pilot-2021"]

    static func text(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Storage/Criteria/\(name).yaml"), encoding: .utf8)
    }

    static func document(_ name: String) throws -> RuleDocument {
        try RuleDocument(reading: text(name), name: name)
    }

    static func criteria() throws -> CriteriaSet {
        guard case .criteriaSet(let set) = try document("framework") else { throw WrongKind() }
        return set
    }

    static func rules(_ name: String) throws -> RuleSet { try rules(reading: text(name)) }

    static func rules(reading text: String) throws -> RuleSet {
        guard case .ruleSet(let set) = try RuleDocument(reading: text, name: "test") else { throw WrongKind() }
        return set
    }

    static func criteria(reading text: String) throws -> CriteriaSet {
        guard case .criteriaSet(let set) = try RuleDocument(reading: text, name: "test") else { throw WrongKind() }
        return set
    }

    struct WrongKind: Error {}
}

@Suite("Criteria sets")
struct CriteriaTests {
    @Test("Bộ tiêu chí gồm 3 nhóm năng lực cốt lõi … cụ thể hóa bằng 10 chỉ số đánh giá (plan of Tân Thạnh ward, II.1)")
    func hasThreeCompetenciesAndTenIndicators() throws {
        let criteria = try Shipped.criteria()
        #expect(criteria.competencies.map(\.code) == ["A", "B", "C"])
        #expect(
            criteria.competencies.map(\.name) == [
                "Năng lực tự học và học tập suốt đời", "Năng lực sử dụng các công cụ tương tác",
                "Năng lực xây dựng và thực hiện các mối quan hệ xã hội",
            ])
        #expect(criteria.indicators.map(\.code.text) == ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"])
        #expect(criteria.indicators.allSatisfy { $0.maximum == Points(10) })
        #expect(IndicatorCode("B4").flatMap(criteria.indicator)?.name == "Tư duy biện chứng, phản biện")
        #expect(IndicatorCode("D1").flatMap(criteria.indicator) == nil)
    }

    @Test("phù hợp với từng nhóm, đối tượng cụ thể: three groups (plan of Tân Thạnh ward, II.1)")
    func hasThreeGroups() throws {
        let criteria = try Shipped.criteria()
        #expect(criteria.groups.map(\.code) == ["farmer", "worker", "intellectual"])
        #expect(criteria.groups.first?.name == "Nông dân và lao động nông thôn")
        for indicator in criteria.indicators {
            #expect(Set(indicator.wording.keys) == Set(criteria.groups.map(\.code)))
            #expect(Set(indicator.wording.values) == [indicator.name], "no official wording is known")
        }
    }

    @Test("The shipped criteria set never passes for the official one")
    func isProvisional() throws {
        let criteria = try Shipped.criteria()
        #expect(criteria.isProvisional)
        #expect(criteria.title.contains("tạm thời, không chính thức"))
        for indicator in criteria.indicators {
            #expect(indicator.provenance.isProvisional)
            #expect(indicator.provenance.title.contains("khuyenhoc.daklak.gov.vn"))
            #expect(indicator.provenance.citation.hasSuffix("(provisional)"))
        }
    }

    @Test("các chỉ số có thể định lượng: thinking and friendliness are not measured (our inference)")
    func tellsWhatCanBeMeasured() throws {
        #expect(try Shipped.criteria().indicators.filter { !$0.isQuantifiable }.map(\.code.text) == ["B4", "C1"])
    }

    @Test("Bộ tiêu chí có chỉ số đo khác nhau cho các nhóm đối tượng (plan of Long An province): an indicator has a wording for each group")
    func wordsIndicatorsForGroups() throws {
        let worded = try Shipped.text("framework").replacing(
            "name: \"Ngoại ngữ\"\n", with: "name: \"Ngoại ngữ\"\n        wording: {worker: \"Ngoại ngữ để đọc bản vẽ\"}\n")
        let wording = try #require(IndicatorCode("B2").flatMap(try Shipped.criteria(reading: worded).indicator)).wording
        #expect(wording == ["farmer": "Ngoại ngữ", "worker": "Ngoại ngữ để đọc bản vẽ", "intellectual": "Ngoại ngữ"])
    }

    @Test("Góp ý, bổ sung, chỉnh sửa và hoàn thiện Bộ tiêu chí (plan of Cao Bằng): versions are documents of their own")
    func versionsAreApart() throws {
        let next = try Shipped.criteria(reading: try Shipped.text("framework").replacing("version: 1", with: "version: 2"))
        let now = try Shipped.criteria()
        #expect(next.version == 2 && next.code == now.code)
        #expect(next != now && next.tree != now.tree)
    }

    @Test("Numbers of groups, competencies and indicators are the document's, not the program's")
    func takesAnySize() throws {
        let small = try Shipped.criteria(
            reading: """
                {kind: criteria-set, code: x, version: 1, title: T, sources: {s: {title: S, issuer: I}},
                 groups: [{code: all, name: Mọi người}],
                 competencies: [{code: Z, name: N, indicators: [{code: Z12, name: n, quantifiable: false, maximum: 9.5, source: s, quote: q}]}]}
                """)
        #expect(small.indicators.map(\.code.text) == ["Z12"])
        #expect(small.indicators.map(\.maximum) == [Points(halves: 19)])
        #expect(!small.isProvisional)
    }
}
