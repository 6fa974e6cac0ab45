#!/usr/bin/env python3
"""Compares the rows of two sweeps, digit for digit, but for the columns that tell of the machine, the clock and the build: what decides
is the same, whatever the adapter is called.

    scripts/same_rows.py OUT OTHER_OUT

Prints one line. Exit code 1 where a row differs, which is named.
"""
import csv
import sys

MEASURED = {"train_seconds", "eval_seconds", "images_per_second", "jobs", "peak_memory_bytes", "finished", "git_commit",
            "adapter", "version", "burn_version"}


def rows(out):
    found = []
    for name in ("results.csv", "classes.csv", "image_scores.csv"):
        with open(f"{out}/{name}") as table:
            found += [{key: value for key, value in row.items() if key not in MEASURED} for row in csv.DictReader(table)]
    return found


if len(sys.argv) != 3:
    sys.exit(__doc__)
tables = [rows(out) for out in sys.argv[1:]]
if tables[0] != tables[1]:
    for left, right in zip(*tables):
        for key in left:
            if left[key] != right.get(key):
                print(f"{left.get('run_id')}: {key} is {left[key]} in {sys.argv[1]}, {right.get(key)} in {sys.argv[2]}")
    sys.exit(f"the rows differ: {len(tables[0])} in {sys.argv[1]}, {len(tables[1])} in {sys.argv[2]}")
print(f"{len(tables[0])} rows of results.csv, classes.csv and image_scores.csv are the same, bit for bit")
