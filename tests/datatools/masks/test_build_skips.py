"""Pictures of which no mask can be built: each is named with its reason, and the good ones wait or are built."""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import color_of, load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, PaintOptions, SnapOptions, build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos
    from datatools.masks.conftest import NamesIn, Parts, WriteCoco, WriteIndexPictures

CARS = load_palette("cars")
SIZE = Size(48, 24)


def build(labels: Path, dest: Path, **more: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=more.pop("palette", CARS), **more)


@pytest.mark.parametrize("name", ["../../evil.jpg", "/evil.jpg", "a/../../../evil.jpg", "..\\evil.jpg"])
def test_a_file_name_never_leads_out_of_the_destination(
    tmp_path: Path, name: str, refused: "Refused", parts: "Parts", write_coco: "WriteCoco"
) -> None:
    dest = tmp_path / "one" / "two" / "masks"
    write_coco(tmp_path / "labels.json", {name: parts, "good.jpg": parts})
    with refused("pictures-failed", dest):
        build(tmp_path / "labels.json", dest)
    summary = build(tmp_path / "labels.json", dest, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [(name, "path-leads-out")]
    assert "--photos FOLDER" in summary.skipped[0].to_do
    assert not list(tmp_path.rglob("*evil*"))


def test_bad_pictures_keep_the_destination_from_being_made_and_the_good_ones_wait(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused", names_in: "NamesIn", write_photos: "WritePhotos"
) -> None:
    (photos / "b.jpg").unlink()
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", photos=photos)
    assert [(part.where, part.code) for part in error.value.parts] == [("b.jpg", "no-photo")]
    assert not (tmp_path / "masks").exists()
    assert {"a.png", "c.png"} < set(names_in(tmp_path / "masks.partial"))
    write_photos(photos, "b.jpg", size=SIZE)
    assert build(labels, tmp_path / "masks", photos=photos).built == 3
    assert not (tmp_path / "masks.partial").exists()


def test_keep_going_builds_the_good_ones_and_lists_the_others(
    labels: Path, photos: Path, tmp_path: Path, write_photos: "WritePhotos"
) -> None:
    (photos / "b.jpg").unlink()
    write_photos(photos, "d.jpg", "e.jpg", size=SIZE)
    summary = build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert (summary.built, summary.photos_without_labels) == (2, 2)
    assert [line["where"] for line in read_lines(tmp_path / "masks" / "skipped.jsonl")] == ["b.jpg"]


def test_keep_going_with_nothing_good_makes_no_destination(
    labels: Path, tmp_path: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    photos = write_photos(tmp_path / "photos", "z.jpg", size=SIZE)
    with refused("pictures-failed", tmp_path / "masks") as error:
        build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert len(error.value.parts) == 3
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize(
    ("photo", "code", "about"),
    [
        (lambda path: Image.new("RGB", (24, 48)).save(path), "mask-size", "of 48x24, but the photo is 24x48"),
        (lambda path: path.write_text("<html>"), "not-a-picture", "b.jpg"),
        (lambda path: path.write_bytes(b""), "empty-file", "b.jpg"),
    ],
)
def test_a_photo_of_another_size_and_a_file_that_is_not_a_photo_are_skipped_with_the_reason(
    labels: Path, photos: Path, tmp_path: Path, photo: Any, code: str, about: str
) -> None:
    photo(photos / "b.jpg")
    (skip,) = build(labels, tmp_path / "masks", photos=photos, keep_going=True).skipped
    assert (skip.where, skip.code) == ("b.jpg", code)
    assert about in skip.what


def test_a_picture_without_outlines_is_skipped_and_one_without_size_needs_its_photo(
    tmp_path: Path, photos: Path, refused: "Refused", parts: "Parts", write_coco: "WriteCoco"
) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": parts, "c.jpg": [("hood", [])]}, size=(0, 0))
    summary = build(path, tmp_path / "masks", photos=photos, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [("c.jpg", "no-outline")]
    photos.rename(tmp_path / "elsewhere")  # beside the labels they would be found
    with refused("pictures-failed", tmp_path / "sizeless") as error:
        build(path, tmp_path / "sizeless")
    assert ("a.jpg", "no-size") in [(part.where, part.code) for part in error.value.parts]


def test_two_photos_with_one_name_are_an_error_naming_both(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused", write_photos: "WritePhotos"
) -> None:
    write_photos(photos, "b.png", size=SIZE)
    with refused("same-name", photos) as error:
        build(labels, tmp_path / "masks", photos=photos, keep_going=True)
    assert "b.jpg and b.png" in error.value.what


def test_two_labels_for_one_photo_are_both_skipped(
    photos: Path, tmp_path: Path, parts: "Parts", write_coco: "WriteCoco"
) -> None:
    path = write_coco(tmp_path / "labels.json", {"a.jpg": parts, "x/a.jpg": parts, "b.jpg": parts})
    summary = build(path, tmp_path / "masks", photos=photos, keep_going=True)
    assert [(skip.where, skip.code) for skip in summary.skipped] == [
        ("a.jpg", "several-labels"),
        ("x/a.jpg", "several-labels"),
    ]
    assert summary.built == 1


def test_labels_that_are_all_there_as_two_kinds_of_files_are_one_line(
    tmp_path: Path, refused: "Refused", write_index_pictures: "WriteIndexPictures"
) -> None:
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 1]], b=[[0, 1]])
    for name in ("a", "b"):
        Image.open(labels / f"{name}.png").save(labels / f"{name}.tif")
    with refused("several-labels", f"{labels / 'a.png'} (and 3 more pictures)") as error:
        build(labels, tmp_path / "masks")
    assert "a.png and a.tif" in error.value.what
    assert error.value.to_do == "Leave the files of one kind, .png or .tif, and move the others elsewhere."
    (labels / "b.tif").unlink()  # which of many it is has to be said
    with refused("pictures-failed") as error:
        build(labels, tmp_path / "masks", mapping={"ids": "palette"})
    assert [Path(part.where).name for part in error.value.parts] == ["a.png", "a.tif"]


