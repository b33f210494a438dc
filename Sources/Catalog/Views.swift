internal import Evidence
internal import Foundation
internal import GRDB

/// The views: tables that are a fold over the records, and nothing else writes to.
enum Views {
    static let tables = [
        "object", "item", "record_subject", "rule_document", "unit", "unit_succession", "person", "account", "role_grant", "dossier",
        "dossier_stage", "citation", "dossier_item", "score", "verification", "decision", "redaction", "hold", "fixity", "milestone",
    ]

    static func empty(_ db: Database) throws {
        for table in tables { try db.execute(sql: "DELETE FROM \(table)") }
    }

    /// Folds one record into the views. The same records in the same order give the same rows.
    ///
    /// - Parameter subjects: the table for its subjects.
    static func fold(_ header: RecordHeader, _ body: RecordBody, subjects: String = "record_subject", _ db: Database) throws {
        for subject in Set(header.subjects) {
            try db.run("INSERT INTO \(subjects) (subject, number) VALUES (?, ?)", [subject, header.number])
        }
        try gatherPapers(header.subjects, db)
        switch body {
        case .archiveCreated: break
        case .evidenceDeposited(let deposit): try fold(deposit, header, db)
        case .evidenceDescribed(let item, let metadata):
            try beginVerificationAnew(of: item, header, db)
            try db.run("UPDATE item SET metadata_record = ? WHERE id = ?", [header.number, item.text])
            try show(metadata, declaredBy: header.number, of: item, db)
        case .objectExtracted(let object, let finding):
            if let text = finding.text { try name(text, isEvidence: false, header, db) }
            try db.run(
                """
                UPDATE object SET extraction_record = ?, extraction_state = ?, text = ?, tool = ?, reason = ? WHERE digest = ?
                """,
                [header.number, finding.state.rawValue, finding.text?.digest.hex, finding.tool, finding.reason, object.hex])
        case .objectDamaged(let object, _):
            try db.run("UPDATE object SET is_damaged = 1 WHERE digest = ?", [object.hex])
        case .objectRestored(let object):
            try db.run("UPDATE object SET is_damaged = 0 WHERE digest = ?", [object.hex])
        case .ruleImported(let rule): try fold(rule, header, db)
        case .unitDeclared(let unit): try fold(unit, header, db)
        case .unitSucceeded(let succession): try fold(succession, header, db)
        case .personDeclared(let person): try fold(person, header, db)
        case .dossierOpened(let opening): try fold(opening, header, db)
        case .dossierStepped(let step):
            try move(step.dossier, to: step.to, act: step.act, step.role, header, db)
        case .evidenceCited(let citation): try fold(citation, header, db)
        case .citationWithdrawn(let withdrawal):
            try db.run(
                "UPDATE citation SET record_to = ? WHERE id = ? AND record_to IS NULL", [header.number, withdrawal.citation.text])
        case .evidenceVerified(let verification):
            try verify(verification.item, verification.state, verification.method, by: nil, header, db)
        case .evidenceSuperseded(let supersession):
            try verify(supersession.item, .superseded, nil, by: supersession.by, header, db)
        case .scoresGiven(let sheet): try fold(sheet, header, db)
        case .dossierDecided(let decision): try fold(decision, header, db)
        case .titleRevoked(let revocation): try fold(revocation, header, db)
        case .honourGranted(let grant): try fold(grant, header, db)
        case .dataErased(let erasure): try fold(erasure, header, db)
        case .holdPlaced(let hold): try fold(hold, header, db)
        case .holdReleased(let hold): try db.run("DELETE FROM hold WHERE subject = ?", [hold.subject])
        case .keyRotated: try milestone(header, db)
        case .archiveRestored(let restoration): try milestone(header, epoch: restoration.epoch, db)
        case .accessDropped(let drop): try milestone(header, accessBefore: drop.before, db)
        case .fixityChecked(let check): try fold(check, header, db)
        case .accountOpened(let opening): try fold(opening, header, db)
        case .accountClosed(let closing):
            try db.run("UPDATE account SET closed_record = ? WHERE account = ?", [header.number, closing.account])
        case .signInChanged: break  // because its subjects are all that is looked for
        case .roleGranted(let grant): try fold(grant, header, db)
        case .roleWithdrawn(let withdrawal):
            try db.run(
                "UPDATE role_grant SET record_to = ? WHERE id = ? AND record_to IS NULL", [header.number, withdrawal.grant.text])
        }
    }

