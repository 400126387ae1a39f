"""Which folders p2p wrote itself that hold no pairs: masks, halves, derived pictures, samples, scores, runs, photos.

Nothing here may open a picture; a folder is known by the record that its command left in it, or in a folder above it.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.mask_folder import MASK_LINES
from p2p_datatools.contract.palette import PALETTE_FILE
from p2p_datatools.contract.words import p2p_command

_LEVELS = 6  # folders above the one given that are looked at: records name their files with all folders below them
_FETCHED = ("photos", "labels")
_PAIR = "Make pairs of it: {pair}"

EXPORTED_PAIRS = "pairs-export.jsonl"
"""The record of pairs that were exported to the layout of another library."""


class _OwnFolder(NamedTuple):
    """A kind of folder: the file by which it is known and what that says, and the words about it.

    Its pictures lie in the folders named, or are listed in a file.
    """

    marker: str
    is_ours: Callable[[Path, Any], bool]
    pictures: str | tuple[str, ...]
    what: str
    to_do: str  # with {pair} for the command that makes pairs of it


def _has_format(name: str) -> Callable[[Path, Any], bool]:
    return lambda folder, value: bool(value.get("format") == name)


_KINDS = (
    _OwnFolder(
        MASK_LINES,
        lambda folder, value: (folder / PALETTE_FILE).is_file(),
        MASK_LINES,
        "is a mask folder of 'p2p data build-masks'",
        f"{_PAIR}.",
    ),
    _OwnFolder(
        "derive.json",
        _has_format("p2p-derived"),
        "derive.jsonl",
        "holds the pictures that 'p2p data derive' made",
        f"{_PAIR}; those of --op lab, L and ab, with each other.",
    ),
    _OwnFolder(
        "halves.json",
        _has_format("p2p-halves"),
        "halves.jsonl",
        "holds single halves, which 'p2p data halves' took apart",
        "Give the folder of pairs that they come from, or pair its two folders again with 'p2p data pair'.",
    ),
    _OwnFolder(
        "export.jsonl",
        _has_format("p2p-export"),
        "export.jsonl",
        "holds labels that 'p2p data export' wrote",
        "Build masks of them with 'p2p data build-masks', and pairs with 'p2p data pair'.",
    ),
    _OwnFolder(
        EXPORTED_PAIRS,
        lambda folder, value: {"work", "to"} <= value.keys(),
        EXPORTED_PAIRS,
        "holds what 'p2p data export' wrote of pairs for another library",
        "Give the folder of pairs that was exported; 'p2p train', 'sample' and 'evaluate' take its shards, too.",
    ),
    _OwnFolder(
        "samples.json",
        lambda folder, value: {"model", "variants", "sheet"} <= value.keys(),
        "samples.jsonl",
        "holds the outputs of 'p2p sample'",
        "Give the folder of pairs; outputs become pairs with 'p2p data pair'.",
    ),
    _OwnFolder(
        "summary.json",
        lambda folder, value: {"of", "scores"} <= value.keys(),
        "scores.jsonl",
        "holds the pictures and scores of 'p2p evaluate'",
        "Give the folder of pairs that were evaluated.",
    ),
    _OwnFolder(
        "run.json",
        _has_format("p2p-run"),
        ("samples", "checkpoints"),
        "is the run folder of 'p2p train'",
        "Give the folder of pairs that it was trained on.",
    ),
    _OwnFolder(
        "provenance.json",
        lambda folder, value: value.get("source") == "p2p_datatools.synth" or _holds_photos(value.get("files")),
        _FETCHED,
        "holds the photos and labels that 'p2p data fetch' brought",
        "Build masks of them with 'p2p data build-masks', and pairs with 'p2p data pair'.",
    ),
)


def refuse_own_folder(path: Path) -> None:
    """Raise P2PError for a folder, or one below it, that p2p wrote and that holds no pairs."""
    for folder in (path, *(path / each for each in ("train", "val", "test"))):
        if kind := _kind_of(folder):
            raise _not_pairs(folder, kind, folder)
    above = path.absolute()
    for folder in above.parents[:_LEVELS]:
        kind = _kind_of(folder)
        if kind and _lists(folder, kind, above.relative_to(folder).as_posix()):
            raise _not_pairs(path, kind, folder)


def refuse_run(path: Path) -> None:
    """Raise P2PError for the run folder of a training, whose pictures are no data."""
    kind = _kind_of(path)
    if kind and kind.marker == "run.json":
        raise _not_pairs(path, kind, path)


def _kind_of(folder: Path) -> _OwnFolder | None:
    for kind in _KINDS:
        if (folder / kind.marker).is_file() and kind.is_ours(folder, _read(folder / kind.marker)):
            return kind
    return None


def _read(path: Path) -> Mapping[str, Any]:
    """A record, or the first line of one, empty where it is none: files of other programs have such names, too."""
    try:
        with open_file(path) as file:
            value = json.loads(file.read() if path.suffix == ".json" else file.readline())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _holds_photos(files: object) -> bool:
    """Whether a fetched data set is of photos and labels; others are of pairs."""
    return isinstance(files, dict) and any(
        str(file).startswith(tuple(f"{each}/" for each in _FETCHED)) for file in files
    )


def _lists(folder: Path, kind: _OwnFolder, below: str) -> bool:
    """Whether pictures of a folder lie in the folder `below` it."""
    if isinstance(kind.pictures, tuple):
        return below.split("/")[0] in kind.pictures
    beginning = json.dumps(f"{below}/", ensure_ascii=False)[:-1].encode(errors="surrogateescape")
    try:
        with open_file(folder / kind.pictures) as lines:
            return any(beginning in line for line in lines)
    except OSError:
        return False


def _not_pairs(where: Path, kind: _OwnFolder, folder: Path) -> P2PError:
    place = "" if where == folder else f" (in {folder})"
    undo = ""
    if (where / "pairs.json").is_file():
        undo = " Also delete pairs.json and pairs.jsonl in it, which 'p2p data split' should not have written there."
    to_do = kind.to_do.format(pair=p2p_command("data pair", where, "PHOTOS", "PAIRS"))
    return P2PError(where, f"{kind.what}{place}, not pairs", to_do + undo, code="own-folder")
