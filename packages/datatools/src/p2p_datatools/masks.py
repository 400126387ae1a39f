"""Builds a mask folder: an indexed PNG for every picture with labels, the palette, and a record of each mask.

Nothing here may know a label format or guess what a label means; readers and claims say that.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.annotations.recognise import read_labels
from p2p_datatools.annotations.values import LabelSet, RegionLabels, Use
from p2p_datatools.claims import IGNORED, Claims, parse_mapping
from p2p_datatools.contract.destination import Destination, Skip, refuse, skip_of
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import LabelMap, size_of, write_mask
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.sizes import Size
from p2p_datatools.labelpicture import PictureReader, color_words, histogram
from p2p_datatools.maskfolder import (
    LINES,
    MaskLine,
    line_from_json,
    look,
    read_mask_lines,
    refuse_other_palette,
    write_records,
)
from p2p_datatools.maskplan import (
    Job,
    counted,
    needed_size,
    other_size,
    photo_folder,
    plan,
    refuse_inside,
    refuse_outside,
)
from p2p_datatools.matching import PhotoFolder
from p2p_datatools.paint import Order, label_map
from p2p_datatools.snap import Snapping
from p2p_datatools.snapsheet import draw_snapped, refuse_picture

__all__ = ["MaskSummary", "build_masks", "label_map", "parse_mapping"]


@dataclass(frozen=True)
class MaskSummary:
    """What `build_masks` did: `areas` are pixels by class over all masks in `dest`, `unseen` the classes without any.

    `built` masks are new, `kept` ones were there; `photos_without_labels` counts photos that no label speaks of. Where
    the labels are colours, `snapped` pixels had one of no class; `blended` are those of them that were not near to any,
    of which `most_blended` has the largest share.
    """

    format: str
    built: int
    kept: int
    skipped: tuple[Skip, ...]
    unseen: tuple[str, ...]
    areas: dict[str, int]
    photos_without_labels: int
    snapped: int
    blended: int
    most_blended: str | None
    dest: Path


@dataclass(frozen=True)
class How:
    """How labels are painted: the order in which regions cover each other, and what becomes of colours of no class."""

    order: Order = "palette"
    snapping: Snapping = field(default_factory=Snapping)


AS_USUAL = How()


def build_masks(
    labels: Path,
    dest: Path,
    *,
    palette: Palette,
    photos: Path | None = None,
    format: str = "auto",  # noqa: A002 - it is the option's name
    mapping: Mapping[str, str] | None = None,
    how: How = AS_USUAL,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> MaskSummary:
    """Build the masks of `labels` (a file or folder of any known format) into the mask folder `dest`.

    With `photos`, a mask bears its photo's name and has its size. With the order `annotation` what the labelling tool
    shows on top is on top, otherwise the class that comes later in the palette. Masks that are there and whose labels
    are unchanged are kept. Colours that are no class's are brought back to one (see `snap`). Raises P2PError for labels
    that no class claims, and for pictures that cannot be built, unless `keep_going`; UsageError when `dest` holds
    something else.
    """
    if how.snapping.picture:
        refuse_picture(how.snapping.picture)
    found = read_labels(labels, format)
    if how.order != "palette" and found.are_pictures:
        raise UsageError(f"--order {how.order}: pictures of class numbers have no order. Leave it out.")
    refuse_inside(dest, photos, labels if found.are_pictures else None)
    claims = _claims(found, palette, mapping or {})
    claims.refuse_unclaimed(found.labels, where=str(labels))
    folder = photo_folder(photos, found) if photos else None
    _note(found, folder, f"{labels}: recognised as {found.format}." if format == "auto" else None, report)
    jobs, skipped = plan(found, folder)
    with Destination(dest, marker=LINES, recipe=_recipe(labels, photos, palette, how.order)) as destination:
        work = _Work(destination, claims, PictureReader(claims, mapping or {}, how.snapping.tolerance), how.order)
        for job in report.track(jobs, "masks", len(jobs)):
            work.do(job)
        claims.refuse_unclaimed(work.uses, where=str(labels))
        for unused in claims.unused:
            report.note(f"--map {unused}: no label in {labels} is called so.")
        skipped += work.skipped
        if not (keep_going and work.lines):
            refuse(skipped, destination)
        areas = work.commit(skipped)
    if how.snapping.picture:
        draw_snapped(how.snapping.picture, jobs, work.pictures, work.lines)
    return MaskSummary(
        format=found.format,
        built=work.built,
        kept=work.kept,
        skipped=tuple(skipped),
        unseen=tuple(name for name in palette.names if not areas[name]),
        areas=dict(areas),
        photos_without_labels=len(folder.names) - len({job.photo for job in jobs}) if folder else 0,
        snapped=sum(line.snapped for line in work.lines.values()),
        blended=sum(line.blended for line in work.lines.values()),
        most_blended=_most_blended(work.lines),
        dest=dest,
    )


def _claims(found: LabelSet, palette: Palette, mapping: Mapping[str, str]) -> Claims:
    known = color_words(palette) if found.are_colors else {}
    known |= dict.fromkeys(found.ignored, IGNORED)
    unit = "pixel" if found.are_pictures else "region"
    return Claims(palette, mapping, numbers=found.are_numbers, known=known, unit=unit)


def _most_blended(lines: Mapping[str, MaskLine]) -> str | None:
    shares = {name: line.blended / (line.size.width * line.size.height) for name, line in lines.items()}
    most = max(shares, key=shares.__getitem__, default=None)
    return most if most and shares[most] else None


def _recipe(labels: Path, photos: Path | None, palette: Palette, order: Order) -> dict[str, Any]:
    # Aliases, ids and --map are left out: one mends those and goes on, and each mask's record tells what they were.
    return {
        "work": "masks",
        "labels": str(labels.resolve()),
        "photos": str(photos.resolve()) if photos else None,
        "palette": look(palette),
        "order": order,
    }


def _note(found: LabelSet, folder: PhotoFolder | None, recognised: str | None, report: Reporter) -> None:
    """Say what was recognised, what the reader noted, and what is left out."""
    for line in (*([recognised] if recognised else []), *found.notes):
        report.note(line)
    without_area: Counter[str] = Counter()
    for item in found.items:
        without_area.update(item.without_area if isinstance(item, RegionLabels) else {})
    if without_area:
        report.note(f"Without area, so that nothing is painted: {counted(without_area)}.")
    photos = set(folder.names.values()) if folder else set()
    if left_out := [path for path in found.left_out if path not in photos]:
        report.note(
            f"{left_out[0]}: is no label, for its kind of file blends class numbers; {len(left_out)} are left out."
        )


class _Work:
    """The masks of one call: `lines` are the records of those in DEST and of those built, by name."""

    def __init__(self, destination: Destination, claims: Claims, pictures: PictureReader, order: Order) -> None:
        self.destination, self.claims, self.palette, self.order = destination, claims, claims.palette, order
        self.pictures = pictures
        self.earlier = _earlier_lines(destination, claims.palette)
        self.lines = dict(self.earlier)
        self.skipped: list[Skip] = []
        self.uses: dict[str, Use] = {}
        self.kept = 0

    @property
    def built(self) -> int:
        """How many masks DEST gains."""
        return len(self.lines) - len(self.earlier)

    def do(self, job: Job) -> None:
        """Build the mask of one job, unless it is there."""
        try:
            line, mask = self._line_and_mask(job)
        except UsageError:
            raise
        except P2PError as error:
            self.skipped.append(skip_of(error, job.item.where))
            return
        if line and mask is not None:
            # A disk that is full is no reason to skip a picture, so this is not tried above.
            write_mask(self.destination.path(line.file), mask, self.palette, durable=False)
            self.destination.record(line.file, line.to_json())
        if line:
            self.lines[line.name] = line

    def _line_and_mask(self, job: Job) -> tuple[MaskLine | None, LabelMap | None]:
        """A mask's line, and the mask where it is still to be written; no line when labels are unclaimed."""
        size = needed_size(job)
        place = self.destination.dest / f"{job.name}.png"
        if earlier := self.earlier.get(job.name):
            if not self._is_current(earlier, job, size):
                raise P2PError(
                    f"{job.item.where}: its labels, --map or --order have changed since {place} was built. "
                    "Delete that mask and build again."
                )
            self.kept += 1
            return earlier, None
        waiting = self.destination.done.get(f"{job.name}.png")
        if waiting and self._is_current(line_from_json(waiting), job, size):
            return line_from_json(waiting), None
        if place.exists() and not waiting:
            raise P2PError(f"{job.item.where}: {place} is there, but not in {LINES}. Delete it to have it built.")
        return self._build(job, size)

    def _is_current(self, line: MaskLine, job: Job, size: Size | None) -> bool:
        return (
            line.signature == self._signature(job)
            and size in (None, line.size)
            and all(self.claims.word(label) == word for label, word in line.labels.items())
        )

    def _signature(self, job: Job) -> str:
        """What a mask depends on, but for what its labels mean."""
        return job.item.signature if self.order == "palette" else f"{job.item.signature} in the order of annotation"

    def _build(self, job: Job, size: Size | None) -> tuple[MaskLine | None, LabelMap | None]:
        mask: LabelMap | None
        if isinstance(job.item, RegionLabels):
            assert size is not None, "regions do not tell it, so needed_size has"
            labels, moved = {region.label for region in job.item.regions}, (0, 0)
            regions = job.item.regions_in(size)
            refuse_outside(regions, size, where=job.item.where)
            mask = label_map(regions, size, self.claims.index, self.order)
            pixels = histogram(mask)
        else:
            read = self.pictures.read(job.item)
            self._note_uses(read.uses)
            labels, mask, pixels, moved = set(read.uses), read.mask, read.pixels, (read.snapped, read.blended)
            if mask is None:
                return None, None
            if size is not None and size_of(mask) != size:
                raise other_size(job.item.where, size_of(mask), size)
        words = {label: word for label in sorted(labels) if (word := self.claims.word(label))}
        areas = _areas(pixels, self.palette)
        return MaskLine(job.name, size_of(mask), areas, job.item.source, self._signature(job), words, *moved), mask

    def _note_uses(self, uses: Mapping[str, Use]) -> None:
        for label, use in uses.items():
            self.uses[label] = self.uses.get(label, Use()) + use

    def commit(self, skipped: list[Skip]) -> Counter[str]:
        """Bring the masks to DEST; the pixels of each class over all of them."""
        for file in set(self.destination.done) - {line.file for line in self.lines.values()}:
            self.destination.forget(file)
        self.destination.commit(
            lambda folder: write_records(folder, self.palette, self.lines.values()), skipped=skipped
        )
        areas = Counter(dict.fromkeys(self.palette.names, 0))
        for line in self.lines.values():
            areas.update(line.areas)
        return areas


def _earlier_lines(destination: Destination, palette: Palette) -> dict[str, MaskLine]:
    """The lines of the masks that DEST holds, by name."""
    if not destination.exists:
        return {}
    refuse_other_palette(destination.dest, palette)
    lines = read_mask_lines(destination.dest)
    return {name: line for name, line in lines.items() if (destination.dest / line.file).is_file()}


def _areas(pixels: NDArray[np.int64], palette: Palette) -> dict[str, int]:
    areas = {name: int(pixels[index]) for index, name in enumerate(palette.names)} | {IGNORED: int(pixels[IGNORE])}
    return {name: count for name, count in areas.items() if count}
