"""A pair folder becomes batches: decoded once, then the same random crop and mirror for both halves of a pair.

Nothing here may know networks or losses, or keep a random state of its own: what a batch holds follows from the seed
and from how many images were seen before it.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import sha256_file
from p2p_datatools.contract.fit import Fit, fit_to
from p2p_datatools.contract.images import Photo, Size, photo_size
from p2p_datatools.contract.manifest import UNSPLIT, Half, Pair, PairFolder, open_pairs
from p2p_datatools.contract.pair import read_halves as stored_halves
from p2p_datatools.contract.pair import refuse_odd
from p2p_datatools.contract.palette import IGNORE_COLOR
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config import Config
from p2p_gan.step import Batch

_ORDER, _DRAW = 0, 1  # streams of random numbers that must not repeat each other


@dataclass(frozen=True)
class Task:
    """What is translated into what: the input half, the output half, and whether they swap places (b-to-a)."""

    input: Half
    output: Half
    swapped: bool

    def turn(self, a: Photo, b: Photo) -> tuple[Photo, Photo]:
        """(input, output) of the halves (a, b)."""
        return (b, a) if self.swapped else (a, b)


def task_of(folder: PairFolder, direction: str) -> Task:
    """Read a direction such as a-to-b or mask-to-photo; raises UsageError that lists those the folder has.

    Raises P2PError when a half is none that a network here takes: 8 bits, RGB or grey (which is read as RGB).
    """
    for half in (folder.a, folder.b):
        if half.dtype != "uint8" or half.channels not in (1, 3):
            raise P2PError(
                f"{folder.path}: its half {half.name} has {half.channels} x {half.dtype}; training takes 8-bit RGB or "
                "grey so far. Convert those pictures to 8 bits and pair again."
            )
    words = {"a-to-b": False, "b-to-a": True}
    words[f"{folder.a.name}-to-{folder.b.name}"] = False
    words.setdefault(f"{folder.b.name}-to-{folder.a.name}", True)
    if direction not in words:
        raise UsageError(f"direction={direction}: these pairs have no such direction; there are {', '.join(words)}.")
    swapped = words[direction]
    a, b = (replace(half, channels=3) for half in (folder.a, folder.b))
    return Task(b if swapped else a, a if swapped else b, swapped)


def open_for_training(path: Path) -> PairFolder:
    """Open a pair folder that has training pairs; raises P2PError when it was not split or has none."""
    folder = open_pairs(path)
    if not folder.of("train"):
        if folder.of(UNSPLIT):
            raise P2PError(f"{path}: is not split into train, val and test. Run 'p2p data split {path}' first.")
        raise P2PError(f"{path}: has no training pairs. Add pairs and run 'p2p data split {path}'.")
    return folder


def read_halves(folder: PairFolder, pair: Pair, task: Task) -> tuple[Photo, Photo]:
    """Read one pair as (input, output), uint8 RGB; raises P2PError when it is not the picture of the manifest."""
    a, b, digest = stored_halves(folder, pair)
    if pair.hash and digest != pair.hash:
        raise P2PError(
            f"{folder.path / pair.file}: is not the picture in the manifest (its hash differs). "
            "Pair again with 'p2p data pair'."
        )
    return task.turn(_as_rgb(a), _as_rgb(b))


def _as_rgb(half: NDArray[np.uint8]) -> Photo:
    return half if half.ndim == 3 else np.repeat(half[..., None], 3, axis=2)


@dataclass(frozen=True)
class PairStore:
    """Decoded pairs: `a` and `b` uint8 (n, height, width, 3) at the jittered size, from which crops are drawn."""

    a: NDArray[np.uint8]
    b: NDArray[np.uint8]
    crop: Size
    mirror: bool
    seed: int
    has_ignored: bool

    def __len__(self) -> int:
        return len(self.a)

    def batch(self, first: int, count: int, device: torch.device) -> Batch:
        """The `count` pairs after `first` images seen, with their crops and mirrors, on the device."""
        drawn = [self.draw(position) for position in range(first, first + count)]
        a = np.stack([half for half, _ in drawn])
        b = np.stack([half for _, half in drawn])
        ignored = None
        if self.has_ignored:
            where = (a == IGNORE_COLOR).all(axis=-1) | (b == IGNORE_COLOR).all(axis=-1)
            ignored = torch.from_numpy(where)[:, None].to(device)
        return Batch(to_tensor(a, device), to_tensor(b, device), ignored)

    def index(self, position: int) -> int:
        """Which of the training pairs is seen as number `position`."""
        epoch, place = divmod(position, len(self))
        return int(_order(self.seed, epoch, len(self))[place])

    def draw(self, position: int) -> tuple[Photo, Photo]:
        """The pair seen as number `position`: one random draw for both halves (section 3.3: jitter and mirror)."""
        index = self.index(position)
        random = np.random.default_rng([self.seed, _DRAW, position])
        top = int(random.integers(self.a.shape[1] - self.crop.height + 1))
        left = int(random.integers(self.a.shape[2] - self.crop.width + 1))
        step = -1 if self.mirror and random.random() < 0.5 else 1
        rows, columns = slice(top, top + self.crop.height), slice(left, left + self.crop.width)
        return self.a[index, rows, columns][:, ::step], self.b[index, rows, columns][:, ::step]


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, _ORDER, epoch]).permutation(count)


def load_store(folder: PairFolder, task: Task, config: Config, *, report: Reporter = QUIET) -> PairStore:
    """Decode the training pairs once, verify them, and fit them to the jittered size.

    Raises P2PError naming the first picture, in the order of the names, that is damaged or not of this manifest.
    """
    pairs = folder.of("train")
    size = Size(*(round(side * config.jitter) for side in config.size))
    a = np.empty((len(pairs), size.height, size.width, 3), dtype=np.uint8)
    b = np.empty_like(a)
    halves = load_fitted(folder, pairs, task, size, config.fit)
    for index, (input_half, output_half) in enumerate(report.track(halves, "reading pairs", len(pairs))):
        a[index], b[index] = input_half, output_half
    masked = folder.palette is not None and "mask" in (task.input.kind, task.output.kind)
    has_ignored = masked and bool(((a == IGNORE_COLOR).all(-1) | (b == IGNORE_COLOR).all(-1)).any())
    return PairStore(a, b, config.size, config.mirror, config.seed, has_ignored)


def load_fitted(
    folder: PairFolder, pairs: Sequence[Pair], task: Task, size: Size, fit: Fit
) -> Iterator[tuple[Photo, Photo]]:
    """The pairs as (input, output), fitted to `size`, decoded on all cores, in order."""

    def one(pair: Pair) -> tuple[Photo, Photo]:
        input_half, output_half = read_halves(folder, pair, task)
        return (
            fit_to(input_half, size, fit, exact=task.input.kind == "mask"),
            fit_to(output_half, size, fit, exact=task.output.kind == "mask"),
        )

    # Some at a time, so that the decoded pictures waiting to be taken stay few.
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(pairs), 8 * workers):
            yield from pool.map(one, pairs[first : first + 8 * workers])


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 (n, height, width, channels) to float32 (n, channels, height, width) in -1..1, channels last in memory."""
    moved = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return moved.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def to_pictures(values: Tensor) -> NDArray[np.uint8]:
    """(n, channels, height, width) in -1..1 to uint8 (n, height, width, channels)."""
    scaled = values.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())


def identified(folder: PairFolder, *, report: Reporter = QUIET) -> PairFolder:
    """The folder with every file identified, so that its data hash speaks of the pictures, and odd widths refused.

    A manifest has done that already; the files of a foreign folder are hashed, and their headers read.
    """
    if all(pair.hash for pair in folder.pairs):
        return folder

    def one(pair: Pair) -> Pair:
        path = folder.path / pair.file
        size = photo_size(path)
        refuse_odd(size.width, where=str(path))
        return replace(pair, size=Size(size.width // 2, size.height), sources={"sha256": sha256_file(path)})

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(report.track(pool.map(one, folder.pairs), "checking pairs", len(folder.pairs)))
    return replace(folder, pairs=tuple(found))
