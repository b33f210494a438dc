internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

/// Dossiers: their steps, citations and scores.
enum DossierOperations {
    private static let tag = "dossiers"
    private static let dossier = Operation.Parameter.path("dossier", "The dossier's id, or enough of the beginning of it.")
    static let role = Schema.Member.required("role", .choice(of: Role.self), "In what capacity; one has to have the role there.")

    static func all(_ archive: Archive) -> [Operation] {
        [
            list(archive), get(archive), matrix(archive), history(archive), verdict(archive), open(archive), step(archive), cite(archive),
            withdrawCitation(archive), score(archive),
        ]
    }

    // MARK: Looking

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.list", .get, "/api/v1/dossiers", "The dossiers of a cycle in the order of their opening", tag: tag,
            parameters: [
                .query("cycle", .cycle, "The year that is assessed.", isRequired: true),
                .query("unit", .reference, "Only of this unit, by id or by the code at the end of that year."),
                .query("stage", .choice(of: DossierStage.self), "Only where they are."),
            ] + Operation.paging(of: "dossiers"),
            outcomes: [Operation.Outcome(200, .json(.page(of: .dossierSummary)), "A page of dossiers.")]
        ) { call in
            let limit = call.limit()
            let dossiers = try await archive.dossiers(
                cycle: call.integer("cycle") ?? 0, unit: call.optionalText("unit"), stage: call.choice("stage"),
                after: try call.place { DossierID($0) }, limit: limit, by: try call.actor)
            return .page(dossiers.map { .members(members($0)) }, next: dossiers.count == limit ? dossiers.last?.id.text : nil)
        }
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.get", .get, "/api/v1/dossiers/{dossier}", "Where a dossier is, what may be done next, its scores and citations", tag: tag,
            parameters: [dossier], outcomes: [Operation.Outcome(200, .json(.dossier), "The dossier.")]
        ) { call in .json(members(try await archive.dossier(try call.text("dossier"), by: try call.actor))) }
    }

    private static func matrix(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.matrix", .get, "/api/v1/dossiers/{dossier}/matrix", "Each indicator with its citations and scores, and what is missing",
            tag: tag, parameters: [dossier], outcomes: [Operation.Outcome(200, .json(.matrix), "The matrix.")]
        ) { call in .json(members(try await archive.matrix(try call.text("dossier"), by: try call.actor))) }
    }

    private static func history(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.history", .get, "/api/v1/dossiers/{dossier}/history", "A dossier as of a record, with the records about it", tag: tag,
            parameters: [
                dossier, .query("as_of", .count, "The number of a record; the newest where none is given."),
                .query("since", .count, "Only records after this one."),
            ],
            outcomes: [Operation.Outcome(200, .json(.history), "The history.")], refusals: [409]
        ) { call in
            let since = call.integer("since")
            let history = try await archive.history(
                try call.text("dossier"), asOf: call.integer("as_of"), since: since, by: try call.actor)
            return .json(try members(history, since: since))
        }
    }

    private static func verdict(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.verdict", .get, "/api/v1/dossiers/{dossier}/verdict", "What the rules say of a dossier's scores, with every reason", tag: tag,
            parameters: [
                dossier, .query("by", .choice(of: ScoreKind.self), "Whose scores; the furthest that there are where none is given."),
            ],
            outcomes: [
                Operation.Outcome(
                    200,
                    .json(
                        .object([
                            .required("dossier", .identifier(DossierID.prefix)), .required("by", .choice(of: ScoreKind.self)),
                            .required("verdict", .verdict),
                        ])), "The verdict.")
            ]
        ) { call in
            let (found, kind, verdict) = try await archive.verdict(of: try call.text("dossier"), by: call.choice("by"), by: try call.actor)
            return .json(["dossier": .string(found.id.text), "by": .string(kind.rawValue), "verdict": json(verdict)])
        }
    }

    // MARK: Acting

    private static func open(_ archive: Archive) -> Operation {
        Operation(
            "dossiers.open", .post, "/api/v1/dossiers", "Registers a person for the title of a cycle", tag: tag,
            body: .json(
                .object([
                    .required("person", .reference), .required("cycle", .cycle), .required("unit", .reference),
                    .required("rules", .reference, "CODE, CODE@VERSION or the digest; the dossier is bound to it for ever."),
                    .required("criteria", .reference), .optional("group", .line(max: 100)), role,
                ])),
            outcomes: [Operation.Outcome(201, .json(.dossierSummary), "The dossier.", [.location])], creates: true
        ) { call in
            let body = call.body
            let opened = try await archive.openDossier(
                person: try body.text("person"), cycle: body.integer("cycle") ?? 0, unit: try body.text("unit"), rules: try body.text("rules"),
                criteria: try body.text("criteria"), group: body.optionalText("group"), role: try body.role, by: try call.actor)
            return .created(.members(members(opened)), at: "/api/v1/dossiers/\(opened.id)")
        }
    }

    /// Dossiers that take a step, or are decided about, together.
    static let togetherLimit = 1000

    private static func step(_ archive: Archive) -> Operation {
        let acts = DossierAct.allCases.filter { ![.recognise, .refuse, .revoke].contains($0) }.map(\.rawValue)
        return Operation(
            "dossiers.step", .post, "/api/v1/steps", "Takes a step of the lives of dossiers, all or none", tag: tag,
            body: .json(
                .object([
                    .required("dossiers", .array(.reference, max: togetherLimit)), .required("act", .choice(acts)), role,
                    .optional("reason", .line(max: 2000), "Needed for whatever does not go straight on."),
                    .optional(
                        "review",
                        .object([
                            .required("held_on", .date), .required("participants", .array(.line(max: 200), max: 1000)),
                            .required("votes_for", .integer(0...100_000)), .required("votes_against", .integer(0...100_000)),
                            .required("minutes", .reference, "The evidence item of the minutes."),
                        ]), "How the collective review was held; with the act `review`, and only there."),
                ])),
            outcomes: [
                Operation.Outcome(
                    200, .json(.object([.required("dossiers", .array(.dossierSummary, max: togetherLimit))])), "Where they are now.")
            ], creates: true
        ) { call in
            let body = call.body
            guard let act: DossierAct = body.choice("act") else { throw Problem.field("/act", "is no act") }
            var review: Archive.ReviewEntry?
            if let held = body.object("review") {
                guard let day = held.date("held_on") else { throw Problem.field("/review/held_on", "is no date") }
                review = Archive.ReviewEntry(
                    heldOn: day, participants: held.texts("participants"), votesFor: held.integer("votes_for") ?? 0,
                    votesAgainst: held.integer("votes_against") ?? 0, minutes: try held.text("minutes"))
            }
            let moved = try await archive.step(
                body.texts("dossiers"), act, role: try body.role, reason: body.optionalText("reason"), review: review, by: try call.actor)
            return .json(["dossiers": .array(moved.map { .members(members($0)) })])
        }
    }

    private static func cite(_ archive: Archive) -> Operation {
        let thousandth = Schema.integer(0...1000)
        return Operation(
            "citations.cite", .post, "/api/v1/dossiers/{dossier}/citations", "Cites evidence for an indicator: the item, its digest, pages", tag: tag,
            parameters: [dossier],
            body: .json(
                .object([
                    .required("indicator", .indicator), .required("item", .reference),
                    .optional("pages", .array(.integer(1...1_000_000), max: 1000), "From 1; the whole where none is given."),
                    .optional(
                        "region",
                        .object([
                            .required("x", thousandth), .required("y", thousandth), .required("width", thousandth), .required("height", thousandth),
                        ]), "A part of the page, in thousandths."),
                    .optional("note", .line(max: 2000)),
                    .optional("reaffirm", .boolean, "It is known that the person used it in an earlier cycle, and it still proves the indicator."),
                    role,
                ])),
            outcomes: [Operation.Outcome(201, .json(.citation), "The citation.", [.location])], creates: true
        ) { call in
            let body = call.body
            var region: PageRegion?
            if let part = body.object("region") {
                region = PageRegion(
                    x: part.integer("x") ?? 0, y: part.integer("y") ?? 0, width: part.integer("width") ?? 0, height: part.integer("height") ?? 0)
                if region == nil { throw Problem.field("/region", "is empty, or not on the page") }
            }
            let citation = try await archive.cite(
                try call.text("dossier"), try indicator(try body.text("indicator"), at: "/indicator"), item: try body.text("item"),
                pages: body.integers("pages"), region: region, note: body.optionalText("note"), reaffirms: body.flag("reaffirm"),
                role: try body.role, by: try call.actor)
            return .created(json(citation), at: "/api/v1/dossiers/\(citation.dossier)")
        }
    }

    private static func withdrawCitation(_ archive: Archive) -> Operation {
        Operation(
            "citations.withdraw", .post, "/api/v1/citations/{citation}/withdrawal", "Takes a citation back; it stays in the ledger", tag: tag,
            parameters: [.path("citation", "The citation's id, or enough of the beginning of it.")],
            body: .json(.object([.required("reason", .line(max: 2000)), role])),
            outcomes: [
                Operation.Outcome(200, .json(.object([.required("citation", .identifier(CitationID.prefix))])), "It holds no longer.")
            ]
        ) { call in
            let id = try await archive.withdrawCitation(
                try call.text("citation"), reason: try call.body.text("reason"), role: try call.body.role, by: try call.actor)
            return .json(["citation": .string(id.text)])
        }
    }

    private static func score(_ archive: Archive) -> Operation {
        Operation(
            "scores.give", .post, "/api/v1/dossiers/{dossier}/scores", "Gives scores of one kind; what was given before stays in the ledger",
            tag: tag,
            parameters: [dossier],
            body: .json(
                .object([
                    .required("kind", .choice(of: ScoreKind.self)),
                    .required(
                        "scores",
                        .dictionary(
                            .object([
                                .required("points", .line(max: 8), "`8` or `9.5`."),
                                .optional("partial", .boolean, "Only a part of the indicator was done."),
                            ])), "By indicator."),
                    .optional("reason", .line(max: 2000)), role,
                ])),
            outcomes: [Operation.Outcome(200, .json(.dossierSummary), "The dossier.")]
        ) { call in
            let body = call.body
            guard let kind: ScoreKind = body.choice("kind") else { throw Problem.field("/kind", "is no kind of score") }
            var scores: [IndicatorCode: Score] = [:]
            for (name, value) in body.object("scores")?.all ?? [:] {
                guard case .object(let members) = value, let points = Points(try Members(members).text("points")) else {
                    throw Problem.field("/scores/\(name)/points", "are no points, e.g. 9.5")
                }
                scores[try indicator(name, at: "/scores/\(name)")] = Score(points: points, isPartial: Members(members).flag("partial"))
            }
            let scored = try await archive.score(
                try call.text("dossier"), kind, scores, role: try body.role, reason: body.optionalText("reason"), by: try call.actor)
            return .json(members(scored))
        }
    }

    private static func indicator(_ text: String, at pointer: String) throws(Problem) -> IndicatorCode {
        guard let code = IndicatorCode(text) else { throw .field(pointer, "is no indicator, e.g. B2") }
        return code
    }
}

extension Members {
    /// The role in which it is done.
    var role: Role {
        get throws(Problem) {
            guard let role: Role = choice("role") else { throw .field("/role", "is missing") }
            return role
        }
    }
}
