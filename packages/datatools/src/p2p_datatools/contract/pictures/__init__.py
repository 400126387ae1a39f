"""Pictures as arrays and back: the only place that knows channel order, bit depth, EXIF and colour profiles.

Nothing here may know what a picture is for.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.arrays import Array, read_array, write_tiff
    from p2p_datatools.contract.pictures.header import Form, Header, PictureFile, open_picture, read_header
    from p2p_datatools.contract.pictures.images import (
        DepthError,
        LabelMap,
        OutsidePaletteError,
        Photo,
        colorize,
        read_mask,
        read_photo,
        write_mask,
        write_png,
    )
    from p2p_datatools.contract.pictures.resize import resize_mask, resize_photo
    from p2p_datatools.contract.pictures.sizes import Fit, Size, parse_size
else:
    __getattr__, __dir__ = open_door(
        __name__,
        arrays="Array read_array write_tiff",
        header="Form Header PictureFile open_picture read_header",
        images="DepthError LabelMap OutsidePaletteError Photo colorize read_mask read_photo write_mask write_png",
        resize="resize_mask resize_photo",
        sizes="Fit Size parse_size",
    )

__all__ = [
    "Array",
    "DepthError",
    "Fit",
    "Form",
    "Header",
    "LabelMap",
    "OutsidePaletteError",
    "Photo",
    "PictureFile",
    "Size",
    "colorize",
    "open_picture",
    "parse_size",
    "read_array",
    "read_header",
    "read_mask",
    "read_photo",
    "resize_mask",
    "resize_photo",
    "write_mask",
    "write_png",
    "write_tiff",
]
