import CConfinement
import CMagic
import ExtractionWire
import Glibc

/// The document under the reader's eyes: its first bytes in memory, all of them where it is not too large.
struct Document {
    /// Bytes that are mapped.
    static let mapped = 256 << 20
    /// Bytes that the kind is decided by.
    private static let looked = 256 << 10

    let descriptor: Int32
    let bytes: UnsafeRawBufferPointer
    /// Whether `bytes` is the whole document.
    let isWhole: Bool

    /// - returns: `nil` where it is not a regular file or cannot be mapped.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.descriptor = descriptor
        let size = min(Int(status.st_size), Self.mapped)
        isWhole = size == Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else { return nil }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// The media type by content, and the encoding where that decided it. `nil` where libmagic fails.
    func kind(_ magic: OpaquePointer) -> (mediaType: String, encoding: TextEncoding?)? {
        guard let name = magic_buffer(magic, bytes.baseAddress, min(bytes.count, Self.looked)) else { return nil }
        let mediaType = String(cString: name)
        if mediaType == "application/octet-stream" || mediaType == "text/plain", isPDFAfterOtherBytes(bytes) {
            return ("application/pdf", nil)
        }
        // libmagic knows UTF-16 by its byte order mark only.
        if mediaType == "application/octet-stream", let encoding = TextEncoding.utf16(bytes) { return ("text/plain", encoding) }
        return (mediaType, nil)
    }
}

/// Reads the document of this process, which is confined, and ends.
func readDocument(_ limits: ExtractionLimits, _ warm: WarmLibraries) -> Never {
    var answer = AnswerWriter(limits: limits)
    guard let document = Document(descriptor: CONFINEMENT_DOCUMENT) else { answer.failed("not a regular file") }
    guard let (mediaType, encoding) = document.kind(warm.magic) else { answer.failed("its kind cannot be determined") }
    answer.kind(mediaType)
    switch mediaType {
    case "application/pdf": PDFReader.read(document, answer)
    case "text/html", "text/xml", "text/rtf": answer.notRead()
    case _ where mediaType.hasPrefix("text/"): TextReader.read(document, limits, encoding, answer)
    case _ where ImageHeader.kinds.contains(mediaType):
        guard let header = ImageHeader(document.bytes) else { answer.failed("the header of the image is damaged") }
        answer.fact(.width, String(header.width))
        answer.fact(.height, String(header.height))
        if let captured = header.captured { answer.fact(.captured, captured) }
        answer.done(pageCount: nil)
    default: answer.notRead()
    }
}

/// A PDF may begin with up to a kilobyte of something else (a mail header, a printer's job), which Poppler skips. A text that
/// merely speaks of PDFs does not end as one.
private func isPDFAfterOtherBytes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    UnsafeRawBufferPointer(rebasing: bytes.prefix(1_024)).offset(of: "%PDF-", from: 0) != nil
        && UnsafeRawBufferPointer(rebasing: bytes.suffix(2_048)).offset(of: "%%EOF", from: 0) != nil
}

extension UnsafeRawBufferPointer {
    /// Where `name`, which is ASCII and not empty, next stands at or after `start`.
    func offset(of name: StaticString, from start: Int) -> Int? {
        guard let base = baseAddress else { return nil }
        var start = start
        let last = count - name.utf8CodeUnitCount
        while start <= last, let found = memchr(base + start, Int32(name.utf8Start[0]), last - start + 1) {
            start = UnsafeRawPointer(found) - base
            if memcmp(found, name.utf8Start, name.utf8CodeUnitCount) == 0 { return start }
            start += 1
        }
        return nil
    }
}
