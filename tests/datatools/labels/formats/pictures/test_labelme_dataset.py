"""LabelMe's json_to_dataset: each picture has numbers of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask, write_png
from p2p_datatools.labels.formats.pictures.labelme_dataset import is_labelme_dataset, read_labelme_dataset
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")


def write(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    write_png(folder / "label.png", np.array([[0, 1, 2]], dtype=np.uint8))
    for name in ("img.png", "label_viz.png"):
        Image.new("RGB", (3, 1), (90, 120, 150)).save(folder / name)
    (folder / "label_names.txt").write_text("\n".join(("_background_", *names)))


def test_a_number_means_what_its_own_picture_s_list_says(tmp_path: Path) -> None:
    write(tmp_path / "out" / "one_json", "wheel", "hood")
    write(tmp_path / "out" / "two_json", "hood", "window")
    for name in ("one", "two"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.new("RGB", (3, 1)).save(tmp_path / "photos" / f"{name}.png")
    summary = build_masks(tmp_path / "out", tmp_path / "masks", palette=CARS, photos=tmp_path / "photos")
    assert (summary.format, summary.built) == ("labelme-dataset", 2)
    masks = [read_mask(tmp_path / "masks" / f"{name}.png", CARS).tolist() for name in ("one", "two")]
    assert masks == [[[0, 2, 1]], [[0, 1, 4]]]


def test_the_photos_of_the_folders_themselves_are_paired_and_their_label_pictures_are_not(
    tmp_path: Path, notes: "Notes"
) -> None:
    folder = tmp_path / "out"
    write(folder / "one_json", "wheel", "hood")
    write(folder / "two_json", "hood", "window")
    build_masks(folder, tmp_path / "masks", palette=CARS, photos=folder)
    assert read_mask(tmp_path / "masks" / "two_json" / "img.png", CARS).tolist() == [[0, 1, 4]]
    assert pair(tmp_path / "masks", folder, tmp_path / "pairs", report=notes).built == 2
    assert any("4 label.png and label_viz.png beside img.png" in line for line in notes.lines)
    assert not any(finding.severity == "error" for finding in check(tmp_path / "masks", photos=folder).findings)
    (folder / "one_json" / "label_names.txt").unlink()  # then it is a folder like any other
    errors = [finding for finding in check(tmp_path / "masks", photos=folder).findings if finding.severity == "error"]
    assert [Path(finding.where).name for finding in errors] == ["label.png", "label_viz.png"]


def test_the_photo_and_the_overlay_are_no_labels_and_a_bad_list_stops_no_other(
    tmp_path: Path, refused: "Refused"
) -> None:
    write(tmp_path / "a_json", "wheel", "hood")
    write(tmp_path / "b_json", "wheel", "wheel")
    assert is_labelme_dataset(tmp_path)
    assert is_labelme_dataset(tmp_path / "a_json")
    found = read_labelme_dataset(tmp_path)
    assert [item.file_name for item in found.items] == ["a.png"]
    assert [skip.code for skip in found.skipped] == ["duplicate-class"]
    assert {path.name for path in found.beside} == {"label_viz.png"}
    assert "img.png" in found.notes[0]
    with refused("no-labels"):
        read_labelme_dataset(tmp_path / "none")
