internal import Catalog
internal import Evidence
internal import Ledger
internal import Vault

/// An erasure that was recorded and of which something is left to do, which the next opening of the archive tries again.
public struct UnfinishedErasure: Sendable, CustomStringConvertible {
    /// The tombstone, the first where there are several.
    public let record: Int
    /// The erasure list that it is to be in.
    public let list: String
    /// Whether what was erased is gone from the disk, and only the list lacks it.
    public let isOffDisk: Bool
    /// Why it could not be done; `nil` where it was not tried now.
    public let reason: String?

    public var description: String {
        let what =
            isOffDisk
            ? "its line is not in the erasure list \(list)" : "old pages of the databases may still have what was erased"
        let advice =
            isOffDisk
            ? "it is written when the archive is opened next, or into another list: minhchung erase … --list"
            : "they are rewritten when the archive is opened next"
        return "the erasure of record \(record) is not finished: \(what)\(reason.map { " (\($0))" } ?? ""); \(advice)"
    }
}

extension Archive {
    /// Erasures of which something is left to do.
    func unfinishedErasures() throws -> [UnfinishedErasure] {
        try catalog.erasuresToFinish().map {
            UnfinishedErasure(record: $0.records.lowerBound, list: $0.list, isOffDisk: $0.isOffDisk, reason: nil)
        }
    }

    /// Removes what recorded erasures left on the disk: objects, index, old pages of the databases; then lists them. Each step may be
    /// done twice, so an erasure that was cut off is finished by whoever opens the archive next. Nothing may be deposited meanwhile.
    ///
    /// - Parameter list: where to list those that their own lists do not take.
    /// - Returns: those that are not finished, because their list cannot be written or somebody reads the databases.
    @discardableResult
    func finishErasures(
        elsewhere list: String? = nil, progress: StageProgress = { _, _, _ in }
    ) throws -> [UnfinishedErasure] {
        let pending = try catalog.erasuresToFinish()
        guard !pending.isEmpty else { return [] }
        let obstacle = try takeOffDisk(pending.filter { !$0.isOffDisk }, progress)
        var unfinished: [UnfinishedErasure] = []
        for erasure in pending {
            let isOffDisk = erasure.isOffDisk || obstacle == nil
            let failure = try enlist(erasure, in: [erasure.list] + [list].compactMap(\.self))
            if isOffDisk, failure == nil {
                try catalog.finishErasure(erasure.records.lowerBound)
            } else {
                unfinished.append(
                    UnfinishedErasure(
                        record: erasure.records.lowerBound, list: erasure.list, isOffDisk: isOffDisk,
                        reason: isOffDisk ? failure.map { "\($0)" } : obstacle))
            }
        }
        return unfinished
    }

    /// - Returns: why it could not be done, where somebody reads the databases.
    private func takeOffDisk(_ pending: [Catalog.ErasureToFinish], _ progress: StageProgress) throws -> String? {
        guard !pending.isEmpty else { return nil }
        for erasure in try pending.flatMap(tombstones) {
            for (index, object) in erasure.objects.enumerated() {
                progress("erasing", index, erasure.objects.count)
                guard try catalog.object(object)?.erasedRecord != nil else { continue }
                try objects.erase(object)
                try folder.derived.erase(object)
            }
            try catalog.forgetChecks(of: erasure.objects)
            try catalog.forgetAnswers()
            if let person = erasure.person { try removeUploads(about: person) }
        }
        try eraseUnreferenced()
        try objects.emptyTrash()
        try dropSearchIndex()
        progress("rewriting the databases", 0, 1)
        do {
            try catalog.compact()
        } catch {
            guard case .inUse = error else { throw error }
            return "\(error)"
        }
        for erasure in pending { try catalog.markOffDisk(erasure.records.lowerBound) }
        // The index is only derived: where it cannot be folded now, the next search does.
        _ = indexFailure { try followIndex { progress("indexing", $0, $1) } }
        return nil
    }

    private func tombstones(of erasure: Catalog.ErasureToFinish) throws -> [Erasure] {
        try erasure.records.compactMap { number in
            guard case .dataErased(let erasure) = try catalog.record(number).body else { return nil }
            return erasure
        }
    }

    /// Objects that no record names: a crash between sealing and recording left them, and they may be copies of what was erased. What
    /// this process has staged stands in staging, or is staged again where it stood here.
    private func eraseUnreferenced() throws {
        var shard: (first: UInt8, digests: Set<Digest>)?
        var unreferenced: [Digest] = []
        try objects.forEachStored { name in
            // What is no object is reported by `verify`.
            guard case .object(let digest) = name else { return }
            let first = digest.withUnsafeBytes { $0[0] }
            if shard?.first != first { shard = (first, try catalog.objectDigests(beginningWith: first)) }
            if shard?.digests.contains(digest) == false { unreferenced.append(digest) }
        }
        for digest in unreferenced { try objects.erase(digest) }
    }

    /// Writes the line of an erasure into the first of the lists that takes it.
    ///
    /// - Returns: why the first does not, where none does.
    private func enlist(_ erasure: Catalog.ErasureToFinish, in lists: [String]) throws -> VaultError? {
        let listing = ErasureListing(
            try tombstones(of: erasure), takesShared: erasure.takesShared, try catalog.record(erasure.records.lowerBound).header, of: id)
        var failure: VaultError?
        for list in lists {
            do {
                let file = LineFile(path: list)
                if try !Self.listings(in: file).contains(where: { $0.covers(listing) }) { try file.append(listing.line) }
                return nil
            } catch let error as VaultError {
                failure = failure ?? error
            }
        }
        return failure
    }
}
