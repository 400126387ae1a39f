"""Decides what becomes of shapes that may mean two things: boxes, and outlines that lie within others of their object.

Nothing here may paint; a box that is to be painted is a region as any other, and what is cut out of an outline a hole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.kinds import is_label_picture
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import LabelItem, LabelSet, Polygon, Region, RegionLabels, uses_of
from p2p_datatools.masks.class_mapping import BOXES, HOLES, RECTANGLES, RINGS

# Formats in which sets for detection come. In others a person draws a rectangle as the outline of what is one.
_DETECTION = (
    *("bdd100k", "coco", "cvat", "darwin", "datumaro", "hasty", "labelbox", "labelstudio", "segments"),
    *("superannotate", "voc-boxes", "vott", "yolo"),
)

_FEW = 3  # outlines, which may be of rectangular things
_INEXACT = 0.02  # of the size of a box: how far its rounded corners may lie from its own
_LEAST = 1.0  # square pixels by which an outline must exceed what lies within it: equal ones are one drawn twice


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
        pictures = sum(bool(item.regions or item.boxes) for item in items)
        raise P2PError(
            labels,
            f"has boxes only ({plural(count, 'box', 'boxes')} in {plural(pictures, 'picture')}): "
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


def settle_rings(found: LabelSet, labels: Path, mapping: Mapping[str, str], report: Reporter) -> LabelSet:
    """The labels, in which outlines within others of their object are holes if `--map rings=holes` says so.

    COCO unites the outlines of an annotation, so that one within another changes nothing: nobody draws it for that, and
    programs that trace masks write holes so. `report` is told of them where nothing says what they are.
    """
    wanted = mapping.get(RINGS) == HOLES
    items, count, first, store = list[LabelItem](), 0, "", RegionStore()
    for item in found.items:
        nested = [each for each in item.regions if _has_ring(each)] if isinstance(item, RegionLabels) else []
        if nested:
            count += len(nested)
            first = first or f"{nested[0].place} ({nested[0].label})"
        if wanted and nested and isinstance(item, RegionLabels):
            regions = tuple(_cut(each) if _has_ring(each) else each for each in item.regions)
            item = store.keep(replace(item, regions=regions, signature=f"{item.signature} with holes"))
        items.append(item)
    if count and not wanted:
        several = f"{count} regions have outlines within others of their own"
        have = "1 region has an outline within another of its own" if count == 1 else several
        report.note(
            f"{labels}: {have}, which {found.format} unites, so that nothing is cut out; the first is {first}. "
            f"If these are holes, add --map {RINGS}={HOLES}."
        )
    return replace(found, items=tuple(items)) if wanted and count else found


def _has_ring(region: Region) -> bool:
    """Whether an outline of a region lies within another one of it."""
    return len(region.polygons) > 1 and any(_outer_ones(region.polygons))


def _outer_ones(polygons: Sequence[Polygon]) -> Iterator[list[int]]:
    """For each outline of a region, the places of those within which it lies."""
    lows, highs = (np.array([side(each.outer, axis=0) for each in polygons]) for side in (np.min, np.max))
    for place, own in enumerate(polygons):  # of thousands, which a traced mask may have, most lie apart
        around = ((lows <= lows[place]) & (highs >= highs[place])).all(axis=1)
        around[place] = False
        yield [n for n in np.flatnonzero(around).tolist() if _is_within(own, polygons[n])]


def _is_within(inner: Polygon, outer: Polygon) -> bool:
    """Whether an outline lies within another one whose box holds its own."""
    around = outer.outer.astype(np.float32)
    if _area(outer) < _area(inner) + _LEAST:
        return False
    return all(cv2.pointPolygonTest(around, point, False) >= 0 for point in inner.outer.tolist())


def _area(polygon: Polygon) -> float:
    return float(cv2.contourArea(polygon.outer.astype(np.float32)))


def _cut(region: Region) -> Region:
    """The region with its inner outlines as holes; one within a hole is an island again."""
    return replace(region, polygons=tuple(_with_holes(region)))


def _with_holes(region: Region) -> Iterator[Polygon]:
    around = list(_outer_ones(region.polygons))
    for place, each in enumerate(region.polygons):
        if len(around[place]) % 2:
            continue
        holes = [
            region.polygons[n].outer
            for n, outer in enumerate(around)
            if place in outer and len(outer) == len(around[place]) + 1
        ]
        yield replace(each, holes=(*each.holes, *holes))
