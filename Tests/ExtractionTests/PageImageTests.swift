import Extraction
import ExtractionWire
import Foundation
import Glibc
import Testing

/// Shows a page with a fresh real worker.
func show(
    _ bytes: [UInt8], page: Int = 1, side: Int = 320, limits: RenderLimits = .init(), by renderer: PageRenderer? = nil
) throws -> RenderOutcome {
    let path = try writeFile(bytes, mode: 0o600)
    let document = open(path, O_RDONLY | O_CLOEXEC)
    unlink(path)
    defer { close(document) }
    return try (renderer ?? PageRenderer(worker: workerPath, limits: limits)).render(page: page, width: side, height: side, of: document)
}

/// The pixels of a page that has to be shown.
func picture(_ outcome: RenderOutcome) throws -> Picture {
    guard case .image(let page) = outcome else {
        Issue.record("not shown: \(outcome)")
        throw Unshown()
    }
    #expect(Set(TestPNG.chunkNames(page.png)) == ["IHDR", "IDAT", "IEND"])
    let picture = try TestPNG.read(page.png)
    #expect(picture.width == page.width && picture.height == page.height)
    return picture
}

struct Unshown: Error {}

private let red: [UInt8] = [255, 0, 0]
private let green: [UInt8] = [0, 255, 0]
private let blue: [UInt8] = [0, 0, 255]
private let white: [UInt8] = [255, 255, 255]
private let black: [UInt8] = [0, 0, 0]

struct PageImageTests {
    // MARK: PNG

    static let gradient = Picture(width: 13, height: 11) { x, y in [UInt8(x * 19), UInt8(y * 23), UInt8((x * y) % 256)] }

    static let forms: [(Sample, Picture)] = [
        (Sample("RGB", TestPNG.plain(gradient)), gradient),
        (Sample("RGB, interlaced", TestPNG.interlaced(gradient)), gradient),
        (
            Sample("bits", TestPNG.image(TestPNG.header(width: 10, height: 2, depth: 1, colour: 0), rows: [[0b1010_0000, 0x40], [0xFF, 0xC0]])),
            Picture(width: 10, height: 2) { x, y in y == 1 || [0, 2, 9].contains(x) ? white : black }
        ),
        (
            Sample("gray, 16 bits", TestPNG.image(TestPNG.header(width: 2, height: 1, depth: 16, colour: 0), rows: [[0x80, 0x80, 0xFF, 0xFF]])),
            Picture(width: 2, height: 1) { x, _ in x == 0 ? [128, 128, 128] : white }
        ),
        (
            Sample(
                "transparent", TestPNG.image(TestPNG.header(width: 3, height: 1, depth: 8, colour: 6), rows: [red + [255] + red + [0] + black + [51]])
            ),
            Picture(width: 3, height: 1) { x, _ in [red, white, [204, 204, 204]][x] }
        ),
        (
            Sample(
                "palette, one transparent",
                TestPNG.image(
                    TestPNG.header(width: 2, height: 1, depth: 8, colour: 3), rows: [[0, 1]],
                    chunks: TestPNG.chunk("PLTE", red + blue) + TestPNG.chunk("tRNS", [255, 0]))),
            Picture(width: 2, height: 1) { x, _ in x == 0 ? red : white }
        ),
    ]

    @Test("a small PNG is shown pixel for pixel", arguments: forms)
    func exact(image: Sample, expected: Picture) throws {
        #expect(try picture(show(image.bytes)) == expected)
    }

    @Test("a large image becomes the mean of its pixels", arguments: [false, true])
    func means(isInterlaced: Bool) throws {
        // Three source pixels for two of the picture: the middle one counts half for both.
        let source = Picture(width: 480, height: 240) { x, y in [UInt8([0, 90, 255][x % 3]), UInt8(y < 120 ? 0 : 200), 77] }
        let shown = try picture(show(isInterlaced ? TestPNG.interlaced(source) : TestPNG.plain(source)))
        let expected = Picture(width: 320, height: 160) { x, y in [x % 2 == 0 ? 30 : 200, y < 80 ? 0 : 200, 77] }
        #expect(shown == expected)
    }

