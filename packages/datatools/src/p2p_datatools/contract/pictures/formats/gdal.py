"""What GDAL writes of a picture: in a tag of a TIFF, and beside other kinds, which cannot hold it, as NAME.aux.xml.

Nothing here may read the picture, or know what a place on the ground is.
"""

import hashlib
import math
import re
from pathlib import Path
from typing import BinaryIO

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pictures.pages import open_tiff

ScaleAndOffset = tuple[tuple[float, ...], tuple[float, ...]]
"""By which numbers a file's are multiplied, and which are added then, to be what was measured."""


GDAL_NODATA = 42113
"""The tag of a TIFF that says which value means no data."""
PAM_SUFFIX = ".aux.xml"
"""What follows the whole name of a picture."""
MASK_SUFFIX = ".msk"
"""What follows it in the name of a TIFF that is 0 where the picture has no data."""
_LONGEST = 1 << 20  # bytes of one, which may have statistics and histograms, too
_METADATA = 42112  # the tag with the XML of GDAL's metadata
_PACKING = re.compile(r"<Item\b[^>]{0,200}\brole=\"(scale|offset)\"[^>]{0,200}>\s*([^<\s]{1,40})\s*</Item>")
_NODATA = re.compile(r"<NoDataValue[^>]{0,100}>\s*([^<\s]{1,40})\s*</NoDataValue>")


def read_pam(picture: Path) -> str:
    """The text of the file beside a picture; empty where there is none."""
    if not (path := find_beside(picture, PAM_SUFFIX)):
        return ""
    try:
        with open_file(path) as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def find_beside(picture: Path, suffix: str) -> Path | None:
    """The file of GDAL beside a picture, whose name it has with a suffix; None where there is none."""
    path = Path(f"{picture}{suffix}")
    try:
        return path if path.is_file() else None
    except OSError:  # such as a name that is too long with the suffix
        return None


def has_gdal_file(picture: Path) -> bool:
    """Whether a file beside a picture may say which of its pixels have no data."""
    return any(find_beside(picture, suffix) for suffix in (PAM_SUFFIX, MASK_SUFFIX))


def nodata_beside(picture: Path) -> float | None:
    """The value that means no data, as the file beside a picture says; None where it says none."""
    found = _NODATA.search(read_pam(picture))
    return tag_number(found[1]) if found else None


def sign_picture(picture: Path) -> str:
    """The SHA-256 of a picture's file, and behind it that of what GDAL says beside it of missing data, if it does."""
    mask, nodata = find_beside(picture, MASK_SUFFIX), nodata_beside(picture)
    own = sha256_file(picture)
    if mask is None and nodata is None:
        return own
    said = f"{nodata} {'' if mask is None else sha256_file(mask)}"
    return f"{own} {hashlib.sha256(said.encode()).hexdigest()}"


def tag_number(text: object) -> float | None:
    """The value of a tag such as GDAL_NODATA, which is a number as text; None where there is none."""
    try:
        return None if text is None else float(str(text).strip("\0 ").partition("\0")[0])
    except ValueError:
        return None


def read_scale_and_offset(stream: BinaryIO) -> ScaleAndOffset:
    """The scales and the offsets of a TIFF's numbers, as GDAL's metadata say; once and 0 where they say nothing.

    A scale or offset that all bands have is told once.
    """
    with open_tiff(stream) as tiff:
        tag = tiff.pages[0].tags.get(_METADATA)
    said = ((role, tag_number(text)) for role, text in _PACKING.findall(str(tag.value))) if tag else ()
    found = {(role, number) for role, number in said if number is not None and math.isfinite(number)}
    scales, offsets = (tuple(sorted(number for each, number in found if each == role)) for role in ("scale", "offset"))
    return scales or (1.0,), offsets or (0.0,)
