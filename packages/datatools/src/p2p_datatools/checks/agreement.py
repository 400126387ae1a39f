"""Compares two mask folders picture by picture, and measures how much they agree, at outlines and away from them.

Nothing here may decide which of the two is right, or change either.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding, P2PError, UsageError, error_of, finding_of
from p2p_datatools.contract.files.listing import find_pictures, refuse_missing_folder, stem_of
from p2p_datatools.contract.palette import IGNORE, IGNORED, PALETTE_FILE, Palette, palette_of
from p2p_datatools.contract.partners.join import Leftovers, same_name
from p2p_datatools.contract.partners.mask_photos import join_masks
from p2p_datatools.contract.pictures.images import LabelMap, read_mask, size_of
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import path_word


@dataclass(frozen=True)
class ClassAgreement:
    """A class over all pictures: its pixels `here` and `there`, and `iou`, the share of both that is in both.

    `iou` is None for a class that neither has.
    """

    name: str
    here: int
    there: int
    iou: float | None


@dataclass(frozen=True)
class PictureAgreement:
    """One picture: the share of its pixels that differ, and of those farther than a pixel from any outline."""

    name: str
    differing: float
    differing_inside: float


@dataclass(frozen=True)
class Comparison:
    """How much the masks of two folders agree; the shares are over all pictures, the most different one first."""

    compared: int
    differing: float
    differing_inside: float
    classes: tuple[ClassAgreement, ...]
    pictures: tuple[PictureAgreement, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every mask could be compared; how much they differ is for a person to judge."""
        return all(finding.severity != "error" for finding in self.findings)


def compare(
    path: Path | str, other: Path | str, *, palette: Palette | None = None, report: Reporter = QUIET
) -> Comparison:
    """Compare the masks in `path` with those of the same names in `other`.

    A folder without palette.toml is read by `palette`. Raises UsageError when the two have other classes, and P2PError
    when there is nothing to compare.
    """
    here, there = _Masks(Path(path), palette), _Masks(Path(other), palette)
    if set(here.palette.names) != set(there.palette.names):
        what = f"has the classes {', '.join(here.palette.names)}, but {other} has {', '.join(there.palette.names)}"
        first, rebuilt = (path, other) if palette_of(here.folder) else (other, path)
        file = Path(first) / PALETTE_FILE
        command = f"p2p data build-masks {path_word(rebuilt)} NEW --palette {path_word(file)}"
        to_do = f"Build both with one palette, as {command} does, which asks about classes of other names."
        raise UsageError(path, what, to_do, code="other-palette")
    matched, left = join_masks(here.folder, there.folder, [], [], report=report)
    for side in left:
        for files in side.twice.values():
            raise error_of(same_name(files))
    findings = [*_alone(left[0], there.folder), *_alone(left[1], here.folder)]
    tally = _Tally(here.palette)
    for one, other in report.track(matched.values(), "masks", len(matched)):
        try:
            theirs = _reorder(read_mask(other, there.palette), there.palette, here.palette)
            tally.add(stem_of(one, here.folder), read_mask(one, here.palette), theirs)
        except P2PError as error:
            findings.append(finding_of(error, one))
    return tally.comparison(findings)


class _Masks:
    """A folder of masks, and their palette."""

    def __init__(self, folder: Path, palette: Palette | None) -> None:
        refuse_missing_folder(folder)
        known = palette_of(folder) or palette
        if known is None:
            raise UsageError(folder, f"has no {PALETTE_FILE}", "Give its palette with --palette.", code="no-palette")
        if not find_pictures(folder):
            raise P2PError(folder, "has no pictures", "Is it the right folder?", code="no-pictures")
        self.folder, self.palette = folder, known


def _alone(side: Leftovers, other: Path) -> Iterator[Finding]:
    for name, file in side.alone.items():
        to_do = f"Add '{name}' there, or remove this one."
        yield Finding(str(file), f"has no mask of the same name in {other}", to_do, "no-mask", "error")


def _reorder(mask: LabelMap, theirs: Palette, ours: Palette) -> LabelMap:
    """The mask with the class indices of our palette, which may have the classes in another order."""
    table = np.full(256, IGNORE, dtype=np.uint8)
    table[: len(theirs.names)] = [ours.index(name) for name in theirs.names]
    return np.take(table, mask)


@dataclass
class _Tally:
    """Counts over all pictures so far: `pairs` has the pixels of each class index here (row) and there (column)."""

    palette: Palette
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.zeros((256, 256), dtype=np.int64))
    inside: int = 0
    differing_inside: int = 0
    pictures: list[PictureAgreement] = field(default_factory=list)

    def add(self, name: str, here: LabelMap, there: LabelMap) -> None:
        """Count one picture; raises P2PError when its two masks have different sizes."""
        if here.shape != there.shape:
            what = f"is {size_of(here)} here and {size_of(there)} there"
            raise P2PError(name, what, "Build both for the same photo.", code="mask-size")
        codes = here.astype(np.uint16) * 256 + there
        self.pairs += np.bincount(codes.ravel(), minlength=65536).reshape(256, 256)
        differs, inside = here != there, ~(outlines(here) | outlines(there))
        of_inside, all_inside = int((differs & inside).sum()), int(inside.sum())
        self.inside += all_inside
        self.differing_inside += of_inside
        self.pictures.append(PictureAgreement(name, float(differs.mean()), of_inside / max(1, all_inside)))

    def comparison(self, findings: list[Finding]) -> Comparison:
        """What was counted, as shares."""
        total, same = int(self.pairs.sum()), int(np.trace(self.pairs))
        indices = [*enumerate(self.palette.names), (IGNORE, IGNORED)]
        return Comparison(
            compared=len(self.pictures),
            differing=(total - same) / max(1, total),
            differing_inside=self.differing_inside / max(1, self.inside),
            classes=tuple(self._of_class(index, name) for index, name in indices),
            pictures=tuple(sorted(self.pictures, key=lambda each: (-each.differing_inside, -each.differing))),
            findings=tuple(findings),
        )

    def _of_class(self, index: int, name: str) -> ClassAgreement:
        here, there, both = self.pairs[index].sum(), self.pairs[:, index].sum(), self.pairs[index, index]
        either = here + there - both
        return ClassAgreement(name, int(here), int(there), float(both / either) if either else None)


def outlines(mask: LabelMap) -> NDArray[np.bool_]:
    """The pixels within one pixel of a boundary between classes: one of the eight around them is of another class."""
    around = np.ones((3, 3), dtype=np.uint8)
    return np.asarray(cv2.dilate(mask, around) != cv2.erode(mask, around))
