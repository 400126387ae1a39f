"""The text files that YOLO trains on, and the list of their classes."""

from pathlib import Path

import numpy as np
import yaml

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_mask
from p2p_datatools.exports.build import export_masks

CARS = load_palette("cars")


def test_a_line_is_a_class_number_and_the_outline_in_shares(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="yolo")
    assert (tmp_path / "out" / "labels" / "train" / "other" / "point.txt").read_text() == "2 0 0 1 0 1 1 0 1\n"
    values = (tmp_path / "out" / "labels" / "train" / "point.txt").read_text().split()
    assert values == [
        "0",
        "0.333333",
        "0.333333",
        "0.666667",
        "0.333333",
        "0.666667",
        "0.666667",
        "0.333333",
        "0.666667",
    ]


def test_data_yaml_names_the_classes_without_background_and_what_is_ignored_where_it_occurs(
    tmp_path: Path, hard_masks: Path
) -> None:
    export_masks(hard_masks, tmp_path / "out", format="yolo")
    settings = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
    assert settings["names"] == {0: "body", 1: "tyres", 2: "lights", 3: "windows", 4: "ignore"}
    assert settings["train"] == settings["val"] == "train.txt"
    photos = (tmp_path / "out" / "train.txt").read_text("utf-8").splitlines()
    assert "./images/train/walk/ü (1) 100%.png" in photos
    assert len(photos) == len(list((tmp_path / "out" / "labels").rglob("*.txt")))
    write_mask(tmp_path / "masks2" / "a.png", np.ones((2, 2), dtype=np.uint8), CARS)
    (tmp_path / "masks2" / "palette.toml").write_text(CARS.to_toml())
    export_masks(tmp_path / "masks2", tmp_path / "out2", format="yolo")
    assert len(yaml.safe_load((tmp_path / "out2" / "data.yaml").read_text())["names"]) == 4


def test_shares_of_a_very_wide_picture_tell_its_pixels_apart(tmp_path: Path) -> None:
    mask = np.zeros((1, 60_000), dtype=np.uint8)
    mask[0, 12_345] = mask[0, 59_999] = 1
    write_mask(tmp_path / "masks" / "a.png", mask, CARS)
    (tmp_path / "masks" / "palette.toml").write_text(CARS.to_toml())
    export_masks(tmp_path / "masks", tmp_path / "out", format="yolo")
    lines = (tmp_path / "out" / "labels" / "train" / "a.txt").read_text().splitlines()
    for line, first in zip(lines, (12_345, 59_999), strict=True):
        across = [float(word) * 60_000 for word in line.split()[1::2]]
        assert max(abs(min(across) - first), abs(max(across) - first - 1)) < 0.01


def test_an_object_with_holes_stays_one_line(tmp_path: Path, hard_masks: Path) -> None:
    export_masks(hard_masks, tmp_path / "out", format="yolo")
    assert len((tmp_path / "out" / "labels" / "train" / "ring.txt").read_text().splitlines()) == 2
