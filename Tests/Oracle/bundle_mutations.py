#!/usr/bin/env python3
"""Does to a bundle what must not go unnoticed, and holds a verifier to it.

    bundle_mutations.py PROGRAM KEY BUNDLE.zip [--every-file] [--random N] [--seed S] [--older CHECKPOINT] [--only LABEL --keep FOLDER]

PROGRAM is a command line; `--key KEY PATH` is appended. It has to accept the bundle (status 0), as a ZIP file and as a folder, and to
refuse each mutation with status 1 and an output that names what was touched: the file in the bundle, or the ZIP file where its
structure was touched. Every mutation is done to the ZIP file ("raw": only the bytes themselves; "zip": the ZIP file is in its canonical
form again; "bag": the manifests are right again too; "forged": it is signed anew too, with another key of the same name) and to the
folder ("folder", "folder-bag", "folder-forged").

--every-file does to every file what is otherwise done to one file of each kind. --older is a checkpoint that the archive signed
before, to be put in the place of the bundle's. --only does just the mutation of this label, as it was printed, and --keep leaves it there.

Exit status: 0 all were found; 1 some were not, each with how to do it again; 2 the bundle itself is not accepted.
Needs Python 3.11 and `cryptography`.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archive_oracle import canonical

MANIFEST, TAG_MANIFEST, SIGNATURE = "manifest-sha256.txt", "tagmanifest-sha256.txt", "signature.note"
LEVELS = ("raw", "zip", "bag", "forged", "folder", "folder-bag", "folder-forged")


# Writing bundles ------------------------------------------------------------------------------------------------------


def local_header(name, data, **changes):
    fields = dict(version=10, flags=0, method=0, time=0, date=0x21, crc=zlib.crc32(data), packed=len(data), size=len(data), extra=b"")
    fields.update(changes)
    name = name.encode()
    return struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, fields["version"], fields["flags"], fields["method"], fields["time"], fields["date"],
        fields["crc"], fields["packed"], fields["size"], len(name), len(fields["extra"])) + name + fields["extra"]


def central_header(name, data, **changes):
    fields = dict(
        made=0x032D, version=10, flags=0, method=0, time=0, date=0x21, crc=zlib.crc32(data), packed=len(data), size=len(data),
        extra=b"", comment=b"", disk=0, internal=0, external=0o100644 << 16, offset=0)
    fields.update(changes)
    name = name.encode()
    return struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, fields["made"], fields["version"], fields["flags"], fields["method"], fields["time"],
        fields["date"], fields["crc"], fields["packed"], fields["size"], len(name), len(fields["extra"]), len(fields["comment"]),
        fields["disk"], fields["internal"], fields["external"], fields["offset"]) + name + fields["extra"] + fields["comment"]


def zip_of(entries, local=None, central=None, both=None, before=b"", between=b"", behind=b"", comment=b"", directory=None):
    """A ZIP file of (name, data), canonical but for what is said: changes of headers by the position of the entry."""
    local, central, both = local or {}, central or {}, both or {}
    out, offsets = bytearray(before), []
    for index, (name, data) in enumerate(entries):
        offsets.append(len(out))
        changes = {**both.get(index, {}), **local.get(index, {})}
        stored = changes.pop("stored", data)
        trailer = changes.pop("trailer", b"")
        out += local_header(changes.pop("name", name), data, **changes) + stored + trailer
        if index == 0:
            out += between
    start = len(out)
    listed = list(range(len(entries))) if directory is None else directory
    for index in listed:
        name, data = entries[index]
        changes = {"offset": offsets[index], **both.get(index, {}), **central.get(index, {})}
        for member in ("stored", "trailer"):
            changes.pop(member, None)
        out += central_header(changes.pop("name", name), data, **changes)
    out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(listed), len(listed), len(out) - start, start, len(comment))
    return bytes(out) + comment + behind


def read_zip(data):
    """[(name, data)] of a ZIP file in canonical form without Zip64, and where its directory begins."""
    entries, position = [], 0
    while data[position:position + 4] == b"PK\3\4":
        size, name_size, extra_size = struct.unpack_from("<IHH", data, position + 22)
        start = position + 30 + name_size
        if extra_size or size == 0xFFFFFFFF:
            raise SystemExit("the bundle is too large to be tried")
        entries.append((data[position + 30:start].decode(), data[start:start + size]))
        position = start + size
    return entries, position


def write_folder(path, files):
    for name, data in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def manifest(files, names):
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


def bag(files):
    """Makes the manifests of these files right."""
    files.setdefault("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    payload = [name for name in files if name.startswith("data/")]
    oxum = f"Payload-Oxum: {sum(len(files[name]) for name in payload)}.{len(payload)}\n".encode()
    files["bag-info.txt"] = re.sub(rb"Payload-Oxum: [0-9.]+\n", oxum, files.get("bag-info.txt", oxum))
    files[MANIFEST] = manifest(files, payload)
    files[TAG_MANIFEST] = manifest(files, set(files) - set(payload) - {TAG_MANIFEST, SIGNATURE})


class Forger:
    """Another key, under the name of the archive's."""

    def __init__(self, seed):
        self.key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"forger {seed}".encode()).digest())
        self.public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def line(self, text, name, id=None):
        id = id or hashlib.sha256(name.encode() + b"\n\1" + self.public).digest()[:4]
        return f"— {name} {base64.b64encode(id + self.key.sign(text)).decode()}\n".encode()

    def sign(self, files):
        text = files[SIGNATURE].partition(b"\n\n")[0] + b"\n"
        digest = hashlib.sha256(files[TAG_MANIFEST]).hexdigest().encode()
        text = re.sub(rb"tagmanifest-sha256 [0-9a-f]{64}\n", b"tagmanifest-sha256 " + digest + b"\n", text)
        name = signer_name(files[SIGNATURE])
        files[SIGNATURE] = text + b"\n" + self.line(text, name)


