internal import Synchronization

/// Ends waits that last too long. One clock looks at all of them: a timer for each request would wake its event loop twice for nothing.
final class Deadlines: Sendable {
    private struct Wait {
        let end: ContinuousClock.Instant
        let giveUp: @Sendable () -> Void
    }

    private let waits = Mutex<(last: UInt64, open: [UInt64: Wait])>((0, [:]))

    /// Calls `giveUp` when so many seconds are over, and up to one more, unless the wait ends before.
    ///
    /// - Returns: ends the wait.
    func begin(seconds: Int, giveUp: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let wait = Wait(end: .now + .seconds(seconds), giveUp: giveUp)
        let number = waits.withLock { waits in
            waits.last += 1
            waits.open[waits.last] = wait
            return waits.last
        }
        return { [self] in waits.withLock { _ = $0.open.removeValue(forKey: number) } }
    }

    /// Looks once a second until its task is cancelled.
    func watch() async {
        // Because only a cancellation ends the sleep early.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let now = ContinuousClock.now
            let over = waits.withLock { waits in
                let over = waits.open.filter { $0.value.end <= now }
                for number in over.keys { waits.open[number] = nil }
                return over.values.map(\.giveUp)
            }
            for giveUp in over { giveUp() }
        }
    }
}
