internal import Catalog
public import Evidence
public import Recognition

extension Archive {
    /// Gives scores of one kind. Kinds are kept apart, and what was given before stays in the ledger.
    ///
    /// Self-scores are given while the dossier is declared, by its citizen or an assistant; collective ones once it is submitted;
    /// appraised and final ones after the collective review.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` with every score that a rule refuses, in the rule's words; nothing is
    ///   recorded then.
    /// - Returns: the dossier.
    @discardableResult
    public func score(
        _ reference: String, _ kind: ScoreKind, _ scores: [IndicatorCode: Score], role: Role, reason: String? = nil, by actor: Actor
    ) async throws -> DossierSummary {
        try await blocking.run { [self] in
            try acting {
                let view = try dossier(resolve(reference, as: DossierID.self, "dossier", to: .act(role), by: actor))
                let act = "give \(view.id) \(kind.rawValue) scores"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard !scores.isEmpty else { throw refuse("there is none") }
                let (stages, roles) = Self.scoring(kind)
                guard roles.contains(role) else {
                    throw refuse("they are given by \(roles.map(\.rawValue).joined(separator: " or ")), not by \(role.rawValue)")
                }
                guard stages.contains(view.stage) else {
                    throw refuse(
                        "the dossier is \(view.stage.rawValue); they are given while it is \(stages.map(\.rawValue).joined(separator: " or "))")
                }
                try checkCitizen(role, view.person, [view], actor, act)
                if role != .citizen, try ownAccounts(of: view).contains(actor.principal) {
                    throw refuse("nobody scores their own dossier as \(role.rawValue)")
                }
                let mistakes = try refusals(of: scores, in: view)
                guard mistakes.isEmpty else { throw refuse(mistakes.joined(separator: "; ")) }
                let sheet = ScoreSheet(
                    dossier: view.id, kind: kind, scores: scores, role: role, reason: try reason.map { try Self.line($0, "reason") })
                try record([(.scoresGiven(sheet), [view.id, view.person])], by: actor)
                return try summary(view)
            }
        }
    }

    /// Why scores may not be given to a dossier, in the rules' words, by indicator.
    func refusals(of scores: [IndicatorCode: Score], in view: DossierView) throws -> [String] {
        let (rules, criteria) = (try ruleSet(view.rules), try criteriaSet(view.criteria))
        let evidenced = Set(try citations(of: view.id).filter(\.counts).map(\.indicator))
        return scores.sorted { $0.key < $1.key }.compactMap { code, score in
            guard let indicator = criteria.indicator(code) else { return "\(criteria.code) has no indicator \(code)" }
            return rules.refusal(of: score, for: indicator, hasEvidence: evidenced.contains(code))?.description
        }
    }

    /// When and by whom scores of a kind are given.
    private static func scoring(_ kind: ScoreKind) -> (stages: [DossierStage], roles: [Role]) {
        switch kind {
        case .selfScore: ([.declaring], [.citizen, .assistant])
        case .collective: ([.submitted], [.reviewer])
        case .appraised: ([.reviewed], [.appraiser])
        case .final: ([.reviewed, .appraised, .confirmed], [.reviewer, .appraiser, .confirmer])
        }
    }

    /// What the rules say of a dossier's scores of a kind, with every reason. The same engine as the decision's, so that a citizen
    /// can check themselves. The view is in the access log before the answer is given.
    /// - Parameter kind: where none is given, the furthest of which there are scores.
    public func verdict(
        of reference: String, by kind: ScoreKind? = nil, by actor: Actor
    ) async throws -> (dossier: DossierSummary, kind: ScoreKind, verdict: Verdict) {
        try await blocking.run { [self] in
            let view = try dossier(resolve(reference, as: DossierID.self, "dossier", by: actor))
            let scores = try scores(of: view.id)
            let kind = kind ?? ScoreKind.allCases.last { scores[$0] != nil } ?? .selfScore
            let verdict = try verdict(of: view, scores[kind] ?? [:], citations(of: view.id).filter(\.counts).map(\.indicator))
            try catalog.appendAccess(.dossierViewed, to: [view.id.text, view.person.text], by: actor, at: now())
            return (try summary(view), kind, verdict)
        }
    }

    func verdict(of view: DossierView, _ scores: [IndicatorCode: Score], _ evidenced: [IndicatorCode]) throws -> Verdict {
        try ruleSet(view.rules).verdict(
            on: Assessment(scores: scores, evidenced: Set(evidenced)), under: criteriaSet(view.criteria))
    }
}
