"""Checks masks and photos, and passes pairs on to their own check; what is wrong becomes values.

Nothing here may correct anything or decide what is shown.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from p2p_datatools.checks.pairs import check_pairs, find_left_out
from p2p_datatools.checks.twins import PhotoTwins
from p2p_datatools.checks.values import ValueCheck
from p2p_datatools.contract.errors import CheckedKind, CheckResult, Finding, P2PError, UsageError, finding_of
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, find_pictures, stem_of
from p2p_datatools.contract.given_splits import split_of_pairs
from p2p_datatools.contract.mask_folder import MASK_LINES, read_mask_lines
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.manifest import PLAN, has_manifest, has_shards, refuse_pairs_as_photos
from p2p_datatools.contract.palette import PALETTE_FILE, Palette, palette_of
from p2p_datatools.contract.pictures.arrays import ARRAYS, Array, read_filled
from p2p_datatools.contract.pictures.header import PictureFile, open_picture
from p2p_datatools.contract.pictures.images import LabelMap, read_mask, read_photo, size_of
from p2p_datatools.contract.pictures.kinds import pick_photo, say_picked
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import is_same_shape
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, plural


def check(
    path: Path | str,
    *,
    photos: Path | str | None = None,
    palette: Palette | None = None,
    read: ReadOptions = AS_USUAL,
    report: Reporter = QUIET,
) -> CheckResult:
    """Check the pairs, masks or photos in `path`; `photos` are those that the masks are for.

    A folder with a manifest or with train/ holds pairs, one with palette.toml (or where `palette` is given) masks, any
    other photos. `read` says which page of files with several is read, and whether EXIF turns photos.
    Raises P2PError when there is nothing to check, or `photos` holds A|B pairs.
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
    pictures = PhotoFolder(path)
    folder = PhotoFolder(Path(photos)) if photos else None
    beside = _settle(pictures if kind == "photos" else folder, report)
    others = LeftOut(path)
    kinds = ARRAYS if kind == "photos" else SUFFIXES
    files = [file for file in find_pictures(path, kinds, others=others) if file not in beside]
    if not files:
        raise others.no_pictures(kinds)
    tracked = report.track(files, kind, len(files))
    if kind == "photos":
        return CheckResult(kind, len(files), (*find_left_out(others), *_photos(pictures, tracked, read, report)))
    used = palette or palette_of(path)
    assert used is not None, "_kind has seen one"
    left_out = (*find_left_out(others), *(find_left_out(folder.others) if folder else ()))
    return CheckResult(kind, len(files), (*left_out, *_masks(path, tracked, used, pictures, folder, read)))


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


def _photos(photos: PhotoFolder, files: Iterator[Path], read: ReadOptions, report: Reporter) -> Iterator[Finding]:
    yield from _clashes(photos)
    # Photos and labels often lie in two folders of one.
    values, by_type, twins = dict[Path, ValueCheck](), dict[str, list[Path]](), PhotoTwins(photos.folder)
    for file in files:
        try:
            with open_picture(file, read) as picture:
                pixels, gaps = _values(picture)
        except P2PError as error:
            yield finding_of(error, file)
            continue
        by_type.setdefault(pixels.dtype.name, []).append(file)
        part = photos.folder.joinpath(*file.relative_to(photos.folder).parts[:-1][:1])
        values.setdefault(part, ValueCheck(part, "its pictures")).add(file, pixels, gaps)
        twins.add(file, pixels)
    yield from _other_types(by_type)
    for each in values.values():
        yield from each.findings()
    yield from twins.findings(report)


def _values(picture: PictureFile) -> tuple[Array, Gaps | None]:
    """A picture as `pair` reads it, but with what looks like no data as it is."""
    header = picture.header
    if header.mode and header.form.dtype == "uint8" and header.nodata is None:
        return read_photo(picture), None
    return read_filled(picture, "tag", judge=False)


