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
        // As canonical JSON has it, and not by way of a tree: there is a line for every request.
        var line = "{"
        for name in Self.order {
            let text: String
            switch name {
            case "level": text = event.level.rawValue
            case "message": text = "\(event.message)"
            case "part": text = label
            case "time": text = Archive.systemTime().description
            default:
                guard let value = event.metadata?[name] ?? metadata[name] else { continue }
                text = "\(value)"
            }
            line += line.utf8.count == 1 ? "\"" : ",\""
            line += name
            line += "\":"
            if Self.numbers.contains(name), let number = Int64(text), JSON.safeIntegers.contains(number) {
                line += "\(number)"
            } else if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
                line += "\""
                line += text
                line += "\""
            } else {
                line += JSON.string(text).canonicalText
            }
        }
        write(line + "}")
    }

    private static let order = (fields + ["level", "message", "part", "time"]).sorted()
    private static let numbers: Set<String> = ["status", "milliseconds", "bytes"]
}
