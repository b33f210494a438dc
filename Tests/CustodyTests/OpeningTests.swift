import Custody
import Evidence
import Testing

@Suite("Openings of dossiers", .serialized, .timeLimit(.minutes(10)))
struct OpeningTests {
    @Test func `nobody opens a dossier in the name of a citizen with an account, or in an office`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            for role in Role.allCases where role != .assistant {
                let error = try await ward.refused {
                    _ = try await ward.archive.openDossier(
                        person: citizen.id.text, cycle: 2026, unit: ward.unit.text, rules: "tan-thanh-ward", criteria: "framework",
                        role: role, by: officer(role))
                }
                #expect(error.hasPrefix("cannot open a dossier: "), "\(role): \(error)")
            }
        }
    }

    @Test func `a second dossier in the same cycle is refused wherever it is, and names the first`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let first = try await ward.open(citizen)
            for unit in [ward.unit, ward.otherUnit] {
                for rules in ["tan-thanh-ward", "lang-son-agency"] {
                    let error = try await ward.refused { _ = try await ward.open(citizen, rules: rules, unit: unit) }
                    #expect(error.contains(first.text) && error.contains(ward.unit.text) && error.contains("a human has to decide"))
                }
            }
            // Another year is another dossier.
            let other = try await ward.open(citizen, cycle: 2025, unit: ward.otherUnit)
            #expect(try await ward.archive.person(citizen.id.text, by: officer(.inspector)).dossiers.map(\.id) == [other, first])
        }
    }

    @Test func `a withdrawn dossier keeps nobody out, and is declared again only where no other took its place`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let first = try await ward.open(citizen)
            try await ward.take(.withdraw, first, citizen)
            let second = try await ward.open(citizen, rules: "lang-son-agency", unit: ward.otherUnit)
            #expect(try await ward.refused { _ = try await ward.open(citizen) }.contains(second.text))
            let error = try await ward.refused { try await ward.take(.declare, first, citizen) }
            #expect(error == "cannot declare \(first): \(second) took its place in 2026; withdraw that one first")
            try await ward.take(.withdraw, second, citizen)
            try await ward.take(.declare, first, citizen)
            #expect(try await ward.refused { try await ward.take(.declare, second, citizen) }.contains("\(first) took its place"))
            // Nor both at once.
            try await ward.take(.withdraw, first, citizen)
            let records = try await ward.records()
            let both = try await ward.refused {
                _ = try await ward.archive.step([first.text, second.text], .declare, role: .citizen, reason: nil, by: citizen.actor)
            }
            #expect(both.contains("two of the dossiers are one person's of one cycle"))
            #expect(try await ward.records() == records)
        }
    }

    struct Opening: Sendable, CustomTestStringConvertible {
        var person: String?
        var cycle = 2026
        var unit = "20335"
        var rules = "tan-thanh-ward"
        var criteria = "framework"
        var group: String?
        let error: String
        var testDescription: String { error }
    }

    @Test(
        "what a dossier cannot be opened with is named",
        arguments: [
            Opening(person: "pe-0000000000000000", error: "cannot find person pe-0000000000000000"),
            Opening(person: "", error: "cannot look for person : give at least 4 characters after the dash"),
            Opening(cycle: 2020, error: "2020 is no cycle; give the year that is assessed"),
            Opening(cycle: 2101, error: "2101 is no cycle"), Opening(cycle: 2027, error: "2027 has not begun"),
            Opening(cycle: .max, error: "is no cycle"), Opening(cycle: -1, error: "-1 is no cycle"),
            Opening(unit: "99999", error: "cannot find unit of 2026-11-21 99999"), Opening(unit: "un-0000000000000000", error: "cannot find unit"),
            Opening(rules: "no-such-rules", error: "cannot find rule set no-such-rules"),
            Opening(rules: "tan-thanh-ward@2", error: "cannot find rule set tan-thanh-ward@2"),
            Opening(rules: "framework", error: "cannot find rule set framework"),
            Opening(criteria: "lang-son-agency", error: "cannot find criteria set lang-son-agency"),
            Opening(rules: "pilot-2021", error: "pilot-2021 is not in force in 2026"),
            Opening(cycle: 2021, error: "tan-thanh-ward is not in force in 2021"),
            Opening(group: "student", error: "the subject group student is none of framework's: farmer, worker, intellectual"),
            Opening(group: "", error: "the subject group  is none of framework's"),
        ])
    func opening(_ opening: Opening) async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let error = try await ward.refused {
                _ = try await ward.archive.openDossier(
                    person: opening.person ?? citizen.id.text, cycle: opening.cycle, unit: opening.unit, rules: opening.rules,
                    criteria: opening.criteria, group: opening.group, role: .citizen, by: citizen.actor)
            }
            #expect(error.contains(opening.error), "\(error)")
        }
    }

    @Test func `a year begins at midnight in Việt Nam`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            // From 2026-11-21T07:15Z to one minute before 17:00Z on the last day of the year.
            place.clock.advance(minutes: 40 * 24 * 60 + 584)
            #expect(try await ward.refused { _ = try await ward.open(citizen, cycle: 2027) }.contains("2027 has not begun"))
            place.clock.advance(minutes: 1)
            _ = try await ward.open(citizen, cycle: 2027)
        }
    }

    @Test(
        "rules and criteria that do not fit are not bound together",
        arguments: [
            ("total_maximum:\n  value: 100\n", "total_maximum:\n  value: 90\n", "framework has 100 points in all, tan-thanh-ward says 90"),
            ("scale_maximum:\n  value: 10\n", "scale_maximum:\n  value: 9\n", "framework has 90 points in all, tan-thanh-ward says 100"),
        ])
    func fit(old: String, new: String, reason: String) async throws {
        try await TestPlace().ward { ward in
            try await Self.importNewer(ward) { $0.replacing(old, with: new) }
            let citizen = try await ward.citizen()
            let error = try await ward.refused { _ = try await ward.open(citizen) }
            #expect(error == "cannot open a dossier: \(reason)")
            _ = try await ward.open(citizen, rules: "tan-thanh-ward@1")
        }
    }

    @Test func `a threshold that nobody can reach opens no dossier`() async throws {
        try await TestPlace().ward { ward in
            try await Self.importNewer(ward) { text in
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                let total = try #require(lines.firstIndex(of: "total_maximum:"))
                let threshold = try #require(lines.firstIndex(of: "threshold:"))
                lines[threshold + 1] = "  value: 101"
                lines.removeSubrange(total..<threshold)
                return lines.joined(separator: "\n")
            }
            let citizen = try await ward.citizen()
            let error = try await ward.refused { _ = try await ward.open(citizen) }
            #expect(error == "cannot open a dossier: framework has 100 points in all, tan-thanh-ward asks for 101")
        }
    }

    /// Imports version 2 of the ward's rules, changed by `change`.
    private static func importNewer(_ ward: TestWard, _ change: (String) throws -> String) async throws {
        let (name, text) = try shippedRules("tan-thanh-ward")
        let newer = try change(text.replacing("\nversion: 1\n", with: "\nversion: 2\n"))
        _ = try await ward.archive.importRules([(name, newer)], by: officer(.administrator))
    }
}
