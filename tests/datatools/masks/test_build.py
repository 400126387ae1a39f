"""Labels become a mask folder: whole, exact, repeatable, and nothing left out in silence.

To make the golden mask anew after a change that is meant, see CONTRIBUTING; look at the picture before keeping it.
"""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, read_mask, write_png
from p2p_datatools.masks.build import MaskSummary, PaintOptions, build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused, StopAfter

CARS = load_palette("cars")
GOLDEN = Path(__file__).parents[2] / "golden" / "mask.png"

BODY = [2.0, 14, 6, 6, 14, 2, 28, 2, 34, 7, 46, 9, 46, 18, 2, 18]
ROOF_BOX = [16.0, -3, 26, -3, 26, 1.5, 16, 1.5]
WHEELS = [[8.0, 14, 12, 14, 14, 17, 12, 21, 8, 21, 6, 17], [34.0, 14, 38, 14, 40, 17, 38, 21, 34, 21, 32, 17]]
WINDOW = [15.5, 4, 26.5, 4, 31.5, 8, 11.5, 8]
LIGHT = [43.0, 10, 49, 10, 49, 12.5, 43, 12.5]
PARTS = [("wheel", WHEELS), ("front_left_light", [LIGHT]), ("front_glass", [WINDOW]), ("hood", [BODY, ROOF_BOX])]


def write_coco(path: Path, pictures: dict[str, Any], size: tuple[int, int] = (48, 24)) -> Path:
    """A COCO file that draws `pictures[file_name]`, a list of (label, polygons), in each picture."""
    labels = sorted({label for parts in pictures.values() for label, _ in parts})
    images = [{"id": n, "file_name": name, "width": size[0], "height": size[1]} for n, name in enumerate(pictures)]
    annotations = [
        {"id": 100 * n + m, "image_id": n, "category_id": labels.index(label), "segmentation": polygons}
        for n, parts in enumerate(pictures.values())
        for m, (label, polygons) in enumerate(parts)
    ]
    categories = [{"id": n, "name": label} for n, label in enumerate(labels)]
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
    return path


def write_photos(folder: Path, *names: str, size: tuple[int, int] = (48, 24)) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (90, 120, 150)).save(folder / name)
    return folder


def write_numbers(folder: Path, **pictures: list[list[int]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, numbers in pictures.items():
        write_png(folder / f"{name}.png", np.array(numbers, dtype=np.uint8))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_coco(tmp_path / "labels.json", dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), PARTS))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg")


def build(labels: Path, dest: Path, **more: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=more.pop("palette", CARS), **more)


def test_the_drawing_is_painted_as_in_the_golden_mask(tmp_path: Path) -> None:
    build(write_coco(tmp_path / "labels.json", {"a.jpg": PARTS}), tmp_path / "masks")
    built = (tmp_path / "masks" / "a.png").read_bytes()
    if "P2P_WRITE_GOLDEN" in os.environ:
        GOLDEN.write_bytes(built)
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tobytes() == read_mask(GOLDEN, CARS).tobytes()


