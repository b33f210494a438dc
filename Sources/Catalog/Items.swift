public import Evidence
internal import Foundation
internal import GRDB
internal import VietnameseText

/// An evidence item as the views have it. For finding and listing; what is shown of one item is read from its records.
public struct ItemView: Sendable {
    public let key: Int64
    public let id: EvidenceID
    public let object: Digest
    public let size: Int64
    public let depositRecord: Int
    /// The record whose metadata holds now.
    public let metadataRecord: Int
    public let depositedAt: Timestamp
    public let metadata: EvidenceMetadata
    public let extraction: ExtractionState?
    /// The record that erased it.
    public let erasedRecord: Int?
}

/// An object as the views have it.
public struct ObjectView: Sendable {
    public let key: Int64
    public let description: ObjectDescription
    public let isDamaged: Bool
    /// The record that erased its bytes; `nil` while they are there.
    public let erasedRecord: Int?
    /// The record of what extraction found last.
    public let extractionRecord: Int?
    public let extraction: ExtractionState?
    public let tool: String?
}

/// Which items to list. `nil` asks nothing.
public struct ItemFilter: Sendable {
    public var kind: EvidenceKind?
    /// Words of the name, in this order and any spelling: case and diacritics do not matter.
    public var issuer: String?
    public var holder: String?
    public var issuedFrom: CalendarDate?
    public var issuedUntil: CalendarDate?

    /// Whether it asks anything.
    public var isEmpty: Bool { kind == nil && issuer == nil && holder == nil && issuedFrom == nil && issuedUntil == nil }

    public init(
        kind: EvidenceKind? = nil, issuer: String? = nil, holder: String? = nil, issuedFrom: CalendarDate? = nil,
        issuedUntil: CalendarDate? = nil
    ) {
        self.kind = kind
        self.issuer = issuer
        self.holder = holder
        self.issuedFrom = issuedFrom
        self.issuedUntil = issuedUntil
    }
}

extension Catalog {
    static let itemColumns = """
        item.*, object.size AS object_size, object.extraction_state AS object_extraction_state
        FROM item JOIN object ON object.digest = item.object
        """

    static func itemView(_ row: Row) throws -> ItemView {
        let id: String = row["id"]
        let number: Int = row["deposit_record"]
        func damaged(_ field: String) -> CatalogError {
            .recordDamaged(number: number, reason: "the view of item \(id) has a \(field) that it cannot have; run minhchung rebuild")
        }
        guard let item = EvidenceID(id) else { throw damaged("id") }
        guard let object = Digest(hex: row["object"] as String) else { throw damaged("digest") }
        guard let time = Timestamp(row["deposited_at"] as String) else { throw damaged("time") }
        guard let metadata = Views.metadata(in: row) else { throw damaged("kind or assurance") }
        return ItemView(
            key: row["key"], id: item, object: object, size: row["object_size"], depositRecord: number,
            metadataRecord: row["metadata_record"], depositedAt: time,
            metadata: metadata,
            extraction: (row["object_extraction_state"] as String?).flatMap(ExtractionState.init(rawValue:)),
            erasedRecord: row["erased_record"])
    }

    /// The item of this id, `nil` when there is none.
    public func item(_ id: EvidenceID) throws(CatalogError) -> ItemView? {
        try perform("find item \(id)") { try look { db in try Self.item(id, db) } }
    }

    static func item(_ id: EvidenceID, _ db: Database) throws -> ItemView? {
        try db.first("SELECT \(itemColumns) WHERE item.id = ?", [id.text]).map(itemView)
    }

    /// The item of this id, `nil` when there is none within reach.
    public func item(_ id: EvidenceID, within reach: Reach) throws(CatalogError) -> ItemView? {
        try perform("find item \(id)") {
            try look { db in
                try db.first("SELECT \(Self.itemColumns) WHERE item.id = ?\(reach.item())", [id.text] + reach.arguments).map(Self.itemView)
            }
        }
    }

