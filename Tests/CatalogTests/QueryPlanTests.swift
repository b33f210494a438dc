import Catalog
import Evidence
import Foundation
import Ledger
import Testing

/// What answers a question about one person, dossier, item or title must not walk a table: the cost follows the question.
@Suite("Query plans", .enabled(if: hasSQLite, sqliteAbsence))
struct QueryPlanTests {
    /// A read of the catalog on the paths of recognition and of the traces.
    struct Question: Sendable, CustomTestStringConvertible {
        /// The name of the function and of its first parameter, as its declaration has them.
        let name: String
        /// Whether the answer is the sample's.
        let ask: @Sendable (Catalog) throws -> Bool
        /// Whether it is asked of operational state.
        var isOfService = false

        var testDescription: String { name }

        init(_ name: String, _ ask: @escaping @Sendable (Catalog) throws -> Bool) {
            self.name = name
            self.ask = ask
        }

        init(service name: String, _ ask: @escaping @Sendable (Catalog) throws -> Bool) {
            self.init(name, ask)
            isOfService = true
        }

        init(snapshot name: String, _ ask: @escaping @Sendable (LedgerSnapshot) throws -> Bool) {
            self.init("snapshot: \(name)") { try $0.snapshot(to: "ask") { try ask($0) } }
        }
    }

    /// An archive with one of each thing.
    private enum Sample {
        static let person = PersonID(unchecked: "pe-0000000000000001")
        static let dossier = DossierID(unchecked: "do-0000000000000001")
        static let unit = UnitID(unchecked: "un-0000000000000001")
        static let item = EvidenceID(unchecked: "ev-0000000000000001")
        static let citation = CitationID(unchecked: "ci-0000000000000001")
        static let title = TitleID(unchecked: "ti-0000000000000001")
        static let decision = DecisionID(unchecked: "de-0000000000000001")
        static let day = CalendarDate(year: 2025, month: 12, day: 20)
        static let mac = Digest(of: "number".utf8)
        static let (proof, criteria, rules) = (object(1), object(2), object(3))

