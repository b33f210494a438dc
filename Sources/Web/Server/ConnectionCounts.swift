internal import Synchronization

/// How many connections are open, in all and from each address.
final class ConnectionCounts: Sendable {
    private let open = Mutex<(all: Int, byAddress: [String: Int])>((0, [:]))
    private let limits: Limits
    private let unlimited: Set<String>
    let metrics: Metrics

    /// - Parameter unlimited: addresses that many people come through.
    init(limits: Limits, unlimited: Set<String>, metrics: Metrics) {
        self.limits = limits
        self.unlimited = unlimited
        self.metrics = metrics
    }

    /// Counts a connection; the limit that does not allow it, `nil` where it may stay. ``leave(_:)`` is called for each that may.
    func enter(_ address: String) -> String? {
        let limit: String? = open.withLock { open in
            if open.all >= limits.connections { return "connections" }
            if !unlimited.contains(address), open.byAddress[address, default: 0] >= limits.connectionsPerAddress { return "connections_per_address" }
            open.all += 1
            open.byAddress[address, default: 0] += 1
            return nil
        }
        metrics.acceptedConnections.add(1, ordering: .relaxed)
        if let limit { metrics.countClosed(limit) } else { metrics.openConnections.add(1, ordering: .relaxed) }
        return limit
    }

    func leave(_ address: String) {
        open.withLock { open in
            open.all -= 1
            let left = open.byAddress[address, default: 1] - 1
            open.byAddress[address] = left > 0 ? left : nil
        }
        metrics.openConnections.subtract(1, ordering: .relaxed)
    }
}
