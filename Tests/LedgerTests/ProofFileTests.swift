import Evidence
import Ledger
import Testing

/// An archive as far as others see it: leaves of both trees, and the key that signs.
struct ShownArchive {
    var id = ArchiveID(unchecked: "ar-7h2k9q4m1c8r5t0w")
    var epoch = 1
    var signer: NoteSigner
    var leaves: [LogTree: [[UInt8]]] = [.records: [], .access: []]

    init(records: Int = 0, access: Int = 0) {
        signer = NoteSigner(name: LogOrigin.keyName(of: id), key: .random())
        grow(records: records, access: access)
    }

    mutating func grow(records: Int = 0, access: Int = 0) {
        for (tree, count) in [(LogTree.records, records), (.access, access)] {
            let size = leaves[tree]?.count ?? 0
            leaves[tree]? += (size..<(size + count)).map { Array("\(tree) \($0)".utf8) }
        }
    }

    func tree(_ tree: LogTree) throws -> StoredTree { try StoredTree(leaves: (leaves[tree] ?? []).map { MerkleTree.leafHash($0) }) }

    func checkpoint(_ tree: LogTree = .records) throws -> SignedCheckpoint {
        let stored = try self.tree(tree)
        return SignedCheckpoint(
            Checkpoint(origin: LogOrigin(archive: id, epoch: epoch, tree: tree), size: Int(stored.edge.size), root: stored.edge.root),
            signedBy: [signer])
    }

    func inclusion(of leaf: Int, in tree: LogTree = .records) throws -> InclusionProof {
        let stored = try self.tree(tree)
        let path = try MerkleTree.inclusionProof(ofLeaf: UInt64(leaf), size: stored.edge.size, node: stored.node)
        return InclusionProof(index: leaf, path: try #require(path), checkpoint: try checkpoint(tree))
    }

    func consistency(_ tree: LogTree = .records, since size: Int) throws -> ConsistencyProof {
        let stored = try self.tree(tree)
        let path = size == 0 ? [] : try MerkleTree.consistencyProof(from: UInt64(size), to: stored.edge.size, node: stored.node) ?? []
        return ConsistencyProof(oldSize: size, path: path, checkpoint: try checkpoint(tree))
    }

    /// A record that says that the archive was restored, with its proof.
    func restoration(at number: Int, disclosed: (salt: [UInt8], body: [UInt8])) throws -> (record: RecordCopy, proof: InclusionProof) {
        let header = try #require(leaves[.records]?[number])
        return (RecordCopy(header: header, disclosed: disclosed), try inclusion(of: number))
    }

    func pull(records: Int, access: Int, restorations: [(record: RecordCopy, proof: InclusionProof)] = []) throws -> WitnessPull {
        WitnessPull(
            records: try consistency(.records, since: records), access: try consistency(.access, since: access), restorations: restorations)
    }
}

@Suite("Proofs as files")
struct ProofFileTests {
    @Test("an inclusion proof is read as it is written, and holds for its leaf only", arguments: [1, 2, 3, 7, 8, 9, 20])
    func inclusion(size: Int) throws {
        let archive = ShownArchive(records: size)
        let leaves = try #require(archive.leaves[.records])
        for index in 0..<size {
            let proof = try archive.inclusion(of: index)
            let read = try InclusionProof(parsing: proof.bytes)
            #expect(read == proof && read.bytes == proof.bytes)
            try read.checkpoint.note.verified(by: [archive.signer.verifier])
            for (other, leaf) in leaves.enumerated() { #expect(read.includes(leaf) == (other == index)) }
            let elsewhere = InclusionProof(index: (index + 1) % max(2, size), path: proof.path, checkpoint: proof.checkpoint)
            #expect(!elsewhere.includes(leaves[index]))
        }
    }

    @Test func `an inclusion proof is the text of C2SP tlog-proof`() throws {
        let archive = ShownArchive(records: 3)
        let proof = try archive.inclusion(of: 2)
        let text = String(decoding: proof.bytes, as: UTF8.self)
        let hash = Base64.text(of: try archive.tree(.records).node(MerkleTree.Position(level: 1, index: 0)).bytes)
        let note = String(decoding: proof.checkpoint.note.bytes, as: UTF8.self)
        #expect(text == "c2sp.org/tlog-proof@v1\nindex 2\n\(hash)\n\n\(note)")
    }

    @Test("a changed byte of an inclusion proof is found") func inclusionFlipped() throws {
        let archive = ShownArchive(records: 9)
        let leaf = try #require(archive.leaves[.records]?[4])
        let bytes = try archive.inclusion(of: 4).bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            guard let proof = try? InclusionProof(parsing: changed),  // because a refusal is what is hoped for
                (try? proof.checkpoint.note.verified(by: [archive.signer.verifier])) != nil  // likewise
            else { continue }
            #expect(!proof.includes(leaf), "byte \(index)")
        }
    }