    /// Sets what an item is declared to be, where this record is the one that holds.
    static func show(_ metadata: EvidenceMetadata, declaredBy record: Int, of item: EvidenceID, _ db: Database) throws {
        try db.run(
            """
            UPDATE item SET kind = ?, assurance = ?, title = ?, issuer = ?, code_number = ?, code_notation = ?, subject = ?,
                issued_on = ?, valid_from = ?, valid_until = ?, holder = ?, person = ?, language = ?, file_name = ?
            WHERE id = ? AND metadata_record = ?
            """, columns(of: metadata) + [item.text, record])
    }

    private static func fold(_ deposit: Deposit, _ header: RecordHeader, _ db: Database) throws {
        try name(deposit.object, isEvidence: true, header, db)
        try db.run(
            """
            INSERT INTO item (id, object, verification, deposit_record, depositor, deposited_at,
                metadata_record, kind, assurance, title, issuer, code_number, code_notation, subject, issued_on, valid_from,
                valid_until, holder, person, language, file_name)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                deposit.item.text, deposit.object.digest.hex, VerificationState.submitted.rawValue, header.number,
                header.actor.principal, header.time.description, header.number,
            ] + columns(of: deposit.metadata))
    }

    /// An object that a record names; a text that is somebody's file as well becomes evidence.
    static func name(
        _ object: ObjectDescription, isEvidence: Bool, _ header: RecordHeader, _ db: Database
    ) throws {
        try db.run(
            """
            INSERT INTO object (digest, size, piece_list_digest, is_evidence, first_record) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (digest) DO UPDATE SET is_evidence = max(is_evidence, excluded.is_evidence),
                extraction_record = iif(erased_record IS NULL, extraction_record, NULL),
                extraction_state = iif(erased_record IS NULL, extraction_state, NULL), text = iif(erased_record IS NULL, text, NULL),
                tool = iif(erased_record IS NULL, tool, NULL), reason = iif(erased_record IS NULL, reason, NULL), erased_record = NULL
            """, [object.digest.hex, object.size, object.pieceListDigest.hex, isEvidence ? 1 : 0, header.number])
    }

    /// What a row of `item` shows as declared; `nil` when it shows what cannot be declared.
    static func metadata(in row: Row) -> EvidenceMetadata? {
        guard let kind = EvidenceKind(rawValue: row["kind"]), let assurance = AssuranceLevel(rawValue: row["assurance"])
        else { return nil }
        func date(_ column: String) -> CalendarDate? { (row[column] as String?).flatMap { CalendarDate($0) } }
        return EvidenceMetadata(
            title: row["title"], kind: kind, issuer: row["issuer"], codeNumber: row["code_number"],
            codeNotation: row["code_notation"], subject: row["subject"], issuedOn: date("issued_on"),
            validFrom: date("valid_from"), validUntil: date("valid_until"), holder: row["holder"],
            person: (row["person"] as String?).flatMap { PersonID($0) }, language: row["language"],
            fileName: row["file_name"], assurance: assurance)
    }

    /// In the order of the statements that set them.
    static func columns(of metadata: EvidenceMetadata) -> StatementArguments {
        [
            metadata.kind.rawValue, metadata.assurance.rawValue, metadata.title, metadata.issuer, metadata.codeNumber,
            metadata.codeNotation, metadata.subject, metadata.issuedOn?.description, metadata.validFrom?.description,
            metadata.validUntil?.description, metadata.holder, metadata.person?.text, metadata.language, metadata.fileName,
        ]
    }
}
