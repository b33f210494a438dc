import Evidence
import Extraction
import ExtractionWire
import Foundation
import Glibc
import Testing

/// What a page image may cost, held against documents that are made to cost more, and readers that mean harm.
@Suite(.serialized)
struct PageLimitTests {
    @Test(
        "a page that needs too much processor time fails, and the next one is shown",
        arguments: [Sample("flate", TestPDF.flateBomb), Sample("forms", TestPDF.formBomb)])
    func processorTime(bomb: Sample) throws {
        let renderer = try PageRenderer(worker: workerPath, limits: .init(cpuSeconds: 1))
        let process = renderer.workerProcess
        #expect(try show(bomb.bytes, by: renderer) == .failed(reason: "needs more than 1 s of processor time"))
        #expect(try picture(show(TestPDF.pages([""]), by: renderer)).width == 320)
        #expect(renderer.workerProcess == process)
    }

    @Test func `a page that takes too long fails`() throws {
        #expect(try show(TestPDF.formBomb, limits: .init(wallSeconds: 1)) == .failed(reason: "takes longer than 1 s"))
    }

    static let large: [Sample] = [
        Sample("PNG 30000²", TestPNG.image(TestPNG.header(width: 30_000, height: 30_000, depth: 8, colour: 0), rows: [])),
        Sample("PNG 2³¹-1", TestPNG.signature + TestPNG.header(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, depth: 8, colour: 0)),
        Sample("PNG 2³¹-1 × 1", TestPNG.image(TestPNG.header(width: 0x7FFF_FFFF, height: 1, depth: 16, colour: 6, interlaced: true), rows: [])),
        Sample("JPEG 65500²", PageImageTests.quarters.replacing([0, 0x20, 0, 0x30], with: [0xFF, 0xDC, 0xFF, 0xDC])),
    ]

