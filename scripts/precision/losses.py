#!/usr/bin/env python3
"""Compares trainings in mixed precision with the same ones in single precision, from the runs of spec.toml beside this.

    scripts/precision/losses.py OUT

Experiments NAME-single, NAME-mixed and NAME-again belong together, seed by seed; "again" is single precision with a learning rate
that differs in its last digit. Prints a Markdown table: the mean loss of the last 50 iterations in single precision, how much more
it is in the two others, in percent, and the mIoU of all three. Exit code 1 where the mean over the seeds is off by more than a percent
in mixed precision, 2 where runs are missing.
"""
import csv
import sys
from pathlib import Path

LAST = 50
ALLOWED = 1.0
KINDS = ("single", "mixed", "again")


def mean(values):
    return sum(values) / len(values)


def loss(out, row):
    folder, = (out / row["experiment"]).rglob(f"seed-{row['seed']}-{row['run_id']}")
    with open(folder / "log.csv") as log:
        return mean([float(line["loss"]) for line in csv.DictReader(log)][-LAST:])


def main(out):
    try:
        with open(out / "results.csv") as results:
            rows = {(row["experiment"], int(row["seed"])): row for row in csv.DictReader(results)}
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    gaps = {}
    lines = []
    for name, seed in sorted((name.removesuffix("-single"), seed) for name, seed in rows if name.endswith("-single")):
        of = [rows.get((f"{name}-{kind}", seed), {"status": "missing"}) for kind in KINDS]
        if any(row["status"] != "finished" for row in of):
            print(f"error: {name}, seed {seed}, has not been finished in all three ways", file=sys.stderr)
            return 2
        single, *others = (loss(out, row) for row in of)
        more = [100 * (other / single - 1) for other in others]
        gaps.setdefault(name, []).append(more)
        scores = " | ".join(f"{100 * float(row['miou']):.1f}" for row in of)
        lines.append(f"| {name} | {seed} | {single:.4f} | {more[0]:+.2f} % | {more[1]:+.2f} % | {scores} |")
    if not gaps:
        print(f"error: {out} has no experiments that end in -single", file=sys.stderr)
        return 2
    print("| network | seed | loss, single | mixed | again | mIoU, single | mixed | again |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    means = {name: [mean(column) for column in zip(*values)] for name, values in gaps.items()}
    for name, (mixed, again) in means.items():
        print(f"| {name} | mean | | {mixed:+.2f} % | {again:+.2f} % | | | |")
    return int(any(abs(mixed) > ALLOWED for mixed, _ in means.values()))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if len(sys.argv) == 2 else 2)
    sys.exit(main(Path(sys.argv[1])))
