import Foundation
import Glibc
import Testing

/// The folder of the project.
let projectFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
let oraclePath = projectFolder.appending(path: "Tests/Oracle/archive_oracle.py").path

/// The real program, which the build puts beside the test bundle; the bundle is the running program.
let programPath: String = {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &name, name.count - 1)
    let bundle = String(decoding: name[..<max(length, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return URL(filePath: bundle).deletingLastPathComponent().appending(path: "minhchung").path
}()

/// A folder with an archive in it, gone afterwards.
final class Workplace: Sendable {
    let folder: URL
    var archive: String { folder.appending(path: "archive").path }

    /// An empty folder, or one with a copy of the archive that is at a path.
    init(copyOf other: String? = nil) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "minhchung-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let other { try #require(await run(["cp", "--archive", other, archive]).status == 0) }
    }

    deinit {
        // A leftover folder is the system's to clean; a test has ended either way.
        try? FileManager.default.removeItem(at: folder)  // because of the line above
    }

    /// Runs a command and answers what it printed, errors too. No thread waits for it.
    func run(_ command: [String]) async throws -> (status: Int32, output: String) {
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        #expect(FileManager.default.createFile(atPath: output.path, contents: nil))
        let file = try FileHandle(forWritingTo: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { process in
                ended.resume(returning: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
            }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        return (status, String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }

    func look(_ arguments: String...) async throws -> (status: Int32, findings: [Substring]) {
        let (status, output) = try await run(["python3", oraclePath, archive] + arguments)
        return (status, output.split(separator: "\n"))
    }

    /// Runs lines of shell in which `$archive` is the archive, and what the tests change has a short name.
    func shell(_ lines: String) async throws -> (status: Int32, output: String) {
        try await run(["archive=\(archive)", "minhchung=\(programPath)", "sh", "-euc", Self.words + lines])
    }

    private static let words = #"""
        object() { echo "$archive/objects/sha256/$(printf %.2s "$1")/$1"; }
        # Statements, past the triggers that keep the history as it is.
        sql() {
            drops=$(sqlite3 "$archive/archive.sqlite" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
            sqlite3 "$archive/archive.sqlite" "$drops $1"
        }
        # The last record of a kind as a program would have written it that made another header or body, and all hashes above; it
        # has not signed that yet. With keep_signed=1, as somebody would who has the database and not the key.
        amend() {
            sql ''
            python3 - "$archive/archive.sqlite" "$1" "$2" <<'PYTHON'
        import hashlib, json, os, sqlite3, sys
        db = sqlite3.connect(sys.argv[1])
        number, header, salt, body = db.execute(
            "SELECT number, header, salt, body FROM record JOIN record_body USING (number)"
            " WHERE json_extract(header, '$.kind') LIKE ? ORDER BY number DESC", (sys.argv[2],)).fetchone()
        def canonical(value):
            return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        scope = {"header": json.loads(header), "body": json.loads(body), "canonical": canonical, "text": None}
        exec(sys.argv[3], scope)
        body = scope["text"] or canonical(scope["body"])
        scope["header"]["body"] = hashlib.sha256(salt + body.encode()).hexdigest()
        db.execute("UPDATE record SET header = ? WHERE number = ?", (canonical(scope["header"]), number))
        db.execute("UPDATE record_body SET body = ? WHERE number = ?", (body, number))
        headers = db.execute("SELECT header FROM record ORDER BY number").fetchall()
        nodes, level = [hashlib.sha256(b"\0" + header.encode()).digest() for (header,) in headers], 0
        while nodes:
            db.executemany(
                "UPDATE record_node SET hash = ? WHERE level = ? AND position = ?",
                [(node, level, position) for position, node in enumerate(nodes)])
            nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2])]
            level += 1
        if os.environ.get("keep_signed"):
            db.commit()
            sys.exit()
        db.execute("DELETE FROM checkpoint WHERE tree = 'records' AND size > ?", (number,))
        newest = db.execute("SELECT note FROM checkpoint WHERE tree = 'records' ORDER BY epoch DESC, size DESC").fetchone()
        db.commit()
        service = sqlite3.connect(sys.argv[1].replace("archive.sqlite", "service.sqlite"))
        service.execute("UPDATE newest_checkpoint SET note = ? WHERE tree = 'records'", newest)
        service.commit()
        PYTHON
        }
        # The last record of all.
        forge() { amend % "$1"; }

        """#
}

/// One thing done to an archive, and how the finding begins that must name it.
struct Mutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shell: String
    let finding: String
    /// What the program's own verification says of it; empty where nothing of the program looks at that.
    let verification: String

    init(_ description: String, _ shell: String, _ finding: String, verification: String = "") {
        testDescription = description
        self.shell = shell
        self.finding = finding
        self.verification = verification
    }
}
