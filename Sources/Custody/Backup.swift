internal import Catalog
public import Evidence
internal import Foundation
public import Ledger
internal import Vault

/// What a backup took.
public struct BackupSummary: Sendable {
    /// The name of the snapshot.
    public let snapshot: String
    /// What its `backup.json` says.
    public let description: BackupDescription
    /// Objects that the pool did not have.
    public let copied: Int
    public let copiedBytes: Int64
    /// Objects of the pool that were damaged and were copied again.
    public let mended: Int
    /// Objects that are damaged or missing in the archive, and why; nothing but them is missing from the backup.
    public let missing: [(object: Digest, damage: String)]
    /// Objects that only older snapshots have, and that are damaged in the pool.
    public let damagedBefore: [(object: Digest, damage: String)]
    /// Snapshots that were removed: there are enough newer ones, or they still had what was erased.
    public let removedSnapshots: [String]
    /// Objects that were removed from the pool: they were erased, or no snapshot has them any more.
    public let removedObjects: Int

    /// Whether all that the ledger names is in the backup.
    public var isWhole: Bool { missing.isEmpty && damagedBefore.isEmpty }
}

extension Archive {
    /// Takes a backup of the archive at `path` into a folder of backups, making it where it is not there. The archive may be in use, by
    /// this or by another process: nothing of it is locked, and nothing is written to it. First the databases are copied, then the
    /// objects that they name and that the pool has not.
    ///
    /// - Parameters:
    ///   - keep: how many snapshots to keep.
    ///   - checksPool: whether every object of the pool is read, and copied again where it is damaged.
    ///   - holder: what others are told who find the backups in use.
    public static func backUp(
        _ path: String, to target: String, keep: Int = 7, checksPool: Bool = false, holder: String,
        now: @escaping @Sendable () -> Timestamp = Archive.systemTime,
        progress: @escaping @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) async throws -> BackupSummary {
        try await BlockingWork().run {
            // Asked before anything is made.
            _ = try Identity(in: try ArchiveFolder.format(at: path), path: path)
            let (folder, pool) = try BackupFolder.openToWrite(at: target, holder: holder, readMe: Backup.readMe)
            let backup = Backup(path: path, folder: folder, pool: pool, keep: keep, checksPool: checksPool, now: now, progress: progress)
            for _ in 0..<Backup.attempts {
                if let summary = try backup.take() { return summary }
            }
            throw ArchiveError.refused(
                act: "back up \(path)", reason: "something was erased each of the \(Backup.attempts) times that it was tried; begin again later")
        }
    }
}

/// The taking of one backup.
struct Backup: Sendable {
    let path: String
    let folder: BackupFolder
    let pool: ObjectStore
    let keep: Int
    let checksPool: Bool
    let now: @Sendable () -> Timestamp
    let progress: @Sendable (_ stage: String, _ done: Int64, _ total: Int64) -> Void

    /// How often a backup is begun again because something was erased while it was taken.
    static let attempts = 5
    static let format = "format.json"

    /// What the snapshot's ledger names.
    private struct Named {
        var objects: [ObjectCopying.Object] = []
        var erased: [Digest] = []
    }

    /// Takes a snapshot; `nil` where something was erased in the meantime, so that the snapshot still had it.
    func take() throws -> BackupSummary? {
        // Before the databases: a ledger that is newer than it tells of a change of keys itself.
        let format = try ArchiveFolder.format(at: path)
        let identity = try Identity(in: format, path: path)
        let earlier = try known(of: identity.archive)
        // Names sort by time, also where the clock was set back.
        let takenAt = max(now(), Timestamp(milliseconds: (earlier.last?.time.milliseconds ?? 0) + 1))
        let begun = takenAt.description.replacing(":", with: "-")
        let part = try folder.begin(begun)
        progress("copying the databases", 0, 1)
        try LiveDatabases.copy(from: path, to: part)
        let copy = try DatabaseCopy(in: part)
        let facts = try copy.facts()
        var named = Named()
        try copy.forEachObject { digest, size, isErased in
            if isErased { named.erased.append(digest) } else { named.objects.append(ObjectCopying.Object(digest: digest, size: size)) }
        }
        let total = named.objects.reduce(0) { $0 + $1.size }
        let stage = checksPool ? "checked and copied" : "copied"
        let copied = try ObjectCopying(source: path, target: pool, checksTarget: checksPool).run(named.objects) { progress(stage, $0, total) }
        guard try LiveDatabases.erasures(in: path) == facts.erasures else {
            try copy.close()
            try folder.removePartial(begun)
            return nil
        }
        try folder.write(format, to: Self.format, of: begun)
        var files: [String: Digest] = [:]
        for file in LiveDatabases.files + [Self.format] { files[file] = try folder.digest(of: file, of: begun) }
        let description = BackupDescription(
            archive: identity.archive, takenAt: takenAt, epoch: facts.epoch,
            records: BackupDescription.Tree(size: facts.records.size, root: facts.records.root),
            access: BackupDescription.Tree(size: facts.access.size, root: facts.access.root), erasures: facts.erasures, files: files,
            objects: named.objects.count, bytes: total, missing: copied.damaged.map(\.object))
        try folder.write(description.bytesOfFile, to: BackupFolder.description, of: begun)
        try folder.complete(description.snapshot, begun: begun)
        let removed = try prune(earlier, description, copy)
        let others = try tidy(named, kept: earlier.map(\.name).filter { !removed.contains($0) })
        try copy.close()
        return BackupSummary(
            snapshot: description.snapshot, description: description, copied: copied.copied, copiedBytes: copied.copiedBytes, mended: copied.mended,
            missing: copied.damaged.map { ($0.object, $0.damage.description) }, damagedBefore: others.damaged, removedSnapshots: removed,
            removedObjects: others.removed)
    }

