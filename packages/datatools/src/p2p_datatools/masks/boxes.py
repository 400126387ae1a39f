"""Decides what becomes of boxes: labels of nothing else tell where objects are, and not which pixels are theirs.

Nothing here may paint; a box that is to be painted is a region as any other.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import LabelSet, RegionLabels, uses_of
from p2p_datatools.masks.class_mapping import BOXES, RECTANGLES

# Formats in which sets for detection come. In others a person draws a rectangle as the outline of what is one.
_DETECTION = (
    *("bdd100k", "coco", "cvat", "darwin", "datumaro", "hasty", "labelbox", "labelstudio", "segments"),
    *("superannotate", "voc-boxes", "vott", "yolo"),
)


def settle_boxes(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels with the boxes that are to be painted; `report` is told of boxes among outlines.

    Raises P2PError when the labels of a tool for detection are boxes only, unless `--map boxes=rectangles` says to fill
    them.
    """
    items = [item for item in found.items if isinstance(item, RegionLabels)]
    around = sum(len(item.boxes) for item in items)
    if mapping.get(BOXES) == RECTANGLES:
        return _with_boxes(found) if around else found
    regions = [region for item in items for region in item.regions]
    boxes = [region for region in regions if region.is_box]
    if not boxes and not (around and not regions):
        return found
    count = len(boxes) + around
    if len(boxes) < len(regions):
        are = "is a box" if len(boxes) == 1 else "are boxes"
        report.note(f"{labels}: {len(boxes)} of {len(regions)} regions {are}, and painted as rectangles.")
    elif found.format not in _DETECTION:
        report.note(f"{labels}: there is nothing but {plural(len(boxes), 'rectangle')}; as such they are painted.")
    else:
        raise P2PError(
            labels,
            f"has boxes only ({plural(count, 'box', 'boxes')} in {plural(_count_with(items), 'picture')}): "
            "there are no outlines to paint",
            "Draw outlines, or have the boxes segmented (Segment Anything takes them); if filled rectangles are what "
            f"you want, add --map {BOXES}={RECTANGLES}.",
            code="boxes-only",
        )
    return found


def _count_with(items: list[RegionLabels]) -> int:
    return sum(bool(item.regions or item.boxes) for item in items)


def _with_boxes(found: LabelSet) -> LabelSet:
    """The labels, of which boxes around objects are regions, too."""
    items = tuple(_draw_boxes(item) if isinstance(item, RegionLabels) and item.boxes else item for item in found.items)
    return replace(found, items=items, labels=uses_of(item for item in items if isinstance(item, RegionLabels)))


def _draw_boxes(item: RegionLabels) -> RegionLabels:
    # They are counted as what has no outline.
    without = {kind: count - len(item.boxes) for kind, count in item.without_area.items() if count > len(item.boxes)}
    signature = f"{item.signature} with boxes"
    return replace(item, regions=(*item.boxes, *item.regions), boxes=(), without_area=without, signature=signature)
