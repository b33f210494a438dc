import Foundation
import VietnameseText

/// Vietnamese text in the encodings that were used before Unicode, written for the tests.
enum LegacySpellings {
    /// As Windows writes it: a letter with its circumflex, breve or horn, then the tone as a byte of its own, unless
    /// the code page has the letter with its tone. Characters without a byte are left out.
    static func windows1258(_ text: String) -> [UInt8] {
        var codes: [Unicode.Scalar: UInt8] = [:]
        for byte in UInt8.min...UInt8.max {
            if let scalar = Windows1258.decode([byte])?.unicodeScalars.first { codes[scalar] = byte }
        }
        var result: [UInt8] = []
        for scalar in NormalForm.nfc(text).unicodeScalars {
            if let code = codes[scalar] {
                result.append(code)
                continue
            }
            let (base, tone) = parted(scalar)
            guard let base = codes[base], let tone = tone.flatMap({ codes[$0] }) else { continue }
            result += [base, tone]
        }
        return result
    }

    /// TCVN3, called ABC: one byte a letter, and capitals by font.
    static func tcvn3(_ text: String) -> [UInt8] {
        let rows: [(UInt8, String)] = [
            (0xA8, "ăâêôơưđ"), (0xB5, "àảãáạ"), (0xBB, "ằẳẵắ"), (0xC6, "ặầẩẫấậè"), (0xCE, "ẻẽéẹềểễếệìỉ"),
            (0xDC, "ĩíịò"),
            (0xE1, "ỏõóọồổỗốộờởỡớợù"), (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
        ]
        var codes: [Unicode.Scalar: UInt8] = [:]
        for (first, letters) in rows {
            for (offset, scalar) in letters.unicodeScalars.enumerated() { codes[scalar] = first + UInt8(offset) }
        }
        return NormalForm.nfc(text).lowercased().unicodeScalars.compactMap {
            codes[$0] ?? ($0.isASCII ? UInt8($0.value) : nil)
        }
    }

    /// VNI: a letter, then one byte for its shape and tone together.
    static func vni(_ text: String) -> [UInt8] {
        let whole: [Unicode.Scalar: UInt8] = [
            "đ": 0xF1, "ơ": 0xF4, "ư": 0xF6, "í": 0xED, "ì": 0xEC, "ỉ": 0xE6, "ĩ": 0xF3, "ị": 0xF2, "ỵ": 0xEE,
        ]
        let tones: [Unicode.Scalar: UInt8] = [
            "\u{301}": 0xF9, "\u{300}": 0xF8, "\u{309}": 0xFB, "\u{303}": 0xF5, "\u{323}": 0xEF,
        ]
        let roofed: [Unicode.Scalar: UInt8] = [
            "\u{301}": 0xE1, "\u{300}": 0xE0, "\u{309}": 0xE5, "\u{303}": 0xE3, "\u{323}": 0xE4,
        ]
        let bowed: [Unicode.Scalar: UInt8] = [
            "\u{301}": 0xE9, "\u{300}": 0xE8, "\u{309}": 0xFA, "\u{303}": 0xFC, "\u{323}": 0xEB,
        ]
        let shapes: [Unicode.Scalar: (letter: UInt8, alone: UInt8, toned: [Unicode.Scalar: UInt8])] = [
            "â": (0x61, 0xE2, roofed), "ê": (0x65, 0xE2, roofed), "ô": (0x6F, 0xE2, roofed), "ă": (0x61, 0xEA, bowed),
        ]
        var result: [UInt8] = []
        for scalar in NormalForm.nfc(text).lowercased().unicodeScalars {
            let (base, tone) = parted(scalar)
            if let code = whole[scalar] {
                result.append(code)
            } else if let shape = shapes[base] {
                result += [shape.letter, tone.flatMap { shape.toned[$0] } ?? shape.alone]
            } else if let code = whole[base] ?? (base.isASCII ? UInt8(base.value) : nil) {
                result.append(code)
                if let tone, let mark = tones[tone] { result.append(mark) }
            }
        }
        return result
    }

    /// The letter without its tone, and the tone.
    private static func parted(_ scalar: Unicode.Scalar) -> (base: Unicode.Scalar, tone: Unicode.Scalar?) {
        let tones: [Unicode.Scalar] = ["\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"]
        let parts = Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
        let tone = parts.first { tones.contains($0) }
        var rest = String.UnicodeScalarView()
        rest.append(contentsOf: parts.filter { $0 != tone })
        let base = NormalForm.nfc(String(rest)).unicodeScalars.first ?? scalar
        return (base, tone)
    }
}
