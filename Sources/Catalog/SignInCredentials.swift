public import Evidence
internal import Foundation
internal import GRDB

/// How an account signs in.
public struct StoredCredential: Sendable, Equatable {
    /// The hash of the password, as a PHC string.
    public let password: String?
    /// The sealed key of the authenticator.
    public let authenticator: [UInt8]?
    /// The step whose code was taken last.
    public let authenticatorStep: Int64?

    public init(password: String?, authenticator: [UInt8]?, authenticatorStep: Int64?) {
        self.password = password
        self.authenticator = authenticator
        self.authenticatorStep = authenticatorStep
    }
}

/// What a setup link did.
public struct SetupUse: Sendable {
    public let password: String
    /// The sealed key of the authenticator and the step whose code showed that the person has it; `nil` leaves what is there.
    public let authenticator: (key: [UInt8], step: Int64)?

    public init(password: String, authenticator: (key: [UInt8], step: Int64)?) {
        self.password = password
        self.authenticator = authenticator
    }
}

extension Catalog {
    /// How the account signs in; `nil` where it has never been set up.
    public func credential(of account: String) throws(CatalogError) -> StoredCredential? {
        try perform("read how \(account) signs in") {
            try service.read { db in
                try db.first("SELECT password, authenticator, authenticator_step FROM credential WHERE account = ?", [account])
                    .map { row in
                        let authenticator: Data? = row["authenticator"]
                        return StoredCredential(
                            password: row["password"], authenticator: authenticator.map { Array($0) }, authenticatorStep: row["authenticator_step"])
                    }
            }
        }
    }

    /// Keeps another hash of the same password.
    public func rehash(_ account: String, from old: String, to new: String) throws(CatalogError) {
        try perform("keep the password of \(account)") {
            try changeSignIns { db in
                try db.run("UPDATE credential SET password = ? WHERE account = ? AND password = ?", [new, account, old])
            }
        }
    }

    /// Keeps another password, and ends every session but `session`.
    public func setPassword(_ hash: String, of account: String, keeping session: Digest?) throws(CatalogError) {
        try perform("keep the password of \(account)") {
            try changeSignIns { db in
                try Self.keep(hash, of: account, db)
                try db.run("DELETE FROM session WHERE account = ? AND digest <> ?", [account, session?.hex ?? ""])
                try db.run("DELETE FROM api_token WHERE account = ?", [account])
            }
        }
    }

    private static func keep(_ hash: String, of account: String, _ db: Database) throws {
        try db.run(
            "INSERT INTO credential (account, password) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET password = excluded.password",
            [account, hash])
    }

    /// Takes a code's step once: false where it, or a later one, was taken before.
    public func takeStep(_ step: Int64, of account: String) throws(CatalogError) -> Bool {
        try perform("take a code of \(account)") {
            try changeSignIns { db in
                try db.run(
                    "UPDATE credential SET authenticator_step = ? WHERE account = ? AND coalesce(authenticator_step, -1) < ?", [step, account, step])
                return db.changesCount == 1
            }
        }
    }

    /// Keeps the sealed key of an authenticator and the step whose code showed that the person has it; `nil` removes what is there.
    public func setAuthenticator(_ authenticator: (key: [UInt8], step: Int64)?, of account: String) throws(CatalogError) {
        try perform("keep the authenticator of \(account)") {
            try changeSignIns { db in try Self.keep(authenticator, of: account, db) }
        }
    }

