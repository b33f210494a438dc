"""What schemathesis does not know of an archive: which ids there are, and what would end the run.

`schemathesis_run.py` sets MINHCHUNG_KNOWN to a file of ids and MINHCHUNG_COUNTS to where the cases are counted. Only what schemathesis made
as valid is replaced: what it made as wrong stays wrong.
"""

import atexit
import collections
import hashlib
import json
import os
import random
import re
import threading

import schemathesis
from schemathesis.core.parameters import ParameterLocation

KNOWN = json.loads(open(os.environ["MINHCHUNG_KNOWN"]).read())
RANDOM = random.Random(KNOWN["seed"])
# Members of bodies and parameters, by what they name.
FIELDS = {
    "person": "people", "unit": "units", "parent": "units", "from": "units", "to": "units", "item": "items", "by": "items", "scan": "items",
    "minutes": "items", "dossier": "dossiers", "dossiers": "dossiers", "rules": "rules", "criteria": "criteria", "title": "titles",
    "decision": "decisions", "citation": "citations", "grant": "grants", "account": "accounts", "token": "tokens", "upload": "uploads",
    "record": "records", "subject": "subjects", "references": "subjects", "indicator": "indicators", "q": "words", "about": "subjects",
    "cycle": "cycles", "page": "pages",
}
DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
# `account` and `from` of an entry are a new account's and a day.
LEFT = {("account", "entries"), ("from", "entries")}
# What is made in the run and may be asked for from then on.
MADE = {"dossier": "dossiers", "citation": "citations", "upload": "uploads", "item": "items", "grant": "grants", "token": "tokens", "person": "people"}
# In what capacity something is done when it is done.
CAPACITY = {"dossiers.open": "assistant", "citations.cite": "assistant", "citations.withdraw": "assistant", "evidence.verify": "reviewer",
            "decisions.decide": "authority", "people.honour": "authority", "holds.place": "inspector", "holds.release": "inspector",
            "erasures.erase": "authority", "titles.revoke": "authority", "evidence.supersede": "assistant"}
CAPACITY_OF_SCORES = {"self": "assistant", "collective": "reviewer", "appraised": "appraiser", "final": "confirmer"}
CAPACITY_OF_STEPS = {"declare": "assistant", "submit": "assistant", "review": "reviewer", "appraise": "appraiser", "confirm": "confirmer",
                     "propose": "appraiser", "return": "reviewer"}
counts = {"cases": 0, "operations": collections.defaultdict(collections.Counter), "refusals": collections.defaultdict(list), "failures": []}
lock = threading.Lock()


def known(name):
    values = KNOWN.get(FIELDS.get(name, ""), [])
    return RANDOM.choice(values) if values else None


