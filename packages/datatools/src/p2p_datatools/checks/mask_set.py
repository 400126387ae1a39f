"""Looks at the masks of a set one by one, and says which differ from the rest: in specks, parts, shares and places.

Nothing here may read a file; a mask and its photo are handed over as pixels, and only small records of them are kept.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.checks.mask_parts import Parts, describe_parts, find_confusions
from p2p_datatools.checks.mask_shapes import Outside, SpeckCount, find_outside, find_specks
from p2p_datatools.checks.placement import Placement, measure_placement, shrink_photo
from p2p_datatools.checks.placement_set import PlacementCheck
from p2p_datatools.contract.errors import Finding, Severity
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, size_of
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural

Counts = NDArray[np.int64]

_FEWEST = 10  # masks that can be called a set
_COMMON = 0.1  # of the masks: what as many have is how this set is, and one finding says so
_DENSE = 10  # specks with others around them: of street scenes and facades up to five are drawn on purpose
_SPREADS = 6.0  # robust ones, beyond which a mask is unlike the others
_TO_SPREAD = 1.4826  # from the median distance to the median to the standard deviation of a normal distribution
_USUAL_GAP, _MORE_GAP = 0.05, 0.06  # of the masks, and of the longer side
_MOST_GAP = 0.15  # of the longer side: a set with unlabelled roofs and fenders has 0.145, and more is no habit
_MOST_FILLED = 63  # pixels of a speck that 'p2p data repair --specks' fills
_ALMOST_ALL = 0.99
_SEVERAL = 0.85
_FAR_SHARE = 4.5  # spreads of the logarithm of a class's share
_LEAST_SPREAD = 0.35  # of that logarithm: no set is so even that a factor of five is nothing


class MaskLook(NamedTuple):
    """What is kept of a mask: its size, the pixels of each class (256), its specks, parts, and how it lies."""

    size: Size
    counts: Counts
    islands: SpeckCount
    pinholes: SpeckCount
    outside: tuple[Outside, ...]
    parts: Parts
    placement: Placement | None

    def move(self, left: int) -> "MaskLook":
        """The same of a mask that begins so many columns from the left of its file."""
        islands, pinholes = (
            each._replace(place=(each.place[0] + left, each.place[1])) for each in (self.islands, self.pinholes)
        )
        outside = tuple(each._replace(place=(each.place[0] + left, each.place[1])) for each in self.outside)
        return self._replace(islands=islands, pinholes=pinholes, outside=outside)


def look_at_mask(mask: LabelMap, palette: Palette, photo: Array | None = None) -> MaskLook:
    """Measure a mask, (height, width) class numbers, and how it lies on its photo, (height, width[, channels]).

    A photo of another shape counts as none.
    """
    fits = photo is not None and is_same_shape(size_of(photo), size_of(mask))
    small = shrink_photo(photo, mask) if photo is not None and fits else None
    counts = histogram(mask)
    islands, pinholes = find_specks(mask)
    return MaskLook(
        size_of(mask),
        counts,
        islands,
        pinholes,
        find_outside(mask, palette.wholes, set(np.flatnonzero(counts).tolist())),
        describe_parts(mask, small),
        None if small is None else measure_placement(mask, small),
    )


class MaskSetCheck:
    """Gathers the looks at the masks of `folder`; `mend` is the command that removes specks."""

    def __init__(self, folder: Path, palette: Palette, mend: str) -> None:
        self._folder, self._palette, self._mend = str(folder), palette, mend
        self._files: list[str] = []
        self._looks: list[MaskLook] = []
        self._places = PlacementCheck(folder)

    def add(self, file: Path | str, look: MaskLook) -> None:
        """Note what was seen of the mask in `file`."""
        self._files.append(str(file))
        if look.placement is not None:
            self._places.add(str(file), look.size, look.placement)
        self._looks.append(look._replace(placement=None))

    def findings(self, report: Reporter = QUIET) -> Iterator[Finding]:
        """What was found, over all masks."""
        yield from self._specks("islands", "island", [look.islands for look in self._looks])
        yield from self._specks("pinholes", "pinhole", [look.pinholes for look in self._looks])
        for part, whole in self._palette.wholes.items():
            yield from self._outside(part, whole)
        yield from self._places.findings()
        yield from self._confusions(report)
        yield from self._single_classes()
        yield from self._shares()

    def _specks(self, code: str, word: str, found: Sequence[SpeckCount]) -> Iterator[Finding]:
        """Masks with specks; where many have some, those with far more than most, and one finding about all."""
        having = [place for place, specks in enumerate(found) if specks.alone or specks.number > _DENSE]
        common = len(found) >= _FEWEST and len(having) > _COMMON * len(found)
        limits = [_limit([getattr(each, name) for each in found]) if common else 0 for name in ("number", "alone")]
        for place in having:
            specks = found[place]
            if specks.number > limits[0] or specks.alone > limits[1]:
                where = "" if specks.number == 1 else ", the largest"
                x, y = specks.place
                what = f"has {plural(specks.number, word)}{where} of {plural(specks.area, 'pixel')} at x={x}, y={y}"
                to_do = self._say_how_to_fill(specks.area)
                yield Finding(self._files[place], what, to_do, code, "warning", specks.place, float(specks.number))
        if common:
            what = f"{len(having)} of {plural(len(found), 'mask')} have {word}s, such as {self._files[having[0]]}"
            largest = max(found[place].area for place in having)
            to_do = f"Training will learn them. {self._say_how_to_fill(largest)}"
            share = round(len(having) / len(found), 3)
            yield Finding(self._folder, what, to_do, code, "hint", figure=share)

    def _say_how_to_fill(self, area: int) -> str:
        """What fills specks of so many pixels."""
        if area > _MOST_FILLED:
            return "Paint over those that are not meant; they are too large for 'p2p data repair'."
        return f"{self._mend} fills them with --specks {area + 1}."

    def _outside(self, part: int, whole: int) -> Iterator[Finding]:
        """Parts apart from their whole; where a set leaves wholes unlabelled, those that are far away."""
        names = self._palette.names
        having = [place for place, look in enumerate(self._looks) if look.counts[part]]
        outside = ((place, each) for place in having for each in self._looks[place].outside)
        apart = {place: each for place, each in outside if (each.part, each.whole) == (part, whole)}
        common = len(having) >= _FEWEST and len(apart) > _USUAL_GAP * len(having)
        limit = 0.0
        if common:
            gaps = [apart[place].gap if place in apart else 0.0 for place in having]
            usual = float(np.percentile(gaps, 100 * (1 - _USUAL_GAP)))
            limit = _MORE_GAP + (min(_MOST_GAP, usual) if 2 * len(apart) < len(having) else usual)
        for place, each in apart.items():
            if each.gap > limit:
                away = f"the nearest is {each.gap:.0%} of the longer side away" if each.gap < 1 else "it has none"
                x, y = each.place
                what = f"its {names[part]} at x={x}, y={y} touch no {names[whole]}; {away}"
                to_do = f'Correct them, or their {names[whole]}; the palette says inside = "{names[whole]}".'
                yield Finding(
                    self._files[place], what, to_do, "part-outside", "warning", each.place, round(each.gap, 3)
                )
        if common:
            first = next(iter(apart))
            what = (
                f"{len(apart)} of {plural(len(having), 'mask')} with {names[part]} have some that touch no "
                f"{names[whole]}, such as {self._files[first]}"
            )
            to_do = f"Is some {names[whole]} left unlabelled? A network will learn it so."
            yield Finding(self._folder, what, to_do, "part-outside", "hint", figure=round(len(apart) / len(having), 3))

    def _confusions(self, report: Reporter) -> Iterator[Finding]:
        names = self._palette.names
        for each in find_confusions([look.parts for look in self._looks], report=report):
            called, alike = (
                names[number] if number < len(names) else str(number) for number in (each.called, each.alike)
            )
            severity: Severity = "warning" if each.is_swap else "hint"
            if each.is_swap:
                what = f"its {called} look like the {alike} of the other masks, and its {alike} like their {called}"
                code, to_do = "classes-swapped", "Were the two classes swapped when it was built or drawn?"
            else:
                what = f"{each.share:.0%} of its {called} look like the other masks' {alike}, of which it has none"
                code, to_do = "class-miscalled", f"Should they be {alike}?"
            yield Finding(self._files[each.mask], what, to_do, code, severity, figure=round(each.share, 3))

    def _single_classes(self) -> Iterator[Finding]:
        """Masks with one class beside the background, in a set in which nearly all have several."""
        drawn = [np.flatnonzero(look.counts[1:IGNORE]) + 1 for look in self._looks]
        several = sum(len(each) > 1 for each in drawn)
        if len(drawn) < _FEWEST or several < _SEVERAL * len(drawn):
            return
        for place, numbers in enumerate(drawn):
            if len(numbers) == 1:
                name = self._palette.names[numbers[0]]
                what = f"has the one class {name}; {several} of {plural(len(drawn), 'mask')} have several"
                yield Finding(self._files[place], what, "Label the rest of it.", "one-class", "warning")

    def _shares(self) -> Iterator[Finding]:
        """Masks in which a class covers far more or less than in the rest."""
        if len(self._looks) < 2 * _FEWEST:
            return
        shares = np.array([look.counts[: len(self._palette.names)] / max(1, look.counts.sum()) for look in self._looks])
        for number, name in enumerate(self._palette.names):
            yield from self._share_of(number, name, shares[:, number])

    def _share_of(self, number: int, name: str, shares: NDArray[np.float64]) -> Iterator[Finding]:
        having = shares > 0
        if having.sum() < 2 * _FEWEST:
            return
        logarithms = np.log(shares[having])
        middle = float(np.median(logarithms))
        spread = max(_LEAST_SPREAD, _TO_SPREAD * float(np.median(np.abs(logarithms - middle))))
        low, high = np.exp(np.percentile(logarithms, (5, 95)))
        missing = bool(number) and having.mean() >= _ALMOST_ALL
        for place, share in enumerate(shares):
            if not share and not missing:
                continue
            if not share or abs(np.log(share) - middle) > _FAR_SHARE * spread:
                what = f"{name} covers {share:.1%} of it; in most masks {low:.1%} to {high:.1%}"
                to_do = "Look at it: is a part missing, or called something else?"
                yield Finding(self._files[place], what, to_do, "class-share", "hint", figure=round(float(share), 4))


def _limit(counts: Sequence[int]) -> float:
    """The number beyond which a count is unlike the others of its set."""
    middle = float(np.median(counts))
    spread = _TO_SPREAD * float(np.median(np.abs(np.asarray(counts) - middle)))
    return middle + _SPREADS * max(1.0, spread)
