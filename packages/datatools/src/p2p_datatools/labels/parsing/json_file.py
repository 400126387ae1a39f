"""Parses JSON label files; of a large one what is drawn, which is nearly all of it, lies out of memory until used.

Nothing here may know more of an annotation than that it names its picture by a number and has an outline, and of a
picture than what it calls the list of all that is drawn in it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import load_json, read_json
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.files.scratch import ScratchFile
from p2p_datatools.labels.parsing.json_lines import read_json_lines

_LARGE = 1 << 20  # bytes of a file: parsed, it takes six times as much
_ANNOTATION = frozenset({"image_id", "category_id", "segmentation"})
# What pictures are known by that have all that is drawn in them, and what they call it.
_VIA = frozenset({"filename", "regions"}), "regions"
_DATUMARO = frozenset({"id", "image", "annotations"}), "annotations"
_LABEL_STUDIO = frozenset({"data", "annotations"}), "annotations"


class PackedValue:
    """A value of JSON in a scratch file."""

    __slots__ = ("_file", "_size", "_start")

    def __init__(self, value: Any, file: ScratchFile) -> None:
        # One within another is written as it was; then the file is not as it should be, and is parsed again.
        data = json.dumps(value, default=unpack).encode()
        self._file, self._start, self._size = file, file.append(data), len(data)

    def load(self) -> Any:
        """The value as it was parsed."""
        return json.loads(self._file.read(self._start, self._size))


class PackedAnnotation(PackedValue):
    """An annotation in a scratch file, of which only the `image_id` is in memory."""

    __slots__ = ("image_id",)

    def __init__(self, value: Mapping[str, Any], file: ScratchFile) -> None:
        super().__init__(value, file)
        self.image_id = value["image_id"]


def unpack(value: Any) -> Any:
    """The value, out of its scratch file if it lies in one."""
    return value.load() if isinstance(value, PackedValue) else value


def read_json_labels(path: Path) -> Any:
    """Parse a JSON file, as `read_json` does; of a large one what is drawn may lie in a scratch file.

    The list `annotations` may be of `PackedAnnotation`, and what the pictures of VIA, Datumaro and Label Studio have a
    `PackedValue`.
    What was written as JSON twice, so that the file is one text, is what that text says. A file of lines of JSON,
    which programs call .json, too, is the list of their values.
    """
    try:
        value = _read(path)
    except P2PError as error:
        if error.code == "damaged-json" and (lines := _whole_lines(path)):
            return lines
        raise
    return parse_text(value) if isinstance(value, str) else value


def _whole_lines(path: Path) -> list[Any]:
    """The values of lines of JSON; none where a line is damaged, as of a file that is not meant so."""
    try:
        with open_file(path) as file:
            load_json(file.readline())
        values = read_json_lines(path)
    except (OSError, ValueError, RecursionError, P2PError):
        return []
    return [] if any(isinstance(value, P2PError) for value in values) else values


def parse_text(text: str) -> Any:
    """What a text of JSON says; any other text is itself."""
    try:
        return load_json(text)
    except (ValueError, RecursionError):
        return text


def _read(path: Path) -> Any:
    """What the file says; of a large one what is drawn lies in a scratch file."""
    try:
        is_large = path.stat().st_size >= _LARGE
    except OSError:
        is_large = False  # the error is that of reading it
    if not is_large:
        return read_json(path)
    file, count = ScratchFile(), 0

    def pack(value: dict[str, Any]) -> dict[str, Any] | PackedAnnotation:
        nonlocal count
        if value.keys() >= _ANNOTATION:
            count += 1
            return PackedAnnotation(value, file)
        for keys, drawn in (_VIA, _DATUMARO, _LABEL_STUDIO):
            if value.keys() >= keys and isinstance(value[drawn], list | dict):
                count += 1
                return value | {drawn: PackedValue(value[drawn], file)}
        return value

    value = read_json(path, each=pack)
    return value if count == sum(isinstance(each, PackedValue) for each in _find_drawn(value)) else read_json(path)


def _find_drawn(value: Any) -> Iterator[Any]:
    """What stands where packed values are looked for."""
    if isinstance(value, list):
        yield from (each.get("annotations") for each in value if isinstance(each, dict))
    if not isinstance(value, dict):
        return
    yield from value["annotations"] if isinstance(value.get("annotations"), list) else ()
    if isinstance(value.get("items"), list) and isinstance(value.get("categories"), dict):
        yield from (each.get("annotations") for each in value["items"] if isinstance(each, dict))
    table = value.get("_via_img_metadata", value)
    yield from (
        (each.get("regions") for each in table.values() if isinstance(each, dict)) if isinstance(table, dict) else ()
    )
