"""What the outlines of a COCO annotation are made of, and what its own bbox says against them."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.labels.formats.whole_sets.coco import read_coco
from p2p_datatools.labels.values import LabelSet, Region, RegionLabels

if TYPE_CHECKING:
    from datatools.conftest import First

WIDTH, HEIGHT = 24, 16
BOX = [12, 4, 8, 3]  # x from 12 to 20, y from 4 to 7
OUTLINE = [12, 4, 20, 4, 20, 7, 12, 7]
PAIRS = [[12, 4], [20, 4], [20, 7], [12, 7]]


def read(*annotations: dict[str, Any], width: int = WIDTH, height: int = HEIGHT) -> LabelSet:
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": width, "height": height}],
        "categories": [{"id": 3, "name": "car"}],
        "annotations": [{"id": 10 + n, "image_id": 1, "category_id": 3} | each for n, each in enumerate(annotations)],
    }
    return read_coco(value, where="labels.json", source="labels.json")


def drawn() -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[4:7, 12:20] = True
    return mask


def runs(mask: NDArray[np.bool_], order: Any) -> dict[str, Any]:
    """The mask as a program writes it that goes along columns (F) or rows (C)."""
    flat = mask.flatten(order)
    ends = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]))
    return {"counts": np.diff(ends).tolist(), "size": list(mask.shape)}


NAMED = [{"x": x, "y": y} for x, y in PAIRS]
CONTOUR = [[pair] for pair in PAIRS]  # as OpenCV's findContours gives it


def the_region(found: LabelSet) -> Region:
    (item,) = found.items
    assert isinstance(item, RegionLabels)
    (region,) = item.regions
    return region


@pytest.mark.parametrize(
    "segmentation",
    [PAIRS, [PAIRS], NAMED, [NAMED], OUTLINE, [OUTLINE], [[str(each) for each in OUTLINE]], CONTOUR, [CONTOUR]],
)
def test_a_polygon_is_one_in_every_nesting_that_programs_write(segmentation: list[Any]) -> None:
    (outline,) = the_region(read({"segmentation": segmentation, "bbox": BOX})).polygons
    assert outline.outer.tolist() == PAIRS


def test_masks_in_runs_within_a_list_are_parts_as_polygons_are() -> None:
    region = the_region(read({"segmentation": [OUTLINE, runs(drawn(), "F")]}))
    assert len(region.polygons) == 1
    assert (region.runs[0].mask() == drawn()).all()


def test_points_of_single_pairs_are_still_no_outline() -> None:
    (skip,) = read({"segmentation": [[1, 1], [5, 5]]}).skipped
    assert skip.code == "bad-outline"


def test_the_lengths_of_runs_in_the_place_of_a_polygon_are_not_its_points() -> None:
    counts = [*runs(drawn(), "F")["counts"]]
    counts[-1:] = [counts[-1] - 3, 3]  # so that there are pairs, which would be points
    (skip,) = read({"segmentation": [counts]}).skipped
    assert skip.code == "bad-rle"
    assert '"size": [16, 24]' in skip.to_do
    # The same sum within the picture is an outline.
    assert not read({"segmentation": [[0, 0, 10, 0, 10, 8, 9, 8, 9, 8, 9, 8, 1, 0]]}, width=10, height=8).skipped


@pytest.mark.parametrize("bbox", [BOX, [12, 4, 20, 7]])
def test_runs_along_rows_are_read_so_where_the_bbox_tells_it_and_said(bbox: list[int]) -> None:
    found = read({"segmentation": runs(drawn(), "C"), "bbox": bbox}, {"segmentation": runs(drawn(), "F"), "bbox": bbox})
    (item,) = found.items
    assert isinstance(item, RegionLabels)
    assert [bool((region.runs[0].mask() == drawn()).all()) for region in item.regions] == [True, True]
    (note,) = found.notes
    assert note.startswith("labels.json: 1 annotation has its runs row by row, as the bbox tells")
    assert note.endswith("the first: a.jpg: annotation 10.")


def test_the_signature_says_in_which_order_runs_are_read(only: "First") -> None:
    along = {"segmentation": runs(drawn(), "C")}
    told, untold = only(read(along | {"bbox": BOX})), only(read(along))
    assert told.signature != untold.signature


def test_in_a_square_picture_runs_along_rows_may_as_well_have_a_bbox_that_is_exchanged() -> None:
    square = np.zeros((20, 20), dtype=bool)
    square[3:5, 10:18] = True
    found = read({"segmentation": runs(square, "C"), "bbox": [10, 3, 8, 2]}, width=20, height=20)
    assert (the_region(found).runs[0].mask() == square.T).all()
    assert "only with x and y exchanged" in found.notes[0]


@pytest.mark.parametrize("bbox", [BOX, [12, 4, 7, 2], [13, 5, 8, 3], [12, 4, 20, 7], [0, 0, 0, 0], None, [1, 2], "x"])
def test_runs_along_columns_are_taken_with_every_bbox_that_programs_write(bbox: Any, first: "First") -> None:
    found = read({"segmentation": runs(drawn(), "F"), "bbox": bbox})
    assert (first(found).regions[0].runs[0].mask() == drawn()).all()
    assert found.notes == ()


def test_an_outline_whose_x_and_y_are_those_of_its_bbox_exchanged_is_said() -> None:
    exchanged = [4, 12, 4, 20, 7, 20, 7, 12]
    found = read({"segmentation": [exchanged], "bbox": BOX}, {"segmentation": [OUTLINE], "bbox": BOX})
    assert found.notes == (
        "labels.json: 1 annotation contradicts its own bbox; the first: a.jpg: annotation 10 fits its bbox only with "
        "x and y exchanged. Look at these masks, and correct what is wrong.",
    )


def test_an_outline_elsewhere_than_its_bbox_is_said() -> None:
    (note,) = read(*[{"segmentation": [OUTLINE], "bbox": [1, 10, 4, 4]}] * 2).notes
    assert "2 annotations contradict their own bbox" in note
    assert "annotation 10 lies elsewhere than its bbox" in note


def moved(across: float, down: float, at: int = 0) -> dict[str, Any]:
    outline = [at + each + (across, down)[n % 2] for n, each in enumerate(OUTLINE)]
    return {"segmentation": [outline], "bbox": [BOX[0] + at, BOX[1] + at, *BOX[2:]]}


@pytest.mark.parametrize(
    ("across", "down", "told"),
    [(1, 1, "1 px further right and 1 px lower"), (-1, 0, "1 px further left"), (0, -2, "2 px higher")],
)
@pytest.mark.parametrize("number", [1, 3, 7])
def test_outlines_that_all_lie_beside_their_bboxes_are_said(across: int, down: int, told: str, number: int) -> None:
    (note,) = read(*(moved(across, down, at=n) for n in range(number))).notes
    assert f"its outlines lie {told} than their own bboxes" in note


def test_outlines_beside_boxes_of_whole_numbers_are_said_too() -> None:
    (note,) = read(*(moved(each, each, at=n) for n, each in enumerate((0.6, 0.9, 1.4, 1.1, 1.0)))).notes
    assert "its outlines lie 1 px further right and 1 px lower than their own bboxes" in note


@pytest.mark.parametrize(
    "around",
    [
        lambda x, y, w, h: [x - 0.5, y - 0.5, w, h],  # pixels' centres, as pycococreator's outlines
        lambda x, y, w, h: [x + 0.5, y + 0.5, w, h],
        lambda x, y, w, h: [x, y, w + 1, h + 1],  # the last pixel counted
        lambda x, y, w, h: [x - 0.94, y - 0.56, w + 1, h + 1],  # of the painted mask, as LabelMe's converter
        lambda x, y, w, h: [int(x + 0.7), int(y + 0.7), int(w - 0.3), int(h - 0.3)],  # cut to whole numbers
        lambda x, y, w, h: [x - 1, y - 1, w + 2, h + 2],  # a margin
        lambda x, y, w, h: [x, y, w + 4, h + 9],  # of the whole object, of which a part is seen
    ],
)
@pytest.mark.parametrize("number", [1, 6])
def test_boxes_as_exporters_round_them_contradict_nothing(around: Any, number: int) -> None:
    assert read(*[{"segmentation": [OUTLINE], "bbox": around(*BOX)}] * number).notes == ()


def test_one_outline_as_large_as_its_bbox_and_far_beside_it_is_said() -> None:
    right = {"segmentation": [OUTLINE], "bbox": BOX}
    (note,) = read(right, right, moved(-5, 0)).notes
    assert note.startswith("labels.json: 1 annotation contradicts its own bbox; the first: a.jpg: annotation 12 has")


@pytest.mark.parametrize("bbox", [[0.5, 0.25, 0.3, 0.2], [10, 2, 12, 8], [float("nan")] * 4, [10**400, 1, 2, 3]])
def test_a_bbox_that_does_not_contradict_its_outline_is_not_told(bbox: list[Any]) -> None:
    assert read({"segmentation": [OUTLINE], "bbox": bbox}).notes == ()
