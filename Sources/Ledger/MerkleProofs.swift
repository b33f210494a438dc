public import Evidence

extension MerkleTree {
    /// Whether `proof` shows that `leaf` is leaf `index` of the tree of `size` leaves with this root
    /// (RFC 9162 §2.1.3.2).
    public static func verifyInclusion(
        of leaf: Digest, at index: UInt64, size: UInt64, root: Digest, proof: [Digest]
    ) -> Bool {
        guard index < size else { return false }
        var position = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                hash = nodeHash(sibling, hash)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                hash = nodeHash(hash, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether `proof` shows that the tree of `newSize` leaves begins with the tree of `oldSize` leaves
    /// (RFC 9162 §2.1.4.2). A tree of no leaves is consistent with every tree, so such a claim proves nothing and is
    /// refused.
    public static func verifyConsistency(
        oldSize: UInt64, newSize: UInt64, oldRoot: Digest, newRoot: Digest, proof: [Digest]
    ) -> Bool {
        guard oldSize > 0, oldSize <= newSize else { return false }
        return verifySubtree(0..<oldSize, of: newSize, subtreeRoot: oldRoot, root: newRoot, proof: proof)
    }

    /// Whether `proof` shows that `leaf` is leaf `index` under the subtree over `range`.
    public static func verifyInclusion(
        of leaf: Digest, at index: UInt64, inSubtree range: Range<UInt64>, root: Digest, proof: [Digest]
    ) -> Bool {
        guard isSubtree(range), range.contains(index) else { return false }
        return verifyInclusion(
            of: leaf, at: index - range.lowerBound, size: range.upperBound - range.lowerBound, root: root, proof: proof)
    }

    /// Whether `proof` shows that the tree of `size` leaves contains the subtree over `range` with this root: the
    /// algorithm of RFC 9162 §2.1.4.2 with a beginning other than 0 (draft-ietf-plants-merkle-tree-certs §4.4.3).
    public static func verifySubtree(
        _ range: Range<UInt64>, of size: UInt64, subtreeRoot: Digest, root: Digest, proof: [Digest]
    ) -> Bool {
        // No leaves: the root of nothing, and nothing to prove, so nothing is proved of the tree either.
        if range.isEmpty { return range.upperBound <= size && subtreeRoot == .ofNothing && proof.isEmpty }
        guard isSubtree(range), range.upperBound <= size else { return false }
        var first = range.lowerBound
        var last = range.upperBound - 1
        var treeLast = size - 1
        let isRightmost = last == treeLast
        while first != last, isRightmost || last & 1 == 1 {
            first >>= 1
            last >>= 1
            treeLast >>= 1
        }
        var rest = proof[...]
        var subtreeHash = subtreeRoot
        if first != last {
            guard let next = rest.popFirst() else { return false }
            subtreeHash = next
        }
        var treeHash = subtreeHash
        for sibling in rest {
            guard treeLast > 0 else { return false }
            if last & 1 == 1 || last == treeLast {
                if first < last { subtreeHash = nodeHash(sibling, subtreeHash) }
                treeHash = nodeHash(sibling, treeHash)
                while last & 1 == 0, last != 0 {
                    first >>= 1
                    last >>= 1
                    treeLast >>= 1
                }
            } else {
                treeHash = nodeHash(treeHash, sibling)
            }
            first >>= 1
            last >>= 1
            treeLast >>= 1
        }
        return treeLast == 0 && subtreeHash == subtreeRoot && treeHash == root
    }

    /// Whether `range` is not empty and begins at a multiple of the power of two that its size rounds up to, so that
    /// it is one node's leaves in some tree.
    private static func isSubtree(_ range: Range<UInt64>) -> Bool {
        let size = range.upperBound - range.lowerBound
        guard size > 0, size <= 1 << 63 else { return false }
        let width: UInt64 = size == 1 ? 1 : 1 << UInt64(64 - (size - 1).leadingZeroBitCount)
        return range.lowerBound & (width - 1) == 0
    }
}
