internal import Evidence

/// A CSV table (RFC 4180, UTF-8) that declares metadata of files, a row a file.
struct MetadataTable {
    struct Row {
        /// The file, relative to the table's folder unless it begins with `/`.
        let path: [UInt8]
        let line: Int
        let metadata: EvidenceMetadata
    }

    let rows: [Row]

    static let columns = [
        "file", "title", "kind", "issuer", "number", "notation", "subject", "issued", "valid-from", "valid-until", "holder",
        "person", "language", "assurance",
    ]

    /// How large a table may be, in bytes.
    static let sizeLimit = CSVTable.sizeLimit

    /// Reads the table.
    /// - Throws: ``Failure`` that lists every mistake with its line; then no row counts.
    init(_ bytes: [UInt8], path: [UInt8], defaults: MetadataOptions) throws {
        let table = try CSVTable(bytes, path: path, columns: Self.columns, required: ["file"], undone: "nothing was deposited")
        let folder = path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[...$0]) } ?? []
        rows = try table.map { row in
            guard let name = row["file"] else { throw Failure("the file is missing") }
            let file = Array(name.utf8)
            return Row(
                path: file.first == UInt8(ascii: "/") ? file : folder + file, line: row.line,
                metadata: try defaults.overridden(by: row.fields).metadata())
        }.map(\.value)
    }
}
