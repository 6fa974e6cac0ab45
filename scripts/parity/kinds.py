"""Writes small image files of the kinds that people have (tiles, planes, bands, orientations, depths, trailers), and what is
read from them (SHA-256 of height x width x values): images by OpenCV as 8-bit RGB, masks by Pillow as mmsegmentation's
LoadAnnotations takes them. For atrous's tests.

    target/parity/venv/bin/python scripts/parity/kinds.py --out data/tests/golden/kinds
"""
import argparse
import hashlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image

ORIENTATION = 274
"""The tag, in EXIF and in TIFF."""


def picture(height, width):
    """Colours that differ from pixel to pixel and from band to band: u8, HxWx4."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([(x * 9 + y * 5 * (band + 1) + 40 * band) % 256 for band in range(4)], -1).astype(np.uint8)


def write_images(out, bands):
    image, grey = bands[..., :3], bands[..., 0]
    planes = np.moveaxis(image, -1, 0)
    deep = np.clip(image.astype(int) * 257 + bands[..., 3:] - 127, 0, 65535).astype(np.uint16)

    def tiff(name, values, photometric="rgb", **options):
        tifffile.imwrite(out / f"{name}.tif", values, photometric=photometric, metadata=None, software=False, **options)

    packed = dict(compression="zlib")
    tiff("planar-tiles", planes, planarconfig="separate", tile=(16, 16), **packed)
    tiff("planar-strips-16", np.moveaxis(deep, -1, 0), planarconfig="separate", rowsperstrip=5, byteorder=">")
    tiff("four-bands-tiles", bands, extrasamples=["unspecified"], tile=(16, 32), **packed)
    tiff("four-bands-strips", bands, extrasamples=["unspecified"], rowsperstrip=7)
    of_four = np.moveaxis(bands, -1, 0)
    tiff("four-bands-planar", of_four, planarconfig="separate", extrasamples=["unspecified"], tile=(16, 16), **packed)
    tiff("alpha", bands, extrasamples=["unassalpha"])
    tiff("alpha-multiplied", bands, extrasamples=["assocalpha"])
    tiff("big", image, bigtiff=True)
    tiff("big-16-big-endian", deep, bigtiff=True, byteorder=">", rowsperstrip=4)
    tiff("grey-16", deep[..., 0], "minisblack")
    tiff("grey-white", grey, "miniswhite")
    tiff("grey-alpha", bands[..., :2], "minisblack", extrasamples=["unassalpha"])
    tiff("cmyk", bands, "separated")
    colours = (np.arange(256) * np.array([[1], [3], [7]]) * 257 % 65536).astype(np.uint16)
    tiff("palette", grey, "palette", colormap=colours)
    tiff("palette-tiles", grey, "palette", colormap=colours, tile=(16, 16), **packed)
    for orientation in (3, 6):
        tiff(f"orientation-{orientation}", image, extratags=[(ORIENTATION, "H", 1, orientation, True)])
    shown = Image.fromarray(image)
    for orientation in range(2, 9):
        exif = shown.getexif()
        exif[ORIENTATION] = orientation
        shown.save(out / f"orientation-{orientation}.jpg", exif=exif, quality=90)
        shown.save(out / f"orientation-{orientation}.png", exif=exif)
    shown.save(out / "jpeg-ycbcr.tif", compression="jpeg")
    Image.fromarray(grey).save(out / "jpeg-grey.tif", compression="jpeg")
    shown.save(out / "lzw.tif", compression="tiff_lzw")
    shown.convert("CMYK").save(out / "cmyk.jpg", quality=90)
    shown.convert("CMYK").save(out / "cmyk-progressive.jpg", quality=90, progressive=True)
    shown.save(out / "whole.jpg", quality=90)
    whole = (out / "whole.jpg").read_bytes()
    trailers = {"scan": b"\xff\xda" * 20, "end": b"\xff\xd9\xff\xd8 and \xff\xda", "film": bytes(range(256)) * 8}
    for name, trailer in trailers.items():
        (out / f"trailer-{name}.jpg").write_bytes(whole + trailer)
    (out / "whole.jpg").unlink()
    pngs = {"rgb-16": deep[..., ::-1], "grey-16": deep[..., 0], "rgba-16": np.dstack([deep[..., ::-1], deep[..., 0]])}
    for name, values in pngs.items():
        cv2.imwrite(str(out / f"{name}.png"), values)
    cv2.imwrite(str(out / "rgb-16.ppm"), deep[..., ::-1])


def write_masks(out, mask):
    def tiff(name, values, photometric="minisblack", **options):
        tifffile.imwrite(out / f"{name}.tif", values, photometric=photometric, metadata=None, software=False, **options)

    tiff("mask-16", mask.astype(np.uint16))
    tiff("mask-16-tiles", mask.astype(np.uint16), tile=(16, 16), compression="zlib", byteorder=">")
    tiff("mask-32", mask.astype(np.int32))
    tiff("mask-float", mask.astype(np.float32))
    tiff("mask-1", mask.astype(bool))
    tiff("mask-1-white", mask.astype(bool), "miniswhite")
    tiff("mask-white", 255 - mask, "miniswhite")
    tiff("mask-orientation-6", mask, extratags=[(ORIENTATION, "H", 1, 6, True)])
    colours = (np.arange(256) * np.array([[5], [3], [7]]) * 257 % 65536).astype(np.uint16)
    tiff("mask-palette", mask, "palette", colormap=colours)
    cv2.imwrite(str(out / "mask-16.png"), mask.astype(np.uint16))
    Image.fromarray(mask * 255).convert("1").save(out / "mask-fax.tif", compression="group4")
    Image.fromarray(mask * 255).convert("1").save(out / "mask.pbm")


def recorded(path):
    """What is read of a file, as far as the two libraries read it."""
    def entry(values):
        return dict(size=values.shape[:2], sha256=hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest())

    # From bytes, as mmcv does: of a path Pillow does not turn some files, and OpenCV refuses some that are turned.
    content = path.read_bytes()
    if path.stem.startswith("mask"):
        return dict(mask=entry(np.array(Image.open(io.BytesIO(content))).astype(np.uint8)))
    return dict(image=entry(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder of the files")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    bands = picture(21, 37)
    write_images(out, bands)
    write_masks(out, (bands[..., 1] > 128).astype(np.uint8))
    kinds = {path.name: recorded(path) for path in sorted(out.iterdir()) if path.suffix != ".json"}
    (out / "kinds.json").write_text(json.dumps(kinds, indent=1) + "\n")


if __name__ == "__main__":
    main()
