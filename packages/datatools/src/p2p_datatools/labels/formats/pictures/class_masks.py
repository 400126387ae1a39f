"""Reads masks of single classes: black and white pictures, several for a photo, whose names or folders say the class.

Nothing here may know a palette or a photo: which part of the names is the class follows from all names together.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import find_beginning
from p2p_datatools.contract.names import LABEL_FOLDERS, folders_of, without_suffix
from p2p_datatools.contract.pictures.images import color_codes, size_of
from p2p_datatools.contract.pictures.index import LabelPicture, read_label_picture
from p2p_datatools.contract.pictures.kinds import pick_photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.values import find_distinct, reduce_channels
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.pictures.folders import pick_evenly
from p2p_datatools.labels.parsing.regions import RegionCollector, gather, read_picture_name
from p2p_datatools.labels.parsing.rle import runs_of
from p2p_datatools.labels.values import LabelSet, RegionLabels

_MOST_PARTS = 4  # of a name, between which its class may begin
_FEWEST_GREYS = 6  # distinct values of soft edges; fewer are the classes of one picture,
_LARGEST_NUMBER = 64  # if they are no larger
_MOST_SHOWN = 6  # classes in a note
_LOOKED_AT = 5  # photos among masks
_MOSTLY = 0.5
_END = 0.2  # of the brightest: the greys that JPEG and soft edges add to black and white

_PictureAndClass = tuple[str, str]  # of a file


class _Layout(NamedTuple):
    """One way to read all names, in words, and the picture and class of each file."""

    form: str
    readings: list[_PictureAndClass]

    @property
    def classes(self) -> set[str]:
        return {label for _, label in self.readings}

    @property
    def pictures(self) -> set[str]:
        return {picture for picture, _ in self.readings}

    @property
    def numbered(self) -> float:
        """The share of the classes with a digit in their name."""
        classes = {_uncount(label, self.classes) for label in self.classes}
        return sum(any(letter.isdigit() for letter in label) for label in classes) / len(classes)

    @property
    def are_objects(self) -> bool:
        """Whether each mask has a name of its own, as where programs call each object by a number or a hash."""
        is_each_alone = len(self.classes) == len(self.readings) > len(self.pictures) > 1
        return is_each_alone and self.numbered >= _MOSTLY

    @property
    def fits(self) -> bool:
        """Whether there are several classes, and pictures with several, and no two masks of one class of a picture."""
        several = len(self.classes) >= 2 and len(self.pictures) < len(self.readings)
        return several and len(set(self.readings)) == len(self.readings)


def is_class_masks(path: Path) -> bool:
    """Never: pictures of two folders may have one name and show two places, which nothing in their names tells."""
    assert path.exists(), "there is something to ask about"
    return False


def read_class_masks(folder: Path) -> LabelSet:
    """The regions of all masks below `folder`; raises P2PError where their names do not tell their classes."""
    if not folder.is_dir():
        raise P2PError(folder, "is a file, but masks lie in a folder", "Give the folder.", code="not-a-folder")
    strange: list[P2PError] = []
    pictures = _Pictures(folder, find_pictures(folder, strange=strange))
    files = pictures.masks
    layout = _by_photo(pictures) or _find_layout([pictures.names[file] for file in files])
    if layout is None:
        what = "has no names in which a class follows from CLASS/NAME.png, NAME/CLASS.png or NAME_CLASS.png"
        to_do = "Put the masks of each class into a folder named after the class."
        raise P2PError(folder, what, to_do, code="no-labels")
    layout = layout._replace(readings=[(name, _uncount(label, layout.classes)) for name, label in layout.readings])
    masks: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for file, (picture, label) in zip(files, layout.readings, strict=True):
        masks[picture].append((label, file))
    found = gather("class-masks", _pictures(masks, are_named=not layout.are_objects))
    skipped = (*found.skipped, *(skip_of(error, str(folder)) for error in strange))
    return replace(found, skipped=skipped, beside=tuple(files), notes=(_describe(folder, layout),))


class _Pictures:
    """The masks and the photos among some files: in folders of their own, or called as their masks begin."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self.names = {file: without_suffix(file.relative_to(folder).as_posix()) for file in files}
        roles = roles_of_folders({name.rpartition("/")[0] for name in self.names.values()})
        kinds = {file: roles[name.rpartition("/")[0]] for file, name in self.names.items()}
        self.masks = [file for file in files if kinds[file] == LABELS]
        self.photos = [file for file in files if kinds[file] == PHOTOS]
        self.have_folders = bool(self.masks and self.photos)
        if not self.have_folders:
            self.photos = self._by_names(list(files))
            self.masks = [file for file in files if file not in {*self.photos}]

    def _by_names(self, files: Sequence[Path]) -> list[Path]:
        """The files whose names others continue, if these are photos: a.png beside a_mask.png and a_mask_1.png."""
        known = {name: file for file, name in self.names.items()}
        first = {file: known.get(find_beginning(self.names[file], known)) for file in files}
        photos = [file for file in files if first[file] is None]
        masks = {photo: file for file, photo in first.items() if photo}
        if not masks or len(masks.keys() & {*photos}) < len(photos):
            return []
        looked_at = pick_evenly(photos, _LOOKED_AT)
        return photos if all(pick_photo([photo, masks[photo]]) == photo for photo in looked_at) else []