    /// The items within reach whose id begins with `prefix`, at most `limit`.
    public func items(idPrefix prefix: String, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("find item \(prefix)") {
            try look { db in
                // '~' sorts behind every character of an id, so the range is one walk of the index.
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.id >= ? AND item.id < ?\(reach.item()) LIMIT ?",
                    [prefix, prefix + "~"] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }

    /// The items that have this object, oldest first.
    public func items(of object: Digest) throws(CatalogError) -> [ItemView] {
        try perform("find the items of object \(object)") { try look { db in try Self.items(of: object, db) } }
    }

    static func items(of object: Digest, _ db: Database) throws -> [ItemView] {
        try Row.fetchAll(
            try db.cachedStatement(sql: "SELECT \(itemColumns) WHERE item.object = ? ORDER BY item.key"), arguments: [object.hex]
        ).map(itemView)
    }

    /// The oldest item of each of these objects that has one.
    public func firstItems(of objects: [Digest]) throws(CatalogError) -> [Digest: EvidenceID] {
        try perform("find the items of \(objects.count) objects") {
            try look { db in
                var items: [Digest: EvidenceID] = [:]
                for object in objects {
                    let row = try db.first("SELECT id FROM item WHERE object = ? ORDER BY key LIMIT 1", [object.hex])
                    items[object] = row.flatMap { EvidenceID($0["id"] as String) }
                }
                return items
            }
        }
    }

    /// The oldest item of this object with this depositor, holder and file name: the same deposit, made before.
    public func sameDeposit(
        object: Digest, depositor: String, holder: String?, fileName: String?
    ) throws(CatalogError) -> ItemView? {
        try perform("look for an earlier deposit") {
            try look { db in
                try db.first(
                    """
                    SELECT \(Self.itemColumns)
                    WHERE item.object = ? AND item.erased_record IS NULL AND item.holder IS ? AND item.file_name IS ? AND item.depositor = ?
                    ORDER BY item.key LIMIT 1
                    """, [object.hex, holder, fileName, depositor]
                ).map(Self.itemView)
            }
        }
    }

    /// Items within reach, newest deposit first, of those deposited before the item with key `before`.
    public func items(before key: Int64?, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("list items") {
            try look { db in
                try db.rows(
                    """
                    SELECT \(Self.itemColumns) WHERE item.key < ? AND item.erased_record IS NULL\(reach.itemKeys)
                    ORDER BY item.key DESC LIMIT ?
                    """, [key ?? Int64.max] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }

    /// The items of these keys that there are, in their order.
    public func items(keys: [Int64]) throws(CatalogError) -> [ItemView] {
        try perform("list items") {
            try look { db in
                try keys.compactMap { try db.first("SELECT \(Self.itemColumns) WHERE item.key = ?", [$0]).map(Self.itemView) }
            }
        }
    }

    // MARK: Objects

    static func objectView(_ row: Row) throws -> ObjectView {
        guard let digest = Digest(hex: row["digest"] as String), let pieces = Digest(hex: row["piece_list_digest"] as String)
        else {
            throw CatalogError.recordDamaged(
                number: row["first_record"], reason: "the view of its object is damaged; run minhchung rebuild")
        }
        return ObjectView(
            key: row["key"],
            description: ObjectDescription(digest: digest, size: row["size"], pieceListDigest: pieces),
            isDamaged: row["is_damaged"], erasedRecord: row["erased_record"], extractionRecord: row["extraction_record"],
            extraction: (row["extraction_state"] as String?).flatMap(ExtractionState.init(rawValue:)), tool: row["tool"])
    }

    /// The object of this digest, `nil` when no record names it.
    public func object(_ digest: Digest) throws(CatalogError) -> ObjectView? {
        try perform("find object \(digest)") { try look { db in try Self.object(digest, db) } }
    }

    static func object(_ digest: Digest, _ db: Database) throws -> ObjectView? {
        try db.first("SELECT * FROM object WHERE digest = ?", [digest.hex]).map(objectView)
    }

    /// Those of these objects that a record names.
    public func objects(_ digests: [Digest]) throws(CatalogError) -> [Digest: ObjectView] {
        try perform("find \(digests.count) objects") {
            try look { db in
                var views: [Digest: ObjectView] = [:]
                for digest in digests where views[digest] == nil {
                    views[digest] = try Self.object(digest, db)
                }
                return views
            }
        }
    }

    /// Objects, in the order in which records named them, after the one with key `after`.
    public func objects(after key: Int64, limit: Int) throws(CatalogError) -> [ObjectView] {
        try objects(where: "key > ? AND erased_record IS NULL", [key], limit: limit)
    }

    /// Evidence that extraction has not tried yet, oldest first, after the object with key `after`.
    public func objectsToExtract(after key: Int64, limit: Int) throws(CatalogError) -> [ObjectView] {
        try objects(
            where: "extraction_record IS NULL AND is_evidence = 1 AND is_damaged = 0 AND erased_record IS NULL AND key > ?", [key], limit: limit)
    }

    /// Evidence that was read by another tool or version than `tool`, after the object with key `after`.
    public func objectsExtractedOtherwise(
        than tool: String, after key: Int64, limit: Int
    ) throws(CatalogError) -> [ObjectView] {
        try objects(
            where: "extraction_record IS NOT NULL AND tool <> ? AND is_damaged = 0 AND erased_record IS NULL AND key > ?", [tool, key], limit: limit)
    }

    /// The digests that records name and whose first byte is this.
    public func objectDigests(beginningWith first: UInt8) throws(CatalogError) -> Set<Digest> {
        let digits = String(first >> 4, radix: 16) + String(first & 15, radix: 16)
        return try perform("list objects") {
            try look { db in
                // 'g' sorts behind every hexadecimal digit, so the range is one walk of the index.
                let found = try String.fetchSet(
                    db, sql: "SELECT digest FROM object WHERE digest >= ? AND digest < ? AND erased_record IS NULL",
                    arguments: [digits, digits + "g"])
                return Set(found.compactMap { Digest(hex: $0) })
            }
        }
    }

    /// How many records of this kind were appended since `time`, looking back at most 100,000 records.
    public func countRecords(of kind: RecordKind, since time: Timestamp) throws(CatalogError) -> Int {
        try perform("count records") {
            try look { db in
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM (SELECT header FROM record ORDER BY number DESC LIMIT 100000)
                        WHERE json_extract(header, '$.time') >= ? AND json_extract(header, '$.kind') = ?
                        """, arguments: [time.description, kind.rawValue]) ?? 0
            }
        }
    }

    /// Evidence whose extracted text is damaged or missing, after the object with key `after`.
    public func objectsWithDamagedText(after key: Int64, limit: Int) throws(CatalogError) -> [ObjectView] {
        try objects(
            where: "text IN (SELECT digest FROM object WHERE is_damaged = 1) AND is_damaged = 0 AND erased_record IS NULL AND key > ?", [key],
            limit: limit)
    }

    /// How much evidence would be read anew: that whose text is damaged, and that which another tool than `tool` read.
    public func countToExtractAgain(otherwiseThan tool: String?) throws(CatalogError) -> Int {
        try perform("count") {
            try look { db in
                let texts =
                    try Int.fetchOne(
                        db, sql: "SELECT count(*) FROM object WHERE text IN (SELECT digest FROM object WHERE is_damaged = 1)") ?? 0
                guard let tool else { return texts }
                return texts
                    + (try Int.fetchOne(
                        db, sql: "SELECT count(*) FROM object WHERE extraction_record IS NOT NULL AND erased_record IS NULL AND tool <> ?",
                        arguments: [tool])
                        ?? 0)
            }
        }
    }

    private func objects(
        where condition: String, _ arguments: StatementArguments, limit: Int
    ) throws(CatalogError) -> [ObjectView] {
        try perform("list objects") {
            try look { db in
                try Row.fetchAll(
                    db, sql: "SELECT * FROM object WHERE \(condition) ORDER BY key LIMIT ?", arguments: arguments + [limit]
                ).map(Self.objectView)
            }
        }
    }

    /// The digests of an object's pieces, held against the recorded digest of their list.
    public func pieces(of object: ObjectDescription) throws(CatalogError) -> [Digest] {
        guard let pieces = try storedPieces(of: object) else { throw .pieceListDamaged(object: object.digest) }
        return pieces
    }

    /// Whether the list of an object's pieces is there and the recorded one.
    public func hasPieces(of object: ObjectDescription) throws(CatalogError) -> Bool {
        try storedPieces(of: object) != nil
    }

    private func storedPieces(of object: ObjectDescription) throws(CatalogError) -> [Digest]? {
        // The list of a small object is its own digest and stored nowhere.
        if object.size <= Int64(pieceSize) { return [object.digest] }
        let bytes = try perform("find the pieces of object \(object.digest)") {
            try look { db in
                try db.first("SELECT pieces FROM piece_list WHERE object = ?", [object.digest.hex]).map { Array($0["pieces"] as Data) }
            }
        }
        guard let bytes, Digest(of: bytes) == object.pieceListDigest else { return nil }
        return stride(from: 0, to: bytes.count, by: Digest.byteCount).compactMap {
            Digest(bytes: bytes[$0..<$0 + Digest.byteCount])
        }
    }

    /// Replaces a list of pieces that was lost or damaged; the caller digested the object anew.
    public func restorePieces(_ pieces: [Digest], of object: Digest) throws(CatalogError) {
        try perform("store the pieces of object \(object)") {
            try archive.write { db in
                try db.run(
                    "INSERT OR REPLACE INTO piece_list (object, pieces) VALUES (?, ?)",
                    [object.hex, Data(pieces.flatMap(\.bytes))])
            }
        }
    }

    /// What the archive holds, by counting indexes.
    public struct Counts: Sendable {
        public let items: Int
        public let objects: Int
        public let bytes: Int64
        public let damagedObjects: Int
        public let toExtract: Int
        /// How many objects ended in each state.
        public let extraction: [ExtractionState: Int]
        /// Why extraction failed, most frequent first.
        public let failures: [(reason: String, count: Int)]
    }

    /// How much evidence extraction has not tried yet.
    public func countToExtract() throws(CatalogError) -> Int {
        try perform("count") { try look { db in try Self.countToExtract(db) } }
    }

    private static func countToExtract(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM object WHERE extraction_record IS NULL AND is_evidence = 1 AND is_damaged = 0 AND erased_record IS NULL")
            ?? 0
    }

    public func counts() throws(CatalogError) -> Counts {
        try perform("count") {
            try look { db in
                func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
                var states: [ExtractionState: Int] = [:]
                for row in try Row.fetchAll(
                    db,
                    sql: """
                        SELECT extraction_state, count(*) AS count FROM object WHERE extraction_record IS NOT NULL AND erased_record IS NULL
                        GROUP BY extraction_state
                        """)
                {
                    if let state = ExtractionState(rawValue: row["extraction_state"]) { states[state] = row["count"] }
                }
                let failures = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT reason, count(*) AS count FROM object
                        WHERE extraction_record IS NOT NULL AND extraction_state = 'failed' AND erased_record IS NULL
                        GROUP BY reason ORDER BY count DESC, reason LIMIT 20
                        """)
                return Counts(
                    items: try count("SELECT count(*) FROM item WHERE erased_record IS NULL"),
                    objects: try count("SELECT count(*) FROM object WHERE erased_record IS NULL"),
                    bytes: try Int64.fetchOne(db, sql: "SELECT coalesce(sum(size), 0) FROM object WHERE erased_record IS NULL") ?? 0,
                    damagedObjects: try count("SELECT count(*) FROM object WHERE is_damaged = 1"),
                    toExtract: try Self.countToExtract(db),
                    extraction: states,
                    failures: failures.map { ($0["reason"] ?? "no reason given", $0["count"]) })
            }
        }
    }
}
