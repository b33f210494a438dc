/// What a record states. The raw value stands in the ledger for ever.
public enum RecordKind: String, Sendable, CaseIterable {
    /// The archive begins; always record 0.
    case archiveCreated = "archive.created"
    /// A person's file became an evidence item.
    case evidenceDeposited = "evidence.deposited"
    /// Declared metadata of an item, superseding what was declared before.
    case evidenceDescribed = "evidence.described"
    /// What extraction found in an object.
    case objectExtracted = "object.extracted"
    /// An object was found missing or not to be what its name says.
    case objectDamaged = "object.damaged"
    /// A damaged or missing object is whole again.
    case objectRestored = "object.restored"
    /// A criteria set or rule set was imported, as a canonical object.
    case ruleImported = "rule.imported"
    /// A unit is, from a day on, called so.
    case unitDeclared = "unit.declared"
    /// A unit became another.
    case unitSucceeded = "unit.succeeded"
    /// A person, superseding what was declared of them before.
    case personDeclared = "person.declared"
    /// A person registered for the title of a cycle.
    case dossierOpened = "dossier.opened"
    /// A dossier moved to another stage.
    case dossierStepped = "dossier.stepped"
    /// An indicator of a dossier cites evidence.
    case evidenceCited = "evidence.cited"
    /// A citation holds no longer.
    case citationWithdrawn = "citation.withdrawn"
    /// What a reviewer found of the truth of an item.
    case evidenceVerified = "evidence.verified"
    /// Other bytes took an item's place.
    case evidenceSuperseded = "evidence.superseded"
    /// Scores of one kind were given.
    case scoresGiven = "scores.given"
    /// A decision about one person.
    case dossierDecided = "dossier.decided"
    /// A title or an honour was taken back.
    case titleRevoked = "title.revoked"
    /// A person was given the honour of several titles running.
    case honourGranted = "honour.granted"
    /// Personal data was erased.
    case dataErased = "data.erased"
    /// What it is about may not be erased.
    case holdPlaced = "hold.placed"
    /// It may be erased again.
    case holdReleased = "hold.released"
    /// The archive signs with another key.
    case keyRotated = "key.rotated"
    /// The archive was restored from a backup.
    case archiveRestored = "archive.restored"
    /// The oldest entries of the access log were dropped.
    case accessDropped = "access.dropped"
    /// Objects were read whole and found right.
    case fixityChecked = "fixity.checked"
    /// An account may sign in.
    case accountOpened = "account.opened"
    /// An account may not sign in any more.
    case accountClosed = "account.closed"
    /// An account has a role.
    case roleGranted = "role.granted"
    /// An account has a role no longer.
    case roleWithdrawn = "role.withdrawn"
    /// Something was done to how an account signs in.
    case signInChanged = "sign-in.changed"
}

/// The part of a record that the Merkle leaf covers: no name of a person, no digest of evidence.
public struct RecordHeader: Sendable, Equatable {
    /// Position in the ledger, from 0; equals the leaf index.
    public let number: Int
    public let time: Timestamp
    public let kind: String
    public let actor: Actor
    /// Opaque identifiers of what the record is about.
    public let subjects: [String]
    /// SHA-256 of the salt followed by the body; `nil` in the access log, whose entries have no body.
    public let bodyCommitment: Digest?

    public init(
        number: Int, time: Timestamp, kind: String, actor: Actor, subjects: [String], bodyCommitment: Digest?
    ) {
        self.number = number
        self.time = time
        self.kind = kind
        self.actor = actor
        self.subjects = subjects
        self.bodyCommitment = bodyCommitment
    }
}

/// The body of a record, by kind.
public enum RecordBody: Sendable, Equatable {
    case archiveCreated(archive: ArchiveID, format: Int)
    case evidenceDeposited(Deposit)
    case evidenceDescribed(item: EvidenceID, EvidenceMetadata)
    case objectExtracted(object: Digest, ExtractionFinding)
    case objectDamaged(object: Digest, damage: String)
    case objectRestored(object: Digest)
    case ruleImported(RuleImport)
    case unitDeclared(UnitDeclaration)
    case unitSucceeded(UnitSuccession)
    case personDeclared(PersonDeclaration)
    case dossierOpened(DossierOpening)
    case dossierStepped(DossierStep)
    case evidenceCited(Citation)
    case citationWithdrawn(CitationWithdrawal)
    case evidenceVerified(EvidenceVerification)
    case evidenceSuperseded(EvidenceSupersession)
    case scoresGiven(ScoreSheet)
    case dossierDecided(PersonDecision)
    case titleRevoked(TitleRevocation)
    case honourGranted(HonourGrant)
    case dataErased(Erasure)
    case holdPlaced(LegalHold)
    case holdReleased(LegalHold)
    case keyRotated(KeyRotation)
    case archiveRestored(Restoration)
    case accessDropped(AccessDrop)
    case fixityChecked(FixityCheck)
    case accountOpened(AccountOpening)
    case accountClosed(AccountClosing)
    case roleGranted(RoleGrant)
    case roleWithdrawn(RoleWithdrawal)
    case signInChanged(SignInChange)

