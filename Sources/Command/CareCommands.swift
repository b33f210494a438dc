internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Synchronization
internal import Web

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every byte of the archive against its records.",
        discussion: """
            Reads all objects, or with a budget those not read for longest, and the whole ledger and access log. What is \
            damaged is named, moved to quarantine and recorded. Exit status 0 means: nothing is wrong with what was read.

            EXAMPLES
              minhchung verify
              minhchung verify --minutes 30
              minhchung verify --gigabytes 50
            """)

    @OptionGroup var options: ArchiveOptions

    @Option(help: "Read objects for so many minutes, oldest check first.")
    var minutes: Double?

    @Option(help: "Read so many gigabytes of objects, oldest check first.")
    var gigabytes: Double?

    func validate() throws {
        for value in [minutes, gigabytes].compactMap(\.self) where !(value > 0 && value < 1e9) {
            throw ValidationError("a budget is more than 0")
        }
    }

    func run() async throws {
        let progress = Progress(isQuiet: options.quiet)
        let json = options.json
        let budget = VerifyBudget(bytes: gigabytes.map { Int64($0 * 1e9) }, seconds: minutes.map { $0 * 60 })
        let check: (Archive) async throws -> VerifySummary = { archive in
            try await archive.verify(budget, by: options.actor) { finding in
                progress.clear()
                json ? printJSON(members(finding)) : printLine("FOUND  \(finding)")
            } progress: { done, total in
                progress.show("checked", done, of: total, unit: byteCount)
            }
        }
        let summary: VerifySummary
        var isFit = true
        do {
            summary = try await options.withArchive(check)
        } catch let error where Archive.isUnfit(error) {
            // Why it is not fit for use is what somebody wants to know who verifies it.
            printError("\(error)")
            isFit = false
            summary = try await options.withArchive(for: .verification, check)
        }
        progress.clear()
        if options.json {
            printJSON([
                "event": .string("done"), "sound": .bool(summary.isSound), "findings": .number(summary.findings),
                "objects": .number(summary.objects), "bytes": .integer(summary.bytes), "records": .number(summary.records),
                "restored": .array(summary.restored.map { .string($0.hex) }), "unreferenced": .number(summary.unreferenced),
                "oldest_check": .text(summary.oldestCheck),
            ])
        } else {
            for digest in summary.restored { printLine("whole again  object \(digest)") }
            if !options.quiet {
                if summary.unreferenced > 0 {
                    printLine("\(summary.unreferenced) objects belong to deposits that were cut off before they were acknowledged; harmless")
                }
                printLine(
                    "\(summary.objects) objects (\(byteCount(summary.bytes))) and \(summary.records) records checked: "
                        + (summary.isSound ? "all sound" : "\(summary.findings) findings"))
            }
        }
        if !summary.isSound || !isFit { throw ExitCode(Program.Status.somethingWrong) }
    }
}

private func members(_ finding: Finding) -> [String: JSON?] {
    var members: [String: JSON?] = ["event": .string("finding"), "message": .string(finding.description)]
    switch finding {
    case .object(let digest, let items, let damage, let quarantined):
        members["object"] = .string(digest.hex)
        members["items"] = .array(items.map { .string($0.text) })
        members["damage"] = .string(damage)
        members["quarantined"] = .bool(quarantined)
    case .record(let number, _): members["record"] = .number(number)
    case .accessLogEntry(let number, _): members["access_log_entry"] = .number(number)
    case .ruleDocument(let digest, let name, let damage, let quarantined):
        members["object"] = .string(digest.hex)
        members["rule_document"] = .string(name)
        members["damage"] = .string(damage)
        members["quarantined"] = .bool(quarantined)
    case .pieceList(let digest): members["piece_list"] = .string(digest.hex)
    case .foreignFile(let path): members["file"] = .string(path)
    }
    return members
}

