"""Compares atrous with mmsegmentation 1.2.2 on this machine's CPU, on real images.

  scores     checkpoints in mmsegmentation's format are scored by both programs on the validation images of STARE,
             CHASE_DB1 and (two images) HRF; no score may differ by more than 0.01 points
  training   both train the same small U-Net on STARE on the same batches, from a checkpoint of mmsegmentation that has
             been trained briefly, over the first 20 iterations no loss may differ by 1 %, and from its initialisation

Exit codes: 0 the programs agree, 1 they do not or a step failed, 2 the command line cannot be used.
"""
import argparse
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("scores", "training")
FILES = ("same", "publisher")
DATASETS = ("stare", "chase_db1", "hrf")
EXAMPLES = """\
examples:
  scripts/parity/run.sh --data-root ~/retina
  scripts/parity/run.sh --data-root ~/retina --only scores --datasets stare
  scripts/parity/run.sh --data-root ~/retina --checkpoint unet.pth --rates 1,12,24,36

ATROUS names the binary (without it, run.sh builds one), PARITY_VENV the Python environment (default:
target/parity/venv), OMP_NUM_THREADS how many threads mmsegmentation computes with.
"""


def rates(text):
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or min(values) < 1:
        raise argparse.ArgumentTypeError(f"{text}: rates are positive whole numbers, such as 1,12,24,36")
    return values


def choice(allowed):
    def parse(text):
        values = tuple(text.split(","))
        wrong = [value for value in values if value not in allowed]
        if wrong:
            raise argparse.ArgumentTypeError(f"{wrong[0]}: must be among {', '.join(allowed)}")
        return values
    return parse


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/parity/run.sh", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, metavar="DIR", default=os.environ.get("ATROUS_DATA", "datasets"),
                        help="folder that holds the publishers' files, one folder each (docs/guide/datasets.md) [default: "
                             "ATROUS_DATA, else datasets]")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", action="append", default=[],
                        help="score this checkpoint too: a U-Net S5-D16 with ASPP, two classes; may be repeated")
    parser.add_argument("--rates", type=rates, metavar="R,R,...", action="append", default=[],
                        help="its atrous rates; one --rates for each --checkpoint, in the same order")
    parser.add_argument("--only", type=choice(PARTS), metavar="PART", default=PARTS, help=" or ".join(PARTS))
    parser.add_argument("--datasets", type=choice(DATASETS), metavar="NAME,...", default=DATASETS,
                        help=f"data sets to score on, of {', '.join(DATASETS)} [default: all]")
    parser.add_argument("--files", type=choice(FILES), metavar="KIND,...", default=FILES,
                        help="what atrous reads for its scores: the same files as mmsegmentation (PNG), or the "
                             "publisher's [default: same,publisher]")
    parser.add_argument("--device", default="flex", help="what atrous computes on; see `atrous devices` [default: flex]")
    parser.add_argument("--work", type=Path, metavar="DIR", default=ROOT / "target" / "parity",
                        help="where everything but the tables goes [default: target/parity]")
    parser.add_argument("--out", type=Path, metavar="DIR", default=ROOT / "results" / "parity",
                        help="where the tables go, over those that are there [default: results/parity]")
    chosen = parser.parse_args()
    if len(chosen.checkpoint) != len(chosen.rates):
        parser.error(f"{len(chosen.checkpoint)} --checkpoint but {len(chosen.rates)} --rates: each needs the other, as a "
                     "checkpoint does not hold its rates")
    return chosen


def main():
    chosen = arguments()
    # These take seconds to import, and --help is to work without them.
    import importlib.metadata

    import checkpoints
    import datasets
    import scores
    import training
    from program import Program
    from reference import Shape

    for path, own in zip(chosen.checkpoint, chosen.rates):
        # A mistake is to show now, not after minutes.
        scores.load(path, own)
    program = Program(os.environ.get("ATROUS", ROOT / "target" / "release" / "atrous"), chosen.device)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("mmsegmentation", "torch")]
    about = (f"{', '.join(versions)}; {program.version()} on {chosen.device}. Validation images; of HRF the first two. "
             f"Made by `scripts/parity/run.sh`.")
    data, made = chosen.work / "data", chosen.work / "checkpoints"
    print("data sets in mmsegmentation's layout", flush=True)
    stare = datasets.convert("stare", chosen.data_root, data, "training")
    lines, agree = [], True
    if "scores" in chosen.only:
        folders = {name: datasets.convert(name, chosen.data_root, data, "validation", scores.LIMITS.get(name))
                   for name in chosen.datasets}
        for name in folders.keys() - {"stare"}:
            # Nothing is trained on these, but atrous refuses a data set without training images.
            datasets.convert(name, chosen.data_root, data, "training", 1)
        print("checkpoints of mmsegmentation", flush=True)
        wanted = [(name, checkpoints.make(name, stare, made), Shape().rates) for name in ("random", "trained")]
        wanted += [(path.stem, path, own) for path, own in zip(chosen.checkpoint, chosen.rates)]
        print("scores", flush=True)
        roots = {"same": data, "publisher": chosen.data_root}
        found = scores.run(program, wanted, folders, {files: roots[files] for files in chosen.files},
                           chosen.work / "scores")
        scores.write(found, about, chosen.out)
        print(f"\n{scores.table(found, about)}")
        lines.append(scores.last_line(found))
        agree &= scores.agree(found)
    if "training" in chosen.only:
        print("training", flush=True)
        curves = [training.run(program, start, checkpoints.make(start, stare, made), chosen.data_root,
                               chosen.work / "training")
                  for start in training.STARTS]
        training.write(curves, chosen.out)
        lines += [each.summary() for each in reversed(curves)]
        agree &= curves[0].agree()
    print(f"\ntables and pictures: {chosen.out}")
    print("\n".join(lines))
    if not agree:
        print(f"error: the programs do not agree; what they wrote is in {chosen.work}", file=sys.stderr)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
