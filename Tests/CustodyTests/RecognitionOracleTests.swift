import Evidence
import Foundation
import Testing

@Suite("The oracle, on records of dossiers and decisions", .serialized, DecidedArchive())
struct RecognitionOracleTests {
    @Test("finds nothing in an archive with records of every kind, nor does the program")
    func sound() async throws {
        let (_, copy) = try await DecidedArchive.copy()
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines.joined(separator: "\n"))")
        let verified = try await copy.shell(#""$minhchung" verify --archive "$archive""#)
        #expect(verified.status == 0, "\(verified.output)")
        let kinds = try await copy.shell(
            #"sqlite3 "$archive/archive.sqlite" "SELECT DISTINCT json_extract(header, '$.kind') FROM record ORDER BY 1""#)
        // Nothing is damaged in it, and it was not restored.
        let absent: [RecordKind] = [.objectDamaged, .objectRestored, .archiveRestored]
        #expect(
            kinds.output.split(separator: "\n").map(String.init)
                == RecordKind.allCases.filter { !absent.contains($0) }.map(\.rawValue).sorted())
    }

    @Test("finds nothing after a rebuild")
    func rebuilt() async throws {
        let (_, copy) = try await DecidedArchive.copy()
        let tables = [
            "rule_document", "unit", "unit_succession", "person", "dossier", "dossier_stage", "citation", "score", "verification", "decision",
            "redaction", "hold", "fixity", "milestone", "access_subject",
        ]
        let emptied = tables.map { "DELETE FROM \($0);" }.joined(separator: " ")
        let rebuilt = try await copy.shell(#"sql '\#(emptied)'; "$minhchung" rebuild --archive "$archive""#)
        #expect(rebuilt.status == 0, "\(rebuilt.output)")
        let (status, lines) = try await copy.look()
        #expect(status == 0, "\(lines.joined(separator: "\n"))")
    }

    /// What a wrong program could have written: bodies with right hashes. The verification reads every body, and folds the views
    /// from it; where a body says only what no view shows, the oracle alone holds it against the records before it.
    private static let bodies = [
        // Rules, units and people.
        Mutation(
            "a rule document is of another code", #"amend rule.imported 'body["code"] = "other"'"#,
            "rule object WARD of record RULE_IMPORTED: its code",
            verification: "in rule_document"),
        Mutation(
            "a version is imported twice", #"amend rule.imported 'body.update(code="framework")'"#,
            "record RULE_IMPORTED: body: framework version 1 was",
            verification: "in rule_document"),
        Mutation(
            "a rule document has a member that is not known", #"amend rule.imported 'body["colour"] = "red"'"#,
            "record RULE_IMPORTED: body: the member colour is not known", verification: "record RULE_IMPORTED: its body is not readable"),
        Mutation(
            "a unit has a parent that there is not", #"amend unit.declared 'body["parent"] = "un-0000000000000000"'"#,
            "record UNIT_DECLARED: body: no record before declares its unit un-0", verification: "in unit"),
        Mutation(
            "a unit ends before it begins", #"amend unit.declared 'body["valid_until"] = "1999-12-31"'"#,
            "record UNIT_DECLARED: body: it ends before it begins", verification: "in unit"),
        Mutation(
            "a unit is of a kind that there is not", #"amend unit.declared 'body["kind"] = "hamlet"'"#,
            "record UNIT_DECLARED: body: the member kind has",
            verification: "record UNIT_DECLARED: its body is not readable"),
        Mutation(
            "an abolished unit has a successor", #"amend unit.succeeded 'body["to"] = body["from"]'"#, "record UNIT_SUCCEEDED: body: all but what is",
            verification: "in unit_succession"),
        Mutation(
            "a succession is neither whole nor in part", #"amend unit.succeeded 'body["whole"] = 1'"#,
            "record UNIT_SUCCEEDED: body: the member whole has",
            verification: "record UNIT_SUCCEEDED: its body is not readable"),
        Mutation(
            "a person has an ethnicity", #"amend person.declared 'body["ethnicity"] = "x"'"#,
            "record PERSON_DECLARED: body: the member ethnicity is not known",
            verification: "its body is not readable"),
        Mutation(
            "a person has the personal number of another",
            #"amend person.declared 'body["number"] = {"ending": "123", "mac": "MAC"}'"#,
            "record PERSON_DECLARED: body: its personal number is that of AN",
            verification: "in person"),
        Mutation(
            "a person has four digits of their number",
            #"amend person.declared 'body["number"] = {"ending": "0123", "mac": "MAC"}'"#, "record PERSON_DECLARED: body: the member ending has",
            verification: "in person"),
        // Dossiers.
        Mutation(
            "a dossier is bound to rules that were never imported", #"amend dossier.opened 'body["rules"] = "00" * 32'"#,
            "record DOSSIER_OPENED: body: no record before imports its rule-set 0000", verification: "in dossier"),
        Mutation(
            "a dossier is bound to rules in place of criteria", #"amend dossier.opened 'body["criteria"] = body["rules"]'"#,
            "record DOSSIER_OPENED: body: no record before imports its criteria-set", verification: "in dossier"),
        Mutation(
            "a person has two dossiers in a cycle", #"amend dossier.opened 'body["cycle"] = 2025'"#,
            "record DOSSIER_OPENED: body: DUNG has the dossier do-",
            verification: "in dossier"),
        Mutation(
            "a withdrawn dossier is declared beside the one that took its place",
            #"""
            amend dossier.stepped 'body = dict(act="declare", dossier="WITHDRAWN", role="assistant", to="declaring") | {"from": "withdrawn"}
            header["subjects"] = ["WITHDRAWN", "BINH"]'
            """#, "record DOSSIER_STEPPED: body: BINH has the dossier do-", verification: "in dossier_stage"),
        Mutation(
            "a dossier is a person's that there is not", #"amend dossier.opened 'body["person"] = "pe-0000000000000000"'"#,
            "record DOSSIER_OPENED: body: no record before declares its person pe-0", verification: "in dossier"),
        Mutation(
            "a step is of a dossier that was not opened", #"amend dossier.stepped 'body["dossier"] = "do-0000000000000000"'"#,
            "record DOSSIER_STEPPED: body: no record before opens its dossier do-0", verification: "in dossier_stage"),
        Mutation(
            "a step is from a stage that the dossier was not in", #"amend dossier.stepped 'body["from"] = "appraised"'"#,
            "record DOSSIER_STEPPED: body: it is from appraised, and the dossier is reviewed"),
        Mutation(
            "a step leads elsewhere", #"amend dossier.stepped 'body["to"] = "confirmed"'"#, "record DOSSIER_STEPPED: body: propose leads to proposed",
            verification: "in dossier_stage"),
        Mutation(
            "a step has a role that there is not", #"amend dossier.stepped 'body["role"] = "friend"'"#,
            "record DOSSIER_STEPPED: body: the member role has",
            verification: "its body is not readable"),
        Mutation(
            "a proposal has votes",
            #"amend dossier.stepped 'body["review"] = {"held_on": "2026-11-21", "participants": ["a"], "votes_against": 0, "votes_for": 1}'"#,
            "record DOSSIER_STEPPED: body: its act is propose and does not go"),
        Mutation(
            "a step is about another dossier than its header says", #"amend dossier.stepped 'header["subjects"].reverse()'"#,
            "record DOSSIER_STEPPED: body: its subjects are"),
        // Citations, and what was verified.
        Mutation(
            "a citation is of an item that was not deposited", #"amend evidence.cited 'body["evidence"]["item"] = "ev-0000000000000000"'"#,
            "record EVIDENCE_CITED: body: no record before deposits its item ev-0", verification: "in citation"),
        Mutation(
            "a citation has a digest that is not the item's", #"amend evidence.cited 'body["evidence"]["object"] = "00" * 32'"#,
            "record EVIDENCE_CITED: body: the object of ev-", verification: "in citation"),
        Mutation(
            "a citation is of another person's item", #"amend evidence.cited 'body["evidence"] = {"item": "PROOF", "object": "OBJECT"}'"#,
            "record EVIDENCE_CITED: body: the item is AN's", verification: "in citation"),
        Mutation(
            "an item is described as somebody else's while a dossier cites it",
            #"amend evidence.described 'body["item"] = "PROOF"; body["metadata"]["person"] = "BINH"; header["subjects"] = ["PROOF"]'"#,
            "record EVIDENCE_DESCRIBED: body: it makes the item BINH's", verification: "in item"),
        Mutation(
            "a citation is of a page that there is not", #"amend evidence.cited 'body["pages"] = [2]'"#,
            "record EVIDENCE_CITED: body: its object has 1 pages",
            verification: "in citation"),
        Mutation(
            "a citation has pages out of order", #"amend evidence.cited 'body["pages"] = [1, 1]'"#,
            "record EVIDENCE_CITED: body: the member pages has",
            verification: "in citation"),
        Mutation(
            "a citation is of another text", #"amend evidence.cited 'del body["text"]'"#, "record EVIDENCE_CITED: body: the text of its object is",
            verification: "in citation"),
        Mutation(
            "a citation has a region off the page", #"amend evidence.cited 'body.update(pages=[1], region=[900, 0, 200, 10])'"#,
            "record EVIDENCE_CITED: body: the member region has", verification: "its body is not readable"),
        Mutation(
            "a citation has a region of no page", #"amend evidence.cited 'body["region"] = [0, 0, 10, 10]'"#,
            "record EVIDENCE_CITED: body: it has a region, and not one page"),
        Mutation(
            "a citation re-affirms what was never cited", #"amend evidence.cited 'body["reaffirms"] = "ci-0000000000000000"'"#,
            "record EVIDENCE_CITED: body: no record before cites its item by ci-0", verification: "in citation"),
        Mutation(
            "a citation is withdrawn that was never made", #"amend citation.withdrawn 'body["citation"] = "ci-0000000000000000"'"#,
            "record CITATION_WITHDRAWN: body: the dossier has no citation ci-0", verification: "in citation"),
        Mutation(
            "what is verified has no method", #"amend evidence.verified 'body["state"] = "verified"'"#,
            "record EVIDENCE_VERIFIED: body: what is verified, and only that, has a method", verification: "in verification"),
        Mutation(
            "an item is found to be submitted", #"amend evidence.verified 'body["state"] = "submitted"'"#,
            "record EVIDENCE_VERIFIED: body: the member state has", verification: "in verification"),
        Mutation(
            "an item is superseded by one that there is not", #"amend evidence.superseded 'body["by"] = "ev-0000000000000000"'"#,
            "record EVIDENCE_SUPERSEDED: body: no record before deposits its item ev-0", verification: "in verification"),
        // Scores and decisions.
        Mutation(
            "a score is a fraction", #"amend scores.given 'body["scores"]["A1"]["halves"] = 17.5'"#,
            "record SCORES_GIVEN: body: 17.5 is not an integer",
            verification: "its body is not readable"),
        Mutation(
            "scores are of a kind that there is not", #"amend scores.given 'body["kind"] = "guessed"'"#,
            "record SCORES_GIVEN: body: the member kind has",
            verification: "its body is not readable"),
        Mutation(
            "a score is of no indicator", #"amend scores.given 'body["scores"]["Q0"] = {"halves": 2}'"#,
            "record SCORES_GIVEN: body: the member scores has",
            verification: "its body is not readable"),
        Mutation(
            "a score is raised after the decision", #"amend scores.given 'body["scores"]["A1"]["halves"] = 20'"#,
            "record DOSSIER_DECIDED: body: its scores are not the final ones that held", verification: "in score"),
        Mutation(
            "a decision pins other scores", #"amend dossier.decided 'body["scores"]["A1"]["halves"] += 1'"#,
            "record DOSSIER_DECIDED: body: its scores are not the final ones that held"),
        Mutation(
            "a decision pins a citation that did not hold",
            #"amend dossier.decided 'body["citations"] = [{"citation": "CITATION", "evidence": {"item": "PROOF", "object": "OBJECT"}, "indicator": "A1", "verification": "verified"}]'"#,
            "record DOSSIER_DECIDED: body: its citations are not those that held"),
        Mutation(
            "a decision has another total", #"amend dossier.decided 'body["total_halves"] -= 1'"#, "record DOSSIER_DECIDED: body: its total is 179"),
        Mutation(
            "a decision hides a reviewer", #"amend dossier.decided 'body["reviewers"] = []'"#, "record DOSSIER_DECIDED: body: its reviewers are []"),
        Mutation(
            "a decision recognises with a rule unmet", #"amend dossier.decided 'body["unmet"] = ["threshold"]'"#,
            "record DOSSIER_DECIDED: body: its title, what is unmet"),
        Mutation(
            "a decision is under other rules", #"amend dossier.decided 'body["rules"] = "WARD"'"#, "record DOSSIER_DECIDED: body: its rules is WARD"),
        Mutation(
            "a decision is of another person", #"amend dossier.decided 'body["person"] = "BINH"'"#,
            "record DOSSIER_DECIDED: body: its person is BINH",
            verification: "in decision"),
        Mutation(
            "a document has two dates", #"amend dossier.decided 'body["document"]["issued_on"] = "2026-11-20"'"#,
            "record DOSSIER_DECIDED: body: a record before has its document", verification: "in decision"),
        Mutation(
            "a title is given twice", #"amend dossier.decided 'body["title"] = "TITLE"'"#,
            "record DOSSIER_DECIDED: body: the title TITLE was given before",
            verification: "decision.title"),
        Mutation(
            "a title is revoked that a later decision replaced",
            #"amend title.revoked 'body["title"] = "REPLACED"'"#, "record TITLE_REVOKED: body: there is no title REPLACED that holds",
            verification: "in decision"),
        Mutation(
            "a document is dated before the cycle",
            #"amend dossier.decided 'body["document"] |= {"code_number": "1", "decision": "de-0000000000000000", "issued_on": "2025-12-31"}'"#,
            "record DOSSIER_DECIDED: body: it is dated 2025-12-31, before the cycle 2026", verification: "in decision"),
        Mutation(
            "an authority has two documents of a number and day",
            #"amend dossier.decided 'body["document"]["decision"] = "de-0000000000000000"; header["subjects"][2] = "de-0000000000000000"'"#,
            "record DOSSIER_DECIDED: body: a record before has its document de-0000000000000000 otherwise", verification: "in decision"),
        Mutation(
            "an honour is not about its scan", #"amend honour.granted 'header["subjects"].pop()'"#,
            "record HONOUR_GRANTED: body: its subjects are", verification: "in record_subject"),
        Mutation(
            "an honour is dated before its titles", #"amend honour.granted 'body["document"]["issued_on"] = "2026-01-01"'"#,
            "record HONOUR_GRANTED: body: it is dated 2026-01-01, its title ti-", verification: "in decision"),
        Mutation(
            "a title is revoked that was never given", #"amend title.revoked 'body["title"] = "ti-0000000000000000"'"#,
            "record TITLE_REVOKED: body: there is no title ti-0", verification: "in decision"),
        Mutation(
            "an honour rests on another person's title", #"amend honour.granted 'body["titles"][0] = "TITLE"'"#,
            "record HONOUR_GRANTED: body: there is no title TITLE that holds"),
        Mutation(
            "an honour rests on years that do not follow one another", #"amend honour.granted 'del body["titles"][2]'"#,
            "record HONOUR_GRANTED: body: its titles are of the years [2022, 2023, 2025, 2026]"),
    ]

    private static let views = [
        Mutation(
            "a view lacks a rule document", #"sql "DELETE FROM rule_document WHERE object = 'AGENCY'""#, "view rule_document, AGENCY: it is missing",
            verification: "in rule_document"),
        Mutation(
            "a view has another name of a unit", #"sql "UPDATE unit SET name = 'x' WHERE record = UNIT_DECLARED""#, "view unit, un-",
            verification: "in unit"),
        Mutation(
            "a view lacks a succession", #"sql "DELETE FROM unit_succession""#, "view unit_succession, UNIT_SUCCEEDED: it is missing",
            verification: "in unit_succession"),
        Mutation(
            "a view has another account of a person", #"sql "UPDATE person SET account = 'x' WHERE id = 'AN'""#, "view person, AN: account is 'x'",
            verification: "in person"),
        Mutation(
            "a view has a person's name with its marks", #"sql "UPDATE person SET name_folded = name WHERE id = 'BINH'""#,
            "view person, BINH: name_folded is 'Bình', by the records it is 'binh'", verification: "in person"),
        Mutation(
            "a view has another stage of a dossier", #"sql "UPDATE dossier SET stage = 'recognised' WHERE id = 'DOSSIER'""#,
            "view dossier, DOSSIER: stage is 'recognised'", verification: "in dossier"),
        Mutation(
            "a view has a stage that holds on", #"sql "UPDATE dossier_stage SET record_to = NULL WHERE dossier = 'DOSSIER'""#,
            "view dossier_stage, DOSSIER ", verification: "in dossier_stage"),
        Mutation(
            "a view has a citation that was withdrawn", #"sql "UPDATE citation SET record_to = NULL WHERE id = 'CITATION'""#,
            "view citation, CITATION: record_to is None", verification: "in citation"),
        Mutation(
            "a view has a citation that nobody made",
            #"sql "INSERT INTO citation SELECT 'ci-0000000000000000', dossier, indicator, item, object, '', text, reaffirms, record_from, record_to FROM citation LIMIT 1""#,
            "view citation, ci-0000000000000000: no record has it", verification: "in citation"),
        Mutation(
            "a view has another score", #"sql "UPDATE score SET halves = 20 WHERE dossier = 'DOSSIER' AND kind = 'final' AND indicator = 'B2'""#,
            "view score, DOSSIER final B2 ", verification: "in score"),
        Mutation(
            "a view has an item verified that is superseded", #"sql "UPDATE verification SET state = 'verified' WHERE item = 'PLAN'""#,
            "view verification, PLAN EVIDENCE_SUPERSEDED: state is 'verified'", verification: "in verification"),
        Mutation(
            "a view has an item verified that was described anew since", #"sql "UPDATE item SET verification = 'needs-more' WHERE id = 'DIARY'""#,
            "view item, DIARY: verification is 'needs-more', by the records it is 'submitted'", verification: "in item"),
        Mutation(
            "a view has a finding that holds on after a new description",
            #"sql "UPDATE verification SET record_to = NULL WHERE item = 'DIARY'; DELETE FROM verification WHERE item = 'DIARY' AND state = 'submitted'""#,
            "view verification, DIARY ", verification: "in verification"),
        Mutation(
            "a view has a title that a later decision replaced", #"sql "UPDATE decision SET replaced_record = NULL WHERE title = 'REPLACED'""#,
            "view decision, ", verification: "in decision"),
        Mutation(
            "a view has a title that was revoked", #"sql "UPDATE decision SET revoked_record = NULL WHERE title = 'TITLE'""#, "view decision, ",
            verification: "in decision"),
        Mutation(
            "a view lacks a refusal", #"sql "DELETE FROM decision WHERE person = 'BINH'""#, "view decision, ", verification: "in decision"),
        Mutation(
            "a view has an item as nobody's", #"sql "UPDATE item SET person = NULL""#, "view item, PROOF: person is None", verification: "in item"),
    ]

    private static let files = [
        Mutation(
            "a rule document is edited", #"chmod 600 "$(object AGENCY)"; sed -i s/80/70/ "$(object AGENCY)"; chmod 400 "$(object AGENCY)""#,
            "object AGENCY: its content has changed", verification: "object AGENCY"),
        Mutation("a key may be read by others", #"chmod 644 "$archive/keys/person-number.key""#, "keys/person-number.key: its mode is 644"),
        Mutation(
            "a key is another archive's", #"head -c 32 /dev/urandom > "$archive/keys/person-number.key""#,
            "keys/person-number.key: it is not the key that format.json"),
        Mutation(
            "format.json knows no key", #"sed -i 's/"person_number_key":"[0-9a-f]*",//' "$archive/format.json""#,
            "format.json: the member person_number_key is missing", verification: "format.json does not know its key"),
        Mutation("a key is cut short", #"truncate --size=16 "$archive/keys/person-number.key""#, "keys/person-number.key: it has 16 bytes"),
    ]

    @Test("finds and names what is wrong, as the program does where it looks, when", arguments: bodies + views + files)
    private func mutation(_ mutation: Mutation) async throws {
        let (made, copy) = try await DecidedArchive.copy()
        let done = try await copy.shell(made.spelled(mutation.shell))
        try #require(done.status == 0, "\(done.output)")
        let (status, lines) = try await copy.look()
        #expect(status == 1)
        let finding = "FOUND  " + made.spelled(mutation.finding)
        #expect(lines.contains { $0.hasPrefix(finding) }, "\(finding)\n\(lines.joined(separator: "\n"))")
        let verified = try await copy.shell(#""$minhchung" verify --archive "$archive""#)
        if mutation.verification.isEmpty {
            #expect(verified.status == 0, "\(verified.output)")
        } else {
            #expect(verified.status != 0 && verified.output.contains(made.spelled(mutation.verification)), "\(verified.output)")
        }
    }

    @Test("takes a copy without keys for what it is, sound, and nothing is added to it")
    func withoutKeys() async throws {
        let (_, copy) = try await DecidedArchive.copy()
        let before = try await copy.look()
        let removed = try await copy.shell(#"rm -r "$archive/keys"; "$minhchung" verify --archive "$archive""#)
        // Status 1: all that there is was found right, and who would use the archive misses a key.
        #expect(removed.status == 1 && removed.output.contains("signing.key: it is missing"), "\(removed.output)")
        #expect(removed.output.contains("all sound") && !removed.output.contains("FOUND"), "\(removed.output)")
        let after = try await copy.look()
        #expect(after.status == 0 && after.findings == before.findings, "\(after.findings)")
    }

    @Test("finds nothing in an archive that was restored, and says so where the epochs do not go on")
    func restored() async throws {
        let (made, copy) = try await DecidedArchive.copy()
        let restored = made.spelled(
            #"""
            amend access.dropped 'header.update(kind="archive.restored"); body = dict(
                access_size=1, epoch=2, from_epoch=1, reason="x", taken_at="2026-11-20T02:00:00.000Z", witnessed=dict(epoch=1, root="00" * 32, size=9))'
            sed -i 's/"epoch":1/"epoch":2/' "$archive/format.json"
            "$minhchung" rebuild --archive "$archive"
            "$minhchung" status --archive "$archive"
            """#)
        let done = try await copy.shell(restored)
        #expect(done.status == 0, "\(done.output)")
        let dropped = try await copy.look()
        // The entries that were dropped are no longer said to be.
        #expect(dropped.findings.allSatisfy { $0.hasPrefix("FOUND  access log entry ") || !$0.hasPrefix("FOUND") }, "\(dropped.findings)")
        let epochs = try await copy.shell(#"sqlite3 "$archive/archive.sqlite" "SELECT tree, max(epoch) FROM checkpoint GROUP BY tree""#)
        #expect(epochs.output == "access|2\nrecords|2\n")
        let other = try await copy.shell(#"amend archive.restored 'body["from_epoch"] = 2; body["epoch"] = 3'"#)
        #expect(other.status == 0, "\(other.output)")
        let (_, findings) = try await copy.look()
        #expect(findings.contains { $0.contains("it goes from epoch 2 to 3, and the archive is in epoch 1") }, "\(findings)")
    }
}
