#!/usr/bin/env python3
"""Attacks signing in: by time, by guessing, by tokens that hold no more, by sessions of others, from other sites.

    sign_in.py [--samples N] [--others N] [--seed N] [--program FILE]

An account that does not exist, one whose password is wrong, one that is closed and one that has no password answer with the
same bytes, and after the same time (Mann-Whitney, p > 0.01; where not, a second set of samples decides). Guessing is slowed
down, and the owner gets in meanwhile from elsewhere. Tokens and sessions that are expired (where there is `faketime`), ended
or of elsewhere open nothing. A cookie from before signing in is not the session after it. What other sites may send changes
nothing. No secret is in the log or in any file of the archive.

Exit status: 0 all of that holds; 1 otherwise, and the archive is kept; 2 it could not be tried.
"""

import base64
import json
import math
import pathlib
import shutil
import sqlite3
import statistics
import threading
import time

import service
from service import Service, expect, json_of

SESSION = "/api/v1/session"
PROBABILITY = 0.01


def mann_whitney(first, second):
    """The two-sided p of the U test, by its normal approximation, with ties and continuity corrected."""
    values = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum, ties, index = 0.0, 0, 0
    while index < len(values):
        end = index
        while end < len(values) and values[end][0] == values[index][0]:
            end += 1
        rank = (index + 1 + end) / 2
        rank_sum += rank * sum(1 for _, group in values[index:end] if group == 0)
        ties += (end - index) ** 3 - (end - index)
        index = end
    n, m, total = len(first), len(second), len(values)
    u = rank_sum - n * (n + 1) / 2
    deviation = math.sqrt(n * m / 12 * ((total + 1) - ties / (total * (total - 1))))
    return math.erfc(max(0, abs(u - n * m / 2) - 0.5) / deviation / math.sqrt(2))


