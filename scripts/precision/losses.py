#!/usr/bin/env python3
"""Compares trainings in mixed precision with the same ones in single precision, from the runs of spec.toml beside this.

    scripts/precision/losses.py OUT

Experiments NAME-single and NAME-mixed belong together, run by run. Prints a Markdown table: the mean loss of the last 50
iterations in single and in mixed precision and what it is more in mixed, in percent; the same of the largest distance of any of
these 50 iterations' losses; and both mIoUs. Exit code 1 where a mean over the seeds is off by more than a percent, 2 where runs
are missing.
"""
import csv
import sys
from pathlib import Path

LAST = 50
ALLOWED = 1.0


def losses(out, row):
    folder, = (out / row["experiment"]).rglob(f"seed-{row['seed']}-{row['run_id']}")
    with open(folder / "log.csv") as log:
        return [float(line["loss"]) for line in csv.DictReader(log)][-LAST:]


def mean(values):
    return sum(values) / len(values)


def main(out):
    try:
        with open(out / "results.csv") as results:
            rows = {(row["experiment"], row["rates"], row["seed"]): row for row in csv.DictReader(results)}
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("| network | seed | loss, single | loss, mixed | more in mixed | largest distance of an iteration | mIoU, single | mIoU, mixed |")
    print("|---|---|---|---|---|---|---|---|")
    gaps = {}
    for (experiment, rates, seed), single in sorted(rows.items()):
        if not experiment.endswith("-single"):
            continue
        name = experiment.removesuffix("-single")
        mixed = rows.get((f"{name}-mixed", rates, seed))
        if mixed is None or any(row["status"] != "finished" for row in (single, mixed)):
            print(f"error: {name}, {rates}, seed {seed} has not been finished in both precisions", file=sys.stderr)
            return 2
        ours, theirs = losses(out, mixed), losses(out, single)
        more = 100 * (mean(ours) / mean(theirs) - 1)
        worst = max(abs(a / b - 1) for a, b in zip(ours, theirs))
        gaps.setdefault(name, []).append(more)
        scores = " | ".join(f"{100 * float(row['miou']):.2f}" for row in (single, mixed))
        print(f"| {name} | {seed} | {mean(theirs):.5f} | {mean(ours):.5f} | {more:+.2f} % | {100 * worst:.1f} % | {scores} |")
    if not gaps:
        print(f"error: {out} has no experiments that end in -single", file=sys.stderr)
        return 2
    for name, values in gaps.items():
        print(f"\n{name}: {mean(values):+.2f} % in the mean of {len(values)} seeds")
    return int(any(abs(mean(values)) > ALLOWED for values in gaps.values()))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if len(sys.argv) == 2 else 2)
    sys.exit(main(Path(sys.argv[1])))
