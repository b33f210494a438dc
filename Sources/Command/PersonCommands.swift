internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

struct People: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "Register, show, find and list people.",
        discussion: """
            A person is registered once, wherever they declare. Of the personal number (số định danh cá nhân) only a keyed \
            digest and the last three digits are kept. Neither ethnicity nor religion is asked for.

            EXAMPLES
              minhchung person import people.csv
              minhchung person import people.csv --apply
              minhchung person find "nguyen van"
              minhchung person show pe-7h2k
            """,
        subcommands: [AddPerson.self, ImportPeople.self, ShowPerson.self, FindPeople.self, ListPeople.self])
}

/// What is declared about a person, as it was written. No message shows any of it: somebody may have put the personal number
/// into another column.
struct WrittenPerson {
    var name: String?
    var birthYear: String?
    var group: String?
    var account: String?
    var unit: String?
    var number: String?

    /// - Throws: ``Failure`` that names what cannot be, never its value.
    func entry() throws -> PersonEntry {
        guard let name else { throw Failure("the name is missing") }
        for (text, field) in [(name, "name"), (birthYear, "year of birth"), (group, "group"), (account, "account"), (unit, "unit")] {
            if text.map(Self.hasPersonalNumber) ?? false {
                throw Failure(
                    "the \(field) holds nine digits or more, as personal and telephone numbers have; a personal number belongs where the number is given"
                )
            }
        }
        let year = try birthYear.map { text -> Int in
            guard text.utf8.count == 4, text.utf8.allSatisfy({ (48...57).contains($0) }), let year = Int(text) else {
                throw Failure("the year of birth is not a year of four digits")
            }
            return year
        }
        if let group, !Self.isCode(group) { throw Failure("the group is not the code of a subject group, such as farmer") }
        if let account, !Actor.isAccount(account) {
            throw Failure("the account is not one: lower-case letters, digits and . - _, such as citizen-17")
        }
        let number = try number.map { text in
            guard let number = PersonalNumber(text) else {
                throw Failure("the number is not twelve digits; a spreadsheet drops zeros in front unless the column is text")
            }
            return number
        }
        return PersonEntry(name: name, birthYear: year, group: group, account: account, unit: unit, number: number)
    }

    /// Whether there are nine digits or more, of whatever script, without a letter between them: an identity card has nine, a
    /// telephone ten, a personal number twelve.
    private static func hasPersonalNumber(_ text: String) -> Bool {
        var run = 0
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if properties.numericType == .decimal || properties.numericType == .digit { run += 1 } else if properties.isAlphabetic { run = 0 }
            if run == 9 { return true }
        }
        return false
    }

    private static func isCode(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0 | 0x20) || "._-".utf8.contains($0) }
    }
}

/// What is printed of an outcome.
struct PersonOutcomeWords {
    let word: String
    let person: PersonID?
    let reason: String?

    /// As a server answers it.
    init(_ json: JSON) {
        (word, person, reason) = (json["outcome"].text ?? "not understood", json["person"].text.flatMap { PersonID($0) }, json["reason"].text)
    }

    init(_ outcome: PersonOutcome) {
        switch outcome {
        case .registered(let id): (word, person, reason) = ("registered", id, nil)
        case .known(let id): (word, person, reason) = ("known", id, nil)
        case .changed(let id): (word, person, reason) = ("changed", id, nil)
        case .refused(let why): (word, person, reason) = ("refused", nil, why)
        }
    }
}

struct AddPerson: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Register a person.",
        discussion: """
            The personal number is read from a file or from standard input, because others of this machine can see a command \
            line. Where the number is known, the person is, and what is declared now supersedes what was.

            EXAMPLES
              minhchung person add --name "Nguyễn Văn Mẫu" --birth-year 1970 --group farmer --number-file - < number.txt
              minhchung person add --name "Trần Thị Thí Dụ" --birth-year 1985 --group worker
              minhchung person add --person pe-7h2k9q4m1c8r5t0w --name "Trần Thị Thí Dụ" --account citizen-3
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "The full name.")
    var name: String
    @Option(help: "The year of birth.")
    var birthYear: String?
    @Option(help: "The subject group, by its code in the criteria set.")
    var group: String?
    @Option(help: "The person's own account, so that they cannot review themselves.")
    var account: String?
    @Option(help: "The unit whose officers keep the registration, by its code today or its id; without one it is the administrator's of all.")
    var unit: String?
    @Option(help: "A file with the twelve digits of the personal number, or - for standard input.")
    var numberFile: String?
    @Option(help: "The full id of a registered person, to declare anew; what is not given stays.")
    var person: String?

    func validate() throws {
        guard person.map({ PersonID($0) != nil }) ?? true else { throw ValidationError("--person takes a full id, e.g. pe-7h2k9q4m1c8r5t0w") }
    }

    func run() async throws {
        let entry = try entry()
        let outcomes = try await options.withArchive { try await $0.registerPeople([entry], by: options.actor) }
        try tell(entry, outcomes.map { PersonOutcomeWords($0) })
    }

    func entry() throws -> PersonEntry {
        var entry: PersonEntry
        do {
            entry = try WrittenPerson(
                name: try optionText(name, "name"), birthYear: try optionText(birthYear, "birth-year"),
                group: try optionText(group, "group"), account: try optionText(account, "account"), unit: try optionText(unit, "unit"),
                number: try numberFile.map(Self.number)
            ).entry()
        } catch {
            throw Failure("cannot register a person: \(error)")
        }
        if let id = person.flatMap({ PersonID($0) }) {
            entry = PersonEntry(
                name: entry.name, birthYear: entry.birthYear, group: entry.group, account: entry.account, unit: entry.unit, number: entry.number,
                person: id)
        }
        return entry
    }

    func tell(_ entry: PersonEntry, _ outcomes: [PersonOutcomeWords]) throws {
        for outcome in outcomes {
            if options.json {
                printJSON(["event": .string(outcome.word), "person": .text(outcome.person), "reason": .text(outcome.reason)])
            } else if let id = outcome.person, !options.quiet {
                printLine("\(outcome.word.padded(to: 10))  \(id)  \(visible(entry.name))")
            }
            if let reason = outcome.reason {
                printError("cannot register \(entry.name): \(reason)")
                throw ExitCode(Program.Status.somethingWrong)
            }
        }
    }

    /// What stands in a file that is no longer than a number can be.
    private static func number(in file: String) throws -> String {
        let limit = 256
        var bytes: [UInt8] = []
        if file == "-" {
            var piece = [UInt8](repeating: 0, count: limit)
            while bytes.count <= limit {
                let count = read(STDIN_FILENO, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Failure("cannot read standard input: \(String(cString: strerror(errno)))") }
                if count == 0 { break }
                bytes += piece[..<count]
            }
        } else {
            bytes = try SourceFiles.contents(of: RawArguments.bytes(of: file), limit: limit)
        }
        return try writtenText(bytes, name: file == "-" ? "standard input" : file, form: "UTF-8").trimmed
    }
}

struct ImportPeople: AsyncParsableCommand {
    static let columns = ["name", "birth-year", "group", "account", "unit", "number"]

    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Register the people of a table; without --apply only say what would happen.",
        discussion: """
            The table (CSV, UTF-8) has the columns \(columns.joined(separator: ", ")); only the name has to be there. Rows that \
            are refused are told with their line and do not keep the others out. A table with mistakes registers nobody.

            EXAMPLES
              minhchung person import people.csv
              minhchung person import people.csv --apply
            """)

    @OptionGroup var options: ArchiveOptions

    @Flag(help: "Register them.")
    var apply = false

    @Argument(help: "The table.")
    var file: String

    func run() async throws {
        let rows = try rows()
        let outcomes = try await options.withArchive {
            try await $0.registerPeople(rows.map(\.value), applies: apply, by: options.actor)
        }
        try tell(rows, outcomes.map { PersonOutcomeWords($0) })
    }

    func rows() throws -> [(line: Int, value: PersonEntry)] {
        let table = try CSVTable(
            contentsOf: file, columns: Self.columns, required: ["name"], undone: "nobody was registered", isConfidential: true)
        return try table.map { row in
            try WrittenPerson(
                name: row["name"], birthYear: row["birth-year"], group: row["group"], account: row["account"], unit: row["unit"],
                number: row["number"]
            ).entry()
        }
    }

    func tell(_ rows: [(line: Int, value: PersonEntry)], _ words: [PersonOutcomeWords]) throws {
        for ((line, entry), outcome) in zip(rows, words) { tell(line, entry, outcome) }
        func count(_ word: String) -> Int { words.count { $0.word == word } }
        if options.json {
            printJSON([
                "event": .string("done"), "applied": .bool(apply), "registered": .number(count("registered")),
                "known": .number(count("known")), "changed": .number(count("changed")), "refused": .number(count("refused")),
            ])
        } else if !options.quiet {
            printLine(
                "\(apply ? "" : "preview: ")\(count("registered")) registered, \(count("known")) known, \(count("changed")) changed, "
                    + "\(count("refused")) refused" + (apply ? "" : "; nothing was recorded, to do it: --apply"))
        }
        if count("refused") > 0 { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func tell(_ line: Int, _ entry: PersonEntry, _ outcome: PersonOutcomeWords) {
        // What a preview would register has no id yet.
        let person = apply || outcome.word != "registered" ? outcome.person : nil
        if options.json {
            printJSON([
                "event": .string("row"), "line": .number(line), "outcome": .string(outcome.word), "person": .text(person),
                "name": .string(entry.name), "reason": .text(outcome.reason),
            ])
        } else if outcome.reason == nil, !options.quiet {
            let word = (apply ? "" : "would be ") + outcome.word.padded(to: 10)
            printLine("line \("\(line)".padded(to: 4))  " + [word, person?.text, visible(entry.name)].compactMap(\.self).joined(separator: "  "))
        }
        if let reason = outcome.reason { printError("line \(line) refused: \(entry.name): \(reason)") }
    }
}

struct ShowPerson: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a person with their dossiers and titles.",
        discussion: """
            EXAMPLE
              minhchung person show pe-7h2k
            """)

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "The person's id, or enough of the beginning of it.")
    var person: String

    func run() async throws {
        let account = try await options.withArchive { try await $0.person(person, by: options.actor) }
        options.json ? printJSON(members(account).merging(links(account)) { $1 }) : printLines(account)
    }

    private func printLines(_ account: PersonAccount) {
        func line(_ name: String, _ value: (some CustomStringConvertible)?) {
            if let value { printLine(name.padded(to: 14) + visible(value.description)) }
        }
        line("person", account.id)
        line("name", account.name)
        line("born", account.birthYear)
        line("group", account.group)
        line("account", account.account)
        line("unit", account.unit)
        line("number", account.numberEnding.map { "ends in \($0)" })
        line("record", account.record)
        for dossier in account.dossiers {
            line("dossier", "\(dossier.id)  \(dossier.cycle)  \(dossier.stage.rawValue), in \(dossier.unit) as \(dossier.group)")
        }
        for title in account.titles {
            line(
                title.honour == nil ? "title" : "honour",
                "\(title.id)  \(title.cycle)  " + (title.honour.map { "\($0), " } ?? "") + "by \(title.code) of \(title.issuedOn)"
                    + fate(title))
        }
    }
}

struct FindPeople: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Find people by the beginning of their name.",
        discussion: """
            Case and diacritics do not matter.

            EXAMPLE
              minhchung person find "nguyen van"
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "How many people.")
    var limit = 50

    @Argument(help: "The name, or the beginning of it.")
    var name: [String]

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is between 1 and 10000") }
    }

    func run() async throws {
        let name = try recordable(name.joined(separator: " "), "name")
        let people = try await options.withArchive { try await $0.people(named: name, limit: limit, by: options.actor) }
        for person in people { printListed(person, options) }
        if options.json || options.quiet { return }
        printLine(people.count == limit ? "\(limit) or more people found" : people.count == 1 ? "1 person found" : "\(people.count) people found")
    }
}

struct ListPeople: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List people in the order of registration.",
        discussion: """
            EXAMPLES
              minhchung person list
              minhchung person list --limit 20 --after pe-7h2k9q4m1c8r5t0w
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "How many people.")
    var limit = 50

    @Option(help: "Go on after this person, the last one of the page before.")
    var after: String?

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is between 1 and 10000") }
    }

    func run() async throws {
        let cursor = try after.map { text in
            guard let id = PersonID(text) else { throw ArchiveError.notFound("person", text) }
            return id
        }
        let people = try await options.withArchive { try await $0.people(after: cursor, limit: limit, by: options.actor) }
        for person in people { printListed(person, options) }
        if !options.json, !options.quiet, people.count == limit, let last = people.last { printLine("more with: --after \(last.id)") }
    }
}

private func printListed(_ person: PersonAccount, _ options: ArchiveOptions) {
    if options.json {
        printJSON(members(person))
    } else {
        printLine(
            "\(person.id)  \(person.birthYear.map(String.init) ?? "----")  \((person.group ?? "").padded(to: 12))  "
                + "\((person.numberEnding.map { "…\($0)" } ?? "").padded(to: 4))  \(visible(person.name))")
    }
}
