"""Reads the class names out of YOLO's data.yaml: a list or a mapping under `names:`, in one line or several.

Nothing here may claim to read YAML; whatever else the file holds is passed over, and other forms are refused.
"""

import re
from pathlib import Path

from p2p_datatools.contract.errors import P2PError

_ITEM = re.compile(r"\s*-\s+(?P<name>.+)")
_ENTRY = re.compile(r"\s+['\"]?(?P<number>\d+)['\"]?\s*:\s+(?P<name>.+)")


def read_names(path: Path) -> dict[int, str]:
    """The names by class number; raises P2PError when `names:` is missing or in a form that is not read."""
    try:
        lines = [_without_comment(line) for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise P2PError(f"{path}: cannot be read as text: {error}.") from error
    lines = [line for line in lines if line.strip()]
    start = next((place for place, line in enumerate(lines) if re.match(r"names\s*:", line)), None)
    if start is None:
        raise P2PError(f"{path}: has no line 'names:'. Add one: names: [car, wheel].")
    here = lines[start].partition(":")[2].strip()
    names = _inline(here, lines[start + 1 :]) if here else _block(lines[start + 1 :])
    if not names or len(set(names.values())) < len(names):
        raise P2PError(
            f"{path}: its names cannot be read, or one stands twice. Write them in one line, names: [car, wheel], or "
            "one below the other, each as '- car' or '0: car'."
        )
    return names


def _inline(first: str, rest: list[str]) -> dict[int, str]:
    """[a, b] or {0: a, 1: b}, which may go on over lines."""
    text = first
    closing = {"[": "]", "{": "}"}.get(first[0], "")
    while closing and not text.endswith(closing) and rest:
        text += " " + rest.pop(0).strip()
    if not closing or not text.endswith(closing):
        return {}
    parts = [part.strip() for part in _split(text[1:-1]) if part.strip()]
    if closing == "]":
        return {number: _plain(part) for number, part in enumerate(parts)}
    pairs = [part.partition(":") for part in parts]
    return {int(_plain(key)): _plain(name) for key, _, name in pairs if _plain(key).isdigit()}


def _block(lines: list[str]) -> dict[int, str]:
    """Lines '- a', or lines '0: a' that are indented, up to the first that is neither."""
    names: dict[int, str] = {}
    for line in lines:
        item, entry = _ITEM.fullmatch(line), _ENTRY.fullmatch(line)
        if item:
            names[len(names)] = _plain(item["name"])
        elif entry:
            names[int(entry["number"])] = _plain(entry["name"])
        else:
            break
    return names


def _split(text: str) -> list[str]:
    """Parts between commas that are not quoted."""
    return re.findall(r"""(?:'[^']*'|"[^"]*"|[^,'"])+""", text)


def _without_comment(line: str) -> str:
    return re.sub(r"""^((?:'[^']*'|"[^"]*"|[^'"#])*?)(?:(?:^|\s)#.*)$""", r"\1", line).rstrip()


def _plain(word: str) -> str:
    word = word.strip()
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
