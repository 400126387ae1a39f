"""Photos as drawings: thin dark lines on white where the edges are, and a soft pencil sketch.

Nothing here may read or write a file, or draw anything at random.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo

_Grey = NDArray[np.uint8]  # (height, width)
_FAINTEST = 20.0  # gradient below which nothing is an edge: a picture of one colour has no edges, whatever its noise
_CALM = 5  # pixels across, of the bilateral filter
_BAND = 1 << 20  # pixels whose gradients are computed at a time
_SIDE = 512  # pixels of the shorter side to which lengths in the settings refer


def edges(photo: Photo, *, detail: float, smooth: float, shortest: float, width: float) -> _Grey:
    """Lines where brightness or colour changes fast (Canny 1986), black on white; (height, width).

    Thresholds are quantiles of the picture's own gradients, so that dim and bright photos get as many lines. What is
    shorter than `shortest` is texture and left out. Lines are smoothed and `width` pixels wide.
    """
    scale = min(photo.shape[:2]) / _SIDE
    found = _canny(*_gradients(photo, smooth * scale), detail)
    found = _without_short(found, shortest * scale)
    return _ink(found, width * max(1.0, scale))


def _smooth(photo: Photo, sigma: float) -> Photo:
    """Smooth texture and keep contours: a bilateral filter, then a Gaussian for the noise that it leaves."""
    if sigma <= 0:
        return photo
    calm = cv2.bilateralFilter(photo, _CALM, 40, 5)
    return np.asarray(cv2.GaussianBlur(calm, (0, 0), max(0.3, sigma)), dtype=np.uint8)


def _gradients(photo: Photo, sigma: float) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Sobel's dx and dy of the smoothed photo, band by band; what a band needs of its neighbours is computed twice."""
    dx, dy = (np.empty(photo.shape[:2], dtype=np.int16) for _ in range(2))
    # A blur of 8 bits reaches 3 sigma, rounded up, in OpenCV; then the bilateral filter, and Sobel's own pixel.
    beyond = math.ceil(3 * max(0.3, sigma)) + 1 + _CALM // 2 + 1
    rows = max(4 * beyond, _BAND // photo.shape[1])
    for top in range(0, len(photo), rows):
        first, bottom = max(0, top - beyond), min(top + rows, len(photo))
        x, y = _steepest(_smooth(photo[first : bottom + beyond], sigma))
        dx[top:bottom], dy[top:bottom] = x[top - first : bottom - first], y[top - first : bottom - first]
    return dx, dy


def _steepest(photo: Photo) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Sobel's derivatives of the channel that changes most at each pixel: colours of equal brightness have an edge."""
    channels = [np.asarray(channel, dtype=np.uint8) for channel in cv2.split(photo)]
    dx, dy, most = _derivatives(channels[0])
    for x, y, change in map(_derivatives, channels[1:]):
        faster = change > most
        for source, target in ((x, dx), (y, dy), (change, most)):
            np.copyto(target, source, where=faster)
    return dx, dy


def _derivatives(channel: _Grey) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
    """Sobel's dx and dy of one channel, and the sum of their amounts."""
    dx = np.asarray(cv2.Sobel(channel, cv2.CV_16S, 1, 0), dtype=np.int16)
    dy = np.asarray(cv2.Sobel(channel, cv2.CV_16S, 0, 1), dtype=np.int16)
    return dx, dy, np.abs(dx) + np.abs(dy)


def _canny(dx: NDArray[np.int16], dy: NDArray[np.int16], detail: float) -> _Grey:
    # A quarter of the pixels is enough for the quantile.
    size = np.hypot(dx[::2, ::2].astype(np.float32), dy[::2, ::2].astype(np.float32)).ravel()
    place = round((1 - detail) * (size.size - 1))
    size.partition(place)
    high = max(float(size[place]), _FAINTEST)
    return np.asarray(cv2.Canny(dx, dy, 0.4 * high, high, L2gradient=True), dtype=np.uint8)


def _without_short(lines: _Grey, shortest: float) -> _Grey:
    _, parts, figures, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    tones = np.where(figures[:, cv2.CC_STAT_AREA] >= shortest, 255, 0).astype(np.uint8)
    tones[0] = 0  # the ground
    kept = np.empty_like(lines)
    for row, numbers in zip(kept, parts, strict=True):  # an array of indices would be eight times as large as the lines
        np.take(tones, numbers, out=row)
    return kept


def _ink(lines: _Grey, width: float) -> _Grey:
    """White lines of one pixel as dark ones of `width`, their steps smoothed."""
    pen = max(1, round(width))
    thick = cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen))) if pen > 1 else lines
    soft = cv2.GaussianBlur(thick, (0, 0), 0.6)
    # Blurring has spread the ink of a line; the factor brings its middle back to black.
    return np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(soft, alpha=1.7)), dtype=np.uint8)


def sketch(photo: Photo, *, radius: float, darkness: float) -> _Grey:
    """A pencil drawing: grey divided by its own blur, which whitens surfaces and keeps what is darker than around it.

    This is the "colour dodge" of picture editors with the blurred negative; (height, width).
    """
    scale = min(photo.shape[:2]) / _SIDE
    grey = cv2.cvtColor(cv2.bilateralFilter(photo, 5, 25, 5), cv2.COLOR_RGB2GRAY)
    around = cv2.GaussianBlur(grey, (0, 0), max(0.5, radius * scale))
    # An offset of 8 calms the division where the photo is nearly black.
    paper = cv2.divide(cv2.convertScaleAbs(grey, beta=8), cv2.convertScaleAbs(around, beta=8), scale=255)
    tones = np.rint(255 * (np.arange(256) / 255) ** darkness).astype(np.uint8)
    return np.asarray(cv2.LUT(paper, tones), dtype=np.uint8)
