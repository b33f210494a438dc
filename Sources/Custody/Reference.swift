internal import Catalog
internal import Evidence
internal import Synchronization

extension Archive {
    /// The id that `reference` spells or, where it is the beginning of one, the only one that begins so.
    ///
    /// - Parameter noun: what it names, for the error: `dossier`.
    func resolve<ID: OpaqueIdentifier>(_ reference: String, as type: ID.Type, _ noun: String) throws -> ID {
        let text = reference.lowercased()
        let full = text.hasPrefix(ID.prefix) ? text : ID.prefix + text
        guard full.utf8.count >= ID.prefix.utf8.count + 4 else { throw ArchiveError.tooShort(noun, reference) }
        guard full.utf8.allSatisfy({ $0 < 0x7E && $0 > 0x20 }) else { throw ArchiveError.notFound(noun, reference) }
        let found = try catalog.ids(type, prefix: full, limit: 5)
        guard let first = found.first else { throw ArchiveError.notFound(noun, reference) }
        guard found.count == 1 else { throw ArchiveError.ambiguous(noun, reference, found.map(\.text)) }
        return first
    }

    /// Runs one act at a time, so that what it looked at still holds when it records.
    func acting<Value>(_ act: () throws -> Value) throws -> Value {
        try turn.withLock { _ in try act() }
    }

    /// Appends records about one thing each.
    @discardableResult
    func record(_ drafts: [(RecordBody, [any OpaqueIdentifier])], by actor: Actor) throws -> Range<Int> {
        try catalog.append(drafts.map { Catalog.Draft($0, subjects: $1.map(\.text)) }, by: actor, at: now())
    }
}
