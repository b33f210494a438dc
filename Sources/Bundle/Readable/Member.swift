internal import Evidence
internal import Ledger

/// A value of `decision.json` that may be missing: what is not there, or is of another kind, is `nil` or empty all the way down.
struct Member {
    let value: JSON?

    init(_ value: JSON?) { self.value = value }

    subscript(name: String) -> Member {
        if case .object(let members) = value { Member(members[name]) } else { Member(nil) }
    }

    var string: String? {
        if case .string(let text) = value, !text.isEmpty { text } else { nil }
    }

    var integer: Int64? {
        if case .integer(let number) = value { number } else { nil }
    }

    var isTrue: Bool { value == .bool(true) }
    var isThere: Bool { value != nil }

    var list: [Member] {
        if case .array(let values) = value { values.map { Member($0) } } else { [] }
    }

    var strings: [String] { list.compactMap(\.string) }
    var digest: Digest? { string.flatMap { Digest(hex: $0) } }
    var day: CalendarDate? { string.flatMap { CalendarDate($0) } }
    var time: Timestamp? { string.flatMap { Timestamp($0) } }

    /// The number of a record: nine digits are all that the name of its file has room for.
    var recordNumber: Int64? { integer.flatMap { (0..<1_000_000_000).contains($0) ? $0 : nil } }
}

/// `decision.json` with its items and files at hand.
struct DecisionMembers {
    let whole: Member
    let titles: [Member]
    let evidence: [Member]
    /// Where an item stands in `evidence`, from 1.
    let places: [String: Int]
    /// By object.
    let files: [String: Member]

    init(_ decision: JSON) {
        whole = Member(decision)
        titles = whole["titles"].list
        evidence = whole["evidence"].list
        let numbered = evidence.enumerated().compactMap { index, item in item["item"].string.map { ($0, index + 1) } }
        places = Dictionary(numbered) { first, _ in first }
        let listed = whole["files"].list.compactMap { file in file["object"].string.map { ($0, file) } }
        files = Dictionary(listed) { first, _ in first }
    }

    func item(_ id: String?) -> Member { id.flatMap { places[$0] }.map { evidence[$0 - 1] } ?? Member(nil) }

    func file(_ object: String?) -> Member { Member(object.flatMap { files[$0]?.value }) }

    var isList: Bool { whole["scope"]["cycle"].isThere || whole["scope"]["unit"].isThere }

    /// The bundle's name, and its folder's in the ZIP file; `nil` where a part of it is missing or would be none.
    var bundleName: String? {
        guard let size = whole["checkpoint"]["size"].integer else { return nil }
        let scope = whole["scope"]
        let name: String
        if let title = scope["title"].string {
            name = "\(title)-\(size)"
        } else if let unit = scope["unit"].string, let cycle = scope["cycle"].integer {
            name = "\(unit)-\(cycle)-\(size)"
        } else {
            return nil
        }
        // It stands in commands that people copy: nothing but what a name may have.
        let isName = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 46 || byte == 95
        }
        return isName && !name.hasPrefix("-") && !name.hasPrefix(".") && name.utf8.count <= 120 ? name : nil
    }

    /// What everything is as of: the latest moment that it speaks of.
    var latestTime: Timestamp? {
        var times = [whole["honour"]["time"].time]
        for title in titles { times += [title["time"].time] + title["steps"].list.map { $0["time"].time } }
        for item in evidence { times += [item["deposited"]["time"].time] + item["findings"].list.map { $0["time"].time } }
        times += whole["files"].list.map { $0["checked_at"].time }
        return times.compactMap(\.self).max()
    }
}
