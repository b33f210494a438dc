import Foundation
import Glibc
import Testing

/// `minhchung serve` as a process of its own.
final class ServingProgram {
    let process = Process()
    let folder: URL
    let port: Int
    let firstLine: String
    private let errors: URL

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let program = URL(fileURLWithPath: workerPath).deletingLastPathComponent().appendingPathComponent("minhchung")

    /// Starts it on a new archive; when this returns it listens.
    init(_ arguments: [String] = [], in folder: URL? = nil) async throws {
        let folder = try folder ?? Self.makeFolder()
        self.folder = folder
        errors = folder.appendingPathComponent("errors")
        let archive = folder.appendingPathComponent("archive").path
        try Self.run(["init", "--archive", archive])
        try Data().write(to: errors)
        process.executableURL = Self.program
        process.arguments = ["serve", "--archive", archive, "--port", "0"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let line = try await blocking { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }
        firstLine = line.trimmingCharacters(in: .newlines)
        guard let port = firstLine.split(separator: ":").last.flatMap({ Int($0) }) else {
            process.waitUntilExit()
            throw Failure(description: "it does not listen: \(line)\(String(decoding: try Data(contentsOf: errors), as: UTF8.self))")
        }
        self.port = port
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)  // a leftover is the system's to clean
    }

    static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("minhchung-serve-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @discardableResult
    static func run(_ arguments: [String], environment: [String: String] = [:], program: URL = program) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let mistakes = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, mistakes)
    }

    var log: String {
        get throws { String(decoding: try Data(contentsOf: errors), as: UTF8.self) }
    }
}

@Suite("minhchung serve", .timeLimit(.minutes(30)))
struct ServeTests {
    private static func ask(_ connection: RawConnection, _ path: String = "/health") throws -> Received {
        try connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        return try connection.receive()
    }

