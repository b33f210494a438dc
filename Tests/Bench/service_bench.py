"""The part `service` of bench.py: a server over loopback, against nginx and against itself without load.

Whoever asks runs on the same two cores as the server, for nginx as for us, so the ratios are of the whole.
"""

import base64
import concurrent.futures
import csv
import hashlib
import http.client
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Service"))
from served_archive import ROLES, ServedArchive

MIB = 1 << 20


class ServiceBench:
    """Uses the folder, the archives and the ways of printing of `bench`."""

    def __init__(self, bench, ratio, holds, absent):
        self.bench, self.ratio, self.holds, self.absent = bench, ratio, holds, absent

    def run(self):
        self.download()
        self.uploads()
        self.search()

    def serving(self, folder):
        served = ServedArchive(pathlib.Path(self.bench.program).parent, folder)
        return served

    # A download -----------------------------------------------------------------------------------------------------------
    def download(self):
        name = "download of 1 MiB, pieces verified and access logged: requests / nginx"
        for peer, program in [("nginx", nginx()), ("wrk", shutil.which("wrk"))]:
            if not program:
                return self.absent(name, peer)
        folder = self.bench.new("download")
        served = self.serving(folder)
        served.make()
        file = folder / "one.bin"
        file.write_bytes(os.urandom(MIB))
        served.run("deposit", "--no-extract", "--quiet", file)
        token = served.account("inspector-1", ["inspector"], "read")
        peer = Nginx(folder)
        served.start()
        try:
            item = served.json("/api/v1/evidence", token)["items"][0]["item"]
            url = f"{served.url}/api/v1/evidence/{item}/content"
            assert served.ask("GET", url[len(served.url):], token)[2] == file.read_bytes(), "the download is not the file"
            asked, ours, theirs = 1, [], []
            wrk(peer.url + "/one.bin", None, 1)
            asked += wrk(url, token, 1)[1]
            for turn in range(5):
                theirs.append(wrk(peer.url + "/one.bin", None, 4)[0])
                rate, count = wrk(url, token, 4)
                ours.append(rate)
                asked += count
            self.ratio(name, ours, theirs, 0.3, at_least=True, unit="/s")
        finally:
            peer.stop()
            status = served.stop()
        assert status == 0, f"the server ended with {status}"
        logged = self.bench.ask(served.archive, "SELECT count(*) FROM access")[0]
        self.holds("every download is in the access log", logged >= asked, f"{logged} entries, {asked} downloads that were answered")

    # Uploads --------------------------------------------------------------------------------------------------------------
    def uploads(self):
        folder = self.bench.new("uploads")
        served = self.serving(folder)
        served.make()
        tokens = [served.account(f"officer-{number}", ["assistant"], "write") for number in range(10)]
        reader = served.account("inspector-1", ["inspector"], "read")
        served.start()
        generator = random.Random(2026)
        files = {way: [generator.randbytes(MIB) for _ in range(100)] for way in ["PUT with a digest", "tus in four parts"]}
        kept = {}
        try:
            for way, upload in [("PUT with a digest", put), ("tus in four parts", tus)]:
                os.sync()
                started = time.monotonic()
                with concurrent.futures.ThreadPoolExecutor(100) as pool:
                    futures = [pool.submit(upload, served, tokens[number % len(tokens)], file) for number, file in enumerate(files[way])]
                    results = [outcome(future) for future in futures]
                seconds = time.monotonic() - started
                failed = [result for result in results if isinstance(result, str)]
                for result, file in zip(results, files[way]):
                    if not isinstance(result, str):
                        kept[result[0]] = hashlib.sha256(file).digest()
                self.holds(f"100 uploads of 1 MiB at once, {way}: no error", not failed, f"{len(failed)} failed {failed[:2]}, all in {seconds:.1f} s")
            peak = served.memory()
            self.holds("200 uploads: resident memory of the server", peak <= 300, f"{peak:.0f} MiB at most, bar ≤ 300")
        finally:
            # What was acknowledged is on disk, whatever happens to the process.
            served.process.send_signal(signal.SIGKILL)
            served.stop()
        served.start()
        try:
            sound = sum(1 for item, digest in kept.items()
                        if hashlib.sha256(served.ask("GET", f"/api/v1/evidence/{item}/content", reader)[2]).digest() == digest)
        finally:
            status = served.stop()
        assert status == 0, f"the server ended with {status}"
        self.holds("200 uploads: all there after kill -9, byte for byte", sound == 200, f"{sound} of {len(kept)} that were acknowledged")
        served.run("verify")

    # Search -----------------------------------------------------------------------------------------------------------------
    def search(self):
        if not shutil.which("hey"):
            return self.absent("search under 50 clients", "hey")
        archive = self.bench.grown("searched", 10_000, random.Random(2026))
        served = self.serving(self.bench.new("searching"))
        served.folder.mkdir()
        served.archive = archive
        token = served.account("inspector-1", ["inspector"], "read")
        served.start()
        try:
            for name, query in [("a rare word", "hiemthay7"), ("two common words", "hoc+tap"), ("an exact phrase", "%22hoc+tap%22&exact=true")]:
                url = f"{served.url}/api/v1/evidence/search?q={query}"
                hey(url, token, 1, 100)
                alone, tail, rate = [], [], []
                for turn in range(3):
                    alone.append(statistics.median(hey(url, token, 1, 200)))
                    started = time.monotonic()
                    many = sorted(hey(url, token, 50, 3000))
                    rate.append(3000 / (time.monotonic() - started))
                    tail.append(many[int(len(many) * 0.99)])
                self.ratio(f"search for {name}: 99 of 100 under 50 clients / median of one client", tail, alone, 10)
                print(f"        {statistics.median(rate):.0f} searches a second", flush=True)
            self.different(served, token)
        finally:
            status = served.stop()
        assert status == 0, f"the server ended with {status}"


    def different(self, served, token):
        """Fifty clients that all ask something else: nothing is shared, and two processors have fifty times the work of one client."""
        if not shutil.which("wrk"):
            return self.absent("searches that all differ", "wrk")
        script = served.folder / "different.lua"
        script.write_text("""
            local number = 0
            function request()
                number = number + 1
                return wrk.format("GET", "/api/v1/evidence/search?q=ma" .. (number * 7919 % 10000), {["Authorization"] = "Bearer " .. os.getenv("TOKEN")})
            end
            function done(summary, latency, requests)
                print(string.format("RESULT %f %f %f", latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, summary.requests / summary.duration * 1e6))
            end
        """)

        def ask(clients):
            command = ["wrk", "-t", "1", "-c", str(clients), "-d", "4s", "--timeout", "30s", "-s", str(script), served.url]
            text = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "TOKEN": token}).stdout
            assert "Non-2xx" not in text, text
            return [float(word) for word in re.search(r"RESULT (.*)", text)[1].split()]

        ask(1)
        alone, many = ask(1), ask(50)
        print(f"        all different: 99 of 100 under 50 clients / median of one client {many[1] / alone[0]:.1f}, "
              f"{many[2]:.0f} searches a second where one client has {alone[2]:.0f}", flush=True)


