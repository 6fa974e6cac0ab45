"""The same training in both programs: equal initial weights, equal batches, equal schedule; the losses are compared.

`atrous` trains and exports its batches; mmsegmentation's network then trains on these, in 32-bit floats and once more in
64-bit ones. The latter is the yardstick: it shows which of the 32-bit curves is nearer to what the arithmetic means.

This is done from two checkpoints. From `trained` rounding stays small, and the programs have to agree. From `initial`,
mmsegmentation's own initialisation, every iteration about doubles what rounding has done: within 20 iterations PyTorch in
32 bits is a percent or several away from PyTorch in 64 bits. Those curves are drawn and reported as well, but no bound can
be put on them.
"""
import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import torch
from mmengine.optim.scheduler import PolyLR
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from safetensors.torch import load_file

import reference
from reference import Shape

STARTS = {"trained": "from trained weights", "initial": "from mmsegmentation's initialisation"}
"""Checkpoints that training starts from. The first one has to meet the bound."""
ITERATIONS = 50
FIRST = 20
"""Iterations over which the programs have to agree."""
BOUND = 0.01
"""The relative difference of the loss at which they are held to disagree."""
EXPERIMENT = "training"
LOSSES = ("loss", "decode", "auxiliary")
SPEC = """\
# Written by scripts/parity: a short training whose losses are compared with mmsegmentation's.

[[experiment]]
name     = "{experiment}"
dataset  = "stare"
model    = {{ kind = "unet-s5-d16", base_channels = {base}, aspp_channels = {aspp} }}
init     = {{ weights = {weights} }}
crop     = [64, 64]
rates    = [{rates}]
baseline = {rates}
seeds    = [0]
train    = {{ iterations = {iterations}, batch = 4, dropout = 0.0 }}
infer    = {{ mode = "slide", window = [128, 128], stride = [85, 85] }}
"""


@dataclass(frozen=True)
class Curves:
    """Three logs of the same training: a dict with lr and LOSSES per iteration."""

    start: str
    atrous: list
    mmsegmentation: list
    exact: list
    """mmsegmentation in 64 bits."""

    def difference(self, left="atrous", right="mmsegmentation", key="loss"):
        """Per iteration, relative to the right one."""
        pairs = zip(getattr(self, left), getattr(self, right), strict=True)
        return [abs(a[key] - b[key]) / abs(b[key]) for a, b in pairs]

    def agree(self):
        return max(self.difference()[:FIRST]) < BOUND

    def summary(self):
        difference, noise = self.difference(), self.difference("mmsegmentation", "exact")
        bound = f" (allowed: {100 * BOUND:g} %)" if self.start == next(iter(STARTS)) else ""
        return (f"Largest relative difference of the loss, {STARTS[self.start]}: {100 * max(difference[:FIRST]):.2g} % over "
                f"the first {FIRST} iterations{bound}, {100 * max(difference):.2g} % over all {ITERATIONS}; "
                f"mmsegmentation in 32 and in 64 bits: {100 * max(noise[:FIRST]):.2g} % and {100 * max(noise):.2g} %.")


def spec(weights):
    """The experiment, as `atrous` reads it: the protocol's defaults but for sizes, length and dropout."""
    shape = Shape()
    # A literal string of TOML takes backslashes as they are.
    return SPEC.format(experiment=EXPERIMENT, base=shape.base, aspp=shape.aspp, rates=list(shape.rates),
                       iterations=ITERATIONS, weights=f"'{Path(weights).resolve()}'")


