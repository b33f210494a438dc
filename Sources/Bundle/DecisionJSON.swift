public import Evidence
internal import Ledger
internal import Recognition

/// What became of an object's file in a bundle.
public enum EnclosedState: String, Sendable {
    case enclosed
    /// Left out by whoever made the bundle.
    case withheld
    case erased
}

/// What a bundle says of an object's file, beyond what the records say.
public struct EnclosedFile: Sendable, Equatable {
    public let state: EnclosedState
    /// When its bytes were read last and found right, and the record that says so.
    public let checked: (at: Timestamp, record: Int)?

    public init(state: EnclosedState, checked: (at: Timestamp, record: Int)?) {
        self.state = state
        self.checked = checked
    }

    public static func == (left: EnclosedFile, right: EnclosedFile) -> Bool {
        left.state == right.state && left.checked?.at == right.checked?.at && left.checked?.record == right.checked?.record
    }
}

/// `data/decision.json`: what follows from the records of a bundle. Pure; the archive writes it and a verifier derives it again.
struct DecisionJSON {
    let scope: BundleScope
    let checkpoint: Checkpoint
    let accessCheckpoint: Checkpoint
    let records: BundleRecords
    let rules: [Digest: RuleDocument]

    /// The decisions whose titles the bundle is about, by title.
    private(set) var decisions: [(record: BundleRecord, decision: PersonDecision, title: TitleID)] = []
    private(set) var honour: (record: BundleRecord, grant: HonourGrant)?

    init(
        scope: BundleScope, checkpoint: Checkpoint, accessCheckpoint: Checkpoint, records: BundleRecords, rules: [Digest: RuleDocument]
    ) throws(BundleFinding) {
        self.scope = scope
        self.checkpoint = checkpoint
        self.accessCheckpoint = accessCheckpoint
        self.records = records
        self.rules = rules
        var wanted: Set<TitleID>?
        if case .title(let title) = scope {
            wanted = [title]
            for record in records.about(title) {
                if case .honourGranted(let grant)? = record.body, grant.honour == title {
                    honour = (record, grant)
                    wanted = Set(grant.titles)
                }
            }
        }
        for record in records.all {
            guard case .dossierDecided(let decision)? = record.body, let title = decision.title else { continue }
            let isMeant: Bool
            if let wanted {
                isMeant = wanted.contains(title)
            } else if case .list(let unit, let cycle) = scope {
                isMeant = decision.unit == unit && decision.cycle == cycle
            } else {
                isMeant = false
            }
            if isMeant { decisions.append((record, decision, title)) }
        }
        decisions.sort { $0.title.text < $1.title.text }
        if let wanted, Set(decisions.map(\.title)) != wanted {
            throw BundleFinding(piece: BundleLayout.decision, reason: "no record of the bundle gives the title that it is about")
        }
    }

    /// The items that the titles rest on, with what each is used for.
    var items: [(reference: EvidenceReference, uses: [String])] {
        var uses: [EvidenceReference: Set<String>] = [:]
        for (_, decision, _) in decisions {
            for citation in decision.citations { uses[citation.evidence, default: []].insert("citation") }
            if let scan = decision.document.scan { uses[scan, default: []].insert("scan") }
            for record in records.about(decision.dossier) {
                if case .dossierStepped(let step)? = record.body, step.dossier == decision.dossier, let minutes = step.review?.minutes {
                    uses[minutes, default: []].insert("minutes")
                }
            }
        }
        if let scan = honour?.grant.document.scan { uses[scan, default: []].insert("scan") }
        return uses.map { ($0.key, $0.value.sorted()) }.sorted { $0.0.item.text < $1.0.item.text }
    }

    /// Texts that citations pin, with the objects that they are of.
    var texts: [Digest: Set<Digest>] {
        var texts: [Digest: Set<Digest>] = [:]
        for (_, decision, _) in decisions {
            for citation in decision.citations { if let text = citation.text { texts[text, default: []].insert(citation.evidence.object) } }
        }
        return texts
    }

