"""Parses files with a JSON value in each line; a damaged line does not affect the others.

Nothing here may know what the values mean.
"""

from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import load_json, read_bytes
from p2p_datatools.contract.files.text import decode_text, find_encoding, guess_encodings, other_encoding


def read_json_lines(path: Path, *, repeats: bool = False) -> list[Any]:
    """The value of each line that is not empty; for a damaged one it is the error. `repeats` is that of `load_json`.

    Raises P2PError when the file cannot be read, or no line is whole.
    """
    data = read_bytes(path)
    if find_encoding(data) not in ("utf-8", "utf-8-sig"):
        data = decode_text(data, path).encode()
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    told = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    values = [_value(line, path, number, repeats=repeats) for number, line in told]
    if values and all(isinstance(value, P2PError) for value in values):
        raise values[0]
    return values


def _value(line: bytes, path: Path, number: int, *, repeats: bool) -> Any:
    try:
        return load_json(line, repeats=repeats)
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeDecodeError) and guess_encodings(line):
            return other_encoding(line, path, error)
        what = f"line {number} is not valid JSON ({error})"
        return P2PError(path, what, "Was it cut off or edited? Export it again.", code="damaged-json")
