"""Reads a picture as a mask of the model's palette: exactly, with blended colours brought back, or it says why not.

Nothing here may apply a model, or let a number or a colour become a class that it was not painted as.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.flat_areas import find_inexact
from p2p_datatools.contract.pictures.header import PictureFile
from p2p_datatools.contract.pictures.images import (
    LabelMap,
    OutsidePaletteError,
    Photo,
    indices_of_colors,
    read_mask,
    refuse_hidden,
    say_over_white,
)
from p2p_datatools.contract.pictures.index import LabelPicture, histogram, read_label_picture
from p2p_datatools.contract.pictures.snap import TOLERANCE, Snapper
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

NOT_MASKS = frozenset({"photo-not-mask", "class-numbers", "unknown-class", "other-palette"})
"""The codes of errors that a whole folder of inputs usually shares."""


_MOST_STRAY = 0.01  # of the pixels: those of a mask that was JPEG and that nothing around explains
_MOST_NUMBER = 64  # class numbers are below it, greys of a drawing above
_FEW, _NEARLY_ALL = 16, 0.9  # so many of 4,096 colours make up nearly all strange pixels of a mask, but not of a photo
_MARGIN = 0.01  # of the pixels of a JPEG, which are not quite black where it is


@dataclass
class InputChanges:
    """What reading inputs changed: which it laid over white, `filled` where data lack, or `cleared` to background.

    `snapped` has the masks with blended or inexact colours, and how many of their pixels.
    """

    over_white: list[Path] = field(default_factory=list)
    filled: list[Path] = field(default_factory=list)
    cleared: list[Path] = field(default_factory=list)
    snapped: dict[Path, int] = field(default_factory=dict)

    def say(self, report: Reporter) -> None:
        """Note each kind of change in one line."""
        say_over_white(self.over_white, report)
        if self.filled:
            number = plural(len(self.filled), "picture has", "pictures have")
            report.note(f"{min(self.filled)}: {number} pixels without data, which are filled with the smallest value.")
        if self.cleared:
            masks = plural(len(set(self.cleared)), "mask has", "masks have")
            report.note(f"{min(self.cleared)}: {masks} transparent pixels, which are background.")
        if self.snapped:
            masks = plural(len(self.snapped), "mask has", "masks have")
            pixels = plural(sum(self.snapped.values()), "pixel")
            most = max(sorted(self.snapped), key=lambda path: self.snapped[path])
            report.note(
                f"{most}: {masks} blended or inexact colours, as JPEG and soft edges have; {pixels} went to the colour "
                "of a class nearby."
            )


def read_palette_mask(picture: PictureFile, palette: Palette, changes: InputChanges, *, exact: bool = True) -> LabelMap:
    """The class of each pixel, uint8 (height, width); what was changed for that is added to `changes`.

    A picture that is not `exact` has been in a file whose compression blends, whatever kind it is of now.
    Raises P2PError when the picture is damaged, is a photo, or holds class numbers or the colours of another palette.
    """
    try:
        return read_mask(picture, palette, cleared=changes.cleared)
    except OutsidePaletteError as error:
        if error.code == "unknown-class":
            raise _with_classes(error, palette) from error
    except P2PError as error:
        if error.code != "jpeg-mask":
            raise
    label = read_label_picture(picture)
    _refuse_numbers(picture.path, label, palette)
    colors = label.colors
    if label.transparent is not None:
        refuse_hidden(colors, label.transparent, picture.path, "Build the mask again, or save it without alpha.")
        colors = colors.copy()
        colors[label.transparent] = palette.classes[0].color
        changes.cleared.append(picture.path)
    return _snap_colors(picture.path, colors, palette, changes, exact=exact and label.exact)


def read_mask_colors(
    where: Path, colors: Photo, palette: Palette, changes: InputChanges, *, exact: bool = True
) -> LabelMap:
    """The class of each pixel of colours (height, width, 3) that are in no file; as for `read_palette_mask`."""
    indices, outside = indices_of_colors(colors, palette)
    return _snap_colors(where, colors, palette, changes, exact=exact) if outside.any() else indices


def _snap_colors(path: Path, colors: Photo, palette: Palette, changes: InputChanges, *, exact: bool) -> LabelMap:
    indices, moved = _snap(path, colors, palette, exact=exact)
    if moved:
        changes.snapped[path] = moved
    return indices


def _snap(path: Path, colors: Photo, palette: Palette, *, exact: bool) -> tuple[LabelMap, int]:
    """Class indices, and how many pixels had no colour of a class."""
    table = palette.colors()[: len(palette.classes)]
    snapped = Snapper(table).snap(colors)
    stray = np.count_nonzero(snapped.stray)
    if stray > _MOST_STRAY * snapped.stray.size:
        raise _other_colors(path, colors, snapped.stray, palette)
    inexact = snapped.moved & ~snapped.blended
    if exact and inexact.any():
        for area in find_inexact(colors, inexact, snapped.rows, table):
            if area.distance <= TOLERANCE:
                raise _other_palette(path, palette, [area.color], np.count_nonzero(inexact) / inexact.size)
    return snapped.rows, int(np.count_nonzero(snapped.moved))


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
            f"has the class {numbers[-1]}, but the model has {list_classes(palette)} (0 to {count - 1})",
            "Make a mask of these class numbers with 'p2p data build-masks' and the model's palette.",
            code="unknown-class",
        )
    what = "holds class numbers" if label.exact else "is nearly black, as class numbers saved as JPEG are"
    raise P2PError(
        path,
        f"{what} ({', '.join(map(str, numbers[:12]))}), and not the colours of the classes",
        "Make a mask of them with 'p2p data build-masks' and the model's palette, and give that.",
        code="class-numbers",
    )


def _other_colors(path: Path, colors: Photo, stray: NDArray[np.bool_], palette: Palette) -> P2PError:
    """A photo has very many colours that no class has, a mask of another palette few."""
    coarse = colors[stray] >> 4
    codes = coarse[:, 0].astype(np.int32) << 8 | coarse[:, 1].astype(np.int32) << 4 | coarse[:, 2]
    counts = np.bincount(codes, minlength=4096)
    order = np.argsort(-counts)
    share = stray.mean()
    if counts[order[:_FEW]].sum() >= _NEARLY_ALL * counts.sum():
        firsts = [np.flatnonzero(codes == code)[0] for code in order[:4] if counts[code]]
        listed = [tuple(int(part) for part in colors[stray][first]) for first in firsts]
        return _other_palette(path, palette, listed, share)
    return P2PError(
        path,
        f"looks like a photo (or a JPEG of another palette): {share:.0%} of its pixels have colours of no class, but "
        f"the model takes masks with {list_classes(palette)}",
        "Give a mask of the model's palette, or use a model of the other direction. A|B pictures are taken apart with "
        "'p2p data halves'.",
        code="photo-not-mask",
    )


def _other_palette(path: Path, palette: Palette, colors: list[tuple[int, ...]], share: float) -> P2PError:
    listed = ("colour " if len(colors) == 1 else "colours ") + ", ".join(map(str, colors))
    return P2PError(
        path,
        f"has areas of the {listed} ({share:.1%} of its pixels), which are of no class of the model's palette "
        f"{palette.name}; the model has {list_classes(palette)}",
        "Build the mask with the model's palette: 'p2p data build-masks' and --map say what each colour is.",
        code="other-palette",
    )


def _with_classes(error: P2PError, palette: Palette) -> P2PError:
    return P2PError(error.where, f"{error.what}; the model has {list_classes(palette)}", error.to_do, code=error.code)


def list_classes(palette: Palette) -> str:
    """How many classes a palette has, and which."""
    return f"{plural(len(palette.classes), 'class', 'classes')}: {', '.join(palette.names)}"
