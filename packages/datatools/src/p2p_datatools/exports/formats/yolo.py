"""Writes YOLO's segmentation: a text file per picture, a line per patch, which goes around holes by a way to them.

Nothing here may write a share with fewer digits than tell every corner of a pixel apart.
"""

import json
from collections.abc import Mapping

from p2p_datatools.exports.keyhole import one_outline
from p2p_datatools.exports.values import ExportClasses, ExportPicture

_SUBSET = "train"  # as CVAT and Ultralytics call it where there is but one
_DIGITS = 6  # as Ultralytics writes them


def yolo_file(name: str) -> str:
    """The file of a picture; its photo belongs into images/ as it lies in labels/."""
    return f"labels/{_SUBSET}/{name}.txt"


def encode_yolo(picture: ExportPicture) -> bytes:
    """A line per patch: the class's number, and x and y as shares of width and height."""
    across, down = (_shares(side) for side in picture.size)
    lines = []
    for patch in picture.patches:
        corners = " ".join(f"{across[x]} {down[y]}" for x, y in one_outline(patch).tolist())
        lines.append(f"{picture.classes.of(patch.index).place} {corners}\n")
    return "".join(lines).encode()


def _shares(side: int) -> list[str]:
    """The place of each corner between pixels as a share; an error of a thousandth of a pixel changes nothing."""
    digits = max(_DIGITS, len(str(side)) + 3)
    return [f"{place / side:.{digits}f}".rstrip("0").rstrip(".") for place in range(side + 1)]


def yolo_lists(classes: ExportClasses, photos: Mapping[str, str], *, ignored: bool) -> Mapping[str, bytes]:
    """data.yaml, which names the classes, and the list of the photos, by which CVAT finds them without their files."""
    rows = "".join(
        f"  {row.place}: {json.dumps(row.label, ensure_ascii=False)}\n" for row in classes.rows(ignored=ignored)
    )
    # Without a `path` these are relative to the file itself; names in a list are, too, if they begin with a dot.
    settings = f"train: {_SUBSET}.txt\nval: {_SUBSET}.txt\nnames:\n{rows}"
    listed = "".join(f"./images/{_SUBSET}/{photo}\n" for photo in photos.values())
    return {"data.yaml": settings.encode(), f"{_SUBSET}.txt": listed.encode()}
