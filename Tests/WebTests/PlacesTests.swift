import Foundation
import Testing

@testable import Web

@Suite("Places of requests", .timeLimit(.minutes(30)))
struct PlacesTests {
    static func post(_ fields: String = "") -> String {
        "POST /api/v1/test/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n"
            + "Content-Type: application/json\r\nContent-Length: 12\r\n\(fields)\r\n"
    }

    /// Opens connections that send the head of a request, and returns when so many requests are going on. They end when they are let go.
    private func begun(_ count: Int, _ head: String, at server: ServerUnderTest) async throws -> [RawConnection] {
        let before = try await active(server)
        let port = server.port
        let connections = try await blocking {
            try (0..<count).map { _ in
                let connection = try RawConnection(port: port)
                try connection.send(head)
                return connection
            }
        }
        while try await active(server) < before + count {}
        return connections
    }

    /// How many requests are going on, but this one.
    private func active(_ server: ServerUnderTest) async throws -> Int {
        let metrics = try await server.ask("GET", "/metrics", token: nil)
        try #require(metrics.status == 200)
        let line = try #require(metrics.text.split(separator: "\n").first { $0.hasPrefix("minhchung_requests_active ") })
        return try #require(Int(line.split(separator: " ")[1])) - 1
    }

    @Test("Bodies of JSON that do not come keep nobody from asking, and one address from sending more of them")
    func arrivingBodies() async throws {
        try await ServerUnderTest.run {
            $0.limits.requests = 2
            $0.limits.arrivingBodiesPerAddress = 8
            $0.limits.arrivingBodies = 10
            $0.trustedProxies = ["127.0.0.1"]
        } operations: { _ in
            [TestOperations.echo]
        } _: { server in
            func status(from address: String) async throws -> Int {
                try await server.post("/api/v1/test/echo", json: #"{"name":"a"}"#, ["X-Forwarded-For": address]).status
            }
            var slow = try await begun(8, Self.post("X-Forwarded-For: 1.2.3.4\r\n"), at: server)
            #expect(try await server.ask("GET", "/api/v1/units").status == 200)
            #expect(try await status(from: "1.2.3.4") == 503, "that address has as many as it may")
            #expect(try await status(from: "1.2.3.5") == 200)
            slow += try await begun(2, Self.post("X-Forwarded-For: 2001:db8::1\r\n"), at: server)
            #expect(try await status(from: "1.2.3.5") == 503, "there are as many as there may be")
            #expect(try await server.ask("GET", "/api/v1/units").status == 200)
            // Those that come at last are served.
            let late = slow
            try await blocking {
                for connection in late {
                    try connection.send(#"{"name":"a"}"#)
                    #expect(try connection.receive().status == 200)
                }
            }
            #expect(try await status(from: "1.2.3.4") == 200)
        }
    }

    @Test("Files that come slowly keep nobody from asking, and one account from sending more of them")
    func transfers() async throws {
        try await ServerUnderTest.run {
            $0.limits.requests = 2
            $0.limits.transfersPerAccount = 3
            $0.limits.transfers = 4
        } operations: { _ in
            [TestOperations.count()]
        } _: { server in
            func put(as token: String) async throws -> Int {
                try await server.ask(
                    "PUT", "/api/v1/test/count", ["Content-Type": "application/octet-stream"], token: token, body: [1, 2, 3]
                ).status
            }
            let slow = try await begun(3, LimitTests.put + "Content-Length: 3\r\n\r\n", at: server)
            #expect(try await put(as: TestAccounts.writeToken) == 503)
            #expect(try await put(as: TestAccounts.otherToken) == 200)
            #expect(try await server.ask("GET", "/api/v1/units").status == 200)
            let other = LimitTests.put.replacing(TestAccounts.writeToken, with: TestAccounts.otherToken)
            let last = try await begun(1, other + "Content-Length: 3\r\n\r\n", at: server)
            #expect(try await put(as: TestAccounts.otherToken) == 503)
            try await blocking {
                for connection in slow + last {
                    try connection.send("abc")
                    #expect(try connection.receive().text == #"{"bytes":3}"#)
                }
            }
            #expect(try await put(as: TestAccounts.writeToken) == 200)
        }
    }

    @Test("Files that are taken slowly keep nobody from asking, and one account from taking more of them")
    func downloads() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run {
            $0.limits.requests = 2
            $0.limits.downloadsPerAccount = 3
            $0.limits.downloads = 4
        } operations: { _ in
            [TestOperations.endless(gate), TestOperations.sending(gate)]
        } _: { server in
            func get(as token: String) -> String { "GET /api/v1/test/endless HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n" }
            func status(as token: String) async throws -> Int { try await server.ask("GET", "/api/v1/test/send", token: token).status }
            var slow = try await begun(3, get(as: TestAccounts.writeToken), at: server)
            gate.open()
            #expect(try await status(as: TestAccounts.writeToken) == 503)
            #expect(try await status(as: TestAccounts.otherToken) == 200)
            #expect(try await server.ask("GET", "/api/v1/units").status == 200)
            slow += try await begun(1, get(as: TestAccounts.otherToken), at: server)
            #expect(try await status(as: TestAccounts.otherToken) == 503)
            // Those that go away give their places back.
            for connection in slow { connection.resetsAtEnd() }
            slow = []
            while try await active(server) > 0 {}
            #expect(try await status(as: TestAccounts.writeToken) == 200)
        }
    }

    @Test("Whoever watches over the machine is answered also when no other request is")
    func machine() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run {
            $0.limits.requests = 1
        } operations: { _ in
            [TestOperations.waiting(gate)]
        } _: { server in
            async let held = server.ask("GET", "/api/v1/test/wait")
            await gate.arrivals(1)
            let refused = try await server.ask("GET", "/api/v1/units")
            #expect(refused.status == 503)
            for path in ["/health", "/ready", "/metrics"] { #expect(try await server.ask("GET", path, token: nil).status == 200) }
            gate.open()
            #expect(try await held.status == 204)
        }
    }

    @Test("A client that is gone before its answer begins leaves no place taken", arguments: ["/api/v1/test/send", "/api/v1/test/wait"])
    func resets(path: String) async throws {
        let gate = TestOperations.Gate()
        let count = 40
        try await ServerUnderTest.run {
            $0.limits.requests = count
            ($0.limits.downloads, $0.limits.downloadsPerAccount) = (count, count)
        } operations: { _ in
            [TestOperations.sending(gate), TestOperations.waiting(gate)]
        } _: { server in
            var connections = try await begun(
                count, "GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n\r\n", at: server)
            await gate.arrivals(count)
            #expect(try await server.ask("GET", path).status == 503)
            for connection in connections { connection.resetsAtEnd() }
            connections = []
            gate.open()
            while try await active(server) > 0 {}
            #expect(try await server.ask("GET", path).status < 300)
            // And those that go away while the answer is on its way.
            try await blocking { [port = server.port] in
                for _ in 0..<count / 2 {
                    let connection = try RawConnection(port: port)
                    connection.resetsAtEnd()
                    try connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n\r\n")
                }
            }
            while try await active(server) > 0 {}
            #expect(try await server.ask("GET", path).status < 300)
        }
    }

    @Test("A search for 1,000 letters, each nine bytes of its address, is no header that is too long")
    func longQuery() async throws {
        try await ServerUnderTest.run { server in
            let text = String(repeating: "%E1%BB%87", count: 1_000)
            let answer = try await server.ask("GET", "/api/v1/evidence/search?q=\(text)")
            #expect(answer.status == 200, "\(answer.text)")
        }
    }
}
