import Foundation
import Ledger
import Testing

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    /// JSON and its canonical form. The first four are of RFC 8785 §3.2, without their fractions.
    static let canonical: [(json: String, canonical: String)] = [
        (
            #"{"numbers":[333333333,4,2,0],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
            "{\"literals\":[null,true,false],\"numbers\":[333333333,4,2,0],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        ),
        (
            // §3.2.3: in the order of UTF-16 code units a surrogate pair (U+1F600: D83D DE00) comes before U+FB33.
            #"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{FB33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        ),
        (
            // `french.json` of the RFC's test data: no locale sorts.
            #"{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}"#,
            #"{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}"#
        ),
        (
            // `structures.json` of the RFC's test data.
            #"{"1":{"f":{"f":"hi","F":5},"\n":56},"10":{},"":"empty","a":{},"111":[{"e":"yes","E":"no"}],"A":{}}"#,
            #"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}"#
        ),
        (#"[56,{"d":true,"10":null,"1":[]}]"#, #"[56,{"1":[],"10":null,"d":true}]"#),
        (" \t\r\n{ \"b\" : [ 1 , 2 ] ,\n\"a\" : { } } ", #"{"a":{},"b":[1,2]}"#),
        (#""\b\t\n\f\r\u0008\u0009\u000a\u000c\u000d""#, #""\b\t\n\f\r\b\t\n\f\r""#),
        (#""\u0000\u0001\u001f\u007f""#, "\"\\u0000\\u0001\\u001f\u{7F}\""), (#""\/""#, #""/""#),
        ("\"\u{2028}\u{2029}\"", "\"\u{2028}\u{2029}\""), (#""\uD83D\uDE00""#, "\"😀\""), (#""\uDBFF\uDFFF""#, "\"\u{10FFFF}\""),
        (#""\ufffd\ue000""#, "\"\u{FFFD}\u{E000}\""), ("0", "0"), ("-1", "-1"), ("9007199254740991", "9007199254740991"),
        ("-9007199254740991", "-9007199254740991"), ("null", "null"), ("true", "true"), ("[]", "[]"), ("{}", "{}"), (#""""#, #""""#),
    ]

    @Test("is written as RFC 8785 says", arguments: canonical)
    func writes(json: String, canonical: String) throws {
        let value = try JSON(parsing: Array(json.utf8))
        #expect(value.canonicalBytes == Array(canonical.utf8))
        #expect(Array(value.canonicalText.utf8) == Array(canonical.utf8))
        #expect(try JSON(canonical: Array(canonical.utf8)).canonicalBytes == Array(canonical.utf8))
        if Array(json.utf8) != Array(canonical.utf8) {
            #expect(throws: CanonicalJSONError.notCanonical) { try JSON(canonical: Array(json.utf8)) }
        }
    }

    @Test func `keeps composed and decomposed spellings apart`() throws {
        let composed = Array("\"Đồng Tháp\"".utf8)
        let decomposed = Array("\"Đồng Tháp\"".decomposedStringWithCanonicalMapping.utf8)
        #expect(composed != decomposed)
        #expect(try JSON(canonical: composed).canonicalBytes == composed)
        #expect(try JSON(canonical: decomposed).canonicalBytes == decomposed)
    }

    static func nested(_ depth: Int, _ open: String = "[", _ close: String = "]") -> String {
        String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }

    static let malformed: [String] = [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
        "{1:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "nul", "nulll", "True", "truefalse", "NaN", "Infinity", "undefined", "// x\n1",
        // A member that is named twice, also when it is spelled by an escape.
        #"{"a":1,"a":1}"#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"[{"b":{"c":1,"c":null}}]"#,
        // Numbers that are no integers, or that another reader would round.
        "1.5", "1.0", "0.0", "1.", ".5", "1e2", "1E2", "0e0", "1e-1", "-0", "-", "+1", "01", "-01", "00", "0x10", "1_000", "1,000",
        "9007199254740992", "-9007199254740992", "9223372036854775807", "9223372036854775808", "100000000000000000000",
        "-9223372036854775808", "٣", "１", "--1", "1-",
        // Strings.
        "\"", "\"a", #""\""#, #""\x41""#, #""\u12""#, #""\u12g4""#, #""\u+123""#, #""\u 123""#, "\"\n\"", "\"\t\"", "\"\0\"", "\"\u{1F}\"",
        #""\U0041""#, "'a'", #""\a""#, "\"\\\n\"",
        // A surrogate without the other.
        #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#, #""\ud83d\u0041""#,
        #"{"\udead":1}"#,
        // Something behind the end.
        "1 1", "{}{}", "[] x", "null,", "\"a\"\"b\"", "1\0", "{}\0",
        // A byte order mark, and white space that is none of JSON's.
        "\u{FEFF}{}", "\u{A0}1", "\u{B}1", "\u{C}1",
    ]

    @Test("refuses what is no JSON of integers", arguments: malformed)
    func refuses(json: String) {
        #expect {
            _ = try JSON(parsing: Array(json.utf8))
        } throws: { error in
            if case CanonicalJSONError.malformed(let offset, let expected) = error {
                offset >= 0 && offset <= json.utf8.count && !expected.isEmpty
            } else {
                false
            }
        }
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC3], [0xE1, 0xBB], [0xED, 0xA0, 0x80], [0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
            [0xF0, 0x80, 0x80, 0xAF],
        ] as [[UInt8]])
    func refusesBytes(bytes: [UInt8]) {
        for json in [[0x22] + bytes + [0x22], [0x22, 0x5C, 0x6E] + bytes + [0x22], [0x7B, 0x22] + bytes + Array("\":1}".utf8), bytes] {
            #expect(throws: CanonicalJSONError.self) { try JSON(parsing: json) }
        }
    }

    @Test func `is nested as deep as the limit and no deeper`() throws {
        let limit = JSON.depthLimit
        #expect(limit == 32)
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = open == "[" ? "" : "1"
            func nested(_ depth: Int) -> [UInt8] {
                Array((String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)).utf8)
            }
            let deepest = open == "[" ? limit + 1 : limit
            #expect(try JSON(canonical: nested(deepest)).canonicalBytes == nested(deepest))
            #expect(throws: CanonicalJSONError.tooDeep(limit: limit)) { try JSON(parsing: nested(deepest + 1)) }
            #expect(throws: CanonicalJSONError.tooDeep(limit: limit)) { try JSON(parsing: nested(1_000_000)) }
        }
    }

    @Test(
        "refuses JSON that would be written otherwise",
        arguments: [
            " 1", "1 ", "1\n", "[1, 2]", "{ }", #"{"b":1,"a":2}"#, #"{"a" :1}"#, #""\u0041""#, #""\u00e9""#, #""\/""#, #""\u000A""#, #""\u001F""#,
            #""\u000a""#, #""\u0008""#, #"{"\ufb33":1,"\ud83d\ude00":2}"#,
        ])
    func refusesUncanonical(json: String) {
        #expect(throws: CanonicalJSONError.notCanonical) { try JSON(canonical: Array(json.utf8)) }
        #expect(throws: Never.self) { try JSON(parsing: Array(json.utf8)) }
    }

    @Test func `a random value is read from what it is written as, by us and by Foundation`() throws {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for _ in 0..<2_000 {
            let value = generator.json(depth: 0)
            let bytes = value.canonicalBytes
            let read = try JSON(canonical: bytes)
            #expect(read == value && read.canonicalBytes == bytes, "seed \(generator.seed)")
            let foreign = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(Self.isSame(value, foreign), "seed \(generator.seed): \(value.canonicalText)")
        }
    }

    @Test func `garbled JSON is refused or read, and never traps`() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        var refused = 0
        for _ in 0..<5_000 {
            var bytes = generator.json(depth: 0).canonicalBytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes = Array(bytes[..<index])
                }
            }
            if let value = try? JSON(canonical: bytes) {
                #expect(value.canonicalBytes == bytes, "seed \(generator.seed)")
            } else {
                refused += 1
            }
        }
        #expect(refused > 1_000, "seed \(generator.seed)")
    }

    private static func isSame(_ value: JSON, _ foreign: Any) -> Bool {
        switch value {
        case .null: return foreign is NSNull
        case .bool(let value): return foreign as? Bool == value
        case .integer(let value): return (foreign as? NSNumber)?.int64Value == value
        case .string(let value): return (foreign as? String).map { Array($0.utf8) } == Array(value.utf8)
        case .array(let values):
            guard let array = foreign as? [Any], array.count == values.count else { return false }
            return zip(values, array).allSatisfy { isSame($0, $1) }
        case .object(let members):
            guard let dictionary = foreign as? [String: Any], dictionary.count == members.count else { return false }
            return members.allSatisfy { key, value in dictionary[key].map { isSame(value, $0) } ?? false }
        }
    }
}

/// A small generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func text() -> String {
        let pieces = [
            "a", "Đ", "ồ", "\u{301}", "\u{0}", "\u{1F}", "\u{7F}", "\"", "\\", "/", "\n", "\t", "😀", "\u{FB33}", "\u{10FFFF}", "\u{2028}",
            "€", " ", "1", "\u{80}", "\u{E000}",
        ]
        return (0..<Int.random(in: 0...6, using: &self)).map { _ in pieces[Int.random(in: pieces.indices, using: &self)] }.joined()
    }

    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth < 5 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int64.random(in: JSON.safeIntegers, using: &self))
        case 3: return .integer(Int64.random(in: -9...9, using: &self))
        case 4: return .string(text())
        case 5: return .array((0..<Int.random(in: 0...4, using: &self)).map { _ in json(depth: depth + 1) })
        default:
            var members: [String: JSON] = [:]
            for _ in 0..<Int.random(in: 0...5, using: &self) { members[text()] = json(depth: depth + 1) }
            return .object(members)
        }
    }
}
