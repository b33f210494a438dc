internal import Custody

/// The archive in numbers.
enum StatusOperations {
    static func all(_ archive: Archive) -> [Operation] {
        [
            Operation(
                "status", .get, "/api/v1/status", "The archive in numbers; nothing of it is personal", tag: "archive",
                outcomes: [Operation.Outcome(200, .json(.status), "The numbers.")]
            ) { call in .json(members(try await archive.status(by: try call.actor))) },
            Operation(
                "ready", .get, "/ready", "Whether evidence can be read and the access log be written", tag: "machine", access: .machine,
                outcomes: [Operation.Outcome(200, .bytes(["text/plain"]), "It is ready.")]
            ) { _ in
                do { try await archive.checkReadiness() } catch {
                    throw Problem("not-ready", 503, "Not ready", "evidence cannot be shown now; the log of the server says why", cause: "\(error)")
                }
                return .bytes(Array("ready\n".utf8), mediaType: "text/plain")
            },
        ]
    }
}
