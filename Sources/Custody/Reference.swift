internal import Catalog
internal import Evidence
internal import Synchronization

extension Archive {
    /// The id that `reference` spells or, where it is the beginning of one, the only one that begins so, of those that `actor` sees.
    ///
    /// - Parameters:
    ///   - noun: what it names, for the error: `dossier`.
    ///   - permission: what is to be done to it.
    /// - Throws: ``ArchiveError/notFound(_:_:)`` also where it is hidden from them; ``ArchiveError/notPermitted(act:reason:)`` where they
    ///   see it, and may not do this to it.
    func resolve<ID: OpaqueIdentifier>(
        _ reference: String, as type: ID.Type, _ noun: String, to permission: Permission = .read, by actor: Actor
    ) throws -> ID {
        let id = try resolve(reference, as: type, noun, within: reach(of: actor, to: .read)) { full in
            let hidden = actor.isConsole ? [] : try catalog.ids(type, prefix: full, within: .everything, limit: 2)
            try recordHidden(hidden.count == 1 ? hidden.map(\.text) : [], by: actor)
        }
        if permission != .read { try permit(permission, to: id, "\(permission.verb) \(id)", by: actor) }
        return id
    }

    /// The only id within reach that `reference` spells or begins.
    ///
    /// - Parameter absent: called with the beginning where there is none.
    func resolve<ID: OpaqueIdentifier>(
        _ reference: String, as type: ID.Type, _ noun: String, within reach: Reach, absent: (String) throws -> Void = { _ in }
    ) throws -> ID {
        let text = reference.lowercased()
        let full = text.hasPrefix(ID.prefix) ? text : ID.prefix + text
        guard full.utf8.count >= ID.prefix.utf8.count + 4 else { throw ArchiveError.tooShort(noun, reference) }
        guard full.utf8.allSatisfy({ $0 < 0x7E && $0 > 0x20 }) else { throw ArchiveError.notFound(noun, reference) }
        let found = try catalog.ids(type, prefix: full, within: reach, limit: 5)
        guard let first = found.first else {
            try absent(full)
            throw ArchiveError.notFound(noun, reference)
        }
        guard found.count == 1 else { throw ArchiveError.ambiguous(noun, reference, found.map(\.text)) }
        return first
    }

    /// The item that `reference` names: its id, or enough of the beginning of it, with or without `ev-`; of those that `actor` sees.
    func resolve(_ reference: String, to permission: Permission = .read, by actor: Actor) throws -> EvidenceID {
        let text = reference.lowercased()
        let full = text.hasPrefix(EvidenceID.prefix) ? text : EvidenceID.prefix + text
        guard full.utf8.count >= EvidenceID.prefix.utf8.count + 4 else { throw ArchiveError.tooShort("evidence item", reference) }
        guard full.utf8.allSatisfy({ $0 < 0x80 && $0 > 0x20 && $0 != UInt8(ascii: "~") }) else {
            throw ArchiveError.noSuchItem(reference)
        }
        let found = try catalog.oneLook { try catalog.items(idPrefix: full, within: reach(of: actor, to: .read), limit: 5) }
        guard let first = found.first else {
            let hidden = actor.isConsole ? [] : try catalog.items(idPrefix: full, within: .everything, limit: 2)
            try recordHidden(hidden.count == 1 ? hidden.map(\.id.text) : [], by: actor)
            throw ArchiveError.noSuchItem(reference)
        }
        guard found.count == 1 else { throw ArchiveError.ambiguousItem(reference, found.map(\.id)) }
        if permission != .read { try permit(permission, to: first.id, "\(permission.verb) \(first.id)", by: actor) }
        return first.id
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

extension Permission {
    /// What it lets somebody do, for an error.
    fileprivate var verb: String {
        switch self {
        case .read, .compare: "look at"
        case .submit: "describe"
        case .act(let role): "act as \(role.rawValue) on"
        case .register: "declare"
        case .bundle: "bundle"
        case .inspect: "inspect"
        case .govern, .administer, .maintain: "administer"
        }
    }
}
