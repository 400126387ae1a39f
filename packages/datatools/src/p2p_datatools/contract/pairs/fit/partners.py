"""Finds sets whose halves show different scenes, because one half was numbered or sorted in another way.

Nothing here may know what the halves are; it compares where each of them has edges.
"""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.pairs.fit.edges import EdgeMap, deviation_by_chance
from p2p_datatools.contract.words import plural

_ENOUGH, _MOST = 12, 1000  # pairs: fewer tell nothing, and as many tell all
# Of the pairs of six right sets (gray, edges, blurred, drawn maps, facades, streets) a quarter and more fit their own
# partner best, of shifted ones 3% at most and the next pair's 11% and more.
_OWN, _BY_CHANCE, _OTHER, _FEWEST, _OFFSETS = 0.05, 2, 0.2, 4, 10
# In deviations of a mean of so many that do not belong together: those of shifted sets fit the pair that far away by 3
# and more, their own by 3 at most; where scenes repeat or halves have nothing in common both are about the same.
_SURELY, _TIMES = 3.0, 3
# Half of those that fit are the same picture, but for compression: B is the next frame of A's video.
_SAME_EDGES, _SAME_LEVEL, _MOSTLY = 1 - 1e-4, 2e-3, 0.5
# In deviations of all that do not belong together: of right sets no two pictures fit so well that do not belong
# together and fit their own partners no better than any.
_FITS, _CHANCE, _LEAST, _SHARE = 4.0, 2.0, 3, 0.1
# Two pairs that were exchanged fit each other best both ways, and far better than their own; of 760 right ones none do.
_EACH_OTHER, _BY_MORE, _ALL_FIT = 3.0, 2.0, 5.0
# Tiles called row_column in one half and column_row in the other fit across the diagonal by this much in all, as
# benchmarks/partners.py measures; those that are called alike do not.
_TRANSPOSED = 5.0
_DIGITS, _LAST_TWO = re.compile(r"(\d+)"), re.compile(r"(\d+)(\D+)(\d+)(\D*)$")


class _Fit(NamedTuple):
    """Pairs whose first half fits another pair's second one best, and of which pair that is; or two of a right set."""

    pairs: NDArray[np.intp]
    others: NDArray[np.intp]
    exchanged: tuple[tuple[int, int], ...] = ()


class PartnerCheck:
    """Where the halves of the pairs of a folder have edges; of a large one the first pairs tell."""

    def __init__(self, folder: Path, names: tuple[str, str]) -> None:
        self._folder, self._names = folder, names
        self._files, self._edges = list[Path](), list[tuple[EdgeMap, EdgeMap]]()

    @property
    def is_full(self) -> bool:
        """Whether further pairs need not be looked at."""
        return len(self._files) >= _MOST

    def add(self, file: Path, a: EdgeMap, b: EdgeMap) -> None:
        """Note where the halves of a pair have edges."""
        if not self.is_full and a.cells.any() and b.cells.any():
            self._files.append(file)
            self._edges.append((a, b))

    def findings(self) -> Iterator[Finding]:
        """That many a first half fits the second one of another pair, and its own no better than any."""
        if len(self._files) < _ENOUGH:
            return
        order = sorted(range(len(self._files)), key=lambda place: _count_up(self._files[place]))
        (a, b), files = self._names, [self._files[place] for place in order]
        edges = [np.array([self._edges[place][half].cells for place in order]) for half in (0, 1)]
        fit = _fits(edges[0], edges[1], _across(files))
        if not len(fit.pairs):
            yield from self._exchanges(files, fit)
            return
        if self._are_same([order[place] for place in fit.pairs], [order[p] for p in fit.others]):
            return
        first, other = files[int(fit.pairs[0])], files[int(fit.others[0])]
        what = (
            f"in {len(fit.pairs)} of {plural(len(files), 'pair')} {a} does not fit its {b}, but that of another pair; "
            f"such as {first}, whose {a} fits the {b} of {other.name}"
        )
        to_do = (
            "Look at both with 'p2p data show'. Were the files of one half numbered or sorted in another way? Pair "
            "them again by names that belong together."
        )
        share = round(len(fit.pairs) / len(files), 3)
        yield Finding(str(self._folder), what, to_do, "other-partner", "warning", figure=share)

    def _exchanges(self, files: Sequence[Path], fit: _Fit) -> Iterator[Finding]:
        """That two pairs have each other's second half."""
        a, b = self._names
        for one, other in fit.exchanged:
            first, second = files[one], files[other]
            what = f"its {a} fits the {b} of {second}, and the {a} of that fits its {b}: they seem to be exchanged"
            to_do = f"Look at both with 'p2p data show'. If so, exchange the two files of {b}, and pair again."
            yield Finding(str(first), what, to_do, "other-partner", "warning")

    def _are_same(self, pairs: Sequence[int], others: Sequence[int]) -> bool:
        """Whether first halves are, mostly, the very pictures that are the second halves of the other pairs."""
        both = [(self._edges[pair][0], self._edges[other][1]) for pair, other in zip(pairs, others, strict=True)]
        same = [
            one.cells @ other.cells > _SAME_EDGES and math.isclose(one.level, other.level, rel_tol=_SAME_LEVEL)
            for one, other in both
        ]
        return sum(map(bool, same)) >= _MOSTLY * len(same)


