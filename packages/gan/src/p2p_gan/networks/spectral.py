"""Convolutions whose weight is divided by its largest singular value (Miyato et al. 2018), for discriminators.

Nothing here may keep state outside the module's own buffers: what a checkpoint holds is all that the next pass needs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INITIAL_ITERATIONS = 15  # then one a pass, which is enough since weights change slowly (section 2.1 and appendix A)


class SpectralConv(nn.Conv2d):
    """A convolution whose weight, seen as a matrix (outputs, everything else), is brought to spectral norm 1.

    The largest singular value is estimated in float32 by one power iteration a pass in training mode; `left` is the
    estimate of its left singular vector, kept from pass to pass and in the state dict.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int, padding: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding)
        self.left: Tensor
        self.register_buffer("left", F.normalize(torch.ones(outputs), dim=0))

    def draw(self, generator: torch.Generator) -> None:
        """Begin the estimate for newly drawn weights, from a random vector."""
        with torch.no_grad():
            self.left.copy_(F.normalize(torch.randn(self.left.shape, generator=generator), dim=0))
            for _ in range(INITIAL_ITERATIONS):
                self.left.copy_(self._iterated()[0])

    def _iterated(self) -> tuple[Tensor, Tensor]:
        """(left, right) singular vectors, one power iteration further."""
        matrix = self.weight.detach().flatten(1)
        right = F.normalize(matrix.t() @ self.left, dim=0, eps=1e-12)
        return F.normalize(matrix @ right, dim=0, eps=1e-12), right

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        with torch.autocast(x.device.type, enabled=False):
            left, right = self._iterated()
            if self.training:
                with torch.no_grad():
                    self.left.copy_(left)
            # The gradient flows through the singular value too, the vectors counting as constants (eq. 11 and 12).
            largest = left @ (self.weight.flatten(1) @ right)
            weight = self.weight / largest
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)
