"""How much of the detail where masks have nothing is the same in all pictures of a run, as lines at fixed places are.

Nothing here may train, or write a file.

Usage: python -m benchmarks.quality.same_detail RUN [RUN ...], with folders below DEST/DATA/runs of `benchmarks.quality`

The detail of a picture is the picture less its blur of 3 pixels, and its energy the mean square. What two halves of the
pictures have in common in the mean, drawn ten times, is the same in all; it is given as a share of the energy.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from p2p_datatools.contract.pictures.images import read_photo

_Floats = NDArray[np.float64]
_SIGMA, _DRAWS, _FEWEST = 3.0, 10, 5
_BLACK = 0.1  # of the brightest channel: pixels of the background, in the palettes of these data sets


class Detail(NamedTuple):
    """The share of the detail that all pictures have, and the energy of the detail, of colours from 0 to 1."""

    same: float
    energy: float


def measure_detail(pictures: _Floats, background: NDArray[np.bool_]) -> Detail:
    """The detail of pictures (n, height, width, 3) within their background (n, height, width)."""
    inside = background[..., None].astype(np.float64)
    detail = (pictures - gaussian_filter(pictures, (0, _SIGMA, _SIGMA, 0))) * inside
    energy = float((detail**2).sum() / inside.sum() / 3)
    order, rng, found = np.arange(len(pictures)), np.random.default_rng(0), []
    for _ in range(_DRAWS):
        rng.shuffle(order)
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        counts = [inside[half].sum(axis=0) for half in halves]
        means = [detail[half].sum(axis=0) / np.maximum(count, 1) for half, count in zip(halves, counts, strict=True)]
        enough = (np.minimum(*counts) > _FEWEST)[..., 0]
        found.append(float((means[0] * means[1])[enough].mean()))
    return Detail(float(np.mean(found)) / energy, energy)


def main() -> None:
    """Print a line for each run, and what its real pictures have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    for run in parser.parse_args().runs:
        sheets = np.stack([read_photo(file) for file in sorted((run / "scores").glob("*.png"))]) / 255
        masks, fakes, reals = np.split(sheets, 3, axis=2)
        background = masks.max(axis=3) < _BLACK
        told = [measure_detail(pictures, background) for pictures in (fakes, reals)]
        shown = "; ".join(
            f"{name} {each.same:.3f} of {each.energy:.5f}" for name, each in zip(("made", "real"), told, strict=True)
        )
        print(f"{run.name}: {shown}")


if __name__ == "__main__":
    main()
