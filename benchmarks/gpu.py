"""Updates a second on a GPU: the textbook's, ours one by one, ours replayed as a CUDA graph, and their matrix rate.

Nothing here may compare figures of different processes: the ways take turns, in blocks, with networks of their own.

Usage: python benchmarks/gpu.py [--preset NAME] [--batches 1 16] [--updates N] [--blocks N] [--device cuda|cpu]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.data.task import open_for_training
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.steps.stepper import Stepper, recorder_for
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from benchmarks import measure, training
else:  # run as a program, this folder is where Python looks
    import measure
    import training

TEXTBOOK, ONE_BY_ONE, REPLAYED = "textbook loop", "one by one", "replayed"
FIRST = 3  # updates before those that are timed; the third batch of a shape is recorded


def wait(device: torch.device) -> None:
    """Until the device has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def timed(work: Callable[[], object], device: torch.device) -> float:
    """The seconds until the device has done it."""
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began


def matrix_rate(device: torch.device, precision: str) -> float:
    """The operations a second of a large matrix product in the precision of the networks, the best of ten."""
    side = 8192 if device.type == "cuda" else 1024
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    return float(2 * side**3 / min(timed(lambda: a @ b, device) for _ in range(10)))


def operations(job: Job, batch: Batch) -> int:
    """The operations of one update in convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        train_step(job.nets, batch, job.recipe, job.autocast)
    return int(counter.get_total_flops())


def make(place: Path, preset: str, batch: int, device: str, way: str) -> tuple[Job, Batch]:
    """A new job for pairs of noise, and a batch of its size."""
    settings = {"images": 10**6, "device": device, "batch": batch, "cuda_graph": way}
    job = make_job(open_for_training(place / "pairs"), with_settings(PRESETS[preset], settings))
    size = job.config.input_size
    assert size is not None, "these presets have one size"
    shape = (batch, 3, size.height, size.width)
    side = torch.rand(shape, device=job.device).mul(2).sub(1).contiguous(memory_format=job.memory_format)
    return job, Batch(side, side.flip(3))


def compare(place: Path, preset: str, size: int, device: str, updates: int, blocks: int) -> None:
    """Print the updates a second of each way, and how many times as many as the textbook's or as one by one."""
    job, batch = make(place, preset, size, device, "off")
    ways: dict[str, Callable[[], object]] = {}
    if preset == "paper":
        textbook = training.Textbook(training.Setting("paper", 256, 64, size))
        for network in (textbook.g, textbook.d):
            network.to(job.device)
        a, b = batch.a.contiguous(), batch.b.contiguous()  # as that loop has them, whatever the order of ours
        ways[TEXTBOOK] = lambda: textbook.update(a, b)
    ways[ONE_BY_ONE] = updates_of(job, batch)
    if device == "cuda":
        ways[REPLAYED] = updates_of(*make(place, preset, size, device, "on"))
    for update in ways.values():
        repeat(update, FIRST)
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(blocks):
        for way, update in ways.items():
            speeds[way].append(updates / timed(partial(repeat, update, updates), job.device))
    rate, work = matrix_rate(job.device, job.config.precision), operations(job, batch)
    first, base = next(iter(speeds.items()))
    for way, found in speeds.items():
        share = statistics.median(found) * work / rate
        ratio = statistics.median(each / other for each, other in zip(found, base, strict=True))
        out(f"batch {size:<3} {way:14} {measure.spread(found, 'updates/s', 1)}, {share:.1%} of {rate:.3g} operations/s")
        out(f"{'':24} {ratio:.2f} times as many as {first}")


def updates_of(job: Job, batch: Batch) -> Callable[[], object]:
    """A function that makes one update as a run does, always with the same batch."""
    stepper = Stepper(job, out, recorder_for(job))
    return lambda: stepper.step(batch, job.config.learning_rate)


def repeat(update: Callable[[], object], times: int) -> None:
    """So many updates."""
    for _ in range(times):
        update()


def out(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def make_first_update(place: Path, preset: str, device: str) -> None:
    """What a process does up to the end of its first update, but for reading the user's pairs."""
    job, batch = make(place, preset, 1, device, "auto")
    updates_of(job, batch)()
    wait(job.device)


def main() -> None:
    """Measure start and updates."""
    parser = argparse.ArgumentParser(description="Updates a second on a GPU.")
    parser.add_argument("--preset", default="paper", choices=("best", "paper", "tiny"))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16], metavar="N")
    parser.add_argument("--updates", type=int, default=200, metavar="N", help="In each block.")
    parser.add_argument("--blocks", type=int, default=5, metavar="N")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="cpu tries the program itself.")
    parser.add_argument("--first", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first:
        make_first_update(asked.first, asked.preset, asked.device)
        return
    if asked.device == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device here; --device cpu tries the program without one")
    with tempfile.TemporaryDirectory() as place:
        noise = np.random.default_rng(0).integers(0, 256, (256, 512, 3), dtype=np.uint8)
        write_png(Path(place) / "pairs" / "train" / "1.png", noise)
        gpu = torch.cuda.get_device_name() if asked.device == "cuda" else "no GPU"
        out(f"{gpu}; {measure.header(asked.blocks, 'torch')}; {asked.preset}")
        start = (sys.executable, __file__, "--first", place, "--preset", asked.preset, "--device", asked.device)
        out(f"{'start to first update':24} {measure.run(start).seconds:.1f} s")
        for size in asked.batches:
            compare(Path(place), asked.preset, size, asked.device, asked.updates, asked.blocks)


if __name__ == "__main__":
    main()
