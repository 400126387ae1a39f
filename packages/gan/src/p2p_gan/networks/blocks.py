"""The blocks of the networks: encoder, decoder and residual blocks, upsampling, dropout, and spectral norm.

Nothing here may know how many blocks a network has or in which order.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.base import InferencePass
from p2p_gan.networks.norms import ClassAdaptiveNorm, norm_layer
from p2p_gan.networks.small_maps import DownConv, UpConv

_CRISP = 2  # layers that give the picture and its half
LEAK = 0.2  # slope of the encoder's and the discriminator's leaky ReLU (appendix 6.1)


@dataclass(frozen=True)
class Style:
    """The options that all blocks of a generator share.

    `upsampling` is transposed, resize or bilinear; without `biases` only the last convolution has one, as in the
    reference implementation with batch norm.
    """

    norm: str = "batch"
    upsampling: str = "transposed"
    biases: bool = True

    def at(self, level: int) -> "Style":
        """That of a layer whose output is 2^level times smaller than the picture: bilinear is resize in the outermost.

        There it would blur what is sharp, and steps of so small pixels are not lines.
        """
        outermost = self.upsampling == "bilinear" and level < _CRISP
        return replace(self, upsampling="resize") if outermost else self


class ReflectConv(nn.Conv2d):
    """A convolution of an odd kernel that keeps the size, its border padded by reflection (sides > kernel / 2)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, kernel, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w)."""
        return super().forward(reflect(x, self.kernel_size[0] // 2))


# From so many pixels of a batch on, sums of weights cost less than the products that they save (benchmarks/NOTES.md).
_MANY_PIXELS = 128
# On a GPU these sums are some 35 more launches, 2 us each in a CUDA graph, forward and backward: as long as an H100 at
# 300 TFLOP/s takes for the products saved of so many pixels times input times output channels. Computed, not measured.
_MANY_PRODUCTS = 150_000_000


class ResizeConv(ReflectConv):
    """Nearest neighbour to twice the size, then a 3x3 convolution: no checkerboard artefacts (Odena et al. 2016).

    Maps of many pixels are not doubled: each pixel of the output sees only 2x2 different pixels of the input, so that
    4 products with sums of weights are the same as 9. That is a transposed 4x4 convolution of stride 2 with the kernel
    M w M^T, M = [[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]]: four 2x2 convolutions, one for each phase of a pixel.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, 3, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w)."""
        if _is_small(x, self):
            return super().forward(double(x))
        # The reflected border of a doubled map is the edge of the map itself.
        return self._in_phases(x)[:, :, 1:-1, 1:-1]

    def _in_phases(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h + 2, 2 w + 2): a row and a column more on each side, of the edge."""
        # The parameters themselves, in float32 (`casts`): sums of rounded weights would be rounded again.
        weight, bias = self._parameters["weight"], self._parameters["bias"]
        assert weight is not None, "every convolution has weights"
        four = None if bias is None else bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(repeat_edge(x), _phase_kernels(weight), four), 2)


class BilinearConv(ResizeConv):
    """Bilinear interpolation to twice the size, edges repeated, then a 3x3 convolution: no steps where maps are smooth.

    Nearest neighbour leaves steps at the borders of the pixels of small maps, which become straight lines in an area
    without content. Bilinear interpolation is nearest neighbour and then the weights 1, 2, 1 along each axis, and these
    may as well come after the convolution, where there are fewer channels.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w)."""
        if not _is_small(x, self):
            return smooth(self._in_phases(x))
        return smooth(F.conv2d(double(repeat_edge(x)), self.weight, self.bias))


def _is_small(x: Tensor, layer: nn.Conv2d) -> bool:
    pixels = x.shape[0] * x.shape[2] * x.shape[3]
    if x.device.type == "cuda":
        return pixels * layer.in_channels * layer.out_channels < _MANY_PRODUCTS
    return pixels < _MANY_PIXELS


def smooth(x: Tensor) -> Tensor:
    """(n, channels, h, w) to (n, channels, h - 2, w - 2): 3x3 pixels weighed by 1, 2, 1 along each axis."""
    for _ in range(2):
        x = x[:, :, 1:] + x[:, :, :-1]
    x = x / 16  # between the sums: in float16 neither those of values nor those of gradients overflow so soon
    for _ in range(2):
        x = x[:, :, :, 1:] + x[:, :, :, :-1]
    return x


