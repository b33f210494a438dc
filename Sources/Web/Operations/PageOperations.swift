internal import Custody
internal import Evidence
internal import Ledger

/// Pages of items as images, so that a browser is given no byte of what was handed in.
enum PageOperations {
    static func all(_ archive: Archive) -> [Operation] {
        [
            Operation(
                "evidence.page", .get, "/api/v1/evidence/{item}/pages/{page}", "A page as an image, made by a confined reader", tag: "evidence",
                parameters: [
                    EvidenceOperations.item, .path("page", "From 1.", .integer(1...1_000_000)),
                    .query("size", .choice(of: PageImageSize.self), "For reading, where none is given."),
                ],
                outcomes: [Operation.Outcome(200, .bytes(["image/png"]), "A PNG without anything but pixels.", [.etag])], refusals: [409]
            ) { call in
                let image = try await archive.pageImage(
                    try call.text("item"), page: call.integer("page") ?? 0, size: call.choice("size") ?? .page, by: try call.actor)
                var answer = Answer.file(image.png, mediaType: "image/png")
                answer.fields["etag"] = "\"\(image.etag.hex)\""
                return answer
            }
        ]
    }
}
