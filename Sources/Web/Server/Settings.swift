public import Custody
public import Evidence

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
    /// Who has one of these roles signs in with a code of an authenticator, or not at all.
    public var authenticatorRoles: Set<Role> = []
    /// A session ends when it is not used for so long,
    public var sessionIdleMinutes = 30
    /// and after so long in any case.
    public var sessionHours = 12
    /// Whether answers are held against the description before they go out: in tests and in debug builds.
    public var checksAnswers = Settings.isDebug
    public var limits = Limits()

    /// How people sign in.
    public var signInRules: SignInRules {
        var rules = SignInRules()
        rules.rolesWithAuthenticator = authenticatorRoles
        rules.idle = .seconds(Int64(sessionIdleMinutes) * 60)
        rules.longest = .seconds(Int64(sessionHours) * 3600)
        return rules
    }

    var isTLS: Bool { certificate != nil }

    public init() {}

    #if DEBUG
        private static let isDebug = true
    #else
        private static let isDebug = false
    #endif
}
