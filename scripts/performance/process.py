"""Runs one side in a process of its own and reads the JSON that it writes."""
import json
import os
import subprocess

import machine

THREADS = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Failed(Exception):
    """Without a path of this machine; `detail` is what the process said."""

    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.detail = detail


def run(command, report, threads=None):
    """Runs a command. Gives what it writes to the file `report`, and how many cores other programs took meanwhile. Without
    `threads` it takes what it likes."""
    report.unlink(missing_ok=True)
    environment = {**os.environ, **({name: str(threads) for name in THREADS} if threads else {})}
    others = machine.Others()
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment)
    except OSError as error:
        raise Failed(f"cannot be run ({error.strerror})") from None
    if done.returncode:
        how = f"exit code {done.returncode}" if done.returncode > 0 else f"ended by signal {-done.returncode}"
        raise Failed(how, done.stderr.strip())
    try:
        return json.loads(report.read_text()), others.cores()
    except (OSError, ValueError) as error:
        raise Failed(f"wrote no report ({type(error).__name__})", done.stderr.strip()) from None
