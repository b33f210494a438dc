internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// A row of the ledger as it lies in the database, not yet believed.
struct StoredRecord: Sendable {
    let number: Int
    let header: [UInt8]
    let salt: [UInt8]?
    let body: [UInt8]?
    /// What an erasure left of the body.
    let redacted: [UInt8]?
    let leaf: Digest?
    /// The record that says what an erasure left; only where it was asked for (see ``read(_:_:)``).
    private(set) var redactor: Int?

    /// Header and body as blobs, because reading text stops at a zero byte, behind which anything could be hidden.
    static let columns = "CAST(header AS BLOB) AS header, salt, CAST(record_body.body AS BLOB) AS body, CAST(redaction.body AS BLOB) AS redacted"

    /// The tables of ``columns``.
    static let tables = "record LEFT JOIN record_body USING (number) LEFT JOIN redaction USING (number)"

    /// - Parameter row: begins with ``columns`` and the hash of the leaf.
    init(number: Int, row: Row) throws {
        self.number = number
        func bytes(_ index: Int) throws -> [UInt8]? { try row.withUnsafeData(atIndex: index) { $0.map(Array.init) } }
        header = try bytes(0) ?? []
        salt = try bytes(1)
        body = try bytes(2)
        redacted = try bytes(3)
        leaf = try bytes(4).flatMap { Digest(bytes: $0) }
    }

    /// The record of this number, with its leaf.
    static func read(_ number: Int, _ db: Database) throws -> StoredRecord {
        let row = try db.first(
            """
            SELECT \(columns), hash, redaction.record FROM \(tables) LEFT JOIN record_node ON level = 0 AND position = record.number
            WHERE record.number = ?
            """, [number])
        guard let row else { throw CatalogError.recordDamaged(number: number, reason: "it is missing") }
        var stored = try StoredRecord(number: number, row: row)
        stored.redactor = row[5]
        return stored
    }

    /// As it leaves the archive; what was erased is not disclosed.
    var copy: RecordCopy {
        RecordCopy(header: header, disclosed: salt.flatMap { salt in body.map { (salt, $0) } })
    }

    /// The same, but with this redaction in place of a body that is not there.
    func replacing(_ redaction: [UInt8]?) -> StoredRecord {
        StoredRecord(number: number, header: header, salt: salt, body: body, redacted: redaction, leaf: leaf, redactor: redactor)
    }

    private init(number: Int, header: [UInt8], salt: [UInt8]?, body: [UInt8]?, redacted: [UInt8]?, leaf: Digest?, redactor: Int?) {
        self.number = number
        self.header = header
        self.salt = salt
        self.body = body
        self.redacted = redacted
        self.leaf = leaf
        self.redactor = redactor
    }

    /// Header and body, after the header was held against its leaf and the body against the header.
    /// - Throws: ``CatalogError/recordDamaged(number:reason:)`` when it is not what was recorded.
    func checked() throws(CatalogError) -> (header: RecordHeader, body: RecordBody) {
        try held { header, kind, body throws(RecordFormError) in (header, try RecordForm.body(body, kind: kind)) }
    }

    /// The record as it leaves the archive, and its body or what is left of that; checked as ``checked()`` does.
    func opened() throws(CatalogError) -> (record: OpenedRecord, body: RecordBody) {
        try held { header, kind, bytes throws(RecordFormError) in
            let members = try RecordForm.members(of: bytes)
            let read = try RecordForm.body(members, kind: kind)
            let isErased = body == nil
            return (OpenedRecord(copy: copy, header: header, body: isErased ? nil : read, members: isErased ? [:] : members), read)
        }
    }

    /// Calls `read` with header, kind and body after they were held against the leaf.
    private func held<Value>(
        _ read: (RecordHeader, RecordKind, [UInt8]) throws(RecordFormError) -> Value
    ) throws(CatalogError) -> Value {
        func damaged(_ reason: String) -> CatalogError { .recordDamaged(number: number, reason: reason) }
        guard let leaf else { throw damaged("its leaf is missing from the tree") }
        guard MerkleTree.leafHash(header) == leaf else { throw damaged("its header was edited") }
        let parsed: RecordHeader
        do { parsed = try RecordForm.header(header) } catch { throw damaged("\(error)") }
        guard parsed.number == number else { throw damaged("its header says that it is record \(parsed.number)") }
        if let finding = Self.bodyFinding(parsed, salt: salt, body: body, redacted: redacted) { throw damaged(finding) }
        guard let kind = RecordKind(rawValue: parsed.kind), let body = body ?? redacted else {
            throw damaged("this version does not know its kind, \(parsed.kind)")
        }
        do { return try read(parsed, kind, body) } catch { throw damaged("\(error)") }
    }

    /// What is wrong with a record's body, `nil` when it is the one that its header commits to, or was erased as another record says.
    static func bodyFinding(_ header: RecordHeader, salt: [UInt8]?, body: [UInt8]?, redacted: [UInt8]?) -> String? {
        guard let commitment = header.bodyCommitment else { return "its header names no body" }
        if salt == nil, body == nil, redacted != nil { return nil }
        guard let salt, let body else { return "its body is missing" }
        if redacted != nil { return "its body was erased, and is there" }
        guard RecordForm.commitment(salt: salt, body: body) == commitment else { return "its body was edited" }
        return nil
    }
}
