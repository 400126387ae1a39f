"""Estimates the memory of a pass over a picture, and plans which of its values are kept whole and which in strips.

Nothing here may compute a pixel; `strips` executes the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from p2p_gan.networks.base import Step

_FLOAT = 4
_WORK = 3  # copies of a block's inputs and output in memory while it runs: concatenated, reordered for the convolution
_FEWEST_ROWS = 32


class Shape(NamedTuple):
    """The shape of one value of a picture."""

    channels: int
    height: int
    width: int

    @property
    def bytes(self) -> int:
        """The bytes of the value in float32."""
        return self.channels * self.height * self.width * _FLOAT

    def valid(self, share: tuple[float, float]) -> tuple[int, int]:
        """The numbers of rows and columns that are picture and not padding."""
        return max(1, round(self.height * share[0])), max(1, round(self.width * share[1]))


@dataclass(frozen=True)
class Layout:
    """The values that are kept whole, when they are released, and the rows of the picture that are computed at once."""

    shapes: tuple[Shape, ...]
    held: frozenset[int]
    released: dict[int, tuple[int, ...]]
    rows: int
    steps: "tuple[Step, ...]"

    def at_once(self, value: int) -> bool:
        """Whether a value is computed at once: it and its sources are all kept whole."""
        step = self.steps[value - 1]
        return all(source in self.held for source in (*step.sources, *_added_values(step)))


def _added_values(step: "Step") -> tuple[int, ...]:
    return () if step.added is None else (step.added,)


def shapes_of(steps: "Sequence[Step]", inputs: int, size: Size) -> tuple[Shape, ...]:
    """The shape of every value: that of the input, then those of the steps."""
    shapes = [Shape(inputs, size.height, size.width)]
    for step in steps:
        source = shapes[step.sources[0]]
        sides = (side * step.up // step.down for side in source[1:])
        shapes.append(Shape(step.channels, *sides))
    return tuple(shapes)


def _last_uses(steps: "Sequence[Step]") -> dict[int, int]:
    """For each value the last value that is computed from it."""
    return {source: value for value, step in enumerate(steps, 1) for source in (*step.sources, *_added_values(step))}


def whole_bytes(steps: "Sequence[Step]", shapes: Sequence[Shape]) -> int:
    """The approximate peak memory in bytes of one pass over the whole picture."""
    return _peak(steps, shapes, frozenset(range(len(shapes))))


def _peak(steps: "Sequence[Step]", shapes: Sequence[Shape], held: frozenset[int]) -> int:
    last, peak = _last_uses(steps), 0
    for value, step in enumerate(steps, 1):
        live = sum(shapes[each].bytes for each in held if each <= value and last.get(each, 0) >= value)
        sources = (*step.sources, *_added_values(step))
        work = 0
        if value in held and all(source in held for source in sources):
            work = (_WORK - 1) * (sum(shapes[source].bytes for source in sources) + shapes[value].bytes)
        peak = max(peak, live + work)
    return peak


def layout_of(steps: "Sequence[Step]", inputs: int, size: Size, budget: int, rows: int | None = None) -> Layout | None:
    """The plan for a picture of `size`, None if one pass fits into the budget; `rows` forces strips of that many rows.

    Raises P2PError if even strips do not fit, since the inner values of the network are kept whole.
    """
    shapes = shapes_of(steps, inputs, size)
    if rows is None and whole_bytes(steps, shapes) <= budget:
        return None
    inner = range(1, len(shapes) - 1)
    largest = max((shapes[value].bytes for value in inner), default=0)
    # Fewer values that are computed again for each strip are faster.
    limits = sorted({shapes[value].bytes for value in inner if rows is None or shapes[value].bytes * 3 <= largest})
    for limit in reversed([0, *limits]):
        held = frozenset(value for value in inner if shapes[value].bytes <= limit)
        peak = _peak(steps, shapes, held)
        wanted = rows or _rows_within(budget - peak, shapes, held)
        if (peak <= budget * 2 // 3 and wanted >= _FEWEST_ROWS) or rows is not None:
            return Layout(shapes, held, _releases(steps, held), min(wanted, size.height), tuple(steps))
    needed = _peak(steps, shapes, frozenset()) / 2**30
    what = f"needs more than {needed:.1f} GiB of memory, but a pass may use {budget / 2**30:.1f} GiB on this device"
    raise P2PError(f"size={size}", what, "Choose a smaller --size.", code="no-memory")


def _rows_within(budget: int, shapes: Sequence[Shape], held: frozenset[int]) -> int:
    """The number of rows of the picture that can be computed at once."""
    moving = sum(shape.bytes for value, shape in enumerate(shapes) if value not in held)
    rows = int(budget / max(1, _WORK * moving / shapes[0].height))
    return rows // _FEWEST_ROWS * _FEWEST_ROWS


def _releases(steps: "Sequence[Step]", held: frozenset[int]) -> dict[int, tuple[int, ...]]:
    """For each value those that can be released after it; sources of values in strips stay until the end."""
    needs: dict[int, set[int]] = {}
    for value, step in enumerate(steps, 1):
        for source in (*step.sources, *_added_values(step)):
            needs.setdefault(source, set()).add(value)
    released: dict[int, tuple[int, ...]] = {}
    for source in held:
        users = needs.get(source, set())
        if users and users <= held:
            released[max(users)] = (*released.get(max(users), ()), source)
    return released
