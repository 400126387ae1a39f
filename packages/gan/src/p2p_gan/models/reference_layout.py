"""The names and order of tensors in generators of the reference PyTorch implementation, mapped to those of p2p.

Nothing here may read or write files; the order is that of Zhu and Park's pytorch-CycleGAN-and-pix2pix.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from p2p_gan.networks.architecture import Architecture

DROPOUT = 0.5  # the reference uses this probability or no dropout
COUNTER = "num_batches_tracked"  # of a batch norm; a network's output does not depend on it
_FIRST_BLOCK = "model.10.conv_block."
_STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True)
class TensorEntry:
    """One tensor: its name in the reference and in p2p (None: p2p has no such tensor).

    `joined` marks a transposed convolution of the decoder, whose input in the reference is first the skip and then the
    output of the block below, and in p2p the other way round.
    """

    theirs: str
    ours: str | None
    joined: bool = False


def entries(architecture: Architecture) -> list[TensorEntry]:
    """All tensors of the generator in the order of the reference's state dict."""
    listed = _resnet(architecture) if architecture.kind == "resnet" else _unet(architecture)
    return list(listed)


def reference_name(architecture: Architecture) -> str:
    """The reference's name of the generator, such as unet_256 or resnet_9blocks."""
    if architecture.kind == "resnet":
        return f"resnet_{architecture.blocks}blocks"
    return f"unet_{2**architecture.depth}"


def leftover(theirs: str, architecture: Architecture) -> bool:
    """Whether PyTorch before 0.4 wrote this tensor for an instance norm, which never used it."""
    if architecture.norm != "instance" or theirs.rpartition(".")[2] not in (*_STATISTICS, COUNTER):
        return False
    return theirs in {entry.theirs for entry in entries(replace(architecture, norm="batch"))}


def _conv(theirs: str, ours: str, *, bias: bool, joined: bool = False) -> Iterator[TensorEntry]:
    yield TensorEntry(f"{theirs}.weight", f"{ours}.weight", joined)
    if bias:
        yield TensorEntry(f"{theirs}.bias", f"{ours}.bias")


def _norm(theirs: str, ours: str, norm: str) -> Iterator[TensorEntry]:
    if norm == "batch":
        for name in ("weight", "bias", *_STATISTICS):
            yield TensorEntry(f"{theirs}.{name}", f"{ours}.{name}")
        yield TensorEntry(f"{theirs}.{COUNTER}", None)


def _levels(depth: int) -> list[str]:
    """The prefixes of the nested blocks, outermost first: each block contains the next between encoder and decoder."""
    prefixes = ["model.model"]
    for level in range(1, depth):
        prefixes.append(f"{prefixes[-1]}.{1 if level == 1 else 3}.model")
    return prefixes


def _unet(architecture: Architecture) -> Iterator[TensorEntry]:
    depth, norm, bias = architecture.depth, architecture.norm, architecture.biases
    levels = _levels(depth)
    yield from _conv(f"{levels[0]}.0", "down.0.conv", bias=bias)
    for level in range(1, depth):
        # Number 0 is the leaky ReLU. The bottleneck has no norm and contains no block.
        yield from _conv(f"{levels[level]}.1", f"down.{level}.conv", bias=bias)
        if level < depth - 1:
            yield from _norm(f"{levels[level]}.2", f"down.{level}.norm", norm)
    for level in range(depth - 1, 0, -1):
        innermost, up = level == depth - 1, depth - 1 - level
        number = 3 if innermost else 5
        yield from _conv(f"{levels[level]}.{number}", f"up.{up}.conv", bias=bias, joined=not innermost)
        yield from _norm(f"{levels[level]}.{number + 1}", f"up.{up}.norm", norm)
    yield from _conv(f"{levels[0]}.3", "last", bias=True, joined=True)