    @Test(
        "an image keeps its proportions and is not made larger",
        arguments: [(640, 480, 320, 240), (480, 640, 240, 320), (10, 7, 10, 7), (3_200, 1, 320, 1), (1, 3_200, 1, 320)])
    func proportions(width: Int, height: Int, shownWidth: Int, shownHeight: Int) throws {
        let shown = try picture(show(TestPNG.plain(Picture(width: width, height: height, bytes: [UInt8](repeating: 9, count: 3 * width * height)))))
        #expect((shown.width, shown.height) == (shownWidth, shownHeight))
        #expect(shown.bytes.allSatisfy { $0 == 9 })
    }

    // MARK: JPEG

    /// 48 × 32: red, green; blue, white.
    static let quarters = Array(Data(base64Encoded: quartersText)!)

    /// The same with an Exif block that has the orientation, and a description.
    static func turned(_ orientation: UInt8, description: String = "") -> [UInt8] {
        let text = Array(description.utf8) + [0]
        let exif: [UInt8] =
            Array("Exif\0\0MM\0*".utf8) + [0, 0, 0, 8, 0, 2]
            + [0x01, 0x0E, 0, 2] + TestPNG.big(text.count) + TestPNG.big(38)
            + [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0] + [0, 0, 0, 0] + text
        return [0xFF, 0xD8, 0xFF, 0xE1] + TestPNG.big(exif.count + 2)[2...] + exif + quarters.dropFirst(2)
    }

    @Test(
        "a JPEG is turned as its camera noted",
        arguments: [
            (1, [red, green, blue, white]), (2, [green, red, white, blue]), (3, [white, blue, green, red]), (4, [blue, white, red, green]),
            (5, [red, blue, green, white]), (6, [blue, red, white, green]), (7, [white, green, blue, red]), (8, [green, white, red, blue]),
            (9, [red, green, blue, white]),
        ] as [(UInt8, [[UInt8]])])
    func orientation(orientation: UInt8, corners: [[UInt8]]) throws {
        for side in [320, 16] {
            let shown = try picture(show(Self.turned(orientation, description: "long enough not to stand in the entry"), side: side))
            let isAcross = (5...8).contains(orientation)
            #expect(max(shown.width, shown.height) == min(side, 48))
            #expect((shown.width < shown.height) == isAcross)
            let (right, down) = (shown.width - 3, shown.height - 3)
            for (place, colour) in zip([(2, 2), (right, 2), (2, down), (right, down)], corners) {
                let found = shown[place.0, place.1]
                #expect(zip(found, colour).allSatisfy { abs(Int($0) - Int($1)) < 24 }, "\(orientation), \(side): \(place) is \(found)")
            }
        }
    }

    @Test func `a JPEG that ends too early is shown as far as it goes`() throws {
        let shown = try picture(show(Array(Self.quarters.dropLast(20))))
        #expect(zip(shown[2, 2], red).allSatisfy { abs(Int($0) - Int($1)) < 24 })
    }

    // MARK: PDF

    @Test func `a page of a PDF is drawn as large as fits, its text where it belongs`() throws {
        let document = TestPDF.pages(["", "Minh chung"])
        let shown = try picture(show(document, page: 2))
        #expect((shown.width, shown.height) == (320, 107))
        let dark = (0..<shown.height).flatMap { y in (0..<shown.width).map { x in (x, y) } }.filter { shown[$0.0, $0.1][0] < 128 }
        #expect(!dark.isEmpty, "its font is not in the document: the system's was not found")
        #expect(dark.allSatisfy { (10..<48).contains($0.0) && (46..<56).contains($0.1) })
        #expect(try picture(show(document, page: 1)).bytes.allSatisfy { $0 == 255 })
        #expect(try picture(show(document, page: 2, side: 1_600)).width == 1_600)
    }

    @Test func `fields of forms are drawn, other annotations are not`() throws {
        let appearance = TestPDF.stream("/Type/XObject/Subtype/Form/BBox[0 0 100 100]", Array("0 0 100 100 re f".utf8))
        func annotation(_ kind: String, _ place: String) -> [UInt8] {
            Array("<</Type/Annot\(kind)/Rect[\(place)]/F 4/AP<</N 5 0 R>>>>".utf8)
        }
        let document = TestPDF.document([
            Array("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[7 0 R]>>>>".utf8), Array("<</Type/Pages/Count 1/Kids[3 0 R]>>".utf8),
            Array("<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Annots[6 0 R 7 0 R]>>".utf8),
            TestPDF.stream("", Array("1 0 0 rg 0 0 50 50 re f".utf8)), appearance,
            annotation("/Subtype/Stamp", "0 0 100 100"), annotation("/Subtype/Widget/FT/Sig/T(a)", "50 50 100 100"),
        ])
        let shown = try picture(show(document, side: 100))
        #expect(shown == Picture(width: 100, height: 100) { x, y in x < 50 && y >= 50 ? red : x >= 50 && y < 50 ? black : white })
    }

