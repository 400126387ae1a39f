"""What applying a model means: own size back, nothing from the neighbours, dropout from the picture itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.images import Photo, write_mask, write_png
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.sizes import Fit, Size
from p2p_gan.apply import How, apply_model
from p2p_gan.given import read_input
from p2p_gan.model import Model, load_model


@pytest.fixture(scope="module")
def model(run_folder: Path) -> Model:
    return load_model(run_folder)


def picture(width: int = 50, height: int = 37) -> Photo:
    return np.random.default_rng(width).integers(0, 2, (height, width, 3), dtype=np.uint8) * 255


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [None, "native", Size(64, 32)])
def test_the_output_has_the_input_s_own_size(model: Model, fit: Fit, size: Size | str | None) -> None:
    fitted = replace(model, card=replace(model.card, fit=fit))
    assert apply_model(fitted, picture(), How(size=size)).shape == (37, 50, 3)


def test_the_same_input_gives_the_same_output_and_another_seed_or_variant_another(model: Model) -> None:
    first = apply_model(model, picture(), How())
    apply_model(model, picture(44, 44), How())
    assert np.array_equal(first, apply_model(model, picture(), How()))
    assert not np.array_equal(first, apply_model(model, picture(), How(seed=1)))
    assert not np.array_equal(first, apply_model(model, picture(), How(), variant=1))


def test_without_dropout_there_is_nothing_left_to_chance(model: Model) -> None:
    off = How(dropout=False)
    assert np.array_equal(apply_model(model, picture(), off), apply_model(model, picture(), off, variant=3))


def test_native_padding_leaves_a_picture_that_needs_none_alone(model: Model) -> None:
    trained = apply_model(model, picture(32, 32), How())
    assert np.array_equal(trained, apply_model(model, picture(32, 32), How(size="native")))


def test_a_size_the_network_cannot_take_says_the_nearest(model: Model) -> None:
    with pytest.raises(UsageError, match="size=50x50: is not possible; the nearest that works is 64x64"):
        apply_model(model, picture(), How(size=Size(50, 50)))


def test_a_mask_is_the_same_input_indexed_or_in_colours(model: Model, tmp_path: Path) -> None:
    palette = load_palette("cars")
    labels = np.random.default_rng(0).integers(0, 5, (20, 20), dtype=np.uint8)
    write_mask(tmp_path / "indexed.png", labels, palette)
    write_png(tmp_path / "colours.png", palette.colors()[labels])
    indexed, known = read_input(tmp_path / "indexed.png", model.card)
    colours, _ = read_input(tmp_path / "colours.png", model.card)
    assert known
    assert np.array_equal(indexed, colours)


def test_a_painting_with_blended_edges_is_taken_as_it_is_and_said(model: Model, tmp_path: Path) -> None:
    write_png(tmp_path / "painted.png", np.full((8, 8, 3), 77, np.uint8))
    painted, known = read_input(tmp_path / "painted.png", model.card)
    assert not known
    assert (painted == 77).all()
