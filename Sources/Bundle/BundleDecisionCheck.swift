internal import Evidence
internal import Ledger
internal import Recognition

/// What a bundle says, held against its records, its rules and its files.
extension BundleVerification {
    mutating func checkDecision(
        _ records: BundleRecords, _ checkpoint: SignedCheckpoint, _ access: SignedCheckpoint
    ) throws(BundleFinding) {
        let piece = BundleLayout.decision
        let bytes = try content(piece)
        let said: JSON
        do { said = try JSON(canonical: Array(bytes.dropLast())) } catch { throw BundleFinding(piece: piece, reason: "\(error)") }
        guard bytes.last == 0x0A, case .object(let members) = said, let scope = BundleScope(members["scope"]) else {
            throw BundleFinding(piece: piece, reason: "it does not say what the bundle is about")
        }
        guard report.name == scope.name(size: checkpoint.checkpoint.size) else {
            throw BundleFinding(piece: piece, reason: "it is about \(scope.name(size: checkpoint.checkpoint.size)), and the bundle is \(report.name)")
        }
        report.scope = scope
        let rules = try Self.rules(in: contents)
        let decision = try DecisionJSON(
            scope: scope, checkpoint: checkpoint.checkpoint, accessCheckpoint: access.checkpoint, records: records, rules: rules)
        let files = try enclosed(in: said, records)
        let derived = try decision.json(files: files)
        if derived != said {
            throw BundleFinding(piece: piece, reason: "it does not say what the records say: \(Self.difference(said, derived) ?? "another order")")
        }
        try check(decision, derived, files, accessLines)
        report.titles = decision.decisions.map { record, decision, title in
            let state = Self.state(of: title, in: derived)
            let document = decision.document
            return BundleReport.Title(
                id: title, person: decision.person, cycle: decision.cycle, state: state,
                code: "\(document.codeNumber)/\(document.codeNotation)", total: decision.total)
        }
    }

    /// Checks what follows from the records against the rules, the files and the access log of the bundle.
    ///
    /// - Parameter derived: `decision`, as it stands in the bundle.
    mutating func check(
        _ decision: DecisionJSON, _ derived: JSON, _ files: [Digest: EnclosedFile], _ accessLines: [AccessLine]
    ) throws(BundleFinding) {
        guard Set(decision.rules.keys) == decision.ruleObjects else {
            let other = Set(decision.rules.keys).symmetricDifference(decision.ruleObjects).sorted().first.map(BundleLayout.rules)
            throw BundleFinding(piece: other ?? BundleLayout.decision, reason: "the titles' rule sets and criteria sets are others")
        }
        try checkFiles(files, decision)
        try checkGrounds(decision)
        try checkVerdicts(decision)
        try Self.check(accessLines, decision)
        try checkHonour(decision, derived)
    }

    /// What an honour rests on: titles of this person, given by then and not ended, one a year for as many years as its rules ask.
    private mutating func checkHonour(_ decision: DecisionJSON, _ derived: JSON) throws(BundleFinding) {
        guard let (record, grant) = decision.honour else { return }
        func wrong(_ reason: String) -> BundleFinding { BundleFinding(piece: BundleLayout.record(record.number), reason: reason) }
        guard case .ruleSet(let rules)? = decision.rules[grant.rules], let honour = rules.honour?.value, honour.name == grant.name else {
            throw wrong("its rule set has no such honour")
        }
        let bases = decision.decisions.map { (number: $0.record.number, decision: $0.decision, title: $0.title) }
        for base in bases {
            guard base.decision.person == grant.person, base.number < record.number else { throw wrong("\(base.title) is not a title of its person") }
            if let ended = decision.end(of: base.title), ended.record < record.number { throw wrong("\(base.title) was \(ended.state) by then") }
        }
        let years = bases.map(\.decision.cycle).sorted()
        guard let last = years.last, years == Array((last - honour.years + 1)...last) else {
            throw wrong("it rests on titles of \(years.map(String.init).joined(separator: ", ")), and takes \(honour.years) years running")
        }
        var state = ""
        if case .object(let members) = derived, case .object(let found)? = members["honour"], case .string(let text)? = found["state"] {
            state = text
        }
        report.honour = (grant.honour, grant.name, state)
    }

    private static func state(of title: TitleID, in json: JSON) -> String {
        guard case .object(let members) = json, case .array(let titles)? = members["titles"] else { return "" }
        for case .object(let found) in titles where found["title"] == .string(title.text) {
            if case .string(let state)? = found["state"] { return state }
        }
        return ""
    }

