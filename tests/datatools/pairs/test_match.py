"""Which pictures of two folders are matched, and what is said of those that are not."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.match import match_pictures

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos


def make_files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write_labels(file: Path) -> None:
    write_png(file, np.eye(2, dtype=np.uint8).repeat(8, axis=0).repeat(12, axis=1))


def test_partners_share_the_path_below_their_folders_whatever_the_suffix(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "1.png", "walk/1.v2.png", "notes.txt", ".hidden.png")
    b = make_files(tmp_path / "b", "1.JPG", "walk/1.v2.jpeg")
    matched, skipped = match_pictures(a, b)
    assert matched == {"1": (a / "1.png", b / "1.JPG"), "walk/1.v2": (a / "walk/1.v2.png", b / "walk/1.v2.jpeg")}
    assert skipped == []


def test_a_name_without_a_partner_or_with_two_is_skipped_with_its_reason(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "both.png", "left.png", "twice.png")
    b = make_files(tmp_path / "b", "both.png", "right.png", "twice.png", "twice.jpg")
    matched, skipped = match_pictures(a, b)
    assert list(matched) == ["both"]
    assert [str(skip) for skip in skipped] == [
        f"{a}/left.png: has no partner in {b}. Add 'left' there, or remove this one.",
        f"{b}/right.png: has no partner in {a}. Add 'right' there, or remove this one.",
        f"{b}/twice.jpg: has the same name as {b}/twice.png. Rename or remove one of them.",
    ]


def test_the_expression_that_is_offered_for_names_with_a_word_within_pairs_them(
    tmp_path: Path, refused: "Refused"
) -> None:
    names = [(scene, number) for scene in ("um", "umm") for number in range(2)]
    a = make_files(tmp_path / "a", *(f"{scene}_road_{number:06}.png" for scene, number in names))
    b = make_files(tmp_path / "b", *(f"{scene}_{number:06}.png" for scene, number in names))
    with refused("no-common-name", a) as error:
        match_pictures(a, b)
    offered = error.value.to_do.partition("--match '")[2].partition("', which")[0]
    matched, skipped = match_pictures(a, b, match=offered)
    assert matched["um+_000001"] == (a / "um_road_000001.png", b / "um_000001.png")
    assert (len(matched), skipped) == (4, [])


def test_an_umlaut_written_as_two_characters_is_the_same_name(tmp_path: Path) -> None:
    matched, _ = match_pictures(
        make_files(tmp_path / "a", "M\u00fcnchen.png"), make_files(tmp_path / "b", "Mu\u0308nchen.png")
    )
    assert list(matched) == ["M\u00fcnchen"]


def test_the_error_for_folders_without_a_common_name_shows_names_of_both(tmp_path: Path, refused: "Refused") -> None:
    a, b = make_files(tmp_path / "a", "1.png", "2.png"), make_files(tmp_path / "b", "x/1.png", "y/2.png")
    with refused("no-common-name", a) as error:
        match_pictures(a, b)
    assert f"{b}: '1' here, 'x/1' there" in error.value.what
    assert "\n" not in str(error.value)


def test_a_folder_without_pictures_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-pictures", tmp_path / "b"):
        match_pictures(make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "notes.txt"))


def test_a_file_name_that_is_not_utf8_is_a_skip_that_stops_no_other(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "1.png")
    (b / os.fsdecode(b"caf\xe9.png")).touch()
    matched, (skip,) = match_pictures(a, b)
    assert list(matched) == ["1"]
    assert (skip.code, skip.where) == ("name-not-utf8", str(b))
    assert "'caf\\udce9.png'" in skip.what


def test_an_expression_finds_what_the_names_share(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "mask_0001.png", "walk/mask_0002.png")
    b = make_files(tmp_path / "b", "IMG 1 (0001).jpg", "IMG 2 (0002).jpg")
    matched, skipped = match_pictures(a, b, match=r"(\d{4})")
    assert matched == {
        "0001": (a / "mask_0001.png", b / "IMG 1 (0001).jpg"),
        "0002": (a / "walk/mask_0002.png", b / "IMG 2 (0002).jpg"),
    }
    assert skipped == []


def test_an_expression_without_a_group_is_the_name_as_a_whole(tmp_path: Path) -> None:
    matched, _ = match_pictures(
        make_files(tmp_path / "a", "x7.png"), make_files(tmp_path / "b", "y7.png"), match=r"\d+"
    )
    assert list(matched) == ["7"]


def test_two_photos_for_one_mask_are_named_with_what_the_expression_finds_in_both(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "1.png", "2.png")
    b = make_files(tmp_path / "b", "1-left.png", "1-mid.png", "1-right.png", "2-left.png")
    matched, (skip,) = match_pictures(a, b, match=r"\d")
    assert list(matched) == ["2"]
    assert (skip.code, skip.where) == ("same-name", f"{b}/1-left.png")
    assert f"{b}/1-mid.png and 1 more, because the expression finds '1'" in skip.what


def test_a_picture_in_which_an_expression_finds_nothing_is_a_skip(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "1.png", "cover.png"), make_files(tmp_path / "b", "1.png")
    _, (skip,) = match_pictures(a, b, match=r"\d")
    assert (skip.code, skip.where) == ("no-match", f"{a}/cover.png")


@pytest.mark.parametrize(("name", "expression"), [("1 ..png", r"\.+$"), ("1.png", r"x*"), ("a.b.png", r"\..*")])
def test_what_an_expression_finds_must_be_able_to_name_a_file(
    name: str, expression: str, tmp_path: Path, refused: "Refused"
) -> None:
    a, b = make_files(tmp_path / "a", name, "good.png"), make_files(tmp_path / "b", name, "good.png")
    with refused("no-common-name", a) as error:
        match_pictures(a, b, match=expression)
    assert f"none ({a / name} " in error.value.what


def test_a_broken_regular_expression_is_refused(tmp_path: Path, refused: "Refused") -> None:
    with refused("bad-expression", "match (", usage=True):
        match_pictures(make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "1.png"), match="(")


def lines(tmp_path: Path, *text: str, encoding: str = "utf-8") -> str:
    file = tmp_path / "list.csv"
    file.write_bytes("\n".join(text).encode(encoding))
    return str(file)


def test_a_list_pairs_what_its_lines_say_and_the_rest_is_counted(tmp_path: Path, notes: "Notes") -> None:
    a = make_files(tmp_path / "a", "x, 1.png", "20% \u00e4.png", "left.png")
    b = make_files(tmp_path / "b", "walk/9.jpg", "8.jpg")
    said = lines(tmp_path, "A, b", '"x, 1.png",walk/9.jpg', "", "20% \u00e4.png,8.jpg", encoding="utf-8-sig")
    matched, skipped = match_pictures(a, b, match=said, report=notes)
    assert matched == {"20% \u00e4": (a / "20% \u00e4.png", b / "8.jpg"), "x, 1": (a / "x, 1.png", b / "walk/9.jpg")}
    assert skipped == []
    assert notes.lines == [f"{a}: {said} does not list 1 of 3 pictures."]


def test_pairs_of_a_list_have_the_names_of_b_where_one_of_a_has_several(tmp_path: Path, notes: "Notes") -> None:
    a, b = make_files(tmp_path / "a", "1.png"), make_files(tmp_path / "b", "x.png", "y.png")
    match = lines(tmp_path, "1.png,y.png", "1.png,x.png")
    matched, skipped = match_pictures(a, b, match=match, report=notes)
    assert notes.lines == [f"{a}: {match} has 1 picture in several lines, as '1.png'."]
    assert (dict(matched), skipped) == ({"x": (a / "1.png", b / "x.png"), "y": (a / "1.png", b / "y.png")}, [])


def test_a_photo_may_be_listed_for_two_masks_but_no_mask_for_two_photos(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "1.png", "2.png"), make_files(tmp_path / "b", "1.png", "2.png")
    matched, (skip,) = match_pictures(a, b, match=lines(tmp_path, "1.png,1.png", "2.png,1.png", "1.png,2.png"))
    assert matched == {"1": (a / "1.png", b / "1.png"), "2": (a / "2.png", b / "1.png")}
    assert (skip.code, skip.where) == ("pair-listed-twice", f"{tmp_path / 'list.csv'}: line 3")
    assert "'1' is in line 1 already" in skip.what


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("1.png,gone.png", "missing-picture", "'gone.png' in {b}"),
        ("gone.png,1.png", "missing-picture", "'gone.png' in {a}"),
        ("1.png", "line-without-two-paths", "1 column,"),
        ("1.png;1.png", "line-without-two-paths", "1 column,"),
        ("1.png,1.png,cat", "line-without-two-paths", "3 columns,"),
        ("../b/1.png,1.png", "path-leads-out", "'../b/1.png'"),
        ("/1.png,1.png", "path-leads-out", "'/1.png'"),
        ("notes.txt,1.png", "missing-picture", "'notes.txt' in {a}"),
    ],
)
def test_a_line_that_cannot_be_paired_is_a_skip_with_its_number(
    line: str, code: str, words: str, tmp_path: Path
) -> None:
    a, b = make_files(tmp_path / "a", "1.png", "2.png", "notes.txt"), make_files(tmp_path / "b", "1.png", "2.png")
    matched, (skip,) = match_pictures(a, b, match=lines(tmp_path, "a,b", "2.png,2.png", line))
    assert list(matched) == ["2"]
    assert (skip.code, skip.where) == (code, f"{tmp_path / 'list.csv'}: line 3")
    assert words.format(a=a, b=b) in skip.what


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_list_may_have_another_sign_in_every_line_than_a_comma(tmp_path: Path, sign: str) -> None:
    a, b = make_files(tmp_path / "a", "1,5.png", "2.png"), make_files(tmp_path / "b", "1.png", "2.png")
    match = lines(tmp_path, sign.join("ab"), f"1,5.png{sign}1.png", f"2.png{sign}2.png")
    assert sorted(match_pictures(a, b, match=match)[0]) == ["1,5", "2"]


def test_a_list_that_cannot_be_read_is_an_error_in_one_line(tmp_path: Path, refused: "Refused") -> None:
    a, b = make_files(tmp_path / "a", "\u00e4.png"), make_files(tmp_path / "b", "1.png")
    with refused("no-pairs", tmp_path / "list.csv"):
        match_pictures(a, b, match=lines(tmp_path, "a,b"))
    with refused("not-utf8", tmp_path / "list.csv") as error:
        match_pictures(a, b, match=lines(tmp_path, "\u00e4.png,1.png", encoding="latin-1"))
    assert "WINDOWS-1252" in error.value.what
    with refused("bad-csv", tmp_path / "list.csv") as error:
        match_pictures(a, b, match=lines(tmp_path, '"1.png,1.png'))
    assert "line 1 " in error.value.what or "line 2 " in error.value.what
    with refused("unreadable-file", tmp_path / "gone.csv"):
        match_pictures(a, b, match=str(tmp_path / "gone.csv"))


def test_spaces_percent_signs_and_umlauts_stay_in_names(tmp_path: Path) -> None:
    names = "a b.png", "100%.png", "image%20(10).png", "\u00fcber\u00df.png"
    matched, skipped = match_pictures(make_files(tmp_path / "a", *names), make_files(tmp_path / "b", *names))
    assert sorted(matched) == sorted(name.removesuffix(".png") for name in names)
    assert skipped == []


@pytest.mark.parametrize(
    ("mask", "photo"),
    [
        ("{}_mask.png", "{}.jpg"),
        ("{}-mask.png", "{}.jpg"),
        ("mask_{}.png", "{}.jpg"),
        ("{}_GT.png", "{}.jpg"),
        ("{}_L.png", "{}.jpg"),
        ("walk/{}_segmentation.png", "walk/{}.jpg"),
        ("{}_manual1.png", "{}_training.tif"),
        ("{}_mask.png", "{}_sat.jpg"),
        ("mask{}.png", "img{}.jpg"),
        ("label_{}.png", "image_{}.jpg"),
        ("{}.jpg.png", "{}.jpg"),
        ("{}_gtFine_labelIds.png", "{}_leftImg8bit.png"),
        ("{}.png", "{}_photo.png"),
        ("{}_A.png", "{}_B.png"),
        ("{}x4.png", "{}.png"),  # DIV2K
        ("{}.png", "{}_x2.png"),
    ],
)
def test_a_convention_that_all_names_follow_is_used_and_said(
    mask: str, photo: str, tmp_path: Path, notes: "Notes"
) -> None:
    a = make_files(tmp_path / "a", *(mask.format(number) for number in ("01", "02", "11")))
    b = make_files(tmp_path / "b", *(photo.format(number) for number in ("01", "02", "11")))
    matched, skipped = match_pictures(a, b, report=notes)
    assert list(matched.values()) == [
        (a / mask.format(number), b / photo.format(number)) for number in ("01", "02", "11")
    ]
    assert skipped == []
    (note,) = notes.lines
    again, _ = match_pictures(a, b, match=note.partition("--match '")[2].removesuffix("'."))
    assert [*again.values()] == [*matched.values()]


def test_no_expression_is_said_where_it_would_find_the_same_in_two_folders(tmp_path: Path, notes: "Notes") -> None:
    a = make_files(tmp_path / "a", "s0/mask_1.png", "s1/mask_1.png")
    b = make_files(tmp_path / "b", "s0/1.jpg", "s1/1.jpg")
    matched, skipped = match_pictures(a, b, report=notes)
    assert list(matched.values()) == [(a / f"s{k}/mask_1.png", b / f"s{k}/1.jpg") for k in (0, 1)]
    assert (skipped, len(notes.lines)) == ([], 1)
    assert "--match" not in notes.lines[0]


def test_a_convention_is_for_names_without_a_partner_only_and_further_photos_are_no_hindrance(
    tmp_path: Path, notes: "Notes"
) -> None:
    a = make_files(tmp_path / "a", "1.png", "2_mask.png", "3_mask.png")
    b = make_files(tmp_path / "b", "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    matched, (skip,) = match_pictures(a, b, report=notes)
    assert list(matched) == ["1", "2", "3"]
    assert (skip.code, skip.where) == ("no-partner", f"{b}/4.jpg")


@pytest.mark.parametrize(
    ("in_a", "in_b"),
    [
        (("1_mask", "2_gt"), ("1", "2")),  # no convention of all
        (("1_mask", "1_gt"), ("1", "2")),  # two masks of one photo
        (("1_mask", "2_mask"), ("1", "3")),
        (("a_left", "b_left"), ("a", "b")),  # no word for masks
        (("test_1", "test_2"), ("train_1", "train_2")),  # two splits
        (("x21", "x22"), ("1", "2")),
        (("11", "21"), ("1", "2")),
        (("1_mask", "2_mask"), ("1", "1_img", "2", "2_img")),  # two photos of one mask
        (("x/1_mask", "x/2_mask"), ("y/1", "y/2")),
    ],
)
def test_no_name_is_matched_by_a_guess(
    in_a: tuple[str, ...], in_b: tuple[str, ...], tmp_path: Path, refused: "Refused", notes: "Notes"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in in_a))
    b = make_files(tmp_path / "b", *(f"{name}.jpg" for name in in_b))
    with refused("no-common-name", a):
        match_pictures(a, b, report=notes)
    assert notes.lines == []


@pytest.mark.parametrize("is_a", [True, False])
def test_several_pictures_whose_names_begin_with_one_of_the_other_folder_are_a_pair_each(
    is_a: bool, tmp_path: Path, notes: "Notes"
) -> None:
    hazy = make_files(tmp_path / "hazy", *(f"{scene}_{fog}.png" for scene in ("1", "2_x") for fog in (0.8, 0.9)))
    clear = make_files(tmp_path / "clear", "1.jpg", "2_x.jpg", "3.jpg")
    matched, (skip,) = match_pictures(*((hazy, clear) if is_a else (clear, hazy)), report=notes)
    assert {pair[not is_a].stem: pair[is_a].stem for pair in matched.values()} == {
        **{"1_0.8": "1", "1_0.9": "1"},
        **{"2_x_0.8": "2_x", "2_x_0.9": "2_x"},
    }
    assert list(matched) == ["1_0.8", "1_0.9", "2_x_0.8", "2_x_0.9"]
    assert (skip.code, skip.where) == ("no-partner", f"{clear}/3.jpg")
    assert f"4 pictures of {hazy} belong to 2 of {clear}" in notes.lines[0]


@pytest.mark.parametrize(
    ("many", "few"),
    [
        (("1_1", "1_2", "2_1", "2_2"), ("1", "2", "3", "4")),  # slices of two patients, and pictures that were counted
        (("1_1_0.8", "1_1_0.9", "1_2_0.8", "1_2_0.9"), ("1", "1_1", "1_2")),  # of 1, or of 1_1
        (("11", "12", "21", "22"), ("1", "2")),
        (("1_x", "1_hflip", "2_x", "2_rot90"), ("1", "2")),  # copies of one half alone, which would not fit
        (("1_tile1", "1_tile2", "2_tile1", "2_tile2"), ("1", "2")),  # parts, which a whole would be squeezed beside
        (("1_r0_c0", "1_r0_c1", "2_r0_c0", "2_r0_c1"), ("1", "2")),
    ],
)
def test_several_pictures_are_of_one_only_where_the_names_leave_no_doubt(
    many: tuple[str, ...], few: tuple[str, ...], tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in many))
    with refused("no-common-name", a):
        match_pictures(a, make_files(tmp_path / "b", *(f"{name}.jpg" for name in few)))


def test_tiles_of_photos_are_no_pictures_of_one_whole_label(
    tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    labels, tiles = tmp_path / "labels", [f"{name}_{tile}.png" for name in "12" for tile in "01"]
    for name in "12":
        write_labels(labels / f"{name}.png")
    assert len(match_pictures(labels, write_photos(tmp_path / "exposures", *tiles, size=Size(24, 16)))[0]) == 4
    photos = write_photos(tmp_path / "photos", *tiles, size=Size(12, 8))
    with refused("tiles-of-one", photos / "1_0.png"):
        match_pictures(labels, photos)
    (photos / "1_0.png").write_bytes(b"cut off")  # which is told where it is read
    with refused("tiles-of-one", photos / "1_1.png"):
        match_pictures(labels, photos)
    (tmp_path / "exposures" / "1_0.png").write_bytes(b"cut off")
    assert len(match_pictures(labels, tmp_path / "exposures")[0]) == 4


# Tiles that are called by numbers alone: x_y.
X_Y = [f"{x}_{y}" for x in range(4) for y in range(3)]
SWAPPED = ["_".join(reversed(tile.split("_"))) for tile in X_Y]


@pytest.mark.parametrize(
    ("in_a", "in_b"),
    [
        (X_Y, [f"x{tile.replace('_', '_y')}" for tile in SWAPPED]),
        (X_Y, [tile.replace("_", "/") for tile in SWAPPED]),
        (X_Y, [tile.replace("_", "-") for tile in SWAPPED]),
        (X_Y, [tile.replace("_", "") for tile in X_Y]),
        (["1_23", "12_3", "3_12"], ["123", "312"]),
        ([f"{tile}_15" for tile in X_Y], [f"15_{tile}" for tile in X_Y]),
        ([f"{number}" for number in range(12)], X_Y),
        (X_Y, [f"{int(x) * 256 + 256}_{int(y) * 256 + 256}" for x, y in (tile.split("_") for tile in X_Y)]),
        ([f"tile_{tile}" for tile in X_Y], [f"map_{tile}" for tile in SWAPPED]),
        ([f"0_{number}" for number in range(1, 5)], [f"{number}_0" for number in range(1, 5)]),
        ([f"r{tile.replace('_', '_c')}" for tile in X_Y], X_Y),
    ],
)
def test_tiles_that_are_called_otherwise_by_numbers_alone_are_not_joined_and_no_expression_joins_others(
    in_a: list[str], in_b: list[str], tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in in_a))
    with refused("no-common-name", a) as error:
        match_pictures(a, make_files(tmp_path / "b", *(f"{name}.png" for name in in_b)))
    assert "add --match" not in error.value.to_do


@pytest.mark.parametrize(
    ("spell", "match"),
    [
        ("{0}-{1}", "stem"),
        ("{0}/{1}", "stem"),
        ("{0}_{1}_mask", "stem"),
        ("tile_{0}_{1}", r"(?:tile_)?([^/]+?)$"),
    ],
)
def test_tiles_of_the_same_numbers_in_another_spelling_are_joined_or_offered(
    spell: str, match: str, tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in X_Y))
    b = make_files(tmp_path / "b", *(f"{spell.format(*name.split('_'))}.png" for name in X_Y))
    if match != "stem":
        with refused("no-common-name", a) as error:
            match_pictures(a, b)
        assert f"add --match '{match}'" in error.value.to_do
    numbers = [
        [re.findall(r"\d+", f"{file.relative_to(folder)}") for folder, file in zip((a, b), files, strict=True)]
        for files in match_pictures(a, b, match=match)[0].values()
    ]
    assert [one == other for one, other in numbers] == [True] * len(X_Y)


def test_several_label_pictures_of_one_photo_are_asked_about(tmp_path: Path, refused: "Refused") -> None:
    a, b = tmp_path / "a", make_files(tmp_path / "b", "1.jpg")
    for name in ("1_0", "1_1"):
        write_labels(a / f"{name}.png")
    with refused("several-labels", a / "1_0.png"):
        match_pictures(a, b)


@pytest.mark.parametrize(
    ("in_a", "in_b", "expression"),
    [
        (("a_left", "b_left"), ("a", "b"), "^(.+?)(?:_left)?$"),
        (("night/1", "night/2"), ("day/1", "day/2"), "([^/]+)$"),
        (("frame 0001", "frame 0002"), ("IMG0001", "IMG0002", "IMG0003"), r"(\d+)$"),
    ],
)
def test_the_error_offers_an_expression_that_matches_all(
    in_a: tuple[str, ...], in_b: tuple[str, ...], expression: str, tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in in_a))
    b = make_files(tmp_path / "b", *(f"{name}.jpg" for name in in_b))
    with refused("no-common-name", a) as error:
        match_pictures(a, b)
    assert f"--match '{expression}'" in error.value.to_do
    assert len(match_pictures(a, b, match=expression)[0]) == 2


def test_of_several_pictures_of_a_name_in_one_folder_the_photo_beside_labels_is_taken_and_said(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    a = make_files(tmp_path / "a", "1.png", "2.png", "3.png")
    b = write_photos(tmp_path / "b", "1.jpg", "2.jpg", "3.png", "3.tif")
    write_labels(b / "1.png")
    matched, (skip,) = match_pictures(a, b, report=notes)
    assert matched == {"1": (a / "1.png", b / "1.jpg"), "2": (a / "2.png", b / "2.jpg")}
    assert (skip.code, skip.where) == ("same-name", f"{b}/3.png")
    (note,) = notes.lines
    assert note.endswith(f"the first is {b}/1.png.")
    different = write_photos(tmp_path / "c", "1 left.jpg", "2.jpg")
    write_labels(different / "1 right.png")
    _, (skip,) = match_pictures(make_files(tmp_path / "d", "1.png", "2.png"), different, match=r"\d")
    assert skip.code == "same-name"


def test_names_that_differ_in_capital_letters_alone_are_matched_and_told(tmp_path: Path, notes: "Notes") -> None:
    a, b = make_files(tmp_path / "a", "car_a.png", "x.png"), make_files(tmp_path / "b", "Car_A.JPG", "x.jpg")
    matched, skipped = match_pictures(a, b, report=notes)
    assert (dict(matched), skipped) == (
        {"car_a": (a / "car_a.png", b / "Car_A.JPG"), "x": (a / "x.png", b / "x.jpg")},
        [],
    )
    assert len(notes.lines) == 1


def test_of_two_names_that_differ_in_capital_letters_alone_none_is_taken(tmp_path: Path) -> None:
    a, b = make_files(tmp_path / "a", "c.png", "x.png"), make_files(tmp_path / "b", "C.jpg", "x.jpg")
    make_files(a, "C.png")
    matched, skipped = match_pictures(a, b)
    assert list(matched) == ["C", "x"]
    assert [each.code for each in skipped] == ["no-partner"]


@pytest.mark.parametrize(
    ("in_a", "in_b"),
    [
        (("my%20car", "x%201"), ("my car", "x 1")),
        (("my car", "x"), ("my%20car", "x")),
        (("s0%2F1", "s0%2F2"), ("s0/1", "s0/2")),
        (("caf%C3%A9", "d"), ("caf\u00e9", "d")),
        (("My%20Car", "b"), ("my car", "b")),
        (("s0/0", "s0/1", "s1/0"), ("s0_0", "s0_1", "s1_0")),
        (("a_1/0", "a_1/1"), ("a_1__0", "a_1__1", "a_2__0")),
        (("s0-0", "s1-0"), ("s0/0", "s1/0")),
        (("2020-01-05", "2020-02-05"), ("2020_01_05", "2020_02_05")),
        (("my_car_0", "my_car_1"), ("my car 0", "my car 1")),
    ],
)
def test_names_that_are_spelled_otherwise_are_matched_and_told(
    in_a: tuple[str, ...], in_b: tuple[str, ...], tmp_path: Path, notes: "Notes"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in in_a))
    b = make_files(tmp_path / "b", *(f"{name}.jpg" for name in in_b))
    matched, _ = match_pictures(a, b, report=notes)
    assert list(matched.values()) == [
        (a / f"{here}.png", b / f"{there}.jpg") for here, there in zip(in_a, in_b, strict=False)
    ]
    assert list(matched) == list(in_a)
    assert len(notes.lines) == 1


@pytest.mark.parametrize(
    ("in_a", "in_b"),
    [
        (("s0/a_0", "s0_a/0"), ("s0_a_0", "t")),  # two of A would be one of B
        (("s0/0", "s0/1"), ("s0_0", "s0_2")),  # not all of them
        (("x-5", "y-5"), ("x__5", "y__5")),
        (("a-b_c", "a_b-c"), ("a_b_c", "a-b-c")),
        (("caf%E9",), ("caf%E8",)),  # of another encoding: letters that are not known
        (("a%20b", "a b"), ("a%2520b",)),
        (("a b c",), ("a%20b c", "a b%20c")),
        (("Ma\u00dfe", "b"), ("masse", "c")),  # two words of German
    ],
)
def test_no_name_is_matched_in_a_spelling_that_may_be_that_of_another(
    in_a: tuple[str, ...], in_b: tuple[str, ...], tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{name}.png" for name in in_a))
    b = make_files(tmp_path / "b", *(f"{name}.jpg" for name in in_b))
    with refused("no-common-name", a) as error:
        match_pictures(a, b)
    assert "FILE.csv" in error.value.to_do


def test_other_separators_are_other_names_where_some_names_are_equal(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "turn-5.png", "turn_10.png")
    b = make_files(tmp_path / "b", "turn_5.png", "turn_10.png")
    matched, skipped = match_pictures(a, b)
    assert list(matched) == ["turn_10"]
    assert [skip.code for skip in skipped] == ["no-partner", "no-partner"]


def test_labels_that_lie_beside_their_photos_need_no_partner(tmp_path: Path, notes: "Notes") -> None:
    a = make_files(tmp_path / "a", "train/1.png", "train/2.png")
    b = make_files(tmp_path / "b", "train/1.jpg", "train/1_mask.png", "train/2.jpg", "train/2_mask.png")
    matched, skipped = match_pictures(a, b, report=notes)
    assert (list(matched), skipped, len(notes.lines)) == (["train/1", "train/2"], [], 1)


def test_a_picture_called_as_a_label_keeps_its_partner(tmp_path: Path) -> None:
    a, b = (make_files(tmp_path / side, "1.png", "1_mask.png", *more) for side, more in (("a", ()), ("b", ("2.png",))))
    matched, skipped = match_pictures(a, b)
    assert list(matched) == ["1", "1_mask"]
    assert [each.code for each in skipped] == ["no-partner"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (".", ".", ("masks/1.png", "images/1.jpg")),  # one data set, given as both
        ("apart", ".", ("1.png", "images/1.jpg")),
        (".", "images", ("masks/1.png", "1.jpg")),
        ("images", ".", ("1.jpg", "masks/1.png")),  # and never a picture with itself
    ],
)
def test_of_a_data_set_of_masks_and_images_those_of_the_other_half_are_left_out(
    a: str, b: str, expected: tuple[str, str], tmp_path: Path, notes: "Notes"
) -> None:
    make_files(tmp_path / "set", "masks/1.png", "images/1.jpg")
    make_files(tmp_path / "apart", "1.png")
    folder_a, folder_b = (tmp_path / "apart" if each == "apart" else tmp_path / "set" / each for each in (a, b))
    matched, skipped = match_pictures(folder_a, folder_b, report=notes)
    assert (list(matched.values()), skipped) == ([(folder_a / expected[0], folder_b / expected[1])], [])
    assert a == b or "images" in (a, b) or any("left out" in line for line in notes.lines)


def test_labels_in_folders_beside_those_of_the_photos_are_the_other_half(tmp_path: Path, notes: "Notes") -> None:
    files = [f"{split}{word}/{split}1.png" for split in ("train", "val") for word in ("", "annot")]
    whole = make_files(tmp_path / "set", *files)
    expected = [(whole / f"{each}annot/{each}1.png", whole / f"{each}/{each}1.png") for each in ("train", "val")]
    assert list(match_pictures(whole, whole)[0].values()) == expected
    masks = make_files(tmp_path / "masks", "train/train1.png", "val/val1.png")
    matched, skipped = match_pictures(masks, whole, report=notes)
    assert ([b for _, b in matched.values()], skipped) == ([b for _, b in expected], [])
    assert any("left out" in line for line in notes.lines)


def test_what_stands_in_names_that_both_folders_have_tells_no_kind(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "t_1x2.png", "t_1x4.png", "t_3x2.png")
    b = make_files(tmp_path / "b", "t_1x2.jpg", "t_1x4.jpg", "t_3x4.jpg")  # another tile
    matched, skipped = match_pictures(a, b)
    assert list(matched) == ["t_1x2", "t_1x4"]
    assert [skip.where for skip in skipped] == [f"{a}/t_3x2.png", f"{b}/t_3x4.jpg"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("train", "test1"), ("train", "test2"), ["train/1"]),
        (("train", "test1"), ("train", "test"), ["test/1", "train/1"]),
        (("train", "test1", "test2"), ("training", "testing_01", "testing_02"), ["test_1/1", "test_2/1", "train/1"]),
        (("train", "val_easy"), ("train", "val_hard"), ["train/1"]),
        (("edges_train", "edges_val"), ("shoes_train", "shoes_val"), ["train/1", "val/1"]),
    ],
)
def test_two_parts_of_one_split_are_not_matched_with_each_other(
    tmp_path: Path, write_photos: "WritePhotos", a: tuple[str, ...], b: tuple[str, ...], expected: list[str]
) -> None:
    folders = [write_photos(tmp_path / side, *(f"{each}/1.png" for each in own)) for side, own in (("A", a), ("B", b))]
    assert list(match_pictures(folders[0], folders[1])[0]) == expected


def test_splits_of_which_one_is_called_otherwise_are_matched_by_what_they_are(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", "train/1.png", "val/2.png")
    b = make_files(tmp_path / "b", "train/1.jpg", "valid/2.jpg")
    matched, skipped = match_pictures(a, b)
    assert list(matched.values()) == [(a / "train/1.png", b / "train/1.jpg"), (a / "val/2.png", b / "valid/2.jpg")]
    assert skipped == []


def test_names_that_count_from_another_number_are_no_pairs_but_for_the_first_and_the_last(
    tmp_path: Path, refused: "Refused"
) -> None:
    a = make_files(tmp_path / "a", *(f"{number:03d}.png" for number in range(5)))
    b = make_files(tmp_path / "b", *(f"{number:03d}.jpg" for number in range(1, 6)))
    with refused("shifted-names", a) as error:
        match_pictures(a, b)
    assert "counts from 0 to 4" in error.value.what
    assert f"{b} from 1 to 5" in error.value.what
    matched, skipped = match_pictures(a, b, match=".+")
    assert (len(matched), [skip.code for skip in skipped]) == (4, ["no-partner"] * 2)
    (b / "003.jpg").unlink()  # a gap, so that a picture is missing here and there
    assert len(match_pictures(a, b)[0]) == 3


def test_numbers_that_begin_anew_in_each_folder_of_a_split_are_told_to_be_shifted(
    tmp_path: Path, refused: "Refused"
) -> None:
    def numbered(first: int) -> list[str]:
        return [
            f"{split}/{first + number}.png" for split, count in (("train", 6), ("val", 3)) for number in range(count)
        ]

    a, b = make_files(tmp_path / "a", *numbered(1)), make_files(tmp_path / "b", *numbered(0))
    with refused("shifted-names", a) as error:
        match_pictures(a, b)
    assert "counts from 1 to 6" in error.value.what


def test_years_and_frames_that_begin_one_later_are_names(tmp_path: Path) -> None:
    a = make_files(tmp_path / "a", *(f"{year}.png" for year in range(2014, 2020)))
    b = make_files(tmp_path / "b", *(f"{year}.png" for year in range(2015, 2021)))
    assert len(match_pictures(a, b)[0]) == 5


def test_labels_of_a_split_without_photos_are_left_out_beside_those_with_photos(tmp_path: Path, notes: "Notes") -> None:
    folders = (("train_img", "1"), ("train_label", "1_ids"), ("train_inst", "1_no"), ("test_label", "2_ids"))
    whole = make_files(tmp_path / "set", *(f"{folder}/{name}.png" for folder, name in folders))
    masks = make_files(tmp_path / "masks", "1.png")
    matched, skipped = match_pictures(masks, whole, report=notes)
    assert (list(matched.values()), skipped) == ([(masks / "1.png", whole / "train_img/1.png")], [])
    assert "3 pictures are labels of others" in notes.lines[0]
