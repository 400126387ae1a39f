"""Which photo each label has, where names differ."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import IndexLabels, Polygon, Region, RegionLabels
from p2p_datatools.masks.partners import match_photos

if TYPE_CHECKING:
    from conftest import Notes, Refused

Photos = Callable[..., PhotoFolder]
HOOD = Region("hood", (Polygon(np.array([[0.0, 0], [4, 0], [4, 4]])),))


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    def make(*files: str) -> PhotoFolder:
        for file in files:
            path = tmp_path / "photos" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return PhotoFolder(tmp_path / "photos")

    return make


def labelme(label_file: str, says: str, **more: Any) -> RegionLabels:
    where = f"labels/{label_file}.json"
    return RegionLabels(says, Size(8, 6), (HOOD,), where, where, "", label_file=label_file, **more)


def picture(file: str) -> IndexLabels:
    return IndexLabels(file, Path("labels") / file)


def found(items: list[Any], folder: PhotoFolder, match: str = "stem", **more: Any) -> dict[str, str]:
    partners, _ = match_photos(items, folder, match, **more)
    return {item.source: photo.relative_to(folder.folder).as_posix() for item, photo in partners}


def test_renamed_photos_are_found_by_the_label_file_with_one_note(photos: Photos, notes: "Notes") -> None:
    items = [labelme("a", "IMG_1.JPG"), labelme("walk/b", "IMG_2.JPG"), labelme("c", "c.jpg")]
    assert found(items, photos("a.jpg", "walk/b.png", "c.jpg"), report=notes) == {
        "labels/a.json": "a.jpg",
        "labels/walk/b.json": "walk/b.png",
        "labels/c.json": "c.jpg",
    }
    (note,) = notes.lines
    assert note.startswith("2 labels take photos by the name of the label file")


def test_a_file_that_is_called_as_one_photo_and_names_another_is_given_neither(photos: Photos) -> None:
    partners, (skip,) = match_photos([labelme("a", "b.jpg")], photos("a.jpg", "b.jpg"))
    assert not partners
    assert (skip.code, skip.where) == ("two-photos", "labels/a.json")


def test_a_label_file_in_a_folder_of_its_own_takes_no_photo_of_another_folder(photos: Photos) -> None:
    folder = photos("day/1.jpg")
    for item in (labelme("night/1", "1.jpg"), labelme("night/1", "night/1.jpg"), labelme("night/1", "IMG.jpg")):
        partners, (skip,) = match_photos([item], folder)
        assert not partners
        assert skip.code in ("other-folder", "no-photo")
    outside = labelme("1", "1.jpg", outside="../photos/night")
    assert match_photos([outside], folder)[1][0].code == "other-folder"
    assert found([labelme("1", "1.jpg", outside="C:/me/photos/day")], folder) == {"labels/1.json": "day/1.jpg"}


def test_of_photos_of_one_base_name_the_one_in_the_label_file_s_folder_is_taken(photos: Photos) -> None:
    assert found([labelme("night/1", "1.jpg")], photos("day/1.jpg", "night/1.jpg")) == {
        "labels/night/1.json": "night/1.jpg"
    }


def test_label_pictures_that_all_follow_a_convention_have_their_photos(photos: Photos, notes: "Notes") -> None:
    items = [picture("masks/1_mask.png"), picture("masks/2_mask.png")]
    assert found(items, photos("1.jpg", "2.jpg", "3.jpg"), report=notes) == {
        "masks/1_mask.png": "1.jpg",
        "masks/2_mask.png": "2.jpg",
    }
    (note,) = notes.lines
    assert "'_mask'" in note
    assert "--match '^(.+?)(?:_mask)?$'" in note


def test_a_convention_is_for_pictures_alone_since_label_files_name_their_photos(photos: Photos) -> None:
    partners, (skip,) = match_photos([labelme("1_mask", "1_mask.jpg")], photos("1.jpg"))
    assert not partners
    assert skip.code == "no-photo"


def test_no_photo_is_taken_twice_by_a_convention(photos: Photos) -> None:
    partners, (skip,) = match_photos([picture("1.png"), picture("1_mask.png")], photos("1.jpg"))
    assert len(partners) == 1
    assert skip.where == str(Path("labels/1_mask.png"))


def test_the_error_offers_what_would_match_all(photos: Photos) -> None:
    _, skips = match_photos([picture("frame 01.png"), picture("frame 02.png")], photos("IMG01.jpg", "IMG02.jpg"))
    assert all(r"--match '(\d+)$'" in skip.to_do for skip in skips)


def test_an_expression_says_what_names_share(photos: Photos) -> None:
    folder = photos("IMG01.jpg", "IMG02.jpg", "IMG03a.jpg", "IMG03b.jpg")
    items = [picture("frame 01.png"), picture("frame.png"), picture("frame 03.png"), picture("frame 9.png")]
    partners, skips = match_photos(items, folder, r"(\d+)")
    assert [(item.source, path.name) for item, path in partners] == [("frame 01.png", "IMG01.jpg")]
    assert [skip.code for skip in skips] == ["no-match", "ambiguous-name", "no-photo"]


def test_a_list_says_which_photo_each_label_has(photos: Photos, tmp_path: Path, notes: "Notes") -> None:
    folder = photos("x/1.jpg", "2.jpg")
    (tmp_path / "list.csv").write_text("a,b\n1.png,x/1.jpg\na.json,2\n1.png,2.jpg\n3.png,2.jpg\n1.png\n1.png,4.jpg\n")
    items: list[Any] = [
        picture("1.png"),
        RegionLabels("IMG.jpg", None, (HOOD,), "labels/a.json", "a.json", ""),
        picture("4.png"),
    ]
    partners, skips = match_photos(items, folder, str(tmp_path / "list.csv"), report=notes)
    assert [(item.source, path.name) for item, path in partners] == [("1.png", "1.jpg"), ("a.json", "2.jpg")]
    assert [(skip.where[-1], skip.code) for skip in skips] == [
        ("4", "pair-listed-twice"),
        ("5", "missing-picture"),
        ("6", "line-without-two-paths"),
        ("7", "missing-picture"),
    ]
    assert notes.lines == [f"{tmp_path / 'list.csv'} does not list 1 of 3 labels."]


@pytest.mark.parametrize("heading", ["", "mask,photo\n", "a,b\n"])
@pytest.mark.parametrize(
    "start", ["labels/{},photos/{}", r"set\labels\{},set\photos\{}", "C:/u/labels/{},C:/u/photos/{}"]
)
def test_a_list_may_have_the_folders_of_labels_and_photos_in_front_of_their_names(
    photos: Photos, tmp_path: Path, heading: str, start: str
) -> None:
    rows = [start.format(*names) for names in (("1.png", "b.jpg"), ("x/2.png", "a.jpg"))]
    (tmp_path / "list.csv").write_text(heading + "\n".join(rows))
    items, folder = [picture("1.png"), picture("x/2.png")], photos("a.jpg", "b.jpg")
    assert match_photos(items, folder, str(tmp_path / "list.csv"))[1] == []
    assert found(items, folder, str(tmp_path / "list.csv")) == {"1.png": "b.jpg", "x/2.png": "a.jpg"}


def test_of_objects_in_a_list_the_first_text_is_the_label_and_the_second_the_photo(
    photos: Photos, tmp_path: Path
) -> None:
    (tmp_path / "list.jsonl").write_text('{"mask": "1.png", "photo": "b.jpg"}\n{"mask": "2.png", "photo": "a.jpg"}\n')
    items = [picture("1.png"), picture("2.png")]
    partners, skips = match_photos(items, photos("a.jpg", "b.jpg"), str(tmp_path / "list.jsonl"))
    assert ([(item.source, path.name) for item, path in partners], skips) == (
        [("1.png", "b.jpg"), ("2.png", "a.jpg")],
        [],
    )


def test_an_expression_that_is_none_is_refused(photos: Photos, refused: "Refused") -> None:
    with refused("bad-expression", "match (", usage=True):
        match_photos([picture("1.png")], photos("1.jpg"), "(")


def test_a_convention_of_all_splits_is_said_once_and_other_ways_together(photos: Photos, notes: "Notes") -> None:
    masks = [replace(picture(f"{split}/{split}1_mask.png"), split=split) for split in ("train", "val")]
    folder = photos("train/train1.jpg", "val/val1.jpg")
    assert len(found(masks, folder, report=notes)) == 2
    assert len(notes.lines) == 1
    renamed = [labelme(f"{split}/{split}1", "old.jpg", split=split) for split in ("train", "val")]
    assert len(found(renamed, folder, report=notes)) == 2
    assert notes.lines[1].startswith("2 labels take photos")


def test_label_pictures_that_count_from_another_number_than_photos_take_none(
    photos: Photos, refused: "Refused"
) -> None:
    folder = photos(*(f"{number}.jpg" for number in range(1, 6)))
    with refused("shifted-names", "labels"):
        found([picture(f"{number}_mask.png") for number in range(5)], folder)
    assert len(found([picture(f"{number}.png") for number in range(5)], folder, ".+")) == 4
    assert len(found([picture(f"{number}.png") for number in range(1, 5)], folder)) == 4
    assert len(found([labelme(str(number), f"{number}.jpg") for number in range(5)], folder)) == 4


def test_padded_numbers_get_an_expression_where_those_of_five_digits_are_found_already(photos: Photos) -> None:
    items = [picture(f"{name}.png") for name in ("00000", "00001", "10000")]
    folder = photos("0.jpg", "1.jpg", "10000.jpg", "10001.jpg")  # as CelebAMask-HQ's
    _, skipped = match_photos(items, folder)
    assert all(r"--match '(?<!\d)0*(\d+)$'" in skip.to_do for skip in skipped)
    assert len(skipped) == 2
    assert len(found(items, folder, r"(?<!\d)0*(\d+)$")) == len(items)


def test_a_label_without_a_photo_is_offered_no_expression_that_finds_only_the_others(photos: Photos) -> None:
    _, (skip,) = match_photos([picture(f"{name}.png") for name in ("1", "2", "3")], photos("1.jpg", "2.jpg"))
    assert "--match" not in skip.to_do


def test_labels_with_a_word_within_their_names_get_an_expression_or_are_listed(photos: Photos, tmp_path: Path) -> None:
    items, folder = (
        [picture("um_road_000000.png"), picture("uu_road_000000.png")],
        photos("um_000000.png", "uu_000000.png"),
    )
    _, skipped = match_photos(items, folder)  # KITTI's roads
    (expression,) = {skip.to_do.partition("--match '")[2].partition("', which")[0] for skip in skipped}
    assert len(found(items, folder, expression)) == 2
    (tmp_path / "list.csv").write_text("a,b\num_road_000000.png,um_000000.png\nuu_road_000000.png,uu_000000.png\n")
    assert len(found(items, folder, str(tmp_path / "list.csv"))) == 2


@pytest.mark.parametrize(
    "table",
    [
        "image,mask\n855_sat_0.jpg,855_mask_0.png\n9_sat_1.jpg,9_mask_1.png\n",  # Forest Segmented, Flood Area
        "id,split,sat,mask\n1,train,855_sat_0.jpg,855_mask_0.png\n2,train,9_sat_1.jpg,9_mask_1.png\n3,test,8_sat.jpg,\n",
        "855_mask_0.png,855_sat_0.jpg\n9_mask_1.png,9_sat_1.jpg\n",
    ],
)
def test_a_table_of_the_set_says_which_photo_is_that_of_each_label_in_whatever_columns(
    photos: Photos, tmp_path: Path, table: str
) -> None:
    items, folder = [picture("855_mask_0.png"), picture("9_mask_1.png")], photos("855_sat_0.jpg", "9_sat_1.jpg")
    (tmp_path / "meta_data.csv").write_text(table)
    assert match_photos(items, folder, str(tmp_path / "meta_data.csv"))[1] == []
    assert found(items, folder, str(tmp_path / "meta_data.csv")) == {
        "855_mask_0.png": "855_sat_0.jpg",
        "9_mask_1.png": "9_sat_1.jpg",
    }