        static func append(to catalog: Catalog) throws {
            let day = try #require(Sample.day)
            let indicator = try #require(IndicatorCode("A1"))
            let scores = [indicator: Score(points: Points(9))]
            let evidence = EvidenceReference(item: item, object: proof.digest)
            let bodies: [(RecordBody, [String])] = [
                (.ruleImported(RuleImport(kind: .criteriaSet, code: "framework", version: 1, object: criteria)), []),
                (.ruleImported(RuleImport(kind: .ruleSet, code: "ward", version: 1, object: rules)), []),
                (
                    .unitDeclared(
                        UnitDeclaration(
                            unit: unit, name: "Phường Mẫu", code: "1", kind: .ward, parent: unit, validFrom: day, validUntil: nil, legalBasis: nil)),
                    [unit.text]
                ),
                (
                    .unitSucceeded(
                        UnitSuccession(from: unit, to: unit, kind: .rename, isWhole: true, effectiveOn: day, legalBasis: nil)), [unit.text]
                ),
                (
                    .personDeclared(
                        PersonDeclaration(
                            person: person, name: "Nguyễn Văn Mẫu", birthYear: 1980, group: "farmer", account: "c-1",
                            number: PersonalNumberTrace(mac: mac, ending: "001"))), [person.text]
                ),
                (
                    .evidenceDeposited(
                        Deposit(
                            item: item, object: proof,
                            metadata: EvidenceMetadata(codeNumber: "1", codeNotation: "GCN", issuedOn: day, validUntil: day, person: person))),
                    [item.text]
                ),
                (
                    .dossierOpened(
                        DossierOpening(
                            dossier: dossier, person: person, cycle: 2025, unit: unit, group: "farmer", criteria: criteria.digest,
                            rules: rules.digest, role: .citizen)), [dossier.text, person.text]
                ),
                (
                    .evidenceCited(
                        Citation(
                            id: citation, dossier: dossier, indicator: indicator, evidence: evidence, text: object(9).digest, role: .citizen)),
                    [dossier.text, item.text]
                ),
                (.scoresGiven(ScoreSheet(dossier: dossier, kind: .final, scores: scores, role: .appraiser)), [dossier.text]),
                (
                    .evidenceVerified(
                        EvidenceVerification(item: item, state: .verified, method: .originalSeen, reason: nil, role: .reviewer)), [item.text]
                ),
                (
                    .dossierDecided(
                        PersonDecision(
                            document: DecisionDocument(
                                id: decision, codeNumber: "1", codeNotation: "QĐ-UBND", issuedOn: day, authority: "UBND phường",
                                signer: "Lê Minh Họa",
                                scan: nil),
                            dossier: dossier, person: person, cycle: 2025, unit: unit, group: "farmer", from: .proposed,
                            criteria: criteria.digest, rules: rules.digest, scores: scores, citations: [], reviewers: [], total: Points(90),
                            grade: nil, unmet: [], title: title, role: .authority)), [dossier.text, person.text, title.text]
                ),
            ]
            try catalog.append(bodies.map { Catalog.Draft($0, subjects: $1) }, by: operatorAtConsole, at: moment(0))
            let care: [RecordBody] = [
                .objectExtracted(
                    object: proof.digest, ExtractionFinding(state: .extracted, mediaType: "text/plain", pageCount: 1, text: object(9), tool: "t/1")),
                .holdPlaced(LegalHold(subject: person.text, reason: "x", legalBasis: "y", role: .inspector)),
                .keyRotated(KeyRotation(old: "a", new: "b", reason: "x", endorsement: "", accessSize: 0)),
                .fixityChecked(FixityCheck(startedAt: moment(0), ranges: [1...9])),
                // Once more, as a newer tool does.
                .objectExtracted(
                    object: proof.digest, ExtractionFinding(state: .extracted, mediaType: "text/plain", pageCount: 1, text: object(9), tool: "t/2")),
            ]
            try catalog.append(care.map { Catalog.Draft($0, subjects: [item.text]) }, by: operatorAtConsole, at: moment(0))
            try catalog.appendAccess(.viewed, to: [item.text], by: operatorAtConsole, at: moment(0))
            try catalog.store(LogTree.allCases.map { tree in signed(catalog, tree) }, at: moment(1))
            let known = signed(catalog, .records).checkpoint
            try catalog.store([witness.cosignature(of: known, at: moment(1))], of: known, at: moment(1))
            try catalog.store(stamp: [1], of: known, stampedAt: moment(1))
            let refusal: Bool? = try catalog.begin(
                UploadView(
                    id: upload, account: "c-1", length: 10, received: 3, expiresAt: moment(5), item: item,
                    metadata: EvidenceMetadata(title: "Giấy khen", person: person), expected: nil)
            ) { _, _ in nil }
            #expect(refusal == nil)
        }

        static let upload = UploadID(unchecked: "up-0000000000000001")

        static let archive = ArchiveID(unchecked: "ar-0000000000000001")
        private static let witness = NoteSigner(name: "witness.example", algorithm: .cosignature, key: .random())
        private static let signer = NoteSigner(name: LogOrigin.keyName(of: archive), key: .random())

        private static func signed(_ catalog: Catalog, _ tree: LogTree) -> SignedCheckpoint {
            let (size, root) = catalog.tree(tree)
            return SignedCheckpoint(
                Checkpoint(origin: LogOrigin(archive: archive, epoch: 1, tree: tree), size: size, root: root), signedBy: [signer])
        }
    }

    /// What the operations ask. A new function of these files has to be added here: see ``isComplete(file:)``.
    static let questions: [Question] = [
        Question("dossier(_") { try $0.dossier(Sample.dossier) != nil },
        Question("dossiers(of") {
            try $0.dossiers(of: Sample.person).count == 1
                && $0.dossiers(of: Sample.person, cycle: 2025).count == 1
        },
        Question("dossiers(cycle") {
            try $0.dossiers(cycle: 2025, within: .everything, limit: 5).count == 1
                && $0.dossiers(cycle: 2025, unit: Sample.unit, within: .everything, limit: 5).count == 1
                && $0.dossiers(cycle: 2025, stage: .recognised, within: .everything, limit: 5).count == 1
        },
        Question("stages(of") { try $0.stages(of: Sample.dossier).count == 2 },
        Question("citation(_") { try $0.citation(Sample.citation) != nil },
        Question("citations(of") { try $0.citations(of: Sample.dossier).count == 1 },
        Question("citations(ofItem") { try $0.citations(ofItem: Sample.item).count == 1 },
        Question("scores(of") { try $0.scores(of: Sample.dossier).count == 1 },
        Question("verification(of") { try $0.verification(of: Sample.item).state == .verified },
        Question("decision(giving") { try $0.decision(giving: Sample.title) != nil },
        Question("documents(number") {
            guard let day = Sample.day else { return false }
            return try $0.documents(number: "1", notation: "QĐ-UBND", issuedOn: day).count == 1
        },
        Question("decisions(about") {
            try $0.decisions(about: Sample.person).count == 1
                && $0.decisions(about: Sample.dossier).count == 1
        },
        Question("decisions(in") { try $0.decisions(in: Sample.decision, limit: 5).count == 1 },
        Question("person(_") { try $0.person(Sample.person) != nil },
        Question("people(numbered") { try $0.people(numbered: Sample.mac).count == 1 },
        Question("people(account") { try $0.people(account: "c-1").count == 1 },
        Question("people(named") { try $0.people(named: "Nguyễn Văn Mẫu", born: 1980).count == 1 },
        Question("people(nameBeginning") { try $0.people(nameBeginning: "nguyen", within: .everything, limit: 5).count == 1 },
        Question("people(after") { try $0.people(after: 0, within: .everything, limit: 5).count == 1 },
        Question("ids(_") {
            try $0.ids(PersonID.self, prefix: "pe-0", within: .everything, limit: 5) == [Sample.person]
                && $0.ids(UnitID.self, prefix: "un-0", within: .everything, limit: 5) == [Sample.unit]
                && $0.ids(DossierID.self, prefix: "do-0", within: .everything, limit: 5) == [Sample.dossier]
                && $0.ids(CitationID.self, prefix: "ci-0", within: .everything, limit: 5) == [Sample.citation]
                && $0.ids(DecisionID.self, prefix: "de-0", within: .everything, limit: 5) == [Sample.decision]
                && $0.ids(TitleID.self, prefix: "ti-0", within: .everything, limit: 5) == [Sample.title]
        },
        Question("unit(_") { try $0.unit(Sample.unit).count == 1 },
        Question("units(code") { try $0.units(code: "1").count == 1 },
        Question("units(after") { try $0.units(after: "", limit: 5).count == 1 },
        Question("successions(_") {
            try $0.successions(Sample.unit, isForward: true).count == 1
                && $0.successions(Sample.unit, isForward: false).count == 1
        },
        Question("ruleDocument(_") { try $0.ruleDocument(Sample.rules.digest) != nil },
        Question("ruleDocuments(code") {
            try $0.ruleDocuments(code: "ward").count == 1
                && $0.ruleDocuments().count == 2
        },
        Question("items(of") {
            try $0.items(of: Sample.person).count == 1
                && $0.items(of: Sample.proof.digest).count == 1
        },
        Question("items(codeNumber") { try $0.items(codeNumber: "1", codeNotation: "GCN", limit: 5).count == 1 },
        Question("items(idPrefix") { try $0.items(idPrefix: "ev-0", within: .everything, limit: 5).count == 1 },
        Question("items(before") { try $0.items(before: nil, within: .everything, limit: 5).count == 1 },
        Question("items(_") { try $0.items(.verified, after: 0, within: .everything, limit: 5).count == 1 },
        Question("items(issued") {
            guard let day = Sample.day else { return false }
            return try $0.items(issued: day...day, within: .everything, limit: 5).count == 1
        },
        Question("items(validUntil") {
            guard let day = Sample.day else { return false }
            return try $0.items(validUntil: day...day, within: .everything, limit: 5).count == 1
        },
        Question("items(uploaded") { try $0.items(uploaded: moment(0).date...moment(0).date, within: .everything, limit: 5).count == 1 },
        Question("item(_") { try $0.item(Sample.item) != nil },
        Question("object(_") { try $0.object(Sample.proof.digest) != nil },
        Question("objects(_") { try $0.objects([Sample.proof.digest]).count == 1 },
        Question("record(_") { try $0.record(1).header.number == 1 },
        Question("records(about") { try $0.records(about: Sample.dossier.text).count == 4 },
        // The archive itself.
        Question("epoch(") { try $0.epoch() == 1 },
        Question("milestones(_") { try $0.milestones(.keyRotated).count == 1 },
        Question("checkpoint(_") {
            try $0.checkpoint(.records)?.signed.note.signatures.count == 2 && $0.checkpoint(.access)?.checkpoint.size == 1
                && $0.checkpoint(.access, size: 1)?.signed.note.signatures.count == 1 && $0.checkpoint(.records)?.stamp == [1]
        },
        Question("newestCheckpoints(") { try $0.newestCheckpoints().count >= 2 },
        Question("lastCosigned(_") { try $0.lastCosigned(.records, upTo: 1000).count == 1 },
        Question("lastStamp(") { try $0.lastStamp() == moment(1) },
        Question("inclusionPath(_") { try $0.inclusionPath(.records, of: 1, size: 3)?.count == 2 },
        Question("consistencyPath(_") { try $0.consistencyPath(.records, from: 2, to: 3)?.count == 1 },
        Question("root(_") { try $0.root(.records, size: $0.recordTree.size) == $0.recordTree.root },
        Question("copy(ofRecord") { try $0.copy(ofRecord: 1).disclosed != nil },
        Question("hold(on") { try $0.hold(on: Sample.person.text) != nil },
        Question("holds(") { try $0.holds().count == 1 },
        Question("isNeeded(_") {
            try $0.isNeeded(Sample.proof.digest, besides: [], and: []) && !$0.isNeeded(Sample.proof.digest, besides: [Sample.item], and: [])
                && $0.isNeeded(Sample.rules.digest, besides: [], and: []) && $0.isNeeded(object(9).digest, besides: [], and: [])
                // A citation pins the text, also where it is nobody's text any more.
                && $0.isNeeded(object(9).digest, besides: [], and: [Sample.proof.digest])
                && !$0.isNeeded(object(9).digest, besides: [Sample.item], and: [Sample.proof.digest])
        },
        Question("extractions(of") { try $0.extractions(of: Sample.proof.digest).count == 2 },
        Question("erasuresToFinish(") { try $0.erasuresToFinish().isEmpty },
        Question("numbers(about") { try $0.numbers(about: Sample.dossier.text, before: 1000, of: [.dossierOpened]).count == 1 },
        // The same and more of a snapshot.
        Question(snapshot: "body(of") { if case .ruleImported = try $0.body(of: 1) { true } else { false } },
        Question(snapshot: "records(_") { try $0.records([3, 1, 2]).map(\.header.number) == [3, 1, 2] },
        Question(snapshot: "numbers(about") {
            try $0.numbers(about: Sample.dossier.text, before: 1000, of: [.dossierOpened]).map(\.kind) == [.dossierOpened]
        },
        Question(snapshot: "redactor(of") { try $0.redactor(of: 1) == nil },
        Question(snapshot: "importRecord(ofRules") { try $0.importRecord(ofRules: Sample.rules.digest) == 1 },
        Question(snapshot: "inclusionPath(_") { try $0.inclusionPath(.records, of: 1, size: 3)?.count == 2 },
        Question(snapshot: "object(_") { try $0.object(Sample.proof.digest) != nil },
        Question(snapshot: "evidence(_") {
            guard let (object, deposited, erased) = try $0.evidence(Sample.item) else { return false }
            return object.description == Sample.proof && deposited.at == moment(0) && erased == nil
        },
        Question(snapshot: "fixity(of") {
            guard let proof = try $0.object(Sample.proof.digest) else { return false }
            return try $0.fixity(of: proof, before: 1000)?.at == moment(0) && $0.fixity(of: proof, before: 1) == nil
        },
        Question(snapshot: "extraction(of") {
            guard let proof = try $0.object(Sample.proof.digest), let last = try $0.extraction(of: proof, before: 1000),
                let first = try $0.extraction(of: proof, before: last)
            else { return false }
            return try first < last && $0.extraction(of: proof, before: first) == nil
        },
        Question(snapshot: "accessNumbers(about") { try $0.accessNumbers(about: [Sample.item.text], before: 5) == [0] },
        Question(snapshot: "accessEntry(_") { try $0.accessEntry(0) != nil },
        Question("accessNumbers(about") { try $0.accessNumbers(about: [Sample.item.text], before: 5, last: 3) == [0] },
        Question("accessEntry(_") { try $0.accessEntry(0) != nil },
        // Uploads.
        Question(service: "upload(_") { try $0.upload(Sample.upload)?.metadata?.title == "Giấy khen" },
        Question(service: "uploads(of") { try $0.uploads(of: "c-1", limit: 5).count == 1 && $0.uploads(of: "c-2").isEmpty },
        Question(service: "uploads(about") { try $0.uploads(about: Sample.person).count == 1 },
        Question(service: "expiredUploads(by") {
            try $0.expiredUploads(by: moment(5), limit: 5).count == 1 && $0.expiredUploads(by: moment(4), limit: 5).isEmpty
        },
        Question(service: "uploads(after") { try $0.uploads(after: "", limit: 5).count == 1 },
        Question(service: "uploadRoom(") { try $0.uploadRoom() == UploadRoom(count: 1, bytes: 10, toCome: 7) },
    ]

