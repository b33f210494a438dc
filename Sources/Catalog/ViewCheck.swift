internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// Folds the records anew, into views of its own that vanish with it, and holds those of the archive against them.
struct ViewCheck {
    /// On disk where it grows, so that memory does not grow with the ledger.
    private let fresh: DatabaseQueue

    init() throws {
        var configuration = Configuration()
        // One transaction from the first record to the last; nobody else sees this database, and nothing of it is kept.
        configuration.allowsUnsafeTransactions = true
        fresh = try DatabaseQueue(path: "", configuration: configuration)
        try fresh.writeWithoutTransaction { db in
            for schema in DatabaseFile.archive.schemas { try db.execute(sql: String(decoding: schema, as: UTF8.self)) }
            try db.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384")
            try db.beginTransaction()
        }
    }

    /// Folds a record that is sound; returns what is wrong with it all the same.
    func fold(_ header: RecordHeader, body: [UInt8]) throws -> String? {
        guard let kind = RecordKind(rawValue: header.kind) else { return "this version does not know its kind, \(header.kind)" }
        let parsed: RecordBody
        do { parsed = try RecordForm.body(body, kind: kind) } catch { return "its body is not readable: \(error)" }
        do {
            try fresh.writeWithoutTransaction { try Views.fold(header, parsed, $0) }
            return nil
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // Another record has said it already: sound on its own, and not what this program records.
            return "the views cannot show what it says: \(error.message ?? "another record says it")"
        }
    }

    /// Findings of one table that are told one by one.
    private static let findingLimit = 20

    /// What the views of the archive do not show as the records say it.
    func compare(with db: Database, found: (_ number: Int, _ reason: String) -> Void) throws {
        try fresh.writeWithoutTransaction { fresh in
            for table in Views.tables {
                let key = try String.fetchAll(fresh, sql: "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", arguments: [table])
                try compare(table, key, fresh, db, found)
            }
        }
    }

    /// Walks the table in both in the order of its key.
    private func compare(
        _ table: String, _ key: [String], _ fresh: Database, _ db: Database, _ found: (Int, String) -> Void
    ) throws {
        let sql = "SELECT * FROM \(table) ORDER BY \(key.joined(separator: ", "))"
        let (right, shown) = (try Row.fetchCursor(fresh, sql: sql), try Row.fetchCursor(db, sql: sql))
        var (said, seen) = (try right.next()?.copy(), try shown.next()?.copy())
        var count = 0
        func tell(_ row: Row, _ reason: String) {
            count += 1
            if count <= Self.findingLimit { found(Self.record(of: row), "\(reason), in \(table)") }
        }
        while said != nil || seen != nil {
            switch Self.order(said, seen, by: key) {
            case ..<0:
                if let said { tell(said, "the views do not show what it says; run minhchung rebuild") }
                said = try right.next()?.copy()
            case 0:
                if let said, let seen, said != seen { tell(said, "the views show otherwise than it says; run minhchung rebuild") }
                (said, seen) = (try right.next()?.copy(), try shown.next()?.copy())
            default:
                if let seen { tell(seen, "the views show what no record says: compare with a backup before you run minhchung rebuild") }
                seen = try shown.next()?.copy()
            }
        }
        if count > Self.findingLimit { found(0, "the views are wrong in \(count) rows of \(table) in all") }
    }

    /// Negative when the first row comes first; a missing row comes last.
    private static func order(_ left: Row?, _ right: Row?, by key: [String]) -> Int {
        guard let left else { return 1 }
        guard let right else { return -1 }
        for column in key {
            let (one, other): (DatabaseValue, DatabaseValue) = (left[column], right[column])
            if one == other { continue }
            if let one = Int64.fromDatabaseValue(one), let other = Int64.fromDatabaseValue(other) { return one < other ? -1 : 1 }
            // SQLite compares text byte by byte.
            guard let one = String.fromDatabaseValue(one), let other = String.fromDatabaseValue(other) else { return 1 }
            return one.utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
        }
        return 0
    }

    /// The record that a row is of, as far as it tells.
    private static func record(of row: Row) -> Int {
        for column in ["metadata_record", "record", "number", "record_from", "stage_record", "first_record"] {
            if row.hasColumn(column), let number = Int.fromDatabaseValue(row[column]) { return number }
        }
        return 0
    }
}
