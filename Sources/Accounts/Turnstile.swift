internal import Foundation

/// Lets so many in at once and so many more wait for their turn; who comes then is turned away.
final class Turnstile: @unchecked Sendable {
    // @unchecked because `condition` guards every access to the two counts.
    private let condition = NSCondition()
    private let width: Int
    private let queue: Int
    private var inside = 0
    private var waiting = 0

    init(width: Int, queue: Int) {
        self.width = width
        self.queue = queue
    }

    /// How many wait, for tests.
    var waitingNow: Int {
        condition.lock()
        defer { condition.unlock() }
        return waiting
    }

    /// Runs `body` when there is room; `nil` at once where too many wait already.
    func pass<Value>(_ body: () throws -> Value) rethrows -> Value? {
        condition.lock()
        guard inside < width || waiting < queue else {
            condition.unlock()
            return nil
        }
        waiting += 1
        while inside >= width { condition.wait() }
        waiting -= 1
        inside += 1
        condition.unlock()
        defer {
            condition.lock()
            inside -= 1
            condition.signal()
            condition.unlock()
        }
        return try body()
    }
}
