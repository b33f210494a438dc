internal import Catalog
public import Evidence
public import Recognition

/// What proves a title: decision, scores, citations, pages, digests, and where in the ledger each stands.
public struct TitleTrace: Sendable {
    public let title: TitleSummary
    public let decision: PersonDecision
    public let personName: String
    /// Of the day of the decision.
    public let unitName: String
    public let decidedBy: Actor
    public let decidedAt: Timestamp
    public let rules: RuleSet
    public let criteria: CriteriaSet
    /// Derived again from what the decision pins.
    public let verdict: Verdict
    /// In the order of the criteria set.
    public let indicators: [IndicatorTrace]
    /// Honours that rest on it.
    public let honours: [TitleSummary]
    /// The ledger that the positions are in.
    public let treeSize: Int
    public let treeRoot: Digest
}

/// What proves an indicator.
public struct IndicatorTrace: Sendable {
    public let indicator: Indicator
    public let score: Score?
    /// The record that gave the final score.
    public let scoreRecord: Int?
    public let citations: [CitedEvidence]
}

/// A cited item with its positions in the ledger.
public struct CitedEvidence: Sendable {
    public let citation: CitationID
    public let citationRecord: Int?
    public let evidence: EvidenceReference
    public let title: String?
    public let pages: [Int]
    public let text: Digest?
    public let depositRecord: Int?
    /// The record of the extraction that holds now, which may be about another item of the same bytes: only for who may know of those.
    public let extractionRecord: Int?
    public let verificationThen: VerificationState
    public let verificationNow: VerificationState
    /// The last check found the object missing or changed.
    public let isDamaged: Bool
}

/// What an honour rests on.
public struct HonourTrace: Sendable {
    public let honour: TitleSummary
    public let grant: HonourGrant
    public let personName: String
    /// By year.
    public let titles: [TitleSummary]
}

/// What a title, or an honour, rests on.
public enum Trace: Sendable {
    case title(TitleTrace)
    case honour(HonourTrace)
}

/// What rests on an item, and what would become of it if the item fell.
public struct EvidenceTrace: Sendable {
    public let evidence: EvidenceReference
    public let title: String?
    public let depositRecord: Int
    public let verification: VerificationState
    /// The last check found the object missing or changed.
    public let isDamaged: Bool
    /// By dossier.
    public let uses: [EvidenceUse]
    /// Collective reviews whose minutes it is.
    public let minutesOf: [DossierID]
    /// Decision documents whose scan it is.
    public let scanOf: [DecisionID]
    /// Other people have the same proof.
    public let reuse: [ReuseFlag]

    /// The uses whose recognition would fall.
    public var falling: [EvidenceUse] { uses.filter(\.falls) }
}

/// A dossier that cites an item.
public struct EvidenceUse: Sendable {
    public let dossier: DossierSummary
    public let citations: [CitationAccount]
    /// What the verdicts are about: the decision that stands, or the furthest scores that there are.
    public let isDecided: Bool
    /// The title that stands on it.
    public let title: TitleSummary?
    /// Honours that rest on that title.
    public let honours: [TitleSummary]
    public let before: Verdict
    /// As if the item did not count.
    public let after: Verdict
    /// Indicators that would have no evidence left.
    public let losing: [IndicatorCode]

    /// Whether the recognition would fall, or what is on its way to one.
    public var falls: Bool { ![.withdrawn, .revoked].contains(dossier.stage) && before.isRecognised && !after.isRecognised }
}

/// A decision derived again under its own rules.
public struct Replay: Sendable {
    public let decision: PersonDecision
    public let record: Int
    public let verdict: Verdict
    /// What is not as it was decided; empty when all is the same.
    public let differences: [String]

    public var isSame: Bool { differences.isEmpty }
}

extension Archive {
    // MARK: From a title to its proof

    /// What a title or honour rests on, read from records that were checked. The trace is in the access log before it is given.
    public func traceTitle(_ reference: String, by actor: Actor) async throws -> Trace {
        try await blocking.run { [self] in
            let id = try resolve(reference, as: TitleID.self, "title", by: actor)
            guard let view = try catalog.decision(giving: id), let title = TitleSummary(view) else {
                throw ArchiveError.notFound("title", reference)
            }
            let (header, body) = try catalog.record(view.record)
            let trace: Trace
            var subjects: [String]
            switch body {
            case .dossierDecided(let decision) where decision.title == id:
                let traced = try self.trace(title, decision, header, comparing: reach(of: actor, to: .compare))
                subjects = [id.text, decision.person.text] + Set(decision.citations.map(\.evidence.item.text)).sorted()
                trace = .title(traced)
            case .honourGranted(let grant) where grant.honour == id:
                let titles = try grant.titles.compactMap { try catalog.decision(giving: $0).flatMap(TitleSummary.init) }
                subjects = [id.text, grant.person.text]
                trace = .honour(
                    HonourTrace(
                        honour: title, grant: grant, personName: try catalog.person(grant.person)?.name ?? grant.person.text, titles: titles))
            default:
                throw ArchiveError.refused(
                    act: "trace title \(id)", reason: "record \(view.record) does not give it; run minhchung verify and minhchung rebuild")
            }
            try catalog.appendAccess(.traced, to: subjects, by: actor, at: now())
            return trace
        }
    }

