"""How a pass outside training differs from one in it, as one value that every block is given.

Nothing here may compute; what a block does with it is the block's.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

Statistics = Literal["picture", "running"]


class Part(Protocol):
    """Knows of the whole picture what a pass over a strip of it cannot see."""

    def statistics(self, norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (channels,) by which `norm` normalises its input `x` (n, channels, h, w)."""
        ...

    def kept(self, x: Tensor) -> Tensor:
        """Which values of `x` dropout leaves, as booleans of its shape."""
        ...


@dataclass(frozen=True)
class Applying:
    """How a pass outside training differs from one in it.

    `picture` normalises each picture by its own statistics, so that its neighbours in the batch cannot change it;
    `running` takes those gathered in training. `valid` is the share (height, width) of the input that is picture and
    not padding: statistics are taken there alone. `noise` draws the dropout, one generator a picture, on the CPU so
    that it is the same on every device; None turns dropout off. `part` says that the pass sees a strip of the picture
    only: statistics and dropout are then asked of it, since both belong to the whole.
    """

    statistics: Statistics = "picture"
    valid: tuple[float, float] = (1.0, 1.0)
    noise: tuple[torch.Generator, ...] | None = None
    part: Part | None = None
