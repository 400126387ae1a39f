"""Resize convolutions as sums of weights beside doubling the map first, layer by layer and in whole updates.

Nothing here may read or write a file: batches are random numbers.

Usage: python benchmarks/resize.py [--runs N] [--threads N] [--precision NAME] [--only NAME ...]

Processor time of both ways in turn in one process, medians: a layer's forward pass, the same with its backward pass,
and an update of `p2p train --preset best` for masks of five classes and photos.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor

from p2p_gan.config import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.machine.device import autocast_for, resolve_precision
from p2p_gan.networks import blocks
from p2p_gan.training.build import build, generator_shape
from p2p_gan.updates.recipe import make_recipe
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

CPU = torch.device("cpu")
CLASSES = 5
# Inputs, outputs, and the map's rows and columns.
LAYERS = (
    (32, 3, 32, 48),
    (64, 16, 16, 24),
    (128, 32, 8, 12),
    (256, 64, 8, 8),
    (256, 64, 64, 64),
    (128, 3, 128, 128),
)
UPDATES = {"96x64, 16 filters": (64, 96, 16, 5), "256x256, 64 filters": (256, 256, 64, 8)}  # height, width, depth


@contextmanager
def doubled() -> Iterator[None]:
    """While this is open no map has so many pixels that it is not doubled."""
    most, blocks._MANY_PIXELS = blocks._MANY_PIXELS, 2**62
    try:
        yield
    finally:
        blocks._MANY_PIXELS = most


def seconds(work: Callable[[], object], way: Callable[[], AbstractContextManager[None]]) -> float:
    """The processor time of one call in a block of at least a tenth of a second."""
    with way():
        work()
        count, began = 0, time.process_time()
        while time.process_time() < began + 0.1:
            work()
            count += 1
        return (time.process_time() - began) / count


def compare(name: str, work: Callable[[], object], runs: int) -> None:
    """Both ways in turn, and a line about them."""
    times: dict[str, list[float]] = {"doubled": [], "summed": []}
    for _ in range(runs):
        times["doubled"].append(seconds(work, doubled) * 1000)
        times["summed"].append(seconds(work, nullcontext) * 1000)
    before, after = (statistics.median(each) for each in times.values())
    texts = [f"{way} {measure.spread(each, 'ms', 2)}" for way, each in times.items()]
    print(f"  {name:34} {'; '.join(texts)}; {before / after:.2f} times as fast", flush=True)


def measure_layer(layer: tuple[int, int, int, int], precision: str, runs: int) -> None:
    """Forward, and forward and backward, of one layer."""
    inputs, outputs, height, width = layer
    conv, autocast = blocks.ResizeConv(inputs, outputs, bias=True), autocast_for(CPU, precision)
    x = torch.randn(1, inputs, height, width, requires_grad=True)
    slope = torch.randn(1, outputs, 2 * height, 2 * width)

    def forward() -> Tensor:
        with autocast():
            output: Tensor = conv(x)
        return output

    def evaluate() -> None:
        with torch.no_grad():
            forward()

    name = f"{inputs} to {outputs} at {width}x{height}"
    compare(f"{name}, forward", evaluate, runs)
    compare(f"{name}, and backward", lambda: torch.autograd.backward(forward().float(), slope), runs)


def measure_update(name: str, precision: str, runs: int) -> None:
    """An update of both networks of `best`, with its segmentation head."""
    height, width, filters, depth = UPDATES[name]
    config = replace(
        PRESETS["best"],
        unet_depth=depth,
        generator_filters=filters,
        discriminator_filters=filters,
        segmentation_head="on",
        features="off",
        dropout=0.5,
        noise_channels=0,
        pixel_noise=0,
        lambda_mode_seeking=0.0,
        memory_format="contiguous",
        precision=precision,
    )
    classes = torch.randint(CLASSES, (1, height, width))
    a = torch.nn.functional.one_hot(classes, CLASSES).permute(0, 3, 1, 2).float().contiguous()
    batch = Batch(a, torch.rand(1, 3, height, width) * 2 - 1, classes=classes)
    nets = build(generator_shape(config, CLASSES, 3), config, CPU, CLASSES)
    step = partial(train_step, nets, batch, make_recipe(config), autocast_for(CPU, precision))
    compare(f"update, {name}", step, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="Blocks of each way (default: 5).")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="Threads of torch (default: 1).")
    parser.add_argument("--precision", default="float32", metavar="NAME", help="float32 (default) or bfloat16.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="Only lines that have one of these words.")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    precision = resolve_precision(arguments.precision, CPU)
    print(measure.header(arguments.runs, "torch", "p2p-gan"))
    print(f"{arguments.threads} thread(s), {precision}")

    def wanted(name: str) -> bool:
        return not arguments.only or any(each in name for each in arguments.only)

    for layer in LAYERS:
        if wanted("{} to {} at {}x{}".format(*layer)):
            measure_layer(layer, precision, arguments.runs)
    for name in UPDATES:
        if wanted(f"update, {name}"):
            measure_update(name, precision, arguments.runs)


if __name__ == "__main__":
    main()
