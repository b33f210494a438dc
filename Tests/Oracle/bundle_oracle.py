#!/usr/bin/env python3
"""Checks an inspector's bundle against Storage/Bundle.md, with nothing of the program that wrote it.

    bundle_oracle.py --key KEY [--witness KEY ...] [--quorum N] [--seen SIZE:ROOT] [--tsa CERTIFICATES] BUNDLE

BUNDLE is a ZIP file or a folder. KEY is a public key on one line (name+hash+key) or a file of such lines, # for comments.
--quorum is how many of the witnesses have to have cosigned, 1 when it is not given. --seen is a tree of records that was
seen before, its root in hexadecimal digits. CERTIFICATES are those (PEM) that the stamp has to lead to; without them only what
it stamps is checked.

Exit status: 0 sound; 1 not sound, each finding on a line of its own that begins with the piece; 2 it could not look.
Needs Python 3.11 and `cryptography`; openssl(1) for --tsa.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import os
import pathlib
import re
import stat
import struct
import subprocess
import sys
import tempfile
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import verdict_oracle
from archive_oracle import CannotLook, Wrong, canonical, parsed

CHUNK = 1 << 20
# What is read whole: everything but evidence, texts and the page. A record has at most a few thousand citations.
WHOLE = 1 << 28
ID = "[0-9abcdefghjkmnpqrstvwxyz]{16}"
DIGEST = re.compile(r"[0-9a-f]{64}")
SEGMENT = re.compile(r"[0-9A-Za-z._-]+")
ORIGIN = re.compile(rf"(ar-{ID})\.minhchung/([1-9][0-9]*)/(records|access)")
NUMBER = re.compile(r"0|[1-9][0-9]*")

DECISION, ACCESS, CRATE = "data/decision.json", "data/access.jsonl", "data/ro-crate-metadata.json"
CHECKPOINT, ACCESS_CHECKPOINT, STAMP = "proofs/checkpoint", "proofs/access-checkpoint", "proofs/checkpoint.tsr"
MANIFEST, TAG_MANIFEST, SIGNATURE = "manifest-sha256.txt", "tagmanifest-sha256.txt", "signature.note"
REQUIRED = (
    "bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST, SIGNATURE, "VERIFY.md", "data/index.html", DECISION, CRATE, ACCESS,
    CHECKPOINT, ACCESS_CHECKPOINT)
RECORD = re.compile(r"data/records/([0-9]{9,})\.json")
PROOF = re.compile(r"proofs/records/([0-9]{9,})\.tlog-proof")
WITNESSED = re.compile(r"proofs/witness/(records|access)-(0|[1-9][0-9]*)\.add-checkpoint")
EVIDENCE = re.compile(r"data/evidence/([0-9a-f]{64})")
TEXT = re.compile(r"data/texts/([0-9a-f]{64})\.txt")
RULES = re.compile(r"data/rules/([0-9a-f]{64})\.json")
NAMED_BY_DIGEST = (EVIDENCE, TEXT, RULES)

findings = []


def found(piece, why):
    if (piece, str(why)) not in findings:
        findings.append((piece, str(why)))


class checking:
    """What goes wrong inside is a finding about the piece, and the end of what is done inside."""

    def __init__(self, piece):
        self.piece = piece

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Wrong):
            found(self.piece, error)
            return True
        # A body that lacks what the page says it has.
        if isinstance(error, (KeyError, TypeError, AttributeError, IndexError, ValueError)):
            found(self.piece, f"it is not of the form that it should have: {kind.__name__} {error}")
            return True
        return False


def sha256(*parts):
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def unbase64(text):
    """Bytes of base 64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong(f"{text!r} is not base 64") from error
    if base64.b64encode(data).decode() != text:
        raise Wrong(f"{text!r} is not base 64 as it is written")
    return data


def a_hash(line):
    data = unbase64(line)
    if len(data) != 32:
        raise Wrong(f"{line!r} is not a hash")
    return data


def line_of(data):
    """The canonical JSON on the one line of a file."""
    if not data.endswith(b"\n"):
        raise Wrong("it does not end with a newline")
    return parsed(data[:-1])


# The file -------------------------------------------------------------------------------------------------------------


class Files:
    """The files of a bundle by name, with size and SHA-256."""

    def __init__(self):
        self.size, self.digest = {}, {}
        self.folder = None  # the folder's name in a ZIP file

    def add(self, name, size, digest):
        self.size[name], self.digest[name] = size, digest

    def read(self, name):
        if name not in self.size:
            raise Wrong("it is missing")
        if self.size[name] > WHOLE:
            raise Wrong(f"it has {self.size[name]} bytes, more than anything of its kind")
        return self.bytes(name)

    def matching(self, pattern):
        """Names that the pattern matches as a whole, with its groups."""
        return [(name, match) for name in sorted(self.size) if (match := pattern.fullmatch(name))]


def check_name(piece, name):
    parts = name.split("/")
    if not all(SEGMENT.fullmatch(part) and part not in (".", "..") for part in parts):
        found(piece, f"{name!r} is not a name that a bundle can have")
        return False
    return True


class Folder(Files):
    def __init__(self, path):
        super().__init__()
        self.path = path
        self.walk(path, "")

    def walk(self, folder, prefix):
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        if not entries:
            found(prefix.rstrip("/") or self.path.name, "the folder is empty")
        for entry in entries:
            name = prefix + entry.name
            if not check_name(name, name):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                self.walk(entry.path, name + "/")
            elif stat.S_ISREG(status.st_mode):
                hasher, size = hashlib.sha256(), 0
                with open(entry.path, "rb") as file:
                    while data := file.read(CHUNK):
                        hasher.update(data)
                        size += len(data)
                self.add(name, size, hasher.hexdigest())
            else:
                found(name, "it is not a regular file")

    def bytes(self, name):
        return (self.path / name).read_bytes()


FULL = 0xFFFFFFFF


