/// The words of an original text with their folded spellings, for matching that must answer in places of the original.
struct FoldedWord {
    /// As ``Tokens`` cuts it from the folded text.
    let folded: String
    /// Its place in the original, with the marks that folding drops.
    let range: Range<String.Index>
}

extension FoldedWord {
    /// The words of `text`, in order, up to `limit` words.
    ///
    /// Folding first and cutting then would lose the places; so each scalar is folded and judged where it stands. The
    /// words are those of `Tokens.of(SearchForm.folded(text))`, which a test compares.
    static func words(of text: String, limit: Int = .max) -> [FoldedWord] {
        var words: [FoldedWord] = []
        var folded = ""
        var start = text.startIndex
        var end = start
        func close() {
            if !folded.isEmpty { words.append(FoldedWord(folded: folded, range: start..<end)) }
            folded = ""
        }
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex, words.count < limit {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            if scalar.value < 0x80 {
                if Tokens.isWord(scalar) {
                    if folded.isEmpty { start = index }
                    let value = UInt8(scalar.value)
                    folded.unicodeScalars.append(Unicode.Scalar(value &- 0x41 < 26 ? value | 0x20 : value))
                    end = next
                } else {
                    close()
                }
            } else {
                let parts = SearchForm.folded(scalar).unicodeScalars
                // Nothing is left of a mark: it belongs to the word that it stands in.
                if parts.isEmpty, !folded.isEmpty { end = next }
                for part in parts {
                    if Tokens.isWord(part) {
                        if folded.isEmpty { start = index }
                        folded.unicodeScalars.append(part)
                        end = next
                    } else {
                        close()
                    }
                }
            }
            index = next
        }
        if words.count < limit { close() }
        return words
    }
}
