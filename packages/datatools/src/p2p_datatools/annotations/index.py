"""Lists a folder of index pictures: one picture of class numbers for each photo, under the photo's name.

Nothing here may decode a picture; what the numbers mean is the palette's to say.
"""

from pathlib import Path

from p2p_datatools.annotations.values import IndexLabels, LabelSet
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.images import find_pictures

# The others blend neighbouring values, so that class numbers would be lost in them.
_EXACT = frozenset({".png", ".bmp", ".tif", ".tiff"})


def read_index_folder(folder: Path) -> LabelSet:
    """All index pictures below `folder`; raises P2PError when there is none."""
    pictures = find_pictures(folder)
    exact = [path for path in pictures if path.suffix.lower() in _EXACT]
    others = [path for path in pictures if path.suffix.lower() not in _EXACT]
    if not exact:
        what = (
            f"holds {len(pictures)} pictures, but none of a kind that keeps class numbers" if pictures else "is empty"
        )
        raise P2PError(f"{folder}: {what}. Labels as pictures are {', '.join(sorted(_EXACT))} files.")
    items = tuple(IndexLabels(path.relative_to(folder).as_posix(), path) for path in exact)
    return LabelSet("index", items, left_out=tuple(others))
