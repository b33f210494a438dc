internal import Catalog
public import Evidence
internal import Ledger

/// An entry of the access log as it is shown.
public struct AccessAccount: Sendable {
    public let number: Int
    public let time: Timestamp
    public let kind: String
    public let actor: Actor
    /// What was shown, of what was asked about.
    public let subjects: [String]
}

extension Archive {
    /// Who saw what is recorded of a person, their dossiers and their items, or of one item, newest first. That it was shown is in the
    /// access log too.
    ///
    /// - Parameters:
    ///   - reference: a person, a dossier or an item; the person whose account acts where none is given. Whoever inspects everything may
    ///     name the archive, for what was refused of nothing that there is, or `account:` and an account.
    ///   - before: only entries before this one, to go on behind a page.
    public func accesses(
        about reference: String?, before: Int? = nil, limit: Int = 50, by actor: Actor
    ) async throws -> [AccessAccount] {
        try await blocking.run { [self] in
            let subjects = try accessSubjects(reference, actor)
            let numbers = try catalog.accessNumbers(about: subjects.sorted(), before: before ?? Int.max, last: limit).reversed()
            let accounts = try numbers.compactMap { number -> AccessAccount? in
                guard let (_, header) = try catalog.accessEntry(number) else { return nil }
                return AccessAccount(
                    number: number, time: header.time, kind: header.kind, actor: header.actor,
                    subjects: header.subjects.filter(subjects.contains))
            }
            try catalog.appendAccess(.accessViewed, to: subjects.sorted(), by: actor, at: now())
            return accounts
        }
    }

    private func accessSubjects(_ reference: String?, _ actor: Actor) throws -> Set<String> {
        let people: [PersonID]
        if let reference {
            let text = reference.lowercased()
            if text == id.text || text.hasPrefix(Self.subject("")) {
                // What was refused of it, where it is about nobody.
                try permit(.inspect, "show the access log about \(text)", by: actor)
                let account = String(text.dropFirst(Self.subject("").count))
                guard try text == id.text || Actor.isAccount(account) && catalog.account(account) != nil else {
                    throw ArchiveError.notFound("account", account)
                }
                return [text]
            }
            if text.hasPrefix(DossierID.prefix) {
                return [try resolve(reference, as: DossierID.self, "dossier", to: .inspect, by: actor).text]
            }
            guard text.hasPrefix(PersonID.prefix) else { return [try resolve(reference, to: .inspect, by: actor).text] }
            people = [try resolve(reference, as: PersonID.self, "person", to: .inspect, by: actor)]
        } else {
            people = try catalog.people(account: actor.principal).map(\.id)
            guard !people.isEmpty else {
                throw ArchiveError.refused(act: "show the access log", reason: "\(actor.principal) is nobody's account; name a person or an item")
            }
        }
        var subjects = Set(people.map(\.text))
        for person in people {
            let dossiers = try catalog.dossiers(of: person)
            subjects.formUnion(dossiers.map(\.id.text))
            for dossier in dossiers {
                subjects.formUnion(try catalog.citations(of: dossier.id).map(\.evidence.item.text))
                subjects.formUnion(try catalog.decisions(about: dossier.id).compactMap { $0.title?.text })
            }
            subjects.formUnion(try catalog.items(of: person).map(\.id.text))
        }
        return subjects
    }

    /// Days that an entry of the access log is kept at least.
    public static let accessRetention = 365

    /// Drops entries of the access log that are older than so many days. A record says which; their places in the tree stay, so every
    /// checkpoint of the log still holds.
    ///
    /// - Returns: how many were dropped, and the record; `nil` where there was nothing to drop. `unfinished` says why old pages of the
    ///   databases may still have them, where somebody reads: the next erasure or drop rewrites them.
    public func dropAccesses(
        olderThan days: Int, reason: String, role: Role, by actor: Actor
    ) async throws -> (count: Int, record: Int, unfinished: String?)? {
        try await blocking.run { [self] in
            try acting {
                let act = "drop entries of the access log"
                guard days >= Self.accessRetention else {
                    throw ArchiveError.refused(act: act, reason: "they are kept for \(Self.accessRetention) days at least")
                }
                guard [.authority, .administrator].contains(role) else {
                    throw ArchiveError.refused(act: act, reason: "an authority or an administrator does, not \(role.rawValue)")
                }
                try permit(.act(role), act, by: actor)
                let until = Timestamp(milliseconds: now().milliseconds - Int64(days) * 86_400_000)
                let (first, before) = (try catalog.accessDropped(), try catalog.firstAccess(notBefore: until))
                guard before > first else { return nil }
                // The log is signed as it is before anything of it goes.
                try signing?.sign()
                let record = try catalog.drop(
                    AccessDrop(before: before, until: until, reason: try Self.line(reason, "reason")), subjects: [id.text], by: actor, at: now())
                return (before - first, record, try compactWhereNobodyReads())
            }
        }
    }

    private func compactWhereNobodyReads() throws -> String? {
        do {
            try catalog.compact()
            return nil
        } catch {
            guard case .inUse = error else { throw error }
            return "\(error)"
        }
    }
}
