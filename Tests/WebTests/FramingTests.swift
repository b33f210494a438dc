import Testing

@testable import Web

@Suite("HTTP is read in one way", .timeLimit(.minutes(30)))
struct FramingTests {
    struct Row: Sendable {
        let name: String
        let request: String
        /// The statuses that come back, in their order.
        let statuses: [String]
    }

    private static func get(_ rest: String = "", _ target: String = "/health", version: String = "1.1") -> String {
        "GET \(target) HTTP/\(version)\r\nHost: a\r\n\(rest)\r\n"
    }

    private static func post(_ rest: String) -> String { "PUT /health HTTP/1.1\r\nHost: a\r\n\(rest)" }
    private static let chunked = post("Transfer-Encoding: chunked\r\n\r\n")
    private static let closing = get("Connection: close\r\n")

    /// Each is followed by a request that must not be answered where what came before could be read in two ways.
    static let rows = [
        Row(name: "pipelined", request: get() + get() + closing, statuses: ["200", "200", "200"]),
        Row(name: "behind Connection: close", request: closing + get(), statuses: ["200"]),
        Row(name: "HTTP/1.0", request: "GET /health HTTP/1.0\r\n\r\n", statuses: ["200"]),
        Row(name: "a line end before the request", request: "\r\n" + closing, statuses: ["200"]),
        Row(name: "a body that nobody wants", request: post("Content-Length: 5\r\n\r\nhello") + closing, statuses: ["405", "200"]),
        Row(name: "no Host", request: "GET /health HTTP/1.1\r\n\r\n", statuses: ["400"]),
        Row(name: "two Hosts", request: get("Host: a\r\n"), statuses: ["400"]),
        Row(name: "Host with a space", request: "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", statuses: ["400"]),
        Row(name: "Host with a path", request: "GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", statuses: ["400"]),
        Row(name: "absolute form", request: get("", "http://evil/health"), statuses: ["400"]),
        Row(name: "asterisk form", request: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", statuses: ["400"]),
        Row(name: "authority form", request: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", statuses: ["400"]),
        Row(name: "no slash", request: get("", "health"), statuses: ["400"]),
        Row(name: "a fragment", request: get("", "/health#a"), statuses: ["400"]),
        Row(name: "a method of its own", request: "FETCH /health HTTP/1.1\r\nHost: a\r\n\r\n", statuses: ["400"]),
        Row(name: "a method in small letters", request: "get /health HTTP/1.1\r\nHost: a\r\n\r\n", statuses: ["400"]),
        Row(name: "HTTP/2.0", request: get(version: "2.0"), statuses: ["400"]),
        Row(name: "the preface of HTTP/2", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses: ["400"]),
        Row(name: "HTTP/0.9", request: "GET /health\r\n\r\n", statuses: ["400"]),
        Row(name: "TLS", request: "\u{16}\u{3}\u{1}\u{0}\u{5}hello", statuses: ["400"]),
        Row(
            name: "length and chunks", request: post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") + closing, statuses: ["400"]),
        Row(
            name: "chunks and length", request: post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n") + closing, statuses: ["400"]),
        Row(name: "two lengths", request: post("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "one length twice", request: post("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "a list of lengths", request: post("Content-Length: 5, 5\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "a length with a sign", request: post("Content-Length: +5\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "a negative length", request: post("Content-Length: -5\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "a length that no number has", request: post("Content-Length: 99999999999999999999\r\n\r\nhello"), statuses: ["400"]),
        Row(name: "a length in hexadecimal", request: post("Content-Length: 0x5\r\n\r\nhello") + closing, statuses: ["400"]),
        Row(name: "an encoding that is not chunked", request: post("Transfer-Encoding: identity\r\n\r\n") + closing, statuses: ["400"]),
        Row(name: "chunked, then another", request: post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n") + closing, statuses: ["400"]),
        Row(name: "chunked twice", request: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), statuses: ["400"]),
        Row(name: "a space before the colon", request: post("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n") + closing, statuses: ["400"]),
        Row(name: "a vertical tab", request: post("Transfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n") + closing, statuses: ["400"]),
        Row(name: "chunks in HTTP/1.0", request: "PUT /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", statuses: ["400"]),
        // The head is sound, and is answered; what comes behind is not read.
        Row(name: "a chunk of no size", request: chunked + "zz\r\nhello\r\n0\r\n\r\n" + closing, statuses: ["405"]),
        Row(name: "a chunk of a negative size", request: chunked + "-5\r\nhello\r\n0\r\n\r\n" + closing, statuses: ["405"]),
        Row(name: "a chunk that is too long", request: chunked + "3\r\nhello\r\n0\r\n\r\n" + closing, statuses: ["405"]),
        Row(name: "chunks with bare LF", request: chunked + "5\nhello\n0\n\n" + closing, statuses: ["405"]),
        Row(name: "a chunk with a huge size", request: chunked + "fffffffffffffffff\r\nhello\r\n" + closing, statuses: ["405"]),
        Row(name: "bare LF", request: "GET /health HTTP/1.1\nHost: a\n\n", statuses: ["400"]),
        Row(name: "bare LF in one line", request: "GET /health HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", statuses: ["400"]),
        Row(name: "bare CR", request: "GET /health HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", statuses: ["400"]),
        Row(name: "a folded line", request: get("X: a\r\n b\r\n"), statuses: ["400"]),
        Row(name: "a folded first line", request: "GET /health HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", statuses: ["400"]),
        Row(name: "NUL in a value", request: get("X: a\u{0}b\r\n"), statuses: ["400"]),
        Row(name: "a space in a name", request: get("X y: a\r\n"), statuses: ["400"]),
        Row(name: "no name", request: get(": a\r\n"), statuses: ["400"]),
        Row(name: "no colon", request: get("Xa\r\n"), statuses: ["400"]),
        Row(name: "a bracket in a name", request: get("X(a): a\r\n"), statuses: ["400"]),
        Row(name: "a space in the target", request: get("", "/he alth"), statuses: ["400"]),
        Row(name: "NUL in the target", request: get("", "/hea\u{0}lth"), statuses: ["400"]),
        Row(name: "letters beyond ASCII in the target", request: get("", "/giấy"), statuses: ["400"]),
        Row(name: "a sound request before", request: get() + get("Host: a\r\n") + get(), statuses: ["200", "400"]),
        Row(name: "a header field that is too long", request: get("X: \(String(repeating: "a", count: 20_000))\r\n"), statuses: ["400"]),
        Row(name: "header fields that are too many", request: get((0..<100).map { "X\($0): a\r\n" }.joined()), statuses: ["400"]),
        Row(name: "a target that is too long", request: get("", "/" + String(repeating: "a", count: 20_000)), statuses: ["400"]),
    ]

    @Test("What two readers could read in two ways is refused, and the connection ends")
    func table() async throws {
        try await ServerUnderTest.run { server in
            for row in Self.rows {
                let answer = try await server.raw(row.request)
                let statuses = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
                #expect(statuses == row.statuses, "\(row.name): \(answer)")
            }
        }
    }
}
