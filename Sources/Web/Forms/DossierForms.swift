public import Custody
public import Evidence
public import Ledger
internal import Recognition

public func json(_ review: CollectiveReview) -> JSON {
    .members([
        "held_on": .text(review.heldOn), "votes_for": .number(review.votesFor), "votes_against": .number(review.votesAgainst),
        "participants": .array(review.participants.map(JSON.string)), "minutes": .text(review.minutes?.item),
        "minutes_object": .text(review.minutes?.object.hex),
    ])
}

public func members(_ dossier: DossierSummary) -> [String: JSON?] {
    [
        "dossier": .string(dossier.id.text), "person": .string(dossier.person.text), "person_name": .string(dossier.personName),
        "cycle": .number(dossier.cycle), "unit": .string(dossier.unit.text), "group": .string(dossier.group),
        "stage": .string(dossier.stage.rawValue), "criteria": .string(dossier.criteria.hex), "rules": .string(dossier.rules.hex),
    ]
}

/// Where a dossier is, what may be done next, its scores and citations.
public func members(_ account: DossierAccount) -> [String: JSON?] {
    var all = members(account.dossier)
    all["opened_record"] = .number(account.openedRecord)
    all["rules_code"] = .string("\(account.rules.code)@\(account.rules.version)")
    all["criteria_code"] = .string("\(account.criteria.code)@\(account.criteria.version)")
    all["provisional"] = .bool(account.rules.isProvisional || account.criteria.isProvisional)
    all["stages"] = .array(account.stages.map(json))
    all["next"] = .array(
        account.next.map { .object(["act": .string($0.act.rawValue), "roles": .array($0.roles.map { .string($0.rawValue) })]) })
    all["scores"] = json(account.scores)
    all["citations"] = .array(account.citations.map(json))
    all["titles"] = .array(account.titles.map(json))
    return all
}

public func json(_ stage: StageAccount) -> JSON {
    .members([
        "stage": .string(stage.stage.rawValue), "act": .text(stage.act?.rawValue), "role": .string(stage.role.rawValue),
        "account": .string(stage.account), "record": .number(stage.record), "until": stage.until.map(JSON.number),
        "review": stage.review.map { json($0) },
    ])
}

public func json(_ citation: CitationAccount) -> JSON {
    .members([
        "citation": .string(citation.id.text), "dossier": .string(citation.dossier.text),
        "indicator": .string(citation.indicator.text), "item": .string(citation.evidence.item.text),
        "object": .string(citation.evidence.object.hex), "title": .text(citation.title),
        "pages": .array(citation.pages.map(JSON.number)), "text": .text(citation.text?.hex),
        "reaffirms": .text(citation.reaffirms), "record": .number(citation.record),
        "verification": .string(citation.verification.rawValue), "counts": .bool(citation.counts),
    ])
}

public func members(_ title: TitleSummary) -> [String: JSON?] {
    [
        "title": .string(title.id.text), "person": .string(title.person.text), "cycle": .number(title.cycle), "unit": .text(title.unit),
        "honour": .text(title.honour), "code": .string(title.code), "issued": .text(title.issuedOn), "revoked": .bool(title.isRevoked),
        "replaced": .bool(title.isReplaced), "record": .number(title.record),
    ]
}

public func json(_ title: TitleSummary) -> JSON { .members(members(title)) }

public func json(_ flag: ReuseFlag) -> JSON {
    .object(["item": .string(flag.item.text), "kind": .string(flag.kind.rawValue), "others": .number(flag.others)])
}

/// Which indicator is proven by what, and by whom it was scored how.
public func members(_ matrix: DossierMatrix) -> [String: JSON?] {
    var all = members(matrix.dossier)
    all["indicators"] = .array(
        matrix.lines.map { line in
            .object([
                "indicator": .string(line.indicator.code.text), "name": .string(line.indicator.name),
                "quantifiable": .bool(line.indicator.isQuantifiable), "proven": .bool(line.isProven),
                "scores": .object(Dictionary(uniqueKeysWithValues: line.scores.map { ($0.key.rawValue, json($0.value)) })),
                "citations": .array(line.citations.map(json)),
            ])
        })
    all["empty"] = .array(matrix.empty.map { .string($0.text) })
    all["uncited"] = .array(
        matrix.uncited.map { .members(["item": .string($0.id.text), "title": .text($0.metadata.title ?? $0.metadata.fileName)]) })
    all["reuse"] = .array(matrix.reuse.map(json))
    return all
}

