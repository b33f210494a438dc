import Foundation
import Testing

/// Two years of one person under rules that ask for little: as the ward's, but without evidence, and with an honour of two years.
private struct TwoYears {
    let place: Workplace
    let person: String
    /// By year.
    let dossiers: [String]

    init() throws {
        place = try Workplace()
        let criteria = StoryTests.root.appending(path: "Storage/Criteria").path
        let ward = try String(contentsOfFile: "\(criteria)/tan-thanh-ward.yaml", encoding: .utf8)
        try place.write(
            ward.replacing("code: tan-thanh-ward", with: "code: two-years").replacing("value: quantifiable", with: "value: none")
                .replacing("years: 5", with: "years: 2"), to: "rules.yaml")
        _ = try place.answers("criteria", "import", "\(criteria)/framework.yaml", "rules.yaml")
        _ = try place.answers("unit", "add", "--name", "Xã Suối Giả Định", "--code", "C", "--kind", "commune", "--from", "2020-01-01")
        person = try place.answer("person", "add", "--name", "Nguyễn Văn Mẫu", "--group", "farmer").text("person")
        var dossiers: [String] = []
        for year in ["2024", "2025"] {
            dossiers.append(
                try place.answer(
                    "dossier", "open", "--person", person, "--cycle", year, "--unit", "C", "--rules", "two-years", "--criteria", "framework",
                    "--role", "assistant", "--as", "officer-1"
                ).text("dossier"))
        }
        self.dossiers = dossiers
    }

    func step(_ act: String, _ dossiers: [String], _ role: String, _ officer: Int, _ more: String...) throws -> Workplace.Outcome {
        try place.command(["dossier", "step", act] + dossiers + ["--role", role, "--as", "officer-\(officer)", "--json"] + more)
    }

    private func score(_ kind: String, _ dossiers: [String], _ role: String, _ officer: Int) throws {
        let sheet = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"].map { "\($0)=9" }
        for dossier in dossiers {
            let outcome = try place.command(["score", dossier, kind] + sheet + ["--role", role, "--as", "officer-\(officer)"])
            #expect(outcome.status == 0, "\(kind): \(outcome.errors)")
        }
    }

    func submit(_ dossiers: [String]) throws {
        try score("self", dossiers, "assistant", 1)
        #expect(try step("submit", dossiers, "assistant", 1).status == 0)
    }

    /// From `submitted` to `proposed`.
    func propose(_ dossiers: [String], minutes: String) throws {
        try score("collective", dossiers, "reviewer", 2)
        let review = try step(
            "review", dossiers, "reviewer", 2, "--held", "2025-11-20", "--minutes", minutes, "--participant", "Lý Thị Mô Hình",
            "Tôn Văn Phác Họa", "--votes-for", "2", "--votes-against", "0")
        #expect(review.status == 0, "\(review.errors)")
        try score("appraised", dossiers, "appraiser", 3)
        #expect(try step("appraise", dossiers, "appraiser", 3).status == 0)
        #expect(try step("confirm", dossiers, "confirmer", 4).status == 0)
        try score("final", dossiers, "confirmer", 4)
        #expect(try step("propose", dossiers, "appraiser", 3).status == 0)
    }

    func decide(_ dossiers: [String], number: String, _ more: String...) throws -> [Answer] {
        let outcome = try place.command(
            ["decide"] + dossiers + [
                "--number", number, "--notation", "QĐ-UBND", "--issued", "2025-12-10", "--signer", "Phan Văn Giả Như", "--role", "authority",
                "--as", "officer-5", "--json",
            ] + more)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try Workplace.objects(outcome)
    }

    func records() throws -> Int { try place.answer("status").number("records") }
}

