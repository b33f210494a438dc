internal import Yams

/// A piece of a rule document, and the line where it begins.
struct RuleNode {
    enum Content {
        case text(String)
        case integer(Int)
        case flag(Bool)
        case list([RuleNode])
        case members([Member])
    }

    struct Member {
        let key: String
        let line: Int
        let value: RuleNode
    }

    let line: Int
    let content: Content

    var tree: RuleTree {
        switch content {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .flag(let flag): .flag(flag)
        case .list(let items): .list(items.map(\.tree))
        case .members(let members): .members(Dictionary(members.map { ($0.key, $0.value.tree) }) { first, _ in first })
        }
    }

    /// What a message calls it.
    var shown: String {
        switch content {
        case .text(let text): "\"\(text.prefix(40))\(text.count > 40 ? "…" : "")\""
        case .integer(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .list: "a list"
        case .members: "members with names of their own"
        }
    }
}

/// Reads the YAML of a rule document into nodes, and refuses whatever two readers could understand in two ways.
///
/// Scalars are taken by their text and style: in the YAML 1.1 of the parser `no` is a flag, `010` is eight, `1:30` is ninety
/// and `2022-07-30` is a moment. Here only `true` and `false` are flags, only decimal digits are a number, and the rest is text.
struct RuleText {
    static let sizeLimit = 1 << 20
    static let depthLimit = 32
    private static let tooDeep = "more than \(depthLimit) levels, one in another"

    /// What stands for `&` and `?` while the text is parsed; no document may hold it.
    ///
    /// With aliases a small text is a tree of any size, which the parser walks while it looks for duplicate keys, before we see
    /// a node; with keys that are trees in trees it walks each again and again. So no anchor and no such key may come to be: as
    /// the beginning of a tag that cannot be, the character is an error where it would mean one, and text everywhere else.
    private static let substitutes: [(character: String, substitute: String, reason: String)] = [
        ("&", "!\u{E000}", "an anchor (&): write the value out; put text that begins so in quotes"),
        ("?", "!\u{E001}", "a key behind a question mark: a key is a name alone; put text that begins so in quotes"),
    ]

    private(set) var mistakes: [RuleMistake] = []

    /// The root of the document; `nil` when there are mistakes.
    mutating func root(of text: String) -> RuleNode? {
        guard text.utf8.count <= Self.sizeLimit else {
            note(1, "the document is larger than 1 MiB")
            return nil
        }
        noteUnreadable(text)
        guard mistakes.isEmpty else { return nil }
        let body = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        var parsed = Self.substitutes.reduce(body) { Self.replacing($1.character, with: $1.substitute, in: $0) }
        // Yams keeps a pointer to the text, which for up to fifteen bytes would point into the stack.
        if parsed.utf8.count < 16 { parsed += String(repeating: "\n", count: 16) }
        do {
            // The basic resolver gives no scalar a type, so that the keys `1` and `"1"` are duplicates.
            guard let node = try Parser(yaml: parsed, resolver: .basic, constructor: .default, encoding: .utf8).singleRoot() else {
                note(1, "the document is empty")
                return nil
            }
            let root = convert(node, depth: 0)
            return mistakes.isEmpty ? root : nil
        } catch let error as YamlError {
            note(error, in: parsed)
        } catch {
            note(1, "the YAML cannot be read: \(error)")
        }
        return nil
    }

    private mutating func note(_ line: Int, _ reason: String) {
        mistakes.append(RuleMistake(line: line, reason: reason))
    }

    // MARK: Characters

    /// Whether a text may hold it: what the canonical JSON can hold and a YAML reader gives back as it was.
    private static func isReadable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xDFFF, 0xE002...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private mutating func noteUnreadable(_ text: String) {
        var line = 1
        var previous: Unicode.Scalar = " "
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if scalar == "\r" || scalar == "\n" && previous != "\r" { line += 1 }
            // A byte order mark may begin a file, and lines may end as those of Windows do.
            let isAllowed = Self.isReadable(scalar) || scalar == "\r" || index == 0 && scalar == "\u{FEFF}"
            if !isAllowed, mistakes.last?.line != line { note(line, Self.unreadable(scalar)) }
            previous = scalar
        }
    }

    private static func unreadable(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "the character U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits) cannot be seen or printed; take it out"
    }

    // MARK: Nodes

    /// A value for a node that is a mistake, so that the others are still looked at.
    private func blank(_ line: Int) -> RuleNode { RuleNode(line: line, content: .text("")) }

