"""A page begins with masks that the run held out, where its pairs are still there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.models.model import Model
from p2p_gan.paint.examples import find_examples

if TYPE_CHECKING:
    from conftest import Notes

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")


@pytest.fixture
def run(pair_folder: Path) -> Path:
    """The record of a run beside its pairs."""
    record = {"format": "p2p-run", "version": 1, "pairs": str(pair_folder)}
    (pair_folder.parent / "run").mkdir()
    (pair_folder.parent / "run" / "run.json").write_text(json.dumps(record))
    return pair_folder.parent / "run"


@pytest.mark.parametrize("given", ["classes", "values"])
def test_masks_are_read_whether_the_model_takes_classes_or_colours(
    run: Path, make_model: Callable[..., Model], given: str
) -> None:
    card = make_model(MASK, PHOTO, palette=load_palette("cars"), input_as=given).card
    found = find_examples(run, card)
    assert len(found.to_json()) == 2
    assert found.read("1", photo=False)[25:26] == b"\x03"  # indexed
    assert found.read("1", photo=True)[25:26] == b"\x02"  # RGB


def test_pairs_that_were_moved_with_the_run_are_found(
    run: Path, make_model: Callable[..., Model], tmp_path: Path
) -> None:
    card = make_model(MASK, PHOTO, palette=load_palette("cars")).card
    moved = Path(shutil.copytree(run.parent, tmp_path / "moved"))
    shutil.rmtree(run.parent / "pairs")
    assert find_examples(run, card).to_json() == []
    assert len(find_examples(moved / "run", card).to_json()) == 2


def test_pairs_of_another_palette_are_left_out_and_that_is_said(
    run: Path, make_model: Callable[..., Model], notes: "Notes"
) -> None:
    card = make_model(MASK, PHOTO, palette=load_palette("facades")).card
    assert find_examples(run, card, notes).to_json() == []
    assert "No examples" in notes.lines[0]