def with_ids(value, name=""):
    """The value with ids that there are in most places where one belongs."""
    if isinstance(value, dict):
        return {key: inner if (key, name) in LEFT else with_ids(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_ids(inner, name) for inner in value]
    if isinstance(value, (str, int)) and not isinstance(value, bool) and RANDOM.random() < 0.95:
        # What an answer before told, and days, stay.
        if isinstance(value, str) and (value in KNOWN.get(FIELDS.get(name, ""), []) or DAY.match(value)):
            return value
        replacement = known(name)
        return value if replacement is None else replacement
    return value


def made_possible(operation, body):
    """What the description cannot say of a body, and without which it is hardly ever done."""
    if RANDOM.random() < 0.2:
        return
    if operation == "dossiers.open":
        body["cycle"] = RANDOM.choice([2025, 2026])
        body.pop("group", None)
    if operation == "citations.cite":
        body.pop("region", None)
        body["pages"] = [1]
    if operation == "scores.give":
        body["scores"] = {indicator: {"points": str(RANDOM.choice([0, 5, 7.5, 9, 10]))} for indicator in RANDOM.sample(KNOWN["indicators"], 4)}
    for name in ["dossiers", "references"]:
        if isinstance(body.get(name), list) and RANDOM.random() < 0.8:
            body[name] = [known(name)]


def is_valid(case, location):
    component = case.meta.components.get(location) if case.meta else None
    return component is not None and component.mode.is_positive


@schemathesis.serializer("application/offset+octet-stream")
def bytes_of_an_upload(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId", "")
    with lock:
        if is_valid(case, ParameterLocation.PATH) and isinstance(case.path_parameters, dict):
            for name in list(case.path_parameters):
                case.path_parameters[name] = with_ids(case.path_parameters[name], name)
        if is_valid(case, ParameterLocation.QUERY) and isinstance(case.query, dict) and "cursor" not in case.query:
            for name in list(case.query):
                if name in ("q", "unit", "about", "cycle"):
                    case.query[name] = with_ids(case.query[name], name)
        if is_valid(case, ParameterLocation.HEADER) and operation.startswith("uploads.") and case.headers is not None:
            if RANDOM.random() < 0.8:
                case.headers["tus-resumable"] = "1.0.0"
                if "upload-offset" in case.headers:
                    case.headers["upload-offset"] = "0"
                if "upload-length" in case.headers:
                    case.headers["upload-length"] = str(RANDOM.choice([0, 1, 100, 4096]))
                for name in ["upload-metadata", "upload-checksum"]:
                    case.headers.pop(name, None)
        # A field of the header that nobody knows is no mistake; a parameter of the query that nobody knows is.
        if case.headers and "x-schemathesis-unknown-property" in case.headers:
            case.query = {**(case.query or {}), "unknown": "1"}
        if is_valid(case, ParameterLocation.BODY):
            if isinstance(case.body, dict):
                case.body = with_ids(case.body)
                made_possible(operation, case.body)
                capacity = CAPACITY.get(operation) or CAPACITY_OF_SCORES.get(case.body.get("kind")) or CAPACITY_OF_STEPS.get(case.body.get("act"))
                if capacity and "role" in case.body and RANDOM.random() < 0.8:
                    case.body["role"] = capacity
            is_whole = case.meta.generation.mode.is_positive
            if operation == "evidence.deposit" and is_whole and isinstance(case.body, dict) and "metadata" in case.body and RANDOM.random() < 0.8:
                # Of the form that it was made with: schemathesis holds what it sends against the description.
                if isinstance(case.body["metadata"], str):
                    case.body["metadata"] = json.dumps({"title": "Giấy xác nhận"})
                else:
                    case.body["metadata"] = {"title": "Giấy xác nhận"}
            if operation == "evidence.put" and is_whole and RANDOM.random() < 0.8:
                case.body = RANDOM.randbytes(RANDOM.randrange(1, 3000))
                case.path_parameters["digest"] = hashlib.sha256(case.body).hexdigest()
                case.headers["upload-metadata"] = "title R2nhuqV5"
        # An erasure that is applied, whatever made it, takes away what the other cases need.
        if operation == "erasures.erase" and isinstance(case.body, dict):
            case.body.pop("apply", None)


@schemathesis.hook
def after_call(context, case, response):
    with lock:
        operation = f"{case.operation.method.upper()} {case.operation.path}"
        counts["cases"] += 1
        counts["operations"][operation][response.status_code] += 1
        if response.status_code == 201 and response.headers.get("content-type") == "application/json":
            made = response.json()
            for name, value in made.items() if isinstance(made, dict) else []:
                if name in MADE and isinstance(value, str):
                    KNOWN[MADE[name]].append(value)
        elif response.status_code >= 400 and case.meta and case.meta.generation.mode.is_positive and len(counts["refusals"][operation]) < 20:
            # Why what is as described was refused: so one sees what the run does not reach.
            counts["refusals"][operation].append(response.content.decode("utf-8", "replace")[:300])
        if response.status_code >= 500:
            request = response.request
            body = request.body if isinstance(request.body, (bytes, str)) else None
            counts["failures"].append({
                "method": request.method, "url": request.url, "fields": {k: str(v) for k, v in request.headers.items() if k.lower() != "authorization"},
                "body": body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else body, "status": response.status_code,
                "answer": response.content.decode("utf-8", "replace")[:2000],
            })


@atexit.register
def write():
    with open(os.environ["MINHCHUNG_COUNTS"], "w") as file:
        json.dump(counts, file, ensure_ascii=False)
