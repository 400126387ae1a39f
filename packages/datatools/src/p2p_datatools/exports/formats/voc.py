"""Writes Pascal VOC's SegmentationClass: the masks as indexed pictures, a list of their colours, a list of names.

Nothing here may change a class's number; only what is ignored gets the colour that VOC gives it.
"""

from collections.abc import Mapping

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, Color, Palette
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.exports.values import ExportClasses, ExportPicture
from p2p_datatools.labels.formats.pictures.class_names import LABEL_MAP, NO_CLASS
from p2p_datatools.labels.values import VOID

_BORDER = (224, 224, 192)  # VOC's colour of the number 255


def voc_file(name: str) -> str:
    """The file of a picture."""
    return f"SegmentationClass/{name}.png"


def encode_voc(picture: ExportPicture) -> bytes:
    """The mask as an indexed PNG."""
    table = picture.classes.palette.colors()
    table[IGNORE] = _border(picture.classes.palette)
    return b"".join(png.encode(picture.mask, np.ascontiguousarray(table)))


def _border(palette: Palette) -> Color:
    taken = any(each.color == _BORDER for each in palette.classes)
    return IGNORE_COLOR if taken else _BORDER


def voc_lists(classes: ExportClasses, photos: Mapping[str, str], *, ignored: bool) -> Mapping[str, bytes]:
    """labelmap.txt as CVAT writes it, and the names of all pictures."""
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{_label(each.name)}:{','.join(map(str, each.color))}::" for each in classes.palette.classes]
    if ignored:
        lines.append(f"{VOID}:{','.join(map(str, _border(classes.palette)))}::")
    return {
        LABEL_MAP: "".join(f"{line}\n" for line in lines).encode(),
        "ImageSets/Segmentation/default.txt": "".join(f"{name}\n" for name in photos).encode(),
    }


def _label(name: str) -> str:
    """A class's name as a line of the list can hold it."""
    if ":" in name or name.startswith("#"):
        what = f"cannot be named in {LABEL_MAP}, whose lines are NAME:R,G,B::"
        to_do = "Rename the class in palette.toml, or export to another format."
        raise P2PError(f"class {name!r}", what, to_do, code="bad-class-names")
    # In such a list these two are read as what is ignored, but in small letters only.
    return name.upper() if name in (VOID, NO_CLASS) else name
