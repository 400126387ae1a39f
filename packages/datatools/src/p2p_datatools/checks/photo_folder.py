"""Looks at the photos of a folder, each alone, and then at what they tell together: types, values, looks, repetitions.

Nothing here may know masks, or decide what a folder holds.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.checks.looker import Looker
from p2p_datatools.checks.photos import PhotoCheck, PhotoLook, look_at_photo
from p2p_datatools.checks.repeats import Repeats
from p2p_datatools.checks.twins import PhotoTwins, describe_photo
from p2p_datatools.checks.values import PictureValues, ValueCheck, measure_values
from p2p_datatools.contract.errors import Finding, P2PError, finding_of
from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.pairs.seam import Glance, glance_of
from p2p_datatools.contract.pictures.arrays import Array, read_picture_values
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import hash_pixels
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.likeness.signature import PictureSignature

_LEAST_SIDE = 32  # pixels: smaller pictures may well be equal


class PhotoRecord(NamedTuple):
    """What is kept of a photo: the hash of its pixels, empty for one that shows nothing, and what it says it is."""

    dtype: str
    values: PictureValues
    look: PhotoLook
    digest: str
    role: str = ""
    signature: PictureSignature | None = None
    glance: Glance | None = None


def read_look(
    file: Path,
    read: ReadOptions,
    look: Looker,
    *,
    judge: bool = False,
    twins: bool = False,
    also: Callable[[Array], None] = lambda pixels: None,
) -> PhotoRecord | Finding:
    """Read a photo and measure it, in the room of `look`, where `also` sees it too; a finding if it cannot be read.

    A glance is kept only of those that are to `judge` whether photos are A|B pictures; `twins` says that
    near-duplicates are looked for.
    """
    try:
        with open_picture(file, read) as picture, look.room(decoded_bytes(picture)):
            pixels, gaps = read_picture_values(picture, grey_as_rgb=True)
            also(pixels)
            values = measure_values(file, pixels, gaps)
            seen = look_at_photo(pixels, picture.header.orientation)
            shows = values.low < values.high and min(seen.size) >= _LEAST_SIDE
            glance = glance_of(picture, pixels) if judge else None
            digest, signature = hash_pixels(pixels) if shows else "", describe_photo(pixels) if twins else None
            return PhotoRecord(pixels.dtype.name, values, seen, digest, picture.role, signature, glance)
    except P2PError as error:
        return finding_of(error, file)


class PhotosCheck:
    """What photos tell together, those of each folder in the one checked for themselves.

    Photos and labels often lie in two folders of one, also of one split.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, list[Path]()
        self._values, self._photos = dict[Path, ValueCheck](), dict[Path, PhotoCheck]()
        self._by_type, self._repeats = dict[str, list[Path]](), Repeats()
        self._drawn: list[tuple[Path, str]] = []
        self._twins = PhotoTwins(folder)

    def add(self, file: Path, photo: PhotoRecord) -> None:
        """Note what was measured of a photo."""
        self._by_type.setdefault(photo.dtype, []).append(file)
        if photo.role:
            self._drawn.append((file, photo.role))
        above = file.relative_to(self._folder).parts[:-1]
        part = self._folder.joinpath(*above[: 2 if above and split_in(above[0]) else 1])
        self._values.setdefault(part, ValueCheck(part, "its pictures")).add(file, photo.values)
        self._photos.setdefault(part, PhotoCheck(part, "photos")).add(file, photo.look)
        if photo.values.numbers is None:  # pictures of few tones, such as labels, may well be equal
            self._repeats.add(len(self._files), photo.digest)
            self._files.append(file)
            if photo.signature is not None:
                self._twins.add(file, photo.signature, photo.digest)

    @property
    def count(self) -> int:
        """How many photos there are."""
        return sum(map(len, self._by_type.values()))

    def findings(self, *, values: bool = True) -> Iterator[Finding]:
        """What was found; what their `values` tell matters where they are given without masks."""
        yield from _other_types(self._by_type)
        yield from _find_drawn(self._folder, self._drawn)
        for each in self._values.values() if values else ():
            yield from each.findings()
        for part, photos in self._photos.items():
            if not self._values[part].are_few:
                yield from photos.findings()
        for same in self._repeats.groups():
            first, *others = (self._files[number] for number in same)
            for file in others:
                to_do = "Remove one of them with what belongs to it, unless it is meant to count twice."
                yield Finding(str(file), f"has the same pixels as {first}", to_do, "duplicate", "warning")

    def twins(self, report: Reporter) -> Iterator[Finding]:
        """Photos that are nearly others, where their signatures were kept."""
        return self._twins.findings(report)


def _find_drawn(folder: Path, drawn: list[tuple[Path, str]]) -> Iterator[Finding]:
    """Pictures that say of themselves that p2p drew or generated them."""
    if drawn:
        file, role = drawn[0]
        are = plural(len(drawn), "picture says of itself", "pictures say of themselves")
        what = f"{are} that p2p drew or generated it; the first is {file.relative_to(folder).as_posix()}, a {role}"
        to_do = "Keep them out of data, unless generated pictures are what you want to train on."
        yield Finding(str(folder), what, to_do, "drawn-by-p2p", "warning")


def _other_types(by_type: dict[str, list[Path]]) -> Iterator[Finding]:
    """Pictures that have not the type of most: `pair` refuses them."""
    most = max(by_type, key=lambda dtype: len(by_type[dtype]), default="")
    for dtype, files in by_type.items():
        for file in files if dtype != most else ():
            what = f"has values of {dtype}; most pictures here have {most}"
            code = "depth" if most == "uint8" else "mixed-forms"
            yield Finding(str(file), what, f"Convert it to {most}, or keep it in a folder of its own.", code, "error")
