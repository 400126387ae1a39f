"""Checks masks and photos, and passes pairs on to their own check; what is wrong becomes values.

Nothing here may correct anything or decide what is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.checks.looker import Looker
from p2p_datatools.checks.masks.files import read_for_check
from p2p_datatools.checks.masks.mask_set import MaskLook, MaskSetCheck, look_at_mask
from p2p_datatools.checks.pairs import check_pairs, find_left_out
from p2p_datatools.checks.photo_folder import PhotoRecord, PhotosCheck, read_look
from p2p_datatools.checks.photos import PhotoLook
from p2p_datatools.checks.repeats import Repeats
from p2p_datatools.contract.errors import CheckedKind, CheckResult, Finding, P2PError, UsageError, error_of, finding_of
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, find_pictures, refuse_missing_folder, stem_of
from p2p_datatools.contract.folders.data_folder import find_pairs, has_record
from p2p_datatools.contract.mask_folder import MASK_LINES, each_mask_line
from p2p_datatools.contract.names import PhotoFolder, fault_of_name, is_name, name_of
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.seam import Glance
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.partners.mask_photos import NAMES_DIFFER, MaskPhotos
from p2p_datatools.contract.partners.split_keys import outside_of
from p2p_datatools.contract.pictures.arrays import ARRAYS
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import LabelMap, hash_pixels, size_of
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural

_LEAST_OUTLINE = 64  # pixels between two classes, from which on two masks are not equal by chance


def check(
    path: Path | str,
    *,
    photos: Path | str | None = None,
    palette: Palette | None = None,
    read: ReadOptions = AS_USUAL,
    report: Reporter = QUIET,
) -> CheckResult:
    """Check the pairs, masks or photos in `path`; `photos` are those that the masks are for.

    What it holds is decided as by `contract.folders.data_folder.open_data`. `read` says which page of files of several
    is read, and whether EXIF turns photos. Raises P2PError when there is nothing to check, or `photos` holds A|B pairs.
    """
    path = Path(path)
    refuse_missing_folder(path)
    if has_record(path):
        _refuse_needless(path, "pairs", photos)
        return check_pairs(path, report=report)
    used = palette or palette_of(path)
    others, strange, kinds = LeftOut(path), list[P2PError](), SUFFIXES if used else ARRAYS
    with report.tell("listing files"):
        files = find_pictures(path, kinds, strange=strange, others=others)
    if not files and not strange:
        raise others.no_pictures(kinds)
    first = _FirstPhotos(read)
    try:
        names = [file.relative_to(path).as_posix() for file in files]
        found = find_pairs(path, names, palette=palette, look=first.look, report=report)
    except P2PError as error:
        return CheckResult("pairs", 0, (finding_of(error, path),))
    kind: CheckedKind = "pairs" if isinstance(found, PairFolder) else "masks" if used else "photos"
    _refuse_needless(path, kind, photos)
    if isinstance(found, PairFolder):
        return check_pairs(path, found, report=report)
    left_out = [*(finding_of(error, error.where) for error in strange), *find_left_out(others), *_names(path, names)]
    left_out += [replace(finding_of(error_of(found), found.where), severity="hint")] if found else []
    if used is None:
        return _check_photos(path, files, left_out, first, report)
    partners = None
    if photos:
        partners = _find_photos(path, Path(photos), left_out, report)
        files = [path / name for name in outside_of(path, names, Path(photos))]
    masks = _pictures_of(path, files)
    reader = _MaskReader(path, used, partners, read, Looker("masks", len(files), report))
    wrong = _masks(files, masks, reader, report)
    return CheckResult("masks", len(files), (*left_out, *wrong))


def _find_photos(path: Path, photos: Path, findings: list[Finding], report: Reporter) -> MaskPhotos | None:
    """The photos of the masks in a folder; None where names do not tell them, which is a finding."""
    try:
        found = MaskPhotos(path, photos, report=report)
    except P2PError as error:
        if error.code not in NAMES_DIFFER:
            raise
        findings.append(finding_of(error, path))
        return None
    findings += find_left_out(found.others)
    return found


def _names(path: Path, files: Sequence[str]) -> Iterator[Finding]:
    """Names that a pair cannot have, and names of which some disks keep one only."""
    alike: dict[str, str] = {}
    for file in files:
        name = name_of(file)
        if not is_name(name):
            what, to_do = f"has a name that {fault_of_name(name)}", "Rename it, and its partner: 'pair' refuses it."
            yield Finding(str(path / file), what, to_do, "bad-name", "warning")
        if (first := alike.setdefault(file.casefold(), file)) != file:
            what = f"differs from {first} in capital and small letters alone"
            to_do = "Rename one of them: disks of macOS and Windows keep only one."
            yield Finding(str(path / file), what, to_do, "case-clash", "warning")


def _refuse_needless(path: Path, kind: CheckedKind, photos: Path | str | None) -> None:
    if photos and kind != "masks":
        to_do = "Leave it out, or add --palette."
        raise UsageError(path, f"holds {kind}, but --photos is for masks", to_do, code="needless-option")


class _FirstPhotos:
    """Some photos of a folder, which are read before it is known what it holds, and not again if it is photos."""

    def __init__(self, read: ReadOptions) -> None:
        self.read, self.found = read, dict[Path, PhotoRecord | Finding]()

    def look(self, files: Sequence[Path]) -> list[Glance]:
        """What is seen of each of the files, which are read as photos of the check."""
        looker = Looker("photos", len(files), QUIET)
        looked = looker.at(lambda file: read_look(file, self.read, looker, judge=True, twins=True), files)
        self.found = dict(zip(files, looked, strict=True))
        return [_glance(file, photo) for file, photo in self.found.items()]


def _glance(file: Path, photo: PhotoRecord | Finding) -> Glance:
    if isinstance(photo, Finding):
        return Glance(file)
    return photo.glance or Glance(file, role=photo.role)


def _check_photos(
    path: Path, files: list[Path], left_out: list[Finding], first: _FirstPhotos, report: Reporter
) -> CheckResult:
    pictures = _pictures_of(path, files)
    beside = set(prefer_photos(pictures, report))
    files = [file for file in files if file not in beside]
    check = PhotosCheck(path)
    broken = list(_photos(check, files, first, Looker("photos", len(files), report)))
    findings = (*left_out, *_clashes(pictures), *broken, *check.findings(), *check.twins(report))
    return CheckResult("photos", len(files), findings)


def _pictures_of(path: Path, files: list[Path]) -> PhotoFolder:
    return PhotoFolder(path, found=[file for file in files if file.suffix.lower() in SUFFIXES])


def _photos(check: PhotosCheck, files: list[Path], first: _FirstPhotos, look: Looker) -> Iterator[Finding]:
    """Let `check` see the photos; those that cannot be read are the findings."""

    def read(file: Path) -> PhotoRecord | Finding:
        return first.found.get(file) or read_look(file, first.read, look, twins=True)

    for file, photo in zip(files, look.at(read, files), strict=True):
        if isinstance(photo, Finding):
            yield photo
        else:
            check.add(file, photo)


def _clashes(folder: PhotoFolder) -> Iterator[Finding]:
    yield from (_same_name(first, second) for first, second in folder.clashes)


def _same_name(first: Path, second: Path) -> Finding:
    why = ", because a suffix is not part of a name" if first.with_suffix("") == second.with_suffix("") else ""
    what = f"has the same name as {first}{why}"
    return Finding(str(second), what, "Remove or rename one of them.", "same-name", "error")


def _masks(files: list[Path], masks: PhotoFolder, reader: "_MaskReader", report: Reporter) -> Iterator[Finding]:
    path, palette, photos = reader.folder, reader.palette, reader.photos
    yield from _clashes(masks)
    seen, repeats, doubled = np.zeros(256, dtype=np.int64), Repeats(), list[Finding]()
    check = PhotosCheck(photos.folder) if photos else None
    shown = MaskSetCheck(path, palette, p2p_command("data repair", path, "DEST"))
    for number, mask in enumerate(reader.look.at(reader.look_at, files)):
        seen += mask.pixels
        repeats.add(number, mask.digest)
        for found in mask.findings:
            if found.code == "pairs-as-half":
                doubled.append(found)
            else:
                yield found
        for photo in mask.photos:
            assert check, "without photos a mask has none"
            check.add(*photo)
        if mask.look:
            shown.add(files[number], mask.look)
    for name in (name for index, name in enumerate(palette.names) if seen.any() and not seen[index]):
        what = f"no mask has a pixel of the class {name}"
        yield Finding(str(path), what, "Were its labels mapped to another class?", "class-unseen", "warning")
    yield from shown.findings(report)
    yield from _same_masks(files, repeats)
    yield from _records(path, masks)
    if photos and check:
        yield from check.findings(values=False)
        yield from _join_doubled(doubled, photos.folder, check.count)
        yield from _left(photos, path)


class _MaskRecord(NamedTuple):
    """What is kept of a mask: pixels of each class, the hash of one that shows something, its photos' and its look."""

    findings: tuple[Finding, ...]
    pixels: NDArray[np.int64]
    digest: str = ""
    photos: tuple[tuple[Path, PhotoRecord], ...] = ()
    look: MaskLook | None = None


