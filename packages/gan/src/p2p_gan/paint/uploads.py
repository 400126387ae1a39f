"""What is sent to be painted: its kind by its first bytes and its size by its header, before anything is decoded.

Nothing here may decode pixels, or believe the name or the type that a request gives.
"""

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.header import PictureFile, photo_header
from p2p_datatools.contract.pictures.memory import open_bytes

NAME = "the picture"
MOST_BYTES = 32 << 20
"""Of one upload: the largest photo of a phone is a third of it."""

MOST_PIXELS_SENT = 25_000_000
"""Of one upload; photos of phones have 12 million."""

_STARTS = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"RIFF"


def open_upload(data: bytes) -> PictureFile:
    """The picture that was sent, of which only the header is read.

    Raises P2PError for no picture, for one of another kind than PNG, JPEG, WebP, GIF or BMP, and for one with too many
    pixels.
    """
    if not data:
        raise P2PError("the request", "has an empty body", "Send a picture as its body.", code="empty-body")
    if not data.startswith(_STARTS) or (data[:4] == b"RIFF" and data[8:12] != b"WEBP"):
        what, to_do = "is not a PNG, JPEG, WebP, GIF or BMP", "Save it as PNG, or a photo as JPEG."
        raise P2PError(NAME, what, to_do, code="unread-picture")
    file = open_bytes(data, NAME)
    size = photo_header(file).size
    if size.width * size.height > MOST_PIXELS_SENT:
        what = f"has {size} pixels, more than the {MOST_PIXELS_SENT // 10**6} million that are taken"
        raise P2PError(NAME, what, "Make it smaller first.", code="large-picture")
    return file


def explain_upload(error: P2PError) -> P2PError:
    """An error of reading with what one who sends a picture can do, where it says what one who has a file can."""
    if error.code != "several-pages":
        return error
    return P2PError(error.where, error.what, "Save the one that is meant as a picture of its own.", code=error.code)
