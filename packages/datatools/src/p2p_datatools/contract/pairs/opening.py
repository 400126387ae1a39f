"""Opens a folder as one of pairs: one with a manifest or shards of ours, or an ordinary pix2pix folder of another tool.

Nothing here may write, or decode more than the few pictures that tell A|B pictures from others.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, error_of
from p2p_datatools.contract.files.listing import LeftOut, find_pictures, refuse_missing_folder, stem_of
from p2p_datatools.contract.folders.given_splits import split_of_pairs, splits_of_pair_folders
from p2p_datatools.contract.folders.listed_splits import ListedSplits, read_listed_splits
from p2p_datatools.contract.pairs.below import (
    MAKE_PAIRS,
    advise_halves,
    explain_halves,
    explain_sides,
    explain_two,
    find_pairs_below,
    pairs_below,
)
from p2p_datatools.contract.pairs.half_folders import refuse_half_folders
from p2p_datatools.contract.pairs.layout import PairLayout, find_layout, refuse_layout
from p2p_datatools.contract.pairs.lines import SHARDS, Pair
from p2p_datatools.contract.pairs.manifest import (
    SPLITS,
    UNSPLIT,
    Half,
    PairFolder,
    has_manifest,
    has_shards,
    holds_built_pairs,
    read_manifest,
    read_shards,
)
from p2p_datatools.contract.pairs.number_halves import refuse_number_halves
from p2p_datatools.contract.pairs.own_folders import refuse_own_folder
from p2p_datatools.contract.pairs.seam import GlanceReader, are_deep, glance_at, refuse_single_pictures, spread_files
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import p2p_command, plural

_MOST_NAMED = 3  # folders


def open_pairs(path: Path | str, *, needs_train: bool = True) -> PairFolder:
    """A pair folder with its manifest, a folder of shards, or an ordinary pix2pix folder with what is assumed about it.

    Raises P2PError for a folder that holds no pairs, as far as its records and a few of its pictures tell, and, if
    `needs_train`, for an ordinary one without training pairs.
    """
    path = Path(path)
    if has_manifest(path):
        return read_manifest(path)
    if has_shards(path):
        return read_shards(path)
    folder = read_foreign(path, needs_train=False)
    refuse_photos(folder)
    if needs_train:
        refuse_untrainable(folder)
    return folder


def read_foreign(path: Path | str, *, needs_train: bool = True) -> PairFolder:
    """List an ordinary pix2pix folder: train/ val/ test/ of A|B pictures, or pictures alone, which count as train.

    Other names of these folders, as valid/ or training/, are known, too. Of pictures alone lists beside them may give
    the splits, as train.txt and test.txt; those in no list count as train.

    Sizes and hashes are unknown (0x0 and empty) until the pictures are decoded. Raises P2PError when there is no
    picture, or pictures only in other folders; when there are no training pairs, if `needs_train`; and for a folder
    that p2p wrote and that holds no pairs. `refuse_photos` looks at the pictures.
    """
    path = Path(path)
    refuse_missing_folder(path)
    refuse_own_folder(path)
    others = LeftOut(path)
    files = find_pictures(path, others=others)
    names = [file.relative_to(path).as_posix() for file in files]
    refuse_half_folders(path, names)
    splits = splits_of_pair_folders(names)
    pairs = [
        Pair(stem_of(file, path), name, split, Size(0, 0), "")
        for file, name in zip(files, names, strict=True)
        if (split := splits.get(name.partition("/")[0]) if "/" in name else "train")
    ]
    listed = ListedSplits() if splits else read_listed_splits(path, [pair.name for pair in pairs])
    if listed.splits:
        pairs = [replace(pair, split=split or "train") for pair, split in zip(pairs, listed.splits, strict=True)]
    _refuse_elsewhere(path, names, pairs, others)
    _refuse_twice(path, pairs)
    folder = _assume(path, pairs, [name for name in names if "/" in name], others, listed)
    if needs_train:
        refuse_untrainable(folder)
    return folder


def _refuse_elsewhere(path: Path, names: Sequence[str], pairs: Sequence[Pair], others: LeftOut) -> None:
    """Raise P2PError where none of the pictures called `names` are `pairs`, or few: pairs are elsewhere, or packed."""
    if not names and ".tar" in others.kinds:
        what = f"has shards without {SHARDS}, which says what the halves are and where each pair lies"
        to_do = "Unpack them and pair their files: only shards of 'p2p data export --format webdataset' are read."
        raise P2PError(path, what, to_do, code="unknown-shards")
    if not names and others.kinds:
        raise others.no_pictures()
    if not pairs:
        if found := find_pairs_below(path, names):
            raise pairs_below(path, found)
        if sides := explain_sides(path, names) or explain_two(path, names) or explain_halves(path, names):
            raise error_of(sides)
        what = "has no pairs: no A|B pictures in it or in train/, val/ or test/"
        raise P2PError(path, what, "Is it the folder above or below the right one?", code="no-pairs")
    outside = len(names) - len(pairs)
    if outside > len(pairs) and all("/" not in pair.file for pair in pairs):
        what = f"has {plural(len(pairs), 'picture')} beside {outside} in folders other than train/, val/ and test/"
        raise P2PError(path, what, "Put A|B pictures into train/, or give their own folder.", code="no-pairs")


def refuse_untrainable(folder: PairFolder) -> None:
    """Raise P2PError for a folder without a manifest that has no training pairs."""
    if not any(pair.split == "train" for pair in folder.pairs):
        what, to_do = "has no train/ folder with pictures", "Put the training pairs there."
        if any("/" not in pair.file for pair in folder.pairs):  # only lists give these another split
            what = "the lists of splits beside its pictures leave none for training"
            to_do = "Add a train.txt with names of training pairs, or move the lists to another folder."
        raise P2PError(folder.path, what, to_do, code="no-training-pairs")


def _assume(
    path: Path, pairs: Sequence[Pair], names: Sequence[str], others: LeftOut, listed: ListedSplits
) -> PairFolder:
    """The folder of these pairs of another tool, and what is assumed of it; `names` are all pictures in folders."""
    assumed = ["no manifest: A is the left half, B the right, and both are photos (resized smoothly)"]
    folders = {pair.file.split("/")[0]: pair.split for pair in pairs if "/" in pair.file}
    if renamed := [f"{folder}/ is {split}" for folder, split in folders.items() if folder != split]:
        assumed[0] += f"; {', '.join(renamed)}"
    assumed += listed.notes
    if not folders and not listed.splits:
        assumed += [listed.unmatched] if listed.unmatched else []
        assumed.append(f"no train/ folder: all pictures are training pictures{_say_others(path)}")
    if outside := len(names) - sum("/" in pair.file for pair in pairs):
        elsewhere = sorted({name.partition("/")[0] for name in names} - folders.keys())
        assumed.append(f"left out: {plural(outside, 'picture')} outside train/, val/ and test/ ({_name(elsewhere)})")
    if others.kinds:
        assumed.append(f"left out: {others}")
    half_a, half_b = Half("a", "picture"), Half("b", "picture")
    return PairFolder(path, half_a, half_b, None, tuple(pairs), foreign=True, assumed=tuple(assumed))


def _name(folders: Sequence[str]) -> str:
    shown = ", ".join(f"{each}/" for each in folders[:_MOST_NAMED])
    return shown + (f" and {len(folders) - _MOST_NAMED} more" if len(folders) > _MOST_NAMED else "")


def _say_others(path: Path) -> str:
    """Where pictures are those of one split, whose folder lies beside those of others."""
    own, above = path.resolve(), path.resolve().parent
    if _is_part(own):
        return f"; they are a part of the pairs in {above}, whose manifest says more: that folder is likely meant"
    if (split := split_of_pairs(own.name)) is None:
        return ""
    try:
        beside = sorted(each.name for each in above.iterdir() if split_of_pairs(each.name) not in (None, split))
    except OSError:
        return ""
    return f"; {beside[0]}/ is beside it: give {above} for all splits" if beside else ""


def refuse_part(path: Path) -> None:
    """Raise P2PError for the folder of one split of pairs of ours, which their own manifest splits."""
    if _is_part(path):
        above = path.resolve().parent if path.name in ("", "..") else path.parent
        what = f"is one part of the pairs in {above}, whose manifest says how all of them are split"
        to_do = f"Split all: {p2p_command('data split', above)}. If this folder is meant alone, add --as-pairs."
        raise P2PError(path, what, to_do, code="part-of-pairs")


def _is_part(path: Path) -> bool:
    """Whether a folder is that of one split of pairs of ours."""
    own = path.resolve()
    return own.name in (*SPLITS, UNSPLIT) and holds_built_pairs(own.parent)


def _refuse_twice(path: Path, pairs: list[Pair]) -> None:
    seen: dict[str, str] = {}
    for pair in pairs:
        if pair.name in seen:
            what = f"{seen[pair.name]} and {pair.file} have the same name"
            raise P2PError(path, what, "Remove or rename one of them.", code="same-name")
        seen[pair.name] = pair.file


def refuse_photos(
    folder: PairFolder, *, look: GlanceReader = glance_at, sure: bool = False, deep: bool = False
) -> None:
    """Raise P2PError when the pictures of a folder without a manifest are no A|B pictures, but photos, masks or sheets.

    So are those of which a half holds class numbers, which a network would see as black. Some are looked at, by `look`.
    What the names of folders say and the shapes of pictures are believed, unless it is to be `sure`. Pairs of 16 bits
    are refused, too, as their halves have to be in files of their own, unless those may be as `deep`.
    """
    if _is_part(folder.path):
        return
    files = [folder.path / pair.file for pair in folder.pairs]
    if_all_the_same = f"say so with {p2p_command('data split --as-pairs', folder.path)}."
    in_splits, glances = any("/" in pair.file for pair in folder.pairs), look(list(spread_files(files)))
    if (layout := find_layout(glances)) is not None and not sure:
        raise refuse_layout(folder.path, layout, otherwise=f"If its halves are meant all the same, {if_all_the_same}")
    try:
        to_do = f"Make pairs with {MAKE_PAIRS}. If each is a pair all the same, {if_all_the_same}"
        refuse_single_pictures(folder.path, glances, to_do=to_do, in_splits=in_splits, sure=sure)
    except P2PError as error:
        raise advise_halves(error, folder.path, [pair.file for pair in folder.pairs]) from error
    if not deep and not sure and are_deep(glances):
        raise refuse_layout(folder.path, PairLayout(), bits=16)
    apart = p2p_command("data halves", folder.path, "DEST")
    to_do = f"Take them apart with {apart}, build masks of them with 'p2p data build-masks', and pair these. "
    refuse_number_halves(folder.path, files, to_do=f"{to_do}If they are pictures all the same, {if_all_the_same}")
