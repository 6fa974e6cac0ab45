"""The machine that is measured on."""
import os
import platform
import resource
import time
from pathlib import Path


def cpu():
    """The model's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores():
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Others:
    """Watches what other programs compute than this one's children, from now on."""

    def __init__(self):
        self.started, self.computed = time.monotonic(), _computed()

    def cores(self):
        """How many cores they took since, on average, with what a hypervisor took away; None where the system does not
        say. What a child did counts once it has ended."""
        if self.computed is None:
            return None
        return max(0.0, (_computed() - self.computed) / (time.monotonic() - self.started))


def _computed():
    """Seconds that all cores have computed for others than this process's children."""
    try:
        ticks = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return None
    # Of the eight, the fourth and fifth are idle, and idle while something is read or written (proc(5)).
    busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return busy - own.ru_utime - own.ru_stime
