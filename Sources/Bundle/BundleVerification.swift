public import Evidence
public import Ledger
internal import Recognition
internal import Timestamping

/// What a verifier trusts, from its own configuration and never from a bundle.
public struct BundleTrust: Sendable {
    /// Keys of archives.
    public let keys: [NoteVerifier]
    public let witnesses: [NoteVerifier]
    /// How many of the witnesses have to have cosigned.
    public let quorum: Int
    /// Certificates of time-stamping authorities, in PEM; `nil` where none is trusted.
    public let authorities: [UInt8]?
    /// What was seen of the archive before.
    public let memory: WitnessMemory?

    public init(
        keys: [NoteVerifier], witnesses: [NoteVerifier] = [], quorum: Int? = nil, authorities: [UInt8]? = nil, memory: WitnessMemory? = nil
    ) {
        self.keys = keys
        self.witnesses = witnesses
        self.quorum = quorum ?? (witnesses.isEmpty ? 0 : 1)
        self.authorities = authorities
        self.memory = memory
    }
}

/// What a verification found.
public struct BundleReport: Sendable {
    /// A title that the bundle proves.
    public struct Title: Sendable {
        public let id: TitleID
        public let person: PersonID
        public let cycle: Int
        public let state: String
        /// As the decision's record has it.
        public let code: String
        public let total: Points
    }

    /// Empty where everything is right.
    public internal(set) var findings: [BundleFinding] = []
    public internal(set) var name = ""
    public internal(set) var scope: BundleScope?
    public internal(set) var titles: [Title] = []
    /// The honour that it is about, and whether it stands or was revoked.
    public internal(set) var honour: (id: TitleID, name: String, state: String)?
    public internal(set) var checkpoint: Checkpoint?
    /// The key that has signed the bundle.
    public internal(set) var key: NoteVerifier?
    /// Witnesses that have cosigned the checkpoint, of those that are trusted, with their times.
    public internal(set) var witnesses: [(name: String, at: Timestamp?)] = []
    /// When the checkpoint existed, as a time stamp says, and whether it was proven.
    public internal(set) var stamp: (time: Timestamp, isProven: Bool)?
    /// The size that was seen before and that the ledger continues.
    public internal(set) var continues: Int?
    public internal(set) var files = 0
    public internal(set) var bytes: Int64 = 0
    public internal(set) var records = 0
    public internal(set) var withheld: [Digest] = []
    public internal(set) var erased: [Digest] = []

    public var isSound: Bool { findings.isEmpty }
}

extension BundleReport {
    /// Verifies a bundle without the archive that made it.
    ///
    /// - Parameters:
    ///   - isZIP: whether names begin with the bundle's folder.
    ///   - progress: bytes that were read.
    /// - Throws: `BundleFileError` where the file cannot be read at all; what is wrong with it is in the report.
    public init(
        verifying source: some BundleSource, isZIP: Bool, trusting trust: BundleTrust, progress: (Int64) -> Void = { _ in }
    ) throws {
        var verification = BundleVerification(trust: trust)
        do {
            try verification.read(source, isZIP: isZIP, progress: progress)
            verification.check()
        } catch let error as BundleFileError {
            guard case .malformed(_, let entry, let reason) = error else { throw error }
            verification.report.findings.append(
                BundleFinding(piece: entry.map { verification.inside($0, isZIP: isZIP) } ?? "the file", reason: reason))
        } catch let finding as BundleFinding {
            verification.report.findings.append(finding)
        }
        self = verification.report
    }
}

/// One verification: the files that were read, and what is known by then.
struct BundleVerification {
    let trust: BundleTrust
    var report = BundleReport()
    /// Of every file, by its name in the bundle.
    var digests: [String: Digest] = [:]
    /// Of the files that are kept (``BundleLayout/isKept(_:)``).
    var contents: [String: [UInt8]] = [:]
    private(set) var accessLines: [AccessLine] = []
    private var payload: (octets: Int64, streams: Int) = (0, 0)
    private var folder = ""

