"""Runs one side in a process of its own and reads the JSON that it writes."""
import json
import os
import subprocess

import machine

THREADS = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Failed(Exception):
    """Without a path of this machine; `detail` is what the process said."""

    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.detail = detail


def run(command, report, threads=None):
    """Runs a command. Gives what it writes to the file `report`, and how many cores other programs took meanwhile. Without
    `threads` it takes what it likes."""
    (found,), others = run_all([command], [report], threads)
    return found, others


def run_all(commands, reports, threads=None):
    """Runs commands at the same time, each of which writes a report of its own."""
    environment = {**os.environ, **({name: str(threads) for name in THREADS} if threads else {})}
    for report in reports:
        report.unlink(missing_ok=True)
    others, started = machine.Others(), []
    try:
        for command in commands:
            pipes = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            started.append(subprocess.Popen([*map(str, command)], env=environment, **pipes))
        said = [process.communicate()[1] for process in started]
    except OSError as error:
        raise Failed(f"cannot be run ({error.strerror})") from None
    finally:
        for process in started:
            process.kill()
            process.wait()
    for process, text in zip(started, said):
        code = process.returncode
        if code:
            raise Failed(f"exit code {code}" if code > 0 else f"ended by signal {-code}", text.strip())
    try:
        return [json.loads(report.read_text()) for report in reports], others.cores()
    except (OSError, ValueError) as error:
        raise Failed(f"wrote no report ({type(error).__name__})", "\n".join(said).strip()) from None
