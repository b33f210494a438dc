public import Evidence
internal import GRDB

/// A session that holds.
public struct StoredSession: Sendable, Equatable {
    public let id: SessionID
    public let account: String
    public let createdAt: Timestamp
    /// When it was used last, within a minute.
    public let seenAt: Timestamp
    /// It ends when it is not used until then.
    public let idleUntil: Timestamp
    /// It ends then in any case.
    public let expiresAt: Timestamp

    public init(id: SessionID, account: String, createdAt: Timestamp, seenAt: Timestamp, idleUntil: Timestamp, expiresAt: Timestamp) {
        self.id = id
        self.account = account
        self.createdAt = createdAt
        self.seenAt = seenAt
        self.idleUntil = idleUntil
        self.expiresAt = expiresAt
    }

    fileprivate init(_ row: Row) throws {
        func time(_ column: String) throws -> Timestamp { try storedTime(row[column], "a session") }
        self.init(
            id: SessionID(unchecked: row["id"]), account: row["account"], createdAt: try time("created_at"), seenAt: try time("seen_at"),
            idleUntil: try time("idle_until"), expiresAt: try time("expires_at"))
    }
}

/// A token of the API that holds.
public struct StoredToken: Sendable, Equatable {
    public let id: TokenID
    public let account: String
    /// What its owner calls it.
    public let name: String
    public let scope: String
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    /// When it was used last, within an hour.
    public var usedAt: Timestamp?

    public init(id: TokenID, account: String, name: String, scope: String, createdAt: Timestamp, expiresAt: Timestamp, usedAt: Timestamp?) {
        self.id = id
        self.account = account
        self.name = name
        self.scope = scope
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
    }

    fileprivate init(_ row: Row) throws {
        func time(_ column: String) throws -> Timestamp { try storedTime(row[column], "a token") }
        let used: String? = row["used_at"]
        self.init(
            id: TokenID(unchecked: row["id"]), account: row["account"], name: row["name"], scope: row["scope"], createdAt: try time("created_at"),
            expiresAt: try time("expires_at"), usedAt: try used.map { try storedTime($0, "a token") })
    }
}

private func storedTime(_ text: String, _ what: String) throws -> Timestamp {
    guard let time = Timestamp(text) else {
        throw CatalogError.database(act: "read \(what)", code: -1, message: "service.sqlite has no time where one belongs")
    }
    return time
}

extension Catalog {
    // MARK: Sessions

    /// How many sessions an account has at once; the oldest ends when one more begins.
    public static let sessionLimit = 20

