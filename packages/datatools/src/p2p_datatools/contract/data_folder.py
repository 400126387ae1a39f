"""What a folder of data holds: pairs, masks or photos, with their splits, for commands that take any of the three.

Nothing here may judge a picture, or decode more than the few that tell pairs from photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from p2p_datatools.contract.errors import CheckedKind, P2PError
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, picture_names
from p2p_datatools.contract.given_splits import find_splits, folder_of, split_of_pairs
from p2p_datatools.contract.mask_folder import read_mask_splits
from p2p_datatools.contract.names import PhotoFolder, without_suffix
from p2p_datatools.contract.pairs.manifest import (
    PLAN,
    PairFolder,
    has_manifest,
    has_shards,
    open_pairs,
    read_foreign,
    refuse_photos,
)
from p2p_datatools.contract.pairs.seam import look_like_pairs
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import ARRAYS
from p2p_datatools.contract.pictures.kinds import pick_photo, say_picked
from p2p_datatools.contract.progress import QUIET, Reporter

_NO_PAIRS = {"not-pairs", "own-folder", "half-folders"}  # codes of folders that have splits, but of single pictures


@dataclass(frozen=True)
class DataFolder:
    """A folder of `kind`: its `pairs`, or the files of its masks or photos as paths below it, in their order.

    `palette` is that of the masks. `splits` has the split of each file that the folders or the labels give one.
    """

    path: Path
    kind: CheckedKind
    files: Sequence[str] = ()
    pairs: PairFolder | None = None
    palette: Palette | None = None
    splits: Mapping[str, str] = field(default_factory=dict)


def open_data(path: Path | str, *, palette: Palette | None = None, report: Reporter = QUIET) -> DataFolder:
    """Open any folder of data: with a manifest, or A|B pictures, pairs; with a palette masks; any other photos.

    `palette` is that of masks in a folder without palette.toml. What is left out, and that pictures were taken for
    pairs, is a note. Raises P2PError when there is no such folder, or no picture in it.
    """
    path = Path(path)
    if not path.is_dir():
        raise P2PError(path, "there is no such folder", "Check the spelling.", code="missing-folder")
    if has_manifest(path) or has_shards(path) or (path / PLAN).is_file():
        return DataFolder(path, "pairs", pairs=open_pairs(path))
    known = palette or palette_of(path)
    kinds = SUFFIXES if known else ARRAYS
    others = LeftOut(path)
    files = picture_names(path, kinds, others=others)
    if not files:
        raise others.no_pictures(kinds)
    others.say(report)
    if palette_of(path) is None and (pairs := _foreign_pairs(path, files, has_palette=known is not None)):
        for line in pairs.assumed:
            report.note(line)
        return DataFolder(path, "pairs", pairs=pairs)
    if known:
        return DataFolder(
            path, "masks", files, palette=known, splits=_splits_of(files) | _splits_of_labels(path, files)
        )
    photos = _without_labels(path, files, report)
    return DataFolder(path, "photos", photos, splits=_splits_of(photos))


def _foreign_pairs(path: Path, files: Sequence[str], *, has_palette: bool) -> PairFolder | None:
    """The pairs of another tool's folder: pictures in folders of splits, or in none, that look like A|B."""
    has_splits = any(split_of_pairs(file.split("/")[0]) for file in files if "/" in file)
    if not has_splits and any("/" in file for file in files):
        return None
    # Masks may lie in folders of splits, too.
    if (has_palette or not has_splits) and not look_like_pairs([path / file for file in files]):
        return None
    try:
        folder = read_foreign(path, needs_train=False)
        refuse_photos(folder)
    except P2PError as error:
        if error.code in _NO_PAIRS:
            return None
        raise
    return folder


def _splits_of(files: Sequence[str]) -> dict[str, str]:
    places = find_splits({folder_of(file): None for file in files})
    return {file: places[folder].split for file in files if (folder := folder_of(file)) in places}


def _splits_of_labels(path: Path, files: Sequence[str]) -> dict[str, str]:
    given = read_mask_splits(path)
    return {file: given[name] for file in files if (name := without_suffix(file)) in given}


def _without_labels(path: Path, files: Sequence[str], report: Reporter) -> Sequence[str]:
    """The files but for label pictures beside photos of their names."""
    if len({without_suffix(file) for file in files}) == len(files):
        return files
    folder = PhotoFolder(path)
    picked = folder.settle_clashes(pick_photo)
    if picked:
        report.note(say_picked(picked, path))
    beside = {file.relative_to(path).as_posix() for file in picked}
    return [file for file in files if file not in beside]
