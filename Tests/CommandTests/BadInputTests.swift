import Foundation
import Glibc
import Testing

@Suite("Bad input gives one clear line and loses nothing")
struct BadInputTests {
    /// Checks that a deposit of `names` beside a good file refuses with a line that has `words`, and keeps the good file.
    private func check(_ workplace: Workplace, shell line: String, refusesWith words: [String], status: Int32 = 1) throws {
        try workplace.write("tốt\n", to: "in/good.txt")
        let outcome = try workplace.shell(line)
        #expect(outcome.status == status, "\(outcome.errors)")
        let refusals = outcome.errorLines
        #expect(refusals.count == 1, "\(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(outcome.output.contains("good.txt"))
        #expect(try workplace.run("verify").status == 0)
        #expect(try workplace.run("list").lines.count == 1)
    }

    @Test("An empty file is refused")
    func emptyFile() throws {
        let workplace = try Workplace()
        try workplace.write("", to: "in/empty.pdf")
        try check(workplace, shell: "$minhchung deposit --archive $archive in", refusesWith: ["cannot deposit", "empty.pdf", "empty"])
    }

    @Test("A file that is not there is refused")
    func missingFile() throws {
        try check(
            try Workplace(), shell: "$minhchung deposit --archive $archive in/good.txt nowhere.pdf",
            refusesWith: ["cannot deposit", "nowhere.pdf", "No such file or directory"])
    }

    @Test("A pipe is refused without waiting for its other end")
    func pipe() throws {
        try check(
            try Workplace(), shell: "mkfifo in/pipe && $minhchung deposit --archive $archive in",
            refusesWith: ["cannot deposit", "in/pipe", "not a regular file"])
    }

    @Test("A folder that loops by a symbolic link is walked once")
    func loop() throws {
        try check(
            try Workplace(), shell: "ln -s . in/loop && $minhchung deposit --archive $archive in",
            refusesWith: ["in/loop", "symbolic link"])
    }

