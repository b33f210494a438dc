#!/usr/bin/env python3
"""Runs a program on a terminal of its own and types a passphrase whenever it asks for one.

    type_passphrase.py PASSPHRASE PROGRAM [ARGUMENT ...]

`age` reads passphrases from the terminal only. What the program wrote goes to standard error; its exit status is ours.
"""

import os
import pty
import select
import sys
import time

SECONDS = 120


def main() -> int:
    passphrase = os.fsencode(sys.argv[1])
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown, answered, deadline = b"", 0, time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side closed.
            piece = b""
        if not piece:
            break
        shown += piece
        # One answer for each question; a question ends in a colon.
        if b"passphrase" in shown[answered:] and shown.rstrip().endswith(b":"):
            answered = len(shown)
            time.sleep(0.2)  # Until the echo is off.
            os.write(terminal, passphrase + b"\n")
    else:
        os.kill(child, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stderr.buffer.write(shown)
    return status if status >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
