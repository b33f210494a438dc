internal import Catalog
public import Evidence
internal import Recognition
internal import VietnameseText

/// A proof that other people's dossiers or items have as well. It says that, and not whose it is.
public struct ReuseFlag: Sendable, Hashable {
    public enum Kind: String, Sendable {
        /// The same bytes.
        case sameObject = "same-bytes"
        /// The same document number and notation.
        case sameCode = "same-number"
    }

    public let item: EvidenceID
    public let kind: Kind
    /// How many items of other people have it.
    public let others: Int
}

extension Archive {
    // MARK: Citing

    /// Cites evidence for an indicator: the item, its digest, pages, and the text that was read.
    ///
    /// - Parameters:
    ///   - pages: from 1; empty for the whole.
    ///   - reaffirms: whether it is known that the person used this item in an earlier cycle.
    /// - Throws: ``ArchiveError/refused(act:reason:)``: an indicator or a page that there is not, an item of somebody else, one
    ///   that does not count, reuse without re-affirming. Nothing is recorded then.
    public func cite(
        _ reference: String, _ indicator: IndicatorCode, item: String, pages: [Int] = [], region: PageRegion? = nil,
        note: String? = nil, reaffirms: Bool = false, role: Role, by actor: Actor
    ) async throws -> CitationAccount {
        try await blocking.run { [self] in
            try acting {
                let view = try dossier(resolve(reference, as: DossierID.self, "dossier", to: .act(role), by: actor))
                let id = try resolve(item, to: .act(role), by: actor)
                let act = "cite \(id) for \(indicator) of \(view.id)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                try checkDeclares(view, role, actor, act)
                let criteria = try criteriaSet(view.criteria)
                guard criteria.indicator(indicator) != nil else {
                    let codes = criteria.indicators.map(\.code.text).joined(separator: ", ")
                    throw refuse("\(criteria.code) has no indicator \(indicator); it has \(codes)")
                }
                guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(id.text) }
                if let owner = item.metadata.person, owner != view.person { throw refuse("the item is \(owner)'s, the dossier \(view.person)'s") }
                let state = try catalog.verification(of: id).state
                guard state.counts else { throw refuse("the item is \(state.rawValue)") }
                try checkValidity(item.metadata, in: view.cycle, refuse)
                let object = try catalog.object(item.object)
                if object?.isDamaged == true { throw refuse("its object is damaged; see minhchung verify") }
                let text = try checkPages(pages, of: object, region, refuse)
                let earlier = try catalog.citations(ofItem: id)
                let own = try earlier.filter { try catalog.dossier($0.dossier)?.person == view.person }
                if own.contains(where: { $0.dossier == view.id && $0.indicator == indicator && $0.span.to == nil && $0.pages == pages }) {
                    throw refuse("it is cited there already")
                }
                let reused = try own.last { try catalog.dossier($0.dossier).map { $0.cycle != view.cycle } ?? false }
                if let reused, !reaffirms {
                    throw refuse("it was cited in another cycle (\(reused.dossier)); where it still proves the indicator, say so with --reaffirm")
                }
                let citation = Citation(
                    id: .random(), dossier: view.id, indicator: indicator, evidence: EvidenceReference(item: id, object: item.object),
                    pages: pages, region: region, text: text, note: try note.map { try Self.line($0, "note") }, reaffirms: reused?.id,
                    role: role)
                try record([(.evidenceCited(citation), [view.id, view.person, id])], by: actor)
                guard let recorded = try catalog.citation(citation.id) else { throw ArchiveError.notFound("citation", citation.id.text) }
                return CitationAccount(recorded, title: item.metadata.title, verification: state)
            }
        }
    }

    /// What was valid on no day of the cycle proves nothing in it.
    func checkValidity(_ metadata: EvidenceMetadata, in cycle: Int, _ refuse: (String) -> ArchiveError) throws {
        if let until = metadata.validUntil, until.year < cycle { throw refuse("it was valid until \(until), before the cycle \(cycle)") }
        if let from = metadata.validFrom, from.year > cycle { throw refuse("it is valid from \(from), after the cycle \(cycle)") }
    }

    /// Returns the digest of the text that the pages are of; throws where there is no such page.
    private func checkPages(
        _ pages: [Int], of object: ObjectView?, _ region: PageRegion?, _ refuse: (String) -> ArchiveError
    ) throws -> Digest? {
        let finding = try object.flatMap(finding)
        if region != nil, pages.count != 1 { throw refuse("a region is on one page; give that page") }
        for (index, page) in pages.enumerated() {
            if finding == nil, page > 1 { throw refuse("its pages are not known yet; have it read with: minhchung extract") }
            // An image and a text count as one page.
            let count = max(finding?.pageCount ?? 1, 1)
            guard (1...count).contains(page) else { throw refuse("it has no page \(page); it has \(count)") }
            if index > 0, pages[index - 1] >= page { throw refuse("the pages are not in ascending order") }
        }
        return finding?.text?.digest
    }

    /// Evidence is cited while the dossier is declared, by its citizen or an assistant.
    private func checkDeclares(_ view: DossierView, _ role: Role, _ actor: Actor, _ act: String) throws {
        guard [.citizen, .assistant].contains(role) else {
            throw ArchiveError.refused(act: act, reason: "the citizen does, or an assistant for them, not \(role.rawValue)")
        }
        try checkCitizen(role, view.person, [view], actor, act)
        guard [.registered, .declaring].contains(view.stage) else {
            throw ArchiveError.refused(
                act: act, reason: "the dossier is \(view.stage.rawValue); only while it is declared; see minhchung dossier step")
        }
    }

    /// Takes a citation back.
    /// - Returns: its id.
    @discardableResult
    public func withdrawCitation(_ reference: String, reason: String, role: Role, by actor: Actor) async throws -> CitationID {
        try await blocking.run { [self] in
            try acting {
                let id = try resolve(reference, as: CitationID.self, "citation", to: .act(role), by: actor)
                guard let citation = try catalog.citation(id) else { throw ArchiveError.notFound("citation", reference) }
                let view = try dossier(citation.dossier)
                let act = "withdraw citation \(id)"
                try checkDeclares(view, role, actor, act)
                guard citation.span.to == nil else { throw ArchiveError.refused(act: act, reason: "it was withdrawn already") }
                let withdrawal = CitationWithdrawal(
                    citation: id, dossier: view.id, reason: try Self.line(reason, "reason"), role: role)
                try record([(.citationWithdrawn(withdrawal), [view.id, view.person, citation.evidence.item])], by: actor)
                return id
            }
        }
    }

    // MARK: Verifying evidence

    /// Records what a reviewer found of the truth of an item.
    /// - Returns: the item's id.
    @discardableResult
    public func verifyEvidence(
        _ reference: String, _ state: VerificationState, method: VerificationMethod? = nil, reason: String? = nil, role: Role,
        by actor: Actor
    ) async throws -> EvidenceID {
        try await blocking.run { [self] in
            try acting {
                let id = try resolve(reference, to: .act(role), by: actor)
                let act = "record that \(id) is \(state.rawValue)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(reference) }
                guard ![.submitted, .superseded, .erased].contains(state) else { throw refuse("that is not for a reviewer to say") }
                guard item.erasedRecord == nil else { throw refuse("it was erased, by record \(item.erasedRecord ?? 0)") }
                guard ![.citizen, .assistant, .administrator].contains(role) else { throw refuse("a \(role.rawValue) does not verify evidence") }
                guard (method != nil) == (state == .verified) else {
                    throw refuse(method == nil ? "say how it was verified, with --how" : "only what is verified was verified somehow")
                }
                let reason = try reason.map { try Self.line($0, "reason") }
                if reason == nil, ![.verified, .inReview].contains(state) { throw refuse("it needs a reason; give one with --reason") }
                let depositor = try catalog.record(item.depositRecord).header.actor.principal
                guard depositor != actor.principal else { throw refuse("\(actor.principal) handed it in; somebody else has to look") }
                if let owner = item.metadata.person, try everyAccount(of: owner).contains(actor.principal) {
                    throw refuse("it is \(actor.principal)'s own; somebody else has to look")
                }
                for citation in try catalog.citations(ofItem: id) {
                    if try ownAccounts(of: dossier(citation.dossier)).contains(actor.principal) {
                        throw refuse("\(actor.principal)'s own dossier cites it")
                    }
                }
                let earlier = try catalog.verification(of: id)
                guard earlier.state != .superseded else { throw refuse("it is superseded by \(earlier.supersededBy?.text ?? "another")") }
                let verification = EvidenceVerification(item: id, state: state, method: method, reason: reason, role: role)
                try record([(.evidenceVerified(verification), [id])], by: actor)
                return id
            }
        }
    }

    /// Records that another item took the place of this one: new bytes, to be verified anew. Dossiers under review that cite the
    /// old one go back to the beginning of their review, in the same transaction.
    /// - Returns: those dossiers.
    public func supersedeEvidence(
        _ reference: String, by successor: String, reason: String, role: Role, by actor: Actor
    ) async throws -> [DossierID] {
        try await blocking.run { [self] in
            try acting {
                let (id, new) = (try resolve(reference, to: .act(role), by: actor), try resolve(successor, to: .act(role), by: actor))
                let act = "supersede \(id) by \(new)"
                func refuse(_ reason: String) -> ArchiveError { .refused(act: act, reason: reason) }
                guard let item = try catalog.item(id), let other = try catalog.item(new) else { throw ArchiveError.noSuchItem(reference) }
                guard id != new, item.object != other.object else { throw refuse("it has the same bytes") }
                guard [.citizen, .assistant, .reviewer, .appraiser].contains(role) else {
                    throw refuse("that is for the citizen, an assistant or who reviews, not for \(role.rawValue)")
                }
                guard item.metadata.person == other.metadata.person else { throw refuse("they are not the same person's") }
                guard try catalog.verification(of: id).state != .superseded, item.erasedRecord == nil,
                    try catalog.verification(of: new).state.counts
                else {
                    throw refuse("one of them does not hold any more")
                }
                if let owner = item.metadata.person { try checkCitizen(role, owner, [], actor, act) }
                let reason = try Self.line(reason, "reason")
                var drafts: [(RecordBody, [any OpaqueIdentifier])] = [
                    (.evidenceSuperseded(EvidenceSupersession(item: id, by: new, reason: reason, role: role)), [id, new])
                ]
                var reopened: [DossierID] = []
                for citation in try catalog.citations(ofItem: id) where citation.span.to == nil && !reopened.contains(citation.dossier) {
                    let view = try dossier(citation.dossier)
                    try checkCitizen(role, view.person, [view], actor, act)
                    guard [.reviewed, .appraised, .confirmed, .proposed].contains(view.stage) else { continue }
                    let (life, state) = try life(of: view)
                    let after = try life.state(after: .reopen, by: role, from: state)
                    let step = DossierStep(
                        dossier: view.id, act: .reopen, from: state.stage, to: after.stage, role: role,
                        reason: "\(id) was superseded by \(new)")
                    drafts.append((.dossierStepped(step), [view.id, view.person]))
                    reopened.append(view.id)
                }
                try record(drafts, by: actor)
                return reopened
            }
        }
    }

    // MARK: The same proof in different hands

    /// The same bytes, or the same certificate number, among items of other people: counted, not shown.
    func reuse(of item: ItemView, person: PersonID?) throws -> [ReuseFlag] {
        func others(_ items: [ItemView]) throws -> Int {
            var people: Set<String> = []
            for other in items where other.id != item.id {
                var owners = Set([other.metadata.person].compactMap(\.self))
                for citation in try catalog.citations(ofItem: other.id) {
                    if let view = try catalog.dossier(citation.dossier) { owners.insert(view.person) }
                }
                if let person, owners.contains(person) { continue }
                // Without a registered person, another holder is another person.
                if owners.isEmpty, other.metadata.holder == item.metadata.holder { continue }
                people.insert(owners.map(\.text).sorted().first ?? other.metadata.holder ?? other.id.text)
            }
            return people.count
        }
        // Who does not say the issuer may mean the same one.
        func isSameIssuer(_ one: String?, _ other: String?) -> Bool {
            guard let one, let other else { return true }
            return SearchForm.folded(one) == SearchForm.folded(other)
        }
        var flags: [ReuseFlag] = []
        let sameBytes = try others(try catalog.items(of: item.object))
        if sameBytes > 0 { flags.append(ReuseFlag(item: item.id, kind: .sameObject, others: sameBytes)) }
        if let number = item.metadata.codeNumber {
            let sameCode = try others(
                try catalog.items(codeNumber: number, codeNotation: item.metadata.codeNotation, limit: 1000)
                    .filter { $0.object != item.object && isSameIssuer($0.metadata.issuer, item.metadata.issuer) })
            if sameCode > 0 { flags.append(ReuseFlag(item: item.id, kind: .sameCode, others: sameCode)) }
        }
        // The very item in another person's dossier.
        if let person {
            let people = Set(try catalog.citations(ofItem: item.id).compactMap { try catalog.dossier($0.dossier)?.person })
            if people.contains(where: { $0 != person }), sameBytes == 0 {
                flags.append(ReuseFlag(item: item.id, kind: .sameObject, others: people.subtracting([person]).count))
            }
        }
        return flags
    }
}
