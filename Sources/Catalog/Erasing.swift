public import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// Erasing: what is asked before it, its one transaction, and what it leaves to finish.
extension Catalog {
    /// A legal hold that holds.
    public struct HoldView: Sendable {
        public let subject: String
        public let record: Int
        public let reason: String
        public let legalBasis: String
    }

    /// The hold on a subject, `nil` where there is none.
    public func hold(on subject: String) throws(CatalogError) -> HoldView? {
        try perform("look for a hold") {
            try archive.read { db in try db.first("SELECT * FROM hold WHERE subject = ?", [subject]).map(Self.holdView) }
        }
    }

    /// All holds that hold, by subject.
    public func holds() throws(CatalogError) -> [HoldView] {
        try perform("list the holds") {
            try archive.read { db in try db.rows("SELECT * FROM hold ORDER BY subject").map(Self.holdView) }
        }
    }

    private static func holdView(_ row: Row) -> HoldView {
        HoldView(subject: row["subject"], record: row["record"], reason: row["reason"], legalBasis: row["legal_basis"])
    }

    /// Whether others need this object, evidence or text: an item that was not erased has it, a citation of such an item pins it, or it
    /// is the text of an object that was not erased, or a rule document.
    public func isNeeded(_ object: Digest, besides items: Set<EvidenceID>, and objects: Set<Digest>) throws(CatalogError) -> Bool {
        try perform("look for what has object \(object)") {
            try archive.read { db in
                let having = try db.rows("SELECT id FROM item WHERE object = ? AND erased_record IS NULL", [object.hex])
                if having.contains(where: { EvidenceID($0["id"] as String).map { !items.contains($0) } ?? true }) { return true }
                let texts = try db.rows("SELECT digest FROM object WHERE text = ? AND erased_record IS NULL", [object.hex])
                if texts.contains(where: { Digest(hex: $0["digest"] as String).map { !objects.contains($0) } ?? true }) { return true }
                let pins = try db.rows(
                    "SELECT DISTINCT item.id FROM citation JOIN item ON item.id = citation.item WHERE text = ? AND erased_record IS NULL",
                    [object.hex])
                if pins.contains(where: { EvidenceID($0["id"] as String).map { !items.contains($0) } ?? true }) { return true }
                return try db.first("SELECT 1 FROM rule_document WHERE object = ?", [object.hex]) != nil
            }
        }
    }

    /// The records that extraction appended about an object, oldest first. Each is about the oldest item that had the object then.
    public func extractions(of object: Digest) throws(CatalogError) -> [(number: Int, subjects: [String], body: RecordBody)] {
        var found: [(number: Int, subjects: [String], body: RecordBody)] = []
        for item in try items(of: object) {
            for record in try records(about: item.id.text) {
                if case .objectExtracted(object, _) = record.body { found.append((record.header.number, record.header.subjects, record.body)) }
            }
        }
        return found
    }

    /// Calls `body` with every record, in order, as it was recorded or as an erasure left it. For what no index answers.
    public func forEachRecord(_ body: (RecordHeader, RecordBody) throws -> Void) throws {
        var next = 0
        while true {
            let records = try perform("read the records") { try stored(from: next) }
            if records.isEmpty { return }
            for record in records {
                let (header, parsed) = try record.checked()
                try body(header, parsed)
            }
            next += records.count
        }
    }

    /// The records of all erasures, oldest first. Read from the headers: there are few, and an erasure reads the whole database anyway.
    public func tombstones() throws(CatalogError) -> [Int] {
        try perform("look for erasures") {
            try archive.read { db in
                // A record's kind is in its header, which is canonical, so these bytes stand nowhere else in it.
                try Int.fetchAll(
                    db, sql: "SELECT number FROM record WHERE instr(header, ?) > 0 ORDER BY number",
                    arguments: ["\"kind\":\"\(RecordKind.dataErased.rawValue)\""])
            }
        }
    }