def test_number_pictures_that_cannot_be_read_or_have_another_size_are_skipped(
    tmp_path: Path, write_index_pictures: "WriteIndexPictures", write_photos: "WritePhotos"
) -> None:
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 1]], b=[[0, 1]], c=[[0, 1]], d=[[0, 1]])
    photos = write_photos(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", "d.jpg", size=Size(2, 1))
    (labels / "b.png").write_bytes((labels / "b.png").read_bytes()[:-14])
    write_index_pictures(labels, c=[[0], [1]])
    write_png(labels / "d.png", np.array([[[0, 1, 2], [3, 4, 5]]], dtype=np.uint8))
    summary = build(labels, tmp_path / "masks", photos=photos, keep_going=True, mapping={"ids": "palette"})
    skips = {Path(skip.where).name: skip for skip in summary.skipped}
    assert {name: skip.code for name, skip in skips.items()} == {
        "b.png": "damaged-file",
        "c.png": "mask-size",
        "d.png": "colours-not-classes",
    }
    assert "of 1x2, but the photo is 2x1" in skips["c.png"].what


def test_regions_that_lie_all_outside_their_picture_were_drawn_on_another(
    tmp_path: Path, parts: "Parts", write_coco: "WriteCoco"
) -> None:
    far = [("wheel", [[100.0, 100, 110, 100, 110, 110]])]
    labels = write_coco(tmp_path / "labels.json", {"a.jpg": parts, "b.jpg": far})
    summary = build(labels, tmp_path / "masks", keep_going=True)
    (skip,) = summary.skipped
    assert (skip.where, skip.code) == ("b.jpg", "region-outside")
    assert "annotation 100 (wheel) " in skip.what
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


def test_a_photo_and_a_label_whose_names_are_not_utf8_stop_no_other(
    tmp_path: Path, refused: "Refused", write_index_pictures: "WriteIndexPictures", write_photos: "WritePhotos"
) -> None:
    photos = write_photos(tmp_path / "photos", "a.jpg", size=Size(2, 2))
    ids = {"ids": "palette"}
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 1], [1, 0]])
    (photos / os.fsdecode(b"caf\xe9.jpg")).touch()
    (labels / os.fsdecode(b"caf\xe9.png")).touch()
    with refused("pictures-failed", tmp_path / "masks") as error:
        build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, mapping=ids)
    assert all("'caf\\udce9." in part.what for part in error.value.parts)
    str(error.value).encode()
    summary = build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, keep_going=True, mapping=ids)
    assert summary.built == 1
    assert [(skip.where, skip.code) for skip in summary.skipped] == [
        (str(labels), "name-not-utf8"),
        (str(photos), "name-not-utf8"),
    ]


