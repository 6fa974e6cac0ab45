"""Holds exported networks against the program's own logits, with onnxruntime.

    python3 scripts/onnx/check.py NETWORK.onnx TEST_DATA [NETWORK.onnx TEST_DATA ...]

TEST_DATA is what `atrous export --test-data` has written. Ends with 1 where a logit is further away
than 1e-4, or than 2e-6 of the largest logit where that is more (32 bits have seven digits), or a file
is no ONNX.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

TOLERANCE = 1e-4
RELATIVE = 2e-6


def tensor(path):
    return numpy_helper.to_array(onnx.load_tensor(path))


def check(network, folder):
    """The largest distance, over all sets of test data, in units of what is allowed."""
    model = onnx.load(network)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    worst = 0.0
    cases = sorted(folder.glob("test_data_set_*"))
    assert cases, f"{folder} holds no test data"
    for case in cases:
        image, wanted = tensor(case / "input_0.pb"), tensor(case / "output_0.pb")
        (found,) = session.run(["logits"], {"image": image})
        # Two images at a time are the same two.
        (twice,) = session.run(["logits"], {"image": numpy.concatenate([image, image[..., ::-1]])})
        assert found.shape == wanted.shape and twice.shape[0] == 2, (found.shape, wanted.shape)
        distance = max(numpy.abs(found - wanted).max(), numpy.abs(twice[:1] - wanted).max())
        peak = float(numpy.abs(wanted).max())
        print(f"{network} {image.shape[2]}x{image.shape[3]}: |logits| up to {peak:.3g}, off by {distance:.2e}")
        worst = max(worst, float(distance) / max(TOLERANCE, RELATIVE * peak))
    return worst


def main(arguments):
    if not arguments or len(arguments) % 2:
        sys.exit(__doc__)
    pairs = zip(arguments[::2], arguments[1::2])
    worst = max(check(network, pathlib.Path(folder)) for network, folder in pairs)
    print(f"off by at most {worst:.2f} of what is allowed")
    return int(not worst <= 1.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
