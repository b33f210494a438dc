internal import Catalog
public import Evidence
internal import Foundation
internal import Ledger
internal import Synchronization
internal import Vault

/// Something in the archive is not as it was recorded.
public enum Finding: Sendable, CustomStringConvertible {
    /// The object of these items; `quarantined` when something stood in its place and was moved away.
    case object(Digest, items: [EvidenceID], damage: String, quarantined: Bool)
    /// The canonical object of criteria or rules, `CODE@VERSION`.
    case ruleDocument(Digest, name: String, damage: String, quarantined: Bool)
    case record(number: Int, reason: String)
    case accessLogEntry(number: Int, reason: String)
    case pieceList(Digest)
    /// Something under `objects/` that is no object.
    case foreignFile(path: String)

    public var description: String {
        switch self {
        case .object(let digest, let items, let damage, let quarantined):
            "object \(digest) (\(items.isEmpty ? "an extracted text" : items.map(\.text).joined(separator: ", "))): \(damage)"
                + (quarantined ? "; moved to quarantine" : "")
                + (items.isEmpty ? "; make it anew with: minhchung extract" : "; deposit the file again, or restore it from a backup")
        case .ruleDocument(let digest, let name, let damage, let quarantined):
            "object \(digest) (rule document \(name)): \(damage)" + (quarantined ? "; moved to quarantine" : "")
                + "; import it again with: minhchung criteria import, or restore it from a backup"
        case .record(let number, let reason): "record \(number): \(reason)"
        case .accessLogEntry(let number, let reason): "access log entry \(number): \(reason)"
        case .pieceList(let digest): "object \(digest): the list of its pieces is not the recorded one; run minhchung rebuild"
        case .foreignFile(let path): "\(path): not an object, and nothing that minhchung put there"
        }
    }
}

/// How much to verify.
public struct VerifyBudget: Sendable {
    /// Object bytes to read, oldest check first; `nil` for all.
    public var bytes: Int64?
    /// Seconds to spend on objects; `nil` for as long as it takes.
    public var seconds: Double?

    public init(bytes: Int64? = nil, seconds: Double? = nil) {
        self.bytes = bytes
        self.seconds = seconds
    }

    var isUnlimited: Bool { bytes == nil && seconds == nil }
}

/// What a verification looked at.
public struct VerifySummary: Sendable {
    public var findings = 0
    /// Of those, about records and the access log.
    public var ledgerFindings = 0
    public var objects = 0
    public var bytes: Int64 = 0
    public var records = 0
    /// Objects that are whole again.
    public var restored: [Digest] = []
    /// Objects that no record names, left by deposits that were interrupted before they were acknowledged.
    public var unreferenced = 0
    /// The object whose bytes were not read for longest, after this run.
    public var oldestCheck: Timestamp?

    public var isSound: Bool { findings == 0 }
}

/// The summary that all lanes add to.
private final class Tally: Sendable {
    let summary = Mutex(VerifySummary())
}

extension Archive {
    /// Checks the ledger, the access log, and the bytes of all objects or of those not checked for longest.
    ///
    /// What is damaged is moved to quarantine and recorded, never served.
    /// - Parameters:
    ///   - report: called with each finding, one call at a time.
    ///   - progress: bytes of objects read, and bytes to read.
    public func verify(
        _ budget: VerifyBudget = VerifyBudget(), by actor: Actor, report: @escaping @Sendable (Finding) -> Void,
        progress: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) async throws -> VerifySummary {
        try await blocking.run { [self] in
            try permit(.maintain, "verify the archive", by: actor)
            try catalog.followDeposits()
            if catalog.damage == nil { try signing?.sign() }
            let tally = Tally()
            let found: @Sendable (Finding) -> Void = { finding in
                tally.summary.withLock { summary in
                    summary.findings += 1
                    switch finding {
                    case .record, .accessLogEntry: summary.ledgerFindings += 1
                    default: break  // because the others are about objects
                    }
                    report(finding)
                }
            }
            let started = now()
            let checkedKeys = Mutex<[Int64]>([])
            // What is found in a ledger that went backwards is told and not recorded: nothing may be appended to it.
            let isIntact = catalog.damage == nil
            // Short, so that a budget of time does not leave much in it when it is over.
            let work = Channel<ObjectView>(capacity: 64)
            let total = try budget.bytes ?? (budget.isUnlimited ? catalog.counts().bytes : 0)
            let lane: @Sendable () throws -> Void = {
                // Closed by whoever leaves first: by then the feeder is done, or a lane has failed and all stop.
                defer { work.close() }
                // Damaged ones too, or they would be first in every run with a budget and keep it from the others.
                var checked: [Digest] = []
                while let object = work.take() {
                    if try self.check(object, by: actor, found: found, tally: tally) { checkedKeys.withLock { $0.append(object.key) } }
                    checked.append(object.description.digest)
                    if checked.count >= 1000 {
                        try self.catalog.markChecked(checked, at: self.now())
                        checked = []
                    }
                    let done = tally.summary.withLock { summary in
                        summary.objects += 1
                        summary.bytes += object.description.size
                        return summary.bytes
                    }
                    progress(done, total)
                }
                if !checked.isEmpty { try self.catalog.markChecked(checked, at: self.now()) }
            }
            let feeder: @Sendable () throws -> Void = {
                defer { work.close() }
                if budget.isUnlimited {
                    try self.feedAll(work)
                } else {
                    try self.feedOldest(work, budget, started: started)
                }
            }
            let ledger: @Sendable () throws -> Void = {
                try self.catalog.verifyLedger(
                    keys: self.keysToVerify(),
                    report: { finding in
                        found(
                            finding.isAccessLog
                                ? .accessLogEntry(number: finding.number, reason: finding.reason)
                                : .record(number: finding.number, reason: finding.reason))
                    }, progress: { _, _ in })
                if budget.isUnlimited { try self.checkNames(found: found, tally: tally) }
            }
            try BlockingWork.together([feeder, ledger] + Array(repeating: lane, count: BlockingWork.laneCount))
            // Other findings than damaged objects are about the ledger itself: nothing is appended to what is not sound, nor where
            // nobody could sign it.
            let keys = checkedKeys.withLock { $0 }.sorted()
            if isIntact, signing != nil, !keys.isEmpty, tally.summary.withLock({ $0.ledgerFindings == 0 }) {
                try recordFixity(keys, started, by: actor)
            }
            var summary = tally.summary.withLock { $0 }
            summary.records = catalog.recordTree.size
            summary.oldestCheck = try catalog.oldestCheck()
            return summary
        }
    }

