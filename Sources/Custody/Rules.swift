internal import Catalog
public import Evidence
internal import Ledger
public import Recognition
internal import Synchronization
internal import Vault
internal import VietnameseText

/// A criteria set or rule set that was imported.
public struct ImportedRules: Sendable {
    public let document: RuleDocument
    /// Of its canonical object: what a dossier is bound to.
    public let digest: Digest
    /// Whether it was not there before.
    public let isNew: Bool
}

extension Archive {
    /// Imports criteria sets and rule sets: each becomes a canonical object, pinned by its digest. All of them or none.
    ///
    /// - Parameter sources: name and text of each, in YAML.
    /// - Throws: `RuleMistakes` with every mistake of a document; ``ArchiveError/refused(act:reason:)`` where another document
    ///   has the same code and version.
    public func importRules(_ sources: [(name: String, text: String)], by actor: Actor) async throws -> [ImportedRules] {
        var documents: [RuleDocument] = []
        for source in sources { documents.append(try RuleDocument(reading: NormalForm.nfc(source.text), name: source.name)) }
        return try await blocking.run { [self, documents] in
            try permit(.govern, "import rules", by: actor)
            return try acting {
                var imported: [ImportedRules] = []
                var staged: [(StagedObject, RuleDocument)] = []
                for (index, document) in documents.enumerated() {
                    let act = "import \(document.code) version \(document.version)"
                    let isTwin = documents[..<index].contains { $0.code == document.code && $0.version == document.version }
                    if isTwin { throw ArchiveError.refused(act: act, reason: "two of the documents have this code and version") }
                    let bytes = Self.json(document.tree).canonicalBytes
                    guard try RuleDocument(reading: String(decoding: bytes, as: UTF8.self), name: act) == document else {
                        throw ArchiveError.refused(act: act, reason: "its canonical form does not say the same")
                    }
                    let object = try objects.stage(bytes: bytes, name: act)
                    let earlier = try catalog.ruleDocuments(code: document.code).filter { $0.version == document.version }
                    guard earlier.allSatisfy({ $0.object.digest == object.digest }) else {
                        objects.discard(object)
                        throw ArchiveError.refused(
                            act: act, reason: "there is another document of this code and version; give it a higher version")
                    }
                    imported.append(ImportedRules(document: document, digest: object.digest, isNew: earlier.isEmpty))
                    staged.append((object, document))
                }
                let outcomes = try sealing(staged.map(\.0))
                for ((object, _), outcome) in zip(staged, outcomes) {
                    if case .refused(let damage) = outcome { throw VaultError.damaged(object.digest, damage) }
                }
                let known = try catalog.objects(staged.map(\.0.digest))
                var drafts = try repairs(of: zip(staged.map(\.0.digest), outcomes), known: known)
                for (index, (object, document)) in staged.enumerated() where imported[index].isNew {
                    drafts.append(
                        Catalog.Draft(
                            .ruleImported(
                                RuleImport(kind: document.kind, code: document.code, version: document.version, object: object.description)),
                            subjects: []))
                }
                if !drafts.isEmpty {
                    try catalog.append(
                        drafts, by: actor, at: now(),
                        pieceLists: Dictionary(staged.map { ($0.0.digest, $0.0.pieces) }, uniquingKeysWith: { first, _ in first }))
                }
                return imported
            }
        }
    }

    /// The criteria sets and rule sets that may be used, by code and version.
    public func rules() async throws -> [ImportedRules] {
        try await blocking.run { [self] in
            try catalog.ruleDocuments().map {
                ImportedRules(document: try ruleDocument($0.object.digest), digest: $0.object.digest, isNew: false)
            }
        }
    }

    /// The document that `reference` names: `CODE` for its newest version, `CODE@VERSION`, or the digest.
    func ruleImport(_ reference: String, _ kind: RuleDocumentKind) throws -> RuleImport {
        let found: RuleImport?
        if let digest = Digest(hex: reference) {
            found = try catalog.ruleDocument(digest)
        } else {
            let parts = reference.split(separator: "@", maxSplits: 1).map(String.init)
            let versions = try catalog.ruleDocuments(code: parts.first ?? "").filter { $0.kind == kind }
            found = parts.count == 2 ? versions.first { String($0.version) == parts[1] } : versions.last
        }
        guard let found, found.kind == kind else {
            throw ArchiveError.notFound(kind == .ruleSet ? "rule set" : "criteria set", reference)
        }
        return found
    }

    /// Reads a document from its object, every byte checked.
    func ruleDocument(_ digest: Digest) throws -> RuleDocument {
        if let known = ruleCache.withLock({ $0[digest] }) { return known }
        guard let found = try catalog.ruleDocument(digest) else { throw ArchiveError.notFound("rule document", digest.hex) }
        let text = String(decoding: try bytes(of: found.object), as: UTF8.self)
        let document = try RuleDocument(reading: text, name: "\(found.code) version \(found.version)")
        ruleCache.withLock { $0[digest] = document }
        return document
    }

    func ruleSet(_ digest: Digest) throws -> RuleSet {
        guard case .ruleSet(let rules) = try ruleDocument(digest) else { throw ArchiveError.notFound("rule set", digest.hex) }
        return rules
    }

    func criteriaSet(_ digest: Digest) throws -> CriteriaSet {
        guard case .criteriaSet(let criteria) = try ruleDocument(digest) else { throw ArchiveError.notFound("criteria set", digest.hex) }
        return criteria
    }

    private static func json(_ tree: RuleTree) -> JSON {
        switch tree {
        case .text(let text): .string(text)
        case .integer(let value): .integer(Int64(value))
        case .flag(let value): .bool(value)
        case .list(let values): .array(values.map(json))
        case .members(let members): .object(members.mapValues(json))
        }
    }
}
