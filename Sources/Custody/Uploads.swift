internal import Catalog
public import Evidence
internal import Synchronization
internal import Vault

/// What uploads may take.
public struct UploadLimits: Sendable {
    /// Bytes that one file may have.
    public var size: Int64 = 512 << 20
    /// Uploads that one account may have open at once.
    public var open = 100
    /// Bytes that the open uploads of one account may have together.
    public var bytes: Int64 = 4 << 30
    /// Uploads that may be open at once.
    public var total = 10_000
    /// Bytes that uploads leave free on the disk, long before the ledger has to fear for its own.
    public var freeSpace: Int64 = 256 << 20
    /// Seconds after which an upload is removed that nobody has gone on with.
    public var lifetime = 86_400

    public init() {}
}

/// An upload as its account sees it.
public struct UploadAccount: Sendable, Equatable {
    public let id: UploadID
    public let length: Int64
    /// How many bytes are on disk: where to go on.
    public let offset: Int64
    public let expiresAt: Timestamp
    /// The item that it became; `nil` while it is open.
    public let item: EvidenceID?

    init(_ view: UploadView) {
        id = view.id
        length = view.length
        offset = view.received
        expiresAt = view.expiresAt
        item = view.outcome == nil ? nil : view.item
    }
}

/// Why an upload cannot go on as its sender wants.
public enum UploadError: Error, Equatable, CustomStringConvertible {
    /// The file is larger than any may be.
    case tooLarge(length: Int64, limit: Int64)
    /// The account has as many uploads open, or so many bytes in them, as it may.
    case overQuota(reason: String)
    case tooLittleSpace(free: Int64, needed: Int64)
    /// Bytes are to come from another offset than they are sent for.
    case offset(UploadID, expected: Int64, given: Int64)
    /// Somebody writes to it or finishes it at this moment.
    case inHand(UploadID)
    /// More bytes came than were announced.
    case tooLong(UploadID, length: Int64)
    /// What arrived is not what its checksum says; it was forgotten.
    case checksum(UploadID)
    case incomplete(UploadID, received: Int64, length: Int64)
    /// The file is another than its sender said; it was removed.
    case digest(expected: Digest, found: Digest)

    public var description: String {
        switch self {
        case .tooLarge(let length, let limit): "cannot take the file: it has \(length) bytes, and \(limit) are allowed"
        case .overQuota(let reason): "cannot begin the upload: \(reason); finish or end another one first"
        case .tooLittleSpace(let free, let needed):
            "cannot take the file: \(free) bytes are free on the archive's disk and \(needed) are needed; try again when there is room"
        case .offset(let id, let expected, let given): "cannot go on with upload \(id) at \(given): it is at \(expected)"
        case .inHand(let id): "cannot go on with upload \(id): another request is at work on it; ask where it is and try again"
        case .tooLong(let id, let length): "cannot go on with upload \(id): more than the announced \(length) bytes came"
        case .checksum(let id): "cannot go on with upload \(id): what arrived is not what its checksum says; send it again"
        case .incomplete(let id, let received, let length): "cannot finish upload \(id): \(received) of \(length) bytes are there"
        case .digest(let expected, let found): "cannot take the file: its SHA-256 is \(found) and not \(expected); send it again"
        }
    }
}

extension Archive {
    /// Begins an upload: a file of so many bytes that arrives in pieces, and becomes an item when it is finished.
    ///
    /// - Parameter expected: the file's digest, if it is known; it is compared at the end.
    public func beginUpload(
        length: Int64, expected: Digest? = nil, _ metadata: EvidenceMetadata, by actor: Actor
    ) async throws -> UploadAccount {
        let metadata = try metadata.checked()
        guard length > 0 else { throw VaultError.emptyFile(object: metadata.fileName ?? "the upload") }
        return try await blocking.run { [self] in
            let limits = uploadLimits
            guard length <= limits.size else { throw UploadError.tooLarge(length: length, limit: limits.size) }
            try permitDeposit(for: metadata.person, by: actor)
            let upload = UploadView(
                id: .random(), account: actor.principal, length: length, expiresAt: expiry(), item: .random(), metadata: metadata,
                expected: expected)
            let refusal = try room.beginning(length) {
                // The disk is looked at behind what is in hand, and has by then what came of it meanwhile.
                let inHand = room.inHand
                let free = try folder.freeSpace()
                return try catalog.begin(upload) { own, all -> UploadError? in
                    let needed = limits.freeSpace + all.toCome + inHand + length
                    if free < needed { return .tooLittleSpace(free: free, needed: needed) }
                    if own.count >= limits.open { return .overQuota(reason: "\(own.count) are open, as many as an account may have") }
                    if own.bytes + length > limits.bytes {
                        return .overQuota(reason: "the open ones have \(own.bytes) bytes, and an account may have \(limits.bytes)")
                    }
                    return all.count >= limits.total ? .overQuota(reason: "\(all.count) are open, as many as there may be") : nil
                }
            }
            if let refusal { throw refusal }
            do {
                try folder.uploads.create(upload.id.text)
            } catch {
                try catalog.removeUpload(upload.id)
                throw error
            }
            return UploadAccount(upload)
        }
    }

