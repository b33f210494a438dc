public import Custody
internal import Evidence
public import Ledger
internal import Recognition

/// What became of a dossier by a decision, or would; what would become has no ids yet.
public func members(_ outcome: DecisionOutcome, isPreview: Bool) -> [String: JSON?] {
    [
        "applied": .bool(!isPreview), "decision": isPreview ? nil : .string(outcome.decision.text),
        "dossier": .string(outcome.dossier.text), "person": .string(outcome.person.text),
        "title": isPreview ? nil : .text(outcome.title), "verdict": json(outcome.verdict),
        "review": outcome.review.map { json($0) }, "record": outcome.record.map(JSON.number),
    ]
}

/// A decision that was derived again.
public func members(_ replay: Replay) -> [String: JSON?] {
    let decision = replay.decision
    return [
        "decision": .string(decision.document.id.text), "dossier": .string(decision.dossier.text), "title": .text(decision.title),
        "record": .number(replay.record), "same": .bool(replay.isSame),
        "differences": .array(replay.differences.map(JSON.string)), "rules": .string(decision.rules.hex),
        "criteria": .string(decision.criteria.hex), "verdict": json(replay.verdict),
    ]
}

extension Schema {
    static let decisionOutcome = Schema.named(
        "DecisionOutcome",
        .object([
            .required("applied", .boolean), .optional("decision", .identifier(DecisionID.prefix)),
            .required("dossier", .identifier(DossierID.prefix)), .required("person", .identifier(PersonID.prefix)),
            .optional("title", .identifier(TitleID.prefix)), .required("verdict", .verdict), .optional("review", .review),
            .optional("record", .count),
        ]))

    static let replay = Schema.named(
        "Replay",
        .object([
            .required("decision", .identifier(DecisionID.prefix)), .required("dossier", .identifier(DossierID.prefix)),
            .optional("title", .identifier(TitleID.prefix)), .required("record", .count), .required("same", .boolean),
            .required("differences", .list(.words)), .required("rules", .digest), .required("criteria", .digest), .required("verdict", .verdict),
        ]))
}

// MARK: Checkpoints, keys, bundles

public func json(_ signed: SignedCheckpoint) -> JSON {
    .object([
        "origin": .string(signed.checkpoint.origin.text), "size": .number(signed.checkpoint.size),
        "root": .string(signed.checkpoint.root.hex), "note": .string(String(decoding: signed.note.bytes, as: UTF8.self)),
    ])
}

public func members(_ account: CheckpointAccount) -> [String: JSON?] {
    [
        "records": json(account.records), "access": json(account.access), "signed_at": .text(account.signedAt),
        "stamped_at": .text(account.stampedAt),
    ]
}

/// A record's copy and its proof, each as the file that `prove` prints.
public func members(_ number: Int, _ proof: InclusionProof, _ copy: RecordCopy) -> [String: JSON?] {
    func text(_ bytes: [UInt8]) -> JSON { .string(String(decoding: bytes, as: UTF8.self)) }
    return ["record": .number(number), "copy": text(copy.bytes), "proof": text(proof.bytes)]
}

public func members(_ keys: ArchiveKeys) -> [String: JSON?] {
    [
        "current": .string(keys.current.text),
        "former": .array(keys.former.map { .object(["key": .string($0.key.text), "until_record": .number($0.record)]) }),
    ]
}

extension Schema {
    static let signedCheckpoint = Schema.named(
        "SignedCheckpoint",
        .object([.required("origin", .words), .required("size", .count), .required("root", .digest), .required("note", .words)]))

    static let checkpoint = Schema.named(
        "Checkpoint",
        .object([
            .required("records", .signedCheckpoint), .required("access", .signedCheckpoint), .required("signed_at", .time),
            .optional("stamped_at", .time),
        ]))

    static let proof = Schema.named(
        "Proof", .object([.required("record", .count), .required("copy", .words), .required("proof", .words)]))

    static let keys = Schema.named(
        "Keys",
        .object([
            .required("current", .words),
            .required("former", .list(.object([.required("key", .words), .required("until_record", .count)]))),
        ]))
}
