#!/usr/bin/env python3
"""Checks a stopped archive against Storage/README.md, with nothing of the program that wrote it.

    archive_oracle.py ARCHIVE [--acknowledged FILE]

FILE has lines as `minhchung deposit` prints them; what "deposited" and "already there" confirm must be there, whole.
Other lines are passed over. The archive is only read.

Exit status: 0 sound; 1 not sound, each finding on a line of its own; 2 it could not look.
"""

import argparse
import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import stat
import sys
import tempfile
import unicodedata
import urllib.parse

PIECE = 1 << 20
SAFE_INTEGER = (1 << 53) - 1
DIGEST = re.compile(r"[0-9a-f]{64}")
ITEM = re.compile(r"ev-[0-9abcdefghjkmnpqrstvwxyz]{16}")
ARCHIVE = re.compile(r"ar-[0-9abcdefghjkmnpqrstvwxyz]{16}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0d-\x1f\x7f-\x9f]")
ACKNOWLEDGED = re.compile(r"(?:deposited|already there) +(ev-\w{16}) ([0-9a-f]{64}) .+")


class CannotLook(Exception):
    """The archive cannot be examined: exit status 2."""


class Wrong(Exception):
    """What is wrong with the thing at hand."""


findings = []


def found(what, why):
    findings.append(f"{what}: {why}")


# Canonical JSON (RFC 8785) --------------------------------------------------------------------------------------------

SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def canonical(value):
    if isinstance(value, str):
        return '"' + "".join(SHORT_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    raise Wrong(f"it has the value {value}, which no member can have")


def parsed(data):
    """The value of canonical JSON; `Wrong` for everything else."""

    def pairs(members):
        names = [name for name, _ in members]
        if len(set(names)) < len(names):
            raise Wrong("it names a member twice")
        return dict(members)

    def integer(digits):
        if len(digits) > 17 or abs(int(digits)) > SAFE_INTEGER:
            raise Wrong(f"{digits} is too large a number")
        return int(digits)

    def refused(text):
        raise Wrong(f"{text} is not an integer")

    try:
        value = json.loads(
            data.decode(), object_pairs_hook=pairs, parse_int=integer, parse_float=refused, parse_constant=refused)
        if canonical(value).encode() != data:
            raise Wrong("it is JSON, but not in canonical form")
    except (ValueError, RecursionError) as error:
        raise Wrong(f"it is not JSON: {error}") from error
    return value


# The forms of headers and bodies --------------------------------------------------------------------------------------


def text(value):
    return isinstance(value, str) and value != ""


def count(value):
    return isinstance(value, int) and value >= 0


def digest(value):
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def item_id(value):
    return isinstance(value, str) and ITEM.fullmatch(value) is not None


def archive_id(value):
    return isinstance(value, str) and ARCHIVE.fullmatch(value) is not None


def strings(value):
    return isinstance(value, list) and all(map(text, value))


def one_of(*values):
    return lambda value: isinstance(value, str) and value in values


def exactly(expected):
    return lambda value: value == expected


def time(value):
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return False
    try:
        datetime.datetime.fromisoformat(value[:-1])
        return True
    except ValueError:
        return False


def date(value):
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return False
    try:
        datetime.date.fromisoformat(value)
        return True
    except ValueError:
        return False


def members(required, **optional):
    """A check: an object with these members, each of its kind, and no other."""

    def check(value):
        if not isinstance(value, dict):
            return False
        for name in sorted(value):
            kind = required.get(name) or optional.get(name)
            if kind is None:
                raise Wrong(f"the member {name} is not known")
            if not kind(value[name]):
                raise Wrong(f"the member {name} has a value that it cannot have")
        for name in required:
            if name not in value:
                raise Wrong(f"the member {name} is missing")
        return True

    return check


OBJECT = members({"digest": digest, "size": lambda value: count(value) and value > 0, "pieces": digest})
METADATA = members(
    {
        "kind": one_of("certificate", "decision", "report", "photo", "work-sample", "confirmation", "other"),
        "assurance": one_of("citizen-copy", "original-seen", "born-digital-signed", "verified-at-source"),
    },
    title=text, issuer=text, holder=text, code_number=text, code_notation=text, subject=text, issued_on=date,
    valid_from=date, valid_until=date, language=text, file_name=text)
BODIES = {
    "archive.created": members({"archive": archive_id, "format": exactly(0)}),
    "evidence.deposited": members({"item": item_id, "object": OBJECT, "metadata": METADATA}),
    "evidence.described": members({"item": item_id, "metadata": METADATA}),
    "object.extracted": members(
        {"object": digest, "state": one_of("extracted", "no-text", "kind-not-read", "failed"), "tool": text},
        media_type=text, page_count=count, text=OBJECT, incomplete=text, reason=text,
        facts=lambda value: isinstance(value, dict) and value != {} and all(map(text, value.values()))),
    "object.damaged": members({"object": digest, "damage": text}),
    "object.restored": members({"object": digest}),
}
HEADER = {"number": count, "time": time, "actor": text, "subjects": strings}
RECORD_HEADER = members({**HEADER, "kind": one_of(*BODIES), "body": digest}, acting_as=text)
ACCESS_HEADER = members(
    {**HEADER, "kind": one_of("evidence.listed", "evidence.found", "evidence.viewed", "evidence.exported")}, acting_as=text)
FORMAT = members(
    {
        "archive": archive_id, "created": time, "epoch": exactly(1), "format": exactly(0), "hash": exactly("sha256"),
        "piece_size": exactly(PIECE),
    })


def checked(data, form):
    value = parsed(data)
    if not form(value):
        raise Wrong("it is not a JSON object")
    return value


# Databases ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def reading(name):
    """What SQLite cannot read is a finding, and the end of what is done inside."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        found(name, f"it cannot be read: {error}")


@contextlib.contextmanager
def database(archive, name, application):
    """The database, read-only and never written to; `None` after a finding."""
    path = archive / name
    if not path.is_file() or path.stat().st_size == 0:
        found(name, "it is missing or empty")
        yield None
        return
    wal = archive / (name + "-wal")
    with tempfile.TemporaryDirectory() as folder:
        if wal.exists() and wal.stat().st_size > 0:
            # To read it SQLite would have to write beside it, so it is read in a copy.
            for file in (path, wal):
                shutil.copyfile(file, os.path.join(folder, file.name))
            uri = "file:" + urllib.parse.quote(os.path.join(folder, name))
        else:
            uri = "file:" + urllib.parse.quote(str(path.resolve())) + "?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            with reading(name):
                for (line,) in db.execute("PRAGMA integrity_check"):
                    if line != "ok":
                        found(name, f"integrity check: {line}")
                if db.execute("PRAGMA application_id").fetchone()[0] != application:
                    found(name, "its application_id is another one")
                if db.execute("PRAGMA user_version").fetchone()[0] != 1:
                    found(name, "its user_version is not 1")
            yield db


# The tree -------------------------------------------------------------------------------------------------------------


def sha256(*parts):
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def check_tree(db, table, name, form):
    """Every header, leaf and node. The headers that are right, by number; how many there should be; the root."""
    headers, size = {}, 0
    stored = dict(db.execute(f"SELECT position, hash FROM {table}_node WHERE level = 0"))
    for number, data in db.execute(f"SELECT number, CAST(header AS BLOB) FROM {table} ORDER BY number"):
        for missing in range(size, number):
            found(f"{name} {missing}", "it is missing")
        size = max(size, number + 1)
        if number not in stored:
            found(f"{name} {number}", "its leaf is missing from the tree")
        elif stored[number] != sha256(b"\0", data):
            found(f"{name} {number}", "its header is not that of its leaf")
            continue
        try:
            header = checked(data, form)
            if header["number"] != number:
                raise Wrong(f"its header says that it is number {header['number']}")
            headers[number] = header
        except Wrong as wrong:
            found(f"{name} {number}", f"header: {wrong}")
    below, level, peaks = stored, 0, []
    # Above level 62 no number of records has a node.
    for high, position in db.execute(f"SELECT level, position FROM {table}_node WHERE level NOT BETWEEN 0 AND 62"):
        found(f"node {high}/{position} of {table}_node", "there is no such level")
    (top,) = db.execute(f"SELECT coalesce(max(level), 0) FROM {table}_node WHERE level <= 62").fetchone()
    while level <= top or size >> level:
        nodes = stored if level == 0 else dict(
            db.execute(f"SELECT position, hash FROM {table}_node WHERE level = ?", (level,)))
        for position in range(size >> level):
            left, right = below.get(2 * position), below.get(2 * position + 1)
            if position not in nodes:
                if level > 0:
                    found(f"node {level}/{position} of {table}_node", "it is missing")
            elif level > 0 and left and right and nodes[position] != sha256(b"\1", left, right):
                found(f"node {level}/{position} of {table}_node", "it is not the hash of the two below it")
        for position in sorted(nodes):
            if not 0 <= position < size >> level:
                found(f"node {level}/{position} of {table}_node", f"it is over a {name} that is not there")
        if size >> level & 1:
            peaks.append(nodes.get((size >> level) - 1))
        below, level = nodes, level + 1
    if None in peaks:
        return headers, size, "unknown"
    root = peaks[0] if peaks else sha256()
    for peak in peaks[1:]:
        root = sha256(b"\1", peak, root)
    return headers, size, root.hex()


# Records and what follows from them -----------------------------------------------------------------------------------


class Fold:
    """What the records say, taken in order."""

    def __init__(self):
        self.items = {}  # id: row of the view
        self.objects = {}  # digest: row of the view
        self.subjects = set()
        self.items_of = {}  # digest: ids of items, oldest first
        self.texts = []  # (record, body) of extractions with a text
        self.archive = None
        self.is_complete = True  # no record is damaged or missing, so what is not in here is nowhere

    def describe(self, number, description, is_evidence):
        known = self.objects.setdefault(
            description["digest"],
            {
                "key": len(self.objects) + 1, "digest": description["digest"], "size": description["size"],
                "piece_list_digest": description["pieces"], "is_evidence": 0, "first_record": number, "is_damaged": 0,
                "extraction_record": None, "extraction_state": None, "text": None, "tool": None, "reason": None,
            })
        if (known["size"], known["piece_list_digest"]) != (description["size"], description["pieces"]):
            raise Wrong(f"it describes object {description['digest']} otherwise than record {known['first_record']}")
        known["is_evidence"] |= is_evidence

    def named(self, object):
        if object not in self.objects:
            raise Wrong(f"no record before describes its object {object}")
        return self.objects[object]

    def take(self, number, header, body):
        for subject in header["subjects"]:
            self.subjects.add((subject, number))
        kind, subjects = header["kind"], header["subjects"]
        if (kind == "archive.created") != (number == 0):
            raise Wrong("archive.created is record 0 and no other")
        if kind == "archive.created":
            self.archive = body["archive"]
            expected = [self.archive]
        elif kind == "evidence.deposited":
            expected = [body["item"]]
            if body["item"] in self.items:
                raise Wrong(f"the item {body['item']} was deposited before")
            self.describe(number, body["object"], 1)
            self.items_of.setdefault(body["object"]["digest"], []).append(body["item"])
            self.items[body["item"]] = {
                "key": len(self.items) + 1, "id": body["item"], "object": body["object"]["digest"],
                "deposit_record": number, "depositor": header.get("acting_as", header["actor"]),
                "deposited_at": header["time"], "metadata_record": number, "metadata": body["metadata"],
            }
        elif kind == "evidence.described":
            expected = [body["item"]]
            if body["item"] not in self.items:
                raise Wrong(f"no record before deposits its item {body['item']}")
            self.items[body["item"]].update(metadata_record=number, metadata=body["metadata"])
        elif kind == "object.extracted":
            expected = self.items_of.get(body["object"], [])[:1]
            if (body["state"] == "extracted") != ("text" in body) or (body["state"] == "failed") != ("reason" in body):
                raise Wrong(f"its state is {body['state']} and does not go with its members")
            known = self.named(body["object"])
            if "text" in body:
                self.describe(number, body["text"], 0)
                self.texts.append((number, body))
            known.update(
                extraction_record=number, extraction_state=body["state"], text=body.get("text", {}).get("digest"),
                tool=body["tool"], reason=body.get("reason"))
        else:
            self.named(body["object"])["is_damaged"] = int(kind == "object.damaged")
            # Those that had it when the operation began; a deposit in the same transaction may add one.
            expected = self.items_of.get(body["object"], [])[:len(subjects)]
        if subjects != expected:
            raise Wrong(f"its subjects are {subjects} and should be {expected}")


def check_records(db):
    headers, size, root = check_tree(db, "record", "record", RECORD_HEADER)
    if size == 0:
        found("record 0", "it is missing: there are no records")
    fold, whole, bodies = Fold(), set(), set()
    for number, salt, data in db.execute("SELECT number, salt, CAST(body AS BLOB) FROM record_body ORDER BY number"):
        bodies.add(number)
        if not 0 <= number < size:
            found(f"record {number}", "it has a body and is not there")
        if number not in headers:
            continue
        try:
            if sha256(salt, data).hex() != headers[number]["body"]:
                raise Wrong("it is not the body that the header commits to")
            body = checked(data, BODIES[headers[number]["kind"]])
            whole.add(number)
        except Wrong as wrong:
            found(f"record {number}", f"body: {wrong}")
            continue
        fold.is_complete = fold.is_complete and len(whole) == number + 1
        try:
            fold.take(number, headers[number], body)
        except Wrong as wrong:
            # What an earlier record should have said may be the reason.
            if fold.is_complete:
                found(f"record {number}", f"body: {wrong}")
    for number in sorted(set(headers) - bodies):
        found(f"record {number}", "its body is missing")
    fold.is_complete = len(whole) == size
    return fold, whole, size, root


def check_access(db, fold):
    headers, size, root = check_tree(db, "access", "access log entry", ACCESS_HEADER)
    for number, header in headers.items():
        for subject in header["subjects"]:
            if fold.is_complete and subject not in fold.items:
                found(f"access log entry {number}", f"its subject {subject} is no item")
    return size, root


# Objects --------------------------------------------------------------------------------------------------------------


def read_object(path):
    """Digest, size and list of pieces, computed from the file."""
    hasher, size, pieces = hashlib.sha256(), 0, b""
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            hasher.update(piece)
            size += len(piece)
            pieces += sha256(piece)
    return hasher.hexdigest(), size, pieces


def check_objects(archive, fold):
    """Every file under objects/, and every object that a record names. The digests that are right, and their pieces."""
    sound, top = {}, archive / "objects"
    for name in sorted(os.listdir(top)):
        if name != "sha256":
            found(f"objects/{name}", "it is not of the format")
    folders = {f"{byte:02x}" for byte in range(256)}
    present = set(os.listdir(top / "sha256"))
    for name in sorted(folders - present):
        found(f"objects/sha256/{name}", "the folder is missing")
    for name in sorted(present - folders):
        found(f"objects/sha256/{name}", "it is not of the format")
    for folder in sorted(folders & present):
        for name in sorted(os.listdir(top / "sha256" / folder)):
            path = top / "sha256" / folder / name
            if not digest(name) or name[:2] != folder:
                found(path.relative_to(archive), "no object has this name here")
                continue
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                found(f"object {name}", "it is not a regular file")
                continue
            if stat.S_IMODE(status.st_mode) != 0o400:
                found(f"object {name}", f"its mode is {stat.S_IMODE(status.st_mode):o} and not 400")
            really, size, pieces = read_object(path)
            named = fold.objects.get(name)
            if really != name:
                found(f"object {name}", f"its content has changed: its SHA-256 is {really}, it has {size} bytes")
            elif named and named["size"] != size:
                found(f"object {name}", f"it has {size} bytes, record {named['first_record']} says {named['size']}")
            else:
                sound[name] = pieces
    for name, row in fold.objects.items():
        path = top / "sha256" / name[:2] / name
        if not os.path.lexists(path):
            found(f"object {name}", f"it is missing; record {row['first_record']} names it")
        elif name in sound and sha256(sound[name]).hex() != row["piece_list_digest"]:
            found(f"object {name}", f"its pieces are not those of record {row['first_record']}")
    return sound


def check_piece_lists(db, fold, sound):
    stored = dict(db.execute("SELECT object, pieces FROM piece_list"))
    for name, row in fold.objects.items():
        pieces = stored.pop(name, None)
        if row["size"] <= PIECE:
            if pieces is not None:
                found(f"list of pieces of object {name}", "it is there, and the object has only one piece")
        elif pieces is None:
            found(f"list of pieces of object {name}", "it is missing")
        elif sha256(pieces).hex() != row["piece_list_digest"] or sound.get(name, pieces) != pieces:
            found(f"list of pieces of object {name}", "it is not the recorded one")
    for name in sorted(stored):
        found(f"list of pieces of object {name}", "no record names the object")


def is_known_to_unicode(data):
    """Whether this Python knows all characters; it cannot normalise or fold others as another version does."""
    return all(unicodedata.category(character) != "Cn" for character in data)


def check_texts(archive, fold, sound):
    for number, body in fold.texts:
        name = body["text"]["digest"]
        if name not in sound:
            continue  # found already
        data = (archive / "objects" / "sha256" / name[:2] / name).read_bytes()
        what = f"text object {name} of record {number}"
        try:
            content = data.decode()
        except UnicodeDecodeError as error:
            found(what, f"it is not UTF-8: {error}")
            continue
        pages = content.count("\f")
        if not content.endswith("\f"):
            found(what, "its last page is not ended by a form feed")
        if CONTROL_IN_TEXT.search(content):
            found(what, "it has control characters")
        if is_known_to_unicode(content) and not unicodedata.is_normalized("NFC", content):
            found(what, "it is not in normal form C")
        stated = body.get("page_count")
        if "incomplete" not in body and pages != stated or stated is not None and pages > stated:
            found(what, f"it has {pages} pages, the record says {stated}")


# Views ----------------------------------------------------------------------------------------------------------------

METADATA_COLUMNS = (
    "kind", "assurance", "title", "issuer", "code_number", "code_notation", "subject", "issued_on", "valid_from",
    "valid_until", "holder", "language", "file_name")


def check_view(db, table, key, expected):
    """Holds the rows of a view against `expected`: {key: {column: value}}."""
    columns = list(next(iter(expected.values()), {key: None}))
    stored = {}
    for row in db.execute(f"SELECT {', '.join(columns)} FROM {table}"):
        values = dict(zip(columns, row))
        stored[values[key]] = values
    for name, row in expected.items():
        if name not in stored:
            found(f"view {table}, {name}", "it is missing")
            continue
        for column, value in row.items():
            if stored[name][column] != value:
                found(f"view {table}, {name}", f"{column} is {stored[name][column]!r}, by the records it is {value!r}")
    for name in stored:
        if name not in expected:
            found(f"view {table}, {name}", "no record has it")


def check_views(db, fold):
    check_view(db, "object", "digest", fold.objects)
    items = {}
    for id, item in fold.items.items():
        metadata = item["metadata"]
        row = {column: value for column, value in item.items() if column != "metadata"}
        row.update({column: metadata.get(column) for column in METADATA_COLUMNS})
        items[id] = row
    check_view(db, "item", "id", items)
    stored = set(db.execute("SELECT subject, number FROM record_subject"))
    for subject, number in sorted(fold.subjects - stored):
        found(f"view record_subject, {subject}", f"record {number} is missing")
    for subject, number in sorted(stored - fold.subjects):
        found(f"view record_subject, {subject}", f"record {number} is not about it")


# The other two databases, the other folders ---------------------------------------------------------------------------


def check_service(db, fold):
    for name, at in db.execute("SELECT object, checked_at FROM fixity_check"):
        if name not in fold.objects or not time(at):
            found(f"service.sqlite, fixity_check of {name}", "no record names the object, or its time is none")


def check_search(db, size):
    (records,) = db.execute("SELECT coalesce(max(value), 0) FROM mark WHERE name = 'records'").fetchone()
    if records > size:
        found("search.sqlite", f"it has {records} records, the ledger {size}")


def check_folders(archive):
    for name in ("staging", "quarantine", "trash"):
        if not (archive / name).is_dir():
            found(f"{name}/", "the folder is missing")
    if (archive / "staging").is_dir():
        for name in sorted(os.listdir(archive / "staging")):
            found(f"staging/{name}", "a leftover that the start did not remove")


def check_format(archive, fold):
    data = (archive / "format.json").read_bytes()
    try:
        if not data.endswith(b"\n"):
            raise Wrong("it does not end with a newline")
        description = checked(data[:-1], FORMAT)
        if fold.archive not in (None, description["archive"]):
            raise Wrong(f"it names {description['archive']}, record 0 names {fold.archive}")
    except Wrong as wrong:
        found("format.json", wrong)


def check_acknowledged(lines, fold, whole, sound):
    confirmed = 0
    for line in lines:
        if not line.startswith(("deposited  ", "already there  ")):
            continue
        match = ACKNOWLEDGED.fullmatch(line)
        if match is None:
            raise CannotLook(f"this acknowledgement is not understood: {line}")
        confirmed += 1
        id, name = match.groups()
        item = fold.items.get(id)
        if item is None:
            found(f"acknowledged {id}", "LOST: no record deposits it")
        elif item["object"] != name:
            found(f"acknowledged {id}", f"LOST: its object is {item['object']}, acknowledged was {name}")
        elif item["deposit_record"] not in whole:
            found(f"acknowledged {id}", "LOST: its record is damaged")
        elif name not in sound:
            found(f"acknowledged {id}", f"LOST: its object {name} is missing or damaged")
    return confirmed


# ----------------------------------------------------------------------------------------------------------------------


def check(archive, acknowledged):
    fold, whole, records, record_root, entries, access_root = Fold(), set(), 0, "unknown", 0, "unknown"
    fold.is_complete = False
    with database(archive, "archive.sqlite", 0x4D43415A) as db:
        if db:
            with reading("archive.sqlite"):
                fold, whole, records, record_root = check_records(db)
                entries, access_root = check_access(db, fold)
        check_format(archive, fold)
        sound = check_objects(archive, fold)
        check_texts(archive, fold, sound)
        if db and fold.is_complete:
            with reading("archive.sqlite"):
                check_piece_lists(db, fold, sound)
                check_views(db, fold)
    with database(archive, "service.sqlite", 0x4D435356) as db, reading("service.sqlite"):
        if db and fold.is_complete:
            check_service(db, fold)
    if (archive / "search.sqlite").exists():
        with database(archive, "search.sqlite", 0x4D435358) as db, reading("search.sqlite"):
            if db and fold.is_complete:
                check_search(db, records)
    check_folders(archive)
    confirmed = check_acknowledged(acknowledged, fold, whole, sound) if acknowledged is not None else None
    return (
        f"{records} records, root {record_root}; {entries} access log entries, root {access_root}; "
        f"{len(fold.objects)} objects, {len(set(sound) - set(fold.objects))} that no record names"
        + (f"; {confirmed} acknowledged deposits" if confirmed is not None else "")
        + ("" if fold.is_complete else "; views were not looked at, because records are damaged"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--acknowledged", type=pathlib.Path, metavar="FILE")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        if not (options.archive / "format.json").is_file():
            raise CannotLook("there is no archive")
        acknowledged = None
        if options.acknowledged:
            acknowledged = options.acknowledged.read_text(errors="surrogateescape").split("\n")
        with contextlib.ExitStack() as stack:
            if (options.archive / "lock").exists():
                lock = stack.enter_context(open(options.archive / "lock", "rb"))
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise CannotLook("it is in use") from None
            summary = check(options.archive, acknowledged)
    except (CannotLook, OSError, sqlite3.Error) as error:
        print(f"cannot look at {options.archive}: {error}", file=sys.stderr)
        return 2
    for finding in findings:
        print(f"FOUND  {finding}")
    print(f"{len(findings)} findings: {summary}" if findings else f"sound: {summary}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
