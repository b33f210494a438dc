#!/usr/bin/env python3
"""Measures minhchung against its peers, in turn and in one run, and prints ratios.

Absolute times of a shared machine say little; each figure is the median of pairs measured one after the other.
A bar that is missed makes the exit status 1. A peer that is not installed is named and its figure left out.

Nothing is deleted between two measurements: on a file system without a journal ext4 steps over every inode that was freed in
the last minute, one by one, whenever a file is made, and a folder that was just removed would be measured with the next one.

    python3 Tests/Bench/bench.py --program .build/release/minhchung [--only deposit,verify,…] [--documents FOLDER]
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from service_bench import ServiceBench

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = ("công dân học tập xã hội minh chứng đánh giá quyết định ủy ban nhân dân phường tỉnh chỉ số năng lực tự đọc sách "
         "kế hoạch báo cáo chứng nhận chứng chỉ tin học ngoại ngữ nông dân công nhân trí thức thư viện cộng đồng gia đình "
         "khuyến học hội viên tổ dân phố thẩm định bình xét công nhận danh hiệu năm điểm tổng số mục tiêu nhiệm vụ").split()

missed = []


def clock(command, **options):
    """Seconds that a command takes; its output is thrown away."""
    started = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.monotonic() - started, result.returncode


def must(command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def ratio(name, ours, theirs, bar, at_least=False, unit=" s"):
    """Prints the median of the pairs' ratios and holds it against the bar."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    median = statistics.median(ratios)
    holds = median >= bar if at_least else median <= bar
    if not holds:
        missed.append(name)
    sign = "≥" if at_least else "≤"
    print(f"{'ok    ' if holds else 'MISSED'}  {name}: {median:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), bar {sign} {bar}"
          f"   [{statistics.median(ours):.3f}{unit} against {statistics.median(theirs):.3f}{unit}]", flush=True)


def speed(name, counts, seconds, bar):
    """Prints the median of the speeds and holds it against a bar of its own, without a peer."""
    speeds = [count / second for count, second in zip(counts, seconds)]
    median = statistics.median(speeds)
    if median < bar:
        missed.append(name)
    print(f"{'ok    ' if median >= bar else 'MISSED'}  {name}: {median:,.0f}/s ({min(speeds):,.0f} to {max(speeds):,.0f}), bar ≥ {bar:,}"
          f"   [{statistics.median(seconds):.1f} s]", flush=True)


def holds(name, is_so, says):
    """Prints what has to be so, and whether it is."""
    if not is_so:
        missed.append(name)
    print(f"{'ok    ' if is_so else 'MISSED'}  {name}: {says}", flush=True)


def absent(name, peer):
    print(f"absent  {name}: {peer} is not installed", flush=True)


