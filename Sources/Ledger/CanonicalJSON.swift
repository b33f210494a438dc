/// A JSON value of the kind that records are made of: integers only, no fractions (half points are stored doubled).
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Integers that every reader of JSON keeps exactly (RFC 8785 §3.2.2.3): ±(2⁵³ − 1).
    public static let safeIntegers: ClosedRange<Int64> = -9_007_199_254_740_991...9_007_199_254_740_991
}

/// Why bytes are not canonical JSON.
public enum CanonicalJSONError: Error, Equatable, CustomStringConvertible {
    case malformed(offset: Int, expected: String)
    case notCanonical
    case tooDeep(limit: Int)

    public var description: String {
        switch self {
        case .malformed(let offset, let expected): "not JSON: expected \(expected) at byte \(offset)"
        case .notCanonical: "JSON, but not in canonical form (RFC 8785)"
        case .tooDeep(let limit): "JSON nested deeper than \(limit)"
        }
    }
}

extension JSON {
    /// How deep values may be nested.
    public static let depthLimit = 32

    /// The canonical form of RFC 8785 (JSON Canonicalization Scheme), in UTF-8.
    ///
    /// - Precondition: every integer is one of ``safeIntegers``.
    public var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        write(to: &bytes)
        return bytes
    }

    /// The canonical form as a string.
    public var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value):
            precondition(Self.safeIntegers.contains(value), "an integer that JSON readers would round: \(value)")
            bytes.append(contentsOf: String(value).utf8)
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            // RFC 8785 §3.2.3 sorts by UTF-16 code units, which is not the order of Swift's `<` but in ASCII.
            let isPlain = members.keys.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }
            let sorted = members.sorted { isPlain ? $0.key < $1.key : $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            for (index, (key, value)) in sorted.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes.append(contentsOf: text.utf8)
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 87 + digit) }
            default: bytes.append(byte)
            }
        }
    }

    /// Reads canonical JSON and nothing else: bytes that are JSON but would be written differently are refused, so a
    /// record has exactly one form.
    public init(canonical bytes: [UInt8]) throws(CanonicalJSONError) {
        // Nearly all that is stored is read by the strict parser; the rest, and why it is refused, by writing it again.
        var strict = Parser(bytes: bytes, isStrict: true)
        if let value = try? strict.document() {  // because what it refuses may be canonical all the same
            self = value
            return
        }
        self = try JSON(parsing: bytes)
        guard canonicalBytes == bytes else { throw .notCanonical }
    }

    /// Reads any JSON whose numbers are integers; a member named twice is refused.
    public init(parsing bytes: [UInt8]) throws(CanonicalJSONError) {
        var parser = Parser(bytes: bytes)
        self = try parser.document()
    }
}

private struct Parser {
    let bytes: [UInt8]
    /// Takes only what is canonical, and not all of that: no space, no escape, names in ASCII and in order.
    let isStrict: Bool
    var offset = 0

    init(bytes: [UInt8], isStrict: Bool = false) {
        self.bytes = bytes
        self.isStrict = isStrict
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func malformed(_ expected: String) -> CanonicalJSONError { .malformed(offset: offset, expected: expected) }

    mutating func document() throws(CanonicalJSONError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw malformed("the end") }
        return value
    }

    private mutating func skipSpace() {
        if isStrict { return }
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ byte: UInt8, _ name: String) throws(CanonicalJSONError) {
        guard skip(byte) else { throw malformed(name) }
    }

    private mutating func value(depth: Int) throws(CanonicalJSONError) -> JSON {
        guard depth <= JSON.depthLimit else { throw .tooDeep(limit: JSON.depthLimit) }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try integer()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(CanonicalJSONError) -> JSON {
        let end = offset + word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { end <= bytes.count && $0.elementsEqual(bytes[offset..<end]) }
        guard matches else { throw malformed("\(word)") }
        offset = end
        return value
    }

    private mutating func integer() throws(CanonicalJSONError) -> JSON {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        while let byte = next, (48...57).contains(byte) { offset += 1 }
        let digits = bytes[start..<offset]
        guard let value = Int64(String(decoding: digits, as: UTF8.self)), JSON.safeIntegers.contains(value),
            digits.elementsEqual(String(value).utf8)
        else {
            offset = start
            throw malformed("a value")
        }
        if let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") { throw malformed("an integer") }
        return .integer(value)
    }

    private mutating func array(depth: Int) throws(CanonicalJSONError) -> JSON {
        try expect(UInt8(ascii: "["), "an array")
        var values: [JSON] = []
        if skip(UInt8(ascii: "]")) { return .array(values) }
        repeat { values.append(try value(depth: depth + 1)) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "',' or ']'")
        return .array(values)
    }

    private mutating func object(depth: Int) throws(CanonicalJSONError) -> JSON {
        try expect(UInt8(ascii: "{"), "an object")
        var members: [String: JSON] = [:]
        if skip(UInt8(ascii: "}")) { return .object(members) }
        var previous: String?
        repeat {
            skipSpace()
            let start = offset
            let key = try string()
            try expect(UInt8(ascii: ":"), "':'")
            // In ASCII the order of the bytes is that of UTF-16, and a name that comes after all others was not named before.
            let isNew = isStrict ? key.utf8.allSatisfy { $0 < 0x80 } && previous.map { $0 < key } ?? true : members[key] == nil
            guard isNew else {
                offset = start
                throw malformed("a member that was not named before")
            }
            previous = key
            members[key] = try value(depth: depth + 1)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "',' or '}'")
        return .object(members)
    }

    private mutating func string() throws(CanonicalJSONError) -> String {
        guard next == UInt8(ascii: "\"") else { throw malformed("a string") }
        offset += 1
        let start = offset
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        if next == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else { throw malformed("UTF-8") }
            offset += 1
            return text
        }
        if isStrict { throw malformed("no escape") }
        var unescaped = Array(bytes[start..<offset])
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw malformed("an escaped control character") }
            offset += 1
            if byte == UInt8(ascii: "\\") {
                unescaped.append(contentsOf: try escaped())
            } else {
                unescaped.append(byte)
            }
        }
        guard next != nil else { throw malformed("'\"'") }
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw malformed("UTF-8") }
        offset += 1
        return text
    }

    private mutating func escaped() throws(CanonicalJSONError) -> [UInt8] {
        guard let byte = next else { throw malformed("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if (0xD800..<0xDC00).contains(unit) {
                guard bytes[offset...].starts(with: #"\u"#.utf8) else { throw malformed("a low surrogate") }
                offset += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw malformed("a low surrogate") }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw malformed("a Unicode scalar") }
            return Array(String(Character(scalar)).utf8)
        default: throw malformed("an escape")
        }
    }

    private mutating func hexadecimal() throws(CanonicalJSONError) -> UInt32 {
        guard offset + 4 <= bytes.count,
            bytes[offset..<offset + 4].allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || 97...102 ~= $0 | 0x20 }),
            let unit = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw malformed("four hexadecimal digits") }
        offset += 4
        return unit
    }
}
