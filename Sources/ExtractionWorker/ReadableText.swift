import ExtractionWire
import VietnameseText

/// Text as it leaves the reader: NFC, and of the control characters only tab and newline.
enum ReadableText {
    /// Calls `body` with the readable form of `bytes` (UTF-8; what is not is replaced by U+FFFD). Without a copy where the text
    /// is readable ASCII already, which most pages are.
    static func with<Result>(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        guard Frame.isFreeOfControls(UnsafeRawBufferPointer(bytes)) else {
            return withoutControls(bytes).withUnsafeBufferPointer { composed($0, body) }
        }
        return composed(bytes, body)
    }

    static func normalised(_ text: String) -> String {
        var text = text
        return text.withUTF8 { with($0) { String(decoding: $0, as: UTF8.self) } }
    }

    private static func composed<Result>(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return body(bytes) }
        var text = NormalForm.nfc(String(decoding: bytes, as: UTF8.self))
        return text.withUTF8(body)
    }

    /// Line ends of every kind, and form feeds, become a newline; every other control character becomes a space, because that
    /// is what documents with broken character maps mean by it.
    private static func withoutControls(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var readable: [UInt8] = []
        readable.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            index += 1
            switch byte {
            case 0x09, 0x0A: readable.append(byte)
            case 0x0D:
                readable.append(0x0A)
                if next == 0x0A { index += 1 }
            case 0x0B, 0x0C: readable.append(0x0A)
            case 0..<0x20, 0x7F: readable.append(0x20)
            case 0xC2 where (0x80..<0xA0).contains(next):
                readable.append(next == 0x85 ? 0x0A : 0x20)
                index += 1
            default: readable.append(byte)
            }
        }
        return readable
    }
}
