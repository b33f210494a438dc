internal import Custody
internal import Evidence
internal import Ledger

/// Evidence items: lists, search, and the bytes.
enum EvidenceOperations {
    private static let tag = "evidence"

    static func all(_ archive: Archive) -> [Operation] { [list(archive), search(archive), get(archive), content(archive)] }

    private static let filters: [Operation.Parameter] = [
        .query("kind", .choice(of: EvidenceKind.self), "Only of this kind."),
        .query("issuer", .line(max: 1000), "Only from this issuer: words of the name, in any spelling."),
        .query("holder", .line(max: 1000), "Only of this holder: words of the name, in any spelling."),
        .query("issued_from", .date, "Only issued on this day or later."),
        .query("issued_until", .date, "Only issued on this day or earlier."),
    ]

    private static func filter(_ call: Call) -> FindFilter {
        FindFilter(
            kind: call.choice("kind"), issuer: call.optionalText("issuer"), holder: call.optionalText("holder"),
            issuedFrom: call.date("issued_from"), issuedUntil: call.date("issued_until"))
    }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "evidence.list", .get, "/api/v1/evidence", "Items, newest deposit first", tag: tag,
            parameters: filters + Operation.paging(), outcomes: [Operation.Outcome(200, .json(.page(of: .itemSummary)), "A page of items.")]
        ) { call in
            let limit = call.limit()
            let items = try await archive.items(filter(call), before: try call.place { EvidenceID($0) }, limit: limit, by: try call.actor)
            return .page(items.map { .members(members($0)) }, next: items.count == limit ? items.last?.id.text : nil)
        }
    }

    /// Pages of a search are counted from its beginning; nobody reads so many.
    private static let searchDepth = 10_000

    private static func search(_ archive: Archive) -> Operation {
        let answer = Schema.object([
            .required("items", .array(.searchHit, max: Page.limits.upperBound)),
            .optional("next", .text(.line, min: 1, max: Page.cursorLimit), "Give it as `cursor` to go on."),
            .required("count", .count, "How many pages of documents have all words."),
            .required("capped", .boolean, "There are more than `count`: counting stops there."),
        ])
        return Operation(
            "evidence.search", .get, "/api/v1/evidence/search", "Pages of documents that have all of the words", tag: tag,
            parameters: [
                .query("q", .text(.line, min: 1, max: 1000), "The words; diacritics and case do not matter.", isRequired: true),
                .query("exact", .boolean, "Diacritics matter."),
            ] + filters + Operation.paging(of: "pages of documents", default: 20),
            outcomes: [Operation.Outcome(200, .json(answer), "What was found, what is closest to the words first.")]
        ) { call in
            let (limit, offset) = (call.limit(default: 20), try call.place { Int($0).flatMap { (0...searchDepth).contains($0) ? $0 : nil } } ?? 0)
            let found = try await archive.search(
                try call.text("q"), isExact: call.flag("exact"), filter: filter(call), limit: limit, offset: offset, by: try call.actor)
            let next = offset + found.hits.count
            let isLast = found.hits.count < limit || next > searchDepth || (!found.isCountCapped && next >= found.count)
            let page = Page(found.hits.map { .members(members($0)) }, next: isLast ? nil : "\(next)")
            guard case .object(let members) = page.json else { return .json(page.json) }
            return .json(members.merging(["count": .number(found.count), "capped": .bool(found.isCountCapped)]) { $1 })
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "evidence.get", .get, "/api/v1/evidence/{item}", "All that is known of an item", tag: tag, parameters: [item],
            outcomes: [Operation.Outcome(200, .json(.item), "The item.")]
        ) { call in .json(members(try await archive.item(try call.text("item"), by: try call.actor))) }
    }

    static let item = Operation.Parameter.path("item", "The item's id, or enough of the beginning of it.")

    /// Types that are called what they are; all others are bytes. What a client said never counts, and a browser runs none of these.
    private static let mediaTypes = ["application/pdf", "image/jpeg", "image/png", "text/plain"]
    private static let otherBytes = "application/octet-stream"

    private static func content(_ archive: Archive) -> Operation {
        let types = mediaTypes + [otherBytes]
        return Operation(
            "evidence.content", .get, "/api/v1/evidence/{item}/content", "The bytes of an item, to be saved", tag: tag,
            parameters: [
                item,
                .header("range", .text(.ascii, min: 1, max: 100), "One range of bytes; several are answered with the whole."),
                .header("if-none-match", .text(.ascii, min: 1, max: 1000), "The ETag of what one has already."),
            ],
            outcomes: [
                Operation.Outcome(200, .bytes(types), "All of it; its ETag is its SHA-256.", AnswerField.object),
                Operation.Outcome(206, .bytes(types), "The part.", AnswerField.object + [.contentRange]),
                Operation.Outcome(304, .nothing, "It is what one has already.", AnswerField.object),
            ],
            refusals: [416]
        ) { call in
            let content = try await archive.content(of: try call.text("item"), by: try call.actor, into: OutgoingPiece.self) {
                ObjectPart(of: $0, for: call.conditions).firstPiece
            }
            let type = content.mediaType.flatMap { mediaTypes.contains($0) ? $0 : nil } ?? otherBytes
            return try await .object(content.object, mediaType: type, for: call) { try await content.piece($0).bytes }
                .attached(as: content.fileName ?? content.item.text)
        }
    }
}
