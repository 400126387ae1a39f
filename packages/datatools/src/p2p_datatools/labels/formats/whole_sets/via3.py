"""Reads projects of the VGG Image Annotator 3: files, views of them, and shapes whose attributes are options or text.

Nothing here may read pictures or files; the parsed JSON is passed in.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import ForeignPlace
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.whole_sets.via import class_attribute
from p2p_datatools.labels.parsing.outlines import box, box_at, ellipse, number, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels

_TABLES = ("project", "attribute", "file", "metadata")
_WITHOUT_AREA = {1: "point", 5: "line", 6: "polyline"}
_IMAGE, _CHECKBOX, _OPTIONS = 2, 2, (2, 3, 4)  # a type of file; types of attribute: checkbox, radio, select
_Table = Mapping[str, Any]


def is_via3(value: Any) -> bool:
    """Whether a parsed JSON file is a project of VIA 3."""
    return isinstance(value, dict) and all(isinstance(value.get(name), dict) for name in _TABLES)


def read_via3(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of a project's images; videos are skipped.

    Raises P2PError when it is unclear which attribute is the class, or a shape belongs to no view.
    """
    views = _views(value, ForeignPlace(where, to_do="Save it again.", code="damaged-labels"))
    try:
        shapes = [each for each in value["metadata"].values() if each.get("xy")]
        lost = next((each for each in shapes if str(each["vid"]) not in views), None)
    except (AttributeError, KeyError) as error:
        what = f"is not a valid project of VIA 3 ({error})"
        raise P2PError(where, what, "Save it again.", code="damaged-labels") from error
    if lost:
        what = f"a shape belongs to view {lost['vid']}, which is not in the file"
        raise P2PError(where, what, "Save it again.", code="dangling-reference")
    attribute = _class_attribute(value["attribute"], shapes, where)
    by_view: dict[str, list[_Table]] = {view: [] for view in views}
    for each in shapes:
        by_view[str(each["vid"])].append(each)
    return gather("via", _pictures(value, views, by_view, attribute, (where, source)))


def _views(value: _Table, at: ForeignPlace) -> Mapping[str, list[str]]:
    """The files that each view shows; without views each file is a view."""
    views = value.get("view")
    if not isinstance(views, dict):
        return {file: [file] for file in value["file"]}
    tables = {view: at.read_table(each or {}, f"view[{view!r:.40}]") for view, each in views.items()}
    return {
        view: [
            str(file) for file in at.read_list(each.get("fid_list"), f"fid_list of view {view!r:.40}", may_lack=True)
        ]
        for view, each in tables.items()
    }


def _class_attribute(table: _Table, shapes: Iterable[_Table], where: str) -> str | None:
    """The id of the attribute that holds the class, among those that shapes have."""
    used = dict.fromkeys(each for shape in shapes for each in _values_of(shape))
    names = {each: str(table[each].get("aname")) for each in used if isinstance(table.get(each), dict)}
    name = class_attribute(names.values(), where)
    return next((each for each in names if names[each] == name), None)


def _values_of(shape: _Table) -> _Table:
    values = shape.get("av")
    return values if isinstance(values, dict) else {}


def _pictures(
    value: _Table,
    views: Mapping[str, list[str]],
    by_view: Mapping[str, list[_Table]],
    attribute: str | None,
    place: tuple[str, str],
) -> Iterable[tuple[str, Callable[[], RegionLabels]]]:
    where, source = place
    for view, files in views.items():
        file = value["file"].get(files[0]) if files else None
        name = _name(file) or f"{where}: view {view}"
        if len(files) == 1 and isinstance(file, dict):
            read = partial(_picture, file, by_view[view], (attribute, value["attribute"]), name, f"{source}: {name}")
        else:
            read = partial(_refuse_view, name, files)
        yield name, read


def _refuse_view(where: str, files: list[str]) -> RegionLabels:
    if len(files) == 1:
        what = f"is a view of the file {files[0]}, which is not in the project"
        raise P2PError(where, what, "Save it again.", code="dangling-reference")
    what = f"is a view of {plural(len(files), 'file')}"
    raise P2PError(where, what, "Label each picture in a view of its own.", code="several-files-in-view")


