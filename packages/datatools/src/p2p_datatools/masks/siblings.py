"""Finds the photos of labels where nobody said where they are: in a folder beside the labels, called images or alike.

Nothing here may take a folder that does not fit: it has a photo for each label, of the size that its labels say.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import find_pictures, folders_in
from p2p_datatools.contract.folders.roles import LABELS, OBJECT_FOLDERS, PHOTOS, roles_of_folders
from p2p_datatools.contract.matching import find_beginning, find_several_labels, split_labels
from p2p_datatools.contract.names import (
    LABEL_FOLDERS,
    PHOTO_FOLDERS,
    PhotoFolder,
    folders_of,
    without_suffix,
    words_of_folder,
)
from p2p_datatools.contract.pictures.header import photo_size
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import path_word, plural
from p2p_datatools.labels.formats.pictures.folders import judge_again
from p2p_datatools.labels.values import LabelItem, LabelSet, PictureLabels, RegionLabels
from p2p_datatools.masks.partners import CLASS_MASKS, match_photos

_DEPTH = 3  # folders above the labels, or below them, in which the photos' folder is looked for
_LOOKED_AT = 20  # labels whose size is compared


def leave_out_photos(found: LabelSet, labels: Path) -> LabelSet:
    """The label pictures of a whole data set, without its photos, and without numbers of objects beside classes.

    Those are of a_mask.png and a.png, of masks/ and images/, or of trainannot/ and train/; objects of train_inst/
    beside train_label/ (pix2pixHD, SPADE). Raises P2PError where a photo has several masks.
    """
    found = _leave_out_objects(found, labels)
    if several := _find_several(found):
        raise _several_labels(labels, f"has several label pictures for each photo, such as {several}")
    pictures = [item for item in found.items if isinstance(item, PictureLabels)]
    folders = {id(item): _folder_below(item.path, labels) for item in pictures}
    roles = roles_of_folders(folders.values())
    masks = [item for item in pictures if roles[folders[id(item)]] == LABELS]
    photos = [item for item in pictures if roles[folders[id(item)]] == PHOTOS]
    _refuse_several(masks, photos, labels)
    if not (photos and masks and len(photos) + len(masks) == len(found.items)):
        names = {without_suffix(item.file_name): item for item in pictures}
        if len(names) < len(found.items):
            return found
        if not (masks := [names[name] for name in split_labels(names)]):
            if several := find_several_labels(names):
                raise _several_labels(labels, f"has several label pictures beside some photos, such as {several}")
            return found
    return judge_again(replace(found, items=tuple(masks)), labels)


def _refuse_several(masks: list[PictureLabels], photos: list[PictureLabels], labels: Path) -> None:
    """Raise P2PError where each photo has a folder of masks to itself, as ID/images/a.png has ID/masks/."""
    places = Counter(folders_of(item.file_name) for item in masks)
    of_photos = Counter(folders_of(item.file_name) for item in photos)
    if len(of_photos) < 2 or max(of_photos.values()) > 1 or not of_photos.keys() >= places.keys():
        return
    place, count = places.most_common(1)[0]
    if count > 1:
        where = "/".join(place)
        raise _several_labels(labels, f"has one photo and up to {count} masks in each folder, such as {where}")


def _find_several(found: LabelSet) -> str:
    """Two label pictures of one JPEG photo among labels, if at least half of these have several; else nothing.

    Such as colours and numbers in two folders, or two drawings. Labels of some other picture are no sign.
    """
    photos = Counter(without_suffix(path.name) for path in found.left_out)
    owners: dict[str, list[str]] = defaultdict(list)
    for item in found.items if len(photos) > 1 else ():
        name = without_suffix(item.picture_name).rpartition("/")[2]
        owners[name if name in photos else find_beginning(name, photos)].append(item.source)
    several = sorted(name for name, count in photos.items() if len(owners.get(name, ())) > count)
    if not several or "" in owners or 2 * len(several) < len(photos):
        return ""
    return " and ".join(owners[several[0]][:2])


def _several_labels(labels: Path, what: str) -> P2PError:
    to_do = (
        f"If each is the mask of one object or class of its photo, add {CLASS_MASKS}; else put the labels that are "
        "meant into a folder of their own."
    )
    return P2PError(labels, what, to_do, code="several-labels")


def _leave_out_objects(found: LabelSet, labels: Path) -> LabelSet:
    pictures = [item for item in found.items if isinstance(item, PictureLabels)]
    places = {id(item): _place_of(_folder_below(item.path, labels)) for item in pictures}
    of_classes = {place for place, kind in places.values() if kind == "classes"}
    objects = [item for item in pictures if places[id(item)][1] == "objects" and places[id(item)][0] in of_classes]
    if not objects:
        return found
    out = set(map(id, objects))
    are = plural(len(objects), "picture is", "pictures are")
    note = f"{labels}: {are} left out, as they number objects beside classes; the first is {objects[0].path}."
    kept = tuple(item for item in found.items if id(item) not in out)
    beside = (*found.beside, *(item.path for item in objects))
    return replace(found, items=kept, notes=(*found.notes, note), beside=beside)


def _place_of(folder: str) -> tuple[tuple[str, ...], str]:
    """The path of a folder without the words that say what lies there, and whether that is classes or objects."""
    words = [words_of_folder(part.casefold()) for part in folder.split("/")]
    said = {word for part in words for word in part}
    kind = "objects" if said & OBJECT_FOLDERS else "classes" if said & set(LABEL_FOLDERS) else ""
    kinds = {*LABEL_FOLDERS, *OBJECT_FOLDERS}
    rest = ("_".join(word for word in part if word not in kinds) for part in words)
    return tuple(rest), kind


def _folder_below(path: Path, labels: Path) -> str:
    return path.parent.relative_to(labels).as_posix() if path.is_relative_to(labels) else ""


def find_photos(labels: Path, found: LabelSet, dest: Path, match: str, report: Reporter) -> Path | None:
    """The folder of photos that fits the labels; None where there is none, or several. `report` is told which.

    A folder in which the masks are to lie in `dest` is none.
    """
    fitting: list[Path] = []
    for folder in dict.fromkeys(_folders(labels, found)):
        if dest.resolve().is_relative_to(folder.resolve()):
            continue
        remark = _misfit(folder, found, match, is_beside=folder in (labels, labels.parent))
        if remark is None:
            if not any(other.is_relative_to(folder) for other in fitting):  # the nearer one is meant
                fitting.append(folder)
        elif remark:
            report.note(remark)
    if len(fitting) > 1:
        both = " and ".join(map(str, fitting[:2]))
        report.note(f"{labels}: both {both} have photos for all labels. Say which are meant with --photos.")
    if not fitting and found.left_out:
        folder = Path(os.path.commonpath([path.parent for path in found.left_out]))
        if _misfit(folder, found, match, is_beside=False) is None:
            use = f"Add --photos {path_word(folder)} to use their names and sizes."
            report.note(
                f"{labels}: the pictures in {folder} are called as the labels, as if they were the photos. {use}"
            )
    if len(fitting) != 1:
        return None
    report.note(f"{labels}: the photos are those in {fitting[0]}, because --photos does not say otherwise.")
    return fitting[0]


def _misfit(folder: Path, found: LabelSet, match: str, *, is_beside: bool) -> str | None:
    """Why a folder is not that of the photos, in words; empty where it has none of them, None where it fits.

    Of a folder where photos lie beside their labels only those beside them count.
    """
    apart = [item.path for item in found.items if isinstance(item, PictureLabels)]
    if apart and is_beside and set(apart).issuperset(find_pictures(folder, strange=[])):
        return ""
    photos = PhotoFolder(folder, apart=[*apart, *found.beside])
    prefer_photos(photos)
    if photos.clashes or not photos.names:
        return ""
    partners, lost = match_photos(found.items, photos, match)
    if not partners or (is_beside and not all(_agree(item, photos.name(photo)) for item, photo in partners)):
        return ""
    if lost and not _needs_photos(found):
        return (
            f"{folder} has photos for {len(partners)} of {len(found.items)} labels. "
            f"Give them with --photos {path_word(folder)} to use their names and sizes."
        )
    for item, photo in partners[:: max(1, len(partners) // _LOOKED_AT)]:
        if (sizes := _sizes(item, photo)) and sizes[0] != sizes[1]:
            return f"{folder} is not used for photos, as {photo.name} is {sizes[1]} and its labels are for {sizes[0]}."
    return None


def _agree(item: LabelItem, photo: str) -> bool:
    return folders_of(item.picture_name) == folders_of(photo)


def _needs_photos(found: LabelSet) -> bool:
    return any(isinstance(item, RegionLabels) and item.size is None for item in found.items)


def _sizes(item: LabelItem, photo: Path) -> Sequence[object]:
    try:
        own = item.size if isinstance(item, RegionLabels) else photo_size(item.path)
        return (own, photo_size(photo)) if own else ()
    except P2PError:
        return ()  # reported when the mask is built


def _folders(labels: Path, found: LabelSet) -> Iterator[Path]:
    """Folders that may be that of the photos, the likeliest first."""
    place = labels if labels.is_dir() else labels.parent
    yield from _below(place)
    inside = Path()
    for above in (place, *list(place.absolute().parents)[:_DEPTH]):
        if above.name.casefold() in LABEL_FOLDERS:
            yield from (folder / inside for folder in _children(above.parent) if (folder / inside).is_dir())
        inside = Path(above.name) / inside
    yield from _namesakes(place)
    if _needs_photos(found) or found.are_pictures:
        yield place


def _children(place: Path) -> list[Path]:
    """The folders for photos in a folder."""
    return [each for each in folders_in(place) if each.name.casefold() in PHOTO_FOLDERS]


def _below(place: Path) -> Iterator[Path]:
    """A folder for photos in that of the labels, or the labels' own where it has such folders farther down."""
    if children := _children(place):
        yield from children
    elif any(_children(each) for pattern in ("*", "*/*") for each in place.glob(pattern) if each.is_dir()):
        yield place


def _namesakes(place: Path) -> Iterator[Path]:
    """Folders beside that of the labels which differ in the word for what lies in them: train_masks and train."""
    own = words_of_folder(place.absolute().name.casefold())
    rest = [word for word in own if word not in LABEL_FOLDERS]
    if not rest or rest == own:
        return
    for each in folders_in(place.absolute().parent):
        words = words_of_folder(each.name.casefold())
        if [word for word in words if word not in PHOTO_FOLDERS] == rest and words != own:
            yield each
