/// The words of a text as the search index sees them.
public enum Tokens {
    /// The tokens of `text` in order, cut where SQLite's FTS5 tokenizer `unicode61 remove_diacritics 0` cuts them:
    /// letters, numbers and private use make words, everything else parts them.
    ///
    /// Only the cutting is the same: FTS5 also lowers what it cuts, so `text` should be in a search form already.
    public static func of(_ text: String) -> [Substring] {
        let scalars = text.unicodeScalars
        var tokens: [Substring] = []
        var start: String.Index?
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            if isWord(scalar) {
                if start == nil { start = index }
            } else if let begun = start, !continuesWord(scalar) {
                tokens.append(text[begun..<index])
                start = nil
            }
            scalars.formIndex(after: &index)
        }
        if let start { tokens.append(text[start..<scalars.endIndex]) }
        return tokens
    }

    /// Whether the scalar is part of a word wherever it stands.
    @inline(__always)
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 {
            return (scalar.value | 0x20) &- 0x61 < 26 || scalar.value &- 0x30 < 10
        }
        return isWordBeyondASCII(scalar)
    }

    /// FTS5's tables are those of Unicode 6.1, and what they do not know they take for a letter: so a later symbol, as
    /// are most emoji, is part of a word to it. (`fts5_unicode2.c`, `sqlite3Fts5UnicodeCatParse`; held against SQLite
    /// 3.40.1 scalar by scalar.)
    private static func isWordBeyondASCII(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // Marks of the New Tai Lue and Vedic scripts that are letters, and letters that are marks, since 6.1.
        case 0x19B0...0x19C0, 0x19C8...0x19C9, 0x1CF2...0x1CF3: return false
        case 0x1885...0x1886: return true
        case 0xFFFE...0xFFFF: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber, .privateUse, .unassigned:
            return true
        default:
            guard let age = scalar.properties.age else { return true }
            return (age.major, age.minor) > (6, 1)
        }
    }

    /// Whether the scalar, which begins no word, is part of one that has begun: FTS5's own list of diacritics
    /// (`sqlite3Fts5UnicodeIsdiacritic`). Marks outside the list part words.
    private static func continuesWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x300...0x304, 0x306...0x30C, 0x30F, 0x311, 0x31B, 0x323...0x328, 0x32D...0x32E, 0x330...0x331: true
        default: false
        }
    }
}
