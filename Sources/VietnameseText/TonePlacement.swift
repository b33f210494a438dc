/// Where the tone of an open syllable in oa, oe or uy is written: on the first vowel, as in "hòa", "khỏe", "thúy".
///
/// Both places are in use ("hoà", "khoẻ", "thuý"), often in one document; to search they are one spelling. In "quý"
/// the u belongs to the consonant and y is the only vowel, so its tone stays; "giá" has no such pair at all.
enum TonePlacement {
    /// Whether the scalar is a small a, e or y with a tone, and so may be the wrong bearer of it.
    static func mayHandOver(_ scalar: Unicode.Scalar) -> Bool {
        openVowels.contains { $0.toned.contains(scalar) }
    }

    /// Tones in one order: huyền, sắc, hỏi, ngã, nặng.
    private static let openVowels: [(first: Unicode.Scalar, second: Unicode.Scalar, toned: [Unicode.Scalar])] = [
        ("o", "a", ["à", "á", "ả", "ã", "ạ"]),
        ("o", "e", ["è", "é", "ẻ", "ẽ", "ẹ"]),
        ("u", "y", ["ỳ", "ý", "ỷ", "ỹ", "ỵ"]),
    ]
    private static let tonedO: [Unicode.Scalar] = ["ò", "ó", "ỏ", "õ", "ọ"]
    private static let tonedU: [Unicode.Scalar] = ["ù", "ú", "ủ", "ũ", "ụ"]

    /// The consonants a syllable in oa, oe or uy begins with, if any. Without q and gi, whose u and i are no vowels of
    /// their own; a longer or other beginning is no Vietnamese syllable, and is left as it is.
    private static let onsets: Set<[UInt8]> = Set(
        [
            "", "b", "c", "ch", "d", "đ", "g", "gh", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "r",
            "s", "t", "th", "tr", "v", "x",
        ].map { Array($0.utf8) })

    /// Pairs of vowel and toned vowel to the pair with the tone on the first, keyed by the toned vowel's UTF-8 bytes.
    private static let handedOver: [UInt32: (first: UInt8, replacement: [UInt8])] = {
        var table: [UInt32: (first: UInt8, replacement: [UInt8])] = [:]
        for vowel in openVowels {
            let bearers = vowel.first == "o" ? tonedO : tonedU
            for (toned, bearer) in zip(vowel.toned, bearers) {
                let key = ScalarMap.Entry(String(toned)).packed & 0xFF_FFFF
                table[key] = (UInt8(ascii: vowel.first), Array(String(bearer).utf8) + [UInt8(ascii: vowel.second)])
            }
        }
        return table
    }()

    /// Moves the tone of the vowel just written to `out` to the vowel before it, where it belongs there.
    static func handOver(_ entry: ScalarMap.Entry, in out: inout ByteSink, isLastLetter: Bool) {
        let first = out.count - entry.count - 1
        guard isLastLetter, first >= 0, let change = handedOver[entry.packed & 0xFF_FFFF],
            out.start[first] == change.first, onsets.contains(letters(before: first, in: out))
        else { return }
        out.count = first
        for byte in change.replacement { out.append(byte) }
    }

    /// The letters of the word that end before `end`, as far as they can be an onset: at most four bytes.
    private static func letters(before end: Int, in out: ByteSink) -> [UInt8] {
        var start = end
        while start > 0, end - start < 4 {
            let last = out.start[start - 1]
            if last >= 0x80 {
                var width = 1
                while start - width > 0, out.start[start - width] & 0xC0 == 0x80 { width += 1 }
                let written = UnsafeBufferPointer(start: out.start, count: out.count)
                guard isLetter(at: start - width, in: written) else { break }
                start -= width
            } else {
                guard last &- 0x61 < 26 else { break }
                start -= 1
            }
        }
        return Array(UnsafeBufferPointer(start: out.start + start, count: end - start))
    }

    /// Whether a letter, or a mark upon one, begins at `at`.
    @inline(__always)
    static func isLetter(at: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard at < bytes.count else { return false }
        let lead = bytes[at]
        if lead < 0x80 { return (lead | 0x20) &- 0x61 < 26 }
        return isLetter(ScalarMap.scalar(at: at, width: lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, in: bytes))
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark:
            true
        default: false
        }
    }
}
