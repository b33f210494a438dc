-- archive.sqlite, schema 1: what must survive, and the views folded from it.
--
-- Part one is the history: records, their bodies, the access log, the nodes of both Merkle trees, and what was signed about
-- them. Nothing of it is ever changed; triggers stop mistakes (an attacker with the file is found by the hashes and the
-- signatures, not by triggers).
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

-- Checkpoints of both trees as the archive signed them (C2SP signed notes), without cosignatures. The newest of each tree stays, and
-- the last of each day, and those that somebody has cosigned or stamped.
CREATE TABLE checkpoint (
    tree TEXT NOT NULL,                -- records, access
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    signed_at TEXT NOT NULL,
    access_size INTEGER,               -- of records: the size of the newest checkpoint of the access log by then, which stays as well
    PRIMARY KEY (tree, epoch, size)
) STRICT, WITHOUT ROWID;

-- What witnesses returned: signature lines (C2SP tlog-cosignature), each with its newline; the last one of each witness.
CREATE TABLE cosignature (
    tree TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL,
    key_name TEXT NOT NULL,
    line TEXT NOT NULL,
    added_at TEXT NOT NULL,
    PRIMARY KEY (tree, epoch, size, key_name)
) STRICT, WITHOUT ROWID;

-- RFC 3161 responses over the text of a checkpoint.
CREATE TABLE checkpoint_stamp (
    tree TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL,
    token BLOB NOT NULL,
    stamped_at TEXT NOT NULL,          -- as the token says
    PRIMARY KEY (tree, epoch, size)
) STRICT, WITHOUT ROWID;

-- What an erasure that was recorded has still to remove from the disk; empty but for moments.
CREATE TABLE erasure_to_finish (
    record INTEGER PRIMARY KEY,        -- the first of its tombstones
    last INTEGER NOT NULL,             -- the last of them
    list TEXT NOT NULL,                -- path of the erasure list
    takes_shared INTEGER NOT NULL,     -- 1: what is about others too and named the person went as well; the list says so
    is_off_disk INTEGER NOT NULL       -- 1: only the list lacks it
) STRICT;

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
CREATE TRIGGER checkpoint_is_final BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;
CREATE TRIGGER access_node_stays BEFORE DELETE ON access_node BEGIN SELECT RAISE(ABORT, 'a node is never deleted'); END;
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
    erased_record INTEGER,             -- the record that its bytes were erased by; null while they are there
    -- What extraction found last, for evidence; null while nothing was tried.
    extraction_record INTEGER,
    extraction_state TEXT,
    text TEXT,                         -- digest of the text object
    tool TEXT,
    reason TEXT
) STRICT;

CREATE INDEX object_to_extract ON object (key) WHERE extraction_record IS NULL AND is_evidence = 1 AND erased_record IS NULL;
CREATE INDEX object_by_outcome ON object (extraction_state, tool) WHERE extraction_record IS NOT NULL;
CREATE INDEX object_damaged ON object (key) WHERE is_damaged = 1;

