"""How far the outlines of all pictures reach, which tells labels of another scale: of larger photos, or in percent.

Nothing here may paint, or judge a single picture by more than what lies beyond its edges.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.values import Region, RegionLabels

_BEYOND = 0.1  # of a side: tools let the hand slip over the edge by less
_LEAST = 8.0  # pixels, of which less is a slip in a small picture, too
_FARTHEST = 10**9
_PERCENT = 100.0
_ENOUGH = 3  # regions that do not lie in a corner by accident
_SHRUNK = 1.5  # times as wide as its photo is a picture of which regions in the photo's own pixels leave much free
_CORNER = 4  # times as large as what percentages reach is a picture in which they are a corner
_QUARTER, _MANY = 0.55, 10  # of both sides, within which nothing but labels of a smaller scale keeps so many pictures


class _Reach(NamedTuple):
    """What the regions of a picture reach: their number, the largest coordinate, its shorter side, what is beyond.

    `share` is how far they reach of the two sides, the larger of the two shares. `shrunk` is the size of a photo much
    smaller than its labels say; `inside` says that all regions lie in so small a picture, and not only in its first
    half.
    """

    regions: int
    most: float
    share: float
    side: int
    beyond: str
    shrunk: Size | None = None
    inside: bool = False


@dataclass
class Reaches:
    """The pictures by name, added in any order and from any thread."""

    _pictures: dict[str, _Reach] = field(default_factory=dict)

    def add(self, name: str, item: RegionLabels, size: Size, photo: Size | None = None) -> None:
        """Add the regions of a picture of `size`, in whose pixels they are given; its photo may have another size."""
        if item.relative or not item.regions:
            return
        ends = [(region, x, y) for region in item.regions for x, y in _ends_of(region)]
        most = max((max(x, y) for _, x, y in ends), default=0.0)
        beyond = next(_say_beyond(ends, item.where, size), "")
        share = max((max(x / size.width, y / size.height) for _, x, y in ends), default=0.0)
        shrunk = photo if photo and size.width >= _SHRUNK * photo.width else None
        across, down = max((x for _, x, _ in ends), default=0.0), max((y for _, _, y in ends), default=0.0)
        inside = shrunk is not None and shrunk.width / 2 < across <= shrunk.width and down <= shrunk.height
        self._pictures[name] = _Reach(len(item.regions), most, share, min(size), beyond, shrunk, inside)

    def notes(self, where: str) -> Iterator[str]:
        """What all pictures together tell; `where` are the labels."""
        far = [each.beyond for _, each in sorted(self._pictures.items()) if each.beyond]
        if far:
            reach = "picture has regions that reach" if len(far) == 1 else "pictures have regions that reach"
            yield (
                f"{where}: {len(far)} {reach} far beyond the edge; the first: {far[0]}. What lies outside is cut off: "
                "if they were drawn on larger photos, give those with --photos, and correct the size in the labels."
            )
        shrunk = list(self._note_shrunk(where))
        yield from shrunk
        yield from () if shrunk else self._note_corner(where)

    def _note_shrunk(self, where: str) -> Iterator[str]:
        shrunk = {name: each for name, each in self._pictures.items() if each.shrunk}
        if sum(each.regions for each in shrunk.values()) >= _ENOUGH and all(each.inside for each in shrunk.values()):
            first = min(shrunk)
            yield (
                f"{where}: {plural(len(shrunk), 'picture is', 'pictures are')} larger by the labels than by the photo, "
                f"but all regions lie within the photo's size ({first}: {shrunk[first].shrunk}). They are shrunk with "
                "the picture: if outlines were resized and width and height were not, correct these in the labels."
            )

    def _note_corner(self, where: str) -> Iterator[str]:
        most = max((each.most for each in self._pictures.values()), default=0.0)
        share = max((each.share for each in self._pictures.values()), default=0.0)
        count = sum(each.regions for each in self._pictures.values())
        side = min((each.side for each in self._pictures.values()), default=0)
        if count >= _ENOUGH and _PERCENT / 2 < most <= _PERCENT and side >= _CORNER * _PERCENT:
            yield (
                f"{where}: {plural(count, 'region')} of {plural(len(self._pictures), 'picture')} all lie within the "
                "first 100 pixels of both sides, as if they were percentages: look at the masks, and convert the "
                "coordinates to pixels if they are."
            )
        elif len(self._pictures) >= _MANY and share < _QUARTER and most > _PERCENT:
            yield (
                f"{where}: the regions of all {len(self._pictures)} pictures lie in the first {share:.0%} of both "
                "sides, as if they were drawn on smaller photos: look at the masks, and scale the coordinates, or "
                "correct the size in the labels, if they were."
            )


def find_reach_beyond(item: RegionLabels, size: Size) -> str:
    """In words, the first region that reaches far beyond the edges of a picture of `size`; empty where none does."""
    ends = ((region, x, y) for region in item.regions for x, y in _ends_of(region))
    return next(_say_beyond(ends, item.where, size), "")


def _ends_of(region: Region) -> Iterator[tuple[float, float]]:
    """The largest x and y of each part of a region."""
    for polygon in region.polygons:
        x, y = polygon.outer.max(axis=0).tolist()
        yield x, y
    for runs in region.runs:  # whose place may be any whole number
        yield float(min(runs.left, _FARTHEST) + runs.size.width), float(min(runs.top, _FARTHEST) + runs.size.height)


def _say_beyond(ends: Iterable[tuple[Region, float, float]], where: str, size: Size) -> Iterator[str]:
    for region, *reached in ends:
        for axis, end, side in zip("xy", reached, size, strict=True):
            if end - side > max(_LEAST, _BEYOND * side):
                place = region.place or where
                yield f"{place} ({region.label}) reaches {axis}={end:.0f} in a picture of {size}"
