"""The prediction of an image, from its 8-bit pixels to a class per pixel. It has the size that images are resized to."""
import network
import torch
from cases import windows

BATCH = 8
"""Windows that go through the network at once where mmsegmentation's loop is replaced by `in_batches`."""
DIVISOR = {"unet-s5-d16": 16}
"""Sides that a network takes are multiples of this, else of 1."""


def own(built, pixels):
    """As mmsegmentation does it: one window after the other, each one's logits padded to the image's size and added."""
    return built.predict(pixels)[0].pred_sem_seg.data[0]


def in_batches(built, pixels):
    """The same by hand: several windows at once, their logits added where they belong."""
    boxes = windows(pixels.shape[2:], built.test_cfg.crop_size, built.test_cfg.stride)
    total = pixels.new_zeros(1, built.out_channels, *pixels.shape[2:])
    count = pixels.new_zeros(1, 1, *pixels.shape[2:])
    for first in range(0, len(boxes), BATCH):
        some = boxes[first:first + BATCH]
        crops = torch.cat([pixels[:, :, top:bottom, left:right] for top, bottom, left, right in some])
        logits = built.encode_decode(crops, [dict(img_shape=crops.shape[2:])])
        for (top, bottom, left, right), each in zip(some, logits):
            total[0, :, top:bottom, left:right] += each
            count[0, :, top:bottom, left:right] += 1
    return (total / count).argmax(1)[0]


def prepare(job):
    """The prediction, and the images in it."""
    settings = job["settings"]
    built = network.build(settings).eval()
    divisor = DIVISOR.get(settings["model"]["kind"], 1) if settings["infer"]["mode"] == "whole" else 1
    height, width = (-(-side // divisor) * divisor for side in settings["resize"])
    image = torch.randint(256, (3, height, width), dtype=torch.uint8)
    compute = in_batches if job["side"].startswith("batched") else own
    layout = torch.channels_last if job["side"].endswith("channels-last") else torch.contiguous_format
    built = built.to(memory_format=layout)

    def predict():
        with torch.inference_mode():
            pixels = built.data_preprocessor(dict(inputs=[image]))["inputs"]
            return compute(built, pixels.to(memory_format=layout))

    return predict, 1
