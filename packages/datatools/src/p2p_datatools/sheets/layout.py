"""Lays pictures out as one: in rows on a white ground, with captions, headings, a title and a legend.

Nothing here may read or write a file, or change a picture except in size; masks keep their exact colours.
"""

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.palette import Color, Palette
from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.resize import resize, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

WHITE, _INK, _GREY, HAIRLINE = (255, 255, 255), (38, 38, 38), (115, 115, 115), (222, 222, 222)
_MARGIN, _GAP, _SEAM = 28, 24, 6  # around the sheet, between tiles, between the pictures of one tile
_TITLE, _TEXT = 20, 14  # heights of letters in pixels


@dataclass(frozen=True)
class Tile:
    """Pictures that stand side by side over one caption; `exact` says which are masks, none by default."""

    pictures: tuple[Photo, ...]
    caption: str = ""
    exact: tuple[bool, ...] = ()

    def fit(self, cell: Size) -> list[Photo]:
        """The pictures in their own shapes, each as large as fits into `cell`."""
        exact = self.exact or (False,) * len(self.pictures)
        return [
            resize(picture, scale_to(size_of(picture), cell, cover=False), exact=mask)
            for picture, mask in zip(self.pictures, exact, strict=True)
        ]


def lay_out(
    tiles: Sequence[Tile],
    *,
    columns: int,
    cell: Size,
    title: str = "",
    remarks: Sequence[str] = (),
    headings: Sequence[str] = (),
    legend: Palette | None = None,
) -> Photo:
    """Lay out tiles in rows of `columns`, each picture fitted into `cell` undistorted; uint8 RGB (height, width, 3).

    `remarks` are lines below the title. `headings` name the pictures of a tile above the first row, `legend` explains
    the colours of masks. Captions that are too long are shortened in the middle. Raises UsageError when there are no
    tiles or columns.
    """
    if not tiles or columns < 1:
        what = f"has {plural(len(tiles), 'tile')} and {plural(columns, 'column')}"
        raise UsageError("sheet", what, "Give at least one of each.", code="impossible-setting")
    columns = min(columns, len(tiles))
    tile_width = max(len(tile.pictures) for tile in tiles) * (cell.width + _SEAM) - _SEAM
    width = columns * (tile_width + _GAP) - _GAP
    blocks = [_line(title, width, color=_INK, height=_TITLE)] if title else []
    blocks += [_line(remark, width, color=_GREY, height=_TEXT) for remark in remarks]
    blocks += [_legend(legend, width)] if legend else []
    blocks += [_headings(headings, columns, cell, tile_width, width)] if headings else []
    for first in range(0, len(tiles), columns):
        blocks.append(_row(tiles[first : first + columns], cell, tile_width, width))
    return _frame(blocks)


def _blank(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (*WHITE, 0))


def _frame(blocks: Sequence[Image.Image]) -> Photo:
    width = max(block.width for block in blocks)
    height = sum(block.height for block in blocks)
    canvas = Image.new("RGBA", (width + 2 * _MARGIN, height + 2 * _MARGIN), (*WHITE, 255))
    top = _MARGIN
    for block in blocks:
        canvas.alpha_composite(block, (_MARGIN, top))
        top += block.height
    return np.ascontiguousarray(np.asarray(canvas.convert("RGB")))


def _row(tiles: Sequence[Tile], cell: Size, tile_width: int, width: int) -> Image.Image:
    """Tiles side by side, as high as the highest picture and, where there is any, a caption."""
    fitted = [tile.fit(cell) for tile in tiles]
    height = max(picture.shape[0] for pictures in fitted for picture in pictures)
    captioned = any(tile.caption for tile in tiles)
    # One pixel all around for the hairlines of the outer pictures.
    block = _blank(width + 2, height + 2 + (2 * _TEXT if captioned else 0) + _GAP // 2)
    for column, (tile, pictures) in enumerate(zip(tiles, fitted, strict=True)):
        left = 1 + column * (tile_width + _GAP)
        for place, picture in enumerate(pictures):
            x = left + place * (cell.width + _SEAM) + (cell.width - picture.shape[1]) // 2
            _paste(block, picture, x, 1 + (height - picture.shape[0]) // 2)
        _write(block, tile.caption, left, height + _TEXT // 2, tile_width, color=_INK, centred=True)
    return block


def _paste(block: Image.Image, picture: Photo, x: int, y: int) -> None:
    block.paste(Image.fromarray(picture), (x, y))
    # A hairline just outside, so that a white picture has an end.
    ImageDraw.Draw(block).rectangle((x - 1, y - 1, x + picture.shape[1], y + picture.shape[0]), outline=HAIRLINE)


def _line(text: str, width: int, *, color: Color, height: int) -> Image.Image:
    """A line of letters of a height, which may make a narrow sheet wider."""
    width = max(width, min(640, math.ceil(_font(height).getlength(legible(text)))))
    block = _blank(width, 2 * height)
    _write(block, text, 0, 0, width, color=color, height=height)
    return block


def _headings(headings: Sequence[str], columns: int, cell: Size, tile_width: int, width: int) -> Image.Image:
    block = _blank(width, 2 * _TEXT)
    for column in range(columns):
        for place, heading in enumerate(headings):
            left = column * (tile_width + _GAP) + place * (cell.width + _SEAM)
            _write(block, heading, left, 0, cell.width, color=_GREY, centred=True)
    return block


def _legend(palette: Palette, width: int) -> Image.Image:
    """A swatch and the name of each class, in as many lines as they need."""
    places, x, y = [], 0, 0
    for each in palette.classes:
        needed = 2 * _TEXT + math.ceil(_font(_TEXT).getlength(legible(each.name)))
        if x and x + needed > width:
            x, y = 0, y + 2 * _TEXT
        places.append((each, x, y))
        x += needed + _TEXT
    block = _blank(width, y + 3 * _TEXT)
    draw = ImageDraw.Draw(block)
    for each, x, y in places:
        draw.rectangle((x, y + 1, x + _TEXT, y + 1 + _TEXT), fill=each.color, outline=HAIRLINE)
        _write(block, each.name, x + _TEXT * 3 // 2, y, width - x - _TEXT * 3 // 2, color=_GREY)
    return block


def _write(
    block: Image.Image,
    text: str,
    x: int,
    y: int,
    width: int,
    *,
    color: Color,
    centred: bool = False,
    height: int = _TEXT,
) -> None:
    font = _font(height)
    line = shorten_text(legible(text), font.getlength, width)
    if centred:
        x += max(0, round(width - font.getlength(line)) // 2)
    ImageDraw.Draw(block).text((x, y), line, font=font, fill=(*color, 255))


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(height)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels hold FreeType"
    return font


def legible(text: str) -> str:
    """The text in letters that the font has, which is little more than ASCII: accents fall off, others become "?"."""
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in letters)


def shorten_text(text: str, length: Callable[[str], float], most: float) -> str:
    """The text, its middle left out as far as needed for `length` of it to be at most `most`."""
    line, kept = text, len(text)
    while kept > 0 and length(line) > most:
        kept -= 1
        line = text[: (kept + 1) // 2] + "…" + text[len(text) - kept // 2 :]
    return line
