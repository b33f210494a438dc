public import Evidence
internal import Foundation
internal import GRDB

extension Catalog {
    /// Lists objects that deposits have added since the last call as checked at the time of their deposit, because they
    /// were digested then. Cheap when nothing is new.
    public func followDeposits() throws(CatalogError) {
        try perform("follow the deposits") {
            let mark = try service.read { db in
                try Int64.fetchOne(db, sql: "SELECT value FROM mark WHERE name = 'fixity_object'") ?? 0
            }
            let newest = try archive.read { db in try Int64.fetchOne(db, sql: "SELECT max(key) FROM object") ?? 0 }
            // A mark ahead of the ledger is one of an archive that was restored since: begin again.
            var after = mark > newest ? 0 : mark
            while true {
                let rows = try archive.read { [after] db in
                    try Row.fetchAll(
                        db,
                        sql: """
                            SELECT object.key, object.digest, json_extract(record.header, '$.time') AS time
                            FROM object JOIN record ON record.number = object.first_record
                            WHERE object.key > ? AND object.erased_record IS NULL ORDER BY object.key LIMIT 5000
                            """, arguments: [after])
                }
                guard let last = rows.last else { return }
                after = last["key"]
                try service.write { [after] db in
                    for row in rows {
                        try db.run(
                            "INSERT OR IGNORE INTO fixity_check (object, checked_at) VALUES (?, ?)",
                            [row["digest"] as String, row["time"] as String])
                    }
                    try db.run("INSERT OR REPLACE INTO mark (name, value) VALUES ('fixity_object', ?)", [after])
                }
            }
        }
    }

    /// An object and when its bytes were read last.
    public struct Check: Sendable {
        public let object: Digest
        public let time: Timestamp
    }

    /// Objects whose bytes were not read since `time`, those not read for longest first, after `cursor`.
    public func leastRecentlyChecked(
        before time: Timestamp, after cursor: Check?, limit: Int
    ) throws(CatalogError) -> [Check] {
        try perform("list what to check") {
            try service.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT checked_at, object FROM fixity_check WHERE checked_at < ? AND (checked_at, object) > (?, ?)
                        ORDER BY checked_at, object LIMIT ?
                        """,
                    arguments: [time.description, cursor?.time.description ?? "", cursor?.object.hex ?? "", limit]
                ).compactMap { row in
                    guard let object = Digest(hex: row["object"] as String), let time = Timestamp(row["checked_at"] as String)
                    else { return nil }
                    return Check(object: object, time: time)
                }
            }
        }
    }

    /// Remembers that these objects were read whole at `time`.
    public func markChecked(_ objects: [Digest], at time: Timestamp) throws(CatalogError) {
        try perform("remember what was checked") {
            try service.write { db in
                for object in objects {
                    try db.run(
                        "INSERT OR REPLACE INTO fixity_check (object, checked_at) VALUES (?, ?)",
                        [object.hex, time.description])
                }
            }
        }
    }

    /// When the object whose bytes were not read for longest was read; `nil` when there is none.
    public func oldestCheck() throws(CatalogError) -> Timestamp? {
        try perform("find the oldest check") {
            try service.read { db in
                try String.fetchOne(db, sql: "SELECT checked_at FROM fixity_check ORDER BY checked_at LIMIT 1")
            }
        }.flatMap { Timestamp($0) }
    }
}
