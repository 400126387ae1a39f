"""One folder that holds more than A and B, or says which is which in the middle of paths: kinds of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.partners.half_kinds import find_kinds
from p2p_datatools.pairs.match import match_pictures

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos


def kinds_of(*files: str) -> list[str]:
    found = find_kinds(files)
    return [] if found is None else found.words


def numbered(*patterns: str, count: int = 3) -> list[str]:
    return [pattern.format(f"{number:04d}") for pattern in patterns for number in range(count)]


@pytest.mark.parametrize(
    ("patterns", "kinds"),
    [
        (("train/{}_A.jpg", "train/{}_B.jpg", "train/{}_AB.jpg"), ["a", "b"]),
        (("{}/image.png", "{}/mask.png"), ["image", "mask"]),
        (("quake_{}_pre_disaster.png", "quake_{}_post_disaster.png"), ["post", "pre"]),
        (("{}_S6/NOISY_SRGB.PNG", "{}_S6/GT_SRGB.PNG"), ["gt", "noisy"]),
        (("train/train_A/{}.png", "train/train_B/{}.png", "train/train_C/{}.png"), ["a", "b", "c"]),
        # The folder's word stands in the names, too.
        (("spring/s1_7/spring_s1_7_p{}.png", "spring/s2_7/spring_s2_7_p{}.png"), ["s1", "s2"]),
        (("s1_7/a_s1_7_{}.png", "s2_7/a_s2_7_{}.png", "lc_7/a_lc_7_{}.png"), ["lc", "s1", "s2"]),
        (
            ("Train/Low/low{}.png", "Train/Normal/normal{}.png", "Test/Low/low9{}.png", "Test/Normal/normal9{}.png"),
            ["low", "normal"],
        ),
        # Frames count anew in each scene, which is no kind.
        (("{}_real_A.png", "{}_fake_B.png", "{}_real_B.png"), ["fake_b", "real_a", "real_b"]),
        (("sar{}.png", "opt{}.png"), ["opt", "sar"]),
        (("GO1_07/blur/{}.png", "GO1_07/sharp/{}.png", "GO2_11/blur/{}.png", "GO2_11/sharp/{}.png"), ["blur", "sharp"]),
    ],
)
def test_kinds_are_told_by_one_place_in_all_paths(patterns: tuple[str, ...], kinds: list[str]) -> None:
    assert kinds_of(*numbered(*patterns)) == kinds


def test_splits_numbers_and_pictures_of_other_names_are_no_kinds() -> None:
    assert kinds_of(*numbered("train/{}.png", "test/{}.png")) == []
    assert kinds_of(*numbered("{}_1.png", "{}_2.png")) == []
    assert kinds_of("horse_1.png", "horse_3.png", "zebra_2.png", "zebra_4.png") == []
    assert kinds_of("a_1.png", "a_1.jpg", "b_1.png") == []


def test_the_file_of_both_beside_a_and_b_is_left_out_and_told(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    data = write_photos(tmp_path / "data", *numbered("train/{}_A.png", "train/{}_B.png", "train/{}_AB.png"))
    matched, skipped = match_pictures(data, data, report=notes)
    assert matched.files_of("train/0001") == ("train/0001_A.png", "train/0001_B.png")
    assert (len(matched), skipped) == (3, [])
    assert "0000_AB.png" in notes.lines[1]


def test_a_folder_for_each_pair_has_a_mask_and_an_image(tmp_path: Path, write_photos: "WritePhotos") -> None:
    data = write_photos(tmp_path / "data", *numbered("{}/image.png", "{}/mask.png"))
    assert match_pictures(data, data)[0].files_of("0001") == ("0001/mask.png", "0001/image.png")


def test_scenes_that_are_counted_are_not_offered_as_halves(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    names = [each.format(number) for each in ("photo/rgb_img{}.tif", "roads/lines_img{}.tif") for number in range(4)]
    data = write_photos(tmp_path / "data", *names)  # SpaceNet
    with refused("same-folder", usage=True) as error:  # --halves img0,img1 would pair two scenes
        match_pictures(data, data)
    assert "img0" not in error.value.what + error.value.to_do


def test_two_of_several_kinds_are_chosen_by_the_words_of_the_halves(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused", notes: "Notes"
) -> None:
    data = write_photos(tmp_path / "data", *numbered("train/{}/A.png", "train/{}/B.png", "train/{}/label.png"))
    with refused("same-folder", usage=True) as error:
        match_pictures(data, data)
    assert "a, b, label" in error.value.what
    matched, _ = match_pictures(data, data, halves=("label", "B"), report=notes)
    assert matched.files_of("train/0002") == ("train/0002/label.png", "train/0002/B.png")
    assert any("left out" in line for line in notes.lines)


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        (("{}_real_A.png", "{}_fake_B.png", "{}_real_B.png"), "--halves real_a,real_b"),  # pytorch-CycleGAN-and-pix2pix
        (("{}-inputs.png", "{}-outputs.png", "{}-targets.png"), "--halves inputs,targets"),  # pix2pix-tensorflow
        (("{}_A_real.png", "{}_B_fake.png", "{}_B_real.png"), "--halves a_real,b_real"),
    ],
)
def test_of_the_results_of_a_test_what_the_network_made_is_not_offered_as_a_half(
    written: tuple[str, ...], offered: str, tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    data = write_photos(tmp_path / "images", *numbered(*written))
    with refused("same-folder", usage=True) as error:
        match_pictures(data, data)
    assert offered in error.value.to_do


def test_the_place_that_says_the_words_of_the_halves_is_the_one_that_tells_kinds(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    written = [f"{{}}_{what}_{side}.png" for what in ("real", "fake", "rec") for side in "AB"]
    data = write_photos(tmp_path / "data", *numbered(*written))
    matched, _ = match_pictures(data, data, halves=("real_A", "real_B"))
    assert [each.name for each in matched["0000"]] == ["0000_real_A.png", "0000_real_B.png"]
    assert len(matched) == 3
    with refused("same-folder", usage=True) as error:  # results of CycleGAN: what it made is no half unasked
        match_pictures(data, data)
    assert "fake_a, fake_b, real_a, real_b, rec_a, rec_b" in error.value.what
    views = write_photos(
        tmp_path / "views", *numbered("{}_left_A.png", "{}_right_A.png", "{}_left_B.png", "{}_right_B.png")
    )
    assert len(match_pictures(views, views)[0]) == 6


def test_labels_beside_two_photos_of_a_time_each_are_asked_about(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    data = write_photos(tmp_path / "data", *numbered("train/A/{}.png", "train/B/{}.png", "train/label/{}.png"))
    with refused("same-folder", usage=True):
        match_pictures(data, data)
    other = write_photos(tmp_path / "other", *numbered("images/{}.png", "masks/{}.png", "depth/{}.png"))
    assert match_pictures(other, other)[0].files_of("0001") == ("masks/0001.png", "images/0001.png")
