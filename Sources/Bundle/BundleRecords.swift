public import Evidence
internal import Ledger

/// A record of a bundle, after its body was held against its header.
struct BundleRecord {
    /// With what is left of the body where that was erased.
    let opened: OpenedRecord
    let isErased: Bool

    var header: RecordHeader { opened.header }
    /// `nil` where it was erased and no record of the bundle says what is left of it.
    var body: RecordBody? { opened.body }
    /// The members of the body, as they are recorded.
    var members: [String: JSON] { opened.members }
    var number: Int { header.number }
    var account: String { header.actor.principal }
}

/// The records of a bundle, by number. Of a record that was erased, the body is the one that its last redaction has.
struct BundleRecords {
    let all: [BundleRecord]
    private let bySubject: [String: [Int]]
    /// The last deposit and the last extraction of each object, and the objects that were erased and not deposited since.
    private let deposits: [Digest: Int]
    private let extractions: [Digest: Int]
    private let erased: Set<Digest>

    init(_ records: [OpenedRecord]) throws(BundleFinding) {
        let opened = records.sorted { $0.header.number < $1.header.number }
        let redactions = Self.redactions(opened)
        var all: [BundleRecord] = []
        for record in opened {
            var effective = record
            if record.body == nil, let redaction = redactions[record.header.number] {
                guard redaction.kind.rawValue == record.header.kind else {
                    throw BundleFinding(piece: BundleLayout.record(record.header.number), reason: "its redaction is of another kind")
                }
                do {
                    let members = try RecordForm.members(of: redaction.body)
                    let body = try RecordForm.body(members, kind: redaction.kind)
                    effective = OpenedRecord(copy: record.copy, header: record.header, body: body, members: members)
                } catch {
                    throw BundleFinding(piece: BundleLayout.record(record.header.number), reason: "what is left of it cannot be read: \(error)")
                }
            }
            all.append(BundleRecord(opened: effective, isErased: record.body == nil))
        }
        self.all = all
        var bySubject: [String: [Int]] = [:]
        for (index, record) in all.enumerated() {
            for subject in Set(record.header.subjects) { bySubject[subject, default: []].append(index) }
        }
        self.bySubject = bySubject
        var (deposits, extractions, erased): ([Digest: Int], [Digest: Int], Set<Digest>) = ([:], [:], [])
        for (index, record) in all.enumerated() {
            switch record.body {
            case .evidenceDeposited(let deposit)?:
                deposits[deposit.object.digest] = index
                erased.remove(deposit.object.digest)
            case .objectExtracted(let object, _)?: extractions[object] = index
            case .dataErased(let erasure)?: erased.formUnion(erasure.objects)
            default: continue
            }
        }
        (self.deposits, self.extractions, self.erased) = (deposits, extractions, erased)
    }

    /// From the newest erasure to the oldest, the newest redaction of a record holds. An erasure of which the body was erased counts with
    /// the body that a newer one has for it.
    private static func redactions(_ records: [OpenedRecord]) -> [Int: Redaction] {
        var redactions: [Int: Redaction] = [:]
        for record in records.reversed() where record.header.kind == RecordKind.dataErased.rawValue {
            let left = redactions[record.header.number].flatMap { try? RecordForm.body($0.body, kind: $0.kind) }  // because it was read so before
            guard case .dataErased(let erasure)? = record.body ?? left else { continue }
            for redaction in erasure.redactions where redactions[redaction.record] == nil { redactions[redaction.record] = redaction }
        }
        return redactions
    }

    func lastDeposit(of object: Digest) -> BundleRecord? { deposits[object].map { all[$0] } }
    func lastExtraction(of object: Digest) -> BundleRecord? { extractions[object].map { all[$0] } }

    func record(_ number: Int) -> BundleRecord? {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < all.count && all[low].number == number ? all[low] : nil
    }

    /// The records about a subject, in order.
    func about(_ subject: any OpaqueIdentifier) -> [BundleRecord] { (bySubject[subject.text] ?? []).map { all[$0] } }

    /// Records that erased something of this item.
    func erasure(of item: EvidenceID) -> BundleRecord? {
        about(item).last { if case .dataErased(let erasure)? = $0.body { erasure.items.contains(item) } else { false } }
    }

    /// Whether the object's bytes were erased, and nobody has deposited them since.
    func isErased(_ object: Digest) -> Bool { erased.contains(object) }
}

/// Something in a bundle is not as it has to be.
public struct BundleFinding: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file in the bundle, or the bundle itself.
    public let piece: String
    public let reason: String

    public init(piece: String, reason: String) {
        self.piece = piece
        self.reason = reason
    }

    public var description: String { "\(piece): \(reason)" }
}

/// Where things lie in a bundle.
enum BundleLayout {
    static let decision = "data/decision.json"
    static let page = "data/index.html"
    static let crate = "data/ro-crate-metadata.json"
    static let access = "data/access.jsonl"
    static let checkpoint = "proofs/checkpoint"
    static let accessCheckpoint = "proofs/access-checkpoint"
    static let stamp = "proofs/checkpoint.tsr"
    static let signature = "signature.note"
    static let instructions = "VERIFY.md"

    /// Whether a verifier keeps the file in memory; evidence, texts and what is for people it only digests.
    static func isKept(_ name: String) -> Bool {
        !name.hasPrefix("data/evidence/") && !name.hasPrefix("data/texts/") && ![page, crate, instructions].contains(name)
    }

    static func evidence(_ object: Digest) -> String { "data/evidence/\(object)" }
    static func text(_ object: Digest) -> String { "data/texts/\(object).txt" }
    static func rules(_ object: Digest) -> String { "data/rules/\(object).json" }
    static func record(_ number: Int) -> String { "data/records/\(nineDigits(number)).json" }
    static func proof(_ number: Int) -> String { "proofs/records/\(nineDigits(number)).tlog-proof" }
    static func consistency(_ proof: ConsistencyProof) -> String {
        "proofs/witness/\(proof.checkpoint.checkpoint.origin.tree.rawValue)-\(proof.oldSize).add-checkpoint"
    }

    private static func nineDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
    }

    /// The text that `signature.note` signs.
    static func statement(name: String, tagManifest: [UInt8]) -> String {
        "minhchung bundle v1\n\(name)\n\(BagIt.tagManifestName.split(separator: ".")[0]) \(Digest(of: tagManifest))\n"
    }
}

/// What a bundle is about.
public enum BundleScope: Sendable, Equatable {
    /// A title, or an honour.
    case title(TitleID)
    /// All titles that were given in a unit for a cycle.
    case list(unit: UnitID, cycle: Int)

    /// The bundle's name, at a checkpoint of this size.
    public func name(size: Int) -> String {
        switch self {
        case .title(let title): "\(title)-\(size)"
        case .list(let unit, let cycle): "\(unit)-\(cycle)-\(size)"
        }
    }

    var json: JSON {
        switch self {
        case .title(let title): .object(["title": .string(title.text)])
        case .list(let unit, let cycle): .object(["unit": .string(unit.text), "cycle": .integer(Int64(cycle))])
        }
    }

    init?(_ json: JSON?) {
        guard case .object(let members)? = json else { return nil }
        switch (members["title"], members["unit"], members["cycle"], members.count) {
        case (.string(let text)?, nil, nil, 1):
            guard let title = TitleID(text) else { return nil }
            self = .title(title)
        case (nil, .string(let text)?, .integer(let cycle)?, 2):
            guard let unit = UnitID(text) else { return nil }
            self = .list(unit: unit, cycle: Int(cycle))
        default: return nil
        }
    }
}
