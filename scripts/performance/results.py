"""What the measurements come to: a value per process, a ratio per round, their medians and extremes."""
import math
import statistics
from dataclasses import dataclass


def per_unit(measured):
    """Seconds per step or image: the median of the process. Per sample of a loader: the mean, as some batches have more to
    do than others."""
    if measured.case.startswith("loader/"):
        return statistics.fmean(measured.seconds) / measured.images
    return statistics.median(measured.seconds)


def above_resting(measured):
    """Bytes that the work took; None where the system does not say."""
    if None in (measured.peak_bytes, measured.resting_bytes):
        return None
    return measured.peak_bytes - measured.resting_bytes


@dataclass(frozen=True)
class Ratio:
    """Ours over theirs; not a number where nothing was measured."""

    median: float
    least: float
    most: float


class Results:
    """All measurements of a comparison."""

    def __init__(self, measured):
        self.good = [each for each in measured if not each.failure]
        self.failures = [each for each in measured if each.failure]

    def _of(self, case, side):
        return {each.round: each for each in self.good if (each.case, each.side) == (case, side)}

    def seconds(self, case, side):
        """Median over the rounds, or None."""
        values = [per_unit(each) for each in self._of(case, side).values()]
        return statistics.median(values) if values else None

    def bytes(self, case, side, of=above_resting):
        """Median over the rounds, or None."""
        values = [of(each) for each in self._of(case, side).values()]
        return statistics.median(values) if values and None not in values else None

    def ratio(self, case, side):
        """Of the rounds in which both were measured."""
        ours, theirs = self._of(case, "atrous"), self._of(case, side)
        values = [per_unit(ours[k]) / per_unit(theirs[k]) for k in ours.keys() & theirs.keys()]
        if not values:
            return Ratio(math.nan, math.nan, math.nan)
        return Ratio(statistics.median(values), min(values), max(values))

    def faster(self, case, sides):
        """The fastest of some sides, or None where one is missing."""
        values = {side: self.seconds(case, side) for side in sides}
        return None if None in values.values() else min(values, key=values.get)

    def others(self):
        """Cores that other programs took: in the middle process, and at most. None where the system does not say."""
        values = [each.others for each in self.good]
        return (statistics.median(values), max(values)) if values and None not in values else None
