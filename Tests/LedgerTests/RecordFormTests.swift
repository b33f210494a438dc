import Evidence
import Ledger
import Testing

@Suite("Form of records")
struct RecordFormTests {
    static let digest = Digest(of: "abc".utf8)
    static let item = EvidenceID(unchecked: "ev-7h2k9q4m1c8r5t0w")
    static let object = ObjectDescription(digest: digest, size: 3_145_733, pieceListDigest: Digest(of: "list".utf8))
    static let metadata = EvidenceMetadata(
        title: "Giấy khen “Công dân học tập”", kind: .workSample, issuer: "Hội Khuyến học", codeNumber: "11", codeNotation: "QĐ-HKH",
        subject: "Khen thưởng", issuedOn: CalendarDate("2025-10-12"), validFrom: CalendarDate("2025-10-12"),
        validUntil: CalendarDate("2030-10-11"), holder: "Nguyễn Văn Mẫu", language: "vi", fileName: "giấy \"khen\"\\.pdf",
        assurance: .originalSeen)
    static let finding = ExtractionFinding(
        state: .extracted, mediaType: "application/pdf", pageCount: 3, text: object, incomplete: "only the first 2 pages were read",
        reason: "no reason", facts: ["title": "Đồng Tháp", "author": ""], tool: "minhchung-extract/1 poppler/22.12.0")

    static let bodies: [RecordBody] = [
        .archiveCreated(archive: ArchiveID(unchecked: "ar-7h2k9q4m1c8r5t0w"), format: 1),
        .evidenceDeposited(Deposit(item: item, object: object, metadata: metadata)),
        .evidenceDeposited(Deposit(item: item, object: object, metadata: EvidenceMetadata())),
        .evidenceDescribed(item: item, metadata), .evidenceDescribed(item: item, EvidenceMetadata()),
        .objectExtracted(object: digest, finding),
        .objectExtracted(object: digest, ExtractionFinding(state: .failed, reason: "damaged", tool: "t")),
        .objectExtracted(object: digest, ExtractionFinding(state: .noText, mediaType: "image/png", pageCount: 0, tool: "t")),
        .objectDamaged(object: digest, damage: "it is missing"), .objectRestored(object: digest),
    ]

    @Test("a body is read from what it is written as", arguments: bodies)
    func body(body: RecordBody) throws {
        let bytes = RecordForm.bodyBytes(body)
        let read = try RecordForm.body(bytes, kind: body.kind)
        #expect(read == body)
        #expect(RecordForm.bodyBytes(read) == bytes)
        #expect(try JSON(canonical: bytes).canonicalBytes == bytes)
    }

    @Test func `every kind of body was tried`() {
        let tried = Self.bodies.map(\.kind) + DossierFormTests.examples.map(\.kind) + CareFormTests.examples.map(\.kind)
        #expect(Set(tried) == Set(RecordKind.allCases))
    }

