internal import Catalog
public import Evidence
internal import Foundation
internal import Ledger
internal import Vault

extension Archive {
    /// Restores an archive from a backup to a place where there is none. Everything is checked before the archive gets its name, so
    /// that one which was interrupted or refused leaves none.
    ///
    /// - Parameters:
    ///   - worker: path of the program `minhchung-extract`.
    ///   - report: called with each defect of the backup.
    ///   - progress: bytes of objects copied and checked, and all of them.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` where the backup has defects, which were all reported by then, is not the past of
    ///   what was witnessed, or would bring back what was erased.
    public static func restore(
        _ request: RestoreRequest, by actor: Actor, worker: String, holder: String,
        now: @escaping @Sendable () -> Timestamp = Archive.systemTime, report: @escaping @Sendable (String) -> Void,
        progress: @escaping @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) async throws -> RestoreSummary {
        let blocking = BlockingWork()
        let (work, place) = try await blocking.run {
            let work = try Restore(request, actor: actor, holder: holder, now: now, report: report, progress: progress)
            return (work, try RestoringFolder(for: request.target))
        }
        do {
            let built = try await blocking.run { try work.build(in: place) }
            let purpose: Purpose = if case .lost = request.keys { .newKey } else { .use }
            let archive = try await open(at: place.archivePath, for: purpose, worker: worker, holder: holder, now: now)
            let erasedAgain: [(listed: Int, record: Int)]
            var newKey: (new: NoteVerifier, old: NoteVerifier)?
            do {
                if case .lost = request.keys {
                    let old = try await archive.keys().current
                    newKey = (try await archive.rotateKey(reason: "restored from a backup without its keys", by: actor), old)
                }
                erasedAgain = try await archive.blocking.run { try archive.eraseAgain(work.listings, list: work.list, by: actor, progress: progress) }
            } catch {
                // The error that brought us here is the one to tell; what was built is removed.
                do { try await archive.close() } catch {}
                throw error
            }
            try await archive.close()
            try await blocking.run { try place.complete() }
            return RestoreSummary(
                snapshot: work.snapshot, description: built.description, interrupted: work.interrupted, epoch: built.epoch, record: built.record,
                objects: built.objects, bytes: built.bytes, missing: built.missing, newKey: newKey, erasedAgain: erasedAgain)
        } catch {
            // The error that brought us here is the one to tell; what is left is removed by the next restore.
            do { try await blocking.run { try place.discard() } } catch {}
            throw error
        }
    }

    /// Erases again what the list says, and finishes these erasures and any that the backup was taken in the middle of.
    private func eraseAgain(
        _ listings: [ErasureListing], list: String, by actor: Actor, progress: (_ stage: String, _ done: Int64, _ total: Int64) -> Void
    ) throws -> [(listed: Int, record: Int)] {
        var done: [(listed: Int, record: Int)] = []
        let own = listings.filter { $0.archive == id }
        for (index, listing) in own.enumerated() {
            progress("erasing again", Int64(index), Int64(own.count))
            if let record = try erase(again: listing, list: list, by: actor) { done.append((listing.record, record)) }
        }
        if let left = try finishErasures().first {
            throw ArchiveError.refused(act: "finish what was erased", reason: left.description)
        }
        return done
    }
}

/// The building of one archive out of a backup.
struct Restore: Sendable {
    private let request: RestoreRequest
    private let actor: Actor
    private let holder: String
    private let now: @Sendable () -> Timestamp
    private let report: @Sendable (String) -> Void
    private let progress: @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void
    /// `nil` where they are lost.
    private let keys: KeyFiles?
    private let backup: BackupFolder
    let snapshot: String
    let interrupted: [String]
    /// What has to be erased again, of whatever archive.
    let listings: [ErasureListing]
    /// The path of the restored archive's own erasure list.
    let list: String

    /// Looks at what can be refused before anything is copied.
    init(
        _ request: RestoreRequest, actor: Actor, holder: String, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (String) -> Void, progress: @escaping @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void
    ) throws {
        self.request = request
        self.actor = actor
        self.holder = holder
        self.now = now
        self.report = report
        self.progress = progress
        backup = try BackupFolder.openToRead(at: request.backup)
        let (complete, partial) = try backup.list()
        let known = complete.filter { BackupDescription.time(ofSnapshot: $0) != nil }
        func refuse(_ reason: String) -> ArchiveError { .refused(act: "restore from \(request.backup)", reason: reason) }
        if let name = request.snapshot {
            guard known.contains(name) else {
                throw refuse(
                    partial.contains(name)
                        ? "the backup \(name) was interrupted and is not complete"
                        : "there is no snapshot \(name); there are: \(known.joined(separator: ", "))")
            }
            snapshot = name
        } else {
            guard let newest = known.last else {
                throw refuse(partial.isEmpty ? "there is no snapshot" : "the backup was interrupted: none of its snapshots is complete")
            }
            snapshot = newest
        }
        interrupted = partial.filter { [snapshot] in $0 > snapshot }
        if let path = request.erasureList {
            guard FileManager.default.fileExists(atPath: path) else {
                throw refuse(
                    "there is no erasure list \(path), and what was erased since the backup would come back; give the list with --erasure-list, or, "
                        + "where nothing was ever erased, say so with --no-erasure-list")
            }
            listings = try Archive.erasureList(at: path)
        } else {
            listings = []
        }
        switch request.keys {
        case .backup(let bytes, let passphrase): keys = try Archive.keyFiles(in: bytes, passphrase: passphrase)
        case .folder(let path): keys = try Archive.keyFiles(inFolder: path)
        case .lost: keys = nil
        }
        list = URL(fileURLWithPath: Archive.erasureList(beside: request.target)).standardizedFileURL.path
    }

