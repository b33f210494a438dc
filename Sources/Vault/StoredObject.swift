public import Evidence

/// An object that is open for reading, each piece checked before any of its bytes are handed out.
public final class StoredObject: Sendable {
    public let description: ObjectDescription
    private let pieces: [Digest]
    private let file: Descriptor
    private let system: SystemCalls

    init(description: ObjectDescription, pieces: [Digest], file: Descriptor, system: SystemCalls) {
        self.description = description
        self.pieces = pieces
        self.file = file
        self.system = system
    }

    /// The descriptor, opened for reading at no particular position, for a process that reads on its own.
    public var descriptor: Int32 { file.number }

    /// How many pieces it has.
    public var pieceCount: Int { pieces.count }

    /// How many bytes piece `index` has.
    public func size(ofPiece index: Int) -> Int { Int(min(Int64(pieceSize), description.size - Int64(index) * Int64(pieceSize))) }

    /// The bytes of piece `index`, which are those that were deposited.
    /// - Throws: ``VaultError/damaged(_:_:)``.
    public func piece(_ index: Int) throws(VaultError) -> [UInt8] {
        let size = size(ofPiece: index)
        var failure: VaultError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            do throws(VaultError) {
                try read(piece: index, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]))
                filled = size
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills `buffer` with the bytes of piece `index`, which are those that were deposited.
    /// - Precondition: `buffer` has the size of the piece.
    /// - Throws: ``VaultError/damaged(_:_:)``; what is in `buffer` then is to be thrown away.
    public func read(piece index: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VaultError) {
        precondition(buffer.count == size(ofPiece: index), "a piece is read whole")
        let count: Int
        do {
            count = try system.read(file, into: buffer, at: Int64(index) * Int64(pieceSize))
        } catch { throw .damaged(description.digest, .unreadable(error)) }
        guard count == buffer.count, Digest(of: buffer) == pieces[index] else {
            throw .damaged(description.digest, .pieceDiffers(index: index))
        }
    }

    /// The bytes of `range`, out of pieces that were all checked whole.
    /// - Precondition: the range lies within the object.
    public func bytes(_ range: Range<Int64>) throws(VaultError) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= description.size, "a range outside of the object")
        guard !range.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(range.upperBound - range.lowerBound))
        for index in Int(range.lowerBound / Int64(pieceSize))...Int((range.upperBound - 1) / Int64(pieceSize)) {
            let start = Int64(index) * Int64(pieceSize)
            let piece = try piece(index)
            let within = max(range.lowerBound - start, 0)..<min(range.upperBound - start, Int64(piece.count))
            bytes.append(contentsOf: piece[Int(within.lowerBound)..<Int(within.upperBound)])
        }
        return bytes
    }
}

/// Digests of the 1 MiB pieces of bytes that arrive in buffers of any size.
struct PieceDigests {
    private var done: [Digest] = []
    private var current = DigestHasher()
    private var filled = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(pieceSize - filled))
            current.update(part)
            filled += part.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            if filled == pieceSize { close() }
        }
    }

    private mutating func close() {
        done.append(current.finalize())
        current = DigestHasher()
        filled = 0
    }

    mutating func finalize() -> [Digest] {
        if filled > 0 { close() }
        return done
    }

    /// SHA-256 over the concatenated digests.
    static func listDigest(_ pieces: [Digest]) -> Digest {
        var hasher = DigestHasher()
        for piece in pieces { hasher.update(piece) }
        return hasher.finalize()
    }
}
