import Custody
import Evidence
import Foundation
import OutboundHTTP
import Testing

@testable import Accounts

extension SigningIn {
    /// Authenticators, tokens, what is on disk, what a backup brings back, and providers.
    @Suite("Authenticators, tokens and providers")
    struct SignInProofTests {
        private static func demanding(_ roles: Set<Role> = [.authority]) -> SignInRules {
            var rules = SignInRules()
            rules.rolesWithAuthenticator = roles
            return rules
        }

        @Test func `with an authenticator, password and code are asked for, and a code is taken once`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.openAccount("officer-17", by: console)
                let link = try await archive.createSetupLink(for: "officer-17", by: console).secret
                let key = try await archive.offer(for: link).key
                await #expect(throws: SignInError.codeDiffers) {
                    _ = try await archive.useSetupLink(
                        link, password: herPassword, authenticator: AuthenticatorProof(key: key, code: "abcdef"))
                }
                let enrolment = try place.code(key)
                _ = try await archive.useSetupLink(
                    link, password: herPassword, authenticator: AuthenticatorProof(key: key, code: enrolment))
                #expect(try await archive.refusal("officer-17") == .codeRequired)
                #expect(try await archive.refusal("officer-17", "mật khẩu khác", code: enrolment) == .refused)
                #expect(
                    try await archive.refusal("officer-17", code: enrolment) == .refused,
                    "the code that showed the authenticator")
                place.clock.advance(seconds: 30)
                let code = try place.code(key)
                #expect(try await archive.refusal("officer-17", code: code) == nil)
                #expect(
                    try await archive.refusal("officer-17", code: code) == .refused, "the same code again")
                place.clock.advance(seconds: 30)
                let code1 = try place.code(key)
                #expect(try await archive.refusal("officer-17", code: code1) == nil)
            }
        }

        @Test func `a code cannot be guessed by one who has the password`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                let key = try await withAuthenticator("officer-17", archive, place)
                let right = try place.code(key)
                let wrong = right == "123456" ? "654321" : "123456"
                for _ in 0..<5 { #expect(try await archive.refusal("officer-17", code: wrong) == .refused) }
                #expect(try await archive.refusal("officer-17", code: right) == .throttled(seconds: 1))
                for _ in 0..<6 {
                    #expect(
                        try await archive.refusal("officer-17", from: itsAddress) == .codeRequired,
                        "to be asked for it is no failure")
                }
            }
        }

        /// Opens an account with password and authenticator; the code that showed it is over.
        private func withAuthenticator(_ account: String, _ archive: Archive, _ place: TestPlace)
            async throws -> String
        {
            try await archive.openAccount(account, by: console)
            let link = try await archive.createSetupLink(for: account, by: console).secret
            let key = try await archive.offer(for: link).key
            let proof = AuthenticatorProof(key: key, code: try place.code(key))
            _ = try await archive.useSetupLink(link, password: herPassword, authenticator: proof)
            place.clock.advance(seconds: 60)
            return key
        }

        @Test func `a role that asks for an authenticator lets nobody in without`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                try await archive.withPassword("officer-17")
                _ = try await archive.grantRole(.authority, to: "officer-17", unit: nil, by: console)
                let rules = Self.demanding()
                #expect(
                    try await archive.refusal("officer-17", rules: Self.demanding([.administrator])) == nil)
                #expect(try await archive.refusal("officer-17", rules: rules) == .authenticatorRequired)
                #expect(
                    try await archive.refusal("officer-17", "mật khẩu khác", rules: rules) == .refused,
                    "only who has the password is told")
                let link = try await archive.createSetupLink(for: "officer-17", by: console).secret
                #expect(try await archive.offer(for: link, rules: rules).isRequired)
                await #expect(throws: SignInError.authenticatorRequired) {
                    _ = try await archive.useSetupLink(link, password: herPassword, rules: rules)
                }
                let key = try await archive.offer(for: link, rules: rules).key
                let proof = AuthenticatorProof(key: key, code: try place.code(key))
                _ = try await archive.useSetupLink(
                    link, password: herPassword, authenticator: proof, rules: rules)
                place.clock.advance(seconds: 30)
                #expect(
                    try await archive.refusal("officer-17", code: try place.code(key), rules: rules) == nil)
                place.clock.advance(seconds: 30)
                let code = try place.code(key)
                await #expect(throws: SignInError.authenticatorRequired) {
                    try await archive.removeAuthenticator(
                        password: herPassword, code: code, address: herAddress, rules: rules,
                        by: actor("officer-17"))
                }
            }
        }

        @Test
        func `an authenticator is changed and removed with password and code, or by an administrator`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                let old = try await withAuthenticator("officer-17", archive, place)
                let officer = actor("officer-17")
                let new = try await archive.offerAuthenticator(by: officer).key
                func set(_ code: String?, password: String = herPassword) async throws {
                    let proof = AuthenticatorProof(key: new, code: try place.code(new))
                    try await archive.setAuthenticator(
                        proof, password: password, code: code, address: herAddress, by: officer)
                }
                await #expect(throws: SignInError.codeRequired) { try await set(nil) }
                await #expect(throws: SignInError.refused) {
                    try await set(try place.code(old), password: "mật khẩu khác")
                }
                #expect(try await archive.account("officer-17", by: officer).signInChanges?.first?.act != .authenticatorSet)
                try await set(try place.code(old))
                #expect(try await archive.account("officer-17", by: officer).signInChanges?.first?.act == .authenticatorSet)
                place.clock.advance(seconds: 60)
                let code2 = try place.code(old)
                #expect(try await archive.refusal("officer-17", code: code2) == .refused)
                let code3 = try place.code(new)
                #expect(try await archive.refusal("officer-17", code: code3) == nil)
                place.clock.advance(seconds: 60)
                try await archive.removeAuthenticator(
                    password: herPassword, code: try place.code(new), address: herAddress, by: officer)
                #expect(try await archive.refusal("officer-17") == nil)

                _ = try await withAuthenticator("officer-18", archive, place)
                try await archive.removeAuthenticator(of: "officer-18", by: console)
                #expect(try await archive.refusal("officer-18") == nil)
                await #expect(throws: ArchiveError.self) {
                    try await archive.removeAuthenticator(of: "officer-18", by: console)
                }
            }
        }

        // MARK: Tokens

        @Test func `a token is its owner's, for its scope, until it ends or is revoked`() async throws {
            let place = try TestPlace()
            try await place.archive { archive in
                for account in ["officer-17", "officer-18"] { try await archive.withPassword(account) }
                let officer = actor("officer-17")
                func make(
                    _ duration: Duration = .seconds(86_400), _ scope: TokenScope = .write,
                    name: String = "đồng bộ hằng đêm"
                )
                    async throws -> (secret: String, token: Token)
                {
                    try await archive.createToken(named: name, scope: scope, for: duration, with: .here, by: officer)
                }
                let (secret, token) = try await make()
                #expect(secret.hasPrefix("mct_"))
                let found = try #require(try await archive.token(secret))
                #expect(
                    found.account == "officer-17" && found.scope == .write
                        && found.name == "đồng bộ hằng đêm" && found.id == token.id)
                #expect(try await archive.tokens(of: "officer-17", by: officer).first?.usedAt != nil)
                place.clock.advance(minutes: 1440)
                #expect(try await archive.token(secret) == nil, "its time is over")

                let (second, kept) = try await make()
                await #expect(throws: ArchiveError.self) {
                    try await archive.revokeToken(kept.id, of: "officer-17", by: actor("officer-18"))
                }
                await #expect(throws: ArchiveError.self) {
                    try await archive.revokeToken(kept.id, of: "officer-18", by: actor("officer-18"))
                }
                // Often enough that it is answered from memory.
                for _ in 0..<3 { #expect(try await archive.token(second) != nil) }
                try await archive.revokeToken(kept.id, of: "officer-17", by: officer)
                #expect(try await archive.token(second) == nil)

                let (third, _) = try await make()
                try await archive.closeAccount("officer-17", reason: "chuyển công tác", by: console)
                #expect(try await archive.token(third) == nil)
                await #expect(throws: ArchiveError.self) { _ = try await make() }
                try await archive.openAccount("officer-17", by: console)
                for (duration, name) in [
                    (Duration.seconds(367 * 86_400), "x"), (.zero, "x"), (.seconds(60), ""), (.seconds(60), "a\nb"),
                    (.seconds(60), String(repeating: "x", count: 101)),
                ] {
                    await #expect(throws: ArchiveError.self, "\(duration) \(name)") { _ = try await make(duration, name: name) }
                }
                await #expect(throws: ArchiveError.self) {
                    _ = try await archive.createToken(
                        named: "x", scope: .read, for: .seconds(60), with: .here, by: console)
                }
            }
        }

        // MARK: On disk

        @Test func `no secret is in the files of the archive`() async throws {
            let place = try TestPlace()
            var secrets: [String] = []
            var rawKey: [UInt8] = []
            try await place.archive { archive in
                let key = try await withAuthenticator("officer-17", archive, place)
                let officer = actor("officer-17")
                secrets += [key, herPassword, String(herPassword.prefix(12))]
                rawKey = try #require(Base32.bytes(of: key))
                secrets.append(
                    try await archive.signIn(
                        "officer-17", password: herPassword, code: try place.code(key), from: herAddress
                    ).secret)
                secrets.append(
                    try await archive.createToken(
                        named: "nightly", scope: .read, for: .seconds(3600), with: .here, by: officer
                    ).secret)
                secrets.append(try await archive.createSetupLink(for: "officer-17", by: console).secret)
                // What people type where the name belongs.
                _ = try await archive.refusal("mật khẩu gõ nhầm ô", "x", from: itsAddress)
                secrets += ["mật khẩu gõ nhầm ô", itsAddress, herAddress]
            }
            #expect(
                try !place.files(in: place.archivePath, containing: "$argon2id$v=19$m=65536,t=3,p=1$")
                    .isEmpty, "the search finds what is there")
            for secret in secrets {
                #expect(try place.files(in: place.archivePath, containing: secret).isEmpty, "\(secret)")
                #expect(
                    try place.files(in: place.archivePath, containing: String(secret.dropFirst(4))).isEmpty,
                    "\(secret)")
            }
            for name in ["service.sqlite", "service.sqlite-wal"]
            where place.exists("\(place.archivePath)/\(name)") {
                #expect(
                    try Data(place.bytes(of: "\(place.archivePath)/\(name)")).range(of: Data(rawKey)) == nil)
            }
        }

        @Test func `a restored archive knows passwords and authenticators, and nobody is signed in`() async throws {
            let place = try TestPlace()
            var secrets: (session: String, token: String, link: String, key: String) = ("", "", "", "")
            try await place.archive { archive in
                secrets.key = try await withAuthenticator("officer-17", archive, place)
                secrets.session = try await archive.signIn(
                    "officer-17", password: herPassword, code: try place.code(secrets.key), from: herAddress
                ).secret
                secrets.token = try await archive.createToken(
                    named: "nightly", scope: .read, for: .seconds(86_400), with: .here, by: actor("officer-17")
                ).secret
                secrets.link = try await archive.createSetupLink(for: "officer-17", by: console).secret
            }
            try await place.backUp()
            let restored = await place.restore()
            #expect(restored.summary != nil, "\(restored)")
            let (session, token, link, key) = secrets
            try await place.archive { archive in
                let (there, used) = (try await archive.session(session), try await archive.token(token))
                #expect(there != nil && used != nil, "where it was")
            }
            place.clock.advance(seconds: 30)
            try await place.opened(place.restoredPath()) { archive in
                #expect(try await archive.session(session) == nil)
                #expect(try await archive.token(token) == nil)
                await #expect(throws: SignInError.setupLinkInvalid) {
                    _ = try await archive.useSetupLink(link, password: herPassword)
                }
                let code4 = try place.code(key)
                #expect(try await archive.refusal("officer-17", code: code4) == nil)
            }
        }

        // MARK: Providers

        /// The provider of the tests of OpenID Connect; it ends with this object.
        private final class LocalProvider {
            private let process = Process()
            private let input = Pipe()
            let issuer: String

            init() throws {
                let output = Pipe()
                process.executableURL = URL(filePath: "/usr/bin/python3")
                let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                process.arguments = [tests.appending(path: "AccountsTests/provider.py").path]
                process.standardInput = input
                process.standardOutput = output
                try process.run()
                var line: [UInt8] = []
                while line.last != UInt8(ascii: "\n"),
                    let byte = try output.fileHandleForReading.read(upToCount: 1)?.first
                { line.append(byte) }
                let port = try #require(
                    Int(String(decoding: line.dropLast(), as: UTF8.self)), "the provider did not start")
                issuer = "http://127.0.0.1:\(port)"
            }

            deinit {
                try? input.fileHandleForWriting.close()  // its end is what it waits for
                process.waitUntilExit()
            }

            struct Redirect: Decodable {
                let code: String
                let state: String
            }

            func visit(_ url: String, _ act: String = "", subject: String) throws -> Redirect {
                let answer = try Exchange(
                    url: "\(url)&act=\(percentEncoded(act))&sub=\(percentEncoded(subject))", sizeLimit: 10_000
                )
                .get(expecting: "application/json")
                return try JSONDecoder().decode(Redirect.self, from: Data(answer.body))
            }
        }

        @Test(
            "a provider signs in whom an administrator or a setup link has linked, and nobody by an address of e-mail",
            .enabled(
                if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"),
                "the provider is a Python program"))
        func provider() async throws {
            let local = try LocalProvider()
            let provider = try SignInProvider(
                issuer: local.issuer, clientID: "minhchung test", clientSecret: "s3cret: +&=",
                redirectURI: "https://archive.example/")
            let place = try TestPlace(clock: TestClock(isMachines: true))
            try await place.archive { archive in
                func signIn(
                    _ subject: String, _ act: String = "", link: String? = nil,
                    rules: SignInRules = SignInRules()
                ) async throws -> NewSession {
                    let request = try await archive.beginSignIn(by: provider, link: link)
                    let redirect = try local.visit(request.url, act, subject: subject)
                    return try await archive.finishSignIn(
                        by: provider, code: redirect.code, state: redirect.state, binding: request.binding,
                        rules: rules)
                }
                func identity(_ subject: String) -> ExternalIdentity {
                    ExternalIdentity(issuer: local.issuer, subject: subject)
                }
                for account in ["officer-17", "officer-18"] {
                    try await archive.openAccount(account, by: console)
                }
                await #expect(throws: SignInError.refused) { _ = try await signIn("7") }
                await #expect(throws: ArchiveError.self) {
                    try await archive.linkIdentity(identity("7"), to: "officer-17", by: actor("officer-17"))
                }
                try await archive.linkIdentity(identity("7"), to: "officer-17", by: console)
                await #expect(throws: ArchiveError.self) {
                    try await archive.linkIdentity(identity("7"), to: "officer-18", by: console)
                }
                let session = try await signIn("7")
                #expect(session.session.account == "officer-17")

                let link = try await archive.createSetupLink(for: "officer-18", by: console).secret
                await #expect(throws: SignInError.setupLinkInvalid, "it is another's") {
                    _ = try await signIn("7", link: link)
                }
                #expect(try await signIn("8", link: link).session.account == "officer-18")
                await #expect(throws: SignInError.setupLinkInvalid, "it is used") {
                    _ = try await signIn("9", link: link)
                }
                #expect(try await signIn("8").session.account == "officer-18")

                _ = try await archive.grantRole(.authority, to: "officer-18", unit: nil, by: console)
                await #expect(throws: SignInError.authenticatorRequired) {
                    _ = try await signIn("8", rules: Self.demanding())
                }
                #expect(
                    try await signIn("8", "by code and key", rules: Self.demanding()).session.account
                        == "officer-18")

                #expect(
                    try await archive.identities(of: "officer-17", by: actor("officer-17")) == [identity("7")])
                try await archive.unlinkIdentity(identity("7"), from: "officer-17", by: console)
                #expect(try await archive.session(session.secret) == nil)
                await #expect(throws: SignInError.refused) { _ = try await signIn("7") }
                try await archive.closeAccount("officer-18", reason: "chuyển công tác", by: console)
                await #expect(throws: SignInError.refused) { _ = try await signIn("8") }
                await #expect(throws: OpenIDError.self) { _ = try await signIn("8", "alg none") }
            }
        }
    }
}
