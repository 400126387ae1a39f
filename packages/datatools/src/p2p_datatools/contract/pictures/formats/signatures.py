"""What a file is that is not read as a picture, by its first bytes: HEIC, a web page, a pointer of Git LFS.

Nothing here may open a file, or say that a picture is none.
"""

from typing import NamedTuple

START = 512
"""The bytes of a file's beginning that tell."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # brands of ISO/IEC 23008-12
_AVIF = (b"avif", b"avis")
_CONVERT = "Convert it to JPEG or PNG."
_ARRAY = "Save its values as NPY or TIFF of numbers (height, width, channels)."
_FETCH = "Fetch it again; the address may need a login, or have changed."


class Content(NamedTuple):
    """What a file is, in words, what to do about it, and the code of the error that says both."""

    what: str
    to_do: str
    code: str = "unread-kind"


_SIGNATURES: tuple[tuple[bytes, Content], ...] = (
    (b"8BPS", Content("is a Photoshop document (PSD), which is not read", "Export it as PNG.")),
    (b"%PDF", Content("is a PDF, which is not read", "Export its pictures as PNG.")),
    (b"%!PS", Content("is PostScript, which is not read", "Export it as PNG.")),
    (b"gimp xcf", Content("is a GIMP document (XCF), which is not read", "Export it as PNG.")),
    (b"\xff\x0a", Content("is a JPEG XL picture, which is not read", _CONVERT)),
    (b"\0\0\0\x0cJXL ", Content("is a JPEG XL picture, which is not read", _CONVERT)),
    (b"II\xbc\x01", Content("is a JPEG XR picture, which is not read", _CONVERT)),
    (b"FUJIFILMCCD-RAW", Content("is the raw picture of a camera, which is not read", "Develop it to PNG or JPEG.")),
    (b"\0\0\1\0", Content("is an icon (ICO), which is not read", _CONVERT)),
    (b"\x76\x2f\x31\x01", Content("is an OpenEXR picture, which is not read", _ARRAY)),
    (b"#?RADIANCE", Content("is a Radiance picture (HDR), which is not read", _ARRAY)),
    (b"\x89HDF\r\n\x1a\n", Content("is an HDF5 file, which is not read", _ARRAY)),
    (b"CDF", Content("is a NetCDF file, which is not read", _ARRAY)),
    (b"SIMPLE  =", Content("is a FITS file, which is not read", _ARRAY)),
    (b"MATLAB 5", Content("is a MATLAB file, which is not read", _ARRAY)),
    (b"PK\x03\x04", Content("is a ZIP archive, or several arrays in one", "Unpack it, or save each array as a .npy.")),
    (b"\x1f\x8b", Content("is compressed with gzip", "Unpack it.")),
    (b"Rar!", Content("is a RAR archive", "Unpack it.")),
    (b"7z\xbc\xaf", Content("is a 7z archive", "Unpack it.")),
    (
        b"version https://git-lfs",
        Content(
            "is a pointer of Git LFS, not the picture itself", "Run 'git lfs pull' where it was cloned.", "lfs-pointer"
        ),
    ),
    (b"\x93NUMPY", Content("is an array (NPY), where a picture is needed", "Save it as PNG.", "not-a-picture")),
)


def name_content(start: bytes) -> Content | None:
    """What a file is that begins so; None where that is not known."""
    if start[4:8] == b"ftyp":
        return _of_container(start[8:12])
    if start[128:132] == b"DICM":
        return Content("is a DICOM file, which is not read", _ARRAY)
    if start[344:348] in (b"n+1\0", b"ni1\0"):
        return Content("is a NIfTI volume, which is not read", _ARRAY)
    found = next((content for begin, content in _SIGNATURES if start.startswith(begin)), None)
    return found or _of_text(start)


def _of_container(brand: bytes) -> Content:
    if brand in _HEIC:
        return Content("is a HEIC picture, as phones save them, which is not read", _CONVERT)
    if brand in _AVIF:
        return Content("is an AVIF picture that is cut off or damaged", "Fetch or save it again.", "damaged-file")
    if brand == b"crx ":
        return Content("is the raw picture of a camera, which is not read", "Develop it to PNG or JPEG.")
    return Content("is a video, which is not read as a picture", "Take it apart into frames.")


def _of_text(start: bytes) -> Content | None:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        return Content("is a web page, as servers send instead of a picture", _FETCH, "not-a-picture")
    if b"<svg" in text and text.startswith((b"<?xml", b"<svg", b"<!")):
        return Content("is an SVG drawing, which is not read", "Export it as PNG.")
    if text.startswith((b'{"', b"<?xml", b"<error")):
        return Content("is JSON or XML, as servers send instead of a picture", _FETCH, "not-a-picture")
    if start and not start.strip(b"\0"):
        return Content("has nothing but zeros where its beginning was", "Fetch or copy it again.", "damaged-file")
    return None
