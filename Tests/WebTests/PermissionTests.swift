import Custody
import Evidence
import Foundation
import Testing

@testable import Web

/// Every operation, asked by everybody for what is theirs, what is not, and what there is not.
@Suite("Permission over HTTP", .timeLimit(.minutes(30)))
struct PermissionTests {
    /// Whoever brings an account as their token is it.
    private static let authentication = Authentication(
        session: { _ in nil }, token: { $0 == "reading" ? (Actor(account: Who.root.account), .read) : (Actor(account: $0), .administer) })

    @Test("every operation answers everybody as the table says, and no word of what is hidden")
    func matrix() async throws {
        try await ServerUnderTest.run(authentication: Self.authentication) { server in
            let province = try await Province(in: server.archive)
            // Its text is found before it is looked for.
            _ = try await server.archive.extract(by: console, report: { _ in })
            let found = try await server.archive.search(Province.canary, by: console)
            try #require(found.count == 1, "the canary is not there")
            var asked = 0
            for row in MatrixRow.rows {
                for place in Province.Place.allCases {
                    let table = place == .here ? row.here : place == .elsewhere ? row.elsewhere : row.nowhere
                    guard let table else { continue }
                    for who in Who.allCases {
                        let request = try await row.request(province, province.things(place), who)
                        let answer = try await server.ask(request.method, request.target, request.fields, token: who.account, body: request.body)
                        asked += 1
                        let expected = table(who)
                        #expect(
                            expected.contains(answer.status),
                            "\(row.operation), \(place), \(who): \(answer.status) and not \(expected.sorted()): \(answer.text.prefix(300))")
                        if who != .overseer {
                            let isQuestion = row.operation == "evidence.search"
                            #expect(
                                !answer.text.contains(Province.canary) || isQuestion && answer.status != 200, "\(row.operation), \(place), \(who)")
                        }
                    }
                }
            }
            #expect(asked > 1000)
        }
    }

    @Test("no operation is missing in the table")
    func isComplete() async throws {
        try await ServerUnderTest.run { server in
            let answer = try await server.ask("GET", "/api/openapi.json", token: nil)
            let paths = try #require(try answer.json()["paths"] as? [String: [String: Any]])
            let described = Set(paths.values.flatMap { $0.values.compactMap { ($0 as? [String: Any])?["operationId"] as? String } })
            let tabled = Set(MatrixRow.rows.map(\.operation))
            #expect(described.subtracting(tabled) == [] && tabled.subtracting(described) == [])
            #expect(tabled.count == MatrixRow.rows.count)
        }
    }

    @Test("without an account nothing is answered but what is for anybody, and a token does no more than it is for")
    func withoutAccount() async throws {
        try await ServerUnderTest.run(authentication: Self.authentication) { server in
            let province = try await Province(in: server.archive)
            let operations = Dictionary(uniqueKeysWithValues: Interface.operations(on: server.archive).map { ($0.id, $0) })
            for row in MatrixRow.rows {
                // The machine's own are not in the list.
                guard let operation = operations[row.operation], operation.access == .signedIn else { continue }
                let request = try await row.request(province, province.here, .citizen)
                let anonymous = try await server.ask(request.method, request.target, request.fields, token: nil, body: request.body)
                #expect(anonymous.status == 401, "\(row.operation): \(anonymous.status)")
                guard operation.scope > .read else { continue }
                let reading = try await server.ask(request.method, request.target, request.fields, token: "reading", body: request.body)
                #expect(reading.status == 403, "\(row.operation): \(reading.status) \(reading.text.prefix(200))")
            }
        }
    }
}
