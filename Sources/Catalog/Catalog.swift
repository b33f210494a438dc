public import Evidence
internal import Foundation
internal import GRDB
internal import Ledger
internal import Synchronization

/// The databases of an archive: its ledger, the views folded from it, operational state, and the search index.
///
/// Everything here blocks; callers keep it off the cooperative thread pool. Several threads may call it at once: writes
/// follow one another, reads see the last commit.
public final class Catalog: Sendable {
    let folder: String
    let archive: DatabasePool
    let service: DatabasePool
    /// Another one each time that the databases are opened.
    let opening = UInt64.random(in: 0...UInt64.max)
    private let signInChanges = Atomic(0)
    /// Each tree's right edge, as committed.
    struct Edges {
        var records: MerkleTree.Edge
        var access: MerkleTree.Edge
    }

    /// Where records and the access log are written.
    private let ledger: GroupCommit<Edges>
    /// Where operational state is written that many write at once.
    let operations: GroupCommit<Void>
    /// Why nothing can be appended: nodes of a right edge are missing. What is there can still be verified.
    public let damage: CatalogError?

    /// Opens the databases in `folder`.
    /// - Parameters:
    ///   - creates: whether the ledger is to be made; otherwise it has to be there.
    ///   - grew: called after each commit that made a tree larger, by the thread that committed.
    ///   - makeRoom: called where a commit finds the disk full; when it answers true, the commit is tried once more.
    /// - Throws: ``CatalogError``, also when a database would not keep what it confirms.
    public init(
        in folder: String, creates: Bool = false, grew: @escaping @Sendable () -> Void = {},
        makeRoom: @escaping @Sendable () -> Bool = { false }
    ) throws(CatalogError) {
        self.folder = folder
        archive = try DatabaseFile.archive.open(in: folder, creates: creates)
        service = try DatabaseFile.service.open(in: folder)
        let pool = archive
        let (records, access) = try perform("read the ledger") {
            try pool.read { db in (try Self.edge(of: .records, db), try Self.edge(of: .access, db)) }
        }
        ledger = GroupCommit(
            archive, state: Edges(records: records.edge, access: access.edge), makeRoom: makeRoom, committed: grew)
        operations = GroupCommit(service, state: (), makeRoom: makeRoom)
        var damage = records.damage ?? access.damage
        if damage == nil {
            let (archive, service) = (self.archive, self.service)
            damage = try perform("compare the ledger with what was signed") { try Self.setback(in: archive, service) }
        }
        self.damage = damage
    }

    /// The edge of the stored nodes or, where they are damaged, of the headers.
    private static func edge(of tree: Tree, _ db: Database) throws -> (edge: MerkleTree.Edge, damage: CatalogError?) {
        do {
            return (try MerkleTree.Edge(size: UInt64(try tree.size(db))) { try tree.node($0, db) }, nil)
        } catch let damage as CatalogError {
            var edge = MerkleTree.Edge()
            let rows = try Row.fetchCursor(db, sql: "SELECT \(tree.source) ORDER BY number")
            while let row = try rows.next() {
                edge.append(MerkleTree.leafHash(row["header"] as Data)) { _, _ in }
            }
            return (edge, damage)
        }
    }

    /// Checkpoints and closes the databases.
    public func close() throws(CatalogError) {
        try perform("close the catalog") {
            try archive.checkpointAndClose()
            try service.checkpointAndClose()
        }
    }

    /// How durable a commit of each database is, as SQLite answers on the connection that writes: 2 is FULL.
    package func synchronous() throws(CatalogError) -> (archive: Int, service: Int) {
        try perform("ask how durable commits are") {
            (try DatabaseFile.synchronous(of: archive), try DatabaseFile.synchronous(of: service))
        }
    }

    /// The queries that `reads` sends to the archive's database, or to that of operational state, from one thread, each once: so that
    /// their plans can be tested.
    package func statementsRead(ofService: Bool = false, during reads: () throws -> Void) throws -> [String] {
        try statements(["SELECT"], to: ofService ? service : archive, during: reads)
    }

    /// The same of the database of operational state, with what is changed there.
    package func serviceStatements(during acts: () throws -> Void) throws -> [String] {
        try statements(["SELECT", "UPDATE", "DELETE"], to: service, during: acts)
    }

