#!/usr/bin/env python3
"""Kills `minhchung deposit` at random moments and looks whether anything that it acknowledged is lost.

    kill_storm.py [--rounds N] [--seed N] [--program FILE] [--oracle FILE]

A round: files are made; `minhchung deposit` is started on them and killed (SIGKILL) at a moment that nobody chose; the lines
that it printed until then are kept; the archive is started again, by `status` or by depositing the same files once
more; archive_oracle.py then looks at the archive, with all lines that any round before has read. An archive grows for
some rounds, then another one is begun. Each process that a round started, and each that those started, must have ended.

Exit status: 0 nothing was lost and all was sound; 1 otherwise, and the archive is kept; 2 it could not be tried.
"""

import argparse
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import random
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = HERE.parent.parent / "Storage" / "Sample" / "documents"
PR_SET_CHILD_SUBREAPER = 36
MIB = 1 << 20
# Rounds until another archive is begun, so that looking at it whole stays cheap.
ROUNDS_OF_AN_ARCHIVE = 12
# Seconds after which something that ought to end is taken to hang.
PATIENCE = 120
# Files that the program makes durable and acknowledges together, with and without extraction. With more of them there
# are acknowledgements before its work is half done.
BATCH = {True: 192, False: 1024}
ACKNOWLEDGEMENTS = ("deposited  ", "already there  ")


class Violation(Exception):
    """The archive, or a process, is not as it should be."""


