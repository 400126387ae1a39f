"""What is kept of a picture to find it again: some corners, a few bits about the surroundings of each, a thumbnail.

Nothing here may know files or other pictures, or keep a picture at its own size.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

FRAME = 256  # pixels of the longest side of the picture that is described: its size does not matter then
STEP = 2 ** (1 / 3)  # from one size of the picture to the next smaller one
_SIZES, _CORNERS = 6, 144
_REACH = 15  # pixels around a corner that its bits compare, as in ORB
_THUMBNAIL, _OUTLINE = 64, 16
_FAINTEST, _APART, _AROUND = 0.005, 6, 5  # of corners: share of the strongest, pixels between two, pixels of a window
_BLUR = ((9, 9), 2.0)
_FLAT = 4  # grey levels between the darkest and the brightest pixel
_Grey = NDArray[np.uint8]
Bits = NDArray[np.uint8]  # (n, 32), or (32,) of the whole picture
_Corners = tuple[NDArray[np.float32], Bits]
_NO_CORNERS: _Corners = (np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8))


class PictureSignature(NamedTuple):
    """A picture's corners, n <= 144, and its look.

    `points` are (n, 2) float32, x and y in a frame whose longest side is 256, of which `width` and `height` are the
    sides; `sizes` (n,) uint8 say at which size of the picture each was found, `bits` (n, 32) uint8 what is around it.
    `thumbnail` is grey, uint8, its longest side 64; `outline` (32,) uint8 are bits of the picture as a whole.
    """

    points: NDArray[np.float32]
    sizes: NDArray[np.uint8]
    bits: Bits
    thumbnail: NDArray[np.uint8]
    outline: Bits
    width: int
    height: int


def _draw_tests() -> NDArray[np.intp]:
    """Pairs of places to compare (256, 4): x and y of both; the second half are the first, mirrored.

    So the bits of a mirrored picture are those of the picture with their halves exchanged. Which is brighter of two
    places beside a corner says much of it in one bit (Calonder et al. 2010, BRIEF); nothing is turned upright, since
    twins stand as their pictures do.
    """
    draw = np.random.default_rng(2010)  # part of what signatures are: two of different draws cannot be compared
    one = np.clip(np.rint(draw.normal(0, 6.2, (128, 4))), -_REACH, _REACH).astype(np.intp)
    return np.concatenate((one, one * (-1, 1, -1, 1)))


_TESTS = _draw_tests()


def _turn_tests() -> NDArray[np.intp]:
    """Pairs of cells of the whole picture to compare (256, 2), in 16 x 16: 32 of them in each of eight positions.

    These are the picture turned by 0 to 3 quarters, and then the mirrored picture so, of which each is another order of
    the same bits (see `turn_outlines`).
    """
    cells = np.arange(_OUTLINE**2).reshape(_OUTLINE, _OUTLINE)
    tests = np.random.default_rng(2011).integers(0, _OUTLINE**2, (32, 2))
    positions = (np.rot90(each, turns) for each in (cells, cells[:, ::-1]) for turns in range(4))
    return np.concatenate([each.ravel()[tests] for each in positions])


_OUTLINES = _turn_tests()


def mirror_bits(bits: Bits) -> Bits:
    """The bits that the mirrored picture has."""
    half = bits.shape[-1] // 2
    return np.concatenate((bits[..., half:], bits[..., :half]), axis=-1)


def turn_outlines(outlines: Bits, turns: int) -> Bits:
    """The outlines (n, 32) that the pictures have when they are turned by some quarters to the left."""
    order = [*np.roll(range(4), -turns), *np.roll(range(4, 8), turns)]
    return np.asarray(outlines.reshape(-1, 8, 4)[:, order].reshape(-1, 32))


def describe(photo: Photo) -> PictureSignature:
    """The signature of a picture, RGB (height, width, 3): 1 to 3 ms of a core for one of 512 pixels, about 10 KB."""
    frame = _resize(np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8), FRAME)
    height, width = frame.shape
    is_flat = int(frame.max()) - int(frame.min()) < _FLAT
    found = [_NO_CORNERS if is_flat else _corners_at(frame, size) for size in range(_SIZES)]
    sizes = [np.full(len(points), size, np.uint8) for size, (points, _) in enumerate(found)]
    thumbnail = _resize(frame, _THUMBNAIL)
    return PictureSignature(
        np.concatenate([points for points, _ in found]),
        np.concatenate(sizes),
        np.concatenate([bits for _, bits in found]),
        thumbnail,
        _outline(thumbnail),
        width,
        height,
    )


def _resize(grey: _Grey, longest: int) -> _Grey:
    height, width = grey.shape
    scale = longest / max(height, width)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(grey, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=way)
    )


def _corners_at(frame: _Grey, size: int) -> _Corners:
    """Corners of the frame made smaller `size` times, which stand for larger things, in places of the frame itself."""
    height, width = frame.shape
    scale = STEP**-size
    small = frame
    if size:
        sides = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(frame, sides, interpolation=cv2.INTER_AREA), np.uint8)
    edge = _REACH + 1
    if min(small.shape) < 2 * edge + 2:
        return _NO_CORNERS
    most = round(_CORNERS * scale / sum(STEP**-each for each in range(_SIZES)))
    found = _find_corners(np.ascontiguousarray(small[edge:-edge, edge:-edge]), most)
    if not len(found):
        return _NO_CORNERS
    places = found + edge
    centres = np.rint(places).astype(np.intp)
    smooth = np.asarray(cv2.GaussianBlur(small, *_BLUR)).ravel()
    at = (centres[:, 1] * small.shape[1] + centres[:, 0])[:, None]
    one, other = (_TESTS[:, k + 1] * small.shape[1] + _TESTS[:, k] for k in (0, 2))
    bits = np.packbits(smooth.take(at + one) < smooth.take(at + other), axis=1)
    points = (places + 0.5) * (width / small.shape[1], height / small.shape[0])
    return points.astype(np.float32), bits


def _find_corners(grey: _Grey, most: int) -> NDArray[np.float32]:
    found: NDArray[np.float32] | None = cv2.goodFeaturesToTrack(grey, most, _FAINTEST, _APART, blockSize=_AROUND)  # type: ignore[assignment]
    return np.empty((0, 2), np.float32) if found is None else found.reshape(-1, 2)


def _outline(thumbnail: _Grey) -> Bits:
    cells = cv2.resize(thumbnail.astype(np.float32), (_OUTLINE, _OUTLINE), interpolation=cv2.INTER_AREA).ravel()
    one, other = _OUTLINES.T
    return np.packbits(cells[one] < cells[other])
