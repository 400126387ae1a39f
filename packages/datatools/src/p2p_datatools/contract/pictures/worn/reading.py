"""Reads a picture as a mask of a palette: exactly, with blended colours brought back to classes, or it says why not.

Nothing here may write a file, or let a number or a colour become a class that it was not painted as.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.header import PictureFile
from p2p_datatools.contract.pictures.images import LabelMap, OutsidePaletteError, Photo, read_mask, refuse_hidden
from p2p_datatools.contract.pictures.index import LabelPicture, histogram, read_label_picture
from p2p_datatools.contract.pictures.worn.flat_areas import find_inexact
from p2p_datatools.contract.pictures.worn.restore import restore
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE, Snapper
from p2p_datatools.contract.words import plural

_MOST_STRAY = 0.01  # of the pixels: those of a mask that was JPEG and that nothing around explains
_MOST_NUMBER = 64  # class numbers are below it, greys of a drawing above
_FEW, _NEARLY_ALL = 16, 0.9  # so many of 4,096 colours make up nearly all strange pixels of a mask, but not of a photo
_MARGIN = 0.01  # of the pixels of a JPEG, which are not quite black where it is


@dataclass(frozen=True, eq=False)
class WornMask:
    """A mask as class indices, uint8 (height, width), 255 ignored, and what was changed to read it.

    `moved` pixels had no colour of a class, `blended` ones of them were near none, and `stray` ones are not explained
    by the colours around them: they have the nearest. All are (height, width), or None where there are none.
    `colors` (height, width, 3) are those of a picture that was not exact. It was transparent where it is `clear`, which
    is background.
    """

    indices: LabelMap
    colors: Photo | None = None
    moved: NDArray[np.bool_] | None = None
    blended: NDArray[np.bool_] | None = None
    stray: NDArray[np.bool_] | None = None
    clear: NDArray[np.bool_] | None = None


def read_worn_mask(
    picture: PictureFile, palette: Palette, *, exact: bool = True, near_is_class: bool = False
) -> WornMask:
    """The class of each pixel, and what was changed for that.

    A picture that is not `exact` has been in a file whose compression blends, whatever kind it is of now. Whole areas
    of a colour that is only near to that of a class are that class only with `near_is_class`. Raises P2PError when the
    picture is damaged, is a photo, or holds class numbers or the colours of another palette.
    """
    cleared = list[Path]()
    try:
        indices = read_mask(picture, palette, cleared=cleared)
        return WornMask(indices, clear=read_label_picture(picture).transparent if cleared else None)
    except OutsidePaletteError as error:
        if error.code == "unknown-class":
            raise
    except P2PError as error:
        if error.code not in ("jpeg-mask", "deep-mask"):
            raise
    label = read_label_picture(picture)
    _refuse_numbers(picture.path, label, palette)
    colors = label.colors
    if label.transparent is not None:
        refuse_hidden(colors, label.transparent, picture.path, "Build the mask again, or save it without alpha.")
        colors = colors.copy()
        colors[label.transparent] = palette.classes[0].color
    exact = exact and label.exact and not near_is_class
    return snap_mask(picture.path, colors, palette, exact=exact, clear=label.transparent)


def snap_mask(
    where: object, colors: Photo, palette: Palette, *, exact: bool, clear: NDArray[np.bool_] | None = None
) -> WornMask:
    """The class of each pixel of colours (height, width, 3), as for `read_worn_mask`."""
    snapper = palette_snapper(palette)
    snapped = restore(snapper, colors)
    if np.count_nonzero(snapped.stray) > _MOST_STRAY * snapped.stray.size:
        raise _other_colors(where, colors, snapped.stray, palette)
    inexact = snapped.moved & ~snapped.blended
    if exact and inexact.any():
        for area in find_inexact(colors, inexact, snapped.rows, snapper.colors):
            if area.distance <= TOLERANCE:
                share = np.count_nonzero(inexact) / inexact.size
                raise _other_palette(where, palette, [area.color], share)
    indices = index_rows(snapped.rows, palette)
    moved, blended, stray = map(_if_any, (snapped.moved, snapped.blended, snapped.stray))
    return WornMask(indices, colors, moved, blended, stray, clear)


@functools.lru_cache(maxsize=8)
def palette_snapper(palette: Palette, tolerance: int = TOLERANCE) -> Snapper:
    """What finds the nearest colour of a palette's classes, and, in the last row, that of ignored pixels."""
    return Snapper(palette.colors()[[*range(len(palette.classes)), IGNORE]], tolerance)


