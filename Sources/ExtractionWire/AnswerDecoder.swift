/// What a reader answered about one document. All of it comes from a process that may be hostile: it has the promised shape,
/// and need not be true.
public struct Answer: Sendable, Equatable {
    public enum Ending: Sendable, Equatable {
        /// Read to the end, or to a limit. The page count is `nil` where pages are not counted.
        case done(pageCount: Int?, limit: TextLimit?)
        case notRead
        case failed(String)
        /// The page that was asked for, within what was asked for.
        case image(png: [UInt8], width: Int, height: Int)
        case noSuchPage(count: Int)
        case notShown(RenderRefusal, String)
    }

    public var mediaType: String?
    public var facts: [String: String]
    /// The text of page 1, 2, 3…
    public var pages: [String]
    public var ending: Ending
}

/// How a stream of frames broke the rules.
public enum WireViolation: Error, Equatable, CustomStringConvertible {
    case unknownType(UInt8)
    case tooLong(type: UInt8, length: Int)
    case malformed(FrameType)
    case outOfOrder(FrameType)
    case tooMuch(String)
    case afterEnd
    case truncated

    public var description: String {
        switch self {
        case .unknownType(let type): "a frame of unknown type \(type)"
        case .tooLong(let type, let length): "a frame of type \(type) with \(length) bytes"
        case .malformed(let type): "a malformed \(type) frame"
        case .outOfOrder(let type): "a \(type) frame out of order"
        case .tooMuch(let what): "too many \(what)"
        case .afterEnd: "bytes after the last frame"
        case .truncated: "an end before the last frame"
        }
    }
}

/// Decodes the frames of one document as their bytes arrive, and refuses everything that breaks the rules or passes a limit.
/// After it has thrown it is spent.
public struct AnswerDecoder {
    private enum Expected {
        case text(ExtractionLimits)
        case image(PageRequest)
    }

    private let expected: Expected
    /// Bytes that arrived and are not yet a whole frame.
    private var pending: [UInt8] = []
    private var textSize = 0
    private var ending: Answer.Ending?

    /// The media type, as soon as its frame has arrived.
    public private(set) var mediaType: String?
    public private(set) var facts: [String: String] = [:]
    public private(set) var pages: [String] = []
    /// Whether the last frame has arrived.
    public var isEnded: Bool { ending != nil }

    /// Of the answer to a `read`.
    public init(limits: ExtractionLimits) {
        expected = .text(limits)
    }

    /// Of the answer to a `render`.
    public init(_ request: PageRequest) {
        expected = .image(request)
    }

