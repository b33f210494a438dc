internal import Custody
internal import Evidence

/// A table in CSV (RFC 4180) as spreadsheets save it: UTF-8 with or without a byte order mark, commas, names of columns in line 1.
///
/// Every mistake is told with its line, and then no row counts.
struct CSVTable {
    struct Row {
        /// Where it begins, counted from 1.
        let line: Int
        /// By column, trimmed.
        let fields: [String: String]

        /// `nil` when the field is empty, or the table has no such column.
        subscript(_ column: String) -> String? { fields[column]?.nonEmpty }
    }

    /// How large a table may be, in bytes.
    static let sizeLimit = 64 << 20

    private let name: String
    /// What did not happen when there are mistakes: "nothing was deposited".
    private let undone: String
    private let columns: [String]
    private let records: [Record]

    /// Reads the header and parts the rest into records.
    ///
    /// - Parameters:
    ///   - path: what the table is called in messages.
    ///   - columns: those that there may be.
    ///   - required: those that there must be.
    ///   - isConfidential: whether no message may show what stands in the table.
    /// - Throws: ``Failure`` that lists every mistake with its line.
    init(
        _ bytes: [UInt8], path: [UInt8], columns allowed: [String], required: [String], undone: String, isConfidential: Bool = false
    ) throws {
        name = DepositSource(path: path, metadata: EvidenceMetadata()).displayPath
        self.undone = undone
        let text = try writtenText(bytes, name: name, form: "CSV UTF-8")
        let (records, unclosed) = Self.records(in: text)
        var mistakes: [String] = []
        if let unclosed { mistakes.append("line \(unclosed): a quotation mark is not closed") }
        guard let header = records.first?.fields else { throw Failure("cannot read \(name): it is empty") }
        columns = header.map { $0.trimmed.lowercased() }
        self.records = Array(records.dropFirst())
        if columns.count == 1, columns[0].contains(";") {
            throw Failure("cannot use \(name), \(undone): its fields are parted by semicolons; save it with commas")
        }
        for (index, column) in columns.enumerated() where !allowed.contains(column) {
            // Where the header is missing, this is somebody's row.
            let unknown = isConfidential ? "column \(index + 1) has an unknown name" : "there is no column \"\(column)\""
            mistakes.append("line 1: \(unknown); the columns are \(allowed.joined(separator: ", "))")
        }
        for column in required where !columns.contains(column) { mistakes.append("line 1: the column \"\(column)\" is missing") }
        if Set(columns).count < columns.count { mistakes.append("line 1: a column is named twice") }
        try check(mistakes)
    }

    /// The file that an argument names, as a table.
    init(
        contentsOf argument: String, columns: [String], required: [String], undone: String, isConfidential: Bool = false
    ) throws {
        let path = RawArguments.bytes(of: argument)
        try self.init(
            SourceFiles.contents(of: path, limit: Self.sizeLimit), path: path, columns: columns, required: required, undone: undone,
            isConfidential: isConfidential)
    }

    /// What `read` makes of each row, with the line of the row. Empty lines are passed over.
    /// - Throws: ``Failure`` that lists every row that has the wrong number of fields or that `read` throws at.
    func map<Value>(_ read: (Row) throws -> Value) throws -> [(line: Int, value: Value)] {
        var mistakes: [String] = []
        var values: [(line: Int, value: Value)] = []
        for record in records where record.fields != [""] {
            guard record.fields.count == columns.count else {
                mistakes.append("line \(record.line): it has \(record.fields.count) fields, the header has \(columns.count)")
                continue
            }
            let fields = Dictionary(zip(columns, record.fields.map(\.trimmed))) { first, _ in first }
            do {
                values.append((record.line, try read(Row(line: record.line, fields: fields))))
            } catch {
                mistakes.append("line \(record.line): \(error)")
            }
        }
        try check(mistakes)
        return values
    }

    private func check(_ mistakes: [String]) throws {
        guard !mistakes.isEmpty else { return }
        let shown = mistakes.prefix(20) + (mistakes.count > 20 ? ["and \(mistakes.count - 20) more"] : [])
        throw Failure("cannot use \(name), \(undone):\n  " + shown.joined(separator: "\n  "))
    }

    private struct Record {
        let line: Int
        var fields: [String]
    }

    /// The records with the line each begins on, and the line of a quotation mark that is never closed.
    private static func records(in text: String) -> ([Record], unclosed: Int?) {
        var records: [Record] = []
        var fields: [String] = []
        var field = ""
        var line = 1
        var start = 1
        var quoteLine: Int?
        var wasQuoted = false
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        func following() -> Unicode.Scalar? {
            let next = scalars.index(after: index)
            return next < scalars.endIndex ? scalars[next] : nil
        }
        while index < scalars.endIndex {
            let scalar = scalars[index]
            if quoteLine != nil {
                if scalar == "\"" {
                    if following() == "\"" {
                        field.unicodeScalars.append("\"")
                        scalars.formIndex(after: &index)
                    } else {
                        quoteLine = nil
                    }
                } else {
                    if scalar == "\n" { line += 1 }
                    field.unicodeScalars.append(scalar)
                }
            } else if scalar == "\"", field.isEmpty, !wasQuoted {
                quoteLine = line
                wasQuoted = true
            } else if scalar == "," {
                fields.append(field)
                (field, wasQuoted) = ("", false)
            } else if scalar == "\n" {
                records.append(Record(line: start, fields: fields + [field]))
                (fields, field, wasQuoted) = ([], "", false)
                line += 1
                start = line
            } else if scalar != "\r" || (following() != "\n" && following() != nil) {
                field.unicodeScalars.append(scalar)
            }
            scalars.formIndex(after: &index)
        }
        if !field.isEmpty || !fields.isEmpty { records.append(Record(line: start, fields: fields + [field])) }
        return (records, quoteLine)
    }
}

extension String {
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// The text of a file that somebody wrote, without its byte order mark.
///
/// - Parameters:
///   - name: what the file is called in messages.
///   - form: what to save it as: `UTF-8`, or what a spreadsheet calls it.
/// - Throws: ``Failure`` when it is not UTF-8, with the first line that is not and how to save it.
func writtenText(_ bytes: [UInt8], name: String, form: String) throws -> String {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    // No text has a zero byte, and half of the bytes of Latin letters in UTF-16 are zero.
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.contains(0) {
        throw Failure("cannot read \(name): it is not UTF-8 but UTF-16, or no text; save it as \"\(form)\"")
    }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    throw Failure(
        "cannot read \(name): it is not UTF-8 from line \(line + 1) on, but likely Windows-1258 or TCVN3; save it as \"\(form)\"")
}
