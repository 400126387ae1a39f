"""Writes a generator as a graph of ONNX operators, with the randomness and the padding of a picture as inputs.

Nothing here may compute a picture; whether the graph gives what the generator gives is checked by `inference.export`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.packages import require_packages
from p2p_datatools.contract.words import plural
from p2p_gan.models.card import ModelCard
from p2p_gan.models.card_text import card_texts, describe_values
from p2p_gan.models.model import Model
from p2p_gan.models.onnx_file import (
    FORMAT,
    IMAGE,
    KEY,
    NOISE,
    OPSET,
    OUTPUT,
    VALID,
    VERSION,
    dropout_input,
    takes_padding,
    with_texts,
)
from p2p_gan.networks.blocks import LEAK, BilinearConv, Down, ReflectConv, Residual, ResizeConv, Up
from p2p_gan.networks.noise import NoiseChannels
from p2p_gan.networks.norms import EPSILON, ROUNDING, BatchNorm, ClassAdaptiveNorm, InstanceNorm, NoNorm
from p2p_gan.networks.resnet import ConvNormReLU, ResNet
from p2p_gan.networks.unet import UNet

_IR_VERSION = 8  # of the file format; that of opset 17
_BYTES = {"float32": 4, "float16": 2, "int8": 1}  # of a weight
_MOST_INT8 = 127
_ALL = 2**31 - 1  # rows and columns: more than any picture has
_MOST_BYTES = 2**31 - 2**20  # of the weights; a protobuf message takes no more
_Numbers = NDArray[np.float64]


class _Graph:
    """Nodes, weights and inputs, in their order; values are known by their names, which are unique."""

    def __init__(self, precision: str) -> None:
        import onnx

        self._onnx, self._precision = onnx, precision
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.inputs: list[Any] = []
        self._constants: dict[str, str] = {}
        self._values = 0

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; gives the name of its output."""
        self._values += 1
        name = f"v{self._values}"
        self.nodes.append(self._onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def weigh(self, values: NDArray[Any], name: str, *, axis: int = 0) -> str:
        """Add a weight; in 16 or 8 bits it is stored so, and becomes one of 32 when the file is loaded.

        Of 8 bits each output, which are at the `axis`, has a scale of its own, and 127 is its largest weight.
        """
        if self._precision == "float32" or values.ndim < 2:  # vectors take no room
            return self._store(values.astype(np.float32), name)
        if self._precision == "int8":
            others = tuple(side for side in range(values.ndim) if side != axis)
            scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), np.finfo(np.float32).tiny) / _MOST_INT8
            whole = self._store(np.rint(values / scale).astype(np.int8), name)
            return self.add("DequantizeLinear", whole, self._store(scale.ravel().astype(np.float32)), axis=axis)
        with np.errstate(over="ignore"):  # what does not fit is found by whoever reads the file
            return self.add("Cast", self._store(values.astype(np.float16), name), to=self._onnx.TensorProto.FLOAT)

    def constant(self, values: object, dtype: type = np.int64) -> str:
        """The name of a constant, which is stored once."""
        array: NDArray[Any] = np.array(values, dtype)
        key = f"{array.dtype}{array.tolist()}"
        if key not in self._constants:
            self._constants[key] = self._store(array)
        return self._constants[key]

    def _store(self, values: NDArray[Any], name: str | None = None) -> str:
        name = name or f"w{len(self.weights)}"
        self.weights.append(self._onnx.numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def take(self, name: str, shape: Sequence[int | str], doc: str, default: NDArray[Any] | None = None) -> str:
        """Add an input; with a default it may be left out."""
        kind = self._onnx.TensorProto.FLOAT
        if default is not None:
            self._store(default, name)
            kind = self._onnx.helper.np_dtype_to_tensor_dtype(default.dtype)
        self.inputs.append(self._onnx.helper.make_tensor_value_info(name, kind, list(shape), doc))
        return name

    def branch(self, condition: str, yes: Callable[[], str], no: Callable[[], str]) -> str:
        """The output of one of two small graphs, as the condition says when the graph is run."""
        parts, outside = {}, self.nodes
        for name, make in (("then_branch", yes), ("else_branch", no)):
            self.nodes = []
            given = self._onnx.helper.make_tensor_value_info(make(), self._onnx.TensorProto.FLOAT, None)
            parts[name] = self._onnx.helper.make_graph(self.nodes, name, [], [given])
        self.nodes = outside
        return self.add("If", condition, **parts)

    def model(self, outputs: int, doc: str, texts: Mapping[str, str]) -> bytes:
        """The bytes of the file."""
        helper, shape = self._onnx.helper, ["n", outputs, "height", "width"]
        output = helper.make_tensor_value_info(OUTPUT, self._onnx.TensorProto.FLOAT, shape, doc)
        graph = helper.make_graph(self.nodes, "generator", self.inputs, [output], self.weights)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="p2p")
        self._onnx.checker.check_model(model)
        return with_texts(model.SerializeToString(deterministic=True), texts)