    private static func keep(_ authenticator: (key: [UInt8], step: Int64)?, of account: String, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO credential (account, authenticator, authenticator_step) VALUES (?, ?, ?) ON CONFLICT (account)
            DO UPDATE SET authenticator = excluded.authenticator, authenticator_step = excluded.authenticator_step
            """, [account, authenticator.map { Data($0.key) }, authenticator?.step])
    }

    // MARK: Setup links

    /// Keeps a setup link in the place of any other of the account.
    public func createSetupLink(_ link: Digest, for account: String, until expiry: Timestamp) throws(CatalogError) {
        try perform("keep a setup link") {
            try changeSignIns { db in
                try db.run(
                    "INSERT OR REPLACE INTO setup_link (account, digest, expires_at) VALUES (?, ?, ?)", [account, link.hex, expiry.description])
            }
        }
    }

    /// Whose setup link it is; `nil` where there is none, or it was used or has expired.
    public func setupLink(_ link: Digest, at now: Timestamp) throws(CatalogError) -> String? {
        try perform("look for a setup link") {
            try service.read { db in try Self.setupLink(link, at: now, db) }
        }
    }

    private static func setupLink(_ link: Digest, at now: Timestamp, _ db: Database) throws -> String? {
        try db.first("SELECT account FROM setup_link WHERE digest = ? AND expires_at > ?", [link.hex, now.description])?["account"]
    }

    /// Uses a setup link up: what it sets is kept, and what was open before, sessions, tokens and identities, is not any more.
    /// - Returns: whose it was; `nil` where it is none any more, and nothing was done.
    public func use(_ link: Digest, for use: SetupUse, at now: Timestamp) throws(CatalogError) -> String? {
        try perform("use a setup link") {
            try changeSignIns { db in
                guard let account = try Self.setupLink(link, at: now, db) else { return nil }
                try db.run("DELETE FROM setup_link WHERE digest = ?", [link.hex])
                try Self.keep(use.password, of: account, db)
                if let authenticator = use.authenticator { try Self.keep(authenticator, of: account, db) }
                try Self.unlinkIdentities(of: account, db)
                try Self.endSessions(of: account, db)
                return account
            }
        }
    }

    private static func endSessions(of account: String, _ db: Database) throws {
        try db.run("DELETE FROM session WHERE account = ?", [account])
        try db.run("DELETE FROM api_token WHERE account = ?", [account])
    }

    /// Whoever had a setup link before may have linked an identity of their own, which would let them in for good.
    private static func unlinkIdentities(of account: String, _ db: Database) throws {
        try db.run("DELETE FROM external_identity WHERE account = ?", [account])
    }

    // MARK: Identities at providers

    /// Links an identity to an account.
    /// - Returns: whether it is linked to it now; false where it is another account's.
    public func link(issuer: String, subject: String, to account: String, at now: Timestamp) throws(CatalogError) -> Bool {
        try perform("link an identity") {
            try changeSignIns { db in try Self.link(issuer: issuer, subject: subject, to: account, at: now, db) }
        }
    }

    private static func link(issuer: String, subject: String, to account: String, at now: Timestamp, _ db: Database) throws -> Bool {
        if let other = try Self.account(issuer: issuer, subject: subject, db) { return other == account }
        try db.run(
            "INSERT INTO external_identity (issuer, subject, account, linked_at) VALUES (?, ?, ?, ?)", [issuer, subject, account, now.description])
        return true
    }

    /// Uses a setup link up to link an identity to its account: what was open before, sessions, tokens and other identities, is not any more.
    /// - Returns: the account; `nil` where the link is none any more, or the identity is another account's, and nothing was done.
    public func use(_ link: Digest, issuer: String, subject: String, at now: Timestamp) throws(CatalogError) -> String? {
        try perform("use a setup link") {
            try changeSignIns { db in
                guard let account = try Self.setupLink(link, at: now, db),
                    [nil, account].contains(try Self.account(issuer: issuer, subject: subject, db))
                else { return nil }
                try Self.unlinkIdentities(of: account, db)
                guard try Self.link(issuer: issuer, subject: subject, to: account, at: now, db) else { return nil }
                try db.run("DELETE FROM setup_link WHERE digest = ?", [link.hex])
                try Self.endSessions(of: account, db)
                return account
            }
        }
    }

    /// Whose identity it is.
    public func account(issuer: String, subject: String) throws(CatalogError) -> String? {
        try perform("look for an identity") {
            try service.read { db in try Self.account(issuer: issuer, subject: subject, db) }
        }
    }

    private static func account(issuer: String, subject: String, _ db: Database) throws -> String? {
        try db.first("SELECT account FROM external_identity WHERE issuer = ? AND subject = ?", [issuer, subject])?["account"]
    }

    /// As whom providers know the account.
    public func identities(of account: String) throws(CatalogError) -> [(issuer: String, subject: String)] {
        try perform("list the identities of \(account)") {
            try service.read { db in
                try db.rows("SELECT issuer, subject FROM external_identity WHERE account = ? ORDER BY issuer, subject", [account])
                    .map { ($0["issuer"], $0["subject"]) }
            }
        }
    }

    /// Unlinks an identity.
    /// - Returns: whether it was linked to the account.
    public func unlink(issuer: String, subject: String, from account: String) throws(CatalogError) -> Bool {
        try perform("unlink an identity") {
            try changeSignIns { db in
                try db.run("DELETE FROM external_identity WHERE issuer = ? AND subject = ? AND account = ?", [issuer, subject, account])
                return db.changesCount == 1
            }
        }
    }

    // MARK: An end

    /// Ends every session, setup link and token of the account.
    public func endSignIns(of account: String) throws(CatalogError) {
        try perform("end what \(account) has open") {
            try changeSignIns { db in
                for table in ["session", "setup_link", "api_token"] { try db.run("DELETE FROM \(table) WHERE account = ?", [account]) }
            }
        }
    }

    /// Forgets how the account signs in, and ends what it has open.
    public func forgetSignIn(of account: String) throws(CatalogError) {
        try perform("forget how \(account) signs in") {
            try changeSignIns { db in
                for table in ["session", "setup_link", "api_token", "credential", "external_identity"] {
                    try db.run("DELETE FROM \(table) WHERE account = ?", [account])
                }
            }
        }
    }

    /// Ends every session, setup link and token of every account: those of a backup may have been ended since it was taken.
    public func endAllSignIns() throws(CatalogError) {
        try perform("end the sessions") {
            try changeSignIns { db in
                for table in ["session", "setup_link", "api_token"] { try db.run("DELETE FROM \(table)", []) }
            }
        }
    }
}
