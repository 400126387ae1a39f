"""Lists a folder of label pictures, of class numbers or of colours: one for each photo, under the photo's name.

Nothing here may decode more than is needed to distinguish numbers from colours; the palette says what they mean.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.folders.roles import LABELS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import split_labels
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.contract.origin import PROVENANCE
from p2p_datatools.contract.pictures.formats.lossless import is_lossless_file
from p2p_datatools.contract.pictures.header import open_picture, photo_header
from p2p_datatools.contract.pictures.index import read_index_picture, read_label_picture
from p2p_datatools.contract.pictures.soft import is_black_and_white
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.pictures.class_names import NO_CLASS, find_names, unite_lists
from p2p_datatools.labels.values import ClassNames, ColorLabels, IndexLabels, LabelSet, PictureLabels

# The others blend neighbouring values, so that class numbers would be lost in them.
_EXACT = frozenset(
    {".png", ".apng", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".npy"}
)
_GIVE_EXACT = "Give a folder of .png, .bmp, .gif, .tif or lossless .webp files."
_NUMBERS = ("P", "1", "L", "I", "F")  # what Pillow calls pictures of one channel; "PA" and "LA" have two
_T = TypeVar("_T")


# How the files of the sets are called that the ids of built-in palettes are from.
_FILE_NAMES = {
    "scenes": re.compile(r"(0001TP|0006R0|0016E5|Seq05VD)_f?\d+"),  # CamVid
    "facades": re.compile(r"cmp_[bx]\d+\.png"),
}
# The Kaggle car set as it is unpacked: images/, masks/ and the VoTT export that the masks were made of. Names of files
# tell nothing, for others made masks of other numbers of the same photos.
_KAGGLE_EXPORT, _KAGGLE_TAGS = "masks.json", {"car", "wheel", "lights", "window"}
# Drawn sets, whose records did not always name the palette.
_DRAWN = {"synth-cars": "cars"}
_LOOKED_AT = 5  # pictures of a folder, by which all are judged
_LOOKED_AT_IF_BLACK = 200  # where those few are black


def is_index_folder(path: Path) -> bool:
    """Whether a path is a folder with pictures in it."""
    return path.is_dir() and bool(_find(path, []))


def is_color_folder(path: Path) -> bool:
    """Whether a path is a folder whose label pictures are colour-coded, judged by a few of them."""
    return path.is_dir() and holds_colors(path)


def read_index_folder(folder: Path) -> LabelSet:
    """All index pictures below `folder`; raises P2PError when there are none."""
    exact, others, strange = _by_kind(folder)
    if not exact and not strange and others:
        _refuse_lossy(folder, others)
    if not exact and not strange:
        raise P2PError(folder, "has no pictures", _GIVE_EXACT, code="no-pictures")
    items = [
        IndexLabels(name, path, (listed.numbers or None) if listed else None, listed=listed)
        for name, path, listed in _list_each(folder, exact)
    ]
    found = LabelSet("index", tuple(items), skipped=strange, left_out=tuple(others), ignored=_find_ignored(items))
    return replace(found, palette=_known_palette(folder, exact))


def _find_ignored(items: Sequence[PictureLabels]) -> frozenset[str]:
    """The label that lists have for what is in no class."""
    return frozenset({NO_CLASS} if any(item.listed for item in items) else ())


def _refuse_lossy(folder: Path, pictures: list[Path]) -> NoReturn:
    """Raise P2PError for class numbers in kinds of files that blend them; photos among them do not count.

    Those of black and white have a way out.
    """
    masks = _labels_among(folder, pictures) or pictures
    what, to_do = f"holds {plural(len(masks), 'picture')}, but none in a lossless format", _GIVE_EXACT
    if all(_is_black_and_white(path) for path in pick_evenly(masks, _LOOKED_AT)):
        what = f"{what}: black and white with soft edges, so their grey values are not class numbers"
        to_do = (
            "Add --format colors --map '#ffffff=CLASS', where CLASS is what is white; "
            "the edges go to the nearer of both."
        )
    raise P2PError(folder, what, to_do, code="lossy-pictures")


def _labels_among(folder: Path, pictures: list[Path]) -> list[Path]:
    """The labels of a whole data set, by the folders of labels and photos or by names; none where they do not tell."""
    places = {path: path.parent.relative_to(folder).as_posix() for path in pictures}
    roles = roles_of_folders(places.values())
    if PHOTOS in roles.values():
        return [path for path in pictures if roles[places[path]] == LABELS]
    names = {without_suffix(path.relative_to(folder).as_posix()): path for path in pictures}
    return [names[name] for name in split_labels(names)] if len(names) == len(pictures) else []


def read_color_folder(folder: Path) -> LabelSet:
    """All colour-coded pictures below `folder`: those in lossless formats, or if there are none, JPEG and the like."""
    exact, others, strange = _by_kind(folder)
    if not (exact or others or strange):
        raise P2PError(folder, "has no pictures", "Give a folder of PNG, BMP, TIFF or JPEG files.", code="no-pictures")
    items = [
        ColorLabels(name, path, (listed.colors or None) if listed else None, listed=listed)
        for name, path, listed in _list_each(folder, exact or others)
    ]
    left_out = tuple(others) if exact else ()
    found = LabelSet("colors", tuple(items), skipped=strange, left_out=left_out, ignored=_find_ignored(items))
    return replace(found, palette=_known_palette(folder, exact))


def _list_each(folder: Path, pictures: list[Path]) -> list[tuple[str, Path, ClassNames | None]]:
    """(name, path, what lists beside it say) of each picture.

    A folder without one has what all others say, as val/ has what lies in train/: one set numbers its classes once.
    """
    seen: dict[Path, list[ClassNames]] = {}
    found = {place: find_names(place, folder, seen) for place in dict.fromkeys(path.parent for path in pictures)}
    told = {place: names for place, names in found.items() if names}
    shared = unite_lists(list(told.values())) if 0 < len(told) < len(found) else None
    return [(path.relative_to(folder).as_posix(), path, told.get(path.parent, shared)) for path in pictures]


def _known_palette(folder: Path, pictures: list[Path]) -> str:
    """The built-in palette whose ids are those of the data set that the pictures are of; empty where nothing tells."""
    for place in (folder, *folder.resolve().parents[:2]):
        if isinstance(note := _read_note(place / PROVENANCE), dict):
            inside = [folder.resolve() / path.relative_to(folder) for path in pictures]
            palette = note.get("palette") or _DRAWN.get(str(note.get("name")), "")
            return str(palette) if _are_listed(inside, note.get("files"), place.resolve()) else ""
    if _is_kaggle_set(folder):
        return "cars"
    return next((name for name, own in _FILE_NAMES.items() if all(own.match(path.name) for path in pictures)), "")


def _read_note(path: Path) -> Any:
    """The record of a fetched data set; None for what cannot be read: other programs may call a file so."""
    with suppress(P2PError):
        return read_json(path) if path.is_file() else None
    return None


def _are_listed(pictures: list[Path], files: Any, place: Path) -> bool:
    """Whether all pictures are among the fetched files, where these are listed: others may lie beside them."""
    if not isinstance(files, dict):
        return True
    return all(path.relative_to(place).as_posix() in files for path in pictures)


def _is_kaggle_set(folder: Path) -> bool:
    """Whether a folder is that of the Kaggle car set's masks, beside which its own VoTT export lies."""
    export = folder.resolve().parent / _KAGGLE_EXPORT
    if folder.resolve().name != "masks" or not export.is_file():
        return False
    try:
        value = read_json(export)
        tags = {tag for asset in value["assets"].values() for region in asset["regions"] for tag in region["tags"]}
    except (P2PError, KeyError, TypeError, AttributeError):
        return False
    return tags == _KAGGLE_TAGS


