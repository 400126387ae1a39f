"""Tells beside a question about numbers or colours what its answer would lead to, so that one command can answer all.

Nothing here may decide what becomes of a picture: that is known from the same work that the question stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import LabelSet, RegionLabels
from p2p_datatools.masks.plan import MaskJob, RegionRules, needed_size, photo_folder, plan_masks
from p2p_datatools.masks.work import MaskWork

_MOST_KINDS = 5  # of failures that are told; the same command tells the others when these are corrected


@contextmanager
def foretell(
    work: MaskWork, skipped: Sequence[Skip], lines: Mapping[str, MaskLine], report: Reporter
) -> Iterator[None]:
    """Where a question raises P2PError, note which pictures would fail whatever its answer, and which be scaled."""
    try:
        yield
    except P2PError:
        _foretell_failures(skipped, report)
        scaled = {line.name: f"{line.scaled} to {line.size}" for line in lines.values() if line.scaled}
        _foretell_scaling(scaled | work.scaling, report)
        raise


@contextmanager
def foretell_plan(
    found: LabelSet, photos: Path | None, read: ReadOptions, rules: RegionRules, match: str, report: Reporter
) -> Iterator[None]:
    """The same where names of labels are asked about, which is before there is any work: sizes and photos tell it."""
    try:
        yield
    except P2PError:
        with suppress(P2PError):  # the question comes first, whatever else is wrong
            folder = photo_folder(photos, found) if photos else None
            jobs, skipped = plan_masks(found, folder, read, rules, match=match, report=report)
            scaling: dict[str, str] = {}
            for job in jobs:
                try:
                    if scaled := _size_change_of(job):
                        scaling[job.name] = scaled
                except P2PError as error:
                    skipped.append(skip_of(error, job.item.where))
            _foretell_failures(skipped, report)
            _foretell_scaling(scaling, report)
        raise


def _size_change_of(job: MaskJob) -> str:
    """From which size to which the regions of a mask will be scaled; empty if they are of the size of their mask."""
    size, item = needed_size(job), job.item
    if size and isinstance(item, RegionLabels) and not item.relative and item.size_in(size) != size:
        return f"{item.size} to {size}"
    return ""


def _foretell_failures(skipped: Sequence[Skip], report: Reporter) -> None:
    kinds: dict[str, list[Skip]] = {}
    for skip in skipped:
        if skip.code != "unclaimed-label":  # the question itself
            kinds.setdefault(skip.code, []).append(skip)
    for alike in list(kinds.values())[:_MOST_KINDS]:
        more = f" The same holds for {plural(len(alike) - 1, 'more picture')}." if len(alike) > 1 else ""
        report.note(f"{alike[0]}{more}")


def _foretell_scaling(scaled: Mapping[str, str], report: Reporter) -> None:
    if scaled:
        name, sizes = min(scaled.items())
        masks = plural(len(scaled), "mask")
        report.note(f"{masks} would be scaled from the size of the labels to that of the photo, {name}: {sizes}.")