def write_worn(folder: Path, count: int, spoiled: int) -> Path:
    """Colour-coded pictures that were JPEG; the first `spoiled` of them have a few pixels of a colour of no class."""
    folder.mkdir()
    for number in range(count):
        colors = np.zeros((120, 160, 3), np.uint8)
        colors[40:100, 20 : 100 + number] = (255, 0, 0)
        if number < spoiled:
            colors[4:16, 4:16] = (255, 105, 180)
        Image.fromarray(colors).save(folder / f"{number}.jpg", quality=80)
        with Image.open(folder / f"{number}.jpg") as image:
            image.save(folder / f"{number}.png")
        (folder / f"{number}.jpg").unlink()
    return folder


def test_undecidable_pixels_of_a_few_pictures_are_ignored_recorded_and_said(tmp_path: Path, notes: "Notes") -> None:
    summary = build(write_worn(tmp_path / "labels", 6, 2), tmp_path / "masks", report=notes)
    assert (summary.built, summary.skipped) == (6, ())
    (line,) = [line for line in notes.lines if "no class's colour explains" in line]
    assert "2 pictures have" in line
    assert "0.png at x=" in line
    lines = read_mask_lines(tmp_path / "masks")
    assert {name for name, each in lines.items() if each.undecided} == {"0", "1"}
    assert 80 <= lines["0"].areas["ignore"] < 300
    assert "ignore" not in lines["2"].areas
    decided = {decision.label: decision for decision in summary.decisions}
    assert (decided["undecided"].becomes, decided["undecided"].decided_by) == ("ignore", "no class near")


def test_where_most_pictures_have_them_a_class_is_missing(tmp_path: Path, refused: "Refused") -> None:
    labels = write_worn(tmp_path / "labels", 6, 6)
    with refused("palette-colour", labels):
        build(labels, tmp_path / "masks")
    assert not (tmp_path / "masks").exists()
    mapping = {"#ff69b4": "windows"}
    summary = build(labels, tmp_path / "masks", mapping=mapping, how=PaintOptions(snapping=SnapOptions(60)))
    assert summary.areas["windows"] > 6 * 80


PAINT = {"#ed1c24": "body", "#22b14c": "tyres", "#3f48cc": "lights"}  # a painting program's red, green and blue


def paint(folder: Path, name: str, *colors: str) -> None:
    """Black above, and a flat area of each colour below."""
    folder.mkdir(exist_ok=True)
    pixels = np.zeros((32, 48, 3), dtype=np.uint8)
    for number, color in enumerate(colors):
        pixels[16:, 12 * number : 12 * number + 12] = color_of(color)
    write_png(folder / name, pixels)


