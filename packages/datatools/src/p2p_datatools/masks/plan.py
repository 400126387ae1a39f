"""Plans a mask folder: which label belongs to which photo, and the name and size of its mask.

Nothing here may open more of a picture than its header, or decide what a label means.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, error_of, skip_of
from p2p_datatools.contract.folders.given_splits import join_path
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.names import PhotoFolder, safe_name
from p2p_datatools.contract.palette import PaletteClass, plain
from p2p_datatools.contract.pictures.header import Header, any_header, open_picture
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.reach import find_reach_beyond
from p2p_datatools.labels.values import LabelSet, PictureLabels, Region, RegionFault, RegionLabels
from p2p_datatools.masks.paint import covers_no_pixel, is_outside
from p2p_datatools.masks.partners import CLASS_MASKS, match_photos

_ALL_BACKGROUND = "--empty background"
_COVERS_NONE = "is so small or thin that it covers the centre of no pixel"
_ENLARGE = "Delete it or draw it larger."
_LARGE = 16  # pixels of a side: in a smaller picture a region may well lie within the first
_BACKGROUND_NAMES = frozenset(
    {"background", "bg", "bkg", "void", "unlabeled", "unlabelled", "unknown", "none", "other", "nothing", "empty"}
)
_BACKGROUND_CLASS = PaletteClass("background", (0, 0, 0))
Empty = Literal["auto", "background", "error"]


@dataclass(frozen=True)
class RegionRules:
    """What becomes of faulty regions and of pictures without objects.

    With `strict` a picture fails for one faulty region. Pictures that the labels list without objects become
    background: `auto` if others have objects and the palette's `first_class`, which is where nothing is painted,
    `has_background` for its meaning; `background` in any case; with `error` they fail.
    """

    strict: bool = False
    empty: Empty = "auto"
    first_class: PaletteClass = _BACKGROUND_CLASS

    @property
    def has_background(self) -> bool:
        """Whether pixels that no region covers are called background."""
        words = (self.first_class.name, *self.first_class.aliases)
        return any(plain(word).strip("_ ") in _BACKGROUND_NAMES for word in words)


@dataclass(frozen=True, slots=True)
class MaskJob:
    """One mask to build; `photo` is the photo it is for, where photos were given, read as `read` says."""

    item: RegionLabels | PictureLabels
    name: str
    photo: Path | None
    read: ReadOptions = AS_USUAL

    def photo_header(self) -> Header | None:
        """The header of the photo; raises P2PError when it cannot be read."""
        if self.photo is None:
            return None
        with open_picture(self.photo, self.read) as file:
            return any_header(file)


def photo_folder(photos: Path, found: LabelSet, report: Reporter = QUIET) -> PhotoFolder:
    """The photos, without label pictures that lie beside them; raises P2PError when two photos have one name."""
    labels = [item.path for item in found.items if isinstance(item, PictureLabels)]
    folder = PhotoFolder(photos, apart=[*labels, *found.beside])
    prefer_photos(folder, report)
    folder.refuse_clashes()
    return folder


def plan_masks(
    found: LabelSet,
    folder: PhotoFolder | None,
    read: ReadOptions = AS_USUAL,
    rules: RegionRules = RegionRules(),
    *,
    match: str = BY_STEM,
    report: Reporter = QUIET,
) -> tuple[list[MaskJob], list[Skip]]:
    """The masks to build, and the pictures that cannot be; `report` is told which photos were not found by their name.

    `match` is as in `match_photos`. Strict rules raise P2PError for a region of no picture.
    """
    if rules.strict and found.faults:
        raise error_of(found.faults[0])
    jobs, skipped = [], [*found.skipped, *(folder.strange if folder else ())]
    partners, lost = match_photos(found.items, folder, match, report=report) if folder else ([], [])
    skipped += lost
    objects = any(not is_empty(item) for item in found.items)
    for item, photo in partners if folder else [(item, None) for item in found.items]:
        try:
            job = _job(item, photo, folder, read)
            _refuse_by_rules(item, rules, others_have_objects=objects)
            jobs.append(job)
        except P2PError as error:
            skipped.append(skip_of(error, item.where))
    times: dict[str, list[MaskJob]] = defaultdict(list)
    for job in jobs:
        times[job.name].append(job)
    clear = [alike for alike in times.values() if _are_same(alike)]
    if repeated := [alike[0] for alike in clear if len(alike) > 1]:
        number = plural(len(repeated), "picture is", "pictures are")
        report.note(f"{number} labelled several times, each time alike; the first is {repeated[0].item.where}.")
    skipped += [skip for alike in times.values() if not _are_same(alike) for skip in _say_several(alike)]
    return [alike[0] for alike in clear], skipped


def _are_same(alike: Sequence[MaskJob]) -> bool:
    """Whether the labels of one picture are one thing, also if written several times, as in lists put together.

    Pictures may be masks of several classes, which are alike where none is there.
    """
    said = {(job.item.signature, job.item.split) if isinstance(job.item, RegionLabels) else None for job in alike}
    return len(alike) == 1 or (len(said) == 1 and None not in said)


def _say_several(alike: Sequence[MaskJob]) -> Iterator[Skip]:
    """The labels of one picture, of which none is taken."""
    sources = list(dict.fromkeys(job.item.source for job in alike))
    where = f" ({' and '.join(sources[:5])})" if len(sources) > 1 else ""
    what = f"is one of {len(alike)} labels{where} of the picture {alike[0].name}"
    # Such as the masks of single classes, or the semantic and instance pictures of KITTI.
    files = [job.item.path for job in alike if isinstance(job.item, PictureLabels)]
    folders, kinds = {file.parent for file in files}, {file.suffix for file in files}
    to_do = "Remove all but one."
    if len(kinds) == len(alike):
        to_do = f"Leave the files of one kind, {' or '.join(sorted(kinds))}, and move the others elsewhere."
    if len(folders) == len(alike):
        listed = " and ".join(sorted(map(str, folders))[:5])
        to_do = f"If each is the mask of one class, add {CLASS_MASKS}; else give one of {listed} as LABELS."
    for job in alike:
        yield Skip(job.item.where, what, to_do, "several-labels")


def _job(
    item: RegionLabels | PictureLabels, photo: Path | None, folder: PhotoFolder | None, read: ReadOptions
) -> MaskJob:
    if isinstance(item, PictureLabels) and read != AS_USUAL:
        item = replace(item, read=read)
    name = folder.name(photo) if folder and photo else _own_name(item)
    if isinstance(item, RegionLabels) and not item.regions and item.without_area:
        what = f"has no outline with an area, only {count_kinds(item.without_area)}"
        raise P2PError(item.where, what, "Label it, or take it out of the labels.", code="no-outline")
    return MaskJob(item, name, photo, read)


def _own_name(item: RegionLabels | PictureLabels) -> str:
    """The mask's name by the labels alone; raises P2PError where they have a path on another machine."""
    try:
        return safe_name(join_path(item.below, item.picture_name), item.where)
    except P2PError as error:
        if error.code != "path-leads-out":
            raise
        to_do = "Give the photos with --photos FOLDER: each mask is then called as its photo there."
        raise P2PError(error.where, error.what, to_do, code=error.code) from error


