public import Custody
public import Evidence
public import Ledger
public import Recognition

// MARK: Title to evidence

public func members(_ trace: TitleTrace) -> [String: JSON?] {
    let decision = trace.decision
    return [
        "title": json(trace.title), "person_name": .string(trace.personName), "unit_name": .string(trace.unitName),
        "dossier": .string(decision.dossier.text), "group": .string(decision.group), "document": json(decision.document),
        "decided_by": .string(trace.decidedBy.principal), "decided_at": .text(trace.decidedAt), "role": .string(decision.role.rawValue),
        "reviewers": .array(decision.reviewers.map(JSON.string)), "rules": .string(decision.rules.hex),
        "rules_code": .string("\(trace.rules.code)@\(trace.rules.version)"), "criteria": .string(decision.criteria.hex),
        "criteria_code": .string("\(trace.criteria.code)@\(trace.criteria.version)"),
        "provisional": .bool(trace.rules.isProvisional || trace.criteria.isProvisional), "verdict": json(trace.verdict),
        "indicators": .array(trace.indicators.map(json)), "honours": .array(trace.honours.map { json($0) }),
        "records": .number(trace.treeSize), "record_root": .string(trace.treeRoot.hex),
    ]
}

public func members(_ trace: HonourTrace) -> [String: JSON?] {
    [
        "honour": json(trace.honour), "person_name": .string(trace.personName), "document": json(trace.grant.document),
        "rules": .string(trace.grant.rules.hex), "titles": .array(trace.titles.map { json($0) }),
    ]
}

public func json(_ document: DecisionDocument) -> JSON {
    .members([
        "decision": .string(document.id.text), "number": .string(document.codeNumber), "notation": .string(document.codeNotation),
        "issued": .text(document.issuedOn), "authority": .string(document.authority), "signer": .string(document.signer),
        "scan": .text(document.scan?.item), "scan_object": .text(document.scan?.object.hex),
    ])
}

private func json(_ trace: IndicatorTrace) -> JSON {
    .members([
        "indicator": .string(trace.indicator.code.text), "name": .string(trace.indicator.name), "score": trace.score.map { json($0) },
        "score_record": trace.scoreRecord.map(JSON.number), "citations": .array(trace.citations.map(json)),
    ])
}

private func json(_ cited: CitedEvidence) -> JSON {
    .members([
        "citation": .string(cited.citation.text), "citation_record": cited.citationRecord.map(JSON.number),
        "item": .string(cited.evidence.item.text), "object": .string(cited.evidence.object.hex), "title": .text(cited.title),
        "pages": .array(cited.pages.map(JSON.number)), "text": .text(cited.text?.hex),
        "deposit_record": cited.depositRecord.map(JSON.number), "extraction_record": cited.extractionRecord.map(JSON.number),
        "verification_then": .string(cited.verificationThen.rawValue), "verification_now": .string(cited.verificationNow.rawValue),
        "damaged": .bool(cited.isDamaged),
    ])
}

// MARK: Evidence to titles

/// What rests on an item, and who would fall without it.
public func members(_ trace: EvidenceTrace) -> [String: JSON?] {
    [
        "item": .string(trace.evidence.item.text), "object": .string(trace.evidence.object.hex), "title": .text(trace.title),
        "deposit_record": .number(trace.depositRecord), "verification": .string(trace.verification.rawValue),
        "damaged": .bool(trace.isDamaged), "minutes_of": .array(trace.minutesOf.map { .string($0.text) }),
        "scan_of": .array(trace.scanOf.map { .string($0.text) }),
        "uses": .array(
            trace.uses.map { use in
                var all = members(use.dossier)
                all["citations"] = .array(use.citations.map { json($0) })
                all["decided"] = .bool(use.isDecided)
                all["title"] = use.title.map { json($0) }
                all["honours"] = .array(use.honours.map { json($0) })
                all["before"] = json(use.before, isWhole: false)
                all["after"] = json(use.after, isWhole: false)
                all["losing"] = .array(use.losing.map { .string($0.text) })
                all["falls"] = .bool(use.falls)
                return .members(all)
            }),
        "reuse": .array(trace.reuse.map { json($0) }),
        "if_revoked": .object([
            "dossiers": .number(trace.uses.count), "falling": .number(trace.falling.count),
            "below_threshold": .array(trace.falling(under: .threshold).map { .string($0.dossier.id.text) }),
            "below_floor": .array(trace.falling(under: .floor).map { .string($0.dossier.id.text) }),
            "titles": .array(trace.falling.compactMap(\.title).map { .string($0.id.text) }),
            "honours": .array(trace.honoursConcerned.map { .string($0.id.text) }),
        ]),
    ]
}

