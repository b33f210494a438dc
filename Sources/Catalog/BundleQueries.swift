public import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// What a bundle asks of the ledger and its views, each as of a size of a tree.
extension Catalog {
    /// The records about a subject before `size`, of these kinds, in order.
    public func numbers(about subject: String, before size: Int, of kinds: Set<RecordKind>) throws(CatalogError) -> [Int] {
        try perform("read the records about \(subject)") {
            try archive.read { db in try Self.numbers(about: subject, before: size, of: kinds, db).map(\.number) }
        }
    }

    static func numbers(
        about subject: String, before size: Int, of kinds: Set<RecordKind>, _ db: Database
    ) throws -> [(number: Int, kind: RecordKind)] {
        try db.rows(
            """
            SELECT number, json_extract(header, '$.kind') AS kind FROM record_subject JOIN record USING (number)
            WHERE subject = ? AND number < ? ORDER BY number
            """, [subject, size]
        ).compactMap { row in RecordKind(rawValue: row["kind"]).flatMap { kinds.contains($0) ? (row["number"], $0) : nil } }
    }

    /// The numbers of the last entries of the access log about any of these subjects, before `size`, ascending, at most `limit`.
    public func accessNumbers(about subjects: [String], before size: Int, last limit: Int) throws(CatalogError) -> [Int] {
        try perform("read the access log") { try archive.read { db in try Self.accessNumbers(about: subjects, before: size, last: limit, db) } }
    }

    static func accessNumbers(about subjects: some Sequence<String>, before size: Int, last limit: Int = .max, _ db: Database) throws -> [Int] {
        var numbers: Set<Int> = []
        for subject in subjects {
            let rows = try db.rows(
                "SELECT number FROM access_subject WHERE subject = ? AND number < ? ORDER BY number DESC LIMIT ?", [subject, size, limit])
            numbers.formUnion(rows.map { $0["number"] })
        }
        return numbers.sorted().suffix(limit)
    }

    /// An entry of the access log, after it was held against its leaf; `nil` where it was dropped.
    public func accessEntry(_ number: Int) throws(CatalogError) -> (bytes: [UInt8], header: RecordHeader)? {
        try perform("read access log entry \(number)") { try archive.read { db in try Self.accessEntry(number, db) } }
    }

    static func accessEntry(_ number: Int, _ db: Database) throws -> (bytes: [UInt8], header: RecordHeader)? {
        let row = try db.first(
            """
            SELECT CAST(header AS BLOB) AS header, hash FROM access JOIN access_node ON level = 0 AND position = access.number
            WHERE access.number = ?
            """, [number])
        guard let row else { return nil }
        let bytes = Array(row["header"] as Data)
        guard Digest(bytes: Array(row["hash"] as Data)) == MerkleTree.leafHash(bytes) else {
            throw CatalogError.accessEntryDamaged(number: number)
        }
        do {
            return (bytes, try RecordForm.header(bytes))
        } catch {
            throw CatalogError.accessEntryDamaged(number: number)
        }
    }

    /// The first entry that is not older than `time`, by its number; the size of the log where all are.
    public func firstAccess(notBefore time: Timestamp) throws(CatalogError) -> Int {
        try perform("look for the oldest entry to keep") {
            try archive.read { db in
                // Numbers ascend with time but for a clock that was put back, so this finds a border near enough: nothing that is
                // younger than the border is before it, because the search looks on from the first that is too young.
                try Int.fetchOne(
                    db, sql: "SELECT number FROM access WHERE json_extract(header, '$.time') >= ? ORDER BY number LIMIT 1",
                    arguments: [time.description]) ?? Tree.access.size(db)
            }
        }
    }

    /// Drops the oldest entries of the access log, and records that in the same transaction. Their leaves stay in the tree.
    public func drop(_ drop: AccessDrop, subjects: [String], by actor: Actor, at time: Timestamp) throws(CatalogError) -> Int {
        try append([Draft(.accessDropped(drop), subjects: subjects)], by: actor, at: time) { db in
            try db.run("DELETE FROM access_subject WHERE number < ?", [drop.before])
            try db.run("DELETE FROM access WHERE number < ?", [drop.before])
        }.lowerBound
    }

    /// Entries of the access log before this number were dropped.
    public func accessDropped() throws(CatalogError) -> Int {
        try perform("look what was dropped") {
            try archive.read { db in try db.first("SELECT max(access_before) AS dropped FROM milestone").flatMap { $0["dropped"] } ?? 0 }
        }
    }
}