    @Test("A file that may not be read is refused")
    func unreadableFile() throws {
        let workplace = try Workplace(hasArchive: false)
        try workplace.write("tốt\n", to: "in/good.txt")
        try workplace.write("xấu\n", to: "in/secret.txt")
        // Everything is readable for root, so another user runs a copy of the program.
        let copy = "cp $minhchung ./program && chmod 755 . program && chmod 000 in/secret.txt && chmod 777 ."
        let asOther = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : ""
        #expect(try workplace.shell("\(copy) && \(asOther) ./program init --archive $archive").status == 0)
        let outcome = try workplace.shell("\(asOther) ./program deposit --no-extract --archive $archive in")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines == ["minhchung: cannot read in/secret.txt: Permission denied"])
        #expect(outcome.output.contains("good.txt"))
    }

    @Test("Names with a newline and names that are not UTF-8 are deposited and printed on one line")
    func strangeNames() throws {
        let workplace = try Workplace()
        let outcome = try workplace.shell(
            #"mkdir in && printf một > $'in/two\nlines.txt' && printf hai > $'in/bad\xff\xfename.txt' && "#
                + #"$minhchung deposit --archive $archive in && $minhchung deposit --archive $archive $'in/bad\xff\xfename.txt'"#)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains(#"in/two\x0alines.txt"#))
        #expect(outcome.output.contains(#"in/bad\xff\xfename.txt"#))
        #expect(outcome.output.contains("already there"))
        #expect(try workplace.run("list", "--json").output.contains(#"bad\\xff\\xfename.txt"#))
    }

    @Test("What nobody sees is refused in what is declared, and kept in the name of a file", arguments: ["200b", "202e", "2066", "feff"])
    func invisible(_ scalar: String) throws {
        let workplace = try Workplace()
        let outcome = try workplace.shell(
            #"mkdir in && printf một > $'in/a\u\#(scalar)b.txt' && $minhchung deposit --archive $archive in && "#
                + #"$minhchung deposit --archive $archive in --holder $'Mẫu\u\#(scalar)x'"#)
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("holder has control characters"), "\(outcome.errors)")
        #expect(outcome.lines.contains { $0.hasPrefix("deposited ") })
        #expect(try workplace.run("list").lines.count == 1)
    }

    @Test("A full disk stops the deposit with one line; what was acknowledged is there", .enabled(if: getuid() == 0, "mounting needs root"))
    func fullDisk() throws {
        let workplace = try Workplace(hasArchive: false)
        let setUp =
            "mkdir disk && mount -t tmpfs -o size=40m tmpfs disk && mkdir in && "
            + "for i in $(seq 20); do head -c 3000000 /dev/urandom > in/$i; done"
        #expect(try workplace.shell(setUp).status == 0)
        defer { _ = try? workplace.shell("umount disk") }  // because the folder goes with the machine's temporary files
        let outcome = try workplace.shell(
            "$minhchung init --archive disk/a && $minhchung deposit --no-extract --archive disk/a in")
        #expect(outcome.status == 2)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("free"), "\(outcome.errors)")
        let acknowledged = outcome.lines.filter { $0.hasPrefix("deposited ") }
        #expect(!acknowledged.isEmpty)
        let after = try workplace.shell("$minhchung verify --archive disk/a && $minhchung list --archive disk/a")
        #expect(after.status == 0, "\(after.output)\(after.errors)")
        for line in acknowledged { #expect(after.output.contains(line.split(separator: " ")[1])) }
    }

    @Test("A second process is told who holds the archive")
    func secondProcess() throws {
        let workplace = try Workplace()
        let outcome = try workplace.shell(
            """
            exec 9>> "$archive/lock"; flock 9; echo -n "process 42 (test)" > "$archive/lock"
            $minhchung status --archive $archive
            """)
        #expect(outcome.status == 3)
        #expect(outcome.errorLines == ["minhchung: cannot open archive \(workplace.archive): it is in use by process 42 (test)"])
    }

    @Test("No archive, and a folder with something else in it, are told apart")
    func noArchive() throws {
        let workplace = try Workplace(hasArchive: false)
        let missing = try workplace.run("status")
        #expect(missing.status == 2)
        #expect(missing.errors.contains("there is no archive") && missing.errors.contains("minhchung init"))
        try workplace.write("mine", to: "archive/thesis.doc")
        let occupied = try workplace.run("init")
        #expect(occupied.status == 2)
        #expect(occupied.errors.contains("not empty"))
    }

    @Test(
        "Mistakes in a table are all named with their lines, and nothing is deposited",
        arguments: [
            ("file,title\nin/a.txt,\"x\n", "line 2: a quotation mark is not closed"),
            ("title\nx\n", "the column \"file\" is missing"),
            ("file,colour\nin/a.txt,red\n", "there is no column \"colour\""),
            ("file,kind\nin/a.txt,diploma\n", "line 2: cannot take kind \"diploma\""),
            ("file,issued\nin/a.txt,31/02/2025\n", "line 2: cannot take issued \"31/02/2025\""),
            ("file,title\nin/a.txt\n", "line 2: it has 1 fields, the header has 2"),
            ("file,title\n,x\n", "line 2: the file is missing"),
            ("", "it is empty"),
        ])
    func tableMistakes(_ table: String, _ message: String) throws {
        let workplace = try Workplace()
        try workplace.write("a\n", to: "in/a.txt")
        try workplace.write(table, to: "table.csv")
        let outcome = try workplace.run("deposit", "--metadata", "table.csv")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(try workplace.run("list").lines.isEmpty)
    }

    @Test("A table that is not UTF-8 says how to save it")
    func tableEncoding() throws {
        let workplace = try Workplace()
        let outcome = try workplace.shell(#"printf 'file,title\na,\xe2\xea' > t.csv; $minhchung deposit --archive $archive --metadata t.csv"#)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("CSV UTF-8"))
    }

    @Test("A table with a byte order mark, CRLF, quotes and line breaks in fields declares metadata")
    func tableForms() throws {
        let workplace = try Workplace()
        try workplace.write("a\n", to: "in/a.txt")
        try workplace.write(
            "\u{FEFF}file,title,issued,holder\r\nin/a.txt,\"Giấy khen, \"\"hạng nhất\"\"\",03/06/2025,Lê Minh Họa\r\n", to: "table.csv")
        #expect(try workplace.run("deposit", "--metadata", "table.csv").status == 0)
        let item = try Workplace.objects(try workplace.run("list", "--json"))[0]
        let metadata = try #require(item["metadata"] as? [String: Any])
        #expect(metadata["title"] as? String == "Giấy khen, \"hạng nhất\"")
        #expect(metadata["issued"] as? String == "2025-06-03")
        #expect(metadata["holder"] as? String == "Lê Minh Họa")
    }

    @Test(
        "A wrong command line is status 64, an unknown item status 1",
        arguments: [
            ("list --limit 0", Int32(64)), ("search", 64), ("deposit --kind diploma x", 2), ("show ev-00000000", 1),
            ("show ../../etc", 1), ("get ev-0", 1), ("search %%%", 2), ("deposit", 2), ("verify --minutes 0", 64),
        ] as [(String, Int32)])
    func statuses(_ line: String, _ status: Int32) throws {
        let workplace = try Workplace()
        try workplace.write("x", to: "x")
        let outcome = try workplace.shell("$minhchung \(line) --archive $archive")
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(!outcome.errors.isEmpty)
    }
}
