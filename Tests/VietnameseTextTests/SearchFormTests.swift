import Foundation
@_spi(_Unicode) import Swift
import Testing

@testable import VietnameseText

@Suite("Search form")
struct SearchFormTests {
    @Test(
        "the loose form is lower case without marks, and has d for đ and its look-alikes",
        arguments: [
            ("Đường", "duong"), ("ĐƯỜNG", "duong"), ("QÐ-TTg", "qd-ttg"), ("\u{189}ường ɖ ð", "duong d d"),
            ("Công dân học tập", "cong dan hoc tap"), ("khuyến khích “số” – 40% €", "khuyen khich “so” – 40% €"),
            ("o\u{323}\u{302} ộ ọ\u{302}", "o o o"), ("Straße Ångström Ελλάδα", "straße angstrom ελλαδα"), ("", ""),
            ("İ", "i"),
        ])
    func loose(text: String, folded: String) {
        #expect(bytes(SearchForm.folded(text)) == bytes(folded))
    }

    @Test(
        "the strict form keeps marks, and writes the tone of oa, oe, uy on the first vowel",
        arguments: [
            ("hoà", "hòa"), ("Hoà bình", "hòa bình"), ("CỘNG HOÀ XÃ HỘI", "cộng hòa xã hội"), ("thuý", "thúy"),
            ("Uỷ ban", "ủy ban"), ("UỶ BAN", "ủy ban"), ("khoẻ", "khỏe"), ("xoè", "xòe"), ("loã", "lõa"),
            ("hoạ", "họa"),
            ("thuỵ", "thụy"), ("luỹ", "lũy"), ("nguỵ", "ngụy"), ("đoá", "đóa"), ("Đoạ", "đọa"), ("oà", "òa"),
            ("toẽ", "tõe"),
            ("“hoà”", "“hòa”"), ("(uỷ)", "(ủy)"), ("hoà, thuý.", "hòa, thúy."), ("hoà–thuý", "hòa–thúy"),
            ("hoà2", "hòa2"),
        ])
    func placesTone(text: String, exact: String) {
        #expect(bytes(SearchForm.exact(text)) == bytes(exact))
        #expect(bytes(SearchForm.exact(exact)) == bytes(exact))
        #expect(bytes(SearchForm.exact(text.decomposedStringWithCanonicalMapping)) == bytes(exact))
    }

    @Test(
        "the strict form leaves the tone where no other place is right",
        arguments: [
            "quý", "quỳ", "quỹ", "quỵ", "giá", "già", "gioá", "hoàn", "toán", "hoạt", "khoẻn", "thuỷn", "huỳnh",
            "khuỷu",
            "ngoáy", "hòa", "thúy", "ủy", "tòa", "của", "mía", "quoà", "aoà", "zoà", "straoà", "ēoà", "hoàé",
        ])
    func leavesTone(word: String) {
        #expect(bytes(SearchForm.exact(word)) == bytes(word))
    }

    @Test("the strict form has đ for every look-alike of Đ, and lowers what composes only as a small letter")
    func looksAlike() {
        #expect(
            bytes(SearchForm.exact("677/QÐ-TTg, 677/Q\u{189}-TTg, 677/QĐ-TTg"))
                == bytes("677/qđ-ttg, 677/qđ-ttg, 677/qđ-ttg"))
        #expect(bytes(SearchForm.exact("ð ɖ")) == bytes("đ đ"))
        #expect(bytes(SearchForm.exact("H\u{331}")) == bytes("\u{1E96}"))
    }

    /// The rule of the loose form as it is stated, without maps.
    private func foldedByRule(_ text: String) -> [UInt8] {
        var result = ""
        for scalar in text._nfd {
            if scalar.properties.generalCategory == .nonspacingMark { continue }
            let isD = [0x110, 0x111, 0xD0, 0xF0, 0x189, 0x256].contains(scalar.value)
            result.unicodeScalars.append(contentsOf: (isD ? "d" : scalar.properties.lowercaseMapping).unicodeScalars)
        }
        return bytes(result)
    }

    @Test("both forms of every scalar are as the rules say, and within the bound that the buffers have")
    func everyScalar() {
        for scalar in allScalars {
            let text = String(scalar)
            let folded = SearchForm.folded(text)
            let exact = SearchForm.exact(text)
            let isD = SearchForm.isStrokedD(scalar)
            let lowered =
                isD
                ? "đ"
                : String(String.UnicodeScalarView(text._nfc)).unicodeScalars
                    .map(\.properties.lowercaseMapping).joined()
            let limit = SearchForm.growth * text.utf8.count
            guard bytes(folded) == foldedByRule(text), bytes(SearchForm.folded(folded)) == bytes(folded),
                bytes(exact) == bytes(NormalForm.nfc(lowered)),
                folded.utf8.count <= limit, lowered.utf8.count <= limit
            else {
                Issue.record("U+\(String(scalar.value, radix: 16))")
                return
            }
        }
    }

    @Test("both forms are the same for every normal form of a text, and change nothing the second time")
    func randomTexts() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for _ in 0..<5_000 {
            let text = generator.text(upTo: 12)
            let folded = SearchForm.folded(text)
            let exact = SearchForm.exact(text)
            #expect(bytes(folded) == foldedByRule(text), "seed \(generator.seed)")
            #expect(bytes(SearchForm.folded(exact)) == bytes(folded), "seed \(generator.seed)")
            for other in [String(String.UnicodeScalarView(text._nfd)), String(String.UnicodeScalarView(text._nfc))] {
                #expect(bytes(SearchForm.folded(other)) == bytes(folded), "seed \(generator.seed)")
                #expect(bytes(SearchForm.exact(other)) == bytes(exact), "seed \(generator.seed)")
            }
            #expect(bytes(SearchForm.folded(folded)) == bytes(folded), "seed \(generator.seed)")
            #expect(bytes(SearchForm.exact(exact)) == bytes(exact), "seed \(generator.seed)")
        }
    }

    @Test(
        "every shared page has the same forms composed and decomposed, folded as the rule says",
        .enabled(if: SharedTexts.areThere, Comment(rawValue: SharedTexts.absence)))
    func pages() throws {
        for (name, text) in try SharedTexts.all() {
            let decomposed = String(String.UnicodeScalarView(text._nfd))
            let folded = bytes(SearchForm.folded(text))
            #expect(folded == foldedByRule(text), "\(name)")
            #expect(bytes(SearchForm.folded(decomposed)) == folded, "\(name)")
            #expect(bytes(SearchForm.folded(text.uppercased())) == folded, "\(name)")
            #expect(bytes(SearchForm.exact(decomposed)) == bytes(SearchForm.exact(text)), "\(name)")
            #expect(bytes(NormalForm.nfc(decomposed)) == bytes(NormalForm.nfc(text)), "\(name)")
        }
    }
}
