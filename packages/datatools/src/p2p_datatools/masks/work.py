"""The work of building masks: what each is painted from, what it depends on, and which existing ones are up to date.

Nothing here may plan which masks there are, or depend on how many threads build them.
"""

import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, Skip, error_of
from p2p_datatools.contract.exchanged import Ground, find_ground, share_along_edges
from p2p_datatools.contract.files.atomic import write_lines
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.mask_folder import (
    MASK_LINES,
    MaskLine,
    areas_of,
    line_from_json,
    read_mask_lines,
    refuse_other_palette,
    write_records,
)
from p2p_datatools.contract.palette import UNPAINTED, Palette
from p2p_datatools.contract.pictures.ground import refuse_other_place
from p2p_datatools.contract.pictures.images import LabelMap, read_mask, size_of, write_mask
from p2p_datatools.contract.pictures.index import NumberPieces, count_pieces, histogram
from p2p_datatools.contract.pictures.resize import resize_mask
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.progress import MANY, QUIET, Reporter
from p2p_datatools.labels.reach import Reaches
from p2p_datatools.labels.values import ColorLabels, IndexLabels, PictureLabels, Region, RegionFault, RegionLabels, Use
from p2p_datatools.masks.class_mapping import ClassMapping
from p2p_datatools.masks.label_kind import UnknownColorError
from p2p_datatools.masks.label_pictures import BY_IDS, PictureClasses, PictureReader
from p2p_datatools.masks.paint import PaintOrder, PaintResult, has_holes, paint_regions
from p2p_datatools.masks.plan import MaskJob, needed_size, other_size, strays_of

LEFT_OUT = "left_out.jsonl"  # in DEST: a line for each region that could not be painted
MASK_WEIGHT = 6  # bytes that a byte of a mask or of a decoded label picture may cost; snapping colours takes most