    /// A complete snapshot that is there; `description` is `nil` where its `backup.json` is not readable.
    private struct Earlier {
        let name: String
        let time: Timestamp
        let description: BackupDescription?
    }

    /// The snapshots that are there, ascending, all of this archive.
    private func known(of archive: ArchiveID) throws -> [Earlier] {
        try folder.list().complete.compactMap { name in
            guard let time = BackupDescription.time(ofSnapshot: name) else { return nil }
            let bytes = try folder.contents(of: BackupFolder.description, of: name)
            let description = bytes.flatMap { try? BackupDescription(parsing: $0) }  // because it is as good as none then
            if let other = description?.archive, other != archive {
                throw ArchiveError.refused(
                    act: "back up \(path) to \(folder.path)",
                    reason: "archive \(other) is backed up there, and this is \(archive); choose another folder")
            }
            return Earlier(name: name, time: time, description: description)
        }
    }

    // MARK: What goes

    /// Removes snapshots that have what was erased since, and those that are too many.
    private func prune(_ earlier: [Earlier], _ newest: BackupDescription, _ copy: DatabaseCopy) throws -> [String] {
        var removed: [String] = []
        var kept: [String] = []
        for snapshot in earlier {
            if try has(snapshot, erasedIn: newest, copy) { removed.append(snapshot.name) } else { kept.append(snapshot.name) }
        }
        removed += kept.dropLast(max(0, keep - 1))
        for (index, name) in removed.enumerated() {
            progress("removing old snapshots", Int64(index), Int64(removed.count))
            try folder.remove(name)
        }
        return removed.sorted()
    }

    private func has(_ snapshot: Earlier, erasedIn newest: BackupDescription, _ copy: DatabaseCopy) throws -> Bool {
        guard newest.erasures > 0 else { return false }
        guard let description = snapshot.description, description.erasures >= newest.erasures else { return true }
        if description.epoch == newest.epoch { return false }
        // A ledger that went another way from where a backup was taken: its erasures are others.
        do {
            let other = try DatabaseCopy(in: folder.path(of: snapshot.name))
            let has = try other.hasErased(in: copy)
            try other.close()
            return has
        } catch {
            // What cannot be read cannot be restored, and may have what was erased.
            return true
        }
    }

    /// Removes from the pool what was erased, and what no snapshot has any more.
    private func tidy(_ named: Named, kept: [String]) throws -> (removed: Int, damaged: [(object: Digest, damage: String)]) {
        var removed = 0
        let quarantined = named.erased.isEmpty ? [] : try pool.quarantined()
        for digest in named.erased where pool.storedSize(of: digest) != nil || quarantined.contains(digest) {
            try pool.erase(digest)
            removed += 1
        }
        try pool.emptyTrash()
        var pooled: Set<Digest> = []
        try pool.forEachStored { if case .object(let digest) = $0 { pooled.insert(digest) } }
        for object in named.objects { pooled.remove(object.digest) }
        guard !pooled.isEmpty else { return (removed, []) }
        var damaged: [(object: Digest, damage: String)] = []
        for name in kept {
            do {
                let copy = try DatabaseCopy(in: folder.path(of: name))
                try copy.forEachObject { digest, size, _ in
                    guard pooled.remove(digest) != nil, checksPool, let damage = pool.damage(of: digest, size: size) else { return }
                    damaged.append((digest, damage.description))
                }
                try copy.close()
            } catch {
                // What this snapshot has is not known: nothing is removed. Who restores it is told what is wrong with it.
                return (removed, damaged)
            }
        }
        for digest in pooled {
            try pool.erase(digest)
            removed += 1
        }
        return (removed, damaged)
    }

    /// What README.txt in a folder of backups says.
    static let readMe = """
        Backups of an evidence archive, made by: minhchung backup FOLDER

        snapshots/<time>-<records>/   the archive's databases at that time (SQLite), format.json, and backup.json, which describes it
        objects/sha256/               the files, each named by its SHA-256, shared by all snapshots
        *.partial                     a backup that is being taken, or was interrupted; not complete, removed by the next one

        To restore the newest one (the keys are not in here; they are backed up by: minhchung keys backup):

            minhchung restore FOLDER --archive NEW --keys keys.age

        To check without the program, in this folder; the first prints only what is wrong, the second prints ok:

            (cd objects/sha256 && find . -type f -printf '%f  %P\\n' | sha256sum --check --strict --quiet)
            sqlite3 'file:snapshots/NAME/archive.sqlite?mode=ro' 'PRAGMA integrity_check'

        A file whose content has been erased from the archive is removed from here by the next backup.

        """
}