    private func statements(_ verbs: [String], to pool: DatabasePool, during body: () throws -> Void) throws -> [String] {
        let statements = Mutex<[String]>([])
        let trace = { (db: Database) in
            db.trace { event in
                guard case .statement(let statement) = event, verbs.contains(where: { statement.sql.hasPrefix($0) }) else { return }
                statements.withLock { if !$0.contains(statement.sql) { $0.append(statement.sql) } }
            }
        }
        // Reads that follow one another take the same connection of the pool.
        try pool.read(trace)
        pool.writeWithoutTransaction(trace)
        try body()
        try pool.read { db in db.trace() }
        pool.writeWithoutTransaction { db in db.trace() }
        return statements.withLock { $0 }
    }

    // MARK: Who is signed in

    /// Differs as soon as a change of tokens, sessions or accounts is told to whoever made it: what was known of them at an equal mark still
    /// holds.
    public struct SignInMark: Sendable, Hashable {
        let records: Int
        let changes: Int
    }

    public var signInMark: SignInMark { SignInMark(records: recordTree.size, changes: signInChanges.load(ordering: .sequentiallyConsistent)) }

    /// Writes what may end or begin a session or a token. Nothing else writes their tables, and what is written of their use.
    func changeSignIns<Value>(_ write: (Database) throws -> Value) throws -> Value {
        // Counted by hand: SQLite tells its observers nothing of tables that have no rowid, as these.
        defer { signInChanges.add(1, ordering: .sequentiallyConsistent) }
        return try service.write(write)
    }

    // MARK: Appending

    /// A record that is about to be appended.
    public struct Draft: Sendable {
        public let body: RecordBody
        /// Opaque identifiers of what it is about.
        public let subjects: [String]

        public init(_ body: RecordBody, subjects: [String]) {
            self.body = body
            self.subjects = subjects
        }
    }

    /// Appends records, their bodies, Merkle nodes and views in one durable transaction: when it returns, all of them
    /// survive power loss; when it throws, none is there.
    ///
    /// - Parameter pieceLists: the lists of new objects of more than one piece.
    /// - Returns: the numbers of the records, in the order given.
    @discardableResult
    public func append(
        _ drafts: [Draft], by actor: Actor, at time: Timestamp, pieceLists: [Digest: [Digest]] = [:]
    ) throws(CatalogError) -> Range<Int> {
        try append(drafts, by: actor, at: time) { db in try Self.store(pieceLists, db) }
    }

    /// Appends records as ``append(_:by:at:pieceLists:)`` does, and does `more` in the same transaction, before them.
    func append(
        _ drafts: [Draft], by actor: Actor, at time: Timestamp, with more: @escaping @Sendable (Database) throws -> Void
    ) throws(CatalogError) -> Range<Int> {
        if let damage { throw damage }
        return try perform("record") {
            try ledger.commit { db, edges in
                try more(db)
                return try Self.append(drafts, by: actor, at: time, to: &edges.records, db)
            }
        }
    }

    /// What one person records at once: all of it or nothing.
    public struct Act: Sendable {
        public let drafts: [Draft]
        public let actor: Actor
        public let time: Timestamp
        /// The lists of new objects of more than one piece.
        public let pieceLists: [Digest: [Digest]]

        public init(_ drafts: [Draft], by actor: Actor, at time: Timestamp, pieceLists: [Digest: [Digest]] = [:]) {
            self.drafts = drafts
            self.actor = actor
            self.time = time
            self.pieceLists = pieceLists
        }
    }

    /// Appends what several people record, as ``append(_:by:at:pieceLists:)`` does, with one sync. An act that fails fails no other.
    public func append(each acts: [Act]) -> [Result<Range<Int>, CatalogError>] {
        if let damage { return acts.map { _ in .failure(damage) } }
        return ledger.commit(
            each: acts.map { act in
                { db, edges in
                    try Self.store(act.pieceLists, db)
                    return try Self.append(act.drafts, by: act.actor, at: act.time, to: &edges.records, db)
                }
            }
        ).map { result in Result { () throws(CatalogError) in try perform("record") { try result.get() } } }
    }

