import Foundation
import Glibc
import Testing

/// A place whose archive a server holds; each of its people has a token.
private final class ServedWorkplace {
    let place: Workplace
    private(set) var url = ""
    private let server = Process()

    /// Every account that is named may do what its role says, everywhere.
    init(_ roles: [String: String], _ place: Workplace? = nil) throws {
        self.place = try place ?? Workplace()
        for (account, role) in roles {
            try self.place.succeed(["account", "add", account])
            if role != "citizen" { try self.place.succeed(["account", "grant", account, "--role", role]) }
        }
    }

    func token(of account: String, scope: String = "administer") throws -> String {
        try place.answer("account", "token", "create", "a test", "--scope", scope, "--days", "1", "--as", account).text("secret")
    }

    /// Starts the server; when this returns it listens.
    func begin(_ arguments: [String] = []) throws {
        server.executableURL = programFolder.appending(path: "minhchung")
        server.arguments = ["serve", "--archive", place.archive, "--port", "0"] + arguments
        let output = Pipe()
        server.standardOutput = output
        server.standardError = try FileHandle(forWritingTo: URL(filePath: try place.write("", to: "server.log")))
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        url = try #require(line.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) }, "\(line)")
    }

    func end() {
        guard server.isRunning else { return }
        server.terminate()
        server.waitUntilExit()
    }

    deinit { end() }

    /// Runs the program at the server, in the name of whoever has the token; without one, as it is kept in the place's own home.
    func run(_ token: String?, _ arguments: [String], input: String = "", environment: [String] = []) throws -> Workplace.Outcome {
        let file = try place.write(input, to: "input-\(UUID().uuidString)")
        let variables = ["HOME=\(place.folder.path)/home", "MINHCHUNG_SERVER=\(url)"] + (token.map { ["MINHCHUNG_TOKEN=\($0)"] } ?? []) + environment
        return try place.execute(
            ["-u", "MINHCHUNG_ARCHIVE", "-u", "XDG_CONFIG_HOME"] + variables + [
                "bash", "-c", "exec \"$@\" < \"$0\"", file, programFolder.appending(path: "minhchung").path,
            ] + arguments)
    }
}

extension Workplace {
    @discardableResult
    fileprivate func succeed(_ arguments: [String]) throws -> Outcome {
        let outcome = try command(arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome
    }
}

@Suite("The command line at a server", .timeLimit(.minutes(10)))
struct RemoteTests {
    /// `minhchung` as the people of the story have it: each asks the server with a token of their own. What is done where the archive is
    /// is done while no server holds it.
    private static let people = """
        #!/usr/bin/env bash
        set -euo pipefail
        here=$(dirname "$0") program=PROGRAM who=admin-1 arguments=()
        while (($#)); do case $1 in --as) who=$2; shift 2 ;; *) arguments+=("$1"); shift ;; esac; done
        begin() {
            rm -f "$here/out" && mkfifo "$here/out"
            (
                # Who waits for this script waits for a descriptor that the server would hold.
                for number in $(ls /proc/self/fd); do ((number <= 2)) || eval "exec $number>&-"; done
                exec "$program" serve --port 0 > "$here/out" 2>> "$here/log" < /dev/null
            ) & echo $! > "$here/pid"
            read -r line < "$here/out" && echo "${line##* }" > "$here/url"
        }
        end() { kill "$(cat "$here/pid")" && tail --pid="$(cat "$here/pid")" -f /dev/null; }
        enroll() { # account, role
            "$program" account add "$1" --quiet
            [ "$2" = citizen ] || "$program" account grant "$1" --role "$2" --quiet
            "$program" account token create story --scope administer --days 1 --as "$1" --quiet > "$here/token-$1"
        }
        case ${arguments[0]} in
            begin) begin; exit ;;
            end) end; exit ;;
            init)
                "$program" init
                enroll admin-1 administrator && "$program" account grant admin-1 --role inspector --quiet
                "$program" account grant admin-1 --role assistant --quiet
                enroll officer-01 assistant && enroll officer-02 reviewer && enroll officer-03 appraiser
                enroll officer-04 confirmer && enroll officer-05 authority && enroll citizen-02 citizen && enroll citizen-03 citizen
                begin; exit ;;
            verify | witness | verify-bundle)
                end; status=0; "$program" "${arguments[@]}" || status=$?
                begin; exit $status ;;
        esac
        MINHCHUNG_TOKEN=$(cat "$here/token-$who") exec "$program" "${arguments[@]}" --server "$(cat "$here/url")"
        """

