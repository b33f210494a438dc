import Custody
import Evidence
import Recognition
import Testing

@Suite("Honours and decision documents", .serialized, .timeLimit(.minutes(10)))
struct HonourTests {
    @Test func `five years running make the honour, which follows the person through their units`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            func honour(
                _ document: DecisionEntry? = nil, _ role: Role = .authority, by actor: Actor = officer(.authority), rules: String = "tan-thanh-ward"
            )
                async throws -> TitleSummary
            {
                try await ward.archive.honour(
                    citizen.id.text, rules: rules, by: try document ?? ward.document(), role: role, by: actor)
            }
            var titles: [TitleID] = []
            for cycle in 2022...2025 {
                titles.append(
                    try #require(try await ward.decided(citizen, item, cycle: cycle, unit: cycle < 2024 ? ward.unit : ward.otherUnit).title))
                let error = try await ward.refused { _ = try await honour() }
                #expect(error.contains("tiêu biểu takes 5 years running [") && error.contains("5 năm liền"))
                #expect(error.hasSuffix("there are titles of \((2022...cycle).map(String.init).joined(separator: ", "))"), "\(error)")
            }
            let last = try await ward.decided(citizen, item, cycle: 2026, unit: ward.otherUnit)
            titles.append(try #require(last.title))
            #expect(
                try await ward.refused { _ = try await honour(nil, .reviewer, by: officer(.reviewer)) }.contains("the authority does, not reviewer"))
            #expect(try await ward.refused { _ = try await honour(by: citizen.actor) }.contains("own dossier"))
            #expect(try await ward.refused { _ = try await honour(rules: "framework") }.contains("cannot find rule set framework"))
            // Four eyes on it are those on its titles.
            for account in [Role.reviewer, .appraiser] {
                let error = try await ward.refused { _ = try await honour(by: officer(account)) }
                #expect(error.contains("account \(account.rawValue)-1 scored this dossier"), "\(error)")
            }
            #expect(
                try await ward.refused { _ = try await honour(ward.document(issuedOn: "2026-11-19")) }.hasSuffix(
                    "it is dated 2026-11-19, before the last title of 2026-11-20"))
            let known = try await ward.archive.replay(last.dossier.text, by: officer(.inspector)).first?.decision.document
            #expect(
                try await ward.refused { _ = try await honour(ward.document(known?.codeNumber, signer: "Phó Chủ tịch")) }.contains(
                    "with another signer or scan: is it Chủ tịch?"))

            let given = try await honour()
            #expect(given.honour == "tiêu biểu" && given.cycle == 2026 && given.unit == nil && given.person == citizen.id && !given.isRevoked)
            #expect(try await ward.refused { _ = try await honour() }.contains("it was given for the years to 2026 already"))
            guard case .honour(let trace) = try await ward.archive.traceTitle(given.id.text, by: officer(.inspector)) else {
                throw Unexpected("no honour")
            }
            #expect(trace.titles.map(\.id) == titles && trace.titles.map(\.cycle) == Array(2022...2026))
            #expect(Set(trace.titles.map(\.unit)) == [ward.unit, ward.otherUnit])

            // Each of its titles knows of it, and a revoked one in between makes no run any more.
            let middle = try #require(trace.titles.first { $0.cycle == 2024 })
            guard case .title(let traced) = try await ward.archive.traceTitle(middle.id.text, by: officer(.inspector)) else {
                throw Unexpected("no title")
            }
            #expect(traced.honours.map(\.id) == [given.id])
            let withdrawn = try await ward.archive.revoke(
                given.id.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            #expect(withdrawn.title.id == given.id && withdrawn.honours.isEmpty)
            guard case .title(let later) = try await ward.archive.traceTitle(middle.id.text, by: officer(.inspector)) else {
                throw Unexpected("no title")
            }
            #expect(later.honours.isEmpty)
            _ = try await ward.archive.revoke(middle.id.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            #expect(try await ward.refused { _ = try await honour() }.hasSuffix("there are titles of 2022, 2023, 2025, 2026"))
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `an honour is revoked by the authority only`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            for cycle in 2022...2026 { _ = try await ward.decided(citizen, item, cycle: cycle) }
            let given = try await ward.archive.honour(
                citizen.id.text, rules: "tan-thanh-ward", by: ward.document(), role: .authority, by: officer(.authority))
            func revoke(_ role: Role, by actor: Actor) async throws -> Bool {
                try await ward.archive.revoke(given.id.text, reason: "x", legalBasis: "y", role: role, by: actor).title.isRevoked
            }
            for role in Role.allCases where role != .authority {
                #expect(
                    try await ward.refused { _ = try await revoke(role, by: officer(role)) }.contains("the authority revokes, not \(role.rawValue)"))
            }
            #expect(try await ward.refused { _ = try await revoke(.authority, by: citizen.actor) }.contains("own dossier"))
            #expect(try await ward.refused { _ = try await revoke(.authority, by: officer(.reviewer)) }.contains("scored this dossier"))
            #expect(try await revoke(.authority, by: officer(.authority)))
        }
    }

    @Test func `who revokes a title is told which honours rest on it, also where it took the place of another`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            var outcomes: [DecisionOutcome] = []
            for cycle in 2022...2026 { outcomes.append(try await ward.decided(citizen, item, cycle: cycle)) }
            // The document of the last title gives the honour as well.
            let paper = try #require(try await ward.archive.replay(outcomes[4].dossier.text, by: officer(.inspector)).first).decision.document
            let honour = try await ward.archive.honour(
                citizen.id.text, rules: "tan-thanh-ward", by: ward.document(paper.codeNumber), role: .authority, by: officer(.authority))
            guard case .honour(let trace) = try await ward.archive.traceTitle(honour.id.text, by: officer(.inspector)) else {
                throw Unexpected("no honour")
            }
            #expect(trace.grant.document == paper)
            #expect(try await ward.archive.replay(paper.id.text, by: officer(.inspector)).map(\.isSame) == [true])
            // A new decision about one of its years gives another title in its place; the honour rests on that year still.
            let first = outcomes[0].dossier
            for act in [DossierAct.object, .reopen] { try await ward.take(act, first, citizen) }
            try await ward.advance(first, citizen, to: .proposed, scores(8))
            let title = try #require(try await ward.decide(first).first?.title)
            #expect(title != outcomes[0].title)
            let replaced = try await ward.archive.person(citizen.id.text, by: officer(.inspector)).titles.filter(\.isReplaced)
            #expect(replaced.map(\.id) == [try #require(outcomes[0].title)] && replaced.allSatisfy { !$0.isRevoked })
            let revoked = try await ward.archive.revoke(title.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            #expect(revoked.title.id == title && revoked.honours.map(\.id) == [honour.id])
            // An honour that was taken back rests on nothing.
            _ = try await ward.archive.revoke(honour.id.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            let last = try #require(outcomes[4].title)
            let later = try await ward.archive.revoke(last.text, reason: "x", legalBasis: "y", role: .authority, by: officer(.authority))
            #expect(later.honours.isEmpty)
        }
    }

    // MARK: Decision documents

    @Test func `records are about the papers that they rest on, in one order`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let scan = try await ward.archive.deposit(try ward.place.source("decision.txt", "QUYẾT ĐỊNH")).onlyItem()
            func newest(_ item: EvidenceID) async throws -> [String]? {
                try await ward.archive.item(item.text, by: officer(.inspector)).history.last?.subjects
            }
            for cycle in 2022...2026 {
                let dossier = try await ward.declared(citizen, item, cycle: cycle, reaffirms: true)
                let isRecognised = cycle > 2022  // so that a refusal, which has no title, is among them
                try await ward.advance(dossier, citizen, to: .proposed, isRecognised ? scores(9) : scores(7))
                #expect(try await newest(ward.minutes) == [dossier.text, citizen.id.text, ward.minutes.text])
                let outcome = try #require(try await ward.decide(dossier, by: ward.document(scan: scan)).first)
                let title = outcome.title.map { [$0.text] } ?? []
                #expect(title.isEmpty == !isRecognised)
                #expect(try await newest(scan) == [dossier.text, citizen.id.text, outcome.decision.text] + title + [scan.text])
            }
            let again = try await ward.archive.dossiers(cycle: 2022, by: officer(.inspector))
            let first = try #require(again.first).id
            for act in [DossierAct.object, .reopen] { try await ward.take(act, first, citizen) }
            try await ward.advance(first, citizen, to: .proposed)
            _ = try await ward.decide(first)
            let honour = try await ward.archive.honour(
                citizen.id.text, rules: "tan-thanh-ward", by: ward.document(scan: scan), role: .authority, by: officer(.authority))
            let subjects = try #require(try await newest(scan))
            #expect(subjects.count == 4 && subjects[2].hasPrefix(DecisionID.prefix))
            #expect(subjects[..<2] == [honour.id.text, citizen.id.text] && subjects[3] == scan.text)
        }
    }

    @Test func `one document is entered in parts, in the same words`() async throws {
        try await TestPlace().ward { ward in
            var dossiers: [DossierID] = []
            for _ in 0..<3 {
                let citizen = try await ward.citizen()
                let dossier = try await ward.declared(citizen, try await ward.proof(of: citizen))
                try await ward.advance(dossier, citizen, to: .proposed)
                dossiers.append(dossier)
            }
            let scan = try await ward.archive.deposit(try ward.place.source("decision.txt", "QUYẾT ĐỊNH")).onlyItem()
            let first = try #require(try await ward.decide(dossiers[0], by: ward.document("31", scan: scan)).first)
            for other in [try ward.document("31"), try ward.document("31", signer: "Phó Chủ tịch", scan: scan)] {
                let error = try await ward.refused { _ = try await ward.decide(dossiers[1], by: other) }
                #expect(
                    error.hasSuffix("\(first.decision) has this number, day and authority, with another signer or scan: is it Chủ tịch?"),
                    "\(error)")
            }
            let second = try #require(try await ward.decide(dossiers[1], by: ward.document(" 31", scan: scan)).first)
            #expect(second.decision == first.decision)
            // Another authority's document may have the same number and day.
            let third = try #require(
                try await ward.decide(dossiers[2], by: ward.document("31", authority: "UBND tỉnh", signer: "Phó Chủ tịch")).first)
            #expect(third.decision != first.decision)
            let replays = try await ward.archive.replay(first.decision.text, by: officer(.inspector))
            #expect(replays.map(\.decision.dossier) == Array(dossiers[..<2]) && replays.allSatisfy(\.isSame))
            // The scan is of that document, once.
            let trace = try await ward.archive.traceEvidence(scan.text, by: officer(.inspector))
            #expect(trace.scanOf == [first.decision] && trace.uses.isEmpty && trace.minutesOf.isEmpty)
            #expect(try await ward.archive.traceEvidence(ward.minutes.text, by: officer(.inspector)).minutesOf == dossiers)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }
}
