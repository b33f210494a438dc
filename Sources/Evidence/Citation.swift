/// An indicator of a dossier cites evidence: the item, exactly these bytes, and where in them the proof stands.
public struct Citation: Sendable, Equatable {
    public let id: CitationID
    public let dossier: DossierID
    public let indicator: IndicatorCode
    public let evidence: EvidenceReference
    /// Pages from 1, ascending; empty for the whole.
    public let pages: [Int]
    /// A part of the only page that is named.
    public let region: PageRegion?
    /// Digest of the extracted text that was read when it was cited; `nil` where there was none.
    public let text: Digest?
    public let note: String?
    /// The citation of an earlier cycle whose evidence is used again, re-affirmed by this one.
    public let reaffirms: CitationID?
    public let role: Role

    public init(
        id: CitationID, dossier: DossierID, indicator: IndicatorCode, evidence: EvidenceReference, pages: [Int] = [],
        region: PageRegion? = nil, text: Digest? = nil, note: String? = nil, reaffirms: CitationID? = nil, role: Role
    ) {
        self.id = id
        self.dossier = dossier
        self.indicator = indicator
        self.evidence = evidence
        self.pages = pages
        self.region = region
        self.text = text
        self.note = note
        self.reaffirms = reaffirms
        self.role = role
    }
}

/// A rectangle on a page, in thousandths of its width and height from the upper left corner.
public struct PageRegion: Sendable, Hashable {
    public let x: Int
    public let y: Int
    public let width: Int
    public let height: Int

    /// `nil` when it is empty or not on the page.
    public init?(x: Int, y: Int, width: Int, height: Int) {
        guard (0..<1000).contains(x), (0..<1000).contains(y), width > 0, height > 0, width <= 1000 - x, height <= 1000 - y else {
            return nil
        }
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// A citation holds no longer.
public struct CitationWithdrawal: Sendable, Equatable {
    public let citation: CitationID
    public let dossier: DossierID
    public let reason: String
    public let role: Role

    public init(citation: CitationID, dossier: DossierID, reason: String, role: Role) {
        self.citation = citation
        self.dossier = dossier
        self.reason = reason
        self.role = role
    }
}

/// What is known of the truth of an evidence item.
public enum VerificationState: String, Sendable, CaseIterable {
    /// Handed in; nobody has looked. Every item begins so, without a record.
    case submitted
    case inReview = "in-review"
    case verified, rejected
    case needsMore = "needs-more"
    case revoked, expired
    /// Other bytes took its place; see ``EvidenceSupersession``.
    case superseded
    /// Its bytes and what was declared were erased; see ``Erasure``.
    case erased

    /// Whether a citation of such an item is evidence for a score.
    public var counts: Bool {
        switch self {
        case .submitted, .inReview, .verified: true
        case .rejected, .needsMore, .revoked, .expired, .superseded, .erased: false
        }
    }
}

/// How a fact was verified (xác minh).
public enum VerificationMethod: String, Sendable, CaseIterable {
    case originalSeen = "original-seen"
    case issuerConfirmed = "issuer-confirmed"
    case signatureChecked = "signature-checked"
}

/// A reviewer's finding about an evidence item.
public struct EvidenceVerification: Sendable, Equatable {
    public let item: EvidenceID
    public let state: VerificationState
    /// Only of ``VerificationState/verified``, and always there.
    public let method: VerificationMethod?
    public let reason: String?
    public let role: Role

    public init(item: EvidenceID, state: VerificationState, method: VerificationMethod?, reason: String?, role: Role) {
        self.item = item
        self.state = state
        self.method = method
        self.reason = reason
        self.role = role
    }
}

/// A person handed in other bytes in place of an item: a new item with its own verification. What cited the old one is to be
/// reviewed again.
public struct EvidenceSupersession: Sendable, Equatable {
    public let item: EvidenceID
    public let by: EvidenceID
    public let reason: String
    public let role: Role

    public init(item: EvidenceID, by: EvidenceID, reason: String, role: Role) {
        self.item = item
        self.by = by
        self.reason = reason
        self.role = role
    }
}
