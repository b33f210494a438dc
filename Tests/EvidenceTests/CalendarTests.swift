import Evidence
import Foundation
import Testing

@Suite("Calendar dates")
struct CalendarDateTests {
    @Test(
        "reads a day",
        arguments: [
            ("2026-11-21", "2026-11-21"), ("21/11/2026", "2026-11-21"), ("1/2/2026", "2026-02-01"), ("01/02/2026", "2026-02-01"),
            ("29/02/2024", "2024-02-29"), ("29/02/2000", "2000-02-29"), ("2400-02-29", "2400-02-29"),
            ("0001-01-01", "0001-01-01"), ("31/12/9999", "9999-12-31"), ("30/4/1975", "1975-04-30"),
        ])
    func reads(text: String, printed: String) {
        #expect(CalendarDate(text)?.description == printed)
        #expect(CalendarDate(Substring(text)) == CalendarDate(printed))
    }

    @Test(
        "refuses what is no day or is written otherwise",
        arguments: [
            "29/02/2100", "29/02/2025", "2100-02-29", "2023-02-29", "1900-02-29", "30/02/2024", "31/04/2026", "31/06/2026",
            "31/09/2026", "31/11/2026", "32/01/2026", "00/01/2026", "01/00/2026", "01/13/2026", "2026-13-01", "2026-00-10",
            "2026-01-00", "0000-01-01", "01/01/0000", "2026-1-2", "26-01-02", "1/2/26", "21.11.2026", "2026/11/21", "21-11-2026",
            "", "-", "//", "2026-11", "2026-11-21-", "2026-11-21 ", " 2026-11-21", "+026-11-21", "2026-+1-21", "2026-11-2１",
            "٢١/١١/٢٠٢٦", "21/11/20260", "021/11/2026", "2026-11-21T00:00:00Z", "2026--1-21",
        ])
    func refuses(text: String) {
        #expect(CalendarDate(text) == nil)
    }

    @Test(
        "February has its days", arguments: [(2023, 28), (2024, 29), (2000, 29), (1900, 28), (2100, 28), (2400, 29), (4, 29), (1, 28)])
    func february(year: Int, days: Int) {
        #expect((1...31).filter { CalendarDate(year: year, month: 2, day: $0) != nil } == Array(1...days))
    }

    @Test("refuses numbers that are no day", arguments: [(0, 1, 1), (10_000, 1, 1), (-1, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, -1)])
    func refuses(year: Int, month: Int, day: Int) {
        #expect(CalendarDate(year: year, month: month, day: day) == nil)
    }

    @Test(
        "knows the day before",
        arguments: [
            ("2026-11-21", "2026-11-20"), ("2026-03-01", "2026-02-28"), ("2024-03-01", "2024-02-29"), ("2026-01-01", "2025-12-31"),
            ("2026-05-01", "2026-04-30"), ("0001-01-01", "0001-01-01"),
        ])
    func dayBefore(day: String, before: String) throws {
        #expect(try #require(CalendarDate(day)).dayBefore.description == before)
    }

    @Test func `sorts as its text`() throws {
        let days = try ["2026-11-21", "2026-11-20", "2026-02-28", "2025-12-31", "0999-12-31", "9999-01-01"].map {
            try #require(CalendarDate($0))
        }
        #expect(days.sorted().map(\.description) == days.map(\.description).sorted())
    }
}

@Suite("Timestamps")
struct TimestampTests {
    /// By `date -u -d … +%s` of GNU coreutils.
    static let known: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (42, "1970-01-01T00:00:00.042Z"),
        (1_795_245_300_042, "2026-11-21T07:15:00.042Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"), (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
        (-2_203_891_200_001, "1900-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-86_400_000, "1969-12-31T00:00:00.000Z"), (-86_400_001, "1969-12-30T23:59:59.999Z"),
    ]

    @Test("prints and reads a moment", arguments: known)
    func moment(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).date.description == String(text.prefix(10)))
    }

    @Test(
        "the day in Việt Nam begins seven hours before the day in UTC",
        arguments: [
            ("2026-12-31T16:59:59.999Z", "2026-12-31"), ("2026-12-31T17:00:00.000Z", "2027-01-01"), ("2026-12-31T23:59:59.999Z", "2027-01-01"),
            ("2027-01-01T00:00:00.000Z", "2027-01-01"), ("2028-02-28T17:00:00.000Z", "2028-02-29"), ("1969-12-31T17:00:00.000Z", "1970-01-01"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31"),
        ])
    func vietnam(moment: String, day: String) throws {
        #expect(try #require(Timestamp(moment)).dateInVietnam.description == day)
    }

    @Test(
        "keeps to the years that its text has room for",
        arguments: [
            (Int64.min, "0001-01-01T00:00:00.000Z"), (-62_135_596_800_001, "0001-01-01T00:00:00.000Z"),
            (253_402_300_800_000, "9999-12-31T23:59:59.999Z"), (Int64.max, "9999-12-31T23:59:59.999Z"),
        ])
    func clamps(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(
        "refuses any other form",
        arguments: [
            "", "2026-11-21", "2026-11-21T07:15:00Z", "2026-11-21T07:15:00.04Z", "2026-11-21T07:15:00.0420Z",
            "2026-11-21 07:15:00.042Z", "2026-11-21t07:15:00.042z", "2026-11-21T07:15:00,042Z", "2026-11-21T24:00:00.000Z",
            "2026-11-21T07:60:00.000Z", "2026-11-21T07:15:60.000Z", "2026-02-29T07:15:00.042Z", "0000-01-01T00:00:00.000Z",
            "2026-11-21T07:15:00.042+", "2026-11-21T07:15:00.-42Z", "2026-11-21T+7:15:00.042Z", "2026/11/21T07:15:00.042Z",
            "21/11/2026T07:15:00.042Z", "2026-11-21T07.15.00.042Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `agrees with Foundation about any moment, and sorts as its text`() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Foundation's Gregorian calendar is Julian before 1582, so the comparison begins after it.
        var moments = (0..<3_000).map { _ in Timestamp(milliseconds: .random(in: -12_219_292_800_000...253_402_300_799_999, using: &generator)) }
        for moment in moments.prefix(1_000) {
            let seconds = Date(timeIntervalSince1970: Double(moment.milliseconds / 1000 - (moment.milliseconds % 1000 < 0 ? 1 : 0)))
            #expect(String(seconds.formatted(format).prefix(19)) == String(moment.description.prefix(19)), "seed \(generator.seed)")
        }
        moments += (0..<1_000).map { _ in
            Timestamp(milliseconds: .random(in: -62_135_596_800_000...(-12_219_292_800_000), using: &generator))
        }
        for moment in moments { #expect(Timestamp(moment.description) == moment, "seed \(generator.seed)") }
        #expect(moments.sorted().map(\.description) == moments.map(\.description).sorted(), "seed \(generator.seed)")
    }

    @Test func `each day of four hundred years follows the one before`() throws {
        let start = try #require(Timestamp("1800-01-01T00:00:00.000Z"))
        var expected = try #require(CalendarDate(year: 1800, month: 1, day: 1))
        for day in 0..<Int64(146_097) {
            let found = Timestamp(milliseconds: start.milliseconds + day * 86_400_000).date
            if found != expected {
                Issue.record("day \(day) is \(found) and not \(expected)")
                return
            }
            expected =
                CalendarDate(year: found.year, month: found.month, day: found.day + 1)
                ?? CalendarDate(year: found.year, month: found.month + 1, day: 1)
                ?? CalendarDate(year: found.year + 1, month: 1, day: 1) ?? found
        }
        #expect(expected.description == "2200-01-01")
    }
}
