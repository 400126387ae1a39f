"""A ring of the latest updates' losses on the device, written without the host and read when somebody asks.

Nothing here may read a loss on its own, or know what the losses mean.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


class LossRing:
    """The losses of the latest `size` updates, a row (losses,) of float32 for each.

    The place of the next row is a tensor too, so that a CUDA graph that writes a row writes another one each time.
    """

    def __init__(self, names: Sequence[str], size: int, device: torch.device) -> None:
        self.size = size
        self._rows = torch.zeros(size, len(names), device=device)
        self._next = torch.zeros(1, dtype=torch.int64, device=device)

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """The tensors that writing changes."""
        return self._rows, self._next

    def write(self, losses: Tensor) -> None:
        """Write a row, without waiting for the device."""
        self._rows.index_copy_(0, self._next, losses[None])
        self._next.add_(1).remainder_(self.size)

    def read(self, count: int) -> list[list[float]]:
        """The rows of the latest `count` updates, at most `size`, oldest first; waits for the device."""
        assert count <= self.size, "older rows are overwritten"
        both = torch.cat((self._next.float(), self._rows.flatten())).tolist()  # one wait
        following, width = int(both[0]), self._rows.shape[1]
        rows = [both[1 + row * width :][:width] for row in range(self.size)]
        return (rows[following:] + rows[:following])[self.size - count :]
