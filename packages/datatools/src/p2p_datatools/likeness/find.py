"""Finds the pictures of a set that show the same, with the evidence: pixels laid over each other, names, times.

Nothing here may read a file, or draw a conclusion for splits or for a check.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.likeness.candidates import Candidate, find_candidates
from p2p_datatools.likeness.confirm import PixelAgreement, compare_pixels
from p2p_datatools.likeness.names import Place, find_copies, find_taken_soon, place_by_number, time_in
from p2p_datatools.likeness.signature import PictureSignature

# Of 427 real photos the twins had a share of 0.95 and more; two photos of one car or of one street had up to 0.8.
_SHARE, _CORRELATION = 0.75, 0.6
_LEAST_OVERLAP, _HALF, _UNLIKE = 0.1, 0.5, 0.2
# Of frames of one sequence, which names tell, less is evidence.
_SCENE_SHARE, _SCENE_CORRELATION, _SCENE_OVERLAP, _SCENE_CORNERS, _NEAR = 0.4, 0.4, 0.6, 12, 5
_AT_ONCE = 64  # comparisons of a thread, a millisecond each
LinkKind = Literal["copy", "twin", "part", "neighbour"]
"""A name says so; one photo; a part of one photo, as tiles of a map; the next frame or photo of one place."""


_KINDS = ("neighbour", "part", "twin", "copy")  # in the order of what they prove


class Link(NamedTuple):
    """Two pictures, by their numbers, that show the same, the first the smaller one.

    `correlation` is that of their pixels, 0 where nothing was compared. A link of a `sequence` may be one of many that
    hold a walk or a video together, whose ends show nothing in common.
    """

    first: int
    second: int
    kind: LinkKind
    correlation: float = 0.0
    mirrored: bool = False
    sequence: bool = False


def find_links(
    signatures: Sequence[PictureSignature],
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
    known = {number: time for number, name in enumerate(names) if (time := time_in(name))} | dict(times or {})
    places = place_by_number(names)
    found: dict[tuple[int, int], Link] = {}
    copies, stems = find_copies(names)
    for link in (
        *_by_names(copies, known),
        *_by_pixels(signatures, _Order(places, known), report),
    ):
        before = found.get(link[:2])
        if before is None or _weight(link) > _weight(before):
            found[link[:2]] = link
    for stem in stems:
        report.note(
            f"More than 32 names are '{stem}' and a word such as 'crop': pixels, not names, tell which are copies."
        )
    return sorted(found.values())


def _weight(link: Link) -> tuple[int, float]:
    return _KINDS.index(link.kind), link.correlation


def _by_names(copies: Sequence[Sequence[int]], times: Mapping[int, datetime]) -> Iterator[Link]:
    for numbers in copies:
        yield from (Link(one, other, "copy") for one, other in pairwise(numbers))
    for one, other in find_taken_soon(times):
        yield Link(min(one, other), max(one, other), "neighbour", sequence=True)


class _Order(NamedTuple):
    """In which order pictures were taken, as far as is known."""

    places: Sequence[Place | None]
    times: Mapping[int, datetime]

    def is_sequence(self, one: int, other: int) -> bool:
        """Whether both may be frames of one sequence."""
        here, there = self.places[one], self.places[other]
        return (here is not None and there is not None and here.sequence == there.sequence) or (
            one in self.times and other in self.times
        )

    def are_near(self, one: int, other: int) -> bool:
        """Whether few frames lie between them."""
        here, there = self.places[one], self.places[other]
        return (
            here is not None
            and there is not None
            and here.sequence == there.sequence
            and abs(here.position - there.position) <= _NEAR
        )


def _by_pixels(signatures: Sequence[PictureSignature], order: _Order, report: Reporter) -> Iterator[Link]:
    candidates = find_candidates(signatures)

    def judge(begin: int) -> list[Link]:
        some = candidates[begin : begin + _AT_ONCE]
        return [link for each in some if (link := _judge(each, signatures, order))]

    begins = range(0, len(candidates), _AT_ONCE)
    with closing(parallel_map(judge, begins)) as results:
        for links in report.track(results, "comparing pictures", len(begins)):
            yield from links


def _judge(candidate: Candidate, signatures: Sequence[PictureSignature], order: _Order) -> Link | None:
    first, second, mirrored = candidate
    found = compare_pixels(signatures[first], signatures[second], mirrored=mirrored)
    kind = _kind(found, near=not mirrored and order.are_near(first, second)) if found else None
    if found is None or kind is None:
        return None
    return Link(first, second, kind, found.correlation, mirrored, order.is_sequence(first, second))


def _kind(found: PixelAgreement, *, near: bool) -> LinkKind | None:
    is_same = found.share >= _SHARE and found.correlation >= _CORRELATION and found.unlike <= _UNLIKE
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
