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
    /// The last collective review; `nil` where the track has none.
    public let review: CollectiveReview?
    /// `nil` where nothing was recorded.
    public let record: Int?
}

extension Archive {
    /// Decides about dossiers by one document: each is recognised or refused, as the rules that it is bound to say. All or none.
    ///
    /// With `applies` false it only says what it would decide. Each person's record pins the rules, the ten final scores, the
    /// citations with their digests, who reviewed, and the document.
    /// - Throws: `LifeError` or ``ArchiveError/refused(act:reason:)``: a dossier that is not proposed, somebody who scored it, a
    ///   document that is known, dates that run backwards. Nothing is recorded then.
    public func decide(
        _ references: [String], by document: DecisionEntry, applies: Bool = true, role: Role, by actor: Actor
    ) async throws -> [DecisionOutcome] {
        try await blocking.run { [self] in
            try acting {
                let act = "decide by \(document.codeNumber)/\(document.codeNotation)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                var seen: Set<DossierID> = []
                let views = try references.map { try dossier(resolve($0, as: DossierID.self, "dossier", to: .act(role), by: actor)) }
                    .filter { seen.insert($0.id).inserted }
                guard let first = views.first else { throw refuse("no dossier is named") }
                guard Set(views.map { "\($0.person)/\($0.cycle)" }).count == views.count else {
                    throw refuse("two of the dossiers are one person's of one cycle")
                }
                let authorities = Set(try views.map { try ruleSet($0.rules).authority.value })
                if document.authority == nil, authorities.count > 1 {
                    let names = authorities.sorted().joined(separator: ", ")
                    throw refuse("their rules name different authorities (\(names)); say which with --authority")
                }
                let paper = try decisionDocument(document, otherwise: ruleSet(first.rules).authority.value, act, by: actor)
                var decisions: [(PersonDecision, Verdict, CollectiveReview?)] = []
                for view in views {
                    decisions.append(try naming(view.id, of: views.count, act) { try decision(view, paper, role, actor, refuse) })
                }
                if !applies {
                    let shown = views.flatMap { [$0.id.text, $0.person.text] }
                    try catalog.appendAccess(.dossierViewed, to: shown, by: actor, at: now())
                }
                var firstRecord: Int?
                if applies {
                    firstRecord = try record(
                        decisions.map { decision, _, _ in
                            var ids: [any OpaqueIdentifier] = [decision.dossier, decision.person, paper.id]
                            if let title = decision.title { ids.append(title) }
                            if let scan = paper.scan { ids.append(scan.item) }
                            return (.dossierDecided(decision), ids)
                        }, by: actor
                    ).lowerBound
                }
                return decisions.enumerated().map { index, decided in
                    DecisionOutcome(
                        decision: paper.id, dossier: decided.0.dossier, person: decided.0.person, title: decided.0.title,
                        verdict: decided.1, review: decided.2, record: firstRecord.map { $0 + index })
                }
            }
        }
    }

    private func decision(
        _ view: DossierView, _ paper: DecisionDocument, _ role: Role, _ actor: Actor, _ refuse: (String) -> ArchiveError
    ) throws -> (PersonDecision, Verdict, CollectiveReview?) {
        let (life, state) = try life(of: view)
        let scores = try scores(of: view.id)[.final] ?? [:]
        let citations = try citations(of: view.id)
        let verdict = try verdict(of: view, scores, citations.filter(\.counts).map(\.indicator))
        let act: DossierAct = verdict.isRecognised ? .recognise : .refuse
        _ = try life.state(after: act, by: role, from: state)
        try checkSeparation(act, role, view, actor)
        let stages = try catalog.stages(of: view.id)
        let reviews = try stages.compactMap(collectiveReview)
        if let held = reviews.map(\.heldOn).first(where: { paper.issuedOn < $0 }) {
            throw refuse("it is dated \(paper.issuedOn), before the collective review of \(view.id) on \(held)")
        }
        let missing = try criteriaSet(view.criteria).indicators.map(\.code).filter { scores[$0] == nil }
        guard missing.isEmpty else {
            throw refuse("\(view.id) has no final scores for \(missing.map(\.text).joined(separator: ", "))")
        }
        // Evidence that fell after the proposal is not for this decision to judge in passing.
        let earlier = try catalog.decisions(about: view.person)
        if let other = earlier.first(where: { $0.cycle == view.cycle && $0.honour == nil && $0.stands && $0.dossier != view.id }) {
            throw refuse("\(view.person) has the title of \(view.cycle) already, \(other.title?.text ?? ""): a human has to look")
        }
        if earlier.contains(where: { $0.dossier == view.id && $0.decision == paper.id }) {
            throw refuse("that document decided about \(view.id) before; what was reopened takes a new one")
        }
        let mistakes = try refusals(of: scores, in: view)
        guard mistakes.isEmpty else {
            throw refuse("since it was proposed, evidence of \(view.id) fell: \(mistakes.joined(separator: "; ")); return it, or have it scored anew")
        }
        guard paper.issuedOn.year >= view.cycle else { throw refuse("it is dated \(paper.issuedOn), before the cycle \(view.cycle) began") }
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
        return (decision, verdict, reviews.last)
    }

