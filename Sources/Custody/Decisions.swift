internal import Catalog
public import Evidence
public import Recognition

/// A decision document, as it is entered.
public struct DecisionEntry: Sendable {
    public let codeNumber: String
    public let codeNotation: String
    public let issuedOn: CalendarDate
    /// Who decides; as the rule set says where none is given.
    public let authority: String?
    public let signer: String
    /// The evidence item of the scan.
    public let scan: String?

    public init(codeNumber: String, codeNotation: String, issuedOn: CalendarDate, authority: String?, signer: String, scan: String?) {
        self.codeNumber = codeNumber
        self.codeNotation = codeNotation
        self.issuedOn = issuedOn
        self.authority = authority
        self.signer = signer
        self.scan = scan
    }
}

/// What was decided about one dossier.
public struct DecisionOutcome: Sendable {
    public let decision: DecisionID
    public let dossier: DossierID
    public let person: PersonID
    /// `nil` where the title is refused.
    public let title: TitleID?
    public let verdict: Verdict
    public let record: Int
}

extension Archive {
    /// Decides about dossiers by one document: each is recognised or refused, as the rules that it is bound to say. All or none.
    ///
    /// Each person's record pins the rules, the ten final scores, the citations with their digests, who reviewed, and the document.
    /// - Throws: `LifeError` or ``ArchiveError/refused(act:reason:)``: a dossier that is not proposed, somebody who scored it, a
    ///   document that is known, dates that run backwards. Nothing is recorded then.
    public func decide(
        _ references: [String], by document: DecisionEntry, role: Role, by actor: Actor
    ) async throws -> [DecisionOutcome] {
        try await blocking.run { [self] in
            try acting {
                let act = "decide by \(document.codeNumber)/\(document.codeNotation)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                var seen: Set<DossierID> = []
                let views = try references.map { try dossier(resolve($0, as: DossierID.self, "dossier")) }
                    .filter { seen.insert($0.id).inserted }
                guard let first = views.first else { throw refuse("no dossier is named") }
                let paper = try decisionDocument(document, otherwise: ruleSet(first.rules).authority.value, act)
                var decisions: [(PersonDecision, Verdict)] = []
                for view in views { decisions.append(try decision(view, paper, role, actor, refuse)) }
                let records = try record(
                    decisions.map { decision, _ in
                        let ids: [any OpaqueIdentifier] = [decision.dossier, decision.person, paper.id]
                        return (.dossierDecided(decision), ids + (decision.title.map { [$0] } ?? []))
                    }, by: actor)
                return zip(decisions, records).map { decided, number in
                    DecisionOutcome(
                        decision: paper.id, dossier: decided.0.dossier, person: decided.0.person, title: decided.0.title,
                        verdict: decided.1, record: number)
                }
            }
        }
    }

    private func decision(
        _ view: DossierView, _ paper: DecisionDocument, _ role: Role, _ actor: Actor, _ refuse: (String) -> ArchiveError
    ) throws -> (PersonDecision, Verdict) {
        let (life, state) = try life(of: view)
        let scores = try scores(of: view.id)[.final] ?? [:]
        let citations = try citations(of: view.id)
        let verdict = try verdict(of: view, scores, citations.filter(\.counts).map(\.indicator))
        let act: DossierAct = verdict.isRecognised ? .recognise : .refuse
        _ = try life.state(after: act, by: role, from: state)
        try checkSeparation(act, role, view, actor)
        let stages = try catalog.stages(of: view.id)
        for stage in stages where stage.act == .review {
            if case .dossierStepped(let step) = try catalog.record(stage.span.from).body, let held = step.review?.heldOn, paper.issuedOn < held {
                throw refuse("it is dated \(paper.issuedOn), before the collective review of \(view.id) on \(held)")
            }
        }
        let missing = try criteriaSet(view.criteria).indicators.map(\.code).filter { scores[$0] == nil }
        guard missing.isEmpty else {
            throw refuse("\(view.id) has no final scores for \(missing.map(\.text).joined(separator: ", "))")
        }
        let reviewers = stages.filter { [.review, .appraise, .confirm, .propose].contains($0.act) }.map(\.account)
        let decision = PersonDecision(
            document: paper, dossier: view.id, person: view.person, cycle: view.cycle, unit: view.unit, group: view.group,
            from: state.stage, criteria: view.criteria, rules: view.rules, scores: scores,
            citations: citations.map {
                DecidedCitation(
                    citation: $0.id, indicator: $0.indicator, evidence: $0.evidence, pages: $0.pages, text: $0.text,
                    verification: $0.verification)
            },
            reviewers: Array(Set(reviewers)).sorted(), total: verdict.total, grade: verdict.grade, unmet: verdict.unmet.map(\.id),
            title: verdict.isRecognised ? .random() : nil, role: role)
        return (decision, verdict)
    }

