"""How the time of a training step grows with the pixels of a batch: `atrous` alone, the U-Net of width 16."""
import csv
import io
import math
import statistics
import sys
from dataclasses import dataclass

import process
import report

SIDES = (64, 96, 128, 192, 256, 384, 512)
BATCHES = (2, 4, 8, 16)
SIDE, BATCH = 128, 4
"""Where the other one is varied."""
SPEC = """\
# Written by scripts/performance: one experiment for each size of a batch.
"""
EXPERIMENT = """
[[experiment]]
name     = "{name}"
dataset  = "stare"
model    = {{ kind = "unet-s5-d16", base_channels = 16, aspp_channels = 16 }}
crop     = [{side}, {side}]
rates    = [[1, 12, 24, 36]]
baseline = [1, 12, 24, 36]
seeds    = [0]
train    = {{ iterations = 40000, batch = {batch} }}
infer    = {{ mode = "slide", window = [128, 128], stride = [85, 85] }}
"""


@dataclass(frozen=True)
class Point:
    side: int
    batch: int
    seconds: float = math.nan
    """Of a step, the median."""

    @property
    def name(self):
        return f"side-{self.side}-batch-{self.batch}"

    @property
    def pixels(self):
        return self.batch * self.side**2


def points():
    """Each side with one batch, and each batch with one side; the smallest first."""
    wanted = {Point(side, BATCH) for side in SIDES} | {Point(SIDE, batch) for batch in BATCHES}
    return sorted(wanted, key=lambda point: (point.pixels, point.side))


def measure(atrous, options):
    """A step's time at each point, every one in a process of its own."""
    spec, measured = options.work / "scaling.toml", []
    spec.write_text(SPEC + "".join(EXPERIMENT.format(name=p.name, side=p.side, batch=p.batch) for p in points()))
    for point in points():
        file = options.work / f"{point.name}.json"
        command = [atrous, "bench", "step", spec, "--only", point.name, "--steps", options.steps, "--warmup", options.warmup,
                   "--device", options.device, "--json", file]
        print(f"  {point.batch:2} x {point.side}x{point.side}: ", end="", flush=True)
        try:
            found, _ = process.run(command, file, options.threads)
        except process.Failed as failed:
            print(f"{report.NOT}: {failed}", flush=True)
            print(failed.detail, file=sys.stderr)
            continue
        measured.append(Point(point.side, point.batch, statistics.median(found["cases"][0]["seconds"])))
        print(f"{measured[-1].seconds:.4g} s", flush=True)
    return measured


def fit(measured):
    """The exponent of seconds = factor * pixels ** exponent, by least squares of the logarithms."""
    pixels, seconds = ([math.log(getattr(p, key)) for p in measured] for key in ("pixels", "seconds"))
    return statistics.linear_regression(pixels, seconds).slope


def table(measured):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["side", "batch", "pixels", "seconds"])
    writer.writerows([p.side, p.batch, p.pixels, f"{p.seconds:.6g}"] for p in measured)
    return text.getvalue()


def plot(measured, threads):
    """PNG: seconds against pixels, both logarithmic, and a line of slope 1 through the points' middle."""
    import matplotlib

    matplotlib.use("Agg")
    with matplotlib.rc_context({"font.size": 9.5, "axes.spines.top": False, "axes.spines.right": False,
                                "legend.frameon": False}):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
        pixels = [p.pixels for p in measured]
        middle = statistics.fmean(math.log(p.seconds / p.pixels) for p in measured)
        ends = [min(pixels), max(pixels)]
        axes.plot(ends, [math.exp(middle) * end for end in ends], color="0.76", linewidth=3, label="slope 1")
        varied = ((f"batch {BATCH}, side {SIDES[0]} to {SIDES[-1]}", "o", "#1f5fa8", lambda p: p.batch == BATCH),
                  (f"side {SIDE}, batch {BATCHES[0]} to {BATCHES[-1]}", "x", "#d1661c", lambda p: p.side == SIDE))
        for label, marker, colour, belongs in varied:
            own = [p for p in measured if belongs(p)]
            axes.plot([p.pixels for p in own], [p.seconds for p in own], marker, color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="pixels per batch", ylabel="seconds per training step")
        title = f"U-Net of width 16 on {threads} threads: exponent {fit(measured):.3f}"
        axes.set_title(title, loc="left", fontsize=10.5)
        axes.legend(loc="upper left")
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=130, metadata={"Software": None})
        plt.close(figure)
    return content.getvalue()


def run(atrous, options, out):
    """Measures, writes `scaling.csv` and `scaling.png`, prints the exponent; the exit code."""
    measured = measure(atrous, options)
    if len(measured) < 2:
        print("error: too little was measured to say how the time grows", file=sys.stderr)
        return 1
    report.write(out / "scaling.csv", table(measured))
    report.write(out / "scaling.png", plot(measured, options.threads))
    print(f"seconds per step grow with (pixels per batch) ** {fit(measured):.3f}; picture: {out / 'scaling.png'}")
    return int(len(measured) < len(points()))
