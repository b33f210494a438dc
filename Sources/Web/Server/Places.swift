internal import Synchronization

/// How many of a kind may be at a time, in all and of one holder.
final class PlacePool: Sendable {
    private struct Taken {
        var all = 0
        var byHolder: [String: Int] = [:]
    }

    private let taken = Mutex(Taken())
    private let limit: Int
    private let limitPerHolder: Int

    /// - Parameter limitPerHolder: so that no one holder takes all.
    init(_ limit: Int, perHolder limitPerHolder: Int = .max) {
        self.limit = limit
        self.limitPerHolder = limitPerHolder
    }

    /// Takes a place; who finds none is told to come again.
    func take(for holder: String = "") throws(Problem) -> Place {
        let isThere = taken.withLock { taken in
            guard taken.all < limit, taken.byHolder[holder, default: 0] < limitPerHolder else { return false }
            taken.all += 1
            taken.byHolder[holder, default: 0] += 1
            return true
        }
        guard isThere else {
            throw Problem("busy", 503, "Too many requests at a time", "come again in a moment", fields: ["retry-after": "2"])
        }
        return Place(in: self, of: holder)
    }

    fileprivate func giveBack(_ holder: String) {
        taken.withLock { taken in
            taken.all -= 1
            let left = taken.byHolder[holder, default: 1] - 1
            taken.byHolder[holder] = left > 0 ? left : nil
        }
    }
}

/// A place that somebody holds. It is given back once: when it is left, or when nobody holds it any more, whatever way that came about.
final class Place: Sendable {
    private let pool: PlacePool
    private let holder: String
    private let isLeft = Atomic(false)

    fileprivate init(in pool: PlacePool, of holder: String) {
        self.pool = pool
        self.holder = holder
    }

    func leave() { if !isLeft.exchange(true, ordering: .relaxed) { pool.giveBack(holder) } }

    deinit { leave() }
}

/// The places that requests take while they come and are done. What comes slowly has pools of its own, so that it keeps nobody from asking.
struct Places: Sendable {
    /// Requests that are done: nothing is waited for but this machine.
    let work: PlacePool
    /// Bodies of JSON that still come, by the address of who sends them.
    let arriving: PlacePool
    /// Files that come in pieces, by account.
    let transfers: PlacePool
    /// Files that go in pieces, from when they are asked for until the last of them is taken, by account.
    let downloads: PlacePool

    init(_ limits: Limits) {
        work = PlacePool(limits.requests)
        arriving = PlacePool(limits.arrivingBodies, perHolder: limits.arrivingBodiesPerAddress)
        transfers = PlacePool(limits.transfers, perHolder: limits.transfersPerAccount)
        downloads = PlacePool(limits.downloads, perHolder: limits.downloadsPerAccount)
    }
}

/// Says one thing when nobody holds it any more: for what has to be done also where the code that does it is never come to.
final class LastWord: Sendable {
    private let say: @Sendable () -> Void

    init(_ say: @escaping @Sendable () -> Void) { self.say = say }

    deinit { say() }
}

/// A request among those that are being done, counted until it ends or nobody holds this any more.
final class ActiveRequest: Sendable {
    private let metrics: Metrics
    private let isOver = Atomic(false)

    init(_ metrics: Metrics) {
        self.metrics = metrics
        metrics.activeRequests.add(1, ordering: .relaxed)
    }

    /// Whether it was still going on.
    @discardableResult
    func end() -> Bool {
        guard !isOver.exchange(true, ordering: .relaxed) else { return false }
        metrics.activeRequests.subtract(1, ordering: .relaxed)
        return true
    }

    deinit { end() }
}
