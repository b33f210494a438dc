internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

/// Decisions, titles, honours, and what they rest on.
enum DecisionOperations {
    private static let tag = "decisions"
    private static let title = Operation.Parameter.path("title", "The id of a title or an honour, or enough of the beginning of it.")

    static func all(_ archive: Archive) -> [Operation] {
        [decide(archive), revoke(archive), honour(archive), traceTitle(archive), replay(archive)]
    }

    private static let document = Schema.named(
        "DecisionEntry",
        .object([
            .required("number", .line(max: 100)), .required("notation", .line(max: 100)), .required("issued", .date),
            .optional("authority", .line(max: 500), "Who decides; as the rule set says where it is not given."),
            .required("signer", .line(max: 200)), .optional("scan", .reference, "The evidence item of the scan."),
        ]))

    private static func entry(_ body: Members) throws(Problem) -> DecisionEntry {
        guard let document = body.object("document"), let issued = document.date("issued") else { throw .field("/document/issued", "is no date") }
        return DecisionEntry(
            codeNumber: try document.text("number"), codeNotation: try document.text("notation"), issuedOn: issued,
            authority: document.optionalText("authority"), signer: try document.text("signer"), scan: document.optionalText("scan"))
    }

    private static func decide(_ archive: Archive) -> Operation {
        Operation(
            "decisions.decide", .post, "/api/v1/decisions", "Decides about dossiers by one document, as the rules say; all or none", tag: tag,
            body: .json(
                .object([
                    .required("dossiers", .array(.reference, max: DossierOperations.togetherLimit)), .required("document", document),
                    .optional("preview", .boolean, "Only say what would be decided."), DossierOperations.role,
                ])),
            outcomes: [
                Operation.Outcome(
                    200, .json(.object([.required("outcomes", .array(.decisionOutcome, max: DossierOperations.togetherLimit))])),
                    "What was decided about each.")
            ], creates: true
        ) { call in
            let body = call.body
            let isPreview = body.flag("preview")
            let outcomes = try await archive.decide(
                body.texts("dossiers"), by: try entry(body), applies: !isPreview, role: try body.role, by: try call.actor)
            return .json(["outcomes": .array(outcomes.map { .members(members($0, isPreview: isPreview)) })])
        }
    }

    private static func revoke(_ archive: Archive) -> Operation {
        Operation(
            "titles.revoke", .post, "/api/v1/titles/{title}/revocation", "Takes a title or an honour back", tag: tag, parameters: [title],
            body: .json(.object([.required("reason", .line(max: 2000)), .required("basis", .line(max: 2000)), DossierOperations.role])),
            outcomes: [
                Operation.Outcome(
                    200,
                    .json(.object([.required("title", .title), .required("honours", .list(.title), "They rest on it, and are to be looked at.")])),
                    "What was revoked.")
            ]
        ) { call in
            let (revoked, honours) = try await archive.revoke(
                try call.text("title"), reason: try call.body.text("reason"), legalBasis: try call.body.text("basis"), role: try call.body.role,
                by: try call.actor)
            return .json(["title": json(revoked), "honours": .array(honours.map { json($0) })])
        }
    }

    private static func honour(_ archive: Archive) -> Operation {
        Operation(
            "people.honour", .post, "/api/v1/people/{person}/honours", "Gives a person the honour of several years running", tag: tag,
            parameters: [.path("person", "The person's id, or enough of the beginning of it.")],
            body: .json(.object([.required("rules", .reference), .required("document", document), DossierOperations.role])),
            outcomes: [Operation.Outcome(201, .json(.title), "The honour.", [.location])], creates: true
        ) { call in
            let honour = try await archive.honour(
                try call.text("person"), rules: try call.body.text("rules"), by: try entry(call.body), role: try call.body.role, by: try call.actor)
            return .created(json(honour), at: "/api/v1/titles/\(honour.id)")
        }
    }

    private static func traceTitle(_ archive: Archive) -> Operation {
        Operation(
            "titles.trace", .get, "/api/v1/titles/{title}", "What proves a title: decision, scores, citations, pages, digests, records", tag: tag,
            parameters: [title], outcomes: [Operation.Outcome(200, .json(.oneOf([.titleTrace, .honourTrace])), "The trace.")], refusals: [409]
        ) { call in
            switch try await archive.traceTitle(try call.text("title"), by: try call.actor) {
            case .title(let trace): .json(members(trace))
            case .honour(let trace): .json(members(trace))
            }
        }
    }

    private static func replay(_ archive: Archive) -> Operation {
        Operation(
            "decisions.replay", .get, "/api/v1/replays/{decision}", "Derives decisions again under their own rules", tag: tag,
            parameters: [.path("decision", "A title, a dossier (its last decision), or a decision document (all of it).")],
            outcomes: [Operation.Outcome(200, .json(.object([.required("replays", .list(.replay))])), "What is derived.")], refusals: [409]
        ) { call in
            let replays = try await archive.replay(try call.text("decision"), by: try call.actor)
            return .json(["replays": .array(replays.map { .members(members($0)) })])
        }
    }
}
