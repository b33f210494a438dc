internal import Catalog
public import Evidence
internal import Extraction
internal import Foundation
internal import Synchronization
internal import Vault
internal import VietnameseText

/// A file to deposit and what is declared about it.
public struct DepositSource: Sendable {
    /// The path as the bytes that the system knows, whether they are UTF-8 or not.
    public let path: [UInt8]
    public let metadata: EvidenceMetadata

    public init(path: [UInt8], metadata: EvidenceMetadata) {
        self.path = path
        self.metadata = metadata
    }

    /// The path for people, on one line.
    public var displayPath: String { displayName(path) }

    /// The last part of a path as metadata: NFC, on one line, at most 255 characters, never used as a path.
    public static func fileName(of path: [UInt8]) -> String {
        let last = path.split(separator: UInt8(ascii: "/")).last ?? []
        return String(NormalForm.nfc(displayName(Array(last))).prefix(255))
    }
}

/// What happened during a deposit, as it happens. A deposit that was reported survives kill -9 and power loss.
public enum DepositEvent: Sendable {
    /// `source` is an index into the given sources.
    case deposited(source: Int, item: EvidenceID, object: ObjectDescription, isNewObject: Bool)
    /// This person deposited this file of this holder before, and its stored bytes were read again and are right. What is
    /// declared now was not recorded; where it says something else, `describe` records it.
    case alreadyDeposited(source: Int, item: EvidenceID, object: ObjectDescription, isDescribedOtherwise: Bool)
    /// What stood in the object's place had changed; it is in quarantine, and the deposited bytes stand there now.
    case repaired(object: Digest, damage: String)
    case refused(source: Int, any Error)
    case extracted(ExtractionEvent)
}

/// How a deposit ended.
public struct DepositSummary: Sendable {
    public var deposited = 0
    public var newObjects = 0
    public var alreadyDeposited = 0
    /// Of those, how many were declared otherwise before.
    public var notDescribed = 0
    public var refused = 0
    public var bytes: Int64 = 0
    /// What stopped it before all sources were tried.
    public var stopped: (any Error)?
    public var extraction = ExtractionSummary()
}

extension Archive {
    /// Files or bytes after which a batch is made durable.
    struct Batch: Sendable {
        let files: Int
        let bytes: Int64

        /// Large enough to share one sync, small enough to be acknowledged soon.
        static let large = Batch(files: 1024, bytes: 256 << 20)
        /// Smaller, so that reading begins while storing goes on.
        static let beforeExtraction = Batch(files: 96, bytes: 64 << 20)
    }

    /// Deposits files: each becomes an object, durable, and an evidence item of record; then their text is extracted
    /// and indexed.
    ///
    /// - Parameters:
    ///   - extracts: whether to extract text from what was deposited.
    ///   - report: called from several threads, one call at a time.
    public func deposit(
        _ sources: [DepositSource], by actor: Actor, extracts: Bool = true,
        report: @escaping @Sendable (DepositEvent) -> Void
    ) async throws -> DepositSummary {
        let sources = try sources.map { DepositSource(path: $0.path, metadata: try $0.metadata.checked()) }
        return try await blocking.run { [self] in
            for person in Set(sources.map(\.metadata.person)) { try permitDeposit(for: person, by: actor) }
            let reporting = Mutex(())
            let report: @Sendable (DepositEvent) -> Void = { event in reporting.withLock { _ in report(event) } }
            guard extracts else {
                return try depositAll(sources, batch: .large, by: actor, report: report) { _ in }
            }
            let waiting = Channel<ObjectToExtract>(capacity: 4096)
            let summary = Mutex(DepositSummary())
            let extraction = Mutex(ExtractionSummary())
            try BlockingWork.together([
                {
                    defer { waiting.close() }
                    let done = try self.depositAll(sources, batch: .beforeExtraction, by: actor, report: report) {
                        waiting.put($0)
                    }
                    summary.withLock { $0 = done }
                },
                {
                    let done = try self.extractAll(waiting, by: actor) { report(.extracted($0)) }
                    extraction.withLock { $0 = done }
                },
            ])
            var result = summary.withLock { $0 }
            result.extraction = extraction.withLock { $0 }
            // Items that extraction had nothing to do for.
            result.extraction.notIndexed = result.extraction.notIndexed ?? indexFailure { try followIndex() }
            return result
        }
    }

