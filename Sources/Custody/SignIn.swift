internal import Accounts
internal import Catalog
public import Evidence

/// What signing in asks for and how long it holds; the service's configuration.
public struct SignInRules: Sendable {
    /// Who has one of these roles signs in with a code of an authenticator, or not at all.
    public var rolesWithAuthenticator: Set<Role> = []
    /// A session ends when it is not used for so long,
    public var idle: Duration = .seconds(1800)
    /// and after so long in any case.
    public var longest: Duration = .seconds(43_200)
    /// So long a setup link is good.
    public var setupLink: Duration = .seconds(3 * 86_400)

    public init() {}
}

/// Why nobody is signed in, or a secret of an account was not changed. What it tells, it tells to who knows the password already.
public enum SignInError: Error, Equatable, CustomStringConvertible {
    /// There is no such account, or it is closed, or the password or the code is wrong: which of them, nobody is told.
    case refused
    /// Nothing was looked at: too many attempts failed.
    case throttled(seconds: Int)
    /// Nothing was looked at: too many sign in at this moment.
    case tooManyAtOnce
    /// The password is right, and the code of the authenticator is wanting.
    case codeRequired
    /// The password is right, and the account's roles ask for an authenticator, which it has not.
    case authenticatorRequired
    /// The setup link was used, or has expired, or never was.
    case setupLinkInvalid
    /// The code is not one of the authenticator that was offered.
    case codeDiffers

    public var description: String {
        switch self {
        case .refused: "cannot sign in: account, password or code is wrong"
        case .throttled(let seconds): "cannot sign in now: too many attempts failed; do it again in \(seconds) s"
        case .tooManyAtOnce: "cannot sign in now: too many sign in at once; do it again in some seconds"
        case .codeRequired: "cannot sign in yet: the code of the authenticator is wanting"
        case .authenticatorRequired:
            "cannot sign in: your role asks for a second proof, and none is set up; ask an administrator for a setup link, or sign in by password and code"
        case .setupLinkInvalid: "cannot use the setup link: it was used, or has expired; ask an administrator for another"
        case .codeDiffers: "cannot set up the authenticator: this is not its code now; look at the clock of the device"
        }
    }
}

/// A session that holds. It says nothing that opens it.
public struct Session: Sendable, Equatable {
    public let id: SessionID
    public let account: String
    public let createdAt: Timestamp
    /// When it was used last, within a minute.
    public let seenAt: Timestamp
    /// It ends when it is not used until then.
    public let idleUntil: Timestamp
    /// It ends then in any case.
    public let expiresAt: Timestamp

    init(_ stored: StoredSession) {
        (id, account, createdAt, seenAt) = (stored.id, stored.account, stored.createdAt, stored.seenAt)
        (idleUntil, expiresAt) = (stored.idleUntil, stored.expiresAt)
    }
}

/// A session that has just begun.
public struct NewSession: Sendable {
    /// What opens it, `mcs_…`: shown this once.
    public let secret: String
    public let session: Session
}

extension Archive {
    /// One for the process, because what is scarce is its memory.
    static let hasher = PasswordHasher()
    /// Where somebody signed in, they are known for so long: 90 days.
    private static let placeMemory: Duration = .seconds(90 * 86_400)
    /// How old what a session says of its last use may be.
    private static let seenWithin: Duration = .seconds(60)

    /// Signs a person in, by password and, where there is an authenticator, its code.
    ///
    /// An attempt costs the same whether there is such an account or not; those that fail slow the next ones on it from the same address,
    /// and, where there are many, from everywhere that the account has not signed in from before; many on whatever accounts slow all from that
    /// address. A session that the browser had is no part of this: the new one has a secret of its own.
    ///
    /// - Parameter address: from where it is asked, an address of IPv4 or IPv6.
    /// - Throws: ``SignInError``.
    public func signIn(
        _ account: String, password: String, code: String? = nil, from address: String, rules: SignInRules = SignInRules()
    ) async throws -> NewSession {
        try await blocking.run { [self] in
            let proved = try attempting(account, from: address) {
                let credential = try checked(password, of: account)
                guard try isOpen(account) else { throw SignInError.refused }
                try check(code, of: account, credential)
                if credential.authenticator == nil, try needsAuthenticator(account, rules) { throw SignInError.authenticatorRequired }
                return credential
            }
            return try begin(account, rules, proved)
        }
    }

