internal import Catalog
public import Evidence
public import Recognition

/// Ten indicators against the evidence of a dossier.
public struct DossierMatrix: Sendable {
    public struct Line: Sendable {
        public let indicator: Indicator
        public let citations: [CitationAccount]
        public let scores: [ScoreKind: Score]
        /// Whether evidence that counts is cited for it.
        public var isProven: Bool { citations.contains(where: \.counts) }
    }

    public let dossier: DossierSummary
    /// In the order of the criteria set.
    public let lines: [Line]
    /// Items of the person that the dossier does not cite.
    public let uncited: [ItemSummary]
    /// Proofs that other people have as well.
    public let reuse: [ReuseFlag]

    /// Indicators without evidence that counts.
    public var empty: [IndicatorCode] { lines.filter { !$0.isProven }.map(\.indicator.code) }
}

/// A dossier at a moment of the ledger, and what changed after another.
public struct DossierHistory: Sendable {
    public struct Entry: Sendable {
        public let number: Int
        public let time: Timestamp
        public let actor: Actor
        public let body: RecordBody
        /// What it says, in one line.
        public var text: String { body.line }
    }

    public let dossier: DossierSummary
    /// The record that the rest is as of; the newest of the ledger where none was given.
    public let asOf: Int
    /// `nil` before it was opened.
    public let stage: DossierStage?
    public let scores: [ScoreKind: [IndicatorCode: Score]]
    public let citations: [CitationAccount]
    /// The records about it and about the evidence that it ever cited, up to `asOf`, after the one that was given as `since`; oldest
    /// first.
    public let entries: [Entry]
}

extension Archive {
    /// The dossier as a list shows it, with the name of its person.
    func summary(_ view: DossierView) throws -> DossierSummary {
        DossierSummary(view, personName: try catalog.person(view.person)?.name ?? view.person.text)
    }

    /// The stages that a dossier was in, oldest first.
    func stages(of dossier: DossierID) throws -> [StageAccount] {
        try catalog.stages(of: dossier).map {
            StageAccount(
                stage: $0.stage, act: $0.act, role: $0.role, account: $0.account, record: $0.span.from, until: $0.span.to,
                review: try collectiveReview($0))
        }
    }

    /// How the collective review was held that led to this stage, from its record; `nil` where none did.
    func collectiveReview(_ stage: StageView) throws -> CollectiveReview? {
        guard stage.act == .review, case .dossierStepped(let step) = try catalog.record(stage.span.from).body else { return nil }
        return step.review
    }

    /// Each indicator with its citations and scores, what is not cited, and what is not proven. The view is in the access log
    /// before the answer is given.
    public func matrix(_ reference: String, by actor: Actor) async throws -> DossierMatrix {
        try await blocking.run { [self] in
            let view = try dossier(resolve(reference, as: DossierID.self, "dossier", by: actor))
            let citations = try citations(of: view.id)
            let scores = try scores(of: view.id)
            let cited = Set(citations.map(\.evidence.item))
            let (reach, comparing) = (try reach(of: actor, to: .read), try reach(of: actor, to: .compare))
            let flags = try cited.sorted { $0.text < $1.text }.flatMap { id in
                try catalog.item(id, within: comparing).map { try reuse(of: $0, person: view.person) } ?? []
            }
            let matrix = DossierMatrix(
                dossier: try summary(view),
                lines: try criteriaSet(view.criteria).indicators.map { indicator in
                    DossierMatrix.Line(
                        indicator: indicator, citations: citations.filter { $0.indicator == indicator.code },
                        scores: scores.compactMapValues { $0[indicator.code] })
                },
                uncited: try catalog.items(of: view.person, within: reach).filter { !cited.contains($0.id) }.map(ItemSummary.init), reuse: flags)
            let subjects = [view.id.text, view.person.text] + matrix.uncited.map(\.id.text)
            try catalog.appendAccess(.dossierViewed, to: subjects, by: actor, at: now())
            return matrix
        }
    }

