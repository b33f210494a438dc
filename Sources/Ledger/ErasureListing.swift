public import Evidence

/// A line of the erasure list: what was erased from which archive, so that a restored backup can be made to forget again. One canonical
/// JSON object; nothing of it is personal.
public struct ErasureListing: Sendable, Equatable {
    public let archive: ArchiveID
    /// The tombstone, the first where there are several.
    public let record: Int
    public let time: Timestamp
    public let person: PersonID?
    public let items: [EvidenceID]
    public let objects: [Digest]
    /// Records of which the body went.
    public let records: [Int]
    /// Whether what is about others too and named the person went as well.
    public let takesShared: Bool
    public let reason: String
    public let legalBasis: String
    public let role: Role

    /// Lists an erasure by its tombstones, in one line.
    ///
    /// - Parameter header: of the first of them.
    public init(_ tombstones: [Erasure], takesShared: Bool, _ header: RecordHeader, of archive: ArchiveID) {
        self.archive = archive
        record = header.number
        time = header.time
        person = tombstones.compactMap(\.person).first
        items = tombstones.flatMap(\.items).sorted { $0.text < $1.text }
        objects = tombstones.flatMap(\.objects).sorted()
        records = tombstones.flatMap { $0.redactions.map(\.record) }.sorted()
        self.takesShared = takesShared
        reason = tombstones.first?.reason ?? ""
        legalBasis = tombstones.first?.legalBasis ?? ""
        // One erasure is done in one role.
        role = tombstones.first?.role ?? .authority
    }

    /// The line, without its newline.
    public var line: [UInt8] {
        var members: [String: JSON] = [
            "archive": .string(archive.text), "record": .integer(Int64(record)), "time": .string(time.description),
            "items": .array(items.map { .string($0.text) }), "objects": .array(objects.map { .string($0.hex) }),
            "records": .array(records.map { .integer(Int64($0)) }), "shared": .bool(takesShared), "reason": .string(reason),
            "legal_basis": .string(legalBasis), "role": .string(role.rawValue),
        ]
        members["person"] = person.map { .string($0.text) }
        return JSON.object(members).canonicalBytes
    }

    /// Reads a line.
    public init(parsing line: [UInt8]) throws(RecordFormError) {
        var fields = try Fields(line)
        archive = try fields.id("archive")
        record = Int(try fields.integer("record"))
        time = try fields.value("time") { Timestamp($0) }
        person = try fields.optionalID("person")
        items = try fields.ids("items")
        objects = try fields.digests("objects")
        records = try fields.optionalIntegers("records") ?? []
        // Lists of before this was said: more is erased rather than less.
        takesShared = fields.has("shared") ? try fields.flag("shared") : true
        reason = try fields.string("reason")
        legalBasis = try fields.string("legal_basis")
        role = try fields.choice("role")
        try fields.finish()
    }
}