    /// The session that a secret opens; `nil` where there is none, its time is over, or its account is closed. Its use is remembered, once
    /// a minute.
    public func session(_ secret: String, rules: SignInRules = SignInRules()) async throws -> Session? {
        guard let secret = Secret(secret, .session) else { return nil }
        let (mark, asked) = (catalog.signInMark, now())
        if let known = signedIn.session(secret.digest, at: mark), asked < min(known.idleUntil, known.expiresAt),
            asked < known.seenAt + Self.seenWithin
        {
            return known
        }
        return try await blocking.run { [self] in
            let now = now()
            guard let stored = try catalog.session(secret.digest, at: now), try isOpen(stored.account) else { return nil }
            var session = Session(stored)
            if now >= stored.seenAt + Self.seenWithin {
                let idleUntil = min(now + rules.idle, stored.expiresAt)
                try catalog.saw(secret.digest, at: now, idleUntil: idleUntil)
                session = Session(
                    StoredSession(
                        id: stored.id, account: stored.account, createdAt: stored.createdAt, seenAt: now, idleUntil: idleUntil,
                        expiresAt: stored.expiresAt))
            }
            signedIn.keep(session, secret.digest, at: mark, newest: catalog.signInMark)
            return session
        }
    }

    /// Ends the session that a secret opens. Where there is none, nothing is to be done.
    public func signOut(_ secret: String) async throws {
        try await blocking.run { [self] in
            if let secret = Secret(secret, .session) { try catalog.endSession(secret.digest) }
        }
    }

