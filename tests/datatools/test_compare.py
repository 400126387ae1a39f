"""How much two mask folders agree is told class by class, at outlines and away from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.compare import Comparison, compare, outlines
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import write_mask
from p2p_datatools.contract.palette import PALETTE_FILE, Palette, load_palette

CARS = load_palette("cars")
OTHER_ORDER = Palette("turned", (CARS.classes[0], *reversed(CARS.classes[1:])))


def square(left: int, top: int, side: int, value: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[top : top + side, left : left + side] = value
    return mask


def masks(folder: Path, palette: Palette = CARS, **pictures: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    (folder / PALETTE_FILE).write_text(palette.to_toml())
    for name, mask in pictures.items():
        write_mask(folder / f"{name}.png", mask, palette)
    return folder


def compared(tmp_path: Path, here: NDArray[np.uint8], there: NDArray[np.uint8], **more: Any) -> Comparison:
    return compare(masks(tmp_path / "here", a=here), masks(tmp_path / "there", a=there), **more)


def test_equal_masks_agree_wholly(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 8), square(5, 5, 8))
    assert (result.compared, result.differing, result.differing_inside, result.ok) == (1, 0, 0, True)
    iou = {each.name: each.iou for each in result.classes}
    assert iou == {"background": 1, "body": 1, "tyres": None, "lights": None, "windows": None, "ignore": None}


def test_iou_is_the_share_of_both_that_is_in_both(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 8), square(9, 5, 8))
    body = result.classes[1]
    assert (body.here, body.there) == (64, 64)
    assert body.iou == pytest.approx(32 / 96)
    assert result.differing == pytest.approx(64 / 600)


@pytest.mark.parametrize(("shift", "inside"), [(1, False), (2, False), (4, True)])
def test_a_shifted_outline_is_no_difference_away_from_outlines(tmp_path: Path, shift: int, inside: bool) -> None:
    result = compared(tmp_path, square(5, 5, 10), square(5 + shift, 5, 10))
    assert result.differing > 0
    assert bool(result.differing_inside) == inside


def test_a_class_taken_for_another_differs_away_from_outlines(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 10, 1), square(5, 5, 10, 2))
    assert result.differing_inside == pytest.approx(64 / (600 - 144 + 64))


def test_what_is_ignored_on_one_side_only_is_a_difference(tmp_path: Path) -> None:
    result = compared(tmp_path, square(5, 5, 10, 255), square(5, 5, 10, 1))
    assert result.differing == pytest.approx(100 / 600)
    assert (result.classes[-1].name, result.classes[-1].here, result.classes[-1].there) == ("ignore", 100, 0)


def test_pixels_beside_another_class_are_at_an_outline() -> None:
    near = outlines(square(5, 5, 4))
    assert near.sum() == 36 - 4
    assert not near[7, 7]
    assert not outlines(square(0, 0, 0)).any()


def test_classes_are_matched_by_name_whatever_their_order(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8, CARS.index("tyres")))
    there = masks(tmp_path / "there", OTHER_ORDER, a=square(5, 5, 8, OTHER_ORDER.index("tyres")))
    assert compare(here, there).differing == 0


def test_masks_of_other_classes_are_not_compared(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8))
    there = masks(tmp_path / "there", load_palette("scenes"), a=square(5, 5, 8))
    with pytest.raises(UsageError, match="Build both with one palette"):
        compare(here, there)


def test_names_on_one_side_and_other_sizes_are_found_and_the_rest_compared(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8), b=square(1, 1, 2), d=square(1, 1, 2))
    there = masks(tmp_path / "there", a=square(5, 5, 8), c=square(1, 1, 2), d=square(1, 1, 2)[:, :-1])
    result = compare(here, there)
    assert (result.compared, result.ok) == (1, False)
    assert [(each.code, Path(each.where).name) for each in result.findings] == [
        ("missing", "b.png"),
        ("missing", "c.png"),
        ("incomparable", "d.png"),
    ]
    assert "30x20 here and 29x20 there" in result.findings[-1].what


def test_the_most_different_picture_comes_first(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 10), b=square(5, 5, 10), c=square(5, 5, 10))
    there = masks(tmp_path / "there", a=square(5, 5, 10), b=square(15, 5, 10), c=square(6, 5, 10))
    assert [each.name for each in compare(here, there).pictures] == ["b", "c", "a"]


def test_there_has_to_be_something_to_compare(tmp_path: Path) -> None:
    here = masks(tmp_path / "here", a=square(5, 5, 8))
    with pytest.raises(P2PError, match="no mask of the same name"):
        compare(here, masks(tmp_path / "there", b=square(5, 5, 8)))
    with pytest.raises(P2PError, match="has no pictures"):
        compare(here, masks(tmp_path / "empty"))
    with pytest.raises(P2PError, match="no such folder"):
        compare(here, tmp_path / "gone")


def test_a_folder_without_palette_is_read_by_the_one_given(tmp_path: Path) -> None:
    here, there = masks(tmp_path / "here", a=square(5, 5, 8)), masks(tmp_path / "there", a=square(5, 5, 8))
    (there / PALETTE_FILE).unlink()
    with pytest.raises(UsageError, match="Say with --palette"):
        compare(here, there)
    assert compare(here, there, palette=CARS).differing == 0
