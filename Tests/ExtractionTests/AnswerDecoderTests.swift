import ExtractionWire
import Testing

private func decode(_ bytes: [UInt8], limits: ExtractionLimits = .init(), piece: Int = .max) throws(WireViolation) -> Answer {
    var decoder = AnswerDecoder(limits: limits)
    var rest = bytes[...]
    while !rest.isEmpty {
        let next = Array(rest.prefix(piece))
        rest = rest.dropFirst(piece)
        try next.withUnsafeBytes { bytes in Result { () throws(WireViolation) in try decoder.feed(bytes) } }.get()
    }
    return try decoder.finish()
}

private func page(_ number: Int, _ text: String) -> [UInt8] {
    Frame.pageHeader(number: number, textSize: text.utf8.count) + Array(text.utf8)
}

private let pdf = Frame.kind(mediaType: "application/pdf")
private let whole =
    pdf + Frame.fact(.title, "Giấy khen") + page(1, "một\n") + page(2, "") + Frame.done(pageCount: 2, limit: nil)

struct AnswerDecoderTests {
    @Test("an answer is the same in pieces of any size", arguments: [1, 2, 3, 7, 64, .max])
    func pieces(size: Int) throws {
        let answer = try decode(whole, piece: size)
        #expect(answer.mediaType == "application/pdf")
        #expect(answer.facts == ["title": "Giấy khen"])
        #expect(answer.pages == ["một\n", ""])
        #expect(answer.ending == .done(pageCount: 2, limit: nil))
    }

    @Test func `an answer that is cut anywhere is refused`() {
        for length in 0..<whole.count {
            #expect(throws: WireViolation.truncated) { try decode(Array(whole[..<length])) }
        }
    }

    @Test func `a failure needs no kind`() throws {
        #expect(try decode(Frame.failed("không đọc được")).ending == .failed("không đọc được"))
    }

