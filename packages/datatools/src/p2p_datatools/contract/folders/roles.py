"""Tells by the names of folders which hold labels and which photos: masks/ and images/, trainannot/ and train/.

Nothing here may open a file, or give a role to a folder whose name and neighbours do not tell.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from p2p_datatools.contract.folders.given_splits import folder_of
from p2p_datatools.contract.names import LABEL_FOLDERS, PHOTO_FOLDERS, words_of_folder

LABELS, PHOTOS = "labels", "photos"
OBJECT_FOLDERS = frozenset({"inst", "insts", "instance", "instances", "instanceids"})
"""Words of folders, in small letters, whose pictures number objects, as train_inst/ beside train_label/ does."""
# What says no more of a folder than the kind of its files, or a camera or size: images_png of LoveDA, image_2 of KITTI.
_KIND = re.compile(r"[_\- ](?:png|jpe?g|tiff?|bmp|\d+(?:x\d+)?)$")


def roles_of_folders(folders: Iterable[str]) -> dict[str, str]:
    """LABELS or PHOTOS for each of the folders, paths with forward slashes, or "" where its name does not tell.

    A folder without a word for what it holds has photos if one beside it is called as it is with a word for labels.
    """
    parts = {each: each.split("/") for each in folders}
    roles = {each: _role(own) for each, own in parts.items()}
    places = {each: dict(_places(own)) for each, own in parts.items()}
    of_labels = {place for own in places.values() for place, is_label in own.items() if is_label}
    of_both = {place for own in places.values() for place, is_label in own.items() if not is_label} & of_labels
    for each, own in places.items():
        kinds = {is_label for place, is_label in own.items() if place in of_both}
        if not roles[each] and len(kinds) == 1:
            roles[each] = LABELS if kinds.pop() else PHOTOS
    return roles


def names_of_labels(names: Iterable[str]) -> set[str]:
    """Those of the names of pictures that lie in folders of labels, where all others lie in those of photos beside.

    A folder such as test_label/ without photos is one where train_label/ is.
    """
    listed = list(names)
    roles = roles_of_folders(map(folder_of, listed))
    objects = {folder for folder in roles if _holds_objects(folder)}
    labels = {folder for folder, role in roles.items() if role == LABELS and folder not in objects}
    words = set(map(_label_word, labels)) - {""}
    labels |= {folder for folder, role in roles.items() if not role and _label_word(folder) in words}
    if not labels or {role for folder, role in roles.items() if folder not in objects | labels} != {PHOTOS}:
        return set()
    return {name for name in listed if folder_of(name) in objects | labels}


def _label_word(folder: str) -> str:
    """The word of the last part of a path that says labels; empty for one without."""
    words = words_of_folder(folder.rpartition("/")[2].casefold())
    return next((word for word in words if word in LABEL_FOLDERS), "")


def _holds_objects(folder: str) -> bool:
    return any(not OBJECT_FOLDERS.isdisjoint(words_of_folder(part.casefold())) for part in folder.split("/"))


def _role(parts: Sequence[str]) -> str:
    words = {_KIND.sub("", part.casefold()) for part in parts}
    is_label, is_photo = not words.isdisjoint(LABEL_FOLDERS), not words.isdisjoint(PHOTO_FOLDERS)
    return LABELS if is_label and not is_photo else PHOTOS if is_photo and not is_label else ""


def _places(parts: Sequence[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The path of a folder without the words of one part that say what lies there, and whether they say labels."""
    for index, part in enumerate(parts):
        words = words_of_folder(part.casefold())
        rest = [word for word in words if word not in LABEL_FOLDERS and word not in PHOTO_FOLDERS]
        if rest:
            is_label = any(word in LABEL_FOLDERS for word in words)
            yield (*parts[:index], "_".join(rest), "", *parts[index + 1 :]), is_label
