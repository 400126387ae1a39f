"""Which class a pixel of a photo gets from a model, and how sure the model is of it."""

from collections.abc import Callable

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo
from p2p_gan.data.coding import Coding
from p2p_gan.inference.apply import ApplyOptions, apply_model, translator_of
from p2p_gan.inference.runtimes.translator import PassOptions, Values
from p2p_gan.inference.segmentation import segment
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model

CARS = load_palette("cars")
PHOTO, MASK = Half("photo", "photo"), Half("mask", "mask")
MakeModel = Callable[..., Model]


def draw_photo(height: int, width: int) -> Photo:
    """The same noise each time."""
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


class Drawn:
    """A translator that gives the same output for any input."""

    def __init__(self, output: Coding, given: Array) -> None:
        self.output, self._given = output, given

    def pixels(self, padded: Array, options: PassOptions) -> Array:
        return self._given

    def values(self, padded: Array, options: PassOptions) -> Values:
        return self._given


def card_of(make_model: MakeModel, output_as: str) -> ModelCard:
    return make_model(PHOTO, MASK, palette=CARS, size=None, output_as=output_as).card


def test_a_probability_is_the_softmax_of_the_class_and_the_label_that_of_applying_the_model(
    make_model: MakeModel,
) -> None:
    model = make_model(PHOTO, MASK, palette=CARS, output_as="classes")
    for height, width in ((32, 32), (20, 45)):
        photo = draw_photo(height, width)
        found = segment(translator_of(model), model.card, photo)
        assert np.array_equal(found.labels, apply_model(model, photo, ApplyOptions(dropout=False)))
        assert found.confidence.shape == (height, width)
        assert 1 / len(CARS.classes) < found.confidence.min() < found.confidence.max() <= 1
    logits = np.zeros((1, 5, 1, 2), np.float32)
    logits[0, 2, 0, 1] = np.log(6)
    drawn = Drawn(Coding("classes", 5, "uint8", (0.0, 4.0)), logits)
    found = segment(drawn, card_of(make_model, "classes"), np.zeros((1, 2, 3), np.uint8))
    assert found.labels.tolist() == [[0, 2]]
    assert found.confidence == pytest.approx(np.array([[0.2, 0.6]]))


def test_a_drawn_colour_is_sure_where_it_is_exact_and_not_at_all_between_two(make_model: MakeModel) -> None:
    colors = np.array([[[255, 0, 0], [0, 127, 0], [0, 140, 0]]], np.uint8)
    drawn = Drawn(Coding("values", 3, "uint8", (0.0, 255.0)), colors)
    found = segment(drawn, card_of(make_model, "values"), colors)
    assert found.labels.tolist() == [[CARS.index("body"), 0, CARS.index("tyres")]]
    assert found.confidence[0] == pytest.approx([1.0, 1 - 127 / 128, 1 - 115 / 140], abs=1e-6)


def test_pixels_that_are_not_sure_enough_are_ignored_and_those_at_the_limit_are_not(make_model: MakeModel) -> None:
    logits = np.zeros((1, 5, 1, 2), np.float32)
    logits[0, 2, 0, 1] = 9
    drawn = Drawn(Coding("classes", 5, "uint8", (0.0, 4.0)), logits)
    found = segment(drawn, card_of(make_model, "classes"), np.zeros((1, 2, 3), np.uint8))
    assert found.keep_sure(0.5).tolist() == [[255, 2]]
    assert found.keep_sure(float(found.confidence[0, 1])).tolist() == [[255, 2]]
    assert found.keep_sure(0).tolist() == [[0, 2]]