    struct Built: Sendable {
        let description: BackupDescription
        let epoch: Int
        let record: Int
        let objects: Int
        let bytes: Int64
        let missing: [Digest]
    }

    /// What is wrong with the backup, as it is found.
    private struct Defects {
        let report: @Sendable (String) -> Void
        private(set) var count = 0

        init(report: @escaping @Sendable (String) -> Void) { self.report = report }

        mutating func found(_ text: String) {
            count += 1
            report(text)
        }
    }

    /// Copies and checks everything; the archive is whole when it returns, in its new epoch, with its keys, and closed.
    func build(in place: RestoringFolder) throws -> Built {
        var defects = Defects(report: report)
        let folder = try ArchiveFolder.create(at: place.archivePath, holder: holder)
        let description = try describe(&defects)
        for file in LiveDatabases.files + [Backup.format] {
            progress("copying the databases", 0, 1)
            let digest = try backup.copy(file, of: snapshot, into: place.archivePath)
            if digest == nil {
                defects.found("\(file) is missing")
            } else if let description, description.files[file] != digest {
                defects.found("\(file): it is not the one that was backed up (SHA-256 is now \(digest?.hex ?? ""))")
            }
        }
        for file in LiveDatabases.files where FileManager.default.fileExists(atPath: "\(place.archivePath)/\(file)") {
            for finding in DatabaseCopy.integrityFindings(of: file, in: place.archivePath) { defects.found("\(file): \(finding)") }
        }
        var identity: Identity?
        do {
            let read = try Identity(in: try ArchiveFolder.format(at: place.archivePath), path: backup.path(of: snapshot))
            identity = read
            if let description, description.archive != read.archive { defects.found("format.json is of archive \(read.archive)") }
        } catch {
            defects.found("\(error)")
        }
        guard let catalog = openCatalog(place, &defects) else { throw refused(defects) }
        let built: Built
        do {
            built = try check(catalog, identity, description, folder, &defects)
        } catch {
            // The error that brought us here is the one to tell.
            do { try catalog.close() } catch {}
            throw error
        }
        try catalog.close()
        return built
    }

    private func refused(_ defects: Defects) -> ArchiveError {
        .refused(
            act: "restore from \(request.backup)",
            reason: "the backup \(snapshot) has \(defects.count) \(defects.count == 1 ? "defect" : "defects"); nothing was restored"
        )
    }

    private func describe(_ defects: inout Defects) throws -> BackupDescription? {
        let name = BackupFolder.description
        guard let bytes = try backup.contents(of: name, of: snapshot) else {
            defects.found("\(name) is missing")
            return nil
        }
        do {
            let description = try BackupDescription(parsing: bytes)
            if description.snapshot != snapshot { defects.found("\(name): it describes \(description.snapshot)") }
            return description
        } catch {
            defects.found("\(name): \(error)")
            return nil
        }
    }

    private func openCatalog(_ place: RestoringFolder, _ defects: inout Defects) -> Catalog? {
        do {
            let catalog = try Catalog(in: place.archivePath)
            if let damage = catalog.damage { defects.found("the ledger: \(damage)") }
            return catalog
        } catch {
            // What can be said without the ledger is said; its objects cannot be named.
            defects.found("the ledger cannot be opened: \(error)")
            return nil
        }
    }

