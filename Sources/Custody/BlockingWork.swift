internal import Dispatch
internal import Foundation

/// The one place where blocking work — files, SQLite, worker processes — leaves the cooperative thread pool.
///
/// Vault, Catalog and Extraction are synchronous and block; `Archive` is asynchronous. Between them stands ``run(_:)``.
struct BlockingWork: Sendable {
    private let queue = DispatchQueue(label: "minhchung.blocking", attributes: .concurrent)

    /// Runs `body` on a thread that may block.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Runs `body` on a thread of its own: for what waits long for another process. The queue has few threads, and lends others only after
    /// a while.
    static func alone<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.stackSize = 1 << 21
            thread.start()
        }
    }

    /// How many threads divide work that keeps a processor busy.
    static let laneCount = max(2, min(ProcessInfo.processInfo.activeProcessorCount, 8))

    /// Runs the closures at the same time, each on a thread of its own, and waits for all; then throws the first error
    /// in their order, if any. Threads, not a queue: they wait for one another, and a queue may not run them all.
    static func together(_ bodies: [@Sendable () throws -> Void]) throws {
        let group = DispatchGroup()
        let errors = Channel<(Int, any Error)>(capacity: max(1, bodies.count))
        for (index, body) in bodies.enumerated() {
            group.enter()
            let thread = Thread {
                do { try body() } catch { errors.put((index, error)) }
                group.leave()
            }
            thread.stackSize = 1 << 21
            thread.start()
        }
        group.wait()
        errors.close()
        var failures: [(Int, any Error)] = []
        while let next = errors.take() { failures.append(next) }
        if let first = failures.min(by: { $0.0 < $1.0 }) { throw first.1 }
    }

    /// Runs `other` on a thread of its own while `body` runs; returns when both have ended.
    ///
    /// - Parameter body: gets a function that waits for what `other` came to, or throws what it threw; to be called once. An error of
    ///   `other` that nobody asks for is dropped.
    static func meanwhile<Other: Sendable, Value>(
        _ other: @escaping @Sendable () throws -> Other, _ body: (_ other: @escaping () throws -> Other) throws -> Value
    ) throws -> Value {
        try ahead(capacity: 1) { put in
            _ = put(try other())
        } consume: { next in
            try body {
                // Because `other` puts one value or throws, a second question has no answer, and waiting for one would be worse.
                guard let value = try next() else { preconditionFailure("it is asked for once") }
                return value
            }
        }
    }

    /// Runs `produce` on a thread of its own, and `consume` on this one with what it puts; returns when both have ended.
    ///
    /// - Parameters:
    ///   - capacity: how far `produce` may be ahead.
    ///   - produce: ends when `put` answers false: nothing more is wanted.
    ///   - consume: `next` answers with the next element, with `nil` behind the last one, and throws what `produce` threw. An error of
    ///     `produce` that `consume` does not come to is dropped.
    static func ahead<Element: Sendable, Value>(
        capacity: Int, produce: @escaping @Sendable (_ put: (Element) -> Bool) throws -> Void,
        consume: (_ next: @escaping () throws -> Element?) throws -> Value
    ) throws -> Value {
        let channel = Channel<Result<Element, any Error>>(capacity: capacity)
        let group = DispatchGroup()
        group.enter()
        let thread = Thread {
            do { try produce { channel.put(.success($0)) } } catch { channel.put(.failure(error)) }
            channel.close()
            group.leave()
        }
        thread.stackSize = 1 << 21
        thread.start()
        defer {
            channel.close()
            group.wait()
        }
        return try consume { try channel.take()?.get() }
    }
}

/// A bounded queue between threads: putting waits while it is full, taking waits while it is empty.
final class Channel<Element>: @unchecked Sendable {
    // @unchecked because `condition` guards every access to the two variables, and elements are handed over, not shared.
    private let condition = NSCondition()
    private let capacity: Int
    private var elements: [Element] = []
    private var isClosed = false

    init(capacity: Int) { self.capacity = capacity }

    /// Adds an element; when the channel is closed it is dropped and the answer is false.
    @discardableResult
    func put(_ element: Element) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while elements.count >= capacity, !isClosed { condition.wait() }
        guard !isClosed else { return false }
        elements.append(element)
        condition.broadcast()
        return true
    }

    /// The next element; `nil` when the channel is closed and empty.
    func take() -> Element? { take(upTo: 1, within: 0).first }

    /// At least one element and at most `limit`: as many as come within `seconds` of the first; none when the channel is
    /// closed and empty.
    func take(upTo limit: Int, within seconds: Double) -> [Element] {
        condition.lock()
        defer { condition.unlock() }
        while elements.isEmpty, !isClosed { condition.wait() }
        let deadline = Date(timeIntervalSinceNow: seconds)
        while elements.count < limit, !isClosed, seconds > 0, condition.wait(until: deadline) {}
        let taken = Array(elements.prefix(limit))
        elements.removeFirst(taken.count)
        condition.broadcast()
        return taken
    }

    /// No element is added any more; those that are there are still taken.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}
