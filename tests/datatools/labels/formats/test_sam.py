"""Segment Anything: masks in three kinds of files, of which none names a class."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.sam import is_grounded_sam, is_sa_1b, is_sam_folder, is_sam_list, read_sam_folder
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import RegionLabels
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

CARS = load_palette("cars")
HEADER = (
    "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,predicted_iou,stability_score,"
    "crop_box_x0,crop_box_y0,crop_box_w,crop_box_h"
)


def mask(counts: Any = "0400000", size: Any = (2, 3), **more: Any) -> dict[str, Any]:
    scores = {"area": 4, "bbox": [0, 0, 2, 2], "predicted_iou": 0.9, "stability_score": 0.95, "crop_box": [0, 0, 3, 2]}
    runs = counts if isinstance(counts, str) else list(counts)
    return {"id": 1, "segmentation": {"size": list(size), "counts": runs}, "point_coords": [[1, 1]]} | scores | more


def sa_1b(*masks: Any, **more: Any) -> dict[str, Any]:
    image = {"image_id": 1, "width": 3, "height": 2, "file_name": "sa_1.jpg"} | more
    return {"image": image, "annotations": list(masks)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the script of Segment Anything writes for one picture called car: two masks and their table."""
    place = tmp_path / "out" / "car"
    place.mkdir(parents=True)
    for number, column in enumerate((0, 2)):
        pixels = np.zeros((2, 3), dtype=np.uint8)
        pixels[:, column] = 255
        Image.fromarray(pixels).save(place / f"{number}.png")
    rows = [f"{number},2,0,0,1,2,0,0,0.9,0.9,0,0,3,2" for number in range(2)]
    (place / "metadata.csv").write_text("\n".join([HEADER, *rows]))
    return tmp_path / "out"


def test_the_masks_of_sa_1b_are_unnamed_and_that_is_reported(tmp_path: Path, first: "First") -> None:
    (tmp_path / "sa_1.json").write_text(json.dumps(sa_1b(mask([0, 4, 2]), mask([4, 2]))))
    labels = read_labels(tmp_path)
    item = first(labels)
    assert (labels.format, item.file_name, item.size) == ("sam", "sa_1.jpg", (3, 2))
    assert [region.label for region in item.regions] == ["unnamed", "unnamed"]
    assert item.regions[0].runs[0].mask().tolist() == [[True, True, False], [True, True, False]]
    assert labels.notes == (
        f"{tmp_path / 'sa_1.json'}: Segment Anything names no classes, so that its 2 masks are called 'unnamed'.",
    )


def test_a_list_of_masks_is_called_as_its_picture_and_has_the_classes_that_others_found(
    tmp_path: Path, first: "First"
) -> None:
    (tmp_path / "car.json").write_text(json.dumps([mask([0, 4, 2]), mask([4, 2], class_name="wheel")]))
    labels = read_labels(tmp_path / "car.json")
    item = first(labels)
    assert (labels.format, item.file_name, item.size) == ("sam", "car", (3, 2))
    assert [region.label for region in item.regions] == ["unnamed", "wheel"]


def test_the_results_of_grounded_sam_2_have_the_classes_that_were_asked_for(tmp_path: Path, first: "First") -> None:
    found = [
        {"class_name": "tire", "bbox": [0, 0, 2, 2], "segmentation": mask([0, 4, 2])["segmentation"], "score": [0.9]}
    ]
    size = {"box_format": "xyxy", "img_width": 3, "img_height": 2}
    results = {"image_path": "notebooks/images/truck.jpg", "annotations": found, **size}
    (tmp_path / "grounded_sam2_hf_model_demo_results.json").write_text(json.dumps(results))
    labels = read_labels(tmp_path)
    item = first(labels)
    assert (labels.format, item.file_name, item.size) == ("sam", "notebooks/images/truck.jpg", (3, 2))
    assert [(region.label, int(region.runs[0].mask().sum())) for region in item.regions] == [("tire", 4)]
    assert not is_grounded_sam({**results, "annotations": 5})


