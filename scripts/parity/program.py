"""The other side: runs `atrous` and says what to do when it fails."""
import shlex
import subprocess


class Program:
    """The binary, and the device that it computes on."""

    def __init__(self, path, device):
        self.path, self.device = str(path), ["--device", device]

    def _call(self, arguments):
        command = [self.path, *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise SystemExit(f"error: cannot run {self.path} ({error.strerror}): build it with `cargo build --release`, or "
                             "name it in ATROUS") from None
        if done.returncode:
            raise SystemExit(f"{done.stderr.strip()}\nerror: exit code {done.returncode} of this command; try it alone:\n"
                             f"  {shlex.join(command)}")
        return done.stdout

    def version(self):
        return self._call(["--version"]).strip()

    def evaluate(self, weights, rates, dataset, data_root, json, limit=None):
        """Scores weights; the report goes to `json`."""
        only = ["--limit", limit] if limit else []
        self._call(["eval", "--weights", weights, "--dataset", dataset, "--rates", ",".join(map(str, rates)),
                    "--data-root", data_root, "--json", json, *only, *self.device])

    def batches(self, spec, experiment, data_root, iterations, out):
        """Exports the batches of the first iterations."""
        self._call(["batches", spec, "--experiment", experiment, "--data-root", data_root, "--iterations", iterations,
                    "--out", out])

    def train(self, spec, experiment, data_root, out):
        """Trains the experiment's baseline with seed 0."""
        self._call(["train", spec, "--experiment", experiment, "--data-root", data_root, "--out", out, *self.device])
