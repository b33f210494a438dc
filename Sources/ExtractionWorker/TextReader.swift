import ExtractionWire
import Glibc
import VietnameseText

/// How the bytes of a text stand for characters.
enum TextEncoding: String {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    case windows1258 = "windows-1258"

    /// Recognises the encoding, or says `nil` rather than guess.
    static func of(_ bytes: UnsafeRawBufferPointer) -> TextEncoding? {
        if let wide = utf16(bytes) { return wide }
        if isUTF8(bytes) { return .utf8 }
        let units = bytes.bindMemory(to: UInt8.self)
        // Enough to judge by: the marks of Vietnamese stand in every line.
        return Windows1258.isPlausible(units.prefix(1 << 20)) ? .windows1258 : nil
    }

    /// UTF-16 by its byte order mark, or because nearly all of its units are Latin letters and signs in one byte order.
    static func utf16(_ bytes: UnsafeRawBufferPointer) -> TextEncoding? {
        guard bytes.count >= 2, bytes.count.isMultiple(of: 2) else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE): return .utf16LittleEndian
        case (0xFE, 0xFF): return .utf16BigEndian
        default: break
        }
        let sample = bytes.prefix(8_192)
        guard sample.count >= 16 else { return nil }
        let candidates: [(TextEncoding, low: Int)] = [(.utf16LittleEndian, 0), (.utf16BigEndian, 1)]
        for (encoding, low) in candidates {
            var usual = 0
            var basic = 0
            for index in stride(from: 0, to: sample.count - 1, by: 2) {
                let unit = UInt16(sample[index + low]) | UInt16(sample[index + 1 - low]) << 8
                switch unit {
                case 0x09, 0x0A, 0x0D, 0x20..<0x7F: (usual, basic) = (usual + 1, basic + 1)
                case 0xA0..<0x250, 0x300..<0x370, 0x1E00..<0x1F00, 0x2010..<0x2040, 0x20AB: usual += 1
                default: break
                }
            }
            let units = sample.count / 2
            if usual * 100 >= units * 95, basic * 100 >= units * 40 { return encoding }
        }
        return nil
    }

    /// The text without its byte order mark, or `nil` where the bytes are not of this encoding after all.
    func decode(_ bytes: UnsafeRawBufferPointer) -> String? {
        switch self {
        case .utf8:
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            return String(validating: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
        case .utf16LittleEndian, .utf16BigEndian:
            var units = (0..<bytes.count / 2).map { index in
                let unit = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                return self == .utf16LittleEndian ? UInt16(littleEndian: unit) : UInt16(bigEndian: unit)
            }
            if units.first == 0xFEFF { units.removeFirst() }
            return String(validating: units, as: UTF16.self)
        case .windows1258:
            return Windows1258.decode(bytes)
        }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}

/// Reads a plain text: form feeds end its pages; a text without them is divided at line ends.
enum TextReader {
    /// Bytes of UTF-8 of one page of a text that has no form feeds.
    static let pageSize = 64 << 10

    static func read(
        _ document: Document, _ limits: ExtractionLimits, _ known: TextEncoding?, _ answer: consuming AnswerWriter
    ) -> Never {
        guard document.isWhole else { answer.failed("a text of more than \(Document.mapped >> 20) MiB") }
        // No encoding needs more than two bytes for one byte of UTF-8, so what is cut here would not be kept either.
        let cut = part(of: document.bytes, atMost: 2 * limits.totalText + 4)
        guard let encoding = known ?? TextEncoding.of(cut), var text = encoding.decode(cut) else {
            answer.fact(.encoding, "unknown")
            answer.notRead()
        }
        answer.fact(.encoding, encoding.rawValue)
        let isCut = cut.count < document.bytes.count
        let pageCount = text.withUTF8 { bytes in
            bytes.contains(0x0C) ? sendFormFedPages(bytes, &answer) : sendDividedPages(bytes, &answer)
        }
        answer.done(pageCount: isCut ? nil : pageCount, limit: isCut ? .totalText : nil)
    }

    /// The start of a text, not ending inside a character.
    private static func part(of bytes: UnsafeRawBufferPointer, atMost size: Int) -> UnsafeRawBufferPointer {
        guard bytes.count > size else { return bytes }
        var end = size & ~1
        if TextEncoding.utf16(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == nil {
            while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        } else {
            // Line ends are the one place where no pair of surrogates is.
            while end > 2, !(bytes[end - 2] | bytes[end - 1] == 0x0A) { end -= 2 }
        }
        return UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }

    /// A form feed ends a page; text after the last one is a page, nothing after it is none.
    private static func sendFormFedPages(_ bytes: UnsafeBufferPointer<UInt8>, _ answer: inout AnswerWriter) -> Int {
        var count = 0
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0C) ?? bytes.count
            ReadableText.with(UnsafeBufferPointer(rebasing: bytes[start..<end])) { answer.page($0) }
            count += 1
            start = end + 1
        }
        return count
    }

    private static func sendDividedPages(_ bytes: UnsafeBufferPointer<UInt8>, _ answer: inout AnswerWriter) -> Int {
        // First readable, then divided: a division must not part a letter from its marks.
        ReadableText.with(bytes) { text in
            var count = 0
            var start = 0
            while start < text.count {
                var end = min(start + pageSize, text.count)
                if end < text.count {
                    if let lineEnd = text[start..<end].lastIndex(of: 0x0A) {
                        end = lineEnd + 1
                    } else {
                        while text[end] & 0xC0 == 0x80 { end -= 1 }
                    }
                }
                answer.page(UnsafeBufferPointer(rebasing: text[start..<end]))
                count += 1
                start = end
            }
            return count
        }
    }
}
