import Catalog
import Evidence
import Ledger
import Testing

@Suite("Views of recognition", .enabled(if: hasSQLite, sqliteAbsence))
struct RecognitionViewsTests {
    /// Every view, with what orders its rows.
    private static let tables = [
        ("object", "key"), ("item", "key"), ("record_subject", "subject, number"), ("rule_document", "object"),
        ("unit", "id, valid_from, record"), ("unit_succession", "record"), ("person", "key"), ("dossier", "key"),
        ("dossier_stage", "dossier, record_from"), ("citation", "id"), ("score", "dossier, kind, indicator, record_from"),
        ("verification", "item, record_from"), ("decision", "record"), ("redaction", "number"), ("hold", "subject"),
        ("fixity", "record, first"), ("milestone", "record"), ("access_subject", "subject, number"),
    ]

    private static func rows(_ folder: TemporaryFolder) throws -> String {
        try folder.sqlite(
            "archive.sqlite",
            tables.map { ".print == \($0.0)\n.mode quote\nSELECT * FROM \($0.0) ORDER BY \($0.1);" }.joined(separator: "\n"))
    }

    private static func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(text)) }

    /// The ids of one story, and the records that it is told by, one after another.
    private struct Story {
        let rules = object(1)
        let criteria = object(2)
        let first = object(3)
        let second = object(4)
        let item = EvidenceID.random()
        let successor = EvidenceID.random()
        let unit = UnitID.random()
        let otherUnit = UnitID.random()
        let person = PersonID.random()
        let dossier = DossierID.random()
        let citation = CitationID.random()
        let otherCitation = CitationID.random()
        let title = TitleID.random()
        let honour = TitleID.random()
        let a1: IndicatorCode
        let b2: IndicatorCode

        init() throws {
            a1 = try #require(IndicatorCode("A1"))
            b2 = try #require(IndicatorCode("B2"))
        }

        func document(_ number: String) throws -> DecisionDocument {
            DecisionDocument(
                id: .random(), codeNumber: number, codeNotation: "QĐ-UBND", issuedOn: try day("2026-11-20"), authority: "UBND phường",
                signer: "Chủ tịch", scan: EvidenceReference(item: item, object: first.digest))
        }

        func decision(_ number: String, title: TitleID?) throws -> RecordBody {
            .dossierDecided(
                PersonDecision(
                    document: try document(number), dossier: dossier, person: person, cycle: 2026, unit: unit, group: "farmer",
                    from: .proposed, criteria: criteria.digest, rules: rules.digest, scores: [a1: Score(points: Points(9))], citations: [],
                    reviewers: ["reviewer-1"], total: Points(90), grade: nil, unmet: title == nil ? ["floor:B2"] : [], title: title,
                    role: .authority))
        }

        func step(_ act: DossierAct, _ from: DossierStage, _ to: DossierStage) -> RecordBody {
            .dossierStepped(DossierStep(dossier: dossier, act: act, from: from, to: to, role: .reviewer, reason: nil))
        }

        func scores(_ kind: ScoreKind, _ points: Int, _ indicators: IndicatorCode...) -> RecordBody {
            .scoresGiven(
                ScoreSheet(
                    dossier: dossier, kind: kind, scores: Dictionary(uniqueKeysWithValues: indicators.map { ($0, Score(points: Points(points))) }),
                    role: .reviewer))
        }

        func cites(_ id: CitationID, _ indicator: IndicatorCode) -> RecordBody {
            .evidenceCited(
                Citation(
                    id: id, dossier: dossier, indicator: indicator, evidence: EvidenceReference(item: item, object: first.digest), pages: [1, 3],
                    text: second.digest, role: .citizen))
        }

        func verified(_ state: VerificationState, _ method: VerificationMethod? = nil) -> RecordBody {
            .evidenceVerified(EvidenceVerification(item: item, state: state, method: method, reason: nil, role: .reviewer))
        }

        /// Records 1 to 32; record 0 begins the archive.
        func bodies() throws -> [RecordBody] {
            let metadata = EvidenceMetadata(title: "Giấy khen", codeNumber: "15", person: person)
            return [
                .archiveCreated(archive: .random(), format: 1),
                .ruleImported(RuleImport(kind: .ruleSet, code: "ward", version: 1, object: rules)),
                .ruleImported(RuleImport(kind: .criteriaSet, code: "framework", version: 2, object: criteria)),
                .unitDeclared(
                    UnitDeclaration(
                        unit: unit, name: "Phường Tân Thạnh", code: "20335", kind: .ward, parent: nil, validFrom: try day("2005-01-01"),
                        validUntil: try day("2025-06-30"), legalBasis: nil)),
                .unitDeclared(
                    UnitDeclaration(
                        unit: otherUnit, name: "Phường Bàn Thạch", code: "20335", kind: .ward, parent: unit, validFrom: try day("2025-07-01"),
                        validUntil: nil, legalBasis: "Nghị quyết")),
                .unitSucceeded(
                    UnitSuccession(
                        from: unit, to: otherUnit, kind: .merge, isWhole: false, effectiveOn: try day("2025-07-01"), legalBasis: nil)),
                .personDeclared(PersonDeclaration(person: person, name: "An", birthYear: 1980, group: "farmer", number: nil)),
                .personDeclared(
                    PersonDeclaration(
                        person: person, name: "An Mới", birthYear: 1980, group: "worker", account: "an-1",
                        number: PersonalNumberTrace(mac: Digest(of: "mac".utf8), ending: "123"))),
                .evidenceDeposited(Deposit(item: item, object: first, metadata: metadata)),
                .evidenceDeposited(Deposit(item: successor, object: second, metadata: metadata)),
                .dossierOpened(
                    DossierOpening(
                        dossier: dossier, person: person, cycle: 2026, unit: unit, group: "farmer", criteria: criteria.digest, rules: rules.digest,
                        role: .citizen)),  // 10
                step(.declare, .registered, .declaring), cites(citation, a1), cites(otherCitation, b2),
                .citationWithdrawn(CitationWithdrawal(citation: citation, dossier: dossier, reason: "nhầm", role: .citizen)),  // 14
                scores(.selfScore, 9, a1, b2), scores(.selfScore, 7, b2), scores(.final, 8, a1),  // 15 to 17
                step(.submit, .declaring, .submitted), verified(.inReview), verified(.verified, .originalSeen),  // 18 to 20
                .evidenceSuperseded(EvidenceSupersession(item: item, by: successor, reason: "rõ hơn", role: .citizen)),  // 21
                step(.review, .submitted, .reviewed), step(.propose, .reviewed, .proposed), try decision("1", title: title),  // 22 to 24
                .honourGranted(
                    HonourGrant(
                        document: try document("2"), honour: honour, person: person, name: "tiêu biểu", rules: rules.digest, titles: [title],
                        role: .authority)),  // 25
                step(.object, .recognised, .objected), step(.reopen, .objected, .submitted), try decision("3", title: nil),  // 26 to 28
                .titleRevoked(TitleRevocation(title: honour, dossier: nil, reason: "x", legalBasis: "y", role: .authority)),  // 29
                .evidenceDescribed(item: item, EvidenceMetadata(title: "Giấy khen", person: nil)),
                .objectExtracted(
                    object: first.digest, ExtractionFinding(state: .extracted, mediaType: "text/plain", pageCount: 3, text: object(5), tool: "t/1")),
                .objectDamaged(object: second.digest, damage: "it is missing"), .objectRestored(object: second.digest),
            ]
        }

        /// What is recorded about the archive itself after ``bodies()``; at last the person, and an item of another, are erased.
        func care() throws -> [RecordBody] {
            func hold(_ subject: String, _ reason: String = "x") -> LegalHold {
                LegalHold(subject: subject, reason: reason, legalBasis: "y", role: .inspector)
            }
            let (gone, third) = (EvidenceID.random(), object(7))
            let grant = GrantID.random()
            let before = try bodies()
            let more: [RecordBody] = [
                .evidenceDeposited(
                    Deposit(item: gone, object: third, metadata: EvidenceMetadata(title: "Thư", holder: "An", fileName: "an.txt"))),
                .objectExtracted(object: third.digest, ExtractionFinding(state: .failed, reason: "An", tool: "t/1")),
                .objectDamaged(object: third.digest, damage: "it is missing"), .holdPlaced(hold(successor.text, "An")),
                .holdPlaced(hold(dossier.text)), .holdReleased(hold(dossier.text)),
                .keyRotated(KeyRotation(old: "a", new: "b", reason: "x", endorsement: "", accessSize: 0)),
                .archiveRestored(Restoration(epoch: 2, fromEpoch: 1, takenAt: moment(1), accessSize: 1, witnessed: nil, reason: nil)),
                .accessDropped(AccessDrop(before: 1, until: moment(0), reason: "x")),
                .fixityChecked(FixityCheck(startedAt: moment(0), ranges: [1...2, 4...6])),
                .accountOpened(AccountOpening(account: "officer-1", reason: nil)), .accountClosed(AccountClosing(account: "officer-1", reason: "x")),
                .roleGranted(
                    RoleGrant(
                        grant: grant, account: "officer-1", role: .reviewer, unit: unit, validFrom: moment(0).date, validUntil: nil, legalBasis: nil)),
                .roleWithdrawn(RoleWithdrawal(grant: grant, account: "officer-1", reason: "x")),
                .signInChanged(SignInChange(account: "officer-1", act: .setupLinkMade)),
            ]
            let told = before + more
            func left(of numbers: [Int], _ redacted: (RecordBody) -> RecordBody?) throws -> [Redaction] {
                try numbers.map { Redaction(record: $0, kind: told[$0].kind, body: RecordForm.bodyBytes(try #require(redacted(told[$0]), "\($0)"))) }
            }
            func erasure(_ person: PersonID?, _ items: [EvidenceID], _ objects: [Digest], _ redactions: [Redaction]) -> RecordBody {
                .dataErased(
                    Erasure(
                        person: person, items: items, objects: objects, redactions: redactions, reason: "x", legalBasis: "y", role: .authority))
            }
            let first = before.count
            return more + [
                erasure(person, [gone], [third.digest], try left(of: [6, 7, 8, 14, first, first + 1]) { $0.redacted }),
                // A hold on another's item whose reason names the person; and what was erased is redacted again.
                erasure(nil, [], [], try left(of: [8]) { $0.redacted } + left(of: [first + 3]) { $0.redacted { $0 == "An" } }),
            ]
        }

        /// Appends every record, a few in each transaction.
        func tell(_ catalog: Catalog) throws {
            for (number, body) in try bodies().enumerated() {
                #expect(catalog.recordTree.size == number)
                let drafts = [Catalog.Draft(body, subjects: [dossier.text, person.text])]
                try catalog.append(drafts, by: Actor(account: "console:lan", actingAs: "officer-\(number)"), at: moment(number))
            }
        }

        /// Goes on with ``care()``.
        func tellOfCare(_ catalog: Catalog) throws {
            for body in try care() {
                guard case .dataErased(let erasure) = body else {
                    try catalog.append([Catalog.Draft(body, subjects: [dossier.text])], by: operatorAtConsole, at: moment(77))
                    continue
                }
                let records = try catalog.erase(
                    [(erasure, [person.text])], takesShared: true, list: "nowhere", by: operatorAtConsole, at: moment(78))
                #expect(try catalog.erasuresToFinish().map(\.records) == [records.lowerBound...records.lowerBound])
                try catalog.finishErasure(records.lowerBound)
            }
            try catalog.appendAccess(.viewed, to: [item.text, item.text], by: operatorAtConsole, at: moment(79))
        }
    }

    @Test func `rebuilding gives the same rows for records of every kind`() throws {
        let folder = try TemporaryFolder()
        let story = try Story()
        #expect(Set(try story.bodies().map(\.kind) + story.care().map(\.kind)) == Set(RecordKind.allCases))
        var catalog = try Catalog(in: folder.path, creates: true)
        try story.tell(catalog)
        try story.tellOfCare(catalog)
        try catalog.close()
        let views = try Self.rows(folder)
        #expect(!views.contains("'An") && views.contains("(đã xóa)"), "\(views)")
        let ledger = try folder.dump(historyTables)
        for (table, _) in Self.tables { #expect(!views.contains("== \(table)\n== "), "\(table) has no row") }
        for harm in [
            "", Self.tables.map { "DELETE FROM \($0.0);" }.joined(),
            "UPDATE score SET record_to = NULL; UPDATE decision SET revoked_record = 3, replaced_record = 4; UPDATE dossier SET stage = 'refused', key = 77; "
                + "UPDATE person SET name_folded = 'x'; UPDATE item SET verification = 'verified'; DELETE FROM verification; UPDATE citation SET record_to = 5; UPDATE unit SET code = 'x';",
        ] {
            try folder.sqlite("archive.sqlite", harm)
            catalog = try Catalog(in: folder.path, creates: true)
            try catalog.rebuildViews { _, _ in }
            try catalog.close()
            #expect(try Self.rows(folder) == views)
            #expect(try folder.dump(historyTables) == ledger)
        }
    }

    @Test func `what held, held from one record until before another`() throws {
        let folder = try TemporaryFolder()
        let story = try Story()
        let catalog = try Catalog(in: folder.path, creates: true)
        try story.tell(catalog)

        let stages = try catalog.stages(of: story.dossier)
        #expect(
            stages.map(\.stage)
                == [.registered, .declaring, .submitted, .reviewed, .proposed, .recognised, .objected, .submitted, .refused])
        #expect(stages.map(\.act) == [nil, .declare, .submit, .review, .propose, .recognise, .object, .reopen, .refuse])
        #expect(stages.map(\.span.from) == [10, 11, 18, 22, 23, 24, 26, 27, 28])
        #expect(stages.map(\.span.to) == stages.dropFirst().map(\.span.from) + [nil])
        #expect(stages.map(\.account) == stages.map { "officer-\($0.span.from)" })
        let view = try #require(try catalog.dossier(story.dossier))
        #expect(view.stage == .refused && view.stageRecord == 28 && view.openedRecord == 10)

        let citations = try catalog.citations(of: story.dossier)
        #expect(citations.map(\.id) == [story.citation, story.otherCitation] && citations.allSatisfy { $0.pages == [1, 3] })
        #expect(citations.map(\.span.from) == [12, 13] && citations.map(\.span.to) == [14, nil])
        #expect(try catalog.citations(ofItem: story.item).count == 2)

        // Each score ends the earlier one of its kind and indicator, and no other.
        let scores = try catalog.scores(of: story.dossier)
        #expect(scores.map { "\($0.kind.rawValue) \($0.indicator)" } == ["final A1", "self A1", "self B2", "self B2"])
        #expect(scores.map(\.span.from) == [17, 15, 15, 16] && scores.map(\.span.to) == [nil, nil, 16, nil])
        #expect(scores.map(\.score.points) == [Points(8), Points(9), Points(9), Points(7)])

        let states: [(Int?, VerificationState)] = [
            (18, .submitted), (19, .inReview), (20, .verified), (21, .superseded), (nil, .superseded),
        ]
        for (number, state) in states {
            #expect(try catalog.verification(of: story.item, asOf: number).state == state, "\(String(describing: number))")
        }
        let superseded = try catalog.verification(of: story.item)
        #expect(superseded.supersededBy == story.successor && superseded.record == 21 && superseded.verifiedAt == moment(21))
        #expect(try catalog.verification(of: story.item, asOf: 20).method == .originalSeen)
        let fresh = try catalog.verification(of: story.successor)
        #expect(fresh.state == .submitted && fresh.record == nil && fresh.verifiedAt == nil)
        try catalog.close()
        let spans = try folder.sqlite("archive.sqlite", "SELECT record_from, record_to FROM verification ORDER BY 1;")
        #expect(spans == "19|20\n20|21\n21|\n")
        // What was superseded stays so, described anew or not.
        #expect(try folder.sqlite("archive.sqlite", "SELECT verification FROM item ORDER BY key;") == "superseded\nsubmitted\n")
    }

    @Test("a new description begins the verification anew, but for what fell for good", arguments: VerificationState.allCases)
    func description(state: VerificationState) throws {
        let folder = try TemporaryFolder()
        let (item, other) = (EvidenceID.random(), EvidenceID.random())
        let catalog = try Catalog(in: folder.path, creates: true)
        func append(_ body: RecordBody, _ number: Int) throws {
            try catalog.append([Catalog.Draft(body, subjects: [item.text])], by: operatorAtConsole, at: moment(number))
        }
        try append(.evidenceDeposited(Deposit(item: item, object: object(1), metadata: EvidenceMetadata(title: "Một"))), 0)
        switch state {
        case .submitted: break
        case .superseded: try append(.evidenceSuperseded(EvidenceSupersession(item: item, by: other, reason: "rõ hơn", role: .citizen)), 1)
        default:
            let method = state == .verified ? VerificationMethod.originalSeen : nil
            try append(.evidenceVerified(EvidenceVerification(item: item, state: state, method: method, reason: nil, role: .reviewer)), 1)
        }
        let before = try catalog.verification(of: item)
        #expect(before.state == state && before.verifiedAt == (state == .submitted ? nil : moment(1)))
        let newest = catalog.recordTree.size
        try append(.evidenceDescribed(item: item, EvidenceMetadata(title: "Hai")), 2)

        let after = try catalog.verification(of: item)
        let beginsAnew = [.inReview, .verified].contains(state)
        #expect(after.state == (beginsAnew ? .submitted : state) && after.method == nil && after.supersededBy == before.supersededBy)
        #expect(after.verifiedAt == (beginsAnew ? moment(2) : before.verifiedAt) && after.record == (beginsAnew ? newest : before.record))
        #expect(try catalog.verification(of: item, asOf: newest - 1).state == state)
        // The lists go by what is known now.
        for listed in VerificationState.allCases {
            #expect(
                try catalog.items(listed, after: 0, within: .everything, limit: 5).map(\.id) == (listed == after.state ? [item] : []), "\(listed)")
        }
        try catalog.close()
        let spans = try folder.sqlite("archive.sqlite", "SELECT record_from, record_to, state FROM verification ORDER BY 1;")
        let rows = beginsAnew ? "1|2|\(state.rawValue)\n2||submitted\n" : state == .submitted ? "" : "1||\(state.rawValue)\n"
        #expect(spans == rows)
    }

    @Test func `a second decision takes the place of the first, which is not revoked, and an honour ends by its revocation only`() throws {
        let folder = try TemporaryFolder()
        let story = try Story()
        let catalog = try Catalog(in: folder.path, creates: true)
        try story.tell(catalog)
        let decisions = try catalog.decisions(about: story.dossier)
        #expect(decisions.map(\.record) == [24, 28] && decisions.map(\.title) == [story.title, nil])
        #expect(decisions.map(\.revokedRecord) == [nil, nil] && decisions.map(\.replacedRecord) == [28, nil])
        #expect(decisions.allSatisfy { !$0.stands })
        // A third takes the place of the second only: the first was replaced already.
        try catalog.append([Catalog.Draft(story.decision("4", title: .random()), subjects: [])], by: operatorAtConsole, at: moment(99))
        let third = try catalog.decisions(about: story.dossier)
        #expect(third.map(\.replacedRecord) == [28, third.last?.record, nil] && third.map(\.stands) == [false, false, true])
        let given = try #require(try catalog.decision(giving: story.honour))
        #expect(
            given.record == 25 && given.cycle == 2026 && given.dossier == nil && given.honour == "tiêu biểu" && given.revokedRecord == 29
                && given.replacedRecord == nil)
        #expect(try catalog.decisions(about: story.person).map(\.record) == [24, 25, 28, third.last?.record])
        #expect(try catalog.documents(number: "3", notation: "QĐ-UBND", issuedOn: Self.day("2026-11-20")).map(\.record) == [28])
        #expect(try catalog.documents(number: "3", notation: "QĐ-UBND", issuedOn: Self.day("2026-11-21")).isEmpty)
        #expect(try catalog.documents(number: "3", notation: "QĐ", issuedOn: Self.day("2026-11-20")).isEmpty)
        #expect(try catalog.decisions(in: given.decision, limit: 5).map(\.record) == [25])
        try catalog.close()
    }

    @Test func `people, units and rules are found by what they are called`() throws {
        let folder = try TemporaryFolder()
        let story = try Story()
        let catalog = try Catalog(in: folder.path, creates: true)
        try story.tell(catalog)
        let person = try #require(try catalog.person(story.person))
        #expect(person.name == "An Mới" && person.group == "worker" && person.account == "an-1" && person.numberEnding == "123" && person.record == 7)
        #expect(try catalog.people(numbered: Digest(of: "mac".utf8)).map(\.id) == [story.person])
        #expect(try catalog.people(numbered: Digest(of: "other".utf8)).isEmpty)
        #expect(try catalog.people(named: "An Mới", born: 1980).count == 1)
        #expect(try catalog.people(named: "An Mới", born: nil).isEmpty && catalog.people(named: "An", born: 1980).isEmpty)
        #expect(
            try catalog.people(named: "AN MOI", born: 1980).count == 1
                && catalog.people(nameBeginning: "ân m", within: .everything, limit: 5).count == 1)
        #expect(
            try catalog.people(nameBeginning: "moi", within: .everything, limit: 5).isEmpty
                && catalog.people(account: "an-1").map(\.id) == [story.person])
        #expect(try catalog.ids(PersonID.self, prefix: String(story.person.text.prefix(8)), within: .everything, limit: 5) == [story.person])
        #expect(try catalog.ids(TitleID.self, prefix: TitleID.prefix, within: .everything, limit: 5).count == 2)
        #expect(try catalog.units(code: "20335").map(\.declaration.unit) == [story.unit, story.otherUnit])
        #expect(try catalog.successions(story.unit, isForward: true).map(\.succession.to) == [story.otherUnit])
        #expect(try catalog.successions(story.otherUnit, isForward: false).map(\.record) == [5])
        #expect(try catalog.ruleDocuments().map(\.code) == ["framework", "ward"])
        #expect(try catalog.ruleDocument(story.rules.digest)?.object == story.rules)
        #expect(try catalog.ruleDocument(story.first.digest) == nil)
        // What is declared last holds: the item is nobody's any more, and its twin still is.
        #expect(try catalog.items(of: story.person).map(\.id) == [story.successor])
        #expect(try catalog.items(codeNumber: "15", codeNotation: nil, limit: 5).map(\.id) == [story.successor])
        try catalog.close()
    }
}
