internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

extension Catalog {
    /// Records that are folded together while the next ones are read and checked.
    private static let batch = 1000

    /// Empties the views and folds all records into them again, in one transaction: a reader sees the old views or the
    /// new ones. The search index is dropped; folding it is ``SearchIndex``'s.
    /// - Throws: ``CatalogError/recordDamaged(number:reason:)`` at the first record that is not what was recorded.
    public func rebuildViews(progress: (_ done: Int, _ total: Int) -> Void) throws(CatalogError) {
        try whileNothingIsAppended { (total) throws(CatalogError) in
            try perform("rebuild the views") {
                try archive.rebuilding { db in
                    let redactions = try Views.redactions(db)
                    try Views.empty(db)
                    try Views.refillAccessSubjects(db)
                    try Views.inBulk(db) {
                        var done = 0
                        // Read by connections that see the views as they were; what was erased is folded as it was redacted.
                        var ahead = checked(from: 0, redactions)
                        while case let records = try ahead.value(), !records.isEmpty {
                            // The next ones are read and checked while these are folded.
                            ahead = checked(from: done + records.count, redactions)
                            for (header, body) in records { try Views.fold(header, body, subjects: Views.subjectsInBulk, db) }
                            done += records.count
                            progress(done, total)
                        }
                        guard done == total else { throw CatalogError.recordDamaged(number: done, reason: "it is missing") }
                    }
                }
            }
        }
    }

    /// The records from `first` on, each held against its leaf and parsed: at most ``batch``, and up to a gap.
    private func checked(from first: Int, _ redactions: [Int: [UInt8]]) -> Ahead<[(header: RecordHeader, body: RecordBody)]> {
        Ahead { try self.stored(from: first).map { try $0.replacing(redactions[$0.number]).checked() } }
    }

    /// At most ``batch`` records from `first` on, up to a gap.
    func stored(from first: Int) throws -> [StoredRecord] {
        try archive.read { db in
            let rows = try db.cachedStatement(
                sql: """
                    SELECT \(StoredRecord.columns), hash, number FROM \(StoredRecord.tables)
                    LEFT JOIN record_node ON level = 0 AND position = record.number
                    WHERE record.number >= ? ORDER BY record.number LIMIT ?
                    """)
            var records: [StoredRecord] = []
            records.reserveCapacity(Self.batch)
            let cursor = try Row.fetchCursor(rows, arguments: [first, Self.batch])
            while let row = try cursor.next(), row[5] == first + records.count {
                records.append(try StoredRecord(number: first + records.count, row: row))
            }
            return records
        }
    }
}

extension Views {
    /// What erasures left of bodies, from the tombstones themselves: from the newest to the oldest, the newest redaction of a record
    /// holds. A tombstone of which the body was erased counts with the body that a newer one has for it.
    static func redactions(_ db: Database) throws -> [Int: [UInt8]] {
        var redactions: [Int: [UInt8]] = [:]
        // The pattern only finds candidates: the kind is read from the header.
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT number, CAST(header AS BLOB) AS header, CAST(body AS BLOB) AS body FROM record LEFT JOIN record_body USING (number)
                WHERE header LIKE ? ORDER BY number DESC
                """, arguments: ["%\"\(RecordKind.dataErased.rawValue)\"%"])
        while let row = try rows.next() {
            let header = try? RecordForm.header(Array(row["header"] as Data))  // because what is damaged is found where it is folded
            guard header?.kind == RecordKind.dataErased.rawValue, let bytes = (row["body"] as Data?).map(Array.init) ?? redactions[row["number"]],
                case .dataErased(let erasure)? = try? RecordForm.body(bytes, kind: .dataErased)  // likewise
            else { continue }
            for redaction in erasure.redactions where redactions[redaction.record] == nil { redactions[redaction.record] = redaction.body }
        }
        return redactions
    }

    /// Computes anew which entries of the access log are about a subject.
    static func refillAccessSubjects(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM access_subject;
                INSERT OR IGNORE INTO access_subject (subject, number)
                SELECT value, number FROM access, json_each(access.header, '$.subjects') WHERE json_valid(access.header) ORDER BY value, number
                """)
    }

    /// Indexes that the fold itself asks.
    private static let asked = ["decision_by_title", "decision_by_dossier"]

    /// Where `inBulk` gathers the subjects of records, to put them in their order at the end.
    fileprivate static let subjectsInBulk = "subject_in_bulk"

    /// Folds all records faster: what only answers questions is made at the end, in its order instead of the ledger's.
    fileprivate static func inBulk(_ db: Database, _ fold: () throws -> Void) throws {
        let indexes = try Row.fetchAll(db, sql: "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            .filter { tables.contains($0["tbl_name"]) && !asked.contains($0["name"]) }
        for index in indexes { try db.execute(sql: "DROP INDEX \(index["name"] as String)") }
        try db.execute(sql: "CREATE TEMP TABLE \(subjectsInBulk) (subject TEXT NOT NULL, number INTEGER NOT NULL)")
        try fold()
        try db.execute(
            sql: """
                INSERT INTO record_subject (subject, number) SELECT subject, number FROM \(subjectsInBulk) ORDER BY subject, number;
                DROP TABLE \(subjectsInBulk)
                """)
        for index in indexes { try db.execute(sql: index["sql"]) }
    }
}

extension DatabasePool {
    /// Kibibytes of pages that a rebuild keeps at hand: rows come in the order of the ledger, not of the views' keys.
    private static let cacheForRebuilding = 262_144

    /// Runs one large transaction with a large cache, and gives the space of the write-ahead log back after it.
    fileprivate func rebuilding(_ work: (Database) throws -> Void) throws {
        let usual = try writeWithoutTransaction { db in
            let usual = try Int.fetchOne(db, sql: "PRAGMA cache_size") ?? 0
            try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheForRebuilding)")
            return usual
        }
        let outcome = Result { try write { db in try work(db) } }
        try writeWithoutTransaction { db in try db.execute(sql: "PRAGMA cache_size = \(usual)") }
        try outcome.get()
        try emptyLog()
    }
}
