internal import ArgumentParser
internal import Bundle
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

struct WriteBundle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "Write the evidence behind a title into one file that proves itself without the archive.",
        discussion: """
            The bundle has the evidence, the decision with its rules, scores and citations, the records with their proofs, and who \
            saw them, as of the newest checkpoint. It is a ZIP file that any program opens; begin with data/index.html. Whoever has the \
            archive's public key checks it with minhchung verify-bundle, or with the standard tools that its VERIFY.md names.

            EXAMPLES
              minhchung bundle ti-7h2k --output title.zip
              minhchung bundle ti-7h2k --output title.zip --withhold ev-4m1c    (without these bytes; they stay listed by digest)
              minhchung bundle --unit 99999 --cycle 2025 --output list.zip      (all titles of a unit in a cycle)
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(name: .shortAndLong, help: "The file to write, or the folder with --folder.")
    var output: String
    @Flag(help: "Write a folder instead of a ZIP file.")
    var folder = false
    @Option(help: "Code or id of the unit whose titles are meant.")
    var unit: String?
    @Option(help: "The cycle of those titles.")
    var cycle: Int?
    @Option(help: "Make it at the checkpoint of so many records instead of the newest.")
    var checkpoint: Int?
    @Option(help: "An item whose bytes are left out; may be given several times.")
    var withhold: [String] = []
    @Option(help: "Show that the ledger continues its first so many records; may be given several times. What witnesses cosigned is shown anyway.")
    var since: [Int] = []
    @Option(help: "The same of the access log.")
    var sinceAccess: [Int] = []
    @Argument(help: "The id of a title or an honour, or enough of the beginning of it.")
    var title: String?

    func validate() throws {
        guard (title == nil) == (unit != nil && cycle != nil), (unit == nil) == (cycle == nil) else {
            throw ValidationError("name a title, or a unit and a cycle")
        }
        guard (since + sinceAccess).allSatisfy({ $0 > 0 }), checkpoint.map({ $0 > 0 }) ?? true else {
            throw ValidationError("sizes of trees are more than 0")
        }
        guard RawArguments.isUTF8(output), !output.isEmpty, output != "-" else {
            throw ValidationError("--output names a file; it cannot be standard output, because a ZIP file is written forth and back")
        }
    }

    func run() async throws {
        let progress = Progress(isQuiet: options.quiet)
        let subject: BundleRequest.Subject = title.map { .title($0) } ?? .list(unit: unit ?? "", cycle: cycle ?? 0)
        let request = BundleRequest(subject: subject, checkpoint: checkpoint, withheld: withhold, since: since, sinceAccess: sinceAccess)
        let summary = try await options.withArchive { archive in
            try await archive.writeBundle(request, to: output, asFolder: folder, by: options.actor) { done, total in
                progress.show("copied", done, of: total, unit: byteCount)
            }
        }
        progress.clear()
        let signed = summary.checkpoint.checkpoint
        let witnesses = summary.checkpoint.note.signatures.map(\.keyName).filter { $0 != LogOrigin.keyName(of: signed.origin.archive) }
        if options.json {
            printJSON([
                "bundle": .string(summary.name), "path": .string(output), "checkpoint": .number(signed.size),
                "titles": .array(summary.titles.map { .string($0.text) }), "records": .number(summary.records), "files": .number(summary.files),
                "bytes": .integer(summary.bytes), "witnesses": .array(witnesses.map(JSON.string)),
                "withheld": .array(summary.withheld.map { .string($0.hex) }), "erased": .array(summary.erased.map { .string($0.hex) }),
            ])
        } else if !options.quiet {
            printLine(
                visible(
                    "wrote \(output): \(summary.name), \(summary.files) files of evidence (\(byteCount(summary.bytes))), \(summary.records) records"))
            for object in summary.withheld { printLine("withheld  \(object)") }
            for object in summary.erased { printLine("erased  \(object)") }
            printLine(
                witnesses.isEmpty
                    ? "no witness has cosigned its checkpoint of \(signed.size) records; see minhchung witness"
                    : visible("its checkpoint of \(signed.size) records is cosigned by \(witnesses.joined(separator: ", "))"))
        }
    }
}

struct VerifyBundle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-bundle", abstract: "Check a bundle without the archive: every byte, signature and proof, and the verdict again.",
        discussion: """
            Needs no archive and no network. The keys are your own: the archive's public key as you were given it when the archive was \
            made, never one from the bundle. Exit status 0 means that everything is right; 1 names the piece that is not.

            EXAMPLES
              minhchung verify-bundle --key archive.pub title.zip
              minhchung verify-bundle --key archive.pub --witness w/witness.pub --memory w/memory.json title.zip
              minhchung verify-bundle --key archive.pub --stamp-ca tsa.pem title.zip
              minhchung verify-bundle --bag folder/    (any BagIt bag of anybody, as a bag only)
            """)

    @Option(help: "The archive's public key, or a file of keys; may be given several times (default: the file $MINHCHUNG_KEYS).")
    var key: [String] = []
    @Option(help: "A witness's public key, or a file of keys, whose cosignature is wanted; may be given several times.")
    var witness: [String] = []
    @Option(help: "How many of the witnesses have to have cosigned (default: 1 where one is named).")
    var quorum: Int?
    @Option(help: "PEM certificates of time-stamping authorities that you trust.")
    var stampCA: String?
    @Option(help: "memory.json of your witness: the bundle has to continue what it saw.")
    var memory: String?
    @Flag(help: "Check a folder only as a BagIt bag, whoever made it.")
    var bag = false
    @Flag(help: "Print JSON, one object a line.")
    var json = false
    @Flag(name: .shortAndLong, help: "Print only what went wrong.")
    var quiet = false
    @Argument(help: "The ZIP file or folder.")
    var bundle: String

    func validate() throws {
        guard quorum.map({ $0 >= 0 }) ?? true else { throw ValidationError("--quorum is not negative") }
        guard RawArguments.isUTF8(bundle), !bundle.isEmpty else { throw ValidationError("the bundle's path is UTF-8") }
    }

    private func trusted() throws -> [NoteVerifier] {
        let named = try key.flatMap(verifiers)
        if !named.isEmpty { return named }
        if let file = getenv("MINHCHUNG_KEYS").map({ String(cString: $0) }), !file.isEmpty { return try verifiers(file) }
        throw Failure(
            "cannot verify \(visible(bundle)): no key is trusted; give the archive's public key, as you got it from the archive's people, with --key")
    }

    func run() async throws {
        if bag { return try checkBag() }
        let trust = BundleTrust(
            keys: try trusted(), witnesses: try witness.flatMap(verifiers), quorum: quorum, authorities: try stampCA.map { try input($0) },
            memory: try memory.map { try WitnessMemory(parsing: try input($0, limit: 64 << 20)) })
        let progress = Progress(isQuiet: quiet)
        var status = stat()
        guard stat(bundle, &status) == 0 else { throw Failure("cannot read \(visible(bundle)): \(String(cString: strerror(errno)))") }
        let report: BundleReport
        if status.st_mode & S_IFMT == S_IFDIR {
            report = try BundleReport(verifying: try FolderReader(path: bundle), isZIP: false, trusting: trust) {
                progress.show("checked", $0, of: 0, unit: byteCount)
            }
        } else {
            report = try BundleReport(verifying: try ZIPReader(path: bundle), isZIP: true, trusting: trust) { [size = Int64(status.st_size)] in
                progress.show("checked", $0, of: size, unit: byteCount)
            }
        }
        progress.clear()
        json ? printJSON(members(report)) : printLines(report)
        if !report.isSound { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func printLines(_ report: BundleReport) {
        for finding in report.findings { printLine("FOUND  \(visible(finding.description))") }
        guard report.isSound else { return printLine("\(visible(bundle)) is NOT what the archive signed") }
        if quiet { return }
        for title in report.titles {
            printLine(visible("title \(title.id) of \(title.person) for \(title.cycle): \(title.state), total \(title.total), by \(title.code)"))
        }
        if let honour = report.honour { printLine(visible("honour \(honour.id), \(honour.name): \(honour.state)")) }
        if let checkpoint = report.checkpoint {
            printLine("ledger: \(checkpoint.size) records, epoch \(checkpoint.origin.epoch), root \(checkpoint.root)")
        }
        if let key = report.key { printLine(visible("signed by \(key)")) }
        for (name, time) in report.witnesses { printLine(visible("cosigned by \(name)" + (time.map { " at \($0)" } ?? ""))) }
        if let continues = report.continues { printLine("the ledger continues the \(continues) records that were seen before") }
        if let stamp = report.stamp {
            printLine(stamp.isProven ? "stamped at \(stamp.time)" : "a time stamp says \(stamp.time); prove it with --stamp-ca")
        }
        for object in report.withheld { printLine("withheld  \(object)") }
        for object in report.erased { printLine("erased  \(object)") }
        printLine("\(report.files) files (\(byteCount(report.bytes))) and \(report.records) records checked: all sound")
    }

    private func members(_ report: BundleReport) -> [String: JSON?] {
        [
            "bundle": .string(report.name), "sound": .bool(report.isSound),
            "findings": .array(report.findings.map { .object(["piece": .string($0.piece), "reason": .string($0.reason)]) }),
            "titles": .array(
                report.titles.map {
                    .object([
                        "title": .string($0.id.text), "person": .string($0.person.text), "cycle": .number($0.cycle), "state": .string($0.state),
                        "code": .string($0.code), "total_halves": .number($0.total.halves),
                    ])
                }),
            "honour": report.honour.map { .object(["honour": .string($0.id.text), "name": .string($0.name), "state": .string($0.state)]) },
            "checkpoint": report.checkpoint.map {
                .object(["origin": .string($0.origin.text), "size": .number($0.size), "root": .string($0.root.hex)])
            },
            "key": .text(report.key), "witnesses": .array(report.witnesses.map { .string($0.name) }),
            "continues": report.continues.map(JSON.number),
            "stamp": report.stamp.map {
                .object(["time": .string($0.time.description), "proven": .bool($0.isProven)])
            },
            "files": .number(report.files), "bytes": .integer(report.bytes), "records": .number(report.records),
            "withheld": .array(report.withheld.map { .string($0.hex) }), "erased": .array(report.erased.map { .string($0.hex) }),
        ]
    }

    private func checkBag() throws {
        let findings = try BagValidator.findings(inBagAt: bundle)
        for finding in findings {
            json
                ? printJSON(["severity": .string(finding.severity.rawValue), "place": .string(finding.place), "reason": .string(finding.reason)])
                : printLine(visible(finding.description))
        }
        if findings.contains(where: { $0.severity == .error }) { throw ExitCode(Program.Status.somethingWrong) }
        if !quiet, !json { printLine("\(visible(bundle)) is a valid bag") }
    }
}
