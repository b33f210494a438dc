internal import Catalog
public import Evidence
public import Recognition

/// A dossier in a list.
public struct DossierSummary: Sendable {
    public let id: DossierID
    public let person: PersonID
    /// As declared last.
    public let personName: String
    public let cycle: Int
    public let unit: UnitID
    public let group: String
    public let stage: DossierStage
    public let criteria: Digest
    public let rules: Digest

    init(_ view: DossierView, personName: String) {
        id = view.id
        person = view.person
        self.personName = personName
        cycle = view.cycle
        unit = view.unit
        group = view.group
        stage = view.stage
        criteria = view.criteria
        rules = view.rules
    }
}

/// All that is known of a dossier.
public struct DossierAccount: Sendable {
    public let dossier: DossierSummary
    public let openedRecord: Int
    public let rules: RuleSet
    public let criteria: CriteriaSet
    public let stages: [StageAccount]
    /// What may be done next, and by whom.
    public let next: [(act: DossierAct, roles: [Role])]
    /// Scores that hold, by kind.
    public let scores: [ScoreKind: [IndicatorCode: Score]]
    public let citations: [CitationAccount]
    public let titles: [TitleSummary]
}

/// A stage that a dossier was in, from one record until before another.
public struct StageAccount: Sendable {
    public let stage: DossierStage
    /// What led there; `nil` for the opening.
    public let act: DossierAct?
    public let role: Role
    /// In whose name it was done.
    public let account: String
    public let record: Int
    /// `nil` while it holds.
    public let until: Int?
    /// How the collective review was held that led there.
    public let review: CollectiveReview?
}

/// A citation, with what is known of its evidence.
public struct CitationAccount: Sendable {
    public let id: CitationID
    public let dossier: DossierID
    public let indicator: IndicatorCode
    public let evidence: EvidenceReference
    public let pages: [Int]
    public let text: Digest?
    public let reaffirms: CitationID?
    public let record: Int
    /// The title of the item.
    public let title: String?
    public let verification: VerificationState
    /// Whether it is evidence for a score: see `VerificationState.counts`.
    public var counts: Bool { verification.counts }

    init(_ view: CitationView, title: String?, verification: VerificationState) {
        id = view.id
        dossier = view.dossier
        indicator = view.indicator
        evidence = view.evidence
        pages = view.pages
        text = view.text
        reaffirms = view.reaffirms
        record = view.span.from
        self.title = title
        self.verification = verification
    }
}

extension Archive {
    // MARK: Opening

    /// Registers a person for the title of a cycle: opens their dossier, bound for ever to these rules.
    ///
    /// - Parameters:
    ///   - rules: the rule set, `CODE`, `CODE@VERSION` or its digest; `criteria` likewise.
    ///   - group: the subject group; the person's own where none is given.
    ///   - role: `citizen` or `assistant`.
    /// - Throws: ``ArchiveError/refused(act:reason:)``, also where the person has a dossier in this cycle, wherever it is.
    public func openDossier(
        person: String, cycle: Int, unit: String, rules: String, criteria: String, group: String? = nil, role: Role, by actor: Actor
    ) async throws -> DossierSummary {
        try await blocking.run { [self] in
            try acting {
                let act = "open a dossier"
                guard [.citizen, .assistant].contains(role) else {
                    throw ArchiveError.refused(act: act, reason: "a citizen registers, or an assistant for them, not \(role.rawValue)")
                }
                let id = try resolve(person, as: PersonID.self, "person", to: .act(role), by: actor)
                guard let person = try catalog.person(id) else { throw ArchiveError.notFound("person", person) }
                guard let first = CalendarDate(year: cycle, month: 1, day: 1), let last = CalendarDate(year: cycle, month: 12, day: 31),
                    (2021...2100).contains(cycle)
                else { throw ArchiveError.refused(act: act, reason: "\(cycle) is no cycle; give the year that is assessed, from 2021 on") }
                guard cycle <= now().dateInVietnam.year else {
                    throw ArchiveError.refused(act: act, reason: "\(cycle) has not begun")
                }
                // A withdrawn one keeps nobody out: it may have been opened under other rules, or in another unit, by mistake.
                if let earlier = try catalog.dossiers(of: id, cycle: cycle).first(where: { $0.stage != .withdrawn }) {
                    throw ArchiveError.refused(
                        act: act,
                        reason: "\(id) has one in \(cycle) already, \(earlier.id) in unit \(earlier.unit): one person declares once a "
                            + "cycle, wherever it is; a human has to decide, and one of the two can be withdrawn")
                }
                let ruleImport = try ruleImport(rules, .ruleSet)
                let criteriaImport = try self.ruleImport(criteria, .criteriaSet)
                let (rules, criteria) = (try ruleSet(ruleImport.object.digest), try criteriaSet(criteriaImport.object.digest))
                for (name, from, until) in [
                    (rules.code, rules.effectiveFrom, rules.effectiveUntil), (criteria.code, criteria.effectiveFrom, criteria.effectiveUntil),
                ] where from.map({ last < $0 }) ?? false || until.map({ $0 < first }) ?? false {
                    throw ArchiveError.refused(act: act, reason: "\(name) is not in force in \(cycle)")
                }
                try checkCitizen(role, id, [], actor, act)
                try checkFit(rules, criteria, act)
                let group = group ?? person.group
                guard let group, criteria.groups.contains(where: { $0.code == group }) else {
                    throw ArchiveError.refused(
                        act: act,
                        reason: "the subject group \(group ?? "is not given and") is none of \(criteria.code)'s: "
                            + criteria.groups.map(\.code).joined(separator: ", "))
                }
                _ = try DossierLife(track: rules.track.value)
                let day = min(max(now().dateInVietnam, first), last)
                let unit = try self.unit(unit, on: day)
                guard try called(unit, on: day) != nil else {
                    throw ArchiveError.refused(act: act, reason: "unit \(unit) has no name on \(day); did another unit take its place?")
                }
                // A citizen goes where they live; who enters for them has a place.
                if role != .citizen { try permit(.act(role), in: unit, "\(act) in unit \(unit)", by: actor) }
                let opening = DossierOpening(
                    dossier: .random(), person: id, cycle: cycle, unit: unit, group: group,
                    criteria: criteriaImport.object.digest, rules: ruleImport.object.digest, role: role)
                try record([(.dossierOpened(opening), [opening.dossier, id, opening.unit])], by: actor)
                return try summary(dossier(opening.dossier))
            }
        }
    }