class Bench:
    def __init__(self, program, documents, folder):
        self.program = str(pathlib.Path(program).resolve())
        self.documents = pathlib.Path(documents)
        self.folder = pathlib.Path(folder)

    def run(self, *arguments, archive, **options):
        return clock([self.program, arguments[0], "--archive", str(archive), *map(str, arguments[1:])], **options)

    made = 0

    def new(self, name):
        """A path that nothing has had."""
        self.made += 1
        return self.folder / f"{name}-{self.made}"

    def fresh(self, name):
        archive = self.new(name)
        must([self.program, "init", "--quiet", "--archive", str(archive)])
        return archive

    def pdfs(self):
        """Copies of the PDFs that pdftotext finishes in time, under names of their own."""
        target = self.folder / "pdfs"
        if target.exists():
            return target
        target.mkdir()
        slow = 0
        for number, path in enumerate(sorted(self.documents.rglob("*.[pP][dD][fF]"))):
            try:
                subprocess.run(["pdftotext", str(path), "-"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=5)
            except subprocess.TimeoutExpired:
                slow += 1
                continue
            shutil.copyfile(path, target / f"{number:05}.pdf")
        print(f"        {len(list(target.iterdir()))} PDFs; {slow} left out that pdftotext does not finish in 5 s")
        return target

    # 1 -------------------------------------------------------------------------------------------------------------
    def extraction(self):
        if not shutil.which("pdftotext"):
            return absent("deposit with extraction", "pdftotext")
        pdfs = self.pdfs()
        ours, theirs = [], []
        for turn in range(5):
            copy = self.new("texts")
            shutil.copytree(pdfs, copy)
            archive = self.fresh("extraction")
            os.sync()
            theirs.append(clock(f"find {copy} -name '*.pdf' -print0 | xargs -0 -P2 -n1 pdftotext", shell=True)[0])
            ours.append(self.run("deposit", pdfs, archive=archive)[0])
        ratio("deposit with extraction and indexing / xargs -P2 pdftotext", ours, theirs, 0.6)
        if not shutil.which("recollindex"):
            return absent("deposit with extraction / recollindex", "recollindex")
        theirs = []
        for turn in range(2):
            settings = self.new("recoll")
            settings.mkdir()
            (settings / "recoll.conf").write_text(f"topdirs = {pdfs}\n")
            theirs.append(clock(["recollindex", "-c", str(settings), "-z"])[0])
        ratio("deposit with extraction and indexing / recollindex", ours, theirs, 0.125)

    # 2 -------------------------------------------------------------------------------------------------------------
    def storing(self):
        source = self.pdfs() if shutil.which("pdftotext") else self.documents
        ours, again, theirs = [], [], []
        for turn in range(7):
            copy = self.new("copy")
            os.sync()
            theirs.append(clock(f"cp -a {source} {copy} && sync -f {copy}", shell=True)[0])
            archive = self.fresh("storing")
            os.sync()
            ours.append(self.run("deposit", "--no-extract", source, archive=archive)[0])
            again.append(self.run("deposit", "--no-extract", source, archive=archive)[0])
        ratio("deposit --no-extract, durable / cp -a and sync -f", ours, theirs, 2)
        print(f"        the same again, nothing stored twice: {statistics.median(again):.3f} s")

    # 3 -------------------------------------------------------------------------------------------------------------
    def verifying(self):
        source = self.folder / "blocks"
        source.mkdir(exist_ok=True)
        for number in range(64):
            must(f"openssl rand 33554432 > {source}/{number:02}", shell=True)
        archive = self.fresh("verifying")
        self.run("deposit", "--no-extract", source, archive=archive)
        self.compare_verify("verify 2 GiB in files of 32 MiB", archive)
        archive = self.fresh("verifying")
        self.run("deposit", "--no-extract", self.documents, archive=archive)
        self.compare_verify("verify the documents", archive)

    def compare_verify(self, name, archive):
        ours, theirs = [], []
        peer = f"find {archive}/objects -type f -print0 | xargs -0 -P2 -n 32 openssl dgst -sha256"
        clock(peer, shell=True)
        for turn in range(5):
            theirs.append(clock(peer, shell=True)[0])
            seconds, status = self.run("verify", archive=archive)
            assert status == 0, "the archive is not sound"
            ours.append(seconds)
        # A speed, so the other way round.
        ratio(name + ": speed / openssl dgst on two cores", theirs, ours, 0.8, at_least=True)

    # 4 -------------------------------------------------------------------------------------------------------------
    def memory(self):
        large = self.folder / "large"
        must(f"openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c 4294967296 > {large}",
             shell=True)
        archive = self.fresh("memory")
        for name, arguments in [("deposit", ["deposit", "--no-extract", str(large)]), ("get", None)]:
            if arguments is None:
                item = subprocess.run([self.program, "list", "--json", "--archive", str(archive)], check=True,
                                      capture_output=True, text=True).stdout.split('"item":"')[1].split('"')[0]
                arguments = ["get", item, "--output", str(self.folder / "large.copy")]
            child = subprocess.Popen([self.program, arguments[0], "--quiet", "--archive", str(archive), *arguments[1:]])
            _, status, usage = os.wait4(child.pid, 0)
            assert status == 0, f"{name} of 4 GiB failed"
            peak = usage.ru_maxrss / 1024
            holds = peak <= 100
            if not holds:
                missed.append(f"memory of {name}")
            print(f"{'ok    ' if holds else 'MISSED'}  {name} of 4 GiB: {peak:.0f} MiB resident at most, bar ≤ 100 MB", flush=True)
        must(["cmp", str(large), str(self.folder / "large.copy")])
        for path in ["large", "large.copy"]:
            (self.folder / path).unlink()
        shutil.rmtree(archive)

    # 9 -------------------------------------------------------------------------------------------------------------
    def growth(self):
        generator = random.Random(2026)
        small = self.grown("ten-thousand", 10_000, generator)
        large = self.grown("million", 1_000_000, generator)
        for name in ["deposit", "show", "search for a rare word"]:
            at_small, at_large = [], []
            for turn in range(9):
                at_small.append(self.question(name, small, turn))
                at_large.append(self.question(name, large, turn))
            ratio(f"{name}: at 1,000,000 pages / at 10,000", at_large, at_small, 2)

    def question(self, name, archive, turn):
        if name == "deposit":
            document = self.folder / "document.txt"
            document.write_text(f"Giấy chứng nhận số {turn} {archive} {time.monotonic_ns()}\n")
            return self.run("deposit", document, archive=archive)[0]
        if name == "show":
            return self.run("show", self.known[archive], archive=archive)[0]
        return self.run("search", "hiemthay7", archive=archive)[0]

    known = {}

    def grown(self, name, pages, generator):
        """An archive of `pages` pages in documents of 50, one word of which stands on one page only."""
        archive = self.fresh(name)
        source = self.folder / "generated"
        started = time.monotonic()
        made = 0
        while made < pages:
            shutil.rmtree(source, ignore_errors=True)
            source.mkdir()
            for _ in range(min(1000, (pages - made) // 50)):
                texts = []
                for _ in range(50):
                    words = generator.choices(WORDS, k=100)
                    words.append(f"mã{made}")
                    if made == pages // 2:
                        words.append("hiếmthấy7")
                    texts.append(" ".join(words))
                    made += 1
                (source / f"{made}.txt").write_text("\f".join(texts))
            self.run("deposit", "--quiet", source, archive=archive)
        found = subprocess.run([self.program, "search", "--json", "hiemthay7", "--archive", str(archive)], check=True,
                               capture_output=True, text=True).stdout
        self.known[archive] = found.split('"item":"')[1].split('"')[0]
        shutil.rmtree(source)
        print(f"        made an archive of {pages} pages in {time.monotonic() - started:.0f} s", flush=True)
        return archive

    # The programme ---------------------------------------------------------------------------------------------------
    def recognition(self):
        """Rebuilding the views; and that a trace costs what is asked, not what the archive holds."""
        small, large = self.programme("fifty-thousand-records", 50_000), self.programme("million-records", 1_000_000)
        titles = {archive: self.titles(archive, 15) for archive in [small, large]}
        for name, questions in [
            ("trace title", lambda archive, turn: ("title", titles[archive][turn])),
            ("trace evidence, cited in 1,000 dossiers", lambda archive, turn: ("evidence", self.known[archive])),
        ]:
            at_small, at_large = [], []
            for turn in range(15):
                for archive, times in [(small, at_small), (large, at_large)]:
                    seconds, status = clock([self.program, "trace", *questions(archive, turn), "--json", "--archive", str(archive)])
                    assert status == 0, f"{name} failed"
                    times.append(seconds)
            ratio(f"{name}: at 1,000,000 records / at 50,000", at_large, at_small, 2)

    def programme(self, name, records):
        """An archive of so many generated records, rebuilt three times."""
        archive = self.fresh(name)
        criteria = ROOT / "Storage/Criteria"
        paper = self.new("paper").with_suffix(".txt")
        paper.write_text("Giấy chứng nhận lớp học cộng đồng, cấp cho nhiều người\n")
        for command in [
            ["criteria", "import", criteria / "framework.yaml", criteria / "tan-thanh-ward.yaml"],
            ["unit", "add", "--name", "Phường Mẫu", "--code", "1", "--kind", "ward", "--from", "2020-01-01"],
            ["deposit", "--no-extract", paper],
        ]:
            must([self.program, *map(str, command), "--archive", str(archive)])
        must([sys.executable, str(ROOT / "Tests/Bench/generate_ledger.py"), str(archive), "--records", str(records)])
        os.sync()
        seconds = []
        for turn in range(3):
            taken, status = self.run("rebuild", "--quiet", archive=archive)
            assert status == 0, "the generated ledger is not sound"
            seconds.append(taken)
        speed(f"rebuild {records:,} records", [records] * 3, seconds, 30_000)
        self.known[archive] = self.commonly_cited(archive)
        return archive

    def commonly_cited(self, archive):
        """The item that 1,000 dossiers cite, after a look at what `trace evidence` says of it."""
        item = self.ask(archive, "SELECT id FROM item ORDER BY key LIMIT 1")[0]
        trace = json.loads(subprocess.run(
            [self.program, "trace", "evidence", item, "--json", "--archive", str(archive)], check=True, capture_output=True).stdout)
        falling = trace["if_revoked"]["falling"]
        assert len(trace["uses"]) == 1000 and 0 < falling < 1000, "trace evidence does not say what was generated"
        print(f"        {item} is cited in 1,000 dossiers; {falling} would fall with it", flush=True)
        return item

    def titles(self, archive, count):
        """Titles that stand, from all over the ledger."""
        titles = self.ask(archive, "SELECT title FROM decision WHERE dossier IS NOT NULL AND title IS NOT NULL ORDER BY record")
        return titles[::len(titles) // count][:count]

    # Proof that travels ------------------------------------------------------------------------------------------------
    def proof(self):
        """Bundles against `zip -0`, their memory, proofs in a large ledger, and how fast records are appended."""
        self.appending()
        self.proving()
        if not shutil.which("zip"):
            return absent("bundle", "zip")
        evidence = self.folder / "evidence"
        evidence.mkdir()
        for number in range(32):
            must(f"openssl rand 33554432 > {evidence}/{number:02}.bin", shell=True)
        self.compare_bundle("bundle of 1 GiB in 32 files", evidence)
        evidence = self.folder / "small-evidence"
        evidence.mkdir()
        for number in range(1000):
            must(f"openssl rand 70000 > {evidence}/{number:04}.bin", shell=True)
        self.compare_bundle("bundle of 1,000 files of 70 kB", evidence)
        self.bundle_memory()

    def compare_bundle(self, name, evidence):
        """A bundle against `zip` of the files that are in it; of the evidence alone as well, which is less than what a bundle has."""
        archive = self.fresh("bundled")
        title = self.title_on(archive, sorted(evidence.iterdir()))
        files = self.new("bundle-files")
        assert self.run("bundle", title, "--folder", "--output", files, archive=archive)[1] == 0, "the bundle was not written"
        ours, theirs, of_evidence, written = [], [], [], []
        for turn in range(5):
            for times, folder in [(theirs, files), (of_evidence, evidence)]:
                written.append(self.new("peer").with_suffix(".zip"))
                os.sync()
                times.append(clock(["zip", "-0", "-q", "-r", str(written[-1]), str(folder)])[0])
            bundle = self.new("bundle").with_suffix(".zip")
            os.sync()
            seconds, status = self.run("bundle", title, "--output", bundle, archive=archive)
            assert status == 0, "the bundle was not written"
            ours.append(seconds)
            written.append(bundle)
        # A speed, so the other way round. Ours is on the disk when it ends, and every byte of it was digested.
        count = sum(len(names) for _, _, names in os.walk(files))
        ratio(f"{name}: speed / zip -0 -r of its {count:,} files", theirs, ours, 0.8, at_least=True)
        alone = statistics.median(a / b for a, b in zip(of_evidence, ours))
        print(f"        the evidence alone, without records, proofs and manifests: {alone:.2f}", flush=True)
        self.check_bundle(archive, bundle)
        for file in written:
            file.unlink()
        shutil.rmtree(files)

    def check_bundle(self, archive, bundle):
        key = self.new("key").with_suffix(".pub")
        must([self.program, "keys", "show", "--quiet", "--output", str(key), "--archive", str(archive)])
        child = subprocess.Popen([self.program, "verify-bundle", "--quiet", "--key", str(key), str(bundle)])
        _, status, usage = os.wait4(child.pid, 0)
        assert status == 0, "the bundle is not sound"
        return usage.ru_maxrss / 1024

    def bundle_memory(self):
        large = self.folder / "large-evidence"
        must(f"openssl enc -aes-128-ctr -nosalt -K 01 -iv 00 -in /dev/zero 2>/dev/null | head -c 4294967296 > {large}", shell=True)
        archive = self.fresh("large-bundle")
        title = self.title_on(archive, [large])
        large.unlink()
        bundle = self.new("large").with_suffix(".zip")
        child = subprocess.Popen([self.program, "bundle", title, "--quiet", "--output", str(bundle), "--archive", str(archive)])
        _, status, usage = os.wait4(child.pid, 0)
        assert status == 0, "the bundle of 4 GiB was not written"
        for name, peak in [("bundle of 4 GiB", usage.ru_maxrss / 1024), ("verify-bundle of 4 GiB", self.check_bundle(archive, bundle))]:
            holds = peak <= 100
            if not holds:
                missed.append(f"memory of {name}")
            print(f"{'ok    ' if holds else 'MISSED'}  {name}: {peak:.0f} MiB resident at most, bar ≤ 100 MB", flush=True)
        bundle.unlink()

    def title_on(self, archive, files, extracts=False):
        """A title that rests on these files, by the commands that people use."""
        def command(*arguments):
            result = subprocess.run([self.program, *map(str, arguments), "--json", "--archive", str(archive)], check=True, capture_output=True)
            return [json.loads(line) for line in result.stdout.splitlines()]

        criteria = ROOT / "Storage/Criteria"
        command("criteria", "import", criteria / "framework.yaml", criteria / "tan-thanh-ward.yaml")
        command("unit", "add", "--name", "Phường Mẫu", "--code", "1", "--kind", "ward", "--from", "2020-01-01")
        command("person", "add", "--name", "Người Mẫu", "--birth-year", "1980", "--group", "farmer")
        person = self.ask(archive, "SELECT id FROM person")[0]
        paper = self.new("minutes").with_suffix(".txt")
        paper.write_text("Biên bản bình xét\n")
        must([self.program, "deposit", *([] if extracts else ["--no-extract"]), "--quiet", "--archive", str(archive), str(paper), *map(str, files)])
        items = self.ask(archive, "SELECT id FROM item ORDER BY key")
        minutes, evidence = items[0], items[1:]
        command("dossier", "open", "--person", person, "--cycle", "2025", "--unit", "1", "--rules", "tan-thanh-ward", "--criteria", "framework",
                "--role", "citizen")
        dossier = self.ask(archive, "SELECT id FROM dossier")[0]
        command("dossier", "step", "declare", dossier, "--role", "citizen")
        indicators = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "C1", "C2"]
        for number, item in enumerate(evidence if len(evidence) >= 10 else evidence * 10):
            command("cite", dossier, indicators[number % 10], item, "--role", "citizen")
        scores = [f"{indicator}=9" for indicator in indicators]
        command("score", dossier, "self", *scores, "--role", "citizen")
        command("dossier", "step", "submit", dossier, "--role", "citizen")
        command("score", dossier, "collective", *scores, "--role", "reviewer", "--as", "officer-1")
        command("dossier", "step", "review", dossier, "--held", "2025-11-20", "--votes-for", "1", "--votes-against", "0", "--minutes", minutes,
                "--participant", "Bà Tư", "--role", "reviewer", "--as", "officer-1")
        command("score", dossier, "appraised", *scores, "--role", "appraiser", "--as", "officer-2")
        command("dossier", "step", "appraise", dossier, "--role", "appraiser", "--as", "officer-2")
        command("dossier", "step", "confirm", dossier, "--role", "confirmer", "--as", "officer-3")
        command("score", dossier, "final", *scores, "--role", "confirmer", "--as", "officer-3")
        command("dossier", "step", "propose", dossier, "--role", "appraiser", "--as", "officer-2")
        return command("decide", dossier, "--number", "1", "--notation", "QĐ-UBND", "--issued", "2025-12-10", "--signer", "Lê Ký", "--role",
                       "authority", "--as", "officer-4")[0]["title"]

    # The service --------------------------------------------------------------------------------------------------------
    def service(self):
        """Downloads against nginx, uploads at once, search under load."""
        ServiceBench(self, ratio, holds, absent).run()

    def appending(self):
        """Records appended in batches of 2,000, each batch durable before the next begins."""
        archive = self.fresh("appending")
        seconds = []
        for batch in range(10):
            table = self.new("people").with_suffix(".csv")
            table.write_text("name,birth-year\n" + "".join(f"Người Mẫu Số {batch} {number},1980\n" for number in range(2000)))
            started = time.monotonic()
            must([self.program, "person", "import", str(table), "--apply", "--quiet", "--archive", str(archive)])
            seconds.append(time.monotonic() - started)
        speed("records appended in batches of 2,000, each durable, with the start of the program", [2000] * 10, seconds, 5_000)

    def proving(self):
        small, large = self.proved("proof-small", 50_000), self.proved("proof-large", 1_000_000)
        at_small, at_large = [], []
        for turn in range(9):
            for archive, count, times in [(small, 50_000, at_small), (large, 1_000_000, at_large)]:
                seconds, status = self.run("prove", str(count * (turn + 1) // 10), archive=archive)
                assert status == 0, "no proof"
                times.append(seconds)
        ratio("an inclusion proof at 1,000,000 records / at 50,000", at_large, at_small, 2)

    def proved(self, name, records):
        archive = self.fresh(name)
        criteria = ROOT / "Storage/Criteria"
        paper = self.new("paper").with_suffix(".txt")
        paper.write_text("Giấy chứng nhận\n")
        for command in [
            ["criteria", "import", criteria / "framework.yaml", criteria / "tan-thanh-ward.yaml"],
            ["unit", "add", "--name", "Phường Mẫu", "--code", "1", "--kind", "ward", "--from", "2020-01-01"],
            ["deposit", "--no-extract", paper],
        ]:
            must([self.program, *map(str, command), "--archive", str(archive)])
        must([sys.executable, str(ROOT / "Tests/Bench/generate_ledger.py"), str(archive), "--records", str(records)])
        return archive

    @staticmethod
    def ask(archive, sql):
        db = sqlite3.connect(f"file:{archive}/archive.sqlite?mode=ro", uri=True)
        try:
            return [row[0] for row in db.execute(sql)]
        finally:
            db.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--documents", help="a folder of real documents (default: ../shared/corpus, or the sample)")
    parser.add_argument("--only", help="some of: extraction, storing, verifying, memory, growth, recognition, proof, service")
    parser.add_argument("--folder", help="where to work: a folder on a real disk (default: .build/bench)")
    arguments = parser.parse_args()
    shared = pathlib.Path(os.environ.get("MINHCHUNG_SHARED", ROOT.parent / "shared")) / "corpus"
    documents = arguments.documents or (shared if shared.exists() else ROOT / "Storage/Sample/documents")
    base = pathlib.Path(arguments.folder or ROOT / ".build/bench")
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        bench = Bench(arguments.program, documents, folder)
        parts = ["extraction", "storing", "verifying", "memory", "growth", "recognition", "proof", "service"]
        for part in arguments.only.split(",") if arguments.only else parts:
            getattr(bench, part)()
    if missed:
        print("missed: " + "; ".join(missed))
        sys.exit(1)


if __name__ == "__main__":
    main()
