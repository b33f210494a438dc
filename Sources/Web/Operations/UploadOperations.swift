internal import AsyncAlgorithms
internal import Custody
internal import Evidence
internal import Ledger

/// Uploads that go on where they stopped, as tus 1.0 has it (tus.io/protocols/resumable-upload): creation, checksum, expiration and
/// termination. An upload becomes an item with its last byte.
enum UploadOperations {
    private static let tag = "uploads"
    private static let version = "1.0.0"
    private static let bytes = "application/offset+octet-stream"
    private static let path = "/api/v1/uploads"

    static func all(_ archive: Archive) -> [Operation] {
        [options(archive), create(archive), head(archive), patch(archive), get(archive), list(archive), terminate(archive)]
    }

    private static let upload = Operation.Parameter.path("upload", "The upload's id.", .identifier(UploadID.prefix))
    private static let resumable = Operation.Parameter.header("tus-resumable", .text(.ascii, min: 1, max: 16), "The version of tus: 1.0.0.")

    private static func checkVersion(_ call: Call) throws(Problem) {
        guard call.optionalText("tus-resumable") == version else {
            throw Problem(
                "tus-version", 412, "Another version of tus is spoken here", "send Tus-Resumable: \(version)", fields: ["tus-version": version])
        }
    }

    private static func id(_ call: Call) throws -> UploadID {
        let text = try call.text("upload")
        guard let id = UploadID(text) else { throw ArchiveError.notFound("upload", text) }
        return id
    }

    /// The header fields of an upload as it stands.
    private static func fields(_ account: UploadAccount) -> [String: String] {
        var fields = [
            "tus-resumable": version, "upload-offset": "\(account.offset)", "upload-length": "\(account.length)",
            "upload-expires": HTTPDate.text(account.expiresAt),
        ]
        // Where the item is that it became.
        if let item = account.item { fields["content-location"] = "/api/v1/evidence/\(item)" }
        return fields
    }

    /// Makes the item when all bytes are there: also where the server ended between the last byte and the record.
    private static func finished(_ account: UploadAccount, _ archive: Archive, by actor: Actor) async throws -> UploadAccount {
        guard account.item == nil, account.offset == account.length else { return account }
        _ = try await archive.finishUpload(account.id, by: actor)
        return try await archive.upload(account.id, by: actor)
    }

    private static func options(_ archive: Archive) -> Operation {
        Operation(
            "uploads.options", .options, path, "What of tus is spoken here", tag: tag, access: .anybody,
            outcomes: [
                Operation.Outcome(
                    204, .nothing, "Versions, extensions and limits, in header fields.",
                    [.tusResumable, .tusVersion, .tusExtension, .tusMaxSize, .tusChecksumAlgorithm])
            ]
        ) { _ in
            .bare(
                204,
                [
                    "tus-resumable": version, "tus-version": version, "tus-extension": "creation,checksum,expiration,termination",
                    "tus-max-size": "\(archive.uploadLimits.size)", "tus-checksum-algorithm": "sha1,sha256,sha512,md5",
                ])
        }
    }

    private static func create(_ archive: Archive) -> Operation {
        Operation(
            "uploads.create", .post, path, "Begins an upload", tag: tag,
            parameters: [
                resumable, .header("upload-length", .count, "Bytes of the file.", isRequired: true),
                .header("upload-metadata", .text(.ascii, min: 0, max: 8_000), "What is declared: name and base64 of its value, with commas between."),
            ], outcomes: [Operation.Outcome(201, .nothing, "Its address is in Location.", AnswerField.upload + [.location])],
            refusals: [412, 413, 422, 429], creates: true
        ) { call in
            try checkVersion(call)
            let declared = try UploadMetadata(call.optionalText("upload-metadata") ?? "")
            let account = try await archive.beginUpload(
                length: Int64(call.integer("upload-length") ?? 0), expected: declared.digest, declared.metadata, by: try call.actor)
            return .bare(201, fields(account).merging(["location": "\(call.origin)\(path)/\(account.id)"]) { $1 })
        }
    }

    private static func head(_ archive: Archive) -> Operation {
        Operation(
            "uploads.head", .head, "\(path)/{upload}", "Where an upload is: so many bytes are on disk", tag: tag, parameters: [upload, resumable],
            outcomes: [Operation.Outcome(200, .nothing, "In Upload-Offset.", AnswerField.upload + [.contentLocation])],
            refusals: [409, 412, 422, 423]
        ) { call in
            try checkVersion(call)
            let account = try await archive.upload(try id(call), by: try call.actor)
            return .bare(200, fields(try await finished(account, archive, by: try call.actor)))
        }
    }

