#!/usr/bin/env python3
"""Clients that are slow, many, or write HTTP that two readers could read in two ways; and, beside them, clients that are none of it.

Every attack has to be refused as the limits say, and the ordinary clients, which come from another address meanwhile, have to be served:
every answer of theirs is the right one, and the time it takes stays within a ratio of the time without the attack, measured just before.
The limits are set low so that a run takes two minutes; what they do is the same. Everything stays on 127.0.0.0/8.

    python3 Tests/Service/slow_clients.py --programs .build/debug [--only slow,idle,floods,framing] [--idle 10000]
"""

import argparse
import asyncio
import http.client
import multiprocessing
import os
import pathlib
import random
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from served_archive import ROLES, ServedArchive

SLOW, IDLE, BODY = 3, 12, 4
# Files that go to one account at a time, where nothing else is configured.
PLACES = 32
MEDIAN_BAR, TAIL_BAR = 5, 25
ORDINARY, ATTACKER = "127.0.0.3", "127.0.0.2"
SLOW_READ = ["-X", "-w", "1", "-y", "64", "-n", "1", "-z", "5", "-k", "3"]

violations = []


def check(name, holds, says):
    if not holds:
        violations.append(name)
    print(f"{'ok      ' if holds else 'VIOLATED'}  {name}: {says}", flush=True)


# Ordinary clients -----------------------------------------------------------------------------------------------------------
def ordinary(port, token, item, size, address, stop, queue):
    """Asks one thing after the other, on a connection that is kept and on new ones; seconds of each, and what went wrong."""
    seconds, wrong = [], []
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(address, 0))
    kept.connect()
    paths = [("/api/v1/evidence/search?q=minh", None), (f"/api/v1/evidence/{item}", None), (f"/api/v1/evidence/{item}/content", size)]
    turn = 0
    while not stop.is_set():
        path, expected = paths[turn % len(paths)]
        isNew = turn // len(paths) % 2 == 1
        turn += 1
        started = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(address, 0)) if isNew else kept
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or expected not in (None, len(body)):
                wrong.append(f"{path}{' on a new connection' if isNew else ''}: {answer.status}, {len(body)} bytes")
            if isNew:
                connection.close()
        except OSError as error:
            wrong.append(f"{path}{' on a new connection' if isNew else ''}: {error!r}")
            if not isNew:
                kept.close()
        seconds.append(time.monotonic() - started)
        time.sleep(0.02)
    queue.put((seconds, wrong))


class Ordinary:
    """Two ordinary clients in processes of their own, for as long as the block lasts."""

    def __init__(self, bench, address=ORDINARY):
        self.bench, self.address = bench, address

    def __enter__(self):
        self.stop, self.queue = multiprocessing.Event(), multiprocessing.Queue()
        arguments = (self.bench.served.port, self.bench.token, self.bench.small, self.bench.small_size, self.address, self.stop, self.queue)
        self.processes = [multiprocessing.Process(target=ordinary, args=arguments) for _ in range(2)]
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        answers = [self.queue.get(timeout=120) for _ in self.processes]
        for process in self.processes:
            process.join(60)
        self.seconds = sorted(second for seconds, _ in answers for second in seconds)
        self.wrong = [text for _, wrong in answers for text in wrong]
        self.median = statistics.median(self.seconds)
        self.tail = self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * 0.95))]


# The attacks ------------------------------------------------------------------------------------------------------------------
async def connect(port, address, receive_buffer=None, limit=1 << 16):
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.bind((address, 0))
    await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port)), 30)
    return await asyncio.open_connection(sock=sock, limit=limit)


async def drip(port, start, piece, interval, patience, address=ATTACKER):
    """Sends a beginning and then a piece at each interval: seconds until the server ended it, and what it answered; `None` if it did not."""
    reader, writer = await connect(port, address)
    writer.write(start)
    began = time.monotonic()

    async def goes_on():
        while True:
            await asyncio.sleep(interval)
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(goes_on())
    answer = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), patience - (time.monotonic() - began)):
            answer += chunk
        return time.monotonic() - began, answer
    except (ConnectionError, BrokenPipeError):
        return time.monotonic() - began, answer
    except asyncio.TimeoutError:
        return None, answer
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


