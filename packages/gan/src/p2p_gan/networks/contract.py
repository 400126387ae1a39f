"""What training and applying may ask of any generator and any discriminator.

Nothing here may compute; it is the socket into which every network of this folder fits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from p2p_gan.networks.applying import Applying


class Judgement(NamedTuple):
    """What a discriminator says of pairs: `logits` (n, 1, h', w') for each scale, and the `features` it saw on the way.

    A logit above 0 means that its patch passes for real; features are (n, channels, h'', w''), outermost first.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...]


@dataclass(frozen=True)
class Step:
    """One block of a generator, told so that a part of its output can be computed from a part of its input.

    Value 0 is the generator's input and value i what step i - 1 gives. `run` takes the `sources`, joined along the
    channels; the value `added` (a residual) is added to what it gives. Its rows are `up` / `down` times those of its
    input, and each needs no more than `halo` rows of the input beside those that it covers. At most one norm, after
    the convolution; then, with the probability `dropout`, values are dropped.
    """

    run: Callable[[Tensor, Applying | None], Tensor]
    channels: int
    sources: tuple[int, ...]
    up: int = 1
    down: int = 1
    halo: int = 1
    dropout: float = 0.0
    normed: bool = False
    added: int | None = None


class Generator(nn.Module):
    """Translates (n, inputs, h, w) into (n, outputs, h, w); both sides must be multiples of `unit`."""

    unit: int

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """The output in -1..1; without `applying` as in training."""
        raise NotImplementedError

    def steps(self) -> tuple[Step, ...]:
        """The same computation as steps, for pictures that do not fit into memory as one."""
        raise NotImplementedError

    def __call__(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """As `forward`, with its types."""
        output: Tensor = super().__call__(x, applying)
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
