-- archive.sqlite, schema 1: what must survive, and the views folded from it.
--
-- Part one is the history: records, their bodies, the access log, and the nodes of both Merkle trees. Nothing of it is
-- ever changed; triggers stop mistakes (an attacker with the file is found by the hashes, not by triggers).
-- Part two is views: `minhchung rebuild` empties them and folds the records again.

PRAGMA application_id = 0x4D43415A; -- "MCAZ"

-- Part one: history ---------------------------------------------------------------------------------------------------

-- A record's header: canonical JSON (RFC 8785); the Merkle leaf is SHA-256(0x00 || header).
CREATE TABLE record (
    number INTEGER PRIMARY KEY, -- from 0, no gaps; equals the leaf index
    header TEXT NOT NULL
) STRICT;

-- A record's body: canonical JSON. header.body = SHA-256(salt || body). A body may be erased; its header stays.
CREATE TABLE record_body (
    number INTEGER PRIMARY KEY,
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    body TEXT NOT NULL
) STRICT;

-- Roots of perfect subtrees: the leaves position << level … ((position + 1) << level) - 1. Level 0 is the leaf hashes.
CREATE TABLE record_node (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Who saw personal evidence: headers of the same form, without bodies, in a tree of their own.
CREATE TABLE access (
    number INTEGER PRIMARY KEY,
    header TEXT NOT NULL
) STRICT;

CREATE TABLE access_node (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- SHA-256 of each 1 MiB piece of an object, concatenated; only for objects of more than one piece (the only piece of a
-- small object has the object's own digest). Held against the record's digest of the list before it is believed.
CREATE TABLE piece_list (
    object TEXT PRIMARY KEY,
    pieces BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- No trigger keeps a body or an entry of the access log from being deleted: erasure and retention do that, by rule.
-- Replacing one is a change all the same, and SQLite's REPLACE deletes without telling triggers, so inserts look first.
CREATE TRIGGER record_is_new BEFORE INSERT ON record WHEN EXISTS (SELECT 1 FROM record WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER body_is_new BEFORE INSERT ON record_body WHEN EXISTS (SELECT 1 FROM record_body WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a body is never changed'); END;
CREATE TRIGGER access_is_new BEFORE INSERT ON access WHEN EXISTS (SELECT 1 FROM access WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;
CREATE TRIGGER record_is_final BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_stays BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TRIGGER body_is_final BEFORE UPDATE ON record_body BEGIN SELECT RAISE(ABORT, 'a body is never changed'); END;
CREATE TRIGGER node_is_final BEFORE UPDATE ON record_node BEGIN SELECT RAISE(ABORT, 'a node is never changed'); END;
CREATE TRIGGER node_stays BEFORE DELETE ON record_node BEGIN SELECT RAISE(ABORT, 'a node is never deleted'); END;
CREATE TRIGGER access_is_final BEFORE UPDATE ON access BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;
CREATE TRIGGER access_node_is_final BEFORE UPDATE ON access_node BEGIN SELECT RAISE(ABORT, 'a node is never changed'); END;

-- Part two: views -----------------------------------------------------------------------------------------------------

-- Everything under objects/sha256 that a record names.
CREATE TABLE object (
    key INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,       -- 64 hexadecimal digits: the file's name
    size INTEGER NOT NULL,             -- bytes
    piece_list_digest TEXT NOT NULL,
    is_evidence INTEGER NOT NULL,      -- 1: somebody's file; 0: only the text of one
    first_record INTEGER NOT NULL,     -- the record that named it first
    is_damaged INTEGER NOT NULL DEFAULT 0,
    -- What extraction found last, for evidence; null while nothing was tried.
    extraction_record INTEGER,
    extraction_state TEXT,
    text TEXT,                         -- digest of the text object
    tool TEXT,
    reason TEXT
) STRICT;

CREATE INDEX object_to_extract ON object (key) WHERE extraction_record IS NULL AND is_evidence = 1;
CREATE INDEX object_by_outcome ON object (extraction_state, tool) WHERE extraction_record IS NOT NULL;
CREATE INDEX object_damaged ON object (key) WHERE is_damaged = 1;

-- Evidence items with the metadata that holds now.
CREATE TABLE item (
    key INTEGER PRIMARY KEY,           -- in the order of deposit
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,              -- digest
    deposit_record INTEGER NOT NULL,
    metadata_record INTEGER NOT NULL,  -- the record whose metadata holds now
    depositor TEXT NOT NULL,
    deposited_at TEXT NOT NULL,
    kind TEXT NOT NULL,
    assurance TEXT NOT NULL,
    title TEXT,
    issuer TEXT,
    code_number TEXT,
    code_notation TEXT,
    subject TEXT,
    issued_on TEXT,
    valid_from TEXT,
    valid_until TEXT,
    holder TEXT,
    language TEXT,
    file_name TEXT
) STRICT;

CREATE INDEX item_by_object ON item (object);
CREATE INDEX item_by_deposit ON item (object, holder, file_name, depositor);
CREATE INDEX object_by_text ON object (text) WHERE text IS NOT NULL;

-- Which records are about a subject.
CREATE TABLE record_subject (
    subject TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;
