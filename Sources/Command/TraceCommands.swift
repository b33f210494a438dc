internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

struct Traces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Follow a title to its proof, or a proof to the titles that rest on it.",
        discussion: """
            EXAMPLES
              minhchung trace title ti-7h2k
              minhchung trace evidence ev-4m1c
            """,
        subcommands: [TraceTitle.self, TraceEvidence.self])
}

struct TraceTitle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "title", abstract: "What proves this title: decision, scores, citations, pages, digests, positions in the ledger.",
        discussion: """
            EXAMPLE
              minhchung trace title ti-7h2k
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The id of a title or an honour, or enough of the beginning of it.")
    var title: String

    func run() async throws {
        switch try await options.withArchive({ try await $0.traceTitle(title, by: options.actor) }) {
        case .title(let trace): options.json ? printJSON(Self.members(trace)) : Self.branch(trace).print()
        case .honour(let trace): options.json ? printJSON(Self.members(trace)) : Self.branch(trace).print()
        }
    }

    // MARK: Lines

    private static func branch(_ trace: TitleTrace) -> Branch {
        let (decision, document) = (trace.decision, trace.decision.document)
        func provisional(_ isProvisional: Bool) -> String { isProvisional ? ", provisional" : "" }
        var paper = [
            Branch("\(document.authority), signed \(document.signer)"),
            Branch("decided by \(trace.decidedBy.principal) as \(decision.role.rawValue) at \(trace.decidedAt), record \(trace.title.record)"),
            Branch("reviewed by \(decision.reviewers.joined(separator: ", "))"),
            Branch("rules \(trace.rules.code)@\(trace.rules.version)\(provisional(trace.rules.isProvisional)), \(decision.rules)"),
            Branch("criteria \(trace.criteria.code)@\(trace.criteria.version)\(provisional(trace.criteria.isProvisional)), \(decision.criteria)"),
        ]
        if let scan = document.scan { paper.append(Branch("scan \(scan.item), object \(scan.object)")) }
        var branches = [
            Branch("\(trace.personName) (\(decision.person)), \(decision.group), in \(trace.unitName) (\(decision.unit))"),
            Branch("decision \(document.codeNumber)/\(document.codeNotation) of \(document.issuedOn) (\(document.id))", paper),
            Branch("verdict \(text(trace.verdict))"),
        ]
        for indicator in trace.indicators {
            let record = indicator.scoreRecord.map { ", record \($0)" } ?? ""
            branches.append(
                Branch(
                    "\(indicator.indicator.code) = \(text(indicator.score))  \(indicator.indicator.name)\(record)",
                    indicator.citations.isEmpty ? [Branch("no evidence cited")] : indicator.citations.map(branch)))
        }
        branches += trace.honours.map { Branch("honour \(text($0))") }
        branches.append(Branch("ledger: \(trace.treeSize) records, root \(trace.treeRoot)"))
        return Branch("title \(text(trace.title))", branches)
    }

    private static func branch(_ cited: CitedEvidence) -> Branch {
        let (then, now) = (cited.verificationThen, cited.verificationNow)
        func record(_ number: Int?) -> String { number.map { ", record \($0)" } ?? "" }
        var branches = [
            Branch("item \(cited.evidence.item)\(record(cited.depositRecord))"),
            Branch("object \(cited.evidence.object)\(damage(cited.isDamaged))"),
        ]
        if let text = cited.text { branches.append(Branch("text \(text)\(record(cited.extractionRecord))")) }
        let place = text(pages: cited.pages).map { ", \($0)" } ?? ""
        let state = then == now ? then.rawValue : "\(then.rawValue) then, \(now.rawValue.uppercased()) now"
        return Branch("\(cited.title ?? "untitled")\(place), \(state) (\(cited.citation)\(record(cited.citationRecord)))", branches)
    }

    fileprivate static func damage(_ isDamaged: Bool) -> String { isDamaged ? ", DAMAGED: missing or changed, see minhchung verify" : "" }

    private static func branch(_ trace: HonourTrace) -> Branch {
        let document = trace.grant.document
        return Branch(
            "honour \(text(trace.honour))",
            [
                Branch("\(trace.personName) (\(trace.grant.person))"),
                Branch("\(document.authority), signed \(document.signer), record \(trace.honour.record)"),
                Branch("rules \(trace.grant.rules)"),
            ] + trace.titles.map { Branch("title \(text($0)), record \($0.record)") })
    }

    // MARK: JSON

    private static func members(_ trace: TitleTrace) -> [String: JSON?] {
        let decision = trace.decision
        return [
            "title": json(trace.title), "person_name": .string(trace.personName), "unit_name": .string(trace.unitName),
            "dossier": .string(decision.dossier.text), "group": .string(decision.group), "document": json(decision.document),
            "decided_by": .string(trace.decidedBy.principal), "decided_at": .text(trace.decidedAt), "role": .string(decision.role.rawValue),
            "reviewers": .array(decision.reviewers.map(JSON.string)), "rules": .string(decision.rules.hex),
            "rules_code": .string("\(trace.rules.code)@\(trace.rules.version)"), "criteria": .string(decision.criteria.hex),
            "criteria_code": .string("\(trace.criteria.code)@\(trace.criteria.version)"),
            "provisional": .bool(trace.rules.isProvisional || trace.criteria.isProvisional), "verdict": json(trace.verdict),
            "indicators": .array(trace.indicators.map(json)), "honours": .array(trace.honours.map { json($0) }),
            "records": .number(trace.treeSize), "record_root": .string(trace.treeRoot.hex),
        ]
    }

    private static func json(_ title: TitleSummary) -> JSON { Command.json(title) }
    private static func json(_ verdict: Verdict) -> JSON { Command.json(verdict) }

    private static func json(_ document: DecisionDocument) -> JSON {
        let members: [String: JSON?] = [
            "decision": .string(document.id.text), "number": .string(document.codeNumber), "notation": .string(document.codeNotation),
            "issued": .text(document.issuedOn), "authority": .string(document.authority), "signer": .string(document.signer),
            "scan": .text(document.scan?.item), "scan_object": .text(document.scan?.object.hex),
        ]
        return .object(members.compactMapValues(\.self))
    }

    private static func json(_ trace: IndicatorTrace) -> JSON {
        let members: [String: JSON?] = [
            "indicator": .string(trace.indicator.code.text), "name": .string(trace.indicator.name), "score": trace.score.map { Command.json($0) },
            "score_record": trace.scoreRecord.map(JSON.number), "citations": .array(trace.citations.map(json)),
        ]
        return .object(members.compactMapValues(\.self))
    }

    private static func json(_ cited: CitedEvidence) -> JSON {
        let members: [String: JSON?] = [
            "citation": .string(cited.citation.text), "citation_record": cited.citationRecord.map(JSON.number),
            "item": .string(cited.evidence.item.text), "object": .string(cited.evidence.object.hex), "title": .text(cited.title),
            "pages": .array(cited.pages.map(JSON.number)), "text": .text(cited.text?.hex),
            "deposit_record": cited.depositRecord.map(JSON.number), "extraction_record": cited.extractionRecord.map(JSON.number),
            "verification_then": .string(cited.verificationThen.rawValue), "verification_now": .string(cited.verificationNow.rawValue),
            "damaged": .bool(cited.isDamaged),
        ]
        return .object(members.compactMapValues(\.self))
    }

    private static func members(_ trace: HonourTrace) -> [String: JSON?] {
        [
            "honour": json(trace.honour), "person_name": .string(trace.personName), "document": json(trace.grant.document),
            "rules": .string(trace.grant.rules.hex), "titles": .array(trace.titles.map { json($0) }),
        ]
    }
}

struct TraceEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "What rests on this proof, and what would fall with it.",
        discussion: """
            Every dossier that cites the item is judged again as if the item did not count: by the decision that stands, or else by \
            the furthest scores that there are. Nothing is changed.

            EXAMPLE
              minhchung trace evidence ev-4m1c --json
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The item's id, or enough of the beginning of it.")
    var item: String

    func run() async throws {
        let trace = try await options.withArchive { try await $0.traceEvidence(item, by: options.actor) }
        options.json ? printJSON(Self.members(trace)) : Self.print(trace)
    }

    /// What the uses that fall would no longer reach.
    private static func falling(_ trace: EvidenceTrace, _ rule: RuleName) -> [EvidenceUse] {
        trace.falling.filter { use in use.after.unmet.contains { $0.rule == rule } }
    }

    /// Each once, though it rests on many titles.
    private static func honours(_ uses: [EvidenceUse]) -> [TitleSummary] {
        var seen: Set<TitleID> = []
        return uses.flatMap(\.honours).filter { seen.insert($0.id).inserted }
    }

    private static func print(_ trace: EvidenceTrace) {
        let evidence =
            [
                Branch("object \(trace.evidence.object), record \(trace.depositRecord)\(TraceTitle.damage(trace.isDamaged))"),
                Branch(trace.verification.rawValue),
            ] + trace.minutesOf.map { Branch("minutes of the review of \($0)") } + trace.scanOf.map { Branch("scan of decision \($0)") }
        Branch(
            "evidence \(trace.evidence.item) \(trace.title ?? "untitled")",
            evidence + trace.reuse.map { Branch("REUSED: \(text($0))") } + trace.uses.map(branch)
        ).print()
        let count = trace.uses.count
        printLine(
            "if revoked: \(trace.falling.count) of \(count) dossier\(count == 1 ? "" : "s") would not be recognised any more "
                + "(\(falling(trace, .threshold).count) below the threshold, \(falling(trace, .floor).count) below the floor), "
                + "titles that fall: \(trace.falling.compactMap(\.title).count), honours concerned: \(honours(trace.falling).count)")
    }

    private static func branch(_ use: EvidenceUse) -> Branch {
        var branches = use.citations.map { citation in
            let pages = text(pages: citation.pages).map { ", \($0)" } ?? ""
            return Branch("proves \(citation.indicator)\(pages) (\(citation.id), record \(citation.record))")
        }
        if let title = use.title { branches.append(Branch("title \(text(title))")) }
        branches += use.honours.map { Branch("honour \(text($0))") }
        branches.append(branch(use.isDecided ? "as decided" : "as scored so far", use.before))
        branches.append(branch("if revoked", use.after, losing: use.losing))
        return Branch("dossier \(use.dossier.id) of \(use.dossier.person), \(use.dossier.cycle), \(use.dossier.stage.rawValue)", branches)
    }

    private static func branch(_ when: String, _ verdict: Verdict, losing: [IndicatorCode] = []) -> Branch {
        let unproven = losing.isEmpty ? "" : ", no evidence left for \(losing.map(\.text).joined(separator: ", "))"
        return Branch(
            "\(when): \(verdict.isRecognised ? "" : "not ")recognised, total \(verdict.total)\(unproven)", unmet(verdict).map { Branch($0) })
    }

    private static func members(_ trace: EvidenceTrace) -> [String: JSON?] {
        [
            "item": .string(trace.evidence.item.text), "object": .string(trace.evidence.object.hex), "title": .text(trace.title),
            "deposit_record": .number(trace.depositRecord), "verification": .string(trace.verification.rawValue),
            "damaged": .bool(trace.isDamaged), "minutes_of": .array(trace.minutesOf.map { .string($0.text) }),
            "scan_of": .array(trace.scanOf.map { .string($0.text) }),
            "uses": .array(
                trace.uses.map { use in
                    var all = Command.members(use.dossier)
                    all["citations"] = .array(use.citations.map { json($0) })
                    all["decided"] = .bool(use.isDecided)
                    all["title"] = use.title.map { json($0) }
                    all["honours"] = .array(use.honours.map { json($0) })
                    all["before"] = json(use.before, isWhole: false)
                    all["after"] = json(use.after, isWhole: false)
                    all["losing"] = .array(use.losing.map { .string($0.text) })
                    all["falls"] = .bool(use.falls)
                    return .object(all.compactMapValues(\.self))
                }),
            "reuse": .array(trace.reuse.map { json($0) }),
            "if_revoked": .object([
                "dossiers": .number(trace.uses.count), "falling": .number(trace.falling.count),
                "below_threshold": .array(falling(trace, .threshold).map { .string($0.dossier.id.text) }),
                "below_floor": .array(falling(trace, .floor).map { .string($0.dossier.id.text) }),
                "titles": .array(trace.falling.compactMap(\.title).map { .string($0.id.text) }),
                "honours": .array(honours(trace.falling).map { .string($0.id.text) }),
            ]),
        ]
    }
}

