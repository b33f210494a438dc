internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

struct BackUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Take a backup of the archive, also while it is in use.",
        discussion: """
            The folder of backups is made where it is not there. Each backup is a snapshot of the databases, and the objects that the \
            folder has not got yet: the time that it takes grows with what is new. The archive is not locked and not written to. Keys \
            are not in it: minhchung keys backup. What was erased from the archive goes from the folder too, and snapshots that \
            still had it. Exit status 1 means that objects are damaged or missing in the archive; all else is in the backup.

            EXAMPLES
              minhchung backup /mnt/disk/minhchung
              minhchung backup /mnt/disk/minhchung --keep 30 --quiet    (from cron)
              minhchung backup /mnt/disk/minhchung --check              (reads all of the backup's objects, too)
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "How many snapshots to keep.")
    var keep = 7
    @Flag(help: "Read every object of the backup, and copy anew what is damaged.")
    var check = false
    @Argument(help: "The folder of backups.")
    var folder: String

    func validate() throws {
        guard keep > 0 else { throw ValidationError("--keep takes a number from 1") }
        try validateFolder(folder, "the folder of backups")
    }

    func run() async throws {
        try options.hereOnly()
        let progress = Progress(isQuiet: options.quiet)
        let summary = try await Archive.backUp(
            options.path, to: folder, keep: keep, checksPool: check, holder: options.holder,
            progress: { stage, done, total in progress.show(stage, done, of: total, unit: byteCount) })
        progress.clear()
        let description = summary.description
        if options.json {
            printJSON(members(summary))
        } else {
            for (object, damage) in summary.missing { printLine("MISSING  object \(object): \(damage); see minhchung verify") }
            for (object, damage) in summary.damagedBefore { printLine("DAMAGED  object \(object), which only older snapshots have: \(damage)") }
            if !options.quiet {
                if summary.mended > 0 { printLine("\(summary.mended) objects of the backup were damaged and are whole again") }
                for name in summary.removedSnapshots { printLine(visible("removed snapshot \(name)")) }
                if summary.removedObjects > 0 { printLine("removed \(summary.removedObjects) objects that were erased or belong to no snapshot") }
                printLine(
                    visible(
                        "backed up \(summary.snapshot): \(description.records.size) records, \(description.objects) objects "
                            + "(\(byteCount(description.bytes))), \(summary.copied) of them new (\(byteCount(summary.copiedBytes)))"))
            }
        }
        if !summary.isWhole { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func members(_ summary: BackupSummary) -> [String: JSON?] {
        func members(_ found: [(object: Digest, damage: String)]) -> JSON {
            .array(found.map { .object(["object": .string($0.object.hex), "damage": .string($0.damage)]) })
        }
        let description = summary.description
        var all: [String: JSON?] = [
            "event": .string("done"), "snapshot": .string(summary.snapshot), "archive": .string(description.archive.text),
            "taken_at": .string(description.takenAt.description), "epoch": .number(description.epoch),
            "records": .number(description.records.size), "record_root": .string(description.records.root.hex),
            "access": .number(description.access.size), "erasures": .number(description.erasures),
        ]
        all["objects"] = .number(description.objects)
        all["bytes"] = .integer(description.bytes)
        all["copied"] = .number(summary.copied)
        all["copied_bytes"] = .integer(summary.copiedBytes)
        all["mended"] = .number(summary.mended)
        all["missing"] = members(summary.missing)
        all["damaged_before"] = members(summary.damagedBefore)
        all["removed_snapshots"] = .array(summary.removedSnapshots.map(JSON.string))
        all["removed_objects"] = .number(summary.removedObjects)
        return all
    }
}

/// SQLite takes names of folders as UTF-8.
private func validateFolder(_ path: String, _ noun: String) throws {
    guard RawArguments.isUTF8(path), !path.isEmpty else { throw ValidationError("\(noun) is named in UTF-8") }
}

struct RestoreBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Restore an archive from a backup, after all of it was checked.",
        discussion: """
            The archive is restored to a new folder: nothing that is there is overwritten, and it appears only when it is whole. Every \
            defect of the backup is listed, and then nothing is restored.

            With --witnessed, what a witness saw last is held against the backup: where records are lost that it saw, or where nobody \
            can say what was seen, a new epoch begins, and the witness is shown the gap instead of a contradiction. What was erased since \
            the backup is erased again, by the erasure list that lies beside the archive. The keys are those that minhchung keys \
            backup wrote, or a folder of keys.

            EXAMPLES
              minhchung restore /mnt/disk/minhchung --archive /srv/minhchung --keys keys.age --witnessed memory.json
              minhchung restore /mnt/disk/minhchung --archive new --keys-folder /media/safe/keys --no-erasure-list
              minhchung restore /mnt/disk/minhchung --archive new --keys keys.age --snapshot 2026-11-21T07-15-00.042Z-156
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var passphrase: PassphraseOption
    @Option(help: "The snapshot to restore (default: the newest that is complete).")
    var snapshot: String?
    @Option(help: "The newest thing that a witness has: its memory.json, its reply, or a checkpoint.")
    var witnessed: String?
    @Option(help: "Why the archive is restored; recorded.")
    var reason: String?
    @Option(help: "The keys, as minhchung keys backup wrote them.")
    var keys: String?
    @Option(help: "A folder with the keys, such as keys/ of another copy of the archive.")
    var keysFolder: String?
    @Flag(help: "The keys are lost: sign with a new one from now on, and do without the key of personal numbers.")
    var lostKeys = false
    @Option(help: "The erasure list (default: ARCHIVE.erasures beside the archive).")
    var erasureList: String?
    @Flag(help: "Nothing was ever erased, or what was erased may come back.")
    var noErasureList = false
    @Flag(help: "Restore without objects that the archive had lost already when the backup was taken.")
    var acceptMissing = false
    @Argument(help: "The folder of backups.")
    var folder: String

    func validate() throws {
        guard options.archive != nil else { throw ValidationError("name the new folder of the archive with --archive") }
        guard [keys != nil, keysFolder != nil, lostKeys].filter(\.self).count == 1 else {
            throw ValidationError(
                "no backup of an archive has its keys: give --keys, the file that minhchung keys backup wrote, or --keys-folder, a folder of keys, "
                    + "or say --lost-keys")
        }
        guard erasureList == nil || !noErasureList else { throw ValidationError("give --erasure-list or --no-erasure-list, not both") }
        try validateFolder(folder, "the folder of backups")
    }

    func run() async throws {
        try options.hereOnly()
        let source: RestoreRequest.Keys
        if let keys {
            source = .backup(try input(keys), passphrase: try passphrase.passphrase(isNew: false))
        } else if let keysFolder {
            source = .folder(keysFolder)
        } else {
            source = .lost
        }
        let request = RestoreRequest(
            backup: folder, target: options.path, snapshot: snapshot, keys: source,
            witnessed: try witnessed.map { try Witnessed(parsing: try input($0, limit: 64 << 20)) },
            reason: try reason.map { try recordable($0, "reason") },
            erasureList: noErasureList ? nil : erasureList ?? Archive.erasureList(beside: options.path), acceptsMissing: acceptMissing)
        let progress = Progress(isQuiet: options.quiet)
        let json = options.json
        let summary = try await Archive.restore(request, by: options.actor, worker: try options.workerPath(), holder: options.holder) { defect in
            progress.clear()
            json ? printJSON(["event": .string("defect"), "message": .string(defect)]) : printLine(visible("FOUND  \(defect)"))
        } progress: { stage, done, total in
            progress.show(stage, done, of: total, unit: byteCount)
        }
        progress.clear()
        show(summary)
        if !summary.missing.isEmpty { throw ExitCode(Program.Status.somethingWrong) }
    }

    private func show(_ summary: RestoreSummary) {
        let description = summary.description
        if options.json {
            var members: [String: JSON?] = [
                "event": .string("done"), "archive": .string(description.archive.text), "snapshot": .string(summary.snapshot),
                "taken_at": .string(description.takenAt.description), "records": .number(description.records.size),
                "record": .number(summary.record), "epoch": .number(summary.epoch), "from_epoch": .number(description.epoch),
            ]
            members["objects"] = .number(summary.objects)
            members["bytes"] = .integer(summary.bytes)
            members["missing"] = .array(summary.missing.map { .string($0.hex) })
            members["new_key"] = .text(summary.newKey?.new)
            members["interrupted"] = .array(summary.interrupted.map(JSON.string))
            members["erased_again"] = .array(
                summary.erasedAgain.map { .object(["listed": .number($0.listed), "record": .number($0.record)]) })
            printJSON(members)
            return
        }
        for object in summary.missing { printLine("MISSING  object \(object): the archive had lost it before the backup") }
        if let (new, old) = summary.newKey {
            printLine("the archive signs with a new key, \(new); the one before was \(old): hold it against what inspectors have")
        }
        if options.quiet { return }
        for name in summary.interrupted { printLine(visible("a newer backup, \(name), was interrupted and is not complete")) }
        for (listed, record) in summary.erasedAgain { printLine("erased again what record \(listed) had erased; record \(record)") }
        if summary.hasNewEpoch {
            let why =
                witnessed == nil
                ? "nobody said what was seen since (--witnessed)" : "records that were seen are not in the backup"
            printLine("epoch \(summary.epoch) begins: \(why); witnesses go on with: minhchung witness pull --accept-epoch \(summary.epoch)")
        }
        printLine(
            visible(
                "restored \(description.archive) as of \(description.takenAt): \(description.records.size) records, \(summary.objects) objects "
                    + "(\(byteCount(summary.bytes))), all checked; record \(summary.record)"))
    }
}
