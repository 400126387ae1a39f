"""Reads what labelme_json_to_dataset writes: a folder a picture, with a list that numbers only that picture's labels.

Nothing here may take a number of one picture for the same number of another.
"""

from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.labels.formats.class_names import NO_CLASS, read_class_names
from p2p_datatools.labels.values import IndexLabels, LabelSet

_LABEL, _CLASS_LIST = "label.png", "label_names.txt"
_BESIDE = ("img.png", "label_viz.png")


def is_labelme_dataset(path: Path) -> bool:
    """Whether a folder, or one in it, has a label picture and the list of its own labels."""
    return path.is_dir() and bool(_folders(path))


def read_labelme_dataset(path: Path) -> LabelSet:
    """The label picture of each folder, called as that is, without `_json`; raises P2PError when there is none."""
    items, skipped, beside = list[IndexLabels](), list[Skip](), list[Path]()
    folders = _folders(path)
    if not folders:
        what = f"has no folders with {_LABEL} and {_CLASS_LIST}"
        raise P2PError(path, what, "Give the folder that labelme_json_to_dataset wrote.", code="no-labels")
    for folder in folders:
        beside += [folder / name for name in _BESIDE if (folder / name).is_file()]
        try:
            listed = read_class_names(folder / _CLASS_LIST)
        except P2PError as error:
            skipped.append(skip_of(error, str(folder)))
            continue
        name = folder.relative_to(path).as_posix() if folder != path else folder.name
        file_name = f"{name.removesuffix('_json')}.png"
        items.append(IndexLabels(file_name, folder / _LABEL, listed.numbers or None, listed=listed))
    ignored = frozenset({NO_CLASS})
    return LabelSet("labelme-dataset", tuple(items), skipped=tuple(skipped), beside=tuple(beside), ignored=ignored)


def _folders(path: Path) -> list[Path]:
    places = [path, *(each.parent for depth in ("*", "*/*") for each in sorted(path.glob(f"{depth}/{_LABEL}")))]
    return [each for each in places if (each / _LABEL).is_file() and (each / _CLASS_LIST).is_file()]
