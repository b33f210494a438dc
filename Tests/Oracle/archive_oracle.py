#!/usr/bin/env python3
"""Checks a stopped archive against Storage/README.md, with nothing of the program that wrote it.

    archive_oracle.py ARCHIVE [--acknowledged FILE]

FILE has lines as `minhchung deposit` prints them; what "deposited" and "already there" confirm must be there, whole.
Other lines are passed over. The archive is only read.

Standard library only. The signatures of checkpoints are verified where the package `cryptography` is installed; where it is
not, the last line says so.

Exit status: 0 sound; 1 not sound, each finding on a line of its own; 2 it could not look.
"""

import argparse
import base64
import binascii
import contextlib
import datetime
import fcntl
import hashlib
import hmac
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

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

PIECE = 1 << 20
SAFE_INTEGER = (1 << 53) - 1
DIGEST = re.compile(r"[0-9a-f]{64}")
INDICATOR = re.compile(r"[A-Z][1-9][0-9]?")
ENDING = re.compile(r"[0-9]{3}")
FINGERPRINT = re.compile(r"[0-9a-f]{32}")
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
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
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


# Signed notes and checkpoints (C2SP) ----------------------------------------------------------------------------------


def base64_bytes(text):
    """The bytes of base 64 with padding, in its one spelling; `None` for everything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def key_parts(value):
    """Name, hash and key of `NAME+HASH+KEY`; `None` for everything else. The key is Ed25519's."""
    parts = value.split("+", 2) if isinstance(value, str) else []
    data = base64_bytes(parts[2]) if len(parts) == 3 else None
    if not data or len(data) != 33 or data[0] != 1 or not parts[0] or any(c.isspace() for c in parts[0]):
        return None
    if sha256(parts[0].encode(), b"\n", data).hex()[:8] != parts[1]:
        return None
    return parts[0], parts[1], data[1:]


def verifier(value):
    return key_parts(value) is not None


def signature_holds(key, signature, message):
    """Whether it is the key's; what cannot be verified here is taken for it."""
    if Ed25519PublicKey is None:
        return True
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def signature_line(line):
    """Key name, hash and signature of a line without its newline."""
    words = line.split(" ")
    data = base64_bytes(words[2]) if len(words) == 3 and words[0] == "\u2014" else None
    if not data or len(data) <= 4:
        raise Wrong("a line is no signature")
    return words[1], data[:4].hex(), data[4:]