def read_log(folder):
    """The log of the one run below a folder."""
    logs = list(Path(folder).glob(f"{EXPERIMENT}/*/seed-0-*/log.csv"))
    if len(logs) != 1:
        raise SystemExit(f"error: {len(logs)} files {EXPERIMENT}/*/seed-0-*/log.csv in {folder} instead of one: did "
                         "`atrous train` finish?")
    with open(logs[0], newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    if [row["iteration"] for row in rows] != list(range(ITERATIONS)):
        raise SystemExit(f"error: {logs[0]} has {len(rows)} rows instead of one for each iteration from 0 to "
                         f"{ITERATIONS - 1}")
    return rows


def read_batches(path):
    """Images, normalised, and labels of each iteration."""
    tensors = load_file(path)
    wanted = {f"{kind}.{k}" for kind in ("images", "labels") for k in range(ITERATIONS)}
    if not wanted <= tensors.keys():
        raise SystemExit(f"error: {path} lacks {sorted(wanted - tensors.keys())[0]}")
    return [(tensors[f"images.{k}"], tensors[f"labels.{k}"]) for k in range(ITERATIONS)]


def train(state, batches, dtype):
    """The log that mmsegmentation's network and losses, torch's SGD and mmengine's schedule give."""
    built = reference.network(Shape(), state=state).to(dtype).train()
    optimiser = torch.optim.SGD(built.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    schedule = PolyLR(optimiser, eta_min=1e-4, power=0.9, begin=0, end=len(batches), by_epoch=False)
    rows = []
    for images, labels in batches:
        samples = [SegDataSample(gt_sem_seg=PixelData(data=label[None].long())) for label in labels]
        losses = built.loss(images.to(dtype), samples)
        loss, _ = built.parse_losses(losses)
        rows.append({"lr": optimiser.param_groups[0]["lr"], "loss": loss.item(),
                     "decode": losses["decode.loss_ce"].item(), "auxiliary": losses["aux.loss_ce"].item()})
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return rows


def run(program, start, weights, data_root, work):
    """Trains from the checkpoint `start` in all three ways."""
    work = work / start
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    settings, exported, runs = work / "training.toml", work / "batches.safetensors", work / "runs"
    settings.write_text(spec(weights))
    print(f"  {STARTS[start]}: atrous", flush=True)
    program.batches(settings, EXPERIMENT, data_root, ITERATIONS, exported)
    program.train(settings, EXPERIMENT, data_root, runs)
    ours = read_log(runs)
    print(f"  {STARTS[start]}: mmsegmentation in 32 and 64 bits", flush=True)
    state, batches = reference.read_state(weights), read_batches(exported)
    curves = Curves(start, ours, train(state, batches, torch.float32), train(state, batches, torch.float64))
    for k, difference in enumerate(curves.difference("atrous", "exact", "lr")):
        if difference > 1e-9:
            raise SystemExit(f"error: iteration {k} runs at the learning rate {ours[k]['lr']} in atrous and at "
                             f"{curves.exact[k]['lr']} in mmsegmentation")
    return curves


# ---------------------------------------------------------------- results

GREY, ORANGE, BLUE = "0.76", "#d1661c", "#1f5fa8"
DASHED = (0, (4, 2.5))


def _draw_losses(axes, curves):
    iterations = range(1, ITERATIONS + 1)
    for label, log, style in (
            ("mmsegmentation, 64 bits", curves.exact, dict(color=GREY, linewidth=5, solid_capstyle="round")),
            ("mmsegmentation", curves.mmsegmentation, dict(color=ORANGE, linewidth=1.8)),
            ("atrous", curves.atrous, dict(color=BLUE, linewidth=1.3, linestyle=DASHED))):
        axes.plot(iterations, [row["loss"] for row in log], label=label, **style)
    axes.set_title(STARTS[curves.start], loc="left")


def _draw_differences(axes, curves):
    for label, pair, style in (
            ("atrous and mmsegmentation", ("atrous", "mmsegmentation"), dict(color="black", linewidth=1.7)),
            ("atrous and 64 bits", ("atrous", "exact"), dict(color=BLUE, linewidth=1.2, linestyle=DASHED)),
            ("mmsegmentation and 64 bits", ("mmsegmentation", "exact"), dict(color=ORANGE, linewidth=1.2))):
        # Zero has no place on this axis.
        values = [value or float("nan") for value in curves.difference(*pair)]
        axes.plot(range(1, ITERATIONS + 1), values, label=label, **style)
    if curves.start == next(iter(STARTS)):
        axes.plot([1, FIRST], [BOUND, BOUND], color="0.4", linewidth=1)
        axes.annotate(f"has to stay below {100 * BOUND:g} %", (1, BOUND), xytext=(0, 3), textcoords="offset points",
                      color="0.3")
    axes.set_xlabel("iteration")


def plot(found, out):
    """`training.svg` and `training.png`: the losses above, their relative differences below."""
    matplotlib.use("Agg")
    # The salt makes equal numbers equal files.
    settings = {"svg.hashsalt": "parity", "font.size": 9.5, "axes.titlesize": 10.5, "axes.spines.top": False,
                "axes.spines.right": False, "legend.frameon": False}
    with matplotlib.rc_context(settings):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(2, len(found), figsize=(10, 6.6), sharex=True, sharey="row", layout="constrained")
        for (above, below), curves in zip(axes.T, found):
            _draw_losses(above, curves)
            _draw_differences(below, curves)
        axes[0, 0].set_ylabel("loss")
        axes[1, 0].set_ylabel("relative difference of the loss")
        axes[1, 0].set_yscale("log")
        axes[1, 0].set_ylim(top=0.3)
        axes[1, 0].set_xlim(0, ITERATIONS + 1)
        for row in axes:
            row[-1].legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
        for panel in axes.flat:
            panel.grid(axis="y", color="0.92")
            panel.set_axisbelow(True)
        figure.savefig(out / "training.svg", metadata={"Date": None})
        figure.savefig(out / "training.png", dpi=130, metadata={"Software": None})
        plt.close(figure)


def write(found, out):
    """The picture and `training.csv`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    columns = {"atrous": "atrous", "mmsegmentation": "mmsegmentation", "exact": "mmsegmentation_f64"}
    with open(out / "training.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["start", "iteration", "lr", *(f"{name}_{key}" for name in columns.values() for key in LOSSES),
                         "difference", "atrous_difference_f64", "mmsegmentation_difference_f64"])
        for curves in found:
            differences = zip(curves.difference(), curves.difference("atrous", "exact"),
                              curves.difference("mmsegmentation", "exact"))
            for k, difference in enumerate(differences):
                losses = (f"{getattr(curves, log)[k][key]:.9g}" for log in columns for key in LOSSES)
                writer.writerow([curves.start, k, f"{curves.atrous[k]['lr']:.9g}", *losses,
                                 *(f"{value:.3e}" for value in difference)])
    plot(found, out)
