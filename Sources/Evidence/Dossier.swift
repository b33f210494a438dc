/// In what capacity somebody acts on a dossier.
public enum Role: String, Sendable, CaseIterable {
    /// The person whose dossier it is.
    case citizen
    /// An officer who enters for a citizen (nhập hộ), under their own name.
    case assistant
    /// Who records the collective review (bình xét).
    case reviewer
    /// Who appraises the file (thẩm định).
    case appraiser
    /// The head of the unit who confirms the result (xác nhận).
    case confirmer
    /// The authority that recognises.
    case authority
    case inspector
    case administrator
}

/// How far a dossier is.
public enum DossierStage: String, Sendable, CaseIterable {
    case registered, declaring, submitted
    /// After the collective review.
    case reviewed
    case appraised, confirmed, proposed, recognised, refused
    /// Back with the citizen, for a supplement.
    case returned
    case withdrawn
    /// Somebody objects to the decision (khiếu nại, phản ánh).
    case objected
    /// An objection was not granted, and a higher body is asked.
    case appealed
    /// The title was taken back.
    case revoked
}

/// What moves a dossier from stage to stage.
public enum DossierAct: String, Sendable, CaseIterable {
    case declare, submit, review, appraise, confirm, propose, recognise, refuse
    case returnForSupplement = "return"
    case withdraw, object, appeal
    /// The objection or appeal is not granted: the decision stands.
    case uphold
    /// The objection or appeal is granted, or evidence changed: the dossier is reviewed again.
    case reopen
    case revoke
}

/// A review track: the steps between submission and decision, and who takes them. Part of a rule set.
public struct TrackStep: Sendable, Hashable {
    public let act: DossierAct
    public let role: Role

    public init(act: DossierAct, role: Role) {
        self.act = act
        self.role = role
    }
}

/// The beginning of a dossier: a person registers for the title of a cycle, in a unit, under these rules for ever.
public struct DossierOpening: Sendable, Equatable {
    public let dossier: DossierID
    public let person: PersonID
    /// The year that is assessed.
    public let cycle: Int
    public let unit: UnitID
    /// The subject group (nhóm đối tượng), by its code in the criteria set.
    public let group: String
    /// Digests of the canonical objects of criteria set and rule set.
    public let criteria: Digest
    public let rules: Digest
    public let role: Role

    public init(
        dossier: DossierID, person: PersonID, cycle: Int, unit: UnitID, group: String, criteria: Digest, rules: Digest, role: Role
    ) {
        self.dossier = dossier
        self.person = person
        self.cycle = cycle
        self.unit = unit
        self.group = group
        self.criteria = criteria
        self.rules = rules
        self.role = role
    }
}

/// A dossier moved from one stage to another. A decision moves it too, by ``PersonDecision``.
public struct DossierStep: Sendable, Equatable {
    public let dossier: DossierID
    public let act: DossierAct
    public let from: DossierStage
    public let to: DossierStage
    public let role: Role
    public let reason: String?
    /// Of a collective review only.
    public let review: CollectiveReview?

    public init(
        dossier: DossierID, act: DossierAct, from: DossierStage, to: DossierStage, role: Role, reason: String?,
        review: CollectiveReview? = nil
    ) {
        self.dossier = dossier
        self.act = act
        self.from = from
        self.to = to
        self.role = role
        self.reason = reason
        self.review = review
    }
}

/// A collective review (bình xét): who took part, how they voted, and the minutes.
public struct CollectiveReview: Sendable, Equatable {
    public let heldOn: CalendarDate
    /// Names of those who took part, as the minutes have them.
    public let participants: [String]
    /// For the title, and against it.
    public let votesFor: Int
    public let votesAgainst: Int
    /// The minutes, as evidence.
    public let minutes: EvidenceReference?

    public init(
        heldOn: CalendarDate, participants: [String], votesFor: Int, votesAgainst: Int, minutes: EvidenceReference?
    ) {
        self.heldOn = heldOn
        self.participants = participants
        self.votesFor = votesFor
        self.votesAgainst = votesAgainst
        self.minutes = minutes
    }
}

/// An evidence item with the digest of its object: names both what was submitted and exactly these bytes.
public struct EvidenceReference: Sendable, Hashable {
    public let item: EvidenceID
    public let object: Digest

    public init(item: EvidenceID, object: Digest) {
        self.item = item
        self.object = object
    }
}