struct Matrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the indicators of a dossier against its evidence.",
        discussion: """
            Also what is not cited, which indicators have no evidence that counts, and which proofs other people have as well; whose \
            they are is not shown.

            EXAMPLE
              minhchung matrix do-7h2k
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String

    func run() async throws {
        let matrix = try await options.withArchive { try await $0.matrix(dossier, by: options.actor) }
        options.json ? printJSON(members(matrix)) : printLines(matrix)
    }

    private func printLines(_ matrix: DossierMatrix) {
        printLine(visible("\(matrix.dossier.id) of \(matrix.dossier.person), \(matrix.dossier.cycle), \(matrix.dossier.stage.rawValue)"))
        var rows = [[""] + ScoreKind.allCases.map(\.rawValue) + ["evidence"]]
        for line in matrix.lines {
            let scores = ScoreKind.allCases.map { text(line.scores[$0]) }
            let proofs = line.citations.isEmpty ? ["–"] : line.citations.map(text)
            for (index, proof) in proofs.enumerated() {
                rows.append((index == 0 ? [line.indicator.code.text] + scores : Array(repeating: "", count: scores.count + 1)) + [proof])
            }
        }
        printColumns(rows)
        let empty = matrix.lines.filter { !$0.isProven }.map { "\($0.indicator.code)\($0.indicator.isQuantifiable ? "" : " (not quantifiable)")" }
        printLine("without evidence: " + (empty.isEmpty ? "none" : empty.joined(separator: ", ")))
        for item in matrix.uncited { printLine(visible("not cited: \(item.id) \(item.metadata.title ?? item.metadata.fileName ?? "untitled")")) }
        for flag in matrix.reuse { printLine("REUSED: \(text(flag))") }
    }

    private func members(_ matrix: DossierMatrix) -> [String: JSON?] {
        var all = Command.members(matrix.dossier)
        all["indicators"] = .array(
            matrix.lines.map { line in
                .object([
                    "indicator": .string(line.indicator.code.text), "name": .string(line.indicator.name),
                    "quantifiable": .bool(line.indicator.isQuantifiable), "proven": .bool(line.isProven),
                    "scores": .object(Dictionary(uniqueKeysWithValues: line.scores.map { ($0.key.rawValue, json($0.value)) })),
                    "citations": .array(line.citations.map { json($0) }),
                ])
            })
        all["empty"] = .array(matrix.empty.map { .string($0.text) })
        all["uncited"] = .array(
            matrix.uncited.map { item in
                let members: [String: JSON?] = ["item": .string(item.id.text), "title": .text(item.metadata.title ?? item.metadata.fileName)]
                return .object(members.compactMapValues(\.self))
            })
        all["reuse"] = .array(matrix.reuse.map { json($0) })
        return all
    }
}

struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a dossier as of a record, and what changed since another.",
        discussion: """
            EXAMPLES
              minhchung history do-7h2k
              minhchung history do-7h2k --as-of 120
              minhchung history do-7h2k --since 120
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "The number of a record: the dossier as it was then (default: now).")
    var asOf: Int?
    @Option(help: "The number of a record: only what came after it.")
    var since: Int?
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String

    func run() async throws {
        let history = try await options.withArchive { try await $0.history(dossier, asOf: asOf, since: since, by: options.actor) }
        if options.json {
            printJSON([
                "dossier": .string(history.dossier.id.text), "as_of": .number(history.asOf), "since": since.map(JSON.number),
                "stage": .text(history.stage?.rawValue), "scores": json(history.scores),
                "citations": .array(history.citations.map { json($0) }),
                "records": .array(try history.entries.map(Self.recorded)),
            ])
            return
        }
        for entry in history.entries {
            printLine(visible("record \(entry.number)  \(entry.time)  \(entry.actor.principal)  \(entry.body.kind.rawValue)  \(entry.text)"))
        }
        printLine("as of record \(history.asOf): " + (history.stage?.rawValue ?? "not opened yet"))
        for kind in ScoreKind.allCases {
            guard let scores = history.scores[kind] else { continue }
            let sum = scores.values.reduce(Points.zero) { $0 + $1.points }
            let sheet = scores.sorted { $0.key < $1.key }.map { "\($0.key)=\(text($0.value))" }.joined(separator: " ")
            printLine("\((kind.rawValue + " scores").padded(to: 18))\(sheet), sum \(sum)")
        }
        for citation in history.citations { printLine(visible("\(citation.indicator)  \(citation.id)  \(text(citation))")) }
    }

    private static func recorded(_ entry: DossierHistory.Entry) throws -> JSON {
        .object([
            "record": .number(entry.number), "time": .string(entry.time.description), "kind": .string(entry.body.kind.rawValue),
            "actor": .string(entry.actor.principal), "text": .string(entry.text),
            "body": try JSON(canonical: RecordForm.bodyBytes(entry.body)),
        ])
    }
}
