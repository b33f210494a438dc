internal import Accounts
internal import Catalog
public import Evidence

/// A provider of OpenID Connect by which people may sign in. What was begun is kept in memory, and is gone with it.
public final class SignInProvider: Sendable {
    let openID: OpenIDProvider

    /// - Parameters:
    ///   - issuer: as whom the provider knows itself; an https address, or http on this machine.
    ///   - clientID: as whom the provider knows us.
    ///   - clientSecret: `nil` for a client that the provider gave none.
    ///   - redirectURI: where the provider sends people back to.
    ///   - timeout: for each of the at most three requests to the provider.
    /// - Throws: ``OpenIDError``. Nothing is asked yet.
    public init(issuer: String, clientID: String, clientSecret: String?, redirectURI: String, timeout: Duration = .seconds(10)) throws {
        openID = try OpenIDProvider(
            OpenIDSettings(issuer: issuer, clientID: clientID, clientSecret: clientSecret, redirectURI: redirectURI), timeout: timeout)
    }
}

/// A sign-in by a provider that has begun.
public struct ProviderSignIn: Sendable {
    /// Where the person's browser has to go.
    public let url: String
    /// For a cookie of that browser: with the address alone nobody finishes the sign-in of another.
    public let binding: String
}

extension Archive {
    /// Ways of signing in at a provider that are proof enough where a code is asked for (RFC 8176).
    private static let secondProofs: Set<String> = ["otp", "mfa", "hwk"]

    /// Begins a sign-in by a provider.
    ///
    /// - Parameter link: a setup link, to link the identity at the provider to its account.
    /// - Throws: ``SignInError/setupLinkInvalid`` or ``OpenIDError``.
    public func beginSignIn(by provider: SignInProvider, link: String? = nil) async throws -> ProviderSignIn {
        var setupLink: Digest?
        if let link {
            guard let digest = Secret(link, .setupLink)?.digest,
                try await blocking.run({ [self] in try catalog.setupLink(digest, at: now()) }) != nil
            else { throw SignInError.setupLinkInvalid }
            setupLink = digest
        }
        return try await BlockingWork.alone { [self, setupLink] in
            let request = try provider.openID.begin(at: now(), setupLink: setupLink)
            return ProviderSignIn(url: request.url, binding: request.binding)
        }
    }

    /// Finishes a sign-in by a provider: with the account that the identity is linked to, and no other, whatever e-mail address the provider
    /// tells. Where the account has an authenticator, or its roles ask for one, the provider has to say that it asked for a second proof.
    ///
    /// - Parameters:
    ///   - binding: what the browser's cookie has.
    ///   - issuer: who answered (RFC 9207), where the answer says it.
    /// - Throws: ``SignInError`` or ``OpenIDError``.
    public func finishSignIn(
        by provider: SignInProvider, code: String, state: String, binding: String, issuer: String? = nil, rules: SignInRules = SignInRules()
    ) async throws -> NewSession {
        let unverified = try await BlockingWork.alone { [self] in
            try provider.openID.redeem(code: code, state: state, binding: binding, issuer: issuer, at: now())
        }
        let (identity, methods) = try await unverified.verified(at: now())
        return try await blocking.run { [self] in
            let account: String
            if let link = unverified.setupLink {
                guard let owner = try catalog.setupLink(link, at: now()), try isOpen(owner),
                    try catalog.use(link, issuer: identity.issuer, subject: identity.subject, at: now()) == owner
                else { throw SignInError.setupLinkInvalid }
                account = owner
            } else {
                guard let owner = try catalog.account(issuer: identity.issuer, subject: identity.subject), try isOpen(owner) else {
                    throw SignInError.refused
                }
                account = owner
            }
            let isAsked = try catalog.credential(of: account)?.authenticator != nil || needsAuthenticator(account, rules)
            if isAsked, methods.isDisjoint(with: Self.secondProofs) { throw SignInError.authenticatorRequired }
            return try begin(account, rules)
        }
    }

    /// Links an identity at a provider to an account that is open.
    public func linkIdentity(_ identity: ExternalIdentity, to account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            let act = "link an identity to \(account)"
            guard try seenAccount(account, by: actor).isOpen else { throw ArchiveError.refused(act: act, reason: "it is closed") }
            try permitAdministering(account, act, by: actor)
            guard try catalog.link(issuer: identity.issuer, subject: identity.subject, to: account, at: now()) else {
                throw ArchiveError.refused(act: act, reason: "it is another account's; unlink it there first")
            }
        }
    }

    /// Takes an identity from an account, and ends every session and token of it.
    public func unlinkIdentity(_ identity: ExternalIdentity, from account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "unlink an identity from \(account)", by: actor)
            guard try catalog.unlink(issuer: identity.issuer, subject: identity.subject, from: account) else {
                throw ArchiveError.notFound("identity", identity.subject)
            }
            try catalog.endSignIns(of: account)
        }
    }

    /// As whom providers know an account.
    public func identities(of account: String, by actor: Actor) async throws -> [ExternalIdentity] {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "list the identities of \(account)", by: actor)
            return try catalog.identities(of: account).map { ExternalIdentity(issuer: $0.issuer, subject: $0.subject) }
        }
    }
}
