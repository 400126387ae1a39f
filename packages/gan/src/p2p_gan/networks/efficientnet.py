"""EfficientNet-Lite0 (Tan and Le 2019, the Lite variant) as a fixed function from photos to features for losses.

Nothing here may be trained, read a file, or become part of a model: it watches training and is not needed afterwards.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

# Kernel, stride, expansion, channels and number of the inverted residual blocks, as in the published Lite0.
_GROUPS = (
    *((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3)),
    *((5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1)),
)
_STEM = 32  # channels of the first convolution
_ENDS = (1, 3, 5, 11, 16)  # blocks after which a stage ends: the last ones before the resolution is halved again
_EPSILON = 1e-3  # of its batch norms
CHANNELS = (16, 24, 40, 112, 320)
"""The channels of each stage; stage s (1 to 5) has features at 1/2^s of the resolution."""
_SCALE, _SHIFT = 127.5 / 128, 0.5 / 128  # from RGB in -1..1 to (x - 127) / 128 of x in 0..255
# Pixels of a batch; with more one pass for two batches is not faster, and keeps both in memory. A GPU has idle units
# beside four pictures of 256x256, whose layers are launches of a few microseconds each (computed, not measured). One of
# Apple always has two passes: it has read parts of a batch that is channels_last wrongly (pytorch's issue 174345).
_FEW_PIXELS = {"cpu": 32_768, "cuda": 4 * 65_536}


class _Layer(NamedTuple):
    """A convolution with its batch norm: names and shape of its tensors, stride, and whether ReLU6 follows."""

    conv: str
    norm: str
    shape: tuple[int, int, int, int]  # outputs, inputs of a group, kernel, kernel
    stride: int
    clipped: bool

    @property
    def groups(self) -> int:
        return self.shape[0] if self.shape[1] == 1 else 1

    def margins(self, height: int, width: int) -> tuple[int, int, int, int]:
        """What `pad` adds left, right, above and below before a stride of 2: an odd row or column is the last one."""
        # TensorFlow's SAME.
        rows, columns = ((side + 1) // 2 * 2 - 2 + self.shape[2] - side for side in (height, width))
        return columns // 2, columns - columns // 2, rows // 2, rows - rows // 2


class _Block(NamedTuple):
    """Layers in a row; with `residual` their input is added to their output."""

    layers: tuple[_Layer, ...]
    residual: bool


def _blocks() -> Iterator[_Block]:
    """The first convolution, then the inverted residual blocks (Sandler et al. 2018, section 3.3)."""
    yield _Block((_Layer("_conv_stem", "_bn0", (_STEM, 3, 3, 3), 2, True),), False)
    inputs, number = _STEM, 0
    for kernel, first_stride, expansion, outputs, count in _GROUPS:
        for stride in (first_stride, *[1] * (count - 1)):
            wide, name = inputs * expansion, f"_blocks.{number}."
            layers = (
                _Layer(f"{name}_expand_conv", f"{name}_bn0", (wide, inputs, 1, 1), 1, True),
                _Layer(f"{name}_depthwise_conv", f"{name}_bn1", (wide, 1, kernel, kernel), stride, True),
                _Layer(f"{name}_project_conv", f"{name}_bn2", (outputs, wide, 1, 1), 1, False),
            )
            yield _Block(layers[expansion == 1 :], stride == 1 and inputs == outputs)
            inputs, number = outputs, number + 1


_BLOCKS = tuple(_blocks())
_NORM = ("weight", "bias", "running_mean", "running_var")


def feature_shapes() -> dict[str, tuple[int, ...]]:
    """The names and shapes of the tensors of a state dict that features need, without the classifier."""
    found: dict[str, tuple[int, ...]] = {}
    for layer in (layer for block in _BLOCKS for layer in block.layers):
        found[f"{layer.conv}.weight"] = layer.shape
        found |= {f"{layer.norm}.{name}": layer.shape[:1] for name in _NORM}
    return found


class FeatureNetwork:
    """The features of photos at the first `stages` stages; its weights are constants, and gradients pass to the photos.

    `tensors` have the names and shapes of `feature_shapes`, and `sha256` says which file they are from. The batch norms
    are folded into the convolutions. Everything lies in memory by pixels (channels_last), in which these convolutions
    are faster on CPUs too, with their gradients (benchmarks/NOTES.md).
    """

    def __init__(self, tensors: Mapping[str, Tensor], *, stages: int, sha256: str = "") -> None:
        self.stages, self.sha256 = stages, sha256
        self.blocks = _BLOCKS[: _ENDS[stages - 1] + 1]
        self._weights = [_fold(layer, tensors) for block in self.blocks for layer in block.layers]

    def move(self, device: torch.device, dtype: torch.dtype) -> None:
        """Put the weights on the device, in that type."""
        self._weights = [(weight.to(device, dtype), bias.to(device, dtype)) for weight, bias in self._weights]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its weights and biases."""
        return tuple(each for pair in self._weights for each in pair)

    def __call__(self, photos: Tensor) -> tuple[Tensor, ...]:
        """Photos (n, 3, h, w), RGB in -1..1, to the features of each stage, (n, CHANNELS[s], h / 2^s, w / 2^s).

        The network was trained on (x - 127) / 128 of x in 0..255, RGB, with the borders that TensorFlow calls SAME:
        with these the means and variances of its first layer are those that its file keeps from training
        (Kullback-Leibler distance 0.04 over 48 photos; mean and deviation of ImageNet 1.1, values of 0..1 0.5).
        """
        return self.run(photos, _apply)

    def compare(self, real: Tensor, fake: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """(the features of real photos, those of fake ones), both photos (n, 3, h, w); only fake ones pass gradients.

        They are what two calls give, but for rounding; of small photos in less time.
        """
        if real.numel() // real.shape[1] > _FEW_PIXELS.get(real.device.type, 0):
            with torch.no_grad():
                seen = self(real)
            return seen, self(fake)
        found: tuple[Tensor, ...] = _OnePass.apply(self, real, fake)  # type: ignore[no-untyped-call]
        return found[: self.stages], found[self.stages :]

    def run(self, photos: Tensor, apply: Callable[[_Layer, Tensor, Tensor, Tensor], Tensor]) -> tuple[Tensor, ...]:
        """The features of photos in -1..1, where `apply` computes a layer from its weight, its bias and its input."""
        with torch.autocast(photos.device.type, enabled=False):
            x = (photos.float() * _SCALE + _SHIFT).to(self._weights[0][0].dtype, memory_format=torch.channels_last)
            found, weights = [], iter(self._weights)
            for number, block in enumerate(self.blocks):
                before = x
                for layer in block.layers:
                    x = apply(layer, *next(weights), x)
                x = x + before if block.residual else x
                if number in _ENDS:
                    found.append(x)
        return tuple(found)


def _fold(layer: _Layer, tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that gives what the layer's convolution and batch norm give."""
    scale, shift, mean, variance = (tensors[f"{layer.norm}.{name}"].double() for name in _NORM)
    factor = scale / torch.sqrt(variance + _EPSILON)
    weight = tensors[f"{layer.conv}.weight"].double() * factor[:, None, None, None]
    return weight.float().contiguous(memory_format=torch.channels_last), (shift - mean * factor).float()


def _apply(layer: _Layer, weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    kernel, stride = layer.shape[2], layer.stride
    if stride == 1:
        x = F.conv2d(x, weight, bias, 1, kernel // 2, groups=layer.groups)
    else:
        x = F.conv2d(F.pad(x, layer.margins(*x.shape[2:])), weight, bias, stride, groups=layer.groups)
    # In place: the gradient of a convolution does not need its output.
    return F.relu6(x, inplace=True) if layer.clipped else x


class _Step(NamedTuple):
    """A layer as it was computed: its weight, the height and width of its input, and its output for the fake photos."""

    layer: _Layer
    weight: Tensor
    size: tuple[int, int]
    output: Tensor


class _OnePass(torch.autograd.Function):
    """The features of real and fake photos in one pass; the gradient is computed for the fake ones alone.

    The layers' calls of torch and, in the coarsest stages, their weights are most of the time of a small photo.
    """

    @staticmethod
    def forward(ctx: Any, network: FeatureNetwork, real: Tensor, fake: Tensor) -> tuple[Tensor, ...]:
        count, steps = len(real), list[_Step]()

        def apply(layer: _Layer, weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
            output = _multiply(weight, bias, x, layer) if layer.shape[2] == 1 else _apply(layer, weight, bias, x)
            steps.append(_Step(layer, weight, (x.shape[2], x.shape[3]), output[count:]))
            return output

        found = network.run(torch.cat((real, fake)), apply)
        seen = tuple(each[:count] for each in found)
        ctx.blocks, ctx.steps, ctx.kind = network.blocks, steps, fake.dtype
        ctx.mark_non_differentiable(*seen)
        return *seen, *(each[count:] for each in found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor]:
        following, steps = list(grads[len(grads) // 2 :]), reversed(ctx.steps)
        grad = torch.zeros_like(following[-1])
        for number, block in reversed(tuple(enumerate(ctx.blocks))):
            if number in _ENDS:
                grad = grad + following.pop()
            after = grad
            for _ in block.layers:
                grad = _pull_back(next(steps), grad)
            grad = grad + after if block.residual else grad
        return None, None, (grad.float() * _SCALE).to(ctx.kind)


def _multiply(weight: Tensor, bias: Tensor, x: Tensor, layer: _Layer) -> Tensor:
    """A convolution of 1x1 as the product that it is: torch's own reads its weights once for each picture."""
    n, _, height, width = x.shape
    rows = torch.addmm(bias, x.permute(0, 2, 3, 1).flatten(0, 2), weight.flatten(1).t())
    output = rows.view(n, height, width, -1).permute(0, 3, 1, 2)
    return F.relu6(output, inplace=True) if layer.clipped else output


def _pull_back(step: _Step, grad: Tensor) -> Tensor:
    """The gradient with respect to the input of a layer, of that with respect to its output."""
    layer, weight, (height, width), output = step
    if layer.clipped:
        grad = torch.ops.aten.hardtanh_backward(grad, output, 0, 6)
    n, channels = len(grad), layer.shape[1] * layer.groups
    if layer.shape[2] == 1:
        rows = grad.permute(0, 2, 3, 1).flatten(0, 2) @ weight.flatten(1)
        return rows.view(n, height, width, channels).permute(0, 3, 1, 2)
    left, right, above, below = layer.margins(height, width) if layer.stride > 1 else (0,) * 4
    margin = layer.shape[2] // 2 if layer.stride == 1 else 0
    shape = (n, channels, height + above + below, width + left + right)
    # Of the input only the shape counts: it is not read for this gradient.
    padded = torch.empty(shape, dtype=grad.dtype, device=grad.device, memory_format=torch.channels_last)
    how = ([layer.stride] * 2, [margin] * 2, [1, 1], False, [0, 0], layer.groups, [True, False, False])
    grad = torch.ops.aten.convolution_backward(grad, padded, weight, None, *how)[0]
    return grad[:, :, above : above + height, left : left + width]
