"""mmsegmentation's own network for the settings of a run of `atrous`, with weights that are drawn anew."""
import re

import reference
from mmengine.config import Config, ConfigDict
from reference import DATASETS, MODELS, Shape

TYPES = {"stare": "STAREDataset", "chase_db1": "ChaseDB1Dataset", "hrf": "HRFDataset", "cityscapes": "CityscapesDataset",
         "isaid": "iSAIDDataset"}
DEEPLABV3 = "_base_/models/deeplabv3_r50-d8.py"
STAGES = {8: dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)), 16: dict(strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2))}
"""Of the ResNet, by output stride."""


def class_count(dataset):
    return len(DATASETS.get(TYPES[dataset]).METAINFO["classes"])


def shape(settings):
    """Widths, rates and classes."""
    model = settings["model"]
    return Shape(tuple(settings["rates"]), model["base_channels"], model["aspp_channels"], model["auxiliary_channels"],
                 class_count(settings["dataset"]))


def _deeplabv3(depth, output_stride, settings):
    config, wanted, model = Config.fromfile(reference.CONFIGS / DEEPLABV3).model, shape(settings), settings["model"]
    norm = dict(type="BN", requires_grad=True)
    config.pretrained = None
    config.backbone.update(type="ResNetV1c" if model.get("stem", "deep") == "deep" else "ResNet", depth=depth, norm_cfg=norm,
                           base_channels=wanted.base, stem_channels=wanted.base, **STAGES[output_stride])
    # Channels that a block has for each of its 3x3 convolution's.
    expansion = 1 if depth < 50 else 4
    config.decode_head.update(in_channels=8 * expansion * wanted.base, channels=wanted.aspp, dilations=wanted.rates)
    config.auxiliary_head.update(in_channels=4 * expansion * wanted.base, channels=wanted.auxiliary)
    for head in (config.decode_head, config.auxiliary_head):
        head.update(num_classes=wanted.classes, norm_cfg=norm, dropout_ratio=settings["train"]["dropout"],
                    align_corners=model.get("align_corners", False))
    built = MODELS.build(config)
    built.init_weights()
    return built


def build(settings):
    """An `EncoderDecoder` that trains and predicts as the settings say."""
    model, train, infer = settings["model"], settings["train"], settings["infer"]
    for key, value in (("train.dice_weight", train.get("dice_weight", 0.0) != 0.0),
                       ("train.precision", train.get("precision", "single") != "single"),
                       ("infer.ratios", infer.get("ratios", [1.0]) != [1.0]), ("infer.flip", infer.get("flip", False))):
        if value:
            raise SystemExit(f"error: {settings['experiment']}: {key} is not compared")
    resnet = re.fullmatch(r"deeplabv3-r(\d+)-d(\d+)", model["kind"])
    if resnet:
        built = _deeplabv3(*map(int, resnet.groups()), settings)
    elif model["kind"] == "unet-s5-d16":
        built = reference.network(shape(settings), dropout=train["dropout"],
                                  align_corners=model.get("align_corners", False))
    else:
        raise SystemExit(f"error: mmsegmentation's counterpart of {model['kind']} is not known here")
    built.auxiliary_head.loss_decode.loss_weight = train["auxiliary_weight"]
    built.test_cfg = ConfigDict(mode=infer["mode"])
    if infer["mode"] == "slide":
        built.test_cfg.update(crop_size=tuple(infer["window"]), stride=tuple(infer["stride"]))
    return built