    @Test("an image of too many pixels is refused by its header", arguments: large)
    func pixels(image: Sample) throws {
        guard case .refused(.tooManyPixels, let reason) = try show(image.bytes, limits: .init(cpuSeconds: 1, addressSpace: 512 << 20)) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.hasSuffix("pixels are more than 100000000"))
    }

    @Test func `a page of a thousand metres is a page`() throws {
        let document = TestPDF.document([
            Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 1/Kids[3 0 R]>>".utf8),
            Array("<</Type/Page/Parent 2 0 R/MediaBox[0 0 2000000 1000000]>>".utf8),
        ])
        #expect(try picture(show(document)) == Picture(width: 320, height: 160) { _, _ in [255, 255, 255] })
    }

    @Test func `an image of 3.6 thousand million bits in a page ends within the limits`() throws {
        let bits = TestPDF.deflatedRun(of: [0], copies: 60_000 * 7_500 / 258)
        let document = TestPDF.document([
            Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 1/Kids[3 0 R]>>".utf8),
            Array("<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>".utf8),
            TestPDF.stream("", Array("100 0 0 100 0 0 cm /X Do".utf8)),
            TestPDF.stream(
                "/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode", bits),
        ])
        let start = Date()
        let outcome = try show(document, limits: .init(cpuSeconds: 2))
        print("an image of 60000² bits: \(Date().timeIntervalSince(start)) s, \("\(outcome)".prefix(60))")
        #expect(Date().timeIntervalSince(start) < 25)
        if case .failed(let reason) = outcome { #expect(!reason.contains("crashed")) }
    }

    @Test func `an image longer than is allowed is not sent`() throws {
        let outcome = try show(TestPNG.plain(PageImageTests.gradient), limits: .init(imageSize: 100))
        #expect(outcome == .refused(.tooLong, reason: "its image has more than 100 bytes"))
    }

    @Test func `what may not be asked for is no request`() {
        #expect(PageRequest(page: 1, width: 6_000, height: 6_000) != nil)
        for (page, width, height) in [(0, 1, 1), (1, 0, 1), (1, 1, -1), (1, 7_000, 7_000), (1, 40_000, 1), (10_000_001, 1, 1)] {
            #expect(PageRequest(page: page, width: width, height: height) == nil)
        }
    }

    // MARK: Readers that answer wrongly

    private static let kind = Frame.kind(mediaType: "a/b")
    private static func image(_ png: [UInt8]) -> [UInt8] { Frame.imageHeader(size: png.count) + png }
    private static let good = TestPNG.plain(PageImageTests.gradient)
    private static let text = TestPNG.plain(PageImageTests.gradient, chunks: TestPNG.chunk("tEXt", Array("a\0b".utf8)))
    private static let rgba = TestPNG.image(TestPNG.header(width: 1, height: 1, depth: 8, colour: 6), rows: [[1, 2, 3, 4]])

    static let hostile: [(Sample, reason: String)] = [
        (Sample("not a PNG", kind + image(Array("<svg onload=x>".utf8))), "a malformed image frame"),
        (Sample("bytes behind the PNG", kind + image(good + [0])), "a malformed image frame"),
        (Sample("half a PNG", kind + image(Array(good.dropLast(9)))), "a malformed image frame"),
        (Sample("a PNG with text", kind + image(text)), "a malformed image frame"),
        (Sample("a PNG of another form", kind + image(rgba)), "a malformed image frame"),
        (
            Sample("wider than asked for", kind + image(TestPNG.plain(Picture(width: 321, height: 1) { _, _ in [0, 0, 0] }))),
            "a malformed image frame"
        ),
        (
            Sample("no width", kind + image(TestPNG.image(TestPNG.header(width: 0, height: 1, depth: 8, colour: 2), rows: []))),
            "a malformed image frame"
        ),
        (Sample("longer than allowed", kind + Frame.imageHeader(size: 16 << 20 + 1)), "a frame of type 7 with 16777217 bytes"),
        (Sample("no kind", image(good)), "a image frame out of order"),
        (Sample("two images", kind + image(good) + image(good)), "bytes after the last frame"),
        (Sample("text", kind + Frame.pageHeader(number: 1, textSize: 1) + [0x61]), "a frame of unknown type 3"),
        (Sample("as many pages as asked for", kind + Frame.noSuchPage(count: 1)), "a malformed noSuchPage frame"),
        (Sample("a refusal of no kind", kind + [9, 2, 0, 0, 0, 77, 0x61]), "a malformed notShown frame"),
        (Sample("a reason with an escape", kind + Frame.notShown(.damaged, "\u{1B}[2J")), "a malformed notShown frame"),
    ]

    @Test("a reader that answers wrongly shows nothing", arguments: hostile)
    func hostileReader(answer: Sample, reason: String) throws {
        let fake = try fakeWorker(answer.bytes, report: ControlReport.ended(.exited(code: 0), cpuMilliseconds: 0, peakKilobytes: 0).bytes)
        #expect(try show([1], by: PageRenderer(worker: fake.path)) == .failed(reason: "crashed twice (garbled answer: \(reason))"))
    }

    @Test func `a good answer of the same worker is shown`() throws {
        let fake = try fakeWorker(
            Self.kind + Self.image(Self.good), report: ControlReport.ended(.exited(code: 0), cpuMilliseconds: 0, peakKilobytes: 0).bytes)
        #expect(try picture(show([1], by: PageRenderer(worker: fake.path))) == PageImageTests.gradient)
    }

    @Test func `an image is no answer to who asked for text`() throws {
        let fake = try fakeWorker(
            Self.kind + Self.image(Self.good), report: ControlReport.ended(.exited(code: 0), cpuMilliseconds: 0, peakKilobytes: 0).bytes)
        #expect(try Extractor(worker: fake.path).read([1]).finding.reason == "crashed twice (garbled answer: a frame of unknown type 7)")
    }

    @Test func `a reader that crashes twice shows nothing, and the next page is shown`() throws {
        let renderer = try PageRenderer(worker: workerPath)
        let worker = try #require(renderer.workerProcess)
        let striker = Striker(worker, readers: 2, with: SIGSEGV)
        #expect(try show(TestPDF.formBomb, by: renderer) == .failed(reason: "crashed twice (signal SIGSEGV)"))
        #expect(striker.struck == 2)
        #expect(try picture(show(TestPDF.pages([""]), by: renderer)).width == 320)
    }
}
