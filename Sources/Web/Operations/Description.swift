internal import Ledger

/// The description of the interface.
enum Description {
    /// Describes `operations` and itself.
    static func operation(_ operations: [Operation]) -> Operation {
        func operation(_ bytes: [UInt8]) -> Operation {
            Operation(
                "openapi", .get, "/api/openapi.json", "The description of this interface, as OpenAPI 3.1 has it", tag: "interface",
                access: .anybody, outcomes: [Operation.Outcome(200, .bytes(["application/json"]), "The description.")]
            ) { _ in .bytes(bytes, mediaType: "application/json") }
        }
        return operation(OpenAPI.document(operations + [operation([])]).canonicalBytes)
    }
}
