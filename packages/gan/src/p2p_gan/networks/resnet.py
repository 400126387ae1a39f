"""The ResNet generator (Johnson et al. 2016, as Zhu et al. 2017 use it: appendix 7.2, c7s1-64, d128, d256, R256 x N).

Nothing here may know losses or discriminators.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.base import Generator, InferencePass, Step
from p2p_gan.networks.blocks import ReflectConv, Residual, Style, upsampling_layer
from p2p_gan.networks.noise import NO_NOISE, NoiseChannels
from p2p_gan.networks.norms import norm_layer


class ConvNormReLU(nn.Module):
    """A convolution that may change the size, norm, ReLU."""

    def __init__(self, conv: nn.Module, channels: int, *, norm: str) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm_layer(norm, channels)

    def forward(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs, h, w) to (n, channels, h', w')."""
        return F.relu(self.norm(self.conv(x), applying))


class ResNet(Generator):
    """A 7x7 convolution, two halvings, `blocks` residual blocks with dropout in each, two doublings, a 7x7 convolution.

    Sides must be multiples of 4 and at least 8; borders are reflected, except in the halvings, which pad with zeros as
    in the reference implementation.
    """

    unit = 2**2  # two halvings

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        widths: tuple[int, int, int],
        blocks: int,
        dropout: float,
        style: Style,
        noise: NoiseChannels = NO_NOISE,
        head: str = "tanh",
    ) -> None:
        super().__init__(noise=noise, head=head)
        full, half, quarter = self._widths = widths
        self._outputs, self._norm = outputs, style.norm
        bias, norm = style.biases, style.norm
        self.enter = ConvNormReLU(ReflectConv(inputs + noise.count, full, 7, bias=bias), full, norm=norm)
        self.down = nn.ModuleList(
            ConvNormReLU(nn.Conv2d(wide, narrow, 3, stride=2, padding=1, bias=bias), narrow, norm=norm)
            for wide, narrow in ((full, half), (half, quarter))
        )
        self.blocks = nn.ModuleList(Residual(quarter, style=style, dropout=dropout) for _ in range(blocks))
        self.up = nn.ModuleList(
            ConvNormReLU(upsampling_layer(narrow, wide, 3, style=style, bias=bias), wide, norm=norm)
            for narrow, wide in ((quarter, half), (half, full))
        )
        self.last = ReflectConv(full, outputs, 7, bias=True)

    def translate(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs + noise, h, w) to (n, outputs, h, w), before the head."""
        for part in (self.enter, *self.down, *self.blocks, *self.up):
            x = part(x, applying)
        return self._outermost(x, applying)

    def _outermost(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        output: Tensor = self.last(x)
        return output

    def steps(self) -> tuple[Step, ...]:
        """The same computation as steps; a residual block is two steps, since it has two norms."""
        full, half, quarter = self._widths
        norm = self._norm
        steps = [Step(self.enter, full, (0,), halo=3, norm=norm)]
        for down, width in zip(self.down, (half, quarter), strict=True):
            steps.append(Step(down, width, (len(steps),), down=2, norm=norm))
        for block in self.blocks:
            assert isinstance(block, Residual)
            before = len(steps)
            steps.append(Step(block.first_half, quarter, (before,), dropout=block.dropout, norm=norm))
            steps.append(Step(block.second_half, quarter, (before + 1,), norm=norm, added=before))
        for up, width in zip(self.up, (half, full), strict=True):
            steps.append(Step(up, width, (len(steps),), up=2, norm=norm))
        return (*steps, Step(self._outermost, self._outputs, (len(steps),), halo=3))
