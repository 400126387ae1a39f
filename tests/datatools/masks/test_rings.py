"""An outline within another of its own object is told, and a hole if that is said."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks import shapes
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Notes
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
OUTER, HOLE, ISLAND = [2, 2, 22, 2, 22, 14, 2, 14], [6, 4, 18, 4, 18, 12, 6, 12], [8, 6, 16, 6, 16, 10, 8, 10]


def build(folder: Path, *outlines: list[int], mapping: dict[str, str], notes: "Notes") -> int:
    """The pixels of the body."""
    images = [{"id": 1, "file_name": "a.jpg", "width": 24, "height": 16}]
    annotations = [{"id": 7, "image_id": 1, "category_id": 1, "segmentation": outlines}]
    value = {"images": images, "categories": [{"id": 1, "name": "car"}], "annotations": annotations}
    (folder / "a.json").write_text(json.dumps(value))
    dest = folder / f"masks{len(list(folder.iterdir()))}"
    found = build_masks(folder / "a.json", dest, palette=CARS, photos=folder / "photos", mapping=mapping, report=notes)
    return found.areas["body"]


def test_a_ring_within_its_own_outline_is_told_and_cut_out_if_that_is_said(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(24, 16))
    assert build(tmp_path, OUTER, HOLE, mapping={}, notes=notes) == 20 * 12
    assert any("annotation 7 (car)" in line and "--map rings=holes" in line for line in notes.lines)
    cut = {"rings": "holes"}
    assert build(tmp_path, OUTER, HOLE, mapping=cut, notes=notes) == 20 * 12 - 12 * 8
    assert build(tmp_path, ISLAND, OUTER, HOLE, mapping=cut, notes=notes) == 20 * 12 - 12 * 8 + 8 * 4


def test_outlines_that_overlap_or_are_drawn_twice_are_no_holes(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(24, 16))
    cut = {"rings": "holes"}
    assert build(tmp_path, OUTER, OUTER, mapping=cut, notes=notes) == 20 * 12
    assert build(tmp_path, HOLE, [0, 0, 10, 0, 10, 6, 0, 6], mapping={}, notes=notes) == 12 * 8 + 10 * 6 - 4 * 2
    assert not any("rings=holes" in line for line in notes.lines)


def test_parts_that_lie_apart_are_not_compared_with_one_another(
    tmp_path: Path, write_photos: "WritePhotos", notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "photos", "a.jpg", size=Size(24, 16))
    compared: list[object] = []
    monkeypatch.setattr(shapes, "_is_within", lambda *pair: compared.append(pair))
    parts = [[x, y, x + 1, y, x + 1, y + 1, x, y + 1] for x in range(0, 24, 2) for y in range(0, 16, 2)]
    assert build(tmp_path, *parts, OUTER, mapping={}, notes=notes) == 24 * 16 - 24 * 16 * 3 // 4 + 20 * 12 * 3 // 4
    assert len(compared) == 10 * 6
