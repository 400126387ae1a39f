"""Writes a run's record as TensorBoard event files if the config asks for it: scalars, sample grids, histograms.

Nothing here may be the only place where something is recorded: stats.jsonl is the record.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.packages import require_packages
from p2p_datatools.contract.pictures.images import Photo

EVENTS = "tensorboard"
_UNITS = {"images"}  # of the record's figures; it is the step and not a scalar


class Board:
    """A board that writes nothing."""

    def scalars(self, line: dict[str, Any]) -> None:
        """Write the numbers of a line of the record, at its number of images."""

    def grid(self, picture: Photo, images: int) -> None:
        """Write a sample grid, uint8 (height, width, 3)."""

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """Write the discriminator's logits for real and for generated pairs."""

    def close(self) -> None:
        """Nothing more will be written."""


class EventBoard(Board):
    """A board that writes event files; TensorBoard hides what an interrupted call wrote after its last checkpoint."""

    def __init__(self, folder: Path, images: int) -> None:
        # Unless it finds this module, tensorboard loads an installed TensorFlow, which takes seconds, to open a file.
        sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder), purge_step=images + 1)

    def scalars(self, line: dict[str, Any]) -> None:
        """Write one curve for each figure; those of a validation are grouped."""
        for name, value in scalars_of(line).items():
            self._writer.add_scalar(name, value, line["images"])
        self._writer.flush()

    def grid(self, picture: Photo, images: int) -> None:
        """Write the grid under `samples`."""
        self._writer.add_image("samples", picture, images, dataformats="HWC")

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """Write two histograms."""
        for name, values in zip(("real", "generated"), scores, strict=True):
            self._writer.add_histogram(f"discriminator/{name}", values, images)

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


class Boards(Board):
    """Several boards, each of which gets all."""

    def __init__(self, boards: Sequence[Board]) -> None:
        self._boards = boards

    def scalars(self, line: dict[str, Any]) -> None:
        """Write the numbers of a line of the record to all."""
        for each in self._boards:
            each.scalars(line)

    def grid(self, picture: Photo, images: int) -> None:
        """Write a sample grid to all."""
        for each in self._boards:
            each.grid(picture, images)

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """Write the discriminator's logits to all."""
        for each in self._boards:
            each.scores(scores, images)

    def close(self) -> None:
        """Close all."""
        for each in self._boards:
            each.close()


def scalars_of(line: dict[str, Any]) -> dict[str, float]:
    """The numbers of a line of the record by name, without the images; those of a validation are grouped."""
    flat = {name: value for name, value in line.items() if name not in _UNITS}
    flat |= {f"validation/{name}": value for name, value in flat.pop("validation", {}).items()}
    return {
        name: value for name, value in flat.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }


def require_tensorboard() -> None:
    """Raise UsageError if the package tensorboard is missing."""
    require_packages("tensorboard=on", "tensorboard>=2.16.2", instead="set tensorboard=off", error=UsageError)
