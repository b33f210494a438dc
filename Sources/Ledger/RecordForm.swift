public import Evidence

/// Why stored bytes are not the record that they should be.
public enum RecordFormError: Error, Equatable, CustomStringConvertible {
    case json(CanonicalJSONError)
    case missing(field: String)
    case wrong(field: String)
    case unknown(field: String)

    public var description: String {
        switch self {
        case .json(let error): error.description
        case .missing(let field): "the field \"\(field)\" is missing"
        case .wrong(let field): "the field \"\(field)\" has a value that it cannot have"
        case .unknown(let field): "the field \"\(field)\" is not known to this version"
        }
    }
}

/// The canonical JSON of record headers and bodies: the one place that knows their field names.
public enum RecordForm {
    /// The bytes that the Merkle leaf covers and the database stores.
    public static func headerBytes(_ header: RecordHeader) -> [UInt8] {
        var members: [String: JSON] = [
            "number": .integer(Int64(header.number)),
            "time": .string(header.time.description),
            "kind": .string(header.kind),
            "actor": .string(header.actor.account),
            "subjects": .array(header.subjects.map { .string($0) }),
        ]
        if let actingAs = header.actor.actingAs { members["acting_as"] = .string(actingAs) }
        if let commitment = header.bodyCommitment { members["body"] = .string(commitment.hex) }
        return JSON.object(members).canonicalBytes
    }

    /// Reads what ``headerBytes(_:)`` wrote, and only that.
    public static func header(_ bytes: [UInt8]) throws(RecordFormError) -> RecordHeader {
        var fields = try Fields(bytes)
        let number = try fields.integer("number")
        let time = try fields.value("time") { Timestamp($0) }
        let kind = try fields.string("kind")
        let actor = Actor(account: try fields.string("actor"), actingAs: try fields.optionalString("acting_as"))
        let subjects = try fields.strings("subjects")
        let commitment = try fields.optional("body") { Digest(hex: $0) }
        try fields.finish()
        return RecordHeader(
            number: Int(number), time: time, kind: kind, actor: actor, subjects: subjects, bodyCommitment: commitment)
    }

    /// How many bytes a salt has.
    public static let saltSize = 32

    /// What the header holds of a body: SHA-256(salt ‖ body). The salt hides a guessable body, and lets the body be
    /// erased while every proof still verifies.
    public static func commitment(salt: [UInt8], body: [UInt8]) -> Digest {
        var hasher = DigestHasher()
        hasher.update(salt)
        hasher.update(body)
        return hasher.finalize()
    }

    /// The canonical JSON of a body.
    public static func bodyBytes(_ body: RecordBody) -> [UInt8] {
        var members: [String: JSON]
        switch body {
        case .archiveCreated(let archive, let format):
            members = ["archive": .string(archive.text), "format": .integer(Int64(format))]
        case .evidenceDeposited(let deposit):
            members = [
                "item": .string(deposit.item.text), "metadata": json(deposit.metadata), "object": json(deposit.object),
            ]
        case .evidenceDescribed(let item, let metadata):
            members = ["item": .string(item.text), "metadata": json(metadata)]
        case .objectExtracted(let object, let finding):
            members = json(finding)
            members["object"] = .string(object.hex)
        case .objectDamaged(let object, let damage):
            members = ["object": .string(object.hex), "damage": .string(damage)]
        case .objectRestored(let object):
            members = ["object": .string(object.hex)]
        }
        return JSON.object(members).canonicalBytes
    }

    /// Reads the body of a record of this kind.
    public static func body(_ bytes: [UInt8], kind: RecordKind) throws(RecordFormError) -> RecordBody {
        var fields = try Fields(bytes)
        let body: RecordBody
        switch kind {
        case .archiveCreated:
            body = .archiveCreated(
                archive: try fields.value("archive") { ArchiveID($0) }, format: Int(try fields.integer("format")))
        case .evidenceDeposited:
            body = .evidenceDeposited(
                Deposit(
                    item: try fields.value("item") { EvidenceID($0) },
                    object: try description(try fields.object("object")),
                    metadata: try metadata(try fields.object("metadata"))))
        case .evidenceDescribed:
            body = .evidenceDescribed(
                item: try fields.value("item") { EvidenceID($0) }, try metadata(try fields.object("metadata")))
        case .objectExtracted:
            body = .objectExtracted(object: try fields.digest("object"), try finding(&fields))
        case .objectDamaged:
            body = .objectDamaged(object: try fields.digest("object"), damage: try fields.string("damage"))
        case .objectRestored:
            body = .objectRestored(object: try fields.digest("object"))
        }
        try fields.finish()
        return body
    }

    // MARK: Metadata

    private static func json(_ metadata: EvidenceMetadata) -> JSON {
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
        members["language"] = metadata.language.map(JSON.string)
        members["file_name"] = metadata.fileName.map(JSON.string)
        return .object(members)
    }

    /// A date as records write it; the form that people may write as well is none of a record's.
    private static func date(_ text: String) -> CalendarDate? {
        CalendarDate(text).flatMap { $0.description == text ? $0 : nil }
    }

