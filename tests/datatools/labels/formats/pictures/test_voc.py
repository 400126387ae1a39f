"""Pascal VOC's pictures of classes, as numbers or colours, by its own names or by those of a list beside them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.labels.formats.pictures.voc import VOC_CLASSES, color_table, is_voc, read_voc
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import ColorLabels, IndexLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

SCENES = load_palette("scenes")


def write(folder: Path, *numbers: int, colors: bool = False, table: list[tuple[int, int, int]] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    values = np.array([numbers], dtype=np.uint8)
    if colors:
        write_png(folder / "a.png", np.array(table or color_table(), dtype=np.uint8)[values])
    else:
        image = Image.fromarray(values)
        image.putpalette([part for color in table or color_table() for part in color])
        image.save(folder / "a.png")
    return folder


def test_the_colour_table_is_voc_s() -> None:
    table = color_table()
    assert (table[0], table[1], table[7], table[15], table[20]) == (
        (0, 0, 0),
        (128, 0, 0),
        (128, 128, 128),
        (192, 128, 128),
        (0, 64, 128),
    )
    assert table[255] == (224, 224, 192)
    assert (len(set(table)), len(VOC_CLASSES)) == (256, 21)


@pytest.mark.parametrize("colors", [False, True])
def test_numbers_and_colours_have_voc_s_names_and_the_border_is_ignored(tmp_path: Path, colors: bool) -> None:
    write(tmp_path / "voc" / "SegmentationClass", *[0, 7, 15, 255] * 3, colors=colors)
    summary = build_masks(tmp_path / "voc", tmp_path / "masks", palette=SCENES)
    assert summary.format == "voc"
    assert summary.areas == {**dict.fromkeys(SCENES.names, 0), "background": 3, "car": 3, "pedestrian": 3, "ignore": 3}


@pytest.mark.parametrize("colors", [False, True])
def test_the_border_is_ignored_beside_a_list_of_colours_that_leaves_it_out(tmp_path: Path, colors: bool) -> None:
    write(tmp_path / "voc" / "SegmentationClass", *[0, 1, 255] * 3, colors=colors)
    (tmp_path / "voc" / "labelmap.txt").write_text("background:0,0,0::\ncar:128,0,0::\n")
    areas = build_masks(tmp_path / "voc", tmp_path / "masks", palette=SCENES).areas
    assert (areas["background"], areas["car"], areas["ignore"]) == (3, 3, 3)


@pytest.mark.parametrize("listed", ["", "background:0,0,0::\ncar:128,0,0::\n"])
def test_white_beside_the_background_alone_is_asked_about_and_not_ignored(
    tmp_path: Path, listed: str, refused: "Refused"
) -> None:
    voc = tmp_path / "voc"
    write_png(write(voc / "SegmentationClass", 0) / "a.png", np.array([[0, 255, 255]], dtype=np.uint8))
    if listed:
        (voc / "labelmap.txt").write_text(listed)
    with refused("void-masks") as error:
        build_masks(voc, tmp_path / "masks", palette=SCENES)
    assert "--map 255=ignore" in error.value.to_do
    assert build_masks(voc, tmp_path / "masks", palette=SCENES, mapping={"255": "car"}).areas["car"] == 2


def test_the_arrays_of_labelme2voc_are_class_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "voc" / "SegmentationClass"
    folder.mkdir(parents=True)
    np.save(folder / "a.npy", np.array([[0, 1, 2]], dtype=np.int32))
    (tmp_path / "voc" / "class_names.txt").write_text("_background_\ncar\nroad")
    areas = build_masks(tmp_path / "voc", tmp_path / "masks", palette=SCENES).areas
    assert (areas["background"], areas["car"], areas["road"]) == (1, 1, 1)


def test_a_label_mapped_to_no_class_is_named_with_its_pixels(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "voc" / "SegmentationClass", 0, 8, 8)
    with refused("unclaimed-label", tmp_path / "voc") as error:
        build_masks(tmp_path / "voc", tmp_path / "masks", palette=SCENES)
    assert "cat (2 pixels in 1 picture)" in error.value.what
    assert "--map cat=CLASS" in error.value.to_do


def test_a_label_map_beside_the_folder_says_what_colours_are(tmp_path: Path) -> None:
    table = [(0, 0, 0), (10, 20, 30), (250, 50, 90)]
    for colors in (True, False):
        write(tmp_path / "voc" / "SegmentationClass", 0, 1, 2, colors=colors, table=table)
        lines = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:10,20,30::\ntree:250,50,90::\n"
        (tmp_path / "voc" / "labelmap.txt").write_text(lines)
        found = read_voc(tmp_path / "voc")
        assert isinstance(found.items[0], ColorLabels)
        names = dict(zip(table, ("background", "road", "tree"), strict=True))
        assert found.items[0].names == {**names, (224, 224, 192): "void"}
        assert build_masks(tmp_path / "voc", tmp_path / f"masks{colors}", palette=SCENES).areas["tree"] == 1


def test_a_list_of_class_names_counts_from_the_background(tmp_path: Path) -> None:
    write(tmp_path / "voc" / "SegmentationClass", 0, 1)
    (tmp_path / "voc" / "class_names.txt").write_text("_background_\nhouse\n")
    (item,) = read_voc(tmp_path / "voc").items
    assert isinstance(item, IndexLabels)
    assert item.names == {0: "_background_", 1: "house", 255: "void"}


def test_a_list_that_leaves_out_the_background_counts_from_1_and_that_is_told(tmp_path: Path) -> None:
    write(tmp_path / "voc" / "SegmentationClass", 0, 1)
    (tmp_path / "voc" / "labels.txt").write_text("house\ntree\n")
    labels = read_voc(tmp_path / "voc")
    (item,) = labels.items
    assert isinstance(item, IndexLabels)
    assert item.names == {0: "background", 1: "house", 2: "tree", 255: "void"}
    assert labels.notes == (
        "labels.txt: does not begin with the background, so its first name is taken for the number 1.",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("road", "bad-class-names"),
        ("road:1,2", "bad-class-names"),
        ("road:1,2,300::", "bad-class-names"),
        ("a:1,2,3::\nb:1,2,3::", "duplicate-class"),
        ("# nothing\n", "no-class-names"),
    ],
)
def test_a_damaged_label_map_is_one_line(tmp_path: Path, text: str, code: str, refused: "Refused") -> None:
    write(tmp_path / "voc" / "SegmentationClass", 0, 1)
    (tmp_path / "voc" / "labelmap.txt").write_text(text)
    with refused(code, tmp_path / "voc" / "labelmap.txt"):
        read_voc(tmp_path / "voc")


def test_another_colour_table_is_not_taken_for_voc_s_classes(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "voc" / "SegmentationClass", 0, 1, table=[(0, 0, 0), (1, 2, 3)])
    with refused("other-colour-table", tmp_path / "voc" / "SegmentationClass" / "a.png"):
        read_voc(tmp_path / "voc")


def test_a_folder_is_voc_by_its_name(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "VOC2012" / "SegmentationClass", 0)
    assert is_voc(tmp_path)
    assert is_voc(tmp_path / "VOC2012")
    assert is_voc(tmp_path / "VOC2012" / "SegmentationClass")
    assert not is_voc(tmp_path / "VOC2012" / "SegmentationClass" / "a.png")
    (tmp_path / "VOC2007" / "SegmentationClass").mkdir(parents=True)
    with refused("several-folders", tmp_path) as error:
        read_voc(tmp_path)
    assert all(str(tmp_path / name / "SegmentationClass") in error.value.what for name in ("VOC2007", "VOC2012"))
    with refused("no-pictures", tmp_path / "VOC2007" / "SegmentationClass"):
        read_voc(tmp_path / "VOC2007")


@pytest.mark.real_data
def test_real_voc_pictures_build(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "formats" / "labelme-voc" / "semantic_segmentation" / "data_dataset_voc"
    mapping = {"bottle": "background", "chair": "background", "sofa": "background"}
    summary = build_masks(folder, tmp_path / "masks", palette=SCENES, photos=folder / "JPEGImages", mapping=mapping)
    assert (summary.built, summary.skipped) == (3, ())
    assert summary.areas["car"] > 0 < summary.areas["ignore"]
    colored = real_data / "formats" / "2label" / "datasets" / "voc1.1"
    assert build_masks(colored, tmp_path / "other", palette=SCENES, mapping={"boat": "sign"}).areas["sign"] == 47646


def test_class_pictures_saved_as_jpeg_are_told_how_to_read_their_colours(tmp_path: Path, refused: "Refused") -> None:
    folder = tmp_path / "voc" / "SegmentationClass"
    folder.mkdir(parents=True)
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    pixels[:, 8:] = SCENES.classes[1].color
    Image.fromarray(pixels).save(folder / "a.jpg", quality=95)
    with refused("no-pictures", folder) as error:
        read_voc(tmp_path / "voc")
    assert "1 picture such as a.jpg" in error.value.what
    assert f"give {folder} with --format colors" in error.value.to_do
    areas = build_masks(folder, tmp_path / "masks", palette=SCENES, format="colors").areas
    assert areas[SCENES.names[1]] == 128


def test_the_pictures_of_single_objects_are_no_classes(tmp_path: Path, refused: "Refused") -> None:
    folder = tmp_path / "SegmentationObject"
    folder.mkdir()
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncar:128,0,0::\nwheel:0,128,0::\n")
    Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8)).save(folder / "a.png")
    with refused("no-labels", folder) as error:
        read_labels(folder)
    assert "SegmentationClass" in error.value.to_do
    assert len(read_labels(folder, "index").items) == 1