    /// Takes the next bytes of the stream, in pieces of any size.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(WireViolation) {
        guard !bytes.isEmpty else { return }
        guard ending == nil else { throw .afterEnd }
        if pending.isEmpty {
            let used = try consume(bytes)
            pending.append(contentsOf: bytes[used...])
        } else {
            var arrived: [UInt8] = []
            swap(&arrived, &pending)
            arrived.append(contentsOf: bytes)
            let outcome = arrived.withUnsafeBytes { all in Result { () throws(WireViolation) in try consume(all) } }
            arrived.removeFirst(try outcome.get())
            pending = arrived
        }
    }

    /// Takes the whole frames at the start of `bytes` and says how many bytes they were.
    private mutating func consume(_ bytes: UnsafeRawBufferPointer) throws(WireViolation) -> Int {
        var offset = 0
        while offset < bytes.count {
            guard ending == nil else { throw .afterEnd }
            guard let length = try frame(UnsafeRawBufferPointer(rebasing: bytes[offset...])) else { break }
            offset += length
        }
        return offset
    }

    /// The stream has ended.
    public consuming func finish() throws(WireViolation) -> Answer {
        guard pending.isEmpty, let ending else { throw .truncated }
        return Answer(mediaType: mediaType, facts: facts, pages: pages, ending: ending)
    }

    /// Takes the frame at the start of `bytes` and says how long it was, or `nil` if it has not arrived whole. A length that
    /// no frame of its type may have is refused before its payload is waited for.
    private mutating func frame(_ bytes: UnsafeRawBufferPointer) throws(WireViolation) -> Int? {
        guard let type = FrameType(rawValue: bytes[0]), let longest = longestPayload(of: type) else { throw .unknownType(bytes[0]) }
        guard bytes.count >= Frame.headerSize else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        guard length <= longest else { throw .tooLong(type: type.rawValue, length: length) }
        guard bytes.count - Frame.headerSize >= length else { return nil }
        let end = Frame.headerSize + length
        try take(type, payload: UnsafeRawBufferPointer(rebasing: bytes[Frame.headerSize..<end]))
        return end
    }

    /// `nil` for a frame that is none of this answer.
    private func longestPayload(of type: FrameType) -> Int? {
        switch (type, expected) {
        case (.kind, _), (.notRead, _), (.fact, .text), (.done, .text), (.failed, .text): Frame.smallPayload
        case (.noSuchPage, .image), (.notShown, .image): Frame.smallPayload
        case (.page, .text(let limits)): 4 + limits.pageText
        case (.image, .image(let request)): request.limits.imageSize
        default: nil
        }
    }

    private mutating func take(_ type: FrameType, payload: UnsafeRawBufferPointer) throws(WireViolation) {
        // A document that cannot even be looked at fails without a kind; everything else follows the kind.
        let needsNoKind = type == .failed || type == .notShown
        guard (type == .kind) == (mediaType == nil) || (needsNoKind && mediaType == nil) else { throw .outOfOrder(type) }
        var reader = ByteReader(payload)
        switch type {
        case .kind:
            guard payload.count <= Frame.mediaTypeSize, payload.allSatisfy(isMediaTypeByte), payload.count(where: { $0 == UInt8(ascii: "/") }) == 1,
                let name = reader.textToEnd()
            else { throw .malformed(type) }
            mediaType = name
        case .fact:
            guard let name = reader.text(), let key = FactKey(rawValue: name), facts[key.rawValue] == nil,
                let value = value(of: payload, after: 4 + name.utf8.count)
            else { throw .malformed(type) }
            guard facts.count < Frame.factsAtMost else { throw .tooMuch("facts") }
            facts[key.rawValue] = value
        case .page:
            guard case .text(let limits) = expected, let number = reader.number(UInt32.self) else { throw .malformed(type) }
            guard Int(number) == pages.count + 1 else { throw .outOfOrder(type) }
            guard pages.count < limits.pages else { throw .tooMuch("pages") }
            textSize += payload.count - 4
            guard textSize <= limits.totalText else { throw .tooMuch("bytes of text") }
            guard Frame.isFreeOfControls(UnsafeRawBufferPointer(rebasing: payload[4...])), let text = reader.textToEnd() else {
                throw .malformed(type)
            }
            pages.append(text)
        case .done:
            guard let counted = reader.number(UInt32.self), let code = reader.number(UInt8.self), reader.isAtEnd,
                code == 0 || TextLimit(rawValue: code) != nil
            else { throw .malformed(type) }
            let count = counted == UInt32.max ? nil : Int(counted)
            let limit = TextLimit(rawValue: code)
            if let count {
                // Without a limit met, every page was sent.
                guard count <= Frame.pageCountAtMost, limit == nil ? count == pages.count : count >= pages.count else {
                    throw .malformed(type)
                }
            } else if limit == nil, !pages.isEmpty {
                throw .malformed(type)
            }
            ending = .done(pageCount: count, limit: limit)
        case .notRead:
            guard payload.isEmpty, pages.isEmpty else { throw .malformed(type) }
            ending = .notRead
        case .failed:
            guard let reason = value(of: payload, after: 0) else { throw .malformed(type) }
            ending = .failed(reason)
        case .image:
            guard case .image(let request) = expected, let (width, height) = PageImageForm.size(of: payload),
                (1...request.width).contains(width), (1...request.height).contains(height)
            else { throw .malformed(type) }
            ending = .image(png: Array(payload), width: width, height: height)
        case .noSuchPage:
            guard case .image(let request) = expected, let count = reader.number(UInt32.self), reader.isAtEnd, count < request.page else {
                throw .malformed(type)
            }
            ending = .noSuchPage(count: Int(count))
        case .notShown:
            guard let code = reader.number(UInt8.self), let refusal = RenderRefusal(rawValue: code),
                let reason = value(of: payload, after: 1)
            else { throw .malformed(type) }
            ending = .notShown(refusal, reason)
        }
    }

    private func value(of payload: UnsafeRawBufferPointer, after offset: Int) -> String? {
        let bytes = UnsafeRawBufferPointer(rebasing: payload[offset...])
        guard Frame.isFreeOfControls(bytes), let value = String(validating: bytes, as: UTF8.self),
            value.unicodeScalars.count <= Frame.valueLength
        else { return nil }
        return value
    }

    private func isMediaTypeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/.+-_".utf8.contains(byte)
        }
    }
}
