import Custody
import Evidence
import Testing

@Suite("Lists of evidence", .serialized, .timeLimit(.minutes(10)))
struct EvidenceListTests {
    private static func list(_ archive: Archive, _ question: EvidenceQuestion, limit: Int = 50) async throws -> [EvidenceID] {
        try await archive.evidence(question, limit: limit, by: officer(.reviewer)).map(\.item.id)
    }

    @Test func `items are listed by what is known of them, page by page, and an item that nobody looked at is submitted`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            var items = [ward.minutes]
            for _ in 0..<4 { items.append(try await ward.proof(of: citizen)) }
            func listed(_ state: VerificationState, after: EvidenceID? = nil, limit: Int = 50) async throws -> [EvidenceID] {
                try await Self.list(ward.archive, .verification(state, after: after), limit: limit)
            }
            func verify(_ item: EvidenceID, _ state: VerificationState) async throws {
                try await ward.archive.verifyEvidence(
                    item.text, state, method: state == .verified ? .originalSeen : nil, reason: "x", role: .reviewer, by: officer(.reviewer))
            }
            #expect(try await listed(.submitted) == items)
            #expect(try await listed(.submitted, limit: 2) == Array(items[..<2]))
            #expect(try await listed(.submitted, after: items[1], limit: 2) == Array(items[2..<4]))
            #expect(try await listed(.submitted, after: items[4]) == [])
            try await verify(items[1], .inReview)
            try await verify(items[1], .verified)
            try await verify(items[3], .verified)
            _ = try await ward.archive.supersedeEvidence(items[2].text, by: items[4].text, reason: "x", role: .citizen, by: citizen.actor)
            #expect(try await listed(.submitted) == [items[0], items[4]])
            #expect(try await listed(.verified) == [items[1], items[3]])
            #expect(try await listed(.inReview) == [])
            #expect(try await listed(.superseded) == [items[2]])
            let reviewed = try await ward.archive.evidence(.verification(.verified, after: nil), by: officer(.reviewer))
            #expect(reviewed.allSatisfy { $0.verification == .verified && $0.verifiedAt != nil })
            #expect(
                try await ward.archive.evidence(.verification(.submitted, after: nil), by: officer(.reviewer)).allSatisfy { $0.verifiedAt == nil })
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `items are listed by the days of issue, of upload and of the end of their validity`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            func deposit(_ name: String, issued: String?, until: String?) async throws -> EvidenceID {
                let metadata = EvidenceMetadata(issuedOn: try issued.map(day), validUntil: try until.map(day))
                return try await archive.deposit(try place.source(name, name, metadata)).onlyItem()
            }
            let late = try await deposit("a", issued: "2026-03-01", until: "2027-01-01")
            let early = try await deposit("b", issued: "2026-01-01", until: "2026-12-31")
            place.clock.advance(minutes: 24 * 60)
            let undated = try await deposit("c", issued: nil, until: nil)
            func list(_ question: EvidenceQuestion, limit: Int = 50) async throws -> [EvidenceID] {
                try await Self.list(archive, question, limit: limit)
            }
            #expect(try await list(.issued(day("2026-01-01")...day("2026-03-01"))) == [early, late])
            #expect(try await list(.issued(day("2026-01-01")...day("2026-03-01")), limit: 1) == [early])
            #expect(try await list(.issued(day("2026-01-02")...day("2026-02-28"))) == [])
            #expect(try await list(.validUntil(day("2026-12-31")...day("2027-01-01"))) == [early, late])
            #expect(try await list(.validUntil(day("2027-01-01")...day("2027-01-01"))) == [late])
            #expect(try await list(.uploaded(day("2026-11-21")...day("2026-11-21"))) == [late, early])
            #expect(try await list(.uploaded(day("2026-11-22")...day("2026-11-30"))) == [undated])
            #expect(try await list(.uploaded(day("2026-11-21")...day("2026-11-22")), limit: 2) == [late, early])
        }
    }

    // MARK: Descriptions

    @Test func `a new description is to be looked at anew, and what fell for good stays so`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            // What is erased is not described any more, see ErasureTests.
            for state in VerificationState.allCases where state != .erased {
                let item = try await ward.proof(of: citizen)
                switch state {
                case .submitted: break
                case .superseded:
                    let other = try await ward.proof(of: citizen)
                    _ = try await ward.archive.supersedeEvidence(item.text, by: other.text, reason: "x", role: .citizen, by: citizen.actor)
                default:
                    try await ward.archive.verifyEvidence(
                        item.text, state, method: state == .verified ? .originalSeen : nil, reason: "x", role: .reviewer, by: officer(.reviewer))
                }
                let before = try await ward.archive.item(item.text, by: officer(.reviewer))
                #expect(before.verification == state)
                // The same words again are no new description.
                let records = try await ward.records()
                try await ward.archive.describe(item, as: before.metadata, by: citizen.actor)
                #expect(try await ward.records() == records)
                var metadata = before.metadata
                metadata.title = "Giấy chứng nhận (sửa)"
                try await ward.archive.describe(item, as: metadata, by: citizen.actor)
                let after = try await ward.archive.item(item.text, by: officer(.reviewer))
                let stays: [VerificationState] = [.submitted, .rejected, .needsMore, .revoked, .expired, .superseded]
                #expect(after.verification == (stays.contains(state) ? state : .submitted), "\(state)")
                // What was found before is told still.
                #expect(after.findings.map(\.verification.state) == before.findings.map(\.verification.state))
                #expect(after.supersededBy == before.supersededBy && (state == .superseded) == (after.supersededBy != nil))
            }
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test func `an item that dossiers cite cannot become another person's`() async throws {
        try await TestPlace().ward { ward in
            let (one, two) = (try await ward.citizen(), try await ward.citizen())
            let shared = try await ward.archive.deposit(try ward.place.source("shared.txt", "Giấy khen của thôn")).onlyItem()
            var dossiers: [DossierID] = []
            var citations: [CitationID] = []
            for citizen in [one, two] {
                let dossier = try await ward.open(citizen)
                citations.append(try await ward.cite(dossier, "A1", shared, citizen).id)
                dossiers.append(dossier)
            }
            func describe(_ person: PersonID?) async throws {
                try await ward.archive.describe(shared, as: EvidenceMetadata(title: "Giấy khen", person: person), by: officer(.administrator))
            }
            // Both cite it: it is neither's, whichever dossier is looked at first.
            for (citizen, other) in [(one, dossiers[1]), (two, dossiers[0])] {
                let error = try await ward.refused { try await describe(citizen.id) }
                #expect(error.contains("person cannot change while \(other) cites the item"), "\(error)")
            }
            try await describe(nil)
            try await ward.archive.withdrawCitation(citations[1].text, reason: "nhầm", role: .citizen, by: two.actor)
            try await describe(one.id)
            for person in [two.id, nil] {
                #expect(try await ward.refused { try await describe(person) }.contains("while \(dossiers[0]) cites the item"))
            }
            #expect(try await ward.refused { try await describe(PersonID(unchecked: "pe-0000000000000000")) }.contains("is not registered"))
        }
    }
}
