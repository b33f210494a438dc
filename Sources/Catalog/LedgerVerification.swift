internal import Evidence
internal import Foundation
internal import GRDB
internal import Ledger

/// Something in the ledger is not what was recorded.
public struct LedgerFinding: Sendable, Equatable, CustomStringConvertible {
    /// The number of the record or of the access log's entry.
    public let number: Int
    public let isAccessLog: Bool
    public let reason: String

    public var description: String { "\(isAccessLog ? "access log entry" : "record") \(number): \(reason)" }
}

extension Catalog {
    /// Reads the whole ledger and the access log: every header against its leaf, every body against its header, every
    /// stored node against the leaves.
    ///
    /// - Parameters:
    ///   - keys: those that the archive signs and has signed with: the roots are held against every checkpoint. None where nothing was
    ///     signed.
    ///   - report: called for each finding, in order.
    /// - Throws: ``CatalogError`` only when it could not look.
    public func verifyLedger(
        keys: [LedgerKey], report: (LedgerFinding) -> Void, progress: (_ done: Int, _ total: Int) -> Void
    ) throws(CatalogError) {
        let again = try perform("read the newest checkpoints") {
            try service.read { db in try Row.fetchAll(db, sql: "SELECT tree, note FROM newest_checkpoint") }
        }
        try perform("verify the ledger") {
            // One read transaction, so that an append in between is not taken for a finding.
            try archive.read { db in
                let total = try Tree.records.size(db) + Tree.access.size(db)
                var done = 0
                let redactions = try Views.redactions(db)
                for tree in [Tree.records, .access] {
                    let notes = try String.fetchAll(
                        db, sql: "SELECT note FROM checkpoint WHERE tree = ? ORDER BY epoch, size", arguments: [tree.log.rawValue])
                    let signed = SignedRoots(
                        notes + again.filter { $0["tree"] == tree.log.rawValue }.map { $0["note"] }, of: tree.log, keys: keys)
                    try verify(tree, db, signed, redactions, report: report) {
                        done += 1
                        if done % 1000 == 0 { progress(done, total) }
                    }
                }
                progress(total, total)
            }
        }
    }

    private func verify(
        _ tree: Tree, _ db: Database, _ signed: SignedRoots, _ redactions: [Int: [UInt8]], report: (LedgerFinding) -> Void,
        step: () -> Void
    ) throws {
        var signed = signed
        var isSound = true
        func found(_ number: Int, _ reason: String) {
            isSound = false
            report(LedgerFinding(number: number, isAccessLog: tree == .access, reason: reason))
        }
        let rows = try Row.fetchCursor(db, sql: "SELECT number, \(tree.source) ORDER BY number")
        var nodes = StoredNodes(tree: tree, db: db)
        let views = tree == .records ? try ViewCheck() : nil
        var edge = MerkleTree.Edge()
        for reason in signed.unreadable { found(0, reason) }
        // A tree that has no leaf yet is signed as well.
        if let reason = signed.reason(at: edge) { found(reason.first, reason.text) }
        if tree == .access, try !skipDropped(&edge, &nodes, &signed, db, found: found) { return }
        while let row = try rows.next() {
            let number: Int = row["number"]
            if number != Int(edge.size) {
                if number > Int(edge.size) {
                    Self.missing(Int(edge.size)..<number, found)
                } else {
                    found(number, "its number is out of order")
                }
                // Without the missing leaves no later node can be computed, so what follows is looked at alone.
                edge = MerkleTree.Edge()
                try verifyAlone(tree, after: number - 1, db, found: found)
                return
            }
            let header = Array(row["header"] as Data)
            let leaf = MerkleTree.leafHash(header)
            let storedLeaf = try nodes.next(at: MerkleTree.Position(level: 0, index: UInt64(number)))
            if storedLeaf == leaf {
                switch Self.look(tree, number: number, header: header, row: row, redaction: redactions[number]) {
                case .failure(let finding): found(number, finding.reason)
                case .success(let header):
                    let body = (row["body"] as Data?).map(Array.init) ?? redactions[number] ?? []
                    if let views, let reason = try views.fold(header, body: body) { found(number, reason) }
                }
            } else {
                found(number, storedLeaf == nil ? "its leaf is missing from the tree" : "its header was edited")
            }
            // Goes on from the stored leaf, so that one edited header is one finding and not one for each node above.
            try edge.append(storedLeaf ?? leaf) { position, hash in
                if position.level > 0, try nodes.next(at: position) != hash {
                    found(number, "node \(position.level)/\(position.index) of the tree is not the hash of what is below it")
                }
            }
            if let reason = signed.reason(at: edge) { found(reason.first, reason.text) }
            step()
        }
        if let reason = signed.reason(atEnd: edge) { found(reason.first, reason.text) }
        let stored = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(tree.nodes) WHERE level = 0") ?? 0
        if stored > Int(edge.size) { found(Int(edge.size), "it is missing, its leaf is in the tree") }
        let nodeCount = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(tree.nodes)") ?? 0
        let expected = 2 * Int(edge.size) - edge.size.nonzeroBitCount
        if stored == Int(edge.size), nodeCount > expected {
            found(max(0, Int(edge.size) - 1), "the tree has \(nodeCount - expected) nodes too many")
        }
        if tree == .records {
            for number in try Int.fetchAll(
                db, sql: "SELECT number FROM record_body WHERE number NOT IN (SELECT number FROM record) LIMIT 100")
            {
                found(number, "it is missing, its body is there")
            }
        }
        // What a damaged record said is not known, so there is nothing to hold the views against.
        if let views, isSound, edge.size > 0 { try views.compare(with: db, found: found) }
        if tree == .access, isSound { try compareAccessSubjects(db, found: found) }
        if tree == .records, edge.size == 0 { found(0, "it is missing: the ledger is empty") }
        let committed = tree == .records ? recordTree : accessTree
        if committed.size == Int(edge.size), committed.root != edge.root, stored == Int(edge.size) {
            found(max(0, Int(edge.size) - 1), "the root of the tree is not the one that the archive was opened with")
        }
    }

