"""Builds masks one after the other on all cores: what each is painted from, and which of those that are there stand.

Nothing here may plan which masks there are, or depend on how many threads build them.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.mask_folder import (
    LINES,
    MaskLine,
    areas_of,
    line_from_json,
    read_mask_lines,
    refuse_other_palette,
    write_records,
)
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import decoded_bytes
from p2p_datatools.contract.pictures.images import LabelMap, size_of, write_mask
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.labels.values import ColorLabels, RegionLabels, Use
from p2p_datatools.masks.class_mapping import Claims
from p2p_datatools.masks.label_pictures import PictureReader
from p2p_datatools.masks.paint import Order, label_map
from p2p_datatools.masks.plan import Job, needed_size, other_size, refuse_outside

LARGE = 4_000_000  # pixels above which masks are built one at a time, for memory's sake


@dataclass(frozen=True)
class _Outcome:
    """What became of one job: no line when labels are unclaimed or it failed; `new` when its mask was written now."""

    line: MaskLine | None = None
    skip: Skip | None = None
    uses: Mapping[str, Use] = field(default_factory=dict)
    new: bool = False
    kept: bool = False


class MaskWork:
    """The masks of one call: `lines` are the records of those in DEST and of those built, by name."""

    def __init__(self, destination: Destination, claims: Claims, pictures: PictureReader, order: Order) -> None:
        self.destination, self.claims, self.palette, self.order = destination, claims, claims.palette, order
        self.pictures = pictures
        self.earlier = _earlier_lines(destination, claims.palette)
        self.lines = dict(self.earlier)
        self.skipped: list[Skip] = []
        self.uses: dict[str, Use] = {}
        self.kept = 0
        self._large = threading.Lock()
        _remove_unrecorded(destination)

    @property
    def built(self) -> int:
        """How many masks DEST gains."""
        return len(self.lines) - len(self.earlier)

    def run(self, jobs: Sequence[Job], *, threads: int | None = None, report: Reporter = QUIET) -> None:
        """Build the masks of all jobs, on all cores unless `threads` says otherwise; records follow the jobs' order."""
        with closing(parallel_map(self._bring, jobs, threads=threads)) as outcomes:
            for outcome in report.track(outcomes, "masks", len(jobs)):
                self._note(outcome)

    def _note(self, outcome: _Outcome) -> None:
        for label, use in outcome.uses.items():
            self.uses[label] = self.uses.get(label, Use()) + use
        if outcome.skip:
            self.skipped.append(outcome.skip)
        self.kept += outcome.kept
        if line := outcome.line:
            self.lines[line.name] = line
            if outcome.new:
                self.destination.record(line.file, line.to_json())

    def _bring(self, job: Job) -> _Outcome:
        """Build the mask of one job, unless it is there; any thread may call this: it changes nothing but files."""
        with self._large if _is_large(job) else nullcontext():
            uses: dict[str, Use] = {}
            try:
                outcome, mask = self._outcome(job, uses)
            except UsageError:
                raise
            except P2PError as error:
                return _Outcome(skip=skip_of(error, job.item.where), uses=uses)
            if outcome.line and mask is not None:
                # A disk that is full is no reason to skip a picture, so this is not tried above.
                write_mask(self.destination.path(outcome.line.file), mask, self.palette, durable=False)
            return outcome

    def _outcome(self, job: Job, uses: dict[str, Use]) -> tuple[_Outcome, LabelMap | None]:
        """What becomes of a job, and the mask where it is still to be written; the labels it meets go to `uses`."""
        size = needed_size(job)
        place = self.destination.dest / f"{job.name}.png"
        if earlier := self.earlier.get(job.name):
            if not self._is_current(earlier, job, size):
                raise P2PError(
                    job.item.where,
                    f"its labels, --map, --order or --tolerance have changed since {place} was built",
                    "Delete that mask and build again, or choose another destination.",
                    code="source-changed",
                )
            return _Outcome(earlier, kept=True), None
        waiting = self.destination.done.get(f"{job.name}.png")
        if waiting and self._is_current(line := line_from_json(waiting), job, size):
            return _Outcome(line), None
        if place.exists() and not waiting:
            raise P2PError(
                job.item.where,
                f"{place} is there, but not in {LINES}",
                "Delete it to have it built.",
                code="file-in-the-way",
            )
        built, mask = self._build(job, size, uses)
        return _Outcome(built, uses=uses, new=True), mask

    def _is_current(self, line: MaskLine, job: Job, size: Size | None) -> bool:
        return (
            line.signature == self._signature(job)
            and size in (None, line.size)
            and (not line.snapped or line.snapping == self.pictures.snapping)
            and all(self.claims.word(label) == word for label, word in line.labels.items())
        )

    def _signature(self, job: Job) -> str:
        """What a mask depends on, but for what its labels mean."""
        return job.item.signature if self.order == "palette" else f"{job.item.signature} in the order of annotation"

    def _build(self, job: Job, size: Size | None, uses: dict[str, Use]) -> tuple[MaskLine | None, LabelMap | None]:
        mask: LabelMap | None
        if isinstance(job.item, RegionLabels):
            assert size is not None, "regions do not tell it, so needed_size has"
            mask = self._painted(job.item, size)
            labels, pixels = {region.label for region in job.item.regions}, histogram(mask)
            read = None
        else:
            read = self.pictures.read(job.item)
            uses.update(read.uses)
            labels, mask, pixels = set(read.uses), read.mask, read.pixels
            if mask is None:
                return None, None
            if size is not None and size_of(mask) != size:
                raise other_size(job.item.where, size_of(mask), size)
        line = MaskLine(
            name=job.name,
            size=size_of(mask),
            areas=areas_of(pixels, self.palette),
            source=job.item.source,
            signature=self._signature(job),
            labels={label: word for label in sorted(labels) if (word := self.claims.word(label))},
        )
        if read and isinstance(job.item, ColorLabels):
            line = replace(line, snapped=read.snapped, blended=read.blended, snapping=self.pictures.snapping)
        return line, mask

    def _painted(self, item: RegionLabels, size: Size) -> LabelMap:
        regions = item.regions_in(size)
        refuse_outside(regions, size, where=item.where)
        return label_map(regions, size, self.claims.index, self.order)

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


def _remove_unrecorded(destination: Destination) -> None:
    """Delete masks that an interrupted call wrote ahead of their records: nothing tells what they were made of."""
    for path in destination.partial.rglob("*.png"):
        if path.relative_to(destination.partial).as_posix() not in destination.done:
            path.unlink()


def _is_large(job: Job) -> bool:
    """Whether its picture is too large to build beside others; one that tells no size is reported when it is built."""
    try:
        if isinstance(job.item, RegionLabels):
            size = needed_size(job)
            return size is not None and size.width * size.height > LARGE
        return decoded_bytes(job.item.path) > 3 * LARGE
    except P2PError:
        return False
