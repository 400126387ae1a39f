"""What saving costs training with the paper's networks: the stop for the copy, and the slow-down while it is written.

Nothing here may compare figures of different runs: updates with and without a write beside them alternate in one.

Usage: python benchmarks/checkpoint.py [--saves N] [--updates N] [--device cpu|cuda] [--minutes M]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.data.task import open_for_training
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.runs.state import network_states, size_in_bytes
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.tracking.saver import Saver
from p2p_gan.updates.step import train_step

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure


@dataclass
class Times:
    """Seconds: of updates alone and beside a write, of the stops for a copy, of whole writes, of the processor."""

    alone: list[float]
    beside: list[float]
    stops: list[float]
    writes: list[float]
    processor: list[float]


def timed(work: Callable[[], object], device: torch.device) -> float:
    """How long it takes until the device has done it."""
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def measured(job: Job, saver: Saver, saves: int, updates: int) -> Times:
    """Updates alone, a save, updates until it is on the disk; and again."""
    side = torch.rand(1, 3, 256, 256, device=job.device)
    batch = Batch(side, side.flip(3))
    times = Times([], [], [], [], [])

    def update() -> None:
        train_step(job.nets, batch, job.recipe, job.autocast)

    for number in range(saves + 1):
        alone = [timed(update, job.device) for _ in range(updates)]
        progress = checkpoint.Progress(number, [0.0] * len(job.recipe.names), 0, 0.0)
        began = time.perf_counter()
        stop = timed(lambda progress=progress: saver.save(progress), job.device)  # type: ignore[misc]
        beside = []
        while saver.busy:
            beside.append(timed(update, job.device))
        if number:  # the first warms up, and finds the memory for the copy
            times.alone += alone
            times.beside += beside
            times.stops.append(stop)
            times.writes.append(time.perf_counter() - began)
    for number in range(saves):  # without updates: what a save computes, on however busy a machine
        began = time.process_time()
        saver.save(checkpoint.Progress(saves + 1 + number, [0.0] * len(job.recipe.names), 0, 0.0))
        saver.wait()
        times.processor.append(time.process_time() - began)
    return times


def main() -> None:
    """Train the paper's networks on noise, save now and then, and say what the saves cost."""
    parser = argparse.ArgumentParser(description="The cost of a checkpoint to training.")
    parser.add_argument("--saves", type=int, default=5, metavar="N")
    parser.add_argument("--updates", type=int, default=10, metavar="N", help="Timed before each save.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=5.0, metavar="M", help="Between two saves, for the share.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        noise = np.random.default_rng(0).integers(0, 256, (256, 512, 3), dtype=np.uint8)
        write_png(Path(place) / "pairs" / "train" / "1.png", noise)
        config = with_settings(PRESETS["paper"], {"images": 10**6, "device": arguments.device})
        job = make_job(open_for_training(Path(place) / "pairs"), config)
        run = RunFolder(Path(place) / "run")
        run.hold()
        with Saver(run, replace(job, config=replace(job.config, keep_checkpoints=1)), 0) as saver:
            times = measured(job, saver, arguments.saves, arguments.updates)
        run.release()
    tell(job, times, arguments.saves, arguments.minutes * 60)


def tell(job: Job, times: Times, saves: int, interval: float) -> None:
    """The figures, and the share of the time that one save in `interval` seconds takes."""
    count = sum(each.numel() for part in network_states(job.nets).values() for each in part.network.parameters())
    slowed = statistics.mean(times.beside) / statistics.mean(times.alone)
    stop, write = statistics.mean(times.stops), statistics.mean(times.writes)
    lost = stop + (write - stop) * (1 - 1 / slowed)
    out = sys.stdout.write
    out(
        f"{measure.header(saves, 'torch')}; {job.config.device}, {job.config.precision}, {job.config.threads} threads\n"
    )
    out(f"networks   {count / 1e6:.1f} M parameters, checkpoint {size_in_bytes(job.nets) / 2**20:.0f} MiB\n")
    out(f"update     {measure.spread(times.alone, 's', 3)}\n")
    out(f"stop       {measure.spread(times.stops, 's', 3)}\n")
    out(f"write      {measure.spread(times.writes, 's', 1)} beside training\n")
    out(f"slow-down  {slowed:.2f} times the update alone while it is written\n")
    out(f"processor  {measure.spread(times.processor, 's', 1)} of one core for a save, copy and write\n")
    out(f"lost       {lost:.2f} s of {interval:.0f} s between two saves: {lost / interval:.2%}\n")


if __name__ == "__main__":
    main()