    @Test func `the story of make run comes to the same end when everybody asks a server, each with a token of their own`() throws {
        let story = try Workplace(hasArchive: false)
        let programs = story.folder.appending(path: "people")
        let program = try story.write(
            Self.people.replacing("PROGRAM", with: programFolder.appending(path: "minhchung").path), to: "people/minhchung")
        try #require(chmod(program, 0o700) == 0)
        let folder = story.folder.appending(path: "story")
        let run = try story.execute([
            "bash", "-c", "cd \"$0\" && exec bash .ci/sample \"$1\" \"$2\"", StoryTests.root.path, programs.path, folder.path,
        ])
        let ended = try story.execute(["MINHCHUNG_ARCHIVE=\(folder.path)/archive", program, "end"])
        #expect(run.status == 0 && ended.status == 0, "\(run.errors)\n\(run.output.suffix(2000))")
        try FileManager.default.moveItem(atPath: folder.appending(path: "archive").path, toPath: story.archive)
        let dossiers = try story.answers("dossier", "list", "--cycle", "2025")
        #expect(
            try dossiers.map { try [$0.text("group"), $0.text("stage")] }
                == [["farmer", "recognised"], ["worker", "refused"], ["intellectual", "recognised"]])
        #expect(try story.answer("verify").flag("sound"))
        #expect(!run.output.contains("999072000001"), "a personal number was shown")
        // Who did it is who had the token.
        let history = try story.answer("history", dossiers[0].text("dossier")).list("records")
        #expect(Set(try history.map { try $0.text("actor") }).isSubset(of: Set((1...5).map { "officer-0\($0)" })), "\(history)")
    }

    @Test func `what is shown is what the archive itself shows, as JSON to the byte`() throws {
        let served = try ServedWorkplace(["admin-1": "administrator", "inspector-1": "inspector", "officer-1": "assistant"])
        let place = served.place
        let rules = StoryTests.root.path + "/Storage/Criteria/"
        try place.succeed(["criteria", "import"] + ["framework", "tan-thanh-ward"].map { "\(rules)\($0).yaml" })
        try place.succeed(["unit", "add", "--name", "Xã Mẫu", "--code", "MAU", "--kind", "commune", "--from", "2020-01-01"])
        try place.succeed(["person", "add", "--name", "Nguyễn Văn Mẫu", "--birth-year", "1970", "--group", "farmer", "--unit", "MAU"])
        let person = try place.answer("person", "list").text("person")
        let file = try place.write("Chứng nhận đã học xong lớp khuyến nông\n", to: "chứng nhận.txt")
        try place.succeed(["deposit", "--person", person, "--title", "Chứng nhận", file])
        let item = try place.answer("list").text("item")
        try place.succeed([
            "dossier", "open", "--person", person, "--cycle", "2025", "--unit", "MAU", "--rules", "tan-thanh-ward", "--criteria", "framework",
            "--role", "assistant",
        ])
        let dossier = try place.answer("dossier", "list", "--cycle", "2025").text("dossier")
        try place.succeed(["hold", "place", item, "--reason", "khiếu nại", "--basis", "Luật Khiếu nại 2011", "--role", "inspector"])
        let (inspector, administrator) = (try served.token(of: "inspector-1", scope: "read"), try served.token(of: "admin-1"))
        let questions = [
            ["show", item], ["list"], ["search", "khuyen", "nong"], ["evidence", "list", "--state", "submitted"], ["trace", "evidence", item],
            ["person", "show", person], ["person", "list"], ["person", "find", "nguyen"], ["unit", "show", "MAU"], ["unit", "list"],
            ["criteria", "list"], ["criteria", "show", "framework"], ["dossier", "show", dossier], ["dossier", "list", "--cycle", "2025"],
            ["matrix", dossier], ["history", dossier], ["keys", "show"], ["hold", "list"], ["prove", "3"],
        ]
        let local = try questions.map { try place.succeed($0 + ["--json"]).output }
        let accounts = try place.succeed(["account", "list", "--json"]).output
        try served.begin()
        for (question, expected) in zip(questions, local) {
            let remote = try served.run(inspector, question + ["--json"])
            #expect(remote.status == 0 && remote.output == expected, "\(question): \(remote.errors)\(remote.output)")
            let lines = try served.run(inspector, question)
            #expect(lines.status == 0 && !lines.output.isEmpty, "\(question): \(lines.errors)")
        }
        #expect(try served.run(administrator, ["account", "list", "--json"]).output == accounts)
        let got = try served.run(inspector, ["get", item, "--output", "copy.txt"])
        #expect(got.status == 0, "\(got.errors)")
        #expect(try Data(contentsOf: place.folder.appending(path: "copy.txt")) == Data(contentsOf: URL(filePath: file)))
        #expect(try served.run(inspector, ["get", item, "--output", "copy.txt"]).errors.contains("there is such a file"))
        #expect(try served.run(inspector, ["get", item, "--output", "-"]).output == "Chứng nhận đã học xong lớp khuyến nông\n")
    }