    @Test("a consistency proof is read as it is written, and holds for its old tree only", arguments: [1, 2, 3, 7, 8, 9, 20])
    func consistency(size: Int) throws {
        let archive = ShownArchive(records: size)
        let roots = try archive.tree(.records).roots
        for old in 0...size {
            let proof = try archive.consistency(since: old)
            let read = try ConsistencyProof(parsing: proof.bytes)
            #expect(read == proof && read.bytes == proof.bytes)
            for (other, root) in roots.enumerated() { #expect(read.continues(size: other, root: root) == (other == old), "\(old) \(other)") }
            if old > 0 { #expect(!read.continues(size: old, root: Digest(of: "other".utf8))) }
        }
    }

    @Test func `a consistency proof is the request of C2SP tlog-witness`() throws {
        let proof = try ShownArchive(records: 4).consistency(since: 4)
        #expect(String(decoding: proof.bytes, as: UTF8.self) == "old 4\n\n" + String(decoding: proof.checkpoint.note.bytes, as: UTF8.self))
    }

    @Test("a changed byte of a consistency proof is found") func consistencyFlipped() throws {
        let archive = ShownArchive(records: 9)
        let root = try archive.tree(.records).roots[5]
        let bytes = try archive.consistency(since: 5).bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            guard let proof = try? ConsistencyProof(parsing: changed),  // because a refusal is what is hoped for
                (try? proof.checkpoint.note.verified(by: [archive.signer.verifier])) != nil  // likewise
            else { continue }
            #expect(!proof.continues(size: 5, root: root), "byte \(index)")
        }
    }

    @Test("a proof that is spelled otherwise is refused") func spelling() throws {
        let archive = ShownArchive(records: 9)
        let inclusion = String(decoding: try archive.inclusion(of: 4).bytes, as: UTF8.self)
        let consistency = String(decoding: try archive.consistency(since: 5).bytes, as: UTF8.self)
        for (found, other) in [
            ("@v1", "@v2"), ("index 4", "index 04"), ("index 4", "index +4"), ("index 4", "index -4"), ("index 4", "index 4 "), ("index 4\n", ""),
            ("index 4\n", "index 4\nextra AAAA\n"), ("index 4\n", "index 4\n\n"), ("\n\n", "\n"),
        ] {
            try #require(inclusion.contains(found))
            #expect(throws: NoteError.self, "\(other)") { try InclusionProof(parsing: Array(inclusion.replacing(found, with: other).utf8)) }
        }
        let hash = Base64.text(of: Digest(of: "x".utf8).bytes)
        for (found, other) in [
            ("old 5", "old 05"), ("old 5", "old -5"), ("old 5", "Old 5"), ("old 5\n", ""), ("old 5\n", "old 5\n\n"), ("\n\n", "\n"),
            ("old 5\n", "old 5\nAAAA\n"), ("old 5\n", "old 5\n" + String(repeating: hash + "\n", count: 64)),
        ] {
            try #require(consistency.contains(found))
            #expect(throws: NoteError.self, "\(other)") { try ConsistencyProof(parsing: Array(consistency.replacing(found, with: other).utf8)) }
        }
        for bytes in [[], [0x0A], [0x0A, 0x0A], Array(repeating: 0x41, count: 200_000)] as [[UInt8]] {
            #expect(throws: NoteError.self) { try InclusionProof(parsing: bytes) }
            #expect(throws: NoteError.self) { try ConsistencyProof(parsing: bytes) }
        }
    }
}
