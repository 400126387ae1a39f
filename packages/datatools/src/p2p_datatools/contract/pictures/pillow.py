"""Lets Pillow open pictures, and says in words of our own what it makes of broken ones.

Nothing here may read pixels, or know what a header says.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError, features

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.pictures.formats import jpeg2000
from p2p_datatools.contract.pictures.formats.signatures import (
    APPLE_PNG_START,
    ARRAY_START,
    START,
    TIFF_STARTS,
    foreign_content,
)
from p2p_datatools.contract.pictures.limits import MOST_PIXELS, too_many_pixels

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
# What Pillow may open, by its own words. It knows more: of PostScript, for one, it starts the program that draws it.
PILLOW_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM", "TGA", "AVIF", "JPEG2000")
# Kinds that Pillow may have been built without, as it calls them.
_OPTIONAL = (((".webp",), "webp"), ((".avif",), "avif"), ((".jp2", ".j2k", ".j2c", ".jpx", ".jpf"), "jpg_2000"))


def open_image(stream: BinaryIO) -> Image.Image:
    """Let Pillow read the header of a picture, without pixels; only this function lets Pillow open anything."""
    if stream.read(len(APPLE_PNG_START)) == APPLE_PNG_START:
        raise UnidentifiedImageError  # Pillow opens it, and can decode nothing
    stream.seek(0)
    image = Image.open(stream, formats=PILLOW_FORMATS)
    if image.format == "JPEG2000" and (profile := jpeg2000.profile_of(stream)):
        image.info["icc_profile"] = profile  # as Pillow gives it of other kinds
    return image


@contextlib.contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn whatever a library raises for a broken picture file into one P2PError."""
    with catch_decoder(path, "is cut off or damaged", "Fetch or save it again."), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except UnidentifiedImageError as error:
            raise _not_read(path) from error
        except Image.DecompressionBombError as error:
            raise too_many_pixels(path) from error
        except (OSError, ValueError) as error:
            # The second is what Pillow 12 says of a TGA whose colour table has transparency.
            if not str(error).startswith(("Unsupported", "unrecognized raw mode")):
                raise
            what = f"is of a kind that is not read ({error})"
            raise P2PError(path, what, "Convert it to PNG.", code="unread-kind") from error


def _not_read(path: Path) -> P2PError:
    """The error for a file that Pillow does not recognise: of a kind that it cannot read, or no picture at all."""
    kind = next((kind for suffixes, kind in _OPTIONAL if path.suffix.lower() in suffixes), "")
    if kind and not features.check(kind):
        to_do = "Install a newer Pillow, or convert it to PNG or JPEG."
        return P2PError(path, f"is of a kind ({kind}) that the installed Pillow cannot read", to_do, code="no-decoder")
    head = b""
    with contextlib.suppress(OSError), open_file(path) as file:
        head = file.read(START)
    if error := foreign_content(path, head):
        return error
    if head.startswith(ARRAY_START):
        what = "is an array (NPY), where a picture is needed"
        return P2PError(path, what, "Save it as PNG.", code="not-a-picture")
    if head.startswith(TIFF_STARTS):
        what = "is a TIFF of numbers or of a kind that is not read as a photo"
        return P2PError(path, what, "Save it as grey or RGB of 8 bits.", code="not-a-picture")
    return P2PError(path, "is not a picture, whatever its name says", "Replace or remove it.", code="not-a-picture")
