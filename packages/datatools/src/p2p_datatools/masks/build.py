"""Builds a mask folder: an indexed PNG for every picture with labels, the palette, and a record of each mask.

Nothing here may know a label format or guess what a label means; the readers and the class mapping do.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import SUFFIXES, LeftOut, find_pictures, links_out
from p2p_datatools.contract.files.work import Summary
from p2p_datatools.contract.mask_folder import MASK_LINES, MaskLine, look
from p2p_datatools.contract.matching import BY_STEM
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.manifest import refuse_pairs_as_photos
from p2p_datatools.contract.palette import BACKGROUND, IGNORED, Palette, color_words
from p2p_datatools.contract.pictures.ground import judge_places, spread
from p2p_datatools.contract.pictures.kinds import is_label_picture
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE
from p2p_datatools.contract.progress import MANY, QUIET, Reporter
from p2p_datatools.contract.words import name_first, plural
from p2p_datatools.labels.formats.pictures.class_names import NO_CLASS
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import LabelSet, PictureLabels, RegionFault, RegionLabels
from p2p_datatools.masks.class_mapping import NODATA, TRANSPARENT, UNDECIDED, ClassMapping, settle_ids
from p2p_datatools.masks.foretell import foretell, foretell_plan
from p2p_datatools.masks.label_pictures import PictureReader
from p2p_datatools.masks.paint import PaintOrder
from p2p_datatools.masks.plan import Empty, MaskJob, RegionRules, count_kinds, is_empty, photo_folder, plan_masks
from p2p_datatools.masks.questions import (
    check_mapping,
    knows_ids,
    refuse_unknown_colors,
    refuse_unknown_sources,
    settle_guesses,
)
from p2p_datatools.masks.refuse_photos import refuse_photos_as_labels
from p2p_datatools.masks.shapes import settle_boxes, settle_rings
from p2p_datatools.masks.siblings import find_photos, leave_out_photos
from p2p_datatools.masks.snap_sheet import prepare_snapped, refuse_picture
from p2p_datatools.masks.totals import MaskTotals
from p2p_datatools.masks.unclaimed import refuse_unclaimed
from p2p_datatools.masks.work import MaskWork

# Kinds of errors that usually hold for all pictures of a folder, which is then not what it was taken for.
_OF_FOLDERS = frozenset(
    {
        *("soft-mask", "inexact-areas", "hidden-colours", "other-colour-table", "unlisted-number", "depth"),
        *("number-names", "doubted-ids", "pairs-as-half", "exchanged-colours"),
    }
)
# Kinds that hold for all pictures of a folder where none is left.
_OF_ALL = _OF_FOLDERS | {"several-labels"}
_BY = {TRANSPARENT: "transparency", UNDECIDED: "no class near", NODATA: "no data"}


@dataclass(frozen=True)
class Decision:
    """What a number or colour in pictures of labels was taken for: its label, the class, and the share of all pixels.

    `decided_by` tells what said so: a colour table, a list of names, the palette's ids or colours, or --map.
    """

    value: str
    label: str
    becomes: str
    share: float
    decided_by: str


@dataclass(frozen=True)
class MaskSummary:
    """What `build_masks` did: `areas` are pixels by class over all masks in `dest`, `unseen` the classes without any.

    `built` masks are new, `kept` ones existed; `photos_without_labels` counts photos that no label belongs to. Where
    the labels are colours, `snapped` pixels had the colour of no class; `blended` of them were not near any class, and
    the mask `most_blended` has the largest share of those. `decisions` are all numbers and colours of pictures, the
    common ones first. In `reordered` pictures more than a hundredth of the pixels would have another class in the order
    of annotation; `most_reordered` has the largest share of them. `faults` are the regions that were left out, and
    `faulty` counts them by the code of their kind; they are listed in DEST/left_out.jsonl, too. `empty` masks are all
    background, since the labels list their picture without objects. `scaled` masks have the size of their photo and
    not that of their labels; `first_scaled` tells one of them. `left_out` are files of PHOTOS, and of a folder of label
    pictures, that are not read. `photos` is the folder of the photos, given or found beside the labels. `splits` counts
    the masks by the split that the labels give their pictures.
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
    decisions: tuple[Decision, ...]
    reordered: int
    most_reordered: str | None
    faults: tuple[RegionFault, ...]
    faulty: dict[str, int]
    empty: int
    scaled: int
    first_scaled: str | None
    splits: dict[str, int]
    dest: Path
    photos: Path | None
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class SnapOptions:
    """How colours are snapped: how far one may be from that of a class, and the file of a picture that shows where."""

    tolerance: int = TOLERANCE
    picture: Path | None = None


