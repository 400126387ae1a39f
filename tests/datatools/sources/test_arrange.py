"""Which file of an archive comes to lie where."""

import io
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from p2p_datatools.sources.arrange import arrange, draw_sample
from p2p_datatools.sources.catalog import find_entry
from p2p_datatools.sources.unpack import Member

if TYPE_CHECKING:
    from conftest import Refused


def members(*names: str) -> list[Member]:
    return [Member(name, 0, io.BytesIO) for name in names]


def placed(entry: str, *names: str) -> dict[str, str]:
    return {each.member.name: each.file for each in arrange(find_entry(entry), members(*names), "archive")}


def test_the_nested_folders_of_kaggle_fall_away() -> None:
    assert placed("maps", "maps/maps/train/1.jpg", "maps/maps/val/1.jpg") == {
        "maps/maps/train/1.jpg": "train/1.jpg",
        "maps/maps/val/1.jpg": "val/1.jpg",
    }


def test_of_an_archive_of_several_sets_only_the_one_that_was_named_is_taken() -> None:
    names = ("maps/maps/train/1.jpg", "facades/facades/train/1.jpg", "edges2shoes/edges2shoes/train/1_AB.jpg")
    assert placed("facades", *names) == {"facades/facades/train/1.jpg": "train/1.jpg"}


def test_photos_labels_and_annotations_of_the_cars_come_apart_and_escaped_names_stay() -> None:
    names = ("images/image%20(10).png", "masks/image%20(10).png", "masks.json", "classes.txt", "README.md")
    found = placed("cars", *(f"car-segmentation/{name}" for name in names))
    assert sorted(found.values()) == [
        "labels/image%20(10).png",
        "photos/image%20(10).png",
        "vott/classes.txt",
        "vott/masks.json",
    ]


def test_what_a_computer_adds_by_itself_is_not_taken() -> None:
    junk = ("__MACOSX/maps/train/._1.jpg", "maps/train/.DS_Store", "maps/train/._1.jpg", "maps/train/Thumbs.db")
    assert placed("maps", "maps/train/1.jpg", *junk) == {"maps/train/1.jpg": "train/1.jpg"}


def test_of_an_archive_in_what_was_given_it_is_said_to_give_that(refused: "Refused") -> None:
    with refused("other-data-set", "downloads") as error:
        arrange(find_entry("maps"), members("README.txt", "inner/maps.tar.gz", "inner/facades.zip"), "downloads")
    assert "inner/maps.tar.gz (or one of 1 more)" in error.value.to_do


def test_the_archive_of_another_set_is_refused_with_what_was_looked_for(refused: "Refused") -> None:
    with refused("other-data-set", "archive") as error:
        placed("maps", "car-segmentation/images/1.png")
    assert "train/*, val/*" in error.value.what


def test_a_set_that_is_there_twice_is_refused(refused: "Refused") -> None:
    with refused("several-data-sets", "archive") as error:
        placed("maps", "maps/train/1.jpg", "maps/maps/train/1.jpg")
    assert "in maps and in maps/maps" in error.value.what
    with refused("same-name", "archive") as error:
        placed("maps", "maps/train/1.jpg", "maps/train/1.jpg")
    assert error.value.what.endswith("become train/1.jpg")


def test_a_sample_follows_from_its_seed_grows_with_its_limit_and_keeps_labels_with_their_photos() -> None:
    names = [f"car-segmentation/{folder}/{number}.png" for folder in ("images", "masks") for number in range(20)]
    everything = arrange(find_entry("cars"), members(*names, "car-segmentation/masks.json"), "archive")

    def taken(limit: int | None, seed: int = 0) -> set[str]:
        chosen, there = draw_sample(everything, limit, seed)
        assert there == 20
        return {each.file for each in chosen}

    three, five = taken(3), taken(5)
    assert three < five
    assert "vott/masks.json" in three
    assert {PurePosixPath(file).name for file in five if file.startswith("labels/")} == {
        PurePosixPath(file).name for file in five if file.startswith("photos/")
    }
    assert len(five) == 11
    assert taken(5, seed=1) != five
    assert taken(None) == taken(20) == taken(99)
    assert len(taken(20)) == 41
