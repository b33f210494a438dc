import Foundation
import Testing

@Suite("The story of make run")
struct StoryTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("Of three citizens one is recognised, one refused on the floor with a total over 80, one returned and completed")
    func story() throws {
        let story = try Workplace(hasArchive: false)
        let folder = story.folder.appending(path: "story")
        let run = try story.execute([
            "bash", "-c", "cd \"$0\" && exec bash .ci/sample \"$1\" \"$2\"", Self.root.path, programFolder.path, folder.path,
        ])
        #expect(run.status == 0, "\(run.errors)\n\(run.output.suffix(2000))")
        try FileManager.default.moveItem(atPath: folder.appending(path: "archive").path, toPath: story.archive)
        let dossiers = try story.answers("dossier", "list", "--cycle", "2025")
        let stages = try dossiers.map { try [$0.text("group"), $0.text("stage")] }
        #expect(stages == [["farmer", "recognised"], ["worker", "refused"], ["intellectual", "recognised"]])
        try #require(dossiers.count == 3)
        let (farmer, worker, official) = (try dossiers[0].text("dossier"), try dossiers[1].text("dossier"), try dossiers[2].text("dossier"))

        try refusal(of: worker, in: story)
        try completion(of: official, in: story)
        let title = try #require(story.answer("dossier", "show", farmer).list("titles").first).text("title")
        let trace = try story.answer("trace", "title", title)
        let document = try trace.object("document").text("decision")
        try proof(trace, in: story)
        let replays = try story.answers("replay", document)
        #expect(try replays.map { try $0.flag("same") } == [true, true, true])
        #expect(try story.answer("verify").flag("sound"))
        #expect(!run.output.contains("999072000001"), "a personal number was shown")
        try decision(run.output, farmer, in: story)
        try lists(in: story)
        try findings(official, in: story)
        try review(farmer, document, in: story)
        try damage(title, in: story)
        try revocation(title, in: story)
    }

    /// The preview said what would be decided, and recorded nothing between the proposal and the decision.
    private func decision(_ output: String, _ farmer: String, in story: Workplace) throws {
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.contains("would be decided: not recognised: total 83, but B4 = 4 < 5 [") })
        #expect(lines.contains("preview: 3 to decide by 125/QĐ-UBND of 2025-12-10; nothing was recorded, to do it: without --preview"))
        for votes in ["17 for, 0 against, of 17", "2 for, 15 against, of 17", "16 for, 0 against, of 16"] {
            #expect(lines.count { $0 == "  review of 2025-11-20: \(votes)" } == 2, "by the preview and by the decision: \(votes)")
        }
        let stages = try story.answer("dossier", "show", farmer).list("stages").suffix(2)
        // Three proposals, then three decisions.
        #expect(try stages.map { try $0.number("record") }.reduce(0) { $1 - $0 } == 3)
    }

    private func lists(in story: Workplace) throws {
        let submitted = try story.answers("evidence", "list", "--state", "submitted")
        #expect(try submitted.allSatisfy { try $0.text("state") == "submitted" && $0["verified_at"] == nil })
        let titles = try submitted.map { try $0.object("metadata").text("title") }
        #expect(titles.contains { $0.hasPrefix("Biên bản họp bình xét") } && !titles.contains { $0.hasPrefix("Kế hoạch") })
        var paged: [String] = []
        while paged.count <= submitted.count {
            let after = paged.last.map { ["--after", $0] } ?? []
            let page = try Workplace.objects(story.command(["evidence", "list", "--state", "submitted", "--limit", "2", "--json"] + after))
            if page.isEmpty { break }
            paged += try page.map { try $0.text("item") }
        }
        #expect(try paged == submitted.map { try $0.text("item") })
        let lines = try story.command(["evidence", "list", "--state", "submitted", "--limit", "2"]).lines
        #expect(lines.last == "more with: --after \(paged[1])")
        let issued = try story.answers("evidence", "list", "--issued", "2025-12-10..2025-12-10")
        #expect(try issued.map { try $0.object("metadata").text("number") } == ["125"])
        #expect(try story.answers("evidence", "list", "--issued", "2024-12-10..2024-12-10").isEmpty)

        for name in [["tran thi"], ["TRẦN", "THỊ"], ["Trần Thị Thí Dụ"]] {
            let found = try Workplace.objects(story.command(["person", "find", "--json"] + name))
            #expect(try found.map { try $0.text("name") } == ["Trần Thị Thí Dụ"], "\(name)")
        }
        #expect(try story.command(["person", "find", "Thí Dụ"]).lines == ["0 people found"])
        #expect(try story.command(["person", "find", "lê"]).lines.last == "1 person found")
        let names = try story.answers("dossier", "list", "--cycle", "2025").map { try $0.text("person_name") }
        #expect(names == ["Nguyễn Văn Mẫu", "Trần Thị Thí Dụ", "Lê Minh Họa"])
        #expect(try story.command(["dossier", "list", "--cycle", "2025"]).lines.map { $0.hasSuffix("Họa") } == [false, false, true])
    }

    private func findings(_ dossier: String, in story: Workplace) throws {
        let superseded = try story.answers("evidence", "list", "--state", "superseded")
        let plan = try #require(superseded.first).text("item")
        let account = try story.answer("show", plan)
        #expect(try account.text("verification") == "superseded")
        let successor = try account.text("superseded_by")
        #expect(try story.answer("show", successor).text("verification") == "verified")
        let finding = try #require(try account.list("findings").first)
        #expect(try account.list("findings").count == 1)
        #expect(try finding.text("state") == "needs-more")
        #expect(try finding.text("reason") == "chưa có xác nhận của đơn vị")
        #expect(try [finding.text("role"), finding.text("account")] == ["reviewer", "officer-02"])
        #expect(finding["how"] == nil)
        let lines = try story.run("show", plan).lines
        #expect(lines.contains("superseded by \(successor)"))
        let record = try finding.number("record")
        #expect(lines.contains("finding       needs-more, by reviewer officer-02, record \(record): chưa có xác nhận của đơn vị"))

        // What is described anew is to be looked at anew; the finding stays to be seen.
        #expect(try story.run("describe", successor, "--subject", "có xác nhận").status == 0)
        let described = try story.answer("show", successor)
        #expect(try described.text("verification") == "submitted")
        #expect(try described.list("findings").map { try $0.flag("before_description") } == [true])
        let entries = try story.answer("history", dossier).list("records")
        let found = try #require(try entries.first { try $0.number("record") == record })
        #expect(try found.text("kind") == "evidence.verified")
        #expect(try found.object("body").text("state") == "needs-more")
        #expect(try found.object("body").text("item") == plan)
    }

    private func review(_ dossier: String, _ document: String, in story: Workplace) throws {
        let account = try story.answer("dossier", "show", dossier)
        #expect(try account.text("person_name") == "Nguyễn Văn Mẫu")
        let held = try account.list("stages").compactMap { $0["review"] as? Answer }
        let review = try #require(held.first)
        #expect(held.count == 1)
        #expect(try [review.number("votes_for"), review.number("votes_against"), review.texts("participants").count] == [17, 0, 17])
        #expect(try review.text("held_on") == "2025-11-20")
        let minutes = try review.text("minutes")
        let shown = try story.command(["dossier", "show", dossier]).output
        #expect(shown.contains("review of 2025-11-20: 17 for, 0 against, of 17, minutes \(minutes)\n"))
        #expect(try !shown.contains(review.texts("participants")[0]), "names only in JSON")
        let step = try #require(try story.answer("history", dossier).list("records").first { ($0["text"] as? String)?.hasPrefix("review ") ?? false })
        #expect(try step.object("body").object("review").texts("participants") == review.texts("participants"))

        let paper = try story.answer("trace", "evidence", minutes)
        #expect(try paper.texts("minutes_of").count == 3 && paper.texts("minutes_of").contains(dossier))
        #expect(try paper.texts("scan_of").isEmpty && !paper.flag("damaged"))
        #expect(try story.command(["trace", "evidence", minutes]).lines.contains { $0.hasSuffix("minutes of the review of \(dossier)") })
        let issued = try story.answers("evidence", "list", "--issued", "2025-12-10..2025-12-10")
        let scan = try #require(issued.first).text("item")
        #expect(try story.answer("trace", "evidence", scan).texts("scan_of") == [document])
        #expect(try story.command(["trace", "evidence", scan]).lines.contains { $0.hasSuffix("scan of decision \(document)") })
    }

    /// What is damaged shows wherever it proves something; rules are mended by importing them again.
    private func damage(_ title: String, in story: Workplace) throws {
        let trace = try story.answer("trace", "title", title)
        let citations = try trace.list("indicators").flatMap { try $0.list("citations") }
        #expect(try citations.allSatisfy { try !$0.flag("damaged") })
        let citation = try #require(citations.first)
        let (item, object, rules) = (try citation.text("item"), try citation.text("object"), try trace.text("rules"))
        for digest in [object, rules] {
            let path = "$archive/objects/sha256/\(digest.prefix(2))/\(digest)"
            #expect(try story.shell("chmod 600 \(path) && printf X | dd of=\(path) conv=notrunc status=none").status == 0)
        }
        let verify = try story.run("verify")
        #expect(verify.status == 1)
        let told = try #require(verify.lines.first { $0.contains("object \(rules)") })
        #expect(told.contains("(rule document tan-thanh-ward@1)") && told.contains("import it again with: minhchung criteria import"))
        let finding = try #require(Workplace.objects(try story.run("verify", "--json")).first { $0["rule_document"] != nil })
        #expect(try [finding.text("rule_document"), finding.text("object")] == ["tan-thanh-ward@1", rules])
        let file = Self.root.appending(path: "Storage/Criteria/tan-thanh-ward.yaml").path
        #expect(try story.command(["criteria", "import", file]).status == 0)
        #expect(try !story.run("verify").output.contains(rules), "importing them again mends them")

        let after = try story.answer("trace", "title", title).list("indicators").flatMap { try $0.list("citations") }
        #expect(try after.allSatisfy { try $0.flag("damaged") == ($0.text("object") == object) })
        #expect(try story.answer("trace", "evidence", item).flag("damaged"))
        for command in [["trace", "title", title], ["trace", "evidence", item]] {
            let marked = try story.command(command).lines.filter { $0.contains("DAMAGED") }
            #expect(!marked.isEmpty && marked.allSatisfy { $0.contains("object \(object)") }, "\(command)")
        }
    }

    private func revocation(_ title: String, in story: Workplace) throws {
        let revoked = try story.answer(
            "revoke", title, "--reason", "chứng chỉ không có thật", "--basis", "140/QĐ-UBND", "--role", "authority", "--as", "officer-05")
        #expect(try revoked.flag("revoked") && !revoked.flag("replaced"))
        #expect(try revoked.list("honours").isEmpty)
        let lines = try story.command(["person", "show", revoked.text("person")]).lines
        #expect(lines.contains { $0.contains(title) && $0.hasSuffix(", REVOKED") })
    }

    private func refusal(of dossier: String, in story: Workplace) throws {
        let verdict = try story.answer("dossier", "check", dossier, "--by", "final").object("verdict")
        #expect(try !verdict.flag("recognised"))
        #expect(try verdict.object("total").number("halves") == 2 * 83)
        let unmet = try verdict.list("unmet")
        #expect(try unmet.map { try $0.text("id") } == ["floor:B4"])
        #expect(try unmet.map { try $0.text("statement") } == ["B4 = 4 < 5"])
        #expect(try unmet[0].text("source").contains("không có chỉ số nào dưới 5 điểm"))
        #expect(try verdict.text("text").hasPrefix("not recognised: total 83, but B4 = 4 < 5 ["))
        let own = try story.answer("dossier", "check", dossier, "--by", "self").object("verdict")
        #expect(try own.flag("recognised"))
        #expect(try own.object("total").text("points") == "85")
    }

    private func completion(of dossier: String, in story: Workplace) throws {
        let account = try story.answer("dossier", "show", dossier)
        let acts = try account.list("stages").compactMap { $0["act"] as? String }
        #expect(acts == ["declare", "submit", "return", "declare", "submit", "review", "appraise", "confirm", "propose", "recognise"])
        let returned = try #require(try account.list("stages").first { $0["act"] as? String == "return" }).number("record")
        let then = try story.answer("history", dossier, "--as-of", "\(returned)")
        let now = try story.answer("history", dossier, "--since", "\(returned)")
        #expect(try then.text("stage") == "returned")
        #expect(try now.text("stage") == "recognised")
        #expect(try now.list("records").allSatisfy { try $0.number("record") > returned })
        func plan(_ answer: Answer) throws -> Answer {
            try #require(try answer.list("citations").first { $0["indicator"] as? String == "A2" })
        }
        #expect(try plan(then).text("object") != plan(now).text("object"))
        #expect(try plan(then).text("verification") == "needs-more")
        #expect(try plan(now).text("verification") == "verified")
        let matrix = try story.answer("matrix", dossier)
        #expect(try matrix.texts("empty") == ["C1"])
        #expect(try matrix.list("uncited").map { try $0.text("item") }.contains(plan(then).text("item")))
        let trace = try story.answer("trace", "evidence", plan(then).text("item"))
        #expect(try trace.text("verification") == "superseded")
        #expect(try trace.object("if_revoked").number("falling") == 0)
    }

    /// Both ways: each proof of the title leads back to it, and the title falls with exactly those that alone prove an indicator.
    private func proof(_ trace: Answer, in story: Workplace) throws {
        let title = try trace.object("title").text("title")
        #expect(try trace.object("verdict").object("total").number("halves") == 2 * 86)
        let indicators = try trace.list("indicators")
        #expect(indicators.count == 10)
        var indicatorsOf: [String: Set<String>] = [:]
        var proofs: [String: Int] = [:]
        for indicator in indicators {
            let code = try indicator.text("indicator")
            for citation in try indicator.list("citations") {
                indicatorsOf[try citation.text("item"), default: []].insert(code)
                proofs[code, default: 0] += 1
                let (deposit, cited) = (try citation.number("deposit_record"), try citation.number("citation_record"))
                #expect(deposit < cited)
                #expect(try cited < trace.object("title").number("record"))
                #expect(try story.answer("show", citation.text("item")).text("object") == citation.text("object"))
            }
        }
        #expect(indicatorsOf.count == 8)
        for (item, codes) in indicatorsOf {
            let back = try story.answer("trace", "evidence", item)
            let use = try #require(back.list("uses").first)
            #expect(try use.object("title").text("title") == title)
            #expect(try Set(use.list("citations").map { try $0.text("indicator") }) == codes)
            // B4 and C1 cannot be measured: the rules ask for no evidence there.
            let isNeeded = codes.contains { proofs[$0] == 1 && !["B4", "C1"].contains($0) }
            #expect(try use.flag("falls") == isNeeded, "\(item) of \(codes)")
            #expect(try back.object("if_revoked").texts("titles") == (isNeeded ? [title] : []))
            #expect(try back.object("if_revoked").texts("below_floor").isEmpty != isNeeded)
        }
    }
}
