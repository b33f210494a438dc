internal import Evidence

/// The bodies of records about dossiers: opening, steps, citations, what was verified, scores.
extension RecordForm {
    // MARK: Opening and steps

    static func json(_ opening: DossierOpening) -> [String: JSON] {
        [
            "dossier": .string(opening.dossier.text), "person": .string(opening.person.text), "cycle": .integer(Int64(opening.cycle)),
            "unit": .string(opening.unit.text), "group": .string(opening.group), "criteria": .string(opening.criteria.hex),
            "rules": .string(opening.rules.hex), "role": .string(opening.role.rawValue),
        ]
    }

    static func dossierOpening(_ fields: inout Fields) throws(RecordFormError) -> DossierOpening {
        DossierOpening(
            dossier: try fields.id("dossier"), person: try fields.id("person"), cycle: Int(try fields.integer("cycle")),
            unit: try fields.id("unit"), group: try fields.string("group"), criteria: try fields.digest("criteria"),
            rules: try fields.digest("rules"), role: try fields.choice("role"))
    }

    static func json(_ step: DossierStep) -> [String: JSON] {
        var members: [String: JSON] = [
            "dossier": .string(step.dossier.text), "act": .string(step.act.rawValue), "from": .string(step.from.rawValue),
            "to": .string(step.to.rawValue), "role": .string(step.role.rawValue),
        ]
        members["reason"] = step.reason.map(JSON.string)
        if let review = step.review {
            var held: [String: JSON] = [
                "held_on": .string(review.heldOn.description), "participants": .array(review.participants.map(JSON.string)),
                "votes_for": .integer(Int64(review.votesFor)), "votes_against": .integer(Int64(review.votesAgainst)),
            ]
            held["minutes"] = review.minutes.map(json)
            members["review"] = .object(held)
        }
        return members
    }

    static func dossierStep(_ fields: inout Fields) throws(RecordFormError) -> DossierStep {
        var review: CollectiveReview?
        if var held = try fields.optionalObject("review") {
            review = CollectiveReview(
                heldOn: try held.day("held_on"), participants: try held.strings("participants"),
                votesFor: Int(try held.integer("votes_for")), votesAgainst: Int(try held.integer("votes_against")),
                minutes: try optionalReference("minutes", &held))
            try held.finish()
        }
        return DossierStep(
            dossier: try fields.id("dossier"), act: try fields.choice("act"), from: try fields.choice("from"),
            to: try fields.choice("to"), role: try fields.choice("role"), reason: try fields.optionalString("reason"), review: review)
    }

    // MARK: Citations

    static func json(_ reference: EvidenceReference) -> JSON {
        .object(["item": .string(reference.item.text), "object": .string(reference.object.hex)])
    }

    static func reference(_ name: String, _ fields: inout Fields) throws(RecordFormError) -> EvidenceReference {
        guard let reference = try optionalReference(name, &fields) else { throw .missing(field: name) }
        return reference
    }

    static func optionalReference(_ name: String, _ fields: inout Fields) throws(RecordFormError) -> EvidenceReference? {
        guard var found = try fields.optionalObject(name) else { return nil }
        let reference = EvidenceReference(item: try found.id("item"), object: try found.digest("object"))
        try found.finish()
        return reference
    }

    static func json(_ citation: Citation) -> [String: JSON] {
        var members: [String: JSON] = [
            "citation": .string(citation.id.text), "dossier": .string(citation.dossier.text),
            "indicator": .string(citation.indicator.text), "evidence": json(citation.evidence), "role": .string(citation.role.rawValue),
        ]
        if !citation.pages.isEmpty { members["pages"] = .array(citation.pages.map { .integer(Int64($0)) }) }
        if let region = citation.region {
            members["region"] = .array([region.x, region.y, region.width, region.height].map { .integer(Int64($0)) })
        }
        members["text"] = citation.text.map { .string($0.hex) }
        members["note"] = citation.note.map(JSON.string)
        members["reaffirms"] = citation.reaffirms.map { .string($0.text) }
        return members
    }

    static func citation(_ fields: inout Fields) throws(RecordFormError) -> Citation {
        var region: PageRegion?
        if let edges = try fields.optionalIntegers("region") {
            guard edges.count == 4, let found = PageRegion(x: edges[0], y: edges[1], width: edges[2], height: edges[3]) else {
                throw .wrong(field: "region")
            }
            region = found
        }
        return Citation(
            id: try fields.id("citation"), dossier: try fields.id("dossier"),
            indicator: try fields.value("indicator") { IndicatorCode($0) }, evidence: try reference("evidence", &fields),
            pages: try pages(&fields), region: region, text: try fields.optional("text") { Digest(hex: $0) },
            note: try fields.optionalString("note"), reaffirms: try fields.optionalID("reaffirms"), role: try fields.choice("role"))
    }

