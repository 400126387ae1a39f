"""The Cityscapes tree: ids become names, photos are found, single objects are refused."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.pictures.cityscapes import (
    LABEL_IDS,
    TRAIN_IDS,
    is_cityscapes,
    read_cityscapes,
)
from p2p_datatools.labels.values import IndexLabels, RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

SCENES = load_palette("scenes")
STEM = "aachen_000000_000019"


def write(folder: Path, kind: str, *numbers: int, dtype: type = np.uint8) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{STEM}_gtFine_{kind}.png"
    Image.fromarray(np.array([numbers], dtype=dtype)).save(path)
    return path


def write_polygons(folder: Path, *objects: tuple[str, list[list[float]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{STEM}_gtFine_polygons.json"
    listed = [{"label": label, "polygon": points} for label, points in objects]
    path.write_text(json.dumps({"imgWidth": 8, "imgHeight": 4, "objects": listed}))
    return path


def test_the_ids_are_those_of_the_data_set() -> None:
    assert (LABEL_IDS[7], LABEL_IDS[26], LABEL_IDS[33], len(LABEL_IDS)) == ("road", "car", "bicycle", 34)
    assert (TRAIN_IDS[0], TRAIN_IDS[13], TRAIN_IDS[18], len(TRAIN_IDS)) == ("road", "car", "bicycle", 20)


def test_ids_are_mapped_by_name_not_by_the_palette_s_ids_and_masks_take_the_photo_s_name(tmp_path: Path) -> None:
    write(tmp_path / "gtFine" / "train" / "aachen", "labelIds", 7, 23, 26, 0)
    photos = tmp_path / "leftImg8bit" / "train" / "aachen"
    photos.mkdir(parents=True)
    Image.new("RGB", (4, 1)).save(photos / f"{STEM}_leftImg8bit.png")
    build_masks(tmp_path / "gtFine", tmp_path / "masks", palette=SCENES, photos=tmp_path / "leftImg8bit")
    mask = read_mask(tmp_path / "masks" / "train" / "aachen" / f"{STEM}_leftImg8bit.png", SCENES)
    assert [SCENES.names[index] for index in mask[0]] == ["road", "sky", "car", "background"]


def test_all_names_are_mapped_by_the_built_in_palette() -> None:
    assert all(SCENES.index_of_label(name) is not None for name in (*LABEL_IDS.values(), "license plate"))


def test_the_void_of_train_ids_is_ignored_unless_the_mapping_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path / "labels", "labelTrainIds", 0, 255)
    assert build_masks(tmp_path / "labels", tmp_path / "a", palette=SCENES).areas["ignore"] == 1
    mapped = build_masks(tmp_path / "labels", tmp_path / "b", palette=SCENES, mapping={"void": "sky"})
    assert mapped.areas["sky"] == 1


def test_label_ids_are_preferred_and_other_files_beside_them_are_reported(tmp_path: Path) -> None:
    for kind in ("labelIds", "labelTrainIds", "instanceIds", "color"):
        write(tmp_path, kind, 7)
    write_polygons(tmp_path, ("road", [[0, 0], [4, 0], [4, 4]]))
    found = read_cityscapes(tmp_path)
    assert [item.path.name for item in found.items if isinstance(item, IndexLabels)] == [f"{STEM}_gtFine_labelIds.png"]
    assert "color, instanceIds, labelTrainIds, polygons" in found.notes[0]
    assert len(found.beside) == 3


def test_polygons_have_names_and_groups_are_of_their_kind(tmp_path: Path) -> None:
    square = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]
    write_polygons(tmp_path, ("road", square), ("cargroup", square), ("polegroup", square))
    (item,) = read_cityscapes(tmp_path).items
    assert isinstance(item, RegionLabels)
    assert item.size == (8, 4)
    assert [region.label for region in item.regions] == ["road", "car", "polegroup"]


def test_a_size_that_no_picture_has_is_an_error_of_the_picture(tmp_path: Path) -> None:
    path = write_polygons(tmp_path)
    path.write_text('{"imgWidth": 4000000000, "imgHeight": 16, "objects": []}')
    assert [skip.code for skip in read_cityscapes(tmp_path).skipped] == ["bad-size"]


@pytest.mark.parametrize("text", ["{}", '{"imgWidth": 8, "imgHeight": 4, "objects": 5}', "[1", "[]"])
def test_a_damaged_polygon_file_is_left_out_and_reported(tmp_path: Path, text: str) -> None:
    path = write_polygons(tmp_path)
    path.write_text(text)
    found = read_cityscapes(tmp_path)
    assert not found.items
    code = "damaged-json" if text == "[1" else "damaged-labels"
    assert [(skip.where, skip.code) for skip in found.skipped] == [(str(path), code)]


def test_a_polygon_of_two_points_or_without_numbers_is_left_out(tmp_path: Path) -> None:
    for points in ([[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0], [float("nan"), 0.0]]):
        path = write_polygons(tmp_path, ("road", [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]), ("car", points))
        (item,) = read_cityscapes(tmp_path).items
        assert isinstance(item, RegionLabels)
        (fault,) = item.faults
        assert (fault.where, fault.label, fault.code) == (f"{path}: object 2", "car", "bad-outline")
        assert [each.label for each in item.regions] == ["road"]


def test_single_objects_alone_are_refused_with_what_to_give(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path, "instanceIds", 26001, dtype=np.uint16)
    assert is_cityscapes(tmp_path)
    with refused("no-labels", tmp_path) as error:
        read_cityscapes(tmp_path)
    assert "instanceIds" in error.value.what
    assert "*_labelIds.png" in error.value.to_do
    (tmp_path / "empty").mkdir()
    with refused("no-labels", tmp_path / "empty"):
        read_cityscapes(tmp_path / "empty")


@pytest.mark.real_data
def test_real_cityscapes_build_without_a_word_of_mapping(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "cityscapes"
    summary = build_masks(folder, tmp_path / "masks", palette=SCENES, photos=folder)
    assert (summary.format, summary.built, summary.skipped, summary.unseen) == ("cityscapes", 3, (), ())
    assert max(summary.areas, key=summary.areas.__getitem__) == "road"


def test_colours_alone_are_read_by_those_of_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    path = tmp_path / "labels" / f"{STEM}_gtFine_color.png"
    Image.fromarray(np.array([[(128, 64, 128), (0, 0, 142), (0, 0, 0)]], dtype=np.uint8)).save(path)
    areas = build_masks(tmp_path / "labels", tmp_path / "masks", palette=SCENES).areas
    assert (areas["road"], areas["car"], areas["background"]) == (1, 1, 1)


@pytest.mark.parametrize("kind", ["labelIds", "color"])
def test_the_classes_of_another_set_in_this_form_have_the_names_of_its_list(tmp_path: Path, kind: str) -> None:
    (tmp_path / "labels" / "gtFine").mkdir(parents=True)
    (tmp_path / "labels" / "label_colors.txt").write_text("0 0 0 background\n9 200 9 tree\n128 64 128 car\n")
    pixels = np.array([[0, 1, 2]], dtype=np.uint8)
    if kind == "color":
        pixels = np.array([(0, 0, 0), (9, 200, 9), (128, 64, 128)], dtype=np.uint8)[pixels]
    Image.fromarray(pixels).save(tmp_path / "labels" / "gtFine" / f"{STEM}_gtFine_{kind}.png")
    areas = build_masks(tmp_path / "labels", tmp_path / "masks", palette=SCENES).areas
    assert (areas["background"], areas["tree"], areas["car"]) == (1, 1, 1)


def test_a_list_of_its_train_ids_gives_label_ids_no_other_names(tmp_path: Path) -> None:
    write(tmp_path / "gtFine", "labelIds", 7, 13, 26)
    names = "\n".join(name for number, name in TRAIN_IDS.items() if number < 19)
    (tmp_path / "classes.txt").write_text(names)
    areas = build_masks(tmp_path / "gtFine", tmp_path / "masks", palette=SCENES).areas
    assert (areas["road"], areas["fence"], areas["car"]) == (1, 1, 1)


def test_the_files_of_acdc_and_dark_zurich_have_the_ids_of_cityscapes_and_photos_of_their_own(tmp_path: Path) -> None:
    labels, photos = tmp_path / "gt" / "fog" / "train", tmp_path / "rgb_anon" / "fog" / "train"
    photos.mkdir(parents=True)
    labels.mkdir(parents=True)
    Image.new("RGB", (3, 1)).save(photos / "GOPR0475_frame_000041_rgb_anon.png")
    for kind in ("labelIds", "labelTrainIds", "labelColor", "invIds"):
        Image.fromarray(np.array([[7, 23, 26]], dtype=np.uint8)).save(labels / f"GOPR0475_frame_000041_gt_{kind}.png")
    assert read_cityscapes(tmp_path / "gt").notes[0].endswith("of invIds, labelColor, labelTrainIds are left out.")
    build_masks(tmp_path / "gt", tmp_path / "masks", palette=SCENES, photos=tmp_path / "rgb_anon")
    mask = read_mask(tmp_path / "masks" / "fog" / "train" / "GOPR0475_frame_000041_rgb_anon.png", SCENES)
    assert [SCENES.names[index] for index in mask[0]] == ["road", "sky", "car"]


@pytest.mark.parametrize("kind", ["color", "inverse", "polygons", "instanceIds"])
def test_ground_truth_that_other_data_sets_call_gt_in_plain_words_is_not_taken_for_that_of_acdc(
    tmp_path: Path, kind: str
) -> None:
    Image.new("RGB", (3, 1)).save(tmp_path / f"scene_1_gt_{kind}.png")
    assert not is_cityscapes(tmp_path)
