public import Evidence
internal import Synchronization

/// Searches that wait, and the threads that do them: no more at once than keep the processors busy, and a question that somebody asks
/// several times while it waits is answered once. Who asks while the same search is done waits for the next one, because this one may
/// not show what was there when they asked.
final class SharedSearches: Sendable {
    /// The same words of the same account have the same answer.
    struct Question: Hashable {
        let query: String
        let isExact: Bool
        let filter: FindFilter
        let limit: Int
        let offset: Int
        let actor: Actor
    }

    /// Finds it, and writes into the access log that it is shown to so many.
    typealias Search = @Sendable (_ askers: Int) throws -> SearchAnswer

    private struct State {
        /// First asked first.
        var questions: [Question] = []
        var waiting: [Question: (search: Search, askers: [CheckedContinuation<SearchAnswer, any Error>])] = [:]
        var running = 0
    }

    private let state = Mutex(State())

    func answer(_ question: Question, on blocking: BlockingWork, _ search: @escaping Search) async throws -> SearchAnswer {
        try await withCheckedThrowingContinuation { continuation in
            let isToStart = state.withLock { state in
                if state.waiting[question] == nil {
                    state.waiting[question] = (search, [])
                    state.questions.append(question)
                }
                state.waiting[question]?.askers.append(continuation)
                guard state.running < BlockingWork.laneCount else { return false }
                state.running += 1
                return true
            }
            if isToStart { blocking.start { [self] in work() } }
        }
    }

    /// Answers until nobody waits.
    private func work() {
        while let next = next() {
            let result = Result { try next.search(next.askers.count) }
            for asker in next.askers { asker.resume(with: result) }
        }
    }

    private func next() -> (search: Search, askers: [CheckedContinuation<SearchAnswer, any Error>])? {
        state.withLock { state in
            guard !state.questions.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeValue(forKey: state.questions.removeFirst())
        }
    }
}
