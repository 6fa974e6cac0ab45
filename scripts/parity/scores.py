"""Scores of equal weights on equal images: those of mmsegmentation beside those of `atrous`.

`atrous` reads the images twice: as `same` files, the PNGs that mmsegmentation reads, and as the `publisher` ships them.
Where these are JPEG (CHASE_DB1, HRF), the second adds what the decoders make of them, which no standard fixes to the last
grey level: mmsegmentation's PNGs hold what libjpeg-turbo does.
"""
import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import datasets
import reference
from reference import Shape

FILES = {"same": "the same files", "publisher": "the publisher's files"}
"""What atrous reads."""
LIMITS = {"hrf": 2}
"""Sets of which only the first images are scored: HRF's are 8 million pixels each."""
BOUND = 0.01
"""The difference, in points, above which the programs are held to disagree."""


@dataclass(frozen=True)
class Row:
    """One score in percent."""

    label: str
    """The class, `mean` or `all`."""
    score: str
    """IoU, Dice or Acc."""
    mmsegmentation: float
    atrous: float

    @property
    def difference(self):
        """In points; infinite where only one of the two is not a number."""
        missing = math.isnan(self.mmsegmentation) + math.isnan(self.atrous)
        return (abs(self.atrous - self.mmsegmentation), math.inf, 0.0)[missing]


@dataclass(frozen=True)
class Comparison:
    """A checkpoint on a data set."""

    checkpoint: str
    dataset: str
    files: str
    """What atrous read: one of FILES."""
    images: int
    pixels: int
    moved: int
    """By how many pixels the counts of a class differ at most: its prediction, or what of it is right."""
    rows: list

    def largest(self):
        return max(row.difference for row in self.rows)


def _percent(value):
    return math.nan if value is None else 100 * float(value)


def _mean(values):
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _counts(confusion):
    """Per class: pixels in both, in the prediction, in the truth; from the matrix truth x prediction."""
    n, counts = confusion["classes"], confusion["counts"]
    return ([counts[c * n + c] for c in range(n)], [sum(counts[c::n]) for c in range(n)],
            [sum(counts[c * n:(c + 1) * n]) for c in range(n)])


def compare(name, dataset, files, areas, images, report):
    """Sets mmsegmentation's areas against the report that `atrous eval --json` has written."""
    if report["images"] != images:
        raise SystemExit(f"error: {dataset}: mmsegmentation scored {images} images, atrous {report['images']}: are the "
                         "splits and --limit the same?")
    both, prediction, truth = _counts(report["confusion"])
    if truth != areas["truth"].long().tolist():
        raise SystemExit(f"error: {dataset}: the labels hold {areas['truth'].long().tolist()} pixels per class for "
                         f"mmsegmentation and {truth} for atrous: the programs read other labels")
    left, right = reference.scores(areas), report["scores"]
    classes = reference.published(dataset).val_dataloader.dataset.type
    names = reference.DATASETS.get(classes).METAINFO["classes"]
    rows = []
    for score, key, mean in (("IoU", "iou", "miou"), ("Dice", "dice", "mdice"), ("Acc", "accuracy", "macc")):
        pairs = [(_percent(a), _percent(b)) for a, b in zip(left[score].tolist(), right[key], strict=True)]
        pairs.append((_mean([a for a, _ in pairs]), _percent(right[mean])))
        rows += [Row(label, score, *pair) for label, pair in zip((*names, "mean"), pairs)]
    rows.append(Row("all", "Acc", _percent(left["aAcc"]), _percent(right["aacc"])))
    moved = max(abs(ours - int(theirs)) for ours, theirs in zip(both + prediction, [
        *areas["intersect"].tolist(), *areas["prediction"].tolist()]))
    return Comparison(name, dataset, files, images, sum(truth), moved, rows)


def load(path, rates):
    """State and shape of a checkpoint, or why it cannot be compared."""
    state = reference.read_state(path)
    shape = Shape.of(state, rates)
    if shape.classes != 2:
        raise SystemExit(f"error: {path} has {shape.classes} classes, the retina sets have 2")
    return state, shape


def run(program, checkpoints, folders, roots, work):
    """Compares every checkpoint, (name, path, rates), on every data set, name -> folder as mmsegmentation reads it, with
    atrous reading from each of `roots`, one of FILES -> data root."""
    work.mkdir(parents=True, exist_ok=True)
    found = []
    for number, (name, path, rates) in enumerate(checkpoints):
        state, shape = load(path, rates)
        for dataset, folder in folders.items():
            limit = LIMITS.get(dataset)
            print(f"  {name} on {datasets.SETS[dataset].title}", flush=True)
            areas, images = reference.evaluate(reference.network(shape, dataset, state), dataset, folder, limit)
            for files, root in roots.items():
                report = work / f"{number}-{dataset}-{files}.json"
                report.unlink(missing_ok=True)
                program.evaluate(path, rates, dataset, root, report, limit)
                found.append(compare(name, dataset, files, areas, images, json.loads(report.read_text())))
    return found


def agree(found):
    return all(comparison.largest() <= BOUND for comparison in found)


def last_line(found):
    parts = []
    for files, reading in FILES.items():
        values = [comparison.largest() for comparison in found if comparison.files == files]
        if values:
            parts.append(f"{max(values):.6f} points with atrous reading {reading}")
    return f"Largest difference: {', '.join(parts)} (allowed: {BOUND})."


def table(found, about):
    """Markdown: a table for each comparison, a line for each score."""
    lines = ["# Scores of equal weights", "", about, "",
             "In percent; the difference (atrous minus mmsegmentation) in points.", ""]
    for comparison in found:
        title, reading = datasets.SETS[comparison.dataset].title, FILES[comparison.files]
        lines += [f"## {comparison.checkpoint}, {title}, {comparison.images} images, atrous reading {reading}", "",
                  "| class | score | mmsegmentation | atrous | difference |", "|---|---|---:|---:|---:|"]
        labels = list(dict.fromkeys(row.label for row in comparison.rows))
        for row in sorted(comparison.rows, key=lambda row: labels.index(row.label)):
            lines.append(f"| {row.label} | {row.score} | {row.mmsegmentation:.4f} | {row.atrous:.4f} | "
                         f"{row.atrous - row.mmsegmentation:+z.6f} |")
        lines += ["", f"The counts of pixels per class differ by at most {comparison.moved} of {comparison.pixels}.", ""]
    return "\n".join([*lines, last_line(found), ""])


def write(found, about, out):
    """`scores.md` and `scores.csv`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.md").write_text(table(found, about))
    with open(out / "scores.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["checkpoint", "dataset", "files", "images", "class", "score", "mmsegmentation", "atrous",
                         "difference"])
        for comparison in found:
            for row in comparison.rows:
                writer.writerow([comparison.checkpoint, comparison.dataset, comparison.files, comparison.images,
                                 row.label, row.score, f"{row.mmsegmentation:.9f}", f"{row.atrous:.9f}",
                                 f"{row.difference:.9f}"])
