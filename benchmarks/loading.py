"""How fast training pairs are loaded, beside the usual loader of pix2pix codes, and beside decoding and copying alone.

Nothing here may measure networks; the pairs are JPEGs of 1200x600, and what is trained on has 256x256.

Usage: python benchmarks/loading.py [--pairs N] [--runs N] [--data FOLDER]
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.data.task import identify_files, task_of

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE, JITTERED = 256, 286
PICTURE = (600, 1200)  # height and width of an A|B picture
BATCHES = (1, 4, 16)
STEP_MS = 2.5  # an update of batch 1 at 400 a second
CPU = torch.device("cpu")


def write_pictures(place: Path, count: int) -> None:
    """Pictures with large and small structures, about as large as aerial photos beside maps (200 to 400 KB)."""
    place.mkdir(parents=True)
    drawn = np.random.default_rng(0)
    for number in range(count):
        scene = np.zeros((*PICTURE, 3), np.float32)
        for step, strength in ((100, 60), (25, 40), (5, 25), (1, 8)):
            coarse = drawn.normal(0, strength, (PICTURE[0] // step, PICTURE[1] // step, 3)).astype(np.float32)
            scene += coarse.repeat(step, axis=0).repeat(step, axis=1)
        Image.fromarray(np.clip(scene + 128, 0, 255).astype(np.uint8)).save(place / f"{number}.jpg", quality=90)


def load_usually(path: Path, drawn: random.Random) -> list[Tensor]:
    """A pair as data loaders of pix2pix codes read it each time: A and B, (3, 256, 256), -1..1."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    left, top = drawn.randint(0, JITTERED - SIDE), drawn.randint(0, JITTERED - SIDE)
    mirrored = drawn.random() > 0.5
    loaded = []
    for box in ((0, 0, width // 2, height), (width // 2, 0, width, height)):
        half = picture.crop(box).resize((JITTERED, JITTERED), Image.Resampling.BICUBIC)
        half = half.crop((left, top, left + SIDE, top + SIDE))
        if mirrored:
            half = half.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = torch.from_numpy(np.array(half)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        middle = torch.tensor((0.5, 0.5, 0.5)).view(3, 1, 1)
        loaded.append(values.sub_(middle).div_(middle))
    return loaded


def decode(path: Path) -> None:
    """The pixels of a JPEG, in the memory of the decoder."""
    with Image.open(path) as picture:
        picture.load()


def decode_and_resize(path: Path) -> None:
    """The halves of a JPEG at the size at which they are kept, by OpenCV's filter and without any check."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    for half in np.split(pixels, 2, axis=1):
        cv2.resize(half, (JITTERED, JITTERED), interpolation=cv2.INTER_AREA)


def open_folder(place: Path, count: int) -> PairFolder:
    """A folder of A|B pictures, of which the first are used."""
    folder = open_pairs(place)
    return identify_files(replace(folder, pairs=folder.of("train")[:count]))


def copy_bytes(count: int) -> Callable[[], object]:
    """Copies what `count` pairs become: bytes read once, float32 written once."""
    source = np.zeros((count, 2, SIDE, SIDE, 3), np.uint8)
    target = np.zeros(source.shape, np.float32)
    return lambda: np.copyto(target, source)


class Ways:
    """Each way to load, as a function that loads some pairs and returns how many."""

    def __init__(self, folder: PairFolder, config: Config) -> None:
        self._files = [folder.path / pair.file for pair in folder.pairs]
        self._drawn = random.Random(0)
        self._folder, self._config = folder, config
        self._task = task_of(folder, "a-to-b")
        self._position = 0
        self.dataset: PairDataset = self._load()

    def _load(self) -> PairDataset:
        return load_dataset(self._folder, self._task, self._config)

    def usual(self) -> int:
        """All files, as usual."""
        for path in self._files:
            load_usually(path, self._drawn)
        return len(self._files)

    def decoded(self) -> int:
        """All files, decoded and thrown away."""
        for path in self._files:
            decode(path)
        return len(self._files)

    def resized(self) -> int:
        """All files, decoded, resized and thrown away."""
        for path in self._files:
            decode_and_resize(path)
        return len(self._files)

    def first(self) -> int:
        """All files into the memory of p2p."""
        self.dataset = self._load()
        return len(self.dataset)

    def later(self, batch: int) -> int:
        """Batches out of the memory of p2p."""
        count = 512 // batch
        for _ in range(count):
            self.dataset.batch(range(self._position, self._position + batch), CPU)
            self._position += batch
        return count * batch

    def copied(self) -> int:
        """Bytes to float32, without anything else."""
        copy = copy_bytes(1)
        for _ in range(512):
            copy()
        return 512


def measure_in_turn(ways: dict[str, Callable[[], int]], runs: int) -> dict[str, list[float]]:
    """Processor milliseconds for each pair; in turn, so that a busy moment falls on all; the first turn is left out."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, way in ways.items():
            began = time.process_time()
            count = way()
            if turn:
                found[name].append((time.process_time() - began) / count * 1000)
    return found


def show(found: dict[str, list[float]], usual: str) -> None:
    """A line for each way, and what the ratios say."""
    base = statistics.median(found[usual])
    for name, values in found.items():
        middle = statistics.median(values)
        ratio = "" if name == usual else f", {base / middle:.1f} times the usual loader's pairs a second a core"
        print(f"{name:34}{measure.spread(values, 'ms', 3)}, {1000 / middle:.0f} pairs/s a core{ratio}")


def main(words: Sequence[str] | None = None) -> None:
    """Measure all ways in turn on one thread of torch."""
    parser = argparse.ArgumentParser(description="The cost of loading training pairs, in processor time.")
    parser.add_argument("--pairs", type=int, default=40, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="A folder with train/*.jpg, A left, B right.")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    print(measure.header(arguments.runs, "p2p-gan", "torch", "numpy", "Pillow", "opencv-python"))
    with tempfile.TemporaryDirectory() as name:
        place = arguments.data or Path(name) / "pairs"
        if arguments.data is None:
            write_pictures(place / "train", arguments.pairs)
        config = with_settings(Config(), {"size": SIDE, "jitter": JITTERED / SIDE})
        ways = Ways(open_folder(place, arguments.pairs), config)
        found = measure_in_turn(
            {
                "usual loader": ways.usual,
                "floor: decoding": ways.decoded,
                "floor: decoding and resizing": ways.resized,
                "p2p, first pass": ways.first,
                **{f"p2p, later, batch {batch}": partial(ways.later, batch) for batch in BATCHES},
                "floor: bytes to float32": ways.copied,
            },
            arguments.runs,
        )
    show(found, "usual loader")
    middle = {name: statistics.median(values) for name, values in found.items()}
    for floor in ("decoding", "decoding and resizing"):
        print(f"the first pass takes {middle['p2p, first pass'] / middle[f'floor: {floor}']:.2f} times {floor} alone")
    share = middle["p2p, later, batch 1"] / STEP_MS
    print(f"a batch of 1 takes {share:.1%} of an update of {STEP_MS} ms, if nothing else runs meanwhile")


if __name__ == "__main__":
    main()
