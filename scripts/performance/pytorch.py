"""PyTorch's side of the comparison, one case in a process of its own: reads a job that compare.py has written, and writes
seconds and memory in the form of `atrous bench --json`."""
import argparse
import importlib.metadata
import json
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "parity"))
import cv2  # noqa: E402
import torch  # noqa: E402
from mmengine.runner import set_random_seed  # noqa: E402

import inference  # noqa: E402
import loader  # noqa: E402
import memory  # noqa: E402
import step  # noqa: E402

KINDS = {"step": step, "inference": inference, "loader": loader}
PACKAGES = {"mmsegmentation": "mmsegmentation", "torch": "torch", "numpy": "numpy", "OpenCV": "opencv-python-headless"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=Path, metavar="JOB", help="JSON: what, side, settings, threads, warmup, units; for a "
                                                              "loader also folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="JSON that is written")
    return parser.parse_args()


def measure(job):
    """The only case of the report."""
    memory.reset()
    resting = memory.resident()
    unit, images = KINDS[job["what"]].prepare(job)
    for _ in range(job["warmup"]):
        unit()
    seconds = []
    for _ in range(job["units"]):
        started = time.perf_counter()
        unit()
        seconds.append(time.perf_counter() - started)
    return dict(experiment=job["settings"]["experiment"], images=images, seconds=seconds, resting_bytes=resting,
                peak_bytes=memory.peak())


def main():
    chosen = arguments()
    job = json.loads(chosen.job.read_text())
    torch.set_num_threads(job["threads"])
    cv2.setNumThreads(job["threads"])
    set_random_seed(0)
    report = dict(program=", ".join(f"{name} {importlib.metadata.version(package)}" for name, package in PACKAGES.items()),
                  cpu_capability=torch.backends.cpu.get_cpu_capability(), threads=torch.get_num_threads(),
                  what=job["what"], cases=[measure(job)])
    chosen.out.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