    /// Keeps a new session. Those that have expired, of whomever, are deleted.
    ///
    /// - Parameter password: the hash of the password that was proved for it, where one was.
    /// - Returns: false where the account has another password by now, and nothing was kept.
    @discardableResult
    public func begin(_ session: StoredSession, _ secret: Digest, proving password: String? = nil) throws(CatalogError) -> Bool {
        try perform("begin a session") {
            try changeSignIns { db in
                if let password {
                    let row = try db.first("SELECT password FROM credential WHERE account = ?", [session.account])
                    guard row?["password"] as String? == password else { return false }
                }
                try db.run("DELETE FROM session WHERE expires_at <= ?", [session.createdAt.description])
                try db.run(
                    """
                    DELETE FROM session WHERE digest IN
                        (SELECT digest FROM session WHERE account = ? ORDER BY created_at DESC LIMIT -1 OFFSET \(Self.sessionLimit - 1))
                    """, [session.account])
                try db.run(
                    """
                    INSERT INTO session (digest, id, account, created_at, seen_at, idle_until, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        secret.hex, session.id.text, session.account, session.createdAt.description, session.seenAt.description,
                        session.idleUntil.description, session.expiresAt.description,
                    ])
                return true
            }
        }
    }

    /// The session that the secret opens; `nil` where there is none, or its time is over.
    public func session(_ secret: Digest, at now: Timestamp) throws(CatalogError) -> StoredSession? {
        try perform("look for a session") {
            try service.read { db in
                try db.first(
                    "SELECT * FROM session WHERE digest = ? AND idle_until > ? AND expires_at > ?", [secret.hex, now.description, now.description]
                ).map { try StoredSession($0) }
            }
        }
    }

    /// Remembers that a session was used, where it still holds.
    public func saw(_ secret: Digest, at now: Timestamp, idleUntil: Timestamp) throws(CatalogError) {
        try perform("remember that a session was used") {
            try service.write { db in
                try db.run(
                    "UPDATE session SET seen_at = ?, idle_until = ? WHERE digest = ? AND idle_until > ?",
                    [now.description, idleUntil.description, secret.hex, now.description])
            }
        }
    }

    /// The sessions of the account that hold, newest first.
    public func sessions(of account: String, at now: Timestamp) throws(CatalogError) -> [StoredSession] {
        try perform("list the sessions of \(account)") {
            try service.read { db in
                try db.rows(
                    "SELECT * FROM session WHERE account = ? AND idle_until > ? AND expires_at > ? ORDER BY created_at DESC",
                    [account, now.description, now.description]
                ).map { try StoredSession($0) }
            }
        }
    }

    /// Ends the session that the secret opens.
    public func endSession(_ secret: Digest) throws(CatalogError) {
        try perform("end a session") { try changeSignIns { db in try db.run("DELETE FROM session WHERE digest = ?", [secret.hex]) } }
    }

    /// Ends one session of the account.
    /// - Returns: whether there was one.
    public func endSession(_ id: SessionID, of account: String) throws(CatalogError) -> Bool {
        try perform("end a session") {
            try changeSignIns { db in
                try db.run("DELETE FROM session WHERE id = ? AND account = ?", [id.text, account])
                return db.changesCount == 1
            }
        }
    }

    // MARK: Tokens

    /// Keeps a new token. Those of the account that have expired are deleted.
    /// - Returns: false where the account has `limit` tokens already, and nothing was kept.
    public func create(_ token: StoredToken, _ secret: Digest, limit: Int) throws(CatalogError) -> Bool {
        try perform("keep a token") {
            try changeSignIns { db in
                try db.run("DELETE FROM api_token WHERE account = ? AND expires_at <= ?", [token.account, token.createdAt.description])
                let count = try db.first("SELECT count(*) AS count FROM api_token WHERE account = ?", [token.account])?["count"] as Int?
                guard count ?? 0 < limit else { return false }
                try db.run(
                    "INSERT INTO api_token (digest, id, account, name, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        secret.hex, token.id.text, token.account, token.name, token.scope, token.createdAt.description, token.expiresAt.description,
                    ])
                return true
            }
        }
    }

    /// The token that the secret is; `nil` where there is none, or its time is over.
    public func token(_ secret: Digest, at now: Timestamp) throws(CatalogError) -> StoredToken? {
        try perform("look for a token") {
            try service.read { db in
                try db.first("SELECT * FROM api_token WHERE digest = ? AND expires_at > ?", [secret.hex, now.description]).map { try StoredToken($0) }
            }
        }
    }

    /// Remembers that a token was used.
    public func used(_ secret: Digest, at now: Timestamp) throws(CatalogError) {
        try perform("remember that a token was used") {
            try service.write { db in try db.run("UPDATE api_token SET used_at = ? WHERE digest = ?", [now.description, secret.hex]) }
        }
    }

    /// The tokens of the account that hold, newest first.
    public func tokens(of account: String, at now: Timestamp) throws(CatalogError) -> [StoredToken] {
        try perform("list the tokens of \(account)") {
            try service.read { db in
                try db.rows("SELECT * FROM api_token WHERE account = ? AND expires_at > ? ORDER BY created_at DESC", [account, now.description])
                    .map { try StoredToken($0) }
            }
        }
    }

    /// Ends one token of the account.
    /// - Returns: whether there was one.
    public func endToken(_ id: TokenID, of account: String) throws(CatalogError) -> Bool {
        try perform("end a token") {
            try changeSignIns { db in
                try db.run("DELETE FROM api_token WHERE id = ? AND account = ?", [id.text, account])
                return db.changesCount == 1
            }
        }
    }
}
