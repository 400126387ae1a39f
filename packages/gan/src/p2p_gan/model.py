"""The self-describing model file: a generator's weights with everything needed to apply it, in one safetensors file.

Nothing here may know training or pairs; a model needs no options to be used.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.manifest import Half
from p2p_datatools.contract.palette import Palette, palette_from_json
from p2p_datatools.contract.sizes import TRAIN_FITS, Size, TrainFit
from p2p_gan.networks.applying import Statistics
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.contract import Generator
from p2p_gan.tensorfile import pieces, write_tensors
from p2p_gan.values import Coding, coding_of

FORMAT, VERSION = "p2p-model", 1
FILE, BEST = "model.safetensors", "best.safetensors"
KEY = "p2p"


@dataclass(frozen=True)
class ModelCard:
    """What a model says of itself: what goes in and comes out, at which size and fit, and where it is from.

    `input_as` and `output_as` are values or classes: how the halves are coded.
    """

    architecture: Architecture
    input: Half
    output: Half
    palette: Palette | None
    size: Size | None  # None: pictures of their own size
    fit: TrainFit
    statistics: Statistics
    averaged: bool
    images: int
    data_hash: str
    input_as: str = "values"
    output_as: str = "values"

    @property
    def input_coding(self) -> Coding:
        """How pixels become what the generator takes."""
        return coding_of(self.input, self.palette, self.input_as, field="input_as")

    @property
    def output_coding(self) -> Coding:
        """How what the generator gives becomes pixels."""
        return coding_of(self.output, self.palette, self.output_as, field="output_as")

    @property
    def direction(self) -> str:
        """The direction in the words of the halves."""
        return f"{self.input.name}-to-{self.output.name}"

    def to_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            **asdict(self),
            "direction": self.direction,
            "palette": self.palette.to_json() if self.palette else None,
        }


@dataclass(frozen=True)
class Model:
    """A generator and its card; `digest` is the SHA-256 of the file it was read from."""

    card: ModelCard
    generator: Generator
    digest: str


def save_model(path: Path, card: ModelCard, generator: nn.Module) -> None:
    """Write the weights and the card, atomically; the same weights and card give the same bytes."""
    write_model(path, card, _weights(generator))


def model_bytes(card: ModelCard, generator: nn.Module) -> bytes:
    """The same as bytes."""
    return b"".join(pieces(_weights(generator), _metadata_of(card)))


def _weights(generator: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu() for name, value in generator.state_dict().items()}


def _metadata_of(card: ModelCard) -> dict[str, str]:
    return {KEY: json.dumps(card.to_json())}


def write_model(path: Path, card: ModelCard, tensors: Mapping[str, Tensor]) -> None:
    """The same of weights that were copied out of a network before."""
    write_tensors(path, tensors, _metadata_of(card), hashed=False)


def model_file(path: Path) -> Path:
    """The model file that `path` means: itself, or that of a run folder."""
    if path.is_dir():
        if not (path / FILE).is_file():
            raise P2PError(f"{path}: has no {FILE}. Is it a run folder, and did its training reach a first checkpoint?")
        return path / FILE
    if not path.is_file():
        raise P2PError(f"{path}: there is no such model. Give a run folder or a {FILE}.")
    return path


def load_model(path: Path) -> Model:
    """Read a model file or the model of a run folder; raises P2PError when it is not one, not whole, or too new."""
    path = model_file(path)
    try:
        data = path.read_bytes()
        card = _card(_metadata(data), where=path)
        tensors = safetensors.torch.load(data)
    except OSError as error:
        raise P2PError(f"{path}: cannot be read: {error.strerror}.") from error
    except (safetensors.SafetensorError, struct.error) as error:
        raise P2PError(f"{path}: is not a model, or was cut off ({error}). Give a run folder or a {FILE}.") from error
    generator = card.architecture.build()
    _fill(generator, tensors, where=path)
    return Model(card, generator.eval(), hashlib.sha256(data).hexdigest())


def _metadata(data: bytes) -> dict[str, str]:
    """The header's metadata (the format: 8 bytes of length, then JSON)."""
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise safetensors.SafetensorError("its header is longer than the file")
    try:
        header = json.loads(data[8 : 8 + length])
        return dict(header.get("__metadata__", {}))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise safetensors.SafetensorError("its header is not JSON") from error


def _card(metadata: dict[str, str], *, where: Path) -> ModelCard:
    if KEY not in metadata:
        raise P2PError(f"{where}: holds tensors but no description of a p2p model. Give a run folder or a {FILE}.")
    try:
        value = json.loads(metadata[KEY])
        if value["format"] != FORMAT or value["version"] > VERSION:
            raise P2PError(f"{where}: is of format {value['format']} {value['version']}; this p2p is older. Update it.")
        palette = value["palette"]
        assert value["fit"] in TRAIN_FITS
        card = ModelCard(
            architecture=Architecture(**value["architecture"]),
            input=_half(value["input"]),
            output=_half(value["output"]),
            palette=palette_from_json(palette, where=str(where)) if palette else None,
            size=Size(*value["size"]) if value["size"] else None,
            fit=value["fit"],
            statistics=value["statistics"],
            averaged=value["averaged"],
            images=value["images"],
            data_hash=value["data_hash"],
            # Files from before halves could be coded in another way do not say it.
            input_as=value.get("input_as", "values"),
            output_as=value.get("output_as", "values"),
        )
        shape = card.architecture
        assert (shape.inputs, shape.outputs) == (card.input_coding.channels, card.output_coding.channels), "channels"
        return card
    except (ValueError, KeyError, TypeError, AssertionError, UsageError) as error:
        raise P2PError(f"{where}: its description is damaged ({error}). Train or fetch the model again.") from error


def _half(value: dict[str, Any]) -> Half:
    return Half(**{**value, "range": tuple(value["range"])})


def _fill(generator: Generator, tensors: dict[str, Tensor], *, where: Path) -> None:
    """Load the weights; the first that is missing, extra or of another shape is named."""
    wanted = generator.state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted or wanted[name].shape != tensors[name].shape:
            raise P2PError(
                f"{where}: the tensor {name} does not fit the architecture it states. Train or fetch it again."
            )
    generator.load_state_dict(tensors)
