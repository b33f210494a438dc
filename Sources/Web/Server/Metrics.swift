internal import Synchronization

/// What the server counts, as Prometheus reads it.
final class Metrics: Sendable {
    private struct Histogram {
        var counts = [Int](repeating: 0, count: Metrics.buckets.count)
        var count = 0
        var sum = 0.0

        mutating func add(_ seconds: Double) {
            count += 1
            sum += seconds
            for (index, bound) in Metrics.buckets.enumerated() where seconds <= bound { counts[index] += 1 }
        }
    }

    private struct Request: Hashable {
        let operation: String
        let status: Int
    }

    private struct State {
        var requests: [Request: Int] = [:]
        var durations: [String: Histogram] = [:]
        var closed: [String: Int] = [:]
    }

    /// Upper bounds in seconds.
    static let buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private let state = Mutex(State())
    let openConnections = Atomic(0)
    let acceptedConnections = Atomic(0)
    let activeRequests = Atomic(0)
    let receivedBytes = Atomic(0)
    let sentBytes = Atomic(0)

    func count(operation: String, status: Int, seconds: Double) {
        state.withLock { state in
            state.requests[Request(operation: operation, status: status), default: 0] += 1
            state.durations[operation, default: Histogram()].add(seconds)
        }
    }

    /// A connection was closed by one of the limits.
    func countClosed(_ limit: String) { state.withLock { $0.closed[limit, default: 0] += 1 } }

    /// How many connections a limit has closed.
    func closed(by limit: String) -> Int { state.withLock { $0.closed[limit, default: 0] } }

    var text: String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func family(_ name: String, _ type: String, _ help: String) {
            lines += ["# HELP minhchung_\(name) \(help)", "# TYPE minhchung_\(name) \(type)"]
        }
        func single(_ name: String, _ type: String, _ help: String, _ value: Int) {
            family(name, type, help)
            lines.append("minhchung_\(name) \(value)")
        }
        family("requests_total", "counter", "Requests that were answered.")
        for (request, count) in state.requests.sorted(by: { ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status) }) {
            lines.append("minhchung_requests_total{operation=\"\(request.operation)\",status=\"\(request.status)\"} \(count)")
        }
        family("request_duration_seconds", "histogram", "From the head of a request to the last byte of its answer.")
        for (operation, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            for (bound, count) in zip(Self.buckets.map { "\($0)" } + ["+Inf"], histogram.counts + [histogram.count]) {
                lines.append("minhchung_request_duration_seconds_bucket{operation=\"\(operation)\",le=\"\(bound)\"} \(count)")
            }
            lines.append("minhchung_request_duration_seconds_sum{operation=\"\(operation)\"} \(histogram.sum)")
            lines.append("minhchung_request_duration_seconds_count{operation=\"\(operation)\"} \(histogram.count)")
        }
        single("requests_active", "gauge", "Requests that are being done.", activeRequests.load(ordering: .relaxed))
        single("connections_open", "gauge", "Connections that are open.", openConnections.load(ordering: .relaxed))
        single("connections_total", "counter", "Connections that were accepted.", acceptedConnections.load(ordering: .relaxed))
        family("connections_closed_total", "counter", "Connections that a limit closed.")
        for (limit, count) in state.closed.sorted(by: { $0.key < $1.key }) {
            lines.append("minhchung_connections_closed_total{limit=\"\(limit)\"} \(count)")
        }
        single("received_bytes_total", "counter", "Bytes that came.", receivedBytes.load(ordering: .relaxed))
        single("sent_bytes_total", "counter", "Bytes that went.", sentBytes.load(ordering: .relaxed))
        return lines.joined(separator: "\n") + "\n"
    }
}
