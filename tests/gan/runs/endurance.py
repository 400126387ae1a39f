"""Trains for 20,000 small updates, and resumes a run 50 times in a row: memory, speed and result have to stay the same.

Nothing here may measure by the clock on the wall, nor without a yardstick: other programs on the machine change both.

Usage: python tests/gan/runs/endurance.py [--updates N] [--resumes N] [--seed S]
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from p2p_datatools.contract.progress import Reporter
from p2p_gan.runs import checkpoint
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from gan.conftest import make_pair_folder
    from gan.runs.kills import CONFIG, Child, compare, run_to_the_end
else:  # run as a program, this folder is where Python looks; kills adds that of conftest
    from kills import CONFIG, Child, compare, make_pair_folder, run_to_the_end

MOST = 1.05  # of the first window, for the last
WINDOW = 1000  # updates
BLOCK = 100  # updates, in each of which all that a run does from time to time is done as often
_STATM = Path("/proc/self/statm")  # pages of this process; the second number is what it has in memory
LONG = replace(
    CONFIG,
    log_every=BLOCK // 10,
    sample_every=BLOCK,
    validate_every=BLOCK,
    checkpoint_every=BLOCK,
    checkpoint_minutes=60,
)
PER_RESUME = 16  # images of the interrupted run for each resume
PIECES = 36  # the most pieces of work before an interruption; about ten of them come before the first update


class Yardstick:
    """The same small piece of work again and again: how fast the processor is at that moment, beside other programs."""

    def __init__(self) -> None:
        layers = (nn.Conv2d(3, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh())
        self._net = nn.Sequential(*layers)
        self._optimizer = torch.optim.Adam(self._net.parameters())
        self._picture = torch.rand(1, 3, 32, 32)

    def lay(self) -> float:
        """Do the work; the seconds of processor time that it took."""
        began = time.thread_time()
        self._optimizer.zero_grad()
        (self._net(self._picture) - self._picture).abs().mean().backward()
        self._optimizer.step()
        return time.thread_time() - began


@dataclass(frozen=True)
class Block:
    """What some updates took: processor time, that of the yardstick beside them, and the memory at their end."""

    seconds: float
    yardstick: float
    bytes: int


class Measure(Reporter):
    """Collects a `Block` for every BLOCK updates of a training."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._yardstick = Yardstick()
        self._updates = 0
        self._laid = 0.0
        self._began: float | None = None  # the processor time when the block began; None before training

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self._began = time.process_time() if what == "training" else None

    def advance(self, units: int = 1, **figures: float) -> None:
        if self._began is None or not units:  # a score is reported without a unit
            return
        self._laid += self._yardstick.lay()
        self._updates += units
        if self._updates % BLOCK == 0:
            now = time.process_time()
            pages = int(_STATM.read_text("ascii").split()[1])
            self.blocks.append(Block(now - self._began - self._laid, self._laid, pages * os.sysconf("SC_PAGESIZE")))
            self._began, self._laid = time.process_time(), 0.0


def stay_flat(pairs: Path, run: Path, updates: int) -> str:
    """Train, and compare the last window with the first; ends this program where the last needs more than MOST."""
    measure = Measure()
    train(pairs, run, replace(LONG, images=updates), report=measure)
    if len(measure.blocks) != updates // BLOCK:
        sys.exit(f"{run}: {updates} updates were reported as {len(measure.blocks)} blocks of {BLOCK}")
    count = WINDOW // BLOCK
    first, last = measure.blocks[:count], measure.blocks[-count:]
    # Medians, because other programs come and go within a block too.
    costs = [statistics.median(block.seconds / block.yardstick for block in part) for part in (first, last)]
    times = [statistics.median(block.seconds for block in part) * 1000 / BLOCK for part in (first, last)]
    memory = [max(block.bytes for block in part) / 2**20 for part in (first, last)]
    said = (
        f"{updates} updates, the first {WINDOW} against the last: an update costs {costs[0]:.2f} and {costs[1]:.2f} "
        f"times the yardstick ({costs[1] / costs[0] - 1:+.1%}; {times[0]:.2f} and {times[1]:.2f} ms of processor "
        f"time), memory {memory[0]:.1f} and {memory[1]:.1f} MiB ({memory[1] / memory[0] - 1:+.1%})"
    )
    if costs[1] > costs[0] * MOST or memory[1] > memory[0] * MOST:
        sys.exit(f"not flat: {said}")
    return said


def resume_often(pairs: Path, folder: Path, resumes: int, draw: random.Random) -> str:
    """Interrupt and resume one run, by its own stop and by SIGKILL in turn; compare its end with an undisturbed one."""
    config = replace(CONFIG, images=PER_RESUME * resumes)
    whole = run_to_the_end(pairs, folder / "whole", replace(config, checkpoint_minutes=60))
    run, stops, kills = folder / "run", 0, 0
    for number in range(resumes):
        child = Child(pairs, run, config)
        child.start()
        reached = child.wait_for(draw.randint(1, PIECES))
        time.sleep(draw.uniform(0, 0.02))  # somewhere within an update, not only after one
        by = (signal.SIGTERM, signal.SIGKILL)[number % 2]
        code = child.end(by if reached else 0)
        images = checkpoint.latest(run).images
        if code not in (0, -by) or images >= PER_RESUME * resumes:
            sys.exit(f"{run}: ended with {code} at image {images} instead of being interrupted")
        stops, kills = stops + (by == signal.SIGTERM), kills + (by == signal.SIGKILL)
    at = checkpoint.latest(run).images
    compare(run_to_the_end(pairs, run, config), whole)
    ways = f"{stops} by its own stop and {kills} by SIGKILL"
    return (
        f"{resumes} interruptions, {ways}, each resumed (the last at image {at} of {config.images}): bit for bit alike"
    )


def main() -> None:
    """Both proofs, one after the other; 0 leaves one out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=20_000, metavar="N")
    parser.add_argument("--resumes", type=int, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    arguments = parser.parse_args()
    if arguments.updates % BLOCK or 0 < arguments.updates < 2 * WINDOW:
        parser.error(f"--updates: a multiple of {BLOCK}, and {2 * WINDOW} or more, or 0")
    draw = random.Random(arguments.seed)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # loads what it takes seconds to load, once for all
    with tempfile.TemporaryDirectory() as folder:
        pairs = make_pair_folder(Path(folder) / "pairs", {"train": 8, "val": 2})
        if arguments.resumes:  # first, because a process without threads of its own can be forked
            sys.stdout.write(resume_often(pairs, Path(folder), arguments.resumes, draw) + "\n")
            sys.stdout.flush()
        if arguments.updates:
            sys.stdout.write(stay_flat(pairs, Path(folder) / "long", arguments.updates) + "\n")


if __name__ == "__main__":
    main()
