"""A run's record as TensorBoard event files too, where the config asks for them: scalars, sample grids, histograms.

Nothing here may be the only place where something is recorded: stats.jsonl is the record, and this a picture of it.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.images import Photo

EVENTS = "tensorboard"


_UNITS = {"images"}  # of the record's figures, what is the step and no scalar


class Board:
    """A board on which nothing is written."""

    def scalars(self, line: dict[str, Any]) -> None:
        """The numbers of a line of the record, at its number of images."""

    def grid(self, picture: Photo, images: int) -> None:
        """A sample grid, uint8 (height, width, 3)."""

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """The discriminator's logits of real and of generated pairs."""

    def close(self) -> None:
        """Everything is written."""


class EventBoard(Board):
    """A board that TensorBoard shows; what an interrupted call wrote beyond its last checkpoint is hidden there."""

    def __init__(self, folder: Path, images: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder), purge_step=images + 1 if images else None)

    def scalars(self, line: dict[str, Any]) -> None:
        """One curve for each figure; those of a validation are grouped."""
        flat = {name: value for name, value in line.items() if name not in _UNITS}
        flat |= {f"validation/{name}": value for name, value in flat.pop("validation", {}).items()}
        for name, value in flat.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._writer.add_scalar(name, value, line["images"])
        self._writer.flush()

    def grid(self, picture: Photo, images: int) -> None:
        """Under `samples`."""
        self._writer.add_image("samples", picture, images, dataformats="HWC")

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """Two histograms."""
        for name, values in zip(("real", "generated"), scores, strict=True):
            self._writer.add_histogram(f"discriminator/{name}", values, images)

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


def require_tensorboard() -> None:
    """Raise UsageError where the package is missing."""
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "tensorboard=True",
            "the package is not installed",
            "Run 'pip install \"tensorboard>=2.16\"', or leave it off.",
            code="missing-package",
        )


def open_board(run: Path, images: int, *, wanted: bool) -> Board:
    """The board of a run that has seen so many images."""
    return EventBoard(run / EVENTS, images) if wanted else Board()
