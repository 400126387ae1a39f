"""Pictures of class numbers: every form they come in, and what is no class number."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import read_mask, write_mask
from p2p_datatools.contract.pictures.index import histogram, read_index_picture, read_label_picture
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")


def test_index_pictures_give_palette_indices_grey_values_and_ids_repeated_in_rgb(tmp_path: Path) -> None:
    ids = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(ids).save(tmp_path / "grey.png")
    write_mask(tmp_path / "palette.png", ids % 5, CARS)
    Image.fromarray(np.repeat(ids[..., None], 3, axis=2)).save(tmp_path / "rgb.png")
    Image.fromarray(ids.astype(np.uint16) * 5000).save(tmp_path / "deep.png")
    assert (read_index_picture(tmp_path / "grey.png").values == ids).all()
    assert (read_index_picture(tmp_path / "palette.png").values == ids % 5).all()
    assert (read_index_picture(tmp_path / "rgb.png").values == ids).all()
    assert (read_index_picture(tmp_path / "deep.png").values == ids.astype(np.uint16) * 5000).all()


def test_colours_are_not_class_numbers(tmp_path: Path, refused: "Refused") -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    with refused("colours-not-classes", tmp_path / "a.png"):
        read_index_picture(tmp_path / "a.png")


@pytest.mark.parametrize("value", [70_000, 0.5])
def test_numbers_that_are_not_class_numbers_are_refused_and_not_wrapped(
    tmp_path: Path, value: float, refused: "Refused"
) -> None:
    mode = "I" if isinstance(value, int) else "F"
    Image.new(mode, (4, 4), value).save(tmp_path / "a.tif")
    with refused("not-class-numbers", tmp_path / "a.tif"):
        read_index_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("side", [1, 300])  # noise, and runs of so many pixels
def test_a_histogram_counts_every_pixel_of_noise_and_of_areas(
    monkeypatch: pytest.MonkeyPatch, kind: type, side: int
) -> None:
    monkeypatch.setattr("p2p_datatools.contract.pictures.index._BLOCK", 640)
    top = 256 if kind is np.uint8 else 3000
    values: NDArray[np.uint8 | np.uint16] = (
        np.random.default_rng(0).integers(0, top, (33, 17)).astype(kind).repeat(side, axis=1)
    )
    counts = histogram(values)
    assert len(counts) >= 256
    assert (counts == np.bincount(values.ravel(), minlength=len(counts))).all()


def test_a_histogram_of_one_pixel_counts_it() -> None:
    assert histogram(np.array([[7]], dtype=np.uint8)).nonzero()[0].tolist() == [7]


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "float64", "int8"])
@pytest.mark.parametrize("suffix", ["tif", "npy"])
def test_numbers_of_any_type_are_read_out_of_tiffs_and_arrays(suffix: str, dtype: str, tmp_path: Path) -> None:
    path, numbers = tmp_path / f"a.{suffix}", np.arange(60).reshape(6, 10).astype(dtype)
    np.save(path, numbers) if suffix == "npy" else tifffile.imwrite(path, numbers)
    assert (read_index_picture(path).values == numbers).all()
    label = read_label_picture(path)
    assert label.numbers is not None
    assert (label.numbers == numbers).all()


def test_arrays_of_shares_or_of_channels_are_no_class_numbers(tmp_path: Path, refused: "Refused") -> None:
    np.save(tmp_path / "shares.npy", np.arange(60).reshape(6, 10) / 60)
    np.save(tmp_path / "bands.npy", np.arange(180).reshape(6, 10, 3))
    for name, code in (("shares", "not-class-numbers"), ("bands", "colours-not-classes")):
        with refused(code, tmp_path / f"{name}.npy"):
            read_label_picture(tmp_path / f"{name}.npy")


@pytest.mark.parametrize(
    ("dtype", "value", "tag"),
    [
        *(("int8", -1, None), ("int8", -1, "-1"), ("float64", float("nan"), None)),
        *(("int16", -1, None), ("int16", -9999, "-9999"), ("int32", -9999, None), ("int64", -9999, None)),
        *(
            ("float32", float("nan"), "nan"),
            ("float32", -9999, None),
            ("uint8", 255, "255"),
            ("uint16", 65535, "65535"),
        ),
    ],
)
def test_pixels_without_data_are_no_class_numbers(tmp_path: Path, dtype: str, value: float, tag: str | None) -> None:
    numbers = np.random.default_rng(0).integers(0, 5, (24, 40)).astype(dtype)
    numbers[3:9, 4:20] = value
    extra = [(42113, "s", 0, tag, True)] if tag else []
    (tmp_path / "labels").mkdir()
    tifffile.imwrite(tmp_path / "labels" / "a.tif", numbers, metadata=None, extratags=extra)
    picture = read_label_picture(tmp_path / "labels" / "a.tif")
    assert picture.missing is not None
    assert picture.missing.sum() == 6 * 16
    assert picture.missing[3:9, 4:20].all()
    assert picture.numbers is not None
    assert (picture.numbers[~picture.missing] == numbers[~picture.missing]).all()
    mask = build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS, mapping={"ids": "palette"})
    assert mask.areas["ignore"] == 6 * 16
    assert {(each.value, each.becomes, each.decided_by) for each in mask.decisions} >= {("nodata", "ignore", "no data")}


def test_two_numbers_below_zero_mean_something_and_are_asked_about(tmp_path: Path, refused: "Refused") -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 1, -1, -2]], dtype=np.int16), metadata=None)
    with refused("not-class-numbers", tmp_path / "a.tif"):
        read_label_picture(tmp_path / "a.tif")


def test_zero_is_a_class_whatever_a_tag_says_of_it(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.array([[0, 1]], dtype=np.uint8), metadata=None, extratags=[(42113, "s", 0, "0", True)]
    )
    assert read_label_picture(tmp_path / "a.tif").missing is None


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", ()), ("int16", ()), ("uint8", (3,))])
def test_what_the_mask_in_a_tiff_leaves_out_is_no_class(dtype: str, channels: tuple[int, ...], tmp_path: Path) -> None:
    colors = "rgb" if channels else "minisblack"
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.ones((6, 8, *channels), dtype), photometric=colors, metadata=None)
        file.write(np.arange(48).reshape(6, 8) > 20, subfiletype=4, photometric="mask", metadata=None)
    missing = read_label_picture(tmp_path / "a.tif").missing
    assert missing is not None
    assert missing.sum() == 21


def test_the_second_of_two_channels_of_a_tiff_is_not_dropped(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((6, 8, 2), np.uint8), photometric="minisblack", planarconfig="contig")
    with pytest.raises(P2PError) as error:
        read_label_picture(tmp_path / "a.tif")
    # The first from Pillow 13 on, which opens it; the second where only tifffile does.
    assert error.value.code in ("array-shape", "colours-not-classes")
    assert error.value.where == str(tmp_path / "a.tif")


@pytest.mark.parametrize("factor", [257, 256])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_colours_of_8_bits_that_are_spread_over_16_are_read_as_they_were(
    factor: int, suffix: str, tmp_path: Path
) -> None:
    colors = CARS.colors()[np.arange(24).reshape(4, 6) % 5]
    deep = colors.astype(np.uint16) * factor
    if suffix == ".png":
        cv2.imwrite(str(tmp_path / "a.png"), np.dstack([deep[..., ::-1], np.full((4, 6), 65535, np.uint16)]))
    else:
        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    picture = read_label_picture(tmp_path / f"a{suffix}")
    assert picture.exact
    assert (picture.colors == colors).all()


def test_colours_that_need_16_bits_are_refused_with_the_first_of_them(tmp_path: Path, refused: "Refused") -> None:
    deep = np.zeros((4, 6, 3), dtype=np.uint16)
    deep[2, 3] = (0, 700, 65535)  # blue, green, red
    cv2.imwrite(str(tmp_path / "a.png"), deep)
    with refused("depth", tmp_path / "a.png") as error:
        read_label_picture(tmp_path / "a.png")
    assert "(65535, 700, 0)" in error.value.what


def test_class_numbers_beside_numbers_of_objects_are_told_from_colours_of_16_bits(
    tmp_path: Path, refused: "Refused"
) -> None:
    numbers = np.zeros((4, 6, 3), dtype=np.uint16)  # SYNTHIA: classes, and objects of moving ones, blue first here
    numbers[1:3, :, 2], numbers[1:3, :, 1] = 8, 301
    cv2.imwrite(str(tmp_path / "a.png"), numbers)
    with refused("depth", tmp_path / "a.png") as error:
        read_label_picture(tmp_path / "a.png")
    assert "[..., 2]" in error.value.to_do


@pytest.mark.parametrize("numbers", [[0, 1, 5, 8, 11], [0, 11], [4], [0, 20, 60]])
def test_greys_that_a_gif_keeps_as_a_table_of_those_that_occur_are_the_numbers(
    numbers: list[int], tmp_path: Path
) -> None:
    grey = np.array([numbers, numbers[::-1]], dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.gif")
    found = read_label_picture(tmp_path / "a.gif").unpacked
    assert found.numbers is not None
    assert found.numbers.tolist() == grey.tolist()


@pytest.mark.parametrize(
    "table",
    [
        [0, 0, 0, 100, 100, 100, 200, 200, 200],  # even steps that can be seen
        [0, 0, 0, 7, 7, 7, 9, 9, 9, 30, 30, 30],  # a class that does not occur
        [0, 0, 0, 7, 7, 7, 9, 0, 0],
    ],
)
def test_a_table_that_somebody_chose_leaves_the_indices_the_numbers(table: list[int], tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8)).convert("P")
    image.putpalette(table)
    image.save(tmp_path / "a.png")
    found = read_label_picture(tmp_path / "a.png")
    assert found.unpacked is found


@pytest.mark.parametrize("kind", ["grey.png", "table.png", "rgb.png", "rgba.png", "deep.png", "table.tif", "rgb.webp"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_class_numbers_are_turned_by_exif_as_photos_are(tmp_path: Path, kind: str, orientation: int) -> None:
    numbers = np.random.default_rng(0).integers(0, 5, (24, 40), dtype=np.uint8)
    form, _, suffix = kind.partition(".")
    image = Image.fromarray(numbers.astype(np.uint16) if form == "deep" else numbers)
    if form == "table":
        image = Image.fromarray(numbers).convert("P")
        image.putpalette(CARS.colors()[:5].tobytes())
    elif form.startswith("rgb"):
        image = image.convert(form.upper())
    exif = Image.Exif()
    exif[274] = orientation
    image.save(tmp_path / f"a.{suffix}", exif=exif, lossless=True)
    upright = {3: numbers[::-1, ::-1], 6: np.rot90(numbers, -1)}[orientation]
    found = read_label_picture(tmp_path / f"a.{suffix}").numbers
    assert found is not None
    assert found.tolist() == upright.tolist()
    with open_picture(tmp_path / f"a.{suffix}", ReadOptions(exif="raw")) as file:
        assert read_index_picture(file).values.tolist() == numbers.tolist()
    if form == "table":
        assert read_mask(tmp_path / f"a.{suffix}", CARS).tolist() == upright.tolist()


@pytest.mark.parametrize(
    ("row", "numbers"),
    [([0, 1, 4, 30], [0, 1, 4, 30]), ([0, 255, 255, 0], [255, 0, 0, 255]), ([0, 0, 0, 0], [255, 255, 255, 255])],
)
def test_small_numbers_stand_in_a_tiff_as_they_are_where_0_is_white(
    tmp_path: Path, row: list[int], numbers: list[int]
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.array([row], dtype=np.uint8), photometric="miniswhite")
    assert read_index_picture(tmp_path / "a.tif").values.tolist() == [numbers]
