internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

/// The file at `path`, or standard input for `-`.
func input(_ path: String, limit: Int = 1 << 20) throws -> [UInt8] {
    try SourceFiles.contents(of: path == "-" ? Array("/dev/stdin".utf8) : RawArguments.bytes(of: path), limit: limit)
}

/// Public keys: what `text` spells, or those in the file of this name.
func verifiers(_ text: String) throws -> [NoteVerifier] {
    if let verifier = NoteVerifier(text) { return [verifier] }
    let bytes = try input(text, limit: 1 << 16)
    guard let contents = String(validating: bytes, as: UTF8.self) else { throw Failure("cannot take keys from \(visible(text)): it is not UTF-8") }
    do {
        return try NoteVerifier.list(in: contents)
    } catch {
        throw Failure("cannot take keys from \(visible(text)): \(error)")
    }
}

struct Checkpoints: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Show what the archive signs of its ledger, and exchange it with witnesses.",
        discussion: """
            A checkpoint says how many records, and how many entries of the access log, there are, and the roots of their trees. The \
            archive signs one within a second after something was recorded. Whoever keeps one can tell later whether the ledger \
            was rewritten.

            EXAMPLES
              minhchung checkpoint
              minhchung checkpoint pull --memory memory.json --output pull.json    (for a witness; then minhchung witness pull)
              minhchung checkpoint keep reply.json                                 (what the witness returned)
              minhchung checkpoint --stamp-url http://tsa.example/ --stamp-ca tsa.pem    (from cron: a time stamp a day)
            """,
        subcommands: [ShowCheckpoint.self, PullCheckpoint.self, KeepCosignatures.self], defaultSubcommand: ShowCheckpoint.self)
}

struct ShowCheckpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the newest checkpoints, and have them stamped with the time.",
        discussion: """
            EXAMPLES
              minhchung checkpoint show
              minhchung checkpoint show --json
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "A time-stamping authority (RFC 3161) to ask once a day (default: $MINHCHUNG_STAMP_URL).")
    var stampURL: String?
    @Option(help: "PEM certificates that its stamps are checked with (default: $MINHCHUNG_STAMP_CA).")
    var stampCA: String?

    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    func run() async throws {
        var request: StampRequest?
        if let url = stampURL ?? Self.variable("MINHCHUNG_STAMP_URL") {
            let authorities = try (stampCA ?? Self.variable("MINHCHUNG_STAMP_CA")).map { try input($0) }
            request = StampRequest(url: url, authorities: authorities)
        }
        let stamp = request
        let account = try await options.withArchive { try await $0.checkpoint(stamp: stamp) }
        if options.json {
            printJSON(members(account))
            return
        }
        print(String(decoding: account.records.note.bytes, as: UTF8.self))
        print(String(decoding: account.access.note.bytes, as: UTF8.self), terminator: "")
        if let stamped = account.stampedAt, !options.quiet { printError("the checkpoint of records is stamped with \(stamped)") }
    }

    private func print(_ text: String, terminator: String = "\n") { printLine(String(text.dropLast()) + (terminator.isEmpty ? "" : "\n")) }
}

struct PullCheckpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Write what a witness needs: the newest checkpoints, and proof that they continue what it saw.",
        discussion: """
            EXAMPLES
              minhchung checkpoint pull --memory memory.json --output pull.json
              minhchung checkpoint pull --since 120 --since-access 44 --output pull.json
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "The witness's memory.json (minhchung witness show --memory).")
    var memory: String?
    @Option(help: "How many records the witness saw last.")
    var since: Int?
    @Option(help: "How many entries of the access log the witness saw last.")
    var sinceAccess: Int?
    @Option(name: .shortAndLong, help: "The file to write, or - for standard output.")
    var output = "-"

    func validate() throws {
        guard memory == nil || since == nil && sinceAccess == nil else { throw ValidationError("give --memory, or the sizes") }
        guard [since, sinceAccess].compactMap(\.self).allSatisfy({ $0 >= 0 }) else { throw ValidationError("sizes are not negative") }
    }

    func run() async throws {
        let known = try memory.map { try WitnessMemory(parsing: try input($0, limit: 64 << 20)) }
        let pull = try await options.withArchive { archive in
            if let known { return try await archive.pull(for: known, by: options.actor) }
            return try await archive.pull(since: since ?? 0, access: sinceAccess ?? 0, by: options.actor)
        }
        try OutputFile.write(pull.bytes, to: output)
        if output != "-", options.json {
            printJSON([
                "path": .string(output), "records": .number(pull.records.checkpoint.checkpoint.size), "since": .number(pull.records.oldSize),
                "access": .number(pull.access.checkpoint.checkpoint.size), "since_access": .number(pull.access.oldSize),
            ])
        } else if output != "-", !options.quiet {
            printLine("wrote \(visible(output)): \(pull.records.checkpoint.checkpoint.size) records since \(pull.records.oldSize)")
        }
    }
}

struct KeepCosignatures: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Keep the cosignatures that a witness returned; bundles carry them from now on.",
        discussion: """
            EXAMPLE
              minhchung checkpoint keep reply.json
            """)

    @OptionGroup var options: ArchiveOptions
    @Argument(help: "What the witness wrote, or - for standard input.")
    var reply: String

    func run() async throws {
        let reply = try WitnessReply(parsing: try input(reply))
        try await options.withArchive { try await $0.keep(reply, by: options.actor) }
        if options.json {
            printJSON(["witness": .string(reply.witness.text), "records": .number(reply.records.checkpoint.size)])
        } else if !options.quiet {
            printLine(visible("kept: \(reply.witness.name) has cosigned \(reply.records.checkpoint.size) records"))
        }
    }
}

struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove that a record is in the ledger that was signed (C2SP tlog-proof).",
        discussion: """
            The proof is for the bytes of the record's header; with --record they are printed, with body and salt, instead.

            EXAMPLES
              minhchung prove 120 > 120.tlog-proof
              minhchung prove 120 --record > 120.json
            """)

    @OptionGroup var options: ArchiveOptions
    @Flag(help: "Print the record instead of the proof.")
    var record = false
    @Argument(help: "The record's number.")
    var number: Int

    func run() async throws {
        let (proof, copy) = try await options.withArchive { try await $0.prove(record: number, by: options.actor) }
        if options.json {
            printJSON(members(number, proof, copy))
        } else {
            printLine(String(decoding: (record ? copy.bytes : proof.bytes).dropLast(), as: UTF8.self))
        }
    }
}
