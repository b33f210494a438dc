import Custody
import Evidence
import Recognition
import Testing

@Suite("Units", .serialized, .timeLimit(.minutes(10)))
struct UnitTests {
    private static func declare(_ archive: Archive, _ entries: UnitEntry...) async throws -> [UnitOutcome] {
        try await archive.declareUnits(entries, by: officer(.administrator))
    }

    private static func declared(_ archive: Archive, _ entry: UnitEntry) async throws -> UnitID {
        guard case .declared(let id)? = try await declare(archive, entry).first else { throw Unexpected("\(entry) was not declared") }
        return id
    }

    @Test func `a code that is used again names another unit from that day on`() async throws {
        try await TestPlace().archive { archive in
            let old = try await Self.declared(
                archive,
                UnitEntry(name: "Phường Tân Thạnh", code: "20335", kind: .ward, validFrom: try day("2005-01-01"), validUntil: try day("2025-06-30")))
            let taken = try await Self.declare(
                archive, UnitEntry(name: "Phường Bàn Thạch", code: "20335", kind: .ward, validFrom: try day("2025-06-30")))
            guard case .refused(let reason)? = taken.first else { throw Unexpected("the code was given twice") }
            #expect(reason == "on 2025-06-30 the code 20335 is Phường Tân Thạnh's (\(old))")
            let new = try await Self.declared(
                archive, UnitEntry(name: "Phường Bàn Thạch", code: "20335", kind: .ward, validFrom: try day("2025-07-01")))
            #expect(new != old)
            for (date, unit) in [("2005-01-01", old), ("2025-06-30", old), ("2025-07-01", new), ("2026-11-21", new)] {
                #expect(try await archive.unit("20335", on: day(date)).id == unit, "\(date)")
            }
            #expect(try await archive.unit("20335").id == new)
            await #expect(throws: ArchiveError.self) { try await archive.unit("20335", on: day("2004-12-31")) }
            // The same again is known, by the day.
            let again = try await Self.declare(
                archive, UnitEntry(name: "Phường Bàn Thạch", code: "20335", kind: .ward, validFrom: try day("2026-01-01")))
            guard case .known(new)? = again.first else { throw Unexpected("\(again)") }
        }
    }