    private static func store(_ pieceLists: [Digest: [Digest]], _ db: Database) throws {
        for (object, pieces) in pieceLists where pieces.count > 1 {
            try db.run("INSERT OR REPLACE INTO piece_list (object, pieces) VALUES (?, ?)", [object.hex, Data(pieces.flatMap(\.bytes))])
        }
    }

    private static func append(
        _ drafts: [Draft], by actor: Actor, at time: Timestamp, to edge: inout MerkleTree.Edge, _ db: Database
    ) throws -> Range<Int> {
        let first = Int(edge.size)
        for draft in drafts {
            let number = Int(edge.size)
            let body = RecordForm.bodyBytes(draft.body)
            let salt = randomSalt()
            let header = RecordHeader(
                number: number, time: time, kind: draft.body.kind.rawValue, actor: actor, subjects: draft.subjects,
                bodyCommitment: RecordForm.commitment(salt: salt, body: body))
            try Tree.records.append(RecordForm.headerBytes(header), number: number, to: &edge, db)
            try db.run(
                "INSERT INTO record_body (number, salt, body) VALUES (?, ?, ?)",
                [number, Data(salt), String(decoding: body, as: UTF8.self)])
            try Views.fold(header, draft.body, db)
        }
        return first..<Int(edge.size)
    }

    /// Appends an entry to the access log, durably: only when it returns may what it names be shown.
    ///
    /// - Parameter count: how often it is shown: so many entries, all or none.
    public func appendAccess(
        _ kind: AccessKind, to subjects: [String], by actor: Actor, at time: Timestamp, times count: Int = 1
    ) throws(CatalogError) {
        if let damage { throw damage }
        try perform("write the access log") {
            try ledger.commit { db, edges in
                for _ in 0..<count {
                    let header = RecordHeader(
                        number: Int(edges.access.size), time: time, kind: kind.rawValue, actor: actor, subjects: subjects, bodyCommitment: nil)
                    try Tree.access.append(RecordForm.headerBytes(header), number: header.number, to: &edges.access, db)
                    for subject in Set(subjects) {
                        try db.run("INSERT INTO access_subject (subject, number) VALUES (?, ?)", [subject, header.number])
                    }
                }
            }
        }
    }

    private static func randomSalt() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<RecordForm.saltSize / 8).flatMap { _ in
            withUnsafeBytes(of: generator.next() as UInt64) { Array($0) }
        }
    }

    // MARK: Reading the ledger

    /// The size and root of the tree of records.
    public var recordTree: (size: Int, root: Digest) {
        let edge = ledger.committedState.records
        return (Int(edge.size), edge.root)
    }

    /// The size and root of the tree of the access log.
    public var accessTree: (size: Int, root: Digest) {
        let edge = ledger.committedState.access
        return (Int(edge.size), edge.root)
    }

    /// A record, after its header was held against its leaf and its body against its header.
    /// - Throws: ``CatalogError/recordDamaged(number:reason:)`` when it is not what was recorded.
    public func record(_ number: Int) throws(CatalogError) -> (header: RecordHeader, body: RecordBody) {
        try perform("read record \(number)") { try look { db in try StoredRecord.read(number, db) } }.checked()
    }

    /// Whether a record is what was recorded.
    public func isReadable(record number: Int) -> Bool {
        (try? record(number)) != nil  // because that is the question
    }

    /// Calls `body` with every record about `subject`, oldest first, each checked as ``record(_:)`` does.
    public func records(about subject: String) throws(CatalogError) -> [(header: RecordHeader, body: RecordBody)] {
        let numbers = try perform("read the records about \(subject)") {
            try look { db in
                try Int.fetchAll(
                    db, sql: "SELECT number FROM record_subject WHERE subject = ? ORDER BY number", arguments: [subject])
            }
        }
        return try numbers.map { number throws(CatalogError) in try record(number) }
    }

    /// Runs `body` with the number of records while none can be appended.
    func whileNothingIsAppended(_ body: (_ size: Int) throws(CatalogError) -> Void) throws(CatalogError) {
        try ledger.whileNothingIsCommitted { (edges) throws(CatalogError) in try body(Int(edges.records.size)) }
    }
}
