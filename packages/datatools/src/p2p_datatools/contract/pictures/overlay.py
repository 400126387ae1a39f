"""Draws on pictures for people: a mask over its photo, and rings around the places where something was found.

Nothing here may read a file, or know what was found.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from p2p_datatools.contract.errors import Severity
from p2p_datatools.contract.palette import Color
from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.resize import resize
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.values import reduce_channels

Overlay = Literal["color", "outlines"]
"""How a mask lies over its photo: half-transparent in its colours, or as the outlines of its classes."""


OVERLAYS: tuple[Overlay, ...] = get_args(Overlay)
PlaceMark = tuple[float, float, Severity]
"""A place, as shares of the width and height from the top left, and how severe what was found there is."""


_OPACITY = 0.5
_RING, _AROUND = 11, 3  # radius of a ring and width of its line, in pixels of the sheet
_COLORS: dict[Severity, tuple[int, int, int]] = {
    "error": (220, 20, 30),
    "warning": (255, 150, 0),
    "hint": (30, 110, 240),
}
MARK_WORDS = "red rings are errors, orange ones warnings, blue ones hints"
"""What the rings mean, in words."""


def lay_over(photo: Photo, mask: Photo, box: Size, style: Overlay, *, background: Color | None) -> Photo:
    """A photo, shrunk or grown to `box`, under its mask (height, width, 3) in the colours of its palette.

    In the style "color" the photo stays as it is where the mask has the colour `background`; outlines are of the colour
    of the class within them. A mask of another size is stretched to the photo.
    """
    photo, mask = resize(photo, box, exact=False), resize(mask, box, exact=True)
    if style == "color":
        blend = np.rint(photo * np.float32(1 - _OPACITY) + mask * np.float32(_OPACITY)).astype(np.uint8)
        clear = None if background is None else (mask == np.array(background, np.uint8)).all(axis=2, keepdims=True)
        return blend if clear is None else np.where(clear, photo, blend)
    drawn = photo.copy()
    edges = _outlines(mask)
    drawn[edges] = mask[edges]
    return drawn


def _outlines(mask: Photo) -> NDArray[np.bool_]:
    """The pixels beside another colour, on both sides of each boundary."""
    around = np.ones((3, 3), dtype=np.uint8)
    return np.asarray(reduce_channels(np.logical_or, cv2.dilate(mask, around) != cv2.erode(mask, around)))


def mark_places(picture: Photo, marks: Iterable[PlaceMark]) -> Photo:
    """The picture with a ring around each place; the more severe lie above the others."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    order = [*_COLORS]
    size = size_of(picture)
    for across, down, severity in sorted(marks, key=lambda mark: -order.index(mark[2])):
        x, y = across * size.width, down * size.height
        # A white line on each side, so that a ring is seen on its own colour.
        for radius, width, color in ((_RING + 1, _AROUND + 2, (255, 255, 255)), (_RING, _AROUND, _COLORS[severity])):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=width)
    return np.array(image)


def draw_missing(size: Size) -> Photo:
    """What stands for a picture that is not there, or cannot be read: grey with a cross."""
    image = Image.new("RGB", (size.width, size.height), (225, 225, 225))
    draw = ImageDraw.Draw(image)
    draw.line((0, 0, size.width, size.height), fill=(170, 170, 170), width=2)
    draw.line((0, size.height, size.width, 0), fill=(170, 170, 170), width=2)
    return np.array(image)
