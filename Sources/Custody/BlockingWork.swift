internal import Dispatch
internal import Foundation
internal import Synchronization

/// The one place where blocking work — files, SQLite, worker processes — leaves the cooperative thread pool.
///
/// Vault, Catalog and Extraction are synchronous and block; `Archive` is asynchronous. Between them stands ``run(_:)``.
struct BlockingWork: Sendable {
    /// Operations that run at once; more wait for their turn. Those that wait for a commit share the next one.
    static let threadLimit = 64

    fileprivate let threads = BlockingThreads(limit: threadLimit)

    /// Runs `body` on a thread that may block.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        // Let go before its caller goes on, with all that it holds: an archive is released when its last operation has returned.
        let body = Mutex(Optional(body))
        return try await withCheckedThrowingContinuation { continuation in
            threads.run {
                let result = Result {
                    // Proof for `!`: it is taken once.
                    try body.withLock { $0.take() }!()
                }
                continuation.resume(with: result)
            }
        }
    }

    /// Runs `body` on a thread of its own: for what waits long for another process, and shall take the place of no other operation.
    static func alone<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        // As above: let go before its caller goes on.
        let body = Mutex(Optional(body))
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                let result = Result {
                    // Proof for `!`: it is taken once.
                    try body.withLock { $0.take() }!()
                }
                continuation.resume(with: result)
            }
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

/// Blocking work that keeps a processor busy and that many may ask for: no more is done at once than there are processors, and a question
/// that is asked several times while it waits is answered once. Who asks while the same is being found out waits for the next time, because
/// this one may not see what was there when they asked.
final class SharedWork<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    /// Finds the answer, which so many get.
    typealias Work = @Sendable (_ askers: Int) throws -> Answer

    private typealias Waiting = (work: Work, askers: [CheckedContinuation<Answer, any Error>])

    private struct State {
        /// First asked first.
        var questions: [Question] = []
        var waiting: [Question: Waiting] = [:]
        /// Those that are being found out: the same again waits for its end, so that as many as can be are answered together.
        var inHand: Set<Question> = []
        var running = 0
    }

    private let state = Mutex(State())

    func answer(_ question: Question, on blocking: BlockingWork, _ work: @escaping Work) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let isToStart = state.withLock { state in
                if state.waiting[question] == nil {
                    state.waiting[question] = (work, [])
                    state.questions.append(question)
                }
                state.waiting[question]?.askers.append(continuation)
                guard state.running < BlockingWork.laneCount, !state.inHand.contains(question) else { return false }
                state.running += 1
                return true
            }
            if isToStart { blocking.threads.run { [self] in answerAll() } }
        }
    }

    /// Answers until nobody waits.
    private func answerAll() {
        var done: Question?
        while let (question, waiting) = next(after: done) {
            let result = Result { try waiting.work(waiting.askers.count) }
            for asker in waiting.askers { asker.resume(with: result) }
            done = question
        }
    }

    private func next(after done: Question?) -> (Question, Waiting)? {
        state.withLock { state in
            if let done { state.inHand.remove(done) }
            // A question stands in both, or in neither.
            guard let index = state.questions.firstIndex(where: { !state.inHand.contains($0) }),
                let waiting = state.waiting.removeValue(forKey: state.questions[index])
            else {
                // What waits for one that is in hand is found out by whoever has that.
                state.running -= 1
                return nil
            }
            let question = state.questions.remove(at: index)
            state.inHand.insert(question)
            return (question, waiting)
        }
    }
}

/// Turns at something that only a few may do at once, in the order in which they are asked for. Who waits holds no thread.
final class Turns: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Bool, any Error>] = []
    }

    private let state = Mutex(State())
    private let atOnce: Int
    private let waitingAtMost: Int

    init(atOnce: Int, waitingAtMost: Int) {
        self.atOnce = atOnce
        self.waitingAtMost = waitingAtMost
    }

    /// How many wait.
    var waiting: Int { state.withLock(\.waiting.count) }

    /// Returns when it is one's turn, which is to be handed on; at once and with false where too many wait.
    func wait() async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            let isTurn: Bool? = state.withLock { state in
                if state.running < atOnce {
                    state.running += 1
                    return true
                }
                guard state.waiting.count < waitingAtMost else { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let isTurn { continuation.resume(returning: isTurn) }
        }
    }

    func handOn() {
        let next = state.withLock { state -> CheckedContinuation<Bool, any Error>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.running -= 1
            return nil
        }
        next?.resume(returning: true)
    }
}

/// Threads that may block, made when they are needed. A queue of Dispatch runs hardly more bodies at once than there are processors,
/// though all of them wait for a disk.
private final class BlockingThreads: @unchecked Sendable {
    // @unchecked because `condition` guards every access to the three variables.
    private let condition = NSCondition()
    private let limit: Int
    private var waiting: [@Sendable () -> Void] = []
    private var count = 0
    private var idle = 0

    /// Seconds after which a thread that has nothing to do ends.
    private static let patience = 1.0

    init(limit: Int) { self.limit = limit }

    func run(_ body: @escaping @Sendable () -> Void) {
        condition.lock()
        defer { condition.unlock() }
        waiting.append(body)
        if idle >= waiting.count || count == limit {
            condition.signal()
        } else {
            count += 1
            let thread = Thread { [self] in
                // What a body held is let go before the next one is waited for.
                while true {
                    guard let body = next() else { return }
                    body()
                }
            }
            thread.stackSize = 1 << 21
            thread.start()
        }
    }

    /// `nil` where nothing came in time; the thread is not counted any more then.
    private func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        idle += 1
        defer { idle -= 1 }
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        while waiting.isEmpty {
            guard condition.wait(until: deadline) || !waiting.isEmpty else {
                count -= 1
                return nil
            }
        }
        return waiting.removeFirst()
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
