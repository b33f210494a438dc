import Custody
import Evidence
import Foundation
import Recognition
import Synchronization
import Testing

/// A criteria set or rule set that the program ships with, by the name of its file.
func shippedRules(_ name: String) throws -> (name: String, text: String) {
    let folder = sampleFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Criteria")
    return (name, try String(contentsOf: folder.appendingPathComponent("\(name).yaml"), encoding: .utf8))
}

/// The account that acts in a role in these tests, at the same console as all others.
func officer(_ role: Role) -> Actor { officer(role, 1) }

/// One of the accounts of a role.
func officer(_ role: Role, _ number: Int) -> Actor { .console(user: "lan", actingAs: "\(role.rawValue)-\(number)") }

func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(text)) }

func code(_ text: String) throws -> IndicatorCode { try #require(IndicatorCode(text)) }

/// The indicators of the shipped criteria set.
let indicators = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"].compactMap { IndicatorCode($0) }

/// The same points for every indicator, but for those that are named.
func scores(_ points: Int, _ others: [String: Int] = [:]) -> [IndicatorCode: Score] {
    Dictionary(uniqueKeysWithValues: indicators.map { ($0, Score(points: Points(others[$0.text] ?? points))) })
}

/// A registered person and the account that they act by.
struct Citizen: Sendable {
    let id: PersonID
    let actor: Actor
}

/// A ward with its rules, its units and its officers: dossiers go their way in it as far as a test needs.
final class TestWard: Sendable {
    let place: TestPlace
    let archive: Archive
    let unit: UnitID
    let otherUnit: UnitID
    /// The minutes of every collective review.
    let minutes: EvidenceID
    private let count = Mutex(0)

    static let shipped = ["framework", "tan-thanh-ward", "lang-son-agency", "pilot-2021"]
    static let heldOn = "2026-11-19"
    static let issuedOn = "2026-11-20"

    init(_ place: TestPlace, _ archive: Archive) async throws {
        self.place = place
        self.archive = archive
        _ = try await archive.importRules(try Self.shipped.map(shippedRules), by: officer(.administrator))
        let from = try day("2021-01-01")
        let outcomes = try await archive.declareUnits(
            [
                UnitEntry(name: "Phường Tân Thạnh", code: "20335", kind: .ward, validFrom: from),
                UnitEntry(name: "Xã Thí Dụ", code: "20336", kind: .commune, validFrom: from),
            ], by: officer(.administrator))
        var units: [UnitID] = []
        for case .declared(let unit) in outcomes { units.append(unit) }
        try #require(units.count == 2)
        (unit, otherUnit) = (units[0], units[1])
        minutes = try await archive.deposit(try place.source("minutes.txt", "Biên bản bình xét")).onlyItem()
    }

    /// A number that was not given yet.
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    // MARK: People and proofs

    func citizen(group: String = "farmer", hasAccount: Bool = true) async throws -> Citizen {
        let account = "person-\(next())"
        let outcomes = try await archive.registerPeople(
            [PersonEntry(name: "Người \(account)", birthYear: 1980, group: group, account: hasAccount ? account : nil)],
            by: officer(.administrator))
        guard case .registered(let id) = try #require(outcomes.first) else { throw Unexpected("\(outcomes)") }
        return Citizen(id: id, actor: .console(user: "lan", actingAs: account))
    }

    func proof(
        _ text: String? = nil, of citizen: Citizen, number: String? = nil, validFrom: CalendarDate? = nil, validUntil: CalendarDate? = nil
    ) async throws -> EvidenceID {
        let name = "proof-\(next()).txt"
        let metadata = EvidenceMetadata(
            title: "Giấy chứng nhận", issuer: "Trung tâm học tập cộng đồng", codeNumber: number, validFrom: validFrom, validUntil: validUntil,
            person: citizen.id)
        return try await archive.deposit(try place.source(name, text ?? "Chứng nhận \(name)", metadata)).onlyItem()
    }

    // MARK: Dossiers

    func open(_ citizen: Citizen, cycle: Int = 2026, rules: String = "tan-thanh-ward", unit: UnitID? = nil) async throws -> DossierID {
        try await archive.openDossier(
            person: citizen.id.text, cycle: cycle, unit: (unit ?? self.unit).text, rules: rules, criteria: "framework", role: .citizen,
            by: citizen.actor
        ).id
    }

    /// Opens a dossier and cites, for each indicator, the item that is named for it, or else `item`.
    func declared(
        _ citizen: Citizen, _ item: EvidenceID, _ others: [String: EvidenceID] = [:], cycle: Int = 2026, rules: String = "tan-thanh-ward",
        unit: UnitID? = nil, reaffirms: Bool = false
    ) async throws -> DossierID {
        let dossier = try await open(citizen, cycle: cycle, rules: rules, unit: unit)
        try await take(.declare, dossier, citizen)
        for indicator in indicators {
            try await cite(dossier, indicator.text, others[indicator.text] ?? item, citizen, reaffirms: reaffirms)
        }
        return dossier
    }

    @discardableResult
    func cite(
        _ dossier: DossierID, _ indicator: String, _ item: EvidenceID, _ citizen: Citizen, pages: [Int] = [], reaffirms: Bool = false
    ) async throws -> CitationAccount {
        try await archive.cite(
            dossier.text, try code(indicator), item: item.text, pages: pages, reaffirms: reaffirms, role: .citizen, by: citizen.actor)
    }

    func account(_ dossier: DossierID) async throws -> DossierAccount { try await archive.dossier(dossier.text, by: officer(.inspector)) }

    func stage(_ dossier: DossierID) async throws -> DossierStage { try await account(dossier).dossier.stage }

    func records() async throws -> Int { try await archive.status().records }

    /// Takes one act with all that it needs, by an account that may.
    func take(_ act: DossierAct, _ dossier: DossierID, _ citizen: Citizen, _ given: [IndicatorCode: Score] = scores(9)) async throws {
        let next = try await account(dossier).next
        let roles = try #require(next.first { $0.act == act }, "\(act) from \(next)").roles
        // Who reopens is never the citizen, and a citizen's acts are best their own.
        let role = try #require(roles.first { $0 == .citizen && act != .reopen } ?? roles.last)
        // Who decided does not decide whether that was right.
        let actor = role == .citizen ? citizen.actor : officer(role, act == .uphold ? 2 : 1)
        func score(_ kind: ScoreKind, _ role: Role, _ actor: Actor) async throws {
            try await archive.score(dossier.text, kind, given, role: role, by: actor)
        }
        switch act {
        case .submit: try await score(.selfScore, role, actor)
        case .review: try await score(.collective, role, actor)
        case .appraise: try await score(.appraised, role, actor)
        case .propose: try await score(.final, role, actor)
        case .recognise, .refuse:
            _ = try await decide(dossier)
            return
        case .revoke:
            let title = try #require(try await account(dossier).titles.last { !$0.isRevoked && !$0.isReplaced })
            _ = try await archive.revoke(
                title.id.text, reason: "khai không đúng", legalBasis: "12/QĐ-UBND", role: role, by: officer(.authority))
            return
        default: break
        }
        try await step(
            act, dossier, role, reason: DossierLife.requiresReason(act) ? "vì cần" : nil, review: act == .review ? review() : nil, by: actor)
    }

    func step(
        _ act: DossierAct, _ dossier: DossierID, _ role: Role, reason: String? = nil, review: Archive.ReviewEntry? = nil, by actor: Actor
    ) async throws {
        _ = try await archive.step([dossier.text], act, role: role, reason: reason, review: review, by: actor)
    }

    func review(heldOn: String = heldOn) throws -> Archive.ReviewEntry {
        Archive.ReviewEntry(
            heldOn: try day(heldOn), participants: ["Bà Một", "Ông Hai", "Bà Ba"], votesFor: 2, votesAgainst: 1, minutes: minutes.text)
    }

    /// Goes on, with the same scores of every kind, until the dossier is at `stage`.
    func advance(_ dossier: DossierID, _ citizen: Citizen, to stage: DossierStage, _ given: [IndicatorCode: Score] = scores(9)) async throws {
        let onward: [DossierAct] = [.declare, .submit, .review, .appraise, .confirm, .propose]
        for _ in 0..<onward.count {
            let account = try await account(dossier)
            if account.dossier.stage == stage { return }
            try await take(try #require(account.next.first { onward.contains($0.act) }).act, dossier, citizen, given)
        }
        try #require(try await self.stage(dossier) == stage)
    }

    // MARK: Decisions

    func document(
        _ number: String? = nil, issuedOn: String = issuedOn, authority: String? = nil, signer: String = "Chủ tịch", scan: EvidenceID? = nil
    ) throws -> DecisionEntry {
        DecisionEntry(
            codeNumber: number ?? "\(next())", codeNotation: "QĐ-UBND", issuedOn: try day(issuedOn), authority: authority, signer: signer,
            scan: scan?.text)
    }

    func decide(_ dossiers: DossierID..., by document: DecisionEntry? = nil) async throws -> [DecisionOutcome] {
        try await decide(dossiers, by: document ?? self.document())
    }

    func decide(
        _ dossiers: [DossierID], by document: DecisionEntry, _ role: Role = .authority, _ actor: Actor = officer(.authority)
    ) async throws -> [DecisionOutcome] {
        try await archive.decide(dossiers.map(\.text), by: document, role: role, by: actor)
    }

    /// A dossier of `citizen` that is decided, with the title where one is given.
    func decided(
        _ citizen: Citizen, _ item: EvidenceID, _ others: [String: EvidenceID] = [:], cycle: Int = 2026, rules: String = "tan-thanh-ward",
        unit: UnitID? = nil, scored given: [IndicatorCode: Score] = scores(9)
    ) async throws -> DecisionOutcome {
        let dossier = try await declared(citizen, item, others, cycle: cycle, rules: rules, unit: unit, reaffirms: true)
        try await advance(dossier, citizen, to: .proposed, given)
        return try #require(try await decide(dossier).first)
    }

    // MARK: What is refused

    /// The error that `body` throws, and that it recorded nothing.
    func refused(_ body: () async throws -> Void) async throws -> String {
        let before = try await records()
        do { try await body() } catch {
            #expect(try await records() == before, "something was recorded: \(error)")
            return "\(error)"
        }
        Issue.record("nothing was refused")
        return ""
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension TestPlace {
    /// A ward in a new archive, which is closed after `body`.
    func ward(_ body: (TestWard) async throws -> Void) async throws {
        try await archive { archive in try await body(try await TestWard(self, archive)) }
    }

}
