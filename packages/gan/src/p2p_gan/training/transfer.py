"""Which weights of one network another can begin with: tensor by tensor, and class by class where classes have names.

Nothing here may read a file or draw a weight; a weight that fits nothing stays as it was drawn, and is named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from p2p_datatools.contract.palette import Palette, PaletteClass, plain
from p2p_datatools.contract.words import plural
from p2p_gan.data.coding import CodedHalf
from p2p_gan.networks.architecture import Architecture

_MOST_NAMED = 5  # classes or layers that a line lists
_COLORS = 3


@dataclass(frozen=True)
class ChannelMatch:
    """For each channel of a new layer the old channels and their weights, of which it is the sum; none begins anew.

    `lines` say what does not match, in words. `old` is the number of old channels.
    """

    rows: tuple[tuple[tuple[int, float], ...], ...]
    old: int
    lines: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether every channel is the old one of its number."""
        return len(self.rows) == self.old and all(row == ((number, 1.0),) for number, row in enumerate(self.rows))

    def __add__(self, other: "ChannelMatch") -> "ChannelMatch":
        """The channels of both, one after the other."""
        moved = tuple(tuple((number + self.old, share) for number, share in row) for row in other.rows)
        return ChannelMatch((*self.rows, *moved), self.old + other.old, (*self.lines, *other.lines))

    def fill(self, new: Tensor, old: Tensor, axis: int) -> Tensor:
        """The `new` tensor with the channels along `axis` that have old ones replaced."""
        filled = new.clone()
        for number, row in enumerate(self.rows):
            if row:
                parts = [old.select(axis, place).to(new) * share for place, share in row]
                filled.select(axis, number).copy_(torch.stack(parts).sum(dim=0))
        return filled


def match_numbers(new: int, old: int) -> ChannelMatch:
    """Channels without a meaning of their own, such as noise, by their number."""
    return ChannelMatch(tuple(((number, 1.0),) if number < old else () for number in range(new)), old)


def match_channels(new: CodedHalf, old: CodedHalf, *, output: bool = False) -> ChannelMatch:
    """Match the channels of a half: classes by name, colours as they are, grey and RGB so that grey stays grey.

    `output` says that a layer gives these channels instead of taking them.
    """
    if new.coding.kind != old.coding.kind:
        line = f"the {new.half.name} is coded as {new.coding.kind}, in that model as {old.coding.kind}"
        return ChannelMatch(((),) * new.coding.channels, old.coding.channels, (line,))
    if new.coding.kind == "classes":
        assert new.palette is not None, "classes are those of a palette"
        assert old.palette is not None, "classes are those of a palette"
        return match_classes(new.palette, old.palette)
    one, other = new.coding.channels, old.coding.channels
    lines = _colors_apart(new, old)
    if {one, other} == {1, _COLORS}:
        return ChannelMatch(_grey_rows(one, other, output=output), other, lines)
    matched = match_numbers(one, other)
    if one != other:
        lines += (
            f"the {new.half.name} has {plural(one, 'channel')}, in that model {other}: the first {min(one, other)} "
            "are taken by their number",
        )
    return ChannelMatch(matched.rows, other, lines)


def _grey_rows(new: int, old: int, *, output: bool) -> tuple[tuple[tuple[int, float], ...], ...]:
    """One channel from three or three from one, so that a layer does with grey pictures what it did."""
    if new == 1:
        return (tuple((number, 1 / _COLORS if output else 1.0) for number in range(old)),)
    return (((0, 1.0 if output else 1 / _COLORS),),) * new


def match_classes(new: Palette, old: Palette) -> ChannelMatch:
    """Match classes by their names, else by an alias."""
    found = [_same_class(each, old) for each in new.classes]
    rows = tuple(() if place is None else ((place, 1.0),) for place in found)
    fresh = [each.name for each, place in zip(new.classes, found, strict=True) if place is None]
    unused = [each.name for number, each in enumerate(old.classes) if number not in found]
    lines = [f"new classes: {name_some(fresh)}"] if fresh else []
    lines += [f"classes of that model without use: {name_some(unused)}"] if unused else []
    return ChannelMatch(rows, len(old.classes), tuple(lines))


