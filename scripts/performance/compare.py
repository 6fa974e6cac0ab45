"""The comparison: what is measured, in which order, and what becomes of it. See arguments.py."""
import datetime
import os
import shutil
import sys
import time
from pathlib import Path

import arguments
import cases
import gpu
import machine
import report
import results
import scaling
import sides
from arguments import ROOT

BUSY = 0.1
"""The share of the cores from which on it matters what other programs compute."""


def usage_error(message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def find_atrous():
    wanted = os.environ.get("ATROUS", ROOT / "target" / "release" / "atrous")
    found = shutil.which(wanted)
    if not found:
        usage_error(f"there is no program {wanted}: build it with `cargo build --release`, or name it in ATROUS")
    return found


def select(chosen, planned):
    """The cases of the tables, and those of them that are measured."""
    usual = cases.usual(chosen.spec, planned)
    if not chosen.only:
        return usual, usual
    try:
        wanted = cases.select(chosen.only, planned, usual)
    except KeyError as unknown:
        known = ", ".join([*cases.KINDS, *dict.fromkeys(case.experiment for case in usual)])
        every = ", ".join(dict.fromkeys(case.experiment for case in planned))
        usage_error(f"--only: there is no case {unknown.args[0] or 'without a name'}; known are {known}, and "
                    f"KIND/EXPERIMENT with any of {every}")
    return [case for case in planned if case in usual or case in wanted], wanted


def prepare_data(wanted, data_root, data):
    """The data sets that loaders read, by name, as PNG in the layout that both programs read."""
    names = list(dict.fromkeys(case.settings["dataset"] for case in wanted if case.what == "loader"))
    if not names:
        return {}
    import datasets

    unknown = [name for name in names if name not in datasets.SETS]
    if unknown:
        usage_error(f"the loader is compared on {', '.join(datasets.SETS)}, not on {unknown[0]}: choose cases with --only")
    if not Path(data_root).is_dir():
        usage_error(f"there is no data root {data_root}, and the loader reads real images: name it with --data-root, or "
                    "leave the loader out with --only step,inference")
    try:
        for name in names:
            print(f"{datasets.SETS[name].title} in mmsegmentation's layout", flush=True)
            # atrous refuses a data set without images to validate on.
            datasets.convert(name, data_root, data, "validation", 1)
        return {name: datasets.convert(name, data_root, data, "training") for name in names}
    except SystemExit as error:
        usage_error(str(error).removeprefix("error: ").removesuffix("; or leave the set out with --datasets"))


def kept(chosen, listed, wanted):
    """What a former comparison has measured of cases that are listed, and not measured now."""
    if not chosen.keep:
        return []
    names = {case.name for case in listed} - {case.name for case in wanted}
    try:
        return [each for each in report.read(chosen.out / "performance.csv") if each.case in names]
    except ValueError as error:
        usage_error(f"--keep: {error}")


def measure(both, wanted, rounds, work):
    """Every case and side, round by round. What is there after each process is kept in the work folder."""
    measured, failed, started = [], set(), time.monotonic()
    for number in range(1, rounds + 1):
        for case in wanted:
            for side in sides.of(case):
                if (case.name, side) in failed:
                    continue
                one, detail = both.measure(case, side, number)
                measured.append(one)
                report.write(work / "performance.csv", report.table(measured))
                what = one.failure and f"not measured: {one.failure}" or f"{results.per_unit(one):.4g} s"
                print(f"  round {number}, {case.name}, {sides.TITLES[side]}: {what}", flush=True)
                if one.failure:
                    # Another round would take as long and end alike.
                    failed.add((case.name, side))
                    print("".join(f"    {line}\n" for line in detail.splitlines()[-8:]), end="", file=sys.stderr)
        left = (time.monotonic() - started) / number * (rounds - number)
        print(f"round {number} of {rounds} done" + (f", about {left / 60:.0f} min left" if left else ""), flush=True)
    return measured


def warn_if_busy():
    """To be asked while nothing runs here."""
    others = machine.Others()
    time.sleep(2)
    taken = others.cores() or 0.0
    if taken >= BUSY * machine.cores():
        print(f"warning: other programs take {taken:.1f} of {machine.cores()} cores. PyTorch's threads wait for each other, "
              "so that this slows it down many times more than atrous: stop them, or distrust the ratios", file=sys.stderr)


def describe(chosen, measured):
    """The first paragraph of the page."""
    good = results.Results(measured).good
    ours, theirs = ([each.program for each in good if (each.side == "atrous") is own] for own in (True, False))
    program = " and ".join(dict.fromkeys(ours)) or "atrous: not measured"
    versions = " and ".join(dict.fromkeys(theirs)) or "PyTorch: not measured"
    today = datetime.datetime.now(datetime.timezone.utc)
    lines = [f"Made by `{arguments.command(sys.argv[1:])}` on {today:%Y-%m-%d}; every number is in `performance.csv`.",
             f"{program}; {versions}, Python {sys.version.split()[0]}.",
             f"{machine.cpu()}, {machine.cores()} cores, {chosen.threads} threads.",
             f"Rounds: {chosen.rounds}. A process times {chosen.steps} steps after {chosen.warmup}, {chosen.images} images "
             f"after 1, or {chosen.samples} samples."]
    if chosen.keep:
        lines.append("Cases were measured in several goes with such commands, of which this was the last: `performance.csv` "
                     "has the rounds and units of each.")
    others = results.Results(measured).others()
    if others:
        lines.append(f"Meanwhile other programs took {others[0]:.2f} cores in the median, {others[1]:.2f} at most.")
    if others and others[0] >= BUSY * machine.cores():
        lines.append("**That is too much: PyTorch suffers from it more than atrous does, and no ratio of times is to be "
                     "trusted.**")
    return "\n".join(lines)


def main():
    chosen = arguments.parser().parse_args()
    sys.path.append(str(ROOT / "scripts" / "parity"))
    try:
        figures = gpu.Figures.read(*chosen.gpu) if chosen.gpu else None
    except ValueError as error:
        usage_error(f"--gpu: {error}")
    atrous = find_atrous()
    for folder in (chosen.work, chosen.out):
        folder.mkdir(parents=True, exist_ok=True)
    options = sides.Options(chosen.spec, chosen.device, chosen.threads, chosen.steps, chosen.warmup, chosen.images,
                            chosen.samples, chosen.work, chosen.work / "data")
    if chosen.scaling:
        warn_if_busy()
        return scaling.run(atrous, options, chosen.out)
    try:
        planned = sides.plan(atrous, chosen.spec, chosen.work)
    except sides.Failed as failed:
        usage_error(f"atrous cannot list the cases of {chosen.spec}: {failed}\n{failed.detail}".rstrip())
    listed, wanted = select(chosen, planned)
    both = sides.Sides(atrous, options, prepare_data(wanted, chosen.data_root, options.data))
    warn_if_busy()
    former = kept(chosen, listed, wanted)
    measured = former + measure(both, wanted, chosen.rounds, chosen.work)
    page = report.markdown(listed, measured, describe(chosen, measured)) + f"\n{gpu.section(figures)}"
    report.write(chosen.out / "performance.csv", report.table(measured))
    report.write(chosen.out / "performance.md", page)
    print(f"\n{page}\n{chosen.out / 'performance.md'}")
    return int(any(each.failure for each in measured))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped; what was measured is in performance.csv in the work folder", file=sys.stderr)
        sys.exit(130)
