import Custody
import Evidence
import Foundation
import Ledger
import Testing

@testable import Web

@Suite("Requests", .timeLimit(.minutes(30)))
struct RequestTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let target: String
        let status: Int
        let detail: String
        var testDescription: String { "\(method) \(target)" }

        init(_ method: String, _ target: String, _ status: Int, _ detail: String = "") {
            (self.method, self.target, self.status, self.detail) = (method, target, status, detail)
        }
    }

    static let rows = [
        Row("GET", "/", 404, "there is nothing at this address"),
        Row("GET", "/api/v1/evidences", 404, "there is nothing"),
        Row("GET", "/api/v1/evidence/", 404),
        Row("GET", "/api/v1/evidence//content", 404),
        Row("GET", "/api/v1/evidence/..%2Fkeys", 404, "cannot find evidence item ../keys"),
        Row("DELETE", "/api/v1/units", 405, "it takes GET, HEAD"),
        Row("DELETE", "/api/v1/evidence/ev-7h2k9q4m1c8r5t0w", 405, "it takes GET, HEAD"),
        Row("TRACE", "/api/v1/status", 405),
        Row("GET", "/api/v1/units?limt=5", 400, "query parameter limt is none of this operation"),
        Row("GET", "/api/v1/units?limit=5&limit=6", 400, "query parameter limit is there twice"),
        Row("GET", "/api/v1/units?limit=0", 400, "query parameter limit is not between 1 and 200"),
        Row("GET", "/api/v1/units?limit=201", 400, "query parameter limit is not between"),
        Row("GET", "/api/v1/units?limit=05", 400, "query parameter limit is not an integer"),
        Row("GET", "/api/v1/units?limit=%2B5", 400, "query parameter limit is not an integer"),
        Row("GET", "/api/v1/units?limit=99999999999999999999", 400, "query parameter limit is not an integer"),
        Row("GET", "/api/v1/units?limit=", 400, "query parameter limit is not an integer"),
        Row("GET", "/api/v1/units?cursor=xyz", 400, "query parameter cursor is none of this list"),
        Row("GET", "/api/v1/units?cursor=%zz", 400, "a % is not followed by two hexadecimal digits"),
        Row("GET", "/api/v1/units?cursor=%ff", 400, "it is not UTF-8"),
        Row("GET", "/api/v1/units/%00", 404, "unit in the path is not a line of text"),
        Row("GET", "/api/v1/units?limit=5", 200),
        Row("GET", "/api/v1/units?", 200),
        Row("GET", "/api/v1/units/20335?on=2025-13-01", 400, "query parameter on is not a date"),
        Row("GET", "/api/v1/units/20335", 404, "cannot find unit"),
        Row("GET", "/api/v1/criteria/none", 404, "cannot find criteria set or rule set none"),
        Row("GET", "/api/v1/evidence?kind=passport", 400, "query parameter kind is not one of certificate"),
        Row("GET", "/api/v1/evidence?issued_from=yesterday", 400, "query parameter issued_from is not a date"),
        Row("GET", "/api/v1/evidence/search", 400, "query parameter q is missing"),
        Row("GET", "/api/v1/evidence/search?q=", 400, "query parameter q is empty"),
        Row("GET", "/api/v1/evidence/search?q=...", 400, "it has no word"),
        Row("GET", "/api/v1/evidence/search?q=a&exact=1", 400, "query parameter exact is not true or false"),
        Row("GET", "/api/v1/evidence/search?q=%22%20OR%20NEAR(*", 200),
        Row("GET", "/api/v1/evidence/ev-7h2k9q4m1c8r5t0w", 404, "cannot find evidence item ev-7h2k9q4m1c8r5t0w"),
        Row("GET", "/api/v1/evidence/ev-7h2k9q4m1c8r5t0w/content", 404, "cannot find evidence item"),
        Row("GET", "/api/v1/evidence/e", 404, "give at least 4 characters"),
        Row("GET", "/api/v1/titles/ti-7h2k9q4m1c8r5t0w/bundle", 404, "cannot find title"),
        Row("GET", "/api/v1/units/20335/bundles/now", 404, "cycle in the path is not an integer"),
        Row("GET", "/api/v1/status", 200),
    ]

    @Test("Every request is answered as the table says, and what is refused as a problem that says why")
    func table() async throws {
        try await ServerUnderTest.run { server in
            for row in Self.rows {
                let answer = try await server.ask(row.method, row.target)
                #expect(answer.status == row.status, "\(row.testDescription): \(answer.text)")
                try Self.expectProtected(answer)
                guard answer.status >= 400 else { continue }
                let problem = try Self.problem(answer)
                #expect(
                    row.detail.isEmpty || (problem["detail"] as? String ?? "").contains(row.detail), "\(row.testDescription): \(answer.text)")
            }
            #expect(try await server.ask("PUT", "/api/v1/status").fields["allow"] == "GET, HEAD")
        }
    }

    @Test("A request with a key of its own makes nothing twice: the same gets the same answer, and another with that key is refused")
    func idempotencyKeys() async throws {
        try await ServerUnderTest.run { server in
            func open(_ account: String, _ key: String?) async throws -> Received {
                try await server.post(
                    "/api/v1/accounts", json: #"{"account":"\#(account)"}"#, key.map { ["Idempotency-Key": $0] } ?? [:])
            }
            let first = try await open("officer-17", "key-1")
            #expect(first.status == 201)
            let again = try await open("officer-17", "key-1")
            #expect(again.status == 201 && again.body == first.body && again.fields["location"] == first.fields["location"])
            #expect(try await open("officer-18", "key-1").status == 422)
            #expect(try await open("officer-17", "key-2").status == 409)
            // What was refused is no answer to keep: it is asked anew.
            #expect(try await open("officer-19", nil).status == 201)
            #expect(try await open("officer-19", "key-2").status == 409)
            #expect(try await server.archive.accounts(by: console).map(\.account) == ["officer-17", "officer-19"])

            // Whoever is shown again is in the access log again.
            func register() async throws -> Received {
                try await server.post("/api/v1/people", json: #"{"entries":[{"name":"Nguyễn Văn An"}]}"#, ["Idempotency-Key": "key-3"])
            }
            let registered = try await register()
            let entries = try server.accessEntries()
            #expect(try await register().body == registered.body)
            let outcomes = try #require(try registered.json()["outcomes"] as? [[String: Any]])
            let person = try #require(outcomes.first?["person"] as? String)
            #expect(
                try server.access("SELECT json_extract(header, '$.kind', '$.actor', '$.subjects') FROM access WHERE number >= \(entries);")
                    == #"["answer.repeated","console:writer",["\#(person)"]]"# + "\n")
        }
    }

    /// The members of a problem, which has what RFC 9457 asks for.
    static func problem(_ answer: Received) throws -> [String: Any] {
        #expect(answer.fields["content-type"] == "application/problem+json")
        let problem = try answer.json()
        #expect(problem["status"] as? Int == answer.status)
        #expect((problem["type"] as? String ?? "").hasPrefix("/problems/"))
        #expect(!(problem["title"] as? String ?? "").isEmpty)
        #expect(problem["request"] as? String == answer.fields["x-request-id"])
        return problem
    }

    static func expectProtected(_ answer: Received) throws {
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["cache-control"] == "no-store")
        #expect(answer.fields["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox")
        #expect(answer.fields["cross-origin-resource-policy"] == "same-origin")
        #expect(answer.fields["referrer-policy"] == "no-referrer")
    }

    @Test(
        "A body that is not what the operation takes is refused with the field named",
        arguments: [
            (#"{"name":"x"}"#, 200, ""),
            (#"{"name":"x","count":9007199254740991}"#, 200, ""),
            (#"{"name":"x","count":-9007199254740991}"#, 200, ""),
            (#"{"name":"x","extra":1}"#, 422, "/extra is no field of this"),
            (#"{"name":"x","flag":"true"}"#, 422, "/flag is not true or false"),
            (#"{"name":"x","count":"1"}"#, 422, "/count is not an integer"),
            (#"{"name":7}"#, 422, "/name is not a text"),
            (#"{}"#, 422, "/name is missing"),
            (#"[]"#, 422, "the body is not an object"),
            (#"{"name":"x","count":9007199254740992}"#, 400, "expected a value at byte"),
            (#"{"name":"x","count":1.0}"#, 400, "expected an integer at byte"),
            (#"{"name":"x","count":1e3}"#, 400, "expected an integer at byte"),
            (#"{"name":"x","name":"y"}"#, 400, "expected a member that was not named before"),
            (#"{"name":"x""#, 400, "expected ',' or '}'"),
            (#"{"name":"x"} x"#, 400, "expected the end"),
            (#"{"name":"\ud800"}"#, 400, "expected a low surrogate"),
            (#"{"name":NaN}"#, 400, "expected a value"),
            ("", 400, "expected a value at byte 0"),
            (#"{"name":"x","nested":"# + String(repeating: "[", count: 31) + String(repeating: "]", count: 31) + "}", 200, ""),
            (#"{"name":"x","nested":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}", 400, "nested deeper than 32"),
            (String(repeating: "[", count: 100_000), 400, "nested deeper than 32"),
        ])
    func bodies(_ body: String, _ status: Int, _ detail: String) async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.echo] }) { server in
            let answer = try await server.post("/api/v1/test/echo", json: body)
            #expect(answer.status == status, "\(answer.text)")
            if status == 200 {
                let sent = try JSON(parsing: Array(body.utf8))
                #expect(try JSON(parsing: answer.body) == sent)
            } else {
                let problem = try Self.problem(answer)
                #expect((problem["detail"] as? String ?? "").contains(detail), "\(answer.text)")
                #expect((problem["errors"] == nil) == (status == 400))
            }
        }
    }

    @Test("Bytes that are not UTF-8, media types that are not taken and bodies that are too large are refused")
    func mediaTypes() async throws {
        try await ServerUnderTest.run({ $0.limits.jsonBytes = 2048 }, operations: { _ in [TestOperations.echo, TestOperations.count(limit: 3000)] }) {
            server in
            let path = "/api/v1/test/echo"
            let body = Array(#"{"name":"x"}"#.utf8)
            func ask(_ fields: [String: String], _ body: [UInt8]) async throws -> Int {
                try await server.ask("POST", path, fields, body: body).status
            }
            let json = ["Content-Type": "application/json"]
            #expect(try await ask(json, Array("{\"name\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)) == 400)
            #expect(try await ask(json, Array("{\"name\":\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"}".utf8)) == 400)
            #expect(try await ask(["Content-Type": "Application/JSON; charset=UTF-8"], body) == 200)
            #expect(try await ask(["Content-Type": "application/json; charset=latin1"], body) == 415)
            #expect(try await ask(["Content-Type": "text/plain"], body) == 415)
            #expect(try await ask([:], body) == 415)
            #expect(try await ask(json.merging(["Content-Encoding": "gzip"]) { $1 }, body) == 415)
            #expect(try await ask(json, Array(#"{"name":"x"}"#.utf8) + [UInt8](repeating: 0x20, count: 2048 - body.count)) == 200)
            #expect(try await ask(json, Array(#"{"name":"x"}"#.utf8) + [UInt8](repeating: 0x20, count: 2049 - body.count)) == 413)
            #expect(try await server.ask("GET", "/api/v1/units", body: body).status == 400)

            let bytes = ["Content-Type": "application/octet-stream"]
            let counted = try await server.ask("PUT", "/api/v1/test/count", bytes, body: [UInt8](repeating: 7, count: 3000))
            #expect(counted.text == #"{"bytes":3000}"#)
            #expect(try await server.ask("PUT", "/api/v1/test/count", bytes, body: [UInt8](repeating: 7, count: 3001)).status == 413)
            // A length that is not told is counted.
            let chunked = try await server.raw(
                "PUT /api/v1/test/count HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\nContent-Type: application/octet-stream\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\nbb8\r\n\(String(repeating: "x", count: 3000))\r\n1\r\nx\r\n0\r\n\r\n")
            #expect(chunked.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("An error is told by the table: what the archive refuses, what is damaged, and of a failure only the request's id")
    func problems() async throws {
        struct Unforeseen: Error { let path = "/srv/minh chứng\n\\archive.sqlite" }
        let table: [(any Error, Int, String)] = [
            (ArchiveError.noSuchItem("ev-1234"), 404, "cannot find evidence item ev-1234"),
            (ArchiveError.notFound("person", "pe-1234"), 404, "cannot find person pe-1234"),
            (ArchiveError.ambiguous("person", "pe-1234", ["pe-12345", "pe-12346"]), 404, "cannot tell which"),
            (ArchiveError.refused(act: "score", reason: "it is decided"), 409, "cannot score: it is decided"),
            (ArchiveError.metadata(field: "issued", reason: "is in the future"), 422, "/metadata/issued is in the future"),
            (ArchiveError.format(path: "/srv/minhchung", reason: "?"), 500, "the log of the server says what"),
            (Problem("payment", 402, "Pay", "first"), 402, "first"),
            (Unforeseen(), 500, "the log of the server says what, under this request's id"),
        ]
        for (error, status, detail) in table {
            try await ServerUnderTest.run(operations: { _ in [TestOperations.failing(error)] }) { server in
                let answer = try await server.ask("GET", "/api/v1/test/fail")
                #expect(answer.status == status, "\(error)")
                let problem = try Self.problem(answer)
                #expect((problem["detail"] as? String ?? "").contains(detail), "\(answer.text)")
                #expect(!answer.text.contains("/srv/"))
                // A line is canonical JSON, whatever stands in it.
                for line in server.log {
                    guard case .object(let members) = try JSON(canonical: Array(line.utf8)) else { throw RawConnection.Failure(description: line) }
                    if case .string("answered")? = members["message"] { #expect(members["status"] == .integer(Int64(status))) }
                }
                #expect(!server.log.isEmpty)
                if status == 500 {
                    let id = try #require(problem["request"] as? String)
                    #expect(server.log.contains { $0.contains(id) && $0.contains("\"level\":\"error\"") && $0.contains("/srv/") })
                }
            }
        }
    }

    @Test("An answer that the description does not have fails where answers are checked")
    func undescribed() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.undescribed] }) { server in
            let answer = try await server.ask("GET", "/api/v1/test/undescribed")
            #expect(answer.status == 500)
            #expect(server.log.contains { $0.contains("test.undescribed answers 200 where /secret is no field of this") })
        }
        try await ServerUnderTest.run({ $0.checksAnswers = false }, operations: { _ in [TestOperations.undescribed] }) { server in
            let answer = try await server.ask("GET", "/api/v1/test/undescribed")
            #expect(answer.status == 200)
        }
    }

    @Test("The log has a line of JSON for each request, and in it no query, no token and no body")
    func logs() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.echo] }) { server in
            let answer = try await server.ask("GET", "/api/v1/evidence/search?q=canary")
            _ = try await server.post("/api/v1/test/echo", json: #"{"name":"canary"}"#)
            _ = try await server.ask("GET", "/api/v1/evidence/canary-in-the-path")
            _ = try await server.ask("GET", "/canary")
            for line in server.log {
                #expect(!line.contains("canary") && !line.contains("mct_"), "\(line)")
                let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect(event["time"] is String && event["level"] is String && event["message"] is String)
            }
            let id = try #require(answer.fields["x-request-id"])
            let line = try #require(server.log.first { $0.contains(id) })
            let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(event["operation"] as? String == "evidence.search")
            #expect(event["status"] as? Int == 200)
            #expect(event["account"] as? String == "console:writer")
            #expect(event["milliseconds"] is Int)
        }
    }

    @Test("Health, readiness and metrics are for this machine, unless they are opened")
    func machineOperations() async throws {
        for isOpen in [false, true] {
            try await ServerUnderTest.run {
                $0.opensMachineOperations = isOpen
            } _: { server in
                _ = try await server.ask("GET", "/api/v1/units")
                for path in ["/health", "/ready", "/metrics"] {
                    #expect(try await server.ask("GET", path, token: nil).status == 200, "\(path)")
                    // It came through a proxy on this machine.
                    #expect(try await server.ask("GET", path, ["X-Forwarded-For": "1.2.3.4"], token: nil).status == (isOpen ? 200 : 404), "\(path)")
                }
                let metrics = try await server.ask("GET", "/metrics", token: nil).text
                for line in [
                    #"minhchung_requests_total{operation="units.list",status="200"} 1"#,
                    #"minhchung_requests_total{operation="health",status="\#(isOpen ? 200 : 404)"} \#(isOpen ? 2 : 1)"#,
                    #"minhchung_request_duration_seconds_count{operation="units.list"} 1"#,
                    #"minhchung_request_duration_seconds_bucket{operation="units.list",le="+Inf"} 1"#, "minhchung_requests_active 1",
                ] where !(line.contains("health") && !isOpen) {
                    #expect(metrics.split(separator: "\n").contains(line[...]), "\(line) in \(metrics)")
                }
            }
        }
    }
}
