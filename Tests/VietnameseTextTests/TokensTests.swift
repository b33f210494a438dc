import Testing

@testable import VietnameseText

@Suite("Tokens")
struct TokensTests {
    @Test(
        "cuts where SQLite's unicode61 cuts",
        arguments: [
            ("677/qđ-ttg", ["677", "qđ", "ttg"]), ("ngu€n", ["ngu", "n"]), ("công dân  học", ["công", "dân", "học"]),
            ("", []), ("…", []), ("a_b", ["a", "b"]), ("km²", ["km²"]), ("40% “số”", ["40", "số"]),
            ("x\0y", ["x", "y"]),
            // A mark goes on with a word and begins none; one outside FTS5's list parts words.
            ("\u{301}a\u{301}b", ["a\u{301}b"]), ("a\u{305}b", ["a", "b"]),
            // Private use, and what Unicode 6.1 did not know yet.
            ("\u{F0B7}x", ["\u{F0B7}x"]), ("a🫠", ["a🫠"]), ("a☺b", ["a", "b"]),
        ])
    func cuts(text: String, tokens: [String]) {
        #expect(Tokens.of(text).map { bytes(String($0)) } == tokens.map(bytes))
    }

    @Test("words of the original text are those of the folded text")
    func foldedWords() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for _ in 0..<5_000 {
            let text = generator.text(upTo: 12)
            // Marks with a combining class that folding keeps are reordered over the whole text only.
            if text.unicodeScalars.contains(where: { "\u{302E}\u{1D165}\u{1D15E}".unicodeScalars.contains($0) }) {
                continue
            }
            let words = FoldedWord.words(of: text)
            #expect(
                words.map { bytes($0.folded) } == Tokens.of(SearchForm.folded(text)).map { bytes(String($0)) },
                "seed \(generator.seed)")
            for word in words where !text.contains("각") {
                #expect(
                    bytes(SearchForm.folded(String(text[word.range]))) == bytes(word.folded), "seed \(generator.seed)")
            }
        }
    }

    @Test(
        "words of every shared page are those of its folded text",
        .enabled(if: SharedTexts.areThere, Comment(rawValue: SharedTexts.absence)))
    func pages() throws {
        for (name, text) in try SharedTexts.all() {
            #expect(
                FoldedWord.words(of: text).map(\.folded) == Tokens.of(SearchForm.folded(text)).map(String.init),
                "\(name)")
        }
    }
}
