"""The rectangles of CMP facades, and whether they are where the masks of the same photos have them."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.cmp import is_cmp, read_cmp
from p2p_datatools.masks.build import build_masks

if TYPE_CHECKING:
    from conftest import Refused

FACADES = load_palette("facades")


def thing(name: str, down: tuple[float, float], across: tuple[float, float]) -> str:
    corners = f"<x>\n{down[0]}</x><x>{down[1]}</x><y>{across[0]}</y><y>{across[1]}</y>"
    return f"<object><points>{corners}</points><label>2</label><labelname>\n{name}\n</labelname></object>"


def write(folder: Path, *things: str, size: tuple[int, int] = (4, 8)) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.xml").write_text("".join(things))
    Image.new("RGB", size).save(folder / "a.jpg")
    return folder


def test_x_runs_down_the_picture_and_y_across_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "base", thing("facade", (0, 0.5), (0.25, 1)), thing("window", (0.25, 0.5), (0.5, 1)))
    summary = build_masks(folder, tmp_path / "masks", palette=FACADES, photos=folder)
    assert summary.format == "cmp"
    mask = read_mask(tmp_path / "masks" / "a.png", FACADES)
    facade, window = FACADES.index("facade"), FACADES.index("window")
    assert mask[:4].tolist() == [[0, facade, facade, facade]] * 2 + [[0, facade, window, window]] * 2
    assert not mask[4:].any()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<object>", "damaged-xml"),
        ("<object><points><x>a</x></points></object>", "bad-number"),
        ("<object><points><x>1</x></points></object>", "bad-outline"),
        ("<!DOCTYPE a><object/>", "xml-doctype"),
    ],
)
def test_a_damaged_file_is_left_out_and_reported(tmp_path: Path, text: str, code: str) -> None:
    found = read_cmp(write(tmp_path, text))
    assert not found.items
    assert [(skip.where, skip.code) for skip in found.skipped] == [(str(tmp_path / "a.xml"), code)]


def test_a_folder_without_their_files_is_an_error(tmp_path: Path, refused: "Refused") -> None:
    with refused("no-labels", tmp_path):
        read_cmp(tmp_path)


def test_other_xml_is_not_labelme(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<annotations><image/></annotations>")
    assert not is_cmp(tmp_path)
    assert not is_cmp(tmp_path / "a.xml")


@pytest.mark.real_data
@pytest.mark.parametrize("count", [6, pytest.param(24, marks=pytest.mark.long)])
def test_rectangles_and_masks_of_real_facades_agree_but_for_rounding(
    real_data: Path, tmp_path: Path, count: int
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for photo in sorted((real_data / "cmp-facades" / "base").glob("*.jpg"))[:count]:
        for file in photo.parent.glob(f"{photo.stem}.*"):
            shutil.copy(file, base)
    exact = build_masks(base, tmp_path / "exact", palette=FACADES, photos=base)
    drawn = build_masks(base, tmp_path / "drawn", palette=FACADES, photos=base, format="cmp")
    assert (exact.format, exact.built, exact.skipped) == ("index", count, ())
    assert (drawn.format, drawn.built, drawn.skipped) == ("cmp", count, ())
    masks = [read_mask(path, FACADES) for path in sorted((tmp_path / "exact").glob("*.png"))]
    others = [read_mask(path, FACADES) for path in sorted((tmp_path / "drawn").glob("*.png"))]
    agreement = [float(np.mean(one == other)) for one, other in zip(masks, others, strict=True)]
    assert min(agreement) > 0.97
