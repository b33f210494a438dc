/// A day of the Gregorian calendar, without time or zone: what stands on a certificate.
public struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int

    /// `nil` when there is no such day, or the year is not between 1 and 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.days(inMonth: month, of: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `2026-11-21` (ISO 8601) and, as people of the programme write it, `21/11/2026`.
    public init?(_ text: some StringProtocol) {
        let bySlash = text.split(separator: "/", omittingEmptySubsequences: false)
        let byDash = text.split(separator: "-", omittingEmptySubsequences: false)
        func number(_ digits: some StringProtocol, _ count: ClosedRange<Int>) -> Int? {
            guard count.contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return Int(digits)
        }
        if bySlash.count == 3, let day = number(bySlash[0], 1...2), let month = number(bySlash[1], 1...2),
            let year = number(bySlash[2], 4...4)
        {
            self.init(year: year, month: month, day: day)
        } else if byDash.count == 3, let year = number(byDash[0], 4...4), let month = number(byDash[1], 2...2),
            let day = number(byDash[2], 2...2)
        {
            self.init(year: year, month: month, day: day)
        } else {
            return nil
        }
    }

    /// `2026-11-21`; sorts as text.
    public var description: String {
        "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// The day before; the first day of all stays itself.
    public var dayBefore: CalendarDate {
        if day > 1, let before = CalendarDate(year: year, month: month, day: day - 1) { return before }
        let (lastYear, lastMonth) = month > 1 ? (year, month - 1) : (year - 1, 12)
        return CalendarDate(year: lastYear, month: lastMonth, day: Self.days(inMonth: lastMonth, of: lastYear)) ?? self
    }

    public static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// A moment, to the millisecond, in UTC.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// Moments that the text form has room for: the years 0001 to 9999.
    private static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    public init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
    }

    /// Reads exactly the form that `description` writes.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[10] == UInt8(ascii: "T"), bytes[23] == UInt8(ascii: "Z"),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), bytes[19] == UInt8(ascii: ".")
        else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let date = CalendarDate(year: year, month: month, day: day),
            let hour = number(11..<13), hour < 24, let minute = number(14..<16), minute < 60,
            let second = number(17..<19), second < 60, let millisecond = number(20..<23)
        else { return nil }
        let seconds = Self.daysSinceEpoch(date) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        self.init(milliseconds: seconds * 1000 + Int64(millisecond))
    }

    /// RFC 3339 in UTC with milliseconds, `2026-11-21T07:15:00.042Z`; sorts as text.
    public var description: String {
        let (day, rest) = milliseconds.quotientAndRemainder(dividingByFlooring: 86_400_000)
        let time = Int(rest)
        return "\(Self.date(daysSinceEpoch: day))T\(padded(time / 3_600_000, 2)):\(padded(time / 60_000 % 60, 2)):"
            + "\(padded(time / 1000 % 60, 2)).\(padded(time % 1000, 3))Z"
    }

    /// The day in UTC.
    public var date: CalendarDate {
        Self.date(daysSinceEpoch: milliseconds.quotientAndRemainder(dividingByFlooring: 86_400_000).quotient)
    }

    /// The day in Việt Nam (UTC+7), where documents are dated.
    public var dateInVietnam: CalendarDate { Timestamp(milliseconds: milliseconds + 7 * 3_600_000).date }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    // Days to civil date and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func daysSinceEpoch(_ date: CalendarDate) -> Int64 {
        let year = date.month <= 2 ? date.year - 1 : date.year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    private static func date(daysSinceEpoch: Int64) -> CalendarDate {
        let shifted = Int(daysSinceEpoch) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        // Proof for `!`: the arithmetic is exact and `init(milliseconds:)` keeps to the years 1 to 9999.
        return CalendarDate(year: year, month: month, day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)!
    }
}

extension Int64 {
    fileprivate func quotientAndRemainder(dividingByFlooring divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
