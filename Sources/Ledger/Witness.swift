public import Evidence

/// A record as it leaves the archive: enough to compute its leaf again and to hold its body against its header.
public struct RecordCopy: Sendable, Equatable {
    /// Canonical JSON; the leaf is over these bytes.
    public let header: [UInt8]
    /// Salt and canonical JSON of the body; `nil` where it was erased, and in the access log.
    public let disclosed: (salt: [UInt8], body: [UInt8])?

    public init(header: [UInt8], disclosed: (salt: [UInt8], body: [UInt8])?) {
        self.header = header
        self.disclosed = disclosed
    }

    public static func == (left: RecordCopy, right: RecordCopy) -> Bool { left.header == right.header && left.bytes == right.bytes }

    /// One canonical JSON object of `header` and, where it is disclosed, `salt` (64 hexadecimal digits) and `body`, and a newline.
    public var bytes: [UInt8] {
        // What is recorded is canonical, and these names are in order, so the whole is canonical as well.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.count + (disclosed?.body.count ?? 0) + 120)
        bytes.append(UInt8(ascii: "{"))
        let salt = disclosed.flatMap { Digest(bytes: $0.salt) }
        if let body = disclosed?.body {
            bytes += #""body":"#.utf8
            bytes += body
            bytes.append(UInt8(ascii: ","))
        }
        bytes += #""header":"#.utf8
        bytes += header
        if let salt { bytes += #","salt":"\#(salt.hex)""#.utf8 }
        bytes += "}\n".utf8
        return bytes
    }

    /// What ``bytes`` spells.
    var json: JSON { (try? JSON(canonical: Array(bytes.dropLast()))) ?? .null }  // because only canonical bytes are recorded

    /// Reads what ``bytes`` has, and only that.
    public init(parsing bytes: [UInt8]) throws(RecordFormError) {
        guard bytes.last == 0x0A else { throw .json(.notCanonical) }
        let json: JSON
        do { json = try JSON(canonical: Array(bytes.dropLast())) } catch { throw .json(error) }
        try self.init(json)
    }

    init(_ json: JSON) throws(RecordFormError) {
        guard case .object(let members) = json else { throw .wrong(field: "") }
        var fields = Fields(members: members)
        header = try fields.object("header").canonicalBytes
        if let salt = try fields.optional("salt", { Digest(hex: $0) }) {
            disclosed = (salt.bytes, try fields.object("body").canonicalBytes)
        } else {
            disclosed = nil
        }
        try fields.finish()
    }

    /// Header and body, after the body was held against the header.
    /// - Throws: ``RecordFormError``; `.wrong(field: "body")` where the body is not the one that the header commits to.
    public func opened() throws(RecordFormError) -> OpenedRecord {
        let header = try RecordForm.header(self.header)
        guard let (salt, bytes) = disclosed else { return OpenedRecord(copy: self, header: header, body: nil, members: [:]) }
        guard header.bodyCommitment == RecordForm.commitment(salt: salt, body: bytes) else { throw .wrong(field: "body") }
        guard let kind = RecordKind(rawValue: header.kind) else { throw .wrong(field: "kind") }
        let members = try RecordForm.members(of: bytes)
        return OpenedRecord(copy: self, header: header, body: try RecordForm.body(members, kind: kind), members: members)
    }
}

/// A record that was read, and what it says. A class, because it is large, and lists of records are filtered and passed on.
public final class OpenedRecord: Sendable {
    public let copy: RecordCopy
    public let header: RecordHeader
    /// `nil` in the access log, and where it was erased and what is left of it is not known.
    public let body: RecordBody?
    /// The members of the body as they are recorded, or left; none where there is no body.
    public let members: [String: JSON]

    public init(copy: RecordCopy, header: RecordHeader, body: RecordBody?, members: [String: JSON]) {
        self.copy = copy
        self.header = header
        self.body = body
        self.members = members
    }
}

/// What the archive hands a witness: that both trees continue what the witness saw, and where records were lost, the record that says
/// so. One canonical JSON object.
public struct WitnessPull: Sendable, Equatable {
    public let records: ConsistencyProof
    public let access: ConsistencyProof
    /// The restorations since, oldest first, each with its proof in the same tree of records.
    public let restorations: [(record: RecordCopy, proof: InclusionProof)]

    public init(records: ConsistencyProof, access: ConsistencyProof, restorations: [(record: RecordCopy, proof: InclusionProof)] = []) {
        self.records = records
        self.access = access
        self.restorations = restorations
    }

