internal import NIOCore

/// Stands before everything else on the socket that accepts connections. A connection that could not be accepted, because it was gone
/// again or because no more files may be open, is no end of all others: accepting goes on after a moment.
final class AcceptGuard: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let metrics: Metrics
    private var isPaused = false
    private var wantsRead = false

    init(metrics: Metrics) { self.metrics = metrics }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The channel itself ends where an error is for good, and says that in another way.
        metrics.countClosed("accept")
        guard !isPaused else { return }
        isPaused = true
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { [self] in
            isPaused = false
            if wantsRead { context.read() }
            wantsRead = false
        }
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { wantsRead = true } else { context.read() }
    }
}
