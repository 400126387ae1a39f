"""Writes named tensors to a safetensors file, tensor by tensor with a hash, and checks a file before it reads tensors.

Nothing here may know what the tensors mean, start a thread, or allocate memory before a file's header is checked.
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
_RESTORE = "Restore it from a copy."
_CHUNK = 2**24  # bytes that are hashed and written at once, so that other threads can run in between


def file_size(tensors: Mapping[str, Tensor]) -> int:
    """The bytes of a file of these tensors, with its header."""
    return sum(value.nbytes for value in tensors.values()) + 8 + len(_header(tensors, {}))


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, hashed: bool = True
) -> str:
    """Write CPU tensors, atomically and durably, and return the file's SHA-256, or "" if not `hashed`.

    The same tensors and metadata give the same bytes; the tensors are not copied as a whole. Raises P2PError.
    """
    digest = hashlib.sha256()
    with atomic(path) as file:
        for piece in pieces(tensors, metadata or {}):
            if hashed:
                digest.update(piece)
            file.write(piece)
    return digest.hexdigest() if hashed else ""


def pieces(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """The bytes of the file in pieces."""
    header = _header(tensors, metadata)
    yield struct.pack("<Q", len(header))
    yield header
    for name in _order(tensors):
        yield from _chunks(tensors[name])


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of CPU tensors, in hex: of the name, type, shape and bytes of each, in the order of their names.

    It is the same wherever in a file each of them lies; "" where one has a type that is never written here.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        if value.dtype not in _NAMES:
            return ""
        digest.update(json.dumps([name, _NAMES[value.dtype], list(value.shape)]).encode())
        for chunk in _chunks(value):
            digest.update(chunk)
    return digest.hexdigest()


def _order(tensors: Mapping[str, Tensor]) -> list[str]:
    # Large elements first, so that every tensor begins at a multiple of its element size.
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
    # numpy has no bfloat16; its copy, unlike that of torch, uses no other threads, which training needs.
    plain = value.detach().view(torch.int16) if value.dtype == torch.bfloat16 else value.detach()
    flat = np.ascontiguousarray(plain.numpy()).reshape(-1).view(np.uint8).data
    for begin in range(0, len(flat), _CHUNK):
        yield flat[begin : begin + _CHUNK]


SpecLookup = Callable[[str], tuple[torch.dtype, tuple[int, ...]] | None]


def read_tensors(path: Path, expected: SpecLookup, needed: set[str]) -> dict[str, Tensor]:
    """Check names, types and shapes of a file, then read its tensors.

    `expected` returns the type and shape for a name, or None for an unknown one; `needed` are names that must exist.
    Raises P2PError, before anything is allocated, for the first tensor, by name, that does not fit.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for name in sorted(names | needed):
                _compare(path, name, file.get_slice(name) if name in names else None, expected(name))
            return {name: file.get_tensor(name) for name in sorted(names)}
    except OSError as error:
        raise P2PError(path, f"cannot be read: {error.strerror or error}", _RESTORE, code="unreadable-file") from error
    except safetensors.SafetensorError as error:
        raise P2PError(path, f"is not a complete safetensors file ({error})", _RESTORE, code="damaged-file") from error


def _compare(path: Path, name: str, found: Any, wanted: tuple[torch.dtype, tuple[int, ...]] | None) -> None:
    if found is None:
        raise P2PError(path, f"lacks the tensor {name}", _RESTORE, code="other-tensors")
    if wanted is None:
        raise P2PError(path, f"has a tensor that these networks do not have, {name}", _RESTORE, code="other-tensors")
    dtype, shape = wanted
    if found.get_dtype() != _NAMES[dtype]:
        what = f"has a tensor {name} of type {found.get_dtype()}, not {_NAMES[dtype]}"
        raise P2PError(path, what, _RESTORE, code="other-tensors")
    if tuple(found.get_shape()) != shape:
        what = f"has a tensor {name} of shape {_sides(found.get_shape())}, not {_sides(shape)}"
        raise P2PError(path, what, _RESTORE, code="other-tensors")


def _sides(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape) or "() (one number)"