class Zip(Files):
    """A ZIP file, read from its first byte to its last and held against its one spelling."""

    LOCAL = struct.Struct("<IHHHHHIIIHH")

    def __init__(self, path):
        super().__init__()
        self.path, self.offsets, self.whole = path, {}, True
        with open(path, "rb") as file:
            self.walk(file)

    def wrong(self, why):
        found(self.path.name, why)
        self.whole = False

    def walk(self, file):
        end = os.fstat(file.fileno()).st_size
        entries, position, before = [], 0, b""
        while file.read(4) == b"PK\3\4":
            file.seek(position)
            head = file.read(self.LOCAL.size)
            if len(head) < self.LOCAL.size:
                return self.wrong(f"it ends in the middle of the header at byte {position}")
            fields = self.LOCAL.unpack(head)
            crc, packed, size, name_size, extra_size = fields[6:]
            name, extra = file.read(name_size), file.read(extra_size)
            if size == FULL and len(extra) == 20 and extra[:4] == b"\1\0\x10\0":
                size, packed = struct.unpack("<QQ", extra[4:])
            start = position + self.LOCAL.size + name_size + extra_size
            if packed != size or start + size > end:
                return self.wrong(f"the sizes in the header at byte {position} cannot be: the file ends before, or it is compressed")
            hasher, really, left = hashlib.sha256(), 0, size
            while left:
                data = file.read(min(left, CHUNK))
                if not data:
                    return self.wrong("it became shorter while it was read")
                hasher.update(data)
                really = zlib.crc32(data, really)
                left -= len(data)
            try:
                top, _, inner = name.decode("ascii").partition("/")
            except UnicodeDecodeError:
                top = inner = ""
            if not inner or not SEGMENT.fullmatch(top) or top in (".", "..") or self.folder not in (None, top):
                return self.wrong(f"the entry {name!r} at byte {position} has a name that no file of a bundle has")
            self.folder = top
            if not check_name(self.path.name, inner):
                self.whole = False
            if name == before:
                self.wrong(f"the entry {inner} is there twice")
            elif name < before:
                self.wrong(f"the entry {inner} is not in order")
            if crc != really:
                found(inner, "its CRC in the ZIP file is not that of its bytes")
            expected = self.local(name, crc, size)
            if head + name + extra != expected:
                self.wrong(f"the header of the entry {inner}, at byte {position}, is not in canonical form")
            if inner not in self.size:
                self.add(inner, size, hasher.hexdigest())
                self.offsets[inner] = start
            entries.append((name, crc, size, position))
            before, position = name, start + size
            file.seek(position)
        expected = self.tail(entries, position)
        file.seek(position)
        tail = file.read(len(expected) + 1)
        if not entries:
            return self.wrong("it does not begin with an entry of a ZIP file")
        if tail != expected:
            differs = next((i for i, (a, b) in enumerate(zip(tail, expected)) if a != b), min(len(tail), len(expected)))
            self.wrong(f"from byte {position + differs} on, its directory is not that of its entries in canonical form")

    def local(self, name, crc, size):
        extra = struct.pack("<HHQQ", 1, 16, size, size) if size >= FULL else b""
        version, short = 45 if extra else 10, min(size, FULL)
        return self.LOCAL.pack(
            0x04034B50, version, 0, 0, 0, 0x21, crc, short, short, len(name), len(extra)) + name + extra

    def tail(self, entries, start):
        """The central directory and the end, as these entries have them."""
        parts = []
        for name, crc, size, offset in entries:
            long = ([size, size] if size >= FULL else []) + ([offset] if offset >= FULL else [])
            extra = struct.pack(f"<HH{len(long)}Q", 1, 8 * len(long), *long) if long else b""
            version, short = 45 if extra else 10, min(size, FULL)
            parts.append(struct.pack(
                "<IHHHHHHIIIHHHHHII", 0x02014B50, 0x032D, version, 0, 0, 0, 0x21, crc, short, short, len(name),
                len(extra), 0, 0, 0, 0o100644 << 16, min(offset, FULL)) + name + extra)
        directory, count = b"".join(parts), len(entries)
        end = b""
        if count >= 0xFFFF or len(directory) >= FULL or start >= FULL:
            end = struct.pack(
                "<IQHHIIQQQQ", 0x06064B50, 44, 0x032D, 45, 0, 0, count, count, len(directory), start
            ) + struct.pack("<IIQI", 0x07064B50, 0, start + len(directory), 1)
        short = min(count, 0xFFFF)
        return directory + end + struct.pack(
            "<IHHHHIIH", 0x06054B50, 0, 0, short, short, min(len(directory), FULL), min(start, FULL), 0)

    def bytes(self, name):
        with open(self.path, "rb") as file:
            file.seek(self.offsets[name])
            return file.read(self.size[name])


# The bag --------------------------------------------------------------------------------------------------------------


def check_bag(files):
    known = set(REQUIRED) | {STAMP}
    for name in files.size:
        if name not in known and not any(
                pattern.fullmatch(name) for pattern in (RECORD, PROOF, WITNESSED, *NAMED_BY_DIGEST)):
            found(name, "a bundle has no such file")
    for name in REQUIRED:
        if name not in files.size:
            found(name, "it is missing")
    with checking("bagit.txt"):
        if files.read("bagit.txt") != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
            raise Wrong("it is not that of BagIt 1.0 in UTF-8")
    payload = {name for name in files.size if name.startswith("data/")}
    check_manifest(files, MANIFEST, payload)
    check_manifest(files, TAG_MANIFEST, set(files.size) - payload - {TAG_MANIFEST, SIGNATURE})
    with checking("bag-info.txt"):
        for line in files.read("bag-info.txt").decode().split("\n"):
            label, _, value = line.partition(": ")
            if label == "Payload-Oxum" and value != f"{sum(files.size[name] for name in payload)}.{len(payload)}":
                raise Wrong(f"its Payload-Oxum is {value}, and data/ has not so many bytes and files")


def check_manifest(files, manifest, expected):
    with checking(manifest):
        data = files.read(manifest)
        listed, before = {}, ""
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError:
            raise Wrong("it has other characters than names have") from None
        if not text.endswith("\n"):
            raise Wrong("it does not end with a newline")
        for line in text[:-1].split("\n"):
            match = re.fullmatch(r"([0-9a-f]{64})  ([0-9A-Za-z._/-]+)", line)
            if not match:
                raise Wrong(f"the line {line!r} is no digest and name")
            digest, name = match.groups()
            if name <= before:
                found(manifest, f"{name} is not in order, or there twice")
            listed[name], before = digest, name
        for name in sorted(expected - set(listed)):
            found(name, f"{manifest} does not list it")
        for name in sorted(set(listed) - expected):
            found(name if name not in files.size else manifest, f"{manifest} lists it, and it is not there to be listed: {name}")
        for name in sorted(expected & set(listed)):
            if files.digest[name] != listed[name]:
                found(name, f"its SHA-256 is {files.digest[name]}, {manifest} says {listed[name]}")


# Notes and keys -------------------------------------------------------------------------------------------------------


