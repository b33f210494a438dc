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
        session: { _ in nil },
        token: { $0 == "reading" ? (Actor(account: Who.root.account), .read) : (Actor(account: $0), .administer) })

    /// What is not there for these is a provider that was not set up, the session of a request without one, or a unit, and those everybody
    /// sees: nothing was refused.
    private static let hidesNothing: Set<String> = [
        "provider.setup", "provider.begin", "provider.finish", "identities.link", "session.get", "session.end", "units.get", "units.bundle",
    ]

    @Test("every operation answers everybody as the table says, no word of what is hidden, and what was refused is in the access log")
    func matrix() async throws {
        try await ServerUnderTest.run(authentication: Self.authentication) { server in
            let province = try await Province(in: server.archive)
            // Its text is found before it is looked for.
            _ = try await server.archive.extract(by: console, report: { _ in })
            let found = try await server.archive.search(Province.canary, by: console)
            try #require(found.count == 1, "the canary is not there")
            var (asked, refusals) = (0, 0)
            for row in MatrixRow.rows {
                for place in Province.Place.allCases {
                    let table = place == .here ? row.here : place == .elsewhere ? row.elsewhere : row.nowhere
                    guard let table else { continue }
                    var refused: Set<Who> = []
                    let first = try server.accessEntries()
                    for who in Who.allCases {
                        let request = try await row.request(province, province.things(place), who)
                        let answer = try await server.ask(request.method, request.target, request.fields, token: who.account, body: request.body)
                        asked += 1
                        // 422: for somebody who is not there, or is hidden.
                        if [403, 404].contains(answer.status) || answer.status == 422 && answer.text.contains("registered") {
                            if answer.status != 404 || !Self.hidesNothing.contains(row.operation) { refused.insert(who) }
                        }
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
                    let logged = try server.refusals(since: first)
                    for who in refused {
                        refusals += 1
                        #expect(logged.contains(who.account), "\(row.operation), \(place), \(who): refused, and not in the access log")
                    }
                }
            }
            #expect(asked > 1000 && refusals > 300, "\(asked) asked, \(refusals) refused")
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
                let first = try server.accessEntries()
                let reading = try await server.ask(request.method, request.target, request.fields, token: "reading", body: request.body)
                #expect(reading.status == 403, "\(row.operation): \(reading.status) \(reading.text.prefix(200))")
                #expect(try server.refusals(since: first) == [Who.root.account], "\(row.operation): not in the access log")
            }
        }
    }
}
