"""The discriminator: PatchGAN (Isola et al. 2017, appendix 6.1.2), and the patch that one of its logits sees.

Nothing here may know which loss its logits go into.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.blocks import LEAK
from p2p_gan.networks.contract import Discriminator, Judgement
from p2p_gan.networks.norms import norm_layer


class PatchGAN(Discriminator):
    """The discriminator (appendix 6.1.2): one logit for each patch of the pair (a, b); no norm in the first layer.

    `layers` strided layers: 3 see patches of 70x70 pixels, 2 of 34x34, 1 of 16x16.
    """

    def __init__(self, inputs: int, *, filters: int, layers: int, norm: str) -> None:
        super().__init__()
        widths = [inputs, *(min(filters * 2**level, filters * 8) for level in range(layers + 1))]
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[level], widths[level + 1], kernel_size=4, stride=2 if level < layers else 1, padding=1)
            for level in range(layers + 1)
        )
        self.norms = nn.ModuleList(
            norm_layer(norm if level else "none", widths[level + 1]) for level in range(layers + 1)
        )
        self.last = nn.Conv2d(widths[-1], 1, kernel_size=4, stride=1, padding=1)

    def forward(self, a: Tensor, b: Tensor) -> Judgement:
        """One logit for each patch; the features are what every layer but the last gives."""
        x = torch.cat((a, b), dim=1)
        features = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), LEAK)
            features.append(x)
        return Judgement((self.last(x),), tuple(features))


def receptive_field(layers: int) -> int:
    """The side of the patch, in pixels, that one logit of a PatchGAN with so many strided layers sees."""
    field = 1
    for stride in [1, 1, *[2] * layers]:
        field = (field - 1) * stride + 4
    return field
