import Custody
import Evidence
import Foundation
import Ledger
import Testing

/// An archive with records of every kind, made once for all tests of a suite by the operations themselves.
///
/// An, a farmer in a ward, is recognised by one decision with Bình, who is refused on the floor. Before that An's learning plan is
/// superseded during the review, and the dossier is returned and completed. After it the title is objected to, upheld, and
/// revoked. Bình, who had withdrawn a dossier in the ward, objects twice and is recognised twice, each decision in the place of the
/// one before. Chi, of an agency, is recognised in five years running, is given the honour, and loses it again. Em, who was there
/// before all others, is erased with what she handed in, the archive goes on with another key, and old entries of the access log go.
struct DecidedArchive: SuiteTrait, TestScoping {
    @TaskLocal static var current: DecidedArchive?

    var place: TestPlace?
    /// Ids and digests that the mutations name, and the number of the last record of each kind, as `DOSSIER_OPENED`.
    var names: [String: String] = [:]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let place = try TestPlace()
        var names = try await place.archive { archive in
            var story = try await Story(archive, place)
            try await story.begin()
            try await story.recognise()
            try await story.honour()
            try await story.care()
            return story.names
        }
        let read = try await Workplace(copyOf: place.archivePath).shell(
            #"""
            sqlite3 -separator ' ' "$archive/archive.sqlite" "
                SELECT upper(replace(json_extract(header, '$.kind'), '.', '_')), max(number) FROM record GROUP BY 1;
                SELECT upper(name), id FROM person;
                SELECT 'MAC', number_mac FROM person WHERE number_mac IS NOT NULL;
                SELECT 'CITATION', id FROM citation WHERE record_to IS NOT NULL;"
            """#)
        try #require(read.status == 0, "\(read.output)")
        for line in read.output.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 2 { names[words[0]] = words[1] }
        }
        let made = DecidedArchive(place: place, names: names)
        try await Self.$current.withValue(made) { try await function() }
    }

    /// `text` with the names that stand for digests and ids replaced by what they stand for.
    func spelled(_ text: String) -> String { text.replacing(/[A-Z][A-Z_]+/) { names[String($0.output)] ?? String($0.output) } }

    static func copy() async throws -> (made: DecidedArchive, copy: Workplace) {
        let made = try #require(current)
        return (made, try await Workplace(copyOf: made.place?.archivePath))
    }
}

/// What happens in the archive.
private struct Story {
    let archive: Archive
    let place: TestPlace
    var names: [String: String] = [:]
    private let today: CalendarDate
    private let citizen = Actor.console(user: "lan", actingAs: "an-1")
    private let reviewer = Actor.console(user: "lan", actingAs: "officer-1")
    private let appraiser = Actor.console(user: "lan", actingAs: "officer-2")
    private let confirmer = Actor.console(user: "lan", actingAs: "officer-3")
    private let assistant = Actor.console(user: "lan", actingAs: "officer-4")
    private let head = Actor.console(user: "lan", actingAs: "head-1")

    private static let indicators = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"].compactMap { IndicatorCode($0) }

    init(_ archive: Archive, _ place: TestPlace) async throws {
        self.archive = archive
        self.place = place
        today = place.clock.now().date
        // Somebody outside has seen the archive before there is anything in it.
        let witness = NoteSigner(name: "witness.example", algorithm: .cosignature, key: .random())
        try await archive.keep(
            WitnessReply(try await archive.pull(since: 0, access: 0, by: console), by: witness, at: place.clock.now()), by: console)
        let sources = try ["framework", "lang-son-agency", "tan-thanh-ward"].map { name in
            (name: name, text: try String(contentsOf: projectFolder.appending(path: "Storage/Criteria/\(name).yaml"), encoding: .utf8))
        }
        let rules = try await archive.importRules(sources, by: console)
        names["AGENCY"] = rules[1].digest.hex
        names["WARD"] = rules[2].digest.hex
        let long = try #require(CalendarDate("2000-01-01"))
        let merged = try #require(CalendarDate("2025-07-01"))
        _ = try await archive.declareUnits(
            [
                UnitEntry(name: "Tỉnh Tưởng Tượng", code: "P-1", kind: .province, validFrom: long),
                UnitEntry(
                    name: "Xã Suối Giả Định", code: "X-1", kind: .commune, parent: "P-1", validFrom: long, validUntil: merged.dayBefore,
                    legalBasis: "Nghị quyết 1"),
                UnitEntry(name: "Phường Giả Định", code: "W-1", kind: .ward, parent: "P-1", validFrom: merged),
                UnitEntry(name: "Sở Giả Định", code: "A-1", kind: .agency, validFrom: long),
            ], by: console)
        _ = try await archive.succeedUnits(
            [("X-1", "W-1", .merge, true, merged, "Nghị quyết 2"), ("P-1", nil, .abolish, false, today, nil)], by: console)
        try await officers()
    }

    /// Accounts with roles, one of them taken back, and what they may not see in the access log.
    private func officers() async throws {
        for account in ["officer-21", "officer-22"] { try await archive.openAccount(account, by: console) }
        _ = try await archive.createSetupLink(for: "officer-21", by: console)
        let grant = try await archive.grantRole(.reviewer, to: "officer-21", unit: "W-1", legalBasis: "Quyết định 5", by: console)
        _ = try await archive.grantRole(.administrator, to: "officer-22", unit: nil, until: today, by: console)
        _ = try await archive.withdrawRole(grant.id.text, reason: "Chuyển công tác", by: Actor(account: "officer-22"))
        try await archive.closeAccount("officer-21", reason: "Nghỉ hưu", by: Actor(account: "officer-22"))
        do { _ = try await archive.status(by: Actor(account: "officer-21")) } catch ArchiveError.notPermitted {}
    }

    // MARK: Parts of every story

    private func points(_ halves: [Int]) -> [IndicatorCode: Score] {
        Dictionary(uniqueKeysWithValues: zip(Self.indicators, halves.map { Score(points: Points(halves: $0), isPartial: $0 == 10) }))
    }

    private func deposit(_ name: String, _ text: String, of person: PersonID? = nil) async throws -> EvidenceID {
        let source = try place.source(name, text, EvidenceMetadata(title: name, person: person))
        return try #require(try await archive.depositAll([source], extracts: true).new[0]?.item)
    }

    private func register(_ entry: PersonEntry) async throws -> PersonID {
        guard case .registered(let id)? = try await archive.registerPeople([entry], by: console).first else {
            throw ArchiveError.notFound("registration", entry.name)
        }
        return id
    }

    private func document(_ number: String, of authority: String? = nil, scan: EvidenceID? = nil) -> DecisionEntry {
        DecisionEntry(
            codeNumber: number, codeNotation: "QĐ-UBND", issuedOn: today, authority: authority, signer: "Lê Ký", scan: scan?.text)
    }

    private func step(_ dossier: DossierID, _ act: DossierAct, _ role: Role, by actor: Actor, _ reason: String? = nil) async throws {
        _ = try await archive.step([dossier.text], act, role: role, reason: reason, by: actor)
    }

    private func review(_ dossier: DossierID, minutes: EvidenceID) async throws {
        let review = Archive.ReviewEntry(
            heldOn: today, participants: ["Bà Tư", "Ông Năm"], votesFor: 2, votesAgainst: 0, minutes: minutes.text)
        _ = try await archive.step([dossier.text], .review, role: .reviewer, reason: nil, review: review, by: reviewer)
    }

    /// From registration to proposal on the agency's track, which asks for no evidence.
    private func propose(_ person: PersonID, _ cycle: Int, _ halves: [Int], minutes: EvidenceID) async throws -> DossierID {
        let dossier = try await archive.openDossier(
            person: person.text, cycle: cycle, unit: "A-1", rules: "lang-son-agency", criteria: "framework", role: .assistant, by: assistant
        ).id
        try await step(dossier, .declare, .assistant, by: assistant)
        try await archive.score(dossier.text, .selfScore, points(halves), role: .assistant, by: assistant)
        try await step(dossier, .submit, .assistant, by: assistant)
        try await propose(dossier, halves, minutes: minutes)
        return dossier
    }

    /// From submission to proposal on the agency's track.
    private func propose(_ dossier: DossierID, _ halves: [Int], minutes: EvidenceID) async throws {
        try await archive.score(dossier.text, .collective, points(halves), role: .reviewer, by: reviewer)
        try await review(dossier, minutes: minutes)
        try await archive.score(dossier.text, .final, points(halves), role: .reviewer, by: reviewer)
        try await step(dossier, .propose, .reviewer, by: reviewer)
    }

    // MARK: Em, and the archive itself

    private var em: PersonID?

    mutating func begin() async throws {
        // Who is shown something now is forgotten at the end.
        _ = try await archive.items(by: head)
        let number = try #require(PersonalNumber("001 199 000 456"))
        let em = try await register(PersonEntry(name: "Đặng Thị Em", birthYear: 1985, group: "farmer", number: number))
        let own = try await deposit("em.txt", "Đơn của Đặng Thị Em", of: em)
        let shared = try await deposit("letter.txt", "Thư chung", of: em)
        _ = try await archive.depositAll([try place.source("the same letter.txt", "Thư chung")], by: assistant)
        try await archive.describe(own, as: EvidenceMetadata(title: "Đơn của Em", holder: "Đặng Thị Em", person: em), by: console)
        try await archive.verifyEvidence(own.text, .rejected, reason: "Em chưa ký", role: .reviewer, by: reviewer)
        _ = try await archive.item(own.text, by: head)
        names.merge(["EM": em.text, "GONE": own.text, "LETTER": shared.text]) { $1 }
        let account = try await archive.item(own.text, by: head)
        names["LOST"] = account.object.digest.hex
        self.em = em
    }

    mutating func care() async throws {
        let dossier = try #require(names["DOSSIER"])
        func grounds(_ reason: String) -> ErasureGrounds { ErasureGrounds(reason: reason, legalBasis: "Luật 91/2025/QH15", role: .authority) }
        for subject in [dossier, try #require(names["BINH"])] { _ = try await archive.placeHold(subject, grounds: grounds("Khiếu nại"), by: head) }
        _ = try await archive.releaseHold(dossier, grounds: grounds("Đã giải quyết"), by: head)
        _ = try await archive.erase([try #require(em).text], grounds: grounds("Theo yêu cầu"), applies: true, by: head)
        try #require(try await archive.verify(by: console, report: { Issue.record("\($0)") }).isSound)
        _ = try await archive.rotateKey(reason: "Hằng năm", by: console)
        place.clock.advance(minutes: 400 * 24 * 60)
        try #require(try await archive.dropAccesses(olderThan: 365, reason: "Hết hạn lưu", role: .administrator, by: console) != nil)
        _ = try await archive.item(try #require(names["PROOF"]), by: head)
    }

    // MARK: An and Bình

    mutating func recognise() async throws {
        let number = try #require(PersonalNumber("001 099 000 123"))
        let an = try await register(PersonEntry(name: "An", birthYear: 1999, group: "farmer", number: number))
        _ = try await archive.registerPeople(
            [PersonEntry(name: "An", birthYear: 1999, group: "farmer", account: citizen.principal, number: number)], by: console)
        let binh = try await register(PersonEntry(name: "Bình", birthYear: 1980, group: "worker"))
        let proof = try await deposit("proof.txt", "Giấy chứng nhận", of: an)
        let plan = try await deposit("plan.txt", "Kế hoạch", of: an)
        let confirmedPlan = try await deposit("confirmed plan.txt", "Kế hoạch có xác nhận", of: an)
        let minutes = try await deposit("minutes.txt", "Biên bản")
        let scan = try await deposit("scan.txt", "Quyết định")
        try await archive.verifyEvidence(proof.text, .inReview, role: .reviewer, by: reviewer)
        try await archive.verifyEvidence(proof.text, .verified, method: .originalSeen, role: .reviewer, by: reviewer)

        let dossier = try await archive.openDossier(
            person: an.text, cycle: 2026, unit: "W-1", rules: "tan-thanh-ward", criteria: "framework", role: .citizen, by: citizen
        ).id
        try await step(dossier, .declare, .citizen, by: citizen)
        var cited: [CitationAccount] = []
        for indicator in Self.indicators where !["A2", "B4", "C1"].contains(indicator.text) {
            cited.append(try await archive.cite(dossier.text, indicator, item: proof.text, pages: [1], role: .citizen, by: citizen))
        }
        let first = try #require(cited.first)
        try await archive.withdrawCitation(first.id.text, reason: "Cả trang", role: .citizen, by: citizen)
        _ = try await archive.cite(
            dossier.text, first.indicator, item: proof.text, pages: [1], region: PageRegion(x: 100, y: 0, width: 900, height: 500),
            note: "phần trên", role: .citizen, by: citizen)
        _ = try await archive.cite(dossier.text, Self.indicators[1], item: plan.text, role: .citizen, by: citizen)
        let halves = [18, 16, 18, 18, 16, 10, 18, 16, 20, 20]
        try await archive.score(dossier.text, .selfScore, points(halves), role: .citizen, by: citizen)
        try await step(dossier, .submit, .citizen, by: citizen)
        try await archive.score(dossier.text, .collective, points(halves), role: .reviewer, by: reviewer)
        try await review(dossier, minutes: minutes)
        // Under review the plan is replaced: the review begins again, and the dossier is completed.
        _ = try await archive.supersedeEvidence(
            plan.text, by: confirmedPlan.text, reason: "Có xác nhận", role: .citizen, by: citizen)
        try await step(dossier, .returnForSupplement, .reviewer, by: reviewer, "Kế hoạch mới")
        try await step(dossier, .declare, .citizen, by: citizen)
        _ = try await archive.cite(dossier.text, Self.indicators[1], item: confirmedPlan.text, role: .citizen, by: citizen)
        try await step(dossier, .submit, .citizen, by: citizen)
        try await archive.score(dossier.text, .collective, points(halves), role: .reviewer, by: reviewer)
        try await review(dossier, minutes: minutes)
        try await archive.score(dossier.text, .appraised, points(halves), role: .appraiser, reason: "Như bình xét", by: appraiser)
        try await step(dossier, .appraise, .appraiser, by: appraiser)
        try await step(dossier, .confirm, .confirmer, by: confirmer)
        try await archive.score(dossier.text, .final, points(halves), role: .confirmer, by: confirmer)
        try await step(dossier, .propose, .appraiser, by: appraiser)

        let withdrawn = try await archive.openDossier(
            person: binh.text, cycle: 2026, unit: "W-1", rules: "tan-thanh-ward", criteria: "framework", role: .assistant, by: assistant
        ).id
        try await step(withdrawn, .withdraw, .assistant, by: assistant, "Thuộc cơ quan")
        let refused = try await propose(binh, 2026, [20, 20, 20, 20, 20, 20, 20, 8, 20, 20], minutes: minutes)
        let paper = document("125", of: "UBND phường", scan: scan)
        let outcomes = try await archive.decide([dossier.text, refused.text], by: paper, role: .authority, by: head)
        try #require(outcomes.map { $0.title != nil } == [true, false])
        let title = try #require(outcomes[0].title)
        try await step(dossier, .object, .citizen, by: citizen, "Điểm B2")
        try await step(dossier, .uphold, .authority, by: Actor.console(user: "lan", actingAs: "head-2"), "Đúng quy định")
        _ = try await archive.revoke(title.text, reason: "Minh chứng sai", legalBasis: "Quyết định 9", role: .authority, by: head)
        var given: [TitleID] = []
        // The first has the number and the day that another authority's has, see below.
        for paper in [document("126", of: "Giám đốc Sở"), document("128")] {
            try await step(refused, .object, .assistant, by: assistant, "Điểm B4")
            try await step(refused, .reopen, .authority, by: head, "Chấm lại")
            try await propose(refused, Array(repeating: 18, count: 10), minutes: minutes)
            given.append(try #require(try await archive.decide([refused.text], by: paper, role: .authority, by: head)[0].title))
        }
        names.merge(
            [
                "DOSSIER": dossier.text, "BINH": binh.text, "PROOF": proof.text, "OBJECT": first.evidence.object.hex, "TITLE": title.text,
                "PLAN": plan.text, "REPLACED": given[0].text, "WITHDRAWN": withdrawn.text, "SCAN": scan.text,
            ]
        ) { $1 }
        _ = try await archive.traceTitle(title.text, by: head)
        _ = try await archive.traceEvidence(proof.text, by: head)
        _ = try await archive.matrix(dossier.text, by: reviewer)
        _ = try await archive.people(by: head)
    }

    // MARK: Chi

    mutating func honour() async throws {
        let chi = try await register(PersonEntry(name: "Chi", birthYear: nil, group: "intellectual"))
        let minutes = try await deposit("minutes of five years.txt", "Biên bản năm năm")
        let proof = try await deposit("diary.txt", "Nhật ký")
        var dossiers: [DossierID] = []
        for cycle in 2022...2026 { dossiers.append(try await propose(chi, cycle, Array(repeating: 18, count: 10), minutes: minutes)) }
        // One document, entered in two parts.
        for part in [dossiers[..<3], dossiers[3...]] {
            let outcomes = try await archive.decide(part.map(\.text), by: document("126"), role: .authority, by: head)
            try #require(outcomes.allSatisfy { $0.title != nil })
        }
        let scan = try await deposit("scan of the honour.txt", "Quyết định danh hiệu")
        let honour = try await archive.honour(
            chi.text, rules: "lang-son-agency", by: document("127", scan: scan), role: .authority, by: head)
        _ = try await archive.revoke(honour.id.text, reason: "Nhầm", legalBasis: "Quyết định 10", role: .authority, by: head)
        // Evidence that is used in two years.
        let other = try await register(PersonEntry(name: "Dung", birthYear: 1970, group: "worker"))
        for cycle in 2025...2026 {
            let dossier = try await archive.openDossier(
                person: other.text, cycle: cycle, unit: "A-1", rules: "lang-son-agency", criteria: "framework", role: .assistant, by: console
            ).id
            _ = try await archive.cite(
                dossier.text, Self.indicators[0], item: proof.text, reaffirms: cycle == 2026, role: .assistant, by: console)
        }
        // What was looked at is described anew, and is to be looked at anew; what was found out stays found out.
        for (item, finding) in [(proof, VerificationState.inReview), (minutes, .revoked)] {
            try await archive.verifyEvidence(item.text, finding, reason: "Thiếu chữ ký", role: .reviewer, by: reviewer)
            try await archive.describe(item, as: EvidenceMetadata(title: "Đã bổ sung", holder: "Chi"), by: console)
        }
        names["DIARY"] = proof.text
    }
}
