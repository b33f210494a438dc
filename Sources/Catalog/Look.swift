internal import GRDB

/// What a thread looks at: the archive's database as it was at one moment.
private final class Look: @unchecked Sendable {
    // @unchecked because it is handed to nobody: the thread that takes the look is the only one that sees it, and only while it lasts.
    let pool: DatabasePool
    let db: Database

    init(_ pool: DatabasePool, _ db: Database) {
        self.pool = pool
        self.db = db
    }

    @TaskLocal static var taken: Look?
}

extension Catalog {
    /// Takes one look for all that `body` asks on this thread: every answer is of the same moment, and they cost one transaction together.
    /// What `body` writes is not seen by what it asks after it.
    public func oneLook<Value>(_ body: () throws -> Value) throws -> Value {
        if Look.taken?.pool === archive { return try body() }
        return try archive.read { db in try Look.$taken.withValue(Look(archive, db)) { try body() } }
    }

    /// Reads in the look that this thread takes, or in one of its own.
    func look<Value>(_ read: (Database) throws -> Value) throws -> Value {
        if let taken = Look.taken, taken.pool === archive { return try read(taken.db) }
        return try archive.read(read)
    }
}
