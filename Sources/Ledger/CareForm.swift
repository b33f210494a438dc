internal import Evidence

/// The bodies of records about the archive itself: erasures, holds, keys, restorations, the access log, fixity.
extension RecordForm {
    // MARK: Erasure

    static func json(_ erasure: Erasure) -> [String: JSON] {
        var members: [String: JSON] = [
            "items": .array(erasure.items.map { .string($0.text) }), "objects": .array(erasure.objects.map { .string($0.hex) }),
            "redactions": .array(erasure.redactions.map(json)), "reason": .string(erasure.reason),
            "legal_basis": .string(erasure.legalBasis), "role": .string(erasure.role.rawValue),
        ]
        members["person"] = erasure.person.map { .string($0.text) }
        return members
    }

    private static func json(_ redaction: Redaction) -> JSON {
        // A redaction is made by `bodyBytes`, so it is JSON; what was read from a file is written as it was read.
        .object([
            "record": .integer(Int64(redaction.record)), "kind": .string(redaction.kind.rawValue),
            "body": (try? JSON(canonical: redaction.body)) ?? .null,  // because `erasure(_:)` refuses everything else
        ])
    }

    static func erasure(_ fields: inout Fields) throws(RecordFormError) -> Erasure {
        var redactions: [Redaction] = []
        for entry in try fields.objects("redactions") {
            var entry = entry
            let record = Int(try entry.integer("record"))
            let kind: RecordKind = try entry.choice("kind")
            let body = try entry.object("body").canonicalBytes
            try entry.finish()
            // It has to take the place of the body that was erased.
            _ = try RecordForm.body(body, kind: kind)
            redactions.append(Redaction(record: record, kind: kind, body: body))
        }
        return Erasure(
            person: try fields.optionalID("person"), items: try fields.ids("items"), objects: try fields.digests("objects"),
            redactions: redactions, reason: try fields.string("reason"), legalBasis: try fields.string("legal_basis"),
            role: try fields.choice("role"))
    }

    static func json(_ hold: LegalHold) -> [String: JSON] {
        [
            "subject": .string(hold.subject), "reason": .string(hold.reason), "legal_basis": .string(hold.legalBasis),
            "role": .string(hold.role.rawValue),
        ]
    }

    static func legalHold(_ fields: inout Fields) throws(RecordFormError) -> LegalHold {
        LegalHold(
            subject: try fields.string("subject"), reason: try fields.string("reason"), legalBasis: try fields.string("legal_basis"),
            role: try fields.choice("role"))
    }

    // MARK: Keys and epochs

    static func json(_ rotation: KeyRotation) -> [String: JSON] {
        [
            "old": .string(rotation.old), "new": .string(rotation.new), "reason": .string(rotation.reason),
            "endorsement": .string(rotation.endorsement), "access_size": .integer(Int64(rotation.accessSize)),
        ]
    }

    static func keyRotation(_ fields: inout Fields) throws(RecordFormError) -> KeyRotation {
        KeyRotation(
            old: try fields.string("old"), new: try fields.string("new"), reason: try fields.string("reason"),
            endorsement: try fields.string("endorsement"), accessSize: Int(try fields.integer("access_size")))
    }

    static func json(_ restoration: Restoration) -> [String: JSON] {
        var members: [String: JSON] = [
            "epoch": .integer(Int64(restoration.epoch)), "from_epoch": .integer(Int64(restoration.fromEpoch)),
            "taken_at": .string(restoration.takenAt.description), "access_size": .integer(Int64(restoration.accessSize)),
        ]
        members["witnessed"] = restoration.witnessed.map { tree in
            .object(["epoch": .integer(Int64(tree.epoch)), "size": .integer(Int64(tree.size)), "root": .string(tree.root.hex)])
        }
        members["reason"] = restoration.reason.map(JSON.string)
        return members
    }

    static func restoration(_ fields: inout Fields) throws(RecordFormError) -> Restoration {
        var witnessed: Restoration.KnownTree?
        if var found = try fields.optionalObject("witnessed") {
            witnessed = Restoration.KnownTree(
                epoch: Int(try found.integer("epoch")), size: Int(try found.integer("size")), root: try found.digest("root"))
            try found.finish()
        }
        return Restoration(
            epoch: Int(try fields.integer("epoch")), fromEpoch: Int(try fields.integer("from_epoch")),
            takenAt: try fields.value("taken_at") { Timestamp($0) }, accessSize: Int(try fields.integer("access_size")), witnessed: witnessed,
            reason: try fields.optionalString("reason"))
    }

    // MARK: The access log and fixity

    static func json(_ drop: AccessDrop) -> [String: JSON] {
        ["before": .integer(Int64(drop.before)), "until": .string(drop.until.description), "reason": .string(drop.reason)]
    }

    static func accessDrop(_ fields: inout Fields) throws(RecordFormError) -> AccessDrop {
        AccessDrop(
            before: Int(try fields.integer("before")), until: try fields.value("until") { Timestamp($0) },
            reason: try fields.string("reason"))
    }

    static func json(_ check: FixityCheck) -> [String: JSON] {
        [
            "started_at": .string(check.startedAt.description),
            "objects": .array(check.ranges.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) }),
        ]
    }

    static func fixityCheck(_ fields: inout Fields) throws(RecordFormError) -> FixityCheck {
        let started = try fields.value("started_at") { Timestamp($0) }
        var ranges: [ClosedRange<Int64>] = []
        for value in try fields.optionalArray("objects") ?? [] {
            guard case .array(let ends) = value, ends.count == 2, case .integer(let first) = ends[0], case .integer(let last) = ends[1],
                first > ranges.last?.upperBound ?? 0, last >= first
            else { throw .wrong(field: "objects") }
            ranges.append(first...last)
        }
        guard !ranges.isEmpty else { throw .wrong(field: "objects") }
        return FixityCheck(startedAt: started, ranges: ranges)
    }
}
