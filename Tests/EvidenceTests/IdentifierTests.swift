import Evidence
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test func `random identifiers differ, use every digit, and read themselves`() {
        let found = (0..<2_000).map { _ in EvidenceID.random() }
        #expect(Set(found).count == found.count)
        var digits = Set<Character>()
        for id in found {
            #expect(EvidenceID(id.text) == id)
            #expect(id.text.utf8.count == 19)
            digits.formUnion(id.text.dropFirst(3))
        }
        #expect(digits == Set("0123456789abcdefghjkmnpqrstvwxyz"))
    }

    @Test func `every digit stands at every place`() {
        var places = [Set<Character>](repeating: [], count: 16)
        for _ in 0..<2_000 {
            for (place, digit) in ArchiveID.random().text.dropFirst(3).enumerated() { places[place].insert(digit) }
        }
        #expect(places.map(\.count) == [Int](repeating: 32, count: 16))
    }

    @Test("reads an identifier of its kind", arguments: ["ev-0000000000000000", "ev-7h2k9q4m1c8r5t0w", "ev-zzzzzzzzzzzzzzzz"])
    func reads(text: String) {
        #expect(EvidenceID(text)?.text == text)
        #expect(EvidenceID(text)?.description == text)
        #expect(ArchiveID(text) == nil)
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", "ev-", "ev", "7h2k9q4m1c8r5t0w", "ar-7h2k9q4m1c8r5t0w", "EV-7h2k9q4m1c8r5t0w", "ev-7h2k9q4m1c8r5t0",
            "ev-7h2k9q4m1c8r5t0ww", "ev-7H2k9q4m1c8r5t0w", "ev-ih2k9q4m1c8r5t0w", "ev-lh2k9q4m1c8r5t0w",
            "ev-oh2k9q4m1c8r5t0w", "ev-uh2k9q4m1c8r5t0w", "ev-7h2k9q4m1c8r5t0\n", " ev-7h2k9q4m1c8r5t0w",
            "ev-7h2k9q4m1c8r5t\u{301}", "ev-\u{301}h2k9q4m1c8r5t0", "ev_7h2k9q4m1c8r5t0w",
        ])
    func refuses(text: String) {
        #expect(EvidenceID(text) == nil)
    }

    @Test func `the console operator is named beside whom they act for`() {
        #expect(Actor.console(user: "lan") == Actor(account: "console:lan", actingAs: nil))
        #expect(Actor.console(user: "lan", actingAs: "an") == Actor(account: "console:lan", actingAs: "an"))
        #expect(Actor.console(user: "lan") != Actor.console(user: "lan", actingAs: "an"))
    }

    @Test(
        "an account is a short word that names nobody, and no number of a telephone or a person",
        arguments: [
            ("officer-17", true), ("a", true), ("an.binh_2", true), (String(repeating: "a", count: 64), true), ("12345678", true),
            ("1-2-3-4-5-6-7-8", true), ("", false), (String(repeating: "a", count: 65), false), ("An", false), ("an binh", false),
            ("án", false), ("an\n", false), ("console:an", false), ("0912345678", false), ("123456789", false), ("cccd-001080000123", false),
            ("1a2b3c4d5e6f7g8h9", false), ("١٢٣", false),
        ])
    func account(text: String, isOne: Bool) { #expect(Actor.isAccount(text) == isOne) }

    @Test func `assurance is ordered from a citizen's copy to verified at the source`() {
        #expect(AssuranceLevel.allCases.shuffled().sorted() == [.citizenCopy, .originalSeen, .bornDigitalSigned, .verifiedAtSource])
    }

    @Test func `what stands in the ledger for ever keeps its words`() {
        #expect(
            RecordKind.allCases.map(\.rawValue) == [
                "archive.created", "evidence.deposited", "evidence.described", "object.extracted", "object.damaged",
                "object.restored", "rule.imported", "unit.declared", "unit.succeeded", "person.declared", "dossier.opened",
                "dossier.stepped", "evidence.cited", "citation.withdrawn", "evidence.verified", "evidence.superseded",
                "scores.given", "dossier.decided", "title.revoked", "honour.granted", "data.erased", "hold.placed", "hold.released",
                "key.rotated", "archive.restored", "access.dropped", "fixity.checked", "account.opened", "account.closed", "role.granted",
                "role.withdrawn", "sign-in.changed",
            ])
        #expect(
            SignInAct.allCases.map(\.rawValue) == [
                "setup-link-made", "setup-link-used", "identity-linked", "identity-unlinked", "authenticator-set", "authenticator-removed",
                "password-changed", "token-made",
            ])
        #expect(
            AccessKind.allCases.map(\.rawValue) == [
                "evidence.listed", "evidence.found", "evidence.viewed", "evidence.imaged", "evidence.exported", "person.viewed", "dossier.viewed",
                "evidence.traced", "bundle.exported", "access.viewed", "access.refused", "answer.repeated",
            ])
        #expect(
            Role.allCases.map(\.rawValue) == [
                "citizen", "assistant", "reviewer", "appraiser", "confirmer", "authority", "inspector", "administrator",
            ])
        #expect(
            DossierStage.allCases.map(\.rawValue) == [
                "registered", "declaring", "submitted", "reviewed", "appraised", "confirmed", "proposed", "recognised", "refused",
                "returned", "withdrawn", "objected", "appealed", "revoked",
            ])
        #expect(
            DossierAct.allCases.map(\.rawValue) == [
                "declare", "submit", "review", "appraise", "confirm", "propose", "recognise", "refuse", "return", "withdraw", "object",
                "appeal", "uphold", "reopen", "revoke",
            ])
        #expect(ScoreKind.allCases.map(\.rawValue) == ["self", "collective", "appraised", "final"])
        #expect(
            VerificationState.allCases.map(\.rawValue) == [
                "submitted", "in-review", "verified", "rejected", "needs-more", "revoked", "expired", "superseded", "erased",
            ])
        #expect(ExtractionState.allCases.map(\.rawValue) == ["extracted", "no-text", "kind-not-read", "failed"])
        #expect(
            EvidenceKind.allCases.map(\.rawValue) == [
                "certificate", "decision", "report", "photo", "work-sample", "confirmation", "other",
            ])
        #expect(
            AssuranceLevel.allCases.map(\.rawValue) == [
                "citizen-copy", "original-seen", "born-digital-signed", "verified-at-source",
            ])
    }
}
