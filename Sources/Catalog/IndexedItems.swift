internal import Evidence
internal import Foundation
internal import GRDB

/// What the search index asks of the ledger and its views.
extension Catalog {
    /// What tells this record from one of the same number in another past: the first bytes of its leaf hash; `nil` when
    /// there is no such record.
    func leafMark(ofRecord number: Int) throws(CatalogError) -> Int64? {
        try perform("read record \(number)") {
            try look { db in
                try db.first("SELECT hash FROM record_node WHERE level = 0 AND position = ?", [number]).map { row in
                    (row["hash"] as Data).prefix(7).reduce(0) { $0 << 8 | Int64($1) }
                }
            }
        }
    }

    /// The first record that names evidence which waits for extraction; `nil` when none waits.
    public func firstWaitingRecord() throws(CatalogError) -> Int? {
        try perform("look for what waits") {
            try look { db in
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT first_record FROM object WHERE extraction_record IS NULL AND is_evidence = 1 AND is_damaged = 0
                            AND erased_record IS NULL
                        ORDER BY key LIMIT 1
                        """)
            }
        }
    }

    /// An item with the text that extraction found in its object.
    struct ItemText: Sendable {
        let view: ItemView
        let text: ObjectDescription?
    }

    /// What the index of an item depends on.
    struct ItemState: Sendable {
        let key: Int64
        let metadataRecord: Int
        /// Digest of the text that extraction found last in its object.
        let text: String?
    }

    /// The items, as they are now, that these records are about, oldest first.
    func itemStates(changedBy records: Range<Int>) throws(CatalogError) -> [ItemState] {
        try perform("read records \(records.lowerBound) to \(records.upperBound - 1)") {
            // One transaction: a read of its own for each row would cost more than the rows.
            try look { db in
                var changed: [Int64: ItemState] = [:]
                // SQLite takes out the three values that are needed: what the records say was checked when they were folded.
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT json_extract(header, '$.kind'), json_extract(header, '$.subjects[0]'), json_extract(body, '$.object')
                        FROM record LEFT JOIN record_body USING (number) WHERE number >= ? AND number < ? ORDER BY number
                        """, arguments: [records.lowerBound, records.upperBound])
                while let row = try rows.next() {
                    for state in try Self.states(changedBy: row, db) { changed[state.key] = state }
                }
                return changed.values.sorted { $0.key < $1.key }
            }
        }
    }

    private static func states(changedBy row: Row, _ db: Database) throws -> [ItemState] {
        let condition: (column: String, value: String?)
        switch (row[0] as String?).flatMap(RecordKind.init(rawValue:)) {
        case .evidenceDeposited, .evidenceDescribed: condition = ("item.id", row[1])
        case .objectExtracted: condition = ("item.object", row[2])
        default: return []  // because no other kind changes what is found
        }
        let statement = try db.cachedStatement(
            sql: """
                SELECT item.key, item.metadata_record, object.text FROM item JOIN object ON object.digest = item.object
                WHERE \(condition.column) = ? AND item.erased_record IS NULL
                """)
        return try Row.fetchAll(statement, arguments: [condition.value]).map {
            ItemState(key: $0[0], metadataRecord: $0[1], text: $0[2])
        }
    }

    /// The items of these keys, with their texts, in their order.
    func itemTexts(_ keys: [Int64]) throws(CatalogError) -> [ItemText] {
        let views = try items(keys: keys)
        return try perform("find the texts of \(keys.count) items") {
            try look { db in
                try views.map { view in
                    let text = try db.first(
                        "SELECT text.* FROM object JOIN object AS text ON text.digest = object.text WHERE object.digest = ?", [view.object.hex])
                    return ItemText(view: view, text: try text.map(Self.objectView)?.description)
                }
            }
        }
    }
}