def _name(file: Any) -> str:
    """The name of a file as shown, which may be its address if it is from the network."""
    name = (file.get("fname") or file.get("src")) if isinstance(file, dict) else None
    if not isinstance(name, str):
        return ""
    return name.rpartition("/")[2] if "://" in name else name


def _picture(
    file: _Table, shapes: list[_Table], attribute: tuple[str | None, _Table], where: str, source: str
) -> RegionLabels:
    if file.get("type") != _IMAGE:
        raise P2PError(where, "is a video or sound, not a picture", "Label its frames as pictures.", code="video")
    drawing = RegionCollector()
    for count, shape in enumerate(shapes, start=1):
        place = f"{where}: region {count}"
        drawing.add(partial(_shape, shape["xy"], place), *_labels(_values_of(shape), *attribute, place), where=place)
    return drawing.labels_of(read_picture_name(_name(file), where), None, where=where, source=source)


def _labels(values: _Table, attribute: str | None, table: _Table, where: str) -> list[Any]:
    """The classes of a shape: the text, or the options that were chosen; several with checkboxes."""
    for each in values:
        if not isinstance(table.get(each), dict):
            what = f"its attribute {each} is not in the project"
            raise P2PError(where, what, "Save it again.", code="dangling-reference")
    if attribute is None:
        return []
    kind = table[attribute]
    chosen = values.get(attribute, kind.get("default_option_id"))  # the tool shows the default if none is set
    if kind.get("type") not in _OPTIONS or chosen in (None, ""):
        return [chosen]
    options = kind.get("options") or {}
    ids = str(chosen).split(",") if kind["type"] == _CHECKBOX else [str(chosen)]
    if unknown := [each for each in ids if each not in options]:
        what = f"its {kind.get('aname')} is option {unknown[0]}, which is not in the project"
        raise P2PError(where, what, "Save it again.", code="dangling-reference")
    return [options[each] for each in ids]


def _shape(xy: Any, where: str) -> Polygon | str:
    kind = xy[0] if isinstance(xy, list) else xy
    if kind in _WITHOUT_AREA:
        return _WITHOUT_AREA[kind]
    if kind not in _SHAPES:
        raise unknown_shape(where, f"the shape {kind!r}", ["1 to 9"])
    draw, numbers = _SHAPES[kind]
    if numbers and len(xy) != 1 + numbers:
        what = f"its shape needs {numbers} numbers and has {len(xy) - 1}"
        raise P2PError(where, what, "Draw it again.", code="bad-outline")
    return draw([number(each, where, f"xy[{count}]") for count, each in enumerate(xy[1:], start=1)], where)


def _rectangle(xy: list[float], where: str) -> Polygon:
    left, top, width, height = xy
    return box_at(left, top, width, height, where)


def _circle(xy: list[float], where: str) -> Polygon:
    return ellipse(xy[:2], (xy[2], xy[2]), where)


def _ellipse(xy: list[float], where: str) -> Polygon:
    return ellipse(xy[:2], xy[2:], where)


def _bounding_box(xy: list[float], where: str) -> Polygon:
    """The box about four points on its sides."""
    return box((min(xy[::2]), min(xy[1::2]), max(xy[::2]), max(xy[1::2])), where)


def _through(xy: list[float], where: str) -> Polygon:
    """The circle through three points: its centre c has 2 c (p - q) = p^2 - q^2 for any two of them."""
    first, second, third = np.array(xy).reshape(3, 2)
    sides = 2 * np.array([second - first, third - first])
    if abs(float(np.linalg.det(sides))) < 1e-9:
        raise P2PError(where, "the three points of its circle lie on a line", "Draw it again.", code="bad-outline")
    squares = np.array([second @ second - first @ first, third @ third - first @ first])
    centre = np.linalg.solve(sides, squares)
    radius = float(np.hypot(*(first - centre)))
    return ellipse(centre, (radius, radius), where)


# The drawing and how many numbers it takes, 0 for any.
_SHAPES: Mapping[Any, tuple[Callable[[list[float], str], Polygon], int]] = {
    2: (_rectangle, 4),
    3: (_circle, 3),
    4: (_ellipse, 4),
    7: (polygon, 0),
    8: (_bounding_box, 8),
    9: (_through, 6),
}
