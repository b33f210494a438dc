internal import GRDB
internal import Synchronization

/// Commits what threads want to write into one database: those that wait while a commit goes on share the next one, and its sync.
///
/// `State` is what memory has of the database; it changes only with a commit.
final class GroupCommit<State: Sendable>: Sendable {
    /// What one caller writes. It may be run again, so it changes nothing but the database and the state that it is given.
    typealias Write<Value> = @Sendable (Database, inout State) throws -> Value

    private final class Entry: Sendable {
        let write: Write<Void>
        let outcome = Mutex<Result<Void, any Error>?>(nil)

        init(_ write: @escaping Write<Void>) { self.write = write }
    }

    private let pool: DatabasePool
    /// Makes room on a disk that is full; false where it cannot.
    private let makeRoom: @Sendable () -> Bool
    private let committed: @Sendable () -> Void
    private let waiting = Mutex<[Entry]>([])
    /// Held by whoever commits.
    private let state: Mutex<State>
    private let hasStopped = Mutex(false)

    /// - Parameter committed: called after each commit, by the thread that committed.
    init(
        _ pool: DatabasePool, state: State, makeRoom: @escaping @Sendable () -> Bool = { false },
        committed: @escaping @Sendable () -> Void = {}
    ) {
        self.pool = pool
        self.state = Mutex(state)
        self.makeRoom = makeRoom
        self.committed = committed
    }

    /// Writes durably: when it returns, what was written survives power loss; when it throws, none of it is there.
    func commit<Value: Sendable>(_ write: @escaping Write<Value>) throws -> Value {
        // Proof for the index: one write has one result.
        try commit(each: [write])[0].get()
    }

    /// Writes durably and, unless others fail, in one transaction. A write that fails leaves nothing behind and fails no other.
    func commit<Value: Sendable>(each writes: [Write<Value>]) -> [Result<Value, any Error>] {
        let values = Mutex<[Value?]>(Array(repeating: nil, count: writes.count))
        let entries = writes.enumerated().map { index, write in
            Entry { db, state in
                let value = try write(db, &state)
                values.withLock { $0[index] = value }
            }
        }
        waiting.withLock { $0 += entries }
        state.withLock { state in
            // Whoever had the lock before may have taken these along: all of them or none, as they were added at once.
            guard let last = entries.last, last.outcome.withLock({ $0 == nil }) else { return }
            let group = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            commit(group, &state)
        }
        return entries.indices.map { index in
            // Proof for both `!`: whoever held the lock gave each entry of its group an outcome, after the write of one that succeeded.
            entries[index].outcome.withLock { $0 }!.map { values.withLock { $0[index] }! }
        }
    }

    /// Runs `body` while nothing is committed.
    func whileNothingIsCommitted<Value, Failure: Error>(_ body: (State) throws(Failure) -> Value) throws(Failure) -> Value {
        try state.withLock { (state) throws(Failure) in try body(state) }
    }

    private func commit(_ group: [Entry], _ state: inout State) {
        do {
            try transact(group, &state)
            for entry in group { entry.outcome.withLock { $0 = .success(()) } }
            committed()
        } catch {
            // Each apart then, so that what one cannot do fails no other; but not after a sync that failed.
            guard group.count > 1, !hasStopped.withLock({ $0 }) else {
                for entry in group { entry.outcome.withLock { $0 = .failure(error) } }
                return
            }
            for entry in group { commit([entry], &state) }
        }
    }

    private func transact(_ group: [Entry], _ state: inout State) throws {
        guard !hasStopped.withLock({ $0 }) else { throw CatalogError.stopped }
        let before = state
        func transact() throws -> State {
            try pool.write { db in
                var after = before
                for entry in group { try entry.write(db, &after) }
                return after
            }
        }
        do {
            do {
                state = try transact()
            } catch let error as DatabaseError where error.isDiskFull && makeRoom() {
                state = try transact()
            }
        } catch let error as DatabaseError where error.isFailedSync {
            // Another try could report a success that is none.
            hasStopped.withLock { $0 = true }
            throw error
        }
    }
}

extension DatabaseError {
    /// Whether the disk, or the room for the index of the write-ahead log on it, was full.
    var isDiskFull: Bool { resultCode == .SQLITE_FULL || extendedResultCode == .SQLITE_IOERR_SHMSIZE }

    var isFailedSync: Bool { [.SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC].contains(extendedResultCode) }
}