def _same_class(wanted: PaletteClass, palette: Palette) -> int | None:
    """The index of the class of the same name, else of one that has it as an alias or is one; None if there is none."""
    name, aliases = plain(wanted.name), set(map(plain, wanted.aliases))
    names = [plain(each.name) for each in palette.classes]
    if name in names:
        return names.index(name)
    for number, each in enumerate(palette.classes):
        if names[number] in aliases or name in map(plain, each.aliases):
            return number
    return None


def _colors_apart(new: CodedHalf, old: CodedHalf) -> tuple[str, ...]:
    """What differs between masks that the networks see as colours."""
    if new.palette is None or old.palette is None or new.half.kind != "mask" or old.half.kind != "mask":
        return ()
    pairs = [(each, _same_class(each, old.palette)) for each in new.palette.classes]
    fresh = [each.name for each, place in pairs if place is None]
    other = [each.name for each, place in pairs if place is not None and old.palette.classes[place].color != each.color]
    lines = [f"new classes, which that model knows no colour of: {name_some(fresh)}"] if fresh else []
    lines += [f"classes of other colours than in that model: {name_some(other)}"] if other else []
    return tuple(lines)


def name_some(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Edge:
    """A layer whose channels mean something: how they match, and along which axis of its weight they lie."""

    match: ChannelMatch
    axis: int


@dataclass(frozen=True)
class Transfer:
    """The tensors with which a network begins, by name: those that fit, the rest as it was drawn.

    `share` is the share of its values that are taken, `anew` are the layers without any.
    """

    tensors: Mapping[str, Tensor]
    share: float
    anew: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every value is taken."""
        return self.share == 1.0


def transfer_weights(
    new: Mapping[str, Tensor], old: Mapping[str, Tensor], edges: Mapping[str, Edge], names: Mapping[str, str]
) -> Transfer:
    """Take what fits of the tensors `old` for those of the state `new`.

    `edges` are the layers, by the names of their tensors, whose channels are matched; `names` says under which name a
    tensor is known in `old`, where that is another one.
    """
    tensors, taken, total, anew = dict(new), 0, 0, dict[str, None]()
    for name, value in new.items():
        total += value.numel()
        found, edge = old.get(names.get(name, name)), edges.get(name)
        if found is None:
            anew[_layer(name)] = None
        elif edge is not None and not edge.match.is_plain:
            if _fits_but_for(value, found, edge):
                tensors[name] = edge.match.fill(value, found, edge.axis)
                kept = sum(map(bool, edge.match.rows))
                taken += value.numel() * kept // max(1, len(edge.match.rows))
            else:
                anew[_layer(name)] = None
        elif found.shape == value.shape:
            tensors[name], taken = found.to(value), taken + value.numel()
        else:
            anew[_layer(name)] = None
    return Transfer(tensors, taken / max(1, total), tuple(anew))


def _fits_but_for(new: Tensor, old: Tensor, edge: Edge) -> bool:
    """Whether two tensors have the same shape apart from the axis of the channels."""
    rest = [list(each.shape) for each in (new, old)]
    if len(rest[0]) != len(rest[1]) or old.shape[edge.axis] != edge.match.old:
        return False
    for sides in rest:
        del sides[edge.axis]
    return rest[0] == rest[1] and any(edge.match.rows)


def _layer(name: str) -> str:
    """The layer of a tensor: a convolution and its norm are one."""
    layer = name.rpartition(".")[0]
    return layer.removesuffix(".conv").removesuffix(".norm")


def generator_edges(
    shape: Architecture, inputs: ChannelMatch, outputs: ChannelMatch, noise: ChannelMatch
) -> dict[str, Edge]:
    """The layers of a generator with channels: the first, the last, and the scales and shifts of norms of classes."""
    first = "enter.conv.weight" if shape.kind == "resnet" else "down.0.conv.weight"
    transposed = shape.upsampling == "transposed" and shape.kind != "resnet"
    last = {"last.weight": Edge(outputs, 1 if transposed else 0), "last.bias": Edge(outputs, 0)}
    adaptive = {
        f"up.{number}.by_class.{what}.weight": Edge(inputs, 1)
        for number in range(shape.depth - 1 if shape.class_adaptive else 0)
        for what in ("scale", "shift")
    }
    return {first: Edge(inputs + noise, 1)} | last | adaptive


def generator_names(new: Architecture, old: Architecture) -> dict[str, str]:
    """The names in the old generator of the tensors of the new one that are called otherwise there.

    Blocks of a decoder are numbered from the innermost, which is another one in a deeper network: the same block is the
    one of the same distance from the outermost.
    """
    if new.kind == "resnet" or old.kind == "resnet" or new.depth == old.depth:
        return {}
    return {
        name: f"up.{old.depth - new.depth + int(number)}.{rest}"
        for name in new.build().state_dict()
        for up, number, rest in [[*name.split(".", 2), ""][:3]]
        if up == "up"
    }


# The parts of discriminators by the names of their tensors: those that segment, all but projected heads, and scales.
_SEGMENTERS = {"labeller.": 0, "segmenter.": 1}  # with how many outputs beside the classes: that for fake
_OTHERS, _PATCHES, _SCALES, _PROJECTED = "others.", "patches.", "scales.", ("heads.", "mixing.")


def discriminator_names(new: Iterable[str], old: Iterable[str]) -> dict[str, str]:
    """The names of a discriminator's tensors in another, which may have heads or several scales where this has not."""
    known = {_place_of(name): name for name in old}
    return {name: known.get(_place_of(name), "") for name in new}


def _place_of(name: str) -> str:
    """A name with its scale, as that of a discriminator with neither heads nor scales has it too."""
    bare = name.removeprefix(_OTHERS).removeprefix(_PATCHES)
    return bare if bare.startswith((*_SEGMENTERS, _SCALES, *_PROJECTED)) else f"{_SCALES}0.{bare}"


@dataclass(frozen=True)
class SeenChannels:
    """What a discriminator sees: the `pair`, the output alone, the mask's classes, and what projected heads are given.

    `labels` are None if one of the two discriminators has no classes.
    """

    pair: ChannelMatch
    output: ChannelMatch
    labels: ChannelMatch | None
    condition: ChannelMatch


def discriminator_edges(new: Mapping[str, Tensor], old: Mapping[str, Tensor], seen: SeenChannels) -> dict[str, Edge]:
    """The layers of a discriminator with channels: the first ones, and the outputs and inputs that are classes."""
    names, edges = discriminator_names(new, old), {}
    labels = seen.labels or ChannelMatch((), 0)
    for name, value in new.items():
        place = _place_of(name)
        for segmenter, more in _SEGMENTERS.items():
            if place.startswith(f"{segmenter}last."):
                edges[name] = Edge(labels + match_numbers(more, more), 0)
            elif place == f"{segmenter}down.0.conv.weight":
                edges[name] = Edge(seen.output, 1)
        if place.startswith(_PROJECTED) and place.endswith(".conv.weight"):
            before = old.get(names[name])
            width = value.shape[0] if before is None else before.shape[0]
            edges[name] = Edge(match_numbers(value.shape[0], width) + seen.condition, 1)
        elif place.endswith("convs.0.weight"):
            edges[name] = Edge(seen.pair, 1)
    return edges


def pair_match(inputs: ChannelMatch, outputs: ChannelMatch, conditional: tuple[bool, bool]) -> ChannelMatch:
    """The channels of a pair as a new and an old discriminator see them, each `conditional` or not."""
    new, old = conditional
    rows = inputs.rows if new else ()
    if not old:
        rows = ((),) * len(rows)
    return ChannelMatch(rows, inputs.old if old else 0) + ChannelMatch(outputs.rows, outputs.old)
