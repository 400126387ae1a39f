"""Takes class numbers for the ids of the palette where --map says so, whatever a list beside them or their format says.

Nothing here may open a picture, or choose between a list and the palette where the user did not.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.progress import Reporter
from p2p_datatools.labels.values import IndexLabels, LabelItem, LabelSet, PictureLabels
from p2p_datatools.masks.class_mapping import IDS, OF_PALETTE


def settle_ids(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels without names of class numbers where the mapping has ids=palette; notes whose are not used."""
    if mapping.get(IDS) != OF_PALETTE:
        return found
    items = tuple(map(_without_names, found.items))
    others = [each for each, item in zip(found.items, items, strict=True) if each is not item]
    lists = dict.fromkeys(each.listed.source for each in others if isinstance(each, PictureLabels) and each.listed)
    if not others:
        return found
    whose = " and ".join(lists) or found.format
    report.note(f"{labels}: --map {IDS}={OF_PALETTE} is used, and not what {whose} calls the class numbers.")
    return replace(found, items=items)


def _without_names(item: LabelItem) -> LabelItem:
    if not isinstance(item, PictureLabels):
        return item
    if item.listed and (item.listed.numbers or item.listed.uncounted):
        item = replace(item, listed=replace(item.listed, numbers={}, uncounted=()))
    return replace(item, names=None) if isinstance(item, IndexLabels) and item.names else item
