"""mmsegmentation on a CPU: its published configurations, made narrower, its networks and its evaluation.

Nothing here computes anything itself: networks, data sets, transforms, sliding windows and metrics are those of the
installed package. mmcv-lite has no compiled operations; no network used here needs one.
"""
import logging
import sys
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch


class _Operations(types.ModuleType):
    """Stands in for `mmcv.ops`: any name can be imported from it, none can be used."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_args, **_kwargs):
            raise RuntimeError(f"this network needs mmcv.ops.{name}, which mmcv-lite does not have")

        return type(name, (), {"__init__": missing})


sys.modules.setdefault("mmcv.ops", _Operations("mmcv.ops"))
# Advice of mmsegmentation about its own published configurations.
warnings.filterwarnings("ignore", module=r"mm(cv|engine|seg)\b")
import mmseg  # noqa: E402
import mmseg.datasets  # noqa: E402
import mmseg.models  # noqa: E402,F401  (fills the registries)
from mmengine.config import Config  # noqa: E402
from mmengine.dataset import pseudo_collate  # noqa: E402
from mmengine.logging import MMLogger  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmseg.evaluation import IoUMetric  # noqa: E402
from mmseg.registry import DATASETS, MODELS  # noqa: E402

MMLogger.get_instance("parity", log_level=logging.ERROR)
init_default_scope("mmseg")
CONFIGS = Path(mmseg.__file__).parent / ".mim" / "configs"
PUBLISHED = {
    "stare": "unet/unet-s5-d16_deeplabv3_4xb4-40k_stare-128x128.py",
    "chase_db1": "unet/unet_s5-d16_deeplabv3_4xb4-40k_chase-db1-128x128.py",
    "hrf": "unet/unet-s5-d16_deeplabv3_4xb4-40k_hrf-256x256.py",
}


def published(dataset):
    """The published configuration (U-Net S5-D16, ASPP) of a data set: network, pipelines, windows."""
    return Config.fromfile(CONFIGS / PUBLISHED[dataset])


# ---------------------------------------------------------------- networks

@dataclass(frozen=True)
class Shape:
    """Widths and rates of a U-Net S5-D16 with an ASPP head; as small as they are in the tests of `atrous`."""

    rates: tuple = (1, 12, 24, 36)
    base: int = 8
    aspp: int = 16
    auxiliary: int = 8
    classes: int = 2

    @staticmethod
    def of(state, rates):
        """The widths that a checkpoint's tensors have. Its rates cannot be seen in them."""
        def side(key):
            if key not in state:
                raise SystemExit(f"error: the checkpoint has no {key}: it is not that of a U-Net S5-D16 with ASPP head and "
                                 "auxiliary head")
            return state[key].shape[0]

        branches = sum(key.startswith("decode_head.aspp_modules.") and key.endswith(".conv.weight") for key in state)
        if branches != len(rates):
            raise SystemExit(f"error: the checkpoint has {branches} ASPP branches, but {len(rates)} rates are given: "
                             f"{','.join(map(str, rates))}")
        return Shape(tuple(rates), side("backbone.encoder.0.0.convs.0.conv.weight"),
                     side("decode_head.bottleneck.conv.weight"), side("auxiliary_head.convs.0.conv.weight"),
                     side("decode_head.conv_seg.weight"))


def network(shape, dataset="stare", state=None, dropout=0.0, align_corners=False):
    """An `EncoderDecoder` as published for a data set, of another shape and with BN in place of SyncBN (equal on one
    device). With mmsegmentation's own initialisation, unless a state_dict is given."""
    config = published(dataset).model
    norm = dict(type="BN", requires_grad=True)
    config.backbone.update(base_channels=shape.base, norm_cfg=norm)
    config.decode_head.update(in_channels=shape.base, channels=shape.aspp, dilations=shape.rates)
    config.auxiliary_head.update(in_channels=2 * shape.base, channels=shape.auxiliary)
    for head in (config.decode_head, config.auxiliary_head):
        head.update(num_classes=shape.classes, norm_cfg=norm, dropout_ratio=dropout, align_corners=align_corners)
    built = MODELS.build(config)
    if state is None:
        built.init_weights()
    else:
        built.load_state_dict(state)
    return built.eval()


def read_state(path):
    """The state_dict of a checkpoint of mmsegmentation (.pth), or the tensors of a .safetensors file."""
    path = Path(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file
        return load_file(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise SystemExit(f"error: there is no checkpoint {path}") from None
    except Exception as error:
        raise SystemExit(
            f"error: {path} cannot be read as a checkpoint that holds tensors only ({type(error).__name__}); if it is one and "
            "you trust it, write it again as torch.save({'meta': {}, 'state_dict': ...}, FILE)") from None
    return content.get("state_dict", content)


def write_checkpoint(path, state):
    """A checkpoint as mmsegmentation writes it."""
    torch.save({"meta": {}, "state_dict": {key: value.detach().clone() for key, value in state.items()}}, path)


# ---------------------------------------------------------------- evaluation

AREAS = ("intersect", "union", "prediction", "truth")


def evaluate(built, dataset, folder, limit=None):
    """Pixel counts per class over a validation set, as mmsegmentation counts them: a dict of AREAS, f64, and the number
    of images. `folder` is in the layout that mmsegmentation's data sets read; `limit` takes the first images only."""
    wanted = published(dataset).val_dataloader.dataset
    wanted.update(data_root=str(folder), indices=limit)
    images = DATASETS.build(wanted)
    metric = IoUMetric(iou_metrics=["mIoU", "mDice"])
    metric.dataset_meta = images.metainfo
    with torch.no_grad():
        for index in range(len(images)):
            samples = built.test_step(pseudo_collate([images[index]]))
            metric.process({}, [sample.to_dict() for sample in samples])
    sums = (torch.stack(areas).double().sum(0) for areas in zip(*metric.results))
    return dict(zip(AREAS, sums)), len(images)


def scores(areas):
    """IoU, Dice, Acc per class and aAcc, as fractions, by mmsegmentation's own formulas but on f64 areas and unrounded."""
    return IoUMetric.total_area_to_metrics(*(areas[key] for key in AREAS), ["mIoU", "mDice"])
