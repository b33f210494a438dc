#!/usr/bin/env python3
"""Uploads with clients of tus that others wrote, over a bad line and past a server that is killed.

    .build/python/bin/python tus_clients.py [--cuts N] [--kills N] [--races N] [--seed N] [--program FILE]

tuspy and aiotus upload through a proxy that cuts connections at random points; meanwhile the lists are watched: an item is
a whole file or is not there. The server is killed between and in the middle of requests: it goes on at the offset that it
tells, no less than what it acknowledged and no more than was sent. Of two requests at one offset one wins. What belongs to
others is not found, what does not fit its checksum is forgotten, and who lost the right to hand in hands nothing in.

Exit status: 0 all of that holds; 1 otherwise, and the archive is kept; 2 it could not be tried.
"""

import asyncio
import base64
import contextlib
import hashlib
import io
import re
import threading
import time

import aiohttp
import aiotus
import tusclient.client
import tusclient.exceptions

import service
from cutting_proxy import CuttingProxy
from service import NO_ANSWER, Service, Violation, expect, json_of

UPLOADS = "/api/v1/uploads"
KIB, MIB = 1 << 10, 1 << 20
CHUNK = 192 * KIB
# What a client may be told on a bad line: it is elsewhere, or its last request is still at work.
PASSING = {409, 423}
WHOLE = re.compile("/api/v1/uploads/up-[0-9a-z]{16}$")
UPLOADERS = ("tuspy-1", "tuspy-2", "aiotus-1", "aiotus-2")


def digest(content):
    return hashlib.sha256(content).hexdigest()


def encoded(**metadata):
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