    private static func metadata(_ source: Fields) throws(RecordFormError) -> EvidenceMetadata {
        var fields = source
        let metadata = EvidenceMetadata(
            title: try fields.optionalString("title"),
            kind: try fields.value("kind") { EvidenceKind(rawValue: $0) },
            issuer: try fields.optionalString("issuer"),
            codeNumber: try fields.optionalString("code_number"),
            codeNotation: try fields.optionalString("code_notation"),
            subject: try fields.optionalString("subject"),
            issuedOn: try fields.optional("issued_on") { date($0) },
            validFrom: try fields.optional("valid_from") { date($0) },
            validUntil: try fields.optional("valid_until") { date($0) },
            holder: try fields.optionalString("holder"),
            language: try fields.optionalString("language"),
            fileName: try fields.optionalString("file_name"),
            assurance: try fields.value("assurance") { AssuranceLevel(rawValue: $0) })
        try fields.finish()
        return metadata
    }

    // MARK: Objects

    private static func json(_ object: ObjectDescription) -> JSON {
        .object([
            "digest": .string(object.digest.hex), "size": .integer(object.size),
            "pieces": .string(object.pieceListDigest.hex),
        ])
    }

    private static func description(_ source: Fields) throws(RecordFormError) -> ObjectDescription {
        var fields = source
        let object = ObjectDescription(
            digest: try fields.digest("digest"), size: try fields.integer("size"),
            pieceListDigest: try fields.digest("pieces"))
        try fields.finish()
        return object
    }

    private static func optionalDescription(_ fields: Fields?) throws(RecordFormError) -> ObjectDescription? {
        guard let fields else { return nil }
        return try description(fields)
    }

    // MARK: Extraction

    private static func json(_ finding: ExtractionFinding) -> [String: JSON] {
        var members: [String: JSON] = ["state": .string(finding.state.rawValue), "tool": .string(finding.tool)]
        members["media_type"] = finding.mediaType.map(JSON.string)
        members["page_count"] = finding.pageCount.map { .integer(Int64($0)) }
        members["text"] = finding.text.map(json)
        members["incomplete"] = finding.incomplete.map(JSON.string)
        members["reason"] = finding.reason.map(JSON.string)
        if !finding.facts.isEmpty { members["facts"] = .object(finding.facts.mapValues(JSON.string)) }
        return members
    }

    private static func finding(_ fields: inout Fields) throws(RecordFormError) -> ExtractionFinding {
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

/// The members of one JSON object, taken one by one; what is left at the end is an error, so that a field which this
/// version does not know is never silently ignored.
private struct Fields {
    private var members: [String: JSON]

    init(_ bytes: [UInt8]) throws(RecordFormError) {
        let json: JSON
        do { json = try JSON(canonical: bytes) } catch { throw .json(error) }
        guard case .object(let members) = json else { throw .wrong(field: "") }
        self.members = members
    }

    private init(members: [String: JSON]) { self.members = members }

    mutating func optionalString(_ name: String) throws(RecordFormError) -> String? {
        switch members.removeValue(forKey: name) {
        case nil: return nil
        case .string(let value): return value
        default: throw .wrong(field: name)
        }
    }

    mutating func string(_ name: String) throws(RecordFormError) -> String {
        guard let value = try optionalString(name) else { throw .missing(field: name) }
        return value
    }

    mutating func optional<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordFormError) -> Value? {
        guard let text = try optionalString(name) else { return nil }
        guard let value = parse(text) else { throw .wrong(field: name) }
        return value
    }

    mutating func value<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordFormError) -> Value {
        guard let value = try optional(name, parse) else { throw .missing(field: name) }
        return value
    }

    mutating func digest(_ name: String) throws(RecordFormError) -> Digest {
        try value(name) { Digest(hex: $0) }
    }

    mutating func optionalInteger(_ name: String) throws(RecordFormError) -> Int64? {
        switch members.removeValue(forKey: name) {
        case nil: return nil
        case .integer(let value) where value >= 0: return value
        default: throw .wrong(field: name)
        }
    }

    mutating func integer(_ name: String) throws(RecordFormError) -> Int64 {
        guard let value = try optionalInteger(name) else { throw .missing(field: name) }
        return value
    }

    mutating func strings(_ name: String) throws(RecordFormError) -> [String] {
        guard let found = members.removeValue(forKey: name) else { throw .missing(field: name) }
        guard case .array(let values) = found else { throw .wrong(field: name) }
        var strings: [String] = []
        for value in values {
            guard case .string(let text) = value else { throw .wrong(field: name) }
            strings.append(text)
        }
        return strings
    }

    mutating func object(_ name: String) throws(RecordFormError) -> Fields {
        guard let found = members.removeValue(forKey: name) else { throw .missing(field: name) }
        guard case .object(let members) = found else { throw .wrong(field: name) }
        return Fields(members: members)
    }

    mutating func optionalObject(_ name: String) throws(RecordFormError) -> Fields? {
        members[name] == nil ? nil : try object(name)
    }

    mutating func optionalStringMembers(_ name: String) throws(RecordFormError) -> [String: String]? {
        guard members[name] != nil else { return nil }
        var strings: [String: String] = [:]
        for (key, value) in try object(name).members {
            guard case .string(let text) = value else { throw .wrong(field: name) }
            strings[key] = text
        }
        return strings
    }

    func finish() throws(RecordFormError) {
        // Sorted, so that the same bytes always give the same error.
        if let name = members.keys.sorted().first { throw .unknown(field: name) }
    }
}
