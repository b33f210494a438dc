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
    /// The unit whose officers keep the registration, by id or by the code that it has today.
    public let unit: String?
    /// Never kept as it is; see ``PersonalNumberTrace``.
    public let number: PersonalNumber?
    /// Who it is, where that is known: what is declared supersedes what was, and what is not said stays.
    public let person: PersonID?

    public init(
        name: String, birthYear: Int?, group: String? = nil, account: String? = nil, unit: String? = nil, number: PersonalNumber? = nil,
        person: PersonID? = nil
    ) {
        self.name = name
        self.birthYear = birthYear
        self.group = group
        self.account = account
        self.unit = unit
        self.number = number
        self.person = person
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
    /// Whose officers keep the registration.
    public let unit: UnitID?
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
    /// A later decision about the same dossier took its place.
    public let isReplaced: Bool
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
                let key = entries.contains { $0.number != nil } ? try personNumberKey() : nil
                var drafts: [(RecordBody, [any OpaqueIdentifier])] = []
                var inBatch: Set<String> = []
                var probed = Probed()
                var outcomes: [PersonOutcome] = []
                let reach = try reach(of: actor, to: .register)
                for entry in entries {
                    outcomes.append(try outcome(of: entry, key: key, by: actor, within: reach, &inBatch, &probed, &drafts))
                }
                // Who asks with a name or a number learns whom it is, or that somebody is.
                if !probed.shown.isEmpty { try catalog.appendAccess(.personViewed, to: probed.shown.sorted(), by: actor, at: now()) }
                if !probed.refused.isEmpty { try recordHidden(probed.refused.sorted(), by: actor) }
                if applies, !drafts.isEmpty { try record(drafts, by: actor) }
                return outcomes
            }
        }
    }

    /// The key under which personal numbers are kept. Another one would make two people of one number.
    func personNumberKey() throws -> [UInt8] {
        let key = try folder.key(Self.personKey)
        guard key.count == Self.personKeySize, PersonalNumber.fingerprint(of: key) == personKeyFingerprint else {
            throw ArchiveError.format(
                path: "\(folder.path)/keys/\(Self.personKey)", reason: "it is not this archive's key; restore it from the key backup")
        }
        return key
    }

    func personKeyFailure() -> String? {
        do {
            _ = try personNumberKey()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Whom entries are about that are registered already, and what their sender may not have.
    private struct Probed {
        var shown: Set<String> = []
        var refused: Set<String> = []
    }

    private func outcome(
        of entry: PersonEntry, key: [UInt8]?, by actor: Actor, within reach: Reach, _ inBatch: inout Set<String>, _ probed: inout Probed,
        _ drafts: inout [(RecordBody, [any OpaqueIdentifier])]
    ) throws -> PersonOutcome {
        let name: String
        do { name = try Self.line(entry.name, "name") } catch { return .refused("\(error)") }
        let year = now().dateInVietnam.year
        if let birth = entry.birthYear, !(1900...year).contains(birth) {
            return .refused("the year of birth \(birth) is not between 1900 and \(year)")
        }
        if let account = entry.account, !Actor.isAccount(account) { return .refused("\"\(account)\" is no account") }
        let unit: UnitID?
        do { unit = try entry.unit.map { try self.unit($0, on: now().dateInVietnam) } } catch let error as ArchiveError {
            return .refused("\(error)")
        }
        if !reach.isEverything, unit.map(reach.includes) != true {
            probed.refused.insert(unit?.text ?? self.id.text)
            return .refused("say in which of your units, with the unit: you may register people there as assistant")
        }
        func isSeen(_ id: PersonID) throws -> Bool {
            let isSeen = try catalog.ids(PersonID.self, prefix: id.text, within: reach, limit: 1).first == id
            if isSeen { probed.shown.insert(id.text) } else { probed.refused.insert(try catalog.person(id) == nil ? self.id.text : id.text) }
            return isSeen
        }
        /// Whom they may not see, nobody is told about.
        func told(_ id: PersonID) throws -> String { try isSeen(id) ? id.text : "somebody registered elsewhere" }
        let trace = key.flatMap { entry.number?.trace(key: $0) }
        // Where one of them has no number, an entry before it with this name and year of birth may be the same person.
        let called = "\(name)/\(entry.birthYear.map(String.init) ?? "")"
        let numberless = "\(called)/numberless"
        if inBatch.contains(trace?.mac.hex ?? called) || inBatch.contains(numberless) {
            return .refused("the same person as an entry before it, or may be")
        }
        let account = entry.account.map { "account \($0)" }
        if let account, inBatch.contains(account) { return .refused("the \(account) is another's in an entry before it") }
        let numbered = try trace.map { try catalog.people(numbered: $0.mac) } ?? []
        let known: PersonView?
        if let id = entry.person {
            known = try isSeen(id) ? try catalog.person(id) : nil
            if known == nil { return .refused("there is no person \(id)") }
            if let other = numbered.first(where: { $0.id != id }) {
                return .refused("the personal number is \(try told(other.id))'s: a human has to decide")
            }
        } else if let holder = numbered.first {
            let holding = try told(holder.id)
            guard probed.shown.contains(holder.id.text) else {
                return .refused("the personal number is \(holding)'s: they, or who keeps their registration, can move it")
            }
            guard SearchForm.folded(holder.name) == SearchForm.folded(name), holder.birthYear == entry.birthYear else {
                return .refused("the personal number is \(holding)'s, with another name or year of birth: a human has to decide")
            }
            known = holder
        } else {
            known = nil
            // Two of one name and year are two people only where two numbers say so.
            let namesakes = try catalog.people(named: name, born: entry.birthYear)
            if let same = namesakes.first(where: { trace == nil || $0.numberEnding == nil }) {
                let other = try told(same.id)
                guard probed.shown.contains(same.id.text) else {
                    return .refused("may be \(other), who has this name and year of birth: give the personal number, which tells")
                }
                return .refused("may be \(other), who has this name and year of birth; if so, declare that person anew with --person")
            }
        }
        if let account = entry.account, let other = try catalog.people(account: account).first(where: { $0.id != known?.id }) {
            return .refused("the account is \(try told(other.id))'s")
        }
        if known == nil, entry.account == actor.principal, !actor.isConsole { return .refused("nobody declares themselves; let somebody else do it") }
        inBatch.formUnion([trace?.mac.hex ?? numberless, called, account].compactMap(\.self))
        guard let known else {
            let id = PersonID.random()
            let new = PersonDeclaration(
                person: id, name: name, birthYear: entry.birthYear, group: entry.group, account: entry.account, unit: unit, number: trace)
            drafts.append((.personDeclared(new), [id]))
            return .registered(id)
        }
        if let record = known.erasedRecord { return .refused("\(known.id) was erased, by record \(record)") }
        guard case .personDeclared(let before) = try catalog.record(known.record).body else { return .refused("\(known.id) is not readable") }
        let changed = PersonDeclaration(
            person: known.id, name: name, birthYear: entry.birthYear ?? before.birthYear, group: entry.group ?? before.group,
            account: entry.account ?? before.account, unit: unit ?? before.unit, number: trace ?? before.number)
        if changed == before { return .known(known.id) }
        // A dossier in one's unit lets a person be seen there; where they are registered, their registration is kept.
        guard reach.isEverything || known.unit.map(reach.includes) == true else {
            probed.refused.insert(known.id.text)
            return .refused("\(known.id) is registered elsewhere: who keeps that registration changes it")
        }
        // Whose account it becomes sees all that is that person's.
        if entry.account == actor.principal { return .refused("nobody declares themselves; let somebody else do it") }
        guard reach.isEverything || before.account == nil || changed.account == before.account else {
            probed.refused.insert(known.id.text)
            return .refused("\(known.id) has an account already: it takes a role everywhere to give them another")
        }
        if try everyAccount(of: known.id).contains(actor.principal) { return .refused("nobody declares themselves anew; let somebody else do it") }
        drafts.append((.personDeclared(changed), [known.id]))
        return .changed(known.id)
    }

    /// Text of one line as it is recorded: NFC, one space between words, at most 2,000 characters.
    static func line(_ text: String, _ field: String) throws -> String {
        do {
            guard let line = try EvidenceMetadata(title: text).checked().title else {
                throw ArchiveError.metadata(field: field, reason: "is empty")
            }
            return line
        } catch ArchiveError.metadata(_, let reason) {
            throw ArchiveError.metadata(field: field, reason: reason)
        }
    }

    /// A person with their dossiers and titles. The view is in the access log before the answer is given.
    public func person(_ reference: String, by actor: Actor) async throws -> PersonAccount {
        try await blocking.run { [self] in
            let id = try resolve(reference, as: PersonID.self, "person", by: actor)
            guard let person = try catalog.person(id) else { throw ArchiveError.notFound("person", reference) }
            let reach = try reach(of: actor, to: .read)
            let account = PersonAccount(
                id: id, name: person.name, birthYear: person.birthYear, group: person.group, account: person.account,
                unit: person.unit, numberEnding: person.numberEnding, record: person.record,
                dossiers: try catalog.dossiers(of: id).filter { reach.includes($0.unit, of: id) }.map(summary),
                // An honour is in no unit, and whoever sees the person sees it.
                titles: try catalog.decisions(about: id).filter { $0.unit == nil || reach.includes($0.unit, of: id) }.compactMap(TitleSummary.init))
            try catalog.appendAccess(.personViewed, to: [id.text], by: actor, at: now())
            return account
        }
    }

    /// People whose name begins so, without regard to case and diacritics, by name. What is listed is in the access log before it
    /// is given.
    public func people(named text: String, limit: Int = 50, by actor: Actor) async throws -> [PersonAccount] {
        try await blocking.run { [self] in
            let people = try catalog.people(nameBeginning: Self.line(text, "name"), within: reach(of: actor, to: .read), limit: limit)
            if !people.isEmpty { try catalog.appendAccess(.personViewed, to: people.map(\.id.text), by: actor, at: now()) }
            return people.map(PersonAccount.init)
        }
    }

    /// People in the order of registration, after one that was listed. What is listed is in the access log before it is given.
    public func people(after: PersonID? = nil, limit: Int = 50, by actor: Actor) async throws -> [PersonAccount] {
        try await blocking.run { [self] in
            let reach = try reach(of: actor, to: .read)
            let key = try after.flatMap { try catalog.person(resolve($0.text, as: PersonID.self, "person", by: actor)) }?.key
            let people = try catalog.people(after: key ?? 0, within: reach, limit: limit)
            if !people.isEmpty { try catalog.appendAccess(.personViewed, to: people.map(\.id.text), by: actor, at: now()) }
            return people.map(PersonAccount.init)
        }
    }
}

extension PersonAccount {
    /// Without dossiers and titles.
    init(_ view: PersonView) {
        self.init(
            id: view.id, name: view.name, birthYear: view.birthYear, group: view.group, account: view.account, unit: view.unit,
            numberEnding: view.numberEnding, record: view.record, dossiers: [], titles: [])
    }
}

extension TitleSummary {
    init?(_ decision: DecisionView) {
        guard let title = decision.title else { return nil }
        self.init(
            id: title, person: decision.person, cycle: decision.cycle, unit: decision.unit, honour: decision.honour,
            code: "\(decision.codeNumber)/\(decision.codeNotation)", issuedOn: decision.issuedOn,
            isRevoked: decision.revokedRecord != nil, isReplaced: decision.replacedRecord != nil, record: decision.record)
    }
}
