internal import Accounts
internal import Catalog
public import Evidence

/// What a token of the API lets its owner do; each includes the ones before it. It narrows what the owner may do and adds nothing.
public enum TokenScope: String, Sendable, CaseIterable, Comparable {
    case read, write, administer

    public static func < (left: TokenScope, right: TokenScope) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .administer: 2
        }
    }
}

/// With what somebody asks for a token. Whoever finds a browser in which another is signed in, or takes a token, gets none that is good for
/// longer than that.
public enum TokenProof: Sendable, Equatable {
    /// By who has the archive's folder in hand.
    case here
    /// The secret of a session: it has to have just begun.
    case session(String)
    /// The secret of a token: it makes none that is good for longer than itself.
    case token(String)

    /// For so long having signed in is proof enough.
    static let freshSession: Duration = .seconds(300)
}

/// A token of the API that holds. It says nothing that opens anything.
public struct Token: Sendable, Equatable {
    public let id: TokenID
    public let account: String
    /// What its owner calls it.
    public let name: String
    public let scope: TokenScope
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    /// When it was used last, within an hour.
    public let usedAt: Timestamp?

    init(_ stored: StoredToken) {
        (id, account, name) = (stored.id, stored.account, stored.name)
        // What is not known narrows most.
        scope = TokenScope(rawValue: stored.scope) ?? .read
        (createdAt, expiresAt, usedAt) = (stored.createdAt, stored.expiresAt, stored.usedAt)
    }
}

extension Archive {
    /// How many tokens an account has at most.
    public static let tokenLimit = 50
    /// The longest time that a token is good: 366 days.
    public static let longestToken: Duration = .seconds(366 * 86_400)
    /// How old what a token says of its last use may be.
    private static let usedWithin: Duration = .seconds(3600)

    /// Makes a token of the actor's account. Where somebody at the console makes it in another's name, that it was made is a record, before
    /// there is one; whoever makes their own sees it among their tokens.
    ///
    /// - Parameters:
    ///   - duration: for how long it is good.
    ///   - proof: with what it is asked for.
    /// - Returns: the secret, `mct_…`, which is shown this once, and what is known of it.
    public func createToken(
        named name: String, scope: TokenScope, for duration: Duration, with proof: TokenProof, by actor: Actor
    ) async throws -> (secret: String, token: Token) {
        try await blocking.run { [self] in
            let act = "make a token"
            let account = try own(act, by: actor)
            let name = try Self.line(name, "name")
            guard name.unicodeScalars.count <= 100 else { throw ArchiveError.refused(act: act, reason: "its name has more than 100 characters") }
            guard duration > .zero, duration <= Self.longestToken else {
                throw ArchiveError.refused(act: act, reason: "it is good for \(Self.longestToken.components.seconds / 86_400) days at most")
            }
            let (secret, now) = (Secret.random(.token), now())
            let token = StoredToken(
                id: .random(), account: account, name: name, scope: scope.rawValue, createdAt: now, expiresAt: now + duration, usedAt: nil)
            let full = ArchiveError.refused(act: act, reason: "\(account) has \(Self.tokenLimit) already; revoke one")
            return try acting {
                _ = try own(act, by: actor)
                // Here, so that what ends the session or the token meanwhile ends this as well.
                try check(proof, of: account, for: duration, at: now, act)
                guard try catalog.tokens(of: account, at: now).count < Self.tokenLimit else { throw full }
                if actor.isConsole { try recordChanges([.tokenMade], of: account, by: actor) }
                guard try catalog.create(token, secret.digest, limit: Self.tokenLimit) else { throw full }
                return (secret.text, Token(token))
            }
        }
    }

    private func check(_ proof: TokenProof, of account: String, for duration: Duration, at now: Timestamp, _ act: String) throws {
        switch proof {
        case .here: return
        case .session(let text):
            guard let known = try Secret(text, .session).flatMap({ try catalog.session($0.digest, at: now) }), known.account == account,
                now < known.createdAt + TokenProof.freshSession
            else { throw ArchiveError.refused(act: act, reason: "that takes a session that began within five minutes; sign in anew, and ask again") }
        case .token(let text):
            guard let known = try Secret(text, .token).flatMap({ try catalog.token($0.digest, at: now) }), known.account == account,
                now + duration <= known.expiresAt
            else {
                throw ArchiveError.refused(act: act, reason: "a token makes none that is good for longer than itself; sign in with the password")
            }
        }
    }

    /// The tokens of an account that hold, newest first.
    public func tokens(of account: String, by actor: Actor) async throws -> [Token] {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "list the tokens of \(account)", by: actor)
            return try catalog.tokens(of: account, at: now()).map(Token.init)
        }
    }

    /// Ends one token of an account.
    public func revokeToken(_ id: TokenID, of account: String, by actor: Actor) async throws {
        try await blocking.run { [self] in
            try permitOwnOrAdministered(account, "revoke a token of \(account)", by: actor)
            guard try catalog.endToken(id, of: account) else {
                try recordHidden([], by: actor)
                throw ArchiveError.notFound("token", id.text)
            }
        }
    }

    /// The token that a secret is; `nil` where there is none, its time is over, or its account is closed. Its use is remembered, once an
    /// hour.
    public func token(_ secret: String) async throws -> Token? {
        guard let secret = Secret(secret, .token) else { return nil }
        let mark = catalog.signInMark
        if let known = signedIn.token(secret.digest, at: mark), isFresh(known, at: now()) { return known }
        return try await blocking.run { [self] in
            let now = now()
            guard var stored = try catalog.token(secret.digest, at: now), try isOpen(stored.account) else { return nil }
            if !isFresh(Token(stored), at: now) {
                try catalog.used(secret.digest, at: now)
                stored.usedAt = now
            }
            let token = Token(stored)
            signedIn.keep(token, secret.digest, at: mark, newest: catalog.signInMark)
            return token
        }
    }

    /// Whether it holds, and its use needs not be remembered anew.
    private func isFresh(_ token: Token, at now: Timestamp) -> Bool {
        now < token.expiresAt && token.usedAt.map { now < $0 + Self.usedWithin } ?? false
    }
}
