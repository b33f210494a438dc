internal import AsyncAlgorithms
internal import Custody
internal import Evidence
internal import Ledger
internal import Synchronization

/// Files that are handed in with one request: several in a form, or one whose digest is known. Larger ones are uploads.
enum DepositOperations {
    private static let tag = "evidence"
    private static let fileLimit = 20
    /// Of a form beside its files: what is declared of each, and the fields of its parts.
    private static let sizeOfRest: Int64 = 2 << 20

    static func all(_ archive: Archive) -> [Operation] { [form(archive), put(archive)] }

    private static let outcome = Schema.named(
        "DepositOutcome",
        .object([
            .required("item", .identifier(EvidenceID.prefix)), .required("object", .digest), .required("size", .count),
            .required("already", .boolean, "This person had handed in this file before: it is that item, and no second one."),
            .optional("described_otherwise", .boolean, "What is declared now says something else, and was not recorded."),
            .optional("file_name", .words),
        ]))

    private static func members(_ outcome: DepositOutcome, fileName: String? = nil) -> [String: JSON?] {
        var all: [String: JSON?] = [
            "item": .string(outcome.item.text), "object": .string(outcome.object.digest.hex), "size": .integer(outcome.object.size),
            "already": .bool(false), "file_name": fileName.map(JSON.string),
        ]
        if case .alreadyDeposited(_, _, let isDescribedOtherwise) = outcome {
            all["already"] = .bool(true)
            all["described_otherwise"] = .bool(isDescribedOtherwise)
        }
        return all
    }

    private static func put(_ archive: Archive) -> Operation {
        Operation(
            "evidence.put", .put, "/api/v1/objects/{digest}", "Hands in a file whose SHA-256 is known; the bytes are read in any case", tag: tag,
            parameters: [
                .path("digest", "The file's SHA-256.", .digest),
                .header("upload-metadata", .text(.ascii, min: 0, max: 8_000), "What is declared, as uploads have it."),
            ], body: .bytes(["application/octet-stream"], limit: nil),
            outcomes: [Operation.Outcome(201, .json(outcome), "The item.", [.location])], refusals: [422, 429]
        ) { call in
            let actor = try call.actor
            let declared = try UploadMetadata(call.optionalText("upload-metadata") ?? "")
            guard let digest = Digest(hex: try call.text("digest")), let content = call.content else {
                throw Problem.parameter(.path, "digest", "is none")
            }
            let made = try await content.arriving { chunks in
                try await archive.deposit(declared.metadata, length: content.length, expected: digest, chunks, by: actor)
            }
            return .created(.members(members(made)), at: "/api/v1/evidence/\(made.item)")
        }
    }

    private static func form(_ archive: Archive) -> Operation {
        Operation(
            "evidence.deposit", .post, "/api/v1/evidence", "Hands in files: parts `file`, each with what a part `metadata` before it declares (JSON)",
            tag: tag,
            // All files of a form together are no larger than one may be; those that are come as uploads.
            body: .bytes(["multipart/form-data"], limit: archive.uploadLimits.size + sizeOfRest),
            outcomes: [
                Operation.Outcome(
                    201, .json(.object([.required("items", .array(outcome, max: fileLimit))])),
                    "The items, in order. Where one is refused, those before it are there, and handing all in again doubles none.")
            ], refusals: [422, 429]
        ) { call in
            guard let content = call.content else { throw Problem.mediaType(["multipart/form-data"]) }
            let depositing = FormDepositing(
                archive, by: try call.actor, reader: try MultipartReader(boundary: content.mediaTypeParameters["boundary"]), fileLimit: fileLimit,
                length: content.length)
            let made = try await content.arriving { chunks in try await depositing.run(chunks) }
            guard !made.isEmpty else { throw Problem.malformed("there is no part with the name file") }
            return .json(.object(["items": .array(made.map { .members(members($0.outcome, fileName: $0.fileName)) })]), status: 201)
        }
    }
}

