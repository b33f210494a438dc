public import Evidence
public import Ledger
internal import Recognition

/// What a bundle is made of, as the archive gives it. Everything is as of the checkpoints.
public struct BundleContents: Sendable {
    /// A record with the audit path of its leaf in the tree of the checkpoint.
    public struct Record: Sendable {
        public let copy: RecordCopy
        public let path: [Digest]

        public init(copy: RecordCopy, path: [Digest]) {
            self.copy = copy
            self.path = path
        }
    }

    public let scope: BundleScope
    /// Of the tree of records, with the cosignatures that there are.
    public let checkpoint: SignedCheckpoint
    public let accessCheckpoint: SignedCheckpoint
    public let signedAt: Timestamp
    /// An RFC 3161 response over the text of the checkpoint.
    public let stamp: [UInt8]?
    public let records: [Record]
    /// Entries of the access log about what the bundle holds.
    public let access: [Record]
    /// Canonical objects of rule sets and criteria sets.
    public let rules: [Digest: [UInt8]]
    /// By object, for every item that the titles rest on.
    public let files: [Digest: EnclosedFile]
    /// Objects of the files that are enclosed, and of the texts that are.
    public let objects: [Digest: ObjectDescription]
    public let consistency: [ConsistencyProof]

    public init(
        scope: BundleScope, checkpoint: SignedCheckpoint, accessCheckpoint: SignedCheckpoint, signedAt: Timestamp, stamp: [UInt8]?,
        records: [Record], access: [Record], rules: [Digest: [UInt8]], files: [Digest: EnclosedFile],
        objects: [Digest: ObjectDescription], consistency: [ConsistencyProof]
    ) {
        self.scope = scope
        self.checkpoint = checkpoint
        self.accessCheckpoint = accessCheckpoint
        self.signedAt = signedAt
        self.stamp = stamp
        self.records = records
        self.access = access
        self.rules = rules
        self.files = files
        self.objects = objects
        self.consistency = consistency
    }

    /// The items that the titles of these records rest on, and the texts and rules that they pin: what else belongs into the bundle.
    ///
    /// - Throws: ``BundleFinding`` where the records do not give the titles.
    public static func needs(
        of scope: BundleScope, records: [RecordCopy], checkpoint: Checkpoint
    ) throws(BundleFinding) -> (items: [EvidenceReference], texts: [Digest: Set<Digest>], rules: Set<Digest>) {
        let decision = try DecisionJSON(
            scope: scope, checkpoint: checkpoint, accessCheckpoint: checkpoint, records: try BundleRecords(records), rules: [:])
        return (decision.items.map(\.reference), decision.texts, decision.ruleObjects)
    }

    public var name: String { scope.name(size: checkpoint.checkpoint.size) }

    /// Writes the bundle into `sink`, file by file; the caller finishes it. The same contents give the same bytes.
    ///
    /// - Parameters:
    ///   - folder: what the names begin with: the bundle's name and a slash in a ZIP file, nothing in a folder.
    ///   - signer: the archive's key.
    ///   - copy: hands over the bytes of an object, checked, in pieces.
    public func write(
        to sink: some BundleSink, folder: String, signer: NoteSigner,
        copy: (ObjectDescription, _ write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let decision = try decision()
        let json = try decision.json(files: files)
        var parts: [String: Part] = [:]
        func add(_ name: String, _ bytes: [UInt8]) { parts[name] = .bytes(bytes) }
        add(BundleLayout.decision, json.canonicalBytes + [0x0A])
        for (digest, bytes) in rules { add(BundleLayout.rules(digest), bytes) }
        for record in records {
            let number = try record.number
            add(BundleLayout.record(number), record.copy.bytes)
            add(BundleLayout.proof(number), InclusionProof(index: number, path: record.path, checkpoint: checkpoint).bytes)
        }
        let lines = try access.sorted { try $0.number < $1.number }.map { try $0.accessLine }
        add(BundleLayout.access, lines.flatMap { $0.canonicalBytes + [0x0A] })
        add(BundleLayout.checkpoint, checkpoint.note.bytes)
        add(BundleLayout.accessCheckpoint, accessCheckpoint.note.bytes)
        if let stamp { add(BundleLayout.stamp, stamp) }
        for proof in consistency { add(BundleLayout.consistency(proof), proof.bytes) }
        for (digest, file) in files where file.state == .enclosed {
            if let object = objects[digest] { parts[BundleLayout.evidence(digest)] = .object(object) }
        }
        for (text, sources) in decision.texts where sources.contains(where: { files[$0]?.state == .enclosed }) {
            if let object = objects[text] { parts[BundleLayout.text(text)] = .object(object) }
        }
        addForPeople(json, lines, to: &parts)
        let size = parts.values.reduce(Int64(0)) { if case .bytes(let bytes) = $1 { $0 + Int64(bytes.count) } else { $0 } }
        guard size <= BundleVerification.contentsLimit else {
            throw BundleFinding(piece: name, reason: "it would have \(size) bytes beside evidence, more than a verifier takes; bundle fewer titles")
        }
        try addBag(&parts, signer: signer)
        for name in parts.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            switch parts[name] {
            case .bytes(let bytes)?: try sink.add(folder + name, bytes: bytes)
            case .object(let object)?:
                try sink.add(folder + name, size: object.size) { write in
                    // The sink's own closure, which nobody keeps.
                    try withoutActuallyEscaping(write) { try copy(object, $0) }
                }
            case nil: break  // because the names are those of the parts
            }
        }
    }

