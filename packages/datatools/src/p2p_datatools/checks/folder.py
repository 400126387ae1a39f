"""Checks masks and photos, and passes pairs on to their own check; what is wrong becomes values.

Nothing here may correct anything or decide what is shown.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.checks.looker import Looker
from p2p_datatools.checks.mask_files import read_for_check
from p2p_datatools.checks.mask_set import MaskLook, MaskSetCheck, look_at_mask
from p2p_datatools.checks.pairs import check_pairs, find_left_out
from p2p_datatools.checks.photo_folder import PhotoRecord, PhotosCheck, read_look
from p2p_datatools.checks.photos import PhotoLook
from p2p_datatools.checks.repeats import Repeats
from p2p_datatools.contract.errors import CheckedKind, CheckResult, Finding, P2PError, UsageError, finding_of
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, find_pictures, stem_of
from p2p_datatools.contract.given_splits import split_of_pairs
from p2p_datatools.contract.mask_folder import MASK_LINES, each_mask_line
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.manifest import PLAN, has_manifest, has_shards, refuse_pairs_as_photos
from p2p_datatools.contract.pairs.seam import spread_files
from p2p_datatools.contract.palette import PALETTE_FILE, Palette, palette_of
from p2p_datatools.contract.pictures.arrays import ARRAYS, Array
from p2p_datatools.contract.pictures.header import decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import LabelMap, hash_pixels, size_of
from p2p_datatools.contract.pictures.kinds import pick_photo, say_picked
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

    A folder with a manifest or with train/ holds pairs, as do pictures in whose middle two meet; one with palette.toml
    (or where `palette` is given) masks, any other photos. `read` says which page of files with several is read, and
    whether EXIF turns photos. Raises P2PError when there is nothing to check, or `photos` holds A|B pairs.
    """
    path = Path(path)
    if not path.is_dir():
        raise P2PError(path, "there is no such folder", "Check the spelling.", code="missing-folder")
    kind = _kind(path, palette)
    if photos and kind != "masks":
        raise UsageError(
            path,
            f"holds {kind}, but --photos is for masks",
            "Leave it out, or add --palette.",
            code="needless-option",
        )
    if kind == "pairs":
        return check_pairs(path, report=report)
    if photos:
        refuse_pairs_as_photos(Path(photos))
    others, strange = LeftOut(path), list[P2PError]()
    kinds = ARRAYS if kind == "photos" else SUFFIXES
    with report.tell("listing files"):
        files = find_pictures(path, kinds, strange=strange, others=others)
        pictures = PhotoFolder(path, found=[file for file in files if file.suffix.lower() in SUFFIXES])
        folder = PhotoFolder(Path(photos)) if photos else None
    if beside := _settle(pictures if kind == "photos" else folder, report):
        files = [file for file in files if file not in beside]
    if not files and not strange:
        raise others.no_pictures(kinds)
    left_out = [finding_of(error, error.where) for error in strange]
    left_out += [*find_left_out(others), *(find_left_out(folder.others) if folder else ())]
    look = Looker(kind, len(files), report)
    if kind == "photos":
        check = PhotosCheck(path)
        broken = list(_photos(check, files, read, look))
        if check.are_pairs and all(file.parent == path for file in files):
            report.note(f"{path}: two pictures meet in the middle of each, so they are checked as A|B pairs.")
            return check_pairs(path, report=report)
        findings = (*left_out, *_clashes(pictures), *broken, *check.findings(), *check.twins(report))
        return CheckResult(kind, len(files), findings)
    used = palette or palette_of(path)
    assert used is not None, "_kind has seen one"
    return CheckResult(kind, len(files), (*left_out, *_masks(files, used, pictures, folder, read, look, report)))


def _settle(photos: PhotoFolder | None, report: Reporter) -> set[Path]:
    """The label pictures that lie beside photos of their names."""
    picked = photos.settle_clashes(pick_photo) if photos else []
    if photos and picked:
        report.note(say_picked(picked, photos.folder))
    return set(picked)


def _kind(path: Path, palette: Palette | None) -> CheckedKind:
    if has_manifest(path) or has_shards(path) or (path / PLAN).is_file():
        return "pairs"
    if palette or (path / PALETTE_FILE).is_file():
        return "masks"
    is_split = any(split_of_pairs(each.name) == "train" for each in path.iterdir() if each.is_dir())
    return "pairs" if is_split else "photos"


def _photos(check: PhotosCheck, files: list[Path], read: ReadOptions, look: Looker) -> Iterator[Finding]:
    """Let `check` see the photos; those that cannot be read are the findings."""
    judges = set(spread_files(files))
    for file, photo in zip(
        files, look.at(lambda file: read_look(file, read, look, judge=file in judges, twins=True), files), strict=True
    ):
        if isinstance(photo, Finding):
            yield photo
        else:
            check.add(file, photo)


