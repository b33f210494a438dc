internal import Catalog
public import Evidence
internal import Foundation
public import Ledger
internal import Timestamping

/// A checkpoint of both trees with what others said of it.
public struct CheckpointAccount: Sendable {
    public let records: SignedCheckpoint
    public let access: SignedCheckpoint
    public let signedAt: Timestamp
    /// When a time-stamping authority saw the checkpoint of records.
    public let stampedAt: Timestamp?
}

/// What a time-stamping authority is asked by.
public struct StampRequest: Sendable {
    public let url: String
    /// PEM certificates that its answers are checked with before they are kept; `nil` where they are not.
    public let authorities: [UInt8]?

    public init(url: String, authorities: [UInt8]?) {
        self.url = url
        self.authorities = authorities
    }

    /// A checkpoint is stamped once in so many milliseconds.
    static let interval: Int64 = 24 * 3_600_000
}

extension Archive {
    /// Signs what is not signed yet and answers the newest checkpoints.
    ///
    /// - Parameter stamp: asks this authority for a time stamp, if the last one is a day old or there is none.
    public func checkpoint(stamp: StampRequest? = nil) async throws -> CheckpointAccount {
        try await blocking.run { [self] in
            try signing?.sign()
            guard let records = try catalog.checkpoint(.records), let access = try catalog.checkpoint(.access) else {
                throw ArchiveError.refused(act: "show the checkpoint", reason: "nothing was signed yet")
            }
            var stamped = try records.stamp.map { try TimestampToken(parsing: $0).time }
            let last = try catalog.lastStamp()
            if let stamp, stamped == nil, last.map({ now().milliseconds - $0.milliseconds >= StampRequest.interval }) ?? true {
                let imprint = Digest(of: Array(records.signed.note.text.utf8))
                let token = try TimestampAuthority(url: stamp.url).stamp(imprint)
                if let authorities = stamp.authorities { try token.verify(imprint: imprint, trusting: authorities) }
                try catalog.store(stamp: token.bytes, of: records.checkpoint, stampedAt: token.time)
                stamped = token.time
            }
            return CheckpointAccount(records: records.signed, access: access.signed, signedAt: records.signedAt, stampedAt: stamped)
        }
    }

    /// Proves that a record is in the tree of the newest checkpoint: at most one stored node for each level of the tree is read.
    public func prove(record number: Int, by actor: Actor) async throws -> (proof: InclusionProof, record: RecordCopy) {
        try await blocking.run { [self] in
            try permit(.inspect, "prove a record", by: actor)
            try signing?.sign()
            guard let checkpoint = try catalog.checkpoint(.records), number >= 0,
                let path = try catalog.inclusionPath(.records, of: number, size: checkpoint.checkpoint.size)
            else { throw ArchiveError.notFound("record", "\(number)") }
            let copy = try catalog.copy(ofRecord: number)
            // Its body may be about somebody.
            let subjects = try catalog.record(number).header.subjects.filter { subject in
                [EvidenceID.prefix, PersonID.prefix, DossierID.prefix, TitleID.prefix].contains { subject.hasPrefix($0) }
            }
            if !subjects.isEmpty { try catalog.appendAccess(.traced, to: subjects, by: actor, at: now()) }
            return (InclusionProof(index: number, path: path, checkpoint: checkpoint.signed), copy)
        }
    }

    // MARK: Witnesses

    /// What a witness is shown that has seen these trees: that both continue, and the restorations since.
    public func pull(for memory: WitnessMemory, by actor: Actor) async throws -> WitnessPull {
        try await blocking.run { [self] in
            try permit(.inspect, "witness the ledger", by: actor)
            guard memory.archive == id else {
                throw ArchiveError.refused(act: "show a witness", reason: "it watches archive \(memory.archive), and this is \(id)")
            }
            return try pull { tree in
                (memory.seen[tree] ?? []).map { (epoch: $0.epoch, size: $0.size) }
            }
        }
    }

    /// The same for a witness that has seen so many records and entries of the access log.
    public func pull(since records: Int, access: Int, by actor: Actor) async throws -> WitnessPull {
        try await blocking.run { [self] in
            try permit(.inspect, "witness the ledger", by: actor)
            let epoch = try catalog.epoch()
            return try pull { [(epoch: epoch, size: $0 == .records ? records : access)] }
        }
    }

    private func pull(_ seen: (LogTree) -> [(epoch: Int, size: Int)]) throws -> WitnessPull {
        try signing?.sign()
        let epoch = try catalog.epoch()
        let last = seen(.records).last?.epoch ?? epoch
        let restorations = try catalog.milestones(.archiveRestored).compactMap { number -> (number: Int, body: Restoration)? in
            guard case .archiveRestored(let body) = try catalog.record(number).body, body.epoch > last else { return nil }
            return (number, body)
        }
        func proof(_ tree: LogTree) throws -> ConsistencyProof {
            guard let checkpoint = try catalog.checkpoint(tree) else {
                throw ArchiveError.refused(act: "show a witness", reason: "nothing was signed yet")
            }
            let size = checkpoint.checkpoint.size
            // Of what was seen in an epoch that lost records, what is there still.
            let kept = restorations.map { tree == .records ? $0.number : $0.body.accessSize }.min() ?? Int.max
            let old = seen(tree).last { $0.size <= kept }?.size ?? 0
            guard let path = old <= size ? try catalog.consistencyPath(tree, from: old, to: size) : nil else {
                throw ArchiveError.refused(
                    act: "show a witness",
                    reason: "\(old) \(tree.noun) were seen, and there are \(size): the archive went backwards; if it was "
                        + "restored, minhchung restore would have begun a new epoch")
            }
            return ConsistencyProof(oldSize: old, path: path, checkpoint: checkpoint.signed)
        }
        let records = try proof(.records)
        let size = records.checkpoint.checkpoint.size
        return WitnessPull(
            records: records, access: try proof(.access),
            restorations: try restorations.filter { $0.number < size }.map { number, _ in
                let path = try catalog.inclusionPath(.records, of: number, size: size) ?? []
                return (try catalog.copy(ofRecord: number), InclusionProof(index: number, path: path, checkpoint: records.checkpoint))
            })
    }

    /// Keeps the cosignatures that a witness returned: bundles carry them from now on.
    ///
    /// - Throws: ``ArchiveError/refused(act:reason:)`` where they are not of checkpoints that this archive has signed, or do not verify.
    public func keep(_ reply: WitnessReply, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try permit(.inspect, "keep cosignatures", by: actor)
            func refuse(_ reason: String) -> ArchiveError { .refused(act: "keep the cosignatures of \(reply.witness.name)", reason: reason) }
            for (tree, signed) in [(LogTree.records, reply.records), (.access, reply.access)] {
                guard signed.checkpoint.origin.tree == tree, let own = try catalog.checkpoint(tree, size: signed.checkpoint.size),
                    own.checkpoint == signed.checkpoint
                else { throw refuse("\(signed.checkpoint) is no checkpoint that this archive has signed and kept") }
                do { try signed.note.verified(by: [reply.witness]) } catch { throw refuse("\(error)") }
                let lines = signed.note.signatures.filter { $0.keyName == reply.witness.name && $0.keyID == reply.witness.keyID }
                try catalog.store(lines, of: own.checkpoint, at: now())
            }
        }
    }
}
