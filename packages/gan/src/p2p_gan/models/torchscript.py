"""Writes a generator as a TorchScript archive: code and weights that torch runs from Python or C++ without p2p.

Nothing here may load an archive that others wrote, because its code would be run.
"""

import contextlib
import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError
from p2p_gan.models.card import ModelCard
from p2p_gan.models.card_text import card_texts
from p2p_gan.models.model import Model, weights_of
from p2p_gan.networks.blocks import LEAK, BilinearConv, Down, ReflectConv, Residual, ResizeConv, Up
from p2p_gan.networks.norms import EPSILON, ROUNDING, BatchNorm, InstanceNorm
from p2p_gan.networks.resnet import ConvNormReLU, ResNet
from p2p_gan.networks.unet import UNet

_DESCRIPTION = "p2p.json"
"""The file in the archive that describes the model."""
_FORMAT, _VERSION = "p2p-torchscript", 2  # 2: what is constant is 0 when normalised
_LONGEST = 2**24  # bytes of a description
_NO_NORM, _RUNNING, _PICTURE = 0, 1, 2
_NOTHING, _LEAKY, _RELU = 0, 1, 2


class _Layer(nn.Module):
    """What is before a convolution, the convolution, its norm, ReLU and dropout, in the words that TorchScript knows.

    `level` is how many times its output has been halved, `dropout` the number of its draw, -1 without one.
    """

    def __init__(
        self, conv: nn.Module, norm: nn.Module | None, card: ModelCard, *, before: int, level: int, after: int = 0
    ) -> None:
        super().__init__()
        assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
        self.before, self.after, self.level, self.dropout = before, after, level, -1
        self.slope, self.doubles, self.smooth = LEAK, isinstance(conv, ResizeConv), isinstance(conv, BilinearConv)
        self.reflected = conv.kernel_size[0] // 2 if isinstance(conv, ReflectConv) and not self.smooth else 0
        self.conv = _plain_conv(conv)
        self.norm, self.epsilon, self.rounding = _NO_NORM, EPSILON, ROUNDING
        scale, shift, mean, variance = torch.ones(1), torch.zeros(1), torch.zeros(1), torch.ones(1)
        if isinstance(norm, BatchNorm):
            self.norm, self.epsilon = (_RUNNING if card.statistics == "running" else _PICTURE), norm.eps
            scale, shift = norm.weight.detach(), norm.bias.detach()
            mean, variance = norm.running_mean, norm.running_var
        elif isinstance(norm, InstanceNorm):
            self.norm = _PICTURE
            scale, shift = (make(conv.out_channels) for make in (torch.ones, torch.zeros))
        for name, value in (("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance)):
            self.register_buffer(name, value)
        self.scale: Tensor
        self.shift: Tensor
        self.mean: Tensor
        self.variance: Tensor

    def forward(self, x: Tensor, dropouts: list[Tensor], valid: Tensor | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        if self.before == 1:
            x = F.leaky_relu(x, self.slope)
        if self.before == 2:
            x = F.relu(x)
        if self.smooth:
            edged = F.pad(x, [1, 1, 1, 1], mode="replicate")
            x = F.interpolate(edged, scale_factor=2.0, mode="bilinear", align_corners=False)[:, :, 1:-1, 1:-1]
        elif self.doubles:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        if self.reflected > 0:
            x = F.pad(x, [self.reflected, self.reflected, self.reflected, self.reflected], mode="reflect")
        x = self._normalise(self.conv(x), valid)
        if self.after == 2:
            x = F.relu(x)
        if self.dropout >= 0 and len(dropouts) > self.dropout:
            x = x * dropouts[self.dropout]
        return x

    def _normalise(self, x: Tensor, valid: Tensor | None) -> Tensor:
        if self.norm == 1:
            return F.batch_norm(x, self.mean, self.variance, self.scale, self.shift, False, 0.0, self.epsilon)
        if self.norm == 2:
            height, width = x.shape[2], x.shape[3]
            if valid is not None:
                height, width = int(valid[self.level][0].item()), int(valid[self.level][1].item())
            x = self._zero_constant(x, height, width)
            if valid is None:
                return F.instance_norm(x, None, None, self.scale, self.shift, True, 0.0, self.epsilon)
            part = x[:, :, :height, :width]
            mean = part.mean(dim=[2, 3], keepdim=True)
            variance = (part - mean).square().mean(dim=[2, 3], keepdim=True)
            normal = (x - mean) / torch.sqrt(variance + self.epsilon)
            return normal * self.scale[:, None, None] + self.shift[:, None, None]
        return x

    def _zero_constant(self, x: Tensor, height: int, width: int) -> Tensor:
        """As `norms.zero_constant`."""
        part = x[:, :, :height, :width]
        first = part[:, :, :1, :1]
        spread = (part - first).abs().amax(dim=[2, 3], keepdim=True)
        return x * (spread > first.abs() * self.rounding[0] + self.rounding[1])


class _Network(nn.Module):
    """A generator of layers, whose method `draw` makes what dropout multiplies by."""

    # An empty list would have no type.
    channels: list[int]
    divisors: list[int]
    shares: list[float]

    def __init__(self, model: Model) -> None:
        super().__init__()
        shape, generator = model.card.architecture, model.generator
        self.noise, self.tanh = shape.noise + shape.pixel_noise, generator.head == "tanh"
        layers = shape.dropout_layers()
        self.channels = [each.channels for each in layers]
        self.divisors = [each.divisor for each in layers]
        self.shares = [float(each.share) for each in layers]
        self.skips = isinstance(generator, UNet) and generator.skips
        self.first, self.middle, self.second, self.last = _layers_of(generator, model.card)

    def forward(
        self,
        image: Tensor,
        dropouts: list[Tensor] | None = None,
        noise: Tensor | None = None,
        valid: Tensor | None = None,
    ) -> Tensor:
        """(n, inputs, height, width) to (n, outputs, height, width)."""
        drawn: list[Tensor] = [] if dropouts is None else dropouts
        x = image
        if self.noise > 0:
            added = torch.zeros(1, self.noise, 1, 1, dtype=x.dtype, device=x.device) if noise is None else noise
            x = torch.cat([x, added.to(x).expand(x.size(0), self.noise, x.size(2), x.size(3))], dim=1)
        kept: list[Tensor] = []
        for layer in self.first:
            x = layer(x, drawn, valid)
            kept.append(x)
        # TorchScript wants a name of its own for each loop over layers, and knows no strict zip.
        for one, two in zip(self.middle, self.second):  # noqa: B905
            x = x + two(one(x, drawn, valid), drawn, valid)
        kept.pop()
        for deep in self.last:
            x = deep(x, drawn, valid)
            if self.skips and len(kept) > 0:
                x = torch.cat([x, kept.pop()], dim=1)
        return torch.tanh(x) if self.tanh else x

    @torch.jit.export
    def draw(self, height: int, width: int) -> list[Tensor]:
        """The draws of dropout for an image of this size, from torch's own random state."""
        drawn: list[Tensor] = []
        for number, channels in enumerate(self.channels):
            divisor, share = self.divisors[number], self.shares[number]
            kept = torch.rand(1, channels, height // divisor, width // divisor) >= share
            drawn.append(kept.float() / (1 - share))
        return drawn


_Layers = tuple[list[_Layer], list[_Layer], list[_Layer], list[_Layer]]


def _layers_of(generator: nn.Module, card: ModelCard) -> list[nn.ModuleList]:
    """The encoder, the two halves of residual blocks, and the decoder, with the dropouts numbered in their order."""
    if card.architecture.class_adaptive:
        to_do = "Export to ONNX, which has them."
        raise P2PError("class_adaptive_norm=on", "has no form in TorchScript", to_do, code="not-in-torchscript")
    if isinstance(generator, UNet):
        layers = _layers_of_unet(generator, card)
    elif isinstance(generator, ResNet):
        layers = _layers_of_resnet(generator, card)
    else:
        what, to_do = f"the generator {card.architecture.kind} has no form in TorchScript", "Export another model."
        raise P2PError(f"generator={card.architecture.kind}", what, to_do, code="not-in-torchscript")
    return [nn.ModuleList(each) for each in layers]


def _layers_of_unet(generator: UNet, card: ModelCard) -> _Layers:
    encoder, decoder, dropouts = list[_Layer](), list[_Layer](), count()
    for level, down in enumerate(generator.down, 1):
        assert isinstance(down, Down)
        before = _NOTHING if down.first else _LEAKY
        encoder.append(_Layer(down.conv, down.norm, card, before=before, level=level))
    for level, up in zip(range(len(generator.up), 0, -1), generator.up, strict=True):
        assert isinstance(up, Up)
        decoder.append(_Layer(up.conv, up.norm, card, before=_RELU, level=level))
        decoder[-1].dropout = next(dropouts) if up.dropout else -1
    decoder.append(_Layer(generator.last, None, card, before=_RELU, level=0))
    return encoder, [], [], decoder


def _layers_of_resnet(generator: ResNet, card: ModelCard) -> _Layers:
    encoder, first, second, decoder, dropouts = list[_Layer](), list[_Layer](), list[_Layer](), list[_Layer](), count()
    for level, block in enumerate((generator.enter, *generator.down)):
        assert isinstance(block, ConvNormReLU)
        encoder.append(_Layer(block.conv, block.norm, card, before=_NOTHING, level=level, after=_RELU))
    for block in generator.blocks:
        assert isinstance(block, Residual)
        first.append(_Layer(block.first, block.first_norm, card, before=_NOTHING, level=2, after=_RELU))
        first[-1].dropout = next(dropouts) if block.dropout else -1
        second.append(_Layer(block.second, block.second_norm, card, before=_NOTHING, level=2))
    for level, block in zip((1, 0), generator.up, strict=True):
        assert isinstance(block, ConvNormReLU)
        decoder.append(_Layer(block.conv, block.norm, card, before=_NOTHING, level=level, after=_RELU))
    decoder.append(_Layer(generator.last, None, card, before=_NOTHING, level=0))
    return encoder, first, second, decoder


def _plain_conv(conv: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """The convolution as torch's own class, with the same weights; its border is padded by the layer, if reflected."""
    words: dict[str, Any] = {"stride": conv.stride, "padding": conv.padding, "bias": conv.bias is not None}
    kind: type[nn.Module] = nn.Conv2d
    if isinstance(conv, nn.ConvTranspose2d):
        kind, words["output_padding"] = nn.ConvTranspose2d, conv.output_padding
    plain = kind(conv.in_channels, conv.out_channels, conv.kernel_size, **words)
    plain.load_state_dict(weights_of(conv))
    return plain


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's words that TorchScript has a successor, which is why it is asked for by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def script_bytes(model: Model) -> bytes:
    """The bytes of a model's TorchScript archive; raises P2PError for a generator that it cannot hold.

    `module(image, dropouts, noise, valid)` takes an image (n, channels, height, width) float32 and, if they are given,
    what dropout multiplies by (of `module.draw(height, width)`), the noise (1, channels, 1 or height, 1 or width), and
    the rows and columns that are picture and not padding, at the input and after each halving, whole numbers
    (levels, 2).
    """
    stream = io.BytesIO()
    with _quiet():
        network = torch.jit.script(_Network(model).eval().requires_grad_(False))
        torch.jit.save(network, stream, _extra_files={_DESCRIPTION: _describe(model)})
    return stream.getvalue()


def _describe(model: Model) -> str:
    table = {"format": _FORMAT, "version": _VERSION, "card": model.card.to_json(), "source": model.digest}
    return json.dumps({**table, **card_texts(model.card)})


def is_script_of(path: Path, model: Model) -> bool:
    """Whether a file is an archive of this model, by its description, and whole; torch gives a network other bytes."""
    return _description_at(path, whole=True) == _describe(model).encode()


def script_source(path: Path) -> tuple[str, str] | None:
    """The SHA-256 of the model of an archive, and the precision of its weights; None if p2p did not write it."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(_description_at(path) or b"")["source"]), "float32"
    return None


def _description_at(path: Path, *, whole: bool = False) -> bytes | None:
    """The description in an archive; None where there is none, or where the archive has to be `whole` and is not."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [each for each in archive.infolist() if each.filename.endswith(f"/extra/{_DESCRIPTION}")]
            if len(found) != 1 or found[0].file_size > _LONGEST or (whole and archive.testzip() is not None):
                return None
            return archive.read(found[0])
    except (OSError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None


def load_script(data: bytes) -> Any:
    """The module of an archive that `script_bytes` made in this process, which is the only one that may be loaded."""
    with _quiet():
        return torch.jit.load(io.BytesIO(data))  # type: ignore[no-untyped-call]