    /// The rule documents among the files of a bundle.
    static func rules(in contents: [String: [UInt8]]) throws(BundleFinding) -> [Digest: RuleDocument] {
        var rules: [Digest: RuleDocument] = [:]
        for (piece, bytes) in contents where piece.hasPrefix("data/rules/") {
            let digest = Digest(of: bytes)
            guard piece == BundleLayout.rules(digest) else { throw BundleFinding(piece: piece, reason: "its name is not the digest of its bytes") }
            do {
                _ = try JSON(canonical: bytes)
                rules[digest] = try RuleDocument(reading: String(decoding: bytes, as: UTF8.self), name: piece)
            } catch {
                throw BundleFinding(piece: piece, reason: "\(error)".split(separator: "\n").joined(separator: "; "))
            }
        }
        return rules
    }

    /// What the bundle says of its files, held against the records that it names.
    mutating func enclosed(in said: JSON, _ records: BundleRecords) throws(BundleFinding) -> [Digest: EnclosedFile] {
        func wrong(_ reason: String) -> BundleFinding { BundleFinding(piece: BundleLayout.decision, reason: "files: \(reason)") }
        guard case .object(let members) = said, case .array(let entries)? = members["files"] else { throw wrong("they are missing") }
        var files: [Digest: EnclosedFile] = [:]
        for entry in entries {
            guard case .object(let file) = entry, case .string(let hex)? = file["object"], let digest = Digest(hex: hex),
                case .string(let name)? = file["state"], let state = EnclosedState(rawValue: name)
            else { throw wrong("an entry has no object or no state") }
            var checked: (Timestamp, Int)?
            if case .string(let text)? = file["checked_at"], case .integer(let number)? = file["check_record"] {
                guard let time = Timestamp(text), let record = records.record(Int(number)), Self.says(record, digest, time, records) else {
                    throw wrong("record \(number) does not say that \(digest) was checked at \(text)")
                }
                checked = (time, Int(number))
            }
            guard (checked != nil) == (state != .erased) else { throw wrong("\(digest) is \(state.rawValue), and its check is not so") }
            guard (state == .erased) == records.isErased(digest) else {
                throw wrong("the records say that \(digest) was \(state == .erased ? "not " : "")erased")
            }
            if state == .withheld { report.withheld.append(digest) }
            if state == .erased { report.erased.append(digest) }
            files[digest] = EnclosedFile(state: state, checked: checked.map { ($0.0, $0.1) })
        }
        return files
    }

    /// Whether a record says that an object was read whole at that time: a check, or the last deposit of it.
    private static func says(_ record: BundleRecord, _ object: Digest, _ time: Timestamp, _ records: BundleRecords) -> Bool {
        switch record.body {
        case .fixityChecked(let check)?: check.startedAt == time
        case .evidenceDeposited(let deposit)?:
            deposit.object.digest == object && record.header.time == time
                && record.number == records.lastDeposit(of: object)?.number
        default: false
        }
    }

    /// Just the files that are said to be enclosed, each with the bytes of its name.
    private func checkFiles(_ files: [Digest: EnclosedFile], _ decision: DecisionJSON) throws(BundleFinding) {
        for (object, file) in files.sorted(by: { $0.key < $1.key }) {
            let piece = BundleLayout.evidence(object)
            guard (digests[piece] != nil) == (file.state == .enclosed) else {
                throw BundleFinding(
                    piece: piece, reason: file.state == .enclosed ? "it is missing" : "it is there, and said to be \(file.state.rawValue)")
            }
        }
        let texts = decision.texts
        for (piece, digest) in digests.sorted(by: { $0.key < $1.key }) {
            if piece.hasPrefix("data/evidence/") {
                guard piece == BundleLayout.evidence(digest) else {
                    throw BundleFinding(piece: piece, reason: "its name is not the digest of its bytes")
                }
                guard files[digest] != nil else { throw BundleFinding(piece: piece, reason: "no title of the bundle rests on it") }
            } else if piece.hasPrefix("data/texts/") {
                guard piece == BundleLayout.text(digest) else { throw BundleFinding(piece: piece, reason: "its name is not the digest of its bytes") }
                guard let sources = texts[digest], sources.contains(where: { files[$0]?.state == .enclosed }) else {
                    throw BundleFinding(piece: piece, reason: "no citation of the bundle pins it")
                }
            } else if !Self.isKnown(piece) {
                throw BundleFinding(piece: piece, reason: "a bundle has no such file")
            }
        }
        for (text, sources) in texts.sorted(by: { $0.key < $1.key }) where sources.contains(where: { files[$0]?.state == .enclosed }) {
            guard digests[BundleLayout.text(text)] != nil else { throw BundleFinding(piece: BundleLayout.text(text), reason: "it is missing") }
        }
    }

