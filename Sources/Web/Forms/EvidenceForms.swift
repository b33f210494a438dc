public import Custody
public import Evidence
public import Ledger

/// The JSON of metadata, under the names that the options have.
public func json(_ metadata: EvidenceMetadata) -> JSON {
    .members([
        "title": .text(metadata.title), "kind": .string(metadata.kind.rawValue), "issuer": .text(metadata.issuer),
        "number": .text(metadata.codeNumber), "notation": .text(metadata.codeNotation), "subject": .text(metadata.subject),
        "issued": .text(metadata.issuedOn), "valid_from": .text(metadata.validFrom),
        "valid_until": .text(metadata.validUntil), "holder": .text(metadata.holder), "person": .text(metadata.person),
        "language": .text(metadata.language),
        "file_name": .text(metadata.fileName), "assurance": .string(metadata.assurance.rawValue),
    ])
}

public func json(_ finding: ExtractionFinding) -> JSON {
    .members([
        "state": .string(finding.state.rawValue), "media_type": .text(finding.mediaType),
        "pages": finding.pageCount.map(JSON.number), "text": .text(finding.text?.digest),
        "text_size": finding.text.map { .integer($0.size) }, "incomplete": .text(finding.incomplete),
        "reason": .text(finding.reason), "facts": .object(finding.facts.mapValues(JSON.string)),
        "tool": .string(finding.tool),
    ])
}

/// All that is known of an item.
public func members(_ account: ItemAccount) -> [String: JSON?] {
    [
        "item": .string(account.id.text), "object": .string(account.object.digest.hex),
        "size": .integer(account.object.size), "depositor": .string(account.depositor.account),
        "acting_as": .text(account.depositor.actingAs), "deposited_at": .text(account.depositedAt),
        "deposit_record": .number(account.depositRecord), "metadata": json(account.metadata),
        "metadata_record": .number(account.metadataRecord), "damaged": .bool(account.isDamaged),
        "verification": .string(account.verification.rawValue), "superseded_by": .text(account.supersededBy),
        "findings": .array(account.findings.map { found($0.header, $0.verification, of: account) }),
        "extraction": account.extraction.map { json($0) },
        "extraction_record": account.extractionRecord.map(JSON.number),
        "suggested": .object(
            Dictionary(account.suggestions.map { ($0.field, .string($0.value)) }, uniquingKeysWith: { first, _ in first })),
        "history": .array(
            account.history.map {
                .object([
                    "record": .number($0.number), "kind": .string($0.kind), "time": .string($0.time.description),
                    "actor": .string($0.actor.account),
                ])
            }),
    ]
}

/// A finding holds for what was declared when it was made; a later description ends it.
private func found(_ header: RecordHeader, _ found: EvidenceVerification, of account: ItemAccount) -> JSON {
    .members([
        "record": .number(header.number), "time": .string(header.time.description), "state": .string(found.state.rawValue),
        "how": .text(found.method?.rawValue), "reason": .text(found.reason), "role": .string(found.role.rawValue),
        "account": .string(header.actor.principal), "before_description": .bool(header.number < account.metadataRecord),
    ])
}

/// An item in a list.
public func members(_ item: ItemSummary) -> [String: JSON?] {
    [
        "item": .string(item.id.text), "object": .string(item.object.hex), "size": .integer(item.size),
        "deposited_at": .text(item.depositedAt), "metadata": json(item.metadata),
        "extraction": .text(item.extraction?.rawValue),
    ]
}

/// A page that a search found.
public func members(_ hit: SearchHit) -> [String: JSON?] {
    [
        "item": .string(hit.item.text), "object": .string(hit.object.hex), "page": .number(hit.page),
        "text": .text(hit.text), "title": .text(hit.metadata.title ?? hit.metadata.fileName),
        "holder": .text(hit.metadata.holder), "snippet": .text(hit.snippet?.text),
    ]
}

