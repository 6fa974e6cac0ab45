"""The tables: `performance.md` for people, `performance.csv` with every number."""
import csv
import io
import math
import os

import results
import sides
from results import Results

NOT = "not measured"
HEADINGS = {
    "step": ("Training step", """\
Losses of both heads, gradients and SGD's update, on random images and labels that lie ready; a tenth of the labels is
255. PyTorch's losses are mmsegmentation's own, without the accuracies that it computes beside them."""),
    "throughput": ("Several trainings at a time", """\
As many processes as there are threads, with one thread each: what both programs make the most steps with. `atrous sweep
--jobs` divides the threads among runs in this way. A time is that in which all processes make one step between them: that
of a process's step over their number."""),
    "inference": ("Prediction of an image", """\
From 8-bit pixels to a class per pixel. mmsegmentation computes windows one by one. As that is slow in itself, a loop
written for this comparison gives PyTorch 8 of them at once."""),
    "loader": ("Loader", """\
Training batches of real images, resized, cropped, flipped, distorted and normalised, on one thread. mmsegmentation decodes
an image whenever it draws it; atrous keeps decoded images (up to 512 MiB) and is timed from the second epoch on. "Decoded
images kept" is mmsegmentation's pipeline with that advantage as well, which it does not come with. Both programs read the
same PNG files. Ratios are those of the times per sample."""),
}
EXPLANATION = """\
Ratios are atrous / PyTorch, of times and of bytes alike: below 1, atrous is ahead. A ratio of times is the median over the
rounds of that of a round's two processes, and in brackets stand the least and the most; times and bytes are medians over
the rounds. PyTorch's tensors are contiguous (NCHW), as mmsegmentation leaves them, or channels last (NHWC), which takes a
line in a program. The last column is against whichever is faster in that case. Weights are random. Memory is the peak of a
process's resident memory, above what it held before network, optimiser and batch were made, and as a whole."""
COLUMNS = ("case", "round", "side", "images_per_unit", "threads", "units", "seconds_per_unit", "resting_bytes", "peak_bytes",
           "cores_of_others", "program", "seconds", "failure")


def write(path, content):
    """Text or bytes, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(unfinished, path)


def table(measured):
    """CSV: a line for each case, round and side; `seconds` holds those of every unit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in measured:
        unit = f"{results.per_unit(each):.6g}" if each.seconds else ""
        all_units = " ".join(f"{value:.6g}" for value in each.seconds)
        others = "" if each.others is None else f"{each.others:.2f}"
        writer.writerow([each.case, each.round, each.side, each.images or "", each.threads or "", len(each.seconds), unit,
                         each.resting_bytes, each.peak_bytes, others, each.program, all_units, each.failure])
    return text.getvalue()


def read(path):
    """The measurements that `table` wrote; none where there is no file. ValueError for a file of another form."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path} has other columns than this comparison's")
        return [sides.Measurement(
            line["case"], line["side"], int(line["round"]), int(line["images_per_unit"] or 0), int(line["threads"] or 0),
            tuple(map(float, line["seconds"].split())), int(line["resting_bytes"]) if line["resting_bytes"] else None,
            int(line["peak_bytes"]) if line["peak_bytes"] else None,
            float(line["cores_of_others"]) if line["cores_of_others"] else None, line["program"], line["failure"])
            for line in lines]


def markdown(cases, measured, about):
    """The page; `about` is its first paragraph."""
    found = Results(measured)
    lines = ["# Speed and memory against PyTorch", "", about, "", EXPLANATION, ""]
    for what, (title, explanation) in HEADINGS.items():
        own = [case for case in cases if case.what == what]
        lines += [f"## {title}", "", explanation, "", *_times(what, own, found), "", *_memory(own, found), ""]
    for each in found.failures:
        lines.append(f"- {each.case}, {sides.TITLES[each.side]}: {NOT} in round {each.round}: {each.failure}.")
    return "\n".join(lines).rstrip() + "\n"


def grid(head, rows):
    """Lines of a Markdown table, numbers to the right."""
    numbers = len(head) - sum(name in ("case", "network", "input", "PyTorch's precision") for name in head)
    lines = [head, ["---"] * (len(head) - numbers) + ["---:"] * numbers, *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _times(what, cases, found):
    others = list(dict.fromkeys(side for case in cases for side in sides.of(case)[1:]))
    titles = [sides.TITLES[side] for side in others]
    # A loader has no network.
    network = [] if what == "loader" else ["network"]
    head = ["case", *network, "input", "atrous", *titles, *(f"atrous / {title}" for title in titles)]
    if len(others) > 1:
        head.append("atrous / the faster")
    rows = []
    for case in cases:
        own = sides.of(case)[1:]
        row = [case.experiment, *(case.network() for _ in network), case.size()]
        for side in ("atrous", *others):
            row.append(speed(what, found.seconds(case.name, side)) if side in ("atrous", *own) else "-")
        row += [_ratio(found.ratio(case.name, side)) if side in own else "-" for side in others]
        if len(others) > 1:
            row.append(_ratio(found.ratio(case.name, found.faster(case.name, own))))
        rows.append(row)
    return grid(head, rows)


def _memory(cases, found):
    head = ["case", "more than at rest: atrous", "PyTorch", "ratio", "whole process: atrous", "PyTorch", "ratio"]
    rows = []
    for case in cases:
        row = [case.experiment]
        for of in (results.above_resting, lambda each: each.peak_bytes):
            ours, theirs = (found.bytes(case.name, side, of) for side in ("atrous", "pytorch"))
            # A loader may take next to nothing.
            known = None not in (ours, theirs) and theirs > 0
            row += [_size(ours), _size(theirs), f"{ours / theirs:.2f}" if known else NOT]
        rows.append(row)
    return ["Memory:", "", *grid(head, rows)]


def speed(what, seconds):
    """In words; `what` is one of the kinds of cases."""
    if seconds is None:
        return NOT
    if what == "loader":
        rate = 1 / seconds
        return f"{rate:.0f} samples/s" if rate >= 100 else f"{rate:.3g} samples/s"
    return f"{1e3 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def _ratio(ratio):
    if math.isnan(ratio.median):
        return NOT
    median, least, most = (f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
                           for value in (ratio.median, ratio.least, ratio.most))
    return f"{median} ({least}..{most})"


def _size(value):
    return NOT if value is None else f"{value / 2**20:.0f} MiB"