extension EvidenceTrace {
    /// The uses that fall because of this rule.
    public func falling(under rule: RuleName) -> [EvidenceUse] {
        falling.filter { use in use.after.unmet.contains { $0.rule == rule } }
    }

    /// The honours of the uses that fall, each once, though it rests on many titles.
    public var honoursConcerned: [TitleSummary] {
        var seen: Set<TitleID> = []
        return falling.flatMap(\.honours).filter { seen.insert($0.id).inserted }
    }
}

// MARK: Their schemas

extension Schema {
    static let decisionDocument = Schema.named(
        "DecisionDocument",
        .object([
            .required("decision", .identifier(DecisionID.prefix)), .required("number", .words), .required("notation", .words),
            .required("issued", .date), .required("authority", .words), .required("signer", .words),
            .optional("scan", .identifier(EvidenceID.prefix)), .optional("scan_object", .digest),
        ]))

    private static let citedEvidence = Schema.object([
        .required("citation", .identifier(CitationID.prefix)), .optional("citation_record", .count),
        .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .optional("title", .words),
        .required("pages", .list(.count)), .optional("text", .digest), .optional("deposit_record", .count), .optional("extraction_record", .count),
        .required("verification_then", .choice(of: VerificationState.self)),
        .required("verification_now", .choice(of: VerificationState.self)), .required("damaged", .boolean),
    ])

    static let titleTrace = Schema.named(
        "TitleTrace",
        .object([
            .required("title", .title), .required("person_name", .words), .required("unit_name", .words),
            .required("dossier", .identifier(DossierID.prefix)), .required("group", .words), .required("document", .decisionDocument),
            .required("decided_by", .actor), .required("decided_at", .time), .required("role", .choice(of: Role.self)),
            .required("reviewers", .list(.words)), .required("rules", .digest), .required("rules_code", .words), .required("criteria", .digest),
            .required("criteria_code", .words), .required("provisional", .boolean), .required("verdict", .verdict),
            .required(
                "indicators",
                .list(
                    .object([
                        .required("indicator", .indicator), .required("name", .words), .optional("score", .score), .optional("score_record", .count),
                        .required("citations", .list(citedEvidence)),
                    ]))),
            .required("honours", .list(.title)), .required("records", .count), .required("record_root", .digest),
        ]))

    static let honourTrace = Schema.named(
        "HonourTrace",
        .object([
            .required("honour", .title), .required("person_name", .words), .required("document", .decisionDocument), .required("rules", .digest),
            .required("titles", .list(.title)),
        ]))

    static let evidenceTrace = Schema.named(
        "EvidenceTrace",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .optional("title", .words),
            .required("deposit_record", .count), .required("verification", .choice(of: VerificationState.self)), .required("damaged", .boolean),
            .required("minutes_of", .list(.words)), .required("scan_of", .list(.words)),
            .required(
                "uses",
                .list(
                    .object(
                        dossierMembers + [
                            .required("citations", .list(.citation)), .required("decided", .boolean), .optional("title", .title),
                            .required("honours", .list(.title)), .required("before", .verdict), .required("after", .verdict),
                            .required("losing", .list(.indicator)), .required("falls", .boolean),
                        ]))),
            .required("reuse", .list(.reuse)),
            .required(
                "if_revoked",
                .object([
                    .required("dossiers", .count), .required("falling", .count),
                    .required("below_threshold", .list(.identifier(DossierID.prefix))),
                    .required("below_floor", .list(.identifier(DossierID.prefix))), .required("titles", .list(.identifier(TitleID.prefix))),
                    .required("honours", .list(.identifier(TitleID.prefix))),
                ])),
        ]))
}
