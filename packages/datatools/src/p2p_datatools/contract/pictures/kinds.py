"""Tells the photo from the label pictures among files of one name, such as a.jpg and a.png of CMP facades.

Nothing here may guess: of two photos, or of two pictures that show the same, none is taken.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pictures.images import color_codes
from p2p_datatools.contract.pictures.index import LabelPicture, read_label_picture
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.contract.words import plural

_MOST_VALUES = 256  # of a label picture
_FLAT = 0.8  # the share of pixels that are as their neighbour: the least of real label pictures is 0.93, of photos 0.4
_SAME = 16  # of 255: copies of one picture differ by less, also where one was saved as JPEG
_STEP = 4  # pixels between those that are compared with another picture


def pick_photo(files: Sequence[Path]) -> Path | None:
    """The one photo among pictures of one name, if all others are label pictures; else None."""
    try:
        pictures = [(file, read_label_picture(file)) for file in files]
    except P2PError:
        return None  # a file that cannot be read may be either
    photos = [(file, picture) for file, picture in pictures if not _holds_labels(picture)]
    if len(photos) != 1:
        return None
    (photo, shown), *_ = photos
    others = [picture for file, picture in pictures if file != photo]
    return None if any(_is_same(shown.colors, other.colors) for other in others) else photo


def is_label_picture(file: Path) -> bool:
    """Whether a picture shows labels: few values in flat areas; one that cannot be read shows nothing."""
    try:
        return _holds_labels(read_label_picture(file))
    except P2PError:
        return False


def prefer_photos(folder: PhotoFolder, report: Reporter = QUIET) -> list[Path]:
    """Of pictures of one name keep the photo, where it can be told; notes and returns the label pictures beside it."""
    if picked := folder.settle_clashes(pick_photo):
        report.note(say_picked(picked, folder.folder))
    return picked


def say_picked(picked: Sequence[Path], where: Path) -> str:
    """A line on label pictures that were left out for the photos of their names."""
    return (
        f"{where}: {plural(len(picked), 'label picture lies', 'label pictures lie')} beside a photo of the same name, "
        f"and the photo is taken; the first is {picked[0]}."
    )


def _holds_labels(picture: LabelPicture) -> bool:
    """Whether few values stand in flat areas, in a kind of file that blends nothing."""
    if not picture.exact:
        return False
    values = picture.numbers.astype(np.uint32) if picture.numbers is not None else color_codes(picture.colors)
    if measure_flatness(values) < _FLAT:
        return False
    # A picture of one colour tells nothing, but one of one number is a mask without objects.
    return (1 if picture.photo is None else 2) <= len(find_distinct(values)) <= _MOST_VALUES


def measure_flatness(values: NDArray[np.uint32]) -> float:
    """The share of the pixels of one value (height, width) that are as their neighbour on the left, or above."""
    pairs = ((values[:, 1:], values[:, :-1]), (values[1:], values[:-1]))
    return max(float(np.mean(one == other)) if one.size else 0.0 for one, other in pairs)


def _is_same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    if one.shape != other.shape:
        return False
    here, there = (each[::_STEP, ::_STEP].astype(np.int16) for each in (one, other))
    return bool(np.abs(here - there).mean() < _SAME)
