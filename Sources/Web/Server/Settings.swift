/// What a server is told before it starts.
public struct Settings: Sendable, Equatable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 8080
    /// Paths of a certificate chain and its key, in PEM.
    public var certificate: String?
    public var key: String?
    /// Addresses of reverse proxies whose word on who asks counts.
    public var trustedProxies: Set<String> = []
    /// Whether health, readiness and metrics are for everybody, and not for this machine only.
    public var opensMachineOperations = false
    /// Whether answers are held against the description before they go out: in tests and in debug builds.
    public var checksAnswers = Settings.isDebug
    public var limits = Limits()

    var isTLS: Bool { certificate != nil }

    public init() {}

    #if DEBUG
        private static let isDebug = true
    #else
        private static let isDebug = false
    #endif
}
