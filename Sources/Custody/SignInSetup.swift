internal import Accounts
internal import Catalog
public import Evidence

/// A setup link: who has it sets the password of an account, once.
public struct SetupLink: Sendable {
    /// `mcl_…`: shown this once.
    public let secret: String
    public let account: String
    public let expiresAt: Timestamp
}

/// An authenticator that is offered to a person. Nothing is kept of it until its code is given back with it.
public struct AuthenticatorOffer: Sendable {
    public let account: String
    /// In base 32, to be typed into an app.
    public let key: String
    /// The `otpauth` address, for a picture that an app reads.
    public let address: String
    /// Whether the account's roles ask for one, and it has none.
    public let isRequired: Bool
}

/// An authenticator and a code that shows that the person has it.
public struct AuthenticatorProof: Sendable {
    public let key: String
    public let code: String

    public init(key: String, code: String) {
        self.key = key
        self.code = code
    }
}

extension Archive {
    /// How the archive is called in authenticator apps.
    private static let authenticatorIssuer = "MinhChung"

    // MARK: Setup links

    /// Makes a setup link for an account that is open, in the place of any other that it has. It is the first password of an account, and
    /// the way back in for who forgot theirs; the password of now is good until the link is used. As whoever has it takes the account over,
    /// that it was made is a record, before there is a link.
    public func createSetupLink(for account: String, rules: SignInRules = SignInRules(), by actor: Actor) async throws -> SetupLink {
        try await blocking.run { [self] in
            try acting {
                let act = "make a setup link for \(account)"
                guard try seenAccount(account, by: actor).isOpen else { throw ArchiveError.refused(act: act, reason: "it is closed") }
                try permitAdministering(account, act, by: actor)
                try recordChanges([.setupLinkMade], of: account, by: actor)
                let (secret, expiry) = (Secret.random(.setupLink), now() + rules.setupLink)
                try catalog.createSetupLink(secret.digest, for: account, until: expiry)
                return SetupLink(secret: secret.text, account: account, expiresAt: expiry)
            }
        }
    }

    /// What a setup link is for, with an authenticator that may be set up with it.
    /// - Throws: ``SignInError/setupLinkInvalid``.
    public func offer(for link: String, rules: SignInRules = SignInRules()) async throws -> AuthenticatorOffer {
        try await blocking.run { [self] in try offer(to: opened(link).account, rules) }
    }

    private func opened(_ link: String) throws -> (secret: Secret, account: String) {
        guard let secret = Secret(link, .setupLink), let account = try catalog.setupLink(secret.digest, at: now()), try isOpen(account) else {
            throw SignInError.setupLinkInvalid
        }
        return (secret, account)
    }

    private func offer(to account: String, _ rules: SignInRules) throws -> AuthenticatorOffer {
        let key = AuthenticatorKey.random()
        return AuthenticatorOffer(
            account: account, key: key.text, address: key.address(issuer: Self.authenticatorIssuer, account: account),
            isRequired: try catalog.credential(of: account)?.authenticator == nil && needsAuthenticator(account, rules))
    }

    /// Sets the password, and an authenticator where one is given, and uses the link up. Every session and token that the account had is
    /// ended. Nobody is signed in by it. That it was used is a record.
    ///
    /// - Returns: the account.
    /// - Throws: ``SignInError``, or the reason why this cannot be a password; the link is good for another try then.
    public func useSetupLink(
        _ link: String, password: String, authenticator: AuthenticatorProof? = nil, rules: SignInRules = SignInRules()
    ) async throws -> String {
        try await blocking.run { [self] in
            let (secret, account) = try opened(link)
            let chosen = try Password(chosen: password, for: account)
            if authenticator == nil, try offer(to: account, rules).isRequired { throw SignInError.authenticatorRequired }
            let use = SetupUse(password: try hashed(chosen), authenticator: try authenticator.map { try proven($0, of: account) })
            return try acting {
                guard try opened(link).account == account else { throw SignInError.setupLinkInvalid }
                try recordChanges([.setupLinkUsed], of: account, by: Actor(account: account))
                guard try catalog.use(secret.digest, for: use, at: now()) == account else { throw SignInError.setupLinkInvalid }
                return account
            }
        }
    }

    private func hashed(_ password: Password) throws -> String {
        do {
            return try Self.hasher.hash(password).text
        } catch PasswordHashingError.tooManyWait {
            throw SignInError.tooManyAtOnce
        }
    }

    /// The authenticator as it is kept, when the code is its code of now.
    private func proven(_ proof: AuthenticatorProof, of account: String) throws -> (key: [UInt8], step: Int64) {
        guard let key = AuthenticatorKey(proof.key), let step = key.step(of: proof.code, at: now(), after: nil) else { throw SignInError.codeDiffers }
        return (try authenticatorSeal().sealed(key, of: account), step)
    }

    // MARK: Changes by who is signed in