def nginx():
    return shutil.which("nginx") or (shutil.which("nginx", path="/usr/sbin"))


class Nginx:
    """nginx as it comes, with a folder to serve, on a free port."""

    def __init__(self, folder):
        port = free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(f"""
            user root; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx.error;
            events {{ worker_connections 1024; }}
            http {{
                access_log {folder}/nginx.access; sendfile on; tcp_nopush on; default_type application/octet-stream;
                client_body_temp_path {folder}/nginx.body; proxy_temp_path {folder}/nginx.proxy; fastcgi_temp_path {folder}/nginx.fastcgi;
                uwsgi_temp_path {folder}/nginx.uwsgi; scgi_temp_path {folder}/nginx.scgi;
                server {{ listen 127.0.0.1:{port}; root {folder}; }}
            }}""")
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([nginx(), "-c", str(configuration), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("HEAD", "/one.bin")
                status = connection.getresponse().status
                assert status == 200, f"nginx answers {status}"
                return
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, "nginx does not serve"
                time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)


def free_port():
    import socket
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wrk(url, token, seconds):
    """Requests a second over eight connections, and how many were answered."""
    command = ["wrk", "-t", "1", "-c", "8", "-d", f"{seconds}s", "--timeout", "30s", url]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), int(re.search(r"(\d+) requests in", text)[1])


def hey(url, token, clients, count):
    """Seconds of each request."""
    command = ["hey", "-n", str(count), "-c", str(clients), "-t", "60", "-o", "csv", "-H", f"Authorization: Bearer {token}", url]
    rows = list(csv.DictReader(io.StringIO(subprocess.run(command, check=True, capture_output=True, text=True).stdout)))
    wrong = [row for row in rows if row["status-code"] != "200"]
    assert len(rows) == count and not wrong, f"{len(rows)} of {count} searches answered; {wrong[:2]}"
    return [float(row["response-time"]) for row in rows]


def outcome(future):
    try:
        return future.result()
    except Exception as error:  # Whatever it is, it is an upload that failed.
        return f"{error!r}"


def request(served, method, path, token, body, fields, expected):
    status, answered, answer = served.ask(method, path, token, body, fields, timeout=300)
    if status != expected:
        raise RuntimeError(f"{method} {path}: {status} {answer[:200]!r}")
    return answered, answer


def put(served, token, file):
    digest = hashlib.sha256(file).hexdigest()
    _, answer = request(served, "PUT", f"/api/v1/objects/{digest}", token, file, {"Content-Type": "application/octet-stream"}, 201)
    return json.loads(answer)["item"], digest


def tus(served, token, file):
    version = {"Tus-Resumable": "1.0.0"}
    fields, _ = request(served, "POST", "/api/v1/uploads", token, None, {**version, "Upload-Length": str(len(file))}, 201)
    path = re.sub(r"^https?://[^/]+", "", fields["location"])
    quarter = len(file) // 4
    for offset in range(0, len(file), quarter):
        part = file[offset:offset + quarter]
        checksum = "sha256 " + base64.b64encode(hashlib.sha256(part).digest()).decode()
        fields, _ = request(served, "PATCH", path, token, part, {**version, "Upload-Offset": str(offset), "Upload-Checksum": checksum,
                                                                 "Content-Type": "application/offset+octet-stream"}, 204)
    return fields["content-location"].rsplit("/", 1)[1], hashlib.sha256(file).hexdigest()
