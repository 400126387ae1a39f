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
    return Spelling(_pair(here, there, lambda name: unescape(name).lower()), "capital and small letters")


def find_separators(here: Collection[str], there: Collection[str]) -> Spelling:
    """Names that are equal with another separator, such as s0/0 and s0_0; none where not all of a folder are.

    For names of which none has a partner; none either where another separator makes other pairs, of whichever names.
    """
    least = min(len(here), len(there))
    found = dict[str, Mapping[str, str]]()
    for old, new in _SEPARATORS:
        if any(old in name for names in (here, there) for name in names):
            found[f"the separators '{old}' and '{new}'"] = _pair(here, there, _replace_by(old, new))
    whole = [Spelling(names, which) for which, names in found.items() if len(names) == least]
    if not whole or any(_differ(whole[0].names, names) for names in found.values()):
        return Spelling({}, "")
    return whole[0]


def _differ(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether a name, of whichever folder, has one partner in one of the pairings, and another in the other."""
    inverse = {partner: name for name, partner in one.items()}
    return any(
        one.get(name, partner) != partner or inverse.get(partner, name) != name for name, partner in other.items()
    )


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
