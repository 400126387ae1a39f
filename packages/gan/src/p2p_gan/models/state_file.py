"""Reads files of torch.save and of safetensors: the tables of tensors in them, each by the keys under which it lies.

Nothing here may run code from such a file, or know what a network is made of.
"""

import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read
from p2p_datatools.contract.files.opening import open_file, read_file
from p2p_datatools.contract.words import path_word
from p2p_gan.models.location import find_reference

_WRAPPERS = "module.", "_orig_mod."  # what DataParallel and torch.compile put before every name
_DEEPEST = 3  # keys that lead to a table of tensors, such as state_dict of a checkpoint with much else
# The exceptions of torch.load for incomplete or foreign files, which its readers hardly check.
_NOT_TORCH = (
    *(pickle.UnpicklingError, EOFError, RuntimeError, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, AssertionError, OverflowError, struct.error),
)
_GIVE_STATE = "Give the state dict of a generator, such as latest_net_G.pth."
_SAVE_STATE = "Save only its weights, where it was made: torch.save(netG.state_dict(), 'NAME.pth')."
_AGAIN = "Fetch it again, from the address of the file itself; of Git LFS by 'git lfs pull'."

_OF_TENSORFLOW = "a model of TensorFlow"
_STARTS = {
    b"\x89HDF\r\n\x1a\n": "a model of Keras (HDF5)",
    b"\x93NUMPY": "an array of NumPy",
    b"model_checkpoint_path:": _OF_TENSORFLOW,
}
_NOT_FETCHED = {
    b"version https://git-lfs": "is a pointer of Git LFS, not the file that it stands for",
    b"<": "is a web page, not the file that was to be fetched",
}
_MEMBERS = {  # of an archive
    "constants.pkl": "an archive of TorchScript",
    "model.weights.h5": "a model of Keras",
    ".npy": "an archive of NumPy",
}
_SUFFIXES = {
    ".t7": "a file of the Lua implementation (Torch7)",
    ".onnx": "an ONNX file",
    ".tflite": "a model of TensorFlow Lite",
    **dict.fromkeys((".pb", ".index", ".meta", ".data-00000-of-00001"), _OF_TENSORFLOW),
}


def read_state(path: Path, *, give: str = _GIVE_STATE) -> dict[str, Tensor]:
    """Read the tensors of a state dict, without the prefixes of wrappers; code in the file is never run.

    Errors say what to `give` instead.
    """
    state = _load(path, give)
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise _not_a_state(path, name, give)
    return _unwrap(state)


def read_tables(path: Path) -> dict[str, dict[str, Tensor]]:
    """Every table of tensors in a file, by the keys that lead to it with dots between; "" is the file itself.

    A table whose keys read as those of another, such as 1 and "1", has `#2` after them. Errors are those of
    `read_state`, and one for a file without any.
    """
    state = _load(path, _GIVE_STATE)
    found, times = dict[str, dict[str, Tensor]](), Counter[str]()
    for place, table in _tables(state):
        times[place] += 1
        found[place if times[place] == 1 else f"{place}#{times[place]}"] = _unwrap(table)
    if not found:
        raise _not_a_state(path, next(iter(state)), _GIVE_STATE)
    return found