    private func trace(
        _ title: TitleSummary, _ decision: PersonDecision, _ header: RecordHeader, comparing: Reach
    ) throws -> TitleTrace {
        let (rules, criteria) = (try ruleSet(decision.rules), try criteriaSet(decision.criteria))
        let scoreRecords = Dictionary(
            try catalog.scores(of: decision.dossier).filter { $0.kind == .final && $0.span.holds(asOf: header.number) }
                .map { ($0.indicator, $0.span.from) }, uniquingKeysWith: { _, last in last })
        let tree = catalog.recordTree
        return TitleTrace(
            title: title, decision: decision, personName: try catalog.person(decision.person)?.name ?? decision.person.text,
            unitName: try name(of: decision.unit, on: decision.document.issuedOn), decidedBy: header.actor, decidedAt: header.time,
            rules: rules, criteria: criteria, verdict: rules.verdict(on: decision.assessment, under: criteria),
            indicators: try criteria.indicators.map { indicator in
                IndicatorTrace(
                    indicator: indicator, score: decision.scores[indicator.code], scoreRecord: scoreRecords[indicator.code],
                    citations: try decision.citations.filter { $0.indicator == indicator.code }.map { try cited($0, comparing: comparing) })
            },
            honours: try honours(on: title.id, of: decision.person), treeSize: tree.size, treeRoot: tree.root)
    }

    private func cited(_ citation: DecidedCitation, comparing: Reach) throws -> CitedEvidence {
        let item = try catalog.item(citation.evidence.item)
        let object = try catalog.object(citation.evidence.object)
        let isCompared = try catalog.item(citation.evidence.item, within: comparing) != nil
        return CitedEvidence(
            citation: citation.citation, citationRecord: try catalog.citation(citation.citation)?.span.from, evidence: citation.evidence,
            title: item?.metadata.title ?? item?.metadata.fileName, pages: citation.pages, text: citation.text,
            depositRecord: item?.depositRecord, extractionRecord: isCompared ? object?.extractionRecord : nil,
            verificationThen: citation.verification, verificationNow: try catalog.verification(of: citation.evidence.item).state,
            isDamaged: object?.isDamaged ?? true)
    }

    /// Honours that stand and rest on a title, or on one that it took the place of.
    func honours(on title: TitleID, of person: PersonID) throws -> [TitleSummary] {
        try catalog.decisions(about: person).filter { $0.honour != nil && $0.stands }.filter { view in
            guard case .honourGranted(let grant) = try catalog.record(view.record).body else { return false }
            let dossier = try catalog.decision(giving: title)?.dossier
            return try grant.titles.contains { try $0 == title || catalog.decision(giving: $0)?.dossier == dossier }
        }.compactMap(TitleSummary.init)
    }

    // MARK: From a proof to what rests on it

