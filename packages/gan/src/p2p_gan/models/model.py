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
from p2p_datatools.contract.words import p2p_command
from p2p_gan.models.card import ModelCard, card_from_json
from p2p_gan.models.location import MODEL_FILE, advise_damaged, advise_lost, is_onnx, model_file
from p2p_gan.models.state_file import explain_foreign
from p2p_gan.models.tensorfile import hash_tensors, pieces, write_tensors
from p2p_gan.networks.base import Generator

_KEY = "p2p"
_CARD_HASH, _WEIGHTS_HASH = "p2p_sha256", "weights_sha256"  # older files lack them
_LONGEST_HEADER = 2**26  # bytes; a tensor needs about a hundred


@dataclass(frozen=True)
class Model:
    """A generator and its card; `digest` is the SHA-256 of the file it was read from."""

    card: ModelCard
    generator: Generator
    digest: str


def save_model(path: Path, card: ModelCard, generator: nn.Module) -> None:
    """Write the weights and the card, atomically; the same weights and card give the same bytes."""
    write_model(path, card, weights_of(generator))


def model_bytes(card: ModelCard, generator: nn.Module, *, float16: bool = False) -> bytes:
    """The bytes of the file that `save_model` writes; with `float16` weights but not vectors are stored in 16 bits."""
    tensors = weights_of(generator)
    if float16:
        tensors = {name: value.half() if value.ndim > 1 else value for name, value in tensors.items()}
    return b"".join(pieces(tensors, _metadata_of(card, tensors)))


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights of a network by name, on the CPU and without gradients."""
    return {name: value.detach().cpu() for name, value in network.state_dict().items()}


def _metadata_of(card: ModelCard, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    text = json.dumps(card.to_json())
    return {_KEY: text, _CARD_HASH: _hash_text(text), _WEIGHTS_HASH: hash_tensors(tensors)}


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_model(path: Path, card: ModelCard, tensors: Mapping[str, Tensor]) -> None:
    """Write a model file from weights that have been copied out of a generator."""
    write_tensors(path, tensors, _metadata_of(card, tensors), hashed=False)


def read_model(path: Path | str, device: torch.device | None = None) -> Model:
    """Read a model file or the model of a run folder; raises P2PError if it is not a model, damaged, or too new.

    Its weights lie on the `device`, by default the CPU. A file is damaged, too, if one bit of its weights or card is
    another than was written; older files do not say it.
    """
    path = _model_file(path)
    with _explain_damage(path):
        metadata = _read_metadata(path)
        card = _card_of(metadata, path)
        data = read_file(path)
        tensors = safetensors.torch.load(data)
    generator = _build_for(card, tensors, where=path)
    _refuse_other_weights(tensors, metadata, path)
    _refuse_endless(tensors, path)
    # Not by to_empty: it asks torch's decompositions how each tensor on meta lies, which loads sympy.
    wanted = generator.state_dict().items()
    own = {name: torch.empty(value.shape, dtype=value.dtype).copy_(tensors[name]) for name, value in wanted}
    generator.load_state_dict(own, assign=True)
    if device is not None:
        generator.to(device)
    return Model(card, generator.eval(), hashlib.sha256(data).hexdigest())


def read_card(path: Path | str) -> ModelCard:
    """Read what a model file, or the model of a run folder, says of itself, without its weights; errors as above."""
    path = _model_file(path)
    with _explain_damage(path):
        return _card_of(_read_metadata(path), path)


def describes_itself(path: Path) -> bool:
    """Whether a safetensors file has the description of a model of p2p; raises P2PError for what is none."""
    with _explain_damage(path):
        return _KEY in _read_metadata(path)


def check_model(path: Path) -> None:
    """Raise P2PError as `read_model` does for a file that is cut off, or whose card or weights are not as written."""
    with _explain_damage(path):
        metadata = _read_metadata(path)
        _card_of(metadata, path)
        tensors = safetensors.torch.load(read_file(path))
    _refuse_other_weights(tensors, metadata, path)


def _model_file(path: Path | str) -> Path:
    """The model file at `path`; raises P2PError for an ONNX file, which is none."""
    path = model_file(Path(path))
    if is_onnx(path):
        to_do = "Give the run or model file that it was exported from; ONNX files are for 'p2p sample' and 'p2p paint'."
        raise P2PError(path, "is an ONNX file, which can be applied and nothing else", to_do, code="other-format")
    return path


_GIVE = f"Give a run folder or a {MODEL_FILE}; for a file of 'p2p export' that which it was made from."


@contextlib.contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    """Turn what reading a model file may raise into one P2PError."""
    try:
        yield
    except OSError as error:
        raise cannot_read(path, error) from error
    except (safetensors.SafetensorError, struct.error) as error:
        if foreign := explain_foreign(path, "only models of p2p are read", _GIVE):
            raise foreign from error
        if _is_archive(path):
            what = "is an archive of torch.save or TorchScript, which is not read because loading one can run code"
            convert = p2p_command("import-model", path, "DEST.safetensors")
            to_do = f"Give the run folder or model file that it was made from, or convert it with {convert}."
            raise P2PError(path, what, to_do, code="other-format") from error
        what = f"is not a model file or is incomplete ({error})"
        raise P2PError(path, what, advise_lost(path), code="damaged-file") from error


def _is_archive(path: Path) -> bool:
    with open_file(path) as file:
        return file.read(4) == b"PK\x03\x04"


def _read_metadata(path: Path) -> dict[str, str]:
    """Read the texts in the header (8 bytes of length, then JSON) and check the length of the file against it."""
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
    return metadata


def _card_of(metadata: Mapping[str, str], path: Path) -> ModelCard:
    if _KEY not in metadata:
        what = "is a safetensors file without the description of a p2p model"
        to_do = f"Give a run folder or a {MODEL_FILE}. Weights of the reference implementation become one by "
        to_do += f"{p2p_command('import-model', path, 'NAME.safetensors')}."
        raise P2PError(path, what, to_do, code="not-a-model")
    card = card_from_json(metadata[_KEY], where=str(path))
    if metadata.get(_CARD_HASH, hashed := _hash_text(metadata[_KEY])) != hashed:
        raise _damage_of("description", path, _CARD_HASH)
    return card


def _refuse_other_weights(tensors: Mapping[str, Tensor], metadata: Mapping[str, str], path: Path) -> None:
    """Raise P2PError if the weights are not those that were written: any other would give pictures, too."""
    if _WEIGHTS_HASH in metadata and metadata[_WEIGHTS_HASH] != hash_tensors(tensors):
        raise _damage_of("weights", path, _WEIGHTS_HASH)


def _damage_of(part: str, path: Path, key: str) -> P2PError:
    what = f"is damaged or was changed: the SHA-256 of its {part} is not the one that was written with it"
    to_do = f"{advise_damaged(path)} If you changed it yourself, take {key} out of its metadata."
    return P2PError(path, what, to_do, code="damaged-file")


def _build_for(card: ModelCard, tensors: Mapping[str, Tensor], *, where: Path) -> Generator:
    """The generator without its weights; raises P2PError for the first tensor, by name, that does not fit it."""
    with torch.device("meta"):  # shapes only: no memory is allocated before the file is checked
        generator = card.architecture.build()
    wanted = generator.state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted or wanted[name].shape != tensors[name].shape:
            what = f"the tensor {name} does not fit the architecture in its description"
            raise P2PError(where, what, "Train or download the model again.", code="other-tensors")
    return generator


def _refuse_endless(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name in sorted(tensors):
        if not tensors[name].float().isfinite().all():
            what = f"has values that are infinite or not numbers in {name}: its training has failed"
            to_do = "Use an earlier model, such as best.safetensors of the run, or train again."
            raise P2PError(path, what, to_do, code="not-finite")
