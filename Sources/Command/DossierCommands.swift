internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

struct Dossiers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dossier", abstract: "Open, move and look at dossiers.",
        discussion: """
            EXAMPLES
              minhchung dossier list --cycle 2025 --stage proposed
              minhchung dossier show do-7h2k
            """,
        subcommands: [OpenDossier.self, StepDossier.self, ShowDossier.self, ListDossiers.self, CheckDossier.self])
}

struct OpenDossier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Register a person for the title of a year.",
        discussion: """
            The dossier is bound for ever to the rule set and the criteria set that are named here: CODE for the newest version, \
            CODE@VERSION, or a digest. One person has one dossier a cycle, wherever it is.

            EXAMPLE
              minhchung dossier open --person pe-7h2k --cycle 2025 --unit 20335 --rules tan-thanh-ward --criteria framework \
            --role assistant
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "The person's id, or enough of the beginning of it.")
    var person: String
    @Option(help: "The year that is assessed.")
    var cycle: Int
    @Option(help: "Where the person is assessed: the code or the id of the unit.")
    var unit: String
    @Option(help: "The rule set.")
    var rules: String
    @Option(help: "The criteria set.")
    var criteria: String
    @Option(help: "The subject group (default: the person's own).")
    var group: String?

    func run() async throws {
        let role = try role.chosen()
        let dossier = try await options.withArchive {
            try await $0.openDossier(
                person: person, cycle: cycle, unit: unit, rules: rules, criteria: criteria, group: group, role: role, by: options.actor)
        }
        if options.json {
            printJSON(members(dossier))
        } else if !options.quiet {
            printLine("opened \(dossier.id) of \(dossier.person) for \(dossier.cycle) in \(dossier.unit)")
        }
    }
}

struct StepDossier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Take a step of the lives of dossiers.",
        discussion: """
            All dossiers that are named take it, or none. What may be done next, and by whom, says: minhchung dossier show. Decisions and revocations take a document: see \
            minhchung decide and minhchung revoke.

            EXAMPLES
              minhchung dossier step submit do-7h2k --role citizen
              minhchung dossier step return do-7h2k --role reviewer --reason "kế hoạch chưa có xác nhận"
              minhchung dossier step appraise do-7h2k do-9q4m do-1c8r --role appraiser
              minhchung dossier step review do-7h2k --role reviewer --held 2025-11-20 --minutes ev-4m1c \
            --participant "Lý Thị Mô Hình" "Tôn Văn Phác Họa" --votes-for 2 --votes-against 0
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Why; needed for whatever does not go straight on.")
    var reason: String?
    @Option(help: "Of a collective review: the day on which it was held.")
    var held: String?
    @Option(parsing: .upToNextOption, help: "Of a collective review: who took part.")
    var participant: [String] = []
    @Option(help: "Of a collective review: how many were for the result.")
    var votesFor: Int?
    @Option(help: "Of a collective review: how many were against it.")
    var votesAgainst: Int?
    @Option(help: "Of a collective review: the evidence item of the minutes.")
    var minutes: String?
    @Argument(help: "One of: \(StepDossier.acts.joined(separator: ", ")).")
    var act: String
    @Argument(help: "The dossiers' ids, or enough of the beginning of each.")
    var dossiers: [String]

    private static let acts = DossierAct.allCases.filter { ![.recognise, .refuse, .revoke].contains($0) }.map(\.rawValue)

    func run() async throws {
        let (act, role) = (try choice(act, "act", DossierAct.self), try role.chosen())
        let (reason, review) = (try reason.map { try recordable($0, "reason") }, try review())
        let moved = try await options.withArchive {
            try await $0.step(dossiers, act, role: role, reason: reason, review: review, by: options.actor)
        }
        for dossier in moved {
            if options.json {
                printJSON(members(dossier))
            } else if !options.quiet {
                printLine("\(dossier.id) is \(dossier.stage.rawValue)")
            }
        }
    }

    func review() throws -> Archive.ReviewEntry? {
        if held == nil, participant.isEmpty, votesFor == nil, votesAgainst == nil, minutes == nil { return nil }
        guard let held, let votesFor, let votesAgainst, let minutes, !participant.isEmpty else {
            throw Failure("cannot record the review: it takes --held, --participant, --votes-for, --votes-against and --minutes, all of them")
        }
        return Archive.ReviewEntry(
            heldOn: try date(held, "held"), participants: try participant.map { try recordable($0, "participant") }, votesFor: votesFor,
            votesAgainst: votesAgainst, minutes: minutes)
    }
}