    @Test func `a body keeps its fields' names`() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let list = Digest(of: "list".utf8).hex
        #expect(
            String(decoding: RecordForm.bodyBytes(Self.bodies[1]), as: UTF8.self)
                == #"{"item":"ev-7h2k9q4m1c8r5t0w","metadata":{"assurance":"original-seen","code_notation":"QĐ-HKH","code_number":"11","file_name":"giấy \"khen\"\\.pdf","holder":"Nguyễn Văn Mẫu","issued_on":"2025-10-12","issuer":"Hội Khuyến học","kind":"work-sample","language":"vi","subject":"Khen thưởng","title":"Giấy khen “Công dân học tập”","valid_from":"2025-10-12","valid_until":"2030-10-11"},"object":{"digest":""#
                + hex + #"","pieces":""# + list + #"","size":3145733}}"#)
        #expect(
            String(decoding: RecordForm.bodyBytes(Self.bodies[8]), as: UTF8.self)
                == #"{"damage":"it is missing","object":""# + hex + #""}"#)
    }

    /// The members of a body, each with a value of another type.
    private static func members(_ body: RecordBody) throws -> [String: JSON] {
        guard case .object(let members) = try JSON(canonical: RecordForm.bodyBytes(body)) else { return [:] }
        return members
    }

    private static let optional: Set<String> = [
        "title", "issuer", "code_number", "code_notation", "subject", "issued_on", "valid_from", "valid_until", "holder", "language",
        "file_name", "media_type", "page_count", "text", "incomplete", "reason", "facts",
    ]

    @Test("a body without a field that it needs is refused, with the field's name", arguments: bodies)
    func missing(body: RecordBody) throws {
        let members = try Self.members(body)
        for name in members.keys where !Self.optional.contains(name) {
            var less = members
            less[name] = nil
            #expect(throws: RecordFormError.missing(field: name)) {
                try RecordForm.body(JSON.object(less).canonicalBytes, kind: body.kind)
            }
        }
        for (outer, value) in members {
            guard case .object(let inner) = value, outer != "facts" else { continue }
            for name in inner.keys where !Self.optional.contains(name) {
                var less = members
                less[outer] = .object(inner.filter { $0.key != name })
                #expect(throws: RecordFormError.missing(field: name)) {
                    try RecordForm.body(JSON.object(less).canonicalBytes, kind: body.kind)
                }
            }
        }
    }

    @Test("a body with a field that this version does not know is refused, with the field's name", arguments: bodies)
    func unknown(body: RecordBody) throws {
        let members = try Self.members(body)
        var more = members
        more["zzz"] = .null
        #expect(throws: RecordFormError.unknown(field: "zzz")) {
            try RecordForm.body(JSON.object(more).canonicalBytes, kind: body.kind)
        }
        for (outer, value) in members {
            guard case .object(var inner) = value, outer != "facts" else { continue }
            inner["zzz"] = .string("")
            more = members
            more[outer] = .object(inner)
            #expect(throws: RecordFormError.unknown(field: "zzz")) {
                try RecordForm.body(JSON.object(more).canonicalBytes, kind: body.kind)
            }
        }
    }

    @Test("a field of another type is refused, with the field's name", arguments: bodies)
    func wrongType(body: RecordBody) throws {
        let members = try Self.members(body)
        for (name, value) in members {
            for other in [JSON.null, .bool(true), .integer(-1), .string("?"), .array([]), .object(["?": .null])] {
                let isFreeText = ["damage", "tool", "media_type", "incomplete", "reason"].contains(name)
                if case .string = other, isFreeText { continue }
                if case .object = value, case .object = other { continue }
                var changed = members
                changed[name] = other
                #expect(throws: RecordFormError.wrong(field: name), "\(name): \(other.canonicalText)") {
                    try RecordForm.body(JSON.object(changed).canonicalBytes, kind: body.kind)
                }
            }
        }
    }

    @Test(
        "a value that would be written otherwise is refused",
        arguments: [
            (#""issued_on":"2025-10-12""#, #""issued_on":"12/10/2025""#), (#""issued_on":"2025-10-12""#, #""issued_on":"2025-02-29""#),
            (#""size":3145733"#, #""size":-1"#), (#""kind":"work-sample""#, #""kind":"Work-Sample""#), ("\"size\":3145733", "\"size\":3145733.0"),
            (#""item":"ev-7h2k9q4m1c8r5t0w""#, #""item":"ar-7h2k9q4m1c8r5t0w""#), (#""assurance":"#, #" "assurance":"#),
            (#""assurance":"original-seen""#, #""assurance":"""#),
        ])
    func otherSpelling(found: String, other: String) throws {
        let text = String(decoding: RecordForm.bodyBytes(Self.bodies[1]), as: UTF8.self)
        try #require(text.contains(found))
        #expect(throws: RecordFormError.self) {
            try RecordForm.body(Array(text.replacing(found, with: other).utf8), kind: .evidenceDeposited)
        }
    }

    @Test("a body is not read as one of another kind", arguments: bodies)
    func otherKind(body: RecordBody) {
        for kind in RecordKind.allCases where kind != body.kind {
            #expect(throws: RecordFormError.self) { try RecordForm.body(RecordForm.bodyBytes(body), kind: kind) }
        }
    }

    static let headers: [RecordHeader] = [
        RecordHeader(
            number: 0, time: Timestamp(milliseconds: 42), kind: "archive.created", actor: Actor(account: "console:lan"),
            subjects: ["ar-7h2k9q4m1c8r5t0w"], bodyCommitment: digest),
        RecordHeader(
            number: 9_007_199_254_740_991, time: Timestamp(milliseconds: -1), kind: "kind of the future",
            actor: Actor(account: "console:lan", actingAs: "ông Ẩn"), subjects: [], bodyCommitment: nil),
        RecordHeader(
            number: 7, time: Timestamp(milliseconds: 1_795_245_300_042), kind: "evidence.found", actor: Actor(account: "a\n\"b\""),
            subjects: ["ev-1", "ev-2", "ev-1"], bodyCommitment: nil),
    ]

    @Test("a header is read from what it is written as", arguments: headers)
    func header(header: RecordHeader) throws {
        let bytes = RecordForm.headerBytes(header)
        #expect(try RecordForm.header(bytes) == header)
        guard case .object(let members) = try JSON(canonical: bytes) else {
            Issue.record("a header is no object")
            return
        }
        for name in members.keys where name != "acting_as" && name != "body" {
            var less = members
            less[name] = nil
            #expect(throws: RecordFormError.missing(field: name)) { try RecordForm.header(JSON.object(less).canonicalBytes) }
        }
        for name in members.keys {
            var changed = members
            changed[name] = .null
            #expect(throws: RecordFormError.wrong(field: name)) { try RecordForm.header(JSON.object(changed).canonicalBytes) }
        }
        var more = members
        more["previous"] = .string("")
        #expect(throws: RecordFormError.unknown(field: "previous")) { try RecordForm.header(JSON.object(more).canonicalBytes) }
    }

    @Test func `a header keeps its fields' names`() {
        #expect(
            String(decoding: RecordForm.headerBytes(Self.headers[0]), as: UTF8.self)
                == #"{"actor":"console:lan","body":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","kind":"archive.created","number":0,"subjects":["ar-7h2k9q4m1c8r5t0w"],"time":"1970-01-01T00:00:00.042Z"}"#
        )
    }

    @Test("bytes that are no object are refused", arguments: ["", "[]", "1", "null", "{", "{}"])
    func noObject(text: String) {
        #expect(throws: RecordFormError.self) { try RecordForm.header(Array(text.utf8)) }
        for kind in RecordKind.allCases {
            #expect(throws: RecordFormError.self) { try RecordForm.body(Array(text.utf8), kind: kind) }
        }
    }

    @Test func `the commitment is SHA-256 of the salt and the body`() {
        let salt = [UInt8](0..<32)
        let body = Array("{}".utf8)
        #expect(RecordForm.commitment(salt: salt, body: body) == Digest(of: salt + body))
        #expect(RecordForm.saltSize == 32)
    }
}
