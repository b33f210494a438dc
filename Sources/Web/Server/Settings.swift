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
    /// A provider of OpenID Connect by which people may sign in beside their password: as whom it knows itself. Without one there is none.
    public var openIDIssuer: String?
    /// As whom the provider knows us.
    public var openIDClient: String?
    /// A file that has the secret that the provider gave us, alone in it. The secret itself is no setting, so that nothing shows it.
    public var openIDSecretFile: String?
    /// This site as browsers know it, `https://minhchung.example`: the provider sends people back to ``callbackPath`` under it.
    public var openIDPublicURL: String?
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

    /// Where a provider sends people back to, under this site's address.
    public static let callbackPath = "/api/v1/session/provider/callback"

    /// The provider by which people may sign in; `nil` where none is set.
    ///
    /// - Parameter secret: what ``openIDSecretFile`` has; `nil` for a client that the provider gave none.
    /// - Throws: where the addresses cannot be used; nothing is asked yet.
    public func signInProvider(secret: String?) throws -> SignInProvider? {
        guard let issuer = openIDIssuer, let client = openIDClient, let site = openIDPublicURL else { return nil }
        return try SignInProvider(
            issuer: issuer, clientID: client, clientSecret: secret,
            redirectURI: (site.hasSuffix("/") ? String(site.dropLast()) : site) + Self.callbackPath)
    }

    public init() {}

    #if DEBUG
        private static let isDebug = true
    #else
        private static let isDebug = false
    #endif
}
