"""STARE, CHASE_DB1 and HRF: from the publishers' files to the layout that mmsegmentation's data sets read.

    images/{training,validation}/ID.png         annotations/{training,validation}/ID.png, ID.ah.png or ID_1stHO.png

Images are decoded with Pillow and stored without loss; labels become 0 and 1.
"""
import gzip
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from PIL import Image

SPLITS = ("training", "validation")


@dataclass(frozen=True)
class Set:
    """Where a publisher's files lie. `{}` stands for the image's id."""

    title: str
    folder: str
    images: str
    labels: str
    suffix: str
    """What mmsegmentation wants behind the id in a label's name."""
    count: int
    is_training: Callable
    """Of an image's place among all ids, and of the id."""


SETS = {
    "stare": Set("STARE", "STARE", "stare-images/{}.ppm", "labels-ah/{}.ah.ppm", ".ah.png", 20,
                 lambda place, _: place < 10),
    "chase_db1": Set("CHASE_DB1", "CHASE_DB1", "{}.jpg", "{}_1stHO.png", "_1stHO.png", 28,
                     lambda place, _: place < 20),
    "hrf": Set("HRF", "HRF", "images/{}.jpg", "manual1/{}.tif", ".png", 45,
               lambda _, name: int(name.split("_")[0]) <= 5),
}


def folder(data_root, name):
    """A set's folder under the data root, in any letter case."""
    wanted = SETS[name].folder
    if Path(data_root).is_dir():
        for entry in sorted(Path(data_root).iterdir()):
            if entry.is_dir() and entry.name.lower() == wanted.lower():
                return entry
    raise SystemExit(f"error: there is no folder {wanted} in {data_root}: name the folder that holds the data sets with "
                     "--data-root, and see docs/guide/datasets.md for what belongs there; or leave the set out with --datasets")


def _files(base, pattern):
    """Id -> file for a pattern such as `images/{}.jpg`, whatever the case of its letters, gzipped or not."""
    where, pattern = (base / pattern).parent, (base / pattern).name.lower()
    before, after = pattern.split("{}")
    found = {}
    for path in sorted(where.iterdir()) if where.is_dir() else ():
        name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
        low = name.lower()
        if low.startswith(before) and low.endswith(after):
            found[name[len(before):len(name) - len(after)]] = path
    return found


def _read(path):
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return Image.open(io.BytesIO(content))


def _label(path):
    values = np.asarray(_read(path).convert("L"))
    if not np.isin(values, (0, 255)).all():
        raise SystemExit(f"error: {path} holds values other than 0 and 255: is it the publisher's file?")
    return Image.fromarray((values // 255).astype(np.uint8))


def convert(name, data_root, out, split, limit=None):
    """Writes the images and labels of a split to `out`/FOLDER, anew; returns that folder. `limit` takes the first."""
    a_set = SETS[name]
    base = folder(data_root, name)
    images, labels = _files(base, a_set.images), _files(base, a_set.labels)
    if len(images) != a_set.count or not images.keys() <= labels.keys():
        raise SystemExit(f"error: {base} holds {len(images)} images and {len(labels)} labels where {a_set.title} has "
                         f"{a_set.count}: try `atrous inspect {name} --verify --data-root {data_root}`")
    training = {key for place, key in enumerate(sorted(images)) if a_set.is_training(place, key)}
    chosen = [key for key in sorted(images) if (key in training) == (split == "training")][:limit]
    target = Path(out) / a_set.folder
    image_folder, label_folder = target / "images" / split, target / "annotations" / split
    for made in (image_folder, label_folder):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    for key in chosen:
        # Little compression: these are read once.
        _read(images[key]).convert("RGB").save(image_folder / f"{key}.png", compress_level=1)
        _label(labels[key]).save(label_folder / f"{key}{a_set.suffix}")
    return target
