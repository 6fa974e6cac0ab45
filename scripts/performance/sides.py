"""The programs that are compared, each as a process that measures one case."""
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import process
from cases import BENCH, KINDS, Case
from process import Failed

TITLES = {"atrous": "atrous", "pytorch": "PyTorch", "batched": "PyTorch, 8 windows at once",
          "channels-last": "PyTorch, channels last", "batched-channels-last": "PyTorch, 8 windows at once, channels last",
          "kept": "PyTorch, decoded images kept"}


@dataclass(frozen=True)
class Measurement:
    """What one process measured, or in `failure` why it did not."""

    case: str
    side: str
    """One of TITLES."""
    round: int
    images: int = 0
    """In each unit that is timed."""
    threads: int = 0
    seconds: tuple = ()
    """Of each unit."""
    resting_bytes: int = None
    """Resident before the network, or the first batch, was made; None where the system does not say."""
    peak_bytes: int = None
    others: float = None
    """Cores that other programs took meanwhile; None where the system does not say."""
    program: str = ""
    """What measured, with its commit or its vectors."""
    failure: str = ""


@dataclass(frozen=True)
class Options:
    """How much is measured, and on what."""

    spec: str
    device: str
    threads: int
    steps: int
    warmup: int
    images: int
    samples: int
    work: Path
    data: Path
    """Data root in the layout that both programs read."""


def of(case):
    """Those that measure a case; the first one is ours."""
    sides = ["atrous", "pytorch"]
    if case.what == "loader":
        return [*sides, "kept"]
    sides.append("channels-last")
    if case.what == "inference" and case.settings["infer"]["mode"] == "slide":
        sides += ["batched", "batched-channels-last"]
    return sides


class Sides:
    """Both programs."""

    def __init__(self, atrous, options, folders):
        """`folders` are those of the data sets, by name, as mmsegmentation reads them."""
        self.atrous, self.options, self.folders = atrous, options, folders

    def measure(self, case, side, number):
        """A Measurement; the second value is what a process that failed has said."""
        threads = 1 if case.what in ("loader", "throughput") else self.options.threads
        copies = range(self.options.threads if case.what == "throughput" else 1)
        reports = [self.options.work / f"{case.what}-{case.experiment}-{side}-{copy}.json" for copy in copies]
        commands = [self._ours(case, report) if side == "atrous" else self._theirs(case, side, threads, report)
                    for report in reports]
        try:
            found, others = process.run_all(commands, reports, threads)
            return together([self._read(each, others, case, side, number, threads) for each in found]), ""
        except Failed as failed:
            return Measurement(case.name, side, number, failure=str(failed)), failed.detail

    def _ours(self, case, report):
        options = self.options
        what = BENCH.get(case.what, case.what)
        amount = {"step": ["--steps", options.steps, "--warmup", options.warmup, "--device", options.device],
                  "inference": ["--images", options.images, "--device", options.device],
                  "loader": ["--samples", options.samples, "--threads", 1, "--data-root", options.data]}[what]
        return [self.atrous, "bench", what, options.spec, "--only", case.experiment, "--json", report, *amount]

    def _theirs(self, case, side, threads, report):
        options, batch = self.options, case.settings["train"]["batch"]
        what = BENCH.get(case.what, case.what)
        warmup, units = {"step": (options.warmup, options.steps), "inference": (1, options.images),
                         "loader": (1, -(-options.samples // batch))}[what]
        job = dict(what=what, side=side, settings=case.settings, threads=threads, warmup=warmup, units=units,
                   folder=str(self.folders.get(case.settings["dataset"], "")))
        file = report.with_name(f"{report.stem}.job.json")
        file.write_text(json.dumps(job, indent=1) + "\n")
        return [sys.executable, "-B", Path(__file__).with_name("pytorch.py"), file, report]

    def _read(self, report, others, case, side, number, threads):
        try:
            (found,), used = report["cases"], report["threads"]
            seconds = tuple(map(float, found["seconds"]))
            program = (f"{report['program']} ({report['commit']}) on {report['device']}" if side == "atrous" else
                       f"{report['program']}, with {report['cpu_capability']}")
            measured = Measurement(case.name, side, number, int(found["images"]), used, seconds, found["resting_bytes"],
                                   found["peak_bytes"], others, program)
        except (KeyError, TypeError, ValueError) as error:
            raise Failed(f"its report cannot be read ({type(error).__name__}: {error})") from None
        if not seconds or not all(math.isfinite(value) and value > 0 for value in seconds):
            raise Failed("its report holds no times")
        if used != threads:
            raise Failed(f"it computed with {used} threads instead of {threads}")
        return measured


def together(measured):
    """What processes that ran at the same time come to: the seconds in which they made one step between them, on average,
    and the memory of all."""
    count = len(measured)
    total = [None if None in of else sum(of) for of in zip(*((each.resting_bytes, each.peak_bytes) for each in measured))]
    seconds = tuple(sum(of) / count**2 for of in zip(*(each.seconds for each in measured)))
    return replace(measured[0], seconds=seconds, resting_bytes=total[0], peak_bytes=total[1])


def plan(atrous, spec, work):
    """All cases of a spec, as `atrous` resolves it."""
    found = []
    for what in KINDS:
        report = work / f"plan-{what}.json"
        planned, _ = process.run([atrous, "bench", BENCH.get(what, what), spec, "--dry-run", "--json", report], report)
        for case in planned["cases"]:
            found.append(Case(what, case["experiment"], case["settings"]))
    names = [case.name for case in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Failed(f"{twice} has several rates settings, of which each would need an experiment of its own")
    return found