    init(trust: BundleTrust) { self.trust = trust }

    /// Bytes of all files that are kept in memory.
    static let contentsLimit: Int64 = 1 << 30

    func inside(_ entry: String, isZIP: Bool) -> String {
        isZIP ? entry.firstIndex(of: "/").map { String(entry[entry.index(after: $0)...]) } ?? entry : entry
    }

    private mutating func found(_ piece: String, _ reason: String) { report.findings.append(BundleFinding(piece: piece, reason: reason)) }

    // MARK: Reading

    mutating func read(_ source: some BundleSource, isZIP: Bool, progress: (Int64) -> Void) throws {
        var kept: Int64 = 0
        try source.walk { entry, size, read in
            var name = entry
            if isZIP {
                guard let slash = entry.firstIndex(of: "/") else { throw BundleFinding(piece: entry, reason: "it is in no folder") }
                if report.files == 0 { folder = String(entry[..<slash]) }
                guard entry[..<slash] == folder else {
                    throw BundleFinding(piece: entry, reason: "it is in another folder than the files before it, “\(folder)”")
                }
                name = String(entry[entry.index(after: slash)...])
            }
            let isKept = BundleLayout.isKept(name)
            if isKept {
                kept += size
                guard kept <= Self.contentsLimit else {
                    throw BundleFinding(piece: name, reason: "with it the bundle has more than \(Self.contentsLimit) bytes beside evidence")
                }
            }
            var hasher = DigestHasher()
            var bytes: [UInt8] = []
            try read { piece in
                hasher.update(piece)
                if isKept { bytes.append(contentsOf: piece) }
                report.bytes += Int64(piece.count)
                progress(report.bytes)
            }
            digests[name] = hasher.finalize()
            if name.hasPrefix(BagIt.payloadPrefix) { payload = (payload.octets + size, payload.streams + 1) }
            if isKept { contents[name] = bytes }
            report.files += 1
        }
        report.name = folder
    }

    // MARK: Checking

    mutating func check() {
        do throws(BundleFinding) {
            let archiveKey = try checkBag()
            let (checkpoint, access) = try checkCheckpoints(by: archiveKey)
            let records = try checkRecords(in: checkpoint)
            accessLines = try checkAccess(in: access)
            try checkWitnesses(of: checkpoint, access)
            try checkStamp(of: checkpoint)
            try checkDecision(records, checkpoint, access)
        } catch {
            report.findings.append(error)
        }
    }

    func content(_ name: String) throws(BundleFinding) -> [UInt8] {
        guard let bytes = contents[name] else { throw BundleFinding(piece: name, reason: "it is missing") }
        return bytes
    }

    /// The bag, and the signature over it.
    private mutating func checkBag() throws(BundleFinding) -> NoteVerifier {
        guard try content(BagIt.declarationName) == BagIt.declaration else {
            throw BundleFinding(piece: BagIt.declarationName, reason: "it does not declare BagIt 1.0 in UTF-8")
        }
        try checkManifest(BagIt.manifestName) { $0.hasPrefix(BagIt.payloadPrefix) }
        try checkManifest(BagIt.tagManifestName) {
            !$0.hasPrefix(BagIt.payloadPrefix) && $0 != BagIt.tagManifestName && $0 != BundleLayout.signature
        }
        let oxum = "Payload-Oxum: \(BagIt.payloadOxum(octets: payload.octets, streams: payload.streams))\n"
        guard String(decoding: try content(BagIt.infoName), as: UTF8.self).contains(oxum) else {
            throw BundleFinding(piece: BagIt.infoName, reason: "its Payload-Oxum is not \(payload.octets).\(payload.streams)")
        }
        let piece = BundleLayout.signature
        do {
            let note = try SignedNote(parsing: try content(piece))
            guard note.signatures.count == 1 else { throw NoteError.malformed(reason: "it has \(note.signatures.count) signatures, not one") }
            let lines = note.text.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.count == 4 else { throw NoteError.malformed(reason: "it is not about a bundle") }
            if report.name.isEmpty { report.name = String(lines[1]) }
            let statement = BundleLayout.statement(name: report.name, tagManifest: try content(BagIt.tagManifestName))
            guard note.text == statement else {
                throw NoteError.malformed(reason: "it is not about this \(BagIt.tagManifestName), or not about a bundle called \(report.name)")
            }
            let key = try note.verified(by: trust.keys.filter { $0.algorithm == .ed25519 })[0]
            report.key = key
            return key
        } catch let finding as BundleFinding {
            throw finding
        } catch {
            throw BundleFinding(piece: piece, reason: "\(error)")
        }
    }