    @Test func `a page that is not there is told, with how many there are`() throws {
        let document = TestPDF.pages(["a", "b"])
        #expect(try show(document, page: 3) == .noSuchPage(count: 2))
        #expect(try show(document, page: PageRenderer.pagesAtMost) == .noSuchPage(count: 2))
        #expect(try show(Self.quarters, page: 2) == .noSuchPage(count: 1))
    }

    @Test func `a PDF that needs a password is refused as that`() throws {
        let key = String(repeating: "7F", count: 32)
        let document = TestPDF.document(
            [Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 0/Kids[]>>".utf8)],
            trailer: "<</Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<\(key)>/U<\(key)>>>>>")
        #expect(try show(document) == .refused(.encrypted, reason: "encrypted: needs a password"))
    }

    // MARK: What is not shown

    @Test(
        "other kinds are named and not shown",
        arguments: [
            Sample("image/gif", Array("GIF89a".utf8) + [0x80, 2, 0xE0, 1, 0, 0, 0]), Sample("text/plain", Array("Minh chung\n".utf8)),
            Sample("image/tiff", [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 0, 0]),
            Sample("image/svg+xml", Array("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8)),
            Sample("text/html", Array("<!DOCTYPE html><html><body>x</body></html>".utf8)),
        ])
    func kinds(document: Sample) throws {
        #expect(try show(document.bytes) == .kindNotShown(document.name))
    }

    @Test func `nothing that a document says of itself is in its image`() throws {
        let canary = "chim-hoang-yen-7"
        let text = TestPNG.chunk("tEXt", Array("Comment\0\(canary)".utf8)) + TestPNG.chunk("eXIf", Array("MM\0*\(canary)".utf8))
        let comment = [0xFF, 0xFE, 0, UInt8(canary.utf8.count + 2)] + Array(canary.utf8)
        let jpeg = Self.turned(3, description: canary)
        let documents = [
            TestPNG.plain(Self.gradient, chunks: text), jpeg, Array(jpeg[..<2]) + comment + Array(jpeg[2...]),
            TestPDF.pages([""], information: "<</Title(\(canary))>>"),
        ]
        for document in documents {
            #expect(Data(document).range(of: Data(canary.utf8)) != nil)
            guard case .image(let page) = try show(document) else {
                Issue.record("not shown")
                continue
            }
            #expect(Data(page.png).range(of: Data(canary.utf8)) == nil)
            #expect(Set(TestPNG.chunkNames(page.png)) == ["IHDR", "IDAT", "IEND"])
        }
    }

    @Test(
        "an image that is cut or changed anywhere never crashes its reader",
        arguments: [
            Sample("PNG", TestPNG.plain(gradient)), Sample("PNG, interlaced", TestPNG.interlaced(gradient)), Sample("JPEG", turned(6)),
        ])
    func damaged(image: Sample) throws {
        let renderer = try PageRenderer(worker: workerPath)
        for index in stride(from: 0, to: image.bytes.count, by: image.bytes.count > 400 ? 5 : 1) {
            var changed = image.bytes
            changed[index] ^= 0xFF
            for damaged in [Array(image.bytes[..<index]), changed] {
                if case .failed(let reason) = try show(damaged, by: renderer) { Issue.record("\(index): \(reason)") }
            }
        }
    }
}

private let quartersText =
    "/9j/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQ"
    + "kFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAgADADAREAAhEBAxEB/8QAHwAA"
    + "AQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2"
    + "JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKz"
    + "tLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtR"
    + "EAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElK"
    + "U1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5e"
    + "bn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD50r8MP9UwoAKAPsavxI/5jwoAKAPjmv20/wCnAKACgD7Gr8SP+Y8KACgD8vK/6Mz+5QoAKAP6"
    + "W6/ysPuAoAKAP5pK/wBUz4cKACgD+luv8rD7gKACgD//2Q=="
