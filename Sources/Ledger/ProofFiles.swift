public import Evidence

/// That a record is in the tree of a checkpoint: C2SP `tlog-proof@v1`, one text that needs no network.
public struct InclusionProof: Sendable, Equatable {
    /// The number of the record, or of the entry of the access log.
    public let index: Int
    /// The audit path, the leaf's sibling first.
    public let path: [Digest]
    public let checkpoint: SignedCheckpoint

    public init(index: Int, path: [Digest], checkpoint: SignedCheckpoint) {
        self.index = index
        self.path = path
        self.checkpoint = checkpoint
    }

    private static let firstLine = "c2sp.org/tlog-proof@v1"

    public var bytes: [UInt8] {
        Ledger.bytes(of: "\(Self.firstLine)\nindex \(index)\n", path, checkpoint)
    }

    /// - Throws: ``NoteError/malformed(reason:)``, also for a proof with extra data, which no archive writes.
    public init(parsing bytes: [UInt8]) throws(NoteError) {
        let (lines, rest) = try head(of: bytes)
        guard lines.count >= 2, lines[0] == Self.firstLine, lines[1].hasPrefix("index "), let index = Int(lines[1].dropFirst(6)), index >= 0 else {
            throw .malformed(reason: "it is no tlog-proof")
        }
        self.init(index: index, path: try hashes(in: lines[2...]), checkpoint: try SignedCheckpoint(parsing: rest))
        guard self.bytes == bytes else { throw .malformed(reason: "the proof is not written in the one way that proofs are") }
    }

    /// Whether the leaf of these bytes is where the proof says.
    public func includes(_ leaf: [UInt8]) -> Bool {
        MerkleTree.verifyInclusion(
            of: MerkleTree.leafHash(leaf), at: UInt64(index), size: UInt64(checkpoint.checkpoint.size), root: checkpoint.checkpoint.root, proof: path)
    }
}

/// That the tree of a checkpoint continues an older one: the request `add-checkpoint` of C2SP `tlog-witness`.
public struct ConsistencyProof: Sendable, Equatable {
    public let oldSize: Int
    public let path: [Digest]
    public let checkpoint: SignedCheckpoint

    public init(oldSize: Int, path: [Digest], checkpoint: SignedCheckpoint) {
        self.oldSize = oldSize
        self.path = path
        self.checkpoint = checkpoint
    }

    /// What the protocol allows.
    public static let pathLimit = 63

    public var bytes: [UInt8] { Ledger.bytes(of: "old \(oldSize)\n", path, checkpoint) }

    public init(parsing bytes: [UInt8]) throws(NoteError) {
        let (lines, rest) = try head(of: bytes)
        guard let first = lines.first, first.hasPrefix("old "), let oldSize = Int(first.dropFirst(4)), oldSize >= 0 else {
            throw .malformed(reason: "it does not begin with the size of an older tree")
        }
        guard lines.count <= Self.pathLimit + 1 else { throw .malformed(reason: "the proof has more than \(Self.pathLimit) hashes") }
        self.init(oldSize: oldSize, path: try hashes(in: lines[1...]), checkpoint: try SignedCheckpoint(parsing: rest))
        guard self.bytes == bytes else { throw .malformed(reason: "the proof is not written in the one way that proofs are") }
    }

    /// Whether the tree continues the one that had this size and root. A tree of no leaves is continued by every tree.
    public func continues(size: Int, root: Digest) -> Bool {
        let new = checkpoint.checkpoint
        guard size == oldSize, size <= new.size else { return false }
        if size == 0 { return path.isEmpty }
        if size == new.size { return path.isEmpty && root == new.root }
        return MerkleTree.verifyConsistency(
            oldSize: UInt64(size), newSize: UInt64(new.size), oldRoot: root, newRoot: new.root, proof: path)
    }
}

/// The head of a proof, its hashes a line each, an empty line, and the checkpoint.
private func bytes(of head: String, _ path: [Digest], _ checkpoint: SignedCheckpoint) -> [UInt8] {
    let note = checkpoint.note.bytes
    var bytes = Array(head.utf8)
    bytes.reserveCapacity(bytes.count + 45 * path.count + 1 + note.count)
    for hash in path {
        hash.withUnsafeBytes { Base64.append($0, to: &bytes) }
        bytes.append(UInt8(ascii: "\n"))
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes + note
}

private func hashes(in lines: ArraySlice<Substring>) throws(NoteError) -> [Digest] {
    var found: [Digest] = []
    for line in lines {
        guard let bytes = Base64.bytes(of: line), let hash = Digest(bytes: bytes) else { throw .malformed(reason: "a line of the proof is no hash") }
        found.append(hash)
    }
    return found
}

/// The lines before the first empty one, and what is behind it.
private func head(of bytes: [UInt8]) throws(NoteError) -> (lines: [Substring], rest: [UInt8]) {
    guard bytes.count <= 2 * SignedNote.sizeLimit else { throw .malformed(reason: "it is too long") }
    var gap: Int?
    for index in bytes.indices.dropFirst() where bytes[index] == 0x0A && bytes[index - 1] == 0x0A {
        gap = index
        break
    }
    guard let gap, let text = String(validating: bytes[..<(gap - 1)], as: UTF8.self) else { throw .malformed(reason: "no empty line is in it") }
    return (text.split(separator: "\n", omittingEmptySubsequences: false), Array(bytes[(gap + 1)...]))
}
