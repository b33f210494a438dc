import Custody
import Evidence
import Foundation
import Recognition
import Testing

/// A province with two wards; somebody of each role in the first, and evidence in both.
private struct Province {
    let ward: TestWard
    let province: UnitID
    let here: UnitID
    let elsewhere: UnitID
    let (citizen, stranger): (Citizen, Citizen)
    /// Cited in a dossier of the ward here, and of the ward elsewhere.
    let (item, foreignItem): (EvidenceID, EvidenceID)
    let (dossier, foreignDossier): (DossierID, DossierID)

    static let word = "zephyranthes"

    init(_ ward: TestWard) async throws {
        self.ward = ward
        let archive = ward.archive
        let outcomes = try await archive.declareUnits(
            [UnitEntry(name: "Tỉnh Thí Dụ", code: "99", kind: .province, validFrom: try day("2021-01-01"))], by: console)
        guard case .declared(let province) = try #require(outcomes.first) else { throw Unexpected("\(outcomes)") }
        self.province = province
        (here, elsewhere) = (ward.unit, ward.otherUnit)
        for (unit, name, code, kind) in [(here, "Phường Tân Thạnh", "20335", UnitKind.ward), (elsewhere, "Xã Thí Dụ", "20336", .commune)] {
            _ = try await archive.declareUnits(
                [
                    UnitEntry(
                        name: name, code: code, kind: kind, parent: province.text, validFrom: try day("2025-07-01"), unit: unit.text)
                ], by: console)
        }
        (citizen, stranger) = (try await ward.citizen(), try await ward.citizen())
        item = try await ward.proof("Chứng nhận hoa hồng", of: citizen)
        foreignItem = try await ward.proof("Chứng nhận \(Self.word)", of: stranger)
        dossier = try await ward.declared(citizen, item)
        foreignDossier = try await ward.declared(stranger, foreignItem, unit: elsewhere)
        for role in Role.allCases where role != .citizen {
            try await archive.openAccount("\(role.rawValue)-9", by: console)
            _ = try await archive.grantRole(role, to: "\(role.rawValue)-9", unit: here.text, by: console)
        }
        for account in [citizen.actor.principal, stranger.actor.principal, "nobody"] { try await archive.openAccount(account, by: console) }
    }

    func actor(_ role: Role) -> Actor {
        role == .citizen ? Actor(account: citizen.actor.principal) : Actor(account: "\(role.rawValue)-9")
    }
}

/// What came of asking: it was given, it was not there, or it was there and not permitted.
private enum Answer: String {
    case given, hidden, forbidden, refused

    static func of(_ ask: () async throws -> Void) async throws -> Answer {
        do {
            try await ask()
            return .given
        } catch let error as ArchiveError {
            switch error {
            case .notPermitted: return .forbidden
            case .refused: return .refused
            case _ where Archive.isNotFound(error): return .hidden
            case .metadata(let field, _) where field == "person": return .hidden
            default: throw error
            }
        } catch is LifeError { return .refused }
    }
}

@Suite("Permission", .serialized, .timeLimit(.minutes(10)))
struct PermissionTests {
    private static let readers: Set<Role> = [.citizen, .assistant, .reviewer, .appraiser, .confirmer, .authority, .inspector]

