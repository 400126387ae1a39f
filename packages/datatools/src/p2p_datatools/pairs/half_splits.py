"""The splits of pairs that were taken apart: written beside their halves, and read again when these are paired.

Nothing here may open a picture, or read a list that another program wrote.
"""

from collections.abc import Mapping
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, write_json
from p2p_datatools.contract.pairs.manifest import SPLITS

HALVES = "halves.json"
"""The marker of a folder of halves."""
_SPLITS = "splits.json"


def write_half_splits(folder: Path, splits: Mapping[str, str]) -> None:
    """Write the split of each name to splits.json, where any has one."""
    if splits:
        names = sorted(splits)
        table = {split: [f"{name}.png" for name in names if splits[name] == split] for split in set(splits.values())}
        write_json(folder / _SPLITS, dict(sorted(table.items())))


def read_half_splits(half: Path) -> Mapping[str, str]:
    """The splits of the pairs of which a folder is a half, by name; empty where it is none, or they have no split.

    Raises P2PError for a list that is damaged.
    """
    file = half.resolve().parent / _SPLITS
    if not file.is_file() or not file.with_name(HALVES).is_file():
        return {}
    table = read_json(file)
    if not isinstance(table, dict) or not all(isinstance(names, list) for names in table.values()):
        raise _refuse_list(file, "is not a table of splits and names")
    if other := [split for split in table if split not in SPLITS]:
        raise _refuse_list(file, f"gives the split {other[0]!r}, and splits are {', '.join(SPLITS)}")
    return {str(name).removesuffix(".png"): split for split, names in table.items() for name in names}


def _refuse_list(file: Path, what: str) -> P2PError:
    return P2PError(file, what, "Correct or delete it, or take the pairs apart again.", code="damaged-file")
