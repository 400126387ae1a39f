"""Whether a folder with splits holds halves that are still to be joined: trainA/ and trainB/, or train/A and train/B.

Nothing here may open a picture.
"""

from collections.abc import Sequence
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.folders.given_splits import SplitPlace, find_splits, folder_of, join_path
from p2p_datatools.contract.words import p2p_command


def refuse_half_folders(path: Path, files: Sequence[str]) -> None:
    """Raise P2PError when pictures of one name lie in a folder for A and in one for B, as `files` below `path` do."""
    places = find_splits(map(folder_of, files))
    if not {"a", "b"} <= {place.side for place in places.values()}:
        return
    first: dict[str, SplitPlace] = {}
    for file in files:
        place = places.get(folder_of(file))
        if place is None or not place.side:
            continue
        name = join_path(place.common, file.rpartition("/")[2].rpartition(".")[0])
        other = first.setdefault(name, place)
        if other.side != place.side:
            a, b = sorted((other, place), key=lambda each: each.side)
            what = f"holds halves of pairs in {a.folder}/ and {b.folder}/, and no A|B pictures"
            to_do = f"Join them with {p2p_command('data pair', path, path, 'PAIRS')}, which keeps the splits."
            raise P2PError(path, what, to_do, code="half-folders")
