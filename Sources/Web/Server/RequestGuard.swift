internal import NIOCore
internal import NIOHTTP1

/// Asked to be sent when somebody is about to read a body whose sender waits for `100 Continue`.
struct ContinueEvent: Sendable {}

/// Stands behind the parser of HTTP: holds heads of requests to what this server takes, and ends a connection so that the last answer
/// arrives.
///
/// What two readers of HTTP could read in two ways is refused, not repaired: the parser does it for lengths, chunks and line ends, this
/// handler for the target, the version, Host and names of fields.
final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The other end has so long to read the last answer, and so many bytes that it still sends are read and dropped.
    private static let lingerSeconds: Int64 = 2
    private static let lingerBytes = 1 << 20

    private let progress: ConnectionProgress
    /// Nothing that comes is handed on any more.
    private var isDeaf = false
    private var dropped = 0
    /// Requests that have HTTP/1.0, or ask for it, close the connection; their answers say so.
    private var closesAfter: [Bool] = []
    private var isClosing = false
    private var waitsForContinue = false

    init(_ progress: ConnectionProgress) { self.progress = progress }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isDeaf { return drop(part, context) }
        switch part {
        case .head(let head):
            guard Self.isSound(head) else {
                isDeaf = true
                // As the parser tells it: the answer is 400, after the answers to what came before.
                return context.fireErrorCaught(HTTPParserError.unknown)
            }
            closesAfter.append(!head.isKeepAlive)
            waitsForContinue = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
        case .body: break
        case .end:
            progress.isReceiving = false
            waitsForContinue = false
        }
        context.fireChannelRead(data)
    }

    private func drop(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .body(let bytes) = part { dropped += bytes.readableBytes } else { dropped += 512 }
        if dropped > Self.lingerBytes { context.close(promise: nil) }
    }

    /// Whether the head of a request can be read in one way only.
    static func isSound(_ head: HTTPRequestHead) -> Bool {
        guard head.version == .http1_1 || head.version == .http1_0 else { return false }
        // The origin form only; no CONNECT, no proxying, no fragment.
        guard head.uri.hasPrefix("/"), head.uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else { return false }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0, hosts.allSatisfy(isHost) else { return false }
        if head.headers["content-length"].count > 1 || head.headers["transfer-encoding"].count > 1 { return false }
        if head.headers.contains(name: "transfer-encoding") {
            guard head.version == .http1_1, !head.headers.contains(name: "content-length"),
                head.headers["transfer-encoding"].first?.lowercased() == "chunked"
            else { return false }
        }
        if let length = head.headers["content-length"].first, length.isEmpty || length.utf8.contains(where: { !(48...57).contains($0) }) {
            return false
        }
        return head.headers.allSatisfy { name, value in
            !name.isEmpty && name.utf8.allSatisfy(isToken) && !value.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
        }
    }

    private static func isHost(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...58).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "-._[]".utf8.contains($0) }
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is ContinueEvent else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if waitsForContinue {
            waitsForContinue = false
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
        promise?.succeed()
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where !(100..<200).contains(head.status.code):
            isClosing = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
            if let closes = closesAfter.first, closes, !isClosing {
                isClosing = true
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end(let trailers):
            if !closesAfter.isEmpty { closesAfter.removeFirst() }
            guard isClosing else { return context.write(data, promise: promise) }
            context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: promise)
            linger(context)
        default: context.write(data, promise: promise)
        }
    }

    /// Ends this side, and reads what still comes for a while: closing at once would make the other end's system throw the answer away.
    private func linger(_ context: ChannelHandlerContext) {
        isDeaf = true
        context.close(mode: .output, promise: nil)
        // Nobody behind this handler may be reading any more.
        context.read()
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.lingerSeconds)) { context.close(promise: nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isDeaf { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The other end has read its answer and is done.
        if isClosing, isDeaf, case .inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
