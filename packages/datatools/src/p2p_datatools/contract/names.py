"""What a picture is called, everywhere by the same rules, and which photo of a folder a label file means.

Nothing here may open a picture.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.labelme_folders import find_labels
from p2p_datatools.contract.files.listing import (
    SUFFIXES,
    LeftOut,
    Resolver,
    find_pictures,
    refuse_missing_folder,
    stem_of,
)
from p2p_datatools.contract.files.relative import RelativeName, fault_of_relative_name, is_relative_name, relative_name
from p2p_datatools.contract.folders.given_splits import SplitPlace, find_splits, folder_of

# What labelling tools put before the name of a picture that is uploaded, so that two of one name stay apart. Dates and
# numbers that are counted up have 8 digits, too, and are part of the name.
_UPLOAD = re.compile(r"(?!(?:19|20)\d\d[01]\d[0-3]\d-|0000)[0-9a-f]{8}-(?=.)")
# What Roboflow makes of the name car.jpg: car_jpg.rf.HASH.jpg.
_ROBOFLOW = re.compile(r"(?<=.)_(?:jpe?g|png|bmp|webp|tiff?|mpo|heic|avif)\.rf\.[0-9A-Za-z]{16,64}$", re.IGNORECASE)
# Suffixes of photos that labels may name, but that are not read here: a photo is converted and keeps its name.
_OTHERS = "arw avif cr2 cr3 dng gif heic heif jfif jp2 jpe mpo nef orf pgm ppm raf rw2 tga"
_NAMED = SUFFIXES | {".npy", *(f".{each}" for each in _OTHERS.split())}  # labels may be arrays
# Names of folders, in small letters, that say no more than what lies in them.
_OF_PHOTOS = (
    "images image imgs img photos photo pictures pics jpegimages rgb leftimg8bit inputs input originals original orig "
    "org"
)
_OF_LABELS = (
    "labels label masks mask annotations annotation anns ann annos annot json jsons xml xmls txt segmentationclass "
    "segmentations segmentation segmentationclasspng groundtruth ground_truth gt gtfine labelmaps 1st_manual 2nd_manual"
)
PHOTO_FOLDERS, LABEL_FOLDERS = tuple(_OF_PHOTOS.split()), tuple(_OF_LABELS.split())
_ROLES = frozenset((*PHOTO_FOLDERS, *LABEL_FOLDERS))
_ANNOT = re.compile(r"(?<=[a-z\d])annot$", re.IGNORECASE)
_FEW = 8  # photos of one base name: an index of more is kept


class FoundPhoto(NamedTuple):
    """A photo, and in which `way` its name is another one than that in the labels, in words; empty where it is not."""

    path: Path
    way: str


class PhotoFolder:
    """The photos below `folder`; each one's name is its path below it without suffix.

    `apart` are pictures in the folder that are not photos: labels may lie beside them. `clashes` are photos
    that have the name of another, each after that other; `strange` are those whose names are not UTF-8, and `others`
    tells of files that are not read. With `only` pictures of other names do not count; `found` are all pictures, if
    they were listed already. Raises P2PError when the folder does not exist.
    """

    def __init__(
        self,
        folder: Path,
        *,
        apart: Collection[Path] = (),
        only: Container[str] | None = None,
        found: Sequence[Path] | None = None,
    ) -> None:
        refuse_missing_folder(folder)
        self.folder = folder
        self._apart = apart
        self._by_split: dict[str, PhotoFolder] = {}
        self.names: dict[str, Path] = {}
        self.clashes: list[tuple[Path, Path]] = []
        strange: list[P2PError] = []
        resolve = Resolver()
        left_out = set(map(resolve, apart))
        self.others = LeftOut(folder)
        if found is None:
            found = find_pictures(folder, strange=strange, others=self.others)
        beside = find_labels(folder, [path.relative_to(folder).as_posix() for path in found])
        self.others.note_labels(name for name in beside if resolve(folder / name) not in left_out)
        left_out |= {resolve(folder / name) for name in beside}
        for path in found:
            if (only is None or stem_of(path, folder) in only) and (not left_out or resolve(path) not in left_out):
                self._add(path)
        self.strange = [skip_of(error, str(folder)) for error in strange]
        is_plain = all(_key(name) == name for name in self.names)
        self._by_name = self.names if is_plain else {_key(name): path for name, path in self.names.items()}
        self._spellings = tuple((_Spelling(self.names, spell), way) for spell, way in _SPELLINGS)
        self._written = {way: _Spelling(self.names, spell) for way, spell in _WRITTEN.items()}
        self._longer = tuple((_Spelling(self.names, partial(_shorten, short)), way) for short, way in _ADDITIONS)

    def _add(self, path: Path) -> None:
        first = self.names.setdefault(stem_of(path, self.folder), path)
        if first != path:
            self.clashes.append((first, path))

    def settle_clashes(self, pick: Callable[[Sequence[Path]], Path | None]) -> list[Path]:
        """Of pictures of one name keep the one that `pick` gives, where it gives one; returns the others."""
        same: dict[Path, list[Path]] = defaultdict(list)
        for first, second in self.clashes:
            same[first].append(second)
        left_out: list[Path] = []
        for first, others in same.items():
            files = [first, *others]
            if photo := pick(files):
                name = stem_of(first, self.folder)
                self.names[name] = self._by_name[_key(name)] = photo
                left_out += [file for file in files if file != photo]
                self.clashes = [clash for clash in self.clashes if clash[0] != first]
        return left_out

    def refuse_clashes(self) -> None:
        """Raise P2PError when two photos have one name."""
        if self.clashes:
            first, second = self.clashes[0]
            what = f"{first.name} and {second.name} have the same name"
            raise P2PError(self.folder, what, "Remove or rename one of them.", code="same-name")

    def sort_out(self) -> tuple[dict[str, Path], list[Skip]]:
        """The photos that are the only one of their name, and skips for the others; P2PError where there is nothing."""
        if not self.names and not self.strange:
            raise self.others.no_pictures()
        what, to_do = "has the same name as", "Remove or rename one of them."
        clashes = [Skip(str(second), f"{what} {first}", to_do, "same-name") for first, second in self.clashes]
        unclear = {first for first, _ in self.clashes}
        return {name: path for name, path in self.names.items() if path not in unclear}, [*self.strange, *clashes]

    @cached_property
    def splits(self) -> Mapping[str, SplitPlace]:
        """The places, in the splits that the folders say, of the photos that have one, by their names."""
        places = find_splits(map(folder_of, self.names))
        return {name: places[folder] for name in self.names if (folder := folder_of(name)) in places}

    def of_split(self, split: str) -> "PhotoFolder":
        """Those of the photos that lie in the folders of a split; all of them, where no folders say splits."""
        if not split or not self.splits:
            return self
        if split not in self._by_split:
            names = {name for name, place in self.splits.items() if place.split == split}
            self._by_split[split] = PhotoFolder(self.folder, only=names, apart=self._apart)
        return self._by_split[split]

    def get(self, name: str) -> Path | None:
        """The photo of exactly this name, if there is one."""
        return self._by_name.get(_key(name))

    def find(self, file_name: str) -> Path:
        """The photo that `look_up` finds."""
        return self.look_up(file_name).path

    def look_up(self, file_name: str, *, folder: str = "") -> FoundPhoto:
        """The photo called `file_name`: by its path with or without suffix, else by its base name if only one has it.

        The folders of both must then agree: those of the one, without words such as images and labels, are the last of
        the other's; where the name has none, those of `folder` count, in which its label file lies. If there is none,
        percent escapes (%20) are decoded in labels and photos; then the case of letters does not count; and then one of
        the two may have the prefix of an upload, or the hash of Roboflow, that the other does not have. Raises P2PError
        when there is none, or when several have the name.
        """
        exact = self._by_name.get(_key(without_suffix(file_name)))
        if exact and len(self._by_name) == len(self.names):  # else two names are one, written with other characters
            return FoundPhoto(exact, "")
        elsewhere: Path | None = None
        for found in self._tries(file_name, folder):
            if len(found.photos) > 1:
                raise self._ambiguous(file_name, found.photos)
            if found.photos:
                return FoundPhoto(found.photos[0], found.way)
            elsewhere = elsewhere or found.elsewhere
        if self._is_unread(file_name):
            what = f"its photo in {self.folder} is of a kind that is not read"
            raise P2PError(file_name, what, "Convert it to JPEG or PNG.", code="unread-kind")
        raise self._no_photo(file_name, elsewhere)

    def _tries(self, file_name: str, folder: str) -> "Iterator[_Candidates]":
        """What each spelling of a name finds, the likeliest first."""
        name = without_suffix(file_name)
        twice = without_suffix(name)  # a mask may be called car.jpg.png
        for spelling, way in self._spellings:
            for each in dict.fromkeys((name, str(PurePosixPath(file_name.replace("\\", "/"))), twice)):
                yield spelling.find(each, folder)._with(way)
        shorter = {way: short(name) for short, way in _ADDITIONS if short(name) != name}
        for way, plain in shorter.items():
            yield from (spelling.find(plain, folder)._with(way) for spelling, _ in self._spellings)
            yield self._written[way].find(plain, folder)._with(way)
        if not shorter:  # two uploads of one name are two pictures
            yield from (spelling.find(name, folder)._with(way) for spelling, way in self._longer)

    def _ambiguous(self, file_name: str, photos: list[Path]) -> P2PError:
        both = " and ".join(path.relative_to(self.folder).as_posix() for path in photos[:2])
        to_do = "Give the folder in the labels, or rename one of them."
        return P2PError(file_name, f"matches both {both}", to_do, code="ambiguous-name")

    def _no_photo(self, file_name: str, elsewhere: Path | None) -> P2PError:
        if elsewhere is None:
            what, to_do = f"there is no such photo in {self.folder}", "Add it, or take it out of the labels."
            return P2PError(file_name, what, to_do, code="no-photo")
        other = elsewhere.relative_to(self.folder).as_posix()
        return P2PError(
            file_name,
            f"there is no such photo in {self.folder}, only {other}, which is in another folder",
            "If that is its photo, give that folder as the photos, or add --match '([^/]+)$' to compare names without "
            "their folders.",
            code="other-folder",
        )

    def _is_unread(self, file_name: str) -> bool:
        """Whether a file of this name, or of its stem and a kind that is not read, lies in the folder itself."""
        base = PurePosixPath(file_name.replace("\\", "/"))
        names = {base.name.lower(), *(f"{base.stem}{kind}".lower() for kind in self.others.kinds)}
        return not names.isdisjoint(self._unread)

    @cached_property
    def _unread(self) -> frozenset[str]:
        """The names, in small letters, of the files in the folder itself whose kinds are not read."""
        kinds = tuple(self.others.kinds)
        there = (path.name.lower() for path in self.folder.iterdir()) if kinds else ()
        return frozenset(name for name in there if name.endswith(kinds))

    def name(self, photo: Path) -> str:
        """The name of a photo that `find` gave."""
        return stem_of(photo, self.folder)


class _Candidates(NamedTuple):
    """Photos that a name may mean, or else one of its base name `elsewhere`, in another folder; and the way."""

    photos: list[Path]
    elsewhere: Path | None
    way: str

    def _with(self, way: str) -> "_Candidates":
        return self._replace(way=way or self.way)


class _Spelling:
    """The names of photos in one spelling, with the photos that have them."""

    def __init__(self, names: Mapping[str, Path], spell: Callable[[str], str]) -> None:
        self._names, self._spell = names, spell
        self._by_name: dict[str, list[Path]] | None = None
        self._by_base: dict[str, list[tuple[str, Path]]] = {}
        self._alike: dict[str, _SameBase] = {}

    def _index(self) -> dict[str, list[Path]]:
        """By spelt names: made only when it is needed, for most labels name their photo exactly."""
        if self._by_name is None:
            by_name: dict[str, list[Path]] = defaultdict(list)
            by_base: dict[str, list[tuple[str, Path]]] = defaultdict(list)
            for name, path in self._names.items():
                spelt = self._spell(name)
                by_name[spelt].append(path)
                by_base[spelt.rpartition("/")[2]].append((spelt, path))
            self._by_name, self._by_base = dict(by_name), dict(by_base)
        return self._by_name

    def find(self, name: str, folder: str) -> _Candidates:
        """The photos that may be meant by a name without suffix."""
        by_name, spelt = self._index(), self._spell(name)
        if spelt in by_name:
            return _Candidates(by_name[spelt], None, "")
        alike = self._with_base(spelt.rpartition("/")[2])
        if alike is None:
            return _Candidates([], None, "")
        own = folders_of(spelt) or folders_of(f"{self._spell(folder)}/")
        best = alike.find(own)
        # Where a whole data set was given as the photos, its masks have the same names.
        photos = [each for each in best if not _is_in_label_folder(each[0])] or best
        way = "" if all(folders_of(other) == own for other, _ in photos) else "in another folder than the labels say"
        return _Candidates([path for _, path in photos], None if best else alike.first, way)

    def _with_base(self, base: str) -> "_SameBase | None":
        """The photos of a base name; kept where they are many, each of which may be asked for."""
        if base not in self._alike and (photos := self._by_base.get(base)):
            if len(photos) < _FEW:
                return _SameBase(photos)
            self._alike[base] = _SameBase(photos)
        return self._alike.get(base)


class _SameBase:
    """The photos of one base name (spelt name, path) by their folders; `first` is the first of them."""

    def __init__(self, photos: Sequence[tuple[str, Path]]) -> None:
        self.first = photos[0][1]
        self._by_folders: dict[tuple[str, ...], list[tuple[str, Path]]] = defaultdict(list)
        self._by_ending: dict[tuple[str, ...], list[tuple[str, Path]]] = defaultdict(list)
        for photo in photos:
            folders = folders_of(photo[0])
            self._by_folders[folders].append(photo)
            for start in range(len(folders) + 1):
                self._by_ending[folders[start:]].append(photo)

    def find(self, own: tuple[str, ...]) -> list[tuple[str, Path]]:
        """Those that share most folders with a name that lies in its `own`; none where all are in other folders."""
        if own in self._by_ending:
            return self._by_ending[own]
        endings = (own[start:] for start in range(1, len(own) + 1))
        return next((self._by_folders[each] for each in endings if each in self._by_folders), [])


def folders_of(name: str) -> tuple[str, ...]:
    """The folders of a name that tell pictures apart: without drives, and words that say what lies in a folder."""
    return _folders_in(name.replace("\\", "/").rpartition("/")[0])


@lru_cache(maxsize=1 << 16)  # most names of a data set are in few folders, and each is compared with several
def _folders_in(path: str) -> tuple[str, ...]:
    plain = (_without_role(part) for part in path.split("/") if part.strip(".") and not part.endswith(":"))
    return tuple(part for part in plain if part)


def _without_role(folder: str) -> str:
    """What the name of a folder tells beside that labels or photos lie in it: train of train_labels."""
    words = words_of_folder(folder)
    left = [word for word in words if word.casefold() not in _ROLES]
    return folder if len(left) == len(words) else "_".join(left)


def words_of_folder(folder: str) -> list[str]:
    """The words of the name of a folder; `annot` at the end of one is a word, as in CamVid's trainannot."""
    return re.split(r"[_\-. ]+", _ANNOT.sub("_annot", folder))


