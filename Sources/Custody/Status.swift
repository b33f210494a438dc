internal import Catalog
public import Evidence
internal import Extraction
internal import Foundation
internal import Vault

/// The state of an archive in numbers; nothing of it is personal.
public struct ArchiveStatus: Sendable {
    public let archive: ArchiveID
    public let format: Int
    public let items: Int
    public let objects: Int
    /// Of all objects, extracted texts among them.
    public let bytes: Int64
    public let damagedObjects: Int
    public let records: Int
    /// Merkle root over the records.
    public let recordRoot: Digest
    public let accessLogEntries: Int
    public let accessLogRoot: Digest
    /// Evidence that waits for extraction.
    public let queue: Int
    public let extraction: [ExtractionState: Int]
    public let failures: [(reason: String, count: Int)]
    /// Documents read in the last hour.
    public let readInLastHour: Int
    /// The tool that reads documents, or why none can be used.
    public let extractor: Result<String, ArchiveError>
    /// Records that the search index has not folded yet; `nil` when it cannot be used and has to be rebuilt.
    public let indexBehind: Int?
    /// When the bytes of the object that was not read for longest were read.
    public let oldestCheck: Timestamp?
    public let now: Timestamp
    /// Bytes that may still be written.
    public let freeSpace: Int64
    /// Whether the reserve is on the disk that keeps the access log writable when it is full.
    public let hasReserve: Bool
    /// Uploads that are not finished.
    public let openUploads: Int
    /// Bytes of them that are on disk.
    public let uploadedBytes: Int64
    /// Why not all that was uploaded could be read in the background, `nil` where nothing stood in the way.
    public let readingFailure: String?
    /// Why personal numbers cannot be known again, `nil` when they can: the key is missing, or not this archive's.
    public let personKeyFailure: String?
    /// Erasures that were recorded and of which something is left to do.
    public let unfinishedErasures: [UnfinishedErasure]
}

extension Archive {
    /// Counts and states, for people and for monitoring.
    public func status(by actor: Actor) async throws -> ArchiveStatus {
        try await blocking.run { [self] in try permit(.maintain, "look at the archive's state", by: actor) }
        return try await status()
    }

    /// The same, for who was asked before.
    package func status() async throws -> ArchiveStatus {
        try await blocking.run { [self] in
            try catalog.followDeposits()
            let counts = try catalog.counts()
            let (records, recordRoot) = catalog.recordTree
            let (entries, accessRoot) = catalog.accessTree
            let time = now()
            let uploads = try catalog.uploadRoom()
            var indexed: Int?
            _ = indexFailure { indexed = try searchIndex().recordCount() }
            return ArchiveStatus(
                archive: id, format: Self.format, items: counts.items, objects: counts.objects, bytes: counts.bytes,
                damagedObjects: counts.damagedObjects, records: records, recordRoot: recordRoot,
                accessLogEntries: entries, accessLogRoot: accessRoot, queue: counts.toExtract,
                extraction: counts.extraction, failures: counts.failures,
                readInLastHour: try catalog.countRecords(
                    of: .objectExtracted, since: Timestamp(milliseconds: time.milliseconds - 3_600_000)),
                extractor: Extractor.probe(worker: worker).map(\.tool)
                    .mapError { .extractionRefused(reason: $0.description) },
                indexBehind: indexed.map { records - $0 }, oldestCheck: try catalog.oldestCheck(),
                now: time, freeSpace: try folder.freeSpace(), hasReserve: folder.keepReserve(), openUploads: uploads.count,
                uploadedBytes: uploads.bytes - uploads.toCome, readingFailure: reading.failure, personKeyFailure: personKeyFailure(),
                unfinishedErasures: try unfinishedErasures())
        }
    }

    /// Returns when evidence can be read and shown: the ledger answers, nothing was refused by the disk, and the access log has room.
    public func checkReadiness() async throws {
        try await blocking.run { [self] in
            if let damage = catalog.damage { throw damage }
            _ = try catalog.record(0)
            if objects.isStopped { throw VaultError.stopped }
            if try folder.freeSpace() <= 0 { throw CatalogError.diskFull(act: "write the access log") }
        }
    }

    /// Drops every view and the search index and folds them again from records and objects; nothing is parsed. Lists of pieces that
    /// are lost or damaged are digested anew from their objects. Page images are dropped as well, and made when somebody asks for them.
    ///
    /// - Parameter progress: what is being done, how much of it is done, and how much there is.
    public func rebuild(
        progress: @escaping @Sendable (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) async throws {
        try await blocking.run { [self] in
            try catalog.rebuildViews { progress("folding records", $0, $1) }
            try restorePieceLists()
            try folder.derived.removeAll()
            try dropSearchIndex()
            try followIndex { progress("indexing", $0, $1) }
        }
    }

    private func restorePieceLists() throws {
        var after: Int64 = 0
        while true {
            let page = try catalog.objects(after: after, limit: 1000)
            guard let last = page.last else { return }
            after = last.key
            for object in page where object.description.size > Int64(pieceSize) {
                if try catalog.hasPieces(of: object.description) { continue }
                // `nil` where the object itself is damaged, which `verify` reports.
                if let pieces = try objects.digestPieces(of: object.description) {
                    try catalog.restorePieces(pieces, of: object.description.digest)
                }
            }
        }
    }
}