    /// Records an erasure, by one tombstone or several, and removes the bodies and piece lists that they name, all in one durable
    /// transaction. What lies outside of the ledger is still there when it returns: see ``erasuresToFinish()``.
    ///
    /// - Parameters:
    ///   - tombstones: what is erased, divided by whom it is about, and what each is about.
    ///   - takesShared: whether what is about others too went as well; for the list.
    ///   - list: the path of the erasure list that it is to be written to.
    public func erase(
        _ tombstones: [(erasure: Erasure, subjects: [String])], takesShared: Bool, list: String, by actor: Actor, at time: Timestamp
    ) throws(CatalogError) -> Range<Int> {
        try append(tombstones.map { Draft(.dataErased($0.erasure), subjects: $0.subjects) }, by: actor, at: time) { db in
            for (erasure, _) in tombstones {
                for redaction in erasure.redactions { try db.run("DELETE FROM record_body WHERE number = ?", [redaction.record]) }
                for object in erasure.objects { try db.run("DELETE FROM piece_list WHERE object = ?", [object.hex]) }
            }
            let first = try Tree.records.size(db)
            try db.run(
                "INSERT INTO erasure_to_finish (record, last, list, takes_shared, is_off_disk) VALUES (?, ?, ?, ?, 0)",
                [first, first + tombstones.count - 1, list, takesShared])
        }
    }

    /// An erasure that was recorded and is not finished.
    public struct ErasureToFinish: Sendable {
        /// Its tombstones.
        public let records: ClosedRange<Int>
        /// The erasure list that it is to be in.
        public let list: String
        /// Whether what is about others too went as well.
        public let takesShared: Bool
        /// Whether nothing of it is on the disk any more: only the list lacks it.
        public let isOffDisk: Bool
    }

    /// Erasures that were recorded and are not finished, oldest first.
    public func erasuresToFinish() throws(CatalogError) -> [ErasureToFinish] {
        try perform("look for erasures") {
            try archive.read { db in
                try db.rows("SELECT * FROM erasure_to_finish ORDER BY record").map { row in
                    let (first, last): (Int, Int) = (row["record"], row["last"])
                    return ErasureToFinish(
                        records: first...max(first, last), list: row["list"], takesShared: row["takes_shared"], isOffDisk: row["is_off_disk"])
                }
            }
        }
    }

    /// Seconds that ``compact(waiting:)`` waits for somebody who reads.
    public static let compactionPatience = 5.0

    /// Rewrites the databases without the bytes of rows that are gone, and empties their logs.
    ///
    /// - Parameter seconds: how long to wait for others that read.
    /// - Throws: ``CatalogError/inUse(act:database:)`` where somebody still reads: old pages are in the files then.
    public func compact(waiting seconds: Double = compactionPatience) throws(CatalogError) {
        try perform("rewrite the databases") {
            for (pool, file) in [(archive, DatabaseFile.archive), (service, .service)] {
                func emptyLog() throws {
                    if try !pool.emptyLog(waiting: seconds) { throw CatalogError.inUse(act: "rewrite the databases", database: file.rawValue) }
                }
                // Before as well: while somebody reads, rewriting only makes the log larger.
                try emptyLog()
                try pool.vacuum()
                try emptyLog()
            }
        }
    }

    /// Forgets when these objects were checked.
    public func forgetChecks(of objects: [Digest]) throws(CatalogError) {
        try perform("forget checks") {
            try service.write { db in
                for object in objects { try db.run("DELETE FROM fixity_check WHERE object = ?", [object.hex]) }
            }
        }
    }

    /// Remembers that nothing of an erasure is on the disk any more.
    public func markOffDisk(_ record: Int) throws(CatalogError) {
        try perform("finish the erasure") {
            try archive.write { db in try db.run("UPDATE erasure_to_finish SET is_off_disk = 1 WHERE record = ?", [record]) }
        }
    }

    /// Remembers that an erasure is finished.
    public func finishErasure(_ record: Int) throws(CatalogError) {
        try perform("finish the erasure") {
            try archive.write { db in try db.run("DELETE FROM erasure_to_finish WHERE record = ?", [record]) }
            try archive.emptyLog()
        }
    }
}
