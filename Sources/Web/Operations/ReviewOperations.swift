internal import Custody
internal import Evidence
internal import Ledger

/// What people say of evidence: what it is, whether it is true, what took its place; and what rests on it.
enum ReviewOperations {
    private static let tag = "evidence"

    static func all(_ archive: Archive) -> [Operation] {
        [list(archive), describe(archive), verify(archive), supersede(archive), trace(archive)]
    }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "evidence.review", .get, "/api/v1/evidence/review", "Items by one question of a reviewer, each answered by an index", tag: tag,
            parameters: [
                .query("state", .choice(of: VerificationState.self), "Of which this is known now, in the order of deposit."),
                .query("by", .choice(["issued", "valid_until", "uploaded"]), "Or with this day between `from` and `until`, earliest first."),
                .query("from", .date, "The first day."), .query("until", .date, "The last day."),
            ] + Operation.paging(),
            outcomes: [Operation.Outcome(200, .json(.page(of: .reviewedItem)), "A page of items; only one by state has a next one.")]
        ) { call in
            let limit = call.limit()
            let question: EvidenceQuestion
            if let state: VerificationState = call.choice("state") {
                question = .verification(state, after: try call.place { EvidenceID($0) })
            } else if let by = call.optionalText("by"), let from = call.date("from"), let until = call.date("until"), from <= until {
                question =
                    switch by {
                    case "issued": .issued(from...until)
                    case "valid_until": .validUntil(from...until)
                    default: .uploaded(from...until)
                    }
            } else {
                throw Problem.parameter(.query, "state", "is missing; or give `by`, `from` and `until`, the last day not before the first")
            }
            let items = try await archive.evidence(question, limit: limit, by: try call.actor)
            var next: String?
            if case .verification = question, items.count == limit { next = items.last?.item.id.text }
            return .page(items.map { .members(members($0)) }, next: next)
        }
    }

    /// What people declare of an item.
    static let metadata: [Schema.Member] = [
        .optional("title", .line(max: 2000)), .optional("kind", .choice(of: EvidenceKind.self)), .optional("issuer", .line(max: 2000)),
        .optional("number", .line(max: 2000), "Số."), .optional("notation", .line(max: 2000), "Ký hiệu."), .optional("subject", .line(max: 2000)),
        .optional("issued", .date), .optional("valid_from", .date), .optional("valid_until", .date), .optional("holder", .line(max: 2000)),
        .optional("person", .identifier(PersonID.prefix)), .optional("language", .line(max: 35)), .optional("file_name", .line(max: 255)),
        .optional("assurance", .choice(of: AssuranceLevel.self)),
    ]

    static func metadata(_ members: Members) -> EvidenceMetadata {
        EvidenceMetadata(
            title: members.optionalText("title"), kind: members.choice("kind") ?? .other, issuer: members.optionalText("issuer"),
            codeNumber: members.optionalText("number"), codeNotation: members.optionalText("notation"), subject: members.optionalText("subject"),
            issuedOn: members.date("issued"), validFrom: members.date("valid_from"), validUntil: members.date("valid_until"),
            holder: members.optionalText("holder"), person: members.optionalText("person").flatMap { PersonID($0) },
            language: members.optionalText("language"), fileName: members.optionalText("file_name"),
            assurance: members.choice("assurance") ?? .citizenCopy)
    }

    private static func describe(_ archive: Archive) -> Operation {
        Operation(
            "evidence.describe", .put, "/api/v1/evidence/{item}/metadata", "Declares what an item is; what was declared before stays in the ledger",
            tag: tag, parameters: [EvidenceOperations.item], body: .json(.object(metadata)),
            outcomes: [Operation.Outcome(200, .json(.item), "The item.")]
        ) { call in
            let item = try await archive.item(try call.text("item"), by: try call.actor)
            try await archive.describe(item.id, as: metadata(call.body), by: try call.actor)
            return .json(members(try await archive.item(item.id.text, by: try call.actor)))
        }
    }

    private static func verify(_ archive: Archive) -> Operation {
        Operation(
            "evidence.verify", .post, "/api/v1/evidence/{item}/verifications", "Records what a reviewer found of the truth of an item", tag: tag,
            parameters: [EvidenceOperations.item],
            body: .json(
                .object([
                    .required("state", .choice(of: VerificationState.self)),
                    .optional("how", .choice(of: VerificationMethod.self), "Of what is verified, and only there."),
                    .optional("reason", .line(max: 2000)), DossierOperations.role,
                ])),
            outcomes: [
                Operation.Outcome(
                    200,
                    .json(.object([.required("item", .identifier(EvidenceID.prefix)), .required("state", .choice(of: VerificationState.self))])),
                    "What is known of it now.")
            ]
        ) { call in
            let body = call.body
            guard let state: VerificationState = body.choice("state") else { throw Problem.field("/state", "is no state") }
            let id = try await archive.verifyEvidence(
                try call.text("item"), state, method: body.choice("how"), reason: body.optionalText("reason"), role: try body.role,
                by: try call.actor)
            return .json(["item": .string(id.text), "state": .string(state.rawValue)])
        }
    }

    private static func supersede(_ archive: Archive) -> Operation {
        Operation(
            "evidence.supersede", .post, "/api/v1/evidence/{item}/supersession", "Another item takes the place of this one", tag: tag,
            parameters: [EvidenceOperations.item],
            body: .json(.object([.required("by", .reference), .required("reason", .line(max: 2000)), DossierOperations.role])),
            outcomes: [
                Operation.Outcome(
                    200, .json(.object([.required("reopened", .list(.identifier(DossierID.prefix)), "Their review begins anew.")])),
                    "It was superseded.")
            ]
        ) { call in
            let reopened = try await archive.supersedeEvidence(
                try call.text("item"), by: try call.body.text("by"), reason: try call.body.text("reason"), role: try call.body.role,
                by: try call.actor)
            return .json(["reopened": .array(reopened.map { .string($0.text) })])
        }
    }

    private static func trace(_ archive: Archive) -> Operation {
        Operation(
            "evidence.trace", .get, "/api/v1/evidence/{item}/trace", "What rests on an item, and what would fall without it", tag: tag,
            parameters: [EvidenceOperations.item], outcomes: [Operation.Outcome(200, .json(.evidenceTrace), "The trace.")]
        ) { call in .json(members(try await archive.traceEvidence(try call.text("item"), by: try call.actor))) }
    }
}
