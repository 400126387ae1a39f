"""What names tell: copies of one picture, times, places in a sequence; and what a number alone does not tell."""

from datetime import UTC, datetime, timedelta

import pytest

from p2p_datatools.likeness.names import find_copies, find_taken_soon, place_by_number, time_in


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("car_jpg.rf.0123456789abcdef0123456789abcdef", "car_jpg.rf.fedcba9876543210fedcba9876543210"),
        ("train/car_png.rf.0123456789abcdef", "valid/car_png.rf.fedcba9876543210"),
        ("car", "car_flip"),
        ("car_aug1", "car_aug_12"),
        ("walk/7-crop-rot90", "walk/7"),
        ("Car_Mirrored", "Car"),
        ("flip_car", "car"),
        ("cars/rot90-crop_7", "cars/7"),
        ("rotated/car", "original/car"),
        ("set/flip_2/car", "set/car"),
        (
            "cars_original_car.jpg_11f3c2d0-0a1b-4c5d-8e9f-001122334455",
            "cars_original_car.jpg_21f3c2d0-0a1b-4c5d-8e9f-001122334456",
        ),
    ],
)
def test_copies_are_known_by_their_stem(one: str, other: str) -> None:
    assert find_copies([one, "another", other])[0] == [[0, 2]]


def test_numbers_folders_and_words_alone_are_no_copies() -> None:
    names = ["car_1", "car_2", "image (1)", "image (2)", "one/flip", "two/flip", "flip", "crop_12", "train/1", "test/1"]
    names += ["dark_3", "bright_3", "blur/4", "sharp/4"]
    assert find_copies(names) == ([], [])


def test_a_long_number_between_two_words_takes_no_time() -> None:
    assert find_copies([f"car_crop_{'1' * 200}_left", f"car_crop_{'1' * 200}"]) == ([], [])


def test_a_stem_that_a_whole_set_shares_is_not_believed() -> None:
    assert find_copies([f"city_crop{number}" for number in range(100)]) == ([], ["city"])


def test_times_are_read_from_names_and_impossible_ones_are_not() -> None:
    assert time_in("walk/IMG_20201123_143839__01") == datetime(2020, 11, 23, 14, 38, 39, tzinfo=UTC)
    assert time_in("2020-11-23T14:38:39") == datetime(2020, 11, 23, 14, 38, 39, tzinfo=UTC)
    assert time_in("IMG_20201323_143839") is time_in("IMG_20201123") is time_in("105618339") is None


def test_photos_of_a_half_minute_are_beside_each_other() -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    times = {number: start + timedelta(seconds=second) for number, second in ((4, 0), (2, 29), (9, 60))}
    assert find_taken_soon(times) == [[4, 2]]
    assert find_taken_soon({}) == []


def test_a_place_is_a_rank_among_names_that_differ_in_a_number() -> None:
    places = place_by_number(["0016E5_07961", "0016E5_07959", "0001TP_00001", "odd"])
    assert [place and place.position for place in places] == [1, 0, None, None]