class _MaskReader(NamedTuple):
    """Reads the masks of a folder by a palette, beside their photos where these are given."""

    folder: Path
    palette: Palette
    photos: MaskPhotos | None
    read: ReadOptions  # of the photos
    look: Looker

    def look_at(self, file: Path) -> _MaskRecord:
        """What is seen of a mask, and what is wrong with it by itself and beside its photos."""
        try:
            with open_picture(file) as picture, self.look.room(decoded_bytes(picture)):
                mask, wrong = read_for_check(picture, self.palette, self.folder)
        except P2PError as error:
            mask, wrong = None, (finding_of(error, file),)
        if mask is None:
            return _MaskRecord(wrong, np.zeros(256, dtype=np.int64))
        findings, looks, own = [*wrong, *_mask(file, mask)], list[MaskLook](), list[tuple[Path, PhotoRecord]]()
        look_beside = partial(look_at_mask, mask, self.palette)
        if self.photos and file in self.photos.lost:
            findings.append(_no_photo(file, stem_of(file, self.folder), self.photos.folder))
        for photo in self.photos.of(file) if self.photos else ():
            seen = read_look(photo, self.read, self.look, also=lambda pixels: looks.append(look_beside(pixels)))
            if isinstance(seen, Finding):
                findings.append(seen)
            else:
                own.append((photo, seen))
                findings += _sizes(file, size_of(mask), photo, seen.look)
        shown = looks[0] if looks else look_beside()
        outline = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
        digest = hash_pixels(mask) if outline >= _LEAST_OUTLINE else ""
        return _MaskRecord(tuple(findings), shown.counts, digest, tuple(own), shown)


