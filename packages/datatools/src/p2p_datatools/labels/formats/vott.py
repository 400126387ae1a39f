"""Reads what Microsoft's VoTT writes: the export of a whole project, and the file of a single asset.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.outlines import box_at, polygon
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, items_of, read_picture_name, size_from
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels, bad_labels, without_labels

_BOXES = ("RECTANGLE", "SQUARE")
_NOT_VISITED = 0  # among the states of an asset; 1 is visited, 2 is tagged
_WITHOUT_AREA = ("POINT", "POLYLINE")


def is_vott_export(value: Any) -> bool:
    """Whether a parsed JSON file is the export of a project, or one of its own project files."""
    if not isinstance(value, dict):
        return False
    assets = _assets(value)
    return is_vott_project(value) or (bool(assets) and all(is_vott_asset(each) for each in assets))


def is_vott_asset(value: Any) -> bool:
    """Whether a parsed JSON file is that of one asset."""
    return isinstance(value, dict) and isinstance(value.get("asset"), dict) and "regions" in value


def is_vott_project(value: Any) -> bool:
    """Whether it is VoTT's own file of a project, whose connections are encrypted and which holds no regions."""
    return isinstance(value, dict) and "sourceConnection" in value and not any(map(is_vott_asset, _assets(value)))


def read_vott_export(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of a project; raises P2PError for a project file, which holds none."""
    if is_vott_project(value):
        what = "is a project file of VoTT, with encrypted settings and no regions in it"
        to_do = "Export the project from VoTT as VoTT JSON, or give the folder with its -asset.json files."
        raise P2PError(where, what, to_do, code="no-labels")
    return gather("vott", _pictures(_assets(value), where, source))


def read_vott_asset(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of one asset."""
    return gather("vott", [(where, partial(_picture, value, where, source))])


def _assets(value: Any) -> list[Any]:
    assets = value.get("assets")
    if isinstance(assets, dict):
        return list(assets.values())
    return assets if isinstance(assets, list) else []


def _pictures(assets: Iterable[Any], where: str, source: str) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    for number_, asset in enumerate(assets, start=1):
        name = asset["asset"].get("name")
        place = name if isinstance(name, str) and name else f"{where}: asset {number_}"
        yield place, partial(_picture, asset, place, f"{source}: {name}")


def _picture(value: Any, where: str, source: str) -> RegionLabels:
    asset = value["asset"]
    name = read_picture_name(asset.get("name"), where)
    if not value["regions"] and asset.get("state") == _NOT_VISITED:
        raise without_labels(where, "was not looked at in VoTT")
    given = asset.get("size")
    size = size_from(given.get("width"), given.get("height"), where) if isinstance(given, dict) else None
    drawing = RegionCollector()
    for place, region in drawing.objects(items_of(value["regions"], "regions", where), "region", where):
        drawing.add(partial(_shape, region, place), *items_of(region.get("tags"), "tags", place), where=place)
    return drawing.labels_of(name, size, where=where, source=source)


def _shape(region: Any, where: str) -> Polygon | str:
    kind = str(region.get("type") or "POLYGON").upper()
    if kind in _WITHOUT_AREA:
        return kind.lower()
    points = items_of(region.get("points"), "points", where)
    if not points and kind in _BOXES:
        return _bounding_box(region.get("boundingBox"), where)
    try:
        corners = [(each["x"], each["y"]) for each in points]
    except (KeyError, TypeError) as error:
        raise bad_labels(where, "a point has no x and y", code="bad-outline") from error
    return replace(polygon(corners, where, form="of x and y", name="points"), is_box=kind in _BOXES)


def _bounding_box(value: Any, where: str) -> Polygon:
    if not isinstance(value, dict):
        raise bad_labels(where, "has neither points nor a boundingBox", code="no-outline")
    left, top, width, height = (value.get(side) for side in ("left", "top", "width", "height"))
    return box_at(left, top, width, height, where)
