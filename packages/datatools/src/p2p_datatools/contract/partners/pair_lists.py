"""The list that --match may name: a file that says in lines 'a,b' which pictures, or labels and photos, are partners.

Nothing here may know what the cells of a line mean, or look for a picture.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import load_json, read_bytes
from p2p_datatools.contract.files.opening import is_pipe
from p2p_datatools.contract.files.text import find_delimiter, find_encoding, other_encoding

_LIST = re.compile(r"[^\\*?+(){}|^$\[\]]+\.(?:tsv|txt|lst|jsonl?)", re.IGNORECASE)  # no expression
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*\[?\s*["{])')  # as no line of a CSV begins, though a picture may be {1}.png
_WRITE_OBJECTS = 'Write an object such as {"a": "1.png", "b": "1.jpg"} for each pair, one a line.'


def is_list(match: str) -> bool:
    """Whether what `--match` says is the name of a list: of a CSV file, of one of text, or of a pipe that gives one.

    So is the whole path of any file, as /dev/stdin where a file is redirected to it: no expression looks so.
    """
    is_named_so = match.lower().endswith(".csv") or bool(_LIST.fullmatch(match))
    return is_named_so or is_pipe(Path(match)) or _is_whole_path(Path(match))


def _is_whole_path(path: Path) -> bool:
    try:
        return path.is_absolute() and path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def read_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file, without empty ones and the heading a,b, with their numbers; P2PError for other text.

    Cells are separated as `find_delimiter` tells. Of a file with a JSON object in each line, or
    with a list of these, the values that are texts are the cells of a line, and the keys of the first object its
    heading.
    """
    data = read_bytes(file)
    try:
        text = data.decode(find_encoding(data))
    except UnicodeDecodeError as error:
        raise other_encoding(data, file, error) from error
    if file.suffix.lower() in {".json", ".jsonl"} or _JSON.match(text):
        yield from _read_objects(text, file)
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    try:
        for row in reader:
            is_heading = reader.line_num == 1 and [cell.strip().lower() for cell in row] == ["a", "b"]
            if any(cell.strip() for cell in row) and not is_heading:
                yield reader.line_num, row
    except csv.Error as error:
        what = f"line {reader.line_num + 1} is not CSV ({error})"
        raise P2PError(file, what, "Save the file as CSV in UTF-8.", code="bad-csv") from error


def _read_objects(text: str, file: Path) -> Iterator[tuple[int, list[str]]]:
    keys: list[str] = []
    for number, value in _parse_objects(text, file):
        texts = [str(key) for key, each in value.items() if isinstance(each, str)] if isinstance(value, dict) else []
        if not isinstance(value, dict) or not (keys or texts):
            raise P2PError(file, f"record {number} is not a JSON object with texts", _WRITE_OBJECTS, code="bad-json")
        if not keys:
            keys = texts
            if [key.casefold() for key in keys] != ["a", "b"]:
                yield 0, keys
        yield number, [each if isinstance(each := value.get(key), str) else "" for key in keys]


def _parse_objects(text: str, file: Path) -> Iterator[tuple[int, Any]]:
    number = 1
    try:
        if text.lstrip().startswith("["):
            yield from enumerate(load_json(text), start=1)
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, load_json(line)
    except (ValueError, RecursionError) as error:
        raise P2PError(file, f"line {number} is not JSON ({error})", _WRITE_OBJECTS, code="bad-json") from error
