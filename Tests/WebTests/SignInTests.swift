import Foundation
import Testing

@testable import Web

@Suite("Who asks", .timeLimit(.minutes(30)))
struct SignInTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let method: String
        let fields: [String: String]
        let status: Int
        var testDescription: String { name }

        init(_ name: String, _ method: String, _ fields: [String: String], _ status: Int) {
            (self.name, self.method, self.fields, self.status) = (name, method, fields, status)
        }
    }

    static let cookie = "minhchung=\(TestAccounts.session)"
    static let csrf = CrossSiteCheck.token(for: TestAccounts.session)
    /// Stands for the server's own origin, which has its port.
    static let own = "OWN"

    static let rows = [
        Row("nobody", "GET", [:], 401),
        Row("a token that is none", "GET", ["Authorization": "Bearer mct_none"], 401),
        Row("a token that is empty", "GET", ["Authorization": "Bearer "], 401),
        Row("another scheme", "GET", ["Authorization": "Basic bWN0X3dyaXRl"], 401),
        Row("two words", "GET", ["Authorization": "Bearer mct_write x"], 401),
        Row("a token", "GET", ["Authorization": "Bearer mct_write"], 200),
        Row("a token, the scheme in other letters", "GET", ["Authorization": "bearer mct_write"], 200),
        Row("a token that reads", "GET", ["Authorization": "Bearer mct_read"], 200),
        Row("a token that reads, where something changes", "POST", ["Authorization": "Bearer mct_read"], 403),
        Row("a token that writes needs nothing else", "POST", ["Authorization": "Bearer mct_write", "Origin": "https://evil.example"], 200),
        Row("a wrong token does not fall back to the cookie", "GET", ["Authorization": "Bearer mct_none", "Cookie": cookie], 401),
        Row("a session", "GET", ["Cookie": cookie], 200),
        Row("a session among other cookies", "GET", ["Cookie": "a=b; \(cookie); c=d"], 200),
        Row("a session that is none", "GET", ["Cookie": "minhchung=other"], 401),
        Row("two sessions", "GET", ["Cookie": "minhchung=other; \(cookie)"], 401),
        Row("the cookie of TLS without TLS", "GET", ["Cookie": "__Host-\(cookie)"], 401),
        Row(
            "a change with a session and everything", "POST",
            ["Cookie": cookie, "Origin": own, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": csrf], 200),
        Row("a change with Origin alone", "POST", ["Cookie": cookie, "Origin": own, "X-CSRF-Token": csrf], 200),
        Row("a change with Sec-Fetch-Site alone", "POST", ["Cookie": cookie, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": csrf], 200),
        Row("a change with neither", "POST", ["Cookie": cookie, "X-CSRF-Token": csrf], 403),
        Row("a change without the token", "POST", ["Cookie": cookie, "Origin": own], 403),
        Row("a change with another's token", "POST", ["Cookie": cookie, "Origin": own, "X-CSRF-Token": CrossSiteCheck.token(for: "other")], 403),
        Row("a change from another site", "POST", ["Cookie": cookie, "Origin": "https://evil.example", "X-CSRF-Token": csrf], 403),
        Row("a change from another port", "POST", ["Cookie": cookie, "Origin": "http://localhost:1", "X-CSRF-Token": csrf], 403),
        Row("a change from null", "POST", ["Cookie": cookie, "Origin": "null", "X-CSRF-Token": csrf], 403),
        Row(
            "a change that the browser says is cross-site", "POST",
            ["Cookie": cookie, "Origin": own, "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": csrf], 403),
        Row("a change from a sibling host", "POST", ["Cookie": cookie, "Sec-Fetch-Site": "same-site", "X-CSRF-Token": csrf], 403),
        Row("a form", "POST", ["Cookie": cookie, "Origin": own, "X-CSRF-Token": csrf, "Content-Type": "text/plain"], 415),
    ]

    @Test("Every way to say who asks gives what the table says")
    func table() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.echo, TestOperations.who] }) { server in
            for row in Self.rows {
                var fields = row.fields
                if fields["Origin"] == Self.own { fields["Origin"] = "http://localhost:\(server.port)" }
                let first = try server.accessEntries()
                let answer: Received
                if row.method == "POST" {
                    answer = try await server.ask(
                        "POST", "/api/v1/test/echo", ["Content-Type": "application/json"].merging(fields) { $1 }, token: nil,
                        body: Array(#"{"name":"x"}"#.utf8))
                } else {
                    answer = try await server.ask("GET", "/api/v1/test/who", fields, token: nil)
                }
                #expect(answer.status == row.status, "\(row.name): \(answer.text)")
                // Who is known, and was refused, is in the access log.
                if answer.status == 403 { #expect(try server.refusals(since: first).count == 1, "\(row.name)") }
                if answer.status == 401 { #expect(answer.fields["www-authenticate"] == "Bearer") }
            }
        }
    }

    @Test("Behind a trusted proxy that speaks TLS the cookie is the one of TLS, and the client is who it says")
    func behindProxy() async throws {
        try await ServerUnderTest.run {
            $0.trustedProxies = ["127.0.0.1"]
        } operations: { _ in
            [TestOperations.who]
        } _: { server in
            let fields = ["X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"]
            let secure = try await server.ask(
                "GET", "/api/v1/test/who", fields.merging(["Cookie": "__Host-minhchung=\(TestAccounts.session)"]) { $1 }, token: nil)
            #expect(secure.text == #"{"account":"console:officer-17","client":"203.0.113.9"}"#)
            #expect(secure.fields["strict-transport-security"] != nil)
            #expect(try await server.ask("GET", "/api/v1/test/who", fields.merging(["Cookie": Self.cookie]) { $1 }, token: nil).status == 401)
        }
    }

    @Test("A cookie is set so that no script, no other site and no plain connection gets it")
    func cookies() {
        #expect(SessionCookie.set("s", isSecure: true) == "__Host-minhchung=s; Path=/; HttpOnly; SameSite=Strict; Secure")
        #expect(SessionCookie.set("s", isSecure: false) == "minhchung=s; Path=/; HttpOnly; SameSite=Strict")
        #expect(SessionCookie.clear(isSecure: true) == "__Host-minhchung=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure")
        #expect(CrossSiteCheck.token(for: "s") != CrossSiteCheck.token(for: "t"))
        #expect(!CrossSiteCheck.token(for: "secret").contains("secret"))
    }
}
