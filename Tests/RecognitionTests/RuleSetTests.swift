import Evidence
import Foundation
import Recognition
import Testing

@Suite("Rule sets")
struct RuleSetTests {
    @Test("Each shipped document is read without mistake", arguments: Shipped.rules + ["framework"])
    func reads(name: String) throws {
        let document = try Shipped.document(name)
        #expect(document.code == name)
        #expect(document.kind == (name == "framework" ? .criteriaSet : .ruleSet))
        #expect(document.version == 1)
        #expect(document.isProvisional)
        #expect(!document.title.isEmpty)
    }

    @Test("The canonical JSON of a document reads back as the same document", arguments: Shipped.rules + ["framework"])
    func readsItsOwnJSON(name: String) throws {
        let document = try Shipped.document(name)
        #expect(try RuleDocument(reading: document.tree.json, name: name) == document)
    }

    @Test("The example of the README is a rule set")
    func readsTheExample() throws {
        let text = try String(contentsOf: Shipped.root.appending(path: "Storage/Criteria/README.md"), encoding: .utf8)
        let example = try #require(text.split(separator: "```yaml\n").last?.split(separator: "```").first)
        #expect(try Shipped.rules(reading: String(example)).threshold.value == Points(80))
    }

    // MARK: The table of rules: what each plan says, and where

    @Test("mỗi chỉ số đánh giá cho điểm từ 1 đến 10 (Lạng Sơn II.2.b); điểm tối đa là 10 điểm (Tân Thạnh II.3)")
    func scale() throws {
        let agency = try Shipped.rules("lang-son-agency")
        let ward = try Shipped.rules("tan-thanh-ward")
        #expect(agency.scaleMinimum.value == Points(1) && agency.scaleMaximum.value == Points(10))
        #expect(agency.scaleMinimum.provenance.quote == "mỗi chỉ số đánh giá cho điểm từ 1 đến 10")
        #expect(agency.scaleMinimum.provenance.place == "II.2.b")
        #expect(ward.scaleMinimum.value == .zero && ward.scaleMaximum.value == Points(10))
        #expect(ward.scaleMaximum.provenance.quote == "điểm tối đa là 10 điểm")
    }

    @Test("không có kê khai, minh chứng (đối với các chỉ số có thể định lượng) thì không cho điểm (Tân Thạnh II.3); Lạng Sơn is silent")
    func evidence() throws {
        #expect(try Shipped.rules("lang-son-agency").needsEvidence.value == .none)
        #expect(try Shipped.rules("lang-son-agency").needsEvidence.provenance.isProvisional)
        #expect(try Shipped.rules("tan-thanh-ward").needsEvidence.value == .quantifiable)
        #expect(try !Shipped.rules("tan-thanh-ward").needsEvidence.provenance.isProvisional)
    }

    @Test("tuy có thực hiện nhưng không đầy đủ thì cho từ 5 điểm trở lên (Tân Thạnh II.3); Lạng Sơn is silent")
    func partial() throws {
        #expect(try Shipped.rules("lang-son-agency").partialFloor == nil)
        #expect(try Shipped.rules("tan-thanh-ward").partialFloor?.value == Points(5))
    }

    @Test(
        "từ 80 điểm trở lên, trong đó không có chỉ số nào điểm dưới 5 (Lạng Sơn, Tân Thạnh); 70 in the pilot of 2021 (Trà Vinh)",
        arguments: [("lang-son-agency", 80), ("tan-thanh-ward", 80), ("pilot-2021", 70)])
    func threshold(name: String, points: Int) throws {
        let rules = try Shipped.rules(name)
        #expect(rules.threshold.value == Points(points))
        #expect(rules.floor.value == Points(5))
        #expect(rules.threshold.provenance.quote?.contains("từ \(points) điểm trở lên") == true)
        #expect(!rules.threshold.provenance.isProvisional && !rules.floor.provenance.isProvisional)
    }

