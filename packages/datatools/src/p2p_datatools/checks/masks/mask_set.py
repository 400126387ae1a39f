"""Looks at the masks of a set one by one, and says which differ from the rest: in specks, parts, shares and places.

Nothing here may read a file; a mask and its photo are handed over as pixels, and only small records of them are kept.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.checks.masks.parts import Parts, PartTable, describe_parts, find_confusions
from p2p_datatools.checks.masks.placement import Placement, measure_placement, shrink_photo
from p2p_datatools.checks.masks.placement_set import PlacementCheck
from p2p_datatools.checks.masks.shapes import Outside, SpeckCount, find_outside, find_specks
from p2p_datatools.contract.errors import Finding, Severity
from p2p_datatools.contract.exchanged import ExchangedClasses, find_exchanged
from p2p_datatools.contract.pairs.fit.edges import EdgeMap, map_edges, map_mask_edges
from p2p_datatools.contract.pairs.fit.partners import PartnerCheck
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap, size_of
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural

_Numbers = NDArray[np.integer[Any]]

_FEWEST = 10  # masks that can be called a set
_COMMON = 0.1  # of the masks: what as many have is how this set is, and one finding says so
_DENSE = 10  # specks with others around them: of street scenes and facades up to five are drawn on purpose
_SPREADS = 6.0  # robust ones, beyond which a mask is unlike the others
_TO_SPREAD = 1.4826  # from the median distance to the median to the standard deviation of a normal distribution
_USUAL_GAP, _MORE_GAP = 0.05, 0.06  # of the masks, and of the longer side
_MOST_GAP = 0.15  # of the longer side: a set with unlabelled roofs and fenders has 0.145, and more is not a habit
_MOST_FILLED = 63  # pixels of a speck that 'p2p data repair --specks' fills
_ALMOST_ALL = 0.99
_SEVERAL = 0.85
_FAR_SHARE = 4.5  # spreads of the logarithm of a class's share
_LEAST_SPREAD = 0.35  # of that logarithm: no set is so even that a factor of five is nothing


class MaskLook(NamedTuple):
    """What is seen of a mask: its size, the pixels of each class (256), its specks, parts, and how it lies.

    `edges` are those of the mask and of its photo.
    """

    size: Size
    counts: NDArray[np.int64]
    islands: SpeckCount
    pinholes: SpeckCount
    outside: tuple[Outside, ...]
    parts: Parts
    placement: Placement | None
    exchanged: ExchangedClasses | None = None
    edges: tuple[EdgeMap, EdgeMap] | None = None

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
        find_exchanged(mask, palette),
        None if small is None else (map_mask_edges(mask, palette), map_edges(small)),
    )


class MaskSetCheck:
    """Gathers the looks at the masks of `folder`; `mend` is the command that removes specks."""

    def __init__(self, folder: Path, palette: Palette, mend: str) -> None:
        self._folder, self._palette, self._mend = str(folder), palette, mend
        # Of a mask of five classes these are a tenth of a kilobyte, beside 33 bytes for each of its parts.
        self._files: list[Path] = []
        self._counts, self._totals = array("I"), array("I")  # the pixels of each class of the palette, and of all
        self._islands, self._pinholes = _SpeckTable(), _SpeckTable()
        self._outside: dict[int, tuple[Outside, ...]] = {}
        self._exchanged: dict[Path, ExchangedClasses] = {}
        self._parts, self._places = PartTable(), PlacementCheck(folder)
        self._partners = PartnerCheck(folder, ("mask", "photo"))

    def add(self, file: Path, look: MaskLook) -> None:
        """Note what was seen of the mask in `file`."""
        if look.placement is not None:
            self._places.add(file, look.size, look.placement)
        if look.edges:
            self._partners.add(file, *look.edges)
        if look.outside:
            self._outside[len(self._files)] = look.outside
        if look.exchanged:
            self._exchanged[file] = look.exchanged
        self._files.append(file)
        self._counts.extend(look.counts[: len(self._palette.names)].tolist())
        self._totals.append(int(look.counts.sum()))
        self._islands.add(look.islands)
        self._pinholes.add(look.pinholes)
        self._parts.add(look.parts)

    def findings(self, report: Reporter = QUIET) -> Iterator[Finding]:
        """What was found, over all masks."""
        counts = np.frombuffer(self._counts, dtype=np.uint32).reshape(-1, len(self._palette.names))
        yield from self._exchanges()
        yield from self._specks("islands", "island", self._islands)
        yield from self._specks("pinholes", "pinhole", self._pinholes)
        for part, whole in self._palette.wholes.items():
            yield from self._apart(part, whole, counts)
        others = list(self._partners.findings())
        yield from others or self._places.findings()  # a mask of another photo lies nowhere
        yield from self._confusions(report)
        yield from self._single_classes(counts)
        yield from self._shares(counts)

    def _exchanges(self) -> Iterator[Finding]:
        """Masks that seem to be made of colours with red and blue exchanged."""
        for file, found in self._exchanged.items():
            shown, meant = (self._palette.names[each] for each in found)
            what = f"its parts of {meant} lie in what is {shown}, which has the colour of {meant} as BGR"
            to_do = "Were red and blue exchanged when it was made? Then make it anew; 'p2p data build-masks' says how."
            yield Finding(str(file), what, to_do, "exchanged-colours", "warning")

    def _specks(self, code: str, word: str, found: "_SpeckTable") -> Iterator[Finding]:
        """Masks with specks; where many have some, those with far more than most, and one finding about all."""
        numbers, alone = found.column(0), found.column(1)
        having = np.flatnonzero((alone > 0) | (numbers > _DENSE)).tolist()
        common = len(found) >= _FEWEST and len(having) > _COMMON * len(found)
        limits = [_limit(each) if common else 0 for each in (numbers, alone)]
        for place in having:
            specks = found[place]
            if specks.number > limits[0] or specks.alone > limits[1]:
                where = "" if specks.number == 1 else ", the largest"
                x, y = specks.place
                what = f"has {plural(specks.number, word)}{where} of {plural(specks.area, 'pixel')} at x={x}, y={y}"
                to_do = self._say_how_to_fill(specks.area)
                file = str(self._files[place])
                yield Finding(file, what, to_do, code, "warning", specks.place, float(specks.number))
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

    def _apart(self, part: int, whole: int, counts: _Numbers) -> Iterator[Finding]:
        """Parts apart from their whole; where a set leaves wholes unlabelled, those that are far away."""
        names = self._palette.names
        having = np.flatnonzero(counts[:, part])
        outside = ((place, each) for place, found in self._outside.items() for each in found)
        apart = {place: each for place, each in outside if (each.part, each.whole) == (part, whole)}
        common = len(having) >= _FEWEST and len(apart) > _USUAL_GAP * len(having)
        limit = 0.0
        if common:
            gaps = [apart[place].gap if place in apart else 0.0 for place in having.tolist()]
            usual = float(np.percentile(gaps, 100 * (1 - _USUAL_GAP)))
            limit = _MORE_GAP + (min(_MOST_GAP, usual) if 2 * len(apart) < len(having) else usual)
        for place, each in apart.items():
            if each.gap > limit:
                away = f"the nearest is {each.gap:.0%} of the longer side away" if each.gap < 1 else "it has none"
                x, y = each.place
                what = f"a shape of its {names[part]} at x={x}, y={y} touches no {names[whole]}; {away}"
                to_do = f'Correct it, or its {names[whole]}; the palette says inside = "{names[whole]}".'
                file, gap = str(self._files[place]), round(each.gap, 3)
                yield Finding(file, what, to_do, "part-outside", "warning", each.place, gap)
        if common:
            first = next(iter(apart))
            what = (
                f"{len(apart)} of {plural(len(having), 'mask')} with {names[part]} have a shape of it that touches no "
                f"{names[whole]}, such as {self._files[first]}"
            )
            to_do = f"Is some {names[whole]} left unlabelled? A network will learn it so."
            yield Finding(self._folder, what, to_do, "part-outside", "hint", figure=round(len(apart) / len(having), 3))

    def _confusions(self, report: Reporter) -> Iterator[Finding]:
        names = self._palette.names
        for each in find_confusions(self._parts, report=report):
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
            yield Finding(str(self._files[each.mask]), what, to_do, code, severity, figure=round(each.share, 3))

    def _single_classes(self, counts: _Numbers) -> Iterator[Finding]:
        """Masks with one class beside the background, in a set in which nearly all have several."""
        drawn = np.count_nonzero(counts[:, 1:], axis=1)
        several = int((drawn > 1).sum())
        if len(drawn) < _FEWEST or several < _SEVERAL * len(drawn):
            return
        for place in np.flatnonzero(drawn == 1):
            name = self._palette.names[1 + int(np.flatnonzero(counts[place, 1:])[0])]
            what = f"has the one class {name}; {several} of {plural(len(drawn), 'mask')} have several"
            yield Finding(str(self._files[place]), what, "Label the rest of it.", "one-class", "warning")

    def _shares(self, counts: _Numbers) -> Iterator[Finding]:
        """Masks in which a class covers far more or less than in the rest."""
        if len(counts) < 2 * _FEWEST:
            return
        totals = np.maximum(1, np.frombuffer(self._totals, dtype=np.uint32))
        for number, name in enumerate(self._palette.names):
            yield from self._share_of(number, name, counts[:, number] / totals)

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
                file, figure = str(self._files[place]), round(float(share), 4)
                yield Finding(file, what, to_do, "class-share", "hint", figure=figure)


class _SpeckTable:
    """The specks of many masks, 20 bytes each."""

    def __init__(self) -> None:
        self._rows = array("I")

    def add(self, specks: SpeckCount) -> None:
        self._rows.extend(specks[:3])
        self._rows.extend(specks.place)

    def __len__(self) -> int:
        return len(self._rows) // 5

    def __getitem__(self, mask: int) -> SpeckCount:
        number, alone, area, x, y = self._rows[5 * mask : 5 * mask + 5]
        return SpeckCount(number, alone, area, (x, y))

    def column(self, field: int) -> _Numbers:
        """The numbers of a field, counted from 0, of all masks."""
        return np.frombuffer(self._rows, dtype=np.uint32).reshape(-1, 5)[:, field]


def _limit(counts: _Numbers) -> float:
    """The number beyond which a count is unlike the others of its set."""
    middle = float(np.median(counts))
    spread = _TO_SPREAD * float(np.median(np.abs(counts - middle)))
    return middle + _SPREADS * max(1.0, spread)