    /// What follows from the records.
    func decision() throws -> DecisionJSON {
        let documents = try rules.mapValues { bytes in
            try RuleDocument(reading: String(decoding: bytes, as: UTF8.self), name: "a rule document of the bundle")
        }
        return try DecisionJSON(
            scope: scope, checkpoint: checkpoint.checkpoint, accessCheckpoint: accessCheckpoint.checkpoint,
            records: try BundleRecords(records.map(\.copy)), rules: documents)
    }

    private enum Part {
        case bytes([UInt8])
        case object(ObjectDescription)

        var digest: Digest {
            switch self {
            case .bytes(let bytes): Digest(of: bytes)
            case .object(let object): object.digest
            }
        }

        var size: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.count)
            case .object(let object): object.size
            }
        }
    }

    private func addForPeople(_ json: JSON, _ lines: [JSON], to parts: inout [String: Part]) {
        parts[BundleLayout.page] = .bytes(ReadablePage.html(json, accessLines: lines))
        parts[BundleLayout.instructions] = .bytes(VerificationInstructions.markdown(json, hasStamp: stamp != nil))
        let payload = parts.filter { $0.key.hasPrefix(BagIt.payloadPrefix) }.sorted { $0.key < $1.key }
        parts[BundleLayout.crate] = .bytes(
            ResearchObjectCrate.metadata(
                json, files: payload.map { (String($0.key.dropFirst(BagIt.payloadPrefix.count)), $0.value.size, nil) }))
    }

    private func addBag(_ parts: inout [String: Part], signer: NoteSigner) throws {
        let payload = parts.filter { $0.key.hasPrefix(BagIt.payloadPrefix) }
        parts[BagIt.declarationName] = .bytes(BagIt.declaration)
        parts[BagIt.infoName] = .bytes(
            try BagIt.info([
                ("Source-Organization", checkpoint.checkpoint.origin.archive.text), ("Bagging-Date", signedAt.date.description),
                ("External-Identifier", name), ("Internal-Sender-Description", "MinhChung bundle version 1"),
                ("Payload-Oxum", BagIt.payloadOxum(octets: payload.values.reduce(0) { $0 + $1.size }, streams: payload.count)),
            ]))
        parts[BagIt.manifestName] = .bytes(try BagIt.manifest(Self.listed(payload)))
        let tags = parts.filter { !$0.key.hasPrefix(BagIt.payloadPrefix) }
        let tagManifest = try BagIt.tagManifest(Self.listed(tags))
        let statement = BundleLayout.statement(name: name, tagManifest: tagManifest)
        parts[BundleLayout.signature] = .bytes(SignedNote(text: statement, signatures: [signer.signature(of: statement)]).bytes)
        parts[BagIt.tagManifestName] = .bytes(tagManifest)
    }

    private static func listed(_ parts: [String: Part]) -> [(name: String, digest: Digest)] {
        parts.map { ($0.key, $0.value.digest) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }
}

extension BundleContents.Record {
    var number: Int {
        get throws { try RecordForm.header(copy.header).number }
    }

    /// A line of `data/access.jsonl`.
    fileprivate var accessLine: JSON {
        get throws {
            .object([
                "header": try JSON(canonical: copy.header), "path": .array(path.map { .string(Base64.text(of: $0.bytes)) }),
            ])
        }
    }
}
