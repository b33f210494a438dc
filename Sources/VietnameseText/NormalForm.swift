@_spi(_Unicode) import Swift

/// Unicode normalisation form C (UAX #15), the form in which the archive keeps every text it derives.
///
/// Swift compares strings by canonical equivalence, so two spellings of a word that differ as bytes are equal to
/// `==`; SQLite, digests and JSON see the bytes. Text is therefore normalised once, where it enters.
public enum NormalForm {
    /// The text in normalisation form C. Text that is in this form already is returned as it is.
    public static func nfc(_ text: String) -> String {
        if isSurelyNFC(text) { return text }
        var composed = String.UnicodeScalarView()
        composed.reserveCapacity(text.utf8.count)
        for scalar in markSorted(text)._nfc { composed.append(scalar) }
        return String(composed)
    }

    /// Whether the bytes of the text are those of its normalisation form C.
    public static func isNFC(_ text: String) -> Bool {
        isSurelyNFC(text) || text.unicodeScalars.elementsEqual(markSorted(text)._nfc)
    }

    /// The canonical decomposition (form D) of the text, scalar by scalar.
    static func decomposed(_ text: String) -> some Sequence<Unicode.Scalar> { markSorted(text)._nfd }

    // MARK: Hostile text

    /// The text with its marks decomposed and in canonical order where a run of them is long: another spelling of it.
    ///
    /// The standard library orders marks by insertion, in time quadratic in the length of a run [measured: 16,000 marks
    /// 80 ms, 800,000 minutes], but linear where the run is in order. A document may hold any run. It also leaves out of
    /// order what follows one of three Tibetan vowel signs [measured: U+0F73 U+0F71], so these count as a long run.
    private static func markSorted(_ text: String) -> String {
        guard longestMarkRun(text) > 64 else { return text }
        var result = String.UnicodeScalarView()
        var run: [Unicode.Scalar] = []
        func close() {
            // The standard library's sort is stable, as canonical ordering has to be.
            run.sort { $0.properties.canonicalCombiningClass < $1.properties.canonicalCombiningClass }
            result.append(contentsOf: run)
            run.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            if isMark(scalar) {
                run.append(contentsOf: String(scalar)._nfd)
            } else {
                close()
                result.append(scalar)
            }
        }
        close()
        return String(result)
    }

    private static func longestMarkRun(_ text: String) -> Int {
        var longest = 0
        var run = 0
        for scalar in text.unicodeScalars {
            run = isVowelOfMarks(scalar) ? 65 : isMark(scalar) ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    /// Whether the decomposition begins with a scalar that may have to move.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x300 || (0x1E00...0x20CF).contains(scalar.value) { return false }
        return isVowelOfMarks(scalar) || scalar.properties.canonicalCombiningClass != .notReordered
    }

    /// The scalars with combining class 0 that decompose to marks alone.
    private static func isVowelOfMarks(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{F73}" || scalar == "\u{F75}" || scalar == "\u{F81}"
    }

    // MARK: The fast check

    /// Whether every scalar is one that form C neither changes, nor reorders, nor joins to its neighbour. False says
    /// nothing.
    ///
    /// By UAX #15 §9 a text is in form C when each of its scalars has NFC_Quick_Check=Yes and combining class 0. The
    /// ranges below hold only such scalars (a test walks all of them), and take in all of a usual Vietnamese page.
    private static func isSurelyNFC(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable(isSurelyNFC) ?? false
    }

    private static func isSurelyNFC(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let count = bytes.count
        var at = 0
        while at < count {
            let lead = bytes[at]
            if lead < 0xCC {
                // ASCII, and U+0080–U+02FF. The bytes are valid UTF-8, so what follows a lead byte below CC needs no look.
                at += 1
            } else if lead == 0xE1 {
                // U+1E00–U+1EFF: Latin Extended Additional, where Vietnamese letters with a tone live.
                guard bytes[at + 1] & 0xFC == 0xB8 else { return false }
                at += 3
            } else if lead == 0xE2 {
                // U+2002–U+20BF: punctuation and currency signs. U+2000 and U+2001 have canonical equivalents.
                let second = bytes[at + 1]
                guard second < 0x83, second != 0x80 || bytes[at + 2] > 0x81 else { return false }
                at += 3
            } else if lead == 0xEE {
                // U+E000–U+EFFF: private use, as symbol fonts leave it in PDF text.
                at += 3
            } else if lead == 0xEF {
                // U+F000–U+F8FF: private use.
                guard bytes[at + 1] < 0xA4 else { return false }
                at += 3
            } else {
                return false
            }
        }
        return true
    }
}