class _Writer:
    """Writes a generator's blocks, each as the block computes; `level` is how many times a value has been halved."""

    def __init__(self, card: ModelCard, precision: str) -> None:
        self.graph = _Graph(precision)
        self._names: dict[nn.Module, str] = {}
        self._card, self._padded = card, ""
        self._dropouts = 0

    def write(self, generator: UNet | ResNet) -> None:
        """Write all of it."""
        shape = self._card.architecture
        self._names = {module: name for name, module in generator.named_modules()}
        x = self.graph.take(IMAGE, ["n", shape.inputs, "height", "width"], describe_values(self._card, "input"))
        if takes_padding(self._card):
            self._take_valid(x, shape.unit.bit_length())
        if generator.noise.count:
            x = self._add_noise(x, generator.noise)
        x = self._unet(generator, x) if isinstance(generator, UNet) else self._resnet(generator, x)
        if generator.head == "tanh":
            self.graph.add("Tanh", x)
        self.graph.nodes[-1].output[0] = OUTPUT

    def _take_valid(self, x: str, levels: int) -> None:
        doc = "rows and columns that are picture and not padding, at the input and after each halving (all by default)"
        self.graph.take(VALID, [levels, 2], doc, np.full((levels, 2), _ALL, np.int64))
        sides = self.graph.add("Shape", x, start=2, end=4)
        smaller = self.graph.add("Less", self.graph.add("Gather", VALID, self.graph.constant(0)), sides)
        number = self.graph.add("Cast", smaller, to=6)  # INT32, of which there is a largest
        self._padded = self.graph.add("Cast", self.graph.add("ReduceMax", number, keepdims=0), to=9)  # BOOL

    def _add_noise(self, x: str, noise: NoiseChannels) -> str:
        doc, count = "random numbers of N(0, 1), the same for all pixels", noise.count
        sides: list[str | int] = [1, 1]
        if noise.pixels:
            doc += f"; in the last {plural(noise.pixels, 'channel')} uniform ones of variance 1 for each pixel"
            sides = ["noise_height", "noise_width"]
        default = np.zeros((1, count, 1, 1), np.float32)
        self.graph.take(NOISE, ["noise_n", count, *sides], f"{doc} (0 by default)", default)
        parts = (self.graph.add("Shape", x, end=1), self.graph.constant([count]), self.graph.add("Shape", x, start=2))
        shape = self.graph.add("Concat", *parts, axis=0)
        return self.graph.add("Concat", x, self.graph.add("Expand", NOISE, shape), axis=1)

    def _unet(self, generator: UNet, x: str) -> str:
        encoded, shares = [], self._shares(generator, x)
        for level, block in enumerate(generator.down, 1):
            assert isinstance(block, Down)
            x = x if block.first else self.graph.add("LeakyRelu", x, alpha=LEAK)
            x = self._convolve(x, block.conv, block.norm, level)
            encoded.append(x)
        x = encoded.pop()
        for up in generator.up:
            assert isinstance(up, Up)
            x = self._convolve(self.graph.add("Relu", x), up.conv, up.norm, len(encoded))
            x = self._adapt(x, up.by_class, shares.pop()) if up.by_class is not None else x
            x, same_size = self._drop(x, up.dropout), encoded.pop()
            if generator.skips:
                x = self.graph.add("Concat", x, same_size, axis=1)
        return self._convolve(self.graph.add("Relu", x), generator.last, NoNorm(), 0)

    def _shares(self, generator: UNet, x: str) -> list[str]:
        """The shares of the classes at each size of the decoder's blocks, outermost first; empty without classes."""
        if not generator.classes:
            return []
        constant, found = self.graph.constant, []
        if generator.noise.count:
            x = self.graph.add("Slice", x, constant([0]), constant([generator.classes]), constant([1]))
        for _ in generator.up:
            x = self.graph.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            found.append(x)
        return found

    def _adapt(self, x: str, norm: ClassAdaptiveNorm, shares: str) -> str:
        scale, shift = (
            self.graph.add("Conv", shares, self.graph.weigh(_numbers(table.weight), f"{self._names[table]}.weight"))
            for table in (norm.scale, norm.shift)
        )
        return self.graph.add("Add", self.graph.add("Add", x, shift), self.graph.add("Mul", x, scale))

    def _resnet(self, generator: ResNet, x: str) -> str:
        x = self._conv_norm_relu(x, generator.enter, 0)
        for level, block in enumerate(generator.down, 1):
            x = self._conv_norm_relu(x, block, level)
        for block in generator.blocks:
            assert isinstance(block, Residual)
            inner = self.graph.add("Relu", self._convolve(x, block.first, block.first_norm, 2))
            inner = self._convolve(self._drop(inner, block.dropout), block.second, block.second_norm, 2)
            x = self.graph.add("Add", x, inner)
        for level, block in zip((1, 0), generator.up, strict=True):
            x = self._conv_norm_relu(x, block, level)
        return self._convolve(x, generator.last, NoNorm(), 0)

    def _conv_norm_relu(self, x: str, block: nn.Module, level: int) -> str:
        assert isinstance(block, ConvNormReLU)
        return self.graph.add("Relu", self._convolve(x, block.conv, block.norm, level))

    def _drop(self, x: str, share: float) -> str:
        if not share:
            return x
        name = dropout_input(self._dropouts)
        self._dropouts += 1
        doc = f"0 or 1 / (1 - {share:g}) for each value, 0 with the probability {share:g} (1, no dropout, by default)"
        shape = [f"{name}_{side}" for side in ("n", "channels", "height", "width")]
        return self.graph.add("Mul", x, self.graph.take(name, shape, doc, np.ones((1, 1, 1, 1), np.float32)))

    def _convolve(self, x: str, conv: nn.Module, norm: nn.Module, level: int) -> str:
        """A convolution and its norm, whose output has been halved `level` times."""
        assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
        turned = isinstance(conv, nn.ConvTranspose2d)
        weight = _numbers(conv.weight)
        bias = None if conv.bias is None else _numbers(conv.bias)
        fixed = isinstance(norm, BatchNorm) and self._card.statistics == "running"
        if fixed:
            assert isinstance(norm, BatchNorm)
            weight, bias = _fold(weight, bias, norm, axis=1 if turned else 0)
        x = self._resize(x, conv, weight, bias) if isinstance(conv, ResizeConv) else self._plain(x, conv, weight, bias)
        return x if fixed or isinstance(norm, NoNorm) else self._normalise(x, norm, level, int(conv.out_channels))

    def _plain(self, x: str, conv: nn.Conv2d | nn.ConvTranspose2d, weight: _Numbers, bias: _Numbers | None) -> str:
        """A convolution or a transposed one as an operator of its own."""
        turned, own = isinstance(conv, nn.ConvTranspose2d), self._names[conv]
        margin = int(conv.padding[0])
        if isinstance(conv, ReflectConv):
            edge = [0, 0, *[conv.kernel_size[0] // 2] * 2]
            x = self.graph.add("Pad", x, self.graph.constant([*edge, *edge]), mode="reflect")
        attributes: dict[str, Any] = {
            "kernel_shape": list(conv.kernel_size),
            "strides": list(conv.stride),
            "pads": [margin] * 4,
        }
        if turned:
            attributes["output_padding"] = list(conv.output_padding)
        names = [self.graph.weigh(weight, f"{own}.weight", axis=1 if turned else 0)]
        names += [] if bias is None else [self.graph.weigh(bias, f"{own}.bias")]
        return self.graph.add("ConvTranspose" if turned else "Conv", x, *names, **attributes)

    def _resize(self, x: str, conv: ResizeConv, weight: _Numbers, bias: _Numbers | None) -> str:
        """A resize convolution or a bilinear one, without the row and the column more on each side of its phases."""
        x = self._in_phases(x, weight, bias, self._names[conv])
        if isinstance(conv, BilinearConv):
            # Means of 2x2 pixels twice are the weights 1, 2, 1 of `smooth`.
            for _ in range(2):
                x = self.graph.add("AveragePool", x, kernel_shape=[2, 2])
            return x
        constant = self.graph.constant
        return self.graph.add("Slice", x, constant([1, 1]), constant([-1, -1]), constant([2, 3]))

    def _in_phases(self, x: str, weight: _Numbers, bias: _Numbers | None, own: str) -> str:
        """A resize convolution as `ResizeConv` computes large maps, with a row and a column more on each side.

        Runtimes sum the weights once, when they load.
        """
        add, constant = self.graph.add, self.graph.constant

        def sums(kernels: str, side: int) -> tuple[str, str]:
            first, second, third = (
                add("Slice", kernels, constant([at]), constant([at + 1]), constant([side])) for at in range(3)
            )
            upper = add("Concat", add("Add", first, second), third, axis=side)
            return upper, add("Concat", first, add("Add", second, third), axis=side)

        kernels = self.graph.weigh(weight, f"{own}.weight")
        phases = [kernel for rows in sums(kernels, 2) for kernel in sums(rows, 3)]
        names = [add("Concat", *phases, axis=0)]
        if bias is not None:
            single = self.graph.weigh(bias, f"{own}.bias")
            names.append(add("Concat", *[single] * 4, axis=0))
        x = add("Pad", x, constant([0, 0, 1, 1] * 2), mode="edge")
        return add("DepthToSpace", add("Conv", x, *names, kernel_shape=[2, 2]), blocksize=2, mode="DCR")

    def _normalise(self, x: str, norm: nn.Module, level: int, channels: int) -> str:
        """Each picture by its own statistics: of all pixels, or of those that are not padding."""
        scale, shift, epsilon = np.ones(channels), np.zeros(channels), EPSILON
        if isinstance(norm, BatchNorm):
            scale, shift, epsilon = _numbers(norm.weight), _numbers(norm.bias), norm.eps
        else:
            assert isinstance(norm, InstanceNorm)
        own, add = self._names[norm], self.graph.add
        weights = self.graph.weigh(scale, f"{own}.weight"), self.graph.weigh(shift, f"{own}.bias")

        def by_valid_part() -> str:
            shaped = [add("Reshape", each, self.graph.constant([-1, 1, 1])) for each in weights]
            return add("Add", add("Mul", self._divide_by_valid_part(x, level, epsilon), shaped[0]), shaped[1])

        def by_all() -> str:
            return add("InstanceNormalization", self._zero_constant(x, x), *weights, epsilon=epsilon)

        return self.graph.branch(self._padded, by_valid_part, by_all)

    def _divide_by_valid_part(self, x: str, level: int, epsilon: float) -> str:
        """Without the mean of what is no padding, and divided by the deviation of that."""
        add, constant = self.graph.add, self.graph.constant
        ends = add("Gather", VALID, constant(level))

        def valid_part(values: str) -> str:
            return add("Slice", values, constant([0, 0]), ends, constant([2, 3]))

        varying = self._zero_constant(x, valid_part(x))
        part = valid_part(varying)
        mean = add("ReduceMean", part, axes=[2, 3])
        centred = add("Sub", part, mean)
        variance = add("ReduceMean", add("Mul", centred, centred), axes=[2, 3])
        deviation = add("Sqrt", add("Add", variance, constant(epsilon, np.float32)))
        return add("Div", add("Sub", varying, mean), deviation)

    def _zero_constant(self, x: str, part: str) -> str:
        """As `norms.zero_constant`, by squares."""
        add, constant = self.graph.add, self.graph.constant
        first = add("Slice", part, constant([0, 0]), constant([1, 1]), constant([2, 3]))
        away = add("Sub", part, first)
        spread = add("ReduceMax", add("Mul", away, away), axes=[2, 3])
        share, least = (constant(each**2, np.float32) for each in ROUNDING)
        most = add("Add", add("Mul", add("Mul", first, first), share), least)
        return add("Mul", x, add("Cast", add("Less", most, spread), to=1))


def _numbers(value: Tensor) -> _Numbers:
    return np.asarray(value.detach().cpu().double().numpy())


def _fold(weight: _Numbers, bias: _Numbers | None, norm: BatchNorm, *, axis: int) -> tuple[_Numbers, _Numbers]:
    """The weight and bias of a convolution that computes its norm's running statistics too."""
    factor = _numbers(norm.weight) / np.sqrt(_numbers(norm.running_var) + norm.eps)
    shape = [1] * weight.ndim
    shape[axis] = -1
    before = 0.0 if bias is None else bias
    return weight * factor.reshape(shape), (before - _numbers(norm.running_mean)) * factor + _numbers(norm.bias)


def onnx_bytes(model: Model, *, precision: str, bytes_per_pixel: int, origin: str = "") -> bytes:
    """The bytes of a model's ONNX file; raises P2PError for a generator that it cannot hold, or one that is too large.

    Inputs: `image` (n, channels, height, width) float32 and, where the model has them, `valid`, `noise` and
    `dropout_0` to `dropout_N`, which may be left out. Output: `output`, as `image`. `origin` is the fingerprint of the
    model's file.
    """
    require_packages("--format onnx", "onnx>=1.16")
    generator, card = model.generator, model.card
    if not isinstance(generator, UNet | ResNet):
        what = f"the generator {card.architecture.kind} has no form in ONNX"
        raise P2PError(f"generator={card.architecture.kind}", what, "Export another model.", code="not-in-onnx")
    if sum(value.numel() for value in generator.parameters()) * _BYTES[precision] > _MOST_BYTES:
        to_do = "Export a smaller model." if precision == "int8" else "Add --precision float16 or int8."
        raise P2PError(model.card.direction, "has more weights than an ONNX file takes", to_do, code="too-large")
    writer = _Writer(card, precision)
    writer.write(generator)
    return writer.graph.model(
        card.architecture.outputs, describe_values(card, "output"), _texts(model, precision, bytes_per_pixel, origin)
    )


def _texts(model: Model, precision: str, bytes_per_pixel: int, origin: str) -> dict[str, str]:
    """The metadata: all of it for p2p, and the most important in words for people and other programs."""
    card = model.card
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "card": card.to_json(),
        "source": model.digest,
        "origin": origin,
        "precision": precision,
        "bytes_per_pixel": bytes_per_pixel,
    }
    return {KEY: json.dumps(whole), **card_texts(card)}
