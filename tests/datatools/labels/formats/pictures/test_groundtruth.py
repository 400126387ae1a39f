"""Manifests of AWS Ground Truth: a row a picture, and the PNG files that were downloaded with them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import ColorLabels

if TYPE_CHECKING:
    from conftest import Refused

COLORS = {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}, "1": {"class-name": "Car", "hex-color": "#2ca02c"}}


def row(photo: str, label: str, colors: Any = COLORS) -> str:
    about = {"internal-color-map": colors, "job-name": "seg"}
    return json.dumps({"source-ref": f"s3://b/in/{photo}", "seg-ref": f"s3://b/{label}", "seg-ref-metadata": about})


def write_label(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, np.zeros((2, 2, 3), dtype=np.uint8))


def test_a_row_finds_its_label_picture_by_the_end_of_its_address(tmp_path: Path) -> None:
    for job in ("one", "two"):
        write_label(tmp_path / job / "output" / "0_2020-01-01T00_00_00.png")
    lines = [row("a%20b.jpg", "x/two/output/0_2020-01-01T00:00:00.png"), row("c.jpg", "x/gone.png"), "{"]
    (tmp_path / "output.manifest").write_text("\n".join(lines))
    found = read_labels(tmp_path)
    (item,) = found.items
    assert isinstance(item, ColorLabels)
    assert (found.format, item.file_name, item.path.parts[-3]) == ("groundtruth", "a b.jpg", "two")
    assert item.names == {(255, 255, 255): "background", (0x2C, 0xA0, 0x2C): "Car"}
    assert [skip.code for skip in found.skipped] == ["missing-picture", "damaged-json"]


def test_a_manifest_without_its_pictures_says_where_they_belong(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "output.manifest").write_text(row("a.jpg", "x/0.png"))
    with refused("missing-picture", tmp_path / "output.manifest") as error:
        read_labels(tmp_path)
    assert "0.png" in error.value.what


def test_damaged_colours_skip_their_picture(tmp_path: Path) -> None:
    write_label(tmp_path / "0.png")
    (tmp_path / "output.manifest").write_text(row("a.jpg", "0.png", {"1": {"class-name": "a"}}))
    assert [skip.code for skip in read_labels(tmp_path).skipped] == ["damaged-labels"]


def test_a_manifest_of_another_program_beside_labels_is_none(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "site.manifest").write_text("CACHE MANIFEST\nindex.html\n")
    shape = {"label": "car", "points": [[0, 0], [3, 0], [3, 3]], "shape_type": "polygon"}
    (tmp_path / "a.json").write_text(json.dumps({"shapes": [shape], "imagePath": "a.png"}))
    found = read_labels(tmp_path)
    assert (found.format, len(found.items), found.skipped) == ("labelme", 1, ())
    with refused("damaged-json"):
        read_labels(tmp_path / "site.manifest")
