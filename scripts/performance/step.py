"""A training step: losses of both heads, gradients, update. Images, as if normalised, and labels lie ready."""
import math

import network
import torch
from mmseg.models.utils import resize


def loss(built, images, labels):
    """What mmsegmentation's `loss` sums up, without the accuracies that it computes beside it."""
    maps, total = built.extract_feat(images), 0
    for head in (built.decode_head, built.auxiliary_head):
        logits = resize(head(maps), size=labels.shape[1:], mode="bilinear", align_corners=head.align_corners)
        total = total + head.loss_decode(logits, labels, ignore_index=head.ignore_index)
    return total


def prepare(job):
    """The step, and the images in it."""
    settings = job["settings"]
    train, (height, width) = settings["train"], settings["crop"]
    built = network.build(settings).train()
    images = torch.randn(train["batch"], 3, height, width)
    labels = torch.randint(network.class_count(settings["dataset"]), (train["batch"], height, width))
    labels[torch.rand(labels.shape) < 0.1] = built.decode_head.ignore_index
    if job["side"] == "channels-last":
        built = built.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(built.parameters(), lr=train["lr"], momentum=train["momentum"],
                          weight_decay=train["weight_decay"])

    def step():
        sgd.zero_grad(set_to_none=True)
        total = loss(built, images, labels)
        total.backward()
        sgd.step()
        if not math.isfinite(total.item()):
            raise SystemExit(f"error: the loss became {total.item()}")

    return step, train["batch"]