    /// Rules and criteria are bound together for ever: what the one asks, the other has to be able to give.
    private func checkFit(_ rules: RuleSet, _ criteria: CriteriaSet, _ act: String) throws {
        let reachable = criteria.indicators.map { min($0.maximum, rules.scaleMaximum.value) }.reduce(.zero, +)
        if let total = rules.totalMaximum?.value, total != reachable {
            throw ArchiveError.refused(act: act, reason: "\(criteria.code) has \(reachable) points in all, \(rules.code) says \(total)")
        }
        guard reachable >= rules.threshold.value else {
            throw ArchiveError.refused(
                act: act, reason: "\(criteria.code) has \(reachable) points in all, \(rules.code) asks for \(rules.threshold.value)")
        }
    }

    // MARK: Steps

    /// Takes a step of the lives of dossiers, all or none, but for decisions and revocations, which have operations of their own.
    ///
    /// - Parameters:
    ///   - review: how the collective review was held; with the act `review`, and only there.
    /// - Throws: `LifeError` where the stage or the role does not allow it, or four eyes are not;
    ///   ``ArchiveError/refused(act:reason:)`` where something is missing for it. Nothing is recorded then.
    public func step(
        _ references: [String], _ act: DossierAct, role: Role, reason: String?, review: ReviewEntry? = nil, by actor: Actor
    ) async throws -> [DossierSummary] {
        try await blocking.run { [self] in
            try acting {
                var seen: Set<DossierID> = []
                let views = try references.map { try dossier(resolve($0, as: DossierID.self, "dossier", to: .act(role), by: actor)) }
                    .filter { seen.insert($0.id).inserted }
                let reason = try reason.map { try Self.line($0, "reason") }
                let pairs = Set(views.map { "\($0.person)/\($0.cycle)" })
                guard pairs.count == views.count else {
                    throw ArchiveError.refused(act: act.rawValue, reason: "two of the dossiers are one person's of one cycle; take them one by one")
                }
                let drafts = try views.map { view in
                    let step = try naming(view.id, of: views.count, act.rawValue) { try self.step(view, act, role, reason, review, actor) }
                    var ids: [any OpaqueIdentifier] = [view.id, view.person]
                    if let minutes = step.review?.minutes { ids.append(minutes.item) }
                    return (RecordBody.dossierStepped(step), ids)
                }
                if !drafts.isEmpty { try record(drafts, by: actor) }
                return try views.map { try summary(dossier($0.id)) }
            }
        }
    }

    /// Of several dossiers, the error names the one that it is about.
    func naming<Value>(_ dossier: DossierID, of count: Int, _ act: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as LifeError where count > 1 {
            throw ArchiveError.refused(act: "\(act), because of \(dossier)", reason: error.description)
        }
    }