def _resnet(architecture: Architecture) -> Iterator[TensorEntry]:
    norm, bias = architecture.norm, architecture.biases
    for number, ours in ((1, "enter"), (4, "down.0"), (7, "down.1")):
        yield from _conv(f"model.{number}", f"{ours}.conv", bias=bias)
        yield from _norm(f"model.{number + 1}", f"{ours}.norm", norm)
    second = 6 if architecture.dropout else 5  # dropout stands before the second padding
    for block in range(architecture.blocks):
        inside = f"model.{10 + block}.conv_block"
        yield from _conv(f"{inside}.1", f"blocks.{block}.first", bias=bias)
        yield from _norm(f"{inside}.2", f"blocks.{block}.first_norm", norm)
        yield from _conv(f"{inside}.{second}", f"blocks.{block}.second", bias=bias)
        yield from _norm(f"{inside}.{second + 1}", f"blocks.{block}.second_norm", norm)
    after = 10 + architecture.blocks
    for number, ours in ((after, "up.0"), (after + 3, "up.1")):
        yield from _conv(f"model.{number}", f"{ours}.conv", bias=bias)
        yield from _norm(f"model.{number + 1}", f"{ours}.norm", norm)
    yield from _conv(f"model.{after + 7}", "last", bias=True)


def recognise(tensors: Mapping[str, Tensor]) -> Architecture | None:
    """The generator that has tensors of these names; None if the reference has no such generator.

    Missing tensors and wrong shapes are not checked here. Dropout does not affect the tensors of a U-Net and is assumed
    as in the reference: in the blocks of eight times the filters, except the innermost one. In a resnet it shifts the
    numbers of later layers and so is recognised.
    """
    if any(name.startswith("model.model.") for name in tensors):
        return _recognised_unet(tensors)
    if any(name.endswith(".filt") for name in tensors):
        return None
    if any(name.startswith(_FIRST_BLOCK) for name in tensors):
        return _recognised_resnet(tensors)
    return None


def find_generators(tables: Mapping[str, Mapping[str, Tensor]]) -> dict[str, tuple[Architecture, dict[str, Tensor]]]:
    """The generators in tables of tensors, each by the keys of its table and what stands before its names, with dots.

    The name is "" for a table that is nothing but a generator.
    """
    found = {}
    for keys, table in tables.items():
        for prefix, tensors in _parts(table).items():
            architecture = recognise(tensors)
            if architecture is not None:
                found[".".join(filter(None, (keys, prefix)))] = architecture, tensors
    return found


