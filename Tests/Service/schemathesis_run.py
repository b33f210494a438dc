#!/usr/bin/env python3
"""Holds a server against its own description: thousands of requests that schemathesis makes of /api/openapi.json, sound ones and wrong ones.

No answer may have a status of 500 or more, a status or media type that the description does not name for it, a body or header fields that
are not as described, or be a success where the request was not as described. The archive is the sample's, so that references lead
somewhere; the account has every role everywhere.

Left out: an erasure is planned and never applied, and the account that asks is never closed, nor its token revoked; each would end the run.

    pip install -r Tests/Service/requirements-schemathesis.txt
    python3 Tests/Service/schemathesis_run.py --programs .build/debug [--seed N] [--examples N] [--only OPERATION,…]
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from served_archive import ROLES, ServedArchive

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
          "negative_data_rejection", "missing_required_header", "unsupported_method", "allow_header_conformance", "ignored_auth"]
# Any refusal is one; which one is for the table of the description.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
[checks.missing_required_header]
expected-statuses = ["4xx"]
"""


def ids(served, token, own):
    """References that lead somewhere, found by asking."""
    everything = lambda path: served.json(path, token)["items"]
    items = [item["item"] for item in everything("/api/v1/evidence?limit=200")]
    people = [person["person"] for person in everything("/api/v1/people?limit=200")]
    dossiers = [dossier["dossier"] for dossier in everything("/api/v1/dossiers?cycle=2025")]
    described = json.dumps([served.json(f"/api/v1/dossiers/{dossier}", token) for dossier in dossiers])
    traced = described + json.dumps([served.json(f"/api/v1/evidence/{item}/trace", token) for item in items[:20]])
    found = lambda prefix: sorted({word for word in traced.replace('"', " ").split() if word.startswith(prefix + "-") and len(word) == 19})
    return {
        "items": items, "people": people, "dossiers": dossiers, "subjects": items + people + dossiers, "titles": found("ti"),
        "decisions": found("de"), "citations": found("ci"),
        "units": [unit["unit"] for unit in everything("/api/v1/units")] + ["MAU-1-1"],
        "rules": ["tan-thanh-ward"], "criteria": ["framework"], "indicators": ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"],
        "words": ["tin học", "đồng", "so 12", '"giấy chứng nhận"', "khuyến*"], "cycles": [2025], "pages": [1, 2, 3],
        "records": list(range(0, 150, 7)), **own,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="the folder of minhchung and minhchung-extract")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--examples", type=int, default=50, help="random cases for each operation; those of boundaries come on top")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--only", help="operations, by their operationId")
    parser.add_argument("--sample", help="a folder that `make run` made; the archive in it is copied (default: one is made)")
    parser.add_argument("--keep", help="a folder for the archive, the log and the reports, which is kept")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(run(arguments, pathlib.Path(arguments.keep or temporary)))


def run(arguments, folder):
    folder.mkdir(parents=True, exist_ok=True)
    served = ServedArchive(arguments.programs, folder / "sample")
    served.make(sample=arguments.sample or True)
    token = served.account("admin-1", ROLES)
    others = [f"officer-{number}" for number in range(90, 102)]
    for other in others:
        served.account(other, ["reviewer"])
    people = folder / "people.csv"
    people.write_text("name,birth-year,group\n" + "".join(f"Người Giả Định {number},1980,farmer\n" for number in range(60)))
    served.run("person", "import", people, "--apply", "--quiet")
    try:
        served.start()
        own = {"accounts": others, "grants": [], "tokens": [], "uploads": []}
        for other in others:
            own["grants"] += [grant["grant"] for grant in served.json(f"/api/v1/accounts/{other}", token)["grants"]]
        for number in range(3):
            status, _, body = served.ask("POST", "/api/v1/tokens", token, {"name": f"spare {number}", "scope": "read", "days": 1})
            assert status == 201, body
            own["tokens"].append(json.loads(body)["token"])
            status, fields, body = served.ask("POST", "/api/v1/uploads", token, None, {"Tus-Resumable": "1.0.0", "Upload-Length": "100000"})
            assert status == 201, body
            own["uploads"].append(fields["location"].rsplit("/", 1)[1])
        known, counted, configuration = folder / "known.json", folder / "counts.json", folder / "schemathesis.toml"
        known.write_text(json.dumps({"seed": arguments.seed, **ids(served, token, own)}))
        configuration.write_text(CONFIGURATION)
        environment = {**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "MINHCHUNG_KNOWN": str(known),
                       "MINHCHUNG_COUNTS": str(counted), "PYTHONHASHSEED": "0", "COLUMNS": "160"}
        command = [str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file", str(configuration), "run", f"{served.url}/api/openapi.json",
                   "--header", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS), "--phases", arguments.phases,
                   "--max-examples", str(arguments.examples), "--seed", str(arguments.seed), "--continue-on-failure", "--request-timeout", "30",
                   "--suppress-health-check", "all", "--generation-database", "none", "--generation-allow-x00", "false", "--no-color", "--warnings", "off",
                   "--output-sanitize", "false", "--generation-with-security-parameters", "false",
                   "--report", "json", "--report-json-path", str(folder / "report.json")]
        for operation in arguments.only.split(",") if arguments.only else []:
            command += ["--include-operation-id", operation]
        status = subprocess.run(command, env=environment, cwd=folder).returncode
        lives = served.lives()
    finally:
        ended = served.stop()
    return summary(arguments, json.loads(counted.read_text()), status, lives, ended)


def summary(arguments, counts, status, lives, ended):
    operations = counts["operations"]
    classes = {}
    for answers in operations.values():
        for answered, number in answers.items():
            classes[f"{answered[0]}xx"] = classes.get(f"{answered[0]}xx", 0) + number
    never = sorted(name for name, answers in operations.items() if not any(answered[0] == "2" for answered in answers))
    for failure in counts["failures"][:20]:
        print("SERVER ERROR", json.dumps(failure, ensure_ascii=False))
    if never:
        print("never done with success: " + "; ".join(never))
    problems = [name for name, bad in [("schemathesis found failures", status), ("answers of 500 and more", counts["failures"]),
                                       ("the server ended by itself", not lives), (f"the server ended with {ended}", ended)] if bad]
    answered = ", ".join(f"{number} {name}" for name, number in sorted(classes.items()))
    print(f"{'VIOLATED' if problems else 'ok'}: {counts['cases']} cases over {len(operations)} operations, seed {arguments.seed}: {answered}"
          + "".join(f"; {problem}" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    main()
