"""Writes LabelMe: a file per picture, with a polygon per patch, or a mask where it has holes (LabelMe 5.2 and later).

Nothing here may embed a photo; the file lies beside it.
"""

import base64
import json
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.exports.trace import Patch
from p2p_datatools.exports.values import ExportPicture

_VERSION = "5.5.0"  # of LabelMe, whose form this is


def labelme_file(name: str) -> str:
    """The file of a picture."""
    return f"{name}.json"


def encode_labelme(picture: ExportPicture) -> bytes:
    """The file's content, one shape a line."""
    shapes = ",\n".join(json.dumps(_shape(patch, picture), ensure_ascii=False) for patch in picture.patches)
    said = {
        "imagePath": PurePosixPath(picture.file_name).name,
        "imageData": None,
        "imageHeight": picture.size.height,
        "imageWidth": picture.size.width,
    }
    head = json.dumps({"version": _VERSION, "flags": {}})[:-1]
    return f'{head}, "shapes": [\n{shapes}\n], {json.dumps(said, ensure_ascii=False)[1:]}\n'.encode()


def _shape(patch: Patch, picture: ExportPicture) -> dict[str, Any]:
    kind = "mask" if patch.holes else "polygon"
    points, mask = patch.outer.tolist(), None
    if patch.holes:
        left, top, right, bottom = patch.box
        points = [[left, top], [right - 1, bottom - 1]]  # the first and the last pixel
        content = b"".join(png.encode(patch.inside().astype(np.uint8)))
        mask = base64.b64encode(content).decode()
    return {
        "label": picture.classes.of(patch.index).label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }
