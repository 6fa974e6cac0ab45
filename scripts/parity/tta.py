"""Records what mmsegmentation makes of images by test-time augmentation, and with align_corners, for atrous's tests.

The network is a small U-Net with ASPP (8 base channels, 16 ASPP channels, rates 1, 12, 24, 36, two classes) with the
weights given. Images are 8-bit RGB; they are resized, flipped, normalised, predicted, flipped back, resized to their original
size and merged by mmsegmentation itself: the tta_pipeline of its STARE configuration and SegTTAModel.

FILE.safetensors. Network results are those of 64-bit arithmetic, rounded to f32.

  CASE.image            u8 HxWx3, RGB
  CASE.probabilities    f32 2xHxW: mean over all views of the softmax of their logits, each at the image's size
  CASE.argmax           u8 HxW: the class that SegTTAModel reports
  corners.image         u8 HxWx3, RGB: what the network reads, normalised; not resized
  corners.logits        f32 2xhxw: mean over the windows, resized to original_size with align_corners
  corners.argmax        u8 hxw

CASE is one of

  slide       71x89, windows of 32 every 21 pixels, six ratios, each plain and flipped; at 0.75 and 1.75 the resized image
              is a pixel narrower than the ratio asks for, as mmcv rounds twice
  whole       48x80, ratio 1, plain and flipped
  whole_all   64x64, six ratios (all sides are multiples of 16), each plain and flipped

and `corners` is one image of 100x121 without augmentation, windows of 64 every 43 pixels, with the heads' align_corners.

FILE.json has an entry for each case:

  mode, window, stride, ratios, flip    how it was predicted
  views                                 [height, width, flipped] of each view, in the order of mmsegmentation
  original_size                         corners only: (height, width) that the logits are resized to
  f32_error                             [absolute, relative to the largest value]: largest distance of two 32-bit runs of
                                        PyTorch (with and without oneDNN) from what is stored
  argmax_f32_differs                    pixels that such a run gives another class
  centres_distance                      corners only: largest distance from what align_corners false gives

and `weights` with the file's name and SHA-256, `normalisation` with mean and standard deviation.
"""
import argparse
import hashlib
import json
import tempfile
import warnings
from pathlib import Path

import cv2
import numpy as np
import reference
import torch
from mmcv.transforms import Compose
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample
from safetensors.torch import save_file

RATIOS = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="example: target/parity/venv/bin/python scripts/parity/tta.py")
    parser.add_argument("--weights", type=Path, metavar="FILE", default=ROOT / "models/tests/golden/unet_aspp.pth",
                        help="checkpoint of the network above [default: models/tests/golden/unet_aspp.pth]")
    parser.add_argument("--out", type=Path, metavar="FILE", default=ROOT / "harness/tests/golden/tta.safetensors",
                        help="the .json goes beside it [default: harness/tests/golden/tta.safetensors]")
    return parser.parse_args()


def picture(seed, height, width):
    """Smooth colours, a disc and bright lines, a little noise: u8, HxWx3."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    image = np.zeros((height, width, 3))
    for channel in range(3):
        a, b, phase = random.uniform(0.02, 0.2, 2).tolist() + [random.uniform(0, 6)]
        image[..., channel] = 110 + 50 * np.sin(a * y + b * x + phase)
    disc = (y - 0.4 * height) ** 2 + (x - 0.3 * width) ** 2 < (0.25 * min(height, width)) ** 2
    image[disc] += (60, -30, 20)
    for _ in range(4):
        slope, start = random.uniform(-1.2, 1.2), random.uniform(0, height)
        image[np.abs(y - start - slope * (x - width / 2)) < random.uniform(0.8, 2.5)] += random.uniform(-70, 70, 3)
    image += random.normal(0, 20, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


class KeepsViews(SegTTAModel):
    """Remembers the predictions of all views of its one image."""

    def merge_preds(self, data_samples_list):
        self.views, = data_samples_list
        return super().merge_preds(data_samples_list)


def three_ways(run):
    """`run(dtype)` in 64 bits, and in 32 bits with the kernels of oneDNN and without."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch.backends.mkldnn")
        exact, fast = run(torch.float64), run(torch.float32)
        with torch.backends.mkldnn.flags(enabled=False):
            return exact, (fast, run(torch.float32))


class Recording:
    """Tensors and facts of all cases."""

    def __init__(self, weights):
        config = reference.published("stare").model.data_preprocessor
        self.state, self.tensors = reference.read_state(weights), {}
        self.facts = {
            "weights": dict(file=weights.name, sha256=hashlib.sha256(weights.read_bytes()).hexdigest()),
            "normalisation": dict(mean=config.mean, std=config.std)}

    def _network(self, settings, dtype, align_corners=False):
        built = reference.network(reference.Shape(), state=self.state, align_corners=align_corners)
        built.test_cfg = ConfigDict(mode=settings["mode"])
        if settings["mode"] == "slide":
            built.test_cfg.update(crop_size=(settings["window"],) * 2, stride=(settings["stride"],) * 2)
        return built.to(dtype)

    def _put(self, case, kind, image, run, facts):
        (values, classes), others = three_ways(run)
        distance = max((other.double() - values).abs().max().item() for other, _ in others)
        self.tensors.update({f"{case}.image": torch.from_numpy(image), f"{case}.{kind}": values.float().contiguous(),
                             f"{case}.argmax": classes.to(torch.uint8).contiguous()})
        self.facts[case] = dict(facts, f32_error=[float(f"{value:.1e}") for value in (
            distance, distance / values.abs().max().item())],
            argmax_f32_differs=max(int((other != classes).sum()) for _, other in others))

    def augmented(self, case, image, **settings):
        """Test-time augmentation of one image."""
        load, augment = reference.published("stare").tta_pipeline
        resizes, flips, _labels, pack = augment.transforms
        augment.transforms = [[step for step in resizes if step.scale_factor in settings["ratios"]], flips, pack]
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/image.png"
            cv2.imwrite(path, image[..., ::-1])
            views = Compose([load, augment])(dict(img_path=path, seg_fields=[], reduce_zero_label=False))

        def run(dtype):
            model = KeepsViews(self._network(settings, dtype)).eval()
            merged, = model.test_step(pseudo_collate([views]))
            classes = merged.pred_sem_seg.data[0]
            # SegTTAModel keeps the classes only.
            mean = sum(view.seg_logits.data.softmax(dim=0) for view in model.views) / len(model.views)
            assert mean.dtype == dtype and torch.equal(mean.argmax(0), classes)
            return mean, classes

        shapes = [[*sample.img_shape, bool(sample.flip)] for sample in views["data_samples"]]
        self._put(case, "probabilities", image, run, dict(settings, flip=True, views=shapes))

    def corners(self, case, image, **settings):
        """One image as it is, its logits resized to another size by their corners."""
        height, width = image.shape[:2]
        about = dict(img_shape=(height, width), pad_shape=(height, width), ori_shape=tuple(settings["original_size"]))

        def run(dtype, align_corners=True):
            # As mmsegmentation loads an image: BGR, channels first.
            loaded = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)
            data = dict(inputs=[loaded], data_samples=[SegDataSample(metainfo=about)])
            sample, = self._network(settings, dtype, align_corners).test_step(data)
            return sample.seg_logits.data, sample.pred_sem_seg.data[0]

        with torch.no_grad():
            corners, centres = (run(torch.float64, align_corners)[0] for align_corners in (True, False))
        distance = float(f"{(corners - centres).abs().max().item():.2g}")
        self._put(case, "logits", image, run, dict(settings, centres_distance=distance))

    def save(self, path):
        save_file(self.tensors, path)
        # save_file lets only the owner read.
        path.chmod(0o644)
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in self.facts.items()]
        path.with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    chosen = arguments()
    if not chosen.weights.is_file():
        raise SystemExit(f"error: there is no {chosen.weights}: name a checkpoint with --weights")
    recording = Recording(chosen.weights)
    recording.augmented("slide", picture(3, 71, 89), mode="slide", window=32, stride=21, ratios=RATIOS)
    recording.augmented("whole", picture(4, 48, 80), mode="whole", ratios=[1.0])
    recording.augmented("whole_all", picture(5, 64, 64), mode="whole", ratios=RATIOS)
    recording.corners("corners", picture(6, 100, 121), mode="slide", window=64, stride=43, original_size=[62, 75])
    recording.save(chosen.out)
    print(f"{chosen.out}: {chosen.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
