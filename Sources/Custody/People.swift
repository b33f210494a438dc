internal import Catalog
public import Evidence
internal import Foundation
internal import Vault
internal import VietnameseText

/// A person to register.
public struct PersonEntry: Sendable {
    public let name: String
    public let birthYear: Int?
    public let group: String?
    public let account: String?
    /// Never kept as it is; see ``PersonalNumberTrace``.
    public let number: PersonalNumber?

    public init(name: String, birthYear: Int?, group: String? = nil, account: String? = nil, number: PersonalNumber? = nil) {
        self.name = name
        self.birthYear = birthYear
        self.group = group
        self.account = account
        self.number = number
    }
}

/// What became of an entry, or would.
public enum PersonOutcome: Sendable {
    case registered(PersonID)
    /// The same person, with nothing new to say.
    case known(PersonID)
    /// The same person; what is declared now supersedes what was.
    case changed(PersonID)
    /// A human has to look.
    case refused(String)
}

/// A person as people see them.
public struct PersonAccount: Sendable {
    public let id: PersonID
    public let name: String
    public let birthYear: Int?
    public let group: String?
    public let account: String?
    /// The last three digits of the personal number.
    public let numberEnding: String?
    public let record: Int
    public let dossiers: [DossierSummary]
    public let titles: [TitleSummary]
}

/// A title or honour of a person.
public struct TitleSummary: Sendable {
    public let id: TitleID
    public let person: PersonID
    public let cycle: Int
    /// Where it was given; `nil` for an honour.
    public let unit: UnitID?
    /// The name of the honour; `nil` for the title of a year.
    public let honour: String?
    public let code: String
    public let issuedOn: CalendarDate
    public let isRevoked: Bool
    public let record: Int
}

extension Archive {
    /// Registers people; with `applies` false it only says what it would do. Entries that are refused do not keep the others out.
    ///
    /// One person is one registration, wherever they declare: a personal number that is known names the person. Where a name and a
    /// year of birth are known and no number tells whether it is the same person, the entry is refused.
    public func registerPeople(
        _ entries: [PersonEntry], applies: Bool = true, by actor: Actor
    ) async throws -> [PersonOutcome] {
        try await blocking.run { [self] in
            try acting {
                let key = try folder.key(Self.personKey)
                var drafts: [(RecordBody, [any OpaqueIdentifier])] = []
                var inBatch: [String: PersonID] = [:]
                var outcomes: [PersonOutcome] = []
                for entry in entries {
                    outcomes.append(try outcome(of: entry, key: key, &inBatch, &drafts))
                }
                if applies, !drafts.isEmpty { try record(drafts, by: actor) }
                return outcomes
            }
        }
    }

    private func outcome(
        of entry: PersonEntry, key: [UInt8], _ inBatch: inout [String: PersonID], _ drafts: inout [(RecordBody, [any OpaqueIdentifier])]
    ) throws -> PersonOutcome {
        let name: String
        do { name = try Self.line(entry.name, "name") } catch { return .refused("\(error)") }
        let year = now().date.year
        if let birth = entry.birthYear, !(1900...year).contains(birth) {
            return .refused("the year of birth \(birth) is not between 1900 and \(year)")
        }
        if let account = entry.account, !Actor.isAccount(account) { return .refused("\"\(account)\" is no account") }
        let trace = entry.number?.trace(key: key)
        let identity = trace?.mac.hex ?? "\(name)/\(entry.birthYear.map(String.init) ?? "")"
        if let earlier = inBatch[identity] { return .refused("the same person as an entry before, \(earlier)") }
        func declaration(_ id: PersonID) -> PersonDeclaration {
            PersonDeclaration(
                person: id, name: name, birthYear: entry.birthYear, group: entry.group, account: entry.account, number: trace)
        }
        if let trace, let known = try catalog.people(numbered: trace.mac).first {
            guard SearchForm.folded(known.name) == SearchForm.folded(name), known.birthYear == entry.birthYear else {
                return .refused(
                    "the personal number that ends in \(trace.ending) is \(known.id)'s, with another name or year of birth: a human has to decide")
            }
            inBatch[identity] = known.id
            let isSame =
                known.name == name && (entry.group ?? known.group) == known.group && (entry.account ?? known.account) == known.account
            if isSame { return .known(known.id) }
            let changed = PersonDeclaration(
                person: known.id, name: name, birthYear: entry.birthYear, group: entry.group ?? known.group,
                account: entry.account ?? known.account, number: trace)
            drafts.append((.personDeclared(changed), [known.id]))
            return .changed(known.id)
        }
        if trace == nil, let known = try catalog.people(named: name, born: entry.birthYear).first {
            return .refused("may be \(known.id), who has this name and year of birth; give the personal number, or look at that person")
        }
        let id = PersonID.random()
        inBatch[identity] = id
        drafts.append((.personDeclared(declaration(id)), [id]))
        return .registered(id)
    }

    /// Text of one line as it is recorded: NFC, one space between words, at most 2,000 characters.
    static func line(_ text: String, _ field: String) throws -> String {
        guard let line = try EvidenceMetadata(title: text).checked().title else {
            throw ArchiveError.metadata(field: field, reason: "is empty")
        }
        return line
    }

    /// A person with their dossiers and titles. The view is in the access log before the answer is given.
    public func person(_ reference: String, by actor: Actor) async throws -> PersonAccount {
        try await blocking.run { [self] in
            let id = try resolve(reference, as: PersonID.self, "person")
            guard let person = try catalog.person(id) else { throw ArchiveError.notFound("person", reference) }
            let account = PersonAccount(
                id: id, name: person.name, birthYear: person.birthYear, group: person.group, account: person.account,
                numberEnding: person.numberEnding, record: person.record, dossiers: try catalog.dossiers(of: id).map(DossierSummary.init),
                titles: try catalog.decisions(about: id).compactMap(TitleSummary.init))
            try catalog.appendAccess(.personViewed, to: [id.text], by: actor, at: now())
            return account
        }
    }

    /// People in the order of registration, after one that was listed. What is listed is in the access log before it is given.
    public func people(after: PersonID? = nil, limit: Int = 50, by actor: Actor) async throws -> [PersonAccount] {
        try await blocking.run { [self] in
            let key = try after.map { try catalog.person($0)?.key ?? 0 } ?? 0
            let people = try catalog.people(after: key, limit: limit)
            if !people.isEmpty { try catalog.appendAccess(.personViewed, to: people.map(\.id.text), by: actor, at: now()) }
            return people.map {
                PersonAccount(
                    id: $0.id, name: $0.name, birthYear: $0.birthYear, group: $0.group, account: $0.account, numberEnding: $0.numberEnding,
                    record: $0.record, dossiers: [], titles: [])
            }
        }
    }
}

extension TitleSummary {
    init?(_ decision: DecisionView) {
        guard let title = decision.title else { return nil }
        self.init(
            id: title, person: decision.person, cycle: decision.cycle, unit: decision.unit, honour: decision.honour,
            code: "\(decision.codeNumber)/\(decision.codeNotation)", issuedOn: decision.issuedOn,
            isRevoked: decision.revokedRecord != nil, record: decision.record)
    }
}
