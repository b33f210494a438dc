import Foundation
import Testing

@Suite("The command line")
struct CommandTests {
    static let commands = [
        "init", "deposit", "describe", "show", "list", "search", "get", "verify", "extract", "rebuild", "status",
        "criteria", "person", "unit", "dossier", "cite", "uncite", "score", "evidence", "decide", "revoke", "honour", "trace", "replay",
        "matrix", "history",
        "bundle", "verify-bundle", "checkpoint", "prove", "witness", "keys", "erase", "hold", "access", "backup", "restore",
    ]

    @Test("Every command has help with an example", arguments: commands)
    func help(_ command: String) throws {
        let outcome = try Workplace(hasArchive: false).shell("$minhchung \(command) --help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("EXAMPLE"))
        #expect(outcome.output.contains("minhchung \(command)"))
    }

    @Test("The README shows every command and every exit status")
    func readme() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        for command in Self.commands where !["list", "extract", "describe", "uncite"].contains(command) {
            #expect(readme.contains("minhchung \(command)") || readme.contains("`\(command)`"), "\(command)")
        }
        let help = try Workplace(hasArchive: false).shell("$minhchung --help").output
        for status in ["0", "1", "2", "3", "64"] {
            #expect(readme.contains("| \(status) |"))
            #expect(help.contains("  \(status) "))
        }
    }

    @Test("A file goes in, is found in any spelling, and comes out as it was")
    func roundTrip() throws {
        let workplace = try Workplace()
        let text = "Ủy ban nhân dân tỉnh Đồng Tháp\n"
        let path = try workplace.write(text, to: "giấy.txt")
        #expect(try workplace.run("deposit", path, "--kind", "decision", "--holder", "Trần Thị Thí Dụ").status == 0)
        for query in ["dong thap", "Đồng Tháp", "Đồng Tháp".decomposedStringWithCanonicalMapping, "ĐỒNG THÁP"] {
            let hits = try Workplace.objects(try workplace.run("search", "--json", query))
            #expect(hits.contains { $0["page"] as? Int == 1 }, "\(query)")
        }
        #expect(try workplace.run("search", "--json", "--exact", "dong thap").lines.isEmpty)
        #expect(try workplace.run("search", "--json", "--holder", "tran thi", "dong thap").lines.count == 1)
        #expect(try workplace.run("search", "--json", "--kind", "photo", "dong thap").lines.isEmpty)
        let item = try #require(Workplace.objects(try workplace.run("list", "--json"))[0]["item"] as? String)
        #expect(try workplace.run("get", item, "--output", "-").output == text)
        #expect(try workplace.run("get", item, "--output", "out.txt").status == 0)
        let again = try workplace.run("get", item, "--output", "out.txt")
        #expect(again.status == 2)
        #expect(again.errors.contains("there is such a file"))
    }

    @Test("A damaged object is named, moved away, never served, and whole again when it is deposited again")
    func damage() throws {
        let workplace = try Workplace()
        let path = try workplace.write("một hai ba\n", to: "a.txt")
        let deposited = try workplace.run("deposit", path).lines[0].split(separator: " ")
        let (item, digest) = (String(deposited[1]), String(deposited[2]))
        let object = workplace.archive + "/objects/sha256/\(digest.prefix(2))/\(digest)"
        #expect(try workplace.shell("chmod 600 \(object) && printf X | dd of=\(object) conv=notrunc status=none").status == 0)
        let get = try workplace.run("get", item, "--output", "out.txt")
        #expect(get.status == 2)
        #expect(get.errors.contains(digest))
        #expect(!FileManager.default.fileExists(atPath: workplace.folder.appending(path: "out.txt").path))
        #expect(!FileManager.default.fileExists(atPath: workplace.folder.appending(path: "out.txt.part").path))
        let verify = try workplace.run("verify")
        #expect(verify.status == 1)
        #expect(verify.output.contains(digest) && verify.output.contains(item) && verify.output.contains("quarantine"))
        #expect(!FileManager.default.fileExists(atPath: object))
        #expect(try workplace.run("verify").status == 1)
        #expect(try workplace.run("deposit", path).status == 0)
        #expect(try workplace.run("verify").status == 0)
        #expect(try workplace.run("get", item, "--output", "out.txt").status == 0)
    }

    @Test("Every line of JSON output is one object")
    func json() throws {
        let workplace = try Workplace()
        try workplace.write("công dân học tập\n", to: "a.txt")
        for command in ["deposit a.txt", "list", "search hoc tap", "verify", "status", "extract", "rebuild"] {
            let outcome = try workplace.shell("$minhchung \(command) --json --archive $archive")
            #expect(outcome.status == 0, "\(command) \(outcome.errors)")
            #expect(try !Workplace.objects(outcome).isEmpty, "\(command)")
        }
    }

    @Test("A search index that is no database degrades search and is mended by rebuild")
    func brokenIndex() throws {
        let workplace = try Workplace()
        try workplace.write("công dân học tập\n", to: "a.txt")
        #expect(try workplace.run("deposit", "a.txt").status == 0)
        #expect(try workplace.shell("rm $archive/search.sqlite*; printf 'no database at all' > $archive/search.sqlite").status == 0)
        #expect(try workplace.run("search", "hoc tap").status == 2)
        try workplace.write("gia đình học tập\n", to: "b.txt")
        let deposit = try workplace.run("deposit", "b.txt")
        #expect(deposit.status == 1)
        #expect(deposit.output.contains("deposited ") && deposit.errors.contains("rebuild"))
        #expect(try workplace.run("status").output.contains("DAMAGED"))
        #expect(try workplace.run("rebuild").status == 0)
        #expect(try workplace.run("search", "--json", "hoc tap").lines.count == 2)
    }
}
