"""What training and applying may ask of any generator and any discriminator.

Nothing here may know an architecture; it is the socket into which every network of this folder fits.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from p2p_gan.networks.applying import Applying


class Judgement(NamedTuple):
    """What a discriminator says of pairs: `logits` (n, 1, h', w') for each scale, and the `features` it saw on the way.

    A logit above 0 means that its patch passes for real; features are (n, channels, h'', w''), outermost first, those
    of the full scale before those of the halved ones.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...]


class Generator(nn.Module):
    """Translates (n, inputs, h, w) into (n, outputs, h, w); both sides must be multiples of `unit`.

    `noise` is the number of random values that it takes beside a picture: one draw of N(0, 1) for each, the same at
    every pixel, as further channels, so that a draw means the same at any size. `head` is tanh, which gives values in
    -1..1, or logits, which gives any.
    """

    unit: int

    def __init__(self, *, noise: int = 0, head: str = "tanh") -> None:
        super().__init__()
        self.noise, self.head = noise, head

    def forward(self, x: Tensor, applying: Applying | None = None, noise: Tensor | None = None) -> Tensor:
        """The output; without `applying` as in training. `noise` (n, noise, 1, 1) or at x's sides, else it is drawn."""
        if self.noise:
            drawn = self.draw_noise(x, applying) if noise is None else noise.to(x)
            x = torch.cat((x, drawn.expand(-1, -1, *x.shape[2:])), dim=1)
        output = self.translate(x, applying)
        return torch.tanh(output) if self.head == "tanh" else output

    def draw_noise(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """The random input (n, noise, 1, 1) for `x`: by torch's own random state in training, else as `applying` says.

        Where `applying` draws nothing it is 0, the middle of all draws.
        """
        shape = (self.noise, 1, 1)
        if applying is None:
            return torch.randn(len(x), *shape, device=x.device, dtype=x.dtype)
        if applying.noise is None:
            return x.new_zeros(len(x), *shape)
        return torch.stack([torch.randn(shape, generator=source) for source in applying.noise]).to(x)

    def translate(self, x: Tensor, applying: Applying | None) -> Tensor:
        """(n, inputs + noise, h, w) to (n, outputs, h, w), before the head."""
        raise NotImplementedError

    def __call__(self, x: Tensor, applying: Applying | None = None, noise: Tensor | None = None) -> Tensor:
        """As `forward`, with its types."""
        output: Tensor = super().__call__(x, applying, noise)
        return output


class Discriminator(nn.Module):
    """Judges pairs (a, b), (n, channels, h, w) each, in -1..1."""

    def forward(self, a: Tensor, b: Tensor) -> Judgement:
        """Logits and features; see Judgement."""
        raise NotImplementedError

    def __call__(self, a: Tensor, b: Tensor) -> Judgement:
        """As `forward`, with its types."""
        judgement: Judgement = super().__call__(a, b)
        return judgement