def test_a_folder_of_masks_is_read_by_its_table_from_above_and_by_itself(folder: Path, first: "First") -> None:
    for place in (folder, folder / "car"):
        assert is_sam_folder(place)
        labels = read_labels(place)
        assert (labels.format, first(labels).file_name) == ("sam-folder", "car")
        assert [region.runs[0].mask()[0].tolist() for region in first(labels).regions] == [
            [True, False, False],
            [False, False, True],
        ]
        assert labels.beside == (folder / "car" / "0.png", folder / "car" / "1.png")


def test_a_mask_that_the_table_does_not_list_is_not_left_out_and_a_matting_is_not_a_mask(
    folder: Path, first: "First"
) -> None:
    table = folder / "car" / "metadata.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:2]))
    Image.new("RGB", (3, 2)).save(folder / "car" / "0matting.png")
    assert len(first(read_labels(folder)).regions) == 2


def test_masks_without_class_are_refused_until_somebody_says_what_they_are(
    folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("unclaimed-label"):
        build_masks(folder, tmp_path / "masks", palette=CARS)
    build_masks(folder, tmp_path / "masks", palette=CARS, mapping={"unnamed": "body"})
    assert read_mask(tmp_path / "masks" / "car.png", CARS).tolist() == [[1, 0, 1], [1, 0, 1]]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (mask([0, 4, 9]), "bad-rle"),
        (mask([0, 4]), "bad-rle"),
        (mask("0P1"), "bad-rle"),
        (mask([0, 6, 2], (2, 4)), "mask-size"),
        (mask() | {"segmentation": [[0, 0, 2, 0, 2, 2]]}, "bad-rle"),
        (5, "damaged-labels"),
    ],
)
def test_damage_costs_the_mask_and_no_other(tmp_path: Path, broken: Any, code: str) -> None:
    (tmp_path / "sa_1.json").write_text(json.dumps(sa_1b(mask([0, 4, 2]), broken)))
    (item,) = read_labels(tmp_path).items
    assert isinstance(item, RegionLabels)
    (fault,) = item.faults
    assert (fault.where, fault.code, len(item.regions)) == (f"{tmp_path / 'sa_1.json'}: mask 2", code, 1)


def test_a_mask_in_a_folder_that_is_missing_or_of_another_size_is_left_out(folder: Path) -> None:
    car = folder / "car"
    Image.new("L", (9, 9), 255).save(car / "2.png")
    with (car / "metadata.csv").open("a") as table:
        table.write("\n7,1")
    (item,) = read_sam_folder(folder).items
    assert isinstance(item, RegionLabels)
    assert {fault.where: fault.code for fault in item.faults} == {
        str(car / "2.png"): "mask-size",
        str(car / "7.png"): "unreadable-file",
    }


@pytest.mark.parametrize(("line", "code"), [("../0,1", "bad-number"), ('1,"', "bad-csv")])
def test_a_damaged_table_of_masks_costs_its_picture(folder: Path, line: str, code: str) -> None:
    with (folder / "car" / "metadata.csv").open("a") as table:
        table.write(f"\n{line}")
    (skip,) = read_sam_folder(folder).skipped
    assert skip.code == code


def test_masks_of_two_sizes_without_a_majority_cost_their_picture(tmp_path: Path) -> None:
    both = sa_1b(mask([0, 4, 2]), mask([0, 6, 2], (2, 4)))
    del both["image"]["width"]
    (tmp_path / "sa_1.json").write_text(json.dumps(both))
    (skip,) = read_labels(tmp_path).skipped
    assert skip.code == "mask-size"


def test_a_folder_without_a_table_is_not_sam(folder: Path) -> None:
    (folder / "car" / "metadata.csv").write_text("id,name\n0,car\n")
    assert not is_sam_folder(folder)
    with pytest.raises(P2PError) as caught:
        read_sam_folder(folder)
    assert caught.value.code == "no-labels"


def test_the_files_are_known_by_what_only_sam_writes() -> None:
    assert is_sa_1b(sa_1b())
    assert is_sam_list([mask()])
    others: list[Any] = [{}, [], [1], {"image": {}, "annotations": []}, {"image": {"file_name": "a"}}, [{"area": 1}]]
    assert not any(is_sa_1b(each) or is_sam_list(each) for each in others)