/// Hands in the files of one form, one after the other, as they come.
private struct FormDepositing {
    let archive: Archive
    let actor: Actor
    var reader: MultipartReader
    let fileLimit: Int
    /// Of the body, where it says that.
    let length: Int64?

    init(_ archive: Archive, by actor: Actor, reader: MultipartReader, fileLimit: Int, length: Int64?) {
        self.length = length
        self.archive = archive
        self.actor = actor
        self.reader = reader
        self.fileLimit = fileLimit
    }

    typealias Made = (outcome: DepositOutcome, fileName: String?)
    private static let metadataLimit = 64 << 10

    /// A part that is being read.
    private enum Part {
        case none
        case metadata([UInt8])
        case file(AsyncThrowingChannel<[UInt8], any Error>, Task<DepositOutcome, any Error>, fileName: String?)
    }

    /// Whether the deposit that is at work has given up.
    private final class Refusal: Sendable {
        let happened = Mutex(false)
    }

    func run(_ chunks: AsyncThrowingChannel<[UInt8], any Error>) async throws -> [Made] {
        let refusal = Refusal()
        var reader = reader
        var part = Part.none
        var declared = EvidenceMetadata()
        var made: [Made] = []
        var (declarations, before) = (0, Int64(0))
        do {
            for try await chunk in chunks {
                let atMost = length.map { [before] in max($0 - before, 0) }
                before += Int64(chunk.count)
                for event in try reader.read(chunk) {
                    switch (event, part) {
                    case (.begins("metadata", _), _):
                        guard declarations < fileLimit else {
                            throw Problem("too-many-files", 422, "Too many parts", "at most \(fileLimit) parts metadata are taken at once")
                        }
                        declarations += 1
                        part = .metadata([])
                    case (.begins("file", let fileName), _):
                        guard made.count < fileLimit else {
                            throw Problem("too-many-files", 422, "Too many files", "at most \(fileLimit) are taken at once")
                        }
                        var metadata = declared
                        metadata.fileName = fileName ?? metadata.fileName
                        let bytes = AsyncThrowingChannel<[UInt8], any Error>()
                        let deposit = Task { [archive, actor, metadata] in
                            do { return try await archive.deposit(metadata, atMost: atMost, bytes, by: actor) } catch {
                                // It reads no more, and nobody waits for it to.
                                refusal.happened.withLock { $0 = true }
                                bytes.finish()
                                throw error
                            }
                        }
                        part = .file(bytes, deposit, fileName: fileName)
                    case (.begins(let name, _), _): throw Problem.malformed("there is no part with the name \(name.prefix(50)): metadata, file")
                    case (.bytes(let bytes), .metadata(let before)):
                        guard before.count + bytes.count <= Self.metadataLimit else { throw Problem.tooLarge(limit: Int64(Self.metadataLimit)) }
                        part = .metadata(before + bytes)
                    case (.bytes(let bytes), .file(let file, let deposit, _)):
                        await withTaskCancellationHandler {
                            await file.send(bytes)
                        } onCancel: {
                            deposit.cancel()
                        }
                        // What is left of a file that was refused is not read.
                        if refusal.happened.withLock({ $0 }) { _ = try await deposit.value }
                    case (.ends, .metadata(let bytes)):
                        declared = try UploadMetadata(json: bytes).metadata
                        part = .none
                    case (.ends, .file(let file, let deposit, let fileName)):
                        file.finish()
                        made.append((try await deposit.value, fileName))
                        part = .none
                    default: break  // because bytes outside of a part are none of anybody's
                    }
                }
            }
            guard reader.isComplete else { throw Problem.malformed("the body ends before its last boundary") }
        } catch {
            if case .file(let file, let deposit, _) = part {
                file.fail(error)
                deposit.cancel()
            }
            throw error
        }
        return made
    }
}