    private func step(
        _ view: DossierView, _ act: DossierAct, _ role: Role, _ reason: String?, _ review: ReviewEntry?, _ actor: Actor
    ) throws -> DossierStep {
        let name = "\(act.rawValue) \(view.id)"
        guard ![.recognise, .refuse, .revoke].contains(act) else {
            throw ArchiveError.refused(act: name, reason: "that takes a document: see minhchung decide and minhchung revoke")
        }
        let (life, state) = try life(of: view)
        let after = try life.state(after: act, by: role, from: state)
        try checkCitizen(role, view.person, [view], actor, name)
        try checkSeparation(act, role, view, actor)
        if act == .declare, state.stage == .withdrawn,
            let other = try catalog.dossiers(of: view.person, cycle: view.cycle).first(where: { $0.id != view.id && $0.stage != .withdrawn })
        {
            throw ArchiveError.refused(act: name, reason: "\(other.id) took its place in \(view.cycle); withdraw that one first")
        }
        if reason == nil, DossierLife.requiresReason(act) {
            throw ArchiveError.refused(act: name, reason: "it needs a reason; give one with --reason")
        }
        guard (review != nil) == (act == .review) else {
            let needed = "a collective review needs its date, participants, votes and minutes"
            throw ArchiveError.refused(act: name, reason: act == .review ? needed : "only a review has votes")
        }
        try checkScores(for: act, of: view, name)
        return DossierStep(
            dossier: view.id, act: act, from: state.stage, to: after.stage, role: role, reason: reason,
            review: try review.map { try collectiveReview($0, of: view, name, by: actor) })
    }

