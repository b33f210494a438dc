import Evidence
import Extraction
import ExtractionWire
import Glibc
import Testing

/// Documents as they come, read by the real worker.
struct DocumentTests {
    @Test func `a PDF gives its pages and what it says of itself`() throws {
        let information =
            "<</Title<FEFF0047006900A5> /Author(A\\000B) /CreationDate(D:20240531070809+07'00') /Producer(\tx  y )>>"
        let (finding, pages) = try read(TestPDF.pages(["Minh chung", "", "Trang ba"], information: information))
        #expect(finding.state == .extracted)
        #expect(finding.mediaType == "application/pdf")
        #expect(finding.pageCount == 3)
        #expect(finding.incomplete == nil)
        #expect(pages == ["Minh chung", "", "Trang ba"])
        #expect(finding.facts["title"] == "Gi¥")
        #expect(finding.facts["producer"] == "x y")
        #expect(finding.facts["created"] == "2024-05-31T07:08:09+07")
        #expect(finding.facts["encrypted"] == "no")
        #expect(finding.facts["pdfVersion"] == "1.5")
        #expect(finding.facts["author"]?.contains("\0") != true)
        #expect(finding.tool.hasPrefix("minhchung-extract/1 poppler/"))
    }

    @Test func `a PDF without text is one that has no text`() throws {
        let (finding, pages) = try read(TestPDF.pages(["", "   "]))
        #expect(finding.state == .noText)
        #expect(finding.pageCount == 2)
        #expect(pages.isEmpty)
    }

    @Test(
        "a PDF after other bytes is a PDF",
        arguments: [
            Sample("bytes", [0, 1, 2, 0xFF, 0xFE, 0]), Sample("a mail header", Array("Subject: ho so\r\n\r\n".utf8)),
        ])
    func prefixed(prefix: Sample) throws {
        let (finding, pages) = try read(prefix.bytes + TestPDF.pages(["Minh chung"]))
        #expect(finding.mediaType == "application/pdf")
        #expect(pages == ["Minh chung"])
    }

    @Test func `a PDF that is cut anywhere ends in a finding, and the worker goes on`() throws {
        let whole = TestPDF.pages(["Minh chung"])
        let extractor = try Extractor(worker: workerPath)
        let process = extractor.workerProcess
        for length in stride(from: 0, to: whole.count, by: 37) {
            let (finding, _) = try extractor.read(Array(whole[..<length]))
            #expect(finding.reason?.contains("crashed") != true, "\(length) bytes: \(finding)")
        }
        #expect(extractor.workerProcess == process)
    }

    static let texts: [(Sample, encoding: String, text: String)] = [
        (Sample("ASCII", Array("Minh chung\r\nso 1\r\n".utf8)), "utf-8", "Minh chung\nso 1\n"),
        (Sample("UTF-8", Array("Giấy khen của Ủy ban\n".utf8)), "utf-8", "Giấy khen của Ủy ban\n"),
        (Sample("UTF-8 with mark", [0xEF, 0xBB, 0xBF] + Array("Giấy khen\n".utf8)), "utf-8", "Giấy khen\n"),
        (Sample("UTF-8, decomposed", Array("Gia\u{302}\u{301}y khen của tỉnh\n".utf8)), "utf-8", "Giấy khen của tỉnh\n"),
        (Sample("UTF-16 LE with mark", wide("\u{FEFF}Giấy khen\n", big: false)), "utf-16le", "Giấy khen\n"),
        (Sample("UTF-16 BE with mark", wide("\u{FEFF}Giấy khen\n", big: true)), "utf-16be", "Giấy khen\n"),
        (Sample("UTF-16 LE", wide("Giấy khen của Ủy ban nhân dân\r\n", big: false)), "utf-16le", "Giấy khen của Ủy ban nhân dân\n"),
        (Sample("UTF-16 BE", wide("Giấy khen của Ủy ban nhân dân\r\n", big: true)), "utf-16be", "Giấy khen của Ủy ban nhân dân\n"),
        // â + U+0301, ơ, ư and đ as Windows-1258 has them.
        (
            Sample(
                "Windows-1258",
                [0x47, 0x69, 0xE2, 0xEC, 0x79] + Array(" khen c".utf8) + [0x75, 0xD2, 0x61] + Array(" ng".utf8)
                    + [0xFD, 0xF5, 0xCC, 0x69] + Array(" d".utf8) + [0xE2, 0x6E] + Array(" \n".utf8)),
            "windows-1258", "Giấy khen của người dân \n"
        ),
    ]

    @Test("a text is read in its encoding", arguments: texts)
    func encodings(sample: Sample, encoding: String, text: String) throws {
        let (finding, pages) = try read(sample.bytes)
        #expect(finding.facts["encoding"] == encoding)
        #expect(finding.state == .extracted)
        #expect(pages.map { Array($0.utf8) } == [Array(text.utf8)])
        #expect(finding.pageCount == 1)
    }

    @Test func `a text in an encoding that is not known is not guessed at`() throws {
        let (finding, pages) = try read(Array("Cong hoa ".utf8) + [0xB8, 0x80, 0xFC, 0xB9, 0xF8, 0xF7, 0xC9] + Array(" xa hoi\n".utf8))
        #expect(finding.state == .kindNotRead)
        #expect(finding.facts["encoding"] == "unknown")
        #expect(pages.isEmpty)
    }

    @Test func `form feeds end the pages of a text`() throws {
        #expect(try read(Array("một\u{C}\u{C}ba\n\u{C}".utf8)).pages == ["một", "", "ba\n"])
    }

