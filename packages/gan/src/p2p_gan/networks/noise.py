"""The noise that a generator takes beside its input: in training, and for one picture or some rows of it.

Nothing here may know a network; `pixel_noise` makes the numbers of pixels outside training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from p2p_gan.networks.pixel_noise import DEVIATIONS, KEYS, pixel_noise


@dataclass(frozen=True)
class NoiseDraw:
    """The noise of one picture: `whole` (1, channels, 1, 1), and the key of the channels of `pixels`, None for 0."""

    whole: Tensor
    pixels: int
    key: int | None

    def rows(self, rows: range, width: int) -> Tensor:
        """That of some rows, (1, channels, rows, width), or (1, channels, 1, 1) where none is of pixels."""
        if not self.pixels:
            return self.whole
        size = len(rows), width
        drawn = None if self.key is None else torch.from_numpy(pixel_noise(self.key, self.pixels, rows, width))
        pixels = torch.zeros(self.pixels, *size) if drawn is None else drawn
        return torch.cat((self.whole.expand(-1, -1, *size), pixels[None]), dim=1)


@dataclass(frozen=True)
class NoiseChannels:
    """The random channels that a generator's input has beside its own.

    `whole` are one draw of N(0, 1) each, the same at every pixel, so that a draw means the same at any size. `pixels`
    have a draw for each pixel, uniform with mean 0 and variance 1.
    """

    whole: int = 0
    pixels: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.whole + self.pixels

    def draw(self, x: Tensor) -> Tensor:
        """For the input `x` (n, inputs, h, w) in training, from torch's own random state."""
        whole = torch.randn(len(x), self.whole, 1, 1, device=x.device, dtype=x.dtype)
        if not self.pixels:
            return whole
        size = x.shape[2:]
        pixels = torch.rand(len(x), self.pixels, *size, device=x.device, dtype=x.dtype)
        return torch.cat((whole.expand(-1, -1, *size), (pixels - 0.5) * DEVIATIONS), dim=1)

    def draw_apart(self, sources: Sequence[torch.Generator | None]) -> list[NoiseDraw]:
        """For pictures with a random source each; None gives 0 in place of numbers."""
        return [self._draw_from(source) for source in sources]

    def _draw_from(self, source: torch.Generator | None) -> NoiseDraw:
        if source is None:
            return NoiseDraw(torch.zeros(1, self.whole, 1, 1), self.pixels, None)
        whole = torch.randn((1, self.whole, 1, 1), generator=source)
        key = int(torch.randint(KEYS, (1,), generator=source)) if self.pixels else None
        return NoiseDraw(whole, self.pixels, key)


NO_NOISE = NoiseChannels()
