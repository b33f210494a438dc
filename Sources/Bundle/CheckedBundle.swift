public import Evidence
public import Ledger

/// What a bundle is made of, and what follows from it, checked as a verifier does: see ``BundleContents/checked()``.
public struct CheckedBundle: Sendable {
    let contents: BundleContents
    let decision: DecisionJSON
    /// `data/decision.json`.
    let json: JSON
    /// Of `data/access.jsonl`, in order.
    let accessLines: [AccessLine]

    /// Objects whose bytes are in the bundle, in the order in which it is written.
    public var objects: [ObjectDescription] { objectParts.compactMap { if case .object(let object) = $0.content { object } else { nil } } }

    /// Evidence that is enclosed, and its texts.
    private var objectParts: [Part] {
        var parts: [Part] = []
        for (digest, file) in contents.files where file.state == .enclosed {
            if let object = contents.objects[digest] { parts.append(Part(BundleLayout.evidence(digest), object)) }
        }
        for (text, sources) in decision.texts where sources.contains(where: { contents.files[$0]?.state == .enclosed }) {
            if let object = contents.objects[text] { parts.append(Part(BundleLayout.text(text), object)) }
        }
        return Part.inOrder(parts)
    }

    /// The page that a person reads.
    public func page() throws -> [UInt8] { ReadablePage.html(json, accessLines: try accessLines.map { try $0.json }) }

    /// Everything that is in the bundle but the bytes of evidence. The same contents give the same bytes.
    ///
    /// - Parameters:
    ///   - signer: has the archive's key.
    ///   - page: answers with what ``page()`` gives; it takes as long as all that is for programs, so a caller may have another thread
    ///     make it meanwhile.
    /// - Throws: ``BundleFinding`` where it is more than a verifier takes, or what `page` throws.
    public func composed(by signer: NoteSigner, page: () throws -> [UInt8]) throws -> ComposedBundle {
        var payload = try partsForPrograms()
        let proofs = proofParts
        func inData(_ name: String) -> String { String(name.dropFirst(BagIt.payloadPrefix.count)) }
        var crate = ResearchObjectCrate(json, files: payload.map { (inData($0.name), $0.size, nil) } + [(inData(BundleLayout.page), 0, nil)])
        let pagePart = Part(BundleLayout.page, try page())
        crate.set(size: pagePart.size, of: inData(pagePart.name))
        payload += [pagePart, Part(BundleLayout.crate, crate.bytes)]
        payload = Part.inOrder(payload)
        let parts = payload + (try tags(for: payload, proofs: proofs, signer: signer))
        let kept = parts.reduce(Int64(0)) { $0 + (BundleLayout.isKept($1.name) ? $1.size : 0) }
        guard kept <= BundleVerification.contentsLimit else {
            throw BundleFinding(
                piece: contents.name, reason: "it would have \(kept) bytes beside evidence, more than a verifier takes; bundle fewer titles")
        }
        return ComposedBundle(parts: Part.inOrder(parts))
    }

    /// What lies in `data/` and is for programs.
    private func partsForPrograms() throws -> [Part] {
        var parts = [
            Part(BundleLayout.decision, json.canonicalBytes + [0x0A]),
            Part(BundleLayout.access, try accessLines.flatMap { try $0.json.canonicalBytes + [0x0A] }),
        ]
        parts += contents.rules.map { Part(BundleLayout.rules($0), $1) }
        parts += contents.records.map { Part(BundleLayout.record($0.number), $0.opened.copy.bytes) }
        parts += objectParts
        return parts
    }

    private var proofParts: [Part] {
        contents.consistency.map { Part(BundleLayout.consistency($0), $0.bytes) }
            + contents.records.map { record in
                let proof = InclusionProof(index: record.number, path: record.path, checkpoint: contents.checkpoint)
                return Part(BundleLayout.proof(record.number), proof.bytes)
            }
    }

    /// What lies outside `data/`: the proofs, and what makes a bag of the whole.
    private func tags(for payload: [Part], proofs: [Part], signer: NoteSigner) throws -> [Part] {
        let checkpoint = contents.checkpoint
        var tags =
            proofs + [
                Part(BundleLayout.checkpoint, checkpoint.note.bytes), Part(BundleLayout.accessCheckpoint, contents.accessCheckpoint.note.bytes),
                Part(BundleLayout.instructions, VerificationInstructions.markdown(json, hasStamp: contents.stamp != nil)),
                Part(BagIt.declarationName, BagIt.declaration),
                Part(
                    BagIt.infoName,
                    try BagIt.info([
                        ("Source-Organization", checkpoint.checkpoint.origin.archive.text),
                        ("Bagging-Date", contents.signedAt.date.description), ("External-Identifier", contents.name),
                        ("Internal-Sender-Description", "MinhChung bundle version 1"),
                        ("Payload-Oxum", BagIt.payloadOxum(octets: payload.reduce(0) { $0 + $1.size }, streams: payload.count)),
                    ])),
                Part(BagIt.manifestName, try BagIt.manifest(payload.map { ($0.name, $0.digest) })),
            ]
        if let stamp = contents.stamp { tags.append(Part(BundleLayout.stamp, stamp)) }
        let tagManifest = try BagIt.tagManifest(Part.inOrder(tags).map { ($0.name, $0.digest) })
        let statement = BundleLayout.statement(name: contents.name, tagManifest: tagManifest)
        let signature = SignedNote(text: statement, signatures: [signer.signature(of: statement)])
        return tags + [Part(BundleLayout.signature, signature.bytes), Part(BagIt.tagManifestName, tagManifest)]
    }
}

/// The files of a bundle, in order, ready to be written.
public struct ComposedBundle: Sendable {
    fileprivate let parts: [Part]

    /// Writes the bundle into `sink`, file by file; the caller finishes it.
    ///
    /// - Parameters:
    ///   - folder: what the names begin with: the bundle's name and a slash in a ZIP file, nothing in a folder.
    ///   - copy: hands over the bytes of an object, checked, in pieces; asked in the order of ``CheckedBundle/objects``.
    public func write(
        to sink: some BundleSink, folder: String,
        copy: (ObjectDescription, _ write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        for part in parts {
            switch part.content {
            case .bytes(let bytes): try sink.add(folder + part.name, bytes: bytes)
            case .object(let object):
                try sink.add(folder + part.name, size: object.size) { write in
                    // The sink's own closure, which nobody keeps.
                    try withoutActuallyEscaping(write) { try copy(object, $0) }
                }
            }
        }
    }
}

/// A file of a bundle that is being written.
private struct Part: Sendable {
    enum Content: Sendable {
        case bytes([UInt8])
        case object(ObjectDescription)
    }

    let name: String
    let content: Content
    let digest: Digest

    init(_ name: String, _ bytes: [UInt8]) { (self.name, content, digest) = (name, .bytes(bytes), Digest(of: bytes)) }
    init(_ name: String, _ object: ObjectDescription) { (self.name, content, digest) = (name, .object(object), object.digest) }

    var size: Int64 {
        switch content {
        case .bytes(let bytes): Int64(bytes.count)
        case .object(let object): object.size
        }
    }

    /// As a bundle has its files: ascending by the bytes of their names, which are ASCII (see ``BundleName``).
    static func inOrder(_ parts: [Part]) -> [Part] { parts.sorted { $0.name < $1.name } }
}