    private func depositAll(
        _ sources: [DepositSource], batch: Batch, by actor: Actor, report: @Sendable (DepositEvent) -> Void,
        extract: @Sendable (ObjectToExtract) -> Void
    ) throws -> DepositSummary {
        var summary = DepositSummary()
        var next = 0
        while next < sources.count, summary.stopped == nil {
            let (staged, tried) = try stage(sources, from: next, batch)
            next += tried
            var ready: [(source: Int, object: StagedObject)] = []
            for (source, result) in staged {
                switch result {
                case .success(let object): ready.append((source, object))
                case .failure(let error):
                    if (error as? VaultError)?.stopsEverything == true {
                        summary.stopped = summary.stopped ?? error
                    } else {
                        summary.refused += 1
                        report(.refused(source: source, error))
                    }
                }
            }
            try depositBatch(ready, of: sources, by: actor, summary: &summary, report: report, extract: extract)
        }
        return summary
    }

    /// Stages sources from `first` on until a batch is full, in lanes.
    private func stage(
        _ sources: [DepositSource], from first: Int, _ limit: Batch
    ) throws -> (staged: [(Int, Result<StagedObject, any Error>)], tried: Int) {
        struct Staging {
            var next: Int
            var bytes: Int64 = 0
            var staged: [(Int, Result<StagedObject, any Error>)] = []
            var isStopped = false
        }
        let batch = Mutex(Staging(next: first))
        let lane: @Sendable () throws -> Void = {
            while true {
                let source: Int? = batch.withLock { batch in
                    guard batch.next < sources.count, batch.next - first < limit.files,
                        batch.bytes < limit.bytes, !batch.isStopped
                    else { return nil }
                    defer { batch.next += 1 }
                    return batch.next
                }
                guard let source else { return }
                let result = Result<StagedObject, any Error> { try self.objects.stage(file: sources[source].path) }
                batch.withLock { batch in
                    batch.staged.append((source, result))
                    switch result {
                    case .success(let object): batch.bytes += object.description.size
                    case .failure(let error):
                        batch.isStopped = batch.isStopped || (error as? VaultError)?.stopsEverything == true
                    }
                }
            }
        }
        try BlockingWork.together(Array(repeating: lane, count: BlockingWork.laneCount))
        return batch.withLock { ($0.staged.sorted { $0.0 < $1.0 }, $0.next - first) }
    }

    /// Seals, records and acknowledges one batch.
    private func depositBatch(
        _ batch: [(source: Int, object: StagedObject)], of sources: [DepositSource], by actor: Actor,
        summary: inout DepositSummary, report: (DepositEvent) -> Void, extract: (ObjectToExtract) -> Void
    ) throws {
        let recorded = try recordDeposits(
            batch.map { source, object in
                StagedDeposit(object: object, metadata: sources[source].metadata) { try self.objects.stage(file: sources[source].path) }
            }, by: actor)
        // Only now is it true.
        for ((source, _), recorded) in zip(batch, recorded) {
            switch recorded.outcome {
            case .failure(let error):
                summary.refused += 1
                report(.refused(source: source, error))
            case .success(let outcome):
                if let damage = recorded.damage { report(.repaired(object: outcome.object.digest, damage: damage.description)) }
                switch outcome {
                case .deposited(let item, let object, let isNewObject):
                    summary.deposited += 1
                    summary.bytes += object.size
                    if isNewObject { summary.newObjects += 1 }
                    report(.deposited(source: source, item: item, object: object, isNewObject: isNewObject))
                case .alreadyDeposited(let item, let object, let isDescribedOtherwise):
                    summary.alreadyDeposited += 1
                    if isDescribedOtherwise { summary.notDescribed += 1 }
                    report(.alreadyDeposited(source: source, item: item, object: object, isDescribedOtherwise: isDescribedOtherwise))
                }
            }
        }
        for case (.success(let outcome), true) in recorded.map({ ($0.outcome, $0.isToExtract) }) {
            extract(ObjectToExtract(object: outcome.object, isFresh: true))
        }
    }

    /// Returns when `actor` may hand in evidence of this person; of nobody, everybody may whose account is open.
    func permitDeposit(for person: PersonID?, by actor: Actor) throws {
        guard let person else {
            guard try actor.isConsole || catalog.account(actor.account)?.isOpen == true else {
                throw try refusal("hand in evidence", .submit, [id.text], by: actor)
            }
            return
        }
        guard try catalog.ids(PersonID.self, prefix: person.text, within: reach(of: actor, to: .read), limit: 1).first == person else {
            try recordHidden(catalog.person(person) == nil ? [] : [person.text], by: actor)
            throw ArchiveError.metadata(field: "person", reason: "(\(person)) is not registered; see minhchung person")
        }
        if let record = try catalog.person(person)?.erasedRecord {
            throw ArchiveError.metadata(field: "person", reason: "(\(person)) was erased, by record \(record)")
        }
        try permit(.submit, to: person, "hand in evidence of \(person)", by: actor)
    }