def _phase_kernels(weight: Tensor) -> Tensor:
    """3x3 kernels (outputs, inputs, 3, 3) for a doubled map as 2x2 kernels (4 outputs, inputs, 2, 2) for the map.

    Each 2x2 window of the map gives four pixels of the doubled one, whose first row lies below the first pixel's middle
    and whose second row above the second's: the upper one sees the first pixel twice, the lower one the second.
    """

    def sums(kernels: Tensor, side: int) -> Tensor:
        first, second, third = kernels.unbind(side)
        upper = torch.stack((first + second, third), dim=side)
        lower = torch.stack((first, second + third), dim=side)
        return torch.stack((upper, lower), dim=1)

    outputs, inputs = weight.shape[:2]
    by_columns = sums(weight, 3)  # (outputs, 2, inputs, 3, 2)
    return sums(by_columns, 3).reshape(4 * outputs, inputs, 2, 2)


def repeat_edge(x: Tensor) -> Tensor:
    """(n, channels, h, w) with its first and last rows and columns twice: (n, channels, h + 2, w + 2)."""
    if not torch.are_deterministic_algorithms_enabled():
        return F.pad(x, (1,) * 4, mode="replicate")
    # On CUDA the gradient of torch's own padding is not deterministic; that of slices is.
    for side in (2, 3):
        x = torch.cat((x.narrow(side, 0, 1), x, x.narrow(side, x.shape[side] - 1, 1)), dim=side)
    return x


def reflect(x: Tensor, margin: int) -> Tensor:
    """(n, channels, h, w) padded on all sides by `margin` reflected rows and columns; the border is not repeated."""
    if not torch.are_deterministic_algorithms_enabled():
        return F.pad(x, (margin,) * 4, mode="reflect")
    # On CUDA the gradient of torch's own padding is not deterministic; that of slices and flips is.
    for side in (2, 3):
        first = x.narrow(side, 1, margin).flip(side)
        last = x.narrow(side, x.shape[side] - 1 - margin, margin).flip(side)
        x = torch.cat((first, x, last), dim=side)
    return x


def double(x: Tensor) -> Tensor:
    """(n, channels, h, w) to (n, channels, 2 h, 2 w), every pixel four times."""
    if not torch.are_deterministic_algorithms_enabled():
        return F.interpolate(x, scale_factor=2, mode="nearest")
    n, channels, height, width = x.shape
    four = x[:, :, :, None, :, None].expand(n, channels, height, 2, width, 2)
    return four.reshape(n, channels, 2 * height, 2 * width)


def upsampling_layer(inputs: int, outputs: int, kernel: int, *, style: Style, bias: bool) -> nn.Module:
    """(n, inputs, h, w) to (n, outputs, 2 h, 2 w): a transposed convolution of kernel 3 or 4, or a doubled map's."""
    if style.upsampling != "transposed":
        kind = BilinearConv if style.upsampling == "bilinear" else ResizeConv
        return kind(inputs, outputs, bias=bias)
    if kernel == 4:
        return UpConv(inputs, outputs, bias=bias)
    return nn.ConvTranspose2d(inputs, outputs, kernel, stride=2, padding=1, output_padding=kernel % 2, bias=bias)


def dropout(x: Tensor, share: float, applying: InferencePass | None) -> Tensor:
    """Dropout: from torch's own random state in training, else from `applying`, which may switch it off."""
    if not share:
        return x
    if applying is None:
        return F.dropout(x, share, training=True)
    if applying.noise is None:
        return x
    if applying.part is not None:
        return x * applying.part.dropout_mask(x).to(x) / (1 - share)
    kept = torch.stack([torch.rand(x.shape[1:], generator=noise) >= share for noise in applying.noise])
    return x * kept.to(x) / (1 - share)


class Down(nn.Module):
    """Encoder block: leaky ReLU (not in the first block), 4x4 convolution of stride 2, norm."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, norm: str, bias: bool) -> None:
        super().__init__()
        self.first = first
        self.conv = DownConv(inputs, outputs, bias=bias)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / 2, w / 2)."""
        x = self.conv(x if self.first else F.leaky_relu(x, LEAK))
        normed: Tensor = self.norm(x, applying)
        return normed


