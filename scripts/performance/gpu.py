"""Figures of a GPU, from files that were made on a machine that has one:

    atrous bench step speed-gpu --device wgpu --json OURS
    python3 scripts/gpu/torch_throughput.py --json THEIRS
"""
import json
import statistics
from dataclasses import dataclass

import report

NETWORKS = {"unet-s5-d16": ("unet", 16, 2), "deeplabv3-r50-d8": ("deeplabv3", 512, 19)}
"""The name, ASPP channels and classes of scripts/gpu/torch_throughput.py."""
DATASETS = {2: ("stare", "chase_db1", "hrf"), 19: ("cityscapes",)}
RATES = [1, 12, 24, 36]


@dataclass(frozen=True)
class Figures:
    ours: dict
    theirs: dict

    @staticmethod
    def read(ours, theirs):
        """Of two files; ValueError says which one is not what it has to be."""
        pair = []
        for path, keys, maker in ((ours, ("cases", "what", "device"), "atrous bench step"),
                                  (theirs, ("results", "torch", "base_channels"), "scripts/gpu/torch_throughput.py")):
            try:
                content = json.loads(path.read_text())
            except (OSError, ValueError) as error:
                raise ValueError(f"{path}: {error}") from None
            if not isinstance(content, dict) or not all(key in content for key in keys):
                raise ValueError(f"{path}: is not what {maker} writes with --json")
            pair.append(content)
        if pair[0]["what"] != "step":
            raise ValueError(f"{ours}: holds times of {pair[0]['what']}, not of training steps")
        return Figures(*pair)

    def about(self):
        ours, theirs = self.ours, self.theirs
        layout = "channels last" if theirs["channels_last"] else "channels first"
        return (f"{ours['program']} ({ours['commit']}) on {ours['device']}, {ours['adapter']}; PyTorch {theirs['torch']} on "
                f"{theirs['device']}, {theirs['device_name']}, {layout}. Median of the steps of one process each.")

    def rows(self):
        """(case, network, input, precision, ours, theirs): seconds per step, None where PyTorch has no counterpart."""
        found = []
        for case in self.ours["cases"]:
            settings = case["settings"]
            (height, width), batch = settings["crop"], settings["train"]["batch"]
            seconds = statistics.median(case["seconds"]) if case["seconds"] else None
            matching = [row for row in self.theirs["results"] if self._equal(settings, row)]
            for row in matching or [{}]:
                theirs = row["median_ms"] / 1e3 if "median_ms" in row else None
                found.append((case["experiment"], settings["model"]["kind"], f"{batch} x {height}x{width}",
                              row.get("precision", "-"), seconds, theirs))
        return found

    def _equal(self, settings, row):
        model = settings["model"]
        name, aspp, classes = NETWORKS.get(model["kind"], ("", 0, 0))
        return ((row["network"], row["height"], row["width"], row["batch"]) ==
                (name, *settings["crop"], settings["train"]["batch"])
                and (model["base_channels"], model["aspp_channels"]) == (self.theirs["base_channels"], aspp)
                and settings["rates"] == RATES and settings["dataset"] in DATASETS.get(classes, ()))


def section(figures):
    """The page's part on GPUs; `figures` may be None."""
    title = "## Training step on a GPU"
    if figures is None:
        return f"{title}\n\n{report.NOT.capitalize()} here.\n"
    rows = []
    for *cells, ours, theirs in figures.rows():
        ratio = report.NOT if None in (ours, theirs) else f"{ours / theirs:.2f}"
        rows.append([*cells, *(report.speed("step", value) for value in (ours, theirs)), ratio])
    head = ["case", "network", "input", "PyTorch's precision", "atrous", "PyTorch", "atrous / PyTorch"]
    return "\n".join([title, "", figures.about(), "", *report.grid(head, rows), ""])
