#!/usr/bin/env python3
"""Sends what is not JSON, or not the JSON that is asked for, to every operation that takes JSON.

    bad_json.py [--seed N] [--program FILE]

The operations and their forms are read from /api/openapi.json. A body that is right is made for each form, and spoilt in one
place. The answer is always 4xx and a problem (RFC 9457); it names the place by its JSON pointer, and no other, or, where the
bytes are no JSON, by the byte. Nothing is recorded.

Exit status: 0 all of that holds; 1 otherwise, and the archive is kept; 2 it could not be tried.
"""

import http.client
import json
import re

import service
from service import Service, expect, json_of

# Stands in a body where something spoilt comes; no text of a right body has it.
MARK = "\ue000mark\ue000"
DATES = {"date": "2025-12-31", "date-time": "2025-12-31T23:59:59.123Z"}


class Forms:
    """Bodies by the schemas of the description."""

    def __init__(self, description):
        self.schemas = description["components"]["schemas"]

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def right(self, schema):
        """A value with every member that there may be."""
        schema = self.resolved(schema)
        if "oneOf" in schema:
            return self.right(schema["oneOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if kind == "object":
            if "properties" in schema:
                return {name: self.right(member) for name, member in schema["properties"].items()}
            return {"A1": self.right(schema["additionalProperties"])}
        if kind == "array":
            return [self.right(schema["items"])]
        if kind == "integer":
            return schema["minimum"]
        if kind == "boolean":
            return False
        if kind == "string":
            return self.text(schema)
        return "anything"

    def text(self, schema):
        if schema.get("format") in DATES:
            return DATES[schema["format"]]
        identifier = re.match(r"\^(\w+-)\[", schema.get("pattern", ""))
        if identifier:
            return identifier[1] + "0" * 16
        return "0" * max(schema.get("minLength", 1), 1)

    def places(self, schema, value, pointer=""):
        """Every place of a right value: its pointer, its schema, and what makes a whole of another value there."""
        schema = self.resolved(schema)
        yield pointer, schema, lambda other: other
        if isinstance(value, dict):
            for name, member in value.items():
                form = schema["properties"][name] if "properties" in schema else schema["additionalProperties"]
                for place, inner, put in self.places(form, member, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"):
                    yield place, inner, lambda other, name=name, put=put: {**value, name: put(other)}
        elif isinstance(value, list) and value:
            for place, inner, put in self.places(schema["items"], value[0], f"{pointer}/0"):
                yield place, inner, lambda other, put=put: [put(other), *value[1:]]


def wrong_values(schema, value):
    """JSON that is not of this schema, as it is written, and what is below it that is told instead."""
    kind = "choice" if "enum" in schema else schema.get("type", "anything")
    if kind == "anything":
        return
    written = {
        "null": "null", "a text": '"x"', '"true"': '"true"', "true": "true", "a number": "7", "an array": "[]", "an object": "{}",
        "an array of it": f"[{json.dumps(value)}]", "a number as text": '"1"',
    }
    fits = {
        "object": {"an object"}, "array": {"an array", "an array of it"}, "integer": {"a number"}, "boolean": {"true"},
        "string": {"a text", '"true"', "a number as text"}, "choice": set(),
    }[kind]
    for what, text in written.items():
        if what not in fits:
            yield what, text, ""
    if kind == "choice" or "pattern" in schema:
        yield "another word", '"\\u0000"', ""
    if kind == "string" and schema["minLength"] > 0:
        yield "nothing", '""', ""
    if kind == "string" and schema["maxLength"] <= 20_000:
        yield "a long text", json.dumps("9" * (schema["maxLength"] + 1)), ""
    if kind == "integer":
        yield "too little", str(schema["minimum"] - 1), ""
        yield "too much", str(schema["maximum"] + 1), ""
        yield "2^53 - 1", str((1 << 53) - 1), ""
    if kind == "array" and schema["maxItems"] <= 1000:
        yield "a long array", json.dumps([value[0]] * (schema["maxItems"] + 1)), ""
    if kind == "object" and "properties" in schema:
        unknown = dict(value) if isinstance(value, dict) else {}
        yield "an unknown member", json.dumps({**unknown, "unknown/~": 1}), "/unknown~1~0"
        yield "a member in capitals", json.dumps({**unknown, "NAME": 1}), "/NAME"
        yield "an empty name", json.dumps({**unknown, "": 1}), "/"
        yield "a name of Python's", json.dumps({**unknown, "__proto__": {}}), "/__proto__"
        for name in schema.get("required", []):
            yield "a member less", json.dumps({key: unknown[key] for key in unknown if key != name}), f"/{name}"


# What no JSON has, in the place of a value; the program keeps no numbers but integers, and reads no others.
NO_VALUES = {
    "a fraction": b"1.5", "a whole fraction": b"1.0", "an exponent": b"1e3", "a large exponent": b"1e400", "10^30": b"1" + b"0" * 30,
    "2^63": b"9223372036854775808", "a long number": b"9" * 5000, "a leading zero": b"007", "a plus": b"+1", "NaN": b"NaN", "Infinity": b"-Infinity",
    "hexadecimal": b"0x10", "True": b"True", "undefined": b"undefined", "quotes of one": b"'x'", "nothing": b"", "a comment": b"1/**/",
    "a comma too many": b"[1,]", "bytes that are no UTF-8": b'"\xff\xfe"', "an overlong letter": b'"\xc0\xaf"', "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "half a surrogate": b'"\\ud800"', "a surrogate the wrong way": b'"\\udc00\\ud800"', "a letter cut off": b'"\xe1\xba"', "an escape of none": b'"\\x41"',
    "a line in a text": b'"a\nb"', "a NUL in a text": b'"a\0b"', "a member twice": b'{"a":1,"a":1}', "a member twice, escaped": b'{"a":1,"\\u0061":2}',
    "33 deep": b"[" * 40 + b"]" * 40, "objects, 5000 deep": b'{"a":' * 5000 + b"1" + b"}" * 5000, "50000 deep": b"[" * 50_000,
}

NO_BODIES = {
    "nothing": b"", "a space": b" ", "a comma": b",", "half": b'{"', "two": b"{}{}", "a rest": b"{} x", "a BOM": b"\xef\xbb\xbf{}", "UTF-16": "{}".encode("utf-16"),
    "UTF-32": "{}".encode("utf-32-le"), "a NUL": b"\0", "a NUL behind": b"{}\0", "deep": b"[" * 60_000, "no quotes": b"{a:1}", "lines": b"{}\n{}",
    "binary": bytes(range(256)),
}


class Attack:
    def __init__(self, served):
        self.service = served
        self.connection = None
        self.counts = {"requests": 0, "pointers": 0, "bytes": 0}

    def send(self, method, path, body, content_type="application/json"):
        headers = {"content-type": content_type, "authorization": f"Bearer {self.service.tokens['admin-1']}"}
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=service.PATIENCE)
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                answer = service.Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
                break
            except service.NO_ANSWER:
                self.connection.close()
                self.connection = None
                # A connection that was closed behind the last answer; a new one is not.
                expect(attempt == 1, f"{method} {path}: no answer")
        if answer.headers.get("connection") == "close":
            self.connection.close()
            self.connection = None
        self.counts["requests"] += 1
        return answer

    def refused(self, answer, what):
        """The problem that an answer is."""
        expect(400 <= answer.status < 500, f"{what}: {answer.status} {answer.body[:300]}")
        expect(answer.headers["content-type"] == "application/problem+json", f"{what}: the answer is {answer.headers['content-type']}")
        problem = json_of(answer)
        expect(problem["status"] == answer.status and {"type", "title", "detail", "request"} <= set(problem), f"{what}: {problem}")
        return problem

    def pointed(self, answer, what, pointer):
        problem = self.refused(answer, what)
        expect(answer.status == 422, f"{what}: {answer.status} {problem}")
        found = [error["pointer"] for error in problem.get("errors", [])]
        expect(found == [pointer], f"{what}: the place is {pointer!r}, and told are {found}: {problem['detail'][:200]}")
        self.counts["pointers"] += 1

    def located(self, answer, what, first, last):
        """The byte is told at which it is no JSON, or the place is plain."""
        problem = self.refused(answer, what)
        expect(answer.status == 400, f"{what}: {answer.status} {problem}")
        found = re.search(r"at byte (\d+)", problem["detail"])
        expect(found or "nested deeper" in problem["detail"], f"{what}: no place is told: {problem['detail'][:200]}")
        if found:
            expect(first <= int(found[1]) <= last, f"{what}: byte {found[1]} is told, and it is in {first}…{last}")
        self.counts["bytes"] += 1

    def operation(self, name, schema, forms, send):
        """`send` sends a body, as bytes, to where this schema is asked for."""
        right = forms.right(schema)
        for pointer, inner, put in forms.places(schema, right):
            before, after = json.dumps(put(MARK)).split(json.dumps(MARK))
            value = right
            for part in pointer.split("/")[1:]:
                value = value[int(part)] if isinstance(value, list) else value[part]
            for what, text, below in wrong_values(inner, value):
                self.pointed(send((before + text + after).encode()), f"{name} with {what} at {pointer or 'the top'}", pointer + below)
            for what, text in NO_VALUES.items():
                # What is deep only once in each operation, as it is long.
                if len(text) > 1000 and pointer.count("/") != 1:
                    continue
                # An array of nothing is one.
                if not text and pointer.rpartition("/")[2].isdigit():
                    continue
                start = len(before.encode())
                self.located(send(before.encode() + text + after.encode()), f"{name} with {what} at {pointer or 'the top'}", start, start + len(text) + 1)
        for what, body in NO_BODIES.items():
            self.located(send(body), f"{name} with {what} as the body", 0, len(body))
        if isinstance(right, dict):
            first = next(iter(right))
            twice = f'{{{json.dumps(first)}:{json.dumps(right[first])},'.encode() + json.dumps(right).encode()[1:]
            self.located(send(twice), f"{name} with /{first} twice", 1, len(twice))


def address(path, parameters):
    """A path in which something of the right form stands for each parameter."""
    for parameter in parameters:
        if parameter["in"] != "path":
            continue
        identifier = re.match(r"\^(\w+-)\[", parameter["schema"].get("pattern", ""))
        value = identifier[1] + "0" * 16 if identifier else "0" * parameter["schema"].get("minLength", 1)
        path = path.replace("{" + parameter["name"] + "}", value)
    expect("{" not in path, f"{path} has a parameter that is not described")
    return path


def in_form(metadata):
    return (b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n' + metadata
            + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\nabc\r\n--b--\r\n')


def experiment(options, chance, folder):
    served = Service(options.program, folder)
    served.make()
    served.start()
    description = json_of(served.get("/api/openapi.json"))
    forms, attack = Forms(description), Attack(served)
    records, operations = served.records(), 0
    state = {path: served.get(path, "admin-1").body for path in ("/api/v1/tokens", "/api/v1/accounts", "/api/v1/units", "/api/v1/people")}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" not in content:
                continue
            where = address(path, operation.get("parameters", []))
            attack.operation(
                operation["operationId"], content["application/json"]["schema"], forms,
                lambda body, method=method, where=where: attack.send(method.upper(), where, body))
            operations += 1
    expect(operations > 20, f"only {operations} operations take JSON")
    # What a form declares of its files is JSON too.
    declared = description["paths"]["/api/v1/evidence/{item}/metadata"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    attack.operation("the part metadata of evidence.deposit", declared, forms, lambda body: attack.send(
        "POST", "/api/v1/evidence", in_form(body), "multipart/form-data; boundary=b"))
    expect(served.records() == records, f"{served.records() - records} records were made")
    for path, before in state.items():
        expect(served.get(path, "admin-1").body == before, f"{path} has changed")
    expect(not served.items("admin-1"), "something was deposited")
    # What is right is taken: else the above would say nothing.
    answer = attack.send("POST", "/api/v1/accounts", b'{"account":"officer-1"}')
    expect(answer.status == 201 and served.records() == records + 1, f"what is right is not taken: {answer}")
    answer = attack.send("POST", "/api/v1/evidence", in_form(b'{"title":"a"}'), "multipart/form-data; boundary=b")
    expect(answer.status == 201, f"a form that is right is not taken: {answer}")
    expect(served.stop() == 0, "it did not stop as it should")
    expect(not served.failures(), f"the log has errors: {served.failures()[:3]}")
    counts = attack.counts
    return (f"{operations} operations and a form, {counts['requests']} requests, {counts['pointers']} places told by pointer, "
            f"{counts['bytes']} by byte, none taken, nothing recorded")


if __name__ == "__main__":
    service.main(__doc__, experiment)
