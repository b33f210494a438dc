import Custody
import Evidence
import Foundation
import Synchronization
import Testing

@testable import Web

/// Signing in by a real provider, from the browser's first request to its last.
@Suite(
    "Signing in by a provider over HTTP", .serialized, .enabled(if: LocalProvider.isHere, LocalProvider.absence), .timeLimit(.minutes(30)))
struct ProviderTests {
    private static let password = "ao làng có cá rô"

    private static func open(_ account: String, in server: ServerUnderTest) async throws -> String {
        try await server.archive.openAccount(account, by: console)
        return try await server.archive.createSetupLink(for: account, by: console).secret
    }

    private static func identity(_ provider: LocalProvider, _ subject: String) -> ExternalIdentity {
        ExternalIdentity(issuer: provider.issuer, subject: subject)
    }

    private static func signsIn(_ browser: Browser) async throws -> String? {
        let answer = try await browser.ask("GET", "/api/v1/account")
        return answer.status == 200 ? try answer.json()["account"] as? String : nil
    }

    @Test("Who was invited links an identity by the setup link, and signs in by it from then on; each sees what was done to their account")
    func whole() async throws {
        let local = try LocalProvider()
        try await ServerUnderTest.run(signingIn: local.settingUp()) { server in
            let link = try await Self.open("officer-17", in: server)
            let browser = Browser(server)
            let linked = try await browser.signIn(local, as: "7", link: link)
            #expect(linked.status == 200, "\(linked.text)")
            #expect(try linked.json()["account"] as? String == "officer-17")
            let account = try await browser.ask("GET", "/api/v1/account").json()
            let changes = try #require(account["sign_in_changes"] as? [[String: Any]])
            #expect(changes.map { $0["act"] as? String } == ["identity-linked", "setup-link-used", "setup-link-made"])
            #expect(changes.map { $0["by"] as? String } == ["officer-17", "officer-17", "console:lan"])
            let used = Browser(server)
            #expect(try await used.ask("POST", "/api/v1/session/provider", json: #"{"link":"\#(link)"}"#).kind == "setup-link", "it is used up")

            let other = Browser(server)
            let began = try await other.ask("GET", "/api/v1/session/provider", isCrossSite: true)
            #expect(began.status == 303 && began.body.isEmpty && began.fields["cache-control"] == "no-store")
            let binding = try #require(began.cookies.first)
            #expect(began.cookies.count == 1 && binding.hasPrefix("minhchung-provider="))
            #expect(binding.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"))
            // A provider adds what it likes.
            let redirect = try await local.visit(try #require(began.fields["location"]), as: "7")
            let answer = try await other.finish(redirect, "&session_state=a.b&scope=openid&iss=\(local.issuer.replacing(":", with: "%3A"))")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.cookies.contains { $0.hasPrefix("minhchung=mcs_") && $0.hasSuffix("; Path=/; HttpOnly; SameSite=Strict") })
            #expect(other.cookies["minhchung-provider"] == nil, "it is over")
            #expect(other.cookies["minhchung"] != browser.cookies["minhchung"])
            #expect(try await Self.signsIn(other) == "officer-17")
            #expect(try await Self.signsIn(browser) == "officer-17")
            let listed = try await other.ask("GET", "/api/v1/accounts/officer-17/identities")
            #expect(listed.text == #"{"identities":[{"issuer":"\#(local.issuer)","subject":"7"}]}"#)
            #expect(!server.log.contains { $0.contains(link) || $0.contains(redirect.code) || $0.contains(redirect.state) }, "no secret is logged")
        }
    }

