"""What a file is that is not read as a picture, by its first bytes: HEIC, a web page, a pointer of Git LFS.

Nothing here may open a file, or say that a picture is none.
"""

from pathlib import Path

from p2p_datatools.contract.errors import P2PError

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins, of either byte order and size."""
ARRAY_START = b"\x93NUMPY"
"""How an NPY file begins."""
APPLE_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI"
"""How a PNG begins that only Apple's programs read: its pixels are packed and ordered in their own way."""
START = 512
"""The bytes of a file's beginning that tell."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # brands of ISO/IEC 23008-12
_AVIF = (b"avif", b"avis")
_STRANGE_JPEG2000 = "is a JPEG 2000 picture of more than 4 channels, or damaged, which is not read"
_CONVERT = "Convert it to JPEG or PNG."
_ARRAY = "Save its values as NPY or TIFF of numbers (height, width, channels)."
_AGAIN = "Fetch it again, or convert it to PNG."
_FETCH = "Fetch it again; the address may need a login, or have changed."


# How a kind begins, what it is, and what to do about it.
_UNREAD = (
    (b"8BPS", "is a Photoshop document (PSD), which is not read", "Export it as PNG."),
    (b"%PDF", "is a PDF, which is not read", "Export its pictures as PNG."),
    (b"%!PS", "is PostScript, which is not read", "Export it as PNG."),
    (
        APPLE_PNG_START,
        "is a PNG as Xcode packs it for an iPhone (CgBI), which is not read",
        "Take it as it was before it was packed, or open it on a Mac and export it as PNG.",
    ),
    (b"gimp xcf", "is a GIMP document (XCF), which is not read", "Export it as PNG."),
    (b"\xff\x0a", "is a JPEG XL picture, which is not read", _CONVERT),
    (b"\0\0\0\x0cJXL ", "is a JPEG XL picture, which is not read", _CONVERT),
    (b"\0\0\0\x0cjP  ", _STRANGE_JPEG2000, _ARRAY),
    (b"\xff\x4f\xff\x51", _STRANGE_JPEG2000, _ARRAY),
    (b"II\xbc\x01", "is a JPEG XR picture, which is not read", _CONVERT),
    (b"\xff\xd8\xff", "is a damaged JPEG, or one of 12 bits, JPEG-LS or lossless, which are not read", _AGAIN),
    (b"P7\n", "is a PAM picture, which is not read", _CONVERT),
    (b"PF\n", "is a PFM picture of colours, which is not read", _ARRAY),
    (b"FUJIFILMCCD-RAW", "is the raw picture of a camera, which is not read", "Develop it to PNG or JPEG."),
    (b"\0\0\1\0", "is an icon (ICO), which is not read", _CONVERT),
    (b"\x76\x2f\x31\x01", "is an OpenEXR picture, which is not read", _ARRAY),
    (b"#?RADIANCE", "is a Radiance picture (HDR), which is not read", _ARRAY),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, which is not read", _ARRAY),
    (b"CDF", "is a NetCDF file, which is not read", _ARRAY),
    (b"SIMPLE  =", "is a FITS file, which is not read", _ARRAY),
    (b"MATLAB 5", "is a MATLAB file, which is not read", _ARRAY),
    (b"PK\x03\x04", "is a ZIP archive, or several arrays in one", "Unpack it, or save each array as a .npy."),
    (b"\x1f\x8b", "is compressed with gzip, which is not read", "Unpack it."),
    (b"Rar!", "is a RAR archive", "Unpack it."),
    (b"7z\xbc\xaf", "is a 7z archive", "Unpack it."),
)


def foreign_content(path: Path, start: bytes) -> P2PError | None:
    """The error for a file that begins so, if that says what it is."""
    what, to_do = _of_container(start) or next(
        ((what, to_do) for begin, what, to_do in _UNREAD if start.startswith(begin)), ("", "")
    )
    if start[128:132] == b"DICM":
        what, to_do = "is a DICOM file, which is not read", _ARRAY
    if start[344:348] in (b"n+1\0", b"ni1\0"):
        what, to_do = "is a NIfTI volume, which is not read", _ARRAY
    if what:
        return P2PError(path, what, to_do, code="unread-kind")
    return _of_text(path, start)


def _of_container(start: bytes) -> tuple[str, str] | None:
    """What a file of the ISO base media format is, but for AVIF."""
    brand = start[8:12]
    if start[4:8] != b"ftyp" or brand in _AVIF:
        return None
    if brand in _HEIC:
        return "is a HEIC picture, as phones save them, which is not read", _CONVERT
    if brand == b"crx ":
        return "is the raw picture of a camera, which is not read", "Develop it to PNG or JPEG."
    return "is a video, which is not read as a picture", "Take it apart into frames."


def _of_text(path: Path, start: bytes) -> P2PError | None:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        what, to_do = "is a pointer of Git LFS, not the picture itself", "Run 'git lfs pull' in its clone."
    elif text.startswith((b"<!doctype html", b"<html", b"<head")):
        what, to_do = "is a web page, as servers send instead of a picture", _FETCH
    elif b"<svg" in text and text.startswith((b"<?xml", b"<svg", b"<!")):
        return P2PError(path, "is an SVG drawing, which is not read", "Export it as PNG.", code="unread-kind")
    elif text.startswith((b'{"', b"<?xml", b"<error")):
        what, to_do = "is JSON or XML, as servers send instead of a picture", _FETCH
    elif start and not start.strip(b"\0"):
        what, to_do = "has nothing but zeros where its beginning was", "Fetch or copy it again."
    else:
        return None
    return P2PError(path, what, to_do, code="not-a-picture")
