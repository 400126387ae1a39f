"""Gives labels the splits of the lists that lie with them, as train.txt and val.txt.

Nothing here may know a format, or overrule what folders say.
"""

from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.folders.listed_splits import read_listed_splits
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.labels.values import LabelSet


def give_listed_splits(found: LabelSet, labels: Path) -> LabelSet:
    """The labels with the splits of the lists in their folder or that above it, unless folders say splits.

    Raises P2PError when lists of different splits name one picture.
    """
    if any(item.split for item in found.items):
        return found
    root = labels if labels.is_dir() else labels.parent
    listed = read_listed_splits(root, [without_suffix(item.picture_name) for item in found.items])
    told = [listed.unmatched] if listed.unmatched else []
    given = zip(found.items, listed.splits, strict=True) if listed.splits else ()
    items = tuple(replace(item, split=split) for item, split in given) or found.items
    return replace(found, items=items, notes=(*found.notes, *listed.notes, *told))