    /// Every file that it is about is listed, and nothing else, and each is what it was.
    private mutating func checkManifest(_ name: String, covers: (String) -> Bool) throws(BundleFinding) {
        var listed: [String: Digest] = [:]
        var last = ""
        let text = String(decoding: try content(name), as: UTF8.self)
        guard Array(text.utf8) == contents[name], text.isEmpty || text.hasSuffix("\n") else {
            throw BundleFinding(piece: name, reason: "it is not lines of UTF-8")
        }
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            guard line.count > 66, line.dropFirst(64).prefix(2).elementsEqual("  ".utf8),
                let digest = Digest(hex: String(Substring(line.prefix(64)))),
                case let file = String(Substring(line.dropFirst(66))), last.utf8.lexicographicallyPrecedes(file.utf8)
            else { throw BundleFinding(piece: name, reason: "a line is not a digest and a name behind those before it") }
            last = file
            listed[file] = digest
        }
        for (file, digest) in digests.sorted(by: { $0.key < $1.key }) where covers(file) {
            guard let expected = listed.removeValue(forKey: file) else {
                found(file, "it is not listed in \(name)")
                continue
            }
            if expected != digest { found(file, "its bytes are not those that \(name) lists: their SHA-256 is \(digest)") }
        }
        for file in listed.keys.sorted() { found(file, digests[file] == nil ? "it is missing; \(name) lists it" : "\(name) may not list it") }
    }

    private func checkCheckpoints(by key: NoteVerifier) throws(BundleFinding) -> (records: SignedCheckpoint, access: SignedCheckpoint) {
        func signed(_ piece: String, _ tree: LogTree) throws(BundleFinding) -> SignedCheckpoint {
            let bytes = try content(piece)
            do {
                let signed = try SignedCheckpoint(parsing: bytes)
                try signed.note.verified(by: trust.keys.filter { $0.algorithm == .ed25519 })
                let origin = signed.checkpoint.origin
                guard signed.note.signatures[0].keyName == LogOrigin.keyName(of: origin.archive),
                    signed.note.signatures.dropFirst().allSatisfy({ $0.bytes.count == 72 })
                else { throw NoteError.malformed(reason: "its signatures are not the archive's and then cosignatures") }
                guard origin.tree == tree, key.name == LogOrigin.keyName(of: origin.archive) else {
                    throw NoteError.malformed(reason: "it is of \(origin), not of the archive that signed the bundle")
                }
                return signed
            } catch {
                throw BundleFinding(piece: piece, reason: "\(error)")
            }
        }
        let (records, access) = (try signed(BundleLayout.checkpoint, .records), try signed(BundleLayout.accessCheckpoint, .access))
        guard records.checkpoint.origin.epoch == access.checkpoint.origin.epoch || access.checkpoint.size == 0 else {
            throw BundleFinding(piece: BundleLayout.accessCheckpoint, reason: "it is of another epoch than \(BundleLayout.checkpoint)")
        }
        return (records, access)
    }

    // MARK: Records and the access log

    private mutating func checkRecords(in checkpoint: SignedCheckpoint) throws(BundleFinding) -> BundleRecords {
        report.checkpoint = checkpoint.checkpoint
        var records: [OpenedRecord] = []
        for (piece, bytes) in contents.sorted(by: { $0.key < $1.key }) where piece.hasPrefix("data/records/") {
            do {
                let record = try RecordCopy(parsing: bytes).opened()
                let header = record.header
                guard piece == BundleLayout.record(header.number) else { throw NoteError.malformed(reason: "it is record \(header.number)") }
                let proofName = BundleLayout.proof(header.number)
                let proof: InclusionProof
                do {
                    proof = try InclusionProof(parsing: try content(proofName))
                } catch {
                    throw BundleFinding(piece: proofName, reason: "\(error)")
                }
                guard proof.checkpoint == checkpoint, proof.index == header.number, proof.includes(record.copy.header) else {
                    throw BundleFinding(piece: proofName, reason: "it does not prove that \(piece) is in the tree of \(BundleLayout.checkpoint)")
                }
                records.append(record)
            } catch let finding as BundleFinding {
                throw finding
            } catch {
                throw BundleFinding(piece: piece, reason: "\(error)")
            }
        }
        report.records = records.count
        let known = try BundleRecords(records)
        guard case .archiveCreated(checkpoint.checkpoint.origin.archive, _)? = known.record(0)?.body else {
            throw BundleFinding(piece: BundleLayout.record(0), reason: "it does not create archive \(checkpoint.checkpoint.origin.archive)")
        }
        for record in known.all where record.isErased && record.body == nil {
            throw BundleFinding(
                piece: BundleLayout.record(record.number), reason: "its body is missing, and no record of the bundle says that it was erased")
        }
        let proofs = Set(known.all.map { BundleLayout.proof($0.number) })
        for piece in contents.keys.sorted() where piece.hasPrefix("proofs/records/") && !proofs.contains(piece) {
            throw BundleFinding(piece: piece, reason: "there is no such record in the bundle")
        }
        return known
    }

    private func checkAccess(in checkpoint: SignedCheckpoint) throws(BundleFinding) -> [AccessLine] {
        var lines: [AccessLine] = []
        let piece = BundleLayout.access
        let tree = checkpoint.checkpoint
        var last = -1
        let bytes = try content(piece)
        guard bytes.isEmpty || bytes.last == 0x0A else { throw BundleFinding(piece: piece, reason: "its last line does not end") }
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            do {
                let entry = try AccessLine(parsing: Array(line))
                guard entry.header.number > last else { throw NoteError.malformed(reason: "entry \(entry.header.number) is out of order") }
                last = entry.header.number
                guard
                    MerkleTree.verifyInclusion(
                        of: MerkleTree.leafHash(entry.bytes), at: UInt64(last), size: UInt64(tree.size), root: tree.root, proof: entry.path)
                else { throw NoteError.malformed(reason: "entry \(last) is not in the tree of \(BundleLayout.accessCheckpoint)") }
                lines.append(entry)
            } catch {
                throw BundleFinding(piece: piece, reason: "\(error)")
            }
        }
        return lines
    }

    // MARK: Others

    private mutating func checkWitnesses(of signed: SignedCheckpoint, _ access: SignedCheckpoint) throws(BundleFinding) {
        let piece = BundleLayout.checkpoint
        var continued: [LogTree: Int] = [:]
        for signature in signed.note.signatures {
            guard let witness = trust.witnesses.first(where: { $0.name == signature.keyName && $0.keyID == signature.keyID }) else { continue }
            do { try signed.note.verified(by: [witness]) } catch { throw BundleFinding(piece: piece, reason: "\(error)") }
            if !report.witnesses.contains(where: { $0.name == witness.name }) {
                report.witnesses.append((witness.name, Cosignature.time(of: signature)))
            }
        }
        guard report.witnesses.count >= trust.quorum else {
            throw BundleFinding(
                piece: piece, reason: "\(report.witnesses.count) of the trusted witnesses have cosigned it, and \(trust.quorum) are asked for")
        }
        for (name, bytes) in contents.sorted(by: { $0.key < $1.key }) where name.hasPrefix("proofs/witness/") {
            do {
                let proof = try ConsistencyProof(parsing: bytes)
                let tree = proof.checkpoint.checkpoint.origin.tree
                let own = tree == .records ? signed.note.bytes : try content(BundleLayout.accessCheckpoint)
                guard name == BundleLayout.consistency(proof), proof.checkpoint.note.bytes == own else {
                    throw NoteError.malformed(reason: "it is not about the checkpoint of this bundle")
                }
                for seen in trust.memory?.seen[tree] ?? [] where seen.size == proof.oldSize && seen.epoch == proof.checkpoint.checkpoint.origin.epoch
                {
                    guard proof.continues(size: seen.size, root: seen.root) else {
                        throw WitnessError.rewritten(tree, seen: seen.size, found: proof.checkpoint.checkpoint.size)
                    }
                    continued[tree] = max(continued[tree] ?? 0, seen.size)
                }
            } catch let finding as BundleFinding {
                throw finding
            } catch {
                throw BundleFinding(piece: name, reason: "\(error)")
            }
        }
        try checkMemory(signed.checkpoint, BundleLayout.checkpoint, continued[.records])
        try checkMemory(access.checkpoint, BundleLayout.accessCheckpoint, continued[.access])
    }

    /// A tree has to continue the last one that was seen of it, or be one that was seen.
    private mutating func checkMemory(_ checkpoint: Checkpoint, _ piece: String, _ continued: Int?) throws(BundleFinding) {
        let tree = checkpoint.origin.tree
        guard let memory = trust.memory, let last = memory.seen[tree]?.last else { return }
        func wrong(_ reason: String) -> BundleFinding { BundleFinding(piece: piece, reason: reason) }
        guard memory.archive == checkpoint.origin.archive else {
            throw wrong("it is of archive \(checkpoint.origin.archive); \(memory.archive) was seen before")
        }
        if let same = memory.seen[tree]?.last(where: { $0.size == checkpoint.size && $0.epoch == checkpoint.origin.epoch }) {
            guard same.root == checkpoint.root else {
                throw wrong("the tree was rewritten: another one of \(same.size) \(tree.noun) was seen before")
            }
            if tree == .records { report.continues = same.size }
            return
        }
        guard last.epoch == checkpoint.origin.epoch else {
            throw wrong(
                "it is of epoch \(checkpoint.origin.epoch), and epoch \(last.epoch) was seen last: follow the archive first, with minhchung witness pull"
            )
        }
        // Of the access log a bundle may show less than was seen: it ends with the checkpoint of records.
        if tree == .access, last.size > checkpoint.size { return }
        guard last.size <= checkpoint.size else {
            throw wrong("\(last.size) \(tree.noun) were seen before, and the bundle is of \(checkpoint.size): take a newer one")
        }
        guard continued == last.size || last.size == 0 else {
            throw wrong(
                "nothing in the bundle shows that its \(checkpoint.size) \(tree.noun) continue the \(last.size) that were seen last; ask for minhchung "
                    + "bundle \(tree == .records ? "--since" : "--since-access") \(last.size)")
        }
        if tree == .records { report.continues = last.size }
    }

    private mutating func checkStamp(of signed: SignedCheckpoint) throws(BundleFinding) {
        guard let bytes = contents[BundleLayout.stamp] else {
            if trust.authorities == nil { return }
            throw BundleFinding(piece: BundleLayout.stamp, reason: "it is missing, and a time stamp is asked for")
        }
        do {
            let token = try TimestampToken(parsing: bytes)
            let imprint = Digest(of: Array(signed.note.text.utf8))
            guard token.imprint == imprint else { throw TimestampError.imprintDiffers(expected: imprint, found: token.imprint) }
            if let authorities = trust.authorities { try token.verify(imprint: imprint, trusting: authorities) }
            report.stamp = (token.time, trust.authorities != nil)
        } catch {
            throw BundleFinding(piece: BundleLayout.stamp, reason: "\(error)")
        }
    }
}
