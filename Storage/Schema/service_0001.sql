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
