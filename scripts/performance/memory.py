"""Resident memory of this process, in bytes; None on systems without Linux's /proc."""
from pathlib import Path


def resident():
    return _status("VmRSS")


def peak():
    """The largest since `reset`."""
    return _status("VmHWM")


def reset():
    """Forgets the peak so far, that of the imports: from here on it counts anew. Without effect where not allowed."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _status(key):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), None)
