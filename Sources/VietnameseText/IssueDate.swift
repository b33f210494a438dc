/// The date in the head of an administrative document: "Cao Bằng, ngày 07 tháng 9 năm 2022".
public struct IssueDate: Sendable, Hashable {
    public let year: Int
    public let month: Int
    public let day: Int

    /// Nil where the calendar has no such day, or the year is not of four digits between 1900 and 2199.
    public init?(year: Int, month: Int, day: Int) {
        guard (1900...2199).contains(year), (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The date of the dateline, the place and "ngày … tháng … năm …" that Decree 30/2020/NĐ-CP, appendix I, part II,
    /// section I.4 prescribes.
    ///
    /// Rather nothing than a wrong date: a dateline whose day is left to be written in by hand gives nil, and dates of
    /// the documents that the text cites ("Quyết định số 677/QĐ-TTg ngày 03 tháng 6 năm 2022") are not taken, as they
    /// do not follow a place and a comma.
    public static func first(in text: String) -> IssueDate? {
        let head = String(text.unicodeScalars.prefix(1500))
        let words = FoldedWord.words(of: head)
        for index in words.indices {
            // The legal grounds begin; the head is over.
            if words[index].folded == "can", words[index...].dropFirst().first?.folded == "cu" { return nil }
            guard words[index].folded == "ngay", isAfterPlace(words[index], in: head) else { continue }
            let rest = words[(index + 1)...].prefix(5).map(\.folded)
            guard let month = rest.firstIndex(of: "thang"), month <= 1,
                let year = rest.firstIndex(of: "nam"), year == month + 2 || year == month + 1
            else { continue }
            guard month == 1, year == 3, rest.count == 5, let day = number(rest[0]), let monthNumber = number(rest[2]),
                let yearNumber = number(rest[4])
            else { return nil }
            return IssueDate(year: yearNumber, month: monthNumber, day: day)
        }
        return nil
    }

    private static func number(_ word: String) -> Int? {
        word.utf8.allSatisfy { (0x30...0x39).contains($0) } && word.utf8.count <= 4 ? Int(word) : nil
    }

    /// Whether the word follows a comma, or begins a line.
    private static func isAfterPlace(_ word: FoldedWord, in text: String) -> Bool {
        for scalar in text.unicodeScalars[..<word.range.lowerBound].reversed() {
            if scalar == "\n" || scalar == "\r" || scalar == "," { return true }
            if !scalar.properties.isWhitespace { return false }
        }
        return true
    }
}

extension IssueDate: Comparable {
    public static func < (one: IssueDate, other: IssueDate) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }
}

extension IssueDate: CustomStringConvertible {
    /// ISO 8601: "2022-09-07".
    public var description: String {
        func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(padded(month))-\(padded(day))"
    }
}