def _other_types(by_type: dict[str, list[Path]]) -> Iterator[Finding]:
    """Pictures that have not the type of most: `pair` refuses them."""
    most = max(by_type, key=lambda dtype: len(by_type[dtype]), default="")
    for dtype, files in by_type.items():
        for file in files if dtype != most else ():
            what = f"has values of {dtype}; most pictures here have {most}"
            code = "depth" if most == "uint8" else "mixed-forms"
            yield Finding(str(file), what, f"Convert it to {most}, or keep it in a folder of its own.", code, "error")


def _clashes(folder: PhotoFolder) -> Iterator[Finding]:
    for first, second in folder.clashes:
        what = f"has the same name as {first}, because a suffix is not part of a name"
        yield Finding(str(second), what, "Remove or rename one of them.", "same-name", "error")


def _masks(
    path: Path,
    files: Iterator[Path],
    palette: Palette,
    masks: PhotoFolder,
    photos: PhotoFolder | None,
    read: ReadOptions,
) -> Iterator[Finding]:
    yield from _clashes(masks)
    seen, by_type = np.zeros(256, dtype=np.int64), dict[str, list[Path]]()
    doubled = list[Finding]()
    for file in files:
        mask = _read(file, palette)
        if isinstance(mask, Finding):
            yield mask
            continue
        seen += np.bincount(mask.ravel(), minlength=256)
        for found in _mask(file, mask, photos, stem_of(file, path), read, by_type):
            if found.code == "pairs-as-half":
                doubled.append(found)
            else:
                yield found
    for name in (name for index, name in enumerate(palette.names) if seen.any() and not seen[index]):
        what = f"no mask has a pixel of the class {name}"
        yield Finding(str(path), what, "Were its labels mapped to another class?", "class-unseen", "warning")
    yield from _records(path, masks)
    yield from _other_types(by_type)
    if photos:
        yield from _join_doubled(doubled, photos, sum(map(len, by_type.values())))
        yield from _clashes(photos)
        yield from _without_mask(photos, masks)


def _read(file: Path, palette: Palette) -> LabelMap | Finding:
    try:
        return read_mask(file, palette)
    except P2PError as error:
        return finding_of(error, file)


def _mask(
    file: Path,
    mask: LabelMap,
    photos: PhotoFolder | None,
    name: str,
    read: ReadOptions,
    by_type: dict[str, list[Path]],
) -> Iterator[Finding]:
    if not mask.any():
        yield Finding(str(file), "is all background", "Remove it with its photo, or label it.", "empty", "warning")
    if photos is None:
        return
    photo = photos.get(name)
    if photo is None:
        to_do = f"Add the photo '{name}' there, or remove the mask."
        yield Finding(str(file), f"has no photo in {photos.folder}", to_do, "no-photo", "error")
        return
    try:
        with open_picture(photo, read) as picture:
            pixels = _values(picture)[0]
    except P2PError as error:
        yield finding_of(error, photo)
        return
    by_type.setdefault(pixels.dtype.name, []).append(photo)
    size = size_of(pixels)
    what = f"is {size_of(mask)}, but its photo {photo} is {size}"
    if size == size_of(mask):
        return
    if size == (2 * mask.shape[1], mask.shape[0]):
        yield Finding(str(file), what, "Build it again from the labels of this photo.", "pairs-as-half", "error")
    elif is_same_shape(size, size_of(mask)):
        to_do = "'p2p data pair' scales it; build it again from the labels of this photo to be exact."
        yield Finding(str(file), what, to_do, "mask-scaled", "warning")
    else:
        yield Finding(str(file), what, "Build it again from the labels of this photo.", "mask-size", "error")


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
        lines = read_mask_lines(path)
    except P2PError as error:
        yield finding_of(error, path / MASK_LINES)
        return
    for name in sorted(lines.keys() - masks.names.keys()):
        what = f"is in {MASK_LINES}, but does not exist"
        yield Finding(str(path / lines[name].file), what, "Build the masks again.", "missing-file", "error")
    for name in sorted(masks.names.keys() - lines.keys()):
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
