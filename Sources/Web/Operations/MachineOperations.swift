/// What watches over the server asks these.
enum MachineOperations {
    static func all(_ metrics: Metrics) -> [Operation] {
        [
            Operation(
                "health", .get, "/health", "Whether the process is up", tag: "machine", access: .machine,
                outcomes: [Operation.Outcome(200, .bytes(["text/plain"]), "It is up.")]
            ) { _ in .bytes(Array("up\n".utf8), mediaType: "text/plain") },
            Operation(
                "metrics", .get, "/metrics", "What the server counts, as Prometheus reads it", tag: "machine", access: .machine,
                outcomes: [Operation.Outcome(200, .bytes(["text/plain; version=0.0.4"]), "The counts.")]
            ) { _ in .bytes(Array(metrics.text.utf8), mediaType: "text/plain; version=0.0.4") },
        ]
    }
}