def _mask(file: Path, mask: LabelMap) -> Iterator[Finding]:
    if not mask.any():
        yield Finding(str(file), "is all background", "Remove it with its photo, or label it.", "empty", "warning")


def _no_photo(file: Path, name: str, photos: Path) -> Finding:
    to_do = f"Add the photo '{name}' there, or remove the mask."
    return Finding(str(file), f"has no photo in {photos}", to_do, "no-photo", "error")


def _sizes(file: Path, size: Size, photo_file: Path, photo: PhotoLook) -> Iterator[Finding]:
    """Where a mask is not of the size of its photo."""
    if photo.size == size:
        return
    what = f"is {size}, but its photo {photo_file} is {photo.size}"
    to_do = "Build it again from the labels of this photo."
    if photo.size == (2 * size.width, size.height):
        yield Finding(str(file), what, to_do, "pairs-as-half", "error")
    elif photo.orientation >= 5 and is_same_shape(Size(photo.size.height, photo.size.width), size):
        what += f", since EXIF turns it (orientation {photo.orientation}); the mask is of its size before"
        to_do = "If its labels were drawn on the picture as it lies in its file, add --exif raw; else build it again."
        yield Finding(str(file), what, to_do, "mask-size", "error")
    elif is_same_shape(photo.size, size):
        to_do = "'p2p data pair' scales it; build it again from the labels of this photo to be exact."
        yield Finding(str(file), what, to_do, "mask-scaled", "warning")
    else:
        yield Finding(str(file), what, to_do, "mask-size", "error")


def _same_masks(files: list[Path], repeats: Repeats) -> Iterator[Finding]:
    for same in repeats.groups():
        first, *others = (files[number] for number in same)
        for file in others:
            what = f"has the same pixels as {first}, though outlines of two pictures are hardly ever equal"
            to_do = "Was it copied or saved under the wrong name? Build it again from the labels of its photo."
            yield Finding(str(file), what, to_do, "mask-duplicate", "warning")


def _join_doubled(doubled: list[Finding], photos: Path, compared: int) -> Iterator[Finding]:
    """Masks whose photos are twice as wide: one error where all are, since these are A|B pictures."""
    if compared == len(doubled) > 1:
        what = f"its {plural(compared, 'picture')} are twice as wide as their masks, as A|B pictures are"
        to_do = f"Take them apart first: {p2p_command('data halves', photos, 'DEST')}."
        yield Finding(str(photos), what, to_do, "pairs-as-half", "error")
        return
    for each in doubled:
        yield Finding(each.where, each.what, each.to_do, "mask-size", "error")


def _records(path: Path, masks: PhotoFolder) -> Iterator[Finding]:
    """Where masks.jsonl and the masks do not agree."""
    if not (path / MASK_LINES).is_file():
        return
    try:
        files = {line.name: line.file for line in each_mask_line(path)}
    except P2PError as error:
        yield finding_of(error, path / MASK_LINES)
        return
    for name in sorted(files.keys() - masks.names.keys()):
        what = f"is in {MASK_LINES}, but does not exist"
        yield Finding(str(path / files[name]), what, "Build the masks again.", "missing-file", "error")
    for name in sorted(masks.names.keys() - files.keys()):
        what = f"is not in {MASK_LINES}"
        yield Finding(
            str(masks.names[name]),
            what,
            "Remove it; where its picture has labels, build the masks again.",
            "unrecorded",
            "warning",
        )


def _left(photos: MaskPhotos, masks: Path) -> Iterator[Finding]:
    """Photos of one name, those with a name that no pair can have, and those without a mask."""
    yield from (_same_name(files[0], other) for files in photos.twice for other in files[1:])
    yield from (finding_of(error_of(skip), skip.where) for skip in photos.skipped)
    for photo in photos.free:
        to_do = "Label it and build its mask, or remove it."
        yield Finding(str(photo), f"has no mask in {masks}", to_do, "no-mask", "error")
