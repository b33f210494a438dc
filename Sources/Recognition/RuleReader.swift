internal import Evidence

/// Takes a rule document apart, and notes every mistake with its line. What it gives back is `nil` where it noted one.
final class RuleReader {
    private(set) var mistakes: [RuleMistake] = []

    func note(_ line: Int, _ reason: String) {
        mistakes.append(RuleMistake(line: line, reason: reason))
    }

    // MARK: Values

    /// A text that is not empty.
    func text(_ node: RuleNode, _ name: String) -> String? {
        guard case .text(let text) = node.content else {
            return mistake(node, "\"\(name)\" must be text, not \(node.shown); put it in quotes")
        }
        guard text.contains(where: { !$0.isWhitespace }) else { return mistake(node, "\"\(name)\" is empty") }
        return text
    }

    /// A name for the program: Latin letters, digits, `.`, `_` and `-`, at most 64.
    func code(_ node: RuleNode, _ name: String) -> String? {
        guard case .text(let text) = node.content else {
            return mistake(node, "\"\(name)\" must be a code of letters and digits, not \(node.shown); put it in quotes")
        }
        guard (1...64).contains(text.utf8.count), text.utf8.first.map(Self.isAlphanumeric) == true,
            text.utf8.allSatisfy({ Self.isAlphanumeric($0) || "._-".utf8.contains($0) })
        else {
            return mistake(node, "\"\(name)\" must be a code of at most 64 letters without marks, digits, \".\", \"_\" or \"-\", not \(node.shown)")
        }
        return text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    func integer(_ node: RuleNode, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard case .integer(let number) = node.content, range.contains(number) else {
            return mistake(node, "\"\(name)\" must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(node.shown)")
        }
        return number
    }

    func flag(_ node: RuleNode, _ name: String) -> Bool? {
        guard case .flag(let flag) = node.content else { return mistake(node, "\"\(name)\" must be true or false, not \(node.shown)") }
        return flag
    }

    func points(_ node: RuleNode, _ name: String) -> Points? {
        switch node.content {
        case .integer(let number) where (0...1000).contains(number): return Points(number)
        case .text(let text):
            // "010" is eight to some and ten to others.
            let isOrdinary = text.first != "0" || text.dropFirst().first?.isNumber != true
            if isOrdinary, let points = Points(text) { return points }
        default: break
        }
        return mistake(node, "\"\(name)\" must be points from 0 to 1000, such as 8 or 9.5, not \(node.shown)")
    }

    func date(_ node: RuleNode, _ name: String) -> CalendarDate? {
        if case .text(let text) = node.content, let date = CalendarDate(text) { return date }
        return mistake(node, "\"\(name)\" must be a date such as 2022-06-16, not \(node.shown)")
    }

    func choice<Choice: RawRepresentable<String>>(_ node: RuleNode, _ name: String, of choices: [Choice]) -> Choice? {
        if case .text(let text) = node.content, let choice = choices.first(where: { $0.rawValue == text }) { return choice }
        let known = choices.map(\.rawValue)
        var reason = "\"\(name)\" must be one of \(known.joined(separator: ", ")), not \(node.shown)"
        if case .text(let text) = node.content, let nearest = Self.nearest(to: text, among: known) { reason += "; did you mean \(nearest)?" }
        return mistake(node, reason)
    }

    /// Items of a list that is not empty; those with mistakes are left out.
    func list<Item>(_ node: RuleNode, _ name: String, _ item: (RuleNode) -> Item?) -> [Item]? {
        guard case .list(let nodes) = node.content else { return mistake(node, "\"\(name)\" must be a list, not \(node.shown)") }
        guard !nodes.isEmpty else { return mistake(node, "\"\(name)\" is an empty list") }
        return nodes.compactMap(item)
    }

    func members(_ node: RuleNode, _ name: String) -> [RuleNode.Member]? {
        guard case .members(let members) = node.content else {
            return mistake(node, "\(name) must be a group of named members, not \(node.shown)")
        }
        return members
    }

    /// Reads the members of a node by their names; those that `read` does not ask for are mistakes.
    func fields<Value>(_ node: RuleNode, _ name: String, _ read: (RuleFields) -> Value?) -> Value? {
        guard let members = members(node, name) else { return nil }
        let fields = RuleFields(members, line: node.line, name: name, reader: self)
        let value = read(fields)
        fields.finish()
        return value
    }

    private func mistake<Value>(_ node: RuleNode, _ reason: String) -> Value? {
        note(node.line, reason)
        return nil
    }

    // MARK: Names

    /// The name that was most likely meant.
    static func nearest(to name: String, among known: [String]) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let ranked = known.map { (name: $0, distance: distance(Array(name.lowercased()), Array($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= max(2, best.name.count / 3) else { return nil }
        return best.name
    }

    /// How many letters have to be put in, taken out or replaced.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}

/// The members of one node, asked for by name.
final class RuleFields {
    let line: Int
    let name: String
    let reader: RuleReader
    private let members: [String: RuleNode.Member]
    private var known: [String] = []

    fileprivate init(_ members: [RuleNode.Member], line: Int, name: String, reader: RuleReader) {
        self.members = Dictionary(members.map { ($0.key, $0) }) { first, _ in first }
        self.line = line
        self.name = name
        self.reader = reader
    }

    func optional<Value>(_ key: String, _ read: (RuleNode, String) -> Value?) -> Value? {
        known.append(key)
        return members[key].flatMap { read($0.value, key) }
    }

    func required<Value>(_ key: String, _ read: (RuleNode, String) -> Value?) -> Value? {
        if members[key] == nil { reader.note(line, "\(name) lacks \"\(key)\"") }
        return optional(key, read)
    }

    func has(_ key: String) -> Bool { members[key] != nil }

    /// Where the name of the member stands; the line of the whole where there is none.
    func line(of key: String) -> Int { members[key]?.line ?? line }

    fileprivate func finish() {
        let unknown = members.values.filter { !known.contains($0.key) }
        // Where most of the names are strange, it is another document, and nothing was misspelled.
        let candidates = unknown.count > 20 ? [] : known
        for member in unknown {
            let free = candidates.filter { members[$0] == nil }
            let nearest = RuleReader.nearest(to: member.key, among: free) ?? RuleReader.nearest(to: member.key, among: candidates)
            reader.note(
                member.line,
                "\(name) knows no \"\(member.key.prefix(40))\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? ""))
        }
    }
}