    func expiry() -> Timestamp { Timestamp(milliseconds: now().milliseconds + Int64(uploadLimits.lifetime) * 1000) }

    /// How far an upload is. Another account's is not found.
    public func upload(_ id: UploadID, by actor: Actor) async throws -> UploadAccount {
        try await blocking.run { [self] in UploadAccount(try ownUpload(id, actor)) }
    }

    /// The uploads of the account that acts, open and finished, as long as they are remembered, by id, after one that was listed.
    public func uploads(after: UploadID? = nil, limit: Int = 50, by actor: Actor) async throws -> [UploadAccount] {
        try await blocking.run { [self] in
            try catalog.uploads(of: actor.principal, after: after?.text ?? "", limit: limit).map(UploadAccount.init)
        }
    }

    func ownUpload(_ id: UploadID, _ actor: Actor) throws -> UploadView {
        let upload = try catalog.upload(id)
        guard let upload, upload.account == actor.principal else {
            // Its id is in no record, so the log says whose it is.
            try recordHidden(upload.map { [$0.metadata?.person?.text ?? Self.subject($0.account)] } ?? [], by: actor)
            throw ArchiveError.notFound("upload", id.text)
        }
        return upload
    }

    // MARK: One at a time

    /// Takes an upload in hand: nobody else does until it is let go.
    func take(_ id: UploadID) throws(UploadError) {
        guard uploadsInHand.withLock({ $0.insert(id).inserted }) else { throw .inHand(id) }
    }

    func letGo(_ id: UploadID) { uploadsInHand.withLock { _ = $0.remove(id) } }

    func holding<Value>(_ id: UploadID, _ body: () throws -> Value) throws -> Value {
        try take(id)
        defer { letGo(id) }
        return try body()
    }

    // MARK: Removing

    /// Ends an upload and removes what arrived of it. The item that a finished one became stays.
    public func terminateUpload(_ id: UploadID, by actor: Actor) async throws {
        try await blocking.run { [self] in
            _ = try ownUpload(id, actor)
            try holding(id) { try remove(try ownUpload(id, actor)) }
        }
    }

    /// The file first: a row without a file is removed at the next start, and no file stays that nobody knows of.
    func remove(_ upload: UploadView) throws {
        try folder.uploads.remove(upload.id.text)
        try catalog.removeUpload(upload.id)
    }

    /// Removes uploads that have expired, but those that somebody is at work on. To be called from time to time.
    ///
    /// - Returns: how many were removed.
    @discardableResult
    public func expireUploads() async throws -> Int {
        try await blocking.run { [self] in
            var count = 0
            while true {
                let time = now()
                let expired = try catalog.expiredUploads(by: time, limit: 100)
                var removed = 0
                for upload in expired {
                    // Looked at again in hand: somebody may have gone on with it.
                    guard uploadsInHand.withLock({ $0.insert(upload.id).inserted }) else { continue }
                    defer { letGo(upload.id) }
                    guard let upload = try catalog.upload(upload.id), upload.expiresAt <= time else { continue }
                    try remove(upload)
                    removed += 1
                }
                count += removed
                if removed == 0 { return count }
            }
        }
    }

    /// Brings files and what is known of them together after a crash: files have the bytes that were confirmed and no more, and there is
    /// no file without a row and no row without a file, but finished ones.
    func settleUploads() throws {
        var names: Set<String> = []
        var after = ""
        while let page = try Optional(catalog.uploads(after: after, limit: 500)), let last = page.last {
            after = last.id.text
            for var upload in page where upload.outcome == nil {
                guard let size = try folder.uploads.size(of: upload.id.text) else {
                    // One that became an object can still be recorded; see `finishUpload`.
                    if upload.object == nil { try catalog.removeUpload(upload.id) }
                    continue
                }
                names.insert(upload.id.text)
                if size > upload.received {
                    try folder.uploads.open(upload.id.text).truncate(to: upload.received)
                } else if size < upload.received {
                    upload.received = size
                    upload.object = nil
                    try catalog.update(upload)
                }
            }
        }
        try folder.uploads.removeAll(but: names)
    }

    /// Removes open uploads of proof of a person who is erased.
    func removeUploads(about person: PersonID) throws {
        for upload in try catalog.uploads(about: person) { try remove(upload) }
    }

    /// Makes the reserve again where it was used and the disk has room again. To be called from time to time.
    ///
    /// - Returns: whether it is there.
    @discardableResult
    public func keepReserve() async throws -> Bool {
        try await blocking.run { [self] in folder.keepReserve() }
    }
}