    /// Rule sets and criteria sets that the titles and the honour are bound to.
    var ruleObjects: Set<Digest> {
        Set(decisions.flatMap { [$0.decision.rules, $0.decision.criteria] } + [honour?.grant.rules].compactMap(\.self))
    }

    /// The ids of all that the bundle is about: titles and honours of its dossiers, the dossiers, the people and the items.
    var subjects: Set<String> {
        var ids = Set(decisions.flatMap { [$0.decision.dossier.text, $0.decision.person.text] } + items.map(\.reference.item.text))
        for record in records.all {
            switch record.body {
            case .dossierDecided(let decision)? where ids.contains(decision.dossier.text): ids.formUnion([decision.title?.text].compactMap(\.self))
            case .honourGranted(let grant)?: ids.formUnion([grant.honour.text, grant.person.text])
            default: continue
            }
        }
        return ids
    }

    // MARK: The whole

    func json(files: [Digest: EnclosedFile]) throws(BundleFinding) -> JSON {
        var titles: [JSON] = []
        for (record, decision, title) in decisions { titles.append(try json(title, decision, record)) }
        let items = self.items
        return object([
            "bundle": .integer(1), "archive": .string(checkpoint.origin.archive.text), "scope": scope.json, "checkpoint": json(checkpoint),
            "access_checkpoint": json(accessCheckpoint), "titles": .array(titles), "honour": honour.map(json),
            "evidence": .array(items.map { json($0.reference, uses: $0.uses) }),
            "files": .array(Set(items.map(\.reference.object)).sorted().map { json($0, files[$0]) }),
        ])
    }

    private func json(_ checkpoint: Checkpoint) -> JSON {
        object([
            "origin": .string(checkpoint.origin.text), "size": .integer(Int64(checkpoint.size)), "root": .string(checkpoint.root.hex),
        ])
    }

    private func json(_ digest: Digest, _ file: EnclosedFile?) -> JSON {
        var size: Int64?
        if case .evidenceDeposited(let deposit)? = records.lastDeposit(of: digest)?.body { size = deposit.object.size }
        let checked = file?.state == .erased ? nil : file?.checked
        return object([
            "object": .string(digest.hex), "size": size.map(JSON.integer), "state": .string((file?.state ?? .withheld).rawValue),
            "checked_at": checked.map { .string($0.at.description) }, "check_record": checked.map { .integer(Int64($0.record)) },
        ])
    }

    // MARK: A title

    private func json(_ title: TitleID, _ decision: PersonDecision, _ record: BundleRecord) throws(BundleFinding) -> JSON {
        guard case .ruleSet(let rules)? = self.rules[decision.rules], case .criteriaSet(let criteria)? = self.rules[decision.criteria] else {
            throw BundleFinding(piece: BundleLayout.rules(decision.rules), reason: "the rule set or the criteria set of \(title) is missing")
        }
        let dossier = records.about(decision.dossier)
        let verdict = rules.verdict(on: decision.assessment, under: criteria)
        let ended = end(of: title, decision, record, dossier)
        return object([
            "title": .string(title.text), "dossier": .string(decision.dossier.text), "cycle": .integer(Int64(decision.cycle)),
            "group": .string(decision.group), "from": .string(decision.from.rawValue), "person": person(decision.person),
            "unit": unit(decision.unit, on: decision.document.issuedOn), "document": record.members["document"],
            "record": .integer(Int64(record.number)), "time": .string(record.header.time.description), "account": .string(record.account),
            "role": record.members["role"], "reviewers": record.members["reviewers"],
            "state": .string(ended?.state ?? "stands"), "ended_by": ended.map { .integer(Int64($0.record)) },
            "rules": object([
                "code": .string(rules.code), "object": .string(decision.rules.hex), "provisional": .bool(rules.isProvisional),
                "title": .string(rules.title), "version": .integer(Int64(rules.version)),
            ]),
            "criteria": object([
                "code": .string(criteria.code), "object": .string(decision.criteria.hex), "provisional": .bool(criteria.isProvisional),
                "title": .string(criteria.title), "version": .integer(Int64(criteria.version)),
            ]),
            "scores": .array(scores(decision, criteria, record, dossier)), "citations": .array(citations(record, dossier)),
            "verdict": object([
                "recognised": .bool(verdict.isRecognised), "total_halves": .integer(Int64(verdict.total.halves)),
                "grade": verdict.grade.map(JSON.string),
                "reasons": .array(
                    verdict.reasons.map {
                        object(["rule": .string($0.id), "met": .bool($0.isMet), "text": .string($0.description)])
                    }),
            ]),
            "steps": .array(dossier.compactMap { step($0, of: decision.dossier) }),
        ])
    }

