internal import Evidence
internal import Ledger

/// What is declared of a file that is handed in: as `Upload-Metadata` of tus has it, or as JSON.
struct UploadMetadata {
    let metadata: EvidenceMetadata
    /// The digest that its sender says the file has.
    let digest: Digest?

    /// - Parameter field: names, each with the base64 of its value behind a space, with commas between. `filename` is the name of the
    ///   file, as clients of tus call it, and `sha256` its digest; what else they say of a file does not count.
    init(_ field: String) throws(Problem) {
        var members: [String: JSON] = [:]
        var digest: Digest?
        for entry in field.split(separator: ",") {
            let parts = entry.split(separator: " ")
            guard let name = parts.first.map(String.init), parts.count <= 2, let bytes = Base64.bytes(of: parts.count == 2 ? String(parts[1]) : ""),
                let value = String(validating: bytes, as: UTF8.self)
            else { throw .parameter(.header, "upload-metadata", "is not names with base64 of their values") }
            switch name {
            case "filetype", "type", "name", "relativePath": continue
            case "sha256":
                guard let found = Digest(hex: value) else { throw .parameter(.header, "upload-metadata", "has a sha256 that is none") }
                digest = found
            default:
                guard !value.isEmpty else { continue }
                guard members.updateValue(.string(value), forKey: name == "filename" ? "file_name" : name) == nil else {
                    throw .parameter(.header, "upload-metadata", "has \(name) twice")
                }
            }
        }
        self.digest = digest
        metadata = try Self.metadata(members)
    }

    /// - Parameter json: an object with the members that describe an item.
    init(json: [UInt8]) throws(Problem) {
        let parsed: JSON
        do { parsed = try JSON(parsing: json) } catch { throw .malformed("the part metadata is \(error)") }
        guard case .object(let members) = parsed else { throw .invalid(Schema.object(ReviewOperations.metadata).findings(in: parsed)) }
        digest = nil
        metadata = try Self.metadata(members)
    }

    private static func metadata(_ members: [String: JSON]) throws(Problem) -> EvidenceMetadata {
        let findings = Schema.object(ReviewOperations.metadata).findings(in: .object(members))
        guard findings.isEmpty else { throw .invalid(findings) }
        return ReviewOperations.metadata(Members(members))
    }
}
