internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

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
        case .title(let trace): options.json ? printJSON(members(trace)) : Self.branch(trace).print()
        case .honour(let trace): options.json ? printJSON(members(trace)) : Self.branch(trace).print()
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
        options.json ? printJSON(members(trace)) : Self.print(trace)
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
                + "(\(trace.falling(under: .threshold).count) below the threshold, \(trace.falling(under: .floor).count) below the floor), "
                + "titles that fall: \(trace.falling.compactMap(\.title).count), honours concerned: \(trace.honoursConcerned.count)")
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
            printJSON(try members(history, since: since))
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
}
