-- service.sqlite, schema 2: uploads that are not whole yet, and how accounts sign in.

-- Uploads: files that arrive in pieces. The first `received` bytes of uploads/<id> are on disk; what stands behind them is of no account.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL, -- whose upload it is: nobody else's
    length INTEGER NOT NULL,
    received INTEGER NOT NULL,
    expires_at TEXT NOT NULL,
    item TEXT NOT NULL, -- the id of the item that it becomes, chosen at the beginning; or of the one that was there already
    person TEXT, -- whose proof it is, as in the metadata
    description TEXT, -- what is declared: the body of an evidence.described record of `item`; null when it is finished
    expected TEXT, -- the digest that its sender says it has
    object TEXT, -- its digest, when all bytes came and it is about to become an object
    outcome TEXT -- null until it is finished: deposited, already or already-otherwise
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_by_account ON upload (account, id);
CREATE INDEX upload_by_expiry ON upload (expires_at, id);
CREATE INDEX upload_by_person ON upload (person, id);
CREATE INDEX upload_open ON upload (account, length, received) WHERE outcome IS NULL;

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

-- What was answered to requests that brought a key of their own, so that the same request again makes nothing twice. For a day; an
-- erasure deletes all of it, because answers tell of people.
CREATE TABLE kept_answer (
    account TEXT NOT NULL,
    key TEXT NOT NULL,                 -- digest of the key
    request TEXT NOT NULL,             -- digest of what was asked for
    answer BLOB,                       -- null while it is at work, or where the process ended in the middle
    at TEXT NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_answer_by_age ON kept_answer (at);
