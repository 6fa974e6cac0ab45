"""Times atrous and PyTorch in turn on this machine's CPU: training steps, several trainings at a time, predictions of
images, and loaders. PyTorch runs the networks, losses, sliding windows and data pipeline of mmsegmentation 1.2.2, with its
tensors in both layouts: contiguous and channels last.

Every measurement is a process of its own. A round measures each case with atrous and then with PyTorch; the ratio of a round
is that of two processes that ran one after the other, so that what else the machine does meets both alike.

Exit codes: 0 all was measured, 1 something was not, 2 the command line cannot be used.
"""
import argparse
import os
import shlex
from pathlib import Path

import machine

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = """\
examples:
  scripts/compare_pytorch.sh --data-root ~/retina
  scripts/compare_pytorch.sh --only step/unet-w64,inference --rounds 3 --threads 2
  scripts/compare_pytorch.sh --only step --steps 3 --warmup 1 --out trial
  scripts/compare_pytorch.sh --scaling

A case is step/EXPERIMENT, throughput/EXPERIMENT, inference/EXPERIMENT or loader/EXPERIMENT, with an experiment of the spec
(`atrous bench step --dry-run` lists them). `step`, or an experiment alone, stands for those of its cases that are worth
their time.

ATROUS names the binary (without it, one is built), PARITY_VENV the Python environment (default: target/parity/venv,
that of scripts/parity/run.sh).
"""
HIDDEN = {"--data-root": ["DIR"], "--work": ["DIR"], "--out": ["DIR"], "--spec": ["SPEC"], "--gpu": ["OURS", "THEIRS"]}
"""Options whose values are paths of one machine, and what stands for them in the results."""


def at_least(minimum):
    def parse(text):
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {minimum}")
        return int(text)
    return parse


def parser():
    made = argparse.ArgumentParser(prog="scripts/compare_pytorch.sh", description=__doc__, epilog=EXAMPLES,
                                   formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    add, cores = made.add_argument, machine.cores()
    add("--only", type=lambda text: text.split(","), metavar="CASE,...",
        help="measure these; the others are listed as not measured [default: all that are worth their time]")
    add("--data-root", type=Path, metavar="DIR", default=os.environ.get("ATROUS_DATA", "datasets"),
        help="for the loader: folder that holds the publishers' files, one folder each (docs/guide/datasets.md) [default: "
             "ATROUS_DATA, else datasets]")
    add("--rounds", type=at_least(1), default=5, metavar="N", help="[default: 5]")
    add("--threads", type=at_least(1), default=cores, metavar="N",
        help=f"of each program, but for the loaders, which have one [default: one for each core, here {cores}]")
    add("--steps", type=at_least(1), default=10, metavar="N", help="training steps that a process times [default: 10]")
    add("--warmup", type=at_least(0), default=3, metavar="N", help="training steps before them [default: 3]")
    add("--images", type=at_least(1), default=3, metavar="N",
        help="images that a process predicts and times, after one that it does not time [default: 3]")
    add("--samples", type=at_least(1), default=64, metavar="N",
        help="samples of a loader that a process times, rounded up to whole batches [default: 64]")
    add("--keep", action="store_true",
        help="keep what performance.csv in the folder of --out holds of cases that are not measured now: a comparison in "
             "several goes")
    add("--spec", default="speed", help="names the experiments: a file, or one that is built in [default: speed]")
    add("--device", default="flex", help="what atrous computes on; see `atrous devices` [default: flex]")
    add("--gpu", type=Path, nargs=2, metavar=("OURS", "THEIRS"),
        help="add a table of a GPU's figures: what `atrous bench step --device wgpu` and scripts/gpu/torch_throughput.py "
             "have written with --json on one machine")
    add("--scaling", action="store_true",
        help="measure something else: how the time of a training step of atrous grows with the pixels of a batch; writes "
             "scaling.csv and scaling.png")
    add("--work", type=Path, metavar="DIR", default=ROOT / "target" / "performance",
        help="where everything but the results goes [default: target/performance]")
    add("--out", type=Path, metavar="DIR", default=ROOT / "results",
        help="where performance.md and performance.csv go, over those that are there [default: results]")
    return made


def command(arguments):
    """A command line as the results give it."""
    shown, left = ["scripts/compare_pytorch.sh"], iter(arguments)
    for argument in left:
        option, equals, _ = argument.partition("=")
        shown += [option, *HIDDEN[option]] if option in HIDDEN else [argument]
        for _ in HIDDEN.get(option, [])[bool(equals):]:
            next(left)
    return shlex.join(shown)
