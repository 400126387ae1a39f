"""Orders and draws: every pair once an epoch, batches of one shape, and everything from the seed and the position."""

import numpy as np
import pytest

from p2p_gan.data.order import PairOrder, crop_around_rare, crop_of, light_of, position_random, rarity

ONE = np.zeros(7, np.int64)


def walked(order: PairOrder, first: int, total: int, batch: int) -> list[range]:
    """The batches of a run from `first` to `total` images."""
    batches = []
    while first < total:
        batches.append(order.positions(first, min(batch, total - first)))
        first = batches[-1].stop
    return batches


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 64])
def test_an_epoch_shows_every_pair_once_whatever_the_shapes_and_the_batch(batch: int) -> None:
    shapes = np.array([0, 1, 1, 1, 1, 2, 0, 1, 0, 3, 1, 1, 0], np.int64)
    order = PairOrder(3, shapes, batch)
    batches = walked(order, 0, 3 * len(shapes), batch)
    seen = [order.index(position) for each in batches for position in each]
    epochs = [seen[start : start + len(shapes)] for start in range(0, len(seen), len(shapes))]
    assert all(sorted(epoch) == list(range(len(shapes))) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert all(len({int(shapes[order.index(position)]) for position in each}) == 1 for each in batches)
    assert max(len(each) for each in batches) == min(batch, 7)


def test_a_shape_s_pairs_come_in_as_few_batches_as_they_can() -> None:
    shapes = np.repeat([0, 1, 2], [10, 7, 1])
    sizes = sorted(len(each) for each in walked(PairOrder(0, shapes, 4), 0, 18, 4))
    assert sizes == [1, 2, 3, 4, 4, 4]


def test_the_shapes_of_an_epoch_are_mixed() -> None:
    shapes = np.repeat([0, 1], 40)
    order = PairOrder(0, shapes, 4)
    drawn = [int(shapes[order.index(each.start)]) for each in walked(order, 0, 80, 4)]
    assert drawn != sorted(drawn)
    assert drawn != sorted(drawn, reverse=True)


def test_batches_may_be_taken_up_at_any_image() -> None:
    shapes = np.repeat([0, 1, 2], [10, 7, 1])
    whole = walked(PairOrder(5, shapes, 4), 0, 54, 4)
    for first in range(54):
        again = walked(PairOrder(5, shapes, 4), first, 54, 4)
        at = next(number for number, each in enumerate(whole) if first in each)
        assert again[0].stop == whole[at].stop
        assert again[1:] == whole[at + 1 :]


def test_batches_of_one_shape_run_over_the_end_of_an_epoch() -> None:
    assert PairOrder(0, ONE, 3).positions(6, 3) == range(6, 9)


def test_the_order_of_one_shape_does_not_depend_on_the_batch() -> None:
    assert [PairOrder(1, ONE, 2).index(each) for each in range(30)] == [
        PairOrder(1, ONE, 5).index(each) for each in range(30)
    ]


def test_rarer_classes_are_drawn_rather_and_missing_ones_never() -> None:
    weights = rarity(np.array([[900, 90, 10, 0], [900, 90, 10, 0]], np.uint32))
    assert weights.tolist() == pytest.approx([1 / 0.9, 1 / 0.09, 1 / 0.01, 0])


def test_a_crop_lies_anywhere_in_its_picture_up_to_every_border() -> None:
    corners = {crop_of(position_random(0, number), (18, 17), (16, 16)) for number in range(200)}
    assert corners == {(down, across) for down in range(3) for across in range(2)}


def test_a_crop_around_a_rare_class_holds_a_pixel_of_it_and_lies_within_the_picture() -> None:
    classes = np.zeros((40, 60), np.uint8)
    classes[0, 59] = 2
    classes[20:22, 30:33] = 1
    for number in range(200):
        weights = np.array([0.0, 1.0, 1.0])
        corner = crop_around_rare(np.random.default_rng(number), classes, weights, (16, 24))
        assert corner is not None
        top, left = corner
        assert 0 <= top <= 24
        assert 0 <= left <= 36
        assert classes[top : top + 16, left : left + 24].any()
    assert crop_around_rare(np.random.default_rng(0), classes, np.zeros(3), (16, 24)) is None


def test_the_pixel_lies_in_the_middle_half_of_its_crop_where_no_border_is_near() -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[30, 33] = 1
    corners = [
        crop_around_rare(np.random.default_rng(seed), classes, np.array([0.0, 1.0]), (16, 16)) for seed in range(200)
    ]
    rows, columns = np.transpose([corner for corner in corners if corner])
    for inside in (30 - rows, 33 - columns):
        assert (inside.min(), inside.max()) == (4, 11)


def test_crops_around_one_pixel_differ() -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[32, 32] = 1
    corners = {
        crop_around_rare(np.random.default_rng(number), classes, np.array([0.0, 1.0]), (32, 32)) for number in range(99)
    }
    assert len(corners) > 50


def test_light_varies_within_its_strength_and_follows_from_the_position() -> None:
    lights = np.array([light_of(0, position, 0.3) for position in range(300)])
    assert lights.min() >= 0.7
    assert lights.max() <= 1.3
    assert np.ptp(lights, axis=0).min() > 0.5
    np.testing.assert_array_equal(light_of(0, 7, 0.3), lights[7])


def test_brightness_contrast_and_saturation_are_drawn_apart() -> None:
    assert len(set(light_of(0, 3, 0.5).tolist())) == 3
