"""What `p2p train` takes before and beside its updates: whole commands of four images, by the number of pairs.

Nothing here may measure how fast a model learns.

Usage: python benchmarks/training_start.py [--runs N] [--pairs N ...] [--against CHECKOUT]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.pairs import pair

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE = 64
SETTINGS = ("--preset", "tiny", "--images", "4", "--size", str(SIDE), "--set", "unet_depth=3", "--device", "cpu")
PACKAGES = ("datatools", "gan", "cli")


def make_pairs(place: Path, count: int) -> Path:
    """A pair folder of noise whose pairs are all for training."""
    random = np.random.default_rng(0)
    for number in range(count):
        for half in "ab":
            pixels = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
            write_png(place / half / "train" / f"{number:06}.png", pixels, durable=False)
    pair(place / "a", place / "b", place / "pairs")
    return place / "pairs"


def train(pairs: Path, run: Path, checkout: str) -> measure.Cost:
    """One training, by the packages of another checkout if one is named."""
    sources = [str(Path(checkout).resolve() / "packages" / name / "src") for name in PACKAGES] if checkout else []
    path = os.pathsep.join([*sources, *filter(None, [os.environ.get("PYTHONPATH")])])
    return measure.run(("env", f"PYTHONPATH={path}", *measure.P2P, "train", str(pairs), str(run), *SETTINGS))


def main() -> None:
    """Measure both in turn; processor time, which other programs change little, and the peak of memory."""
    parser = argparse.ArgumentParser(description="The processor time of a training of four images.")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--pairs", type=int, nargs="+", default=[10, 3_000], metavar="N")
    parser.add_argument("--against", default="", metavar="CHECKOUT")
    arguments = parser.parse_args()
    print(measure.header(arguments.runs, "p2p-gan", "torch"))
    for count in arguments.pairs:
        with tempfile.TemporaryDirectory() as folder:
            pairs = make_pairs(Path(folder), count)
            costs: dict[str, list[measure.Cost]] = {"this": [], "other": []}
            for number in range(arguments.runs):
                for name, checkout in (("this", ""), *([("other", arguments.against)] if arguments.against else [])):
                    costs[name].append(train(pairs, Path(folder) / f"{name}-{number}", checkout))
        for name, each in costs.items():
            if each:
                took = measure.spread([cost.cpu for cost in each], "s", 1)
                print(f"{count:,} pairs, {name}: {took}, peak {statistics.median(cost.mib for cost in each):.0f} MiB")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
