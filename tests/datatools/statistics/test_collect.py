"""The figures of a data set are those that one counts by hand, for each split, whatever lies between."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split
from p2p_datatools.statistics.collect import compute_statistics
from p2p_datatools.statistics.values import ClassStatistics, DataStatistics

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise, Scene, WritePhotos

CARS = load_palette("cars")


def classes(found: DataStatistics) -> dict[str, ClassStatistics]:
    return {each.name: each for each in found.whole.halves[0].classes}


def write_bodies(folder: Path, *areas: int) -> Path:
    """Masks of 10x10 with so many pixels of body each."""
    for number, area in enumerate(areas):
        mask = np.zeros(100, np.uint8)
        mask[:area] = 1
        write_mask(folder / f"{number}.png", mask.reshape(10, 10), CARS)
    (folder / "palette.toml").write_text(CARS.to_toml())
    return folder


def test_a_class_has_its_pixels_its_pictures_and_its_median_area_where_it_is(tmp_path: Path) -> None:
    body = classes(compute_statistics(write_bodies(tmp_path, 10, 0, 30, 80)))["body"]
    assert (body.pixels, body.share, body.pictures, body.median_area) == (120, 0.3, 3, 30)
    assert body.median_share == pytest.approx(0.3)


def test_a_class_that_never_occurs_is_there_with_nothing(tmp_path: Path) -> None:
    lights = classes(compute_statistics(write_bodies(tmp_path, 10)))["lights"]
    assert (lights.pixels, lights.pictures, lights.median_area) == (0, 0, 0)


def test_ignored_pixels_are_a_class_of_their_own(tmp_path: Path) -> None:
    write_bodies(tmp_path, 10)
    write_mask(tmp_path / "1.png", np.full((10, 10), IGNORE, np.uint8), CARS)
    assert classes(compute_statistics(tmp_path))["ignore"].share == 0.5


def test_the_samples_of_a_run_are_no_data(tmp_path: Path, noise: "Noise", refused: "Refused") -> None:
    write_png(tmp_path / "run" / "samples" / "1.png", noise(1, Size(10, 10)), durable=False)
    (tmp_path / "run" / "run.json").write_text('{"format": "p2p-run"}')
    with refused("own-folder", tmp_path / "run"):
        compute_statistics(tmp_path / "run")


def test_figures_of_pairs_are_those_of_each_split_and_of_all(tmp_path: Path, noise: "Noise") -> None:
    masks, photos = write_bodies(tmp_path / "masks", *range(0, 100, 10)), tmp_path / "photos"
    for number in range(10):
        write_png(photos / f"{number}.png", noise(number, Size(10, 10)), durable=False)
    pair(masks, photos, tmp_path / "pairs")
    split(tmp_path / "pairs", val=0.2, test=0.2)
    found = compute_statistics(tmp_path / "pairs")
    assert [(each.name, each.pictures) for each in found.splits] == [("train", 6), ("val", 2), ("test", 2)]
    assert classes(found)["body"].pixels == sum(range(0, 100, 10))
    assert sum(part.halves[0].classes[1].pixels for part in found.splits) == sum(range(0, 100, 10))
    pixels = np.concatenate([noise(number, Size(10, 10)) for number in range(10)]).reshape(-1, 3)
    channels = found.whole.halves[1].forms[0].channels
    assert [each.mean for each in channels] == pytest.approx(pixels.mean(axis=0))
    assert [each.deviation for each in channels] == pytest.approx(pixels.std(axis=0))


def test_brightness_names_the_darkest_and_the_brightest(tmp_path: Path) -> None:
    for name, value in (("dusk", 10), ("day", 200), ("noon", 250)):
        write_png(tmp_path / f"{name}.png", np.full((8, 8, 3), value, np.uint8), durable=False)
    bright = compute_statistics(tmp_path).whole.halves[0].forms[0].brightness
    assert (bright.darkest.name, bright.median, bright.brightest.name) == ("dusk", 200, "noon")
    assert (bright.counts[0], sum(bright.counts)) == (1, 3)


def test_pictures_of_nearly_equal_brightness_are_each_in_a_bin(tmp_path: Path) -> None:
    for number in range(3):
        write_tiff(tmp_path / f"{number}.tif", np.full((8, 8), 30_000_000 + number // 2, np.int32))
    bright = compute_statistics(tmp_path).whole.halves[0].forms[0].brightness
    assert (bright.counts[0], bright.counts[-1], sum(bright.counts)) == (2, 1, 3)
    for number in (0, 1):
        (tmp_path / f"{number}.tif").unlink()
    assert sum(compute_statistics(tmp_path).whole.halves[0].forms[0].brightness.counts) == 1


def test_pixels_without_data_count_in_no_colour(tmp_path: Path) -> None:
    values = np.full((10, 10), 500, np.uint16)
    values[:5] = 0
    write_tiff(tmp_path / "a.tif", values, nodata=0)
    (form,) = compute_statistics(tmp_path).whole.halves[0].forms
    assert (form.channels[0].mean, form.channels[0].deviation, form.without_data) == (500, 0, 50)


def test_pictures_of_other_types_have_figures_of_their_own(tmp_path: Path, scene: "Scene") -> None:
    write_png(tmp_path / "rgb.png", scene(0), durable=False)
    np.save(tmp_path / "deep.npy", np.arange(48, dtype=np.float32).reshape(2, 3, 8))
    forms = {each.form: each for each in compute_statistics(tmp_path).whole.halves[0].forms}
    assert set(forms) == {"3 channels of uint8", "8 channels of float32"}
    assert [each.most for each in forms["8 channels of float32"].channels] == list(range(40, 48))


def test_a_channel_is_called_by_its_colour_or_else_by_its_number(tmp_path: Path) -> None:
    names = {1: ["grey"], 3: ["red", "green", "blue"], 5: [f"channel {number}" for number in range(1, 6)]}
    for count, expected in names.items():
        pixels = np.zeros((8, 8, count) if count > 1 else (8, 8), np.uint16)
        folder = tmp_path / str(count)
        folder.mkdir()
        write_tiff(folder / "one.tif", pixels)
        form = compute_statistics(folder).whole.halves[0].forms[0]
        assert [channel.name for channel in form.channels] == expected


def test_sizes_name_the_pictures_at_their_ends(tmp_path: Path, write_photos: "WritePhotos") -> None:
    write_photos(tmp_path, "a.png", "b.png", "c.png", size=Size(40, 30))
    write_photos(tmp_path, "tiny.png", size=Size(8, 8))
    write_photos(tmp_path, "panorama.png", size=Size(90, 20))
    sizes = compute_statistics(tmp_path).sizes
    assert sizes
    assert (sizes.counts[0].size, sizes.counts[0].pictures, sizes.median) == (Size(40, 30), 3, Size(40, 30))
    assert (sizes.smallest.name, sizes.largest.name, sizes.widest.name) == ("tiny", "panorama", "panorama")
    assert {each.shape: each.pictures for each in sizes.shapes} == {"1:1": 1, "4:3": 3, "3:1": 1}


def test_broken_files_are_all_told_and_the_rest_is_counted(tmp_path: Path, write_photos: "WritePhotos") -> None:
    write_photos(tmp_path, *(f"{number}.png" for number in range(9)))
    (tmp_path / "2.png").write_bytes(b"")
    (tmp_path / "4.png").write_bytes((tmp_path / "5.png").read_bytes()[:300])
    (tmp_path / "7.png").write_text("no picture")
    found = compute_statistics(tmp_path)
    assert [Path(each.where).name for each in found.broken] == ["2.png", "4.png", "7.png"]
    assert (found.ok, found.total, found.whole.pictures) == (False, 9, 6)


def test_nothing_but_broken_files_is_no_figure(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    found = compute_statistics(tmp_path)
    assert (found.sizes, found.whole.pictures, len(found.broken)) == (None, 0, 1)


def test_a_mask_with_a_foreign_colour_is_told_and_not_counted(tmp_path: Path) -> None:
    write_bodies(tmp_path, 10, 20)
    write_png(tmp_path / "2.png", np.full((10, 10, 3), 77, np.uint8), durable=False)
    found = compute_statistics(tmp_path)
    assert [each.code for each in found.broken] == ["palette-colour"]
    assert classes(found)["body"].pixels == 30


def test_there_has_to_be_a_picture(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-pictures", tmp_path):
        compute_statistics(tmp_path)


@pytest.mark.real_data
def test_real_pairs_of_another_tool_have_figures(real_data: Path) -> None:
    found = compute_statistics(real_data / "facades-ab")
    assert (found.kind, found.ok, found.whole.pictures) == ("pairs", True, 30)
    assert found.sizes
    assert found.sizes.median == Size(256, 256)