def read_safetensors(path: Path, names: Collection[str] | None = None, *, give: str = _GIVE_STATE) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or those of these names; raises P2PError for one that is cut or damaged."""
    try:
        tensors = safetensors.torch.load(read_file(path))
    except FileNotFoundError as error:
        raise P2PError(path, "does not exist", "Check the path.", code="missing-file") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    except safetensors.SafetensorError as error:
        raise P2PError(path, f"is not a complete safetensors file ({error})", give, code="damaged-file") from error
    return tensors if names is None else {name: tensors[name] for name in names if name in tensors}


def printable_name(name: object) -> str:
    """A name from a file, escaped and shortened for a line of text."""
    return str(name).encode("unicode_escape").decode("ascii")[:80]


def _tables(state: Mapping[Any, Any]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    # Each by the fewest keys, and once: a small file can hold one under thousands of keys, and those again.
    waiting, seen = deque[tuple[tuple[str, ...], Mapping[Any, Any]]]([((), state)]), set[int]()
    while waiting:
        keys, value = waiting.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if not all(isinstance(name, str) and isinstance(each, Tensor) for name, each in value.items()):
            inner = value.items() if len(keys) < _DEEPEST else ()
            waiting.extend(((*keys, printable_name(name)), each) for name, each in inner if isinstance(each, Mapping))
        elif value or not keys:
            yield ".".join(keys), dict(value)


def _unwrap(table: Mapping[str, Tensor]) -> dict[str, Tensor]:
    while prefix := next((each for each in _WRAPPERS if table and all(name.startswith(each) for name in table)), ""):
        table = {name.removeprefix(prefix): value for name, value in table.items()}
    return dict(table)


def _load(path: Path, give: str) -> dict[Any, Any]:
    if path.is_dir():
        raise _explain_folder(path, give)
    if path.suffix.lower() == ".safetensors":
        return dict(read_safetensors(path, give=give))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign files, which are refused below
            with open_file(path) as file:
                state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise P2PError(path, "does not exist", "Check the path.", code="missing-file") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    except _NOT_TORCH as error:
        raise _explain(path, str(error), give) from error
    if not isinstance(state, dict):
        raise P2PError(path, f"contains a {type(state).__name__}, not a state dict", give, code="not-a-state-dict")
    if name := _find_changed(path):
        what = f"is damaged: its part {printable_name(name)} is not the one that was written (its CRC-32 is another)"
        raise P2PError(path, what, "Copy or fetch it again.", code="damaged-file")
    return state


def _explain_folder(path: Path, give: str) -> P2PError:
    """Why a folder is not read: it holds the weights, or is another program's way to keep a model."""
    if any(_find(_SUFFIXES, each.name.endswith) == _OF_TENSORFLOW for each in path.iterdir()):
        return P2PError(path, f"is {_OF_TENSORFLOW}, and only weights of PyTorch are read", give, code="other-format")
    weights = find_reference(path)
    return P2PError(path, "is a folder", f"Give {path_word(weights)}." if weights else give, code="not-a-file")


def _find_changed(path: Path) -> str | None:
    """The first part of an archive of torch.save that was changed since, for which torch does not look.

    None, too, for a file of before version 1.6, which is no archive, and one of torch.save without checksums (all 0).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() if any(each.CRC for each in archive.infolist()) else None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, zlib.error):
        return None


def _explain(path: Path, told: str, give: str) -> P2PError:
    """Why torch does not load a file: what else it is, or what it would run."""
    if other := explain_foreign(path, "only weights of PyTorch are read", give):
        return other
    if named := re.search(r"GLOBAL ([\w.]+)", told):
        what = f"would run {named[1]} when loaded, so it was not loaded"
        return P2PError(path, what, _SAVE_STATE, code="unsafe-file")
    return P2PError(path, "is not a file of torch.save or is incomplete", give, code="damaged-file")


def explain_foreign(path: Path, read: str, give: str) -> P2PError | None:
    """The error of a file that another program wrote, told by its beginning, its members and its name; else None.

    It says what is `read`, and what to `give` instead.
    """
    with open_file(path) as file:
        start = file.read(64).lstrip()
    for beginning, what in _NOT_FETCHED.items():
        if start.startswith(beginning):
            return P2PError(path, what, _AGAIN, code="not-fetched")
    kind = _find(_STARTS, start.startswith) or _kind_of_archive(path) or _find(_SUFFIXES, path.name.endswith)
    return P2PError(path, f"is {kind}, and {read}", give, code="other-format") if kind else None


def _find(table: Mapping[Any, str], fits: Any) -> str | None:
    return next((what for sign, what in table.items() if fits(sign)), None)


def _kind_of_archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return _kind_of_members(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # none, or one that is cut off
        return None


def _kind_of_members(names: Iterable[str]) -> str | None:
    listed = list(names)
    return next((what for end, what in _MEMBERS.items() if any(name.endswith(end) for name in listed)), None)


def _not_a_state(path: Path, name: object, give: str) -> P2PError:
    return P2PError(path, f"contains {printable_name(name)}, which is not a tensor", give, code="not-a-state-dict")
