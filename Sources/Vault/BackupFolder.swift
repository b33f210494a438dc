public import Evidence

/// A folder of backups of one archive: snapshots of its databases, and one pool of objects that all of them share.
///
///     objects/sha256/00…ff/<64 hex>       the pool, an ``ObjectStore``
///     snapshots/<name>/                   complete
///     snapshots/<name>.partial/           being written, or interrupted
///     lock, README.txt
///
/// A snapshot gets its name when all of it is on disk, and loses it before anything of it is removed: what has the name is whole.
public final class BackupFolder: Sendable {
    /// The path that it was opened by.
    public let path: String
    private let folder: Descriptor
    private let snapshots: Descriptor
    /// Held by one who writes or by many who read; `nil` on a medium that has no lock.
    private let lock: Descriptor?
    private let system: SystemCalls

    /// The file that describes a snapshot; it is written last.
    public static let description = "backup.json"
    private static let lockName = Array("lock".utf8)
    private static let readMe = Array("README.txt".utf8)
    private static let partial = ".partial"
    private static let ours: Set<String> = [
        "objects", "snapshots", "staging", "quarantine", "trash", "lock", "README.txt", "lost+found",
    ]

    private init(path: String, folder: Descriptor, snapshots: Descriptor, lock: Descriptor?, system: SystemCalls) {
        self.path = path
        self.folder = folder
        self.snapshots = snapshots
        self.lock = lock
        self.system = system
    }

    /// Opens the folder to add a backup, making it where it is not there, and holds it. What interrupted backups left is gone when it
    /// returns.
    /// - Parameter readMe: what README.txt says.
    public static func openToWrite(
        at path: String, holder: String, readMe: String, system: SystemCalls = .linux
    ) throws(VaultError) -> (folder: BackupFolder, pool: ObjectStore) {
        try attempt("open the backups in", path) {
            let folder = try ArchiveFolder.makeFolders(Array(path.utf8), system: system)
            let foreign = try system.names(in: folder).map(displayName).filter { !ours.contains($0) }.sorted()
            if let name = foreign.first {
                throw VaultError.notABackup(path: path, reason: "there is something else in it (\(name)); choose another folder")
            }
            guard let lock = try ArchiveFolder.hold(folder, holder: holder, system: system) else {
                throw VaultError.backupInUse(path: path, holder: ArchiveFolder.heldBy(folder, system: system))
            }
            try ObjectStore.create(in: folder, system: system)
            try system.makeFolder(Array("snapshots".utf8), in: folder)
            if try !system.exists(Self.readMe, in: folder) {
                let file = try system.create(Self.readMe, in: folder)
                try system.write(file, Array(readMe.utf8))
                try system.synchronize(file)
            }
            try system.synchronize(folder)
            let snapshots = try system.open(Array("snapshots".utf8), in: folder, isFolder: true)
            let backup = BackupFolder(path: path, folder: folder, snapshots: snapshots, lock: lock, system: system)
            for name in try backup.list().interrupted { try backup.removePartial(name) }
            return (backup, try ObjectStore(in: folder, system: system))
        }
    }

    /// Opens the folder to read what is there. Nothing is written, and a medium that cannot be written is no hindrance.
    public static func openToRead(at path: String, system: SystemCalls = .linux) throws(VaultError) -> BackupFolder {
        try attempt("open the backups in", path) {
            guard let (folder, snapshots) = try find(path, system) else {
                throw VaultError.notABackup(path: path, reason: "there are none; they are made with: minhchung backup \(path)")
            }
            let hasLock = try system.exists(lockName, in: folder)
            let lock = hasLock ? try system.lockToRead(lockName, in: folder) : nil
            guard !hasLock || lock != nil else {
                throw VaultError.backupInUse(path: path, holder: ArchiveFolder.heldBy(folder, system: system))
            }
            return BackupFolder(path: path, folder: folder, snapshots: snapshots, lock: lock, system: system)
        }
    }

    private static func find(_ path: String, _ system: SystemCalls) throws(SystemCallError) -> (Descriptor, Descriptor)? {
        do throws(SystemCallError) {
            let folder = try system.open(Array(path.utf8), isFolder: true, followsLink: true)
            return (folder, try system.open(Array("snapshots".utf8), in: folder, isFolder: true))
        } catch  where error.isMissing {
            return nil
        }
    }

    /// The path of a snapshot, or of the one that is being written.
    public func path(of snapshot: String, isPartial: Bool = false) -> String {
        "\(path)/snapshots/\(snapshot)\(isPartial ? Self.partial : "")"
    }

