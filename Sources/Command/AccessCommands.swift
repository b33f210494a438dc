internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

struct Accesses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Show who saw what is personal, and drop what need not be kept any more.",
        discussion: """
            EXAMPLES
              minhchung access list pe-7h2k
              minhchung access list --as citizen-03        (who opened my files?)
              minhchung access drop --older-than 730 --reason "hết thời hạn lưu" --role administrator
            """,
        subcommands: [ListAccesses.self, DropAccesses.self])
}

struct ListAccesses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List who saw a person's files, dossiers and titles, or one item, newest first.",
        discussion: """
            Without a subject it is the person whose account acts. That the list was shown is in the log too. Under the archive's id is what was
            refused of nothing that there is; whoever inspects everything may ask for that.

            EXAMPLES
              minhchung access list --as citizen-03
              minhchung access list ev-7h2k --limit 200
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "How many entries.")
    var limit = 50
    @Option(help: "Only entries before this one, to go on behind a page.")
    var before: Int?
    @Argument(help: "A person, a dossier or an item: its id, or enough of the beginning of it; the archive's id, or account:NAME.")
    var subject: String?

    func validate() throws { guard (1...10_000).contains(limit) else { throw ValidationError("--limit is from 1 to 10000") } }

    func run() async throws {
        let entries = try await options.withArchive {
            try await $0.accesses(about: subject, before: before, limit: limit, by: options.actor)
        }
        for entry in entries {
            if options.json {
                printJSON(members(entry))
            } else {
                let acting = entry.actor.actingAs.map { " as \($0)" } ?? ""
                printLine(visible("\(entry.time)  \(entry.kind)  \(entry.actor.account)\(acting)  \(entry.subjects.joined(separator: ", "))"))
            }
        }
    }
}

struct DropAccesses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Drop the oldest entries; a record says which, and their places in the tree stay.",
        discussion: """
            Entries are kept for \(Archive.accessRetention) days at least.

            EXAMPLE
              minhchung access drop --older-than 730 --reason "hết thời hạn lưu" --role administrator
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Days; what is older goes.")
    var olderThan: Int
    @Option(help: "Why.")
    var reason: String

    func run() async throws {
        let (role, reason) = (try role.chosen(), try recordable(reason, "reason"))
        let dropped = try await options.withArchive {
            try await $0.dropAccesses(olderThan: olderThan, reason: reason, role: role, by: options.actor)
        }
        if options.json {
            printJSON([
                "dropped": .number(dropped?.count ?? 0), "record": dropped.map { .number($0.record) }, "unfinished": .text(dropped?.unfinished),
            ])
        } else if !options.quiet {
            printLine(dropped.map { "dropped \($0.count) entries, record \($0.record)" } ?? "nothing is older than \(olderThan) days")
        }
        if let unfinished = dropped?.unfinished {
            printError("old pages of the databases may still have what was dropped: \(unfinished); the next drop or erasure rewrites them")
            throw ExitCode(Program.Status.somethingWrong)
        }
    }
}
