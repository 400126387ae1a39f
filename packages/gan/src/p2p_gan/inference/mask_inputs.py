"""Reads a picture as a mask of the model's palette: exactly, with blended colours brought back, or it says why not.

Nothing here may apply a model, or let a number or a colour become a class that it was not painted as.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.exchanged import find_exchanged, find_paper
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.header import PictureFile
from p2p_datatools.contract.pictures.images import LabelMap, Photo, indices_of_colors, say_over_white
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.worn.reading import WornMask, list_classes, read_worn_mask, snap_mask
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

NOT_MASKS = frozenset({"photo-not-mask", "class-numbers", "unknown-class", "other-palette"})
"""The codes of errors that a whole folder of inputs usually shares."""


_OF_THE_MODEL = {  # what the user of a model can do, where the palette is the model's
    "photo-not-mask": "Give a mask of the model's palette, or use a model of the other direction. A|B pictures are "
    "taken apart with 'p2p data halves'.",
    "class-numbers": "Make a mask of them with 'p2p data build-masks' and the model's palette, and give that.",
    "unknown-class": "Make a mask of these class numbers with 'p2p data build-masks' and the model's palette.",
    "other-palette": "Build the mask with the model's palette: 'p2p data build-masks' and --map say what each colour "
    "is. A|B pictures are taken apart with 'p2p data halves'.",
}


@dataclass
class InputChanges:
    """What reading inputs changed: which it laid over white, `filled` where data lack, or `cleared` to background.

    `gapped` are those of 8 bits where data lack, whose values stay as they are. `snapped` has the masks with blended or
    inexact colours, and how many of their pixels. `exchanged` are masks that look as if their red and blue were,
    `paper` those with a class all around that is a part of another, and `beyond` pictures with other values than those
    of training, each with what is said of it; in these nothing was changed.
    """

    over_white: list[Path] = field(default_factory=list)
    filled: list[Path] = field(default_factory=list)
    gapped: list[Path] = field(default_factory=list)
    cleared: list[Path] = field(default_factory=list)
    snapped: dict[Path, int] = field(default_factory=dict)
    exchanged: dict[Path, str] = field(default_factory=dict)
    paper: dict[Path, str] = field(default_factory=dict)
    beyond: dict[Path, str] = field(default_factory=dict)

    def add_gaps(self, path: Path, values: NDArray[np.generic], gaps: Gaps | None) -> None:
        """Note a picture that was read with pixels that have no data."""
        if gaps is not None:
            (self.gapped if values.dtype == np.uint8 else self.filled).append(path)

    def say(self, report: Reporter) -> None:
        """Note each kind of change in one line."""
        say_over_white(self.over_white, report)
        if self.filled:
            number = plural(len(self.filled), "picture has", "pictures have")
            report.note(f"{min(self.filled)}: {number} pixels without data, which are filled with the smallest value.")
        if self.gapped:
            number = plural(len(self.gapped), "picture has", "pictures have")
            report.note(f"{min(self.gapped)}: {number} pixels without data, which are read as they are.")
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
        self._say_doubts(report)

    def _say_doubts(self, report: Reporter) -> None:
        if self.exchanged:
            masks = plural(len(self.exchanged), "mask seems", "masks seem")
            first = min(self.exchanged)
            report.note(
                f"{first}: {masks} to have red and blue exchanged, as OpenCV has them: {self.exchanged[first]}. In "
                "Python cv2.cvtColor(mask, cv2.COLOR_BGR2RGB) exchanges them."
            )
        if self.paper:
            first = min(self.paper)
            masks = plural(len(self.paper), "mask has", "masks have")
            report.note(
                f"{first}: {masks} {self.paper[first]} all around, where the background is to be expected. Was it "
                "drawn on white paper? Then fill that with the background's colour, or build the mask with 'p2p data "
                "build-masks' and --map '#ffffff=background'."
            )
        if self.beyond:
            first, more = min(self.beyond), len(self.beyond) - 1
            others = plural(more, "other picture has", "other pictures have")
            report.note(f"{first}: {self.beyond[first]}" + (f" {others} values unlike those, too." if more else ""))


def read_palette_mask(picture: PictureFile, palette: Palette, changes: InputChanges, *, exact: bool = True) -> LabelMap:
    """The class of each pixel, uint8 (height, width); what was changed for that is added to `changes`.

    A picture that is not `exact` has been in a file whose compression blends, whatever kind it is of now.
    Raises P2PError when the picture is damaged, is a photo, or holds class numbers or the colours of another palette.
    """
    try:
        mask = read_worn_mask(picture, palette, exact=exact)
        return _doubt(picture.path, _note(picture.path, mask, changes), palette, changes)
    except P2PError as error:
        if error.code not in _OF_THE_MODEL:
            raise
        raise _of_the_model(error, palette) from error


def read_mask_colors(
    where: Path, colors: Photo, palette: Palette, changes: InputChanges, *, exact: bool = True
) -> LabelMap:
    """The class of each pixel of colours (height, width, 3) that are in no file; as for `read_palette_mask`."""
    indices, outside = indices_of_colors(colors, palette)
    if not outside.any():
        return _doubt(where, indices, palette, changes)
    try:
        return _doubt(where, _note(where, snap_mask(where, colors, palette, exact=exact), changes), palette, changes)
    except P2PError as error:
        if error.code not in _OF_THE_MODEL:
            raise
        raise _of_the_model(error, palette) from error


def _note(path: Path, mask: WornMask, changes: InputChanges) -> LabelMap:
    if mask.clear is not None:
        changes.cleared.append(path)
    if mask.moved is not None:
        changes.snapped[path] = int(np.count_nonzero(mask.moved))
    return mask.indices


def _doubt(path: Path, indices: LabelMap, palette: Palette, changes: InputChanges) -> LabelMap:
    """The mask, added to `changes` where its colours seem to be exchanged, or its paper to be a class."""
    if found := find_exchanged(indices, palette):
        shown, meant = (palette.names[each] for each in found)
        changes.exchanged[path] = f"the parts of {meant} lie in what is {shown}"
    elif (around := find_paper(indices, palette)) is not None:
        changes.paper[path] = palette.names[around]
    return indices


def _of_the_model(error: P2PError, palette: Palette) -> P2PError:
    """The same error for the user of a model, whose palette it is."""
    has = list_classes(palette)
    what = error.what if has in error.what else f"{error.what}; the model has {has}"
    return P2PError(error.where, what, _OF_THE_MODEL[error.code], code=error.code)