    /// The document as it is recorded; refused where one with this number, notation and date is known.
    private func decisionDocument(_ entry: DecisionEntry, otherwise authority: String, _ act: String) throws -> DecisionDocument {
        let (number, notation) = (try Self.line(entry.codeNumber, "number"), try Self.line(entry.codeNotation, "notation"))
        guard entry.issuedOn <= now().date else { throw ArchiveError.refused(act: act, reason: "\(entry.issuedOn) is not yet") }
        if let known = try catalog.decision(number: number, notation: notation, issuedOn: entry.issuedOn) {
            throw ArchiveError.refused(act: act, reason: "that document of \(entry.issuedOn) was entered already, as \(known.decision)")
        }
        return DecisionDocument(
            id: .random(), codeNumber: number, codeNotation: notation, issuedOn: entry.issuedOn,
            authority: try Self.line(entry.authority ?? authority, "authority"), signer: try Self.line(entry.signer, "signer"),
            scan: try entry.scan.map { try evidence($0) })
    }

    /// Takes a title or an honour back.
    public func revoke(
        _ reference: String, reason: String, legalBasis: String, role: Role, by actor: Actor
    ) async throws -> TitleSummary {
        try await blocking.run { [self] in
            try acting {
                let id = try resolve(reference, as: TitleID.self, "title")
                guard let given = try catalog.decision(giving: id) else { throw ArchiveError.notFound("title", reference) }
                let act = "revoke \(id)"
                guard given.revokedRecord == nil else { throw ArchiveError.refused(act: act, reason: "it was revoked already") }
                if let dossier = given.dossier {
                    let view = try self.dossier(dossier)
                    let (life, state) = try life(of: view)
                    _ = try life.state(after: .revoke, by: role, from: state)
                    try checkSeparation(.revoke, role, view, actor)
                } else if role != .authority {
                    throw ArchiveError.refused(act: act, reason: "the authority revokes, not \(role.rawValue)")
                }
                let revocation = TitleRevocation(
                    title: id, dossier: given.dossier, reason: try Self.line(reason, "reason"),
                    legalBasis: try Self.line(legalBasis, "legal basis"), role: role)
                let ids: [any OpaqueIdentifier] = [id, given.person]
                try record([(.titleRevoked(revocation), ids + (given.dossier.map { [$0] } ?? []))], by: actor)
                guard let revoked = try catalog.decision(giving: id), let summary = TitleSummary(revoked) else {
                    throw ArchiveError.notFound("title", reference)
                }
                return summary
            }
        }
    }

    /// Gives a person the honour of several years running, as a rule set has it. It follows the person through all units.
    ///
    /// - Parameter rules: the rule set whose honour it is.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` that names the years with and without a title.
    public func honour(
        _ person: String, rules: String, by document: DecisionEntry, role: Role, by actor: Actor
    ) async throws -> TitleSummary {
        try await blocking.run { [self] in
            try acting {
                let id = try resolve(person, as: PersonID.self, "person")
                let act = "honour \(id)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard role == .authority else { throw refuse("the authority does, not \(role.rawValue)") }
                guard try catalog.person(id)?.account != actor.principal else { throw refuse("nobody honours themselves") }
                let pinned = try ruleImport(rules, .ruleSet)
                let rules = try ruleSet(pinned.object.digest)
                guard let honour = rules.honour else { throw refuse("\(rules.code) has no honour") }
                let decisions = try catalog.decisions(about: id).filter { $0.revokedRecord == nil }
                let titles = decisions.filter { $0.honour == nil && $0.title != nil }
                guard let run = rules.honourRun(in: titles.map(\.cycle)) else {
                    let years = titles.map { "\($0.cycle)" }.joined(separator: ", ")
                    throw refuse(
                        "\(honour.value.name) takes \(honour.value.years) years running [\(honour.provenance.citation)]; there are titles of \(years.isEmpty ? "no year" : years)")
                }
                if decisions.contains(where: { $0.honour == honour.value.name && $0.cycle == run.upperBound }) {
                    throw refuse("it was given for the years to \(run.upperBound) already")
                }
                let grant = HonourGrant(
                    document: try decisionDocument(document, otherwise: rules.authority.value, act), honour: .random(), person: id,
                    name: honour.value.name, rules: pinned.object.digest,
                    titles: titles.filter { run.contains($0.cycle) }.compactMap(\.title), role: role)
                try record([(.honourGranted(grant), [grant.honour, id, grant.document.id])], by: actor)
                guard let given = try catalog.decision(giving: grant.honour), let summary = TitleSummary(given) else {
                    throw ArchiveError.notFound("honour", grant.honour.text)
                }
                return summary
            }
        }
    }
}