    /// Supersedes the declared metadata of an item; the earlier declaration stays in the ledger. What a reviewer found of the item
    /// is to be looked at anew.
    public func describe(_ item: EvidenceID, as metadata: EvidenceMetadata, by actor: Actor) async throws {
        let metadata = try metadata.checked()
        try await blocking.run { [self] in
            try acting {
                guard let known = try catalog.item(resolve(item.text, to: .submit, by: actor)) else { throw ArchiveError.noSuchItem(item.text) }
                if let record = known.erasedRecord {
                    throw ArchiveError.refused(act: "describe \(item)", reason: "it was erased, by record \(record)")
                }
                guard known.metadata != metadata else { return }
                if let person = metadata.person, person != known.metadata.person { try permitDeposit(for: person, by: actor) }
                for citation in try catalog.citations(ofItem: item) where citation.span.to == nil {
                    let view = try dossier(citation.dossier)
                    try checkValidity(metadata, in: view.cycle) { reason in
                        ArchiveError.metadata(field: "validity", reason: "cannot change so while \(view.id) cites the item: \(reason)")
                    }
                }
                if metadata.person != known.metadata.person,
                    let citation = try catalog.citations(ofItem: item).first(where: {
                        try $0.span.to == nil && dossier($0.dossier).person != metadata.person
                    })
                {
                    throw ArchiveError.metadata(field: "person", reason: "cannot change while \(citation.dossier) cites the item")
                }
                try record([(.evidenceDescribed(item: item, metadata), [item])], by: actor)
            }
        }
    }
}

extension EvidenceMetadata {
    /// Whether this declares anything that `earlier` does not say.
    func declares(otherThan earlier: EvidenceMetadata) -> Bool {
        func differs<Value: Equatable>(_ now: Value?, _ before: Value?) -> Bool { now != nil && now != before }
        return differs(title, earlier.title) || differs(issuer, earlier.issuer) || differs(codeNumber, earlier.codeNumber)
            || differs(codeNotation, earlier.codeNotation) || differs(subject, earlier.subject)
            || differs(issuedOn, earlier.issuedOn) || differs(validFrom, earlier.validFrom)
            || differs(validUntil, earlier.validUntil) || differs(person, earlier.person) || differs(language, earlier.language)
            || kind != .other && kind != earlier.kind || assurance != .citizenCopy && assurance != earlier.assurance
    }

    /// Characters that a declared text may have.
    private static let textLimit = 2000

    /// The metadata in NFC and without white space at the ends; what is empty then counts as not declared.
    /// - Throws: ``ArchiveError/metadata(field:reason:)``.
    func checked() throws -> EvidenceMetadata {
        var checked = self
        func clean(_ text: String?, _ field: String, isName: Bool = false) throws -> String? {
            guard let text else { return nil }
            // White space within is one space, or two spellings of a person's name would be two persons.
            let spaced = isName ? text : text.split(separator: " ").joined(separator: " ")
            let trimmed = NormalForm.nfc(spaced.trimmingCharacters(in: .whitespacesAndNewlines))
            if trimmed.isEmpty { return nil }
            // Scalars, because one character can have any number of marks.
            if trimmed.unicodeScalars.count > Self.textLimit {
                throw ArchiveError.metadata(field: field, reason: "has more than \(Self.textLimit) characters")
            }
            // What nobody sees would make two of one name, or turn a line around; names of files are theirs who gave them.
            var breaks: Set<Unicode.GeneralCategory> = [.control, .lineSeparator, .paragraphSeparator]
            if !isName { breaks.insert(.format) }
            if trimmed.unicodeScalars.contains(where: { breaks.contains($0.properties.generalCategory) }) {
                throw ArchiveError.metadata(field: field, reason: "has control characters or more than one line")
            }
            return trimmed
        }
        checked.title = try clean(title, "title")
        checked.issuer = try clean(issuer, "issuer")
        checked.codeNumber = try clean(codeNumber, "number")
        checked.codeNotation = try clean(codeNotation, "notation")
        checked.subject = try clean(subject, "subject")
        checked.holder = try clean(holder, "holder")
        checked.language = try clean(language, "language")
        if let tag = checked.language,
            tag.split(separator: "-", omittingEmptySubsequences: false).contains(where: { part in
                !(1...8).contains(part.utf8.count) || !part.utf8.allSatisfy { (97...122).contains($0 | 0x20) || (48...57).contains($0) }
            })
        {
            throw ArchiveError.metadata(field: "language", reason: "is no language tag, such as vi or en")
        }
        checked.fileName = try clean(fileName, "file name", isName: true)
        if let from = validFrom, let until = validUntil, until < from {
            throw ArchiveError.metadata(field: "valid until", reason: "(\(until)) is before valid from (\(from))")
        }
        return checked
    }
}
