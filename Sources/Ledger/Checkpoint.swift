public import Evidence

/// One of the two trees of an archive.
public enum LogTree: String, Sendable, CaseIterable {
    case records
    /// Who saw personal evidence.
    case access
}

/// Which log a checkpoint is of: archive, epoch and tree. No two checkpoints of one origin are ever inconsistent; a restored
/// archive that has lost records begins a new epoch, and so a new origin.
public struct LogOrigin: Sendable, Hashable, CustomStringConvertible {
    public let archive: ArchiveID
    public let epoch: Int
    public let tree: LogTree

    public init(archive: ArchiveID, epoch: Int, tree: LogTree) {
        self.archive = archive
        self.epoch = epoch
        self.tree = tree
    }

    /// The name under which an archive signs, in every epoch.
    public static func keyName(of archive: ArchiveID) -> String { "\(archive).minhchung" }

    /// `ar-….minhchung/EPOCH/TREE`, the first line of a checkpoint.
    public var text: String { "\(Self.keyName(of: archive))/\(epoch)/\(tree.rawValue)" }
    public var description: String { text }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(".minhchung"), let archive = ArchiveID(String(parts[0].dropLast(".minhchung".count))),
            let epoch = Int(parts[1]), epoch > 0, String(epoch) == parts[1], let tree = LogTree(rawValue: String(parts[2]))
        else { return nil }
        self.init(archive: archive, epoch: epoch, tree: tree)
    }
}

/// How large a tree is and what its root is: the text of C2SP `tlog-checkpoint`.
public struct Checkpoint: Sendable, Hashable, CustomStringConvertible {
    public let origin: LogOrigin
    public let size: Int
    public let root: Digest

    public init(origin: LogOrigin, size: Int, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Three lines: origin, size, root in base 64.
    public var text: String { "\(origin)\n\(size)\n\(Base64.text(of: root.bytes))\n" }
    public var description: String { "\(origin), size \(size), root \(root)" }

    /// - Throws: ``NoteError/malformed(reason:)``. Extension lines are refused: no archive writes any.
    public init(text: String) throws(NoteError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, let origin = LogOrigin(lines[0]) else {
            throw .malformed(reason: "it is no checkpoint of an archive")
        }
        guard let size = Int(lines[1]), size >= 0, String(size) == lines[1] else { throw .malformed(reason: "its size is no number") }
        guard let bytes = Base64.bytes(of: lines[2]), let root = Digest(bytes: bytes) else { throw .malformed(reason: "its root is no digest") }
        self.init(origin: origin, size: size, root: root)
    }
}

/// A checkpoint as the archive signed it, perhaps with cosignatures of witnesses.
public struct SignedCheckpoint: Sendable, Equatable {
    public let checkpoint: Checkpoint
    public let note: SignedNote

    public init(_ checkpoint: Checkpoint, signedBy signers: [NoteSigner]) {
        self.checkpoint = checkpoint
        note = SignedNote(text: checkpoint.text, signatures: signers.map { $0.signature(of: checkpoint.text) })
    }

    /// Reads a checkpoint; nothing of it is to be believed before its note was verified.
    public init(parsing bytes: [UInt8]) throws(NoteError) {
        note = try SignedNote(parsing: bytes)
        checkpoint = try Checkpoint(text: note.text)
    }

    init(_ checkpoint: Checkpoint, _ note: SignedNote) {
        self.checkpoint = checkpoint
        self.note = note
    }

    /// The same with more signatures; one that is there already is not doubled. Cosignatures follow the archive's own, in the order
    /// of their lines, so that the same set is written in the same way.
    public func adding(_ cosignatures: [SignedNote.Signature]) -> SignedCheckpoint {
        let own = note.signatures.filter { $0.keyName == LogOrigin.keyName(of: checkpoint.origin.archive) }
        var others = note.signatures.filter { !own.contains($0) }
        for signature in cosignatures where !others.contains(signature) && !own.contains(signature) { others.append(signature) }
        return SignedCheckpoint(
            checkpoint, SignedNote(text: note.text, signatures: own + others.sorted { $0.line.utf8.lexicographicallyPrecedes($1.line.utf8) }))
    }
}

extension KeyRotation {
    /// The text that both keys sign.
    public static func statement(old: NoteVerifier, new: NoteVerifier) -> String { "minhchung key rotation\n\(old)\n\(new)\n" }

    /// The keys, where the new one has signed that it takes the old one's place, and the old one, if it has signed, agrees.
    public var keys: (old: NoteVerifier, new: NoteVerifier)? {
        guard let old = NoteVerifier(old), let new = NoteVerifier(new), old != new, old.name == new.name,
            let note = try? SignedNote(parsing: Array(endorsement.utf8)),  // because what is no note says nothing
            note.text == Self.statement(old: old, new: new), (try? note.verified(by: [new])) != nil,  // likewise
            (try? note.verified(by: [old, new])) != nil  // likewise
        else { return nil }
        return (old, new)
    }
}
