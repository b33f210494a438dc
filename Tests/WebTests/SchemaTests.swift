import Foundation
import Ledger
import Testing

@testable import Web

@Suite("Schemas")
struct SchemaTests {
    static let person = Schema.object([
        .required("name", .line(max: 10)), .optional("age", .integer(0...150)), .optional("tags", .array(.choice(["a", "b"]), max: 2)),
        .optional("admin", .boolean), .optional("born", .date),
        .optional("address", .object([.required("street", .line())])), .optional("scores", .dictionary(.integer(0...10))),
    ])

    @Test(
        "A value that is not what the schema says is told with its place",
        arguments: [
            (#"{"name":"x"}"#, []),
            (#"{"name":"x","age":150,"tags":["a","b"],"admin":true,"born":"2024-02-29","address":{"street":"y"},"scores":{"A1":9}}"#, []),
            (#"[]"#, [" is not an object"]),
            (#"{}"#, ["/name is missing"]),
            (#"{"name":null}"#, ["/name is not a text"]),
            (#"{"name":""}"#, ["/name is empty"]),
            (#"{"name":"12345678901"}"#, ["/name is longer than 10"]),
            (#"{"name":"ẫẫẫẫẫẫẫẫẫẫ"}"#, []),
            (#"{"name":"a\nb"}"#, ["/name is not a line of text without control characters"]),
            (#"{"name":"x","age":151}"#, ["/age is not between 0 and 150"]),
            (#"{"name":"x","age":"1"}"#, ["/age is not an integer"]),
            (#"{"name":"x","admin":"true"}"#, ["/admin is not true or false"]),
            (#"{"name":"x","admin":1}"#, ["/admin is not true or false"]),
            (#"{"name":"x","tags":["a","c"]}"#, ["/tags/1 is not one of a, b"]),
            (#"{"name":"x","tags":["a","a","a"]}"#, ["/tags has 3 elements, and at most 2 are taken"]),
            (#"{"name":"x","tags":{}}"#, ["/tags is not an array"]),
            (#"{"name":"x","born":"2023-02-29"}"#, ["/born is not a date, e.g. 2025-12-31"]),
            (#"{"name":"x","address":{"street":"y","a/b~c":1}}"#, ["/address/a~1b~0c is no field of this"]),
            (#"{"name":"x","scores":{"A1":11}}"#, ["/scores/A1 is not between 0 and 10"]),
            (#"{"age":-1,"nickname":"y"}"#, ["/name is missing", "/age is not between 0 and 150", "/nickname is no field of this"]),
        ])
    func findings(_ text: String, _ expected: [String]) throws {
        let value = try JSON(parsing: Array(text.utf8))
        #expect(Self.person.findings(in: value).map { "\($0.pointer) \($0.reason)" } == expected)
    }

    @Test("A pattern takes the texts that the check takes, dates and accounts apart, whose patterns say only how they look")
    func patterns() throws {
        let forms: [TextForm] = [.line, .prose, .date, .time, .digest, .account, .identifier("ev-")]
        let texts = [
            "", "a", "A", "a b", "a\tb", "a\nb", "a\u{0}b", "a\u{7F}b", "a\u{85}b", "a\u{2028}b", "đ", "2025-12-31", "2025-12-3", "2025-12-31 ",
            "2025-12-31T23:59:59.123Z", "2025-12-31T23:59:59Z", String(repeating: "a", count: 64), String(repeating: "A", count: 64),
            String(repeating: "a", count: 63), "officer-17", "Officer", "ev-7h2k9q4m1c8r5t0w", "ev-7h2k9q4m1c8r5t0", "ev-ih2k9q4m1c8r5t0w",
            "do-7h2k9q4m1c8r5t0w", "console:lan",
        ]
        for form in forms {
            let pattern = try #require(form.pattern)
            // ICU reads \uXXXX as ECMA-262 does.
            let expression = try NSRegularExpression(pattern: pattern)
            for text in texts where !(form == .account && (text.isEmpty || text.utf8.count > 63)) {
                let range = NSRange(location: 0, length: text.utf16.count)
                let takes = expression.firstMatch(in: text, range: range).map { $0.range == range } ?? false
                #expect(form.matches(text) == takes, "\(form) of \(text.debugDescription)")
            }
        }
    }

    @Test("A schema is JSON Schema, closed and with an end")
    func rendered() {
        let tags = Schema.array(.named("Tag", .choice(["a"])), max: 2)
        let schema = Schema.object([.required("count", .integer(0...5)), .optional("tags", tags, "Words."), .optional("born", .date)])
        let parts = [
            ##"{"additionalProperties":false,"properties":{"##,
            ##""born":{"format":"date","maxLength":10,"minLength":10,"pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","type":"string"},"##,
            ##""count":{"maximum":5,"minimum":0,"type":"integer"},"##,
            ##""tags":{"description":"Words.","items":{"$ref":"#/components/schemas/Tag"},"maxItems":2,"type":"array"}},"##,
            ##""required":["count"],"type":"object"}"##,
        ]
        #expect(schema.json.canonicalText == parts.joined())
        #expect(schema.components.map(\.name) == ["Tag"])
    }
}

@Suite("Parts of requests")
struct RequestPartTests {
    @Test(
        "A range is read as RFC 9110 says",
        arguments: [
            ("bytes=0-0", 10, ByteRange.part(0..<1)), ("bytes=0-9", 10, .part(0..<10)), ("bytes=5-", 10, .part(5..<10)),
            ("bytes=-3", 10, .part(7..<10)), ("bytes=-30", 10, .part(0..<10)), ("bytes=-99999999999999999999", 10, .part(0..<10)),
            ("bytes=9-100", 10, .part(9..<10)),
            ("BYTES=1-2", 10, .part(1..<3)), ("bytes=10-", 10, .outside), ("bytes=10-20", 10, .outside), ("bytes=-0", 10, .outside),
            ("bytes=0-99999999999999999999", 10, .part(0..<10)), ("bytes=99999999999999999999-", 10, .outside),
            ("bytes=0-9223372036854775807", 10, .part(0..<10)), ("bytes=9223372036854775807-", 10, .outside),
            ("bytes=5-4", 10, .ignored), ("bytes=-", 10, .ignored), ("bytes=0-1,3-4", 10, .ignored), ("bytes=a-b", 10, .ignored),
            ("items=0-1", 10, .ignored), ("bytes 0-1", 10, .ignored), ("bytes=+1-2", 10, .ignored), ("", 10, .ignored),
        ])
    func ranges(_ text: String, _ size: Int64, _ expected: ByteRange) { #expect(ByteRange.read(text, size: size) == expected) }

    @Test(
        "An ETag is found in a list of them, weak or strong",
        arguments: [
            (#""a""#, true), (#"W/"a""#, true), (#""b", "a""#, true), ("*", true), (#""b""#, false), ("a", false), ("", false), (#""a"#, false),
        ])
    func entityTags(_ field: String, _ isThere: Bool) { #expect(EntityTags.contains(#""a""#, in: field) == isThere) }

    @Test(
        "A name under which a file is saved ends no field, divides no path, and turns no direction",
        arguments: [
            ("giấy.pdf", #"attachment; filename="gi_y.pdf"; filename*=UTF-8''gi%E1%BA%A5y.pdf"#),
            ("a\"b.pdf", #"attachment; filename="a_b.pdf"; filename*=UTF-8''a_b.pdf"#),
            ("a\r\nSet-Cookie: x.pdf", #"attachment; filename="aSet-Cookie_ x.pdf"; filename*=UTF-8''aSet-Cookie_%20x.pdf"#),
            ("../../etc/passwd", #"attachment; filename="_.._etc_passwd"; filename*=UTF-8''_.._etc_passwd"#),
            ("a\u{202E}fdp.exe", #"attachment; filename="afdp.exe"; filename*=UTF-8''afdp.exe"#),
            ("", #"attachment; filename="file"; filename*=UTF-8''file"#),
            (".htaccess", #"attachment; filename="htaccess"; filename*=UTF-8''htaccess"#),
            ("a%20b.pdf", #"attachment; filename="a_20b.pdf"; filename*=UTF-8''a%2520b.pdf"#),
        ])
    func dispositions(_ name: String, _ expected: String) { #expect(Attachment.disposition(name) == expected) }

    @Test("A cursor says its place, and what is none says nothing")
    func cursors() {
        for place in ["", "ev-7h2k9q4m1c8r5t0w", "120", "ẫ"] { #expect(Page.place(of: Page.cursor(for: place)) == place) }
        for text in ["a", "zz", "FF", "ff", "12 4"] { #expect(Page.place(of: text) == nil, "\(text)") }
    }

    struct Forwarding: Sendable, CustomTestStringConvertible {
        let peer: String
        let fields: [(String, String)]
        let trusted: Set<String>
        let text: String
        let isMachine: Bool
        let isSecure: Bool
        var testDescription: String { "\(peer) \(fields) trusting \(trusted.sorted())" }
    }

    @Test(
        "Who asks is the other end, or who a trusted proxy says",
        arguments: [
            Forwarding(peer: "127.0.0.1", fields: [], trusted: [], text: "127.0.0.1", isMachine: true, isSecure: false),
            Forwarding(peer: "::1", fields: [], trusted: [], text: "::1", isMachine: true, isSecure: false),
            Forwarding(peer: "10.0.0.9", fields: [], trusted: [], text: "10.0.0.9", isMachine: false, isSecure: false),
            // Nobody is trusted: what is claimed counts for nothing, and a forwarded request is not the machine's own.
            Forwarding(
                peer: "127.0.0.1", fields: [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")], trusted: [], text: "127.0.0.1",
                isMachine: false, isSecure: false),
            Forwarding(
                peer: "127.0.0.1", fields: [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")], trusted: ["127.0.0.1"], text: "1.2.3.4",
                isMachine: false, isSecure: true),
            // The client put an address before its own.
            Forwarding(
                peer: "127.0.0.1", fields: [("x-forwarded-for", "127.0.0.1, 6.6.6.6, 1.2.3.4")], trusted: ["127.0.0.1"], text: "1.2.3.4",
                isMachine: false, isSecure: false),
            Forwarding(
                peer: "10.0.0.1", fields: [("x-forwarded-for", "1.2.3.4, 10.0.0.2")], trusted: ["10.0.0.1", "10.0.0.2"], text: "1.2.3.4",
                isMachine: false, isSecure: false),
            Forwarding(
                peer: "10.0.0.1", fields: [("forwarded", #"for="[2001:db8::1]:4711";proto=https, for=1.2.3.4;proto=http"#)], trusted: ["10.0.0.1"],
                text: "1.2.3.4", isMachine: false, isSecure: false),
            Forwarding(
                peer: "::ffff:10.0.0.1", fields: [("forwarded", #"for="[2001:db8::1]:4711";proto=https"#)], trusted: ["10.0.0.1"],
                text: "2001:db8::1",
                isMachine: false, isSecure: true),
            Forwarding(
                peer: "10.0.0.1", fields: [("x-forwarded-for", "<script>")], trusted: ["10.0.0.1"], text: "unknown", isMachine: false, isSecure: false
            ),
            // What cannot be read ends the way back: nobody behind it is believed, whatever is trusted.
            Forwarding(
                peer: "10.0.0.1", fields: [("x-forwarded-for", "6.6.6.6, 10.0.0.0/8")], trusted: ["10.0.0.1", "unknown", "10.0.0.0/8"],
                text: "unknown", isMachine: false, isSecure: false),
            Forwarding(
                peer: "10.0.0.1", fields: [("forwarded", "for=6.6.6.6, for=_hidden, for=10.0.0.2")], trusted: ["10.0.0.1", "10.0.0.2"],
                text: "unknown", isMachine: false, isSecure: false),
            Forwarding(
                peer: "10.0.0.1", fields: [("forwarded", "for=6.6.6.6, proto=https")], trusted: ["10.0.0.1"], text: "unknown", isMachine: false,
                isSecure: true),
            // One address has several spellings.
            Forwarding(
                peer: "2001:db8::1", fields: [("x-forwarded-for", "1.2.3.4, 2001:0DB8:0:0::0001")], trusted: ["2001:db8::1"], text: "1.2.3.4",
                isMachine: false, isSecure: false),
            // The proxy itself looks whether the server is up.
            Forwarding(peer: "127.0.0.1", fields: [], trusted: ["127.0.0.1"], text: "127.0.0.1", isMachine: true, isSecure: false),
        ])
    func clients(_ forwarding: Forwarding) {
        let client = ClientAddress(
            peer: forwarding.peer, fields: RequestFields(forwarding.fields), trusted: forwarding.trusted, isTLS: false)
        #expect(client.text == forwarding.text)
        #expect(client.isMachine == forwarding.isMachine)
        #expect(client.isSecure == forwarding.isSecure)
    }
}
