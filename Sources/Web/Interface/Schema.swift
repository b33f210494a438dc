public import Ledger

/// The form of a JSON value: what a request is held against, what the description of the interface says, and what answers are held
/// against in tests. A small part of JSON Schema 2020-12: every object is closed, every array and every text has an end.
public indirect enum Schema: Sendable, Equatable {
    case object([Member])
    /// An object whose members have names that are data, e.g. indicators.
    case dictionary(Schema)
    case array(Schema, max: Int)
    case text(TextForm, min: Int, max: Int)
    /// One of these words.
    case choice([String])
    case integer(ClosedRange<Int64>)
    case boolean
    case oneOf([Schema])
    /// Any JSON, e.g. the tree of a rule document.
    case anything
    /// A schema that the description has once, under this name.
    case named(String, Schema)

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        public let name: String
        public let schema: Schema
        public let isRequired: Bool
        public let description: String?

        public init(_ name: String, _ schema: Schema, isRequired: Bool, description: String? = nil) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.description = description
        }
    }

    /// Text without control characters, on one line.
    public static func line(max: Int = 1000) -> Schema { .text(.line, min: 1, max: max) }
    /// Text that may have several lines.
    public static func prose(max: Int = 20_000) -> Schema { .text(.prose, min: 1, max: max) }
    public static let date = Schema.text(.date, min: 10, max: 10)
    public static let time = Schema.text(.time, min: 24, max: 24)
    public static let digest = Schema.text(.digest, min: 64, max: 64)
    public static let account = Schema.text(.account, min: 1, max: 64)
    /// A whole identifier of this kind, e.g. `ev-`.
    public static func identifier(_ prefix: String) -> Schema {
        .text(.identifier(prefix), min: prefix.utf8.count + 16, max: prefix.utf8.count + 16)
    }
    /// What names a thing: its id, enough of the beginning of it, or a code.
    public static let reference = Schema.text(.line, min: 1, max: 100)
    public static let count = Schema.integer(0...JSON.safeIntegers.upperBound)
    public static func choice<Choice: RawRepresentable<String> & CaseIterable>(of _: Choice.Type) -> Schema {
        .choice(Choice.allCases.map(\.rawValue))
    }
    /// A list of at most so many.
    public static func list(_ element: Schema, max: Int = 10_000) -> Schema { .array(element, max: max) }

    /// A page of a list: `items`, and `next`, the cursor of the page after it, where there is one.
    public static func page(of element: Schema) -> Schema {
        .object([
            .required("items", .array(element, max: Page.limits.upperBound)),
            .optional("next", .text(.line, min: 1, max: Page.cursorLimit), "Give it as `cursor` to go on."),
        ])
    }
}

extension Schema.Member {
    public static func required(_ name: String, _ schema: Schema, _ description: String? = nil) -> Self {
        Self(name, schema, isRequired: true, description: description)
    }

    public static func optional(_ name: String, _ schema: Schema, _ description: String? = nil) -> Self {
        Self(name, schema, isRequired: false, description: description)
    }
}

/// What may stand in a text, beside its length.
public enum TextForm: Sendable, Equatable {
    case anything
    /// Printable ASCII: what a header field can hold without anybody having to guess.
    case ascii
    case line
    case prose
    /// `2025-12-31`.
    case date
    /// `2025-12-31T23:59:59.123Z`.
    case time
    /// 64 hexadecimal digits in lower case.
    case digest
    case account
    case identifier(String)

    /// A regular expression of ECMA-262 for the same texts; for a date and a time it says only how they look.
    public var pattern: String? {
        switch self {
        case .anything: nil
        case .ascii: #"^[\x20-\x7E]*$"#
        case .line: #"^[^\u0000-\u001F\u007F-\u009F\u2028\u2029]*$"#
        case .prose: #"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"#
        case .date: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
        case .time: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"#
        case .digest: "^[0-9a-f]{64}$"
        case .account: "^[a-z0-9._-]+$"
        case .identifier(let prefix): "^\(prefix)[0-9abcdefghjkmnpqrstvwxyz]{16}$"
        }
    }

    /// The name of the format in JSON Schema, where it has one.
    public var format: String? {
        switch self {
        case .date: "date"
        case .time: "date-time"
        default: nil
        }
    }

    /// What it is, for the sentence `… is not …`.
    var noun: String {
        switch self {
        case .anything: "text"
        case .ascii: "text of printable ASCII characters"
        case .line: "a line of text without control characters"
        case .prose: "text without control characters"
        case .date: "a date, e.g. 2025-12-31"
        case .time: "a time, e.g. 2025-12-31T23:59:59.123Z"
        case .digest: "a SHA-256 digest of 64 hexadecimal digits"
        case .account: "an account: lower-case letters, digits and . - _, e.g. officer-17"
        case .identifier(let prefix): "an id of the form \(prefix)…"
        }
    }
}

// MARK: As JSON Schema

extension Schema {
    /// The schema as JSON, with references for what has a name.
    public var json: JSON {
        switch self {
        case .named(let name, _): return .object(["$ref": .string("#/components/schemas/\(name)")])
        default: return inlined
        }
    }

    /// The schema itself, also where it has a name.
    var inlined: JSON {
        switch self {
        case .named(_, let schema): return schema.inlined
        case .object(let members):
            let required = members.filter(\.isRequired).map { JSON.string($0.name) }
            var json: [String: JSON] = [
                "type": .string("object"), "additionalProperties": .bool(false),
                "properties": .object(Dictionary(members.map { ($0.name, $0.json) }, uniquingKeysWith: { first, _ in first })),
            ]
            if !required.isEmpty { json["required"] = .array(required) }
            return .object(json)
        case .dictionary(let value): return .object(["type": .string("object"), "additionalProperties": value.json])
        case .array(let element, let max):
            return .object(["type": .string("array"), "items": element.json, "maxItems": .integer(Int64(max))])
        case .text(let form, let min, let max):
            var json: [String: JSON] = ["type": .string("string"), "minLength": .integer(Int64(min)), "maxLength": .integer(Int64(max))]
            json["pattern"] = form.pattern.map(JSON.string)
            json["format"] = form.format.map(JSON.string)
            return .object(json)
        case .choice(let words): return .object(["type": .string("string"), "enum": .array(words.map(JSON.string))])
        case .integer(let range):
            return .object(["type": .string("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
        case .boolean: return .object(["type": .string("boolean")])
        case .oneOf(let schemas): return .object(["oneOf": .array(schemas.map(\.json))])
        case .anything: return .object([:])
        }
    }

    /// The schemas with names that it is made of, itself among them.
    var components: [(name: String, schema: Schema)] {
        switch self {
        case .named(let name, let schema): [(name, schema)] + schema.components
        case .object(let members): members.flatMap(\.schema.components)
        case .dictionary(let schema), .array(let schema, _): schema.components
        case .oneOf(let schemas): schemas.flatMap(\.components)
        case .text, .choice, .integer, .boolean, .anything: []
        }
    }
}

extension Schema.Member {
    fileprivate var json: JSON {
        guard let description, case .object(var members) = schema.json else { return schema.json }
        members["description"] = .string(description)
        return .object(members)
    }
}
