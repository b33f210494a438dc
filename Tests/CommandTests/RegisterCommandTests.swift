import Foundation
import Testing

extension Workplace {
    /// Runs a command that has commands of its own, on the archive, with a file as standard input.
    fileprivate func call(_ arguments: String..., input: String? = nil) throws -> Outcome {
        guard let input else { return try command(arguments) }
        return try execute(["sh", "-c", "file=$1; shift; exec \"$@\" < \"$file\"", "sh", input] + programOnArchive + arguments)
    }

    fileprivate func records() throws -> Int {
        try #require(Workplace.objects(try run("status", "--json"))[0]["records"] as? Int)
    }

    /// The files of the archive in which these bytes stand, wherever that is.
    fileprivate func files(with text: String) throws -> [String] {
        let names = try #require(FileManager.default.enumerator(atPath: archive)).compactMap { $0 as? String }
        return try names.filter { name in
            var isFolder: ObjCBool = false
            let path = archive + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { return false }
            return try Data(contentsOf: URL(filePath: path)).range(of: Data(text.utf8)) != nil
        }
    }
}

private let criteria = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Storage/Criteria").path

private let shippedRules = ["framework", "lang-son-agency", "pilot-2021", "tan-thanh-ward"]

/// Of nobody: province 999 is none.
private let numbers = ["999072000001", "999190000002"]

private let people = """
    name,birth-year,group,account,number
    Nguyễn Văn Mẫu,1972,farmer,citizen-01,\(numbers[0])
    Trần Thị Thí Dụ,1990,worker,,\(numbers[1])
    Lê Minh Họa,1985,,,

    """

