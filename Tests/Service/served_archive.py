"""An archive that is served for a test: made by the command line, reached over loopback, ended by its process id."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = ["assistant", "reviewer", "appraiser", "confirmer", "authority", "inspector", "administrator"]


class ServedArchive:
    """The programs of a build, a folder for the archive, and a server once it was started."""

    def __init__(self, programs, folder):
        self.program = str(pathlib.Path(programs).resolve() / "minhchung")
        self.folder = pathlib.Path(folder)
        self.archive = self.folder / "archive"
        self.process = None
        self.host, self.port = "127.0.0.1", 0

    # The command line, while nobody serves ------------------------------------------------------------------------------
    def run(self, *arguments):
        result = subprocess.run([self.program, *map(str, arguments), "--archive", str(self.archive)], capture_output=True, text=True)
        assert result.returncode == 0, f"minhchung {' '.join(map(str, arguments))}: {result.stderr.strip()}"
        return result.stdout

    def make(self, sample=False):
        """An empty archive, or the sample's: three dossiers from deposit to decision. A sample that is there already is copied."""
        if isinstance(sample, (str, pathlib.Path)):
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copytree(pathlib.Path(sample) / "archive", self.archive)
        elif sample:
            programs = str(pathlib.Path(self.program).parent)
            result = subprocess.run(["bash", ".ci/sample", programs, str(self.folder)], cwd=ROOT, capture_output=True, text=True)
            assert result.returncode == 0, f"the sample was not made: {result.stderr.strip()}"
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.run("init", "--quiet")

    def account(self, name, roles=(), scope="administer"):
        """An account with roles everywhere, and a token of it."""
        self.run("account", "add", name, "--quiet")
        for role in roles:
            self.run("account", "grant", name, "--role", role, "--quiet")
        return self.token(name, scope)

    def token(self, account, scope="administer"):
        return json.loads(self.run("account", "token", "create", "test", "--scope", scope, "--days", "3", "--as", account, "--json"))["secret"]

    # The server -----------------------------------------------------------------------------------------------------------
    def start(self, descriptors=None, **settings):
        """Serves until `stop`. Settings go by the environment; `descriptors` limits how many files the server may open."""
        out, self.log = self.folder / "serve.out", self.folder / "serve.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MINHCHUNG_")}
        environment.update({f"MINHCHUNG_{name.upper()}": str(value) for name, value in settings.items()})
        command = [self.program, "serve", "--archive", str(self.archive), "--port", "0"]
        if descriptors:
            command = ["bash", "-c", f'ulimit -n {descriptors} && exec "$0" "$@"', *command]
        with open(out, "wb") as stdout, open(self.log, "ab") as stderr:
            self.process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment)
        deadline = time.monotonic() + 120
        while True:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", out.read_text())
            if found:
                self.port = int(found[1])
                return self
            assert self.process.poll() is None, f"the server ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.05)

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process = None
        return status

    def lives(self):
        return self.process is not None and self.process.poll() is None

    def memory(self):
        """What was resident at most, in MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def ask(self, method, path, token=None, body=None, fields=None, timeout=60):
        """One request on a connection of its own: status, fields, bytes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            fields = dict(fields or {})
            if token:
                fields["Authorization"] = f"Bearer {token}"
            if isinstance(body, (dict, list)):
                body = json.dumps(body).encode()
                fields["Content-Type"] = "application/json"
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, path, token):
        status, _, body = self.ask("GET", path, token)
        assert status == 200, f"GET {path}: {status} {body[:300]!r}"
        return json.loads(body)
