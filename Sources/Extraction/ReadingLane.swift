import CDescriptors
import ExtractionWire
import Glibc

/// Hands documents to the readers of one worker, one after the other, and takes their answers.
final class ReadingLane {
    /// How long a reader may take from its last byte, or from a kill, to its end, in milliseconds; then its worker is replaced.
    private static let endTime = 2_000
    /// Bytes taken from a reader at once: what a pipe holds.
    private static let batch = 64 << 10

    private let path: String
    private(set) var worker: WorkerProcess?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ReadingLane.batch, alignment: 16)
    /// What the worker calls itself.
    private(set) var tool: String

    init(worker path: String) throws(ExtractionError) {
        self.path = path
        let worker = try WorkerProcess(path: path)
        self.worker = worker
        tool = worker.tool
    }

    deinit {
        buffer.deallocate()
    }

    func stop() {
        worker = nil
    }

    /// What came of one document, and its media type as far as it is known.
    enum Outcome {
        case answered(Answer)
        case failed(ReadingFailure, mediaType: String?)
    }

    /// Has a reader answer a request about a document. The second time that it crashes is its document's fault.
    ///
    /// - parameter decoder: for the answer, fresh.
    func ask(
        _ request: ControlRequest, _ limits: ReaderLimits, about document: Int32, _ decoder: AnswerDecoder
    ) throws(ExtractionError) -> Outcome {
        let flags = fcntl(document, F_GETFL)
        guard flags >= 0, flags & O_ACCMODE == O_RDONLY else { throw .documentWritable }
        // The first crash may be chance, or not of the document's making.
        if case .ended(let outcome) = try attempt(request, limits, document, decoder) { return outcome }
        switch try attempt(request, limits, document, decoder) {
        case .ended(let outcome): return outcome
        case .crashed(let how, let mediaType): return .failed(.crashedTwice(how), mediaType: mediaType)
        }
    }

    private enum Attempt {
        case ended(Outcome)
        case crashed(String, mediaType: String?)
    }

    private func attempt(
        _ request: ControlRequest, _ limits: ReaderLimits, _ document: Int32, _ decoder: AnswerDecoder
    ) throws(ExtractionError) -> Attempt {
        let worker = try runningWorker()
        var ends: [Int32] = [-1, -1]
        guard descriptors_pipe(&ends) == 0 else { throw .workerFailed(cause: "making a pipe: \(message(errno))") }
        defer { close(ends[0]) }
        let isSent = worker.send(request, [document, ends[1]])
        close(ends[1])
        guard isSent else {
            stop()
            return .crashed("its worker had ended", mediaType: nil)
        }

        let deadline = Moment.now + limits.wallSeconds * 1_000
        var decoder = decoder
        let arrival = receive(from: ends[0], until: deadline, into: &decoder)
        if arrival != .ended { _ = worker.send(.kill) }
        let mediaType = decoder.mediaType
        let late = Attempt.ended(.failed(.late(seconds: limits.wallSeconds), mediaType: mediaType))
        guard let status = reap(worker, isTold: arrival != .ended) else {
            if arrival == .late { return late }
            // A violation of the protocol is told below as a crash.
            if arrival == .ended, let answer = try? decoder.finish() { return .ended(.answered(answer)) }
            return .crashed("its worker ended", mediaType: mediaType)
        }
        switch arrival {
        case .late: return late
        case .violated(let violation): return .crashed("garbled answer: \(violation)", mediaType: mediaType)
        case .ended: break
        }
        // An answer without an end is classified below by how its reader ended.
        if let answer = try? decoder.finish() { return .ended(.answered(answer)) }
        return try classify(status.end, status.cpuMilliseconds, status.peakKilobytes, limits, mediaType)
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

    /// What an end without a last frame means: a limit that was met, which is final, or a crash, which may be chance.
    private func classify(
        _ end: ControlReport.ReaderEnd, _ cpuMilliseconds: Int, _ peakKilobytes: Int, _ limits: ReaderLimits, _ mediaType: String?
    ) throws(ExtractionError) -> Attempt {
        let memory = Attempt.ended(.failed(.memory(bytes: limits.addressSpace), mediaType: mediaType))
        let processorTime = Attempt.ended(.failed(.processorTime(seconds: limits.cpuSeconds), mediaType: mediaType))
        switch end {
        case .outOfMemory:
            return memory
        case .signalled(let signal):
            switch Int32(signal) {
            case SIGXCPU: return processorTime
            // The hard limit, for a reader that ignores the soft one.
            case SIGKILL where cpuMilliseconds >= limits.cpuSeconds * 1_000: return processorTime
            // GLib ends itself this way when it finds no memory.
            case SIGTRAP: return memory
            // Poppler's own allocator aborts; far below the limit, an abort is something else.
            case SIGABRT where peakKilobytes * 1_024 >= limits.addressSpace / 10 * 6: return memory
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
}

/// Why a document has no answer, though a reader tried.
enum ReadingFailure: CustomStringConvertible {
    case processorTime(seconds: Int)
    case late(seconds: Int)
    case memory(bytes: Int)
    case crashedTwice(String)

    var description: String {
        switch self {
        case .processorTime(let seconds): "needs more than \(seconds) s of processor time"
        case .late(let seconds): "takes longer than \(seconds) s"
        case .memory(let bytes): "needs more memory than \(bytes >> 20) MiB"
        case .crashedTwice(let how): "crashed twice (\(how))"
        }
    }
}
