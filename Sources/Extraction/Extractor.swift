import CDescriptors
public import Evidence
public import ExtractionWire
import Glibc

/// Reads documents in confined processes, one after the other. One object is one lane: it belongs to one task at a time, and
/// every call blocks until it is done.
///
/// The documents are parsed by readers that a worker process forks, one per document; this process parses none. What comes back
/// has the promised shape and is otherwise as trustworthy as the document.
public final class Extractor {
    /// How long a reader may take from its last byte, or from a kill, to its end, in milliseconds; then its worker is replaced.
    static let endTime = 2_000
    /// Bytes taken from a reader at once: what a pipe holds.
    private static let batch = 64 << 10

    private let path: String
    private let limits: ExtractionLimits
    private var worker: WorkerProcess?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Extractor.batch, alignment: 16)

    /// The tool that reads, and the versions of its parts, e.g. `minhchung-extract/1 poppler/22.12.0 magic/544`.
    public private(set) var tool: String

    /// Starts the worker and returns when it has shown that it can confine a reader.
    /// - parameter path: the program `minhchung-extract`, absolute.
    /// - throws: `confinementUnavailable`, `workerMissing` or `workerFailed`; then nothing runs.
    public init(worker path: String, limits: ExtractionLimits = .init()) throws(ExtractionError) {
        self.path = path
        self.limits = limits
        let worker = try WorkerProcess(path: path)
        self.worker = worker
        tool = worker.tool
    }

    deinit {
        buffer.deallocate()
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
        let flags = fcntl(document, F_GETFL)
        guard flags >= 0, flags & O_ACCMODE == O_RDONLY else { throw .documentWritable }
        // The first crash may be chance, or not of the document's making.
        if case .ended(let finding, let pages) = try attempt(document) { return (finding, pages) }
        switch try attempt(document) {
        case .ended(let finding, let pages):
            return (finding, pages)
        case .crashed(let how, let mediaType):
            let reason = "crashed twice (\(how))"
            return (ExtractionFinding(state: .failed, mediaType: mediaType, reason: reason, tool: tool), [])
        }
    }

    /// Ends the worker. The next document starts a new one.
    public func stop() {
        worker = nil
    }

    /// The worker's process, `nil` when none runs.
    package var workerProcess: Int32? { worker?.identifier }

    private enum Attempt {
        case ended(ExtractionFinding, [String])
        case crashed(String, mediaType: String?)
    }

    private func attempt(_ document: Int32) throws(ExtractionError) -> Attempt {
        let worker = try runningWorker()
        var ends: [Int32] = [-1, -1]
        guard descriptors_pipe(&ends) == 0 else { throw .workerFailed(cause: "making a pipe: \(message(errno))") }
        defer { close(ends[0]) }
        let isSent = worker.send(.read(limits), [document, ends[1]])
        close(ends[1])
        guard isSent else {
            stop()
            return .crashed("its worker had ended", mediaType: nil)
        }

        let deadline = Moment.now + limits.wallSeconds * 1_000
        var decoder = AnswerDecoder(limits: limits)
        let arrival = receive(from: ends[0], until: deadline, into: &decoder)
        if arrival != .ended { _ = worker.send(.kill) }
        let mediaType = decoder.mediaType
        guard let status = reap(worker, isTold: arrival != .ended) else {
            if arrival == .late { return failed(Self.late(limits), mediaType) }
            // A violation of the protocol is told below as a crash.
            if arrival == .ended, let answer = try? decoder.finish() { return finding(answer) }
            return .crashed("its worker ended", mediaType: mediaType)
        }
        switch arrival {
        case .late: return failed(Self.late(limits), mediaType)
        case .violated(let violation): return .crashed("garbled answer: \(violation)", mediaType: mediaType)
        case .ended: break
        }
        // An answer without an end is classified below by how its reader ended.
        if let answer = try? decoder.finish() { return finding(answer) }
        return try classify(status.end, status.cpuMilliseconds, status.peakKilobytes, mediaType)
    }

    private enum Arrival: Equatable {
        case ended
        case late
        case violated(WireViolation)
    }

    private func receive(from answer: Int32, until deadline: Int, into decoder: inout AnswerDecoder) -> Arrival {
        while true {
            guard waitToRead(answer, until: deadline) else { return .late }
            let count = read(answer, buffer.baseAddress, buffer.count)
            if count == 0 { return .ended }
            if count < 0 {
                if errno == EINTR { continue }
                return .ended
            }
            do throws(WireViolation) {
                try decoder.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                return .violated(error)
            }
        }
    }

    /// How the reader ended. `nil` if the worker did not say so, even when told to kill; then it is gone as well.
    private func reap(
        _ worker: WorkerProcess, isTold: Bool
    ) -> (end: ControlReport.ReaderEnd, cpuMilliseconds: Int, peakKilobytes: Int)? {
        if let status = worker.awaitEnd(until: Moment.now + Self.endTime) { return status }
        // A reader can close its answer and go on.
        if !isTold, worker.send(.kill), let status = worker.awaitEnd(until: Moment.now + Self.endTime) { return status }
        stop()
        return nil
    }

    private func runningWorker() throws(ExtractionError) -> WorkerProcess {
        if let worker { return worker }
        let started = try WorkerProcess(path: path)
        worker = started
        tool = started.tool
        return started
    }

    private func finding(_ answer: Answer) -> Attempt {
        var finding = ExtractionFinding(state: .extracted, mediaType: answer.mediaType, facts: answer.facts, tool: tool)
        switch answer.ending {
        case .notRead:
            finding.state = .kindNotRead
        case .failed(let reason):
            finding.state = .failed
            finding.reason = reason
        case .done(let pageCount, let limit):
            finding.pageCount = pageCount
            finding.incomplete = limit.map(description)
            if !answer.pages.contains(where: Self.hasText) { finding.state = .noText }
        }
        return .ended(finding, finding.state == .extracted ? answer.pages : [])
    }

    /// What an end without a last frame means: a limit that was met, which is final, or a crash, which may be chance.
    private func classify(
        _ end: ControlReport.ReaderEnd, _ cpuMilliseconds: Int, _ peakKilobytes: Int, _ mediaType: String?
    ) throws(ExtractionError) -> Attempt {
        switch end {
        case .outOfMemory:
            return failed(Self.memory(limits), mediaType)
        case .signalled(let signal):
            switch Int32(signal) {
            case SIGXCPU: return failed(Self.cpu(limits), mediaType)
            // The hard limit, for a reader that ignores the soft one.
            case SIGKILL where cpuMilliseconds >= limits.cpuSeconds * 1_000: return failed(Self.cpu(limits), mediaType)
            // GLib ends itself this way when it finds no memory.
            case SIGTRAP: return failed(Self.memory(limits), mediaType)
            // Poppler's own allocator aborts; far below the limit, an abort is something else.
            case SIGABRT where peakKilobytes * 1_024 >= limits.addressSpace / 10 * 6:
                return failed(Self.memory(limits), mediaType)
            default: return .crashed("signal \(signalName(signal))", mediaType: mediaType)
            }
        case .exited(let code):
            return .crashed("exit code \(code)", mediaType: mediaType)
        case .refused(let step):
            // A new worker tests its confinement anew, and says so if it does not hold.
            stop()
            return .crashed("not confined: \(step)", mediaType: mediaType)
        case .notStarted(let code):
            throw .workerFailed(cause: "starting a reader: \(message(Int32(code)))")
        }
    }

    private func failed(_ reason: String, _ mediaType: String?) -> Attempt {
        .ended(ExtractionFinding(state: .failed, mediaType: mediaType, reason: reason, tool: tool), [])
    }

    private static func cpu(_ limits: ExtractionLimits) -> String {
        "needs more than \(limits.cpuSeconds) s of processor time"
    }

    private static func late(_ limits: ExtractionLimits) -> String { "takes longer than \(limits.wallSeconds) s" }

    private static func memory(_ limits: ExtractionLimits) -> String {
        "needs more memory than \(limits.addressSpace >> 20) MiB"
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
