"""Whether the halves of a folder's pairs belong together and lie alike, told from those pairs that are read anyhow.

Nothing here may refuse a pair, or look for anything that a single pair tells.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import Finding, P2PError
from p2p_datatools.contract.pairs.fit.alignment import AlignmentCheck
from p2p_datatools.contract.pairs.fit.channels import ColourCheck, ColourFit, compare_colours
from p2p_datatools.contract.pairs.fit.edges import EdgeMap, map_both
from p2p_datatools.contract.pairs.fit.partners import PartnerCheck
from p2p_datatools.contract.pairs.fit.swaps import SwapCheck, describe_half
from p2p_datatools.contract.pairs.halves import load_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.threads import parallel_map

MOST_IN_PASSING = 100  # pairs that a command looks at whose work is another one
_MOST_PIXELS = 1 << 26  # of the pairs that are read for this alone


class PairEdges(NamedTuple):
    """The size of the halves of a pair, where they have edges and how their colours fit, as far as that is wanted."""

    size: Size
    edges: tuple[EdgeMap, EdgeMap] | None
    fine: tuple[NDArray[np.float32], NDArray[np.float32]] | None
    colours: ColourFit | None = None


class HalvesFit:
    """Gathers where the halves of pairs have edges: of the first `most` of the `names`, finely of some of all."""

    def __init__(self, folder: Path, halves: tuple[str, str], names: Sequence[str], *, most: int) -> None:
        self._folder, self._first = folder, frozenset(names[:most])
        self._partners, self._alignment = PartnerCheck(folder, halves), AlignmentCheck(folder, halves, names, most=most)
        self._colours = ColourCheck(folder, halves)

    def look(self, name: str, a: Array, b: Array) -> PairEdges | None:
        """What is kept of a pair; None of one that is not wanted. It may be called by several threads."""
        is_first, is_fine = name in self._first, self._alignment.wants(name)
        if not (is_first or is_fine):
            return None
        (edges_a, fine_a), (edges_b, fine_b) = map_both(a), map_both(b)
        edges, colours = ((edges_a, edges_b), compare_colours(a, b)) if is_first else (None, None)
        return PairEdges(size_of(a), edges, (fine_a, fine_b) if is_fine else None, colours)

    def add(self, file: str, seen: PairEdges | None) -> None:
        """Note what was seen of the pair of a file."""
        if seen and seen.edges:
            self._partners.add(self._folder / file, *seen.edges)
        if seen and seen.fine:
            self._alignment.add(file, seen.size, *seen.fine)
        self._colours.add(seen.colours if seen else None)

    def findings(self) -> Iterator[Finding]:
        """What was found; where many halves are those of other pairs, they lie nowhere."""
        elsewhere = list(self._partners.findings())
        yield from elsewhere
        if all(found.figure is None for found in elsewhere):
            yield from self._alignment.findings()
            yield from self._colours.findings()

    def note(self, report: Reporter) -> None:
        """Note the first of what was found."""
        _note_first(self.findings(), report)


def _note_first(findings: Iterator[Finding], report: Reporter) -> None:
    for found in findings:
        report.note(f"{found.where}: {found.what}. {found.to_do}")
        return


def note_misfits(folder: PairFolder, report: Reporter) -> None:
    """Read the first pairs of a folder, and note if their halves do not fit, or are those of others swapped.

    Pairs that cannot be read tell nothing.
    """
    pairs, halves = _first_pairs(folder), (folder.a.name, folder.b.name)
    fit = HalvesFit(folder.path, halves, [pair.name for pair in pairs], most=len(pairs))
    swaps = SwapCheck(halves)

    def look(pair: Pair) -> tuple[PairEdges | None, tuple[float, ...], tuple[float, ...]]:
        try:
            a, b = load_halves(folder, pair)
        except P2PError:
            return None, (), ()
        return fit.look(pair.name, a, b), describe_half(a), describe_half(b)

    for pair, (seen, *described) in zip(pairs, parallel_map(look, pairs), strict=True):
        fit.add(pair.file, seen)
        swaps.add(folder.path / pair.file, *described)
    fit.note(report)
    _note_first(swaps.findings(), report)


def _first_pairs(folder: PairFolder) -> list[Pair]:
    pairs, pixels = list[Pair](), 0
    for pair in folder.pairs:
        pixels += 2 * pair.size.width * pair.size.height
        if len(pairs) == MOST_IN_PASSING or pixels > _MOST_PIXELS:
            break
        pairs.append(pair)
    return pairs