def index_rows(rows: LabelMap, palette: Palette) -> LabelMap:
    """The class indices of the rows that `palette_snapper` gives, in their place."""
    rows[rows == len(palette.classes)] = IGNORE
    return rows


def _if_any(marks: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return marks if marks.any() else None


def _refuse_numbers(path: Path, label: LabelPicture, palette: Palette) -> None:
    """Raise P2PError for a picture of class numbers, which would be nearly black as colours."""
    if label.numbers is None:
        return
    if label.table is not None and any(each != [number] * 3 for number, each in enumerate(label.table.tolist())):
        return  # its own table says which colours the numbers are
    used = np.flatnonzero(histogram(label.numbers))
    if not label.exact and np.count_nonzero(label.numbers) < _MARGIN * label.numbers.size:
        return
    numbers = [int(number) for number in used if number != IGNORE]
    if not numbers or numbers[-1] >= _MOST_NUMBER:
        return
    count = len(palette.classes)
    if label.exact and numbers[-1] >= count:
        raise P2PError(
            path,
            f"has the class {numbers[-1]}, but the palette {palette.name} has {list_classes(palette)} "
            f"(0 to {count - 1})",
            "Make a mask of these class numbers with 'p2p data build-masks' and this palette.",
            code="unknown-class",
        )
    what = "holds class numbers" if label.exact else "is nearly black, as class numbers saved as JPEG are"
    what = f"{what} ({', '.join(map(str, numbers[:12]))}), and not the colours of the classes"
    to_do = "Make a mask of them with 'p2p data build-masks' and this palette, and give that."
    raise P2PError(path, what, to_do, code="class-numbers")


def _other_colors(where: object, colors: Photo, stray: NDArray[np.bool_], palette: Palette) -> P2PError:
    """A photo has very many colours that no class has, a mask of another palette few."""
    coarse = colors[stray] >> 4
    codes = coarse[:, 0].astype(np.int32) << 8 | coarse[:, 1].astype(np.int32) << 4 | coarse[:, 2]
    counts = np.bincount(codes, minlength=4096)
    order = np.argsort(-counts)
    share = float(stray.mean())
    if counts[order[:_FEW]].sum() >= _NEARLY_ALL * counts.sum():
        firsts = [np.flatnonzero(codes == code)[0] for code in order[:4] if counts[code]]
        listed = [tuple(int(part) for part in colors[stray][first]) for first in firsts]
        return _other_palette(where, palette, listed, share)
    return P2PError(
        where,
        f"looks like a photo (or a JPEG of another palette): {share:.0%} of its pixels have colours of no class of the "
        f"palette {palette.name}, which has {list_classes(palette)}",
        "Give a mask of this palette. A|B pictures are taken apart with 'p2p data halves'.",
        code="photo-not-mask",
    )


def _other_palette(where: object, palette: Palette, colors: list[tuple[Any, ...]], share: float) -> P2PError:
    listed = ("colour " if len(colors) == 1 else "colours ") + ", ".join(map(str, colors))
    return P2PError(
        where,
        f"has areas of the {listed} ({share:.1%} of its pixels), which are of no class of the palette {palette.name}, "
        f"which has {list_classes(palette)}",
        "Build the mask with this palette: 'p2p data build-masks' and --map say what each colour is.",
        code="other-palette",
    )


def list_classes(palette: Palette) -> str:
    """How many classes a palette has, and which."""
    return f"{plural(len(palette.classes), 'class', 'classes')}: {', '.join(palette.names)}"
