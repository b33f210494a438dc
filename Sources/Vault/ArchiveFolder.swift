internal import Synchronization

/// The folder of an archive, held exclusively by this process for as long as the object lives.
public final class ArchiveFolder: Sendable {
    /// The path that it was opened by.
    public let path: String
    /// Its objects.
    public let objects: ObjectStore
    /// What was made of them and may go at any time.
    public let derived: DerivedStore
    /// What was not uploaded whole yet.
    public let uploads: UploadFolder
    let folder: Descriptor
    private let lock: Descriptor
    let system: SystemCalls
    /// Whether the reserve is on the disk; held while that changes.
    let hasReserve = Mutex(false)

    private static let formatName = Array("format.json".utf8)
    private static let keysName = Array("keys".utf8)
    private static let lockName = Array("lock".utf8)

    /// Makes the folders of an archive at `path`, which must not exist or be empty, and holds it. The archive becomes
    /// one only when ``writeFormat(_:)`` is called, last of all.
    public static func create(
        at path: String, holder: String, system: SystemCalls = .linux
    ) throws(VaultError) -> ArchiveFolder {
        let bytes = Array(path.utf8)
        return try attempt("create archive", path) {
            let folder = try makeFolders(bytes, system: system)
            // An `init` that was cut off may be begun again; anything else is somebody's data.
            let databases = ["archive", "service", "search"].flatMap { name in
                ["", "-wal", "-shm"].map { "\(name).sqlite\($0)" }
            }
            let ours = Set(["objects", "staging", "uploads", "quarantine", "trash", "keys", "lock", "reserve", "format.json.new"] + databases)
            guard try system.names(in: folder).allSatisfy({ ours.contains(displayName($0)) || $0 == formatName }) else {
                throw VaultError.cannotCreate(path: path, reason: "the folder is not empty; choose another folder")
            }
            guard let lock = try hold(folder, holder: holder, system: system) else {
                throw VaultError.locked(path: path, holder: heldBy(folder, system: system))
            }
            // Looked at under the lock: another `init` may have been done a moment ago.
            let names = try system.names(in: folder)
            if names.contains(formatName) {
                throw VaultError.cannotCreate(path: path, reason: "there is an archive already; choose another folder")
            }
            // Databases of an `init` that was cut off hold nothing yet. Where there are objects, they are a ledger.
            guard try !ObjectStore.hasObjects(in: folder, system: system) else {
                throw VaultError.cannotCreate(
                    path: path, reason: "it is an archive whose format.json is missing; restore that file from a backup")
            }
            for name in names where databases.contains(displayName(name)) { try system.unlink(name, in: folder) }
            try ObjectStore.create(in: folder, system: system)
            let objects = try ObjectStore(in: folder, system: system)
            try system.makeFolder(keysName, in: folder)
            let uploads = try UploadFolder(in: folder, of: objects, system: system)
            try system.synchronize(folder)
            let archive = ArchiveFolder(path: path, folder: folder, lock: lock, objects: objects, uploads: uploads, system: system)
            archive.keepReserve()
            return archive
        }
    }

    /// Makes the folder and those above it that are missing, each name durable, and opens it.
    static func makeFolders(_ path: [UInt8], system: SystemCalls) throws(SystemCallError) -> Descriptor {
        let slash = UInt8(ascii: "/")
        var folder = try system.open([path.first == slash ? slash : UInt8(ascii: ".")], isFolder: true, followsLink: true)
        for component in path.split(separator: slash) {
            try system.makeFolder(Array(component), in: folder)
            try system.synchronize(folder)
            folder = try system.open(Array(component), in: folder, isFolder: true, followsLink: true)
        }
        return folder
    }

    /// Opens and holds the archive at `path`; what interrupted deposits left in staging is gone when it returns.
    /// - Parameter holder: what to tell others who find the archive in use, e.g. `process 812 (minhchung deposit)`.
    public static func open(
        at path: String, holder: String, system: SystemCalls = .linux
    ) throws(VaultError) -> (folder: ArchiveFolder, format: [UInt8]) {
        try attempt("open archive", path) {
            guard let (folder, format) = try find(path, system: system) else {
                throw VaultError.notAnArchive(
                    path: path, reason: "there is no archive (no format.json); a new one is made with: minhchung init --archive \(path)")
            }
            guard let lock = try hold(folder, holder: holder, system: system) else {
                throw VaultError.locked(path: path, holder: heldBy(folder, system: system))
            }
            let objects = try ObjectStore(in: folder, system: system)
            let uploads = try UploadFolder(in: folder, of: objects, system: system)
            let archive = ArchiveFolder(path: path, folder: folder, lock: lock, objects: objects, uploads: uploads, system: system)
            archive.keepReserve()
            return (archive, format)
        }
    }

