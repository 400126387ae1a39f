"""Names that differ by what all of one kind have in addition."""

from pathlib import Path

import pytest

from p2p_datatools.contract.matching import (
    Addition,
    Convention,
    find_convention,
    key_of,
    split_labels,
    suggest_match,
)
from p2p_datatools.contract.partners.pair_lists import is_list


@pytest.mark.parametrize(
    ("addition", "name", "rest"),
    [
        (Addition("_mask"), "walk/1_mask", "walk/1"),
        (Addition("mask_", is_before=True), "walk/mask_1", "walk/1"),
        (Addition("_mask"), "1", None),
        (Addition("_mask"), "walk/_mask", None),
        (Addition(), "1", "1"),
    ],
)
def test_an_addition_is_taken_from_the_last_part_of_a_name(addition: Addition, name: str, rest: str | None) -> None:
    assert addition.remove(name) == rest


def test_photos_without_labels_are_no_hindrance_but_labels_without_photos_are() -> None:
    assert find_convention(["1_mask", "2_mask"], ["1", "2", "3"]) == Convention(Addition("_mask"), Addition())
    assert find_convention(["1_mask", "2_mask", "4_mask"], ["1", "2", "3"]) is None
    assert find_convention(["1", "2", "3"], ["1_mask", "2_mask"]) is None
    assert find_convention(["1", "2", "3"], ["1_mask", "2_mask"], both_ways=True) is not None


@pytest.mark.parametrize(
    ("label", "photo"),
    [
        ("{}_lab", "{}"),  # FloodNet
        ("{}_cp_masks", "{}"),  # Cellpose
        ("{}_Simple Segmentation", "{}"),  # ilastik
        ("{}-labelled", "{}"),  # QuPath's export of labelled pictures
        ("{}_bin", "{}"),  # ApolloScape
        ("{}_gtFine_labellevel3Ids", "{}_leftImg8bit"),  # IDD
        ("{}_gt_labelTrainIds", "{}_rgb_anon"),  # ACDC
    ],
)
def test_what_tools_and_data_sets_add_to_names_is_a_convention(label: str, photo: str) -> None:
    labels, photos = ([each.format(name) for name in ("one", "two")] for each in (label, photo))
    found = find_convention(labels, photos)
    assert found is not None
    assert {found.one.remove(each) for each in labels} == {"one", "two"}


def test_two_conventions_that_fit_alike_are_none() -> None:
    assert find_convention(["1_mask"], ["1", "1_image"]) is None


def test_the_expression_of_a_convention_finds_what_names_share() -> None:
    convention = Convention(Addition("-mask.v2"), Addition("img ", is_before=True))
    key = key_of(convention.expression)
    assert (key("7-mask.v2"), key("img 7"), key("7-maskxv2")) == ("7", "7", "7-maskxv2")


def test_of_very_many_names_no_expression_is_looked_for() -> None:
    names = [f"a{number}" for number in range(60_000)]
    assert suggest_match(names, [f"b{number}" for number in range(60_000)]) == ""


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["a", "a_mask", "b", "b_mask"], ["a_mask", "b_mask"]),
        ([f"{number}{end}" for number in range(50) for end in ("", "_gt")], [f"{number}_gt" for number in range(50)]),
        (["a", "a_mask", "b"], []),
        (["a", "a_mask", "b_mask"], []),
        (["a", "b"], []),
        (["a_mask", "b_mask"], []),
        (["a", "a_left", "b", "b_left"], []),
        ([], []),
    ],
)
def test_labels_and_their_pictures_in_one_folder_are_told_apart_where_each_has_one(
    names: list[str], labels: list[str]
) -> None:
    assert split_labels(names) == labels


def test_numbers_padded_with_zeros_on_one_side_get_an_expression_that_matches_all() -> None:
    here, there = [f"{number}" for number in range(1, 13)], [f"img_{number:04d}" for number in range(1, 13)]
    assert "matches all 12" in suggest_match(here, there)
    assert "matches all 12" in suggest_match(there, [f"{number}" for number in range(1, 13)])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([f"{k}_{(k + 3) % 12}" for k in range(12)], [f"{(k + 3) % 12}_{k}" for k in range(12)]),
        ([f"x{k}y{(k + 5) % 12}" for k in range(12)], [f"x{(k + 5) % 12} y{k}" for k in range(12)]),
        (["day/1", "night/2", "day/3"], ["night/1", "day/2", "night/3"]),
        ([f"{k:03}_a{7 * k % 11}z" for k in range(11)], [f"{k:03}_b{(k + 4) % 11}z" for k in range(11)]),
        (["left_1", "right_2"], ["right_1", "left_2"]),
    ],
)
def test_no_expression_is_offered_where_another_part_of_the_names_speaks_for_other_pairs(
    here: list[str], there: list[str]
) -> None:
    for said in (suggest_match(here, there), suggest_match(there, here)):
        assert "no expression is offered" in said
        assert "FILE.csv" in said


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (["cam0_1", "cam0_2"], ["cam1_1", "cam1_2"]),
        (["000000_10", "000001_10"], ["000000_11", "000001_11"]),
        (["001_1700000000000", "002_1700000000100"], ["001_1700000000007", "002_1700000000102"]),
        (["s1/d_7", "s2/d_8"], ["s1/c_7", "s2/c_8"]),
        (["a (1)", "a (2)"], ["b1", "b2"]),
    ],
)
def test_what_is_the_same_in_all_names_of_a_side_or_has_other_values_there_speaks_against_no_pairs(
    here: list[str], there: list[str]
) -> None:
    assert "matches all 2" in suggest_match(here, there)