    @Test func `bytes at random are refused, and never crash`() {
        var generator = SplitMix(state: 20_260_101)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(throws: WireViolation.self) { try decode(bytes) }
        }
    }

    @Test func `an answer with any one byte changed is refused or keeps the rules`() {
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 0xFF
            guard let answer = try? decode(bytes) else { continue }
            #expect(answer.pages.allSatisfy { !$0.unicodeScalars.contains { $0.value < 9 } })
        }
    }

    static let refused: [(String, [UInt8], WireViolation)] = [
        ("unknown type", [9, 0, 0, 0, 0], .unknownType(9)),
        ("page before kind", page(1, "a"), .outOfOrder(.page)),
        ("done before kind", Frame.done(pageCount: 0, limit: nil), .outOfOrder(.done)),
        ("two kinds", pdf + pdf, .outOfOrder(.kind)),
        ("page zero", pdf + page(0, "a"), .outOfOrder(.page)),
        ("page again", pdf + page(1, "a") + page(1, "a"), .outOfOrder(.page)),
        ("page left out", pdf + page(2, "a"), .outOfOrder(.page)),
        ("two ends", whole + Frame.done(pageCount: 2, limit: nil), .afterEnd),
        ("a byte after the end", whole + [0], .afterEnd),
        ("a page after the end", whole + page(3, "a"), .afterEnd),
        ("huge page", pdf + [3, 0xFF, 0xFF, 0xFF, 0x7F], .tooLong(type: 3, length: 0x7FFF_FFFF)),
        ("huge reason", [6, 0, 0, 1, 0], .tooLong(type: 6, length: 65_536)),
        ("no media type", Frame.kind(mediaType: "pdf"), .malformed(.kind)),
        ("media type with a space", Frame.kind(mediaType: "a/b c"), .malformed(.kind)),
        ("long media type", Frame.kind(mediaType: "a/" + String(repeating: "b", count: 200)), .malformed(.kind)),
        ("page not UTF-8", pdf + Frame.pageHeader(number: 1, textSize: 1) + [0xFF], .malformed(.page)),
        ("page with NUL", pdf + page(1, "a\0"), .malformed(.page)),
        ("page with escape", pdf + page(1, "\u{1B}[2J"), .malformed(.page)),
        ("page with C1 control", pdf + page(1, "a\u{85}"), .malformed(.page)),
        ("page with form feed", pdf + page(1, "a\u{C}"), .malformed(.page)),
        ("page without a number", pdf + [3, 2, 0, 0, 0, 1, 0], .malformed(.page)),
        ("fact twice", pdf + Frame.fact(.title, "a") + Frame.fact(.title, "b"), .malformed(.fact)),
        ("fact of no known key", pdf + [2, 6, 0, 0, 0, 1, 0, 0, 0, 0x78, 0x79], .malformed(.fact)),
        ("long fact", pdf + Frame.fact(.title, String(repeating: "x", count: 1_001)), .malformed(.fact)),
        ("fact with NUL", pdf + Frame.fact(.title, "a\0"), .malformed(.fact)),
        ("count too small", pdf + page(1, "a") + Frame.done(pageCount: 0, limit: nil), .malformed(.done)),
        ("count too large", pdf + page(1, "a") + Frame.done(pageCount: 2, limit: nil), .malformed(.done)),
        ("unknown limit", pdf + [4, 5, 0, 0, 0, 0, 0, 0, 0, 9], .malformed(.done)),
        ("not read, with pages", pdf + page(1, "a") + Frame.notRead(), .malformed(.notRead)),
    ]

    @Test("what breaks the rules is refused", arguments: refused)
    func refusal(name: String, bytes: [UInt8], violation: WireViolation) {
        #expect(throws: violation) { try decode(bytes) }
        #expect(throws: violation) { try decode(bytes, piece: 1) }
    }

    @Test func `what passes a limit is refused`() {
        let limits = ExtractionLimits(pages: 2, pageText: 10, totalText: 15)
        #expect(throws: WireViolation.tooLong(type: 3, length: 15)) { try decode(pdf + page(1, "12345678901"), limits: limits) }
        #expect(throws: WireViolation.tooMuch("pages")) {
            try decode(pdf + page(1, "") + page(2, "") + page(3, ""), limits: limits)
        }
        #expect(throws: WireViolation.tooMuch("bytes of text")) {
            try decode(pdf + page(1, "1234567890") + page(2, "123456"), limits: limits)
        }
    }

    @Test func `control messages come back as they were`() throws {
        let page = try #require(PageRequest(page: 7, width: 320, height: 200, limits: .init(imageSize: 5)))
        let requests: [ControlRequest] = [.kill, .read(.init()), .read(.init(cpuSeconds: 1, pages: 3)), .render(page)]
        for request in requests {
            #expect(request.bytes.withUnsafeBytes { ControlRequest($0) } == request)
        }
        let reports: [ControlReport] = [
            .hello(tool: "t/1", landlock: 7, unavailable: nil), .hello(tool: "t/1", landlock: 0, unavailable: "không"),
            .ended(.exited(code: 0), cpuMilliseconds: 5, peakKilobytes: 9),
            .ended(.signalled(11), cpuMilliseconds: 5, peakKilobytes: 9),
            .ended(.refused("seccomp"), cpuMilliseconds: 0, peakKilobytes: 0),
            .ended(.outOfMemory, cpuMilliseconds: 0, peakKilobytes: 0),
            .ended(.notStarted(11), cpuMilliseconds: 0, peakKilobytes: 0),
        ]
        for report in reports {
            let bytes = report.bytes
            #expect(bytes.withUnsafeBytes { ControlReport($0) } == report)
            for length in bytes.indices {
                #expect(Array(bytes[..<length]).withUnsafeBytes { ControlReport($0) } == nil)
            }
            #expect((bytes + [0]).withUnsafeBytes { ControlReport($0) } == nil)
        }
    }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
