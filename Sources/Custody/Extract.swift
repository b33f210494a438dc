internal import Catalog
public import Evidence
internal import Extraction
internal import Foundation
internal import Synchronization
internal import Vault
internal import VietnameseText

/// One object was read.
public struct ExtractionEvent: Sendable {
    public let object: Digest
    /// An item that it belongs to.
    public let item: EvidenceID?
    public let finding: ExtractionFinding
}

/// How an extraction run ended.
public struct ExtractionSummary: Sendable {
    public var states: [ExtractionState: Int] = [:]
    public var pages = 0
    /// Objects that were not read because they are damaged; `verify` tells more.
    public var damaged = 0
    /// Why extraction was not possible at all, `nil` when it was.
    public var refused: String?
    /// Why the search index could not follow, `nil` when it did. The texts are safe; `rebuild` indexes them.
    public var notIndexed: String?

    public var total: Int { states.values.reduce(0, +) }
}

struct ObjectToExtract: Sendable {
    let object: ObjectDescription
    /// Its bytes were digested by this run, so they need not be digested again before they are read.
    let isFresh: Bool
}

extension Archive {
    /// Extracts text from evidence that was not read yet; with `again`, also from what another tool version read.
    public func extract(
        again: Bool = false, by actor: Actor, report: @escaping @Sendable (ExtractionEvent) -> Void,
        progress: @escaping @Sendable (_ total: Int) -> Void = { _ in }
    ) async throws -> ExtractionSummary {
        try await blocking.run { [self] in
            try permit(.maintain, "extract texts", by: actor)
            let tool = try Extractor.probe(worker: worker).get().tool
            progress(try catalog.countToExtract() + catalog.countToExtractAgain(otherwiseThan: again ? tool : nil))
            let waiting = Channel<ObjectToExtract>(capacity: 1024)
            let summary = Mutex(ExtractionSummary())
            try BlockingWork.together([
                {
                    defer { waiting.close() }
                    try self.feed(waiting) { try self.catalog.objectsToExtract(after: $0, limit: 500) }
                    // Texts are derived: one that is damaged is made anew.
                    try self.feed(waiting) { try self.catalog.objectsWithDamagedText(after: $0, limit: 500) }
                    guard again else { return }
                    try self.feed(waiting) {
                        try self.catalog.objectsExtractedOtherwise(than: tool, after: $0, limit: 500)
                    }
                },
                {
                    let done = try self.extractAll(waiting, by: actor, report: report)
                    summary.withLock { $0 = done }
                },
            ])
            let result = summary.withLock { $0 }
            if let reason = result.refused { throw ArchiveError.extractionRefused(reason: reason) }
            return result
        }
    }

    /// Reads what waits to be read, until there is nothing more or the channel is closed.
    func extractWaiting(
        _ waiting: Channel<ObjectToExtract>, by actor: Actor, report: @escaping @Sendable (ExtractionEvent) -> Void
    ) throws -> ExtractionSummary {
        let summary = Mutex(ExtractionSummary())
        try BlockingWork.together([
            {
                defer { waiting.close() }
                try self.feed(waiting) { try self.catalog.objectsToExtract(after: $0, limit: 500) }
            },
            {
                let done = try self.extractAll(waiting, by: actor, report: report)
                summary.withLock { $0 = done }
            },
        ])
        return summary.withLock { $0 }
    }

    /// Has what waits be read by a thread of its own, from now on and after each upload, until the archive is closed.
    public func readInBackground() { reading.tell(self) }

    private func feed(_ channel: Channel<ObjectToExtract>, page: (_ after: Int64) throws -> [ObjectView]) throws {
        var after: Int64 = 0
        while true {
            let objects = try page(after)
            guard let last = objects.last else { return }
            for object in objects {
                guard channel.put(ObjectToExtract(object: object.description, isFresh: false)) else { return }
            }
            after = last.key
        }
    }

    private struct Reading {
        let object: Digest
        var finding: ExtractionFinding
        let text: [UInt8]
    }

    /// Readers at work at once.
    private static let readers = BlockingWork.laneCount
    /// Findings that share a sync and a transaction: as many as come within this time.
    private static let group = (findings: 256, seconds: 0.1)
    /// Findings, or bytes of text, after which the index follows: its transactions cost most when they are small.
    private static let indexing = (findings: 64, bytes: 4 << 20)

