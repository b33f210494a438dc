/// Why a bundle is not sent now.
public enum BundleError: Error, Equatable, CustomStringConvertible {
    /// So many wait that this one would wait too long; nothing is wrong with it.
    case busy
    case tooLittleSpace(free: Int64, needed: Int64)

    public var description: String {
        switch self {
        case .busy: "cannot make the bundle now: too many are being made; ask again in a few minutes"
        case .tooLittleSpace(let free, let needed):
            "cannot make the bundle: \(free) bytes are free on the archive's disk and \(needed) are needed; try again when there is room"
        }
    }
}

/// Has bundles composed to be sent: a few at a time, on threads of their own, because each takes minutes and a part of the disk; and the
/// others in the order in which they were asked for. Who waits holds no thread.
final class BundleDesk: Sendable {
    /// Bundles that are composed at once.
    static let atOnce = 2
    /// Bundles that may wait; who asks for one more is told that it is busy.
    static let waitingAtMost = 8

    private let turns = Turns(atOnce: atOnce, waitingAtMost: waitingAtMost)

    /// How many wait for their turn.
    var waiting: Int { turns.waiting }

    /// Runs `compose` when it is its turn.
    func composing<Value: Sendable>(_ compose: @escaping @Sendable () throws -> Value) async throws -> Value {
        guard try await turns.wait() else { throw BundleError.busy }
        defer { turns.handOn() }
        return try await BlockingWork.alone(compose)
    }
}
