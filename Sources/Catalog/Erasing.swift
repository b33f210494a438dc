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

    /// Whether other objects, evidence or texts, need this object: an item that was not erased has it, or it is the text of an object
    /// that was not.
    public func isNeeded(_ object: Digest, besides items: Set<EvidenceID>, and objects: Set<Digest>) throws(CatalogError) -> Bool {
        try perform("look for what has object \(object)") {
            try archive.read { db in
                let having = try db.rows("SELECT id FROM item WHERE object = ? AND erased_record IS NULL", [object.hex])
                if having.contains(where: { EvidenceID($0["id"] as String).map { !items.contains($0) } ?? true }) { return true }
                let texts = try db.rows("SELECT digest FROM object WHERE text = ? AND erased_record IS NULL", [object.hex])
                if texts.contains(where: { Digest(hex: $0["digest"] as String).map { !objects.contains($0) } ?? true }) { return true }
                return try db.first("SELECT 1 FROM rule_document WHERE object = ?", [object.hex]) != nil
            }
        }
    }

    /// The records that extraction appended about an object, oldest first. Each is about the oldest item that had the object then.
    public func extractions(of object: Digest) throws(CatalogError) -> [(number: Int, body: RecordBody)] {
        var found: [(number: Int, body: RecordBody)] = []
        for item in try items(of: object) {
            for record in try records(about: item.id.text) {
                if case .objectExtracted(object, _) = record.body { found.append((record.header.number, record.body)) }
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

    /// Records an erasure and removes the bodies and piece lists that it names, all in one durable transaction. What lies outside of
    /// the ledger is still there when it returns: see ``erasuresToFinish()``.
    ///
    /// - Parameters:
    ///   - takesShared: whether what is about others too went as well; for the list.
    ///   - list: the path of the erasure list that it is to be written to.
    public func erase(
        _ erasure: Erasure, takesShared: Bool, subjects: [String], list: String, by actor: Actor, at time: Timestamp
    ) throws(CatalogError) -> Int {
        let size = recordTree.size
        let numbers = try append([Draft(.dataErased(erasure), subjects: subjects)], by: actor, at: time) { db in
            for redaction in erasure.redactions { try db.run("DELETE FROM record_body WHERE number = ?", [redaction.record]) }
            for object in erasure.objects { try db.run("DELETE FROM piece_list WHERE object = ?", [object.hex]) }
            try db.run("INSERT INTO erasure_to_finish (record, list, takes_shared) VALUES (?, ?, ?)", [size, list, takesShared])
        }
        return numbers.lowerBound
    }

    /// Erasures that were recorded and are not finished: the tombstone's record, and what is to be said in which erasure list.
    public func erasuresToFinish() throws(CatalogError) -> [(record: Int, list: String, takesShared: Bool)] {
        try perform("look for erasures") {
            try archive.read { db in
                try db.rows("SELECT * FROM erasure_to_finish ORDER BY record").map { ($0["record"], $0["list"], $0["takes_shared"]) }
            }
        }
    }

    /// Rewrites the databases without the bytes of rows that are gone, and empties their logs.
    public func compact() throws(CatalogError) {
        try perform("rewrite the databases") {
            for pool in [archive, service] {
                try pool.vacuum()
                try pool.emptyLog()
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

    /// Remembers that an erasure is finished.
    public func finishErasure(_ record: Int) throws(CatalogError) {
        try perform("finish the erasure") {
            try archive.write { db in try db.run("DELETE FROM erasure_to_finish WHERE record = ?", [record]) }
            try archive.emptyLog()
        }
    }
}
