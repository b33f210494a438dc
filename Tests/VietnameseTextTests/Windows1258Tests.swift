import Foundation
import Testing
import VietnameseText

@Suite("Windows-1258")
struct Windows1258Tests {
    static let vietnamese =
        "Phê duyệt Chương trình “Xây dựng mô hình Công dân học tập giai đoạn 2021 - 2030”; kinh phí 40% do địa phương bảo đảm."

    @Test("decodes bytes with separate tones to composed text")
    func decodes() {
        #expect(Windows1258.decode([0x56, 0x69, 0xEA, 0xF2, 0x74]).map(bytes) == bytes("Việt"))
        #expect(Windows1258.decode([0xD0, 0xFD, 0xF5, 0xCC, 0x6E, 0x67]).map(bytes) == bytes("Đường"))
        #expect(Windows1258.decode([0x35, 0xFE, 0x80]).map(bytes) == bytes("5₫€"))
        #expect(Windows1258.decode([]) == "")
        #expect(Windows1258.decode(LegacySpellings.windows1258(Self.vietnamese)).map(bytes) == bytes(Self.vietnamese))
    }

    @Test(
        "gives nothing for a byte that the code page does not have",
        arguments: [0x81, 0x8A, 0x8D, 0x8E, 0x8F, 0x90, 0x9A, 0x9D, 0x9E] as [UInt8])
    func undefined(byte: UInt8) {
        #expect(Windows1258.decode([0x61, byte]) == nil)
        #expect(!Windows1258.isPlausible(LegacySpellings.windows1258(Self.vietnamese) + [byte]))
    }

    @Test(
        "takes Vietnamese for plausible",
        arguments: [
            vietnamese, vietnamese.uppercased(), "Tiếng Việt rất hay",
            "Kính gửi: Sở Giáo dục và Đào tạo\r\n\tSố: 97/QĐ-HĐND",
        ])
    func plausible(text: String) {
        #expect(Windows1258.isPlausible(LegacySpellings.windows1258(text)))
        #expect(!Windows1258.isPlausible(LegacySpellings.tcvn3(text)))
        #expect(!Windows1258.isPlausible(LegacySpellings.vni(text)))
        #expect(!Windows1258.isPlausible(Array(text.utf8)))
    }

    @Test(
        "does not take other languages for Vietnamese",
        arguments: [
            "", "Plain English text, 1998.",
            "Les élèves ont été reçus à l'école où l'été dernier, ça et là, un garçon naïf s'est noyé.",
            "Über die Straße gehen Füße; schöne Grüße aus Österreich und Köln.",
            "Não são só as ações dos cidadãos, é também a educação.",
            "Perché no? Però così è più facile: la città, l'università, giù e su, sì, può darsi.",
            "El niño comió piñas en España; ¿qué pasó ayer? Según él, todo acabó bien.",
            "Þetta er íslenska: ég ætla að fara út í kvöld, þú kemur ekki með.",
            "På øen bor en gammel sømand, som ånder frit. Å få frisk luft er sundt.",
        ])
    func otherLanguages(text: String) throws {
        let bytes = try #require(text.data(using: .windowsCP1252))
        #expect(!Windows1258.isPlausible(Array(bytes)))
    }

    @Test("does not take random bytes for Vietnamese")
    func random() {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for count in [16, 64, 4096] {
            for _ in 0..<300 {
                let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
                #expect(!Windows1258.isPlausible(noise), "seed \(generator.seed)")
            }
        }
    }

    @Test(
        "tells the shared Vietnamese pages from the same pages in TCVN3, VNI and UTF-8",
        .enabled(if: SharedTexts.areThere, Comment(rawValue: SharedTexts.absence)))
    func pages() throws {
        // The third seed was read by an English model: it is hardly Vietnamese.
        for (name, text) in try SharedTexts.all() where !name.hasPrefix("003_") {
            #expect(Windows1258.isPlausible(LegacySpellings.windows1258(text)), "\(name)")
            #expect(!Windows1258.isPlausible(LegacySpellings.tcvn3(text)), "\(name) in TCVN3")
            #expect(!Windows1258.isPlausible(LegacySpellings.vni(text)), "\(name) in VNI")
            #expect(!Windows1258.isPlausible(Array(text.utf8)), "\(name) in UTF-8")
        }
    }
}
