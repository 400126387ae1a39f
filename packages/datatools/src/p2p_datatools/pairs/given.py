"""The splits that the folders of A and B, the record of masks, or lists give to pairs, and where the pairs then lie.

Nothing here may open a picture, or choose a split that none of them says.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import folders_in
from p2p_datatools.contract.folders.given_splits import (
    find_doubtful_splits,
    find_splits,
    folder_of,
    join_path,
    split_in,
)
from p2p_datatools.contract.folders.listed_splits import read_listed_splits
from p2p_datatools.contract.mask_folder import read_mask_splits
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.names import name_of
from p2p_datatools.contract.pairs.manifest import SPLITS, UNSPLIT
from p2p_datatools.contract.palette import palette_of
from p2p_datatools.contract.partners.matched import Files, MatchedFiles
from p2p_datatools.contract.partners.pair_lists import is_list
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural, shell_word
from p2p_datatools.pairs.half_splits import read_half_splits
from p2p_datatools.pairs.match import match_pictures

_WORD = re.compile(r"(?!mask$)\w+")  # of a half that needs no palette
_FOLD = re.compile(r"(?i)(?<![a-z])(folds?)[ _.-]?\d+")


class GivenSplits:
    """The split that each of the matched pairs is given, and its place among the others of that split."""

    def __init__(self, folders: Files, matched: MatchedFiles, report: Reporter = QUIET) -> None:
        self._matched = matched
        self._places = [find_splits(folder_of(matched.files_of(name)[side]) for name in matched) for side in (0, 1)]
        self._halves = read_half_splits(folders[0]) or read_half_splits(folders[1])
        self._recorded: list[Mapping[str, str]] = [
            {} if places else read_mask_splits(folder) for folder, places in zip(folders, self._places, strict=True)
        ]
        if self._halves:
            report.note("The splits are those of the pairs that were taken apart.")
        elif any(self._places):
            self._note_other_lists(folders, report)
        elif not self.any:
            self._recorded = self._read_lists(folders, report)
        if not self.any:
            _note_doubtful(folders, matched, report)
        below = {folder_of(name) for name in matched} if self.any else set[str]()
        self._named, self._folders = find_splits(below), _arrange(below)

    @property
    def any(self) -> bool:
        """Whether any pair may be given a split."""
        return bool(self._halves) or any(self._places) or any(self._recorded)

    def _read_lists(self, folders: Files, report: Reporter) -> list[Mapping[str, str]]:
        """The splits that lists in each folder, or in that above it, give to its files, by their names."""
        found, notes, unmatched = list[Mapping[str, str]](), dict[str, None](), dict[str, None]()
        for side, folder in enumerate(folders):
            names = [name_of(self._matched.files_of(name)[side]) for name in self._matched]
            listed = read_listed_splits(folder, names)
            notes |= dict.fromkeys(listed.notes)
            unmatched |= {listed.unmatched: None} if listed.unmatched else {}
            found.append({name: split for name, split in zip(names, listed.splits, strict=False) if split})
        for note in (*notes, *(() if any(found) else unmatched)):
            report.note(note)
        return found

    def _note_other_lists(self, folders: Files, report: Reporter) -> None:
        """Note lists beside the folders of splits that give other splits to what lies in these."""
        for side, folder in enumerate(folders):
            files = [self._matched.files_of(name)[side] for name in self._matched]
            places = [self._places[side].get(folder_of(file)) for file in files]
            try:
                listed = read_listed_splits(folder, [name_of(file) for file in files]).splits
            except P2PError:  # lists that contradict one another decide nothing here
                continue
            other = [
                (file, place.split, split)
                for file, place, split in zip(files, places, listed, strict=False)
                if place and split and place.split != split
            ]
            if other:
                file, own, said = other[0]
                number = plural(len(other), "picture another split", "pictures other splits")
                report.note(
                    f"{folder}: lists give {number} than the folders, such as {file}, which lies in {own} and is "
                    f"listed in {said}: the folders count. If the lists do, move the pictures together and pair again."
                )
                return

    def of(self, name: str) -> str:
        """The split of a pair, UNSPLIT where none is given; raises P2PError when its halves have different ones."""
        files = self._matched.files_of(name)
        if taken := next((self._halves[each] for each in map(name_of, files) if each in self._halves), None):
            return taken
        splits = [
            place.split if (place := places.get(folder_of(file))) else recorded.get(name_of(file), UNSPLIT)
            for file, places, recorded in zip(files, self._places, self._recorded, strict=True)
        ]
        said = [split for split in splits if split != UNSPLIT]
        if len(set(said)) > 1:
            raise P2PError(
                self._matched[name][0],
                f"belongs to {splits[0]}, but {self._matched[name][1]} to {splits[1]}",
                "Move both to the same split.",
                code="other-split",
            )
        return said[0] if said else UNSPLIT

    def inside(self, name: str, split: str) -> str:
        """Where a pair lies in the folder of its split, without suffix; with the whole name if that says another."""
        folder, _, own = name.rpartition("/")
        place = self._named.get(folder)
        return (
            name
            if split == UNSPLIT or (place and place.split != split)
            else join_path(self._folders.get(folder, folder), own)
        )


def _arrange(folders: Collection[str]) -> dict[str, str]:
    """For each folder of names, its place in the folder of a split, which is not repeated there unless places clash."""
    named = find_splits(folders)
    inside = {folder: folder for folder in folders if folder not in named}
    taken = {(split, folder) for folder in inside for split in SPLITS}
    for folder, place in sorted(named.items()):
        short = place.bare
        inside[folder] = folder if (place.split, short) in taken else short
        taken.add((place.split, short))
    return inside


def _note_doubtful(folders: Files, matched: MatchedFiles, report: Reporter) -> None:
    """Note folders that sound like splits, but are kept as parts of names."""
    for side, folder in enumerate(folders):
        below = {folder_of(matched.files_of(name)[side]) for name in matched}
        if doubtful := find_doubtful_splits(below):
            said = " and ".join(f"{each}/" for each in doubtful)
            may = "may be a split, but is" if len(doubtful) == 1 else "may be splits, but are"
            report.note(
                f"{folder}: {said} {may} taken as part of names, which 'p2p data split' draws by chance. If so, call "
                "the folders of the splits train/, val/ and test/, and pair again."
            )
            return
        folds = sorted(filter(_FOLD.search, below))
        if len(folds) > 1 and (spelled := _FOLD.search(folds[0])):
            keeps = p2p_command("data split --group-by", f"{spelled[1]}[^/]*")
            others = plural(len(folds) - 1, "other")
            report.note(f"{folder}: {folds[0]}/ and {others} are folds, not splits: {keeps} keeps each in one split.")
            return


def note_siblings(matched: MatchedFiles, match: str, halves: Sequence[str], report: Reporter) -> None:
    """Note where A and B are folders of two splits, or of one, or lie in it, and those of others lie beside that.

    `match` and `halves` are those by which the pictures were matched.
    """
    folders = matched.folders
    for a, b in (folders, (folders[0].parent, folders[1].parent)):
        split, of_b = split_in(a.name), split_in(b.name)
        if split and of_b and split != of_b:
            report.note(f"{a} is of {split} by its name, and {b} of {of_b}: pictures of one name may be of two scenes.")
            return
        if split is None or of_b is None or not a.is_dir():
            continue
        if other := next((place for place in folders_in(a.parent) if split_in(place.name) not in (None, split)), None):
            whole = _command_for((a.parent, b.parent), matched, match, halves)
            then = f"{whole} takes all splits, and keeps them" if whole else "no pair is of that"
            report.note(f"{a} holds {split} alone, and {other} is beside it: {then}.")
            return


def _command_for(wholes: Files, matched: MatchedFiles, match: str, halves: Sequence[str]) -> str:
    """The command that pairs all of two folders, and among these what is matched; empty where none does."""
    own = tuple(folder.name for folder in matched.folders)
    if is_list(match) or [*map(palette_of, wholes)] != [*map(palette_of, matched.folders)]:
        return ""
    for words in (tuple(halves), own if len({*own}) == 2 and all(map(_WORD.fullmatch, own)) else ()):
        with suppress(P2PError):
            found, skipped = match_pictures(*wholes, match=match, halves=words)
            if not skipped and any(files == matched[min(matched)] for files in found.values()):
                line = f"data pair --halves {shell_word(','.join(words))}" if words else "data pair"
                expression = [match] if match != BY_STEM else []
                return p2p_command(f"{line} --match" if expression else line, *expression, *wholes, "DEST")
    return ""
