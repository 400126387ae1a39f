"""Regions that lie out of memory are those that were read, bit for bit, and little is held of each picture."""

import gc
import tracemalloc
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files import scratch
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.parsing.regions import gather
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionLabels, Runs

if TYPE_CHECKING:
    from conftest import Refused

OUTER = np.array([(0.1, 1 / 3), (7, -0.0), (np.pi, 5e-324)])
HOLE = np.array([(1, 1), (2, 1), (2.5, 2)])
DRAWN = (
    Region("car", (Polygon(OUTER, (HOLE, HOLE + 1)), Polygon(HOLE, is_box=True)), place="a.json: shape 1"),
    Region("", (), (Runs(np.array([0, 2**40, 7]), Size(2, 3), by_column=True, left=-4, top=9),), "a.json: Ж"),
    Region("half a pair \ud800", ()),
)
LABELS = RegionLabels("a.png", Size(9, 9), DRAWN, "a.json", "a.json", "signed", boxes=DRAWN[:1])


def told(labels: RegionLabels) -> list[object]:
    """All that regions say, with the bits of their numbers."""
    return [
        (
            (each.label, each.place, each.is_box),
            [[part.is_box, *(ring.tobytes() for ring in (part.outer, *part.holes))] for part in each.polygons],
            [(part.counts.tobytes(), part.size, part.by_column, part.left, part.top) for part in each.runs],
        )
        for each in (*labels.regions, *labels.boxes)
    ]


def limit_memory(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let scratch files begin after so many bytes."""
    defaults = scratch.ScratchFile.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "memory", size)


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_what_is_read_is_what_was_stored(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    limit_memory(monkeypatch, memory)
    kept = RegionStore().keep(LABELS)
    assert told(kept) == told(LABELS) == told(kept.load())
    assert len(kept.regions) == 3
    assert kept.regions[-1].label == DRAWN[-1].label
    assert [each.label for each in kept.regions[:2]] == ["car", ""]
    assert isinstance(kept.regions[0].polygons[0].outer, np.ndarray)
    assert kept.regions[1].runs[0].size.width == 2


def test_what_lies_in_one_store_can_move_to_another() -> None:
    moved = RegionStore().keep(RegionStore().keep(LABELS))
    assert told(moved) == told(LABELS)
    assert RegionStore().keep(replace(LABELS, regions=(), boxes=())).regions == ()


def test_a_full_disk_is_no_damage_of_a_picture(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    def fill(*_: object) -> int:
        raise P2PError("tmp", "is full", "Free space.", code="scratch-file")

    monkeypatch.setattr(scratch.ScratchFile, "append", fill)
    with refused("scratch-file"):
        gather("yolo", [("a.txt", lambda: LABELS)])


def read(count: int, points: int) -> LabelSet:
    turn = np.linspace(0, 6, points)
    outline = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return gather("yolo", ((name, partial(draw, name, outline)) for name in map(str, range(count))))


def draw(name: str, outline: NDArray[np.float64]) -> RegionLabels:
    """Labels with an outline of their own."""
    return replace(LABELS, file_name=name, regions=(Region("car", (Polygon(outline + float(name)),)),), boxes=())


def test_what_is_held_of_a_picture_does_not_grow_with_its_outlines(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_memory(monkeypatch, 0)
    tracemalloc.start()
    try:
        found = read(200, points=2000)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] / len(found.items)
    finally:
        tracemalloc.stop()
    assert held < 1500, f"{held:.0f} bytes a picture, of 32,000 that its outline has"
