public import Evidence
public import ExtractionWire

/// Reads documents in confined processes, one after the other. One object is one lane: it belongs to one task at a time, and
/// every call blocks until it is done.
///
/// The documents are parsed by readers that a worker process forks, one per document; this process parses none. What comes back
/// has the promised shape and is otherwise as trustworthy as the document.
public final class Extractor {
    private let limits: ExtractionLimits
    private let lane: ReadingLane

    /// The tool that reads, and the versions of its parts, e.g. `minhchung-extract/1 poppler/22.12.0 magic/544`.
    public var tool: String { lane.tool }

    /// Starts the worker and returns when it has shown that it can confine a reader.
    /// - parameter path: the program `minhchung-extract`, absolute.
    /// - throws: `confinementUnavailable`, `workerMissing` or `workerFailed`; then nothing runs.
    public init(worker path: String, limits: ExtractionLimits = .init()) throws(ExtractionError) {
        self.limits = limits
        lane = try ReadingLane(worker: path)
    }

    /// Whether a worker can be started and confine its readers: starts one, asks it and ends it. Takes a fraction of a second.
    /// - returns: the tool and the kernel's Landlock version, or why documents cannot be read.
    public static func probe(worker path: String) -> Result<(tool: String, landlock: Int), ExtractionError> {
        do throws(ExtractionError) {
            let worker = try WorkerProcess(path: path)
            return .success((worker.tool, worker.landlock))
        } catch {
            return .failure(error)
        }
    }

    /// Reads a document, and returns what it found: also that the document is damaged, too costly, or crashed its reader twice.
    ///
    /// - parameter document: an open file, for reading only; its offset does not matter and stays, and it is not closed.
    /// - returns: the finding, its `text` not set; and the text of page 1, 2, 3… where the state is `extracted`, else nothing.
    ///   Pages are NFC and hold no control character but tab and newline.
    /// - throws: if no worker can run at all. Another call starts a new one.
    public func extract(from document: Int32) throws(ExtractionError) -> (finding: ExtractionFinding, pages: [String]) {
        switch try lane.ask(.read(limits), limits.reader, about: document, AnswerDecoder(limits: limits)) {
        case .answered(let answer): return finding(answer)
        case .failed(let failure, let mediaType): return failed(failure.description, mediaType)
        }
    }

    /// Ends the worker. The next document starts a new one.
    public func stop() {
        lane.stop()
    }

    /// The worker's process, `nil` when none runs.
    package var workerProcess: Int32? { lane.worker?.identifier }

    private func finding(_ answer: Answer) -> (ExtractionFinding, [String]) {
        var finding = ExtractionFinding(state: .extracted, mediaType: answer.mediaType, facts: answer.facts, tool: tool)
        switch answer.ending {
        case .notRead:
            finding.state = .kindNotRead
        case .failed(let reason):
            return failed(reason, answer.mediaType, answer.facts)
        case .done(let pageCount, let limit):
            finding.pageCount = pageCount
            finding.incomplete = limit.map(description)
            if !answer.pages.contains(where: Self.hasText) { finding.state = .noText }
        case .image, .noSuchPage, .notShown:
            preconditionFailure("the decoder of a text lets none of them through")
        }
        return (finding, finding.state == .extracted ? answer.pages : [])
    }

    private func failed(
        _ reason: String, _ mediaType: String?, _ facts: [String: String] = [:]
    ) -> (ExtractionFinding, [String]) {
        (ExtractionFinding(state: .failed, mediaType: mediaType, reason: reason, facts: facts, tool: tool), [])
    }

    private func description(_ limit: TextLimit) -> String {
        switch limit {
        case .pages: "only the first \(limits.pages) pages were read"
        case .pageText: "a page has more than \(limits.pageText) bytes of text"
        case .totalText: "the text has more than \(limits.totalText) bytes"
        }
    }

    private static func hasText(_ page: String) -> Bool {
        // Most pages with text show it in their first bytes, without a look at what Unicode calls a space.
        page.utf8.contains { $0 > 0x20 && $0 < 0x7F } || page.unicodeScalars.contains { !$0.properties.isWhitespace }
    }
}
