"""The pictures of a folder by the names that are compared, of which several may have one, and some none that can be.

Nothing here may open a picture, or know those of the other folder.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.labelme_folders import find_labels
from p2p_datatools.contract.files.listing import LeftOut, picture_names, refuse_missing_folder
from p2p_datatools.contract.matching import Key
from p2p_datatools.contract.names import fault_of_name, is_name, name_of
from p2p_datatools.contract.partners.matched import lengthen_file, shorten_file
from p2p_datatools.contract.pictures.arrays import ARRAYS


class NamedPictures:
    """The pictures of a folder by name: the first of each in `files`, shortened, any others in `more`."""

    def __init__(self, folder: Path, listed: Sequence[str], key: Key) -> None:
        self.folder, self._listed, self._key = folder, listed, key
        self.files: dict[str, str] = {}
        self.more: dict[str, list[Path]] = {}
        self.skipped: list[Skip] = []
        for file in listed:
            name = key(name_of(file))
            if name is None:
                to_do = "Correct the expression, or move the file."
                self.skipped.append(Skip(str(folder / file), "does not match the expression", to_do, "no-match"))
            elif not is_name(name):
                fault = fault_of_name(name)
                what, to_do = f"would be called '{name}', a name that {fault}", "Correct the expression."
                if name == name_of(file):
                    what, to_do = f"has a name that {fault}", "Rename it, and its partner."
                self.skipped.append(Skip(str(folder / file), what, to_do, "bad-name"))
            elif name in self.files:
                self.more.setdefault(name, []).append(folder / file)
            else:
                self.files[name] = shorten_file(file, name)

    def rename(self, key: Key) -> "NamedPictures":
        """The same pictures, with the names that a key finds in theirs."""

        def both(name: str) -> str | None:
            return None if (own := self._key(name)) is None else key(own)

        return NamedPictures(self.folder, self._listed, both)

    def without(self, names: Collection[str]) -> "NamedPictures":
        """The same pictures, but for those of some names."""
        listed = [file for file in self._listed if self._key(name_of(file)) not in names]
        return NamedPictures(self.folder, listed, self._key)

    def repeat(self, partners: Mapping[str, str]) -> "NamedPictures":
        """The same pictures by the names of their `partners`, each for all of these; without any, by its own."""
        again = self.without(self.files)
        again.skipped = self.skipped
        alone = self.files.keys() - partners.values()
        for name, own in (*partners.items(), *((own, own) for own in alone)):
            again.files[name] = shorten_file(lengthen_file(self.files[own], own), name)
        return again

    @property
    def example(self) -> str:
        """One of the names; where there are none, why the first picture has none."""
        if self.files:
            return f"'{min(self.files)}'"
        return f"none ({self.skipped[0].where} {self.skipped[0].what})" if self.skipped else "none"

    def settle(self, pick: Callable[[Sequence[Path]], Path | None]) -> list[Path]:
        """Of pictures of one name and in one folder keep the one that `pick` gives; returns the others."""
        left_out: list[Path] = []
        for name in list(self.more):
            files = self.all_of(name)
            if len({file.with_suffix("") for file in files}) == 1 and (photo := pick(files)):
                self.files[name] = shorten_file(photo.relative_to(self.folder).as_posix(), name)
                left_out += [file for file in files if file != photo]
                del self.more[name]
        return left_out

    def all_of(self, name: str) -> list[Path]:
        """All pictures of a name."""
        return [self.folder / lengthen_file(self.files[name], name), *self.more.get(name, [])]


def pictures_of(folder: Path, skipped: list[Skip], others: list[LeftOut] | None = None) -> list[str]:
    """The pictures and arrays below a folder, as paths below it; those whose names are not UTF-8 are `skipped`.

    What is not read is added to `others`, as are the label pictures beside the photos that labelme_json_to_dataset
    writes. Raises P2PError when there are no pictures.
    """
    refuse_missing_folder(folder)
    strange: list[P2PError] = []
    left_out = LeftOut(folder)
    found = picture_names(folder, ARRAYS, strange=strange, others=left_out)
    skipped += [skip_of(error, str(folder)) for error in strange]
    if not found and not strange:
        raise left_out.no_pictures(ARRAYS)
    labels = find_labels(folder, found)
    left_out.note_labels(labels)
    if others is not None:
        others.append(left_out)
    return [name for name in found if name not in labels] if labels else found
