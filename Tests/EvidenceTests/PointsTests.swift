import Evidence
import Testing

@Suite("Points and indicator codes")
struct PointsTests {
    @Test(
        "points are read as people write them",
        arguments: [
            ("0", 0, "0"), ("8", 16, "8"), ("8.0", 16, "8"), ("8,0", 16, "8"), ("9.5", 19, "9.5"), ("9,5", 19, "9.5"), ("0,5", 1, "0.5"),
            ("10", 20, "10"), ("08", 16, "8"), ("100", 200, "100"), ("1000", 2000, "1000"), ("1000.5", 2001, "1000.5"),
        ])
    func reads(text: String, halves: Int, description: String) throws {
        let points = try #require(Points(text))
        #expect(points.halves == halves && points.description == description)
        #expect(Points(description) == points && points.isWhole == (halves % 2 == 0))
        #expect(points.isWhole == (Points(halves / 2) == points))
    }

    @Test(
        "what is no number of points is none",
        arguments: [
            "", " ", "-1", "+1", "−1", "1 ", " 1", "8.", ".5", ",5", "8.25", "8.50", "8.00", "8.5.0", "8,5,0", "8..5", "1.,5", "1001", "01000",
            "10000",
            "99999999999999999999", "1e1", "0x8", "tám", "٨", "８", "8½", "8\u{301}", "8\n", "NaN", "inf",
        ])
    func refuses(text: String) { #expect(Points(text) == nil) }

    @Test func `points are ordered and added by their halves`() {
        #expect(Points(halves: 15) < Points(8) && Points(8) <= Points(8) && !(Points(8) < Points(halves: 16)))
        #expect(Points(halves: 15) + Points(halves: 1) == Points(8))
        var total = Points.zero
        for _ in 0..<10 { total += Points(halves: 19) }
        #expect(total == Points(95))
        #expect([Points(9), .zero, Points(halves: 9)].sorted() == [.zero, Points(halves: 9), Points(9)])
    }

    @Test("an indicator code is a letter and a number", arguments: ["A1", "B2", "C10", "Z99", "A9"])
    func code(text: String) { #expect(IndicatorCode(text)?.text == text && IndicatorCode(text)?.description == text) }

    @Test(
        "what is no indicator code is none",
        arguments: ["", "A", "1", "a1", "A0", "A01", "A100", "AA1", "Á1", "Đ1", "A1 ", " A1", "A-1", "A1.", "A١", "Ａ1", "A\0", "A1\u{301}", "[1"])
    func noCode(text: String) { #expect(IndicatorCode(text) == nil) }

    @Test func `indicator codes are ordered by competency, then by number`() {
        let codes = ["A1", "A2", "A9", "A10", "A11", "B1", "B10", "C2"].compactMap { IndicatorCode($0) }
        #expect(codes.count == 8 && codes.shuffled().sorted() == codes)
    }
}
