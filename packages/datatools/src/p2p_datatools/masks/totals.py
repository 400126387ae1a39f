"""Adds up what the records of all masks tell, in one pass over records of which there may be 100,000.

Nothing here may hold a record, except what is told of a few, or judge what the sums mean.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.palette import Palette
from p2p_datatools.labels.values import RegionLabels, Use
from p2p_datatools.masks.class_mapping import TRANSPARENT, UNDECIDED
from p2p_datatools.masks.plan import MaskJob

BLACK = frozenset({"0", "#000000"})
"""The values of black in pictures of numbers and in those of colours."""
_MUCH = 0.01  # of a picture's pixels
_TOLD = 5  # masks with undecided pixels that are told


class ValueUse(NamedTuple):
    """What a value in pictures of labels meant: its label, the class, and what decided that where a record says it."""

    value: str
    label: str
    becomes: str
    decided_by: str


class MaskTotals:
    """The sums over `lines`: `areas` are pixels by class, `split_areas` those of each split, `value_uses` those of each
    value in pictures of labels.

    `uses` are the labels of the pictures, by pixels and pictures. `most_blended` and `most_reordered` are the masks
    with the largest share of such pixels, None where none has any. Of `black` masks nothing but black and transparency
    was read. `undecided` masks have pixels that no colour explains, `first_undecided` are a few of them with the place,
    and `most_undecided` is the one with the largest share. `turned` are jobs whose labels exchange the sides. `tables`
    has for each class number its colours in the pictures' own tables, each with the first picture that has it so.
    """

    def __init__(self, lines: Iterable[MaskLine], jobs: Mapping[str, MaskJob], palette: Palette) -> None:
        self.areas = Counter(dict.fromkeys(palette.names, 0))
        self.value_uses: Counter[ValueUse] = Counter()
        self.uses: dict[str, Use] = {}
        self.splits: Counter[str] = Counter()
        self.split_areas: dict[str, Counter[str]] = {}
        self.snapped, self.blended, self.reordered, self.scaled, self.black, self.undecided = 0, 0, 0, 0, 0, 0
        self.first_scaled: str | None = None
        self.first_black, self.first_undecided = "", list[str]()
        self.faults: dict[str, tuple[dict[str, str], ...]] = {}
        self.turned: list[MaskJob] = []
        self.tables: dict[str, dict[str, str]] = {}
        self._most: dict[str, tuple[float, str]] = {}
        for line in lines:
            self._add(line)
            self._add_values(line)
            job = jobs.get(line.name)
            if job and isinstance(job.item, RegionLabels) and job.item.size == line.size[::-1] != line.size:
                self.turned.append(job)

    def _add(self, line: MaskLine) -> None:
        self.areas.update(line.areas)
        self.snapped += line.snapped
        self.blended += line.blended
        pixels = line.size.width * line.size.height
        self._note("blended", line.blended / pixels, line.name)
        self._note("reordered", line.reordered / pixels, line.name)
        self.reordered += line.reordered / pixels > _MUCH
        if line.split:
            self.splits[line.split] += 1
            self.split_areas.setdefault(line.split, Counter()).update(line.areas)
        if line.scaled:
            self.scaled += 1
            self.first_scaled = self.first_scaled or f"{line.name}: {line.scaled} to {line.size}"
        if line.faults:
            self.faults[line.name] = line.faults

    def _add_values(self, line: MaskLine) -> None:
        for number, color in line.table.items():
            self.tables.setdefault(number, {}).setdefault(color, line.source)
        for value, (label, count) in line.values.items():
            self.value_uses[ValueUse(value, label, line.labels.get(label, ""), line.decided_by)] += count
            self.uses[label] = self.uses.get(label, Use()) + Use(count, 1)
        others = line.values.keys() - {TRANSPARENT}
        if TRANSPARENT in line.values and others and others <= BLACK:
            self.black += 1
            self.first_black = self.first_black or line.source
        if line.undecided:
            self.undecided += 1
            self._note("undecided", line.values[UNDECIDED][1] / (line.size.width * line.size.height), line.name)
            if len(self.first_undecided) < _TOLD:
                x, y = line.undecided[0]
                self.first_undecided.append(f"{line.source} at x={x}, y={y}")

    def _note(self, kind: str, share: float, name: str) -> None:
        if share > self._most.get(kind, (0.0, ""))[0]:
            self._most[kind] = share, name

    @property
    def most_blended(self) -> str | None:
        """The mask with the largest share of blended pixels."""
        return self._most["blended"][1] if "blended" in self._most else None

    @property
    def most_reordered(self) -> str | None:
        """The mask of which the order of annotation would change the largest share."""
        return self._most["reordered"][1] if "reordered" in self._most else None

    @property
    def most_undecided(self) -> tuple[float, str]:
        """The largest share of pixels that no colour explains, and the mask that has it."""
        return self._most["undecided"]
