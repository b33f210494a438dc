internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

struct Units: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unit", abstract: "Declare units, and what became of them.",
        discussion: """
            A unit keeps its id through all of its names, codes and parents, each of which holds from a day on. A code names a \
            unit only together with a day: on 1/7/2025 codes were given to other units. What was decided keeps the unit of its date.

            EXAMPLES
              minhchung unit import units.csv --apply
              minhchung unit succeed --from 20335 --to 20335 --kind merge --on 2025-07-01
              minhchung unit show 20335 --on 2025-06-30
            """,
        subcommands: [AddUnit.self, ImportUnits.self, SucceedUnits.self, ShowUnit.self, ListUnits.self])
}

/// What is declared about a unit, as it was written.
struct WrittenUnit {
    var name: String?
    var code: String?
    var kind: String?
    var parent: String?
    var from: String?
    var until: String?
    var basis: String?
    var unit: String?

    /// - Throws: ``Failure`` that names what is missing or cannot be.
    func entry() throws -> UnitEntry {
        guard let name else { throw Failure("the name is missing") }
        guard let kind else { throw Failure("the kind is missing; it is one of \(UnitKind.allCases.map(\.rawValue).joined(separator: ", "))") }
        guard let from else { throw Failure("the day from which it holds (from) is missing") }
        return UnitEntry(
            name: name, code: code, kind: try choice(kind, "kind", UnitKind.self), parent: parent, validFrom: try date(from, "from"),
            validUntil: try until.map { try date($0, "until") }, legalBasis: basis, unit: unit)
    }
}

/// A link of the graph of units, as the archive takes it.
typealias Link = (from: String, to: String?, kind: SuccessionKind, isWhole: Bool, effectiveOn: CalendarDate, legalBasis: String?)

/// What is printed of an outcome.
struct UnitOutcomeWords {
    let word: String
    let unit: UnitID?
    let reason: String?

    /// As a server answers it.
    init(_ json: JSON) {
        (word, unit, reason) = (json["outcome"].text ?? "not understood", json["unit"].text.flatMap { UnitID($0) }, json["reason"].text)
    }

    init(_ outcome: UnitOutcome) {
        switch outcome {
        case .declared(let id): (word, unit, reason) = ("declared", id, nil)
        case .known(let id): (word, unit, reason) = ("known", id, nil)
        case .refused(let why): (word, unit, reason) = ("refused", nil, why)
        }
    }
}

