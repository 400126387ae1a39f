"""What to do about a path at which no file or folder is: what was probably meant by it.

Nothing here may open a file; the folder around the path is listed at most.
"""

import difflib
import errno
import os
import re
from pathlib import Path

from p2p_datatools.contract.files.opening import is_special
from p2p_datatools.contract.words import path_word

_MOST_LISTED = 10_000  # entries of a folder, among which a name that is nearly the same is looked for
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z\d+.-]+):/+(?=[^/])")  # pathlib makes one slash of two
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def advise_missing(path: Path, *, otherwise: str = "Check the spelling.") -> str:
    """A sentence that says what to write instead of a path that does not exist; `otherwise` if nothing tells.

    Patterns that the shell found nothing for, `~` in quotes, addresses, paths of Windows, links that lead nowhere, and
    names that are nearly those of something that is there, have a sentence each.
    """
    text = str(path)
    if is_special(path):
        return "It is a pipe, socket or device, not a file: save what it gives to a file, and name that."
    if _is_circle(path):
        return "It is a link that leads back to itself, or lies behind one: delete it, or name what it stands for."
    if path.is_symlink():
        return f"It is a link that leads nowhere: {path_word(path.readlink())} does not exist."
    if (home := Path(os.path.expanduser(text))) != path:  # noqa: PTH111 - pathlib raises for an unknown user
        return f"The shell replaces ~ only where it is not in quotes: write {path_word(home)}."
    if address := _ADDRESS.match(text):
        if address[1].lower() == "file":
            return f"Write the path alone: /{path_word(text[address.end() :])}."
        return "Addresses are not read: download it first; 'p2p data catalog' lists what 'p2p data fetch' downloads."
    if slashed := _from_windows(text):
        return slashed
    if any(sign in text for sign in "*?["):
        return "A pattern is replaced by the shell, which found nothing that matches: give the folder itself."
    near = _nearest(path)
    return f"Did you mean {path_word(path.with_name(near))}?" if near else otherwise


def _is_circle(path: Path) -> bool:
    """Whether links lead in a circle."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _from_windows(text: str) -> str:
    """A sentence for a path of Windows on another system; empty for any other."""
    slashed = text.replace("\\", "/")
    if slashed != text and Path(slashed).exists():
        return f"Write {path_word(slashed)}: folders are separated by /."
    if not _DRIVE.match(text):
        return ""
    mounted = f"/mnt/{text[0].lower()}{slashed[2:]}"
    return f"This is a path of Windows, and this system is another: in WSL it is {path_word(mounted)}."


def _nearest(path: Path) -> str | None:
    """The name beside a path that is nearly its own, if there is one."""
    try:
        names = [entry.name for entry, _ in zip(path.parent.iterdir(), range(_MOST_LISTED), strict=False)]
    except OSError:
        return None
    plain = {name.casefold(): name for name in sorted(names, reverse=True)}
    near = difflib.get_close_matches(path.name.casefold(), plain, n=1, cutoff=0.75)
    return plain[near[0]] if near else None