def _parts(table: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors of a table by what stands before the names of a network of the reference, which is then left out."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in table.items():
        begins = _BEGINS.match(name)
        prefix = begins[1] if begins else ""
        parts.setdefault(prefix.removesuffix("."), {})[name.removeprefix(prefix)] = value
    return parts


_BEGINS = re.compile(r"((?:[^.]+\.)*?)model\.(?:model\.)?\d+\.")
_PROGRAMS = {
    re.compile(r"(^|\.)(head_0|up_0)\.(conv|norm)_0\."): "SPADE",
    re.compile(r"(^|\.)model\d+_\d+\."): "pix2pixHD's local enhancer",
    re.compile(r"(^|\.)model\.\d+\.filt$"): "CUT (its resnet with anti-aliasing)",
    re.compile(r"(^|\.)model\.\d+\.conv_block\."): "pix2pixHD's global generator",
}


def program_of(tensors: Iterable[str]) -> str | None:
    """The program whose generator has tensors of such names, if it is a well-known one; None for others."""
    names = list(tensors)
    return next((program for sign, program in _PROGRAMS.items() if any(sign.search(name) for name in names)), None)


def _recognised_unet(tensors: Mapping[str, Tensor]) -> Architecture:
    levels = ["model.model"]
    while any(name.startswith(f"{(deeper := _levels(len(levels) + 1)[-1])}.") for name in tensors):
        levels.append(deeper)
    depth = len(levels)
    filters, inputs = (_side(tensors, "model.model.0.weight", side) for side in (0, 1))
    outputs = _side(tensors, "model.model.3.weight", 1)
    norm, biases = _norm_and_biases(tensors, "model.model.1.model.2.weight", "model.model.0.bias")
    blocks = max(0, depth - 5)
    return Architecture(
        inputs,
        outputs,
        depth,
        filters,
        8 * filters,
        norm,
        DROPOUT if blocks else 0.0,
        dropout_blocks=blocks,
        dropout_skip=1,
        biases=biases,
    )


def _recognised_resnet(tensors: Mapping[str, Tensor]) -> Architecture:
    blocks = len({name.split(".conv_block.")[0] for name in tensors if ".conv_block." in name})
    filters, inputs = (_side(tensors, "model.1.weight", side) for side in (0, 1))
    outputs = _side(tensors, f"model.{10 + blocks + 7}.weight", 0)
    norm, biases = _norm_and_biases(tensors, "model.2.weight", "model.1.bias")
    dropout = 0.0 if "model.10.conv_block.5.weight" in tensors else DROPOUT
    return Architecture(inputs, outputs, 2, filters, 8 * filters, norm, dropout, "resnet", blocks=blocks, biases=biases)


def _side(tensors: Mapping[str, Tensor], name: str, side: int) -> int:
    """The length of a convolution's weight along `side`; 1 if it does not exist, which is reported later."""
    return max(1, tensors[name].shape[side]) if name in tensors and tensors[name].ndim == 4 else 1


def _norm_and_biases(tensors: Mapping[str, Tensor], norm: str, bias: str) -> tuple[str, bool]:
    """The norm, and whether convolutions have biases, which in the reference they have with instance norm only."""
    biases = bias in tensors
    return ("batch" if norm in tensors else "instance" if biases else "none"), biases


def layout_of_export(architecture: Architecture) -> Architecture:
    """The same generator with the biases of the reference: with instance norm in all layers, else in the last alone."""
    return replace(architecture, biases=architecture.norm == "instance")


def biases_to_fold(architecture: Architecture) -> tuple[dict[str, str], list[str]]:
    """The biases that the reference lacks: those before a batch norm, each with its running mean, and the others.

    A norm subtracts the mean of what it is given, and with it a bias: that of the picture in any case, the running one
    once the bias is subtracted from it. So these can go out exactly, the others only where they are 0.
    """
    kept = {entry.ours for entry in entries(layout_of_export(architecture))}
    ours = [entry.ours for entry in entries(architecture) if entry.ours]
    folded, others = {}, []
    for place, name in enumerate(ours):
        if name in kept or not name.endswith(".bias"):
            continue
        means = ours[place + 1 : place + 4]  # weight and bias of the norm stand before it
        mean = next((each for each in means if each.endswith(_STATISTICS[0])), None)
        if mean:
            folded[name] = mean
        else:
            others.append(name)
    return folded, others


def why_biases_stay(architecture: Architecture) -> str | None:
    """That some biases cannot go out, as `why_not` says it; None where all can."""
    others = biases_to_fold(architecture)[1]
    if not others:
        return None
    named = ", ".join(name.removesuffix(".conv.bias") for name in others[:3])
    more = "" if len(others) <= 3 else f" and {len(others) - 3} more"
    return (
        f"layers without a norm ({named}{more}) have biases, which those of the reference do not have (--set "
        "bias_before_norm=off trains without)"
    )


def why_not(architecture: Architecture) -> str | None:
    """Why the reference has no such generator, as a clause that continues after "its"; None if it has.

    Biases are left to `why_biases_stay`.
    """
    widest = 4 if architecture.kind == "resnet" else 8
    if architecture.kind == "encoder-decoder":
        return "decoder has no skips, but that of the reference always has"
    if architecture.kind not in ("unet", "resnet"):
        return f"generator is a {architecture.kind}, and the reference's is a unet or a resnet"
    if architecture.upsampling != "transposed":
        return f"decoder upsamples by {architecture.upsampling}, but that of the reference by transposed convolutions"
    if architecture.class_adaptive:
        return "norms differ between classes, but those of the reference do not"
    if architecture.noise or architecture.pixel_noise:
        return "input has noise channels, but that of the reference has none"
    if architecture.head != "tanh":
        return "output is logits, but that of the reference is tanh"
    if architecture.kind == "unet" and architecture.depth < 5:
        return f"depth is {architecture.depth}, but that of the reference is at least 5"
    if architecture.widths(4)[-1] < widest * architecture.filters or (
        architecture.kind == "unet" and architecture.max_filters > widest * architecture.filters
    ):
        return f"channels do not grow to {widest} times the first, as those of the reference do (--set max_filters=...)"
    return None
