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

    /// Erasures, holds, keys, the access log and fixity: records about the archive itself.
    private static let care = [
        Mutation(
            "an erased body is there again", #"sql "INSERT INTO record_body SELECT number, zeroblob(32), body FROM redaction LIMIT 1""#,
            "record ", verification: "its body was erased, and is there"),
        Mutation(
            "a body is gone that no record says was erased", #"sql "DELETE FROM record_body WHERE number = EVIDENCE_CITED""#,
            "record EVIDENCE_CITED: its body is missing", verification: "record EVIDENCE_CITED: its body is missing"),
        Mutation(
            "what is left of a body has a member that is not known", #"amend data.erased 'body["redactions"][0]["body"]["colour"] = "red"'"#,
            "record ", verification: "record DATA_ERASED: its body is not readable"),
        Mutation(
            "what is left of a body is of another kind",
            #"amend data.erased 'body["redactions"][0].update(kind="object.restored", body={"object": "00" * 32})'"#,
            "record DATA_ERASED: body: its redaction of record ", verification: "its body is not readable"),
        Mutation(
            "redactions are out of order", #"amend data.erased 'body["redactions"].reverse()'"#,
            "record DATA_ERASED: body: its redactions do not ascend"),
        Mutation(
            "an erasure erases a record to come", #"amend data.erased 'body["redactions"][-1]["record"] = 99999'"#,
            "record DATA_ERASED: body: its redactions do not ascend, or are not of records before it: 99999", verification: "its body is missing"),
        Mutation(
            "an erasure erases what another has", #"amend data.erased 'body["objects"] = sorted(body["objects"] + ["OBJECT"])'"#,
            "record DATA_ERASED: body: its object OBJECT is needed", verification: "in object"),
        Mutation(
            "an erasure leaves the object of an item", #"amend data.erased 'body["objects"].remove("LOST")'"#,
            // Its text is needed as long as it is there.
            "record DATA_ERASED: body: its object ", verification: "in object"),
        Mutation(
            "an item is erased that was not deposited", #"amend data.erased 'body["items"].append("ev-0000000000000000")'"#,
            "record DATA_ERASED: body: no record before deposits its item ev-0", verification: "in verification"),
        Mutation(
            "an erasure is about others than its header says", #"amend data.erased 'header["subjects"].reverse()'"#,
            "record DATA_ERASED: body: its subjects are"),
        Mutation(
            "somebody under a hold is erased",
            #"amend data.erased 'body["person"] = "BINH"; header["subjects"][0] = "BINH"'"#,
            "record DATA_ERASED: body: BINH is under the hold of record", verification: "in person"),
        Mutation(
            "an erased object stands there again",
            #"printf 'Đơn của Đặng Thị Em' > "$(object LOST)"; chmod 400 "$(object LOST)""#,
            "object LOST: record DATA_ERASED erased it, and it is there"),
        Mutation(
            "an erased object stands in quarantine", #"touch "$archive/quarantine/LOST.1f""#, "quarantine/LOST.1f: record DATA_ERASED erased it"),
        Mutation(
            "an erasure is not finished", #"sql "INSERT INTO erasure_to_finish VALUES (DATA_ERASED, DATA_ERASED, '/nowhere/list', 1, 1)""#,
            "erasure of record DATA_ERASED: it is not finished"),
        Mutation(
            "a hold is released that was not placed", #"amend hold.released 'body["subject"] = header["subjects"][0] = "DIARY"'"#,
            "record HOLD_RELEASED: body: DIARY is not held", verification: "in hold"),
        Mutation(
            "a hold is on nothing", #"amend hold.placed 'body["subject"] = header["subjects"][0] = "do-0000000000000000"'"#,
            "record HOLD_PLACED: body: no record before has its subject", verification: "in hold"),
        Mutation(
            "a key is another archive's in the record of its rotation",
            #"amend key.rotated 'body["old"] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"'"#,
            "record KEY_ROTATED: body: its old key is not this archive's", verification: "no trusted key has signed it"),
        Mutation(
            "a key is not what its hash says", #"amend key.rotated 'body["new"] = body["new"].replace("minhchung+", "minhchung+0", 1)'"#,
            "record KEY_ROTATED: body: the member new has", verification: "signing.key"),
        Mutation(
            "the endorsement of a key is of another",
            #"amend key.rotated 'body["endorsement"] = body["endorsement"].replace("rotation", "r0tation")'"#,
            "record KEY_ROTATED: body: ", verification: "has not signed that"),
        Mutation(
            "more of the access log is dropped than a record says", #"amend access.dropped 'body["before"] = 1'"#,
            "access log entry 1: it is missing",
            verification: "in milestone"),
        Mutation(
            "an entry is there that was dropped", #"sql "INSERT INTO access SELECT 0, header FROM access LIMIT 1""#,
            "access log entry 0: it was dropped with all before", verification: "access log entry 0"),
        Mutation(
            "a leaf of a dropped entry is gone", #"sql "DELETE FROM access_node WHERE level = 0 AND position = 0""#,
            "access log entry 0: its leaf is missing", verification: "access log entry 0: its leaf is missing"),
        Mutation(
            "objects are right that there are not", #"amend fixity.checked 'body["objects"] = [[1, 9999]]'"#,
            "record FIXITY_CHECKED: body: it says that object 9999 is right", verification: "in fixity"),
        Mutation(
            "checked objects are out of order", #"amend fixity.checked 'body["objects"] = [[3, 4], [1, 2]]'"#,
            "record FIXITY_CHECKED: body: the member objects has", verification: "record FIXITY_CHECKED: its body is not readable"),
        // Their views.
        Mutation("a view lacks a hold", #"sql "DELETE FROM hold""#, "view hold, BINH: it is missing", verification: "in hold"),
        Mutation(
            "a view has another redaction", #"sql "UPDATE redaction SET body = '{}'""#, "view redaction, ", verification: "in redaction"),
        Mutation(
            "a view has an item as erased that is not", #"sql "UPDATE item SET erased_record = 5 WHERE id = 'PROOF'""#,
            "view item, PROOF: erased_record is 5", verification: "in item"),
        Mutation(
            "a view has an object as erased that is not", #"sql "UPDATE object SET erased_record = 5 WHERE digest = 'OBJECT'""#,
            "view object, OBJECT: erased_record is 5", verification: "in object"),
        Mutation(
            "a view has an erased person's name", #"sql "UPDATE person SET name = 'Em' WHERE id = 'EM'""#, "view person, EM: name is 'Em'",
            verification: "in person"),
        Mutation("a view lacks a check", #"sql "DELETE FROM fixity""#, "view fixity, ", verification: "in fixity"),
        Mutation(
            "a view has another border of the access log", #"sql "UPDATE milestone SET access_before = 2 WHERE access_before IS NOT NULL""#,
            "view milestone, ACCESS_DROPPED: access_before is 2", verification: "in milestone"),
        Mutation(
            "a view hides who saw an item", #"sql "DELETE FROM access_subject WHERE subject = 'PROOF'""#, "view access_subject, PROOF: entry ",
            verification: "the views do not show what it says"),
    ]

    /// What the archive signed.
    private static let signed = [
        Mutation(
            "a checkpoint has another root",
            #"sql "UPDATE checkpoint SET note = replace(note, substr(note, 38, 4), 'AAAA') WHERE tree = 'records' AND size = (SELECT max(size) FROM checkpoint WHERE tree = 'records')""#,
            "checkpoint of records, epoch 1, size ", verification: "not"),
        Mutation(
            "a checkpoint has another size", #"sql "UPDATE checkpoint SET size = size - 1 WHERE size = 1 AND tree = 'records'""#,
            "checkpoint of records, epoch 1, size 0: it is of epoch 1 and size 1"),
        Mutation(
            "a checkpoint is signed by nobody",
            #"sql "UPDATE checkpoint SET note = replace(note, '— ar-', '— ev-') WHERE size = 1 AND tree = 'records'""#,
            "checkpoint of records, epoch 1, size 1: no key of the archive has signed it", verification: "is not what the archive signed"),
        Mutation(
            "no checkpoint of the access log is left", #"sql "DELETE FROM checkpoint WHERE tree = 'access'""#, "checkpoints of access: there is none"),
        Mutation(
            "a cosignature is of no checkpoint", #"sql "UPDATE cosignature SET size = 2 WHERE tree = 'records'""#,
            "cosignature of records, epoch 1, size 2: there is no such checkpoint"),
        Mutation(
            "a cosignature is none", #"sql "UPDATE cosignature SET line = replace(line, '— ', '- ') WHERE tree = 'records'""#,
            "cosignature of records, epoch 1, size 1: a line is no signature"),
        Mutation(
            "the newest checkpoint in the other database is of the other tree",
            #"sqlite3 "$archive/service.sqlite" "UPDATE newest_checkpoint SET note = (SELECT note FROM newest_checkpoint WHERE tree = 'access') WHERE tree = 'records'""#,
            "service.sqlite, newest checkpoint of records: its origin is", verification: "it is of the other tree"),
        Mutation(
            "the last records are gone, with all that shows them",
            #"""
            sql "DELETE FROM record WHERE number >= ACCESS_DROPPED; DELETE FROM record_body WHERE number >= ACCESS_DROPPED;
                DELETE FROM record_node WHERE (position + 1) << level > ACCESS_DROPPED;
                DELETE FROM record_subject WHERE number >= ACCESS_DROPPED; DELETE FROM milestone WHERE record >= ACCESS_DROPPED"
            """#, "checkpoint of records, epoch 1, size ", verification: "record ACCESS_DROPPED: it is missing"),
        Mutation(
            "the ledger is another, with all its hashes",
            #"export keep_signed=1; amend fixity.checked 'body["started_at"] = "2026-11-21T00:00:00.000Z"'"#,
            "checkpoint of records, epoch 1, size ", verification: "not what the archive signed"),
        Mutation(
            "format.json names another key", #"sed -i 's/"public_key":"\([^+]*\)+.*"/"public_key":"\1+00000000+AAAA"/' "$archive/format.json""#,
            "format.json: the member public_key has"),
        Mutation(
            "format.json is of another epoch", #"sed -i 's/"epoch":1/"epoch":2/' "$archive/format.json""#,
            "format.json: its epoch is 2, by the records it is 1"),
        Mutation(
            "the signing key may be read by others", #"chmod 644 "$archive/keys/signing.key""#, "keys/signing.key: its mode is 644"),
        Mutation(
            "the signing key is another", #"sed -i 's/+A.*/+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz/' "$archive/keys/signing.key""#,
            "keys/signing.key: it is not the key that format.json names", verification: "signing.key"),
        Mutation(
            "a key that never signed is left", #"cp --archive "$archive/keys/signing.key" "$archive/keys/signing.key.next""#,
            "keys/signing.key.next: a rotation was cut off"),
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

    @Test("finds and names what is wrong, as the program does where it looks, when", arguments: bodies + views + care + signed + files)
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
