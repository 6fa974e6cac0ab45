#!/usr/bin/env python3
"""How often does the gate call an unchanged program worse or changed?

    scripts/false_alarms.py RUNS [--reference FILE | --recorded N] [--draws 400] [--atrous target/release/atrous]

RUNS is a sweep by one program. Each draw takes three seeds for each experiment and rates, independently, and calls `atrous check` on
them as on any three runs: against FILE, which holds other seeds, or, without it, against all the other seeds of RUNS. Prints, per alpha,
in how many draws it says "worse" or "changed", with the 95 % interval that a count of independent draws would have (draws from few seeds are not
quite independent).
"""
import argparse
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ALPHAS = (0.05, 0.01)
SEEDS = 3
"""Of a check, as in the spec `gate`."""


def cells(runs):
    """The run directories of each experiment and rates."""
    found = {}
    for result in sorted(runs.glob("*/*/seed-*/result.json")):
        found.setdefault(result.parent.parent, []).append(result.parent)
    return found


def draw(generator, cells, runs, recorded, folder):
    """Folders with three runs of each cell, and with `recorded` others, as links."""
    for cell, directories in cells.items():
        shuffled = generator.sample(directories, len(directories))
        for name, part in (("new", shuffled[:SEEDS]), ("others", shuffled[SEEDS:SEEDS + recorded])):
            place = folder / name / cell.relative_to(runs)
            place.mkdir(parents=True)
            for directory in part:
                (place / directory.name).symlink_to(directory.resolve())


def interval(count, all):
    """Wilson's 95 % interval of a proportion."""
    z, share = 1.96, count / all
    middle = (share + z * z / (2 * all)) / (1 + z * z / all)
    half = z / (1 + z * z / all) * math.sqrt(share * (1 - share) / all + z * z / (4 * all * all))
    return max(0.0, middle - half), min(1.0, middle + half)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--recorded", type=int, metavar="N")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--atrous", type=Path, default=Path("target/release/atrous"))
    options = parser.parse_args()
    found = cells(options.runs)
    if options.reference and options.recorded:
        print("error: --reference and --recorded exclude each other", file=sys.stderr)
        return 2
    needed = SEEDS if options.reference else SEEDS + max(2 * SEEDS, options.recorded or 0)
    if not found or min(map(len, found.values())) < needed:
        print(f"error: {options.runs} needs at least {needed} finished runs of each experiment and rates", file=sys.stderr)
        return 2
    recorded = options.recorded or min(map(len, found.values())) - SEEDS
    generator, worse = random.Random(1), dict.fromkeys(ALPHAS, 0)
    for _ in range(options.draws):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            draw(generator, found, options.runs, recorded, folder)
            reference = options.reference or folder / "reference.json"
            if not options.reference:
                command = [options.atrous, "record", folder / "others", "--reference", reference]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            for alpha in ALPHAS:
                command = [options.atrous, "check", folder / "new", "--reference", reference, "--alpha", str(alpha)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode not in (0, 1):
                    print(f"error: {done.stdout}{done.stderr}", file=sys.stderr)
                    return 2
                worse[alpha] += done.returncode
    seeds = min(map(len, found.values()))
    against = options.reference or f"{recorded} of the others"
    print(f"{options.draws} checks of {SEEDS} runs of each of {len(found)} cells, drawn from {seeds} seeds, against {against}")
    for alpha, count in worse.items():
        low, high = interval(count, options.draws)
        print(f"alpha {alpha}: {count} say worse or changed, {100 * count / options.draws:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