def is_empty(item: RegionLabels | PictureLabels) -> bool:
    """Whether the labels list a picture and say that nothing is in it."""
    return isinstance(item, RegionLabels) and not item.regions and not item.without_area


def _refuse_by_rules(item: RegionLabels | PictureLabels, rules: RegionRules, *, others_have_objects: bool) -> None:
    """Raise P2PError for a picture whose labels are empty or faulty in a way that the rules do not let pass."""
    if isinstance(item, RegionLabels) and item.faults and rules.strict:
        raise error_of(item.faults[0])
    if not is_empty(item) or rules.empty == "background":
        return
    if rules.empty == "error":
        to_do = "Label it, take it out of the labels, or leave out --empty error if there is nothing in it."
        raise P2PError(item.where, "has no objects", to_do, code="no-outline")
    if not others_have_objects:
        to_do = (
            f"Label them, or add {_ALL_BACKGROUND} if there is nothing in them and their masks are to be background."
        )
        raise P2PError(item.where, "has no objects, nor has any other picture of the labels", to_do, code="no-outline")
    if not rules.has_background:
        what = f"has no objects, and the palette has no class background: all of it would be {rules.first_class.name}"
        to_do = f"Begin the palette with a class called background, or add {_ALL_BACKGROUND} if that is right."
        raise P2PError(item.where, what, to_do, code="no-background")


def count_kinds(kinds: Mapping[str, int]) -> str:
    """The number of each kind, in words."""
    return " and ".join(f"{count} of the kind '{kind}'" for kind, count in kinds.items())


def strays_of(item: RegionLabels, size: Size, *, strict: bool = False) -> tuple[RegionFault, ...]:
    """The regions of which no pixel is painted: wholly outside their picture, whose photo is of `size`, or too small.

    Raises P2PError when they were drawn on another picture: when all are outside, or more than half where the labels
    do not tell their size; when all are so small that they must be shares of the picture; with `strict` for one; and
    where some reach far beyond the size in the labels, but none beyond the photo, so that this size is that of another.
    """
    within = item.size_in(size)
    if (
        not item.relative
        and within != size
        and (beyond := find_reach_beyond(item, within))
        and _fit(item.regions, size)
    ):
        what = f"{beyond.removeprefix(f'{item.where}: ')}, but all of its regions lie within the photo of {size}"
        to_do = (
            "If they were drawn on this photo, correct the size in the labels, or take it out of them; if on a smaller "
            "copy, cut them at its edge."
        )
        raise P2PError(item.where, what, to_do, code="mask-size")
    outside = [region for region in item.regions if is_outside(region, within)]
    most = len(item.regions) if item.size or item.relative else len(item.regions) / 2 + 0.5
    if outside and (strict or len(outside) >= most):
        raise _outside(item.where, outside, len(item.regions), within)
    if not item.relative and min(within) >= _LARGE and item.regions and all(map(_is_share, item.regions)):
        what = (
            f"all of its regions lie in the first pixel of its {within}, so that they seem to be shares of the picture"
        )
        to_do = "Export them in pixels, or convert them to YOLO's lines."
        raise P2PError(item.where, what, to_do, code="relative-points")
    what, to_do = f"lies wholly outside the picture of {size}", "Delete it, or use the photo that it was drawn on."
    small = [region for region in item.regions_in(size) if covers_no_pixel(region, size)]
    if small and (strict or len(small) == len(item.regions)):
        raise P2PError(small[0].place or item.where, _COVERS_NONE, _ENLARGE, code="no-pixel")
    return (
        *(_fault(region, item, what, to_do, "region-outside") for region in outside),
        *(_fault(region, item, _COVERS_NONE, _ENLARGE, "no-pixel") for region in small),
    )


