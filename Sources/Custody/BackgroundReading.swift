internal import Catalog
internal import Evidence
internal import Foundation
internal import Synchronization

/// Has the documents read that wait for it, behind the requests that brought them.
final class BackgroundReading: Sendable {
    /// Seconds that the first one waits for others, with which it shares the workers' start.
    private static let delay = 0.2
    /// Documents that are handed out and not read yet: so many are finished when it is to end.
    private static let ahead = 2

    private let growth = Growth()
    private let hasBegun = Mutex(false)
    private let feed = Mutex<Channel<ObjectToExtract>?>(nil)
    private let isStopped = Mutex(false)
    private let end = Channel<Void>(capacity: 1)
    private let lastFailure = Mutex<String?>(nil)

    /// Why the last run could not read all that waited, `nil` when it did.
    var failure: String? { lastFailure.withLock { $0 } }

    /// Has everything read soon that waits in `archive`.
    func tell(_ archive: Archive) {
        let begins = hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
        if begins { begin(archive) }
        growth.tell()
    }

    private func begin(_ archive: Archive) {
        let thread = Thread { [weak archive, self] in
            while growth.wait(settling: Self.delay), let archive {
                growth.settle()
                run(archive)
            }
            end.close()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    private func run(_ archive: Archive) {
        let waiting = Channel<ObjectToExtract>(capacity: Self.ahead)
        feed.withLock { $0 = waiting }
        defer { feed.withLock { $0 = nil } }
        guard !isStopped.withLock({ $0 }) else { return }
        // What could not be read stays in the queue; `status` says why.
        let result = Result { try archive.extractWaiting(waiting, by: .reader) { _ in } }
        lastFailure.withLock {
            $0 =
                switch result {
                case .success(let summary): summary.refused ?? summary.notIndexed
                case .failure(let error): "\(error)"
                }
        }
    }

    /// Ends it: documents that are being read are finished, and no other is begun. The rest stays in the queue.
    func stop() {
        isStopped.withLock { $0 = true }
        growth.close()
        feed.withLock { $0?.close() }
    }

    /// Waits until nothing is read any more.
    func waitForEnd() {
        if hasBegun.withLock({ $0 }) { _ = end.take() }
    }
}
