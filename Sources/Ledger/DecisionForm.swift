internal import Evidence

/// The bodies of records about decisions, titles and honours.
extension RecordForm {
    static func json(_ document: DecisionDocument) -> JSON {
        var members: [String: JSON] = [
            "decision": .string(document.id.text), "code_number": .string(document.codeNumber),
            "code_notation": .string(document.codeNotation), "issued_on": .string(document.issuedOn.description),
            "authority": .string(document.authority), "signer": .string(document.signer),
        ]
        members["scan"] = document.scan.map(json)
        return .object(members)
    }

    static func document(_ fields: inout Fields) throws(RecordFormError) -> DecisionDocument {
        var found = try fields.object("document")
        let document = DecisionDocument(
            id: try found.id("decision"), codeNumber: try found.string("code_number"), codeNotation: try found.string("code_notation"),
            issuedOn: try found.day("issued_on"), authority: try found.string("authority"), signer: try found.string("signer"),
            scan: try optionalReference("scan", &found))
        try found.finish()
        return document
    }

    static func json(_ citation: DecidedCitation) -> JSON {
        var members: [String: JSON] = [
            "citation": .string(citation.citation.text), "indicator": .string(citation.indicator.text),
            "evidence": json(citation.evidence), "verification": .string(citation.verification.rawValue),
        ]
        if !citation.pages.isEmpty { members["pages"] = .array(citation.pages.map { .integer(Int64($0)) }) }
        members["text"] = citation.text.map { .string($0.hex) }
        return .object(members)
    }

    private static func decidedCitation(_ source: Fields) throws(RecordFormError) -> DecidedCitation {
        var fields = source
        let citation = DecidedCitation(
            citation: try fields.id("citation"), indicator: try fields.value("indicator") { IndicatorCode($0) },
            evidence: try reference("evidence", &fields), pages: try pages(&fields),
            text: try fields.optional("text") { Digest(hex: $0) }, verification: try fields.choice("verification"))
        try fields.finish()
        return citation
    }

    static func json(_ decision: PersonDecision) -> [String: JSON] {
        var members: [String: JSON] = [
            "document": json(decision.document), "dossier": .string(decision.dossier.text), "person": .string(decision.person.text),
            "cycle": .integer(Int64(decision.cycle)), "unit": .string(decision.unit.text), "group": .string(decision.group),
            "from": .string(decision.from.rawValue), "criteria": .string(decision.criteria.hex), "rules": .string(decision.rules.hex),
            "scores": json(decision.scores), "citations": .array(decision.citations.map(json)),
            "reviewers": .array(decision.reviewers.map(JSON.string)), "total_halves": .integer(Int64(decision.total.halves)),
            "unmet": .array(decision.unmet.map(JSON.string)), "role": .string(decision.role.rawValue),
        ]
        members["grade"] = decision.grade.map(JSON.string)
        members["title"] = decision.title.map { .string($0.text) }
        return members
    }

    static func personDecision(_ fields: inout Fields) throws(RecordFormError) -> PersonDecision {
        var citations: [DecidedCitation] = []
        for entry in try fields.objects("citations") { citations.append(try decidedCitation(entry)) }
        return PersonDecision(
            document: try document(&fields), dossier: try fields.id("dossier"), person: try fields.id("person"),
            cycle: Int(try fields.integer("cycle")), unit: try fields.id("unit"), group: try fields.string("group"),
            from: try fields.choice("from"), criteria: try fields.digest("criteria"), rules: try fields.digest("rules"),
            scores: try scores(&fields), citations: citations, reviewers: try fields.strings("reviewers"),
            total: Points(halves: Int(try fields.integer("total_halves"))), grade: try fields.optionalString("grade"),
            unmet: try fields.strings("unmet"), title: try fields.optionalID("title"), role: try fields.choice("role"))
    }

    static func json(_ revocation: TitleRevocation) -> [String: JSON] {
        var members: [String: JSON] = [
            "title": .string(revocation.title.text), "reason": .string(revocation.reason),
            "legal_basis": .string(revocation.legalBasis), "role": .string(revocation.role.rawValue),
        ]
        members["dossier"] = revocation.dossier.map { .string($0.text) }
        return members
    }

    static func titleRevocation(_ fields: inout Fields) throws(RecordFormError) -> TitleRevocation {
        TitleRevocation(
            title: try fields.id("title"), dossier: try fields.optionalID("dossier"), reason: try fields.string("reason"),
            legalBasis: try fields.string("legal_basis"), role: try fields.choice("role"))
    }

    static func json(_ grant: HonourGrant) -> [String: JSON] {
        [
            "document": json(grant.document), "honour": .string(grant.honour.text), "person": .string(grant.person.text),
            "name": .string(grant.name), "rules": .string(grant.rules.hex), "titles": .array(grant.titles.map { .string($0.text) }),
            "role": .string(grant.role.rawValue),
        ]
    }

    static func honourGrant(_ fields: inout Fields) throws(RecordFormError) -> HonourGrant {
        var titles: [TitleID] = []
        for text in try fields.strings("titles") {
            guard let title = TitleID(text) else { throw .wrong(field: "titles") }
            titles.append(title)
        }
        return HonourGrant(
            document: try document(&fields), honour: try fields.id("honour"), person: try fields.id("person"),
            name: try fields.string("name"), rules: try fields.digest("rules"), titles: titles, role: try fields.choice("role"))
    }
}
