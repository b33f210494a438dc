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
    private let signers: Mutex<[NoteSigner]>
    private let archive: ArchiveID
    private let now: @Sendable () -> Timestamp
    /// One checkpoint at a time, so that none is stored behind a larger one.
    private let turn = Mutex(())
    private let failure = Mutex<(any Error)?>(nil)

    init(
        _ archive: ArchiveID, epoch: Int, signer: NoteSigner, catalog: Catalog, growth: Growth, now: @escaping @Sendable () -> Timestamp
    ) {
        self.archive = archive
        self.epoch = Mutex(epoch)
        signers = Mutex([signer])
        self.catalog = catalog
        self.growth = growth
        self.now = now
        let thread = Thread { [self] in
            while growth.wait(settling: Self.delay) {
                do {
                    try sign()
                } catch {
                    // Told at the end; the next growth tries again.
                    failure.withLock { $0 = error }
                }
            }
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// The key that signs now.
    var signer: NoteSigner { signers.withLock { $0[0] } }

    /// From now on with this key, and in this epoch.
    func go(on signer: NoteSigner? = nil, epoch: Int? = nil) {
        if let signer { signers.withLock { $0 = [signer] } }
        if let epoch { self.epoch.withLock { $0 = epoch } }
    }

    /// Signs the trees that have grown since their last checkpoints. When it returns, what was committed before is covered.
    func sign() throws {
        try turn.withLock { _ in
            growth.settle()
            let (signers, epoch) = (signers.withLock { $0 }, epoch.withLock { $0 })
            var signed: [SignedCheckpoint] = []
            for tree in LogTree.allCases {
                let (size, root) = catalog.tree(tree)
                if let last = try catalog.checkpoint(tree)?.checkpoint, last.size >= size, last.origin.epoch == epoch { continue }
                signed.append(
                    SignedCheckpoint(
                        Checkpoint(origin: LogOrigin(archive: archive, epoch: epoch, tree: tree), size: size, root: root), signedBy: signers))
            }
            if !signed.isEmpty { try catalog.store(signed, at: now()) }
            failure.withLock { $0 = nil }
        }
    }

    /// Ends the thread and signs what is left.
    func close() throws {
        growth.close()
        try sign()
    }

    /// Why what was committed could not be signed, `nil` where it could.
    var lastFailure: (any Error)? { failure.withLock { $0 } }
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
