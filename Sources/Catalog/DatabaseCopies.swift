public import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// The databases of an archive that other processes may be using, read from outside to be copied.
///
/// The connection is read-only: it writes nothing, and above all it never checkpoints (sqlite.org/wal.html#walresetbug). To read a
/// database in WAL mode that nobody has open, SQLite needs its `-wal` and `-shm` beside it and makes them, empty, where they are not
/// there; they stay, and the next process that opens the archive takes them over. Where they cannot be made, because the medium is
/// read-only, and there is no `-wal`, nobody writes: the database is read as one that does not change.
public enum LiveDatabases {
    /// The files that are copied.
    public static let files = [DatabaseFile.archive.rawValue, DatabaseFile.service.rawValue]

    /// Copies both databases of the archive in `folder` into `target`, each in one step from one read transaction, and each as one file.
    /// The files are not synced.
    ///
    /// The service database is first, so that it is never ahead of the ledger: what it knows to be signed is in the ledger's copy.
    /// Where an erasure is not finished, pages that are out of use may still have what was erased: then the copies are rewritten
    /// without them.
    public static func copy(from folder: String, to target: String) throws(CatalogError) {
        for file in [DatabaseFile.service, .archive] {
            try perform("copy \(folder)/\(file.rawValue)") {
                try reading(file, in: folder) { source in
                    let copy = try DatabaseQueue(path: "\(target)/\(file.rawValue)")
                    try source.backup(to: copy)
                    try copy.close()
                }
                // On a connection of its own, which finds the mode in the file.
                let copy = try DatabaseQueue(path: "\(target)/\(file.rawValue)")
                try copy.writeWithoutTransaction { db in
                    let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE") ?? ""
                    guard mode == "delete" else { throw DatabaseError(message: "its journal mode stays \(mode)") }
                }
                try copy.close()
            }
        }
        try perform("look for erasures in the copy") {
            let archive = try DatabaseQueue(path: "\(target)/\(DatabaseFile.archive.rawValue)")
            let isPending =
                try archive.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM erasure_to_finish WHERE is_off_disk = 0") ?? 0 } > 0
            if isPending {
                try archive.vacuum()
                let service = try DatabaseQueue(path: "\(target)/\(DatabaseFile.service.rawValue)")
                try service.vacuum()
                try service.close()
            }
            try archive.close()
        }
    }

    /// How many erasures the ledger of the archive in `folder` tells of now.
    public static func erasures(in folder: String) throws(CatalogError) -> Int {
        try perform("look for erasures in \(folder)/\(DatabaseFile.archive.rawValue)") {
            try reading(.archive, in: folder) { source in try source.read { db in try DatabaseCopy.erasures(db) } }
        }
    }

    private static func reading<Value>(_ file: DatabaseFile, in folder: String, _ body: (DatabaseQueue) throws -> Value) throws -> Value {
        let path = "\(folder)/\(file.rawValue)"
        guard FileManager.default.fileExists(atPath: path) else { throw CatalogError.ledgerMissing(path: path) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        do {
            let source = try DatabaseQueue(path: path, configuration: configuration)
            let value = try body(source)
            try source.close()
            return value
        } catch let error as DatabaseError where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) {
            guard !FileManager.default.fileExists(atPath: path + "-wal"), !FileManager.default.isWritableFile(atPath: folder) else { throw error }
            let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
            let source = try DatabaseQueue(path: "file:\(escaped)?immutable=1", configuration: configuration)
            let value = try body(source)
            try source.close()
            guard !FileManager.default.fileExists(atPath: path + "-wal") else { throw error }
            return value
        }
    }
}

/// The ledger's database in a backup: one file, which nobody else writes.
public final class DatabaseCopy: Sendable {
    private let archive: DatabaseQueue

    /// Opens the copy in `folder`, to be read.
    public init(in folder: String) throws(CatalogError) {
        archive = try perform("open \(folder)/\(DatabaseFile.archive.rawValue)") {
            var configuration = Configuration()
            configuration.readonly = true
            return try DatabaseQueue(path: "\(folder)/\(DatabaseFile.archive.rawValue)", configuration: configuration)
        }
    }

    /// What the ledger says of itself.
    public struct Facts: Sendable {
        public let records: (size: Int, root: Digest)
        public let access: (size: Int, root: Digest)
        public let epoch: Int
        public let erasures: Int
    }

    /// Sizes and roots of both trees, as they are stored; the epoch; how many erasures there are.
    public func facts() throws(CatalogError) -> Facts {
        try perform("read the copy of the ledger") {
            try archive.read { db in
                func tree(_ tree: Tree) throws -> (Int, Digest) {
                    let size = try tree.size(db)
                    return (size, try MerkleTree.root(ofSize: UInt64(size)) { try tree.node($0, db) })
                }
                let epoch = try Catalog.epoch(db)
                return Facts(records: try tree(.records), access: try tree(.access), epoch: epoch, erasures: try Self.erasures(db))
            }
        }
    }

    /// A record's kind is in its header, which is canonical, so these bytes stand nowhere else in it.
    static func erasures(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM record WHERE instr(header, ?) > 0", arguments: ["\"kind\":\"\(RecordKind.dataErased.rawValue)\""]) ?? 0
    }

    /// Calls `body` with every object that the ledger names, and whether its bytes were erased.
    public func forEachObject(_ body: (_ digest: Digest, _ size: Int64, _ isErased: Bool) throws -> Void) throws {
        try archive.read { db in
            let rows = try Row.fetchCursor(db, sql: "SELECT digest, size, erased_record IS NOT NULL AS is_erased FROM object ORDER BY key")
            while let row = try rows.next() {
                guard let digest = Digest(hex: row["digest"] as String) else {
                    throw CatalogError.database(act: "read the copy of the ledger", code: -1, message: "an object has no digest")
                }
                try body(digest, row["size"], row["is_erased"])
            }
        }
    }

    /// Whether this copy still has something that `newer` has not because it was erased.
    public func hasErased(in newer: DatabaseCopy) throws(CatalogError) -> Bool {
        try perform("look for what was erased") {
            for table in ["item", "person"] {
                let erased = try newer.archive.read { db in try String.fetchAll(db, sql: "SELECT id FROM \(table) WHERE erased_record IS NOT NULL") }
                let isThere = try archive.read { db in
                    try erased.contains { try db.first("SELECT 1 FROM \(table) WHERE id = ? AND erased_record IS NULL", [$0]) != nil }
                }
                if isThere { return true }
            }
            return false
        }
    }

    /// Closes the copy.
    public func close() throws(CatalogError) {
        try perform("close the copy of the ledger") { try archive.close() }
    }

    /// What SQLite finds wrong with a database in `folder`; empty where it is whole.
    public static func integrityFindings(of file: String, in folder: String) -> [String] {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let database = try DatabaseQueue(path: "\(folder)/\(file)", configuration: configuration)
            let findings = try database.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check(20)") }
            try database.close()
            return findings == ["ok"] ? [] : findings
        } catch {
            return ["\((error as? DatabaseError)?.message ?? "\(error)")"]
        }
    }
}

extension Catalog {
    /// How many erasures the ledger tells of.
    public func erasures() throws(CatalogError) -> Int {
        try perform("count the erasures") { try archive.read { db in try DatabaseCopy.erasures(db) } }
    }

    /// Names another erasure list for erasures that are not finished: the one that this archive, which was restored, has now.
    public func listErasures(in list: String) throws(CatalogError) {
        try perform("name the erasure list") { try archive.write { db in try db.run("UPDATE erasure_to_finish SET list = ?", [list]) } }
    }
}