class Storm:
    def __init__(self, program, oracle, folder, seed):
        self.program, self.oracle, self.folder = program, oracle, folder
        self.chance = random.Random(seed)
        self.archive = None
        self.can_extract = True
        self.number = 0
        self.acknowledged = 0
        self.killed = 0
        self.cut = 0  # rounds in which some of the files were acknowledged, and not all
        # Seconds that a whole deposit takes, by kind; the moment of the kill is drawn from them.
        self.duration = {}
        self.earlier = []  # contents that were deposited in earlier rounds

    # Processes

    def start(self, *arguments):
        return subprocess.Popen(
            [self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"LC_ALL": "C.UTF-8"})

    def read(self, process, moment, after_lines=None):
        """Reads what it prints; kills it at `moment` or, if given, so long after it acknowledged so many lines.

        In the second case it is read slowly, from a small pipe, so that it is killed in the middle of its acknowledgements.
        Returns the lines that were there whole, what it said on standard error, and whether it was killed.
        """
        started, killed = time.monotonic(), False
        amount = 1 << 16
        if after_lines is not None:
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
            amount = 256
        deadline = started + moment if after_lines is None else None
        streams = {process.stdout: bytearray(), process.stderr: bytearray()}
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                limit = started + PATIENCE if deadline is None else deadline
                ready = selector.select(max(0, limit - time.monotonic()))
                if not ready and not killed:
                    process.kill()
                    killed = True
                    if deadline is None:
                        raise Violation(f"{process.args} hangs")
                    deadline = time.monotonic() + PATIENCE
                elif not ready:
                    raise Violation(f"{process.args} does not close its output after its end")
                for key, _ in ready:
                    data = os.read(key.fd, amount)
                    if not data:
                        selector.unregister(key.fileobj)
                    streams[key.fileobj] += data
                if after_lines is not None and deadline is None and streams[process.stdout].count(b"\n") >= after_lines:
                    deadline = time.monotonic() + moment
        # A line without its end was not said.
        *lines, _ = bytes(streams[process.stdout]).decode().split("\n")
        process.stdout.close()
        error = bytes(streams[process.stderr]).decode()
        process.stderr.close()
        process.wait()
        self.wait_for_descendants()
        return lines, error, process.returncode == -signal.SIGKILL

    @staticmethod
    def wait_for_descendants():
        """Waits for every process that is left of those we started: orphans of theirs have become our children."""

        def too_long(number, frame):
            raise TimeoutError

        previous = signal.signal(signal.SIGALRM, too_long)
        signal.alarm(PATIENCE)
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            return
        except TimeoutError:
            raise Violation(f"processes are left behind: {children()}") from None
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)

    def run(self, *arguments, statuses=(0,)):
        process = self.start(*arguments)
        lines, error, _ = self.read(process, PATIENCE)
        if process.returncode not in statuses:
            raise Violation(f"{' '.join(arguments)} ended with {process.returncode}: {error.strip()}")
        return lines

    # Files

    def content(self, size):
        if self.chance.random() < 0.5:
            return self.chance.randbytes(size)
        words = ("minh chứng", "học tập", "Đồng Tháp", "xã", "công dân", "2025", "giấy chứng nhận\n")
        text = " ".join(self.chance.choice(words) for _ in range(min(size, 4000) // 4 + 1)).encode()
        return (text * (size // len(text) + 1))[:size].decode(errors="ignore").encode() or b"a"

    def make_files(self, extracts):
        """A folder of files; some twice, some as in earlier rounds. Their digests by path."""
        folder = self.folder / f"files-{self.number}"
        folder.mkdir()
        chance = self.chance
        if chance.random() < 0.3:
            sizes = [chance.randint(1, 300) for _ in range(chance.randint(BATCH[extracts] + 1, 3 * BATCH[extracts] // 2))]
        elif extracts:
            sizes = [chance.randint(1, 4000) for _ in range(chance.randint(2, 20))]
        else:
            sizes = [chance.randint(1, 20_000) for _ in range(chance.randint(1, 150))]
        sizes += chance.sample([MIB - 1, MIB, MIB + 1, 2 * MIB, 300_000], k=chance.randint(0, 2))
        if chance.random() < 0.5:
            sizes.append(chance.randint(MIB, 6 * MIB))
        contents = [self.content(size) for size in sizes]
        if extracts and SAMPLE.is_dir():
            samples = sorted(SAMPLE.iterdir())
            contents += [path.read_bytes() for path in chance.sample(samples, k=min(6, len(samples)))]
        contents += chance.sample(contents, k=min(4, len(contents)))
        contents += chance.sample(self.earlier, k=min(4, len(self.earlier)))
        chance.shuffle(contents)
        self.earlier = [content for content in contents if len(content) < 100_000][:50]
        digests = {}
        for index, content in enumerate(contents):
            path = folder / f"{chance.choice(('tệp', 'scan', 'a b'))} {index}.{chance.choice(('txt', 'pdf', 'bin'))}"
            path.write_bytes(content)
            digests[str(path)] = hashlib.sha256(content).hexdigest()
        return folder, digests

    # A round

    def begin_archive(self):
        if self.archive:
            self.run("verify", "--archive", str(self.archive))
            shutil.rmtree(self.archive)
        self.archive = self.folder / f"archive-{self.number}"
        self.earlier = []
        self.run("init", "--archive", str(self.archive))
        (status,) = self.run("status", "--json", "--archive", str(self.archive))
        self.can_extract = json.loads(status)["extractor"]["available"]
        self.acknowledgements = self.folder / "acknowledged"
        self.acknowledgements.write_text("")

    def acknowledge(self, lines, digests):
        """Keeps the lines that confirm a deposit; each must be about a file of ours, with its digest."""
        confirmed = [line for line in lines if line.startswith(ACKNOWLEDGEMENTS)]
        for line in confirmed:
            digest, path = line.split(maxsplit=3)[-2:] if line.startswith("deposited") else line.split(maxsplit=4)[-2:]
            if digests.get(path.removesuffix(" (object known)")) != digest:
                raise Violation(f"it acknowledged what it was not given: {line}")
        with self.acknowledgements.open("a") as file:
            file.writelines(line + "\n" for line in confirmed)
        self.acknowledged += len(confirmed)
        return len(confirmed)

    def look(self):
        oracle = subprocess.run(
            [sys.executable, self.oracle, self.archive, "--acknowledged", self.acknowledgements],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if oracle.returncode != 0:
            raise Violation(f"the oracle ended with {oracle.returncode}:\n{oracle.stdout}")

    def round(self):
        if self.number % ROUNDS_OF_AN_ARCHIVE == 0:
            self.begin_archive()
        extracts = self.chance.random() < 0.5 and self.can_extract
        folder, digests = self.make_files(extracts)
        deposit = ["deposit", "--archive", str(self.archive), str(folder)] + ([] if extracts else ["--no-extract"])
        kind = (extracts, len(digests) > BATCH[extracts])
        if self.chance.random() < 0.5:
            moment, after = self.chance.random() * 1.1 * self.duration.get(kind, 0.5), None
        else:
            # Around an acknowledgement: at once, or a little later.
            moment, after = self.chance.choice((0, 0.02, 0.2)) * self.chance.random(), self.chance.randint(1, len(digests))
        started = time.monotonic()
        process = self.start(*deposit)
        lines, error, was_killed = self.read(process, moment, after)
        if was_killed:
            self.killed += 1
        elif process.returncode != 0:
            raise Violation(f"the deposit ended with {process.returncode}: {error.strip()}")
        else:
            self.duration[kind] = time.monotonic() - started
        confirmed = self.acknowledge(lines, digests)
        self.cut += 0 < confirmed < len(digests)
        if self.chance.random() < 0.5:
            self.run("status", "--archive", str(self.archive))
        else:
            started = time.monotonic()
            lines = self.run(*deposit)
            self.duration[kind] = time.monotonic() - started
            if self.acknowledge(lines, digests) != len(digests):
                raise Violation(f"depositing all files again did not acknowledge all {len(digests)}:\n" + "\n".join(lines))
        self.look()
        shutil.rmtree(folder)
        self.number += 1


def children():
    """Our children and what they are, now."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                found.append((int(entry.name), (entry / "comm").read_text().strip()))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
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
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kill-storm-"))
    storm = Storm(os.path.abspath(options.program), options.oracle, folder, options.seed)
    violation = None
    try:
        for _ in range(options.rounds):
            storm.round()
        if storm.archive:
            storm.run("verify", "--archive", str(storm.archive))
        if not storm.can_extract:
            print("without extraction: this machine cannot confine the reader")
    except Violation as found:
        violation = found
        for process, _ in children():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    lost = str(violation).count("LOST") if violation else 0
    print(
        f"{storm.number} rounds, {storm.acknowledged} acknowledged deposits, {lost} lost "
        f"({storm.killed} killed, {storm.cut} of them in the middle of the acknowledgements)")
    if violation:
        print(f"round {storm.number}: {violation}\nkept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