class MaskWork(Work[MaskJob, MaskLine, Size | None]):
    """The masks of one call; `uses` are the labels of the pictures that were read in it.

    `numbered` are those of the pictures whose numbers nothing names but the palette's ids. `grounds` are those of the
    pictures of two classes, by where these are. `strays` are the regions outside of their picture, `scaling` the sizes
    of label pictures that no class claims yet and that will be scaled, both by the name of the mask. `reaches` are how
    far regions of all pictures reach. `unknown` are the pictures with colours of no class, by where they are.
    """

    listing = MASK_LINES

    def __init__(
        self,
        destination: Destination,
        jobs: Sequence[MaskJob],
        claims: ClassMapping,
        pictures: PictureReader,
        order: PaintOrder,
        *,
        strict: bool = False,
        by_place: bool = False,
    ) -> None:
        self.jobs = {job.name: job for job in jobs}
        super().__init__(destination, _old_lines(destination, claims.palette), self.jobs)
        self.claims, self.palette, self.pictures, self.order = claims, claims.palette, pictures, order
        self.uses: dict[str, Use] = {}
        self.numbered: list[str] = []
        self.interpolated: list[str] = []
        self.grounds: dict[str, Ground] = {}
        self.pieces: dict[str, NumberPieces | None] = {}
        self.strays: dict[str, tuple[RegionFault, ...]] = {}
        self.scaling: dict[str, str] = {}
        self.reaches = Reaches()
        self.unknown: dict[str, UnknownColorError] = {}
        self.shared: dict[str, str] = {}
        self._strict, self._by_place = strict, by_place
        self._counting = threading.Lock()

    def list_sources(self, item: MaskJob) -> Sequence[str]:
        """Where its labels are."""
        return (item.item.where,)

    def weight(self, item: MaskJob) -> int:
        """From the size of the label picture, or of the mask that outlines are painted into."""
        if isinstance(item.item, PictureLabels):
            return MASK_WEIGHT * item.item.memory()
        size = item.item.size or needed_size(item)
        return MASK_WEIGHT * size.width * size.height if size else 0

    def sign(self, item: MaskJob) -> Size | None:
        """The size that it must have; the signature of the labels is in the job.

        Regions outside of their picture are found here, since masks that are kept have them, too.
        """
        size = needed_size(item)
        if isinstance(item.item, RegionLabels) and size is not None:
            labels = item.item.load()
            strays = strays_of(labels, size, strict=self._strict)
            self.reaches.add(item.name, labels, labels.size_in(size), size)
            if strays:
                self.strays[item.name] = strays
            if shared := self._find_shared(labels.regions):
                self.shared[item.name] = shared
        return size

    def is_current(self, record: MaskLine, item: MaskJob, signature: Size | None) -> bool:
        """Whether the labels are the same, mean the same, and the photo has the size it had."""
        if record.faults and self._strict:
            raise error_of(RegionFault(**record.faults[0]))
        return (
            self._has_same_labels(record, item)
            and signature in (None, record.size)
            and record.exif == self._exif(item)
            and (not record.snapped or record.snapping == self.pictures.snapping)
            and not self._may_be_colors_now(record, item.item)
            and all(self.claims.word(label) == word for label, word in record.labels.items())
            and self._calls_alike(record, item.item)
        )

    def _has_same_labels(self, record: MaskLine, job: MaskJob) -> bool:
        """Whether the labels are what they were, and what `--format` says of them is what they were judged to be."""
        if record.signature == self._signature(job):
            return True
        is_read_alike = _has_numbers(record) is isinstance(job.item, IndexLabels)
        forms = [(judged, former) for judged in (False, is_read_alike) for former in (False, True)]
        return any(record.signature == self._signature(job, judged=judged, former=former) for judged, former in forms)

    def _may_be_colors_now(self, record: MaskLine, item: RegionLabels | PictureLabels) -> bool:
        """Whether a picture that was read as numbers may be one of colours by what `--map` says since."""
        is_new = record.snapping != self.pictures.snapping
        return is_new and _has_numbers(record) and self.pictures.may_be_colors(item)

    def _calls_alike(self, record: MaskLine, item: RegionLabels | PictureLabels) -> bool:
        """Whether the numbers or colours of a picture have the labels that they had."""
        had = {value: label for value, (label, _) in record.values.items()}
        return not isinstance(item, PictureLabels) or self.pictures.labels_of(item, had) == had

    def make(
        self, item: MaskJob, signature: Size | None, known: MaskLine | None, *, stands: bool
    ) -> Output[MaskLine] | None:
        """Paint or read the mask; only the user may delete one that stands and was built from other labels."""
        if stands:
            what = (
                "its labels, --format, --map, --order, --page, --exif or --tolerance have changed since "
                f"{self.destination.dest / item.name}.png was built"
            )
            to_do = "Delete that mask and build again, or choose another destination."
            raise P2PError(item.item.where, what, to_do, code="source-changed")
        if isinstance(item.item, RegionLabels):
            item = replace(item, item=item.item.load())
        line, mask = self._build(item, signature)
        return Output([line.file], partial(self._write, line, mask))

    def read_record(self, file: str, value: dict[str, Any]) -> MaskLine:
        """The line of masks.jsonl."""
        return line_from_json(value)

    def record_of(self, name: str) -> MaskLine:
        """The line of a mask, with the split that its labels give now: it does not depend on that."""
        line, job = super().record_of(name), self.jobs.get(name)
        return line if job is None or job.item.split == line.split else replace(line, split=job.item.split)

    def edges_of(self, some: Sequence[MaskLine]) -> NDArray[np.float64]:
        """What share of the pixels along the edges of some of the masks each class has, (256,), made now or before."""
        both = [(self.destination.path(line.file), self.destination.dest / line.file) for line in some]
        masks = [read_mask(made if made.is_file() else kept, self.palette) for made, kept in both]
        return np.asarray(np.mean([share_along_edges(mask) for mask in masks], axis=0))

    def _write(self, line: MaskLine, mask: LabelMap, paths: Sequence[Path]) -> MaskLine:
        write_mask(paths[0], mask, self.palette, durable=False)
        return line

    def _find_shared(self, regions: Sequence[Region]) -> str:
        """The first region that stands there once for each of several labels, which are painted as several classes."""
        words = [(region, self.claims.word(region.label)) for region in regions]
        painted = [(region, word) for region, word in words if word not in (None, UNPAINTED)]
        for (one, word), (other, other_word) in pairwise(painted):
            if word != other_word and _are_one(one, other):
                return f"{one.place} ({one.label}, {other.label})"
        return ""

    def _signature(self, job: MaskJob, *, judged: bool = False, former: bool = False) -> str:
        """What a mask depends on, except for the classes of its labels.

        `judged` gives what it is without --format, `former` what earlier versions wrote.
        """
        page = job.read.page if isinstance(job.item, PictureLabels) else None
        own = job.item.former_signature if former else job.item.signature
        own = f"{own}, page {page}" if page else own
        if isinstance(job.item, IndexLabels | ColorLabels) and not (judged or job.item.judge):
            own += " as colors" if isinstance(job.item, ColorLabels) else " as index"
        if self.order != "palette":
            return f"{own} in the order of annotation"
        return f"{own} with holes" if self._has_holes(job.item) else own

    def _exif(self, job: MaskJob) -> str:
        """What the mask's record says of EXIF: where its photo is not turned, no other may be paired with it."""
        return "raw" if job.photo and job.read.exif == "raw" else ""

    def _has_holes(self, item: RegionLabels | PictureLabels) -> bool:
        return isinstance(item, RegionLabels) and has_holes(self.claims.index(each.label) for each in item.regions)

    def _build(self, job: MaskJob, size: Size | None) -> tuple[MaskLine, LabelMap]:
        if isinstance(job.item, RegionLabels):
            assert size is not None, "needed_size gives the size of regions"
            mask, reordered = self._paint(job.item, size)
            own = size if job.item.relative else job.item.size_in(size)
            line = self._line(job, mask, histogram(mask), {region.label for region in job.item.regions}, own)
            return replace(line, reordered=reordered), mask
        read, mask = self._read_picture(job.item, job, size)
        pixels = read.pixels
        if size not in (None, read.size):
            mask = resize_mask(mask, size)
            pixels = histogram(mask)
        line = replace(
            self._line(job, mask, pixels, set(read.uses), read.size),
            values=read.values,
            decided_by=read.decided_by,
            faults=tuple(vars(fault) for fault in read.faults),
            undecided=read.undecided,
            table=read.table,
        )
        if isinstance(job.item, ColorLabels) or read.snapped or self.pictures.may_be_colors(job.item):
            line = replace(line, snapped=read.snapped, blended=read.blended, snapping=self.pictures.snapping)
        return line, mask

    def _line(
        self, job: MaskJob, mask: LabelMap, pixels: NDArray[np.int64], labels: Set[str], own: Size | None
    ) -> MaskLine:
        """What every record says; `own` is the size of the labels themselves."""
        size = size_of(mask)
        return MaskLine(
            name=job.name,
            size=size,
            areas=areas_of(pixels, self.palette),
            source=job.item.source,
            signature=self._signature(job),
            labels={label: word for label in sorted(labels) if (word := self.claims.word(label))},
            scaled=str(own) if own not in (None, size) else "",
            split=job.item.split,
            exif=self._exif(job),
        )

    def _read_picture(self, item: PictureLabels, job: MaskJob, size: Size | None) -> tuple[PictureClasses, LabelMap]:
        """The job's label picture, and the mask in its own size; raises P2PError where that is not a mask of `size`."""
        try:
            read = self.pictures.read(item)
        except UnknownColorError as error:
            self.unknown[item.where] = error
            raise
        self._count(read, item.where)
        if read.faults and self._strict:
            raise error_of(read.faults[0])
        if size is not None and read.size != size and not is_same_shape(read.size, size):
            header = job.photo_header()
            raise other_size(item.where, read.size, size, header.orientation if header else 1)
        if self._by_place and job.photo:
            refuse_other_place((item.path, job.photo), job.read)
        if read.mask is None:
            if size not in (None, read.size):
                self.scaling[job.name] = f"{read.size} to {size}"
            # The call ends with all such labels of all pictures, which `uses` counts.
            what = "has labels that no class claims"
            raise P2PError(item.where, what, "Say what they are with --map.", code="unclaimed-label")
        return read, read.mask

    def _count(self, read: PictureClasses, where: str) -> None:
        ground = None if read.mask is None else find_ground(read.mask)
        by_ids = read.mask is not None and read.decided_by == BY_IDS and not self.claims.ids_are_meant
        pieces = count_pieces(read.mask) if by_ids and read.mask is not None else None
        with self._counting:
            if by_ids:
                self.pieces[where] = pieces
            for label, use in read.uses.items():
                self.uses[label] = self.uses.get(label, Use()) + use
            if read.decided_by == BY_IDS:
                self.numbered.append(where)
            if read.interpolated:
                self.interpolated.append(where)
            if ground is not None:
                self.grounds[where] = ground

    def _paint(self, item: RegionLabels, size: Size) -> PaintResult:
        """The mask, and in how many pixels the order of annotation would give another class."""
        # A drawn mask has pixels, and so has to be painted in its own size and scaled with all that lies on it.
        is_drawn = any(region.runs for region in item.regions)
        own = item.size_in(size) if is_drawn and not item.relative else size
        painted = paint_regions(item.regions_in(own), own, self.claims.index, self.order)
        return PaintResult(resize_mask(painted.mask, size), painted.reordered)

    def commit(
        self,
        lines: Mapping[str, MaskLine],
        skipped: Sequence[Skip],
        faults: Sequence[RegionFault],
        *,
        report: Reporter = QUIET,
    ) -> None:
        """Move the masks to DEST, with a list of the regions left out."""

        def write(folder: Path) -> None:
            names = report.track(sorted(lines), "writing records", len(lines), least=MANY)
            write_records(folder, self.palette, (lines[name] for name in names))
            if faults:
                write_lines(folder / LEFT_OUT, (vars(fault) for fault in faults))
            else:
                (folder / LEFT_OUT).unlink(missing_ok=True)

        self.destination.commit(write, skipped=skipped)


def _has_numbers(record: MaskLine) -> bool:
    """Whether a mask was made of class numbers."""
    return any(map(is_digits, record.values))


def _are_one(one: Region, other: Region) -> bool:
    """Whether two regions are one shape, which the labels have once."""
    shapes = [[*(each.outer for each in r.polygons), *(each.counts for each in r.runs)] for r in (one, other)]
    return (
        one.place == other.place != ""
        and len(shapes[0]) == len(shapes[1])
        and all(map(np.array_equal, shapes[0], shapes[1]))
    )


def _old_lines(destination: Destination, palette: Palette) -> dict[str, MaskLine]:
    """The lines of DEST, by name."""
    if not destination.exists:
        return {}
    refuse_other_palette(destination.dest, palette)
    return read_mask_lines(destination.dest)