    @Test("It says where it listens, answers, holds the archive, and ends well at SIGTERM and at SIGINT", arguments: [SIGTERM, SIGINT])
    func stops(_ signal: Int32) async throws {
        let served = try await ServingProgram()
        #expect(served.firstLine == "listening on http://127.0.0.1:\(served.port)")
        let port = served.port
        let answer = try await blocking { try Self.ask(try RawConnection(port: port), "/ready") }
        #expect(answer.text == "ready\n")
        let archive = served.folder.appendingPathComponent("archive").path
        #expect(try await blocking { try ServingProgram.run(["status", "--archive", archive]).status } == 3)
        kill(served.process.processIdentifier, signal)
        let process = UncheckedProcess(served.process)
        try await blocking { process.value.waitUntilExit() }
        #expect(served.process.terminationStatus == 0)
        #expect(throws: RawConnection.Failure.self) { _ = try RawConnection(port: port) }
        for line in try served.log.split(separator: "\n") {
            #expect(throws: Never.self) { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
        #expect(try await blocking { try ServingProgram.run(["status", "--archive", archive]).status } == 0)
    }

    private struct UncheckedProcess: @unchecked Sendable {
        // @unchecked because the test waits for the process from one thread at a time.
        let value: Process
        init(_ value: Process) { self.value = value }
    }

    @Test("Connections that cannot be accepted because no more files may be open are no end of all others")
    func outOfFiles() async throws {
        let served = try await ServingProgram()
        let (port, id) = (served.port, served.process.processIdentifier)
        try await blocking {
            let first = try RawConnection(port: port)
            #expect(try Self.ask(first).status == 200)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count
            let limited = try ServingProgram.run(
                ["--pid", "\(id)", "--nofile=\(open + 5)"], program: URL(fileURLWithPath: "/usr/bin/prlimit"))
            #expect(limited.status == 0, "\(limited.errors)")
            var more = try (0..<20).map { _ in try RawConnection(port: port) }
            // Who is in is served, and what could not be accepted was counted.
            while try !Self.ask(first, "/metrics").text.contains(#"{limit="accept"}"#) {}
            more.removeAll()
            let again = try RawConnection(port: port)
            #expect(try Self.ask(again).status == 200)
        }
    }

    @Test("With a certificate it speaks TLS, and nothing else")
    func speaksTLS() async throws {
        let folder = try ServingProgram.makeFolder()
        let (certificate, key) = (folder.appendingPathComponent("c.pem").path, folder.appendingPathComponent("k.pem").path)
        let openssl = URL(fileURLWithPath: "/usr/bin/openssl")
        let made = try ServingProgram.run(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
            program: openssl)
        try #require(made.status == 0, "\(made.errors)")
        let served = try await ServingProgram(["--certificate", certificate, "--key", key], in: folder)
        #expect(served.firstLine == "listening on https://127.0.0.1:\(served.port)")
        let port = served.port
        let answer = try await blocking {
            let process = Process()
            process.executableURL = openssl
            process.arguments = [
                "s_client", "-quiet", "-no_ign_eof", "-CAfile", certificate, "-verify_return_error", "-connect", "127.0.0.1:\(port)",
            ]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
            return text
        }
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
        #expect(answer.contains("strict-transport-security: max-age=31536000"))
        let plain = try await blocking {
            let connection = try RawConnection(port: port)
            try connection.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            return String(decoding: try connection.receiveAll(), as: UTF8.self)
        }
        #expect(!plain.contains("200"))
    }

    @Test(
        "With a provider and the file of its secret it signs in by it; the secret is shown nowhere, and what cannot be used is told before it listens",
        .enabled(if: LocalProvider.isHere, LocalProvider.absence))
    func provider() async throws {
        let local = try LocalProvider()
        let folder = try ServingProgram.makeFolder()
        let secret = folder.appendingPathComponent("openid.secret")
        try Data("s3cret: +&=\n".utf8).write(to: secret)
        let settings = [
            "openid_issuer=\(local.issuer)", "openid_client_id=minhchung test", "openid_client_secret_file=\(secret.path)",
            "openid_public_url=https://archive.example",
        ].flatMap { ["--set", $0] }
        let printed = try ServingProgram.run(["config"] + settings)
        #expect(printed.output.contains(secret.path) && !printed.output.contains("s3cret"))
        let served = try await ServingProgram(settings, in: folder)
        let port = served.port
        func ask(_ target: String, cookie: String = "") async throws -> Received {
            try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\(cookie.isEmpty ? "" : "Cookie: \(cookie)\r\n")Connection: close\r\n\r\n")
                return try connection.receive()
            }
        }
        let began = try await ask("/api/v1/session/provider")
        let redirect = try await local.visit(try #require(began.fields["location"]))
        let cookie = try #require(began.cookies.first).prefix { $0 != ";" }
        let answer = try await ask("\(Browser.callback)?code=\(redirect.code)&state=\(redirect.state)", cookie: String(cookie))
        // The provider took the secret; and the identity is nobody's yet.
        #expect(answer.status == 401 && answer.kind == "sign-in", "\(answer.text)")
        #expect(try !served.log.contains("s3cret"))

        let none = folder.appendingPathComponent("none").path
        let started: @Sendable ([String]) throws -> (status: Int32, output: String, errors: String) = {
            try ServingProgram.run(["serve", "--archive", none] + $0)
        }
        let lines = folder.appendingPathComponent("lines")
        try Data("two\nlines\n".utf8).write(to: lines)
        for (arguments, words) in [
            (Array(settings.dropLast(2)), "go together"),
            (settings + ["--set", "openid_client_secret_file=\(lines.path)"], "is not one line of text"),
            (settings + ["--set", "openid_client_secret_file=\(none)"], "cannot read"),
            (settings + ["--set", "openid_public_url=http://archive.example"], "cannot use the sign-in provider: the address to come back to"),
        ] {
            let refused = try await blocking { try started(arguments) }
            #expect(refused.status == 2 && refused.errors.contains(words) && refused.errors.split(separator: "\n").count == 1, "\(refused)")
        }
    }

    @Test("config prints every value and where it was said; what is no setting is refused before anything is opened")
    func configuration() throws {
        let folder = try ServingProgram.makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }  // a leftover is the system's to clean
        let file = folder.appendingPathComponent("minhchung.json")
        try Data(#"{"limit_connections":77}"#.utf8).write(to: file)
        let printed = try ServingProgram.run(["config", "--config", file.path, "--host", "::1"], environment: ["MINHCHUNG_PORT": "9000"])
        #expect(printed.status == 0, "\(printed.errors)")
        let lines = printed.output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).prefix(3).joined(separator: " ")
        }
        for line in [#"host "::1" flag"#, "port 9000 environment", "limit_connections 77 file", "limit_idle_seconds 60 default"] {
            #expect(lines.contains(line), "\(line) in \(printed.output)")
        }
        for arguments in [["config"], ["serve", "--archive", folder.appendingPathComponent("none").path]] {
            let refused = try ServingProgram.run(arguments, environment: ["MINHCHUNG_PROT": "1"])
            #expect(refused.status == 2)
            #expect(
                refused.errors
                    == "minhchung: cannot use the configuration: prot in the environment (MINHCHUNG_PROT) is no setting; minhchung config lists them\n"
            )
        }
    }
}
