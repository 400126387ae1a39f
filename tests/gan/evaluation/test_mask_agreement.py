"""How masks agree, in numbers one can work out by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_gan.evaluation.mask_agreement import (
    Confusion,
    counted_pixels,
    labels_of_input,
    labels_of_output,
)
from p2p_gan.inference.segmentation import nearest_classes
from p2p_gan.models.model import Model

TRUTH = np.array([[0, 0, 0, 0], [1, 1, 255, 0]], np.uint8)
FOUND = np.array([[0, 0, 0, 1], [1, 2, 2, 0]], np.uint8)


def test_ignored_pixels_count_nowhere_and_absent_classes_are_left_out() -> None:
    confusion = Confusion(("ground", "body", "lights"))
    confusion.add(TRUTH, FOUND)
    result = confusion.result()
    assert set(result.classes) == {"ground", "body"}
    assert result.pixel_accuracy == pytest.approx(5 / 7)
    assert result.classes["ground"].iou == pytest.approx(4 / 5)
    assert result.classes["body"].iou == pytest.approx(1 / 3)
    assert result.mean_iou == pytest.approx((4 / 5 + 1 / 3) / 2)
    assert result.class_accuracy == pytest.approx((4 / 5 + 1 / 2) / 2)


def test_pixels_of_all_pictures_count_together_and_pictures_are_counted_by_class() -> None:
    confusion = Confusion(("ground", "body"))
    alone = confusion.add(TRUTH, np.where(TRUTH == 255, 0, TRUTH).astype(np.uint8))
    confusion.add(np.zeros((1, 3), np.uint8), np.ones((1, 3), np.uint8))
    assert alone.rows() == {"ground": {"pixels": 5, "iou": 1.0}, "body": {"pixels": 2, "iou": 1.0}}
    result = confusion.result()
    assert [result.classes[name].pictures for name in ("ground", "body")] == [2, 1]
    assert result.classes["ground"].iou == pytest.approx(5 / 8)
    assert result.classes["body"].iou == pytest.approx(2 / 5)


def test_without_pixels_nothing_agrees() -> None:
    assert Confusion(("ground",)).result().classes == {}


def test_a_blended_colour_counts_as_the_nearest_class() -> None:
    blended = np.array([[[200, 40, 30], [20, 10, 10], [90, 220, 60], [250, 250, 240]]], np.uint8)
    assert nearest_classes(blended, load_palette("cars")).tolist() == [[1, 0, 2, 4]]


CARS = load_palette("cars")
MASK = Half("mask", "mask")
GREYS = Palette("greys", tuple(PaletteClass(f"grey {value}", (value,) * 3) for value in (0, 60, 120)))
LABELS = np.array([[0, 1, 2], [3, 4, 255]], np.uint8)


def test_painted_masks_and_classes_are_the_same_labels(make_model: Callable[..., Model]) -> None:
    painted = make_model(MASK, MASK, palette=CARS).card
    coded = make_model(MASK, MASK, palette=CARS, input_as="classes", output_as="classes").card
    for read in (labels_of_input, labels_of_output):
        assert np.array_equal(read(CARS.colors()[LABELS], painted), LABELS)
        assert np.array_equal(read(LABELS, coded), LABELS)


def test_a_generated_colour_between_two_classes_counts_as_the_nearer(make_model: Callable[..., Model]) -> None:
    almost_red = np.full((1, 1, 3), (220, 30, 20), np.uint8)
    assert labels_of_output(almost_red, make_model(MASK, MASK, palette=CARS).card).tolist() == [[1]]


def test_a_mask_painted_in_greys_has_its_classes_in_one_channel(make_model: Callable[..., Model]) -> None:
    grey = Half("mask", "mask", 1)
    card = make_model(grey, grey, palette=GREYS).card
    labels = np.array([[0, 1, 2]], np.uint8)
    for read in (labels_of_input, labels_of_output):
        assert np.array_equal(read(labels * 60, card), labels)
    assert labels_of_output(np.array([[25, 80, 255]], np.uint8), card).tolist() == [[0, 1, 2]]


def test_a_pixel_that_either_mask_ignores_does_not_count(make_model: Callable[..., Model]) -> None:
    photo, first, second = np.zeros((1, 3, 3), np.uint8), np.array([[0, 255, 1]], np.uint8), np.array([[255, 0, 1]])
    masks = make_model(MASK, MASK, palette=CARS, input_as="classes").card
    where = counted_pixels(first, CARS.colors()[second], masks)
    assert where is not None
    assert where.tolist() == [[False, False, True]]
    to_photo, without = make_model(MASK, Half("photo", "photo"), palette=CARS).card, make_model(MASK, MASK).card
    where = counted_pixels(CARS.colors()[first], photo, to_photo)
    assert where is not None
    assert where.tolist() == [[True, False, True]]
    assert counted_pixels(CARS.colors()[first % 5], photo, to_photo) is None
    assert counted_pixels(CARS.colors()[first], photo, without) is None
