/// Whose view a score is. Kinds are kept apart and never overwrite one another.
public enum ScoreKind: String, Sendable, CaseIterable {
    /// The person's own (tự đánh giá).
    case selfScore = "self"
    /// Of the collective review.
    case collective
    /// Of the appraisal.
    case appraised
    /// What the decision rests on.
    case final
}

/// The points that an indicator was given.
public struct Score: Sendable, Hashable {
    public let points: Points
    /// Carried out, but not in full (có thực hiện nhưng không đầy đủ).
    public let isPartial: Bool

    public init(points: Points, isPartial: Bool = false) {
        self.points = points
        self.isPartial = isPartial
    }
}

/// Scores that somebody gave a dossier at once; each supersedes the earlier one of its kind and indicator.
public struct ScoreSheet: Sendable, Equatable {
    public let dossier: DossierID
    public let kind: ScoreKind
    public let scores: [IndicatorCode: Score]
    public let role: Role
    public let reason: String?

    public init(dossier: DossierID, kind: ScoreKind, scores: [IndicatorCode: Score], role: Role, reason: String? = nil) {
        self.dossier = dossier
        self.kind = kind
        self.scores = scores
        self.role = role
        self.reason = reason
    }
}

/// A decision document: number, notation and date, who decided and signed, and the scan.
public struct DecisionDocument: Sendable, Equatable {
    public let id: DecisionID
    public let codeNumber: String
    public let codeNotation: String
    public let issuedOn: CalendarDate
    /// The authority, as the document names it.
    public let authority: String
    public let signer: String
    /// The document, as evidence; to be shown to others only with the other names hidden.
    public let scan: EvidenceReference?

    public init(
        id: DecisionID, codeNumber: String, codeNotation: String, issuedOn: CalendarDate, authority: String, signer: String,
        scan: EvidenceReference?
    ) {
        self.id = id
        self.codeNumber = codeNumber
        self.codeNotation = codeNotation
        self.issuedOn = issuedOn
        self.authority = authority
        self.signer = signer
        self.scan = scan
    }
}

/// A citation as a decision rested on it.
public struct DecidedCitation: Sendable, Hashable {
    public let citation: CitationID
    public let indicator: IndicatorCode
    public let evidence: EvidenceReference
    public let pages: [Int]
    public let text: Digest?
    /// What was known of the item at that time.
    public let verification: VerificationState

    public init(
        citation: CitationID, indicator: IndicatorCode, evidence: EvidenceReference, pages: [Int], text: Digest?,
        verification: VerificationState
    ) {
        self.citation = citation
        self.indicator = indicator
        self.evidence = evidence
        self.pages = pages
        self.text = text
        self.verification = verification
    }
}

/// What a decision says of one person, with all that it rests on, so that it can be derived again from this record alone.
public struct PersonDecision: Sendable, Equatable {
    public let document: DecisionDocument
    public let dossier: DossierID
    public let person: PersonID
    public let cycle: Int
    public let unit: UnitID
    public let group: String
    public let from: DossierStage
    public let criteria: Digest
    public let rules: Digest
    /// The final scores of all indicators.
    public let scores: [IndicatorCode: Score]
    public let citations: [DecidedCitation]
    /// Accounts that reviewed, appraised, confirmed or proposed.
    public let reviewers: [String]
    public let total: Points
    public let grade: String?
    /// What was not met, e.g. `floor:B4`; empty when recognised.
    public let unmet: [String]
    /// The title that is given; `nil` when it is refused.
    public let title: TitleID?
    public let role: Role

    public init(
        document: DecisionDocument, dossier: DossierID, person: PersonID, cycle: Int, unit: UnitID, group: String,
        from: DossierStage, criteria: Digest, rules: Digest, scores: [IndicatorCode: Score], citations: [DecidedCitation],
        reviewers: [String], total: Points, grade: String?, unmet: [String], title: TitleID?, role: Role
    ) {
        self.document = document
        self.dossier = dossier
        self.person = person
        self.cycle = cycle
        self.unit = unit
        self.group = group
        self.from = from
        self.criteria = criteria
        self.rules = rules
        self.scores = scores
        self.citations = citations
        self.reviewers = reviewers
        self.total = total
        self.grade = grade
        self.unmet = unmet
        self.title = title
        self.role = role
    }
}

/// A title or an honour was taken back.
public struct TitleRevocation: Sendable, Equatable {
    public let title: TitleID
    /// `nil` for an honour.
    public let dossier: DossierID?
    public let reason: String
    /// The document that revokes it.
    public let legalBasis: String
    public let role: Role

    public init(title: TitleID, dossier: DossierID?, reason: String, legalBasis: String, role: Role) {
        self.title = title
        self.dossier = dossier
        self.reason = reason
        self.legalBasis = legalBasis
        self.role = role
    }
}

/// A person held the title so many years running (công dân học tập tiêu biểu); follows the person, not the unit.
public struct HonourGrant: Sendable, Equatable {
    public let document: DecisionDocument
    public let honour: TitleID
    public let person: PersonID
    /// As the rule set calls it.
    public let name: String
    public let rules: Digest
    /// The titles that it rests on, one a year, ascending.
    public let titles: [TitleID]
    public let role: Role

    public init(
        document: DecisionDocument, honour: TitleID, person: PersonID, name: String, rules: Digest, titles: [TitleID], role: Role
    ) {
        self.document = document
        self.honour = honour
        self.person = person
        self.name = name
        self.rules = rules
        self.titles = titles
        self.role = role
    }
}
