"""Reads the lists of class names that labelling tools and data sets put beside pictures of class numbers or colours.

Nothing here may open a picture or know a palette; a list that contradicts itself or its neighbour is an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, read_text
from p2p_datatools.contract.palette import IGNORE, Color, color_of, hex_of, plain
from p2p_datatools.labels.formats.yolo import read_names
from p2p_datatools.labels.values import ClassNames

LABEL_MAP = "labelmap.txt"  # CVAT's, of lines NAME:R,G,B:parts:actions
_JSON_LIST, _YAML_LIST = "label_classes.json", "data.yaml"
_LISTS = (
    "_classes.csv",  # Roboflow: Pixel Value, Class
    "class_dict.csv",  # name,r,g,b
    "label_names.txt",
    "class_names.txt",
    LABEL_MAP,
    "labels.txt",
    "classes.txt",
    "label_colors.txt",
    _JSON_LIST,  # Hasty: png_index, class_name, color
    _YAML_LIST,
)

NO_CLASS = "__ignore__"  # LabelMe's first line of a list; its number is -1, which is 255 in a picture of 8 bits


_BACKGROUND = frozenset({"background", "bg", "void", "unlabeled", "unlabelled", "unlabeled_area", "other", "none"})


_HEADINGS = frozenset(
    {"pixel", "value", "class", "name", "id", "index", "label", "r", "g", "b", "red", "green", "blue"}
)


_To = TypeVar("_To", int, Color)


class _Row(NamedTuple):
    """One class of a list: its number and its colour where the list tells them."""

    where: str
    name: str
    number: int | None = None
    color: Color | None = None


def find_names(folder: Path, root: Path) -> ClassNames | None:
    """What the lists in `folder`, in the folders above it up to `root`, and beside `root` say; None if nothing.

    Raises P2PError when one cannot be read, or two call a number or colour differently.
    """
    last = root.resolve().parent
    places = [folder.resolve(), *folder.resolve().parents]
    places = places[: places.index(last) + 1] if last in places else places[:1]
    lists = [read_class_names(place / name) for place in places for name in _LISTS if (place / name).is_file()]
    lists = [each for each in lists if each.numbers or each.colors]
    return _unite(lists) if lists else None


def read_class_names(path: Path) -> ClassNames:
    """The numbers and colours that a list names.

    A list without numbers counts its lines from the background; one that does not begin with it names no numbers, for
    its first line may be class 0 or class 1. Raises P2PError when it is damaged, or gives one number or colour twice.
    """
    rows = list(_rows(path))
    if not rows:
        raise P2PError(
            path, "lists no classes", f"Write a line {_line_of(path)} for each class.", code="no-class-names"
        )
    colors = _by(((row.where, row.color, row.name) for row in rows if row.color), path, "colour")
    numbered = [row for row in rows if row.number is not None]
    if numbered and len(numbered) < len(rows):
        row = next(row for row in rows if row.number is None)
        what = f"gives {row.name!r:.60} no number, but others have one"
        raise P2PError(row.where, what, "Write the number before each name.", code="bad-class-names")
    if numbered:
        return ClassNames(path.name, _by(((row.where, row.number, row.name) for row in rows), path, "number"), colors)
    return ClassNames(path.name, _number_rows(rows), colors)


def _number_rows(rows: list[_Row]) -> dict[int, str]:
    """The lines' numbers, where the first is the background or what is in no class."""
    names = [row.name for row in rows]
    first = 1 if names[0] == NO_CLASS else 0
    if len(names) > first and plain(names[first]).strip("_") not in _BACKGROUND:
        return {}
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            what = f"{row.name!r:.60} stands twice, so the lines after it may be counted wrongly"
            raise P2PError(row.where, what, "Write the number before each name.", code="duplicate-class")
        seen.add(row.name)
    return dict(enumerate(names[first:])) | ({IGNORE: NO_CLASS} if first else {})


def _by(entries: Iterable[tuple[str, Any, str]], path: Path, what: str) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for where, key, name in entries:
        if key in found:
            shown = hex_of(key) if isinstance(key, tuple) else key
            both = f"{found[key]} and {name} have the same {what} {shown}"
            code = "duplicate-class" if isinstance(key, tuple) else "duplicate-id"
            raise P2PError(
                path if isinstance(key, tuple) else where, both, f"Give each a {what} of its own.", code=code
            )
        found[key] = name
    return found


