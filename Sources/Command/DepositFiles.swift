internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Synchronization
internal import Web

struct Initialize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make an empty archive.",
        discussion: """
            The folder must not exist, or be empty. For real use it lies outside of any checkout, on a file system of its own.

            EXAMPLE
              minhchung init --archive /srv/minhchung
            """)

    @OptionGroup var options: ArchiveOptions

    func run() async throws {
        try options.hereOnly()
        let archive = try await Archive.create(
            at: options.path, by: options.actor, worker: try options.workerPath(), holder: options.holder)
        try await options.closing(archive) { archive in
            if options.json {
                printJSON(["archive": .string(archive.id.text), "path": .string(options.path)])
            } else if !options.quiet {
                printLine("made archive \(archive.id) in \(options.path)")
            }
        }
    }
}

struct DepositFiles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit", abstract: "Keep files and folders as evidence.",
        discussion: """
            Each file that is printed is durable: it survives power loss from then on. Then its text is extracted and \
            indexed. A file that you deposited before for the same holder is checked again and not kept \
            twice. \
            Symbolic links inside of folders are passed over.

            EXAMPLES
              minhchung deposit --holder "Nguyễn Văn Mẫu" --kind certificate chung-chi.pdf
              minhchung deposit --no-extract scans/
              minhchung deposit --metadata metadata.csv

            A table (CSV, UTF-8) declares metadata row by row; its columns are \
            \(MetadataTable.columns.joined(separator: ", ")). Files are found relative to the table. Without PATH, the \
            table's files are deposited.
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup(title: "Metadata") var metadata: MetadataOptions

    @Option(name: .customLong("metadata"), help: "A CSV table that declares metadata, a row a file.")
    var metadataTable: String?

    @Flag(inversion: .prefixedNo, help: "Extract text now; it can be done later with: minhchung extract.")
    var extract = true

    @Argument(help: "Files and folders.")
    var paths: [String] = []

    enum CodingKeys: String, CodingKey {
        case options, metadata, metadataTable, extract, paths
    }

    func run() async throws {
        let (sources, skipped) = try sources()
        for (path, reason) in skipped { printError("cannot deposit \(path): \(reason)") }
        guard !sources.isEmpty else {
            if skipped.isEmpty { throw Failure("nothing to deposit: name files or folders, or a table with --metadata") }
            throw ExitCode(Program.Status.somethingWrong)
        }
        let summary = try await options.withArchive { try await deposit(sources, into: $0) }
        try conclude(summary, sources: sources, skipped: skipped.count)
    }

    private func deposit(_ sources: [DepositSource], into archive: Archive) async throws -> DepositSummary {
        let progress = Progress(isQuiet: options.quiet)
        let (json, quiet, extracts) = (options.json, options.quiet, extract)
        let done = Mutex((deposited: 0, read: 0))
        return try await archive.deposit(sources, by: options.actor, extracts: extract) { event in
            switch event {
            case .deposited(let source, let item, let object, let isNew):
                progress.clear()
                if json {
                    printJSON([
                        "event": .string("deposited"), "item": .string(item.text), "object": .string(object.digest.hex),
                        "size": .integer(object.size), "new_object": .bool(isNew), "path": .string(sources[source].displayPath),
                    ])
                } else if !quiet {
                    printLine("deposited      \(item) \(object.digest) \(visible(sources[source].displayPath))" + (isNew ? "" : " (object known)"))
                }
            case .alreadyDeposited(let source, let item, let object, let isDescribedOtherwise):
                progress.clear()
                if json {
                    printJSON([
                        "event": .string("already_deposited"), "item": .string(item.text), "object": .string(object.digest.hex),
                        "size": .integer(object.size), "path": .string(sources[source].displayPath),
                        "described_otherwise": .bool(isDescribedOtherwise),
                    ])
                } else if !quiet {
                    printLine("already there  \(item) \(object.digest) \(visible(sources[source].displayPath))")
                }
                if isDescribedOtherwise {
                    printError("kept \(item) as it was described before; to change that: minhchung describe \(item) …")
                }
            case .repaired(let object, let damage):
                progress.clear()
                printError("repaired object \(object): \(damage); the damaged one is in quarantine")
            case .refused(let source, let error):
                progress.clear()
                printError("\(error)")
                if json { printJSON(["event": .string("refused"), "path": .string(sources[source].displayPath), "reason": .string("\(error)")]) }
            case .extracted(let event):
                if json {
                    printJSON([
                        "event": .string("extracted"), "item": .text(event.item), "object": .string(event.object.hex),
                        "extraction": Web.json(event.finding),
                    ])
                } else if event.finding.state == .failed {
                    progress.clear()
                    printError("cannot read \(event.item?.text ?? event.object.hex): \(event.finding.reason ?? "no reason given")")
                }
            }
            let (deposited, read) = done.withLock { done in
                if case .extracted = event { done.read += 1 } else { done.deposited += 1 }
                return done
            }
            if deposited < sources.count || !extracts {
                progress.show("deposited", Int64(deposited), of: Int64(sources.count))
            } else {
                progress.show("read", Int64(read), of: Int64(sources.count))
            }
            if deposited == sources.count, read == (extracts ? sources.count : 0) { progress.clear() }
        }
    }

    private func conclude(_ summary: DepositSummary, sources: [DepositSource], skipped: Int) throws {
        let extraction = summary.extraction
        if options.json {
            printJSON([
                "event": .string("done"), "deposited": .number(summary.deposited), "new_objects": .number(summary.newObjects),
                "already_deposited": .number(summary.alreadyDeposited), "refused": .number(summary.refused + skipped),
                "bytes": .integer(summary.bytes), "extraction": Command.json(extraction),
                "stopped": summary.stopped.map { .string("\($0)") },
            ])
        } else if !options.quiet {
            printLine(
                "\(summary.deposited) deposited (\(byteCount(summary.bytes)), \(summary.newObjects) new objects), "
                    + "\(summary.alreadyDeposited) already there, \(summary.refused + skipped) refused")
            if extract { printLine(describe(extraction)) }
        }
        if let reason = extraction.refused { printError("text was not extracted, the files are safe: \(reason)") }
        if let reason = extraction.notIndexed { printError("the texts are safe, but not indexed: \(reason)") }
        if let stopped = summary.stopped {
            let tried = summary.deposited + summary.alreadyDeposited + summary.refused
            throw Failure("\(stopped); \(tried) of \(sources.count) files were dealt with, the others were not touched")
        }
        if summary.refused + skipped + summary.notDescribed > 0 || extraction.refused != nil || extraction.notIndexed != nil {
            throw ExitCode(Program.Status.somethingWrong)
        }
    }

    func sources() throws -> (sources: [DepositSource], skipped: [(path: String, reason: String)]) {
        let found = SourceFiles(paths.map(RawArguments.bytes), archive: options.path)
        let skipped = found.skipped.map { (DepositSource(path: $0.path, metadata: EvidenceMetadata()).displayPath, $0.reason) }
        guard let metadataTable else {
            let declared = try metadata.metadata()
            if declared.title != nil, found.paths.count > 1 {
                throw Failure("cannot give \(found.paths.count) files the same title; declare titles with --metadata")
            }
            return (found.paths.map { source($0, declared) }, skipped)
        }
        let path = RawArguments.bytes(of: metadataTable)
        let table = try MetadataTable(
            try SourceFiles.contents(of: path, limit: MetadataTable.sizeLimit), path: path, defaults: metadata)
        if paths.isEmpty { return (table.rows.map { source($0.path, $0.metadata) }, skipped) }
        var rows: [[UInt8]: MetadataTable.Row] = [:]
        for row in table.rows {
            guard let file = SourceFiles.canonical(row.path) else {
                throw Failure("cannot use the table, nothing was deposited: line \(row.line): the file is not there")
            }
            if let earlier = rows.updateValue(row, forKey: file) {
                throw Failure("cannot use the table, nothing was deposited: lines \(earlier.line) and \(row.line) name one file")
            }
        }
        let declared = try metadata.metadata()
        let sources = found.paths.map { path in
            source(path, SourceFiles.canonical(path).flatMap { rows.removeValue(forKey: $0) }?.metadata ?? declared)
        }
        if let left = rows.values.min(by: { $0.line < $1.line }) {
            throw Failure("cannot use the table, nothing was deposited: line \(left.line): the file is not among the paths")
        }
        return (sources, skipped)
    }

    private func source(_ path: [UInt8], _ metadata: EvidenceMetadata) -> DepositSource {
        var metadata = metadata
        metadata.fileName = DepositSource.fileName(of: path)
        return DepositSource(path: path, metadata: metadata)
    }
}

struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declare metadata of an item anew.",
        discussion: """
            What is not named stays as it was; an empty value ("") takes a declaration back. The earlier declaration stays in \
            the ledger.

            EXAMPLE
              minhchung describe ev-7h2k --title "Chứng chỉ tin học cơ bản" --issued 03/06/2025
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup(title: "Metadata") var metadata: MetadataOptions

    @Argument(help: "The item's id, or enough of the beginning of it.")
    var item: String

    func run() async throws {
        try await options.withArchive { archive in
            let account = try await archive.item(item, by: options.actor)
            let described = try metadata.metadata(over: account.metadata)
            guard described != account.metadata else { throw Failure("nothing to change: \(account.id) is described so already") }
            try await archive.describe(account.id, as: described, by: options.actor)
            if options.json {
                printJSON(["item": .string(account.id.text), "metadata": json(described)])
            } else if !options.quiet {
                printLine("described \(account.id)")
            }
        }
    }
}

/// The counts of an extraction run in one line.
func describe(_ extraction: ExtractionSummary) -> String {
    func count(_ state: ExtractionState) -> Int { extraction.states[state, default: 0] }
    return "text: \(count(.extracted)) extracted, \(count(.noText)) without text, \(count(.kindNotRead)) of a kind not read yet, "
        + "\(count(.failed)) failed" + (extraction.damaged > 0 ? ", \(extraction.damaged) damaged" : "")
}

func json(_ extraction: ExtractionSummary) -> JSON {
    var members = Dictionary(
        uniqueKeysWithValues: ExtractionState.allCases.map { ($0.rawValue, JSON.number(extraction.states[$0, default: 0])) })
    members["pages"] = .number(extraction.pages)
    members["damaged"] = .number(extraction.damaged)
    if let refused = extraction.refused { members["refused_because"] = .string(refused) }
    return .object(members)
}