    /// Reads objects until the channel is closed, one worker process a lane, and records what was found.
    func extractAll(
        _ waiting: Channel<ObjectToExtract>, by actor: Actor, report: @escaping @Sendable (ExtractionEvent) -> Void
    ) throws -> ExtractionSummary {
        let readings = Channel<Reading>(capacity: Self.group.findings)
        let summary = Mutex(ExtractionSummary())
        let openLanes = Mutex(Self.readers)
        let lane: @Sendable () throws -> Void = {
            defer {
                let isLast = openLanes.withLock { count in
                    count -= 1
                    return count == 0
                }
                if isLast {
                    // Whoever fills the channel must not wait for lanes that are gone.
                    waiting.close()
                    readings.close()
                }
            }
            do {
                let extractor = try Extractor(worker: self.worker)
                defer { extractor.stop() }
                while let next = waiting.take() {
                    if let reading = try self.read(next, with: extractor) {
                        guard readings.put(reading) else { return }
                    } else {
                        summary.withLock { $0.damaged += 1 }
                    }
                }
            } catch let error as ExtractionError {
                // The documents stay in the queue; deposits go on without their text.
                summary.withLock { $0.refused = $0.refused ?? error.description }
            }
        }
        let recorder: @Sendable () throws -> Void = {
            defer {
                waiting.close()
                readings.close()
            }
            var texts: [Digest: [UInt8]] = [:]
            var unindexed = (findings: 0, bytes: 0)
            func index() {
                // An index that cannot follow is told, and stops nothing.
                // Not beyond what still waits to be read: it would be indexed without its text, and then once more with it.
                let failure = self.indexFailure {
                    try self.followIndex(upTo: try self.catalog.firstWaitingRecord(), texts: texts)
                }
                summary.withLock { $0.notIndexed = $0.notIndexed ?? failure }
                texts = [:]
                unindexed = (0, 0)
            }
            while true {
                let group = readings.take(upTo: Self.group.findings, within: Self.group.seconds)
                if group.isEmpty { break }
                let (events, added) = try self.record(group, by: actor)
                summary.withLock { summary in
                    for event in events {
                        summary.states[event.finding.state, default: 0] += 1
                        summary.pages += event.finding.pageCount ?? 0
                    }
                }
                events.forEach(report)
                texts.merge(added) { first, _ in first }
                unindexed.findings += events.count
                unindexed.bytes += added.values.reduce(0) { $0 + $1.count }
                if unindexed.findings >= Self.indexing.findings || unindexed.bytes >= Self.indexing.bytes { index() }
            }
            index()
        }
        try BlockingWork.together(Array(repeating: lane, count: Self.readers) + [recorder])
        return summary.withLock { $0 }
    }

    /// Has a worker read one object; `nil` when the object is damaged.
    private func read(_ next: ObjectToExtract, with extractor: Extractor) throws -> Reading? {
        let digest = next.object.digest
        if !next.isFresh, objects.damage(of: digest, size: next.object.size) != nil { return nil }
        let stored: StoredObject
        do throws(VaultError) {
            stored = try objects.open(next.object, pieces: [])
        } catch {
            if case .damaged = error { return nil }
            throw error
        }
        let (finding, pages) = try extractor.extract(from: stored.descriptor)
        return withExtendedLifetime(stored) {
            var text: [UInt8] = []
            if finding.state == .extracted {
                for page in pages {
                    // The worker normalises; the server believes it no more than it believes anything else of it.
                    text.append(contentsOf: NormalForm.nfc(page).utf8)
                    text.append(0x0C)
                }
            }
            return Reading(object: digest, finding: finding, text: text)
        }
    }

    /// Stores texts and records findings, durably.
    private func record(
        _ group: [Reading], by actor: Actor
    ) throws -> (events: [ExtractionEvent], texts: [Digest: [UInt8]]) {
        // Not while something is erased; what was erased after it was read is neither stored nor recorded.
        try acting { try recordUnerased(group, by: actor) }
    }

    private func recordUnerased(
        _ group: [Reading], by actor: Actor
    ) throws -> (events: [ExtractionEvent], texts: [Digest: [UInt8]]) {
        let known = try catalog.objects(group.map(\.object))
        var group = group.filter { known[$0.object]?.erasedRecord == nil }
        let staged = try stageTexts(of: &group)
        let outcomes = try sealing(staged)
        for (text, outcome) in zip(staged, outcomes) {
            if case .refused(let damage) = outcome { throw VaultError.damaged(text.digest, damage) }
        }
        let namedTexts = try catalog.objects(staged.map(\.digest))
        let knownTexts = namedTexts.filter { $0.value.erasedRecord == nil }
        let items = try catalog.firstItems(of: group.map(\.object))
        try catalog.append(
            try repairs(of: zip(staged.map(\.digest), outcomes), known: knownTexts)
                + group.map { reading in
                    Catalog.Draft(
                        .objectExtracted(object: reading.object, reading.finding),
                        subjects: [items[reading.object]].compactMap { $0?.text })
                },
            by: actor, at: now(),
            pieceLists: Dictionary(staged.map { ($0.digest, $0.pieces) }, uniquingKeysWith: { first, _ in first }))
        try rememberAgain(namedTexts)
        let events = group.map { ExtractionEvent(object: $0.object, item: items[$0.object], finding: $0.finding) }
        let texts = group.compactMap { reading in reading.finding.text.map { ($0.digest, reading.text) } }
        return (events, Dictionary(texts, uniquingKeysWith: { first, _ in first }))
    }

    /// Stages the texts that were read, and names them in the findings. Nothing stays in staging when that fails.
    private func stageTexts(of group: inout [Reading]) throws -> [StagedObject] {
        var staged: [StagedObject] = []
        for index in group.indices where !group[index].text.isEmpty {
            do {
                staged.append(try objects.stage(bytes: group[index].text, name: "the text of \(group[index].object)"))
            } catch {
                staged.forEach(objects.discard)
                throw error
            }
            group[index].finding.text = staged.last?.description
        }
        return staged
    }
}
