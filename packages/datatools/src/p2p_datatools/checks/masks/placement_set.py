"""Says which masks lie wrong on their photos, from what was measured of each and of the others of the set.

Nothing here may look at pixels.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from p2p_datatools.checks.masks.placement import Move, MoveFit, MoveKind, Placement
from p2p_datatools.contract.errors import Finding, Severity
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

_CODES: dict[MoveKind, str] = {
    "mirrored": "mask-mirrored",
    "turned": "mask-turned",
    "shifted": "mask-shifted",
    "scaled": "mask-off-scale",
}
# By how much of the better score a move must be better, and how many spreads above the mean of all shifts it must lie.
# benchmarks/doctor.py says what they find and whom they accuse.
_LEAST_GAIN: dict[MoveKind, float] = {"mirrored": 0.01, "turned": 0.1, "shifted": 0.25, "scaled": 0.12}
_LEAST_SURE: dict[MoveKind, float] = {"mirrored": 3.0, "turned": 3.0, "shifted": 3.5, "scaled": 3.3}
_LEAST_SCORE = 0.3  # with less, a difference is compared with this
_CHANCE = 2.4  # spreads above the mean; the worst of 344 real and drawn masks lies 2.9 above it, most of others' below
_OF_OTHERS = 0.45  # of the median of a set
_FEWEST = 10  # masks of which a set can be said to be one
_JOINED, _FEWEST_JOINED = 0.5, 5  # of the masks; from there on one finding is about all
_ALL_ALIKE = 0.9
_REBUILD = "build it again from the labels of this photo"


class _Verdict(NamedTuple):
    """A mask that lies wrong: its file and size, and the move after which it fits."""

    file: Path
    size: Size
    fit: MoveFit


class PlacementCheck:
    """Gathers the placements of the masks of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        # Of each mask how well it fits, and how surely; of most nothing else is kept.
        self._files, self._own, self._sure = list[Path](), array("d"), array("d")
        self._verdicts: dict[int, _Verdict] = {}
        self._better_mirrored = 0

    def add(self, file: Path, size: Size, placement: Placement) -> None:
        """Note how the mask in `file`, of this size, lies on its photo."""
        sideways = next(fit for fit in placement.fits if fit.move == Move("mirrored", (1.0, 0.0)))
        self._better_mirrored += _gain(sideways) > 0
        if fit := judge_placement(placement):
            self._verdicts[len(self._files)] = _Verdict(file, size, fit)
        self._files.append(file)
        self._own.append(placement.own)
        self._sure.append((placement.own - placement.mean) / max(placement.spread, 1e-6))

    def findings(self) -> Iterator[Finding]:
        """Masks that fit better moved, and those that fit nowhere."""
        counts = Counter(_CODES[each.fit.move.kind] for each in self._verdicts.values())
        joined = {code for code, count in counts.items() if self._are_most(count)}
        for code in sorted(joined):
            yield self._of_all(code, counts[code])
        if "mask-mirrored" not in joined:
            yield from self._mirrored_together()
        own, sure = np.frombuffer(self._own), np.frombuffer(self._sure)
        median = float(np.median(own)) if len(own) >= _FEWEST else 0.0
        elsewhere = set(np.flatnonzero((sure < _CHANCE) | (own < _OF_OTHERS * median)).tolist())
        for place in sorted(elsewhere | self._verdicts.keys()):
            if wrong := self._verdicts.get(place):
                if _CODES[wrong.fit.move.kind] not in joined:
                    yield _finding(wrong)
            else:
                what = "its edges are not where its photo has edges"
                to_do = f"Is it the mask of another photo? Then {_REBUILD}."
                figure = round(self._own[place], 3)
                yield Finding(str(self._files[place]), what, to_do, "mask-other-photo", "hint", figure=figure)

    def _are_most(self, count: int) -> bool:
        return count >= max(_FEWEST_JOINED, _JOINED * len(self._files))

    def _of_all(self, code: str, count: int) -> Finding:
        first = next(each for each in self._verdicts.values() if _CODES[each.fit.move.kind] == code)
        all_of_them = plural(len(self._files), "mask")
        what = f"{count} of {all_of_them} fit the edges of their photos better {_words(first)}"
        what += f", as {first.file} does" if code == "mask-mirrored" else f", or about so; that is {first.file}"
        to_do = "Were all photos, or all masks, changed after they were labelled? Build the masks again."
        return Finding(self._folder, what, to_do, code, "warning", figure=round(count / len(self._files), 3))

    def _mirrored_together(self) -> Iterator[Finding]:
        """Of a set of nearly symmetrical pictures one alone tells little, but all together much."""
        better, count = self._better_mirrored, len(self._files)
        if count >= _FEWEST and better >= _ALL_ALIKE * count:
            what = f"{better} of {plural(count, 'mask')} fit their photos a bit better mirrored left to right"
            to_do = "Were all photos, or all masks, mirrored after they were labelled? Build the masks again."
            yield Finding(self._folder, what, to_do, "mask-mirrored", "warning", figure=round(better / count, 3))


def judge_placement(placement: Placement) -> MoveFit | None:
    """The move that a mask fits far better after than before; None where it lies well, or fits nowhere."""
    likely = [
        fit
        for fit in placement.fits
        if _gain(fit) >= _LEAST_GAIN[fit.move.kind]
        and fit.score - placement.mean >= _LEAST_SURE[fit.move.kind] * placement.spread
    ]
    return max(likely, key=lambda fit: fit.score - fit.own, default=None)


def _gain(fit: MoveFit) -> float:
    return (fit.score - fit.own) / max(fit.score, _LEAST_SCORE)


def _finding(wrong: _Verdict) -> Finding:
    fit = wrong.fit
    what = f"fits the edges of its photo better {_words(wrong)} ({fit.score:.2f}, as it lies {fit.own:.2f})"
    to_do = f"Look at both; if it lies wrong, {_REBUILD}."
    code = _CODES[fit.move.kind]
    # A mask of the size of another crop is found less often than the others (benchmarks/README.md).
    severity: Severity = "hint" if fit.move.kind == "scaled" else "warning"
    return Finding(str(wrong.file), what, to_do, code, severity, figure=round(fit.score - fit.own, 3))


def _words(wrong: _Verdict) -> str:
    fit, amount = wrong.fit, wrong.fit.move.amount
    if fit.move.kind == "mirrored":
        return "mirrored left to right" if amount[0] else "mirrored top to bottom"
    if fit.move.kind == "turned":
        turn = f"turned by {abs(amount[0]):.0f} degrees"
        return turn if amount[0] == 180 else f"{turn} {'anticlockwise' if amount[0] > 0 else 'clockwise'}"
    if fit.move.kind == "scaled":
        return f"at {amount[0]:g} times its size"
    across, down = (round(each * max(wrong.size)) for each in amount)
    ways = ((across, "right" if across > 0 else "left"), (down, "down" if down > 0 else "up"))
    return f"moved {' and '.join(f'{abs(by)} pixels {way}' for by, way in ways if by)}"