    @Test func `files are sent whole, large ones in parts, and twice they are no second item`() throws {
        let served = try ServedWorkplace(["officer-1": "assistant", "authority-1": "authority"])
        let authority = try served.token(of: "authority-1")
        let (token, reader) = (try served.token(of: "officer-1", scope: "write"), try served.token(of: "officer-1", scope: "read"))
        try served.begin()
        let large = served.place.folder.appending(path: "large.bin")
        // The same byte nowhere twice running: parts that changed places would be seen.
        try Data((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37_79B1 >> 16) }).write(to: large)
        let small = try served.place.write("một", to: "một.txt")
        let sent = try served.run(token, ["deposit", large.path, small, "--json"])
        #expect(sent.status == 0, "\(sent.errors)")
        let events = try Workplace.objects(sent)
        #expect(try events.map { try $0.text("event") } == ["deposited", "deposited", "done"])
        #expect(try events[2].number("bytes") == (20 << 20) + 5)
        let again = try Workplace.objects(try served.run(token, ["deposit", large.path, small, "--json"]))
        #expect(try again.map { try $0.text("event") } == ["already_deposited", "already_deposited", "done"])
        #expect(try again.prefix(2).map { try $0.text("item") } == events.prefix(2).map { try $0.text("item") })
        // An erasure forgets what was answered, under which key an upload is found again; it is begun anew, and is no second item.
        let erased = try served.run(
            authority,
            ["erase", try events[1].text("item"), "--reason", "nhầm", "--basis", "Luật 91/2025/QH15", "--role", "authority", "--apply"])
        #expect(erased.status == 0, "\(erased.errors)")
        let after = try served.run(token, ["deposit", large.path, "--json"])
        #expect(after.status == 0, "\(after.errors)")
        #expect(try Workplace.objects(after)[0].text("item") == events[0].text("item"))
        let refused = try served.run(reader, ["deposit", small, large.path])
        #expect(refused.status == 1 && refused.errorLines.count == 2 && refused.errors.contains("this token allows read"), "\(refused.errors)")
    }

    @Test func `who signs in has a token in a file of their own, and nothing of it when they have signed out`() throws {
        let served = try ServedWorkplace(["officer-1": "assistant"])
        let link = try served.place.answer("account", "setup-link", "officer-1").text("setup_link")
        try served.begin()
        let password = "bốn từ dài lắm \(Int.random(in: 1000...9999))"
        let signed = try served.run(nil, ["sign-in", "officer-1", "--setup", "--days", "2"], input: "\(link)\n\(password)\n\(password)\n")
        try #require(signed.status == 0, "\(signed.errors)")
        #expect(signed.lines.first?.hasPrefix("signed in to \(served.url) as officer-1: write, until ") ?? false, "\(signed.output)")
        let file = served.place.folder.appending(path: "home/.config/minhchung/tokens.json")
        var status = stat()
        #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(!String(decoding: try Data(contentsOf: file), as: UTF8.self).contains(password))
        #expect(try served.run(nil, ["list"]).status == 0)
        // Again takes the place of the token before.
        let before = try Data(contentsOf: file)
        #expect(try served.run(nil, ["sign-in", "officer-1", "--scope", "read"], input: "\(password)\n").status == 0)
        let after = try Data(contentsOf: file)
        #expect(after != before)
        // A token for a program is made by the password, and may be good for longer than the one that is kept.
        let made = try served.run(nil, ["account", "token", "create", "sync", "--scope", "read", "--days", "300"], input: "\(password)\n")
        #expect(made.status == 0 && made.lines.first?.hasPrefix("mct_") == true, "\(made.errors)")
        #expect(try served.run(made.lines.first, ["list"]).status == 0)
        let wrong = try served.run(nil, ["sign-in", "officer-1"], input: "another\n")
        #expect(wrong.status == 2 && wrong.errors.contains("account, password or code is wrong"), "\(wrong.errors)")
        // It is the token of sign-in that ends, whoever the environment names.
        #expect(try served.run("mct_of-somebody-else", ["sign-out"]).status == 0)
        let out = try served.run(nil, ["list"])
        #expect(
            out.status == 2 && out.errorLines == ["minhchung: sign in, or send a token as Authorization: Bearer; see minhchung sign-in"],
            "\(out.errors)")
        let first = try #require(try (JSONSerialization.jsonObject(with: before) as? [String: [String: String]])?[served.url]?["secret"])
        let second = try #require(try (JSONSerialization.jsonObject(with: after) as? [String: [String: String]])?[served.url]?["secret"])
        for secret in [first, second] { #expect(try served.run(secret, ["list"]).status == 2) }
    }

    @Test func `what cannot be asked of a server is told in a line, and nothing is done`() throws {
        let served = try ServedWorkplace(["officer-1": "assistant"])
        let token = try served.token(of: "officer-1")
        try served.begin()
        for local in [
            ["init"], ["verify"], ["extract"], ["rebuild"], ["backup", "folder"], ["keys", "backup", "--output", "x"],
            ["access", "drop", "--older-than", "999", "--reason", "x", "--role", "authority"],
        ] {
            let refused = try served.run(token, local + ["--server", served.url])
            #expect(refused.status == 2 && refused.errors.contains("this is done where the archive is"), "\(local): \(refused.errors)")
        }
        let table: [([String], Int32, String)] = [
            (["show", "ev-0000000000000000"], 1, "there is no"), (["list", "--as", "officer-2"], 2, "the token says in whose name you act"),
            (["show", "ev-x", "--server", "http://minhchung.example"], 2, "https only"),
            (["list", "--server", "ftp://x"], 2, "neither http nor https"),
            (["list", "--server", "http://127.0.0.1:1"], 2, "cannot ask the server http://127.0.0.1:1"),
            (["list", "--archive", "x", "--server", served.url], 64, "--archive or --server, not both"),
            (["deposit", "nowhere.pdf"], 1, "cannot deposit nowhere.pdf: No such file or directory"),
            (["account", "add", "officer-9"], 1, "you may not open account officer-9"),
            (["get", "ev-0000000000000000", "--output", "nothing"], 1, "there is no"),
        ]
        for (arguments, status, words) in table {
            let refused = try served.run(token, arguments + (arguments.contains("http://127.0.0.1:1") ? ["--quiet"] : []))
            #expect(refused.status == status && refused.errors.contains(words), "\(arguments): \(refused.status) \(refused.errors)")
            #expect(refused.output.isEmpty, "\(arguments): \(refused.output)")
        }
        #expect(!FileManager.default.fileExists(atPath: served.place.folder.appending(path: "nothing").path))
        #expect(try served.run("not-a-token", ["list"]).errors.contains("see minhchung sign-in"))
    }
}
