"""Without a name those runs are offered that can be painted with, the latest first, and what finds masks for them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.models.model import Model
from p2p_gan.paint.find import find_models, with_segmenter
from p2p_gan.paint.painters import open_painters

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import WriteModel

MASK, PHOTO, CARS = Half("mask", "mask"), Half("photo", "photo"), load_palette("cars")
Place = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path, make_model: Callable[..., Model], write_model: "WriteModel") -> Place:
    """place(path, age, given, wanted, palette): a run folder so many seconds old."""

    def make(path: str, age: int = 0, given: Half = MASK, wanted: Half = PHOTO, palette: str = "cars") -> Path:
        model = make_model(given, wanted, palette=load_palette(palette))
        file = write_model(model, tmp_path / path / "model.safetensors")
        (file.parent / "run.json").write_text("{}")
        os.utime(file, (10**9 - age, 10**9 - age))
        return file.parent

    return make


def test_runs_below_are_found_the_latest_first_and_others_are_not(tmp_path: Path, place: Place) -> None:
    old, new = place("p2p-demo/run", 10), place("runs/b/x", 1)
    place("photos", 0, PHOTO, PHOTO)
    place(".hidden/run")
    place("far/below/the/first/run")
    place("runs/b/x/checkpoints/copy")
    assert find_models([tmp_path]) == [new, old]


def test_a_model_that_finds_masks_is_offered_with_those_whose_classes_it_has(tmp_path: Path, place: Place) -> None:
    run = place("run")
    place("scenes", 0, PHOTO, MASK, "scenes")
    segmenter = place("segmenter", 5, PHOTO, MASK)
    assert find_models([tmp_path]) == [run, segmenter]
    ours = with_segmenter(open_painters([run]))
    assert [(each.id, each.name) for each in ours] == [("m0", "run"), ("m1", "segmenter")]
    assert with_segmenter(ours) == ours


def test_at_most_six_are_offered_and_the_rest_and_the_damaged_are_said(
    tmp_path: Path, place: Place, notes: "Notes"
) -> None:
    runs = [place(f"run{number}", number) for number in range(8)]
    (place("damaged") / "model.safetensors").write_bytes(b"nothing")
    assert find_models([tmp_path], notes) == runs[:6]
    assert any("damaged" in line for line in notes.lines)
    assert notes.lines[-1].startswith("2 older runs are left out")


def test_where_there_is_none_the_demo_is_what_to_do(tmp_path: Path, place: Place, refused: "Refused") -> None:
    place("photos", 0, PHOTO, PHOTO)
    with refused("no-models", tmp_path) as caught:
        find_models([tmp_path])
    assert "p2p demo" in caught.value.to_do
