/// Reads document numbers out of text, scalar by scalar.
struct DocumentNumberScanner {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    init(_ text: String) {
        scalars = NormalForm.nfc(text).unicodeScalars.map(Self.usual)
    }

    /// One spelling for the look-alikes of Đ, the dashes and the spaces.
    private static func usual(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0xD0, 0x189: "Đ"
        case 0xF0, 0x256: "đ"
        // Hyphens, dashes, the minus sign.
        case 0x2010...0x2015, 0x2212: "-"
        // The fraction and division slashes.
        case 0x2044, 0x2215: "/"
        case 0x80...: scalar.properties.isWhitespace ? " " : scalar
        default: scalar
        }
    }

    // MARK: Steps

    var isAtEnd: Bool { at == scalars.count }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        at + ahead < scalars.count ? scalars[at + ahead] : nil
    }

    mutating func skipSpaces() {
        while let next = peek(), next.properties.isWhitespace { at += 1 }
    }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        at += 1
        return true
    }

    /// Skips the word `folded` if it stands here with no letter after it.
    mutating func skipWord(_ folded: String) -> Bool {
        var end = at
        var rest = folded.unicodeScalars[...]
        while let wanted = rest.first {
            guard end < scalars.count, SearchForm.folded(scalars[end]) == String(wanted) else { return false }
            rest.removeFirst()
            end += 1
        }
        guard end == scalars.count || !scalars[end].properties.isAlphabetic else { return false }
        at = end
        return true
    }

    /// Skips to behind the next word that is `folded`; to the end where there is none.
    mutating func skipToWord(_ folded: String, capitalised: Bool) -> Bool {
        while at < scalars.count {
            let isWordStart = at == 0 || !scalars[at - 1].properties.isAlphabetic
            if isWordStart, !capitalised || scalars[at].properties.isUppercase, skipWord(folded) { return true }
            at += 1
        }
        return false
    }

    // MARK: The number

    /// The document number that begins here; nil where none does.
    mutating func number() -> DocumentNumber? {
        guard let number = runningNumber() else { return nil }
        skipSpaces()
        let joint: String
        if skip("/") { joint = "/" } else if skip("-") { joint = "-" } else { return nil }
        skipSpaces()
        let year = joint == "/" ? year() : nil
        guard let notation = notation(), peek().map({ !$0.properties.isAlphabetic && !Self.isDigit($0) }) ?? true
        else { return nil }
        return DocumentNumber(number: number, year: year, joint: joint, notation: notation)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private mutating func run(upTo limit: Int, where isWanted: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while text.count < limit, let next = peek(), isWanted(next) {
            text.append(next)
            at += 1
        }
        return String(text)
    }

    /// Up to seven digits, and a letter for a number that was squeezed in ("12a").
    private mutating func runningNumber() -> String? {
        let digits = run(upTo: 8, where: Self.isDigit)
        guard (1...7).contains(digits.count) else { return nil }
        return digits + run(upTo: 1) { ("a"..."z").contains($0) || ("A"..."Z").contains($0) }
    }

    /// Four digits with a slash behind them; nothing is taken where they are something else.
    private mutating func year() -> Int? {
        let start = at
        let digits = run(upTo: 5, where: Self.isDigit)
        skipSpaces()
        if digits.utf8.count == 4, let year = Int(digits), (1900...2199).contains(year), skip("/") {
            skipSpaces()
            return year
        }
        at = start
        return nil
    }

    /// Groups of letters, "QĐ", "TTg", "UBTVQH15", joined by hyphen, slash or full stop.
    private mutating func notation() -> String? {
        guard var notation = group() else { return nil }
        var mayBeSpaced = true
        while notation.utf8.count < 60 {
            let start = at
            skipSpaces()
            let isSpacedBefore = at > start
            guard let joint = peek(), joint == "-" || joint == "/" || joint == "." else {
                at = start
                break
            }
            at += 1
            let behind = at
            skipSpaces()
            let isSpaced = isSpacedBefore || at > behind
            // "QĐ - TTg" has a stray space; in "QĐ-TTg - BAN HÀNH" the dash belongs to the sentence.
            // After a full stop only capitals: "KH-UBND.VX", but a sentence may begin at once in "QĐ-TTg.Theo".
            guard !isSpaced || (mayBeSpaced && joint != "."), let next = group(),
                !isSpaced || next.unicodeScalars.first?.properties.isUppercase == true,
                joint != "." || next.unicodeScalars.allSatisfy({ !$0.properties.isLowercase })
            else {
                at = start
                break
            }
            notation.unicodeScalars.append(joint)
            notation += next
            if joint == "-" { mayBeSpaced = false }
        }
        return notation
    }

    /// Letters without a tone, which no notation has, then digits. Nothing is taken where a toned letter follows: that
    /// was a word.
    private mutating func group() -> String? {
        let start = at
        let letters = run(upTo: 16) { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "Đ", "đ", "Ă", "ă", "Â", "â", "Ê", "ê", "Ô", "ô", "Ơ", "ơ", "Ư", "ư": true
            default: false
            }
        }
        guard !letters.isEmpty, peek().map({ !$0.properties.isAlphabetic }) ?? true else {
            at = start
            return nil
        }
        return letters + run(upTo: 3, where: Self.isDigit)
    }
}
