internal import Evidence
internal import GRDB
internal import Ledger
internal import VietnameseText

/// The fold of records about the archive itself: erasures, holds, fixity, keys and restorations.
extension Views {
    /// Makes the views show what they would have shown if the bodies had been the redacted ones from the beginning.
    static func fold(_ erasure: Erasure, _ header: RecordHeader, _ db: Database) throws {
        for redaction in erasure.redactions {
            try db.run(
                """
                INSERT INTO redaction (number, record, body) VALUES (?, ?, ?)
                ON CONFLICT (number) DO UPDATE SET record = excluded.record, body = excluded.body
                """, [redaction.record, header.number, String(decoding: redaction.body, as: UTF8.self)])
            try show(redaction, db)
        }
        for item in erasure.items {
            try verify(item, .erased, nil, by: nil, header, db)
            try db.run("UPDATE item SET erased_record = ? WHERE id = ?", [header.number, item.text])
        }
        for object in erasure.objects {
            try db.run("UPDATE object SET erased_record = ?, is_damaged = 0 WHERE digest = ?", [header.number, object.hex])
        }
        if let person = erasure.person {
            try db.run("UPDATE person SET erased_record = ? WHERE id = ?", [header.number, person.text])
        }
    }

    /// Makes the views show a redaction as if it had been the body.
    private static func show(_ redaction: Redaction, _ db: Database) throws {
        switch try RecordForm.body(redaction.body, kind: redaction.kind) {
        case .evidenceDeposited(let deposit): try show(deposit.metadata, declaredBy: redaction.record, of: deposit.item, db)
        case .evidenceDescribed(let item, let metadata): try show(metadata, declaredBy: redaction.record, of: item, db)
        case .objectExtracted(let object, let finding):
            try db.run(
                "UPDATE object SET reason = ? WHERE digest = ? AND extraction_record = ?",
                [finding.reason, object.hex, redaction.record])
        case .personDeclared(let person):
            try db.run(
                """
                UPDATE person SET name = ?, name_folded = ?, birth_year = ?, subject_group = ?, account = ?, unit = ?, number_mac = ?,
                    number_ending = ? WHERE id = ? AND record = ?
                """,
                [
                    person.name, SearchForm.folded(person.name), person.birthYear, person.group, person.account, person.unit?.text,
                    person.number?.mac.hex, person.number?.ending, person.person.text, redaction.record,
                ])
        case .holdPlaced(let hold):
            try db.run(
                "UPDATE hold SET reason = ?, legal_basis = ? WHERE subject = ? AND record = ?",
                [hold.reason, hold.legalBasis, hold.subject, redaction.record])
        case .dataErased(let earlier):
            // What an earlier erasure left may be less now, and still holds where it was the last to redact a record.
            for left in earlier.redactions {
                try db.run(
                    "UPDATE redaction SET body = ? WHERE number = ? AND record = ?",
                    [String(decoding: left.body, as: UTF8.self), left.record, redaction.record])
                if db.changesCount > 0 { try show(left, db) }
            }
        default: break  // because no view shows what is redacted of other kinds
        }
    }

    static func fold(_ hold: LegalHold, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO hold (subject, record, reason, legal_basis) VALUES (?, ?, ?, ?)
            ON CONFLICT (subject) DO UPDATE SET record = excluded.record, reason = excluded.reason, legal_basis = excluded.legal_basis
            """, [hold.subject, header.number, hold.reason, hold.legalBasis])
    }

    static func fold(_ check: FixityCheck, _ header: RecordHeader, _ db: Database) throws {
        for range in check.ranges {
            try db.run(
                "INSERT INTO fixity (record, first, last, checked_at) VALUES (?, ?, ?, ?)",
                [header.number, range.lowerBound, range.upperBound, check.startedAt.description])
        }
    }

    static func milestone(_ header: RecordHeader, epoch: Int? = nil, accessBefore: Int? = nil, _ db: Database) throws {
        try db.run(
            "INSERT INTO milestone (record, kind, epoch, access_before) VALUES (?, ?, ?, ?)", [header.number, header.kind, epoch, accessBefore])
    }
}
