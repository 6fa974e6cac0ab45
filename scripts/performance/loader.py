"""A training batch as mmsegmentation makes it: its own pipeline on its own data set, drawn and put together by PyTorch's
loader in this process, then normalised."""
import reference
from mmengine.dataset import Compose, InfiniteSampler, pseudo_collate
from reference import DATASETS, MODELS
from torch.utils.data import DataLoader


def _training_set(settings, folder):
    """The published one with the settings' augmentation. `folder` is in the layout that mmsegmentation's data sets read."""
    train, wanted = settings["train"], reference.published(settings["dataset"]).train_dataloader.dataset.dataset
    wanted.data_root = folder
    if not train["photometric"]:
        wanted.pipeline = [step for step in wanted.pipeline if step.type != "PhotoMetricDistortion"]
    steps = {step.type: step for step in wanted.pipeline}
    steps["RandomResize"].update(scale=tuple(settings["resize"]), ratio_range=tuple(train["ratio"]))
    steps["RandomCrop"].update(crop_size=tuple(settings["crop"]))
    return DATASETS.build(wanted)


class Kept:
    """The same, but every image and its label are decoded once, before the first is asked for."""

    def __init__(self, images):
        load, augment = images.pipeline.transforms[:2], images.pipeline.transforms[2:]
        assert [type(step).__name__ for step in load] == ["LoadImageFromFile", "LoadAnnotations"]
        self.decoded = [Compose(load)(images.get_data_info(index)) for index in range(len(images))]
        self.augment = Compose(augment)

    def __len__(self):
        return len(self.decoded)

    def __getitem__(self, index):
        # The steps put new arrays into the dict and leave the old ones alone.
        return self.augment(dict(self.decoded[index]))


def prepare(job):
    """The making of a batch, and the samples in it."""
    settings = job["settings"]
    images, batch = _training_set(settings, job["folder"]), settings["train"]["batch"]
    if job["side"] == "kept":
        images = Kept(images)
    config = reference.published(settings["dataset"]).model.data_preprocessor
    normalise = MODELS.build(dict(config, size=tuple(settings["crop"])))
    batches = iter(DataLoader(images, batch_size=batch, sampler=InfiniteSampler(images, seed=0), num_workers=0,
                              collate_fn=pseudo_collate))
    return lambda: normalise(next(batches), training=True), batch
