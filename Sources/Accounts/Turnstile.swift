internal import Dispatch
internal import Synchronization

/// Lets so many in at once and so many more wait for their turn; who comes then is turned away.
final class Turnstile: Sendable {
    private let room: DispatchSemaphore
    private let limit: Int
    private let present = Mutex(0)

    init(width: Int, queue: Int) {
        room = DispatchSemaphore(value: width)
        limit = width + queue
    }

    /// How many are in or wait, for tests.
    var presentNow: Int { present.withLock { $0 } }

    /// Runs `body` when there is room; `nil` at once where too many wait already.
    func pass<Value>(_ body: () throws -> Value) rethrows -> Value? {
        let mayWait = present.withLock { present in
            guard present < limit else { return false }
            present += 1
            return true
        }
        guard mayWait else { return nil }
        room.wait()
        defer {
            room.signal()
            present.withLock { $0 -= 1 }
        }
        return try body()
    }
}
