#!/usr/bin/env python3
"""Tests the oracle of bundles with a small bundle that is made here by hand, and with everything that is done to it.

    python3 -m unittest discover -s Tests/Oracle        (openssl(1) for the time stamps)

`MINHCHUNG_MUTATIONS` says how many random bytes are changed; 300 when it does not.
"""

import argparse
import base64
import contextlib
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import bundle_mutations  # noqa: E402
import bundle_oracle  # noqa: E402
from archive_oracle import canonical  # noqa: E402

ORACLE = [sys.executable, str(FOLDER / "bundle_oracle.py")]


def sha256(data):
    return hashlib.sha256(data).digest()


def ident(prefix, number):
    return f"{prefix}-{number:016d}"


def base64_of(data):
    return base64.b64encode(data).decode()


class Signer:
    def __init__(self, name, kind):
        self.key, self.name, self.kind = Ed25519PrivateKey.generate(), name, kind
        public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        data = bytes([kind]) + public
        self.id = sha256(name.encode() + b"\n" + data)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64_of(data)}"

    def line(self, text):
        if self.kind == 4:
            time = 1795000000
            signature = time.to_bytes(8, "big") + self.key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        else:
            signature = self.key.sign(text.encode())
        return f"— {self.name} {base64_of(self.id + signature)}\n"


class Tree:
    """RFC 6962 §2.1, as it is defined."""

    def __init__(self, leaves):
        self.leaves = [sha256(b"\0" + leaf) for leaf in leaves]

    def root(self, start=0, end=None):
        end = len(self.leaves) if end is None else end
        if end - start < 2:
            return self.leaves[start] if end > start else sha256(b"")
        middle = start + self.split(end - start)
        return sha256(b"\1" + self.root(start, middle) + self.root(middle, end))

    @staticmethod
    def split(size):
        return 1 << (size - 1).bit_length() - 1

    def path(self, index, start, end):
        if end - start == 1:
            return []
        middle = start + self.split(end - start)
        if index < middle:
            return self.path(index, start, middle) + [self.root(middle, end)]
        return self.path(index, middle, end) + [self.root(start, middle)]

    def consistency(self, old, start, end, whole=True):
        if start + old == end:
            return [] if whole else [self.root(start, end)]
        middle = start + self.split(end - start)
        if start + old <= middle:
            return self.consistency(old, start, middle, whole) + [self.root(middle, end)]
        return self.consistency(start + old - middle, middle, end, False) + [self.root(start, middle)]


def rule_objects():
    source = {"source": "plan", "place": "II.3"}
    criteria = {
        "kind": "criteria-set", "code": "small", "version": 1, "title": "Bộ tiêu chí thử",
        "sources": {"page": {"title": "Trang thử", "issuer": "Hội Khuyến học"}},
        "groups": [{"code": "farmer", "name": "Nông dân"}],
        "competencies": [
            {"code": "A", "name": "Tự học", "indicators": [
                {"code": "A1", "name": "Đọc", "quantifiable": True, "maximum": 10, "source": "page", "quote": "đọc"},
                {"code": "A2", "name": "Lập kế hoạch", "quantifiable": False, "maximum": 8, "source": "page", "provisional": True}]},
            {"code": "B", "name": "Kỹ năng", "indicators": [
                {"code": "B1", "name": "Kỹ năng số", "quantifiable": True, "maximum": 10, "source": "page", "provisional": True}]}],
    }
    rules = {
        "kind": "rule-set", "code": "tiny", "version": 2, "title": "Cách chấm điểm thử",
        "sources": {"plan": {"title": "Kế hoạch thử", "number": "12/KH-UBND", "issuer": "UBND xã", "date": "5/1/2026"}},
        "scale_minimum": {"value": 0, **source, "provisional": True}, "scale_maximum": {"value": 10, **source, "quote": "là 10 điểm"},
        "threshold": {"value": 20, **source, "quote": "từ 20 điểm"}, "floor": {"value": 5, **source, "quote": "không dưới 5"},
        "half_points": {"value": True, **source, "provisional": True},
        "evidence": {"value": "quantifiable", **source, "quote": "thì không cho điểm"},
        "partial_floor": {"value": "5.5", **source, "quote": "từ 5,5 điểm"},
        "grades": [{"name": "Khá", "from": 20, **source, "quote": "khá"}, {"name": "Giỏi", "from": 28, **source, "quote": "giỏi"}],
        "track": {"value": [{"act": "review", "role": "reviewer"}, {"act": "recognise", "role": "authority"}], **source, "provisional": True},
        "authority": {"value": "UBND xã", **source, "provisional": True},
    }
    return canonical(criteria).encode(), canonical(rules).encode()