    /// Checks ledger, objects and keys, and records the restoration.
    private func check(
        _ catalog: Catalog, _ identity: Identity?, _ description: BackupDescription?, _ folder: ArchiveFolder, _ defects: inout Defects
    ) throws -> Built {
        // because the ledger's check names what is damaged
        let ledgerKeys = identity.flatMap { try? Archive.knownKeys(catalog, $0, path: folder.path) }
        let known = ledgerKeys?.ledgerKeys ?? []
        // The key that signed last, as the ledger has it: format.json may be from just before a change of keys.
        let identity = identity.map { $0.with(publicKey: ledgerKeys?.current.text) }
        if let identity, let keys, defects.count == 0 { _ = try Archive.checked(keys, identity) }
        var found: [String] = []
        do {
            // Where format.json is not readable, the keys that were given are those that signed.
            let trusted = known.isEmpty ? [keys?.verifier].compactMap { $0.map { LedgerKey($0) } } : known
            try catalog.verifyLedger(
                keys: trusted, report: { found.append("\($0)") }, progress: { progress("checking the ledger", Int64($0), Int64($1)) })
        } catch {
            found.append("the ledger cannot be read: \(error)")
        }
        for finding in found { defects.found(finding) }
        compare(catalog, identity, description, &defects)
        let (objects, missing) = try copyObjects(catalog, description, folder, &defects)
        guard defects.count == 0, let identity, let description else { throw refused(defects) }
        let own = try catalog.epoch()
        let epoch = try request.witnessed?.epoch(after: catalog, archive: identity.archive, keys: known.map(\.verifier)) ?? own + 1
        let restoration = Restoration(
            epoch: epoch, fromEpoch: own, takenAt: description.takenAt, accessSize: catalog.accessTree.size,
            witnessed: request.witnessed?.seen[.records], reason: try request.reason.map { try Archive.line($0, "reason") })
        // What was ended since the backup was taken must not be open again.
        try catalog.endAllSignIns()
        // Nothing is signed before the epoch is in the ledger and in format.json.
        let record = try catalog.append(
            [Catalog.Draft(.archiveRestored(restoration), subjects: [identity.archive.text])], by: actor, at: now()
        ).lowerBound
        let restored = identity.with(epoch: epoch)
        if let keys { _ = try Archive.putKeys(keys, to: folder, restored) }
        try folder.writeFormat(restored.bytes)
        try catalog.listErasures(in: list)
        try carryOver(identity.archive)
        return Built(
            description: description, epoch: epoch, record: record, objects: objects.count, bytes: objects.reduce(0) { $0 + $1.size },
            missing: missing)
    }

    private func compare(_ catalog: Catalog, _ identity: Identity?, _ description: BackupDescription?, _ defects: inout Defects) {
        do {
            if let identity {
                guard catalog.recordTree.size > 0, case .archiveCreated(identity.archive, _) = try catalog.record(0).body else {
                    return defects.found("the ledger is not that of archive \(identity.archive)")
                }
            }
            guard let description else { return }
            for (tree, expected) in [(LogTree.records, description.records), (.access, description.access)] {
                let (size, root) = catalog.tree(tree)
                if size != expected.size || root != expected.root {
                    defects.found(
                        "backup.json: it tells of \(expected.size) \(tree.noun) with root \(expected.root), and there are \(size) with root \(root)")
                }
            }
            let epoch = try catalog.epoch()
            if epoch != description.epoch {
                defects.found("backup.json: it tells of epoch \(description.epoch), and the ledger is in epoch \(epoch)")
            }
            let erasures = try catalog.erasures()
            if erasures != description.erasures {
                defects.found("backup.json: it tells of \(description.erasures) erasures, and the ledger of \(erasures)")
            }
        } catch {
            defects.found("\(error)")
        }
    }

    private func copyObjects(
        _ catalog: Catalog, _ description: BackupDescription?, _ folder: ArchiveFolder, _ defects: inout Defects
    ) throws -> (objects: [ObjectCopying.Object], missing: [Digest]) {
        var objects: [ObjectCopying.Object] = []
        do {
            var after: Int64 = 0
            while let last = try catalog.objects(after: after, limit: 1000).map({ object -> Int64 in
                if object.erasedRecord == nil {
                    objects.append(ObjectCopying.Object(digest: object.description.digest, size: object.description.size))
                }
                return object.key
            }).last { after = last }
        } catch {
            defects.found("the objects cannot be listed: \(error)")
        }
        let total = objects.reduce(0) { $0 + $1.size }
        if let description, description.objects != objects.count || description.bytes != total {
            defects.found(
                "backup.json: it tells of \(description.objects) objects (\(description.bytes) bytes), "
                    + "and the ledger of \(objects.count) (\(total) bytes)"
            )
        }
        let copied = try ObjectCopying(source: backup.path, target: folder.objects, checksTarget: false)
            .run(objects) { progress("copied and checked", $0, total) }
        let lost = Set(description?.missing ?? [])
        var missing: [Digest] = []
        for (object, damage) in copied.damaged {
            guard lost.contains(object), damage == .missing else {
                defects.found("object \(object): \(damage)")
                continue
            }
            if request.acceptsMissing {
                missing.append(object)
            } else {
                defects.found(
                    "object \(object): it was damaged or missing in the archive when the backup was taken; to restore without it: --accept-missing")
            }
        }
        return (objects, missing)
    }

    /// What the given list says of this archive is in the restored archive's own list as well, for the next time.
    private func carryOver(_ archive: ArchiveID) throws {
        let own = LineFile(path: list)
        let there = request.erasureList == nil ? [] : try Archive.listings(in: own)
        for listing in listings where listing.archive == archive && !there.contains(where: { $0.covers(listing) }) {
            try own.append(listing.line)
        }
    }
}