-- Evidence items with the metadata that holds now.
CREATE TABLE item (
    key INTEGER PRIMARY KEY,           -- in the order of deposit
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,              -- digest
    verification TEXT NOT NULL,        -- what is known of its truth now: submitted until somebody has looked
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
    person TEXT,
    language TEXT,
    file_name TEXT,
    erased_record INTEGER              -- the record that erased it; its metadata is what the redaction left
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

-- What erasures left of bodies.
CREATE TABLE redaction (
    number INTEGER PRIMARY KEY,        -- the record whose body was erased
    record INTEGER NOT NULL,           -- the record that says so
    body TEXT NOT NULL
) STRICT;

-- Legal holds that hold.
CREATE TABLE hold (
    subject TEXT PRIMARY KEY,          -- an item, a person or a dossier
    record INTEGER NOT NULL,
    reason TEXT NOT NULL,
    legal_basis TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Objects that were read whole and found right, by key; each run of a check has some rows.
CREATE TABLE fixity (
    record INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    checked_at TEXT NOT NULL,          -- when the run began
    PRIMARY KEY (record, first)
) STRICT, WITHOUT ROWID;

-- Keys that the archive signed with before, restorations, and drops of the access log: records about the archive itself.
CREATE TABLE milestone (
    record INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    epoch INTEGER,                     -- of a restoration
    access_before INTEGER              -- of a drop: entries before this one are gone
) STRICT;

CREATE INDEX milestone_by_kind ON milestone (kind, record);

-- Which entries of the access log are about a subject. Computed from the entries.
CREATE TABLE access_subject (
    subject TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;

-- Criteria sets and rule sets that may be used, by the digest of their canonical object.
CREATE TABLE rule_document (
    object TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                -- criteria-set, rule-set
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    record INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rule_document_by_code ON rule_document (code, version);

-- What units are called, from which day. On a date, of the rows whose days take it in, the one that began last holds; of two
-- from one day, the one of the later record.
CREATE TABLE unit (
    id TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    record INTEGER NOT NULL,
    valid_until TEXT,
    name TEXT NOT NULL,
    code TEXT,
    kind TEXT NOT NULL,
    parent TEXT,
    legal_basis TEXT,
    PRIMARY KEY (id, valid_from, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX unit_by_code ON unit (code, valid_from) WHERE code IS NOT NULL;

-- The graph of units that became others.
CREATE TABLE unit_succession (
    record INTEGER PRIMARY KEY,
    from_unit TEXT NOT NULL,
    to_unit TEXT,
    kind TEXT NOT NULL,
    is_whole INTEGER NOT NULL,
    effective_on TEXT NOT NULL,
    legal_basis TEXT
) STRICT;

CREATE INDEX unit_succession_by_from ON unit_succession (from_unit);
CREATE INDEX unit_succession_by_to ON unit_succession (to_unit) WHERE to_unit IS NOT NULL;

-- People, as declared last.
CREATE TABLE person (
    key INTEGER PRIMARY KEY,           -- in the order of registration
    id TEXT NOT NULL UNIQUE,
    record INTEGER NOT NULL,           -- the record that holds now
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,         -- without case and diacritics, words parted by one space
    birth_year INTEGER,
    subject_group TEXT,
    account TEXT,
    number_mac TEXT,
    number_ending TEXT,
    erased_record INTEGER              -- the record that erased what was personal
) STRICT;

CREATE INDEX person_by_name ON person (name_folded, birth_year);
CREATE INDEX person_by_account ON person (account) WHERE account IS NOT NULL;
CREATE INDEX person_by_number ON person (number_mac) WHERE number_mac IS NOT NULL;

-- Dossiers, with the stage that holds now.
CREATE TABLE dossier (
    key INTEGER PRIMARY KEY,           -- in the order of opening
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    cycle INTEGER NOT NULL,
    unit TEXT NOT NULL,
    subject_group TEXT NOT NULL,
    criteria TEXT NOT NULL,            -- digests of the canonical objects that bind it
    rules TEXT NOT NULL,
    opened_record INTEGER NOT NULL,
    stage TEXT NOT NULL,
    stage_record INTEGER NOT NULL
) STRICT;

CREATE INDEX dossier_by_person ON dossier (person, cycle);
CREATE INDEX dossier_by_unit ON dossier (unit, cycle, stage);
CREATE INDEX dossier_by_stage ON dossier (cycle, stage);

-- The rows of the next four tables held from record_from until before record_to; null: they hold.

CREATE TABLE dossier_stage (
    dossier TEXT NOT NULL,
    record_from INTEGER NOT NULL,
    record_to INTEGER,
    stage TEXT NOT NULL,
    act TEXT,                          -- null for the opening
    role TEXT NOT NULL,
    account TEXT NOT NULL,             -- in whose name it was done
    PRIMARY KEY (dossier, record_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE citation (
    id TEXT PRIMARY KEY,
    dossier TEXT NOT NULL,
    indicator TEXT NOT NULL,
    item TEXT NOT NULL,
    object TEXT NOT NULL,              -- the digest that is cited
    pages TEXT NOT NULL,               -- "1,3,4"; empty for the whole
    text TEXT,
    reaffirms TEXT,
    record_from INTEGER NOT NULL,
    record_to INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX citation_by_dossier ON citation (dossier, indicator);
CREATE INDEX citation_by_item ON citation (item, dossier);
CREATE INDEX citation_by_text ON citation (text) WHERE text IS NOT NULL;

CREATE TABLE score (
    dossier TEXT NOT NULL,
    kind TEXT NOT NULL,                -- self, collective, appraised, final
    indicator TEXT NOT NULL,
    record_from INTEGER NOT NULL,
    record_to INTEGER,
    halves INTEGER NOT NULL,           -- twice the points
    is_partial INTEGER NOT NULL,
    role TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (dossier, kind, indicator, record_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE verification (
    item TEXT NOT NULL,
    record_from INTEGER NOT NULL,
    record_to INTEGER,
    state TEXT NOT NULL,
    method TEXT,
    verified_at TEXT NOT NULL,         -- the time of the record
    superseded_by TEXT,
    PRIMARY KEY (item, record_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX item_by_verification ON item (verification, key);

-- The validity and the dates of issue and of upload of an item are facts of their own.
CREATE INDEX item_by_issue ON item (issued_on) WHERE issued_on IS NOT NULL;
CREATE INDEX item_by_expiry ON item (valid_until) WHERE valid_until IS NOT NULL;
CREATE INDEX item_by_upload ON item (deposited_at);
CREATE INDEX item_by_person ON item (person) WHERE person IS NOT NULL;
-- The same certificate in different hands.
CREATE INDEX item_by_code ON item (code_number, code_notation) WHERE code_number IS NOT NULL;

-- What was decided about whom; with a title where it was given. Honours are titles of their own.
CREATE TABLE decision (
    record INTEGER PRIMARY KEY,
    decision TEXT NOT NULL,            -- the document
    dossier TEXT,                      -- null for an honour
    person TEXT NOT NULL,
    cycle INTEGER NOT NULL,            -- of an honour: the last year
    unit TEXT,
    title TEXT,
    honour TEXT,                       -- the name of the honour
    code_number TEXT NOT NULL,
    code_notation TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    revoked_record INTEGER,            -- the record that took the title back
    replaced_record INTEGER            -- a later decision about the same dossier
) STRICT;

CREATE UNIQUE INDEX decision_by_title ON decision (title) WHERE title IS NOT NULL;
CREATE INDEX decision_by_person ON decision (person, cycle);
CREATE INDEX decision_by_dossier ON decision (dossier) WHERE dossier IS NOT NULL;
CREATE INDEX decision_by_document ON decision (decision);
CREATE INDEX decision_by_code ON decision (code_number, code_notation);