def _by_photo(pictures: _Pictures) -> _Layout | None:
    """The masks of each photo that has a folder of masks to itself, as ID/images/a.png has ID/masks/."""
    if not pictures.have_folders:
        return None
    photos = {folders_of(pictures.names[file]): file for file in pictures.photos}
    places = [folders_of(pictures.names[file]) for file in pictures.masks]
    if len(photos) < len(pictures.photos) or not photos.keys() >= {*places} or len({*places}) == len(places):
        return None
    readings = [
        (pictures.names[photos[place]], pictures.names[file].rpartition("/")[2])
        for place, file in zip(places, pictures.masks, strict=True)
    ]
    layout = _Layout("NAME/masks/CLASS", readings)
    return layout if len(set(readings)) == len(readings) else None


def _describe(folder: Path, layout: _Layout) -> str:
    if layout.are_objects:
        count = f"{plural(len(layout.pictures), 'picture')}, {plural(len(layout.classes), 'mask')}"
        return f"{folder}: read as a mask for each object, whose class no name tells; {count}."
    classes = sorted(layout.classes)
    more = f" and {len(classes) - _MOST_SHOWN} more" if len(classes) > _MOST_SHOWN else ""
    shown = f"{', '.join(classes[:_MOST_SHOWN])}{more}"
    return f"{folder}: read as {layout.form}; {plural(len(layout.pictures), 'picture')}, the classes are {shown}."


def _uncount(label: str, classes: Set[str]) -> str:
    """The class of a mask that is the second of its picture, such as the mask_1 that BUSI has beside mask."""
    word = label.rstrip("0123456789").rstrip("_- ")
    return word if word in classes and word.casefold() in LABEL_FOLDERS else label


def _find_layout(names: Sequence[str]) -> _Layout | None:
    """The layout in whose classes digits are the rarest: pictures have numbers, classes words; None if none fits.

    Of two by folders that of fewer classes, of two by parts of names that of fewer pictures, and of both by folders.
    """
    folders = [each for each in (_by_folder(names), _by_own_name(names)) if each and each.fits]
    parts = [each for each in _by_parts(names) if each.fits]
    best = [
        *sorted(folders, key=lambda each: (each.numbered, len(each.classes)))[:1],
        *sorted(parts, key=lambda each: (each.numbered, len(each.pictures)))[:1],
    ]
    return min(best, key=lambda each: each.numbered, default=None)


def _by_folder(names: Sequence[str]) -> _Layout | None:
    """The folder that the classes are called by, of those on the way to each picture that are not a split."""
    paths = [name.split("/") for name in names]
    if len({len(path) for path in paths}) != 1:
        return None
    places = range(len(paths[0]) - 1)
    levels = [{path[place] for path in paths} for place in places]
    fits = [place for place in places if len(levels[place]) > 1 and not all(split_in(each) for each in levels[place])]
    if not fits:
        return None
    place = min(fits, key=lambda each: len(levels[each]))
    readings = [("/".join((*path[:place], *path[place + 1 :])), path[place]) for path in paths]
    return _Layout("CLASS/NAME", readings)


