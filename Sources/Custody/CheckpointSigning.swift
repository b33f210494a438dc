internal import Catalog
internal import Evidence
internal import Foundation
internal import Ledger
internal import Synchronization

/// Signs both trees after they grew: soon while the archive is in use, and at its end.
///
/// A commit is acknowledged without waiting for a signature; a crash leaves a tail that the next checkpoint covers.
final class CheckpointSigning: Sendable {
    /// How long a tree that grew may wait for its checkpoint: within it, all that is committed shares one.
    private static let delay = 0.5

    private let growth: Growth
    private let catalog: Catalog
    private let epoch: Mutex<Int>
    private let current: Mutex<NoteSigner>
    private let archive: ArchiveID
    private let now: @Sendable () -> Timestamp
    /// One checkpoint at a time, so that none is stored behind a larger one.
    private let turn = Mutex(())

    init(
        _ archive: ArchiveID, epoch: Int, signer: NoteSigner, catalog: Catalog, growth: Growth, now: @escaping @Sendable () -> Timestamp
    ) {
        self.archive = archive
        self.epoch = Mutex(epoch)
        current = Mutex(signer)
        self.catalog = catalog
        self.growth = growth
        self.now = now
        let thread = Thread { [self] in
            while growth.wait(settling: Self.delay) {
                // What cannot be signed now is signed after the next growth, or at the end, where a failure is told.
                do { try sign() } catch {}
            }
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// The key that signs now.
    var signer: NoteSigner { current.withLock { $0 } }

    /// Signs with the key of before all that there is, has `change` record the new key, and signs both trees with the new key.
    func change(to signer: NoteSigner, _ change: () throws -> Void) throws {
        try turn.withLock { _ in
            try signNow()
            try change()
            current.withLock { $0 = signer }
            try signNow()
        }
    }

    /// Signs the trees that have grown since their last checkpoints. When it returns, what was committed before is covered.
    func sign() throws {
        try turn.withLock { _ in try signNow() }
    }

    private func signNow() throws {
        growth.settle()
        let (signer, epoch) = (self.signer, epoch.withLock { $0 })
        var signed: [SignedCheckpoint] = []
        for tree in LogTree.allCases {
            let (size, root) = catalog.tree(tree)
            if let last = try catalog.checkpoint(tree), last.checkpoint.size >= size, last.checkpoint.origin.epoch == epoch,
                last.isSigned(by: signer.verifier)
            {
                continue
            }
            signed.append(
                SignedCheckpoint(
                    Checkpoint(origin: LogOrigin(archive: archive, epoch: epoch, tree: tree), size: size, root: root), signedBy: [signer]))
        }
        if !signed.isEmpty { try catalog.store(signed, at: now()) }
    }

    /// Ends the thread and signs what is left.
    func close() throws {
        growth.close()
        try sign()
    }
}

/// Tells the thread that signs that a tree grew.
final class Growth: @unchecked Sendable {
    // @unchecked because `condition` guards every access to the two variables.
    private let condition = NSCondition()
    private var isPending = false
    private var isClosed = false

    func tell() {
        condition.lock()
        isPending = true
        condition.broadcast()
        condition.unlock()
    }

    /// What grew until now is being signed.
    func settle() {
        condition.lock()
        isPending = false
        condition.unlock()
    }

    /// Waits until something grew and then so many seconds more; false when it was closed.
    func wait(settling seconds: Double) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while !isPending, !isClosed { condition.wait() }
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !isClosed, condition.wait(until: deadline) {}
        return !isClosed
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}
