internal import Catalog
public import Evidence
internal import Vault

extension Archive {
    /// An item's bytes, open for reading. The export is in the access log before any of them can be read.
    ///
    /// - Parameters:
    ///   - reference: the item's id or the beginning of it.
    ///   - start: the piece that is read first, which then is in ``ItemContent/start``: with it a small file has all been read. `nil`
    ///     where none is wanted, or not yet.
    ///   - memory: what pieces are read into.
    /// - Throws: an error of the vault where that piece is damaged.
    public func content<Memory: PieceMemory>(
        of reference: String, by actor: Actor, into memory: Memory.Type = [UInt8].self,
        startingAt start: @escaping @Sendable (ObjectDescription) -> Int? = { _ in nil }
    ) async throws -> ItemContent<Memory> {
        try await blocking.run { [self] in
            let id = try resolve(reference, by: actor)
            let opened = try catalog.oneLook { () throws -> (item: ItemView, stored: StoredObject, mediaType: String?) in
                guard let item = try catalog.item(id) else { throw ArchiveError.noSuchItem(reference) }
                // Its object may be there still, as another's.
                if let record = item.erasedRecord {
                    throw ArchiveError.refused(act: "get \(id)", reason: "it was erased, by record \(record)")
                }
                // Which object it is, the record says: the views may have been edited.
                guard case .evidenceDeposited(let deposit) = try catalog.record(item.depositRecord).body, deposit.item == id else {
                    throw ArchiveError.noSuchItem(reference)
                }
                let object = deposit.object
                return (
                    item, try objects.open(object, pieces: try catalog.pieces(of: object)),
                    try catalog.object(object.digest).flatMap { try finding(of: $0) }?.mediaType
                )
            }
            let piece = try start(opened.stored.description).map { ($0, try Memory(of: opened.stored, piece: $0)) }
            try catalog.appendAccess(.exported, to: [id.text], by: actor, at: now())
            return ItemContent(
                item: id, fileName: opened.item.metadata.fileName, mediaType: opened.mediaType, start: piece, stored: opened.stored,
                blocking: blocking)
        }
    }

    /// What extraction found last in an object; `nil` where it was not tried.
    func finding(of object: ObjectView) throws -> ExtractionFinding? {
        guard let record = object.extractionRecord, case .objectExtracted(_, let finding) = try catalog.record(record).body else { return nil }
        return finding
    }

    /// Hands out an item's bytes piece by piece, each checked before it is handed out. The export is in the access log
    /// before the first byte is.
    ///
    /// - Parameters:
    ///   - begin: called once, when the item is known to be readable, before the first piece.
    ///   - write: called with each piece in order.
    public func export(
        _ reference: String, by actor: Actor, begin: @escaping @Sendable (ItemContent<[UInt8]>) throws -> Void,
        write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let content = try await content(of: reference, by: actor)
        try await blocking.run {
            try begin(content)
            for index in 0..<content.pieceCount { try write(try content.stored.piece(index)) }
        }
    }
}

/// Memory that a piece of an object is read into where it stays, without a copy.
public protocol PieceMemory: Sendable {
    /// - Parameter fill: fills all of it.
    init(size: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws
}

extension [UInt8]: PieceMemory {
    public init(size: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        try self.init(unsafeUninitializedCapacity: size) { buffer, filled in
            try fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]))
            filled = size
        }
    }
}

extension PieceMemory {
    fileprivate init(of stored: StoredObject, piece index: Int) throws {
        try self.init(size: stored.size(ofPiece: index)) { try stored.read(piece: index, into: $0) }
    }
}

/// The bytes of an item, to be read a piece at a time and in any order; each piece is checked before it is handed out.
public struct ItemContent<Memory: PieceMemory>: Sendable {
    public let item: EvidenceID
    /// As it was handed in; never a path.
    public let fileName: String?
    /// By content, as extraction found it.
    public let mediaType: String?
    /// The piece that was to be read first.
    public let start: (index: Int, bytes: Memory)?
    let stored: StoredObject
    fileprivate let blocking: BlockingWork

    public var object: ObjectDescription { stored.description }
    /// How many pieces of 1 MiB there are; the last may be shorter.
    public var pieceCount: Int { stored.pieceCount }

    /// The bytes of piece `index`, counted from 0, which are those that were deposited.
    public func piece(_ index: Int) async throws -> Memory {
        if let start, start.index == index { return start.bytes }
        return try await blocking.run { [stored] in try Memory(of: stored, piece: index) }
    }
}
