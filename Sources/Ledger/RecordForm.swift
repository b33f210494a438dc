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
        case .ruleImported(let rule): members = json(rule)
        case .unitDeclared(let unit): members = json(unit)
        case .unitSucceeded(let succession): members = json(succession)
        case .personDeclared(let person): members = json(person)
        case .dossierOpened(let opening): members = json(opening)
        case .dossierStepped(let step): members = json(step)
        case .evidenceCited(let citation): members = json(citation)
        case .citationWithdrawn(let withdrawal): members = json(withdrawal)
        case .evidenceVerified(let verification): members = json(verification)
        case .evidenceSuperseded(let supersession): members = json(supersession)
        case .scoresGiven(let sheet): members = json(sheet)
        case .dossierDecided(let decision): members = json(decision)
        case .titleRevoked(let revocation): members = json(revocation)
        case .honourGranted(let grant): members = json(grant)
        case .dataErased(let erasure): members = json(erasure)
        case .holdPlaced(let hold), .holdReleased(let hold): members = json(hold)
        case .keyRotated(let rotation): members = json(rotation)
        case .archiveRestored(let restoration): members = json(restoration)
        case .accessDropped(let drop): members = json(drop)
        case .fixityChecked(let check): members = json(check)
        case .accountOpened(let opening): members = json(opening)
        case .accountClosed(let closing): members = json(closing)
        case .roleGranted(let grant): members = json(grant)
        case .roleWithdrawn(let withdrawal): members = json(withdrawal)
        case .signInChanged(let change): members = json(change)
        }
        return JSON.object(members).canonicalBytes
    }

    /// The members of the canonical JSON of a body.
    public static func members(of bytes: [UInt8]) throws(RecordFormError) -> [String: JSON] { try Fields(bytes).members }

    /// Reads the body of a record of this kind.
    public static func body(_ bytes: [UInt8], kind: RecordKind) throws(RecordFormError) -> RecordBody {
        try body(Fields(bytes), kind: kind)
    }

    /// Reads the body of a record of this kind from its members.
    public static func body(_ members: [String: JSON], kind: RecordKind) throws(RecordFormError) -> RecordBody {
        try body(Fields(members: members), kind: kind)
    }

    private static func body(_ read: consuming Fields, kind: RecordKind) throws(RecordFormError) -> RecordBody {
        var fields = read
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
        case .ruleImported: body = .ruleImported(try ruleImport(&fields))
        case .unitDeclared: body = .unitDeclared(try unitDeclaration(&fields))
        case .unitSucceeded: body = .unitSucceeded(try unitSuccession(&fields))
        case .personDeclared: body = .personDeclared(try personDeclaration(&fields))
        case .dossierOpened: body = .dossierOpened(try dossierOpening(&fields))
        case .dossierStepped: body = .dossierStepped(try dossierStep(&fields))
        case .evidenceCited: body = .evidenceCited(try citation(&fields))
        case .citationWithdrawn: body = .citationWithdrawn(try citationWithdrawal(&fields))
        case .evidenceVerified: body = .evidenceVerified(try evidenceVerification(&fields))
        case .evidenceSuperseded: body = .evidenceSuperseded(try evidenceSupersession(&fields))
        case .scoresGiven: body = .scoresGiven(try scoreSheet(&fields))
        case .dossierDecided: body = .dossierDecided(try personDecision(&fields))
        case .titleRevoked: body = .titleRevoked(try titleRevocation(&fields))
        case .honourGranted: body = .honourGranted(try honourGrant(&fields))
        case .dataErased: body = .dataErased(try erasure(&fields))
        case .holdPlaced: body = .holdPlaced(try legalHold(&fields))
        case .holdReleased: body = .holdReleased(try legalHold(&fields))
        case .keyRotated: body = .keyRotated(try keyRotation(&fields))
        case .archiveRestored: body = .archiveRestored(try restoration(&fields))
        case .accessDropped: body = .accessDropped(try accessDrop(&fields))
        case .fixityChecked: body = .fixityChecked(try fixityCheck(&fields))
        case .accountOpened: body = .accountOpened(try accountOpening(&fields))
        case .accountClosed: body = .accountClosed(try accountClosing(&fields))
        case .roleGranted: body = .roleGranted(try roleGrant(&fields))
        case .roleWithdrawn: body = .roleWithdrawn(try roleWithdrawal(&fields))
        case .signInChanged: body = .signInChanged(try signInChange(&fields))
        }
        try fields.finish()
        return body
    }
}
