public import Custody
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization
internal import UnixSignals

/// Serves operations over HTTP until it is told to stop.
public struct Server: Sendable {
    private let operations: [Operation]
    private let authentication: Authentication
    private let archive: Archive
    private let settings: Settings
    private let metrics: Metrics
    private let log: Logger

    /// - Parameters:
    ///   - archive: keeps the answers to requests that may come again, and what was refused.
    ///   - write: takes each line of the log.
    public init(
        _ operations: [Operation], on archive: Archive, authentication: Authentication, settings: Settings,
        write: @escaping @Sendable (String) -> Void
    ) {
        let metrics = Metrics()
        let everything = operations + MachineOperations.all(metrics)
        self.operations = everything + [Description.operation(everything)]
        self.authentication = authentication
        self.archive = archive
        self.settings = settings
        self.metrics = metrics
        log = Logger(label: "minhchung") { EventLog(label: $0, write: write) }
    }

    /// Where a server listens, and how it is stopped.
    public struct Listening: Sendable {
        public let host: String
        public let port: Int
        public let url: String
        /// Lets what was accepted end, and accepts nothing more; returns at once.
        public let stop: @Sendable () async -> Void
    }

    /// Listens and serves. When it returns, everything that was accepted is answered, or had its time.
    ///
    /// - Parameters:
    ///   - stopsOnSignals: stops at SIGTERM and SIGINT too.
    ///   - onListening: called when connections are accepted.
    public func run(stopsOnSignals: Bool = true, onListening: @escaping @Sendable (Listening) async -> Void) async throws {
        let deadlines = Deadlines()
        let watching = Task { await deadlines.watch() }
        defer { watching.cancel() }
        let responder = Responder(
            routes: Routes(operations), authentication: authentication, archive: archive, settings: settings, metrics: metrics,
            places: Places(settings.limits), deadlines: deadlines, log: log)
        let counts = ConnectionCounts(limits: settings.limits, unlimited: settings.trustedProxies, metrics: metrics)
        let limits = settings.limits
        let tls = try settings.certificate.map { certificate in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: settings.key ?? certificate, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return configuration
        }
        let builder = HTTPServerBuilder { responder in
            var configuration = HTTP1Channel.Configuration(idleTimeout: .seconds(Int64(limits.idleSeconds)))
            configuration.httpDecoder = .init(
                maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: limits.headerCount)
            let http = HTTP1Channel(responder: responder, configuration: configuration)
            guard let tls else { return GuardedChannel(base: http, counts: counts, limits: limits, isTLS: false) }
            return GuardedChannel(base: try TLSChannel(http, tlsConfiguration: tls), counts: counts, limits: limits, isTLS: true)
        }
        let (metrics, log) = (metrics, log)
        let (host, isTLS) = (settings.host, settings.isTLS)
        let group = Mutex<ServiceGroup?>(nil)
        let application = Application(
            responder: responder, server: builder, configuration: .init(address: .hostname(host, port: settings.port)),
            onServerRunning: { channel in
                let isGuarded = channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(AcceptGuard(metrics: metrics), position: .first)
                }
                do { try await isGuarded.get() } catch { log.error("connections are not guarded", metadata: ["error": "\(error)"]) }
                let port = channel.localAddress?.port ?? 0
                let url = "\(isTLS ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
                let group = group.withLock { $0 }
                await onListening(Listening(host: host, port: port, url: url) { await group?.triggerGracefulShutdown() })
            }, logger: log)
        var configuration = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: stopsOnSignals ? [.sigterm, .sigint] : [], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(limits.stopSeconds)
        let running = ServiceGroup(configuration: configuration)
        group.withLock { $0 = running }
        try await running.run()
    }
}
