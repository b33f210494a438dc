import Evidence
import Foundation
import OutboundHTTP
import Testing

@testable import Accounts

/// The provider of `provider.py`; it ends with this object.
final class LocalProvider {
    private let process = Process()
    private let input = Pipe()
    let base: String

    init() throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [URL(filePath: #filePath).deletingLastPathComponent().appending(path: "provider.py").path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1)?.first { line.append(byte) }
        let port = try #require(Int(String(decoding: line.dropLast(), as: UTF8.self)), "the provider did not start")
        base = "http://127.0.0.1:\(port)"
    }

    deinit {
        // Its end is what it waits for; that it cannot be closed twice is no matter here.
        try? input.fileHandleForWriting.close()  // because of the line above
        process.waitUntilExit()
    }

    func settings(_ path: String = "", secret: String = "s3cret: +&=") -> OpenIDSettings {
        OpenIDSettings(
            issuer: base + path, clientID: "minhchung test", clientSecret: secret, redirectURI: "https://archive.example/sign-in?provider=a&b=c")
    }

    struct Redirect: Decodable {
        let code: String
        let state: String
    }

    /// What a browser comes back with from the address.
    func visit(_ url: String, _ act: String = "", algorithm: String = "RS256", subject: String = "248289761001") throws -> Redirect {
        let more = [("act", act), ("alg", algorithm), ("sub", subject)].map { "&\($0)=\(percentEncoded($1))" }.joined()
        return try JSONDecoder().decode(Redirect.self, from: Data(try get(url + more)))
    }

    @discardableResult
    func get(_ url: String) throws -> [UInt8] {
        let answer = try Exchange(url: url, sizeLimit: 10_000).get(expecting: "application/json")
        try #require(answer.status == 200)
        return answer.body
    }
}

let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
let pythonAbsence: Comment = "the provider of these tests is a Python program, and python3 is absent"

@Suite("OpenID Connect", .enabled(if: hasPython, pythonAbsence), .timeLimit(.minutes(5)))
struct OpenIDTests {
    private func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// A sign-in from its beginning to its end.
    private func signIn(
        _ local: LocalProvider, _ provider: OpenIDProvider, _ act: String = "", algorithm: String = "RS256"
    ) async throws -> (identity: ExternalIdentity, methods: Set<String>) {
        let request = try provider.begin(at: now())
        let redirect = try local.visit(request.url, act, algorithm: algorithm)
        return try await provider.redeem(code: redirect.code, state: redirect.state, binding: request.binding, at: now()).verified(at: now())
    }

    @Test("a person is who the provider says, by each algorithm that is taken", arguments: ["RS256", "PS256", "ES256"])
    func signsIn(algorithm: String) async throws {
        let local = try LocalProvider()
        let (identity, methods) = try await signIn(local, OpenIDProvider(local.settings()), algorithm: algorithm)
        #expect(identity == ExternalIdentity(issuer: local.base, subject: "248289761001"))
        #expect(methods.isEmpty)
    }

    @Test("what the specification allows is taken", arguments: ["several aud with azp", "by code and key", "no kid and one key"])
    func taken(act: String) async throws {
        let local = try LocalProvider()
        let (identity, methods) = try await signIn(local, OpenIDProvider(local.settings()), act)
        #expect(identity.subject == "248289761001")
        #expect(methods == (act == "by code and key" ? ["pwd", "otp"] : []))
    }

    @Test func `a client that sends its secret in the body gets in where the provider asks for that`() async throws {
        let local = try LocalProvider()
        let (identity, _) = try await signIn(local, OpenIDProvider(local.settings("/post")))
        #expect(identity.issuer == local.base + "/post")
    }

    @Test(
        "a statement that is not to be believed is not",
        arguments: [
            "wrong nonce", "no nonce", "wrong aud", "empty aud", "several aud", "wrong azp", "expired", "no exp", "exp as text", "old",
            "of the future",
            "wrong iss", "no sub", "odd sub", "alg none", "no signature", "HS256 by the public key", "HS256 by the secret", "RS384", "crit",
            "unknown kid", "no kid and two keys", "short key", "key for encryption", "key of its own", "wrong algorithm for the key", "other claims",
            "not a token",
        ])
    func notBelieved(act: String) async throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        do {
            _ = try await signIn(local, provider, act)
            Issue.record("\(act) was believed")
        } catch OpenIDError.refused(let reason) {
            #expect(reason.hasPrefix("the provider's statement "), "\(reason)")
        }
    }

