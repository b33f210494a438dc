"""An archive with accounts and tokens, and `minhchung serve` on it: what the experiments beside this file share.

Everything is on this machine; each process is ended by its own id.
"""

import argparse
import collections
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ORACLE = HERE.parent / "Oracle" / "archive_oracle.py"
# Seconds after which something that ought to end is taken to hang.
PATIENCE = 90
PR_SET_PDEATHSIG = 1

Answer = collections.namedtuple("Answer", "status headers body")
NO_ANSWER = (http.client.HTTPException, OSError)


class Violation(Exception):
    """The service is not as it should be."""


def expect(holds, what):
    if not holds:
        raise Violation(what)


def json_of(answer):
    return json.loads(answer.body)


class Service:
    """One archive, and the process that serves it while there is one."""

    def __init__(self, program, folder, settings=()):
        self.program = os.path.abspath(program)
        self.folder = pathlib.Path(folder)
        self.archive = self.folder / "archive"
        self.settings = settings
        self.process = None
        self.server = None  # the id of the server's process
        self.port = None
        self.starts = 0
        self.logs = []
        self.tokens = {}

    # The command line, while nothing serves

    def run(self, *arguments, statuses=(0,)):
        """Runs a command on the archive; its JSON objects, one a line."""
        done = subprocess.run(
            [self.program, *arguments, "--json", "--archive", self.archive], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=PATIENCE * 4, check=False)
        if done.returncode not in statuses:
            raise Violation(f"{' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def make(self, *accounts, administrator="admin-1"):
        """An archive with these accounts, each with a token of every scope."""
        subprocess.run([self.program, "init", "--archive", self.archive], check=True, stdout=subprocess.DEVNULL)
        for account in (administrator, *accounts):
            self.run("account", "add", account)
        self.run("account", "grant", administrator, "--role", "administrator")
        for account in (administrator, *accounts):
            self.tokens[account] = self.token(account)

    def token(self, account, scope="administer", days=2):
        (made,) = self.run("account", "token", "create", "experiment", "--scope", scope, "--days", str(days), "--as", account)
        return made["secret"]

    # The process

    def start(self, under=()):
        """Serves, on a port of the system's choice; returns when it listens.

        `under` is a program, with its options, that starts the server as its only child and ends with its status.
        """
        expect(self.process is None, "it is started twice")
        self.starts += 1
        log = self.folder / f"log-{self.starts}"
        self.logs.append(log)
        # Whatever ends us ends the server too.
        libc = ctypes.CDLL(None)
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [*under, *(("setpriv", "--pdeathsig", "KILL") if under else ()), self.program, "serve", "--archive", self.archive, "--port", "0",
                 *(word for setting in self.settings for word in ("--set", setting))],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            status = self.process.wait()
            self.process = None
            raise Violation(f"it does not serve; it ended with {status}: {line}{log.read_text()[-2000:]}")
        self.port = int(found[1])
        pid = self.process.pid
        self.server = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()) if under else pid

    def kill(self):
        """kill -9."""
        os.kill(self.server, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def restart(self):
        self.kill()
        self.start()

    def stop(self):
        """Asks it to stop, and waits; its exit status."""
        os.kill(self.server, signal.SIGTERM)
        return self.wait()

    def wait(self, patience=PATIENCE):
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Violation(f"it does not stop in {patience} s") from None
        self.process.stdout.close()
        self.process = None
        return status

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self):
        return f"127.0.0.1:{self.port}"

    # Requests

    def ask(self, method, path, body=None, account=None, headers=(), patience=PATIENCE):
        """One request on a connection of its own. `body` is bytes, or what becomes JSON."""
        fields = {name.lower(): value for name, value in dict(headers).items()}
        if account is not None:
            fields["authorization"] = f"Bearer {self.tokens[account]}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            fields.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path, account=None):
        answer = self.ask("GET", path, account=account)
        expect(answer.status == 200, f"GET {path} as {account}: {answer.status} {answer.body[:300]}")
        return answer

    def items(self, account):
        """Every item that the account sees, by its id."""
        found, cursor = {}, ""
        while True:
            page = json_of(self.get(f"/api/v1/evidence?limit=100{cursor}", account))
            for item in page["items"]:
                expect(item["item"] not in found, f"{item['item']} is listed twice")
                found[item["item"]] = item
            if "next" not in page:
                return found
            cursor = "&cursor=" + urllib.parse.quote(page["next"])

    def content(self, item, account):
        return self.get(f"/api/v1/evidence/{item}/content", account).body

    def records(self):
        return json_of(self.get("/api/v1/status", "admin-1"))["records"]

    # Afterwards

    def look(self):
        """The archive at rest is sound, by its own word and by the oracle's."""
        expect(self.process is None, "it is looked at while it is served")
        self.run("verify")
        done = subprocess.run(
            [sys.executable, ORACLE, self.archive], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        expect(done.returncode == 0, f"the oracle ended with {done.returncode}:\n{done.stdout[-3000:]}")

    def failures(self):
        """What the server logged as an error, that a request may not cause."""
        found = []
        for log in self.logs:
            for line in log.read_text(errors="replace").splitlines():
                if '"level":"error"' in line or '"level":"critical"' in line or "Fatal error" in line:
                    found.append(line)
        return found


@contextlib.contextmanager
def raw_connection(service, patience=PATIENCE):
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=patience)
    try:
        yield connection
    finally:
        connection.close()


def main(description, experiment, add_options=lambda parser: None):
    """Runs `experiment(options, chance, folder)`, which returns what it counted, in a folder that is kept when something was wrong.

    Exit status: 0 all was as it should be; 1 otherwise; 2 it could not be tried.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--program", default=str(HERE.parent.parent / ".build" / "debug" / "minhchung"))
    add_options(parser)
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        print(f"there is no program {options.program}", file=sys.stderr)
        sys.exit(2)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="minhchung-service-"))
    started = time.monotonic()
    try:
        summary = experiment(options, random.Random(options.seed), folder)
    except Violation as violation:
        print(f"seed {options.seed}: VIOLATION: {violation}\nkept: {folder}")
        sys.exit(1)
    shutil.rmtree(folder)
    print(f"seed {options.seed}: {summary} ({time.monotonic() - started:.0f} s)")
