/// The encodings that a bag's tag files may be in, as far as we read them (RFC 8493 §2.1.1: any of IANA's, UTF-8 preferred).
enum BagEncoding {
    case utf8, utf16, utf16LittleEndian, utf16BigEndian, latin1, ascii

    /// The encoding with this name of IANA's registry, or a common alias of it; `nil` for one that we do not read.
    init?(_ name: String) {
        switch name.lowercased() {
        case "utf-8", "utf8", "csutf8": self = .utf8
        case "utf-16", "utf16", "csutf16": self = .utf16
        case "utf-16le", "csutf16le": self = .utf16LittleEndian
        case "utf-16be", "csutf16be": self = .utf16BigEndian
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "iso_8859-1:1987", "iso-ir-100", "latin1", "latin-1", "l1", "ibm819", "cp819",
            "csisolatin1":
            self = .latin1
        case "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "csascii": self = .ascii
        default: return nil
        }
    }

    /// The text as UTF-8, without a byte-order mark; `nil` when the bytes are not of this encoding.
    func decode(_ bytes: [UInt8]) -> (text: [UInt8], hasMark: Bool)? {
        switch self {
        case .utf8:
            let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
            return String(validating: bytes, as: UTF8.self) == nil ? nil : (Array(bytes.dropFirst(hasMark ? 3 : 0)), hasMark)
        case .ascii: return bytes.allSatisfy { $0 < 0x80 } ? (bytes, false) : nil
        case .latin1: return (bytes.flatMap { byte in String(Unicode.Scalar(byte)).utf8 }, false)
        case .utf16LittleEndian: return decode16(bytes[...], isLittle: true).map { ($0, false) }
        case .utf16BigEndian: return decode16(bytes[...], isLittle: false).map { ($0, false) }
        case .utf16:
            if bytes.starts(with: [0xFE, 0xFF]) { return decode16(bytes[2...], isLittle: false).map { ($0, true) } }
            if bytes.starts(with: [0xFF, 0xFE]) { return decode16(bytes[2...], isLittle: true).map { ($0, true) } }
            // Without a mark RFC 2781 §4.3 says big-endian, and programs write their machine's order. Every tag file begins
            // with a character of ASCII, whose zero byte tells.
            return decode16(bytes[...], isLittle: bytes.count > 1 && bytes[0] != 0 && bytes[1] == 0).map { ($0, false) }
        }
    }

    private func decode16(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> [UInt8]? {
        guard bytes.count % 2 == 0 else { return nil }
        let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isLittle ? first | second << 8 : first << 8 | second
        }
        return String(validating: units, as: UTF16.self).map { Array($0.utf8) }
    }
}

/// A line of a tag file, without what ends it (RFC 8493 §2.3: LF, CR or CRLF).
struct BagLine {
    /// From 1.
    let number: Int
    let bytes: ArraySlice<UInt8>
    /// Whether something ends it, which the last line may lack.
    let isEnded: Bool

    var isBlank: Bool { bytes.allSatisfy(isBlankByte) }

    static func lines(_ text: [UInt8]) -> [BagLine] {
        var lines: [BagLine] = []
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            guard byte == 10 || byte == 13 else {
                index += 1
                continue
            }
            lines.append(BagLine(number: lines.count + 1, bytes: text[start..<index], isEnded: true))
            index += byte == 13 && index + 1 < text.count && text[index + 1] == 10 ? 2 : 1
            start = index
        }
        if start < text.count { lines.append(BagLine(number: lines.count + 1, bytes: text[start...], isEnded: false)) }
        return lines
    }
}

/// Linear whitespace (RFC 8493 §2.1.3): space or tab.
func isBlankByte(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

extension ArraySlice<UInt8> {
    /// Without blanks at both ends.
    var trimmed: ArraySlice<UInt8> {
        var slice = drop(while: isBlankByte)
        while let last = slice.last, isBlankByte(last) { slice.removeLast() }
        return slice
    }
}

/// A version of BagIt.
struct BagVersion: Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    static let one = BagVersion(major: 1, minor: 0)
    static let known = [93, 94, 95, 96, 97].map { BagVersion(major: 0, minor: $0) } + [one]

    static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    var description: String { "\(major).\(minor)" }

    /// The tag file with the metadata; it had another name in the first three drafts.
    var infoName: String { self < BagVersion(major: 0, minor: 96) ? "package-info.txt" : BagIt.infoName }
}
