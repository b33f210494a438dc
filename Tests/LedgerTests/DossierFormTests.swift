import Evidence
import Ledger
import Testing

/// The bytes of these records stand in ledgers for ever: what is written here may be added to, and never changed.
@Suite("Form of records about dossiers and decisions")
struct DossierFormTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let kind: RecordKind
        let text: String
        var testDescription: String { "\(kind.rawValue): \(text.prefix(60))" }
        init(_ kind: RecordKind, _ text: String) { (self.kind, self.text) = (kind, text) }
        var json: JSON { get throws { try JSON(canonical: Array(text.utf8)) } }
    }

    /// SHA-256 of "abc".
    private static let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let evidence = #"{"item":"ev-7h2k9q4m1c8r5t0w","object":"\#(hex)"}"#
    private static let document =
        #"{"authority":"UBND phường","code_notation":"QĐ-UBND","code_number":"31","decision":"de-7h2k9q4m1c8r5t0w","issued_on":"2026-11-20","scan":\#(evidence),"signer":"Chủ tịch"}"#
    private static let bareDocument =
        #"{"authority":"UBND phường","code_notation":"QĐ-UBND","code_number":"31","decision":"de-7h2k9q4m1c8r5t0w","issued_on":"2026-11-20","signer":"Chủ tịch"}"#

    static let examples: [Example] = [
        Example(
            .ruleImported,
            #"{"code":"tan-thanh-ward","kind":"rule-set","object":{"digest":"\#(hex)","pieces":"\#(hex)","size":4096},"version":1}"#),
        Example(
            .unitDeclared,
            #"{"code":"20335","kind":"ward","legal_basis":"Nghị quyết 1659/NQ-UBTVQH15","name":"Phường Bàn Thạch","parent":"un-0000000000000000","unit":"un-7h2k9q4m1c8r5t0w","valid_from":"2025-07-01","valid_until":"2030-12-31"}"#
        ),
        Example(.unitDeclared, #"{"kind":"special-zone","name":"Đặc khu","unit":"un-7h2k9q4m1c8r5t0w","valid_from":"2025-07-01"}"#),
        Example(
            .unitSucceeded,
            #"{"effective_on":"2025-07-01","from":"un-7h2k9q4m1c8r5t0w","kind":"merge","legal_basis":"Nghị quyết","to":"un-0000000000000000","whole":true}"#
        ),
        Example(.unitSucceeded, #"{"effective_on":"2025-07-01","from":"un-7h2k9q4m1c8r5t0w","kind":"abolish","whole":false}"#),
        Example(
            .personDeclared,
            #"{"account":"mau-1","birth_year":1980,"group":"farmer","name":"Nguyễn Văn Mẫu","number":{"ending":"123","mac":"\#(hex)"},"person":"pe-7h2k9q4m1c8r5t0w"}"#
        ),
        Example(.personDeclared, #"{"name":"Nguyễn Văn Mẫu","person":"pe-7h2k9q4m1c8r5t0w"}"#),
        Example(
            .dossierOpened,
            #"{"criteria":"\#(hex)","cycle":2026,"dossier":"do-7h2k9q4m1c8r5t0w","group":"farmer","person":"pe-7h2k9q4m1c8r5t0w","role":"citizen","rules":"\#(hex)","unit":"un-7h2k9q4m1c8r5t0w"}"#
        ),
        Example(
            .dossierStepped,
            #"{"act":"review","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","reason":"đủ","review":{"held_on":"2026-11-19","minutes":\#(evidence),"participants":["Bà Một","Ông Hai"],"votes_against":0,"votes_for":2},"role":"reviewer","to":"reviewed"}"#
        ),
        Example(
            .dossierStepped,
            #"{"act":"review","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","review":{"held_on":"2026-11-19","participants":["Bà Một"],"votes_against":1,"votes_for":0},"role":"reviewer","to":"reviewed"}"#
        ),
        Example(.dossierStepped, #"{"act":"return","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","role":"reviewer","to":"returned"}"#),
        Example(
            .evidenceCited,
            #"{"citation":"ci-7h2k9q4m1c8r5t0w","dossier":"do-7h2k9q4m1c8r5t0w","evidence":\#(evidence),"indicator":"B2","note":"chữ ký","pages":[3],"reaffirms":"ci-0000000000000000","region":[0,900,1000,100],"role":"assistant","text":"\#(hex)"}"#
        ),
        Example(
            .evidenceCited,
            #"{"citation":"ci-7h2k9q4m1c8r5t0w","dossier":"do-7h2k9q4m1c8r5t0w","evidence":\#(evidence),"indicator":"C10","role":"citizen"}"#),
        Example(
            .citationWithdrawn,
            #"{"citation":"ci-7h2k9q4m1c8r5t0w","dossier":"do-7h2k9q4m1c8r5t0w","reason":"nhầm","role":"citizen"}"#),
        Example(
            .evidenceVerified,
            #"{"item":"ev-7h2k9q4m1c8r5t0w","method":"issuer-confirmed","reason":"gọi điện","role":"reviewer","state":"verified"}"#),
        Example(.evidenceVerified, #"{"item":"ev-7h2k9q4m1c8r5t0w","role":"reviewer","state":"needs-more"}"#),
        Example(
            .evidenceSuperseded, #"{"by":"ev-0000000000000000","item":"ev-7h2k9q4m1c8r5t0w","reason":"bản rõ hơn","role":"citizen"}"#),
        Example(
            .scoresGiven,
            #"{"dossier":"do-7h2k9q4m1c8r5t0w","kind":"self","reason":"lần hai","role":"citizen","scores":{"A1":{"halves":17},"B2":{"halves":10,"partial":true}}}"#
        ),
        Example(.scoresGiven, #"{"dossier":"do-7h2k9q4m1c8r5t0w","kind":"final","role":"appraiser","scores":{"A1":{"halves":0}}}"#),
        Example(
            .dossierDecided,
            #"{"citations":[{"citation":"ci-7h2k9q4m1c8r5t0w","evidence":\#(evidence),"indicator":"A1","pages":[1,4],"text":"\#(hex)","verification":"verified"},{"citation":"ci-0000000000000000","evidence":\#(evidence),"indicator":"B2","verification":"rejected"}],"criteria":"\#(hex)","cycle":2026,"document":\#(document),"dossier":"do-7h2k9q4m1c8r5t0w","from":"proposed","grade":"tốt","group":"farmer","person":"pe-7h2k9q4m1c8r5t0w","reviewers":["appraiser-1","reviewer-1"],"role":"authority","rules":"\#(hex)","scores":{"A1":{"halves":17},"B2":{"halves":10,"partial":true}},"title":"ti-7h2k9q4m1c8r5t0w","total_halves":180,"unit":"un-7h2k9q4m1c8r5t0w","unmet":[]}"#
        ),
        Example(
            .dossierDecided,
            #"{"citations":[],"criteria":"\#(hex)","cycle":2026,"document":\#(bareDocument),"dossier":"do-7h2k9q4m1c8r5t0w","from":"proposed","group":"farmer","person":"pe-7h2k9q4m1c8r5t0w","reviewers":[],"role":"authority","rules":"\#(hex)","scores":{},"total_halves":0,"unit":"un-7h2k9q4m1c8r5t0w","unmet":["floor:B2","threshold"]}"#
        ),
        Example(
            .titleRevoked,
            #"{"dossier":"do-7h2k9q4m1c8r5t0w","legal_basis":"12/QĐ-UBND","reason":"khai không đúng","role":"authority","title":"ti-7h2k9q4m1c8r5t0w"}"#
        ),
        Example(.titleRevoked, #"{"legal_basis":"12/QĐ-UBND","reason":"khai không đúng","role":"authority","title":"ti-7h2k9q4m1c8r5t0w"}"#),
        Example(
            .honourGranted,
            #"{"document":\#(bareDocument),"honour":"ti-7h2k9q4m1c8r5t0w","name":"tiêu biểu","person":"pe-7h2k9q4m1c8r5t0w","role":"authority","rules":"\#(hex)","titles":["ti-0000000000000000","ti-0000000000000001"]}"#
        ),
    ]

    @Test("a body is read, and written again as the same bytes", arguments: examples)
    func roundTrip(example: Example) throws {
        let bytes = Array(example.text.utf8)
        let body = try RecordForm.body(bytes, kind: example.kind)
        #expect(body.kind == example.kind)
        #expect(String(decoding: RecordForm.bodyBytes(body), as: UTF8.self) == example.text)
        #expect(try RecordForm.body(RecordForm.bodyBytes(body), kind: example.kind) == body)
    }

    @Test func `every kind that is not tried elsewhere is tried here`() {
        let elsewhere = Set(RecordFormTests.bodies.map(\.kind) + CareFormTests.examples.map(\.kind))
        #expect(Set(Self.examples.map(\.kind)) == Set(RecordKind.allCases).subtracting(elsewhere))
    }

    @Test func `fields mean what they are called`() throws {
        func read(_ kind: RecordKind) throws -> RecordBody {
            let example = try #require(Self.examples.first { $0.kind == kind })
            return try RecordForm.body(Array(example.text.utf8), kind: kind)
        }
        let digest = Digest(of: "abc".utf8)
        let reference = EvidenceReference(item: EvidenceID(unchecked: "ev-7h2k9q4m1c8r5t0w"), object: digest)
        let dossier = DossierID(unchecked: "do-7h2k9q4m1c8r5t0w")
        let person = PersonID(unchecked: "pe-7h2k9q4m1c8r5t0w")
        let unit = UnitID(unchecked: "un-7h2k9q4m1c8r5t0w")
        let title = TitleID(unchecked: "ti-7h2k9q4m1c8r5t0w")
        let (a1, b2) = (try #require(IndicatorCode("A1")), try #require(IndicatorCode("B2")))
        let scores = [a1: Score(points: Points(halves: 17)), b2: Score(points: Points(5), isPartial: true)]
        func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(text)) }
        #expect(
            try read(.dossierStepped)
                == .dossierStepped(
                    DossierStep(
                        dossier: dossier, act: .review, from: .submitted, to: .reviewed, role: .reviewer, reason: "đủ",
                        review: CollectiveReview(
                            heldOn: day("2026-11-19"), participants: ["Bà Một", "Ông Hai"], votesFor: 2, votesAgainst: 0, minutes: reference))))
        #expect(
            try read(.evidenceCited)
                == .evidenceCited(
                    Citation(
                        id: CitationID(unchecked: "ci-7h2k9q4m1c8r5t0w"), dossier: dossier, indicator: b2, evidence: reference, pages: [3],
                        region: PageRegion(x: 0, y: 900, width: 1000, height: 100), text: digest, note: "chữ ký",
                        reaffirms: CitationID(unchecked: "ci-0000000000000000"), role: .assistant)))
        #expect(
            try read(.scoresGiven)
                == .scoresGiven(ScoreSheet(dossier: dossier, kind: .selfScore, scores: scores, role: .citizen, reason: "lần hai")))
        #expect(
            try read(.dossierDecided)
                == .dossierDecided(
                    PersonDecision(
                        document: DecisionDocument(
                            id: DecisionID(unchecked: "de-7h2k9q4m1c8r5t0w"), codeNumber: "31", codeNotation: "QĐ-UBND",
                            issuedOn: day("2026-11-20"), authority: "UBND phường", signer: "Chủ tịch", scan: reference),
                        dossier: dossier, person: person, cycle: 2026, unit: unit, group: "farmer", from: .proposed, criteria: digest,
                        rules: digest, scores: scores,
                        citations: [
                            DecidedCitation(
                                citation: CitationID(unchecked: "ci-7h2k9q4m1c8r5t0w"), indicator: a1, evidence: reference, pages: [1, 4],
                                text: digest, verification: .verified),
                            DecidedCitation(
                                citation: CitationID(unchecked: "ci-0000000000000000"), indicator: b2, evidence: reference, pages: [], text: nil,
                                verification: .rejected),
                        ], reviewers: ["appraiser-1", "reviewer-1"], total: Points(90), grade: "tốt", unmet: [], title: title,
                        role: .authority)))
        #expect(
            try read(.unitDeclared)
                == .unitDeclared(
                    UnitDeclaration(
                        unit: unit, name: "Phường Bàn Thạch", code: "20335", kind: .ward, parent: UnitID(unchecked: "un-0000000000000000"),
                        validFrom: day("2025-07-01"), validUntil: day("2030-12-31"), legalBasis: "Nghị quyết 1659/NQ-UBTVQH15")))
        #expect(
            try read(.personDeclared)
                == .personDeclared(
                    PersonDeclaration(
                        person: person, name: "Nguyễn Văn Mẫu", birthYear: 1980, group: "farmer", account: "mau-1",
                        number: PersonalNumberTrace(mac: digest, ending: "123"))))
    }

    // MARK: What is refused

    /// A place in a body: the names on the way to it, `0` for the first element of a list.
    private static func places(in json: JSON, _ path: [String] = []) -> [[String]] {
        switch json {
        case .object(let members): members.keys.sorted().flatMap { key in [path + [key]] + places(in: members[key] ?? .null, path + [key]) }
        case .array(let values): values.first.map { [path + ["0"]] + places(in: $0, path + ["0"]) } ?? []
        default: []
        }
    }

    /// `json` with what stands at `path` changed; taken out where `change` gives nothing.
    private static func changed(_ json: JSON, at path: ArraySlice<String>, _ change: (JSON) -> JSON?) -> JSON? {
        guard let name = path.first else { return change(json) }
        switch json {
        case .object(var members):
            members[name] = members[name].flatMap { changed($0, at: path.dropFirst(), change) }
            return .object(members)
        case .array(let values):
            let first = values.first.flatMap { changed($0, at: path.dropFirst(), change) }
            return .array([first].compactMap(\.self) + values.dropFirst())
        default: return json
        }
    }

    private static let optional: Set<String> = [
        "account", "birth_year", "code", "dossier", "grade", "group", "legal_basis", "method", "minutes", "note", "number", "pages", "parent",
        "partial", "reaffirms", "reason", "region", "review", "scan", "text", "title", "to", "valid_until",
    ]
    private static let freeText: Set<String> = [
        "account", "authority", "code", "code_notation", "code_number", "ending", "grade", "group", "legal_basis", "name", "note", "reason",
        "signer",
    ]
    private static let freeLists: Set<String> = ["participants", "reviewers", "unmet"]

    private static func isOptional(_ name: String, _ kind: RecordKind) -> Bool {
        switch (kind, name) {
        case (.titleRevoked, "dossier"), (.dossierDecided, "title"), (.unitSucceeded, "to"), (.unitSucceeded, "legal_basis"),
            (.unitDeclared, "legal_basis"), (.unitDeclared, "code"), (.personDeclared, "group"), (.personDeclared, "account"):
            true
        case (_, "dossier"), (_, "title"), (_, "to"), (_, "legal_basis"), (_, "code"), (_, "group"), (.citationWithdrawn, "reason"),
            (.evidenceSuperseded, "reason"), (.titleRevoked, "reason"):
            false
        default: optional.contains(name)
        }
    }

    private static func read(_ json: JSON?, _ kind: RecordKind) throws -> RecordBody {
        try RecordForm.body(try #require(json).canonicalBytes, kind: kind)
    }

    @Test("a field that is missing is named, or may be missing", arguments: examples)
    func missing(example: Example) throws {
        let json = try example.json
        for path in Self.places(in: json) {
            guard let name = path.last, name != "0", !path.contains("scores") || name == "scores" || name == "halves" else { continue }
            let less = Self.changed(json, at: path[...]) { _ in nil }
            if Self.isOptional(name, example.kind) {
                _ = try Self.read(less, example.kind)
            } else {
                #expect(throws: RecordFormError.missing(field: name), "\(path)") { try Self.read(less, example.kind) }
            }
        }
    }

    @Test("a field that this version does not know is named, wherever it is", arguments: examples)
    func unknown(example: Example) throws {
        let json = try example.json
        for path in [[]] + Self.places(in: json) {
            let more = Self.changed(json, at: path[...]) { value in
                guard case .object(var members) = value else { return value }
                members["zzz"] = .object(["halves": .string("")])
                return .object(members)
            }
            guard more != json else { continue }
            // A member of the scores is an indicator.
            let error: RecordFormError = path.last == "scores" ? .wrong(field: "scores") : .unknown(field: "zzz")
            #expect(throws: error, "\(path)") { try Self.read(more, example.kind) }
        }
    }

    @Test("a value of another type is refused, with the field's name", arguments: examples)
    func wrong(example: Example) throws {
        let json = try example.json
        for path in Self.places(in: json) {
            let name = try #require(path.last { $0 != "0" })
            for other in [JSON.null, .bool(false), .integer(-1), .string("?"), .array([]), .object(["?": .null])] {
                let changed = Self.changed(json, at: path[...]) { _ in other }
                if changed == json { continue }
                switch other {
                case .string where Self.freeText.contains(name) || Self.freeLists.contains(name) && path.last == "0": continue
                case .bool where name == "whole": continue
                case .array where path.last != "0" && (Self.freeLists.contains(name) || name == "citations" || name == "titles"): continue
                case .object:
                    #expect(throws: RecordFormError.self, "\(path)") { try Self.read(changed, example.kind) }
                    continue
                default: break
                }
                let field = path.count > 1 && path[path.count - 2] == "scores" ? "scores" : name
                #expect(throws: RecordFormError.wrong(field: field), "\(path) \(other)") { try Self.read(changed, example.kind) }
            }
        }
    }

    @Test(
        "a value that would be written otherwise, or cannot be, is refused",
        arguments: [
            (RecordKind.unitDeclared, #""2025-07-01""#, #""01/07/2025""#), (.unitDeclared, #""2025-07-01""#, #""2025-02-29""#),
            (.unitDeclared, #""ward""#, #""Ward""#), (.unitDeclared, #""un-7h2k9q4m1c8r5t0w""#, #""do-7h2k9q4m1c8r5t0w""#),
            (.unitSucceeded, #""whole":true"#, #""whole":1"#), (.personDeclared, "1980", "1980.0"), (.personDeclared, "1980", "\"1980\""),
            (.personDeclared, "ba7816", "BA7816"), (.evidenceCited, "[0,900,1000,100]", "[0,901,1000,100]"),
            (.evidenceCited, "[0,900,1000,100]", "[0,900,1000]"), (.evidenceCited, "[0,900,1000,100]", "[0,900,1000,0]"),
            (.evidenceCited, #""pages":[3]"#, #""pages":[]"#), (.evidenceCited, #""pages":[3]"#, #""pages":["3"]"#),
            (.evidenceCited, #""B2""#, #""b2""#), (.scoresGiven, #""A1""#, #""A01""#), (.scoresGiven, "17", "8.5"),
            (.scoresGiven, #""partial":true"#, #""partial":false"#), (.scoresGiven, #""self""#, #""own""#),
            (.dossierStepped, #""review""#, #""Review""#), (.dossierStepped, #""submitted""#, #""""#),
            (.evidenceVerified, #""issuer-confirmed""#, #""issuer confirmed""#), (.dossierDecided, #""pages":[1,4]"#, #""pages":[]"#),
            (.honourGranted, #""ti-0000000000000001""#, #""ti-000000000000000l""#),
        ])
    func otherSpelling(kind: RecordKind, found: String, other: String) throws {
        let example = try #require(Self.examples.first { $0.kind == kind })
        try #require(example.text.contains(found))
        #expect(throws: RecordFormError.self) { try RecordForm.body(Array(example.text.replacing(found, with: other).utf8), kind: kind) }
    }

    @Test("a body is not read as one of another kind", arguments: examples)
    func otherKind(example: Example) {
        for kind in RecordKind.allCases where kind != example.kind {
            #expect(throws: RecordFormError.self, "\(kind)") { try RecordForm.body(Array(example.text.utf8), kind: kind) }
        }
    }
}
