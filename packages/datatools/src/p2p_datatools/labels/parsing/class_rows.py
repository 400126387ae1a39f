"""Reads the lines of a list of classes in text: names with numbers or colours, in columns with or without headings.

Nothing here may know what a list is called, or say what the lines mean together.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import HEX_COLOR, Color, color_of, plain

_KINDS = {
    "name": "name class class_name classname label label_name labelname labels category category_name title",
    "number": "id index idx number value pixel_value pixel gray_value class_id label_id category_id class_index",
    "red": "r red",
    "green": "g green",
    "blue": "b blue",
    "color": "color colour rgb hex color_rgb class_color",
}
_HEADINGS = {heading: kind for kind, headings in _KINDS.items() for heading in headings.split()}
_CHANNELS = ("red", "green", "blue")
_DELIMITERS = (",", ";", "\t")
_LONE_NUMBER = 255  # what the number -1 is in a picture of 8 bits
_WORD = re.compile(r'"[^"]*"|[^\s,;:="]+')
_COLOR = re.compile(r"(?:#|0x)?([0-9a-f]{6})", re.IGNORECASE)
_FIRST_COLOR = re.compile(r"^\s*(?:0x)?([0-9a-f]{6})(?=[\s,;:=])", re.IGNORECASE)
_LAST_COLOR = re.compile(r"(?<=[\s,;:=])(?:0x)?([0-9a-f]{6})(?=\s*$)", re.IGNORECASE)
_COMMENT = re.compile(r"\s#\s.*")


class ClassRow(NamedTuple):
    """One class of a list, with its number and colour where the list tells them.

    `last` is a number after the name, which may belong to it.
    """

    where: str
    name: str
    number: int | None = None
    color: Color | None = None
    last: int | None = None


def parse_rows(path: Path, text: str, expected: str) -> Iterator[ClassRow]:
    """The classes in a list's text; raises P2PError for a line that is not `expected`."""
    lines = [(count, _COMMENT.sub("", line)) for count, line in enumerate(text.splitlines(), start=1)]
    lines = [(count, line) for count, line in lines if line.strip() and not _is_comment(line)]
    head = _read_head([line for _, line in lines[:2]], path)
    if not head:
        lines = _mark_colors(lines)
    for count, line in lines[1:] if head else lines:
        where = f"{path}: line {count}"
        try:
            yield _row_by_heading(where, line, *head) if head else _by_words(where, line)
        except (ValueError, IndexError) as error:
            what = f"line {count} is not {expected}"
            if head:
                what = f"line {count} does not fit its heading: numbers are whole, and colours have three from 0 to 255"
            raise P2PError(path, what, "Correct that line.", code="bad-class-names") from error


def read_color_cells(words: list[str]) -> Color:
    """Three numbers from 0 to 255; raises ValueError for anything else."""
    red, green, blue = bytes(int(word) for word in words)
    return red, green, blue


def read_color(word: str) -> Color:
    """A colour as lists of classes have it: #ff0000, ff0000, 0xff0000, or its three numbers in any brackets.

    One number is a grey. Raises ValueError for anything else.
    """
    if match := _COLOR.fullmatch(word.strip()):
        return color_of(f"#{match[1]}")
    cells = re.findall(r"\d+", word)
    return read_color_cells(cells * 3 if len(cells) == 1 else cells)


def _mark_colors(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The same with # before the colours of lines that all begin or all end with one that has none."""
    for pattern in (_FIRST_COLOR, _LAST_COLOR) if len(lines) > 1 else ():
        marked = [(count, pattern.sub(r"#\1", line)) for count, line in lines]
        if all(one != other for one, other in zip(lines, marked, strict=True)):
            return marked
    return lines


def _is_comment(line: str) -> bool:
    return line.startswith("#") and not HEX_COLOR.match(line.lower())


def _fields(line: str, delimiter: str | None) -> list[str]:
    fields = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    return [field.strip() for field in fields]


def _read_head(lines: list[str], path: Path) -> tuple[str | None, list[str | None]] | None:
    """The delimiter and what each column holds, if the first of the lines is a heading; None if it is a class."""
    for delimiter in (*(each for each in _DELIMITERS if lines and each in lines[0]), None) if lines else ():
        head = lines[0].rstrip(f" {''.join(_DELIMITERS)}")  # spreadsheets end lines with the columns they left empty
        kinds = [_HEADINGS.get(plain(field)) for field in _fields(head, delimiter)]
        if kinds.count("name") == 2 and len(lines) > 1:  # such as `class,label`, of which one is the number
            values = dict(zip(range(len(kinds)), _fields(lines[1], delimiter), strict=False))
            kinds = [
                "number" if kind == "name" and is_digits(values.get(n, "")) else kind for n, kind in enumerate(kinds)
            ]
        told = set(kinds) - {None, "name"}
        whole = "number" in told or "color" in told or set(_CHANNELS) <= told
        if "name" in kinds and (whole or (len(kinds) == 1 and path.suffix.lower() == ".csv")):
            return delimiter, kinds
    return None


def _row_by_heading(where: str, line: str, delimiter: str | None, kinds: list[str | None]) -> ClassRow:
    fields = _fields(line, delimiter)
    if delimiter is None and len(fields) > len(kinds) and kinds[-1] == "name":
        fields = [*fields[: len(kinds) - 1], " ".join(fields[len(kinds) - 1 :])]
    if len(fields) < len(kinds):
        raise ValueError("there are fewer values than headings")
    told = {kind: field for kind, field in reversed(list(zip(kinds, fields, strict=False))) if kind}
    name, color = told.get("name", ""), None
    if not name:
        raise ValueError("there is no name")
    if set(_CHANNELS) <= told.keys():
        color = read_color_cells([told[channel] for channel in _CHANNELS])
    elif word := told.get("color"):
        color = read_color(word)
    return ClassRow(where, name, _number(told["number"]) if "number" in told else None, color)


def _number(word: str) -> int:
    """A class number; -1 is what tools write for no class, which is 255 in their pictures."""
    number = int(word)
    if number < -1:
        raise ValueError("a class number is below 0")
    return _LONE_NUMBER if number == -1 else number


def _by_words(where: str, line: str) -> ClassRow:
    """A line of a name, with a number before it, with a colour before or after it, or of CMP's NUMBER NAME LAYER."""
    words = [word.strip('"').strip() for word in _WORD.findall(line)]
    color = next((color_of(word) for word in words if HEX_COLOR.fullmatch(word.lower())), None)
    first, name, last = _around_name([word for word in words if word and not HEX_COLOR.fullmatch(word.lower())])
    if not name:
        raise ValueError("there is no name")
    if len(first) >= 3:
        return ClassRow(where, name, _number(first[0]) if len(first) == 4 else None, read_color_cells(first[-3:]))
    number = _number(first[0]) if len(first) == 1 else None
    if len(last) >= 3:
        return ClassRow(where, name, number, read_color_cells(last[:3]))
    if len(first) == 2 or len(last) == 2:
        raise ValueError("there are two numbers")
    if number is None and last and re.search(r"[,;=\t]", line):
        return ClassRow(where, name, _number(last[0]), color)
    return ClassRow(where, name, number, color, _number(last[0]) if last else None)


def _around_name(words: list[str]) -> tuple[list[str], str, list[str]]:
    """The numbers before a name, the name, and the numbers after it; one of numbers alone is not a name."""
    names = [place for place, word in enumerate(words) if not re.fullmatch(r"-?\d+", word)]
    if not names:
        return words, "", []
    return words[: names[0]], " ".join(words[names[0] : names[-1] + 1]), words[names[-1] + 1 :]
