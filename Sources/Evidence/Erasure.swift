/// Personal data was erased (xóa dữ liệu cá nhân): what went, why, and what the erased bodies still say. The tombstone of a record of
/// which only the header is left.
public struct Erasure: Sendable, Equatable {
    /// The person who was erased; `nil` where only items were.
    public let person: PersonID?
    /// Items whose metadata and bytes were erased.
    public let items: [EvidenceID]
    /// Objects whose bytes were erased, extracted texts among them: no other item has them.
    public let objects: [Digest]
    /// What is left of each erased body.
    public let redactions: [Redaction]
    public let reason: String
    /// The law or decision that it rests on.
    public let legalBasis: String
    public let role: Role

    public init(
        person: PersonID?, items: [EvidenceID], objects: [Digest], redactions: [Redaction], reason: String, legalBasis: String, role: Role
    ) {
        self.person = person
        self.items = items
        self.objects = objects
        self.redactions = redactions
        self.reason = reason
        self.legalBasis = legalBasis
        self.role = role
    }
}

/// A record whose body was erased, and a body of its kind without what was personal, so that the views can still be folded.
public struct Redaction: Sendable, Equatable {
    public let record: Int
    /// Of the record.
    public let kind: RecordKind
    /// Canonical JSON of a body of that kind.
    public let body: [UInt8]

    public init(record: Int, kind: RecordKind, body: [UInt8]) {
        self.record = record
        self.kind = kind
        self.body = body
    }
}

/// A legal hold (lệnh giữ): what it is about may not be erased until it is released.
public struct LegalHold: Sendable, Equatable {
    /// An item, a person or a dossier.
    public let subject: String
    public let reason: String
    /// The law or decision that it rests on.
    public let legalBasis: String
    public let role: Role

    public init(subject: String, reason: String, legalBasis: String, role: Role) {
        self.subject = subject
        self.reason = reason
        self.legalBasis = legalBasis
        self.role = role
    }
}

/// What stands in the place of an erased text.
public let erasedText = "(đã xóa)"
