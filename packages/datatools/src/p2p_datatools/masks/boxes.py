"""Decides what becomes of boxes: labels of nothing else tell where objects are, and not which pixels are theirs.

Nothing here may paint; a box that is to be painted is a region as any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.kinds import is_label_picture
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import LabelSet, Region, RegionLabels, uses_of
from p2p_datatools.masks.class_mapping import BOXES, RECTANGLES

# Formats in which sets for detection come. In others a person draws a rectangle as the outline of what is one.
_DETECTION = (
    *("bdd100k", "coco", "cvat", "darwin", "datumaro", "hasty", "labelbox", "labelstudio", "segments"),
    *("superannotate", "voc-boxes", "vott", "yolo"),
)

_FEW = 3  # outlines, which may be of rectangular things
_INEXACT = 0.02  # of the size of a box: how far its rounded corners may lie from its own


def settle_boxes(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels with the boxes that are to be painted; `report` is told of boxes among outlines.

    Raises P2PError when the labels of a tool for detection are boxes only, unless `--map boxes=rectangles` says to fill
    them.
    """
    items = [item for item in found.items if isinstance(item, RegionLabels)]
    around = sum(len(item.boxes) for item in items)
    if mapping.get(BOXES) == RECTANGLES:
        return _with_boxes(found) if around else found
    regions = sum(len(item.regions) for item in items)
    boxes = sum(region.is_box for region in _regions_of(items))
    if not boxes and not (around and not regions):
        _note_rectangles(items, regions, found.format, labels, report)
        return found
    count = boxes + around
    if boxes < regions:
        are = "is a box" if boxes == 1 else "are boxes"
        report.note(f"{labels}: {boxes} of {regions} regions {are}, and painted as rectangles.")
    elif found.format not in _DETECTION:
        report.note(f"{labels}: there is nothing but {plural(boxes, 'rectangle')}; as such they are painted.")
    else:
        raise P2PError(
            labels,
            f"has boxes only ({plural(count, 'box', 'boxes')} in {plural(_count_with(items), 'picture')}): "
            "there are no outlines to paint",
            "Draw outlines, or have the boxes segmented (Segment Anything takes them); if filled rectangles are what "
            f"you want, add --map {BOXES}={RECTANGLES}.{_other_labels(labels)}",
            code="boxes-only",
        )
    return found


def _other_labels(labels: Path) -> str:
    """A sentence with the first folder of label pictures among the boxes, as trimaps/ beside xmls/; empty without."""
    pictures = find_pictures(labels, strange=[]) if labels.is_dir() else []
    firsts = {file.parent: file for file in reversed(pictures)}
    found = next((folder for folder in sorted(firsts) if is_label_picture(firsts[folder])), None)
    return f" If the label pictures in {found} are meant, give that folder." if found else ""


def _regions_of(items: list[RegionLabels]) -> Iterator[Region]:
    return (region for item in items for region in item.regions)


def _note_rectangles(items: list[RegionLabels], count: int, name: str, labels: Path, report: Reporter) -> None:
    """Say that all outlines are boxes in their form: turned ones of YOLO, or boxes that a program wrote as outlines."""
    if name in _DETECTION and count >= _FEW and all(map(_is_rectangle, _regions_of(items))):
        report.note(
            f"{labels}: all {count} outlines have four corners, as boxes do, and are painted so; if they are "
            "boxes around objects, draw outlines, or have the boxes segmented (Segment Anything takes them)."
        )


def _is_rectangle(region: Region) -> bool:
    """Whether a region is one outline of four corners whose diagonals halve each other, also in shares of a picture."""
    if len(region.polygons) != 1 or region.runs or region.polygons[0].holes or len(region.polygons[0].outer) != 4:
        return False
    corners = region.polygons[0].outer
    between = corners[0] + corners[2] - corners[1] - corners[3]
    return bool((np.abs(between) <= _INEXACT * np.ptp(corners, axis=0)).all())


def _count_with(items: list[RegionLabels]) -> int:
    return sum(bool(item.regions or item.boxes) for item in items)


def _with_boxes(found: LabelSet) -> LabelSet:
    """The labels, of which boxes around objects are regions, too."""
    store = RegionStore()
    items = tuple(
        store.keep(_draw_boxes(item)) if isinstance(item, RegionLabels) and item.boxes else item for item in found.items
    )
    return replace(found, items=items, labels=uses_of(item for item in items if isinstance(item, RegionLabels)))


def _draw_boxes(item: RegionLabels) -> RegionLabels:
    # They are counted as what has no outline.
    without = {kind: count - len(item.boxes) for kind, count in item.without_area.items() if count > len(item.boxes)}
    signature = f"{item.signature} with boxes"
    return replace(item, regions=(*item.boxes, *item.regions), boxes=(), without_area=without, signature=signature)