    /// Goes on from the leaves of entries that were dropped when their time was over, as records say. False where what follows cannot
    /// be computed.
    private func skipDropped(
        _ edge: inout MerkleTree.Edge, _ nodes: inout StoredNodes, _ signed: inout SignedRoots, _ db: Database, found: (Int, String) -> Void
    ) throws -> Bool {
        let dropped = try db.first("SELECT max(access_before) AS dropped FROM milestone").flatMap { $0["dropped"] as Int? } ?? 0
        for number in 0..<dropped {
            guard let leaf = try nodes.next(at: MerkleTree.Position(level: 0, index: UInt64(number))) else {
                found(number, "its leaf is missing from the tree")
                return false
            }
            try edge.append(leaf) { position, hash in
                if position.level > 0, try nodes.next(at: position) != hash {
                    found(number, "node \(position.level)/\(position.index) of the tree is not the hash of what is below it")
                }
            }
            if let reason = signed.reason(at: edge) { found(reason.first, reason.text) }
        }
        return true
    }

    /// What the view of the access log does not show as the entries say it.
    private func compareAccessSubjects(_ db: Database, found: (Int, String) -> Void) throws {
        let said = """
            SELECT DISTINCT value AS subject, number FROM access, json_each(access.header, '$.subjects')
            """
        let shown = "SELECT subject, number FROM access_subject"
        for (one, other, reason) in [
            (said, shown, "the views do not show what it says; run minhchung rebuild"), (shown, said, "the views show what it does not say"),
        ] {
            let wrong = try Row.fetchOne(db, sql: "SELECT number FROM (\(one) EXCEPT \(other)) ORDER BY number LIMIT 1")
            if let wrong { found(wrong["number"], reason) }
        }
    }

