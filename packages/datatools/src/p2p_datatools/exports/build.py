"""Exports a mask folder to a format of other tools: finds the masks and what their photos are called, and says how
they come back.

Nothing here may know what a format's files hold, or change a mask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import write_bytes
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import SUFFIXES, refuse_missing_folder, stem_of
from p2p_datatools.contract.files.relative import is_relative_name
from p2p_datatools.contract.mask_folder import MASK_LINES, MaskLine, look, read_mask_lines
from p2p_datatools.contract.names import PhotoFolder, without_suffix
from p2p_datatools.contract.palette import IGNORED, PALETTE_FILE, palette_of
from p2p_datatools.contract.partners.mask_photos import MaskPhotos
from p2p_datatools.contract.progress import MANY, QUIET, Reporter
from p2p_datatools.exports.record import EXPORT_LINES, ExportLine, read_export, write_export
from p2p_datatools.exports.table import EXPORT_FORMATS, FileOfAll, FilePerPicture, export_names
from p2p_datatools.exports.values import ExportClasses, classes_of
from p2p_datatools.exports.work import ExportJob, ExportResult, FileWork, JoinWork

_LONGEST_SUFFIX = ".json"  # of the files that a picture has in any format


@dataclass(frozen=True)
class MaskExportSummary:
    """What `export_masks` did: masks `made` in this call and `kept` from an earlier one, and `shapes` over all.

    `labels` is what to give to `build_masks` to get the masks back, with the photos if it `needs_photos`. Where
    `ignored` pixels are, they are regions of the label `ignored_label`, and `mapping` is the `--map` that they need, if
    any. `photos` is the folder below DEST where the format's tools look for the photos, None if that is not fixed.
    """

    format: str
    made: int
    kept: int
    shapes: int
    skipped: tuple[Skip, ...]
    ignored: int
    ignored_label: str
    mapping: dict[str, str]
    labels: Path
    photos: Path | None
    needs_photos: bool
    dest: Path


def export_masks(
    masks: Path | str,
    dest: Path | str,
    *,
    format: str,  # noqa: A002 - it is the option's name
    photos: Path | str | None = None,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> MaskExportSummary:
    """Write the masks of a mask folder into `dest` as labels of another tool: coco, labelme, cvat, yolo, voc, ...

    Outlines run along the edges of pixels, so that `build_masks` gives every pixel back. With `photos` the labels name
    those files, and a mask without photo, or of another size, fails; else the name that the masks' own labels gave the
    photo, or NAME.png. On a `dest` of the same format and classes new masks are added and others kept.

    Raises P2PError, and writes no `dest`, when a mask cannot be read, unless `keep_going`: then those are in `skipped`.
    Raises UsageError when `masks` is not a mask folder, or `dest` holds anything else.
    """
    masks, dest, photos = Path(masks), Path(dest), Path(photos) if photos else None
    form, classes = _form(format), _classes(masks)
    refuse_dest_inside(dest, masks, photos)
    with report.tell("finding photos"):
        jobs, skipped = _jobs(masks, MaskPhotos(masks, photos, report=report) if photos else None)
    settings = {"to": format, "classes": look(classes.palette), "ignored": classes.ignored}
    form.lists(classes, {}, ignored=True)  # raises for a class that they cannot name, before any work
    recipe = {"work": "export", **settings, "masks": str(masks.resolve()), "photos": str(photos and photos.resolve())}
    with Destination(dest, marker=EXPORT_LINES, recipe=recipe) as destination:
        old = read_export(dest, settings) if destination.exists else ("", {})
        result = _run(destination, old, jobs, form, classes, report)
        skipped += result.skipped
        if not (keep_going and result.lines):
            refuse(skipped, destination)
        if isinstance(form, FileOfAll) and (destination.partial / form.file).is_file():
            destination.record(form.file, {})
        sums = _add_up(result.lines, report)
        lists = form.lists(classes, sums.photos, ignored=sums.ignored > 0)
        if destination.exists and not result.made:  # a list may have been edited since, such as the paths in data.yaml
            lists = {file: data for file, data in lists.items() if not (dest / file).exists()}
        with report.tell("writing records"):
            destination.commit(lambda at: _write_records(at, settings, result, lists), skipped=skipped)
    return MaskExportSummary(
        format=format,
        made=result.made,
        kept=len(result.lines) - result.made,
        shapes=sums.shapes,
        skipped=tuple(skipped),
        ignored=sums.ignored,
        ignored_label=classes.ignored,
        mapping={classes.ignored: IGNORED} if sums.ignored and classes.ignored != IGNORED else {},
        labels=dest / form.labels,
        photos=None if form.photos is None else dest / form.photos,
        needs_photos=form.sizes == "none" or (form.sizes != "all" and sums.has_empty),
        dest=dest,
    )


def _form(name: str) -> FilePerPicture | FileOfAll:
    """The format of this name; raises UsageError if there is none."""
    if name not in EXPORT_FORMATS:
        known = f"Choose from {', '.join(export_names())}."
        raise UsageError(f"--format {name}", "is not a known format", known, code="unknown-format")
    return EXPORT_FORMATS[name]


class _Sums(NamedTuple):
    """Of all masks of an export: ignored pixels, shapes, whether some mask has none, and their photos by name."""

    ignored: int
    shapes: int
    has_empty: bool
    photos: dict[str, str]


def _add_up(lines: Mapping[str, ExportLine], report: Reporter) -> _Sums:
    ignored, shapes, has_empty, photos = 0, 0, False, dict[str, str]()
    for line in (lines[name] for name in report.track(sorted(lines), "adding up", len(lines), least=MANY)):
        ignored, shapes, has_empty = ignored + line.ignored, shapes + line.shapes, has_empty or not line.shapes
        photos[line.name] = line.photo
    return _Sums(ignored, shapes, has_empty, photos)


def _classes(masks: Path) -> ExportClasses:
    refuse_missing_folder(masks)
    palette = palette_of(masks)
    if palette is None:
        what = f"is not a mask folder, for it has no {PALETTE_FILE}"
        raise UsageError(masks, what, "Build one with 'p2p data build-masks'.", code="no-palette")
    return classes_of(palette)


def _jobs(masks: Path, photos: MaskPhotos | None) -> tuple[list[ExportJob], list[Skip]]:
    """The masks in the order of their names, and why some cannot be exported; with photos by the names of these."""
    folder = PhotoFolder(masks)
    folder.refuse_clashes()
    lines = read_mask_lines(masks) if (masks / MASK_LINES).is_file() else {}
    if not folder.names and not folder.strange:
        raise P2PError(masks, "has no masks", "Is it the right folder?", code="no-pictures")
    skipped = list(folder.strange)
    for name in sorted(lines.keys() - folder.names.keys()):
        what = f"is in {MASK_LINES}, but its mask is missing"
        skipped.append(Skip(str(masks / f"{name}.png"), what, "Build the masks again.", "missing-file"))
    if photos:
        jobs = [_job_of(path, photo, photos.folder) for path in folder.names.values() for photo in photos.of(path)]
        skipped += photos.skip_lost("Add it, or leave out --photos.")
    else:
        jobs = [ExportJob(name, path, _known_name(name, lines.get(name)), None) for name, path in folder.names.items()]
    what = "has a name that cannot be printed, or is too long for the files of its labels"
    to_do = "Rename it, and its photo."
    skipped += [Skip(str(job.mask), what, to_do, "unprintable-name") for job in jobs if not _can_name(job)]
    return sorted(filter(_can_name, jobs), key=lambda job: job.name), skipped


def _can_name(job: ExportJob) -> bool:
    return is_relative_name(job.name, suffix=_LONGEST_SUFFIX)


def _job_of(mask: Path, photo: Path, folder: Path) -> ExportJob:
    return ExportJob(stem_of(photo, folder), mask, photo.relative_to(folder).as_posix(), photo)


def _known_name(name: str, line: MaskLine | None) -> str:
    """A mask's name with the suffix that its labels gave the photo, where its record tells that; else with .png."""
    said = line.source.rpartition(": ")[2] if line else ""
    suffix = PurePosixPath(said).suffix
    is_told = line is not None and said != line.source and _base(without_suffix(said)) == _base(name)
    return name + (suffix if is_told and suffix.lower() in SUFFIXES else ".png")


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _run(
    destination: Destination,
    old: tuple[str, Mapping[str, ExportLine]],
    jobs: list[ExportJob],
    form: FilePerPicture | FileOfAll,
    classes: ExportClasses,
    report: Reporter,
) -> ExportResult:
    """Make the files of the jobs; `old` is what `read_export` says of DEST."""
    sha256, lines = old
    if isinstance(form, FileOfAll):
        return JoinWork(destination, lines, sha256, form, classes).run(jobs, report=report)
    work = FileWork(destination, lines, jobs, form, classes)
    done = work.run(jobs, "masks", len(jobs), report=report)
    return ExportResult(work.records(), done.made + done.resumed, done.skipped)


def _write_records(at: Path, settings: Mapping[str, Any], result: ExportResult, lists: Mapping[str, bytes]) -> None:
    """The lists, and last the record, since a folder with it counts as complete."""
    for file, data in lists.items():
        write_bytes(at / file, data)
    write_export(at, settings, result.sha256, (result.lines[name] for name in sorted(result.lines)))
