internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Erase a person or items, with all that is personal of them, for good.",
        discussion: """
            Without --apply it only says what it would do. What is erased cannot be brought back: names, numbers, texts and files go from \
            records, objects, the search index and the databases; decisions stay checkable by digest, and every proof still \
            verifies. The reason and the legal basis stay for ever, so they name nobody. The erasure is listed in a file beside the archive, \
            ARCHIVE.erasures, by which a restored backup is made to forget again: keep it. Where an earlier erasure could not be listed, \
            status says so, and --list names a file for it as well.

            EXAMPLES
              minhchung erase pe-7h2k --reason "rút lại đồng ý" --basis "Luật 91/2025/QH15, Điều 14" --role authority
              minhchung erase pe-7h2k --reason "…" --basis "…" --role authority --shared erase --apply
              minhchung erase ev-4m1c --reason "ảnh thẻ căn cước" --basis "Luật 91/2025/QH15, Điều 14" --role authority --apply
            """)

    enum Shared: String, CaseIterable, ExpressibleByArgument { case erase, keep }

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Why, without naming anybody.")
    var reason: String
    @Option(help: "The law or decision that it rests on.")
    var basis: String
    @Option(help: "What becomes of items and records that are about others and name the person too: erase or keep.")
    var shared: Shared?
    @Option(help: "The erasure list (default: ARCHIVE.erasures beside the archive).")
    var list: String?
    @Flag(help: "Do it.")
    var apply = false
    @Argument(help: "One person, or items: ids, or enough of the beginning of them.")
    var subjects: [String]

    func run() async throws {
        let grounds = ErasureGrounds(
            reason: try recordable(reason, "reason"), legalBasis: try recordable(basis, "basis"), role: try role.chosen())
        let progress = Progress(isQuiet: options.quiet)
        let plan = try await options.withArchive { archive in
            try await archive.erase(
                subjects, grounds: grounds, takesShared: shared.map { $0 == .erase }, applies: apply, list: list, by: options.actor
            ) { stage, done, total in progress.show(stage, Int64(done), of: Int64(total)) }
        }
        progress.clear()
        options.json ? printJSON(members(plan)) : printLines(plan)
        if apply, !plan.unfinished.isEmpty { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func printLines(_ plan: ErasurePlan) {
        if options.quiet { return }
        for item in plan.items {
            let rests = item.dossiers.isEmpty ? "" : ", cited by \(item.dossiers.map(\.text).joined(separator: ", "))"
            let titles = item.titles.isEmpty ? "" : ", titles \(item.titles.map(\.text).joined(separator: ", ")) rest on it"
            printLine(
                visible("item \(item.id)  \(item.title ?? "")\(item.takesObject ? "" : " (its bytes stay: others have them)")\(rests)\(titles)"))
        }
        for shared in plan.shared {
            switch shared {
            case .item(let id, let title, let use): printLine(visible("names the person too: \(id)  \(title ?? "") (\(use))"))
            case .record(let number, let kind): printLine("names the person too: record \(number), \(kind.rawValue)")
            }
        }
        for number in plan.left { printLine("names the person and stays: record \(number)") }
        for other in plan.namesakes { printLine("of the same name, not touched: \(other)") }
        let amount = "\(plan.items.count) items, \(plan.objects.count) objects (\(byteCount(plan.bytes))), the bodies of \(plan.bodies.count) records"
        if let record = plan.record {
            let isFinished = !plan.unfinished.contains { $0.record == record }
            printLine("\(isFinished ? "erased" : "recorded"): \(amount); record \(record)")
        } else {
            printLine("would be erased: \(amount); nothing was done, to do it: --apply")
        }
        for erasure in plan.unfinished { printLine(visible("NOT FINISHED: \(erasure)")) }
    }
}

struct Holds: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Keep items, people or dossiers from being erased while the law asks for them.",
        discussion: """
            EXAMPLES
              minhchung hold place pe-7h2k --reason "khiếu nại đang giải quyết" --basis "Luật Khiếu nại 2011" --role inspector
              minhchung hold list
              minhchung hold release pe-7h2k --reason "đã giải quyết" --basis "Quyết định 12/QĐ-TTr" --role inspector
            """,
        subcommands: [PlaceHold.self, ReleaseHold.self, ListHolds.self])
}

/// What a hold is about and rests on.
struct HoldOptions: ParsableArguments {
    @Option(help: "Why.")
    var reason: String
    @Option(help: "The law or decision that it rests on.")
    var basis: String
    @Argument(help: "An item, a person or a dossier: its id, or enough of the beginning of it.")
    var subject: String
}

struct PlaceHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Place a hold.",
        discussion: """
            EXAMPLE
              minhchung hold place pe-7h2k --reason "khiếu nại đang giải quyết" --basis "Luật Khiếu nại 2011" --role inspector
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @OptionGroup var hold: HoldOptions

    func run() async throws {
        let grounds = ErasureGrounds(
            reason: try recordable(hold.reason, "reason"), legalBasis: try recordable(hold.basis, "basis"), role: try role.chosen())
        let record = try await options.withArchive { try await $0.placeHold(hold.subject, grounds: grounds, by: options.actor) }
        if options.json {
            printJSON(["record": .number(record)])
        } else if !options.quiet {
            printLine(visible("held \(hold.subject), record \(record)"))
        }
    }
}

struct ReleaseHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Release a hold.",
        discussion: """
            EXAMPLE
              minhchung hold release pe-7h2k --reason "đã giải quyết" --basis "Quyết định 12/QĐ-TTr" --role inspector
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @OptionGroup var hold: HoldOptions

    func run() async throws {
        let grounds = ErasureGrounds(
            reason: try recordable(hold.reason, "reason"), legalBasis: try recordable(hold.basis, "basis"), role: try role.chosen())
        let record = try await options.withArchive { try await $0.releaseHold(hold.subject, grounds: grounds, by: options.actor) }
        if options.json {
            printJSON(["record": .number(record)])
        } else if !options.quiet {
            printLine(visible("released \(hold.subject), record \(record)"))
        }
    }
}

struct ListHolds: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the holds that hold.",
        discussion: """
            EXAMPLE
              minhchung hold list --json
            """)

    @OptionGroup var options: ArchiveOptions

    func run() async throws {
        for hold in try await options.withArchive({ try await $0.holds(by: options.actor) }) {
            if options.json {
                printJSON([
                    "subject": .string(hold.subject), "record": .number(hold.record), "reason": .string(hold.reason),
                    "legal_basis": .string(hold.legalBasis),
                ])
            } else {
                printLine(visible("\(hold.subject)  record \(hold.record)  \(hold.reason) [\(hold.legalBasis)]"))
            }
        }
    }
}