    @Test("tổng điểm tối đa của 10 chỉ số là 100 (Lạng Sơn II.2.b; Tân Thạnh II.3)")
    func maximum() throws {
        let most = try Shipped.criteria().indicators.map(\.maximum).reduce(.zero, +)
        for name in ["lang-son-agency", "tan-thanh-ward"] { #expect(try Shipped.rules(name).totalMaximum?.value == most) }
    }

    @Test(
        "5 năm liền: tiêu biểu xuất sắc (Lạng Sơn, Trà Vinh), tiêu biểu (Tân Thạnh)",
        arguments: [("lang-son-agency", "tiêu biểu xuất sắc"), ("tan-thanh-ward", "tiêu biểu"), ("pilot-2021", "tiêu biểu xuất sắc")])
    func honour(name: String, title: String) throws {
        let honour = try #require(try Shipped.rules(name).honour)
        #expect(honour.value.years == 5 && honour.value.name == title)
        #expect(honour.provenance.quote?.hasSuffix(title) == true)
    }

    @Test("Whether half points are allowed no plan says: no, and provisionally", arguments: Shipped.rules)
    func halves(name: String) throws {
        let halves = try Shipped.rules(name).allowsHalves
        #expect(!halves.value && halves.provenance.isProvisional && halves.provenance.quote == nil)
    }

    @Test("Thủ trưởng cơ quan quyết định công nhận (Lạng Sơn II.3); UBND phường công nhận (Tân Thạnh II.3)")
    func authority() throws {
        #expect(try Shipped.rules("lang-son-agency").authority.value == "Thủ trưởng cơ quan")
        #expect(try Shipped.rules("tan-thanh-ward").authority.value == "UBND phường")
    }

    @Test("Phòng, đơn vị, Công đoàn cơ sở … lập danh sách đề nghị (Lạng Sơn); tập thể … bình xét, Lãnh đạo đơn vị xác nhận (Tân Thạnh)")
    func track() throws {
        let residence: [TrackStep] = [
            TrackStep(act: .review, role: .reviewer), TrackStep(act: .appraise, role: .appraiser),
            TrackStep(act: .confirm, role: .confirmer), TrackStep(act: .propose, role: .appraiser),
            TrackStep(act: .recognise, role: .authority),
        ]
        #expect(
            try Shipped.rules("lang-son-agency").track.value == [
                TrackStep(act: .review, role: .reviewer), TrackStep(act: .propose, role: .reviewer),
                TrackStep(act: .recognise, role: .authority),
            ])
        for name in Shipped.rules { _ = try DossierLife(track: try Shipped.rules(name).track.value) }
        #expect(try Shipped.rules("tan-thanh-ward").track.value == residence)
        #expect(try Shipped.rules("pilot-2021").track.value == residence)
    }

    @Test("xếp loại: a rule set may name grades from a total on")
    func grades() throws {
        let grades = """
            grades:
              - {name: Đạt, from: 80, source: reading, provisional: true}
              - {name: Tốt, from: 90.5, source: reading, provisional: true}
            """
        let rules = try Shipped.rules(reading: try Shipped.text("lang-son-agency") + grades)
        #expect(rules.grades.map(\.name) == ["Đạt", "Tốt"])
        #expect(rules.grades.map(\.from) == [Points(80), Points(halves: 181)])
    }

    // MARK: Provenance

    @Test("What has no quote is provisional, and what is cited names its document", arguments: Shipped.rules)
    func provenance(name: String) throws {
        let rules = try Shipped.rules(name)
        let all = [
            rules.scaleMinimum.provenance, rules.scaleMaximum.provenance, rules.threshold.provenance, rules.floor.provenance,
            rules.allowsHalves.provenance, rules.needsEvidence.provenance, rules.track.provenance, rules.authority.provenance,
        ]
        for provenance in all + [rules.partialFloor?.provenance, rules.honour?.provenance].compactMap({ $0 }) {
            #expect(provenance.quote != nil || provenance.isProvisional)
            #expect(provenance.citation.hasPrefix(provenance.title))
            #expect(provenance.effectiveFrom == rules.effectiveFrom)
        }
    }

    @Test("A citation is one line for people")
    func citation() throws {
        let text = try Shipped.text("lang-son-agency").replacing("source: plan\n  place: \"II.3\"", with: "source: province\n  place: \"II.3\"")
        #expect(
            try Shipped.rules(reading: text).authority.provenance.citation
                == "Kế hoạch thực hiện Chương trình “Xây dựng mô hình Công dân học tập giai đoạn 2021 - 2030” trên địa bàn tỉnh Lạng Sơn, "
                + "428/KH-UBND, UBND tỉnh Lạng Sơn, 2022-07-30, II.3: “Thủ trưởng cơ quan quyết định công nhận”")
    }

    @Test("A value may hold for another time than the whole document")
    func effectivePeriod() throws {
        let text = try Shipped.text("lang-son-agency").replacing("  value: 80\n", with: "  value: 80\n  effective: {until: 31/12/2025}\n")
        let rules = try Shipped.rules(reading: text)
        #expect(rules.effectiveFrom == CalendarDate(year: 2022, month: 7, day: 30) && rules.effectiveUntil == nil)
        #expect(rules.threshold.provenance.effectiveFrom == CalendarDate(year: 2022, month: 7, day: 30))
        #expect(rules.threshold.provenance.effectiveUntil == CalendarDate(year: 2025, month: 12, day: 31))
        #expect(rules.floor.provenance.effectiveUntil == nil)
    }
}

extension RuleTree {
    /// Canonical JSON (RFC 8785), as far as a rule document needs it.
    var json: String {
        switch self {
        case .integer(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .list(let items): "[" + items.map(\.json).joined(separator: ",") + "]"
        case .members(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\(Self.text($0.key).json):\($0.value.json)" }.joined(separator: ",") + "}"
        case .text(let text):
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n").replacing("\t", with: "\\t") + "\""
        }
    }
}
