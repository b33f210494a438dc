internal import Catalog
internal import Evidence
internal import Foundation
internal import Ledger
internal import Vault

/// Erasing again what the erasure list says, where a backup has brought it back.
extension Archive {
    /// What an erasure list has; a line that is none is skipped where `file` is only added to.
    static func listings(in file: LineFile) throws -> [ErasureListing] {
        try file.lines().compactMap { try? ErasureListing(parsing: $0) }  // because whoever replays the list reads it strictly
    }

    /// An erasure list, every line of which has to be one.
    static func erasureList(at path: String) throws -> [ErasureListing] {
        var listings: [ErasureListing] = []
        for (index, line) in try LineFile(path: path).lines().enumerated() where !line.isEmpty {
            do {
                listings.append(try ErasureListing(parsing: line))
            } catch {
                throw ArchiveError.refused(
                    act: "read the erasure list \(path)",
                    reason: "line \(index + 1) is no line of one: \(error); mend or remove it, and restore again")
            }
        }
        return listings
    }

    /// Erases the person and the items of a listing as far as they are here and are not erased: these and no others, and mentions of the
    /// person where the listing says that they went. A legal hold wins. What it leaves on the disk is removed by
    /// ``finishErasures(elsewhere:progress:)``.
    /// - Returns: the tombstone, the first where there are several; `nil` where there is nothing of it.
    func erase(again listing: ErasureListing, list: String, by actor: Actor) throws -> Int? {
        try acting {
            func refuse(_ reason: String) -> ArchiveError {
                .refused(act: "erase again what record \(listing.record) of \(listing.time) had erased", reason: reason)
            }
            let grounds = ErasureGrounds(reason: listing.reason, legalBasis: listing.legalBasis, role: listing.role)
            var draft = ErasureDraft()
            for item in listing.items {
                if let view = try catalog.item(item), view.erasedRecord == nil { draft.items.insert(item) }
            }
            if let id = listing.person, let person = try catalog.person(id), person.erasedRecord == nil {
                var papers: Set<EvidenceID> = []
                let named = try planOwn(id, &draft, grounds, papers: &papers, refuse)
                try planMentions(&draft, takesShared: listing.takesShared, named.isNamed(in:), refuse) { _, _, _ in }
            }
            guard draft.person != nil || !draft.items.isEmpty else { return nil }
            try plan(items: &draft, refuse)
            try planTombstones(&draft)
            return try apply(draft, grounds, takesShared: listing.takesShared, list: list, by: actor, refuse)
        }
    }
}

extension ErasureListing {
    /// Whether whoever replays this erases all that the other says.
    func covers(_ other: ErasureListing) -> Bool {
        archive == other.archive && (other.person == nil || person == other.person) && Set(other.items).isSubset(of: items)
            && (takesShared || !other.takesShared)
    }
}
