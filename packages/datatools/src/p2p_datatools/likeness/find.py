"""Finds the pictures of a set that show the same, with the evidence: pixels laid over each other, names, times.

Nothing here may read a file, or draw a conclusion for splits or for a check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import Literal, NamedTuple

from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.likeness.candidates import find_candidates
from p2p_datatools.likeness.confirm import PixelAgreement, compare_pixels
from p2p_datatools.likeness.names import MOST_COPIES, Place, find_copies, find_taken_soon, place_by_number, time_in
from p2p_datatools.likeness.signature import PictureSignature
from p2p_datatools.likeness.store import SignatureStore

# Of 427 real photos the twins had a share of 0.95 and more; two photos of one car or of one street had up to 0.8.
_SHARE, _CORRELATION = 0.75, 0.6
_LEAST_OVERLAP, _HALF, _UNLIKE = 0.1, 0.5, 0.2
# Turned or mirrored, one picture lies over another in seven ways more, some of which fit by chance: two roads of a map.
# Of 75 real photos that were turned and made worse in thirteen ways, all twins but one had more.
_TURNED_SHARE, _TURNED_CORRELATION = 0.9, 0.8
# Of frames of one sequence, which names tell, less is evidence.
_SCENE_SHARE, _SCENE_CORRELATION, _SCENE_OVERLAP, _SCENE_CORNERS, _NEAR = 0.4, 0.4, 0.6, 12, 5
_AT_ONCE = 64  # comparisons of a thread, a millisecond each
_Two = tuple[int, int]
LinkKind = Literal["copy", "twin", "part", "neighbour"]
"""A name says so; one photo; a part of one photo, as tiles of a map; the next frame or photo of one place."""


_KINDS = ("neighbour", "part", "twin", "copy")  # in the order of what they prove


FEW_COPIES = 3
"""So many pictures that are nearly the same are copies of one; of more in a sequence each is like the next."""


class Link(NamedTuple):
    """Two pictures, by their numbers, that show the same, the first the smaller one.

    `correlation` is that of their pixels, 0 where nothing was compared; the second is `turned` by some quarters to the
    left before it is `mirrored`, or is the negative, `inverted`. A link of a `sequence` may be one of many that
    hold a walk or a video together, whose ends show nothing in common.
    """

    first: int
    second: int
    kind: LinkKind
    correlation: float = 0.0
    mirrored: bool = False
    sequence: bool = False
    turned: int = 0
    inverted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether only the whole of both was compared, one turned or as its negative."""
        return self.turned > 0 or self.inverted


def find_links(
    signatures: Sequence[PictureSignature] | SignatureStore,
    names: Sequence[str],
    *,
    times: Mapping[int, datetime] | None = None,
    report: Reporter = QUIET,
) -> list[Link]:
    """The links between pictures of these signatures and names, in the order of the pictures, each pair once.

    `times` are when pictures were taken, by their numbers, where more is known than their names say. Links reach from
    one twin to the next, not from each to each.
    """
    assert len(signatures) == len(names), "each picture has a name"
    store = signatures if isinstance(signatures, SignatureStore) else SignatureStore(signatures)
    known = {number: time for number, name in enumerate(names) if (time := time_in(name))} | dict(times or {})
    places = place_by_number(names)
    found: dict[tuple[int, int], Link] = {}
    copies, stems = find_copies(names)
    soon, doubtful = _sort_by_belief(find_taken_soon(known), times or {})
    for link in (*_by_names(copies, soon), *_by_pixels(store, _Order(places, known, frozenset(doubtful)), report)):
        before = found.get(link[:2])
        if before is None or _weight(link) > _weight(before):
            found[link[:2]] = link
    for stem in stems:
        report.note(
            f"More than 32 names are '{stem}' and a word such as 'crop': pixels, not names, tell which are copies."
        )
    if doubtful:
        count = len(set(chain.from_iterable(doubtful)))
        report.note(
            f"{count} names have times of which each is soon after another, as those of an export are: "
            "pixels, not times, tell which are neighbours."
        )
    return sorted(found.values())


