import Custody
import Evidence
import Foundation
import Recognition
import Testing

@Suite("Citations", .serialized, .timeLimit(.minutes(10)))
struct CitationTests {
    /// A declared dossier of a new citizen, without citations.
    static func declaring(_ ward: TestWard, rules: String = "tan-thanh-ward", cycle: Int = 2026) async throws -> (Citizen, DossierID) {
        let citizen = try await ward.citizen()
        let dossier = try await ward.open(citizen, cycle: cycle, rules: rules)
        try await ward.take(.declare, dossier, citizen)
        return (citizen, dossier)
    }

    @Test func `what is cited cannot be described as valid in another time`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let dossier = try await ward.declared(citizen, item)
            let metadata = try await ward.archive.item(item.text, by: officer(.reviewer)).metadata
            var early = metadata
            early.validUntil = try day("2020-01-01")
            let error = try await ward.refused { try await ward.archive.describe(item, as: early, by: citizen.actor) }
            #expect(error.contains("while \(dossier) cites the item") && error.contains("it was valid until 2020-01-01"))
        }
    }

    // MARK: Citations

    @Test func `a citation pins the bytes, the pages and the text that was read`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await Self.declaring(ward)
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: sampleFolder.path).sorted().first { $0.hasSuffix(".pdf") })
            let metadata = EvidenceMetadata(title: "Biên bản", person: citizen.id, fileName: name)
            let source = DepositSource(path: Array("\(sampleFolder.path)/\(name)".utf8), metadata: metadata)
            let item = try await ward.archive.deposit(source, extracts: true).onlyItem()
            let known = try await ward.archive.item(item.text, by: officer(.inspector))
            let finding = try #require(known.extraction)
            let pages = try #require(finding.pageCount)
            let cited = try await ward.cite(dossier, "A1", item, citizen, pages: Array(1...pages))
            #expect(cited.evidence == EvidenceReference(item: item, object: known.object.digest))
            #expect(cited.text == finding.text?.digest && cited.text != nil && cited.pages == Array(1...pages))
            #expect(cited.counts && cited.verification == .submitted && cited.title == "Biên bản" && cited.reaffirms == nil)
            let error = try await ward.refused { try await ward.cite(dossier, "A2", item, citizen, pages: [pages + 1]) }
            #expect(error.hasSuffix("it has no page \(pages + 1); it has \(pages)"), "\(error)")
            // On a part of a page, with a note.
            _ = try await ward.archive.cite(
                dossier.text, try code("A3"), item: item.text, pages: [1], region: PageRegion(x: 0, y: 900, width: 1000, height: 100),
                note: "chữ ký", role: .citizen, by: citizen.actor)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test(
        "a region that is not on the page is none",
        arguments: [(-1, 0, 5, 5), (0, 1000, 5, 5), (1, 0, 1000, 5), (0, 1, 5, 1000), (0, 0, 0, 5), (0, 0, 5, -1), (.max, 0, .max, 5)])
    func region(x: Int, y: Int, width: Int, height: Int) { #expect(PageRegion(x: x, y: y, width: width, height: height) == nil) }

    @Test func `what cannot be cited is refused with the reason, and nothing is recorded`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await Self.declaring(ward)
            let stranger = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let other = try await ward.proof(of: stranger)
            func expectRefusal(
                _ reason: String, indicator: String = "A1", item cited: EvidenceID, pages: [Int] = [], region: PageRegion? = nil,
                role: Role = .citizen, by actor: Actor? = nil
            ) async throws {
                let error = try await ward.refused {
                    _ = try await ward.archive.cite(
                        dossier.text, try code(indicator), item: cited.text, pages: pages, region: region, role: role,
                        by: actor ?? citizen.actor)
                }
                #expect(error.contains(reason), "\(error)")
            }
            try await expectRefusal("framework has no indicator D1; it has A1, A2", indicator: "D1", item: item)
            try await expectRefusal("framework has no indicator A5", indicator: "A5", item: item)
            try await expectRefusal("cannot find evidence item ev-0000000000000000", item: EvidenceID(unchecked: "ev-0000000000000000"))
            try await expectRefusal("the item is \(stranger.id)'s, the dossier \(citizen.id)'s", item: other)
            for page in [0, -1] { try await expectRefusal("it has no page \(page); it has 1", item: item, pages: [page]) }
            for page in [2, .max] {
                try await expectRefusal("its pages are not known yet; have it read with: minhchung extract", item: item, pages: [page])
            }
            try await expectRefusal("the pages are not in ascending order", item: item, pages: [1, 1])
            let region = PageRegion(x: 0, y: 0, width: 10, height: 10)
            try await expectRefusal("a region is on one page; give that page", item: item, region: region)
            for role in Role.allCases where role != .citizen && role != .assistant {
                try await expectRefusal("the citizen does, or an assistant for them, not \(role.rawValue)", item: item, role: role, by: officer(role))
            }
            try await expectRefusal("reviewer-1 is not the citizen", item: item, by: officer(.reviewer))

            // What does not count is no evidence.
            let states: [(VerificationState, String)] = [(.rejected, "giả"), (.needsMore, "mờ"), (.revoked, "thu hồi"), (.expired, "hết hạn")]
            for (state, reason) in states {
                let bad = try await ward.proof(of: citizen)
                try await ward.archive.verifyEvidence(bad.text, state, reason: reason, role: .reviewer, by: officer(.reviewer))
                try await expectRefusal("the item is \(state.rawValue)", item: bad)
            }
            let (old, new) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            _ = try await ward.archive.supersedeEvidence(old.text, by: new.text, reason: "bản rõ hơn", role: .citizen, by: citizen.actor)
            try await expectRefusal("the item is superseded", item: old)

            // Twice is refused, but not on another page or for another indicator, nor after the first was withdrawn.
            let first = try await ward.cite(dossier, "A1", item, citizen)
            try await expectRefusal("it is cited there already", item: item)
            try await ward.cite(dossier, "A1", item, citizen, pages: [1])
            try await ward.cite(dossier, "A2", item, citizen)
            try await ward.archive.withdrawCitation(first.id.text, reason: "nhầm", role: .citizen, by: citizen.actor)
            let again = try await ward.refused {
                try await ward.archive.withdrawCitation(first.id.text, reason: "nhầm", role: .citizen, by: citizen.actor)
            }
            #expect(again.contains("it was withdrawn already"))
            try await ward.cite(dossier, "A1", item, citizen)
            #expect(try await ward.account(dossier).citations.map(\.indicator.text).sorted() == ["A1", "A1", "A2"])
        }
    }

    @Test func `evidence is cited and taken back only while the dossier is declared`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let dossier = try await ward.declared(citizen, item)
            let citation = try #require(try await ward.account(dossier).citations.first)
            let fresh = try await ward.proof(of: citizen)
            for stage in [DossierStage.submitted, .reviewed, .appraised, .confirmed, .proposed] {
                try await ward.advance(dossier, citizen, to: stage)
                let cited = try await ward.refused { try await ward.cite(dossier, "A1", fresh, citizen) }
                #expect(cited.contains("the dossier is \(stage.rawValue); only while it is declared"), "\(cited)")
                let withdrawn = try await ward.refused {
                    try await ward.archive.withdrawCitation(citation.id.text, reason: "x", role: .citizen, by: citizen.actor)
                }
                #expect(withdrawn.contains("the dossier is \(stage.rawValue)"))
            }
            // Returned and declared again, it takes evidence again.
            try await ward.take(.returnForSupplement, dossier, citizen)
            #expect(try await ward.refused { try await ward.cite(dossier, "A1", fresh, citizen) }.contains("the dossier is returned"))
            try await ward.take(.declare, dossier, citizen)
            try await ward.cite(dossier, "A1", fresh, citizen)
        }
    }

    @Test func `evidence of an earlier year must be affirmed again, and the citation says which one it was`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            let first = try await ward.open(citizen, cycle: 2025)
            let earlier = try await ward.cite(first, "A1", item, citizen)
            let second = try await ward.open(citizen, cycle: 2026)
            let error = try await ward.refused { try await ward.cite(second, "B1", item, citizen) }
            #expect(error.contains("it was cited in another cycle (\(first))") && error.contains("--reaffirm"))
            let later = try await ward.cite(second, "B1", item, citizen, reaffirms: true)
            #expect(later.reaffirms == earlier.id && earlier.reaffirms == nil)
            // Within its own year nothing has to be affirmed.
            #expect(try await ward.cite(first, "A2", item, citizen, reaffirms: true).reaffirms != nil)
        }
    }

    @Test(
        "an item that was valid on no day of the cycle is no evidence in it",
        arguments: [
            (nil, "2025-12-31", "it was valid until 2025-12-31, before the cycle 2026"), (nil, "2026-01-01", nil), ("2026-12-31", nil, nil),
            ("2027-01-01", nil, "it is valid from 2027-01-01, after the cycle 2026"), ("2020-01-01", "2030-01-01", nil),
            ("2020-01-01", "2025-06-30", "it was valid until 2025-06-30, before the cycle 2026"),
        ] as [(String?, String?, String?)])
    func validity(from: String?, until: String?, refusal: String?) async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await Self.declaring(ward)
            let item = try await ward.proof(of: citizen, validFrom: try from.map(day), validUntil: try until.map(day))
            guard let refusal else {
                try await ward.cite(dossier, "A1", item, citizen)
                return
            }
            let error = try await ward.refused { try await ward.cite(dossier, "A1", item, citizen) }
            #expect(error.hasSuffix(refusal), "\(error)")
        }
    }

    @Test func `a page of an item that nobody read yet is known once it is read`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, dossier) = try await Self.declaring(ward)
            let item = try await ward.proof(of: citizen)
            #expect(try await ward.cite(dossier, "A1", item, citizen, pages: [1]).text == nil)
            _ = try await ward.archive.extract(by: console, report: { _ in })
            let error = try await ward.refused { try await ward.cite(dossier, "A2", item, citizen, pages: [2]) }
            #expect(error.hasSuffix("it has no page 2; it has 1"), "\(error)")
            #expect(try await ward.cite(dossier, "A2", item, citizen, pages: [1]).text != nil)
        }
    }

    @Test func `a damaged item is no evidence`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let (citizen, dossier) = try await Self.declaring(ward)
            let item = try await ward.proof(of: citizen)
            let object = try await ward.archive.item(item.text, by: officer(.inspector)).object.digest
            try place.edit(object) { $0[0] ^= 1 }
            #expect(try await !ward.archive.verified().findings.isEmpty)
            let error = try await ward.refused { try await ward.cite(dossier, "A1", item, citizen) }
            #expect(error.hasSuffix("its object is damaged; see minhchung verify"))
        }
    }

    // MARK: Verification and new bytes

    @Test func `nobody verifies what they handed in, or what proves their own dossier`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let item = try await ward.proof(of: citizen)
            func verify(
                _ state: VerificationState = .verified, _ method: VerificationMethod? = .originalSeen, reason: String? = nil,
                _ role: Role = .reviewer, by actor: Actor
            )
                async throws
            {
                try await ward.archive.verifyEvidence(item.text, state, method: method, reason: reason, role: role, by: actor)
            }
            #expect(try await ward.refused { try await verify(by: console) }.contains("console:lan handed it in; somebody else has to look"))
            #expect(try await ward.refused { try await verify(by: citizen.actor) }.contains("\(citizen.actor.principal)"))
            let dossier = try await ward.declared(citizen, item)
            #expect(try await ward.refused { try await verify(by: citizen.actor) }.contains("\(citizen.actor.principal)"))
            for role in [Role.citizen, .assistant, .administrator] {
                #expect(
                    try await ward.refused { try await verify(.verified, .originalSeen, role, by: officer(role)) }.contains(
                        "does not verify evidence"))
            }
            #expect(try await ward.refused { try await verify(.verified, nil, by: officer(.reviewer)) }.contains("say how it was verified"))
            #expect(
                try await ward.refused { try await verify(.rejected, .originalSeen, reason: "x", by: officer(.reviewer)) }.contains(
                    "only what is verified"))
            for state in [VerificationState.rejected, .needsMore, .revoked, .expired] {
                #expect(try await ward.refused { try await verify(state, nil, by: officer(.reviewer)) }.contains("it needs a reason"))
            }
            for state in [VerificationState.submitted, .superseded] {
                #expect(
                    try await ward.refused { try await verify(state, nil, reason: "x", by: officer(.reviewer)) }.contains("not for a reviewer to say")
                )
            }
            try await verify(.inReview, nil, by: officer(.reviewer))
            try await verify(by: officer(.reviewer))
            #expect(try await ward.account(dossier).citations.allSatisfy { $0.verification == .verified && $0.counts })
            try await verify(.revoked, nil, reason: "nơi cấp thu hồi", by: officer(.inspector))
            #expect(try await ward.account(dossier).citations.allSatisfy { $0.verification == .revoked && !$0.counts })
        }
    }

    @Test(
        "new bytes reopen the review in the same transaction, and the old ones count no more",
        arguments: [DossierStage.reviewed, .appraised, .confirmed, .proposed])
    func supersession(stage: DossierStage) async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let (old, new, kept) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let dossier = try await ward.declared(citizen, kept, ["A1": old])
            try await ward.advance(dossier, citizen, to: stage)
            let before = try await ward.records()
            let reopened = try await ward.archive.supersedeEvidence(
                old.text, by: new.text, reason: "bản rõ hơn", role: .citizen, by: citizen.actor)
            #expect(reopened == [dossier])
            #expect(try await ward.records() == before + 2)
            let history = try await ward.archive.history(dossier.text, since: before - 1, by: officer(.inspector))
            #expect(history.entries.map(\.number) == [before, before + 1])
            #expect(history.entries.first?.text == "\(old) superseded by \(new): bản rõ hơn")
            #expect(history.entries.last?.text == "reopen by citizen, \(stage.rawValue) → submitted: \(old) was superseded by \(new)")
            #expect(try await ward.stage(dossier) == .submitted)
            #expect(try await ward.account(dossier).citations.filter { !$0.counts }.map(\.indicator.text) == ["A1"])
            let verdict = try await ward.archive.verdict(of: dossier.text, by: .selfScore, by: officer(.inspector)).verdict
            #expect(verdict.counted[try code("A1")] == .zero && !verdict.isRecognised)
            // Nor may it be scored any more.
            let error = try await ward.refused {
                try await ward.archive.score(dossier.text, .collective, scores(9), role: .reviewer, by: officer(.reviewer))
            }
            #expect(error.contains("A1 = 9 without evidence"), "\(error)")
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `before a review and after a decision new bytes reopen nothing`() async throws {
        try await TestPlace().ward { ward in
            for stage in [DossierStage.declaring, .submitted, .recognised] {
                let citizen = try await ward.citizen()
                let (old, new) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen))
                let dossier = try await ward.declared(citizen, old)
                try await ward.advance(dossier, citizen, to: stage == .recognised ? .proposed : stage)
                if stage == .recognised { _ = try await ward.decide(dossier) }
                #expect(try await ward.archive.supersedeEvidence(old.text, by: new.text, reason: "x", role: .citizen, by: citizen.actor) == [])
                #expect(try await ward.stage(dossier) == stage)
            }
        }
    }

    @Test func `what cannot take the place of an item is refused`() async throws {
        try await TestPlace().ward { ward in
            let (citizen, stranger) = (try await ward.citizen(), try await ward.citizen())
            let (item, other) = (try await ward.proof(of: citizen), try await ward.proof(of: citizen))
            let foreign = try await ward.proof(of: stranger)
            let same = try await ward.proof("Giống nhau", of: citizen)
            let metadata = EvidenceMetadata(holder: "Khác", person: citizen.id)
            let twin = try await ward.archive.deposit(try ward.place.source("twin.txt", "Giống nhau", metadata)).onlyItem()
            let bad = try await ward.proof(of: citizen)
            try await ward.archive.verifyEvidence(bad.text, .rejected, reason: "giả", role: .reviewer, by: officer(.reviewer))
            func supersede(_ old: EvidenceID, _ new: EvidenceID, reason: String = "x", role: Role = .citizen, by actor: Actor? = nil) async throws
                -> String
            {
                try await ward.refused {
                    _ = try await ward.archive.supersedeEvidence(
                        old.text, by: new.text, reason: reason, role: role, by: actor ?? citizen.actor)
                }
            }
            #expect(try await supersede(item, item).contains("it has the same bytes"))
            #expect(try await supersede(same, twin).contains("it has the same bytes"))
            #expect(try await supersede(item, foreign).contains("they are not the same person's"))
            #expect(try await supersede(item, bad).contains("one of them does not hold any more"))
            #expect(try await supersede(item, other, reason: " ").contains("reason"))
            #expect(try await supersede(item, other, by: officer(.reviewer)).contains("reviewer-1 is not the citizen"))
            for role in [Role.confirmer, .authority, .inspector, .administrator] {
                let error = try await supersede(item, other, role: role, by: officer(role))
                #expect(error.hasSuffix("that is for the citizen, an assistant or who reviews, not for \(role.rawValue)"), "\(error)")
            }
            _ = try await ward.archive.supersedeEvidence(item.text, by: other.text, reason: "x", role: .citizen, by: citizen.actor)
            #expect(try await supersede(item, same).contains("one of them does not hold any more"))
            #expect(
                try await ward.refused {
                    try await ward.archive.verifyEvidence(item.text, .verified, method: .originalSeen, role: .reviewer, by: officer(.reviewer))
                }.contains("it is superseded by \(other)"))
        }
    }
}
