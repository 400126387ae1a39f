"""Writes COCO: an annotation per patch, its outline as a polygon, or its pixels as run lengths where it has holes.

Nothing here may number anything by chance: ids follow from the order of the pictures.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE
from p2p_datatools.exports.trace import Patch
from p2p_datatools.exports.values import ExportClasses, ExportPicture
from p2p_datatools.labels.parsing.rle import runs_of

_Table = dict[str, Any]


def coco_entry(picture: ExportPicture) -> list[str]:
    """The image, without its id, and its annotations, without ids and without the id of the image."""
    width, height = picture.size
    image = {"file_name": picture.file_name, "width": width, "height": height}
    shapes = [_annotation(patch, picture) for patch in picture.patches if patch.index != IGNORE]
    ignored = picture.mask == IGNORE
    if ignored.any():
        shapes.append(_crowd(ignored, picture))
    return [json.dumps(value, ensure_ascii=False)[1:] for value in (image, *shapes)]


def _annotation(patch: Patch, picture: ExportPicture) -> _Table:
    left, top, right, bottom = patch.box
    if patch.holes:
        column = np.zeros((picture.size.height, right - left), dtype=np.bool_)
        column[top:bottom] = patch.inside()
        segmentation: Any = _rle(column, left, picture)
    else:
        segmentation = [patch.outer.ravel().tolist()]
    return _table(patch.index, picture, segmentation, patch.area, [left, top, right - left, bottom - top], crowd=0)


def _crowd(inside: NDArray[np.bool_], picture: ExportPicture) -> _Table:
    """Ignored pixels: COCO's own scores leave out what is a crowd, and so is no one object."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    box = [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]
    return _table(IGNORE, picture, _rle(inside, 0, picture), int(np.count_nonzero(inside)), box, crowd=1)


def _table(index: int, picture: ExportPicture, segmentation: Any, area: int, box: list[int], *, crowd: int) -> _Table:
    return {
        "category_id": picture.classes.of(index).place + 1,
        "segmentation": segmentation,
        "area": area,
        "bbox": box,
        "iscrowd": crowd,
    }


def _rle(columns: NDArray[np.bool_], left: int, picture: ExportPicture) -> dict[str, Any]:
    """Run lengths from top to bottom, column by column, of whole columns from `left` on."""
    width, height = picture.size
    counts = runs_of(columns.T).counts.tolist()
    counts[0] += left * height
    rest = (width - left - columns.shape[1]) * height
    if rest and len(counts) % 2:
        counts[-1] += rest
    elif rest:
        counts.append(rest)
    return {"size": [height, width], "counts": counts}


class CocoJoiner:
    """Joins the entries of pictures to one file."""

    tail = "\n]}\n"

    def __init__(self) -> None:
        self._images: list[str] = []
        self._annotations = 0

    def add(self, number: int, entry: list[str]) -> str:
        """The annotations of the next picture."""
        image, *shapes = entry
        self._images.append(f'{{"id": {number + 1}, {image}')
        lines = []
        for shape in shapes:
            self._annotations += 1
            comma = "," if self._annotations > 1 else ""
            lines.append(f'{comma}\n{{"id": {self._annotations}, "image_id": {number + 1}, {shape}')
        return "".join(lines)

    def head(self, classes: ExportClasses, count: int, *, ignored: bool) -> str:
        """What stands before the annotations."""
        rows = [
            json.dumps({"id": row.place + 1, "name": row.label, "supercategory": ""}, ensure_ascii=False)
            for row in classes.rows(ignored=ignored)
        ]
        info = json.dumps({"description": f"masks of the palette {classes.palette.name}", "version": "1.0"})
        categories, images = ",\n".join(rows), ",\n".join(self._images)
        return (
            f'{{"info": {info},\n"licenses": [],\n"categories": [\n{categories}\n],\n'
            f'"images": [\n{images}\n],\n"annotations": ['
        )
