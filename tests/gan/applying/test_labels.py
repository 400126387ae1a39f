"""Classes out of masks, however the network has them."""

from collections.abc import Callable

import numpy as np

from p2p_datatools.contract.manifest import Half
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_gan.applying.labels import counted, labels_of_input, labels_of_output
from p2p_gan.models.model import Model

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
    where = counted(first, CARS.colors()[second], masks)
    assert where is not None
    assert where.tolist() == [[False, False, True]]
    to_photo, without = make_model(MASK, Half("photo", "photo"), palette=CARS).card, make_model(MASK, MASK).card
    where = counted(CARS.colors()[first], photo, to_photo)
    assert where is not None
    assert where.tolist() == [[True, False, True]]
    assert counted(CARS.colors()[first % 5], photo, to_photo) is None
    assert counted(CARS.colors()[first], photo, without) is None
