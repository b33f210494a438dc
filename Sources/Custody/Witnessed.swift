internal import Catalog
internal import Evidence
internal import Ledger

/// The newest trees that somebody outside has seen of an archive: what a witness remembers, its reply, or a checkpoint.
public struct Witnessed: Sendable {
    let archive: ArchiveID
    let seen: [LogTree: Restoration.KnownTree]
    /// What has a signature of the archive.
    let notes: [SignedNote]

    /// Reads the `memory.json` of a witness, its reply, or a signed checkpoint.
    /// - Throws: ``ArchiveError/refused(act:reason:)`` where it is none of them.
    public init(parsing bytes: [UInt8]) throws {
        if let memory = try? WitnessMemory(parsing: bytes) {  // because it may be one of the others
            archive = memory.archive
            seen = memory.seen.compactMapValues { $0.last.map { Restoration.KnownTree(epoch: $0.epoch, size: $0.size, root: $0.root) } }
            notes = []
            return
        }
        let signed: [SignedCheckpoint]
        if let reply = try? WitnessReply(parsing: bytes) {  // likewise
            signed = [reply.records, reply.access]
        } else if let checkpoint = try? SignedCheckpoint(parsing: bytes) {  // likewise
            signed = [checkpoint]
        } else {
            throw ArchiveError.refused(
                act: "read what was witnessed", reason: "it is no memory.json of a witness, no reply of one, and no signed checkpoint")
        }
        archive = signed[0].checkpoint.origin.archive
        seen = Dictionary(
            signed.map {
                (
                    $0.checkpoint.origin.tree,
                    Restoration.KnownTree(epoch: $0.checkpoint.origin.epoch, size: $0.checkpoint.size, root: $0.checkpoint.root)
                )
            },
            uniquingKeysWith: { first, _ in first })
        notes = signed.map(\.note)
    }

    /// The epoch that a restored archive goes on in: its own where it has all that was seen, and otherwise a new one.
    ///
    /// - Throws: ``ArchiveError/refused(act:reason:)`` where the archive is not the past of what was seen.
    func epoch(after catalog: Catalog, archive id: ArchiveID, keys: [NoteVerifier]) throws -> Int {
        func refuse(_ reason: String) -> ArchiveError { .refused(act: "hold the backup against what was witnessed", reason: reason) }
        guard archive == id else { throw refuse("that is archive \(archive), and the backup is of \(id)") }
        for note in notes {
            do { try note.verified(by: keys) } catch {
                throw refuse("\(error); if the key was changed since the backup, give the memory.json of the witness instead")
            }
        }
        let own = try catalog.epoch()
        var isBehind = seen[.records] == nil
        for (tree, known) in seen.sorted(by: { $0.key.rawValue > $1.key.rawValue }) {
            let (size, _) = catalog.tree(tree)
            // Of another epoch nothing can be said but that it is another.
            guard known.epoch == own else {
                isBehind = true
                continue
            }
            if known.size > size {
                isBehind = true
            } else if try catalog.root(tree, size: known.size) != known.root {
                throw refuse(
                    "the first \(known.size) \(tree.noun) of the backup are not those that were seen: this backup is not the past of that archive")
            }
        }
        return isBehind ? max(own, seen.values.map(\.epoch).max() ?? 0) + 1 : own
    }
}