def test_names_with_their_kind_in_the_middle_are_suggested_what_stands_behind_it_though_each_camera_counts() -> None:
    labels = [f"{side}/2018_label_{side}_{number:03d}" for side in ("left", "right") for number in (91, 135)]
    photos = [name.replace("_label_", "_camera_") for name in labels]
    assert "'([^_/]+_\\d+)$', which matches all 4" in suggest_match(labels, photos)


@pytest.mark.parametrize(
    ("label", "photo", "count"),
    [
        ("{}_road_{:06d}", "{}_{:06d}", 9),  # KITTI
        ("{}_mask_{}", "{}_sat_{}", 9),
        ("{}_SAR-Intensity_{}", "{}_PS-RGB_{}", 9),  # SpaceNet 6
        ("gt/{}_GT_{}", "input/{}_NOISY_{}", 9),  # SIDD
        ("x_{}-mask-{}", "x_{}-{}", 9),
        ("{}_road_{:06d}", "{}x_{:06d}", 0),
        ("{}_3_{:06d}", "{}_4_{:06d}", 0),  # numbers are no words: two tiles
    ],
)
def test_a_word_within_names_is_left_out_by_an_expression_of_two_named_groups(
    label: str, photo: str, count: int
) -> None:
    names = [(scene, number) for scene in ("um", "umm", "uu") for number in range(3)]
    labels, photos = ([each.format(*name) for name in names] for each in (label, photo))
    said = suggest_match(labels, photos)
    assert (f"matches all {count}" in said) == bool(count)
    if count:
        key = key_of(said.partition("--match '")[2].partition("', which")[0])
        assert [key(name) for name in labels] == [key(name) for name in photos]
        assert len({*map(key, labels)}) == count


def test_named_groups_are_compared_each_with_its_own() -> None:
    key = key_of(r"(?P<scene>\d+)_(?P<frame>\d+)")
    assert key("s1_23") == key("s1_23_mask") != key("s12_3")
    key = key_of("(?P<scene>.+)_(?P<frame>.+)")
    assert key("a+_b") != key("a_+b")


def test_a_name_in_which_no_group_finds_anything_has_no_partner() -> None:
    for group in (r"(\d+)", r"(?P<frame>\d+)"):
        key = key_of(rf"(?:_{group})?$")
        assert key("a_7") == "7"
        assert key("a") is None


def test_names_that_end_in_several_ways_are_suggested_one_expression() -> None:
    assert "(?:_mask|_label)?" in suggest_match(["a_mask", "b_mask", "c_label"], ["a", "b", "c"])


def test_several_partners_of_each_are_named_with_how_to_choose_one() -> None:
    kinds = ("color", "labelIds")
    said = suggest_match(
        [f"{name}_gtFine_{kind}" for name in "xy" for kind in kinds], ["x_leftImg8bit", "y_leftImg8bit"]
    )
    assert "_gtFine_color, _gtFine_labelIds" in said
    assert "'^(.+?)(?:_gtFine_color|_leftImg8bit)$'" in said


def test_an_expression_that_leaves_pictures_out_says_how_many_and_how_several_are_paired_with_one() -> None:
    hazy, clear = [f"{number}_{k}" for number in range(4) for k in range(3)], [str(number) for number in range(4)]
    offered = suggest_match(hazy, clear)
    assert "leaves 8 pictures" in offered
    assert "FILE.csv" in offered
    assert "leaves" not in suggest_match([f"{number}_0" for number in range(4)], clear)


def test_the_whole_path_of_a_file_is_that_of_a_list_and_an_expression_is_none(tmp_path: Path) -> None:
    (tmp_path / "partners").write_text("1.png,2.png\n")  # so is /dev/stdin, to which a file is redirected
    assert is_list(str(tmp_path / "partners"))
    assert not any(map(is_list, (str(tmp_path), str(tmp_path / "absent"), r"/(\d+)$", "/" + "x" * 5000, "\0")))
