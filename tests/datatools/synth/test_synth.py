"""What a procedural car promises: the same bytes for the same number, and labels that fit the photo to the pixel.

Nothing here judges beauty, and nothing may take longer than a few seconds.
"""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.synth import BODY_TYPES, DEFAULT_SIZE, STYLES, CarDrawing, draw_car_picture

BACKGROUND, BODY, TYRES, LIGHTS, WINDOWS = range(5)


@pytest.fixture(scope="module")
def cars() -> list[CarDrawing]:
    return [draw_car_picture(index) for index in range(60)]


def same(one: CarDrawing, other: CarDrawing) -> bool:
    return one.photo.tobytes() == other.photo.tobytes() and one.labels.tobytes() == other.labels.tobytes()


def above_wheels(car: CarDrawing) -> slice:
    """The rows in which no shadow lies."""
    return slice(0, int(np.nonzero((car.labels == TYRES).any(axis=1))[0][0]))


def brightness(car: CarDrawing, label: int) -> float:
    return float(car.photo[car.labels == label].mean())


@pytest.mark.parametrize("style", STYLES)
def test_the_same_number_gives_the_same_bytes_whatever_was_drawn_before(style: str) -> None:
    first = draw_car_picture(5, seed=3, style=style)
    draw_car_picture(9, seed=1, style=style)
    assert same(first, draw_car_picture(5, seed=3, style=style))


def test_another_number_or_another_seed_gives_another_car() -> None:
    assert not same(draw_car_picture(5), draw_car_picture(6))
    assert not same(draw_car_picture(5), draw_car_picture(5, seed=1))


def test_a_style_changes_the_photo_and_not_one_label() -> None:
    for index in range(6):
        studio, street = draw_car_picture(index, style="studio"), draw_car_picture(index, style="street")
        assert np.array_equal(studio.labels, street.labels)
        assert (studio.body_type, studio.facing, studio.name) == (street.body_type, street.facing, street.name)
        assert not np.array_equal(studio.photo, street.photo)


def test_a_drawing_is_a_named_rgb_photo_and_a_label_map_of_one_size() -> None:
    car = draw_car_picture(7)
    width, height = DEFAULT_SIZE
    assert car.name == "car-0007"
    assert car.photo.shape == (height, width, 3)
    assert car.labels.shape == (height, width)
    assert car.photo.dtype == car.labels.dtype == np.uint8


def test_every_car_shows_all_five_classes_and_no_other(cars: list[CarDrawing]) -> None:
    for car in cars:
        assert np.unique(car.labels).tolist() == [BACKGROUND, BODY, TYRES, LIGHTS, WINDOWS], car.name


def test_every_car_has_two_wheels_and_two_lights_and_stands_free_in_the_picture(cars: list[CarDrawing]) -> None:
    for car in cars:
        for label in (TYRES, LIGHTS):
            assert cv2.connectedComponents((car.labels == label).astype(np.uint8))[0] - 1 == 2, (car.name, label)
        edges = np.concatenate([car.labels[0], car.labels[-1], car.labels[:, 0], car.labels[:, -1]])
        assert not edges.any(), car.name


def test_lights_are_as_large_as_in_real_pictures_or_a_little_larger(cars: list[CarDrawing]) -> None:
    shares = np.array([(car.labels == LIGHTS).mean() for car in cars])
    assert shares.min() > 0.003
    assert shares.max() < 0.025
    assert 0.005 < shares.mean() < 0.015


def test_every_seven_neighbours_hold_each_body_type_once(cars: list[CarDrawing]) -> None:
    assert len(BODY_TYPES) >= 6
    for start in range(0, 56, len(BODY_TYPES)):
        assert {car.body_type for car in cars[start : start + len(BODY_TYPES)]} == set(BODY_TYPES)


def test_cars_face_both_ways_and_the_head_light_says_which(cars: list[CarDrawing]) -> None:
    assert {car.facing for car in cars} == {"left", "right"}
    for car in cars:
        _, columns = np.nonzero(car.labels == LIGHTS)
        colours = car.photo[car.labels == LIGHTS].astype(int)
        redness = colours[:, 0] - colours[:, 2]
        middle = (columns.min() + columns.max()) / 2
        left_is_red = redness[columns < middle].mean() > redness[columns > middle].mean() + 80
        assert left_is_red == (car.facing == "right"), car.name


def test_tyres_and_glass_are_darker_than_the_paint_around_them(cars: list[CarDrawing]) -> None:
    for car in cars:
        paint = car.photo[(car.labels == BODY)].max(axis=1).mean()
        assert car.photo[car.labels == TYRES].max(axis=1).mean() < paint - 20, car.name
        assert brightness(car, WINDOWS) < paint - 20, car.name
        assert brightness(car, LIGHTS) > brightness(car, TYRES), car.name


def test_studio_paint_follows_from_the_body_type_alone(cars: list[CarDrawing]) -> None:
    tones: dict[str, list[NDArray[np.float64]]] = {}
    for car in cars:
        tones.setdefault(car.body_type, []).append(np.median(car.photo[car.labels == BODY], axis=0))
    means = np.array([np.mean(group, axis=0) for group in tones.values()])
    spread = max(np.abs(np.array(group) - mean).max() for group, mean in zip(tones.values(), means, strict=True))
    apart = np.abs(means[:, None] - means[None]).max()
    assert spread < apart / 4
    assert len(set(np.argmax(means, axis=1))) > 1


def test_in_the_studio_the_photo_leaves_the_ground_exactly_where_the_labels_do(cars: list[CarDrawing]) -> None:
    for car in cars:
        rows = above_wheels(car)
        ground = cars[0].photo[:, :1].astype(int)[rows]
        change = np.abs(car.photo[rows] - ground).max(axis=2)
        outside = (car.labels == BACKGROUND).astype(np.uint8)
        # Pixels on the outline are half car, half ground, in the photo; one pixel further both must have decided.
        surely_outside = cv2.erode(outside, np.ones((3, 3), np.uint8))[rows].astype(bool)
        surely_car = cv2.erode(1 - outside, np.ones((3, 3), np.uint8))[rows].astype(bool)
        assert change[surely_outside].max() == 0, car.name
        assert (change[surely_car & (car.labels[rows] != LIGHTS)] > 12).mean() > 0.99, car.name


def test_pillars_part_the_panes_and_stay_body(cars: list[CarDrawing]) -> None:
    panes = {"hatchback": 2, "saloon": 3, "estate": 3, "suv": 3, "coupe": 2, "pickup": 2, "van": 1}
    for car in cars:
        found = cv2.connectedComponents((car.labels == WINDOWS).astype(np.uint8))[0] - 1
        assert found == panes[car.body_type], car.name


def test_the_mean_picture_is_a_bad_guess(cars: list[CarDrawing]) -> None:
    photos = np.stack([car.photo for car in cars]) / 255
    assert np.abs(photos - photos.mean(axis=0)).mean() > 0.09


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(64, 48), (97, 61), (512, 320)])
def test_any_size_works(size: tuple[int, int], style: str) -> None:
    car = draw_car_picture(2, size=size, style=style)
    assert car.photo.shape == (size[1], size[0], 3)
    assert set(np.unique(car.labels)) == set(range(5))


def test_a_larger_picture_shows_the_same_car() -> None:
    small, large = draw_car_picture(4), draw_car_picture(4, size=(320, 192))
    assert (small.labels == large.labels[::2, ::2]).mean() > 0.97


def test_an_unknown_style_is_refused_by_naming_the_known_ones() -> None:
    with pytest.raises(ValueError, match="studio, street"):
        draw_car_picture(0, style="museum")
