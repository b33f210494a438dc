#!/usr/bin/env python3
"""Holds a validator of BagIt bags to the conformance suite of the Library of Congress.

    bag_oracle.py PROGRAM [SUITE]

PROGRAM is a command line to which the folder of a bag is appended, such as "minhchung verify-bundle --bag". It has to end with 0 for
"valid" and "warning", here with a line that has "warning", and with 1 for "invalid" and "linux-only". What only Windows refuses is
passed over. SUITE is in $MINHCHUNG_SHARED/vectors/bagit-conformance when it is not given, with ../shared beside the project when
that is not set either.

Exit status: 0 all are judged right; 1 some are not; 2 there is no suite.
"""

import os
import pathlib
import shlex
import subprocess
import sys

EXPECTED = {"valid": 0, "warning": 0, "invalid": 1, "linux-only": 1}


def judged(command, bag):
    """What is wrong with the answer; `None` where it is right."""
    answer = subprocess.run([*command, str(bag)], capture_output=True, text=True, errors="replace", timeout=60)
    said, kind = answer.stdout + answer.stderr, bag.parent.name
    if answer.returncode != EXPECTED[kind]:
        return f"status {answer.returncode} and not {EXPECTED[kind]}: {said.strip()[:300]}"
    if kind == "warning" and "warning" not in said.replace(str(bag), "").lower():
        return f"no warning: {said.strip()[:300]}"
    return None


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    shared = os.environ.get("MINHCHUNG_SHARED") or pathlib.Path(__file__).resolve().parents[2] / "../shared"
    suite = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else pathlib.Path(shared, "vectors/bagit-conformance"))
    bags = sorted(bag for kind in EXPECTED for bag in suite.glob(f"v*/{kind}/*") if bag.is_dir())
    if not bags:
        print(f"there are no bags in {suite}", file=sys.stderr)
        return 2
    wrong = 0
    for bag in bags:
        if why := judged(shlex.split(sys.argv[1]), bag):
            wrong += 1
            print(f"WRONG  {bag.relative_to(suite)}: {why}")
    print(f"{len(bags)} bags, {wrong} judged wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