struct ShowDossier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show where a dossier is, what may be done next, its scores and citations.",
        discussion: """
            EXAMPLE
              minhchung dossier show do-7h2k
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String

    func run() async throws {
        let account = try await options.withArchive { try await $0.dossier(dossier, by: options.actor) }
        if options.json {
            printJSON(members(account))
        } else {
            printLines(account)
        }
    }

    private func printLines(_ account: DossierAccount) {
        let dossier = account.dossier
        func line(_ name: String, _ value: String) { printLine(name.padded(to: 11) + visible(value)) }
        func provisional(_ isProvisional: Bool) -> String { isProvisional ? ", provisional" : "" }
        line("dossier", "\(dossier.id), record \(account.openedRecord)")
        line("person", "\(dossier.personName) (\(dossier.person)), \(dossier.group)")
        line("cycle", "\(dossier.cycle) in \(dossier.unit)")
        line("rules", "\(account.rules.code)@\(account.rules.version)\(provisional(account.rules.isProvisional)), \(dossier.rules)")
        line("criteria", "\(account.criteria.code)@\(account.criteria.version)\(provisional(account.criteria.isProvisional)), \(dossier.criteria)")
        for stage in account.stages {
            line("record \(stage.record)", "\(stage.stage.rawValue), by \(stage.role.rawValue) \(stage.account)")
            if let review = stage.review {
                line("", text(review) + (review.minutes.map { ", minutes \($0.item)" } ?? ""))
            }
        }
        line("stage", dossier.stage.rawValue)
        for title in account.titles { line("title", text(title)) }
        for next in account.next { line("next", "\(next.act.rawValue) (\(next.roles.map(\.rawValue).joined(separator: ", ")))") }
        printColumns(scoreRows(account.criteria, account.scores))
        for citation in account.citations { printLine(visible("\(citation.indicator)  \(citation.id)  \(text(citation))")) }
    }
}

struct ListDossiers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the dossiers of a cycle in the order of their opening.",
        discussion: """
            EXAMPLES
              minhchung dossier list --cycle 2025 --unit 20335
              minhchung dossier list --cycle 2025 --stage submitted --limit 20 --after do-7h2k9q4m1c8r5t0w
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "The year that is assessed.")
    var cycle: Int
    @Option(help: "Only of this unit, by id or by the code at the end of that year.")
    var unit: String?
    @Option(help: "Only where they are: \(DossierStage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var stage: String?
    @Option(help: "How many dossiers.")
    var limit = 50
    @Option(help: "Go on after this dossier, the last one of the page before.")
    var after: String?

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is between 1 and 10000") }
    }

    func run() async throws {
        let stage = try stage.map { try choice($0, "stage", DossierStage.self) }
        let cursor = try after.map { text in
            guard let id = DossierID(text) else { throw ArchiveError.notFound("dossier", text) }
            return id
        }
        let dossiers = try await options.withArchive {
            try await $0.dossiers(cycle: cycle, unit: unit, stage: stage, after: cursor, limit: limit, by: options.actor)
        }
        if options.json {
            for dossier in dossiers { printJSON(members(dossier)) }
            return
        }
        printColumns(dossiers.map { [$0.id.text, $0.stage.rawValue, $0.person.text, $0.unit.text, $0.group, $0.personName] })
        if !options.quiet, dossiers.count == limit, let last = dossiers.last { printLine("more with: --after \(last.id)") }
    }
}

struct CheckDossier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what the rules say of a dossier's scores, with every reason and its source.",
        discussion: """
            The same rules, read by the same engine, as the decision's. It records nothing but that somebody looked; the exit status is \
            0 whatever the verdict is.

            EXAMPLE
              minhchung dossier check do-7h2k --by self
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "Whose scores: \(ScoreKind.allCases.map(\.rawValue).joined(separator: ", ")) (default: the furthest that there are).")
    var by: String?
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String

    func run() async throws {
        let kind = try by.map { try choice($0, "by", ScoreKind.self) }
        let (found, judged, verdict) = try await options.withArchive {
            try await $0.verdict(of: dossier, by: kind, by: options.actor)
        }
        if options.json {
            printJSON(["dossier": .string(found.id.text), "by": .string(judged.rawValue), "verdict": json(verdict)])
            return
        }
        printLine(visible("\(found.id) by its \(judged.rawValue) scores: \(text(verdict))"))
        for reason in verdict.reasons { printLine((reason.isMet ? "met      " : "NOT MET  ") + visible(reason.description)) }
    }
}