def share_folders(one: str, other: str) -> bool:
    """Whether the folders of one name are the last of the other's, so that both may mean one picture."""
    some, others = folders_of(one), folders_of(other)
    shorter = min(len(some), len(others))
    return some[len(some) - shorter :] == others[len(others) - shorter :]


def _is_in_label_folder(name: str) -> bool:
    return any(part.casefold() in LABEL_FOLDERS for part in name.split("/")[:-1])


@lru_cache(maxsize=1 << 16)  # each name is asked for by every way in which it could be a photo's
def without_suffix(file_name: str) -> str:
    """A file name without the suffix of a picture; any other dot belongs to the name."""
    path = PurePosixPath(file_name.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in _NAMED else str(path)


def without_upload(file_name: str) -> str:
    """A file name without the prefix of an upload (1a2b3c4d-car.png), in whatever folder it is."""
    folder, slash, base = file_name.replace("\\", "/").rpartition("/")
    return folder + slash + _UPLOAD.sub("", base, count=1)


def _without_roboflow(name: str) -> str:
    return _ROBOFLOW.sub("", name)


def safe_name(file_name: str, where: str) -> RelativeName:
    """The name of the mask for a picture that `where` calls `file_name`; raises P2PError if no file can have it."""
    return relative_name(without_suffix(file_name), where, suffix=".png")


def unescape(name: str) -> str:
    """The name with percent escapes decoded, as %20; as it is where they are those of another encoding than UTF-8."""
    try:
        return _key(unquote(name, errors="strict"))
    except UnicodeDecodeError:
        return _key(name)


def _fold(name: str) -> str:
    return unescape(name).lower()  # casefold() makes ss of ß, which is another word


def _key(name: str) -> str:
    # Some systems write an umlaut as one character, others as two.
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _shorten(short: Callable[[str], str], name: str) -> str:
    return short(_fold(name))


def _dash(name: str) -> str:
    """As Roboflow spells it: `my car (1)` is `my-car-1-`."""
    return re.sub(r"[^\w/]+", "-", _fold(name))


def _store(name: str) -> str:
    """As Label Studio stores it, and Django does: `my car (1)` is `my_car_1`."""
    return re.sub(r"[^-\w./]", "", _fold(name).replace(" ", "_"))


_OF_ROBOFLOW = "whose name differs by what Roboflow adds"
_OF_UPLOAD = "whose name differs by the prefix of an upload"
# How those who add to names write the rest of them.
_WRITTEN: Mapping[str, Callable[[str], str]] = {_OF_UPLOAD: _store, _OF_ROBOFLOW: _dash}
_SPELLINGS: tuple[tuple[Callable[[str], str], str], ...] = (
    (_key, ""),
    (unescape, ""),
    (_fold, "whose name differs in capital and small letters"),
)
_ADDITIONS: tuple[tuple[Callable[[str], str], str], ...] = (
    (without_upload, _OF_UPLOAD),
    (_without_roboflow, _OF_ROBOFLOW),
)


def name_of(file: str) -> str:
    """The name of a picture, given as a path with forward slashes: that without suffix."""
    # Some systems write an umlaut as one character, others as two.
    return unicodedata.normalize("NFC", file[: file.rindex(".")])


def is_name(name: str) -> bool:
    """Whether a pair can have this name: a path below a folder that leaves room for the suffixes of a pair's files."""
    return is_relative_name(name, suffix=".a.tif")


def fault_of_name(name: str) -> str:
    """Why a pair cannot have this name, in words; empty where it can."""
    return fault_of_relative_name(name, suffix=".a.tif")