def signer_name(note):
    return note.partition(b"\n\n")[2].split(b" ")[1].decode()


# What is done ---------------------------------------------------------------------------------------------------------


class Mutation:
    def __init__(self, label, pieces, write):
        self.label, self.pieces, self.write = label, sorted(set(pieces)), write


def kind_of(name):
    return re.sub(r"[0-9a-f]{64}|[0-9]{9}|-[0-9]+", "#", name)


def flipped(data, place, mask):
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1:]


class Mutations:
    """All mutations of a bundle. What is random follows from the seed and the label alone."""

    def __init__(self, path, seed, count, every_file, older):
        self.raw, self.name = path.read_bytes(), path.name
        self.entries, self.start = read_zip(self.raw)
        self.top = self.entries[0][0].partition("/")[0]
        self.files = {name.partition("/")[2]: data for name, data in self.entries}
        if zip_of(self.entries) != self.raw:
            raise SystemExit("the bundle is not a ZIP file in canonical form")
        self.seed, self.count, self.older, self.forger = seed, count, older, Forger(seed)
        kinds = {}
        for name in self.files:
            kinds.setdefault(kind_of(name), []).append(name)
        self.chosen = list(self.files) if every_file else [self.random(kind).choice(names) for kind, names in kinds.items()]

    def random(self, label):
        return random.Random(f"{self.seed} {label}")

    def all(self):
        yield from self.on_files()
        yield from self.on_structure()
        yield from self.on_folders()
        yield from self.at_random()

    # Changes of files, at every level.

    def on_files(self):
        for label, pieces, change in self.changes():
            files = dict(self.files)
            change(files)
            if files == self.files:
                continue
            # What is done to every file of a kind is done at all levels to one of them.
            few = label.startswith(("flip ", "proof ")) and pieces[0] not in self.chosen
            for level in (self.random(label).sample(LEVELS, 2) if few else LEVELS):
                if self.makes_sense(level, files):
                    named = set(pieces)
                    if level == "raw":
                        named.add(self.name)
                    if "bag" in level or "forged" in level:
                        named |= {SIGNATURE, TAG_MANIFEST, MANIFEST}
                    yield Mutation(f"{level} {label}", named, self.writer(level, change))

    def makes_sense(self, level, files):
        if "forged" in level:
            return files.get(SIGNATURE) == self.files[SIGNATURE]
        if "bag" in level:
            # A manifest that is made right again is what it was; the signature is in none.
            again = dict(files)
            bag(again)
            return again not in (self.files, files)
        return True

    def writer(self, level, change):
        def write(place):
            files = dict(self.files)
            change(files)
            if "bag" in level or "forged" in level:
                bag(files)
            if "forged" in level:
                self.forger.sign(files)
            if level.startswith("folder"):
                write_folder(place / self.top, files)
                return place / self.top
            entries = sorted((f"{self.top}/{name}", data) for name, data in files.items())
            data = self.stale(entries) if level == "raw" else zip_of(entries)
            (place / self.name).write_bytes(data)
            return place / self.name
        return write

    def stale(self, entries):
        """The entries with the headers that they had, and the directory that was there."""
        before, out = dict(self.entries), b""
        for name, data in entries:
            old = before.get(name, data)
            out += local_header(name, old) + data
        return out + self.raw[self.start:]

    def changes(self):
        """(label, pieces, what to do to the files)"""
        for name in self.files:
            if self.files[name]:
                place, mask = self.random("flip " + name).randrange(len(self.files[name])), self.random(name).randrange(1, 256)

                def flip(files, name=name, place=place, mask=mask):
                    files[name] = flipped(files[name], place, mask)
                yield f"flip {name} at {place} by {mask:02x}", [name], flip
        for name in self.chosen:
            yield from self.changes_of(name)
        for name in ("data/more.txt", "data/evidence/" + "0" * 64, "data/records/999999999.json", "proofs/more", "more.txt", "DATA/x",
                     "proofs/records/999999999.tlog-proof", "manifest-sha512.txt", "fetch.txt", "data/.hidden"):
            yield f"add {name}", [name], lambda files, name=name: files.update({name: b"more\n"})
        yield from self.swaps()
        yield from self.edits()

    def changes_of(self, name):
        data = self.files[name]
        folder, _, last = name.rpartition("/")
        folder += "/" if folder else ""

        def becomes(new):
            return lambda files: files.update({name: new})

        def moves(new):
            return lambda files: files.update({new: files.pop(name)})

        yield f"drop {name}", [name], lambda files: files.pop(name)
        yield f"empty {name}", [name], becomes(b"")
        yield f"truncate {name}", [name], becomes(data[:-1])
        yield f"halve {name}", [name], becomes(data[:len(data) // 2])
        yield f"append {name}", [name], becomes(data + b"\n")
        yield f"prepend {name}", [name], becomes(b"\n" + data)
        if name.endswith((".json", ".jsonl", ".txt", ".note", "checkpoint", ".tlog-proof")):
            yield f"spaces {name}", [name], becomes(data.replace(b"\n", b" \n", 1))
            yield f"returns {name}", [name], becomes(data.replace(b"\n", b"\r\n"))
        for new in (folder + "x" + last, folder + last.swapcase(), name + "x"):
            if new not in self.files and new != name:
                yield f"rename {name} to {new}", [name, new], moves(new)
        copy = folder + "copy-" + last
        yield f"duplicate {name}", [copy], lambda files: files.update({copy: data})

    def swaps(self):
        names = list(self.files)
        for index in range(12):
            chance = self.random(f"swap {index}")
            one, other = chance.sample(names, 2)
            if index < 6:
                # Of one kind, so that each would be right in its place.
                alike = [name for name in names if kind_of(name) == kind_of(one)]
                other = chance.choice(alike)
            if self.files[one] != self.files[other]:
                def swap(files, one=one, other=other):
                    files[one], files[other] = files[other], files[one]
                yield f"swap {one} and {other}", [one, other], swap
        proofs = [name for name in names if name.endswith(".tlog-proof")]
        for name in proofs:
            other = self.random("proof of " + name).choice(proofs)
            if name != other:
                def replace(files, name=name, other=other):
                    files[name] = self.files[other]
                yield f"proof {name} from {other}", [name], replace

    def edits(self):
        def replace(name, old, new, also=()):
            def change(files):
                for one in (name, *also):
                    files[one] = files[one].replace(old, new)
            return change

        decision = "data/decision.json"
        for old, new in ((b'"stands"', b'"revoked"'), (b'"recognised":true', b'"recognised":false'), (b'"enclosed"', b'"withheld"'),
                         (b'"halves":1', b'"halves":2'), (b'"name":"', b'"name":"X'), (b'"bundle":1', b'"bundle":2'),
                         (b'"provisional":true', b'"provisional":false')):
            yield f"edit {decision} {old.decode()} to {new.decode()}", [decision], replace(decision, old, new)
        yield "edit data/index.html", ["data/index.html"], replace("data/index.html", b"<", b"<b></b><", ())
        yield "edit VERIFY.md", ["VERIFY.md"], lambda files: files.update({"VERIFY.md": b"All is well.\n"})
        access = self.files["data/access.jsonl"].splitlines(keepends=True)
        for label, lines in (("drop", access[1:]), ("reverse", access[::-1]), ("double", access[:1] + access)):
            yield f"edit data/access.jsonl {label}", ["data/access.jsonl"], lambda files, lines=lines: files.update(
                {"data/access.jsonl": b"".join(lines)})
        for name in [name for name in self.chosen if name.startswith("data/records/")] + self.of_kinds("dossier.decided", "scores.given"):
            yield from self.edits_of_record(name)
        yield from self.edits_of_notes()

    def of_kinds(self, *kinds):
        return [
            name for name, data in self.files.items()
            if name.startswith("data/records/") and json.loads(data)["header"]["kind"] in kinds and name not in self.chosen]

    def edits_of_record(self, name):
        content = json.loads(self.files[name])

        def edited(**members):
            data = canonical({**content, **members}).encode() + b"\n"
            return lambda files: files.update({name: data})

        header, proof = content["header"], name.replace("data/", "proofs/").replace(".json", ".tlog-proof")
        for member, value in (("time", header["time"].replace("2", "3", 1)), ("number", header["number"] + 1), ("actor", "nobody"),
                              ("subjects", header["subjects"] + ["x"]), ("body", "0" * 64)):
            yield f"header {name} {member}", [name, proof], edited(header={**header, member: value})
        if "body" not in content:
            return
        salt, body = content["salt"], content["body"]
        yield f"salt {name}", [name], edited(salt=("0" if salt[0] != "0" else "1") + salt[1:])
        yield f"body {name}", [name], edited(body={**body, "x": 1})
        # A body that its header commits to, so that only the proof can tell.
        commitment = hashlib.sha256(bytes.fromhex(salt) + canonical({**body, "x": 1}).encode()).hexdigest()
        yield f"body and header {name}", [name, proof], edited(body={**body, "x": 1}, header={**header, "body": commitment})
        erased = canonical({"header": header}).encode() + b"\n"
        yield f"erase {name}", [name], lambda files: files.update({name: erased})

    def edits_of_notes(self):
        note = self.files[SIGNATURE]
        text, name = note.partition(b"\n\n")[0] + b"\n", signer_name(note)
        id = base64.b64decode(note.split(b" ")[-1])[:4]
        for label, new in (
                ("by another key", text + b"\n" + self.forger.line(text, name)),
                ("by another key under this key's id", text + b"\n" + self.forger.line(text, name, id)),
                ("of another key too", note + self.forger.line(text, "other.example")),
                ("twice", note + note.partition(b"\n\n")[2]),
                ("none", text + b"\n"),
                ("of another text", note.replace(b"bundle v1", b"bundle v2"))):
            yield f"signature {label}", [SIGNATURE], lambda files, new=new: files.update({SIGNATURE: new})
        name = "proofs/checkpoint"
        old = self.files[name]
        text, _, lines = old.partition(b"\n\n")
        text, lines = text + b"\n", lines.splitlines(keepends=True)
        number = int(text.split(b"\n")[1])
        smaller = text.replace(f"\n{number}\n".encode(), f"\n{number - 1}\n".encode())
        changed = {
            "smaller": smaller + b"\n" + b"".join(lines), "signed by another key": text + b"\n" + self.forger.line(text, lines[0].split(b" ")[1].decode()),
            "with another root": text.replace(text.split(b"\n")[2], base64.b64encode(hashlib.sha256(b"x").digest())) + b"\n" + b"".join(lines),
            "with an extension": text + b"more\n\n" + b"".join(lines), "unsigned": text + b"\n",
            "of the other tree": self.files["proofs/access-checkpoint"]}
        if len(lines) > 1:
            changed["without cosignatures"] = text + b"\n" + lines[0]
            changed["with the archive's signature last"] = text + b"\n" + b"".join(lines[1:] + lines[:1])
        if self.older:
            changed["older"] = self.older
        for label, new in changed.items():
            yield f"checkpoint {label}", [name], lambda files, new=new: files.update({name: new})

            def everywhere(files, new=new):
                for file, data in files.items():
                    if file == name or data.endswith(b"\n\n" + old):
                        files[file] = data[:len(data) - len(old)] + new
            pieces = [name] + [file for file, data in self.files.items() if data.endswith(b"\n\n" + old)]
            yield f"checkpoint everywhere {label}", pieces, everywhere

    # Changes of the ZIP file that no file has.

    def on_structure(self):
        entries, count = self.entries, len(self.entries)

        def made(label, *arguments, pieces=(), **options):
            def write(place):
                (place / self.name).write_bytes(zip_of(*arguments, **options))
                return place / self.name
            return Mutation(f"structure {label}", [self.name, *pieces], write)

        def inner(index):
            return [entries[index][0].partition("/")[2]]

        for index in sorted({0, count // 2, count - 1}):
            name, data = entries[index]
            at = f"of {inner(index)[0]}"
            yield made(f"entry twice {at}", entries[:index + 1] + entries[index:], pieces=inner(index))
            yield made(f"entry twice, at the end, {at}", entries + [entries[index]], pieces=inner(index))
            yield made(f"listed twice {at}", entries, directory=[*range(count), index], pieces=inner(index))
            yield made(f"not listed {at}", entries, directory=[i for i in range(count) if i != index], pieces=inner(index))
            yield made(f"other name in the directory {at}", entries, central={index: {"name": name + "x"}}, pieces=inner(index))
            yield made(f"other folder {at}", [(f"x{n}" if i == index else n, d) for i, (n, d) in enumerate(entries)], pieces=inner(index))
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = packer.compress(data) + packer.flush()
            yield made(
                f"compressed {at}", entries, both={index: {"method": 8, "version": 20, "packed": len(packed), "stored": packed}},
                pieces=inner(index))
            descriptor = struct.pack("<IIII", 0x08074B50, zlib.crc32(data), len(data), len(data))
            yield made(
                f"data descriptor {at}", entries, both={index: {"flags": 8}},
                local={index: {"crc": 0, "packed": 0, "size": 0, "trailer": descriptor}}, pieces=inner(index))
            wide = struct.pack("<HHQQ", 1, 16, len(data), len(data))
            yield made(
                f"needless Zip64 {at}", entries, both={index: {"version": 45, "packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": wide}},
                pieces=inner(index))
            for where in ("local", "central", "both"):
                for field, value in (("time", 1), ("date", 0x5B75), ("flags", 1), ("flags", 0x800), ("version", 20), ("crc", 0),
                                     ("extra", struct.pack("<HHI", 0x5455, 4, 0)), ("method", 8)):
                    yield made(f"{field} {value} {where} {at}", entries, **{where: {index: {field: value}}}, pieces=inner(index))
            for field, value in (("made", 0x031E), ("made", 0x002D), ("comment", b"x"), ("disk", 1), ("internal", 1),
                                 ("external", 0o100755 << 16), ("external", 0o120777 << 16), ("external", 0o100644 << 16 | 1), ("offset", 1),
                                 ("size", 1), ("packed", 1)):
                yield made(f"{field} {value} {at}", entries, central={index: {field: value}}, pieces=inner(index))
        yield made("reversed", entries[::-1])
        swapped = entries[:]
        swapped[0], swapped[1] = swapped[1], swapped[0]
        yield made("two swapped", swapped, pieces=inner(0) + inner(1))
        yield made("directory reversed", entries, directory=list(range(count))[::-1])
        yield made("comment", entries, comment=b"x")
        yield made("bytes in front", entries, before=b"x")
        yield made("bytes between", entries, between=b"x")
        yield made("bytes behind", entries, behind=b"x")
        yield made("folders have entries", sorted([(f"{self.top}/", b""), (f"{self.top}/data/", b"")] + entries))
        yield made("without a folder", sorted((name.partition("/")[2], data) for name, data in entries))
        yield made("other folder", [("x" + name, data) for name, data in entries], pieces=[SIGNATURE, "data/decision.json"])
        yield made("name that climbs", entries[:-1] + [(f"{self.top}/../x", b"x"), entries[-1]])
        for offset, size in ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4)):
            def write(place, offset=offset, size=size):
                data = bytearray(self.raw)
                data[len(data) - 22 + offset] ^= 1
                (place / self.name).write_bytes(data)
                return place / self.name
            yield Mutation(f"structure end at {offset}", [self.name], write)
        for label, data in (("empty file", b""), ("end alone", self.raw[-22:]), ("file cut by one", self.raw[:-1]),
                            ("file cut in half", self.raw[:len(self.raw) // 2]), ("file without its end", self.raw[:self.start]),
                            ("two files in one", self.raw + self.raw)):
            def write_data(place, data=data):
                (place / self.name).write_bytes(data)
                return place / self.name
            yield Mutation(f"structure {label}", [self.name], write_data)

    # Changes of a folder that no file has.

    def on_folders(self):
        def made(label, pieces, change):
            def write(place):
                folder = place / self.top
                write_folder(folder, self.files)
                change(folder, place)
                return folder
            return Mutation(f"folder-only {label}", pieces, write)

        for name in self.chosen:
            def link(folder, place, name=name):
                (folder / name).rename(place / "elsewhere")
                (folder / name).symlink_to(place / "elsewhere")
            yield made(f"link {name}", [name], link)

        def link_folder(folder, place):
            (folder / "data").rename(place / "elsewhere")
            (folder / "data").symlink_to(place / "elsewhere")
        yield made("link data", ["data"], link_folder)
        yield made("empty folder", ["data/more"], lambda folder, place: (folder / "data/more").mkdir())
        yield made("pipe", ["data/pipe"], lambda folder, place: os.mkfifo(folder / "data/pipe"))
        yield made("name with a space", ["data/a b"], lambda folder, place: (folder / "data/a b").write_bytes(b"x"))
        yield made("name that is no text", ["data/"], lambda folder, place: pathlib.Path(
            os.fsdecode(os.fsencode(folder) + b"/data/\xff")).write_bytes(b"x"))

    # Bytes anywhere in the ZIP file.

    def at_random(self):
        places = []
        position = 0
        for name, data in self.entries:
            header = 30 + len(name)
            inner = name.partition("/")[2]
            places += [(position, position + header, [self.name, inner]), (position + header, position + header + len(data), [inner])]
            position += header + len(data)
        for index in range(self.count):
            chance = self.random(f"byte {index}")
            # Half of them in headers: these are few.
            place = chance.randrange(len(self.raw)) if index % 2 else chance.choice(self.header_bytes())
            mask = chance.randrange(1, 256)
            pieces = next((pieces for start, end, pieces in places if start <= place < end), None)
            if pieces is None:
                # In the directory: of an entry, or of the whole.
                pieces = [self.name]

            def write(path, place=place, mask=mask):
                (path / self.name).write_bytes(flipped(self.raw, place, mask))
                return path / self.name
            yield Mutation(f"byte {place} by {mask:02x}", pieces, write)

    def header_bytes(self):
        if not hasattr(self, "headers"):
            self.headers, position = list(range(self.start, len(self.raw))), 0
            for name, data in self.entries:
                self.headers += range(position, position + 30 + len(name))
                position += 30 + len(name) + len(data)
        return self.headers


# Trying ---------------------------------------------------------------------------------------------------------------


class Trial:
    def __init__(self, program, key, keep=None):
        self.command, self.keep = [*shlex.split(program), "--key", key], keep

    def run(self, path):
        answer = subprocess.run([*self.command, str(path)], capture_output=True, timeout=300)
        output = (answer.stdout + answer.stderr).decode("utf-8", "replace")
        return answer.returncode, output

    def try_one(self, mutation):
        """What is wrong with the verifier, and its output; (None, …) where nothing is."""
        place = pathlib.Path(tempfile.mkdtemp(prefix="mutation-"))
        try:
            path = mutation.write(place)
            status, output = self.run(path)
            if self.keep:
                shutil.copytree(place, self.keep, dirs_exist_ok=True, symlinks=True)
        finally:
            shutil.rmtree(place)
        # The path of what was tried names nothing.
        said = output.replace(str(place), "")
        if status == 0:
            return "accepted", output
        if status != 1 or "Traceback (most recent call last)" in output:
            return "unnamed", f"status {status}\n{output}"
        if not any(piece in said for piece in mutation.pieces):
            return "unnamed", output
        return None, output


def main(arguments=None, trial_of=Trial):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("key", metavar="KEY")
    parser.add_argument("bundle", type=pathlib.Path, metavar="BUNDLE.zip")
    parser.add_argument("--every-file", action="store_true")
    parser.add_argument("--random", type=int, default=500, metavar="N")
    parser.add_argument("--seed", default=None, metavar="S")
    parser.add_argument("--older", type=pathlib.Path, metavar="CHECKPOINT")
    parser.add_argument("--only", metavar="LABEL")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of all mutations, chosen by the seed")
    parser.add_argument("--unchecked", action="store_true", help="do not ask first whether the bundle itself is accepted")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else str(random.SystemRandom().randrange(10 ** 9))
    print(f"seed {seed}", flush=True)
    mutations = Mutations(
        options.bundle, seed, options.random, options.every_file, options.older.read_bytes() if options.older else None)
    trial = trial_of(options.program, options.key, options.keep)
    if not options.unchecked:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, mutations.top)
            write_folder(path, mutations.files)
            for whole in (options.bundle, path):
                status, output = trial.run(whole)
                if status != 0:
                    print(f"the bundle itself is not accepted: status {status}\n{output}")
                    return 2
    wanted = [one for one in mutations.all() if options.only in (None, one.label)]
    if options.sample is not None and options.sample < len(wanted):
        wanted = random.Random(f"sample {seed}").sample(wanted, options.sample)
    if not wanted:
        print("there is no such mutation with this seed")
        return 2
    counts = {"accepted": 0, "unnamed": 0}
    again = [
        "python3", "Tests/Oracle/bundle_mutations.py", options.program, options.key, str(options.bundle), "--seed", seed,
        "--random", str(options.random)] + (["--every-file"] if options.every_file else [])
    if options.older:
        again += ["--older", str(options.older)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for mutation, (wrong, output) in zip(wanted, pool.map(trial.try_one, wanted)):
            if options.only:
                print(output)
            if wrong:
                counts[wrong] += 1
                print(f"{wrong.upper()}  {mutation.label}; it should name one of {', '.join(mutation.pieces[:4])}")
                print("    " + "\n    ".join(output.strip().split("\n")[:4]))
                print("    " + shlex.join([*again, "--only", mutation.label, "--keep", "mutated"]), flush=True)
    print(f"{len(wanted)} mutations, {counts['accepted']} accepted, {counts['unnamed']} unnamed (seed {seed})")
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
