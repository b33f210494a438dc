#!/usr/bin/env python3
"""Appends generated records of the programme to an archive, straight into archive.sqlite, as the format page (Storage/README.md) says.

The archive was made by `minhchung init`, has the criteria set `framework`, the rule set `tan-thanh-ward`, a unit, and items. People,
their evidence, dossiers, citations, scores, steps and decisions are added until there are N records; 1,000 dossiers cite the first
item of the archive. Records of a hundred people at a time lie among one another, as they do where people work at once.

Nothing is folded: `minhchung rebuild` fills the views, and thereby holds every header against its leaf and every body against its
header. The same archive and seed give the same records. Memory does not grow with N.

    python3 Tests/Bench/generate_ledger.py ARCHIVE --records 1000000 [--seed 2026]
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import sys
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
GROUPS = ["farmer", "worker", "intellectual"]
INDICATORS = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"]
FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý"]
MIDDLE = ["Văn", "Thị", "Hữu", "Đức", "Ngọc", "Minh", "Thanh", "Quang", "Xuân", "Kim"]
GIVEN = ["Mẫu", "Thí", "Dụ", "Họa", "An", "Bình", "Chi", "Dung", "Giang", "Hà", "Khánh", "Lan", "Nam", "Oanh", "Phúc", "Quý", "Sơn", "Tâm"]
KINDS = ["certificate", "report", "photo", "work-sample", "confirmation"]
TITLES = ["Giấy chứng nhận kỹ năng số", "Báo cáo kết quả tự học", "Ảnh lớp học cộng đồng", "Kế hoạch học tập cá nhân", "Giấy khen"]
ISSUERS = ["Trung tâm học tập cộng đồng", "Hội Khuyến học phường", "Ủy ban nhân dân phường", "Trường Trung học cơ sở"]
# Who cites the common item, and the share of dossiers among which they are spread.
COMMON_USES = 1000
COMMON_SHARE = 0.85
RECORDS_PER_DOSSIER = 33.2
AT_ONCE = 100


def canonical(value):
    """RFC 8785, for what stands in records: strings, whole numbers, flags, lists, and objects with ASCII names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Ledger:
    """Writes records with their bodies and the nodes of the tree, as `record`, `record_body` and `record_node` have them."""

    BATCH = 5000

    def __init__(self, path, generator):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.random = generator
        # Written once, by this program alone: should it be cut off, the archive is thrown away.
        for pragma in ["journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"]:
            self.db.execute("PRAGMA " + pragma)
        self.size = self.db.execute("SELECT count(*) FROM record").fetchone()[0]
        # The roots of the perfect subtrees that the leaves so far are divided into, largest first, each with its level.
        self.peaks = []
        for level in reversed(range(self.size.bit_length())):
            if self.size >> level & 1:
                node = self.db.execute(
                    "SELECT hash FROM record_node WHERE level = ? AND position = ?", (level, (self.size >> level) - 1)).fetchone()
                self.peaks.append((level, node[0]))
        self.records, self.bodies, self.nodes = [], [], []
        self.db.execute("BEGIN")

    def append(self, kind, subjects, body, actor, moment):
        salt = self.random.randbytes(32)
        body = canonical(body)
        header = canonical({
            "number": self.size, "time": moment, "kind": kind, "actor": actor, "subjects": subjects,
            "body": hashlib.sha256(salt + body).hexdigest(),
        })
        self.records.append((self.size, header.decode()))
        self.bodies.append((self.size, salt, body.decode()))
        level, digest = 0, sha256(b"\x00", header)
        self.nodes.append((0, self.size, digest))
        while self.peaks and self.peaks[-1][0] == level:
            digest = sha256(b"\x01", self.peaks.pop()[1], digest)
            level += 1
            self.nodes.append((level, self.size >> level, digest))
        self.peaks.append((level, digest))
        self.size += 1
        if len(self.records) >= self.BATCH:
            self.flush()
        return self.size - 1

    def flush(self):
        self.db.executemany("INSERT INTO record (number, header) VALUES (?, ?)", self.records)
        self.db.executemany("INSERT INTO record_body (number, salt, body) VALUES (?, ?, ?)", self.bodies)
        self.db.executemany("INSERT INTO record_node (level, position, hash) VALUES (?, ?, ?)", self.nodes)
        self.records, self.bodies, self.nodes = [], [], []

    def close(self):
        self.flush()
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.close()


