/// The number and notation (số, ký hiệu) of an administrative document: "677/QĐ-TTg", "155/2020/NĐ-CP", and with a
/// hyphen in documents of the Party, "05-CT/TW".
///
/// The shape is that of Decree 30/2020/NĐ-CP, appendix I, part II, section I.3, and of the practice before it.
public struct DocumentNumber: Sendable, Hashable {
    /// The running number as it is written, with its leading zero: "677", "05", "12a".
    public let number: String
    /// The year, where it is part of the number as in normative documents: 2020.
    public let year: Int?
    /// The notation, of the kind of document and who issued it: "QĐ-TTg", "NĐ-CP", "UBTVQH15", "CT/TW".
    public let notation: String

    /// "/" or, in documents of the Party, "-".
    private let joint: String

    /// Reads a number written alone, with or without "Số:" before it, in any case, with stray spaces, any dash, and any
    /// look-alike of Đ. Nil where there is anything else.
    public init?(_ text: String) {
        var scanner = DocumentNumberScanner(text)
        scanner.skipSpaces()
        if scanner.skipWord("so") {
            scanner.skipSpaces()
            if scanner.skip(":") { scanner.skipSpaces() }
        }
        guard let read = scanner.number() else { return nil }
        scanner.skipSpaces()
        while scanner.skip(".") || scanner.skip(",") || scanner.skip(";") { scanner.skipSpaces() }
        guard scanner.isAtEnd else { return nil }
        self = read
    }

    init(number: String, year: Int?, joint: String, notation: String) {
        self.number = number
        self.year = year
        self.joint = joint
        self.notation = notation
    }

    /// The number that a document bears in its head: what follows the first "Số:".
    ///
    /// Rather nothing than a wrong number: a first "Số:" without a number (it is often written in by hand) gives nil,
    /// although numbers of other documents follow, and only the first 1,500 scalars are looked at.
    public static func first(in text: String) -> DocumentNumber? {
        var scanner = DocumentNumberScanner(String(text.unicodeScalars.prefix(1500)))
        while scanner.skipToWord("so", capitalised: true) {
            scanner.skipSpaces()
            let hasColon = scanner.skip(":")
            scanner.skipSpaces()
            let read = scanner.number()
            if hasColon {
                // Small letters first are a word of the sentence, not a notation.
                return read.flatMap { $0.notation.unicodeScalars.first?.properties.isUppercase == true ? $0 : nil }
            }
            // The Party's heads have no colon; a "Số" that begins a sentence seldom has the Party's hyphen.
            if let read, read.joint == "-", read.notation.unicodeScalars.contains("/") { return read }
        }
        return nil
    }
}

extension DocumentNumber: CustomStringConvertible {
    /// The usual writing, without spaces: "677/QĐ-TTg". Reading it again gives an equal value.
    public var description: String {
        number + joint + (year.map { "\($0)/" } ?? "") + notation
    }

    /// What two writings of one number have in common: upper case, Đ for its look-alikes, no leading zeros.
    public var searchKey: String {
        let significant = number.drop { $0 == "0" }
        let written = (significant.first?.isNumber == true ? String(significant) : number)
        return (written + joint + (year.map { "\($0)/" } ?? "") + notation).uppercased()
    }
}