    /// The sessions of an account that hold, newest first.
    public func sessions(of account: String, by actor: Actor) async throws -> [Session] {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "list the sessions of \(account)", by: actor)
            return try catalog.sessions(of: account, at: now()).map(Session.init)
        }
    }

    /// Ends one session of an account.
    public func endSession(_ id: SessionID, of account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "end a session of \(account)", by: actor)
            guard try catalog.endSession(id, of: account) else {
                try recordHidden([], by: actor)
                throw ArchiveError.notFound("session", id.text)
            }
        }
    }

    /// Ends every session, setup link and token of an account.
    public func revokeAll(of account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "end what \(account) has open", by: actor)
            try catalog.endSignIns(of: account)
        }
    }

    // MARK: What signing in is made of

    /// - Parameter proved: what was proved for it, where it was a password.
    func begin(_ account: String, _ rules: SignInRules, _ proved: StoredCredential? = nil) throws -> NewSession {
        let (secret, now) = (Secret.random(.session), now())
        let end = now + rules.longest
        let session = StoredSession(
            id: .random(), account: account, createdAt: now, seenAt: now, idleUntil: min(now + rules.idle, end), expiresAt: end)
        // A setup link that was used meanwhile ended what the old password opens.
        guard try catalog.begin(session, secret.digest, proving: proved?.password) else { throw SignInError.refused }
        return NewSession(secret: secret.text, session: Session(session))
    }

    /// Whether there is such an account, and it is open. SQLite sees a text up to its first NUL, so what is no account is not looked up.
    func isOpen(_ account: String) throws -> Bool { try Actor.isAccount(account) && catalog.account(account)?.isOpen ?? false }

    /// Returns when it is the actor's own account, or one that they administer wholly.
    func permitOwnOrAdministered(_ account: String, _ act: String, by actor: Actor) throws {
        if actor.principal == account, try isOpen(account) { return }
        _ = try seenAccount(account, by: actor)
        try permitAdministering(account, act, by: actor)
    }

    /// Whether a role that the account has today asks for an authenticator.
    func needsAuthenticator(_ account: String, _ rules: SignInRules) throws -> Bool {
        if rules.rolesWithAuthenticator.isEmpty { return false }
        let day = now().dateInVietnam
        return try catalog.grants(to: account).contains { rules.rolesWithAuthenticator.contains($0.role) && $0.holds(on: day) }
    }

    /// Runs `body`, which looks at a secret of the account, unless too many attempts failed. It counts as failed from before it is looked
    /// at until it has succeeded, so that many at once are not all looked at.
    func attempting<Value>(_ account: String, from address: String, _ body: () throws -> Value) throws -> Value {
        let (whole, place, source) = (
            Throttle.Subject.account(account), Throttle.Subject.account(account, from: address), Throttle.Subject.address(address)
        )
        let subjects = AttemptSubjects(account: whole.key, place: place.key, address: source.key)
        let now = now()
        func failures(_ stored: Catalog.FailureCount?) -> Throttle.Failures? { stored.map { Throttle.Failures(count: $0.count, last: $0.last) } }
        func counted(_ stored: Catalog.FailureCount?, _ subject: Throttle.Subject) -> Catalog.FailureCount {
            let counted = Throttle.counted(failures(stored), of: subject, at: now)
            return (counted.count, counted.last)
        }
        let opening = try catalog.attempt(
            subjects, at: now, forgetting: Timestamp(milliseconds: now.milliseconds - Throttle.memory), placesBefore: now - Self.placeMemory
        ) { earlier in
            let slowing = [
                Throttle.opening(place, after: failures(earlier.ofPlace), at: now),
                // Else one that guesses would shut all out who have its address.
                earlier.isKnownPlace ? nil : Throttle.opening(source, after: failures(earlier.ofAddress), at: now),
                earlier.isKnownPlace ? nil : Throttle.opening(whole, after: failures(earlier.ofAccount), at: now),
            ]
            return (
                slowing.compactMap(\.self).max(), counted(earlier.ofAccount, whole), counted(earlier.ofPlace, place),
                counted(earlier.ofAddress, source)
            )
        }
        if let opening { throw SignInError.throttled(seconds: Int((opening.milliseconds - now.milliseconds + 999) / 1000)) }
        do {
            let value = try body()
            try catalog.forget(subjects, succeeded: true, at: now)
            return value
        } catch SignInError.refused {
            throw SignInError.refused
        } catch {
            // What went wrong was not what was given.
            try catalog.forget(subjects, succeeded: false, at: now)
            throw error
        }
    }

    /// How the account signs in, when this is its password. A hash of former costs is made anew.
    func checked(_ password: String, of account: String) throws -> StoredCredential {
        let credential = Actor.isAccount(account) ? try catalog.credential(of: account) : nil
        let hash = credential?.password.flatMap { PasswordHash($0) }
        let typed = Password(typed: password)
        do {
            guard try Self.hasher.isRight(typed, hash), let credential, let hash else { throw SignInError.refused }
            guard hash.needsRehash else { return credential }
            let stronger = try Self.hasher.hash(typed).text
            try catalog.rehash(account, from: hash.text, to: stronger)
            // Another sign-in may have done it before; or there is another password by now, and that one was not proved.
            guard let known = try catalog.credential(of: account),
                try known.password == stronger || Self.hasher.isRight(typed, known.password.flatMap { PasswordHash($0) })
            else { throw SignInError.refused }
            return known
        } catch PasswordHashingError.tooManyWait {
            throw SignInError.tooManyAtOnce
        }
    }

    /// Returns when the account has no authenticator, or when this is its code, which is then taken.
    func check(_ code: String?, of account: String, _ credential: StoredCredential) throws {
        guard let sealed = credential.authenticator else { return }
        guard let code, !code.isEmpty else { throw SignInError.codeRequired }
        let key = try authenticatorSeal().opened(sealed, of: account)
        guard let step = key.step(of: code, at: now(), after: credential.authenticatorStep), try catalog.takeStep(step, of: account) else {
            throw SignInError.refused
        }
    }

    /// Under a key of its own, derived from one that is in the key backup.
    func authenticatorSeal() throws -> AuthenticatorSeal { AuthenticatorSeal(derivedFrom: try personNumberKey()) }
}

extension Timestamp {
    static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(milliseconds: time.milliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }
}
