internal import Foundation
internal import GRDB

/// The databases of an archive, and how each has to be opened.
enum DatabaseFile: String {
    case archive = "archive.sqlite"
    case service = "service.sqlite"
    case search = "search.sqlite"

    /// The scripts that make a database, from an empty one to the schema that this version writes. One that was made before has the
    /// first ones of them behind it; none is ever changed.
    var schemas: [[UInt8]] {
        switch self {
        case .archive: [PackageResources.archive_0001_sql, PackageResources.archive_0002_sql]
        case .service: [PackageResources.service_0001_sql, PackageResources.service_0002_sql]
        case .search: [PackageResources.search_0001_sql]
        }
    }

    /// 2 = FULL: a commit is on disk when it returns. 1 = NORMAL: the newest commits may be lost with the power, never
    /// the database; right only for what is folded again from records.
    private var synchronous: Int { self == .search ? 1 : 2 }

    /// As SQLite answers on the connection that writes.
    static func synchronous(of pool: DatabasePool) throws -> Int {
        try pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Opens the database in `folder`.
    ///
    /// - Parameter creates: whether to make it when it is not there. The ledger is made once, by `init`: a missing one is a
    ///   loss, and an empty one in its place would take deposits as if nothing had happened.
    ///
    /// One connection of the pool writes and does every checkpoint, the others are read-only: SQLite before 3.51.3 can
    /// corrupt a database when one connection checkpoints while another commits (sqlite.org/wal.html#walresetbug).
    func open(in folder: String, creates: Bool = true) throws(CatalogError) -> DatabasePool {
        try perform("open \(folder)/\(rawValue)") {
            let path = "\(folder)/\(rawValue)"
            if !creates, !FileManager.default.fileExists(atPath: path) { throw CatalogError.ledgerMissing(path: path) }
            var configuration = Configuration()
            configuration.label = rawValue
            configuration.foreignKeysEnabled = false
            configuration.maximumReaderCount = 4
            // Somebody else may read, a backup for example, and hold up a checkpoint for a moment.
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { db in
                // So that the triggers which keep history see what REPLACE deletes.
                try db.execute(sql: "PRAGMA recursive_triggers = ON")
                // Kibibytes when negative. Merging FTS5 segments wants more than SQLite's 2 MiB.
                try db.execute(sql: "PRAGMA cache_size = \(self == .search ? -16_384 : -8_192)")
                // Whose an item is, the ledger's tables say. A connection that only reads opens them to be read only.
                if self == .search, db.configuration.readonly {
                    try db.execute(sql: "ATTACH DATABASE ? AS archive", arguments: ["\(folder)/\(DatabaseFile.archive.rawValue)"])
                }
            }
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                // Set after the pool opened: GRDB sets NORMAL on its writer when it switches to WAL, after
                // `prepareDatabase`. Read back, because a pragma that is refused says nothing.
                try db.execute(sql: "PRAGMA synchronous = \(synchronous)")
                let found = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
                guard found == synchronous else { throw CatalogError.notDurable(database: rawValue, synchronous: found) }
                let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? -1
                guard version > 0 || creates else { throw CatalogError.ledgerMissing(path: path) }
                guard (0...schemas.count).contains(version) else {
                    throw CatalogError.schema(database: rawValue, found: version, known: schemas.count)
                }
                if version < schemas.count {
                    // All or nothing: a database is of the old schema or of the new one, also when the power fails now.
                    try db.inTransaction {
                        for schema in schemas[version...] { try db.execute(sql: String(decoding: schema, as: UTF8.self)) }
                        try db.execute(sql: "PRAGMA user_version = \(schemas.count)")
                        return .commit
                    }
                }
            }
            return pool
        }
    }
}

extension DatabasePool {
    /// Moves what is in the write-ahead log into the database, and closes it. By the connection that writes, because
    /// the last one to close is one that only reads and cannot.
    func checkpointAndClose() throws {
        try emptyLog()
        try close()
    }

    /// Moves what is in the write-ahead log into the database and empties the log, because whoever opens the database next reads
    /// all of it first. Where somebody from outside reads, the log is part of the database and is emptied another time.
    ///
    /// - Parameter seconds: how long to wait for those who read.
    /// - Returns: whether the log is empty.
    @discardableResult
    func emptyLog(waiting seconds: Double = 0) throws -> Bool {
        try writeWithoutTransaction { db in
            let usual = try Int.fetchOne(db, sql: "PRAGMA busy_timeout") ?? 0
            try db.execute(sql: "PRAGMA busy_timeout = \(Int(seconds * 1000))")
            defer {
                // That another wait is shorter than usual harms nothing.
                try? db.execute(sql: "PRAGMA busy_timeout = \(usual)")  // because of the line above
            }
            do {
                _ = try db.checkpoint(.truncate)
                return true
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                do { _ = try db.checkpoint(.passive) } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {}
                return false
            }
        }
    }
}

extension Database {
    /// Runs a statement that is prepared once for each connection.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// The first row of a statement that is prepared once for each connection.
    func first(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }

    /// The rows of a statement that is prepared once for each connection.
    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
    }
}
