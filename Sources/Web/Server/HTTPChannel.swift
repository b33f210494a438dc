internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Sets up a connection before TLS and HTTP are: what it is held to from its first byte.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let counts: ConnectionCounts
    let limits: Limits
    let isTLS: Bool

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let progress = ConnectionProgress()
        // The parser reads at once what came with the head, so both guards have to be there before the first byte is.
        let bound = NIOLoopBound(progress, eventLoop: channel.eventLoop)
        return channel.eventLoop.makeCompletedFuture {
            let address = ClientAddress.plain(channel.remoteAddress?.ipAddress ?? "unknown")
            try channel.pipeline.syncOperations.addHandler(
                ConnectionGuard(bound.value, counts: counts, limits: limits, address: address, answersRefusal: !isTLS))
        }.flatMap { base.setup(channel: channel, logger: logger) }.flatMapThrowing { value in
            let parser = try channel.pipeline.syncOperations.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try channel.pipeline.syncOperations.addHandler(RequestGuard(bound.value), position: .after(parser))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
