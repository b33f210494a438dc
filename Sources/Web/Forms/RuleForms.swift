public import Custody
internal import Evidence
public import Ledger
public import Recognition

/// The JSON forms of what the archive answers: one for the network and the command line, so that one word stays one word.
public enum Forms {}

/// A criteria set or rule set, without what it says.
public func members(_ document: RuleDocument) -> [String: JSON?] {
    [
        "kind": .string(document.kind.rawValue), "code": .string(document.code), "version": .number(document.version),
        "title": .string(document.title), "provisional": .bool(document.isProvisional),
    ]
}

/// The same, and its digest.
public func members(_ rules: ImportedRules) -> [String: JSON?] {
    members(rules.document).merging(["digest": .string(rules.digest.hex)]) { $1 }
}

extension JSON {
    public static func text(_ value: (some CustomStringConvertible)?) -> JSON? { value.map { .string($0.description) } }
    public static func number(_ value: Int) -> JSON { .integer(Int64(value)) }
}

extension Forms {
    static let rules = Schema.named(
        "Rules",
        .object([
            .required("kind", .choice(of: RuleDocumentKind.self)), .required("code", .line(max: 100)), .required("version", .count),
            .required("title", .text(.anything, min: 0, max: 1000)), .required("provisional", .boolean), .required("digest", .digest),
        ]))
}