    /// The `format.json` of the archive at `path`, which another process may hold.
    public static func format(at path: String, system: SystemCalls = .linux) throws(VaultError) -> [UInt8] {
        try attempt("read archive", path) {
            guard let (_, format) = try find(path, system: system) else {
                throw VaultError.notAnArchive(path: path, reason: "there is no archive (no format.json)")
            }
            return format
        }
    }

    /// The folder and its `format.json`; `nil` when either is missing.
    private static func find(_ path: String, system: SystemCalls) throws(SystemCallError) -> (Descriptor, [UInt8])? {
        do throws(SystemCallError) {
            let folder = try system.open(Array(path.utf8), isFolder: true, followsLink: true)
            return (folder, try contents(of: formatName, in: folder, system: system))
        } catch  where error.isMissing {
            return nil
        }
    }

    private init(
        path: String, folder: Descriptor, lock: Descriptor, objects: ObjectStore, uploads: UploadFolder, system: SystemCalls
    ) {
        self.path = path
        self.uploads = uploads
        self.folder = folder
        self.lock = lock
        self.objects = objects
        derived = DerivedStore(in: folder, system: system)
        self.system = system
    }

    /// Writes `format.json` durably: temporary file, fsync, rename, fsync of the folder. From then on it is an archive.
    public func writeFormat(_ bytes: [UInt8]) throws(VaultError) {
        try attempt("write", "\(path)/format.json") {
            let temporary = Array("format.json.new".utf8)
            do throws(SystemCallError) { try system.unlink(temporary, in: folder) } catch  where error.isMissing {}
            let file = try system.create(temporary, in: folder)
            try system.write(file, bytes)
            try system.synchronize(file)
            try system.replace(temporary, in: folder, as: Self.formatName)
            try system.synchronize(folder)
        }
    }

    /// Writes a key into `keys/` durably, readable by its owner only; one of this name is replaced in one step.
    public func writeKey(_ name: String, _ bytes: [UInt8]) throws(VaultError) {
        try attempt("write", "\(path)/keys/\(name)") {
            try system.makeFolder(Self.keysName, in: folder)
            let keys = try system.open(Self.keysName, in: folder, isFolder: true)
            let temporary = Array("\(name).part".utf8)
            if try system.exists(temporary, in: keys) { try system.unlink(temporary, in: keys) }
            let file = try system.create(temporary, in: keys)
            try system.write(file, bytes)
            try system.synchronize(file)
            try system.replace(temporary, in: keys, as: Array(name.utf8))
            try system.synchronize(keys)
            try system.synchronize(folder)
        }
    }

    /// Removes a key that is not needed any more, durably; that it is not there is no error.
    public func removeKey(_ name: String) throws(VaultError) {
        try attempt("remove", "\(path)/keys/\(name)") {
            let keys = try system.open(Self.keysName, in: folder, isFolder: true)
            if try system.exists(Array(name.utf8), in: keys) { try system.unlink(Array(name.utf8), in: keys) }
            try system.synchronize(keys)
        }
    }

    /// The key of this name; `nil` where it is not there, as in a copy without keys.
    public func keyIfThere(_ name: String) throws(VaultError) -> [UInt8]? {
        try attempt("read", "\(path)/keys/\(name)") {
            guard try system.exists(Self.keysName, in: folder) else { return nil }
            let keys = try system.open(Self.keysName, in: folder, isFolder: true)
            return try system.exists(Array(name.utf8), in: keys) ? Self.contents(of: Array(name.utf8), in: keys, system: system) : nil
        }
    }

    /// The key of this name.
    public func key(_ name: String) throws(VaultError) -> [UInt8] {
        try attempt("read", "\(path)/keys/\(name)") {
            let keys = try system.open(Self.keysName, in: folder, isFolder: true)
            return try Self.contents(of: Array(name.utf8), in: keys, system: system)
        }
    }

    /// Bytes that may still be written to its file system.
    public func freeSpace() throws(VaultError) -> Int64 {
        try attempt("look at", path) { try system.freeSpace(of: folder) }
    }

    static func hold(
        _ folder: Descriptor, holder: String, system: SystemCalls
    ) throws(SystemCallError) -> Descriptor? {
        guard let lock = try system.lock(lockName, in: folder) else { return nil }
        try system.truncate(lock)
        try system.write(lock, Array(holder.utf8))
        return lock
    }

    /// What the holder wrote of itself. The lock is the kernel's, this is only its name, so it may be wanting.
    static func heldBy(_ folder: Descriptor, system: SystemCalls) -> String {
        let unknown = "another process"
        do {
            let text = String(decoding: try contents(of: lockName, in: folder, system: system), as: UTF8.self)
            return text.isEmpty ? unknown : text
        } catch {
            return unknown
        }
    }

    /// A small file whole; at most 64 KiB of it.
    private static func contents(of name: [UInt8], in folder: Descriptor, system: SystemCalls) throws(SystemCallError) -> [UInt8] {
        let file = try system.open(name, in: folder)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try system.read(file, into: buffer, at: 0))])
    }
}
