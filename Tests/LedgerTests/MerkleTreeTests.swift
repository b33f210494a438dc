import Evidence
import Ledger
import Testing

/// A tree whose nodes are kept, as the archive keeps them.
struct StoredTree {
    private(set) var nodes: [MerkleTree.Position: Digest] = [:]
    private(set) var edge = MerkleTree.Edge()
    /// Root of the tree of each size.
    private(set) var roots = [MerkleTree.Edge().root]

    init(leaves: [Digest]) throws {
        for leaf in leaves {
            try edge.append(leaf) { position, hash in
                // A node is written once.
                try #require(nodes.updateValue(hash, forKey: position) == nil)
            }
            roots.append(edge.root)
        }
    }

    func node(_ position: MerkleTree.Position) throws -> Digest { try #require(nodes[position], "\(position)") }
}

@Suite("Merkle tree")
struct MerkleTreeTests {
    static let count = 64
    static let leaves = (0..<count).map { MerkleTree.leafHash([UInt8(0x40 + $0)]) }

    /// The definition of RFC 6962 §2.1, word for word.
    static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        switch leaves.count {
        case 0: return Digest(of: [UInt8]())
        case 1: return leaves[leaves.startIndex]
        default:
            var split = 1
            while split * 2 < leaves.count { split *= 2 }
            let middle = leaves.startIndex + split
            return Digest(of: [1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
        }
    }

    /// The leaves and roots of the tests of Certificate Transparency (RFC 6962's reference, `merkle_tree_test.cc`).
    static let transparency: [(leaf: [UInt8], root: String)] = [
        ([], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ([0x00], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        ([0x10], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        ([0x20, 0x21], "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ([0x30, 0x31], "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        ([0x40, 0x41, 0x42, 0x43], "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (
            [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
        ),
        (
            [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F],
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        ),
    ]

    @Test func `has the roots of Certificate Transparency's tests`() {
        var edge = MerkleTree.Edge()
        #expect(edge.root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for (leaf, root) in Self.transparency {
            edge.append(MerkleTree.leafHash(leaf)) { _, _ in }
            #expect(edge.root.hex == root)
        }
        #expect(edge.size == 8)
    }

    @Test func `has the root of the definition at every size`() throws {
        let tree = try StoredTree(leaves: Self.leaves)
        for size in 0...Self.count {
            #expect(tree.roots[size] == Self.root(Self.leaves[..<size]), "size \(size)")
            #expect(try MerkleTree.root(ofSize: UInt64(size), node: tree.node) == tree.roots[size], "size \(size)")
        }
    }

    @Test func `hands out each node once, and no other`() throws {
        let tree = try StoredTree(leaves: Self.leaves)
        for (position, hash) in tree.nodes {
            let start = Int(position.index) << position.level
            #expect(hash == Self.root(Self.leaves[start..<start + 1 << position.level]))
        }
        // As many nodes as perfect subtrees: 64 + 32 + … + 1.
        #expect(tree.nodes.count == 127)
    }

    @Test func `the edge from stored nodes is the edge by appending, and goes on as it would`() throws {
        let tree = try StoredTree(leaves: Self.leaves)
        for size in 0...Self.count {
            var asked = 0
            let stored = try MerkleTree.Edge(size: UInt64(size)) { position in
                asked += 1
                return try tree.node(position)
            }
            #expect(stored == (try StoredTree(leaves: Array(Self.leaves[..<size]))).edge)
            #expect(asked == size.nonzeroBitCount)
            var next = stored
            if size < Self.count {
                next.append(Self.leaves[size]) { _, _ in }
                #expect(next.root == tree.roots[size + 1])
            }
        }
    }

    /// Every way to alter one thing of a proof: each hash altered, each dropped, each said twice, one more at each place, two
    /// hashes swapped.
    static func alterations(of proof: [Digest]) -> [[Digest]] {
        let other = Digest(of: [0xFF])
        var altered: [[Digest]] = []
        for index in proof.indices {
            var changed = proof
            var bytes = changed[index].bytes
            bytes[31] ^= 1
            changed[index] = Digest(bytes: bytes) ?? other
            altered.append(changed)
            var dropped = proof
            dropped.remove(at: index)
            altered.append(dropped)
            var twice = proof
            twice.insert(proof[index], at: index)
            altered.append(twice)
            if index > 0 {
                var swapped = proof
                swapped.swapAt(index, index - 1)
                altered.append(swapped)
            }
        }
        for index in 0...proof.count {
            var added = proof
            added.insert(other, at: index)
            altered.append(added)
        }
        return altered
    }

    @Test("inclusion of every leaf at every size is shown by its proof and by no other", arguments: 1...count)
    func inclusion(size: Int) throws {
        let tree = try StoredTree(leaves: Self.leaves)
        let size64 = UInt64(size)
        for index in 0..<size {
            let proof = try #require(try MerkleTree.inclusionProof(ofLeaf: UInt64(index), size: size64, node: tree.node))
            func holds(
                _ proof: [Digest], leaf: Int = index, at position: Int = index, size: UInt64 = size64, root: Digest? = nil
            ) -> Bool {
                MerkleTree.verifyInclusion(
                    of: Self.leaves[leaf], at: UInt64(position), size: size, root: root ?? tree.roots[Int(size64)], proof: proof)
            }
            #expect(holds(proof), "leaf \(index)")
            #expect(!Self.alterations(of: proof).contains { holds($0) }, "leaf \(index)")
            #expect(!holds(proof, leaf: (index + 1) % Self.count), "another leaf than \(index)")
            #expect(!holds(proof, at: index + 1), "leaf \(index) elsewhere")
            if index > 0 { #expect(!holds(proof, at: index - 1), "leaf \(index) elsewhere") }
            #expect(!holds(proof, root: Digest(of: [0xFF])), "leaf \(index)")
            #expect(!holds(proof, at: size), "leaf \(index)")
        }
        #expect(try MerkleTree.inclusionProof(ofLeaf: size64, size: size64, node: tree.node) == nil)
    }

    @Test("consistency with every older size is shown by its proof and by no other", arguments: 1...count)
    func consistency(newSize: Int) throws {
        let tree = try StoredTree(leaves: Self.leaves)
        for oldSize in 1...newSize {
            let proof = try #require(
                try MerkleTree.consistencyProof(from: UInt64(oldSize), to: UInt64(newSize), node: tree.node))
            func holds(_ proof: [Digest], from old: Int = oldSize, oldRoot: Digest? = nil, newRoot: Digest? = nil) -> Bool {
                MerkleTree.verifyConsistency(
                    oldSize: UInt64(old), newSize: UInt64(newSize), oldRoot: oldRoot ?? tree.roots[oldSize],
                    newRoot: newRoot ?? tree.roots[newSize], proof: proof)
            }
            #expect(holds(proof), "from \(oldSize)")
            #expect(!Self.alterations(of: proof).contains { holds($0) }, "from \(oldSize)")
            #expect(!holds(proof, oldRoot: Digest(of: [0xFF])), "from \(oldSize)")
            #expect(!holds(proof, newRoot: Digest(of: [0xFF])), "from \(oldSize)")
            for other in Set([1, oldSize - 1, oldSize + 1, newSize]) where other >= 1 && other <= newSize && other != oldSize {
                #expect(!holds(proof, from: other), "from \(other) instead of \(oldSize)")
            }
        }
        #expect(try MerkleTree.consistencyProof(from: 0, to: UInt64(newSize), node: tree.node) == nil)
        #expect(try MerkleTree.consistencyProof(from: UInt64(newSize) + 1, to: UInt64(newSize), node: tree.node) == nil)
        #expect(
            !MerkleTree.verifyConsistency(
                oldSize: 0, newSize: UInt64(newSize), oldRoot: .ofNothing, newRoot: tree.roots[newSize], proof: []))
    }

    @Test func `every subtree shows its leaves`() throws {
        let tree = try StoredTree(leaves: Self.leaves)
        for level in 0...4 {
            for start in stride(from: 0, to: Self.count, by: 1 << level) {
                let range = UInt64(start)..<UInt64(start + 1 << level)
                let root = try tree.node(MerkleTree.Position(level: level, index: UInt64(start >> level)))
                for index in range {
                    let proof = try #require(
                        try MerkleTree.inclusionProof(ofLeaf: index - range.lowerBound, size: UInt64(range.count)) {
                            try tree.node(
                                MerkleTree.Position(level: $0.level, index: $0.index + range.lowerBound >> UInt64($0.level)))
                        })
                    #expect(
                        MerkleTree.verifyInclusion(
                            of: Self.leaves[Int(index)], at: index, inSubtree: range, root: root, proof: proof))
                    if start > 0 {
                        // The same leaves do not lie where no subtree can begin.
                        let shifted = range.lowerBound - 1..<range.upperBound - 1
                        #expect(
                            level == 0
                                || !MerkleTree.verifyInclusion(
                                    of: Self.leaves[Int(index)], at: index - 1, inSubtree: shifted, root: root, proof: proof)
                        )
                    }
                }
            }
        }
    }

    @Test("a proof reads no more nodes than the tree is high, twice", arguments: [1_000_000, 1 << 20, (1 << 20) - 1] as [UInt64])
    func reads(size: UInt64) throws {
        for index in [0, 1, size / 3, size / 2, size - 2, size - 1] {
            var read = 0
            func node(_ position: MerkleTree.Position) -> Digest {
                read += 1
                return Self.leaves[0]
            }
            let inclusion = try #require(MerkleTree.inclusionProof(ofLeaf: index, size: size, node: node))
            #expect(inclusion.count <= 20 && read <= 40, "leaf \(index): \(read) nodes")
            read = 0
            let consistency = try #require(MerkleTree.consistencyProof(from: index + 1, to: size, node: node))
            #expect(consistency.count <= 21 && read <= 41, "from \(index + 1): \(read) nodes")
        }
    }

    @Test(
        "sizes near the end of numbers are neither a trap nor accepted",
        arguments: [.max, .max - 1, 1 << 63, 1 << 63 + 1, 1 << 63 - 1] as [UInt64])
    func large(size: UInt64) {
        let leaf = Self.leaves[0]
        let proof = Array(Self.leaves.prefix(64))
        #expect(!MerkleTree.verifyInclusion(of: leaf, at: size - 1, size: size, root: leaf, proof: proof))
        #expect(!MerkleTree.verifyInclusion(of: leaf, at: 0, size: size, root: leaf, proof: proof))
        #expect(!MerkleTree.verifyConsistency(oldSize: size - 1, newSize: size, oldRoot: leaf, newRoot: leaf, proof: proof))
        #expect(!MerkleTree.verifyInclusion(of: leaf, at: 0, inSubtree: 0..<size, root: leaf, proof: proof))
        #expect(!MerkleTree.verifySubtree(0..<size - 1, of: size, subtreeRoot: leaf, root: leaf, proof: proof))
        #expect(!MerkleTree.verifySubtree(size - 1..<size, of: size, subtreeRoot: leaf, root: leaf, proof: proof))
    }
}