class Up(nn.Module):
    """Decoder block: ReLU, upsampling by two (4x4 if transposed), norm, dropout.

    With `classes` the norm has a scale and a shift for each of so many classes, and `forward` is in two parts.
    """

    def __init__(self, inputs: int, outputs: int, *, style: Style, dropout: float, classes: int) -> None:
        super().__init__()
        self.dropout = dropout
        self.conv = upsampling_layer(inputs, outputs, 4, style=style, bias=style.biases)
        self.norm = norm_layer(style.norm, outputs)
        self.by_class = ClassAdaptiveNorm(classes, outputs) if classes else None

    def forward(self, x: Tensor, applying: InferencePass | None, shares: Tensor | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, 2 h, 2 w); `shares` (n, classes, 2 h, 2 w) are those of the classes."""
        x = self.upsample(x, applying)
        return self.drop(x if shares is None else self.adapt(x, shares), applying)

    def upsample(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """ReLU, upsampling and norm."""
        normed: Tensor = self.norm(self.conv(F.relu(x)), applying)
        return normed

    def adapt(self, x: Tensor, shares: Tensor) -> Tensor:
        """The scale and the shift of the classes."""
        assert self.by_class is not None, "the block was built for classes"
        adapted: Tensor = self.by_class(x, shares)
        return adapted

    def drop(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """Dropout."""
        return dropout(x, self.dropout, applying)


class Residual(nn.Module):
    """Residual block (He et al. 2016, as in Johnson et al. 2016): x plus two 3x3 convolutions of x with norms."""

    def __init__(self, channels: int, *, style: Style, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.first = ReflectConv(channels, channels, 3, bias=style.biases)
        self.first_norm = norm_layer(style.norm, channels)
        self.second = ReflectConv(channels, channels, 3, bias=style.biases)
        self.second_norm = norm_layer(style.norm, channels)

    def forward(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """(n, channels, h, w) to the same shape."""
        return x + self.second_half(self.first_half(x, applying), applying)

    def first_half(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """The first convolution, its norm, ReLU and dropout."""
        return dropout(F.relu(self.first_norm(self.first(x), applying)), self.dropout, applying)

    def second_half(self, x: Tensor, applying: InferencePass | None) -> Tensor:
        """The second convolution and its norm."""
        normed: Tensor = self.second_norm(self.second(x), applying)
        return normed


# Then one per pass, which is enough since weights change slowly (Miyato et al. 2018, 2.1 and appendix A).
_INITIAL_ITERATIONS = 15


class SpectralConv(nn.Conv2d):
    """A convolution whose weight, as a matrix (outputs, all other axes), is divided by its spectral norm.

    The largest singular value is estimated in float32 by one power iteration per pass in training mode; `left` is the
    estimate of its left singular vector, kept from pass to pass and in the state dict (Miyato et al. 2018).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int, padding: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding)
        self.left: Tensor
        self.register_buffer("left", F.normalize(torch.ones(outputs), dim=0))

    def draw(self, generator: torch.Generator) -> None:
        """Initialise the estimate for new weights, from a random vector."""
        with torch.no_grad():
            self.left.copy_(F.normalize(torch.randn(self.left.shape, generator=generator), dim=0))
            for _ in range(_INITIAL_ITERATIONS):
                self.left.copy_(self._power_iteration()[0])

    def _power_iteration(self) -> tuple[Tensor, Tensor]:
        """(left, right) singular vectors after one more power iteration."""
        matrix = self.weight.detach().flatten(1)
        right = F.normalize(matrix.t() @ self.left, dim=0, eps=1e-12)
        return F.normalize(matrix @ right, dim=0, eps=1e-12), right

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        with torch.autocast(x.device.type, enabled=False):
            left, right = self._power_iteration()
            if self.training:
                with torch.no_grad():
                    self.left.copy_(left)
            # The gradient flows through the singular value too, with the vectors as constants (eq. 11 and 12).
            largest = left @ (self.weight.flatten(1) @ right)
            weight = self.weight / largest
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)