def test_colours_of_no_class_in_several_pictures_are_one_question_that_what_it_offers_answers(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels, (red, green, blue) = tmp_path / "labels", PAINT
    paint(labels, "a.png", red)
    paint(labels, "b.png", red, green)
    paint(labels, "c.png", green, red, blue)
    with refused("palette-colour", labels) as error:
        build_masks(labels, tmp_path / "masks", palette=CARS)
    assert not error.value.parts
    assert [f"{red} (576 pixels in 3 pictures)", f"{green} (384 pixels in 2 pictures)"] == re.findall(
        r"#\w+ \(\d+ pixels in [23] pictures\)", error.value.what
    )
    offered = dict(re.findall(r"--map '(#\w+)=(\w+)'", error.value.to_do))
    assert offered == PAINT
    summary = build_masks(labels, tmp_path / "masks", palette=CARS, mapping=offered)
    assert summary.areas["tyres"] == 2 * 16 * 12


def test_the_palette_that_is_offered_for_them_is_made_of_the_same_pages_in_the_same_format(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    for name in ("a", "b"):
        paint(labels, f"{name}.png", *PAINT)
        page = Image.open(labels / f"{name}.png")
        Image.new("RGB", page.size).save(labels / f"{name}.tif", save_all=True, append_images=[page])
        (labels / f"{name}.png").unlink()
    with refused("palette-colour", labels) as error:
        build(labels, tmp_path / "masks", format="colors", how=PaintOptions(read=ReadOptions(page=2)))
    assert f"'p2p data palette --format colors --page 2 {labels} PALETTE.toml'" in error.value.to_do


def test_a_colour_near_no_class_and_the_farther_of_two_near_one_are_proposed_no_class(
    tmp_path: Path, refused: "Refused"
) -> None:
    labels = tmp_path / "labels"
    for name in ("a.png", "b.png"):
        paint(labels, name, "#ed1c24", "#c80000", "#808040")
    (labels / "c.png").write_bytes((labels / "a.png").read_bytes()[:60])
    with refused("palette-colour", labels) as error:
        build_masks(labels, tmp_path / "masks", palette=CARS)
    assert [Path(part.where).name for part in error.value.parts] == ["c.png"]
    offered = dict(re.findall(r"--map '(#\w+)=(\w+)'", error.value.to_do))
    assert offered == {"#ed1c24": "body", "#c80000": "CLASS", "#808040": "CLASS"}


@pytest.mark.parametrize(("rows", "columns", "asked"), [(1, 20, ["#ed1c24"]), (4, 5, ["#ed1c24", "#de1a22"])])
def test_a_trace_of_a_painted_colour_is_asked_about_where_it_fills_an_area_and_is_no_soft_edge(
    rows: int, columns: int, asked: list[str], tmp_path: Path, refused: "Refused"
) -> None:
    pixels = np.full((64, 64, 3), color_of("#ed1c24"), np.uint8)
    pixels[:20] = 0
    pixels[20 : 20 + rows, 4 : 4 + columns] = color_of("#de1a22")  # less than a hundredth of the red
    for name in ("a.png", "b.png"):
        write_png(tmp_path / "labels" / name, pixels)
    with refused("palette-colour", tmp_path / "labels") as error:
        build_masks(tmp_path / "labels", tmp_path / "masks", palette=CARS)
    assert re.findall(r"#\w+", error.value.to_do) == asked


@pytest.mark.parametrize(
    ("source", "offered"),
    [("ed1c24", "#ed1c24"), ("237,28,36", "#ed1c24"), ("red", "#ff0000"), ("#ed1c2", "'#rrggbb'")],
)
def test_a_name_that_no_painted_mask_can_have_is_refused_before_any_is_read(
    tmp_path: Path, refused: "Refused", source: str, offered: str
) -> None:
    labels = tmp_path / "labels"
    paint(labels, "a.png", "#ed1c24")
    with refused("unknown-label", f"--map {source}=body") as error:
        build_masks(labels, tmp_path / "masks", palette=CARS, mapping={source: "body"})
    assert offered in error.value.to_do
    assert not (tmp_path / "masks.partial").exists()
    mapping = {"#ed1c24": "body", "#123456": "tyres", "b*": "lights", "7": "windows"}
    assert build_masks(labels, tmp_path / "masks", palette=CARS, mapping=mapping).built == 1