    @Test("a role reads what is in its unit, and for it the rest is not there", arguments: Role.allCases)
    func reading(_ role: Role) async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            let (archive, by) = (ward.archive, all.actor(role))
            let reads = Self.readers.contains(role)
            func expect(_ what: String, _ answer: Answer, _ ask: () async throws -> Void) async throws {
                let got = try await Answer.of(ask)
                #expect(got == answer, "\(role) \(what)")
            }
            let own: Answer = reads ? .given : .hidden
            for (item, answer) in [(all.item, own), (all.foreignItem, .hidden), (EvidenceID.random(), .hidden)] {
                try await expect("item", answer) { _ = try await archive.item(item.text, by: by) }
                try await expect("beginning of an id", answer) { _ = try await archive.item(String(item.text.prefix(12)), by: by) }
                try await expect("bytes", answer) { try await archive.export(item.text, by: by, begin: { _ in }, write: { _ in }) }
                try await expect("trace", answer) { _ = try await archive.traceEvidence(item.text, by: by) }
            }
            for (dossier, answer) in [(all.dossier, own), (all.foreignDossier, .hidden), (DossierID.random(), .hidden)] {
                try await expect("dossier", answer) { _ = try await archive.dossier(dossier.text, by: by) }
                try await expect("matrix", answer) { _ = try await archive.matrix(dossier.text, by: by) }
                try await expect("history", answer) { _ = try await archive.history(dossier.text, by: by) }
                try await expect("verdict", answer) { _ = try await archive.verdict(of: dossier.text, by: nil, by: by) }
            }
            for (person, answer) in [(all.citizen.id, own), (all.stranger.id, .hidden), (PersonID.random(), .hidden)] {
                try await expect("person", answer) { _ = try await archive.person(person.text, by: by) }
            }
            // Lists, searches and counts show the same and nothing more.
            #expect(try await archive.items(by: by).map(\.id) == (reads ? [all.item] : []))
            #expect(try await archive.items(FindFilter(kind: .other), by: by).map(\.id) == (reads ? [all.item] : []))
            #expect(try await archive.evidence(.verification(.submitted, after: nil), by: by).map(\.item.id) == (reads ? [all.item] : []))
            #expect(try await archive.people(by: by).map(\.id) == (reads ? [all.citizen.id] : []))
            #expect(try await archive.people(named: "Người", by: by).map(\.id) == (reads ? [all.citizen.id] : []))
            #expect(try await archive.dossiers(cycle: 2026, by: by).map(\.id) == (reads ? [all.dossier] : []))
            #expect(try await archive.dossiers(cycle: 2026, unit: all.elsewhere.text, by: by).isEmpty)
            for query in [Province.word, "zephyr anthes \(Province.word)"] {
                let answer = try await archive.search(query, by: by)
                #expect(answer.hits.isEmpty && answer.count == 0, "\(role)")
            }
            let answer = try await archive.search("chứng nhận", by: by)
            #expect(Set(answer.hits.map(\.item)) == (reads ? [all.item] : []) && answer.count == answer.hits.count)
            await #expect(throws: ArchiveError.self) { try await archive.items(before: all.foreignItem, by: by) }
            await #expect(throws: ArchiveError.self) { try await archive.people(after: all.stranger.id, by: by) }
            await #expect(throws: ArchiveError.self) { try await archive.dossiers(cycle: 2026, after: all.foreignDossier, by: by) }
        }
    }

    @Test func `a role acts where it has its place, and nobody by a role that they do not have`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            let archive = ward.archive
            // Each row: who acts, in what role, and what comes of it here.
            let rows: [(Role, Role, Answer)] = [
                (.citizen, .citizen, .given), (.assistant, .assistant, .given), (.reviewer, .assistant, .forbidden),
                (.assistant, .citizen, .forbidden), (.inspector, .assistant, .forbidden), (.administrator, .assistant, .hidden),
            ]
            for (who, role, expected) in rows {
                let by = all.actor(who)
                let dossier = try await ward.open(try await registered(all, "Người số \(ward.next())", by: all.actor(.assistant)))
                let answer = try await Answer.of { _ = try await archive.step([dossier.text], .declare, role: role, reason: nil, by: by) }
                // A dossier of somebody else is not there for the citizen.
                #expect(answer == (who == .citizen ? .hidden : expected), "\(who) as \(role)")
                let foreign = try await Answer.of { _ = try await archive.step([all.foreignDossier.text], .submit, role: role, reason: nil, by: by) }
                #expect(foreign == .hidden, "\(who) as \(role)")
            }
            func verify(_ item: EvidenceID, _ who: Role, _ role: Role) async throws -> Answer {
                try await Answer.of { try await archive.verifyEvidence(item.text, .inReview, role: role, by: all.actor(who)) }
            }
            #expect(try await verify(all.item, .reviewer, .reviewer) == .given)
            #expect(try await verify(all.item, .reviewer, .appraiser) == .forbidden)
            #expect(try await verify(all.item, .citizen, .reviewer) == .forbidden)
            #expect(try await verify(all.foreignItem, .reviewer, .reviewer) == .hidden)
            #expect(try await verify(all.item, .administrator, .reviewer) == .hidden)
        }
    }

    private func registered(_ all: Province, _ name: String, by actor: Actor) async throws -> Citizen {
        let outcomes = try await all.ward.archive.registerPeople(
            [PersonEntry(name: name, birthYear: 1990, group: "farmer", unit: all.here.text)], by: actor)
        guard case .registered(let id) = try #require(outcomes.first) else { throw Unexpected("\(outcomes)") }
        return Citizen(id: id, actor: .console(user: "lan", actingAs: "someone-\(all.ward.next())"))
    }

    @Test func `an assistant registers people in their units, and learns nobody's name elsewhere`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            let by = all.actor(.assistant)
            func register(_ entry: PersonEntry) async throws -> String {
                "\(try #require(try await ward.archive.registerPeople([entry], by: by).first))"
            }
            #expect(try await register(PersonEntry(name: "Ai Đó", birthYear: 1970)).contains("your units"))
            #expect(try await register(PersonEntry(name: "Ai Đó", birthYear: 1970, unit: all.elsewhere.text)).contains("your units"))
            #expect(try await register(PersonEntry(name: "Ai Đó", birthYear: 1970, unit: all.here.text)).hasPrefix("registered"))
            let stranger = try await ward.archive.person(all.stranger.id.text, by: console)
            let namesake = try await register(PersonEntry(name: stranger.name, birthYear: stranger.birthYear, unit: all.here.text))
            #expect(namesake.contains("registered elsewhere") && !namesake.contains(all.stranger.id.text), "\(namesake)")
            let known = try await register(PersonEntry(name: "Khác", birthYear: 1970, unit: all.here.text, person: all.stranger.id))
            #expect(known.contains("there is no person"), "\(known)")
            let account = try await register(
                PersonEntry(name: "Khác", birthYear: 1971, account: all.stranger.actor.principal, unit: all.here.text))
            #expect(account.contains("registered elsewhere"), "\(account)")
            // Nobody becomes somebody, and who sees a person by a dossier does not keep the registration.
            let own = try await register(PersonEntry(name: "Tự Ai", birthYear: 1980, account: by.account, unit: all.here.text))
            #expect(own.contains("nobody declares themselves"), "\(own)")
            _ = try await ward.open(all.stranger, cycle: 2025, rules: "tan-thanh-ward", unit: all.here)
            let taken = try await register(PersonEntry(name: stranger.name, birthYear: nil, unit: all.here.text, person: all.stranger.id))
            #expect(taken.contains("is registered elsewhere"), "\(taken)")
            let another = try await register(
                PersonEntry(name: "Công dân", birthYear: nil, account: "officer-55", unit: all.here.text, person: all.citizen.id))
            #expect(!another.hasPrefix("changed"), "\(another)")
            for role in [Role.reviewer, .inspector, .administrator] {
                let outcome = try await ward.archive.registerPeople(
                    [PersonEntry(name: "Ai Kia", birthYear: 1970, unit: all.here.text)], by: all.actor(role))
                #expect("\(outcome)".contains("your units"), "\(role)")
            }
        }
    }

    @Test func `evidence is handed in for oneself, or by an assistant for people of their units`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            func deposit(_ person: PersonID?, _ actor: Actor) async throws -> Answer {
                let name = "new-\(ward.next()).txt"
                let source = try ward.place.source(name, name, EvidenceMetadata(person: person))
                return try await Answer.of { _ = try await ward.archive.deposit([source], by: actor) { _ in } }
            }
            #expect(try await deposit(all.citizen.id, all.actor(.citizen)) == .given)
            #expect(try await deposit(all.stranger.id, all.actor(.citizen)) == .hidden)
            #expect(try await deposit(all.citizen.id, all.actor(.assistant)) == .given)
            #expect(try await deposit(all.stranger.id, all.actor(.assistant)) == .hidden)
            #expect(try await deposit(all.citizen.id, all.actor(.reviewer)) == .forbidden)
            #expect(try await deposit(all.citizen.id, all.actor(.administrator)) == .hidden)
            #expect(try await deposit(nil, all.actor(.reviewer)) == .given)
            #expect(try await deposit(nil, Actor(account: "not-opened")) == .forbidden)
            // What nobody is declared the holder of is its depositor's to see, and nobody else's; what is in no dossier is its holder's.
            #expect(try await ward.archive.items(by: all.actor(.reviewer)).count == 2)
            #expect(try await ward.archive.items(by: all.actor(.appraiser)).map(\.id) == [all.item])
            #expect(try await ward.archive.items(by: all.actor(.citizen)).count == 3)
            // Nor can an item be moved to where it is not one's own.
            try await ward.archive.describe(all.item, as: EvidenceMetadata(title: "Mới", person: all.citizen.id), by: all.actor(.citizen))
            let moved = try await Answer.of {
                try await ward.archive.describe(all.item, as: EvidenceMetadata(person: all.stranger.id), by: all.actor(.citizen))
            }
            #expect(moved == .hidden)
            let foreign = try await Answer.of {
                try await ward.archive.describe(all.foreignItem, as: EvidenceMetadata(title: "Mới"), by: all.actor(.citizen))
            }
            #expect(foreign == .hidden)
        }
    }

    @Test func `a grant is for a unit with all below it, for a time, until it is withdrawn or the account closed`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            let archive = ward.archive
            let by = Actor(account: "nobody")
            func sees() async throws -> Set<EvidenceID> { Set(try await archive.items(by: by).map(\.id)).subtracting([ward.minutes]) }
            #expect(try await sees().isEmpty)
            let whole = try await archive.grantRole(.inspector, to: "nobody", unit: all.province.text, by: console)
            #expect(try await sees() == [all.item, all.foreignItem])
            _ = try await archive.withdrawRole(whole.id.text, reason: "chuyển công tác", by: console)
            #expect(try await sees().isEmpty)
            let today = ward.place.clock.now().dateInVietnam
            for (from, until, holds) in [(today, today, true), (try day("2021-01-01"), today.dayBefore, false), (try day("2099-01-01"), nil, false)] {
                let grant = try await archive.grantRole(.reviewer, to: "nobody", unit: all.elsewhere.text, from: from, until: until, by: console)
                #expect(try await sees() == (holds ? [all.foreignItem] : []), "from \(from)")
                #expect(grant.isInForce == holds)
                _ = try await archive.withdrawRole(grant.id.text, reason: "thử", by: console)
            }
            _ = try await archive.grantRole(.inspector, to: "nobody", unit: nil, by: console)
            #expect(try await sees().isSuperset(of: [all.item, all.foreignItem]))
            try await archive.closeAccount("nobody", reason: "nghỉ hưu", by: console)
            #expect(try await sees().isEmpty)
            try await archive.openAccount("nobody", by: console)
            #expect(try await sees().isSuperset(of: [all.item, all.foreignItem]))
            let account = try await archive.account("nobody", by: by)
            #expect(account.grants.map(\.isInForce) == [false, false, false, false, true] && account.isOpen)
        }
    }

    @Test func `who administers accounts gives roles below them, none to themselves, and reads no evidence for it`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            let archive = ward.archive
            let by = all.actor(.administrator)
            func grant(_ role: Role, _ account: String, _ unit: UnitID?) async throws -> Answer {
                try await Answer.of { _ = try await archive.grantRole(role, to: account, unit: unit?.text, by: by) }
            }
            // What somebody else has just opened is theirs: a setup link of another unit would have its roles when it gets some.
            #expect(try await grant(.reviewer, "nobody", all.here) == .hidden)
            #expect(try await Answer.of { _ = try await archive.createSetupLink(for: "nobody", by: by) } == .hidden)
            try await archive.openAccount("officer-76", by: by)
            #expect(try await grant(.reviewer, "officer-76", all.here) == .given)
            #expect(try await grant(.reviewer, "officer-76", all.here) == .refused)
            #expect(try await grant(.reviewer, "officer-76", all.elsewhere) == .forbidden)
            #expect(try await grant(.reviewer, "officer-76", nil) == .forbidden)
            #expect(try await grant(.citizen, "officer-76", all.here) == .refused)
            #expect(try await grant(.inspector, by.account, all.here) == .refused)
            #expect(try await grant(.inspector, "not-there", all.here) == .hidden)
            #expect(try await Answer.of { try await archive.openAccount("officer-77", by: by) } == .given)
            #expect(try await Answer.of { try await archive.openAccount("officer-78", by: all.actor(.authority)) } == .forbidden)
            #expect(try await Answer.of { try await archive.openAccount("Nguyễn Văn An", by: by) } == .refused)
            // Nor is a citizen's own, who is registered elsewhere or nowhere: a setup link would open it.
            #expect(try await Answer.of { _ = try await archive.createSetupLink(for: all.stranger.actor.principal, by: by) } == .hidden)
            // An account whose roles are elsewhere is not there.
            try await archive.openAccount("officer-80", by: console)
            let far = try await archive.grantRole(.reviewer, to: "officer-80", unit: all.elsewhere.text, by: console)
            #expect(try await Answer.of { _ = try await archive.account("officer-80", by: by) } == .hidden)
            #expect(try await Answer.of { try await archive.closeAccount("officer-80", reason: "thử", by: by) } == .hidden)
            #expect(try await Answer.of { _ = try await archive.withdrawRole(far.id.text, reason: "thử", by: by) } == .hidden)
            #expect(try await Answer.of { _ = try await archive.account("reviewer-9", by: by) } == .given)
            #expect(try await Answer.of { _ = try await archive.account("reviewer-9", by: all.actor(.inspector)) } == .hidden)
            let listed = try await archive.accounts(limit: 3, by: by).map(\.account)
            let rest = try await archive.accounts(after: try #require(listed.last), limit: 100, by: by).map(\.account)
            #expect(listed.count == 3 && !(listed + rest).contains("officer-80") && rest.contains("reviewer-9"))
            #expect(try await Answer.of { _ = try await archive.accounts(by: all.actor(.reviewer)) } == .forbidden)
            #expect(try await archive.items(by: by).isEmpty)
            // What is everybody's takes the role everywhere.
            #expect(try await Answer.of { _ = try await archive.importRules([shippedRules("framework")], by: by) } == .forbidden)
            #expect(try await Answer.of { _ = try await archive.status(by: by) } == .forbidden)
            #expect(try await Answer.of { _ = try await archive.prove(record: 0, by: all.actor(.inspector)) } == .forbidden)
            #expect(try await Answer.of { _ = try await archive.holds(by: all.actor(.inspector)) } == .forbidden)
        }
    }

    @Test func `other people's same proof is for reviewers to know`() async throws {
        try await TestPlace().ward { ward in
            let all = try await Province(ward)
            _ = try await ward.proof("Chứng nhận hoa hồng", of: all.stranger)
            func flags(_ role: Role) async throws -> [Int] {
                [
                    try await ward.archive.traceEvidence(all.item.text, by: all.actor(role)).reuse.count,
                    try await ward.archive.matrix(all.dossier.text, by: all.actor(role)).reuse.count,
                ]
            }
            #expect(try await flags(.reviewer) == [1, 1])
            #expect(try await flags(.citizen) == [0, 0])
            #expect(try await flags(.assistant) == [0, 0])
            // What was read of the bytes is shown to everybody, and when it was read only to them.
            _ = try await ward.archive.extract(by: console, report: { _ in })
            func records(_ role: Role) async throws -> [Bool] {
                let item = try await ward.archive.item(all.item.text, by: all.actor(role))
                #expect(item.extraction != nil)
                return [item.extractionRecord != nil, item.history.contains { $0.kind == RecordKind.objectExtracted.rawValue }]
            }
            #expect(try await records(.reviewer) == [true, true])
            #expect(try await records(.citizen) == [false, false])
            #expect(try await records(.assistant) == [false, false])
        }
    }

    @Test("what was refused or hidden is in the access log, with what it would have been", .enabled(if: hasSQLite, sqliteAbsence))
    func refusals() async throws {
        let place = try TestPlace()
        var expected: [(account: String, subjects: [String])] = []
        try await place.ward { ward in
            let all = try await Province(ward)
            let (archive, by) = (ward.archive, all.actor(.reviewer))
            let upload = try await archive.beginUpload(length: 4, EvidenceMetadata(person: all.citizen.id), by: all.actor(.assistant))
            let plain = try await archive.beginUpload(length: 4, EvidenceMetadata(), by: all.actor(.assistant))
            func refused(_ subjects: String..., by actor: Actor? = nil, _ ask: (Actor) async throws -> Void) async throws {
                let answer = try await Answer.of { try await ask(actor ?? by) }
                #expect(answer != .given, "\(subjects)")
                expected.append(((actor ?? by).account, subjects))
            }
            let nothing = archive.id.text
            let nothingToSend = AsyncStream<[UInt8]> { $0.finish() }
            try await refused(all.foreignItem.text) { _ = try await archive.item(all.foreignItem.text, by: $0) }
            try await refused(all.foreignItem.text) { _ = try await archive.content(of: all.foreignItem.text, by: $0) }
            try await refused(all.foreignDossier.text) { _ = try await archive.dossier(all.foreignDossier.text, by: $0) }
            try await refused(nothing) { _ = try await archive.item("ev-0000000000000000", by: $0) }
            try await refused(nothing) { _ = try await archive.status(by: $0) }
            try await refused(all.item.text) { _ = try await archive.verifyEvidence(all.item.text, .inReview, role: .appraiser, by: $0) }
            // Where a list goes on.
            try await refused(all.foreignItem.text) { _ = try await archive.items(before: all.foreignItem, by: $0) }
            try await refused(all.foreignItem.text) { _ = try await archive.evidence(.verification(.submitted, after: all.foreignItem), by: $0) }
            try await refused(all.foreignDossier.text) { _ = try await archive.dossiers(cycle: 2025, after: all.foreignDossier, by: $0) }
            try await refused(all.stranger.id.text) { _ = try await archive.people(after: all.stranger.id, by: $0) }
            // An upload of another account.
            try await refused(all.citizen.id.text) { _ = try await archive.upload(upload.id, by: $0) }
            try await refused(all.citizen.id.text) { try await archive.terminateUpload(upload.id, by: $0) }
            try await refused(all.citizen.id.text) { _ = try await archive.finishUpload(upload.id, by: $0) }
            try await refused(all.citizen.id.text) {
                _ = try await archive.appendToUpload(upload.id, at: 0, nothingToSend, by: $0)
            }
            try await refused("account:assistant-9") { _ = try await archive.upload(plain.id, by: $0) }
            try await refused(nothing) { _ = try await archive.upload(UploadID.random(), by: $0) }
            try await refused(nothing) { try await archive.endSession(SessionID.random(), of: $0.account, by: $0) }
            try await refused(nothing) { try await archive.revokeToken(TokenID.random(), of: $0.account, by: $0) }
            // Who registers somebody learns that they are registered elsewhere.
            let assistant = all.actor(.assistant)
            func register(_ entry: PersonEntry, by actor: Actor) async throws {
                let outcomes = try await archive.registerPeople([entry], applies: false, by: actor)
                guard case .refused(let reason)? = outcomes.first else { return }
                throw ArchiveError.refused(act: "register", reason: reason)
            }
            let stranger = try await archive.person(all.stranger.id.text, by: console)
            let known = PersonEntry(name: stranger.name, birthYear: stranger.birthYear, unit: all.here.text)
            try await refused(all.stranger.id.text, by: assistant) { try await register(known, by: $0) }
            let named = PersonEntry(name: "Người Lạ", birthYear: nil, unit: all.here.text, person: all.stranger.id)
            try await refused(all.stranger.id.text, by: assistant) { try await register(named, by: $0) }
            try await refused(all.elsewhere.text, by: assistant) {
                try await register(PersonEntry(name: "Người Lạ", birthYear: nil, unit: all.elsewhere.text), by: $0)
            }
            try await archive.recordRefusal(by: by)
            expected.append((by.account, [nothing]))
            // Who inspects everything sees what was refused of nothing that there is, and of accounts; an inspector of a ward does not.
            for subject in [nothing, "account:assistant-9"] {
                let seen = try await archive.accesses(about: subject, limit: 200, by: console)
                #expect(seen.count { $0.kind == "access.refused" } == expected.count { $0.subjects == [subject] }, "\(subject)")
            }
            try await refused(nothing, by: all.actor(.inspector)) { _ = try await archive.accesses(about: nothing, by: $0) }
            await #expect(throws: ArchiveError.self) { try await archive.accesses(about: "account:nobody-9", by: console) }
            await #expect(throws: ArchiveError.self) { try await archive.accesses(about: "account:Nguyễn Văn An", by: console) }
        }
        let headers = try place.sqlite(
            "archive.sqlite", "SELECT header FROM access WHERE header LIKE '%access.refused%' ORDER BY number;"
        ).split(separator: "\n")
        #expect(headers.count == expected.count)
        for (header, (account, subjects)) in zip(headers, expected) {
            let list = "[" + subjects.map { "\"\($0)\"" }.joined(separator: ",") + "]"
            #expect(header.contains("\"actor\":\"\(account)\"") && header.contains(list), "\(header)")
        }
    }
}
