"""How a pass outside training differs from one in it, as one value that every block is given.

Nothing here may compute; what a block does with it is the block's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

Statistics = Literal["picture", "running"]


class PassPart(Protocol):
    """Knows of the whole picture what a pass over a strip of it cannot see."""

    def statistics(self, norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (channels,) by which `norm` normalises its input `x` (n, channels, h, w)."""
        ...

    def dropout_mask(self, x: Tensor) -> Tensor:
        """Which values of `x` dropout leaves, as booleans of its shape."""
        ...


@dataclass(frozen=True)
class InferencePass:
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
    part: PassPart | None = None


class Judgement(NamedTuple):
    """What a discriminator says of pairs: `logits` (n, 1, h', w') for each scale, `features`, and `labels` if asked.

    A logit above 0 means that its patch passes for real; features are (n, channels, h'', w''), outermost first, those
    of the full scale before those of the halved ones. `labels` (n, classes, h, w) are the logits of the mask's classes
    that a discriminator of labels sees in b.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...]
    labels: Tensor | None = None


@dataclass(frozen=True)
class Step:
    """One block of a generator, told so that a part of its output can be computed from a part of its input.

    Value 0 is the generator's input and value i what step i - 1 gives. `run` takes the `sources`, joined along the
    channels; the value `added` (a residual) is added to what it gives. Its rows are `up` / `down` times those of its
    input, and each needs no more than `halo` rows of the input beside those that it covers. At most one `norm`, after
    the convolution; then, with the probability `dropout`, values are dropped.
    """

    run: Callable[[Tensor, InferencePass | None], Tensor]
    channels: int
    sources: tuple[int, ...]
    up: int = 1
    down: int = 1
    halo: int = 1
    dropout: float = 0.0
    norm: str = "none"
    added: int | None = None


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

    def forward(self, x: Tensor, applying: InferencePass | None = None, noise: Tensor | None = None) -> Tensor:
        """The output; without `applying` as in training. `noise` (n, noise, 1, 1) or at x's sides, else it is drawn."""
        if self.noise:
            drawn = self.draw_noise(x, applying) if noise is None else noise.to(x)
            x = torch.cat((x, drawn.expand(-1, -1, *x.shape[2:])), dim=1)
        return self.finish(self.translate(x, applying))

    def finish(self, output: Tensor) -> Tensor:
        """The head, value by value."""
        return torch.tanh(output) if self.head == "tanh" else output

    def draw_noise(self, x: Tensor, applying: InferencePass | None = None) -> Tensor:
        """The random input (n, noise, 1, 1) for `x`: by torch's own random state in training, else as `applying` says.

        Where `applying` draws nothing it is 0, the middle of all draws.
        """
        shape = (self.noise, 1, 1)
        if applying is None:
            return torch.randn(len(x), *shape, device=x.device, dtype=x.dtype)
        if applying.noise is None:
            return x.new_zeros(len(x), *shape)
        return torch.stack([torch.randn(shape, generator=source) for source in applying.noise]).to(x)

    def translate(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs + noise, h, w) to (n, outputs, h, w), before the head."""
        raise NotImplementedError

    def steps(self) -> tuple[Step, ...]:
        """What `translate` computes, as steps, for pictures that do not fit into memory as one."""
        raise NotImplementedError

    def __call__(self, x: Tensor, applying: InferencePass | None = None, noise: Tensor | None = None) -> Tensor:
        """As `forward`, with its types."""
        output: Tensor = super().__call__(x, applying, noise)
        return output


class Discriminator(nn.Module):
    """Judges pairs (a, b), (n, channels, h, w) each, in -1..1."""

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """Logits and features, and labels where it is asked for them and sees them; see Judgement."""
        raise NotImplementedError

    def __call__(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """As `forward`, with its types."""
        judgement: Judgement = super().__call__(a, b, labels)
        return judgement
