"""Named tensors as a safetensors file: written tensor by tensor, hashed on the way, and checked before any is read.

Nothing here may know what the tensors mean, start a thread, or believe what a file says of its own size.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import atomic

# The format's own names (https://github.com/huggingface/safetensors, "Format").
_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_AGAIN = "Bring a copy of it back."
_CHUNK = 2**24  # bytes that are hashed and written while other threads run


def file_size(tensors: Mapping[str, Tensor]) -> int:
    """Bytes that the file of these tensors takes, its header included."""
    return sum(value.nbytes for value in tensors.values()) + 8 + len(_header(tensors, {}))


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, hashed: bool = True
) -> str:
    """Write tensors of the CPU, atomically and durably, and give the file's SHA-256, or "" where it is not asked for.

    The same tensors and metadata give the same bytes; no second copy of all tensors is made. Raises P2PError.
    """
    digest = hashlib.sha256()
    with atomic(path) as file:
        for piece in pieces(tensors, metadata or {}):
            if hashed:
                digest.update(piece)
            file.write(piece)
    return digest.hexdigest() if hashed else ""


def pieces(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """The bytes of the file, one piece after another."""
    header = _header(tensors, metadata)
    yield struct.pack("<Q", len(header))
    yield header
    for name in _order(tensors):
        yield from _chunks(tensors[name])


def _order(tensors: Mapping[str, Tensor]) -> list[str]:
    # Wide elements first, so that every tensor lies at a multiple of its element's size.
    return sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))


def _header(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name in _order(tensors):
        value = tensors[name]
        begin, end = end, end + value.nbytes
        entries[name] = {"dtype": _NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [begin, end]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _chunks(value: Tensor) -> Iterator[memoryview]:
    # numpy knows no bfloat16; and its copy, unlike torch's, wakes no other threads beside training.
    plain = value.detach().view(torch.int16) if value.dtype == torch.bfloat16 else value.detach()
    flat = np.ascontiguousarray(plain.numpy()).reshape(-1).view(np.uint8).data
    for begin in range(0, len(flat), _CHUNK):
        yield flat[begin : begin + _CHUNK]


SpecLookup = Callable[[str], tuple[torch.dtype, tuple[int, ...]] | None]


def read_tensors(path: Path, expected: SpecLookup, needed: set[str]) -> dict[str, Tensor]:
    """Read a file after its names, types and shapes were found to be those that are `expected`.

    `expected` gives the type and shape of a name, or None for a stranger; `needed` are names that may not be missing.
    Raises P2PError, before anything is allocated, naming the first tensor that does not fit, in the order of names.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for name in sorted(names | needed):
                _compare(path, name, file.get_slice(name) if name in names else None, expected(name))
            return {name: file.get_tensor(name) for name in sorted(names)}
    except OSError as error:
        raise P2PError(path, f"cannot be read: {error.strerror or error}", _AGAIN, code="unreadable-file") from error
    except safetensors.SafetensorError as error:
        raise P2PError(path, f"is not a whole safetensors file ({error})", _AGAIN, code="damaged-file") from error


def _compare(path: Path, name: str, found: Any, wanted: tuple[torch.dtype, tuple[int, ...]] | None) -> None:
    if found is None:
        raise P2PError(path, f"lacks the tensor {name}", _AGAIN, code="other-tensors")
    if wanted is None:
        raise P2PError(path, f"holds a tensor that these networks do not have, {name}", _AGAIN, code="other-tensors")
    dtype, shape = wanted
    if found.get_dtype() != _NAMES[dtype]:
        raise P2PError(
            path, f"its tensor {name} is {found.get_dtype()}, not {_NAMES[dtype]}", _AGAIN, code="other-tensors"
        )
    if tuple(found.get_shape()) != shape:
        raise P2PError(
            path,
            f"its tensor {name} has the shape {_sides(found.get_shape())}, not {_sides(shape)}",
            _AGAIN,
            code="other-tensors",
        )


def _sides(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape) or "of one number"
