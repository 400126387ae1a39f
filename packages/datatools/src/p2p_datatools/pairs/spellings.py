"""Names that are the same but for how they are spelled: percent escapes, capital letters, another separator.

Nothing here may list a folder; names are given, and those that have a partner of exactly their name are none of them.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from p2p_datatools.contract.names import unescape

# What exports put for a folder's slash, and renaming tools for spaces and the like: one of them for each.
_SEPARATORS = (
    *(("/", each) for each in ("_", "-", "__", ".", " ")),
    *((" ", "_"), (" ", "-"), ("-", "_"), (".", "_"), (".", "-")),
)


class Spelling(NamedTuple):
    """How names are spelled otherwise in the other folder: the name there by that here, and in what they differ."""

    names: Mapping[str, str]
    difference: str


def find_escaped(here: Collection[str], there: Collection[str]) -> Spelling:
    """Names that are equal once percent escapes are decoded, where one of each folder is."""
    return Spelling(_pair(here, there, unescape), "percent escapes (%20)")


def find_capitals(here: Collection[str], there: Collection[str]) -> Spelling:
    """Names that are equal in small letters, where one of each folder is."""
    return Spelling(_pair(here, there, lambda name: unescape(name).casefold()), "capital and small letters")


def find_separators(here: Collection[str], there: Collection[str]) -> Spelling:
    """Names that are equal with another separator, such as s0/0 and s0_0; none where not all of a folder are.

    For names of which none has a partner; none either where two separators make different pairs.
    """
    least = min(len(here), len(there))
    found: dict[str, Mapping[str, str]] = {}
    for old, new in _SEPARATORS:
        if any(old in name for names in (here, there) for name in names):
            names = _pair(here, there, _replace_by(old, new))
            if len(names) == least:
                found[f"the separators '{old}' and '{new}'"] = names
    several = [*found.items()]
    if not several or any(names != several[0][1] for _, names in several):
        return Spelling({}, "")
    return Spelling(several[0][1], several[0][0])


def _replace_by(old: str, new: str) -> Callable[[str], str]:
    return lambda name: name.replace(old, new)


def _pair(here: Collection[str], there: Collection[str], spell: Callable[[str], str]) -> dict[str, str]:
    """The name there by that here, of names that are spelled alike and not equal, where no other of a folder is."""
    sides: list[dict[str, list[str]]] = []
    for names in (here, there):
        side: dict[str, list[str]] = {}
        for name in names:
            side.setdefault(spell(name), []).append(name)
        sides.append(side)
    return {
        one[0]: other[0]
        for spelled, one in sides[0].items()
        if len(one) == 1 and len(other := sides[1].get(spelled, [])) == 1 and one != other
    }