    @Test func `a text without form feeds is divided at line ends`() throws {
        let line = "Quyết định số 12/QĐ-UBND\n"
        let text = String(repeating: line, count: 10_000)
        let (finding, pages) = try read(Array(text.utf8))
        #expect(pages.joined() == text)
        #expect(pages.count == finding.pageCount)
        #expect(pages.allSatisfy { $0.utf8.count <= 64 << 10 && $0.hasSuffix("\n") })
        #expect(pages.count == (text.utf8.count + (64 << 10) - 1) / (64 << 10))
    }

    static let images: [(Sample, type: String, captured: String?)] = [
        (Sample("PNG", png), "image/png", nil),
        (Sample("GIF", Array("GIF89a".utf8) + [0x80, 2, 0xE0, 1, 0, 0, 0]), "image/gif", nil),
        (Sample("BMP from the top", bmp), "image/bmp", nil),
        (Sample("WebP, lossy", riff("VP8 ", [0, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0xE0, 1])), "image/webp", nil),
        (Sample("WebP, extended", riff("VP8X", [0, 0, 0, 0, 0x7F, 2, 0, 0xDF, 1, 0])), "image/webp", nil),
        (Sample("JPEG with Exif", jpeg(exif)), "image/jpeg", "2024-05-31T07:08:09"),
        (Sample("JPEG, Exif that points outside", jpeg(Array(exif[..<30]))), "image/jpeg", nil),
        (Sample("TIFF", exif), "image/tiff", "2024-05-31T07:08:09"),
    ]

    @Test("the header of an image gives its size", arguments: images)
    func headers(image: Sample, type: String, captured: String?) throws {
        let (finding, pages) = try read(image.bytes)
        #expect(finding.state == .noText, "\(finding)")
        #expect(finding.mediaType == type)
        #expect(finding.facts["width"] == "640")
        #expect(finding.facts["height"] == "480")
        #expect(finding.facts["captured"] == captured)
        #expect(finding.pageCount == nil)
        #expect(pages.isEmpty)
    }

    @Test(
        "an image that is cut or changed anywhere never crashes its reader",
        arguments: [
            Sample("PNG", png), Sample("JPEG", jpeg(exif)), Sample("TIFF", exif),
        ])
    func damagedImages(image: Sample) throws {
        let bytes = image.bytes
        let extractor = try Extractor(worker: workerPath)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xFF
            for damaged in [Array(bytes[..<index]), changed] {
                let (finding, _) = try extractor.read(damaged)
                #expect(finding.reason?.contains("crashed") != true, "\(index): \(finding)")
            }
        }
    }

    @Test func `an empty file is of a kind that is not read`() throws {
        let (finding, pages) = try read([])
        #expect(finding.state == .kindNotRead)
        #expect(finding.mediaType?.hasSuffix("/x-empty") == true)
        #expect(pages.isEmpty)
    }

    @Test(
        "other kinds are named and not read",
        arguments: [
            Sample("application/gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Sample("text/html", Array("<!DOCTYPE html><html><body>x</body></html>".utf8)),
            Sample("text/rtf", Array("{\\rtf1\\ansi x}".utf8)),
            Sample("text/xml", Array("<?xml version=\"1.0\"?><a/>".utf8)),
            Sample("application/octet-stream", [1, 2, 3, 0xFF, 0, 0xFE, 7]),
        ])
    func others(document: Sample) throws {
        let (finding, pages) = try read(document.bytes)
        #expect(finding.state == .kindNotRead)
        #expect(finding.mediaType == document.name)
        #expect(pages.isEmpty)
    }

    @Test func `what is not a file fails, and a descriptor that can write is the caller's mistake`() throws {
        let extractor = try Extractor(worker: workerPath)
        let folder = open("/tmp", O_RDONLY | O_CLOEXEC)
        defer { close(folder) }
        #expect(try extractor.extract(from: folder).finding.reason == "not a regular file")
        let writable = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(writable) }
        #expect(throws: ExtractionError.documentWritable) { _ = try extractor.extract(from: writable) }
    }
}

private func wide(_ text: String, big: Bool) -> [UInt8] {
    text.utf16.flatMap { big ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
}

private let png: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
    + [0, 0, 2, 0x80, 0, 0, 1, 0xE0, 8, 0, 0, 0, 0, 1, 2, 3, 4]

private let bmp: [UInt8] =
    Array("BM".utf8) + [0x36, 0, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 40, 0, 0, 0, 0x80, 2, 0, 0, 0x20, 0xFE, 0xFF, 0xFF]
    + [1, 0, 24, 0] + [UInt8](repeating: 0, count: 24)

private func riff(_ name: String, _ data: [UInt8]) -> [UInt8] {
    Array("RIFF".utf8) + [UInt8(12 + data.count), 0, 0, 0] + Array("WEBP".utf8) + Array(name.utf8)
        + [UInt8(data.count), 0, 0, 0] + data
}

/// A TIFF with width, height and a camera directory with its time.
private let exif: [UInt8] =
    [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 3, 0]
    + [0x00, 1, 3, 0, 1, 0, 0, 0, 0x80, 2, 0, 0]
    + [0x01, 1, 3, 0, 1, 0, 0, 0, 0xE0, 1, 0, 0]
    + [0x69, 0x87, 4, 0, 1, 0, 0, 0, 50, 0, 0, 0]
    + [0, 0, 0, 0]
    + [1, 0] + [0x03, 0x90, 2, 0, 20, 0, 0, 0, 68, 0, 0, 0] + [0, 0, 0, 0]
    + Array("2024:05:31 07:08:09\0".utf8)

private func jpeg(_ exif: [UInt8]) -> [UInt8] {
    [0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(8 + exif.count)] + Array("Exif\0\0".utf8) + exif
        + [0xFF, 0xC0, 0, 11, 8, 1, 0xE0, 2, 0x80, 1, 1, 0x11, 0, 0xFF, 0xD9]
}
