"""The pixels of a data set on a GPU, where the crops of a whole batch are gathered and mirrored by a few kernels.

Nothing here may draw at random, change a value, or know codings and networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from p2p_gan.data.buffer import Pixels
from p2p_gan.data.coding import send_pixels
from p2p_gan.data.order import Draw

_SHARE = 0.25  # of the free memory of a GPU: networks and their batches need the rest


@dataclass(frozen=True)
class ResidentPixels:
    """The pictures of one half on a device, (pixels of all pictures, channels)."""

    values: Tensor

    def gather(self, places: Tensor) -> Tensor:
        """The pixels at these places (n, height, width): (n, height, width, channels)."""
        return self.values.index_select(0, places.view(-1)).view(*places.shape, -1)


def move_to(halves: Sequence[Pixels], device: torch.device) -> list[ResidentPixels]:
    """The pixels of halves on the device; raises torch.OutOfMemoryError where they do not fit."""
    resident = []
    for half in halves:
        assert isinstance(half.store, np.ndarray), "only pixels in memory are moved"
        resident.append(ResidentPixels(torch.from_numpy(half.store).view(-1, half.channels).to(device)))
    return resident


def is_movable(halves: Sequence[Pixels], device: torch.device) -> bool:
    """Whether the halves are bytes in memory that take no more than a quarter of the free memory of a GPU."""
    if device.type != "cuda" or not all(
        isinstance(half.store, np.ndarray) and half.dtype == np.uint8 for half in halves
    ):
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(half.store.nbytes for half in halves if isinstance(half.store, np.ndarray)) <= _SHARE * free


def place_crops(pixels: Pixels, draws: Sequence[Draw], seen: tuple[int, int], device: torch.device) -> Tensor:
    """The place of each pixel of the crops (n, height, width), int64, as `ResidentPixels.gather` takes it.

    It is the same for all halves of the same sizes. What is sent to the device is three numbers for each draw.
    """
    height, width = seen
    table = np.empty((3, len(draws), 1, 1), np.int64)
    for number, draw in enumerate(draws):
        row = int(pixels.sizes[draw.pair][1])
        first = int(pixels.starts[draw.pair]) // pixels.channels + draw.top * row + draw.left
        table[:, number, 0, 0] = (first + width - 1, row, -1) if draw.mirrored else (first, row, 1)
    first_pixel, step_down, step_right = send_pixels(table, device)
    rows = torch.arange(height, device=device)[:, None]
    columns = torch.arange(width, device=device)
    places: Tensor = first_pixel + step_down * rows + step_right * columns
    return places
