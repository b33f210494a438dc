import Testing
import VietnameseText

@Suite("Issue date")
struct IssueDateTests {
    @Test(
        "finds the dateline",
        arguments: [
            ("Số: 97 /KH-HKH Cao Bằng, ngày 07 tháng 9 năm 2022 KẾ HOẠCH", "2022-09-07"),
            ("Hà Nội, ngày 3 tháng 6 năm 2022", "2022-06-03"),
            ("HÀ NỘI, NGÀY 03 THÁNG 06 NĂM 2022", "2022-06-03"),
            ("Huế,\nnga\u{300}y 29 tha\u{301}ng 2 năm 2024", "2024-02-29"),
            ("Long An, ngay 13 thang 7 nam 2022", "2022-07-13"), ("KẾ HOẠCH\nNgày 1 tháng 12 năm 1999", "1999-12-01"),
        ])
    func finds(text: String, date: String) {
        #expect(IssueDate.first(in: text)?.description == date)
    }

    @Test(
        "finds nothing rather than another document's date, or a day that is not there",
        arguments: [
            "Đồng Tháp, ngày tháng năm 2022 theo Quyết định, ngày 03 tháng 6 năm 2022",
            "Huế, ngày … tháng 6 năm 2022. Vinh, ngày 3 tháng 6 năm 2022",
            "Quyết định số 677/QĐ-TTg ngày 03 tháng 6 năm 2022 của Thủ tướng", "Hà Nội, ngày 30 tháng 2 năm 2022",
            "Hà Nội, ngày 29 tháng 2 năm 1900",
            "Hà Nội, ngày l1 tháng 9 năm 2022", "Hà Nội, ngày 1 tháng 13 năm 2022",
            "Căn cứ Luật, ngày 5 tháng 6 năm 2020", "ngày", "",
            "Hà Nội, ngày 1 tháng 9 năm 22",
        ])
    func findsNothing(text: String) {
        #expect(IssueDate.first(in: text) == nil)
    }

    @Test("is ordered as the calendar is")
    func ordered() throws {
        let dates = [(2021, 12, 31), (2022, 1, 1), (2022, 1, 2), (2022, 2, 1)].compactMap {
            IssueDate(year: $0.0, month: $0.1, day: $0.2)
        }
        #expect(dates.count == 4)
        #expect(dates.shuffled().sorted() == dates)
        #expect(IssueDate(year: 2000, month: 2, day: 29) != nil)
    }
}
