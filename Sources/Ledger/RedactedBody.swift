public import Evidence

/// What an erasure leaves of bodies: ids, digests, kinds, scores and votes stay, so that views can be folded and decisions derived
/// again; names, free text and what files say of themselves go.
extension RecordBody {
    /// Without what is personal of the item, person or dossier that it is about; `nil` where it has nothing of the kind.
    public var redacted: RecordBody? {
        let redacted: RecordBody =
            switch self {
            case .evidenceDeposited(let deposit):
                .evidenceDeposited(Deposit(item: deposit.item, object: deposit.object, metadata: deposit.metadata.redacted))
            case .evidenceDescribed(let item, let metadata): .evidenceDescribed(item: item, metadata.redacted)
            case .objectExtracted(let object, let finding):
                .objectExtracted(
                    object: object,
                    ExtractionFinding(
                        state: finding.state, mediaType: finding.mediaType, pageCount: finding.pageCount, text: finding.text,
                        incomplete: finding.incomplete.map { _ in erasedText }, reason: finding.reason.map { _ in erasedText }, facts: [:],
                        tool: finding.tool))
            case .personDeclared(let person):
                .personDeclared(
                    PersonDeclaration(
                        person: person.person, name: erasedText, birthYear: nil, group: nil, account: person.account, unit: person.unit, number: nil))
            case .dossierStepped(let step):
                .dossierStepped(
                    DossierStep(
                        dossier: step.dossier, act: step.act, from: step.from, to: step.to, role: step.role,
                        reason: step.reason.map { _ in erasedText }, review: step.review))
            case .evidenceCited(let citation):
                .evidenceCited(
                    Citation(
                        id: citation.id, dossier: citation.dossier, indicator: citation.indicator, evidence: citation.evidence,
                        pages: citation.pages, region: citation.region, text: citation.text, note: nil, reaffirms: citation.reaffirms,
                        role: citation.role))
            case .citationWithdrawn(let withdrawal):
                .citationWithdrawn(
                    CitationWithdrawal(
                        citation: withdrawal.citation, dossier: withdrawal.dossier, reason: erasedText, role: withdrawal.role))
            case .evidenceVerified(let found):
                .evidenceVerified(
                    EvidenceVerification(
                        item: found.item, state: found.state, method: found.method, reason: found.reason.map { _ in erasedText },
                        role: found.role))
            case .evidenceSuperseded(let superseded):
                .evidenceSuperseded(
                    EvidenceSupersession(item: superseded.item, by: superseded.by, reason: erasedText, role: superseded.role))
            case .scoresGiven(let sheet):
                .scoresGiven(
                    ScoreSheet(
                        dossier: sheet.dossier, kind: sheet.kind, scores: sheet.scores, role: sheet.role,
                        reason: sheet.reason.map { _ in erasedText }))
            case .titleRevoked(let revocation):
                .titleRevoked(
                    TitleRevocation(
                        title: revocation.title, dossier: revocation.dossier, reason: erasedText, legalBasis: revocation.legalBasis,
                        role: revocation.role))
            default: self
            }
        return redacted == self ? nil : redacted
    }

    /// With `erasedText` in place of every free text of which `isPersonal` says that it names the person; `nil` where none does, or where
    /// the body cannot do without it: decisions are alike in all their records.
    public func redacted(where isPersonal: (String) -> Bool) -> RecordBody? {
        if case .dataErased(let erasure) = self { return erasure.redacted(where: isPersonal).map(RecordBody.dataErased) }
        switch kind {
        case .dossierDecided, .honourGranted, .archiveCreated, .ruleImported, .unitDeclared, .unitSucceeded: return nil
        default: break  // because the others may lack any of their texts
        }
        func replaced(_ json: JSON) -> JSON {
            switch json {
            case .string(let text): isPersonal(text) ? .string(erasedText) : json
            case .array(let values): .array(values.map(replaced))
            case .object(let members): .object(members.mapValues(replaced))
            case .null, .bool, .integer: json
            }
        }
        guard let json = try? JSON(canonical: RecordForm.bodyBytes(self)),  // because these are its own bytes
            case let changed = replaced(json), changed != json,
            let body = try? RecordForm.body(changed.canonicalBytes, kind: kind)  // because an enumeration cannot be replaced: not personal
        else { return nil }
        return body
    }
}

extension Erasure {
    /// With `erasedText` in the redactions in place of every free text that is personal, and of such a reason; `nil` where none is.
    fileprivate func redacted(where isPersonal: (String) -> Bool) -> Erasure? {
        func left(of redaction: Redaction) -> Redaction {
            guard let body = try? RecordForm.body(redaction.body, kind: redaction.kind),  // because it was read so when the record was
                let redacted = body.redacted(where: isPersonal)
            else { return redaction }
            return Redaction(record: redaction.record, kind: redaction.kind, body: RecordForm.bodyBytes(redacted))
        }
        let changed = with(
            redactions.map(left), reason: isPersonal(reason) ? erasedText : reason,
            legalBasis: isPersonal(legalBasis) ? erasedText : legalBasis)
        return changed == self ? nil : changed
    }

    /// With what is left now of records that it redacted and that are redacted anew, so that no earlier redaction says more than the
    /// last; `nil` where it redacted none of them, or alike.
    public func redacted(anew: (_ record: Int) -> RecordBody?) -> Erasure? {
        let changed = with(
            redactions.map { redaction in
                guard let body = anew(redaction.record) else { return redaction }
                return Redaction(record: redaction.record, kind: redaction.kind, body: RecordForm.bodyBytes(body))
            }, reason: reason, legalBasis: legalBasis)
        return changed == self ? nil : changed
    }

    private func with(_ redactions: [Redaction], reason: String, legalBasis: String) -> Erasure {
        Erasure(
            person: person, items: items, objects: objects, redactions: redactions, reason: reason, legalBasis: legalBasis, role: role)
    }
}

extension EvidenceMetadata {
    /// Only what kind of proof it is, and how far it was confirmed.
    fileprivate var redacted: EvidenceMetadata { EvidenceMetadata(kind: kind, assurance: assurance) }
}
