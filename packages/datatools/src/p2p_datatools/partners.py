"""Finds for every picture of one folder the picture of the same name in another.

Nothing here may open a picture or guess: a name that is missing on one side, or there twice, is a skip with its reason.
"""

import unicodedata
from pathlib import Path

from p2p_datatools.contract.destination import Skip
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import SUFFIXES, find_pictures, stem_of

Files = tuple[Path, Path]  # the A and the B of one name


def partners(a: Path, b: Path) -> tuple[dict[str, Files], list[Skip]]:
    """The two files of each name that both folders have once, in the order of the names, and what is wrong elsewhere.

    A name is the path below the folder without suffix. Raises P2PError when a folder has no pictures, or the two have
    no name in common.
    """
    in_a, in_b = _by_name(a), _by_name(b)
    if not in_a.keys() & in_b.keys():
        raise P2PError(
            f"{a}: has no name in common with {b}: '{min(in_a)}' here, '{min(in_b)}' there. "
            "A name is the path below the folder without suffix."
        )
    matched, skipped = {}, []
    for name in sorted(in_a.keys() | in_b.keys()):
        of_a, of_b = in_a.get(name, []), in_b.get(name, [])
        twice = next((files for files in (of_a, of_b) if len(files) > 1), None)
        if twice:
            skipped.append(Skip(str(twice[0]), f"has the same name as {twice[1]}. Rename or remove one of them."))
        elif not of_a or not of_b:
            file, other = (of_a[0], b) if of_a else (of_b[0], a)
            skipped.append(Skip(str(file), f"has no partner in {other}. Add '{name}' there, or remove this one."))
        else:
            matched[name] = (of_a[0], of_b[0])
    return matched, skipped


def _by_name(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for file in find_pictures(folder):
        # One machine writes an umlaut as one character and another as two.
        found.setdefault(unicodedata.normalize("NFC", stem_of(file, folder)), []).append(file)
    if not found:
        raise P2PError(f"{folder}: has no pictures ({', '.join(sorted(SUFFIXES))}). Is it the right folder?")
    return found
