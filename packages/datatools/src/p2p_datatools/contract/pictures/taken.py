"""When a photo was taken, as its camera wrote it into the file.

Nothing here may decode pixels, or trust a date that cannot be.
"""

from datetime import UTC, datetime
from pathlib import Path

from PIL import ExifTags

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.pillow import explain_damage, open_image

_TAGS = ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTime


def time_taken(path: Path) -> datetime | None:
    """The second in which a photo was taken, by its EXIF, as if all cameras were in one time zone; None if unknown."""
    try:
        with open_picture(path) as file, explain_damage(path), open_image(file.stream) as image:
            exif = image.getexif()
            inner = exif.get_ifd(ExifTags.IFD.Exif)
            said = [str(inner.get(tag) or exif.get(tag) or "") for tag in _TAGS]
    except P2PError:
        return None  # whether it is a picture is asked by what reads its pixels
    return next((time for text in said if (time := _parse(text))), None)


def _parse(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