    /// What took a title of the bundle back, or its place.
    func end(of title: TitleID) -> (state: String, record: Int)? {
        decisions.first { $0.title == title }.flatMap { end(of: title, $0.decision, $0.record, records.about($0.decision.dossier)) }
    }

    /// What took a title back or its place, whichever came first.
    private func end(
        of title: TitleID, _ decision: PersonDecision, _ record: BundleRecord, _ dossier: [BundleRecord]
    ) -> (state: String, record: Int)? {
        for later in dossier + records.about(title) where later.number > record.number {
            switch later.body {
            case .titleRevoked(let revocation) where revocation.title == title: return ("revoked", later.number)
            case .dossierDecided(let other) where other.dossier == decision.dossier: return ("replaced", later.number)
            default: continue
            }
        }
        return nil
    }

    private func person(_ id: PersonID) -> JSON {
        let last = records.about(id).last { $0.header.kind == RecordKind.personDeclared.rawValue }
        return object([
            "person": .string(id.text), "name": last?.members["name"], "birth_year": last?.members["birth_year"],
            "record": last.map { .integer(Int64($0.number)) },
        ])
    }

    private func unit(_ id: UnitID, on day: CalendarDate) -> JSON {
        var held: (record: BundleRecord, unit: UnitDeclaration)?
        for record in records.about(id) {
            guard case .unitDeclared(let unit)? = record.body, unit.unit == id, unit.validFrom <= day else { continue }
            if held.map({ $0.unit.validFrom <= unit.validFrom }) ?? true { held = (record, unit) }
        }
        if let until = held?.unit.validUntil, until < day { held = nil }
        return object([
            "unit": .string(id.text), "name": held?.record.members["name"], "code": held?.record.members["code"],
            "kind": held?.record.members["kind"], "record": held.map { .integer(Int64($0.record.number)) },
        ])
    }

    private func scores(
        _ decision: PersonDecision, _ criteria: CriteriaSet, _ record: BundleRecord, _ dossier: [BundleRecord]
    ) -> [JSON] {
        criteria.indicators.compactMap { indicator in
            guard let score = decision.scores[indicator.code] else { return nil }
            let given = dossier.last { given in
                guard given.number < record.number, case .scoresGiven(let sheet)? = given.body else { return false }
                return sheet.dossier == decision.dossier && sheet.kind == .final && sheet.scores[indicator.code] != nil
            }
            return object([
                "indicator": .string(indicator.code.text), "name": .string(indicator.name), "halves": .integer(Int64(score.points.halves)),
                "partial": .bool(score.isPartial), "record": given.map { .integer(Int64($0.number)) },
            ])
        }
    }