    private func feedAll(_ work: Channel<ObjectView>) throws {
        var after: Int64 = 0
        while true {
            let objects = try catalog.objects(after: after, limit: 1000)
            guard let last = objects.last else { return }
            for object in objects {
                guard work.put(object) else { return }
            }
            after = last.key
        }
    }

    private func feedOldest(_ work: Channel<ObjectView>, _ budget: VerifyBudget, started: Timestamp) throws {
        var bytes: Int64 = 0
        var cursor: Catalog.Check?
        // What is checked in the meantime is marked with a later time, so the walk never meets it again.
        while true {
            let oldest = try catalog.leastRecentlyChecked(before: started, after: cursor, limit: 500)
            guard let last = oldest.last else { return }
            cursor = last
            for check in oldest {
                let elapsed = Double(now().milliseconds - started.milliseconds) / 1000
                if let limit = budget.seconds, elapsed >= limit { return }
                if let limit = budget.bytes, bytes >= limit { return }
                guard let object = try catalog.object(check.object), object.erasedRecord == nil else { continue }
                bytes += object.description.size
                guard work.put(object) else { return }
            }
        }
    }

    /// The keys that checkpoints are held against. Where the records that tell of earlier ones are not readable, only the last.
    private func keysToVerify() -> [LedgerKey] {
        if let known = try? knownKeys() { return known.ledgerKeys }  // because of the line above
        return [NoteVerifier(identity.publicKey)].compactMap { $0.map { LedgerKey($0) } }
    }

    /// Ranges of objects that one record of a check has at most.
    private static let rangesInRecord = 1000

    /// Records that objects were read and are right: a fact about them, with its date, as every other.
    private func recordFixity(_ keys: [Int64], _ started: Timestamp, by actor: Actor) throws {
        var ranges: [ClosedRange<Int64>] = []
        for key in keys {
            if let last = ranges.last, key <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(key, last.upperBound)
            } else {
                ranges.append(key...key)
            }
        }
        let drafts = stride(from: 0, to: ranges.count, by: Self.rangesInRecord).map { start in
            let part = Array(ranges[start..<min(start + Self.rangesInRecord, ranges.count)])
            return (RecordBody.fixityChecked(FixityCheck(startedAt: started, ranges: part)), [id] as [any OpaqueIdentifier])
        }
        try record(drafts, by: actor)
    }

    /// Reads an object; what is not sound is moved away, recorded and reported. Answers whether it is sound.
    private func check(
        _ object: ObjectView, by actor: Actor, found: (Finding) -> Void, tally: Tally
    ) throws -> Bool {
        let description = object.description
        if let damage = catalog.damage, damage.isSetback {
            guard let damage = objects.damage(of: description.digest, size: description.size) else { return true }
            found(.object(description.digest, items: [], damage: damage.description, quarantined: false))
            return false
        }
        guard objects.damage(of: description.digest, size: description.size) != nil,
            let (damage, isMoved) = try objects.quarantine(description.digest, size: description.size)
        else {
            if object.isDamaged {
                try record(.objectRestored(object: description.digest), about: description.digest, by: actor)
                tally.summary.withLock { $0.restored.append(description.digest) }
            }
            if try !catalog.hasPieces(of: description) { found(.pieceList(description.digest)) }
            return true
        }
        if !object.isDamaged {
            try record(
                .objectDamaged(object: description.digest, damage: damage.description), about: description.digest, by: actor)
        }
        let items = try catalog.items(of: description.digest).map(\.id)
        if items.isEmpty, let rules = try catalog.ruleDocument(description.digest) {
            let name = "\(rules.code)@\(rules.version)"
            found(.ruleDocument(description.digest, name: name, damage: damage.description, quarantined: isMoved))
            return false
        }
        found(.object(description.digest, items: items, damage: damage.description, quarantined: isMoved))
        return false
    }

    /// Records what became of an object, about all items that have it.
    private func record(_ body: RecordBody, about object: Digest, by actor: Actor) throws {
        let items = try catalog.items(of: object).map(\.id.text)
        try catalog.append([Catalog.Draft(body, subjects: items)], by: actor, at: now())
    }

    /// Looks for files under `objects/` that no record names.
    private func checkNames(found: (Finding) -> Void, tally: Tally) throws {
        var shard: (first: UInt8, digests: Set<Digest>)?
        try objects.forEachStored { name in
            switch name {
            case .foreign(let path): found(.foreignFile(path: path))
            case .object(let digest):
                let first = digest.withUnsafeBytes { $0[0] }
                if shard?.first != first { shard = (first, try catalog.objectDigests(beginningWith: first)) }
                if shard?.digests.contains(digest) == false { tally.summary.withLock { $0.unreferenced += 1 } }
            }
        }
    }
}
