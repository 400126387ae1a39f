"""What is exported comes back to the pixel, in every format; the same call again adds what is new or does nothing."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.checks.agreement import compare
from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.exports.build import MaskExportSummary, export_masks
from p2p_datatools.exports.table import EXPORT_FORMATS, FileOfAll, export_names
from p2p_datatools.masks.build import PaintOptions, build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused, StopAfter
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
FORMATS = export_names()
JOINED = [name for name, form in EXPORT_FORMATS.items() if isinstance(form, FileOfAll)]
# What the engine does with files differs by kind alone: one file of all, a file of each, and lists beside these.
KINDS = [
    name if name in ("coco", "labelme", "yolo") else pytest.param(name, marks=pytest.mark.long) for name in FORMATS
]


def photos_of(masks: Path, folder: Path, suffix: str = ".jpg") -> Path:
    """A photo for each mask, of its size."""
    for path in masks.rglob("*.png"):
        place = folder / f"{path.relative_to(masks).as_posix().removesuffix('.png')}{suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as mask:
            Image.new("RGB", mask.size, (90, 120, 150)).save(place)
    return folder


def back(summary: MaskExportSummary, dest: Path, palette: Palette, photos: Path | None = None) -> Path:
    """The masks that are built of an export, and nothing but it."""
    build_masks(summary.labels, dest, palette=palette, photos=photos, mapping=summary.mapping)
    return dest


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refuse_difference(masks: Path, again: Path) -> None:
    result = compare(again, masks)
    assert not result.findings
    assert result.compared == len(list(masks.rglob("*.png")))
    assert result.differing == 0


@pytest.mark.parametrize("some", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_masks_of_background_alone_come_back(name: str, some: bool, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "palette.toml").write_text(CARS.to_toml())
    for number in range(3):
        rows = np.zeros((20, 30), dtype=np.uint8)
        rows[4:9, 5:9] = 1 if some and number == 1 else 0
        write_mask(masks / f"{number}.png", rows, CARS)
    photos = photos_of(masks, tmp_path / "photos")
    summary = export_masks(masks, tmp_path / name, format=name, photos=photos)
    again = tmp_path / "again"
    how = PaintOptions(empty="auto" if some or name == "voc" else "background")
    build_masks(summary.labels, again, palette=CARS, photos=photos, mapping=summary.mapping, how=how)
    refuse_difference(masks, again)


@pytest.mark.parametrize("name", FORMATS)
def test_every_pixel_comes_back_through_our_own_readers(name: str, tmp_path: Path, hard_masks: Path) -> None:
    photos = photos_of(hard_masks, tmp_path / "photos")
    summary = export_masks(hard_masks, tmp_path / name, format=name, photos=photos)
    assert summary.made == len(list(hard_masks.rglob("*.png")))
    refuse_difference(hard_masks, back(summary, tmp_path / "again", CARS, photos))


def test_label_pictures_beside_the_photos_of_their_names_are_no_photos(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    rows = np.zeros((48, 64), dtype=np.uint8)
    rows[10:30, 10:40] = 1
    photos = write_photos(tmp_path / "photos", "a.png", "b.jpg", size=Size(64, 48))
    for place in (tmp_path / "masks" / "a.png", tmp_path / "masks" / "b.png", photos / "b.png"):
        write_mask(place, rows, CARS)
    (tmp_path / "masks" / "palette.toml").write_text(CARS.to_toml())
    export_masks(tmp_path / "masks", tmp_path / "coco", format="coco", photos=photos, report=notes)
    named = json.loads((tmp_path / "coco" / "annotations.json").read_text())["images"]
    assert [each["file_name"] for each in named] == ["a.png", "b.jpg"]
    assert any("1 label picture lies" in line for line in notes.lines)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "yolo"])
def test_formats_that_tell_sizes_need_no_photos(name: str, tmp_path: Path, hard_masks: Path) -> None:
    summary = export_masks(hard_masks, tmp_path / name, format=name)
    refuse_difference(hard_masks, back(summary, tmp_path / "again", CARS))


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_ignored_stays_ignored_also_where_a_class_has_its_name(name: str, tmp_path: Path) -> None:
    palette = Palette(
        "own", tuple(PaletteClass(each, (9 * n, 0, 0)) for n, each in enumerate(("void", "Ignore", "ü ß", "3")))
    )
    mask = np.array([[0, 1, 2, 3, IGNORE]], dtype=np.uint8)
    write_mask(tmp_path / "masks" / "a.png", mask, palette)
    (tmp_path / "masks" / "palette.toml").write_text(palette.to_toml())
    photos = photos_of(tmp_path / "masks", tmp_path / "photos")
    summary = export_masks(tmp_path / "masks", tmp_path / name, format=name)
    assert summary.ignored == 1
    again = back(summary, tmp_path / "again", palette, photos)
    assert (read_mask(again / "a.png", palette) == mask).all()


def test_ignored_pixels_beside_a_class_of_that_name_are_refused_for_they_would_become_it(
    tmp_path: Path, refused: "Refused"
) -> None:
    palette = Palette("own", (PaletteClass("background", (0, 0, 0)), PaletteClass("ignore", (9, 0, 0))))
    write_mask(tmp_path / "masks" / "a.png", np.array([[0, 1]], dtype=np.uint8), palette)
    (tmp_path / "masks" / "palette.toml").write_text(palette.to_toml())
    export_masks(tmp_path / "masks", tmp_path / "out", format="coco")
    write_mask(tmp_path / "masks" / "b.png", np.array([[0, IGNORE]], dtype=np.uint8), palette)
    with refused("pictures-failed", tmp_path / "out") as caught:
        export_masks(tmp_path / "masks", tmp_path / "out", format="coco")
    assert [part.code for part in caught.value.parts] == ["reserved-name"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_palette_without_a_background_is_written_whole(name: str, tmp_path: Path) -> None:
    palette = Palette("own", (PaletteClass("road", (9, 9, 9)), PaletteClass("car", (90, 0, 0))))
    mask = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=np.uint8)
    write_mask(tmp_path / "masks" / "a.png", mask, palette)
    (tmp_path / "masks" / "palette.toml").write_text(palette.to_toml())
    photos = photos_of(tmp_path / "masks", tmp_path / "photos")
    summary = export_masks(tmp_path / "masks", tmp_path / name, format=name)
    assert summary.shapes == 2
    assert (read_mask(back(summary, tmp_path / "again", palette, photos) / "a.png", palette) == mask).all()


@pytest.mark.parametrize("name", KINDS)
def test_the_same_call_again_changes_nothing_and_another_place_gets_the_same_bytes(
    name: str, tmp_path: Path, hard_masks: Path
) -> None:
    first = export_masks(hard_masks, tmp_path / "one", format=name)
    before = content(tmp_path / "one")
    again = export_masks(hard_masks, tmp_path / "one", format=name)
    assert (again.made, again.kept, again.shapes) == (0, first.made, first.shapes)
    assert content(tmp_path / "one") == before
    export_masks(hard_masks, tmp_path / "two", format=name)
    assert content(tmp_path / "two") == before
    assert not (tmp_path / "one.partial").exists()


@pytest.mark.parametrize("name", KINDS)
def test_new_masks_are_added_as_if_they_had_always_been_there(name: str, tmp_path: Path, hard_masks: Path) -> None:
    shutil.copytree(hard_masks, tmp_path / "few")
    shutil.rmtree(tmp_path / "few" / "hard")
    export_masks(tmp_path / "few", tmp_path / "out", format=name)
    shutil.copytree(hard_masks / "hard", tmp_path / "few" / "hard")
    assert export_masks(tmp_path / "few", tmp_path / "out", format=name).made == 4
    export_masks(hard_masks, tmp_path / "all", format=name)
    assert content(tmp_path / "out") == content(tmp_path / "all")


@pytest.mark.parametrize("name", KINDS)
def test_a_mask_that_has_changed_is_refused_and_nothing_is_overwritten(
    name: str, tmp_path: Path, hard_masks: Path, refused: "Refused"
) -> None:
    export_masks(hard_masks, tmp_path / "out", format=name)
    before = content(tmp_path / "out")
    write_mask(hard_masks / "point.png", np.full((3, 3), 2, dtype=np.uint8), CARS)
    with refused("source-changed" if name in JOINED else "pictures-failed", tmp_path / "out"):
        export_masks(hard_masks, tmp_path / "out", format=name)
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("name", JOINED)
def test_masks_are_not_added_to_a_file_that_was_edited_since(
    name: str, tmp_path: Path, hard_masks: Path, refused: "Refused"
) -> None:
    summary = export_masks(hard_masks, tmp_path / "out", format=name)
    summary.labels.write_text(summary.labels.read_text() + "\n")
    assert export_masks(hard_masks, tmp_path / "out", format=name).made == 0
    write_mask(hard_masks / "new.png", np.full((3, 3), 2, dtype=np.uint8), CARS)
    with refused("edited-since", summary.labels, usage=False):
        export_masks(hard_masks, tmp_path / "out", format=name)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_was_deleted_is_made_again(name: str, tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format=name)
    before = content(tmp_path / "out")
    form = EXPORT_FORMATS[name]
    file = form.file if isinstance(form, FileOfAll) else form.file("point")
    (tmp_path / "out" / file).unlink()
    assert export_masks(hard_masks, tmp_path / "out", format=name).made >= 1
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("name", KINDS)
def test_an_interrupted_export_is_finished_by_the_same_call(
    name: str, tmp_path: Path, hard_masks: Path, stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        export_masks(hard_masks, tmp_path / "out", format=name, report=stop_after(3))
    assert not (tmp_path / "out").exists()
    export_masks(hard_masks, tmp_path / "out", format=name)
    export_masks(hard_masks, tmp_path / "whole", format=name)
    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("coco", "annotations.json", '"file_name": "empty.png"'),
        ("labelme", "empty.json", '"shapes": [\n\n]'),
        ("cvat", "annotations.xml", 'name="empty.png"'),
        ("yolo", "labels/train/empty.txt", ""),
        ("voc", "ImageSets/Segmentation/default.txt", "empty"),
        ("labelstudio", "tasks.json", '"result": []'),
    ],
)
def test_a_mask_of_nothing_but_background_is_a_picture_without_regions(
    name: str, file: str, text: str, tmp_path: Path, hard_masks: Path
) -> None:
    write_mask(hard_masks / "empty.png", np.zeros((3, 3), dtype=np.uint8), CARS)
    shapes = export_masks(hard_masks, tmp_path / "out", format=name).shapes
    content_of_file = (tmp_path / "out" / file).read_text("utf-8")
    assert text in content_of_file
    assert name != "yolo" or content_of_file == ""
    (hard_masks / "empty.png").unlink()
    assert export_masks(hard_masks, tmp_path / "other", format=name).shapes == shapes


def test_it_is_told_when_the_way_back_needs_photos(tmp_path: Path, hard_masks: Path) -> None:
    def needed() -> set[str]:
        return {
            name
            for name in FORMATS
            if export_masks(hard_masks, tmp_path / f"{name}{len(list(tmp_path.iterdir()))}", format=name).needs_photos
        }

    assert needed() == {"yolo"}
    write_mask(hard_masks / "empty.png", np.zeros((3, 3), dtype=np.uint8), CARS)
    assert needed() == {"yolo", "labelstudio"}


def test_a_list_that_was_edited_stays_until_there_are_new_masks(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="yolo")
    settings = tmp_path / "out" / "data.yaml"
    settings.write_text(settings.read_text().replace("val: train.txt", "val: val.txt"))
    export_masks(hard_masks, tmp_path / "out", format="yolo")
    assert "val: val.txt" in settings.read_text()


@pytest.mark.parametrize("name", ["coco", "voc"])
def test_a_damaged_mask_ends_the_call_unless_it_may_go_on(
    name: str, tmp_path: Path, hard_masks: Path, refused: "Refused"
) -> None:
    (hard_masks / "ring.png").write_bytes((hard_masks / "ring.png").read_bytes()[:-20])
    with refused("pictures-failed", tmp_path / "out") as caught:
        export_masks(hard_masks, tmp_path / "out", format=name)
    assert [part.where for part in caught.value.parts] == [str(hard_masks / "ring.png")]
    assert not (tmp_path / "out").exists()
    summary = export_masks(hard_masks, tmp_path / "out", format=name, keep_going=True)
    assert [skip.where for skip in summary.skipped] == [str(hard_masks / "ring.png")]
    assert json.loads((tmp_path / "out" / "skipped.jsonl").read_text())["where"] == str(hard_masks / "ring.png")
    assert export_masks(hard_masks, tmp_path / "out", format=name, keep_going=True).made == 0


def test_a_name_that_cannot_be_printed_is_left_out_and_reported(tmp_path: Path, hard_masks: Path) -> None:
    shutil.copy(hard_masks / "point.png", hard_masks / "po\x01int.png")
    summary = export_masks(hard_masks, tmp_path / "out", format="cvat", keep_going=True)
    assert [skip.code for skip in summary.skipped] == ["unprintable-name"]
    again = back(summary, tmp_path / "again", CARS)
    assert len(list(again.rglob("*.png"))) == summary.made


def test_a_mask_that_only_the_record_knows_is_missing(tmp_path: Path, hard_masks: Path) -> None:
    build_masks(hard_masks, tmp_path / "built", palette=CARS, format="colors")
    (tmp_path / "built" / "ring.png").unlink()
    summary = export_masks(tmp_path / "built", tmp_path / "out", format="voc", keep_going=True)
    assert [skip.code for skip in summary.skipped] == ["missing-file"]


def test_photos_give_their_names_and_one_that_is_missing_or_of_another_size_is_an_error(
    tmp_path: Path, hard_masks: Path
) -> None:
    photos = photos_of(hard_masks, tmp_path / "photos", ".webp")
    (photos / "point.webp").unlink()
    Image.new("RGB", (99, 9)).save(photos / "line.webp")
    summary = export_masks(hard_masks, tmp_path / "out", format="coco", photos=photos, keep_going=True)
    assert {skip.where: skip.code for skip in summary.skipped} == {
        str(hard_masks / "point.png"): "no-photo",
        str(hard_masks / "line.png"): "mask-size",
    }
    value = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert {each["file_name"] for each in value["images"]} >= {"ring.webp", "walk/ü (1) 100%.webp"}


def test_without_photos_a_name_is_what_the_labels_of_the_masks_called_it(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": name, "width": 4, "height": 4} for n, name in enumerate(("a.JPG", "w/b.webp"))]
    square = {"category_id": 1, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}
    value = {
        "images": images,
        "categories": [{"id": 1, "name": "body"}],
        "annotations": [{"id": n, "image_id": n, **square} for n in range(2)],
    }
    (tmp_path / "labels.json").write_text(json.dumps(value))
    build_masks(tmp_path / "labels.json", tmp_path / "masks", palette=CARS)
    write_mask(tmp_path / "masks" / "c.png", np.ones((2, 2), dtype=np.uint8), CARS)
    export_masks(tmp_path / "masks", tmp_path / "out", format="coco")
    written = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert [each["file_name"] for each in written["images"]] == ["a.JPG", "c.png", "w/b.webp"]


def test_what_cannot_be_exported_is_refused_before_any_work(
    tmp_path: Path, hard_masks: Path, refused: "Refused"
) -> None:
    with refused("unknown-format", "--format tiff", usage=True):
        export_masks(hard_masks, tmp_path / "out", format="tiff")
    with refused("missing-folder", tmp_path / "gone"):
        export_masks(tmp_path / "gone", tmp_path / "out", format="coco")
    (tmp_path / "photos").mkdir()
    with refused("no-palette", tmp_path / "photos", usage=True):
        export_masks(tmp_path / "photos", tmp_path / "out", format="coco")
    with refused("destination-inside-source", hard_masks / "out", usage=True):
        export_masks(hard_masks, hard_masks / "out", format="coco")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with refused("destination-taken", tmp_path / "other", usage=True):
        export_masks(hard_masks, tmp_path / "other", format="coco")
    (tmp_path / "photos" / "palette.toml").write_text(CARS.to_toml())
    with refused("no-pictures", tmp_path / "photos"):
        export_masks(tmp_path / "photos", tmp_path / "out", format="coco")
    assert not (tmp_path / "out").exists()


def test_a_destination_of_another_format_or_palette_is_refused(
    tmp_path: Path, hard_masks: Path, refused: "Refused"
) -> None:
    export_masks(hard_masks, tmp_path / "out", format="coco")
    with refused("other-settings", tmp_path / "out", usage=True):
        export_masks(hard_masks, tmp_path / "out", format="labelme")
    renamed = CARS.to_toml().replace('"wheel', '"tyre')
    (hard_masks / "palette.toml").write_text(renamed.replace('name = "tyres"', 'name = "rims"'))
    with refused("other-settings", tmp_path / "out", usage=True):
        export_masks(hard_masks, tmp_path / "out", format="coco")


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.long)])
def test_a_mask_folder_of_real_photos_comes_back(tmp_path: Path, real_data: Path, every: int) -> None:
    masks, labels, photos = (tmp_path / name for name in ("masks", "labels", "photos"))
    for folder, kind in ((labels, "masks"), (photos, "images")):
        folder.mkdir()
        for file in sorted((real_data / "camvid" / kind).iterdir())[::every]:
            shutil.copy(file, folder)
    build_masks(labels, masks, palette=load_palette("scenes"), mapping={"11": "ignore"})
    for name in FORMATS:
        summary = export_masks(masks, tmp_path / name, format=name, photos=photos)
        again = back(summary, tmp_path / f"{name}-again", load_palette("scenes"), photos)
        refuse_difference(masks, again)
