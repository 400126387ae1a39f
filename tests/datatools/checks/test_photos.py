"""What a check of photos finds: each fault alone, once, and nothing in a set of sound photos."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.checks.photos import measure_blur
from p2p_datatools.contract.errors import CheckResult
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.pages import ReadOptions

CARS = load_palette("cars")


def scene(seed: int, height: int = 64, width: int = 80) -> Photo:
    """Colours and edges of many scales, as photos have; its left half is not like its right."""
    random, total = np.random.default_rng(seed), np.zeros((height, width, 3))
    for cells in (3, 8, 40, max(height, width)):
        noise = random.uniform(0, 1, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((total - total.min()) / np.ptp(total) * 255, 0, 255), dtype=np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(12):
        write_png(tmp_path / "photos" / f"{number:02d}.png", scene(number), durable=False)
    return tmp_path / "photos"


def found(result: CheckResult) -> list[tuple[str, str, str]]:
    return [(each.severity, each.code, Path(each.where).name) for each in result.findings]


def darken(photo: Photo) -> Photo:
    return np.asarray(photo * 0.2, dtype=np.uint8)


def lighten(photo: Photo) -> Photo:
    return np.asarray(255 - (255.0 - photo) * 0.2, dtype=np.uint8)


def blur(photo: Photo) -> Photo:
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 2.5), dtype=np.uint8)


def flatten(photo: Photo) -> Photo:
    return np.full_like(photo, (120, 130, 140))


def test_sound_photos_have_no_findings(photos: Path) -> None:
    assert check(photos) == CheckResult("photos", 12, ())


@pytest.mark.parametrize(
    ("spoil", "code"), [(darken, "dark"), (lighten, "light"), (blur, "blurred"), (flatten, "low-information")]
)
def test_one_photo_that_is_wrong_is_a_warning_with_its_figure(
    photos: Path, spoil: Callable[[Photo], Photo], code: str
) -> None:
    write_png(photos / "05.png", spoil(scene(5)))
    [finding] = check(photos).findings
    assert (finding.severity, finding.code, Path(finding.where).name) == ("warning", code, "05.png")
    assert finding.figure is not None


def test_what_many_photos_of_a_set_have_is_how_the_set_is_and_one_hint(photos: Path) -> None:
    for number in range(6):
        write_png(photos / f"{number:02d}.png", darken(scene(number)))
    [finding] = check(photos).findings
    assert (finding.severity, finding.code, finding.where) == ("hint", "dark", str(photos))
    assert "6 of 12" in finding.what


def test_a_grey_photo_among_colours_is_a_hint_and_a_grey_set_is_none(photos: Path) -> None:
    def make_grey(number: int) -> None:
        grey = scene(number)[..., :1]
        write_png(photos / f"{number:02d}.png", np.repeat(grey, 3, axis=2))

    make_grey(3)
    assert found(check(photos)) == [("hint", "grey-photo", "03.png")]
    for number in range(12):
        make_grey(number)
    assert check(photos).findings == ()


def test_a_photo_of_an_odd_size_and_one_of_an_odd_shape(photos: Path) -> None:
    write_png(photos / "03.png", scene(3, 256, 320))
    write_png(photos / "04.png", scene(4, 40, 150))
    assert found(check(photos)) == [("warning", "odd-size", "03.png"), ("warning", "odd-aspect", "04.png")]


def test_equal_pixels_are_found_in_another_kind_of_file_but_not_in_labels(photos: Path) -> None:
    Image.fromarray(scene(2)).save(photos / "z.bmp")
    assert found(check(photos)) == [("warning", "duplicate", "z.bmp")]
    for name in "ab":
        write_png(photos / "labels" / f"{name}.png", np.kron(np.eye(2), np.ones((40, 40))).astype(np.uint8))
    assert "duplicate" not in {code for _, code, name in found(check(photos)) if name in ("a.png", "b.png")}


def test_a_photo_that_exif_turns_is_a_hint_unless_exif_is_left_aside(photos: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene(3, 80, 64)).save(photos / "03.png", exif=exif)
    write_png(photos / "04.png", scene(4, 64, 80))
    [finding] = check(photos).findings
    assert (finding.severity, finding.code) == ("hint", "exif-turned")
    assert "80x64" in finding.what
    assert "64x80" in finding.what
    assert "exif-turned" not in {each.code for each in check(photos, read=ReadOptions(exif="raw")).findings}


def test_a_mask_of_the_size_before_exif_turned_its_photo_is_told_so(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "photos").mkdir()
    Image.fromarray(scene(3, 40, 64)).save(tmp_path / "photos" / "a.png", exif=exif)
    write_mask(tmp_path / "masks" / "a.png", np.tile(np.arange(64, dtype=np.uint8) % 5, (40, 1)), CARS)
    found_here = check(tmp_path / "masks", photos=tmp_path / "photos", palette=CARS).findings
    assert "--exif raw" in next(each.to_do for each in found_here if each.code == "mask-size")


def test_a_mask_that_was_copied_is_found_and_empty_ones_are_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in "abc":
        write_mask(tmp_path / f"{name}.png", random.integers(0, 5, (40, 40), dtype=np.uint8), CARS)
    (tmp_path / "d.png").write_bytes((tmp_path / "b.png").read_bytes())
    for name in "ef":
        write_mask(tmp_path / f"{name}.png", np.zeros((40, 40), dtype=np.uint8), CARS)
    result = check(tmp_path, palette=CARS)
    assert [each for each in found(result) if each[1] != "empty"] == [("warning", "mask-duplicate", "d.png")]


def test_three_broken_photos_of_many_are_all_reported_and_the_rest_is_done(photos: Path) -> None:
    for name in ("01", "05", "09"):
        (photos / f"{name}.png").write_bytes((photos / f"{name}.png").read_bytes()[:500])
    write_png(photos / "11.png", darken(scene(11)))
    result = check(photos)
    assert [name for _, code, name in found(result) if code == "damaged-file"] == ["01.png", "05.png", "09.png"]
    assert ("warning", "dark", "11.png") in found(result)
    assert result.checked == 12


def test_loose_pictures_in_whose_middle_two_meet_are_checked_as_pairs(tmp_path: Path) -> None:
    for number in range(6):
        two = np.concatenate((blur(scene(number)), blur(scene(100 + number))[::-1]), axis=1)
        write_png(tmp_path / f"{number}.png", two)
    assert check(tmp_path).kind == "pairs"


def test_blur_is_measured_at_full_scale_in_each_direction() -> None:
    grey: NDArray[np.uint8] = scene(1, 700, 900)[..., 0]
    smeared = np.asarray(cv2.GaussianBlur(grey, (0, 0), 3, sigmaY=0.01), dtype=np.uint8)
    assert measure_blur(grey) < 0.4 < 0.5 < measure_blur(smeared)


@pytest.mark.real_data
def test_of_real_photos_hardly_one_is_accused(real_data: Path) -> None:
    result = check(real_data / "car-parts" / "testset")
    assert result.checked == 50
    assert sum(each.severity != "hint" for each in result.findings) <= 1
    spoilt = measure_blur(np.asarray(blur(read_photo(next((real_data / "camvid/images").iterdir())))[..., 0]))
    assert spoilt > 0.5
