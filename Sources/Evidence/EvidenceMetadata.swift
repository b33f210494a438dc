/// What kind of proof an evidence item is.
public enum EvidenceKind: String, Sendable, CaseIterable {
    case certificate, decision, report, photo
    case workSample = "work-sample"
    case confirmation, other
}

/// How much a copy can be relied on, weakest first (Law 20/2023/QH15 Art. 12: a citizen's scan is a mere copy).
public enum AssuranceLevel: String, Sendable, CaseIterable, Comparable {
    case citizenCopy = "citizen-copy"
    case originalSeen = "original-seen"
    case bornDigitalSigned = "born-digital-signed"
    case verifiedAtSource = "verified-at-source"

    public static func < (left: AssuranceLevel, right: AssuranceLevel) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .citizenCopy: 0
        case .originalSeen: 1
        case .bornDigitalSigned: 2
        case .verifiedAtSource: 3
        }
    }
}

/// What people declare about an evidence item. What extraction suggests is kept elsewhere, in ``ExtractionFinding``.
///
/// Field names follow Decree 30/2020/NĐ-CP, Annex VI, where it has them (code number, notation, subject, issued date).
/// All text is NFC, without control characters, and never empty.
public struct EvidenceMetadata: Sendable, Equatable {
    public var title: String?
    public var kind: EvidenceKind
    /// Cơ quan ban hành.
    public var issuer: String?
    /// Số: `677`.
    public var codeNumber: String?
    /// Ký hiệu: `QĐ-TTg`.
    public var codeNotation: String?
    /// Trích yếu.
    public var subject: String?
    public var issuedOn: CalendarDate?
    public var validFrom: CalendarDate?
    public var validUntil: CalendarDate?
    /// Whose proof it is, as a name.
    public var holder: String?
    /// Whose proof it is, as a registered person.
    public var person: PersonID?
    /// BCP 47, e.g. `vi`.
    public var language: String?
    /// The name of the file that was deposited; never used as a path.
    public var fileName: String?
    public var assurance: AssuranceLevel

    public init(
        title: String? = nil, kind: EvidenceKind = .other, issuer: String? = nil, codeNumber: String? = nil,
        codeNotation: String? = nil, subject: String? = nil, issuedOn: CalendarDate? = nil,
        validFrom: CalendarDate? = nil, validUntil: CalendarDate? = nil, holder: String? = nil, person: PersonID? = nil,
        language: String? = nil, fileName: String? = nil, assurance: AssuranceLevel = .citizenCopy
    ) {
        self.title = title
        self.kind = kind
        self.issuer = issuer
        self.codeNumber = codeNumber
        self.codeNotation = codeNotation
        self.subject = subject
        self.issuedOn = issuedOn
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.holder = holder
        self.person = person
        self.language = language
        self.fileName = fileName
        self.assurance = assurance
    }
}