    /// The document as it is recorded. One that was entered before, in all its words, is that one: a decision on paper may be
    /// entered in parts. Other authorities may have one of the same number and day; the same authority has not.
    private func decisionDocument(_ entry: DecisionEntry, otherwise authority: String, _ act: String, by actor: Actor) throws -> DecisionDocument {
        let entered = DecisionDocument(
            id: .random(), codeNumber: try Self.line(entry.codeNumber, "number"), codeNotation: try Self.line(entry.codeNotation, "notation"),
            issuedOn: entry.issuedOn, authority: try Self.line(entry.authority ?? authority, "authority"),
            signer: try Self.line(entry.signer, "signer"), scan: try entry.scan.map { try evidence($0, by: actor) })
        guard entry.issuedOn <= now().dateInVietnam else { throw ArchiveError.refused(act: act, reason: "\(entry.issuedOn) is not yet") }
        for known in try catalog.documents(number: entered.codeNumber, notation: entered.codeNotation, issuedOn: entered.issuedOn) {
            guard let document = try catalog.record(known.record).body.document, document.authority == entered.authority else { continue }
            guard document.signer == entered.signer, document.scan == entered.scan else {
                throw ArchiveError.refused(
                    act: act, reason: "\(document.id) has this number, day and authority, with another signer or scan: is it \(document.signer)?")
            }
            return document
        }
        return entered
    }

    /// Takes a title or an honour back.
    /// - Returns: what was revoked, and the honours that rest on it and still stand: they are to be looked at.
    public func revoke(
        _ reference: String, reason: String, legalBasis: String, role: Role, by actor: Actor
    ) async throws -> (title: TitleSummary, honours: [TitleSummary]) {
        try await blocking.run { [self] in
            try acting {
                let id = try resolve(reference, as: TitleID.self, "title", to: .act(role), by: actor)
                guard let given = try catalog.decision(giving: id) else { throw ArchiveError.notFound("title", reference) }
                let act = "revoke \(id)"
                guard given.revokedRecord == nil else { throw ArchiveError.refused(act: act, reason: "it was revoked already") }
                guard given.replacedRecord == nil else { throw ArchiveError.refused(act: act, reason: "a later decision took its place") }
                if let dossier = given.dossier {
                    let view = try self.dossier(dossier)
                    let (life, state) = try life(of: view)
                    _ = try life.state(after: .revoke, by: role, from: state)
                    try checkSeparation(.revoke, role, view, actor)
                } else if role != .authority {
                    throw ArchiveError.refused(act: act, reason: "the authority revokes, not \(role.rawValue)")
                } else if case .honourGranted(let grant) = try catalog.record(given.record).body {
                    try checkHonourSeparation(.revoke, role, grant.titles, actor)
                }
                let revocation = TitleRevocation(
                    title: id, dossier: given.dossier, reason: try Self.line(reason, "reason"),
                    legalBasis: try Self.line(legalBasis, "legal basis"), role: role)
                let ids: [any OpaqueIdentifier] = [id, given.person]
                try record([(.titleRevoked(revocation), ids + (given.dossier.map { [$0] } ?? []))], by: actor)
                guard let revoked = try catalog.decision(giving: id), let summary = TitleSummary(revoked) else {
                    throw ArchiveError.notFound("title", reference)
                }
                return (summary, try honours(on: id, of: given.person))
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
                let id = try resolve(person, as: PersonID.self, "person", to: .act(role), by: actor)
                let act = "honour \(id)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard role == .authority else { throw refuse("the authority does, not \(role.rawValue)") }
                let pinned = try ruleImport(rules, .ruleSet)
                let rules = try ruleSet(pinned.object.digest)
                guard let honour = rules.honour else { throw refuse("\(rules.code) has no honour") }
                let decisions = try catalog.decisions(about: id).filter(\.stands)
                let titles = decisions.filter { $0.honour == nil }
                guard let run = rules.honourRun(in: titles.map(\.cycle)) else {
                    let years = titles.map { "\($0.cycle)" }.joined(separator: ", ")
                    throw refuse(
                        "\(honour.value.name) takes \(honour.value.years) years running [\(honour.provenance.citation)]; "
                            + "there are titles of \(years.isEmpty ? "no year" : years)")
                }
                let resting = titles.filter { run.contains($0.cycle) }
                try checkHonourSeparation(.recognise, role, resting.compactMap(\.title), actor)
                if let last = resting.map(\.issuedOn).max(), document.issuedOn < last {
                    throw refuse("it is dated \(document.issuedOn), before the last title of \(last)")
                }
                if decisions.contains(where: { $0.honour == honour.value.name && $0.cycle == run.upperBound }) {
                    throw refuse("it was given for the years to \(run.upperBound) already")
                }
                let grant = HonourGrant(
                    document: try decisionDocument(document, otherwise: rules.authority.value, act, by: actor), honour: .random(), person: id,
                    name: honour.value.name, rules: pinned.object.digest,
                    titles: resting.compactMap(\.title), role: role)
                var ids: [any OpaqueIdentifier] = [grant.honour, id, grant.document.id]
                if let scan = grant.document.scan { ids.append(scan.item) }
                try record([(.honourGranted(grant), ids)], by: actor)
                guard let given = try catalog.decision(giving: grant.honour), let summary = TitleSummary(given) else {
                    throw ArchiveError.notFound("honour", grant.honour.text)
                }
                return summary
            }
        }
    }

    /// Four eyes on an honour are those on the titles that it rests on.
    private func checkHonourSeparation(_ act: DossierAct, _ role: Role, _ titles: [TitleID], _ actor: Actor) throws {
        for title in titles {
            if let dossier = try catalog.decision(giving: title)?.dossier { try checkSeparation(act, role, self.dossier(dossier), actor) }
        }
    }
}

extension RecordBody {
    /// The document of a decision or an honour.
    var document: DecisionDocument? {
        switch self {
        case .dossierDecided(let decision): decision.document
        case .honourGranted(let grant): grant.document
        default: nil
        }
    }
}
