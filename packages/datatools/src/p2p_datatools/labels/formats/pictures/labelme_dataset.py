"""Reads what labelme_json_to_dataset writes: a folder a picture, with a list that numbers only that picture's labels.

Nothing here may take a number of one picture for the same number of another.
"""

from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.labelme_folders import CLASS_LIST, LABEL, OVERLAY, PHOTO
from p2p_datatools.contract.words import path_word
from p2p_datatools.labels.formats.pictures.class_names import NO_CLASS, read_class_names
from p2p_datatools.labels.values import IndexLabels, LabelSet


def is_labelme_dataset(path: Path) -> bool:
    """Whether a folder, or one in it, has a label picture and the list of its own labels."""
    return path.is_dir() and bool(_folders(path))


def read_labelme_dataset(path: Path) -> LabelSet:
    """The label picture of each folder, called as that is, without `_json`; raises P2PError when there is none."""
    items, skipped, beside = list[IndexLabels](), list[Skip](), list[Path]()
    folders = _folders(path)
    if not folders:
        what = f"has no folders with {LABEL} and {CLASS_LIST}"
        raise P2PError(path, what, "Give the folder that labelme_json_to_dataset wrote.", code="no-labels")
    for folder in folders:
        beside += [folder / OVERLAY] if (folder / OVERLAY).is_file() else []
        try:
            listed = read_class_names(folder / CLASS_LIST)
        except P2PError as error:
            skipped.append(skip_of(error, str(folder)))
            continue
        name = folder.relative_to(path).as_posix() if folder != path else folder.name
        file_name = f"{name.removesuffix('_json')}.png"
        photo = folder / PHOTO if (folder / PHOTO).is_file() else None
        items.append(IndexLabels(file_name, folder / LABEL, listed.numbers or None, listed=listed, own_photo=photo))
    note = f"{path}: {PHOTO} beside each {LABEL} is its photo, which --photos {path_word(path)} takes."
    return LabelSet(
        "labelme-dataset",
        tuple(items),
        skipped=tuple(skipped),
        beside=tuple(beside),
        ignored=frozenset({NO_CLASS}),
        notes=(note,) if any(item.own_photo for item in items) else (),
    )


def _folders(path: Path) -> list[Path]:
    places = [path, *(each.parent for depth in ("*", "*/*") for each in sorted(path.glob(f"{depth}/{LABEL}")))]
    return [each for each in places if (each / LABEL).is_file() and (each / CLASS_LIST).is_file()]
