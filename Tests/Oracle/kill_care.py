#!/usr/bin/env python3
"""Kills `minhchung backup`, `restore` and `erase --apply` at random moments and looks at what is left.

    kill_care.py [--rounds N] [--seed N] [--program FILE] [--oracle FILE]

N rounds of each. A round deposits some files, each with a mark of its own in its bytes; starts one of the three commands and kills
it (SIGKILL) at a moment that nobody chose; and then demands:

  backup   The newest snapshot that was acknowledged, or a newer one, restores: with every mark that was there when it was
           acknowledged and that was not erased since. Where none was ever acknowledged, restore refuses, or what it restores is sound.
  restore  There is no archive, or a whole one. The next restore to the same place succeeds and leaves nothing beside it.
  erase    What was acknowledged is done. What was recorded is finished when the archive is opened next: no file of the archive has the
           mark. What was not recorded is there as a whole. The next backup purges its folder; an archive that is restored from
           an older backup, kept aside, has no erased mark either.

No erased mark ever stands in any file of the archive, of its backups after a backup, or of an archive that was restored. All archives
are looked at by `verify`, some by archive_oracle.py. Every process that a round started, and each that those started, must have ended.

Exit status: 0 all was as demanded; 1 otherwise, and everything is kept; 2 it could not be tried.
"""

import argparse
import ctypes
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

import kill_storm
from kill_storm import HERE, PATIENCE, PR_SET_CHILD_SUBREAPER, Violation, children

ROUNDS_OF_AN_ARCHIVE = 9
GROUNDS = ("--reason", "rút lại đồng ý", "--basis", "Luật 91/2025/QH15, Điều 14", "--role", "authority")