    /// The item and the digest that it has.
    func evidence(_ reference: String, by actor: Actor) throws -> EvidenceReference {
        let id = try resolve(reference, by: actor)
        guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(reference) }
        return EvidenceReference(item: id, object: item.object)
    }

    /// A step rests on scores of its kind, of all indicators.
    private func checkScores(for act: DossierAct, of view: DossierView, _ name: String) throws {
        let kind: ScoreKind? =
            switch act {
            case .submit: .selfScore
            case .review: .collective
            case .appraise: .appraised
            case .propose: .final
            default: nil
            }
        guard let kind else { return }
        // What was given before the review began again is no result of it.
        let begun = kind == .selfScore ? nil : try catalog.stages(of: view.id).last { $0.stage == .submitted }?.span.from
        let given = try catalog.scores(of: view.id).filter { $0.kind == kind && $0.span.to == nil && $0.span.from > begun ?? -1 }
        let scores = Dictionary(given.map { ($0.indicator, $0.score) }, uniquingKeysWith: { _, last in last })
        let missing = try criteriaSet(view.criteria).indicators.map(\.code).filter { scores[$0] == nil }
        guard missing.isEmpty else {
            throw ArchiveError.refused(
                act: name, reason: "\(kind.rawValue) scores are missing for \(missing.map(\.text).joined(separator: ", "))")
        }
        // Evidence may have fallen or been taken back since they were given.
        let mistakes = try refusals(of: scores, in: view)
        guard mistakes.isEmpty else { throw ArchiveError.refused(act: name, reason: mistakes.joined(separator: "; ")) }
    }

    // MARK: Where a dossier is

    func dossier(_ id: DossierID) throws -> DossierView {
        guard let view = try catalog.dossier(id) else { throw ArchiveError.notFound("dossier", id.text) }
        return view
    }

    /// The life that the dossier's rules give it, and where in it the dossier is: its steps, taken again.
    func life(of view: DossierView) throws -> (life: DossierLife, state: DossierLife.State) {
        let life = try DossierLife(track: ruleSet(view.rules).track.value)
        var state = DossierLife.State.registered
        for stage in try catalog.stages(of: view.id) {
            if let act = stage.act { state = try life.state(after: act, by: stage.role, from: state) }
        }
        return (life, state)
    }

    /// Nobody acts on their own dossier but as its citizen, and who scored does not decide.
    func checkSeparation(_ act: DossierAct, _ role: Role, _ view: DossierView, _ actor: Actor) throws {
        var scored = Set(try catalog.scores(of: view.id).filter { $0.role != .citizen }.map(\.account))
        // Nor does who decided decide whether that was right.
        if act == .uphold {
            let deciding: Set<DossierAct?> = [.recognise, .refuse, .revoke]
            scored.formUnion(try catalog.stages(of: view.id).filter { deciding.contains($0.act) }.map(\.account))
        }
        try DossierLife.checkSeparation(
            act: act, role: role, account: actor.principal, ownAccounts: try ownAccounts(of: view), scoredBy: scored)
    }

    /// Who acts as citizen is the citizen: the person's account, or the one that has acted so before.
    func checkCitizen(_ role: Role, _ person: PersonID, _ dossiers: [DossierView], _ actor: Actor, _ act: String) throws {
        guard role == .citizen else { return }
        let own = try catalog.person(person)?.account.map { [$0] } ?? Array(dossiers.flatMap { try ownAccounts(of: $0) })
        guard own.isEmpty || own.contains(actor.principal) else {
            throw ArchiveError.refused(
                act: act, reason: "\(actor.principal) is not the citizen; an officer who enters for them acts with --role assistant")
        }
    }

    /// Every account that was ever declared as the person's: another declaration makes nobody a stranger to their own dossier.
    func everyAccount(of person: PersonID) throws -> Set<String> {
        Set(
            try catalog.records(about: person.text).compactMap { record in
                if case .personDeclared(let declared) = record.body { declared.account } else { nil }
            })
    }

    /// The person's own account, and those that acted as citizen on the dossier.
    func ownAccounts(of view: DossierView) throws -> Set<String> {
        var accounts = Set(try catalog.stages(of: view.id).filter { $0.role == .citizen }.map(\.account))
        accounts.formUnion(try catalog.scores(of: view.id).filter { $0.role == .citizen }.map(\.account))
        accounts.formUnion(try everyAccount(of: view.person))
        return accounts
    }

    /// The scores that hold, or held when record `asOf` was the newest.
    func scores(of dossier: DossierID, asOf: Int? = nil) throws -> [ScoreKind: [IndicatorCode: Score]] {
        var scores: [ScoreKind: [IndicatorCode: Score]] = [:]
        for view in try catalog.scores(of: dossier) where view.span.holds(asOf: asOf) { scores[view.kind, default: [:]][view.indicator] = view.score }
        return scores
    }

    /// The citations that hold, or held when record `asOf` was the newest.
    func citations(of dossier: DossierID, asOf: Int? = nil) throws -> [CitationAccount] {
        try catalog.citations(of: dossier).filter { $0.span.holds(asOf: asOf) }.map { citation in
            CitationAccount(
                citation, title: try catalog.item(citation.evidence.item)?.metadata.title,
                verification: try catalog.verification(of: citation.evidence.item, asOf: asOf).state)
        }
    }

    /// A dossier with its scores, citations and stages. The view is in the access log before the answer is given.
    public func dossier(_ reference: String, by actor: Actor) async throws -> DossierAccount {
        try await blocking.run { [self] in
            let view = try dossier(resolve(reference, as: DossierID.self, "dossier", by: actor))
            let (life, state) = try life(of: view)
            let account = DossierAccount(
                dossier: try summary(view), openedRecord: view.openedRecord, rules: try ruleSet(view.rules),
                criteria: try criteriaSet(view.criteria), stages: try stages(of: view.id),
                next: life.transitions.filter { $0.from == state }.map { ($0.act, $0.roles.sorted { $0.rawValue < $1.rawValue }) },
                scores: try scores(of: view.id), citations: try citations(of: view.id),
                titles: try catalog.decisions(about: view.id).compactMap(TitleSummary.init))
            try catalog.appendAccess(.dossierViewed, to: [view.id.text, view.person.text], by: actor, at: now())
            return account
        }
    }

    /// Dossiers of a cycle in the order of opening, after one that was listed.
    public func dossiers(
        cycle: Int, unit: String? = nil, stage: DossierStage? = nil, after: DossierID? = nil, limit: Int = 50, by actor: Actor
    ) async throws -> [DossierSummary] {
        try await blocking.run { [self] in
            let unit = try unit.map { reference in try self.unit(reference, on: CalendarDate(year: cycle, month: 12, day: 31) ?? now().date) }
            let reach = try reach(of: actor, to: .read)
            let key = try after.map { try dossier(resolve($0.text, as: DossierID.self, "dossier", by: actor)).key }
            let views = try catalog.dossiers(cycle: cycle, unit: unit, stage: stage, after: key ?? 0, within: reach, limit: limit)
            if !views.isEmpty { try catalog.appendAccess(.dossierViewed, to: views.flatMap { [$0.id.text, $0.person.text] }, by: actor, at: now()) }
            return try views.map(summary)
        }
    }
}

extension RecordSpan {
    /// Whether it held when record `number` was the newest; now, where none is given.
    func holds(asOf number: Int?) -> Bool {
        guard let number else { return to == nil }
        return from <= number && to.map { number < $0 } ?? true
    }
}
