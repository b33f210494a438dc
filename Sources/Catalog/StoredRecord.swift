internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// A row of the ledger as it lies in the database, not yet believed.
struct StoredRecord: Sendable {
    let number: Int
    let header: [UInt8]
    let salt: [UInt8]?
    let body: [UInt8]?
    let leaf: Digest?

    /// Header and body as blobs, because reading text stops at a zero byte, behind which anything could be hidden.
    static let columns = "CAST(header AS BLOB) AS header, salt, CAST(body AS BLOB) AS body"

    /// - Parameter row: begins with ``columns`` and the hash of the leaf.
    init(number: Int, row: Row) throws {
        self.number = number
        func bytes(_ index: Int) throws -> [UInt8]? { try row.withUnsafeData(atIndex: index) { $0.map(Array.init) } }
        header = try bytes(0) ?? []
        salt = try bytes(1)
        body = try bytes(2)
        leaf = try bytes(3).flatMap { Digest(bytes: $0) }
    }

    /// Header and body, after the header was held against its leaf and the body against the header.
    /// - Throws: ``CatalogError/recordDamaged(number:reason:)`` when it is not what was recorded.
    func checked() throws(CatalogError) -> (header: RecordHeader, body: RecordBody) {
        func damaged(_ reason: String) -> CatalogError { .recordDamaged(number: number, reason: reason) }
        guard let leaf else { throw damaged("its leaf is missing from the tree") }
        guard MerkleTree.leafHash(header) == leaf else { throw damaged("its header was edited") }
        do {
            let parsed = try RecordForm.header(header)
            guard parsed.number == number else { throw damaged("its header says that it is record \(parsed.number)") }
            if let finding = Self.bodyFinding(parsed, salt: salt, body: body) { throw damaged(finding) }
            guard let kind = RecordKind(rawValue: parsed.kind), let body else {
                throw damaged("this version does not know its kind, \(parsed.kind)")
            }
            return (parsed, try RecordForm.body(body, kind: kind))
        } catch let error as CatalogError {
            throw error
        } catch {
            throw damaged("\(error)")
        }
    }

    /// What is wrong with a record's body, `nil` when it is the one that its header commits to.
    static func bodyFinding(_ header: RecordHeader, salt: [UInt8]?, body: [UInt8]?) -> String? {
        guard let commitment = header.bodyCommitment else { return "its header names no body" }
        guard let salt, let body else { return "its body is missing" }
        guard RecordForm.commitment(salt: salt, body: body) == commitment else { return "its body was edited" }
        return nil
    }
}
