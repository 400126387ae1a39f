"""Updates of the networks beside the loop that everybody writes and beside their floor, alternated in one process.

Nothing here may read or write a file: batches are random numbers, and the textbook's networks stand below.

Usage: python benchmarks/training.py [--runs N] [--threads N] [--precision NAME] [--only NAME ...]

Processor time, which other programs change little. The floor: the operations of the textbook's update, counted by
torch, at the rate of a large matrix product in our precision, and the optimisers' bytes at that of a large copy.
"""

import argparse
import contextlib
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from p2p_gan.config import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.machine.device import autocast_for, resolve_memory_format, resolve_precision
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.weights import count_parameters
from p2p_gan.training.build import build
from p2p_gan.updates.recipe import make_recipe
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

ADAM_BYTES = 28  # of each parameter: weight, gradient and two moments are read, weight and moments written
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Setting:
    """Networks of the paper's shape with other widths, and their batch."""

    name: str
    side: int
    filters: int
    batch: int

    @property
    def depth(self) -> int:
        """Halvings of the U-Net, down to one pixel."""
        return self.side.bit_length() - 1


SETTINGS = (
    Setting("paper, batch 1", 256, 64, 1),
    Setting("paper, batch 4", 256, 64, 4),
    Setting("128x128, 32 filters, batch 1", 128, 32, 1),
    Setting("64x64, 16 filters, batch 1", 64, 16, 1),
    Setting("64x64, 16 filters, batch 4", 64, 16, 4),
)


class Level(nn.Module):
    """A level of the textbook's U-Net, around the next: down, what lies within, up, and the skip beside."""

    def __init__(self, outer: int, inner: int, within: "Level | None", *, drop: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.LeakyReLU(0.2, True), nn.Conv2d(outer, inner, 4, 2, 1, bias=False)]
        if within is not None:
            layers += [nn.BatchNorm2d(inner), within]
        back = inner if within is None else 2 * inner
        layers += [nn.ReLU(True), nn.ConvTranspose2d(back, outer, 4, 2, 1, bias=False), nn.BatchNorm2d(outer)]
        self.model = nn.Sequential(*layers, *([nn.Dropout(0.5)] if drop else []))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


def textbook_generator(setting: Setting) -> nn.Module:
    """The U-Net as it is usually written, module within module."""
    widths = [min(setting.filters * 2**level, setting.filters * 8) for level in range(setting.depth)]
    level: Level | None = None
    for place in range(setting.depth - 1, 0, -1):
        drop = level is not None and place >= setting.depth - 4
        level = Level(widths[place - 1], widths[place], level, drop=drop)
    assert level is not None
    first, last = nn.Conv2d(3, widths[0], 4, 2, 1, bias=False), nn.ConvTranspose2d(2 * widths[0], 3, 4, 2, 1)
    return nn.Sequential(first, level, nn.ReLU(True), last, nn.Tanh())


