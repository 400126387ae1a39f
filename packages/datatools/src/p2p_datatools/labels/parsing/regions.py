"""What all readers of regions share: checking names and labels, collecting regions, turning damage into a skip.

Nothing here may know a file format.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.pictures.limits import MOST_PIXELS
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionLabels, Runs, Use, uses_of

UNNAMED = "unnamed"  # the label of a region without one, so that --map can name it


@dataclass
class RegionCollector:
    """The regions of one picture, collected shape by shape."""

    regions: list[Region] = field(default_factory=list)
    without_area: Counter[str] = field(default_factory=Counter)

    def add(self, shape: Polygon | Runs | str, *labels: Any, where: str) -> None:
        """Add a shape under each of its labels; a text is the kind of a shape without area."""
        if isinstance(shape, str):
            self.without_area[shape] += 1
            return
        for label in labels or (None,):
            if isinstance(shape, Polygon):
                self.regions.append(Region(_label(label, where), (shape,)))
            else:
                self.regions.append(Region(_label(label, where), (), (shape,)))

    def labels_of(self, file_name: str, size: Size | None, *, where: str, source: str) -> RegionLabels:
        """The picture's labels."""
        regions = tuple(self.regions)
        signature = _signature(file_name, size, regions)
        return RegionLabels(file_name, size, regions, where, source, signature, without_area=dict(self.without_area))


def gather(name: str, pictures: Iterable[tuple[str, Callable[[], RegionLabels]]]) -> LabelSet:
    """The labels of all pictures of the format `name`; `pictures` are places and functions that read them.

    Damage within one picture's labels skips that picture.
    """
    items: list[RegionLabels] = []
    skipped: list[Skip] = []
    for where, read in pictures:
        try:
            items.append(read())
        except P2PError as error:
            skipped.append(skip_of(error, where))
    return LabelSet(name, tuple(items), uses_of(items), tuple(skipped))


def unite(sets: Sequence[LabelSet], skipped: Iterable[Skip] = ()) -> LabelSet:
    """The labels of several files of one format as one."""
    items = [item for each in sets for item in each.items]
    uses: dict[str, Use] = {}
    for label, use in (pair for each in sets for pair in each.labels.items()):
        uses[label] = uses.get(label, Use()) + use
    every = [*skipped, *(skip for each in sets for skip in each.skipped)]
    notes = tuple(note for each in sets for note in each.notes)
    ignored = frozenset(label for each in sets for label in each.ignored)
    beside = tuple(path for each in sets for path in each.beside)
    return LabelSet(sets[0].format, tuple(items), uses, tuple(every), beside=beside, ignored=ignored, notes=notes)


def _label(value: Any, where: str) -> str:
    """A label as text; one that is missing or empty is UNNAMED."""
    if value is None or value == "":
        return UNNAMED
    if not isinstance(value, str | int):
        raise P2PError(where, f"its label {value!r} is not text", "Export the labels again.", code="damaged-labels")
    return _utf8(str(value), where)


def read_picture_name(value: Any, where: str) -> str:
    """The name of a picture file; raises P2PError when there is none, or it is not UTF-8."""
    if not isinstance(value, str) or not value.strip():
        raise P2PError(where, "names no picture file", "Export the labels again.", code="no-file-name")
    return _utf8(value, where)


def _utf8(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise P2PError(
            where, f"{text!a} is not UTF-8", "Rename it and export the labels again.", code="name-not-utf8"
        ) from error
    return text


def size_from(width: Any, height: Any, where: str) -> Size | None:
    """The size of the picture as the labels say; None if they do not. Raises P2PError for an impossible one."""
    try:
        size = Size(int(width or 0), int(height or 0))
    except (TypeError, ValueError, OverflowError):
        size = Size(-1, -1)
    if min(size) < 0 or size.width * size.height > MOST_PIXELS:
        raise P2PError(
            where, f"its size is given as {width!r} x {height!r}", "Export the labels again.", code="bad-size"
        )
    return size if min(size) else None


def items_of(value: Any, what: str, where: str) -> list[Any]:
    """A list from a label file, None as an empty one; raises P2PError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise P2PError(where, f"its {what} are not a list", "Export the labels again.", code="damaged-labels")
    return value


def _signature(file_name: str, size: Size | None, regions: Iterable[Region]) -> str:
    digest = hashlib.sha256(json.dumps([file_name, size]).encode())
    for region in regions:
        outlines = [[each.outer.tolist(), [hole.tolist() for hole in each.holes]] for each in region.polygons]
        masks = [[each.counts.tolist(), *each.size, each.by_column, each.left, each.top] for each in region.runs]
        digest.update(json.dumps([region.label, outlines, masks]).encode())
    return digest.hexdigest()
