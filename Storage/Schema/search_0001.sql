-- search.sqlite, schema 1: the search index. It may be deleted at any time; it is folded again from records and texts.

PRAGMA application_id = 0x4D435358; -- "MCSX"

-- An evidence item as search sees it.
CREATE TABLE indexed_item (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    kind TEXT NOT NULL,
    issued_on TEXT,
    generation INTEGER NOT NULL DEFAULT 0, -- counts how often the item was indexed anew
    metadata_record INTEGER NOT NULL,  -- the record whose metadata page 0 shows
    text TEXT                          -- digest of the text that its pages were indexed from; null where there was none to read
) STRICT;

CREATE INDEX indexed_item_by_object ON indexed_item (object);

-- A page of an item. Page 0 is its declared metadata. What an index row means is here: a row of `page_text` without a
-- row here is out of date and is not shown.
--
-- key = item << 32 | generation << 16 | (65535 - number): no key is ever used for two texts, and the descending order
-- of keys is newest item first, then pages in order, however the index came about.
CREATE TABLE page (
    key INTEGER PRIMARY KEY,           -- rowid in page_text
    item INTEGER NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,            -- where the page begins in the text object, in bytes
    length INTEGER NOT NULL            -- bytes
) STRICT;

CREATE INDEX page_by_item ON page (item, number);

-- exact: NFC, lower case, one tone placement; empty where that is the folded form too, and `kind` then has the word "plain" (page 0
-- has "declared" there). folded: without diacritics, d for đ. The others scope a search, so that
-- the index intersects them with the words. All are folded by the program; SQLite only divides them into words.
CREATE VIRTUAL TABLE page_text USING fts5 (
    exact, folded, kind, issuer, holder,
    content = '', tokenize = 'unicode61 remove_diacritics 0'
);

-- Words are gathered in memory up to so many bytes before they become a segment of the index.
INSERT INTO page_text (page_text, rank) VALUES ('hashsize', 8388608);

-- `records`: how many records of the ledger are folded into this index. `leaf`: the first 7 bytes of the leaf hash of the
-- last of them, to tell an index of another past.
CREATE TABLE mark (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO mark (name, value) VALUES ('records', 0);