def textbook_discriminator(filters: int) -> nn.Module:
    """The 70x70 PatchGAN as it is usually written."""
    layers: list[nn.Module] = [nn.Conv2d(6, filters, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for inputs, outputs, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
        layers += [nn.Conv2d(inputs * filters, outputs * filters, 4, stride, 1, bias=False)]
        layers += [nn.BatchNorm2d(outputs * filters), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * filters, 1, 4, 1, 1))


class Textbook:
    """The loop that everybody writes: contiguous memory, plain Adam, a loss after the other."""

    def __init__(self, setting: Setting) -> None:
        self.g, self.d = textbook_generator(setting), textbook_discriminator(setting.filters)
        self.optimizers = [torch.optim.Adam(each.parameters(), 2e-4, (0.5, 0.999)) for each in (self.d, self.g)]
        self.bce, self.l1 = nn.BCEWithLogitsLoss(), nn.L1Loss()

    def update(self, a: Tensor, b: Tensor) -> Tensor:
        """One update of both networks; the losses of real and generated pictures, the generator's, and L1."""
        fake = self.g(a)
        self.d.requires_grad_(True)
        self.optimizers[0].zero_grad()
        false, true = self.d(torch.cat((a, fake.detach()), 1)), self.d(torch.cat((a, b), 1))
        d_fake, d_real = self.bce(false, torch.zeros_like(false)), self.bce(true, torch.ones_like(true))
        ((d_fake + d_real) * 0.5).backward()
        self.optimizers[0].step()
        self.d.requires_grad_(False)
        self.optimizers[1].zero_grad()
        false = self.d(torch.cat((a, fake), 1))
        g_gan, g_l1 = self.bce(false, torch.ones_like(false)), self.l1(fake, b)
        (g_gan + 100 * g_l1).backward()
        self.optimizers[1].step()
        return torch.stack((d_real, d_fake, g_gan, g_l1)).detach()


class Ours:
    """The update of `p2p train --preset paper` with the setting's widths."""

    def __init__(self, setting: Setting, precision: str, **settings: Any) -> None:
        memory_format = resolve_memory_format("auto", CPU, precision)
        config = replace(
            PRESETS["paper"],
            unet_depth=setting.depth,
            generator_filters=setting.filters,
            discriminator_filters=setting.filters,
            memory_format=memory_format,
            precision=precision,
            **settings,
        )
        shape = Architecture(
            3, 3, setting.depth, setting.filters, setting.filters * 8, config.norm, config.dropout, biases=False
        )
        self.nets, self.recipe = build(shape, config, CPU), make_recipe(config)
        self.autocast = autocast_for(CPU, precision)

    def update(self, a: Tensor, b: Tensor) -> Tensor:
        """One update of both networks; the losses in the order of the textbook's."""
        return train_step(self.nets, Batch(a, b), self.recipe, self.autocast)


def repeat(loop: Textbook | Ours, a: Tensor, b: Tensor, updates: int) -> None:
    """So many updates with the same batch."""
    for _ in range(updates):
        loop.update(a, b)


def seconds(work: Callable[[], object]) -> float:
    """The processor time of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def matrix_rate(precision: str) -> float:
    """Operations a second of a product of two 1536x1536 matrices."""
    side, kind = 1536, torch.bfloat16 if precision == "bfloat16" else torch.float32
    x, y = torch.randn(side, side, dtype=kind), torch.randn(side, side, dtype=kind)
    return 2 * side**3 / min(seconds(lambda: x @ y) for _ in range(7))


def bandwidth() -> float:
    """Bytes a second that a copy of 256 MiB reads and writes."""
    source, target = torch.zeros(64 << 20), torch.zeros(64 << 20)
    return 2 * source.nbytes / min(seconds(lambda: target.copy_(source)) for _ in range(5))


def compare(setting: Setting, runs: int, precision: str, rates: tuple[float, float]) -> None:
    """Time one setting and print its lines."""
    torch.manual_seed(0)
    a, b = (torch.rand(setting.batch, 3, setting.side, setting.side) * 2 - 1 for _ in range(2))
    textbook, ours = Textbook(setting), Ours(setting, precision)
    counter = FlopCounterMode(display=False)
    with counter:
        textbook.update(a, b)
    ours.update(a, b)
    parameters = count_parameters(textbook.g) + count_parameters(textbook.d)
    floor = counter.get_total_flops() / rates[0] + parameters * ADAM_BYTES / rates[1]
    # A block takes a second or more, so that small networks are not measured by the clock's grain.
    block = max(1, round(1 / max(1e-3, seconds(lambda: ours.update(a, b)))))
    times: dict[str, list[float]] = {"textbook loop": [], "ours": []}
    for _ in range(runs):
        times["textbook loop"].append(seconds(partial(repeat, textbook, a, b, block)) / block * 1000)
        times["ours"].append(seconds(partial(repeat, ours, a, b, block)) / block * 1000)
    usual, own = (statistics.median(each) for each in times.values())
    print(f"{setting.name} ({counter.get_total_flops() / 1e9:.1f} GFLOP, {parameters / 1e6:.1f} M parameters)")
    for name, each in times.items():
        print(f"  {name:14} {measure.spread(each, 'ms', 1)}")
    print(f"  {'floor':14} {floor * 1000:.1f} ms; ours takes {own / 1000 / floor:.2f} times as long")
    print(f"  ratio to the textbook loop {usual / own:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="Blocks of each loop (default: 7).")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="Threads of torch (default: 1).")
    parser.add_argument("--precision", default="auto", metavar="NAME", help="Of our updates, such as float32.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="Only settings whose name has one of these in it.")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    precision = resolve_precision(arguments.precision, CPU)
    rates = matrix_rate(precision), bandwidth()
    print(measure.header(arguments.runs, "torch", "p2p-gan"))
    print(
        f"{arguments.threads} thread(s), {precision}; matrix product {rates[0] / 1e9:.0f} GFLOP/s, "
        f"copy {rates[1] / 1e9:.1f} GB/s"
    )
    with contextlib.suppress(KeyboardInterrupt):
        for setting in SETTINGS:
            if not arguments.only or any(each in setting.name for each in arguments.only):
                compare(setting, arguments.runs, precision, rates)


if __name__ == "__main__":
    main()
