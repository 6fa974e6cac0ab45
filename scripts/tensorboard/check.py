"""Reads the event files of a sweep with TensorBoard's own package, and holds them against log.csv.

    python3 scripts/tensorboard/check.py EVENTS OUT

EVENTS is what `atrous sweep --tensorboard EVENTS --out OUT` has written. Needs Python with
scripts/tensorboard/requirements.txt. Ends with 1 where a run is missing or a number differs.
"""

import csv
import math
import pathlib
import sys

from tensorboard.backend.event_processing import event_accumulator

TAGS = {"loss/total": "loss", "loss/decode": "decode", "loss/auxiliary": "auxiliary", "lr": "lr"}


def check(events, run):
    reader = event_accumulator.EventAccumulator(str(events), size_guidance={event_accumulator.SCALARS: 0})
    reader.Reload()
    with open(run / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for tag, column in TAGS.items():
        found = [(event.step, event.value) for event in reader.Scalars(tag)]
        assert [step for step, _ in found] == [int(row["iteration"]) for row in rows], (events, tag, found)
        for (_, value), row in zip(found, rows):
            assert math.isclose(value, float(row[column]), rel_tol=1e-6, abs_tol=1e-12), (events, tag, value, row)
    scores = reader.Scalars("val/mIoU")
    assert scores[-1].step == len(rows) and 0.0 <= scores[-1].value <= 1.0, scores
    return len(rows)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    events, out = map(pathlib.Path, arguments)
    runs = [path.parent for path in sorted(out.glob("*/*/*/result.json"))]
    assert runs, f"{out} holds no finished run"
    counts = [check(events / run.relative_to(out), run) for run in runs]
    print(f"{len(runs)} runs, {sum(counts)} iterations: TensorBoard reads what log.csv has")


if __name__ == "__main__":
    main(sys.argv[1:])
