-- archive.sqlite, schema 2: who has which role, and where people and papers belong. All of it views.

-- The unit whose officers keep a person's registration.
ALTER TABLE person ADD COLUMN unit TEXT;

CREATE INDEX person_by_unit ON person (unit) WHERE unit IS NOT NULL;
CREATE INDEX unit_by_parent ON unit (parent) WHERE parent IS NOT NULL;

-- Accounts that were ever opened.
CREATE TABLE account (
    account TEXT PRIMARY KEY,
    opened_record INTEGER NOT NULL,    -- the last opening
    closed_record INTEGER              -- null while it is open
) STRICT, WITHOUT ROWID;

-- Roles that accounts were given. A grant held from record_from until before record_to, and in that on the days that it names.
CREATE TABLE role_grant (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    role TEXT NOT NULL,
    unit TEXT,                         -- with all below it; null: everywhere
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    record_from INTEGER NOT NULL,
    record_to INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX role_grant_by_account ON role_grant (account, record_from);

-- Which items are papers of which dossiers: cited, minutes of the review, the scan of the decision, whether that still holds or not.
CREATE TABLE dossier_item (
    dossier TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (dossier, item)
) STRICT, WITHOUT ROWID;

CREATE INDEX dossier_item_by_item ON dossier_item (item, dossier);

-- An archive that was made before: what its records are about says it.
INSERT INTO dossier_item (dossier, item)
SELECT DISTINCT dossiers.subject, items.subject
FROM record_subject AS dossiers JOIN record_subject AS items ON items.number = dossiers.number
WHERE dossiers.subject >= 'do-' AND dossiers.subject < 'do.' AND items.subject >= 'ev-' AND items.subject < 'ev.';

-- What belongs to nobody yet is its depositor's to see.
CREATE INDEX item_by_depositor ON item (depositor) WHERE person IS NULL;
