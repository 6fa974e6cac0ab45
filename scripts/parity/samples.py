"""Records training samples of mmsegmentation, image and label together, for atrous's tests.

The pipeline is that of its STARE configuration behind the loading of files (RandomResize, RandomCrop, RandomFlip,
PhotoMetricDistortion, PackSegInputs), for another size. What it would draw is drawn here, given to it, and written down beside
what comes of it.

FILE.safetensors, of sample N, counted from 0:

  N.image   u8 HxWx3, RGB: the crop; smaller than `crop` where the resized image is
  N.label   u8 HxW

FILE.json:

  resize    (height, width) that ratios are relative to
  crop      (height, width)
  samples   of each: `ratio`, of the sizes; `offset`, of the crop (y, x) in the resized image; `mirrored`; `steps`, of the
            colours, in their order: [name, number]
"""
import argparse
import json
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import reference
import torch
from mmcv.transforms import Compose
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "data/tests/golden"
RESIZE, CROP = (90, 120), (56, 72)
SAMPLES = 16


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="example: target/parity/venv/bin/python -B scripts/parity/samples.py")
    parser.add_argument("--pictures", type=Path, metavar="DIR", default=GOLDEN / "transforms",
                        help="folder of image.png and label.png [default: data/tests/golden/transforms]")
    parser.add_argument("--out", type=Path, metavar="FILE", default=GOLDEN / "samples.safetensors",
                        help="the .json goes beside it [default: data/tests/golden/samples.safetensors]")
    return parser.parse_args()


def pipeline():
    """Of the published configuration, for RESIZE and CROP; a crop is taken where it is drawn first."""
    steps = reference.published("stare").train_pipeline
    for step in steps:
        if step.type == "RandomResize":
            step.scale = RESIZE[::-1]
        elif step.type == "RandomCrop":
            step.crop_size, step.cat_max_ratio = CROP, 1.0
    return Compose([step for step in steps if not step.type.startswith("Load")])


def colours(random):
    """What PhotoMetricDistortion asks for, in its order, and the steps that come of it."""
    on = dict.fromkeys(("brightness", "contrast", "saturation", "hue"))
    numbers = dict(brightness=random.uniform(-32, 32), contrast=random.uniform(0.5, 1.5), saturation=random.uniform(0.5, 1.5),
                   hue=int(random.integers(-18, 18)))
    contrast_first = int(random.integers(2))
    order = ["brightness", "contrast", "saturation", "hue"] if contrast_first else ["brightness", "saturation", "hue", "contrast"]
    draws, steps = [], []
    for name in order:
        on[name] = int(random.integers(2))
        draws.append(on[name])
        if on[name]:
            draws.append(numbers[name])
            steps.append([name, numbers[name]])
        if name == "brightness":
            draws.append(contrast_first)
    return draws, steps


def sample(transforms, image, label, part, random):
    """A sample, and what was drawn for it. `image` is BGR; `part` of SAMPLES says in which part of its range the ratio lies."""
    share, mirrored, (draws, steps) = (part + random.random()) / SAMPLES, bool(random.integers(2)), colours(random)
    offset, asked = [], iter(draws)

    def below(low, high):
        offset.append(int(random.integers(low, high)))
        return offset[-1]

    colour = mock.Mock()
    colour.uniform.side_effect = colour.randint.side_effect = lambda *_: next(asked)
    with mock.patch("numpy.random.random_sample", return_value=share), \
            mock.patch("numpy.random.randint", side_effect=below), \
            mock.patch("numpy.random.choice", side_effect=lambda choices, p: "horizontal" if mirrored else None), \
            mock.patch("mmseg.datasets.transforms.transforms.random", colour):
        result = transforms(dict(img=image.copy(), img_shape=image.shape[:2], ori_shape=image.shape[:2], gt_seg_map=label.copy(),
                                 seg_fields=["gt_seg_map"]))
    assert next(asked, None) is None and len(offset) == 2 and bool(result["data_samples"].flip) == mirrored
    pixels = result["inputs"].flip(0).permute(1, 2, 0).contiguous()
    ids = result["data_samples"].gt_sem_seg.data[0].to(torch.uint8).contiguous()
    return pixels, ids, dict(ratio=0.5 + share * 1.5, offset=offset, mirrored=mirrored, steps=steps)


def main():
    chosen = arguments()
    image = cv2.imread(str(chosen.pictures / "image.png"))
    label = cv2.imread(str(chosen.pictures / "label.png"), cv2.IMREAD_UNCHANGED)
    if image is None or label is None:
        raise SystemExit(f"error: image.png or label.png is missing in {chosen.pictures}: name a folder with --pictures")
    random, transforms, tensors, samples = np.random.default_rng(14), pipeline(), {}, []
    for number in range(SAMPLES):
        tensors[f"{number}.image"], tensors[f"{number}.label"], drawn = sample(transforms, image, label, number, random)
        samples.append(drawn)
    save_file(tensors, chosen.out)
    # save_file lets only the owner read.
    chosen.out.chmod(0o644)
    lines = ",\n".join(json.dumps(drawn) for drawn in samples)
    chosen.out.with_suffix(".json").write_text(
        f'{{\n"resize": {json.dumps(RESIZE)}, "crop": {json.dumps(CROP)},\n"samples": [\n{lines}\n]\n}}\n')
    print(f"{chosen.out}: {chosen.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
