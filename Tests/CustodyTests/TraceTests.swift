import Custody
import Evidence
import Foundation
import Recognition
import Testing

@Suite("Traces", .serialized, .timeLimit(.minutes(10)))
struct TraceTests {
    private static func traced(_ title: TitleID, _ ward: TestWard) async throws -> TitleTrace {
        guard case .title(let trace) = try await ward.archive.traceTitle(title.text, by: officer(.inspector)) else { throw Unexpected("\(title)") }
        return trace
    }

    // MARK: From a title to its proof

    @Test func `the trace of a title leads to records and digests that are there`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            let (item, other) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let outcome = try await ward.decided(citizen, item, ["B2": other], scored: scores(9, ["B2": 8]))
            let trace = try await Self.traced(try #require(outcome.title), ward)
            #expect(trace.title.id == outcome.title && trace.title.record == outcome.record && !trace.title.isRevoked)
            #expect(trace.decision.dossier == outcome.dossier && trace.decidedBy == officer(.authority))
            #expect(trace.unitName == "Phường Tân Thạnh" && trace.personName == "Người \(citizen.actor.principal)")
            #expect(trace.rules.code == "tan-thanh-ward" && trace.criteria.code == "framework")
            #expect(trace.verdict.isRecognised && trace.verdict.total == trace.decision.total && trace.verdict.total == Points(89))
            #expect(trace.indicators.map(\.indicator.code) == indicators && trace.honours.isEmpty)
            let status = try await ward.archive.status()
            #expect(trace.treeSize == status.records && trace.treeRoot == status.recordRoot)

            // Every position is that of the record which it is said to be.
            let entries = try await ward.archive.history(outcome.dossier.text, by: officer(.inspector)).entries
            let kinds = Dictionary(uniqueKeysWithValues: entries.map { ($0.number, $0.body.kind.rawValue) })
            #expect(kinds[trace.title.record] == "dossier.decided")
            for line in trace.indicators {
                #expect(line.score == Score(points: Points(line.indicator.code.text == "B2" ? 8 : 9)))
                #expect(kinds[try #require(line.scoreRecord)] == "scores.given")
                let cited = try #require(line.citations.first)
                #expect(line.citations.count == 1 && cited.evidence.item == (line.indicator.code.text == "B2" ? other : item))
                #expect(kinds[try #require(cited.citationRecord)] == "evidence.cited")
                let known = try await ward.archive.item(cited.evidence.item.text, by: officer(.inspector))
                #expect(cited.evidence.object == known.object.digest && cited.depositRecord == known.depositRecord)
                #expect(FileManager.default.fileExists(atPath: place.objectPath(cited.evidence.object)))
                #expect(cited.verificationThen == .submitted && cited.verificationNow == .submitted)
            }
            // What is found out later shows, beside what was known then.
            try await ward.archive.verifyEvidence(other.text, .revoked, reason: "thu hồi", role: .inspector, by: officer(.inspector))
            let object = try await ward.archive.item(other.text, by: officer(.inspector)).object.digest
            try place.edit(object) { $0[0] ^= 1 }
            #expect(try await !ward.archive.verified().findings.isEmpty)
            let later = try await Self.traced(trace.title.id, ward)
            #expect(later.indicators.filter { $0.citations.contains(where: \.isDamaged) }.map(\.indicator.code.text) == ["B2"])
            #expect(try await ward.archive.traceEvidence(other.text, by: officer(.inspector)).isDamaged)
            #expect(try await !ward.archive.traceEvidence(item.text, by: officer(.inspector)).isDamaged)
            let line = try #require(later.indicators.first { $0.indicator.code.text == "B2" })
            #expect(line.citations.map(\.verificationThen) == [.submitted] && line.citations.map(\.verificationNow) == [.revoked])
            #expect(later.verdict == trace.verdict)
        }
    }

    @Test func `a trace keeps the scores that were decided on, though later ones took their place`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let outcome = try await ward.decided(citizen, try await ward.proof(of: citizen), scored: scores(9))
            let title = try #require(outcome.title)
            let before = try await Self.traced(title, ward)
            for act in [DossierAct.object, .reopen] { try await ward.take(act, outcome.dossier, citizen) }
            try await ward.advance(outcome.dossier, citizen, to: .proposed, scores(8))
            let after = try await Self.traced(title, ward)
            #expect(after.indicators.map(\.score) == before.indicators.map(\.score))
            #expect(after.indicators.map(\.scoreRecord) == before.indicators.map(\.scoreRecord))
        }
    }

    // MARK: From a proof to what rests on it

    @Test func `the only proof of an indicator takes the title with it, and of two proofs each may fall`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (item, only, second) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.declared(citizen, item, ["B2": only])
            try await ward.cite(dossier, "A1", second, citizen)
            try await ward.advance(dossier, citizen, to: .proposed)
            let outcome = try #require(try await ward.decide(dossier).first)

            let trace = try await ward.archive.traceEvidence(only.text, by: officer(.inspector))
            #expect(trace.uses.map(\.dossier.id) == [dossier] && trace.falling.count == 1)
            let use = try #require(trace.uses.first)
            #expect(use.isDecided && use.title?.id == outcome.title && use.losing.map(\.text) == ["B2"] && use.citations.count == 1)
            #expect(use.before.isRecognised && use.before.total == Points(90) && use.after.total == Points(81))
            #expect(use.after.unmet.map(\.id) == ["evidence:B2", "floor:B2"])
            #expect(try #require(use.after.unmet.first?.description).contains("không có kê khai, minh chứng"))

            // One of two proofs: nobody falls.
            let spare = try await ward.archive.traceEvidence(second.text, by: officer(.inspector))
            #expect(spare.uses.count == 1 && spare.falling.isEmpty && spare.uses.first?.losing == [])
            #expect(spare.uses.first.map { $0.before == $0.after } == true)
            // The one for nine indicators: A1 has another, and the rest falls.
            let most = try await ward.archive.traceEvidence(item.text, by: officer(.inspector))
            #expect(most.falling.count == 1 && most.uses.first?.losing.map(\.text) == ["A2", "A3", "A4", "B1", "B3", "B4", "C1", "C2"])

            // When the other fell, the spare one is the only one, and B2 is not its fault.
            try await ward.archive.verifyEvidence(item.text, .inReview, role: .reviewer, by: officer(.reviewer))
            #expect(try await ward.archive.traceEvidence(second.text, by: officer(.inspector)).falling.isEmpty)
            try await ward.archive.verifyEvidence(only.text, .revoked, reason: "thu hồi", role: .inspector, by: officer(.inspector))
            let revoked = try await ward.archive.traceEvidence(only.text, by: officer(.inspector))
            #expect(revoked.verification == .revoked && revoked.falling.map(\.title?.id) == [outcome.title])
            #expect(try await ward.archive.traceEvidence(second.text, by: officer(.inspector)).falling.isEmpty)
        }
    }

    @Test func `of two proofs the second is the last when the first fell`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (item, first, second) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.declared(citizen, item, ["B2": first])
            try await ward.cite(dossier, "B2", second, citizen)
            try await ward.advance(dossier, citizen, to: .proposed)
            _ = try await ward.decide(dossier)
            #expect(try await ward.archive.traceEvidence(second.text, by: officer(.inspector)).falling.isEmpty)
            try await ward.archive.verifyEvidence(first.text, .revoked, reason: "thu hồi", role: .inspector, by: officer(.inspector))
            let trace = try await ward.archive.traceEvidence(second.text, by: officer(.inspector))
            #expect(trace.falling.count == 1 && trace.uses.first?.losing.map(\.text) == ["B2"])
        }
    }

    @Test func `dossiers that are not decided and those whose title ended fall with their furthest scores`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let old = try await ward.decided(citizen, item, cycle: 2025)
            let dossier = try await ward.declared(citizen, item, reaffirms: true)
            // Nothing is scored yet.
            #expect(try await ward.archive.traceEvidence(item.text, by: officer(.inspector)).falling.map(\.dossier.id) == [old.dossier])
            try await ward.advance(dossier, citizen, to: .submitted)
            let trace = try await ward.archive.traceEvidence(item.text, by: officer(.inspector))
            #expect(Set(trace.falling.map(\.dossier.id)) == [old.dossier, dossier])
            #expect(trace.uses.first { $0.dossier.id == dossier }?.isDecided == false)
            try await ward.take(.revoke, old.dossier, citizen)
            let later = try await ward.archive.traceEvidence(item.text, by: officer(.inspector))
            #expect(later.uses.first { $0.dossier.id == old.dossier }.map { $0.isDecided || $0.title != nil } == false)
            // A withdrawn citation is shown, and nothing falls with it.
            let spare = try await ward.proof(of: citizen)
            try await ward.take(.returnForSupplement, dossier, citizen)
            try await ward.take(.declare, dossier, citizen)
            let citation = try await ward.cite(dossier, "A1", spare, citizen)
            try await ward.archive.withdrawCitation(citation.id.text, reason: "nhầm", role: .citizen, by: citizen.actor)
            let withdrawn = try await ward.archive.traceEvidence(spare.text, by: officer(.inspector))
            #expect(withdrawn.uses.count == 1 && withdrawn.falling.isEmpty)
        }
    }

    @Test func `an honour that rests on a title falls with it, and the trace says so`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            var only: EvidenceID?
            for cycle in 2022...2026 {
                let weak = try await ward.proof(of: citizen)
                if cycle == 2024 { only = weak }
                _ = try await ward.decided(citizen, item, ["B2": weak], cycle: cycle)
            }
            let honour = try await ward.archive.honour(
                citizen.id.text, rules: "tan-thanh-ward", by: ward.document(), role: .authority, by: officer(.authority))
            let trace = try await ward.archive.traceEvidence(try #require(only).text, by: officer(.inspector))
            #expect(trace.falling.count == 1 && trace.falling.first?.honours.map(\.id) == [honour.id])
            #expect(trace.falling.first?.dossier.cycle == 2024)
            #expect(try await ward.archive.traceEvidence(item.text, by: officer(.inspector)).falling.count == 5)
        }
    }

    // MARK: Replay

    @Test("a decision whose record was changed cannot be replayed or traced", .enabled(if: hasSQLite, sqliteAbsence))
    func tampered() async throws {
        let place = try TestPlace()
        var found: DecisionOutcome?
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            let outcome = try await ward.decided(citizen, try await ward.proof(of: citizen), scored: scores(8))
            #expect(try await ward.archive.replay(outcome.dossier.text, by: officer(.inspector)).map(\.isSame) == [true])
            found = outcome
        }
        let outcome = try #require(found)
        let title = try #require(outcome.title)
        try place.sqlite(
            "archive.sqlite",
            "UPDATE record_body SET body = replace(body, '\"halves\":16', '\"halves\":18') WHERE number = \(try #require(outcome.record));")
        try await place.archive { (archive) async throws in
            for reference in [title.text, outcome.dossier.text, outcome.decision.text] {
                await #expect(throws: (any Error).self, "\(reference)") { try await archive.replay(reference, by: officer(.inspector)) }
            }
            await #expect(throws: (any Error).self) { try await archive.traceTitle(title.text, by: officer(.inspector)) }
            let findings = try await archive.verified().findings
            #expect(findings.contains { $0.record == outcome.record }, "\(findings)")
        }
    }

    @Test func `what there is no decision about is not replayed`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let dossier = try await ward.open(citizen)
            for (reference, reason) in [
                (dossier.text, "cannot replay \(dossier): no decision about a dossier is there"),
                ("do-0000000000000000", "cannot find dossier do-0000000000000000"),
                ("de-0000000000000000", "cannot find decision de-0000000000000000"),
                ("ti-0000000000000000", "cannot find title ti-0000000000000000"), ("", "cannot look for title "), ("x", "cannot look for title x"),
                ("%%%%", "cannot find title %%%%"),
            ] {
                let error = try await ward.refused { _ = try await ward.archive.replay(reference, by: officer(.inspector)) }
                #expect(error.hasPrefix(reason), "\(reference): \(error)")
            }
        }
    }

    // MARK: Matrix and history

    @Test func `the matrix shows what is proven, what is not, and what is not cited`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (cited, rejected, spare) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.open(citizen)
            try await ward.cite(dossier, "A1", cited, citizen)
            try await ward.cite(dossier, "B2", cited, citizen)
            try await ward.cite(dossier, "B3", rejected, citizen)
            try await ward.archive.verifyEvidence(rejected.text, .rejected, reason: "giả", role: .reviewer, by: officer(.reviewer))
            let matrix = try await ward.archive.matrix(dossier.text, by: officer(.reviewer))
            #expect(matrix.dossier.id == dossier && matrix.lines.map(\.indicator.code) == indicators)
            #expect(matrix.empty.map(\.text) == ["A2", "A3", "A4", "B1", "B3", "B4", "C1", "C2"])
            #expect(matrix.uncited.map(\.id) == [spare] && matrix.reuse.isEmpty)
            #expect(matrix.lines.filter { !$0.citations.isEmpty }.map(\.indicator.code.text) == ["A1", "B2", "B3"])
            #expect(matrix.lines.allSatisfy { $0.scores.isEmpty })
            try await ward.take(.declare, dossier, citizen)
            try await ward.archive.score(dossier.text, .selfScore, [try code("A1"): Score(points: Points(8))], role: .citizen, by: citizen.actor)
            #expect(try await ward.archive.matrix(dossier.text, by: officer(.reviewer)).lines.first?.scores == [.selfScore: Score(points: Points(8))])
        }
    }

    @Test func `the history as of a record is what was shown then, and since one what was added`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (item, weak) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.open(citizen)
            struct Moment {
                let newest: Int
                let stage: DossierStage
                let scores: [ScoreKind: [IndicatorCode: Score]]
                let citations: [(CitationID, VerificationState)]
            }
            var moments: [Moment] = []
            func look() async throws {
                let account = try await ward.account(dossier)
                moments.append(
                    Moment(
                        newest: try await ward.records() - 1, stage: account.dossier.stage, scores: account.scores,
                        citations: account.citations.map { ($0.id, $0.verification) }))
            }
            try await look()
            try await ward.take(.declare, dossier, citizen)
            for indicator in indicators { try await ward.cite(dossier, indicator.text, indicator.text == "B2" ? weak : item, citizen) }
            try await look()
            try await ward.archive.withdrawCitation(
                try #require(try await ward.account(dossier).citations.first).id.text, reason: "nhầm", role: .citizen, by: citizen.actor)
            try await look()
            try await ward.cite(dossier, "A1", weak, citizen)
            for stage in [DossierStage.submitted, .reviewed, .confirmed, .proposed] {
                try await ward.advance(dossier, citizen, to: stage, scores(stage == .reviewed ? 7 : 9))
                try await look()
            }
            try await ward.archive.verifyEvidence(weak.text, .rejected, reason: "giả", role: .inspector, by: officer(.inspector))
            try await look()
            // It takes another look at the evidence before there is a decision.
            try await ward.archive.verifyEvidence(weak.text, .inReview, role: .inspector, by: officer(.inspector))
            try await look()
            _ = try await ward.decide(dossier)
            for act in [DossierAct.object, .reopen] { try await ward.take(act, dossier, citizen) }
            try await look()

            let all = try await ward.archive.history(dossier.text, by: officer(.inspector))
            #expect(all.asOf == moments.last?.newest && all.entries.map(\.number) == all.entries.map(\.number).sorted())
            for (place, moment) in moments.enumerated() {
                let history = try await ward.archive.history(dossier.text, asOf: moment.newest, by: officer(.inspector))
                #expect(history.asOf == moment.newest && history.stage == moment.stage && history.scores == moment.scores, "\(place)")
                #expect(
                    history.citations.map(\.id) == moment.citations.map(\.0) && history.citations.map(\.verification) == moment.citations.map(\.1),
                    "\(place)")
                #expect(history.entries.map(\.number) == all.entries.map(\.number).filter { $0 <= moment.newest })
                let since = try await ward.archive.history(dossier.text, since: moment.newest, by: officer(.inspector))
                #expect(since.entries.map(\.number) == all.entries.map(\.number).filter { $0 > moment.newest })
            }
            let opened = try await ward.account(dossier).openedRecord
            let before = try await ward.archive.history(dossier.text, asOf: opened - 1, by: officer(.inspector))
            #expect(before.stage == nil && before.entries.isEmpty && before.scores.isEmpty && before.citations.isEmpty)
            for number in [-1, all.asOf + 1, .max, .min] {
                for (asOf, since) in [(number, nil), (nil, number)] as [(Int?, Int?)] {
                    let error = try await ward.refused {
                        _ = try await ward.archive.history(dossier.text, asOf: asOf, since: since, by: officer(.inspector))
                    }
                    #expect(error.hasSuffix("the ledger has the records 0 to \(all.asOf)"), "\(error)")
                }
            }
        }
    }

    @Test func `the history has what was found of the evidence, and each entry its record`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (item, weak, uncited) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let better = try await ward.proof(of: citizen)
            let dossier = try await ward.declared(citizen, item, ["B2": weak])
            for item in [weak, uncited] {
                try await ward.archive.verifyEvidence(item.text, .needsMore, reason: "mờ", role: .reviewer, by: officer(.reviewer))
            }
            _ = try await ward.archive.supersedeEvidence(weak.text, by: better.text, reason: "rõ hơn", role: .citizen, by: citizen.actor)
            let entries = try await ward.archive.history(dossier.text, by: officer(.inspector)).entries
            #expect(entries.suffix(2).map(\.body.kind) == [.evidenceVerified, .evidenceSuperseded])
            #expect(entries.suffix(2).map(\.text) == ["\(weak) needs-more by reviewer: mờ", "\(weak) superseded by \(better): rõ hơn"])
            #expect(entries.filter { $0.body.kind == .evidenceVerified }.count == 1, "what is not cited is not of it")
            #expect(Set(entries.map(\.number)).count == entries.count)
            let account = try await ward.archive.item(weak.text, by: officer(.inspector))
            #expect(account.verification == .superseded && account.supersededBy == better)
            #expect(account.findings.map(\.verification.state) == [.needsMore] && account.findings.map(\.header.actor) == [officer(.reviewer)])
        }
    }

    // MARK: The same proof in different hands

    @Test func `the same bytes or the same number in other hands are flagged, and nothing of the others is shown`() async throws {
        try await TestPlace().ward { ward in
            let (one, two, three) = (try await ward.citizen(), try await ward.citizen(), try await ward.citizen())
            let mine = try await ward.proof("Giấy chứng nhận số 15", of: one, number: "15")
            let dossier = try await ward.open(one)
            try await ward.cite(dossier, "A1", mine, one)
            func flags() async throws -> [String] {
                try await ward.archive.matrix(dossier.text, by: officer(.reviewer)).reuse.map { "\($0.item) \($0.kind.rawValue) \($0.others)" }
            }
            #expect(try await flags() == [])
            // The citizen's own second copy is nobody else's.
            let copy = EvidenceMetadata(holder: "Bản sao", person: one.id)
            _ = try await ward.archive.deposit(try ward.place.source("copy.txt", "Giấy chứng nhận số 15", copy))
            #expect(try await flags() == [])
            let theirs = try await ward.proof("Giấy chứng nhận số 15", of: two)
            #expect(try await flags() == ["\(mine) same-bytes 1"])
            let numbered = try await ward.proof("Giấy chứng nhận số 15 (khác)", of: three, number: "15")
            #expect(try await flags() == ["\(mine) same-bytes 1", "\(mine) same-number 1"])
            let trace = try await ward.archive.traceEvidence(mine.text, by: officer(.reviewer))
            #expect(trace.reuse == (try await ward.archive.matrix(dossier.text, by: officer(.reviewer)).reuse))
            var shown = ""
            dump(trace, to: &shown)
            dump(try await ward.archive.matrix(dossier.text, by: officer(.reviewer)), to: &shown)
            for hidden in [theirs.text, numbered.text, two.id.text, three.id.text, "Người \(two.actor.principal)"] {
                #expect(!shown.contains(hidden))
            }
            // Both of them see the same of each other.
            let other = try await ward.open(two)
            try await ward.cite(other, "A1", theirs, two)
            #expect(try await ward.archive.matrix(other.text, by: officer(.reviewer)).reuse.map(\.kind) == [.sameObject])
        }
    }

    @Test func `an item of nobody in two people's dossiers is flagged to both`() async throws {
        try await TestPlace().ward { ward in
            let item = try await ward.archive.deposit(try ward.place.source("shared.txt", "Giấy khen của thôn")).onlyItem()
            var dossiers: [DossierID] = []
            for _ in 0..<2 {
                let citizen = try await ward.citizen()
                let dossier = try await ward.open(citizen)
                if dossiers.isEmpty { #expect(try await ward.archive.matrix(dossier.text, by: officer(.reviewer)).reuse.isEmpty) }
                try await ward.cite(dossier, "A1", item, citizen)
                dossiers.append(dossier)
            }
            for dossier in dossiers {
                let flags = try await ward.archive.matrix(dossier.text, by: officer(.reviewer)).reuse
                #expect(flags.map { "\($0.item) \($0.kind.rawValue) \($0.others)" } == ["\(item) same-bytes 1"])
            }
            // Its trace names both dossiers, by id.
            let trace = try await ward.archive.traceEvidence(item.text, by: officer(.inspector))
            #expect(Set(trace.uses.map(\.dossier.id)) == Set(dossiers))
        }
    }
}
