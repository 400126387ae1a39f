"""Writes YOLO's segmentation: a text file per picture, a line per patch, which goes around holes by a way to them.

Nothing here may write a share with fewer digits than tell every corner of a pixel apart.
"""

import json
from collections.abc import Mapping, Sequence

from p2p_datatools.exports.keyhole import one_outline
from p2p_datatools.exports.values import ExportClasses, ExportPicture

_DIGITS = 6  # as Ultralytics writes them


def yolo_file(name: str) -> str:
    """The file of a picture, beside the folder of the photos."""
    return f"labels/{name}.txt"


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


def yolo_lists(classes: ExportClasses, names: Sequence[str], *, ignored: bool) -> Mapping[str, bytes]:
    """data.yaml, which names the classes and the photos' folder."""
    rows = "".join(
        f"  {row.place}: {json.dumps(row.label, ensure_ascii=False)}\n" for row in classes.rows(ignored=ignored)
    )
    return {"data.yaml": f"path: .\ntrain: images\nval: images\nnames:\n{rows}".encode()}
