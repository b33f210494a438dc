internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

struct Criteria: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check, import and show criteria sets and rule sets.",
        discussion: """
            Both are YAML files; every value in them names its source. What is marked provisional is in no official text that \
            its author has seen. Dossiers stay bound to the versions that they were opened under.

            EXAMPLES
              minhchung criteria check Storage/Criteria/*.yaml
              minhchung criteria import Storage/Criteria/*.yaml
              minhchung criteria show tan-thanh-ward@1
            """,
        subcommands: [CheckRules.self, ImportRules.self, ListRules.self, ShowRules.self])
}

/// Rule documents that were read from files.
private struct RuleFiles {
    /// What is wrong with a file; no line when it could not be read at all.
    struct Mistake {
        let file: String
        let line: Int?
        let reason: String
    }

    private(set) var documents: [(file: String, text: String, document: RuleDocument)] = []
    private(set) var mistakes: [Mistake] = []

    init(_ arguments: [String]) {
        for argument in arguments {
            let path = RawArguments.bytes(of: argument)
            let file = DepositSource(path: path, metadata: EvidenceMetadata()).displayPath
            do {
                let bytes = try SourceFiles.contents(of: path, limit: 1 << 20)
                let text = try writtenText(bytes, name: file, form: "UTF-8")
                documents.append((file, text, try RuleDocument(reading: text, name: file)))
            } catch let error as RuleMistakes {
                mistakes += error.mistakes.map { Mistake(file: file, line: $0.line, reason: $0.reason) }
            } catch {
                mistakes.append(Mistake(file: file, line: nil, reason: "\(error)"))
            }
        }
    }

    func printMistakes(json: Bool) {
        for mistake in mistakes {
            if json {
                printJSON([
                    "event": .string("mistake"), "file": .string(mistake.file), "line": mistake.line.map(JSON.number),
                    "reason": .string(mistake.reason),
                ])
            } else if let line = mistake.line {
                printLine("\(visible(mistake.file)): line \(line): \(visible(mistake.reason))")
            } else {
                printError(mistake.reason)
            }
        }
    }
}

private func reference(_ document: RuleDocument) -> String { "\(document.code)@\(document.version)" }

/// Kind, code and version, and whether something in it is provisional or every value quotes its source.
private func headline(_ document: RuleDocument) -> String {
    "\(document.kind.rawValue.padded(to: 12)) \(reference(document).padded(to: 20)) \(document.isProvisional ? "provisional" : "quoted     ")"
}

struct CheckRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with files of rules, without an archive.",
        discussion: """
            Every mistake is printed with its line. Exit status 0 means that all of the files can be imported.

            EXAMPLE
              minhchung criteria check my-rules.yaml
            """)

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print only what went wrong.")
    var quiet = false

    @Argument(help: "The files.")
    var files: [String]

    func run() async throws {
        let read = RuleFiles(files)
        for (file, _, document) in read.documents {
            if json {
                printJSON(members(document).merging(["event": .string("sound"), "file": .string(file)]) { $1 })
            } else if !quiet {
                printLine("\(headline(document))  \(visible(file))")
            }
        }
        read.printMistakes(json: json)
        if !read.mistakes.isEmpty { throw ExitCode(Program.Status.somethingWrong) }
    }
}

struct ImportRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make criteria sets and rule sets usable: all of the files, or none.",
        discussion: """
            Each becomes an object of the archive, named by its digest. A document that is changed needs a higher version; \
            what was imported stays as it was.

            EXAMPLE
              minhchung criteria import Storage/Criteria/*.yaml
            """)

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "The files.")
    var files: [String]

    /// The files, without a mistake in any.
    func documents() throws -> [(file: String, text: String)] {
        let read = RuleFiles(files)
        guard read.mistakes.isEmpty else {
            read.printMistakes(json: options.json)
            printError("nothing was imported")
            throw ExitCode(Program.Status.somethingWrong)
        }
        return read.documents.map { ($0.file, $0.text) }
    }

    func run() async throws {
        let documents = try documents()
        let imported = try await options.withArchive { archive in
            try await archive.importRules(documents.map { ($0.file, $0.text) }, by: options.actor)
        }
        for rules in imported {
            if options.json {
                printJSON(
                    members(rules).merging(["event": .string("imported"), "new": .bool(rules.isNew)]) { $1 })
            } else if !options.quiet {
                printLine("\(rules.isNew ? "imported     " : "already there")  \(headline(rules.document))  \(rules.digest)")
            }
        }
    }
}

struct ListRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the criteria sets and rule sets that may be used.",
        discussion: """
            EXAMPLE
              minhchung criteria list
            """)

    @OptionGroup var options: ArchiveOptions

    func run() async throws {
        for rules in try await options.withArchive({ try await $0.rules() }) {
            if options.json {
                printJSON(members(rules))
            } else {
                printLine("\(headline(rules.document))  \(visible(rules.document.title))")
            }
        }
    }
}

struct ShowRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show every value of a criteria set or rule set with its source.",
        discussion: """
            EXAMPLES
              minhchung criteria show framework
              minhchung criteria show tan-thanh-ward@1 --json
            """)

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "CODE for the newest version, CODE@VERSION, or the digest.")
    var rules: String

    func run() async throws {
        let all = try await options.withArchive { try await $0.rules() }
        // They come by code and version.
        let found = all.last { $0.document.code == rules || reference($0.document) == rules || $0.digest.hex == rules }
        guard let found else { throw ArchiveError.notFound("criteria set or rule set", rules) }
        if options.json {
            printJSON(members(found).merging(["document": json(found.document.tree)]) { $1 })
        } else {
            printLines(found)
        }
    }

    private func printLines(_ rules: ImportedRules) {
        let document = rules.document
        line(document.kind.rawValue, reference(document))
        line("title", document.title)
        if document.isProvisional { line("PROVISIONAL", "what is marked so below is in no official text that its author has seen") }
        switch document {
        case .criteriaSet(let set):
            line("effective", period(set.effectiveFrom, set.effectiveUntil))
            line("digest", rules.digest.hex)
            for group in set.groups { line("group", "\(group.code): \(group.name)") }
            for competency in set.competencies {
                line("competency", "\(competency.code): \(competency.name)")
                for indicator in competency.indicators { printLines(indicator, groups: set.groups) }
            }
        case .ruleSet(let set):
            line("effective", period(set.effectiveFrom, set.effectiveUntil))
            line("digest", rules.digest.hex)
            printLines(set)
        }
    }

    private func printLines(_ indicator: Indicator, groups: [SubjectGroup]) {
        let measure = indicator.isQuantifiable ? "can be measured" : "cannot be measured"
        line(indicator.code.text, "\(indicator.name) · at most \(indicator.maximum) points · \(measure)")
        for group in groups {
            guard let wording = indicator.wording[group.code], wording != indicator.name else { continue }
            line("", "for \(group.code): \(wording)")
        }
        line("", indicator.provenance.citation)
    }

    private func printLines(_ rules: RuleSet) {
        func rule<Value>(_ name: String, _ rule: Ruled<Value>?, _ text: (Value) -> String) {
            guard let rule else { return }
            line(name, text(rule.value))
            line("", rule.provenance.citation)
        }
        rule("scale minimum", rules.scaleMinimum, \.description)
        rule("scale maximum", rules.scaleMaximum, \.description)
        rule("total maximum", rules.totalMaximum, \.description)
        rule("threshold", rules.threshold, \.description)
        rule("floor", rules.floor, \.description)
        rule("half points", rules.allowsHalves) { $0 ? "allowed" : "not allowed" }
        rule("evidence", rules.needsEvidence) {
            switch $0 {
            case .none: "points need no evidence"
            case .quantifiable: "points for an indicator that can be measured need evidence"
            }
        }
        rule("partial floor", rules.partialFloor, \.description)
        for grade in rules.grades {
            line("grade", "\(grade.name), from \(grade.from)")
            line("", grade.provenance.citation)
        }
        rule("honour", rules.honour) { "\($0.name), after \($0.years) years running" }
        rule("track", rules.track) { $0.map { "\($0.act.rawValue) by \($0.role.rawValue)" }.joined(separator: ", ") }
        rule("authority", rules.authority) { $0 }
    }

    private func line(_ name: String, _ value: String) {
        printLine(name.padded(to: 15) + visible(value))
    }

    private func period(_ from: CalendarDate?, _ until: CalendarDate?) -> String {
        switch (from, until) {
        case (nil, nil): "the document does not say when"
        case (let from?, nil): "from \(from)"
        case (nil, let until?): "until \(until)"
        case (let from?, let until?): "from \(from) until \(until)"
        }
    }
}