    public static func == (left: WitnessPull, right: WitnessPull) -> Bool { left.bytes == right.bytes }

    public var bytes: [UInt8] {
        func text(_ bytes: [UInt8]) -> JSON { .string(String(decoding: bytes, as: UTF8.self)) }
        var members: [String: JSON] = ["records": text(records.bytes), "access": text(access.bytes)]
        if !restorations.isEmpty {
            members["restorations"] = .array(restorations.map { .object(["record": $0.record.json, "proof": text($0.proof.bytes)]) })
        }
        return JSON.object(members).canonicalBytes + [0x0A]
    }

    public init(parsing bytes: [UInt8]) throws(WitnessError) {
        do {
            guard bytes.last == 0x0A, case .object(let members) = try JSON(canonical: Array(bytes.dropLast())) else {
                throw NoteError.malformed(reason: "it is no pull of an archive")
            }
            var fields = Fields(members: members)
            records = try ConsistencyProof(parsing: Array(try fields.string("records").utf8))
            access = try ConsistencyProof(parsing: Array(try fields.string("access").utf8))
            var found: [(record: RecordCopy, proof: InclusionProof)] = []
            for entry in fields.has("restorations") ? try fields.objects("restorations") : [] {
                var entry = entry
                let record = try RecordCopy(.object(try entry.objectMembers("record")))
                found.append((record, try InclusionProof(parsing: Array(try entry.string("proof").utf8))))
                try entry.finish()
            }
            restorations = found
            try fields.finish()
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

/// What a witness returns: the checkpoints that it followed, with its cosignatures. One canonical JSON object.
public struct WitnessReply: Sendable, Equatable {
    public let witness: NoteVerifier
    public let records: SignedCheckpoint
    public let access: SignedCheckpoint

    /// Cosigns what was followed. The memory of it has to be durable by then.
    public init(_ pull: WitnessPull, by witness: NoteSigner, at time: Timestamp) {
        self.witness = witness.verifier
        func cosigned(_ signed: SignedCheckpoint) -> SignedCheckpoint { signed.adding([witness.cosignature(of: signed.checkpoint, at: time)]) }
        records = cosigned(pull.records.checkpoint)
        access = cosigned(pull.access.checkpoint)
    }

    public var bytes: [UInt8] {
        func text(_ signed: SignedCheckpoint) -> JSON { .string(String(decoding: signed.note.bytes, as: UTF8.self)) }
        return JSON.object(["witness": .string(witness.text), "records": text(records), "access": text(access)]).canonicalBytes + [0x0A]
    }

    public init(parsing bytes: [UInt8]) throws(WitnessError) {
        do {
            guard bytes.last == 0x0A, case .object(let members) = try JSON(canonical: Array(bytes.dropLast())) else {
                throw NoteError.malformed(reason: "it is no reply of a witness")
            }
            var fields = Fields(members: members)
            guard let witness = NoteVerifier(try fields.string("witness")), witness.algorithm == .cosignature else {
                throw RecordFormError.wrong(field: "witness")
            }
            self.witness = witness
            records = try SignedCheckpoint(parsing: Array(try fields.string("records").utf8))
            access = try SignedCheckpoint(parsing: Array(try fields.string("access").utf8))
            try fields.finish()
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

/// Why a witness does not follow an archive. Each names the sizes that it is about.
public enum WitnessError: Error, Equatable, CustomStringConvertible {
    case unreadable(String)
    case untrusted(LogTree, NoteError)
    case foreign(expected: ArchiveID, found: ArchiveID)
    case wrongTree(expected: LogTree)
    /// The proof begins at another tree than the one that was seen.
    case otherBeginning(LogTree, seen: Int, proof: Int)
    /// The tree has become smaller.
    case truncated(LogTree, seen: Int, found: Int)
    /// The tree does not continue the one that was seen.
    case rewritten(LogTree, seen: Int, found: Int)
    /// The archive was restored and has lost records; a human has to accept the gap.
    case restored(epoch: Int, lost: [LogTree: Range<Int>], takenAt: Timestamp)
    /// A new epoch that no record explains.
    case unexplainedEpoch(LogTree, seen: Int, found: Int)
    /// The two trees are of different epochs.
    case mixedEpochs(records: Int, access: Int)

    public var description: String {
        switch self {
        case .unreadable(let reason): "cannot read what the archive gave: \(reason)"
        case .untrusted(let tree, let error): "cannot trust the checkpoint of the tree of \(tree.noun): \(error)"
        case .foreign(let expected, let found): "this is archive \(found), and the one that is watched is \(expected)"
        case .wrongTree(let expected): "the checkpoint is not of the tree of \(expected.noun)"
        case .otherBeginning(let tree, let seen, let proof):
            "the proof begins at \(proof) \(tree.noun), and \(seen) were seen last; ask the archive for: minhchung checkpoint --since \(seen)"
        case .truncated(let tree, let seen, let found):
            "REFUSED: the tree of \(tree.noun) was cut off: \(seen) were seen, now there are \(found)"
        case .rewritten(let tree, let seen, let found):
            "REFUSED: the tree of \(tree.noun) was rewritten: its \(found) do not continue the \(seen) that were seen"
        case .restored(let epoch, let lost, let takenAt):
            "the archive was restored from a backup of \(takenAt) and says so (epoch \(epoch)): "
                + (lost.isEmpty
                    ? "nothing that was seen is lost"
                    : lost.sorted { $0.key.rawValue > $1.key.rawValue }
                        .map {
                            "of the \($0.key.noun) that were seen, \($0.value.lowerBound) to \($0.value.upperBound - 1) are lost, or cannot be compared"
                        }
                        .joined(separator: ", ")) + "; to go on from there: --accept-epoch \(epoch)"
        case .mixedEpochs(let records, let access):
            "REFUSED: the tree of records is of epoch \(records), the one of the access log of epoch \(access)"
        case .unexplainedEpoch(let tree, let seen, let found):
            "REFUSED: the tree of \(tree.noun) is of epoch \(found), epoch \(seen) was seen, and no record says that the archive was restored"
        }
    }
}

extension LogTree {
    /// What its leaves are called.
    public var noun: String { self == .records ? "records" : "access log entries" }
}

/// What a witness knows of one archive: the trees that it saw. A pure value; whoever keeps it makes it durable before it cosigns.
public struct WitnessMemory: Sendable, Equatable {
    /// A tree as it was seen.
    public struct Seen: Sendable, Hashable {
        public let epoch: Int
        public let size: Int
        public let root: Digest
        public let at: Timestamp

        public init(epoch: Int, size: Int, root: Digest, at: Timestamp) {
            self.epoch = epoch
            self.size = size
            self.root = root
            self.at = at
        }
    }

    public let archive: ArchiveID
    /// The archive's keys that are trusted, as the inspector got them.
    public let keys: [NoteVerifier]
    /// Oldest first, of both trees.
    public private(set) var seen: [LogTree: [Seen]]

    public init(archive: ArchiveID, keys: [NoteVerifier], seen: [LogTree: [Seen]] = [:]) {
        self.archive = archive
        self.keys = keys
        self.seen = seen
    }

    /// The size that was seen last; 0 where nothing was.
    public func lastSize(of tree: LogTree) -> Int { seen[tree]?.last?.size ?? 0 }

    /// Takes what the archive shows, if it continues what was seen.
    ///
    /// - Parameter accepts: the epoch of a restored archive that a human accepts with its gap.
    /// - Returns: what a restoration lost of what was seen, or may have changed, because no tree that was seen ends before it; empty where
    ///   all is continued.
    /// - Throws: ``WitnessError``; nothing is taken then.
    @discardableResult
    public mutating func follow(
        _ pull: WitnessPull, accepting accepts: Int? = nil, at time: Timestamp
    ) throws(WitnessError) -> [LogTree: Range<Int>] {
        let restorations = try self.restorations(in: pull)
        let epochs = (records: pull.records.checkpoint.checkpoint.origin.epoch, access: pull.access.checkpoint.checkpoint.origin.epoch)
        guard epochs.records == epochs.access else { throw .mixedEpochs(records: epochs.records, access: epochs.access) }
        var next = seen
        var lost: [LogTree: Range<Int>] = [:]
        var unasked: Restoration?
        for (tree, proof) in [(LogTree.records, pull.records), (.access, pull.access)] {
            let found = proof.checkpoint.checkpoint
            try check(proof.checkpoint, of: tree)
            let last = seen[tree]?.last
            let base: Seen?
            if let last, found.origin.epoch != last.epoch {
                let since = restorations.filter { $0.body.epoch > last.epoch }
                guard found.origin.epoch > last.epoch, since.last?.body.epoch == found.origin.epoch else {
                    throw .unexplainedEpoch(tree, seen: last.epoch, found: found.origin.epoch)
                }
                // What was there before the oldest of the lost records is there still, and only that.
                let kept = since.map { tree == .records ? $0.number : $0.body.accessSize }.min() ?? 0
                base = seen[tree]?.last { $0.size <= kept }
                // Only up to a tree that was seen can anything be compared.
                let compared = base?.size ?? 0
                if last.size > kept { lost[tree] = compared..<last.size }
                unasked = since.last?.body
                next[tree]?.removeAll { $0.size > kept }
            } else {
                base = last
            }
            let size = base?.size ?? 0
            guard found.size >= size else { throw .truncated(tree, seen: size, found: found.size) }
            guard proof.oldSize == size else { throw .otherBeginning(tree, seen: size, proof: proof.oldSize) }
            guard proof.continues(size: size, root: base?.root ?? .ofNothing) else { throw .rewritten(tree, seen: size, found: found.size) }
            let now = Seen(epoch: found.origin.epoch, size: found.size, root: found.root, at: time)
            if last.map({ $0.epoch != now.epoch || $0.size != now.size }) ?? true { next[tree, default: []].append(now) }
        }
        if let unasked, accepts != unasked.epoch { throw .restored(epoch: unasked.epoch, lost: lost, takenAt: unasked.takenAt) }
        seen = next
        return lost
    }

    /// The same memory that trusts these keys of the archive as well.
    public func trusting(_ more: [NoteVerifier]) -> WitnessMemory {
        WitnessMemory(archive: archive, keys: keys + more.filter { !keys.contains($0) }, seen: seen)
    }

    private func check(_ signed: SignedCheckpoint, of tree: LogTree) throws(WitnessError) {
        let origin = signed.checkpoint.origin
        guard origin.archive == archive else { throw .foreign(expected: archive, found: origin.archive) }
        guard origin.tree == tree else { throw .wrongTree(expected: tree) }
        do { try signed.note.verified(by: keys) } catch { throw .untrusted(tree, error) }
    }

    private func restorations(in pull: WitnessPull) throws(WitnessError) -> [(number: Int, body: Restoration)] {
        var found: [(number: Int, body: Restoration)] = []
        for (record, proof) in pull.restorations {
            guard proof.checkpoint.checkpoint == pull.records.checkpoint.checkpoint, proof.includes(record.header) else {
                throw .unreadable("the record of a restoration is not in the tree")
            }
            do {
                let opened = try record.opened()
                guard case .archiveRestored(let body)? = opened.body, opened.header.number == proof.index else {
                    throw RecordFormError.wrong(field: "kind")
                }
                found.append((opened.header.number, body))
            } catch {
                throw .unreadable("the record of a restoration: \(error)")
            }
        }
        return found
    }

    // MARK: As a file

    /// One canonical JSON object and a newline: what the witness keeps, and what an archive may see.
    public var bytes: [UInt8] {
        let members: [String: JSON] = [
            "archive": .string(archive.text), "keys": .array(keys.map { .string($0.text) }),
            "seen": .object(
                Dictionary(
                    uniqueKeysWithValues: seen.map { tree, seen in
                        (
                            tree.rawValue,
                            .array(
                                seen.map {
                                    .object([
                                        "epoch": .integer(Int64($0.epoch)), "size": .integer(Int64($0.size)), "root": .string($0.root.hex),
                                        "at": .string($0.at.description),
                                    ])
                                })
                        )
                    })),
        ]
        return JSON.object(members).canonicalBytes + [0x0A]
    }

    public init(parsing bytes: [UInt8]) throws(WitnessError) {
        do {
            guard bytes.last == 0x0A, case .object(let members) = try JSON(canonical: Array(bytes.dropLast())) else {
                throw NoteError.malformed(reason: "it is no memory of a witness")
            }
            var fields = Fields(members: members)
            archive = try fields.id("archive")
            var keys: [NoteVerifier] = []
            for text in try fields.strings("keys") {
                guard let key = NoteVerifier(text) else { throw RecordFormError.wrong(field: "keys") }
                keys.append(key)
            }
            self.keys = keys
            var trees = try fields.object("seen")
            var seen: [LogTree: [Seen]] = [:]
            for tree in LogTree.allCases where trees.has(tree.rawValue) {
                for entry in try trees.objects(tree.rawValue) {
                    var entry = entry
                    seen[tree, default: []].append(
                        Seen(
                            epoch: Int(try entry.integer("epoch")), size: Int(try entry.integer("size")), root: try entry.digest("root"),
                            at: try entry.value("at") { Timestamp($0) }))
                    try entry.finish()
                }
            }
            self.seen = seen
            try trees.finish()
            try fields.finish()
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
