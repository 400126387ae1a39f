"""Tells the photo from the label pictures in the folders that labelme_json_to_dataset writes, one for each photo.

Nothing here may open a file.
"""

from collections.abc import Sequence
from pathlib import Path

LABEL, PHOTO, OVERLAY, CLASS_LIST = "label.png", "img.png", "label_viz.png", "label_names.txt"


def find_labels(folder: Path, names: Sequence[str]) -> set[str]:
    """Of the pictures below `folder`, by their paths with forward slashes, those that lie beside their photo there."""
    found = set()
    for name in names:
        before, _, base = name.rpartition("/")
        if base in (LABEL, OVERLAY) and all((folder / before / file).is_file() for file in (PHOTO, CLASS_LIST)):
            found.add(name)
    return found