    /// What cites an item, and what would become of each if the item fell. The trace is in the access log before it is given.
    public func traceEvidence(_ reference: String, by actor: Actor) async throws -> EvidenceTrace {
        try await blocking.run { [self] in
            let id = try resolve(reference, by: actor)
            guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(reference) }
            let state = try catalog.verification(of: id).state
            var uses: [EvidenceUse] = []
            var citations = try catalog.citations(ofItem: id)[...]
            while let first = citations.first {
                let same = citations.prefix { $0.dossier == first.dossier }
                citations = citations.dropFirst(same.count)
                uses.append(
                    try use(
                        of: id, in: dossier(first.dossier),
                        same.map { CitationAccount($0, title: item.metadata.title, verification: state) }))
            }
            let reach = try reach(of: actor, to: .read)
            uses = uses.filter { reach.includes($0.dossier.unit, of: $0.dossier.person) }
            let papers = try papers(resting: id)
            let minutesOf = try papers.minutesOf.filter { try catalog.dossier($0).map { reach.includes($0.unit, of: $0.person) } ?? false }
            let scanOf = try papers.scanOf.filter {
                try catalog.ids(DecisionID.self, prefix: $0.text, within: reach, limit: 1).first == $0
            }
            let comparing = try catalog.item(id, within: self.reach(of: actor, to: .compare)) != nil
            let trace = EvidenceTrace(
                evidence: EvidenceReference(item: id, object: item.object), title: item.metadata.title, depositRecord: item.depositRecord,
                verification: state, isDamaged: try catalog.object(item.object)?.isDamaged ?? true, uses: uses, minutesOf: minutesOf,
                scanOf: scanOf,
                reuse: comparing ? try reuse(of: item, person: item.metadata.person ?? uses.first?.dossier.person) : [])
            let shown = uses.flatMap { [$0.dossier.id.text, $0.dossier.person.text] } + minutesOf.map(\.text)
            try catalog.appendAccess(.traced, to: [id.text] + shown, by: actor, at: now())
            return trace
        }
    }

    /// Reviews and decisions whose paper an item is.
    func papers(resting item: EvidenceID) throws -> (minutesOf: [DossierID], scanOf: [DecisionID]) {
        var (dossiers, decisions): ([DossierID], [DecisionID]) = ([], [])
        for record in try catalog.records(about: item.text) {
            if case .dossierStepped(let step) = record.body, step.review?.minutes?.item == item, !dossiers.contains(step.dossier) {
                dossiers.append(step.dossier)
            }
            if let document = record.body.document, document.scan?.item == item, !decisions.contains(document.id) { decisions.append(document.id) }
        }
        return (dossiers, decisions)
    }

    private func use(of item: EvidenceID, in view: DossierView, _ citations: [CitationAccount]) throws -> EvidenceUse {
        let standing = try catalog.decisions(about: view.id).last(where: \.stands)
        var scores: [IndicatorCode: Score]
        var proofs: [(indicator: IndicatorCode, item: EvidenceID)]
        if let standing, case .dossierDecided(let decision) = try catalog.record(standing.record).body {
            scores = decision.scores
            // What fell since is no proof any more; the item itself is looked at as if it had not fallen yet.
            proofs = try decision.citations.filter { citation in
                try citation.verification.counts
                    && (citation.evidence.item == item || catalog.verification(of: citation.evidence.item).state.counts)
            }.map { ($0.indicator, $0.evidence.item) }
        } else {
            let given = try self.scores(of: view.id)
            scores = ScoreKind.allCases.reversed().lazy.compactMap { given[$0] }.first ?? [:]
            proofs = try self.citations(of: view.id).filter(\.counts).map { ($0.indicator, $0.evidence.item) }
        }
        let left = proofs.filter { $0.item != item }
        let kept = Set(left.map(\.indicator))
        let title = standing.flatMap(TitleSummary.init)
        return EvidenceUse(
            dossier: try summary(view), citations: citations, isDecided: standing != nil, title: title,
            honours: try title.map { try honours(on: $0.id, of: view.person) } ?? [],
            before: try verdict(of: view, scores, proofs.map(\.indicator)), after: try verdict(of: view, scores, left.map(\.indicator)),
            losing: Set(proofs.filter { $0.item == item }.map(\.indicator)).subtracting(kept).sorted())
    }

    // MARK: Replay

    /// Derives decisions again under the rules that they pin, from their records alone.
    ///
    /// - Parameter reference: a title, a dossier (its last decision), or a decision document (all of it).
    public func replay(_ reference: String, by actor: Actor) async throws -> [Replay] {
        try await blocking.run { [self] in
            let views: [DecisionView]
            if reference.hasPrefix(DossierID.prefix) {
                views = try catalog.decisions(about: resolve(reference, as: DossierID.self, "dossier", by: actor)).suffix(1)
            } else if reference.hasPrefix(DecisionID.prefix) {
                views = try catalog.decisions(in: resolve(reference, as: DecisionID.self, "decision", by: actor), limit: 10_000)
            } else {
                views = try [catalog.decision(giving: resolve(reference, as: TitleID.self, "title", by: actor))].compactMap(\.self)
            }
            let reach = try reach(of: actor, to: .read)
            let replays = try views.filter { reach.includes($0.unit, of: $0.person) }.compactMap { try replay($0) }
            guard !replays.isEmpty else {
                throw ArchiveError.refused(
                    act: "replay \(reference)", reason: "no decision about a dossier is there; an honour is traced, not replayed")
            }
            let shown = replays.flatMap { [$0.decision.dossier.text, $0.decision.person.text] }
            try catalog.appendAccess(.dossierViewed, to: shown, by: actor, at: now())
            return replays
        }
    }

    private func replay(_ view: DecisionView) throws -> Replay? {
        guard case .dossierDecided(let decision) = try catalog.record(view.record).body else { return nil }
        let verdict = try ruleSet(decision.rules).verdict(on: decision.assessment, under: criteriaSet(decision.criteria))
        var differences: [String] = []
        func compare<Value: Equatable>(_ what: String, _ decided: Value, _ derived: Value) {
            if decided != derived { differences.append("\(what): decided \(decided), derived \(derived)") }
        }
        compare("recognised", decision.title != nil, verdict.isRecognised)
        compare("total", decision.total, verdict.total)
        compare("grade", decision.grade ?? "none", verdict.grade ?? "none")
        compare("not met", decision.unmet, verdict.unmet.map(\.id))
        return Replay(decision: decision, record: view.record, verdict: verdict, differences: differences)
    }
}