struct AddUnit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Declare a unit, or another name, code or parent of one.",
        discussion: """
            EXAMPLES
              minhchung unit add --name "Phường Tân Thạnh" --code 20335 --kind ward --from 2006-01-01 --until 2025-06-30
              minhchung unit add --unit un-7h2k --name "Thành phố Đồng Nai" --code 75 --kind province --from 2026-04-30
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "The name.")
    var name: String
    @Option(help: "The official code of that time, or a local one.")
    var code: String?
    @Option(help: "One of: \(UnitKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String
    @Option(help: "The unit above it, by its code on the first day or by its id.")
    var parent: String?
    @Option(help: "The first day: 2025-07-01 or 1/7/2025.")
    var from: String
    @Option(help: "The last day.")
    var until: String?
    @Option(help: "The legal basis.")
    var basis: String?
    @Option(help: "The unit that is called so from that day on, by code or id, instead of a new one.")
    var unit: String?

    func run() async throws {
        let entry = try entry()
        let outcomes = try await options.withArchive { try await $0.declareUnits([entry], by: options.actor) }
        try tell(entry, outcomes.map { UnitOutcomeWords($0) })
    }

    func entry() throws -> UnitEntry {
        try WrittenUnit(
            name: try optionText(name, "name"), code: try optionText(code, "code"), kind: try optionText(kind, "kind"),
            parent: try optionText(parent, "parent"), from: try optionText(from, "from"), until: try optionText(until, "until"),
            basis: try optionText(basis, "basis"), unit: try optionText(unit, "unit")
        ).entry()
    }

    func tell(_ entry: UnitEntry, _ outcomes: [UnitOutcomeWords]) throws {
        for outcome in outcomes {
            if options.json {
                printJSON(["event": .string(outcome.word), "unit": .text(outcome.unit), "reason": .text(outcome.reason)])
            } else if let id = outcome.unit, !options.quiet {
                printLine("\(outcome.word.padded(to: 8))  \(id)  \(visible(entry.name))")
            }
            if let reason = outcome.reason {
                printError("cannot declare \(entry.name): \(reason)")
                throw ExitCode(Program.Status.somethingWrong)
            }
        }
    }
}

struct ImportUnits: AsyncParsableCommand {
    static let columns = ["name", "code", "kind", "parent", "from", "until", "basis"]

    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Declare the units of a table; without --apply only say what would happen.",
        discussion: """
            The table (CSV, UTF-8) has the columns \(columns.joined(separator: ", ")); name, kind and from have to be there. \
            A parent may stand in a row above. Rows that are refused are told with their line and do not keep the others out. \
            A table with mistakes declares nothing.

            EXAMPLES
              minhchung unit import units.csv
              minhchung unit import units.csv --apply
            """)

    @OptionGroup var options: ArchiveOptions

    @Flag(help: "Declare them.")
    var apply = false

    @Argument(help: "The table.")
    var file: String

    func run() async throws {
        let rows = try rows()
        let outcomes = try await options.withArchive {
            try await $0.declareUnits(rows.map(\.value), applies: apply, by: options.actor)
        }
        try tell(rows, outcomes.map { UnitOutcomeWords($0) })
    }

    func rows() throws -> [(line: Int, value: UnitEntry)] {
        let table = try CSVTable(
            contentsOf: file, columns: Self.columns, required: ["name", "kind", "from"], undone: "no unit was declared")
        return try table.map { row in
            try WrittenUnit(
                name: row["name"], code: row["code"], kind: row["kind"], parent: row["parent"], from: row["from"], until: row["until"],
                basis: row["basis"]
            ).entry()
        }
    }

    func tell(_ rows: [(line: Int, value: UnitEntry)], _ words: [UnitOutcomeWords]) throws {
        for ((line, entry), outcome) in zip(rows, words) { tell(line, entry, outcome) }
        func count(_ word: String) -> Int { words.count { $0.word == word } }
        if options.json {
            printJSON([
                "event": .string("done"), "applied": .bool(apply), "declared": .number(count("declared")), "known": .number(count("known")),
                "refused": .number(count("refused")),
            ])
        } else if !options.quiet {
            printLine(
                "\(apply ? "" : "preview: ")\(count("declared")) declared, \(count("known")) known, \(count("refused")) refused"
                    + (apply ? "" : "; nothing was recorded, to do it: --apply"))
        }
        if count("refused") > 0 { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func tell(_ line: Int, _ entry: UnitEntry, _ outcome: UnitOutcomeWords) {
        // What a preview would declare has no id yet.
        let unit = apply || outcome.word != "declared" ? outcome.unit : nil
        if options.json {
            printJSON([
                "event": .string("row"), "line": .number(line), "outcome": .string(outcome.word), "unit": .text(unit),
                "name": .string(entry.name), "code": .text(entry.code), "reason": .text(outcome.reason),
            ])
        } else if outcome.reason == nil, !options.quiet {
            let word = (apply ? "" : "would be ") + outcome.word.padded(to: 8)
            let words = [word, unit?.text, entry.code, entry.name].compactMap(\.self).joined(separator: "  ")
            printLine("line \("\(line)".padded(to: 4))  \(visible(words))")
        }
        if let reason = outcome.reason { printError("line \(line) refused: \(entry.name): \(reason)") }
    }
}

struct SucceedUnits: AsyncParsableCommand {
    static let columns = ["from", "to", "kind", "whole", "on", "basis"]

    static let configuration = CommandConfiguration(
        commandName: "succeed", abstract: "Record what became of a unit, or of those of a table: all, or none.",
        discussion: """
            Codes name the unit of the day before (--from) and of the day itself (--to). The table (CSV, UTF-8) has the columns \
            \(columns.joined(separator: ", ")), where whole is yes or no. What is recorded already is not recorded again.

            EXAMPLES
              minhchung unit succeed --from 20335 --to 20335 --kind merge --on 2025-07-01
              minhchung unit succeed --from 00016 --to 00004 --kind split --part --on 2025-07-01
              minhchung unit succeed --import successions.csv
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "The unit that was, by code or id.")
    var from: String?
    @Option(help: "The unit that it became; none where it was abolished.")
    var to: String?
    @Option(help: "One of: \(SuccessionKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String?
    @Flag(help: "Only a part of it went there.")
    var part = false
    @Option(help: "The first day of what it became.")
    var on: String?
    @Option(help: "The legal basis.")
    var basis: String?
    @Option(name: .customLong("import"), help: "A CSV table of such links.")
    var table: String?

    func validate() throws {
        let isOne = from != nil && kind != nil && on != nil
        let isNone = [from, to, kind, on, basis].allSatisfy { $0 == nil } && !part
        guard table == nil ? isOne : isNone else {
            throw ValidationError("give --from, --kind and --on (and --to, --part, --basis), or --import alone")
        }
    }

    func run() async throws {
        let links = try links()
        tell(try await options.withArchive { try await $0.succeedUnits(links, by: options.actor) }, of: links)
    }

    private func tell(_ recorded: [UnitSuccession], of links: [Link]) {
        for link in recorded {
            if options.json {
                printJSON(members(link).merging(["event": .string("recorded")]) { $1 })
            } else if !options.quiet {
                printLine("recorded  \(link.from) → \(link.to?.text ?? "nothing")  \(words(link))")
            }
        }
        if options.json {
            printJSON([
                "event": .string("done"), "recorded": .number(recorded.count), "known": .number(links.count - recorded.count),
            ])
        } else if !options.quiet {
            printLine("\(recorded.count) recorded, \(links.count - recorded.count) known")
        }
    }

    func links() throws -> [Link] {
        guard let table else {
            return [
                try link(
                    from: try optionText(from, "from"), to: try optionText(to, "to"), kind: try optionText(kind, "kind"), isWhole: !part,
                    on: try optionText(on, "on"), basis: try optionText(basis, "basis"))
            ]
        }
        let rows = try CSVTable(
            contentsOf: table, columns: Self.columns, required: ["from", "kind", "whole", "on"], undone: "nothing was recorded")
        return try rows.map { row in
            guard let whole = row["whole"].flatMap({ ["yes": true, "no": false][$0.lowercased()] }) else {
                throw Failure("whole is yes or no")
            }
            return try link(from: row["from"], to: row["to"], kind: row["kind"], isWhole: whole, on: row["on"], basis: row["basis"])
        }.map(\.value)
    }

    private func link(from: String?, to: String?, kind: String?, isWhole: Bool, on: String?, basis: String?) throws -> Link {
        guard let from else { throw Failure("the unit that was (from) is missing") }
        guard let on else { throw Failure("the day (on) is missing") }
        return (from, to, try choice(kind ?? "", "kind", SuccessionKind.self), isWhole, try date(on, "on"), basis)
    }
}

