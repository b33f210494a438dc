import Foundation
import Testing

/// An archive of the sample documents, made once for all tests of the suite.
///
/// Record 0 is its creation, 1–26 the deposits of the documents, 27–52 their extractions, 53 the deposit of a file of three
/// pieces, 54 a description of that, 55 and 56 deposit and extraction of a text. The access log has two entries.
private struct SampleArchive: SuiteTrait, TestScoping {
    @TaskLocal static var current: SampleArchive?

    var workplace: Workplace?
    /// Digests of the file of three pieces, of the last text, and of the text extracted from it.
    var names: [String: String] = [:]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let workplace = try await Workplace()
        let made = try await workplace.shell(
            """
            seq 400000 > big.txt
            printf 'một\\nhai\\n' > last.txt
            run() { command=$1; shift; "$minhchung" "$command" --archive "$archive" "$@" > /dev/null; }
            run init
            run deposit '\(projectFolder.path)/Storage/Sample/documents'
            run deposit --no-extract --holder 'Nguyễn Văn Mẫu' big.txt
            run list
            big=$(sqlite3 "$archive/archive.sqlite" 'SELECT id FROM item WHERE deposit_record = 53')
            run describe "$big" --title 'Ba mảnh'
            run deposit last.txt
            sha256sum big.txt last.txt | cut -c 1-64
            sqlite3 "$archive/archive.sqlite" "SELECT json_extract(body, '$.text.digest') FROM record_body WHERE number = 56"
            echo "$big"
            """)
        try #require(made.status == 0, "\(made.output)")
        let names = zip(["BIG", "LAST", "TEXT", "ITEM"], made.output.split(separator: "\n").map(String.init))
        let sample = SampleArchive(workplace: workplace, names: Dictionary(uniqueKeysWithValues: names))
        try await Self.$current.withValue(sample) { try await function() }
    }

    /// `text` with the names that stand for digests and ids replaced by what they stand for.
    func spelled(_ text: String) -> String { names.reduce(text) { $0.replacing($1.key, with: $1.value) } }

    static func copy() async throws -> (sample: SampleArchive, copy: Workplace) {
        let sample = try #require(current)
        return (sample, try await Workplace(copyOf: sample.workplace?.archive))
    }
}

@Suite("The oracle, which knows only the format", .serialized, SampleArchive())
struct OracleTests {
    @Test("finds nothing in an archive of the sample documents")
    func sound() async throws {
        let (_, copy) = try await SampleArchive.copy()
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines)")
        let root = try await copy.shell(#""$minhchung" status --archive "$archive" --json"#)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(root.output.utf8)) as? [String: Any])
        #expect(lines.first?.hasPrefix("sound: 57 records, root \(json["record_root"] ?? ""); 2 access log entries") == true)
        #expect(lines.first?.contains("root \(json["access_log_root"] ?? ""); \(json["objects"] ?? "") objects, 0 that") == true)
    }

