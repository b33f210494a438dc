#!/usr/bin/env python3
"""Tampers with the ledger of stopped copies of an archive, as somebody could who has its files, and holds `minhchung verify` and a
witness against it: each must be found by one of them, and verify has to name the first bad record, or the range that it lies in.

    python3 Tests/Oracle/ledger_tamper.py PROGRAM ARCHIVE WITNESS [--rounds N] [--seed S]

WITNESS is the folder of a witness that has followed the archive to its newest checkpoint. Every kind of tampering is done with
the tree left as it is and with all of it computed anew, in the tree of records and in that of the access log.
"""

import argparse
import hashlib
import json
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Copy:
    """A copy of the archive whose triggers are gone."""

    def __init__(self, archive, folder):
        self.path = pathlib.Path(folder) / "archive"
        shutil.copytree(archive, self.path)
        self.db = sqlite3.connect(self.path / "archive.sqlite", isolation_level=None)
        for (name,) in self.db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            self.db.execute(f"DROP TRIGGER {name}")
        self.service = sqlite3.connect(self.path / "service.sqlite", isolation_level=None)

    def header(self, table, number):
        return json.loads(self.db.execute(f"SELECT header FROM {table} WHERE number = ?", (number,)).fetchone()[0])

    def set_header(self, table, number, header):
        self.db.execute(f"UPDATE {table} SET header = ? WHERE number = ?", (canonical(header), number))

    def commit_body(self, number, salt, body):
        """Body and salt as given, and the commitment in the header with them."""
        self.db.execute("UPDATE record_body SET salt = ?, body = ? WHERE number = ?", (salt, body, number))
        header = self.header("record", number)
        header["body"] = hashlib.sha256(salt + body.encode()).hexdigest()
        self.set_header("record", number, header)

    def renumber(self, table, order):
        """The rows in this order, numbered from 0, with headers that say so."""
        rows = {number: header for number, header in self.db.execute(f"SELECT number, header FROM {table}")}
        bodies = {n: (s, b) for n, s, b in self.db.execute("SELECT number, salt, body FROM record_body")} if table == "record" else {}
        self.db.execute(f"DELETE FROM {table}")
        if table == "record":
            self.db.execute("DELETE FROM record_body")
        for new, old in enumerate(order):
            header = json.loads(rows[old])
            header["number"] = new
            self.db.execute(f"INSERT INTO {table} VALUES (?, ?)", (new, canonical(header)))
            if old in bodies:
                self.db.execute("INSERT INTO record_body VALUES (?, ?, ?)", (new, *bodies[old]))

    def recompute(self, table):
        nodes = f"{table}_node"
        self.db.execute(f"DELETE FROM {nodes}")
        level, hashes = 0, [hashlib.sha256(b"\0" + h.encode()).digest() for (h,) in self.db.execute(f"SELECT header FROM {table} ORDER BY number")]
        while hashes:
            self.db.executemany(f"INSERT INTO {nodes} VALUES (?, ?, ?)", [(level, position, value) for position, value in enumerate(hashes)])
            hashes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2])]
            level += 1

    def forget_checkpoints(self, table, beyond):
        """Takes out what was signed over more than `beyond` leaves: nothing inside of the archive remembers it then."""
        tree = "records" if table == "record" else "access"
        for name in ["checkpoint", "cosignature", "checkpoint_stamp"]:
            self.db.execute(f"DELETE FROM {name} WHERE tree = ? AND size > ?", (tree, beyond))
        kept = self.db.execute("SELECT note FROM checkpoint WHERE tree = ? ORDER BY size DESC LIMIT 1", (tree,)).fetchone()
        if kept:
            self.service.execute("UPDATE newest_checkpoint SET note = ? WHERE tree = ?", (kept[0], tree))
        else:
            self.service.execute("DELETE FROM newest_checkpoint WHERE tree = ?", (tree,))

    def close(self):
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()
        self.service.close()


# Each takes the copy, the table and the record; answers the first record that is bad then.

def edit_time(copy, table, n):
    header = copy.header(table, n)
    header["time"] = "2001-01-01T00:00:00.000Z"
    copy.set_header(table, n, header)
    return n


def edit_actor(copy, table, n):
    header = copy.header(table, n)
    header["actor"] = "console:nobody"
    copy.set_header(table, n, header)
    return n


def edit_body(copy, table, n):
    salt, body = copy.db.execute("SELECT salt, body FROM record_body WHERE number = ?", (n,)).fetchone()
    copy.db.execute("UPDATE record_body SET body = ? WHERE number = ?", (body[:-1] + " " + body[-1], n))
    return n


def rehash_body(copy, table, n):
    salt, body = copy.db.execute("SELECT salt, body FROM record_body WHERE number = ?", (n,)).fetchone()
    # Another letter or digit, so that it stays canonical.
    at = max(index for index, character in enumerate(body) if character.isascii() and character.isalnum())
    other = ("1" if body[at] == "0" else "0") if body[at].isdigit() else ("b" if body[at] == "a" else "a")
    copy.commit_body(n, salt, body[:at] + other + body[at + 1:])
    return n