class Experiment:
    def __init__(self, options, chance, folder):
        self.options, self.chance, self.folder = options, chance, folder
        self.service = Service(options.program, folder, ["trusted_proxies=127.0.0.1"])
        self.secrets = set()
        self.passwords = {}
        self.addresses = 0

    # What everybody does

    def new_password(self):
        password = "mật khẩu " + self.chance.randbytes(9).hex()
        self.secrets.add(password)
        return password

    def new_address(self):
        """From where nobody has asked yet."""
        self.addresses += 1
        return f"10.{self.addresses >> 16 & 255}.{self.addresses >> 8 & 255}.{self.addresses & 255}"

    def set_up(self, account):
        (made,) = self.service.run("account", "setup-link", account)
        link = made["setup_link"]
        self.secrets.add(link)
        return link

    def sign_in(self, account, password, address, headers=()):
        return self.service.ask("POST", SESSION, {"account": account, "password": password}, headers={"x-forwarded-for": address, **dict(headers)})

    def signed_in(self, account, address, headers=()):
        """A session: its cookie as it is sent, and the token against other sites."""
        answer = self.sign_in(account, self.passwords[account], address, headers)
        expect(answer.status == 200, f"{account} is not signed in: {answer.status} {answer.body}")
        cookie = answer.headers["set-cookie"].split(";")[0]
        token = json_of(answer)["csrf_token"]
        self.secrets |= {cookie.split("=")[1], token}
        return cookie, token

    # Told apart?

    def cases(self):
        """Kinds of refused attempts: the account, and the password that is tried."""
        return {
            "unknown": lambda number: (f"nobody-{number % 10}", self.new_password()),
            "wrong": lambda number: (f"owner-{number % 10}", self.new_password()),
            "closed": lambda number: (f"closed-{number % 4}", self.passwords[f"closed-{number % 4}"]),
            "without": lambda number: (f"without-{number % 4}", self.new_password()),
        }

    def samples(self, sizes, first):
        """Seconds by kind, in one random order, so that whatever else the machine does falls on all alike."""
        order = [(kind, first + number) for kind, size in sizes.items() for number in range(size)]
        self.chance.shuffle(order)
        seconds, answers = {kind: [] for kind in sizes}, set()
        cases = self.cases()
        for kind, number in order:
            account, password = cases[kind](number)
            address = self.new_address()
            body = json.dumps({"account": account, "password": password}).encode()
            began = time.perf_counter()
            answer = self.service.ask("POST", SESSION, body, headers={"x-forwarded-for": address, "content-type": "application/json"})
            seconds[kind].append(time.perf_counter() - began)
            expect(answer.status == 401, f"{kind}: {answer.status} {answer.body}")
            answers.add(self.without_id(answer))
        expect(len(answers) == 1, "the kinds of refusal are told apart by their answers:\n" + "\n".join(map(str, answers)))
        return seconds

    @staticmethod
    def without_id(answer):
        own = answer.headers["x-request-id"]
        return (answer.status, answer.body.replace(own.encode(), b"-"),
                tuple(sorted((name, value) for name, value in answer.headers.items() if name not in ("x-request-id", "date"))))

    def timing(self):
        sizes = {"unknown": self.options.samples, "wrong": self.options.samples, "closed": self.options.others, "without": self.options.others}
        seconds = self.samples(sizes, 0)
        found = {}
        for kind in sizes:
            if kind == "unknown":
                continue
            found[kind] = mann_whitney(seconds["unknown"], seconds[kind])
            if found[kind] <= PROBABILITY:
                print(f"unknown and {kind}: p = {found[kind]:.4f}; once more", flush=True)
                again = self.samples({"unknown": sizes[kind], kind: sizes[kind]}, 10_000)
                found[kind] = mann_whitney(again["unknown"], again[kind])
            expect(found[kind] > PROBABILITY, f"unknown and {kind} are told apart by time: p = {found[kind]:.5f}, medians "
                   f"{statistics.median(seconds['unknown']):.4f} and {statistics.median(seconds[kind]):.4f} s")
        # The same test sees half as much time again; else the above would say nothing.
        control = mann_whitney(seconds["unknown"], [value * 1.5 for value in seconds["wrong"]])
        expect(control <= PROBABILITY, f"the samples are too rough to tell anything: control p = {control:.4f}")
        return found, statistics.median(seconds["unknown"])

    # Guessing

    def guessing(self):
        owner, home = "target-1", "192.0.2.1"
        right = self.passwords[owner]
        self.signed_in(owner, home)
        for account in (owner, "nobody-at-all"):
            place = self.new_address()
            told = self.guesses(account, place, 12)
            expect(len(told) >= 5 and 429 in told.values(), f"guesses at {account}: {told}")
        expect(self.sign_in(owner, right, self.new_address()).status == 200, "the owner is locked out elsewhere")
        expect(self.sign_in(owner, right, home).status == 200, "the owner is locked out at home")
        # Until the waits are longer than a busy machine takes for an attempt.
        waits, place = [], self.new_address()
        self.guesses(owner, place, 5)
        for _ in range(40):
            if waits and waits[-1] >= 8:
                break
            time.sleep(waits[-1] if waits else 1)
            answer = self.sign_in(owner, self.new_password(), place)
            if answer.status == 401:
                answer = self.sign_in(owner, right, place)
            expect(answer.status in (429, 200), f"a guess behind a guess: {answer.status}")
            expect(answer.status == 429 or not waits or waits[-1] < 4, f"the right password is looked at where nothing may be, after waits of {waits}")
            if answer.status == 200:
                self.guesses(owner, place, 5)  # it was slower than the wait; what failed before is forgotten
                continue
            expect(answer.headers["content-type"] == "application/problem+json", "no problem of it")
            waits.append(int(answer.headers["retry-after"]))
        expect(8 <= waits[-1] <= 16, f"the waits do not grow as they should: {waits}")
        # At once, not one after the other.
        place, told, account = self.new_address(), [], "target-2"
        guesses, began = [self.new_password() for _ in range(20)], time.monotonic()
        threads = [threading.Thread(target=lambda guess=guess: told.append(self.sign_in(account, guess, place).status)) for guess in guesses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Where the machine takes seconds for them, some wait is over before the last is looked at.
        most = 5 + int(math.log2(1 + time.monotonic() - began))
        expect(told.count(401) <= most and set(told) <= {401, 429, 503} and len(told) == 20, f"20 guesses at once: {sorted(told)}")
        # One customer of IPv6 has 2^64 addresses.
        told = [self.sign_in("target-3", self.new_password(), f"2001:db8:1:2:{self.chance.randrange(1 << 16):x}::{number:x}").status for number in range(9)]
        expect(told[:5] == [401] * 5 and 429 in told, f"guesses from one network of IPv6: {told}")
        # From everywhere: slowed for all places but those that the account is known at.
        account = "target-4"
        self.signed_in(account, home)
        told = [self.sign_in(account, self.new_password(), self.new_address()) for _ in range(56)]
        expect([answer.status for answer in told][:50] == [401] * 50, "fewer than 50 failures slow the account everywhere")
        slowed = [answer for answer in told[50:] if answer.status == 429]
        expect(slowed, f"more than 50 failures from everywhere: {[answer.status for answer in told][50:]}")
        expect(int(slowed[-1].headers["retry-after"]) <= 30, "the account is closed for long by others")
        expect(self.sign_in(account, self.passwords[account], home).status == 200, "the owner is locked out where they are known")

    def guesses(self, account, place, count, headers=()):
        """Guesses so often, and sees that none is looked at earlier than after the wait that failures before it ask for.

        Returns what was told, by number.
        """
        told, looked_at = {}, []
        for number in range(count):
            began = time.monotonic()
            answer = self.sign_in(account, self.new_password(), place, headers)
            ended = time.monotonic()
            expect(answer.status in (401, 429), f"a guess at {account}: {answer.status}")
            told[number] = answer.status
            if answer.status == 429:
                expect(len(looked_at) >= 5 and int(answer.headers["retry-after"]) >= 1, f"slowed after {len(looked_at)} failures: {told}")
                continue
            if len(looked_at) >= 5:
                # A failure counts from when it was asked for; the server's clock of milliseconds is another than ours.
                wait = 2 ** (len(looked_at) - 5)
                expect(ended - looked_at[-1] >= wait - 0.02, f"a guess is looked at {ended - looked_at[-1]:.3f} s after {len(looked_at)} failures: {told}")
            looked_at.append(began)
        return told

    def forwarded_by_nobody(self):
        """Without a proxy that is trusted, nobody says from where they come but the connection."""
        places = iter(lambda: self.new_address(), None)
        told = [self.sign_in("target-5", self.new_password(), next(places), {"forwarded": f"for={next(places)}"}).status for _ in range(9)]
        expect(told[:5] == [401] * 5 and told.count(429) >= 1, f"guesses under invented addresses: {told}")

    # What opens nothing

    def status_with(self, authorization=None, cookie=None):
        headers = {**({"authorization": authorization} if authorization else {}), **({"cookie": cookie} if cookie else {})}
        return self.service.ask("GET", "/api/v1/account", headers=headers).status

    def tokens(self, foreign):
        """Returns a token that holds, for later."""
        ask = self.service.ask
        made = [ask("POST", "/api/v1/tokens", {"name": f"máy {number}", "scope": "read", "days": 1}, "owner-1") for number in range(2)]
        secrets = [json_of(answer)["secret"] for answer in made]
        ids = [json_of(answer)["token"]["token"] for answer in made]
        self.secrets |= set(secrets)
        kept, ended = secrets
        expect(self.status_with(f"Bearer {ended}") == 200, "a token that was just made opens nothing")
        answer = ask("DELETE", f"/api/v1/tokens/{ids[1]}", account="owner-2")
        expect(answer.status == 404, f"another ends one's token: {answer.status}")
        expect(self.status_with(f"Bearer {ended}") == 200, "another ended one's token")
        expect(ask("DELETE", f"/api/v1/tokens/{ids[1]}", account="owner-1").status == 204, "a token is not ended")
        cookie, _ = self.signed_in("owner-1", self.new_address())
        session = cookie.split("=")[1]
        last = "b" if kept[-1] != "b" else "c"
        for what, authorization in {
            "ended": f"Bearer {ended}", "of another archive": f"Bearer {foreign}", "invented": "Bearer mct_" + "a" * 52, "cut": f"Bearer {kept[:-1]}",
            "longer": f"Bearer {kept}a", "changed": f"Bearer {kept[:20]}{'b' if kept[20] != 'b' else 'c'}{kept[21:]}",
            "in capitals": f"Bearer {kept.upper()}", "a session's": f"Bearer {session}", "its id": f"Bearer {ids[0]}", "twice": f"Bearer {kept} {kept}",
            "empty": "Bearer ", "of no kind": kept, "Basic": "Basic " + base64.b64encode(f"owner-1:{kept}".encode()).decode(),
            "with an end": f"Bearer {kept[:-1]}{last}",
        }.items():
            expect(self.status_with(authorization) == 401, f"a token that is {what} opens something")
        expect(self.status_with(cookie=f"minhchung={kept}") == 401, "a token opens something as a cookie")
        expect(self.status_with(f"Bearer {ended}", cookie) == 401, "behind a token that is wrong the cookie counts")
        # What a token allows narrows what its owner may do.
        answer = ask("POST", "/api/v1/tokens", {"name": "mạnh hơn", "scope": "administer", "days": 300}, headers={"authorization": f"Bearer {kept}"})
        expect(answer.status == 403, f"a token to read makes one to administer: {answer.status}")
        return kept

    def sessions(self):
        chosen = "minhchung=mcs_" + "a" * 52
        answer = self.sign_in("owner-3", self.passwords["owner-3"], self.new_address(), {"cookie": chosen})
        expect(answer.status == 200, f"not signed in with a cookie that is there: {answer.status}")
        first = answer.headers["set-cookie"].split(";")[0]
        expect(first != chosen and self.status_with(cookie=chosen) == 401, "a cookie that somebody chose is the session")
        # The session of another, with all that this site's own pages would send.
        attackers, token = self.signed_in("owner-4", self.new_address())
        second, token = self.signed_in("owner-3", self.new_address(), {
            "cookie": attackers, "origin": self.service.url, "x-csrf-token": token})
        expect(second not in (attackers, first), "the session goes on under a secret that another knows")
        account = json_of(self.service.ask("GET", "/api/v1/account", headers={"cookie": attackers}))["account"]
        expect(account == "owner-4", f"the attacker's session has become {account}'s")
        expect(self.status_with(cookie=f"{attackers}; {second}") == 401, "of two cookies one is taken")
        flags = {part.strip() for part in answer.headers["set-cookie"].split(";")[1:]}
        expect(flags == {"Path=/", "HttpOnly", "SameSite=Strict"}, f"the cookie's flags: {flags}")
        answer = self.sign_in("owner-3", self.passwords["owner-3"], self.new_address(), {"x-forwarded-proto": "https"})
        self.secrets.add(answer.headers["set-cookie"].split(";")[0].split("=")[1])
        expect(answer.headers["set-cookie"].startswith("__Host-minhchung=") and "; Secure" in answer.headers["set-cookie"],
               "over TLS the cookie is not of this host only")
        expect(self.status_with(cookie=answer.headers["set-cookie"].split(";")[0]) == 401, "the cookie of TLS opens something without it")
        # Signed out, and a password that was changed.
        fields = {"cookie": second, "origin": self.service.url, "x-csrf-token": token}
        expect(self.service.ask("DELETE", SESSION, headers=fields).status == 204, "not signed out")
        expect(self.status_with(cookie=second) == 401, "signed out, and the session goes on")
        third, token = self.signed_in("owner-3", self.new_address())
        new = self.new_password()
        answer = self.service.ask("PUT", "/api/v1/account/password", {"password": self.passwords["owner-3"], "new": new}, headers={
            "cookie": third, "origin": self.service.url, "x-csrf-token": token})
        expect(answer.status == 204, f"the password is not changed: {answer.status} {answer.body}")
        expect(self.sign_in("owner-3", self.passwords["owner-3"], self.new_address()).status == 401, "the former password signs in")
        self.passwords["owner-3"] = new
        expect(self.status_with(cookie=first) == 401, "the password was changed, and another session goes on")
        expect(self.status_with(cookie=third) == 200, "the session that changed the password has ended")
        kept, _ = self.signed_in("owner-5", self.new_address())
        return kept

    # Other sites

    def other_sites(self):
        cookie, token = self.signed_in("admin-1", self.new_address())
        other_cookie, other_token = self.signed_in("owner-6", self.new_address())
        own = self.service.url
        as_json, as_text = json.dumps({"name": "máy", "scope": "read", "days": 1}).encode(), "application/json"

        def make(headers, content_type=as_text, body=as_json):
            return self.service.ask("POST", "/api/v1/tokens", body, headers={"cookie": cookie, "content-type": content_type, **headers}).status

        def count():
            return len(json_of(self.service.ask("GET", "/api/v1/tokens", headers={"cookie": cookie}))["tokens"])

        before = count()
        good = {"origin": own, "x-csrf-token": token}
        for headers in (good, {"sec-fetch-site": "same-origin", "x-csrf-token": token}, {**good, "sec-fetch-site": "same-origin"}):
            expect(make(headers) == 201, f"this site's own request is refused: {headers}")
        expect(count() == before + 3, "this site's own request does nothing")
        refused = [
            ("another site", {**good, "origin": "https://evil.example"}), ("another port", {**good, "origin": own[:-1]}),
            ("another scheme", {**good, "origin": own.replace("http:", "https:")}), ("no site", {**good, "origin": "null"}),
            ("this site in front", {**good, "origin": own + ".evil.example"}), ("cross-site", {**good, "sec-fetch-site": "cross-site"}),
            ("same-site", {**good, "sec-fetch-site": "same-site"}), ("a strange site", {**good, "sec-fetch-site": "same-origin, cross-site"}),
            ("no token", {"origin": own}), ("an empty token", {"origin": own, "x-csrf-token": ""}),
            ("another's token", {"origin": own, "x-csrf-token": other_token}), ("a token cut short", {"origin": own, "x-csrf-token": token[:-1]}),
            ("neither Origin nor Sec-Fetch-Site", {"x-csrf-token": token}),
            ("the host of another", {"origin": "http://evil.example", "host": "evil.example", "sec-fetch-site": "cross-site", "x-csrf-token": token}),
        ]
        for what, headers in refused:
            expect(make(headers) == 403, f"a change from {what} is not refused: {make(headers)}")
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/json", "application/json2"):
            expect(make(good, content_type) == 415, f"JSON as {content_type} is taken")
        expect(self.service.ask("POST", "/api/v1/tokens", as_json, headers={"cookie": cookie, **good}).status == 415, "a body without a type is taken")
        # Signing in as the attacker is no good either.
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = self.sign_in("owner-6", self.passwords["owner-6"], self.new_address(), headers)
            expect(answer.status == 403 and "set-cookie" not in answer.headers, f"another site signs somebody in: {answer.status}")
        # By GET, whatever it is said to stand for.
        records, asked = self.service.records(), 0
        described = json_of(self.service.get("/api/openapi.json"))
        for path, methods in described["paths"].items():
            if not {"post", "put", "patch", "delete"} & set(methods):
                continue
            path = path.replace("{account}", "owner-6").replace("{", "").replace("}", "")
            for method in ("GET", "HEAD"):
                answer = self.service.ask(method, path, headers={
                    "cookie": cookie, "origin": own, "x-csrf-token": token, "x-http-method-override": "DELETE", "tus-resumable": "1.0.0"})
                asked += 1
                if "get" not in methods and "head" not in methods:
                    expect(answer.status in (404, 405), f"{method} {path}: {answer.status}")
                expect(answer.status < 500, f"{method} {path}: {answer.status}")
        answer = self.service.ask("OPTIONS", "/api/v1/uploads", headers={
            "origin": "https://evil.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization"})
        expect(not [name for name in answer.headers if name.startswith("access-control")], "other sites are let in by CORS")
        expect(self.service.records() == records, "something was recorded by GET")
        expect(count() == before + 3, "what was refused was done")
        expect(self.status_with(cookie=other_cookie) == 200 and self.status_with(cookie=cookie) == 200, "a session was ended from another site")
        return len(refused) + 5 + 2 + asked

    # Time

    def later(self, token, cookie):
        """After the time of a token and of a session; what was found, in words."""
        if shutil.which("faketime") is None:
            return "expiry not tried (apt-get install faketime)"
        expect(self.status_with(f"Bearer {token}") == 200 and self.status_with(cookie=cookie) == 200, "nothing to expire")
        for ahead, of_token, of_session in (("+29m", 200, 200), ("+65m", 200, 401), ("+23h", 200, 401), ("+25h", 401, 401)):
            expect(self.service.stop() == 0, "it did not stop")
            self.service.start(("faketime", "-f", ahead))
            told = self.status_with(f"Bearer {token}"), self.status_with(cookie=cookie)
            expect(told == (of_token, of_session), f"{ahead}: token of a day and session are told {told}")
        return "token and session expired in time"

    # At rest

    def nothing_in_clear(self):
        files = [path for path in self.folder.rglob("*") if path.is_file() and "foreign" not in path.parts]
        text = {path: path.read_bytes() for path in files}
        needles = {}
        for secret in self.secrets | {token for token in self.service.tokens.values()}:
            needles[secret] = {secret.encode(), secret.encode("utf-16-le"), secret.encode().hex().encode(), base64.b64encode(secret.encode()).rstrip(b"=")}
            if secret[:4] in ("mct_", "mcs_"):
                digits = secret[4:].upper()
                with_padding = digits + "=" * (-len(digits) % 8)
                try:
                    needles[secret].add(base64.b32decode(with_padding))
                except ValueError:
                    pass  # because another alphabet is used, and then there is nothing to look for
        for path, content in text.items():
            for secret, forms in needles.items():
                for form in forms:
                    expect(form not in content, f"{path.name} has the secret {secret[:12]}… in clear")
        # What is there is found; else the above would say nothing.
        logs = b"".join(content for path, content in text.items() if path.name.startswith("log-"))
        databases = b"".join(content for path, content in text.items() if ".sqlite" in path.name)
        expect(b"owner-1" in logs and b"owner-1" in databases, "it does not look where something is")
        expect(b"nobody-" not in logs, "what was typed as an account is in the log; it may be a password")
        hashes = []
        database = next(path for path in files if path.name == "service.sqlite")
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in tables:
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    hashes += [value for value in row if isinstance(value, str) and value.startswith("$")]
        connection.close()
        expect(hashes, "no password's hash is found")
        for text in hashes:
            expect(text.startswith("$argon2id$v=19$m=65536,t=3,p="), f"another hash than Argon2id of 64 MiB and 3 passes: {text[:40]}")
        return len(needles), len(files)


def experiment(options, chance, folder):
    self = Experiment(options, chance, folder)
    owners = [f"owner-{number}" for number in range(10)]
    targets = [f"target-{number}" for number in range(1, 6)]
    closed = [f"closed-{number}" for number in range(4)]
    without = [f"without-{number}" for number in range(4)]
    self.service.make(*owners, *targets, *closed, *without)
    foreign = Service(options.program, pathlib.Path(folder) / "foreign")
    foreign.folder.mkdir()
    foreign.make("owner-1")
    links = {account: self.set_up(account) for account in ("admin-1", *owners, *targets, *closed)}
    self.service.start()
    for account, link in links.items():
        self.passwords[account] = self.new_password()
        answer = self.service.ask("POST", "/api/v1/setup", {"link": link, "password": self.passwords[account]})
        expect(answer.status == 200, f"{account} is not set up: {answer.status} {answer.body}")
    answer = self.service.ask("POST", "/api/v1/setup", {"link": links["owner-1"], "password": self.new_password()})
    expect(answer.status == 401, f"a setup link is good twice: {answer.status}")
    for account in closed:
        expect(self.sign_in(account, self.passwords[account], self.new_address()).status == 200, f"{account} does not sign in")
    # A setup ends the tokens of an account; these were made before.
    for account in ("admin-1", "owner-1", "owner-2"):
        cookie, token = self.signed_in(account, self.new_address())
        made = self.service.ask("POST", "/api/v1/tokens", {"name": "thử", "scope": "administer", "days": 3}, headers={
            "cookie": cookie, "origin": self.service.url, "x-csrf-token": token})
        expect(made.status == 201, f"no token: {made.body}")
        expect(self.service.ask("GET", "/api/v1/account", account=account).status == 401, "a token from before the setup opens something")
        self.secrets.add(self.service.tokens[account])
        self.service.tokens[account] = json_of(made)["secret"]
    for account in closed:
        answer = self.service.ask("POST", f"/api/v1/accounts/{account}/closing", {"reason": "thử"}, "admin-1")
        expect(answer.status == 200, f"{account} is not closed: {answer.body}")
    found, median = self.timing()
    self.guessing()
    kept = self.tokens(foreign.tokens["owner-1"])
    cookie = self.sessions()
    tried = self.other_sites()
    self.service.settings = []
    expect(self.service.stop() == 0, "it did not stop")
    self.service.start()
    self.forwarded_by_nobody()
    words = self.later(kept, cookie)
    expect(self.service.stop() == 0, "it did not stop")
    expect(not self.service.failures(), f"the log has errors: {self.service.failures()[:3]}")
    secrets, files = self.nothing_in_clear()
    return (
        f"{options.samples} samples each, median {median * 1000:.0f} ms: " + ", ".join(f"unknown/{kind} p = {p:.3f}" for kind, p in found.items())
        + f"; guessing slowed, owner gets in; {words}; {tried} requests from elsewhere changed nothing; "
        f"{secrets} secrets in none of {files} files")


def add_options(parser):
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--others", type=int, default=80)


if __name__ == "__main__":
    service.main(__doc__, experiment, add_options)
