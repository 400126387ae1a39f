"""A model whose input is of several pictures: how they are given, read and refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.manifest import Half, HalfPart
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.pages import AS_USUAL
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.evaluation.scores import evaluate
from p2p_gan.inference.inputs import PictureBytes
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.parts import read_parts
from p2p_gan.inference.sampling import sample
from p2p_gan.models.card import card_from_json
from p2p_gan.models.model import Model, read_model
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import WriteModel

CARS = load_palette("cars")
PARTS = (HalfPart("masks", "mask", 3, CARS), HalfPart("edges", "photo", 1))
INPUTS = Half("inputs", "picture", 4, parts=PARTS)


@pytest.fixture
def painter(make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path) -> Path:
    return write_model(make_model(INPUTS, Half("photo", "photo")), tmp_path / "painter.safetensors")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Masks and edges of a and sub/b, 32x24."""
    masks, edges, random = tmp_path / "masks", tmp_path / "edges", np.random.default_rng(1)
    for name in ("a", "sub/b"):
        labels = random.integers(0, 3, (24, 32), np.uint8)
        write_mask(masks / f"{name}.png", labels, CARS)
        write_png(edges / f"{name}.png", random.integers(0, 256, (24, 32), np.uint8))
    write_records(masks, CARS, [])
    return masks, edges


def test_the_parts_of_an_input_are_in_the_model_file_and_read_as_they_were_paired(
    painter: Path, folders: tuple[Path, Path]
) -> None:
    card = read_model(painter).card
    assert card.input == INPUTS
    assert card_from_json(json.dumps(card.to_json()), where="test") == card
    files = [folder / "a.png" for folder in folders]
    pixels = read_parts(files, card, AS_USUAL, InputChanges())
    assert np.array_equal(pixels[..., :3], read_photo(files[0]))
    assert np.array_equal(pixels[..., 3], read_photo(files[1])[..., 0])


def test_one_folder_or_file_of_each_part_is_given_in_their_order(
    painter: Path, folders: tuple[Path, Path], tmp_path: Path, refused: "Refused"
) -> None:
    assert sample(painter, folders, tmp_path / "out").written == 2
    assert read_photo(tmp_path / "out" / "sub" / "b.png").shape == (24, 32, 3)
    sample(painter, [folders[0] / "a.png", folders[1] / "a.png"], tmp_path / "one")
    assert (tmp_path / "one" / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()
    with refused("other-number", usage=True):
        sample(painter, [*folders, folders[0]], tmp_path / "three")
    with refused("other-number", usage=True):  # the bytes were left out in silence
        sample(painter, [*folders, PictureBytes(b"")], tmp_path / "three")
    with refused("pictures-failed") as error:
        sample(painter, folders[0], tmp_path / "alone")
    assert {part.code for part in error.value.parts} == {"other-number"}
    strange = folders[1].rename(tmp_path / "strokes"), folders[0].rename(tmp_path / "colours")
    with refused("pictures-failed") as error:
        sample(painter, strange, tmp_path / "turned")
    assert {part.code for part in error.value.parts} == {"other-channels"}
    strange[0].rename(folders[1])
    strange[1].rename(folders[0])
    (folders[1] / "a.png").unlink()
    with refused("no-partner", folders[0] / "a.png"):
        sample(painter, folders, tmp_path / "lonely")


def test_folders_that_are_called_as_the_parts_are_given_in_their_order(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, refused: "Refused"
) -> None:
    parts = (HalfPart("t1", "photo", 1), HalfPart("flair", "photo", 1))
    inputs = Half("inputs", "picture", 2, parts=parts)
    painter = write_model(make_model(inputs, Half("photo", "photo")), tmp_path / "painter.safetensors")
    scans = tmp_path / "scans"
    for folder in ("t1", "flair", "t2"):
        write_png(scans / folder / "a.png", np.full((24, 32), len(folder), np.uint8))
    t1, flair, t2 = (scans / folder for folder in ("t1", "flair", "t2"))
    for given in ([flair, t1], [flair / "a.png", t1 / "a.png"]):
        with refused("other-order", usage=True) as error:
            sample(painter, given, tmp_path / "out")
        assert " ".join(map(str, reversed(given))) in error.value.to_do
    assert sample(painter, [t1, flair], tmp_path / "out").written == 1
    assert sample(painter, [t2, t1], tmp_path / "others").written == 1  # names that say nothing


def test_pairs_of_several_inputs_are_trained_sampled_and_scored(
    folders: tuple[Path, Path], tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    for name in ("a", "sub/b"):
        write_png(tmp_path / "photos" / f"{name}.png", colorize(np.full((24, 32), len(name) % 3, np.uint8), CARS))
    pair(folders, tmp_path / "photos", tmp_path / "pairs")
    split(tmp_path / "pairs", val=0, test=0.5)
    train(tmp_path / "pairs", tmp_path / "run", with_settings(tiny, {"images": 2}))
    assert sample(tmp_path / "run", tmp_path / "pairs", tmp_path / "out").written == 1
    assert evaluate(tmp_path / "run", tmp_path / "pairs").pictures == 1
    pair(folders[::-1], tmp_path / "photos", tmp_path / "turned")
    split(tmp_path / "turned", val=0, test=0.5)
    with refused("other-halves", tmp_path / "turned"):
        sample(tmp_path / "run", tmp_path / "turned", tmp_path / "no")