    private func verifyAlone(
        _ tree: Tree, after number: Int, _ db: Database, found: (Int, String) -> Void
    ) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT number, hash, \(tree.source) LEFT JOIN \(tree.nodes) ON level = 0 AND position = number
                WHERE number > ? ORDER BY number
                """, arguments: [number])
        var expected = number + 1
        while let row = try rows.next() {
            let header = Array(row["header"] as Data)
            let number: Int = row["number"]
            Self.missing(expected..<max(expected, number), found)
            expected = number + 1
            let leaf = (row["hash"] as Data?).flatMap { Digest(bytes: Array($0)) }
            if leaf != MerkleTree.leafHash(header) {
                found(number, leaf == nil ? "its leaf is missing from the tree" : "its header was edited")
            } else if case .failure(let finding) = Self.look(
                tree, number: number, header: header, row: row, redaction: (row["redacted"] as Data?).map(Array.init))
            {
                found(number, finding.reason)
            }
        }
    }

    /// Names what is missing, a hundred at most one by one.
    private static func missing(_ numbers: Range<Int>, _ found: (Int, String) -> Void) {
        for number in numbers.prefix(100) { found(number, "it is missing") }
        if numbers.count > 100 { found(numbers.lowerBound + 100, "it is missing, and all up to \(numbers.upperBound - 1)") }
    }

    private struct Wrong: Error {
        let reason: String
    }

    /// The header of a leaf, or what is wrong with it or with its body.
    private static func look(
        _ tree: Tree, number: Int, header: [UInt8], row: Row, redaction: [UInt8]?
    ) -> Result<RecordHeader, Wrong> {
        let parsed: RecordHeader
        do { parsed = try RecordForm.header(header) } catch { return .failure(Wrong(reason: "its header is not readable: \(error)")) }
        let reason: String? =
            if parsed.number != number {
                "its header says that it is number \(parsed.number)"
            } else if tree == .access {
                parsed.bodyCommitment == nil ? nil : "its header names a body"
            } else {
                StoredRecord.bodyFinding(
                    parsed, salt: (row["salt"] as Data?).map(Array.init), body: (row["body"] as Data?).map(Array.init), redacted: redaction)
            }
        return reason.map { .failure(Wrong(reason: $0)) } ?? .success(parsed)
    }
}

/// Reads the stored nodes of a tree level by level in the order in which appending computes them: one cursor a level
/// instead of a query a node.
private struct StoredNodes {
    let tree: Tree
    let db: Database
    private var cursors: [RowCursor] = []
    private var ahead: [Row?] = []

    init(tree: Tree, db: Database) {
        self.tree = tree
        self.db = db
    }

    /// The stored hash at `position`; positions of a level are asked for in ascending order.
    mutating func next(at position: MerkleTree.Position) throws -> Digest? {
        while cursors.count <= position.level {
            let cursor = try Row.fetchCursor(
                db, sql: "SELECT position, hash FROM \(tree.nodes) WHERE level = ? ORDER BY position",
                arguments: [cursors.count])
            ahead.append(try cursor.next()?.copy())
            cursors.append(cursor)
        }
        while let row = ahead[position.level] {
            let found = UInt64(row["position"] as Int64)
            if found > position.index { return nil }
            ahead[position.level] = try cursors[position.level].next()?.copy()
            if found == position.index { return Digest(bytes: Array(row["hash"] as Data)) }
        }
        return nil
    }
}

/// The roots of a tree that the archive has signed, held against the tree as it is computed.
private struct SignedRoots {
    /// By size, ascending.
    private var ahead: [Checkpoint]
    /// Leaves that a signed root covers, and that are those that were signed.
    private var covered = 0
    private var isWrong = false
    private(set) var unreadable: [String] = []

    init(_ notes: [String], of tree: LogTree, keys: [LedgerKey]) {
        var checkpoints: Set<Checkpoint> = []
        for note in notes {
            do {
                let signed = try SignedCheckpoint(parsing: Array(note.utf8))
                guard LedgerKey.haveSigned(signed, keys) else { throw NoteError.unsigned(trusted: keys.map(\.verifier.text)) }
                guard signed.checkpoint.origin.tree == tree else {
                    unreadable.append("a checkpoint of the tree is not what the archive signed: it is of the other tree")
                    continue
                }
                checkpoints.insert(signed.checkpoint)
            } catch {
                unreadable.append("a checkpoint of the tree is not what the archive signed: \(error)")
            }
        }
        ahead = checkpoints.sorted { ($0.size, $0.origin.epoch) < ($1.size, $1.origin.epoch) }
        if notes.isEmpty, !keys.isEmpty { unreadable.append("no checkpoint of the tree is left: the archive signs one when it is made") }
    }

    /// What the signed roots of trees of this size say against it. Only the first is told: all later ones follow from it.
    mutating func reason(at edge: MerkleTree.Edge) -> (first: Int, text: String)? {
        while let next = ahead.first, next.size <= Int(edge.size) {
            ahead.removeFirst()
            guard !isWrong, next.size == Int(edge.size) else { continue }
            if next.root == edge.root {
                covered = next.size
            } else {
                isWrong = true
                let range = next.size - covered <= 1 ? "it is" : "it or one of those up to \(next.size - 1) is"
                return (covered, "\(range) not what the archive signed: the root over the first \(next.size) is another")
            }
        }
        return nil
    }

    /// What is signed beyond the end of the tree.
    func reason(atEnd edge: MerkleTree.Edge) -> (first: Int, text: String)? {
        guard !isWrong, let beyond = ahead.last else { return nil }
        return (Int(edge.size), "it is missing, and all up to \(beyond.size - 1): the archive has signed a tree of \(beyond.size)")
    }
}
