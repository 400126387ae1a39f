"""The model card in a model file: everything needed to build and apply the generator, and its reading from JSON.

Nothing here may read a file, build a network, or accept a value that no model of p2p can have.
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, get_args

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pairs.manifest import Half, half_from_json
from p2p_datatools.contract.palette import Palette, palette_from_json
from p2p_datatools.contract.pictures.nodata import Nodata, parse_nodata
from p2p_datatools.contract.pictures.sizes import TRAIN_FITS, Size, TrainFit
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.data.coding import KINDS, CodedHalf, Coding, coding_of
from p2p_gan.data.sizing import Proportions, of_proportions
from p2p_gan.networks.architecture import Architecture, Statistics

_FORMAT, _VERSION = "p2p-model", 1
# (lowest, highest) of an architecture's fields. Imported networks may be larger than those trained by p2p.
_LIMITS = {
    **{
        "depth": (1, 16),
        "blocks": (1, 256),
        "filters": (1, 2**14),
        "max_filters": (1, 2**14),
        "noise": (0, 64),
        "pixel_noise": (0, 64),
    },
    **{"dropout": (0, math.nextafter(1, 0)), "dropout_blocks": (0, 16), "dropout_skip": (0, 16)},
}
_LARGEST_SIDE = 2**16


@dataclass(frozen=True)
class ModelCard:
    """The description of a model: architecture, input and output, size and fit, and the data it was trained on.

    `input_as` and `output_as` are values or classes: how the halves are encoded. `averaged` says that the weights are
    an EMA. `proportions` are those of the pictures of training; None where a model does not say them.
    """

    architecture: Architecture
    input: Half
    output: Half
    palette: Palette | None
    size: Size | None  # None: each picture has its own size
    fit: TrainFit
    statistics: Statistics
    averaged: bool
    images: int
    data_hash: str
    input_as: str = "values"
    output_as: str = "values"
    proportions: Proportions | None = None

    @cached_property
    def input_coding(self) -> Coding:
        """The coding of the generator's input."""
        return coding_of(self.input, self.palette, self.input_as, field="input_as")

    @cached_property
    def output_coding(self) -> Coding:
        """The coding of the generator's output."""
        return coding_of(self.output, self.palette, self.output_as, field="output_as")

    @property
    def coded_input(self) -> CodedHalf:
        """The half that the generator takes."""
        return CodedHalf(self.input, self.input_coding, self.palette)

    @property
    def coded_output(self) -> CodedHalf:
        """The half that the generator gives."""
        return CodedHalf(self.output, self.output_coding, self.palette)

    @property
    def input_palette(self) -> Palette | None:
        """The palette of an input that is a mask, in whatever coding; None for other inputs."""
        return self.palette if self.input.kind == "mask" else None

    @property
    def class_palette(self) -> Palette | None:
        """The palette of an output of class indices; None where the output is values."""
        return self.palette if self.output_coding.kind == "classes" else None

    @property
    def unit(self) -> int:
        """The number of which both sides of the network's input must be multiples."""
        return self.architecture.unit

    @property
    def nodata(self) -> Nodata:
        """What has no data in an input, as it had none in the pairs of training."""
        return parse_nodata(self.input.nodata or None)

    @property
    def usual_size(self) -> Size | None:
        """About the size of its training in the proportions of the pictures there; None where each had its own."""
        if self.size is None or self.proportions is None or self.fit == "crop":
            return self.size
        return of_proportions(self.proportions.typical, self.size)

    @property
    def direction(self) -> str:
        """The direction with the names of the halves."""
        return f"{self.input.name}-to-{self.output.name}"

    def to_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            **asdict(self),
            "input": self.input.to_json(),
            "output": self.output.to_json(),
            "direction": self.direction,
            "palette": self.palette.to_json() if self.palette else None,
        }


def card_from_json(text: str, *, where: str) -> ModelCard:
    """Read the text of `ModelCard.to_json`; raises P2PError if it is damaged or newer than this program."""
    what, to_do = "has a damaged description", "Train or download the model again."
    try:
        with catch_decoder(where, what, to_do):
            value = json.loads(text)
            if value["format"] != _FORMAT or value["version"] > _VERSION:
                what = f"has the format {value['format']} {value['version']}, which this version of p2p does not know"
                raise P2PError(where, what, "Update p2p.", code="unknown-version")
            return _card(value, where)
    except UsageError as error:
        raise P2PError(where, f"{what} ({error})", to_do, code="damaged-file") from error


def _card(value: dict[str, Any], where: str) -> ModelCard:
    palette = value["palette"]
    card = ModelCard(
        architecture=_architecture(value["architecture"]),
        input=half_from_json(value["input"]),
        output=half_from_json(value["output"]),
        palette=None if palette is None else palette_from_json(palette, where=where),
        size=None if value["size"] is None else _size(value["size"]),
        fit=_one_of(value, "fit", TRAIN_FITS),
        statistics=_one_of(value, "statistics", get_args(Statistics)),
        averaged=_of_type("averaged", value["averaged"], bool),
        images=_of_type("images", value["images"], int),
        data_hash=_of_type("data_hash", value["data_hash"], str),
        # Files that are older than these fields have the coding values.
        input_as=_one_of({"input_as": "values"} | value, "input_as", KINDS),
        output_as=_one_of({"output_as": "values"} | value, "output_as", KINDS),
        proportions=None if value.get("proportions") is None else _proportions(value["proportions"]),
    )
    shape = card.architecture
    if (shape.inputs, shape.outputs) != (card.input_coding.channels, card.output_coding.channels):
        raise ValueError("the channels of its halves are not those of its network")
    if shape.class_adaptive and (card.input_as != "classes" or shape.kind == "resnet" or shape.norm == "none"):
        raise ValueError("its network has norms of classes, but no classes or no such norms")
    return card


def _architecture(value: dict[str, Any]) -> Architecture:
    found = Architecture(**value)
    for field in fields(Architecture):
        own = getattr(found, field.name)
        assert isinstance(field.type, type)
        _of_type(field.name, own, field.type)
        if field.name in _LIMITS:
            low, high = _LIMITS[field.name]
            if not low <= own <= high:
                raise ValueError(f"{field.name}={own} is not within {low} to {high}")
    settings = settings_of(Config)
    _one_of(value, "norm", settings["norm"].choices)
    for name, choices in (("upsampling", settings["upsampling"].choices), ("head", ("tanh", "logits"))):
        _one_of({name: getattr(found, name)}, name, choices)
    return found


def _of_type(name: str, value: Any, wanted: type) -> Any:
    if not isinstance(value, (int, float) if wanted is float else wanted) or (
        isinstance(value, bool) and wanted is not bool
    ):
        raise TypeError(f"{name}={value!r:.40} is not of type {wanted.__name__}")
    return value


def _one_of(table: dict[str, Any], name: str, choices: tuple[str, ...]) -> Any:
    if table[name] not in choices:
        raise ValueError(f"{name}={table[name]!r:.40} is not one of {', '.join(choices)}")
    return table[name]


def _size(value: Any) -> Size:
    width, height = value
    size = Size(_of_type("size", width, int), _of_type("size", height, int))
    if not all(1 <= side <= _LARGEST_SIDE for side in size):
        raise ValueError(f"size={size} is not within 1 to {_LARGEST_SIDE}")
    return size


def _proportions(value: Any) -> Proportions:
    found = Proportions(*(float(_of_type("proportions", each, float)) for each in value))
    if not 0 < found.narrowest <= found.typical <= found.widest < math.inf:
        raise ValueError(f"proportions={value!r:.40} are not those of pictures")
    return found
