internal import Catalog
public import Evidence
internal import Synchronization
internal import Vault

/// A checksum of the bytes of one request, which protects them on their way.
public struct UploadChecksum: Sendable {
    public let algorithm: FileDigestAlgorithm
    /// In lower-case hexadecimal digits.
    public let value: String

    public init(_ algorithm: FileDigestAlgorithm, _ value: String) {
        self.algorithm = algorithm
        self.value = value
    }
}

extension Archive {
    /// Bytes of a request that are gathered before they are written.
    static let uploadBlock = 256 << 10

    /// Takes the next bytes of an upload. What arrived is on disk when it returns, and also when `chunks` breaks off, unless there is a
    /// checksum that could not be compared. Memory does not grow with the number of bytes.
    ///
    /// - Parameters:
    ///   - offset: from where they come; has to be where the upload is.
    ///   - checksum: of all bytes of `chunks`.
    /// - Returns: where the upload is now.
    /// - Throws: ``UploadError``; what `chunks` throws; and the errors of disk and database.
    public func appendToUpload<Chunks: AsyncSequence>(
        _ id: UploadID, at offset: Int64, _ chunks: Chunks, checksum: UploadChecksum? = nil, by actor: Actor
    ) async throws -> UploadAccount where Chunks.Element == [UInt8] {
        let writing = try await blocking.run { [self] in try UploadWriting(of: id, in: self, at: offset, checksum, by: actor) }
        defer { letGo(id) }
        var block: [UInt8] = []
        var failure: (any Error)?
        do {
            for try await chunk in chunks {
                block += chunk
                if block.count >= Self.uploadBlock {
                    let full = block
                    block = []
                    try await blocking.run { try writing.write(full) }
                }
            }
        } catch {
            failure = error
        }
        let (rest, isWhole) = (block, failure == nil)
        // What came is kept whatever stopped it; an error that stopped it goes before one of this.
        let result: Result<UploadAccount, any Error>
        do {
            result = .success(try await blocking.run { try writing.end(rest, isWhole: isWhole) })
        } catch {
            result = .failure(error)
        }
        if let failure { throw failure }
        return try result.get()
    }
}

/// The one request that writes to an upload.
private final class UploadWriting: Sendable {
    /// Bytes that may be lost with the power: then they are synced and count.
    private static let interval: Int64 = 8 << 20

    private struct State {
        var upload: UploadView
        /// Behind the last byte that was written.
        var written: Int64
        var digest: FileDigest?
        var hasFailed = false
    }

    private let archive: Archive
    private let file: UploadFile
    private let checksum: UploadChecksum?
    private let state: Mutex<State>

    /// Takes the upload in hand; whoever has this lets it go.
    init(of id: UploadID, in archive: Archive, at offset: Int64, _ checksum: UploadChecksum?, by actor: Actor) throws {
        // Whose it is comes first: others are not told that it is there.
        _ = try archive.ownUpload(id, actor)
        try archive.take(id)
        do {
            let upload = try archive.ownUpload(id, actor)
            guard offset == upload.received else { throw UploadError.offset(id, expected: upload.received, given: offset) }
            guard upload.outcome == nil, upload.object == nil else { throw UploadError.tooLong(id, length: upload.length) }
            if let metadata = upload.metadata { try archive.permitDeposit(for: metadata.person, by: actor) }
            self.archive = archive
            self.checksum = checksum
            file = try archive.folder.uploads.open(id.text)
            state = Mutex(State(upload: upload, written: offset, digest: checksum.map { FileDigest($0.algorithm) }))
        } catch {
            archive.letGo(id)
            throw error
        }
    }

    /// Writes bytes behind those that came before. One call at a time.
    func write(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            do {
                guard state.written + Int64(bytes.count) <= state.upload.length else {
                    throw UploadError.tooLong(state.upload.id, length: state.upload.length)
                }
                try file.write(bytes, at: state.written)
            } catch {
                state.hasFailed = true
                throw error
            }
            state.written += Int64(bytes.count)
            bytes.withUnsafeBytes { state.digest?.update($0) }
            if state.written - state.upload.received >= Self.interval, checksum == nil { try keep(&state) }
        }
    }

    /// Writes the last bytes and makes durable what counts.
    ///
    /// - Parameter isWhole: whether all bytes of the request came.
    func end(_ rest: [UInt8], isWhole: Bool) throws -> UploadAccount {
        let failure: (any Error)?
        do {
            // Behind a block that could not be written nothing is.
            if !rest.isEmpty, !state.withLock(\.hasFailed) { try write(rest) }
            failure = nil
        } catch {
            failure = error
        }
        return try state.withLock { state in
            if let checksum {
                guard isWhole, failure == nil, state.digest?.finalize() == checksum.value else {
                    try file.truncate(to: state.upload.received)
                    throw failure ?? UploadError.checksum(state.upload.id)
                }
            }
            if state.written > state.upload.received { try keep(&state) }
            if let failure { throw failure }
            return UploadAccount(state.upload)
        }
    }

    /// The bytes first, then the word that they are there.
    private func keep(_ state: inout State) throws {
        try file.synchronize()
        var upload = state.upload
        upload.received = state.written
        upload.expiresAt = archive.expiry()
        try archive.catalog.update(upload)
        state.upload = upload
    }
}