@dataclass(frozen=True)
class PaintOptions:
    """How labels are painted: the order in which regions cover each other, and how colours of no class are treated.

    `match` says which photo a label has, as `masks.partners.match_photos` does. With `strict` a region that cannot be
    painted costs its picture; otherwise it is left out, counted and listed. `empty` is what becomes of pictures that
    the labels list without objects: background, if others have objects (`auto`) or in any case, or an `error`. `read`
    says which page of files with several is read, and whether EXIF turns photos. `threads` masks are painted at a time
    (one per core by default); their number does not change the result.
    """

    order: PaintOrder = "palette"
    snapping: SnapOptions = field(default_factory=SnapOptions)
    threads: int | None = None
    match: str = BY_STEM
    read: ReadOptions = AS_USUAL
    strict: bool = False
    empty: Empty = "auto"


_AS_USUAL = PaintOptions()


def build_masks(
    labels: Path | str,
    dest: Path | str,
    *,
    palette: Palette,
    photos: Path | str | None = None,
    format: str = "auto",  # noqa: A002 - it is the option's name
    mapping: Mapping[str, str] | None = None,
    how: PaintOptions = _AS_USUAL,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> MaskSummary:
    """Build the masks of `labels` (a file or folder of any known format) into the mask folder `dest`.

    With `photos`, a mask has its photo's name and size; without them, they are looked for in a folder beside the labels
    (see `masks.siblings`). With the order `annotation` what the labelling tool shows on top is on top, otherwise the
    class that comes later in the palette. Existing masks whose labels are unchanged are kept. Colours of no class are
    changed to that of a class (see `SnapOptions`). Raises P2PError for labels without a class and for pictures that
    cannot be built, unless `keep_going`; UsageError when `dest` holds something else.
    """
    labels, dest, photos = Path(labels), Path(dest), Path(photos) if photos else None
    inputs = _read_inputs(labels, dest, photos, palette, format, mapping or {}, how, report)
    recipe = _recipe(labels, inputs.folder, palette, how)
    with Destination(dest, marker=MASK_LINES, recipe=recipe, cheap=True) as destination:
        work = MaskWork(
            *(destination, inputs.jobs, inputs.claims, inputs.pictures, how.order),
            strict=how.strict,
            by_place=judge_places(_spread_files(inputs.jobs), how.read, report),
        )
        done = work.run(inputs.jobs, "masks", len(inputs.jobs), threads=how.threads, report=report)
        work.note_rest(report)
        lines, skipped = work.records(), [*inputs.skipped, *done.skipped]
        each = report.track(lines.values(), "adding up", len(lines), least=MANY)
        totals = MaskTotals(each, work.jobs, palette)
        with foretell(work, skipped, lines, report):
            check_mapping(work, lines, totals, inputs.found, labels, report, failed=bool(done.skipped))
        _note_found(work, totals, labels, report)
        if not (keep_going and lines):
            _refuse_skipped(work, skipped, labels, destination)
        there = _without(inputs.jobs, lines, skipped)
        faults = (*inputs.found.faults, *(fault for job in there for fault in _faults(job, work, totals)))
        drawing = how.snapping.picture and prepare_snapped(how.snapping.picture, inputs.jobs, inputs.pictures, lines)
        work.commit(lines, skipped, faults, report=report)
    if drawing:
        drawing()
    return _sum_up(inputs, work, totals, done, skipped, faults, there)


def _note_found(work: MaskWork, totals: MaskTotals, labels: Path, report: Reporter) -> None:
    """Note what may be wrong with labels that were painted."""
    _note_upright(totals.turned, report)
    for line in work.reaches.notes(str(labels)):
        report.note(line)
    _note_shared(work.shared, labels, report)


def _refuse_skipped(work: MaskWork, skipped: Sequence[Skip], labels: Path, destination: Destination) -> None:
    """Raise P2PError where a picture was skipped: for what they have in common, or else for all."""
    refuse_unknown_colors(work, skipped, labels)
    _refuse_alike(skipped, _OF_FOLDERS if work.jobs else _OF_ALL)
    refuse(skipped, destination)


@dataclass(frozen=True)
class _Inputs:
    """What masks are built from: labels as read, their photos, the class of each label, and a job for each mask."""

    found: LabelSet
    folder: PhotoFolder | None
    claims: ClassMapping
    pictures: PictureReader
    jobs: list[MaskJob]
    skipped: list[Skip]
    left_out: tuple[LeftOut, ...]


def _read_inputs(
    labels: Path,
    dest: Path,
    photos: Path | None,
    palette: Palette,
    format: str,  # noqa: A002 - it is the option's name
    mapping: Mapping[str, str],
    how: PaintOptions,
    report: Reporter,
) -> _Inputs:
    """The inputs of `build_masks`; raises its errors, but for those of single pictures."""
    with report.tell("reading labels"):
        found = _read(labels, format, mapping, report)
        found = settle_guesses(found, labels, palette, mapping, report)
        photos = photos or find_photos(labels, found, dest, how.match, report)
    _refuse_wrong(how, found, labels, photos, dest)
    rules = RegionRules(how.strict, how.empty, palette.classes[0])
    with foretell_plan(found, photos, how.read, rules, how.match, report):
        claims = _claims(found, palette, mapping, labels)
        chosen, page = "" if format == "auto" else f" --format {format}", how.read.page
        claims.read_as = f"{chosen} --page {page}" if page else chosen
        refuse_unclaimed(claims, found.labels, where=str(labels))
        if line := claims.say_globs(found.labels):
            report.note(line)
    with report.tell("finding photos"):
        folder = photo_folder(photos, found, report) if photos else None
        left_out = _note(labels, found, folder, report)
        pictures = PictureReader(claims, mapping, how.snapping.tolerance)
        refuse_photos_as_labels(found, labels, pictures)
        jobs, skipped = plan_masks(found, folder, how.read, rules, match=how.match, report=report)
    return _Inputs(found, folder, claims, pictures, jobs, skipped, left_out)


def _sum_up(
    inputs: _Inputs,
    work: MaskWork,
    totals: MaskTotals,
    done: Summary,
    skipped: Sequence[Skip],
    faults: tuple[RegionFault, ...],
    there: Iterable[MaskJob],
) -> MaskSummary:
    matched = {job.photo for job in inputs.jobs}
    return MaskSummary(
        format=inputs.found.format,
        built=done.made + done.resumed,
        kept=done.kept,
        skipped=tuple(skipped),
        unseen=tuple(name for name in work.palette.names if not totals.areas[name]),
        areas=dict(totals.areas),
        photos_without_labels=len(inputs.folder.names) - len(matched) if inputs.folder else 0,
        faults=faults,
        faulty=dict(Counter(fault.code for fault in faults).most_common()),
        empty=sum(is_empty(job.item) for job in there),
        decisions=_decisions(inputs.claims, totals),
        snapped=totals.snapped,
        blended=totals.blended,
        most_blended=totals.most_blended,
        reordered=totals.reordered,
        most_reordered=totals.most_reordered,
        splits=dict(totals.splits),
        scaled=totals.scaled,
        first_scaled=totals.first_scaled,
        dest=work.destination.dest,
        photos=inputs.folder.folder if inputs.folder else None,
        left_out=inputs.left_out,
    )


def _without(jobs: Iterable[MaskJob], lines: Mapping[str, MaskLine], skipped: Iterable[Skip]) -> list[MaskJob]:
    """The jobs whose mask is there, without those that failed in this call."""
    failed = {skip.where for skip in skipped}
    return [job for job in jobs if job.name in lines and job.item.where not in failed]


def _faults(job: MaskJob, work: MaskWork, totals: MaskTotals) -> tuple[RegionFault, ...]:
    """The regions of a picture that are left out: as read, for where they lie, and segments without pixels."""
    own, recorded = job.item.faults if isinstance(job.item, RegionLabels) else (), totals.faults.get(job.name, ())
    return (*own, *work.strays.get(job.name, ()), *(RegionFault(**fault) for fault in recorded))


def _left_out(labels: Path, found: LabelSet, folder: PhotoFolder | None) -> tuple[LeftOut, ...]:
    """Files that are neither photos nor, in a folder of label pictures, labels."""
    others = [folder.others] if folder else []
    inside = folder is not None and labels.resolve().is_relative_to(folder.folder.resolve())
    if found.are_pictures and labels.is_dir() and not inside:
        others.append(LeftOut(labels))
        read = {path.suffix.lower() for path in _files_of(found)}
        find_pictures(labels, SUFFIXES | read, strange=[], others=others[-1])
    return tuple(others)


def _refuse_wrong(how: PaintOptions, found: LabelSet, labels: Path, photos: Path | None, dest: Path) -> None:
    """Raise UsageError for options that change nothing here, and for a destination among what is read."""
    refuse_picture(how.snapping.picture, again=(dest / MASK_LINES).is_file())
    refuse_dest_inside(dest, photos, labels if found.are_pictures else None)
    if photos:
        refuse_pairs_as_photos(photos)
    if how.order != "palette" and found.are_pictures:
        what = "needs outlines, but the labels are pictures"
        raise UsageError(f"--order {how.order}", what, "Leave it out.", code="needless-option")
    if how.match != BY_STEM and photos is None:
        what = "says which photo a label has, but there are no photos"
        raise UsageError(f"--match {how.match}", what, "Give them with --photos.", code="needless-option")


def _read(labels: Path, format: str, mapping: Mapping[str, str], report: Reporter) -> LabelSet:  # noqa: A002 - as above
    """The labels that masks are painted from; notes what was recognised, and what the reader remarked."""
    found = leave_out_photos(read_labels(labels, format), labels)
    for line in (*([f"{labels}: recognised as {found.format}."] if format == "auto" else []), *found.notes):
        report.note(line)
    for settle in (settle_ids, settle_boxes, settle_rings):
        found = settle(found, labels, mapping, report)
    return found


def _claims(found: LabelSet, palette: Palette, mapping: Mapping[str, str], labels: Path) -> ClassMapping:
    """Which class claims each label; some may be claimed by none."""
    known = color_words(palette) if found.are_colors else {}
    known |= dict.fromkeys((*found.ignored, NO_CLASS), IGNORED)
    if found.are_pictures:
        known[TRANSPARENT] = BACKGROUND
        known |= {UNDECIDED: IGNORED, NODATA: IGNORED}
    unit = "pixel" if found.are_pictures and not found.labels else "region"
    claims = ClassMapping(palette, mapping, numbers=found.are_numbers, known=known, unit=unit)
    claims.knows_ids = knows_ids(found, palette)
    refuse_unknown_sources(found, mapping, palette, labels)
    return claims


def _refuse_alike(skipped: Sequence[Skip], kinds: Set[str]) -> None:
    """Raise one P2PError where all that failed is of one of the kinds, and read in the same wrong way."""
    codes = {skip.code for skip in skipped}
    if len(skipped) > 1 and len(codes) == 1 and codes <= kinds:
        first, code = skipped[0], skipped[0].code
        raise P2PError(name_first(first.where, len(skipped), "picture"), first.what, first.to_do, code=code)


def _decisions(claims: ClassMapping, totals: MaskTotals) -> tuple[Decision, ...]:
    """What each number and colour of all pictures was taken for."""
    pixels: Counter[tuple[str, str, str, str]] = Counter()
    for (value, label, word, by), count in totals.value_uses.items():
        pixels[value, label, word, "--map" if claims.is_mapped(label) else _BY.get(label) or by] += count
    total = pixels.total()
    ordered = sorted(pixels.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Decision(value, label, word, count / total, by) for (value, label, word, by), count in ordered)


def _spread_files(jobs: Sequence[MaskJob]) -> list[tuple[Path, Path]]:
    """Some of the label pictures, and the photos they are for."""
    some = spread([job for job in jobs if job.photo and isinstance(job.item, PictureLabels)])
    return [(job.item.path, job.photo) for job in some if job.photo and isinstance(job.item, PictureLabels)]


def _recipe(labels: Path, folder: PhotoFolder | None, palette: Palette, how: PaintOptions) -> dict[str, Any]:
    # Without aliases, ids and --map: a user corrects those and continues, and each mask's record has what they were.
    return {
        "work": "masks",
        "labels": str(labels.resolve()),
        "photos": str(folder.folder.resolve()) if folder else None,
        "palette": look(palette),
        "order": how.order,
        **how.read.to_json(),
    }


def _note_upright(turned: Sequence[MaskJob], report: Reporter) -> None:
    """Note labels that tell width and height the other way round, but are drawn on the photo as it is seen."""
    if turned:
        number = plural(len(turned), "picture has", "pictures have")
        report.note(
            f"{turned[0].item.where}: {number} width and height the other way round in the labels (the sensor's, or a "
            "program's slip), but outlines that fit only the photo as it is seen: taken as drawn on that."
        )


def _note_shared(shared: Mapping[str, str], labels: Path, report: Reporter) -> None:
    """Note regions that have labels of several classes, of which only one can be seen."""
    if shared:
        number = plural(len(shared), "picture has", "pictures have")
        report.note(
            f"{labels}: {number} regions with labels of several classes; the first: {min(shared.items())[1]}. Each is "
            "painted once for each label, so that the class that is painted last is seen."
        )


def _files_of(found: LabelSet) -> list[Path]:
    return [item.path for item in found.items if isinstance(item, PictureLabels)]


def _note_pictures_beside(labels: Path, found: LabelSet, folder: PhotoFolder | None, report: Reporter) -> None:
    """Note label pictures in a folder of outlines whose photos lie elsewhere: they may be the masks that are meant."""
    if found.are_pictures or folder is None or not labels.is_dir():
        return
    known = {*found.beside}
    beside = [path for path in find_pictures(labels, strange=[]) if path not in known]
    used = {path.resolve() for path in folder.names.values()} if beside else set()
    if beside and used.isdisjoint(path.resolve() for path in beside) and is_label_picture(beside[0]):
        number = plural(len(beside), "picture lies", "pictures lie")
        report.note(
            f"{labels}: {number} beside the labels and {'is' if len(beside) == 1 else 'are'} not read; the first is "
            f"{beside[0].relative_to(labels)}. If the labels are these, add --format index or --format colors."
        )


def _note_links(folder: Path, files: Iterable[Path], report: Reporter) -> None:
    """Note which files lie elsewhere: links are followed, since a user may combine several sets by links."""
    if folder.is_dir() and (links := links_out(folder, files)):
        report.note(
            f"{folder}: {plural(len(links), 'file is a link', 'files are links')} to the outside; "
            f"the first is {links[0]} to {links[0].resolve()}."
        )


def _note(labels: Path, found: LabelSet, folder: PhotoFolder | None, report: Reporter) -> tuple[LeftOut, ...]:
    """Note which files are links, and what is left out, of which those that are not read are returned."""
    _note_links(labels, _files_of(found), report)
    if folder:
        _note_links(folder.folder, folder.names.values(), report)
    unread = _left_out(labels, found, folder)
    for each in unread:
        each.say(report)
    _note_pictures_beside(labels, found, folder, report)
    without_area: Counter[str] = Counter()
    for item in found.items:
        without_area.update(item.without_area if isinstance(item, RegionLabels) else {})
    if without_area:
        report.note(f"Not painted, because they have no area: {count_kinds(without_area)}.")
    photos = set(folder.names.values()) if folder else set()
    if left_out := [path for path in found.left_out if path not in photos]:
        report.note(
            f"{plural(len(left_out), 'picture is', 'pictures are')} left out, because the format blends class numbers; "
            f"the first is {left_out[0]}."
        )
    return unread