class Experiment:
    def __init__(self, options, chance, folder):
        self.options, self.chance = options, chance
        self.service = Service(options.program, folder)
        self.files = {}  # digest → account and content, of all that is uploaded or begun
        self.counts = {"uploads": 0, "looks": 0}
        self.closing = threading.Event()
        self.failure = None

    # tus by hand

    def new_file(self, account, size):
        content = self.chance.randbytes(size)
        self.files[digest(content)] = (account, content)
        return content

    def begin(self, account, length, **metadata):
        answer = self.service.ask("POST", UPLOADS, account=account, headers={
            "tus-resumable": "1.0.0", "upload-length": str(length), "upload-metadata": encoded(**metadata)})
        expect(answer.status == 201, f"an upload is not begun: {answer.status} {answer.body}")
        location = answer.headers["location"]
        return location[location.index("/api/"):]

    @staticmethod
    def fields(offset, checksum=None):
        fields = {"tus-resumable": "1.0.0", "upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        return {**fields, "upload-checksum": checksum} if checksum else fields

    def append(self, account, upload, offset, content, checksum=None):
        return self.service.ask("PATCH", upload, content, account, self.fields(offset, checksum))

    def head(self, account, upload):
        return self.service.ask("HEAD", upload, account=account, headers={"tus-resumable": "1.0.0"})

    def offset(self, account, upload):
        answer = self.head(account, upload)
        expect(answer.status == 200, f"HEAD of {upload}: {answer.status}")
        return int(answer.headers["upload-offset"]), answer.headers.get("content-location")

    def finish(self, account, upload, content, offset):
        """Sends the rest; the item that it became."""
        answer = self.append(account, upload, offset, content[offset:])
        expect(answer.status == 204, f"the rest of {upload} at {offset} is not taken: {answer.status} {answer.body}")
        return answer.headers["content-location"].rsplit("/", 1)[1]

    def is_whole(self, account, item, content):
        expect(self.service.content(item, account) == content, f"{item} has other bytes than were sent")

    # What may be seen, at any moment

    def look_at_lists(self):
        seen = set()
        for account in UPLOADERS:
            for item, entry in self.service.items(account).items():
                expect(entry["object"] in self.files, f"{item} is no file that was sent: {entry}")
                owner, content = self.files[entry["object"]]
                expect(owner == account, f"{account} sees {item} of {owner}")
                expect(entry["size"] == len(content), f"{item} has {entry['size']} bytes and not {len(content)}")
                expect(entry["object"] not in seen, f"{item} is there twice")
                seen.add(entry["object"])
        self.counts["looks"] += 1
        return seen

    def watch(self, ending):
        while not ending.wait(0.05) and not self.failure:
            try:
                self.look_at_lists()
            except NO_ANSWER:
                continue  # it was killed just now
            except Violation as violation:
                # A server that was killed between two pages is no violation.
                if self.service.process is not None and not self.closing.is_set():
                    self.failure = violation

    # The clients of others

    def tuspy(self, account, proxy, content, with_checksum):
        url = None
        client = tusclient.client.TusClient(proxy.url + UPLOADS, {"Authorization": f"Bearer {self.service.tokens[account]}"})
        deadline = time.monotonic() + 300
        while True:
            expect(time.monotonic() < deadline, f"tuspy does not come to an end: {url}")
            try:
                # Its own way to go on: an uploader with the address of before asks for the offset.
                uploader = client.uploader(
                    file_stream=io.BytesIO(content), url=url, chunk_size=CHUNK, upload_checksum=with_checksum, retries=2,
                    retry_delay=0.02, metadata={"filename": f"tuspy {digest(content)[:8]}.bin"})
                if not url:
                    begun = uploader.create_url()
                    # It takes a header field that was cut off for a whole one.
                    if not WHOLE.search(begun):
                        continue
                    uploader.set_url(begun)
                    url = begun
                uploader.upload()
                return
            except (TypeError, ValueError):
                continue  # it looked for a number in a header field that was cut off
            except (tusclient.exceptions.TusUploadFailed, tusclient.exceptions.TusCommunicationError) as error:
                status = getattr(error, "status_code", None)
                # An answer that was cut off in its header looks to it like one without fields.
                passing = PASSING | {200, 201, 204}
                expect(status is None or status in passing, f"tuspy was told {status}: {error} {getattr(error, 'response_content', '')}")

    async def aiotus(self, account, proxy, content):
        told = set()

        async def keep(session, context, parameters):
            told.add(parameters.response.status)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(keep)
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            location = await aiotus.upload(
                proxy.url + UPLOADS, io.BytesIO(content), {"filename": f"aiotus {digest(content)[:8]}.bin".encode()}, session,
                aiotus.RetryConfiguration(retry_attempts=2000, max_retry_period_seconds=0.02),
                {"Authorization": f"Bearer {self.service.tokens[account]}"}, CHUNK)
        expect(location is not None, f"aiotus could not upload; it was told {sorted(told)}")
        expect(told <= PASSING | {200, 201, 204}, f"aiotus was told {sorted(told)}")

    def upload_until(self, proxy, enough):
        """Each of the uploaders uploads file after file until it is enough."""
        def work(account):
            try:
                number = 0
                while not self.failure and (number == 0 or not enough()):
                    size = self.chance.choice((16, CHUNK, self.chance.randint(1, 2 * MIB), self.chance.randint(MIB, 2 * MIB)))
                    content = self.new_file(account, size)
                    if account.startswith("tuspy"):
                        self.tuspy(account, proxy, content, with_checksum=number % 2 == 1)
                    else:
                        asyncio.run(self.aiotus(account, proxy, content))
                    number += 1
                    self.counts["uploads"] += 1
            except Exception as error:  # every one, because a thread keeps it to itself
                self.failure = self.failure or (error if isinstance(error, Violation) else Violation(f"{account}: {error!r}"))

        threads = [threading.Thread(target=work, args=(account,)) for account in UPLOADERS]
        for thread in threads:
            thread.start()
        return threads

    @contextlib.contextmanager
    def watched(self):
        ending = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(ending,))
        watcher.start()
        try:
            yield
        finally:
            ending.set()
            watcher.join()
        if self.failure:
            raise self.failure

    def all_are_there(self):
        seen = self.look_at_lists()
        missing = [name for name, (owner, _) in self.files.items() if owner in UPLOADERS and name not in seen]
        expect(not missing, f"{len(missing)} files are uploaded and not there: {missing[:5]}")
        for account in UPLOADERS:
            for item, entry in self.service.items(account).items():
                self.is_whole(account, item, self.files[entry["object"]][1])

    def cuts(self):
        with contextlib.closing(CuttingProxy(self.chance, lambda: self.service.port, self.options.cuts)) as proxy, self.watched():
            for thread in self.upload_until(proxy, lambda: proxy.done >= self.options.cuts):
                thread.join()
        self.all_are_there()
        expect(proxy.done == self.options.cuts, f"{proxy.done} cuts were made")
        expect(self.options.cuts < 100 or all(proxy.made.values()), f"some kinds of cuts were not made: {proxy.made}")
        return proxy.made

    def kills_under_clients(self):
        killed = 0
        with contextlib.closing(CuttingProxy(self.chance, lambda: self.service.port)) as proxy, self.watched():
            threads = self.upload_until(proxy, lambda: killed >= self.options.kills)
            while killed < self.options.kills and not self.failure:
                # A moment that nobody chose.
                time.sleep(self.chance.random() * 0.6)
                self.closing.set()
                self.service.restart()
                self.closing.clear()
                killed += 1
            for thread in threads:
                thread.join()
        self.all_are_there()

    # Killed, to the byte

    def kill_round(self, number):
        account = "raw-1"
        content = self.new_file(account, self.chance.choice((2 * MIB, 20 * MIB)) + self.chance.randint(0, 1000))
        upload = self.begin(account, len(content), filename=f"kill {number}.bin")
        acknowledged = 0
        for _ in range(self.chance.randint(0, 2)):
            piece = self.chance.randint(1, len(content) // 4)
            answer = self.append(account, upload, acknowledged, content[acknowledged:acknowledged + piece])
            expect(answer.status == 204, f"{piece} bytes at {acknowledged} are not taken: {answer.status}")
            acknowledged += piece
            expect(int(answer.headers["upload-offset"]) == acknowledged, "it took more or less than was sent")
        kind = ("between", "in a chunk", "in a chunk with a checksum", "at the end")[number % 4]
        sent = acknowledged
        if kind == "between":
            self.service.restart()
        else:
            rest = content[acknowledged:]
            count = len(rest) if kind == "at the end" else self.chance.randint(1, len(rest) - 1)
            checksum = f"sha256 {base64.b64encode(hashlib.sha256(rest).digest()).decode()}" if "checksum" in kind else None
            fields = {**self.fields(acknowledged, checksum), "host": self.service.authority, "content-length": str(len(rest)),
                      "authorization": f"Bearer {self.service.tokens[account]}"}
            head = f"PATCH {upload} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
            with service.raw_connection(self.service) as connection:
                connection.sendall(head.encode() + rest[:count])
                # Some time for it to be at work; whatever it does until then is right.
                time.sleep(self.chance.random() * 0.08)
                self.service.kill()
            self.service.start()
            sent += count
        offset, item = self.offset(account, upload)
        expect(acknowledged <= offset <= sent, f"killed {kind}: it is at {offset}; {acknowledged} were acknowledged, {sent} sent")
        if "checksum" in kind:
            expect(offset == acknowledged, f"killed {kind}: {offset - acknowledged} bytes count that nothing was compared with")
        if offset < len(content):
            expect(item is None, f"killed {kind}: an item with {offset} of {len(content)} bytes")
            item = self.finish(account, upload, content, offset)
        else:
            expect(item is not None, f"killed {kind}: all bytes are there and no item")
        item = item.rsplit("/", 1)[-1]
        self.is_whole(account, item, content)
        items = [found for found in self.service.items(account).values() if found["object"] == digest(content)]
        expect(len(items) == 1, f"killed {kind}: {len(items)} items of one upload")
        return offset - acknowledged

    # Two at once

    def race(self, number):
        account = "raw-1"
        start = self.new_file(account, self.chance.randint(0, 100_000))
        upload_length = len(start) + 2 * MIB
        upload = self.begin(account, upload_length, filename=f"race {number}.bin")
        if start:
            expect(self.append(account, upload, 0, start).status == 204, "the first bytes are not taken")
        # Every second race is for the end of the file.
        lengths = (2 * MIB, 2 * MIB) if number % 2 else (self.chance.randint(1, MIB), self.chance.randint(1, MIB))
        pieces = [self.chance.randbytes(length) for length in lengths]
        answers = [None, None]
        barrier = threading.Barrier(2)

        def send(index):
            barrier.wait()
            try:
                answers[index] = self.append(account, upload, len(start), pieces[index]).status
            except NO_ANSWER:
                answers[index] = "cut"  # refused while it still sent

        threads = [threading.Thread(target=send, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [index for index in range(2) if answers[index] == 204]
        expect(len(winners) == 1, f"of two requests at one offset {len(winners)} won: {answers}")
        expect(answers[1 - winners[0]] in PASSING | {"cut", 413}, f"the other was told {answers}")
        content = start + pieces[winners[0]]
        offset, item = self.offset(account, upload)
        expect(offset == len(content), f"after the race it is at {offset} and not at {len(content)}")
        if offset < upload_length:
            content += self.chance.randbytes(upload_length - offset)
            item = self.finish(account, upload, content, offset)
        self.is_whole(account, item.rsplit("/", 1)[-1], content)
        return answers[1 - winners[0]]

    # Whose it is, what it is, who may

    def foreign(self):
        content = self.new_file("raw-1", 1000)
        upload = self.begin("raw-1", len(content), filename="mine.bin")
        expect(self.append("raw-1", upload, 0, content[:500]).status == 204, "one's own is not taken")
        nowhere = upload[:-16] + "0" * 16
        for method, fields, body in (
            ("HEAD", {"tus-resumable": "1.0.0"}, None), ("GET", {}, None), ("PATCH", self.fields(500), content[500:]),
            ("PATCH", self.fields(0), content), ("DELETE", {"tus-resumable": "1.0.0"}, None),
        ):
            for account in ("raw-2", "inspector-1", "admin-1"):
                foreign, absent = (self.service.ask(method, path, body, account, fields) for path in (upload, nowhere))
                expect(foreign.status == 404, f"{method} of another's upload by {account}: {foreign.status}")
                expect(foreign.status == absent.status and masked(foreign, upload) == masked(absent, nowhere),
                       f"{method}: another's upload is told from one that is not there: {foreign.body} {absent.body}")
        for account in ("raw-2", "inspector-1", "admin-1"):
            listed = json_of(self.service.get(UPLOADS + "?limit=200", account))["items"]
            expect(all(upload.rsplit("/", 1)[1] != entry["upload"] for entry in listed), f"{account} has another's upload in the list")
        expect(self.offset("raw-1", upload) == (500, None), "another moved the upload")
        self.is_whole("raw-1", self.finish("raw-1", upload, content, 500), content)

    def checksums(self):
        content = self.new_file("raw-1", 300_000)
        upload = self.begin("raw-1", len(content), filename="checksums.bin")
        offset = 0
        algorithms = self.service.ask("OPTIONS", UPLOADS).headers["tus-checksum-algorithm"].split(",")
        expect(set(algorithms) == {"sha1", "sha256", "sha512", "md5"}, f"other algorithms: {algorithms}")
        for index, algorithm in enumerate(algorithms):
            end = len(content) if index == len(algorithms) - 1 else offset + 70_000
            piece = content[offset:end]
            right = f"{algorithm} {base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()}"
            wrong = bytes([piece[0] ^ 1]) + piece[1:]
            answer = self.append("raw-1", upload, offset, wrong, right)
            expect(answer.status == 460, f"what does not fit its {algorithm}: {answer.status}")
            expect(self.offset("raw-1", upload) == (offset, None), "what does not fit its checksum counts")
            answer = self.append("raw-1", upload, offset, piece, right)
            expect(answer.status == 204, f"what fits its {algorithm}: {answer.status} {answer.body}")
            offset = end
        for strange in ("crc32 AAAAAA==", "sha1 AAAA", "sha256", "sha1 %%%"):
            other = self.begin("raw-1", 10, filename="strange.bin")
            expect(self.append("raw-1", other, 0, b"0123456789", strange).status == 400, f"Upload-Checksum: {strange} is taken")
        (item,) = [item for item, entry in self.service.items("raw-1").items() if entry["object"] == digest(content)]
        self.is_whole("raw-1", item, content)

    def last_byte(self, account, upload, content, offset, between):
        """A request whose last byte is sent after `between`; its status."""
        rest = content[offset:]
        fields = {**self.fields(offset), "host": self.service.authority, "content-length": str(len(rest)), "connection": "close",
                  "authorization": f"Bearer {self.service.tokens[account]}"}
        head = f"PATCH {upload} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        with service.raw_connection(self.service) as connection:
            connection.sendall(head.encode() + rest[:-1])
            between()
            connection.sendall(rest[-1:])
            return int(connection.makefile("rb").readline().split()[1])

    def no_right_any_more(self):
        """Who may not hand in at the end hands nothing in, whatever they might at the beginning."""
        ask = self.service.ask
        unit = ask("POST", "/api/v1/units", {"entries": [
            {"name": "Xã Suối Giả Định", "code": "99999", "kind": "commune", "from": "2025-07-01"}]}, "admin-1")
        expect(unit.status == 200, f"no unit: {unit.body}")

        def close(account):
            answer = ask("POST", f"/api/v1/accounts/{account}/closing", {"reason": "thử"}, "admin-1")
            expect(answer.status == 200, f"{account} is not closed: {answer.body}")

        def grant(account):
            answer = ask("POST", f"/api/v1/accounts/{account}/grants", {"role": "assistant", "unit": "99999"}, "admin-1")
            expect(answer.status == 201, f"no grant: {answer.body}")
            return json_of(answer)["grant"]

        def withdraw(grant):
            answer = ask("POST", f"/api/v1/grants/{grant}/withdrawal", {"reason": "thử"}, "admin-1")
            expect(answer.status == 200, f"not withdrawn: {answer.body}")

        told = []
        for number, in_flight in enumerate((False, True)):
            closed, assistant = f"closed-{number}", f"assistant-{number}"
            given = grant(assistant)
            person = json_of(ask("POST", "/api/v1/people", {"entries": [
                {"name": f"Nguyễn Văn Mẫu {number}", "birth_year": 1970, "unit": "99999"}]}, assistant))["outcomes"][0]["person"]
            for account, end, metadata in (
                (closed, lambda: close(closed), {}), (assistant, lambda: withdraw(given), {"person": person}),
            ):
                content = self.new_file(account, 40_000)
                upload = self.begin(account, len(content), filename="late.bin", **metadata)
                expect(self.append(account, upload, 0, content[:20_000]).status == 204, "the first half is not taken")
                if in_flight:
                    status = self.last_byte(account, upload, content, 20_000, end)
                else:
                    end()
                    status = self.append(account, upload, 20_000, content[20_000:]).status
                expect(status in (401, 403, 404, 422), f"{account} may hand in no more, and was told {status}")
                again = self.head(account, upload)
                expect("content-location" not in again.headers, f"{account} may hand in no more, and HEAD made it an item")
                told.append(status)
                seen = {entry["object"] for entry in self.service.items("inspector-1").values()}
                expect(digest(content) not in seen, f"{account} may hand in no more, and the item is there")
        # What is looked with sees what is there: else the above would say nothing.
        expect(any(self.files.get(name, ("",))[0] == "raw-1" for name in seen), "the inspector sees nothing")
        return told


def masked(answer, upload):
    if not answer.body:
        return b""
    body = json_of(answer)
    body.pop("request")
    return str(body).replace(upload.rsplit("/", 1)[1], "…")


def experiment(options, chance, folder):
    self = Experiment(options, chance, folder)
    self.service.make("inspector-1", "raw-1", "raw-2", *UPLOADERS, "closed-0", "closed-1", "assistant-0", "assistant-1")
    self.service.run("account", "grant", "inspector-1", "--role", "inspector")
    self.service.start()
    self.foreign()
    self.checksums()
    told = self.no_right_any_more()
    lost = [self.race(number) for number in range(options.races)]
    gained = [self.kill_round(number) for number in range(options.kills)]
    made = self.cuts()
    cut_uploads = self.counts["uploads"]
    self.kills_under_clients()
    expect(self.service.stop() == 0, "it did not stop as it should")
    expect(not self.service.failures(), f"the log has errors: {self.service.failures()[:3]}")
    self.service.look()
    return (
        f"{sum(made.values())} cuts ({', '.join(f'{count} {name}' for name, count in made.items())}) in {cut_uploads} uploads by tuspy and aiotus, "
        f"{options.kills} kills in {self.counts['uploads'] - cut_uploads} more, all bytes identical, {self.counts['looks']} looks at the lists; "
        f"{options.kills} kills to the byte ({sum(1 for count in gained if count)} with bytes beyond the acknowledged); "
        f"{options.races} races, one winner each (losers: {', '.join(f'{lost.count(each)} × {each}' for each in sorted(set(lost), key=str))}); "
        f"late ends refused: {told}")


def add_options(parser):
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=16)
    parser.add_argument("--races", type=int, default=20)


if __name__ == "__main__":
    service.main(__doc__, experiment, add_options)