    private static let mutations = [
        // Objects.
        Mutation(
            "a byte of an object is another",
            #"chmod 600 "$(object BIG)"; printf X | dd of="$(object BIG)" bs=1 seek=1500000 conv=notrunc status=none; chmod 400 "$(object BIG)""#,
            "object BIG: its content has changed"),
        Mutation("an object is cut short", #"truncate --size=-1 "$(object LAST)""#, "object LAST: its content has changed"),
        Mutation("an object is missing", #"rm -f "$(object LAST)""#, "object LAST: it is missing"),
        Mutation("the text of an object is missing", #"rm -f "$(object TEXT)""#, "object TEXT: it is missing"),
        Mutation(
            "a link stands in an object's place", #"mv "$(object LAST)" away; ln -s "$PWD/away" "$(object LAST)""#,
            "object LAST: it is not a regular file"),
        Mutation("an object may be written to", #"chmod 600 "$(object LAST)""#, "object LAST: its mode is 600"),
        Mutation(
            "an object lies in another's folder", #"mv "$(object LAST)" "$archive/objects/sha256/00""#,
            "objects/sha256/00/LAST: no object has this name here"),
        Mutation("a file is no object", #"touch "$archive/objects/sha256/ff/notes""#, "objects/sha256/ff/notes: "),
        Mutation("a folder is missing", #"mv "$archive/objects/sha256/00" away"#, "objects/sha256/00: the folder is missing"),
        // Records and their tree.
        Mutation(
            "a header is edited", #"sql "UPDATE record SET header = replace(header, 'console:', 'konsole:') WHERE number = 5""#,
            "record 5: its header is not that of its leaf"),
        Mutation(
            "a body is edited",
            #"sql "UPDATE record_body SET body = replace(body, 'citizen-copy', 'original-seen') WHERE number = 5""#,
            "record 5: body: it is not the body that the header commits to"),
        Mutation(
            "a salt is edited", #"sql "UPDATE record_body SET salt = randomblob(32) WHERE number = 5""#,
            "record 5: body: it is not the body that the header commits to"),
        Mutation("a body is deleted", #"sql "DELETE FROM record_body WHERE number = 5""#, "record 5: its body is missing"),
        Mutation(
            "a record is deleted", #"sql "DELETE FROM record_body WHERE number = 5; DELETE FROM record WHERE number = 5""#,
            "record 5: it is missing"),
        Mutation(
            "the last record is deleted, but not its leaf", #"sql "DELETE FROM record_body WHERE number = 56; DELETE FROM record WHERE number = 56""#,
            "node 0/56 of record_node: it is over a record that is not there"),
        Mutation("a body has no record", #"sql "INSERT INTO record_body VALUES (57, zeroblob(32), '{}')""#, "record 57: it has a body"),
        Mutation(
            "two headers change places",
            #"sql "UPDATE record SET header = (SELECT header FROM record WHERE number = 6) WHERE number = 5""#,
            "record 5: its header is not that of its leaf"),
        Mutation(
            "a leaf is deleted", #"sql "DELETE FROM record_node WHERE level = 0 AND position = 5""#,
            "record 5: its leaf is missing from the tree"),
        Mutation(
            "a node is deleted", #"sql "DELETE FROM record_node WHERE level = 2 AND position = 1""#,
            "node 2/1 of record_node: it is missing"),
        Mutation(
            "a node is edited", #"sql "UPDATE record_node SET hash = randomblob(32) WHERE level = 5 AND position = 0""#,
            "node 5/0 of record_node: it is not the hash of the two below it"),
        Mutation(
            "a node is over nothing", #"sql "INSERT INTO record_node VALUES (3, 7, randomblob(32))""#,
            "node 3/7 of record_node: it is over a record that is not there"),
        // Records that a wrong program could write, with right hashes.
        Mutation(
            "a body is not canonical", #"forge 'text = canonical(body).replace(":", ": ")'"#, "record 56: body: it is JSON, but not in canonical"),
        Mutation(
            "a body names a member twice", #"forge 'text = canonical(body).replace("{", "{\"tool\":\"a\",", 1)'"#,
            "record 56: body: it names a member twice"),
        Mutation("a body has a fraction", #"forge 'body["page_count"] = 1.5'"#, "record 56: body: 1.5 is not an integer"),
        Mutation("a body has a member that is not known", #"forge 'body["colour"] = "red"'"#, "record 56: body: the member colour is not known"),
        Mutation("a body lacks a member", #"forge 'del body["tool"]'"#, "record 56: body: the member tool is missing"),
        Mutation("a body has a state that there is not", #"forge 'body["state"] = "read"'"#, "record 56: body: the member state has a value"),
        Mutation("a header is of another time", #"forge 'header["time"] = "yesterday"'"#, "record 56: header: the member time has a value"),
        Mutation("a header has another number", #"forge 'header["number"] = 7'"#, "record 56: header: its header says that it is number 7"),
        Mutation("a header has other subjects", #"forge 'header["subjects"] = ["ITEM"]'"#, "record 56: body: its subjects are"),
        Mutation("a text has fewer pages than stated", #"forge 'body["page_count"] = 2'"#, "text object TEXT of record 56: it has 1 pages"),
        Mutation("a text has another size", #"forge 'body["text"]["size"] += 1'"#, "object TEXT: it has"),
        Mutation(
            "a text has other pieces", #"forge 'body["text"]["pieces"] = "00" * 32'"#, "object TEXT: its pieces are not those of record 56"),
        // The access log.
        Mutation(
            "an entry of the access log is edited", #"sql "UPDATE access SET header = replace(header, 'listed', 'viewed') WHERE number = 0""#,
            "access log entry 0: its header is not that of its leaf"),
        Mutation("an entry of the access log is deleted", #"sql "DELETE FROM access WHERE number = 0""#, "access log entry 0: it is missing"),
        Mutation("a node of the access log is deleted", #"sql "DELETE FROM access_node WHERE level = 1""#, "node 1/0 of access_node: it is missing"),
        // Lists of pieces and views.
        Mutation("a list of pieces is missing", #"sql "DELETE FROM piece_list""#, "list of pieces of object BIG: it is missing"),
        Mutation(
            "a list of pieces is edited", #"sql "UPDATE piece_list SET pieces = randomblob(96)""#,
            "list of pieces of object BIG: it is not the recorded one"),
        Mutation("a view has another title", #"sql "UPDATE item SET title = 'x' WHERE deposit_record = 53""#, "view item, ITEM: title is 'x'"),
        Mutation("a view lacks an item", #"sql "DELETE FROM item WHERE deposit_record = 53""#, "view item, ITEM: it is missing"),
        Mutation(
            "a view has an object damaged that is not", #"sql "UPDATE object SET is_damaged = 1 WHERE digest = 'BIG'""#,
            "view object, BIG: is_damaged is 1"),
        Mutation("a view lacks an object", #"sql "DELETE FROM object WHERE digest = 'BIG'""#, "view object, BIG: it is missing"),
        Mutation("a view lacks a subject", #"sql "DELETE FROM record_subject WHERE number = 54""#, "view record_subject, ITEM: record 54 is missing"),
        // The rest.
        Mutation("staging is not empty", #"touch "$archive/staging/1f.part""#, "staging/1f.part: "),
        Mutation("format.json is of another archive", #"sed -i 's/ar-.\{4\}/ar-0000/' "$archive/format.json""#, "format.json: it names ar-0000"),
        Mutation(
            "format.json is of a format to come", #"sed -i 's/"format":1/"format":2/' "$archive/format.json""#, "format.json: the member format has"),
        Mutation(
            "a page of the database is overwritten",
            #"sql ''; printf 'no page at all' | dd of="$archive/archive.sqlite" bs=4096 seek=3 conv=notrunc status=none"#, "archive.sqlite: "),
        Mutation("the database is missing", #"rm "$archive"/archive.sqlite*"#, "archive.sqlite: it is missing"),
        Mutation("service.sqlite is missing", #"rm "$archive"/service.sqlite*"#, "service.sqlite: it is missing"),
        Mutation(
            "the search index knows records to come", #"sqlite3 "$archive/search.sqlite" "UPDATE mark SET value = 58""#,
            "search.sqlite: it has 58 records, the ledger 57"),
    ]

    @Test("finds and names what is wrong when", arguments: mutations)
    private func mutation(_ mutation: Mutation) async throws {
        let (sample, copy) = try await SampleArchive.copy()
        let done = try await copy.shell(sample.spelled(mutation.shell))
        try #require(done.status == 0, "\(done.output)")
        let (status, lines) = try await copy.look()
        #expect(status == 1)
        let finding = "FOUND  " + sample.spelled(mutation.finding)
        #expect(lines.contains { $0.hasPrefix(finding) }, "\(lines.joined(separator: "\n"))")
    }

    @Test("finds nothing wrong after the acts that set things right")
    func mended() async throws {
        let (sample, copy) = try await SampleArchive.copy()
        let mended = try await copy.shell(
            sample.spelled(
                #"""
                rm -f "$(object LAST)" "$(object BIG)"
                "$minhchung" verify --archive "$archive" && exit 1
                printf 'một\nhai\n' > last.txt
                "$minhchung" deposit --archive "$archive" last.txt
                seq 400000 > big.txt
                "$minhchung" deposit --archive "$archive" --as acc-1 --holder 'Lê Minh Họa' big.txt
                sql "UPDATE item SET title = 'x'; DELETE FROM piece_list; DELETE FROM object WHERE is_evidence = 0"
                "$minhchung" rebuild --archive "$archive"
                "$minhchung" verify --archive "$archive"
                touch "$archive/staging/1f.part"
                "$minhchung" status --archive "$archive"
                """#))
        #expect(mended.status == 0, "\(mended.output)")
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines.joined(separator: "\n"))")
    }

    @Test("says that an acknowledged deposit is lost, also where all that is left is sound")
    func lost() async throws {
        let (sample, copy) = try await SampleArchive.copy()
        let list = copy.folder.appending(path: "acknowledged").path
        try Data(sample.spelled("deposited      ITEM BIG big.txt (object known)\nalready there  ITEM BIG big.txt\n1 deposited\n").utf8)
            .write(to: URL(filePath: list))
        let whole = try await copy.look("--acknowledged", list)
        #expect(whole.status == 0, "\(whole.findings)")
        #expect(whole.findings.first?.hasSuffix("; 2 acknowledged deposits") == true)
        try Data(sample.spelled("deposited      ev-0000000000000000 BIG big.txt\ndeposited      ITEM LAST last.txt\n").utf8)
            .write(to: URL(filePath: list))
        let lost = try await copy.look("--acknowledged", list)
        #expect(lost.status == 1)
        #expect(lost.findings.count { $0.contains("LOST") } == 2, "\(lost.findings)")
    }

    @Test("says that it could not look, and not that all is well")
    func couldNotLook() async throws {
        let (_, copy) = try await SampleArchive.copy()
        #expect(try await copy.run(["python3", oraclePath, copy.folder.path]).status == 2)
        #expect(try await copy.run(["flock", copy.archive + "/lock", "python3", oraclePath, copy.archive]).status == 2)
        #expect(try await copy.look("--acknowledged", "no-such-file").status == 2)
        let list = copy.folder.appending(path: "acknowledged").path
        try Data("deposited      ev-cut-off".utf8).write(to: URL(filePath: list))
        #expect(try await copy.look("--acknowledged", list).status == 2)
    }

    @Test("The commands of Storage/README.md run as they stand there, and find an edited record")
    func readme() async throws {
        let (_, copy) = try await SampleArchive.copy()
        let readme = try String(contentsOf: projectFolder.appending(path: "Storage/README.md"), encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "\n## To check an archive without the program\n").last)
        // Code is set in by four spaces; what a command prints is, too, and is told by its end.
        let code = section.split(separator: "\n").filter { $0.hasPrefix("    ") && !$0.hasSuffix(": OK") }.joined(separator: "\n")
        let check = "cd \"$archive\"; work=$(mktemp -d); set +e\n\(code)\nrm -r \"$work\""
        let root = try await copy.shell(#""$minhchung" status --archive "$archive" | sed -n 's/^records *//p'"#)
        let line = String(root.output.dropLast())
        let expected = Set([
            "ok", "57|57", "0", "110|110", line.replacing(", root", with: " records, root"), line.replacing(", root", with: " signed, root"),
            "Signature Verified Successfully",
        ])
        func unexpected(_ output: String) -> [Substring] {
            output.split(separator: "\n").filter { !$0.hasSuffix(": OK") && !expected.contains(String($0)) }
        }
        let sound = try await copy.shell(check)
        #expect(unexpected(sound.output).isEmpty, "\(sound.output)")
        #expect(expected.allSatisfy { sound.output.contains($0 + "\n") }, "\(sound.output)")
        _ = try await copy.shell(#"sql "UPDATE record SET header = replace(header, 'console:', 'konsole:') WHERE number = 5""#)
        #expect(!unexpected(try await copy.shell(check).output).isEmpty)
    }
}

@Suite("A deposit that is killed", .serialized)
struct KillTests {
    @Test("has lost nothing that it acknowledged, whenever it is killed")
    func storm() async throws {
        let workplace = try await Workplace()
        let script = projectFolder.appending(path: "Tests/Oracle/kill_storm.py").path
        let (status, output) = try await workplace.run(["python3", script, "--rounds", "8", "--program", programPath])
        #expect(status == 0, "\(output)")
        #expect(output.contains("8 rounds, ") && output.contains(" 0 lost"), "\(output)")
    }
}
