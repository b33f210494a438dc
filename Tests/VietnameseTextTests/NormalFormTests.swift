@_spi(_Unicode) import Swift
import Testing
import VietnameseText

@Suite("Normal form")
struct NormalFormTests {
    private func composed(_ text: String) -> String {
        String(String.UnicodeScalarView(text._nfc))
    }

    @Test("composes what a Mac's file name or a PDF took apart, as bytes")
    func composes() {
        let apart = "Quye\u{302}\u{301}t đi\u{323}nh cu\u{309}a Tho\u{302}ng tư\u{300}"
        #expect(bytes(NormalForm.nfc(apart)) == bytes("Quyết định của Thông từ"))
        #expect(!NormalForm.isNFC(apart))
        #expect(NormalForm.isNFC("Quyết định của Thông từ"))
    }

    @Test("puts marks in order: a dot below may be typed before or after the circumflex")
    func reorders() {
        #expect(bytes(NormalForm.nfc("o\u{323}\u{302}")) == bytes("ộ"))
        #expect(bytes(NormalForm.nfc("ô\u{323}")) == bytes("ộ"))
        #expect(bytes(NormalForm.nfc("ọ\u{302}")) == bytes("ộ"))
    }

    @Test("agrees with the standard library on every scalar, alone and between letters")
    func everyScalar() {
        for scalar in allScalars where !"\u{F73}\u{F75}\u{F81}".unicodeScalars.contains(scalar) {
            for text in [String(scalar), "a\(scalar)", "\(scalar)\u{301}", "ê\(scalar)\u{323}"] {
                let expected = bytes(composed(text))
                guard NormalForm.isNFC(text) == (expected == bytes(text)), bytes(NormalForm.nfc(text)) == expected
                else {
                    Issue.record("U+\(String(scalar.value, radix: 16))")
                    return
                }
            }
        }
    }

    @Test("agrees with the standard library on random texts of unlucky neighbours")
    func randomTexts() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for _ in 0..<5_000 {
            let text = generator.text(upTo: 12)
            #expect(bytes(NormalForm.nfc(text)) == bytes(composed(text)), "seed \(generator.seed)")
            #expect(NormalForm.isNFC(NormalForm.nfc(text)), "seed \(generator.seed)")
        }
    }

    @Test("orders long runs of marks as the standard library does, and in linear time", .timeLimit(.minutes(10)))
    func longRuns() {
        for marks in [
            "\u{301}\u{323}", "\u{345}\u{31B}\u{300}", "\u{344}\u{323}\u{302E}", "\u{301}\u{327}",
        ] {
            let short = "x ộ" + String(repeating: marks, count: 50) + "a" + String(repeating: marks, count: 3)
            #expect(bytes(NormalForm.nfc(short)) == bytes(composed(short)))
            #expect(NormalForm.isNFC(composed(short)))
            // The standard library alone would take minutes for this.
            let long = NormalForm.nfc("a" + String(repeating: marks, count: 300_000))
            #expect(NormalForm.isNFC(long))
        }
    }

    @Test("orders marks after the Tibetan vowel signs that are marks themselves, as the standard library does not")
    func tibetan() {
        #expect(bytes(NormalForm.nfc("ཀ\u{F73}\u{F71}")) == bytes("ཀ\u{F71}\u{F71}\u{F72}"))
        #expect(bytes(NormalForm.nfc("ཀ\u{F81}\u{F71}")) == bytes("ཀ\u{F71}\u{F71}\u{F80}"))
        #expect(!NormalForm.isNFC("ཀ\u{F73}"))
        for scalar in allScalars where scalar.properties.canonicalCombiningClass == .notReordered {
            let first = String(scalar)._nfd.first { _ in true }
            let isMark = first?.properties.canonicalCombiningClass != .notReordered
            if isMark != [0xF73, 0xF75, 0xF81].contains(scalar.value) { Issue.record("U+\(String(scalar.value, radix: 16))") }
        }
    }

    @Test("takes no scalar for one that stays where it is that does not")
    func marksBelowTheTable() {
        for scalar in allScalars where scalar.value < 0x300 || (0x1E00...0x20CF).contains(scalar.value) {
            let first = String(scalar)._nfd.first { _ in true }
            #expect(first?.properties.canonicalCombiningClass == .notReordered, "U+\(String(scalar.value, radix: 16))")
        }
    }
}
