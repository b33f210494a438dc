import Foundation
import Glibc
import Testing

@testable import Web

@Suite("Limits", .timeLimit(.minutes(30)))
struct LimitTests {
    static let head = "GET /api/v1/units HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n"
    static let put =
        "PUT /api/v1/test/count HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\nContent-Type: application/octet-stream\r\n"

    @Test("A request that comes too slowly is closed, in its head and in its body; one that comes is served meanwhile")
    func slowRequests() async throws {
        try await ServerUnderTest.run {
            $0.limits.slowSeconds = 1
            $0.limits.idleSeconds = 600
        } operations: { _ in
            [TestOperations.count()]
        } _: { server in
            let port = server.port
            for start in [Self.head, Self.put + "Content-Length: 100000\r\n\r\n"] {
                let closed = Task {
                    try await blocking {
                        let connection = try RawConnection(port: port)
                        try connection.send(start)
                        return connection.isClosed()
                    }
                }
                #expect(try await server.ask("GET", "/api/v1/units").status == 200)
                #expect(try await closed.value)
            }
            let metrics = try await server.ask("GET", "/metrics", token: nil).text
            #expect(metrics.contains(#"minhchung_connections_closed_total{limit="slow_request"} 2"#), "\(metrics)")
        }
    }

    @Test("A body that comes steadily is taken, however long it takes")
    func steadyBody() async throws {
        try await ServerUnderTest.run {
            $0.limits.slowSeconds = 1
            $0.limits.receiveBytesPerSecond = 1000
        } operations: { _ in
            [TestOperations.count()]
        } _: { server in
            let port = server.port
            let answer = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(Self.put + "Content-Length: 60000\r\n\r\n")
                // Three times as long as it may be silent.
                for _ in 0..<30 {
                    try connection.send([UInt8](repeating: 7, count: 2000))
                    usleep(100_000)
                }
                return try connection.receive()
            }
            #expect(answer.text == #"{"bytes":60000}"#)
        }
    }

    @Test("A connection on which nothing is asked is closed")
    func idleConnections() async throws {
        try await ServerUnderTest.run {
            $0.limits.idleSeconds = 1
        } _: { server in
            let port = server.port
            for isUsed in [false, true] {
                let closed = try await blocking {
                    let connection = try RawConnection(port: port)
                    if isUsed {
                        try connection.send(Self.head + "\r\n")
                        guard try connection.receive().status == 200 else { return false }
                    }
                    return connection.isClosed()
                }
                #expect(closed)
            }
        }
    }

    @Test("An answer that nobody takes is broken off, and what sends it is told")
    func stalledAnswer() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run {
            $0.limits.slowSeconds = 1
        } operations: { _ in
            [TestOperations.endless(gate)]
        } _: { server in
            let port = server.port
            let connection = try await blocking {
                let connection = try RawConnection(port: port, receiveBuffer: 4096)
                try connection.send("GET /api/v1/test/endless HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n\r\n")
                return connection
            }
            await gate.wait()
            withExtendedLifetime(connection) {}
            #expect(try await server.ask("GET", "/metrics", token: nil).text.contains(#"{limit="stalled_answer"} 1"#))
        }
    }

    @Test("What sends an answer ends when the other end goes away")
    func clientGoesAway() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run(operations: { _ in [TestOperations.endless(gate)] }) { server in
            let port = server.port
            try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send("GET /api/v1/test/endless HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n\r\n")
                #expect(throws: RawConnection.Failure.self) { try connection.take(endlessly: 1 << 20) }
            }
            await gate.wait()
        }
    }

    @Test("More connections than may be, in all or from one address, are told to come later, and the others are served", arguments: [true, false])
    func connections(isOfAddress: Bool) async throws {
        try await ServerUnderTest.run {
            if isOfAddress { $0.limits.connectionsPerAddress = 3 } else { $0.limits.connections = 3 }
        } _: { server in
            let port = server.port
            try await blocking {
                func ask(_ connection: RawConnection) throws -> Int {
                    try connection.send(Self.head + "\r\n")
                    return try connection.receive().status
                }
                let open = try (0..<3).map { _ in try RawConnection(port: port) }
                for connection in open { #expect(try ask(connection) == 200) }
                let refused = try RawConnection(port: port)
                #expect(try refused.receive().status == 503)
                #expect(refused.isClosed())
                for connection in open { #expect(try ask(connection) == 200) }
            }
            // When they are gone there is room again; the server hears of it in a moment.
            var status = 503
            while status == 503 { status = try await server.ask("GET", "/api/v1/units").status }
            #expect(status == 200)
        }
    }

    @Test("From a trusted proxy come as many connections as there may be in all")
    func proxyConnections() async throws {
        try await ServerUnderTest.run {
            $0.limits.connectionsPerAddress = 2
            $0.trustedProxies = ["127.0.0.1"]
        } _: { server in
            let port = server.port
            try await blocking {
                let open = try (0..<8).map { _ in try RawConnection(port: port) }
                for connection in open {
                    try connection.send(Self.head + "\r\n")
                    #expect(try connection.receive().status == 200)
                }
            }
        }
    }

    @Test("More requests at a time than may be are told to come later")
    func requests() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run {
            $0.limits.requests = 2
        } operations: { _ in
            [TestOperations.waiting(gate)]
        } _: { server in
            async let first = server.ask("GET", "/api/v1/test/wait")
            async let second = server.ask("GET", "/api/v1/test/wait")
            await gate.arrivals(2)
            let refused = try await server.ask("GET", "/api/v1/units")
            #expect(refused.status == 503)
            #expect(refused.fields["retry-after"] == "2")
            gate.open()
            #expect(try await [first.status, second.status] == [204, 204])
            #expect(try await server.ask("GET", "/api/v1/units").status == 200)
        }
    }

    @Test("An operation that takes too long is answered before it ends")
    func operationTime() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run {
            $0.limits.operationSeconds = 1
        } operations: { _ in
            [TestOperations.waiting(gate)]
        } _: { server in
            let answer = try await server.ask("GET", "/api/v1/test/wait")
            #expect(answer.status == 503)
            #expect(try RequestTests.problem(answer)["type"] as? String == "/problems/overdue")
            gate.open()
        }
    }

    @Test("A body of JSON that is not there in time is not waited for")
    func bodyTime() async throws {
        try await ServerUnderTest.run {
            $0.limits.bodySeconds = 1
        } operations: { _ in
            [TestOperations.echo]
        } _: { server in
            let answer = try await server.raw(
                "POST /api/v1/test/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestAccounts.writeToken)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"")
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("/problems/too-slow"))
        }
    }

    @Test("Who sends a body that is not taken gets the answer, and not an error of the network")
    func answerBeforeBody() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.count(limit: 1000)] }) { server in
            let port = server.port
            for (start, status) in [
                (Self.put + "Content-Length: 800000\r\n\r\n", 413),
                ("PUT /api/v1/test/count HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 800000\r\n\r\n", 401),
                ("PUT /api/v1/units HTTP/1.1\r\nHost: a\r\nContent-Length: 800000\r\n\r\n", 405),
            ] {
                let answer = try await blocking {
                    let connection = try RawConnection(port: port)
                    try connection.send(start)
                    try connection.send([UInt8](repeating: 7, count: 800_000))
                    return try connection.receive()
                }
                #expect(answer.status == status)
                #expect(answer.fields["connection"] == "close")
            }
        }
    }

    @Test("Who waits for 100 Continue gets it when the body is wanted, and the refusal when not")
    func continues() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.count(limit: 1000)] }) { server in
            let port = server.port
            try await blocking {
                let taken = try RawConnection(port: port)
                try taken.send(Self.put + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
                #expect(try taken.receive().status == 100)
                try taken.send("abc")
                #expect(try taken.receive().text == #"{"bytes":3}"#)
                let refused = try RawConnection(port: port)
                try refused.send(Self.put + "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n")
                #expect(try refused.receive().status == 413)
            }
        }
    }

    @Test("A body that breaks off is not a body that ends")
    func brokenBody() async throws {
        try await ServerUnderTest.run(operations: { _ in [TestOperations.count()] }) { server in
            let port = server.port
            for start in [Self.put + "Content-Length: 10\r\n\r\nabc", Self.put + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
                let answer = try await blocking {
                    let connection = try RawConnection(port: port)
                    try connection.send(start)
                    connection.endSending()
                    return String(decoding: try connection.receiveAll(), as: UTF8.self)
                }
                #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            }
        }
    }

    @Test("When the server stops, what was accepted is answered, and nothing more is accepted")
    func stopping() async throws {
        let gate = TestOperations.Gate()
        try await ServerUnderTest.run(operations: { _ in [TestOperations.waiting(gate)] }) { server in
            let port = server.port
            let idle = try await blocking { try RawConnection(port: port) }
            async let accepted = server.ask("GET", "/api/v1/test/wait")
            await gate.arrivals(1)
            await server.listening.stop()
            #expect(try await blocking { idle.isClosed() })
            #expect(throws: RawConnection.Failure.self) { _ = try RawConnection(port: port) }
            gate.open()
            #expect(try await accepted.status == 204)
            try await server.serving.value
        }
    }
}