    public var kind: RecordKind {
        switch self {
        case .archiveCreated: .archiveCreated
        case .evidenceDeposited: .evidenceDeposited
        case .evidenceDescribed: .evidenceDescribed
        case .objectExtracted: .objectExtracted
        case .objectDamaged: .objectDamaged
        case .objectRestored: .objectRestored
        case .ruleImported: .ruleImported
        case .unitDeclared: .unitDeclared
        case .unitSucceeded: .unitSucceeded
        case .personDeclared: .personDeclared
        case .dossierOpened: .dossierOpened
        case .dossierStepped: .dossierStepped
        case .evidenceCited: .evidenceCited
        case .citationWithdrawn: .citationWithdrawn
        case .evidenceVerified: .evidenceVerified
        case .evidenceSuperseded: .evidenceSuperseded
        case .scoresGiven: .scoresGiven
        case .dossierDecided: .dossierDecided
        case .titleRevoked: .titleRevoked
        case .honourGranted: .honourGranted
        case .dataErased: .dataErased
        case .holdPlaced: .holdPlaced
        case .holdReleased: .holdReleased
        case .keyRotated: .keyRotated
        case .archiveRestored: .archiveRestored
        case .accessDropped: .accessDropped
        case .fixityChecked: .fixityChecked
        case .accountOpened: .accountOpened
        case .accountClosed: .accountClosed
        case .roleGranted: .roleGranted
        case .roleWithdrawn: .roleWithdrawn
        case .signInChanged: .signInChanged
        }
    }
}

/// A deposit: the item, its object, and what was declared.
public struct Deposit: Sendable, Equatable {
    public let item: EvidenceID
    public let object: ObjectDescription
    public let metadata: EvidenceMetadata

    public init(item: EvidenceID, object: ObjectDescription, metadata: EvidenceMetadata) {
        self.item = item
        self.object = object
        self.metadata = metadata
    }
}

/// An object by content.
public struct ObjectDescription: Sendable, Hashable {
    public let digest: Digest
    /// In bytes.
    public let size: Int64
    /// SHA-256 over the concatenated 32-byte digests of its 1 MiB pieces.
    public let pieceListDigest: Digest

    public init(digest: Digest, size: Int64, pieceListDigest: Digest) {
        self.digest = digest
        self.size = size
        self.pieceListDigest = pieceListDigest
    }
}

/// The size of a piece of an object, 1 MiB; the last piece may be shorter. An object of no bytes has no piece.
public let pieceSize = 1 << 20

/// What was done with personal evidence, in the access log.
public enum AccessKind: String, Sendable, CaseIterable {
    /// Metadata of items was listed.
    case listed = "evidence.listed"
    /// Items were shown as results of a search.
    case found = "evidence.found"
    /// An item's metadata was shown.
    case viewed = "evidence.viewed"
    /// Pages of an item were shown as images.
    case imaged = "evidence.imaged"
    /// An item's bytes left the archive.
    case exported = "evidence.exported"
    /// A person, or what is recorded of one, was shown.
    case personViewed = "person.viewed"
    /// A dossier was shown: its scores, citations or history.
    case dossierViewed = "dossier.viewed"
    /// What a title rests on, or what rests on an item, was shown.
    case traced = "evidence.traced"
    /// A bundle about titles left the archive, with the bytes of the evidence that it holds.
    case bundled = "bundle.exported"
    /// What the access log says of a person or an item was shown.
    case accessViewed = "access.viewed"
    /// What was asked for was refused, or hidden from who asked.
    case refused = "access.refused"
    /// An answer that was given before was given again, to the same request.
    case answeredAgain = "answer.repeated"
}