class Ledger:
    """Records as an archive has them."""

    def __init__(self, archive):
        self.archive, self.records, self.entries = archive, [], []

    def header(self, number, kind, subjects, actor, **members):
        return {
            "number": number, "time": f"2026-11-21T10:{number // 60:02}:{number % 60:02}.000Z", "kind": kind, "subjects": subjects,
            "actor": actor, **members}

    def add(self, kind, subjects, body, actor="officer-1"):
        number, salt = len(self.records), sha256(f"salt {len(self.records)}".encode())
        commitment = sha256(salt + canonical(body).encode()).hex()
        self.records.append((self.header(number, kind, subjects, actor, body=commitment), salt, body))
        return number

    def see(self, kind, subjects):
        self.entries.append(self.header(len(self.entries), kind, subjects, "console:root", acting_as="inspector-1"))

    def trees(self):
        return (
            Tree([canonical(header).encode() for header, _, _ in self.records]),
            Tree([canonical(header).encode() for header in self.entries]))


def describe(data):
    return {"digest": sha256(data).hex(), "pieces": sha256(sha256(data)).hex(), "size": len(data)}


class Sample:
    """A title with two proofs, one of them withheld or erased where that is wanted."""

    def __init__(self, erases=False, honour=False):
        self.archive = ident("ar", 1)
        self.signer, self.witness = Signer(f"{self.archive}.minhchung", 1), Signer("witness.example/w1", 4)
        ledger = self.ledger = Ledger(self.archive)
        self.criteria, self.rules = rule_objects()
        person, unit, dossier, title = ident("pe", 1), ident("un", 1), ident("do", 1), ident("ti", 1)
        self.title, self.unit, self.honour = title, unit, ident("ti", 2) if honour else None
        first, second, minutes = (f"minh chứng {n}\n".encode() * 300 for n in (1, 2, 3))
        self.text = "minh chứng 1\f".encode()
        self.objects = {sha256(data).hex(): data for data in (first, second, minutes)}
        items = [ident("ev", n) for n in (1, 2, 3)]
        metadata = {"assurance": "citizen-copy", "kind": "report", "title": "Sổ đọc sách"}
        ledger.add("archive.created", [self.archive], {"archive": self.archive, "format": 0})
        for kind, code, version, data in (("criteria-set", "small", 1, self.criteria), ("rule-set", "tiny", 2, self.rules)):
            ledger.add("rule.imported", [], {"code": code, "kind": kind, "object": describe(data), "version": version})
        ledger.add("unit.declared", [unit], {"kind": "commune", "name": "Xã cũ", "unit": unit, "valid_from": "2000-01-01"})
        ledger.add("unit.declared", [unit], {"code": "X-1", "kind": "ward", "name": "Phường mới", "unit": unit, "valid_from": "2025-07-01"})
        ledger.add("person.declared", [person], {"name": "Nguyễn Văn Cũ", "person": person})
        ledger.add("person.declared", [person], {"birth_year": 1990, "name": "Nguyễn Văn Mẫu", "person": person})
        for item, data in zip(items, (first, second, minutes)):
            ledger.add("evidence.deposited", [item], {"item": item, "metadata": metadata, "object": describe(data)}, "citizen-1")
        ledger.add("evidence.deposited", [ident("ev", 9)], {"item": ident("ev", 9), "metadata": metadata, "object": describe(b"x")})
        self.other = len(ledger.records) - 1
        ledger.add("object.extracted", items[:1], {
            "facts": {"encoding": "utf-8"}, "media_type": "text/plain", "object": sha256(first).hex(), "page_count": 1,
            "state": "extracted", "text": describe(self.text), "tool": "t/1"})
        ledger.add("evidence.described", items[:1], {"item": items[0], "metadata": {**metadata, "title": "Sổ đọc sách 2026"}})
        bound = {"criteria": sha256(self.criteria).hex(), "cycle": 2026, "group": "farmer", "person": person,
                 "rules": sha256(self.rules).hex(), "unit": unit}
        ledger.add("dossier.opened", [dossier, person, unit], {**bound, "dossier": dossier, "role": "citizen"}, "citizen-1")
        self.opened = len(ledger.records) - 1

        def step(act, stage, to, role, **members):
            ledger.add("dossier.stepped", [dossier, person], {
                "act": act, "dossier": dossier, "from": stage, "role": role, "to": to, **members})

        step("declare", "registered", "declaring", "citizen")
        references = [{"item": item, "object": digest} for item, digest in zip(items, self.objects)]
        cited = [
            {"citation": ident("ci", 1), "evidence": references[0], "indicator": "A1", "pages": [1], "text": sha256(self.text).hex()},
            {"citation": ident("ci", 2), "evidence": references[1], "indicator": "B1"}]
        for citation, note in zip(cited, ({"note": "trang đầu"}, {})):
            ledger.add("evidence.cited", [dossier, person, citation["evidence"]["item"]], {
                **citation, "dossier": dossier, "role": "citizen", **note})
        step("submit", "declaring", "submitted", "citizen")
        ledger.add("evidence.verified", items[:1], {"item": items[0], "method": "original-seen", "role": "reviewer", "state": "verified"})
        ledger.add("dossier.stepped", [dossier, person, items[2]], {
            "act": "review", "dossier": dossier, "from": "submitted", "role": "reviewer", "to": "reviewed", "review": {
                "held_on": "2026-11-20", "minutes": references[2], "participants": ["Bà Tư"], "votes_against": 0, "votes_for": 9}})
        scores = {"A1": {"halves": 19}, "A2": {"halves": 16}, "B1": {"halves": 11, "partial": True}}
        ledger.add("scores.given", [dossier, person], {"dossier": dossier, "kind": "self", "role": "citizen", "scores": scores})
        ledger.add("scores.given", [dossier, person], {
            "dossier": dossier, "kind": "final", "role": "reviewer", "scores": {"A1": {"halves": 10}, "A2": {"halves": 16}}})
        ledger.add("scores.given", [dossier, person], {
            "dossier": dossier, "kind": "final", "role": "reviewer", "scores": {"A1": scores["A1"], "B1": scores["B1"]}})
        document = {"authority": "UBND phường", "code_notation": "QĐ-UBND", "code_number": "125", "decision": ident("de", 1),
                    "issued_on": "2026-11-21", "signer": "Lê Ký"}
        self.decided = ledger.add("dossier.decided", [dossier, person, document["decision"], title], {
            **bound, "citations": [{**cited[0], "verification": "verified"}, {**cited[1], "verification": "submitted"}],
            "document": document, "dossier": dossier, "from": "reviewed", "grade": "Khá", "reviewers": ["officer-1"],
            "role": "authority", "scores": scores, "title": title, "total_halves": 46, "unmet": []}, "officer-5")
        if honour:
            ledger.add("honour.granted", [self.honour, person, ident("de", 2)], {
                "document": {**document, "code_number": "126", "decision": ident("de", 2)}, "honour": self.honour, "name": "tiêu biểu",
                "person": person, "role": "authority", "rules": bound["rules"], "titles": [title]})
            ledger.add("title.revoked", [self.honour, person], {
                "legal_basis": "Quyết định 9", "reason": "Cấp nhầm", "role": "authority", "title": self.honour})
        self.checked = ledger.add("fixity.checked", [], {"objects": [[1, 5]], "started_at": "2026-11-22T01:00:00.000Z"}, "console:root")
        self.leaves_out = {self.other, 5}
        self.erased = set()
        if erases:
            number = next(header["number"] for header, _, body in ledger.records if body.get("object") == describe(second))
            ledger.add("data.erased", [items[1]], {
                "items": [items[1]], "legal_basis": "Luật 91", "objects": [sha256(second).hex()], "reason": "Yêu cầu của công dân",
                "redactions": [{"body": {"item": items[1], "metadata": {"assurance": "citizen-copy", "kind": "report"},
                                         "object": describe(second)}, "kind": "evidence.deposited", "record": number}],
                "role": "authority"})
            self.erased = {number}
            del self.objects[sha256(second).hex()]
        ledger.see("evidence.listed", [items[1], ident("ev", 9)])
        ledger.see("evidence.viewed", [ident("ev", 9)])
        ledger.see("evidence.traced", [title])

    def checkpoint(self, tree, name, size=None, cosigners=()):
        size = len(tree.leaves) if size is None else size
        text = f"{self.archive}.minhchung/1/{name}\n{size}\n{base64_of(tree.root(0, size))}\n"
        return (text + "\n" + self.signer.line(text) + "".join(one.line(text) for one in cosigners)).encode()

    def files(self, size=None, withheld=(), list_of=False, old=0, stamp=None):
        """The bundle's files, but for the bag; and its name."""
        records, access = self.ledger.trees()
        size = size or len(records.leaves)
        checkpoint = self.checkpoint(records, "records", size, [self.witness])
        files = {
            "VERIFY.md": b"# How to check it\n", "data/index.html": b"<!doctype html><title>x</title>\n",
            "data/ro-crate-metadata.json": b'{"@context":"https://w3id.org/ro/crate/1.1/context","@graph":[]}\n',
            "proofs/checkpoint": checkpoint, "proofs/access-checkpoint": self.checkpoint(access, "access")}
        if stamp:
            files["proofs/checkpoint.tsr"] = stamp(checkpoint.partition(b"\n\n")[0] + b"\n")
        if old:
            path = "".join(base64_of(hash) + "\n" for hash in records.consistency(old, 0, size))
            files[f"proofs/witness/records-{old}.add-checkpoint"] = f"old {old}\n{path}\n".encode() + checkpoint
        for header, salt, body in self.ledger.records[:size]:
            number = header["number"]
            if number not in self.leaves_out:
                content = {"header": header} if number in self.erased else {"body": body, "header": header, "salt": salt.hex()}
                files[f"data/records/{number:09}.json"] = canonical(content).encode() + b"\n"
                path = "".join(base64_of(hash) + "\n" for hash in records.path(number, 0, size))
                files[f"proofs/records/{number:09}.tlog-proof"] = f"c2sp.org/tlog-proof@v1\nindex {number}\n{path}\n".encode() + checkpoint
        for data in (self.criteria, self.rules):
            files[f"data/rules/{sha256(data).hex()}.json"] = data
        for digest, data in self.objects.items():
            if digest not in withheld:
                files[f"data/evidence/{digest}"] = data
        files[f"data/texts/{sha256(self.text).hex()}.txt"] = self.text
        files["data/access.jsonl"] = b"".join(
            canonical({"header": header, "path": list(map(base64_of, access.path(header["number"], 0, len(access.leaves))))}).encode()
            + b"\n" for header in self.ledger.entries if header["number"] != 1)
        if list_of:
            scope, name = {"cycle": 2026, "unit": self.unit}, f"{self.unit}-2026-{size}"
        else:
            scope = {"title": self.honour or self.title}
            name = f"{scope['title']}-{size}"
        return files, scope, name

    def decide(self, files, scope):
        """Adds decision.json, as the oracle derives it; `golden` holds it against what is written out by hand."""
        stated = Memory(files)
        keys = [bundle_oracle.Key(self.signer.vkey)]
        opened = [
            bundle_oracle.read_record(stated, name, match[1]) for name, match in stated.matching(bundle_oracle.RECORD)]
        decision = bundle_oracle.Decision(
            stated, bundle_oracle.Records(opened), {"scope": scope}, bundle_oracle.read_rules(stated))
        check = {"checked_at": "2026-11-22T01:00:00.000Z", "check_record": self.checked}
        derived = decision.json(
            bundle_oracle.Checkpoint(files["proofs/checkpoint"], "records", keys, []),
            bundle_oracle.Checkpoint(files["proofs/access-checkpoint"], "access", keys, []),
            {object: check for object in decision.objects})
        files["data/decision.json"] = canonical(derived).encode() + b"\n"
        return derived

    def bundle(self, **options):
        """Files by name, all of them, and the bundle's name."""
        files, scope, name = self.files(**options)
        self.decide(files, scope)
        bundle_mutations.bag(files)
        self.sign(files, name)
        return files, name

    def sign(self, files, name):
        text = f"minhchung bundle v1\n{name}\ntagmanifest-sha256 {sha256(files['tagmanifest-sha256.txt']).hex()}\n"
        files["signature.note"] = (text + "\n" + self.signer.line(text)).encode()


