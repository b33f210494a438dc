import Custody
import Evidence
import Foundation
import Ledger
import Testing

@testable import Web

@Suite("The interface", .timeLimit(.minutes(30)))
struct InterfaceTests {
    @Test("It describes itself, to anybody, and says every operation that it has")
    func describesItself() async throws {
        try await ServerUnderTest.run { server in
            let answer = try await server.ask("GET", "/api/openapi.json", token: nil)
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            let document = try answer.json()
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0) \(path)" } })
            let served = Set(Interface.operations(on: server.archive).map { "\($0.method.rawValue) \($0.path)" })
            #expect(described == served.union(["get /api/openapi.json", "get /health", "get /metrics"]))
            // What a cookie needs beside itself, and what an answer has beside its body.
            for operation in Interface.operations(on: server.archive) where operation.access == .signedIn {
                let form = try #require(paths[operation.path]?[operation.method.rawValue] as? [String: Any])
                let names = (form["parameters"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
                #expect(names.contains("X-CSRF-Token") == !operation.method.isSafe, "\(operation.id)")
            }
            let opening = try #require(paths["/api/v1/accounts"]?["post"] as? [String: Any])
            let created = try #require((opening["responses"] as? [String: [String: Any]])?["201"])
            #expect((created["headers"] as? [String: Any])?.keys.sorted() == ["location"])
        }
    }

    @Test("A list answers its elements to who has signed in")
    func listsCriteria() async throws {
        try await ServerUnderTest.run { server in
            #expect(try await server.ask("GET", "/api/v1/criteria", token: nil).status == 401)
            let answer = try await server.ask("GET", "/api/v1/criteria")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"items":[]}"#)
        }
    }
}
