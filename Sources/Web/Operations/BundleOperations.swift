internal import Custody
internal import Evidence
internal import Ledger

/// Bundles for inspectors.
enum BundleOperations {
    static func all(_ archive: Archive) -> [Operation] {
        [
            Operation(
                "titles.bundle", .get, "/api/v1/titles/{title}/bundle", "All that proves a title, in a ZIP that verifies itself", tag: "decisions",
                parameters: [.path("title", "The id of a title or an honour, or enough of the beginning of it."), withheld] + since,
                outcomes: [bundle], refusals: [409], seconds: seconds
            ) { call in try await answer(archive, .title(try call.text("title")), call) },
            Operation(
                "units.bundle", .get, "/api/v1/units/{unit}/bundles/{cycle}", "The same for all titles of a unit in a cycle", tag: "decisions",
                parameters: [
                    .path("unit", "Its id, or its code at the end of that year."), .path("cycle", "The year.", .cycle), withheld,
                ] + since, outcomes: [bundle], refusals: [409], seconds: seconds
            ) { call in try await answer(archive, .list(unit: try call.text("unit"), cycle: call.integer("cycle") ?? 0), call) },
        ]
    }

    /// Reading all evidence of a unit takes a while before the first byte goes.
    private static let seconds = 900

    private static let bundle = Operation.Outcome(200, .bytes(["application/zip"]), "The bundle.", [.contentDisposition])
    private static let withheld = Operation.Parameter.query(
        "withhold", .text(.line, min: 1, max: 2000), "Items whose bytes are left out, with commas between.")
    private static let since = [
        Operation.Parameter.query("checkpoint", .count, "The size of the checkpoint that it is made at; the newest where none is given."),
        Operation.Parameter.query("since", .count, "Records that somebody saw, and that it is to be shown to continue."),
        Operation.Parameter.query("since_access", .count, "The same of the access log."),
    ]

    private static func answer(_ archive: Archive, _ subject: BundleRequest.Subject, _ call: Call) async throws -> Answer {
        let request = BundleRequest(
            subject: subject, checkpoint: call.integer("checkpoint"),
            withheld: (call.optionalText("withhold") ?? "").split(separator: ",").map(String.init),
            since: call.integer("since").map { [$0] } ?? [], sinceAccess: call.integer("since_access").map { [$0] } ?? [])
        let bundle = try await archive.bundle(request, by: try call.actor)
        let stream = ByteStream(
            length: bundle.size,
            bytes: { send in
                while let bytes = try await bundle.next() { try await send(bytes) }
            })
        return .stream(stream, mediaType: "application/zip").attached(as: "\(bundle.name).zip")
    }
}
