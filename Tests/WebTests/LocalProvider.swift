import Custody
import Evidence
import Foundation
import Testing

@testable import Web

/// The provider of the tests of OpenID Connect (`AccountsTests/provider.py`); it ends with this object.
final class LocalProvider: @unchecked Sendable {
    // @unchecked because what it holds is made once and used by the end of it alone.
    private let process = Process()
    private let input = Pipe()
    let port: Int
    var issuer: String { "http://127.0.0.1:\(port)" }

    static let isHere = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
    static let absence: Comment = "the provider of these tests is a Python program, and python3 is absent"

    init() throws {
        let output = Pipe()
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [tests.appending(path: "AccountsTests/provider.py").path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1)?.first { line.append(byte) }
        port = try #require(Int(String(decoding: line.dropLast(), as: UTF8.self)), "the provider did not start")
    }

    deinit { end() }

    /// Ends it: from then on nobody answers at its address.
    func end() {
        try? input.fileHandleForWriting.close()  // because its end is what it waits for, and closed it may be already
        process.waitUntilExit()
    }

    /// As the service is set up with it.
    func settingUp(rules: SignInRules = SignInRules(), now: @escaping @Sendable () -> Timestamp = Archive.systemTime) throws
        -> ServerUnderTest.SigningIn
    {
        var settings = Settings()
        (settings.openIDIssuer, settings.openIDClient, settings.openIDPublicURL) = (issuer, "minhchung test", "https://archive.example/")
        return ServerUnderTest.SigningIn(provider: try settings.signInProvider(secret: "s3cret: +&="), rules: rules, now: now)
    }

    struct Redirect: Decodable {
        let code: String
        let state: String
    }

    /// What a browser comes back with from the address to which it was sent.
    func visit(_ url: String, _ act: String = "", as subject: String = "248289761001") async throws -> Redirect {
        try #require(url.hasPrefix("\(issuer)/authorize?"), "\(url)")
        let target = "\(url.dropFirst(issuer.count))&act=\(act.replacing(" ", with: "%20"))&sub=\(subject)"
        let answer = try await blocking { [port] in
            let connection = try RawConnection(port: port)
            try connection.send("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return try connection.receive()
        }
        try #require(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(Redirect.self, from: Data(answer.body))
    }
}

/// A browser: it keeps cookies and sends them, and knows where its requests come from.
final class Browser {
    let server: ServerUnderTest
    private(set) var cookies: [String: String] = [:]
    private var csrf = ""

    init(_ server: ServerUnderTest) { self.server = server }

    /// What the provider sends people back to.
    static let callback = "/api/v1/session/provider/callback"

    var isSignedIn: Bool { cookies["minhchung"] != nil }

    /// - Parameter isCrossSite: another site sent it here; then no cookie that is Strict is sent.
    func ask(_ method: String = "GET", _ target: String, json: String? = nil, isCrossSite: Bool = false) async throws -> Received {
        var fields: [String: String] = ["Sec-Fetch-Site": isCrossSite ? "cross-site" : "same-origin", "X-CSRF-Token": csrf]
        let sent = cookies.filter { !isCrossSite || $0.key == "minhchung-provider" }
        if !sent.isEmpty { fields["Cookie"] = sent.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        if json != nil { fields["Content-Type"] = "application/json" }
        let answer = try await server.ask(method, target, fields, token: nil, body: json.map { Array($0.utf8) })
        for cookie in answer.cookies {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            cookies[pair[0]] = cookie.contains("Max-Age=0") ? nil : pair[1]
        }
        if let token = try? answer.json()["csrf_token"] as? String { csrf = token }  // because most answers have none
        return answer
    }

    /// Begins a sign-in and answers where it is sent.
    func begin(link: String? = nil) async throws -> String {
        if let link {
            let answer = try await ask("POST", "/api/v1/session/provider", json: #"{"link":"\#(link)"}"#)
            try #require(answer.status == 200, "\(answer.text)")
            return try #require(try answer.json()["url"] as? String)
        }
        let answer = try await ask("GET", "/api/v1/session/provider")
        try #require(answer.status == 303, "\(answer.text)")
        return try #require(answer.fields["location"])
    }

    /// Comes back from the provider.
    func finish(_ redirect: LocalProvider.Redirect, _ more: String = "") async throws -> Received {
        try await ask("GET", "\(Self.callback)?code=\(redirect.code)&state=\(redirect.state)\(more)", isCrossSite: true)
    }

    /// The whole way.
    func signIn(_ provider: LocalProvider, _ act: String = "", as subject: String = "248289761001", link: String? = nil) async throws -> Received {
        try await finish(provider.visit(begin(link: link), act, as: subject))
    }
}

extension Received {
    /// The kind of a problem.
    var kind: String { ((try? json()["type"] as? String) ?? "").replacing("/problems/", with: "") }  // because what is none has no type
}
