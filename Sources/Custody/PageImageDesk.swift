internal import Evidence
internal import Extraction
internal import Synchronization

/// A page image that somebody asks for.
struct WantedPage: Sendable, Hashable {
    let object: ObjectDescription
    let page: Int
    let size: PageImageSize

    /// Under which it is kept.
    func name(tool: String) -> String {
        "\(size.rawValue).\(page).\(Digest(of: Array(tool.utf8)).hex.prefix(16))"
    }
}

/// What came of one, as it is kept: a page that cannot be shown is not tried again at every request.
enum PageOutcome: Sendable, Equatable {
    case image(png: [UInt8], width: Int, height: Int)
    case notShown(reason: String)
    case noSuchPage(count: Int)
    case kindNotShown(String)

    init(_ outcome: RenderOutcome) throws {
        switch outcome {
        case .image(let page): self = .image(png: page.png, width: page.width, height: page.height)
        case .noSuchPage(let count): self = .noSuchPage(count: count)
        case .kindNotShown(let mediaType): self = .kindNotShown(mediaType)
        case .noFonts: throw PageImageError.unavailable(reason: "no fonts are installed here; install some, e.g. fonts-liberation")
        case .refused(_, let reason), .failed(let reason): self = .notShown(reason: reason)
        }
    }

    /// `1`, width, height (four bytes each, little endian), PNG; or `2`, reason. `nil` for what is not kept: it is found out again
    /// at once, and who asks for pages that are not there could fill the disk with it.
    var bytes: [UInt8]? {
        switch self {
        case .image(let png, let width, let height):
            [1] + [width, height].flatMap { number in withUnsafeBytes(of: UInt32(number).littleEndian) { Array($0) } } + png
        case .notShown(let reason): [2] + Array(reason.utf8)
        case .noSuchPage, .kindNotShown: nil
        }
    }

    init?(_ bytes: [UInt8]) {
        switch bytes.first {
        case 1 where bytes.count > 9:
            func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
            self = .image(png: Array(bytes[9...]), width: number(1), height: number(5))
        case 2: self = .notShown(reason: String(decoding: bytes.dropFirst(), as: UTF8.self))
        default: return nil
        }
    }
}

/// Makes page images: each once, however many ask for it, a few at a time, and no more waiting than will be served soon.
///
/// There are a few lanes, each with a worker of its own and a queue. Who waits holds no thread.
final class PageImageDesk: Sendable {
    /// Images that are made at once.
    static let laneCount = BlockingWork.laneCount
    /// Images that may wait for a lane.
    static let waitingAtMost = 16
    /// Of all these, how many one account may have asked for first, so that no one account keeps the others from seeing anything.
    static let perAccount = (laneCount + waitingAtMost) / 2

    private final class Lane: Sendable {
        let renderer = Mutex<PageRenderer?>(nil)
    }

    private struct State {
        var running: [WantedPage: (task: Task<PageOutcome, any Error>, account: String)] = [:]
        /// Of each lane, how many have it before them, and the last of them.
        var queues = Array(repeating: (count: 0, last: Task<Void, Never>?.none), count: PageImageDesk.laneCount)
        var tool: String?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let lanes = (0..<PageImageDesk.laneCount).map { _ in Lane() }

    /// What comes of `make`, or of the one that is at work or waits already for the same page.
    ///
    /// - Parameters:
    ///   - account: who asks.
    ///   - make: is given a renderer and its tool; runs on a thread that may block.
    func outcome(
        of wanted: WantedPage, for account: String, worker: String, _ make: @escaping @Sendable (PageRenderer) throws -> PageOutcome
    ) async throws -> PageOutcome {
        let task = try state.withLock { state in
            if let running = state.running[wanted] { return running.task }
            guard state.running.count < Self.laneCount + Self.waitingAtMost,
                state.running.values.count(where: { $0.account == account }) < Self.perAccount
            else { throw PageImageError.busy }
            // A task of its own: it goes on for the others when the one who asked first goes away.
            let task = inLane(&state) { lane in
                defer { self.state.withLock { $0.running[wanted] = nil } }
                return try await self.rendering(in: lane, worker, make)
            }
            state.running[wanted] = (task, account)
            return task
        }
        return try await task.value
    }

    /// The tool that makes the images; the first question starts a worker.
    func tool(_ worker: String) async throws -> String {
        if let tool = state.withLock({ $0.tool }) { return tool }
        let task = state.withLock { state in
            inLane(&state) { lane in try await self.rendering(in: lane, worker) { $0.tool } }
        }
        return try await task.value
    }

    /// Begins `work` in the lane with the shortest queue, behind those that are in it.
    private func inLane<Value: Sendable>(
        _ state: inout State, _ work: @escaping @Sendable (Lane) async throws -> Value
    ) -> Task<Value, any Error> {
        // Proof for `!`: there is a lane at least.
        let index = state.queues.indices.min { state.queues[$0].count < state.queues[$1].count }!
        let (before, lane) = (state.queues[index].last, lanes[index])
        let task = Task {
            await before?.value
            defer {
                self.state.withLock { state in
                    state.queues[index].count -= 1
                    if state.queues[index].count == 0 { state.queues[index].last = nil }
                }
            }
            return try await work(lane)
        }
        state.queues[index].count += 1
        state.queues[index].last = Task { _ = await task.result }
        return task
    }

    private func rendering<Value: Sendable>(
        in lane: Lane, _ worker: String, _ body: @escaping @Sendable (PageRenderer) throws -> Value
    ) async throws -> Value {
        try await BlockingWork.alone { [self] in
            try lane.renderer.withLock { held in
                guard !state.withLock({ $0.isClosed }) else { throw PageImageError.unavailable(reason: "the archive is closed") }
                do {
                    let renderer = try held ?? PageRenderer(worker: worker)
                    let value = try body(renderer)
                    let tool = renderer.tool
                    let isClosed = state.withLock { state in
                        state.tool = tool
                        return state.isClosed
                    }
                    held = isClosed ? nil : renderer
                    return value
                } catch let error as ExtractionError {
                    held = nil
                    throw PageImageError.unavailable(reason: error.description)
                }
            }
        }
    }

    /// Ends the workers, those that are at work when they are done.
    func close() {
        state.withLock { $0.isClosed = true }
        for lane in lanes { _ = lane.renderer.withLockIfAvailable { $0 = nil } }
    }
}
