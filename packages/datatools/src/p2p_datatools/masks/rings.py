"""Decides what becomes of an outline that lies within another of its own object, where formats unite the two.

Nothing here may paint; what is cut out of an outline is a hole of it as any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from p2p_datatools.contract.progress import Reporter
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import LabelItem, LabelSet, Polygon, Region, RegionLabels
from p2p_datatools.masks.class_mapping import HOLES, RINGS

_LEAST = 1.0  # square pixels by which an outline must exceed what lies within it: equal ones are one drawn twice


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
