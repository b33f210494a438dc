public import Evidence

/// The Merkle tree of RFC 6962 §2.1 over leaf hashes, as arithmetic: it holds no nodes, but asks for stored ones.
///
/// A node `(level, position)` is the root of the perfect subtree over the leaves
/// `position << level ..< (position + 1) << level`; level 0 is the leaf hashes. Only perfect subtrees are ever stored,
/// so a node once written never changes, appending writes one node a leaf on average, and any root or proof of any
/// past size is O(log n) reads.
public enum MerkleTree {
    /// Hash of a leaf: SHA-256(0x00 ‖ data).
    public static func leafHash(_ data: some Sequence<UInt8>) -> Digest {
        var hasher = DigestHasher()
        hasher.update([0x00])
        hasher.update(Array(data))
        return hasher.finalize()
    }

    /// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
    public static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        var hasher = DigestHasher()
        hasher.update([0x01])
        hasher.update(left)
        hasher.update(right)
        return hasher.finalize()
    }

    /// Where a node stands.
    public struct Position: Sendable, Hashable {
        public let level: Int
        public let index: UInt64

        public init(level: Int, index: UInt64) {
            self.level = level
            self.index = index
        }
    }

    /// The right edge of a tree: the roots of the perfect subtrees that its size is the sum of, largest first.
    /// Enough to append to the tree and to know its root.
    public struct Edge: Sendable, Equatable {
        public private(set) var size: UInt64
        private var peaks: [Digest]

        /// The empty tree.
        public init() {
            size = 0
            peaks = []
        }

        /// The edge of a stored tree of `size` leaves, by O(log size) calls of `node`.
        public init(size: UInt64, node: (Position) throws -> Digest) rethrows {
            self.size = size
            peaks = try MerkleTree.peaks(ofSize: size).map(node)
        }

        /// Appends a leaf hash and hands every node that it completes, the leaf itself first, to `store`.
        public mutating func append(_ leaf: Digest, store: (Position, Digest) throws -> Void) rethrows {
            var hash = leaf
            var position = Position(level: 0, index: size)
            try store(position, hash)
            while position.index & 1 == 1 {
                hash = MerkleTree.nodeHash(peaks.removeLast(), hash)
                position = Position(level: position.level + 1, index: position.index >> 1)
                try store(position, hash)
            }
            peaks.append(hash)
            size += 1
        }

        /// The root of the tree; SHA-256 of nothing when it is empty.
        public var root: Digest {
            guard var root = peaks.last else { return .ofNothing }
            for peak in peaks.dropLast().reversed() { root = MerkleTree.nodeHash(peak, root) }
            return root
        }
    }

    /// The perfect subtrees that cover `0 ..< size`, largest first.
    static func peaks(ofSize size: UInt64) -> [Position] {
        var start: UInt64 = 0
        return (0..<64).reversed().compactMap { level in
            guard size >> UInt64(level) & 1 == 1 else { return nil }
            defer { start += 1 << UInt64(level) }
            return Position(level: level, index: start >> UInt64(level))
        }
    }

    /// The root over the first `size` leaves.
    public static func root(ofSize size: UInt64, node: (Position) throws -> Digest) rethrows -> Digest {
        try Edge(size: size, node: node).root
    }

    /// The audit path (RFC 6962 §2.1.1) of leaf `index` in the tree of the first `size` leaves; `nil` when there is
    /// no such leaf.
    public static func inclusionProof(
        ofLeaf index: UInt64, size: UInt64, node: (Position) throws -> Digest
    ) rethrows -> [Digest]? {
        guard index < size else { return nil }
        var proof: [Digest] = []
        var start: UInt64 = 0
        var end = size
        while end - start > 1 {
            let middle = start + split(end - start)
            if index < middle {
                proof.append(try hash(of: middle..<end, node: node))
                end = middle
            } else {
                proof.append(try hash(of: start..<middle, node: node))
                start = middle
            }
        }
        return proof.reversed()
    }

    /// The proof (RFC 6962 §2.1.2) that the tree of `newSize` leaves begins with the tree of `oldSize` leaves; `nil`
    /// unless 0 < oldSize ≤ newSize.
    public static func consistencyProof(
        from oldSize: UInt64, to newSize: UInt64, node: (Position) throws -> Digest
    ) rethrows -> [Digest]? {
        guard oldSize > 0, oldSize <= newSize else { return nil }
        var proof: [Digest] = []
        var start: UInt64 = 0
        var end = newSize
        while oldSize != end {
            let middle = start + split(end - start)
            if oldSize <= middle {
                proof.append(try hash(of: middle..<end, node: node))
                end = middle
            } else {
                proof.append(try hash(of: start..<middle, node: node))
                start = middle
            }
        }
        // The old root itself need not be sent where it is a whole subtree that begins the tree.
        if start > 0 { proof.append(try hash(of: start..<end, node: node)) }
        return proof.reversed()
    }

    /// Root of the leaves `range`, which must be a subtree of some tree.
    private static func hash(of range: Range<UInt64>, node: (Position) throws -> Digest) rethrows -> Digest {
        let size = range.upperBound - range.lowerBound
        if size & (size - 1) == 0 {
            let level = size.trailingZeroBitCount
            return try node(Position(level: level, index: range.lowerBound >> UInt64(level)))
        }
        let middle = range.lowerBound + split(size)
        return nodeHash(try hash(of: range.lowerBound..<middle, node: node), try hash(of: middle..<range.upperBound, node: node))
    }

    /// The largest power of two below `size` (> 1).
    private static func split(_ size: UInt64) -> UInt64 {
        1 << UInt64(63 - (size - 1).leadingZeroBitCount)
    }
}