    /// A dossier as of a record, with the records about it. The view is in the access log before the answer is given.
    ///
    /// - Parameters:
    ///   - asOf: the number of a record; the newest where none is given.
    ///   - since: only entries after this record.
    public func history(
        _ reference: String, asOf: Int? = nil, since: Int? = nil, by actor: Actor
    ) async throws -> DossierHistory {
        try await blocking.run { [self] in
            let view = try dossier(resolve(reference, as: DossierID.self, "dossier", by: actor))
            let newest = catalog.recordTree.size - 1
            let number = asOf ?? newest
            guard (0...newest).contains(number), since.map({ (0...newest).contains($0) }) ?? true else {
                throw ArchiveError.refused(
                    act: "show the history of \(view.id)", reason: "the ledger has the records 0 to \(newest)")
            }
            var records = try catalog.records(about: view.id.text)
            var known = Set(records.map(\.header.number))
            for item in Set(try catalog.citations(of: view.id).map(\.evidence.item)) {
                // A supersession is about two items, and both may be cited.
                records += try catalog.records(about: item.text).filter {
                    [.evidenceDescribed, .evidenceVerified, .evidenceSuperseded].contains($0.body.kind) && known.insert($0.header.number).inserted
                }
            }
            records = records.filter { $0.header.number <= number && $0.header.number > since ?? -1 }.sorted { $0.header.number < $1.header.number }
            let history = DossierHistory(
                dossier: try summary(view), asOf: number,
                stage: try catalog.stages(of: view.id).first { $0.span.holds(asOf: number) }?.stage,
                scores: try scores(of: view.id, asOf: number), citations: try citations(of: view.id, asOf: number),
                entries: records.map {
                    DossierHistory.Entry(number: $0.header.number, time: $0.header.time, actor: $0.header.actor, body: $0.body)
                })
            try catalog.appendAccess(.dossierViewed, to: [view.id.text, view.person.text], by: actor, at: now())
            return history
        }
    }
}

extension RecordBody {
    /// What it says of a dossier, in one line.
    fileprivate var line: String {
        func sheet(_ scores: [IndicatorCode: Score]) -> String {
            scores.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.points)" }.joined(separator: " ")
        }
        func because(_ reason: String?) -> String { reason.map { ": \($0)" } ?? "" }
        return switch self {
        case .dossierOpened(let opening): "registered for \(opening.cycle) in \(opening.unit) by \(opening.role.rawValue)"
        case .dossierStepped(let step):
            "\(step.act.rawValue) by \(step.role.rawValue), \(step.from.rawValue) → \(step.to.rawValue)\(because(step.reason))"
                + (step.review.map { "; \($0.votesFor) of \($0.participants.count) for, \($0.votesAgainst) against, on \($0.heldOn)" } ?? "")
        case .evidenceCited(let citation):
            "\(citation.indicator) cites \(citation.evidence.item)"
                + (citation.pages.isEmpty ? "" : " p. \(citation.pages.map(String.init).joined(separator: ", "))") + " by \(citation.role.rawValue)"
        case .evidenceDescribed(let item, _): "\(item) described anew"
        case .evidenceVerified(let found):
            "\(found.item) \(found.state.rawValue)\(found.method.map { ", \($0.rawValue)" } ?? "") by \(found.role.rawValue)\(because(found.reason))"
        case .evidenceSuperseded(let supersession): "\(supersession.item) superseded by \(supersession.by)\(because(supersession.reason))"
        case .citationWithdrawn(let withdrawal): "\(withdrawal.citation) withdrawn\(because(withdrawal.reason))"
        case .scoresGiven(let given): "\(given.kind.rawValue) scores by \(given.role.rawValue): \(sheet(given.scores))\(because(given.reason))"
        case .dossierDecided(let decision):
            "\(decision.title.map { "recognised, title \($0)" } ?? "refused (\(decision.unmet.joined(separator: ", ")))"), total \(decision.total), "
                + "by \(decision.document.codeNumber)/\(decision.document.codeNotation) of \(decision.document.issuedOn)"
        case .titleRevoked(let revocation): "title \(revocation.title) revoked\(because(revocation.reason))"
        default: ""
        }
    }
}