def _fault(region: Region, item: RegionLabels, what: str, to_do: str, code: str) -> RegionFault:
    return RegionFault(region.place or item.where, what, to_do, code, region.label, item.file_name)


def _outside(where: str, outside: list[Region], count: int, size: Size) -> P2PError:
    region = outside[0]
    place = region.place.removeprefix(f"{where}: ") or "a region"
    more = f", and so do {len(outside) - 1} more of its {count} regions" if len(outside) > 1 else ""
    what = f"{place} ({region.label}) lies wholly outside the picture of {size}{more}"
    return P2PError(where, what, "Delete it, or use the photo that it was drawn on.", code="region-outside")


def _is_share(region: Region) -> bool:
    points = [polygon.outer for polygon in region.polygons]
    return not region.runs and all(((each >= 0) & (each <= 1)).all() for each in points)


def needed_size(job: MaskJob) -> Size | None:
    """The size that the mask has to have; None where only the label picture itself has it.

    Raises P2PError when labels and photo have different shapes, or neither has a size.
    """
    labels = job.item.size if isinstance(job.item, RegionLabels) else None
    if job.photo is None:
        if labels is None and isinstance(job.item, RegionLabels):
            what = "its labels do not say its size"
            raise P2PError(job.item.where, what, "Give the photos with --photos.", code="no-size")
        return labels
    header = job.photo_header()
    assert header is not None, "there is a photo"
    if labels is not None and not is_same_shape(labels, header.size):
        if is_upright(job, labels, header):
            return header.size
        raise other_size(job.item.where, labels, header.size, header.orientation)
    return header.size


def is_upright(job: MaskJob, labels: Size, photo: Header) -> bool:
    """Whether labels tell width and height the other way round, but their outlines are those of the photo as seen.

    They may be the sensor's, where EXIF turns the photo by a quarter, or a program's slip; some outline lies so that it
    fits into the photo alone.
    """
    if labels != (photo.size.height, photo.size.width) or photo.size == labels:
        return False
    if not isinstance(job.item, RegionLabels):
        return False
    upright, lying = (_fit(job.item.regions, size) for size in (photo.size, labels))
    return upright and not lying


def _fit(regions: Iterable[Region], size: Size) -> bool:
    """Whether all outlines lie in a picture of `size`, but for a pixel at its edge; runs are of one size alone."""
    for region in regions:
        if region.runs:
            return False
        for polygon in region.polygons:
            if polygon.outer.min() < -1 or (polygon.outer.max(axis=0) > np.array(size) + 1).any():
                return False
    return True


def other_size(where: str, labels: Size, photo: Size, orientation: int = 1) -> P2PError:
    """The error that labels are of another size than their photo, which may be turned by its EXIF `orientation`."""
    if orientation >= 5 and labels == (photo.height, photo.width):
        what = f"the labels are for a picture of {labels}, but EXIF turns the photo to {photo}"
        to_do = (
            "If they were drawn on the picture as it lies in the file, add --exif raw here and to 'p2p data pair'; "
            "otherwise correct the size that the labels tell, or turn the label picture."
        )
        return P2PError(where, what, to_do, code="exif-turned")
    if labels == (photo.height, photo.width):
        what = f"the labels are for a picture of {labels}, but the photo is {photo}: width and height are exchanged"
        to_do = (
            "If a program only exchanged width and height, correct them in the labels; if the photo was turned, use it "
            "as it was when it was labelled."
        )
        return P2PError(where, what, to_do, code="mask-size")
    if photo == (2 * labels.width, labels.height):
        what = f"the labels are for a picture of {labels}, but the photo is {photo}, twice as wide, as A|B pictures are"
        to_do = "If it is one, take such pictures apart with 'p2p data halves', and give the half that the labels show."
        return P2PError(where, what, to_do, code="pairs-as-half")
    what = f"the labels are for a picture of {labels}, but the photo is {photo}"
    to_do = "Use the photo that they belong to: another size is taken only if its shape is the same, up to a pixel."
    return P2PError(where, what, to_do, code="mask-size")
