import Foundation
import Testing

@Suite("Commands of recognition")
struct RecognitionCommandTests {
    static let commands = [
        "dossier", "dossier open", "dossier step", "dossier show", "dossier list", "dossier check", "cite", "uncite", "score", "evidence",
        "evidence verify", "evidence supersede", "decide", "revoke", "honour", "trace", "trace title", "trace evidence", "replay", "matrix",
        "history",
    ]

    @Test("Every command has help with an example", arguments: commands)
    func help(_ command: String) throws {
        let outcome = try Workplace(hasArchive: false).shell("$minhchung \(command) --help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("EXAMPLE"))
        #expect(outcome.output.contains("minhchung \(command)"))
    }

    /// DOSSIER, ITEM, PERSON stand for what there is; the status, and what the one line says.
    static let mistakes: [(command: String, status: Int32, says: String)] = [
        ("cite DOSSIER Z9 ITEM --role citizen", 1, "framework has no indicator Z9; it has A1, A2"),
        ("cite DOSSIER bee ITEM --role citizen", 2, "cannot take indicator \"bee\""),
        ("cite DOSSIER A1 ITEM --pages 2 --role citizen", 1, "it has no page 2; it has 1"),
        ("cite DOSSIER A1 ITEM --pages 0 --role citizen", 2, "cannot take pages \"0\""),
        ("cite DOSSIER A1 ITEM --pages 3-1 --role citizen", 2, "cannot take pages \"3-1\""),
        ("cite DOSSIER A1 ITEM --pages 1-99999999999999999999 --role citizen", 2, "cannot take pages"),
        ("cite DOSSIER A1 ITEM --region 1,1,1,1 --role citizen", 1, "a region is on one page"),
        ("cite DOSSIER A1 ITEM --pages 1 --region 900,0,200,100 --role citizen", 2, "cannot take region"),
        ("cite DOSSIER A1 ITEM --pages 1 --region 1,2,3,a,4 --role citizen", 2, "cannot take region"),
        ("cite DOSSIER A1 ITEM --pages 1 --region 1,2,3 --role citizen", 2, "cannot take region"),
        ("cite DOSSIER A1 ITEM --pages 1 --note x\u{202E}y --role citizen", 2, "control characters"),
        ("cite DOSSIER A1 ev-000 --role citizen", 1, "cannot look for evidence item ev-000: give at least 4 characters after the dash"),
        ("dossier show do-7", 1, "cannot look for dossier do-7: give at least 4 characters after the dash"),
        ("cite DOSSIER A1 ev-0000 --role citizen", 1, "cannot find evidence item ev-0000"),
        ("cite DOSSIER A1 ITEM --role reviewer", 1, "not reviewer"),
        ("cite DOSSIER A1 ITEM --role king", 2, "cannot take role \"king\""),
        ("uncite ci-0000 --reason x --role citizen", 1, "cannot find citation ci-0000"),
        ("score DOSSIER self A1 --role citizen", 2, "cannot take score \"A1\""),
        ("score DOSSIER self A1=x --role citizen", 2, "\"x\" is no number of points"),
        ("score DOSSIER self A1=8.3 --role citizen", 2, "\"8.3\" is no number of points"),
        ("score DOSSIER self A1=-1 --role citizen", 2, "\"-1\" is no number of points"),
        ("score DOSSIER self B4=8 B4=9 --role citizen", 2, "B4 is there twice"),
        ("score DOSSIER self Z9=5 --role citizen", 1, "framework has no indicator Z9"),
        ("score DOSSIER self B4=11 --role citizen", 1, "B4 = 11 > 10 ["),
        ("score DOSSIER self B4=8,5 --role citizen", 1, "B4 = 8.5 is not whole ["),
        ("score DOSSIER self A1=8 --role citizen", 1, "A1 = 8 without evidence counts 0 ["),
        ("score DOSSIER self B4=4p --role citizen", 1, "B4 = 4 in part < 5 ["),
        ("score DOSSIER final B4=8 --role citizen", 1, "not by citizen"),
        ("dossier step fly DOSSIER --role citizen", 2, "cannot take act \"fly\""),
        ("dossier step submit DOSSIER --role citizen", 1, "self scores are missing for A1"),
        ("dossier step confirm DOSSIER --role confirmer", 1, "the dossier is declaring; possible now:"),
        ("dossier step recognise DOSSIER --role authority", 1, "see minhchung decide"),
        ("dossier step submit DOSSIER --held 2025-11-20 --role citizen", 2, "--participant"),
        ("dossier step withdraw DOSSIER --role citizen", 1, "give one with --reason"),
        ("dossier step withdraw DOSSIER --reason x\u{200B}y --role citizen", 2, "control characters"),
        ("dossier step DOSSIER submit --role citizen", 2, "cannot take act"),
        ("dossier open --person PERSON --cycle 2025 --unit C --rules tan-thanh-ward --criteria framework --role citizen", 1, "has one in 2025"),
        ("dossier open --person PERSON --cycle 1999 --unit C --rules tan-thanh-ward --criteria framework --role citizen", 1, "is no cycle"),
        ("dossier open --person PERSON --cycle 2026 --unit C --rules pilot-2021 --criteria framework --role citizen", 1, "rule set pilot-2021"),
        ("decide DOSSIER --number 1 --notation Q --issued 2025-02-30 --signer S --role authority", 2, "there is no such day"),
        ("decide DOSSIER --number 1 --notation Q --issued 2025-12-10 --signer S --role authority", 1, "the dossier is declaring"),
        ("decide DOSSIER --preview --number 1 --notation Q --issued 2025-12-10 --signer S --role authority", 1, "the dossier is declaring"),
        ("evidence verify ITEM true --role reviewer", 2, "cannot take state \"true\""),
        ("evidence verify ITEM verified --role reviewer", 1, "say how it was verified"),
        ("evidence supersede ITEM --by ITEM --reason x --role citizen", 1, "it has the same bytes"),
        ("revoke ti-0000 --reason x --basis y --role authority", 1, "cannot find title ti-0000"),
        ("honour PERSON --rules tan-thanh-ward --number 1 --notation Q --issued 2025-12-10 --signer S --role authority", 1, "5 years running"),
        ("trace title ti-0000", 1, "cannot find title ti-0000"), ("trace evidence ev-0000", 1, "cannot find evidence item ev-0000"),
        ("replay DOSSIER", 1, "no decision about a dossier is there"), ("matrix do-0000", 1, "cannot find dossier do-0000"),
        ("history DOSSIER --as-of 9999", 1, "the ledger has the records 0 to"),
    ]

    @Test("A mistake is told in one clear line, and nothing is recorded")
    func mistakes() throws {
        let place = try Workplace()
        let criteria = StoryTests.root.appending(path: "Storage/Criteria").path
        _ = try place.answers("criteria", "import", "\(criteria)/framework.yaml", "\(criteria)/tan-thanh-ward.yaml")
        let people = try place.write("name,birth-year,group\nNguyễn Văn Mẫu,1972,farmer\n", to: "people.csv")
        let units = try place.write("name,code,kind,from\nXã Suối Giả Định,C,commune,2025-07-01\n", to: "units.csv")
        _ = try place.answers("unit", "import", units, "--apply")
        _ = try place.answers("person", "import", people, "--apply")
        let person = try place.answer("person", "list").text("person")
        let deposited = try place.answers("deposit", place.write("một hai ba\n", to: "a.txt"), "--as", "officer-01")
        let item = try #require(deposited.first).text("item")
        let dossier = try place.answer(
            "dossier", "open", "--person", person, "--cycle", "2025", "--unit", "C", "--rules", "tan-thanh-ward", "--criteria", "framework",
            "--role", "citizen"
        ).text("dossier")
        _ = try place.answer("dossier", "step", "declare", dossier, "--role", "citizen")
        let records = try place.answer("status").number("records")
        for (command, status, says) in Self.mistakes {
            let named = ["DOSSIER": dossier, "ITEM": item, "PERSON": person]
            let outcome = try place.command(command.split(separator: " ").map { named[String($0)] ?? String($0) })
            #expect(outcome.status == status, "\(command): \(outcome.errors)")
            #expect(outcome.errorLines.count == 1, "\(command): \(outcome.errors)")
            #expect(outcome.errors.contains(says), "\(command): \(outcome.errors)")
            #expect(outcome.output.isEmpty, "\(command)")
        }
        #expect(try place.answer("status").number("records") == records)
        #expect(try place.command(["score", dossier, "self", "B4=8"]).status == 64, "the role has no default")
        // A source is named once for all that is not met of it.
        let verdict = try place.answer("dossier", "check", dossier).object("verdict").text("text")
        #expect(verdict.contains("A1 = 0 < 5; A2 = 0 < 5; "), "\(verdict)")
        #expect(verdict.ranges(of: "từ 80 điểm trở lên").count == 1, "\(verdict)")
    }

    @Test("Evidence is listed by one question at a time; only what was found goes on after an item")
    func evidenceQuestions() throws {
        let place = try Workplace()
        for options in ["", "--state submitted --issued 2025-01-01..2025-12-31", "--issued 2025-01-01..2025-12-31 --after ev-0000000000000000"] {
            #expect(try place.shell("MINHCHUNG_ARCHIVE=$archive $minhchung evidence list \(options)").status == 64, "\(options)")
        }
        let unknown = try place.command(["evidence", "list", "--state", "submitted", "--after", "ev-00"])
        #expect(unknown.status == 1 && unknown.errors.contains("cannot find evidence item ev-00"))
        let faulty = try place.command(["evidence", "list", "--issued", "2025-12-31..2025-01-01"])
        #expect(faulty.status == 2 && faulty.errors.contains("write FIRST..LAST"))
    }

    @Test("That a dossier under review has to be returned before the new item can be cited stands in the help")
    func supersedeHelp() throws {
        let help = try Workplace(hasArchive: false).shell("$minhchung evidence supersede --help").output
        #expect(help.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains("one that is submitted has to be returned first"))
    }
}
