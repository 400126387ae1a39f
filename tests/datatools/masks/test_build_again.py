"""Masks built again into one folder: what is kept, added or refused, and what a full disk or an interruption leaves."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import Palette, PaletteClass, color_of, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, build_masks

if TYPE_CHECKING:
    from conftest import Refused, StopAfter
    from datatools.conftest import WritePhotos
    from datatools.masks.conftest import NamesIn, Parts, WriteCoco

CARS = load_palette("cars")
SIZE = Size(48, 24)


def build(labels: Path, dest: Path, **more: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=more.pop("palette", CARS), **more)


def test_the_same_call_again_changes_nothing(labels: Path, tmp_path: Path, names_in: "NamesIn") -> None:
    first = build(labels, tmp_path / "masks")
    before = {name: (tmp_path / "masks" / name).read_bytes() for name in names_in(tmp_path / "masks")}
    again = build(labels, tmp_path / "masks")
    assert (again.built, again.kept, again.areas) == (0, 3, first.areas)
    assert before == {name: (tmp_path / "masks" / name).read_bytes() for name in names_in(tmp_path / "masks")}


def test_new_pictures_join_those_that_are_there(
    labels: Path, tmp_path: Path, parts: "Parts", write_coco: "WriteCoco"
) -> None:
    build(labels, tmp_path / "masks")
    summary = build(write_coco(tmp_path / "more.json", {"a.jpg": parts, "d.jpg": parts}), tmp_path / "masks")
    assert [skip.where for skip in summary.skipped] == []
    assert (summary.built, summary.kept) == (1, 1)
    assert list(read_mask_lines(tmp_path / "masks")) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("change", ["labels", "map"])
def test_changed_labels_are_an_error_that_says_which_mask_to_delete(
    labels: Path,
    tmp_path: Path,
    change: str,
    refused: "Refused",
    parts: "Parts",
    write_coco: "WriteCoco",
    names_in: "NamesIn",
) -> None:
    build(labels, tmp_path / "masks")
    more: dict[str, Any] = {}
    if change == "labels":
        write_coco(labels, {"a.jpg": parts, "b.jpg": parts[1:], "c.jpg": parts})
    else:
        write_coco(labels, {"a.jpg": parts, "b.jpg": parts, "c.jpg": parts})
        more["mapping"] = {"hood": "unpainted"}
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", **more)
    changed = {part.where: part for part in error.value.parts}
    assert set(changed) == ({"b.jpg"} if change == "labels" else {"a.jpg", "b.jpg", "c.jpg"})
    assert changed["b.jpg"].code == "source-changed"
    assert str(tmp_path / "masks" / "b.png") in changed["b.jpg"].what
    assert changed["b.jpg"].to_do.startswith("Delete ")
    for name in names_in(tmp_path / "masks"):
        if name.endswith(".png"):
            (tmp_path / "masks" / name).unlink()
    assert build(labels, tmp_path / "masks", **more).built == 3


@pytest.mark.parametrize(
    ("listed", "value"),
    [
        ("background\ncar\nwheel\n", "1"),
        ("0 0 0 background\n1 1 99 car\n", "#010163"),
        ("0 0 0 background\n10 10 175 car\n", "#0A0AAF"),
    ],
)
def test_a_number_or_colour_with_a_name_that_is_mapped_now_makes_its_mask_a_changed_one(
    listed: str, value: str, tmp_path: Path, refused: "Refused"
) -> None:
    numbers = np.array([[0, 1]], dtype=np.uint8)
    colors = np.array([(0, 0, 0), color_of(value) if "#" in value else (1, 1, 1)], dtype=np.uint8)
    write_png(tmp_path / "labels" / "a.png", colors[numbers] if "#" in value else numbers)
    (tmp_path / "labels" / "classes.txt").write_text(listed)
    for mapping, other in (({value: "tyres"}, {}), ({}, {value: "tyres"})):
        masks = tmp_path / f"masks of {len(mapping)}"
        build(tmp_path / "labels", masks, mapping=other)
        with refused("pictures-failed", masks) as error:
            build(tmp_path / "labels", masks, mapping=mapping)
        assert [part.code for part in error.value.parts] == ["source-changed"]


@pytest.mark.parametrize(
    ("listed", "mapping"),
    [
        ({"0": "background", "1": "1"}, {}),
        ({"0": "background", "1": "car"}, {"#ffffff": "windows"}),
        ({"0": "background", "1": "nothing"}, {"1": "body", "#ffffff": "windows"}),
    ],
)
def test_the_same_command_keeps_numbers_that_are_called_as_they_are_or_stand_beside_mapped_colours(
    listed: dict[str, str], mapping: dict[str, str], tmp_path: Path
) -> None:
    write_png(tmp_path / "labels" / "a.png", np.array([[0, 1]], dtype=np.uint8))
    (tmp_path / "labels" / "classes.json").write_text(json.dumps(listed))
    palette = Palette("digits", (*CARS.classes, PaletteClass("one", (9, 9, 99), aliases=("1",))))
    for kept in (0, 1):
        assert build(tmp_path / "labels", tmp_path / "masks", palette=palette, mapping=mapping).kept == kept


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"format": "colors"}, {"mapping": {"255": "body"}}),
        ({"mapping": {"255": "body"}}, {"format": "colors"}),
        ({"mapping": {"255": "body"}}, {"mapping": {"#ffffff": "tyres"}}),
    ],
)
def test_a_picture_that_is_read_as_numbers_and_no_longer_as_colours_makes_its_mask_a_changed_one(
    first: dict[str, Any], second: dict[str, Any], tmp_path: Path, refused: "Refused"
) -> None:
    write_png(tmp_path / "labels" / "a.png", np.array([[0, 255]], dtype=np.uint8))
    build(tmp_path / "labels", tmp_path / "masks", **first)
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(tmp_path / "labels", tmp_path / "masks", **second)
    assert [part.code for part in error.value.parts] == ["source-changed"]


@pytest.mark.parametrize(("format", "white"), [("index", "255"), ("colors", "#ffffff")])
def test_a_format_that_says_what_a_picture_was_taken_for_keeps_its_mask(
    format: str,  # noqa: A002
    white: str,
    tmp_path: Path,
) -> None:
    write_png(tmp_path / "labels" / "a.png", np.array([[0, 255]], dtype=np.uint8))
    build(tmp_path / "labels", tmp_path / "masks", mapping={white: "body"})
    for way in (format, "auto"):
        assert build(tmp_path / "labels", tmp_path / "masks", mapping={white: "body"}, format=way).kept == 1


def test_a_photo_that_has_another_size_now_makes_its_mask_a_changed_one(
    photos: Path,
    tmp_path: Path,
    refused: "Refused",
    parts: "Parts",
    write_coco: "WriteCoco",
    write_photos: "WritePhotos",
) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": parts}, size=(0, 0))
    build(path, tmp_path / "masks", photos=photos)
    write_photos(photos, "a.jpg", size=Size(96, 48))
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(path, tmp_path / "masks", photos=photos)
    assert [(part.where, part.code) for part in error.value.parts] == [("a.jpg", "source-changed")]


def label_picture(folder: Path, name: str, number: int) -> None:
    write_png(folder / f"{name}.png", np.full((24, 48), number, dtype=np.uint8))


def label_text(folder: Path, name: str, number: int) -> None:
    (folder / f"{name}.txt").write_text(f"{number} 0.1 0.1 0.9 0.1 0.9 0.9\n")


@pytest.mark.parametrize("write", [label_picture, label_text])
def test_a_class_that_a_list_names_also_changes_no_mask_and_another_name_does(
    tmp_path: Path, photos: Path, write: Callable[[Path, str, int], None], refused: "Refused"
) -> None:
    labels, dest = tmp_path / "numbers", tmp_path / "masks"
    labels.mkdir()
    write(labels, "a", 1)
    (labels / "classes.txt").write_text("background\nbody\n")
    build(labels, dest, photos=photos)
    write(labels, "b", 2)
    (labels / "classes.txt").write_text("background\nbody\nwheel\n")
    summary = build(labels, dest, photos=photos)
    assert (summary.built, summary.kept) == (1, 1)
    (labels / "classes.txt").write_text("background\nbody\nlights\n")
    with refused("pictures-failed", dest) as error:
        build(labels, dest, photos=photos)
    assert [(Path(part.where).stem, part.code) for part in error.value.parts] == [("b", "source-changed")]


def signed_picture(file: Path, listed: Path) -> str:
    names = sorted(enumerate(listed.read_text().split()))
    return sha256(json.dumps([sha256_file(file), names, []]).encode()).hexdigest()


def signed_text(file: Path, listed: Path) -> str:
    return sha256_file(file) + sha256_file(listed)


@pytest.mark.parametrize(
    ("write", "sign", "name"), [(label_picture, signed_picture, "a.png"), (label_text, signed_text, "a.txt")]
)
def test_a_mask_that_was_signed_with_its_whole_list_of_classes_is_kept(
    tmp_path: Path,
    photos: Path,
    write: Callable[[Path, str, int], None],
    sign: Callable[[Path, Path], str],
    name: str,
    refused: "Refused",
) -> None:
    labels, dest, listed = tmp_path / "numbers", tmp_path / "masks", tmp_path / "numbers" / "classes.txt"
    labels.mkdir()
    write(labels, "a", 1)
    listed.write_text("background\nbody\n")
    build(labels, dest, photos=photos)
    line = json.loads((dest / "masks.jsonl").read_text()) | {"signature": sign(labels / name, listed)}
    (dest / "masks.jsonl").write_text(json.dumps(line) + "\n")
    assert build(labels, dest, photos=photos).kept == 1
    write(labels, "a", 0)
    with refused("pictures-failed", dest):
        build(labels, dest, photos=photos)


def test_a_mask_folder_of_another_palette_and_a_folder_of_something_else_are_refused(
    labels: Path, tmp_path: Path, refused: "Refused", names_in: "NamesIn", write_photos: "WritePhotos"
) -> None:
    build(labels, tmp_path / "masks")
    facades = load_palette("facades")
    with refused("other-palette", tmp_path / "masks", usage=True) as error:
        build(labels, tmp_path / "masks", palette=facades, mapping={"*": "facade"})
    assert "cars" in error.value.what
    write_photos(tmp_path / "mine", "holiday.jpg", size=SIZE)
    with refused("destination-taken", tmp_path / "mine", usage=True):
        build(labels, tmp_path / "mine")
    assert names_in(tmp_path / "mine") == ["holiday.jpg"]


def test_a_picture_that_the_records_do_not_know_is_not_overwritten(
    labels: Path, tmp_path: Path, refused: "Refused", parts: "Parts", write_coco: "WriteCoco"
) -> None:
    build(labels, tmp_path / "masks")
    (tmp_path / "masks" / "d.png").write_text("mine")
    write_coco(labels, dict.fromkeys(("a.jpg", "b.jpg", "c.jpg", "d.jpg"), parts))
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks")
    (part,) = error.value.parts
    assert (part.where, part.code) == ("d.jpg", "file-in-the-way")
    assert str(tmp_path / "masks" / "d.png") in part.what
    assert (tmp_path / "masks" / "d.png").read_text() == "mine"


def test_interrupted_work_is_continued_by_the_same_call(
    labels: Path, tmp_path: Path, stop_after: "type[StopAfter]", names_in: "NamesIn"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(labels, tmp_path / "masks", report=stop_after(2))
    assert not (tmp_path / "masks").exists()
    waiting = tmp_path / "masks.partial" / "a.png"
    stamp = waiting.stat().st_mtime_ns
    assert build(labels, tmp_path / "masks").built == 3
    assert (tmp_path / "masks" / "a.png").stat().st_mtime_ns == stamp
    build(labels, tmp_path / "at_once")
    for name in names_in(tmp_path / "at_once"):
        assert (tmp_path / "masks" / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()


def test_labels_changed_or_removed_after_an_interruption_leave_nothing_old(
    labels: Path,
    tmp_path: Path,
    stop_after: "type[StopAfter]",
    parts: "Parts",
    write_coco: "WriteCoco",
    names_in: "NamesIn",
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(labels, tmp_path / "masks", report=stop_after(2))
    write_coco(labels, {"b.jpg": parts[1:], "c.jpg": parts})
    build(labels, tmp_path / "masks")
    assert names_in(tmp_path / "masks") == ["b.png", "c.png", "masks.jsonl", "palette.toml"]
    assert not (read_mask(tmp_path / "masks" / "b.png", CARS) == CARS.index("tyres")).any()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield patch


def test_a_full_disk_is_one_error_and_leaves_nothing_half_written(
    labels: Path, tmp_path: Path, full_disk: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    with refused("cannot-write") as error:
        build(labels, tmp_path / "masks", keep_going=True)
    assert "No space left on device" in error.value.what
    assert not (tmp_path / "masks").exists()
    for path in tmp_path.rglob("*.png"):
        read_mask(path, CARS)
    full_disk.undo()
    assert build(labels, tmp_path / "masks").built == 3


def test_a_disk_that_fills_up_in_the_middle_keeps_what_was_finished(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused", names_in: "NamesIn"
) -> None:
    really_open = Path.open

    def full_from_b_on(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if mode == "xb" and self.name.startswith(".b.png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(self, mode, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full_from_b_on)
        with refused("cannot-write", tmp_path / "masks.partial" / "b.png") as error:
            build(labels, tmp_path / "masks", keep_going=True)
        assert "No space left on device" in error.value.what
    kept = [name for name in names_in(tmp_path / "masks.partial") if not name.startswith(".")]
    assert "a.png" in kept
    assert "b.png" not in kept
    assert build(labels, tmp_path / "masks").built == 3
