"""What GDAL writes of a picture: in a tag of a TIFF, and beside other kinds, which cannot hold it, as NAME.aux.xml.

Nothing here may read the picture, or know what a place on the ground is.
"""

import re
from pathlib import Path

from p2p_datatools.contract.files.opening import open_file

GDAL_NODATA = 42113
"""The tag of a TIFF that says which value means no data."""
PAM_SUFFIX = ".aux.xml"
"""What follows the whole name of a picture."""
MASK_SUFFIX = ".msk"
"""What follows it in the name of a TIFF that is 0 where the picture has no data."""
_LONGEST = 1 << 20  # bytes of one, which may have statistics and histograms, too
_NODATA = re.compile(r"<NoDataValue[^>]{0,100}>\s*([^<\s]{1,40})\s*</NoDataValue>")


def read_pam(picture: Path) -> str:
    """The text of the file beside a picture; empty where there is none."""
    try:
        with open_file(Path(f"{picture}{PAM_SUFFIX}")) as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def nodata_beside(picture: Path) -> float | None:
    """The value that means no data, as the file beside a picture says; None where it says none."""
    found = _NODATA.search(read_pam(picture))
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def nodata_of(text: object) -> float | None:
    """The value of the tag GDAL_NODATA, which is a number as text; None where there is none."""
    try:
        return None if text is None else float(str(text).strip("\0 ").partition("\0")[0])
    except ValueError:
        return None