    private static func isKnown(_ piece: String) -> Bool {
        let single: Set = [
            BagIt.declarationName, BagIt.infoName, BagIt.manifestName, BagIt.tagManifestName, BundleLayout.signature,
            BundleLayout.instructions, BundleLayout.decision, BundleLayout.page, BundleLayout.crate, BundleLayout.access,
            BundleLayout.checkpoint, BundleLayout.accessCheckpoint, BundleLayout.stamp,
        ]
        return single.contains(piece)
            || ["data/rules/", "data/records/", "proofs/records/", "proofs/witness/"].contains { piece.hasPrefix($0) }
    }

    /// The scores and citations of a decision are those of the records that gave and made them.
    private func checkGrounds(_ decision: DecisionJSON) throws(BundleFinding) {
        for (record, decided, title) in decision.decisions {
            func wrong(_ reason: String) -> BundleFinding {
                BundleFinding(piece: BundleLayout.record(record.number), reason: "\(title): \(reason)")
            }
            let dossier = decision.records.about(decided.dossier).filter { $0.number < record.number }
            var given: [IndicatorCode: Score] = [:]
            for case .scoresGiven(let sheet)? in dossier.map(\.body) where sheet.kind == .final && sheet.dossier == decided.dossier {
                given.merge(sheet.scores) { $1 }
            }
            guard given == decided.scores else { throw wrong("its scores are not the final scores that the bundle's records gave") }
            var made: [CitationID: [Citation]] = [:]
            for case .evidenceCited(let citation)? in dossier.map(\.body) where citation.dossier == decided.dossier {
                made[citation.id, default: []].append(citation)
            }
            for citation in decided.citations {
                let isMade = (made[citation.citation] ?? []).contains { made in
                    made.indicator == citation.indicator && made.evidence == citation.evidence && made.pages == citation.pages
                        && made.text == citation.text
                }
                guard isMade else { throw wrong("no record of the bundle makes citation \(citation.citation) as it was decided on") }
            }
        }
    }

    /// Every entry of the access log in the bundle is about something in it.
    private static func check(_ accessLines: [AccessLine], _ decision: DecisionJSON) throws(BundleFinding) {
        let subjects = decision.subjects
        for line in accessLines where subjects.isDisjoint(with: line.header.subjects) {
            throw BundleFinding(piece: BundleLayout.access, reason: "entry \(line.header.number) is about nothing in the bundle")
        }
    }

    /// The verdicts that the enclosed rules give are those that were decided.
    private func checkVerdicts(_ decision: DecisionJSON) throws(BundleFinding) {
        for (record, decided, title) in decision.decisions {
            guard case .ruleSet(let rules)? = decision.rules[decided.rules], case .criteriaSet(let criteria)? = decision.rules[decided.criteria]
            else {
                throw BundleFinding(piece: BundleLayout.rules(decided.rules), reason: "it is not there")
            }
            let verdict = rules.verdict(on: decided.assessment, under: criteria)
            guard verdict.isRecognised, verdict.total == decided.total, verdict.grade == decided.grade, decided.unmet.isEmpty else {
                throw BundleFinding(
                    piece: BundleLayout.record(record.number),
                    reason: "\(title) was recognised with \(decided.total); under its rules it is "
                        + "\(verdict.isRecognised ? "recognised" : "not recognised") with \(verdict.total)")
            }
        }
    }

    /// Where two values differ first, as a path.
    private static func difference(_ said: JSON, _ derived: JSON, at path: String = "") -> String? {
        switch (said, derived) {
        case (.object(let one), .object(let other)):
            for name in Set(one.keys).union(other.keys).sorted() where one[name] != other[name] {
                guard let said = one[name] else { return "\(path)/\(name) is missing" }
                guard let derived = other[name] else { return "\(path)/\(name) is said by no record" }
                return difference(said, derived, at: "\(path)/\(name)")
            }
            return nil
        case (.array(let one), .array(let other)):
            for (index, pair) in zip(one, other).enumerated() where pair.0 != pair.1 {
                return difference(pair.0, pair.1, at: "\(path)/\(index)")
            }
            return "\(path) has \(one.count) elements instead of \(other.count)"
        default: return "\(path) is another value"
        }
    }
}