    private func citations(_ record: BundleRecord, _ dossier: [BundleRecord]) -> [JSON] {
        guard case .array(let citations)? = record.members["citations"] else { return [] }
        var cites: [String: BundleRecord] = [:]
        for record in dossier where record.header.kind == RecordKind.evidenceCited.rawValue {
            if case .string(let citation)? = record.members["citation"], cites[citation] == nil { cites[citation] = record }
        }
        return citations.map { citation in
            guard case .object(var members) = citation, case .string(let id)? = members["citation"] else { return citation }
            let cited = cites[id]
            members["record"] = cited.map { .integer(Int64($0.number)) }
            members["note"] = cited?.members["note"]
            return .object(members)
        }
    }

    private func step(_ record: BundleRecord, of dossier: DossierID) -> JSON? {
        let kinds: [RecordKind] = [.dossierOpened, .dossierStepped, .dossierDecided, .titleRevoked]
        guard kinds.map(\.rawValue).contains(record.header.kind), record.members["dossier"] == .string(dossier.text) else { return nil }
        var members: [String: JSON?] = [
            "record": .integer(Int64(record.number)), "time": .string(record.header.time.description), "account": .string(record.account),
            "kind": .string(record.header.kind),
        ]
        for name in ["role", "act", "from", "to", "reason", "review"] { members[name] = record.members[name] }
        return object(members)
    }

    private func json(_ honour: (record: BundleRecord, grant: HonourGrant)) -> JSON {
        let (record, grant) = honour
        let revoked = records.about(grant.honour).first { later in
            if case .titleRevoked(let revocation)? = later.body { later.number > record.number && revocation.title == grant.honour } else { false }
        }
        return object([
            "state": .string(revoked == nil ? "stands" : "revoked"), "ended_by": revoked.map { .integer(Int64($0.number)) },
            "honour": .string(grant.honour.text), "name": .string(grant.name), "person": person(grant.person),
            "titles": record.members["titles"], "document": record.members["document"], "record": .integer(Int64(record.number)),
            "time": .string(record.header.time.description), "account": .string(record.account),
        ])
    }

    // MARK: An item

    private func json(_ reference: EvidenceReference, uses: [String]) -> JSON {
        let about = records.about(reference.item)
        var members: [String: JSON?] = [
            "item": .string(reference.item.text), "object": .string(reference.object.hex), "uses": .array(uses.map(JSON.string)),
            "erased": records.erasure(of: reference.item).map { .integer(Int64($0.number)) },
        ]
        if let deposit = about.first(where: { $0.header.kind == RecordKind.evidenceDeposited.rawValue }) {
            members["deposited"] = object([
                "record": .integer(Int64(deposit.number)), "time": .string(deposit.header.time.description), "account": .string(deposit.account),
            ])
            let described = about.last { $0.header.kind == RecordKind.evidenceDescribed.rawValue }
            members["metadata"] = (described ?? deposit).members["metadata"]
            members["described"] = described.map { .integer(Int64($0.number)) }
        }
        if let extracted = records.lastExtraction(of: reference.object) {
            var text: JSON?
            if case .object(let found)? = extracted.members["text"] { text = found["digest"] }
            members["extraction"] = object([
                "record": .integer(Int64(extracted.number)), "media_type": extracted.members["media_type"],
                "page_count": extracted.members["page_count"], "text": text,
            ])
        }
        members["findings"] = .array(
            about.compactMap { record in
                let isSuperseded = record.header.kind == RecordKind.evidenceSuperseded.rawValue
                guard isSuperseded || record.header.kind == RecordKind.evidenceVerified.rawValue,
                    record.members["item"] == .string(reference.item.text)
                else { return nil }
                return object([
                    "record": .integer(Int64(record.number)), "time": .string(record.header.time.description),
                    "account": .string(record.account), "role": record.members["role"],
                    "state": isSuperseded ? .string(VerificationState.superseded.rawValue) : record.members["state"],
                    "method": record.members["method"], "reason": record.members["reason"], "by": record.members["by"],
                ])
            })
        return object(members)
    }
}

/// Members that have a value.
private func object(_ members: [String: JSON?]) -> JSON { .object(members.compactMapValues(\.self)) }
