"""Finds sets in which one half of the pairs lies mirrored, turned, moved or at another scale beside the other.

Nothing here may know what the halves are or read a file; it compares where each of them has edges.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.pairs.fit.edges import FINE_CELLS, deviation_by_chance
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural

_Maps = NDArray[np.float32]

_ENOUGH, _MOST = 12, 200  # pairs: fewer tell nothing, and as many, spread over all, tell all
_FLAT = 1e-3  # of its length: what is left of a map where all pairs have the same edges
# A move is believed where all pairs together fit so many deviations above the mean of those that do not belong
# together, and better than as they lie by so many of their own deviations; right sets are far below 0 in the latter.
_FITS, _BETTER, _RATIO = 5.0, 3.5, 1.1
# Of many shifts and scales one fits by chance, where all pairs are crops of a few photos: by so much a single pair
# fits after a real one, in the mean, and after those at most by rare chance.
_EACH_FITS = 2.1
# Single pairs fit so well after the move, and no better than any as they lie; of right sets none does.
_ONE_FITS, _CHANCE, _LEAST, _SHARE = 4.0, 2.0, 4, 0.05
_REACH, _LEAST_SHIFT = FINE_CELLS // 4, 2  # cells; 3% of the side is said of masks, too
_WIDE = FINE_CELLS + _REACH  # so that what leaves at one side does not come back at the other
_SCALES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)
_MOST_PAIRS = 0.75  # of which a shift has to be the better place
_TURNS: dict[str, Callable[[_Maps], _Maps]] = {
    "mirrored left to right": lambda maps: maps[:, :, ::-1],
    "mirrored top to bottom": lambda maps: maps[:, ::-1],
    "turned by 180 degrees": lambda maps: maps[:, ::-1, ::-1],
    "turned by 90 degrees anticlockwise": lambda maps: np.rot90(maps, 1, (1, 2)),
    "turned by 90 degrees clockwise": lambda maps: np.rot90(maps, -1, (1, 2)),
    "with rows and columns exchanged": lambda maps: maps.swapaxes(1, 2),
    "with rows and columns exchanged and turned by 180 degrees": lambda maps: maps[:, ::-1, ::-1].swapaxes(1, 2),
}


class _Move(NamedTuple):
    """A move of first halves in words, and the places of the pairs that it is said of; `all` of them are better so."""

    words: str
    pairs: NDArray[np.intp]
    is_shift: bool = False
    all: bool = True


class _Fit(NamedTuple):
    """How well each pair fits after a move, in deviations of those that do not belong together, and all together."""

    each: _Maps
    together: float


class AlignmentCheck:
    """The fine edges of both halves of some of the pairs of a folder, which are spread over all `files`."""

    def __init__(self, folder: Path, names: tuple[str, str], files: Sequence[str], *, most: int = _MOST) -> None:
        self._folder, self._names = folder, names
        self._wanted = frozenset(files[:: max(1, math.ceil(len(files) / max(1, min(most, _MOST))))])
        self._files, self._size = list[str](), Size(0, 0)
        self._maps = list[_Maps](), list[_Maps]()

    def wants(self, file: str) -> bool:
        """Whether the pair of a file is one of those that are looked at."""
        return file in self._wanted

    def add(self, file: str, size: Size, a: _Maps, b: _Maps) -> None:
        """Note where both halves of a pair, of one size, have edges: (64, 64) each."""
        self._files.append(file)
        self._size = size
        for maps, each in zip(self._maps, (a, b), strict=True):
            maps.append(each)

    def findings(self) -> Iterator[Finding]:
        """The move after which first halves fit their second ones far better than as they lie."""
        if len(self._files) < _ENOUGH:
            return
        a, b = (_leave_common(np.stack(maps)) for maps in self._maps)
        move = _find_turn(a, b) or self._find_shift(a, b) or _find_some_turned(a, b)
        if move is None:
            return
        (one, other), first = self._names, self._folder / self._files[int(move.pairs[0])]
        number = f"in {len(move.pairs)} of {plural(len(self._files), 'pair')} that were looked at"
        as_it_lies = "than as it lies" if move.all else "and no better than any other as it lies"
        what = f"{number} {one} fits its {other} better {move.words} {as_it_lies}; such as {first}"
        share = round(len(move.pairs) / len(self._files), 3)
        where = str(self._folder)
        if move.is_shift:
            yield Finding(where, what, _SHIFT_TO_DO, "half-shifted", "hint", figure=share)
        else:
            yield Finding(where, what, _TURN_TO_DO, "half-turned", "warning", figure=share)

    def _find_shift(self, a: _Maps, b: _Maps) -> _Move | None:
        """The shift and scale of first halves that is better than none, if there is one for the whole set."""
        spectra = _spectra(b)
        best = max((_best_shift(_scale(a, scale), spectra, scale) for scale in _SCALES), key=lambda shift: shift.fit)
        if best.scale == 1 and max(map(abs, best.by)) < _LEAST_SHIFT:
            return None
        moved, own, repeats = _move(_scale(a, best.scale), best.by), _products(a, b), _repeats(a, b)
        better = np.flatnonzero(_products(moved, b) > own)
        if best.fit < _RATIO * own.mean() or len(better) < _MOST_PAIRS * len(a):
            return None
        fit = _measure_fit(moved, b, repeats)
        if fit.together < _FITS or fit.each.mean() < _EACH_FITS or _measure_gain(moved, a, b, repeats) < _BETTER:
            return None
        return _Move(self._say_shift(best), better, is_shift=True)

    def _say_shift(self, shift: "_Shift") -> str:
        sides = zip(shift.by, self._size, ("right", "down"), ("left", "up"), strict=True)
        ways = [
            f"{abs(round(by * side / FINE_CELLS))} pixels {on if by > 0 else back}"
            for by, side, on, back in sides
            if by
        ]
        said = [f"at about {shift.scale:g} times its size"] if shift.scale != 1 else []
        return " and ".join(said + ([f"moved by about {' and '.join(ways)}"] if ways else []))


_TURN_TO_DO = (
    "Look at both with 'p2p data show'. Was one half mirrored or turned when it was made, saved or augmented? Make it "
    "again as the other lies, and pair again."
)
_SHIFT_TO_DO = (
    "Look at both with 'p2p data show'. Were they taken by two cameras, or cut out elsewhere? Cut out what both show, "
    "and pair again, unless that is to be learned, as of later frames, shadows or another font."
)


class _Shift(NamedTuple):
    """The best shift (x, y) in cells at a scale, and how well all pairs fit after it."""

    scale: float
    by: tuple[int, int]
    fit: float


def _leave_common(maps: _Maps) -> _Maps:
    """Maps without what all have in common, of length 1 again; 0 where nothing is left."""
    own = maps - maps.mean(axis=0)
    length = np.linalg.norm(own, axis=(1, 2), keepdims=True)
    return np.asarray(np.where(length > _FLAT, own / np.maximum(length, _FLAT), 0), dtype=np.float32)


def _products(a: _Maps, b: _Maps) -> _Maps:
    return np.asarray(np.einsum("nij,nij->n", a, b), dtype=np.float32)


def _flat(maps: _Maps) -> _Maps:
    return np.ascontiguousarray(maps).reshape(len(maps), -1)


def _repeats(a: _Maps, b: _Maps) -> float:
    """How many pairs count as one, because both of their halves resemble those of others, turned or not: 1 or more."""
    alike = [_flat(maps) @ _flat(maps).T for maps in (a, b)]
    return max(1.0, float((alike[0] * alike[1]).sum()) / len(a))


def _measure_fit(a: _Maps, b: _Maps, repeats: float) -> _Fit:
    alike = _flat(a) @ _flat(b).T
    away = alike[~np.eye(len(alike), dtype=bool)]
    gap = alike.diagonal() - away.mean()
    each = np.asarray(gap / max(float(away.std()), 1e-6), dtype=np.float32)
    together = float(each.mean()) * math.sqrt(len(each) / repeats)
    return _Fit(each, min(together, float(gap.mean()) / deviation_by_chance(alike)))


def _measure_gain(moved: _Maps, a: _Maps, b: _Maps, repeats: float) -> float:
    """How much better second halves fit moved first ones, in deviations of the mean of all pairs, or of chance."""
    gain = (_flat(moved) - _flat(a)) @ _flat(b).T
    own = gain.diagonal()
    by_chance = max(float(own.std()) / math.sqrt(len(own) / repeats), deviation_by_chance(gain))
    return float(own.mean()) / max(by_chance, 1e-6)


def _find_turn(a: _Maps, b: _Maps) -> _Move | None:
    """The turn or mirror image of all first halves that fits far better than as they lie."""
    repeats = _repeats(a, b)
    own = _measure_fit(a, b, repeats)
    found = list[tuple[float, str, _Fit]]()
    for words, turn in _TURNS.items():
        fit = _measure_fit(turn(a), b, repeats)
        is_better = fit.together >= max(_FITS, _RATIO * own.together)
        if is_better and _measure_gain(turn(a), a, b, repeats) >= _BETTER:
            found.append((fit.together, words, fit))
    if not found:
        return None
    _, words, fit = max(found, key=lambda each: each[0])
    return _Move(words, np.flatnonzero(fit.each > own.each))


def _find_some_turned(a: _Maps, b: _Maps) -> _Move | None:
    """The turn or mirror image after which some first halves fit, as where one half alone was augmented."""
    own, moves = _measure_fit(a, b, 1), list[_Move]()
    for words, turn in _TURNS.items():
        each = _measure_fit(turn(a), b, 1).each
        pairs = np.flatnonzero((each >= _ONE_FITS) & (own.each <= _CHANCE))
        moves.append(_Move(words, pairs, all=False))
    most = max(moves, key=lambda move: len(move.pairs))
    return most if len(most.pairs) >= max(_LEAST, _SHARE * len(a)) else None


def _scale(maps: _Maps, scale: float) -> _Maps:
    """Maps enlarged about their centre, of length 1 again."""
    if scale == 1:
        return maps
    start = (FINE_CELLS - 1) / 2 * (1 - scale)
    matrix = np.array([[scale, 0, start], [0, scale, start]], dtype=np.float32)
    moved = np.stack([cv2.warpAffine(each, matrix, (FINE_CELLS, FINE_CELLS)) for each in maps])
    length = np.linalg.norm(moved, axis=(1, 2), keepdims=True)
    return np.asarray(moved / np.maximum(length, _FLAT), dtype=np.float32)


def _spectra(maps: _Maps) -> NDArray[np.complexfloating]:
    return np.asarray(np.fft.rfft2(maps, (_WIDE, _WIDE)))


def _best_shift(a: _Maps, spectra_b: NDArray[np.complexfloating], scale: float) -> _Shift:
    """The shift up to a quarter of the side after which all pairs together fit best: a correlation."""
    surface = np.fft.irfft2((np.conj(_spectra(a)) * spectra_b).mean(axis=0), (_WIDE, _WIDE))
    steps = np.arange(-_REACH, _REACH + 1)
    near = surface[steps[:, None], steps]
    down, across = (int(each) - _REACH for each in np.unravel_index(int(near.argmax()), near.shape))
    return _Shift(scale, (across, down), float(near.max()))


def _move(maps: _Maps, by: tuple[int, int]) -> _Maps:
    """Maps moved by cells (x, y), 0 where nothing is known."""
    across, down = by
    moved = np.zeros_like(maps)
    rows, columns = (slice(max(0, each), FINE_CELLS + min(0, each)) for each in (down, across))
    from_rows, from_columns = (slice(max(0, -each), FINE_CELLS + min(0, -each)) for each in (down, across))
    moved[:, rows, columns] = maps[:, from_rows, from_columns]
    return moved
