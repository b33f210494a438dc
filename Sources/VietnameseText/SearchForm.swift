/// The two spellings in which the search index holds a text, and to which queries are brought.
public enum SearchForm {
    /// The loose form, in which "Đường", "đường", "duong" and "DƯỜNG" are one word: canonical decomposition without
    /// its non-spacing marks, đ and its look-alikes as d, lower case.
    ///
    /// The result depends neither on the normal form nor on the case of `text`, and folding it again changes nothing.
    public static func folded(_ text: String) -> String {
        ByteSink.text(from: text, growth: growth, fold) ?? foldedScalarwise(text)
    }

    /// The strict form, in which only spellings of the same word are one: normalisation form C, lower case, the
    /// look-alikes of Đ (Ð U+00D0, Ɖ U+0189) as đ, and the tone of an open syllable in oa, oe or uy on the first
    /// vowel ("hoà" as "hòa", "Uỷ" as "ủy").
    ///
    /// The result does not depend on the normal form of `text`, and bringing it to this form again changes nothing.
    public static func exact(_ text: String) -> String {
        let composed = NormalForm.nfc(text)
        var isComposed = true
        let lowered = ByteSink.text(from: composed, growth: growth) { bytes, out in
            isComposed = lower(bytes, into: &out)
            return true
        }
        // A capital and a mark may be apart in form C where the small letter and the mark are one: H̱ and ẖ.
        guard let lowered else { return composed }
        return isComposed ? lowered : NormalForm.nfc(lowered)
    }

    /// No scalar's result takes more than three times its bytes, the most being a Hangul syllable taken apart. A test
    /// holds every scalar against this.
    static let growth = 3

    // MARK: The loose form

    /// What one scalar of a decomposed text becomes.
    static func foldedDecomposed(_ scalar: Unicode.Scalar) -> String {
        if isStrokedD(scalar) { return "d" }
        if scalar.properties.generalCategory == .nonspacingMark { return "" }
        return scalar.properties.lowercaseMapping
    }

    /// What one scalar of any text becomes where nothing has to be reordered.
    static func folded(_ scalar: Unicode.Scalar) -> String {
        var result = ""
        for part in NormalForm.decomposed(String(scalar)) { result += foldedDecomposed(part) }
        return result
    }

    private static let foldMap = ScalarMap { ScalarMap.Entry(folded($0)) }

    private static func fold(_ bytes: UnsafeBufferPointer<UInt8>, into out: inout ByteSink) -> Bool {
        foldMap.withEntries { entries in
            var at = 0
            while at < bytes.count {
                let lead = bytes[at]
                if lead < 0x80 {
                    out.append(lead &+ (lead &- 0x41 < 26 ? 0x20 : 0))
                    at += 1
                    continue
                }
                let (entry, width) = ScalarMap.entry(entries, at: at, in: bytes)
                if entry.isOpen {
                    let scalar = ScalarMap.scalar(at: at, width: width, in: bytes)
                    let result = folded(scalar)
                    // Marks that are kept (Mc, Me) and have a combining class would need the whole text reordered.
                    for kept in result.unicodeScalars where kept.properties.canonicalCombiningClass != .notReordered {
                        return false
                    }
                    out.append(result)
                } else {
                    out.append(entry)
                }
                at += width
            }
            return true
        }
    }

    private static func foldedScalarwise(_ text: String) -> String {
        var result = ""
        for scalar in NormalForm.decomposed(text) { result += foldedDecomposed(scalar) }
        return result
    }

    /// Đ and đ, and the letters that look like them: Ð ð (eth) and Ɖ ɖ (African D). The small ones are here because
    /// that is what other software makes of the capitals when it lowers a text.
    static func isStrokedD(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x110, 0x111, 0xD0, 0xF0, 0x189, 0x256: true
        default: false
        }
    }

    // MARK: The strict form

    /// What one scalar of a composed text becomes, before the tone is placed.
    static func lowered(_ scalar: Unicode.Scalar) -> String {
        isStrokedD(scalar) ? "đ" : scalar.properties.lowercaseMapping
    }

    private static let lowerMap = ScalarMap { scalar in
        let text = lowered(scalar)
        guard scalar.properties.canonicalCombiningClass == .notReordered, text.unicodeScalars.count == 1 else {
            return .open
        }
        return ScalarMap.Entry(text, mayHandOverTone: text.unicodeScalars.first.map(TonePlacement.mayHandOver) ?? false)
    }

    /// Lowers composed text and places its tones; false where the result may have to be composed again.
    private static func lower(_ bytes: UnsafeBufferPointer<UInt8>, into out: inout ByteSink) -> Bool {
        lowerMap.withEntries { entries in
            var isComposed = true
            var at = 0
            while at < bytes.count {
                let lead = bytes[at]
                if lead < 0x80 {
                    out.append(lead &+ (lead &- 0x41 < 26 ? 0x20 : 0))
                    at += 1
                    continue
                }
                let (entry, width) = ScalarMap.entry(entries, at: at, in: bytes)
                if entry.isOpen {
                    let scalar = ScalarMap.scalar(at: at, width: width, in: bytes)
                    if scalar.properties.canonicalCombiningClass != .notReordered { isComposed = false }
                    let result = lowered(scalar)
                    if result.unicodeScalars.count != 1 { isComposed = false }
                    out.append(result)
                } else {
                    out.append(entry)
                    if entry.mayHandOverTone {
                        TonePlacement.handOver(
                            entry, in: &out, isLastLetter: !TonePlacement.isLetter(at: at + width, in: bytes))
                    }
                }
                at += width
            }
            return isComposed
        }
    }
}
