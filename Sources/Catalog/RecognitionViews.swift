internal import Evidence
internal import GRDB
internal import VietnameseText

/// The fold of records about rules, units, people, dossiers and decisions.
extension Views {
    static func fold(_ rule: RuleImport, _ header: RecordHeader, _ db: Database) throws {
        try name(rule.object, isEvidence: false, header, db)
        try db.run(
            "INSERT OR IGNORE INTO rule_document (object, kind, code, version, record) VALUES (?, ?, ?, ?, ?)",
            [rule.object.digest.hex, rule.kind.rawValue, rule.code, rule.version, header.number])
    }

    static func fold(_ unit: UnitDeclaration, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO unit (id, valid_from, record, valid_until, name, code, kind, parent, legal_basis)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                unit.unit.text, unit.validFrom.description, header.number, unit.validUntil?.description, unit.name, unit.code,
                unit.kind.rawValue, unit.parent?.text, unit.legalBasis,
            ])
    }

    static func fold(_ succession: UnitSuccession, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO unit_succession (record, from_unit, to_unit, kind, is_whole, effective_on, legal_basis)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                header.number, succession.from.text, succession.to?.text, succession.kind.rawValue, succession.isWhole ? 1 : 0,
                succession.effectiveOn.description, succession.legalBasis,
            ])
    }

    static func fold(_ person: PersonDeclaration, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO person (id, record, name, name_folded, birth_year, subject_group, account, unit, number_mac, number_ending)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET record = excluded.record, name = excluded.name, name_folded = excluded.name_folded,
                birth_year = excluded.birth_year,
                subject_group = excluded.subject_group, account = excluded.account, unit = excluded.unit, number_mac = excluded.number_mac,
                number_ending = excluded.number_ending
            """,
            [
                person.person.text, header.number, person.name, SearchForm.folded(person.name), person.birthYear, person.group, person.account,
                person.unit?.text, person.number?.mac.hex, person.number?.ending,
            ])
    }

    // MARK: Dossiers

    static func fold(_ opening: DossierOpening, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO dossier (id, person, cycle, unit, subject_group, criteria, rules, opened_record, stage, stage_record)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                opening.dossier.text, opening.person.text, opening.cycle, opening.unit.text, opening.group, opening.criteria.hex,
                opening.rules.hex, header.number, DossierStage.registered.rawValue, header.number,
            ])
        try begin(.registered, of: opening.dossier, act: nil, opening.role, header, db)
    }

    static func move(
        _ dossier: DossierID, to stage: DossierStage, act: DossierAct, _ role: Role, _ header: RecordHeader, _ db: Database
    ) throws {
        let row = try db.first("SELECT stage_record FROM dossier WHERE id = ?", [dossier.text])
        guard let earlier: Int = row?["stage_record"] else { return }
        try db.run(
            "UPDATE dossier_stage SET record_to = ? WHERE dossier = ? AND record_from = ?", [header.number, dossier.text, earlier])
        try db.run("UPDATE dossier SET stage = ?, stage_record = ? WHERE id = ?", [stage.rawValue, header.number, dossier.text])
        try begin(stage, of: dossier, act: act, role, header, db)
    }

    private static func begin(
        _ stage: DossierStage, of dossier: DossierID, act: DossierAct?, _ role: Role, _ header: RecordHeader, _ db: Database
    ) throws {
        try db.run(
            "INSERT INTO dossier_stage (dossier, record_from, stage, act, role, account) VALUES (?, ?, ?, ?, ?, ?)",
            [dossier.text, header.number, stage.rawValue, act?.rawValue, role.rawValue, header.actor.principal])
    }

    static func fold(_ citation: Citation, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO citation (id, dossier, indicator, item, object, pages, text, reaffirms, record_from)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                citation.id.text, citation.dossier.text, citation.indicator.text, citation.evidence.item.text,
                citation.evidence.object.hex, citation.pages.map(String.init).joined(separator: ","), citation.text?.hex,
                citation.reaffirms?.text, header.number,
            ])
    }

    static func fold(_ sheet: ScoreSheet, _ header: RecordHeader, _ db: Database) throws {
        let earlier = try db.first(
            "SELECT 1 FROM score WHERE dossier = ? AND kind = ? LIMIT 1", [sheet.dossier.text, sheet.kind.rawValue])
        for (indicator, score) in sheet.scores {
            if earlier != nil {
                try db.run(
                    "UPDATE score SET record_to = ? WHERE dossier = ? AND kind = ? AND indicator = ? AND record_to IS NULL",
                    [header.number, sheet.dossier.text, sheet.kind.rawValue, indicator.text])
            }
            try db.run(
                """
                INSERT INTO score (dossier, kind, indicator, record_from, halves, is_partial, role, account)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    sheet.dossier.text, sheet.kind.rawValue, indicator.text, header.number, score.points.halves,
                    score.isPartial ? 1 : 0, sheet.role.rawValue, header.actor.principal,
                ])
        }
    }

    static func verify(
        _ item: EvidenceID, _ state: VerificationState, _ method: VerificationMethod?, by successor: EvidenceID?,
        _ header: RecordHeader, _ db: Database
    ) throws {
        try db.run("UPDATE verification SET record_to = ? WHERE item = ? AND record_to IS NULL", [header.number, item.text])
        try db.run(
            "INSERT INTO verification (item, record_from, state, method, verified_at, superseded_by) VALUES (?, ?, ?, ?, ?, ?)",
            [item.text, header.number, state.rawValue, method?.rawValue, header.time.description, successor?.text])
        try db.run("UPDATE item SET verification = ? WHERE id = ?", [state.rawValue, item.text])
    }

    /// What a reviewer looked at is what was declared then: a new description is to be looked at anew. What was found wanting stays
    /// so until a reviewer says otherwise.
    static func beginVerificationAnew(of item: EvidenceID, _ header: RecordHeader, _ db: Database) throws {
        let row = try db.first("SELECT verification FROM item WHERE id = ?", [item.text])
        switch (row?["verification"] as String?).flatMap(VerificationState.init(rawValue:)) {
        case .inReview, .verified: try verify(item, .submitted, nil, by: nil, header, db)
        case .submitted, .rejected, .needsMore, .revoked, .expired, .superseded, .erased, nil: break
        }
    }

    // MARK: Decisions

    static func fold(_ decision: PersonDecision, _ header: RecordHeader, _ db: Database) throws {
        let stage: DossierStage = decision.title == nil ? .refused : .recognised
        try move(decision.dossier, to: stage, act: decision.title == nil ? .refuse : .recognise, decision.role, header, db)
        // A new decision about a dossier takes the place of an earlier one.
        try db.run(
            "UPDATE decision SET replaced_record = ? WHERE dossier = ? AND replaced_record IS NULL", [header.number, decision.dossier.text])
        try insert(
            decision.document, dossier: decision.dossier, person: decision.person, cycle: decision.cycle, unit: decision.unit,
            title: decision.title, honour: nil, header, db)
    }

    static func fold(_ grant: HonourGrant, _ header: RecordHeader, _ db: Database) throws {
        let row = try db.first("SELECT cycle FROM decision WHERE title = ?", [grant.titles.last?.text])
        try insert(
            grant.document, dossier: nil, person: grant.person, cycle: row?["cycle"] ?? 0, unit: nil, title: grant.honour,
            honour: grant.name, header, db)
    }

    private static func insert(
        _ document: DecisionDocument, dossier: DossierID?, person: PersonID, cycle: Int, unit: UnitID?, title: TitleID?,
        honour: String?, _ header: RecordHeader, _ db: Database
    ) throws {
        try db.run(
            """
            INSERT INTO decision (record, decision, dossier, person, cycle, unit, title, honour, code_number, code_notation, issued_on)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                header.number, document.id.text, dossier?.text, person.text, cycle, unit?.text, title?.text, honour,
                document.codeNumber, document.codeNotation, document.issuedOn.description,
            ])
    }

    static func fold(_ revocation: TitleRevocation, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            "UPDATE decision SET revoked_record = ? WHERE title = ? AND revoked_record IS NULL", [header.number, revocation.title.text])
        if let dossier = revocation.dossier { try move(dossier, to: .revoked, act: .revoke, revocation.role, header, db) }
    }
}
