import Testing

@testable import VietnameseText

@Suite("Snippet")
struct SnippetTests {
    static let page = """
        UỶ BAN NHÂN DÂN\tTỈNH ĐỒNG THÁP. Thực hiện Quyết định số 677/QĐ-TTg ngày 03 tháng 6 năm 2022 của Thủ tướng
        Chính phủ về việc phê duyệt Chương trình “Xây dựng mô hình Công dân
        học tập giai đoạn 2021 - 2030”, Uỷ ban nhân dân tỉnh ban hành Kế hoạch.
        """

    private func shown(_ text: String, _ terms: [[String]], _ length: Int) -> (text: String, matches: [String]) {
        let result = Snippet.excerpt(of: text, matching: terms, length: length)
        return (result.text, result.matches.map { String(result.text[$0]) })
    }

    @Test("shows the original spelling of what was matched folded, on one line, cut between words")
    func showsOriginal() {
        let result = shown(Self.page, [["cong", "dan", "hoc", "tap"]], 60)
        #expect(result.matches.map(bytes) == [bytes("Công dân học tập")])
        #expect(result.text.contains("hình Công dân học tập giai đoạn"))
        #expect(result.text.hasPrefix("…") && result.text.hasSuffix("…"))
        #expect(result.text.unicodeScalars.count <= 62)
    }

    @Test("marks every visible match, in order, in text that is decomposed too")
    func decomposed() {
        let text = "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t, tiếng ĐƯỜNG"
        let result = shown(text, [["tieng"], ["duong"]], 100)
        #expect(result.matches.map(bytes) == [bytes("Tie\u{302}\u{301}ng"), bytes("tiếng"), bytes("ĐƯỜNG")])
        #expect(bytes(result.text) == bytes(text))
    }

    @Test("prefers the stretch with most terms")
    func prefersMostTerms() {
        let filler = String(repeating: "chữ nghĩa ", count: 30)
        let result = shown(
            "khuyến khuyến khuyến " + filler + "hội khuyến học tỉnh " + filler, [["khuyen"], ["hoc"], ["hoi"]], 40)
        #expect(result.matches == ["hội", "khuyến", "học"])
    }

    @Test("shows the beginning where nothing matches, and overlapping matches as one")
    func edges() {
        let none = shown(Self.page, [["khong"], []], 30)
        #expect(none.text == "UỶ BAN NHÂN DÂN TỈNH ĐỒNG THÁP…")
        #expect(none.matches.isEmpty)
        #expect(shown("", [["a"]], 10).text == "")
        #expect(shown("… — !", [["a"]], 10).text == "… — !")
        #expect(shown("công dân học tập", [["cong", "dan"], ["dan", "hoc"]], 80).matches == ["công dân học"])
        #expect(shown("một hai ba", [["hai"]], 1).text == "…hai…")
    }

    @Test("lets no control character of a document through")
    func controls() {
        let result = shown("công\u{1B}[31m dân\u{202E}\r\n\u{7}học \u{2066}x", [["dan"], ["hoc"]], 80)
        #expect(result.text == "công [31m dân học x")
        #expect(result.matches == ["dân", "học"])
    }

    @Test(
        "finds a word of every shared page again, in its own spelling",
        .enabled(if: SharedTexts.areThere, Comment(rawValue: SharedTexts.absence)))
    func pages() throws {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        for (name, text) in try SharedTexts.all() {
            let tokens = Tokens.of(SearchForm.folded(text)).map(String.init)
            guard let place = tokens.indices.dropLast().randomElement(using: &generator) else { continue }
            let term = [tokens[place], tokens[place + 1]]
            let result = shown(text, [term], 160)
            #expect(!result.matches.isEmpty, "\(name) seed \(generator.seed)")
            for match in result.matches {
                let words = Tokens.of(SearchForm.folded(match)).map(String.init)
                #expect(words.starts(with: term), "\(name) seed \(generator.seed)")
            }
            #expect(result.text.unicodeScalars.count <= 180, "\(name) seed \(generator.seed)")
        }
    }
}
