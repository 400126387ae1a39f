"""The blocks of which generators are built: down, up, and the dropout that is drawn by the pass.

Nothing here may know how many there are or in which order they stand.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.applying import Applying
from p2p_gan.networks.norms import norm_layer

LEAK = 0.2  # slope of the encoder's and the discriminator's leaky ReLU (appendix 6.1)


class Down(nn.Module):
    """Encoder block: leaky ReLU (not before the first), 4x4 convolution of stride 2, norm."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, norm: str) -> None:
        super().__init__()
        self.first = first
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x: Tensor, applying: Applying | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / 2, w / 2)."""
        x = self.conv(x if self.first else F.leaky_relu(x, LEAK))
        normed: Tensor = self.norm(x, applying)
        return normed


class Up(nn.Module):
    """Decoder block: ReLU, transposed 4x4 convolution of stride 2, norm, dropout."""

    def __init__(self, inputs: int, outputs: int, *, norm: str, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.conv = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x: Tensor, applying: Applying | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w)."""
        x = self.norm(self.conv(F.relu(x)), applying)
        if not self.dropout or (applying is not None and applying.noise is None):
            return x
        if applying is None or applying.noise is None:
            return F.dropout(x, self.dropout, training=True)
        if applying.part is not None:
            return x * applying.part.kept(x).to(x) / (1 - self.dropout)
        kept = torch.stack([torch.rand(x.shape[1:], generator=noise) >= self.dropout for noise in applying.noise])
        return x * kept.to(x) / (1 - self.dropout)
