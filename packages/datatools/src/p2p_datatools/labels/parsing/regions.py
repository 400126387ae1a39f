"""What all readers of regions share: checking names and labels, collecting regions, turning damage into values.

Nothing here may know a file format.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.pictures.limits import MOST_PIXELS
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.outlines import has_area, has_hole_over_all, number
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import (
    EXPORT_AGAIN,
    LabelItem,
    LabelSet,
    Polygon,
    Region,
    RegionFault,
    RegionLabels,
    Runs,
    Use,
    add_uses,
    bad_labels,
    bad_shape,
    fault_of,
)

UNNAMED = "unnamed"  # the label of a region without one, so that --map can name it

RegionShape = Polygon | Runs | str  # a text is the kind of a shape without area
ShapeReader = Callable[[], "RegionShape | Iterable[RegionShape | ShapeReader]"]
_Value = TypeVar("_Value")


@dataclass
class RegionCollector:
    """The regions of one picture, collected shape by shape; one that cannot be painted costs itself and no other."""

    regions: list[Region] = field(default_factory=list)
    without_area: Counter[str] = field(default_factory=Counter)
    _faults: list[tuple[P2PError, str, str]] = field(default_factory=list)

    def objects(self, values: Iterable[Any], kind: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The place of each object of a list, and the object; whatever is none is a fault."""
        for count, each in enumerate(values, start=1):
            place = f"{where}: {kind} {count}"
            if isinstance(each, dict):
                yield place, each
            else:
                what = "is not an object"
                error = bad_labels(place, what, code="damaged-labels")
                self._faults.append((error, place, ""))

    def in_layers(
        self, shapes: Iterable[tuple[str, _Value]], layer: Callable[[_Value], Any]
    ) -> list[tuple[str, _Value]]:
        """Places and shapes from the lowest layer up, within one in their order; a layer must be a number."""
        found = []
        for place, each in shapes:
            try:
                found.append((number(layer(each), place, "its layer"), place, each))
            except P2PError as error:
                self._faults.append((error, place, ""))
        return [(place, each) for _, place, each in sorted(found, key=lambda entry: entry[0])]

    def add(self, shape: RegionShape | ShapeReader, *labels: Any, where: str) -> None:
        """Add a shape, or the shapes that a function reads, each under each of its labels.

        A P2PError of the function is a fault of the region; one of the labels is not, since what is not understood
        is not left out.
        """
        for found in self.read(shape, *labels, where=where):
            self.add_region(found, *labels, where=where)

    def read(self, shape: RegionShape | ShapeReader, *labels: Any, where: str) -> list[Polygon | Runs]:
        """The shapes that a function reads, and those that the functions among them read, without the faulty ones."""
        try:
            found = of_any_kind(shape, where) if callable(shape) else shape
            if isinstance(found, str):
                self.without_area[found] += 1
                return []
            if isinstance(found, Polygon | Runs):
                _refuse_flat(found, where)
                return [found]
            parts = list(found)
        except P2PError as error:
            label = ", ".join(str(each) for each in labels if each is not None)
            self._faults.append((error, where, label.encode(errors="replace").decode()))
            return []
        return [each for part in parts for each in self.read(part, *labels, where=where)]

    def add_region(self, shape: Polygon | Runs, *labels: Any, where: str) -> None:
        """Add a shape that has been read under each of its labels; raises P2PError for a label that is not text."""
        polygons, runs = ((shape,), ()) if isinstance(shape, Polygon) else ((), (shape,))
        for label in labels or (None,):
            self.regions.append(Region(read_label(label, where), polygons, runs, where))

    def keep(self, check: Callable[[Region], None]) -> None:
        """Leave out the regions of which `check` raises a P2PError."""
        kept = []
        for region in self.regions:
            try:
                check(region)
                kept.append(region)
            except P2PError as error:
                self._faults.append((error, region.place, region.label))
        self.regions = kept

    def labels_of(
        self,
        file_name: str,
        size: Size | None,
        *,
        where: str,
        source: str,
        signature: str | None = None,
        relative: bool = False,
    ) -> RegionLabels:
        """The picture's labels; `signature` by default is that of its regions.

        Raises P2PError when none of its regions can be painted: a mask without any would say that nothing is there.
        """
        if self._faults and not self.regions:
            raise self._none_left()
        regions = tuple(self.regions)
        return RegionLabels(
            file_name,
            size,
            regions,
            where,
            source,
            signature or _signature(file_name, size, regions),
            relative=relative,
            without_area=dict(self.without_area),
            faults=tuple(
                fault_of(error, place, label=label, picture=file_name) for error, place, label in self._faults
            ),
        )

    def _none_left(self) -> P2PError:
        error, place, _ = self._faults[0]
        more = len(self._faults) - 1
        also = f", and {more} more of its regions cannot be painted either, so that none is left" if more else ""
        return P2PError(error.where or place, f"{error.what}{also}", error.to_do, code=error.code)


def of_any_kind(read: Callable[[], _Value], where: str) -> _Value:
    """What a reader reads; a value that is missing or of a kind that it does not expect is a P2PError."""
    to_do, code = EXPORT_AGAIN, "damaged-labels"
    with catch_decoder(where, "has a value of another kind than it must be", to_do, code=code):
        try:
            return read()
        except KeyError as error:
            raise P2PError(where, f"lacks {error!s:.80}", to_do, code=code) from error


