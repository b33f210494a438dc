import Testing
import VietnameseText

@Suite("Document number")
struct DocumentNumberTests {
    @Test(
        "reads a number written alone, however it is spaced",
        arguments: [
            ("677/QĐ-TTg", "677/QĐ-TTg", "677/QĐ-TTG"), ("Số: 97 /KH-HKH", "97/KH-HKH", "97/KH-HKH"),
            ("155/2020/NĐ-CP", "155/2020/NĐ-CP", "155/2020/NĐ-CP"),
            ("số 155 / 2020 / NĐ – CP", "155/2020/NĐ-CP", "155/2020/NĐ-CP"),
            ("677/QÐ-TTg", "677/QĐ-TTg", "677/QĐ-TTG"), ("677/q\u{f0}-ttg", "677/qđ-ttg", "677/QĐ-TTG"),
            ("Số: 1654/NQ-UBTVQH15", "1654/NQ-UBTVQH15", "1654/NQ-UBTVQH15"),
            ("203/2025/QH15", "203/2025/QH15", "203/2025/QH15"),
            ("05-CT/TW", "05-CT/TW", "5-CT/TW"), ("Số: 12-QĐ/TU.", "12-QĐ/TU", "12-QĐ/TU"),
            ("01/2021/TT-BGDĐT", "01/2021/TT-BGDĐT", "1/2021/TT-BGDĐT"),
            ("12a/BC-UBND.VX", "12a/BC-UBND.VX", "12A/BC-UBND.VX"), ("  SỐ : 3/QĐ ;", "3/QĐ", "3/QĐ"),
            ("677/QD-TTg", "677/QD-TTg", "677/QD-TTG"),
            ("So\u{302}\u{301}: 677/Q\u{110}-TTg", "677/QĐ-TTg", "677/QĐ-TTG"), ("30/TTr-CP", "30/TTr-CP", "30/TTR-CP"),
        ])
    func reads(text: String, description: String, searchKey: String) throws {
        let number = try #require(DocumentNumber(text))
        #expect(bytes(number.description) == bytes(description))
        #expect(bytes(number.searchKey) == bytes(searchKey))
        #expect(DocumentNumber(number.description) == number)
    }

    @Test("tells number, year and notation apart")
    func parts() throws {
        let decree = try #require(DocumentNumber("155/2020/NĐ-CP"))
        #expect((decree.number, decree.year, decree.notation) == ("155", 2020, "NĐ-CP"))
        let decision = try #require(DocumentNumber("677/QĐ-TTg"))
        #expect((decision.number, decision.year, decision.notation) == ("677", nil, "QĐ-TTg"))
    }

    @Test(
        "is nothing where there is no number, or more than one",
        arguments: [
            "", "Số:", "Số: /KH-UBND", "677", "677/", "QĐ-TTg", "30/7/2022", "2021 - 2030", "16/6/2022",
            "677/QĐ-TTg ngày",
            "12345678/QĐ", "số 5 đường Hoàng Diệu", "97/kế hoạch", "1/2", "677/QĐ-TTg, 678/QĐ-TTg", "-5/QĐ",
        ])
    func isNothing(text: String) {
        #expect(DocumentNumber(text) == nil)
    }

    @Test(
        "finds the number in the head of a document",
        arguments: [
            ("HỘI KHUYẾN HỌC\nSố: 97 /KH-HKH Cao Bằng, ngày 07 tháng 9 năm 2022", "97/KH-HKH"),
            ("CHÍNH PHỦ\nSố:155/2020/NĐ-CP\nHà Nội", "155/2020/NĐ-CP"), ("Số: 12/KH - UBND\nHÀ NỘI", "12/KH-UBND"),
            ("Số: 12/KH-UBND - HÀ NỘI, ngày", "12/KH-UBND"), ("Số: 384 /QÐ-TTg Hà Nội", "384/QĐ-TTg"),
            ("TỈNH ỦY\nSố 12-KH/TU Long An", "12-KH/TU"),
            ("Sô: 7/QĐ-UBND.Theo đề nghị", "7/QĐ-UBND"), ("Mã số thuế: 1/AB. Số: 8/TB-VP", "8/TB-VP"),
        ])
    func finds(text: String, description: String) {
        #expect(DocumentNumber.first(in: text)?.description == description)
    }

    @Test(
        "finds nothing rather than the number of another document",
        arguments: [
            "UỶ BAN NHÂN DÂN\nSố: /KH-UBND Đồng Tháp\nThực hiện Quyết định số 677/QĐ-TTg",
            "Thực hiện Quyết định số 677/QĐ-TTg ngày 03/6/2022",
            "Số 5/7 đường Lê Lợi", "Số 677/QĐ-TTg được ban hành", "Số: ……/KH-UBND. Số: 5/KH-UBND", "Số: 5/kg", "",
            String(repeating: "x ", count: 800) + "Số: 97/KH-HKH",
        ])
    func findsNothing(text: String) {
        #expect(DocumentNumber.first(in: text) == nil)
    }

    @Test(
        "finds the numbers and dates of the shared first pages, and invents none",
        .enabled(if: SharedTexts.areThere, Comment(rawValue: SharedTexts.absence)),
        arguments: [
            ("000_49c98bd6e2098fa4.001", nil, nil), ("001_0e75e1ec9ca524a5.001", "97/KH-HKH", "2022-09-07"),
            ("002_4402c1a29785e4dd.001", nil, nil),
            ("003_ebd233191234e050.001", nil, "2022-07-13"), ("004_59c4238d81b53a49.001", nil, nil),
            ("1654_NQ-UBTVQH15.001", "1654/NQ-UBTVQH15", "2025-06-16"),
            ("1687_NQ-UBTVQH15.001", "1687/NQ-UBTVQH15", "2025-06-16"),
        ] as [(String, String?, String?)])
    func sharedHeads(page: String, number: String?, date: String?) throws {
        let text = try SharedTexts.page(page)
        #expect(DocumentNumber.first(in: text)?.description == number)
        #expect(IssueDate.first(in: text)?.description == date)
    }
}