class Memory(bundle_oracle.Files):
    def __init__(self, files):
        super().__init__()
        self.files = files
        for name, data in files.items():
            self.add(name, len(data), sha256(data).hex())

    def bytes(self, name):
        return self.files[name]


class BundleOracleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sample = Sample()

    def setUp(self):
        bundle_oracle.findings.clear()
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def write(self, files, name, folder=False):
        path = self.place / (name if folder else name + ".zip")
        if folder:
            bundle_mutations.write_folder(path, files)
        else:
            path.write_bytes(bundle_mutations.zip_of([(f"{name}/{file}", data) for file, data in sorted(files.items())]))
        return path

    def look(self, path, *arguments, sample=None):
        answer = subprocess.run(
            [*ORACLE, "--key", (sample or self.sample).signer.vkey, *arguments, str(path)], capture_output=True, text=True)
        return answer.returncode, answer.stdout + answer.stderr

    def assert_sound(self, path, *arguments, sample=None):
        status, output = self.look(path, *arguments, sample=sample)
        self.assertEqual(status, 0, output)
        self.assertTrue(output.startswith("sound: "), output)
        return output

    def assert_found(self, path, piece, *arguments, sample=None):
        status, output = self.look(path, *arguments, sample=sample)
        self.assertEqual(status, 1, output)
        self.assertTrue(any(line.startswith(piece + ": ") for line in output.split("\n")), output)

    def test_bundle_is_sound_as_file_and_as_folder(self):
        files, name = self.sample.bundle()
        self.assert_sound(self.write(files, name))
        self.assert_sound(self.write(files, name, folder=True))

    def test_decision_is_what_the_records_say(self):
        files, scope, _ = self.sample.files()
        decision = self.sample.decide(files, scope)
        (title,) = decision["titles"]
        self.assertEqual(bundle_oracle.findings, [])
        self.assertEqual((title["state"], title["account"], title["role"]), ("stands", "officer-5", "authority"))
        self.assertEqual(title["person"], {"person": ident("pe", 1), "name": "Nguyễn Văn Mẫu", "birth_year": 1990, "record": 6})
        self.assertEqual(title["unit"], {"unit": ident("un", 1), "name": "Phường mới", "code": "X-1", "kind": "ward", "record": 4})
        self.assertEqual([(one["indicator"], one["halves"], one["partial"], one["record"]) for one in title["scores"]], [
            ("A1", 19, False, 22), ("A2", 16, False, 21), ("B1", 11, True, 22)])
        self.assertEqual(title["citations"][0]["note"], "trang đầu")
        plan = "Kế hoạch thử, 12/KH-UBND, UBND xã, 2026-01-05, II.3"
        self.assertEqual([(reason["rule"], reason["text"]) for reason in title["verdict"]["reasons"]], [
            ("complete:A1", "A1 has a score"), ("scale:A1", f"A1 = 9.5 ≤ 10 [{plan}: “là 10 điểm”]"),
            ("evidence:A1", f"A1 = 9.5 with evidence [{plan}: “thì không cho điểm”]"),
            ("partial:A1", f"A1 = 9.5 ≥ 5.5 [{plan}: “từ 5,5 điểm”]"), ("floor:A1", f"A1 = 9.5 ≥ 5 [{plan}: “không dưới 5”]"),
            ("complete:A2", "A2 has a score"), ("scale:A2", "A2 = 8 ≤ 8 [Trang thử, Hội Khuyến học (provisional)]"),
            ("floor:A2", f"A2 = 8 ≥ 5 [{plan}: “không dưới 5”]"),
            ("complete:B1", "B1 has a score"), ("scale:B1", f"B1 = 5.5 ≤ 10 [{plan}: “là 10 điểm”]"),
            ("evidence:B1", f"B1 = 5.5 with evidence [{plan}: “thì không cho điểm”]"),
            ("partial:B1", f"B1 = 5.5 ≥ 5.5 [{plan}: “từ 5,5 điểm”]"), ("floor:B1", f"B1 = 5.5 ≥ 5 [{plan}: “không dưới 5”]"),
            ("threshold", f"total 23 ≥ 20 [{plan}: “từ 20 điểm”]")])
        self.assertEqual((title["verdict"]["total_halves"], title["verdict"]["grade"]), (46, "Khá"))
        self.assertEqual([step.get("act", step["kind"]) for step in title["steps"]], [
            "dossier.opened", "declare", "submit", "review", "dossier.decided"])
        self.assertEqual([item["uses"] for item in decision["evidence"]], [["citation"], ["citation"], ["minutes"]])
        self.assertEqual(decision["evidence"][0]["metadata"]["title"], "Sổ đọc sách 2026")
        self.assertEqual(decision["evidence"][0]["extraction"]["text"], sha256(self.sample.text).hex())
        self.assertEqual({file["state"] for file in decision["files"]}, {"enclosed"})

    def test_what_is_withheld_erased_or_listed_is_sound(self):
        minutes = list(self.sample.objects)[2]
        files, name = self.sample.bundle(withheld={minutes})
        self.assert_sound(self.write(files, name))
        self.assertIn(b'"withheld"', files["data/decision.json"])
        files, name = self.sample.bundle(list_of=True)
        self.assert_sound(self.write(files, name))
        for sample in (Sample(erases=True), Sample(honour=True)):
            files, name = sample.bundle()
            self.assert_sound(self.write(files, name), sample=sample)
            self.assertIn(b'"erased"' if sample.erased else b'"state":"revoked"', files["data/decision.json"])

    def test_who_signs_what_is_not_so_is_found(self):
        """What the archive itself signed, and is not what its records say."""
        def changed(name, old, new):
            files, bundle = self.sample.bundle()
            self.assertIn(old.encode(), files[name])
            files[name] = files[name].replace(old.encode(), new.encode())
            bundle_mutations.bag(files)
            self.sample.sign(files, bundle)
            return self.write(files, bundle)

        decision = "data/decision.json"
        self.assert_found(changed(decision, "Nguyễn Văn Mẫu", "Nguyễn Văn Hai"), decision)
        self.assert_found(changed(decision, '"state":"enclosed"', '"state":"withheld"'), decision)
        self.assert_found(changed(decision, '"checked_at":"2026-11-22', '"checked_at":"2026-11-23'), decision)
        record = f"data/records/{self.sample.decided:09}.json"
        self.assert_found(changed(record, '"halves":16', '"halves":18'), record)
        self.assert_found(changed(record, "officer-5", "officer-6"), f"proofs/records/{self.sample.decided:09}.tlog-proof")

    def test_what_lacks_or_does_not_belong_is_found(self):
        files, name = self.sample.bundle()
        dossier = self.sample.opened
        for number, piece in ((0, "data/records/"), (dossier, "data/decision.json"), (1, "data/decision.json")):
            left = dict(files)
            del left[f"data/records/{number:09}.json"], left[f"proofs/records/{number:09}.tlog-proof"]
            bundle_mutations.bag(left)
            self.sample.sign(left, name)
            self.assert_found(self.write(left, name), piece)
        self.sample.leaves_out = {5}
        try:
            more, name = self.sample.bundle()
        finally:
            self.sample.leaves_out = {5, self.sample.other}
        self.assert_found(self.write(more, name), f"data/records/{self.sample.other:09}.json")

    def test_a_title_that_does_not_follow_is_found(self):
        sample = Sample()
        body = sample.ledger.records[sample.decided][2]
        body["citations"][1]["verification"] = "rejected"
        header, salt, _ = sample.ledger.records[sample.decided]
        header["body"] = sha256(salt + canonical(body).encode()).hex()
        files, name = sample.bundle()
        self.assert_found(self.write(files, name), f"data/records/{sample.decided:09}.json", sample=sample)

    def test_witnesses_and_what_was_seen(self):
        sample, other = self.sample, Signer("witness.example/w2", 4)
        records, _ = sample.ledger.trees()
        size = len(records.leaves)
        for old in (1, 7, 8, size - 1, size):
            path = self.write(*sample.bundle(old=old))
            self.assert_sound(path, "--witness", sample.witness.vkey, "--seen", f"{old}:{records.root(0, old).hex()}")
            piece = "proofs/checkpoint" if old == size else f"proofs/witness/records-{old}.add-checkpoint"
            self.assert_found(path, piece, "--seen", f"{old}:{'0' * 64}")
        self.assert_sound(path, "--witness", sample.witness.vkey, "--witness", other.vkey)
        self.assert_found(path, "proofs/checkpoint", "--witness", other.vkey)
        self.assert_found(path, "proofs/checkpoint", "--witness", sample.witness.vkey, "--witness", other.vkey, "--quorum", "2")
        self.assert_found(path, "proofs/checkpoint", "--seen", f"3:{records.root(0, 3).hex()}")

    def test_keys(self):
        path = self.write(*self.sample.bundle())
        keys = self.place / "keys"
        keys.write_text(f"# of the archive\n{self.sample.signer.vkey}\n")
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            self.assertEqual(subprocess.run([*ORACLE, "--key", keys, path], capture_output=True).returncode, 0)
        other = Signer(self.sample.signer.name, 1)
        answer = subprocess.run([*ORACLE, "--key", other.vkey, path], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("signature.note: ", answer.stdout)
        for wrong in ("nothing", self.sample.witness.vkey, self.sample.signer.vkey[:-4] + "AAA="):
            self.assertEqual(subprocess.run([*ORACLE, "--key", wrong, path], capture_output=True).returncode, 2)
        self.assertEqual(self.look(self.place / "nothing")[0], 2)

    def test_time_stamps(self):
        authority = Authority(self.place)
        path = self.write(*self.sample.bundle(stamp=authority.stamp))
        self.assertIn("stamped 20", self.assert_sound(path))
        self.assert_sound(path, "--tsa", str(authority.certificate))
        stranger = Authority(self.place / "other")
        self.assert_found(path, "proofs/checkpoint.tsr", "--tsa", str(stranger.certificate))
        path = self.write(*self.sample.bundle(stamp=lambda text: authority.stamp(text + b"x")))
        self.assert_found(path, "proofs/checkpoint.tsr")
        path = self.write(*self.sample.bundle(stamp=lambda text: authority.stamp(text)[:-1]))
        self.assert_found(path, "proofs/checkpoint.tsr")

    def test_every_mutation_is_found(self):
        files, name = self.sample.bundle(old=7)
        path, older = self.write(files, name), self.place / "older"
        older.write_bytes(self.sample.checkpoint(self.sample.ledger.trees()[0], "records", 20))
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = bundle_mutations.main([
                " ".join(ORACLE), self.sample.signer.vkey, str(path), "--older", str(older), "--random",
                os.environ.get("MINHCHUNG_MUTATIONS", "300")], trial_of=TrialHere)
        self.assertEqual(status, 0, output.getvalue())
        self.assertRegex(output.getvalue(), r"\d+ mutations, 0 accepted, 0 unnamed")

    def test_mutations_that_are_not_seen_are_told(self):
        """A verifier that accepts everything, and one that names nothing."""
        path = self.write(*self.sample.bundle())
        for program, words in (("true", "accepted"), ("false", "unnamed")):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = bundle_mutations.main([program, self.sample.signer.vkey, str(path), "--random", "3", "--unchecked"])
            self.assertEqual(status, 1)
            self.assertIn(words, output.getvalue())
            self.assertIn("--only", output.getvalue())


class TrialHere(bundle_mutations.Trial):
    """Asks the oracle without starting a program for each question."""

    turn = threading.Lock()

    def run(self, path):
        with self.turn:
            bundle_oracle.findings.clear()
            options = argparse.Namespace(
                keys=[bundle_oracle.Key(self.command[-1])], witnesses=[], quorum=0, seen=None, tsa=None)
            summary = bundle_oracle.check(path, options)
            lines = [f"{piece}: {why}\n" for piece, why in bundle_oracle.findings]
            return (1 if lines else 0), "".join(lines) + summary


class Authority:
    """A time-stamping authority of openssl's own."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder, self.certificate = folder, folder / "tsa.pem"
        (folder / "tsa.cnf").write_text(f"""
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = Authority of {folder.name}
[extensions]
extendedKeyUsage = critical, timeStamping
basicConstraints = critical, CA:true
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
""")
        (folder / "serial").write_text("01\n")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-config",
                 "tsa.cnf", "-keyout", "tsa.key", "-out", "tsa.pem")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, text):
        (self.folder / "text").write_bytes(text)
        self.run("ts", "-query", "-data", "text", "-sha256", "-cert", "-out", "query")
        self.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()


if __name__ == "__main__":
    unittest.main()
