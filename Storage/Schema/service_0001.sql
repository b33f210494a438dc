-- service.sqlite, schema 1: operational state. It must survive, and it is not history: `rebuild` never touches it.

PRAGMA application_id = 0x4D435356; -- "MCSV"

-- When each object's bytes were last read whole. The time of deposit counts: they were digested then.
CREATE TABLE fixity_check (
    object TEXT PRIMARY KEY,
    checked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX fixity_check_by_age ON fixity_check (checked_at, object);

-- How far something was followed: `fixity_object` is the key (archive.sqlite, object) of the last object listed above.
CREATE TABLE mark (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each tree that this archive has signed, a second time and in another file than the ledger: an
-- archive.sqlite that went back in time is known by it.
CREATE TABLE newest_checkpoint (
    tree TEXT PRIMARY KEY,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How accounts sign in. That an account is there, and open, is in the ledger. What opens something is kept as a digest (SHA-256, in
-- hexadecimal), a hash, or sealed. A restored archive begins without sessions, setup links and tokens.

CREATE TABLE credential (
    account TEXT PRIMARY KEY,
    password TEXT,                     -- Argon2id, as a PHC string; null for who signs in by a provider only
    authenticator BLOB,                -- the key of the authenticator app, sealed with AES-256-GCM
    authenticator_step INTEGER         -- the step of 30 seconds whose code was taken last
) STRICT, WITHOUT ROWID;

-- By which a password is set, once; one at most for each account.
CREATE TABLE setup_link (
    account TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,             -- within a minute
    idle_until TEXT NOT NULL,          -- it ends when it is not used until then,
    expires_at TEXT NOT NULL           -- and then in any case
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_account ON session (account, created_at);
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE api_token (
    digest TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,               -- read, write, administer; each includes the ones before it
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT                       -- within an hour
) STRICT, WITHOUT ROWID;

CREATE INDEX api_token_by_account ON api_token (account, created_at);

-- Attempts to sign in that failed, or are being looked at, by a digest of the account, or of account and address.
CREATE TABLE sign_in_failure (
    subject TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_failure_by_age ON sign_in_failure (last_at);

-- Where accounts have signed in, by a digest of account and address: these are not slowed by failures elsewhere.
CREATE TABLE sign_in_place (
    subject TEXT PRIMARY KEY,
    last_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_place_by_age ON sign_in_place (last_at);

-- As whom providers of OpenID Connect know accounts.
CREATE TABLE external_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL,
    linked_at TEXT NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX external_identity_by_account ON external_identity (account);
