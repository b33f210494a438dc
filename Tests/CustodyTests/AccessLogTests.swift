import Custody
import Evidence
import Testing

@Suite("Access log of recognition", .serialized, .timeLimit(.minutes(10)))
struct AccessLogTests {
    private static func views(_ archive: Archive, _ dossier: DossierID, _ title: TitleID, _ item: EvidenceID, _ person: PersonID)
        -> [(what: String, kind: String, look: () async throws -> Void)]
    {
        let by = officer(.inspector)
        return [
            ("a dossier", "dossier.viewed", { _ = try await archive.dossier(dossier.text, by: by) }),
            ("dossiers", "dossier.viewed", { _ = try await archive.dossiers(cycle: 2026, by: by) }),
            ("a verdict", "dossier.viewed", { _ = try await archive.verdict(of: dossier.text, by: nil, by: by) }),
            ("a matrix", "dossier.viewed", { _ = try await archive.matrix(dossier.text, by: by) }),
            ("a history", "dossier.viewed", { _ = try await archive.history(dossier.text, by: by) }),
            ("a replay", "dossier.viewed", { _ = try await archive.replay(dossier.text, by: by) }),
            ("a title", "evidence.traced", { _ = try await archive.traceTitle(title.text, by: by) }),
            ("a proof", "evidence.traced", { _ = try await archive.traceEvidence(item.text, by: by) }),
            ("a person", "person.viewed", { _ = try await archive.person(person.text, by: by) }),
            ("people", "person.viewed", { _ = try await archive.people(by: by) }),
            ("people of a name", "person.viewed", { _ = try await archive.people(named: "ngươi", by: by) }),
            ("items", "evidence.listed", { _ = try await archive.evidence(.verification(.submitted, after: nil), by: by) }),
        ]
    }

    @Test(
        "every view is in the access log before it is given, and none is given when the log cannot be written", .enabled(if: hasSQLite, sqliteAbsence)
    )
    func accessLog() async throws {
        let place = try TestPlace()
        var known: (DossierID, TitleID, EvidenceID, PersonID)?
        var kinds: [String] = []
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let outcome = try await ward.decided(citizen, item)
            let title = try #require(outcome.title)
            known = (outcome.dossier, title, item, citizen.id)
            let records = try await ward.records()
            for view in Self.views(ward.archive, outcome.dossier, title, item, citizen.id) {
                let before = try await ward.archive.status().accessLogEntries
                try await view.look()
                #expect(try await ward.archive.status().accessLogEntries == before + 1, "\(view.what)")
                kinds.append(view.kind)
            }
            #expect(try await ward.records() == records)
            // What is not found is not shown.
            let before = try await ward.archive.status().accessLogEntries
            await #expect(throws: ArchiveError.self) { try await ward.archive.dossier("do-0000000000000000", by: officer(.inspector)) }
            #expect(try await ward.archive.dossiers(cycle: 2031, by: officer(.inspector)).isEmpty)
            #expect(try await ward.archive.people(named: "không ai", by: officer(.inspector)).isEmpty)
            #expect(try await ward.archive.evidence(.verification(.expired, after: nil), by: officer(.inspector)).isEmpty)
            #expect(try await ward.archive.status().accessLogEntries == before)
        }
        let (dossier, title, item, person) = try #require(known)
        let headers = try place.sqlite(
            "archive.sqlite",
            "SELECT header FROM (SELECT * FROM access ORDER BY number DESC LIMIT \(kinds.count)) ORDER BY number;"
        ).split(separator: "\n")
        #expect(headers.count == kinds.count)
        for (header, kind) in zip(headers, kinds) {
            #expect(header.contains("\"kind\":\"\(kind)\"") && header.contains("\"acting_as\":\"inspector-1\""), "\(header)")
            #expect([dossier.text, title.text, item.text, person.text].contains { header.contains($0) }, "\(header)")
        }
        try place.sqlite(
            "archive.sqlite", "CREATE TRIGGER test_full BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'no room'); END;")
        try await place.archive { (archive) async throws in
            for view in Self.views(archive, dossier, title, item, person) {
                await #expect(throws: (any Error).self, "\(view.what)") { try await view.look() }
            }
        }
    }
}