struct ShowUnit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a unit was called when, what it was before and what it became.",
        discussion: """
            EXAMPLES
              minhchung unit show un-7h2k
              minhchung unit show 20335 --on 2025-06-30
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "The day on which the code names it (default: today).")
    var on: String?

    @Argument(help: "The unit's code, its id, or enough of the beginning of the id.")
    var unit: String

    func run() async throws {
        let day = try on.map { try date($0, "on") }
        let (account, others) = try await options.withArchive { archive in
            let account = try await archive.unit(unit, on: day)
            var others: [UnitID: UnitAccount] = [:]
            for id in account.predecessors.map(\.from) + account.successors.compactMap(\.to) where others[id] == nil {
                others[id] = try await archive.unit(id.text)
            }
            return (account, others)
        }
        if options.json {
            printJSON(members(account))
            return
        }
        printLine("unit".padded(to: 14) + account.id.text)
        for name in account.names { printLine("name".padded(to: 14) + visible(words(name))) }
        for link in account.predecessors {
            let name = others[link.from]?.name(on: link.effectiveOn.dayBefore) ?? ""
            printLine("was before".padded(to: 14) + visible("\(link.from)  \(name), \(words(link))"))
        }
        for link in account.successors {
            let name = link.to.flatMap { others[$0]?.name(on: link.effectiveOn) } ?? "nothing"
            printLine("became".padded(to: 14) + visible([link.to?.text, "\(name), \(words(link))"].compactMap(\.self).joined(separator: "  ")))
        }
    }
}

struct ListUnits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what units were called, in the order of their ids.",
        discussion: """
            EXAMPLES
              minhchung unit list
              minhchung unit list --limit 20 --after un-7h2k9q4m1c8r5t0w
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "How many names of units.")
    var limit = 100

    @Option(help: "Go on after this unit, the last one of the page before.")
    var after: String?

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is between 1 and 10000") }
    }

    func run() async throws {
        let cursor = try after.map { text in
            guard let id = UnitID(text) else { throw ArchiveError.notFound("unit", text) }
            return id
        }
        var names = try await options.withArchive { try await $0.units(after: cursor, limit: limit) }
        let isFull = names.count == limit
        // A page ends with a unit, whose other names might be on the next one.
        if isFull, let last = names.last?.unit, names.first?.unit != last { names.removeAll { $0.unit == last } }
        for name in names {
            if options.json {
                printJSON(members(name))
            } else {
                printLine("\(name.unit)  \(visible(words(name)))")
            }
        }
        if !options.json, !options.quiet, isFull, let last = names.last { printLine("more with: --after \(last.unit)") }
    }
}

extension UnitAccount {
    /// What it was called on a day; the last of its names where it had none then.
    fileprivate func name(on day: CalendarDate) -> String {
        (names.last { $0.validFrom <= day && $0.validUntil.map { day <= $0 } ?? true } ?? names.last)?.name ?? id.text
    }
}

private func words(_ name: UnitDeclaration) -> String {
    var words = "\(name.code ?? "no code")  \(name.name) (\(name.kind.rawValue)), from \(name.validFrom)"
    if let until = name.validUntil { words += " until \(until)" }
    if let parent = name.parent { words += ", below \(parent)" }
    if let basis = name.legalBasis { words += ", \(basis)" }
    return words
}

private func words(_ link: UnitSuccession) -> String {
    "\(link.kind.rawValue)\(link.isWhole ? "" : " of a part"), on \(link.effectiveOn)" + (link.legalBasis.map { ", \($0)" } ?? "")
}
