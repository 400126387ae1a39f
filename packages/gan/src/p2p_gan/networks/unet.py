"""The U-Net generator and, without its skips, the encoder-decoder (Isola et al. 2017, sections 3.2.1, 4.3 and 6.1.1).

Nothing here may know losses or discriminators.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.base import Generator, InferencePass, Step
from p2p_gan.networks.blocks import Down, Style, Up, upsampling_layer
from p2p_gan.networks.noise import NO_NOISE, NoiseChannels


@dataclass(frozen=True)
class Levels:
    """The levels of an encoder and a decoder: `widths` are the channels of the encoder's blocks, outermost first.

    `dropouts` are the dropout probabilities of the decoder's blocks, innermost first, one fewer; without any, no block
    has dropout. Without `skips` no block of the decoder sees the output of the encoder's of the same size.
    """

    widths: tuple[int, ...]
    dropouts: tuple[float, ...] = ()
    skips: bool = True


class UNet(Generator):
    """An encoder and a decoder with one block for each of the `levels`, and skips between equal sizes.

    Both sides of the input must be multiples of 2^depth, where depth is the number of levels. The bottleneck and the
    first block have no norm (errata, section 6.3: at batch 1 a norm of 1x1 values would set all of them to zero). With
    `classes`, the first so many channels of the input are a one-hot mask, and each norm of the decoder has a scale and
    a shift for each class.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        levels: Levels,
        *,
        style: Style,
        noise: NoiseChannels = NO_NOISE,
        head: str = "tanh",
        classes: int = 0,
    ) -> None:
        super().__init__(noise=noise, head=head)
        self.classes = classes
        widths, depth, joined = levels.widths, len(levels.widths), 2 if levels.skips else 1
        dropouts = levels.dropouts or (0.0,) * (depth - 1)
        self.unit, self.skips = 2**depth, levels.skips
        self._widths, self._outputs, self._norm, self._dropouts = widths, outputs, style.norm, dropouts
        self.down = nn.ModuleList(
            Down(
                widths[level - 1] if level else inputs + noise.count,
                widths[level],
                first=level == 0,
                norm="none" if level in (0, depth - 1) else style.norm,
                bias=style.biases,
            )
            for level in range(depth)
        )
        self.up = nn.ModuleList(
            Up(
                widths[level] * (1 if level == depth - 1 else joined),
                widths[level - 1],
                style=style.at(level),
                dropout=dropouts[depth - 1 - level],
                classes=classes,
            )
            for level in range(depth - 1, 0, -1)
        )
        self.last = upsampling_layer(widths[0] * (joined if depth > 1 else 1), outputs, 4, style=style.at(0), bias=True)

    def translate(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs + noise, h, w) to (n, outputs, h, w), before the head."""
        encoded, shares = [], self._shares(x)
        for down in self.down:
            x = down(x, applying)
            encoded.append(x)
        x = encoded.pop()
        for up in self.up:
            x, same_size = up(x, applying, shares.pop() if shares else None), encoded.pop()
            if self.skips:
                x = torch.cat((x, same_size), dim=1)
        return self._outermost(x, applying)

    def _shares(self, x: Tensor) -> list[Tensor]:
        """The shares of the classes (n, classes, h', w') at each size of the decoder's blocks, outermost first."""
        found: list[Tensor] = []
        for _ in self.up if self.classes else ():
            found.append(self._halve_mask(found[-1] if found else x, None))
        return found

    def _halve_mask(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        return F.avg_pool2d(x[:, : self.classes], 2)

    def _outermost(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        output: Tensor = self.last(F.relu(x))
        return output

    def steps(self) -> tuple[Step, ...]:
        """The encoder's blocks as steps, outermost first, then the decoder's, which are two steps each with classes."""
        depth = len(self._widths)
        steps = [
            Step(down, width, (level,), down=2, norm="none" if level in (0, depth - 1) else self._norm)
            for level, (down, width) in enumerate(zip(self.down, self._widths, strict=True))
        ]
        # The values that are the mask at the size of each of the decoder's blocks, outermost first.
        masks: list[int] = []
        for _ in self.up if self.classes else ():
            steps.append(Step(self._halve_mask, self.classes, (masks[-1] if masks else 0,), down=2, halo=0))
            masks.append(len(steps))
        joined: tuple[int, ...] = (depth,)
        for level, (up, dropout) in enumerate(zip(self.up, self._dropouts, strict=True), 1):
            assert isinstance(up, Up)
            same_size = depth - level  # the encoder's value of the same size as this block's output
            width = self._widths[same_size - 1]
            if masks:
                steps.append(Step(up.upsample, width, joined, up=2, norm=self._norm))
                steps.append(Step(_adapt(up, width), width, (len(steps), masks.pop()), halo=0, dropout=dropout))
            else:
                steps.append(Step(up, width, joined, up=2, dropout=dropout, norm=self._norm))
            joined = (len(steps), same_size) if self.skips else (len(steps),)
        return (*steps, Step(self._outermost, self._outputs, joined, up=2))


def _adapt(up: Up, channels: int) -> Callable[[Tensor, InferencePass | None], Tensor]:
    """The second part of a block, of the first one's output and the classes' shares, concatenated."""
    return lambda x, applying: up.drop(up.adapt(x[:, :channels], x[:, channels:]), applying)
