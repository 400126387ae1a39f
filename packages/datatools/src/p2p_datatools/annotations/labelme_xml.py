"""Reads the XML of the first LabelMe (3.0), one file a picture: polygons, boxes, and masks in files beside it.

Nothing here may look for a mask anywhere but in the folders that the tool puts it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.annotations.embedded import mask_file_runs
from p2p_datatools.annotations.gather import Drawing, gather, name_of, size_from
from p2p_datatools.annotations.markup import Element, text_of
from p2p_datatools.annotations.shapes import polygon
from p2p_datatools.annotations.values import LabelSet, Polygon, RegionLabels, Runs
from p2p_datatools.contract.errors import P2PError

__all__ = ["is_labelme_xml", "read_labelme_xml"]


def is_labelme_xml(value: Any) -> bool:
    """Whether parsed XML has the form of LabelMe 3.0; Pascal VOC's boxes have the same root but other objects."""
    if not isinstance(value, Element) or value.tag != "annotation" or value.find("object/bndbox") is not None:
        return False
    return any(value.find(path) is not None for path in ("imagesize", "object/polygon", "object/segm"))


def read_labelme_xml(value: Element, *, where: str, source: str) -> LabelSet:
    """The labels of one picture; `where` is the path of the file, beside which its masks lie."""
    read: Callable[[], RegionLabels] = partial(_picture, value, where, source)
    return gather("labelme", [(where, read)])


def _picture(value: Element, where: str, source: str) -> RegionLabels:
    folder, file = text_of(value, "folder"), name_of(text_of(value, "filename"), where)
    size = size_from(text_of(value, "imagesize/ncols"), text_of(value, "imagesize/nrows"), where)
    drawing = Drawing()
    for count, each in enumerate(value.findall("object"), start=1):
        place = f"{where}: object {count}"
        if text_of(each, "deleted") != "1":
            drawing.add(_shape(each, where, folder, place), text_of(each, "name"), where=place)
    return drawing.labels_of(f"{folder}/{file}" if folder else file, size, where=where, source=source)


def _shape(value: Element, file: str, folder: str, where: str) -> Polygon | Runs:
    outline = value.find("polygon")
    if outline is not None:
        points = [(text_of(each, "x"), text_of(each, "y")) for each in outline.findall("pt")]
        return polygon(points, where, form="of x and y")
    name = text_of(value, "segm/mask")
    if not name:
        raise P2PError(f"{where}: has neither a polygon nor a mask. Delete it or draw it again.")
    return mask_file_runs(_mask_file(Path(file).parent, folder, Path(name).name, where))


def _mask_file(beside: Path, folder: str, name: str, where: str) -> Path:
    """Where a mask lies: in Masks/ beside the labels, or as the tool's server has it, beside their Annotations/."""
    places = [beside / "Masks" / name, beside / name]
    if ".." not in Path(folder).parts:
        places += [above / "Masks" / folder.strip("/") / name for above in (beside.parent, beside.parent.parent)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise P2PError(f"{where}: its mask {name} is not in {places[0].parent}. Put it there.")
    return found
