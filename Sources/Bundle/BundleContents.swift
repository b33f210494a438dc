public import Evidence
public import Ledger
internal import Recognition

/// What a bundle is made of, as the archive gives it. Everything is as of the checkpoints.
public struct BundleContents: Sendable {
    /// A record with the audit path of its leaf in the tree of the checkpoint.
    public struct Record: Sendable {
        /// A record, or an entry of the access log.
        public let opened: OpenedRecord
        public let path: [Digest]

        public init(_ opened: OpenedRecord, path: [Digest]) {
            self.opened = opened
            self.path = path
        }

        var number: Int { opened.header.number }
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
        of scope: BundleScope, records: [OpenedRecord], checkpoint: Checkpoint
    ) throws(BundleFinding) -> (items: [EvidenceReference], texts: [Digest: Set<Digest>], rules: Set<Digest>) {
        let decision = try DecisionJSON(
            scope: scope, checkpoint: checkpoint, accessCheckpoint: checkpoint, records: try BundleRecords(records), rules: [:])
        return (decision.items.map(\.reference), decision.texts, decision.ruleObjects)
    }

    public var name: String { scope.name(size: checkpoint.checkpoint.size) }

    /// Derives from the records what a verifier will derive from them, and holds it against the rules, the files and the access log as a
    /// verifier does, before anything is written: a bundle that nobody can verify is not handed out. Proofs and signatures are not
    /// checked again: they are made from trees that were.
    ///
    /// - Throws: ``BundleFinding`` for what a verifier would find.
    public func checked() throws -> CheckedBundle {
        let documents = try BundleVerification.rules(in: Dictionary(uniqueKeysWithValues: rules.map { (BundleLayout.rules($0), $1) }))
        let decision = try DecisionJSON(
            scope: scope, checkpoint: checkpoint.checkpoint, accessCheckpoint: accessCheckpoint.checkpoint,
            records: try BundleRecords(records.map(\.opened)), rules: documents)
        for record in decision.records.all where record.isErased && record.body == nil {
            throw BundleFinding(piece: BundleLayout.record(record.number), reason: "it was erased, and no record here says what is left of it")
        }
        let json = try decision.json(files: files)
        var verification = BundleVerification(trust: BundleTrust(keys: []))
        for (digest, file) in files where file.state == .enclosed && objects[digest] != nil {
            verification.digests[BundleLayout.evidence(digest)] = digest
        }
        for (text, sources) in decision.texts where objects[text] != nil && sources.contains(where: { files[$0]?.state == .enclosed }) {
            verification.digests[BundleLayout.text(text)] = text
        }
        let accessLines = access.sorted { $0.number < $1.number }.map(AccessLine.init)
        try verification.check(decision, json, try verification.enclosed(in: json, decision.records), accessLines)
        return CheckedBundle(contents: self, decision: decision, json: json, accessLines: accessLines)
    }
}
