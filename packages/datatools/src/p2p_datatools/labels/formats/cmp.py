"""Reads the rectangles of CMP facades: one XML file per photo, with several root elements and relative coordinates.

Nothing here may open a picture; `x` runs down the picture and `y` across it, as the masks of the data set show.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_text, sha256_file
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.labels.parsing.outlines import box, number
from p2p_datatools.labels.parsing.regions import RegionCollector, gather
from p2p_datatools.labels.values import LabelSet, Polygon, RegionLabels


def is_cmp(path: Path) -> bool:
    """Whether a file, or the first XML file in a folder, begins as those of CMP facades do.

    A folder that also has the masks of the data set does not count, because these are exact.
    """
    if path.is_dir() and any(path.glob("*.png")):
        return False
    files = [path] if path.is_file() else sorted(path.glob("*.xml"))[:1]
    for file in files:
        with open_file(file) as text:
            start = text.read(400)
        return file.suffix.lower() == ".xml" and b"<object>" in start and b"<labelname>" in start and b"<x>" in start
    return False


def read_cmp(path: Path) -> LabelSet:
    """The rectangles in a file or in all XML files of a folder."""
    files = [path] if path.is_file() else sorted(path.glob("*.xml"))
    found = gather("cmp", ((str(file), partial(_picture, file)) for file in files))
    if not found.items and not found.skipped:
        what = "has no XML files of CMP facades"
        raise P2PError(path, what, "Give the folder base/ of the data set.", code="no-labels")
    masks = tuple(mask for file in files if (mask := file.with_suffix(".png")).is_file())
    return replace(found, beside=masks)


def _picture(file: Path) -> RegionLabels:
    try:
        text = read_text(file)
        if "<!" in text:
            raise P2PError(file, "declares a document type or entities", "Remove the declaration.", code="xml-doctype")
        objects = list(ElementTree.fromstring(f"<all>{text}</all>").iter("object"))
    except (ValueError, ElementTree.ParseError) as error:
        what = f"is not a valid XML file of CMP facades ({error})"
        raise P2PError(file, what, "Fetch it again.", code="damaged-xml") from error
    drawing = RegionCollector()
    for count, each in enumerate(objects, start=1):
        place = f"{file}: object {count}"
        drawing.add(partial(_box, each, place), (each.findtext("labelname") or "").strip(), where=place)
    return drawing.labels_of(
        file.stem, None, where=str(file), source=file.name, signature=sha256_file(file), relative=True
    )


def _box(element: ElementTree.Element, where: str) -> Polygon:
    downs, acrosses = ([number(each.text, where, f"its {name}") for each in element.iter(name)] for name in ("x", "y"))
    if len(downs) != 2 or len(acrosses) != 2:
        raise P2PError(where, "does not have two corners", "Fetch it again.", code="bad-outline")
    return box(list(zip(acrosses, downs, strict=True)), where)
