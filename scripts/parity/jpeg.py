"""Writes small JPEG files of all kinds of chroma subsampling, and what OpenCV reads from them (SHA-256 of height x width x
RGB bytes), for atrous's tests.

    target/parity/venv/bin/python scripts/parity/jpeg.py --out data/tests/golden/jpeg
"""
import argparse
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

KINDS = {"444": 0, "422": 1, "420": 2}
"""Pillow's numbers of chroma subsampling."""


def picture(height, width):
    """Colours with sharp edges, where upsampling shows: u8, HxWx3."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([127 + 100 * np.sin(0.2 * x + 0.1 * y), 3.0 * x % 256, 5.0 * y % 256], -1)
    image[(x // 7 + y // 5) % 3 == 0] = (250, 20, 60)
    return np.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder of the files")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    image, digests = Image.fromarray(picture(45, 61)), {}
    for name, subsampling in KINDS.items():
        image.save(out / f"{name}.jpg", quality=85, subsampling=subsampling)
        image.save(out / f"{name}-progressive.jpg", quality=85, subsampling=subsampling, progressive=True)
    image.convert("L").save(out / "grey.jpg", quality=85)
    for path in sorted(out.glob("*.jpg")):
        decoded = cv2.imread(str(path))[:, :, ::-1]
        digests[path.stem] = dict(size=decoded.shape[:2], sha256=hashlib.sha256(decoded.tobytes()).hexdigest())
    (out / "opencv.json").write_text(json.dumps(digests, indent=1) + "\n")


if __name__ == "__main__":
    main()