    /// Pages that are named; the whole is written without.
    static func pages(_ fields: inout Fields) throws(RecordFormError) -> [Int] {
        guard let pages = try fields.optionalIntegers("pages") else { return [] }
        guard !pages.isEmpty else { throw .wrong(field: "pages") }
        return pages
    }

    static func json(_ withdrawal: CitationWithdrawal) -> [String: JSON] {
        [
            "citation": .string(withdrawal.citation.text), "dossier": .string(withdrawal.dossier.text),
            "reason": .string(withdrawal.reason), "role": .string(withdrawal.role.rawValue),
        ]
    }

    static func citationWithdrawal(_ fields: inout Fields) throws(RecordFormError) -> CitationWithdrawal {
        CitationWithdrawal(
            citation: try fields.id("citation"), dossier: try fields.id("dossier"), reason: try fields.string("reason"),
            role: try fields.choice("role"))
    }

    // MARK: What was verified

    static func json(_ verification: EvidenceVerification) -> [String: JSON] {
        var members: [String: JSON] = [
            "item": .string(verification.item.text), "state": .string(verification.state.rawValue),
            "role": .string(verification.role.rawValue),
        ]
        members["method"] = verification.method.map { .string($0.rawValue) }
        members["reason"] = verification.reason.map(JSON.string)
        return members
    }

    static func evidenceVerification(_ fields: inout Fields) throws(RecordFormError) -> EvidenceVerification {
        EvidenceVerification(
            item: try fields.id("item"), state: try fields.choice("state"),
            method: try fields.optional("method") { VerificationMethod(rawValue: $0) }, reason: try fields.optionalString("reason"),
            role: try fields.choice("role"))
    }

    static func json(_ supersession: EvidenceSupersession) -> [String: JSON] {
        [
            "item": .string(supersession.item.text), "by": .string(supersession.by.text), "reason": .string(supersession.reason),
            "role": .string(supersession.role.rawValue),
        ]
    }

    static func evidenceSupersession(_ fields: inout Fields) throws(RecordFormError) -> EvidenceSupersession {
        EvidenceSupersession(
            item: try fields.id("item"), by: try fields.id("by"), reason: try fields.string("reason"), role: try fields.choice("role"))
    }

    // MARK: Scores

    static func json(_ scores: [IndicatorCode: Score]) -> JSON {
        var members: [String: JSON] = [:]
        for (indicator, score) in scores {
            var entry: [String: JSON] = ["halves": .integer(Int64(score.points.halves))]
            if score.isPartial { entry["partial"] = .bool(true) }
            members[indicator.text] = .object(entry)
        }
        return .object(members)
    }

    static func scores(_ fields: inout Fields) throws(RecordFormError) -> [IndicatorCode: Score] {
        var scores: [IndicatorCode: Score] = [:]
        for (name, value) in try fields.members("scores") {
            guard let indicator = IndicatorCode(name), case .object(let members) = value else { throw .wrong(field: "scores") }
            var entry = Fields(members: members)
            let isPartial = entry.has("partial") ? try entry.flag("partial") : nil
            // Only what is partial says so: a score has one form.
            guard isPartial != false else { throw .wrong(field: "partial") }
            scores[indicator] = Score(points: Points(halves: Int(try entry.integer("halves"))), isPartial: isPartial != nil)
            try entry.finish()
        }
        return scores
    }

    static func json(_ sheet: ScoreSheet) -> [String: JSON] {
        var members: [String: JSON] = [
            "dossier": .string(sheet.dossier.text), "kind": .string(sheet.kind.rawValue), "scores": json(sheet.scores),
            "role": .string(sheet.role.rawValue),
        ]
        members["reason"] = sheet.reason.map(JSON.string)
        return members
    }

    static func scoreSheet(_ fields: inout Fields) throws(RecordFormError) -> ScoreSheet {
        ScoreSheet(
            dossier: try fields.id("dossier"), kind: try fields.choice("kind"), scores: try scores(&fields),
            role: try fields.choice("role"), reason: try fields.optionalString("reason"))
    }
}
