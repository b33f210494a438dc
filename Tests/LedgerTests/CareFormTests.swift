import Evidence
import Ledger
import Testing

/// The bytes of these records stand in ledgers for ever: what is written here may be added to, and never changed.
@Suite("Form of records about the archive itself")
struct CareFormTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let kind: RecordKind
        let text: String
        /// Members that may be missing, as a path.
        let optional: Set<String>
        var testDescription: String { "\(kind.rawValue): \(text.prefix(60))" }
        init(_ kind: RecordKind, _ text: String, optional: Set<String> = []) { (self.kind, self.text, self.optional) = (kind, text, optional) }
        var members: [String: JSON] {
            get throws {
                guard case .object(let members) = try JSON(canonical: Array(text.utf8)) else { return [:] }
                return members
            }
        }
    }

    /// SHA-256 of "abc".
    private static let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let hold = #"{"legal_basis":"Điều 9","reason":"Đang tranh chấp","role":"inspector","subject":"do-7h2k9q4m1c8r5t0w"}"#
    private static let (old, new) = (
        "ar-7h2k9q4m1c8r5t0w.minhchung+0a1b2c3d+Aeu0", "ar-7h2k9q4m1c8r5t0w.minhchung+4e5f6071+Aeu1"
    )

    static let examples: [Example] = [
        Example(
            .dataErased,
            #"{"items":["ev-7h2k9q4m1c8r5t0w"],"legal_basis":"Luật 91/2025/QH15","objects":["\#(hex)"],"person":"pe-7h2k9q4m1c8r5t0w","reason":"Theo yêu cầu","redactions":[{"body":{"name":"(đã xóa)","person":"pe-7h2k9q4m1c8r5t0w"},"kind":"person.declared","record":4},{"body":{"item":"ev-7h2k9q4m1c8r5t0w","metadata":{"assurance":"citizen-copy","kind":"other"}},"kind":"evidence.described","record":9}],"role":"authority"}"#,
            optional: ["person"]),
        Example(.dataErased, #"{"items":[],"legal_basis":"Luật","objects":[],"reason":"Nhầm","redactions":[],"role":"administrator"}"#),
        Example(.holdPlaced, hold), Example(.holdReleased, hold),
        Example(
            .keyRotated,
            #"{"access_size":7,"endorsement":"minhchung key rotation\n…\n","new":"\#(new)","old":"\#(old)","reason":"Hằng năm"}"#),
        Example(
            .archiveRestored,
            #"{"access_size":12,"epoch":2,"from_epoch":1,"reason":"Hỏng đĩa","taken_at":"2026-11-20T02:00:00.000Z","witnessed":{"epoch":1,"root":"\#(hex)","size":77}}"#,
            optional: ["reason", "witnessed"]),
        Example(.archiveRestored, #"{"access_size":0,"epoch":1,"from_epoch":1,"taken_at":"2026-11-20T02:00:00.000Z"}"#),
        Example(.accessDropped, #"{"before":120,"reason":"Hết hạn lưu","until":"2021-11-21T00:00:00.000Z"}"#),
        Example(.fixityChecked, #"{"objects":[[1,4],[6,6],[9,120]],"started_at":"2026-11-21T14:41:28.700Z"}"#),
        Example(.accountOpened, #"{"account":"officer-17","reason":"Nhận công tác"}"#, optional: ["reason"]),
        Example(.accountClosed, #"{"account":"officer-17","reason":"Nghỉ hưu"}"#),
        Example(
            .roleGranted,
            #"{"account":"officer-17","grant":"gr-7h2k9q4m1c8r5t0w","legal_basis":"Quyết định 5","role":"reviewer","unit":"un-7h2k9q4m1c8r5t0w","valid_from":"2026-11-21","valid_until":"2027-11-20"}"#,
            optional: ["unit", "valid_until", "legal_basis"]),
        Example(.roleWithdrawn, #"{"account":"officer-17","grant":"gr-7h2k9q4m1c8r5t0w","reason":"Chuyển công tác"}"#),
        Example(.signInChanged, #"{"account":"officer-17","act":"setup-link-made"}"#),
    ]

    @Test("a body is read, and written again as the same bytes", arguments: examples)
    func roundTrip(example: Example) throws {
        let body = try RecordForm.body(Array(example.text.utf8), kind: example.kind)
        #expect(body.kind == example.kind)
        #expect(String(decoding: RecordForm.bodyBytes(body), as: UTF8.self) == example.text)
        #expect(try RecordForm.body(RecordForm.bodyBytes(body), kind: example.kind) == body)
    }

    @Test func `fields mean what they are called`() throws {
        func read(_ kind: RecordKind) throws -> RecordBody {
            let example = try #require(Self.examples.first { $0.kind == kind })
            return try RecordForm.body(Array(example.text.utf8), kind: kind)
        }
        let (item, person) = (EvidenceID(unchecked: "ev-7h2k9q4m1c8r5t0w"), PersonID(unchecked: "pe-7h2k9q4m1c8r5t0w"))
        let digest = Digest(of: "abc".utf8)
        func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }
        let left = [
            RecordBody.personDeclared(PersonDeclaration(person: person, name: erasedText, birthYear: nil, group: nil, number: nil)),
            .evidenceDescribed(item: item, EvidenceMetadata()),
        ]
        #expect(
            try read(.dataErased)
                == .dataErased(
                    Erasure(
                        person: person, items: [item], objects: [digest],
                        redactions: zip([4, 9], left).map { Redaction(record: $0, kind: $1.kind, body: RecordForm.bodyBytes($1)) },
                        reason: "Theo yêu cầu", legalBasis: "Luật 91/2025/QH15", role: .authority)))
        let hold = LegalHold(subject: "do-7h2k9q4m1c8r5t0w", reason: "Đang tranh chấp", legalBasis: "Điều 9", role: .inspector)
        #expect(try read(.holdPlaced) == .holdPlaced(hold) && read(.holdReleased) == .holdReleased(hold))
        #expect(
            try read(.keyRotated)
                == .keyRotated(
                    KeyRotation(old: Self.old, new: Self.new, reason: "Hằng năm", endorsement: "minhchung key rotation\n…\n", accessSize: 7)))
        #expect(
            try read(.archiveRestored)
                == .archiveRestored(
                    Restoration(
                        epoch: 2, fromEpoch: 1, takenAt: time("2026-11-20T02:00:00.000Z"), accessSize: 12,
                        witnessed: Restoration.KnownTree(epoch: 1, size: 77, root: digest), reason: "Hỏng đĩa")))
        #expect(
            try read(.accessDropped)
                == .accessDropped(AccessDrop(before: 120, until: time("2021-11-21T00:00:00.000Z"), reason: "Hết hạn lưu")))
        #expect(
            try read(.fixityChecked)
                == .fixityChecked(FixityCheck(startedAt: time("2026-11-21T14:41:28.700Z"), ranges: [1...4, 6...6, 9...120])))
    }

    @Test("a field that is missing is named, or may be missing", arguments: examples)
    func missing(example: Example) throws {
        let members = try example.members
        for name in members.keys {
            var less = members
            less[name] = nil
            let bytes = JSON.object(less).canonicalBytes
            if example.optional.contains(name) {
                _ = try RecordForm.body(bytes, kind: example.kind)
            } else {
                // Ranges are read as a list that may not be empty.
                let error: RecordFormError = name == "objects" && example.kind == .fixityChecked ? .wrong(field: name) : .missing(field: name)
                #expect(throws: error, "\(name)") { try RecordForm.body(bytes, kind: example.kind) }
            }
        }
    }

    @Test("a field that this version does not know is named", arguments: examples)
    func unknown(example: Example) throws {
        var more = try example.members
        more["zzz"] = .string("")
        #expect(throws: RecordFormError.unknown(field: "zzz")) { try RecordForm.body(JSON.object(more).canonicalBytes, kind: example.kind) }
    }

    @Test("a value of another type is refused, with the field's name", arguments: examples)
    func wrong(example: Example) throws {
        let members = try example.members
        let freeText: Set<String> = ["reason", "legal_basis", "subject", "old", "new", "endorsement"]
        for name in members.keys {
            for other in [JSON.null, .bool(true), .string("?"), .integer(-1), .object(["?": .null])] {
                if case .string = other, freeText.contains(name) { continue }
                var changed = members
                changed[name] = other
                let bytes = JSON.object(changed).canonicalBytes
                if case .object = other {
                    #expect(throws: RecordFormError.self, "\(name)") { try RecordForm.body(bytes, kind: example.kind) }
                } else {
                    #expect(throws: RecordFormError.wrong(field: name), "\(name) \(other)") { try RecordForm.body(bytes, kind: example.kind) }
                }
            }
        }
    }

    @Test(
        "a value that would be written otherwise, or cannot be, is refused",
        arguments: [
            // What is left of an erased body has to take its place.
            (RecordKind.dataErased, #""name":"(đã xóa)","#, ""), (.dataErased, #""kind":"person.declared""#, #""kind":"object.restored""#),
            (.dataErased, #""kind":"person.declared""#, #""kind":"person.forgotten""#), (.dataErased, #""record":4"#, #""record":-4"#),
            (.dataErased, #""record":4"#, #""record":4,"salt":"00""#), (.dataErased, "ev-7h2k9q4m1c8r5t0w\"],", "pe-7h2k9q4m1c8r5t0w\"],"),
            (.dataErased, #""authority""#, #""owner""#), (.archiveRestored, "2026-11-20T02:00:00.000Z", "2026-11-20T02:00:00Z"),
            (.archiveRestored, #""size":77"#, #""size":"77""#), (.archiveRestored, #""size":77"#, #""seen":1,"size":77"#),
            (.accessDropped, "2021-11-21T00:00:00.000Z", "2021-11-21"), (.accessDropped, "120", "-1"),
            // Ranges ascend without touching what was there.
            (.fixityChecked, "[1,4]", "[0,4]"), (.fixityChecked, "[1,4]", "[4,1]"), (.fixityChecked, "[6,6]", "[4,6]"),
            (.fixityChecked, "[6,6]", "[6]"),
            (.fixityChecked, "[6,6]", "[6,6,6]"), (.fixityChecked, "[[1,4],[6,6],[9,120]]", "[]"), (.fixityChecked, "[6,6]", #"["6",6]"#),
            // An account says no name, and a role is one of ours.
            (.accountOpened, "officer-17", "Nguyễn Văn An"), (.accountClosed, "officer-17", "console:lan"),
            (.roleGranted, #""reviewer""#, #""owner""#), (.roleGranted, "un-7h", "do-7h"), (.roleGranted, "2026-11-21", "2026-11-32"),
            (.roleWithdrawn, "gr-7h", "gr-7i"), (.signInChanged, "setup-link-made", "setup-link-taken"),
        ])
    func otherSpelling(kind: RecordKind, found: String, other: String) throws {
        let example = try #require(Self.examples.first { $0.kind == kind })
        try #require(example.text.contains(found))
        #expect(throws: RecordFormError.self) { try RecordForm.body(Array(example.text.replacing(found, with: other).utf8), kind: kind) }
    }

    @Test("a body is not read as one of another kind", arguments: examples)
    func otherKind(example: Example) {
        // A hold is placed and released in the same words, and an account opened and closed.
        let alike: [Set<RecordKind>] = [[.holdPlaced, .holdReleased], [.accountOpened, .accountClosed]]
        for kind in RecordKind.allCases where kind != example.kind && !alike.contains(where: { $0.isSuperset(of: [kind, example.kind]) }) {
            #expect(throws: RecordFormError.self, "\(kind)") { try RecordForm.body(Array(example.text.utf8), kind: kind) }
        }
    }

    // MARK: What an erasure leaves

    /// A body with personal words in all places that may have them, and what is left of it.
    private static let redacted: [(kind: RecordKind, text: String, left: String)] = [
        (
            .evidenceDeposited,
            #"{"item":"ev-7h2k9q4m1c8r5t0w","metadata":{"assurance":"original-seen","file_name":"mau.pdf","holder":"Nguyễn Văn Mẫu","kind":"photo","person":"pe-7h2k9q4m1c8r5t0w","title":"Ảnh"},"object":{"digest":"\#(hex)","pieces":"\#(hex)","size":9}}"#,
            #"{"item":"ev-7h2k9q4m1c8r5t0w","metadata":{"assurance":"original-seen","kind":"photo"},"object":{"digest":"\#(hex)","pieces":"\#(hex)","size":9}}"#
        ),
        (
            .objectExtracted,
            #"{"facts":{"author":"Nguyễn Văn Mẫu"},"incomplete":"Mẫu","media_type":"application/pdf","object":"\#(hex)","page_count":2,"state":"extracted","text":{"digest":"\#(hex)","pieces":"\#(hex)","size":9},"tool":"t/1"}"#,
            #"{"incomplete":"(đã xóa)","media_type":"application/pdf","object":"\#(hex)","page_count":2,"state":"extracted","text":{"digest":"\#(hex)","pieces":"\#(hex)","size":9},"tool":"t/1"}"#
        ),
        (
            .personDeclared,
            #"{"account":"mau-1","birth_year":1980,"group":"farmer","name":"Nguyễn Văn Mẫu","number":{"ending":"123","mac":"\#(hex)"},"person":"pe-7h2k9q4m1c8r5t0w"}"#,
            #"{"account":"mau-1","name":"(đã xóa)","person":"pe-7h2k9q4m1c8r5t0w"}"#
        ),
        (
            .dossierStepped,
            #"{"act":"return","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","reason":"Mẫu vắng","role":"reviewer","to":"returned"}"#,
            #"{"act":"return","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","reason":"(đã xóa)","role":"reviewer","to":"returned"}"#
        ),
        (
            .titleRevoked,
            #"{"dossier":"do-7h2k9q4m1c8r5t0w","legal_basis":"Quyết định 9","reason":"Mẫu khai sai","role":"authority","title":"ti-7h2k9q4m1c8r5t0w"}"#,
            #"{"dossier":"do-7h2k9q4m1c8r5t0w","legal_basis":"Quyết định 9","reason":"(đã xóa)","role":"authority","title":"ti-7h2k9q4m1c8r5t0w"}"#
        ),
    ]

    @Test("an erasure leaves ids, digests, kinds and votes, and no free text", arguments: redacted)
    func redaction(kind: RecordKind, text: String, left: String) throws {
        let body = try RecordForm.body(Array(text.utf8), kind: kind)
        let redacted = try #require(body.redacted)
        #expect(String(decoding: RecordForm.bodyBytes(redacted), as: UTF8.self) == left)
        // What was redacted has nothing left to redact.
        #expect(redacted.redacted == nil)
    }

    @Test func `what names the person is replaced where it stands, and what cannot do without it is left alone`() throws {
        func read(_ kind: RecordKind, _ text: String) throws -> RecordBody { try RecordForm.body(Array(text.utf8), kind: kind) }
        let step = try read(
            .dossierStepped,
            #"{"act":"review","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","reason":"đủ","review":{"held_on":"2026-11-19","participants":["Bà Một","Ông Mẫu"],"votes_against":0,"votes_for":2},"role":"reviewer","to":"reviewed"}"#
        )
        let changed = try #require(step.redacted { $0.contains("Mẫu") })
        #expect(
            String(decoding: RecordForm.bodyBytes(changed), as: UTF8.self)
                == #"{"act":"review","dossier":"do-7h2k9q4m1c8r5t0w","from":"submitted","reason":"đủ","review":{"held_on":"2026-11-19","participants":["Bà Một","(đã xóa)"],"votes_against":0,"votes_for":2},"role":"reviewer","to":"reviewed"}"#
        )
        #expect(step.redacted { $0.contains("Ai khác") } == nil)
        // A decision document is alike in all its records.
        let honour = try read(
            .honourGranted,
            #"{"document":{"authority":"UBND phường","code_notation":"QĐ-UBND","code_number":"31","decision":"de-7h2k9q4m1c8r5t0w","issued_on":"2026-11-20","signer":"Ông Mẫu"},"honour":"ti-7h2k9q4m1c8r5t0w","name":"x","person":"pe-7h2k9q4m1c8r5t0w","role":"authority","rules":"\#(Self.hex)","titles":["ti-0000000000000001"]}"#
        )
        #expect(honour.redacted { $0.contains("Mẫu") } == nil && honour.redacted == nil)
    }
}
