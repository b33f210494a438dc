internal import Evidence
internal import Ledger

/// A line of `data/access.jsonl`.
struct AccessLine {
    let bytes: [UInt8]
    let header: RecordHeader
    let path: [Digest]

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
}
