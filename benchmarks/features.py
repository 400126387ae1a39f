"""What pretrained features add to an update: the perceptual loss by its stages, and projected heads by their number.

Nothing here may read or write a file but the weights of the package: batches are random numbers.

Usage: python benchmarks/features.py [--runs N] [--threads N] [--precision NAME] [--only SIZE ...]

Processor time of updates of `p2p train --preset best` for masks of five classes and photos, with its features switched
off and with one setting after another, in turn in one process; medians.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from p2p_gan.config import PRESETS
from p2p_gan.config.parse import with_settings
from p2p_gan.data.dataset import Batch
from p2p_gan.machine.device import autocast_for, resolve_precision
from p2p_gan.training.build import build, generator_shape
from p2p_gan.training.features import load_features
from p2p_gan.updates.recipe import make_recipe
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

CPU = torch.device("cpu")
CLASSES = 5
SIZES = {"96x64": (64, 96, 16, 5), "256x256": (256, 256, 64, 8)}  # height, width, filters, depth
WAYS: dict[str, dict[str, Any]] = {
    "without": {"features": "off"},
    **{
        f"perceptual, {stages} stages": {"lambda_perceptual": 1, "lambda_projected": 0, "perceptual_stages": stages}
        for stages in (1, 2, 3, 4, 5)
    },
    **{
        f"projected, {heads} heads": {"lambda_perceptual": 0, "lambda_projected": 1, "projected_stages": heads}
        for heads in (2, 4)
    },
    "both, 5 stages and 4 heads": {"lambda_perceptual": 1, "lambda_projected": 1, "perceptual_stages": 5},
}


def update_of(size: str, precision: str, settings: dict[str, Any]) -> Callable[[], object]:
    """A function that updates the networks of `best` with these settings once."""
    height, width, filters, depth = SIZES[size]
    fixed: dict[str, Any] = {"segmentation_head": "on", "memory_format": "contiguous", "precision": precision}
    fixed |= {"features": "on", "lambda_perceptual": 0}
    fixed |= {"dropout": 0.5, "noise_channels": 0, "pixel_noise": 0, "lambda_mode_seeking": 0}
    config = replace(
        with_settings(PRESETS["best"], fixed | settings),
        unet_depth=depth,
        generator_filters=filters,
        discriminator_filters=filters,
    )
    classes = torch.randint(CLASSES, (1, height, width))
    a = torch.nn.functional.one_hot(classes, CLASSES).permute(0, 3, 1, 2).float().contiguous()
    batch = Batch(a, torch.rand(1, 3, height, width) * 2 - 1, classes=classes)
    nets = build(generator_shape(config, CLASSES, 3), config, CPU, CLASSES, load_features(config, CPU))
    return partial(train_step, nets, batch, make_recipe(config), autocast_for(CPU, precision))


def seconds(work: Callable[[], object]) -> float:
    """The processor time of one call in a block of at least a fifth of a second."""
    count, began = 0, time.process_time()
    while time.process_time() < began + 0.2:
        work()
        count += 1
    return (time.process_time() - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="Blocks of each (default: 5).")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="Threads of torch (default: 1).")
    parser.add_argument("--precision", default="float32", metavar="NAME", help="float32 (default) or bfloat16.")
    parser.add_argument("--only", nargs="+", default=[*SIZES], metavar="SIZE", help="Which of 96x64 and 256x256.")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    precision = resolve_precision(arguments.precision, CPU)
    print(measure.header(arguments.runs, "torch", "p2p-gan"))
    print(f"{arguments.threads} thread(s), {precision}")
    for size in arguments.only:
        updates = {name: update_of(size, precision, settings) for name, settings in WAYS.items()}
        times: dict[str, list[float]] = {name: [] for name in updates}
        for run in range(arguments.runs + 1):
            for name, update in updates.items():
                found = seconds(update) * 1000
                if run:  # the first warms up
                    times[name].append(found)
        base = statistics.median(times["without"])
        for name, each in times.items():
            share = statistics.median(each) / base
            print(
                f"  {size}, {name:28} {measure.spread(each, 'ms', 1)}; {share:.2f} times an update without", flush=True
            )


if __name__ == "__main__":
    main()