    @Test("an answer that is none is not taken", arguments: ["no id token", "moved"])
    func noAnswer(act: String) async throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        await #expect(throws: OpenIDError.self) { _ = try await signIn(local, provider, act) }
    }

    @Test func `a new key of the provider is known at once, and one that is withdrawn is not any more`() async throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        _ = try await signIn(local, provider)
        let request = try provider.begin(at: now())
        let redirect = try local.visit(request.url)
        let before = try provider.redeem(code: redirect.code, state: redirect.state, binding: request.binding, at: now())
        try local.get("\(local.base)/rotate")
        _ = try await signIn(local, provider)
        // The old token under the new keys.
        let again = try provider.begin(at: now())
        let other = try local.visit(again.url)
        let keys = try provider.redeem(code: other.code, state: other.state, binding: again.binding, at: now()).keys
        let late = UnverifiedIdentity(token: before.token, keys: keys, settings: before.settings, nonce: before.nonce, purpose: .signIn)
        await #expect(throws: OpenIDError.self) { _ = try await late.verified(at: now()) }
        _ = try await before.verified(at: now())
    }

    @Test func `a sign-in is finished once, in the browser where it was begun, in ten minutes`() async throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        func redeem(_ redirect: LocalProvider.Redirect, _ binding: String, at time: Timestamp, issuer: String? = nil) throws {
            _ = try provider.redeem(code: redirect.code, state: redirect.state, binding: binding, issuer: issuer, at: time)
        }
        let (one, other) = (try provider.begin(at: now()), try provider.begin(at: now()))
        let (mine, others) = (try local.visit(one.url), try local.visit(other.url))
        #expect(throws: OpenIDError.notBegun) { try redeem(others, one.binding, at: now()) }
        #expect(throws: OpenIDError.notBegun, "what failed is over") { try redeem(others, other.binding, at: now()) }
        try redeem(mine, one.binding, at: now())
        #expect(throws: OpenIDError.notBegun, "the same again") { try redeem(mine, one.binding, at: now()) }

        let third = try provider.begin(at: now())
        let late = try local.visit(third.url)
        #expect(throws: OpenIDError.notBegun) { try redeem(late, third.binding, at: Timestamp(milliseconds: now().milliseconds + 600_000)) }

        // The code of one sign-in in another: the provider sees that its verifier is not the one.
        let (fourth, fifth) = (try provider.begin(at: now()), try provider.begin(at: now()))
        let (victim, attacker) = (try local.visit(fourth.url), try local.visit(fifth.url))
        let mixed = LocalProvider.Redirect(code: attacker.code, state: victim.state)
        #expect(throws: OpenIDError.refused(reason: "the provider did not take the code: invalid_grant")) {
            try redeem(mixed, fourth.binding, at: now())
        }

        // A code that was used already.
        let sixth = try provider.begin(at: now())
        let replay = LocalProvider.Redirect(code: mine.code, state: try local.visit(sixth.url).state)
        #expect(throws: OpenIDError.refused(reason: "the provider did not take the code: invalid_grant")) {
            try redeem(replay, sixth.binding, at: now())
        }

        // Another provider's answer (RFC 9207).
        let seventh = try provider.begin(at: now())
        let answer = try local.visit(seventh.url)
        #expect(throws: OpenIDError.self) { try redeem(answer, seventh.binding, at: now(), issuer: "https://other.example") }
    }

    @Test func `what was named at the beginning is what it is for at the end`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        let digest = Secret.random(.setupLink).digest
        for purpose in [OpenIDPurpose.signIn, .setupLink(digest), .link(account: "officer-17", session: digest)] {
            let request = try provider.begin(at: now(), for: purpose)
            let redirect = try local.visit(request.url)
            let redeemed = try provider.redeem(code: redirect.code, state: redirect.state, binding: request.binding, at: now())
            #expect(redeemed.purpose == purpose)
        }
    }

    @Test func `an error ends the sign-in of its browser, and no word of the provider's own is repeated`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        for (error, told) in [
            ("access_denied", OpenIDError.cancelled), ("login_required", .refused(reason: "the provider answered with login_required")),
            ("<b>chairman</b>", .refused(reason: "the provider answered with an error that it does not explain")),
        ] {
            let request = try provider.begin(at: now())
            let state = try local.visit(request.url).state
            #expect(provider.abandon(error, state: state, binding: request.binding, at: now()) == told)
            #expect(provider.abandon(error, state: state, binding: request.binding, at: now()) == .notBegun, "it is over")
        }
        let request = try provider.begin(at: now())
        let state = try local.visit(request.url).state
        #expect(provider.abandon("access_denied", state: state, binding: "another", at: now()) == .notBegun)
    }

    @Test func `the address says nothing but what it has to`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        let request = try provider.begin(at: now())
        let query = try #require(URLComponents(string: request.url)?.queryItems)
        #expect(
            query.map(\.name) == [
                "response_type", "scope", "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method",
            ])
        #expect(query[3].value == provider.settings.redirectURI)
        #expect(Set([query[4].value, query[5].value, query[6].value, request.binding]).count == 4)
        #expect(!request.url.contains(request.binding))
    }

    @Test(
        "a provider that is not what it should be is not asked further",
        arguments: ["/liar", "/junk", "/ill", "/large", "/elsewhere", "/file"])
    func badProvider(path: String) throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings(path))
        #expect {
            _ = try provider.begin(at: now())
        } throws: { error in
            if case .notAnAnswer? = error as? OpenIDError { true } else { false }
        }
    }

    @Test func `a provider that does not answer is waited for so long and no longer`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings("/silent"), timeout: .milliseconds(300))
        #expect {
            _ = try provider.begin(at: now())
        } throws: { error in
            if case .unreachable? = error as? OpenIDError { true } else { false }
        }
    }

    @Test func `a wrong client secret is told as the provider tells it`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings(secret: "wrong"))
        let request = try provider.begin(at: now())
        let redirect = try local.visit(request.url)
        #expect(throws: OpenIDError.refused(reason: "the provider did not take the code: invalid_client")) {
            _ = try provider.redeem(code: redirect.code, state: redirect.state, binding: request.binding, at: now())
        }
    }

    @Test(
        "an issuer that is not safe to ask is refused when it is configured",
        arguments: [
            "http://provider.example", "ftp://provider.example", "provider.example", "https://a:b@provider.example", "", "http://127.0.0.1.example",
        ])
    func badIssuer(issuer: String) {
        #expect(throws: OpenIDError.self) {
            _ = try OpenIDProvider(OpenIDSettings(issuer: issuer, clientID: "a", clientSecret: nil, redirectURI: "https://a.example"))
        }
        #expect(throws: OpenIDError.self, "to come back to") {
            _ = try OpenIDProvider(OpenIDSettings(issuer: "https://a.example", clientID: "a", clientSecret: nil, redirectURI: issuer))
        }
    }

    @Test func `more sign-ins than there is room for push out the oldest`() throws {
        let local = try LocalProvider()
        let provider = try OpenIDProvider(local.settings())
        let (first, second) = (try provider.begin(at: now()), try provider.begin(at: now()))
        let (redirect, kept) = (try local.visit(first.url), try local.visit(second.url))
        for _ in 0..<OpenIDProvider.capacity { _ = try provider.begin(at: now()) }
        _ = try provider.redeem(code: kept.code, state: kept.state, binding: second.binding, at: now())
        for _ in 0..<OpenIDProvider.capacity { _ = try provider.begin(at: now()) }
        #expect(throws: OpenIDError.notBegun) {
            _ = try provider.redeem(code: redirect.code, state: redirect.state, binding: first.binding, at: now())
        }
    }
}