async def slow_reader(port, request, rate, patience, address=ATTACKER):
    """Asks for much and takes `rate` bytes a second for a while, then all: how many bytes came, `None` where the connection went on."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.bind((address, 0))
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", port))
    await loop.sock_sendall(sock, request)
    began, taken = time.monotonic(), 0
    try:
        while time.monotonic() - began < patience:
            await asyncio.sleep(0.5)
            if rate:
                taken += len(await asyncio.wait_for(loop.sock_recv(sock, max(1, rate // 2)), 5))
        # What the server sent before it ended the connection can still be read; the rest of the answer cannot.
        while chunk := await asyncio.wait_for(loop.sock_recv(sock, 1 << 20), 5):
            taken += len(chunk)
        return taken
    except ConnectionError:
        return taken
    except asyncio.TimeoutError:
        return None
    finally:
        sock.close()


async def together(makes):
    return await asyncio.gather(*[make() for make in makes], return_exceptions=True)


class Attacks:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.served = ServedArchive(arguments.programs, folder)
        self.served.make()
        self.token = self.served.account("admin-1", ROLES)
        self.readers = [self.served.account(f"reader-{number}", ["inspector"], "read") for number in (1, 2)]
        self.small_size, sizes = 100_000, {"nhỏ": 100_000, "lớn": 16 << 20}
        for name, size in sizes.items():
            file = folder / f"minh-chung-{name}.bin"
            file.write_bytes(os.urandom(size))
            self.served.run("deposit", "--no-extract", "--quiet", "--holder", "Nguyễn Văn Minh", file)

    def serve(self, **settings):
        limits = {"limit_slow_seconds": SLOW, "limit_idle_seconds": IDLE, "limit_body_seconds": BODY, **settings}
        self.served.start(descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[1], **limits)
        items = self.served.json("/api/v1/evidence", self.token)["items"]
        by_size = {self.served.json(f"/api/v1/evidence/{item['item']}", self.token)["size"]: item["item"] for item in items}
        self.small, self.large = by_size[self.small_size], by_size[16 << 20]

    def closed(self, limit):
        text = self.served.ask("GET", "/metrics")[2].decode()
        found = re.search(rf'minhchung_connections_closed_total{{limit="{limit}"}} (\d+)', text)
        return int(found[1]) if found else 0

    def beside(self, name, attack):
        """Runs an attack while ordinary clients ask, and holds what they had against what they had just before."""
        with Ordinary(self) as before:
            time.sleep(4)
        with Ordinary(self) as during:
            time.sleep(0.5)
            result = attack()
        check(f"{name}: ordinary clients are answered", not during.wrong and not before.wrong,
              f"{len(during.seconds)} answers" + (f"; {(during.wrong + before.wrong)[:3]}" if during.wrong or before.wrong else ""))
        median, tail = during.median / before.median, during.tail / before.median
        check(f"{name}: ordinary clients are served in time", median <= MEDIAN_BAR and tail <= TAIL_BAR,
              f"median {median:.1f} (bar ≤ {MEDIAN_BAR}), 95 of 100 within {tail:.1f} (bar ≤ {TAIL_BAR}) of the unloaded median, "
              f"{before.median * 1000:.1f} ms")
        assert self.served.lives(), f"the server ended: {self.served.log.read_text()[-2000:]}"
        return result

    def head(self, method="GET", path="/api/v1/account", fields=""):
        return f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\n{fields}".encode()

    # Slow ---------------------------------------------------------------------------------------------------------------------
    def slow(self):
        self.serve()
        port, count, patience = self.served.port, 100, 6 * SLOW + 10
        put = self.head("PUT", "/api/v1/objects/" + "0" * 64, "Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n")
        post = self.head("POST", "/api/v1/holds", "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{")
        chunked = self.head("PUT", "/api/v1/objects/" + "0" * 64, "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for name, start, piece in [
            ("slow headers", self.head(fields="X-A: "), b"a"),
            ("slow header fields", self.head(), b"X-A: b\r\n"),
            ("a slow first line", b"GET /", b"a"),
            ("slow body of JSON", post, b" "),
            ("slow body of bytes", put, b"a"),
            ("slow chunks", chunked, b"1\r\na\r\n"),
        ]:
            before = self.closed("slow_request")
            results = self.beside(name, lambda: asyncio.run(together([lambda: drip(port, start, piece, 0.5, patience)] * count)))
            self.ended(name, results, 2 * SLOW + 4, self.closed("slow_request") - before)
        large = self.head(path=f"/api/v1/evidence/{self.large}/content", fields="\r\n")
        # Of two accounts, and more of one than it has places: those are told to come later, and all others are served.
        readers = [large.replace(self.token.encode(), token.encode()) for token in self.readers for _ in range(40 if token == self.readers[0] else 18)]
        for name, rate in [("no reading", 0), ("slow reading, 20 bytes a second", 20)]:
            before = self.closed("stalled_answer")
            held = []
            results = self.beside(name, lambda: self.read_slowly(readers, rate, 2 * SLOW + 4, held))
            failed = [result for result in results if isinstance(result, BaseException)]
            taken = [result for result in results if isinstance(result, int)]
            counted = self.closed("stalled_answer") - before
            check(f"{name}: refused", counted == PLACES + 18 and len(taken) == len(readers) and max(taken) < 16 << 20,
                  f"{len(readers)} connections, {counted} ended by the server (of one account {PLACES} at most), {len(taken)} seen to end, "
                  f"with {max(taken, default=0)} of 16777216 bytes at most, {failed[:1]}")
            check(f"{name}: the system keeps nothing of them", held == [0],
                  f"{held[0]} connections that the server ended still wait in the system for their reader (FIN-WAIT-1)")
        if shutil.which("slowhttptest"):
            for name, options in [("slowhttptest -H", ["-H"]), ("slowhttptest -B", ["-B", "-s", "100000"]),
                                  ("slowhttptest -X", SLOW_READ)]:
                self.slowhttptest(name, options)
        else:
            print("absent    slowhttptest is not installed", flush=True)
        self.stopped()

    def read_slowly(self, requests, rate, patience, held):
        """Slow readers; when the server should have ended all, how many of its ends the system still keeps."""
        async def look():
            await asyncio.sleep(patience - 0.5)
            port = f":{self.served.port:04X}"
            rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            held.append(sum(1 for row in rows if row[1].endswith(port) and row[3] == "04"))

        async def all_of_them():
            watching = asyncio.create_task(look())
            results = await together([lambda request=request: slow_reader(self.served.port, request, rate, patience) for request in requests])
            await watching
            return results

        return asyncio.run(all_of_them())

    def ended(self, name, results, within, counted):
        failed = [result for result in results if isinstance(result, BaseException)]
        times = [result[0] if isinstance(result, tuple) else result for result in results if not isinstance(result, BaseException)]
        answers = {result[1][:12] for result in results if isinstance(result, tuple)}
        # Cut off, told that they are wrong, or that there are no more places for one account or address.
        refused = all(answer[9:10] in (b"", b"4") or answer[9:12] == b"503" for answer in answers)
        open_ = sum(1 for seconds in times if seconds is None)
        last = max((seconds for seconds in times if seconds is not None), default=0)
        check(f"{name}: refused", not failed and not open_ and last <= within and refused,
              f"{len(results)} connections, the last ended after {last:.1f} s (bar ≤ {within} s), {open_} left open, {len(failed)} failed, "
              f"answers {sorted(answers)}, {counted} counted by the server")

    def slowhttptest(self, name, options):
        url = f"http://127.0.0.1:{self.served.port}/api/v1/keys"
        command = ["slowhttptest", "-c", "100", "-r", "100", "-i", "1", "-l", "25", "-p", "5", "-u", url, *options]
        held = []

        def attack():
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            # Looked at while it still goes on.
            while options == SLOW_READ and child.poll() is None and len(held) < 10:
                time.sleep(2)
                held.append(self.connections())
            return child.communicate(timeout=120)[0]

        text = re.sub(r"\x1b\[[0-9;]*m", "", self.beside(name, attack))
        available = re.findall(r"service available:\s+(\w+)", text)
        left = re.findall(r"connected:\s+(\d+)", text)
        status = re.findall(r"Exit status:\s+(.*)", text)
        # A reader of a few bytes a second has not yet read what came before the server's end: there the server is asked how many are open.
        ended = held[-1] < 20 if options == SLOW_READ else left and left[-1] == "0"
        check(f"{name}: refused", "NO" not in available and ended,
              f"available {sorted(set(available))}, connected at the end {left[-1:]}, {held[-1:]} held by the server, {status[-1:]}")

    def connections(self):
        return int(re.search(r"minhchung_connections_open (\d+)", self.served.ask("GET", "/metrics")[2].decode())[1])

    # Many ---------------------------------------------------------------------------------------------------------------------
    def idle(self):
        wanted = self.arguments.idle
        addresses = [f"127.0.1.{number}" for number in range(1, 101)]
        # More than there are, so that nobody is refused: what they cost.
        self.serve(limit_connections=wanted + 1000, limit_idle_seconds=120)
        before = self.served.memory()
        sockets = []
        results = self.beside(f"{wanted} idle connections", lambda: self.open(sockets, addresses, wanted))
        time.sleep(1)
        still = sum(1 for sock in sockets if self.is_open(sock))
        check(f"{wanted} idle connections: held", still == wanted, f"{still} are open; {(self.served.memory() - before) * 1024 / wanted:.1f} KiB each")
        with Ordinary(self) as held:
            time.sleep(4)
        check(f"{wanted} idle connections: ordinary clients beside them", not held.wrong,
              f"{len(held.seconds)} answers, median {held.median * 1000:.1f} ms {held.wrong[:2]}")
        self.close(sockets)
        self.stopped()

        # As many as may be, and more: the rest is refused; who is connected is served, and so is everybody when the idle ones were closed.
        patience = 45
        self.serve(limit_idle_seconds=patience)
        sockets, shipped = [], 4096
        kept = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60, source_address=(ORDINARY, 0))
        kept.request("GET", "/health")
        kept.getresponse().read()
        opened = time.monotonic()
        statuses = []
        for _ in range(10):
            self.open(sockets, addresses, 500)
            kept.request("GET", "/api/v1/account", headers={"Authorization": f"Bearer {self.token}"})
            answer = kept.getresponse()
            answer.read()
            statuses.append(answer.status)
        check("more connections than may be: who is connected is served", statuses == [200] * 10, f"{statuses}")
        deadline = time.monotonic() + 20
        while (answers := self.refusals(sockets)).get(b"", 0) > shipped and time.monotonic() < deadline:
            pass
        check("more connections than may be: the rest is told to come later", answers.get(b"HTTP/1.1 503", 0) >= 5000 - shipped,
              f"of 5000: { {key.decode() or 'open': number for key, number in sorted(answers.items())} }, limit {shipped}, "
              f"opened in {time.monotonic() - opened:.1f} s")
        deadline = time.monotonic() + patience + 15
        status = 0
        while time.monotonic() < deadline and status != 200:
            try:
                status = self.served.ask("GET", "/api/v1/account", self.token)[0]
            except OSError:
                status = 0
            time.sleep(0.1)
        left = sum(1 for sock in sockets if self.is_open(sock))
        check("idle connections are closed, and there is room again", status == 200, f"{left} of them still open when somebody new was served")
        self.close(sockets)

        # From one address.
        sockets = []
        counted = self.closed("connections_per_address")
        self.beside("1000 connections from one address", lambda: (self.open(sockets, [ATTACKER], 1000), time.sleep(3)))
        answers = self.refusals(sockets)
        counted = self.closed("connections_per_address") - counted
        check("1000 connections from one address: all but 128 are refused", counted == 1000 - 128,
              f"{counted} counted by the server; { {key.decode() or 'open': number for key, number in sorted(answers.items())} }")
        self.close(sockets)
        self.stopped()

    def open(self, sockets, addresses, count):
        for number in range(count):
            sock = socket.socket()
            sock.bind((addresses[number % len(addresses)], 0))
            sock.settimeout(30)
            sock.connect(("127.0.0.1", self.served.port))
            sockets.append(sock)

    @staticmethod
    def is_open(sock):
        sock.setblocking(False)
        try:
            sock.recv(1, socket.MSG_PEEK)  # either its end or a refusal
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False

    @staticmethod
    def refusals(sockets):
        answers = {}
        time.sleep(0.5)
        for sock in sockets:
            sock.setblocking(False)
            try:
                answer = sock.recv(4096, socket.MSG_PEEK)[:12] or b"closed"
            except BlockingIOError:
                answer = b""
            except OSError:
                answer = b"reset"
            answers[answer] = answers.get(answer, 0) + 1
        return answers

    @staticmethod
    def close(sockets):
        for sock in sockets:
            sock.close()

    # Floods -------------------------------------------------------------------------------------------------------------------
    def floods(self):
        self.serve()
        port = self.served.port
        line = b"GET /health HTTP/1.1\r\nHost: a\r\n"
        before = self.served.memory()
        for name, request, statuses in [
            ("65 header fields", line + b"".join(b"X%d: a\r\n" % number for number in range(65)) + b"\r\n", {b"400", b"431"}),
            ("10,000 header fields", line + b"".join(b"X%d: a\r\n" % number for number in range(10_000)) + b"\r\n", {b"400", b"431"}),
            ("a field of 1 MiB", line + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n", {b"400", b"431"}),
            ("a name of 1 MiB", line + b"X" * (1 << 20) + b": a\r\n\r\n", {b"400", b"431"}),
            ("a target of 1 MiB", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n", {b"400", b"414", b"431"}),
            ("a first line that has no end", b"A" * (1 << 20), {b"400", b"431"}),
            ("30 fields of 1 kB", line + b"".join(b"X%d: %s\r\n" % (number, b"a" * 1000) for number in range(30)) + b"\r\n", {b"400", b"431"}),
            ("trailers of 1 MiB", b"PUT /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
             {b"400", b"405", b"431"}),
            ("a chunk extension of 1 MiB", b"PUT /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * (1 << 20) + b"\r\na\r\n",
             {b"400", b"405", b"431"}),
        ]:
            results = self.beside(name, lambda: asyncio.run(self.flood(port, request, seconds=3, connections=8)))
            answers = {}
            for status in results:
                answers[status] = answers.get(status, 0) + 1
            # A reset before the answer was read is what the system makes of a client that only sends; one answer at least has to be seen.
            check(f"{name}: refused", set(answers) <= statuses | {b"reset"} and set(answers) & statuses,
                  f"{len(results)} requests: { {key.decode(): number for key, number in sorted(answers.items())} }")
        grown = self.served.memory() - before
        check("header floods: memory", grown <= 100, f"grew by {grown:.0f} MiB at most, bar ≤ 100")
        pipelined = line + b"\r\n"
        answered = self.beside("pipelined requests", lambda: asyncio.run(self.bursts(port, pipelined)))
        check("pipelined requests: each is answered", answered == [100] * 40, f"40 connections of 100, four at a time: {sum(answered)} answers")
        self.stopped()

    async def flood(self, port, request, seconds, connections):
        """Each connection sends its request again and again on new connections: statuses."""
        end, statuses = time.monotonic() + seconds, []

        async def one():
            while time.monotonic() < end:
                try:
                    reader, writer = await connect(port, ATTACKER)
                except OSError:
                    statuses.append(b"not connected")
                    continue
                answer = b""
                try:
                    writer.write(request)

                    async def send():
                        try:
                            await writer.drain()
                        except ConnectionError:
                            pass

                    sending = asyncio.create_task(send())
                    while chunk := await asyncio.wait_for(reader.read(65536), 30):
                        answer += chunk
                    statuses.append(answer[9:12] or b"nothing")
                except ConnectionError:
                    statuses.append(answer[9:12] or b"reset")
                except asyncio.TimeoutError:
                    statuses.append(b"left open")
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
                    writer.close()
                await asyncio.sleep(0.1)

        await asyncio.gather(*[one() for _ in range(connections)])
        return statuses

    async def bursts(self, port, request):
        """What is sent at once is much, and yet no load that never ends: that would be served as any other load is."""
        answered = []
        for _ in range(10):
            answered += await self.pipelines(port, request, 100, 4)
            await asyncio.sleep(0.3)
        return answered

    async def pipelines(self, port, request, count, connections):
        async def one():
            reader, writer = await connect(port, ATTACKER)
            writer.write(request * (count - 1) + request[:-2] + b"Connection: close\r\n\r\n")
            answer = b""
            while chunk := await asyncio.wait_for(reader.read(1 << 20), 60):
                answer += chunk
            writer.close()
            return answer.count(b"HTTP/1.1 200 ")

        return await asyncio.gather(*[one() for _ in range(connections)])

    # Framing ------------------------------------------------------------------------------------------------------------------
    def framing(self):
        self.serve()
        rows = list(self.shapes())
        for name, split in [("at once", None), ("byte by byte", 1), ("in random parts", random.Random(5))]:
            wrong = self.beside(f"smuggling shapes, {name}", lambda: [text for row in rows for text in self.try_shape(row, split)])
            check(f"smuggling shapes, {name}: each is refused", not wrong, f"{len(rows)} shapes" + "".join(f"\n            {text}" for text in wrong))
        self.stopped()

    def shapes(self):
        """Name, bytes, and the statuses that may come back. `canary` follows each; where it is answered it was smuggled."""
        canary = b"GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        put = self.head("PUT", "/api/v1/objects/" + "0" * 64, "Content-Type: application/octet-stream\r\n")
        get = b"GET /health HTTP/1.1\r\nHost: a\r\n"
        bad, body = [["400"]], [["400"], ["422"]]
        head = lambda fields: put + fields + b"\r\n"
        zero = b"0\r\n\r\n"
        te = b"Transfer-Encoding: chunked\r\n"
        for name, fields in [
            ("CL+TE", b"Content-Length: 5\r\n" + te), ("TE+CL", te + b"Content-Length: 5\r\n"), ("CL.TE with 0", b"Content-Length: 0\r\n" + te),
            ("CL twice, unlike", b"Content-Length: 5\r\nContent-Length: 0\r\n"), ("CL twice, alike", b"Content-Length: 5\r\nContent-Length: 5\r\n"),
            ("CL as a list", b"Content-Length: 5, 5\r\n"), ("CL with a sign", b"Content-Length: +5\r\n"), ("CL negative", b"Content-Length: -1\r\n"),
            ("CL in hexadecimal", b"Content-Length: 0x5\r\n"), ("CL with a space inside", b"Content-Length: 5 0\r\n"), ("CL empty", b"Content-Length:\r\n"),
            ("CL beyond 64 bits", b"Content-Length: 18446744073709551621\r\n"), ("CL with an underscore", b"Content-Length: 1_0\r\n"),
            ("CL with digits of another script", b"Content-Length: \xd9\xa5\r\n"), ("CL with a point", b"Content-Length: 5.0\r\n"),
            ("space before the colon of CL", b"Content-Length : 5\r\n"), ("space before the colon of TE", b"Transfer-Encoding : chunked\r\n"),
            ("tab before the colon of TE", b"Transfer-Encoding\t: chunked\r\n"), ("TE xchunked", b"Transfer-Encoding: xchunked\r\n"),
            ("TE identity", b"Transfer-Encoding: identity\r\n"), ("TE twice", te + te), ("TE chunked, identity", b"Transfer-Encoding: chunked, identity\r\n"),
            ("TE gzip, chunked", b"Transfer-Encoding: gzip, chunked\r\n"), ("TE in quotes", b'Transfer-Encoding: "chunked"\r\n'),
            ("TE with a vertical tab", b"Transfer-Encoding: \x0bchunked\r\n"), ("TE with NUL", b"Transfer-Encoding: chunked\x00\r\n"),
            ("TE with a parameter", b"Transfer-Encoding: chunked;a=b\r\n"), ("TE with a comma", b"Transfer-Encoding: ,chunked\r\n"),
            ("TE empty", b"Transfer-Encoding:\r\n"), ("TE folded", b"Transfer-Encoding:\r\n chunked\r\n"),
            ("TE after bare LF", b"X: y\nTransfer-Encoding: chunked\r\n"), ("TE after bare CR", b"X: y\rTransfer-Encoding: chunked\r\n"),
            ("a folded line", b"X: a\r\n b\r\n"), ("a line folded by a tab", b"X: a\r\n\tb\r\n"), ("NUL in a value", b"X: a\x00b\r\n"),
            ("NUL in a name", b"X\x00: a\r\n"), ("no name", b": a\r\n"), ("no colon", b"Xa\r\n"), ("a second Host", b"Host: b\r\n"),
            ("a name beyond ASCII", "Chứng: a\r\n".encode()), ("DEL in a value", b"X: a\x7fb\r\n"), ("bare LF at the end of a line", b"X: a\n"),
            ("bare CR at the end of a line", b"X: a\r"), ("CR CR LF", b"X: a\r\r\n"),
        ]:
            yield name, head(fields) + zero + canary, bad
        chunks = put + te + b"\r\n"
        for name, text in [
            ("a chunk without a size", b"\r\nhello\r\n"), ("a chunk of no number", b"zz\r\nhello\r\n"), ("a chunk with 0x", b"0x5\r\nhello\r\n"),
            ("a chunk with a sign", b"+5\r\nhello\r\n"), ("a negative chunk", b"-1\r\nhello\r\n"), ("a chunk with a space before", b" 5\r\nhello\r\n"),
            ("a chunk that goes on", b"3\r\nhello\r\n"), ("a chunk beyond 64 bits", b"10000000000000005\r\nhello\r\n"),
            ("chunks with bare LF", b"5\nhello\n0\n\n"), ("a chunk's end with bare LF", b"5\r\nhello\n0\r\n\r\n"),
            ("a chunk's end with bare CR", b"5\r\nhello\r0\r\n\r\n"), ("the last chunk with bare LF", b"5\r\nhello\r\n0\n\n"),
            ("an extension with bare LF", b"5;a\nb\r\nhello\r\n0\r\n\r\n"), ("an extension with NUL", b"5;\x00\r\nhello\r\n0\r\n\r\n"),
            ("a trailer with bare LF", b"5\r\nhello\r\n0\r\nX: a\n\r\n"), ("a trailer with a length", b"0\r\nContent-Length: 5\r\nXa\r\n\r\n"),
        ]:
            yield name, chunks + text + zero + canary, body
        for name, text in [
            ("absolute form", b"GET http://evil/health HTTP/1.1\r\nHost: a\r\n\r\n"), ("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("authority form", b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), ("no Host", b"GET /health HTTP/1.1\r\n\r\n"),
            ("bare LF everywhere", b"GET /health HTTP/1.1\nHost: a\n\n"), ("HTTP/0.9", b"GET /health\r\n\r\n"), ("HTTP/2.0", b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n"),
            ("HTTP/1.1 in small letters", b"GET /health http/1.1\r\nHost: a\r\n\r\n"), ("HTTP/1.10", b"GET /health HTTP/1.10\r\nHost: a\r\n\r\n"),
            ("a tab in the first line", b"GET\t/health HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a space before the method", b" GET /health HTTP/1.1\r\nHost: a\r\n\r\n"), ("NUL in the target", b"GET /hea\x00lth HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a target beyond ASCII", "GET /giấy HTTP/1.1\r\nHost: a\r\n\r\n".encode()), ("a folded first field", b"GET /health HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"),
            ("a Host with a path", b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n"), ("a Host with a comma", b"GET /health HTTP/1.1\r\nHost: a, b\r\n\r\n"),
            ("chunks in HTTP/1.0", b"PUT /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ("TLS", b"\x16\x03\x01\x00\x05hello\r\n\r\n"),
            ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("a fragment", b"GET /health#a HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("an unknown method", b"FETCH /health HTTP/1.1\r\nHost: a\r\n\r\n"), ("a method with a bracket", b"G(T /health HTTP/1.1\r\nHost: a\r\n\r\n"),
        ]:
            yield name, text + canary, bad
        # What is sound is answered in order, and what comes behind the end of a connection is not.
        closing = get + b"Connection: close\r\n\r\n"
        yield "pipelined", (get + b"\r\n") * 2 + closing, [["200", "200", "200"]]
        yield "behind Connection: close", closing + canary, [["200"]]
        yield "a sound request, then CL+TE", get + b"\r\n" + head(b"Content-Length: 5\r\n" + te) + zero + canary, [["200", "400"]]
        yield "a body that is a request", b"PUT /health HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(canary) + canary + closing, [["405", "200"]]
        yield "a body of a GET", get + b"Content-Length: %d\r\n\r\n" % len(canary) + canary + closing, [["200", "200"], ["400", "200"]]
        # Read by words, as RFC 9112 (3) allows; nobody reads it in another way.
        yield "two spaces in the first line", b"GET  /health HTTP/1.1\r\nHost: a\r\n\r\n" + canary, [["400"], ["200", "404"]]

    def try_shape(self, row, split):
        name, request, allowed = row
        sock = socket.create_connection(("127.0.0.1", self.served.port), 30, (ATTACKER, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer, began = b"", time.monotonic()
        try:
            position = 0
            while position < len(request):
                size = len(request) if split is None else split if isinstance(split, int) else split.randrange(1, 40)
                sock.sendall(request[position:position + size])
                position += size
        except OSError:
            pass  # because it may be refused before all of it was sent
        try:
            while chunk := sock.recv(65536):
                answer += chunk
            ended = True
        except ConnectionError:
            ended = True
        except OSError:
            ended = False
        sock.close()
        statuses = [status.decode() for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]
        # The connection is over before the limit for silence would have ended it.
        if statuses in allowed and ended and time.monotonic() - began < IDLE - 2:
            return []
        return [f"{name}: {statuses or answer[:40]} instead of {allowed}, {'ended' if ended else 'left open'} after {time.monotonic() - began:.1f} s"]

    def stopped(self):
        lives = self.served.lives()
        status = self.served.stop()
        check("the server stops when it is told", lives and status == 0, f"exit status {status}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="the folder of minhchung and minhchung-extract")
    parser.add_argument("--only", help="some of: slow, idle, floods, framing")
    parser.add_argument("--idle", type=int, default=10_000)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = hard - 2000
    if arguments.idle > room:
        print(f"        {arguments.idle} idle connections do not fit: ulimit -n is {hard}; {room} are opened", flush=True)
        arguments.idle = room
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        attacks = Attacks(arguments, pathlib.Path(folder))
        try:
            for part in arguments.only.split(",") if arguments.only else ["framing", "floods", "slow", "idle"]:
                getattr(attacks, part)()
        finally:
            attacks.served.stop()
    print(f"{'VIOLATED' if violations else 'ok'}: slow clients, {time.monotonic() - started:.0f} s, {len(violations)} violations"
          + "".join(f"; {name}" for name in violations))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