    private mutating func convert(_ node: Node, depth: Int) -> RuleNode {
        let line = node.mark?.line ?? 1
        guard depth < Self.depthLimit else {
            note(line, Self.tooDeep)
            return blank(line)
        }
        switch node {
        case .scalar(let scalar): return convert(scalar, line: line)
        case .sequence(let sequence):
            noteTag(sequence.tag, of: .implicit, line)
            return RuleNode(line: line, content: .list(sequence.map { convert($0, depth: depth + 1) }))
        case .mapping(let mapping):
            noteTag(mapping.tag, of: .implicit, line)
            var members: [RuleNode.Member] = []
            for (key, value) in mapping {
                let line = key.mark?.line ?? line
                guard case .scalar(let name) = key else {
                    note(line, "a key must be a name, not a list or a group")
                    continue
                }
                // The parser has made the implicit tag of a plain key one of text already, looking for duplicates.
                if name.tag.description != Tag.Name.implicit.rawValue { noteTag(name.tag, of: .str, line) }
                if name.string == "<<", name.style == .plain { note(line, "a merge key (<<): write the members out") }
                members.append(
                    RuleNode.Member(key: restored(name.string, line), line: line, value: convert(value, depth: depth + 1)))
            }
            return RuleNode(line: line, content: .members(members))
        case .alias:
            note(line, "an alias (*): write the value out")
            return blank(line)
        }
    }

    private mutating func convert(_ scalar: Node.Scalar, line: Int) -> RuleNode {
        let text = restored(scalar.string, line)
        guard scalar.style == .plain else {
            noteTag(scalar.tag, of: .str, line)
            guard scalar.style == .literal || scalar.style == .folded else { return RuleNode(line: line, content: .text(text)) }
            // A block ends with a line break that its author does not mean.
            let end = text.lastIndex { $0 != "\n" }.map { text.index(after: $0) } ?? text.startIndex
            return RuleNode(line: line, content: .text(String(text[..<end])))
        }
        noteTag(scalar.tag, of: .implicit, line)
        switch text {
        case "true": return RuleNode(line: line, content: .flag(true))
        case "false": return RuleNode(line: line, content: .flag(false))
        case "", "~", "null", "Null", "NULL":
            note(line, "a value is missing; leave the key out, or put text in quotes")
            return blank(line)
        default: return RuleNode(line: line, content: Self.integer(text).map { .integer($0) } ?? .text(text))
        }
    }

    /// Decimal digits without a zero before them, exact in JSON.
    private static func integer(_ text: String) -> Int? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits.utf8.first != 48 || text == "0"
        else { return nil }
        return Int(text)
    }

    private static func restored(_ parsed: String) -> String {
        substitutes.reduce(parsed) { replacing($1.substitute, with: $1.character, in: $0) }
    }

    /// By scalars, as the parser reads: a mark over an `&` makes another character of it, but no other scalar.
    private static func replacing(_ old: String, with new: String, in text: String) -> String {
        String(text.unicodeScalars.replacing(old.unicodeScalars, with: new.unicodeScalars))
    }

    /// The text as it stands in the document.
    private mutating func restored(_ parsed: String, _ line: Int) -> String {
        let text = Self.restored(parsed)
        // By an escape such as "\u0007".
        if let scalar = text.unicodeScalars.first(where: { !Self.isReadable($0) }) { note(line, Self.unreadable(scalar)) }
        return text
    }

    private mutating func noteTag(_ tag: Tag, of expected: Tag.Name, _ line: Int) {
        if tag.description != expected.rawValue { note(line, "a tag (\(tag)): leave it out, and quote what is text") }
    }

    // MARK: Errors of the parser

    private mutating func note(_ error: YamlError, in parsed: String) {
        switch error {
        case .duplicatedKeysInMapping(let keys, let context):
            let named = keys.map { "\"\(Self.restored($0).prefix(40))\"" }.joined(separator: ", ")
            note(context.mark.line, "written again further down in the same group: \(named); keep one")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            note(mark.line, reason(problem, context: context, line: mark.line, in: parsed))
        default: note(1, "the YAML cannot be read: \(error)")
        }
    }

    private func reason(_ problem: String, context: YamlError.Context?, line: Int, in parsed: String) -> String {
        if problem == "found undefined alias" { return "an alias (*): write the value out; put text that begins so in quotes" }
        if problem == "but found another document" { return "a second document; write each into a file of its own" }
        if problem.hasPrefix("Maximum nesting level") { return Self.tooDeep }
        // "\r\n" is one character.
        let lines = parsed.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let source = lines.indices.contains(line - 1) ? lines[line - 1].unicodeScalars : "".unicodeScalars[...]
        if let context, context.text == "while scanning a tag", context.mark.line == line {
            let tag = source.dropFirst(context.mark.column - 1)
            if let known = Self.substitutes.first(where: { tag.starts(with: $0.substitute.unicodeScalars) }) { return known.reason }
        }
        if source.prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") { return "indented with a tab; indent with spaces" }
        let begun = context.map { "\($0.text) that begins in line \($0.mark.line), " } ?? ""
        return "the YAML cannot be read here: " + begun + problem
    }
}
