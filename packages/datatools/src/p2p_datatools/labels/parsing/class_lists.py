"""Reads a list of classes in plain text, one name per line, in the order of the class numbers.

Nothing here may guess: a list that could be counted in two ways is an error.
"""

import re
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read, read_text

LARGEST = 1 << 20  # bytes of a list; the names of 20,000 classes take less

_NUMBERED = re.compile(r"(\d{1,9})\s*[:,;\t ]\s*(\S.*)")


def read_class_list(path: Path) -> dict[int, str]:
    """The names by class number, from 0; if all names have numbers, these must be their places.

    Raises P2PError for a line without a name, and for a name or number that occurs twice or out of place.
    """
    lines = [line.strip() for line in read_list_text(path).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise P2PError(path, "names no classes", "Write the name of a class in each line.", code="no-class-names")
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    names: dict[int, str] = {}
    places: dict[str, int] = {}
    for place, (line, match) in enumerate(zip(lines, numbered, strict=True)):
        where = f"{path}: line {place + 1}"
        if not line or line.startswith("# "):
            to_do = "Write the name of the class, or delete the line if the classes after it have one number less."
            what = f"is {'a comment' if line else 'empty'}, so that it names no class"
            raise P2PError(where, what, to_do, code="bad-class-names")
        name = line
        if match and all(numbered):
            name = match[2]
            if int(match[1]) != place:
                what = f"has the number {match[1]}, but it is the name of class {place} by its place"
                raise P2PError(where, what, "Write the names from 0 up, one for each number.", code="bad-class-names")
        if name in places:
            what = f"{name!r:.60} is in line {places[name] + 1} too"
            raise P2PError(where, what, "Give each class a name of its own.", code="duplicate-class")
        names[place] = name
        places[name] = place
    return names


def read_list_text(path: Path) -> str:
    """The text of a list, in UTF-8 or with the mark of UTF-16; raises P2PError for another file or a large one."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            what = f"has {size} bytes, but a list of classes may have at most {LARGEST}"
            raise P2PError(path, what, "Give a list that only names classes.", code="file-too-large")
        return read_text(path)
    except OSError as error:
        raise cannot_read(path, error) from error