    @Test("Over TLS the cookie is one that a browser takes from this host alone")
    func secureCookie() {
        #expect(
            BindingCookie.set("b", isSecure: true) == "__Host-minhchung-provider=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure")
        #expect(BindingCookie.clear(isSecure: true) == "__Host-minhchung-provider=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure")
    }

    @Test("What is not the sign-in that was begun in this browser signs nobody in, and is told in one line")
    func refusals() async throws {
        let local = try LocalProvider()
        try await ServerUnderTest.run(signingIn: local.settingUp()) { server in
            for account in ["officer-17", "closed-1"] { _ = try await Self.open(account, in: server) }
            try await server.archive.linkIdentity(Self.identity(local, "7"), to: "officer-17", by: console)
            try await server.archive.linkIdentity(Self.identity(local, "8"), to: "closed-1", by: console)
            try await server.archive.closeAccount("closed-1", reason: "chuyển công tác", by: console)
            let browser = Browser(server)
            func expect(_ answer: Received, _ status: Int, _ kind: String, _ what: String) throws {
                #expect(answer.status == status && answer.kind == kind, "\(what): \(answer.text)")
                #expect(answer.cookies.isEmpty && !browser.isSignedIn, "\(what)")
                let detail = try #require(try answer.json()["detail"] as? String)
                #expect(!detail.contains("\n") && !detail.contains(local.issuer), "\(what)")
            }
            // Another state, another browser, and none.
            var redirect = try await local.visit(browser.begin(), as: "7")
            let wrong = LocalProvider.Redirect(code: redirect.code, state: String(redirect.state.reversed()))
            try expect(try await browser.finish(wrong), 401, "provider-not-begun", "wrong state")
            try expect(
                try await server.ask("GET", "\(Browser.callback)?code=\(redirect.code)&state=\(redirect.state)", token: nil), 401,
                "provider-not-begun",
                "no cookie")
            try expect(try await browser.finish(redirect), 401, "provider-not-begun", "what somebody tried without the cookie is over")
            redirect = try await local.visit(browser.begin(), as: "7")
            let other = Browser(server)
            _ = try await other.begin()
            try expect(try await other.finish(redirect), 401, "provider-not-begun", "the cookie of another browser")
            // The same again, and a code that was taken already.
            redirect = try await local.visit(browser.begin(), as: "7")
            let first = Browser(server)
            let own = try await local.visit(first.begin(), as: "7")
            #expect(try await first.finish(own).status == 200)
            #expect(try await first.finish(own).kind == "provider-not-begun", "its cookie is gone")
            try expect(
                try await browser.finish(LocalProvider.Redirect(code: own.code, state: redirect.state)), 401, "provider-refused", "a code of another")
            // Cancelled, another error, and one with a word that no page may show.
            for (error, kind) in [
                ("access_denied", "provider-cancelled"), ("login_required", "provider-refused"), ("%3Cb%3Echairman", "provider-refused"),
            ] {
                redirect = try await local.visit(browser.begin(), as: "7")
                let answer = try await browser.ask(
                    "GET", "\(Browser.callback)?error=\(error)&error_description=%3Cb%3Echairman&state=\(redirect.state)", isCrossSite: true)
                try expect(answer, 401, kind, error)
                #expect(!answer.text.contains("chairman"))
                try expect(try await browser.finish(redirect), 401, "provider-not-begun", "it is over with \(error)")
            }
            try expect(
                try await browser.ask("GET", "\(Browser.callback)?error=access_denied&state=x", isCrossSite: true), 401, "provider-not-begun",
                "an error of nothing")
            try expect(try await browser.signIn(local, "alg none", as: "7"), 401, "provider-refused", "a statement that nobody signed")
            // Nobody's, and of an account that is closed: told alike.
            try expect(try await browser.signIn(local, as: "9"), 401, "sign-in", "not linked")
            try expect(try await browser.signIn(local, as: "8"), 401, "sign-in", "closed")
            // Nothing but what it has to have.
            let bare = try await browser.ask("GET", Browser.callback)
            #expect(bare.status == 400 && bare.kind == "parameter")
            // Gone in the middle, and before the beginning: what it said of itself is remembered for an hour.
            redirect = try await local.visit(browser.begin(), as: "7")
            local.end()
            try expect(try await browser.finish(redirect), 502, "provider-unreachable", "the provider is down")
            #expect(server.log.contains { $0.contains("cannot reach the sign-in provider \(local.issuer)") }, "the log says why")
        }
        let gone = try LocalProvider()
        gone.end()
        try await ServerUnderTest.run(signingIn: gone.settingUp()) { server in
            let answer = try await server.ask("GET", "/api/v1/session/provider", token: nil)
            #expect(answer.status == 502 && answer.kind == "provider-unreachable")
        }
    }

    @Test("What was begun more than ten minutes ago is over, and so is a setup link that expired meanwhile")
    func expired() async throws {
        let local = try LocalProvider()
        let ahead = Mutex<Int64>(0)
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: Archive.systemTime().milliseconds + ahead.withLock { $0 }) }
        var rules = SignInRules()
        rules.setupLink = .seconds(300)
        try await ServerUnderTest.run(signingIn: local.settingUp(rules: rules, now: now)) { server in
            try await server.archive.openAccount("officer-17", by: console)
            let link = try await server.archive.createSetupLink(for: "officer-17", rules: rules, by: console).secret
            let (browser, other) = (Browser(server), Browser(server))
            let byLink = try await local.visit(other.begin(link: link), as: "8")
            let redirect = try await local.visit(browser.begin(), as: "7")
            ahead.withLock { $0 = 310_000 }
            #expect(try await other.finish(byLink).kind == "setup-link")
            ahead.withLock { $0 = 610_000 }
            #expect(try await browser.finish(redirect).kind == "provider-not-begun")
        }
    }

    @Test("Another site signs nobody in as another, and links nobody's identity to an account of its own")
    func otherSites() async throws {
        let local = try LocalProvider()
        try await ServerUnderTest.run(signingIn: local.settingUp()) { server in
            let link = try await Self.open("attacker-1", in: server)
            try await server.archive.linkIdentity(Self.identity(local, "666"), to: "attacker-1", by: console)
            _ = try await Self.open("officer-17", in: server)
            try await server.archive.linkIdentity(Self.identity(local, "7"), to: "officer-17", by: console)
            let (attacker, victim) = (Browser(server), Browser(server))
            // The attacker's own sign-in, finished in the browser of the victim: with no cookie, and with one of the victim's own.
            var theirs = try await local.visit(attacker.begin(), as: "666")
            #expect(try await victim.finish(theirs).kind == "provider-not-begun" && !victim.isSignedIn)
            theirs = try await local.visit(attacker.begin(), as: "666")
            let own = try await local.visit(victim.begin(), as: "7")
            #expect(try await victim.finish(theirs).kind == "provider-not-begun" && !victim.isSignedIn)
            #expect(try await victim.finish(own).json()["account"] as? String == "officer-17", "the victim's own goes on")
            // A session that was planted is not the one after it.
            let before = try #require(victim.cookies["minhchung"])
            #expect(try await victim.signIn(local, as: "7").status == 200)
            #expect(victim.cookies["minhchung"] != before)
            // A page of another site may send a form and may not send JSON; what says that it is from elsewhere is not taken.
            let body = Array(#"{"link":"\#(link)"}"#.utf8)
            func post(_ fields: [String: String]) async throws -> Received {
                try await server.ask("POST", "/api/v1/session/provider", fields, token: nil, body: body)
            }
            #expect(try await post(["Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"]).status == 403)
            #expect(try await post(["Content-Type": "application/json", "Origin": "https://evil.example"]).status == 403)
            #expect(try await post(["Content-Type": "text/plain"]).status == 415)
            let named = try await server.ask("GET", "/api/v1/session/provider?link=\(link)", token: nil)
            #expect(named.status == 400 && !named.text.contains(link), "a link is no part of an address")
        }
    }

    @Test("Where a second proof is asked for, the provider has to say that it asked; the setup link is good until then")
    func secondProof() async throws {
        let local = try LocalProvider()
        var rules = SignInRules()
        rules.rolesWithAuthenticator = [.authority]
        try await ServerUnderTest.run(signingIn: local.settingUp(rules: rules)) { server in
            let link = try await Self.open("officer-17", in: server)
            _ = try await server.archive.grantRole(.authority, to: "officer-17", unit: nil, by: console)
            let browser = Browser(server)
            let refused = try await browser.signIn(local, as: "7", link: link)
            #expect(refused.status == 403 && refused.kind == "authenticator-required" && !browser.isSignedIn)
            #expect(try await browser.signIn(local, "by code and key", as: "7", link: link).status == 200)
            let again = Browser(server)
            #expect(try await again.signIn(local, as: "7").kind == "authenticator-required")
            #expect(try await again.signIn(local, "by code and key", as: "7").status == 200)
        }
    }

    @Test("Who has no password links another identity by a setup link only")
    func withoutPassword() async throws {
        let local = try LocalProvider()
        try await ServerUnderTest.run(signingIn: local.settingUp()) { server in
            let browser = Browser(server)
            #expect(try await browser.signIn(local, as: "7", link: Self.open("officer-17", in: server)).status == 200)
            let refused = try await browser.ask("POST", "/api/v1/account/identities", json: "{}")
            #expect(refused.status == 409 && refused.text.contains("setup link"), "\(refused.text)")
            let link = try await server.archive.createSetupLink(for: "officer-17", by: console).secret
            #expect(try await Browser(server).signIn(local, as: "8", link: link).status == 200)
            // It takes the place of the one before, as another password would.
            #expect(try await server.archive.identities(of: "officer-17", by: console).map(\.subject) == ["8"])
        }
    }

    @Test("A token is made just after signing in, or by a token that is good for as long, and by no session that somebody finds")
    func freshSession() async throws {
        let local = try LocalProvider()
        let ahead = Mutex<Int64>(0)
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: Archive.systemTime().milliseconds + ahead.withLock { $0 }) }
        try await ServerUnderTest.run(signingIn: local.settingUp(now: now)) { server in
            _ = try await server.archive.useSetupLink(try await Self.open("officer-17", in: server), password: Self.password)
            let browser = Browser(server)
            #expect(
                try await browser.ask("POST", "/api/v1/session", json: #"{"account":"officer-17","password":"\#(Self.password)"}"#).status == 200)
            func wanted(days: Int) -> String { #"{"name":"x","scope":"administer","days":\#(days)}"# }
            let made = try await browser.ask("POST", "/api/v1/tokens", json: wanted(days: 2))
            #expect(made.status == 201, "\(made.text)")
            let secret = try #require(try made.json()["secret"] as? String)
            func byToken(days: Int) async throws -> Int {
                try await server.ask(
                    "POST", "/api/v1/tokens", ["Content-Type": "application/json"], token: secret, body: Array(wanted(days: days).utf8)
                ).status
            }
            #expect(try await byToken(days: 1) == 201)
            #expect(try await byToken(days: 3) == 409)
            ahead.withLock { $0 = 301_000 }
            let late = try await browser.ask("POST", "/api/v1/tokens", json: wanted(days: 1))
            #expect(late.status == 409 && late.text.contains("sign in anew"), "\(late.text)")
        }
    }

    @Test("Who is signed in links an identity with their password, and takes it away; a token does not, and an administrator elsewhere neither")
    func linking() async throws {
        let local = try LocalProvider()
        try await ServerUnderTest.run(signingIn: local.settingUp()) { server in
            let archive = server.archive
            for account in ["officer-17", "officer-18", "admin-1", "admin-2"] {
                _ = try await archive.useSetupLink(try await Self.open(account, in: server), password: Self.password)
            }
            let from = try #require(CalendarDate("2021-01-01"))
            _ = try await archive.declareUnits(
                (1...2).map { UnitEntry(name: "Phường \($0)", code: "\($0)", kind: .ward, validFrom: from) }, by: console)
            _ = try await archive.grantRole(.reviewer, to: "officer-17", unit: "1", by: console)
            for number in 1...2 { _ = try await archive.grantRole(.administrator, to: "admin-\(number)", unit: "\(number)", by: console) }
            func signedIn(_ account: String) async throws -> Browser {
                let browser = Browser(server)
                let answer = try await browser.ask(
                    "POST", "/api/v1/session", json: #"{"account":"\#(account)","password":"\#(Self.password)"}"#)
                try #require(answer.status == 200, "\(answer.text)")
                return browser
            }
            let browser = try await signedIn("officer-17")
            let target = "/api/v1/account/identities"
            #expect(try await browser.ask("POST", target, json: "{}").kind == "sign-in", "without the password")
            #expect(try await browser.ask("POST", target, json: #"{"password":"một câu nào khác"}"#).kind == "sign-in")
            let token = try await archive.createToken(
                named: "x", scope: .administer, for: .seconds(600), with: .here, by: Actor(account: "officer-17")
            ).secret
            let withToken = try await server.ask(
                "POST", target, ["Content-Type": "application/json"], token: token, body: Array(#"{"password":"\#(Self.password)"}"#.utf8))
            #expect(withToken.status == 403)
            func begin(_ browser: Browser) async throws -> String {
                let answer = try await browser.ask("POST", target, json: #"{"password":"\#(Self.password)"}"#)
                try #require(answer.status == 200, "\(answer.text)")
                return try #require(try answer.json()["url"] as? String)
            }
            // The browser comes back without its session, which is Strict, and has another one then.
            let before = try #require(browser.cookies["minhchung"])
            let linked = try await browser.finish(local.visit(begin(browser), as: "7"))
            #expect(linked.status == 200, "\(linked.text)")
            #expect(browser.cookies["minhchung"] != before)
            #expect(try await archive.session(before) == nil)
            #expect(try await Self.signsIn(browser) == "officer-17")
            #expect(try await Browser(server).signIn(local, as: "7").status == 200)
            // Another's identity, and a session that ended meanwhile.
            let other = try await signedIn("officer-18")
            #expect(try await other.finish(local.visit(begin(other), as: "7")).status == 409)
            let redirect = try await local.visit(begin(other), as: "8")
            try await archive.revokeAll(of: "officer-18", by: console)
            #expect(try await other.finish(redirect).status == 409)
            #expect(try await archive.identities(of: "officer-18", by: console).isEmpty)
            // Taken away.
            let removal = #"{"issuer":"\#(local.issuer)","subject":"7"}"#
            let path = "/api/v1/accounts/officer-17/identities"
            let (elsewhere, here) = (try await signedIn("admin-2"), try await signedIn("admin-1"))
            #expect(try await elsewhere.ask("POST", "\(path)/removal", json: removal).status == 404)
            #expect(try await elsewhere.ask("GET", path).status == 404)
            #expect(try await here.ask("GET", path).text.contains(#""subject":"7""#))
            #expect(try await here.ask("POST", "\(path)/removal", json: removal).status == 204)
            #expect(try await here.ask("POST", "\(path)/removal", json: removal).status == 404)
            #expect(try await Self.signsIn(browser) == nil, "its sessions have ended")
            #expect(try await Browser(server).signIn(local, as: "7").kind == "sign-in")
            let mine = try await signedIn("officer-17")
            let told = try #require(try await mine.ask("GET", "/api/v1/account").json()["sign_in_changes"] as? [[String: Any]])
            #expect(told.first?["act"] as? String == "identity-unlinked" && told.first?["by"] as? String == "admin-1")
            #expect(try await mine.finish(local.visit(begin(mine), as: "9")).status == 200)
            #expect(try await mine.ask("POST", "\(path)/removal", json: removal.replacing(#""7""#, with: #""9""#)).status == 204)
        }
    }

    @Test("Where no provider is set up, its operations say so, and are described all the same")
    func none() async throws {
        try await ServerUnderTest.run(signingIn: ServerUnderTest.SigningIn()) { server in
            for target in ["/api/v1/session/provider", "\(Browser.callback)?state=s&code=c"] {
                let answer = try await server.ask("GET", target, token: nil)
                #expect(answer.status == 404 && answer.text.contains("nobody signs in by a provider here: none is set up"))
            }
            let paths = try #require(try await server.ask("GET", "/api/openapi.json", token: nil).json()["paths"] as? [String: Any])
            #expect(paths["/api/v1/session/provider"] != nil && paths[Browser.callback] != nil)
        }
    }

    // MARK: Beside the provider

    @Test("An administrator who makes a setup link for somebody is seen by them, and its use ends their sessions and tokens")
    func takeover() async throws {
        try await ServerUnderTest.run(signingIn: ServerUnderTest.SigningIn()) { server in
            let archive = server.archive
            for account in ["officer-17", "admin-1"] {
                _ = try await archive.useSetupLink(try await Self.open(account, in: server), password: Self.password)
            }
            _ = try await archive.grantRole(.administrator, to: "admin-1", unit: nil, by: console)
            let (officer, admin) = (Browser(server), Browser(server))
            for (browser, account) in [(officer, "officer-17"), (admin, "admin-1")] {
                #expect(
                    try await browser.ask("POST", "/api/v1/session", json: #"{"account":"\#(account)","password":"\#(Self.password)"}"#).status == 200
                )
            }
            let token = try await archive.createToken(named: "x", scope: .read, for: .seconds(600), with: .here, by: Actor(account: "officer-17"))
                .secret
            let made = try await admin.ask("POST", "/api/v1/accounts/officer-17/setup-links")
            #expect(made.status == 201, "\(made.text)")
            let link = try #require(try made.json()["link"] as? String)
            func changes(_ browser: Browser, _ target: String = "/api/v1/account") async throws -> [[String: Any]] {
                try #require(try await browser.ask("GET", target).json()["sign_in_changes"] as? [[String: Any]])
            }
            let seen = try await changes(officer)
            #expect(seen.first?["act"] as? String == "setup-link-made" && seen.first?["by"] as? String == "admin-1", "\(seen)")
            #expect(
                try await server.ask(
                    "POST", "/api/v1/setup", ["Content-Type": "application/json"], token: nil,
                    body: Array(#"{"link":"\#(link)","password":"một câu của kẻ khác"}"#.utf8)
                ).status == 200)
            #expect(try await Self.signsIn(officer) == nil)
            #expect(try await server.ask("GET", "/api/v1/account", token: token).status == 401)
            #expect(
                try await changes(admin, "/api/v1/accounts/officer-17").map { $0["act"] as? String }.prefix(2) == [
                    "setup-link-used", "setup-link-made",
                ])
            let listed = try await admin.ask("GET", "/api/v1/accounts")
            #expect(listed.status == 200 && !listed.text.contains("sign_in_changes"))
        }
    }

    @Test("One address that tries many accounts is slowed, whether there are such accounts or not, and others are not")
    func spraying() async throws {
        var signingIn = ServerUnderTest.SigningIn()
        // Attempts take the time that they take; here none passes meanwhile.
        let start = Archive.systemTime()
        let ahead = Mutex<Int64>(0)
        signingIn.now = { Timestamp(milliseconds: start.milliseconds + ahead.withLock { $0 }) }
        try await ServerUnderTest.run({ $0.trustedProxies = ["127.0.0.1"] }, signingIn: signingIn) { server in
            for account in ["officer-17", "officer-18"] {
                _ = try await server.archive.useSetupLink(try await Self.open(account, in: server), password: Self.password)
            }
            func attempt(_ account: String, from address: String, _ password: String = "một câu nào khác") async throws -> Received {
                try await server.ask(
                    "POST", "/api/v1/session", ["Content-Type": "application/json", "X-Forwarded-For": address], token: nil,
                    body: Array(#"{"account":"\#(account)","password":"\#(password)"}"#.utf8))
            }
            for number in 0..<30 {
                // One customer of IPv6 has many addresses.
                let answer = try await attempt(number == 7 ? "officer-18" : "nobody-\(number)", from: "2001:db8:1:2::\(number)")
                #expect(answer.status == 401, "\(number): \(answer.text)")
            }
            func told(_ answer: Received) -> String { answer.text.replacing(answer.fields["x-request-id"] ?? "-", with: "") }
            let known = try await attempt("officer-17", from: "2001:db8:1:2:ffff::1", Self.password)
            let unknown = try await attempt("nobody-99", from: "2001:db8:1:2:ffff::2")
            #expect(known.status == 429 && known.fields["retry-after"] == "30" && unknown.fields["retry-after"] == "30")
            #expect(told(known) == told(unknown), "which of them there is, is not told")
            #expect(try await attempt("officer-17", from: "2001:db8:1:3::1", Self.password).status == 200)
            #expect(try await attempt("officer-17", from: "203.0.113.7", Self.password).status == 200)
            ahead.withLock { $0 = 30_000 }
            #expect(try await attempt("officer-17", from: "2001:db8:1:2::1", Self.password).status == 200, "one in half a minute is looked at")
            #expect(try await attempt("nobody-98", from: "2001:db8:1:2::1").status == 401, "and one who knows it was none")
            #expect(try await attempt("officer-17", from: "2001:db8:1:2::1", Self.password).status == 200, "who has signed in there is not shut out")
            #expect(try await attempt("officer-18", from: "2001:db8:1:2::1", Self.password).status == 429, "and all others are")
        }
    }
}
