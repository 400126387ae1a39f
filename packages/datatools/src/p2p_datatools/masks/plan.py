"""Plans a mask folder: which label belongs to which photo, and the name and size of its mask.

Nothing here may open more of a picture than its header, or decide what a label means.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.given_splits import join_path
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.names import PhotoFolder, safe_name
from p2p_datatools.contract.pictures.header import Header, open_picture, photo_header
from p2p_datatools.contract.pictures.kinds import pick_photo, say_picked
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.labels.values import LabelSet, PictureLabels, Region, RegionLabels
from p2p_datatools.masks.paint import is_outside
from p2p_datatools.masks.partners import match_photos


@dataclass(frozen=True)
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
            return photo_header(file)


def refuse_dest_inside(dest: Path, *folders: Path | None) -> None:
    """Raise UsageError when `dest` lies in one of the folders whose pictures are read."""
    for folder in folders:
        if folder and dest.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                dest,
                f"lies in {folder}, so that its masks would be read as photos or labels the next time",
                "Choose a destination outside it.",
                code="destination-inside-source",
            )


def photo_folder(photos: Path, found: LabelSet, report: Reporter = QUIET) -> PhotoFolder:
    """The photos, without label pictures that lie beside them; raises P2PError when two photos have one name."""
    labels = [item.path for item in found.items if isinstance(item, PictureLabels)]
    folder = PhotoFolder(photos, apart=[*labels, *found.beside])
    if picked := folder.settle_clashes(pick_photo):
        report.note(say_picked(picked, photos))
    folder.refuse_clashes()
    return folder


def plan_masks(
    found: LabelSet,
    folder: PhotoFolder | None,
    read: ReadOptions = AS_USUAL,
    *,
    match: str = BY_STEM,
    report: Reporter = QUIET,
) -> tuple[list[MaskJob], list[Skip]]:
    """The masks to build, and the pictures that cannot be; `report` is told which photos were not found by their name.

    `match` is as in `match_photos`.
    """
    jobs, skipped = [], [*found.skipped, *(folder.strange if folder else ())]
    partners, lost = match_photos(found.items, folder, match, report=report) if folder else ([], [])
    skipped += lost
    for item, photo in partners if folder else [(item, None) for item in found.items]:
        try:
            jobs.append(_job(item, photo, folder, read))
        except P2PError as error:
            skipped.append(skip_of(error, item.where))
    times = Counter(job.name for job in jobs)
    for job in (job for job in jobs if times[job.name] > 1):
        what = f"is not the only label of the picture {job.name}"
        skipped.append(Skip(job.item.where, what, "Remove all but one.", "several-labels"))
    return [job for job in jobs if times[job.name] == 1], skipped


def _job(
    item: RegionLabels | PictureLabels, photo: Path | None, folder: PhotoFolder | None, read: ReadOptions
) -> MaskJob:
    if isinstance(item, PictureLabels) and read != AS_USUAL:
        item = replace(item, read=read)
    name = folder.name(photo) if folder and photo else safe_name(join_path(item.below, item.picture_name), item.where)
    if isinstance(item, RegionLabels) and not item.regions:
        but = f" with an area, only {count_kinds(item.without_area)}" if item.without_area else ""
        raise P2PError(item.where, f"has no outline{but}", "Label it, or take it out of the labels.", code="no-outline")
    return MaskJob(item, name, photo, read)


def count_kinds(kinds: Mapping[str, int]) -> str:
    """The number of each kind, in words."""
    return " and ".join(f"{count} of the kind '{kind}'" for kind, count in kinds.items())


def refuse_outside(regions: Iterable[Region], size: Size, *, where: str) -> None:
    """Raise P2PError for a region that lies wholly outside its picture: it was drawn on another one."""
    for count, region in enumerate(regions, start=1):
        if is_outside(region, size):
            raise P2PError(
                where,
                f"region {count} ({region.label}) lies wholly outside the picture of {size}",
                "Delete it, or use the photo that it was drawn on.",
                code="region-outside",
            )


def needed_size(job: MaskJob) -> Size | None:
    """The size that the mask has to have; None where only the label picture itself has it.

    Raises P2PError when labels and photo differ, or neither has a size.
    """
    labels = job.item.size if isinstance(job.item, RegionLabels) else None
    if job.photo is None:
        if labels is None and isinstance(job.item, RegionLabels):
            raise P2PError(
                job.item.where, "its labels do not say its size", "Give the photos with --photos.", code="no-size"
            )
        return labels
    header = job.photo_header()
    assert header is not None, "there is a photo"
    if labels is not None and labels != header.size:
        if is_upright(job, labels, header):
            return header.size
        raise other_size(job.item.where, labels, header.size, header.orientation)
    return header.size


def is_upright(job: MaskJob, labels: Size, photo: Header) -> bool:
    """Whether labels tell the size of the sensor, but their outlines are those of the upright photo.

    EXIF turns the photo by a quarter, and some outline lies so that it fits into the upright picture alone.
    """
    if photo.orientation < 5 or labels != (photo.size.height, photo.size.width) or photo.size == labels:
        return False
    if not isinstance(job.item, RegionLabels):
        return False
    upright, lying = (_fit(job.item.regions_in(size), size) for size in (photo.size, labels))
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
    return P2PError(
        where,
        f"the labels are for a picture of {labels}, but the photo is {photo}",
        "Use the photo that they belong to.",
        code="mask-size",
    )
