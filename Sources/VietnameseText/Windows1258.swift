/// Text in the code page windows-1258, in which Vietnamese was written before Unicode: Latin letters of which some
/// carry their circumflex, breve or horn, and five tone marks as bytes of their own that follow the vowel.
public enum Windows1258 {
    /// The text of the bytes in normalisation form C, or nil where a byte has no meaning in the code page.
    public static func decode(_ bytes: some Sequence<UInt8>) -> String? {
        var text = String.UnicodeScalarView()
        for byte in bytes {
            guard let scalar = scalar(byte) else { return nil }
            text.append(scalar)
        }
        return NormalForm.nfc(String(text))
    }

    /// Whether the bytes read as Vietnamese in this code page, and hardly as anything else.
    ///
    /// The same bytes are letters in windows-1252, in TCVN3 (ABC) and in VNI; what tells them apart is that here tone
    /// marks follow vowels, one to a word, and that no letter occurs that Vietnamese does not have. Bytes without any
    /// tone mark (ASCII, and most Western European text) are not called Vietnamese.
    public static func isPlausible(_ bytes: some Collection<UInt8>) -> Bool {
        var census = Census()
        for byte in bytes {
            guard let scalar = scalar(byte), census.take(scalar) else { return false }
        }
        return census.isVietnamese
    }

    private static func scalar(_ byte: UInt8) -> Unicode.Scalar? {
        if byte < 0x80 { return Unicode.Scalar(byte) }
        let value = upperHalf[Int(byte) - 0x80]
        return value == 0 ? nil : Unicode.Scalar(value)
    }

    /// Bytes 80 to FF, 0 where the code page has nothing (unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1258.TXT).
    private static let upperHalf: [UInt16] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
        0x02C6, 0x2030, 0, 0x2039, 0x0152, 0, 0, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x02DC, 0x2122, 0, 0x203A, 0x0153, 0, 0, 0x0178,
        0x00A0, 0x00A1, 0x00A2, 0x00A3, 0x00A4, 0x00A5, 0x00A6, 0x00A7,
        0x00A8, 0x00A9, 0x00AA, 0x00AB, 0x00AC, 0x00AD, 0x00AE, 0x00AF,
        0x00B0, 0x00B1, 0x00B2, 0x00B3, 0x00B4, 0x00B5, 0x00B6, 0x00B7,
        0x00B8, 0x00B9, 0x00BA, 0x00BB, 0x00BC, 0x00BD, 0x00BE, 0x00BF,
        0x00C0, 0x00C1, 0x00C2, 0x0102, 0x00C4, 0x00C5, 0x00C6, 0x00C7,
        0x00C8, 0x00C9, 0x00CA, 0x00CB, 0x0300, 0x00CD, 0x00CE, 0x00CF,
        0x0110, 0x00D1, 0x0309, 0x00D3, 0x00D4, 0x01A0, 0x00D6, 0x00D7,
        0x00D8, 0x00D9, 0x00DA, 0x00DB, 0x00DC, 0x01AF, 0x0303, 0x00DF,
        0x00E0, 0x00E1, 0x00E2, 0x0103, 0x00E4, 0x00E5, 0x00E6, 0x00E7,
        0x00E8, 0x00E9, 0x00EA, 0x00EB, 0x0301, 0x00ED, 0x00EE, 0x00EF,
        0x0111, 0x00F1, 0x0323, 0x00F3, 0x00F4, 0x01A1, 0x00F6, 0x00F7,
        0x00F8, 0x00F9, 0x00FA, 0x00FB, 0x00FC, 0x01B0, 0x20AB, 0x00FF,
    ]
}

extension Windows1258 {
    /// What is counted of a text to judge whether it is Vietnamese.
    private struct Census {
        private var letters = 0
        /// Tone marks, and letters with breve, circumflex, horn or bar: what Vietnamese has and ASCII has not.
        private var markedLetters = 0
        /// Tone marks of their own, each after a vowel that can bear it.
        private var tones = 0
        /// Marks in a wrong place, letters of other languages, and signs that stand inside a word.
        private var strangers = 0

        private var word = Word.none
        private var isAfterCapital = false
        private enum Word { case none, consonant, vowel, toned, sign }

        /// False where the scalar does not occur in text at all.
        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            defer { isAfterCapital = scalar == "Đ" || ("A"..."Z").contains(scalar) }
            switch scalar {
            case "\t", "\n", "\r", "\u{C}":
                word = .none
            case "\0"..."\u{1F}", "\u{7F}":
                return false
            case "a", "e", "i", "o", "u", "y", "A", "E", "I", "O", "U", "Y":
                takeLetter(isVowel: true)
            case "a"..."z", "A"..."Z":
                takeLetter(isVowel: false)
            case "ă", "â", "ê", "ô", "ơ", "ư", "Ă", "Â", "Ê", "Ô", "Ơ", "Ư":
                takeLetter(isVowel: true)
                markedLetters += 1
            case "à", "á", "è", "é", "ó", "ù", "ú", "í", "À", "Á", "È", "É", "Ó", "Ù", "Ú", "Í":
                // A second tone in a word.
                if word == .toned { strangers += 1 }
                takeLetter(isVowel: true)
                markedLetters += 1
                word = .toned
            case "đ", "Đ":
                // It begins a word, or stands among capitals: "HĐND".
                if word != .none, scalar == "đ" || !isAfterCapital { strangers += 1 }
                takeLetter(isVowel: false)
                markedLetters += 1
            case "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}":
                if word == .vowel { tones += 1 } else { strangers += 1 }
                markedLetters += 1
                word = .toned
            case "\u{A1}"..."\u{BF}", "‚", "„", "†", "‡", "ˆ", "‰", "‹", "›", "˜", "™", "ƒ", "Œ", "œ", "•":
                takeSign()
            case "\u{C0}"..."\u{FF}", "Ÿ":
                letters += 1
                strangers += 1
                word = .consonant
            default:
                word = .none
            }
            return true
        }

        private mutating func takeLetter(isVowel: Bool) {
            letters += 1
            if word == .sign { strangers += 1 }
            if word == .toned, isVowel { return }
            word = isVowel ? .vowel : word == .toned ? .toned : .consonant
        }

        /// TCVN3 and UTF-8 put letters where this code page has signs, so a sign that touches a letter on its right, or
        /// follows one, is suspect; quotation marks and the like are no letters there and are left out here.
        private mutating func takeSign() {
            if word == .none { word = .sign } else { strangers += 1 }
        }

        var isVietnamese: Bool {
            // Of Vietnamese letters about a quarter are marked, and about a tenth bear a separate tone mark; capitals
            // of names and stretches of ASCII thin that out, so a fraction of it has to do. Strangers come from words that
            // were run together ("vàcácxã"), up to one in thirty; other encodings have more than one in six.
            tones > 0 && tones * 50 >= letters && markedLetters * 20 >= letters
                && strangers * 20 <= tones + markedLetters
        }
    }
}
