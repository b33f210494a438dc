internal import Foundation
internal import Synchronization

/// What another thread works out meanwhile. Both threads block: nothing asynchronous waits for it.
final class Ahead<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, any Error>?>(nil)
    private let arrival = NSCondition()

    init(_ work: @escaping @Sendable () throws -> Value) {
        let thread = Thread { [self] in
            let result = Result { try work() }
            arrival.lock()
            outcome.withLock { $0 = result }
            arrival.broadcast()
            arrival.unlock()
        }
        thread.stackSize = 1 << 21
        thread.start()
    }

    /// What it came to, when it has.
    func value() throws -> Value {
        arrival.lock()
        defer { arrival.unlock() }
        while true {
            if let outcome = outcome.withLock({ $0 }) { return try outcome.get() }
            arrival.wait()
        }
    }
}
