"""Files that only have a picture's name say what they are, and text that may be anything says nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pictures.formats.signatures import foreign_content
from p2p_datatools.contract.pictures.images import read_photo

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize(
    ("start", "code", "word"),
    [
        (b"\0\0\0\x18ftypheic", "unread-kind", "HEIC"),
        (b"\0\0\0\x18ftypcrx ", "unread-kind", "raw"),
        (b"\0\0\0\x18ftypisom", "unread-kind", "video"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f\0\0\0\rIHDR", "unread-kind", "iPhone"),
        (b"8BPS\0\1", "unread-kind", "Photoshop"),
        (b"\xff\xd8\xff\xf7\0\x0b", "unread-kind", "JPEG-LS"),
        (b"P7\nWIDTH 4\n", "unread-kind", "PAM"),
        (b"PF\n4 4\n-1\n", "unread-kind", "PFM"),
        (b"\xff\x0a", "unread-kind", "JPEG XL"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not-a-picture", "LFS"),
        (b"\r\n<!DOCTYPE html><html>", "not-a-picture", "web page"),
        (b'{"error": 403}', "not-a-picture", "JSON"),
        (b'<?xml version="1.0"?><svg ', "unread-kind", "SVG"),
        (b"\0" * 600, "not-a-picture", "zeros"),
        (b"\1" * 128 + b"DICM", "unread-kind", "DICOM"),
        (b"hello", "not-a-picture", "not a picture"),
    ],
)
def test_a_file_that_only_has_a_pictures_name_says_what_it_is(
    start: bytes, code: str, word: str, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "a.png").write_bytes(start)
    with refused(code) as raised:
        read_photo(tmp_path / "a.png")
    assert word in raised.value.what


def test_what_is_not_known_is_not_named() -> None:
    assert foreign_content(Path("a.png"), b"hello") is None
    assert foreign_content(Path("a.png"), b"") is None
