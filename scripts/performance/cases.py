"""What is compared: experiments of a spec of `atrous`, each as a training step, as one of as many trainings at a time as
there are cores, as the prediction of an image, or as the loader of its training batches."""
from dataclasses import dataclass, field

KINDS = ("step", "throughput", "inference", "loader")
BENCH = {"throughput": "step"}
"""What `atrous bench` calls a kind, where it has another name for it."""
USUAL = {
    "step": ("unet-w8", "unet-w16", "unet-w64", "r18", "r50", "r50-wide"),
    "throughput": ("unet-w8", "unet-w16"),
    "inference": ("unet-w16", "unet-w64", "r50"),
    "loader": ("chase_db1", "hrf"),
}
"""Of the embedded spec `speed`: what is worth its time. Of other specs it is everything."""
SPEC = "speed"


@dataclass(frozen=True)
class Case:
    what: str
    """One of KINDS."""
    experiment: str
    settings: dict = field(compare=False)
    """All that decides a run, as `atrous` writes it."""

    @property
    def name(self):
        return f"{self.what}/{self.experiment}"

    def network(self):
        model = self.settings["model"]
        return f"{model['kind']}, width {model['base_channels']}, rates {', '.join(map(str, self.settings['rates']))}"

    def size(self):
        """What goes in, in words."""
        crop, batch = _by(self.settings["crop"]), self.settings["train"]["batch"]
        if self.what in ("step", "throughput"):
            return f"{batch} x {crop}"
        image, infer = _by(self.settings["resize"]), self.settings["infer"]
        if self.what == "loader":
            return f"{batch} x {crop} of {image}"
        if infer["mode"] == "whole":
            return image
        boxes = windows(self.settings["resize"], infer["window"], infer["stride"])
        return f"{image}, {len(boxes)} windows of {_by(infer['window'])}"


def _by(size):
    return "x".join(map(str, size))


def windows(size, window, stride):
    """(top, bottom, left, right) of each window, in the order and by the rule of mmsegmentation's slide_inference."""
    spans = []
    for side, length, step in zip(size, window, stride):
        count = max(side - length + step - 1, 0) // step + 1
        ends = [min(k * step + length, side) for k in range(count)]
        spans.append([(max(end - length, 0), end) for end in ends])
    return [(*rows, *columns) for rows in spans[0] for columns in spans[1]]


def usual(spec, cases):
    """The cases that are measured where none are named."""
    return [case for case in cases if spec != SPEC or case.experiment in USUAL[case.what]]


def select(names, cases, usual):
    """The cases that `names` mean: `step/unet-w16` means that case, `step` or `unet-w16` the usual ones of that kind or
    experiment. KeyError for a name that means none."""
    chosen = []
    for name in names:
        meant = [case for case in cases if name == case.name]
        meant = meant or [case for case in usual if name in (case.what, case.experiment)]
        if not meant:
            raise KeyError(name)
        chosen += meant
    return [case for case in cases if case in chosen]