def signed_text(note, keys):
    """The text of a note that one of `keys` has signed, and none of them wrongly."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise Wrong("it is no signed note")
    text += "\n"
    known, signed = {key_parts(key)[:2]: key_parts(key)[2] for key in keys}, False
    for line in lines[:-1].split("\n"):
        name, hash, signature = signature_line(line)
        if (name, hash) in known:
            if not signature_holds(known[name, hash], signature, text.encode()):
                raise Wrong(f"the signature of {name} does not verify")
            signed = True
    if not signed:
        raise Wrong("no key of the archive has signed it")
    return text


# The forms of headers and bodies --------------------------------------------------------------------------------------


def text(value):
    return isinstance(value, str) and value != ""


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def flag(value):
    return isinstance(value, bool)


def digest(value):
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def identifier(prefix):
    pattern = re.compile(prefix + "-[0-9abcdefghjkmnpqrstvwxyz]{16}")
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


archive_id, item_id, person_id, unit_id = map(identifier, ("ar", "ev", "pe", "un"))
dossier_id, citation_id, decision_id, title_id = map(identifier, ("do", "ci", "de", "ti"))
grant_id = identifier("gr")


def account_name(value):
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9._-]{1,64}", value) is not None and sum(c.isdigit() for c in value) < 9




def strings(value):
    return isinstance(value, list) and all(map(text, value))


def some(form):
    return lambda value: isinstance(value, list) and value != [] and all(map(form, value))


def list_of(form):
    return lambda value: isinstance(value, list) and all(map(form, value))


def indicator(value):
    return isinstance(value, str) and INDICATOR.fullmatch(value) is not None


def pages(value):
    """Page numbers from 1 on, each larger than the one before."""
    return some(count)(value) and value[0] > 0 and all(a < b for a, b in zip(value, value[1:]))


def region(value):
    """A rectangle within 1000 by 1000."""
    if not list_of(count)(value) or len(value) != 4:
        return False
    x, y, width, height = value
    return width > 0 and height > 0 and x + width <= 1000 and y + height <= 1000


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
    valid_from=date, valid_until=date, language=text, file_name=text, person=person_id)
ROLES = ("citizen", "assistant", "reviewer", "appraiser", "confirmer", "authority", "inspector", "administrator")
role = one_of(*ROLES)
# Where an act leads; `uphold` leads back to what was decided, decisions and revocations are records of their own.
LEADS_TO = {
    "declare": "declaring", "submit": "submitted", "review": "reviewed", "appraise": "appraised", "confirm": "confirmed",
    "propose": "proposed", "return": "returned", "withdraw": "withdrawn", "object": "objected", "appeal": "appealed",
    "reopen": "submitted", "uphold": None,
}
NEEDS_REASON = ("return", "withdraw", "object", "appeal", "uphold", "reopen")
STAGES = (
    "registered", "declaring", "submitted", "reviewed", "appraised", "confirmed", "proposed", "recognised", "refused",
    "returned", "withdrawn", "objected", "appealed", "revoked")
# What a new description puts back to `submitted`: it says something else than what was looked at.
LOOKED_AT = ("in-review", "verified")
FINDINGS = ("in-review", "verified", "rejected", "needs-more", "revoked", "expired")
REFERENCE = members({"item": item_id, "object": digest})
SCORE = members({"halves": count}, partial=lambda value: value is True)
REVIEW = members(
    {"held_on": date, "participants": some(text), "votes_for": count, "votes_against": count}, minutes=REFERENCE)
DOCUMENT = members(
    {
        "decision": decision_id, "code_number": text, "code_notation": text, "issued_on": date, "authority": text,
        "signer": text,
    }, scan=REFERENCE)
DECIDED_CITATION = members(
    {
        "citation": citation_id, "indicator": indicator, "evidence": REFERENCE,
        "verification": one_of("submitted", *FINDINGS, "superseded", "erased"),
    }, pages=pages, text=digest)


HOLD = members(
    {"subject": lambda value: any(form(value) for form in (item_id, person_id, dossier_id)), "reason": text,
     "legal_basis": text, "role": role})


def positive(value):
    return count(value) and value > 0


def ranges(value):
    """Pairs of the first and the last number, from 1 on, one behind the other."""
    if not isinstance(value, list) or value == [] or not all(list_of(positive)(pair) and len(pair) == 2 for pair in value):
        return False
    ends = [0] + [number for pair in value for number in pair]
    return all(a <= b for a, b in value) and all(a < b for a, b in zip(ends[::2], ends[1::2]))


def scores(value):
    return isinstance(value, dict) and value != {} and all(map(indicator, value)) and all(map(SCORE, value.values()))


BODIES = {
    "archive.created": members({"archive": archive_id, "format": exactly(1)}),
    "evidence.deposited": members({"item": item_id, "object": OBJECT, "metadata": METADATA}),
    "evidence.described": members({"item": item_id, "metadata": METADATA}),
    "object.extracted": members(
        {"object": digest, "state": one_of("extracted", "no-text", "kind-not-read", "failed"), "tool": text},
        media_type=text, page_count=count, text=OBJECT, incomplete=text, reason=text,
        facts=lambda value: isinstance(value, dict) and value != {} and all(map(text, value.values()))),
    "object.damaged": members({"object": digest, "damage": text}),
    "object.restored": members({"object": digest}),
    "rule.imported": members(
        {"kind": one_of("criteria-set", "rule-set"), "code": text, "version": count, "object": OBJECT}),
    "unit.declared": members(
        {
            "unit": unit_id, "name": text, "valid_from": date,
            "kind": one_of(
                "province", "district", "commune", "ward", "special-zone", "locality", "agency", "school", "association"),
        }, code=text, parent=unit_id, valid_until=date, legal_basis=text),
    "unit.succeeded": members(
        {
            "from": unit_id, "kind": one_of("merge", "split", "rename", "retype", "abolish"), "whole": flag,
            "effective_on": date,
        }, to=unit_id, legal_basis=text),
    "person.declared": members(
        {"person": person_id, "name": text}, birth_year=count, group=text, account=text, unit=unit_id,
        number=members(
            {"mac": digest, "ending": lambda value: isinstance(value, str) and ENDING.fullmatch(value) is not None})),
    "dossier.opened": members(
        {
            "dossier": dossier_id, "person": person_id, "cycle": count, "unit": unit_id, "group": text, "criteria": digest,
            "rules": digest, "role": role,
        }),
    "dossier.stepped": members(
        {"dossier": dossier_id, "act": one_of(*LEADS_TO), "from": one_of(*STAGES), "to": one_of(*STAGES), "role": role},
        reason=text, review=REVIEW),
    "evidence.cited": members(
        {"citation": citation_id, "dossier": dossier_id, "indicator": indicator, "evidence": REFERENCE, "role": role},
        pages=pages, region=region, text=digest, note=text, reaffirms=citation_id),
    "citation.withdrawn": members({"citation": citation_id, "dossier": dossier_id, "reason": text, "role": role}),
    "evidence.verified": members(
        {"item": item_id, "state": one_of(*FINDINGS), "role": role},
        method=one_of("original-seen", "issuer-confirmed", "signature-checked"), reason=text),
    "evidence.superseded": members({"item": item_id, "by": item_id, "reason": text, "role": role}),
    "scores.given": members(
        {
            "dossier": dossier_id, "kind": one_of("self", "collective", "appraised", "final"), "scores": scores,
            "role": role,
        }, reason=text),
    "dossier.decided": members(
        {
            "document": DOCUMENT, "dossier": dossier_id, "person": person_id, "cycle": count, "unit": unit_id,
            "group": text, "from": one_of(*STAGES), "criteria": digest, "rules": digest, "scores": scores,
            "citations": list_of(DECIDED_CITATION), "reviewers": strings, "total_halves": count, "unmet": strings,
            "role": role,
        }, grade=text, title=title_id),
    "title.revoked": members(
        {"title": title_id, "reason": text, "legal_basis": text, "role": role}, dossier=dossier_id),
    "honour.granted": members(
        {
            "document": DOCUMENT, "honour": title_id, "person": person_id, "name": text, "rules": digest,
            "titles": some(title_id), "role": role,
        }),
    "data.erased": members(
        {
            "items": list_of(item_id), "objects": list_of(digest),
            "redactions": list_of(members({"record": count, "kind": text, "body": lambda value: isinstance(value, dict)})),
            "reason": text, "legal_basis": text, "role": role,
        }, person=person_id),
    "hold.placed": HOLD,
    "hold.released": HOLD,
    "key.rotated": members({"old": verifier, "new": verifier, "reason": text, "endorsement": text, "access_size": count}),
    "archive.restored": members(
        {"epoch": positive, "from_epoch": positive, "taken_at": time, "access_size": count}, reason=text,
        witnessed=members({"epoch": positive, "size": count, "root": digest})),
    "access.dropped": members({"before": count, "until": time, "reason": text}),
    "fixity.checked": members({"started_at": time, "objects": ranges}),
    "account.opened": members({"account": account_name}, reason=text),
    "account.closed": members({"account": account_name, "reason": text}),
    "role.granted": members(
        {"grant": grant_id, "account": account_name, "role": role, "valid_from": date}, unit=unit_id, valid_until=date,
        legal_basis=text),
    "role.withdrawn": members({"grant": grant_id, "account": account_name, "reason": text}),
    "sign-in.changed": members(
        {
            "account": account_name,
            "act": one_of(
                "setup-link-made", "setup-link-used", "identity-linked", "identity-unlinked", "authenticator-set", "authenticator-removed",
                "password-changed", "token-made"),
        }),
}
ABOUT_EVIDENCE = ("evidence.listed", "evidence.found", "evidence.viewed", "evidence.imaged", "evidence.exported")
HEADER = {"number": count, "time": time, "actor": text, "subjects": strings}
RECORD_HEADER = members({**HEADER, "kind": one_of(*BODIES), "body": digest}, acting_as=text)
ACCESS_HEADER = members(
    {
        **HEADER,
        "kind": one_of(
            *ABOUT_EVIDENCE, "evidence.traced", "person.viewed", "dossier.viewed", "bundle.exported", "access.viewed",
            "access.refused", "answer.repeated"),
    }, acting_as=text)
FORMAT = members(
    {
        "archive": archive_id, "created": time, "epoch": positive, "format": exactly(1), "hash": exactly("sha256"),
        "person_number_key": lambda value: isinstance(value, str) and FINGERPRINT.fullmatch(value) is not None,
        "piece_size": exactly(PIECE), "public_key": verifier,
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
                if db.execute("PRAGMA user_version").fetchone()[0] not in (1, 1 if name == "search.sqlite" else 2):
                    found(name, "its user_version is none of the format's")
            yield db


# The tree -------------------------------------------------------------------------------------------------------------


def sha256(*parts):
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def check_tree(db, table, name, form, dropped=0):
    """Every header, leaf and node. The headers that are right, by number; how many there should be; the root of each size.

    Entries before `dropped` have no header, and are in the tree as before.
    """
    headers, size = {}, dropped
    stored = dict(db.execute(f"SELECT position, hash FROM {table}_node WHERE level = 0"))
    for number, data in db.execute(f"SELECT number, CAST(header AS BLOB) FROM {table} ORDER BY number"):
        if number < dropped:
            found(f"{name} {number}", f"it was dropped with all before {dropped}, and is there")
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
    for number in range(dropped):
        if number not in stored:
            found(f"{name} {number}", "its leaf is missing from the tree")
    below, level, kept = stored, 0, {}
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
        kept[level] = nodes
        below, level = nodes, level + 1

    def root(size):
        """The root over the first so many leaves; `None` where a node is missing."""
        peaks = [kept.get(level, {}).get((size >> level) - 1) for level in range(63) if size >> level & 1]
        if None in peaks:
            return None
        root = peaks[0] if peaks else sha256()
        for peak in peaks[1:]:
            root = sha256(b"\1", peak, root)
        return root

    return headers, size, root


# Characters -----------------------------------------------------------------------------------------------------------

# In place of a value that cannot be computed here.
UNKNOWN = object()


def is_known_to_unicode(data):
    """Whether this Python knows all characters; it cannot normalise or fold others as another version does."""
    return all(unicodedata.category(character) != "Cn" for character in data)


# Records and what follows from them -----------------------------------------------------------------------------------


def principal(header):
    """In whose name it was done."""
    return header.get("acting_as", header["actor"])


def folded(name):
    """The loose form; of characters that this Python does not know, whatever is there."""
    if not is_known_to_unicode(name):
        return UNKNOWN
    decomposed = [c for c in unicodedata.normalize("NFD", name) if unicodedata.category(c) != "Mn"]
    return "".join("d" if c in "ĐđÐðƉɖ" else c.lower() for c in decomposed)


# What is known of an object that nobody has read; the number of pages is not of the view.
UNREAD = {
    "extraction_record": None, "extraction_state": None, "text": None, "tool": None, "reason": None, "page_count": None}


class Fold:
    """What the records say, taken in order."""

    def __init__(self):
        self.items = {}  # id: row of the view
        self.objects = {}  # digest: row of the view
        self.subjects = set()
        self.items_of = {}  # digest: ids of items, oldest first
        self.texts = []  # (record, body) of extractions with a text
        self.rules = {}  # digest: row of the view
        self.rule_records = []  # (record, body) of imports
        self.units = {}  # (id, valid_from, record): row of the view
        self.unit_ids = set()
        self.successions = {}  # record: row of the view
        self.people = {}  # id: row of the view
        self.numbers = {}  # code of a personal number: the person
        self.versions = {}  # (code, version) of a rule document: the record
        self.dossiers = {}  # id: row of the view
        self.dossiers_of = {}  # (person, cycle): rows, oldest first
        self.stages = {}  # (dossier, record_from): row of the view
        self.standing = {}  # dossier: the stage that the last decision or revocation led to
        self.reviewers = {}  # dossier: accounts
        self.decided = {}  # dossier: the row of the last decision
        self.citations = {}  # id: row of the view
        self.cited = {}  # dossier: {id: row} of the citations that hold
        self.citing = {}  # item: {id: row} of the citations that hold
        self.scores = {}  # (dossier, kind, indicator, record_from): row of the view
        self.held = {}  # (dossier, kind): {indicator: row} of the scores that hold
        self.verifications = {}  # (item, record_from): row of the view
        self.truth = {}  # item: the row that holds
        self.decisions = {}  # record: row of the view
        self.given = {}  # title or honour: row of the decision that gave it
        self.documents = {}  # id, and (number, notation, date, authority): a decision document
        self.archive = None
        self.subjects_of = {}  # record: its subjects
        self.papers = {}  # item: dossiers, and people who have an honour, whose minutes or scan it is
        self.redactions = {}  # record: row of the view, the last one of each
        self.holds = {}  # subject: row of the view
        self.fixity = {}  # (record, first): row of the view
        self.milestones = {}  # record: row of the view
        self.accounts = {}  # account: row of the view
        self.grants = {}  # id: row of the view
        self.papers_of = set()  # (dossier, item)
        self.limits = {}  # of former keys: the largest trees that each has signed
        self.keys = []  # those that the archive signed with, oldest first, and the one that came after the last
        self.epoch = 1
        self.dropped = 0  # entries of the access log before this one are gone
        self.is_complete = True  # no record is damaged or missing, so what is not in here is nowhere

    def describe(self, number, description, is_evidence):
        known = self.objects.setdefault(
            description["digest"],
            {
                "key": len(self.objects) + 1, "digest": description["digest"], "size": description["size"],
                "piece_list_digest": description["pieces"], "is_evidence": 0, "first_record": number, "is_damaged": 0,
                "erased_record": None, **UNREAD,
            })
        if known["erased_record"] is not None:
            known.update(erased_record=None, **UNREAD)
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
        self.subjects_of[number] = subjects
        for dossier in subjects:
            if dossier_id(dossier):
                self.papers_of.update((dossier, item) for item in subjects if item_id(item))
        if (kind == "archive.created") != (number == 0):
            raise Wrong("archive.created is record 0 and no other")
        expected = getattr(self, kind.replace(".", "_").replace("-", "_"))(number, header, body)
        if kind in ("object.damaged", "object.restored"):
            # Those that had it when the operation began; a deposit in the same transaction may add one.
            expected = expected[:len(subjects)]
        if subjects != expected:
            raise Wrong(f"its subjects are {subjects} and should be {expected}")

    # A method a kind: returns what the subjects of the record should be.

    def archive_created(self, number, header, body):
        self.archive = body["archive"]
        return [self.archive]

    def evidence_deposited(self, number, header, body):
        if body["item"] in self.items:
            raise Wrong(f"the item {body['item']} was deposited before")
        self.describe(number, body["object"], 1)
        self.items_of.setdefault(body["object"]["digest"], []).append(body["item"])
        self.items[body["item"]] = {
            "key": len(self.items) + 1, "id": body["item"], "object": body["object"]["digest"],
            "deposit_record": number, "depositor": principal(header), "deposited_at": header["time"],
            "metadata_record": number, "metadata": body["metadata"], "verification": "submitted", "erased_record": None,
        }
        return [body["item"]]

    def evidence_described(self, number, header, body):
        item = self.not_erased(self.item(body["item"]))
        for citation in self.citing.get(item["id"], {}).values():
            person = self.dossiers[citation["dossier"]]["person"]
            if body["metadata"].get("person", person) != person:
                raise Wrong(f"it makes the item {body['metadata']['person']}'s, and {person}'s dossier cites it")
        item.update(metadata_record=number, metadata=body["metadata"])
        if item["verification"] in LOOKED_AT:
            self.verify(item["id"], "submitted", None, None, number, header)
        return [item["id"]]

    def object_extracted(self, number, header, body):
        if (body["state"] == "extracted") != ("text" in body) or (body["state"] == "failed") != ("reason" in body):
            raise Wrong(f"its state is {body['state']} and does not go with its members")
        known = self.named(body["object"])
        if "text" in body:
            self.describe(number, body["text"], 0)
            self.texts.append((number, body))
        known.update(
            extraction_record=number, extraction_state=body["state"], text=body.get("text", {}).get("digest"),
            tool=body["tool"], reason=body.get("reason"), page_count=body.get("page_count"))
        return self.items_of.get(body["object"], [])[:1]

    def object_damaged(self, number, header, body):
        self.named(body["object"])["is_damaged"] = 1
        return self.items_of.get(body["object"], [])

    def object_restored(self, number, header, body):
        self.named(body["object"])["is_damaged"] = 0
        return self.items_of.get(body["object"], [])

    # What the records refer to.

    def item(self, id):
        if id not in self.items:
            raise Wrong(f"no record before deposits its item {id}")
        return self.items[id]

    def not_erased(self, row):
        if row.get("erased_record") is not None:
            raise Wrong(f"{row['id']} was erased before, by record {row['erased_record']}")
        return row

    def evidence(self, reference):
        """The item of a reference, whose object it must name."""
        item = self.item(reference["item"])
        if item["object"] != reference["object"]:
            raise Wrong(f"the object of {item['id']} is {item['object']}, not {reference['object']}")
        return item

    def shown(self, body, member):
        """The item of an evidence reference that a body may have: one more subject."""
        return [self.evidence(body[member])["id"]] if member in body else []

    def unit(self, id):
        if id not in self.unit_ids:
            raise Wrong(f"no record before declares its unit {id}")

    def person(self, id):
        if id not in self.people:
            raise Wrong(f"no record before declares its person {id}")
        return self.people[id]

    def dossier(self, id):
        if id not in self.dossiers:
            raise Wrong(f"no record before opens its dossier {id}")
        return self.dossiers[id]

    def rule(self, object, kind):
        if self.rules.get(object, {}).get("kind") != kind:
            raise Wrong(f"no record before imports its {kind} {object}")

    # Rules, units, people.

    def rule_imported(self, number, header, body):
        self.describe(number, body["object"], 0)
        earlier = self.versions.setdefault((body["code"], body["version"]), number)
        if earlier != number:
            raise Wrong(f"{body['code']} version {body['version']} was imported before, by record {earlier}")
        if body["object"]["digest"] in self.rules:
            raise Wrong("its object was imported before")
        self.rules[body["object"]["digest"]] = {
            "object": body["object"]["digest"], "kind": body["kind"], "code": body["code"], "version": body["version"],
            "record": number,
        }
        self.rule_records.append((number, body))
        return []

    def unit_declared(self, number, header, body):
        if "parent" in body:
            self.unit(body["parent"])
        if body.get("valid_until", body["valid_from"]) < body["valid_from"]:
            raise Wrong("it ends before it begins")
        self.unit_ids.add(body["unit"])
        self.units[body["unit"], body["valid_from"], number] = {
            "id": body["unit"], "valid_from": body["valid_from"], "record": number,
            "valid_until": body.get("valid_until"), "name": body["name"], "code": body.get("code"), "kind": body["kind"],
            "parent": body.get("parent"), "legal_basis": body.get("legal_basis"),
        }
        return [body["unit"]]

    def unit_succeeded(self, number, header, body):
        if ("to" in body) == (body["kind"] == "abolish"):
            raise Wrong("all but what is abolished has a successor")
        units = [body[member] for member in ("from", "to") if member in body]
        for unit in units:
            self.unit(unit)
        self.successions[number] = {
            "record": number, "from_unit": body["from"], "to_unit": body.get("to"), "kind": body["kind"],
            "is_whole": int(body["whole"]), "effective_on": body["effective_on"], "legal_basis": body.get("legal_basis"),
        }
        return units

    def person_declared(self, number, header, body):
        trace = body.get("number", {})
        if "unit" in body:
            self.unit(body["unit"])
        if trace and self.numbers.setdefault(trace["mac"], body["person"]) != body["person"]:
            raise Wrong(f"its personal number is that of {self.numbers[trace['mac']]}")
        row = self.people.setdefault(
            body["person"], {"key": len(self.people) + 1, "id": body["person"], "erased_record": None})
        self.not_erased(row)
        row.update(
            record=number, name=body["name"], name_folded=folded(body["name"]), birth_year=body.get("birth_year"), subject_group=body.get("group"),
            account=body.get("account"), unit=body.get("unit"), number_mac=trace.get("mac"), number_ending=trace.get("ending"))
        return [body["person"]]

    # The life of a dossier.

    def dossier_opened(self, number, header, body):
        self.person(body["person"])
        self.unit(body["unit"])
        self.rule(body["criteria"], "criteria-set")
        self.rule(body["rules"], "rule-set")
        if body["dossier"] in self.dossiers:
            raise Wrong(f"the dossier {body['dossier']} was opened before")
        row = {
            "key": len(self.dossiers) + 1, "id": body["dossier"], "person": body["person"], "cycle": body["cycle"],
            "unit": body["unit"], "subject_group": body["group"], "criteria": body["criteria"], "rules": body["rules"],
            "opened_record": number, "stage": "registered", "stage_record": number,
        }
        self.check_is_only(row)
        self.dossiers[body["dossier"]] = row
        self.dossiers_of.setdefault((body["person"], body["cycle"]), []).append(row)
        self.begin(body["dossier"], "registered", None, body["role"], number, header)
        return [body["dossier"], body["person"], body["unit"]]

    def check_is_only(self, dossier):
        """A person has one dossier a cycle, but for those that were withdrawn."""
        for other in self.dossiers_of.get((dossier["person"], dossier["cycle"]), []):
            if other is not dossier and other["stage"] != "withdrawn":
                raise Wrong(f"{other['person']} has the dossier {other['id']} in {other['cycle']}")

    def begin(self, dossier, stage, act, role, number, header):
        self.stages[dossier, number] = {
            "dossier": dossier, "record_from": number, "record_to": None, "stage": stage, "act": act, "role": role,
            "account": principal(header),
        }
        if act in ("review", "appraise", "confirm", "propose"):
            self.reviewers.setdefault(dossier, set()).add(principal(header))

    def move(self, dossier, stage, act, role, number, header):
        row = self.dossier(dossier)
        if stage != "withdrawn":
            self.check_is_only(row)
        self.stages[dossier, row["stage_record"]]["record_to"] = number
        row.update(stage=stage, stage_record=number)
        self.begin(dossier, stage, act, role, number, header)

    def dossier_stepped(self, number, header, body):
        dossier, act = self.dossier(body["dossier"]), body["act"]
        if body["from"] != dossier["stage"]:
            raise Wrong(f"it is from {body['from']}, and the dossier is {dossier['stage']}")
        leads_to = LEADS_TO[act] or self.standing.get(body["dossier"])
        if body["to"] != leads_to:
            raise Wrong(f"{act} leads to {leads_to}, not to {body['to']}")
        if (act == "review") != ("review" in body) or act in NEEDS_REASON and "reason" not in body:
            raise Wrong(f"its act is {act} and does not go with its members")
        review = body.get("review", {})
        if review and int(review["held_on"][:4]) < dossier["cycle"]:
            raise Wrong(f"its review was held on {review['held_on']}, before the cycle {dossier['cycle']} began")
        self.move(body["dossier"], body["to"], act, body["role"], number, header)
        if "minutes" in review:
            self.papers.setdefault(review["minutes"]["item"], set()).add(body["dossier"])
        return [body["dossier"], dossier["person"]] + self.shown(review, "minutes")

    def evidence_cited(self, number, header, body):
        dossier, item = self.dossier(body["dossier"]), self.not_erased(self.evidence(body["evidence"]))
        if body["citation"] in self.citations:
            raise Wrong(f"the citation {body['citation']} was made before")
        if item["metadata"].get("person", dossier["person"]) != dossier["person"]:
            raise Wrong(f"the item is {item['metadata']['person']}'s, the dossier {dossier['person']}'s")
        object = self.objects[item["object"]]
        if body.get("text") != object["text"]:
            raise Wrong(f"the text of its object is {object['text']}")
        if body.get("pages", [1])[-1] > (object["page_count"] or 1):
            raise Wrong(f"its object has {object['page_count'] or 1} pages")
        if "region" in body and len(body.get("pages", [])) != 1:
            raise Wrong("it has a region, and not one page")
        if "reaffirms" in body:
            earlier = self.citations.get(body["reaffirms"])
            if earlier is None or earlier["item"] != item["id"]:
                raise Wrong(f"no record before cites its item by {body['reaffirms']}")
            other = self.dossiers[earlier["dossier"]]
            if other["person"] != dossier["person"] or other["cycle"] == dossier["cycle"]:
                raise Wrong(f"{body['reaffirms']} is not of another cycle of this person")
        self.citations[body["citation"]] = {
            "id": body["citation"], "dossier": body["dossier"], "indicator": body["indicator"], "item": item["id"],
            "object": item["object"], "pages": ",".join(map(str, body.get("pages", []))), "text": body.get("text"),
            "reaffirms": body.get("reaffirms"), "record_from": number, "record_to": None,
        }
        for holding, id in ((self.cited, body["dossier"]), (self.citing, item["id"])):
            holding.setdefault(id, {})[body["citation"]] = self.citations[body["citation"]]
        return [body["dossier"], dossier["person"], item["id"]]

    def citation_withdrawn(self, number, header, body):
        dossier, citation = self.dossier(body["dossier"]), self.cited.get(body["dossier"], {}).pop(body["citation"], None)
        if citation is None:
            raise Wrong(f"the dossier has no citation {body['citation']} that holds")
        del self.citing[citation["item"]][body["citation"]]
        citation["record_to"] = number
        return [body["dossier"], dossier["person"], citation["item"]]

    def verify(self, item, state, method, by, number, header):
        self.item(item)["verification"] = state
        earlier = self.truth.get(item)
        if earlier:
            if earlier["state"] == "superseded" and state != "erased":
                raise Wrong(f"{item} was superseded before, by record {earlier['record_from']}")
            earlier["record_to"] = number
        self.truth[item] = self.verifications[item, number] = {
            "item": item, "record_from": number, "record_to": None, "state": state, "method": method,
            "verified_at": header["time"], "superseded_by": by,
        }

    def evidence_verified(self, number, header, body):
        if (body["state"] == "verified") != ("method" in body):
            raise Wrong("what is verified, and only that, has a method")
        if body["state"] not in ("verified", "in-review") and "reason" not in body:
            raise Wrong(f"its state is {body['state']}, and it has no reason")
        self.not_erased(self.item(body["item"]))
        self.verify(body["item"], body["state"], body.get("method"), None, number, header)
        return [body["item"]]

    def evidence_superseded(self, number, header, body):
        if self.item(body["item"])["object"] == self.item(body["by"])["object"]:
            raise Wrong("both items have the same object")
        self.not_erased(self.item(body["item"]))
        self.not_erased(self.item(body["by"]))
        self.verify(body["item"], "superseded", None, body["by"], number, header)
        return [body["item"], body["by"]]

    def scores_given(self, number, header, body):
        dossier = self.dossier(body["dossier"])
        held = self.held.setdefault((body["dossier"], body["kind"]), {})
        for name, score in body["scores"].items():
            if name in held:
                held[name]["record_to"] = number
            held[name] = self.scores[body["dossier"], body["kind"], name, number] = {
                "dossier": body["dossier"], "kind": body["kind"], "indicator": name, "record_from": number,
                "record_to": None, "halves": score["halves"], "is_partial": int("partial" in score),
                "role": body["role"], "account": principal(header),
            }
        return [body["dossier"], dossier["person"]]

    # Decisions.

    def document(self, document):
        """A decision document is the same in all records, and an authority has one of a number, notation and date.

        Returns what it adds to the subjects.
        """
        scan = self.shown(document, "scan")
        code = tuple(document[member] for member in ("code_number", "code_notation", "issued_on", "authority"))
        for key in (document["decision"], code):
            if self.documents.setdefault(key, document) != document:
                raise Wrong(f"a record before has its document {document['decision']} otherwise")
        return scan

    def decide(self, number, document, title, **columns):
        if title is not None and title in self.given:
            raise Wrong(f"the title {title} was given before, by record {self.given[title]['record']}")
        self.decisions[number] = {
            "record": number, "decision": document["decision"], "title": title, **columns,
            **{column: document[column] for column in ("code_number", "code_notation", "issued_on")},
            "revoked_record": None, "replaced_record": None,
        }
        if title is not None:
            self.given[title] = self.decisions[number]

    def dossier_decided(self, number, header, body):
        dossier, title = self.dossier(body["dossier"]), body.get("title")
        scan = self.document(body["document"])
        if int(body["document"]["issued_on"][:4]) < body["cycle"]:
            raise Wrong(f"it is dated {body['document']['issued_on']}, before the cycle {body['cycle']} began")
        bound = {"person": "person", "cycle": "cycle", "unit": "unit", "group": "subject_group", "criteria": "criteria",
                 "rules": "rules", "from": "stage"}
        for member, column in bound.items():
            if body[member] != dossier[column]:
                raise Wrong(f"its {member} is {body[member]}, the dossier's {dossier[column]}")
        held = {
            name: {"halves": row["halves"], **({"partial": True} if row["is_partial"] else {})}
            for name, row in self.held.get((body["dossier"], "final"), {}).items()}
        if body["scores"] != held:
            raise Wrong("its scores are not the final ones that held")
        cited = {
            id: {
                "citation": id, "indicator": row["indicator"],
                "evidence": {"item": row["item"], "object": row["object"]},
                "verification": self.items[row["item"]]["verification"],
                **({"pages": list(map(int, row["pages"].split(",")))} if row["pages"] else {}),
                **({"text": row["text"]} if row["text"] else {}),
            } for id, row in self.cited.get(body["dossier"], {}).items()}
        pinned = {citation["citation"]: citation for citation in body["citations"]}
        if len(pinned) < len(body["citations"]) or pinned != cited:
            raise Wrong("its citations are not those that held")
        reviewers = sorted(self.reviewers.get(body["dossier"], ()))
        if body["reviewers"] != reviewers:
            raise Wrong(f"its reviewers are {body['reviewers']} and should be {reviewers}")
        total = sum(score["halves"] for score in held.values())
        if (title is None) != bool(body["unmet"]) or title is None and "grade" in body or body["total_halves"] > total:
            raise Wrong("its title, what is unmet, its grade and its total do not go together")
        if title is not None and body["total_halves"] != total:
            raise Wrong(f"its total is {body['total_halves']}, its scores are {total}")
        if body["dossier"] in self.decided:
            self.decided[body["dossier"]]["replaced_record"] = number
        self.decide(
            number, body["document"], title, dossier=body["dossier"], person=body["person"], cycle=body["cycle"],
            unit=body["unit"], honour=None)
        self.decided[body["dossier"]] = self.decisions[number]
        stage, act = ("refused", "refuse") if title is None else ("recognised", "recognise")
        self.standing[body["dossier"]] = stage
        self.move(body["dossier"], stage, act, body["role"], number, header)
        for item in scan:
            self.papers.setdefault(item, set()).update((body["dossier"], body["person"]))
        return [body["dossier"], body["person"], body["document"]["decision"]] + ([title] if title else []) + scan

    def holding(self, title):
        """The row of the decision that gave a title which neither a revocation nor a later decision ended."""
        given = self.given.get(title)
        if given is None or given["revoked_record"] is not None or given["replaced_record"] is not None:
            raise Wrong(f"there is no title {title} that holds")
        return given

    def title_revoked(self, number, header, body):
        given = self.holding(body["title"])
        if body.get("dossier") != given["dossier"]:
            raise Wrong(f"its dossier is {body.get('dossier')}, that of the title is {given['dossier']}")
        given["revoked_record"] = number
        if given["dossier"] is not None:
            self.standing[given["dossier"]] = "revoked"
            self.move(given["dossier"], "revoked", "revoke", body["role"], number, header)
        return [body["title"], given["person"]] + ([given["dossier"]] if given["dossier"] else [])

    def honour_granted(self, number, header, body):
        self.person(body["person"])
        scan = self.document(body["document"])
        self.rule(body["rules"], "rule-set")
        cycles = []
        for title in body["titles"]:
            given = self.holding(title)
            if given["person"] != body["person"] or given["honour"] is not None:
                raise Wrong(f"{title} is not {body['person']}'s title of a year")
            if body["document"]["issued_on"] < given["issued_on"]:
                raise Wrong(f"it is dated {body['document']['issued_on']}, its title {title} {given['issued_on']}")
            cycles.append(given["cycle"])
        if cycles != list(range(cycles[0], cycles[0] + len(cycles))):
            raise Wrong(f"its titles are of the years {cycles}, not one year after the other")
        self.decide(
            number, body["document"], body["honour"], dossier=None, person=body["person"], cycle=cycles[-1], unit=None,
            honour=body["name"])
        for item in scan:
            self.papers.setdefault(item, set()).add(body["person"])
        return [body["honour"], body["person"], body["document"]["decision"]] + scan


    # The archive itself.

    def is_needed(self, object):
        """Whether an item that is not erased has it, a citation of such an item pins it, or it is the text of an object that is not
        erased, or a rule document."""
        items = (self.items[id] for id in self.items_of.get(object, []))
        pinning = (self.items[row["item"]] for row in self.citations.values() if row["text"] == object)
        return (
            object in self.rules or any(item["erased_record"] is None for item in (*items, *pinning))
            or any(row["text"] == object and row["erased_record"] is None for row in self.objects.values()))

    def resting(self, item):
        """The person whose an item is, the dossiers that use it or did, and their people."""
        dossiers = {row["dossier"] for row in self.citations.values() if row["item"] == item} | self.papers.get(item, set())
        people = {self.items[item]["metadata"].get("person")} | {self.dossiers[id]["person"] for id in dossiers if id in self.dossiers}
        return sorted(dossiers | people - {None})

    def data_erased(self, number, header, body):
        for redaction in body["redactions"]:
            self.redactions[redaction["record"]] = {
                "number": redaction["record"], "record": number, "body": canonical(redaction["body"])}
        erased = ([body["person"]] if "person" in body else []) + body["items"]
        # One that erases nothing itself is about what the records are about whose bodies it erases.
        subjects = erased or list(dict.fromkeys(
            subject for redaction in body["redactions"] for subject in self.subjects_of.get(redaction["record"], [])))
        for subject in dict.fromkeys(subjects + [id for item in body["items"] if item in self.items for id in self.resting(item)]):
            if subject in self.holds:
                raise Wrong(f"{subject} is under the hold of record {self.holds[subject]['record']}")
        if not erased and body["objects"]:
            raise Wrong("it erases objects, and no item that had them")
        if "person" in body:
            self.not_erased(self.person(body["person"]))["erased_record"] = number
        for id in body["items"]:
            self.not_erased(self.item(id))
            self.verify(id, "erased", None, None, number, header)
            self.items[id]["erased_record"] = number
        for object in body["objects"]:
            self.named(object).update(erased_record=number, is_damaged=0)
        for object in body["objects"]:
            if self.is_needed(object):
                raise Wrong(f"its object {object} is needed by what was not erased")
        for id in body["items"]:
            object = self.items[id]["object"]
            if self.objects[object]["erased_record"] is None and not self.is_needed(object):
                raise Wrong(f"its item {id} has the object {object}, which nobody needs and is not erased")
        return subjects

    def hold_placed(self, number, header, body):
        if body["subject"] in self.holds:
            raise Wrong(f"it is held already, by record {self.holds[body['subject']]['record']}")
        if not any(body["subject"] in known for known in (self.items, self.people, self.dossiers)):
            raise Wrong(f"no record before has its subject {body['subject']}")
        self.holds[body["subject"]] = {
            "subject": body["subject"], "record": number, "reason": body["reason"], "legal_basis": body["legal_basis"]}
        return [body["subject"]]

    def hold_released(self, number, header, body):
        if self.holds.pop(body["subject"], None) is None:
            raise Wrong(f"{body['subject']} is not held")
        return [body["subject"]]

    def milestone(self, number, header, epoch=None, access_before=None):
        self.milestones[number] = {
            "record": number, "kind": header["kind"], "epoch": epoch, "access_before": access_before}
        return [self.archive]

    def key_rotated(self, number, header, body):
        for member in ("old", "new"):
            if key_parts(body[member])[0] != f"{self.archive}.minhchung":
                raise Wrong(f"its {member} key is not this archive's")
        if self.keys and body["old"] != self.keys[-1]:
            raise Wrong(f"its old key is {body['old']}, and the one before it made {self.keys[-1]} the key")
        if body["old"] == body["new"]:
            raise Wrong("both keys are the same")
        expected = f"minhchung key rotation\n{body['old']}\n{body['new']}\n"
        # The old key may be lost; nobody but the new one can say that it took over.
        if signed_text(body["endorsement"], [body["new"]]) != expected:
            raise Wrong("its endorsement is of other keys")
        self.keys = (self.keys or [body["old"]]) + [body["new"]]
        self.limits[body["old"]] = {"records": number, "access": body["access_size"]}
        return self.milestone(number, header)

    def archive_restored(self, number, header, body):
        if body["from_epoch"] != self.epoch or body["epoch"] < self.epoch:
            raise Wrong(f"it goes from epoch {body['from_epoch']} to {body['epoch']}, and the archive is in epoch {self.epoch}")
        self.epoch = body["epoch"]
        return self.milestone(number, header, epoch=body["epoch"])

    def access_dropped(self, number, header, body):
        if body["before"] <= self.dropped:
            raise Wrong(f"it drops what is before {body['before']}, and a record before dropped what is before {self.dropped}")
        self.dropped = body["before"]
        return self.milestone(number, header, access_before=body["before"])

    def fixity_checked(self, number, header, body):
        if body["objects"][-1][1] > len(self.objects):
            raise Wrong(f"it says that object {body['objects'][-1][1]} is right, and there are {len(self.objects)}")
        for first, last in body["objects"]:
            self.fixity[number, first] = {
                "record": number, "first": first, "last": last, "checked_at": body["started_at"]}
        return [self.archive]


    # Accounts and roles.

    def account(self, name):
        if name not in self.accounts:
            raise Wrong(f"no record before opens its account {name}")
        return self.accounts[name]

    def account_opened(self, number, header, body):
        name = body["account"]
        if name in self.accounts and self.accounts[name]["closed_record"] is None:
            raise Wrong(f"the account {name} is open")
        self.accounts[name] = {"account": name, "opened_record": number, "closed_record": None}
        return [f"account:{name}"]

    def account_closed(self, number, header, body):
        row = self.account(body["account"])
        if row["closed_record"] is not None:
            raise Wrong(f"the account {body['account']} is closed")
        row["closed_record"] = number
        return [f"account:{body['account']}"]

    def role_granted(self, number, header, body):
        self.account(body["account"])
        if body["grant"] in self.grants:
            raise Wrong(f"the grant {body['grant']} was given before")
        if body["role"] == "citizen":
            raise Wrong("nobody is made a citizen by a grant")
        if principal(header) == body["account"]:
            raise Wrong(f"{body['account']} gives itself a role")
        if body.get("valid_until", body["valid_from"]) < body["valid_from"]:
            raise Wrong("it ends before it begins")
        if "unit" in body:
            self.unit(body["unit"])
        self.grants[body["grant"]] = {
            "id": body["grant"], "account": body["account"], "role": body["role"], "unit": body.get("unit"),
            "valid_from": body["valid_from"], "valid_until": body.get("valid_until"), "record_from": number, "record_to": None}
        return [f"account:{body['account']}", body["grant"]] + ([body["unit"]] if "unit" in body else [])

    def role_withdrawn(self, number, header, body):
        row = self.grants.get(body["grant"])
        if row is None or row["account"] != body["account"]:
            raise Wrong(f"no record before gives {body['account']} the grant {body['grant']}")
        if row["record_to"] is not None:
            raise Wrong(f"the grant {body['grant']} was withdrawn before")
        row["record_to"] = number
        return [f"account:{body['account']}", body["grant"]] + ([row["unit"]] if row["unit"] else [])

    def sign_in_changed(self, number, header, body):
        name, act = body["account"], body["act"]
        row = self.account(name)
        if row["closed_record"] is not None and act not in ("identity-unlinked", "authenticator-removed"):
            raise Wrong(f"{act} for the account {name}, which is closed")
        if act == "setup-link-made" and principal(header) == name:
            raise Wrong(f"{name} makes its own setup link")
        if act in ("setup-link-used", "authenticator-set", "password-changed", "token-made") and principal(header) != name:
            raise Wrong(f"{act} for {name} by {principal(header)}")
        return [f"account:{name}"]


def read_redactions(headers, bodies):
    """What erasures say of the bodies that they erased, before anything else is believed: {record: redaction}.

    From the newest to the oldest: the newest redaction of a record holds. An erasure whose body was erased counts with the body that
    a newer one has for it."""
    redactions = {}
    for number in sorted((number for number in headers if headers[number]["kind"] == "data.erased"), reverse=True):
        try:
            if number in bodies:
                salt, data = bodies[number]
                if sha256(salt, data).hex() != headers[number]["body"]:
                    continue  # found where it is folded
                entries = checked(data, BODIES["data.erased"])["redactions"]
            elif number in redactions:
                if not BODIES["data.erased"](redactions[number]["body"]):
                    continue
                entries = redactions[number]["body"]["redactions"]
            else:
                continue  # likewise
        except Wrong:
            continue  # likewise
        last = -1
        for entry in entries:
            record = entry["record"]
            what = f"record {number}"
            if not last < record < number:
                found(what, f"body: its redactions do not ascend, or are not of records before it: {record}")
            elif record in headers and headers[record]["kind"] != entry["kind"]:
                found(what, f"body: its redaction of record {record} is of kind {entry['kind']}, and that is {headers[record]['kind']}")
            else:
                redactions.setdefault(record, entry)
            last = record
    return redactions


def check_records(db):
    headers, size, root = check_tree(db, "record", "record", RECORD_HEADER)
    if size == 0:
        found("record 0", "it is missing: there are no records")
    fold, whole = Fold(), set()
    bodies = {
        number: (salt, data)
        for number, salt, data in db.execute("SELECT number, salt, CAST(body AS BLOB) FROM record_body ORDER BY number")}
    redactions = read_redactions(headers, bodies)
    for number in sorted(bodies):
        if not 0 <= number < size:
            found(f"record {number}", "it has a body and is not there")
    for number in sorted(headers):
        redaction, kind = redactions.get(number), headers[number]["kind"]
        try:
            if number not in bodies and redaction is None:
                found(f"record {number}", "its body is missing")
                continue
            if number not in bodies:
                try:
                    if not BODIES[kind](redaction["body"]):
                        raise Wrong("it is not a JSON object")
                except Wrong as wrong:
                    raise Wrong(f"its redaction: {wrong}") from None
                body = redaction["body"]
            elif redaction is not None:
                found(f"record {number}", "its body was erased, and is there")
                continue
            else:
                salt, data = bodies[number]
                if sha256(salt, data).hex() != headers[number]["body"]:
                    raise Wrong("it is not the body that the header commits to")
                body = checked(data, BODIES[kind])
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
    fold.is_complete = len(whole) == size
    return fold, whole, size, root


def check_access(db, fold):
    headers, size, root = check_tree(db, "access", "access log entry", ACCESS_HEADER, fold.dropped)
    for number, header in headers.items():
        known = [fold.items] if header["kind"] in ABOUT_EVIDENCE else [fold.items, fold.people, fold.dossiers, fold.given]
        if header["kind"] == "access.refused":
            # What was asked for, where it is something: also what nobody is shown.
            known += [fold.citations, fold.documents, fold.grants, fold.unit_ids, {fold.archive}]
            known += [{f"account:{name}" for name in fold.accounts}]
        if header["kind"] == "access.viewed":
            known += [{fold.archive}, {f"account:{name}" for name in fold.accounts}]
        for subject in header["subjects"]:
            if fold.is_complete and not any(subject in ids for ids in known):
                found(f"access log entry {number}", f"its subject {subject} is nothing that can be shown so")
    expected = {(subject, number) for number, header in headers.items() for subject in header["subjects"]}
    stored = set(db.execute("SELECT subject, number FROM access_subject"))
    for subject, number in sorted(expected - stored):
        found(f"view access_subject, {subject}", f"entry {number} is missing")
    for subject, number in sorted(stored - expected):
        found(f"view access_subject, {subject}", f"entry {number} is not about it")
    return size, root


# Checkpoints ----------------------------------------------------------------------------------------------------------

TREES = ("records", "access")


def check_note(what, note, tree, archive, trees, keys, epoch=None, size=None):
    """A checkpoint of the archive, held against its tree and against how far each key has signed. Its size, `None` after a finding."""
    try:
        stated = note.split("\n")[1] if note.count("\n") > 1 else ""
        large = int(stated) if stated.isdigit() else 0
        lines = signed_text(note, [key for key, limits in keys.items() if limits is None or large <= limits[tree]]).split("\n")
        if len(lines) != 4 or lines[3]:
            raise Wrong("it has not three lines")
        origin, stated, root = lines[:3]
        name, _, rest = origin.partition("/")
        number, _, of = rest.partition("/")
        if name != f"{archive}.minhchung" or of != tree or not number.isdigit() or str(int(number)) != number or number == "0":
            raise Wrong(f"its origin is {origin}")
        if not stated.isdigit() or str(int(stated)) != stated:
            raise Wrong(f"its size is {stated}")
        if epoch is not None and (int(number), int(stated)) != (epoch, size):
            raise Wrong(f"it is of epoch {number} and size {stated}")
        grown, root_at = trees[tree]
        if int(stated) > grown:
            raise Wrong(f"it is of {stated} leaves, and the tree has {grown}")
        computed = root_at(int(stated))
        if computed is not None and base64_bytes(root) != computed:
            raise Wrong(f"its root is not that of the first {stated} leaves")
        return int(stated)
    except Wrong as wrong:
        found(what, wrong)
        return None


def check_checkpoints(db, archive, trees, keys):
    kept = set()
    for tree, epoch, size, note, at, access in db.execute(
            "SELECT tree, epoch, size, note, signed_at, access_size FROM checkpoint ORDER BY 1, 2, 3"):
        what = f"checkpoint of {tree}, epoch {epoch}, size {size}"
        kept.add((tree, epoch, size))
        if (tree == "records") != (access is not None) or access is not None and not any(k[0] == "access" and k[2] == access for k in kept):
            found(what, "the checkpoint of the access log that it names is not there")
        if tree not in TREES:
            found(what, "there is no such tree")
            continue
        if not time(at):
            found(what, f"it was signed at {at}, which is no time")
        check_note(what, note, tree, archive, trees, keys, epoch, size)
    for tree in TREES:
        if not any(of == tree for of, _, _ in kept):
            found(f"checkpoints of {tree}", "there is none")
    for tree, epoch, size, line, name, at in db.execute(
            "SELECT tree, epoch, size, line, key_name, added_at FROM cosignature ORDER BY 1, 2, 3, 4"):
        what = f"cosignature of {tree}, epoch {epoch}, size {size}"
        try:
            if not line.endswith("\n") or signature_line(line[:-1])[0] != name or not time(at):
                raise Wrong(f"it is no signature of {name}")
            if (tree, epoch, size) not in kept:
                raise Wrong("there is no such checkpoint")
        except Wrong as wrong:
            found(what, wrong)
    for tree, epoch, size, token, at in db.execute("SELECT tree, epoch, size, token, stamped_at FROM checkpoint_stamp"):
        if (tree, epoch, size) not in kept or not token or not time(at):
            found(f"time stamp of {tree}, epoch {epoch}, size {size}", "there is no such checkpoint, or it is none")
    for number, list_path in db.execute("SELECT record, list FROM erasure_to_finish"):
        found(f"erasure of record {number}", "it is not finished; whoever opens the archive finishes it")


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
            if named and named["erased_record"] is not None:
                found(f"object {name}", f"record {named['erased_record']} erased it, and it is there")
                continue
            if really != name:
                found(f"object {name}", f"its content has changed: its SHA-256 is {really}, it has {size} bytes")
            elif named and named["size"] != size:
                found(f"object {name}", f"it has {size} bytes, record {named['first_record']} says {named['size']}")
            else:
                sound[name] = pieces
    for name, row in fold.objects.items():
        path = top / "sha256" / name[:2] / name
        if row["erased_record"] is not None:
            for moved in sorted(archive.glob(f"quarantine/{name}.*")):
                found(f"quarantine/{moved.name}", f"record {row['erased_record']} erased it, and it is there")
        elif not os.path.lexists(path):
            found(f"object {name}", f"it is missing; record {row['first_record']} names it")
        elif name in sound and sha256(sound[name]).hex() != row["piece_list_digest"]:
            found(f"object {name}", f"its pieces are not those of record {row['first_record']}")
    return sound


def check_piece_lists(db, fold, sound):
    stored = dict(db.execute("SELECT object, pieces FROM piece_list"))
    for name, row in fold.objects.items():
        pieces = stored.pop(name, None)
        if row["size"] <= PIECE or row["erased_record"] is not None:
            if pieces is not None:
                found(f"list of pieces of object {name}", "it is there, and the object has only one piece or was erased")
        elif pieces is None:
            found(f"list of pieces of object {name}", "it is missing")
        elif sha256(pieces).hex() != row["piece_list_digest"] or sound.get(name, pieces) != pieces:
            found(f"list of pieces of object {name}", "it is not the recorded one")
    for name in sorted(stored):
        found(f"list of pieces of object {name}", "no record names the object")


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


def check_rules(archive, fold, sound):
    """The canonical object of a rule document is canonical JSON, and says of itself what the record says of it."""
    for number, body in fold.rule_records:
        name = body["object"]["digest"]
        if name not in sound:
            continue  # found already
        what = f"rule object {name} of record {number}"
        try:
            document = parsed((archive / "objects" / "sha256" / name[:2] / name).read_bytes())
            for member in ("kind", "code", "version"):
                if not isinstance(document, dict) or document.get(member) != body[member]:
                    raise Wrong(f"its {member} is not {body[member]}")
        except Wrong as wrong:
            found(what, wrong)


# Views ----------------------------------------------------------------------------------------------------------------

METADATA_COLUMNS = (
    "kind", "assurance", "title", "issuer", "code_number", "code_notation", "subject", "issued_on", "valid_from",
    "valid_until", "holder", "person", "language", "file_name")


def check_view(db, table, key, rows):
    """Holds the rows of a view against `rows`: {column: value} each. `key` names the columns that tell them apart."""

    def named(row):
        return " ".join(str(row[column]) for column in key)

    expected = {named(row): row for row in rows}
    columns = list(next(iter(expected.values()), key))
    stored = {}
    for values in db.execute(f"SELECT {', '.join(columns)} FROM {table}"):
        row = dict(zip(columns, values))
        stored[named(row)] = row
    for name, row in expected.items():
        if name not in stored:
            found(f"view {table}, {name}", "it is missing")
            continue
        for column, value in row.items():
            if value is not UNKNOWN and stored[name][column] != value:
                found(f"view {table}, {name}", f"{column} is {stored[name][column]!r}, by the records it is {value!r}")
    for name in stored:
        if name not in expected:
            found(f"view {table}, {name}", "no record has it")


def check_views(db, fold):
    objects = [{column: row[column] for column in row if column != "page_count"} for row in fold.objects.values()]
    check_view(db, "object", ["digest"], objects)
    items = []
    for item in fold.items.values():
        metadata = item["metadata"]
        row = {column: value for column, value in item.items() if column != "metadata"}
        row.update({column: metadata.get(column) for column in METADATA_COLUMNS})
        items.append(row)
    check_view(db, "item", ["id"], items)
    check_view(db, "rule_document", ["object"], fold.rules.values())
    check_view(db, "unit", ["id", "valid_from", "record"], fold.units.values())
    check_view(db, "unit_succession", ["record"], fold.successions.values())
    people = fold.people.values()
    if db.execute("PRAGMA user_version").fetchone()[0] == 1:
        # Schema 1 has no units of people, and nothing that was recorded by then has.
        people = [{column: row[column] for column in row if column != "unit"} for row in people]
    check_view(db, "person", ["id"], people)
    if db.execute("PRAGMA user_version").fetchone()[0] > 1:
        check_view(db, "account", ["account"], fold.accounts.values())
        check_view(db, "role_grant", ["id"], fold.grants.values())
        check_view(
            db, "dossier_item", ["dossier", "item"], [{"dossier": dossier, "item": item} for dossier, item in fold.papers_of])
    check_view(db, "dossier", ["id"], fold.dossiers.values())
    check_view(db, "dossier_stage", ["dossier", "record_from"], fold.stages.values())
    check_view(db, "citation", ["id"], fold.citations.values())
    check_view(db, "score", ["dossier", "kind", "indicator", "record_from"], fold.scores.values())
    check_view(db, "verification", ["item", "record_from"], fold.verifications.values())
    check_view(db, "decision", ["record"], fold.decisions.values())
    check_view(db, "redaction", ["number"], fold.redactions.values())
    check_view(db, "hold", ["subject"], fold.holds.values())
    check_view(db, "fixity", ["record", "first"], fold.fixity.values())
    check_view(db, "milestone", ["record"], fold.milestones.values())
    stored = set(db.execute("SELECT subject, number FROM record_subject"))
    for subject, number in sorted(fold.subjects - stored):
        found(f"view record_subject, {subject}", f"record {number} is missing")
    for subject, number in sorted(stored - fold.subjects):
        found(f"view record_subject, {subject}", f"record {number} is not about it")


# The other two databases, the other folders ---------------------------------------------------------------------------


def check_service(db, fold, archive, trees, keys):
    for tree, note in db.execute("SELECT tree, note FROM newest_checkpoint ORDER BY tree"):
        what = f"service.sqlite, newest checkpoint of {tree}"
        if tree not in TREES:
            found(what, "there is no such tree")
        elif archive and keys:
            check_note(what, note, tree, archive, trees, keys)
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


def is_signing_key(data, public_key):
    """Whether it is the private half of the public key, as far as can be seen here."""
    parts = data.decode("ascii", "replace").split("+", 4)
    name, hash, key = key_parts(public_key)
    seed = base64_bytes(parts[4][:-1]) if len(parts) == 5 and parts[4].endswith("\n") else None
    if parts[:4] != ["PRIVATE", "KEY", name, hash] or not seed or len(seed) != 33 or seed[0] != 1:
        return False
    return Ed25519PublicKey is None or Ed25519PrivateKey.from_private_bytes(seed[1:]).public_key().public_bytes_raw() == key


def check_keys(archive, description):
    """A copy may be without keys; one that is there is this archive's, and its owner's alone."""
    fingerprint, public_key = description.get("person_number_key"), description.get("public_key")
    for path in sorted((archive / "keys").glob("*")):
        status = path.lstat()
        if path.name not in ("person-number.key", "signing.key", "signing.key.next") or not stat.S_ISREG(status.st_mode):
            found(f"keys/{path.name}", "it is not of the format")
        elif stat.S_IMODE(status.st_mode) != 0o600:
            found(f"keys/{path.name}", f"its mode is {stat.S_IMODE(status.st_mode):o} and not 600")
        elif path.name == "signing.key.next":
            found(f"keys/{path.name}", "a rotation was cut off; whoever opens the archive finishes it")
        elif path.name == "signing.key":
            if public_key is not None and not is_signing_key(path.read_bytes(), public_key):
                found(f"keys/{path.name}", "it is not the key that format.json names")
        elif status.st_size != 32:
            found(f"keys/{path.name}", f"it has {status.st_size} bytes and not 32")
        elif fingerprint not in (None, hmac.digest(path.read_bytes(), b"key", "sha256")[:16].hex()):
            found(f"keys/{path.name}", "it is not the key that format.json has the code of")


def check_format(archive, fold):
    """What it says, as far as it can be read."""
    data = (archive / "format.json").read_bytes()
    try:
        if not data.endswith(b"\n"):
            raise Wrong("it does not end with a newline")
        description = checked(data[:-1], FORMAT)
        if fold.archive not in (None, description["archive"]):
            raise Wrong(f"it names {description['archive']}, record 0 names {fold.archive}")
        if key_parts(description["public_key"])[0] != f"{description['archive']}.minhchung":
            raise Wrong("its public key is not this archive's")
        if fold.is_complete and fold.keys and fold.keys[-1] != description["public_key"]:
            raise Wrong("its public key is not the one that the last key.rotated record names")
        if fold.is_complete and fold.epoch != description["epoch"]:
            raise Wrong(f"its epoch is {description['epoch']}, by the records it is {fold.epoch}")
        return description
    except Wrong as wrong:
        found("format.json", wrong)
        return {}


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
    fold, whole, trees = Fold(), set(), {tree: (0, lambda size: None) for tree in TREES}
    fold.is_complete = False
    with database(archive, "archive.sqlite", 0x4D43415A) as db:
        if db:
            with reading("archive.sqlite"):
                fold, whole, *trees["records"] = check_records(db)
                trees["access"] = check_access(db, fold)
        description = check_format(archive, fold)
        # Whatever the ledger says, the archive's name and key are those of format.json.
        keys = {key: fold.limits[key] for key in fold.keys[:-1]} | {description["public_key"]: None} if description else {}
        if db and keys:
            with reading("archive.sqlite"):
                check_checkpoints(db, description["archive"], trees, keys)
        sound = check_objects(archive, fold)
        check_texts(archive, fold, sound)
        check_rules(archive, fold, sound)
        if db and fold.is_complete:
            with reading("archive.sqlite"):
                check_piece_lists(db, fold, sound)
                check_views(db, fold)
    with database(archive, "service.sqlite", 0x4D435356) as db, reading("service.sqlite"):
        if db and fold.is_complete:
            check_service(db, fold, description.get("archive"), trees, keys)
    if (archive / "search.sqlite").exists():
        with database(archive, "search.sqlite", 0x4D435358) as db, reading("search.sqlite"):
            if db and fold.is_complete:
                check_search(db, trees["records"][0])
    check_folders(archive)
    check_keys(archive, description)
    confirmed = check_acknowledged(acknowledged, fold, whole, sound) if acknowledged is not None else None

    def shown(tree):
        size, root = trees[tree]
        return f"root {root(size).hex() if root(size) else 'unknown'}"

    erased = sum(row["erased_record"] is not None for row in fold.objects.values())
    return (
        f"{trees['records'][0]} records, {shown('records')}; {trees['access'][0]} access log entries, {shown('access')}; "
        f"{len(fold.objects) - erased} objects, {len(set(sound) - set(fold.objects))} that no record names"
        + (f"; {erased} objects and the bodies of {len(fold.redactions)} records were erased" if fold.redactions else "")
        + ("; signatures were not verified, because the package cryptography is not there" if Ed25519PublicKey is None else "")
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
