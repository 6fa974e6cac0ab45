#!/usr/bin/env python3
"""Sweeps under random single faults: each has to end with the rows of a sweep that nobody disturbed, or with a message that names the file.

    scripts/random_faults.py [COUNT] [SEED]        (default: 200 faults of seed 1)

A fault is a flipped bit in a file of the sweep's folder, a system call on such a file that fails (ESTALE, EIO or EACCES, injected by
strace), or a kill at some moment. The folder is that of a sweep that is done, half done, or stopped with checkpoints. After a message the
sweep goes on as it says: with --discard, or without the file that it names. Then its rows have to be the same as well.

ATROUS names the program (default: target/release/atrous). Needs strace for the injected errors. Prints a table; exit code 1 where a sweep
ended with other rows, or without a message.
"""
import collections
import csv
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SWEEP = ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--jobs", "1", "--set", "train.iterations=40",
         "--set", "train.checkpoint_every=5"]
MEASURED = {"train_seconds", "eval_seconds", "images_per_second", "jobs", "peak_memory_bytes", "finished"}
TABLES = ("results.csv", "classes.csv", "image_scores.csv")
ERRORS = ("ESTALE", "EIO", "EACCES")
CALLS = {"open": "openat,open", "read": "read,pread64", "stat": "statx,newfstatat,stat,lstat", "list": "getdents64"}


def rows(out):
    found = []
    for name in TABLES:
        with open(out / name) as table:
            found += [{key: value for key, value in row.items() if key not in MEASURED} for row in csv.DictReader(table)]
    return found


class Faults:
    def __init__(self, program, scratch, seed):
        self.program, self.scratch, self.random = program, scratch, random.Random(seed)
        self.environment = dict(os.environ, RAYON_NUM_THREADS="1")
        self.full = scratch / "full"
        code, text = self.sweep(self.full)
        if code != 0:
            sys.exit(f"error: an undisturbed sweep ends with {code}: {text}")
        self.rows = rows(self.full)
        self.states = {"done": self.full}
        for name, kept in (("half", 1), ("stopped", 0)):
            state = scratch / name
            shutil.copytree(self.full, state)
            for result in sorted(state.glob("stare-ci/*/*/result.json"))[kept:]:
                result.unlink()
                (result.parent / "images.csv").unlink()
            self.states[name] = state

    def sweep(self, out, more=(), before=()):
        done = subprocess.run([*before, self.program, *SWEEP, "--out", out, *more], env=self.environment, capture_output=True,
                              text=True, errors="replace", timeout=300)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("strace:")]
        return done.returncode, lines[-1] if lines else ""

    def same(self, out):
        return rows(out) == self.rows

    def file_of(self, out):
        drawn = self.random.random() < 0.3
        files = sorted(path for path in out.rglob("*") if path.is_file() and path.stat().st_size)
        return self.random.choice([path for path in files if ("synthetic" in path.parts) == drawn])

    def names(self, message, path, out):
        """Whether a message names the file, or a folder of the sweep that it is in."""
        parents = [path, *path.parents]
        return any(str(parent) in message for parent in parents if parent != out and out in parent.parents)

    def one(self, number):
        """What was done, and what came of it: None where it is as promised."""
        state = self.random.choice(sorted(self.states))
        out = self.scratch / f"fault-{number}"
        shutil.copytree(self.states[state], out)
        kind = self.random.choice(["flip", "flip", "error", "kill"])
        what, why = getattr(self, kind)(out, state)
        shutil.rmtree(out)
        return kind, f"{state}: {what}", why

    def flip(self, out, state):
        path = self.file_of(out)
        data = bytearray(path.read_bytes())
        bit = self.random.randrange(8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        what = f"bit {bit} of {path.relative_to(out)}"
        code, message = self.sweep(out)
        return what, self.verdict(code, message, path, out)

    def verdict(self, code, message, path, out):
        if code == 0:
            return None if self.same(out) else "other rows"
        if not self.names(message, path, out):
            return f"exit code {code}, and it names no file: {message}"
        # As it is told.
        code, message = self.sweep(out, ["--discard"])
        if code != 0:
            folder = re.search(r"remove the folder ([^ ,]+)", message)
            if not folder and "remove it" not in message:
                return f"--discard: exit code {code}: {message}"
            shutil.rmtree(folder[1]) if folder else path.unlink()
            code, message = self.sweep(out)
        if code != 0:
            return f"again: exit code {code}: {message}"
        return None if self.same(out) else "other rows, after what the message says"

    def error(self, out, state):
        call, error = self.random.choice(sorted(CALLS)), self.random.choice(ERRORS)
        path = self.file_of(out) if call in ("open", "read", "stat") else self.random.choice(
            sorted(path for path in out.rglob("*") if path.is_dir() and "synthetic" not in path.parts))
        what = f"{error} of {call} on {path.relative_to(out)}"
        before = ["strace", "-f", "-qqq", "-o", "/dev/null", "-P", str(path), "-e", f"trace={CALLS[call]}", "-e",
                  f"inject={CALLS[call]}:error={error}"]
        code, message = self.sweep(out, before=before)
        if code == 0:
            return what, None if self.same(out) else "other rows"
        if not self.names(message, path, out) and str(out) not in message:
            return what, f"exit code {code}, and it names no file: {message}"
        code, message = self.sweep(out)
        if code != 0:
            return what, f"without the fault: exit code {code}: {message}"
        return what, None if self.same(out) else "other rows, without the fault"

    def kill(self, out, state):
        after = self.random.random() * 0.4
        program = subprocess.Popen([self.program, *SWEEP, "--out", out], env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(after)
        program.send_signal(signal.SIGKILL)
        program.wait()
        what = f"killed after {after:.2f} s"
        code, message = self.sweep(out)
        if code != 0:
            return what, f"exit code {code}: {message}"
        return what, None if self.same(out) else "other rows"


def main():
    count, seed = (int(argument) for argument in (sys.argv[1:] + ["200", "1"][len(sys.argv) - 1:])[:2])
    root = pathlib.Path(__file__).resolve().parent.parent
    program = os.environ.get("ATROUS", str(root / "target/release/atrous"))
    with tempfile.TemporaryDirectory() as scratch:
        faults = Faults(program, pathlib.Path(scratch), seed)
        counts, wrong = collections.Counter(), []
        for number in range(count):
            kind, what, why = faults.one(number)
            counts[kind, why is None] += 1
            if why is not None:
                wrong.append(f"- {what}: {why}")
                print(wrong[-1].replace(scratch, ""), file=sys.stderr)
    print(f"{count} faults of seed {seed}, commit {commit(root)}\n")
    print("| fault | same rows, or a message that names the file | other |\n| --- | --- | --- |")
    for kind in ("flip", "error", "kill"):
        print(f"| {kind} | {counts[kind, True]} | {counts[kind, False]} |")
    print("".join(f"\n{line}" for line in wrong).replace(scratch, ""))
    sys.exit(1 if wrong else 0)


def commit(root):
    return subprocess.run(["git", "-C", root, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()


main()
