"""How a pass outside training differs from one in it, as one value that every block is given.

Nothing here may compute; what a block does with it is the block's.
"""

from dataclasses import dataclass
from typing import Literal

import torch

Statistics = Literal["picture", "running"]


@dataclass(frozen=True)
class Applying:
    """How a pass outside training differs from one in it.

    `picture` normalises each picture by its own statistics, so that its neighbours in the batch cannot change it;
    `running` takes those gathered in training. `valid` is the share (height, width) of the input that is picture and
    not padding: statistics are taken there alone. `noise` draws the dropout, one generator a picture, on the CPU so
    that it is the same on every device; None turns dropout off.
    """

    statistics: Statistics = "picture"
    valid: tuple[float, float] = (1.0, 1.0)
    noise: tuple[torch.Generator, ...] | None = None
