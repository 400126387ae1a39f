"""What a folder of data holds: pairs, masks or photos, with their splits, for commands that take any of the three.

Nothing here may judge a picture, or decode more than the few that tell pairs from photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from p2p_datatools.contract.errors import CheckedKind, P2PError, Problem
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, picture_names, refuse_missing_folder
from p2p_datatools.contract.folders.given_splits import find_splits, folder_of, splits_of_pair_folders
from p2p_datatools.contract.mask_folder import read_mask_splits
from p2p_datatools.contract.names import PhotoFolder, without_suffix
from p2p_datatools.contract.pairs.below import explain_below, explain_sides
from p2p_datatools.contract.pairs.manifest import PLAN, PairFolder, has_manifest, has_shards
from p2p_datatools.contract.pairs.opening import open_pairs, read_foreign, refuse_photos
from p2p_datatools.contract.pairs.seam import GlanceReader, glance_at
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.pictures.arrays import ARRAYS
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.progress import QUIET, Reporter

# Codes of folders that have splits, but of single pictures.
_NO_PAIRS = {"not-pairs", "own-folder", "half-folders", "no-pairs", "no-pictures", "three-columns"}


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
    refuse_missing_folder(path)
    if has_record(path):
        with report.tell("reading the manifest"):
            return DataFolder(path, "pairs", pairs=open_pairs(path))
    known = palette or palette_of(path)
    kinds = SUFFIXES if known else ARRAYS
    others = LeftOut(path)
    with report.tell("listing files"):
        files = picture_names(path, kinds, others=others)
    if not files:
        raise others.no_pictures(kinds)
    others.say(report)
    found = find_pairs(path, files, palette=palette, report=report)
    if isinstance(found, PairFolder):
        return DataFolder(path, "pairs", pairs=found)
    if found:
        report.note(f"{found} They are taken for single pictures.")
    if known:
        return DataFolder(
            path, "masks", files, palette=known, splits=_splits_of(files) | _splits_of_labels(path, files)
        )
    photos = _without_labels(path, files, report)
    return DataFolder(path, "photos", photos, splits=_splits_of(photos))


def has_record(path: Path) -> bool:
    """Whether a folder has a record of ours that says which pairs it holds, or of a split that was interrupted."""
    return has_manifest(path) or has_shards(path) or (path / PLAN).is_file()


def find_pairs(
    path: Path, files: Sequence[str], *, palette: Palette | None, look: GlanceReader = glance_at, report: Reporter
) -> PairFolder | Problem | None:
    """The pairs in a folder without a manifest of ours that has these `files`; if it holds masks or photos, None.

    A folder with palette.toml holds masks; so does one for which a `palette` is given, unless its pictures clearly are
    A|B. `look` looks at some of the pictures. Notes say what is assumed of pairs. In folders of splits most people have
    pairs, so that for others there the reason is given why they are none, as it is where folders below hold some or the
    two halves of some. Raises P2PError for pairs in such folders that have one name, or of which a half holds class
    numbers, and for pictures in which two stand otherwise.
    """
    has_splits = bool(splits_of_pair_folders(files))
    if palette_of(path):
        return None
    if not (has_splits or any("/" not in file for file in files)):
        return explain_sides(path, files) if palette else explain_below(path, files)
    try:
        folder = read_foreign(path, needs_train=False)
        refuse_photos(folder, look=look, sure=palette is not None)
    except P2PError as error:
        if error.code == "pair-layout" or (has_splits and error.code not in _NO_PAIRS):
            raise
        return error.problem if has_splits and palette is None else None
    for line in folder.assumed:
        report.note(line)
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
    beside = {file.relative_to(path).as_posix() for file in prefer_photos(PhotoFolder(path), report)}
    return [file for file in files if file not in beside]
