"""Measures training throughput in PyTorch of the two networks that atrous trains: the same layers, shapes and losses,
so that both programs can be compared on one GPU. Needs PyTorch 2.4 or later and nothing else.

  unet        U-Net S5-D16, ASPP on the full-resolution map, 2 classes, 29,064,996 parameters
  deeplabv3   DeepLabV3 on ResNetV1c-50, output stride 8, 19 classes, 68,113,030 parameters

A step is what a training iteration computes: both heads' logits, resized to the label; cross entropy of the ASPP head
plus 0.4 times that of the auxiliary head, each divided by all pixels; gradients; SGD. Images are random and lie on the
device, as do labels, a tenth of them 255 (ignored). Loading and augmenting data is not part of it.

Each step is timed by itself, with the device synchronised before and after it. Peak memory is that of PyTorch's
allocations in the timed steps; cuDNN's search for the fastest kernels happens in the warm-up and does not count.

Precisions:
  float32     no TF32: products of float32 numbers
  tf32        float32 tensors, TF32 inside convolutions
  bf16        automatic mixed precision: bfloat16 convolutions, float32 parameters

Exit codes: 0 every case was measured, 1 one failed (the others are reported), 2 the command line cannot be used, 3 none of
the cases of --like is one that this script knows.
"""
import argparse
import gc
import json
import math
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    sys.exit(f"error: this script needs PyTorch 2.4 or later: {error}")

EXAMPLES = """\
examples:
  python3 scripts/gpu/torch_throughput.py --json throughput.json
  python3 scripts/gpu/torch_throughput.py --cases unet:256x256:8 --precisions float32,tf32 --steps 100
  python3 scripts/gpu/torch_throughput.py --device cpu --width 4 --cases unet:32x32:2 --steps 2 --warmup 1
"""
NETWORKS = ("unet", "deeplabv3")
CASES = "unet:128x128:4,unet:128x128:16,deeplabv3:512x1024:2"
PRECISIONS = ("float32", "tf32", "bf16")
WIDTH = 64
PARAMETERS = {"unet": 29_064_996, "deeplabv3": 68_113_030}
# What atrous calls the networks, with the ASPP channels and the data sets of these numbers of classes.
COUNTERPARTS = {"unet-s5-d16": ("unet", 16, ("stare", "chase_db1", "hrf")),
                "deeplabv3-r50-d8": ("deeplabv3", 512, ("cityscapes",))}
IGNORED = 255
RATES = (1, 12, 24, 36)
DROPOUT = 0.1
AUXILIARY_WEIGHT = 0.4
# The U-Net's four poolings.
UNET_DIVISOR = 16