def test_a_mask_folder_has_a_png_for_each_picture_the_palette_and_a_line_each(labels: Path, tmp_path: Path) -> None:
    summary = build(labels, tmp_path / "masks")
    assert names(tmp_path / "masks") == ["a.png", "b.png", "c.png", "masks.jsonl", "palette.toml"]
    line = read_lines(tmp_path / "masks" / "masks.jsonl")[0]
    assert (line["name"], line["size"], line["source"]) == ("a", [48, 24], "labels.json: a.jpg")
    assert sum(line["areas"].values()) == 48 * 24
    assert line["labels"]["front_glass"] == "windows"
    assert (summary.format, summary.built, summary.kept, summary.skipped) == ("coco", 3, 0, ())
    assert summary.areas == {name: 3 * count for name, count in line["areas"].items()}
    with Image.open(tmp_path / "masks" / "a.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image.convert("RGB")) == colorize(np.asarray(image), CARS)).all()


def test_a_wheel_is_painted_over_its_car_whatever_the_order(tmp_path: Path) -> None:
    write_coco(tmp_path / "labels.json", {"a.jpg": PARTS, "b.jpg": PARTS[::-1]})
    build(tmp_path / "labels.json", tmp_path / "masks")
    a, b = (read_mask(tmp_path / "masks" / f"{name}.png", CARS) for name in "ab")
    assert (a == b).all()
    assert a[16, 10] == CARS.index("tyres")
    assert a[16, 20] == CARS.index("body")


def test_masks_are_named_after_their_photos_below_the_folder(tmp_path: Path) -> None:
    files = {"100% Tür (1).jpg": "sub/100% Tür (1).png", "sub dir/b.jpg": "sub dir/b.JPG", "../../c.jpg": "c.jpg"}
    write_coco(tmp_path / "labels.json", dict.fromkeys(files, PARTS))
    photos = write_photos(tmp_path / "photos", *files.values())
    build(tmp_path / "labels.json", tmp_path / "masks", photos=photos)
    assert set(names(tmp_path / "masks")) >= {"sub/100% Tür (1).png", "sub dir/b.png", "c.png"}
    assert build(tmp_path / "labels.json", tmp_path / "masks", photos=photos).kept == 3


@pytest.mark.parametrize("name", ["../../evil.jpg", "/evil.jpg", "a/../../../evil.jpg", "..\\evil.jpg"])
def test_a_file_name_never_leads_out_of_the_destination(tmp_path: Path, name: str, refused: "Refused") -> None:
    dest = tmp_path / "one" / "two" / "masks"
    write_coco(tmp_path / "labels.json", {name: PARTS, "good.jpg": PARTS})
    with refused("pictures-failed", dest):
        build(tmp_path / "labels.json", dest)
    summary = build(tmp_path / "labels.json", dest, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [(name, "path-leads-out")]
    assert not list(tmp_path.rglob("*evil*"))


def test_bad_pictures_keep_the_destination_from_being_made_and_the_good_ones_wait(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (photos / "b.jpg").unlink()
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", photos=photos)
    assert [(part.where, part.code) for part in error.value.parts] == [("b.jpg", "no-photo")]
    assert not (tmp_path / "masks").exists()
    assert {"a.png", "c.png"} < set(names(tmp_path / "masks.partial"))
    write_photos(photos, "b.jpg")
    assert build(labels, tmp_path / "masks", photos=photos).built == 3
    assert not (tmp_path / "masks.partial").exists()


def test_keep_going_builds_the_good_ones_and_lists_the_others(labels: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "b.jpg").unlink()
    write_photos(photos, "d.jpg", "e.jpg")
    summary = build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert (summary.built, summary.photos_without_labels) == (2, 2)
    assert [line["where"] for line in read_lines(tmp_path / "masks" / "skipped.jsonl")] == ["b.jpg"]


def test_keep_going_with_nothing_good_makes_no_destination(labels: Path, tmp_path: Path, refused: "Refused") -> None:
    photos = write_photos(tmp_path / "photos", "z.jpg")
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert len(error.value.parts) == 3
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize(
    ("photo", "code", "about"),
    [
        (lambda path: Image.new("RGB", (24, 48)).save(path), "mask-size", "of 48x24, the photo is 24x48"),
        (lambda path: path.write_text("<html>"), "not-a-picture", "b.jpg"),
        (lambda path: path.write_bytes(b""), "empty-file", "b.jpg"),
    ],
)
def test_a_photo_of_another_size_or_none_at_all_is_skipped_with_its_reason(
    labels: Path, photos: Path, tmp_path: Path, photo: Any, code: str, about: str
) -> None:
    photo(photos / "b.jpg")
    (skip,) = build(labels, tmp_path / "masks", photos=photos, keep_going=True).skipped
    assert (skip.where, skip.code) == ("b.jpg", code)
    assert about in skip.what


def test_a_photo_turned_by_its_exif_has_the_size_it_is_seen_in(labels: Path, photos: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (24, 48)).save(photos / "b.jpg", exif=exif)
    assert build(labels, tmp_path / "masks", photos=photos).built == 3


def test_a_picture_without_outlines_is_skipped_and_one_without_size_needs_its_photo(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": PARTS, "b.jpg": [], "c.jpg": [("hood", [])]}, size=(0, 0))
    summary = build(path, tmp_path / "masks", photos=photos, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [("b.jpg", "no-outline"), ("c.jpg", "no-outline")]
    with refused("pictures-failed", tmp_path / "sizeless") as error:
        build(path, tmp_path / "sizeless")
    assert ("a.jpg", "no-size") in [(part.where, part.code) for part in error.value.parts]


def test_two_photos_with_one_name_are_an_error_naming_both(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    write_photos(photos, "b.png")
    with refused("same-name", photos) as error:
        build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert "b.jpg and b.png" in error.value.what


def test_two_labels_for_one_photo_are_both_skipped(photos: Path, tmp_path: Path) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": PARTS, "x/a.jpg": PARTS, "b.jpg": PARTS})
    summary = build(path, tmp_path / "masks", photos=photos, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [
        ("a.jpg", "several-labels"),
        ("x/a.jpg", "several-labels"),
    ]
    assert summary.built == 1


def test_unclaimed_labels_are_all_named_before_any_work(tmp_path: Path, refused: "Refused") -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": [*PARTS, ("dog", [LIGHT]), ("cat", [LIGHT, BODY])]})
    with refused("unclaimed-label", path) as error:
        build(path, tmp_path / "masks")
    assert "cat (1 region in 1 picture), dog " in error.value.what
    assert "--map cat=CLASS --map dog=CLASS" in error.value.to_do
    assert names(tmp_path) == ["labels.json"]
    summary = build(path, tmp_path / "masks", mapping={"dog": "ignore", "c*": "unpainted"})
    assert summary.areas["ignore"] > 0


def test_class_numbers_go_through_the_ids_and_the_unclaimed_are_counted_over_all_pictures(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = write_numbers(tmp_path / "labels", a=[[0, 8, 8]], b=[[0, 0, 8]], c=[[0, 0, 0]])
    with refused("unclaimed-label", labels) as error:
        build(labels, tmp_path / "masks")
    assert error.value.what.endswith("8 (3 pixels in 2 pictures)")
    assert "--map 8=body" in error.value.to_do
    assert not (tmp_path / "masks").exists()
    summary = build(labels, tmp_path / "masks", mapping={"8": "body"})
    assert (summary.format, summary.built) == ("index", 3)
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tolist() == [[0, 1, 1]]
    assert summary.unseen == ("tyres", "lights", "windows")


def test_ignored_numbers_are_255_and_unpainted_ones_background(tmp_path: Path) -> None:
    labels = write_numbers(tmp_path / "labels", a=[[0, 1, 11, 12]])
    build(labels, tmp_path / "masks", mapping={"11": "ignore", "12": "unpainted"})
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tolist() == [[0, 1, 255, 0]]


def test_number_pictures_may_lie_beside_their_photos_and_other_pictures_are_not_passed_over_in_silence(
    tmp_path: Path,
    notes: "Notes",
) -> None:
    both = write_numbers(tmp_path / "both", a=[[0, 1], [2, 3]])
    write_photos(both, "a.jpg", size=(2, 2))
    assert build(both, tmp_path / "masks", photos=both, report=notes, format="index").built == 1
    assert not notes.lines
    build(both, tmp_path / "masks", report=notes)
    assert [line for line in notes.lines if "a.jpg: is no label" in line]


def test_number_pictures_that_cannot_be_read_or_have_another_size_are_skipped(tmp_path: Path) -> None:
    labels = write_numbers(tmp_path / "labels", a=[[0, 1]], b=[[0, 1]], c=[[0, 1]], d=[[0, 1]])
    photos = write_photos(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", "d.jpg", size=(2, 1))
    (labels / "b.png").write_bytes((labels / "b.png").read_bytes()[:-14])
    write_numbers(labels, c=[[0], [1]])
    write_png(labels / "d.png", np.array([[[0, 1, 2], [3, 4, 5]]], dtype=np.uint8))
    summary = build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    skips = {Path(skip.where).name: skip for skip in summary.skipped}
    assert {name: skip.code for name, skip in skips.items()} == {
        "b.png": "damaged-file",
        "c.png": "mask-size",
        "d.png": "colours-not-classes",
    }
    assert "of 1x2, the photo is 2x1" in skips["c.png"].what


def test_the_same_call_again_changes_nothing(labels: Path, tmp_path: Path) -> None:
    first = build(labels, tmp_path / "masks")
    before = {name: (tmp_path / "masks" / name).read_bytes() for name in names(tmp_path / "masks")}
    again = build(labels, tmp_path / "masks")
    assert (again.built, again.kept, again.areas) == (0, 3, first.areas)
    assert before == {name: (tmp_path / "masks" / name).read_bytes() for name in names(tmp_path / "masks")}


def test_new_pictures_join_those_that_are_there(labels: Path, tmp_path: Path) -> None:
    build(labels, tmp_path / "masks")
    summary = build(write_coco(tmp_path / "more.json", {"a.jpg": PARTS, "d.jpg": PARTS}), tmp_path / "masks")
    assert [skip.where for skip in summary.skipped] == []
    assert (summary.built, summary.kept) == (1, 1)
    assert list(read_mask_lines(tmp_path / "masks")) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("change", ["labels", "map"])
def test_changed_labels_are_an_error_that_says_which_mask_to_delete(
    labels: Path, tmp_path: Path, change: str, refused: "Refused"
) -> None:
    build(labels, tmp_path / "masks")
    more: dict[str, Any] = {}
    if change == "labels":
        write_coco(labels, {"a.jpg": PARTS, "b.jpg": PARTS[1:], "c.jpg": PARTS})
    else:
        write_coco(labels, {"a.jpg": PARTS, "b.jpg": PARTS, "c.jpg": PARTS})
        more["mapping"] = {"hood": "unpainted"}
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", **more)
    changed = {part.where: part for part in error.value.parts}
    assert set(changed) == ({"b.jpg"} if change == "labels" else {"a.jpg", "b.jpg", "c.jpg"})
    assert changed["b.jpg"].code == "source-changed"
    assert str(tmp_path / "masks" / "b.png") in changed["b.jpg"].what
    assert "Delete that mask" in changed["b.jpg"].to_do
    for name in names(tmp_path / "masks"):
        if name.endswith(".png"):
            (tmp_path / "masks" / name).unlink()
    assert build(labels, tmp_path / "masks", **more).built == 3


def test_a_photo_that_has_another_size_now_makes_its_mask_a_changed_one(
    photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": PARTS}, size=(0, 0))
    build(path, tmp_path / "masks", photos=photos)
    write_photos(photos, "a.jpg", size=(96, 48))
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(path, tmp_path / "masks", photos=photos)
    assert [(part.where, part.code) for part in error.value.parts] == [("a.jpg", "source-changed")]


def test_a_mask_folder_of_another_palette_and_a_folder_of_something_else_are_refused(
    labels: Path, tmp_path: Path, refused: "Refused"
) -> None:
    build(labels, tmp_path / "masks")
    facades = load_palette("facades")
    with refused("other-palette", tmp_path / "masks", usage=True) as error:
        build(labels, tmp_path / "masks", palette=facades, mapping={"*": "facade"})
    assert "cars" in error.value.what
    write_photos(tmp_path / "mine", "holiday.jpg")
    with refused("destination-taken", tmp_path / "mine", usage=True):
        build(labels, tmp_path / "mine")
    assert names(tmp_path / "mine") == ["holiday.jpg"]


def test_a_destination_among_the_photos_or_the_number_pictures_is_refused(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("destination-inside-source", photos / "masks", usage=True) as error:
        build(labels, photos / "masks", photos=photos)
    assert str(photos) in error.value.what
    numbers = write_numbers(tmp_path / "numbers", a=[[0, 1]])
    with refused("destination-inside-source", numbers / "masks", usage=True):
        build(numbers, numbers / "masks")
    assert build(labels, tmp_path / "masks", photos=photos).built == 3


def test_globs_that_disagree_on_a_number_are_an_error_and_no_skip(tmp_path: Path, refused: "Refused") -> None:
    numbers = write_numbers(tmp_path / "numbers", a=[[0, 12]])
    with refused("label-claimed-twice", usage=True) as error:
        build(numbers, tmp_path / "masks", mapping={"1*": "body", "*2": "tyres"}, keep_going=True)
    assert "'12'" in error.value.what


def test_a_picture_that_the_records_do_not_know_is_not_overwritten(
    labels: Path, tmp_path: Path, refused: "Refused"
) -> None:
    build(labels, tmp_path / "masks")
    (tmp_path / "masks" / "d.png").write_text("mine")
    write_coco(labels, dict.fromkeys(("a.jpg", "b.jpg", "c.jpg", "d.jpg"), PARTS))
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks")
    (part,) = error.value.parts
    assert (part.where, part.code) == ("d.jpg", "file-in-the-way")
    assert str(tmp_path / "masks" / "d.png") in part.what
    assert (tmp_path / "masks" / "d.png").read_text() == "mine"


def test_interrupted_work_is_continued_by_the_same_call(
    labels: Path, tmp_path: Path, stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(labels, tmp_path / "masks", report=stop_after(2))
    assert not (tmp_path / "masks").exists()
    waiting = tmp_path / "masks.partial" / "a.png"
    stamp = waiting.stat().st_mtime_ns
    assert build(labels, tmp_path / "masks").built == 3
    assert (tmp_path / "masks" / "a.png").stat().st_mtime_ns == stamp
    build(labels, tmp_path / "at_once")
    for name in names(tmp_path / "at_once"):
        assert (tmp_path / "masks" / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()


def test_labels_changed_or_removed_after_an_interruption_leave_nothing_old(
    labels: Path, tmp_path: Path, stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(labels, tmp_path / "masks", report=stop_after(2))
    write_coco(labels, {"b.jpg": PARTS[1:], "c.jpg": PARTS})
    build(labels, tmp_path / "masks")
    assert names(tmp_path / "masks") == ["b.png", "c.png", "masks.jsonl", "palette.toml"]
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
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    really_open = Path.open

    def full_from_b_on(self: Path, mode: str = "r", *more: Any) -> Any:
        if mode == "xb" and self.name.startswith(".b.png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(self, mode, *more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full_from_b_on)
        with refused("cannot-write", tmp_path / "masks.partial" / "b.png") as error:
            build(labels, tmp_path / "masks", keep_going=True)
        assert "No space left on device" in error.value.what
    kept = [name for name in names(tmp_path / "masks.partial") if not name.startswith(".")]
    assert "a.png" in kept
    assert "b.png" not in kept
    assert build(labels, tmp_path / "masks").built == 3


def test_what_the_mapping_says_of_no_label_is_noted(labels: Path, tmp_path: Path, notes: "Notes") -> None:
    build(labels, tmp_path / "masks", mapping={"weel": "tyres"}, report=notes)
    assert [line for line in notes.lines if "--map weel=tyres: no label" in line]


def test_an_empty_folder_of_labels_is_an_error(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "labels").mkdir()
    with refused("unknown-labels", tmp_path / "labels"):
        build(tmp_path / "labels", tmp_path / "masks")


@pytest.mark.real_data
def test_all_real_car_parts_are_claimed_by_the_built_in_palette_alone(real_data: Path, tmp_path: Path) -> None:
    for part, count in (("trainingset", 160), ("testset", 50)):
        folder = real_data / "car-parts" / part
        summary = build(folder, tmp_path / part, photos=folder)
        assert (summary.built, summary.skipped, summary.unseen) == (count, (), ())
        words = {
            label: word for line in read_mask_lines(tmp_path / part).values() for label, word in line.labels.items()
        }
        assert words.pop("wheel") == "tyres"
        assert {words.pop(f"{end}_glass") for end in ("front", "back")} == {"windows"}
        sides = [f"{end}_{side}_light" for end in ("front", "back") for side in ("left", "right")]
        assert {words.pop(light) for light in sides} == {"lights"}
        assert set(words.values()) == {"body"}
        assert len(words) == 11


@pytest.mark.real_data
def test_what_was_recognised_and_what_has_no_area_is_said(labels: Path, tmp_path: Path, notes: "Notes") -> None:
    value = json.loads(labels.read_text())
    value["annotations"] += [{"id": 9000 + n, "image_id": 0, "category_id": 0, "segmentation": []} for n in range(2)]
    labels.write_text(json.dumps(value))
    assert build(labels, tmp_path / "masks", report=notes).built == 3
    assert f"{labels}: recognised as coco." in notes.lines
    assert "Without area, so that nothing is painted: 2 of the kind 'annotation without outline'." in notes.lines


def test_the_order_of_annotation_is_another_mask_and_is_never_mixed_with_the_other(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = write_coco(tmp_path / "labels.json", {"a.jpg": PARTS})
    build(labels, tmp_path / "masks")
    build(labels, tmp_path / "other", how=PaintOptions("annotation"))
    ours, theirs = (read_mask(tmp_path / name / "a.png", CARS) for name in ("masks", "other"))
    assert (ours == CARS.index("tyres")).any()
    assert (theirs[14:17, 8:12] == CARS.index("body")).any()  # the hood is drawn last
    assert build(labels, tmp_path / "other", how=PaintOptions("annotation")).kept == 1
    with refused("pictures-failed", tmp_path / "other") as error:
        build(labels, tmp_path / "other")
    assert [(part.where, part.code) for part in error.value.parts] == [("a.jpg", "source-changed")]
    numbers = write_numbers(tmp_path / "numbers", a=[[0, 1]])
    with refused("needless-option", "--order annotation", usage=True):
        build(numbers, tmp_path / "third", how=PaintOptions("annotation"))


def test_a_region_wholly_outside_its_picture_was_drawn_on_another(tmp_path: Path) -> None:
    far = [("wheel", [[100.0, 100, 110, 100, 110, 110]])]
    labels = write_coco(tmp_path / "labels.json", {"a.jpg": PARTS, "b.jpg": PARTS + far})
    summary = build(labels, tmp_path / "masks", keep_going=True)
    (skip,) = summary.skipped
    assert (skip.where, skip.code) == ("b.jpg", "region-outside")
    assert "region 5 (wheel) " in skip.what
    assert "48x24" in skip.what
    assert summary.built == 1


def test_two_label_files_for_one_picture_are_both_named(tmp_path: Path) -> None:
    file = {"imagePath": "a.jpg", "imageHeight": 6, "imageWidth": 8}
    shapes = [{"label": "wheel", "points": [[1, 1], [5, 1], [5, 4]]}]
    (tmp_path / "labels").mkdir()
    for name, image in (("a", "a.jpg"), ("a2", "a.jpg"), ("a3", "a.png"), ("b", "b.jpg")):
        (tmp_path / "labels" / f"{name}.json").write_text(json.dumps(file | {"shapes": shapes, "imagePath": image}))
    summary = build(tmp_path / "labels", tmp_path / "masks", keep_going=True)
    assert sorted(Path(skip.where).name for skip in summary.skipped) == ["a.json", "a2.json", "a3.json"]
    assert {skip.code for skip in summary.skipped} == {"several-labels"}
    assert all(skip.what.endswith("the picture a") for skip in summary.skipped)


def test_real_silhouettes_are_read_as_polygons_and_as_numbers_and_agree(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "car-silhouettes"
    numbers = build(folder / "masks", tmp_path / "numbers", photos=folder / "images", mapping={"8": "body"})
    polygons = build(folder, tmp_path / "polygons", photos=folder / "images", keep_going=True)
    assert (numbers.built, polygons.built, len(polygons.skipped)) == (40, 40, 91)
    for path in sorted((tmp_path / "numbers").glob("*.png"))[:8]:
        a, b = read_mask(path, CARS) > 0, read_mask(tmp_path / "polygons" / path.name, CARS) > 0
        assert (a & b).sum() / (a | b).sum() > 0.97, path.name


@pytest.mark.real_data
def test_real_street_scenes_are_built_by_their_ids(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "camvid"
    scenes = load_palette("scenes")
    build(folder / "masks", tmp_path / "void", palette=scenes, photos=folder / "images")
    summary = build(folder / "masks", tmp_path / "masks", palette=scenes, mapping={"11": "ignore"})
    assert summary.built == 10
    assert summary.areas["ignore"] == 111_441
    assert summary.areas["car"] == 298_226


def test_a_photo_and_a_label_whose_names_are_not_utf8_stop_no_other(tmp_path: Path, refused: "Refused") -> None:
    photos = write_photos(tmp_path / "photos", "a.jpg", size=(2, 2))
    labels = write_numbers(tmp_path / "labels", a=[[0, 1], [1, 0]])
    (photos / os.fsdecode(b"caf\xe9.jpg")).touch()
    (labels / os.fsdecode(b"caf\xe9.png")).touch()
    with refused("pictures-failed", tmp_path / "masks") as error:
        build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos)
    assert all("'caf\\udce9." in part.what for part in error.value.parts)
    str(error.value).encode()
    summary = build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, keep_going=True)
    assert summary.built == 1
    assert [(skip.where, skip.code) for skip in summary.skipped] == [
        (str(labels), "name-not-utf8"),
        (str(photos), "name-not-utf8"),
    ]


def test_links_out_of_a_folder_on_the_disk_are_followed_and_said(tmp_path: Path, notes: "Notes") -> None:
    photos = write_photos(tmp_path / "photos", "a.jpg", "b.jpg", size=(2, 2))
    labels = write_numbers(tmp_path / "labels", a=[[0, 1], [1, 0]], b=[[0, 1], [1, 0]])
    (labels / "a.png").rename(tmp_path / "elsewhere.png")
    (labels / "a.png").symlink_to(tmp_path / "elsewhere.png")
    assert build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, report=notes).built == 2
    (link,) = [note for note in notes.lines if "is a link" in note]
    assert link.endswith(f"elsewhere.png, outside {labels}; 1 files read are such links.")
