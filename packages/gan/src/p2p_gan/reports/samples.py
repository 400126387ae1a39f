"""The sample grids of a run as a film: inputs and real outputs once, and the generated ones at several times.

Nothing here may write, or fail for a grid that is damaged; such grids are counted.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.images import Photo, read_photo
from p2p_gan.runs.runfolder import SAMPLES

MOST_FRAMES = 24  # of a film; a page with hundreds of grids would not open on a phone
_COLUMNS = 3  # of a grid: input, generated, real
_NAME = re.compile(r"\d{10}\.png")


@dataclass(frozen=True)
class Film:
    """The inputs and real outputs of some pairs, each a column of pictures, and the generated column by images seen.

    `count` are the grids in the folder, `damaged` those that could not be read. Without grids all is empty.
    """

    inputs: Photo | None = None
    reals: Photo | None = None
    frames: tuple[tuple[int, Photo], ...] = ()
    count: int = 0
    damaged: int = 0


def read_film(run: Path) -> Film:
    """Read the grids of a run, at most MOST_FRAMES of them, spread evenly with the first and the last."""
    paths = sorted(path for path in (run / SAMPLES).glob("*.png") if _NAME.fullmatch(path.name))
    if not paths:
        return Film()
    frames, damaged, ends = list[tuple[int, Photo]](), 0, None
    for place in np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_FRAMES)).round().astype(int)):
        path = paths[place]
        try:
            grid = read_photo(path)
        except P2PError:
            damaged += 1
            continue
        width = grid.shape[1] // _COLUMNS
        first, generated, last = (grid[:, width * column : width * (column + 1)] for column in range(_COLUMNS))
        if ends is not None and first.shape != ends[0].shape:
            damaged += 1  # of other pictures than the rest
            continue
        ends = first, last
        frames.append((int(path.stem), generated))
    inputs, reals = ends or (None, None)
    return Film(inputs, reals, tuple(frames), len(paths), damaged)
