"""What a picture is called, everywhere by the same rules, and which photo of a folder a label file means.

Nothing here may open a picture.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, find_pictures, stem_of
from p2p_datatools.contract.files.relative import RelativeName, is_relative_name, relative_name

# What labelling tools put before the name of a picture that is uploaded, so that two of one name stay apart. Dates and
# numbers that are counted up have 8 digits, too, and are part of the name.
_UPLOAD = re.compile(r"(?!(?:19|20)\d\d[01]\d[0-3]\d-|0000)[0-9a-f]{8}-(?=.)")


_NAMED = SUFFIXES | {".npy"}  # labels may be arrays


class PhotoFolder:
    """The photos below `folder`; each one's name is its path below it without suffix.

    `apart` are pictures in the folder that are not photos: labels may lie beside them. `clashes` are photos
    that have the name of another, each after that other; `strange` are those whose names are not UTF-8, and `others`
    tells of files that are not read. Raises P2PError when the folder does not exist.
    """

    def __init__(self, folder: Path, *, apart: Collection[Path] = ()) -> None:
        if not folder.is_dir():
            raise P2PError(folder, "there is no such folder", "Check the spelling.", code="missing-folder")
        self.folder = folder
        self.names: dict[str, Path] = {}
        self.clashes: list[tuple[Path, Path]] = []
        strange: list[P2PError] = []
        left_out = {path.resolve() for path in apart}
        self.others = LeftOut(folder)
        for path in find_pictures(folder, strange=strange, others=self.others):
            if not left_out or path.resolve() not in left_out:
                self._add(path)
        self.strange = [skip_of(error, str(folder)) for error in strange]
        self._by_name = {_key(name): path for name, path in self.names.items()}
        self._spellings = (_Spelling(self.names, _key), _Spelling(self.names, _unescape))
        self._uploads = _Spelling(self.names, lambda name: without_upload(_unescape(name)))

    def _add(self, path: Path) -> None:
        first = self.names.setdefault(stem_of(path, self.folder), path)
        if first != path:
            self.clashes.append((first, path))

    def refuse_clashes(self) -> None:
        """Raise P2PError when two photos have one name."""
        if self.clashes:
            first, second = self.clashes[0]
            raise P2PError(
                self.folder,
                f"{first.name} and {second.name} have the same name",
                "Remove or rename one of them.",
                code="same-name",
            )

    def get(self, name: str) -> Path | None:
        """The photo of exactly this name, if there is one."""
        return self._by_name.get(_key(name))

    def find(self, file_name: str) -> Path:
        """The photo called `file_name`: by its path with or without suffix, else by its base name if only one has it.

        If there is none, percent escapes (%20) are decoded in labels and photos; and then one of the two may have the
        prefix of an upload that the other does not have. Raises P2PError when there is none, or when several have the
        name.
        """
        found = self._spelt(file_name)
        if not found and (plain := without_upload(file_name)) != file_name:
            found = self._spelt(plain)
        elif not found:
            found = self._uploads.find(file_name)
        if not found and self._is_unread(file_name):
            what = f"its photo in {self.folder} is of a kind that is not read"
            raise P2PError(file_name, what, "Convert it to JPEG or PNG.", code="unread-kind")
        if not found:
            raise P2PError(
                file_name,
                f"there is no such photo in {self.folder}",
                "Add it, or take it out of the labels.",
                code="no-photo",
            )
        if len(found) > 1:
            both = " and ".join(path.relative_to(self.folder).as_posix() for path in found[:2])
            raise P2PError(
                file_name,
                f"matches both {both}",
                "Give the folder in the labels, or rename one of them.",
                code="ambiguous-name",
            )
        return found[0]

    def _is_unread(self, file_name: str) -> bool:
        """Whether a file of this name, or of its stem and a kind that is not read, lies in the folder itself."""
        if not self.others.kinds:
            return False
        base = PurePosixPath(file_name.replace("\\", "/"))
        names = {f"{base.stem}{kind}" for kind in self.others.kinds} | {base.name}
        unread = {path.name.lower() for path in self.folder.iterdir() if path.suffix.lower() in self.others.kinds}
        return any(name.lower() in unread for name in names)

    def _spelt(self, file_name: str) -> list[Path]:
        return next((found for spelling in self._spellings if (found := spelling.find(file_name))), [])

    def name(self, photo: Path) -> str:
        """The name of a photo that `find` gave."""
        return stem_of(photo, self.folder)


class _Spelling:
    """The names of photos in one spelling, with the photos that have them."""

    def __init__(self, names: Mapping[str, Path], spell: Callable[[str], str]) -> None:
        self._spell = spell
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_base: dict[str, list[Path]] = defaultdict(list)
        for name, path in names.items():
            self._by_name[spell(name)].append(path)
            self._by_base[spell(name).rpartition("/")[2]].append(path)

    def find(self, file_name: str) -> list[Path]:
        """The photos that may be meant."""
        plain = self._spell(without_suffix(file_name))
        for name in (plain, self._spell(file_name)):
            if name in self._by_name:
                return self._by_name[name]
        return self._by_base.get(plain.rpartition("/")[2], [])


def without_suffix(file_name: str) -> str:
    """A file name without the suffix of a picture; any other dot belongs to the name."""
    path = PurePosixPath(file_name.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in _NAMED else str(path)


def without_upload(file_name: str) -> str:
    """A file name without the prefix of an upload (1a2b3c4d-car.png), in whatever folder it is."""
    folder, slash, base = file_name.replace("\\", "/").rpartition("/")
    return folder + slash + _UPLOAD.sub("", base, count=1)


def safe_name(file_name: str, where: str) -> RelativeName:
    """The name of the mask for a picture that `where` calls `file_name`; raises P2PError if no file can have it."""
    return relative_name(without_suffix(file_name), where, suffix=".png")


def _unescape(name: str) -> str:
    return _key(unquote(name))


def _key(name: str) -> str:
    # Some systems write an umlaut as one character, others as two.
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def name_of(file: str) -> str:
    """The name of a picture, given as a path with forward slashes: that without suffix."""
    # Some systems write an umlaut as one character, others as two.
    return unicodedata.normalize("NFC", file[: file.rindex(".")])


def is_name(name: str) -> bool:
    """Whether a pair can have this name: a path below a folder that leaves room for the suffixes of a pair's files."""
    return is_relative_name(name, suffix=".a.tif")
