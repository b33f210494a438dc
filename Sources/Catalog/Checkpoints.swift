public import Evidence
internal import Foundation
internal import GRDB
public import Ledger

/// A checkpoint that the archive has signed, with what others said of it.
public struct StoredCheckpoint: Sendable {
    /// With the cosignatures that witnesses returned.
    public let signed: SignedCheckpoint
    public let signedAt: Timestamp
    /// An RFC 3161 response over the checkpoint's text.
    public let stamp: [UInt8]?
    /// Of records: the size of the newest checkpoint of the access log when it was signed.
    public let accessSize: Int?

    /// The same, signed by this key: as it is where the key has signed it, and otherwise in place of an earlier key.
    public func signed(by signer: NoteSigner) -> StoredCheckpoint {
        if isSigned(by: signer.verifier) { return self }
        let others = signed.note.signatures.filter { $0.keyName != signer.verifier.name }
        return StoredCheckpoint(
            signed: SignedCheckpoint(checkpoint, signedBy: [signer]).adding(others), signedAt: signedAt, stamp: stamp, accessSize: accessSize)
    }

    /// Whether the archive's signature of it is of this key.
    public func isSigned(by key: NoteVerifier) -> Bool {
        signed.note.signatures.first.map { $0.keyName == key.name && $0.keyID == key.keyID } ?? false
    }

    public var checkpoint: Checkpoint { signed.checkpoint }
}

extension LogTree {
    var tables: Tree { self == .records ? .records : .access }
}

extension Catalog {
    /// The epoch that the archive is in: 1, or that of its last restoration.
    public func epoch() throws(CatalogError) -> Int {
        try perform("find the epoch") { try archive.read { db in try Self.epoch(db) } }
    }

    static func epoch(_ db: Database) throws -> Int {
        try db.first(
            "SELECT epoch FROM milestone WHERE kind = ? ORDER BY record DESC LIMIT 1", [RecordKind.archiveRestored.rawValue]
        ).map { $0["epoch"] } ?? 1
    }

    /// The numbers of the records of a kind about the archive itself, ascending.
    public func milestones(_ kind: RecordKind) throws(CatalogError) -> [Int] {
        try perform("find records of kind \(kind.rawValue)") {
            try archive.read { db in
                try db.rows("SELECT record FROM milestone WHERE kind = ? ORDER BY record", [kind.rawValue]).map { $0["record"] }
            }
        }
    }

    /// Size and root of a tree as it is committed now.
    public func tree(_ tree: LogTree) -> (size: Int, root: Digest) { tree == .records ? recordTree : accessTree }

    // MARK: Storing

