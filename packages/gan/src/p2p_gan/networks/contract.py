"""What training and applying may ask of any generator and any discriminator.

Nothing here may compute; it is the socket into which every network of this folder fits.
"""

from typing import NamedTuple

from torch import Tensor, nn

from p2p_gan.networks.applying import Applying


class Judgement(NamedTuple):
    """What a discriminator says of pairs: `logits` (n, 1, h', w') for each scale, and the `features` it saw on the way.

    A logit above 0 means that its patch passes for real; features are (n, channels, h'', w''), outermost first.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...]


class Generator(nn.Module):
    """Translates (n, inputs, h, w) into (n, outputs, h, w); both sides must be multiples of `unit`."""

    unit: int

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """The output in -1..1; without `applying` as in training."""
        raise NotImplementedError

    def __call__(self, x: Tensor, applying: Applying | None = None, noise: Tensor | None = None) -> Tensor:
        """As `forward`, with its types."""
        output: Tensor = super().__call__(x, applying) if noise is None else super().__call__(x, applying, noise)
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
