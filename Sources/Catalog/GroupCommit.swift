internal import Foundation
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
    private let turn = Turn<Entry>()
    /// As it was committed last; changed by whoever has the turn.
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
        // Whoever had the turn may have taken these along: all of them or none, as they were added at once.
        let group = turn.take(adding: entries) { entries.last?.outcome.withLock { $0 != nil } ?? true }
        if let group {
            defer { turn.pass() }
            commit(group)
        }
        return entries.indices.map { index in
            // Proof for both `!`: whoever had the turn gave each entry of its group an outcome, after the write of one that succeeded.
            entries[index].outcome.withLock { $0 }!.map { values.withLock { $0[index] }! }
        }
    }

    /// What was committed last. It waits for no commit that goes on.
    var committedState: State { state.withLock { $0 } }

    /// Runs `body` while nothing is committed.
    func whileNothingIsCommitted<Value, Failure: Error>(_ body: (State) throws(Failure) -> Value) throws(Failure) -> Value {
        turn.take()
        defer { turn.pass() }
        return try body(committedState)
    }

    private func commit(_ group: [Entry]) {
        do {
            try transact(group)
            for entry in group { entry.outcome.withLock { $0 = .success(()) } }
            committed()
        } catch {
            // Each apart then, so that what one cannot do fails no other; but not after a sync that failed.
            guard group.count > 1, !hasStopped.withLock({ $0 }) else {
                for entry in group { entry.outcome.withLock { $0 = .failure(error) } }
                return
            }
            for entry in group { commit([entry]) }
        }
    }

    private func transact(_ group: [Entry]) throws {
        guard !hasStopped.withLock({ $0 }) else { throw CatalogError.stopped }
        let before = committedState
        func transact() throws {
            let after = try pool.write { db in
                var after = before
                for entry in group { try entry.write(db, &after) }
                return after
            }
            state.withLock { $0 = after }
        }
        do {
            do {
                try transact()
            } catch let error as DatabaseError where error.isDiskFull && makeRoom() {
                try transact()
            }
        } catch let error as DatabaseError where error.isFailedSync {
            // Another try could report a success that is none.
            hasStopped.withLock { $0 = true }
            throw error
        }
    }
}

/// Whose turn it is, and what waits for the next one.
///
/// Not one mutex that is held for the length of a commit: what was taken along would wait for it again behind a next commit that it has
/// no part in.
private final class Turn<Entry>: @unchecked Sendable {
    // @unchecked because `condition` guards every access to the two variables.
    private let condition = NSCondition()
    private var waiting: [Entry] = []
    private var isTaken = false

    /// Adds entries, and waits for the turn or until `isDone`.
    ///
    /// - Returns: all entries that wait, where it is this caller's turn; it then has to ``pass()`` it on. `nil` where it is done.
    func take(adding entries: [Entry], unless isDone: () -> Bool) -> [Entry]? {
        condition.lock()
        defer { condition.unlock() }
        waiting += entries
        while !isDone() {
            guard isTaken else {
                isTaken = true
                defer { waiting = [] }
                return waiting
            }
            condition.wait()
        }
        return nil
    }

    /// Waits for the turn, and leaves what waits where it is.
    func take() {
        condition.lock()
        defer { condition.unlock() }
        while isTaken { condition.wait() }
        isTaken = true
    }

    func pass() {
        condition.lock()
        isTaken = false
        condition.broadcast()
        condition.unlock()
    }
}

extension DatabaseError {
    /// Whether the disk, or the room for the index of the write-ahead log on it, was full.
    var isDiskFull: Bool { resultCode == .SQLITE_FULL || extendedResultCode == .SQLITE_IOERR_SHMSIZE }

    var isFailedSync: Bool { [.SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC].contains(extendedResultCode) }
}
