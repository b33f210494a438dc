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

    // MARK: Beginning

    /// Begins a sign-in by a provider.
    ///
    /// - Parameter link: a setup link, to link the identity at the provider to its account.
    /// - Throws: ``SignInError/setupLinkInvalid`` or ``OpenIDError``.
    public func beginSignIn(by provider: SignInProvider, link: String? = nil) async throws -> ProviderSignIn {
        guard let link else { return try await begin(by: provider, for: .signIn) }
        guard let digest = Secret(link, .setupLink)?.digest,
            try await blocking.run({ [self] in try catalog.setupLink(digest, at: now()) }) != nil
        else { throw SignInError.setupLinkInvalid }
        return try await begin(by: provider, for: .setupLink(digest))
    }

    /// Begins to link an identity at a provider to the actor's own account. Whoever finds a browser in which somebody is signed in does not
    /// get in for good by that: password and code are asked for. One that has neither gets another identity by a setup link.
    ///
    /// - Parameters:
    ///   - session: the secret of the session in which it is asked for; it has to hold until the end.
    ///   - address: as in ``signIn(_:password:code:from:rules:)``.
    /// - Throws: ``SignInError``, ``ArchiveError`` or ``OpenIDError``.
    public func beginLinking(
        by provider: SignInProvider, in session: String, password: String?, code: String? = nil, address: String, by actor: Actor
    ) async throws -> ProviderSignIn {
        let purpose = try await blocking.run { [self] in
            let account = try own("link an identity", by: actor)
            guard let secret = Secret(session, .session), try catalog.session(secret.digest, at: now())?.account == account else {
                throw Self.noSession(account)
            }
            if let credential = try catalog.credential(of: account), credential.password != nil || credential.authenticator != nil {
                try attempting(account, from: address) {
                    try check(code, of: account, credential.password == nil ? credential : checked(password ?? "", of: account))
                }
            } else {
                throw ArchiveError.refused(
                    act: "link an identity to \(account)",
                    reason: "it has no password to ask for; let who administers it make a setup link, by which another takes its place")
            }
            return OpenIDPurpose.link(account: account, session: secret.digest)
        }
        return try await begin(by: provider, for: purpose)
    }

    private static func noSession(_ account: String) -> ArchiveError {
        .refused(act: "link an identity to \(account)", reason: "the session in which it was begun has ended; sign in, and begin again")
    }

    private func begin(by provider: SignInProvider, for purpose: OpenIDPurpose) async throws -> ProviderSignIn {
        try await BlockingWork.alone { [self] in
            let request = try provider.openID.begin(at: now(), for: purpose)
            return ProviderSignIn(url: request.url, binding: request.binding)
        }
    }

    // MARK: Finishing

    /// Finishes a sign-in by a provider: with the account that the identity is linked to, and no other, whatever e-mail address the provider
    /// tells. Where the account has an authenticator, or its roles ask for one, the provider has to say that it asked for a second proof.
    /// Who began it to link an identity to their own account has another session after it, in the place of the one in which it was begun.
    ///
    /// - Parameters:
    ///   - binding: what the browser's cookie has.
    ///   - issuer: who answered (RFC 9207), where the answer says it.
    /// - Throws: ``SignInError``, ``ArchiveError`` or ``OpenIDError``.
    public func finishSignIn(
        by provider: SignInProvider, code: String, state: String, binding: String, issuer: String? = nil, rules: SignInRules = SignInRules()
    ) async throws -> NewSession {
        let unverified = try await BlockingWork.alone { [self] in
            try provider.openID.redeem(code: code, state: state, binding: binding, issuer: issuer, at: now())
        }
        let (identity, methods) = try await unverified.verified(at: now())
        return try await blocking.run { [self] in
            switch unverified.purpose {
            case .signIn:
                guard let owner = try catalog.account(issuer: identity.issuer, subject: identity.subject), try isOpen(owner) else {
                    throw SignInError.refused
                }
                try demandSecondProof(methods, of: owner, rules)
                return try begin(owner, rules)
            case .setupLink(let link):
                let owner = try catalog.setupLink(link, at: now())
                // Asked before anything is used up: where it is wanting, a password and an authenticator can still be set up by the link.
                if let owner { try demandSecondProof(methods, of: owner, rules) }
                return try begin(use(link, toLink: identity), rules)
            case .link(let account, let session):
                return try link(identity, to: account, in: session, rules)
            }
        }
    }

    /// Ends a sign-in to which the provider answered with an error.
    ///
    /// - Parameter error: the provider's word for it.
    /// - Throws: ``OpenIDError``, always.
    public func abandonSignIn(by provider: SignInProvider, error: String, state: String, binding: String) throws -> Never {
        throw provider.openID.abandon(error, state: state, binding: binding, at: now())
    }

    private func demandSecondProof(_ methods: Set<String>, of account: String, _ rules: SignInRules) throws {
        let isAsked = try catalog.credential(of: account)?.authenticator != nil || needsAuthenticator(account, rules)
        if isAsked, methods.isDisjoint(with: Self.secondProofs) { throw SignInError.authenticatorRequired }
    }

    private func use(_ link: Digest, toLink identity: ExternalIdentity) throws -> String {
        try acting {
            guard let owner = try catalog.setupLink(link, at: now()), try isOpen(owner),
                try catalog.account(issuer: identity.issuer, subject: identity.subject) ?? owner == owner
            else { throw SignInError.setupLinkInvalid }
            try recordChanges([.setupLinkUsed, .identityLinked], of: owner, by: Actor(account: owner))
            guard try catalog.use(link, issuer: identity.issuer, subject: identity.subject, at: now()) == owner else {
                throw SignInError.setupLinkInvalid
            }
            return owner
        }
    }

    private func link(_ identity: ExternalIdentity, to account: String, in session: Digest, _ rules: SignInRules) throws -> NewSession {
        try acting {
            guard try isOpen(account), try catalog.session(session, at: now())?.account == account else { throw Self.noSession(account) }
            try link(identity, to: account, "link an identity to \(account)", by: Actor(account: account))
            try catalog.endSession(session)
            return try begin(account, rules)
        }
    }

    // MARK: Identities

    /// Links an identity at a provider to an account that is open. That it was done is recorded, and not whose identity it is.
    public func linkIdentity(_ identity: ExternalIdentity, to account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try acting {
                let act = "link an identity to \(account)"
                guard try seenAccount(account, by: actor).isOpen else { throw ArchiveError.refused(act: act, reason: "it is closed") }
                try permitAdministering(account, act, by: actor)
                try link(identity, to: account, act, by: actor)
            }
        }
    }

    /// Records it and does it, unless it is linked already.
    private func link(_ identity: ExternalIdentity, to account: String, _ act: String, by actor: Actor) throws {
        switch try catalog.account(issuer: identity.issuer, subject: identity.subject) {
        case account?: return
        case nil: break
        default: throw ArchiveError.refused(act: act, reason: "it is another account's; unlink it there first")
        }
        try recordChanges([.identityLinked], of: account, by: actor)
        guard try catalog.link(issuer: identity.issuer, subject: identity.subject, to: account, at: now()) else {
            throw ArchiveError.refused(act: act, reason: "it is another account's; unlink it there first")
        }
    }

    /// Takes an identity from an account, and ends every session and token of it.
    public func unlinkIdentity(_ identity: ExternalIdentity, from account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try acting {
                try permitOwnOrAdministered(account, "unlink an identity from \(account)", by: actor)
                guard try catalog.account(issuer: identity.issuer, subject: identity.subject) == account else {
                    try recordHidden([], by: actor)
                    throw ArchiveError.notFound("identity", identity.subject)
                }
                try recordChanges([.identityUnlinked], of: account, by: actor)
                _ = try catalog.unlink(issuer: identity.issuer, subject: identity.subject, from: account)
                try catalog.endSignIns(of: account)
            }
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
