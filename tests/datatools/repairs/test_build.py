"""A folder of worn masks becomes a mask folder: what was changed is said, the source stays, bad input is refused."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, read_mask, read_photo, write_mask, write_png
from p2p_datatools.repairs.build import RepairOptions, repair
from p2p_datatools.repairs.record import read_repairs

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS, SCENES = load_palette("cars"), load_palette("scenes")


def drawing() -> NDArray[np.uint8]:
    mask = np.zeros((96, 128), dtype=np.uint8)
    mask[30:76, 10:118], mask[36:48, 40:90] = 1, 4
    mask[50:53, 10:16], mask[50:53, 112:118] = 3, 3
    y, x = np.mgrid[:96, :128]
    for across in (32, 96):
        mask[(y - 74) ** 2 + (x - across) ** 2 < 100] = 2
    return mask


def soften(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(colorize(mask, CARS), (0, 0), 1.0), dtype=np.uint8)


@pytest.fixture
def worn(tmp_path: Path) -> Path:
    """A JPEG, soft edges, an RGBA picture, an exact one, one in colours as plain PNG with specks."""
    place = tmp_path / "worn"
    (place / "more").mkdir(parents=True)
    mask = drawing()
    Image.fromarray(colorize(mask, CARS)).save(place / "a.jpg", quality=75)
    write_png(place / "b.png", soften(mask))
    alpha = np.where(mask > 0, 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack([colorize(mask, CARS), alpha])).save(place / "c.png")
    write_mask(place / "more" / "d.png", mask, CARS)
    mask[60, 60] = 0
    write_png(place / "e.png", colorize(mask, CARS))
    return place


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_kind_of_worn_mask_becomes_an_exact_one_and_the_source_stays(worn: Path, tmp_path: Path) -> None:
    before = contents(worn)
    summary = repair(worn, tmp_path / "out", palette=CARS)
    assert contents(worn) == before
    assert (summary.repaired, summary.exact, summary.skipped, summary.undecided) == (5, 1, (), ())
    for name in ("a", "b", "c", "more/d", "e"):
        found = read_mask(tmp_path / "out" / f"{name}.png", CARS)
        assert (found == drawing()).mean() > 0.995, name
        assert set(np.unique(found)) == set(range(5)), name
    result = check(tmp_path / "out")
    assert result.checked == 5  # the pictures of changes are no masks
    assert result.ok


def test_what_was_changed_is_said_by_reason_and_class_and_drawn(worn: Path, tmp_path: Path) -> None:
    repair(worn, tmp_path / "out", palette=CARS)
    said = {name: json.loads((tmp_path / "out/changes" / f"{name}.json").read_text()) for name in ("a", "b", "e")}
    assert said["e"]["changed"] == {"pinhole": 1}
    assert said["e"]["areas"]["body"] == said["e"]["before"]["body"] + 1
    assert said["b"]["changed"]["blended"] > 300
    assert set(said["a"]["changed"]) >= {"inexact", "blended"}
    assert read_photo(tmp_path / "out/changes/e.png").shape[1] > 3 * 128
    assert not (tmp_path / "out/changes/more/d.png").exists()  # nothing was changed
    lines = read_mask_lines(tmp_path / "out")
    assert (lines["a"].source, lines["more/d"].source) == ("a.jpg", "more/d.png")
    assert sum(lines["e"].areas.values()) == 96 * 128


def test_masks_get_the_size_of_their_photos_by_nearest_and_other_shapes_are_refused(
    worn: Path, tmp_path: Path, refused: "Refused"
) -> None:
    photos = tmp_path / "photos"
    for name in ("a", "b", "c", "more/d", "e"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (256, 192)).save(photos / f"{name}.jpg")
    summary = repair(worn, tmp_path / "out", palette=CARS, how=RepairOptions(photos=photos))
    assert summary.scaled == 5
    assert (read_mask(tmp_path / "out/more/d.png", CARS) == drawing().repeat(2, axis=0).repeat(2, axis=1)).all()
    assert read_repairs(tmp_path / "out")["a"].scaled == "128x96"
    Image.new("RGB", (256, 256)).save(photos / "a.jpg")
    (photos / "b.jpg").unlink()
    with refused("pictures-failed") as error:
        repair(worn, tmp_path / "other", palette=CARS, how=RepairOptions(photos=photos))
    assert sorted(part.code for part in error.value.parts) == ["mask-size", "no-photo"]
    assert not (tmp_path / "other").exists()


def test_masks_called_after_their_photos_get_the_size_of_these(worn: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("a", "b", "c", "more/d", "e"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (256, 192)).save(photos / f"{name}.jpg")
        mask = next(worn.glob(f"{name}.*"))
        mask.rename(mask.with_stem(f"{mask.stem}_mask"))
    summary = repair(worn, tmp_path / "out", palette=CARS, how=RepairOptions(photos=photos))
    assert (summary.repaired, summary.scaled) == (5, 5)


def test_the_same_call_keeps_what_is_there_adds_what_is_new_and_refuses_what_has_changed(
    worn: Path, tmp_path: Path, refused: "Refused"
) -> None:
    repair(worn, tmp_path / "out", palette=CARS)
    before = contents(tmp_path / "out")
    again = repair(worn, tmp_path / "out", palette=CARS)
    assert (again.repaired, again.kept) == (0, 5)
    assert contents(tmp_path / "out") == before
    write_png(worn / "f.png", soften(drawing()))
    assert repair(worn, tmp_path / "out", palette=CARS).repaired == 1
    write_png(worn / "f.png", soften(drawing()[::-1].copy()))
    with refused("pictures-failed") as error:
        repair(worn, tmp_path / "out", palette=CARS)
    assert error.value.parts[0].code == "source-changed"


def test_broken_masks_are_all_reported_and_left_out_if_asked(worn: Path, tmp_path: Path, refused: "Refused") -> None:
    for name in ("x", "y", "z"):
        (worn / f"{name}.png").write_bytes((worn / "b.png").read_bytes()[:300])
    with refused("pictures-failed") as error:
        repair(worn, tmp_path / "out", palette=CARS)
    assert len(error.value.parts) == 3
    assert not (tmp_path / "out").exists()
    summary = repair(worn, tmp_path / "out", palette=CARS, keep_going=True)
    assert (summary.repaired, len(summary.skipped)) == (5, 3)
    assert (tmp_path / "out/skipped.jsonl").is_file()


def test_photos_numbers_and_masks_of_another_palette_are_refused_once_for_the_folder(
    tmp_path: Path, refused: "Refused"
) -> None:
    random = np.random.default_rng(0)
    coarse = [random.uniform(0, 255, (8, 8, 3)).astype(np.float32) for _ in range(3)]
    photos = [np.clip(cv2.resize(each, (128, 96), interpolation=cv2.INTER_CUBIC), 0, 255) for each in coarse]
    kinds: dict[str, list[NDArray[Any]]] = {
        "photo-not-mask": photos,
        "class-numbers": [drawing()] * 3,
        "other-palette": [drawing()] * 3,
    }
    for code, pictures in kinds.items():
        place = tmp_path / code
        place.mkdir()
        for number, picture in enumerate(pictures):
            pixels = colorize(picture, SCENES) if code == "other-palette" else picture
            Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(place / f"{number}.png")
        with refused(code, place):
            repair(place, tmp_path / "out", palette=CARS)
    assert not (tmp_path / "out").exists()


def test_what_no_class_explains_is_ignored_and_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "worn").mkdir()
    picture = soften(drawing())
    picture[8:14, 100:106] = (120, 60, 200)
    write_png(tmp_path / "worn/a.png", picture)
    summary = repair(tmp_path / "worn", tmp_path / "out", palette=CARS)
    (skip,) = summary.undecided
    assert skip.code == "undecided"
    ((x, y),) = read_repairs(tmp_path / "out")["a"].undecided
    assert f"x={x}, y={y}" in skip.what
    assert 100 <= x < 106
    assert 8 <= y < 14
    ignored = read_mask(tmp_path / "out/a.png", CARS) == 255
    assert ignored[9:13, 101:105].all()
    assert ignored.sum() <= 36


def test_places_that_cannot_be_are_refused(worn: Path, tmp_path: Path, refused: "Refused", notes: "Notes") -> None:
    (tmp_path / "empty").mkdir()
    with refused("no-pictures", tmp_path / "empty"):
        repair(tmp_path / "empty", tmp_path / "out", palette=CARS)
    with refused("missing-option", worn, usage=True):
        repair(worn, tmp_path / "out")
    with refused("destination-inside-source", worn / "out", usage=True):
        repair(worn, worn / "out", palette=CARS)
    with refused("source-inside-destination", tmp_path, usage=True):
        repair(worn, tmp_path, palette=CARS)
    shutil.copytree(worn, tmp_path / "taken")
    with refused("destination-taken", tmp_path / "taken", usage=True):
        repair(worn, tmp_path / "taken", palette=CARS)
    with refused("missing-folder", tmp_path / "none"):
        repair(tmp_path / "none", tmp_path / "out", palette=CARS)
    for number in (0, 65):
        with pytest.raises(UsageError, match="specks"):
            RepairOptions(specks=number)
    (worn / "changes").mkdir()
    shutil.copy(worn / "b.png", worn / "changes/g.png")
    summary = repair(worn, tmp_path / "out", palette=CARS, keep_going=True, report=notes)
    assert [skip.code for skip in summary.skipped] == ["reserved-name"]
