"""Whether pictures are A|B: real pairs, also with plain borders, against photos, masks and drawings by themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pairs.seam import Middle, glance_at, judge_middle, look_like_pairs, refuse_single_pictures
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise, Scene

Pictures = Callable[[int], Photo]


def beside(a: Photo, b: Photo) -> Photo:
    return np.concatenate([a, b], axis=1)


def disc(seed: int, ground: int, colour: tuple[int, int, int], size: int = 64) -> Photo:
    """A thing in the middle of a plain ground, as labels of a car or a shoe by itself are."""
    y, x = np.mgrid[:size, :size]
    random = np.random.default_rng(seed)
    inside = ((x - size / 2) / random.uniform(0.2, 0.45)) ** 2 + ((y - size / 2) / random.uniform(0.1, 0.3)) ** 2
    picture = np.full((size, size, 3), ground, dtype=np.uint8)
    picture[inside < size**2] = colour
    return picture


def write(folder: Path, make: Pictures, count: int = 20) -> list[Path]:
    for number in range(count):
        write_png(folder / f"{number:02}.png", make(number))
    return find_pictures(folder)


def refuse(folder: Path, files: list[Path], *, in_splits: bool = False, sure: bool = False) -> None:
    refuse_single_pictures(folder, glance_at(files), to_do="Give others.", in_splits=in_splits, sure=sure)


@pytest.mark.parametrize("size", [Size(96, 64), Size(64, 64), Size(128, 48), Size(320, 240)])
def test_a_photo_goes_on_across_its_middle(size: Size, scene: "Scene") -> None:
    seen = [judge_middle(scene(seed, size)) for seed in range(30)]
    assert seen.count("continuous") > 24
    assert "cut" not in seen


def test_two_photos_side_by_side_are_cut_in_the_middle(scene: "Scene") -> None:
    seen = [judge_middle(beside(scene(seed), scene(seed + 100))) for seed in range(30)]
    assert seen.count("cut") > 20
    assert "continuous" not in seen


def test_a_mask_by_itself_goes_on_and_one_beside_its_photo_is_cut(scene: "Scene") -> None:
    masks = [disc(seed, 0, (255, 0, 0)) for seed in range(20)]
    assert {judge_middle(mask) for mask in masks} == {"continuous"}
    both = [judge_middle(beside(mask, scene(seed, Size(64, 64)))) for seed, mask in enumerate(masks)]
    assert both.count("cut") > 15
    assert "continuous" not in both


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ("the same plain ground at both edges, as shoes and their outlines have", "unclear"),
        ("one colour", "unclear"),
        ("noise", "unclear"),
        ("too small to tell", "unclear"),
        ("an odd width", "unclear"),
    ],
)
def test_what_tells_nothing_counts_as_nothing(case: str, wanted: Middle, noise: "Noise", scene: "Scene") -> None:
    pictures = {
        "the": beside(disc(1, 255, (90, 60, 30)), disc(1, 255, (0, 0, 0))),
        "one": np.full((64, 96, 3), 90, dtype=np.uint8),
        "noise": noise(0, Size(96, 64)),
        "too": scene(0, Size(24, 64)),
        "an": scene(0, Size(97, 64)),
    }
    assert judge_middle(pictures[case.split(" ")[0]]) == wanted


def test_a_panorama_beside_a_worse_copy_of_it_is_a_pair_though_its_edges_join(scene: "Scene") -> None:
    for seed in range(10):
        left = scene(seed, Size(64, 64))
        around = beside(left, left[:, ::-1])  # ends as it begins
        worse = np.clip(around.astype(int) + np.random.default_rng(seed).integers(-9, 10, around.shape), 0, 255)
        assert judge_middle(beside(around, worse.astype(np.uint8))) != "continuous"


def test_a_folder_of_photos_is_no_folder_of_pairs(tmp_path: Path, scene: "Scene", refused: "Refused") -> None:
    files = write(tmp_path, scene)
    for some in (files, files[:1]):
        with refused("not-pairs", tmp_path):
            refuse(tmp_path, some, in_splits=True)


def test_a_folder_of_pairs_is_one_with_a_single_photo_in_it_too(tmp_path: Path, scene: "Scene") -> None:
    files = write(tmp_path, lambda seed: beside(scene(seed), scene(seed + 100)))
    refuse(tmp_path, files)
    write_png(files[0], scene(0))
    refuse(tmp_path, files)


def test_pairs_of_which_many_are_photos_are_believed_in_folders_of_splits_alone(
    tmp_path: Path, scene: "Scene", refused: "Refused"
) -> None:
    wide = Size(128, 64)  # as large as a pair of two
    files = write(tmp_path, lambda seed: beside(scene(seed), scene(seed + 100)) if seed % 3 else scene(seed, wide))
    refuse(tmp_path, files, in_splits=True)
    with refused("not-pairs", tmp_path) as error:
        refuse(tmp_path, files)
    assert "show one scene" in error.value.what


def test_halves_beside_their_pairs_are_no_pairs_in_folders_of_splits_either(
    tmp_path: Path, scene: "Scene", refused: "Refused"
) -> None:
    files = write(tmp_path, lambda seed: scene(seed) if seed % 3 else beside(scene(seed), scene(seed + 1)))
    with refused("not-pairs", tmp_path) as error:
        refuse(tmp_path, files, in_splits=True)
    assert "as large as a half of the others" in error.value.what


def test_pictures_that_tell_nothing_are_pairs_if_they_are_twice_as_wide_as_high(
    tmp_path: Path, noise: "Noise", refused: "Refused"
) -> None:
    wide = write(tmp_path / "wide", lambda seed: noise(seed, Size(128, 64)), 3)
    refuse(tmp_path, wide)
    for files, sure in ((wide, True), (write(tmp_path / "other", lambda seed: noise(seed, Size(96, 64)), 3), False)):
        with refused("not-pairs", tmp_path):
            refuse(tmp_path, files, sure=sure)


def test_sheets_of_three_columns_are_no_pairs(tmp_path: Path, scene: "Scene", refused: "Refused") -> None:
    def sheet(seed: int) -> Photo:
        one, two, three = (scene(seed + more, Size(64, 64)) for more in (0, 100, 200))
        return beside(beside(one, two), three)

    files = write(tmp_path, sheet, 8)
    with refused("three-columns", tmp_path):
        refuse(tmp_path, files, in_splits=True)


def test_a_sheet_that_lies_alone_says_of_itself_that_p2p_drew_it(
    tmp_path: Path, scene: "Scene", refused: "Refused"
) -> None:
    files = write(tmp_path, lambda seed: beside(scene(seed), scene(seed + 100)), 4)
    write_png(files[0], beside(scene(0), scene(100)), role="sample sheet")
    with refused("drawn-by-p2p", tmp_path) as error:
        refuse(tmp_path, files, in_splits=True)
    assert "00.png says of itself that it is a sample sheet" in error.value.what


def test_files_that_cannot_be_read_are_left_to_those_who_read_them(tmp_path: Path, scene: "Scene") -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((64, 96), dtype=np.uint16)).save(tmp_path / "deep.png")
    assert {glance.middle for glance in glance_at(find_pictures(tmp_path))} == {"unclear"}
    refuse(tmp_path, find_pictures(tmp_path), in_splits=True)


def test_a_broken_file_beside_a_single_pair_tells_nothing_of_it(tmp_path: Path, scene: "Scene") -> None:
    write_png(tmp_path / "pair.png", beside(disc(1, 0, (255, 0, 0)), scene(1, Size(64, 64))))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert look_like_pairs(find_pictures(tmp_path))
    (tmp_path / "pair.png").unlink()
    assert not look_like_pairs(find_pictures(tmp_path))


EVERY = pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.long)])


@EVERY
@pytest.mark.parametrize("name", ["facades-ab", "maps/train", "maps/val"])
def test_no_real_pair_is_taken_for_a_photo(name: str, every: int, real_data: Path) -> None:
    glances = glance_at(find_pictures(real_data / name)[::every])
    seen = [glance.middle for glance in glances]
    assert not any(glance.is_in_three for glance in glances)
    assert "continuous" not in seen
    assert seen.count("cut") > 0.8 * len(seen)


@EVERY
@pytest.mark.parametrize(
    "name",
    [
        *("car-parts/trainingset/JPEGImages", "car-parts/testset/JPEGImages", "car-silhouettes/images"),
        *("car-silhouettes/masks", "camvid/images", "camvid/masks", "cityscapes/train_img", "cmp-facades/base"),
    ],
)
def test_no_real_photo_or_mask_is_taken_for_a_pair(name: str, every: int, real_data: Path) -> None:
    glances = glance_at(find_pictures(real_data / name)[::every])
    seen = [glance.middle for glance in glances]
    assert not any(glance.is_in_three for glance in glances)
    assert "cut" not in seen
    assert "continuous" in seen
