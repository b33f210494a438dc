public import Custody
internal import Evidence
public import Ledger

/// The state of an archive in numbers.
public func members(_ status: ArchiveStatus) -> [String: JSON?] {
    let age = status.oldestCheck.map { (status.now.milliseconds - $0.milliseconds) / 1000 }
    let extractor: [String: JSON] =
        switch status.extractor {
        case .success(let tool): ["available": .bool(true), "tool": .string(tool)]
        case .failure(let error): ["available": .bool(false), "reason": .string(error.description)]
        }
    return [
        "archive": .string(status.archive.text), "format": .number(status.format), "items": .number(status.items),
        "objects": .number(status.objects), "bytes": .integer(status.bytes), "damaged_objects": .number(status.damagedObjects),
        "records": .number(status.records), "record_root": .string(status.recordRoot.hex),
        "access_log_entries": .number(status.accessLogEntries), "access_log_root": .string(status.accessLogRoot.hex),
        "queue": .number(status.queue), "read_in_last_hour": .number(status.readInLastHour),
        "extraction": .object(
            Dictionary(uniqueKeysWithValues: status.extraction.map { ($0.key.rawValue, .number($0.value)) })),
        "failures": .array(
            status.failures.map { .object(["reason": .string($0.reason), "count": .number($0.count)]) }),
        "extractor": .object(extractor), "index_behind": status.indexBehind.map(JSON.number),
        "oldest_check": .text(status.oldestCheck), "oldest_check_age_seconds": age.map(JSON.integer),
        "free_space": .integer(status.freeSpace), "person_key_failure": .text(status.personKeyFailure),
        "unfinished_erasures": .array(status.unfinishedErasures.map(json)),
    ]
}

/// As `erase` and `status` say it.
public func json(_ erasure: UnfinishedErasure) -> JSON {
    .object([
        "record": .number(erasure.record), "list": .string(erasure.list), "is_off_disk": .bool(erasure.isOffDisk),
        "message": .string(erasure.description),
    ])
}

/// What an erasure takes, or would take.
public func members(_ plan: ErasurePlan) -> [String: JSON?] {
    [
        "applied": .bool(plan.record != nil), "record": plan.record.map(JSON.number), "person": .text(plan.person),
        "items": .array(
            plan.items.map {
                .object([
                    "item": .string($0.id.text), "object": .string($0.object.hex), "takes_object": .bool($0.takesObject),
                    "dossiers": .array($0.dossiers.map { .string($0.text) }), "titles": .array($0.titles.map { .string($0.text) }),
                ])
            }),
        "shared": .array(
            plan.shared.map {
                switch $0 {
                case .item(let id, _, let use): .object(["item": .string(id.text), "use": .string(use)])
                case .record(let number, let kind): .object(["record": .number(number), "kind": .string(kind.rawValue)])
                }
            }),
        "left": .array(plan.left.map(JSON.number)), "namesakes": .array(plan.namesakes.map { .string($0.text) }),
        "records": .array(plan.bodies.map(JSON.number)), "objects": .array(plan.objects.map { .string($0.hex) }), "bytes": .integer(plan.bytes),
        "unfinished": .array(plan.unfinished.map(json)),
    ]
}

// MARK: Their schemas

extension Schema {
    static let unfinishedErasure = Schema.named(
        "UnfinishedErasure",
        .object([
            .required("record", .count), .required("list", .words), .required("is_off_disk", .boolean), .required("message", .words),
        ]))

    static let status = Schema.named(
        "Status",
        .object([
            .required("archive", .identifier(ArchiveID.prefix)), .required("format", .count), .required("items", .count),
            .required("objects", .count), .required("bytes", .count), .required("damaged_objects", .count), .required("records", .count),
            .required("record_root", .digest), .required("access_log_entries", .count), .required("access_log_root", .digest),
            .required("queue", .count), .required("read_in_last_hour", .count), .required("extraction", .dictionary(.count)),
            .required("failures", .list(.object([.required("reason", .words), .required("count", .count)]))),
            .required(
                "extractor",
                .object([.required("available", .boolean), .optional("tool", .words), .optional("reason", .words)])),
            .optional("index_behind", .count), .optional("oldest_check", .time), .optional("oldest_check_age_seconds", .integer(JSON.safeIntegers)),
            .required("free_space", .count), .optional("person_key_failure", .words),
            .required("unfinished_erasures", .list(.unfinishedErasure)),
        ]))

    static let erasurePlan = Schema.named(
        "ErasurePlan",
        .object([
            .required("applied", .boolean), .optional("record", .count), .optional("person", .identifier(PersonID.prefix)),
            .required(
                "items",
                .list(
                    .object([
                        .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .required("takes_object", .boolean),
                        .required("dossiers", .list(.identifier(DossierID.prefix))), .required("titles", .list(.identifier(TitleID.prefix))),
                    ]))),
            .required(
                "shared",
                .list(
                    .oneOf([
                        .object([.required("item", .identifier(EvidenceID.prefix)), .required("use", .words)]),
                        .object([.required("record", .count), .required("kind", .words)]),
                    ]))),
            .required("left", .list(.count)), .required("namesakes", .list(.identifier(PersonID.prefix))), .required("records", .list(.count)),
            .required("objects", .list(.digest)), .required("bytes", .count), .required("unfinished", .list(.unfinishedErasure)),
        ]))
}
