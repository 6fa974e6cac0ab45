"""The programs that are compared, each as a process that measures one case."""
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import process
from cases import KINDS, Case
from process import Failed

TITLES = {"atrous": "atrous", "pytorch": "PyTorch", "batched": "PyTorch, 8 windows at once",
          "channels-last": "PyTorch, channels last", "kept": "PyTorch, decoded images kept"}
ABOUT = ("program", "commit", "device", "adapter", "cpu_capability")
"""What a report says of its program."""


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
    channels_last: bool
    work: Path
    data: Path
    """Data root in the layout that both programs read."""


def of(case, options):
    """Those that measure a case; the first one is ours."""
    sides = ["atrous", "pytorch"]
    if case.what == "step" and options.channels_last:
        sides.append("channels-last")
    if case.what == "inference" and case.settings["infer"]["mode"] == "slide":
        sides.append("batched")
    if case.what == "loader":
        sides.append("kept")
    return sides


class Sides:
    """Both programs. `about` collects what they say of themselves."""

    def __init__(self, atrous, options, folders):
        """`folders` are those of the data sets, by name, as mmsegmentation reads them."""
        self.atrous, self.options, self.folders, self.about = atrous, options, folders, {}

    def measure(self, case, side, number):
        """A Measurement; the second value is what a process that failed has said."""
        threads = 1 if case.what == "loader" else self.options.threads
        report = self.options.work / f"{case.what}-{case.experiment}-{side}.json"
        command = self._ours(case, report) if side == "atrous" else self._theirs(case, side, threads, report)
        try:
            return self._read(*process.run(command, report, threads), case, side, number, threads), ""
        except Failed as failed:
            return Measurement(case.name, side, number, failure=str(failed)), failed.detail

    def _ours(self, case, report):
        options = self.options
        amount = {"step": ["--steps", options.steps, "--warmup", options.warmup, "--device", options.device],
                  "inference": ["--images", options.images, "--device", options.device],
                  "loader": ["--samples", options.samples, "--threads", 1, "--data-root", options.data]}[case.what]
        return [self.atrous, "bench", case.what, options.spec, "--only", case.experiment, "--json", report, *amount]

    def _theirs(self, case, side, threads, report):
        options, batch = self.options, case.settings["train"]["batch"]
        warmup, units = {"step": (options.warmup, options.steps), "inference": (1, options.images),
                         "loader": (1, -(-options.samples // batch))}[case.what]
        job = dict(what=case.what, side=side, settings=case.settings, threads=threads, warmup=warmup, units=units,
                   folder=str(self.folders.get(case.settings["dataset"], "")))
        file = report.with_name(f"{report.stem}.job.json")
        file.write_text(json.dumps(job, indent=1) + "\n")
        return [sys.executable, "-B", Path(__file__).with_name("pytorch.py"), file, report]

    def _read(self, report, others, case, side, number, threads):
        try:
            (found,), used = report["cases"], report["threads"]
            seconds = tuple(map(float, found["seconds"]))
            measured = Measurement(case.name, side, number, int(found["images"]), used, seconds, found["resting_bytes"],
                                   found["peak_bytes"], others)
        except (KeyError, TypeError, ValueError) as error:
            raise Failed(f"its report cannot be read ({type(error).__name__}: {error})") from None
        if not seconds or not all(math.isfinite(value) and value > 0 for value in seconds):
            raise Failed("its report holds no times")
        if used != threads:
            raise Failed(f"it computed with {used} threads instead of {threads}")
        self.about.setdefault("atrous" if side == "atrous" else "pytorch", {}).update(
            {key: report[key] for key in ABOUT if key in report})
        return measured


def plan(atrous, spec, work):
    """All cases of a spec, as `atrous` resolves it."""
    found = []
    for what in KINDS:
        report = work / f"plan-{what}.json"
        planned, _ = process.run([atrous, "bench", what, spec, "--dry-run", "--json", report], report)
        for case in planned["cases"]:
            found.append(Case(what, case["experiment"], case["settings"]))
    names = [case.name for case in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Failed(f"{twice} has several rates settings, of which each would need an experiment of its own")
    return found
