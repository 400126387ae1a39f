"""Frames of simulators, whose colours or numbers mean what the frame's own file says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.formats.pictures.rendered import is_rendered, read_rendered
from p2p_datatools.masks.build import MaskSummary, build_masks

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
RED, GREEN, BLACK, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 0, 255), (0, 0, 0, 0)
CAR = ["BACKGROUND", "car", "car", "wheel", "BACKGROUND"]
BUILT = [0, 1, 1, 2, 0]


def write(path: Path, row: list[Any], dtype: Any = np.uint8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels: NDArray[Any] = np.array([row] * 2, dtype=dtype)
    Image.fromarray(pixels).save(path)


def write_frame(folder: Path, number: int, colors: dict[str, Any], dtype: Any = np.uint8) -> None:
    """A frame of Replicator of a car, painted in `colors` by class."""
    write(folder / f"semantic_segmentation_{number:04}.png", [colors[name] for name in CAR], dtype)
    listed = {str(color): {"class": name} for name, color in colors.items()}
    (folder / f"semantic_segmentation_labels_{number:04}.json").write_text(json.dumps(listed))


def build(labels: Path, **options: Any) -> MaskSummary:
    return build_masks(labels, labels.parent / "masks", palette=CARS, **options)


def built(labels: Path, name: str) -> list[int]:
    row: list[int] = read_mask(labels.parent / "masks" / f"{name}.png", CARS)[0].tolist()
    return row


@pytest.mark.parametrize("ground", [CLEAR, BLACK])
def test_a_colour_means_what_the_list_of_its_own_frame_says(
    tmp_path: Path, write_photos: "WritePhotos", ground: tuple[int, ...]
) -> None:
    labels = tmp_path / "out"
    write_frame(labels, 0, {"BACKGROUND": ground, "car": RED, "wheel": GREEN})
    write_frame(labels, 1, {"BACKGROUND": ground, "car": GREEN, "wheel": RED})
    write_photos(labels, "rgb_0000.png", "rgb_0001.png", "normals_0000.png", size=Size(5, 2))
    summary = build(labels)
    assert (summary.format, summary.built, summary.photos) == ("rendered", 2, labels)
    assert [built(labels, f"rgb_000{number}") for number in (0, 1)] == [BUILT, BUILT]


def test_numbers_are_those_of_their_frame_too(tmp_path: Path) -> None:
    labels = tmp_path / "semantic_segmentation"
    write_frame(labels, 0, {"BACKGROUND": 0, "car": 2, "wheel": 3})
    write_frame(labels, 1, {"BACKGROUND": 0, "car": 300, "wheel": 2}, np.uint16)
    build(labels)
    assert [built(labels, f"rgb_000{number}") for number in (0, 1)] == [BUILT, BUILT]


def test_a_frame_of_unity_names_the_colours_of_its_picture(tmp_path: Path, write_photos: "WritePhotos") -> None:
    labels = tmp_path / "solo"
    colors = {"BACKGROUND": BLACK, "car": GREEN, "wheel": RED}
    write(labels / "sequence.0" / "step0.camera.semantic segmentation.png", [colors[name] for name in CAR])
    write_photos(labels, "sequence.0/step0.camera.png", size=Size(5, 2))
    segmentation = {
        "@type": "type.unity.com/unity.solo.SemanticSegmentationAnnotation",
        "filename": "step0.camera.semantic segmentation.png",
        "instances": [{"labelName": name, "pixelValue": colors[name]} for name in ("car", "wheel")],
    }
    boxes = {"@type": "type.unity.com/unity.solo.BoundingBox2DAnnotation", "values": []}
    capture = {"filename": "step0.camera.png", "annotations": [boxes, segmentation]}
    (labels / "sequence.0" / "step0.frame_data.json").write_text(json.dumps({"frame": 0, "captures": [capture]}))
    build(labels)
    assert built(labels, "sequence.0/step0.camera") == BUILT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "damaged-json"),
        ("[]", "damaged-labels"),
        ('{"(255, 0, 999, 255)": {"class": "car"}}', "damaged-labels"),
        ('{"(255, 0, 0, 255)": {"class": ["car"]}}', "damaged-labels"),
    ],
)
def test_a_damaged_list_costs_its_frame_and_no_other(tmp_path: Path, text: str, code: str) -> None:
    write_frame(tmp_path, 0, {"BACKGROUND": CLEAR, "car": RED, "wheel": GREEN})
    (tmp_path / "semantic_segmentation_labels_0001.json").write_text(text)
    found = read_rendered(tmp_path)
    assert [item.file_name for item in found.items] == ["rgb_0000.png"]
    assert [skip.code for skip in found.skipped] == [code]


def test_a_frame_without_its_picture_and_a_folder_without_frames_are_said(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-labels", tmp_path):
        read_rendered(tmp_path)
    assert not is_rendered(tmp_path)
    (tmp_path / "semantic_segmentation_labels_0000.json").write_text('{"(1, 2, 3, 255)": {"class": "car"}}')
    assert [skip.code for skip in read_rendered(tmp_path).skipped] == ["missing-picture"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semantic_segmentation_labels.json", '{"images": [], "annotations": [], "categories": []}'),
        ("semantic_segmentation_labels_2.json", "[]"),
        ("a.frame_data.json", '{"shapes": [], "imagePath": "a.png"}'),
    ],
)
def test_labels_of_another_program_under_such_a_name_are_no_frames(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert not is_rendered(tmp_path)
    write_frame(tmp_path, 3, {"BACKGROUND": CLEAR, "car": RED, "wheel": GREEN})
    assert is_rendered(tmp_path)