class Programme:
    """People, their evidence and their dossiers. Each flow yields the records of one person, in order."""

    def __init__(self, archive, ledger, records, generator):
        self.objects = archive / "objects/sha256"
        self.ledger = ledger
        self.random = generator
        self.dossiers = 0
        self.documents = 0
        self.common_planned = 0
        self.common_uses = 0
        # One dossier in so many cites the common item.
        self.stride = max(1.0, (records / RECORDS_PER_DOSSIER) * COMMON_SHARE / COMMON_USES)
        db = ledger.db
        rules = dict(db.execute("SELECT kind, object FROM rule_document WHERE code IN ('framework', 'tan-thanh-ward')"))
        item = db.execute("SELECT id, object FROM item ORDER BY key LIMIT 1").fetchone()
        units = [row[0] for row in db.execute("SELECT DISTINCT id FROM unit ORDER BY id")]
        if len(rules) != 2 or not item or not units:
            sys.exit("the archive needs the criteria set framework, the rule set tan-thanh-ward, a unit and an item")
        self.criteria, self.rules, self.units = rules["criteria-set"], rules["rule-set"], units
        self.common = {"item": item[0], "object": item[1]}
        self.begin = datetime.datetime(2026, 1, 2)
        self.step = datetime.timedelta(days=300) / records

    def id(self, prefix):
        bits = self.random.getrandbits(80)
        return prefix + "".join([PAIRS[bits >> shift & 1023] for shift in range(0, 80, 10)])

    def record(self, kind, subjects, body, actor):
        moment = self.begin + self.step * self.ledger.size
        self.ledger.append(kind, subjects, body, actor, moment.isoformat(timespec="milliseconds") + "Z")

    def officer(self, office):
        return f"{office}-{self.random.randrange(40):02}"

    # What a flow does until it yields is one record.

    def person(self):
        choose = self.random.choice
        person, account = self.id("pe-"), self.id("c-")[:10]
        name, group = f"{choose(FAMILY)} {choose(MIDDLE)} {choose(GIVEN)}", choose(GROUPS)
        number = {"mac": self.random.randbytes(32).hex(), "ending": f"{self.random.randrange(1000):03}"}
        self.record("person.declared", [person], {
            "person": person, "name": name, "birth_year": self.random.randrange(1945, 2007), "group": group, "account": account,
            "number": number,
        }, self.officer("registrar"))
        yield
        titles, items, unit = [], [], choose(self.units)
        for cycle in range(self.random.choice([2021, 2022, 2023, 2024, 2025, 2025]), 2026):
            title = yield from self.dossier(person, name, account, group, cycle, unit, items)
            titles = titles + [title] if title else []
            if len(titles) == 5:
                # Not before the last title.
                document, honour = self.document(f"{cycle}-12-31"), self.id("ti-")
                self.record("honour.granted", [honour, person, document["decision"]], {
                    "document": document, "honour": honour, "person": person, "name": "tiêu biểu", "rules": self.rules,
                    "titles": titles, "role": "authority",
                }, self.officer("chair"))
                yield

    def document(self, issued_on):
        self.documents += 1
        return {
            "decision": self.id("de-"), "code_number": str(self.documents), "code_notation": "QĐ-UBND", "issued_on": issued_on,
            "authority": "UBND phường", "signer": "Trần Thị Thí Dụ",
        }

    def dossier(self, person, name, account, group, cycle, unit, items):
        choose, chance = self.random.choice, self.random.random
        dossier = self.id("do-")
        about = [dossier, person]
        role, actor = ("citizen", account) if chance() < 0.7 else ("assistant", self.officer("assistant"))
        cites_common = self.common_planned < COMMON_USES and self.dossiers >= self.common_planned * self.stride
        self.dossiers += 1
        self.common_planned += cites_common
        self.record("dossier.opened", about + [unit], {
            "dossier": dossier, "person": person, "cycle": cycle, "unit": unit, "group": group, "criteria": self.criteria,
            "rules": self.rules, "role": role,
        }, actor)
        yield

        stage = "registered"

        def step(act, to, role, actor, **more):
            nonlocal stage
            self.record("dossier.stepped", about, {"dossier": dossier, "act": act, "from": stage, "to": to, "role": role, **more}, actor)
            stage = to

        step("declare", "declaring", role, actor)
        yield
        for _ in range(4):
            items.append((yield from self.item(person, name, actor)))
        new = items[-4:]

        cited = []

        def cite(indicator, evidence, reaffirms=None):
            pages = [1] if chance() < 0.8 else []
            citation = self.id("ci-")
            body = {"citation": citation, "dossier": dossier, "indicator": indicator, "evidence": evidence, "role": role}
            if pages:
                body["pages"] = pages
            self.record("evidence.cited", about + [evidence["item"]], body, actor)
            cited.append({"citation": citation, "indicator": indicator, "evidence": evidence, "verification": "submitted"}
                         | ({"pages": pages} if pages else {}))

        # Where it is cited, the common item is all that proves an indicator.
        common = choose(INDICATORS) if cites_common else None
        for index, indicator in enumerate(INDICATORS):
            cite(indicator, self.common if indicator == common else new[index % 4])
            self.common_uses += indicator == common
            yield
        if not cites_common:
            cite(choose(INDICATORS), choose(new))
            yield
        if not cites_common and chance() < 0.05:
            taken = cited.pop()
            self.record("citation.withdrawn", about + [taken["evidence"]["item"]], {
                "citation": taken["citation"], "dossier": dossier, "reason": "Nhầm chỉ số", "role": role}, actor)
            yield

        points = {indicator: self.random.choice([7, 8, 8, 9, 9, 9, 10, 10]) for indicator in INDICATORS}
        if chance() < 0.1:
            # Not done at all: what is done in part has 5 points at least.
            points[choose(INDICATORS)] = 0

        def score(kind, role, actor, **more):
            sheet = {indicator: {"halves": 2 * value} for indicator, value in points.items()}
            self.record("scores.given", about, {"dossier": dossier, "kind": kind, "scores": sheet, "role": role, **more}, actor)

        score("self", role, actor)
        yield
        step("submit", "submitted", role, actor)
        yield
        if chance() < 0.05:
            step("return", "returned", "reviewer", self.officer("reviewer"), reason="Cần bổ sung minh chứng")
            yield
            step("declare", "declaring", role, actor)
            yield
            score("self", role, actor)
            yield
            step("submit", "submitted", role, actor)
            yield
        reviewer, appraiser, confirmer = self.officer("reviewer"), self.officer("appraiser"), self.officer("confirmer")
        for item in new:
            if chance() < 0.5:
                self.record("evidence.verified", [item["item"]], {
                    "item": item["item"], "state": "verified", "method": choose(["original-seen", "issuer-confirmed"]),
                    "role": "reviewer"}, reviewer)
                for citation in cited:
                    if citation["evidence"] is item:
                        citation["verification"] = "verified"
                yield
        score("collective", "reviewer", reviewer)
        yield
        step("review", "reviewed", "reviewer", reviewer, review={
            "held_on": f"{cycle}-11-{self.random.randrange(10, 31)}", "votes_for": 9, "votes_against": 1,
            "participants": [f"{choose(FAMILY)} {choose(MIDDLE)} {choose(GIVEN)}" for _ in range(10)]})
        yield
        score("appraised", "appraiser", appraiser)
        yield
        step("appraise", "appraised", "appraiser", appraiser)
        yield
        score("final", "appraiser", appraiser)
        yield
        step("confirm", "confirmed", "confirmer", confirmer)
        yield
        step("propose", "proposed", "appraiser", appraiser)
        yield

        # The indicators that cannot be measured need no evidence; all have some.
        total = sum(points.values())
        unmet = [f"floor:{indicator}" for indicator in INDICATORS if points[indicator] < 5] + (["threshold"] if total < 80 else [])
        document = self.document(f"{cycle}-12-{self.random.randrange(10, 31)}")
        title = None if unmet else self.id("ti-")
        body = {
            "document": document, "dossier": dossier, "person": person, "cycle": cycle, "unit": unit, "group": group, "from": stage,
            "criteria": self.criteria, "rules": self.rules,
            "scores": {indicator: {"halves": 2 * value} for indicator, value in points.items()},
            # In the order in which the views have them.
            "citations": sorted(cited, key=lambda citation: citation["indicator"]), "reviewers": sorted({reviewer, appraiser, confirmer}),
            "total_halves": 2 * total, "unmet": unmet, "role": "authority",
        }
        if title:
            body["title"] = title
        self.record("dossier.decided", about + [document["decision"]] + ([title] if title else []), body, self.officer("chair"))
        yield
        if title and chance() < 0.01:
            self.record("title.revoked", [title, person, dossier], {
                "title": title, "dossier": dossier, "reason": "Minh chứng không đúng", "legal_basis": "12/QĐ-UBND", "role": "authority",
            }, self.officer("chair"))
            title = None
            yield
        return title

    def item(self, person, name, actor):
        choose = self.random.choice
        item = self.id("ev-")
        content = f"Minh chứng {item}\n".encode()
        digest = hashlib.sha256(content).hexdigest()
        # A text is read to the end by nobody here, and an image has none.
        path = self.objects / digest[:2] / digest
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o400)
        kind = self.random.randrange(len(KINDS))
        metadata = {
            "assurance": "citizen-copy", "kind": KINDS[kind], "title": TITLES[kind], "holder": name, "person": person,
            "issuer": choose(ISSUERS), "file_name": f"IMG_{self.random.randrange(10000):04}.jpg",
            "issued_on": f"2025-{self.random.randrange(1, 13):02}-{self.random.randrange(1, 29):02}",
        }
        if self.random.random() < 0.4:
            metadata |= {"code_number": str(self.random.randrange(1, 100000)), "code_notation": "GCN"}
        pieces = hashlib.sha256(bytes.fromhex(digest)).hexdigest()
        self.record("evidence.deposited", [item], {
            "item": item, "metadata": metadata, "object": {"digest": digest, "size": len(content), "pieces": pieces}}, actor)
        yield
        self.record("object.extracted", [item], {
            "object": digest, "state": "no-text", "media_type": "image/jpeg", "page_count": 1, "tool": "generated"}, "console:bench")
        yield
        return {"item": item, "object": digest}


def generate(archive, records, seed):
    generator = random.Random(seed)
    ledger = Ledger(archive / "archive.sqlite", generator)
    programme = Programme(archive, ledger, records, generator)
    flows = [programme.person() for _ in range(AT_ONCE)]
    while ledger.size < records:
        index = generator.randrange(AT_ONCE)
        try:
            next(flows[index])
        except StopIteration:
            flows[index] = programme.person()
    ledger.close()
    if programme.common_uses != COMMON_USES:
        sys.exit(f"{programme.common_uses} dossiers cite the common item, not {COMMON_USES}: there are too few records")
    return programme


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--records", type=int, required=True, help="how many records there are to be in all")
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    started = time.monotonic()
    programme = generate(arguments.archive, arguments.records, arguments.seed)
    print(f"seed {arguments.seed}: {arguments.records} records, {programme.dossiers} dossiers in {time.monotonic() - started:.0f} s; "
          f"{COMMON_USES} cite {programme.common['item']}")


if __name__ == "__main__":
    main()