def _sort_by_belief(runs: Sequence[Sequence[int]], times: Mapping[int, datetime]) -> tuple[list[_Two], list[_Two]]:
    """Which pictures were taken one after the other: those that are believed, and those that pixels have to confirm.

    A name's time may be that at which a set was written, which would make one walk of all; `times` are those of photos.
    """
    soon, doubtful = list[_Two](), list[_Two]()
    for run in runs:
        for one, other in pairwise(run):
            is_sure = len(run) <= MOST_COPIES or (one in times and other in times)
            (soon if is_sure else doubtful).append((min(one, other), max(one, other)))
    return soon, doubtful


def _weight(link: Link) -> tuple[int, bool, float]:
    """What a link proves; of a picture that is its own mirror image or turned image, that it is the same as it is."""
    return _KINDS.index(link.kind), not link.is_whole, link.correlation


def _by_names(copies: Sequence[Sequence[int]], soon: Sequence[_Two]) -> Iterator[Link]:
    for numbers in copies:
        yield from (Link(one, other, "copy") for one, other in pairwise(numbers))
    for one, other in soon:
        yield Link(one, other, "neighbour", sequence=True)


class _Order(NamedTuple):
    """In which order pictures were taken, as far as is known."""

    places: Sequence[Place | None]
    times: Mapping[int, datetime]
    doubtful: frozenset[_Two] = frozenset()  # of which times in names say so that are not believed alone

    def is_sequence(self, one: int, other: int) -> bool:
        """Whether both may be frames of one sequence."""
        here, there = self.places[one], self.places[other]
        return (here is not None and there is not None and here.sequence == there.sequence) or (
            one in self.times and other in self.times
        )

    def are_near(self, one: int, other: int) -> bool:
        """Whether few frames lie between them."""
        here, there = self.places[one], self.places[other]
        return (one, other) in self.doubtful or (
            here is not None
            and there is not None
            and here.sequence == there.sequence
            and abs(here.position - there.position) <= _NEAR
        )


def _by_pixels(signatures: SignatureStore, order: _Order, report: Reporter) -> Iterator[Link]:
    candidates = find_candidates(signatures, order.doubtful, report) if len(signatures) > 1 else None
    if candidates is None or not len(candidates.first):
        return

    def judge(begin: int) -> tuple[int, list[Link]]:
        some = [each[begin : begin + _AT_ONCE].tolist() for each in candidates]
        links = _judge(zip(*some, strict=True), signatures, order)
        return len(some[0]), list(links)

    report.start("comparing pictures", len(candidates.first))
    try:
        with closing(parallel_map(judge, range(0, len(candidates.first), _AT_ONCE))) as results:
            for count, links in results:
                yield from links
                report.advance(count)
    finally:
        report.finish()


def _judge(
    candidates: Iterable[tuple[int, int, bool, int, bool]], signatures: SignatureStore, order: _Order
) -> Iterator[Link]:
    """The links among candidates, which are in order, so that the first of each is that of the next, too."""
    for first, same in groupby(candidates, key=itemgetter(0)):
        one = signatures.read(first)
        for _, second, mirrored, turned, inverted in same:
            found = compare_pixels(one, signatures.read(second), mirrored=mirrored, turned=turned, inverted=inverted)
            near = not (mirrored or turned or inverted) and order.are_near(first, second)
            kind = _kind(found, near=near, whole=turned > 0 or inverted) if found else None
            if found is not None and kind is not None:
                is_sequence = order.is_sequence(first, second)
                yield Link(first, second, kind, found.correlation, mirrored, is_sequence, turned, inverted)


def _kind(found: PixelAgreement, *, near: bool, whole: bool) -> LinkKind | None:
    share, correlation = (_TURNED_SHARE, _TURNED_CORRELATION) if whole else (_SHARE, _CORRELATION)
    is_same = found.share >= share and found.correlation >= correlation and found.unlike <= _UNLIKE
    if is_same and found.overlap >= _LEAST_OVERLAP:
        return "twin" if found.overlap >= _HALF else "part"
    is_scene = (
        near
        and found.share >= _SCENE_SHARE
        and found.correlation >= _SCENE_CORRELATION
        and found.overlap >= _SCENE_OVERLAP
        and found.corners >= _SCENE_CORNERS
    )
    return "neighbour" if is_scene else None
