internal import Evidence
public import Ledger

/// Where a value is not what its schema says, and why.
public struct SchemaFinding: Sendable, Equatable {
    /// A JSON pointer (RFC 6901): `/metadata/title`; empty for the whole.
    public let pointer: String
    /// A sentence without its subject: `is missing`.
    public let reason: String
}

extension Schema {
    /// How many findings are told of one value.
    static let findingLimit = 20

    /// What is wrong with a value, in the order of the schema; nothing where it is right.
    public func findings(in value: JSON) -> [SchemaFinding] {
        var findings: [SchemaFinding] = []
        check(value, at: "", &findings)
        return findings
    }

    private func check(_ value: JSON, at pointer: String, _ findings: inout [SchemaFinding]) {
        guard findings.count < Self.findingLimit else { return }
        func wrong(_ reason: String) { findings.append(SchemaFinding(pointer: pointer, reason: reason)) }
        switch (self, value) {
        case (.named(_, let schema), _): schema.check(value, at: pointer, &findings)
        case (.anything, _), (.boolean, .bool): break
        case (.object(let members), .object(let found)): Self.check(found, members, at: pointer, &findings)
        case (.dictionary(let schema), .object(let found)):
            for (name, value) in found.sorted(by: { $0.key < $1.key }) { schema.check(value, at: "\(pointer)/\(Self.escaped(name))", &findings) }
        case (.array(let element, let max), .array(let values)):
            guard values.count <= max else { return wrong("has \(values.count) elements, and at most \(max) are taken") }
            for (index, value) in values.enumerated() { element.check(value, at: "\(pointer)/\(index)", &findings) }
        case (.text(let form, let min, let max), .string(let text)):
            if let reason = form.reason(text, min: min, max: max) { wrong(reason) }
        case (.choice(let words), .string(let text)):
            if !words.contains(text) { wrong("is not one of \(words.joined(separator: ", "))") }
        case (.integer(let range), .integer(let number)):
            if !range.contains(number) { wrong("is not between \(range.lowerBound) and \(range.upperBound)") }
        case (.oneOf(let schemas), _):
            if schemas.count(where: { $0.findings(in: value).isEmpty }) != 1 { wrong("is not one of the forms that it may have") }
        default: wrong("is not \(noun)")
        }
    }

    private static func check(_ found: [String: JSON], _ members: [Member], at pointer: String, _ findings: inout [SchemaFinding]) {
        for member in members {
            let place = "\(pointer)/\(escaped(member.name))"
            if let value = found[member.name] {
                member.schema.check(value, at: place, &findings)
            } else if member.isRequired {
                findings.append(SchemaFinding(pointer: place, reason: "is missing"))
            }
        }
        for name in found.keys.sorted() where !members.contains(where: { $0.name == name }) {
            findings.append(SchemaFinding(pointer: "\(pointer)/\(escaped(name))", reason: "is no field of this"))
        }
        if findings.count > findingLimit { findings.removeLast(findings.count - findingLimit) }
    }

    /// A name as it stands in a JSON pointer.
    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars.prefix(100) {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// What it is, for the sentence `… is not …`.
    var noun: String {
        switch self {
        case .named(_, let schema): schema.noun
        case .object, .dictionary: "an object"
        case .array: "an array"
        case .text: "a text"
        case .choice: "a text"
        case .integer: "an integer"
        case .boolean: "true or false"
        case .oneOf, .anything: "what it may be"
        }
    }
}

extension TextForm {
    /// Why a text is not of this form, `nil` where it is.
    func reason(_ text: String, min: Int, max: Int) -> String? {
        let length = text.unicodeScalars.count
        if min == max { return matches(text) ? nil : "is not \(noun)" }
        guard length >= min else { return length == 0 ? "is empty" : "is shorter than \(min)" }
        guard length <= max else { return "is longer than \(max)" }
        return matches(text) ? nil : "is not \(noun)"
    }

    /// Whether a text has this form.
    func matches(_ text: String) -> Bool {
        switch self {
        case .anything: true
        case .ascii: text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        case .line: !text.unicodeScalars.contains { Self.isControl($0) || $0 == "\u{2028}" || $0 == "\u{2029}" }
        case .prose: !text.unicodeScalars.contains { Self.isControl($0) && $0 != "\n" && $0 != "\r" && $0 != "\t" }
        case .date: CalendarDate(text) != nil
        case .time: Timestamp(text) != nil
        case .digest: Digest(hex: text) != nil && text.utf8.allSatisfy { !(65...90).contains($0) }
        case .account: Actor.isAccount(text)
        case .identifier(let prefix):
            text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + 16
                && text.utf8.dropFirst(prefix.utf8.count).allSatisfy(Self.identifierDigits.contains)
        }
    }

    private static let identifierDigits = Set("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
}

extension Schema {
    /// The ids in a value, where this says that one stands; what looks like one elsewhere is somebody's text.
    func identifiers(in json: JSON) -> Set<String> {
        switch (self, json) {
        case (.named(_, let schema), _): schema.identifiers(in: json)
        case (.object(let members), .object(let values)):
            members.reduce(into: []) { found, member in values[member.name].map { found.formUnion(member.schema.identifiers(in: $0)) } }
        case (.dictionary(let schema), .object(let values)): values.values.reduce(into: []) { $0.formUnion(schema.identifiers(in: $1)) }
        case (.array(let schema, _), .array(let elements)): elements.reduce(into: []) { $0.formUnion(schema.identifiers(in: $1)) }
        case (.oneOf(let schemas), _):
            schemas.filter { $0.findings(in: json).isEmpty }.reduce(into: []) { $0.formUnion($1.identifiers(in: json)) }
        case (.text(.identifier, _, _), .string(let text)): [text]
        default: []
        }
    }
}
