"""The self-describing model file: a generator's weights with everything needed to apply it, in one safetensors file.

Nothing here may know training or pairs; a model can be applied without options.
"""

import contextlib
import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read
from p2p_datatools.contract.files.opening import open_file, read_file
from p2p_gan.models.card import ModelCard, card_from_json
from p2p_gan.models.location import MODEL_FILE, advise_lost, is_onnx, model_file
from p2p_gan.models.tensorfile import pieces, write_tensors
from p2p_gan.networks.base import Generator

_KEY = "p2p"
_LONGEST_HEADER = 2**26  # bytes; a tensor needs about a hundred


@dataclass(frozen=True)
class Model:
    """A generator and its card; `digest` is the SHA-256 of the file it was read from."""

    card: ModelCard
    generator: Generator
    digest: str

    @property
    def unit(self) -> int:
        """The number of which both sides of an input must be multiples."""
        return self.generator.unit


def save_model(path: Path, card: ModelCard, generator: nn.Module) -> None:
    """Write the weights and the card, atomically; the same weights and card give the same bytes."""
    write_model(path, card, weights_of(generator))


def model_bytes(card: ModelCard, generator: nn.Module, *, float16: bool = False) -> bytes:
    """The bytes of the file that `save_model` writes; with `float16` weights but not vectors are stored in 16 bits."""
    tensors = weights_of(generator)
    if float16:
        tensors = {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}
    return b"".join(pieces(tensors, _metadata_of(card)))


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights of a network by name, on the CPU and without gradients."""
    return {name: value.detach().cpu() for name, value in network.state_dict().items()}


def _metadata_of(card: ModelCard) -> dict[str, str]:
    return {_KEY: json.dumps(card.to_json())}


def write_model(path: Path, card: ModelCard, tensors: Mapping[str, Tensor]) -> None:
    """Write a model file from weights that have been copied out of a generator."""
    write_tensors(path, tensors, _metadata_of(card), hashed=False)


def read_model(path: Path | str) -> Model:
    """Read a model file or the model of a run folder; raises P2PError if it is not a model, damaged, or too new."""
    path = _model_file(path)
    with _explain_damage(path):
        card = _read_card(path)
        data = read_file(path)
        tensors = safetensors.torch.load(data)
    return Model(card, _fill(card, tensors, where=path).eval(), hashlib.sha256(data).hexdigest())


def read_card(path: Path | str) -> ModelCard:
    """Read what a model file, or the model of a run folder, says of itself, without its weights; errors as above."""
    path = _model_file(path)
    with _explain_damage(path):
        return _read_card(path)


def _model_file(path: Path | str) -> Path:
    """The model file at `path`; raises P2PError for an ONNX file, which is none."""
    path = model_file(Path(path))
    if is_onnx(path):
        to_do = "Give the run folder or model file that it was exported from; 'p2p sample' alone takes ONNX files."
        raise P2PError(path, "is an ONNX file, which can be applied and nothing else", to_do, code="other-format")
    return path


@contextlib.contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    """Turn what reading a model file may raise into one P2PError."""
    try:
        yield
    except OSError as error:
        raise cannot_read(path, error) from error
    except (safetensors.SafetensorError, struct.error) as error:
        if _is_archive(path):
            what = "is an archive of torch.save or TorchScript, which is not read because loading one can run code"
            to_do = "Give the run folder or model file that it was made from, or convert it with 'p2p import-model'."
            raise P2PError(path, what, to_do, code="other-format") from error
        raise P2PError(
            path,
            f"is not a model file or is incomplete ({error})",
            advise_lost(path),
            code="damaged-file",
        ) from error


def _is_archive(path: Path) -> bool:
    with open_file(path) as file:
        return file.read(4) == b"PK\x03\x04"


def _read_card(path: Path) -> ModelCard:
    """Read the card from the header (8 bytes of length, then JSON) and check the length of the file against it."""
    size = path.stat().st_size
    with open_file(path) as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > size - 8:
            raise safetensors.SafetensorError("its header is longer than the file")
        if length > _LONGEST_HEADER:
            raise safetensors.SafetensorError("its header is longer than any model's")
        try:
            header = json.loads(file.read(length))
            metadata = dict(header.pop("__metadata__", {}))
            end = max((each["data_offsets"][1] for each in header.values()), default=0)
        except (ValueError, AttributeError, TypeError, LookupError, RecursionError) as error:
            raise safetensors.SafetensorError("its header is not JSON of tensors") from error
    if size != 8 + length + end:
        raise safetensors.SafetensorError("its length is not the one in its header")
    if _KEY not in metadata:
        raise P2PError(
            path,
            "is a safetensors file without the description of a p2p model",
            f"Give a run folder or a {MODEL_FILE}.",
            code="not-a-model",
        )
    return card_from_json(metadata[_KEY], where=str(path))


def _fill(card: ModelCard, tensors: dict[str, Tensor], *, where: Path) -> Generator:
    """Build the generator and fill it; raises P2PError for the first tensor that does not fit or is not finite."""
    with torch.device("meta"):  # shapes only: no memory is allocated before the file is checked
        generator = card.architecture.build()
    wanted = generator.state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted or wanted[name].shape != tensors[name].shape:
            raise P2PError(
                where,
                f"the tensor {name} does not fit the architecture in its description",
                "Train or download the model again.",
                code="other-tensors",
            )
        if not tensors[name].float().isfinite().all():
            raise P2PError(
                where,
                f"has values that are infinite or not numbers in {name}: its training has failed",
                "Use an earlier model, such as best.safetensors of the run, or train again.",
                code="not-finite",
            )
    generator.to_empty(device="cpu")
    generator.load_state_dict(tensors)
    return generator