def _refuse_flat(shape: Polygon | Runs, where: str) -> None:
    """Raise P2PError for a shape that encloses nothing."""
    if isinstance(shape, Polygon) and not has_area(shape):
        raise bad_shape(where, "encloses no area, since its points lie on a line", code="no-area")
    if isinstance(shape, Polygon) and has_hole_over_all(shape):
        what = "has a hole that is as large as its outline, so that nothing is left of it"
        raise P2PError(where, what, "Draw the hole again, or exchange the two.", code="no-area")
    if isinstance(shape, Runs) and not shape.counts[1::2].any():
        raise bad_shape(where, "its drawn mask has no pixel", code="no-area")


def gather(name: str, pictures: Iterable[tuple[str, Callable[[], RegionLabels]]]) -> LabelSet:
    """The labels of all pictures of the format `name`; `pictures` are places and functions that read them.

    Damage of a picture's labels that is more than the fault of a region skips that picture.
    """
    items: list[RegionLabels] = []
    skipped: list[Skip] = []
    uses: dict[str, Use] = {}
    store = RegionStore()
    for where, read in pictures:
        try:
            item = of_any_kind(read, where)
        except P2PError as error:
            skipped.append(skip_of(error, where))
        else:  # where there is no room for its regions, that is no damage of the picture
            add_uses(uses, item)
            items.append(store.keep(item))
    return LabelSet(name, tuple(items), uses, tuple(skipped))


def unite(name: str, sets: Iterable[LabelSet], skipped: Iterable[Skip] = ()) -> LabelSet:
    """The labels of several files of the format `name` as one; of the sets, which may be many, none is held."""
    items, every, notes = list[LabelItem](), list(skipped), list[str]()
    beside, faults, ignored = list[Path](), list[RegionFault](), set[str]()
    uses: dict[str, Use] = {}
    for each in sets:
        for label, use in each.labels.items():
            uses[label] = uses.get(label, Use()) + use
        items += each.items
        every += each.skipped
        notes += each.notes
        beside += each.beside
        faults += each.faults
        ignored |= each.ignored
    return LabelSet(
        name,
        tuple(items),
        uses,
        tuple(every),
        beside=tuple(beside),
        ignored=frozenset(ignored),
        notes=tuple(notes),
        faults=tuple(faults),
    )


def read_label(value: Any, where: str) -> str:
    """A label as text; one that is missing, empty or blank is UNNAMED."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return UNNAMED
    if not isinstance(value, str | int):
        raise ForeignPlace(where, to_do=EXPORT_AGAIN, code="damaged-labels").refuse(value, "its label", "text")
    return _utf8(str(value), where, "its label")


def read_picture_name(value: Any, where: str) -> str:
    """The name of a picture file, without the query of an address; P2PError when there is none, or it is not UTF-8."""
    told = name_on_server(value) if isinstance(value, str) else None
    name = value if told is None else told
    if not isinstance(name, str) or not name.strip():
        raise bad_labels(where, "names no picture file", code="no-file-name")
    return _utf8(re.split(r"[?#]", name)[0] if "://" in name else name, where, "the name of its picture")


def name_on_server(address: str) -> str | None:
    """The path or address in one of Label Studio's, which its exports in all formats have; None for any other.

    It has that of a local file as `?d=`, and that of one in a storage as `?fileuri=` in base64.
    """
    place, _, query = address.partition("?")
    key, _, value = query.partition("=")
    if not place.endswith("/") or key not in ("d", "fileuri"):
        return None
    if key == "d":
        return parse_qs(query).get("d", [""])[0]
    try:
        return base64.urlsafe_b64decode(unquote(value)).decode() or None
    except ValueError:
        return None


def _utf8(text: str, where: str, name: str) -> str:
    return ForeignPlace(where, to_do="Rename it and export the labels again.", code="name-not-utf8").read_text(
        text, name
    )


def size_from(width: Any, height: Any, where: str) -> Size | None:
    """The size of the picture as the labels say; None if they do not. Raises P2PError for an impossible one."""
    at, size = ForeignPlace(where, to_do=EXPORT_AGAIN), Size(-1, -1)
    with suppress(P2PError):
        sides = (at.read_number(each or 0, "a side", most=MOST_PIXELS, from_text=True) for each in (width, height))
        size = Size(*map(int, sides))
    if min(size) < 0 or size.width * size.height > MOST_PIXELS:
        what = f"its size is given as {width!r:.40} x {height!r:.40}"
        raise bad_labels(where, what, code="bad-size")
    return size if min(size) else None


def items_of(value: Any, what: str, where: str) -> list[Any]:
    """A list from a label file, None as an empty one; raises P2PError for anything else."""
    return ForeignPlace(where, to_do=EXPORT_AGAIN, code="damaged-labels").read_list(value, f"its {what}", may_lack=True)


def _signature(file_name: str, size: Size | None, regions: Iterable[Region]) -> str:
    digest = hashlib.sha256(json.dumps([file_name, size]).encode())
    for region in regions:
        outlines = [[each.outer.tolist(), [hole.tolist() for hole in each.holes]] for each in region.polygons]
        masks = [[each.counts.tolist(), *each.size, each.by_column, each.left, each.top] for each in region.runs]
        digest.update(json.dumps([region.label, outlines, masks]).encode())
    return digest.hexdigest()