def rehash_salt(copy, table, n):
    _, body = copy.db.execute("SELECT salt, body FROM record_body WHERE number = ?", (n,)).fetchone()
    copy.commit_body(n, bytes(32), body)
    return n


def delete(copy, table, n):
    numbers = [number for (number,) in copy.db.execute(f"SELECT number FROM {table} ORDER BY number")]
    copy.renumber(table, [number for number in numbers if number != n])
    return n


def delete_leaving_a_gap(copy, table, n):
    copy.db.execute(f"DELETE FROM {table} WHERE number = ?", (n,))
    if table == "record":
        copy.db.execute("DELETE FROM record_body WHERE number = ?", (n,))
    return n


def truncate(copy, table, n):
    copy.db.execute(f"DELETE FROM {table} WHERE number >= ?", (n,))
    if table == "record":
        copy.db.execute("DELETE FROM record_body WHERE number >= ?", (n,))
    return n


def reorder(copy, table, n):
    size = copy.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    other = n + 1 if n + 1 < size else n - 1
    order = list(range(size))
    order[n], order[other] = order[other], order[n]
    copy.renumber(table, order)
    return min(n, other)


def insert(copy, table, n):
    numbers = [number for (number,) in copy.db.execute(f"SELECT number FROM {table} ORDER BY number")]
    copy.renumber(table, numbers[:n] + [n] + numbers[n:])
    # The copy at n is right; what follows is one off.
    return n + 1


BOTH = [edit_time, edit_actor, delete, delete_leaving_a_gap, truncate, reorder, insert]
OF_RECORDS = [edit_body, rehash_body, rehash_salt]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout + result.stderr


def named(output, table, bad):
    """Whether the first finding about this tree names the record, or a range that it lies in."""
    word = "record" if table == "record" else "access log entry"
    firsts = [int(number) for number in re.findall(rf"{word} (\d+):", output)]
    if bad in firsts:
        return True
    for first, last in re.findall(rf"{word} (\d+): it or one of those up to (\d+)", output):
        if int(first) <= bad <= int(last):
            return True
    for first, last in re.findall(rf"{word} (\d+): it is missing, and all up to (\d+)", output):
        if int(first) <= bad <= int(last):
            return True
    # Where nothing inside of the archive knows better, the tree's sizes.
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("archive")
    parser.add_argument("witness")
    parser.add_argument("--rounds", type=int, default=1, help="records that each kind is tried at")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    print(f"seed {arguments.seed}")
    db = sqlite3.connect(f"file:{arguments.archive}/archive.sqlite?mode=ro", uri=True)
    sizes = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ["record", "access"]}
    with_body = [number for (number,) in db.execute("SELECT number FROM record_body WHERE number > 0")]
    db.close()
    count, wrong, by_verify, by_witness = 0, 0, 0, 0
    for table, kinds in [("record", BOTH + OF_RECORDS), ("access", BOTH)]:
        for kind in kinds:
            for depth in ["rows only", "tree recomputed", "tree recomputed, checkpoints forgotten"]:
                for _ in range(arguments.rounds):
                    n = generator.choice(with_body) if kind in OF_RECORDS else generator.randrange(1, sizes[table])
                    with tempfile.TemporaryDirectory(prefix="minhchung-tamper-") as folder:
                        copy = Copy(arguments.archive, folder)
                        bad = kind(copy, table, n)
                        if depth != "rows only":
                            copy.recompute(table)
                        if depth.endswith("forgotten"):
                            copy.forget_checkpoints(table, bad)
                        copy.close()
                        witness = pathlib.Path(folder) / "witness"
                        shutil.copytree(arguments.witness, witness)
                        # The witness first: verify may record what it finds.
                        seen_status, seen = run([arguments.program, "witness", "pull", str(witness), "--from", str(copy.path)])
                        status, output = run([arguments.program, "verify", "--archive", str(copy.path)])
                    count += 1
                    by_verify += status != 0
                    by_witness += seen_status != 0
                    problem = None
                    if status == 0 and seen_status == 0:
                        problem = "was not found"
                    elif not depth.endswith("forgotten") and not named(output, table, bad):
                        problem = "was found, but the record is not named"
                    elif depth.endswith("forgotten") and not named(output, table, bad) and not re.search(r"\d", seen):
                        problem = "was found, but neither the record nor the sizes are named"
                    if problem:
                        wrong += 1
                        print(f"WRONG  {kind.__name__} of {table} {n}, {depth} (first bad: {bad}): {problem}\n{output}{seen}")
    print(f"{count} tamperings: {by_verify} found by verify, {by_witness} by the witness, {wrong} not found or not named")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
