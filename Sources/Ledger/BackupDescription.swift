public import Evidence

/// What `backup.json` says of a snapshot: one canonical JSON object and a newline, written when all else of it is there.
public struct BackupDescription: Sendable, Equatable {
    /// The form of backups that this version writes and reads.
    public static let form = 1

    /// How many leaves a tree has, and its root.
    public struct Tree: Sendable, Equatable {
        public let size: Int
        public let root: Digest

        public init(size: Int, root: Digest) {
            self.size = size
            self.root = root
        }
    }

    public let archive: ArchiveID
    public let takenAt: Timestamp
    public let epoch: Int
    public let records: Tree
    public let access: Tree
    /// How many erasures the ledger tells of.
    public let erasures: Int
    /// The SHA-256 of each file of the snapshot.
    public let files: [String: Digest]
    /// Objects that the ledger names and that were not erased, those that are missing too.
    public let objects: Int
    public let bytes: Int64
    /// Objects that were damaged or missing in the archive and are not in the pool; ascending.
    public let missing: [Digest]

    public init(
        archive: ArchiveID, takenAt: Timestamp, epoch: Int, records: Tree, access: Tree, erasures: Int, files: [String: Digest], objects: Int,
        bytes: Int64, missing: [Digest]
    ) {
        self.archive = archive
        self.takenAt = takenAt
        self.epoch = epoch
        self.records = records
        self.access = access
        self.erasures = erasures
        self.files = files
        self.objects = objects
        self.bytes = bytes
        self.missing = missing
    }

    /// The name of the snapshot: its time, so that names sort by it, and how many records it has.
    public var snapshot: String { Self.snapshot(at: takenAt, records: records.size) }

    /// The name of a snapshot of this time.
    public static func snapshot(at time: Timestamp, records: Int) -> String { "\(time.description.replacing(":", with: "-"))-\(records)" }

    /// The time in the name of a snapshot; `nil` where it is no such name.
    public static func time(ofSnapshot name: String) -> Timestamp? {
        let parts = name.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard rest.count == 4, let time = Timestamp("\(parts[0])T\(rest[0]):\(rest[1]):\(rest[2])"), let records = Int(rest[3]),
            snapshot(at: time, records: records) == name
        else { return nil }
        return time
    }

    /// As it lies in the file.
    public var bytesOfFile: [UInt8] {
        JSON.object([
            "backup": .integer(Int64(Self.form)), "archive": .string(archive.text), "taken_at": .string(takenAt.description),
            "epoch": .integer(Int64(epoch)), "records": .integer(Int64(records.size)), "record_root": .string(records.root.hex),
            "access": .integer(Int64(access.size)), "access_root": .string(access.root.hex), "erasures": .integer(Int64(erasures)),
            "files": .object(files.mapValues { .string($0.hex) }), "objects": .integer(Int64(objects)), "bytes": .integer(bytes),
            "missing": .array(missing.map { .string($0.hex) }),
        ]).canonicalBytes + [0x0A]
    }

    /// Reads the file.
    public init(parsing file: [UInt8]) throws(RecordFormError) {
        guard file.last == 0x0A else { throw .json(.notCanonical) }
        var fields = try Fields(Array(file.dropLast()))
        guard try fields.integer("backup") == Int64(Self.form) else { throw .wrong(field: "backup") }
        archive = try fields.id("archive")
        takenAt = try fields.value("taken_at") { Timestamp($0) }
        epoch = Int(try fields.integer("epoch"))
        records = Tree(size: Int(try fields.integer("records")), root: try fields.digest("record_root"))
        access = Tree(size: Int(try fields.integer("access")), root: try fields.digest("access_root"))
        erasures = Int(try fields.integer("erasures"))
        var files: [String: Digest] = [:]
        for (name, text) in try fields.optionalStringMembers("files") ?? [:] {
            guard let digest = Digest(hex: text) else { throw .wrong(field: "files") }
            files[name] = digest
        }
        self.files = files
        objects = Int(try fields.integer("objects"))
        bytes = try fields.integer("bytes")
        missing = try fields.digests("missing")
        try fields.finish()
    }
}