@Suite("Rules, people and units on the command line")
struct RegisterCommandTests {
    @Test(
        "Every command of the register has help with an example",
        arguments: [
            "criteria", "criteria check", "criteria import", "criteria list", "criteria show", "person", "person add", "person import",
            "person show", "person find", "person list", "unit", "unit add", "unit import", "unit succeed", "unit show", "unit list",
        ])
    func help(_ command: String) throws {
        let outcome = try Workplace(hasArchive: false).shell("$minhchung \(command) --help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("EXAMPLE"))
        #expect(outcome.output.contains("minhchung \(command)"))
    }

    // MARK: Rules

    @Test("The shipped rules are sound, imported once, and listed as provisional")
    func shipped() throws {
        let workplace = try Workplace()
        let files = shippedRules.map { "\(criteria)/\($0).yaml" }
        let check = try workplace.shell("$minhchung criteria check \(files.joined(separator: " "))")
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        #expect(check.lines.count == 4 && check.lines.allSatisfy { $0.contains("provisional") && $0.contains("@1") })
        for isNew in [true, false] {
            let imported = try workplace.call("criteria", "import", "--json", files[0], files[1], files[2], files[3])
            #expect(imported.status == 0, "\(imported.errors)")
            #expect(try Workplace.objects(imported).map { $0["new"] as? Bool } == Array(repeating: isNew, count: 4))
        }
        let listed = try Workplace.objects(try workplace.call("criteria", "list", "--json"))
        #expect(listed.compactMap { $0["code"] as? String } == shippedRules)
        #expect(listed.allSatisfy { $0["provisional"] as? Bool == true })
        #expect(try workplace.call("criteria", "list").lines.allSatisfy { $0.contains("provisional") })
    }

    @Test("Every value of a rule set is shown with its source, its quote, and whether it is provisional")
    func showRules() throws {
        let workplace = try Workplace()
        #expect(try workplace.call("criteria", "import", "\(criteria)/tan-thanh-ward.yaml", "\(criteria)/framework.yaml").status == 0)
        let rules = try workplace.call("criteria", "show", "tan-thanh-ward@1")
        #expect(rules.output.contains("PROVISIONAL"))
        let floor = try #require(rules.lines.firstIndex { $0.hasPrefix("floor ") })
        #expect(rules.lines[floor].hasSuffix(" 5"))
        #expect(rules.lines[floor + 1].contains("UBND phường Tân Thạnh, II.3: “từ 80 điểm trở lên (trong đó không có chỉ số nào dưới 5 điểm)"))
        #expect(!rules.lines[floor + 1].contains("provisional"))
        let halves = try #require(rules.lines.firstIndex { $0.hasPrefix("half points") })
        #expect(rules.lines[halves + 1].hasSuffix("(provisional)"))
        let indicators = try workplace.call("criteria", "show", "framework").lines
        for code in ["A1", "A4", "B4", "C2"] { #expect(indicators.contains { $0.hasPrefix("\(code) ") }, "\(code)") }
        let object = try Workplace.objects(try workplace.call("criteria", "show", "framework", "--json"))[0]
        #expect((object["document"] as? [String: Any])?["competencies"] != nil)
        #expect(try workplace.call("criteria", "show", "framework@2").status == 1)
    }

    @Test("Faulty rules are told with file and line, and nothing is imported")
    func faultyRules() throws {
        let workplace = try Workplace()
        let sound = try String(contentsOfFile: "\(criteria)/tan-thanh-ward.yaml", encoding: .utf8)
        try workplace.write("kind: rule-set\n\tcode: x\n", to: "tab.yaml")
        try workplace.write(sound.replacing("half_points:", with: "half_pionts:"), to: "key.yaml")
        try workplace.write("code: x\n", to: "kind.yaml")
        let line = try #require(sound.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix("half_points:") }) + 1
        let check = try workplace.call("criteria", "check", "tab.yaml", "key.yaml", "kind.yaml")
        #expect(check.status == 1)
        #expect(check.lines.contains("tab.yaml: line 2: indented with a tab; indent with spaces"), "\(check.output)")
        #expect(check.lines.contains { $0.hasPrefix("key.yaml: line \(line): ") && $0.contains("half_points") }, "\(check.output)")
        #expect(check.lines.contains("kind.yaml: line 1: the document lacks \"kind\": criteria-set or rule-set"), "\(check.output)")
        let before = try workplace.records()
        let imported = try workplace.call("criteria", "import", "\(criteria)/framework.yaml", "tab.yaml")
        #expect(imported.status == 1)
        #expect(imported.lines == ["tab.yaml: line 2: indented with a tab; indent with spaces"])
        #expect(imported.errorLines == ["minhchung: nothing was imported"])
        #expect(try workplace.records() == before)
        #expect(try workplace.call("criteria", "list").lines.isEmpty)
    }

    @Test("Rules that are not UTF-8 say what they likely are and how to save them")
    func rulesEncoding() throws {
        let workplace = try Workplace(hasArchive: false)
        let windows = try workplace.shell(#"printf 'kind: rule-set\ntitle: H\xf5c t\xe2\xefp\n' > w.yaml; $minhchung criteria check w.yaml"#)
        #expect(windows.status == 1)
        #expect(
            windows.errorLines == [
                "minhchung: cannot read w.yaml: it is not UTF-8 from line 2 on, but likely Windows-1258 or TCVN3; save it as \"UTF-8\""
            ])
    }

    // MARK: People

    @Test("A preview of people records nothing; applied twice it registers nobody twice")
    func importPeople() throws {
        let workplace = try Workplace()
        try workplace.write(people, to: "people.csv")
        let before = try workplace.records()
        let preview = try workplace.call("person", "import", "people.csv", "--json")
        let rows = try Workplace.objects(preview)
        #expect(rows.dropLast().map { $0["outcome"] as? String } == ["registered", "registered", "registered"])
        #expect(rows.dropLast().map { $0["line"] as? Int } == [2, 3, 4] && rows.allSatisfy { $0["person"] == nil })
        #expect(try workplace.records() == before)
        #expect(try workplace.call("person", "list").lines.isEmpty)

        #expect(try workplace.call("person", "import", "people.csv", "--apply").status == 0)
        let after = try workplace.records()
        #expect(after == before + 3)
        let again = try workplace.call("person", "import", "people.csv", "--apply", "--json")
        // Of whom there is no number, nobody can tell whether it is the same.
        #expect(again.status == 1)
        #expect(try Workplace.objects(again).dropLast().map { $0["outcome"] as? String } == ["known", "known", "refused"])
        #expect(again.errors.contains("line 4 refused: Lê Minh Họa: may be pe-"))
        #expect(try workplace.records() == after)
        #expect(try workplace.call("person", "list").lines.count == 3)
    }

    @Test("The same number with another name is refused, and a row that is refused does not keep the others out")
    func sameNumber() throws {
        let workplace = try Workplace()
        try workplace.write(people, to: "people.csv")
        #expect(try workplace.call("person", "import", "people.csv", "--apply").status == 0)
        try workplace.write(
            "name,birth-year,number\nPhạm Thị Khác,1972,\(numbers[0])\nĐỗ Văn Mới,1999,999099000009\nĐỗ Văn Mới,1999,\n", to: "more.csv")
        let before = try workplace.records()
        let outcome = try workplace.call("person", "import", "more.csv", "--apply")
        #expect(outcome.status == 1 && outcome.errorLines.count == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains("line 2 refused: Phạm Thị Khác: the personal number is pe-"))
        #expect(outcome.errors.contains("line 4 refused: Đỗ Văn Mới: the same person as an entry before it, or may be"))
        #expect(outcome.lines.last == "1 registered, 0 known, 0 changed, 2 refused")
        #expect(try workplace.records() == before + 1)
    }

    @Test("A person's number is read from a file or from standard input, and never stands in output or archive")
    func numberIsKeptSecret() throws {
        let workplace = try Workplace()
        try workplace.write(numbers[0] + "\n", to: "number.txt")
        try workplace.write("\(numbers[1].prefix(3)) \(numbers[1].dropFirst(3))\r\n", to: "spaced.txt")
        var outcomes = [
            try workplace.call(
                "person", "add", "--name", "Nguyễn Văn Mẫu", "--birth-year", "1972", "--group", "farmer", "--number-file", "number.txt"),
            try workplace.call(
                "person", "add", "--name", "Trần Thị Thí Dụ", "--birth-year", "1990", "--number-file", "-", input: "spaced.txt"),
        ]
        #expect(outcomes.map(\.status) == [0, 0], "\(outcomes.map(\.errors))")
        try workplace.write(people, to: "people.csv")
        outcomes.append(try workplace.call("person", "import", "people.csv", "--apply"))
        outcomes.append(try workplace.call("person", "add", "--name", "Khác", "--number-file", "number.txt"))
        #expect(outcomes[3].status == 1)
        outcomes.append(try workplace.call("person", "list"))
        let id = try #require(outcomes[4].lines.first?.prefix(19))
        outcomes.append(try workplace.call("person", "show", String(id)))
        #expect(outcomes[5].output.contains("ends in 001"))
        #expect(try workplace.run("rebuild").status == 0)
        for number in numbers + numbers.map({ String($0.prefix(9)) }) {
            #expect(outcomes.allSatisfy { !$0.output.contains(number) && !$0.errors.contains(number) })
            #expect(try workplace.files(with: number).isEmpty)
        }
        // The search itself finds what is there.
        #expect(try !workplace.files(with: "Trần Thị Thí Dụ").isEmpty)
    }

    @Test("No option takes a personal number, and no other option lets one through")
    func numberOnTheCommandLine() throws {
        let workplace = try Workplace()
        let before = try workplace.records()
        #expect(try workplace.call("person", "add", "--name", "A", "--number", numbers[0]).status == 64)
        for option in ["--name", "--birth-year", "--group", "--account"] {
            let rest = option == "--name" ? [] : ["--name", "A"]
            let outcome = try workplace.call("person", "add", option, numbers[0], rest.first ?? "--group", rest.last ?? "farmer")
            #expect(outcome.status == 2)
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains("nine digits or more"), "\(outcome.errors)")
            #expect(!outcome.errors.contains(numbers[0]))
        }
        #expect(try workplace.records() == before)
    }

    @Test(
        "Mistakes in a table of people are all named with their lines, never with a number, and nobody is registered",
        arguments: [
            ("name,number\nA,99907200001\nB,999072000001\nC,x\n", ["line 2: the number is not twelve digits", "line 4: the number is not"]),
            ("name,birth-year\nA,19720\n", ["line 2: the year of birth is not a year of four digits"]),
            ("name,birth-year\nA,999072000001\n", ["line 2: the year of birth holds nine digits or more"]),
            ("name,account\nA,999072000001\n", ["line 2: the account holds nine digits or more"]),
            ("name,account\nA,Nguyễn\n", ["line 2: the account is not one"]),
            ("name,group\nA,nông dân\n", ["line 2: the group is not the code of a subject group"]),
            ("name,number\n999072000001,A\n", ["line 2: the name holds nine digits or more"]),
            ("name\nA ٩٩٩٠٧٢٠٠٠٠٠١\n", ["line 2: the name holds nine digits or more"]),
            ("name\nA 999.072/0 (00)\n", ["line 2: the name holds nine digits or more"]),
            ("name,number\n,999072000001\n", ["line 2: the name is missing"]),
            ("name,number\nA\nB,999072000001,C\n", ["line 2: it has 1 fields, the header has 2", "line 3: it has 3 fields"]),
            ("Mẫu,999072000001\n", ["line 1: column 1 has an unknown name", "line 1: column 2 has", "line 1: the column \"name\" is missing"]),
            ("name,name\nA,B\n", ["line 1: a column is named twice"]),
            ("name;number\nA;999072000001\n", ["parted by semicolons"]),
            ("name,number\nA,\"999072000001\n", ["line 2: a quotation mark is not closed"]),
            ("", ["it is empty"]),
        ])
    func faultyPeople(_ table: String, _ messages: [String]) throws {
        let workplace = try Workplace()
        try workplace.write(table, to: "people.csv")
        let before = try workplace.records()
        let outcome = try workplace.call("person", "import", "people.csv", "--apply")
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        for message in messages { #expect(outcome.errors.contains(message), "\(outcome.errors)") }
        #expect(outcome.errorLines.count == (outcome.errors.contains("  line") ? 1 + messages.count : 1), "\(outcome.errors)")
        #expect(!outcome.errors.contains("99907200001") && !outcome.errors.contains("999072000001"))
        #expect(try workplace.records() == before)
    }

    @Test("Of many mistakes twenty are shown, and the others are counted")
    func manyMistakes() throws {
        let workplace = try Workplace()
        try workplace.write("name,number\n" + String(repeating: "A,1\n", count: 25), to: "people.csv")
        let outcome = try workplace.call("person", "import", "people.csv")
        #expect(outcome.status == 2)
        #expect(outcome.errorLines.count == 22)
        #expect(outcome.errorLines.last == "  and 5 more")
    }

    @Test(
        "A table in another encoding says how to save it, and nobody is registered",
        arguments: [
            (#"name\nTr\xe2\xcc\n"#, "it is not UTF-8 from line 2 on, but likely Windows-1258 or TCVN3; save it as \"CSV UTF-8\""),
            (#"name\nNguy\xd4n\n"#, "it is not UTF-8 from line 2 on, but likely Windows-1258 or TCVN3; save it as \"CSV UTF-8\""),
            (#"\xff\xfen\x00a\x00m\x00e\x00"#, "it is not UTF-8 but UTF-16, or no text; save it as \"CSV UTF-8\""),
            (#"\xfe\xff\x00n\x00a\x00m\x00e"#, "it is not UTF-8 but UTF-16, or no text; save it as \"CSV UTF-8\""),
        ])
    func encodings(_ bytes: String, _ message: String) throws {
        let workplace = try Workplace()
        let before = try workplace.records()
        let outcome = try workplace.shell("printf '\(bytes)' > t.csv; MINHCHUNG_ARCHIVE=$archive $minhchung person import t.csv --apply")
        #expect(outcome.status == 2)
        #expect(outcome.errorLines == ["minhchung: cannot read t.csv: \(message)"])
        #expect(try workplace.records() == before)
    }

    @Test("A table as a spreadsheet saves it, with a byte order mark and CRLF, is read")
    func byteOrderMark() throws {
        let workplace = try Workplace()
        try workplace.write("\u{FEFF}" + people.replacing("\n", with: "\r\n"), to: "people.csv")
        #expect(try workplace.call("person", "import", "people.csv", "--apply").status == 0)
        #expect(try workplace.call("person", "list").lines.count == 3)
    }

    @Test("Evidence can be declared as a registered person's")
    func personOfEvidence() throws {
        let workplace = try Workplace()
        try workplace.write("name\nNguyễn Văn Mẫu\n", to: "people.csv")
        #expect(try workplace.call("person", "import", "people.csv", "--apply").status == 0)
        let person = try #require(Workplace.objects(try workplace.call("person", "list", "--json"))[0]["person"] as? String)
        try workplace.write("a\n", to: "a.txt")
        try workplace.write("b\n", to: "b.txt")
        #expect(try workplace.run("deposit", "a.txt", "--person", person).status == 0)
        try workplace.write("file,person\nb.txt,\(person)\n", to: "metadata.csv")
        #expect(try workplace.run("deposit", "--metadata", "metadata.csv").status == 0)
        let items = try Workplace.objects(try workplace.run("list", "--json"))
        #expect(items.map { ($0["metadata"] as? [String: Any])?["person"] as? String } == [person, person])
        let item = try #require(items[0]["item"] as? String)
        #expect(try workplace.run("show", item).lines.contains("person        \(person)"))
        let faulty = try workplace.run("deposit", "a.txt", "--person", numbers[0])
        #expect(faulty.status == 2)
        #expect(!faulty.errors.contains(numbers[0]))
    }

    // MARK: Units

    /// Phường Tân Thạnh's code is phường Bàn Thạch's from 1/7/2025 on.
    private static let units = """
        name,code,kind,parent,from,until,basis
        Tỉnh Quảng Nam,49,province,,1997-01-01,30/06/2025,
        Phường Tân Thạnh,20335,ward,49,2006-01-01,30/06/2025,
        Thành phố Đà Nẵng,48,province,,1997-01-01,,
        Phường Bàn Thạch,20335,ward,48,01/07/2025,,Nghị quyết 1659/NQ-UBTVQH15

        """

    @Test("A code names one unit before 1/7/2025 and another one after, which came from it")
    func reusedCode() throws {
        let workplace = try Workplace()
        try workplace.write(Self.units, to: "units.csv")
        let before = try workplace.records()
        #expect(try workplace.call("unit", "import", "units.csv").status == 0)
        #expect(try workplace.records() == before)
        #expect(try workplace.call("unit", "import", "units.csv", "--apply").status == 0)
        #expect(try workplace.call("unit", "import", "units.csv", "--apply").lines.last == "0 declared, 4 known, 0 refused")
        #expect(try workplace.records() == before + 4)
        #expect(try workplace.call("unit", "list").lines.count == 4)

        try workplace.write("from,to,kind,whole,on,basis\n20335,20335,merge,yes,01/07/2025,\n", to: "successions.csv")
        #expect(try workplace.call("unit", "succeed", "--import", "successions.csv").lines.last == "1 recorded, 0 known")
        let again = try workplace.call("unit", "succeed", "--from", "20335", "--to", "20335", "--kind", "merge", "--on", "2025-07-01")
        #expect(again.lines == ["0 recorded, 1 known"], "\(again.errors)")

        let old = try workplace.call("unit", "show", "20335", "--on", "2025-06-30")
        let new = try workplace.call("unit", "show", "20335", "--on", "1/7/2025")
        #expect(old.output.contains("name          20335  Phường Tân Thạnh (ward), from 2006-01-01 until 2025-06-30"), "\(old.output)")
        #expect(old.lines.last?.hasPrefix("became        un-") == true)
        #expect(old.lines.last?.hasSuffix("Phường Bàn Thạch, merge, on 2025-07-01") == true, "\(old.output)")
        #expect(new.lines.last?.hasPrefix("was before    un-") == true)
        #expect(new.lines.last?.hasSuffix("Phường Tân Thạnh, merge, on 2025-07-01") == true, "\(new.output)")
        let was = try Workplace.objects(try workplace.call("unit", "show", "20335", "--on", "2025-06-30", "--json"))[0]
        let became = try Workplace.objects(try workplace.call("unit", "show", "20335", "--json"))[0]
        #expect(was["unit"] as? String != became["unit"] as? String)
        #expect((was["successors"] as? [[String: Any]])?.first?["to"] as? String == became["unit"] as? String)
    }

    @Test("A unit that is renamed keeps its id")
    func rename() throws {
        let workplace = try Workplace()
        let added = try workplace.call(
            "unit", "add", "--name", "Tỉnh Đồng Nai", "--code", "75", "--kind", "province", "--from", "1976-01-01", "--until", "2026-04-29",
            "--json")
        let id = try #require(try Workplace.objects(added)[0]["unit"] as? String)
        let renamed = try workplace.call(
            "unit", "add", "--unit", id, "--name", "Thành phố Đồng Nai", "--code", "75", "--kind", "province", "--from", "30/4/2026")
        #expect(renamed.status == 0, "\(renamed.errors)")
        let names = try #require(Workplace.objects(try workplace.call("unit", "show", id, "--json"))[0]["names"] as? [[String: Any]])
        #expect(names.map { $0["name"] as? String } == ["Tỉnh Đồng Nai", "Thành phố Đồng Nai"])
    }

    @Test("A code that another unit has on that day is refused, and so is a parent that is not there")
    func refusedUnits() throws {
        let workplace = try Workplace()
        try workplace.write(Self.units, to: "units.csv")
        #expect(try workplace.call("unit", "import", "units.csv", "--apply").status == 0)
        let before = try workplace.records()
        try workplace.write(
            "name,code,kind,parent,from\nPhường Khác,20335,ward,48,2025-07-01\nPhường Lạc,1,ward,99,2025-07-01\n", to: "more.csv")
        let outcome = try workplace.call("unit", "import", "more.csv", "--apply")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("line 2 refused: Phường Khác: on 2025-07-01 the code 20335 is Phường Bàn Thạch's"))
        #expect(outcome.errors.contains("line 3 refused: Phường Lạc: cannot find unit of 2025-07-01 99"))
        #expect(try workplace.call("unit", "succeed", "--from", "20335", "--to", "99", "--kind", "merge", "--on", "2025-07-01").status == 1)
        #expect(try workplace.call("unit", "succeed", "--from", "20335").status == 64)
        #expect(try workplace.records() == before)
    }

    @Test(
        "Mistakes in tables of units and of what became of them are named with their lines, and nothing is recorded",
        arguments: [
            ("import", "name,kind,from\nA,village,2025-07-01\n", "line 2: cannot take kind \"village\""),
            ("import", "name,kind,from\nA,ward,31/6/2025\n", "line 2: cannot take from \"31/6/2025\""),
            ("import", "name,kind,from\nA,ward,\n", "line 2: the day from which it holds (from) is missing"),
            ("import", "name,kind\nA,ward\n", "line 1: the column \"from\" is missing"),
            ("import", "name;kind;from\nA;ward;2025-07-01\n", "parted by semicolons"),
            ("succeed", "from,to,kind,whole,on\n1,2,merge,maybe,2025-07-01\n", "line 2: whole is yes or no"),
            ("succeed", "from,to,kind,whole,on\n1,2,marry,yes,2025-07-01\n", "line 2: cannot take kind \"marry\""),
            ("succeed", "from,to,kind,whole,on\n,2,merge,yes,2025-07-01\n", "line 2: the unit that was (from) is missing"),
        ])
    func faultyUnits(_ command: String, _ table: String, _ message: String) throws {
        let workplace = try Workplace()
        try workplace.write(table, to: "t.csv")
        let before = try workplace.records()
        let outcome =
            command == "import"
            ? try workplace.call("unit", "import", "t.csv", "--apply") : try workplace.call("unit", "succeed", "--import", "t.csv")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(try workplace.records() == before)
    }
}
