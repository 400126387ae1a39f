"""How large a picture may be: by its pixels, by the memory that they take, and by what its bytes can hold.

Nothing here may open or decode a file; a reader asks with what the header says, before anything is allocated.
"""

from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size

MOST_PIXELS = 400_000_000
"""Above this many a picture is taken for a decompression bomb; the largest photo met so far has 24 million."""


_MOST_BYTES = 6 * MOST_PIXELS  # of decoded values: three channels of 16 bits
_HARMLESS = 64 << 20  # decoded bytes below which nothing is a bomb, whatever the file says
# Decoded bytes that a byte of a file can hold. Deflate reaches 1032, LZW of TIFF 2730; the others can say "the rest
# is as before" in a few bits, so that theirs is what a picture of one colour takes.
_DENSEST = 3000
_PREDICTING = 20_000
_PREDICTED = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "JPEG2000", "GIF"})


def refuse_bomb(path: Path, size: Size, bytes_per_pixel: int, packed: int, *, kind: str = "") -> None:
    """Raise P2PError for a picture of `size` that has too many pixels, or more than `packed` bytes of file can hold.

    `kind` is the format as Pillow calls it.
    """
    decoded = size.width * size.height * bytes_per_pixel
    if size.width * size.height > MOST_PIXELS or decoded > _MOST_BYTES:
        raise too_many_pixels(path)
    if decoded > max(_HARMLESS, packed * (_PREDICTING if kind in _PREDICTED else _DENSEST)):
        what = f"says that it has {size.width}x{size.height} pixels, which its {packed} bytes cannot hold"
        raise P2PError(path, what, "Do not trust it: fetch or save it again.", code="picture-bomb")


def too_many_pixels(path: Path) -> P2PError:
    """The error that a picture is too large to be decoded."""
    return P2PError(path, f"has more than {MOST_PIXELS} pixels", "Make it smaller first.", code="too-many-pixels")
