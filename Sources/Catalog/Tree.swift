internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// The tables of one of the two Merkle trees.
enum Tree {
    case records
    case access

    var log: LogTree { self == .records ? .records : .access }

    var headers: String {
        switch self {
        case .records: "record"
        case .access: "access"
        }
    }

    var nodes: String {
        switch self {
        case .records: "record_node"
        case .access: "access_node"
        }
    }

    /// What verification reads of a leaf, as blobs (see ``StoredRecord/columns``), and where from.
    var source: String {
        switch self {
        case .records: "\(StoredRecord.columns) FROM \(StoredRecord.tables)"
        case .access: "CAST(header AS BLOB) AS header, NULL AS salt, NULL AS body, NULL AS redacted FROM access"
        }
    }

    /// A stored node.
    func node(_ position: MerkleTree.Position, _ db: Database) throws -> Digest {
        let row = try db.first(
            "SELECT hash FROM \(nodes) WHERE level = ? AND position = ?", [position.level, Int64(position.index)])
        guard let bytes: [UInt8] = row.map({ Array($0["hash"] as Data) }), let digest = Digest(bytes: bytes) else {
            throw CatalogError.recordDamaged(
                number: Int(position.index) << position.level, reason: "node \(position.level)/\(position.index) of \(nodes) is missing")
        }
        return digest
    }

    /// How many leaves are stored: entries of the access log may be dropped, and their leaves stay.
    func size(_ db: Database) throws -> Int {
        let sql =
            self == .records
            ? "SELECT coalesce(max(number) + 1, 0) FROM record" : "SELECT coalesce(max(position) + 1, 0) FROM access_node WHERE level = 0"
        return try Int.fetchOne(db, sql: sql) ?? 0
    }

    /// Stores a header and the nodes that it completes.
    func append(_ header: [UInt8], number: Int, to edge: inout MerkleTree.Edge, _ db: Database) throws {
        try db.run(
            "INSERT INTO \(headers) (number, header) VALUES (?, ?)", [number, String(decoding: header, as: UTF8.self)])
        try edge.append(MerkleTree.leafHash(header)) { position, hash in
            try db.run(
                "INSERT INTO \(nodes) (level, position, hash) VALUES (?, ?, ?)",
                [position.level, Int64(position.index), Data(hash.bytes)])
        }
    }
}
