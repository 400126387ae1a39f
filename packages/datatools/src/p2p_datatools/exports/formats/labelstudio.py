"""Writes Label Studio: a task per picture, with a brush per class, and the labelling configuration they fit.

Nothing here may hold a brush as a picture; it is packed from its runs.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import hex_of
from p2p_datatools.exports.values import ExportClasses, ExportPicture
from p2p_datatools.labels.parsing.rle import runs_of

_CHANNELS, _WORD, _LENGTHS = 4, 8, (3, 4, 8, 16)  # bits of a value, and of the length of a run
_LONGEST = 1 << _LENGTHS[-1]
_BRUSH, _IMAGE = "brush", "image"  # what the controls of the configuration are called


def labelstudio_entry(picture: ExportPicture) -> str:
    """The task from its data on, for its id is not known here."""
    result = [_brush(index, picture) for index in dict.fromkeys(patch.index for patch in picture.patches)]
    # The address of a file in a folder that Label Studio's own server shows; a stem alone would be of no use there.
    data = {"image": f"/data/local-files/?d={quote(picture.file_name)}"}
    task = {"data": data, "annotations": [{"result": result, "was_cancelled": False}]}
    return json.dumps(task, ensure_ascii=False)[1:]


def _brush(index: int, picture: ExportPicture) -> dict[str, Any]:
    width, height = picture.size
    row = picture.classes.of(index)
    packed = pack_runs(runs_of(picture.mask == index).counts)
    return {
        "id": f"class{row.place}",
        "type": "brushlabels",
        "from_name": _BRUSH,
        "to_name": _IMAGE,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": packed, "brushlabels": [row.label]},
    }


def pack_runs(counts: NDArray[np.int64]) -> list[int]:
    """The lengths of runs, the first outside, as the bytes of a packed RGBA picture: white inside, else transparent.

    `packed_runs` of the labels says what the bits mean. A run of a value is as long as four times its pixels.
    """
    lengths, values = counts * _CHANNELS, np.where(np.arange(len(counts)) % 2, 255, 0)
    pieces = -(-lengths // _LONGEST)  # long runs are written in pieces, empty ones not at all
    piece = np.repeat(lengths - (pieces - 1) * _LONGEST, pieces)
    is_last = np.zeros(len(piece), dtype=np.bool_)
    is_last[np.cumsum(pieces)[pieces > 0] - 1] = True
    piece[~is_last] = _LONGEST
    kind = np.searchsorted([1 << bits for bits in _LENGTHS], piece)
    bits = np.array(_LENGTHS)[kind]
    codes = ((((4 | kind) << bits) | (piece - 1)) << _WORD) | np.repeat(values, pieces)
    size = 3 + bits + _WORD
    table = np.unpackbits(codes.astype(">u4").view(np.uint8).reshape(-1, 4), axis=1)
    body = table[np.arange(32) >= 32 - size[:, None]]
    head = f"{int(lengths.sum()):032b}{_WORD - 1:05b}" + "".join(f"{length - 1:04b}" for length in _LENGTHS)
    return np.packbits(np.concatenate([np.array([*head], dtype=np.uint8), body])).tolist()


class LabelStudioJoiner:
    """Joins tasks to one file."""

    tail = "\n]\n"

    def add(self, number: int, entry: str) -> str:
        """The next task."""
        return f'{"," if number else ""}\n{{"id": {number + 1}, {entry}'

    def head(self, classes: ExportClasses, count: int, *, ignored: bool) -> str:
        """What stands before the tasks."""
        return "["


def labelstudio_lists(classes: ExportClasses, photos: Mapping[str, str], *, ignored: bool) -> Mapping[str, bytes]:
    """The labelling configuration of the project that the tasks are imported into."""
    labels = "".join(
        f"    <Label value={quoteattr(row.label)} background={quoteattr(hex_of(row.color))}/>\n"
        for row in classes.rows(ignored=ignored)
    )
    text = (
        f'<View>\n  <Image name="{_IMAGE}" value="$image" zoom="true"/>\n'
        f'  <BrushLabels name="{_BRUSH}" toName="{_IMAGE}">\n{labels}  </BrushLabels>\n</View>\n'
    )
    return {"label_config.xml": text.encode()}