def _unite(lists: list[ClassNames]) -> ClassNames:
    numbers: dict[int, str] = {}
    colors: dict[Color, str] = {}
    for each in lists:
        _add(numbers, each.numbers, each, lists)
        _add(colors, each.colors, each, lists)
    return ClassNames(" and ".join(dict.fromkeys(each.source for each in lists)), numbers, colors)


def _add(words: dict[_To, str], more: Mapping[_To, str], own: ClassNames, lists: list[ClassNames]) -> None:
    for key, name in more.items():
        if key in words and plain(words[key]).strip("_") != plain(name).strip("_"):
            shown = hex_of(key) if isinstance(key, tuple) else key
            raise P2PError(
                " and ".join(each.source for each in lists),
                f"contradict each other: {shown} is {words[key]} in one and {name} in {own.source}",
                "Leave only the list that belongs to these pictures beside them.",
                code="contradicting-lists",
            )
        words.setdefault(key, name)


def _rows(path: Path) -> Iterator[_Row]:
    if path.name == _JSON_LIST:
        yield from _json_rows(path)
    elif path.name == _YAML_LIST:
        yield from (_Row(str(path), name) for _, name in sorted(read_names(path).items()))
    else:
        yield from _text_rows(path)


def _json_rows(path: Path) -> Iterator[_Row]:
    value = read_json(path)
    entries = value.get("classes") if isinstance(value, dict) else value
    for count, each in enumerate(entries if isinstance(entries, list) else (), start=1):
        where = f"{path}: entry {count}"
        try:
            name = next(str(each[key]) for key in ("class_name", "name", "label") if key in each)
            number = next((int(each[key]) for key in ("png_index", "index", "id") if key in each), None)
            yield _Row(where, name, number, color_of(each["color"]) if each.get("color") else None)
        except (StopIteration, RuntimeError, TypeError, ValueError, AttributeError, KeyError) as error:
            what = "is not a class with its name, number and colour"
            raise P2PError(where, what, "Export the list again.", code="bad-class-names") from error


def _text_rows(path: Path) -> Iterator[_Row]:
    text = read_text(path)
    lines = [(count, line) for count, line in enumerate(text.splitlines(), start=1) if line.strip()]
    lines = [(count, line) for count, line in lines if not line.startswith("#")]
    if path.suffix == ".csv" and lines and set(re.findall(r"[a-z]+", lines[0][1].lower())) <= _HEADINGS:
        del lines[0]
    for count, line in lines:
        try:
            yield _label_map_row(path, line) if path.name == LABEL_MAP else _row(f"{path}: line {count}", line)
        except ValueError as error:
            what = f"line {count} is not {_line_of(path)}"
            raise P2PError(path, what, "Correct that line.", code="bad-class-names") from error


def _line_of(path: Path) -> str:
    """What a line of a list looks like."""
    return "NAME:R,G,B:parts:actions" if path.name == LABEL_MAP else "NUMBER NAME"


def _label_map_row(path: Path, line: str) -> _Row:
    name, color, *_ = line.split(":")
    return _Row(str(path), name.strip(), color=_color(color.split(",")))


def _row(where: str, line: str) -> _Row:
    """A line of a name, with a number before it, with a colour before or after it, or of CMP's NUMBER NAME LAYER."""
    words = [word for word in re.split(r"[\s,;:]+", line.strip()) if word]
    digits = [word.isdecimal() for word in words]
    before = digits.index(False) if False in digits else len(words)
    after = digits[::-1].index(False) if False in digits else 0
    name = " ".join(words[before : len(words) - after])
    if not name:
        raise ValueError("there is no name")
    first, last = words[:before], words[len(words) - after :] if after else []
    if len(first) >= 3:
        return _Row(where, name, int(first[0]) if len(first) == 4 else None, _color(first[-3:]))
    number = int(first[0]) if len(first) == 1 else None
    if len(last) >= 3:
        return _Row(where, name, number, _color(last[:3]))
    if len(first) == 2 or len(last) == 2:
        raise ValueError("there are two numbers")
    if number is None and last:
        return _Row(where, f"{name} {last[0]}") if "," not in line else _Row(where, name, int(last[0]))
    return _Row(where, name, number)


def _color(words: list[str]) -> Color:
    red, green, blue = bytes(int(word) for word in words)
    return red, green, blue
