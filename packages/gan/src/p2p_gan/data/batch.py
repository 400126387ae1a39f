"""What one update sees: pairs as tensors on the device.

Nothing here may say where they come from or what is done with them.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Pairs on the device: `a` in, `b` wanted, (n, channels, h, w), values in -1..1 and classes one-hot.

    `ignored` (n, 1, h, w) is left out of every loss. `classes` (n, h, w) int64 is the class of each pixel of the mask
    half, where there is one with a palette; -1 where it has none. `factor` multiplies the losses of a part of a batch,
    so that the mean over all parts is the loss of the whole.
    """

    a: Tensor
    b: Tensor
    ignored: Tensor | None = None
    classes: Tensor | None = None
    factor: float = 1.0