@Suite("Steps and decisions about several dossiers")
struct DecisionCommandTests {
    @Test("Of several dossiers all take a step, or none does; one that is named twice takes it once")
    func steps() throws {
        let years = try TwoYears()
        let (first, second) = (years.dossiers[0], years.dossiers[1])
        #expect(try years.step("declare", [first], "assistant", 1).status == 0)
        let before = try years.records()
        let refused = try years.step("declare", [second, first], "assistant", 1)
        #expect(refused.status == 1 && refused.errorLines.count == 1 && refused.output.isEmpty, "\(refused.errors)")
        #expect(try years.records() == before)
        #expect(try years.place.answer("dossier", "show", second).text("stage") == "registered")
        let twice = try years.step("declare", [second, second], "assistant", 1)
        #expect(try Workplace.objects(twice).map { try $0.text("stage") } == ["declaring"])
        #expect(try years.records() == before + 1)
        try years.submit(years.dossiers)
        #expect(try years.place.command(["dossier", "step", "submit", "--role", "assistant"]).status == 64)
    }

    @Test("A preview decides as the decision does and records nothing; a revocation names the honour, a later decision replaces the title")
    func decisions() throws {
        let years = try TwoYears()
        let deposited = try years.place.answers("deposit", years.place.write("biên bản\n", to: "minutes.txt"), "--as", "officer-2")
        let minutes = try #require(deposited.first).text("item")
        #expect(try years.step("declare", years.dossiers, "assistant", 1).status == 0)
        try years.submit(years.dossiers)
        try years.propose(years.dossiers, minutes: minutes)

        let before = try years.records()
        let preview = try years.decide(years.dossiers, number: "125", "--preview")
        #expect(try years.records() == before)
        #expect(try preview.map { try $0.flag("applied") } == [false, false])
        #expect(preview.allSatisfy { $0["record"] == nil && $0["title"] == nil && $0["decision"] == nil })
        let decided = try years.decide(years.dossiers, number: "125")
        #expect(try decided.map { try $0.number("record") } == [before, before + 1])
        for (foreseen, made) in zip(preview, decided) {
            #expect(try foreseen.object("verdict").text("text") == made.object("verdict").text("text"))
            #expect(try made.object("review").number("votes_for") == 2 && made.flag("applied"))
            #expect(try foreseen.text("dossier") == made.text("dossier"))
        }

        let titles = try decided.map { try $0.text("title") }
        let honour = try years.place.answer(
            "honour", years.person, "--rules", "two-years", "--number", "12", "--notation", "QĐ-UBND", "--issued", "2025-12-20", "--signer",
            "Phan Văn Giả Như", "--role", "authority", "--as", "officer-5"
        ).text("title")

        // The second year is decided again, and its first title is not revoked, but replaced.
        let again = [years.dossiers[1]]
        #expect(try years.step("object", again, "assistant", 1, "--reason", "khai thiếu").status == 0)
        #expect(try years.step("reopen", again, "authority", 5, "--reason", "có cơ sở").status == 0)
        try years.propose(again, minutes: minutes)
        let later = try #require(try years.decide(again, number: "126").first).text("title")
        let shown = try years.place.answer("person", "show", years.person).list("titles")
        func fate(_ title: String) throws -> [Bool] {
            let account = try #require(try shown.first { try $0.text("title") == title })
            return [try account.flag("revoked"), try account.flag("replaced")]
        }
        #expect(try fate(titles[0]) == [false, false])
        #expect(try fate(titles[1]) == [false, true])
        #expect(try fate(later) == [false, false])
        let lines = try years.place.command(["person", "show", years.person]).lines
        #expect(lines.contains { $0.contains(titles[1]) && $0.hasSuffix(", replaced by a later decision") })
        #expect(!lines.contains { $0.contains("REVOKED") })

        let basis = ["--reason", "không có thật", "--basis", "140/QĐ-UBND", "--role", "authority", "--as", "officer-5"]
        let revoked = try years.place.command(["revoke", titles[0]] + basis)
        #expect(revoked.status == 0, "\(revoked.errors)")
        #expect(revoked.lines.count == 2 && revoked.lines[0].hasSuffix(", REVOKED"))
        #expect(revoked.lines.last?.hasPrefix("rests on it, to be looked at: honour \(honour) (tiêu biểu) of 2025") == true, "\(revoked.output)")
        let other = try Workplace.objects(years.place.command(["revoke", later, "--json"] + basis))
        #expect(try #require(other.first).list("honours").map { try $0.text("title") } == [honour])
    }
}
