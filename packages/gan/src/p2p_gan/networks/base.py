"""The base classes of generator and discriminator, their output types, and the options of a pass outside training.

Nothing here may contain a layer; each block decides itself what it does with the options.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from p2p_gan.networks.architecture import Statistics
from p2p_gan.networks.noise import NO_NOISE, NoiseChannels


class PassPart(Protocol):
    """Values of the whole picture that a pass over a strip of it needs."""

    def statistics(self, norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (channels,) by which `norm` normalises its input `x` (n, channels, h, w)."""
        ...

    def dropout_mask(self, x: Tensor) -> Tensor:
        """The values of `x` that dropout keeps, as booleans of its shape."""
        ...


@dataclass(frozen=True)
class InferencePass:
    """The options of a pass outside training.

    `picture` normalises each picture by its own statistics, so that the rest of the batch cannot change it; `running`
    uses the running statistics of training. `valid` is the share (height, width) of the input that is picture and not
    padding; statistics are computed there alone. `noise` are random generators for dropout and noise, one for each
    picture, on the CPU so that they give the same on every device; None switches dropout off. `part` is set if the
    input is a strip of a picture: it provides statistics and dropout, since both belong to the whole picture.
    """

    statistics: Statistics = "picture"
    valid: tuple[float, float] = (1.0, 1.0)
    noise: tuple[torch.Generator, ...] | None = None
    part: PassPart | None = None


class PhotoFeatures(NamedTuple):
    """A pretrained network's features of b, (n, channels, h', w') for each stage, for the projected heads.

    The heads judge them given `condition`: class indices (n, h, w) int64, -1 where there is none, or the values of a
    (n, channels, h, w); None if a discriminator is not conditional.
    """

    stages: tuple[Tensor, ...]
    condition: Tensor | None


class Judgement(NamedTuple):
    """A discriminator's output: `logits` (n, 1, h', w') for each scale, `features`, and `labels` on request.

    A logit above 0 means that the patch is classified as real; features are (n, channels, h'', w''), outermost first,
    those of the full scale before those of the halved ones. `labels` (n, classes, h, w) are the class logits for b of a
    segmentation head, or of a discriminator that segments, which has one class more, the last: fake. `projected` are
    the logits of the projected heads, one for each, if they were given features.
    """

    logits: tuple[Tensor, ...]
    features: tuple[Tensor, ...]
    labels: Tensor | None = None
    projected: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Step:
    """One block of a generator, described so that a part of its output can be computed from a part of its input.

    Value 0 is the generator's input and value i the output of step i - 1. `run` gets the values `sources`, concatenated
    along the channels; the value `added` (a residual) is added to its result. The output has `up` / `down` times as
    many rows as the input, and each depends on at most `halo` input rows beyond those that it covers. The step has at
    most one `norm`, after the convolution, and then dropout with the probability `dropout`.
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

    `noise` are the random channels that are added to the input. `head` is tanh, for values in -1..1, or logits, for any
    values.
    """

    unit: int

    def __init__(self, *, noise: NoiseChannels = NO_NOISE, head: str = "tanh") -> None:
        super().__init__()
        self.noise, self.head = noise, head

    def forward(self, x: Tensor, applying: InferencePass | None = None, noise: Tensor | None = None) -> Tensor:
        """The output, as in training if `applying` is None. `noise` (n, channels, 1 or h, 1 or w) is drawn if None."""
        if self.noise.count:
            drawn = self.draw_noise(x, applying) if noise is None else noise.to(x)
            x = torch.cat((x, drawn.expand(-1, -1, *x.shape[2:])), dim=1)
        return self.finish(self.translate(x, applying))

    def finish(self, output: Tensor) -> Tensor:
        """Apply the head to each value."""
        return torch.tanh(output) if self.head == "tanh" else output

    def draw_noise(self, x: Tensor, applying: InferencePass | None = None) -> Tensor:
        """The noise for `x` (n, inputs, h, w): (n, channels, 1, 1), or (n, channels, h, w) where some is of pixels.

        In training it comes from torch's own random state, else from `applying.noise`. If that is None it is 0, the
        mean of all draws.
        """
        if applying is None:
            return self.noise.draw(x)
        draws = self.noise.draw_apart(applying.noise or (None,) * len(x))
        return torch.cat([each.rows(range(x.shape[2]), x.shape[3]) for each in draws]).to(x)

    def translate(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs + noise, h, w) to (n, outputs, h, w), before the head."""
        raise NotImplementedError

    def steps(self) -> tuple[Step, ...]:
        """The computation of `translate` as steps, for pictures that are too large to be computed at once."""
        raise NotImplementedError

    def __call__(self, x: Tensor, applying: InferencePass | None = None, noise: Tensor | None = None) -> Tensor:
        """The same as `forward`, with its types."""
        output: Tensor = super().__call__(x, applying, noise)
        return output


class Discriminator(nn.Module):
    """Classifies pairs (a, b) as real or fake; a and b are (n, channels, h, w) with values in -1..1."""

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """Logits and features, and with `labels` the class logits of a segmentation head; see Judgement."""
        raise NotImplementedError

    def segment(self, b: Tensor) -> Tensor:
        """The class logits (n, classes, h, w) of b alone, of a discriminator with a segmentation head."""
        raise NotImplementedError

    def __call__(self, a: Tensor, b: Tensor, labels: bool = False, **more: PhotoFeatures) -> Judgement:
        """The same as `forward`, with its types."""
        judgement: Judgement = super().__call__(a, b, labels, **more)
        return judgement