def conv_norm(inputs, outputs, kernel, stride=1, rate=1, relu=True):
    padding = rate * (kernel // 2)
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=padding, dilation=rate, bias=False)
    layers = [conv, nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


def two_convs(inputs, outputs):
    return nn.Sequential(conv_norm(inputs, outputs, 3), conv_norm(outputs, outputs, 3))


class UNet(nn.Module):
    """Five stages. Gives the full-resolution map and the one of half the side."""

    def __init__(self, width):
        super().__init__()
        widths = [width << stage for stage in range(5)]
        self.encoder = nn.ModuleList(two_convs(*pair) for pair in zip([3] + widths, widths))
        self.reduce = nn.ModuleList(conv_norm(2 * each, each, 1) for each in widths[:-1])
        self.decoder = nn.ModuleList(two_convs(2 * each, each) for each in widths[:-1])

    def forward(self, images):
        skips = []
        for stage in self.encoder:
            skips.append(stage(F.max_pool2d(skips[-1], 2) if skips else images))
        full = skips.pop()
        for reduce, stage in zip(reversed(self.reduce), reversed(self.decoder)):
            half = full
            # atrous convolves before it resizes: with a 1x1 kernel the result is the same.
            raised = reduce(F.interpolate(half, scale_factor=2, mode="bilinear", align_corners=False))
            full = stage(torch.cat([skips.pop(), raised], 1))
        return full, half


class Bottleneck(nn.Module):
    def __init__(self, inputs, inner, stride, rate, projected):
        super().__init__()
        outputs = 4 * inner
        self.convs = nn.Sequential(
            conv_norm(inputs, inner, 1),
            conv_norm(inner, inner, 3, stride, rate),
            conv_norm(inner, outputs, 1, relu=False),
        )
        self.shortcut = conv_norm(inputs, outputs, 1, stride, relu=False) if projected else nn.Identity()

    def forward(self, images):
        return F.relu(self.convs(images) + self.shortcut(images), inplace=True)


class ResNet50(nn.Module):
    """Deep stem, output stride 8. Gives the maps of the last stage and of the one before."""

    def __init__(self, width):
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm(3, width // 2, 3, 2),
            conv_norm(width // 2, width // 2, 3),
            conv_norm(width // 2, width, 3),
            nn.MaxPool2d(3, 2, 1),
        )
        stages, inputs = [], width
        for stage, (blocks, stride, rate) in enumerate(zip((3, 4, 6, 3), (1, 2, 1, 1), (1, 1, 2, 4))):
            inner = width << stage
            # The first block of an atrous stage has half of its rate.
            first = Bottleneck(inputs, inner, stride, max(rate // 2, 1), True)
            others = [Bottleneck(4 * inner, inner, 1, rate, False) for _ in range(blocks - 1)]
            stages.append(nn.Sequential(first, *others))
            inputs = 4 * inner
        self.stages, self.last = nn.Sequential(*stages[:-1]), stages[-1]

    def forward(self, images):
        auxiliary = self.stages(self.stem(images))
        return self.last(auxiliary), auxiliary


class Classifier(nn.Sequential):
    def __init__(self, inputs, classes):
        super().__init__(nn.Dropout2d(DROPOUT), nn.Conv2d(inputs, classes, 1))


class Aspp(nn.Module):
    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.pooled = conv_norm(inputs, channels, 1)
        self.branches = nn.ModuleList(conv_norm(inputs, channels, 1 if rate == 1 else 3, rate=rate) for rate in RATES)
        self.bottleneck = conv_norm((len(RATES) + 1) * channels, channels, 3)
        self.classifier = Classifier(channels, classes)

    def forward(self, images):
        pooled = self.pooled(F.adaptive_avg_pool2d(images, 1)).expand(-1, -1, *images.shape[2:])
        joined = torch.cat([pooled] + [branch(images) for branch in self.branches], 1)
        return self.classifier(self.bottleneck(joined))


class Segmentor(nn.Module):
    """Backbone, ASPP head, auxiliary head. Where it is narrowed, the ASPP keeps its channels, as in atrous."""

    def __init__(self, network, width):
        super().__init__()
        if network == "unet":
            self.classes, self.backbone = 2, UNet(width)
            maps, aspp, auxiliary = (width, 2 * width), 16, width
        else:
            self.classes, self.backbone = 19, ResNet50(width)
            maps, aspp, auxiliary = (32 * width, 16 * width), 512, 4 * width
        self.head = Aspp(maps[0], aspp, self.classes)
        self.auxiliary = nn.Sequential(conv_norm(maps[1], auxiliary, 3), Classifier(auxiliary, self.classes))
        self.initialise()

    def initialise(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, Classifier):
                nn.init.normal_(module[-1].weight, 0, 0.01)
                nn.init.zeros_(module[-1].bias)
            elif isinstance(module, Bottleneck):
                nn.init.zeros_(module.convs[-1][-1].weight)

    def forward(self, images):
        decode, auxiliary = self.backbone(images)
        return self.head(decode), self.auxiliary(auxiliary)

    def loss(self, images, labels):
        decode, auxiliary = self(images)
        return cross_entropy(decode, labels) + AUXILIARY_WEIGHT * cross_entropy(auxiliary, labels)

    def parameter_count(self):
        return sum(parameter.numel() for parameter in self.parameters())


def cross_entropy(logits, labels):
    """Divided by all pixels, the ignored ones included."""
    resized = F.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
    return F.cross_entropy(resized, labels, ignore_index=IGNORED, reduction="sum") / labels.numel()


def check_parameters(network):
    """Counts those of the full width without any memory for them."""
    with torch.device("meta"):
        count = Segmentor(network, WIDTH).parameter_count()
    assert count == PARAMETERS[network], f"{network} has {count:,} parameters, expected {PARAMETERS[network]:,}"


@dataclass(frozen=True)
class Case:
    network: str
    height: int
    width: int
    batch: int
    # The cases of atrous that it stands for.
    like: tuple = ()


def use_tf32(allowed):
    """In convolutions; the networks hold no other matrix product."""
    cudnn = torch.backends.cudnn
    if hasattr(cudnn, "conv"):
        cudnn.conv.fp32_precision = "tf32" if allowed else "ieee"
    else:
        # Before PyTorch 2.9.
        cudnn.allow_tf32 = allowed


def measure(case, precision, chosen):
    """Milliseconds of each timed step, peak memory (None on a CPU), the last loss and the number of parameters."""
    device, cuda = torch.device(chosen.device), chosen.device == "cuda"
    synchronise = torch.cuda.synchronize if cuda else lambda: None
    use_tf32(precision != "float32")
    torch.manual_seed(0)
    with device:
        network = Segmentor(case.network, chosen.width).train()
        images = torch.randn(case.batch, 3, case.height, case.width)
        labels = torch.randint(network.classes, (case.batch, case.height, case.width))
        labels[torch.rand(labels.shape) < 0.1] = IGNORED
    if chosen.channels_last:
        network = network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def step():
        sgd.zero_grad(set_to_none=True)
        with torch.autocast(chosen.device, torch.bfloat16, enabled=precision == "bf16"):
            loss = network.loss(images, labels)
        loss.backward()
        sgd.step()
        return loss.detach()

    for _ in range(chosen.warmup):
        step()
    synchronise()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(chosen.steps):
        synchronise()
        start = time.perf_counter()
        loss = step()
        synchronise()
        times.append(1e3 * (time.perf_counter() - start))
    peak = torch.cuda.max_memory_allocated() if cuda else None
    if not math.isfinite(loss.item()):
        raise RuntimeError(f"the loss became {loss.item()}")
    return times, peak, loss.item(), network.parameter_count()


def record(case, precision, chosen):
    """A row of the report; where the case fails, why."""
    row = {"network": case.network, "height": case.height, "width": case.width, "batch": case.batch,
           "precision": precision, "like": case.like}
    try:
        times, peak, loss, parameters = measure(case, precision, chosen)
    # Out of memory, and whatever cuDNN refuses; the other cases may still fit.
    except RuntimeError as error:
        return {**row, "error": str(error).strip().split("\n")[0]}
    median = statistics.median(times)
    return {**row, "parameters": parameters, "median_ms": median, "images_per_s": 1e3 * case.batch / median,
            "peak_memory_bytes": peak, "last_loss": loss, "step_ms": times}


HEADER = f"{'network':<10} {'input':>10} {'batch':>5} {'precision':<9} {'parameters':>11} {'median ms':>10} " \
         f"{'min ms':>10} {'max ms':>10} {'images/s':>9} {'peak MiB':>9}"


def line(row):
    size = f"{row['height']}x{row['width']}"
    start = f"{row['network']:<10} {size:>10} {row['batch']:>5} {row['precision']:<9}"
    if "error" in row:
        return f"{start} failed: {row['error']}"
    peak = row["peak_memory_bytes"]
    peak = "-" if peak is None else f"{peak / 2**20:.0f}"
    return f"{start} {row['parameters']:>11,} {row['median_ms']:>10.2f} {min(row['step_ms']):>10.2f} " \
           f"{max(row['step_ms']):>10.2f} {row['images_per_s']:>9.2f} {peak:>9}"


def environment(chosen):
    cuda = chosen.device == "cuda"
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda if cuda else None,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "device": chosen.device,
        "device_name": torch.cuda.get_device_name() if cuda else platform.processor() or platform.machine(),
        "cpu_threads": torch.get_num_threads(),
        "base_channels": chosen.width,
        "channels_last": chosen.channels_last,
        "warmup": chosen.warmup,
        "steps": chosen.steps,
    }


def title(about):
    versions = [f"PyTorch {about['torch']}"]
    if about["device"] == "cuda":
        versions += [f"CUDA {about['cuda']}", f"cuDNN {about['cudnn']}", about["device_name"]]
    else:
        versions.append(f"CPU {about['device_name']}, threads: {about['cpu_threads']}")
    layout = "channels last" if about["channels_last"] else "channels first"
    return f"{', '.join(versions)}; base channels {about['base_channels']}, {layout}; " \
           f"{about['steps']} timed steps after {about['warmup']}"


def at_least(minimum):
    def parse(text):
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {minimum}")
        return int(text)
    return parse


def even(text):
    value = at_least(2)(text)
    if value % 2:
        raise argparse.ArgumentTypeError(f"{text}: must be even, as the ResNet's stem starts at half of it")
    return value


def one_case(text):
    wrong = f"{text}: a case is NETWORK:HEIGHTxWIDTH:BATCH, such as unet:128x128:4"
    try:
        network, size, batch = text.split(":")
        height, width = size.split("x")
        found = Case(network, int(height), int(width), int(batch))
    except ValueError:
        raise argparse.ArgumentTypeError(wrong) from None
    if found.network not in NETWORKS:
        raise argparse.ArgumentTypeError(f"{text}: the network must be one of {', '.join(NETWORKS)}")
    if min(found.height, found.width) < 1:
        raise argparse.ArgumentTypeError(wrong)
    if found.network == "unet" and (found.height % UNET_DIVISOR or found.width % UNET_DIVISOR):
        raise argparse.ArgumentTypeError(f"{text}: a U-Net's height and width must be multiples of {UNET_DIVISOR}")
    if found.batch < 2:
        raise argparse.ArgumentTypeError(f"{text}: the batch must be at least 2, as the pooled branch is normalised "
                                         "over one value per image")
    return found


def counterparts(path):
    """The cases of `atrous bench step --json` that this script knows, and their base channels: those of the first."""
    found, chosen = {}, None
    for case in json.loads(path.read_text())["cases"]:
        settings = case["settings"]
        model = settings["model"]
        network, channels, datasets = COUNTERPARTS.get(model["kind"], (None, None, ()))
        if model["aspp_channels"] != channels or settings["dataset"] not in datasets or settings["rates"] != list(RATES):
            continue
        chosen = chosen or model["base_channels"]
        if model["base_channels"] == chosen:
            # Two precisions of ours are one case of these.
            key = (network, *settings["crop"], settings["train"]["batch"])
            rates = "-".join(str(rate) for rate in settings["rates"])
            found.setdefault(key, []).append(f"{case['experiment']} {rates}")
    return [Case(*key, like=tuple(like)) for key, like in found.items()], chosen


def cases(text):
    return [one_case(part) for part in text.split(",")]


def precisions(text):
    values = text.split(",")
    for value in values:
        if value not in PRECISIONS:
            raise argparse.ArgumentTypeError(f"{value or 'nothing'}: must be among {', '.join(PRECISIONS)}")
    return values


def supported(device):
    """Tensor cores for TF32 and bfloat16 came with compute capability 8.0; a CPU has no TF32."""
    if device == "cpu":
        return ["float32", "bf16"]
    return list(PRECISIONS) if torch.cuda.get_device_capability() >= (8, 0) else ["float32"]


def arguments():
    parser = argparse.ArgumentParser(prog="torch_throughput.py", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=cases, default=CASES, metavar="CASE,...",
                        help=f"NETWORK:HEIGHTxWIDTH:BATCH each; networks: {', '.join(NETWORKS)} [default: {CASES}]")
    parser.add_argument("--like", type=Path, metavar="FILE",
                        help="instead of --cases and --width: those of what `atrous bench step --json` has written")
    parser.add_argument("--precisions", type=precisions, metavar="NAME,...",
                        help=f"of {', '.join(PRECISIONS)} [default: all that the device has]")
    parser.add_argument("--steps", type=at_least(1), default=30, metavar="N", help="timed steps [default: 30]")
    parser.add_argument("--warmup", type=at_least(1), default=10, metavar="N",
                        help="steps before them, for which cuDNN chooses its kernels [default: 10]")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="[default: cuda]")
    parser.add_argument("--width", type=even, default=WIDTH, metavar="N",
                        help="base channels, fewer for a quick trial; the auxiliary head narrows along, the ASPP keeps "
                             f"its channels [default: {WIDTH}]")
    parser.add_argument("--channels-last", action="store_true", help="keep tensors as NHWC instead of NCHW")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="write the report there, the time of each step included; rewritten after each case")
    chosen = parser.parse_args()
    if chosen.device == "cuda" and not torch.cuda.is_available():
        parser.error(f"PyTorch {torch.__version__} finds no CUDA device; for a trial without one: --device cpu, with "
                     "a small --width and small --cases")
    possible = supported(chosen.device)
    if chosen.precisions is None:
        chosen.precisions = possible
    for precision in chosen.precisions:
        if precision not in possible:
            parser.error(f"--precisions: this {'CPU' if chosen.device == 'cpu' else 'GPU'} has no {precision}; it has "
                         f"{', '.join(possible)}")
    if chosen.like:
        try:
            chosen.cases, chosen.width = counterparts(chosen.like)
        except (OSError, ValueError, KeyError, TypeError) as error:
            parser.error(f"--like: {chosen.like} is not what atrous bench step --json writes: {error}")
        if not chosen.cases:
            parser.exit(3, f"error: --like: {chosen.like} holds no case that this script knows\n")
    if chosen.json and (chosen.json.is_dir() or not chosen.json.absolute().parent.is_dir()):
        parser.error(f"--json: {chosen.json} cannot be written: it is a folder, or its folder does not exist")
    return chosen


def main():
    chosen = arguments()
    for network in {case.network for case in chosen.cases}:
        check_parameters(network)
    torch.backends.cudnn.benchmark = True
    about, rows = environment(chosen), []
    print(f"{title(about)}\n{HEADER}", flush=True)
    for case in chosen.cases:
        for precision in chosen.precisions:
            rows.append(record(case, precision, chosen))
            print(line(rows[-1]), flush=True)
            if chosen.json:
                chosen.json.write_text(json.dumps({**about, "results": rows}, indent=2) + "\n")
            gc.collect()
            if chosen.device == "cuda":
                torch.cuda.empty_cache()
    return 1 if any("error" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