    @Test func `units that merge, split, change and end stay linked`() async throws {
        try await TestPlace().archive { archive in
            let (old, new) = (try day("2005-01-01"), try day("2025-07-01"))
            let last = try day("2025-06-30")
            let outcomes = try await Self.declare(
                archive, UnitEntry(name: "Tỉnh Quảng Nam", code: "49", kind: .province, validFrom: old, validUntil: last),
                UnitEntry(name: "Phường Tân Thạnh", code: "20335", kind: .ward, parent: "49", validFrom: old, validUntil: last),
                UnitEntry(name: "Phường Phước Hòa", code: "20341", kind: .ward, parent: "49", validFrom: old, validUntil: last),
                UnitEntry(name: "Phường Bàn Thạch", code: "20335", kind: .ward, validFrom: new),
                UnitEntry(name: "Phường Tam Kỳ", code: "20350", kind: .ward, validFrom: new))
            var units: [UnitID] = []
            for case .declared(let unit) in outcomes { units.append(unit) }
            try #require(units.count == 5)
            typealias Link = (from: String, to: String?, kind: SuccessionKind, isWhole: Bool, effectiveOn: CalendarDate, legalBasis: String?)
            let links: [Link] = [
                ("20335", "20335", .merge, true, new, "Nghị quyết 1659/NQ-UBTVQH15"), ("20341", "20335", .split, false, new, nil),
                ("20341", "20350", .split, false, new, nil), ("49", nil, .abolish, true, new, nil),
            ]
            let recorded = try await archive.succeedUnits(links, by: officer(.administrator))
            #expect(recorded.map(\.from) == [units[1], units[2], units[2], units[0]] && recorded.map(\.to) == [units[3], units[3], units[4], nil])
            let records = try await archive.status().records
            #expect(try await archive.succeedUnits(links, by: officer(.administrator)).isEmpty, "they are known")
            let merged = try await archive.unit("20335")
            #expect(merged.id == units[3] && merged.predecessors.map(\.from) == [units[1], units[2]] && merged.successors.isEmpty)
            #expect(merged.predecessors.map(\.isWhole) == [true, false] && merged.predecessors.first?.legalBasis == "Nghị quyết 1659/NQ-UBTVQH15")
            let split = try await archive.unit(units[2].text)
            #expect(split.successors.map(\.to) == [units[3], units[4]] && split.names.map(\.parent) == [units[0]])
            #expect(try await archive.unit(units[0].text).successors.map(\.kind) == [.abolish])

            let wrong: [(Link, String)] = [
                (("49", units[3].text, .abolish, true, new, nil), "abolish has no successor"),
                (("49", nil, .merge, true, new, nil), "merge needs successor"),
                ((units[3].text, units[3].text, .merge, true, try day("2026-01-01"), nil), "it cannot become itself by merge"),
                (("99999", "20350", .merge, true, new, nil), "cannot find unit of 2025-06-30 99999"),
                (("20335", "99999", .merge, true, new, nil), "cannot find unit of 2025-07-01 99999"),
                (("20335", "20350", .merge, true, new, nil), "all of it went elsewhere on 2025-07-01 already"),
                ((units[4].text, units[2].text, .merge, false, new, nil), "\(units[2]) became \(units[4]) on that day"),
            ]
            for (link, reason) in wrong {
                // All or none: the good one before it is not recorded either.
                do {
                    _ = try await archive.succeedUnits(
                        [("20341", "20335", .merge, true, new, "khác"), link], by: officer(.administrator))
                    Issue.record("\(reason): nothing was refused")
                } catch { #expect("\(error)".contains(reason), "\(error)") }
            }
            #expect(try await archive.status().records == records)
        }
    }

    @Test func `what cannot be a unit is refused, and the others go on`() async throws {
        try await TestPlace().archive { archive in
            let from = try day("2025-07-01")
            let before = try await archive.status().records
            let entries = [
                UnitEntry(name: " ", code: nil, kind: .ward, validFrom: from),
                UnitEntry(name: "Xã", code: nil, kind: .commune, validFrom: from, validUntil: try day("2025-06-30")),
                UnitEntry(name: "Thôn", code: nil, kind: .locality, parent: "99999", validFrom: from),
                UnitEntry(name: "Xã", code: "1", kind: .commune, validFrom: from),
                UnitEntry(name: "Thôn", code: nil, kind: .locality, parent: "1", validFrom: from),
                UnitEntry(name: "Khác", code: nil, kind: .commune, parent: "1", validFrom: from, unit: "1"),
                UnitEntry(name: "Xã khác", code: "1", kind: .commune, validFrom: from),
            ]
            func isDeclared(_ outcome: UnitOutcome) -> Bool { if case .declared = outcome { true } else { false } }
            let expected = [false, false, false, true, true, false, false]
            #expect(try await archive.declareUnits(entries, applies: false, by: officer(.administrator)).map(isDeclared) == expected)
            #expect(try await archive.status().records == before)
            #expect(try await archive.declareUnits(entries, by: officer(.administrator)).map(isDeclared) == expected)
            #expect(try await archive.status().records == before + 2)
            let parent = try await archive.unit("1").id
            #expect(try await archive.units().compactMap(\.parent) == [parent])
        }
    }

    @Test func `a decision keeps the unit of its date, under the name of that day`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let before = try await ward.decided(citizen, item, cycle: 2025)
            // From a day on the same unit has another name and another code.
            let renamed = try await Self.declare(
                ward.archive,
                UnitEntry(name: "Phường Bàn Thạch", code: "20999", kind: .ward, validFrom: try day("2026-11-21"), unit: ward.unit.text))
            guard case .declared(ward.unit)? = renamed.first else { throw Unexpected("\(renamed)") }
            let title = try #require(before.title)
            guard case .title(let trace) = try await ward.archive.traceTitle(title.text, by: officer(.inspector)) else {
                throw Unexpected("no title")
            }
            #expect(trace.unitName == "Phường Tân Thạnh" && trace.decision.unit == ward.unit && trace.title.unit == ward.unit)
            #expect(try await ward.archive.unit("20999").names.map(\.name) == ["Phường Tân Thạnh", "Phường Bàn Thạch"])
            // The old code is free from that day on, and was the unit's until then.
            #expect(try await ward.archive.unit("20335", on: day("2026-11-20")).id == ward.unit)
            await #expect(throws: ArchiveError.self) { try await ward.archive.unit("20335", on: day("2026-11-21")) }
            let taken = try await Self.declare(
                ward.archive, UnitEntry(name: "X", code: "20336", kind: .ward, validFrom: try day("2026-11-21"), unit: ward.unit.text))
            guard case .refused(let reason)? = taken.first else { throw Unexpected("\(taken)") }
            #expect(reason == "on 2026-11-21 the code 20336 is Xã Thí Dụ's (\(ward.otherUnit))")
            // What is decided on that day has the new one.
            let dossier = try await ward.declared(citizen, item, cycle: 2026, reaffirms: true)
            try await ward.advance(dossier, citizen, to: .proposed)
            let after = try #require(try await ward.decide(dossier, by: ward.document(issuedOn: "2026-11-21")).first?.title)
            guard case .title(let later) = try await ward.archive.traceTitle(after.text, by: officer(.inspector)) else {
                throw Unexpected("no title")
            }
            #expect(later.unitName == "Phường Bàn Thạch" && later.decision.unit == ward.unit)
        }
    }

    @Test func `of what a unit was called the name that began last holds, and only while it is valid`() async throws {
        try await TestPlace().archive { archive in
            let unit = try await Self.declared(archive, UnitEntry(name: "Xã Một", code: "1", kind: .commune, validFrom: try day("2000-01-01")))
            func rename(_ name: String, _ code: String, from: String, until: String? = nil) async throws {
                let entry = UnitEntry(
                    name: name, code: code, kind: .commune, validFrom: try day(from), validUntil: try until.map(day), unit: unit.text)
                #expect(try await Self.declared(archive, entry) == unit)
            }
            try await rename("Xã Hai", "2", from: "2010-01-01", until: "2014-12-31")
            try await rename("Xã Ba", "3", from: "2020-01-01")
            // What is recorded later about the same day corrects it.
            try await rename("Xã Bốn", "4", from: "2020-01-01")
            // And what is recorded later about an earlier day ends with the next name.
            try await rename("Xã Năm", "5", from: "2005-01-01")
            let days: [(String, code: String?)] = [
                ("1999-12-31", nil), ("2000-01-01", "1"), ("2004-12-31", "1"), ("2005-01-01", "5"), ("2009-12-31", "5"), ("2010-01-01", "2"),
                ("2014-12-31", "2"), ("2015-01-01", nil), ("2019-12-31", nil), ("2020-01-01", "4"), ("2026-11-21", "4"),
            ]
            for (date, code) in days {
                for other in ["1", "2", "3", "4", "5"] {
                    let called = try await archive.units(called: other, on: day(date))
                    #expect(called == (other == code ? [unit] : []), "\(other) on \(date)")
                }
            }
            #expect(try await archive.unit(unit.text).names.map(\.code) == ["1", "5", "2", "3", "4"])
        }
    }

    @Test func `a unit that was merged as a whole or abolished has no name from that day on, and takes no dossier`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let until = try day("2026-06-30")
            let gone = try await Self.declared(ward.archive, UnitEntry(name: "Xã Hết", code: "7", kind: .commune, validFrom: try day("2020-01-01")))
            let split = try await Self.declared(ward.archive, UnitEntry(name: "Xã Còn", code: "8", kind: .commune, validFrom: try day("2020-01-01")))
            _ = try await ward.archive.succeedUnits(
                [
                    ("7", ward.unit.text, .merge, true, try day("2026-07-01"), nil), ("8", ward.unit.text, .split, false, try day("2026-07-01"), nil),
                    ("8", ward.otherUnit.text, .merge, false, try day("2026-07-01"), nil),
                ], by: officer(.administrator))
            #expect(try await ward.archive.units(called: "7", on: until) == [gone])
            #expect(try await ward.archive.units(called: "7", on: day("2026-07-01")) == [])
            #expect(try await ward.archive.units(called: "8", on: day("2026-07-01")) == [split], "a part of it went")
            let error = try await ward.refused { _ = try await ward.open(citizen, unit: gone) }
            #expect(error.hasSuffix("unit \(gone) has no name on 2026-11-21; did another unit take its place?"), "\(error)")
            _ = try await ward.open(citizen, unit: split)
            // Its code is free for another unit.
            let next = try await Self.declared(ward.archive, UnitEntry(name: "Xã Mới", code: "7", kind: .commune, validFrom: try day("2026-07-01")))
            #expect(next != gone)
            _ = try await ward.archive.succeedUnits([("8", nil, .abolish, true, try day("2026-11-01"), nil)], by: officer(.administrator))
            #expect(try await ward.archive.units(called: "8", on: day("2026-11-01")) == [])
            // A year that it lived through still finds it.
            #expect(try await ward.archive.units(called: "8", on: day("2026-10-31")) == [split])
        }
    }
}

extension Archive {
    /// The unit that has a code on a day, if one has.
    fileprivate func units(called code: String, on day: CalendarDate) async throws -> [UnitID] {
        do { return [try await unit(code, on: day).id] } catch ArchiveError.notFound { return [] }
    }
}