    /// Statements that may walk a table, each with its reason.
    static let walks = [
        // Those that are open, of which there is a limit.
        "FROM upload WHERE outcome IS NULL": "SCAN upload USING INDEX upload_open",
        // All that were ever imported: a handful, each listed to a person.
        "FROM rule_document JOIN object ON object.digest = rule_document.object  ORDER BY": "SCAN rule_document",
        // Those that hold now, few, all of them listed.
        "FROM hold ORDER BY subject": "SCAN hold",
        // What is to be finished: empty but for moments.
        "FROM erasure_to_finish ORDER BY record": "SCAN erasure_to_finish",
        // One row at most each day, asked when a stamp is due.
        "SELECT max(stamped_at) AS last FROM checkpoint_stamp": "SCAN checkpoint_stamp",
    ]

    @Test("an index answers", arguments: questions)
    func plan(of question: Question) throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        try Sample.append(to: catalog)
        let statements = try catalog.statementsRead(ofService: question.isOfService) {
            let isRight = try question.ask(catalog)
            #expect(isRight)
        }
        try catalog.close()
        #expect(!statements.isEmpty)
        for statement in statements {
            let plan = try folder.sqlite(question.isOfService ? "service.sqlite" : "archive.sqlite", "EXPLAIN QUERY PLAN \(statement);")
            let words = statement.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
            let allowed = Self.walks.first { words.contains($0.key) }?.value
            for line in plan.split(separator: "\n") where line.contains("SCAN") {
                #expect(allowed.map { line.contains($0) } ?? false, "\(words)\n\(plan)")
            }
            // A page of a list that sorts reads all that there is to list; sorting what is alike in the index reads only that.
            if words.contains("LIMIT") {
                let sorts = plan.split(separator: "\n").filter { $0.contains("TEMP B-TREE") && !$0.contains("RIGHT PART OF ORDER BY") }
                #expect(sorts.isEmpty, "\(words)\n\(plan)")
            }
        }
    }

    @Test(
        "every question of the recognition paths is in the list",
        arguments: ["Dossiers", "Decisions", "Register", "EvidenceLists", "Checkpoints", "Erasing", "BundleQueries", "LedgerSnapshot", "Uploads"])
    func isComplete(file: String) throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Catalog")
        let text = try String(contentsOf: sources.appending(path: "\(file).swift"), encoding: .utf8)
        // `ids<ID: OpaqueIdentifier>(_: ID.Type, …` is `ids(_`.
        let found = text.matches(of: /public func ([A-Za-z]+)(?:<[^>]*>)?\(\s*([A-Za-z_]*)/).map { "\($0.1)(\($0.2)" }
        let names = found.map { file == "LedgerSnapshot" && $0 != "snapshot(to" ? "snapshot: \($0)" : $0 }
        #expect(!names.isEmpty)
        // What writes, what reads all on purpose, and what asks nothing of the database.
        let others: Set = [
            "store(_", "store(stamp", "erase(_", "compact(waiting", "forgetChecks(of", "finishErasure(_", "markOffDisk(_", "tombstones(", "drop(_",
            "forEachRecord(_", "tree(_", "signed(by", "isSigned(by", "snapshot(to",
            "begin(_", "update(_", "removeUpload(_",
            // Walk the log from its beginning up to a border, when entries are dropped; one row each time a log was dropped.
            "firstAccess(notBefore", "accessDropped(",
        ]
        #expect(Set(names).subtracting(Self.questions.map(\.name)).subtracting(others).isEmpty)
    }

    @Test func `a rebuild leaves every index as it was`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        try Sample.append(to: catalog)
        let schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name;"
        let before = try folder.sqlite("archive.sqlite", schema)
        #expect(before.contains("citation_by_item"))
        try catalog.rebuildViews { _, _ in }
        try catalog.close()
        #expect(try folder.sqlite("archive.sqlite", schema) == before)
    }
}
