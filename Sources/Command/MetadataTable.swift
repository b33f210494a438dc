internal import Custody
internal import Evidence

/// A CSV table (RFC 4180, UTF-8) that declares metadata of files, a row a file.
struct MetadataTable {
    struct Row {
        /// The file, relative to the table's folder unless it begins with `/`.
        let path: [UInt8]
        let line: Int
        let metadata: EvidenceMetadata
    }

    private(set) var rows: [Row] = []

    static let columns = [
        "file", "title", "kind", "issuer", "number", "notation", "subject", "issued", "valid-from", "valid-until", "holder",
        "language", "assurance",
    ]

    /// How large a table may be, in bytes.
    static let sizeLimit = 64 << 20

    /// Reads the table.
    /// - Throws: ``Failure`` that lists every mistake with its line; then no row counts.
    init(_ bytes: [UInt8], path: [UInt8], defaults: MetadataOptions) throws {
        let name = DepositSource(path: path, metadata: EvidenceMetadata()).displayPath
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("cannot read \(name): it is not UTF-8; save it as \"CSV UTF-8\"")
        }
        let (records, unclosed) = Self.records(in: text)
        var mistakes: [String] = []
        if let unclosed { mistakes.append("line \(unclosed): a quotation mark is not closed") }
        guard let header = records.first?.fields else { throw Failure("cannot read \(name): it is empty") }
        let names = header.map { $0.trimmed.lowercased() }
        if names.count == 1, names[0].contains(";") {
            throw Failure("cannot use \(name), nothing was deposited: its fields are parted by semicolons; save it with commas")
        }
        for column in names where !Self.columns.contains(column) {
            mistakes.append("line 1: there is no column \"\(column)\"; the columns are \(Self.columns.joined(separator: ", "))")
        }
        if !names.contains("file") { mistakes.append("line 1: the column \"file\" is missing") }
        if Set(names).count < names.count { mistakes.append("line 1: a column is named twice") }
        let folder = path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[...$0]) } ?? []
        if mistakes.isEmpty {
            for record in records.dropFirst() where record.fields != [""] {
                guard record.fields.count == names.count else {
                    mistakes.append("line \(record.line): it has \(record.fields.count) fields, the header has \(names.count)")
                    continue
                }
                let fields = Dictionary(zip(names, record.fields.map(\.trimmed))) { first, _ in first }
                let file = Array((fields["file"] ?? "").utf8)
                if file.isEmpty {
                    mistakes.append("line \(record.line): the file is missing")
                    continue
                }
                do {
                    let metadata = try defaults.overridden(by: fields).metadata()
                    rows.append(
                        Row(path: file.first == UInt8(ascii: "/") ? file : folder + file, line: record.line, metadata: metadata))
                } catch {
                    mistakes.append("line \(record.line): \(error)")
                }
            }
        }
        guard mistakes.isEmpty else {
            let shown = mistakes.prefix(20) + (mistakes.count > 20 ? ["and \(mistakes.count - 20) more"] : [])
            throw Failure("cannot use \(name), nothing was deposited:\n  " + shown.joined(separator: "\n  "))
        }
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
