"""The quick way in and out of PNG gives the same pixels as the slow one, or leaves a file to it."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract import png

MOST = 1_000_000


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def encoded(picture: Image.Image, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(13, 7, 3), (13, 7), (1, 1, 3), (700, 400, 3)])
@pytest.mark.parametrize("deep", [False, True])
def test_what_is_encoded_is_what_any_reader_decodes(shape: tuple[int, ...], deep: bool) -> None:
    pixels = noise(*shape).astype(np.uint16) * 257 + 3 if deep else noise(*shape)
    data = b"".join(png.encode(pixels))
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    np.testing.assert_array_equal(decoded[..., ::-1] if decoded.ndim == 3 else decoded, pixels)


def test_a_plain_picture_is_decoded_as_pillow_does() -> None:
    for pixels in (noise(9, 11, 3), noise(9, 11)):
        picture = Image.fromarray(pixels)
        np.testing.assert_array_equal(png.decode_plain(encoded(picture), MOST), np.asarray(picture.convert("RGB")))


def test_transparency_palettes_and_deep_pictures_are_left_to_others() -> None:
    for picture in (
        Image.fromarray(noise(4, 4, 4)),
        Image.fromarray(noise(4, 4)).convert("P"),
        Image.fromarray(noise(4, 4).astype(np.uint16)),
    ):
        assert png.decode_plain(encoded(picture), MOST) is None
    assert png.decode_plain(b"\xff\xd8\xff no png" * 10, MOST) is None


def test_a_flipped_byte_or_a_missing_end_is_never_decoded() -> None:
    data = encoded(Image.fromarray(noise(20, 20, 3)))
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    assert png.decode_plain(bytes(flipped), MOST) is None
    assert png.decode_plain(data[: len(data) // 2], MOST) is None