    /// The names of the snapshots, ascending: those that are complete, and those that are not.
    public func list() throws(VaultError) -> (complete: [String], interrupted: [String]) {
        let names = try attempt("list", "\(path)/snapshots") { try system.names(in: snapshots) }.map(displayName).sorted()
        return (
            names.filter { !$0.hasSuffix(Self.partial) },
            names.filter { $0.hasSuffix(Self.partial) }.map { String($0.dropLast(Self.partial.count)) }
        )
    }

    // MARK: Writing

    /// Makes the folder of a new snapshot and answers its path.
    public func begin(_ snapshot: String) throws(VaultError) -> String {
        try attempt("write", path(of: snapshot)) {
            try system.makeFolder(Array((snapshot + Self.partial).utf8), in: snapshots)
            try system.synchronize(snapshots)
        }
        return path(of: snapshot, isPartial: true)
    }

    /// Writes a file of a snapshot that is being written; it is durable when the snapshot is complete.
    public func write(_ bytes: [UInt8], to file: String, of snapshot: String) throws(VaultError) {
        try attempt("write", "\(path(of: snapshot, isPartial: true))/\(file)") {
            let part = try system.open(Array((snapshot + Self.partial).utf8), in: snapshots, isFolder: true)
            try system.write(try system.create(Array(file.utf8), in: part), bytes)
        }
    }

    /// Makes all files of the snapshot durable and gives it its name: from then on it is complete.
    /// - Parameter begun: the name that it was begun under.
    public func complete(_ snapshot: String, begun: String) throws(VaultError) {
        try attempt("complete", path(of: snapshot)) {
            let name = Array((begun + Self.partial).utf8)
            let part = try system.open(name, in: snapshots, isFolder: true)
            for file in try system.names(in: part) { try system.synchronize(try system.open(file, in: part)) }
            try system.synchronize(part)
            try system.rename(name, in: snapshots, to: Array(snapshot.utf8), in: snapshots)
            try system.synchronize(snapshots)
        }
    }

    /// Removes a complete snapshot: first its name, then what is in it.
    public func remove(_ snapshot: String) throws(VaultError) {
        try attempt("remove", path(of: snapshot)) {
            let name = Array(snapshot.utf8)
            try system.rename(name, in: snapshots, to: name + Array(Self.partial.utf8), in: snapshots)
            try system.synchronize(snapshots)
            try removePartial(snapshot)
        }
    }

    /// Removes what there is of a snapshot that is not complete.
    public func removePartial(_ snapshot: String) throws(VaultError) {
        try attempt("remove", path(of: snapshot, isPartial: true)) {
            let name = Array((snapshot + Self.partial).utf8)
            try system.removeAll(in: try system.open(name, in: snapshots, isFolder: true))
            try system.removeFolder(name, in: snapshots)
            try system.synchronize(snapshots)
        }
    }

    // MARK: Reading

    /// A small file of a snapshot; `nil` where it is not there.
    public func contents(of file: String, of snapshot: String) throws(VaultError) -> [UInt8]? {
        try attempt("read", "\(path(of: snapshot))/\(file)") {
            let folder = try system.open(Array(snapshot.utf8), in: snapshots, isFolder: true)
            return try system.exists(Array(file.utf8), in: folder) ? system.contents(of: Array(file.utf8), in: folder) : nil
        }
    }

    /// The SHA-256 of a file of a snapshot that is being written.
    public func digest(of file: String, of snapshot: String) throws(VaultError) -> Digest {
        try attempt("read", "\(path(of: snapshot, isPartial: true))/\(file)") {
            let folder = try system.open(Array((snapshot + Self.partial).utf8), in: snapshots, isFolder: true)
            return try copy(Array(file.utf8), in: folder, to: nil)
        }
    }

    /// Copies a file of a snapshot durably into the folder at `target`, where there must be none of its name.
    /// - Returns: the SHA-256 of what was copied; `nil` where it is not there.
    public func copy(_ file: String, of snapshot: String, into target: String) throws(VaultError) -> Digest? {
        try attempt("copy", "\(path(of: snapshot))/\(file)") {
            let folder = try system.open(Array(snapshot.utf8), in: snapshots, isFolder: true)
            let name = Array(file.utf8)
            guard try system.exists(name, in: folder) else { return nil }
            let target = try system.open(Array(target.utf8), isFolder: true)
            let copy = try system.create(name, in: target)
            let digest = try self.copy(name, in: folder, to: copy)
            try system.synchronize(copy)
            try system.synchronize(target)
            return digest
        }
    }

    private func copy(_ name: [UInt8], in folder: Descriptor, to copy: Descriptor?) throws(SystemCallError) -> Digest {
        let file = try system.open(name, in: folder)
        system.adviseSequential(file)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = DigestHasher()
        var offset: Int64 = 0
        while true {
            let count = try system.read(file, into: buffer, at: offset)
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            if let copy { try system.write(copy, bytes) }
            offset += Int64(count)
            if count < buffer.count { return hasher.finalize() }
        }
    }
}
