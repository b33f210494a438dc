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

    /// The bytes of piece `index`, which are those that were deposited.
    /// - Throws: ``VaultError/damaged(_:_:)``.
    public func piece(_ index: Int) throws(VaultError) -> [UInt8] {
        let offset = Int64(index) * Int64(pieceSize)
        let length = Int(min(Int64(pieceSize), description.size - offset))
        var count = 0
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, filled in
            do throws(SystemCallError) {
                count = try system.read(file, into: UnsafeMutableRawBufferPointer(buffer), at: offset)
                filled = count
            } catch { failure = error }
        }
        if let failure { throw .damaged(description.digest, .unreadable(failure)) }
        guard count == length, Digest(of: bytes) == pieces[index] else {
            throw .damaged(description.digest, .pieceDiffers(index: index))
        }
        return bytes
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