struct Extract: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Extract the text of evidence that was not read yet.",
        discussion: """
            EXAMPLES
              minhchung extract
              minhchung extract --again    (also what another version of the tool read)
            """)

    @OptionGroup var options: ArchiveOptions

    @Flag(help: "Read anew what was read by another version of the tool.")
    var again = false

    func run() async throws {
        let progress = Progress(isQuiet: options.quiet)
        let json = options.json
        let done = Mutex<(read: Int64, total: Int64)>((0, 0))
        let summary = try await options.withArchive { archive in
            try await archive.extract(again: again, by: options.actor) { event in
                if json {
                    printJSON([
                        "event": .string("extracted"), "item": .text(event.item), "object": .string(event.object.hex),
                        "extraction": Web.json(event.finding),
                    ])
                } else if event.finding.state == .failed {
                    progress.clear()
                    printError("cannot read \(event.item?.text ?? event.object.hex): \(event.finding.reason ?? "no reason given")")
                }
                let (read, total) = done.withLock { done in
                    done.read += 1
                    return done
                }
                progress.show("read", read, of: total)
            } progress: { total in
                done.withLock { $0.total = Int64(total) }
            }
        }
        progress.clear()
        if options.json {
            printJSON(["event": .string("done"), "extraction": Command.json(summary)])
        } else if !options.quiet {
            printLine(summary.total == 0 ? "nothing to read" : describe(summary))
        }
        if let reason = summary.notIndexed { printError("the texts are safe, but not indexed: \(reason)") }
        if summary.damaged > 0 {
            printError("\(summary.damaged) objects were not read because they are damaged; see minhchung verify")
            throw ExitCode(Program.Status.somethingWrong)
        }
    }
}

struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drop every view and the search index and fold them again from records and objects.",
        discussion: """
            Nothing is parsed again and no history changes. Cut off at any moment, it can be begun again.

            EXAMPLE
              minhchung rebuild
            """)

    @OptionGroup var options: ArchiveOptions

    func run() async throws {
        let progress = Progress(isQuiet: options.quiet)
        try await options.withArchive { archive in
            try await archive.rebuild { stage, done, total in progress.show(stage, Int64(done), of: Int64(total)) }
            progress.clear()
            let status = try await archive.status(by: options.actor)
            if options.json {
                printJSON(["event": .string("done"), "records": .number(status.records)])
            } else if !options.quiet {
                printLine("rebuilt the views and the search index from \(status.records) records")
            }
        }
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the archive in numbers.",
        discussion: """
            EXAMPLE
              minhchung status --json
            """)

    @OptionGroup var options: ArchiveOptions

    func run() async throws {
        let status = try await options.withArchive { try await $0.status() }
        let age = status.oldestCheck.map { Double(status.now.milliseconds - $0.milliseconds) / 1000 }
        if options.json {
            printJSON(members(status))
            return
        }
        func line(_ name: String, _ value: String) { printLine(name.padded(to: 16) + value) }
        line("archive", "\(status.archive), format \(status.format), in \(options.path)")
        line("items", "\(status.items)")
        line("objects", "\(status.objects) (\(byteCount(status.bytes)))" + (status.damagedObjects > 0 ? ", \(status.damagedObjects) DAMAGED" : ""))
        line("records", "\(status.records), root \(status.recordRoot)")
        line("access log", "\(status.accessLogEntries), root \(status.accessLogRoot)")
        line("text", ExtractionState.allCases.map { "\(status.extraction[$0, default: 0]) \($0.rawValue)" }.joined(separator: ", "))
        line("queue", "\(status.queue) to read, \(status.readInLastHour) read in the last hour")
        for failure in status.failures { line("  failed", "\(failure.count) × \(visible(failure.reason))") }
        switch status.extractor {
        case .success(let tool): line("extractor", "\(tool), confined")
        case .failure(let error): line("extractor", "NOT AVAILABLE: \(error)")
        }
        switch status.indexBehind {
        case 0: line("search index", "up to date")
        case let behind?: line("search index", "\(behind) records behind; the next search folds them")
        case nil: line("search index", "DAMAGED; run minhchung rebuild")
        }
        line("oldest check", age.map { Progress.duration($0) + " ago" } ?? "nothing to check")
        line("free space", byteCount(status.freeSpace) + (status.hasReserve ? "" : ", RESERVE USED: make room"))
        if status.openUploads > 0 { line("uploads", "\(status.openUploads) open, \(byteCount(status.uploadedBytes)) there") }
        if let failure = status.readingFailure { line("  reading", "FAILED: \(visible(failure))") }
        if let failure = status.personKeyFailure { line("key of numbers", "NOT THERE: \(visible(failure))") }
        for erasure in status.unfinishedErasures { line("erasure", "NOT FINISHED: \(visible(erasure.description))") }
    }
}
