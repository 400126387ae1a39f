"""Kills training processes at random moments and resumes them, and compares what they end with bit for bit.

Nothing here may ask a process to be careful: each kill is SIGKILL, a third of them while a checkpoint is being written.

Usage: python tests/gan/runs/kills.py [--kills N] [--seed S]
"""

import argparse
import io
import os
import random
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.runs import checkpoint
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from gan.conftest import make_pair_folder
else:  # run as a program, this folder is where Python looks, and conftest lies above
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_pair_folder

TIMINGS = {"seconds", "images_per_s", "waited"}
CONFIG = with_settings(
    PRESETS["tiny"],
    {
        **{
            "size": "32x32",
            "images": 30,
            "generator_filters": 4,
            "max_filters": 8,
            "discriminator_filters": 4,
            "dropout": 0.5,
        },
        **{"jitter": 1.25, "precision": "float32", "device": "cpu", "threads": 1},
        **{"log_every": 5, "sample_every": 10, "validate_every": 10, "checkpoint_every": 7},
        # Saves by the clock too, at other images every time, of which the result may show nothing.
        "checkpoint_minutes": 0.001,
    },
)


class Told(Reporter):
    """One byte down a pipe for every piece of work that is done, so that whoever kills knows how far it is."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        os.write(self._pipe, b".")

    def advance(self, units: int = 1, **figures: float) -> None:
        os.write(self._pipe, b".")


@dataclass
class Child:
    """A training process, forked, because torch takes seconds to load; it is killed like any other."""

    pairs: Path
    run: Path
    config: Config = CONFIG
    pid: int = 0
    told: IO[bytes] = field(init=False)

    def start(self) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                train(self.pairs, self.run, self.config, report=Told(writing))
                os._exit(0)
            except BaseException as error:
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
                sys.stderr.flush()
                os._exit(1)
        os.close(writing)
        self.told = open(reading, "rb", buffering=0)  # noqa: SIM115, PTH123 - a pipe that `end` closes

    def wait_for(self, pieces: int) -> bool:
        """Whether so many pieces of work were done before the process ended."""
        return all(self.told.read(1) for _ in range(pieces))

    def wait_for_write(self) -> bool:
        """Whether the process was seen writing the tensors of a checkpoint before it ended."""
        folder = self.run / checkpoint.CHECKPOINTS
        while not any(folder.glob(".*.safetensors.*.tmp")):
            if select.select([self.told], [], [], 2e-4)[0] and not self.told.read(4096):
                return False
        return True

    def end(self, number: int = 0) -> int:
        """Kill the process, or wait for it; its exit code, negative for a signal."""
        if number:
            os.kill(self.pid, number)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.told.close()
        return code


def final_state(run: Path) -> dict[str, object]:
    """All that a run ends with, but for its timings: files by name, and the lines of its record."""
    newest = max((run / checkpoint.CHECKPOINTS).glob("[0-9]*.safetensors"))
    files = [*run.glob("*.safetensors"), *run.glob("samples/*"), newest]
    lines = [
        {name: value for name, value in line.items() if name not in TIMINGS}
        for line in read_lines(run / "stats.jsonl")
        if "images" in line
    ]
    return {**{str(file.relative_to(run)): file.read_bytes() for file in files}, "stats": lines}


def run_to_the_end(pairs: Path, run: Path, config: Config = CONFIG) -> dict[str, object]:
    """What a run ends with when nobody disturbs it any more."""
    child = Child(pairs, run, config)
    child.start()
    child.wait_for(10**9)
    if child.end() != 0:
        sys.exit(f"{run}: did not continue after a kill")
    left = [str(path) for path in run.rglob(".*.tmp")]
    if left:
        sys.exit(f"{run}: left {left[0]} behind")
    return final_state(run)


def kill_once(pairs: Path, run: Path, draw: random.Random, pieces: int, *, in_write: bool) -> bool | None:
    """Start or resume, and kill; whether the kill cut a write in half, or None where the run ended before it."""
    child = Child(pairs, run)
    child.start()
    if in_write:
        reached = child.wait_for_write()
    else:
        reached = child.wait_for(draw.randrange(pieces))
        time.sleep(draw.uniform(0, 0.02))  # somewhere within an update, not only after one
    code = child.end(signal.SIGKILL if reached else 0)
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"{run}: did not continue after a kill")
    if code == 0:
        return None
    return any((run / checkpoint.CHECKPOINTS).glob(".*.safetensors.*.tmp"))


def main() -> None:
    """Kill until there were enough kills; every run that reaches its end is compared with the undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=3, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        pairs = make_pair_folder(Path(folder) / "pairs", {"train": 8, "val": 2})
        # The undisturbed run saves by images alone.
        whole = run_to_the_end(pairs, Path(folder) / "whole", replace(CONFIG, checkpoint_minutes=60))
        pieces = (CONFIG.images or 0) + 10
        kills = torn = runs = 0
        while kills < arguments.kills or torn < arguments.kills // 3:
            run = Path(folder) / f"run{runs}"
            cut = kill_once(pairs, run, draw, pieces, in_write=torn < (kills + 1) / 3)
            kills, torn = kills + (cut is not None), torn + bool(cut)
            if cut is None:
                compare(final_state(run), whole)
                runs += 1
        compare(run_to_the_end(pairs, Path(folder) / f"run{runs}"), whole)
    alike = f"{runs + 1} runs ended bit for bit alike"
    sys.stdout.write(f"{kills} kills, {torn} of them in the middle of writing a checkpoint: {alike}\n")


def compare(found: dict[str, object], whole: dict[str, object]) -> None:
    """End this program when something differs, naming it and how."""
    names = sorted(whole.keys() | found.keys())
    differing = [how_differs(name, found.get(name), whole.get(name)) for name in names]
    if any(differing):
        sys.exit(f"not the same as without kills: {', '.join(filter(None, differing))}")


def how_differs(name: str, ours: object, theirs: object) -> str:
    """Nothing, or the name with what tells a picture of other pixels from one that was only packed otherwise."""
    if ours == theirs:
        return ""
    if not isinstance(ours, bytes) or not isinstance(theirs, bytes):
        return f"{name} ({'missing' if ours is None or theirs is None else 'other lines'})"
    if not name.endswith(".png"):
        return f"{name} ({len(ours)} and {len(theirs)} bytes)"
    one, other = (np.asarray(Image.open(io.BytesIO(each))).astype(int) for each in (ours, theirs))
    if one.shape != other.shape:
        return f"{name} ({one.shape} and {other.shape})"
    return f"{name} ({(one != other).any(axis=-1).sum()} pixels, by at most {abs(one - other).max()})"


if __name__ == "__main__":
    main()
