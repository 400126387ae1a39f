"""Parses JSON label files; of a large one the annotations, which are nearly all of it, lie out of memory until used.

Nothing here may know more of an annotation than that it names its picture by a number and has an outline.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.scratch import ScratchFile

_LARGE = 1 << 20  # bytes of a file: parsed, it takes six times as much
_KEYS = frozenset({"image_id", "category_id", "segmentation"})


class PackedAnnotation:
    """An annotation in a scratch file, of which only the `image_id` is in memory."""

    __slots__ = ("_file", "_size", "_start", "image_id")

    def __init__(self, value: Mapping[str, Any], file: ScratchFile) -> None:
        # One within another is written as it was; then the file is no list of annotations, and is parsed again.
        data = json.dumps(value, default=PackedAnnotation.load).encode()
        self._file, self._start, self._size = file, file.append(data), len(data)
        self.image_id = value["image_id"]

    def load(self) -> dict[str, Any]:
        """The annotation as it was parsed."""
        value: dict[str, Any] = json.loads(self._file.read(self._start, self._size))
        return value


def read_json_labels(path: Path) -> Any:
    """Parse a JSON file, as `read_json` does; the list `annotations` of a large one may be of `PackedAnnotation`."""
    try:
        is_large = path.stat().st_size >= _LARGE
    except OSError:
        is_large = False  # the error is that of reading it
    if not is_large:
        return read_json(path)
    file, count = ScratchFile(), 0

    def pack(value: dict[str, Any]) -> dict[str, Any] | PackedAnnotation:
        nonlocal count
        if not value.keys() >= _KEYS:
            return value
        count += 1
        return PackedAnnotation(value, file)

    value = read_json(path, each=pack)
    return value if count == _count_in(value) else read_json(path)


def _count_in(value: Any) -> int:
    """How many packed annotations are where they are looked for."""
    found = value.get("annotations") if isinstance(value, dict) else None
    return sum(isinstance(each, PackedAnnotation) for each in found) if isinstance(found, list) else 0
