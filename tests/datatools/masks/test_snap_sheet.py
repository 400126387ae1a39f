"""The sheet of changed pixels, and facades whose labels were saved as JPEG."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask, read_photo, write_png
from p2p_datatools.masks.build import PaintOptions, SnapOptions, build_masks
from p2p_datatools.masks.snap_sheet import BLENDED, refuse_picture

if TYPE_CHECKING:
    from conftest import Refused

CARS, FACADES = load_palette("cars"), load_palette("facades")
# Photos that are both in facades-ab and in cmp-facades, where their masks are exact.
SAME = {"image_011": "cmp_b0003", "image_017": "cmp_b0019", "image_020": "cmp_b0017", "image_025": "cmp_b0008"}


def write_labels(folder: Path) -> Path:
    folder.mkdir()
    clean = np.zeros((60, 60, 3), dtype=np.uint8)
    clean[10:50, 10:50] = CARS.classes[1].color
    write_png(folder / "clean.png", clean)
    blended = clean.copy()
    blended[10:50, 10] = (128, 0, 0)
    write_png(folder / "blended.png", blended)
    return folder


def test_the_sheet_marks_what_was_near_to_no_colour(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels")
    picture = tmp_path / "where.png"
    summary = build_masks(
        labels, tmp_path / "masks", palette=CARS, how=PaintOptions(snapping=SnapOptions(picture=picture))
    )
    assert (summary.format, summary.snapped, summary.blended, summary.most_blended) == ("colors", 40, 40, "blended")
    assert (read_photo(picture) == BLENDED).all(axis=2).sum() > 40
    again = build_masks(labels, tmp_path / "masks", palette=CARS)
    assert (again.kept, again.snapped, again.blended) == (2, 40, 40)


def test_the_same_call_again_keeps_its_sheet_and_refuses_another_picture(tmp_path: Path, refused: "Refused") -> None:
    labels, where = write_labels(tmp_path / "labels"), tmp_path / "where.png"
    how = PaintOptions(snapping=SnapOptions(picture=where))
    build_masks(labels, tmp_path / "masks", palette=CARS, how=how)
    drawn = where.read_bytes()
    build_masks(labels, tmp_path / "masks", palette=CARS, how=how)
    assert where.read_bytes() == drawn
    where.write_bytes(b"of somebody else")
    with refused("destination-exists", where, usage=True):
        build_masks(labels, tmp_path / "masks", palette=CARS, how=how)
    assert where.read_bytes() == b"of somebody else"


def test_no_sheet_is_written_where_nothing_was_changed(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels")
    (labels / "blended.png").unlink()
    build_masks(
        labels, tmp_path / "masks", palette=CARS, how=PaintOptions(snapping=SnapOptions(picture=tmp_path / "where.png"))
    )
    assert not (tmp_path / "where.png").exists()


def test_a_picture_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "a.png").touch()
    with refused("destination-exists", tmp_path / "a.png", usage=True):
        refuse_picture(tmp_path / "a.png")
    with refused("wrong-file-name", tmp_path / "a.jpg", usage=True):
        refuse_picture(tmp_path / "a.jpg")


@pytest.mark.real_data
@pytest.mark.parametrize("count", [1, pytest.param(len(SAME), marks=pytest.mark.long)])
def test_real_label_halves_come_back_as_the_exact_masks_but_for_edges(
    real_data: Path, tmp_path: Path, count: int
) -> None:
    halves, same = tmp_path / "halves", dict(islice(SAME.items(), count))
    halves.mkdir()
    for pair in (real_data / "facades-ab" / f"{half}.jpg" for half in same):
        write_png(halves / f"{pair.stem}.png", np.ascontiguousarray(read_photo(pair)[:, 256:]))
    summary = build_masks(halves, tmp_path / "masks", palette=FACADES)
    assert (summary.format, summary.built, summary.skipped) == ("colors", count, ())
    all_pixels, inside = [], []
    for half, exact in same.items():
        mask = read_mask(tmp_path / "masks" / f"{half}.png", FACADES)
        ids = np.asarray(Image.open(real_data / "cmp-facades" / "base" / f"{exact}.png"))
        classes = np.array([FACADES.index_of_id(number) or 0 for number in range(13)], dtype=np.uint8)[ids]
        shares = [cv2.resize((classes == c).astype(np.float32), (256, 256), interpolation=3) for c in range(12)]
        truth = np.argmax(shares, axis=0).astype(np.uint8)
        flat = cv2.erode(truth, np.ones((3, 3))) == cv2.dilate(truth, np.ones((3, 3)))
        all_pixels.append(float((mask == truth).mean()))
        inside.append(float((mask == truth)[flat].mean()))
    # The nearest colour alone gives 0.81 and 0.95.
    assert np.mean(all_pixels) > 0.92
    assert np.mean(inside) > 0.98
