import Foundation

/// The texts outside the project that some tests read: pages of real documents, one file a page.
enum SharedTexts {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["MINHCHUNG_SHARED"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("../shared").standardizedFileURL
    }()

    static let areThere = FileManager.default.fileExists(atPath: folder.appendingPathComponent("search/pages").path)
    static let absence = "needs the shared texts (MINHCHUNG_SHARED, or ../shared beside the package)"

    /// Name and text of every page and every seed.
    static func all() throws -> [(name: String, text: String)] {
        try ["search/pages", "seeds"].flatMap { part in
            let directory = folder.appendingPathComponent(part)
            return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
                .filter { $0.hasSuffix(".txt") }
                .map { ($0, try String(contentsOf: directory.appendingPathComponent($0), encoding: .utf8)) }
        }
    }

    static func page(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent("search/pages/\(name).txt"), encoding: .utf8)
    }
}

/// The bytes of a text: `==` of strings takes the composed and the decomposed spelling for the same.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Every Unicode scalar of the planes that have characters: the four first, and the beginnings of the fifteenth to
/// seventeenth, which are tags and private use.
var allScalars: some Sequence<Unicode.Scalar> {
    [UInt32(0)...0x3FFFF, 0xE0000...0xE0FFF, 0xF0000...0xF00FF, 0x10FF00...0x10FFFF].joined().lazy
        .compactMap(Unicode.Scalar.init)
}

/// A small generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Text of letters, marks and signs that meet in unlucky ways.
    mutating func text(upTo count: Int) -> String {
        let alphabet: [String] = [
            "a", "e", "i", "o", "u", "y", "Ư", "ơ", "ê", "Â", "ă", "đ", "Đ", "Ð", "h", "q", "g", "T", "H", "n", " ",
            ".", "/",
            "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}", "\u{31B}", "\u{302}", "\u{306}", "\u{331}",
            "\u{345}",
            "ộ", "ế", "ỷ", "Ỹ", "oà", "uý", "İ", "ß", "ǰ", "Å", "\u{212B}", "각", "\u{1100}", "\u{1161}", "漢", "क",
            "\u{93C}",
            "\u{302E}", "\u{1D165}", "\u{1D15E}", "\u{20DD}", "😀", "\u{200D}", "\u{2001}", "“", "€", "\u{F0B7}", "3",
            "²",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...count, using: &self) {
            text.append(contentsOf: (alphabet.randomElement(using: &self) ?? "").unicodeScalars)
        }
        return String(text)
    }
}
