internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

/// A decision document, as options.
struct DocumentOptions: ParsableArguments {
    @Option(help: "The document number (số), e.g. 125.")
    var number: String
    @Option(help: "The notation (ký hiệu), e.g. QĐ-UBND.")
    var notation: String
    @Option(help: "When it was issued: 2025-12-10 or 10/12/2025.")
    var issued: String
    @Option(help: "Who decides (default: as the rule set says).")
    var authority: String?
    @Option(help: "Who signed.")
    var signer: String
    @Option(help: "The evidence item of the scanned document.")
    var scan: String?

    func entry() throws -> DecisionEntry {
        DecisionEntry(
            codeNumber: try recordable(number, "number"), codeNotation: try recordable(notation, "notation"),
            issuedOn: try date(issued, "issued"), authority: try authority.map { try recordable($0, "authority") },
            signer: try recordable(signer, "signer"), scan: scan)
    }
}

struct Decide: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decide about dossiers by one document: recognised, or refused with the rules that are not met.",
        discussion: """
            Each dossier is recognised or refused as its own rules say. All are decided, or none. With --preview it is refused for the \
            same reasons, and nothing is recorded.

            EXAMPLES
              minhchung decide do-7h2k do-9q4m --number 125 --notation QĐ-UBND --issued 2025-12-10 \
            --signer "Phan Văn Giả Như" --scan ev-4m1c --role authority
              minhchung decide do-7h2k --preview --number 125 --notation QĐ-UBND --issued 2025-12-10 \
            --signer "Phan Văn Giả Như" --role authority
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @OptionGroup(title: "Decision document") var document: DocumentOptions
    @Flag(help: "Only say what would be decided.")
    var preview = false
    @Argument(help: "Dossiers that are proposed.")
    var dossiers: [String]

    func run() async throws {
        let (role, entry) = (try role.chosen(), try document.entry())
        let outcomes = try await options.withArchive {
            try await $0.decide(dossiers, by: entry, applies: !preview, role: role, by: options.actor)
        }
        for outcome in outcomes {
            if options.json { printJSON(members(outcome, isPreview: preview)) } else if !options.quiet { printLines(outcome) }
        }
        if options.json || options.quiet { return }
        let code = "\(entry.codeNumber)/\(entry.codeNotation) of \(entry.issuedOn)"
        if let outcome = outcomes.first, let first = outcome.record, let last = outcomes.last?.record {
            let records = first == last ? "record \(first)" : "records \(first) to \(last)"
            printLine(visible("\(outcomes.count) decided by \(code) (\(outcome.decision)), \(records)"))
        } else {
            printLine(visible("preview: \(outcomes.count) to decide by \(code); nothing was recorded, to do it: without --preview"))
        }
    }

    private func printLines(_ outcome: DecisionOutcome) {
        let title = preview ? "" : outcome.title.map { ", title \($0)" } ?? ""
        printLine(visible("\(outcome.dossier)  \(preview ? "would be decided: " : "")\(text(outcome.verdict))\(title)"))
        if let review = outcome.review { printLine("  " + text(review)) }
    }
}

struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a title or an honour back.",
        discussion: """
            Honours that rest on the title are named; they stand until they are revoked themselves. What would fall with a proof says: \
            minhchung trace evidence.

            EXAMPLE
              minhchung revoke ti-7h2k --reason "chứng chỉ không có thật" --basis "Quyết định 140/QĐ-UBND" --role authority
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Why.")
    var reason: String
    @Option(help: "The document that revokes it.")
    var basis: String
    @Argument(help: "The title's id, or enough of the beginning of it.")
    var title: String

    func run() async throws {
        let (role, reason, basis) = (try role.chosen(), try recordable(reason, "reason"), try recordable(basis, "basis"))
        let (revoked, honours) = try await options.withArchive {
            try await $0.revoke(title, reason: reason, legalBasis: basis, role: role, by: options.actor)
        }
        if options.json {
            printJSON(members(revoked).merging(["honours": .array(honours.map { json($0) })]) { $1 })
        } else if !options.quiet {
            printLine(visible(text(revoked)))
            for honour in honours { printLine(visible("rests on it, to be looked at: honour \(text(honour))")) }
        }
    }
}

struct GrantHonour: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "honour", abstract: "Give a person the honour of several years running.",
        discussion: """
            It rests on the titles of those years, wherever they were given, under the rule set that is named.

            EXAMPLE
              minhchung honour pe-7h2k --rules tan-thanh-ward --number 12 --notation QĐ-UBND --issued 2030-01-15 \
            --signer "Phan Văn Giả Như" --role authority
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @OptionGroup(title: "Decision document") var document: DocumentOptions
    @Option(help: "The rule set whose honour it is: CODE, CODE@VERSION or a digest.")
    var rules: String
    @Argument(help: "The person's id, or enough of the beginning of it.")
    var person: String

    func run() async throws {
        let (role, entry) = (try role.chosen(), try document.entry())
        let honour = try await options.withArchive {
            try await $0.honour(person, rules: rules, by: entry, role: role, by: options.actor)
        }
        if options.json { printJSON(members(honour)) } else if !options.quiet { printLine(visible("honoured \(honour.person): \(text(honour))")) }
    }
}

struct ReplayDecision: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Derive a decision again under its own rules, from its records alone.",
        discussion: """
            ID is a title, a dossier (its last decision), or a decision document (all of it). The exit status is 1 where what is derived \
            differs from what was decided.

            EXAMPLES
              minhchung replay ti-7h2k
              minhchung replay de-4m1c --json
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "A title, a dossier or a decision.")
    var id: String

    func run() async throws {
        let replays = try await options.withArchive { try await $0.replay(id, by: options.actor) }
        for replay in replays {
            let decision = replay.decision
            if options.json {
                printJSON(members(replay))
            } else if !replay.isSame || !options.quiet {
                let result = replay.isSame ? "same" : "DIFFERS: \(replay.differences.joined(separator: "; "))"
                printLine(visible("\(decision.dossier)  record \(replay.record)  \(result)  \(text(replay.verdict))"))
            }
        }
        if !replays.allSatisfy(\.isSame) { throw ExitCode(Program.Status.somethingWrong) }
    }
}
