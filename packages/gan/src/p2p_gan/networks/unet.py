"""The U-Net generator (Isola et al. 2017, appendix 6.1.1).

Nothing here may know what it is trained against.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.applying import Applying
from p2p_gan.networks.blocks import Down, Up
from p2p_gan.networks.contract import Generator, Step
from p2p_gan.networks.norms import Norm

DROPOUT_BLOCKS = 3  # the innermost decoder blocks have dropout


class UNet(Generator):
    """The generator (appendix 6.1.1): an encoder and a decoder of `depth` blocks with a skip between equal sizes.

    Both sides of the input must be multiples of 2^depth. Values in and out lie in -1..1. The bottleneck has no norm
    (errata, section 6.3: at batch 1 and 1x1 it would zero everything), nor has the first block.
    """

    def __init__(
        self, inputs: int, outputs: int, *, depth: int, filters: int, max_filters: int, norm: str, dropout: float
    ) -> None:
        super().__init__()
        self.unit = 2**depth
        widths = [min(filters * 2**level, max_filters) for level in range(depth)]
        self.down = nn.ModuleList(
            Down(
                widths[level - 1] if level else inputs,
                widths[level],
                first=level == 0,
                norm="none" if level in (0, depth - 1) else norm,
            )
            for level in range(depth)
        )
        self.up = nn.ModuleList(
            Up(
                widths[level] * (1 if level == depth - 1 else 2),
                widths[level - 1],
                norm=norm,
                dropout=dropout if depth - 1 - level < DROPOUT_BLOCKS else 0.0,
            )
            for level in range(depth - 1, 0, -1)
        )
        self.last = nn.ConvTranspose2d(widths[0] * (2 if depth > 1 else 1), outputs, kernel_size=4, stride=2, padding=1)

    def forward(self, x: Tensor, applying: Applying | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w); without `applying` as in training."""
        skips = []
        for down in self.down:
            x = down(x, applying)
            skips.append(x)
        x = skips.pop()
        for up in self.up:
            x = torch.cat((up(x, applying), skips.pop()), dim=1)
        return self._finish(x, applying)

    def steps(self) -> tuple[Step, ...]:
        """The forward pass as steps, outermost encoder block first."""
        depth = len(self.down)
        steps = [
            Step(down, down.conv.out_channels, (level,), down=2, normed=_is_normed(down))
            for level, down in enumerate(self.down)
        ]
        joined: tuple[int, ...] = (depth,)
        for number, up in enumerate(self.up):
            steps.append(Step(up, up.conv.out_channels, joined, up=2, dropout=up.dropout, normed=_is_normed(up)))
            joined = (len(steps), depth - 1 - number)
        return (*steps, Step(self._finish, self.last.out_channels, joined, up=2))

    def _finish(self, x: Tensor, applying: Applying | None) -> Tensor:
        return torch.tanh(self.last(F.relu(x)))


def _is_normed(block: nn.Module) -> bool:
    return isinstance(block.norm, Norm)