    /// Keeps checkpoints that were signed, durably, in both databases; of earlier days only the last of each day is kept, and what
    /// somebody has cosigned or stamped.
    public func store(_ signed: [SignedCheckpoint], at time: Timestamp) throws(CatalogError) {
        try perform("keep the checkpoint") {
            try archive.write { db in
                // The access log first, so that a checkpoint of records knows the newest one of it.
                var accessSize: Int?
                for signed in signed.sorted(by: { $0.checkpoint.origin.tree.rawValue < $1.checkpoint.origin.tree.rawValue }) {
                    if accessSize == nil, signed.checkpoint.origin.tree == .records {
                        accessSize = try db.first(
                            "SELECT size FROM checkpoint WHERE tree = 'access' ORDER BY epoch DESC, size DESC LIMIT 1"
                        ).map { $0["size"] }
                    } else if signed.checkpoint.origin.tree == .access {
                        accessSize = signed.checkpoint.size
                    }
                    let origin = signed.checkpoint.origin
                    let tree = origin.tree.rawValue
                    let newest = try db.first(
                        "SELECT signed_at FROM checkpoint WHERE tree = ? AND epoch = ? ORDER BY size DESC LIMIT 1", [tree, origin.epoch])
                    // One that an earlier key has signed gives way to the same one signed by the key of now.
                    try db.run(
                        "INSERT OR REPLACE INTO checkpoint (tree, epoch, size, note, signed_at, access_size) VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            tree, origin.epoch, signed.checkpoint.size, String(decoding: signed.note.bytes, as: UTF8.self), time.description,
                            origin.tree == .records ? accessSize : nil,
                        ])
                    if let last: String = newest?["signed_at"], last.prefix(10) < time.description.prefix(10) {
                        try Self.thin(tree, before: time, db)
                    }
                }
            }
            try service.write { db in
                for signed in signed {
                    try db.run(
                        "INSERT OR REPLACE INTO newest_checkpoint (tree, note) VALUES (?, ?)",
                        [signed.checkpoint.origin.tree.rawValue, String(decoding: signed.note.bytes, as: UTF8.self)])
                }
            }
        }
    }

    private static func thin(_ tree: String, before time: Timestamp, _ db: Database) throws {
        try db.run(
            """
            DELETE FROM checkpoint WHERE tree = ?1 AND signed_at < ?2
            AND NOT EXISTS (SELECT 1 FROM cosignature c WHERE c.tree = ?1 AND c.epoch = checkpoint.epoch AND c.size = checkpoint.size)
            AND NOT EXISTS (SELECT 1 FROM checkpoint_stamp s WHERE s.tree = ?1 AND s.epoch = checkpoint.epoch AND s.size = checkpoint.size)
            AND (epoch, size) NOT IN (
                SELECT epoch, max(size) FROM checkpoint WHERE tree = ?1 GROUP BY epoch, substr(signed_at, 1, 10))
            AND (?1 = 'records' OR size NOT IN (SELECT access_size FROM checkpoint WHERE tree = 'records' AND access_size IS NOT NULL))
            """, [tree, String(time.description.prefix(10))])
    }

    /// Keeps cosignatures of a checkpoint that the archive has signed. They were verified by the caller.
    public func store(_ cosignatures: [SignedNote.Signature], of checkpoint: Checkpoint, at time: Timestamp) throws(CatalogError) {
        try perform("keep the cosignature") {
            try archive.write { db in
                for signature in cosignatures {
                    try db.run(
                        "INSERT OR REPLACE INTO cosignature (tree, epoch, size, line, key_name, added_at) VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            checkpoint.origin.tree.rawValue, checkpoint.origin.epoch, checkpoint.size, signature.line, signature.keyName,
                            time.description,
                        ])
                }
            }
        }
    }

    /// Keeps a time stamp of a checkpoint.
    public func store(stamp: [UInt8], of checkpoint: Checkpoint, stampedAt time: Timestamp) throws(CatalogError) {
        try perform("keep the time stamp") {
            try archive.write { db in
                try db.run(
                    "INSERT OR REPLACE INTO checkpoint_stamp (tree, epoch, size, token, stamped_at) VALUES (?, ?, ?, ?, ?)",
                    [checkpoint.origin.tree.rawValue, checkpoint.origin.epoch, checkpoint.size, Data(stamp), time.description])
            }
        }
    }

    // MARK: Reading

    /// The newest checkpoint of a tree; `nil` where there is none.
    public func checkpoint(_ tree: LogTree) throws(CatalogError) -> StoredCheckpoint? {
        try perform("find a checkpoint") {
            try archive.read { db in
                try db.first(
                    "SELECT * FROM checkpoint WHERE tree = ? ORDER BY epoch DESC, size DESC LIMIT 1", [tree.rawValue]
                ).map { try Self.storedCheckpoint($0, db) }
            }
        }
    }

    /// The checkpoint of a tree over just so many leaves in the newest epoch that has one.
    public func checkpoint(_ tree: LogTree, size: Int) throws(CatalogError) -> StoredCheckpoint? {
        try perform("find the checkpoint of size \(size)") {
            try archive.read { db in
                try db.first("SELECT * FROM checkpoint WHERE tree = ? AND size = ? ORDER BY epoch DESC LIMIT 1", [tree.rawValue, size])
                    .map { try Self.storedCheckpoint($0, db) }
            }
        }
    }

    /// For each name under which somebody has cosigned checkpoints of a tree, the newest of them with at most `size` leaves.
    public func lastCosigned(_ tree: LogTree, upTo size: Int) throws(CatalogError) -> [StoredCheckpoint] {
        try perform("find what was cosigned") {
            try archive.read { db in
                let rows = try db.rows(
                    """
                    SELECT * FROM checkpoint WHERE tree = ?1 AND (epoch, size) IN (
                        SELECT epoch, max(size) FROM cosignature WHERE tree = ?1 AND size <= ?2 GROUP BY epoch, key_name)
                    ORDER BY epoch, size
                    """, [tree.rawValue, size])
                return try rows.map { try Self.storedCheckpoint($0, db) }
            }
        }
    }

    /// When a checkpoint of records was stamped last; `nil` where none was.
    public func lastStamp() throws(CatalogError) -> Timestamp? {
        try perform("find the last time stamp") {
            try archive.read { db in
                try db.first("SELECT max(stamped_at) AS last FROM checkpoint_stamp").flatMap { ($0["last"] as String?).flatMap { Timestamp($0) } }
            }
        }
    }

    private static func storedCheckpoint(_ row: Row, _ db: Database) throws -> StoredCheckpoint {
        let (tree, epoch, size): (String, Int, Int) = (row["tree"], row["epoch"], row["size"])
        let signed: SignedCheckpoint
        do {
            signed = try SignedCheckpoint(parsing: Array((row["note"] as String).utf8))
        } catch {
            throw CatalogError.checkpointDamaged(tree: tree, size: size, reason: error.description)
        }
        let lines = try db.rows("SELECT line FROM cosignature WHERE tree = ? AND epoch = ? AND size = ? ORDER BY line", [tree, epoch, size])
        let cosignatures = lines.compactMap { row in
            // A line that is none is not shown; a verifier would refuse it as well.
            try? SignedNote.Signature(line: (row["line"] as String).dropLast())  // because of the line above
        }
        let stamp = try db.first("SELECT token FROM checkpoint_stamp WHERE tree = ? AND epoch = ? AND size = ?", [tree, epoch, size])
        guard let time = Timestamp(row["signed_at"] as String) else {
            throw CatalogError.checkpointDamaged(tree: tree, size: size, reason: "it has no time")
        }
        return StoredCheckpoint(
            signed: signed.adding(cosignatures), signedAt: time, stamp: stamp.map { Array($0["token"] as Data) }, accessSize: row["access_size"])
    }

    // MARK: Proofs

    /// The audit path of a leaf in the tree of the first `size` leaves: O(log size) rows. `nil` where there is no such leaf.
    public func inclusionPath(_ tree: LogTree, of leaf: Int, size: Int) throws(CatalogError) -> [Digest]? {
        try perform("prove \(tree == .records ? "record" : "access log entry") \(leaf)") {
            try archive.read { db in
                try MerkleTree.inclusionProof(ofLeaf: UInt64(leaf), size: UInt64(size)) { try tree.tables.node($0, db) }
            }
        }
    }

    /// That the tree of `newSize` leaves continues that of `oldSize`; empty where there is nothing to show.
    public func consistencyPath(_ tree: LogTree, from oldSize: Int, to newSize: Int) throws(CatalogError) -> [Digest]? {
        if oldSize == 0 { return [] }
        return try perform("prove that the tree continues") {
            try archive.read { db in
                try MerkleTree.consistencyProof(from: UInt64(oldSize), to: UInt64(newSize)) { try tree.tables.node($0, db) }
            }
        }
    }

    /// The root over the first `size` leaves of a tree.
    public func root(_ tree: LogTree, size: Int) throws(CatalogError) -> Digest {
        try perform("compute a root") {
            try archive.read { db in try MerkleTree.root(ofSize: UInt64(size)) { try tree.tables.node($0, db) } }
        }
    }

    /// A record as it leaves the archive, after it was held against its leaf; what was erased is not disclosed.
    public func copy(ofRecord number: Int) throws(CatalogError) -> RecordCopy {
        let stored = try perform("read record \(number)") { try archive.read { db in try StoredRecord.read(number, db) } }
        _ = try stored.checked()
        return stored.copy
    }

    // MARK: Setbacks

    /// The newest checkpoints that are known, from both databases.
    public func newestCheckpoints() throws(CatalogError) -> [SignedCheckpoint] {
        try perform("find the newest checkpoints") { try Self.newestKnown(in: archive, service) }
    }

    private static func newestKnown(in archive: DatabasePool, _ service: DatabasePool) throws -> [SignedCheckpoint] {
        let stored = try archive.read { db in
            try LogTree.allCases.compactMap { tree -> String? in
                try db.first("SELECT note FROM checkpoint WHERE tree = ? ORDER BY epoch DESC, size DESC LIMIT 1", [tree.rawValue]).map { $0["note"] }
            }
        }
        let again = try service.read { db in try String.fetchAll(db, sql: "SELECT note FROM newest_checkpoint") }
        return try (stored + again).map { (note: String) -> SignedCheckpoint in
            do {
                return try SignedCheckpoint(parsing: Array(note.utf8))
            } catch {
                throw CatalogError.checkpointDamaged(tree: "records or access", size: 0, reason: "\(error)")
            }
        }
    }

    /// Whether a tree is behind what was signed of it, or another; `nil` when neither.
    static func setback(in archive: DatabasePool, _ service: DatabasePool) throws -> CatalogError? {
        for known in try newestKnown(in: archive, service).map(\.checkpoint) {
            let tree = known.origin.tree
            let setback: CatalogError? = try archive.read { db in
                let size = try tree.tables.size(db)
                if known.size > size { return .wentBackwards(tree: tree, signed: known.size, found: size) }
                let root = try MerkleTree.root(ofSize: UInt64(known.size)) { try tree.tables.node($0, db) }
                return root == known.root ? nil : .rewritten(tree: tree, signed: known.size)
            }
            if let setback { return setback }
        }
        return nil
    }
}

/// A key that the archive signs or has signed with, and how far.
public struct LedgerKey: Sendable {
    public let verifier: NoteVerifier
    /// The largest trees that it has signed; `nil` for the key that signs now.
    private let limits: [LogTree: Int]?

    public init(_ verifier: NoteVerifier, upTo limits: [LogTree: Int]? = nil) {
        self.verifier = verifier
        self.limits = limits
    }

    private func maySign(_ checkpoint: Checkpoint) -> Bool { limits.map { checkpoint.size <= $0[checkpoint.origin.tree] ?? 0 } ?? true }

    /// Whether one of the keys that may have signed a tree of this size has signed this checkpoint.
    public static func haveSigned(_ signed: SignedCheckpoint, _ keys: [LedgerKey]) -> Bool {
        // because a signature that does not verify is none.
        (try? signed.note.verified(by: keys.filter { $0.maySign(signed.checkpoint) }.map(\.verifier))) != nil
    }
}