class Key:
    """A public key with its name: name+hash+key."""

    def __init__(self, line):
        parts = line.split("+", 2)
        if len(parts) != 3 or not parts[0]:
            raise Wrong("it is not name+hash+key")
        self.name, data = parts[0], unbase64(parts[2])
        if len(data) != 33 or data[0] not in (1, 4):
            raise Wrong("it is not an Ed25519 key for notes or cosignatures")
        self.kind, self.raw = data[0], data[1:]
        self.id = sha256(self.name.encode(), b"\n", data)[:4]
        if self.id.hex() != parts[1]:
            raise Wrong("its hash is not that of its name and key")

    def verifies(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
            return True
        except (InvalidSignature, ValueError):
            return False


class Note:
    """A signed note, taken apart; nothing of it is believed before a signature is verified."""

    def __init__(self, data):
        text = data.decode("utf-8")
        if any(character < " " and character != "\n" for character in text):
            raise Wrong("it has control characters")
        body, gap, tail = text.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise Wrong("it is no signed note")
        self.text, self.signatures = body + "\n", []
        for line in tail[:-1].split("\n"):
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "—" or not parts[1] or "+" in parts[1]:
                raise Wrong(f"{line!r} is no signature")
            signature = unbase64(parts[2])
            if len(signature) < 5:
                raise Wrong(f"{line!r} is no signature")
            self.signatures.append((parts[1], signature[:4], signature[4:]))

    def check_own(self, position, keys):
        """The signature at this position is one of these keys'."""
        name, id, signature = self.signatures[position]
        for key in keys:
            if (key.name, key.id) == (name, id) and key.kind == 1:
                if len(signature) != 64 or not key.verifies(signature, self.text.encode()):
                    raise Wrong(f"the signature of {name} is wrong")
                return
        raise Wrong(f"it is not signed with a trusted key of the archive, but by {name} {id.hex()}")


class Checkpoint:
    def __init__(self, data, tree, keys, witnesses):
        self.data, self.note = data, Note(data)
        lines = self.note.text.split("\n")
        origin = ORIGIN.fullmatch(lines[0])
        if len(lines) != 4 or origin is None or not NUMBER.fullmatch(lines[1]):
            raise Wrong("it is no checkpoint of an archive")
        self.origin, self.archive, self.epoch = lines[0], origin[1], int(origin[2])
        self.size, self.root = int(lines[1]), a_hash(lines[2])
        if origin[3] != tree:
            raise Wrong(f"it is of the tree {origin[3]}, not of {tree}")
        own = [key for key in keys if key.name == f"{self.archive}.minhchung"]
        if not own:
            raise Wrong(f"it is of the archive {self.archive}, whose key is none of the trusted ones")
        self.note.check_own(0, own)
        self.witnesses = set()
        for name, id, signature in self.note.signatures[1:]:
            if len(signature) != 72:
                raise Wrong(f"the signature of {name} is no cosignature")
            seconds = int.from_bytes(signature[:8], "big")
            message = f"cosignature/v1\ntime {seconds}\n{self.note.text}".encode()
            for key in witnesses:
                if (key.name, key.id, key.kind) == (name, id, 4):
                    if seconds >= 1 << 63 or not key.verifies(signature[8:], message):
                        raise Wrong(f"the cosignature of {name} is wrong")
                    self.witnesses.add((name, id))

    def named(self):
        return {"origin": self.origin, "root": self.root.hex(), "size": self.size}


def check_signature(files, keys, name):
    """Rule 3. `name` is what the bundle has to be called, where that is known."""
    with checking(SIGNATURE):
        note = Note(files.read(SIGNATURE))
        if len(note.signatures) != 1:
            raise Wrong(f"it has {len(note.signatures)} signatures and not one")
        note.check_own(0, keys)
        lines = note.text.split("\n")
        if len(lines) != 4 or lines[0] != "minhchung bundle v1":
            raise Wrong("what it signs is no bundle of version 1")
        if lines[2] != f"tagmanifest-sha256 {files.digest.get(TAG_MANIFEST)}":
            raise Wrong(f"what it signs is another {TAG_MANIFEST}")
        if lines[1] != name:
            raise Wrong(f"what it signs is called {lines[1]}, and should be called {name}")


# The tree (RFC 6962, with the algorithms of RFC 9162) --------------------------------------------------------------------


def inner(left, right):
    return sha256(b"\1", left, right)


def inclusion_root(leaf, index, size, path):
    """The root that the path leads to; `None` where it is no path of this place."""
    if not 0 <= index < size:
        return None
    place, last, root = index, size - 1, leaf
    for hash in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = inner(hash, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = inner(root, hash)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


def consistency_roots(old, new, path, seed):
    """The old and the new root that the path leads to; `None` where it is no path between such trees.

    `seed` begins the path where the old tree is perfect: its root, which is not sent.
    """
    path = ([seed] if old & (old - 1) == 0 else []) + path
    if not path:
        return None
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for hash in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            before, after = inner(hash, before), inner(hash, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = inner(after, hash)
        place, last = place >> 1, last >> 1
    return (before, after) if last == 0 else None


def proof_lines(data, first):
    """The first lines and the hashes of a proof, and what follows its empty line."""
    head, gap, rest = data.partition(b"\n\n")
    lines = head.decode("ascii").split("\n")
    if not gap or len(lines) < first:
        raise Wrong("it is no proof")
    return lines[:first], [a_hash(line) for line in lines[first:]], rest


def check_witness_file(files, name, size, checkpoint, seen):
    first, path, rest = proof_lines(files.read(name), 1)
    if first != [f"old {size}"]:
        raise Wrong(f"it is not from a tree of {size}")
    if rest != checkpoint.data:
        raise Wrong("it does not end with the checkpoint of this bundle")
    if size > checkpoint.size:
        raise Wrong(f"it is from a tree of {size}, and the checkpoint has {checkpoint.size}")
    known = seen[1] if seen and seen[0] == size else None
    if size in (0, checkpoint.size):
        roots = None if path else (known if size == 0 else checkpoint.root, checkpoint.root)
    else:
        roots = consistency_roots(size, checkpoint.size, path, known or bytes(32))
    if roots is None:
        raise Wrong(f"it is no proof from a tree of {size} to one of {checkpoint.size}")
    before, after = roots
    # From a perfect tree whose root is not known, nothing can be computed.
    if after != checkpoint.root and (known or size & (size - 1)):
        raise Wrong("it does not lead to the root of the checkpoint")
    if known and before != known:
        raise Wrong(f"the tree of {size} that was seen is another one")


def check_seen(files, checkpoint, seen):
    size, root = seen
    if size == checkpoint.size:
        if root != checkpoint.root:
            found(CHECKPOINT, f"the tree of {size} that was seen has another root")
    elif size > checkpoint.size:
        found(CHECKPOINT, f"it is of {checkpoint.size} records, older than the tree of {size} that was seen")
    elif f"proofs/witness/records-{size}.add-checkpoint" not in files.size:
        found(CHECKPOINT, f"there is no proof that it continues the tree of {size} that was seen")


# The time (RFC 3161) --------------------------------------------------------------------------------------------------


def der(data, tag):
    """The content of the DER value that `data` begins with, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise Wrong(f"it is no time stamp: tag {data[:1].hex()} where {tag:02x} should be")
    size, start = data[1], 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(data[2:2 + count], "big"), 2 + count
    if start + size > len(data):
        raise Wrong("it is no time stamp: it ends in the middle")
    return data[start:start + size], data[start + size:]


SHA256_NAME = bytes.fromhex("0609608648016503040201")


def stamped(data):
    """What a response stamps, and its time."""
    response, rest = der(data, 0x30)
    if rest:
        raise Wrong("something follows the response")
    status, token = der(response, 0x30)
    if der(status, 0x02)[0] not in (b"\0", b"\1"):
        raise Wrong("the stamp was not granted")
    content, rest = der(token, 0x30)
    if rest:
        raise Wrong("something follows the token")
    name, content = der(content, 0x06)
    if name != bytes.fromhex("2a864886f70d010702"):
        raise Wrong("the token is not signed data")
    signed = der(der(content, 0xA0)[0], 0x30)[0]
    signed = der(signed, 0x02)[1]
    signed = der(signed, 0x31)[1]
    name, content = der(der(signed, 0x30)[0], 0x06)
    if name != bytes.fromhex("2a864886f70d0109100104"):
        raise Wrong("what is signed is no time stamp")
    info = der(der(der(content, 0xA0)[0], 0x04)[0], 0x30)[0]
    info = der(info, 0x02)[1]
    info = der(info, 0x06)[1]
    imprint, info = der(info, 0x30)
    algorithm, imprint = der(imprint, 0x30)
    if not algorithm.startswith(SHA256_NAME):
        raise Wrong("its digest is not SHA-256")
    info = der(info, 0x02)[1]
    time = der(info, 0x18)[0].decode("ascii")
    return der(imprint, 0x04)[0], datetime.datetime.strptime(time[:14], "%Y%m%d%H%M%S").replace(tzinfo=datetime.timezone.utc)


def check_stamp(files, checkpoint, certificates):
    """The time of the stamp; `None` where there is none."""
    if STAMP not in files.size:
        return None
    with checking(STAMP):
        data, text = files.read(STAMP), checkpoint.note.text.encode()
        imprint, time = stamped(data)
        if imprint != sha256(text):
            raise Wrong("it stamps something else than the text of the checkpoint")
        if certificates:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in (("response", data), ("text", text)):
                    pathlib.Path(folder, name).write_bytes(content)
                answer = subprocess.run(
                    ["openssl", "ts", "-verify", "-in", f"{folder}/response", "-data", f"{folder}/text", "-CAfile", certificates,
                     "-attime", str(int(time.timestamp()))], capture_output=True, text=True)
            if answer.returncode != 0:
                raise Wrong("openssl: " + " ".join(answer.stderr.split()))
        return time
    return None


# Records --------------------------------------------------------------------------------------------------------------


class Record:
    def __init__(self, number, header, body):
        self.number, self.header, self.body = number, header, body
        self.kind, self.subjects, self.time = header["kind"], header["subjects"], header["time"]
        self.account = header.get("acting_as", header["actor"])
        self.is_erased = body is None

    def get(self, name):
        return (self.body or {}).get(name)


def check_header(header, number):
    if not isinstance(header, dict) or not isinstance(header.get("subjects"), list):
        raise Wrong("its header is none")
    if header.get("number") != number or isinstance(header.get("number"), bool):
        raise Wrong(f"its header says that it is number {header.get('number')}")
    for name in ("kind", "actor", "time"):
        if not isinstance(header.get(name), str):
            raise Wrong(f"its header has no {name}")


def read_record(files, name, digits):
    content = line_of(files.read(name))
    if not isinstance(content, dict) or not set(content) in ({"header"}, {"header", "salt", "body"}):
        raise Wrong("it has other members than header, and salt and body or neither")
    number = int(digits)
    if f"{number:09}" != digits:
        raise Wrong("its number is not written with nine digits")
    header, body = content["header"], content.get("body")
    check_header(header, number)
    if "body" in content:
        if not isinstance(body, dict):
            raise Wrong("its body is no object")
        if not isinstance(content["salt"], str) or not DIGEST.fullmatch(content["salt"]):
            raise Wrong("its salt is not 64 hexadecimal digits")
        if sha256(bytes.fromhex(content["salt"]), canonical(body).encode()).hex() != header.get("body"):
            raise Wrong("its body is not the one that its header commits to")
    elif not isinstance(header.get("body"), str) or not DIGEST.fullmatch(header["body"]):
        raise Wrong("its header commits to no body")
    return Record(number, header, body)


def check_proof(files, record, checkpoint):
    name = f"proofs/records/{record.number:09}.tlog-proof"
    with checking(name):
        first, path, rest = proof_lines(files.read(name), 2)
        if first != ["c2sp.org/tlog-proof@v1", f"index {record.number}"]:
            raise Wrong(f"it is no proof of record {record.number}")
        if rest != checkpoint.data:
            raise Wrong(f"it does not end with {CHECKPOINT}")
        leaf = sha256(b"\0", canonical(record.header).encode())
        if inclusion_root(leaf, record.number, checkpoint.size, path) != checkpoint.root:
            raise Wrong(f"it does not prove the header of data/records/{record.number:09}.json")


class Records:
    """The records of a bundle in order, each with what is left of it where its body was erased."""

    def __init__(self, records):
        self.all = sorted(records, key=lambda record: record.number)
        self.of = {record.number: record for record in self.all}
        # From the newest erasure to the oldest, the newest redaction of a record holds; an erasure that was erased itself counts with
        # what a newer one left of it.
        left = {}
        for record in reversed(self.all):
            if record.is_erased:
                self.explain(record, left.get(record.number))
            if record.kind == "data.erased":
                for redaction in record.body["redactions"]:
                    left.setdefault(redaction["record"], redaction)

    @staticmethod
    def explain(record, redaction):
        piece = f"data/records/{record.number:09}.json"
        if redaction is None:
            found(piece, "it has no body, and no data.erased record of the bundle says so")
        elif redaction["kind"] != record.kind:
            found(piece, f"what erased it calls it {redaction['kind']}")
        else:
            record.body = redaction["body"]
            return
        if record.kind == "data.erased":
            record.body = {"items": [], "objects": [], "redactions": []}

    def each(self, *kinds, **members):
        """Those of these kinds whose body has these members."""
        return [
            record for record in self.all
            if record.kind in kinds and all(record.get(name) == value for name, value in members.items())]

    def last(self, *kinds, **members):
        return (self.each(*kinds, **members) or [None])[-1]


def known(**members):
    """An object of those that have a value."""
    return {name: value for name, value in members.items() if value is not None}


# The verdict ----------------------------------------------------------------------------------------------------------


def shown(halves):
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def iso(date):
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", date):
        return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
    return date


def origin(value, document):
    """Where a value of a rule document is from, on one line."""
    source = document["sources"][value["source"]]
    parts = [source["title"]]
    if "number" in source and source["number"] not in source["title"]:
        parts.append(source["number"])
    parts.append(source["issuer"])
    if "date" in source:
        parts.append(iso(source["date"]))
    if "place" in value:
        parts.append(value["place"])
    quote = f": “{value['quote']}”" if "quote" in value else ""
    return ", ".join(parts) + quote + (" (provisional)" if value.get("provisional") else "")


def reasons_of(criteria, rules, scores, evidenced):
    """Every rule that a verdict holds against something, in order: (rule, met, text)."""
    limits, reasons = verdict_oracle.values(rules), []

    def add(rule, met, text, value=None, document=rules):
        reasons.append({
            "rule": rule, "met": met, "text": text + (f" [{origin(value, document)}]" if value else "")})

    def at_least(rule, subject, points, name):
        met = points >= limits[name]
        add(rule, met, f"{subject} {shown(points)} {'≥' if met else '<'} {shown(limits[name])}", rules[name])

    total = 0
    for indicator in indicators_of(criteria):
        code, score = indicator["code"], scores.get(indicator["code"])
        measured = limits["evidence"] == "quantifiable" and indicator["quantifiable"]
        worthless = measured and code not in evidenced
        add(f"complete:{code}", score is not None, f"{code} has {'a' if score else 'no'} score")
        given = score["halves"] if score else 0
        if score:
            says = f"{code} = {shown(given)} "
            most = verdict_oracle.halves(indicator["maximum"])
            own = most < limits["scale_maximum"]
            most, value = (most, indicator) if own else (limits["scale_maximum"], rules["scale_maximum"])
            if given > most:
                add(f"scale:{code}", False, says + f"> {shown(most)}", value, criteria if own else rules)
            elif given < limits["scale_minimum"] and not (worthless and given == 0):
                add(f"scale:{code}", False, says + f"< {shown(limits['scale_minimum'])}", rules["scale_minimum"])
            else:
                add(f"scale:{code}", True, says + f"≤ {shown(most)}", value, criteria if own else rules)
            if not limits["half_points"]:
                add(f"halves:{code}", given % 2 == 0, says + ("is not whole" if given % 2 else "is whole"), rules["half_points"])
            if measured:
                met = not worthless or given <= 0
                words = "with evidence" if not worthless else "without evidence" if met else "without evidence counts 0"
                add(f"evidence:{code}", met, says + words, rules["evidence"])
            partial = score.get("partial", False)
            carried = partial or indicator["quantifiable"] and code in evidenced and given > 0
            if "partial_floor" in limits and not worthless and carried:
                met = given >= limits["partial_floor"]
                words = "≥" if met else "in part <" if partial else "more than 0 but <"
                add(f"partial:{code}", met, says + f"{words} {shown(limits['partial_floor'])}", rules["partial_floor"])
        points = 0 if worthless else given
        total += points
        at_least(f"floor:{code}", f"{code} =", points, "floor")
    at_least("threshold", "total", total, "threshold")
    return reasons


def indicators_of(criteria):
    return [indicator for competency in criteria["competencies"] for indicator in competency["indicators"]]


def verdict_of(decided, criteria, rules):
    """The verdict of the other oracle, with the grade and all reasons."""
    body = decided.body
    evidenced = {
        citation["indicator"] for citation in body["citations"]
        if citation["verification"] in ("submitted", "in-review", "verified")}
    verdict = verdict_oracle.judge(
        [(one["code"], one["quantifiable"], verdict_oracle.halves(one["maximum"])) for one in indicators_of(criteria)],
        verdict_oracle.values(rules),
        {"evidenced": evidenced, "scores": {code: {"partial": False, **score} for code, score in body["scores"].items()}})
    reasons = reasons_of(criteria, rules, body["scores"], evidenced)
    if sorted(reason["rule"] for reason in reasons if not reason["met"]) != verdict["unmet"]:
        raise AssertionError(f"the two ways to a verdict differ: {verdict['unmet']} and {reasons}")
    grade = None
    if verdict["recognised"]:
        for step in rules.get("grades", []):
            if verdict_oracle.halves(step["from"]) <= verdict["total_halves"]:
                grade = step["name"]
    return known(recognised=verdict["recognised"], total_halves=verdict["total_halves"], grade=grade, reasons=reasons)


def is_provisional(value):
    if isinstance(value, dict):
        return value.get("provisional") is True or any(map(is_provisional, value.values()))
    return isinstance(value, list) and any(map(is_provisional, value))


# The decision ---------------------------------------------------------------------------------------------------------


class Decision:
    """decision.json, derived from the records."""

    def __init__(self, files, records, stated, rules):
        self.files, self.records, self.rules, self.scope = files, records, rules, stated["scope"]
        scope, self.honour = self.scope, None
        if set(scope) == {"title"}:
            self.honour = records.last("honour.granted", honour=scope["title"])
            wanted = self.honour.body["titles"] if self.honour else [scope["title"]]
            decided = [record for record in records.each("dossier.decided") if record.get("title") in wanted]
            self.name = scope["title"]
        elif set(scope) == {"cycle", "unit"}:
            decided = [
                record for record in records.each("dossier.decided", cycle=scope["cycle"], unit=scope["unit"])
                if record.get("title")]
            wanted = [record.body["title"] for record in decided]
            self.name = f"{scope['unit']}-{scope['cycle']}"
        else:
            raise Wrong("its scope is neither a title nor a list")
        self.decided = sorted(decided, key=lambda record: record.body["title"])
        titles = [record.body["title"] for record in self.decided]
        if sorted(titles) != sorted(set(wanted)) or not titles:
            raise Wrong(f"the records of the bundle give {titles}, and it is about {sorted(set(wanted))}")
        self.dossiers = {record.body["dossier"] for record in self.decided}
        self.uses = self.find_uses()
        self.objects = {object for _, object in self.uses}

    def find_uses(self):
        uses = {}

        def use(reference, how):
            uses.setdefault((reference["item"], reference["object"]), set()).add(how)

        for decided in self.decided + ([self.honour] if self.honour else []):
            for citation in decided.body.get("citations", []):
                use(citation["evidence"], "citation")
            if "scan" in decided.body["document"]:
                use(decided.body["document"]["scan"], "scan")
        for dossier in self.dossiers:
            for step in self.records.each("dossier.stepped", dossier=dossier):
                if "minutes" in (step.get("review") or {}):
                    use(step.body["review"]["minutes"], "minutes")
        return uses

    def json(self, checkpoint, access_checkpoint, checks):
        titles = [self.title(record) for record in self.decided]
        return known(
            bundle=1, archive=checkpoint.archive, scope=self.scope, checkpoint=checkpoint.named(),
            access_checkpoint=access_checkpoint.named(), titles=titles, honour=self.of_honour() if self.honour else None,
            evidence=[self.item(item, object, self.uses[item, object]) for item, object in sorted(self.uses)],
            files=[self.file(object, checks.get(object, {})) for object in sorted(self.objects)])

    def person(self, id):
        last = self.records.last("person.declared", person=id)
        if last is None:
            return {"person": id}
        return known(person=id, name=last.get("name"), birth_year=last.get("birth_year"), record=last.number)

    def unit(self, id, day):
        held = None
        for record in self.records.each("unit.declared", unit=id):
            if record.body["valid_from"] <= day and (held is None or record.body["valid_from"] >= held.body["valid_from"]):
                held = record
        if held is None or held.body.get("valid_until", day) < day:
            return {"unit": id}
        return known(unit=id, name=held.get("name"), code=held.get("code"), kind=held.get("kind"), record=held.number)

    def rule(self, digest):
        if digest not in self.rules:
            raise Wrong(f"its rule object {digest} is not in the bundle")
        return self.rules[digest]

    def title(self, decided):
        body, records = decided.body, self.records
        rules, criteria = self.rule(body["rules"]), self.rule(body["criteria"])
        state, ended_by = "stands", None
        for later in records.all:
            if ended_by is None and later.number > decided.number:
                if later.kind == "title.revoked" and later.get("title") == body["title"]:
                    state, ended_by = "revoked", later.number
                elif later.kind == "dossier.decided" and later.get("dossier") == body["dossier"]:
                    state, ended_by = "replaced", later.number
        verdict = verdict_of(decided, criteria, rules)
        if not verdict["recognised"]:
            unmet = ", ".join(reason["rule"] for reason in verdict["reasons"] if not reason["met"])
            found(piece_of(decided), f"by its scores and citations the title is not given: {unmet}")
        if (verdict["total_halves"], verdict.get("grade")) != (body["total_halves"], body.get("grade")):
            found(piece_of(decided), f"its total is {verdict['total_halves']}, its grade {verdict.get('grade')}; it says otherwise")

        def named(member, document):
            return {
                "code": document["code"], "object": body[member], "provisional": is_provisional(document),
                "title": document["title"], "version": document["version"]}

        return known(
            title=body["title"], dossier=body["dossier"], cycle=body["cycle"], group=body["group"],
            **{"from": body["from"]}, person=self.person(body["person"]),
            unit=self.unit(body["unit"], body["document"]["issued_on"]), document=body["document"], record=decided.number,
            time=decided.time, account=decided.account, role=body["role"], reviewers=body["reviewers"], state=state,
            ended_by=ended_by, rules=named("rules", rules), criteria=named("criteria", criteria),
            scores=self.scores(decided, criteria), citations=self.citations(decided), verdict=verdict,
            steps=self.steps(body["dossier"]))

    def scores(self, decided, criteria):
        scores, given = [], [
            record for record in self.records.each("scores.given", dossier=decided.body["dossier"], kind="final")
            if record.number < decided.number]
        for indicator in indicators_of(criteria):
            code = indicator["code"]
            score = decided.body["scores"].get(code)
            if score:
                sheets = [record for record in given if code in record.body["scores"]]
                if not sheets or sheets[-1].body["scores"][code] != score:
                    found(piece_of(decided), f"no scores.given record of the bundle gives {code} so")
                scores.append(known(
                    indicator=code, name=indicator["name"], halves=score["halves"], partial=score.get("partial", False),
                    record=sheets[-1].number if sheets else None))
        return scores

    def citations(self, decided):
        citations = []
        for citation in decided.body["citations"]:
            cited = self.records.last("evidence.cited", citation=citation["citation"], dossier=decided.body["dossier"])
            if cited is None:
                found(piece_of(decided), f"no record of the bundle makes its citation {citation['citation']}")
                citations.append(citation)
                continue
            for name in ("indicator", "evidence", "pages", "text"):
                if cited.get(name) != citation.get(name):
                    found(piece_of(decided), f"record {cited.number} has {name} of its citation {citation['citation']} otherwise")
            citations.append({**citation, **known(record=cited.number, note=cited.get("note"))})
        return citations

    def steps(self, dossier):
        steps = []
        for record in self.records.each("dossier.opened", "dossier.stepped", "dossier.decided", "title.revoked", dossier=dossier):
            step = known(record=record.number, time=record.time, account=record.account, role=record.get("role"), kind=record.kind)
            step.update({name: record.body[name] for name in ("act", "from", "to", "reason", "review") if name in record.body})
            steps.append(step)
        if not steps or steps[0]["kind"] != "dossier.opened":
            found(DECISION, f"no record of the bundle opens the dossier {dossier}")
        return steps

    def of_honour(self):
        body, revoked = self.honour.body, self.records.last("title.revoked", title=self.honour.body["honour"])
        return known(
            honour=body["honour"], name=body["name"], person=self.person(body["person"]), titles=body["titles"],
            document=body["document"], record=self.honour.number, time=self.honour.time, account=self.honour.account,
            state="revoked" if revoked else "stands", ended_by=revoked.number if revoked else None)

    def item(self, item, object, uses):
        records, deposit = self.records, self.records.last("evidence.deposited", item=item)
        members = {"item": item, "object": object, "uses": sorted(uses)}
        if deposit is None:
            found(DECISION, f"no record of the bundle deposits {item}")
        else:
            if deposit.body["object"]["digest"] != object:
                found(piece_of(deposit), f"its object is not {object}, which is used as {item}")
            members["deposited"] = {"record": deposit.number, "time": deposit.time, "account": deposit.account}
            described = records.last("evidence.described", item=item)
            members.update(known(
                metadata=(described or deposit).get("metadata"), described=described.number if described else None))
        extracted = records.last("object.extracted", object=object)
        if extracted:
            members["extraction"] = known(
                record=extracted.number, media_type=extracted.get("media_type"), page_count=extracted.get("page_count"),
                text=(extracted.get("text") or {}).get("digest"))
        members["findings"] = [
            known(
                record=record.number, time=record.time, account=record.account, role=record.get("role"),
                state="superseded" if record.kind == "evidence.superseded" else record.get("state"), method=record.get("method"),
                reason=record.get("reason"), by=record.get("by"))
            for record in records.each("evidence.verified", "evidence.superseded", item=item)]
        for record in records.each("data.erased"):
            if item in record.body["items"]:
                members["erased"] = record.number
        return members

    def is_erased(self, object):
        """Whether the last that the records say of its bytes is that they were erased."""
        erased = False
        for record in self.records.all:
            if record.kind == "data.erased" and object in record.body["objects"]:
                erased = True
            elif record.kind == "evidence.deposited" and record.body["object"]["digest"] == object:
                erased = False
        return erased

    def file(self, object, stated):
        """What the records say of a file. Who made the bundle knows when it was checked: held against what there is."""
        deposits = [record for record in self.records.each("evidence.deposited") if record.body["object"]["digest"] == object]
        size = deposits[0].body["object"]["size"] if deposits else None
        name = f"data/evidence/{object}"
        state = "erased" if self.is_erased(object) else "enclosed" if name in self.files.size else "withheld"
        if name in self.files.size:
            if state == "erased":
                found(name, "it is here, and the records say that it was erased")
            elif size != self.files.size[name]:
                found(name, f"it has {self.files.size[name]} bytes, the records say {size}")
        checked_at = number = None
        if state != "erased":
            number, checked_at = stated.get("check_record"), stated.get("checked_at")
            check = self.records.of.get(number) if isinstance(number, int) else None
            if check is not None and check.kind == "fixity.checked":
                if checked_at != check.body["started_at"]:
                    found(DECISION, f"{object} is said to be checked at {checked_at}, record {number} says {check.body['started_at']}")
            elif check is None or check is not deposits[-1]:
                found(DECISION, f"the check_record {number} of {object} is neither a check nor its last deposit")
            elif checked_at != check.time:
                found(DECISION, f"{object} is said to be checked at {checked_at}, record {number} is of {check.time}")
        return known(object=object, size=size, state=state, checked_at=checked_at, check_record=number)

    # What belongs into the bundle.

    def check_records(self, checks):
        """Nothing is in the bundle that is not about it."""
        people = {record.body["person"] for record in self.decided} | ({self.honour.body["person"]} if self.honour else set())
        units = {record.body["unit"] for record in self.decided}
        titles = {record.body["title"] for record in self.decided} | ({self.scope["title"]} if self.honour else set())
        items = {item for item, _ in self.uses}
        own = self.dossiers | titles
        self.subjects = own | people | items
        bound = {record.body[member] for record in self.decided for member in ("rules", "criteria")}
        if self.honour:
            bound.add(self.honour.body["rules"])
        self.bound = bound
        imported = {record.body["object"]["digest"] for record in self.records.each("rule.imported")}
        for digest in sorted(bound - imported):
            found(DECISION, f"no record of the bundle imports the rule object {digest}")
        numbers = set(self.records.of)
        checks = {check.get("check_record") for check in checks.values()}
        for record in self.records.all:
            subjects = set(record.subjects)
            others = any(subject.startswith("do-") and subject not in self.dossiers for subject in subjects)
            if not (
                    record.number == 0 or record.kind in ("key.rotated", "archive.restored") or subjects & own
                    or subjects & items and not others or record.number in checks
                    or record.kind == "person.declared" and record is self.records.last("person.declared", person=record.get("person"))
                    and record.get("person") in people
                    or record.kind == "unit.declared" and record.get("unit") in units
                    or record.kind == "object.extracted" and record.get("object") in self.objects
                    or record.kind == "rule.imported" and record.body["object"]["digest"] in bound
                    or record.kind == "data.erased" and (
                        numbers & {redaction["record"] for redaction in record.body["redactions"]}
                        or items & set(record.body["items"]) or self.objects & set(record.body["objects"]))):
                found(piece_of(record), "it is not about what the bundle is about")

    def check_files(self):
        """Rule 11, beside what names say."""
        for name, match in self.files.matching(EVIDENCE):
            if match[1] not in self.objects:
                found(name, "nothing in the bundle rests on it")
        for name, match in self.files.matching(RULES):
            if match[1] not in self.bound:
                found(name, "no title of the bundle is bound to it")
        for digest in sorted(self.bound):
            if f"data/rules/{digest}.json" not in self.files.size:
                found(f"data/rules/{digest}.json", "it is missing")
        pinned = {
            citation["text"] for record in self.decided for citation in record.body["citations"]
            if "text" in citation and f"data/evidence/{citation['evidence']['object']}" in self.files.size}
        for name, match in self.files.matching(TEXT):
            if match[1] not in pinned:
                found(name, "no citation of what is enclosed pins it")
        for text in sorted(pinned):
            if f"data/texts/{text}.txt" not in self.files.size:
                found(f"data/texts/{text}.txt", "it is missing")


def piece_of(record):
    return f"data/records/{record.number:09}.json"


def difference(stated, derived, path=""):
    """Where two values differ first, for people; `None` where they do not."""
    if isinstance(stated, dict) and isinstance(derived, dict):
        for name in sorted(stated.keys() | derived.keys()):
            here = f"{path}.{name}" if path else name
            if name not in derived:
                return f"{here} is there, and nothing in the records says so"
            if name not in stated:
                return f"{here} is missing; by the records it is {canonical(derived[name])[:200]}"
            if (deeper := difference(stated[name], derived[name], here)) is not None:
                return deeper
        return None
    if isinstance(stated, list) and isinstance(derived, list):
        for index, (left, right) in enumerate(zip(stated, derived)):
            if (deeper := difference(left, right, f"{path}[{index}]")) is not None:
                return deeper
        if len(stated) != len(derived):
            return f"{path} has {len(stated)} entries; by the records it has {len(derived)}"
        return None
    if type(stated) is not type(derived) or stated != derived:
        return f"{path} is {canonical(stated)[:200]}; by the records it is {canonical(derived)[:200]}"
    return None


# The whole ------------------------------------------------------------------------------------------------------------


def check_access(files, checkpoint, subjects):
    entries, before = 0, -1
    with checking(ACCESS):
        data = files.read(ACCESS)
        if data and not data.endswith(b"\n"):
            raise Wrong("it does not end with a newline")
        for line in data.split(b"\n")[:-1]:
            content = parsed(line)
            if not isinstance(content, dict) or set(content) != {"header", "path"}:
                raise Wrong(f"the line {line[:60]!r} has other members than header and path")
            header, number = content["header"], content["header"].get("number")
            if not isinstance(number, int) or number <= before:
                raise Wrong(f"entry {number} is not in order, or there twice")
            check_header(header, number)
            leaf = sha256(b"\0", canonical(header).encode())
            if inclusion_root(leaf, number, checkpoint.size, list(map(a_hash, content["path"]))) != checkpoint.root:
                raise Wrong(f"entry {number} is not in the tree of {ACCESS_CHECKPOINT}")
            if subjects is not None and not subjects & set(header["subjects"]):
                raise Wrong(f"entry {number} is about nothing that the bundle is about")
            before, entries = number, entries + 1
    return entries


def read_rules(files):
    rules = {}
    for name, match in files.matching(RULES):
        with checking(name):
            document = parsed(files.read(name))
            if not isinstance(document, dict):
                raise Wrong("it is no rule document")
            rules[match[1]] = document
    return rules


def check_decision(files, records, checkpoint, access_checkpoint, rules):
    """The derived decision; `None` after a finding that leaves nothing to derive from."""
    with checking(DECISION):
        stated = line_of(files.read(DECISION))
        decision = Decision(files, records, stated, rules)
        checks = {file["object"]: file for file in stated["files"]}
        derived = decision.json(checkpoint, access_checkpoint, checks)
        decision.check_records(checks)
        decision.check_files()
        if (differs := difference(stated, derived)) is not None:
            raise Wrong(differs)
        return decision
    return None


def check(path, options):
    files = Folder(path) if path.is_dir() else Zip(path)
    if isinstance(files, Zip) and not files.whole:
        return "nothing else was looked at, because the ZIP file is not in its canonical form"
    check_bag(files)
    for pattern in NAMED_BY_DIGEST:
        for name, match in files.matching(pattern):
            if files.digest[name] != match[1]:
                found(name, f"its SHA-256 is {files.digest[name]}")
    with checking(CRATE):
        if "@graph" not in json.loads(files.read(CRATE)):
            raise Wrong("it is no RO-Crate")
    checkpoint = access_checkpoint = None
    with checking(CHECKPOINT):
        checkpoint = Checkpoint(files.read(CHECKPOINT), "records", options.keys, options.witnesses)
        if len(checkpoint.witnesses) < options.quorum:
            raise Wrong(f"{len(checkpoint.witnesses)} of the witnesses have cosigned it, asked for are {options.quorum}")
    with checking(ACCESS_CHECKPOINT):
        access_checkpoint = Checkpoint(files.read(ACCESS_CHECKPOINT), "access", options.keys, options.witnesses)
    if checkpoint is None or access_checkpoint is None:
        check_signature(files, options.keys, files.folder)
        return "records were not looked at, because a checkpoint is not to be believed"
    if checkpoint.archive != access_checkpoint.archive or access_checkpoint.size and checkpoint.epoch != access_checkpoint.epoch:
        found(ACCESS_CHECKPOINT, f"it is of {access_checkpoint.origin}, and {CHECKPOINT} of {checkpoint.origin}")
    opened = []
    for name, match in files.matching(RECORD):
        with checking(name):
            opened.append(read_record(files, name, match[1]))
            check_proof(files, opened[-1], checkpoint)
    for name, match in files.matching(PROOF):
        if f"data/records/{match[1]}.json" not in files.size:
            found(name, "it proves a record that is not in the bundle")
    for name, match in files.matching(WITNESSED):
        with checking(name):
            tree = checkpoint if match[1] == "records" else access_checkpoint
            check_witness_file(files, name, int(match[2]), tree, options.seen if match[1] == "records" else None)
    if options.seen:
        check_seen(files, checkpoint, options.seen)
    time = check_stamp(files, checkpoint, options.tsa)
    records = decision = None
    with checking("data/records/"):
        records = Records(opened)
        first = records.of.get(0)
        if first is None or first.kind != "archive.created" or first.get("archive") != checkpoint.archive:
            raise Wrong(f"record 0 does not create the archive {checkpoint.archive}")
    rules = read_rules(files)
    if records is not None:
        decision = check_decision(files, records, checkpoint, access_checkpoint, rules)
    name = f"{decision.name}-{checkpoint.size}" if decision else files.folder
    if files.folder not in (None, name):
        found(path.name, f"its folder is called {files.folder}, and should be called {name}")
    check_signature(files, options.keys, name)
    entries = check_access(files, access_checkpoint, decision.subjects if decision else None)
    return (
        f"{name}: {len(opened)} records of {checkpoint.size}, root {checkpoint.root.hex()}; {entries} access log entries of "
        f"{access_checkpoint.size}; {len(files.matching(EVIDENCE))} evidence files; {len(checkpoint.witnesses)} witnesses; "
        + (f"stamped {time:%Y-%m-%dT%H:%M:%SZ}" + ("" if options.tsa else ", by whom was not looked at") if time else "no time stamp"))


def read_keys(given, kind):
    """Keys of one line each, or of files of such lines."""
    keys = []
    for text in given:
        try:
            lines = [text] if "+" in text and not os.path.exists(text) else pathlib.Path(text).read_text().split("\n")
            for line in lines:
                line = line.partition("#")[0].strip()
                if line:
                    keys.append(Key(line))
        except (Wrong, OSError, UnicodeDecodeError) as error:
            raise CannotLook(f"the key {text} cannot be used: {error}") from error
    for key in keys:
        if key.kind != kind:
            raise CannotLook(f"the key {key.name} is of kind {key.kind}, it should be of kind {kind}")
    return keys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("--key", action="append", required=True, metavar="KEY")
    parser.add_argument("--witness", action="append", default=[], metavar="KEY")
    parser.add_argument("--quorum", type=int, metavar="N")
    parser.add_argument("--seen", metavar="SIZE:ROOT")
    parser.add_argument("--tsa", metavar="CERTIFICATES")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        options.keys, options.witnesses = read_keys(options.key, 1), read_keys(options.witness, 4)
        if not options.keys:
            raise CannotLook("there is no key")
        if options.quorum is None:
            options.quorum = min(1, len(options.witnesses))
        if options.seen:
            match = re.fullmatch(r"(\d+):([0-9a-f]{64})", options.seen)
            if not match:
                raise CannotLook("--seen is not SIZE:ROOT")
            options.seen = int(match[1]), bytes.fromhex(match[2])
        if options.tsa and not os.path.isfile(options.tsa):
            raise CannotLook(f"there are no certificates {options.tsa}")
        if not options.bundle.is_dir() and not options.bundle.is_file():
            raise CannotLook("there is no such file or folder")
        summary = check(options.bundle, options)
    except (CannotLook, OSError) as error:
        print(f"cannot look at {options.bundle}: {error}", file=sys.stderr)
        return 2
    for piece, why in findings:
        print(f"{piece}: {why}")
    print(f"{len(findings)} findings: {summary}" if findings else f"sound: {summary}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
