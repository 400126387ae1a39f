"""Lines of a box and points are told from outlines, which may look the same one by one."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.labels.formats.yolo import read_yolo
from p2p_datatools.labels.formats.yolo_lines import LineTally

if TYPE_CHECKING:
    from conftest import Refused

FACE = "0 0.5 0.5 0.3 0.4 0.45 0.42 0.55 0.42 0.5 0.5 0.46 0.58 0.54 0.58"  # eyes, nose and mouth
SEEN = "0 0.5 0.5 0.4 0.4 0.4 0.4 1 0.6 0.4 1 0.5 0.6 1 0 0 0"
PERSON = "1 0.5 0.5 0.4 0.4 0.35 0.32 0.66 0.4 0.5 0.68 0 0"
BOX_AND_OUTLINE = "0 0.5 0.5 0.4 0.4 0.3 0.3 0.7 0.3 0.7 0.7 0.3 0.7"
OTHER_OUTLINE = "0 0.5 0.4 0.2 0.2 0.4 0.3 0.6 0.3 0.5 0.5"
BOX = "0 0.5 0.5 0.2 0.2"
OUTLINE = "0 0.1 0.1 0.4 0.1 0.4 0.3 0.1 0.3"


def labels_of(folder: Path, *lines: str) -> Path:
    (folder / "classes.txt").write_text("face\nperson\n")
    for number, line in enumerate(lines):
        (folder / f"{number}.txt").write_text(f"{line}\n{BOX}\n")
    return folder


@pytest.mark.parametrize(
    "lines", [[FACE] * 3, [SEEN], [SEEN, SEEN], [PERSON], [PERSON] * 2, [BOX_AND_OUTLINE, OTHER_OUTLINE]]
)
def test_lines_of_a_box_and_points_are_no_outlines(lines: list[str], tmp_path: Path, refused: "Refused") -> None:
    with refused("keypoints", tmp_path):
        read_yolo(labels_of(tmp_path, *lines))


@pytest.mark.parametrize("lines", [[BOX], [OUTLINE], [FACE, OUTLINE], [FACE], [SEEN[:-6] + "0.9 0.9", OUTLINE], []])
def test_outlines_are_taken_also_where_single_lines_could_be_key_points(lines: list[str], tmp_path: Path) -> None:
    assert len(read_yolo(labels_of(tmp_path, *lines, OUTLINE)).items) == len(lines) + 1


def test_no_outline_without_a_dent_is_taken_for_a_box_and_points() -> None:
    random = np.random.default_rng(7)
    for sides in (5, 6, 7, 8, 12, 40):
        for _ in range(200):
            angles = np.sort(random.uniform(0, 2 * math.pi, sides))
            centre, radii = random.uniform(0.3, 0.7, 2), random.uniform(0.02, 0.29, 2)
            tally = LineTally()
            tally.add((centre + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)).ravel())
            assert (tally.lines, tally.close) == (1, 0)


def test_numbers_that_are_none_decide_nothing() -> None:
    tally = LineTally()
    tally.add(np.array([0.5, 0.5, math.inf, math.inf, 0.1, math.nan]))
    tally.add(np.array([0.5, 0.5, 0.1, 0.1]))
    assert tally == LineTally()
