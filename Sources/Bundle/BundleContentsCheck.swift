internal import Evidence
internal import Ledger

extension BundleContents {
    /// Derives from the records what a verifier will derive from them, before anything is written: a bundle that nobody can verify is
    /// not handed out.
    ///
    /// - Throws: ``BundleFinding`` for what a verifier would find.
    public func check() throws {
        let decision = try decision()
        for record in decision.records.all where record.isErased && record.body == nil {
            throw BundleFinding(piece: BundleLayout.record(record.number), reason: "it was erased, and no record here says what is left of it")
        }
        var verification = BundleVerification(trust: BundleTrust(keys: []))
        verification.report.name = name
        verification.contents[BundleLayout.decision] = try decision.json(files: files).canonicalBytes + [0x0A]
        for (digest, bytes) in rules { verification.contents[BundleLayout.rules(digest)] = bytes }
        for (digest, file) in files where file.state == .enclosed && objects[digest] != nil {
            verification.digests[BundleLayout.evidence(digest)] = digest
        }
        for (text, sources) in decision.texts where objects[text] != nil && sources.contains(where: { files[$0]?.state == .enclosed }) {
            verification.digests[BundleLayout.text(text)] = text
        }
        try verification.checkDecision(decision.records, checkpoint, accessCheckpoint)
        let subjects = decision.subjects
        for entry in access {
            let header = try RecordForm.header(entry.copy.header)
            guard !subjects.isDisjoint(with: header.subjects) else {
                throw BundleFinding(piece: BundleLayout.access, reason: "entry \(header.number) is about nothing in the bundle")
            }
        }
    }
}
