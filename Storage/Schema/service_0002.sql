-- service.sqlite, schema 2: uploads that are not whole yet.

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
