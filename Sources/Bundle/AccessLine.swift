internal import Evidence
internal import Ledger

/// A line of `data/access.jsonl`.
struct AccessLine {
    let bytes: [UInt8]
    let header: RecordHeader
    let path: [Digest]

    init(_ entry: BundleContents.Record) {
        bytes = entry.opened.copy.header
        header = entry.opened.header
        path = entry.path
    }

    init(parsing line: [UInt8]) throws {
        guard case .object(let members) = try JSON(canonical: line), Set(members.keys) == ["header", "path"], let json = members["header"],
            case .array(let hashes)? = members["path"]
        else { throw NoteError.malformed(reason: "a line is no entry with its path") }
        bytes = json.canonicalBytes
        header = try RecordForm.header(bytes)
        path = try hashes.map { hash in
            guard case .string(let text) = hash, let bytes = Base64.bytes(of: text), let digest = Digest(bytes: bytes) else {
                throw NoteError.malformed(reason: "a path has something that is no hash")
            }
            return digest
        }
    }

    /// What ``init(parsing:)`` reads, without the newline.
    var json: JSON {
        get throws {
            .object(["header": try JSON(canonical: bytes), "path": .array(path.map { .string(Base64.text(of: $0.bytes)) })])
        }
    }
}