/// A dossier as of a record, and what changed since another.
public func members(_ history: DossierHistory, since: Int?) throws -> [String: JSON?] {
    [
        "dossier": .string(history.dossier.id.text), "as_of": .number(history.asOf), "since": since.map(JSON.number),
        "stage": .text(history.stage?.rawValue), "scores": json(history.scores),
        "citations": .array(history.citations.map(json)),
        "records": .array(
            try history.entries.map { entry in
                .object([
                    "record": .number(entry.number), "time": .string(entry.time.description), "kind": .string(entry.body.kind.rawValue),
                    "actor": .string(entry.actor.principal), "text": .string(entry.text),
                    "body": try JSON(canonical: RecordForm.bodyBytes(entry.body)),
                ])
            }),
    ]
}

// MARK: Their schemas

extension Schema {
    static let review = Schema.named(
        "CollectiveReview",
        .object([
            .required("held_on", .date), .required("votes_for", .count), .required("votes_against", .count), .required("participants", .list(.words)),
            .optional("minutes", .identifier(EvidenceID.prefix)), .optional("minutes_object", .digest),
        ]))

    static let dossierMembers: [Member] = [
        .required("dossier", .identifier(DossierID.prefix)), .required("person", .identifier(PersonID.prefix)), .required("person_name", .words),
        .required("cycle", .cycle), .required("unit", .identifier(UnitID.prefix)), .required("group", .words),
        .required("stage", .choice(of: DossierStage.self)), .required("criteria", .digest), .required("rules", .digest),
    ]
    static let dossierSummary = Schema.named("DossierSummary", .object(dossierMembers))

    static let citation = Schema.named(
        "Citation",
        .object([
            .required("citation", .identifier(CitationID.prefix)), .required("dossier", .identifier(DossierID.prefix)),
            .required("indicator", .indicator), .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest),
            .optional("title", .words), .required("pages", .list(.count), "None where the whole is cited."), .optional("text", .digest),
            .optional("reaffirms", .identifier(CitationID.prefix)), .required("record", .count),
            .required("verification", .choice(of: VerificationState.self)), .required("counts", .boolean),
        ]))

    static let title = Schema.named("Title", .object([.required("person", .identifier(PersonID.prefix))] + titleMembers))

    static let dossier = Schema.named(
        "Dossier",
        .object(
            dossierMembers + [
                .required("opened_record", .count), .required("rules_code", .words), .required("criteria_code", .words),
                .required("provisional", .boolean),
                .required(
                    "stages",
                    .list(
                        .object([
                            .required("stage", .choice(of: DossierStage.self)), .optional("act", .choice(of: DossierAct.self)),
                            .required("role", .choice(of: Role.self)), .required("account", .actor), .required("record", .count),
                            .optional("until", .count), .optional("review", .review),
                        ]))),
                .required(
                    "next",
                    .list(
                        .object([
                            .required("act", .choice(of: DossierAct.self)), .required("roles", .list(.choice(of: Role.self))),
                        ])), "What may be done now, and in what capacity."),
                .required("scores", .scoresByKind), .required("citations", .list(.citation)), .required("titles", .list(.title)),
            ]))

    static let reuse = Schema.named(
        "Reuse",
        .object([.required("item", .identifier(EvidenceID.prefix)), .required("kind", .words), .required("others", .count)]))

    static let matrix = Schema.named(
        "Matrix",
        .object(
            dossierMembers + [
                .required(
                    "indicators",
                    .list(
                        .object([
                            .required("indicator", .indicator), .required("name", .words), .required("quantifiable", .boolean),
                            .required("proven", .boolean), .required("scores", .dictionary(.score), "By kind of score."),
                            .required("citations", .list(.citation)),
                        ]))),
                .required("empty", .list(.indicator)),
                .required(
                    "uncited", .list(.object([.required("item", .identifier(EvidenceID.prefix)), .optional("title", .words)]))),
                .required("reuse", .list(.reuse)),
            ]))

    static let history = Schema.named(
        "History",
        .object([
            .required("dossier", .identifier(DossierID.prefix)), .required("as_of", .integer(-1...JSON.safeIntegers.upperBound)),
            .optional("since", .count), .optional("stage", .choice(of: DossierStage.self)), .required("scores", .scoresByKind),
            .required("citations", .list(.citation)),
            .required(
                "records",
                .list(
                    .object([
                        .required("record", .count), .required("time", .time), .required("kind", .words), .required("actor", .actor),
                        .required("text", .words), .required("body", .anything),
                    ]))),
        ]))
}
