"""A relative name: text from a file that may become a path, because it cannot lead out of its folder or hide in it.

Nothing here may touch the disk, and nowhere else may text from a file become part of a path.
"""

import re
from pathlib import Path, PureWindowsPath
from typing import NewType

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import is_printable, printable

RelativeName = NewType("RelativeName", str)
"""A path below a folder, with forward slashes; only `relative_name` makes one."""

LONGEST_NAME = 255
"""The most bytes of UTF-8 that a file system takes for the name of one file or folder."""

_LONGEST_PATH = 3000  # bytes; systems take 4,096 with the folders above
# What nearly all names look like, to be seen at once: there may be millions. 63 letters of 4 bytes are 252.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_. -]{0,62}/){0,8}[A-Za-z0-9_-][A-Za-z0-9_. -]{0,62}", re.ASCII)


def relative_name(text: object, where: Path | str, *, suffix: str = "", hidden: bool = False) -> RelativeName:
    """The text as a path below a folder; `suffix` is what is still added to it to name a file. With `hidden` a part may
    begin with a dot.

    Raises P2PError, which says that `where` holds it, for what is not text, is absolute, leads out of the folder, is
    hidden there, is longer than file systems take (255 bytes of UTF-8 a part), or cannot be printed.
    """
    if isinstance(text, str):
        if _PLAIN.fullmatch(text) and len(suffix) < 100:
            return RelativeName(text)
        fault = _fault(text, suffix, hidden=hidden)
        if fault is None:
            return RelativeName(text)
        what, code = fault
    else:
        what, code = "is not a text", "not-a-name"
    to_do = "Give the file another name, or make this record again if it was edited."
    raise P2PError(where, f"the name {_quote(text)} {what}", to_do, code=code)


def is_relative_name(text: str, *, suffix: str = "") -> bool:
    """Whether `relative_name` takes the text."""
    return _fault(text, suffix) is None


def fault_of_relative_name(text: str, *, suffix: str) -> str:
    """Why `relative_name` does not take the text, in words; empty where it does."""
    fault = _fault(text, suffix)
    return fault[0] if fault else ""


def cut_name(text: str, most: int) -> str:
    """The beginning of a name in at most `most` bytes of UTF-8, without half a letter."""
    return text.encode("utf-8", "surrogateescape")[:most].decode("utf-8", "ignore")


def _fault(text: str, suffix: str, *, hidden: bool = False) -> tuple[str, str] | None:
    """(what is wrong, its code); None if nothing is."""
    if not is_printable(text):  # halves of surrogate pairs are not, either
        return "holds characters that cannot be printed", "unprintable-name"
    parts = text.split("/")
    windows = PureWindowsPath(text) if "\\" in text or ":" in parts[0] else None
    if windows and windows.drive and not text.startswith("/"):
        return "leads out of its folder on Windows, where a colon names a drive", "path-leads-out"
    if text.startswith("/") or ".." in parts or (windows and (windows.root or ".." in windows.parts)):
        return "leads out of its folder", "path-leads-out"
    if "." in parts or (not hidden and any(part.startswith(".") for part in parts)):
        return "is that of a hidden file or folder", "path-leads-out"
    if not all(part.strip() for part in parts):
        return "has an empty part", "path-leads-out"
    lengths = [len(part.encode()) for part in parts]
    lengths[-1] += len(suffix.encode())
    if max(lengths) > LONGEST_NAME or sum(lengths) > _LONGEST_PATH:
        return f"is longer than the {LONGEST_NAME} bytes that file systems take", "name-too-long"
    return None


def _quote(text: object) -> str:
    shown = f"'{printable(text)}'" if isinstance(text, str) else ascii(text)
    return shown if len(shown) <= 120 else f"{shown[:100]}... ({len(shown)} characters)"
