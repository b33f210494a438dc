#!/usr/bin/env python3
"""Stops the server, and kills it, while 20 clients deposit, and looks whether anything that it acknowledged is lost.

    stop_under_load.py [--rounds N] [--clients N] [--seed N] [--program FILE]

Clients deposit by form, by a known digest and by tus. In the middle the server is told to stop (SIGTERM), or is killed
(SIGKILL). What it acknowledged is there after it was started again, with its bytes, and once; every other request got an
error or a connection that was cut; told to stop, it ended with status 0 within its time. Then the archive is sound, by
`verify` and by archive_oracle.py.

Exit status: 0 all of that holds; 1 otherwise, and the archive is kept; 2 it could not be tried.
"""

import base64
import hashlib
import json
import random
import threading
import time

import service
from service import NO_ANSWER, Service, Violation, expect, json_of

STOP_SECONDS = 20
# What a server that stops may say.
REFUSALS = {503}


class Client(threading.Thread):
    """Deposits one file after the other until it is told that nobody is there any more."""

    def __init__(self, served, account, seed):
        super().__init__()
        self.service, self.account = served, account
        self.chance = random.Random(seed)
        self.acknowledged = {}  # digest → item and content
        self.attempted = {}  # digest → content
        self.errors = {"cut": 0, "refused": 0}
        self.failure = None

    def run(self):
        ways = (self.by_form, self.by_digest, self.by_upload)
        try:
            while True:
                content = self.chance.randbytes(int(1_500_000 ** self.chance.random()))
                digest = hashlib.sha256(content).hexdigest()
                self.attempted[digest] = content
                try:
                    answer = self.chance.choice(ways)(content, digest)
                except ConnectionRefusedError:
                    self.errors["cut"] += 1
                    return
                except NO_ANSWER:
                    self.errors["cut"] += 1
                    continue
                if answer.status in REFUSALS:
                    self.errors["refused"] += 1
                    continue
                expect(answer.status in (201, 204), f"{self.account} was told {answer.status}: {answer.body[:300]}")
                item = answer.headers["content-location"].rsplit("/", 1)[1] if answer.status == 204 else json_of(answer)
                if isinstance(item, dict):
                    (item,) = [entry["item"] for entry in item.get("items", [item])]
                self.acknowledged[digest] = item
        except Exception as error:  # every one, because a thread keeps it to itself
            self.failure = error

    def by_form(self, content, digest):
        boundary = "b" + digest
        body = (
            f"--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n"
            f"{json.dumps({'title': digest[:8]})}\r\n--{boundary}\r\n"
            f"Content-Disposition: form-data; name=\"file\"; filename=\"{digest[:8]}.bin\"\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self.service.ask(
            "POST", "/api/v1/evidence", body, self.account, {"content-type": f"multipart/form-data; boundary={boundary}"})

    def by_digest(self, content, digest):
        return self.service.ask(
            "PUT", f"/api/v1/objects/{digest}", content, self.account, {"content-type": "application/octet-stream"})

    def by_upload(self, content, digest):
        begun = self.service.ask("POST", "/api/v1/uploads", account=self.account, headers={
            "tus-resumable": "1.0.0", "upload-length": str(len(content)),
            "upload-metadata": "filename " + base64.b64encode(f"{digest[:8]}.bin".encode()).decode()})
        if begun.status != 201:
            return begun
        upload = begun.headers["location"]
        upload = upload[upload.index("/api/"):]
        middle = len(content) // 2
        answer = begun
        for start, end in ((0, middle), (middle, len(content))):
            if start == end:
                continue
            answer = self.service.ask("PATCH", upload, content[start:end], self.account, {
                "tus-resumable": "1.0.0", "upload-offset": str(start), "content-type": "application/offset+octet-stream"})
            if answer.status != 204:
                return answer
        expect("content-location" in answer.headers, "an upload has all its bytes and is no item")
        return answer


def experiment(options, chance, folder):
    served = Service(options.program, folder, [f"limit_stop_seconds={STOP_SECONDS}"])
    accounts = [f"client-{number}" for number in range(options.clients)]
    served.make(*accounts)
    acknowledged, attempted = {account: {} for account in accounts}, {account: {} for account in accounts}
    errors = {"cut": 0, "refused": 0}
    longest, unacknowledged = 0.0, 0
    for number in range(options.rounds):
        served.start()
        clients = [Client(served, account, chance.randrange(1 << 32)) for account in accounts]
        for client in clients:
            client.start()
        # They have begun, and then comes a moment that nobody chose.
        while sum(len(client.acknowledged) for client in clients) < options.clients and not any(client.failure for client in clients):
            time.sleep(0.01)
        time.sleep(chance.random())
        is_kill = number % 2 == 1
        began = time.monotonic()
        if is_kill:
            served.kill()
        else:
            status = served.stop()
            longest = max(longest, time.monotonic() - began)
            expect(status == 0, f"told to stop, it ended with {status}")
            expect(longest < STOP_SECONDS, f"it took {longest:.1f} s to stop")
        for client in clients:
            client.join(service.PATIENCE)
            expect(not client.is_alive(), f"{client.account} still waits for an answer of a server that has ended")
            if client.failure:
                raise client.failure if isinstance(client.failure, Violation) else Violation(repr(client.failure))
            acknowledged[client.account].update(client.acknowledged)
            attempted[client.account].update(client.attempted)
            for kind, count in client.errors.items():
                errors[kind] += count
        served.start()
        for account in accounts:
            items = served.items(account)
            expect(len({entry["object"] for entry in items.values()}) == len(items), f"{account} has a file twice")
            for digest, item in acknowledged[account].items():
                expect(item in items, f"LOST: {item} of {account}, acknowledged before the server {'was killed' if is_kill else 'stopped'}")
                expect(items[item]["object"] == digest, f"{item} is another file than was acknowledged")
            for item, entry in items.items():
                expect(entry["object"] in attempted[account], f"{item} is no file that {account} sent")
                if number == options.rounds - 1:
                    expect(served.content(item, account) == attempted[account][entry["object"]], f"{item} has other bytes")
            unacknowledged += len(items) if number == options.rounds - 1 else 0
        expect(served.stop() == 0, "idle, it did not stop as it should")
        served.look()
    expect(not served.failures(), f"the log has errors: {served.failures()[:3]}")
    count = sum(len(each) for each in acknowledged.values())
    return (
        f"{options.rounds} rounds ({options.rounds // 2} killed), {options.clients} clients, {count} acknowledged deposits, 0 lost; "
        f"{unacknowledged - count} there without acknowledgement, {errors['cut']} cut, {errors['refused']} refused; "
        f"stopped in {longest:.1f} s at most, with status 0")


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--clients", type=int, default=20)


if __name__ == "__main__":
    service.main(__doc__, experiment, add_options)
