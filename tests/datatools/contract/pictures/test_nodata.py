"""No data: told by the file or the user and filled, or asked about; and numbers that look like classes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.arrays import read_filled
from p2p_datatools.contract.pictures.header import read_header
from p2p_datatools.contract.pictures.nodata import (
    ClassNumbers,
    Gaps,
    Nodata,
    class_like_numbers,
    fill_nodata,
    free_value,
    nodata_word,
    parse_nodata,
    range_of,
    refuse_outlier,
)

if TYPE_CHECKING:
    from conftest import Refused

Values = NDArray[Any]
HERE = Path("dem.tif")


def heights(dtype: str = "float32") -> Values:
    return np.linspace(300, 350, 24 * 40).reshape(24, 40).astype(dtype)


def with_hole(value: float, dtype: str = "float32") -> Values:
    values = heights(dtype)
    values[:4, :5] = value
    return values


def save(path: Path, values: Values, said: str | None) -> Path:
    tags = [(42113, "s", 0, said, True)] if said else []
    tifffile.imwrite(path, values, extratags=tags)
    return path


def count(gaps: Gaps | None) -> int:
    return 0 if gaps is None else int(np.count_nonzero(gaps))


@pytest.mark.parametrize(
    ("value", "said", "dtype"),
    [
        (-9999, "-9999", "float32"),
        (-9999, "-9999.0 ", "int16"),
        (-3.4028234663852886e38, "-3.4028234663852886e+38", "float32"),
        (np.nan, "nan", "float32"),
        (0, "0", "uint16"),
        (65535, "65535", "uint16"),
        (1.1, "1.1", "float32"),
    ],
)
def test_what_the_tag_of_gdal_calls_no_data_is_filled_with_the_smallest_value_and_counted(
    value: float, said: str, dtype: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "a.tif", with_hole(value, dtype), said)
    values, gaps = read_filled(path, "tag")
    rest = np.delete(heights(dtype), np.s_[:5], axis=1)
    assert gaps is not None
    assert np.argwhere(gaps).tolist() == [[row, column] for row in range(4) for column in range(5)]
    assert values.dtype == dtype
    assert (values[:4, :5] == values.min()).all()
    assert values.min() >= 300
    assert (values[:, 5:] == rest).all()


def test_nan_is_no_data_without_any_tag_and_infinity_is_a_fault(tmp_path: Path, refused: "Refused") -> None:
    assert count(read_filled(save(tmp_path / "a.tif", with_hole(np.nan), None), "tag")[1]) == 20
    with refused("not-finite", tmp_path / "a.tif"):
        read_filled(save(tmp_path / "a.tif", with_hole(np.inf), None), "tag")
    assert count(read_filled(tmp_path / "a.tif", np.inf)[1]) == 20


def test_the_user_decides_before_the_tag_and_can_keep_all(tmp_path: Path, refused: "Refused") -> None:
    path = save(tmp_path / "a.tif", with_hole(-5), "-9999")
    assert count(read_filled(path, -5.0)[1]) == 20
    values, gaps = read_filled(path, "none")
    assert (gaps, values.min()) == (None, -5)
    save(path, with_hole(np.nan), None)
    with refused("not-finite", path):
        read_filled(path, "none")


def test_each_channel_is_filled_by_its_own_smallest_value(tmp_path: Path) -> None:
    bands = np.stack([heights(), heights() + 1000], axis=2)
    smallest = bands.reshape(-1, 2)[3:].min(axis=0)
    bands[0, :3] = -9999
    np.save(tmp_path / "a.npy", bands)
    values, gaps = read_filled(tmp_path / "a.npy", -9999.0)
    assert count(gaps) == 3
    assert values[0, :3].tolist() == [smallest.tolist()] * 3


def test_a_picture_without_any_data_is_an_error(tmp_path: Path, refused: "Refused") -> None:
    path = save(tmp_path / "a.tif", np.full((8, 8), -9999, np.float32), "-9999")
    with refused("all-nodata", path):
        read_filled(path, "tag")


def test_the_tag_is_part_of_the_header_and_nonsense_in_it_is_none(tmp_path: Path) -> None:
    for said, expected in (("-9999", -9999.0), ("none at all", None), (None, None)):
        assert read_header(save(tmp_path / "a.tif", heights(), said)).nodata == expected


@pytest.mark.parametrize(
    "values",
    [
        with_hole(-9999),
        with_hole(-32768, "int16"),
        with_hole(1e20),
        with_hole(10000),  # no known word, but far from all others, and on a fair share of the pixels
        np.full((8, 8), -9999, np.float32),
        with_hole(65535, "uint16"),
        np.where(np.arange(960).reshape(24, 40) == 7, np.float32(-9999), heights()),  # a single pixel
    ],
)
def test_one_value_far_from_all_others_is_asked_about(values: Values, refused: "Refused") -> None:
    with refused("nodata-suspected", HERE) as error:
        refuse_outlier(values, HERE)
    assert "--nodata" in error.value.to_do


@pytest.mark.parametrize(
    "values",
    [
        heights(),
        with_hole(0, "uint16"),  # the range of unsigned numbers begins at 0 in any case
        with_hole(260),
        np.where(np.arange(960).reshape(24, 40) == 7, np.float32(5000), heights()),  # one hot pixel, of no known word
        np.zeros((8, 8), np.float32),
        np.eye(8, dtype=np.float32),
        np.eye(8, dtype=np.uint16) * 65535,
        np.random.default_rng(1).normal(0, 1, (64, 64)).astype(np.float32),
        np.random.default_rng(1).integers(0, 65536, (64, 64)).astype(np.uint16),
        with_hole(-9999, "float32").astype(np.uint8),
    ],
)
def test_ordinary_values_are_not_asked_about(values: Values) -> None:
    refuse_outlier(values, HERE)


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        ([np.arange(16).reshape(4, 4) % 5], True),
        ([np.eye(4)], True),
        ([np.eye(4) * 255], False),
        ([np.eye(4) * 255, np.eye(4)], True),
        ([np.full((4, 4), 9)], False),  # one tone
        ([np.full((4, 4), 9), np.full((4, 4), 3)], False),
        ([np.arange(16).reshape(4, 4) % 5, np.arange(16).reshape(4, 4) * 16], False),  # one photo among them
        ([np.where(np.eye(4) > 0, 255, 12)], True),  # VOC's: 255 is not labelled
        ([np.arange(64).reshape(8, 8)], False),  # a dark photo: too many different numbers
        ([np.random.default_rng(0).integers(0, 12, (16, 16, 3))], False),  # a darker one: too many colours
        ([np.dstack([np.arange(16).reshape(4, 4) % 5] * 3)], True),
        ([np.dstack([np.arange(16).reshape(4, 4) % 5, np.eye(4), np.zeros((4, 4))])], True),
        ([np.arange(30).reshape(5, 6) + 30 * part for part in range(5)], True),  # 150 classes, 30 in a picture
        ([np.arange(16).reshape(4, 4) * 17], False),  # 16 shades of grey
        ([np.arange(16).reshape(4, 4) / 16], False),
        ([np.arange(16).reshape(4, 4) % 5 - 1], False),
    ],
)
def test_few_small_whole_numbers_in_all_pictures_are_like_class_numbers(pictures: list[Values], found: bool) -> None:
    for dtype in ("float32",) if any((each % 1).any() or each.min() < 0 for each in pictures) else ("uint8", "float32"):
        numbers = ClassNumbers()
        for each in pictures:
            numbers.add(class_like_numbers(each.astype(dtype)))
        assert bool(numbers.found) == found


@pytest.mark.parametrize(("most", "high"), [(255, 255), (256, 1023), (4000, 4095), (16383, 16383), (16384, 65535)])
def test_the_range_of_16_bits_is_that_of_the_bits_in_use(most: float, high: float) -> None:
    assert range_of("uint16", 7, most) == (0, high)
    assert range_of("float32", 7, most) == (7, most)
    assert range_of("uint8", 7, 9) == (0, 255)


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (28900, 30300, (28900, 30300)), (2800, 4200, (2800, 4200)), (31744, 36000, (31744, 36000)),
        (500, 10000, (0, 16383)), (30000, 30000, (0, 65535)), (20000, 60000, (0, 65535)),
        (0, 20, (0, 255)), (3, 12, (0, 255)),  # which lie near 0
    ],
)  # fmt: skip
def test_temperatures_in_16_bits_have_their_own_range(least: float, most: float, expected: tuple[float, float]) -> None:
    assert range_of("uint16", least, most) == expected


@pytest.mark.parametrize(("text", "value"), [(None, "tag"), ("none", "none"), ("-9999", -9999.0), (" 1e20", 1e20)])
def test_the_option_is_a_number_or_none(text: str | None, value: Nodata) -> None:
    assert parse_nodata(text) == value


def test_another_word_is_refused(refused: "Refused") -> None:
    assert np.isnan(np.float64(str(parse_nodata("nan"))))
    with refused("impossible-setting", usage=True):
        parse_nodata("empty")


@pytest.mark.parametrize(
    ("values", "free"),
    [
        (np.array([3, 4], np.int16), -32768),
        (np.array([-32768, 4], np.int16), -9999),
        (np.array([0, 4], np.uint16), 65535),
        (np.array([0, 1, 65535, 3], np.uint16), 2),
        (np.array([-(2**31), -9999, 2**31 - 1], np.int32), -(2**31) + 1),
    ],
)
def test_what_no_pixel_has_can_mean_no_data(values: Values, free: float) -> None:
    padded = np.append(values, values[:1])
    assert free_value(padded, np.arange(len(padded)) == len(values)) == free
    assert np.isnan(free_value(padded.astype(np.float32), padded > 0))


def test_where_every_value_is_taken_none_can() -> None:
    every = np.arange(65536, dtype=np.uint16)
    with pytest.raises(ValueError, match="every value"):
        free_value(np.append(every, every[:1]), np.arange(65537) == 65536)
    assert free_value(every, every == 700) == 700


@pytest.mark.parametrize("channels", [1, 3])
def test_in_8_bits_only_the_tag_tells_it_where_all_channels_have_its_value(channels: int, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 9, (24, 40, channels), dtype=np.uint8)
    values[:4, :5] = 255
    values[9, 9, 0] = 255 if channels > 1 else 7
    values = values[..., 0] if channels == 1 else values
    found, gaps = read_filled(save(tmp_path / "a.tif", values, "255"), "tag")
    assert (found == values).all()
    assert gaps is not None
    assert np.argwhere(gaps).tolist() == [[row, column] for row in range(4) for column in range(5)]
    assert read_filled(tmp_path / "a.tif", "none")[1] is None
    for said in (None, "-9999", "nan", "1"):
        gaps = read_filled(save(tmp_path / "a.tif", values, said), 255.0)[1]
        ones = (values.reshape(24, 40, -1) == 1).all(axis=2)
        assert count(gaps) == (np.count_nonzero(ones) if said == "1" else 0)


def test_a_colour_that_no_pixel_has_can_mean_no_data() -> None:
    colors = np.stack([np.arange(256), np.arange(256)[::-1], np.zeros(256)], axis=1).astype(np.uint8)[None]
    assert free_value(colors, np.zeros((1, 256), dtype=bool)) == 0
    grey = np.repeat(np.arange(2, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert free_value(grey, np.zeros((1, 2), dtype=bool)) == 255


def test_several_values_mean_no_data_and_another_is_asked_about_all_the_same(refused: "Refused") -> None:
    values = np.linspace(300, 350, 64, dtype=np.float32).reshape(8, 8)
    values[0, :3], values[1, :5] = -9999, -32768
    with refused("nodata-suspected") as raised:
        refuse_outlier(fill_nodata(values, -9999.0, None, Path("a.tif"))[0], Path("a.tif"), -9999.0)
    assert "-9999,-32768" in raised.value.to_do
    both = parse_nodata("-9999, -32768")
    filled, gaps = fill_nodata(values, both, None, Path("a.tif"))
    assert (filled.min(), int(gaps.sum()) if gaps is not None else 0) == (filled[0, 3], 8)
    assert nodata_word(both) == "-9999,-32768"
    refuse_outlier(values, Path("a.tif"), parse_nodata("-9999,none"))


@pytest.mark.parametrize(
    ("dtype", "text", "word"),
    [
        ("int32", "-2147483648", "-2147483648"),
        ("uint32", "4294967295", "4294967295"),
        ("float32", "-3.4028234663852886e+38", "-3.40282347e+38"),
        ("float64", "-1.7976931348623157e+308", "-1.7976931348623157e+308"),
        ("float32", "-9999.9", "-9999.9"),
    ],
)
def test_a_model_finds_what_had_no_data_in_its_pairs_by_the_word_that_they_keep(
    dtype: str, text: str, word: str
) -> None:
    assert nodata_word(parse_nodata(text)) == word
    hole = np.array([[5, float(text)]]).astype(dtype)
    assert count(fill_nodata(hole, parse_nodata(word), None, HERE)[1]) == 1


@pytest.mark.parametrize("nodata", [-9999, (-9999, 7), np.float32(-9999)])
def test_a_whole_number_means_no_data_as_one_with_a_point_does(nodata: Any) -> None:
    assert count(fill_nodata(with_hole(-9999, "int16"), nodata, None, HERE)[1]) == 20


def test_infinity_that_means_no_data_is_in_no_whole_numbers() -> None:
    values = np.array([[1, 2]], dtype=np.uint16)
    assert fill_nodata(values, (np.inf, -np.inf), None, Path("a.npy"))[1] is None