def _clashes(folder: PhotoFolder) -> Iterator[Finding]:
    for first, second in folder.clashes:
        what = f"has the same name as {first}, because a suffix is not part of a name"
        yield Finding(str(second), what, "Remove or rename one of them.", "same-name", "error")


def _masks(
    files: list[Path],
    palette: Palette,
    masks: PhotoFolder,
    photos: PhotoFolder | None,
    read: ReadOptions,
    look: Looker,
    report: Reporter,
) -> Iterator[Finding]:
    path = masks.folder
    yield from _clashes(masks)
    seen, repeats, doubled = np.zeros(256, dtype=np.int64), Repeats(), list[Finding]()
    check = PhotosCheck(photos.folder) if photos else None
    shown = MaskSetCheck(path, palette, p2p_command("data repair", path, "DEST"))
    pairs = ((file, photos.get(stem_of(file, path)) if photos else None) for file in files)
    looked = look.at(partial(_look_at_mask, palette=palette, masks=masks, photos=photos, read=read, look=look), pairs)
    for number, mask in enumerate(looked):
        seen += mask.pixels
        repeats.add(number, mask.digest)
        for found in mask.findings:
            if found.code == "pairs-as-half":
                doubled.append(found)
            else:
                yield found
        if check and mask.photo:
            check.add(*mask.photo)
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
        yield from _join_doubled(doubled, photos, check.count)
        yield from _clashes(photos)
        yield from _without_mask(photos, masks)


class _MaskRecord(NamedTuple):
    """What is kept of a mask: pixels of each class, the hash of one that shows something, its photo's and its look."""

    findings: tuple[Finding, ...]
    pixels: NDArray[np.int64]
    digest: str = ""
    photo: tuple[Path, PhotoRecord] | None = None
    look: MaskLook | None = None


def _look_at_mask(
    files: tuple[Path, Path | None],
    palette: Palette,
    masks: PhotoFolder,
    photos: PhotoFolder | None,
    read: ReadOptions,
    look: Looker,
) -> _MaskRecord:
    file, photo_file = files
    try:
        with open_picture(file) as picture, look.room(decoded_bytes(picture)):
            mask, wrong = read_for_check(picture, palette, masks.folder)
    except P2PError as error:
        mask, wrong = None, (finding_of(error, file),)
    if mask is None:
        return _MaskRecord(wrong, np.zeros(256, dtype=np.int64))
    findings = [*wrong, *_mask(file, mask)]
    photo, seen_mask = None, list[MaskLook]()
    if photos:
        name = stem_of(file, masks.folder)
        both = partial(_add_look, seen_mask, mask, palette)
        seen = read_look(photo_file, read, look, also=both) if photo_file else _no_photo(file, name, photos)
        if isinstance(seen, Finding):
            findings.append(seen)
        elif photo_file:
            photo = photo_file, seen
            findings += _sizes(file, size_of(mask), photo_file, seen.look)
    shown = seen_mask[0] if seen_mask else look_at_mask(mask, palette)
    outline = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    digest = hash_pixels(mask) if outline >= _LEAST_OUTLINE else ""
    return _MaskRecord(tuple(findings), shown.counts, digest, photo, shown)


def _add_look(looks: list[MaskLook], mask: LabelMap, palette: Palette, photo: Array) -> None:
    looks.append(look_at_mask(mask, palette, photo))


def _mask(file: Path, mask: LabelMap) -> Iterator[Finding]:
    if not mask.any():
        yield Finding(str(file), "is all background", "Remove it with its photo, or label it.", "empty", "warning")


def _no_photo(file: Path, name: str, photos: PhotoFolder) -> Finding:
    to_do = f"Add the photo '{name}' there, or remove the mask."
    return Finding(str(file), f"has no photo in {photos.folder}", to_do, "no-photo", "error")


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


def _join_doubled(doubled: list[Finding], photos: PhotoFolder, compared: int) -> Iterator[Finding]:
    """Masks whose photos are twice as wide: one error where all are, since these are A|B pictures."""
    if compared == len(doubled) > 1:
        what = f"its {plural(compared, 'picture')} are twice as wide as their masks, as A|B pictures are"
        to_do = f"Take them apart first: {p2p_command('data halves', photos.folder, 'DEST')}."
        yield Finding(str(photos.folder), what, to_do, "pairs-as-half", "error")
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


def _without_mask(photos: PhotoFolder, masks: PhotoFolder) -> Iterator[Finding]:
    for name, photo in photos.names.items():
        if masks.get(name) is None:
            what = f"has no mask in {masks.folder}"
            yield Finding(str(photo), what, "Label it and build its mask, or remove it.", "no-mask", "error")