def _by_own_name(names: Sequence[str]) -> _Layout | None:
    parts = [name.rpartition("/") for name in names]
    if not all(folder for folder, _, _ in parts):
        return None
    return _Layout("NAME/CLASS", [(_drop_label_folder(folder), own) for folder, _, own in parts])


def _drop_label_folder(folder: str) -> str:
    """The folder of a picture's masks, or that above where its name only says that masks lie in it."""
    above, _, own = folder.rpartition("/")
    return above if above and own.casefold() in LABEL_FOLDERS else folder


def _by_parts(names: Sequence[str]) -> Iterator[_Layout]:
    """The names in which the class begins after the n-th part, or consists of the last n; folders tell nothing."""
    parts = [name[name.rfind("/") + 1 :].split("_") for name in names]
    for count in range(1, _MOST_PARTS):
        for form, cut in (("NAME_CLASS", count), ("NAME_CLASS", -count)):
            if all(len(each) > count for each in parts):
                yield _Layout(form, [("_".join(each[:cut]), "_".join(each[cut:])) for each in parts])


def _pictures(
    masks: dict[str, list[tuple[str, Path]]], *, are_named: bool
) -> Iterator[tuple[str, Callable[[], RegionLabels]]]:
    for picture, files in sorted(masks.items()):
        where = str(files[0][1])
        yield where, partial(_picture, picture, files, where, are_named=are_named)


def _picture(name: str, files: Sequence[tuple[str, Path]], where: str, *, are_named: bool) -> RegionLabels:
    drawing, sizes = RegionCollector(), dict[Size, Path]()
    for label, file in files:
        inside = _inside(read_label_picture(file), str(file))
        sizes.setdefault(size_of(inside), file)
        if inside.any():
            drawing.add(runs_of(inside), label if are_named else None, where=str(file))
    if len(sizes) > 1:
        (one, first), (other, second) = list(sizes.items())[:2]
        what = f"is {one}, but {second}, of the same picture, is {other}"
        raise P2PError(first, what, "Make the masks of a picture of one size.", code="mask-size")
    return drawing.labels_of(read_picture_name(name, where), next(iter(sizes)), where=where, source=name)


def _inside(picture: LabelPicture, where: str) -> NDArray[np.bool_]:
    """Where a mask is brighter than half of its brightest pixel, and not transparent; black alone is nowhere."""
    is_grey = picture.numbers is not None and picture.table is None
    values = picture.numbers if picture.numbers is not None and is_grey else reduce_channels(np.maximum, picture.colors)
    told = values if is_grey else color_codes(picture.colors)
    found = find_distinct(told)
    are_few = 2 < len(found) < _FEWEST_GREYS and not (is_grey and found[-1] > _LARGEST_NUMBER)
    if picture.exact and (are_few or (is_grey and len(found) >= _FEWEST_GREYS and _are_numbers(values, len(found)))):
        what = f"has {plural(len(found), 'value')}, and is so no mask of one class"
        to_do = (
            "Read pictures of several classes as --format index or colors; where numbers count the objects of one "
            "class, save 255 for all but 0, and where greys are probabilities, for those above half."
        )
        raise P2PError(where, what, to_do, code="several-classes")
    if len(found) > _FEWEST_GREYS and _is_between(values):
        what = "looks like a photo, and not like a mask of one class, which is black and white"
        raise P2PError(where, what, "Move the photos to a folder of their own.", code="photos-not-labels")
    inside = np.asarray(values > values.max() // 2) & np.asarray(values > 0)
    for nothing in (picture.transparent, picture.missing):
        inside = inside if nothing is None else inside & ~nothing
    return np.asarray(inside)


def _are_numbers(values: NDArray[Any], count: int) -> bool:
    """Whether most of the `count` values fill 3x3 pixels somewhere, which those of soft edges do not."""
    window = np.ones((3, 3), dtype=np.uint8)
    is_flat = cv2.erode(values, window) == cv2.dilate(values, window)
    return len(find_distinct(values[is_flat])) > _MOSTLY * count


def _is_between(values: NDArray[Any]) -> bool:
    """Whether most pixels are neither nearly black nor nearly as bright as the brightest."""
    shares = values.astype(np.float32) / max(float(values.max()), 1)
    return float(((shares > _END) & (shares < 1 - _END)).mean()) > _MOSTLY
