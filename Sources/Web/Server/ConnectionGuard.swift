internal import Glibc
internal import NIOCore
internal import Synchronization

/// What both guards of a connection know; only its event loop touches it.
final class ConnectionProgress {
    /// Some of a request has come, and not all of it.
    var isReceiving = false
}

/// Stands before everything else on a connection: counts its bytes, refuses it where there are too many, and closes it where the other
/// end sends too slowly or takes nothing any more.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let progress: ConnectionProgress
    private let counts: ConnectionCounts
    private let limits: Limits
    private let address: String
    private let answersRefusal: Bool
    /// Why it may not stay.
    private var refusal: String?
    private var hasEntered = false
    private var received = 0
    /// Somebody behind this handler waits for bytes; where nobody does, it is not the other end that is slow.
    private var isReading = false
    private var slowness: Scheduled<Void>?
    private var stall: Scheduled<Void>?

    /// - Parameter answersRefusal: a connection that may not stay is told so; where TLS comes first it is only closed.
    init(_ progress: ConnectionProgress, counts: ConnectionCounts, limits: Limits, address: String, answersRefusal: Bool) {
        self.progress = progress
        self.counts = counts
        self.limits = limits
        self.address = address
        self.answersRefusal = answersRefusal
    }

    func handlerAdded(context: ChannelHandlerContext) {
        refusal = counts.enter(address)
        hasEntered = refusal == nil
        if context.channel.isActive { refuseIfNeeded(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        refuseIfNeeded(context)
        context.fireChannelActive()
    }

    private func refuseIfNeeded(_ context: ChannelHandlerContext) {
        guard refusal != nil else { return }
        if answersRefusal {
            let answer = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    private func leave() {
        slowness?.cancel()
        stall?.cancel()
        slowness = nil
        stall = nil
        if hasEntered { counts.leave(address) }
        hasEntered = false
    }

    // MARK: Receiving

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard refusal == nil else { return }
        let count = unwrapInboundIn(data).readableBytes
        received += count
        counts.metrics.receivedBytes.add(count, ordering: .relaxed)
        progress.isReceiving = true
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if !progress.isReceiving {
            slowness?.cancel()
            slowness = nil
        } else if slowness == nil {
            watch(context)
        }
        context.fireChannelReadComplete()
    }

    private func watch(_ context: ChannelHandlerContext) {
        received = 0
        slowness = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.slowSeconds))) { [weak self] in
            guard let self else { return }
            slowness = nil
            guard progress.isReceiving else { return }
            guard !isReading || received >= limits.receiveBytesPerSecond * limits.slowSeconds else { return close(context, "slow_request") }
            watch(context)
        }
    }

    // MARK: Sending

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        counts.metrics.sentBytes.add(unwrapOutboundIn(data).readableBytes, ordering: .relaxed)
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable { watchSending(context, waiting: Self.waiting(context)) }
        context.fireChannelWritabilityChanged()
    }

    /// Bytes that wait to be sent.
    private static func waiting(_ context: ChannelHandlerContext) -> Int {
        // A channel that does not say has nothing that goes on.
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0  // because of the line above
    }

    /// Closes where fewer bytes went than a request has to bring in that time.
    private func watchSending(_ context: ChannelHandlerContext, waiting before: Int) {
        stall = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.slowSeconds))) { [weak self] in
            guard let self else { return }
            let now = Self.waiting(context)
            guard before - now >= limits.receiveBytesPerSecond * limits.slowSeconds else { return close(context, "stalled_answer") }
            watchSending(context, waiting: now)
        }
    }

    private func close(_ context: ChannelHandlerContext, _ limit: String) {
        counts.metrics.countClosed(limit)
        // What waits to be sent would stay in the kernel for who never reads it: a reset frees it.
        if limit == "stalled_answer", let socket = context.channel as? any SocketOptionProvider {
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { [channel = context.channel] _ in channel.close(promise: nil) }
        } else {
            context.close(promise: nil)
        }
    }
}
