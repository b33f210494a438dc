internal import Evidence

extension RecordForm {
    // MARK: Metadata

    static func json(_ metadata: EvidenceMetadata) -> JSON {
        var members: [String: JSON] = [
            "kind": .string(metadata.kind.rawValue), "assurance": .string(metadata.assurance.rawValue),
        ]
        members["title"] = metadata.title.map(JSON.string)
        members["issuer"] = metadata.issuer.map(JSON.string)
        members["code_number"] = metadata.codeNumber.map(JSON.string)
        members["code_notation"] = metadata.codeNotation.map(JSON.string)
        members["subject"] = metadata.subject.map(JSON.string)
        members["issued_on"] = metadata.issuedOn.map { .string($0.description) }
        members["valid_from"] = metadata.validFrom.map { .string($0.description) }
        members["valid_until"] = metadata.validUntil.map { .string($0.description) }
        members["holder"] = metadata.holder.map(JSON.string)
        members["person"] = metadata.person.map { .string($0.text) }
        members["language"] = metadata.language.map(JSON.string)
        members["file_name"] = metadata.fileName.map(JSON.string)
        return .object(members)
    }

    static func metadata(_ source: Fields) throws(RecordFormError) -> EvidenceMetadata {
        var fields = source
        let metadata = EvidenceMetadata(
            title: try fields.optionalString("title"),
            kind: try fields.value("kind") { EvidenceKind(rawValue: $0) },
            issuer: try fields.optionalString("issuer"),
            codeNumber: try fields.optionalString("code_number"),
            codeNotation: try fields.optionalString("code_notation"),
            subject: try fields.optionalString("subject"),
            issuedOn: try fields.optionalDay("issued_on"),
            validFrom: try fields.optionalDay("valid_from"),
            validUntil: try fields.optionalDay("valid_until"),
            holder: try fields.optionalString("holder"), person: try fields.optionalID("person"),
            language: try fields.optionalString("language"),
            fileName: try fields.optionalString("file_name"),
            assurance: try fields.value("assurance") { AssuranceLevel(rawValue: $0) })
        try fields.finish()
        return metadata
    }

    // MARK: Objects

    static func json(_ object: ObjectDescription) -> JSON {
        .object([
            "digest": .string(object.digest.hex), "size": .integer(object.size),
            "pieces": .string(object.pieceListDigest.hex),
        ])
    }

    static func description(_ source: Fields) throws(RecordFormError) -> ObjectDescription {
        var fields = source
        let object = ObjectDescription(
            digest: try fields.digest("digest"), size: try fields.integer("size"),
            pieceListDigest: try fields.digest("pieces"))
        try fields.finish()
        return object
    }

    static func optionalDescription(_ fields: Fields?) throws(RecordFormError) -> ObjectDescription? {
        guard let fields else { return nil }
        return try description(fields)
    }

    // MARK: Extraction

    static func json(_ finding: ExtractionFinding) -> [String: JSON] {
        var members: [String: JSON] = ["state": .string(finding.state.rawValue), "tool": .string(finding.tool)]
        members["media_type"] = finding.mediaType.map(JSON.string)
        members["page_count"] = finding.pageCount.map { .integer(Int64($0)) }
        members["text"] = finding.text.map(json)
        members["incomplete"] = finding.incomplete.map(JSON.string)
        members["reason"] = finding.reason.map(JSON.string)
        if !finding.facts.isEmpty { members["facts"] = .object(finding.facts.mapValues(JSON.string)) }
        return members
    }

    static func finding(_ fields: inout Fields) throws(RecordFormError) -> ExtractionFinding {
        ExtractionFinding(
            state: try fields.value("state") { ExtractionState(rawValue: $0) },
            mediaType: try fields.optionalString("media_type"),
            pageCount: try fields.optionalInteger("page_count").map(Int.init),
            text: try optionalDescription(try fields.optionalObject("text")),
            incomplete: try fields.optionalString("incomplete"),
            reason: try fields.optionalString("reason"),
            facts: try fields.optionalStringMembers("facts") ?? [:],
            tool: try fields.string("tool"))
    }
}
