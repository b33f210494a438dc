internal import Custody
internal import Evidence
internal import Ledger
internal import Logging

/// Writes one line of JSON for each event. Of what an event says it writes only the fields that are named here: no query, no name, no
/// token and no body stands in them.
struct EventLog: LogHandler {
    static let fields = ["request", "operation", "status", "milliseconds", "account", "bytes", "error", "limit"]

    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    private let label: String
    private let write: @Sendable (String) -> Void

    init(label: String, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [String: JSON] = [
            "time": .string(Archive.systemTime().description), "level": .string(event.level.rawValue), "part": .string(label),
            "message": .string("\(event.message)"),
        ]
        for field in Self.fields {
            guard let value = event.metadata?[field] ?? metadata[field] else { continue }
            let text = "\(value)"
            members[field] = ["status", "milliseconds", "bytes"].contains(field) ? Int64(text).map(JSON.integer) ?? .string(text) : .string(text)
        }
        write(JSON.object(members).canonicalText)
    }
}