    /// Changes the password of the actor's account, and ends its other sessions and its tokens. That it was changed is a record.
    ///
    /// - Parameters:
    ///   - session: the secret of the session that goes on.
    ///   - address: as in ``signIn(_:password:code:from:rules:)``, because the old password could be guessed here as well.
    public func changePassword(
        from old: String, to new: String, keeping session: String?, address: String, by actor: Actor
    ) async throws {
        try await blocking.run { [self] in
            let account = try own("change the password", by: actor)
            let chosen = try Password(chosen: new, for: account)
            let before = try attempting(account, from: address) { try checked(old, of: account) }
            let hash = try hashed(chosen)
            try acting {
                _ = try own("change the password", by: actor)
                try checkUnchanged(before, of: account)
                try recordChanges([.passwordChanged], of: account, by: actor)
                try catalog.setPassword(hash, of: account, keeping: session.flatMap { Secret($0, .session)?.digest })
            }
        }
    }

    /// An authenticator that the actor may set up.
    public func offerAuthenticator(rules: SignInRules = SignInRules(), by actor: Actor) async throws -> AuthenticatorOffer {
        try await blocking.run { [self] in try offer(to: own("set up an authenticator", by: actor), rules) }
    }

    /// Sets up an authenticator for the actor's account, in the place of any other. That it was set up is a record.
    ///
    /// - Parameter code: of the authenticator of now, where there is one.
    public func setAuthenticator(
        _ proof: AuthenticatorProof, password: String, code: String? = nil, address: String, by actor: Actor
    ) async throws {
        try await blocking.run { [self] in
            let account = try own("set up an authenticator", by: actor)
            let kept = try proven(proof, of: account)
            let before = try proved(password, code, of: account, from: address)
            try acting {
                _ = try own("set up an authenticator", by: actor)
                try checkUnchanged(before, of: account)
                try recordChanges([.authenticatorSet], of: account, by: actor)
                try catalog.setAuthenticator(kept, of: account)
            }
        }
    }

    /// Removes the authenticator of the actor's account.
    /// - Throws: ``SignInError/authenticatorRequired`` where a role asks for one.
    public func removeAuthenticator(
        password: String, code: String, address: String, rules: SignInRules = SignInRules(), by actor: Actor
    ) async throws {
        try await blocking.run { [self] in
            let account = try own("remove the authenticator", by: actor)
            let before = try proved(password, code, of: account, from: address)
            try acting {
                _ = try own("remove the authenticator", by: actor)
                try checkUnchanged(before, of: account)
                if try needsAuthenticator(account, rules) {
                    try recordHidden([], by: actor)
                    throw SignInError.authenticatorRequired
                }
                try recordChanges([.authenticatorRemoved], of: account, by: actor)
                try catalog.setAuthenticator(nil, of: account)
            }
        }
    }

    /// Removes the authenticator of an account whose owner lost it, and ends every session of the account. Where its roles ask for one, it
    /// needs a setup link to sign in again.
    public func removeAuthenticator(of account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try acting {
                let act = "remove the authenticator of \(account)"
                _ = try seenAccount(account, by: actor)
                try permitAdministering(account, act, by: actor)
                guard try catalog.credential(of: account)?.authenticator != nil else { throw ArchiveError.refused(act: act, reason: "it has none") }
                try recordChanges([.authenticatorRemoved], of: account, by: actor)
                // The sessions first: where it ends here, nobody is signed in by less than they had to prove.
                try catalog.endSignIns(of: account)
                try catalog.setAuthenticator(nil, of: account)
            }
        }
    }

    /// What the account has, when password and code are right.
    private func proved(_ password: String, _ code: String?, of account: String, from address: String) throws -> StoredCredential {
        try attempting(account, from: address) {
            let credential = try checked(password, of: account)
            try check(code, of: account, credential)
            return credential
        }
    }

    /// Returns when the account still has what was proved: a setup link may have been used meanwhile, and whoever knows the old password is
    /// not to set anything then.
    private func checkUnchanged(_ proved: StoredCredential, of account: String) throws {
        let known = try catalog.credential(of: account)
        guard known?.password == proved.password, known?.authenticator == proved.authenticator else { throw SignInError.refused }
    }

    /// The actor's own account, which is open.
    func own(_ act: String, by actor: Actor) throws -> String {
        guard try isOpen(actor.principal) else { throw ArchiveError.refused(act: act, reason: "\(actor.principal) is not an open account") }
        return actor.principal
    }

    /// Records what is about to be done to how an account signs in.
    func recordChanges(_ acts: [SignInAct], of account: String, by actor: Actor) throws {
        try catalog.append(
            acts.map { Catalog.Draft(.signInChanged(SignInChange(account: account, act: $0)), subjects: [Self.subject(account)]) }, by: actor,
            at: now())
    }

    /// What was done to how an account signs in, newest first, at most so much.
    func signInChanges(of account: String, limit: Int) throws -> [SignInChangeAccount] {
        let numbers = try catalog.numbers(about: Self.subject(account), before: Int.max, of: [.signInChanged]).suffix(limit)
        return try numbers.reversed().compactMap { number in
            let (header, body) = try catalog.record(number)
            guard case .signInChanged(let change) = body else { return nil }
            return SignInChangeAccount(act: change.act, time: header.time, actor: header.actor, record: number)
        }
    }
}
