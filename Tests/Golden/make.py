#!/usr/bin/env python3
"""Makes a golden archive: a small one with records of most kinds, kept for ever. Every later version has to open, verify and bundle it.

    python3 Tests/Golden/make.py PROGRAM NAME        writes Tests/Golden/NAME.tar.xz and NAME.json

Run once for a version of the format, with the program of that version; never again with another. Everything in it is invented, its
keys sign nothing else, and their passphrase is "a golden passphrase".
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Bench"))
from bench import Bench  # noqa: E402


def main():
    program, name = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        archive = folder / "archive"

        def run(*arguments, **options):
            return subprocess.run(
                [program, *map(str, arguments)], check=True, capture_output=True, text=True, env={"MINHCHUNG_ARCHIVE": str(archive)}, **options
            ).stdout

        run("init", "--quiet")
        evidence = []
        for number in range(12):
            path = folder / f"minh-chung-{number}.txt"
            path.write_text(f"Giấy chứng nhận số {number}\nCấp cho Người Mẫu\f" + "Trang hai: nội dung học tập.\n" * (50_000 if number == 3 else 3))
            evidence.append(path)
        title = Bench(program, ".", folder).title_on(archive, evidence, extracts=True)
        mistaken = folder / "nham.txt"
        mistaken.write_text("Tệp gửi nhầm\n")
        run("deposit", "--quiet", mistaken, "--holder", "Người Khác")
        items = [json.loads(line) for line in run("list", "--json", "--limit", "50").splitlines()]
        wrong = next(entry["item"] for entry in items if entry["metadata"].get("file_name") == "nham.txt")
        run("erase", wrong, "--reason", "gửi nhầm", "--basis", "Điều 14", "--role", "authority", "--apply")
        run("hold", "place", items[-1]["item"], "--reason", "đang kiểm tra", "--basis", "Kế hoạch 1", "--role", "inspector")
        run("keys", "rotate", "--reason", "thử đổi khóa")
        run("verify", "--quiet")
        key = run("keys", "show", "--json")
        run("keys", "show", "--output", folder / "archive.pub")
        run("witness", "init", folder / "witness", "--archive-key", folder / "archive.pub", "--name", "golden.example/w1")
        run("witness", "pull", folder / "witness", "--from", archive)
        (folder / "witness/lock").unlink()
        bundle = folder / "bundle.zip"
        summary = json.loads(run("bundle", title, "--output", bundle, "--json"))
        with zipfile.ZipFile(bundle) as files:
            decision = files.read(f"{summary['bundle']}/data/decision.json")
        (folder / "passphrase").write_text("a golden passphrase\n")
        run("keys", "backup", "--output", folder / "keys.age", "--passphrase-file", folder / "passphrase")
        for pattern in ["search.sqlite*", "*-shm", "lock"]:
            for path in archive.glob(pattern):
                path.unlink()
        about = {
            "title": title, "checkpoint": summary["checkpoint"], "decision_sha256": hashlib.sha256(decision).hexdigest(),
            "key": json.loads(key)["current"], "records": summary["checkpoint"],
        }
        (ROOT / f"Tests/Golden/{name}.json").write_text(json.dumps(about, indent=2) + "\n")
        subprocess.run(
            ["tar", "--create", "--xz", "--file", str(ROOT / f"Tests/Golden/{name}.tar.xz"), "--directory", str(folder), "--sort=name",
             "--owner=0", "--group=0", "--numeric-owner", "archive", "witness", "archive.pub", "keys.age"], check=True)


if __name__ == "__main__":
    main()