    private static func patch(_ archive: Archive) -> Operation {
        Operation(
            "uploads.append", .patch, "\(path)/{upload}", "The next bytes of an upload; with the last one it becomes an item", tag: tag,
            parameters: [
                upload, resumable, .header("upload-offset", .count, "From where the bytes come; where the upload is.", isRequired: true),
                .header("upload-checksum", .text(.ascii, min: 1, max: 200), "Algorithm and base64 of the checksum of the bytes of this request."),
            ], body: .bytes([bytes], limit: nil),
            outcomes: [
                Operation.Outcome(
                    204, .nothing, "They are on disk; the item, where it is one now, is at Content-Location.", AnswerField.upload + [.contentLocation]
                )
            ],
            refusals: [412, 422, 423, 429, 460]
        ) { call in
            try checkVersion(call)
            let (id, actor) = (try id(call), try call.actor)
            let (offset, checksum) = (Int64(call.integer("upload-offset") ?? 0), try checksum(call.optionalText("upload-checksum")))
            guard let content = call.content else { throw Problem.mediaType([bytes]) }
            let known = try await archive.upload(id, by: actor)
            if known.offset == known.length, offset == known.length {
                // The answer to the last bytes was lost, and its sender looks whether there is more to do.
                try await content.forEachPiece { piece in
                    if !piece.isEmpty { throw UploadError.tooLong(id, length: known.length) }
                }
                return .bare(204, fields(try await finished(known, archive, by: actor)))
            }
            let account = try await content.arriving { chunks in
                try await archive.appendToUpload(id, at: offset, chunks, checksum: checksum, by: actor)
            }
            return .bare(204, fields(try await finished(account, archive, by: actor)))
        }
    }

    private static func checksum(_ text: String?) throws(Problem) -> UploadChecksum? {
        guard let text else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = FileDigestAlgorithm(rawValue: parts[0].lowercased()), let value = Base64.bytes(of: String(parts[1])),
            value.count == algorithm.byteCount
        else { throw .parameter(.header, "upload-checksum", "is not an algorithm and the base64 of its checksum") }
        return UploadChecksum(algorithm, value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    private static let form = Schema.named(
        "Upload",
        .object([
            .required("upload", .identifier(UploadID.prefix)), .required("length", .count), .required("offset", .count, "So many bytes are on disk."),
            .required("expires_at", .time), .optional("item", .identifier(EvidenceID.prefix), "What it became."),
        ]))

    private static func members(_ account: UploadAccount) -> [String: JSON?] {
        [
            "upload": .string(account.id.text), "length": .integer(account.length), "offset": .integer(account.offset),
            "expires_at": .text(account.expiresAt), "item": .text(account.item),
        ]
    }

    private static func get(_ archive: Archive) -> Operation {
        Operation(
            "uploads.get", .get, "\(path)/{upload}", "Where an upload is, and which item it became", tag: tag, parameters: [upload],
            outcomes: [Operation.Outcome(200, .json(form), "The upload.")], refusals: [409, 422, 423]
        ) { call in
            let account = try await archive.upload(try id(call), by: try call.actor)
            return .json(members(try await finished(account, archive, by: try call.actor)))
        }
    }

    private static func list(_ archive: Archive) -> Operation {
        Operation(
            "uploads.list", .get, path, "One's own uploads that are remembered", tag: tag, parameters: Operation.paging(of: "uploads"),
            outcomes: [Operation.Outcome(200, .json(.page(of: form)), "A page of uploads.")]
        ) { call in
            let limit = call.limit()
            let uploads = try await archive.uploads(after: try call.place { UploadID($0) }, limit: limit, by: try call.actor)
            return .page(uploads.map { .members(members($0)) }, next: uploads.count == limit ? uploads.last?.id.text : nil)
        }
    }

    private static func terminate(_ archive: Archive) -> Operation {
        Operation(
            "uploads.terminate", .delete, "\(path)/{upload}", "Ends an upload and forgets its bytes; an item that it became stays", tag: tag,
            parameters: [upload, resumable], outcomes: [Operation.Outcome(204, .nothing, "It is gone.", [.tusResumable])], refusals: [412, 423]
        ) { call in
            try checkVersion(call)
            try await archive.terminateUpload(try id(call), by: try call.actor)
            return .bare(204, ["tus-resumable": version])
        }
    }
}