def holds_colors(folder: Path) -> bool:
    """Whether the label pictures below `folder` are colour-coded, judged by a few of them.

    Black pictures of three channels, which are those without objects in either kind, tell nothing.
    """
    exact, others, _ = _by_kind(folder)
    return _hold_colors(exact or others)


def judge_again(found: LabelSet, folder: Path) -> LabelSet:
    """Colour-coded pictures as class numbers, if what made their folder one of colours is left out of them by now.

    Raises P2PError where these are blended, as `read_index_folder` does.
    """
    items = [item for item in found.items if isinstance(item, ColorLabels) and item.judge]
    if len(items) < len(found.items) or _hold_colors([item.path for item in items]):
        return found
    if not any(_is_exact(item.path) for item in items):
        _refuse_lossy(folder, [item.path for item in items])
    numbers = (
        IndexLabels(
            item.file_name,
            item.path,
            item.listed.numbers or None if item.listed else None,
            **{each.name: getattr(item, each.name) for each in fields(PictureLabels) if each.kw_only},
        )
        for item in items
    )
    return replace(found, format="index", items=tuple(numbers))


def _hold_colors(pictures: list[Path]) -> bool:
    for most in (_LOOKED_AT, _LOOKED_AT_IF_BLACK):
        found = [_judge(path) for path in pick_evenly(pictures, most)]
        if seen := [each for each in found if each is not None]:
            return 2 * sum(seen) > len(seen)
    return False


def has_colors(path: Path) -> bool:
    """Whether a picture holds colours and not class numbers, which may be repeated in RGB."""
    return bool(_judge(path))


def _judge(path: Path) -> bool | None:
    """The same; None where nothing tells, because all channels are 0."""
    try:
        with open_picture(path) as picture:
            if photo_header(picture).mode.split(";")[0] not in _NUMBERS:
                return False if read_index_picture(picture).values.any() else None
    except P2PError as error:
        return error.code == "colours-not-classes"  # a damaged picture does not count, and is reported when it is read
    return False


def _is_black_and_white(path: Path) -> bool:
    try:
        return is_black_and_white(read_label_picture(path).colors)
    except P2PError:
        return False


def pick_evenly(items: list[_T], most: int) -> list[_T]:
    """At most `most` of the items, at even distances."""
    return [items[place * len(items) // most] for place in range(most)] if len(items) > most else items


def _by_kind(folder: Path) -> tuple[list[Path], list[Path], tuple[Skip, ...]]:
    """The pictures of exact kinds, the others, and those whose names are not UTF-8; raises P2PError for a file.

    Where folders or names tell labels from photos and the labels are of no exact kind, none is.
    """
    if folder.is_file():
        raise P2PError(folder, "is a file, but label pictures lie in a folder", "Give the folder.", code="not-a-folder")
    strange: list[P2PError] = []
    pictures = _find(folder, strange)
    exact = [path for path in pictures if _is_exact(path)]
    if not exact and all(map(is_lossless_file, pick_evenly(pictures, _LOOKED_AT))):
        exact = pictures  # as where a program wrote PNG under the names of photos
    masks = _labels_among(folder, pictures)
    if masks and set(masks).isdisjoint(exact):  # only the photos are exact
        exact = []
    kept = set(exact)
    others = [path for path in pictures if path not in kept]
    return exact, others, tuple(skip_of(error, str(folder)) for error in strange)


def _is_exact(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in _EXACT or (suffix == ".webp" and is_lossless_file(path))


def _find(folder: Path, strange: list[P2PError]) -> list[Path]:
    """The pictures below a folder; without any, the arrays: beside pictures they are often something else."""
    return find_pictures(folder, strange=strange) or find_pictures(folder, frozenset({".npy"}), strange=strange)
