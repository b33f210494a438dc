import AsyncAlgorithms
import Custody
import Evidence
import Foundation
import Recognition
import Testing

/// Two wards with a decided dossier each, and somebody of every role in the first.
struct Province: Sendable {
    /// Whose a thing is that somebody asks for.
    enum Place: String, Sendable, CaseIterable {
        /// One's own, or of one's unit.
        case here
        /// Of another person and another unit.
        case elsewhere
        /// Nobody's: it does not exist.
        case nowhere
    }

    /// What there is in a place.
    struct Things: Sendable {
        var unit = UnitID.random().text
        var person = PersonID.random().text
        var citizen = "citizen-0"
        var item = EvidenceID.random().text
        var dossier = DossierID.random().text
        var citation = CitationID.random().text
        var title = TitleID.random().text
    }

    let archive: Archive
    let here: Things
    let elsewhere: Things
    /// A word of a document elsewhere, and of no other.
    static let canary = "zephyranthes"
    static let cycle = 2025

    func things(_ place: Place) -> Things {
        switch place {
        case .here: here
        case .elsewhere: elsewhere
        case .nowhere: Things()
        }
    }

    init(in archive: Archive) async throws {
        self.archive = archive
        let criteria = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Storage/Criteria")
        _ = try await archive.importRules(
            try ["framework", "tan-thanh-ward"].map { ($0, try String(contentsOf: criteria.appending(path: "\($0).yaml"), encoding: .utf8)) },
            by: console)
        let from = try #require(CalendarDate("2021-01-01"))
        let units = try await archive.declareUnits(
            [
                UnitEntry(name: "Phường Ở Đây", code: "1", kind: .ward, validFrom: from),
                UnitEntry(name: "Xã Nơi Khác", code: "2", kind: .commune, validFrom: from),
            ], by: console
        ).compactMap { if case .declared(let id) = $0 { id.text } else { nil } }
        try #require(units.count == 2)
        here = try await Self.ward(archive, units[0], "an-1", "Chứng nhận hoa hồng")
        elsewhere = try await Self.ward(archive, units[1], "binh-1", "Chứng nhận \(Self.canary)")
        for account in ["an-1", "binh-1", "nobody"] { try await archive.openAccount(account, by: console) }
        for who in Who.allCases {
            guard let (role, isEverywhere) = who.grant else { continue }
            try await archive.openAccount(who.account, by: console)
            _ = try await archive.grantRole(role, to: who.account, unit: isEverywhere ? nil : here.unit, by: console)
        }
    }

    private static func deposit(_ archive: Archive, _ text: String, _ metadata: EvidenceMetadata) async throws -> String {
        let bytes = AsyncThrowingChannel<[UInt8], any Error>()
        async let made = archive.deposit(metadata, bytes, by: console)
        await bytes.send(Array(text.utf8))
        bytes.finish()
        return try await made.item.text
    }

    /// A person of a ward whose dossier goes its whole way.
    private static func ward(_ archive: Archive, _ unit: String, _ account: String, _ text: String) async throws -> Things {
        var things = Things()
        things.unit = unit
        things.citizen = account
        let registered = try await archive.registerPeople(
            [PersonEntry(name: "Người \(account)", birthYear: 1980, group: "farmer", account: account, unit: unit)], by: console)
        guard case .registered(let person)? = registered.first else { throw RawConnection.Failure(description: "\(registered)") }
        things.person = person.text
        things.item = try await deposit(archive, text, EvidenceMetadata(title: "Giấy chứng nhận", person: person, fileName: "chung-nhan.txt"))
        let minutes = try await deposit(archive, "Biên bản \(account)", EvidenceMetadata(title: "Biên bản"))
        func by(_ role: Role) -> Actor { .console(user: "lan", actingAs: role == .citizen ? account : "\(role.rawValue)-of-\(account)") }
        let dossier = try await archive.openDossier(
            person: person.text, cycle: cycle, unit: unit, rules: "tan-thanh-ward", criteria: "framework", role: .citizen, by: by(.citizen))
        things.dossier = dossier.id.text
        let codes = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"].compactMap { IndicatorCode($0) }
        let scores = Dictionary(uniqueKeysWithValues: codes.map { ($0, Score(points: Points(9))) })
        func step(_ act: DossierAct, _ role: Role, _ review: Archive.ReviewEntry? = nil) async throws {
            _ = try await archive.step([things.dossier], act, role: role, reason: nil, review: review, by: by(role))
        }
        func score(_ kind: ScoreKind, _ role: Role) async throws {
            try await archive.score(things.dossier, kind, scores, role: role, by: by(role))
        }
        try await step(.declare, .citizen)
        for code in codes {
            let citation = try await archive.cite(things.dossier, code, item: things.item, role: .citizen, by: by(.citizen))
            things.citation = citation.id.text
        }
        try await score(.selfScore, .citizen)
        try await step(.submit, .citizen)
        try await score(.collective, .reviewer)
        let today = Archive.systemTime().dateInVietnam
        try await step(
            .review, .reviewer,
            Archive.ReviewEntry(heldOn: today, participants: ["Bà Một", "Ông Hai"], votesFor: 2, votesAgainst: 0, minutes: minutes))
        // The rest of the way, as the rules of the ward have it.
        while true {
            let account = try await archive.dossier(things.dossier, by: console)
            if account.dossier.stage == .proposed { break }
            let onward: [DossierAct] = [.appraise, .confirm, .propose]
            guard let next = account.next.first(where: { onward.contains($0.act) }), let role = next.roles.first else {
                throw RawConnection.Failure(description: "nothing leads on from \(account.dossier.stage)")
            }
            if next.act == .appraise { try await score(.appraised, role) }
            if next.act == .propose { try await score(.final, role) }
            try await step(next.act, role)
        }
        let decided = try await archive.decide(
            [things.dossier],
            by: DecisionEntry(codeNumber: "1-\(account)", codeNotation: "QĐ-UBND", issuedOn: today, authority: nil, signer: "Chủ tịch", scan: nil),
            role: .authority, by: by(.authority))
        things.title = try #require(decided.first?.title).text
        return things
    }
}

/// Who asks.
enum Who: String, Sendable, CaseIterable {
    case citizen, assistant, reviewer, appraiser, confirmer, authority, inspector, administrator
    /// Everywhere.
    case overseer, root
    /// An account without any role.
    case nobody

    var account: String {
        switch self {
        case .citizen: "an-1"
        case .nobody: "nobody"
        default: "\(rawValue)-9"
        }
    }

    /// What they act as where a role has to be said.
    var role: Role {
        switch self {
        case .overseer: .inspector
        case .root: .administrator
        case .nobody: .citizen
        default: Role(rawValue: rawValue) ?? .citizen
        }
    }

    var grant: (role: Role, isEverywhere: Bool)? {
        switch self {
        case .citizen, .nobody: nil
        case .overseer: (.inspector, true)
        case .root: (.administrator, true)
        default: (role, false)
        }
    }
}
