import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Synchronization
import Testing

@testable import Web

/// The real worker, which the build puts beside the test bundle; the bundle is the running program.
let workerPath: String = {
    var name = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &name, name.count - 1)
    let bundle = String(decoding: name[..<max(length, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/minhchung-extract"
}()

let console = Actor.console(user: "lan")

/// Who may sign in: secrets of sessions and tokens, as the archive will know them.
struct TestAccounts {
    static let session = "session-of-officer-17"
    static let readToken = "mct_read"
    static let writeToken = "mct_write"
    static let otherToken = "mct_other"

    // The console's word counts for everything, so that tests of the network need no grants.
    static let authentication = Authentication(
        session: { $0 == session ? Actor(account: "console:officer-17") : nil },
        token: { secret in
            switch secret {
            case readToken: (Actor(account: "console:reader"), .read)
            case writeToken: (Actor(account: "console:writer"), .administer)
            case otherToken: (Actor(account: "console:other"), .administer)
            default: nil
            }
        })
}

/// A server on a real archive in a folder of its own, on a port that the system chose.
final class ServerUnderTest: Sendable {
    let archive: Archive
    let listening: Server.Listening
    var port: Int { listening.port }
    let folder: String
    let serving: Task<Void, any Error>
    private let lines: Lines

    /// What the server logged.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        func append(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    var log: [String] { lines.all }

    private init(archive: Archive, listening: Server.Listening, folder: String, serving: Task<Void, any Error>, lines: Lines) {
        self.archive = archive
        self.listening = listening
        self.folder = folder
        self.serving = serving
        self.lines = lines
    }

    /// How people sign in at a server whose own archive knows them.
    struct SigningIn: Sendable {
        var provider: SignInProvider?
        var rules = SignInRules()
        var now: @Sendable () -> Timestamp = Archive.systemTime
    }

    /// Starts a server, lets `body` talk to it, and stops it.
    ///
    /// - Parameter signingIn: the archive knows who asks, and not `authentication`.
    static func run(
        _ change: (inout Settings) -> Void = { _ in }, operations more: @Sendable (Archive) -> [Web.Operation] = { _ in [] },
        authentication: Authentication = TestAccounts.authentication, signingIn: SigningIn? = nil,
        _ body: (ServerUnderTest) async throws -> Void
    ) async throws {
        let parent = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        var name = Array("\(parent)/minhchung-web-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        let folder = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a leftover in /dev/shm fails no test
        let archive = try await Archive.create(
            at: folder + "/archive", by: console, worker: workerPath, holder: "a test", now: signingIn?.now ?? Archive.systemTime)
        var settings = Settings()
        settings.port = 0
        settings.checksAnswers = true
        change(&settings)
        let lines = Lines()
        let server = Server(
            Interface.operations(on: archive, signingIn?.rules ?? SignInRules(), provider: signingIn?.provider) + more(archive), on: archive,
            authentication: signingIn.map { .archive(archive, $0.rules) } ?? authentication, settings: settings,
            write: { lines.append($0) })
        let (places, began) = AsyncStream<Server.Listening>.makeStream()
        let serving = Task {
            defer { began.finish() }
            try await server.run(stopsOnSignals: false) { began.yield($0) }
        }
        guard let listening = await places.first(where: { _ in true }) else {
            try await serving.value
            return
        }
        let running = ServerUnderTest(archive: archive, listening: listening, folder: folder, serving: serving, lines: lines)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(running)) } catch { outcome = .failure(error) }
        await listening.stop()
        try await serving.value
        try await archive.close()
        try outcome.get()
    }

    /// One request on a connection of its own, by who may write.
    func ask(
        _ method: String = "GET", _ target: String, _ fields: [String: String] = [:], token: String? = TestAccounts.writeToken, body: [UInt8]? = nil
    ) async throws -> Received {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost:\(port)\r\n"
        var fields = fields
        if let token { fields["Authorization"] = "Bearer \(token)" }
        if let body { fields["Content-Length"] = "\(body.count)" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        let request = Array((head + "Connection: close\r\n\r\n").utf8) + (body ?? [])
        return try await blocking { [port = port] in
            let connection = try RawConnection(port: port)
            try connection.send(request)
            return try connection.receive(isHead: method == "HEAD")
        }
    }

    /// The same with a body of JSON.
    func post(_ target: String, json: String, _ fields: [String: String] = [:]) async throws -> Received {
        try await ask("POST", target, fields.merging(["Content-Type": "application/json"]) { first, _ in first }, body: Array(json.utf8))
    }

    /// Sends bytes as they are, and answers everything that comes until the server closes.
    func raw(_ text: String) async throws -> String {
        try await blocking { [port = port] in
            let connection = try RawConnection(port: port)
            try connection.send(text)
            return String(decoding: try connection.receiveAll(), as: UTF8.self)
        }
    }

    // MARK: The access log

    /// How many entries it has.
    func accessEntries() throws -> Int { Int(try access("SELECT count(*) FROM access;").trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1 }

    /// Whom entries behind the first so many say that something was refused to.
    func refusals(since first: Int) throws -> [String] {
        try access(
            """
            SELECT json_extract(header, '$.actor') FROM access
            WHERE number >= \(first) AND json_extract(header, '$.kind') = 'access.refused' ORDER BY number;
            """
        ).split(separator: "\n").map(String.init)
    }

    /// What SQLite's own program answers. Not by Foundation's `Process`, which crashes now and then where many are started at once.
    func access(_ sql: String) throws -> String {
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
        let command = "/usr/bin/sqlite3 -batch -bail -readonly \(quoted("\(folder)/archive/archive.sqlite")) \(quoted(sql))"
        guard let output = popen(command, "r") else { throw RawConnection.Failure(description: "cannot start sqlite3") }
        var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while case let count = fread(&buffer, 1, buffer.count, output), count > 0 { text += buffer[..<count] }
        let answer = String(decoding: text, as: UTF8.self)
        guard pclose(output) == 0 else { throw RawConnection.Failure(description: "sqlite3: \(answer)") }
        return answer
    }
}