def _count_up(file: Path) -> tuple[str | int, ...]:
    """A key by which 2 comes before 10; a name has text and numbers in turn."""
    return tuple(int(part) if part.isdecimal() else part for part in _DIGITS.split(file.stem))


def _across(files: Sequence[Path]) -> NDArray[np.intp]:
    """For each file the place of that in whose path the last two numbers are exchanged; its own where there is none."""
    places = {str(file): place for place, file in enumerate(files)}
    return np.array([places.get(_LAST_TWO.sub(r"\3\2\1\4", str(file)), place) for place, file in enumerate(files)])


def _fits(a: NDArray[np.float32], b: NDArray[np.float32], across: NDArray[np.intp]) -> _Fit:
    """Which pairs fit others, given the edges of both halves, (n, cells), in the order of their names.

    `across` are the places of those which pairs would fit if the tiles of one half were called the other way round.
    """
    alike = a @ b.T
    alike -= alike.mean(axis=0) + alike.mean(axis=1, keepdims=True) - alike.mean()  # what all have in common
    places = np.arange(len(alike))
    away = alike[~np.eye(len(alike), dtype=bool)]
    scores = (alike - away.mean()) / max(float(away.std()), 1e-6)
    moved = np.flatnonzero(across != places)
    if len(moved) >= _ENOUGH:
        there, here = (float(scores[moved, to].mean()) * math.sqrt(len(moved)) for to in (across[moved], moved))
        if there >= max(_TRANSPOSED, _TIMES * here):
            return _Fit(moved, across[moved])
    own = scores.diagonal()
    best = np.where(own >= scores.max(axis=1) - 1e-3, places, scores.argmax(axis=1))
    found = _find_shifted(scores, best)
    if not len(found):
        is_chance = (own <= _CHANCE) & (own[best] <= _CHANCE) & (best != places)
        found = np.flatnonzero(is_chance & (scores[places, best] >= _FITS) & (scores.argmax(axis=0)[best] == places))
    if len(found) < max(_LEAST, _SHARE * len(places)):
        return _Fit(found[:0], found[:0], tuple(_find_exchanged(scores)))
    return _Fit(found, best[found])


def _find_exchanged(scores: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Two pairs of a set that fits, of which each first half fits the other's second one best, and that no other."""
    if _fit_of_all(scores, 0) < _ALL_FIT:
        return
    best, best_first, own = scores.argmax(axis=1), scores.argmax(axis=0), scores.diagonal()
    for one, other in enumerate(best.tolist()):
        if one < other and best[other] == best_first[other] == one and best_first[one] == other:
            crosswise, alone = min(scores[one, other], scores[other, one]), max(own[one], own[other])
            if crosswise >= _EACH_OTHER and alone <= _CHANCE and crosswise - alone >= _BY_MORE:
                yield one, other


def _find_shifted(scores: NDArray[np.float32], best: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pairs that fit best the pair some places on, where hardly any fits its own best; none of any other set."""
    places = np.arange(len(best))
    right = int(np.count_nonzero(best == places))
    if right <= max(_BY_CHANCE, _OWN * len(places)):
        own = _fit_of_all(scores, 0)
        for offset in sorted(range(-_OFFSETS, _OFFSETS + 1), key=abs):
            found = np.flatnonzero(best == places + offset)
            are_many = len(found) >= max(_FEWEST, _OTHER * len(places), _LEAST * right)
            if offset and are_many and _fit_of_all(scores, offset) >= max(_SURELY, _TIMES * own):
                return found
    return places[:0]


def _fit_of_all(scores: NDArray[np.float32], offset: int) -> float:
    """How well all pairs fit the pair so many places on, in deviations of the mean of so many by chance."""
    diagonal = scores.diagonal(offset)
    return float(diagonal.mean()) / max(1 / math.sqrt(len(diagonal)), deviation_by_chance(scores, offset))