class Care(kill_storm.Storm):
    def __init__(self, program, oracle, folder, seed):
        super().__init__(program, oracle, folder, seed)
        self.count = {"backup": 0, "restore": 0, "erase": 0}
        self.kills = dict(self.count)
        # What had happened when it was killed, by kind.
        self.done = dict(self.count)
        self.cases = {}
        self.restored = 0

    # The archive and what is known of it

    def begin_archive(self):
        if self.archive:
            shutil.rmtree(self.place)
        self.place = self.folder / f"place-{self.number}"
        self.place.mkdir()
        self.archive = self.place / "archive"
        self.backup = self.place / "backup"
        self.aside = None
        self.list = self.place / "archive.erasures"
        self.list.touch()
        self.run("init", "--archive", str(self.archive))
        (status,) = self.run("status", "--json", "--archive", str(self.archive))
        self.can_extract = json.loads(status)["extractor"]["available"]
        shutil.copytree(self.archive / "keys", self.place / "keys")
        self.live = {}  # item -> (mark, digest)
        self.erased = {}  # item -> mark
        self.acknowledged_backup = None  # items that were there when it was acknowledged

    def deposit(self):
        folder = self.place / "in"
        folder.mkdir()
        marks = {}
        for index in range(self.chance.randint(1, 6)):
            mark = f"{self.chance.getrandbits(96):024x}"
            size = self.chance.choice((0, 0, 3000, 200_000, 1_500_000))
            content = (f"Giấy {mark} học tập\n" * (1 + size // 40)).encode()
            (folder / f"{index}.txt").write_bytes(content)
            marks[hashlib.sha256(content).hexdigest()] = mark
        extra = [] if self.can_extract and self.chance.random() < 0.4 else ["--no-extract"]
        for line in self.run("deposit", "--json", "--archive", str(self.archive), str(folder), *extra):
            event = json.loads(line)
            if event.get("event") == "deposited":
                digest = event["object"]
                self.live[event["item"]] = (marks[digest], digest)
        shutil.rmtree(folder)

    def look_for_erased(self, place):
        """No file below has a mark of what was erased."""
        marks = [mark.encode() for mark in self.erased.values()]
        for path in place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                for mark in marks:
                    if mark in data:
                        raise Violation(f"ERASED AND BACK: {mark.decode()} stands in {path}")

    def look_at(self, archive, items):
        """Every item of these has its bytes there; the archive is sound."""
        self.run("verify", "--quiet", "--archive", str(archive))
        for item, (mark, digest) in items.items():
            path = archive / "objects" / "sha256" / digest[:2] / digest
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise Violation(f"LOST: {item} ({mark}) in {archive}")
        database = sqlite3.connect(f"file:{archive}/archive.sqlite", uri=True)
        known = {item: erased for item, erased in database.execute("SELECT id, erased_record FROM item")}
        pending = database.execute("SELECT count(*) FROM erasure_to_finish").fetchone()[0]
        database.close()
        for item in items:
            if known.get(item, 0) is not None:
                raise Violation(f"LOST: {item} is {'not known' if item not in known else 'erased'} in {archive}")
        for item in self.erased:
            if item in known and known[item] is None:
                raise Violation(f"ERASED AND BACK: item {item} in {archive}")
        if pending:
            raise Violation(f"an erasure is not finished in {archive}")
        self.look_for_erased(archive)
        if self.chance.random() < 0.2:
            self.ask_oracle(archive)

    def ask_oracle(self, archive):
        oracle = kill_storm.subprocess.run(
            [sys.executable, self.oracle, archive], stdout=kill_storm.subprocess.PIPE, stderr=kill_storm.subprocess.STDOUT, text=True,
            check=False)
        if oracle.returncode != 0:
            raise Violation(f"the oracle ended with {oracle.returncode}:\n{oracle.stdout}")

    # Commands

    def cut_off(self, kind, *arguments):
        """Runs a command and perhaps kills it; its lines, and whether it ended well. None where it was killed."""
        # Some go to their end, and first of all one: how long it takes is what the moments are drawn from.
        is_whole = kind not in self.duration or self.chance.random() < 0.1
        moment = PATIENCE if is_whole else self.chance.random() * 1.1 * self.duration[kind]
        started = time.monotonic()
        process = self.start(*arguments)
        lines, error, was_killed = self.read(process, moment)
        if was_killed:
            self.kills[kind] += 1
        elif process.returncode != 0:
            raise Violation(f"{' '.join(arguments)} ended with {process.returncode}: {error.strip()}")
        else:
            self.duration[kind] = time.monotonic() - started
        return lines

    def whole(self, kind, *arguments):
        started = time.monotonic()
        lines = self.run(*arguments)
        self.duration[kind] = time.monotonic() - started
        return lines

    def backup_command(self):
        return ("backup", str(self.backup), "--archive", str(self.archive), "--keep", "3")

    def restore_command(self, target, backup=None):
        return (
            "restore", str(backup or self.backup), "--archive", str(target), "--keys-folder", str(self.place / "keys"), "--erasure-list",
            str(self.list))

    def back_up(self):
        self.whole("backup", *self.backup_command())
        self.acknowledged_backup = dict(self.live)
        self.look_for_erased(self.backup)
        if list((self.backup / "snapshots").glob("*.partial")) or os.listdir(self.backup / "staging"):
            raise Violation("a backup left something of an interrupted one")

    def expected(self, items):
        return {item: known for item, known in items.items() if item in self.live}

    def restore(self, items, backup=None):
        """Restores, looks at what is there, and removes it."""
        target = self.place / "restored"
        self.whole("restore", *self.restore_command(target, backup))
        self.look_at_restored(target, items)

    def look_at_restored(self, target, items):
        if (self.place / "restored.restoring").exists():
            raise Violation("a restore left something beside the archive")
        self.look_at(target, self.expected(items))
        self.restored += 1
        shutil.rmtree(target)
        (self.place / "restored.erasures").unlink(missing_ok=True)

    # Rounds

    def case(self, text):
        self.cases[text] = self.cases.get(text, 0) + 1

    def round_backup(self):
        lines = self.cut_off("backup", *self.backup_command())
        if any(line.startswith("backed up") for line in lines):
            self.acknowledged_backup = dict(self.live)
            self.look_for_erased(self.backup)
            self.done["backup"] += 1
        snapshots = self.backup / "snapshots"
        names = sorted(os.listdir(snapshots)) if snapshots.is_dir() else []
        complete = [name for name in names if not name.endswith(".partial")]
        self.case("backup: interrupted snapshot left" if len(complete) < len(names) else "backup: none left")
        for name in complete:
            if sorted(os.listdir(snapshots / name)) != ["archive.sqlite", "backup.json", "format.json", "service.sqlite"]:
                raise Violation(f"{name} looks complete and is not")
        if self.acknowledged_backup is None and not complete:
            self.case("backup: refused by restore")
            target = self.place / "restored"
            self.run(*self.restore_command(target), statuses=(1, 2))
            if target.exists() or (self.place / "restored.restoring").exists():
                raise Violation("a refused restore left something")
        else:
            self.restore(self.acknowledged_backup or {})
        if self.chance.random() < 0.5:
            self.back_up()
            self.restore(self.live)

    def round_restore(self):
        if self.acknowledged_backup is None or self.chance.random() < 0.3:
            self.back_up()
        target = self.place / "restored"
        lines = self.cut_off("restore", *self.restore_command(target))
        if target.exists():
            self.case("restore: archive there")
            self.done["restore"] += any(line.startswith("restored ") for line in lines)
            leftover = self.place / "restored.restoring"
            if leftover.exists():
                # Killed between the name and the removal of the empty folder.
                if any(path.name != "minhchung-restore" for path in leftover.iterdir()):
                    raise Violation("an archive is there, and another beside it")
                shutil.rmtree(leftover)
            self.look_at_restored(target, self.acknowledged_backup)
            return
        if any(line.startswith("restored ") for line in lines):
            raise Violation("LOST: a restore that was acknowledged left no archive")
        self.case("restore: no archive" + (", something beside" if (self.place / "restored.restoring").exists() else ""))
        self.run("status", "--archive", str(target), statuses=(2,))
        self.restore(self.acknowledged_backup)

    def round_erase(self):
        if not self.live:
            return
        if self.acknowledged_backup is not None and self.chance.random() < 0.5:
            self.aside = self.place / "aside"
            shutil.rmtree(self.aside, ignore_errors=True)
            shutil.copytree(self.backup, self.aside)
            self.aside_items = dict(self.acknowledged_backup)
        items = self.chance.sample(sorted(self.live), k=min(len(self.live), self.chance.randint(1, 2)))
        lines = self.cut_off("erase", "erase", "--archive", str(self.archive), *GROUNDS, "--apply", *items)
        acknowledged = any(line.startswith("erased:") for line in lines)
        self.done["erase"] += acknowledged
        # Opening it finishes what was recorded.
        self.run("status", "--archive", str(self.archive))
        database = sqlite3.connect(f"file:{self.archive}/archive.sqlite", uri=True)
        marks = ",".join("?" * len(items))
        known = [erased for (erased,) in database.execute(f"SELECT erased_record FROM item WHERE id IN ({marks})", items)]
        database.close()
        if len(known) != len(items) or len({erased is None for erased in known}) != 1:
            raise Violation(f"a part of {items} was erased: {known}")
        if known[0] is None:
            if acknowledged:
                raise Violation(f"LOST: the erasure of {items} was acknowledged")
            self.case("erase: not recorded")
        else:
            self.case("erase: acknowledged" if acknowledged else "erase: recorded, finished at the next opening")
            for item in items:
                self.erased[item] = self.live.pop(item)[0]
            listed = {item for line in self.list.read_text().splitlines() for item in json.loads(line)["items"]}
            if not set(items) <= listed:
                raise Violation(f"the erasure of {items} is not listed")
        self.look_at(self.archive, self.live)
        if self.chance.random() < 0.6:
            self.back_up()
            self.restore(self.live)
        if self.aside and self.chance.random() < 0.6:
            self.case("restored from a backup of before the erasure")
            self.restore(self.aside_items, self.aside)

    def round_of(self, kind):
        if self.number % ROUNDS_OF_AN_ARCHIVE == 0:
            self.begin_archive()
        self.number += 1
        self.deposit()
        {"backup": self.round_backup, "restore": self.round_restore, "erase": self.round_erase}[kind]()
        self.count[kind] += 1
        self.look_at(self.archive, self.live)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="of each of the three commands")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--program", default=str(HERE.parent.parent / ".build" / "debug" / "minhchung"))
    parser.add_argument("--oracle", default=str(HERE / "archive_oracle.py"))
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        print(f"there is no program {options.program}", file=sys.stderr)
        return 2
    # Orphans of the processes that we kill become our children, so that their end can be waited for.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print("the kernel does not hand over orphans", file=sys.stderr)
        return 2
    print(f"seed {options.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kill-care-"))
    care = Care(os.path.abspath(options.program), options.oracle, folder, options.seed)
    kinds = [kind for kind in care.count for _ in range(options.rounds)]
    care.chance.shuffle(kinds)
    violation = None
    try:
        for kind in kinds:
            care.round_of(kind)
    except Violation as found:
        violation = found
        for process, _ in children():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    for kind in care.count:
        print(f"{kind}: {care.count[kind]} rounds, {care.kills[kind]} killed, {care.done[kind]} acknowledged")
    for text in sorted(care.cases):
        print(f"  {text}: {care.cases[text]}")
    lost, back = str(violation).count("LOST") if violation else 0, str(violation).count("AND BACK") if violation else 0
    print(f"{care.restored} restored archives looked at; {lost} lost, {back} erased and back")
    if violation:
        print(f"round {care.number}: {violation}\nkept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
