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
