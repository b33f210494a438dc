public import Evidence
internal import Foundation
internal import GRDB
public import Ledger

extension Catalog {
    /// Runs `body` on one moment of the ledger: what is appended or erased meanwhile it does not see. For whoever asks about thousands of
    /// records: a transaction for each question would cost more than the answers.
    ///
    /// - Parameter body: may ask the snapshot and nothing else of the catalog.
    /// - Throws: ``CatalogError``, or what `body` throws, unchanged.
    public func snapshot<Value>(to act: String, _ body: (LedgerSnapshot) throws -> Value) throws -> Value {
        try perform(act) {
            try archive.read { db in
                do {
                    return Result<Value, any Error>.success(try body(LedgerSnapshot(db: db)))
                } catch let error as DatabaseError {
                    throw error
                } catch {
                    return .failure(error)
                }
            }
        }.get()
    }
}

/// One moment of the ledger and its views. Of use only inside ``Catalog/snapshot(to:_:)``. It keeps the records that it was asked for,
/// so that each is read once, and the nodes of the trees, because proofs of neighbours share most of theirs.
public final class LedgerSnapshot {
    private let db: Database
    private var stored: [Int: StoredRecord] = [:]
    private var known: [Int: (record: OpenedRecord, body: RecordBody)] = [:]
    private var nodes: [LogTree: [MerkleTree.Position: Digest]] = [:]

    fileprivate init(db: Database) { self.db = db }

    // MARK: Records

    private func row(_ number: Int) throws -> StoredRecord {
        if let found = stored[number] { return found }
        let row = try StoredRecord.read(number, db)
        stored[number] = row
        return row
    }

    private func opened(_ number: Int) throws -> (record: OpenedRecord, body: RecordBody) {
        if let found = known[number] { return found }
        let found = try row(number).opened()
        known[number] = found
        return found
    }

    /// A record's body, or what is left of it where it was erased, after it was held against its leaf.
    /// - Throws: ``CatalogError/recordDamaged(number:reason:)`` when it is not what was recorded.
    public func body(of number: Int) throws -> RecordBody { try opened(number).body }

    /// Records, each checked as ``body(of:)`` does, half of them by another thread.
    public func records(_ numbers: [Int]) throws -> [OpenedRecord] {
        let unknown = try numbers.filter { known[$0] == nil }.map(row)
        if unknown.isEmpty { return try numbers.map { try opened($0).record } }
        let (here, elsewhere) = (unknown.prefix(unknown.count / 2), unknown.suffix(from: unknown.count / 2))
        let rest = Ahead { try elsewhere.map { try $0.opened() } }
        for (record, body) in try here.map({ try $0.opened() }) + rest.value() { known[record.header.number] = (record, body) }
        return try numbers.map { try opened($0).record }
    }

    /// The records about a subject before `size`, of these kinds, in order.
    public func numbers(about subject: String, before size: Int, of kinds: Set<RecordKind>) throws -> [(number: Int, kind: RecordKind)] {
        try Catalog.numbers(about: subject, before: size, of: kinds, db)
    }

    /// The record that says what is left of this one's body; `nil` where the body was not erased.
    public func redactor(of number: Int) throws -> Int? { try row(number).redactor }

    /// The record that imported a rule document first.
    public func importRecord(ofRules object: Digest) throws -> Int? {
        try db.first("SELECT record FROM rule_document WHERE object = ?", [object.hex]).map { $0["record"] }
    }

    /// The audit path of a leaf in the tree of the first `size` leaves; `nil` where there is no such leaf.
    public func inclusionPath(_ tree: LogTree, of leaf: Int, size: Int) throws -> [Digest]? {
        try MerkleTree.inclusionProof(ofLeaf: UInt64(leaf), size: UInt64(size)) { position in
            if let known = nodes[tree]?[position] { return known }
            let node = try tree.tables.node(position, db)
            nodes[tree, default: [:]][position] = node
            return node
        }
    }

    // MARK: Evidence

    /// The object of an item, and the records that deposited and, where one did, that erased the item; `nil` when there is no such item.
    public func evidence(_ item: EvidenceID) throws -> (object: ObjectView, deposited: (record: Int, at: Timestamp), erased: Int?)? {
        try db.first(
            """
            SELECT object.*, item.deposit_record AS deposited, item.deposited_at, item.erased_record AS item_erased
            FROM item JOIN object ON object.digest = item.object WHERE item.id = ?
            """, [item.text]
        ).map { row in
            guard let time = Timestamp(row["deposited_at"] as String) else {
                throw CatalogError.recordDamaged(
                    number: row["deposited"], reason: "the view of its item has a time that it cannot have; run minhchung rebuild")
            }
            return (try Catalog.objectView(row), (row["deposited"], time), row["item_erased"])
        }
    }

    /// The object of this digest, `nil` when no record names it.
    public func object(_ digest: Digest) throws -> ObjectView? { try Catalog.object(digest, db) }

    /// The last record before `size` that says that an object was read whole and is right, and when; `nil` where none does.
    public func fixity(of object: ObjectView, before size: Int) throws -> (record: Int, at: Timestamp)? {
        // From the newest check back: each walk of all objects has few rows, so the one that is looked for is near.
        try db.first(
            """
            SELECT record, checked_at FROM fixity WHERE record < ? AND ? BETWEEN first AND last ORDER BY record DESC LIMIT 1
            """, [size, object.key]
        ).flatMap { row in Timestamp(row["checked_at"] as String).map { (row["record"], $0) } }
    }

    /// The last record before `size` that says what an object has in it.
    public func extraction(of object: ObjectView, before size: Int) throws -> Int? {
        if let last = object.extractionRecord, last < size { return last }
        // A later one, or none that holds any more: each was recorded about the oldest item that had the object then.
        let rows = try db.rows(
            """
            SELECT number FROM item JOIN record_subject ON record_subject.subject = item.id JOIN record USING (number)
            WHERE item.object = ? AND number < ? AND json_extract(header, '$.kind') = ? ORDER BY number DESC
            """, [object.description.digest.hex, size, RecordKind.objectExtracted.rawValue])
        return try rows.lazy.map { $0["number"] as Int }.first { number in
            if case .objectExtracted(object.description.digest, _) = try body(of: number) { true } else { false }
        }
    }

    // MARK: The access log

    /// The numbers of the entries of the access log about any of these subjects, before `size`, ascending.
    public func accessNumbers(about subjects: some Sequence<String>, before size: Int) throws -> [Int] {
        try Catalog.accessNumbers(about: subjects, before: size, db)
    }

    /// An entry of the access log, after it was held against its leaf; `nil` where it was dropped.
    public func accessEntry(_ number: Int) throws -> (bytes: [UInt8], header: RecordHeader)? { try Catalog.accessEntry(number, db) }
}
