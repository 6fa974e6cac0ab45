"""The checkpoints that both programs read, written by mmsegmentation's side as `.pth`.

    initial    its own initialisation: where the compared training starts
    random     every weight, bias and statistic drawn, so that an error in any of them shows in the scores
    trained    a few hundred iterations on STARE, so that it finds vessels
"""
import math
from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler import PolyLR
from mmengine.runner import set_random_seed

import reference
from reference import DATASETS, Shape

ITERATIONS = 400
BATCH = 4


def _training_set(folder):
    """STARE with mmsegmentation's own transforms; without photometric distortion and with a narrower range of sizes than
    published, as the training is short."""
    wanted = reference.published("stare").train_dataloader.dataset.dataset
    wanted.data_root = str(folder)
    wanted.pipeline = [step for step in wanted.pipeline if step.type != "PhotoMetricDistortion"]
    next(step for step in wanted.pipeline if step.type == "RandomResize").ratio_range = (0.8, 1.5)
    return DATASETS.build(wanted)


def _batch(images):
    return pseudo_collate([images[int(index)] for index in torch.randint(len(images), (BATCH,))])


def _initial(_folder):
    return reference.network(Shape()).state_dict()


def _random(folder):
    built = reference.network(Shape())
    norms = []
    for module in built.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, 0, math.sqrt(2 / module.weight[0].numel()))
            if module.bias is not None:
                torch.nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
            norms.append(module)
    batch = built.data_preprocessor(_batch(_training_set(folder)), training=True)["inputs"]
    with torch.no_grad():
        # Statistics of real images, so that activations neither vanish nor explode, then moved away from them.
        for norm in norms:
            norm.momentum = 1.0
        maps = built.train().extract_feat(batch)
        for head in (built.decode_head, built.auxiliary_head):
            head(maps)
        for norm in norms:
            norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.25)
        # Half of the pixels to each class.
        logits = built.eval().decode_head(built.extract_feat(batch))
        built.decode_head.conv_seg.bias[1] += (logits[:, 0] - logits[:, 1]).median()
    return built.state_dict()


def _trained(folder):
    built, images = reference.network(Shape()).train(), _training_set(folder)
    optimiser = torch.optim.SGD(built.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = PolyLR(optimiser, eta_min=1e-4, power=0.9, begin=0, end=ITERATIONS, by_epoch=False)
    wrapper = OptimWrapper(optimiser)
    for iteration in range(ITERATIONS):
        losses = built.train_step(_batch(images), wrapper)
        schedule.step()
        if iteration % 100 == 99:
            print(f"  training: iteration {iteration + 1} of {ITERATIONS}, loss {losses['loss'].item():.3f}", flush=True)
    return built.state_dict()


MAKERS = {"initial": _initial, "random": _random, "trained": _trained}


def make(name, folder, out):
    """Path of a checkpoint in the folder `out`, made there unless it exists. `folder` holds STARE's training images as
    mmsegmentation reads them."""
    path = Path(out) / f"{name}.pth"
    if path.exists():
        print(f"  {path} is taken as it is; remove it to have it made again")
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    set_random_seed(1)
    unfinished = path.with_suffix(".tmp")
    reference.write_checkpoint(unfinished, MAKERS[name](folder))
    unfinished.rename(path)
    return path
