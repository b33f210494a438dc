public import Custody
public import Evidence

/// Who has signed in.
public struct SignedIn: Sendable {
    public let actor: Actor
    /// What the token allows; a session allows everything that its account may do.
    public let scope: TokenScope
    /// With what they have.
    let proof: TokenProof

    /// The secret of the session, where there is one and not a token.
    var session: String? { if case .session(let secret) = proof { secret } else { nil } }

    /// - Throws: ``Problem`` where the token allows less than the operation takes.
    func check(_ operation: Operation) throws(Problem) {
        guard scope >= operation.scope else {
            throw .forbidden("this token allows \(scope.rawValue), and it takes one that allows \(operation.scope.rawValue)")
        }
    }
}

/// Knows people by what their requests bring: the secret of a session in a cookie, or a token.
public struct Authentication: Sendable {
    let session: @Sendable (_ secret: String) async throws -> Actor?
    let token: @Sendable (_ secret: String) async throws -> (actor: Actor, scope: TokenScope)?

    /// - Parameters:
    ///   - session: whose session has this secret; `nil` where there is none, or it has ended.
    ///   - token: whose token this is and what it allows; `nil` where it is none, or is not valid any more.
    public init(
        session: @escaping @Sendable (_ secret: String) async throws -> Actor?,
        token: @escaping @Sendable (_ secret: String) async throws -> (actor: Actor, scope: TokenScope)?
    ) {
        self.session = session
        self.token = token
    }

    /// Knows whom the archive knows.
    public static func archive(_ archive: Archive, _ rules: SignInRules) -> Authentication {
        Authentication(
            session: { try await archive.session($0, rules: rules).map { Actor(account: $0.account) } },
            token: { try await archive.token($0).map { (Actor(account: $0.account), $0.scope) } })
    }

    /// Knows nobody.
    public static let nobody = Authentication(session: { _ in nil }, token: { _ in nil })

    /// Who sent these fields; a token goes before a cookie.
    func signedIn(_ fields: RequestFields, isSecure: Bool) async throws -> SignedIn? {
        if let authorization = fields.value("authorization") {
            let words = authorization.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, words[0].lowercased() == "bearer", (1...512).contains(words[1].utf8.count),
                let (actor, scope) = try await token(String(words[1]))
            else { return nil }
            return SignedIn(actor: actor, scope: scope, proof: .token(String(words[1])))
        }
        guard let secret = SessionCookie.secret(in: fields, isSecure: isSecure), let actor = try await session(secret) else { return nil }
        return SignedIn(actor: actor, scope: .administer, proof: .session(secret))
    }
}

/// The cookie that holds the secret of a session.
public enum SessionCookie {
    /// With this prefix a browser takes it from this host only, and only over TLS.
    static let secureName = "__Host-minhchung"
    /// Where there is no TLS: on the machine itself, and for trying out.
    static let plainName = "minhchung"

    static func secret(in fields: RequestFields, isSecure: Bool) -> String? { value(of: isSecure ? secureName : plainName, in: fields) }

    static func value(of name: String, in fields: RequestFields) -> String? {
        var found: [Substring] = []
        for field in fields.values("cookie") {
            for pair in field.split(separator: ";") {
                let pair = pair.drop { $0 == " " }
                if pair.hasPrefix("\(name)=") { found.append(pair.dropFirst(name.utf8.count + 1)) }
            }
        }
        // Two of one name: one of them was planted, and nothing tells which.
        guard found.count == 1, let secret = found.first, (1...512).contains(secret.utf8.count) else { return nil }
        return String(secret)
    }

    /// The cookie to set; it ends with the browser's session, and the archive ends it earlier.
    public static func set(_ secret: String, isSecure: Bool) -> String {
        "\(isSecure ? secureName : plainName)=\(secret); Path=/; HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")"
    }

    /// Takes the cookie away.
    public static func clear(isSecure: Bool) -> String {
        "\(isSecure ? secureName : plainName)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0\(isSecure ? "; Secure" : "")"
    }
}

/// The cookie that ties a sign-in by a provider to the browser in which it was begun: without it, who got somebody else to open the address to
/// come back to would have them signed in as another.
enum BindingCookie {
    static let secureName = "__Host-minhchung-provider"
    static let plainName = "minhchung-provider"
    /// As long as what was begun is remembered, in seconds.
    static let lifetime = 600

    static func value(in fields: RequestFields, isSecure: Bool) -> String? {
        SessionCookie.value(of: isSecure ? secureName : plainName, in: fields)
    }

    /// The cookie to set. It is Lax, because the browser comes back from another site.
    static func set(_ binding: String, isSecure: Bool) -> String {
        "\(isSecure ? secureName : plainName)=\(binding); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(lifetime)\(isSecure ? "; Secure" : "")"
    }

    /// Takes the cookie away.
    static func clear(isSecure: Bool) -> String {
        "\(isSecure ? secureName : plainName)=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\(isSecure ? "; Secure" : "")"
    }
}

/// A change that a browser asks for is done only where this site's own pages asked for it.
public enum CrossSiteCheck {
    /// The header field that a change needs where a cookie says who asks.
    static let field = "x-csrf-token"

    /// The token that belongs to a session. It does not tell the session's secret.
    public static func token(for secret: String) -> String { Digest(of: Array("minhchung csrf 1\0\(secret)".utf8)).hex }

    /// - Parameter own: this site, `https://minhchung.example`.
    /// - Throws: ``Problem`` where another site may have asked. Whoever signs in is checked too, so that nobody is signed in as another.
    static func check(_ operation: Operation, _ fields: RequestFields, _ signedIn: SignedIn?, origin own: String) throws(Problem) {
        if operation.method.isSafe || signedIn.map({ $0.session == nil }) ?? false { return }
        if let site = fields.value("sec-fetch-site"), !["same-origin", "none"].contains(site) {
            throw .forbidden("the request comes from another site (Sec-Fetch-Site: \(site == "same-site" ? site : "cross-site"))")
        }
        let origins = fields.values("origin")
        if let origin = origins.first, origins.count > 1 || origin.lowercased() != own.lowercased() {
            throw .forbidden("the request comes from another site (Origin)")
        }
        // Whoever signs in brings a password: a session that the browser has is no reason to refuse them.
        guard operation.access != .anybody, let secret = signedIn?.session else { return }
        if origins.isEmpty, fields.value("sec-fetch-site") == nil {
            throw .forbidden("a change with a cookie needs the header field Origin or Sec-Fetch-Site")
        }
        guard let given = fields.value(field), constantTimeEqual(given, token(for: secret)) else {
            throw .forbidden("a change with a cookie needs the header field X-CSRF-Token")
        }
    }

    private static func constantTimeEqual(_ left: String, _ right: String) -> Bool {
        // Digests of both are compared, so that the time tells nothing of either.
        Digest(of: Array(left.utf8)) == Digest(of: Array(right.utf8))
    }
}
