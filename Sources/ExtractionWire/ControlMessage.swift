/// What the client tells the worker, one message each on a socket that keeps message boundaries.
public enum ControlRequest: Sendable, Equatable {
    /// Read a document. Two descriptors come with it: the document, and where the frames go.
    case read(ExtractionLimits)
    /// Show a page of a document. The same two descriptors come with it.
    case render(PageRequest)
    /// End the reader that is at work; without one, nothing happens.
    case kill

    public var bytes: [UInt8] {
        switch self {
        case .read(let limits):
            var bytes: [UInt8] = [1]
            for number in [
                limits.cpuSeconds, limits.wallSeconds, limits.addressSpace, limits.pages, limits.pageText, limits.totalText,
            ] { bytes.append(number: Int64(number)) }
            return bytes
        case .kill:
            return [2]
        case .render(let request):
            let limits = request.limits
            var bytes: [UInt8] = [3]
            for number in [
                limits.cpuSeconds, limits.wallSeconds, limits.addressSpace, limits.sourcePixels, limits.imageSize, request.page,
                request.width, request.height,
            ] { bytes.append(number: Int64(number)) }
            return bytes
        }
    }

    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        switch reader.number(UInt8.self) {
        case 1:
            guard let numbers = Self.numbers(6, &reader) else { return nil }
            self = .read(
                ExtractionLimits(
                    cpuSeconds: numbers[0], wallSeconds: numbers[1], addressSpace: numbers[2], pages: numbers[3],
                    pageText: numbers[4], totalText: numbers[5]))
        case 2:
            self = .kill
        case 3:
            guard let numbers = Self.numbers(8, &reader) else { return nil }
            let limits = RenderLimits(
                cpuSeconds: numbers[0], wallSeconds: numbers[1], addressSpace: numbers[2], sourcePixels: numbers[3],
                imageSize: numbers[4])
            guard let request = PageRequest(page: numbers[5], width: numbers[6], height: numbers[7], limits: limits) else { return nil }
            self = .render(request)
        default:
            return nil
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func numbers(_ count: Int, _ reader: inout ByteReader) -> [Int]? {
        var numbers: [Int] = []
        while numbers.count < count, let number = reader.number(Int64.self) { numbers.append(Int(number)) }
        return numbers.count == count && numbers.allSatisfy { $0 > 0 && $0 <= 1 << 40 } ? numbers : nil
    }
}

/// What the worker itself, which parses nothing, tells the client.
public enum ControlReport: Sendable, Equatable {
    /// How a reading process ended.
    public enum ReaderEnd: Sendable, Equatable {
        case exited(code: Int)
        case signalled(Int)
        /// It could not be confined, and read nothing; the step that failed.
        case refused(String)
        /// `operator new` met the address space limit.
        case outOfMemory
        /// There was no process to start; the errno.
        case notStarted(Int)
    }

    /// The first message. `unavailable` is `nil` if a document can be read in confinement, else it says why not.
    case hello(tool: String, landlock: Int, unavailable: String?)
    /// One for each `read` and `render`: how the process ended, its processor time, and the most memory it held, in KiB.
    case ended(ReaderEnd, cpuMilliseconds: Int, peakKilobytes: Int)

    /// Bytes of the longest message.
    public static let longest = 4_096

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .hello(let tool, let landlock, let unavailable):
            bytes.append(1)
            bytes.append(number: UInt32(landlock))
            bytes.append(text: tool)
            bytes.append(unavailable == nil ? 0 : 1)
            bytes.append(text: unavailable ?? "")
        case .ended(let end, let cpu, let peak):
            bytes.append(2)
            let (kind, number, text): (UInt8, Int, String) =
                switch end {
                case .exited(let code): (1, code, "")
                case .signalled(let signal): (2, signal, "")
                case .refused(let step): (3, 0, step)
                case .outOfMemory: (4, 0, "")
                case .notStarted(let errno): (5, errno, "")
                }
            bytes.append(kind)
            bytes.append(number: UInt32(truncatingIfNeeded: number))
            bytes.append(number: UInt64(cpu))
            bytes.append(number: UInt64(peak))
            bytes.append(text: text)
        }
        return bytes
    }

    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        switch reader.number(UInt8.self) {
        case 1:
            guard let landlock = reader.number(UInt32.self), let tool = reader.text(), let flag = reader.number(UInt8.self),
                let reason = reader.text(), flag <= 1
            else { return nil }
            self = .hello(tool: tool, landlock: Int(landlock), unavailable: flag == 1 ? reason : nil)
        case 2:
            guard let kind = reader.number(UInt8.self), let number = reader.number(UInt32.self),
                let cpu = reader.number(UInt64.self), let peak = reader.number(UInt64.self), let text = reader.text()
            else { return nil }
            let end: ReaderEnd
            switch kind {
            case 1: end = .exited(code: Int(number))
            case 2: end = .signalled(Int(number))
            case 3: end = .refused(text)
            case 4: end = .outOfMemory
            case 5: end = .notStarted(Int(number))
            default: return nil
            }
            self = .ended(end, cpuMilliseconds: Int(clamping: cpu), peakKilobytes: Int(clamping: peak))
        default:
            return nil
        }
        guard reader.isAtEnd else { return nil }
    }
}