/// An item in a reviewer's list.
public func members(_ entry: ReviewedItem) -> [String: JSON?] {
    [
        "item": .string(entry.item.id.text), "object": .string(entry.item.object.hex), "metadata": json(entry.item.metadata),
        "state": .string(entry.verification.rawValue), "verified_at": .text(entry.verifiedAt),
        "deposited_at": .text(entry.item.depositedAt),
    ]
}

/// An entry of the access log.
public func members(_ entry: AccessAccount) -> [String: JSON?] {
    [
        "number": .number(entry.number), "time": .string(entry.time.description), "kind": .string(entry.kind),
        "actor": .string(entry.actor.account), "acting_as": .text(entry.actor.actingAs),
        "subjects": .array(entry.subjects.map(JSON.string)),
    ]
}

// MARK: Their schemas

extension Schema {
    /// An actor's account, the console's too: `console:lan`.
    static let actor = Schema.text(.line, min: 1, max: 200)

    /// What is declared of an item; in requests and in answers.
    static let metadata = Schema.named(
        "Metadata",
        .object([
            .optional("title", .line(max: 4000)), .optional("kind", .choice(of: EvidenceKind.self)), .optional("issuer", .line(max: 4000)),
            .optional("number", .line(max: 4000)), .optional("notation", .line(max: 4000)), .optional("subject", .line(max: 4000)),
            .optional("issued", .date), .optional("valid_from", .date), .optional("valid_until", .date), .optional("holder", .line(max: 4000)),
            .optional("person", .identifier(PersonID.prefix)), .optional("language", .line(max: 100)), .optional("file_name", .line(max: 4000)),
            .optional("assurance", .choice(of: AssuranceLevel.self)),
        ]))

    static let extraction = Schema.named(
        "Extraction",
        .object([
            .required("state", .choice(of: ExtractionState.self)), .optional("media_type", .words), .optional("pages", .count),
            .optional("text", .digest), .optional("text_size", .count), .optional("incomplete", .words), .optional("reason", .words),
            .required("facts", .dictionary(.words)), .required("tool", .words),
        ]))

    static let finding = Schema.named(
        "Finding",
        .object([
            .required("record", .count), .required("time", .time), .required("state", .choice(of: VerificationState.self)),
            .optional("how", .choice(of: VerificationMethod.self)), .optional("reason", .words), .required("role", .choice(of: Role.self)),
            .required("account", .actor), .required("before_description", .boolean),
        ]))

    static let item = Schema.named(
        "Item",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .required("size", .count),
            .required("depositor", .actor), .optional("acting_as", .account), .required("deposited_at", .time), .required("deposit_record", .count),
            .required("metadata", .metadata), .required("metadata_record", .count), .required("damaged", .boolean),
            .required("verification", .choice(of: VerificationState.self)), .optional("superseded_by", .identifier(EvidenceID.prefix)),
            .required("findings", .list(.finding)), .optional("extraction", .extraction), .optional("extraction_record", .count),
            .required("suggested", .dictionary(.words), "Found in the text, and declared by nobody."),
            .required(
                "history",
                .list(
                    .object([
                        .required("record", .count), .required("kind", .words), .required("time", .time), .required("actor", .actor),
                    ]))),
        ]))

    static let itemSummary = Schema.named(
        "ItemSummary",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .required("size", .count),
            .required("deposited_at", .time), .required("metadata", .metadata), .optional("extraction", .choice(of: ExtractionState.self)),
        ]))

    static let searchHit = Schema.named(
        "SearchHit",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest),
            .required("page", .count, "From 1; 0 is what was declared."), .optional("text", .digest), .optional("title", .words),
            .optional("holder", .words), .optional("snippet", .words),
        ]))

    static let reviewedItem = Schema.named(
        "ReviewedItem",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .required("metadata", .metadata),
            .required("state", .choice(of: VerificationState.self)), .optional("verified_at", .time), .required("deposited_at", .time),
        ]))

    static let access = Schema.named(
        "Access",
        .object([
            .required("number", .count), .required("time", .time), .required("kind", .words), .required("actor", .actor),
            .optional("acting_as", .account), .required("subjects", .list(.words)),
        ]))
}
