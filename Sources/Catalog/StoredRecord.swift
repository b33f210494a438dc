internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// A row of the ledger as it lies in the database, not yet believed.
struct StoredRecord {
    let number: Int
    let header: [UInt8]
    let salt: [UInt8]?
    let body: [UInt8]?
    let leaf: Digest?

    /// Header and body as blobs, because reading text stops at a zero byte, behind which anything could be hidden.
    static let columns = "CAST(header AS BLOB) AS header, salt, CAST(body AS BLOB) AS body"

    /// - Parameter row: has ``columns`` and `hash` (of the leaf).
    init(number: Int, row: Row) {
        self.number = number
        header = Array(row["header"] as Data)
        salt = (row["salt"] as Data?).map(Array.init)
        body = (row["body"] as Data?).map(Array.init)
        leaf = (row["hash"] as Data?).flatMap { Digest(bytes: Array($0)) }
    }

    /// What is wrong with it, `nil` when it is what was recorded.
    var finding: String? {
        guard let leaf else { return "its leaf is missing from the tree" }
        guard MerkleTree.leafHash(header) == leaf else { return "its header was edited" }
        let parsed: RecordHeader
        do { parsed = try RecordForm.header(header) } catch { return "its header is not readable: \(error)" }
        guard parsed.number == number else { return "its header says that it is record \(parsed.number)" }
        return Self.bodyFinding(parsed, salt: salt, body: body)
    }

    /// What is wrong with a record's body, `nil` when it is the one that its header commits to.
    static func bodyFinding(_ header: RecordHeader, salt: [UInt8]?, body: [UInt8]?) -> String? {
        guard let commitment = header.bodyCommitment else { return "its header names no body" }
        guard let salt, let body else { return "its body is missing" }
        guard RecordForm.commitment(salt: salt, body: body) == commitment else { return "its body was edited" }
        return nil
    }

    /// Header and body. Only called where ``finding`` is `nil`.
    func parsed() throws(CatalogError) -> (header: RecordHeader, body: RecordBody) {
        do {
            let header = try RecordForm.header(header)
            guard let kind = RecordKind(rawValue: header.kind), let body else {
                throw CatalogError.recordDamaged(number: number, reason: "this version does not know its kind, \(header.kind)")
            }
            return (header, try RecordForm.body(body, kind: kind))
        } catch let error as CatalogError {
            throw error
        } catch {
            throw .recordDamaged(number: number, reason: "\(error)")
        }
    }
}
