"""Reads the rectangles of CMP facades: one XML file per photo, with several root elements and relative coordinates.

Nothing here may open a picture; `x` runs down the picture and `y` across it, as the masks of the data set show.
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.atomic import read_text, sha256_file
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionLabels, uses_of


def is_cmp(path: Path) -> bool:
    """Whether a file, or the first XML file in a folder, begins as those of CMP facades do.

    A folder that also has the masks of the data set does not count, because these are exact.
    """
    if path.is_dir() and any(path.glob("*.png")):
        return False
    files = [path] if path.is_file() else sorted(path.glob("*.xml"))[:1]
    for file in files:
        with file.open("rb") as text:
            start = text.read(400)
        return file.suffix.lower() == ".xml" and b"<object>" in start and b"<labelname>" in start and b"<x>" in start
    return False


def read_cmp(path: Path) -> LabelSet:
    """The rectangles in a file or in all XML files of a folder."""
    files = [path] if path.is_file() else sorted(path.glob("*.xml"))
    items, skipped = [], list[Skip]()
    for file in files:
        try:
            items.append(_picture(file))
        except P2PError as error:
            skipped.append(skip_of(error, str(file)))
    if not items and not skipped:
        raise P2PError(
            path, "has no XML files of CMP facades", "Give the folder base/ of the data set.", code="no-labels"
        )
    masks = tuple(mask for file in files if (mask := file.with_suffix(".png")).is_file())
    return LabelSet("cmp", tuple(items), uses_of(items), tuple(skipped), beside=masks)


def _picture(file: Path) -> RegionLabels:
    try:
        text = read_text(file)
        if "<!" in text:
            raise P2PError(file, "declares a document type or entities", "Remove the declaration.", code="xml-doctype")
        regions = tuple(_region(each) for each in ElementTree.fromstring(f"<all>{text}</all>").iter("object"))
    except (ValueError, AttributeError, ElementTree.ParseError) as error:
        raise P2PError(
            file, f"is not a valid XML file of CMP facades ({error})", "Fetch it again.", code="damaged-xml"
        ) from error
    return RegionLabels(file.stem, None, regions, str(file), file.name, sha256_file(file), relative=True)


def _region(element: ElementTree.Element) -> Region:
    downs = [float(each.text or "") for each in element.iter("x")]
    acrosses = [float(each.text or "") for each in element.iter("y")]
    if len(downs) != 2 or len(acrosses) != 2 or not np.isfinite(downs + acrosses).all():
        raise ValueError("an object does not have two corners")
    (top, bottom), (left, right) = sorted(downs), sorted(acrosses)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return Region((element.findtext("labelname") or "").strip(), (Polygon(corners),))
